//! The regression with its absorbed effects written out: leverages, and what a cluster takes with it when
//! it is left out, depend on all columns of the model, absorbed ones included.

use nalgebra::{DMatrix, SymmetricEigen};

use super::Estimate;
use crate::absorb::Absorber;
use crate::design::Effect;
use crate::math::cross::cross_products;
use crate::message::{Problem, Result};

/// Most cells of the columns that are written out (2 GB).
const MOST_CELLS: usize = 1 << 28;
/// Most columns: the cross-products are solved densely.
const MOST_COLUMNS: usize = 3000;
/// Eigenvalues below this share of the largest are those of redundant columns.
const RANK: f64 = 1e-10;

/// Columns that span the model beside the effects taken out of them, each times the root of the weight, and
/// the generalised inverse of their cross-products.
pub(super) struct Explicit {
    /// Dummies of the effects that are not taken out, then the regressors: p columns of n rows, norm one.
    pub columns: Vec<Vec<f64>>,
    /// Norm that each column had.
    pub norms: Vec<f64>,
    /// Position of the first regressor.
    pub regressors: usize,
    /// Symmetric root of the generalised inverse of `Z'Z`, p x p.
    pub root: DMatrix<f64>,
}

impl Explicit {
    /// Writes out all effects but those flagged in `taken_out`, which are projected out of the others.
    ///
    /// # Errors
    /// `E409` when there are too many levels to write out; `E702` when taking effects out fails.
    pub fn new(of: Estimate<'_>, taken_out: &[bool], purpose: &str) -> Result<Self> {
        let n = of.residuals.len();
        let written: Vec<&Effect> =
            of.effects.iter().zip(taken_out).filter(|(_, out)| !**out).map(|(e, _)| e).collect();
        let width: usize =
            written.iter().map(|e| e.by.levels * (usize::from(e.intercept) + e.slopes.len())).sum::<usize>()
                + of.columns.len();
        if width > MOST_COLUMNS || width.saturating_mul(n) > MOST_CELLS {
            let names: Vec<&str> = written.iter().map(|e| e.by.name.as_str()).collect();
            return Err(Problem::new(
                "E409",
                format!("{purpose} needs the leverage of every row, and the effects {} have too many levels for that ({width} columns of {n} rows)", names.join(", ")),
            )
            .fix("use clustered standard errors with the wild bootstrap, or absorb fewer effects"));
        }
        let mut columns: Vec<Vec<f64>> = written.iter().flat_map(|effect| dummies(effect, n)).collect();
        let out: Vec<Effect> =
            of.effects.iter().zip(taken_out).filter(|(_, out)| **out).map(|(e, _)| e.clone()).collect();
        let weights = of.weights.map(|w| &w.values[..]);
        let absorber = Absorber::new(&out, weights);
        let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        absorber.remove(&mut views)?;
        let regressors = columns.len();
        columns.extend(of.columns.iter().cloned());
        if let Some(weights) = weights {
            for column in &mut columns {
                for (z, w) in column.iter_mut().zip(weights) {
                    *z *= w.sqrt();
                }
            }
        }
        let norms: Vec<f64> = columns.iter_mut().map(|column| normalise(column)).collect();
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let root = inverse_root(cross_products(&views, None));
        Ok(Self { columns, norms, regressors, root })
    }

    /// Row `row` of the columns times the root: its squared length is the row's leverage beside the effects
    /// taken out.
    pub fn rooted(&self, row: usize) -> Vec<f64> {
        let p = self.columns.len();
        (0..p).map(|j| (0..p).map(|i| self.columns[i][row] * self.root[(i, j)]).sum()).collect()
    }
}

/// Columns of an effect: indicators and slopes of each level.
fn dummies(effect: &Effect, n: usize) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![0.0; n]; effect.by.levels * (usize::from(effect.intercept) + effect.slopes.len())];
    let mut first = 0;
    let ones = effect.intercept.then(|| vec![1.0; n]);
    for values in ones.iter().chain(effect.slopes.iter().map(|(_, values)| values)) {
        for (row, (&level, value)) in effect.by.codes.iter().zip(values).enumerate() {
            columns[first + level as usize][row] = *value;
        }
        first += effect.by.levels;
    }
    columns
}

/// Scales a column to norm one; a column that the effects absorb becomes zero.
fn normalise(column: &mut [f64]) -> f64 {
    let norm = column.iter().map(|z| z * z).sum::<f64>().sqrt();
    let factor = if norm > RANK { 1.0 / norm } else { 0.0 };
    for z in column.iter_mut() {
        *z *= factor;
    }
    norm
}

/// Symmetric root of the generalised inverse.
fn inverse_root(cross: DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(cross);
    let most = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
    let roots = eigen.eigenvalues.map(|v| if v > RANK * most { 1.0 / v.sqrt() } else { 0.0 });
    &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose()
}

/// Generalised inverse of a symmetric matrix, and the space that it leaves out (a basis in columns).
pub(crate) fn inverse(cross: DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    let eigen = SymmetricEigen::new(cross);
    let most = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
    let kept = |v: f64| v > RANK * most;
    let inverse = eigen.eigenvalues.map(|v| if kept(v) { 1.0 / v } else { 0.0 });
    let lost: Vec<usize> = (0..eigen.eigenvalues.len()).filter(|&i| !kept(eigen.eigenvalues[i])).collect();
    let inverse = &eigen.eigenvectors * DMatrix::from_diagonal(&inverse) * eigen.eigenvectors.transpose();
    (inverse, eigen.eigenvectors.select_columns(&lost))
}
