//! The normal distribution between two limits, where its tail may be all that is left.

use crate::math::distribution::normal_sf;

/// `P(Z <= x | low <= Z <= high)` for `low <= x <= high`; limits may be infinite.
pub(super) fn truncated_cdf(x: f64, low: f64, high: f64) -> f64 {
    // Towards the nearer tail, where probabilities have digits.
    if low < 0.0 && high < -low {
        return 1.0 - truncated_cdf(-x, -high, -low);
    }
    // All relative to the density at the limit that is nearest to zero (or at zero itself).
    let from = low.max(0.0);
    let tail = |z: f64| {
        if z == f64::INFINITY {
            0.0
        } else if from > 0.0 {
            ((from - z) * (from + z) * 0.5).exp() * mills(z)
        } else {
            normal_sf(z)
        }
    };
    let total = tail(low) - tail(high);
    if total > 0.0 { ((tail(low) - tail(x)) / total).clamp(0.0, 1.0) } else { 1.0 }
}

/// `P(Z > z)` over the density at `z`, without the constant of the density, for `z > 0`.
fn mills(z: f64) -> f64 {
    if z < 10.0 {
        return normal_sf(z) * (0.5 * z * z).exp();
    }
    // Laplace's continued fraction.
    let tail = (1..=30).rev().fold(z, |rest, k| z + f64::from(k) / rest);
    1.0 / (tail * (2.0 * std::f64::consts::PI).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_plain_formula_where_that_has_digits() {
        let plain = |x: f64, low: f64, high: f64| (normal_sf(low) - normal_sf(x)) / (normal_sf(low) - normal_sf(high));
        for (x, low, high) in [(0.5, -1.0, 2.0), (1.0, 0.2, 5.0), (-1.0, -3.0, 0.5), (2.0, -4.0, f64::INFINITY)] {
            assert!((truncated_cdf(x, low, high) - plain(x, low, high)).abs() < 1e-13, "{x} {low} {high}");
        }
        assert!((truncated_cdf(1.0, f64::NEG_INFINITY, f64::INFINITY) - 0.841_344_746_068_542_9).abs() < 1e-14);
    }

    #[test]
    fn keeps_its_digits_far_out() {
        // Near 50 the normal tail is exponential with rate 50.
        let value = truncated_cdf(50.01, 50.0, f64::INFINITY);
        assert!(
            (value - (1.0 - (-0.500_05_f64).exp() * 50.0 / 50.01 * (1.0 - 1.0 / 2501.0) / (1.0 - 1.0 / 2500.0))).abs()
                < 1e-6
        );
        assert!((truncated_cdf(-50.01, f64::NEG_INFINITY, -50.0) - (1.0 - value)).abs() < 1e-12);
        // The two branches of the Mills ratio meet.
        assert!((mills(9.999_999_999) / mills(10.000_000_001) - 1.0).abs() < 1e-9);
    }
}
