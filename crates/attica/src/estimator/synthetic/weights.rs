//! Simplex-constrained ridge weights by Frank-Wolfe steps with exact line search
//! (Arkhangelsky et al. 2021, appendix; reference implementation: R synthdid `sc.weight.fw`).
//!
//! A step moves the weights towards one column, so the gradient moves towards one column of the
//! cross-products: with those at hand, a step is one pass over as many numbers as there are weights.

use super::Stop;
use crate::math::cross::dot;

/// What the weights minimise, and how far they are driven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// Ridge strength zeta.
    pub zeta: f64,
    /// Centre columns first, so that only shapes are matched and not levels.
    pub intercept: bool,
    /// When to stop.
    pub stop: Stop,
}

/// Steps of the first pass, whose small weights are set to zero.
const FIRST_STEPS: usize = 100;

/// Cross-products kept of one search, in numbers: 32 MB.
const KEPT: usize = 1 << 22;

/// Weights `w >= 0`, `sum w = 1` that minimise `zeta^2 |w|^2 + |A w - b|^2 / rows`: a first pass from
/// `start`, weights of at most a quarter of the largest set to zero, and a second pass from there.
/// `columns` are those of A, then b.
pub(super) fn fit(columns: Vec<Vec<f64>>, start: Vec<f64>, search: &Search) -> Vec<f64> {
    let mut descent = Descent::new(columns, search);
    let rough = descent.run(start, FIRST_STEPS);
    let cut = rough.iter().copied().fold(0.0, f64::max) / 4.0;
    let kept: Vec<f64> = rough.iter().map(|&w| if w <= cut { 0.0 } else { w }).collect();
    descent.run(to_one(&kept), search.stop.steps)
}

/// Weights scaled to sum one; equal ones when all are zero.
pub(super) fn to_one(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let equal = 1.0 / weights.len() as f64;
    weights.iter().map(|w| if total > 0.0 { w / total } else { equal }).collect()
}

struct Descent {
    /// Columns of A.
    a: Vec<Vec<f64>>,
    /// `A'b`.
    target: Vec<f64>,
    b: Vec<f64>,
    rows: f64,
    /// Ridge times rows.
    eta: f64,
    min_decrease: f64,
    /// Of columns stepped to: their column of `A'A + eta I`, less `A'b`.
    cross: Vec<Option<Vec<f64>>>,
    kept: usize,
}

impl Descent {
    fn new(mut columns: Vec<Vec<f64>>, search: &Search) -> Self {
        if search.intercept {
            for column in &mut columns {
                let mean = column.iter().sum::<f64>() / column.len() as f64;
                for value in column {
                    *value -= mean;
                }
            }
        }
        let b = columns.pop().unwrap_or_default();
        let rows = b.len() as f64;
        Self {
            target: columns.iter().map(|column| dot(column, &b)).collect(),
            cross: vec![None; columns.len()],
            a: columns,
            b,
            rows,
            eta: rows * search.zeta * search.zeta,
            min_decrease: search.stop.min_decrease,
            kept: 0,
        }
    }

    /// `A'(A w - b) + eta w`: half the gradient, times rows.
    fn gradient(&self, w: &[f64]) -> Vec<f64> {
        let mut error: Vec<f64> = self.b.iter().map(|b| -b).collect();
        for (column, &w) in self.a.iter().zip(w).filter(|(_, w)| **w != 0.0) {
            error.iter_mut().zip(column).for_each(|(e, v)| *e += w * v);
        }
        self.a.iter().zip(w).map(|(column, w)| dot(column, &error) + self.eta * w).collect()
    }

    /// The gradient when all weight lies on column `vertex`.
    fn vertex_gradient(&self, vertex: usize) -> Vec<f64> {
        let own = &self.a[vertex];
        let mut gradient: Vec<f64> = self.a.iter().zip(&self.target).map(|(column, t)| dot(column, own) - t).collect();
        gradient[vertex] += self.eta;
        gradient
    }

    /// At most `steps` steps from `start`, each towards the column of steepest descent.
    fn run(&mut self, start: Vec<f64>, steps: usize) -> Vec<f64> {
        let mut at = Position::new(self.gradient(&start), start);
        for step in 0..steps {
            if step % REFRESH == 0 {
                at.refresh(&self.target);
            }
            let decrease = if at.weight(at.lowest) < 1.0 { self.step(&mut at) } else { 0.0 };
            if step > 0 && decrease <= self.min_decrease * self.min_decrease {
                break;
            }
        }
        at.weights()
    }

    /// The best step towards the lowest place of the gradient; returns by how much the objective falls.
    fn step(&mut self, at: &mut Position) -> f64 {
        let vertex = at.lowest;
        if self.cross[vertex].is_none() && self.kept + at.shape.len() <= KEPT {
            self.cross[vertex] = Some(self.vertex_gradient(vertex));
            self.kept += at.shape.len();
        }
        let scratch;
        let towards = if let Some(kept) = &self.cross[vertex] {
            kept
        } else {
            scratch = self.vertex_gradient(vertex);
            &scratch
        };
        // With d the direction: half the slope along it, and d'(A'A + eta I)d, from gradients at both ends.
        let there = at.gradient[vertex] + self.target[vertex] - at.along_target;
        let slope = at.gradient[vertex] - at.along_gradient;
        let curvature = (towards[vertex] - there) - slope;
        let length =
            if curvature > 0.0 { (-slope / curvature).clamp(0.0, 1.0) } else { f64::from(u8::from(slope < 0.0)) };
        at.advance(length, there, towards, self.target[vertex]);
        -(2.0 * length * slope + length * length * curvature) / self.rows
    }
}

/// Steps after which sums that are carried along are formed anew.
const REFRESH: usize = 64;

/// Weights, `scale * shape`, and what a step needs to know of them.
struct Position {
    shape: Vec<f64>,
    scale: f64,
    gradient: Vec<f64>,
    /// Place of the lowest value of the gradient.
    lowest: usize,
    /// Weights times gradient.
    along_gradient: f64,
    /// Weights times `A'b`.
    along_target: f64,
}

impl Position {
    fn new(gradient: Vec<f64>, shape: Vec<f64>) -> Self {
        let lowest = first_at(&gradient, smallest(&gradient));
        Self { shape, scale: 1.0, gradient, lowest, along_gradient: 0.0, along_target: 0.0 }
    }

    fn weight(&self, place: usize) -> f64 {
        self.scale * self.shape[place]
    }

    fn weights(&self) -> Vec<f64> {
        self.shape.iter().map(|v| self.scale * v).collect()
    }

    fn refresh(&mut self, target: &[f64]) {
        self.shape = self.weights();
        self.scale = 1.0;
        self.along_gradient = dot(&self.shape, &self.gradient);
        self.along_target = dot(&self.shape, target);
    }

    /// Moves the share `length` of the way to the lowest place, where the gradient is `towards`, A'b is
    /// `target`, and weights times `towards` are `there`.
    fn advance(&mut self, length: f64, there: f64, towards: &[f64], target: f64) {
        let (vertex, rest) = (self.lowest, 1.0 - length);
        self.along_gradient = rest * rest * self.along_gradient
            + rest * length * (self.gradient[vertex] + there)
            + length * length * towards[vertex];
        self.along_target = rest * self.along_target + length * target;
        if rest * self.scale > f64::MIN_POSITIVE.sqrt() {
            self.scale *= rest;
        } else {
            self.shape = self.shape.iter().map(|v| self.scale * rest * v).collect();
            self.scale = 1.0;
        }
        self.shape[vertex] += length / self.scale;
        for (gradient, towards) in self.gradient.iter_mut().zip(towards) {
            *gradient = rest * *gradient + length * towards;
        }
        self.lowest = first_at(&self.gradient, smallest(&self.gradient));
    }
}

/// Values compared side by side.
const LANES: usize = 8;

/// The smallest value.
#[inline]
fn smallest(values: &[f64]) -> f64 {
    let lower = |a: f64, b: f64| if a < b { a } else { b };
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut low = [f64::INFINITY; LANES];
    for chunk in chunks {
        low = std::array::from_fn(|lane| lower(low[lane], chunk[lane]));
    }
    for (low, value) in low.iter_mut().zip(rest) {
        *low = lower(*low, *value);
    }
    let pairs: [f64; LANES / 2] = std::array::from_fn(|lane| lower(low[lane], low[lane + LANES / 2]));
    lower(lower(pairs[0], pairs[2]), lower(pairs[1], pairs[3]))
}

/// Place of the first value equal to `value`.
fn first_at(values: &[f64], value: f64) -> usize {
    // Without a branch, so that a chunk is compared at once.
    let holds = |chunk: &[f64]| chunk.iter().fold(0, |found, v| found | u8::from(*v == value)) > 0;
    let chunk = values.chunks(LANES).position(holds).unwrap_or(0);
    let inside = values[chunk * LANES..].iter().position(|v| *v == value);
    chunk * LANES + inside.unwrap_or(0)
}
