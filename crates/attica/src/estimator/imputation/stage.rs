//! The untreated outcome: unit and period effects and covariates fitted on untreated rows only.
//!
//! Unit effects leave by exact demeaning; what is left is one small dense system in periods and
//! covariates, factored once and solved for the outcome and for every weight vector of inference.

use nalgebra::{DMatrix, DVector};

use super::Rows;
use crate::message::{Problem, Result};

/// The fitted first stage.
pub(super) struct Stage<'a> {
    rows: &'a Rows<'a>,
    /// Weighted sum of each unit's untreated rows, and of its period dummies and covariates.
    unit_weight: Vec<f64>,
    unit_sums: DMatrix<f64>,
    factor: Factor,
    /// Untreated outcome of each row; NaN where it is not identified.
    pub fitted: Vec<f64>,
}

/// A vector of coefficients: one per unit, then periods and covariates.
pub(super) struct Coefficients {
    unit: Vec<f64>,
    rest: DVector<f64>,
}

impl<'a> Stage<'a> {
    /// # Errors
    /// `E205` without untreated rows, `E206` when a covariate does not vary within
    /// untreated units and periods.
    pub fn fit(rows: &'a Rows<'a>) -> Result<Self> {
        let small = rows.periods + rows.x.len();
        let mut unit_weight = vec![0.0; rows.units];
        let mut unit_sums = DMatrix::zeros(small, rows.units);
        let mut a = DMatrix::<f64>::zeros(small, small);
        let mut any = false;
        for r in rows.untreated() {
            any = true;
            let (unit, w) = (rows.unit[r] as usize, rows.weight[r]);
            unit_weight[unit] += w;
            rows.each(r, |j, zj| {
                unit_sums[(j, unit)] += w * zj;
                rows.each(r, |k, zk| a[(j, k)] += w * zj * zk);
            });
        }
        if !any {
            return Err(Problem::new("E205", "every row is treated, so the untreated outcome cannot be estimated"));
        }
        for unit in 0..rows.units {
            if unit_weight[unit] > 0.0 {
                let sums = unit_sums.column(unit);
                let held: Vec<usize> = (0..small).filter(|&j| sums[j] != 0.0).collect();
                for &j in &held {
                    for &k in &held {
                        a[(j, k)] -= sums[j] * sums[k] / unit_weight[unit];
                    }
                }
            }
        }
        let factor = Factor::new(a, rows)?;
        let mut stage = Self { rows, unit_weight, unit_sums, factor, fitted: Vec::new() };
        let coefficients = stage.solve(|r| if rows.treated[r] { 0.0 } else { rows.weight[r] * rows.y[r] });
        let component = Components::new(rows);
        stage.fitted = (0..rows.len())
            .map(|r| if component.identifies(rows, r) { coefficients.at(rows, r) } else { f64::NAN })
            .collect();
        Ok(stage)
    }

    /// `(Z0'W Z0)^-1 Z'v` for a vector `v` over all rows: least squares when `v = W y` on untreated rows,
    /// and the weights of an imputed effect when `v` are the weights of treated rows.
    pub fn solve(&self, v: impl Fn(usize) -> f64) -> Coefficients {
        let mut by_unit = vec![0.0; self.rows.units];
        let mut by_rest = DVector::zeros(self.unit_sums.nrows());
        for r in 0..self.rows.len() {
            let value = v(r);
            if value != 0.0 {
                by_unit[self.rows.unit[r] as usize] += value;
                self.rows.each(r, |j, z| by_rest[j] += value * z);
            }
        }
        for unit in 0..self.rows.units {
            if self.unit_weight[unit] > 0.0 && by_unit[unit] != 0.0 {
                by_rest.axpy(-by_unit[unit] / self.unit_weight[unit], &self.unit_sums.column(unit), 1.0);
            }
        }
        let rest = self.factor.solve(&by_rest);
        let unit = (0..self.rows.units)
            .map(|i| {
                if self.unit_weight[i] > 0.0 {
                    (by_unit[i] - self.unit_sums.column(i).dot(&rest)) / self.unit_weight[i]
                } else {
                    0.0
                }
            })
            .collect();
        Coefficients { unit, rest }
    }
}

impl Coefficients {
    /// `z_r'b`.
    pub fn at(&self, rows: &Rows, r: usize) -> f64 {
        let mut sum = self.unit[rows.unit[r] as usize];
        rows.each(r, |j, z| sum += z * self.rest[j]);
        sum
    }
}

/// Cholesky factor of the small system over its independent columns; the others get coefficient zero.
struct Factor {
    kept: Vec<usize>,
    cholesky: nalgebra::Cholesky<f64, nalgebra::Dyn>,
    size: usize,
}

impl Factor {
    /// Period dummies span a constant within units (one is redundant in each connected part of the
    /// untreated panel); a redundant covariate is an error, for its coefficient would be arbitrary on
    /// treated rows.
    fn new(a: DMatrix<f64>, rows: &Rows) -> Result<Self> {
        let size = a.nrows();
        let mut total = vec![0.0; size];
        for r in rows.untreated() {
            rows.each(r, |j, z| total[j] += rows.weight[r] * z * z);
        }
        let mut kept: Vec<usize> = Vec::new();
        let mut l: Vec<Vec<f64>> = Vec::new();
        for j in 0..size {
            let mut row: Vec<f64> = Vec::with_capacity(kept.len() + 1);
            for (i, &k) in kept.iter().enumerate() {
                let dot: f64 = row.iter().zip(&l[i]).map(|(x, y)| x * y).sum();
                row.push((a[(j, k)] - dot) / l[i][i]);
            }
            let pivot = a[(j, j)] - row.iter().map(|x| x * x).sum::<f64>();
            if pivot > 1e-10 * total[j] {
                row.push(pivot.sqrt());
                kept.push(j);
                l.push(row);
            } else if j >= rows.periods {
                return Err(Problem::new(
                    "E206",
                    format!("covariate \"{}\" does not vary within untreated units and periods, so its effect on the untreated outcome is not identified", rows.x[j - rows.periods].0),
                )
                .fix("leave it out, or use a covariate that changes over time before adoption"));
            }
        }
        let n = kept.len();
        let lower = DMatrix::from_fn(n, n, |i, j| if j <= i { l[i][j] } else { 0.0 });
        Ok(Self { kept, cholesky: nalgebra::Cholesky::pack_dirty(lower), size })
    }

    fn solve(&self, b: &DVector<f64>) -> DVector<f64> {
        let reduced = DVector::from_iterator(self.kept.len(), self.kept.iter().map(|&j| b[j]));
        let solved = self.cholesky.solve(&reduced);
        let mut full = DVector::zeros(self.size);
        for (&j, value) in self.kept.iter().zip(solved.iter()) {
            full[j] = *value;
        }
        full
    }
}

/// Connected parts of the untreated panel: effects of a unit and of a period can be added only when both
/// lie in one part.
struct Components {
    parent: Vec<usize>,
    seen: Vec<bool>,
}

impl Components {
    fn new(rows: &Rows) -> Self {
        let nodes = rows.units + rows.periods;
        let mut parts = Self { parent: (0..nodes).collect(), seen: vec![false; nodes] };
        for r in rows.untreated() {
            let (unit, time) = (rows.unit[r] as usize, rows.units + rows.time[r] as usize);
            (parts.seen[unit], parts.seen[time]) = (true, true);
            let (a, b) = (parts.root(unit), parts.root(time));
            parts.parent[a.max(b)] = a.min(b);
        }
        for node in 0..nodes {
            parts.parent[node] = parts.root(node);
        }
        parts
    }

    fn root(&self, mut node: usize) -> usize {
        while self.parent[node] != node {
            node = self.parent[node];
        }
        node
    }

    fn identifies(&self, rows: &Rows, r: usize) -> bool {
        let (unit, time) = (rows.unit[r] as usize, rows.units + rows.time[r] as usize);
        self.seen[unit] && self.seen[time] && self.parent[unit] == self.parent[time]
    }
}
