//! The statistics of all draws, many at a time.
//!
//! With one restriction the variance of a draw is
//! `sum v_g^2 s_g^2 - 2 c'f + sum_j lambda_j c_j^2` with `c = sum v_g c_g` and `f = sum v_g s_g h_g`: a draw costs
//! sums of a few lines over clusters, which under random signs come from tables of 256 sums.

use rayon::prelude::*;

use super::WildWeights;
use super::parts::Parts;
use super::weights::Source;
use crate::math::signs::{LANES, Lanes, add_word};

/// Draws that are summed together.
const TILE: usize = 1024;
/// Draws of general weights that are summed together.
const LANE: usize = 16;
/// Below this share of its own parts a variance has lost digits to cancellation, and is summed cluster by cluster.
const CANCELLED: f64 = 1e-5;

/// Numerators and variance of a draw at each hypothesised value: at `z` standard errors from the estimate the
/// numerator is `n[0] + n[1] z` and the variance `a[0] + 2 a[1] z + a[2] z^2`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pivot {
    pub n: [f64; 2],
    pub a: [f64; 3],
}

impl Pivot {
    /// Numerator and variance at `z`.
    pub fn at(&self, z: f64) -> (f64, f64) {
        (self.n[0] + self.n[1] * z, self.a[0] + z * (2.0 * self.a[1] + z * self.a[2]))
    }
}

/// The draws of a test of one restriction.
pub(super) struct Lines<'a> {
    parts: &'a Parts,
    /// Sums linear in the weights: numerators, `c`, `f`, each for every point.
    linear: Vec<Vec<f64>>,
    /// Sums linear in squared weights: `s_x s_y`.
    squares: Vec<Vec<f64>>,
    /// The diagonal of `sum_g h_g h_g'`.
    lambda: Vec<f64>,
}

impl<'a> Lines<'a> {
    pub fn new(parts: &'a Parts) -> Self {
        let Parts { groups, rank, response, points, .. } = parts;
        let (groups, rank) = (*groups, *rank);
        let along = |j: usize| (0..groups).map(move |g| response[g * rank + j]);
        let lambda = (0..rank).map(|j| along(j).map(|h| h * h).sum()).collect();
        let mut linear: Vec<Vec<f64>> = points.iter().map(|point| point.numerator.clone()).collect();
        for point in points {
            linear.extend((0..rank).map(|j| (0..groups).map(|g| point.shared[g * rank + j]).collect::<Vec<f64>>()));
        }
        for point in points {
            linear.extend((0..rank).map(|j| along(j).zip(&point.own).map(|(h, s)| h * s).collect::<Vec<f64>>()));
        }
        let mut squares = Vec::new();
        for (y, second) in points.iter().enumerate() {
            squares.extend(
                points[..=y].iter().map(|first| first.own.iter().zip(&second.own).map(|(a, b)| a * b).collect()),
            );
        }
        Self { parts, linear, squares, lambda }
    }

    /// All draws of `source`, in order.
    pub fn all(&self, source: &Source) -> Vec<Pivot> {
        let starts: Vec<usize> = (0..source.draws).step_by(TILE).collect();
        let tiles: Vec<Vec<Pivot>> = starts
            .into_par_iter()
            .map(|first| {
                let count = TILE.min(source.draws - first);
                if source.weights == WildWeights::Rademacher {
                    self.signed(source, first, count)
                } else {
                    (first..first + count)
                        .step_by(LANE)
                        .flat_map(|from| self.weighted(source, from, LANE.min(first + count - from)))
                        .collect()
                }
            })
            .collect();
        tiles.concat()
    }

    fn signed(&self, source: &Source, first: usize, count: usize) -> Vec<Pivot> {
        let words = source.words();
        let mut bits = vec![0; words * count];
        for draw in 0..count {
            for (word, value) in source.bits((first + draw) as u64).enumerate() {
                bits[word * count + draw] = value;
            }
        }
        let sums: Vec<Vec<Lanes>> = self
            .linear
            .chunks(LANES)
            .map(|lines| {
                let mut sums = vec![[0.0; LANES]; count];
                for word in 0..words {
                    add_word(&mut sums, lines, word * 64, &bits[word * count..][..count]);
                }
                sums
            })
            .collect();
        let squares: Vec<f64> = self.squares.iter().map(|line| line.iter().sum()).collect();
        (0..count)
            .map(|draw| {
                self.pivot(|line| sums[line / LANES][draw][line % LANES], |pair| squares[pair])
                    .unwrap_or_else(|| self.slowly(source, first + draw))
            })
            .collect()
    }

    fn weighted(&self, source: &Source, first: usize, count: usize) -> Vec<Pivot> {
        let mut weights = vec![[0.0; LANE]; self.parts.groups];
        for draw in 0..count {
            for (row, v) in weights.iter_mut().zip(source.draw((first + draw) as u64)) {
                row[draw] = v;
            }
        }
        let sums: Vec<[f64; LANE]> = self.linear.iter().map(|line| sum(line, &weights)).collect();
        for row in &mut weights {
            for v in row {
                *v *= *v;
            }
        }
        let squares: Vec<[f64; LANE]> = self.squares.iter().map(|line| sum(line, &weights)).collect();
        (0..count)
            .map(|draw| {
                self.pivot(|line| sums[line][draw], |pair| squares[pair][draw])
                    .unwrap_or_else(|| self.slowly(source, first + draw))
            })
            .collect()
    }

    /// A draw from its sums, unless its variance is small beside them.
    fn pivot(&self, line: impl Fn(usize) -> f64, square: impl Fn(usize) -> f64) -> Option<Pivot> {
        let (points, rank) = (self.parts.points.len(), self.parts.rank);
        let c = |x: usize, j: usize| line(points + x * rank + j);
        let f = |x: usize, j: usize| line(points * (1 + rank) + x * rank + j);
        let mut pivot = Pivot::default();
        let mut pair = 0;
        for y in 0..points {
            pivot.n[y] = line(y);
            for x in 0..=y {
                let moved: f64 =
                    (0..rank).map(|j| self.lambda[j] * c(x, j) * c(y, j) - c(x, j) * f(y, j) - c(y, j) * f(x, j)).sum();
                pivot.a[pair] = square(pair) + moved;
                if x == y && pivot.a[pair] < CANCELLED * square(pair) {
                    return None;
                }
                pair += 1;
            }
        }
        Some(pivot)
    }

    /// One draw, cluster by cluster.
    pub fn slowly(&self, source: &Source, number: usize) -> Pivot {
        one(self.parts, &source.draw(number as u64))
    }
}

/// The draw with the weights `v` of a test of one restriction.
pub(super) fn one(parts: &Parts, v: &[f64]) -> Pivot {
    let (numerators, squares) = parts.sums(v);
    let mut pivot = Pivot::default();
    pivot.n.iter_mut().zip(&numerators).for_each(|(n, value)| *n = value[0]);
    pivot.a.iter_mut().zip(&squares).for_each(|(a, value)| *a = value[(0, 0)]);
    pivot
}

/// Sums of a line under sixteen draws.
fn sum(line: &[f64], weights: &[[f64; LANE]]) -> [f64; LANE] {
    let mut sum = [0.0; LANE];
    for (x, weights) in line.iter().zip(weights) {
        for lane in 0..LANE {
            sum[lane] += x * weights[lane];
        }
    }
    sum
}
