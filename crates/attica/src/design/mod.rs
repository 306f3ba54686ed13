//! What a regression needs, taken from a frame: outcome, regressors, effects, weights, clusters, and
//! the account of the rows that could not be used.

pub(crate) mod build;
pub(crate) mod category;
mod designs;
mod level;
pub(crate) mod rows;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use designs::Designs;
pub use level::{coarser, coordinates};
pub use rows::cluster_codes;

use crate::absorb::take_codes;
use crate::expr::Expr;
use crate::frame::Numbers;
use crate::ledger::{Ledger, Reason};
use crate::message::Warning;

/// Levels of a category, one code per row, `0..levels`. Every level occurs.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// Name as in the formula: `city`, `province^year`.
    pub name: String,
    /// Level of each row, shared with all that have the same.
    pub codes: Arc<Vec<u32>>,
    /// Number of levels.
    pub levels: usize,
}

/// Period of each row.
#[derive(Clone, Debug, PartialEq)]
pub struct Periods {
    /// Period of each row, an index into `times`.
    pub codes: Arc<Vec<u32>>,
    /// Periods of the panel, ascending; not all of them need to have a row.
    pub times: Vec<f64>,
}

impl Periods {
    /// From the period of each row.
    pub fn new(of_row: &[f64]) -> Self {
        let mut times = of_row.to_vec();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let code = |t: &f64| times.partition_point(|s| s < t) as u32;
        Self { codes: Arc::new(of_row.iter().map(code).collect()), times }
    }

    /// The period of a row.
    pub fn at(&self, row: usize) -> f64 {
        self.times[self.codes[row] as usize]
    }

    /// The periods that have a row, ascending.
    pub fn used(&self) -> Vec<f64> {
        let mut used = vec![false; self.times.len()];
        for &code in self.codes.iter() {
            used[code as usize] = true;
        }
        self.times.iter().zip(used).filter(|(_, used)| *used).map(|(time, _)| *time).collect()
    }
}

/// An absorbed effect: an intercept per level, and a slope per level for each column in `slopes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The category.
    pub by: Codes,
    /// Columns with a slope of their own in each level (`city[trend]`), as (name, values).
    pub slopes: Vec<(String, Vec<f64>)>,
    /// False for `city[[trend]]`: slopes only, no intercepts.
    pub intercept: bool,
}

/// What weights mean; they change standard errors in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightKind {
    /// Inverse variance of a cell mean; N is the number of rows.
    Analytic,
    /// A row stands for that many equal rows; N is the sum of weights.
    Frequency,
    /// Inverse sampling probability; robust standard errors only.
    Probability,
    /// A unit stands for that many units, each a cluster of its own; N is the sum of weights. Tables that were condensed
    /// to the moments of their units have them ([`crate::stream`]).
    Copies,
}

impl WeightKind {
    /// True where a row counts as many, so that N is the sum of weights.
    pub fn counts(self) -> bool {
        matches!(self, Self::Frequency | Self::Copies)
    }
}

/// Weights of the rows in the sample, all positive.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Column.
    pub name: String,
    /// Meaning.
    pub kind: WeightKind,
    /// One per row.
    pub values: Vec<f64>,
}

impl Weights {
    /// For how many units each level of `codes`, which are units or coarser, stands; none where rows are no copies.
    pub fn copies(&self, codes: &Codes) -> Option<Vec<f64>> {
        (self.kind == WeightKind::Copies).then(|| {
            let mut copies = vec![0.0; codes.levels];
            codes.codes.iter().zip(&self.values).for_each(|(&code, copy)| copies[code as usize] = *copy);
            copies
        })
    }

    /// The sums `sums` of weighted scores by cluster as their squares add up: for `w` clusters with equal scores `s`, a
    /// sum of `w s` stands where `w s^2` counts.
    pub fn per_cluster(copies: &[f64], sums: &mut [f64]) {
        sums.iter_mut().zip(copies).for_each(|(sum, copies)| *sum /= copies.sqrt());
    }
}

/// Levels of `codes`, the units or clusters of whole units; with copies, as many as each stands for.
pub fn levels_counted(codes: &Codes, weights: Option<&Weights>) -> usize {
    match weights.and_then(|weights| weights.copies(codes)) {
        Some(copies) => copies.iter().sum::<f64>() as usize,
        None => codes.levels,
    }
}

/// What a regression needs besides its formula.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DesignOptions {
    /// Column of weights and what they mean.
    pub weights: Option<(String, WeightKind)>,
    /// Cluster variables: columns, or combinations `a^b`.
    pub clusters: Vec<String>,
    /// Columns of latitude and longitude in degrees, where spatial correlation is asked for.
    pub coordinates: Option<[String; 2]>,
    /// Rows to keep: those in which the condition is known to hold.
    pub filter: Option<Expr>,
    /// Rows to keep, one flag per row of the frame, and why the others leave.
    pub subset: Option<(Reason, Vec<bool>)>,
}

/// A regression ready to be run. Every column has one value per row of the sample; rows keep the
/// order of the frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// Outcome: name and values.
    pub outcome: (String, Numbers),
    /// Regressors in the order of the formula, without the constant: name and values.
    pub regressors: Vec<(String, Numbers)>,
    /// A constant among the regressors (only when nothing is absorbed).
    pub intercept: bool,
    /// Absorbed effects.
    pub effects: Vec<Effect>,
    /// Weights, if any.
    pub weights: Option<Weights>,
    /// Cluster variables that inference may use.
    pub clusters: Vec<Codes>,
    /// Unit and time of each row, where known: random effects, lags and serial correlation need them.
    pub panel: Option<(Codes, Periods)>,
    /// Latitude and longitude of each row in degrees, where asked for.
    pub coordinates: Option<[Vec<f64>; 2]>,
    /// Row in the frame of each row here.
    pub sample: Vec<u32>,
    /// Where the other rows went.
    pub ledger: Ledger,
    /// What was noticed on the way.
    pub warnings: Vec<Warning>,
}

/// How the regressors of an instrumented design divide, in order: exogenous ones, endogenous ones, and the rest, which
/// are the excluded instruments. The constant is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Exogenous regressors.
    pub exogenous: usize,
    /// Endogenous regressors.
    pub endogenous: usize,
}

impl Design {
    /// The rows at the positions `rows`, ascending, codes renumbered. The caller books what left in the ledger.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        let take = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect::<Vec<f64>>();
        let named = |(name, values): &(String, Numbers)| (name.clone(), Arc::new(take(values)));
        Self {
            outcome: named(&self.outcome),
            regressors: self.regressors.iter().map(named).collect(),
            intercept: self.intercept,
            effects: self
                .effects
                .iter()
                .map(|e| Effect {
                    by: take_codes(&e.by, rows),
                    slopes: e.slopes.iter().map(|(name, values)| (name.clone(), take(values))).collect(),
                    intercept: e.intercept,
                })
                .collect(),
            weights: self.weights.as_ref().map(|w| Weights { values: take(&w.values), ..w.clone() }),
            clusters: self.clusters.iter().map(|c| take_codes(c, rows)).collect(),
            panel: self.panel.as_ref().map(|(unit, time)| {
                let codes = Arc::new(rows.iter().map(|&row| time.codes[row as usize]).collect());
                (take_codes(unit, rows), Periods { codes, times: time.times.clone() })
            }),
            coordinates: self.coordinates.as_ref().map(|places| [take(&places[0]), take(&places[1])]),
            sample: rows.iter().map(|&row| self.sample[row as usize]).collect(),
            ledger: self.ledger.clone(),
            warnings: self.warnings.clone(),
        }
    }

    /// Values of a regressor in the rows `sample` of the frame, which are among those of this design; both in order.
    pub fn regressor(&self, name: &str, sample: &[u32]) -> Option<Cow<'_, [f64]>> {
        let (_, values) = self.regressors.iter().find(|(known, _)| known == name)?;
        if sample.len() == self.sample.len() {
            return Some(Cow::Borrowed(values));
        }
        let mut own = self.sample.iter().zip(values.iter());
        let at = |row: &u32| own.find(|(known, _)| *known == row).map(|(_, value)| *value);
        sample.iter().map(at).collect::<Option<_>>().map(Cow::Owned)
    }

    /// Rows in the sample.
    pub fn rows(&self) -> usize {
        self.outcome.1.len()
    }

    /// For how many rows each row stands; none where for itself.
    pub fn copies(&self) -> Option<&[f64]> {
        self.weights.as_ref().filter(|weights| weights.kind == WeightKind::Copies).map(|weights| &weights.values[..])
    }

    /// How many rows of the data `rows` stand for.
    pub fn count(&self, rows: impl Iterator<Item = usize>) -> usize {
        match self.copies() {
            Some(copies) => rows.map(|row| copies[row]).sum::<f64>() as usize,
            None => rows.count(),
        }
    }
}
