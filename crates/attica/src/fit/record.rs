//! What every estimate yields: the record that results, tables and the JSON contract share.

use serde::{Deserialize, Serialize};

use super::iv::IvRecord;
use crate::ledger::Ledger;
use crate::math::distribution::{t_quantile, t_two_sided};
use crate::message::Warning;
use crate::text::Text;
use crate::wild::WildRecord;

/// One coefficient as a table needs it (broom's `tidy`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Name of the regressor.
    pub term: String,
    /// Coefficient.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// t (or z) statistic.
    pub statistic: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// Lower end of the confidence interval.
    pub conf_low: f64,
    /// Upper end of the confidence interval.
    pub conf_high: f64,
    /// Test by the wild bootstrap, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wild: Option<Box<WildRecord>>,
}

impl Term {
    /// Of an estimate with `variance`, by the t distribution with `df` degrees of freedom (infinite: the normal).
    pub(crate) fn new(name: &str, estimate: f64, variance: f64, df: f64, level: f64) -> Self {
        let std_error = variance.max(0.0).sqrt();
        // A standard error of exactly zero leaves no finite ratio; the largest number stands for it.
        let statistic = if std_error > 0.0 { estimate / std_error } else { f64::MAX.copysign(estimate) };
        let half = t_quantile(0.5 + 0.5 * level, df) * std_error;
        Self {
            term: name.to_owned(),
            estimate,
            std_error,
            statistic,
            p_value: t_two_sided(statistic, df),
            conf_low: estimate - half,
            conf_high: estimate + half,
            wild: None,
        }
    }
}

/// One regression "R2" and which one it is. One regression has five of them; none is printed
/// without its label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct R2 {
    /// Share of the total variance, absorbed effects included (fixest `r2`, reghdfe `R-squared`).
    pub overall: Option<f64>,
    /// The same, adjusted for all coefficients and effects.
    pub adjusted: Option<f64>,
    /// After all absorbed effects are taken out (reghdfe, fixest `wr2`).
    pub within: Option<f64>,
    /// `within`, adjusted.
    pub within_adjusted: Option<f64>,
    /// Unit effects out, period dummies counted as regressors (`xtreg, fe` within).
    pub xtreg_within: Option<f64>,
    /// `corr(ybar_i, xbar_i'b)^2` (`xtreg` between).
    pub xtreg_between: Option<f64>,
    /// `corr(y, x'b)^2` (`xtreg` overall).
    pub xtreg_overall: Option<f64>,
    /// One less the ratio of log likelihoods of the model and of a constant (McFadden 1974).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudo: Option<f64>,
}

/// What a model that maximises a likelihood reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// Log likelihood, weights included.
    pub log_likelihood: f64,
    /// Twice the distance to the log likelihood of the saturated model.
    pub deviance: f64,
    /// Steps that it took.
    pub iterations: usize,
}

/// Everything that explains why a standard error is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeCard {
    /// Kind: `iid`, `HC1`, `cluster(city)`, `cluster(city, year)`.
    pub vcov: String,
    /// Small-sample preset: `reghdfe`, `fixest`, `xtreg`, `areg`, `linearmodels`, `plm`, `none`.
    pub ssc: String,
    /// Observations counted.
    pub n: f64,
    /// Parameters as the preset counts them.
    pub k: usize,
    /// Clusters per dimension, in the order of `vcov`; the smallest is G.
    pub clusters: Vec<usize>,
    /// Periods T, of covariances over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub periods: Option<usize>,
    /// The factor that the sandwich was multiplied with.
    pub factor: f64,
    /// What the factor is, in N, K, G and T: `G/(G-1) * (N-1)/(N-K)`; `1` without adjustment.
    pub formula: String,
    /// Degrees of freedom of the reference distribution; infinite means normal and is left out. Where each
    /// coefficient has its own, the fewest.
    pub df: Option<f64>,
    /// Degrees of freedom of each coefficient, where it has its own (CR2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_df: Option<Vec<f64>>,
    /// The software whose number this is, in words; empty where we know of none.
    pub equals: String,
}

/// A regressor that could not be estimated, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Omitted {
    /// Regressor.
    pub name: String,
    /// Which effect or which other columns absorb it.
    pub reason: Text,
}

/// An absorbed effect's share in the degrees of freedom (reghdfe's table).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AbsorbedEffect {
    /// Effect.
    pub name: String,
    /// Levels in the sample.
    pub levels: usize,
    /// Levels that other effects already span.
    pub redundant: usize,
    /// Nested in a cluster variable, so not counted in K under `nonnested`.
    pub nested: bool,
}

/// A joint test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wald {
    /// What is tested.
    pub hypothesis: Text,
    /// F when `df2` is given, else chi-squared.
    pub statistic: f64,
    /// Restrictions.
    pub df1: f64,
    /// Denominator degrees of freedom.
    pub df2: Option<f64>,
    /// p-value.
    pub p_value: f64,
    /// The same test by the wild bootstrap, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wild: Option<Box<WildRecord>>,
}

/// The whole of one regression as results keep it: the JSON contract of `attica fit --json` and
/// what every table column is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitRecord {
    /// Outcome.
    pub outcome: String,
    /// Model in a word or two: `fixed effects`, `pooled OLS`, `random effects`, `Poisson`.
    pub model: String,
    /// Coefficients in the order of the formula; a constant is the term `(Intercept)`.
    pub terms: Vec<Term>,
    /// Covariance of the terms, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Confidence level of the intervals.
    pub level: f64,
    /// Rows used (sum of frequency weights).
    pub n_obs: usize,
    /// Units seen, when the panel is known.
    pub n_units: Option<usize>,
    /// Smallest number of clusters.
    pub n_clusters: Option<usize>,
    /// Residual degrees of freedom.
    pub df_residual: f64,
    /// Overall R2 (also in `r2_family`).
    pub r2: Option<f64>,
    /// Within R2.
    pub r2_within: Option<f64>,
    /// Adjusted R2.
    pub r2_adjusted: Option<f64>,
    /// All labelled R2.
    pub r2_family: R2,
    /// Kind of covariance.
    pub vcov: String,
    /// Small-sample preset.
    pub ssc: String,
    /// Parameters as counted for the small-sample factor.
    pub k: usize,
    /// The SE card.
    pub se_card: SeCard,
    /// Absorbed effects.
    pub effects: Vec<AbsorbedEffect>,
    /// Weights: column and kind, `w (analytic)`.
    pub weights: Option<String>,
    /// Mean of the outcome over the rows used.
    pub mean_outcome: f64,
    /// Constant with effects absorbed, `ybar - xbar'b` (reghdfe, areg, xtreg).
    pub constant_absorbed: Option<Term>,
    /// Constant of the model with explicit dummies: first level of every effect as the base.
    pub constant_base: Option<Term>,
    /// Regressors left out.
    pub omitted: Vec<Omitted>,
    /// Likelihood, of a model that maximises one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Likelihood>,
    /// Instruments and their tests, of two-stage least squares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruments: Option<Box<IvRecord>>,
    /// Rows that left, by reason.
    pub dropped: Vec<crate::ledger::Drop>,
    /// The whole account.
    pub ledger: Ledger,
    /// Warnings.
    pub warnings: Vec<Warning>,
}
