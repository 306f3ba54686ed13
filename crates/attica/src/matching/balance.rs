//! How alike treated and controls are, before and after matching (pstest's conventions: Leuven and Sianesi 2003;
//! Rosenbaum and Rubin 1985; Rubin 2001).

use serde::{Deserialize, Serialize};

use super::Sample;
use super::probit::probit;
use crate::math::distribution::{chi2_sf, t_two_sided};

/// Balance of all covariates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// One per covariate.
    pub rows: Vec<BalanceRow>,
    /// All candidates.
    pub before: Overall,
    /// Matched candidates under their weights.
    pub after: Overall,
}

/// One covariate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BalanceRow {
    /// Name.
    pub covariate: String,
    /// All candidates.
    pub before: Side,
    /// Matched candidates under their weights.
    pub after: Side,
    /// 100 (1 - |bias after| / |bias before|), none when there was no bias.
    pub reduction: Option<f64>,
}

/// Treated against controls in one covariate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Mean of the treated.
    pub mean_treated: f64,
    /// Mean of the controls.
    pub mean_control: f64,
    /// 100 (m1 - m0) / sqrt((v1 + v0) / 2), the variances those of all candidates before and after; none when
    /// neither varies.
    pub bias: Option<f64>,
    /// t of the difference, from a regression on the treatment in which a weight counts as so many candidates.
    pub t: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// Variance of the treated over that of the controls.
    pub variance_ratio: Option<f64>,
}

/// All covariates together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    /// Mean of the absolute biases.
    pub mean_bias: Option<f64>,
    /// Median of the absolute biases.
    pub median_bias: Option<f64>,
    /// Rubin's B: absolute difference of the mean indices of a probit of treatment on the covariates, fitted to these
    /// candidates and weights, in percent of their standard deviation; below 25 is called balanced.
    pub rubin_b: Option<f64>,
    /// Rubin's R: ratio of the index's variances, treated over controls; 0.5 to 2 is called balanced. None when the
    /// index does not vary, as under exact balance.
    pub rubin_r: Option<f64>,
    /// McFadden's R2 of that probit.
    pub pseudo_r2: Option<f64>,
    /// p-value of its likelihood ratio.
    pub p_value: Option<f64>,
}

/// Weighted mean and variance, a weight counting as so many candidates (n is the sum of weights).
fn moments(x: &[f64], of: &[usize], weights: &[f64]) -> (f64, f64, f64) {
    let n: f64 = of.iter().map(|&i| weights[i]).sum();
    let mean = of.iter().map(|&i| weights[i] * x[i]).sum::<f64>() / n;
    let squares: f64 = of.iter().map(|&i| weights[i] * (x[i] - mean) * (x[i] - mean)).sum();
    (n, mean, squares / (n - 1.0))
}

/// Balance of `sample` under `weights` (0 leaves a candidate out).
pub fn balance(sample: Sample<'_>, weights: &[f64]) -> Balance {
    let all = vec![1.0; weights.len()];
    let rows: Vec<BalanceRow> = sample
        .covariates
        .iter()
        .map(|(name, x)| {
            let [(_, _, v1), (_, _, v0)] = [true, false].map(|side| moments(x, &sample.side(side), &all));
            let scale = Some(f64::midpoint(v1, v0).sqrt()).filter(|s| s.is_finite() && *s > 0.0);
            let before = side(sample, x, &all, scale);
            let after = side(sample, x, weights, scale);
            let reduction =
                before.bias.zip(after.bias).filter(|(b, _)| *b != 0.0).map(|(b, a)| 100.0 * (1.0 - a.abs() / b.abs()));
            BalanceRow { covariate: (*name).to_owned(), before, after, reduction }
        })
        .collect();
    let of = |part: fn(&BalanceRow) -> &Side| rows.iter().filter_map(|row| part(row).bias.map(f64::abs)).collect();
    Balance {
        before: overall(sample, &all, of(|r| &r.before)),
        after: overall(sample, weights, of(|r| &r.after)),
        rows,
    }
}

fn side(sample: Sample<'_>, x: &[f64], weights: &[f64], scale: Option<f64>) -> Side {
    let used = |treated: bool| sample.side(treated).into_iter().filter(|&i| weights[i] > 0.0).collect::<Vec<_>>();
    let [(n1, m1, v1), (n0, m0, v0)] = [true, false].map(|side| moments(x, &used(side), weights));
    let df = n1 + n0 - 2.0;
    let residual = ((n1 - 1.0) * v1 + (n0 - 1.0) * v0) / df;
    let error = (residual * (1.0 / n1 + 1.0 / n0)).sqrt();
    let t = Some((m1 - m0) / error).filter(|t| t.is_finite() && df > 0.0);
    let ratio = |a: f64, b: f64| Some(a / b).filter(|r| r.is_finite() && a >= 0.0);
    Side {
        mean_treated: m1,
        mean_control: m0,
        bias: scale.map(|s| 100.0 * (m1 - m0) / s),
        t,
        p_value: t.map(|t| t_two_sided(t, df)),
        variance_ratio: ratio(v1, v0),
    }
}

fn overall(sample: Sample<'_>, weights: &[f64], mut biases: Vec<f64>) -> Overall {
    biases.sort_by(f64::total_cmp);
    let n = biases.len();
    let mut found = Overall::default();
    if n > 0 {
        found.mean_bias = Some(biases.iter().sum::<f64>() / n as f64);
        found.median_bias = Some(f64::midpoint(biases[(n - 1) / 2], biases[n / 2]));
    }
    let used: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
    let treated: Vec<bool> = used.iter().map(|&i| sample.treated[i]).collect();
    let own: Vec<f64> = used.iter().map(|&i| weights[i]).collect();
    let columns: Vec<Vec<f64>> = sample
        .covariates
        .iter()
        .map(|(_, x)| super::score::standardised(&used.iter().map(|&i| x[i]).collect::<Vec<_>>()).0)
        .collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let Some(fit) = probit(&treated, &views, &own) else { return found };
    found.pseudo_r2 = Some(fit.pseudo_r2.max(0.0));
    found.p_value = (fit.slopes > 0).then(|| chi2_sf(fit.lr.max(0.0), fit.slopes as f64));
    let of = |side: bool| (0..used.len()).filter(|&i| treated[i] == side).collect::<Vec<_>>();
    let [(_, m1, v1), (_, m0, v0)] = [true, false].map(|side| moments(&fit.predictor, &of(side), &own));
    let sd = f64::midpoint(v1, v0).sqrt();
    // Under exact balance the index is a constant up to rounding.
    if sd > 1e-7 {
        found.rubin_b = Some(100.0 * (m1 - m0).abs() / sd);
        found.rubin_r = Some(v1 / v0).filter(|r| r.is_finite());
    } else if sd.is_finite() {
        found.rubin_b = Some(0.0);
    }
    found
}
