//! Regression adjustment: the change that newly treated units would have had is predicted from clean controls
//! (Dube et al. 2025, section 4.1.1). Standard errors are those of Stata's `teffects ra, atet vce(cluster)`:
//! both steps as one problem of moments, no small-sample factor, normal distribution.

use super::Setting;
use super::changes::Rows;
use super::projection::{Answer, along, design, options};
use crate::design::Weights;
use crate::fit::{FitOptions, fit};
use crate::message::Result;

/// The mean, over newly treated units, of their change less the predicted one. Every date of `rows` has
/// newly treated units and controls.
///
/// # Errors
/// Those of [`fit`] on the controls.
pub(super) fn adjust(rows: &Rows, setting: &Setting) -> Result<Answer> {
    let controls = rows.filter(|row| rows.treated[row] == 0.0);
    let treated = rows.filter(|row| rows.treated[row] > 0.0);
    let weights = setting.weights.map(|kind| Weights {
        name: setting.weight_name.clone(),
        kind,
        values: controls.weight.clone(),
    });
    // A date with one control is predicted from it.
    let options = FitOptions { keep_singletons: true, ..options(setting) };
    let fitted = fit(&design(&controls, setting, weights), &options)?;
    let kept: Vec<usize> = setting
        .controls
        .iter()
        .enumerate()
        .filter(|(_, name)| fitted.position(name).is_some())
        .map(|(j, _)| j)
        .collect();
    let rest = |rows: &Rows, row: usize| {
        let by_controls: f64 = kept.iter().zip(&fitted.coefficients).map(|(&j, b)| b * rows.controls[j][row]).sum();
        rows.change[row] - by_controls
    };

    let dates = setting.periods;
    let means = |value: &dyn Fn(usize) -> f64| {
        let (mut sums, mut weight) = (vec![0.0; dates], vec![0.0; dates]);
        for row in 0..controls.unit.len() {
            sums[controls.date[row] as usize] += controls.weight[row] * value(row);
            weight[controls.date[row] as usize] += controls.weight[row];
        }
        sums.iter_mut().zip(&weight).for_each(|(sum, w)| *sum /= w);
        sums
    };
    let level = means(&|row| rest(&controls, row));
    let middle: Vec<Vec<f64>> = kept.iter().map(|&j| means(&|row| controls.controls[j][row])).collect();
    let gap = |row: usize| rest(&treated, row) - level[treated.date[row] as usize];
    let total: f64 = treated.weight.iter().sum();
    let estimate = (0..treated.unit.len()).map(|row| treated.weight[row] * gap(row)).sum::<f64>() / total;

    let mut influence = vec![0.0; setting.clusters];
    let mut away = vec![0.0; kept.len()];
    for row in 0..treated.unit.len() {
        let w = treated.weight[row] / total;
        influence[treated.cluster[row] as usize] += w * (gap(row) - estimate);
        for (away, (&j, middle)) in away.iter_mut().zip(kept.iter().zip(&middle)) {
            *away += w * (treated.controls[j][row] - middle[treated.date[row] as usize]);
        }
    }
    let slope: Vec<f64> =
        (0..kept.len()).map(|i| (0..kept.len()).map(|j| away[j] * fitted.bread[(j, i)]).sum()).collect();
    let totals = rows.by_date();
    for (i, &row) in fitted.sample.iter().enumerate() {
        let row = row as usize;
        let [weight, of_treated] = totals[controls.date[row] as usize];
        let by_date = controls.weight[row] * fitted.residuals[i] * of_treated / weight / total;
        influence[controls.cluster[row] as usize] -= by_date + along(&fitted, &slope, i);
    }
    Ok((estimate, influence, None, (0..rows.unit.len()).collect(), fitted.record()))
}
