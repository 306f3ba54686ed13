//! Mean effects of cohorts in periods, net of what untreated rows predict, and their influence.

use std::sync::Arc;

use rayon::prelude::*;

use crate::estimator::within::{ByUnit, Rows, Within};
use crate::message::{Problem, Result};

/// How the residual of a treated row is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// Borusyak, Jaravel and Spiess: from the mean effect of its cohort in that period, which makes the variance
    /// conservative. With `leave_out`, a cluster's own rows do not count in that mean.
    Conservative {
        /// Whether they do.
        leave_out: bool,
    },
    /// Gardner: from the coefficient of the second stage, that is from the cell's mean here, while the cell's
    /// share in an average counts as estimated.
    TwoStage,
}

/// The mean effect in one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellEffect {
    /// Mean over the cell's rows, by weight.
    pub estimate: f64,
    /// Influence of each cluster.
    pub influence: Vec<f64>,
    /// Weight of the cell's rows.
    pub weight: f64,
    /// Weight of the cell's rows in each cluster, where shares count as estimated.
    pub shares: Option<Arc<[f64]>>,
    /// Rows.
    pub rows: usize,
}

/// Sums of a cell over clusters: weight and weighted effect, and which clusters have rows.
struct Sums {
    weight: Vec<f64>,
    effect: Vec<f64>,
    touched: Vec<usize>,
}

impl Sums {
    fn new(clusters: usize) -> Self {
        Self { weight: vec![0.0; clusters], effect: vec![0.0; clusters], touched: Vec::new() }
    }

    fn clear(&mut self) {
        for cluster in self.touched.drain(..) {
            (self.weight[cluster], self.effect[cluster]) = (0.0, 0.0);
        }
    }

    fn add(&mut self, cluster: usize, weight: f64, effect: f64) {
        if self.weight[cluster] == 0.0 {
            self.touched.push(cluster);
        }
        self.weight[cluster] += weight;
        self.effect[cluster] += weight * effect;
    }
}

/// The mean effect in every cell, net of what the rows `untreated` predict. `cell` is the cell of each row,
/// `0..cells`, or anything else for rows of none; the untreated outcome of a cell's rows must be identified
/// (their unit and period connected by untreated rows). Cells without rows have weight zero.
///
/// A cell's mean is linear in the outcome: weights `v` on its rows, less their projection on untreated rows. An
/// average of cells has as influence the average of theirs, for within a cell `v` is the weight of the row up
/// to a factor, and so is what residuals are measured from.
///
/// # Errors
/// `E206` when a covariate does not vary within untreated units and periods.
pub fn effects(rows: &Rows, untreated: &[bool], cell: &[u32], cells: usize, of: Variance) -> Result<Vec<CellEffect>> {
    let by_unit = ByUnit::new(rows.unit, rows.units);
    let stage = Within::fit(rows, untreated, &[], 0, &by_unit);
    if let Some(k) = (0..rows.x.len()).find(|&k| !stage.is_kept(stage.covariate(k))) {
        return Err(Problem::new(
            "E206",
            format!("covariate \"{}\" does not vary within untreated units and periods, so its effect on the untreated outcome is not identified", rows.x[k].0),
        )
        .fix("leave it out, or use a covariate that changes over time before adoption"));
    }
    let own: Vec<u32> = cell.iter().map(|&cell| cell.min(cells as u32)).collect();
    let by_cell = ByUnit::new(&own, cells + 1);
    let totals: Vec<f64> = (0..cells).map(|cell| by_cell.of(cell).map(|row| rows.weight[row]).sum()).collect();
    let projected = |cell: usize| projection(rows, &stage, &by_cell, cell, totals[cell]);
    let directions: Vec<Vec<f64>> = (0..cells).into_par_iter().map(projected).collect();
    let mut found: Vec<CellEffect> = stage
        .influences(&directions)
        .into_par_iter()
        .enumerate()
        .map_init(
            || Sums::new(rows.clusters),
            |sums, (cell, untreated)| effect(rows, &stage, &by_cell, (cell, totals[cell]), of, sums, untreated),
        )
        .collect();
    if of == Variance::TwoStage {
        add_shares(rows, &by_cell, &mut found);
    }
    Ok(found)
}

/// The effect in a cell of weight `total`; `influence` is that of untreated rows.
fn effect(
    rows: &Rows,
    stage: &Within,
    by_cell: &ByUnit,
    (cell, total): (usize, f64),
    of: Variance,
    sums: &mut Sums,
    mut influence: Vec<f64>,
) -> CellEffect {
    sums.clear();
    let mut count = 0;
    for row in by_cell.of(cell) {
        sums.add(rows.cluster[row] as usize, rows.weight[row], stage.residuals[row]);
        count += 1;
    }
    if count == 0 {
        return CellEffect { estimate: 0.0, influence: Vec::new(), weight: 0.0, shares: None, rows: 0 };
    }
    let estimate = sums.touched.iter().map(|&c| sums.effect[c]).sum::<f64>() / total;
    let squares: f64 = sums.touched.iter().map(|&c| sums.weight[c] * sums.weight[c]).sum();
    let centre = match of {
        // Borusyak, Jaravel and Spiess (2024), equation 8: clusters by their squared weight.
        Variance::Conservative { .. } => {
            sums.touched.iter().map(|&c| sums.weight[c] * sums.effect[c]).sum::<f64>() / squares
        }
        Variance::TwoStage => estimate,
    };
    let leave_out = of == Variance::Conservative { leave_out: true };

    for &unit in stage.crossing() {
        let own: f64 = by_cell.of(cell).filter(|&row| rows.unit[row] == unit).map(|row| rows.weight[row]).sum();
        stage.spread(unit as usize, -own / (total * stage.unit_weight(unit as usize)), &mut influence);
    }
    for &cluster in &sums.touched {
        let (weight, effect) = (sums.weight[cluster], sums.effect[cluster]);
        let rest = 1.0 - weight * weight / squares;
        let correction = if leave_out && rest > 0.0 { rest } else { 1.0 };
        influence[cluster] += (effect - centre * weight) / (total * correction);
    }
    CellEffect { estimate, influence, weight: total, shares: None, rows: count }
}

/// Minus the coefficients of the cell's weights on untreated rows' periods and covariates.
fn projection(rows: &Rows, stage: &Within, by_cell: &ByUnit, cell: usize, total: f64) -> Vec<f64> {
    let mut sums = vec![0.0; stage.size()];
    for row in by_cell.of(cell) {
        let own = -rows.weight[row] / total;
        let unit = rows.unit[row] as usize;
        sums[rows.time[row] as usize] += own;
        let share = own / stage.unit_weight(unit);
        for used in stage.used_rows(unit) {
            sums[rows.time[used] as usize] -= share * rows.weight[used];
        }
        for k in 0..rows.x.len() {
            sums[stage.covariate(k)] += own * stage.deviation(k, row);
        }
    }
    stage.factor.solve(&mut sums);
    sums
}

/// Weights of the cells' rows by cluster. Cells of one cohort often have the same: they share them.
fn add_shares(rows: &Rows, by_cell: &ByUnit, found: &mut [CellEffect]) {
    let mut sums = Sums::new(rows.clusters);
    let mut last: Option<(usize, Arc<[f64]>)> = None;
    for (cell, effect) in found.iter_mut().enumerate().filter(|(_, effect)| effect.rows > 0) {
        sums.clear();
        by_cell.of(cell).for_each(|row| sums.add(rows.cluster[row] as usize, rows.weight[row], 0.0));
        let count = sums.touched.len();
        let same = |own: &[f64]| sums.touched.iter().all(|&c| own[c] == sums.weight[c]);
        let shares = match last.take() {
            Some((clusters, own)) if clusters == count && same(&own) => own,
            _ => Arc::from(&sums.weight[..]),
        };
        effect.shares = Some(Arc::clone(&shares));
        last = Some((count, shares));
    }
}
