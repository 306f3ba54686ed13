//! Reading the reference data that lie beside the project, and building designs by hand.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stderr, missing_docs)]

pub mod dcdh;
pub mod edges;
pub mod panel;
pub mod regression;

use std::collections::HashMap;
use std::path::PathBuf;

use attica::design::{Codes, Design, Effect};
use attica::frame::{Column, Frame};
use attica::ledger::Ledger;
use attica::math::random::stream;
use attica::simulate::{Cohort, CohortDesign, cohorts};
use serde_json::Value;

/// A file of the reference data, or `None` (and a message) when they are not there.
pub fn reference(file: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: {} is not there", path.display());
    }
    text
}

/// A table of text cells.
pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn read(file: &str) -> Option<Self> {
        let text = reference(file)?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        Some(Self { names, rows })
    }

    pub fn text(&self, name: &str) -> Vec<&str> {
        let column = self.names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|row| row[column].as_str()).collect()
    }

    /// Numbers; a cell that is none is NaN.
    pub fn number(&self, name: &str) -> Vec<f64> {
        self.text(name).iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
    }

    /// The rows for which `keep` holds.
    pub fn filter(mut self, keep: impl Fn(usize) -> bool) -> Self {
        let mut row = 0;
        self.rows.retain(|_| {
            row += 1;
            keep(row - 1)
        });
        self
    }

    pub fn codes(&self, name: &str) -> Codes {
        codes(name, self.text(name).iter().copied())
    }
}

/// Codes of labels in order of first appearance.
pub fn codes<'a>(name: &str, labels: impl Iterator<Item = &'a str>) -> Codes {
    let mut seen = HashMap::new();
    let codes: Vec<u32> = labels
        .map(|label| {
            let next = seen.len() as u32;
            *seen.entry(label).or_insert(next)
        })
        .collect();
    Codes { name: name.to_owned(), codes: codes.into(), levels: seen.len() }
}

/// A design of named columns; `effects` are absorbed, `clusters` are at hand.
pub fn design(
    outcome: (&str, Vec<f64>),
    regressors: Vec<(&str, Vec<f64>)>,
    effects: &[Codes],
    clusters: &[Codes],
) -> Design {
    let rows = outcome.1.len();
    Design {
        outcome: (outcome.0.to_owned(), outcome.1.into()),
        regressors: regressors.into_iter().map(|(name, x)| (name.to_owned(), x.into())).collect(),
        intercept: effects.is_empty(),
        effects: effects.iter().map(|by| Effect { by: by.clone(), slopes: Vec::new(), intercept: true }).collect(),
        weights: None,
        clusters: clusters.to_vec(),
        panel: None,
        coordinates: None,
        sample: (0..rows as u32).collect(),
        ledger: Ledger::new(rows),
        warnings: Vec::new(),
    }
}

/// The design without the rows in which the outcome or a regressor is missing.
pub fn complete(design: &Design) -> Design {
    let rows: Vec<u32> = (0..design.rows() as u32)
        .filter(|&row| {
            let at = |values: &[f64]| values[row as usize].is_finite();
            at(&design.outcome.1) && design.regressors.iter().all(|(_, x)| at(x))
        })
        .collect();
    let take = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect::<Vec<f64>>();
    Design {
        outcome: (design.outcome.0.clone(), take(&design.outcome.1).into()),
        regressors: design.regressors.iter().map(|(name, x)| (name.clone(), take(x).into())).collect(),
        effects: design
            .effects
            .iter()
            .map(|e| Effect { by: attica::absorb::take_codes(&e.by, &rows), ..e.clone() })
            .collect(),
        clusters: design.clusters.iter().map(|c| attica::absorb::take_codes(c, &rows)).collect(),
        sample: rows.clone(),
        ledger: Ledger::new(rows.len()),
        ..design.clone()
    }
}

pub fn json(file: &str) -> Option<Value> {
    Some(serde_json::from_str(&reference(file)?).unwrap())
}

pub fn close(what: &str, got: f64, want: f64, relative: f64) {
    assert!(
        (got - want).abs() <= relative * want.abs().max(1e-12),
        "{what}: {got:.15e} is not {want:.15e} (relative {:.1e})",
        ((got - want) / want).abs()
    );
}

/// A policy with several dates of adoption, one effect path for all, and a control `x` that matters.
#[derive(Clone)]
pub struct Staggered {
    pub periods: usize,
    /// First treated period and number of units.
    pub cohorts: Vec<(u32, usize)>,
    pub never: usize,
    /// Effect at adoption, and what each period adds.
    pub effect: (f64, f64),
    pub noise: f64,
}

impl Staggered {
    pub fn truth(&self, event_time: i64) -> f64 {
        if event_time < 0 { 0.0 } else { self.effect.0 + self.effect.1 * event_time as f64 }
    }

    /// Columns `unit`, `time`, `first`, `d`, `x`, `y`.
    pub fn draw(&self, seed: u64) -> Frame {
        let cohort =
            |first_treated, units| Cohort { first_treated, units, effect: self.effect.0, growth: self.effect.1 };
        let mut all: Vec<Cohort> = self.cohorts.iter().map(|&(first, units)| cohort(Some(first), units)).collect();
        all.push(cohort(None, self.never));
        let design =
            CohortDesign { periods: self.periods, cohorts: all, noise_sd: self.noise, ..CohortDesign::staggered() };
        let mut frame = cohorts(&design, seed).unwrap().frame;
        let mut random = stream(seed, 1);
        let x: Vec<f64> = (0..frame.rows()).map(|_| random.normal()).collect();
        let y = frame.numbers("y").unwrap().iter().zip(&x).map(|(y, x)| y + 0.5 * x).collect();
        let first = frame.numbers("first_treated").unwrap().to_vec();
        for (name, values) in [("x", x), ("y", y), ("first", first)] {
            frame.set(Column::number(name, values)).unwrap();
        }
        frame
    }
}
