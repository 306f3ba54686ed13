//! A table pasted from LaTeX.

use super::grid::Grid;

/// Table `number` (from 1) of a LaTeX text: the rows of its `tabular`, or of the whole text when there is none.
///
/// # Errors
/// A sentence, when the text has fewer tables.
pub fn latex(text: &str, number: usize) -> Result<Grid, String> {
    let bodies: Vec<(usize, &str)> = text
        .match_indices("\\begin{tabular")
        .filter_map(|(at, _)| {
            let rest = &text[at..];
            let end = rest.find("\\end{tabular").unwrap_or(rest.len());
            // The column specification is one group behind the name, and before it a width in `tabular*`.
            let mut body = rest[..end].get("\\begin{".len()..)?;
            body = &body[body.find('}')? + 1..];
            while body.trim_start().starts_with(['{', '[']) {
                body = after_group(body.trim_start());
            }
            Some((text[..at + (rest[..end].len() - body.len())].matches('\n').count(), body))
        })
        .collect();
    let (first, body) = if bodies.is_empty() && number == 1 {
        (0, text)
    } else {
        let count = bodies.len();
        bodies.get(number - 1).copied().ok_or_else(|| format!("there is no table {number} here, only {count}"))?
    };
    let mut rows = Vec::new();
    let mut line = first;
    for row in body.split("\\\\") {
        // Comments, rules and blank lines may stand above the line that the row is on.
        let at = row.lines().position(|l| latex_row(l).iter().any(|cell| !cell.trim().is_empty())).unwrap_or(0);
        rows.push((line + at, latex_row(row)));
        line += row.matches('\n').count();
    }
    Ok(Grid::new(rows))
}

/// What follows the group in braces or brackets that `text` starts with.
fn after_group(text: &str) -> &str {
    let mut depth = 0_i32;
    for (i, c) in text.char_indices() {
        depth += match c {
            '{' | '[' => 1,
            '}' | ']' => -1,
            _ => 0,
        };
        if depth == 0 {
            return &text[i + c.len_utf8()..];
        }
    }
    ""
}

fn latex_row(row: &str) -> Vec<String> {
    let row: String = row.lines().map(comment_free).collect::<Vec<_>>().join(" ");
    let mut cells = Vec::new();
    let mut start = 0;
    let bytes = row.as_bytes();
    for i in 0..=bytes.len() {
        let boundary = i == bytes.len() || bytes[i] == b'&' && (i == 0 || bytes[i - 1] != b'\\');
        if boundary {
            let cell = row[start..i].trim();
            let (span, content) = spanned(cell);
            cells.push(plain(content));
            cells.extend((1..span).map(|_| String::new()));
            start = i + 1;
        }
    }
    cells
}

fn comment_free(line: &str) -> &str {
    let at = line.char_indices().find(|(i, c)| *c == '%' && !line[..*i].ends_with('\\'));
    at.map_or(line, |(i, _)| &line[..i])
}

/// Columns that a cell covers, and what it holds.
fn spanned(cell: &str) -> (usize, &str) {
    let start = cell.find("\\multicolumn{");
    let Some(rest) = start.map(|at| &cell[at + "\\multicolumn".len()..]) else { return (1, cell) };
    let count = rest[1..].split('}').next().and_then(|n| n.trim().parse().ok()).unwrap_or(1);
    let content = after_group(after_group(rest).trim_start()).trim_start();
    (count, content)
}

/// The words of a piece of LaTeX: commands that only set type are left out, those that stand for signs become them.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let name: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
                if name.is_empty() {
                    let Some(sign) = rest.chars().next() else { break };
                    rest = &rest[sign.len_utf8()..];
                    match sign {
                        '%' | '&' | '_' | '#' | '$' => out.push(sign),
                        _ => out.push(' '),
                    }
                    continue;
                }
                rest = &rest[name.len()..];
                match name.as_str() {
                    "times" => out.push('×'),
                    "checkmark" => out.push('✓'),
                    "textsuperscript" | "sym" | "textbf" | "textit" | "emph" | "mathrm" | "text" => {}
                    // Rules of the table, and what they take.
                    "cmidrule" | "cline" | "vspace" | "hspace" | "addlinespace" => {
                        while rest.trim_start().starts_with(['{', '(', '[']) {
                            rest = rest.trim_start();
                            rest = if rest.starts_with('(') {
                                rest.split_once(')').map_or("", |(_, after)| after)
                            } else {
                                after_group(rest)
                            };
                        }
                    }
                    _ => out.push(' '),
                }
            }
            '{' | '}' | '$' | '^' => {}
            '~' => out.push(' '),
            _ => out.push(c),
        }
    }
    out.replace("--", "–")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::grid::tests::cells;
    use super::*;

    #[test]
    fn what_latex_tables_are_made_of() {
        let text = r"\begin{table}\begin{tabular}{l*{2}{c}}
\toprule
 & \multicolumn{2}{c}{NPRO} \\ \cmidrule(lr){2-3}
 & (1) & (2) \\ % a comment & more
\midrule
DID & 0.025\sym{***} & $-0.024^{***}$ \\
    & (0.004) & (0.004) \\
\textit{R}\textsuperscript{2} & 0.174 & 50\% \\
\bottomrule
\end{tabular}\end{table}";
        let grid = latex(text, 1).unwrap();
        let expected: Vec<Vec<&str>> = vec![
            vec!["", "NPRO", ""],
            vec!["", "(1)", "(2)"],
            vec!["DID", "0.025***", "-0.024***"],
            vec!["", "(0.004)", "(0.004)"],
            vec!["R2", "0.174", "50%"],
        ];
        assert_eq!(cells(&grid), expected);
        assert_eq!(grid.rows[2].0, 5);
        assert!(latex(text, 2).unwrap_err().contains("only 1"));
    }
}
