//! The optimal fixed-length interval under smoothness (Rambachan and Roth 2023, section 3.2; Armstrong and Kolesar
//! 2018): the affine estimator whose interval, widened for its largest possible bias, is shortest.
//!
//! An estimator adds to the target a combination of the coefficients before the reference that gives straight lines
//! no bias. Written by the weights `g` that its bias puts on the bends before the reference, its largest bias is
//! `M (fixed + sum |g|)` and its variance a quadratic in `g`. All estimators worth having lie therefore on one lasso
//! path; it is followed exactly, from corner to corner, once for all `M`.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::Coefficients;
use crate::math::distribution::{normal_quantile, normal_sf};

/// An interval and the estimator that it stands around.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixedLengthInterval {
    /// Lower end.
    pub conf_low: f64,
    /// Upper end.
    pub conf_high: f64,
    /// Weight on each coefficient, in their order.
    pub weights: Vec<f64>,
    /// Largest bias of the estimator.
    pub bias: f64,
    /// Its standard error.
    pub std_error: f64,
}

/// Estimators of one target, from least bias to least variance.
#[derive(Clone, Debug)]
pub struct FixedLength {
    /// Weights on the coefficients are `base + map g`.
    base: DVector<f64>,
    map: DMatrix<f64>,
    /// Largest bias per unit of `M` at `g = 0`.
    fixed: f64,
    estimate: DVector<f64>,
    covariance: DMatrix<f64>,
    /// Penalty and `g` at the corners of the path, penalties falling to 0.
    path: Vec<(f64, DVector<f64>)>,
}

impl FixedLength {
    /// The estimators for the target of `coefficients`.
    pub fn new(coefficients: &Coefficients) -> Self {
        let Coefficients { estimate, covariance, pre, target } = coefficients;
        let (pre, post) = (*pre, target.len());
        // The weight of the bend at the s-th period, the reference being the first, is the sum of (t - s + 1) l_t over
        // t >= s.
        let bend = |s: usize| (s..=post).map(|t| (t - s + 1) as f64 * target[t - 1]).sum::<f64>();
        let free = pre - 1;
        let mut base = DVector::zeros(pre + post);
        let mut map = DMatrix::zeros(pre + post, free);
        for (t, weight) in target.iter().enumerate() {
            base[pre + t] = *weight;
        }
        // A coefficient meets the bend at its own period and at those beside it; period 0, the first, has none.
        for t in 0..pre {
            for (period, weight) in [(t + 1, 1.0), (t, -2.0), (t.wrapping_sub(1), 1.0)] {
                if period == pre {
                    base[t] += weight * bend(1);
                } else if (1..pre).contains(&period) {
                    map[(t, period - 1)] = weight;
                }
            }
        }
        let gradient = map.transpose() * covariance * &base;
        let curvature = map.transpose() * covariance * &map;
        let path = lasso_path(&curvature, &gradient);
        let fixed = (1..=post).map(|s| bend(s).abs()).sum();
        Self { base, map, fixed, estimate: estimate.clone(), covariance: covariance.clone(), path }
    }

    /// The shortest interval that covers with probability `level` whatever the violation in `Delta^SD(m)`.
    pub fn interval(&self, m: f64, level: f64) -> FixedLengthInterval {
        // More variance and less bias pay as long as the penalty exceeds the price of bias.
        let too_much_penalty = |penalty: f64| {
            let (bias, std_error, _) = self.at(penalty, m);
            let (_, slope, share) = half_length(bias, std_error, level);
            penalty * share > m * slope * std_error
        };
        let largest = self.path[0].0;
        let penalty = if too_much_penalty(largest) {
            let (mut low, mut high) = (0.0, largest);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if middle <= low || middle >= high {
                    break;
                }
                if too_much_penalty(middle) { high = middle } else { low = middle }
            }
            low
        } else {
            largest
        };
        let (bias, std_error, weights) = self.at(if m > 0.0 { penalty } else { 0.0 }, m);
        let centre = weights.dot(&self.estimate);
        let half = half_length(bias, std_error, level).0;
        FixedLengthInterval {
            conf_low: centre - half,
            conf_high: centre + half,
            weights: weights.as_slice().to_vec(),
            bias,
            std_error,
        }
    }

    /// Largest bias, standard error and weights of the estimator at `penalty`.
    fn at(&self, penalty: f64, m: f64) -> (f64, f64, DVector<f64>) {
        let g = match self.path.windows(2).find(|pair| penalty >= pair[1].0) {
            _ if penalty >= self.path[0].0 => self.path[0].1.clone(),
            Some([(high, from), (low, to)]) if high > low => {
                let share = (high - penalty) / (high - low);
                from * (1.0 - share) + to * share
            }
            _ => self.path[self.path.len() - 1].1.clone(),
        };
        let weights = &self.base + &self.map * &g;
        let variance = weights.dot(&(&self.covariance * &weights)).max(0.0);
        (m * (self.fixed + g.lp_norm(1)), variance.sqrt(), weights)
    }
}

/// Half-length of an interval around an estimator with this largest bias and standard error, and its derivatives
/// by bias and by standard error.
fn half_length(bias: f64, std_error: f64, level: f64) -> (f64, f64, f64) {
    if std_error <= 0.0 {
        return (bias, 1.0, 0.0);
    }
    let ratio = bias / std_error;
    let (critical, slope) = folded_quantile(level, ratio);
    (critical * std_error, slope, critical - ratio * slope)
}

/// The x with `P(|Z + mean| <= x) = p` and its derivative by `mean`, for `mean >= 0`.
pub fn folded_quantile(p: f64, mean: f64) -> (f64, f64) {
    let (mut low, mut high) = ((mean + normal_quantile(p)).max(0.0), mean + normal_quantile(0.5 * (1.0 + p)));
    let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
    let mut x = high;
    for _ in 0..100 {
        // The complement keeps its digits where p is near one.
        let beyond = normal_sf(x - mean) + normal_sf(x + mean);
        if beyond > 1.0 - p {
            low = x;
        } else {
            high = x;
        }
        let step = (beyond - (1.0 - p)) / (density(x - mean) + density(x + mean));
        let next = x + step;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if (next - x).abs() <= 1e-15 * x.max(1.0) {
            x = next;
            break;
        }
        x = next;
    }
    let (near, far) = (density(x - mean), density(x + mean));
    (x, (near - far) / (near + far))
}

/// Corners of the path of `g` that minimises `g'Qg/2 + q'g + penalty sum |g|` (Osborne, Presnell and Turlach 2000), as
/// the penalty falls from where `g` is 0 to 0.
fn lasso_path(curvature: &DMatrix<f64>, gradient: &DVector<f64>) -> Vec<(f64, DVector<f64>)> {
    let free = gradient.len();
    let mut g = DVector::zeros(free);
    let mut penalty = gradient.amax();
    let mut path = vec![(penalty, g.clone())];
    let mut active: Vec<(usize, f64)> = Vec::new();
    if free == 0 || penalty == 0.0 {
        return path;
    }
    let start = gradient.iamax();
    active.push((start, -gradient[start].signum()));
    let least = 1e-13 * penalty;
    // Each corner lets one weight in or out; a path has few more corners than weights.
    for _ in 0..20 * free + 20 {
        let k = active.len();
        let q = DMatrix::from_fn(k, k, |i, j| curvature[(active[i].0, active[j].0)]);
        let right = DMatrix::from_fn(k, 2, |i, j| if j == 0 { -gradient[active[i].0] } else { -active[i].1 });
        let Some(line) = q.lu().solve(&right) else { break };
        // On this piece g = line_0 + penalty line_1.
        let mut next = (0.0, None);
        for i in 0..k {
            let zero = -line[(i, 0)] / line[(i, 1)];
            if zero > next.0 && zero < penalty - least && line[(i, 1)] * active[i].1 > 0.0 {
                next = (zero, Some((active[i].0, None)));
            }
        }
        for j in (0..free).filter(|j| active.iter().all(|(a, _)| a != j)) {
            let pull = |column: usize| (0..k).map(|i| curvature[(j, active[i].0)] * line[(i, column)]).sum::<f64>();
            let (level, slope) = (gradient[j] + pull(0), pull(1));
            for sign in [1.0, -1.0] {
                let meet = level / (sign - slope);
                // At its corner the pull of a weight that enters crosses the penalty from within.
                if meet > next.0 && meet < penalty - least {
                    next = (meet, Some((j, Some(-sign))));
                }
            }
        }
        penalty = next.0;
        g = DVector::zeros(free);
        for (i, (at, _)) in active.iter().enumerate() {
            g[*at] = line[(i, 0)] + penalty * line[(i, 1)];
        }
        match next.1 {
            None => {
                path.push((0.0, g));
                return path;
            }
            Some((at, Some(sign))) => active.push((at, sign)),
            Some((at, None)) => {
                g[at] = 0.0;
                active.retain(|(a, _)| *a != at);
            }
        }
        path.push((penalty, g.clone()));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::stream;

    #[test]
    fn folded_quantiles_are_those_of_the_normal_at_zero_and_far_away() {
        assert!((folded_quantile(0.95, 0.0).0 - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((folded_quantile(0.95, 30.0).0 - 31.644_853_626_951_47).abs() < 1e-12);
        for mean in [0.1, 0.7, 2.0] {
            let (x, slope) = folded_quantile(0.9, mean);
            let inside = 1.0 - normal_sf(x - mean) - normal_sf(x + mean);
            assert!((inside - 0.9).abs() < 1e-13);
            let numeric = (folded_quantile(0.9, mean + 1e-6).0 - folded_quantile(0.9, mean - 1e-6).0) / 2e-6;
            assert!((slope - numeric).abs() < 1e-7);
        }
    }

    #[test]
    fn the_path_satisfies_the_conditions_of_the_lasso_at_its_corners_and_between() {
        let mut random = stream(8, 0);
        for free in 1..9 {
            let root = DMatrix::from_fn(free, free, |_, _| random.normal());
            let q = &root * root.transpose() + DMatrix::identity(free, free) * 0.05;
            let gradient = DVector::from_fn(free, |_, _| random.normal());
            let path = lasso_path(&q, &gradient);
            assert_eq!(path[path.len() - 1].0, 0.0);
            for pair in path.windows(2) {
                for share in [0.0, 0.3, 1.0] {
                    let penalty = pair[0].0 * (1.0 - share) + pair[1].0 * share;
                    let g = &pair[0].1 * (1.0 - share) + &pair[1].1 * share;
                    let pull = &q * &g + &gradient;
                    for j in 0..free {
                        assert!(pull[j].abs() <= penalty + 1e-9);
                        assert!(g[j].abs() < 1e-9 || (pull[j] + penalty * g[j].signum()).abs() < 1e-9);
                    }
                }
            }
        }
    }
}
