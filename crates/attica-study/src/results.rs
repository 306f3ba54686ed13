//! `results.json`: everything that a study computed. A report is made from it alone; nothing is
//! computed again.
//!
//! Sections come in the order of the paper. A section that could not be computed is kept with its
//! problem, so that nothing is lost silently.

mod design;
mod diagnostics;
mod matching;
mod referee;
mod robustness;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::effects::{Answer, NoAnswer, Overall};
pub use crate::few::FewClusters;
use attica::design::Design;
pub use attica::diagnostic::describe::Summary;
pub use attica::estimator::event::{EventRow, EventStudy};
use attica::fit::{ClusterCard, FitRecord, Term, Variance, Wald};
pub use attica::hypothesis::family::{Family, FamilyRow};
use attica::ledger::Ledger;
use attica::message::{Problem, Warning};
use attica::text::{Language, Text};
use attica_report::figure::FigureWidth;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use crate::studyfile::{ColumnGroup, Panels, TableLayout};
pub use design::*;
pub use diagnostics::*;
pub use matching::*;
pub use referee::Remark;
pub use robustness::*;

/// The whole study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Format of this file: `attica-results/1`.
    pub format: String,
    /// Version of Attica.
    pub version: String,
    /// Title of the study.
    pub title: Text,
    /// Language of the report unless another is asked for.
    pub language: Language,
    /// Seed of every random draw.
    pub seed: u64,
    /// What simulated data are labelled with, wherever they show.
    pub simulated: Option<Text>,
    /// How tables look.
    pub style: Style,
    /// Files read.
    pub sources: Vec<Source>,
    /// How they were joined.
    pub joins: Vec<Join>,
    /// Rows from the first file to the panel.
    pub ledger: Ledger,
    /// The panel card.
    pub panel: PanelCard,
    /// What a reader calls each variable.
    pub labels: BTreeMap<String, Text>,
    /// How each derived variable was made: name and expression, in order.
    pub variables: Vec<(String, String)>,
    /// The policy: treatment variable and how it was coded.
    pub policy: Policy,
    /// What every model starts from.
    pub model: ModelCard,
    /// What the data say about the design.
    #[serde(default)]
    pub design: Option<DesignCard>,
    /// Composite indices.
    pub indices: Vec<IndexResult>,
    /// The paper's sections, in its order.
    pub sections: Vec<Section>,
    /// What a strict referee would say, the most important first.
    #[serde(default)]
    pub referee: Vec<Remark>,
    /// Warnings that belong to no single section.
    pub warnings: Vec<Warning>,
}

/// How tables are printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Style {
    /// `aer`, `cn` or `plain`.
    pub name: String,
    /// Significance levels, largest first: one star, two, three.
    pub stars: Vec<f64>,
    /// What stands in parentheses: `se`, `t`, `p`, `ci`.
    pub below: String,
    /// Decimals of coefficients.
    pub digits: usize,
    /// Dots per inch of pictures.
    #[serde(default = "print_resolution")]
    pub dpi: u32,
    /// Width of figures.
    #[serde(default)]
    pub figure_width: FigureWidth,
    /// Styles of the Word document that the study names as its reference: `word/styles.xml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_styles: Option<String>,
    /// Rows and columns of tables of regressions that the study file lays out, by the tables' names.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tables: IndexMap<String, TableLayout>,
    /// Tables printed as the panels of one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panels: Vec<Panels>,
}

/// What results of earlier versions were drawn at.
fn print_resolution() -> u32 {
    300
}

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

/// One section of the paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Key of the study file: `baseline`, `event_study`, `placebo`, ...
    pub step: String,
    /// What came out.
    pub content: Content,
}

/// What a step computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Table 1.
    Descriptives(Descriptives),
    /// A table of regressions: baseline, robustness, mechanism, heterogeneity.
    Models(Models),
    /// The main coefficient under several covariances.
    Variances(Variances),
    /// Effects by event time.
    EventStudy(EventStudies),
    /// Event studies when trends may differ.
    Sensitivity(Sensitivities),
    /// The two-way coefficient taken apart.
    Decomposition(Decomposition),
    /// Placebo distributions.
    Placebo(Placebos),
    /// Matched samples.
    Matching(Matching),
    /// Several tests of one policy, with adjusted p-values.
    Family(TestFamily),
    /// Linear combinations and joint tests.
    Hypotheses(Hypotheses),
    /// All specifications of the robustness checks, by size of the estimate.
    SpecificationCurve(SpecificationCurve),
    /// The main estimate without each unit, cohort or level of a column.
    LeaveOut(LeaveOut),
    /// What the outcome's index adds to the uncertainty of the effect.
    Index(Box<IndexUncertainty>),
    /// The step failed; the others went on.
    Failed(Problem),
}

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
