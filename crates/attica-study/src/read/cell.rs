//! One cell of text: is it missing, is it a number, and by which rule.

use std::borrow::Cow;

use super::options::Parse;

/// Full-width forms, typographic blanks and the minus sign as their plain ASCII counterparts;
/// blanks at the ends removed.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text.trim());
    }
    let folded: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{feff}' | '\u{200b}'))
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{3000}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => ' ',
            '\u{2212}' => '-',
            _ => c,
        })
        .collect();
    Cow::Owned(folded.trim().to_owned())
}

/// True for words that stand for a missing value in a column of numbers: blanks, `NA`, `.`, Stata's
/// `.a`, Excel's errors, dashes, dots, and the Chinese words of yearbooks.
pub(super) fn is_missing_number(text: &str) -> bool {
    let text = text.trim();
    if is_missing_text(text) {
        return true;
    }
    if let [b'.', b'a'..=b'z'] = text.as_bytes() {
        return true;
    }
    matches!(
        text.to_lowercase().as_str(),
        "na" | "n/a"
            | "n.a."
            | "n.a"
            | "#na"
            | "<na>"
            | "none"
            | "nil"
            | "missing"
            | "-nan"
            | "-nan(ind)"
            | "-1.#ind"
            | "1.#qnan"
            | ".."
            | "..."
            | "…"
            | "……"
            | "-"
            | "--"
            | "---"
            | "–"
            | "—"
            | "——"
            | "－"
            | "/"
            | "?"
            | "？"
            | "无"
            | "暂无"
            | "无数据"
            | "暂无数据"
            | "缺"
            | "缺失"
            | "不详"
            | "未知"
    )
}

/// True for words that stand for a missing value even in a column of text. Fewer than for numbers:
/// 无 or a dash may be an answer there.
pub(super) fn is_missing_text(text: &str) -> bool {
    matches!(
        text.trim(),
        "" | "."
            | "NA"
            | "N/A"
            | "NaN"
            | "nan"
            | "null"
            | "NULL"
            | "\\N"
            | "#N/A"
            | "#VALUE!"
            | "#REF!"
            | "#DIV/0!"
            | "#NAME?"
            | "#NULL!"
            | "#NUM!"
    ) || text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty()
}

/// A plain number in Rust's own grammar, which is that of CSV files; full-width digits are folded.
/// A finite text too large for a double (`1e999`) is not a number; `inf` is.
pub(super) fn number(text: &str) -> Option<f64> {
    let folded = fold(text);
    let first = *folded.as_bytes().first()?;
    let value: f64 = folded.parse().ok()?;
    let word = !first.is_ascii_digit() && folded.trim_start_matches(['+', '-']).starts_with(['i', 'I', 'n', 'N']);
    if value.is_nan() || (value.is_infinite() && !word) { None } else { Some(value) }
}

/// A number by `rule`; `None` when the cell is not one.
pub(super) fn by_rule(text: &str, rule: Parse) -> Option<f64> {
    let folded = fold(text);
    match rule {
        Parse::Text => None,
        Parse::Number | Parse::NumberOrMissing => {
            number(&folded).or_else(|| units(&folded)).or_else(|| percent(&folded).map(|points| points / 100.0))
        }
        Parse::Thousands => thousands(&folded),
        Parse::Percent => percent(&folded).map(|points| points / 100.0),
        Parse::PercentPoints => percent(&folded),
        Parse::Units => units(&folded),
        Parse::DecimalComma => decimal_comma(&folded),
        Parse::Year => year(&folded),
    }
}

fn thousands(text: &str) -> Option<f64> {
    grouped(text, &[',', ' ', '\''], '.')
}

fn decimal_comma(text: &str) -> Option<f64> {
    grouped(text, &['.', ' ', '\''], ',')
}

/// Groups of three digits between one kind of separator, then the decimal sign and digits.
fn grouped(text: &str, separators: &[char], decimal: char) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once(decimal).map_or((digits, ""), |(w, f)| (w, f));
    if !whole.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain = match whole.chars().find(|c| separators.contains(c)) {
        None => whole.to_owned(),
        Some(separator) => {
            let mut groups = whole.split(separator);
            let first = groups.next()?;
            if first.is_empty() || first.len() > 3 || groups.clone().any(|g| g.len() != 3) {
                return None;
            }
            groups.fold(first.to_owned(), |plain, group| plain + group)
        }
    };
    // An exponent may follow the fraction; the plain grammar decides.
    number(&format!("{sign}{plain}.{}", if fraction.is_empty() { "0" } else { fraction }))
}

/// Percentage points; a cell without the sign is refused, for nobody can tell which it is.
fn percent(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(points) => thousands(points.trim_end()),
        None => number(text).filter(|&value| value == 0.0),
    }
}

fn units(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 6] =
        [("万亿", 1e12), ("千万", 1e7), ("百万", 1e6), ("亿", 1e8), ("万", 1e4), ("千", 1e3)];
    let text = text.strip_suffix('元').unwrap_or(text).trim_end();
    for (unit, factor) in UNITS {
        if let Some(digits) = text.strip_suffix(unit) {
            return thousands(digits.trim_end()).map(|value| value * factor);
        }
    }
    thousands(text)
}

fn year(text: &str) -> Option<f64> {
    let digits = text.get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let rest = &text[4..];
    let date = rest.is_empty()
        || (!rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || "-/.:年度月日末底 TZ".contains(c)));
    if date { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn plain_numbers_are_those_of_a_csv_file() {
        assert_eq!(number(" -1.5e3 "), Some(-1500.0));
        assert_eq!(number("１２３．５"), Some(123.5));
        assert_eq!(number("−4"), Some(-4.0));
        assert_eq!(number("inf"), Some(f64::INFINITY));
        for text in ["1e999", "1,234", "12%", "", "nan", "0x10", "1_000", "é"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn each_rule_reads_its_own_form_and_refuses_others() {
        assert_eq!(by_rule("1，234，567.5", Parse::Thousands), Some(1_234_567.5));
        assert_eq!(by_rule("1,23", Parse::Thousands), None);
        assert_eq!(by_rule("12.5％", Parse::Percent), Some(0.125));
        assert_eq!(by_rule("12.5%", Parse::PercentPoints), Some(12.5));
        assert_eq!(by_rule("12.5", Parse::Percent), None);
        assert_eq!(by_rule("1.2万", Parse::Units), Some(12_000.0));
        assert_eq!(by_rule("3亿元", Parse::Units), Some(3e8));
        assert_eq!(by_rule("2万亿", Parse::Units), Some(2e12));
        assert_eq!(by_rule("1.234,5", Parse::DecimalComma), Some(1234.5));
        assert_eq!(by_rule("1.5", Parse::DecimalComma), None);
        assert_eq!(by_rule("2010年度", Parse::Year), Some(2010.0));
        assert_eq!(by_rule("2010-12-31", Parse::Year), Some(2010.0));
        assert_eq!(by_rule("20101231", Parse::Year), None);
    }

    #[test]
    fn a_dash_is_missing_among_numbers_and_an_answer_among_texts() {
        for word in ["", "NA", ".", ".b", "n.a.", "无", "—", "…", "#DIV/0!", "\u{3000}"] {
            assert!(is_missing_number(word), "{word}");
        }
        assert!(!is_missing_text("无"));
        assert!(is_missing_text("NA"));
        assert!(!is_missing_number("0"));
    }
}
