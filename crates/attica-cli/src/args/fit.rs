//! Arguments of `attica fit`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Estimation, WildArgs};

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
