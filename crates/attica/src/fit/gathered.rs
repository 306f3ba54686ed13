//! A regression of which no rows are at hand, only what was gathered from them on the way past.
//!
//! The same [`Fit`] as [`super::fit`] makes, with columns and residuals left empty, so that terms, cards and
//! degrees of freedom come from the same code; it therefore never leaves the crate but as a [`FitRecord`].

use nalgebra::{DMatrix, DVector};

use super::assemble::{Setting, Solution};
use super::regression::{Selection, absorbed_outcome, select};
use super::{ABSORBED, Family, Fit, FitOptions, FitRecord, INTERCEPT, R2, examine};
use crate::math::triangle::solve;
use crate::message::Result;
use crate::text::Text;
use crate::vcov::{Robust, of_meat};

/// What the rows left behind before coefficients are known.
pub(crate) struct Gathered<'a> {
    /// What is known of it.
    pub setting: Setting,
    /// Regressors, a constant first.
    pub names: Vec<String>,
    /// R of the regressors and, last, the outcome, effects taken out ([`crate::math::triangle::triangle`]).
    pub triangle: DMatrix<f64>,
    /// Norms of the same columns before anything was taken out.
    pub scale: Vec<f64>,
    /// Why the effects absorb a regressor, were it absorbed.
    pub absorbed: &'a dyn Fn(usize) -> Text,
    /// Sum of squares of the outcome, about its mean where the model has a constant.
    pub total: f64,
    /// Sum of squares of the outcome about the means of units, where `xtreg` has an R2 within.
    pub about_units: Option<f64>,
}

/// Coefficients, R2 and all that needs no residuals; positions of the kept regressors among [`Gathered::names`]; and
/// the residual sum of squares.
///
/// # Errors
/// `E305` when the effects fit the outcome, `E701` without degrees of freedom.
pub(crate) fn solve_gathered(of: Gathered<'_>, options: &FitOptions) -> Result<(Fit, Vec<usize>, f64)> {
    let Gathered { setting, names, triangle, scale, absorbed, total, about_units } = of;
    let k = names.len();
    let norm = |j: usize| triangle.column(j).norm();
    let has_effects = !setting.shares.is_empty();
    if has_effects && norm(k) <= ABSORBED * scale[k] {
        return Err(absorbed_outcome(&setting.outcome, setting.shares.iter().map(|share| share.name.as_str())));
    }
    let is_absorbed = |j: &usize| has_effects && norm(*j) <= ABSORBED * scale[*j];
    let left: Vec<usize> = (0..k).filter(|j| !is_absorbed(j)).collect();
    let omitted = (0..k).map(|j| is_absorbed(&j).then(|| absorbed(j))).collect();
    let columns: Vec<usize> = left.iter().copied().chain([k]).collect();
    let scale: Vec<f64> = left.iter().map(|&j| scale[j]).collect();
    let solution = solve(triangle.select_columns(&columns), &scale);
    let Selection { kept, omitted, dependent } = select(&names, omitted, &left, &solution);

    let b = DVector::from_column_slice(&solution.coefficients);
    let fitted = triangle.select_columns(&kept) * &b;
    let explained = fitted.norm_squared();
    let unexplained = (triangle.column(k) - &fitted).norm_squared();
    let centred = has_effects || names.first().is_some_and(|name| name == INTERCEPT);
    let bread = solution.inverse;
    // Without effects a constant is the first column of R.
    let spread = |j: usize| {
        let constant = if has_effects || !centred { 0.0 } else { triangle[(0, j)] };
        triangle.column(j).norm_squared() - constant * constant
    };
    let factors: Vec<f64> = kept.iter().enumerate().map(|(at, &j)| bread[(at, at)] * spread(j)).collect();
    let model = match (has_effects, setting.n_units.is_some()) {
        (true, _) => "fixed effects",
        (false, true) => "pooled OLS",
        (false, false) => "OLS",
    };
    let solution = Solution {
        model,
        family: Family::Linear,
        names: kept.iter().map(|&j| names[j].clone()).collect(),
        coefficients: solution.coefficients,
        columns: Vec::new(),
        residuals: Vec::new(),
        bread,
        omitted,
        dependent,
        normal: false,
    };
    let mut fit = Fit::assemble(setting, solution, options)?;
    fit.warnings.extend(examine::inflated(&fit.names, &factors));
    let (overall, df_residual) = (1.0 - unexplained / total, fit.df_residual());
    fit.r2 = R2 {
        overall: Some(overall),
        adjusted: Some(1.0 - (1.0 - overall) * (fit.n_obs - f64::from(u8::from(centred))) / df_residual),
        ..R2::default()
    };
    if has_effects {
        let within = explained / (explained + unexplained);
        fit.r2.within = Some(within);
        fit.r2.within_adjusted = Some(1.0 - (1.0 - within) * (df_residual + kept.len() as f64) / df_residual);
        fit.r2.xtreg_within = about_units.map(|total| 1.0 - unexplained / total);
    }
    Ok((fit, kept, unexplained))
}

/// A linear functional of the outcome beside the coefficients: the constants of a model with effects.
pub(crate) struct Functional {
    /// Its value.
    pub estimate: f64,
    /// Its weight on the scores of the kept regressors and on the extra scores behind them.
    pub direction: DVector<f64>,
    /// Its variance under iid errors of variance one.
    pub square: f64,
}

/// What the scores of all rows add up to.
pub(crate) enum Meat {
    /// Mean squared error is enough: `e'We`.
    Iid(f64),
    /// `sum s s'` over rows or clusters, scores of the kept regressors first.
    Scores(DMatrix<f64>),
}

/// The record of `fit` under `vcov`, with the constants (absorbed form, base form) as functionals.
///
/// # Errors
/// `E404` with one cluster.
pub(crate) fn concluded(
    mut fit: Fit,
    rows: usize,
    options: &FitOptions,
    meat: &Meat,
    constants: [Option<Functional>; 2],
) -> Result<FitRecord> {
    let (vcov, mut warnings) = fit.meaningful(&options.vcov);
    let names = vcov.clusters();
    let multiway = names.len() > 1;
    for cluster in &fit.clusters {
        warnings.extend(examine::clusters_of(&cluster.name, cluster.levels, rows, multiway)?);
    }
    let k = fit.names.len();
    let robust = match meat {
        Meat::Iid(sum) => Robust { covariance: &fit.bread * (sum / fit.n_obs), ..Robust::default() },
        Meat::Scores(meat) => of_meat(&fit.bread, &meat.view((0, 0), (k, k)).into_owned(), multiway),
    };
    fit.inference = fit.conclude(vcov, options.ssc, robust, warnings);
    let mut record = fit.record();
    let [absorbed, base] = constants.map(|constant| {
        constant.map(|Functional { estimate, direction, square }| {
            let variance = match meat {
                Meat::Iid(sum) => square * sum / fit.n_obs,
                Meat::Scores(meat) => (direction.transpose() * meat * direction)[(0, 0)].max(0.0),
            };
            fit.term(INTERCEPT, estimate, variance * fit.inference.adjustment.factor)
        })
    });
    record.constant_absorbed = absorbed;
    record.constant_base = base;
    Ok(record)
}
