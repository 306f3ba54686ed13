//! Adjusting the p-values of a family of tests from the p-values alone.

/// Bonferroni: `min(1, m p)`.
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    let m = p.len() as f64;
    p.iter().map(|p| (m * p).min(1.0)).collect()
}

/// Holm (1979), which rejects whatever Bonferroni rejects and controls the same error under any dependence
/// (R `p.adjust(method = "holm")`).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 0.0_f64;
    for (rank, &i) in order.iter().enumerate() {
        least = least.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        adjusted[i] = least;
    }
    adjusted
}

/// False discovery rate of Benjamini and Hochberg (1995) as q-values (R `p.adjust(method = "BH")`).
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let m = p.len() as f64;
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 1.0_f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        most = most.min(m * p[i] / (rank + 1) as f64);
        adjusted[i] = most;
    }
    adjusted
}

/// Sharpened two-stage q-values of Benjamini, Krieger and Yekutieli (2006) on the grid .001, .002, .., 1 as Anderson
/// (2008) computes them: the smallest rate at which the procedure rejects; 1 where none does.
pub fn sharpened(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let m = p.len() as f64;
    let rejected = |rate: f64| {
        let below = |(rank, &i): (usize, &usize)| (p[i] <= rate * (rank + 1) as f64 / m).then_some(rank + 1);
        order.iter().enumerate().filter_map(below).max().unwrap_or(0)
    };
    let mut adjusted = vec![1.0; p.len()];
    for step in (1..=1000).rev() {
        let q = f64::from(step) / 1000.0;
        let first = q / (1.0 + q);
        let found = rejected(first);
        // With all rejected at the first stage there is no true null left to share the rate.
        let all = found == p.len();
        let count = if all { p.len() } else { rejected(first * m / (m - found as f64)) };
        for &i in &order[..count] {
            adjusted[i] = q;
        }
    }
    adjusted
}

/// Places from the smallest p-value to the largest; the earlier of two equal ones first.
fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// p-values, then what statsmodels 0.14 `multipletests` makes of them (its values are those of R `p.adjust`); the
    /// sharpened ones are the smallest of the rates .001, .002, .. at which its `fdr_tsbky` rejects.
    type Case = (&'static [f64], &'static [f64], &'static [f64], &'static [f64], &'static [f64]);

    const CASES: [Case; 3] = [
        (
            &[0.01, 0.04, 0.03, 0.005, 0.2],
            &[0.05, 0.2, 0.15, 0.025, 1.0],
            &[0.04, 0.09, 0.09, 0.025, 0.2],
            &[0.025, 0.05, 0.05, 0.025, 0.2],
            &[0.026, 0.031, 0.031, 0.026, 0.053],
        ),
        (
            &[0.0001, 0.0401, 0.0001, 0.3, 0.3, 0.0095],
            &[0.0006, 0.2406, 0.0006, 1.0, 1.0, 0.057],
            &[0.0006, 0.1203, 0.0006, 0.6, 0.6, 0.038],
            &[0.0003, 0.06015, 0.0003, 0.3, 0.3, 0.019],
            &[0.001, 0.032, 0.001, 0.112, 0.112, 0.013],
        ),
        (
            &[0.0208, 0.0018, 0.0001, 0.2, 0.05, 0.6, 0.9],
            &[0.1456, 0.0126, 0.0007, 1.0, 0.35, 1.0, 1.0],
            &[0.104, 0.0108, 0.0007, 0.6, 0.2, 1.0, 1.0],
            &[0.048_533_333_333_333_33, 0.0063, 0.0007, 0.28, 0.0875, 0.7, 0.9],
            &[0.036, 0.006, 0.001, 0.137, 0.053, 0.389, 0.389],
        ),
    ];

    #[test]
    fn adjusted_p_values_are_those_of_other_software() {
        for (p, bonferroni_, holm_, discovery, sharpened_) in CASES {
            for (got, want) in [
                (bonferroni(p), bonferroni_),
                (holm(p), holm_),
                (benjamini_hochberg(p), discovery),
                (sharpened(p), sharpened_),
            ] {
                assert_eq!(got.len(), want.len());
                assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?} is not {want:?}");
            }
        }
    }

    #[test]
    fn nothing_and_certainty_are_left_alone() {
        assert!(holm(&[]).is_empty() && sharpened(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
        assert_eq!(holm(&[1.0, 1.0]), [1.0, 1.0]);
        assert_eq!(sharpened(&[1.0, 1.0]), [1.0, 1.0]);
    }
}
