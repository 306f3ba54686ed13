//! What a battery of robustness checks leaves: a curve over all specifications, and estimates without each group.

use attica::fit::Term;
use attica::message::Problem;
use attica::text::Text;
use serde::{Deserialize, Serialize};

/// Every specification that estimates the study's effect on the study's outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecificationCurve {
    /// The coefficient.
    pub term: String,
    /// Confidence level of the intervals.
    pub level: f64,
    /// What a specification may choose, dimension by dimension; the first of each dimension is the study's own.
    pub choices: Vec<Choice>,
    /// Specifications in ascending order of their estimates.
    pub rows: Vec<Specification>,
    /// Columns of the tables that are not in the curve, and combinations that could not be estimated.
    pub absent: Vec<Text>,
}

/// One choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What is chosen: the sample, or what is measured and controlled for.
    pub dimension: Text,
    /// Its head in the tables.
    pub label: Text,
}

/// One specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Specification {
    /// Which choices it makes, one per dimension, counted from 0.
    pub choices: Vec<usize>,
    /// Estimate.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// Lower end of the confidence interval.
    pub conf_low: f64,
    /// Upper end of the confidence interval.
    pub conf_high: f64,
    /// Observations.
    pub n_obs: usize,
    /// True for the study's own specification.
    pub main: bool,
}

/// The main estimate without each unit, cohort or level of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaveOut {
    /// What is left out: `unit`, `cohort` or a column.
    pub by: String,
    /// What a reader calls it.
    pub label: Text,
    /// The coefficient.
    pub term: String,
    /// Estimate with all groups.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// A change of more than this many standard errors counts as influential.
    pub bound: f64,
    /// Estimates without each group, ascending.
    pub rows: Vec<Left>,
    /// Groups without which the others do not identify the coefficient.
    pub lost: Vec<String>,
}

/// One group left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// The group.
    pub name: String,
    /// Estimate without it.
    pub estimate: f64,
    /// Rows that it has in the regression.
    pub rows: usize,
    /// Its absence moves the estimate by more than `bound` standard errors.
    pub influential: bool,
}

/// How much of the effect's uncertainty comes from the index that is the outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexUncertainty {
    /// The index.
    pub index: String,
    /// The coefficient, with the usual standard error.
    pub term: Term,
    /// Confidence level.
    pub level: f64,
    /// Draws that estimate index and effect together, where asked for.
    pub draws: Option<IndexDraws>,
    /// The effect on each usual form of the index, the study's own first; empty when not asked for.
    pub forms: Vec<IndexForm>,
    /// Forms that could not be computed.
    pub failed: Vec<(Text, Problem)>,
}

/// A bootstrap of index and effect together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexDraws {
    /// Draws that count.
    pub draws: usize,
    /// Draws without an index or an effect.
    pub failed: usize,
    /// What was drawn.
    pub by: String,
    /// How many of them there are.
    pub clusters: usize,
    /// Seed.
    pub seed: u64,
    /// Standard deviation of the effect when index and effect are estimated again.
    pub joint: f64,
    /// The same in the same draws when the scores stay as they are.
    pub fixed: f64,
    /// Percentiles of the joint draws at the confidence level.
    pub conf_low: f64,
    /// Upper one.
    pub conf_high: f64,
    /// Effects of the joint draws, in order.
    pub effects: Vec<f64>,
}

/// The effect on one form of the index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexForm {
    /// What is different from the study's own.
    pub label: Text,
    /// The study's own.
    pub main: bool,
    /// The policy's effect on it.
    pub term: Term,
    /// Standard deviation of the score in the regression's rows.
    pub sd: f64,
    /// Spearman's correlation of the units' mean scores with those of the study's own form.
    pub rank_correlation: f64,
    /// Largest change of a unit's rank.
    pub largest_shift: usize,
    /// The unit.
    pub unit: String,
}
