//! Cholesky factors of symmetric matrices whose rows are zero up to a first column.

use std::ops::Range;

use crate::math::cross::dot;

/// A factor `L L'`, row by row from the first column that is not zero; what lies before stays zero in the factor. Rows
/// without a pivot have the solution 0: the matrices here are singular by construction.
pub(super) struct Envelope {
    first: Vec<u32>,
    starts: Vec<usize>,
    values: Vec<f64>,
    /// One over the pivots, 0 where there is none.
    inverse: Vec<f64>,
}

impl Envelope {
    /// A zero matrix whose row `p` begins in column `first[p]`.
    pub(super) fn zeros(first: Vec<u32>) -> Self {
        let mut starts = Vec::with_capacity(first.len() + 1);
        let mut total = 0;
        for (p, &f) in first.iter().enumerate() {
            starts.push(total);
            total += p - f as usize;
        }
        starts.push(total);
        let inverse = vec![0.0; first.len()];
        Self { first, starts, values: vec![0.0; total], inverse }
    }

    /// The entry below the diagonal in row `p` and column `q < p`, which lies in the envelope.
    pub(super) fn entry(&mut self, p: usize, q: usize) -> &mut f64 {
        &mut self.values[self.starts[p] + q - self.first[p] as usize]
    }

    fn row(&self, p: usize) -> Range<usize> {
        self.starts[p]..self.starts[p + 1]
    }

    /// Replaces the matrix, whose diagonal is `diagonal`, by its factor. A pivot of at most `floor[p]` is none.
    pub(super) fn factor(&mut self, diagonal: &[f64], floor: &[f64]) {
        for p in 0..diagonal.len() {
            let first = self.first[p] as usize;
            let (before, rest) = self.values.split_at_mut(self.starts[p]);
            let row = &mut rest[..p - first];
            for q in first..p {
                let other = self.first[q] as usize;
                let from = first.max(other);
                let other = &before[self.starts[q] + from - other..self.starts[q + 1]];
                let product = dot(&row[from.min(q) - first..q - first], other);
                row[q - first] = (row[q - first] - product) * self.inverse[q];
            }
            let pivot = diagonal[p] - dot(row, row);
            self.inverse[p] = if pivot > floor[p] { 1.0 / pivot.sqrt() } else { 0.0 };
        }
    }

    /// Rows that have no pivot.
    pub(super) fn singular(&self) -> usize {
        self.inverse.iter().filter(|inverse| **inverse == 0.0).count()
    }

    /// `L^-1 x` for `width` right-hand sides side by side (row-major), in place.
    pub(super) fn forward(&self, x: &mut [f64], width: usize) {
        for p in 0..self.first.len() {
            let (before, rest) = x.split_at_mut(p * width);
            let own = &mut rest[..width];
            for (factor, other) in
                self.values[self.row(p)].iter().zip(before[self.first[p] as usize * width..].chunks_exact(width))
            {
                own.iter_mut().zip(other).for_each(|(x, y)| *x -= factor * y);
            }
            for x in own {
                *x *= self.inverse[p];
            }
        }
    }

    /// `L'^-1 x` for one right-hand side, in place.
    pub(super) fn backward(&self, x: &mut [f64]) {
        for p in (0..self.first.len()).rev() {
            x[p] *= self.inverse[p];
            let own = x[p];
            let before = x[self.first[p] as usize..p].iter_mut();
            before.zip(&self.values[self.row(p)]).for_each(|(x, factor)| *x -= factor * own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_singular_chain_is_solved_up_to_its_constant() {
        // The Laplacian of the path 0 - 1 - 2 - 3, whose last node is the base.
        let mut chain = Envelope::zeros(vec![0, 0, 1, 2]);
        for p in 1..4 {
            *chain.entry(p, p - 1) = -1.0;
        }
        chain.factor(&[1.0, 2.0, 2.0, 1.0], &[0.0, 0.0, 0.0, 1e-9]);
        let mut x = [1.0, 0.0, 0.0, -1.0];
        chain.forward(&mut x, 1);
        chain.backward(&mut x);
        for (found, expected) in x.iter().zip([3.0, 2.0, 1.0, 0.0]) {
            assert!((found - expected).abs() < 1e-14, "{x:?}");
        }
    }
}
