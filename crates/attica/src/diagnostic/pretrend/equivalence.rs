//! Are differences in trends before treatment negligible? Tests that turn the burden of proof round: the hypothesis is
//! that they are large (Dette and Schumann 2024, Journal of Business & Economic Statistics 42(4)). Reference
//! implementation: R EquiTrends.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::super::honest::Coefficients;
use crate::math::distribution::{normal_quantile, normal_sf};
use crate::math::random::stream;

/// Smallest bounds below which leads are shown to lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Equivalence {
    /// Size of the tests.
    pub size: f64,
    /// All leads are smaller in absolute value (intersection-union test).
    pub largest: f64,
    /// The mean of the leads is smaller in absolute value.
    pub mean: f64,
    /// The lead that decides `largest`, counted back from the reference: 1 is the nearest.
    pub decisive: usize,
}

/// The bounds of tests of `size` on the leads of `coefficients`.
pub fn equivalence(coefficients: &Coefficients, size: f64) -> Equivalence {
    let pre = coefficients.pre;
    let covariance = coefficients.covariance.view((0, 0), (pre, pre));
    let bounds = (0..pre).map(|i| folded_bound(coefficients.estimate[i], covariance[(i, i)].sqrt(), size));
    let (at, largest) = bounds.enumerate().fold((0, 0.0), |best, one| if one.1 > best.1 { one } else { best });
    let error = covariance.sum().max(0.0).sqrt() / pre as f64;
    let mean = coefficients.estimate.rows(0, pre).mean();
    Equivalence { size, largest, mean: folded_bound(mean, error, size), decisive: pre - at }
}

/// The bound `tau` at which `P(|N(tau, error^2)| <= |estimate|)` is `size`: it and all above are rejected. Zero when the
/// estimate is so small that even no bound at all would do.
fn folded_bound(estimate: f64, error: f64, size: f64) -> f64 {
    let x = estimate.abs() / error;
    let below = |tau: f64| normal_sf(tau - x) - normal_sf(tau + x);
    if below(0.0) <= size {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, x + normal_quantile(1.0 - size));
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below(middle) > size { low = middle } else { high = middle }
    }
    0.5 * (low + high) * error
}

/// Shares of the units on which the root mean square is compared with itself.
pub const SHARES: [f64; 4] = [0.2, 0.4, 0.6, 0.8];

/// The smallest bound on the root mean square of the leads that a self-normalised test of `size` rejects (their
/// section 3.3): `leads` are those of all units, `parts` those of the first fifth, two fifths and so on of the units in
/// random order ([`SHARES`]).
pub fn root_mean_square_bound(leads: &[f64], parts: &[Vec<f64>; 4], size: f64) -> f64 {
    bound_with(leads, parts, self_normalised_quantile(size))
}

fn bound_with(leads: &[f64], parts: &[Vec<f64>; 4], quantile: f64) -> f64 {
    let mean_square = |leads: &[f64]| leads.iter().map(|b| b * b).sum::<f64>() / leads.len().max(1) as f64;
    let all = mean_square(leads);
    let spread = parts.iter().map(|part| (mean_square(part) - all).powi(2)).sum::<f64>() / 4.0;
    (all - quantile * spread.sqrt()).max(0.0).sqrt()
}

/// The `size` quantile of `B(1) / sqrt(mean of (B(s)/s - B(1))^2 over s in SHARES)`, B a Brownian motion. Numerator and
/// denominator are independent, so that the tail given the denominator is normal and only the denominator is drawn.
fn self_normalised_quantile(size: f64) -> f64 {
    const DRAWS: u64 = 20_000;
    let covariance = DMatrix::from_fn(4, 4, |i, j| 1.0 / SHARES[i].max(SHARES[j]) - 1.0);
    let Some(root) = covariance.cholesky().map(|root| root.l()) else { return f64::NEG_INFINITY };
    let denominators: Vec<f64> = (0..DRAWS)
        .map(|draw| {
            let mut random = stream(0, draw);
            let z = DVector::from_fn(4, |_, _| random.normal());
            ((&root * z).norm_squared() / 4.0).sqrt()
        })
        .collect();
    let below = |q: f64| denominators.iter().map(|d| normal_sf(-q * d)).sum::<f64>() / DRAWS as f64;
    let (mut low, mut high) = (-100.0, 0.0);
    while high - low > 1e-6 {
        let middle = 0.5 * (low + high);
        if below(middle) < size { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coefficients(estimate: &[f64], error: f64) -> Coefficients {
        let n = estimate.len() + 1;
        Coefficients {
            estimate: DVector::from_fn(n, |i, _| estimate.get(i).copied().unwrap_or(1.0)),
            covariance: DMatrix::identity(n, n) * error * error,
            pre: n - 1,
            target: vec![1.0],
        }
    }

    #[test]
    fn a_bound_is_where_the_test_just_rejects() {
        let found = equivalence(&coefficients(&[0.3, -0.5, 0.1], 0.2), 0.05);
        assert_eq!(found.decisive, 2);
        // Far from zero the folded normal is the normal: |b| + 1.645 s.
        assert!((found.largest - (0.5 + 1.644_853_626_951_472_7 * 0.2)).abs() < 1e-6);
        let x = 0.1 / 3.0 / (0.2 / 3.0_f64.sqrt());
        let tau = found.mean / (0.2 / 3.0_f64.sqrt());
        assert!((normal_sf(tau - x) - normal_sf(tau + x) - 0.05).abs() < 1e-10);
        // P(|Z| <= x) <= .05 below x = .0627: no bound is needed.
        assert_eq!(equivalence(&coefficients(&[0.01], 0.2), 0.05).largest, 0.0);
    }

    #[test]
    fn the_root_mean_square_test_keeps_its_size() {
        // Leads of 400 units, whose true root mean square is the bound; fifths are means of fewer units.
        let truth = [0.3, -0.3];
        let quantile = self_normalised_quantile(0.05);
        let rejected = (0..400)
            .filter(|&draw| {
                let mut random = stream(11, draw);
                let units: Vec<[f64; 2]> = (0..200).map(|_| truth.map(|b| b + random.normal())).collect();
                let leads = |share: f64| -> Vec<f64> {
                    let n = (share * 200.0) as usize;
                    (0..2).map(|k| units[..n].iter().map(|u| u[k]).sum::<f64>() / n as f64).collect()
                };
                bound_with(&leads(1.0), &SHARES.map(leads), quantile) < 0.3
            })
            .count();
        assert!((4..40).contains(&rejected), "{rejected} of 400");
    }
}
