//! Arguments of `attica did`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Estimation, Lang, WildArgs};

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("policy").required(true).args(["first_treated", "treatment"]))]
pub struct Did {
    /// The table
    pub data: PathBuf,
    /// Column of the outcome
    #[arg(long)]
    pub outcome: String,
    /// Column of the unit
    #[arg(long)]
    pub unit: String,
    /// Column of the period
    #[arg(long)]
    pub time: String,
    /// Column with the first treated period of each unit; empty means never
    #[arg(long, value_name = "COLUMN")]
    pub first_treated: Option<String>,
    /// Column that is 1 in treated rows, or a dose
    #[arg(long, value_name = "COLUMN")]
    pub treatment: Option<String>,
    /// Values of --first-treated that mean never, besides the empty cell
    #[arg(long, value_name = "VALUES", value_delimiter = ',', allow_negative_numbers = true)]
    pub never: Vec<f64>,
    /// Estimators by name, or all; by default cs, and for a dose or a treatment that ends those that take one
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub estimator: Vec<String>,
    /// Control variables
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub controls: Vec<String>,
    /// Comparison units: never or notyet; by default each estimator's own
    #[arg(long, value_name = "GROUP")]
    pub control_group: Option<String>,
    /// Period that changes are measured from: varying or universal
    #[arg(long, value_name = "KIND")]
    pub base_period: Option<String>,
    /// Make leads long differences from one base period, where the estimator can
    #[arg(long)]
    pub symmetric: bool,
    /// Periods before adoption in which units may already react
    #[arg(long, value_name = "PERIODS")]
    pub anticipation: Option<usize>,
    /// Average event times only over cohorts seen this many periods after adoption
    #[arg(long, value_name = "PERIODS")]
    pub balance: Option<u32>,
    /// Draws of the multiplier bootstrap; analytical standard errors without
    #[arg(long, value_name = "DRAWS")]
    pub bootstrap: Option<usize>,
    /// Randomisation inference: reassign the policy this often, or in all possible ways when there are no more
    #[arg(long, value_name = "DRAWS", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub placebo: Option<u64>,
    /// What --placebo draws
    #[arg(long, value_name = "KIND", default_value = "unit", requires = "placebo")]
    pub placebo_kind: PlaceboKind,
    /// Draw units only within the levels of this column
    #[arg(long, value_name = "COLUMN", requires = "placebo")]
    pub strata: Option<String>,
    /// Draw whole levels of this column, to which the policy was assigned
    #[arg(long, value_name = "COLUMN", requires = "placebo")]
    pub placebo_clusters: Option<String>,
    /// Any other option of an estimator, by its key in the study file: cs.method=ipw
    #[arg(long, value_name = "KEY=VALUE")]
    pub option: Vec<String>,
    /// Averages to print; by default all that an estimator has
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub aggregate: Vec<Aggregate>,
    /// A linear combination of effects by event time: post, pre, '[3] - [0]', 'mean[0:3]', 'sum[0:3]'; may be repeated
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    pub lincom: Vec<String>,
    /// A joint test of effects by event time: leads, effects, '[-4:-2] = 0', '[0] = [3]'; may be repeated
    #[arg(long, value_name = "EQUATIONS", allow_hyphen_values = true)]
    pub test: Vec<String>,
    /// What else to examine: bacon and weights of two-way effects; honest and pretrend of the first estimator's event study
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub diagnostics: Vec<Diagnostic>,
    /// First and last event time: -4,6
    #[arg(long, value_name = "FIRST,LAST", value_delimiter = ',', allow_hyphen_values = true)]
    pub window: Vec<i64>,
    /// Cluster variable; the unit by default
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub cluster: Vec<String>,
    #[command(flatten)]
    pub wild: WildArgs,
    #[command(flatten)]
    pub estimation: Estimation,
    /// Read a Parquet file in passes instead of into memory (docs/large-files.md): estimates without controls, clustered by unit
    #[arg(long)]
    pub stream: bool,
    /// Memory for units whose rows are scattered over the file, in GB; by default half of what is free
    #[arg(long, value_name = "GB", requires = "stream")]
    pub stream_memory: Option<f64>,
    /// Seed of every random draw
    #[arg(long, default_value_t = 20_111_020)]
    pub seed: u64,
    /// Language of what is printed
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// Print the estimates as one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

/// What a placebo test draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlaceboKind {
    /// Random units, true dates
    Unit,
    /// The vector of adoption dates, permuted over units
    Cohort,
    /// Random units and random dates
    Mixed,
    /// No draws: earlier dates, without the truly treated rows
    Time,
}

impl From<PlaceboKind> for attica_study::studyfile::PlaceboKind {
    fn from(kind: PlaceboKind) -> Self {
        match kind {
            PlaceboKind::Unit => Self::Unit,
            PlaceboKind::Cohort => Self::Cohort,
            PlaceboKind::Mixed => Self::Mixed,
            PlaceboKind::Time => Self::Time,
        }
    }
}

/// What can be examined beside the estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Diagnostic {
    /// The Goodman-Bacon decomposition of two-way effects
    Bacon,
    /// The weights of two-way effects on the effects of treated rows
    Weights,
    /// Intervals robust to violations of parallel trends
    Honest,
    /// Power of tests of pre-trends, and bounds on pre-trends
    Pretrend,
}

/// A way of averaging effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Aggregate {
    /// All treated units and periods
    Simple,
    /// By periods since adoption
    Dynamic,
    /// By cohort
    Group,
    /// By period
    Calendar,
}
