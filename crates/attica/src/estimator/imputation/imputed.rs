//! Borusyak, Jaravel and Spiess (2024): imputed effects, their averages and conservative variance.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Rows;
use super::stage::Stage;
use crate::message::{Result, Warning};

/// An average of treated rows' effects: a name and a weight per row (zero elsewhere, any scale).
#[derive(Clone, Debug)]
pub struct Target {
    /// Event time, cohort or period; `None` for the overall effect.
    pub at: Option<f64>,
    /// Weights over rows; only imputed treated rows count, and they are scaled to sum to one.
    pub weight: Vec<f64>,
}

/// An estimated average with its cluster-level influence: the variance is the sum of squares.
#[derive(Clone, Debug)]
pub struct Imputed {
    /// Which average.
    pub at: Option<f64>,
    /// Effect.
    pub estimate: f64,
    /// Conservative standard error, clustered.
    pub std_error: f64,
    /// Sum of weighted residuals of each cluster.
    pub influence: Vec<f64>,
    /// Treated rows behind it.
    pub rows: usize,
}

/// Averages of imputed effects.
///
/// `group[r]` is the auxiliary group of a treated row (cohort by period in the paper): its mean effect,
/// weighted by squared weights, is what a residual is measured from. With `leave_out`, the mean leaves
/// the row itself out, which removes the downward bias of small groups.
///
/// Treated rows whose untreated outcome is not identified (no untreated row of the unit or of the
/// period) are left out, counted and told.
///
/// # Errors
/// Those of the first stage.
pub fn impute(rows: &Rows, targets: &[Target], group: &[u32], leave_out: bool) -> Result<(Vec<Imputed>, Vec<Warning>)> {
    let stage = Stage::fit(rows)?;
    let effect: Vec<f64> = (0..rows.len()).map(|r| rows.y[r] - stage.fitted[r]).collect();
    let lost = (0..rows.len()).filter(|&r| rows.treated[r] && effect[r].is_nan()).count();
    let warnings = if lost > 0 { vec![not_imputed(lost)] } else { Vec::new() };
    let results =
        targets.par_iter().filter_map(|target| average(rows, &stage, &effect, target, group, leave_out)).collect();
    Ok((results, warnings))
}

fn not_imputed(lost: usize) -> Warning {
    Warning::new(
        "W806",
        format!("{lost} treated rows have no untreated row of their unit or period to impute from and are left out"),
        format!("{lost}个处理观测所在个体或时期没有未处理观测，无法插补，予以剔除"),
    )
}

fn average(
    rows: &Rows,
    stage: &Stage,
    effect: &[f64],
    target: &Target,
    group: &[u32],
    leave_out: bool,
) -> Option<Imputed> {
    let counts = |r: usize| rows.treated[r] && !effect[r].is_nan() && target.weight[r] != 0.0;
    let total: f64 = (0..rows.len()).filter(|&r| counts(r)).map(|r| target.weight[r] * rows.weight[r]).sum();
    if total == 0.0 {
        return None;
    }
    let w = |r: usize| if counts(r) { target.weight[r] * rows.weight[r] / total } else { 0.0 };
    let estimate = (0..rows.len()).filter(|&r| counts(r)).map(|r| w(r) * effect[r]).sum();
    // The average is linear in y: weights w on treated rows, minus their projection on untreated ones.
    let projection = stage.solve(w);
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for r in (0..rows.len()).filter(|&r| counts(r)) {
        let entry = sums.entry(group[r]).or_default();
        entry.0 += w(r) * w(r) * effect[r];
        entry.1 += w(r) * w(r);
    }
    let residual = |r: usize| {
        if rows.treated[r] {
            if !counts(r) {
                return 0.0;
            }
            let (sum, weight) = sums[&group[r]];
            let own = w(r) * w(r);
            let centred = effect[r] - sum / weight;
            let share = own / weight;
            w(r) * if leave_out && share < 1.0 { centred / (1.0 - share) } else { centred }
        } else {
            -rows.weight[r] * projection.at(rows, r) * effect[r]
        }
    };
    let influence = rows.by_cluster(residual);
    let std_error = influence.iter().map(|v| v * v).sum::<f64>().sqrt();
    Some(Imputed {
        at: target.at,
        estimate,
        std_error,
        influence,
        rows: (0..rows.len()).filter(|&r| counts(r)).count(),
    })
}
