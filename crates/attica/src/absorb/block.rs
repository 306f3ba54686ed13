//! One effect: intercepts and slopes of every level leave in one exact projection.

use crate::design::Effect;
use crate::math::cross::weighted_dot;

/// The projection on one effect.
pub(super) struct Block<'a> {
    codes: &'a [u32],
    weights: Option<&'a [f64]>,
    basis: Basis,
    /// Levels of each slope (after the intercept, if any) that add nothing to what comes before.
    pub(super) redundant: Vec<usize>,
}

enum Basis {
    /// Intercepts alone: one over the weight of each level.
    Means(Vec<f64>),
    /// Columns that are orthonormal within every level (zero where a level does not identify them).
    Columns(Vec<Vec<f64>>, usize),
}

impl<'a> Block<'a> {
    /// Prepares the projection.
    pub(super) fn new(effect: &'a Effect, weights: Option<&'a [f64]>) -> Self {
        let codes = &effect.by.codes[..];
        let levels = effect.by.levels;
        if effect.slopes.is_empty() {
            let mut inverse = level_sums(codes, levels, weights, |_| 1.0);
            for w in &mut inverse {
                *w = if *w > 0.0 { 1.0 / *w } else { 0.0 };
            }
            return Self { codes, weights, basis: Basis::Means(inverse), redundant: Vec::new() };
        }
        let constant = effect.intercept.then(|| vec![1.0; codes.len()]);
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut redundant = Vec::new();
        for column in constant.into_iter().chain(effect.slopes.iter().map(|(_, values)| values.clone())) {
            redundant.push(orthonormalise(&mut basis, column, codes, levels, weights));
        }
        if effect.intercept {
            redundant.remove(0);
        }
        Self { codes, weights, basis: Basis::Columns(basis, levels), redundant }
    }

    /// The weights by level with which a sum over rows is the fitted value of level 0; `None` with slopes.
    pub(super) fn base_cell(&self) -> Option<Vec<f64>> {
        let Basis::Means(inverse) = &self.basis else { return None };
        let mut weights = vec![0.0; inverse.len()];
        *weights.first_mut()? = *inverse.first()?;
        Some(weights)
    }

    /// What the effect leaves of `column`, and what it fits in level 0; `None` with slopes.
    pub(super) fn left(&self, column: &[f64]) -> Option<(Vec<f64>, f64)> {
        let means = self.means(column)?;
        let left = self.codes.iter().zip(column).map(|(&c, y)| y - means[c as usize]).collect();
        Some((left, means.first().copied().unwrap_or(0.0)))
    }

    /// Mean of `column` in each level; `None` with slopes.
    fn means(&self, column: &[f64]) -> Option<Vec<f64>> {
        let Basis::Means(inverse) = &self.basis else { return None };
        let mut sums = level_sums(self.codes, inverse.len(), self.weights, |row| column[row]);
        sums.iter_mut().zip(inverse).for_each(|(s, i)| *s *= i);
        Some(sums)
    }

    /// Takes the effect out of `column`, in place; `sums` is scratch space.
    pub(super) fn remove(&self, column: &mut [f64], sums: &mut Vec<f64>) {
        match &self.basis {
            Basis::Means(_) => {
                let means = self.means(column).unwrap_or_default();
                self.codes.iter().zip(column).for_each(|(&c, y)| *y -= means[c as usize]);
            }
            Basis::Columns(basis, levels) => {
                for q in basis {
                    project_out(q, column, self.codes, *levels, self.weights, sums);
                }
            }
        }
    }
}

/// Sum of `value(row)` times weight, per level.
pub(super) fn level_sums(
    codes: &[u32],
    levels: usize,
    weights: Option<&[f64]>,
    value: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let mut sums = vec![0.0; levels];
    for (row, &code) in codes.iter().enumerate() {
        sums[code as usize] += weights.map_or(1.0, |w| w[row]) * value(row);
    }
    sums
}

/// Subtracts from `column`, level by level, its part along `q`.
fn project_out(
    q: &[f64],
    column: &mut [f64],
    codes: &[u32],
    levels: usize,
    weights: Option<&[f64]>,
    sums: &mut Vec<f64>,
) {
    sums.clear();
    sums.resize(levels, 0.0);
    for (row, &code) in codes.iter().enumerate() {
        sums[code as usize] += weights.map_or(1.0, |w| w[row]) * q[row] * column[row];
    }
    for ((y, q), &code) in column.iter_mut().zip(q).zip(codes) {
        *y -= sums[code as usize] * q;
    }
}

/// Adds `column` to the basis, orthogonal to it and of norm 1 within each level; the number of
/// levels in which nothing of it was left.
fn orthonormalise(
    basis: &mut Vec<Vec<f64>>,
    mut column: Vec<f64>,
    codes: &[u32],
    levels: usize,
    weights: Option<&[f64]>,
) -> usize {
    let before = level_sums(codes, levels, weights, |row| column[row] * column[row]);
    let mut sums = Vec::new();
    // Twice is enough (Kahan; Giraud et al. 2005).
    for _ in 0..2 {
        for q in &*basis {
            project_out(q, &mut column, codes, levels, weights, &mut sums);
        }
    }
    let after = level_sums(codes, levels, weights, |row| column[row] * column[row]);
    let scale: Vec<f64> =
        after.iter().zip(&before).map(|(a, b)| if *a > 1e-20 * b { 1.0 / a.sqrt() } else { 0.0 }).collect();
    for (x, &code) in column.iter_mut().zip(codes) {
        *x *= scale[code as usize];
    }
    basis.push(column);
    scale.iter().filter(|s| **s == 0.0).count()
}

/// Norm of a column under the weights.
pub(super) fn norm(column: &[f64], weights: Option<&[f64]>) -> f64 {
    weighted_dot(column, column, weights).sqrt()
}
