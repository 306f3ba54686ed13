//! Any number of effects: conjugate gradients on the symmetric sweep of exact projections.
//!
//! With M the product of the projections off each part, forth and back, `I - M` is symmetric in the
//! weighted inner product and its range is the span of the effects; conjugate gradients for
//! `(I - M) z = (I - M) y` leave `y - z` free of effects (Hernandez-Ramos, Escalante and Raydan 2011;
//! Correia 2016 uses the same acceleration).

use super::Part;
use crate::math::cross::weighted_dot;

/// Sweeps after which the search is given up.
const LIMIT: usize = 10_000;

/// Takes the span of `parts` out of `column`. The share of the column's norm that is left in the
/// span by the last measurement.
pub(super) fn remove(parts: &[Part<'_>], column: &mut [f64], weights: Option<&[f64]>, sums: &mut Vec<f64>) -> f64 {
    let n = column.len();
    let dot = |a: &[f64], b: &[f64]| weighted_dot(a, b, weights);
    let scale = dot(column, column).sqrt();
    if scale == 0.0 {
        return 0.0;
    }
    let mut swept = vec![0.0; n];
    let mut defect = |of: &[f64], into: &mut Vec<f64>, sums: &mut Vec<f64>| {
        swept.copy_from_slice(of);
        for part in parts.iter().chain(parts.iter().rev().skip(1)) {
            part.remove(&mut swept, sums);
        }
        into.clear();
        into.extend(of.iter().zip(&swept).map(|(a, b)| a - b));
    };

    let mut residual = Vec::with_capacity(n);
    let mut image = Vec::with_capacity(n);
    let mut sweeps = 0;
    let mut error = f64::INFINITY;
    // The recursion's residual drifts from the true one; a restart measures it anew.
    for _ in 0..5 {
        defect(column, &mut residual, sums);
        let start = dot(&residual, &residual);
        let last = std::mem::replace(&mut error, start.sqrt() / scale);
        if error < 1e-15 || error > 0.5 * last {
            break;
        }
        let mut direction = residual.clone();
        let mut square = start;
        while sweeps < LIMIT && square > 1e-32 * scale * scale && square > 1e-24 * start {
            defect(&direction, &mut image, sums);
            sweeps += 1;
            let curvature = dot(&direction, &image);
            if curvature <= 0.0 {
                break;
            }
            let step = square / curvature;
            for i in 0..n {
                column[i] -= step * direction[i];
                residual[i] -= step * image[i];
            }
            let next = dot(&residual, &residual);
            let ratio = next / square;
            for (d, r) in direction.iter_mut().zip(&residual) {
                *d = r + ratio * *d;
            }
            square = next;
        }
    }
    defect(column, &mut residual, sums);
    dot(&residual, &residual).sqrt() / scale
}
