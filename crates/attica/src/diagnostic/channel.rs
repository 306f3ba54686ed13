//! On the way from policy to outcome: moderators, and what stepwise mediation multiplies.

use rayon::prelude::*;

use crate::fit::Term;
use crate::math::distribution::normal_two_sided;
use crate::math::random::stream;
use crate::panel::Panel;

use super::Rows;
use super::unit_sums::UnitSums;

/// When a moderator is measured; not after adoption, where the policy may have moved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// In the unit's first period with a value.
    Base,
    /// So many periods earlier.
    Lag(u32),
}

/// The moderator's value for each row of the panel: NaN where it is not known.
pub fn moderator(panel: &Panel, values: &[f64], measured: Measured) -> Vec<f64> {
    match measured {
        Measured::Lag(k) => panel.shift(values, i64::from(k)),
        Measured::Base => {
            let base: Vec<f64> = (0..panel.units.len() as u32)
                .map(|unit| {
                    let rows = (0..panel.times.len()).filter_map(|t| panel.row(unit, t));
                    rows.map(|row| values[row]).find(|v| !v.is_nan()).unwrap_or(f64::NAN)
                })
                .collect();
            panel.unit.iter().map(|&unit| base[unit as usize]).collect()
        }
    }
}

/// `D (M - Mean M)`, the mean over the rows where both are known: the coefficient of D beside it is
/// then the effect at the mean of M.
pub fn centred_product(treatment: &[f64], moderator: &[f64]) -> Vec<f64> {
    let known = |(d, m): &(&f64, &f64)| !d.is_nan() && !m.is_nan();
    let (mut sum, mut n) = (0.0, 0.0);
    for (_, m) in treatment.iter().zip(moderator).filter(known) {
        sum += m;
        n += 1.0;
    }
    treatment.iter().zip(moderator).map(|(d, m)| d * (m - sum / n)).collect()
}

/// An indirect effect with the test that practice prints. What D does to M is identified by the
/// design; what M then does to y is not (Jiang 2022).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sobel {
    /// `a b`.
    pub indirect: f64,
    /// `sqrt(b^2 se_a^2 + a^2 se_b^2)`.
    pub std_error: f64,
    /// z statistic.
    pub statistic: f64,
    /// Two-sided normal p-value.
    pub p_value: f64,
}

/// Sobel's (1982) test from the coefficient `a` of D on M and `b` of M on y given D; none without
/// standard errors above 0.
pub fn sobel(a: &Term, b: &Term) -> Option<Sobel> {
    let indirect = a.estimate * b.estimate;
    let std_error = (b.estimate * a.std_error).hypot(a.estimate * b.std_error);
    let statistic = indirect / std_error;
    (std_error > 0.0).then(|| Sobel { indirect, std_error, statistic, p_value: normal_two_sided(statistic) })
}

/// The bootstrap distribution of an indirect effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Indirect {
    /// `a b` in the sample.
    pub estimate: f64,
    /// Standard deviation over the draws.
    pub std_error: f64,
    /// Percentile interval.
    pub conf_low: f64,
    /// Percentile interval.
    pub conf_high: f64,
    /// Draws that had both coefficients.
    pub draws: usize,
}

/// Resamples units with all their rows, `draws` times, and estimates both steps anew in each sample,
/// two-way effects and controls of `rows` included: M on D, then y (the outcome of `rows`) on D and M.
/// None when a step has no coefficient.
pub fn bootstrap_indirect(
    rows: Rows<'_>,
    treatment: &[f64],
    mediator: &[f64],
    draws: usize,
    level: f64,
    seed: u64,
) -> Option<Indirect> {
    let k = rows.controls.len();
    let first = UnitSums::new(Rows { outcome: mediator, ..rows }, &[treatment]);
    let second = UnitSums::new(rows, &[treatment, mediator]);
    let product = |times: &[u32]| {
        let (a, b) = (first.fit(times), second.fit(times));
        (a.remainder[k] > 0.0 && b.remainder[k + 1] > 0.0).then(|| a.estimates[k] * b.estimates[k + 1])
    };
    let estimate = product(&vec![1; rows.units])?;
    let mut found: Vec<f64> = (0..draws)
        .into_par_iter()
        .filter_map(|r| {
            let mut random = stream(seed, r as u64);
            let mut times = vec![0; rows.units];
            for _ in 0..rows.units {
                times[random.index(rows.units)] += 1;
            }
            product(&times)
        })
        .collect();
    let n = found.len();
    if n < 2 {
        return None;
    }
    let mean = found.iter().sum::<f64>() / n as f64;
    let std_error = (found.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1) as f64).sqrt();
    found.sort_unstable_by(f64::total_cmp);
    let quantile = |p: f64| found[((p * n as f64).ceil() as usize).clamp(1, n) - 1];
    let tail = (1.0 - level) / 2.0;
    Some(Indirect { estimate, std_error, conf_low: quantile(tail), conf_high: quantile(1.0 - tail), draws: n })
}
