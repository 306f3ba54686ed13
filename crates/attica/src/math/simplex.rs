//! Linear programmes over one polytope with many objectives: a dense primal simplex that starts each
//! time from the vertex where the last one ended.
//!
//! The programmes of moment inequality tests have a dozen rows and a few dozen columns, and only the
//! objective changes between thousands of them, so a few pivots solve each.

/// What counts as zero in a tableau whose columns are of order one.
const TINY: f64 = 1e-11;
/// Pivots after which the tableau is computed anew from its columns, before rounding accumulates.
const REFRESH: usize = 256;

/// `{x >= 0 : A x = b}` and the vertex that was last found in it.
#[derive(Clone, Debug)]
pub struct Polytope {
    /// Rows that are linearly independent, `columns + 1` numbers each, the right-hand side last.
    rows: Vec<f64>,
    /// The same rows solved for the basis.
    tableau: Vec<f64>,
    /// Column that each row is solved for.
    basis: Vec<usize>,
    columns: usize,
    pivots: usize,
    /// Values of the objective per unit of each column.
    gain: Vec<f64>,
    /// What the numbers of a vertex are multiples of.
    unit: f64,
}

impl Polytope {
    /// The polytope of `rows` (each the coefficients of one equation) and right-hand sides `rhs`; none when it is
    /// empty.
    pub fn new(rows: &[Vec<f64>], rhs: &[f64]) -> Option<Self> {
        let columns = rows.first().map_or(0, Vec::len);
        let m = rows.len();
        // Phase one: one artificial column for each row, whose sum is driven to zero.
        let width = columns + m;
        // Rows and right-hand sides of order one, so that rounding can be told from numbers.
        let size = |row: &[f64]| Some(row.iter().fold(0.0_f64, |a, b| a.max(b.abs()))).filter(|size| *size > 0.0);
        let scale: Vec<f64> = rows.iter().map(|row| 1.0 / size(row).unwrap_or(1.0)).collect();
        let scaled: Vec<f64> = rhs.iter().zip(&scale).map(|(b, scale)| b * scale).collect();
        let unit = size(&scaled).unwrap_or(1.0);
        let mut flat = Vec::with_capacity(m * (width + 1));
        for (i, (row, &b)) in rows.iter().zip(&scaled).enumerate() {
            let sign = if b < 0.0 { -scale[i] } else { scale[i] };
            flat.extend(row.iter().map(|a| sign * a));
            flat.extend((0..m).map(|j| if i == j { 1.0 } else { 0.0 }));
            flat.push(b.abs() / unit);
        }
        let basis = (columns..width).collect();
        let (gain, tableau) = (vec![0.0; width + 1], flat.clone());
        let mut first = Self { rows: flat, tableau, basis, columns: width, pivots: 0, gain, unit: 1.0 };
        let objective: Vec<f64> = (0..width).map(|j| if j < columns { 0.0 } else { -1.0 }).collect();
        if first.maximise(&objective)? < -1e-8 {
            return None;
        }
        first.unit = unit;
        Some(first.without_artificial(columns))
    }

    /// The same vertex once artificial columns, all zero now, have left; rows that say nothing new leave with them.
    fn without_artificial(mut self, columns: usize) -> Self {
        let mut redundant = Vec::new();
        for row in 0..self.basis.len() {
            if self.basis[row] >= columns {
                let width = self.columns + 1;
                let line = &self.tableau[row * width..row * width + columns];
                match (0..columns)
                    .filter(|&j| line[j].abs() > 1e-9)
                    .max_by(|&a, &b| line[a].abs().total_cmp(&line[b].abs()))
                {
                    Some(column) => self.pivot(row, column),
                    None => redundant.push(row),
                }
            }
        }
        let width = self.columns + 1;
        let keep = |from: &[f64], row: usize| {
            let line = &from[row * width..(row + 1) * width];
            line[..columns].iter().copied().chain([line[width - 1]]).collect::<Vec<f64>>()
        };
        let kept: Vec<usize> = (0..self.basis.len()).filter(|row| !redundant.contains(row)).collect();
        // Rows of the solved system span the same equations as the original ones and are independent.
        let tableau: Vec<f64> = kept.iter().flat_map(|&row| keep(&self.tableau, row)).collect();
        Self {
            rows: tableau.clone(),
            tableau,
            basis: kept.iter().map(|&row| self.basis[row]).collect(),
            columns,
            pivots: 0,
            gain: vec![0.0; columns + 1],
            unit: self.unit,
        }
    }

    /// Largest value of `objective`; none when it has no upper bound. [`Polytope::vertex`] is where.
    pub fn maximise(&mut self, objective: &[f64]) -> Option<f64> {
        if self.pivots > REFRESH {
            self.refresh();
        }
        self.price(objective);
        let scale = objective.iter().fold(1e-300_f64, |a, c| a.max(c.abs()));
        // Most-improving columns first; after many steps that gain nothing the rule that cannot cycle.
        let patience = 4 * (self.columns + self.basis.len());
        for step in 0..200 * (self.columns + 1) {
            let gains = self.gain[..self.columns].iter().enumerate().filter(|(_, gain)| **gain > TINY * scale);
            let enter = if step < patience {
                gains.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).map(|(column, _)| column)
            } else {
                gains.map(|(column, _)| column).next()
            };
            let Some(enter) = enter else { break };
            let leave = self.leaving(enter)?;
            self.pivot(leave, enter);
        }
        Some(-self.gain[self.columns] * self.unit)
    }

    /// The row whose variable first falls to zero as column `enter` grows; ties go to the lowest variable.
    fn leaving(&self, enter: usize) -> Option<usize> {
        let width = self.columns + 1;
        let mut best: Option<(f64, usize)> = None;
        for (row, line) in self.tableau.chunks_exact(width).enumerate() {
            if line[enter] > 1e-10 {
                let ratio = line[self.columns].max(0.0) / line[enter];
                let better = best.is_none_or(|(least, at)| {
                    ratio < least - TINY || (ratio <= least + TINY && self.basis[row] < self.basis[at])
                });
                if better {
                    best = Some((ratio, row));
                }
            }
        }
        best.map(|(_, row)| row)
    }

    /// Solves `row` for `column`.
    fn pivot(&mut self, row: usize, column: usize) {
        let width = self.columns + 1;
        let (before, rest) = self.tableau.split_at_mut(row * width);
        let (line, after) = rest.split_at_mut(width);
        let inverse = 1.0 / line[column];
        for a in line.iter_mut() {
            *a *= inverse;
        }
        line[column] = 1.0;
        let others = before.chunks_exact_mut(width).chain(after.chunks_exact_mut(width));
        for other in others.chain([self.gain.as_mut_slice()]) {
            let factor = other[column];
            if factor != 0.0 {
                other.iter_mut().zip(&*line).for_each(|(a, b)| *a -= factor * b);
                other[column] = 0.0;
            }
        }
        self.basis[row] = column;
        self.pivots += 1;
    }

    /// Gains of all columns under `objective` at the present basis.
    fn price(&mut self, objective: &[f64]) {
        self.gain[..self.columns].copy_from_slice(objective);
        self.gain[self.columns] = 0.0;
        for (line, &basic) in self.tableau.chunks_exact(self.columns + 1).zip(&self.basis) {
            let value = objective[basic];
            if value != 0.0 {
                self.gain.iter_mut().zip(line).for_each(|(gain, a)| *gain -= value * a);
            }
        }
    }

    /// The tableau of the present basis from the original rows.
    fn refresh(&mut self) {
        let basis = std::mem::take(&mut self.basis);
        self.tableau.copy_from_slice(&self.rows);
        self.basis = vec![usize::MAX; basis.len()];
        let width = self.columns + 1;
        for column in basis {
            let open = (0..self.basis.len()).filter(|&row| self.basis[row] == usize::MAX);
            let size = |row: usize| self.tableau[row * width + column].abs();
            if let Some(row) = open.max_by(|&a, &b| size(a).total_cmp(&size(b))) {
                self.pivot(row, column);
            }
        }
        self.pivots = 0;
    }

    /// The vertex that was last found.
    pub fn vertex(&self) -> Vec<f64> {
        let mut vertex = vec![0.0; self.columns];
        for (line, &basic) in self.tableau.chunks_exact(self.columns + 1).zip(&self.basis) {
            vertex[basic] = line[self.columns].max(0.0) * self.unit;
        }
        vertex
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::math::random::stream;

    #[test]
    fn the_best_vertex_of_a_small_programme() {
        // max 3x + 2y, x + y <= 4, x + 3y <= 6, x <= 3: (3, 1), 11.
        let rows = [vec![1.0, 1.0, 1.0, 0.0, 0.0], vec![1.0, 3.0, 0.0, 1.0, 0.0], vec![1.0, 0.0, 0.0, 0.0, 1.0]];
        let mut polytope = Polytope::new(&rows, &[4.0, 6.0, 3.0]).unwrap();
        assert!((polytope.maximise(&[3.0, 2.0, 0.0, 0.0, 0.0]).unwrap() - 11.0).abs() < 1e-12);
        assert!((polytope.vertex()[0] - 3.0).abs() < 1e-12 && (polytope.vertex()[1] - 1.0).abs() < 1e-12);
        assert!((polytope.maximise(&[-1.0, -1.0, 0.0, 0.0, 0.0]).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn empty_and_unbounded_are_told_apart_and_redundant_rows_leave() {
        assert!(Polytope::new(&[vec![1.0, 1.0], vec![1.0, 1.0]], &[1.0, 2.0]).is_none());
        assert!(Polytope::new(&[vec![1.0, 1.0]], &[-1.0]).is_none());
        let mut twice = Polytope::new(&[vec![1.0, 1.0], vec![2.0, 2.0]], &[1.0, 2.0]).unwrap();
        assert_eq!(twice.basis.len(), 1);
        assert!((twice.maximise(&[1.0, 5.0]).unwrap() - 5.0).abs() < 1e-12);
        let mut cone = Polytope::new(&[vec![1.0, -1.0]], &[1.0]).unwrap();
        assert_eq!(cone.maximise(&[1.0, 1.0]), None);
        assert!((cone.maximise(&[1.0, -2.0]).unwrap() - 1.0).abs() < 1e-12);
    }

    /// Every vertex of `{x >= 0, A x = b}` by trying every basis.
    fn by_hand(rows: &[Vec<f64>], rhs: &[f64], objective: &[f64]) -> f64 {
        let (m, n) = (rows.len(), objective.len());
        let mut best = f64::NEG_INFINITY;
        for set in 0_u32..1 << n {
            if set.count_ones() as usize == m {
                let chosen: Vec<usize> = (0..n).filter(|j| set >> j & 1 == 1).collect();
                let square = nalgebra::DMatrix::from_fn(m, m, |i, j| rows[i][chosen[j]]);
                if let Some(x) = square.lu().solve(&nalgebra::DVector::from_row_slice(rhs))
                    && x.iter().all(|x| *x >= -1e-9)
                {
                    best = best.max(chosen.iter().zip(x.iter()).map(|(&j, x)| objective[j] * x).sum());
                }
            }
        }
        best
    }

    #[test]
    fn a_thousand_warm_starts_find_what_trying_every_basis_finds() {
        let mut random = stream(4, 0);
        for _ in 0..20 {
            // Pairs of opposite columns and zero right-hand sides: as degenerate as the programmes of moment tests.
            let (m, n) = (4, 10);
            let mut rows: Vec<Vec<f64>> = vec![vec![1.0; n]];
            for _ in 1..m {
                let half: Vec<f64> = (0..n / 2).map(|_| (random.normal() * 2.0).round()).collect();
                rows.push(half.iter().copied().chain(half.iter().map(|a| -a)).collect());
            }
            let rhs: Vec<f64> = (0..m).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect();
            let mut polytope = Polytope::new(&rows, &rhs).unwrap();
            for _ in 0..50 {
                let objective: Vec<f64> = (0..n).map(|_| random.normal()).collect();
                let found = polytope.maximise(&objective).unwrap();
                assert!((found - by_hand(&rows, &rhs, &objective)).abs() < 1e-9);
                let at: f64 = polytope.vertex().iter().zip(&objective).map(|(x, c)| x * c).sum();
                assert!((found - at).abs() < 1e-9);
            }
        }
    }
}
