//! Imputation of the untreated outcome: Borusyak, Jaravel and Spiess (2024, Review of Economic
//! Studies) and Gardner's two-stage estimator (2022). Both fit unit and period effects on untreated
//! rows and compare treated rows with what these predict; they differ in inference and in leads.
//! Reference implementations: Stata did_imputation, R didimputation; R did2s.

mod classes;
mod effects;
mod leads;
mod register;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::within::Rows;
pub use effects::{CellEffect, Effects, Variance, effects};
pub use register::{Gardner, Imputation};

/// Options of the imputation estimator (`bjs`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Leaves treated rows out whose untreated outcome cannot be imputed, and counts them; otherwise they stop.
    pub autosample: bool,
    /// Leaves a cluster's own rows out of the mean that their residuals are measured from, so that cohorts of few
    /// clusters no longer bias standard errors down.
    pub leave_out: bool,
    /// Number of leads that the regression on untreated rows tests, counted back from adoption; all but the
    /// earliest when left out.
    pub pretrends: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { autosample: true, leave_out: false, pretrends: None }
    }
}
