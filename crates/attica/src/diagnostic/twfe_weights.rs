//! What a two-way fixed-effects coefficient averages: its weights on the effects of treated rows (de Chaisemartin and
//! D'Haultfoeuille 2020, American Economic Review 110(9)). Reference implementation: R TwoWayFEWeights, `feTR`.
//!
//! Under parallel trends the coefficient is `sum w_it effect_it` over treated rows, `w_it` proportional to the
//! treatment times what is left of it when the effects and the controls have been taken out. Weights sum to one and
//! may be negative: the coefficient can then have another sign than every effect.

use serde::{Deserialize, Serialize};

use super::regressor;
use crate::absorb::Absorber;
use crate::design::Design;
use crate::math::cross::weighted_dot;
use crate::math::triangle::least_squares;
use crate::message::{Problem, Result};

/// Weight of one treated row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowWeight {
    /// Row in the frame.
    pub row: u32,
    /// Its weight.
    pub weight: f64,
}

/// Weight of the treated rows of one cohort in one period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellWeight {
    /// First period in which its units are treated in the sample.
    pub cohort: f64,
    /// Period.
    pub time: f64,
    /// Treated rows.
    pub n: usize,
    /// Of these, with a negative weight.
    pub n_negative: usize,
    /// Sum of the weights.
    pub weight: f64,
}

/// The weights behind a coefficient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwfeWeights {
    /// The two-way coefficient.
    pub estimate: f64,
    /// Treated rows with a positive weight.
    pub n_positive: usize,
    /// Treated rows with a negative weight.
    pub n_negative: usize,
    /// Share of treated rows with a negative weight.
    pub share_negative: f64,
    /// Sum of positive weights; with the sum of negative ones it gives one.
    pub sum_positive: f64,
    /// Sum of negative weights.
    pub sum_negative: f64,
    /// Smallest standard deviation of effects with which the average effect on the treated can be zero (corollary 1,
    /// i); none when all weights are equal.
    pub sigma_zero: Option<f64>,
    /// Smallest one with which all effects can have the other sign than the coefficient (corollary 1, ii); none when no
    /// weight is negative: then they cannot.
    pub sigma_sign: Option<f64>,
    /// By cohort and period, cohorts first; empty when the design does not know units and periods.
    pub cells: Vec<CellWeight>,
    /// Every treated row, in the order of the frame.
    #[serde(skip)]
    pub rows: Vec<RowWeight>,
}

/// The weights of the coefficient of `treatment` in the regression `design`, whatever its panel, weights, effects and
/// controls; the treatment may be a dose that is not negative.
///
/// # Errors
/// `E603` unknown treatment; `E201` negative doses; `E205` nobody treated; `E206` when effects and controls leave
/// nothing of the treatment; `E702` when the effects cannot be taken out.
pub fn twfe_weights(design: &Design, treatment: &str) -> Result<TwfeWeights> {
    let dose = regressor(design, treatment)?;
    if dose.iter().any(|d| *d < 0.0) {
        return Err(Problem::new(
            "E201",
            format!("\"{treatment}\" has negative values, for which weights on effects are not defined"),
        )
        .fix("measure the dose from no treatment at all"));
    }
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let left = remainder(design, treatment, dose, weights)?;
    let mass = |row: usize| weights.map_or(1.0, |w| w[row]) * dose[row];
    let treated: Vec<usize> = (0..dose.len()).filter(|&row| mass(row) > 0.0).collect();
    if treated.is_empty() {
        return Err(Problem::new("E205", format!("\"{treatment}\" is 0 in all rows: there is no effect to weigh")));
    }
    let total: f64 = weighted_dot(&left, dose, weights);
    let estimate = weighted_dot(&left, &design.outcome.1, weights) / total;
    let all: f64 = treated.iter().map(|&row| mass(row)).sum();
    // Rows whose treatment never varies have no weight but for rounding.
    let size = left.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    let weigh = |&row: &usize| if left[row].abs() > 1e-10 * size { mass(row) * left[row] / total } else { 0.0 };
    let found: Vec<f64> = treated.iter().map(weigh).collect();
    let of = |sign: f64| found.iter().filter(move |w| **w * sign > 0.0);
    let relative: Vec<(f64, f64)> =
        treated.iter().zip(&found).map(|(&row, w)| (mass(row) / all, w * all / mass(row))).collect();
    let n_negative = of(-1.0).count();
    Ok(TwfeWeights {
        estimate,
        n_positive: of(1.0).count(),
        n_negative,
        share_negative: n_negative as f64 / found.len() as f64,
        sum_positive: of(1.0).sum(),
        sum_negative: of(-1.0).sum::<f64>() + 0.0,
        sigma_zero: sigma_zero(estimate, &relative),
        sigma_sign: sigma_sign(estimate, &relative),
        cells: cells(design, &treated, &found, dose),
        rows: treated.iter().zip(&found).map(|(&at, &weight)| RowWeight { row: design.sample[at], weight }).collect(),
    })
}

/// What effects and the other regressors leave of the treatment.
pub(super) fn remainder(design: &Design, treatment: &str, dose: &[f64], weights: Option<&[f64]>) -> Result<Vec<f64>> {
    let controls = design.regressors.iter().filter(|(name, _)| name != treatment);
    let mut columns: Vec<Vec<f64>> = controls.map(|(_, values)| values.to_vec()).collect();
    if design.intercept {
        columns.push(vec![1.0; dose.len()]);
    }
    let scale: Vec<f64> = columns.iter().map(|x| weighted_dot(x, x, weights).sqrt()).collect();
    let mut left = dose.to_vec();
    let mut all: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    all.push(&mut left);
    Absorber::new(&design.effects, weights).remove(&mut all)?;
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let solution = least_squares(&views, &left, weights, &scale);
    for (&column, coefficient) in solution.kept.iter().zip(&solution.coefficients) {
        left.iter_mut().zip(&columns[column]).for_each(|(d, x)| *d -= coefficient * x);
    }
    let norm = |x: &[f64]| weighted_dot(x, x, weights).sqrt();
    if norm(&left) <= 1e-9 * norm(dose) {
        return Err(Problem::new(
            "E206",
            format!("effects and controls leave nothing of \"{treatment}\", so its coefficient has no weights"),
        )
        .fix("the treatment must vary within units and within periods"));
    }
    Ok(left)
}

/// `|b| / sd(w)`, shares and weights relative to them.
fn sigma_zero(estimate: f64, relative: &[(f64, f64)]) -> Option<f64> {
    let variance: f64 = relative.iter().map(|(share, w)| share * (w - 1.0) * (w - 1.0)).sum();
    (variance > 1e-20).then(|| estimate.abs() / variance.sqrt())
}

/// `|b| / sqrt(T_s + S_s^2 / (1 - P_s))`: effects of zero where weights are high, and of the other sign at the others.
fn sigma_sign(estimate: f64, relative: &[(f64, f64)]) -> Option<f64> {
    if estimate == 0.0 || relative.iter().all(|(_, w)| *w >= 0.0) {
        return None;
    }
    let mut sorted = relative.to_vec();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    // Sums over the lowest weights, taken as long as the next one still lies below -S / (1 - P).
    let (mut p, mut s, mut t) = (0.0, 0.0, 0.0);
    for (share, w) in sorted {
        let (next_p, next_s) = (p + share, s + share * w);
        if w >= -next_s / (1.0 - next_p) {
            break;
        }
        (p, s, t) = (next_p, next_s, t + share * w * w);
    }
    Some(estimate.abs() / (t + s * s / (1.0 - p)).sqrt())
}

/// Weights by cohort and period.
fn cells(design: &Design, treated: &[usize], weights: &[f64], dose: &[f64]) -> Vec<CellWeight> {
    let Some((unit, time)) = &design.panel else { return Vec::new() };
    let mut first = vec![f64::INFINITY; unit.levels];
    for (row, &d) in dose.iter().enumerate() {
        let start = &mut first[unit.codes[row] as usize];
        if d > 0.0 {
            *start = start.min(time.at(row));
        }
    }
    let mut all: Vec<(f64, f64, f64)> =
        treated.iter().zip(weights).map(|(&row, &w)| (first[unit.codes[row] as usize], time.at(row), w)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let cell = |rows: &[(f64, f64, f64)]| CellWeight {
        cohort: rows[0].0,
        time: rows[0].1,
        n: rows.len(),
        n_negative: rows.iter().filter(|row| row.2 < 0.0).count(),
        weight: rows.iter().map(|row| row.2).sum(),
    };
    all.chunk_by(|a, b| a.0 == b.0 && a.1 == b.1).map(cell).collect()
}
