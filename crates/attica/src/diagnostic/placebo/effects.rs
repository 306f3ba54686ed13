//! The period effects that a treatment leaves behind, draw by draw.
//!
//! Unit effects leave by demeaning. What remains of the period effects is one dense system of
//! `periods` equations, `S l = r` with `S = diag(w_t) - N' diag(1/w_i) N` (the Schur complement of
//! the normal equations of the dummies), whose pseudo-inverse is computed once. It is exact on any
//! unbalanced or weighted panel, connected or not.

use nalgebra::{DMatrix, SymmetricEigen};

/// Weight of each unit, and the solved period system.
pub(super) struct PeriodEffects {
    periods: usize,
    /// Sum of weights of each unit.
    pub unit_weight: Vec<f64>,
    /// Pseudo-inverse of `S`, row by row.
    inverse: Vec<f64>,
}

impl PeriodEffects {
    /// From the sum of weights in each cell, unit-major (`units * periods`, 0 where there is no row).
    pub fn new(weight: &[f64], periods: usize) -> Self {
        let unit_weight: Vec<f64> = weight.chunks_exact(periods.max(1)).map(|w| w.iter().sum()).collect();
        let mut schur = DMatrix::<f64>::zeros(periods, periods);
        for (w, total) in weight.chunks_exact(periods.max(1)).zip(&unit_weight) {
            for t in (0..periods).filter(|&t| w[t] != 0.0) {
                schur[(t, t)] += w[t];
                for s in 0..periods {
                    schur[(t, s)] -= w[t] * w[s] / total;
                }
            }
        }
        let eigen = SymmetricEigen::new(schur);
        let smallest = eigen.eigenvalues.amax() * 1e-11;
        let mut inverse = vec![0.0; periods * periods];
        for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
            // A zero eigenvalue is a connected set of units and periods: its level is free.
            if *value > smallest {
                for t in 0..periods {
                    for s in 0..periods {
                        inverse[t * periods + s] += vector[t] * vector[s] / value;
                    }
                }
            }
        }
        Self { periods, unit_weight, inverse }
    }

    /// Period effects for the right-hand side `r_t = sum_i w_it (x_it - mean_i x)`.
    pub fn solve(&self, right: &[f64], effects: &mut [f64]) {
        for (effect, row) in effects.iter_mut().zip(self.inverse.chunks_exact(self.periods.max(1))) {
            *effect = row.iter().zip(right).map(|(a, b)| a * b).sum();
        }
    }
}
