//! Complete panels without covariates: effects are differences of cohort means, and influences are linear in
//! the outcome path of a unit, so that all effects together need one pass over the data.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::collect::by_cluster;
use super::plan::{Class, Plan, Planned};
use super::{CellEffect, Missing};
use crate::estimator::influence::Block;
use crate::estimator::wide::Wide;

/// Outcome paths of one class.
struct Paths {
    /// Sum of weights.
    weight: f64,
    /// Mean change since the first period, by period.
    mean: Vec<f64>,
    /// The weight of each unit; then, for every later period, its weighted change since the first period less
    /// the mean.
    features: Vec<Vec<f64>>,
}

impl Paths {
    fn new(panel: &Wide<'_>, class: &Class) -> Self {
        let periods = panel.times.len();
        let weights: Vec<f64> = class.members.iter().map(|&unit| panel.weight[unit as usize]).collect();
        let weight = weights.iter().sum();
        let mut features = vec![vec![0.0; class.members.len()]; periods];
        for (place, &unit) in class.members.iter().enumerate() {
            let path = &panel.y[unit as usize * periods..][..periods];
            for (feature, y) in features.iter_mut().zip(path).skip(1) {
                feature[place] = y - path[0];
            }
        }
        let mut mean = vec![0.0; periods];
        for (mean, feature) in mean.iter_mut().zip(&mut features).skip(1) {
            if weight > 0.0 {
                *mean = feature.iter().zip(&weights).map(|(y, w)| w * y).sum::<f64>() / weight;
            }
            feature.iter_mut().zip(&weights).for_each(|(y, w)| *y = w * (*y - *mean));
        }
        features[0] = weights;
        let members = || class.members.iter().map(|&unit| unit as usize);
        for feature in &mut features {
            panel.per_unit(members(), feature);
        }
        Self { weight, mean, features }
    }

    fn change(&self, cell: &Planned) -> f64 {
        self.mean[cell.time] - self.mean[cell.base]
    }
}

/// Effects of a complete panel.
pub(super) struct Moments<'a> {
    panel: &'a Wide<'a>,
    plan: &'a Plan,
    paths: Vec<Paths>,
}

impl<'a> Moments<'a> {
    pub fn new(panel: &'a Wide<'a>, plan: &'a Plan) -> Self {
        let paths = plan.classes.par_iter().map(|class| Paths::new(panel, class)).collect();
        Self { panel, plan, paths }
    }

    /// The effect of every planned cell.
    pub fn effects(&self) -> Vec<Result<CellEffect, Missing>> {
        let of = |cell: &Planned| {
            let count =
                |class: &usize| self.panel.count(self.plan.classes[*class].members.iter().map(|&unit| unit as usize));
            let n_control: usize = cell.controls.iter().map(count).sum();
            if count(&cell.class) == 0 {
                return Err(Missing::NoTreated);
            }
            if n_control == 0 {
                return Err(Missing::NoControls);
            }
            let att =
                if cell.is_reference() { 0.0 } else { self.paths[cell.class].change(cell) - self.controls(cell).1 };
            Ok(CellEffect { att, n_treated: count(&cell.class), n_control, ..CellEffect::default() })
        };
        self.plan.cells.iter().map(of).collect()
    }

    /// Sum of weights of the controls, and their mean change.
    fn controls(&self, cell: &Planned) -> (f64, f64) {
        let paths = || cell.controls.iter().map(|&class| &self.paths[class]);
        let weight: f64 = paths().map(|paths| paths.weight).sum();
        (weight, paths().map(|paths| paths.weight * paths.change(cell)).sum::<f64>() / weight)
    }

    /// Influences; `column` gives the estimate of each planned cell, `weights` that of the weight of each class
    /// (of all `estimates`), and `total` is the sum of weights of all units.
    pub fn blocks(
        self,
        estimates: usize,
        column: &[Option<usize>],
        weights: &[Option<usize>],
        total: f64,
    ) -> Vec<Block> {
        let mut loads: Vec<DMatrix<f64>> =
            self.paths.iter().map(|paths| DMatrix::zeros(estimates, paths.features.len())).collect();
        for (loads, weight) in loads.iter_mut().zip(weights) {
            if let Some(weight) = weight {
                loads[(*weight, 0)] = 1.0 / total;
            }
        }
        for (cell, column) in self.plan.cells.iter().zip(column) {
            let Some(column) = *column else { continue };
            if cell.is_reference() {
                continue;
            }
            let (weight, mean) = self.controls(cell);
            for class in cell.classes() {
                let (share, lag) = if class == cell.class {
                    (1.0 / self.paths[class].weight, 0.0)
                } else {
                    (-1.0 / weight, self.paths[class].change(cell) - mean)
                };
                // Changes of the first period since itself are zero; its feature is the weight.
                for (period, sign) in [(cell.time, share), (cell.base, -share)] {
                    if period > 0 {
                        loads[class][(column, period)] += sign;
                    }
                }
                loads[class][(column, 0)] += share * lag;
            }
        }
        let Some(cluster) = &self.panel.cluster else {
            let block = |(paths, loads): (Paths, DMatrix<f64>)| Block { features: paths.features, loads };
            return self.paths.into_iter().zip(loads).map(block).collect();
        };
        let clusters = cluster.iter().max().map_or(0, |c| *c as usize + 1);
        let features = self.paths.iter().zip(&self.plan.classes).flat_map(|(paths, class)| {
            paths.features.iter().map(|feature| by_cluster(feature, &class.members, cluster, clusters))
        });
        let features: Vec<Vec<f64>> = features.collect();
        let width = self.panel.times.len();
        let loads = DMatrix::from_fn(estimates, features.len(), |i, j| loads[j / width][(i, j % width)]);
        vec![Block { features, loads }]
    }
}
