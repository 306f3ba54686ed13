//! A table: typed cells at full precision, and the few rules that make it a three-line table.

use attica::text::Text;
use serde::{Deserialize, Serialize};

/// A table. Every row of `head` spans `columns.len()` columns in all, and so does every
/// [`Row::Cells`]; shorter rows are filled with empty cells, longer ones are cut by the writers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Identifies the table in file names and links: `baseline`.
    pub id: String,
    /// Title, without number.
    pub title: Text,
    /// Alignment of each column; the first is usually `Left`.
    pub columns: Vec<Align>,
    /// Head rows from top to bottom; a head cell over several columns is a group of columns.
    pub head: Vec<Vec<Head>>,
    /// Body.
    pub rows: Vec<Row>,
    /// Notes under the table; the writers put "Notes:" or "注：" before the first.
    pub notes: Vec<Text>,
}

/// How the cells of a column stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// To the left: labels.
    #[default]
    Left,
    /// In the middle: words.
    Centre,
    /// On the decimal point: numbers. Words in such a column are centred, and so are counts when
    /// the column holds other numbers too.
    Decimal,
}

/// A cell of the head.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// What it says; empty for a blank.
    pub text: Text,
    /// Columns that it covers.
    pub span: usize,
    /// A rule stands below in every style, not only where the style rules all groups.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ruled: bool,
}

impl Head {
    /// A head over one column.
    pub fn one(text: Text) -> Self {
        Self::over(1, text)
    }

    /// A head over `span` columns.
    pub fn over(span: usize, text: Text) -> Self {
        Self { text, span, ruled: false }
    }

    /// A head over `span` columns with a rule below.
    pub fn group(span: usize, text: Text) -> Self {
        Self { text, span, ruled: true }
    }

    /// A blank head over one column.
    pub fn blank() -> Self {
        Self::one(Text::default())
    }
}

/// A row of the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// One cell per column.
    Cells(Vec<Cell>),
    /// A line over the whole width that opens a panel: `Panel A. Levels`.
    Panel(Text),
    /// A little space between coefficients and the lines below (a thin rule outside style `cn`).
    Separator,
}

/// A cell of the body. Numbers keep full precision; [`crate::format`] rounds them for print.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Words.
    Text(Text),
    /// A whole number with thousands separated: observations, clusters.
    Count(u64),
    /// A number as it is, never with thousands separated: a year, a code.
    Label(f64),
    /// A number.
    Number {
        /// Value; not finite prints as absent.
        value: f64,
        /// Decimals printed.
        decimals: usize,
    },
    /// A p-value; below the last decimal it prints as `<0.001`.
    PValue {
        /// Value.
        value: f64,
        /// Decimals printed.
        decimals: usize,
    },
    /// A coefficient with its stars.
    Estimate {
        /// Value.
        value: f64,
        /// Stars, 0 to 3; see [`crate::format::stars`].
        stars: u8,
        /// Decimals printed.
        decimals: usize,
    },
    /// A number in brackets under a coefficient: a standard error, a t statistic.
    Bracketed {
        /// Value.
        value: f64,
        /// Decimals printed.
        decimals: usize,
        /// Round or square.
        bracket: Bracket,
    },
    /// An interval, `[0.010, 0.034]`.
    Interval {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Decimals printed.
        decimals: usize,
    },
    /// Nothing to print, for a reason that is told on demand (a tooltip in HTML) and shown as a dash.
    Absent(Text),
}

/// The shape of a bracket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bracket {
    /// `( )`.
    #[default]
    Round,
    /// `[ ]`.
    Square,
}

impl Cell {
    /// Words that are the same in both languages.
    pub fn same(text: impl Into<String>) -> Self {
        Self::Text(Text::same(text))
    }

    /// Yes or No, 是 or 否.
    pub fn yes(yes: bool) -> Self {
        Self::Text(if yes { Text::new("Yes", "是") } else { Text::new("No", "否") })
    }

    /// A number, or a dash with the reason when it is absent.
    pub fn number(value: Option<f64>, decimals: usize, reason: &Text) -> Self {
        match value {
            Some(value) if value.is_finite() => Self::Number { value, decimals },
            _ => Self::Absent(reason.clone()),
        }
    }

    /// A standard error or statistic in round brackets, or a dash with the reason when absent.
    pub fn bracketed(value: Option<f64>, decimals: usize, reason: &Text) -> Self {
        match value {
            Some(value) if value.is_finite() => Self::Bracketed { value, decimals, bracket: Bracket::Round },
            _ => Self::Absent(reason.clone()),
        }
    }
}
