//! Matching and weighting: whom the treated are compared with, and how alike both sides are.

use attica::ledger::Ledger;
use attica::matching::balance::Balance;
use attica::matching::{Method, ScoreTerm};
use attica::message::Warning;
use attica::text::Text;
use serde::{Deserialize, Serialize};

use crate::studyfile::MatchTiming;

/// Matched samples; the regressions on them, and why some have none, are a table of models beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matching {
    /// What candidates are compared by.
    pub covariates: Vec<String>,
    /// One for each timing.
    pub timings: Vec<TimedMatches>,
}

/// Whom one timing compares, and what each method makes of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimedMatches {
    /// When they are compared.
    pub timing: MatchTiming,
    /// The same in words.
    pub label: Text,
    /// The base period, where there is one.
    pub base: Option<f64>,
    /// Treated candidates: units in the base period, or rows.
    pub treated: usize,
    /// Controls.
    pub controls: usize,
    /// Units or rows of the panel, and why some are no candidates.
    pub ledger: Ledger,
    /// The logit behind the propensity scores; that of the last period where each has its own.
    pub score: Option<ScoreModel>,
    /// Densities of the score of all treated candidates and of all controls.
    pub density: Option<Densities>,
    /// One for each method.
    pub matches: Vec<Match>,
}

/// The logit behind propensity scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreModel {
    /// Coefficients, the constant first.
    pub terms: Vec<ScoreTerm>,
    /// Covariates left out as combinations of others.
    pub omitted: Vec<String>,
    /// McFadden's pseudo R2.
    pub pseudo_r2: f64,
}

/// Kernel densities of the propensity score, as points from left to right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Densities {
    /// Of the treated.
    pub treated: Vec<(f64, f64)>,
    /// Of the controls.
    pub controls: Vec<(f64, f64)>,
}

/// A matched sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// How controls were found, with its numbers.
    pub method: Method,
    /// The same in words.
    pub label: Text,
    /// Treated candidates with a match.
    pub treated: usize,
    /// Controls with weight.
    pub controls: usize,
    /// Sum of the controls' weights squared over the sum of their squares.
    pub effective_controls: f64,
    /// Treated candidates whose score no control reaches; none where that was not asked.
    pub off_support: Option<usize>,
    /// Treated candidates without a control within the distance allowed.
    pub no_match: usize,
    /// From the panel to the matched sample, in units or rows.
    pub ledger: Ledger,
    /// Means, standardised differences and variance ratios before and after.
    pub balance: Balance,
    /// Densities of the score under the weights.
    pub density: Option<Densities>,
    /// Units that have weight, where units are matched once; empty where rows are.
    pub weights: Vec<UnitWeight>,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
}

/// The weight of a matched unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitWeight {
    /// Unit.
    pub unit: String,
    /// Ever treated.
    pub treated: bool,
    /// Propensity score.
    pub score: Option<f64>,
    /// Weight of each of its rows.
    pub weight: f64,
}
