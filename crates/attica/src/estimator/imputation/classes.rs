//! Sums over clusters that influences on all cells are linear in, for clusters of one cohort together: few of them,
//! however many cells there are.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::design::Weights;
use crate::estimator::within::{ByUnit, NO_LEVEL, Rows, Within};

/// Cells of a panel: each is a cohort in a period, so that the first stage uses all of its rows or none.
pub(super) struct Cells<'a> {
    /// Cell of each row; anything from `cohort.len()` on for rows of none.
    pub of_row: &'a [u32],
    /// Cohort of each cell.
    pub cohort: &'a [u32],
    /// Rows of the first stage.
    pub used: &'a [bool],
}

impl Cells<'_> {
    fn cell(&self, row: usize) -> Option<usize> {
        Some(self.of_row[row] as usize).filter(|cell| *cell < self.cohort.len())
    }

    /// Number of a row's kind: its cell, or else, where the first stage uses it, its period, counted from the last
    /// cell on.
    fn kind(&self, rows: &Rows, row: usize) -> Option<usize> {
        self.cell(row).or_else(|| self.used[row].then(|| self.cohort.len() + rows.time[row] as usize))
    }
}

/// Clusters whose rows lie in cells of the same cohort, or in cells of none, or in those of several.
pub(super) struct Class {
    /// Clusters.
    pub members: Vec<u32>,
    /// Kinds of row that occur.
    pub kinds: Vec<Kind>,
    /// For each covariate, the sum of its deviation times the weighted residual over the first stage's rows.
    pub x: Vec<Vec<f64>>,
    /// Place of each kind, by number, or [`NO_LEVEL`].
    place: Vec<u32>,
}

/// Rows of one cell, or those in one period that are in none.
pub(super) struct Kind {
    /// The cell.
    pub cell: Option<usize>,
    /// The period, where the first stage uses the rows.
    pub period: Option<usize>,
    /// Rows.
    pub rows: usize,
    /// Sum of weighted residuals in each cluster.
    pub residuals: Vec<f64>,
    /// Sum of weights in each cluster, for a cell.
    pub weights: Vec<f64>,
}

impl Class {
    fn new(rows: &Rows, stage: &Within, cells: &Cells, by_cluster: &ByUnit, members: Vec<u32>) -> Self {
        let (count, numbers) = (members.len(), cells.cohort.len() + rows.periods);
        let x = vec![vec![0.0; count]; rows.x.len()];
        let mut class = Self { members, kinds: Vec::new(), x, place: vec![NO_LEVEL; numbers] };
        for at in 0..count {
            for row in by_cluster.of(class.members[at] as usize) {
                let Some(place) = class.place(rows, cells, row) else { continue };
                let kind = &mut class.kinds[place];
                let weight = rows.weight(row);
                let value = weight * stage.residuals[row];
                kind.rows += rows.count(row);
                kind.residuals[at] += value;
                if kind.cell.is_some() {
                    kind.weights[at] += weight;
                }
                if kind.period.is_some() {
                    for (k, x) in class.x.iter_mut().enumerate() {
                        x[at] += value * stage.deviation(k, row);
                    }
                }
            }
        }
        class
    }

    /// Place of the kind of a row, whose sums begin as zero.
    #[inline]
    fn place(&mut self, rows: &Rows, cells: &Cells, row: usize) -> Option<usize> {
        let number = cells.kind(rows, row)?;
        let place = self.place[number];
        Some(if place == NO_LEVEL { self.begin(rows, cells, row, number) } else { place as usize })
    }

    #[cold]
    fn begin(&mut self, rows: &Rows, cells: &Cells, row: usize, number: usize) -> usize {
        let (cell, zero) = (cells.cell(row), vec![0.0; self.members.len()]);
        self.kinds.push(Kind {
            cell,
            period: cells.used[row].then_some(rows.time[row] as usize),
            rows: 0,
            weights: if cell.is_some() { zero.clone() } else { Vec::new() },
            residuals: zero,
        });
        self.place[number] = self.kinds.len() as u32 - 1;
        self.kinds.len() - 1
    }

    /// The sums of each cluster as their squares add up, where a cluster stands for several.
    pub fn per_cluster(&mut self, copies: &[f64]) {
        let own: Vec<f64> = self.members.iter().map(|&cluster| copies[cluster as usize]).collect();
        let sums = self.kinds.iter_mut().flat_map(|kind| [&mut kind.residuals, &mut kind.weights]);
        sums.chain(&mut self.x).for_each(|sums| Weights::per_cluster(&own, sums));
    }

    /// Units with rows of the first stage in several clusters: within a cluster their residuals do not sum to zero, so
    /// that what the unit's mean takes out of periods and cells matters.
    pub fn add_crossing(&mut self, rows: &Rows, stage: &Within, cells: &Cells, by_unit: &ByUnit) {
        let mut at = vec![0; rows.clusters];
        self.members.iter().zip(0..).for_each(|(&cluster, place)| at[cluster as usize] = place);
        for unit in stage.crossing() {
            for row in stage.used_rows(unit) {
                let value = rows.weight(row) * stage.residuals[row] / stage.unit_weight(unit);
                for other in by_unit.of(unit) {
                    if let Some(place) = self.place(rows, cells, other) {
                        self.kinds[place].residuals[at[rows.cluster[row] as usize]] -= value * rows.weight(other);
                    }
                }
            }
        }
    }
}

/// The clusters that have rows, by class; one class of all where units cross clusters.
pub(super) fn classes(rows: &Rows, stage: &Within, cells: &Cells, by_unit: &ByUnit) -> Vec<Class> {
    let by_cluster = if rows.cluster == rows.unit {
        Cow::Borrowed(by_unit)
    } else {
        Cow::Owned(ByUnit::new(rows.cluster, rows.clusters))
    };
    let cohorts = cells.cohort.iter().max().map_or(0, |last| *last + 1);
    let (none, several) = (cohorts, cohorts + 1);
    let crossed = stage.crossing().next().is_some();
    let home = |cluster: usize| {
        let own = |row: usize| cells.cell(row).map_or(none, |cell| cells.cohort[cell]);
        by_cluster.of(cluster).map(own).reduce(|home, own| match (home, own) {
            (home, own) if own == none || own == home => home,
            (home, own) if home == none => own,
            _ => several,
        })
    };
    let mut members = vec![Vec::new(); cohorts as usize + 2];
    for cluster in 0..rows.clusters {
        if let Some(home) = home(cluster) {
            members[home as usize].push(cluster as u32);
        }
    }
    if crossed {
        members = vec![members.concat()];
    }
    members.retain(|members| !members.is_empty());
    members.into_par_iter().map(|members| Class::new(rows, stage, cells, &by_cluster, members)).collect()
}
