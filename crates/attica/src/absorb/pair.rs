//! Two effects at once, exactly: the side with more levels leaves by demeaning, the other by one system, the Schur
//! complement `diag(n_t) - N' diag(1/n_i) N`. Exact on any unbalanced or weighted panel, without iteration. Where every
//! cell has one row, means say all.

use rayon::prelude::*;

use super::block::{level_sums, norm};
use super::envelope::Envelope;
use super::order::from_end_to_end;
use crate::design::Codes;
use crate::math::cross::CHUNK;

/// Share of a level's weight that is no pivot.
const REDUNDANT: f64 = 1e-14;

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
    /// Every cell has one row, all of one weight: means of rows and columns say all.
    Balanced,
    Any(System),
}

/// The reduced system of any panel.
struct System {
    /// One over the weight of each large level.
    inverse: Vec<f64>,
    /// Weight of each (large, small) cell that occurs, by large level: `cells[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    cells: Vec<(u32, f64)>,
    /// Row of the factor of each small level; the last row of each component is its base, with effect 0.
    position: Vec<u32>,
    factor: Envelope,
    components: usize,
}

impl<'a> Pair<'a> {
    /// Most levels of the smaller side for which this system is worth its cube.
    pub(super) const LIMIT: usize = 1_000;

    /// Prepares the system; `None` when rounding leaves it without a factor (the general solver then does the work).
    pub(super) fn new(a: &'a Codes, b: &'a Codes, weights: Option<&'a [f64]>) -> Option<Self> {
        let (large, small) = if a.levels >= b.levels { (a, b) } else { (b, a) };
        let form = if weights.is_none() && is_complete(large, small) {
            Form::Balanced
        } else {
            Form::Any(System::new(large, small, weights)?)
        };
        Some(Self { large: &large.codes, small: &small.codes, levels: [large.levels, small.levels], weights, form })
    }

    /// Takes both effects out of `column`, in place.
    pub(super) fn remove(&self, column: &mut [f64]) {
        let before = norm(column, self.weights);
        self.pass(column);
        self.finish(column, before);
    }

    /// What both effects leave of `column`, and what they fit in the cell of both levels 0.
    pub(super) fn left(&self, column: &[f64]) -> (Vec<f64>, f64) {
        let (large, small) = self.solve(column);
        let rows = column.par_iter().zip(self.large).zip(self.small).with_min_len(CHUNK);
        let mut left: Vec<f64> = rows.map(|((y, &i), &t)| y - (large[i as usize] + small[t as usize])).collect();
        self.finish(&mut left, norm(column, self.weights));
        (left, large[0] + small[0])
    }

    /// What large effects left behind by rounding goes with a second pass.
    fn finish(&self, column: &mut [f64], before: f64) {
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

    /// The effects of both sides that fit `column` best, up to a constant per component.
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
        self.effects_of(&mut large, &mut small);
        (large, small)
    }

    fn effects_of(&self, large: &mut [f64], small: &mut [f64]) {
        match &self.form {
            Form::Balanced => balanced(large, small),
            Form::Any(system) => system.solve(large, small),
        }
    }

    /// The weights by level, large and small, with which a sum over rows is the fitted value of the cell of both levels 0;
    /// `None` where that is not identified because the levels fall into components.
    pub(super) fn base_cell(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let is_connected = !matches!(&self.form, Form::Any(system) if system.components > 1);
        is_connected.then(|| {
            let [mut large, mut small] = self.levels.map(|levels| vec![0.0; levels]);
            (large[0], small[0]) = (1.0, 1.0);
            // The sums of the two dummies: the solution is D (D'WD)^- (e_0 + e_0) by level.
            self.effects_of(&mut large, &mut small);
            (large, small)
        })
    }

    /// True when the second side named at the start is the larger one, so that [`Pair::solve`] gives it first.
    pub(super) fn swapped(a: &Codes, b: &Codes) -> bool {
        a.levels < b.levels
    }
}

/// From sums to effects where every cell has one row; level 0 of the small side is 0.
fn balanced(large: &mut [f64], small: &mut [f64]) {
    let [l, s] = [large.len() as f64, small.len() as f64];
    let of_large = small[0];
    // Means of the small side less that of its level 0 sum to this.
    let of_small = (small[1..].iter().sum::<f64>() - (s - 1.0) * of_large) / l;
    for sum in large.iter_mut() {
        *sum = (*sum - of_small) / s;
    }
    for sum in small.iter_mut() {
        *sum = (*sum - of_large) / l;
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
    fn new(large: &Codes, small: &Codes, weights: Option<&[f64]>) -> Option<Self> {
        let mut inverse = level_sums(&large.codes, large.levels, weights, |_| 1.0);
        for w in &mut inverse {
            *w = 1.0 / *w;
        }
        let (starts, cells) = cross_table(large, small, weights);
        let (position, ends) = from_end_to_end(&starts, small.levels, |at| cells[at].0, usize::MAX)?;
        let place = |cell: &(u32, f64)| position[cell.0 as usize] as usize;
        let rows = || starts.windows(2).map(|ends| &cells[ends[0] as usize..ends[1] as usize]);

        let mut first: Vec<u32> = (0..small.levels as u32).collect();
        for row in rows() {
            let least = row.iter().map(place).min().unwrap_or(0) as u32;
            for cell in row {
                let first = &mut first[place(cell)];
                *first = least.min(*first);
            }
        }
        let mut factor = Envelope::zeros(first);
        let mut diagonal = vec![0.0; small.levels];
        for (row, inverse) in rows().zip(&inverse) {
            for (at, cell) in row.iter().enumerate() {
                let (p, share) = (place(cell), cell.1 * inverse);
                for other in &row[..at] {
                    // The rows of a Laplacian add up to zero: its diagonal is had without cancellation.
                    let (q, link) = (place(other), share * other.1);
                    *factor.entry(p.max(q), p.min(q)) -= link;
                    diagonal[p] += link;
                    diagonal[q] += link;
                }
            }
        }
        let mut floor: Vec<f64> = diagonal.iter().map(|d| REDUNDANT * d).collect();
        for &end in &ends {
            floor[end as usize] = f64::INFINITY;
        }
        factor.factor(&diagonal, &floor);
        let components = ends.len();
        (factor.singular() == components).then_some(Self { inverse, starts, cells, position, factor, components })
    }

    /// From sums to effects.
    fn solve(&self, large: &mut [f64], small: &mut [f64]) {
        let row = |i: usize| &self.cells[self.starts[i] as usize..self.starts[i + 1] as usize];
        for (i, sum) in large.iter_mut().enumerate() {
            *sum *= self.inverse[i];
            for &(t, n) in row(i) {
                small[t as usize] -= n * *sum;
            }
        }
        let mut right = vec![0.0; small.len()];
        for (sum, &p) in small.iter().zip(&self.position) {
            right[p as usize] = *sum;
        }
        self.factor.forward(&mut right, 1);
        self.factor.backward(&mut right);
        for (effect, &p) in small.iter_mut().zip(&self.position) {
            *effect = right[p as usize];
        }
        for (i, effect) in large.iter_mut().enumerate() {
            *effect -= self.inverse[i] * row(i).iter().map(|&(t, n)| n * small[t as usize]).sum::<f64>();
        }
    }
}

/// Weights of the cells that occur, by large level (compressed rows), small levels ascending.
fn cross_table(large: &Codes, small: &Codes, weights: Option<&[f64]>) -> (Vec<u32>, Vec<(u32, f64)>) {
    let mut starts = vec![0_u32; large.levels + 1];
    for &i in large.codes.iter() {
        starts[i as usize + 1] += 1;
    }
    for i in 0..large.levels {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut entries = vec![(0, 0.0); large.codes.len()];
    for (row, (&i, &t)) in large.codes.iter().zip(small.codes.iter()).enumerate() {
        entries[next[i as usize] as usize] = (t, weights.map_or(1.0, |w| w[row]));
        next[i as usize] += 1;
    }
    let mut cells: Vec<(u32, f64)> = Vec::with_capacity(entries.len());
    let mut cell_starts = Vec::with_capacity(starts.len());
    for i in 0..large.levels {
        let first = cells.len();
        cell_starts.push(first as u32);
        let row = &mut entries[starts[i] as usize..starts[i + 1] as usize];
        row.sort_by_key(|cell| cell.0);
        for &(t, w) in &*row {
            match cells[first..].last_mut() {
                Some(last) if last.0 == t => last.1 += w,
                _ => cells.push((t, w)),
            }
        }
    }
    cell_starts.push(cells.len() as u32);
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
        let pair = Pair::new(&unit, &period, None).unwrap();
        assert!(matches!(pair.form, Form::Balanced));
        let system = System::new(&unit, &period, None).unwrap();
        let any = Pair { form: Form::Any(system), ..Pair::new(&unit, &period, None).unwrap() };
        let ((left, base), (of_system, base_of_system)) = (pair.left(&column), any.left(&column));
        assert!((base - base_of_system).abs() < 1e-12);
        for (x, y) in left.iter().zip(of_system) {
            assert!((x - y).abs() < 1e-12, "{x} {y}");
        }
        // The functional of the base cell gives what the effects fit there.
        for pair in [&pair, &any] {
            let (of_large, of_small) = pair.base_cell().unwrap();
            let weight = |row: usize| of_large[unit.codes[row] as usize] + of_small[period.codes[row] as usize];
            let sum: f64 = column.iter().enumerate().map(|(row, y)| weight(row) * y).sum();
            assert!((sum - base).abs() < 1e-12);
        }
        // One cell twice, another one never.
        let mut twice = period.codes.to_vec();
        let other = (1..twice.len()).find(|&row| unit.codes[row] == unit.codes[0]).unwrap();
        twice[other] = twice[0];
        let period = Codes { codes: twice.into(), ..period };
        assert!(!is_complete(&unit, &period));
    }
}
