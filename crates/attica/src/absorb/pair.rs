//! Two effects at once, exactly: the side with more levels leaves by demeaning, the other by one
//! dense system, the Schur complement `diag(n_t) - N' diag(1/n_i) N`. Exact on any unbalanced or
//! weighted panel, without iteration. Where every cell has one row, means say all.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::block::{level_sums, norm};
use super::levels::components;
use crate::design::Codes;

/// The prepared system of two effects.
pub(super) struct Pair<'a> {
    large: &'a [u32],
    small: &'a [u32],
    /// Levels of either side.
    levels: [usize; 2],
    weights: Option<&'a [f64]>,
    form: Form,
}

enum Form {
    /// Every cell has one row, all of one weight: means of rows and columns say all. With `based`, level 0 of both sides
    /// has no dummy.
    Balanced {
        based: bool,
    },
    Any(System),
}

/// The reduced system of any panel.
struct System {
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
        let form = if weights.is_none() && is_complete(large, small) {
            Form::Balanced { based }
        } else {
            Form::Any(System::new(large, small, weights, based)?)
        };
        Some(Self { large: &large.codes, small: &small.codes, levels: [large.levels, small.levels], weights, form })
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
        let mut large = vec![0.0; self.levels[0]];
        let mut small = vec![0.0; self.levels[1]];
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
        match &self.form {
            Form::Balanced { based } => balanced(&mut large, &mut small, *based),
            Form::Any(system) => system.solve(&mut large, &mut small),
        }
        (large, small)
    }

    /// True when the second side named at the start is the larger one, so that [`Pair::solve`] gives it first.
    pub(super) fn swapped(a: &Codes, b: &Codes) -> bool {
        a.levels < b.levels
    }
}

/// From sums to effects where every cell has one row. Without a base the second side's level 0 is 0. With one, the sums
/// of the other effects, `A` of the large and `B` of the small side, solve the two equations that all rows beside level 0
/// add up to: `S A = R - (L - 1) B` and `L B = C - (S - 1) A`, with `R` and `C` the sums of these rows and columns.
fn balanced(large: &mut [f64], small: &mut [f64], based: bool) {
    let [l, s] = [large.len() as f64, small.len() as f64];
    let [rows, columns]: [f64; 2] = [large[1..].iter().sum(), small[1..].iter().sum()];
    let (of_large, of_small) = if based {
        let of_small = (s * columns - (s - 1.0) * rows) / (l + s - 1.0);
        ((rows - (l - 1.0) * of_small) / s, of_small)
    } else {
        // Column means less that of level 0 sum to this.
        let of_small = (columns - (s - 1.0) * small[0]) / l;
        (small[0], of_small)
    };
    for sum in large.iter_mut() {
        *sum = (*sum - of_small) / s;
    }
    for sum in small.iter_mut() {
        *sum = (*sum - of_large) / l;
    }
    small[0] = 0.0;
    if based {
        large[0] = 0.0;
    }
}

/// Each level of one side meets each of the other in exactly one row.
fn is_complete(large: &Codes, small: &Codes) -> bool {
    let (rows, width) = (large.codes.len(), small.levels);
    if rows == 0 || large.levels.checked_mul(width) != Some(rows) {
        return false;
    }
    let mut seen = vec![0_u64; rows.div_ceil(64)];
    large.codes.iter().zip(small.codes.iter()).all(|(&i, &t)| {
        let cell = i as usize * width + t as usize;
        let (word, bit) = (&mut seen[cell / 64], 1 << (cell % 64));
        let first = *word & bit == 0;
        *word |= bit;
        first
    })
}

impl System {
    fn new(large: &Codes, small: &Codes, weights: Option<&[f64]>, based: bool) -> Option<Self> {
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
        Some(Self { inverse, starts, cells, position, factor })
    }

    /// From sums to effects.
    fn solve(&self, large: &mut [f64], small: &mut [f64]) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::math::random::stream;

    #[test]
    fn means_are_what_the_system_solves_where_every_cell_has_one_row() {
        let (units, periods) = (13, 5);
        // Rows in no order: 7 and 65 have no common divisor.
        let cell = |row: usize| (row * 7) % (units * periods);
        let codes = |of: fn(usize) -> usize, levels: usize| Codes {
            name: String::new(),
            codes: (0..units * periods).map(|row| of(cell(row)) as u32).collect::<Vec<_>>().into(),
            levels,
        };
        let (unit, period) = (codes(|cell| cell / 5, units), codes(|cell| cell % 5, periods));
        let mut random = stream(4, 0);
        let column: Vec<f64> = (0..units * periods).map(|_| 3.0 + random.normal()).collect();
        for based in [false, true] {
            let pair = Pair::new(&unit, &period, None, based).unwrap();
            assert!(matches!(pair.form, Form::Balanced { .. }));
            let system = System::new(&unit, &period, None, based).unwrap();
            let any = Pair { form: Form::Any(system), ..Pair::new(&unit, &period, None, based).unwrap() };
            let ((a, b), (c, d)) = (pair.solve(&column), any.solve(&column));
            for (x, y) in a.iter().chain(&b).zip(c.iter().chain(&d)) {
                assert!((x - y).abs() < 1e-12, "{based}: {x} {y}");
            }
        }
        // One cell twice, another one never.
        let mut twice = period.codes.to_vec();
        let other = (1..twice.len()).find(|&row| unit.codes[row] == unit.codes[0]).unwrap();
        twice[other] = twice[0];
        let period = Codes { codes: twice.into(), ..period };
        assert!(!is_complete(&unit, &period));
    }
}
