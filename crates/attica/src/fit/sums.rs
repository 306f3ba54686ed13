//! A regression from its solution, before inference; and the record of one whose columns were never written out.

use nalgebra::DMatrix;

use super::{
    Family, Fit, FitOptions, FitRecord, INTERCEPT, Inference, Omitted, R2, enough, examine, left_out, measure,
};
use crate::absorb::{is_nested, shares};
use crate::design::{Design, WeightKind};
use crate::math::cross::{weighted_mean, weighted_sum};
use crate::message::Result;
use crate::vcov::{Adjustment, Factor, Robust, Ssc, Vcov};

/// Least squares, solved.
pub(super) struct Solution {
    pub model: &'static str,
    pub family: Family,
    pub names: Vec<String>,
    pub coefficients: Vec<f64>,
    pub columns: Vec<Vec<f64>>,
    pub residuals: Vec<f64>,
    pub bread: DMatrix<f64>,
    pub omitted: Vec<Omitted>,
    pub dependent: Vec<(String, Vec<(String, f64)>)>,
    pub normal: bool,
}

impl Fit {
    /// A regression before inference.
    ///
    /// # Errors
    /// `E701` without degrees of freedom.
    pub(super) fn of(design: &Design, options: &FitOptions, solution: Solution) -> Result<Self> {
        let Solution { model, family, names, coefficients, columns, residuals, bread, omitted, dependent, normal } =
            solution;
        let n_obs = match &design.weights {
            Some(w) if w.kind == WeightKind::Frequency => weighted_sum(&w.values, None),
            _ => design.rows() as f64,
        };
        let weights = design.weights.as_ref().map(|w| &w.values[..]);
        let shares = shares(&design.effects);
        let parameters = Ssc::default().parameters(names.len(), &shares, None);
        enough(n_obs, parameters)?;
        let mut warnings = design.warnings.clone();
        warnings.extend(omitted.iter().map(left_out));
        let nested = design
            .clusters
            .iter()
            .map(|cluster| design.effects.iter().map(|effect| is_nested(&effect.by, cluster)).collect())
            .collect();
        Ok(Fit {
            outcome: design.outcome.0.clone(),
            model: model.to_owned(),
            family,
            names,
            coefficients,
            columns,
            residuals,
            bread,
            weights: design.weights.clone(),
            clusters: design.clusters.clone(),
            absorbed: if normal { Vec::new() } else { design.effects.clone() },
            panel: design.panel.clone(),
            coordinates: design.coordinates.clone(),
            sample: design.sample.clone(),
            n_obs,
            parameters,
            inference: Inference {
                vcov: Vcov::Iid,
                ssc: options.ssc,
                adjustment: Adjustment {
                    k: parameters,
                    factor: 1.0,
                    formula: Factor::default(),
                    df: n_obs - parameters as f64,
                },
                clusters: Vec::new(),
                covariance: DMatrix::zeros(0, 0),
                df: None,
                lost: Vec::new(),
                warnings: Vec::new(),
            },
            level: options.level,
            omitted,
            dependent,
            ledger: design.ledger.clone(),
            warnings,
            r2: R2::default(),
            n_units: design.panel.as_ref().map(|(unit, _)| unit.levels),
            mean_outcome: weighted_mean(&design.outcome.1, weights),
            components: None,
            likelihood: None,
            shares,
            nested,
            normal,
            constant_absorbed: None,
            constant_base: None,
        })
    }
}

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
    let mut fit = Fit::of(design, options, solution)?;
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
