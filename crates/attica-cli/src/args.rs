//! What can be typed. The words here are the help page.

pub mod did;
pub mod fit;
pub mod replication;

use std::path::PathBuf;

use attica::message::Problem;
use attica::wild::{WildKind, WildOptions, WildWeights};
use clap::{Parser, Subcommand, ValueEnum};

pub use did::{Aggregate, Diagnostic, Did, PlaceboKind};
pub use fit::{Adjust, Fit, ModelFamily};

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
