//! Control variables: outcomes net of what changes of the controls explain among units that have not
//! switched, and the part of the influence that this adds (`did_multiplegt_dyn`, `controls`).

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::paths::{Group, Paths};
use super::sample::Sample;
use crate::message::Warning;

/// Coefficients by baseline value, and each unit's influence on those of its own baseline value.
pub(super) struct Residuals {
    /// One vector for each baseline value.
    pub theta: Vec<DVector<f64>>,
    /// One vector for each group.
    pub influence: Vec<DVector<f64>>,
}

/// First differences in one period of one unit that has not switched.
struct Change {
    group: usize,
    cell: usize,
    weight: f64,
    y: f64,
    raw: f64,
    x: DVector<f64>,
}

impl Residuals {
    /// Regresses first differences of the outcome on those of the controls and on period effects, by baseline
    /// value, among units that have not switched yet.
    pub fn new(sample: &mut Sample, paths: &Paths) -> Self {
        let size = sample.controls();
        let mut changes = changes(sample, paths);
        demean(&mut changes, paths);
        let mut theta = vec![DVector::zeros(size); paths.levels];
        let mut influence = vec![DVector::zeros(size); paths.groups.len()];
        let level = |change: &Change| paths.groups[change.group].level;
        let clusters = clusters_by_period(&changes, paths);
        for (l, theta) in theta.iter_mut().enumerate() {
            let own: Vec<&Change> = changes.iter().filter(|change| level(change) == l).collect();
            let mut cross = DMatrix::zeros(size, size);
            let mut product = DVector::zeros(size);
            for change in &own {
                cross += change.weight * &change.x * change.x.transpose();
                product += change.weight * change.y * &change.x;
            }
            let (inverse, rank) = inverse(&cross);
            if rank < size && !own.is_empty() {
                warn(sample, paths, l, size - rank);
            }
            *theta = &inverse * product;
            for change in own {
                // As for cohorts: a mean that comes from one cluster is not taken out.
                let count = clusters[level(change) * paths.periods + change.cell % paths.periods];
                let residual = if count >= 2.0 {
                    (count / (count - 1.0)).sqrt() * (change.y - change.x.dot(theta))
                } else {
                    change.raw
                };
                // Units that switch in the second period have no change before.
                if paths.groups[change.group].switch >= 2 {
                    influence[change.group] += change.weight * residual * &inverse * &change.x;
                }
            }
        }
        Self { theta, influence }
    }

    /// What the controls explain of a change `x` of theirs.
    pub fn explained(&self, group: &Group, x: &DVector<f64>) -> f64 {
        self.theta[group.level].dot(x)
    }
}

fn changes(sample: &Sample, paths: &Paths) -> Vec<Change> {
    let mut changes = Vec::new();
    for (number, group) in paths.groups.iter().enumerate() {
        for t in 1..group.switch.min(paths.periods) {
            let y = sample.outcome(group.at, t) - sample.outcome(group.at, t - 1);
            let x = DVector::from_fn(sample.controls(), |k, _| {
                sample.control(k, group.at, t) - sample.control(k, group.at, t - 1)
            });
            if !y.is_nan() && !x.iter().any(|x| x.is_nan()) {
                let cell = group.stratum * paths.periods + t;
                changes.push(Change { group: number, cell, weight: sample.weight(group.at, t), y, raw: y, x });
            }
        }
    }
    changes
}

/// Takes weighted means over the stratum and period out of the changes.
fn demean(changes: &mut [Change], paths: &Paths) {
    let cells = paths.strata * paths.periods;
    let size = changes.first().map_or(0, |change| change.x.len());
    let mut weight = vec![0.0; cells];
    let mut y = vec![0.0; cells];
    let mut x = vec![DVector::zeros(size); cells];
    for change in changes.iter() {
        weight[change.cell] += change.weight;
        y[change.cell] += change.weight * change.y;
        x[change.cell] += change.weight * &change.x;
    }
    for change in changes.iter_mut().filter(|change| weight[change.cell] > 0.0) {
        change.y -= y[change.cell] / weight[change.cell];
        change.x -= &x[change.cell] / weight[change.cell];
    }
}

/// Clusters with a change, by baseline value and period.
fn clusters_by_period(changes: &[Change], paths: &Paths) -> Vec<f64> {
    let mut seen: Vec<Vec<u32>> = vec![Vec::new(); paths.levels * paths.periods];
    for change in changes {
        let group = &paths.groups[change.group];
        seen[group.level * paths.periods + change.cell % paths.periods].push(group.cluster);
    }
    seen.iter_mut()
        .map(|clusters| {
            clusters.sort_unstable();
            clusters.dedup();
            clusters.len() as f64
        })
        .collect()
}

/// The inverse on the space in which the controls vary, and its dimension.
fn inverse(cross: &DMatrix<f64>) -> (DMatrix<f64>, usize) {
    let size = cross.nrows();
    let scale = DVector::from_fn(size, |k, _| if cross[(k, k)] > 0.0 { cross[(k, k)].sqrt().recip() } else { 0.0 });
    let scaled = DMatrix::from_fn(size, size, |i, j| scale[i] * cross[(i, j)] * scale[j]);
    let eigen = SymmetricEigen::new(scaled);
    let kept = eigen.eigenvalues.map(|value| if value > 1e-10 { value.recip() } else { 0.0 });
    let rank = kept.iter().filter(|value| **value > 0.0).count();
    let inverse = &eigen.eigenvectors * DMatrix::from_diagonal(&kept) * eigen.eigenvectors.transpose();
    (DMatrix::from_fn(size, size, |i, j| scale[i] * inverse[(i, j)] * scale[j]), rank)
}

fn warn(sample: &mut Sample, paths: &Paths, level: usize, missing: usize) {
    let Some(group) = paths.groups.iter().find(|group| group.level == level) else { return };
    let names: Vec<&str> = sample.design.regressors.iter().map(|(name, _)| name.as_str()).collect();
    let (names, baseline) = (names.join(", "), group.baseline);
    let warning = Warning::new(
        "W306",
        format!(
            "among units with first treatment {baseline}, {missing} of the controls ({names}) do not vary beyond period effects and the other controls"
        ),
        format!(
            "初始处理为 {baseline} 的个体中，控制变量（{names}）有 {missing} 个在时期效应与其他控制变量之外没有变化"
        ),
    );
    sample.warnings.push(warning);
}
