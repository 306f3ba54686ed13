//! What the columns of an unknown table probably are.

use std::collections::BTreeSet;

use attica::frame::{Column, Frame, Values};
use attica::message::{Problem, Result};
use attica::panel::{Adoption, Panel};
use attica_study::run;
use attica_study::studyfile::Policy;

/// How treatment is coded.
#[derive(Clone, Debug, PartialEq)]
pub enum Treatment {
    /// A 0/1 column that varies over time.
    Path(String),
    /// A column with each unit's first treated period.
    First(String),
    /// A 0/1 column that marks the group.
    Group {
        /// The column.
        column: String,
        /// First treated period.
        from: f64,
    },
}

impl Treatment {
    /// The column.
    pub fn column(&self) -> &str {
        match self {
            Self::Path(column) | Self::First(column) | Self::Group { column, .. } => column,
        }
    }
}

fn named(column: &Column, words: &[&str]) -> bool {
    let name = column.name.to_lowercase();
    words.iter().any(|word| name == *word || name.split(['_', ' ', '.', '-']).any(|part| part == *word))
}

/// The pair of columns that numbers rows best: a period that looks like one, a unit that is unique with it.
pub fn unit_and_time(frame: &Frame) -> (Option<String>, Option<String>) {
    let mut times: Vec<&Column> = frame.columns().iter().filter(|c| looks_like_time(c)).collect();
    times.sort_by_key(|c| !named(c, &["year", "time", "period", "t", "date", "年", "年份", "年度"]));
    let mut units: Vec<&Column> = frame.columns().iter().collect();
    let codes =
        ["id", "code", "unit", "city", "firm", "county", "state", "province", "country", "城市", "地区", "代码"];
    units.sort_by_key(|c| !named(c, &codes));
    for time in &times {
        for unit in units.iter().filter(|u| u.name != time.name) {
            if Panel::new(frame, &unit.name, &time.name).is_ok_and(|(panel, _)| panel.units.len() < frame.rows()) {
                return (Some(unit.name.clone()), Some(time.name.clone()));
            }
        }
    }
    (None, times.first().map(|c| c.name.clone()))
}

/// Whole numbers within three thousand years that repeat, or text that reads as periods.
fn looks_like_time(column: &Column) -> bool {
    let distinct: BTreeSet<String> = (0..column.len()).map(|row| column.display(row)).collect();
    if distinct.len() < 2 || distinct.len() * 2 > column.len() {
        return false;
    }
    match &column.values {
        Values::Number(values) => values.iter().all(|v| v.fract() == 0.0 && (1.0..3000.0).contains(v)),
        Values::Text { .. } => attica::panel::read_times(column).is_ok(),
    }
}

/// A table with its unit and time.
pub struct Index<'a> {
    frame: &'a Frame,
    panel: Panel,
}

impl<'a> Index<'a> {
    /// # Errors
    /// Those of [`Panel::new`].
    pub fn new(frame: &'a Frame, unit: &str, time: &str) -> Result<Self> {
        Ok(Self { frame, panel: Panel::new(frame, unit, time)?.0 })
    }

    fn numbers(&self) -> impl Iterator<Item = (&'a Column, &'a [f64])> {
        self.frame
            .columns()
            .iter()
            .filter(|c| c.name != self.panel.unit_name && c.name != self.panel.time_name)
            .filter_map(|c| match &c.values {
                Values::Number(values) => Some((c, values.as_slice())),
                Values::Text { .. } => None,
            })
    }

    /// Share of units in which the column changes.
    fn varies_within(&self, values: &[f64]) -> bool {
        let mut first: Vec<Option<f64>> = vec![None; self.panel.units.len()];
        values.iter().zip(self.panel.unit.iter()).filter(|(v, _)| !v.is_nan()).any(|(v, &unit)| {
            let seen = first[unit as usize].get_or_insert(*v);
            *seen != *v
        })
    }

    /// How a column codes treatment.
    ///
    /// # Errors
    /// `E201` when it does not.
    pub fn treatment(&self, name: &str) -> Result<Treatment> {
        let column = self.frame.column(name)?;
        let Values::Number(values) = &column.values else {
            return Ok(Treatment::First(name.to_owned()));
        };
        let binary = values.iter().all(|v| v.is_nan() || *v == 0.0 || *v == 1.0);
        match (binary, self.varies_within(values)) {
            (true, true) => Ok(Treatment::Path(name.to_owned())),
            (true, false) => {
                let from = self.panel.times[self.panel.times.len() / 2];
                Ok(Treatment::Group { column: name.to_owned(), from })
            }
            (false, false) => Ok(Treatment::First(name.to_owned())),
            (false, true) => Err(Problem::new(
                "E201",
                format!("column \"{name}\" is neither 0/1 nor one first treated period per unit"),
            )),
        }
    }

    /// Columns that code a treatment which can be evaluated, likeliest first.
    pub fn treatments(&self) -> Vec<Treatment> {
        let mut found: Vec<(u8, Treatment)> = self
            .numbers()
            .filter_map(|(column, _)| {
                let treatment = self.treatment(&column.name).ok()?;
                let coded = run::treatment(&policy(&treatment), self.frame, &self.panel).ok()?;
                let dated = coded.adoption.iter().all(|a| !matches!(a, Adoption::Switches));
                let words = [
                    "did",
                    "treat",
                    "treated",
                    "treatment",
                    "policy",
                    "pilot",
                    "d",
                    "first",
                    "adoption",
                    "试点",
                    "政策",
                ];
                let rank = match (&treatment, dated, named(column, &words)) {
                    (Treatment::Group { .. }, _, false) | (_, false, _) => return None,
                    (Treatment::First(_), _, true) => 0,
                    (Treatment::Path(_), _, true) => 1,
                    (Treatment::First(_), _, false) => 2,
                    (Treatment::Path(_), _, false) => 3,
                    (Treatment::Group { .. }, _, true) => 4,
                };
                Some((rank, treatment))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, treatment)| treatment).collect()
    }

    /// The first column of numbers that varies within units and is no 0/1.
    pub fn outcome(&self, treatment: &Treatment) -> Option<String> {
        let mut candidates: Vec<&Column> = self
            .numbers()
            .filter(|(c, values)| {
                c.name != treatment.column()
                    && self.varies_within(values)
                    && !values.iter().all(|v| v.is_nan() || *v == 0.0 || *v == 1.0)
            })
            .map(|(c, _)| c)
            .collect();
        candidates.sort_by_key(|c| !named(c, &["y", "outcome", "ln", "log"]));
        candidates.first().map(|c| c.name.clone())
    }
}

fn policy(treatment: &Treatment) -> Policy {
    match treatment.clone() {
        Treatment::Path(column) => Policy { path: Some(column), ..Policy::default() },
        Treatment::First(column) => Policy { first_treated: Some(column), ..Policy::default() },
        Treatment::Group { column, from } => Policy { treated: Some(column), from: Some(from), ..Policy::default() },
    }
}
