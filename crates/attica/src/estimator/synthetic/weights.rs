//! Simplex-constrained ridge weights by Frank-Wolfe steps with exact line search
//! (Arkhangelsky et al. 2021, appendix; reference implementation: R synthdid `sc.weight.fw`).
//!
//! A step moves the weights towards one column, so the gradient moves towards one column of the
//! cross-products: with those at hand, a step costs as many operations as there are weights.

use crate::math::cross::dot;

/// What the weights minimise, and how far they are driven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// Ridge strength zeta.
    pub zeta: f64,
    /// Centre columns first, so that only shapes are matched and not levels.
    pub intercept: bool,
    /// Stop when the objective falls by less than this, squared.
    pub min_decrease: f64,
}

/// Steps of the first pass, whose small weights are set to zero, and of the second.
const FIRST_STEPS: usize = 100;
const STEPS: usize = 10_000;

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
    descent.run(to_one(&kept), STEPS)
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
            min_decrease: search.min_decrease,
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

    fn run(&mut self, start: Vec<f64>, steps: usize) -> Vec<f64> {
        let mut w = start;
        let mut gradient = self.gradient(&w);
        for step in 0..steps {
            let vertex = lowest(&gradient);
            let decrease = if w[vertex] < 1.0 { self.step(&mut w, &mut gradient, vertex) } else { 0.0 };
            if step > 0 && decrease <= self.min_decrease * self.min_decrease {
                break;
            }
        }
        w
    }

    /// The best step from `w` towards `vertex`; returns by how much the objective falls.
    fn step(&mut self, w: &mut [f64], gradient: &mut [f64], vertex: usize) -> f64 {
        if self.cross[vertex].is_none() && self.kept + w.len() <= KEPT {
            self.cross[vertex] = Some(self.vertex_gradient(vertex));
            self.kept += w.len();
        }
        let scratch;
        let towards = if let Some(kept) = &self.cross[vertex] {
            kept
        } else {
            scratch = self.vertex_gradient(vertex);
            &scratch
        };
        // With d the direction: half the slope along it, and d'(A'A + eta I)d, from gradients at both ends.
        let here = dot(w, gradient);
        let slope = gradient[vertex] - here;
        let curvature = (towards[vertex] - dot(w, towards)) - slope;
        let length =
            if curvature > 0.0 { (-slope / curvature).clamp(0.0, 1.0) } else { f64::from(u8::from(slope < 0.0)) };
        let rest = 1.0 - length;
        for w in w.iter_mut() {
            *w *= rest;
        }
        w[vertex] += length;
        gradient.iter_mut().zip(towards).for_each(|(g, t)| *g = rest * *g + length * t);
        -(2.0 * length * slope + length * length * curvature) / self.rows
    }
}

/// Position of the smallest value, the first of equals.
fn lowest(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value < values[best] {
            best = i;
        }
    }
    best
}
