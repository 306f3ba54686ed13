//! `[[data]]`: where rows come from and how they join.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::read::ReadOptions;

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Source {
    /// Path of the file, relative to the study file (or to `--data-dir`): CSV, TSV, Excel, Stata, Parquet or Arrow.
    pub file: String,
    /// Column that identifies the unit. Needed in the first table.
    pub unit: Option<String>,
    /// Column that holds the period. Needed in the first table.
    pub time: Option<String>,
    /// Columns of a further table to join on: `["city", "year"]`, or `{ city = "city_name" }` when this table
    /// calls the panel's `city` `city_name`. By default its `unit` and `time`.
    pub on: Option<Keys>,
    /// True to compare text keys as Chinese place names: 北京 = 北京市.
    pub places: bool,
    /// Rows to keep, on this table's own columns after renaming: `2009 <= year <= 2019`.
    pub r#where: Option<String>,
    /// What to do with several rows of one key.
    pub duplicates: Duplicates,
    /// How the file is read.
    #[serde(flatten)]
    pub read: ReadOptions,
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

/// Keys of a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Keys {
    /// Columns with one name on both sides.
    Same(Vec<String>),
    /// Panel's column = this table's column.
    Named(IndexMap<String, String>),
}

impl Source {
    /// What a further table joins on: (panel's column, this table's column).
    pub fn keys(&self, panel: &Self) -> Vec<(String, String)> {
        match &self.on {
            Some(Keys::Same(names)) => names.iter().map(|n| (n.clone(), n.clone())).collect(),
            Some(Keys::Named(names)) => names.iter().map(|(left, right)| (left.clone(), right.clone())).collect(),
            None => [(&panel.unit, &self.unit), (&panel.time, &self.time)]
                .into_iter()
                .filter_map(|(left, right)| Some((left.clone()?, right.clone()?)))
                .collect(),
        }
    }
}
