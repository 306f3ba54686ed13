//! Random effects by feasible GLS with the variance components of Swamy and Arora (1972), for
//! balanced and unbalanced panels, as `xtreg, re` computes them.

use serde::{Deserialize, Serialize};

use super::glm::Family;
use super::measure::{linear_prediction, squared_correlation, unit_means};
use super::regression::{Regression, estimate};
use super::sample::{kept_raw, regressors, usable};
use super::{Fit, FitOptions, INTERCEPT, R2};
use crate::absorb::Absorber;
use crate::design::{Design, Effect};
use crate::math::cross::dot;
use crate::math::triangle::least_squares;
use crate::message::{Problem, Result};

/// What random effects rest on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VarianceComponents {
    /// Standard deviation of the unit effects.
    pub sigma_unit: f64,
    /// Standard deviation of the idiosyncratic error.
    pub sigma_error: f64,
    /// Smallest, median and largest share of the unit mean that is taken out.
    pub theta: [f64; 3],
}

/// Fits by GLS with a random effect per unit; tests refer to the normal distribution.
///
/// `sigma_e^2` is the residual variance of the within regression (N - n - k degrees of freedom),
/// `sigma_u^2 = max(0, RSS_b / (n - k_b) - sigma_e^2 / Tbar)` with the between regression on unit
/// means and the harmonic mean of the units' numbers of rows, and
/// `theta_i = 1 - sqrt(sigma_e^2 / (T_i sigma_u^2 + sigma_e^2))` (Stata manual, xtreg).
///
/// # Errors
/// `E102` without a panel, `E607` with absorbed effects or weights, `E701` with too few units or rows,
/// and those of [`super::fit`].
pub fn random_effects(design: &Design, options: &FitOptions) -> Result<Fit> {
    let design = usable(design, true)?;
    let Some((unit, _)) = &design.panel else {
        return Err(
            Problem::new("E102", "random effects need to know the unit of each row").fix("name the unit column")
        );
    };
    if !design.effects.is_empty() || design.weights.is_some() {
        return Err(Problem::new("E607", "random effects with absorbed effects or with weights are not defined here")
            .fix("write effects as regressors (for example i(year)), and leave weights out"));
    }
    let rows = design.rows();
    let units = unit.levels as f64;
    let mut sizes = vec![0.0_f64; unit.levels];
    unit.codes.iter().for_each(|&i| sizes[i as usize] += 1.0);
    let (names, raw) = regressors(&design);
    let norms = |columns: &[Vec<f64>]| columns.iter().map(|x| dot(x, x).sqrt()).collect::<Vec<f64>>();
    let raw: Vec<Vec<f64>> = raw.into_iter().map(std::borrow::Cow::into_owned).collect();
    let scale = norms(&raw);

    // Within.
    let effects = [Effect { by: unit.clone(), slopes: Vec::new(), intercept: true }];
    let absorber = Absorber::new(&effects, None);
    let mut within = raw.clone();
    let mut outcome = design.outcome.1.to_vec();
    let mut all: Vec<&mut [f64]> = within.iter_mut().map(Vec::as_mut_slice).collect();
    all.push(&mut outcome);
    absorber.remove(&mut all)?;
    let varying: Vec<usize> =
        (0..raw.len()).filter(|&j| dot(&within[j], &within[j]).sqrt() > 1e-10 * scale[j]).collect();
    let views: Vec<&[f64]> = varying.iter().map(|&j| &within[j][..]).collect();
    let scale_varying: Vec<f64> = varying.iter().map(|&j| scale[j]).collect();
    let (within_rss, within_rank) = residual_sum(&views, &outcome, &scale_varying);
    let df_within = rows as f64 - units - within_rank as f64;

    // Between.
    let between: Vec<Vec<f64>> = raw.iter().map(|x| unit_means(x, unit)).collect();
    let views: Vec<&[f64]> = between.iter().map(Vec::as_slice).collect();
    let (between_rss, between_rank) = residual_sum(&views, &unit_means(&design.outcome.1, unit), &norms(&between));
    let df_between = units - between_rank as f64;
    if df_within <= 0.0 || df_between <= 0.0 {
        return Err(Problem::new(
            "E701",
            format!("{rows} rows of {} units are too few for random effects: {df_within} degrees of freedom within units, {df_between} between them", unit.levels),
        )
        .fix("use fewer regressors, or pooled OLS"));
    }
    let error = within_rss / df_within;
    let harmonic = units / sizes.iter().map(|t| 1.0 / t).sum::<f64>();
    let between_variance = (between_rss / df_between - error / harmonic).max(0.0);
    let theta: Vec<f64> = sizes.iter().map(|t| 1.0 - (error / (t * between_variance + error)).sqrt()).collect();

    let quasi = |column: &[f64]| -> Vec<f64> {
        let means = unit_means(column, unit);
        column.iter().zip(unit.codes.iter()).map(|(x, &i)| x - theta[i as usize] * means[i as usize]).collect()
    };
    let columns: Vec<Vec<f64>> = raw.iter().map(|x| quasi(x)).collect();
    let outcome = quasi(&design.outcome.1);
    let problem =
        Regression { model: "random effects", names, columns, outcome, scale, family: Family::Linear, normal: true };
    let mut fit = estimate(&design, options, problem)?;

    let kept: Vec<&[f64]> = kept_raw(&design, &fit.names);
    let slopes = &fit.coefficients[usize::from(fit.names.first().is_some_and(|n| n == INTERCEPT))..];
    let prediction = linear_prediction(&kept, slopes, rows);
    let about = |column: &[f64]| -> Vec<f64> {
        let means = unit_means(column, unit);
        column.iter().zip(unit.codes.iter()).map(|(x, &i)| x - means[i as usize]).collect()
    };
    fit.r2 = R2 {
        xtreg_within: squared_correlation(&about(&design.outcome.1), &about(&prediction)),
        xtreg_between: squared_correlation(&unit_means(&design.outcome.1, unit), &unit_means(&prediction, unit)),
        xtreg_overall: squared_correlation(&design.outcome.1, &prediction),
        ..R2::default()
    };
    let mut sorted = theta;
    sorted.sort_by(f64::total_cmp);
    fit.components = Some(VarianceComponents {
        sigma_unit: between_variance.sqrt(),
        sigma_error: error.sqrt(),
        theta: [sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1]],
    });
    Ok(fit)
}

/// Residual sum of squares and rank of a regression.
fn residual_sum(columns: &[&[f64]], outcome: &[f64], scale: &[f64]) -> (f64, usize) {
    let solution = least_squares(columns, outcome, None, scale);
    let kept: Vec<&[f64]> = solution.kept.iter().map(|&j| columns[j]).collect();
    let fitted = linear_prediction(&kept, &solution.coefficients, outcome.len());
    let residuals: Vec<f64> = outcome.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    (dot(&residuals, &residuals), solution.kept.len())
}
