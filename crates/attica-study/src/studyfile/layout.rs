//! How tables of regressions are laid out: what the user changes about what the report would print.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Words;

/// Rows and columns of one table of regressions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TableLayout {
    /// Coefficients to show, by name, controls too; those that the table shows by itself when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// Coefficients not to show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Coefficients to show first, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// Columns to show, by number, in this order; all when empty.
    #[schemars(inner(range(min = 1)))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<usize>,
    /// Headers over neighbouring columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<ColumnGroup>,
}

/// A header over neighbouring columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnGroup {
    /// What it says.
    pub title: Words,
    /// First and last column, by their numbers in print.
    pub columns: [usize; 2],
}

/// Tables printed as the panels of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Panels {
    /// Title of the whole; that of the first table when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Words>,
    /// Tables by name, from Panel A on.
    #[schemars(length(min = 2))]
    pub tables: Vec<String>,
    /// Name of each panel; the tables' titles when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub titles: Vec<Words>,
}

/// A mistake that shows without data: path of the value, what is wrong, and the remedy.
type Mistake = (Vec<String>, String, &'static str);

impl super::Report {
    /// Layouts that contradict themselves.
    pub(super) fn layout_mistakes(&self) -> Vec<Mistake> {
        let mut found: Vec<Mistake> = self.tables.iter().flat_map(|(id, layout)| layout.mistakes(id)).collect();
        for (i, panels) in self.panels.iter().enumerate() {
            let path = |key: &str| ["report", "panels", &i.to_string(), key].map(str::to_owned).to_vec();
            let (tables, titles) = (panels.tables.len(), panels.titles.len());
            if titles > 0 && titles != tables {
                let message = format!("{tables} panels have {titles} titles");
                found.push((path("titles"), message, "write one title for each table, or leave titles out"));
            }
            let earlier = |j: usize| self.panels[..i].iter().flat_map(|p| &p.tables).chain(&panels.tables[..j]);
            for (j, name) in panels.tables.iter().enumerate().filter(|(j, name)| earlier(*j).any(|e| e == *name)) {
                let mut path = path("tables");
                path.push(j.to_string());
                found.push((path, format!("the table \"{name}\" is a panel already"), "list it once"));
            }
        }
        found
    }
}

impl TableLayout {
    fn mistakes(&self, id: &str) -> Vec<Mistake> {
        let path = |key: &str, i: usize| ["report", "tables", id, key, &i.to_string()].map(str::to_owned).to_vec();
        let mut found = Vec::new();
        for (i, name) in self.drop.iter().enumerate().filter(|(_, name)| self.keep.contains(name)) {
            found.push((path("drop", i), format!("\"{name}\" is kept and dropped"), "take it out of one of the two"));
        }
        for (i, column) in self.columns.iter().enumerate() {
            if *column == 0 || self.columns[..i].contains(column) {
                let message = format!("columns holds {column}, which is no column or is there twice");
                found.push((path("columns", i), message, "list each column once, from 1 on"));
            }
        }
        for (i, group) in self.groups.iter().enumerate() {
            let [first, last] = group.columns;
            if first == 0 || first > last {
                let message = format!("the group of columns [{first}, {last}] is empty");
                found.push((path("groups", i), message, "write its first column, then its last: columns = [1, 3]"));
            } else if self.groups[..i].iter().any(|other| other.columns[0] <= last && first <= other.columns[1]) {
                let message = format!("the group of columns [{first}, {last}] overlaps another");
                found.push((path("groups", i), message, "let each column be in one group"));
            }
        }
        found
    }
}
