//! Tables of the paper file: pasted, in files, or column by column.

use std::path::Path;

use attica::audit::paper::{Column, Effects, Errors, Paper, R2Kind, Table, same_name};
use attica::message::{Problem, Warning};

use super::file::{ColumnKeys, ErrorsWord, Number, PanelKeys, R2Word, TableKeys, TableKind};
use super::grid::{self, Grid};
use super::read::Reading;
use super::regression::Mistake;
use super::{cell, descriptives, latex, regression};

/// Fixed effects by their names: those of the panel's unit and time, and others.
pub fn effects(names: &[String], panel: &PanelKeys) -> Effects {
    let mut effects = Effects::default();
    for name in names {
        if same_name(name, &panel.unit) || same_name(name, "unit") {
            effects.units = true;
        } else if same_name(name, &panel.time) || same_name(name, "time") {
            effects.periods = true;
        } else {
            effects.others.push(name.clone());
        }
    }
    effects
}

/// The engine's word for a kind of R².
pub fn r2_kind(word: R2Word) -> R2Kind {
    match word {
        R2Word::Unknown => R2Kind::Unknown,
        R2Word::Overall => R2Kind::Overall,
        R2Word::Within => R2Kind::Within,
        R2Word::Adjusted => R2Kind::Adjusted,
    }
}

impl Reading<'_> {
    pub(super) fn table(&mut self, i: usize, keys: &TableKeys, panel: &PanelKeys, paper: &mut Paper) {
        let at = i.to_string();
        let label = if keys.label.is_empty() { format!("Table {}", i + 1) } else { keys.label.clone() };
        let given = [keys.csv.is_some(), keys.latex.is_some(), keys.file.is_some(), !keys.columns.is_empty()];
        if given.iter().filter(|g| **g).count() != 1 {
            self.wrong("E602", &["tables", &at], format!("{label} needs exactly one of csv, latex, file and columns"));
            return;
        }
        if keys.stars.windows(2).any(|w| w[0] <= w[1]) || keys.stars.iter().any(|l| !(*l > 0.0 && *l < 1.0)) {
            self.wrong("E607", &["tables", &at, "stars"], "levels of stars fall from one star on: [0.1, 0.05, 0.01]");
            return;
        }
        if !keys.columns.is_empty() {
            let columns =
                keys.columns.iter().enumerate().map(|(j, column)| self.column(i, j, column, keys, panel)).collect();
            let table = self.regression(i, label, columns, keys);
            paper.tables.push(table);
            return;
        }
        let Some((grid, key)) = self.grid(&at, keys) else { return };
        let path = ["tables", at.as_str(), key];
        let guess =
            || if descriptives::head(&grid).is_some() { TableKind::Descriptives } else { TableKind::Regression };
        let unread = match keys.kind.unwrap_or_else(guess) {
            TableKind::Regression => regression::columns(&grid, keys, panel).map(|read| {
                let table = self.regression(i, label.clone(), read.columns, keys);
                paper.tables.push(table);
                read.unread
            }),
            TableKind::Descriptives => descriptives::variables(&grid, &label).map(|read| {
                paper.variables.extend(read.variables);
                read.unread
            }),
        };
        match unread {
            Ok(unread) if unread.is_empty() => {}
            Ok(unread) => self.warnings.push(Warning::new(
                "W641",
                format!("{label}: no rule reads {}", unread.join(", ")),
                format!("{label}：没有规则使用{}", unread.join("、")),
            )),
            Err(mistakes) => self.mistakes(&path, &label, mistakes),
        }
    }

    fn regression(&mut self, i: usize, label: String, mut columns: Vec<Column>, keys: &TableKeys) -> Table {
        let errors = match keys.errors {
            ErrorsWord::Unknown => Errors::Unknown,
            ErrorsWord::Classical => Errors::Classical,
            ErrorsWord::Robust => Errors::Robust,
            ErrorsWord::Clustered => Errors::Clustered,
        };
        if let Some(clusters) =
            keys.clusters.as_ref().and_then(|n| self.count(n, &["tables", &i.to_string(), "clusters"]))
        {
            for column in &mut columns {
                column.clusters = column.clusters.or(Some(clusters));
            }
        }
        Table { label, stars: keys.stars.clone(), errors, subgroups: keys.subgroups, part: keys.part, columns }
    }

    /// Mistakes inside a paste, with the line of the file where the paste stands in it.
    fn mistakes(&mut self, path: &[&str], label: &str, mistakes: Vec<Mistake>) {
        for (row, message) in mistakes {
            let mut place = self.source.place(path);
            let value = place.value.as_deref().unwrap_or_default();
            let pasted = path.last() != Some(&"file");
            if self.source.text.is_empty() {
                // A table without a paper file around it.
                place.line = Some(1 + row as u64);
            } else if pasted && value.starts_with("\"\"\"") || value.starts_with("'''") {
                // The text begins on the line after the marks.
                place.line = place.line.map(|line| line + 1 + row as u64);
                place.character = Some(1);
                place.value = None;
            }
            let line =
                if pasted || self.source.text.is_empty() { String::new() } else { format!(" (row {})", row + 1) };
            self.problems.push(Problem::new("E602", format!("{label}: {message}{line}")).at(place));
        }
    }

    fn grid(&mut self, at: &str, keys: &TableKeys) -> Option<(Grid, &'static str)> {
        let number = keys.number.unwrap_or(1).max(1) as usize;
        let (read, key) = if let Some(text) = &keys.csv {
            (grid::delimited(text), "csv")
        } else if let Some(text) = &keys.latex {
            (latex::latex(text, number), "latex")
        } else {
            let name = keys.file.as_deref().unwrap_or_default();
            let bytes = match beside(self.folder, name) {
                Ok(bytes) => bytes,
                Err(Problem { id, message, fix, .. }) => {
                    let place = self.source.place(&["tables", at, "file"]);
                    self.problems.push(Problem { fix, ..Problem::new(&id, message).at(place) });
                    return None;
                }
            };
            (grid::of_file(name, &bytes, number), "file")
        };
        match read {
            Ok(grid) => Some((grid, key)),
            Err(message) => {
                self.wrong("E602", &["tables", at, key], message);
                None
            }
        }
    }

    fn column(&mut self, i: usize, j: usize, keys: &ColumnKeys, table: &TableKeys, panel: &PanelKeys) -> Column {
        let (i, at) = (i.to_string(), j.to_string());
        let path =
            |key: &'static str| ["tables".to_owned(), i.clone(), "columns".to_owned(), at.clone(), key.to_owned()];
        let refs = |path: &[String]| path.iter().map(String::clone).collect::<Vec<_>>();
        let mut column = Column {
            name: keys.name.clone().unwrap_or_else(|| format!("({})", j + 1)),
            outcome: keys.outcome.clone().or_else(|| table.outcome.clone()).unwrap_or_default(),
            r2_kind: r2_kind(table.r2),
            effects: keys.effects.as_ref().or(table.effects.as_ref()).map(|names| effects(names, panel)),
            unlisted_controls: keys.unlisted_controls,
            random_effects: table.random_effects,
            ..Column::default()
        };
        let count = |this: &mut Self, key, number: &Option<Number>| {
            let path = refs(&path(key));
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            number.as_ref().and_then(|n| this.count(n, &path))
        };
        column.n = count(self, "n", &keys.n);
        column.units = count(self, "units", &keys.units);
        column.clusters = count(self, "clusters", &keys.clusters);
        if let Some(r2) = &keys.r2 {
            column.r2 = self.printed(&Number::Text(r2.clone()), &["tables", &i, "columns", &at, "r2"]);
        }
        for (name, text) in &keys.terms {
            let constant = super::words::row_kind(name, "", "") == Some(super::words::RowKind::Constant);
            match cell::term(name, &cell::parts(text), table.brackets) {
                Ok(term) if constant => column.constant = Some(term),
                Ok(term) => column.terms.push(term),
                Err(message) => self.wrong("E602", &["tables", &i, "columns", &at, "terms", name], message),
            }
        }
        column
    }
}

/// Most bytes of a file with tables.
const MOST: u64 = 64 << 20;

/// The bytes of a file in `folder` or below it.
///
/// # Errors
/// `E521` when it cannot be opened or lies elsewhere, `E512` when it is too large.
pub fn beside(folder: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let cannot = |error: &dyn std::fmt::Display| {
        Problem::new("E521", format!("cannot read {name}: {error}")).fix("tables lie beside the paper file")
    };
    let real = folder.join(name).canonicalize().map_err(|e| cannot(&e))?;
    if !real.starts_with(folder.canonicalize().map_err(|e| cannot(&e))?) {
        return Err(cannot(&"it leads out of the folder of the paper file"));
    }
    let meta = std::fs::metadata(&real).map_err(|e| cannot(&e))?;
    if !meta.is_file() {
        return Err(cannot(&"it is no file"));
    }
    if meta.len() > MOST {
        return Err(Problem::new("E512", format!("{name} is larger than 64 megabytes"))
            .fix("save its tables in a file of their own"));
    }
    std::fs::read(&real).map_err(|e| cannot(&e))
}
