//! One or two absorbed effects from sums by level alone: singletons, connected components and the exact solution, the
//! smaller side by one dense system (the Schur complement `diag(n_t) - N' diag(1/n_i) N`), the larger by its means.

use nalgebra::{Cholesky, DMatrix};
use rayon::prelude::*;

use super::table::Table;
use crate::message::{Problem, Result};

/// Blocks of large levels that are worked on side by side; their sums are added in order.
const BLOCKS: usize = 16;

/// Most levels of the smaller side for which the dense system is worth its cube.
pub(super) const LIMIT: usize = 1_000;

/// Sums of one effect, by level.
#[derive(Default)]
pub(super) struct Side {
    /// Rows (frequency weights summed); 0 for a level without.
    pub counts: Vec<f64>,
    /// Weights; empty without.
    weights: Vec<f64>,
    /// Columns, one after the other for each level.
    sums: Vec<f64>,
}

/// Rows of a piece as sums take them.
pub(super) struct Slice<'a> {
    pub columns: &'a [Vec<f64>],
    /// What to take from each column first.
    pub shift: &'a [f64],
    pub weights: Option<&'a [f64]>,
    /// Weights are frequencies.
    pub frequency: bool,
}

impl Side {
    fn add(&mut self, codes: &[u32], levels: usize, width: usize, of: &Slice<'_>) {
        self.counts.resize(levels, 0.0);
        self.sums.resize(levels * width, 0.0);
        if of.weights.is_some() {
            self.weights.resize(levels, 0.0);
        }
        for (row, &code) in codes.iter().enumerate() {
            let level = code as usize;
            let w = of.weights.map_or(1.0, |w| w[row]);
            self.counts[level] += if of.frequency { w } else { 1.0 };
            if of.weights.is_some() {
                self.weights[level] += w;
            }
            let sums = &mut self.sums[level * width..(level + 1) * width];
            for ((sum, column), shift) in sums.iter_mut().zip(of.columns).zip(of.shift) {
                *sum += w * (column[row] - shift);
            }
        }
    }

    fn weight(&self, level: usize) -> f64 {
        if self.weights.is_empty() { self.counts[level] } else { self.weights[level] }
    }

    /// Levels that have rows.
    pub(super) fn used(&self) -> usize {
        self.counts.iter().filter(|n| **n > 0.0).count()
    }

    /// Levels that have one row, in order.
    fn alone(&self) -> Vec<usize> {
        (0..self.counts.len()).filter(|&i| self.counts[i] > 0.0 && self.counts[i] <= 1.0).collect()
    }

    fn empty(&mut self, level: usize, width: usize) {
        self.counts[level] = 0.0;
        if !self.weights.is_empty() {
            self.weights[level] = 0.0;
        }
        self.sums[level * width..(level + 1) * width].fill(0.0);
    }
}

/// Takes the only row of level `from` of one side out of level `to` of the other.
fn subtract(from: &Side, i: usize, to: &mut Side, t: usize, width: usize) {
    to.counts[t] -= from.counts[i];
    if !to.weights.is_empty() {
        to.weights[t] -= from.weights[i];
    }
    for j in 0..width {
        to.sums[t * width + j] -= from.sums[i * width + j];
    }
    // What is left of a level without rows is rounding.
    if to.counts[t] <= 0.0 {
        to.empty(t, width);
    }
}

/// Sums of all effects, as far as rows have been seen.
pub(super) struct Sums {
    /// Columns summed, and one slot for the constant.
    width: usize,
    pub large: Side,
    pub small: Option<(Side, Table)>,
}

impl Sums {
    /// For `columns` columns under one effect or two.
    pub(super) fn new(columns: usize, two: bool, weighted: bool) -> Self {
        Self { width: columns + 1, large: Side::default(), small: two.then(|| (Side::default(), Table::new(weighted))) }
    }

    /// Adds rows; `levels` are those met so far.
    pub(super) fn add(&mut self, large: (&[u32], usize), small: Option<(&[u32], usize)>, of: &Slice<'_>) {
        let width = self.width;
        let Self { large: side, small: other, .. } = self;
        rayon::join(
            || side.add(large.0, large.1, width, of),
            || {
                let (Some((side, table)), Some((codes, levels))) = (other, small) else { return };
                side.add(codes, levels, width, of);
                table.grow(large.1, levels);
                for (row, (&i, &t)) in large.0.iter().zip(codes).enumerate() {
                    table.add(i as usize, t as usize, of.weights.map_or(1.0, |w| w[row]));
                }
            },
        );
    }

    /// Exchanges the sides, where the large one turned out to be the smaller one.
    pub(super) fn turn(&mut self) {
        if let Some((small, table)) = &mut self.small {
            *table = table.turned(self.large.counts.len(), small.counts.len());
            std::mem::swap(&mut self.large, small);
        }
    }

    /// Removes the only rows of levels, again and again until none is left (Correia 2015), the large side first if
    /// `large_first`; rows removed from each side. `gone` sees their sums.
    pub(super) fn remove_singletons(
        &mut self,
        large_first: bool,
        mut gone: impl FnMut(f64, f64, &[f64]),
    ) -> [usize; 2] {
        let width = self.width;
        let mut removed = [0, 0];
        let Some((small, table)) = &mut self.small else {
            for i in self.large.alone() {
                removed[0] += 1;
                gone(self.large.counts[i], self.large.weight(i), &self.large.sums[i * width..(i + 1) * width]);
                self.large.empty(i, width);
            }
            return removed;
        };
        let (mut settled, mut of_large) = (0, large_first);
        let mut row = Vec::new();
        while settled < 2 {
            let pairs: Vec<(usize, usize)> = if of_large {
                let partner = |i: usize| {
                    table.row(i, &mut row);
                    row.first().map(|&(t, _)| (i, t))
                };
                self.large.alone().into_iter().filter_map(partner).collect()
            } else {
                let alone = small.alone();
                let levels = if alone.is_empty() { 0 } else { self.large.counts.len() };
                let table = &*table;
                let of = |i: usize| alone.iter().filter(move |&&t| table.get(i, t) != 0.0).map(move |&t| (i, t));
                (0..levels).flat_map(of).collect()
            };
            settled = if pairs.is_empty() { settled + 1 } else { 1 };
            for &(i, t) in &pairs {
                let (from, level) = if of_large { (&self.large, i) } else { (&*small, t) };
                gone(from.counts[level], from.weight(level), &from.sums[level * width..(level + 1) * width]);
                if of_large {
                    subtract(&self.large, i, small, t, width);
                    self.large.empty(i, width);
                } else {
                    subtract(small, t, &mut self.large, i, width);
                    small.empty(t, width);
                }
                table.clear(i, t);
            }
            removed[usize::from(!of_large)] += pairs.len();
            of_large = !of_large;
        }
        removed
    }

    /// The component of each small level that has rows (numbered by first level), and how many there are.
    fn components(&self) -> (Vec<usize>, usize) {
        let Some((small, table)) = &self.small else { return (Vec::new(), 1) };
        let mut parent: Vec<usize> = (0..small.counts.len()).collect();
        let mut row = Vec::new();
        for i in (0..self.large.counts.len()).filter(|&i| self.large.counts[i] > 0.0) {
            table.row(i, &mut row);
            for pair in row.windows(2) {
                let (a, b) = (root(&mut parent, pair[0].0), root(&mut parent, pair[1].0));
                parent[a.max(b)] = a.min(b);
            }
        }
        let mut number = vec![usize::MAX; parent.len()];
        let mut count = 0;
        let mut of = vec![usize::MAX; parent.len()];
        for t in (0..parent.len()).filter(|&t| small.counts[t] > 0.0) {
            let top = root(&mut parent, t);
            if number[top] == usize::MAX {
                number[top] = count;
                count += 1;
            }
            of[t] = number[top];
        }
        (of, count)
    }

    /// The effects that fit each column best. `base` are the levels (large, small) of the cell whose fitted value, as a
    /// functional of a column, takes the place behind the columns.
    ///
    /// # Errors
    /// `E702` when rounding leaves the system without a factor.
    pub(super) fn solve(mut self, base: (usize, usize)) -> Result<Effects> {
        let width = self.width;
        let (component, components) = self.components();
        self.large.sums[base.0 * width + width - 1] = 1.0;
        let small = match &mut self.small {
            None => Vec::new(),
            Some((side, _)) => {
                side.sums[base.1 * width + width - 1] = 1.0;
                self.solve_small(&component, components)?
            }
        };
        let Self { large: mut side, small: other, .. } = self;
        let table = other.as_ref().map(|(_, table)| table);
        let block = side.counts.len().div_ceil(BLOCKS).max(4096);
        let weights: Vec<f64> = (0..side.counts.len()).map(|i| side.weight(i)).collect();
        side.sums.par_chunks_mut(block * width).enumerate().for_each(|(at, sums)| {
            let mut row = Vec::new();
            for (i, sums) in sums.chunks_exact_mut(width).enumerate() {
                let i = at * block + i;
                if weights[i] == 0.0 {
                    continue;
                }
                if let Some(table) = table {
                    table.row(i, &mut row);
                    for &(t, n) in &row {
                        sums.iter_mut().zip(&small[t * width..]).for_each(|(sum, c)| *sum -= n * c);
                    }
                }
                for sum in sums.iter_mut() {
                    *sum /= weights[i];
                }
            }
        });
        let (small_counts, first_of) = match other {
            None => (Vec::new(), Vec::new()),
            Some((small, table)) => {
                let mut row = Vec::new();
                let first = |i: usize| {
                    table.row(i, &mut row);
                    row.first().map_or(usize::MAX, |&(t, _)| component[t])
                };
                // Only needed where the graph falls into parts.
                let first_of = if components > 1 { (0..side.counts.len()).map(first).collect() } else { Vec::new() };
                (small.counts, first_of)
            }
        };
        Ok(Effects {
            width,
            large: side.sums,
            small,
            counts: [side.counts, small_counts],
            component: [first_of, component],
            components,
        })
    }

    fn solve_small(&self, component: &[usize], components: usize) -> Result<Vec<f64>> {
        let Some((small, table)) = &self.small else { return Ok(Vec::new()) };
        let (width, levels) = (self.width, small.counts.len());
        let mut grounded = vec![false; components];
        let mut free = 0;
        let position: Vec<Option<usize>> = component
            .iter()
            .map(|&c| {
                let is_base = c == usize::MAX || !std::mem::replace(&mut grounded[c], true);
                (!is_base).then(|| {
                    free += 1;
                    free - 1
                })
            })
            .collect();
        let block = self.large.counts.len().div_ceil(BLOCKS).max(4096);
        let starts: Vec<usize> = (0..self.large.counts.len()).step_by(block).collect();
        let partial = |&start: &usize| {
            let mut schur = DMatrix::<f64>::zeros(free, free);
            let mut right = vec![0.0; levels * width];
            let mut row = Vec::new();
            for i in start..(start + block).min(self.large.counts.len()) {
                let weight = self.large.weight(i);
                if weight == 0.0 {
                    continue;
                }
                table.row(i, &mut row);
                let sums = &self.large.sums[i * width..(i + 1) * width];
                for &(t, n) in &row {
                    let share = n / weight;
                    right[t * width..].iter_mut().zip(sums).for_each(|(r, s)| *r -= share * s);
                    let Some(column) = position[t] else { continue };
                    schur[(column, column)] += n;
                    for &(s, m) in &row {
                        // Lower triangle, down the columns.
                        if let Some(at) = position[s].filter(|&at| at >= column) {
                            schur[(at, column)] -= share * m;
                        }
                    }
                }
            }
            (schur, right)
        };
        let parts: Vec<_> = starts.par_iter().map(partial).collect();
        let mut schur = DMatrix::<f64>::zeros(free, free);
        let mut right = small.sums.clone();
        for (part, rest) in parts {
            schur += part;
            right.iter_mut().zip(rest).for_each(|(r, x)| *r += x);
        }
        let factor = Cholesky::new(schur).ok_or_else(|| {
            Problem::new("E702", "the two absorbed effects are told apart by too few rows for an exact solution")
                .fix("look for levels that are connected by very few rows, or leave --stream out")
        })?;
        let mut columns = DMatrix::<f64>::zeros(free, width);
        for (t, at) in position.iter().enumerate().filter_map(|(t, p)| p.map(|p| (t, p))) {
            (0..width).for_each(|j| columns[(at, j)] = right[t * width + j]);
        }
        factor.solve_mut(&mut columns);
        let mut solution = vec![0.0; levels * width];
        for (t, at) in position.iter().enumerate().filter_map(|(t, p)| p.map(|p| (t, p))) {
            (0..width).for_each(|j| solution[t * width + j] = columns[(at, j)]);
        }
        Ok(solution)
    }
}

/// Effects of all columns, by level.
pub(super) struct Effects {
    /// Columns, and the functional of the base cell behind them.
    width: usize,
    large: Vec<f64>,
    small: Vec<f64>,
    /// Rows by level of the large and the small side.
    counts: [Vec<f64>; 2],
    /// Component of each level, large (empty when there is one) and small.
    component: [Vec<usize>; 2],
    pub components: usize,
}

impl Effects {
    /// The fitted value of column `j` in a cell.
    pub(super) fn at(&self, (i, t): (usize, usize), j: usize) -> f64 {
        self.large[i * self.width + j] + self.small.get(t * self.width + j).copied().unwrap_or(0.0)
    }

    /// Whether rows of a cell are in the sample.
    pub(super) fn is_used(&self, i: u32, t: Option<u32>) -> bool {
        self.counts[0][i as usize] > 0.0 && t.is_none_or(|t| self.counts[1][t as usize] > 0.0)
    }

    /// Takes column `j` of the effects from `values`, one per row.
    pub(super) fn remove(&self, values: &mut [f64], large: &[u32], small: Option<&[u32]>, j: usize) {
        let a = |i: u32| self.large[i as usize * self.width + j];
        match small {
            None => values.iter_mut().zip(large).for_each(|(y, &i)| *y -= a(i)),
            Some(small) => {
                let c = |t: u32| self.small[t as usize * self.width + j];
                values.iter_mut().zip(large).zip(small).for_each(|((y, &i), &t)| *y -= a(i) + c(t));
            }
        }
    }

    /// Of a column that the effects absorb: whether it does not vary within the large levels, and within the small ones,
    /// up to `tolerance`.
    pub(super) fn constant_within(&self, j: usize, tolerance: f64) -> [bool; 2] {
        if self.small.is_empty() {
            return [true, false];
        }
        let level = |of: usize| {
            let (effects, counts) = ([&self.large, &self.small][of], &self.counts[of]);
            let mut range = vec![(f64::INFINITY, f64::NEG_INFINITY); self.components];
            for level in (0..counts.len()).filter(|&level| counts[level] > 0.0) {
                let x = effects[level * self.width + j];
                let (low, high) = &mut range[self.component[of].get(level).copied().unwrap_or(0)];
                (*low, *high) = (low.min(x), high.max(x));
            }
            range.iter().all(|(low, high)| high - low <= tolerance)
        };
        // A column that is the same in all small levels varies between the large ones only.
        [level(1), level(0)]
    }
}

/// The root of a node's tree, paths halved on the way.
fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}
