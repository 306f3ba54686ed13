//! Mean effects of cohorts in periods, net of what untreated rows predict, and their influence.

use nalgebra::DMatrix;

use super::classes::{Cells, Class, Kind, classes};
use crate::estimator::influence::{Block, Influences};
use crate::estimator::within::{ByUnit, NO_LEVEL, Rows, Within};
use crate::math::cross::dot;
use crate::message::{Problem, Result};

/// How the residual of a treated row is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// Borusyak, Jaravel and Spiess: from the mean effect of its cohort in that period, which makes the variance
    /// conservative. With `leave_out`, a cluster's own rows do not count in that mean. Cells are of rows that the
    /// first stage does not use.
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
    /// Number of the cell.
    pub cell: usize,
    /// Mean over the cell's rows, by weight.
    pub estimate: f64,
    /// Weight of the cell's rows.
    pub weight: f64,
    /// Which of the influences is that on the weight, where shares count as estimated.
    pub share: Option<usize>,
    /// Rows.
    pub rows: usize,
}

/// Effects in the cells that have rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// Effects, by cell.
    pub cells: Vec<CellEffect>,
    /// Influences on them, in their order, then on shares.
    pub influences: Influences,
    /// Clusters in the order of the influences.
    pub members: Vec<u32>,
}

/// The mean effect in every cell, net of what the rows `untreated` predict. `cell` is the cell of each row, a place in
/// `cohort`, or anything beyond for rows of none; `cohort` is that of each cell. The untreated outcome of a cell's rows
/// must be identified (their unit and period connected by untreated rows).
///
/// A cell's mean is linear in the outcome: weights `v` on its rows, less their projection on untreated rows. An
/// average of cells has as influence the average of theirs, for within a cell `v` is the weight of the row up
/// to a factor, and so is what residuals are measured from.
///
/// # Errors
/// `E206` when a covariate does not vary within untreated units and periods.
pub fn effects(rows: &Rows, untreated: &[bool], cell: &[u32], cohort: &[u32], of: Variance) -> Result<Effects> {
    effects_of(rows, &ByUnit::new(rows.unit, rows.units), &Cells { of_row: cell, cohort, used: untreated }, of)
}

/// [`effects`] with the rows of each unit at hand.
pub(super) fn effects_of(rows: &Rows, by_unit: &ByUnit, cells: &Cells, of: Variance) -> Result<Effects> {
    let Cells { of_row: cell, cohort, used } = cells;
    let stage = Within::fit(rows, used, cell, 0, by_unit);
    if let Some(k) = (0..rows.x.len()).find(|&k| !stage.is_kept(stage.covariate(k))) {
        return Err(Problem::new(
            "E206",
            format!("covariate \"{}\" does not vary within untreated units and periods, so its effect on the untreated outcome is not identified", rows.x[k].0),
        )
        .fix("leave it out, or use a covariate that changes over time before adoption"));
    }
    let mut classes = classes(rows, &stage, cells, by_unit);
    let mut means = Means::new(cohort.len(), &classes);
    if let Some(copies) = rows.copies_of_clusters() {
        for class in &mut classes {
            class.per_cluster(&copies);
        }
    }
    means.centre(&mut classes, of);
    if let [class] = &mut classes[..] {
        class.add_crossing(rows, &stage, cells, by_unit);
    }
    let directions = means.directions(rows, &stage, cell);
    let of_class = |class: &mut Class| if of == Variance::TwoStage { Shares::new(class) } else { Shares::default() };
    let shares: Vec<Shares> = classes.iter_mut().map(of_class).collect();
    let estimates = means.number_shares(&classes, &shares);
    let members = classes.iter().flat_map(|class| class.members.iter().copied()).collect();
    let block = |(class, shares)| means.block(class, shares, &stage, &directions, estimates);
    let blocks = classes.into_iter().zip(shares).map(block).collect();
    Ok(Effects { influences: Influences { estimates, blocks }, cells: means.found, members })
}

/// Means of the cells that have rows.
struct Means {
    found: Vec<CellEffect>,
    /// Which of them each cell is; none without rows.
    number: Vec<u32>,
}

impl Means {
    fn new(cells: usize, classes: &[Class]) -> Self {
        let mut found: Vec<CellEffect> =
            (0..cells).map(|cell| CellEffect { cell, estimate: 0.0, weight: 0.0, share: None, rows: 0 }).collect();
        for kind in classes.iter().flat_map(|class| &class.kinds) {
            let Some(effect) = kind.cell.map(|cell| &mut found[cell]) else { continue };
            effect.rows += kind.rows;
            effect.weight += kind.weights.iter().sum::<f64>();
            effect.estimate += kind.residuals.iter().sum::<f64>();
        }
        found.retain(|effect| effect.rows > 0);
        let mut number = vec![NO_LEVEL; cells];
        for (effect, own) in found.iter_mut().zip(0..) {
            effect.estimate /= effect.weight;
            number[effect.cell] = own;
        }
        Self { found, number }
    }

    /// The effect in the cell of `kind`, if it is one.
    fn number(&self, kind: &Kind) -> Option<usize> {
        kind.cell.map(|cell| self.number[cell] as usize)
    }

    /// Takes from the residuals of the cells that the first stage does not use what they are measured from.
    fn centre(&self, classes: &mut [Class], of: Variance) {
        let (mut squares, mut products) = (vec![0.0; self.found.len()], vec![0.0; self.found.len()]);
        for kind in classes.iter().flat_map(|class| &class.kinds) {
            let Some(own) = self.number(kind) else { continue };
            squares[own] += dot(&kind.weights, &kind.weights);
            products[own] += dot(&kind.weights, &kind.residuals);
        }
        for kind in classes.iter_mut().flat_map(|class| &mut class.kinds).filter(|kind| kind.period.is_none()) {
            let Some(own) = self.number(kind) else { continue };
            let centre = match of {
                // Borusyak, Jaravel and Spiess (2024), equation 8: clusters by their squared weight.
                Variance::Conservative { .. } => products[own] / squares[own],
                Variance::TwoStage => self.found[own].estimate,
            };
            let leave_out = of == Variance::Conservative { leave_out: true };
            for (residual, weight) in kind.residuals.iter_mut().zip(&kind.weights) {
                *residual -= centre * weight;
                let rest = 1.0 - weight * weight / squares[own];
                if leave_out && rest > 0.0 {
                    *residual /= rest;
                }
            }
        }
    }

    /// For each effect, minus the coefficients of the cell's weights on untreated rows' periods and covariates.
    fn directions(&self, rows: &Rows, stage: &Within, cell: &[u32]) -> Vec<Vec<f64>> {
        let size = stage.size();
        let sums = stage.summed(self.found.len() * size, |unit, times, sums| {
            for row in stage.rows_of(unit) {
                let Some(own) = self.number.get(cell[row] as usize) else { continue };
                let sums = &mut sums[*own as usize * size..][..size];
                let weight = times * rows.weight(row);
                sums[rows.time[row] as usize] -= weight;
                let share = weight / stage.unit_weight(unit);
                for used in stage.used_rows(unit) {
                    sums[rows.time[used] as usize] += share * rows.weight(used);
                }
                for k in 0..rows.x.len() {
                    sums[stage.covariate(k)] -= weight * stage.deviation(k, row);
                }
            }
        });
        let direction = |(effect, sums): (&CellEffect, &[f64])| {
            let mut direction: Vec<f64> = sums.iter().map(|sum| sum / effect.weight).collect();
            stage.factor.solve(&mut direction);
            direction
        };
        self.found.iter().zip(sums.chunks(size)).map(direction).collect()
    }

    /// Numbers the influences on the weights of cells, after those on effects: cells whose weights are the same in every
    /// cluster share one. How many influences there are.
    fn number_shares(&mut self, classes: &[Class], shares: &[Shares]) -> usize {
        let mut known: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut own = vec![Vec::new(); self.found.len()];
        for (number, (class, shares)) in classes.iter().zip(shares).enumerate() {
            for &(kind, weights) in &shares.of_kind {
                self.number(&class.kinds[kind]).into_iter().for_each(|effect| own[effect].push((number, weights)));
            }
        }
        for (effect, own) in self.found.iter_mut().zip(own).filter(|(_, own)| !own.is_empty()) {
            let place = known.iter().position(|known| *known == own).unwrap_or_else(|| {
                known.push(own);
                known.len() - 1
            });
            effect.share = Some(place);
        }
        let effects = self.found.len();
        self.found.iter_mut().filter_map(|effect| effect.share.as_mut()).for_each(|share| *share += effects);
        effects + known.len()
    }

    /// The influences of a class: its sums, and what each adds to every estimate.
    fn block(&self, class: Class, shares: Shares, stage: &Within, directions: &[Vec<f64>], estimates: usize) -> Block {
        let (kinds, covariates) = (class.kinds.len(), class.x.len());
        let mut loads = DMatrix::zeros(estimates, kinds + covariates + shares.weights.len());
        for (feature, kind) in class.kinds.iter().enumerate() {
            if let Some(period) = kind.period {
                directions.iter().enumerate().for_each(|(own, direction)| loads[(own, feature)] = direction[period]);
            }
            if let Some(own) = self.number(kind) {
                loads[(own, feature)] += 1.0 / self.found[own].weight;
            }
        }
        for k in 0..covariates {
            let at = stage.covariate(k);
            directions.iter().enumerate().for_each(|(own, direction)| loads[(own, kinds + k)] = direction[at]);
        }
        for &(kind, weights) in &shares.of_kind {
            let Some(own) = self.number(&class.kinds[kind]) else { continue };
            let (effect, feature) = (&self.found[own], kinds + covariates + weights);
            effect.share.into_iter().for_each(|share| loads[(share, feature)] = 1.0);
            // The residuals of cells that the first stage uses are not measured from their mean yet.
            if class.kinds[kind].period.is_some() {
                loads[(own, feature)] = -effect.estimate / effect.weight;
            }
        }
        let residuals = class.kinds.into_iter().map(|kind| kind.residuals);
        Block { features: residuals.chain(class.x).chain(shares.weights).collect(), loads }
    }
}

/// The weights of a class's clusters in its cells, each but once: cells of one cohort often have the same.
#[derive(Default)]
struct Shares {
    weights: Vec<Vec<f64>>,
    /// Kinds that are cells, and which weights are theirs.
    of_kind: Vec<(usize, usize)>,
}

impl Shares {
    fn new(class: &mut Class) -> Self {
        let mut shares = Self::default();
        for (number, kind) in class.kinds.iter_mut().enumerate().filter(|(_, kind)| kind.cell.is_some()) {
            let weights = std::mem::take(&mut kind.weights);
            if shares.weights.last() != Some(&weights) {
                shares.weights.push(weights);
            }
            shares.of_kind.push((number, shares.weights.len() - 1));
        }
        shares
    }
}
