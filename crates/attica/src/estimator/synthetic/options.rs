//! What a user can ask of synthetic difference-in-differences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which weights are fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Synthetic difference-in-differences: weights of units and periods, level differences allowed.
    #[default]
    Sdid,
    /// Synthetic control: weights of units alone, levels matched.
    Sc,
    /// Difference-in-differences: equal weights.
    Did,
}

/// How the variance is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Variance {
    /// Controls drawn as if treated. The only one for a single treated unit; assumes that treated and
    /// control units have the same noise, and needs more controls than treated units.
    Placebo,
    /// Leave one unit out with weights kept; needs two treated units in every cohort.
    Jackknife,
    /// Units drawn with replacement; needs two treated units.
    Bootstrap,
}

/// Options of synthetic difference-in-differences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// `sdid`, `sc` (synthetic control) or `did` (equal weights).
    pub kind: Kind,
    /// Standard errors: `placebo`, `jackknife` or `bootstrap`. Left out: the bootstrap, but placebo with fewer than
    /// ten treated units or a cohort of one, where there are enough controls.
    pub variance: Option<Variance>,
    /// Replications of placebo and bootstrap.
    pub replications: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { kind: Kind::default(), variance: None, replications: 200 }
    }
}
