//! The record of a regression that was solved from sums, its columns never written out.

use nalgebra::DMatrix;

use super::assemble::{Setting, Solution};
use super::{Family, Fit, FitOptions, FitRecord, INTERCEPT, examine, measure};
use crate::design::Design;
use crate::message::Result;
use crate::vcov::Robust;

/// A regression with absorbed effects and one cluster variable that was solved from sums. Nothing was left out.
pub(crate) struct Solved {
    /// Names of the coefficients.
    pub names: Vec<String>,
    /// Coefficients.
    pub coefficients: Vec<f64>,
    /// One for each row.
    pub residuals: Vec<f64>,
    /// `(X'WX)^-1` once the effects are out.
    pub bread: DMatrix<f64>,
    /// Covariance of the coefficients, without its factor.
    pub covariance: DMatrix<f64>,
    /// Estimate and variance (without the factor) of the constants of [`FitRecord`]: absorbed, base.
    pub constants: [Option<(f64, f64)>; 2],
}

/// The record of the regression `solved` of `design`. `prediction` is what regressors and the effects other than the
/// units' fit in each row, up to a constant.
///
/// # Errors
/// Those of [`Fit::infer`], and `E701` without degrees of freedom.
pub(crate) fn record(
    design: &Design,
    options: &FitOptions,
    solved: Solved,
    prediction: impl FnOnce() -> Vec<f64>,
) -> Result<FitRecord> {
    let gram = solved.gram();
    let explained = solved.explained(&gram);
    let factors: Vec<f64> = (0..solved.names.len()).map(|j| gram[(j, j)] * solved.bread[(j, j)]).collect();
    let solution = Solution {
        model: "fixed effects",
        family: Family::Linear,
        names: solved.names,
        coefficients: solved.coefficients,
        columns: Vec::new(),
        residuals: solved.residuals,
        bread: solved.bread,
        omitted: Vec::new(),
        dependent: Vec::new(),
        normal: false,
    };
    let mut fit = Fit::assemble(Setting::of(design), solution, options)?;
    let positions = fit.cluster_positions(&options.vcov)?;
    let mut warnings = Vec::new();
    for &position in &positions {
        warnings.extend(examine::clusters(&fit.clusters[position], false)?);
    }
    let robust = Robust { covariance: solved.covariance, ..Robust::default() };
    fit.inference = fit.conclude(options.vcov.clone(), options.ssc, robust, warnings);
    fit.r2 = measure::family(design, &fit, || explained, |_| Some(prediction()));
    fit.warnings.extend(examine::inflated(&fit.names, &factors));
    fit.warnings.extend(examine::crossed(design, &options.vcov));
    let factor = fit.inference.adjustment.factor;
    let [absorbed, base] = solved.constants.map(|found| found.map(|(b, v)| fit.term(INTERCEPT, b, v * factor)));
    Ok(FitRecord { constant_absorbed: absorbed, constant_base: base, ..fit.record() })
}

impl Solved {
    /// `X'WX` once the effects are out.
    fn gram(&self) -> DMatrix<f64> {
        let k = self.names.len();
        self.bread.clone().cholesky().map_or_else(|| DMatrix::zeros(k, k), |factor| factor.inverse())
    }

    /// Sum of squares that the regressors explain of what the effects leave.
    fn explained(&self, gram: &DMatrix<f64>) -> f64 {
        let b = nalgebra::DVector::from_column_slice(&self.coefficients);
        (gram * &b).dot(&b)
    }

    /// Whether the outcome varies at all within the effects, beside its own `square`.
    pub fn varies(&self, unexplained: f64, square: f64) -> bool {
        self.explained(&self.gram()) + unexplained > super::ABSORBED.powi(2) * square
    }
}
