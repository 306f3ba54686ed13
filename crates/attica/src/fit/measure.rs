//! The R2 family, each with its own definition.

use super::{Fit, R2};
use crate::absorb::{Absorber, is_nested};
use crate::design::{Codes, Design};
use crate::math::cross::{CHUNK, in_chunks, squares_about, weighted_dot, weighted_mean};

/// All R2 that the model has. `raw` are the kept regressors before absorption, without a constant.
pub(super) fn r2_family(design: &Design, fit: &Fit, raw: &[&[f64]], absorber: &Absorber<'_>) -> R2 {
    let explained = || {
        let fitted = |row: usize| fit.columns.iter().zip(&fit.coefficients).map(|(x, b)| x[row] * b).sum::<f64>();
        let weight = |row: usize| design.weights.as_ref().map_or(1.0, |w| w.values[row]);
        let chunk = |start: usize| -> f64 {
            (start..(start + CHUNK).min(design.rows())).map(|row| weight(row) * fitted(row).powi(2)).sum()
        };
        in_chunks(design.rows(), chunk).into_iter().sum()
    };
    let prediction = |position: usize| {
        let mut prediction = linear_prediction(raw, &fit.coefficients, design.rows());
        if design.effects.len() == 2 {
            let left = |i: usize| design.outcome.1[i] - prediction[i] - fit.residuals[i];
            let effects: Vec<f64> = (0..design.rows()).map(left).collect();
            let (first, second) = absorber.two_effects(&design.effects, &effects)?;
            let (other, levels) =
                if position == 0 { (&design.effects[1], second) } else { (&design.effects[0], first) };
            prediction.iter_mut().zip(other.by.codes.iter()).for_each(|(p, &t)| *p += levels[t as usize]);
        }
        (design.effects.len() <= 2).then_some(prediction)
    };
    family(design, fit, explained, prediction)
}

/// [`r2_family`] from the sum of squares that the regressors explain of what the effects leave, and from what
/// regressors and effects fit in each row without the units' effects, of which the position is given.
pub(super) fn family(
    design: &Design,
    fit: &Fit,
    explained: impl FnOnce() -> f64,
    prediction: impl FnOnce(usize) -> Option<Vec<f64>>,
) -> R2 {
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let outcome = &design.outcome.1;
    let unexplained = weighted_dot(&fit.residuals, &fit.residuals, weights);
    let centred = design.intercept || design.effects.iter().any(|e| e.intercept);
    let total = if centred { squares_about_mean(outcome, weights) } else { weighted_dot(outcome, outcome, weights) };
    let overall = 1.0 - unexplained / total;
    let base = fit.n_obs - f64::from(u8::from(centred));
    let mut family = R2 {
        overall: Some(overall),
        adjusted: Some(1.0 - (1.0 - overall) * base / fit.df_residual()),
        ..R2::default()
    };
    if design.effects.is_empty() {
        return family;
    }

    // What the effects leave of y is X~b + e, and the two are orthogonal.
    let explained = explained();
    let within = explained / (explained + unexplained);
    let own = fit.names.len() as f64;
    family.within = Some(within);
    family.within_adjusted = Some(1.0 - (1.0 - within) * (fit.df_residual() + own) / fit.df_residual());

    // xtreg: the unit effects are absorbed, all other effects are regressors.
    let Some((unit, _)) = &design.panel else { return family };
    let same = |codes: &Codes| codes.levels == unit.levels && is_nested(codes, unit);
    let Some(position) = design.effects.iter().position(|e| e.slopes.is_empty() && e.intercept && same(&e.by)) else {
        return family;
    };
    if weights.is_some() {
        return family;
    }
    let means = unit_means(outcome, unit);
    let about_units: f64 = outcome.iter().zip(unit.codes.iter()).map(|(y, &i)| (y - means[i as usize]).powi(2)).sum();
    family.xtreg_within = Some(1.0 - unexplained / about_units);
    let Some(prediction) = prediction(position) else { return family };
    family.xtreg_between = squared_correlation(&means, &unit_means(&prediction, unit));
    family.xtreg_overall = squared_correlation(outcome, &prediction);
    family
}

/// `sum_j x_j b_j` for each row.
pub(super) fn linear_prediction(columns: &[&[f64]], coefficients: &[f64], rows: usize) -> Vec<f64> {
    let mut prediction = vec![0.0; rows];
    for (x, b) in columns.iter().zip(coefficients) {
        prediction.iter_mut().zip(*x).for_each(|(p, x)| *p += b * x);
    }
    prediction
}

/// Mean of a column within each unit.
pub(super) fn unit_means(column: &[f64], unit: &Codes) -> Vec<f64> {
    let mut sums = vec![0.0; unit.levels];
    let mut counts = vec![0.0; unit.levels];
    for (x, &i) in column.iter().zip(unit.codes.iter()) {
        sums[i as usize] += x;
        counts[i as usize] += 1.0;
    }
    sums.iter().zip(&counts).map(|(s, n)| s / n).collect()
}

/// Sum of squared deviations from the mean.
fn squares_about_mean(column: &[f64], weights: Option<&[f64]>) -> f64 {
    let mean = weighted_mean(column, weights);
    match weights {
        None => squares_about(column, mean),
        Some(w) => column.iter().zip(w).map(|(y, w)| w * (y - mean) * (y - mean)).sum(),
    }
}

/// Squared correlation; none where one side does not vary.
pub(super) fn squared_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, mean_b) = (weighted_mean(a, None), weighted_mean(b, None));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| ab * ab / (aa * bb))
}
