//! Placebo tests.

use attica::fit::FitRecord;
use attica::message::Warning;
use attica::text::Text;
use serde::{Deserialize, Serialize};

use super::{NoAnswer, Overall};

/// Placebo tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placebos {
    /// One for each kind and estimator.
    pub kinds: Vec<Placebo>,
    /// Estimators other than the main model that have none, once for each kind.
    #[serde(default)]
    pub failed: Vec<NoAnswer>,
    /// What was computed and how to read it.
    pub methods: Text,
}

fn two_way() -> String {
    "twfe".to_owned()
}

/// One placebo distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placebo {
    /// `unit`, `cohort`, `time`, `mixed`, `outcome`.
    pub kind: String,
    /// Registered name of the estimator; `twfe` is the main model.
    #[serde(default = "two_way")]
    pub estimator: String,
    /// What a table calls it.
    #[serde(default)]
    pub label: Text,
    /// What was drawn, in a sentence.
    pub description: Text,
    /// The true estimate.
    pub estimate: f64,
    /// Its t statistic.
    pub statistic: Option<f64>,
    /// Draws with an estimate; p-values count all of them.
    #[serde(default)]
    pub drawn: usize,
    /// Placebo coefficients of the first 10,000 draws.
    pub draws: Vec<f64>,
    /// Their t statistics.
    pub t: Vec<f64>,
    /// Their conventional p-values.
    pub p: Vec<f64>,
    /// All assignments were enumerated; false for kinds that are fits, which have no draws and no permutation p-value.
    pub exact: bool,
    /// Number of possible assignments, the true one among them; absent beyond 64 bits and where dates are drawn.
    #[serde(default)]
    pub possible: Option<u64>,
    /// Draws without an estimate, which do not count.
    #[serde(default)]
    pub failed: usize,
    /// Seed of the draws.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Column within whose levels was drawn.
    #[serde(default)]
    pub strata: Option<String>,
    /// Column whose levels were drawn as a whole.
    #[serde(default)]
    pub clusters: Option<String>,
    /// (1 + #{|b*| >= |b|}) / (B + 1); when exact, the share of all assignments.
    pub p_two_sided: Option<f64>,
    /// (1 + #{b* <= b}) / (B + 1).
    pub p_left: Option<f64>,
    /// (1 + #{b* >= b}) / (B + 1).
    pub p_right: Option<f64>,
    /// The two-sided one by t statistic; absent for an estimator whose draws have no standard error.
    pub p_two_sided_t: Option<f64>,
    /// The left one by t statistic.
    #[serde(default)]
    pub p_left_t: Option<f64>,
    /// The right one by t statistic.
    #[serde(default)]
    pub p_right_t: Option<f64>,
    /// Monte Carlo standard error of the two-sided p-value; 0 when exact.
    pub p_mc_error: Option<f64>,
    /// The same of that by t statistic.
    #[serde(default)]
    pub p_mc_error_t: Option<f64>,
    /// Effects of the kinds without draws (time, outcome), with their heads.
    #[serde(default)]
    pub effects: Vec<(Text, Overall)>,
    /// The regressions behind them, for the main model.
    pub fits: Vec<(Text, FitRecord)>,
    /// Cautions.
    pub warnings: Vec<Warning>,
}
