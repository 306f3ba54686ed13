//! Descriptions, tables of regressions, and event studies.

use std::sync::Arc;

use attica::design::Design;
use attica::diagnostic::describe::Summary;
use attica::estimator::event::EventStudy;
use attica::fit::{ClusterCard, FitRecord, Term, Variance, Wald};
use attica::hypothesis::family::Family;
use attica::message::{Problem, Warning};
use attica::text::Text;
use serde::{Deserialize, Serialize};

use super::{Answer, FewClusters, NoAnswer};

/// Descriptive statistics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descriptives {
    /// Overall.
    pub overall: Vec<(String, Summary)>,
    /// By group (treated and not, by default).
    pub groups: Option<GroupedDescriptives>,
}

/// Two groups side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupedDescriptives {
    /// What splits the rows.
    pub by: Text,
    /// Names of the two groups.
    pub names: [Text; 2],
    /// Variables.
    pub rows: Vec<GroupRow>,
}

/// One variable in two groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// Variable.
    pub variable: String,
    /// Summary in each group.
    pub groups: [Summary; 2],
    /// First minus second mean.
    pub difference: f64,
    /// Welch t statistic of the difference, clustered by unit.
    pub t: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// Difference over the root of the mean variance.
    pub standardised: Option<f64>,
}

/// A family of regressions in one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Identifies the table in file names: `baseline`, `robustness-samples`, `mechanism-region`.
    pub id: String,
    /// Title of the table.
    pub title: Text,
    /// Columns.
    pub models: Vec<Model>,
    /// Terms that the table prints, in order; others are summed up in a row "Controls".
    pub show: Vec<String>,
    /// Tests across columns (equality of effects, permutation of labels).
    pub tests: Vec<Test>,
    /// What was computed and how to read it, one paragraph.
    pub methods: Text,
    /// Cautions that belong under the table.
    pub cautions: Vec<Warning>,
}

/// One column of a table of regressions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Head of the column beside its number and outcome: `Trimmed 1/99`, `East`.
    pub head: Text,
    /// The formula as estimated.
    pub formula: String,
    /// The regression, or why there is none.
    pub fit: Outcome,
    /// Which controls are in.
    pub controls: Vec<String>,
    /// Absorbed effects.
    pub effects: Vec<String>,
    /// The rows used and their columns, while the study is run to be exported; never in `results.json`.
    #[serde(skip)]
    pub design: Option<Arc<Design>>,
}

/// An estimate or the reason for its absence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Estimated.
    Fit(Box<FitRecord>),
    /// Not estimated, and why.
    Failed(Problem),
}

/// One coefficient under several covariances: same estimate, other uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variances {
    /// Column of the baseline table that it belongs to, counted from 0.
    pub column: usize,
    /// The coefficient.
    pub term: String,
    /// Estimate.
    pub estimate: f64,
    /// Confidence level.
    pub level: f64,
    /// One per covariance.
    pub rows: Vec<Variance>,
    /// What the clusters say about the coefficient, under one-way clustering.
    pub clusters: Option<ClusterCard>,
}

/// A test that spans columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Name of the test and what it says when rejected.
    pub name: Text,
    /// The Wald form, if it is one.
    pub wald: Option<Wald>,
    /// p-value.
    pub p_value: f64,
    /// Draws behind a permutation p-value.
    pub draws: Option<usize>,
}

/// Several tests of one policy: on several outcomes, channels or groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestFamily {
    /// Identifies the table: `families`, `mechanism-family`.
    pub id: String,
    /// Title of the table.
    pub title: Text,
    /// What the rows are: outcome, channel, group.
    pub of: Text,
    /// What estimated the effects.
    pub estimator: Text,
    /// Estimates and p-values.
    pub family: Family,
    /// Outcomes without an estimate, and why.
    pub failed: Vec<(String, Problem)>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Linear combinations and joint tests of the coefficients of one or several estimates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hypotheses {
    /// Identifies the table: `event-study-hypotheses`.
    pub id: String,
    /// Title of the table.
    pub title: Text,
    /// Each estimate: what it is, its combinations, its tests.
    pub estimates: Vec<(Text, Vec<Term>, Vec<Wald>)>,
    /// What has no answer.
    pub warnings: Vec<Warning>,
}

/// Event studies of one outcome, by one or several estimators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventStudies {
    /// One per estimator that has effects by event time.
    pub studies: Vec<EventStudy>,
    /// What the joint test of each study's leads could have seen, where that is defined.
    #[serde(default)]
    pub powers: Vec<LeadPower>,
    /// The whole answer of each estimator.
    pub estimators: Vec<Answer>,
    /// Estimators that have no answer here, and why.
    pub failed: Vec<NoAnswer>,
    /// The headline effects under tests for few clusters, where clusters are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub few_clusters: Option<FewClusters>,
    /// What was computed and how to read it.
    pub methods: Text,
}

/// Linear differences in trends that the joint test of an event study's leads finds (Roth 2022).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadPower {
    /// Registered name of the estimator.
    pub estimator: String,
    /// Size of the test.
    pub size: f64,
    /// Difference per period that is found with probability .5, as a positive number.
    pub half: f64,
    /// That found with probability .8.
    pub four_fifths: f64,
}
