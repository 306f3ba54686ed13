//! `[index]`, `[policy]` and `[model]`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;

/// A composite index. Every key that is not a setting is a dimension: `labour = ["+avg_wage", "-energy"]`, where the
/// sign says whether more is better (`+`, also without a sign) or worse (`-`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Index {
    /// How indicators become one number.
    pub method: IndexMethod,
    /// What a zero becomes after scaling: `keep` (0 ln 0 = 0), `epsilon`, `shrink` (0.99 z + 0.01) or `shift`.
    pub zeros: Zeros,
    /// What is added to scaled values when `zeros = "epsilon"`.
    pub epsilon: f64,
    /// Rows that minimum and maximum are taken over.
    pub scale: IndexPeriod,
    /// Rows that weights are computed from.
    pub weights: IndexPeriod,
    /// Rows that the best and worst points are taken over.
    pub ideal: IndexPeriod,
    /// Base of the distances: `minmax` scaled values, or the `vector` norm of raw ones.
    pub norm: IndexNorm,
    /// True to weight squared distances (weights enter once), false to weight the values (twice).
    pub weight_once: bool,
    /// The base period where a setting says `base`; the first one by default.
    pub base: Option<f64>,
    /// True for weights in two levels: indicators within dimensions, then dimensions.
    pub two_levels: bool,
    /// True to replicate code that divides entropy by ln(periods) though shares are pooled over all rows; weights may
    /// invert. Never for new work.
    pub ln_periods: bool,
    /// Indicators that are best at a value (`x = 5`) or within an interval (`x = [2, 3]`); their sign is then ignored.
    pub best: IndexMap<String, Best>,
    /// Dimensions: name and signed indicators.
    #[serde(flatten)]
    pub dimensions: IndexMap<String, Vec<String>>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            method: IndexMethod::default(),
            zeros: Zeros::default(),
            epsilon: 1e-4,
            scale: IndexPeriod::default(),
            weights: IndexPeriod::default(),
            ideal: IndexPeriod::default(),
            norm: IndexNorm::default(),
            weight_once: false,
            base: None,
            two_levels: false,
            ln_periods: false,
            best: IndexMap::new(),
            dimensions: IndexMap::new(),
        }
    }
}

/// Where an indicator is best.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Best {
    /// At this value.
    Target(f64),
    /// Between these values.
    Interval([f64; 2]),
}

/// How indicators become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IndexMethod {
    /// Entropy weights, then closeness to the best point.
    #[default]
    EntropyTopsis,
    /// Entropy weights, weighted sum.
    Entropy,
    /// Equal weights, closeness to the best point.
    Topsis,
    /// First principal component of the standardised indicators.
    Pca,
}

/// What a scaled value of zero becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Zeros {
    /// Stays zero, with 0 ln 0 = 0.
    #[default]
    Keep,
    /// z + epsilon.
    Epsilon,
    /// 0.99 z + 0.01.
    Shrink,
    /// Raw columns with values at or below zero are shifted by |min| + 0.01.
    Shift,
}

/// Rows that a constant of the index is taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IndexPeriod {
    /// All rows.
    #[default]
    Pooled,
    /// Each period by itself; scores are then not comparable over time.
    Yearly,
    /// The base period.
    Base,
}

/// Base of the distances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IndexNorm {
    /// Min-max scaled values.
    #[default]
    Minmax,
    /// Raw values over the root of their sum of squares.
    Vector,
}

/// The policy. Say when treatment starts in one of three ways: `first_treated` (a column with each unit's first
/// treated period), `treated` with `from` (a 0/1 column and a date), or `path` (a 0/1 column that varies over time).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Name of the treatment variable in tables.
    pub name: String,
    /// Column with the first treated period of each unit; empty means never treated.
    pub first_treated: Option<String>,
    /// Values of `first_treated` that mean never, besides the empty cell: `[0]`, `[9999]`.
    pub never: Vec<f64>,
    /// 0/1 column that marks the units of the treated group. Needs `from`.
    pub treated: Option<String>,
    /// First treated period of the `treated` group.
    pub from: Option<f64>,
    /// 0/1 column that is 1 in treated rows. Beside `first_treated` it is only compared with it.
    pub path: Option<String>,
    /// Column with the intensity of treatment: a continuous or fractional policy variable.
    pub continuous: Option<String>,
    /// Periods before adoption in which units may already react; they leave the reference.
    pub anticipation: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: "DID".to_owned(),
            first_treated: None,
            never: Vec::new(),
            treated: None,
            from: None,
            path: None,
            continuous: None,
            anticipation: 0,
        }
    }
}

/// What every step starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// Outcome, or a list of which the first is the main one.
    pub outcome: OneOrMany<String>,
    /// Control variables.
    pub controls: Vec<String>,
    /// Absorbed fixed effects, `province^year` for interacted ones; unit and time by default.
    pub effects: Option<Vec<String>>,
    /// Cluster variable, or several for multi-way clustering; the unit by default.
    pub cluster: OneOrMany<String>,
    /// Covariance when not clustered: `iid` or `HC1`. Never chosen by itself.
    pub vcov: Option<String>,
    /// Draws of the wild cluster bootstrap beside the standard errors of baseline and event study: 9999; none by default.
    pub wild: Option<usize>,
    /// Its type: `wcr11` (null imposed), `wcr13`, `wcr31`, `wcr33`, or `wcu..` (not imposed).
    pub wild_type: String,
    /// Its random weights: `rademacher`, `webb` (few clusters), `mammen` or `normal`.
    pub wild_weights: String,
    /// Weights: `{ column = "pop", kind = "analytic" }`.
    pub weights: Option<Weights>,
    /// Small-sample rule of standard errors.
    pub ssc: Ssc,
    /// Confidence level of intervals and bands.
    #[schemars(range(min = 0.5, max = 0.9999))]
    pub level: f64,
    /// Keeps absorbed groups with a single row in N, as linearmodels does.
    pub keep_singletons: bool,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            outcome: OneOrMany::default(),
            controls: Vec::new(),
            effects: None,
            cluster: OneOrMany::default(),
            vcov: None,
            wild: None,
            wild_type: "wcr11".to_owned(),
            wild_weights: "rademacher".to_owned(),
            weights: None,
            ssc: Ssc::default(),
            level: 0.95,
            keep_singletons: false,
        }
    }
}

/// Weights of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Column.
    pub column: String,
    /// `analytic` (inverse variance), `frequency` (copies of a row) or `probability` (inverse sampling probability).
    #[serde(default)]
    pub kind: Weighting,
}

/// What weights mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// Inverse variance of a cell mean.
    #[default]
    Analytic,
    /// A row stands for that many rows.
    Frequency,
    /// Inverse sampling probability.
    Probability,
}

/// Small-sample rule of standard errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ssc {
    /// reghdfe's.
    #[default]
    Reghdfe,
    /// fixest's.
    Fixest,
    /// `xtreg, fe`'s.
    Xtreg,
    /// areg's and explicit dummies'.
    Areg,
    /// linearmodels'.
    Linearmodels,
    /// plm's.
    Plm,
    /// No correction.
    None,
}

impl Ssc {
    /// The preset's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reghdfe => "reghdfe",
            Self::Fixest => "fixest",
            Self::Xtreg => "xtreg",
            Self::Areg => "areg",
            Self::Linearmodels => "linearmodels",
            Self::Plm => "plm",
            Self::None => "none",
        }
    }
}
