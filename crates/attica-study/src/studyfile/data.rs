//! `[[data]]`: where rows come from and how to read them.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// Path of the file, relative to the study file (or to `--data-dir`): CSV, TSV, Excel, Stata, Parquet or Arrow.
    pub file: String,
    /// Sheet of a workbook; the first one by default.
    pub sheet: Option<String>,
    /// Encoding of a text file; found out by default, and told.
    pub encoding: Option<Encoding>,
    /// Delimiter of a text file; found out by default, and told.
    pub delimiter: Option<String>,
    /// Row that holds the names of the columns, from 1; found out by default, and told.
    pub header: Option<usize>,
    /// Column that identifies the unit. Needed in the first table.
    pub unit: Option<String>,
    /// Column that holds the period. Needed in the first table.
    pub time: Option<String>,
    /// Columns of a further table to join on: `["city", "year"]`, or `{ city = "city_name" }` when this table
    /// calls the panel's `city` `city_name`. By default its `unit` and `time`.
    pub on: Option<Join>,
    /// Columns to keep besides the keys; all by default.
    pub select: Vec<String>,
    /// New name of a column: `{ gdp = "GDP/亿元" }` calls the column `GDP/亿元` `gdp`.
    pub rename: IndexMap<String, String>,
    /// Rows to keep, on this table's own columns after renaming: `2009 <= year <= 2019`.
    pub r#where: Option<String>,
    /// Texts that stand for a missing value, besides the blank: `["-99", "n.a."]`.
    pub missing: Vec<String>,
    /// Columns to be kept as text although they look like numbers (codes with leading zeros).
    pub text: Vec<String>,
    /// How to read a column of numbers written as text.
    pub parse: IndexMap<String, Parse>,
    /// Turns a wide table (one column per year) into a long one.
    pub long: Option<Long>,
    /// What to do with several rows of one key: `error` (the default), `first`, `last` or `mean`.
    pub duplicates: Duplicates,
}

/// Several rows for one unit and period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// Stop and list them.
    #[default]
    Error,
    /// Keep the first, count the others.
    First,
    /// Keep the last, count the others.
    Last,
    /// Average the numbers.
    Mean,
}

/// Encoding of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Encoding {
    /// UTF-8, with or without byte-order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB18030, which holds GBK and GB2312.
    #[serde(rename = "gb18030")]
    Gb18030,
    /// GBK; read as GB18030.
    #[serde(rename = "gbk")]
    Gbk,
    /// UTF-16 with a byte-order mark.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Big5.
    #[serde(rename = "big5")]
    Big5,
}

/// Keys of a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Join {
    /// Columns with one name on both sides.
    Same(Vec<String>),
    /// Panel's column = this table's column.
    Named(IndexMap<String, String>),
}

impl Join {
    /// (panel's column, this table's column), in order.
    pub fn pairs(&self) -> Vec<(String, String)> {
        match self {
            Self::Same(names) => names.iter().map(|n| (n.clone(), n.clone())).collect(),
            Self::Named(names) => names.iter().map(|(left, right)| (left.clone(), right.clone())).collect(),
        }
    }
}

/// How numbers written as text are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Parse {
    /// Thousands separators, full-width digits, percent signs and Chinese units (万, 亿) are understood.
    Number,
    /// Text is kept.
    Text,
    /// The year in a date or in words such as `2010年`.
    Year,
}

/// Wide to long: columns `gdp_2010`, `gdp_2011` become rows with `gdp` and a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Long {
    /// Beginnings of the column names: `["gdp_"]` for `gdp_2010`, or `[""]` for `2010`.
    pub prefixes: Vec<String>,
    /// Name of the new period column.
    #[serde(default = "year")]
    pub time: String,
    /// Name of the new column when the prefix is empty.
    #[serde(default = "value")]
    pub value: String,
}

fn year() -> String {
    "year".to_owned()
}

fn value() -> String {
    "value".to_owned()
}
