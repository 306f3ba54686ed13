//! A two-way fixed-effects regression on any set of units, from sums taken once.
//!
//! Unit effects leave by demeaning, unit by unit. What the period effects take of the cross-products
//! of a set of units depends on three sums over its units: the demeaned cross-products, the demeaned
//! columns by period, and the units' parts of the Schur complement of the period dummies. Splitting
//! a sample, permuting labels and resampling units (each copy with an effect of its own) then cost
//! additions, not regressions.

use nalgebra::DMatrix;

use super::Rows;

/// Sums of each unit.
pub struct UnitSums {
    columns: usize,
    periods: usize,
    /// Per unit: `columns^2` cross-products, `periods * columns` sums, `periods^2` Schur parts.
    sums: Vec<f64>,
}

/// Coefficients of a regression and the cross-products behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficients {
    /// One per regressor; 0 for one that effects and the regressors before it span.
    pub estimates: Vec<f64>,
    /// Sum of squares that each regressor has left after effects and the regressors before it, 0 when
    /// they span it. For the last one it is what its estimate rests on.
    pub remainder: Vec<f64>,
}

impl UnitSums {
    /// Sums for the outcome and controls of `rows`, and `more` regressors before the controls.
    pub fn new(rows: Rows<'_>, more: &[&[f64]]) -> Self {
        let Rows { unit, units, period, periods, outcome, controls, weights } = rows;
        let columns: Vec<&[f64]> = controls.iter().chain(more).copied().chain([outcome]).collect();
        let c = columns.len();
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        let size = c * c + periods * c + periods * periods;
        let mut total = vec![0.0; units];
        let mut means = vec![0.0; units * c];
        for (row, &i) in unit.iter().enumerate() {
            total[i as usize] += weight(row);
            for (mean, column) in means[i as usize * c..][..c].iter_mut().zip(&columns) {
                *mean += weight(row) * column[row];
            }
        }
        for (mean, total) in means.chunks_exact_mut(c).zip(&total) {
            let total = if *total > 0.0 { *total } else { 1.0 };
            for m in mean {
                *m /= total;
            }
        }
        let mut sums = vec![0.0; units * size];
        let mut centred = vec![0.0; c];
        for (row, (&i, &t)) in unit.iter().zip(period).enumerate() {
            let (i, t, w) = (i as usize, t as usize, weight(row));
            for ((x, column), mean) in centred.iter_mut().zip(&columns).zip(&means[i * c..]) {
                *x = column[row] - mean;
            }
            let own = &mut sums[i * size..][..size];
            for a in 0..c {
                for b in 0..c {
                    own[a * c + b] += w * centred[a] * centred[b];
                }
                own[c * c + t * c + a] += w * centred[a];
            }
            own[c * c + periods * c + t * periods + t] += w;
        }
        // Off the diagonal of the Schur part: - w_t w_s / w.
        for (own, total) in sums.chunks_exact_mut(size).zip(&total).filter(|(_, total)| **total > 0.0) {
            let schur = &mut own[c * c + periods * c..];
            let w: Vec<f64> = (0..periods).map(|t| schur[t * periods + t]).collect();
            for t in 0..periods {
                for s in 0..periods {
                    schur[t * periods + s] -= w[t] * w[s] / total;
                }
            }
        }
        Self { columns: c, periods, sums }
    }

    /// The regression over units counted `times[i]` times each (0 leaves a unit out).
    /// Regressors are the controls, then `more`.
    pub fn fit(&self, times: &[u32]) -> Coefficients {
        let (c, periods) = (self.columns, self.periods);
        let size = c * c + periods * c + periods * periods;
        let mut sum = vec![0.0; size];
        for (own, &n) in self.sums.chunks_exact(size.max(1)).zip(times).filter(|(_, n)| **n > 0) {
            for (s, o) in sum.iter_mut().zip(own) {
                *s += f64::from(n) * o;
            }
        }
        let (cross, rest) = sum.split_at(c * c);
        let (by_period, schur) = rest.split_at(periods * c);
        let mut cross = DMatrix::from_row_slice(c, c, cross);
        let before: Vec<f64> = (0..c).map(|a| cross[(a, a)]).collect();
        let mut schur = DMatrix::from_row_slice(periods, periods, schur);
        let mut by_period = DMatrix::from_row_slice(periods, c, by_period);
        let scale = schur.diagonal().max();
        // Gaussian elimination of the periods; a pivot of zero is a level that is free.
        for t in 0..periods {
            let pivot = schur[(t, t)];
            if pivot <= 1e-11 * scale {
                continue;
            }
            for s in t + 1..periods {
                let factor = schur[(s, t)] / pivot;
                for r in t + 1..periods {
                    schur[(s, r)] -= factor * schur[(t, r)];
                }
                for a in 0..c {
                    by_period[(s, a)] -= factor * by_period[(t, a)];
                }
            }
            for a in 0..c {
                for b in 0..c {
                    cross[(a, b)] -= by_period[(t, a)] * by_period[(t, b)] / pivot;
                }
            }
        }
        solve(cross, &before)
    }
}

/// Least squares from cross-products, outcome last.
fn solve(mut cross: DMatrix<f64>, before: &[f64]) -> Coefficients {
    let k = cross.nrows() - 1;
    let mut remainder = vec![0.0; k];
    for j in 0..k {
        let pivot = cross[(j, j)];
        if pivot > 1e-10 * before[j] {
            remainder[j] = pivot;
            for a in j + 1..=k {
                let factor = cross[(j, a)] / pivot;
                for b in j + 1..=k {
                    cross[(a, b)] -= factor * cross[(j, b)];
                }
            }
        }
    }
    let mut estimates = vec![0.0; k];
    for j in (0..k).rev().filter(|&j| remainder[j] > 0.0) {
        let known: f64 = (j + 1..k).map(|l| cross[(j, l)] * estimates[l]).sum();
        estimates[j] = (cross[(j, k)] - known) / remainder[j];
    }
    Coefficients { estimates, remainder }
}
