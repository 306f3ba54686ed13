//! One regression, from a [`Design`] to its [`FitRecord`]: OLS, absorbed effects, random effects, Poisson.
//!
//! Estimating and inferring are separate: a [`Fit`] keeps its absorbed columns, residuals and bread,
//! so that another covariance, a joint test, a band or a bootstrap never fits again.

mod assemble;
pub(crate) mod concentration;
mod constant;
pub(crate) mod examine;
mod gathered;
mod glm;
mod infer;
pub mod iv;
mod joint;
mod measure;
mod poisson;
mod random_effects;
mod record;
mod regression;
mod sample;
mod separation;
mod summary;
pub(crate) mod sums;
mod variances;
mod wald;

use std::borrow::Cow;

use nalgebra::DMatrix;
use rayon::prelude::*;

pub(crate) use assemble::Setting;
pub use concentration::{ClusterCard, few_treated};
pub(crate) use gathered::{Functional, Gathered, Meat, concluded, solve_gathered};
pub use glm::{Family, Glm, glm};
pub use iv::{IvRecord, two_stage};
pub use joint::seemingly_unrelated;
pub use poisson::poisson;
pub use random_effects::{VarianceComponents, random_effects};
pub use record::*;
pub use variances::Variance;
pub use wald::wald;

use crate::absorb::{Absorber, Left, Share};
use crate::design::{Codes, Design, Effect, Periods, Weights};
use crate::ledger::Ledger;
use crate::math::cross::{columns_worth_a_thread, weighted_dot, weighted_sum};
use crate::message::{Result, Warning};
use crate::vcov::{Adjustment, Ssc, Vcov};
use crate::wild::WildOptions;
use constant::Constant;
pub(crate) use examine::crossing;
use regression::{Regression, absorbed_outcome, estimate};
pub(crate) use sample::{absorbed_because, usable};
use sample::{kept_raw, regressors};

/// Name of the constant among the terms.
pub const INTERCEPT: &str = "(Intercept)";

/// A regressor whose norm falls below this share when effects are taken out is absorbed by them.
const ABSORBED: f64 = 1e-10;

/// How to fit.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Kind of covariance.
    pub vcov: Vcov,
    /// Small-sample rule.
    pub ssc: Ssc,
    /// Confidence level of intervals.
    pub level: f64,
    /// Keep the only rows of an effect's level, which say nothing about the coefficients.
    pub keep_singletons: bool,
    /// Estimate the constants of a model with effects; they cost about as much as the coefficients.
    pub constants: bool,
    /// The wild bootstrap that records carry ([`crate::wild::record`]); none by default.
    pub wild: Option<WildOptions>,
}

impl FitOptions {
    /// The rule of reghdfe, 95 % intervals, singletons removed.
    pub fn new(vcov: Vcov) -> Self {
        Self { vcov, ssc: Ssc::default(), level: 0.95, keep_singletons: false, constants: true, wild: None }
    }
}

/// Covariance of the coefficients and what tests refer to.
#[derive(Clone, Debug)]
pub struct Inference {
    /// Kind.
    pub vcov: Vcov,
    /// Small-sample rule.
    pub ssc: Ssc,
    /// Factor, K as counted, degrees of freedom.
    pub adjustment: Adjustment,
    /// Clusters per variable of `vcov`.
    pub clusters: Vec<usize>,
    /// k x k, factor included.
    pub covariance: DMatrix<f64>,
    /// Degrees of freedom of each coefficient, where it has its own (CR2).
    pub df: Option<Vec<f64>>,
    /// Clusters without which each coefficient is not identified (CRV3); empty when there are none.
    pub lost: Vec<usize>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// A fitted regression and all that post-processing needs. Columns have one value per row used.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Outcome.
    pub outcome: String,
    /// `OLS`, `pooled OLS`, `fixed effects`, `random effects`, `Poisson`.
    pub model: String,
    /// The outcome's mean as a function of the linear predictor.
    pub family: Family,
    /// Names of the estimated coefficients; a constant comes first.
    pub names: Vec<String>,
    /// Coefficients.
    pub coefficients: Vec<f64>,
    /// Regressors with the effects taken out (quasi-demeaned under random effects).
    pub columns: Vec<Vec<f64>>,
    /// Residuals.
    pub residuals: Vec<f64>,
    /// `(X'WX)^-1`.
    pub bread: DMatrix<f64>,
    /// Weights; of a Poisson model times the fitted means, without a name where the user gave none.
    pub weights: Option<Weights>,
    /// Cluster variables at hand, rows used only.
    pub clusters: Vec<Codes>,
    /// Effects that were absorbed.
    pub absorbed: Vec<Effect>,
    /// Unit and time of each row, where known.
    pub panel: Option<(Codes, Periods)>,
    /// Latitude and longitude of each row, where asked for.
    pub coordinates: Option<[Vec<f64>; 2]>,
    /// Row in the frame of each row used.
    pub sample: Vec<u32>,
    /// Observations: rows, or the sum of frequency weights.
    pub n_obs: f64,
    /// All parameters: regressors, constant, absorbed effects less redundant ones.
    pub parameters: usize,
    /// Covariance in use.
    pub inference: Inference,
    /// Confidence level.
    pub level: f64,
    /// Regressors left out, and why.
    pub omitted: Vec<Omitted>,
    /// What each of them is made of, once effects are out: others and their coefficients (none when the
    /// effects absorb it). A combination of coefficients is identified only if it is orthogonal to these.
    pub dependent: Vec<(String, Vec<(String, f64)>)>,
    /// Where rows went.
    pub ledger: Ledger,
    /// Warnings of the data and of the regression (those of inference are with it).
    pub warnings: Vec<Warning>,
    /// The R2 family.
    pub r2: R2,
    /// Units, when the panel is known.
    pub n_units: Option<usize>,
    /// Mean of the outcome.
    pub mean_outcome: f64,
    /// Variance components of random effects.
    pub components: Option<VarianceComponents>,
    /// Likelihood of a model that maximises one.
    pub likelihood: Option<Likelihood>,
    /// What two-stage least squares tells of its instruments. Columns of endogenous regressors are then their projections, and
    /// residuals those of the regressors themselves.
    pub instruments: Option<Box<IvRecord>>,
    shares: Vec<Share>,
    /// For each cluster variable, which effects are nested in it.
    nested: Vec<Vec<bool>>,
    /// Tests refer to the normal distribution.
    normal: bool,
    constant_absorbed: Option<Constant>,
    constant_base: Option<Constant>,
}

/// Fits `design` by least squares, effects absorbed.
///
/// # Errors
/// `E701` without rows or without degrees of freedom, `E305` when the outcome does not vary (within
/// the effects), `E702` when effects cannot be taken out, `E404` with one cluster, `E603` for an
/// unknown cluster variable.
pub fn fit(design: &Design, options: &FitOptions) -> Result<Fit> {
    let design = usable(design, options.keep_singletons)?;
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let (names, raw) = regressors(&design);
    let worth = columns_worth_a_thread(design.rows());
    let norm = |x: &Cow<'_, [f64]>| weighted_dot(x, x, weights).sqrt();
    let scale: Vec<f64> = raw.par_iter().with_min_len(worth).map(norm).collect();

    let absorber = Absorber::new(&design.effects, weights);
    let all = raw.into_iter().chain([Cow::Borrowed(&design.outcome.1[..])]).collect();
    let Left { mut columns, base } = absorber.left(all)?;
    let outcome = columns.pop().unwrap_or_default();

    let name = &design.outcome.0;
    let norm = weighted_dot(&design.outcome.1, &design.outcome.1, weights).sqrt();
    if absorber.norm(&outcome) <= ABSORBED * norm {
        return Err(absorbed_outcome(name, design.effects.iter().map(|e| e.by.name.as_str())));
    }
    let model = match (design.effects.is_empty(), design.panel.is_some()) {
        (false, _) => "fixed effects",
        (true, true) => "pooled OLS",
        (true, false) => "OLS",
    };
    let mut fit = estimate(
        &design,
        options,
        Regression { model, names, columns, outcome, scale, family: Family::Linear, normal: false },
    )?;
    let kept: Vec<&[f64]> = kept_raw(&design, &fit.names);
    fit.r2 = measure::r2_family(&design, &fit, &kept, &absorber);
    fit.warnings.extend(examine::near_collinear(&fit));
    fit.warnings.extend(examine::crossed(&design, &options.vcov));
    if options.constants && design.effects.iter().any(|e| e.intercept) {
        fit.constant_absorbed = Some(constant::absorbed(&design, &fit, &kept));
        fit.constant_base = constant::base(&design, &fit, &base, &absorber);
    }
    Ok(fit)
}

impl Fit {
    /// Position of a term.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// Residual degrees of freedom, all parameters counted.
    pub fn df_residual(&self) -> f64 {
        self.n_obs - self.parameters as f64
    }

    /// Weighted sum of squared residuals; analytic and probability weights are scaled to mean one.
    pub fn residual_sum(&self) -> f64 {
        let weights = self.weights.as_ref().map(|w| &w.values[..]);
        let scale = match &self.weights {
            Some(w) if !w.kind.counts() => self.n_obs / weighted_sum(&w.values, None),
            _ => 1.0,
        };
        scale * weighted_dot(&self.residuals, &self.residuals, weights)
    }

    /// Root mean squared error with degrees of freedom (Stata's Root MSE).
    pub fn rmse(&self) -> f64 {
        (self.residual_sum() / self.df_residual()).sqrt()
    }
}
