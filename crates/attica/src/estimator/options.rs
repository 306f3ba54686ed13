//! What a user can ask of the estimators for staggered adoption, beyond outcome, controls and window.
//! Knobs that several of them share stand at the top; what only one of them knows stands in its own table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Whom the treated are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlGroup {
    /// Units that are never treated.
    #[default]
    #[serde(alias = "nevertreated", alias = "never_treated")]
    Never,
    /// Units not treated yet in the period compared (nor in the base period, with anticipation).
    #[serde(rename = "notyet", alias = "not_yet", alias = "notyettreated", alias = "not-yet")]
    NotYet,
}

/// Which period changes are measured from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BasePeriod {
    /// The last period before treatment for effects, the period just before for leads: leads are short
    /// differences.
    #[default]
    Varying,
    /// The last period before treatment throughout: leads are long differences.
    Universal,
}

/// Options of the estimators for staggered adoption; the default of each is that of its reference software.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Comparison units: `never` or `notyet`. Each estimator's own default when left out.
    pub control_group: Option<ControlGroup>,
    /// Period that changes are measured from: `varying` or `universal` (`cs`).
    pub base_period: BasePeriod,
    /// Makes the leads of every estimator long differences from the same base period, where it can.
    pub symmetric: bool,
    /// Periods before adoption in which units may already react.
    pub anticipation: usize,
    /// Averages event times only over cohorts that are seen for at least this many periods after adoption.
    pub balance: Option<i64>,
    /// Draws of the multiplier bootstrap that replaces analytical standard errors and bands; none by default.
    pub bootstrap: Option<usize>,
    /// Keeps the influence of clusters on the headline effect, for families of outcomes.
    #[serde(skip)]
    pub influence: bool,
    /// What only `cs` knows.
    pub cs: super::callaway_santanna::Options,
    /// What only `etwfe` knows.
    pub etwfe: super::etwfe::Options,
    /// What only `lpdid` knows.
    pub lpdid: super::lpdid::Options,
    /// What only `stacked` knows.
    pub stacked: super::stacked::Options,
    /// What only `dcdh` knows: number of effects and placebos, effects per unit of treatment, rises or falls.
    pub dcdh: super::dcdh::Options,
    /// What only `sdid` knows.
    pub sdid: super::synthetic::Options,
    /// What only `sa` knows: shares of cohorts.
    pub sa: super::sun_abraham::Options,
    /// What only `bjs` knows: rows that cannot be imputed, variance, leads.
    pub bjs: super::imputation::Options,
}

impl Options {
    /// Names of the shared options that change estimates and were set. `base_period` and `symmetric` are not among
    /// them: they say what leads are, and most estimators have no choice.
    pub fn asked(&self) -> Vec<&'static str> {
        let set = [
            ("control_group", self.control_group.is_some()),
            ("anticipation", self.anticipation > 0),
            ("balance", self.balance.is_some()),
            ("bootstrap", self.bootstrap.is_some()),
        ];
        set.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect()
    }
}

/// `anticipation` in the list of what an estimator can be asked.
pub(super) fn anticipation() -> (&'static str, Text) {
    ("anticipation", Text::new("periods before adoption that may already react", "可能提前反应的期数"))
}

/// `balance` in that list.
pub(super) fn balance() -> (&'static str, Text) {
    ("balance", Text::new("cohorts seen for this many periods only", "仅保留处理后观测期足够长的批次"))
}

/// `bootstrap` in that list.
pub(super) fn bootstrap() -> (&'static str, Text) {
    ("bootstrap", Text::new("draws of the multiplier bootstrap", "乘数自助法抽样次数"))
}
