//! The choices that published indices differ in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which values of an indicator are good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More is better: z = (x - min) / (max - min).
    #[default]
    Benefit,
    /// Less is better: z = (max - x) / (max - min).
    Cost,
    /// The nearer to x0 the better: z = 1 - |x - x0| / max |x - x0|.
    Target(f64),
    /// Best within `[a, b]`: z = 1 there, and 1 - distance / largest distance outside.
    Interval(f64, f64),
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Benefit => write!(f, "benefit"),
            Self::Cost => write!(f, "cost"),
            Self::Target(x0) => write!(f, "target {x0}"),
            Self::Interval(a, b) => write!(f, "interval [{a}, {b}]"),
        }
    }
}

/// How weights and scores are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Entropy weights, TOPSIS closeness.
    #[default]
    EntropyTopsis,
    /// Entropy weights, weighted sum; often sold under the name of the former.
    Entropy,
    /// Equal weights, TOPSIS closeness.
    Topsis,
    /// First principal component of the standardised indicators.
    Pca,
}

impl Method {
    /// Name as written in study files.
    pub fn name(self) -> &'static str {
        match self {
            Self::EntropyTopsis => "entropy-topsis",
            Self::Entropy => "entropy",
            Self::Topsis => "topsis",
            Self::Pca => "pca",
        }
    }
}

/// The rows that a minimum, a proportion or an ideal point is taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// All rows: scores of all periods are on one scale.
    #[default]
    Pooled,
    /// The rows of each period by themselves: scores of different periods are not comparable.
    PerPeriod,
    /// The rows of the base period, for all periods.
    BasePeriod,
}

/// The base period, by its label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// The first period of the table.
    #[default]
    First,
    /// This one.
    At(u32),
}

/// What is done about zeros before proportions are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Zeros {
    /// Nothing; 0 ln 0 = 0.
    #[default]
    Keep,
    /// Adds this much to every scaled value (1e-10, 1e-4, 1e-3 and 1e-2 are in use).
    Add(f64),
    /// 0.99 z + 0.01.
    Squeeze,
    /// Shifts a raw column that has values <= 0 by |min| + 0.01. Scaling to `[0, 1]` undoes a shift, so
    /// this matters under [`Proportions::Raw`] and [`Norm::Vector`] only.
    Shift,
}

/// What proportions are taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proportions {
    /// Of the scaled values.
    #[default]
    Scaled,
    /// Of the raw values, which must not be negative (Hwang and Yoon 1981).
    Raw,
}

/// The R in e = -(1 / ln R) sum p ln p.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogRows {
    /// The rows over which the proportions sum to 1, which bounds e by 1.
    #[default]
    Own,
    /// All scored rows.
    All,
    /// Rows of one period (mean over periods). Too small for pooled proportions: e can exceed 1, which
    /// is refused.
    OfPeriod,
    /// Replicates a mistake found in published code: the number of periods, with pooled proportions.
    /// Entropies exceed 1, divergences turn negative and the order of the weights turns over. The result
    /// carries the right weights beside these.
    #[serde(rename = "ln-periods")]
    Periods,
}

/// Normalisation of the matrix that distances are measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// The scaled values.
    #[default]
    Minmax,
    /// x / sqrt(sum x^2) of the raw values; the ideal point follows the direction. Indicators with a
    /// target or an interval enter by their scaled values.
    Vector,
    /// z / sqrt(sum z^2) of the scaled values.
    VectorScaled,
}

/// Where the weights enter the distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// Before squaring: v = w z, D = sqrt(sum (v - V)^2), so that w counts twice.
    #[default]
    Twice,
    /// Once: D = sqrt(sum w (z - Z)^2).
    Once,
}

/// Weights of indicators at once, or within dimensions and then of dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Levels {
    /// All indicators at once.
    #[default]
    One,
    /// Weights within each dimension; the dimensions' weighted sums, scaled anew, are then weighed among
    /// themselves in the same way. An indicator's weight is the product.
    Two,
}

/// All choices. The defaults are the pooled entropy-TOPSIS with 0 ln 0 = 0 and min-max scaling.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Options {
    /// Weights and score.
    pub method: Method,
    /// Rows of the minimum and maximum.
    pub normalisation: Over,
    /// Rows of the proportions.
    pub weights: Over,
    /// Rows of the ideal points.
    pub ideal: Over,
    /// The base period, where one is used.
    pub base: Base,
    /// Zeros.
    pub zeros: Zeros,
    /// Proportions of what.
    pub proportions: Proportions,
    /// R.
    pub log_rows: LogRows,
    /// Norm.
    pub norm: Norm,
    /// Weights once or twice.
    pub distance: Distance,
    /// One level or two.
    pub levels: Levels,
    /// Weights given by the user in the order of the indicators, in place of entropy weights.
    pub given: Option<Vec<f64>>,
}

impl Options {
    /// The variant in full as (choice, value), for a table of the method.
    pub fn variant(&self) -> Vec<(String, String)> {
        let over = |over: Over| match over {
            Over::Pooled => "pooled".to_owned(),
            Over::PerPeriod => "per period".to_owned(),
            Over::BasePeriod => match self.base {
                Base::First => "first period".to_owned(),
                Base::At(period) => format!("period {period}"),
            },
        };
        let mut rows = vec![("method", self.method.name().to_owned()), ("normalisation", over(self.normalisation))];
        if matches!(self.method, Method::EntropyTopsis | Method::Entropy) {
            if self.given.is_some() {
                rows.push(("weights", "given".to_owned()));
            } else {
                let zeros = match self.zeros {
                    Zeros::Keep => "0 ln 0 = 0".to_owned(),
                    Zeros::Add(eps) => format!("z + {eps}"),
                    Zeros::Squeeze => "0.99 z + 0.01".to_owned(),
                    Zeros::Shift => "x + |min| + 0.01 where x <= 0".to_owned(),
                };
                let r = match self.log_rows {
                    LogRows::Own => "rows of the proportions",
                    LogRows::All => "all rows",
                    LogRows::OfPeriod => "rows of a period",
                    LogRows::Periods => "periods (replication of a mistake)",
                };
                let of = match self.proportions {
                    Proportions::Scaled => "scaled values",
                    Proportions::Raw => "raw values",
                };
                rows.push(("weights", over(self.weights)));
                rows.extend([("proportions", of.to_owned()), ("zeros", zeros), ("R", r.to_owned())]);
                rows.push(("levels", if self.levels == Levels::One { "one" } else { "two" }.to_owned()));
            }
        }
        if matches!(self.method, Method::EntropyTopsis | Method::Topsis) {
            let norm = match self.norm {
                Norm::Minmax => "min-max",
                Norm::Vector => "vector (raw)",
                Norm::VectorScaled => "vector (scaled)",
            };
            let distance = if self.distance == Distance::Twice { "w z" } else { "sum w (z - Z)^2" };
            rows.extend([
                ("ideal points", over(self.ideal)),
                ("norm", norm.to_owned()),
                ("weights enter as", distance.to_owned()),
            ]);
        }
        rows.into_iter().map(|(choice, value)| (choice.to_owned(), value)).collect()
    }
}
