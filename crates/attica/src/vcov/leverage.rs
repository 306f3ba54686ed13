//! HC2 and HC3: residuals corrected by the leverage of their row in the whole model (MacKinnon and White
//! 1985), absorbed effects included.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::explicit::Explicit;
use super::{Estimate, Robust};
use crate::design::{Codes, WeightKind};
use crate::math::cross::cross_products;
use crate::message::{Result, Warning};

/// A row with a leverage above this one is fitted exactly: its residual says nothing.
const WHOLE: f64 = 1.0 - 1e-9;

/// Covariance with squared residuals over `(1 - h)^power`: power 1 is HC2, power 2 is HC3.
///
/// # Errors
/// Those of [`Explicit::new`].
pub(super) fn covariance(of: Estimate<'_>, power: i32) -> Result<Robust> {
    let leverage = leverages(of)?;
    let frequency = of.weights.is_some_and(|w| w.kind == WeightKind::Frequency);
    let mut whole = 0;
    let squares: Vec<f64> = of
        .residuals
        .iter()
        .zip(&leverage)
        .enumerate()
        .map(|(row, (e, h))| {
            let w = of.weights.map_or(1.0, |w| w.values[row]);
            // A frequency row is w equal rows, each with its share of the leverage.
            let (own, scale) = if frequency { (h / w, w) } else { (*h, w * w) };
            if own > WHOLE {
                whole += 1;
                return 0.0;
            }
            scale * e * e / (1.0 - own).powi(power)
        })
        .collect();
    let views: Vec<&[f64]> = of.columns.iter().map(Vec::as_slice).collect();
    let covariance = of.bread * cross_products(&views, Some(&squares)) * of.bread;
    let mut warnings = Vec::new();
    if whole > 0 {
        warnings.push(Warning::new(
            "W410",
            format!("{whole} rows are fitted exactly (leverage one) and add nothing to the HC{} variance", power + 1),
            format!("{whole}个观测被完全拟合（杠杆值为一），对HC{}方差没有贡献", power + 1),
        ));
    }
    Ok(Robust { covariance: symmetric(&covariance), warnings, ..Robust::default() })
}

/// Rows of a group when no effect makes groups.
const RUN: usize = 2048;

/// Diagonal of the hat matrix of the whole model.
pub(super) fn leverages(of: Estimate<'_>) -> Result<Vec<f64>> {
    let n = of.residuals.len();
    // The effect with the most levels leaves in closed form: its own leverage is the row's share of the level.
    let largest = (0..of.effects.len())
        .filter(|&i| of.effects[i].intercept && of.effects[i].slopes.is_empty())
        .max_by_key(|&i| (of.effects[i].by.levels, std::cmp::Reverse(i)));
    let taken_out: Vec<bool> = (0..of.effects.len()).map(|i| Some(i) == largest).collect();
    let runs = Codes {
        name: String::new(),
        codes: (0..n).map(|row| (row / RUN) as u32).collect::<Vec<_>>().into(),
        levels: n.div_ceil(RUN),
    };
    let group = largest.map_or(&runs, |effect| &of.effects[effect].by);
    let model = Explicit::new(of, group, &taken_out, "this variance")?;
    let parts: Vec<Vec<f64>> = (0..model.groups())
        .into_par_iter()
        .map(|g| {
            let mut leverages = model.block(g)?.leverages();
            if largest.is_some() {
                let weight = |row: &u32| model.root_weight(*row).powi(2);
                let total: f64 = model.rows(g).iter().map(weight).sum();
                leverages.iter_mut().zip(model.rows(g)).for_each(|(h, row)| *h += weight(row) / total);
            }
            Ok(leverages)
        })
        .collect::<Result<_>>()?;
    let mut all = vec![0.0; n];
    for (g, part) in parts.iter().enumerate() {
        model.rows(g).iter().zip(part).for_each(|(&row, h)| all[row as usize] = *h);
    }
    Ok(all)
}

/// The mean of a matrix and its transpose, against rounding.
pub(super) fn symmetric(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    (matrix + matrix.transpose()) * 0.5
}
