//! Cholesky factor of a cross-product matrix over its independent columns.

use crate::math::cross::dot;

/// A pivot below this share of a column's own square is rounding: columns before it span the column.
const INDEPENDENT: f64 = 1e-11;

/// Lower triangle of the factor, row by row, over the columns that are linearly independent of those before
/// them. The others get coefficient zero.
#[derive(Clone, Debug)]
pub(in crate::estimator) struct Factor {
    /// Independent columns, ascending.
    pub kept: Vec<usize>,
    rows: Vec<Vec<f64>>,
    size: usize,
}

impl Factor {
    /// Factors `a` (`size` x `size`, row-major, lower triangle filled). `scale[j]` is the square of column `j`
    /// that a pivot is judged by.
    pub fn new(a: &[f64], size: usize, scale: &[f64]) -> Self {
        let (mut kept, mut rows): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for j in 0..size {
            let mut row: Vec<f64> = Vec::with_capacity(kept.len() + 1);
            for (done, &k) in rows.iter().zip(&kept) {
                let i = row.len();
                row.push((a[j * size + k] - dot(&row, &done[..i])) / done[i]);
            }
            let pivot = a[j * size + j] - dot(&row, &row);
            if pivot > INDEPENDENT * scale[j] {
                row.push(pivot.sqrt());
                kept.push(j);
                rows.push(row);
            }
        }
        Self { kept, rows, size }
    }

    /// Solves for the right-hand side `b`, in place.
    pub fn solve(&self, b: &mut [f64]) {
        let mut z: Vec<f64> = Vec::with_capacity(self.kept.len());
        for (row, &j) in self.rows.iter().zip(&self.kept) {
            let i = z.len();
            z.push((b[j] - dot(&z, &row[..i])) / row[i]);
        }
        for i in (0..z.len()).rev() {
            z[i] /= self.rows[i][i];
            let (head, tail) = z.split_at_mut(i);
            for (value, l) in head.iter_mut().zip(&self.rows[i]) {
                *value -= l * tail[0];
            }
        }
        b[..self.size].fill(0.0);
        for (&j, value) in self.kept.iter().zip(z) {
            b[j] = value;
        }
    }

    /// Column `j` of the inverse (zero for a dependent column).
    pub fn inverse_column(&self, j: usize) -> Vec<f64> {
        let mut column = vec![0.0; self.size];
        if self.kept.binary_search(&j).is_ok() {
            column[j] = 1.0;
            self.solve(&mut column);
        }
        column
    }
}
