//! Kernel densities of weighted values.

/// Points of a curve.
const POINTS: usize = 160;

/// Gaussian kernel density of `values` under `weights` (those of weight 0 are left out) as points from left to right,
/// with Silverman's bandwidth (1986, eq. 3.31), in which n is the sum of weights squared over the sum of squared weights.
/// What a bound cuts off is reflected at it, so that the curve integrates to 1 between the bounds. Empty with fewer than
/// two different values.
pub fn density(values: &[f64], weights: Option<&[f64]>, bounds: (f64, f64)) -> Vec<(f64, f64)> {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let mut sorted: Vec<(f64, f64)> = (0..values.len())
        .map(|i| (values[i], weight(i)))
        .filter(|(x, w)| x.is_finite() && w.is_finite() && *w > 0.0)
        .collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some(&(low, _)), Some(&(high, _))) = (sorted.first(), sorted.last()) else { return Vec::new() };
    if high <= low {
        return Vec::new();
    }
    let (total, squares) = sorted.iter().fold((0.0, 0.0), |(s, q), (_, w)| (s + w, q + w * w));
    let n = total * total / squares;
    let mean = sorted.iter().map(|(x, w)| x * w).sum::<f64>() / total;
    let variance = sorted.iter().map(|(x, w)| w * (x - mean).powi(2)).sum::<f64>() / total;
    let sd = (variance * n / (n - 1.0).max(1.0)).sqrt();
    let iqr = (quantile(&sorted, 0.75 * total) - quantile(&sorted, 0.25 * total)) / 1.34;
    let bandwidth = 0.9 * if iqr > 0.0 { sd.min(iqr) } else { sd } * n.powf(-0.2);
    let (from, to) = ((low - 3.0 * bandwidth).max(bounds.0), (high + 3.0 * bandwidth).min(bounds.1));
    let scale = 1.0 / (total * bandwidth * (2.0 * std::f64::consts::PI).sqrt());
    let bump = |at: f64, x: f64| (-0.5 * ((at - x) / bandwidth).powi(2)).exp();
    (0..=POINTS)
        .map(|i| {
            let at = from + (to - from) * i as f64 / POINTS as f64;
            let sum: f64 = sorted
                .iter()
                .map(|(x, w)| w * (bump(at, *x) + bump(at, 2.0 * bounds.0 - x) + bump(at, 2.0 * bounds.1 - x)))
                .sum();
            (at, sum * scale)
        })
        .collect()
}

/// The value at which weights add up to `wanted`.
fn quantile(sorted: &[(f64, f64)], wanted: f64) -> f64 {
    let mut sum = 0.0;
    for (x, w) in sorted {
        sum += w;
        if sum >= wanted {
            return *x;
        }
    }
    sorted.last().map_or(f64::NAN, |(x, _)| *x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integral(curve: &[(f64, f64)]) -> f64 {
        curve.windows(2).map(|p| (p[1].0 - p[0].0) * f64::midpoint(p[0].1, p[1].1)).sum()
    }

    #[test]
    fn curves_integrate_to_one_and_weights_are_repetitions() {
        let values = [0.02, 0.05, 0.06, 0.3, 0.55, 0.98];
        for bounds in [(0.0, 1.0), (f64::NEG_INFINITY, f64::INFINITY)] {
            let curve = density(&values, None, bounds);
            assert!((integral(&curve) - 1.0).abs() < 3e-3, "{bounds:?} {}", integral(&curve));
        }
        let repeated: Vec<f64> = values.iter().chain(&values[3..]).copied().collect();
        let weighted = density(&values, Some(&[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]), (0.0, 1.0));
        let plain = density(&repeated, None, (0.0, 1.0));
        // The bandwidth counts effective values; the shape is that of the repeated ones.
        assert!((integral(&weighted) - 1.0).abs() < 3e-3);
        let peak = |c: &[(f64, f64)]| c.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0.0, |p| p.0);
        assert!((peak(&weighted) - peak(&plain)).abs() < 0.1);
        assert!(density(&[0.4, 0.4], None, (0.0, 1.0)).is_empty());
        assert!(density(&[], None, (0.0, 1.0)).is_empty());
        let one_side = density(&values, Some(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), (0.0, 1.0));
        assert!(one_side.is_empty());
    }
}
