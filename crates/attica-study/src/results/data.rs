//! What is known before the first step: files, joins, the panel, the policy, the model and indices.

use attica::diagnostic::describe::Summary;
use attica::message::Warning;
use attica::text::Text;
use serde::{Deserialize, Serialize};

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Path as the study names it.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Format as read: `csv (UTF-8, delimiter ",")`, `xlsx, sheet "data"`.
    pub format: String,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// What reading noticed.
    pub warnings: Vec<Warning>,
}

/// A join of the panel (left) with a further source (right).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// The right source.
    pub file: String,
    /// Keys, as `left` or `left = right`.
    pub keys: Vec<String>,
    /// Rows of the left with a match.
    pub matched: usize,
    /// Rows of the left without one (kept, missing on the right's columns).
    pub only_left: usize,
    /// Rows of the right that match nothing (not used).
    pub only_right: usize,
    /// Up to five keys of each kind.
    pub examples_left: Vec<String>,
    /// Up to five keys that only the right has.
    pub examples_right: Vec<String>,
    /// How keys were unified, and names that nearly match.
    pub warnings: Vec<Warning>,
}

/// The panel card of `attica check`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PanelCard {
    /// Unit column.
    pub unit: String,
    /// Time column.
    pub time: String,
    /// Units.
    pub n_units: usize,
    /// Periods.
    pub n_periods: usize,
    /// First period.
    pub first: f64,
    /// Last period.
    pub last: f64,
    /// Distance between periods.
    pub step: f64,
    /// Rows.
    pub n_rows: usize,
    /// Every unit in every period.
    pub balanced: bool,
    /// Unit-periods missing between a unit's first and last row.
    pub gaps: usize,
    /// Units seen once.
    pub singletons: usize,
    /// Treatment, where known.
    pub treatment: Option<TreatmentCard>,
    /// Per column: missing rows and summary.
    pub columns: Vec<ColumnCard>,
    /// Warnings about the panel.
    pub warnings: Vec<Warning>,
}

/// Who is treated, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TreatmentCard {
    /// Treatment column.
    pub name: String,
    /// Cohorts: first treated period and number of units.
    pub cohorts: Vec<(f64, usize)>,
    /// Units never treated.
    pub never: usize,
    /// Units treated in every period.
    pub always: usize,
    /// Units whose treatment ends.
    pub switches_off: usize,
    /// Treated rows.
    pub treated_rows: usize,
    /// Periods before the first cohort.
    pub pre_periods: usize,
    /// Of these, testable with one reference period.
    pub testable_leads: usize,
    /// Periods from the first cohort's adoption on.
    pub post_periods: usize,
}

/// One column of the panel card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnCard {
    /// Name.
    pub name: String,
    /// `number` or `text`.
    pub kind: String,
    /// Missing rows.
    pub missing: usize,
    /// Distinct values.
    pub distinct: usize,
    /// Mean.
    pub mean: Option<f64>,
    /// Standard deviation (N - 1).
    pub sd: Option<f64>,
    /// Minimum.
    pub min: Option<f64>,
    /// Median.
    pub median: Option<f64>,
    /// Maximum.
    pub max: Option<f64>,
}

/// The policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Treatment variable.
    pub name: String,
    /// How it was coded, in a sentence.
    pub coding: Text,
    /// True when units adopt at different dates.
    pub staggered: bool,
    /// First treated periods.
    pub dates: Vec<f64>,
}

/// What every model starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Outcome.
    pub outcome: String,
    /// Controls.
    pub controls: Vec<String>,
    /// Absorbed effects.
    pub effects: Vec<String>,
    /// Cluster variables.
    pub cluster: Vec<String>,
    /// Small-sample preset.
    pub ssc: String,
}

/// A composite index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexResult {
    /// Name of the index.
    pub name: String,
    /// `entropy-topsis`, `entropy`, `topsis`, ...
    pub method: String,
    /// The variant in full: normalisation, zeros, weights, ideal points, norm.
    pub variant: Vec<(String, String)>,
    /// One row per indicator.
    pub weights: Vec<IndexWeight>,
    /// Weight of each dimension.
    pub dimensions: Vec<(String, f64)>,
    /// Rows scored.
    pub n: usize,
    /// Mean, standard deviation, minimum, median and maximum of the score.
    pub summary: Summary,
    /// Mean score by unit, highest first: unit, mean, rank, mean share of each dimension.
    pub ranks: Vec<IndexRank>,
    /// Mean score by period.
    pub by_period: Vec<(f64, f64)>,
    /// What the guards noticed.
    pub warnings: Vec<Warning>,
}

/// One indicator's weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexWeight {
    /// Dimension.
    pub dimension: String,
    /// Indicator.
    pub indicator: String,
    /// `benefit`, `cost`, `target 5`, `interval [a, b]`.
    pub direction: String,
    /// Entropy, where weights come from entropy.
    pub entropy: Option<f64>,
    /// Divergence, 1 - entropy.
    pub divergence: Option<f64>,
    /// Weight.
    pub weight: f64,
}

/// One unit in the ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexRank {
    /// Unit.
    pub unit: String,
    /// Mean score over its periods.
    pub score: f64,
    /// Rank of the mean, 1 is the highest.
    pub rank: usize,
    /// Share of each dimension in the score, in the order of `dimensions`.
    pub shares: Vec<f64>,
}
