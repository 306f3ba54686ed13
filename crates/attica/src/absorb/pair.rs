//! Two effects at once, exactly: the side with more levels leaves by demeaning, the other by one
//! dense system, the Schur complement `diag(n_t) - N' diag(1/n_i) N`. Exact on any unbalanced or
//! weighted panel, without iteration.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::block::{level_sums, norm};
use super::levels::components;
use crate::design::Codes;

/// The prepared system of two effects.
pub(super) struct Pair<'a> {
    large: &'a [u32],
    small: &'a [u32],
    weights: Option<&'a [f64]>,
    /// One over the weight of each large level.
    inverse: Vec<f64>,
    /// Weight of each (large, small) cell that occurs, by large level: `cells[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    cells: Vec<(u32, f64)>,
    /// Position of each small level in the reduced system; one level per component is its base.
    position: Vec<Option<usize>>,
    factor: Cholesky<f64, Dyn>,
}

impl<'a> Pair<'a> {
    /// Most levels of the smaller side for which the dense system is worth its cube.
    pub(super) const LIMIT: usize = 1_000;

    /// Prepares the system; `None` when rounding leaves it without a factor (the general solver then
    /// does the work). With `based`, level 0 of both sides has no dummy: the explicit-dummy form.
    pub(super) fn new(a: &'a Codes, b: &'a Codes, weights: Option<&'a [f64]>, based: bool) -> Option<Self> {
        let (large, small) = if a.levels >= b.levels { (a, b) } else { (b, a) };
        let mut inverse = level_sums(&large.codes, large.levels, weights, |_| 1.0);
        for w in &mut inverse {
            *w = 1.0 / *w;
        }
        if based {
            inverse[0] = 0.0;
        }
        let (starts, cells) = cross_table(large, small, weights);

        let (component, count) = components(large, small);
        let mut grounded = vec![false; count];
        let mut free = 0;
        let position: Vec<Option<usize>> = component
            .iter()
            .map(|&c| {
                let base = !std::mem::replace(&mut grounded[c as usize], true);
                (!base).then(|| {
                    free += 1;
                    free - 1
                })
            })
            .collect();

        let mut schur = DMatrix::<f64>::zeros(free, free);
        for i in 0..large.levels {
            let row = &cells[starts[i]..starts[i + 1]];
            for &(t, n_t) in row {
                let Some(t) = position[t as usize] else { continue };
                schur[(t, t)] += n_t;
                for &(s, n_s) in row {
                    let Some(s) = position[s as usize] else { continue };
                    if s <= t {
                        schur[(t, s)] -= n_t * n_s * inverse[i];
                    }
                }
            }
        }
        let factor = Cholesky::new(schur)?;
        Some(Self { large: &large.codes, small: &small.codes, weights, inverse, starts, cells, position, factor })
    }

    /// Takes both effects out of `column`, in place.
    pub(super) fn remove(&self, column: &mut [f64]) {
        let before = norm(column, self.weights);
        self.pass(column);
        // What large effects left behind by rounding goes with a second pass.
        if norm(column, self.weights) < 1e-2 * before {
            self.pass(column);
        }
    }

    fn pass(&self, column: &mut [f64]) {
        let (large, small) = self.solve(column);
        for ((y, &i), &t) in column.iter_mut().zip(self.large).zip(self.small) {
            *y -= large[i as usize] + small[t as usize];
        }
    }

    /// The effects of both sides that fit `column` best; the first small level of every component is 0.
    pub(super) fn solve(&self, column: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut large = vec![0.0; self.inverse.len()];
        let mut small = vec![0.0; self.position.len()];
        match self.weights {
            None => {
                for ((y, &i), &t) in column.iter().zip(self.large).zip(self.small) {
                    large[i as usize] += y;
                    small[t as usize] += y;
                }
            }
            Some(w) => {
                for (((y, w), &i), &t) in column.iter().zip(w).zip(self.large).zip(self.small) {
                    large[i as usize] += w * y;
                    small[t as usize] += w * y;
                }
            }
        }
        for i in 0..large.len() {
            large[i] *= self.inverse[i];
            for &(t, n) in &self.cells[self.starts[i]..self.starts[i + 1]] {
                small[t as usize] -= n * large[i];
            }
        }
        let free = small.iter().zip(&self.position).filter(|(_, p)| p.is_some()).map(|(s, _)| *s);
        let mut right = DVector::from_iterator(self.factor.l_dirty().nrows(), free);
        self.factor.solve_mut(&mut right);
        for (s, p) in small.iter_mut().zip(&self.position) {
            *s = p.map_or(0.0, |p| right[p]);
        }
        for i in 0..large.len() {
            let cells = &self.cells[self.starts[i]..self.starts[i + 1]];
            large[i] -= self.inverse[i] * cells.iter().map(|&(t, n)| n * small[t as usize]).sum::<f64>();
        }
        (large, small)
    }

    /// True when the second side named at the start is the larger one, so that [`Pair::solve`] gives it first.
    pub(super) fn swapped(a: &Codes, b: &Codes) -> bool {
        a.levels < b.levels
    }
}

/// Weights of the cells that occur, by large level (compressed rows), small levels ascending.
fn cross_table(large: &Codes, small: &Codes, weights: Option<&[f64]>) -> (Vec<usize>, Vec<(u32, f64)>) {
    let mut starts = vec![0; large.levels + 1];
    for &i in large.codes.iter() {
        starts[i as usize + 1] += 1;
    }
    for i in 0..large.levels {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut entries = vec![(0, 0.0); large.codes.len()];
    for (row, (&i, &t)) in large.codes.iter().zip(small.codes.iter()).enumerate() {
        entries[next[i as usize]] = (t, weights.map_or(1.0, |w| w[row]));
        next[i as usize] += 1;
    }
    let mut cells: Vec<(u32, f64)> = Vec::with_capacity(entries.len());
    let mut cell_starts = Vec::with_capacity(starts.len());
    for i in 0..large.levels {
        let first = cells.len();
        cell_starts.push(first);
        let row = &mut entries[starts[i]..starts[i + 1]];
        row.sort_by_key(|cell| cell.0);
        for &(t, w) in &*row {
            match cells[first..].last_mut() {
                Some(last) if last.0 == t => last.1 += w,
                _ => cells.push((t, w)),
            }
        }
    }
    cell_starts.push(cells.len());
    (cell_starts, cells)
}
