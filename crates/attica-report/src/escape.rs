//! Labels come from data and may hold anything; here they become harmless in each format.

/// `text` without control characters, marks that turn the direction of writing, and code points
/// that XML forbids; line breaks and tabs become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{061C}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFF}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// Cleaned and escaped for the text and the quoted attributes of XML, HTML and SVG.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Cleaned and escaped for the text of LaTeX, math mode excepted.
pub fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in clean(text).chars() {
        match c {
            '\\' => out.push_str(r"\textbackslash{}"),
            '{' => out.push_str(r"\{"),
            '}' => out.push_str(r"\}"),
            '#' => out.push_str(r"\#"),
            '$' => out.push_str(r"\$"),
            '%' => out.push_str(r"\%"),
            '&' => out.push_str(r"\&"),
            '_' => out.push_str(r"\_"),
            '^' => out.push_str(r"\textasciicircum{}"),
            '~' => out.push_str(r"\textasciitilde{}"),
            '<' => out.push_str(r"\textless{}"),
            '>' => out.push_str(r"\textgreater{}"),
            '|' => out.push_str(r"\textbar{}"),
            '"' => out.push_str(r"\textquotedbl{}"),
            '\'' => out.push_str(r"\textquotesingle{}"),
            '`' => out.push_str(r"\textasciigrave{}"),
            // In braces, a second hyphen makes no dash and a bracket no option.
            '-' if out.ends_with('-') => out.push_str("{-}"),
            '[' => out.push_str("{[}"),
            ']' => out.push_str("{]}"),
            '\u{2212}' => out.push_str(r"\ensuremath{-}"),
            '\u{202F}' => out.push_str(r"\,"),
            '\u{00A0}' => out.push('~'),
            '–' => out.push_str("--"),
            '—' => out.push_str("---"),
            '†' => out.push_str(r"\textdagger{}"),
            '‡' => out.push_str(r"\textdaggerdbl{}"),
            '≤' => out.push_str(r"\ensuremath{\le}"),
            '≥' => out.push_str(r"\ensuremath{\ge}"),
            '≠' => out.push_str(r"\ensuremath{\neq}"),
            '≈' => out.push_str(r"\ensuremath{\approx}"),
            '×' => out.push_str(r"\ensuremath{\times}"),
            '±' => out.push_str(r"\ensuremath{\pm}"),
            '÷' => out.push_str(r"\ensuremath{\div}"),
            '·' => out.push_str(r"\ensuremath{\cdot}"),
            '→' => out.push_str(r"\ensuremath{\to}"),
            '∞' => out.push_str(r"\ensuremath{\infty}"),
            '√' => out.push_str(r"\ensuremath{\surd}"),
            '∑' => out.push_str(r"\ensuremath{\sum}"),
            '′' => out.push_str(r"\ensuremath{^{\prime}}"),
            '²' => out.push_str(r"\ensuremath{^2}"),
            '³' => out.push_str(r"\ensuremath{^3}"),
            '¹' => out.push_str(r"\ensuremath{^1}"),
            c => match greek(c) {
                Some(name) => out.push_str(&format!(r"\ensuremath{{\{name}}}")),
                None => out.push(c),
            },
        }
    }
    out
}

/// The LaTeX name of a Greek letter.
fn greek(c: char) -> Option<&'static str> {
    Some(match c {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' => "varepsilon",
        'ζ' => "zeta",
        'η' => "eta",
        'θ' => "theta",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' | 'µ' => "mu",
        'ν' => "nu",
        'ξ' => "xi",
        'π' => "pi",
        'ρ' => "rho",
        'σ' => "sigma",
        'τ' => "tau",
        'φ' => "varphi",
        'χ' => "chi",
        'ψ' => "psi",
        'ω' => "omega",
        'Γ' => "Gamma",
        'Δ' => "Delta",
        'Θ' => "Theta",
        'Λ' => "Lambda",
        'Σ' => "Sigma",
        'Φ' => "Phi",
        'Ω' => "Omega",
        _ => return None,
    })
}

/// Cleaned and escaped for Markdown, table cells included. HTML stays text.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A paragraph that begins as a list, a quotation or a rule would not stay one.
    let digits = out.len() - out.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match out.as_bytes().get(digits) {
        Some(b'-' | b'+' | b'=') if digits == 0 => out.insert(0, '\\'),
        Some(b'.' | b')') if digits > 0 => out.insert(digits, '\\'),
        _ => {}
    }
    out
}

/// Text of a CSV cell that no spreadsheet takes for a formula: an apostrophe goes before a cell
/// that begins with `=`, `+`, `-`, `@`, a tab or a line break, in their full-width forms too
/// (CWE-1236).
pub fn csv(text: &str) -> String {
    let starts_formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '\u{2212}');
    let cleaned = clean(text);
    // What a spreadsheet would trim away may hide the sign.
    let risky = text.starts_with(starts_formula) || cleaned.trim_start().starts_with(starts_formula);
    if risky { format!("'{cleaned}") } else { cleaned }
}

/// A file name, without extension, for what `id` names: letters, digits, `-` and `_` of ASCII, at
/// most 64 of them; never empty, never hidden, never a path.
pub fn file_name(id: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = id.chars().map(keep).take(64).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}
