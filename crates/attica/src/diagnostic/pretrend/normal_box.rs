//! Probability that a normal vector lies in a box, and its mean there: Genz's transformation (GHK) over a fixed
//! lattice, the same numbers each time.

use nalgebra::{DMatrix, DVector};

use crate::math::distribution::{normal_quantile, normal_sf};

/// Points of the lattice. Integrands are smooth, so that errors are near 1e-6.
const POINTS: usize = 4096;

/// `P(-half <= x <= half)` and the mean of x there, for x normal with `mean` and covariance `root root'`, `root` lower
/// triangular.
pub(super) fn in_box(mean: &DVector<f64>, root: &DMatrix<f64>, half: &[f64]) -> (f64, DVector<f64>) {
    let k = mean.len();
    let steps = generators(k);
    let (mut total, mut moment, mut points) = (0.0, DVector::zeros(k), 0.0);
    let mut z = DVector::zeros(k);
    for point in 0..POINTS {
        // Weights that fade at both ends of the sequence make its error fall faster than its length (Niederreiter).
        let along = (point as f64 + 0.5) / POINTS as f64;
        let fade = (along * (1.0 - along)).powi(2);
        points += fade;
        let mut weight = fade;
        for i in 0..k {
            let known: f64 = (0..i).map(|j| root[(i, j)] * z[j]).sum::<f64>() + mean[i];
            let (low, high) = ((-half[i] - known) / root[(i, i)], (half[i] - known) / root[(i, i)]);
            // In the tail that has digits.
            let flip = low + high > 0.0;
            let (from, to) = if flip { (normal_sf(high), normal_sf(low)) } else { (normal_sf(-low), normal_sf(-high)) };
            let inside = (to - from).abs();
            weight *= inside;
            // The baker's transformation makes the integrand periodic.
            let shifted = ((point as f64 + 0.5) * steps[i]).fract();
            let u = 1.0 - (2.0 * shifted - 1.0).abs();
            // The same point of the interval on either side, or the integrand would jump.
            let tail = from.min(to) + if flip { 1.0 - u } else { u } * inside;
            let value = normal_quantile(tail.clamp(1e-300, 1.0));
            z[i] = if flip { -value } else { value }.clamp(low, high);
        }
        total += weight;
        moment += (root * &z + mean) * weight;
    }
    (total / points, if total > 0.0 { moment / total } else { mean.clone() })
}

/// Square roots of primes: the directions of Richtmyer's lattice.
fn generators(count: usize) -> Vec<f64> {
    let prime = |n: &u32| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (2_u32..).filter(prime).take(count).map(|p| f64::from(p).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_coordinates_multiply() {
        let (mean, half) = (DVector::from_vec(vec![0.5, -1.0, 0.0]), [1.0, 2.0, 1.5]);
        let (p, centre) = in_box(&mean, &DMatrix::identity(3, 3), &half);
        let side = |i: usize| normal_sf(-half[i] - mean[i]) - normal_sf(half[i] - mean[i]);
        assert!((p - side(0) * side(1) * side(2)).abs() < 1e-9);
        let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        for i in 0..3 {
            let expected = mean[i] + (density(-half[i] - mean[i]) - density(half[i] - mean[i])) / side(i);
            assert!((centre[i] - expected).abs() < 1e-4, "{} {expected}", centre[i]);
        }
    }

    #[test]
    fn correlated_pairs_follow_the_orthant_formula() {
        // P(|x| <= h, |y| <= h) by Simpson's rule over x.
        let (rho, h) = (0.7_f64, 1.96);
        let root = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, rho, (1.0 - rho * rho).sqrt()]);
        let (p, _) = in_box(&DVector::from_vec(vec![0.4, 1.0]), &root, &[h, h]);
        let s = (1.0 - rho * rho).sqrt();
        let f = |x: f64| {
            let m = 1.0 + rho * (x - 0.4);
            let density = (-0.5 * (x - 0.4).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
            density * (normal_sf((-h - m) / s) - normal_sf((h - m) / s))
        };
        let n = 2000;
        let width = 2.0 * h / f64::from(n);
        let simpson: f64 = (0..=n)
            .map(|i| {
                let weight = if i == 0 || i == n {
                    1.0
                } else if i % 2 == 1 {
                    4.0
                } else {
                    2.0
                };
                weight * f(-h + f64::from(i) * width)
            })
            .sum::<f64>()
            * width
            / 3.0;
        assert!((p - simpson).abs() < 2e-5, "{p} {simpson}");
    }
}
