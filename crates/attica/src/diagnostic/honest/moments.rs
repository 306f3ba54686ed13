//! Tests of moment inequalities, conditional on which of them bind (Andrews, Roth and Pakes 2023): is a value of the
//! target compatible with estimates whose violation of parallel trends lies in a polyhedron?
//!
//! With `y = (A b - c - a target) / s`, s the standard errors of `A b`, the statistic is the least `eta` for which
//! nuisance effects x exist with `y - X x <= eta`. Its dual runs over a polytope that neither estimates nor target
//! enter, so that all tests and all draws of the least favourable distribution share it.

use nalgebra::{DMatrix, DVector};

use super::restriction::Inequalities;
use super::truncated::truncated_cdf;
use super::{Coefficients, Draws};
use crate::math::simplex::Polytope;

/// How a value is tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Level {
    /// Conditional on the binding moments, at this size.
    Conditional(f64),
    /// The same at a smaller size, after a first test by the least favourable critical value.
    Hybrid {
        /// Size of both stages together.
        size: f64,
        /// Size of the first stage.
        first: f64,
        /// Critical value of the first stage.
        critical: f64,
    },
}

/// Beyond so many standard errors the limits of a truncated normal do not matter.
const FAR: f64 = 60.0;

/// The moments of one polyhedron, scaled by their standard errors.
pub(super) struct Moments {
    /// Moments at target 0.
    level: Vec<f64>,
    /// What the target takes away from them.
    slope: Vec<f64>,
    /// What nuisance effects take away: one row each.
    nuisance: Vec<Vec<f64>>,
    covariance: DMatrix<f64>,
    /// A root of `covariance`.
    loading: DMatrix<f64>,
    /// Dual weights.
    dual: Option<Polytope>,
    scratch: Vec<f64>,
}

impl Moments {
    /// The moments of `coefficients` under `set`; `root` is a root of their covariance.
    pub fn new(coefficients: &Coefficients, root: &DMatrix<f64>, set: &Inequalities) -> Self {
        let Coefficients { estimate, pre, target, .. } = coefficients;
        let mut loading = &set.matrix * root;
        let errors: Vec<f64> = loading.row_iter().map(|row| row.norm()).collect();
        // A moment without variance binds as if it had a negligible one.
        let floor = 1e-9 * errors.iter().fold(f64::MIN_POSITIVE, |a, b| a.max(*b));
        let scale: Vec<f64> = errors.iter().map(|e| 1.0 / e.max(floor)).collect();
        for (mut row, scale) in loading.row_iter_mut().zip(&scale) {
            row *= *scale;
        }
        let centre = &set.matrix * estimate;
        let count = scale.len();
        let level = (0..count).map(|i| (centre[i] - set.bound[i]) * scale[i]).collect();
        // The target and the other effects span those after the reference: the one with the largest weight is solved for.
        let pivot = (0..target.len()).max_by(|&a, &b| target[a].abs().total_cmp(&target[b].abs())).unwrap_or(0);
        let column = |t: usize, i: usize| set.matrix[(i, pre + t)] * scale[i];
        let slope = (0..count).map(|i| column(pivot, i) / target[pivot]).collect();
        let nuisance: Vec<Vec<f64>> = (0..target.len())
            .filter(|&t| t != pivot)
            .map(|t| (0..count).map(|i| column(t, i) - column(pivot, i) * target[t] / target[pivot]).collect())
            .collect();
        let covariance = &loading * loading.transpose();
        let mut found = Self { level, slope, nuisance, covariance, loading, dual: None, scratch: vec![0.0; count] };
        found.dual = found.polytope(&vec![1.0; count]);
        found
    }

    /// Weights on moments that nuisance effects do not move and that sum to one by `normal`.
    fn polytope(&self, normal: &[f64]) -> Option<Polytope> {
        let rows: Vec<Vec<f64>> = std::iter::once(normal.to_vec()).chain(self.nuisance.iter().cloned()).collect();
        let mut rhs = vec![0.0; rows.len()];
        rhs[0] = 1.0;
        Polytope::new(&rows, &rhs)
    }

    /// Values of the target at which no moment need exceed `slack` standard errors: infinite where nothing bounds
    /// them, none when there are none.
    pub fn range(&self, slack: f64) -> Option<(f64, f64)> {
        let objective: Vec<f64> = self.level.iter().map(|y| y - slack).collect();
        let end = |sign: f64| {
            let normal: Vec<f64> = self.slope.iter().map(|a| sign * a).collect();
            self.polytope(&normal).map_or(Some(f64::NEG_INFINITY), |mut dual| dual.maximise(&objective))
        };
        let (low, high) = (end(1.0)?, -end(-1.0)?);
        (low <= high).then_some((low, high))
    }

    /// Standard errors by which the moments must exceed zero at the best value of the target; none without bound.
    pub fn least_slack(&self) -> Option<f64> {
        let mut rows = vec![vec![1.0; self.level.len()], self.slope.clone()];
        rows.extend(self.nuisance.iter().cloned());
        let mut rhs = vec![0.0; rows.len()];
        rhs[0] = 1.0;
        Polytope::new(&rows, &rhs)?.maximise(&self.level)
    }

    /// Critical value that the statistic exceeds with probability `size` when all moments are zero.
    ///
    /// A normal vector is a direction times a length of its own, and the statistic is proportional to the length, so that
    /// only directions are drawn and the tail of the length is exact.
    pub fn least_favourable(&mut self, draws: &Draws, size: f64) -> f64 {
        let Self { dual: Some(dual), loading, scratch, .. } = self else { return f64::INFINITY };
        let rank = loading.ncols();
        let mut statistics: Vec<f64> = Vec::with_capacity(2 * draws.directions.len());
        for direction in &draws.directions {
            for sign in [1.0, -1.0] {
                for (moment, row) in scratch.iter_mut().zip(loading.row_iter()) {
                    *moment = sign * row.iter().zip(direction).map(|(a, b)| a * b).sum::<f64>();
                }
                statistics.extend(dual.maximise(scratch).filter(|eta| *eta > 0.0));
            }
        }
        let count = 2.0 * draws.directions.len() as f64;
        let beyond = |c: f64| statistics.iter().map(|eta| chi_sf(c / eta, rank)).sum::<f64>() / count;
        let (mut low, mut high) = (0.0, 8.0);
        while beyond(high) > size && high < 1e6 {
            high *= 2.0;
        }
        while high - low > 1e-7 * high {
            let middle = 0.5 * (low + high);
            if beyond(middle) > size { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// Share of plain normal draws whose statistic exceeds `critical`.
    #[cfg(test)]
    pub fn share_above(&mut self, critical: f64, draws: u64) -> f64 {
        let Self { dual: Some(dual), loading, .. } = self else { return 0.0 };
        let above = (0..draws).filter(|&draw| {
            let mut random = crate::math::random::stream(1234, draw);
            let z = DVector::from_fn(loading.ncols(), |_, _| random.normal());
            dual.maximise((&*loading * z).as_slice()).is_some_and(|eta| eta > critical)
        });
        above.count() as f64 / draws as f64
    }

    /// Whether `target` is rejected.
    pub fn rejects(&mut self, target: f64, level: Level) -> bool {
        let Self { level: at_zero, slope, covariance, dual: Some(dual), scratch, .. } = self else { return false };
        for (y, (a, b)) in scratch.iter_mut().zip(at_zero.iter().zip(slope.iter())) {
            *y = a - b * target;
        }
        let Some(eta) = dual.maximise(scratch) else { return true };
        let (size, cap) = match level {
            Level::Conditional(size) => (size, f64::INFINITY),
            Level::Hybrid { critical, .. } if eta > critical => return true,
            Level::Hybrid { size, first, critical } => ((size - first) / (1.0 - first), critical),
        };
        // The critical value is at least zero.
        if eta <= 0.0 {
            return false;
        }
        let weights = DVector::from_vec(dual.vertex());
        let along = &*covariance * &weights;
        let variance = weights.dot(&along);
        if variance <= 1e-14 {
            return true;
        }
        let error = variance.sqrt();
        // The moments are `rest + move eta`, and the rest is independent of eta.
        let step = along / variance;
        let rest: Vec<f64> = scratch.iter().zip(step.iter()).map(|(y, b)| y - b * eta).collect();
        let low = truncation(dual, &rest, step.as_slice(), eta, -FAR * error);
        let high = truncation(dual, &rest, step.as_slice(), eta, FAR * error).min(cap);
        1.0 - truncated_cdf(eta / error, low.min(eta) / error, high.max(eta) / error) < size
    }
}

/// Up to where the statistic could move in the direction of `span` with the same moments binding: the largest
/// `lambda'(rest + step v)` over dual weights is `v` itself exactly between two limits (ARP, appendix D). It is convex
/// in `v`, so Newton's steps from outside end at the limit.
fn truncation(dual: &mut Polytope, rest: &[f64], step: &[f64], eta: f64, span: f64) -> f64 {
    let mut v = eta + span;
    let mut objective = vec![0.0; rest.len()];
    for round in 0..100 {
        for (c, (s, b)) in objective.iter_mut().zip(rest.iter().zip(step)) {
            *c = s + b * v;
        }
        let Some(value) = dual.maximise(&objective) else { return eta };
        if value - v <= 1e-9 * (1.0 + v.abs()) {
            return if round == 0 { span.signum() * f64::INFINITY } else { v };
        }
        let weights = dual.vertex();
        let dot = |with: &[f64]| weights.iter().zip(with).map(|(w, x)| w * x).sum::<f64>();
        let next = dot(rest) / (1.0 - dot(step));
        // Rounding must not carry it past the statistic or back.
        if !next.is_finite() || (next - eta) * span <= 0.0 || (next - v) * span >= 0.0 {
            return eta;
        }
        v = next;
    }
    v
}

/// `P(R > r)`, R the length of a standard normal vector with `dimensions` entries.
fn chi_sf(r: f64, dimensions: usize) -> f64 {
    let half = 0.5 * r * r;
    if half > 600.0 {
        return 0.0;
    }
    // Recursion of the incomplete gamma function, from one or two dimensions.
    let odd = dimensions % 2 == 1;
    let kernel = (-half).exp();
    let mut term = if odd { kernel * (2.0 / std::f64::consts::PI).sqrt() * r } else { kernel };
    let mut total = if odd { libm::erfc(half.sqrt()) } else { 0.0 };
    let mut next = if odd { 1.5 } else { 1.0 };
    for _ in 0..dimensions / 2 {
        total += term;
        term *= half / next;
        next += 1.0;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::distribution::chi2_sf;

    #[test]
    fn length_of_a_normal_vector_is_chi() {
        for dimensions in 1..12 {
            for r in [0.1, 1.0, 3.0, 6.0] {
                let expected = chi2_sf(r * r, dimensions as f64);
                assert!((chi_sf(r, dimensions) / expected - 1.0).abs() < 1e-10, "{dimensions} {r}");
            }
        }
    }
}
