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

/// A p-value with `decimals` decimals, or `<0.001` when it lies below the last of them.
pub fn p_value(value: f64, decimals: usize) -> String {
    let smallest = 0.1_f64.powi(decimals as i32);
    if value.is_finite() && value < smallest * 0.5 {
        format!("<{smallest:.decimals$}")
    } else {
        number(value, decimals)
    }
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
