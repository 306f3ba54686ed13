//! Randomisation inference and placebo tests: the effect where the policy was not.
//!
//! [`placebo`] reassigns the treatment of a regression, [`placebo_of`] that of any registered estimator, and
//! [`estimate_earlier`] moves the policy back in time. p-values count the true assignment among the possible ones,
//! `(1 + #{b* at least as extreme}) / (1 + B)`, because without it a test rejects too often (Phipson and Smyth 2010,
//! Statistical Applications in Genetics and Molecular Biology 9(1)). When all assignments can be listed, the p-value is
//! the share of them that is at least as extreme: exact under the sharp null, without simulation (Fisher 1935).

mod draws;
mod effects;
mod estimator;
mod level;
pub mod lottery;
pub mod paths;
pub mod quick;
mod regression;
mod shift;
mod tally;

use serde::{Deserialize, Serialize};

use crate::design::Codes;
use crate::message::{Problem, Result, Warning};
use crate::meter::Meter;
use lottery::Scheme;
use paths::Paths;

pub use draws::{evaluate, run};
pub use estimator::placebo_of;
pub use level::assigned_by;
pub use regression::placebo;
pub use shift::{earlier, estimate_earlier, possible_shifts, possible_shifts_of};
pub use tally::{KEPT, RandomisationP, randomisation_p};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// As many units as are treated, at random and without replacement; their dates are those of the
    /// true ones.
    Unit,
    /// The whole vector of adoption, permuted over the units: the size of every cohort is kept. The same
    /// distribution as `Unit` (which keeps the dates too), from other draws.
    Cohort,
    /// Random units and random dates: one date for all where the policy has one, else one for each unit,
    /// among the periods that have one before them.
    Mixed,
}

impl Kind {
    /// The word that study files and results use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Cohort => "cohort",
            Self::Mixed => "mixed",
        }
    }

    /// How it draws, and the paths that it may give.
    fn scheme(self, found: &Paths) -> Result<(Scheme, Vec<Vec<f64>>)> {
        match self {
            Self::Unit | Self::Cohort => Ok((Scheme::Deal, found.paths.clone())),
            Self::Mixed if found.absorbing => {
                let periods = found.times.len();
                let dates = (1..periods).map(|g| (0..periods).map(|t| f64::from(u8::from(t >= g))).collect());
                let mut of = found.truth.treated.iter().map(|(_, path)| path);
                let first = of.next();
                let common = of.all(|path| Some(path) == first);
                Ok((Scheme::Dates { paths: (0..periods as u32 - 1).collect(), common }, dates.collect()))
            }
            Self::Mixed => Err(no_dates()),
        }
    }
}

/// Random dates of a treatment that has none.
fn no_dates() -> Problem {
    Problem::new("E201", "random dates need a treatment that switches once from 0 to 1")
        .fix("use the placebo kinds unit and cohort, which give whole treatment paths to other units")
}

/// How to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What is drawn.
    pub kind: Kind,
    /// Draws; all assignments are listed instead when there are no more than that.
    pub draws: usize,
    /// Seed; draw r is stream r.
    pub seed: u64,
    /// Stratum of each row of the frame (province, say): units are drawn only within their own.
    pub strata: Option<Codes>,
    /// Cluster of each row of the frame: whole clusters are drawn, as a policy of that level is assigned.
    pub clusters: Option<Codes>,
    /// Counts the draws as they are made.
    pub meter: Meter,
}

impl Options {
    /// Units, one by one, from all of them.
    pub fn new(kind: Kind, draws: usize, seed: u64) -> Self {
        Self { kind, draws, seed, strata: None, clusters: None, meter: Meter::default() }
    }
}

/// A placebo distribution and what it says of the estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placebo {
    /// What was drawn.
    pub kind: Kind,
    /// The true estimate.
    pub estimate: f64,
    /// Its t statistic; none where a standard error takes too long to have one for each draw (`sdid`).
    pub statistic: Option<f64>,
    /// Draws that have an effect; p-values count all of them.
    pub drawn: usize,
    /// Placebo effects, of the first [`KEPT`] draws.
    pub draws: Vec<f64>,
    /// Their t statistics; empty without `statistic`.
    pub t: Vec<f64>,
    /// Their conventional p-values; empty without `statistic`.
    pub p: Vec<f64>,
    /// All assignments were enumerated.
    pub exact: bool,
    /// Number of distinct assignments, the true one among them; none when there are too many to count, or when dates
    /// are drawn.
    pub possible: Option<u64>,
    /// Units (or clusters) that could be treated, and those that are.
    pub drawn_from: [usize; 2],
    /// p-values by effect.
    pub by_estimate: RandomisationP,
    /// p-values by t statistic.
    pub by_t: Option<RandomisationP>,
    /// Draws without an effect; they do not count.
    pub failed: usize,
    /// Cautions.
    pub warnings: Vec<Warning>,
}
