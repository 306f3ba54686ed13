//! How a number is printed: decimals, thousands, minus sign, stars. One place for all formats.

use attica::text::{Language, Text};
use serde::{Deserialize, Serialize};

use crate::table::{Bracket, Cell};

/// How tables and numbers look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// English-language journals: a thin rule below groups of columns, `3,135`.
    #[default]
    Aer,
    /// Chinese journals (三线表): three rules and no more, `3 135`.
    Cn,
    /// As `aer`, without rules below groups of columns.
    Plain,
}

/// Separates thousands in style `cn`; as wide as a thin space and never broken at a line's end.
pub const THIN_SPACE: char = '\u{202F}';

/// The minus sign of print.
pub const MINUS: char = '\u{2212}';

/// What an absent number prints as.
pub const ABSENT: &str = "–";

/// Stars of a p-value: one for each level that it lies below. `levels` in any order, at most three
/// count. No stars when the p-value is absent.
pub fn stars(p_value: Option<f64>, levels: &[f64]) -> u8 {
    let count = p_value.map_or(0, |p| levels.iter().filter(|&&level| p < level).count());
    count.min(3) as u8
}

/// A number with `decimals` decimals and the minus sign of print. A value that rounds to zero has
/// no sign; a value that is not finite is absent.
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return ABSENT.to_owned();
    }
    let digits = format!("{:.decimals$}", value.abs());
    let is_zero = digits.bytes().all(|b| b == b'0' || b == b'.');
    if value < 0.0 && !is_zero { format!("{MINUS}{digits}") } else { digits }
}

/// A whole number with its thousands separated: `3,135`, or `3 135` in style `cn`.
pub fn count(value: u64, style: Style) -> String {
    let separator = if style == Style::Cn { THIN_SPACE } else { ',' };
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// A p-value with `decimals` decimals, or `<0.001` when it would round to zero.
pub fn p_value(value: f64, decimals: usize) -> String {
    let printed = number(value, decimals);
    let rounds_to_zero = value.is_finite() && printed.bytes().all(|b| b == b'0' || b == b'.');
    if rounds_to_zero { format!("<{:.decimals$}", 0.1_f64.powi(decimals as i32)) } else { printed }
}

/// What a cell prints, before any escaping.
pub fn cell(cell: &Cell, style: Style, language: Language) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.get(language).to_owned(),
        Cell::Count(value) => count(*value, style),
        Cell::Label(value) => {
            if value.is_finite() {
                value.to_string().replace('-', &MINUS.to_string())
            } else {
                ABSENT.to_owned()
            }
        }
        Cell::Number { value, decimals } => number(*value, *decimals),
        Cell::PValue { value, decimals } => p_value(*value, *decimals),
        Cell::Estimate { value, stars, decimals } => {
            let stars = if value.is_finite() { usize::from(*stars).min(3) } else { 0 };
            number(*value, *decimals) + &"*".repeat(stars)
        }
        Cell::Bracketed { value, decimals, bracket } => {
            let inner = number(*value, *decimals);
            match (value.is_finite(), bracket) {
                (false, _) => inner,
                (true, Bracket::Round) => format!("({inner})"),
                (true, Bracket::Square) => format!("[{inner}]"),
            }
        }
        Cell::Interval { low, high, decimals } => {
            if low.is_finite() && high.is_finite() {
                format!("[{}, {}]", number(*low, *decimals), number(*high, *decimals))
            } else {
                ABSENT.to_owned()
            }
        }
        Cell::Absent(_) => ABSENT.to_owned(),
    }
}

/// `Table 2` or `表2`.
pub fn table_label(number: usize) -> Text {
    Text::new(format!("Table {number}"), format!("表{number}"))
}

/// `Figure 2` or `图2`.
pub fn figure_label(number: usize) -> Text {
    Text::new(format!("Figure {number}"), format!("图{number}"))
}

/// What stands between a label and its title: `Table 2. Title`, `表2　标题`.
pub fn after_label(language: Language) -> &'static str {
    match language {
        Language::En => ". ",
        Language::Zh => "\u{3000}",
    }
}

/// The notes under a table or figure in one paragraph: `Notes: ...` or `注：...`; empty when there
/// are none.
pub fn notes(notes: &[Text], language: Language) -> String {
    let parts: Vec<&str> = notes.iter().map(|note| note.get(language)).filter(|note| !note.is_empty()).collect();
    if parts.is_empty() {
        return String::new();
    }
    match language {
        Language::En => format!("Notes: {}", parts.join(" ")),
        Language::Zh => format!("注：{}", parts.concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_in_journals() {
        assert_eq!(number(-0.02512, 3), "\u{2212}0.025");
        assert_eq!(number(-0.0004, 3), "0.000", "no minus before zero");
        assert_eq!(number(2.5, 0), "2", "halves go to the even digit, as IEEE 754 rounds");
        assert_eq!(number(f64::NAN, 3), ABSENT);
        assert_eq!(number(f64::NEG_INFINITY, 3), ABSENT);
        assert_eq!(count(3135, Style::Aer), "3,135");
        assert_eq!(count(1_234_567, Style::Cn), "1\u{202F}234\u{202F}567");
        assert_eq!(count(985, Style::Cn), "985");
    }

    #[test]
    fn p_values_are_never_zero() {
        assert_eq!(p_value(0.0, 3), "<0.001");
        assert_eq!(p_value(0.000_499, 3), "<0.001");
        assert_eq!(p_value(0.0005, 3), "0.001");
        assert_eq!(p_value(0.049, 2), "0.05");
        assert_eq!(p_value(f64::NAN, 2), ABSENT);
    }

    #[test]
    fn stars_count_levels_passed() {
        let levels = [0.1, 0.05, 0.01];
        assert_eq!([0.2, 0.1, 0.0999, 0.05, 0.02, 0.001].map(|p| stars(Some(p), &levels)), [0, 0, 1, 1, 2, 3]);
        assert_eq!(stars(None, &levels), 0);
        assert_eq!(stars(Some(f64::NAN), &levels), 0);
    }

    #[test]
    fn absent_estimates_have_neither_stars_nor_brackets() {
        let print = |value: &Cell| cell(value, Style::Aer, Language::En);
        assert_eq!(print(&Cell::Estimate { value: f64::NAN, stars: 3, decimals: 3 }), ABSENT);
        assert_eq!(print(&Cell::Bracketed { value: f64::NAN, decimals: 3, bracket: Bracket::Round }), ABSENT);
        assert_eq!(print(&Cell::Interval { low: -0.01, high: 0.2, decimals: 2 }), "[\u{2212}0.01, 0.20]");
        assert_eq!(print(&Cell::Label(2011.0)), "2011");
    }

    #[test]
    fn notes_begin_as_the_language_has_it() {
        let both = [Text::new("One.", "一。"), Text::default(), Text::new("Two.", "二。")];
        assert_eq!(notes(&both, Language::En), "Notes: One. Two.");
        assert_eq!(notes(&both, Language::Zh), "注：一。二。");
        assert_eq!(notes(&[], Language::En), "");
    }
}
