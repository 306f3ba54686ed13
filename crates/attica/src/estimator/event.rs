//! Effects by time since adoption: the one result that every event study has, whatever estimated it,
//! and what can be said of it from estimates and covariance alone.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::group_time::At;
use crate::fit::{FitRecord, Wald, wald};
use crate::math::distribution::{normal_quantile, t_quantile, t_two_sided};
use crate::math::random::stream;
use crate::message::{Problem, Warning};
use crate::text::Text;
use crate::wild::{Resample, WildRecord, none};

/// What an estimator knows of one event time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Periods since adoption.
    pub event_time: i64,
    /// It stands for this time and all beyond it.
    pub binned: bool,
    /// Effect; 0 at a reference.
    pub estimate: f64,
    /// Treated rows at this event time.
    pub n: usize,
}

impl Effect {
    /// An average by event time; none where it is one of something else.
    pub(super) fn at(at: At, estimate: f64, n: usize) -> Option<Self> {
        match at {
            At::EventTime(event_time) => Some(Self { event_time, binned: false, estimate, n }),
            At::Group(_) | At::Time(_) => None,
        }
    }
}

/// Standard errors and critical value by simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// One for each effect; none where the effect is zero by construction.
    pub std_errors: Vec<Option<f64>>,
    /// Critical value of the simultaneous band.
    pub critical: Option<f64>,
    /// Draws.
    pub draws: usize,
}

/// An event study as estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimated {
    /// Registered name of the estimator.
    pub estimator: String,
    /// What a legend calls it.
    pub label: Text,
    /// Effects in ascending event time, references not among them.
    pub effects: Vec<Effect>,
    /// Covariance of `effects`, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Bootstrap standard errors of `effects` instead of those of `covariance`.
    pub simulated: Option<Simulated>,
    /// Degrees of freedom of t statistics; none means normal.
    pub df: Option<f64>,
    /// Degrees of freedom of each effect, where it has its own (CR2); bands and joint tests use `df`.
    pub own_df: Option<Vec<f64>>,
    /// What the wild bootstrap draws from, where it is asked for; its coefficients are `effects`.
    pub resample: Option<Resample>,
    /// References, with their treated rows.
    pub references: Vec<Effect>,
    /// Short or long differences before adoption, in words.
    pub base: Text,
    /// Periods before adoption that the data have.
    pub pre_available: usize,
    /// The regression behind it, when there is one.
    pub fit: Option<Box<FitRecord>>,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// One event time as tables and figures need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// Periods since adoption.
    pub event_time: i64,
    /// The end bin stands for this time and all beyond it.
    pub binned: bool,
    /// Effect; 0 at the reference.
    pub estimate: f64,
    /// Standard error; none at the reference, and where nothing varies.
    pub std_error: Option<f64>,
    /// p-value.
    pub p_value: Option<f64>,
    /// Pointwise interval.
    pub conf_low: Option<f64>,
    /// Pointwise interval.
    pub conf_high: Option<f64>,
    /// Simultaneous band.
    pub band_low: Option<f64>,
    /// Simultaneous band.
    pub band_high: Option<f64>,
    /// Treated rows at this event time.
    pub n: usize,
    /// Test by the wild bootstrap, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wild: Option<Box<WildRecord>>,
}

/// An event study with its intervals, bands and tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventStudy {
    /// Registered name of the estimator.
    pub estimator: String,
    /// What a legend calls it.
    pub label: Text,
    /// Event times ascending, references included (estimate 0, no interval).
    pub rows: Vec<EventRow>,
    /// Covariance of the rows that are no reference, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Reference event times.
    pub reference: Vec<i64>,
    /// Confidence level of intervals and bands.
    pub level: f64,
    /// Critical value of the simultaneous band.
    pub sup_t: Option<f64>,
    /// Draws of the multiplier bootstrap behind standard errors and band; none when they are analytical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<usize>,
    /// Degrees of freedom of the t distribution behind intervals and band, and of F; none means normal and chi-squared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub df: Option<f64>,
    /// Joint test that all leads are 0.
    pub leads: Option<Wald>,
    /// Joint test that all effects from adoption on are 0.
    #[serde(default)]
    pub effects: Option<Wald>,
    /// What further hypotheses on the rows that are no reference draw from, where the wild bootstrap is asked for.
    #[serde(skip)]
    pub resample: Option<Resample>,
    /// Periods before adoption that the data have.
    pub pre_available: usize,
    /// Leads with a coefficient.
    pub pre_testable: usize,
    /// Short or long differences before adoption, in words.
    pub base: Text,
    /// The regression behind it, when there is one.
    pub fit: Option<Box<FitRecord>>,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

impl EventStudy {
    /// Intervals, bands and the test of the leads for what was estimated.
    ///
    /// `seed` drives the simulated critical value of the band.
    pub fn new(estimated: Estimated, level: f64, seed: u64) -> Self {
        let Estimated {
            estimator,
            label,
            effects,
            covariance,
            simulated,
            df,
            own_df,
            resample,
            references,
            base,
            pre_available,
            fit,
            mut warnings,
        } = estimated;
        let covariance = without_rounding(covariance, &effects);
        let sup_t = match &simulated {
            Some(simulated) => simulated.critical,
            None => sup_t(&covariance, level, df, seed),
        };
        let (before, after): (Vec<usize>, Vec<usize>) = (0..effects.len()).partition(|&i| effects[i].event_time < 0);
        let pre_testable = before.len();
        let estimates: Vec<f64> = effects.iter().map(|effect| effect.estimate).collect();
        let mut zero = |places: &[usize], hypothesis: Text| {
            let q = places.len();
            let values = DVector::from_fn(q, |i, _| estimates[places[i]]);
            let variance = DMatrix::from_fn(q, q, |i, j| covariance[places[i]][places[j]]);
            let mut test = wald(&values, &variance, df.unwrap_or(f64::INFINITY), hypothesis).ok()?;
            if let Some(resample) = &resample {
                let own = DMatrix::from_fn(q, estimates.len(), |i, j| f64::from(u8::from(places[i] == j)));
                match resample.test(&own, &vec![0.0; q], &estimates) {
                    Ok(found) => test.wild = Some(Box::new(found.record())),
                    Err(problem) => warnings.push(not_drawn(&test.hypothesis, &problem)),
                }
            }
            Some(test)
        };
        let leads = zero(&before, Text::new("all leads are zero", "所有处理前系数均为零"));
        let all_effects = zero(&after, Text::new("all effects are zero", "所有处理后效应均为零"));
        let mut rows: Vec<EventRow> = effects
            .iter()
            .enumerate()
            .map(|(i, effect)| {
                let std_error = match &simulated {
                    Some(simulated) => simulated.std_errors[i].filter(|_| covariance[i][i] > 0.0),
                    None => Some(covariance[i][i].sqrt()).filter(|se| *se > 0.0),
                };
                let end = |critical: Option<f64>, sign: f64| Some(effect.estimate + sign * critical? * std_error?);
                let df = own_df.as_ref().map_or(df, |own| Some(own[i]));
                let pointwise = critical(level, df);
                EventRow {
                    event_time: effect.event_time,
                    binned: effect.binned,
                    estimate: effect.estimate,
                    std_error,
                    p_value: std_error.map(|se| t_two_sided(effect.estimate / se, df.unwrap_or(f64::INFINITY))),
                    conf_low: end(Some(pointwise), -1.0),
                    conf_high: end(Some(pointwise), 1.0),
                    band_low: end(sup_t, -1.0),
                    band_high: end(sup_t, 1.0),
                    n: effect.n,
                    wild: None,
                }
            })
            .collect();
        let reference = references.iter().map(|effect| effect.event_time).collect();
        rows.extend(references.iter().map(|effect| EventRow {
            event_time: effect.event_time,
            binned: effect.binned,
            estimate: 0.0,
            std_error: None,
            p_value: None,
            conf_low: None,
            conf_high: None,
            band_low: None,
            band_high: None,
            n: effect.n,
            wild: None,
        }));
        rows.sort_by_key(|row| row.event_time);
        Self {
            estimator,
            label,
            rows,
            covariance,
            reference,
            level,
            sup_t,
            bootstrap: simulated.map(|simulated| simulated.draws),
            df,
            leads,
            effects: all_effects,
            resample,
            pre_available,
            pre_testable,
            base,
            fit,
            warnings,
        }
    }
}

/// `W415`: a joint test that the wild bootstrap cannot draw.
fn not_drawn(hypothesis: &Text, why: &Problem) -> Warning {
    none(&format!("the joint test ({})", hypothesis.en), &format!("联合检验（{}）", hypothesis.zh), why)
}

/// A standard error at or below this share of the largest of the estimates that stand together is rounding.
pub(super) const ROUNDING: f64 = 1e-12;

/// The largest of estimates that stand together, in absolute value.
pub(super) fn largest(estimates: impl Iterator<Item = f64>) -> f64 {
    estimates.map(f64::abs).fold(0.0, f64::max)
}

/// `covariance` with zeros for effects whose variance is rounding.
fn without_rounding(mut covariance: Vec<Vec<f64>>, effects: &[Effect]) -> Vec<Vec<f64>> {
    let floor = ROUNDING * largest(effects.iter().map(|effect| effect.estimate));
    for i in 0..effects.len() {
        if covariance[i][i].sqrt() <= floor {
            (0..effects.len()).for_each(|j| (covariance[i][j], covariance[j][i]) = (0.0, 0.0));
        }
    }
    covariance
}

/// Two-sided critical value at `level`; normal without degrees of freedom.
fn critical(level: f64, df: Option<f64>) -> f64 {
    let p = 0.5 + level / 2.0;
    df.map_or_else(|| normal_quantile(p), |df| t_quantile(p, df))
}

/// Draws behind a simulated critical value, and how many share a random stream.
const DRAWS: usize = 10_000;
const CHUNK: usize = 500;

/// Critical value of a simultaneous band: the `level` quantile of `max_k |t_k|` when the estimates are
/// jointly normal with `covariance` (Montiel Olea and Plagborg-Moller 2019), or, with `df`, jointly t (Hothorn, Bretz
/// and Westfall 2008), from 10,000 seeded draws; never below the pointwise value. None without a coefficient that has a
/// variance.
pub fn sup_t(covariance: &[Vec<f64>], level: f64, df: Option<f64>, seed: u64) -> Option<f64> {
    let used: Vec<usize> = (0..covariance.len()).filter(|&i| covariance[i][i] > 0.0).collect();
    let k = used.len();
    if k == 0 {
        return None;
    }
    let correlation = DMatrix::from_fn(k, k, |i, j| {
        let (i, j) = (used[i], used[j]);
        covariance[i][j] / (covariance[i][i] * covariance[j][j]).sqrt()
    });
    // A root that exists for singular covariances too: clusters may be fewer than coefficients.
    let eigen = SymmetricEigen::new(correlation);
    let scale = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    let root = &eigen.eigenvectors * DMatrix::from_diagonal(&scale);
    let mut largest: Vec<f64> = (0..DRAWS / CHUNK)
        .into_par_iter()
        .flat_map_iter(|chunk| {
            let mut random = stream(seed, chunk as u64);
            let root = &root;
            let mut t = vec![0.0; k];
            (0..CHUNK).map(move |_| {
                t.fill(0.0);
                for column in root.as_slice().chunks_exact(k) {
                    let z = random.normal();
                    t.iter_mut().zip(column).for_each(|(t, load)| *t += load * z);
                }
                let largest = t.iter().map(|t: &f64| t.abs()).fold(0.0, f64::max);
                // One draw of the variance for all of them, as they share it.
                df.map_or(largest, |df| largest / (random.chi_squared(df) / df).sqrt())
            })
        })
        .collect();
    largest.sort_unstable_by(f64::total_cmp);
    let place = ((level * DRAWS as f64).ceil() as usize).clamp(1, DRAWS) - 1;
    Some(largest[place].max(critical(level, df)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::math::distribution::{chi2_quantile, normal_sf};

    fn diagonal(variances: &[f64]) -> Vec<Vec<f64>> {
        let k = variances.len();
        (0..k).map(|i| (0..k).map(|j| if i == j { variances[i] } else { 0.0 }).collect()).collect()
    }

    #[test]
    fn band_of_one_coefficient_is_its_interval() {
        let c = sup_t(&diagonal(&[4.0]), 0.95, None, 1).unwrap();
        // The quantile of 10,000 draws has a standard error of .019.
        assert!((1.959_963..2.02).contains(&c), "{c}");
        assert!(sup_t(&diagonal(&[4.0]), 0.95, Some(3.0), 1).unwrap() >= 3.182_446);
    }

    /// Share of pairs of t numbers with correlation `rho` that lie in `[-c, c]` both, by two-dimensional integration:
    /// over the variance that they share, of the bivariate normal probability, which is over the first number.
    fn both_inside(c: f64, rho: f64, df: Option<f64>) -> f64 {
        let normal = |c: f64| {
            let steps = 2_000;
            let width = 2.0 * c / f64::from(steps);
            let sd = (1.0 - rho * rho).sqrt();
            let at = |i: i32| {
                let z = -c + (f64::from(i) + 0.5) * width;
                let inside = 1.0 - normal_sf((c - rho * z) / sd) - normal_sf((c + rho * z) / sd);
                inside * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
            };
            (0..steps).map(at).sum::<f64>() * width
        };
        let Some(df) = df else { return normal(c) };
        // Midpoints of equal shares of the chi-squared distribution.
        let shares = 400;
        let at = |i: i32| normal(c * (chi2_quantile((f64::from(i) + 0.5) / f64::from(shares), df) / df).sqrt());
        (0..shares).map(at).sum::<f64>() / f64::from(shares)
    }

    #[test]
    fn band_of_two_coefficients_holds_both_with_its_level() {
        for (rho, df, seed) in
            [(0.0, None, 1), (0.6, None, 2), (-0.9, None, 3), (0.6, Some(5.0), 4), (0.3, Some(40.0), 5)]
        {
            let covariance = vec![vec![4.0, 2.0 * rho], vec![2.0 * rho, 1.0]];
            let c = sup_t(&covariance, 0.95, df, seed).unwrap();
            // The share of 10,000 draws below the true quantile has a standard error of .0022; four are allowed.
            let inside = both_inside(c, rho, df);
            assert!((inside - 0.95).abs() < 0.009, "rho {rho}, df {df:?}: {inside} within {c}");
        }
    }

    #[test]
    fn band_is_never_narrower_than_the_intervals_and_wider_with_few_degrees_of_freedom() {
        for df in [None, Some(3.0), Some(11.0), Some(200.0)] {
            for k in 1..5 {
                let c = sup_t(&diagonal(&vec![1.0; k]), 0.9, df, k as u64).unwrap();
                assert!(c >= critical(0.9, df), "{df:?} {k}");
            }
        }
        let at = |df| sup_t(&diagonal(&[1.0; 4]), 0.95, df, 9).unwrap();
        assert!(at(Some(5.0)) > at(Some(30.0)) && at(Some(30.0)) > at(None));
    }

    #[test]
    fn band_of_independent_coefficients_is_sidak() {
        // P(max |z| <= c) = (1 - 2 Q(c))^5 = .95 at c = 2.5688.
        let c = sup_t(&diagonal(&[1.0, 2.0, 3.0, 4.0, 5.0]), 0.95, None, 1).unwrap();
        assert!((c - 2.5688).abs() < 0.05, "{c}");
    }

    #[test]
    fn band_of_one_coefficient_repeated_is_pointwise() {
        let covariance = vec![vec![2.0; 6]; 6];
        let c = sup_t(&covariance, 0.95, None, 1).unwrap();
        assert!((1.959_963..2.02).contains(&c), "{c}");
        assert_eq!(sup_t(&[], 0.95, None, 1), None);
    }

    #[test]
    fn band_is_the_same_on_any_number_of_threads() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| sup_t(&diagonal(&[1.0, 2.0, 3.0]), 0.9, None, 5))
        };
        assert_eq!(run(1), run(8));
    }
}
