//! What a user may say about how a file is to be read. Everything has a default that is found from
//! the file and told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to read one file; the keys of a `[[data]]` table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReadOptions {
    /// Encoding of a text file: `utf-8`, `gb18030`, `gbk`, `big5`, `utf-16le`, ... Found when absent.
    pub encoding: Option<String>,
    /// Delimiter of a text file. Found when absent.
    pub delimiter: Option<char>,
    /// Decimal sign of a text file, `.` or `,`. Found when absent.
    pub decimal: Option<char>,
    /// Sheet of a workbook, by name or by number from 1. The first visible one with data when absent.
    pub sheet: Option<Sheet>,
    /// Row of the header, from 1; two numbers for a header over several rows; 0 for none.
    pub header: Option<Header>,
    /// Further words or numbers that stand for a missing value, in all columns or by column.
    pub missing: Missing,
    /// How to read the cells of a column.
    pub parse: BTreeMap<String, Parse>,
    /// New names, `new = "old"`. `parse`, `missing` and `long` use the old ones, the names of the file.
    pub rename: BTreeMap<String, String>,
    /// Keep these columns only (by their new names), in this order. All when empty.
    pub columns: Vec<String>,
    /// Columns that will be used, by their names in the file: of a parquet file that has them all, no others are read.
    /// All when empty; of other files always all.
    #[serde(skip)]
    pub used: Vec<String>,
    /// Turn wide columns into long ones.
    pub long: Option<Long>,
    /// Refuse files outside this folder, symbolic links resolved.
    #[serde(skip)]
    pub confine: Option<PathBuf>,
    /// How large a file may be.
    #[serde(skip)]
    pub limits: Limits,
}

/// A sheet by name or by number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Sheet {
    /// From 1, in the order of the workbook.
    Number(usize),
    /// Its name.
    Name(String),
}

/// Where the header is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Header {
    /// One row, from 1; 0 for a table without header.
    Row(usize),
    /// First and last row of a header that spans several.
    Rows([usize; 2]),
}

/// Further missing values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Missing {
    /// In every column.
    All(Vec<Word>),
    /// By column.
    ByColumn(BTreeMap<String, Vec<Word>>),
}

impl Default for Missing {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Missing {
    /// The words for `column`.
    pub(super) fn of(&self, column: &str) -> &[Word] {
        match self {
            Self::All(words) => words,
            Self::ByColumn(columns) => columns.get(column).map_or(&[], Vec::as_slice),
        }
    }
}

/// A word or a number that stands for a missing value: `"n.d."`, `-99`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Word {
    /// A number, whatever way it is written in the file.
    Number(f64),
    /// A text, exactly.
    Text(String),
}

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Parse {
    /// Keep the text; only empty cells are missing.
    Text,
    /// Numbers, `007` included, also with thousands separators, Chinese units, or a percent sign
    /// (`12%` is 0.12); any other cell is an error.
    Number,
    /// The same, but any other cell is missing, and counted.
    NumberOrMissing,
    /// `1,234.5`, full-width commas too; also blanks and apostrophes between groups of three.
    Thousands,
    /// `12%` is 0.12.
    Percent,
    /// `12%` is 12.
    PercentPoints,
    /// `1.2万` is 12000, `3亿` is 300000000; 千, 百万, 千万, 万亿, and 元 at the end.
    Units,
    /// `1.234,5` is 1234.5.
    DecimalComma,
    /// The year of `2010年`, `2010-12-31`, `2010/1/1`.
    Year,
}

impl Parse {
    /// The word for it in a study file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::NumberOrMissing => "number_or_missing",
            Self::Thousands => "thousands",
            Self::Percent => "percent",
            Self::PercentPoints => "percent_points",
            Self::Units => "units",
            Self::DecimalComma => "decimal_comma",
            Self::Year => "year",
        }
    }
}

/// Wide to long: columns `gdp_2010`, `gdp_2011` become rows with `gdp` and a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Long {
    /// Beginnings of the names: `["gdp_"]` for `gdp_2010`, or `[""]` for `2010`.
    pub prefixes: Vec<String>,
    /// Name of the new time column.
    pub time: String,
    /// Name of the new column when the prefix is empty.
    pub value: String,
}

impl Default for Long {
    fn default() -> Self {
        Self { prefixes: vec![String::new()], time: "year".into(), value: "value".into() }
    }
}

/// How large a file may be before it is refused (`E512`).
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of a compressed file when unpacked.
    pub unpacked: u64,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Cells: rows times columns.
    pub cells: usize,
    /// Bytes of one cell.
    pub cell: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 4 << 30,
            unpacked: 2 << 30,
            rows: 100_000_000,
            columns: 20_000,
            cells: 1_000_000_000,
            cell: 1 << 20,
        }
    }
}
