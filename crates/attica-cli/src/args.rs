//! What can be typed. The words here are the help page.

pub mod replication;

use std::path::PathBuf;

use attica::message::Problem;
use attica::wild::{WildKind, WildOptions, WildWeights};
use clap::{Parser, Subcommand, ValueEnum};

/// Policy evaluation on panel data: raw tables and one study file in, the whole paper out.
#[derive(Debug, Parser)]
#[command(name = "attica", version, propagate_version = true, arg_required_else_help = true)]
pub struct Args {
    /// Threads to use; results are the same for any number.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a study: every table and figure, the report and results.json
    Run(Run),
    /// Write the bundled example study and run it
    Demo(Demo),
    /// Write a study file for a table, after six questions
    New(New),
    /// Print the panel card: balance, gaps, duplicates, cohorts, missing values
    Check(Check),
    /// Estimate one formula
    Fit(Box<Fit>),
    /// Estimate the effect of a policy by one or several estimators for staggered adoption
    Did(Box<Did>),
    /// Build a composite index
    Index(Index),
    /// Check whether the numbers that a paper prints can all be true as described
    Audit(Audit),
    /// Print the JSON schema of the study file
    Schema(Schema),
    /// Write the documents of a results.json again
    Render(Render),
    /// Write a script for Stata, R or Python that computes the study again and compares
    Export(replication::Export),
    /// Write the replication package of a study
    Package(replication::Package),
    /// Check a replication package: checksums, and every value and cell computed again
    Verify(replication::Verify),
}

impl Command {
    /// True when stdout is to hold one JSON object and nothing else.
    pub fn json(&self) -> bool {
        match self {
            Self::Run(args) => args.json,
            Self::Check(args) => args.json,
            Self::Fit(args) => args.json,
            Self::Did(args) => args.json,
            Self::Index(args) => args.json,
            Self::Audit(args) => args.format() == AuditFormat::Json,
            Self::Verify(args) => args.json,
            Self::Demo(_) | Self::New(_) | Self::Schema(_) | Self::Render(_) | Self::Export(_) | Self::Package(_) => {
                false
            }
        }
    }
}

/// Where documents go, and which.
#[derive(Debug, clap::Args)]
pub struct Documents {
    /// Folder for the outputs
    #[arg(long, value_name = "DIR", default_value = "attica-out")]
    pub out: PathBuf,
    /// Documents to write; by default those of the study file
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub formats: Vec<Format>,
    /// Language of the documents; by default that of the study file
    #[arg(long)]
    pub lang: Option<Lang>,
    /// Replace outputs that were changed by hand
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub struct Run {
    /// The study file
    pub study: PathBuf,
    /// Folder that the data files are in; by default that of the study file
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub documents: Documents,
    /// Print one JSON object about the run on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Folder for the example and its outputs
    #[arg(default_value = "attica-demo")]
    pub dir: PathBuf,
    /// Language of the study file's report
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// Replace files that were changed by hand
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub struct New {
    /// The table: CSV, Excel, Stata, Parquet or Arrow
    pub data: PathBuf,
    /// Take the guesses without asking
    #[arg(long)]
    pub yes: bool,
    /// Language of the comments and of the report
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// The study file to write
    #[arg(long, value_name = "FILE", default_value = "study.toml")]
    pub out: PathBuf,
    /// Replace the study file if there is one
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub struct Check {
    /// The table
    pub data: PathBuf,
    /// Column of the unit
    #[arg(long)]
    pub unit: String,
    /// Column of the period
    #[arg(long)]
    pub time: String,
    /// Column that is 1 in treated rows
    #[arg(long, conflicts_with = "first_treated")]
    pub treatment: Option<String>,
    /// Column with the first treated period of each unit; empty means never
    #[arg(long)]
    pub first_treated: Option<String>,
    /// Values of --first-treated that mean never, besides the empty cell
    #[arg(long, value_name = "VALUES", value_delimiter = ',', allow_negative_numbers = true)]
    pub never: Vec<f64>,
    /// Rows to look at, such as 'year >= 2009'
    #[arg(long, value_name = "CONDITION")]
    pub r#where: Option<String>,
    /// Language of the card
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// Print the card as one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

/// Which rows an estimate uses, how they count, and how it infers.
#[derive(Debug, clap::Args)]
pub struct Estimation {
    /// Small-sample rule: reghdfe, fixest, xtreg, areg, linearmodels, plm, none
    #[arg(long, value_name = "PRESET", default_value = "reghdfe")]
    pub ssc: String,
    /// Column of weights
    #[arg(long, value_name = "COLUMN")]
    pub weights: Option<String>,
    /// What weights mean
    #[arg(long, value_name = "KIND", default_value = "analytic")]
    pub weights_kind: Weighting,
    /// Rows to use, such as 'year >= 2009'
    #[arg(long, value_name = "CONDITION")]
    pub r#where: Option<String>,
    /// Confidence level
    #[arg(long, default_value_t = 0.95)]
    pub level: f64,
}

/// How the mean of the outcome depends on the regressors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelFamily {
    /// Least squares
    Linear,
    /// Poisson pseudo maximum likelihood: the mean is the exponential of the linear predictor
    Poisson,
}

#[derive(Debug, clap::Args)]
pub struct Fit {
    /// The formula: outcome ~ regressors | absorbed effects
    pub formula: String,
    /// The table
    pub data: PathBuf,
    /// Cluster variables
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub cluster: Vec<String>,
    /// Covariance: iid, HC1, HC2, HC3, CR2(city), CRV3(city), NW, DK, conley(lat, lon, km); a list of them, or all, shows
    /// one coefficient under each
    #[arg(long, value_name = "KINDS")]
    pub vcov: Option<String>,
    #[command(flatten)]
    pub estimation: Estimation,
    /// Model of the outcome
    #[arg(long, default_value = "linear")]
    pub family: ModelFamily,
    /// Column that enters a Poisson model with coefficient one: the logarithm of the exposure
    #[arg(long, value_name = "COLUMN")]
    pub offset: Option<String>,
    /// Column of the unit, for lags and units counted
    #[arg(long, requires = "time")]
    pub unit: Option<String>,
    /// Column of the period
    #[arg(long, requires = "unit")]
    pub time: Option<String>,
    #[command(flatten)]
    pub wild: WildArgs,
    /// Keep absorbed groups that have one row
    #[arg(long)]
    pub keep_singletons: bool,
    /// Read the table, a parquet file, in passes instead of into memory; without this, when it would not fit
    #[arg(long)]
    pub stream: bool,
    /// A linear combination of coefficients, such as 'x1 + 2*x2 - 1' or 'x1 = x2'; may be repeated
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    pub lincom: Vec<String>,
    /// A joint test, such as 'x1 = x2 = 0' or 'x1 = x2, x3 = 1'; may be repeated
    #[arg(long, value_name = "EQUATIONS", allow_hyphen_values = true)]
    pub test: Vec<String>,
    /// Adjust the p-values of one coefficient over all regressions of the formula
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    pub adjust: Vec<Adjust>,
    /// The coefficient that --adjust and --vcov all are about; by default the first
    #[arg(long, value_name = "COEFFICIENT")]
    pub of: Option<String>,
    /// Draws behind Romano-Wolf p-values
    #[arg(long, value_name = "DRAWS", default_value_t = 999)]
    pub draws: usize,
    /// Seed of every random draw
    #[arg(long, default_value_t = 20_111_020)]
    pub seed: u64,
    /// Print the estimate as one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

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

/// The wild cluster bootstrap.
#[derive(Debug, clap::Args)]
pub struct WildArgs {
    /// Draws of the wild cluster bootstrap beside the standard errors: 9999
    #[arg(long, value_name = "DRAWS")]
    pub wild: Option<usize>,
    /// Null imposed (wcr) or not (wcu), with jackknife residuals (31, 33) and variance (13, 33) or without (11)
    #[arg(long, value_name = "TYPE", default_value = "wcr11", requires = "wild")]
    pub wild_type: String,
    /// Random weights: rademacher, webb, mammen or normal
    #[arg(long, value_name = "WEIGHTS", default_value = "rademacher", requires = "wild")]
    pub wild_weights: String,
}

impl WildArgs {
    /// What the flags ask for, if they do.
    pub fn options(&self, seed: u64, level: f64) -> Result<Option<WildOptions>, Problem> {
        let Some(draws) = self.wild else { return Ok(None) };
        let (kind, weights) = (WildKind::parse(&self.wild_type)?, WildWeights::parse(&self.wild_weights)?);
        Ok(Some(WildOptions { draws, kind, weights, seed, level: Some(level), ..WildOptions::default() }))
    }
}

/// A way of adjusting p-values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Adjust {
    /// Romano and Wolf's step-down
    Rw,
    /// Holm
    Holm,
    /// Bonferroni
    Bonferroni,
    /// Benjamini and Hochberg's q
    Bh,
    /// Sharpened q of Benjamini, Krieger and Yekutieli
    Sharpened,
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

#[derive(Debug, clap::Args)]
pub struct Index {
    /// The table
    pub data: PathBuf,
    /// Indicators of which more is better
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub benefit: Vec<String>,
    /// Indicators of which less is better
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub cost: Vec<String>,
    /// Column of the unit
    #[arg(long)]
    pub unit: Option<String>,
    /// Column of the period
    #[arg(long)]
    pub time: Option<String>,
    /// entropy-topsis, entropy, topsis or pca
    #[arg(long, default_value = "entropy-topsis")]
    pub method: String,
    /// What zeros become after scaling: keep, epsilon, shrink or shift
    #[arg(long, default_value = "keep")]
    pub zeros: String,
    /// What --zeros epsilon adds
    #[arg(long, default_value_t = 1e-4)]
    pub epsilon: f64,
    /// Norm of the distances: minmax or vector
    #[arg(long, default_value = "minmax")]
    pub norm: String,
    /// Let weights enter the distances once
    #[arg(long)]
    pub weight_once: bool,
    /// Rows to use
    #[arg(long, value_name = "CONDITION")]
    pub r#where: Option<String>,
    /// Print the index as one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Audit {
    /// The paper file (TOML), or tables alone: CSV, LaTeX or Word
    pub paper: PathBuf,
    /// What is printed
    #[arg(long, default_value = "text")]
    format: AuditFormat,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Language of the findings; by default that of the paper file
    #[arg(long)]
    pub lang: Option<Lang>,
}

impl Audit {
    /// The format asked for, by either flag.
    pub fn format(&self) -> AuditFormat {
        if self.json { AuditFormat::Json } else { self.format }
    }
}

/// What an audit is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// Lines for a terminal
    Text,
    /// One page
    Html,
    /// One object
    Json,
}

#[derive(Debug, clap::Args)]
pub struct Schema {
    /// That of the paper file of `attica audit` instead
    #[arg(long)]
    pub paper: bool,
}

#[derive(Debug, clap::Args)]
pub struct Render {
    /// The results.json of a run
    pub results: PathBuf,
    #[command(flatten)]
    pub documents: Documents,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Lang {
    /// English
    En,
    /// Chinese
    Zh,
}

impl From<Lang> for attica::text::Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Zh => Self::Zh,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Html,
    Docx,
    Xlsx,
    Pdf,
    Tex,
    Md,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Weighting {
    Analytic,
    Frequency,
    Probability,
}

impl From<Weighting> for attica::design::WeightKind {
    fn from(kind: Weighting) -> Self {
        match kind {
            Weighting::Analytic => Self::Analytic,
            Weighting::Frequency => Self::Frequency,
            Weighting::Probability => Self::Probability,
        }
    }
}
