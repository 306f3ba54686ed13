//! The propensity score: the probability of being treated given covariates, by logit.

use serde::{Deserialize, Serialize};

use super::Sample;
use crate::fit::{Family, glm};
use crate::math::distribution::normal_two_sided;
use crate::message::{Problem, Result};

/// Scores beyond this, or below one less it, for every candidate of a side mean that covariates tell treated from
/// controls apart.
const SEPARATE: f64 = 0.999;

/// A fitted propensity score.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Probability of each candidate.
    pub values: Vec<f64>,
    /// Coefficients, the constant first.
    pub terms: Vec<ScoreTerm>,
    /// Covariates left out, for they are combinations of those before them.
    pub omitted: Vec<String>,
    /// McFadden's pseudo R2.
    pub pseudo_r2: f64,
}

/// One coefficient of the logit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreTerm {
    /// Covariate, or `(Intercept)`.
    pub term: String,
    /// Coefficient.
    pub estimate: f64,
    /// From the inverse information.
    pub std_error: f64,
    /// Ratio of the two.
    pub statistic: f64,
    /// Two-sided, normal.
    pub p_value: f64,
}

/// Fits the score by logit on all covariates and a constant.
///
/// # Errors
/// `E205` without treated candidates or controls; `E860` when covariates tell them apart: no probability between
/// 0 and 1 exists, and nobody is comparable.
pub fn score(sample: Sample<'_>) -> Result<Score> {
    super::check(sample, super::Method::Kernel(1.0))?;
    let n = sample.treated.len();
    let one = vec![1.0; n];
    // Centred and scaled columns make the iteration independent of units of measurement.
    let scaled: Vec<(Vec<f64>, f64, f64)> = sample.covariates.iter().map(|(_, x)| standardised(x)).collect();
    let columns: Vec<&[f64]> = std::iter::once(&one[..]).chain(scaled.iter().map(|(z, ..)| &z[..])).collect();
    let outcome: Vec<f64> = sample.treated.iter().map(|t| f64::from(u8::from(*t))).collect();
    let names = || sample.covariates.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let apart = || {
        Problem::new("E860", format!("{} tell treated candidates from controls without error: nobody is comparable, and no propensity score exists", names()))
            .fix("leave out the covariate that decides who is treated, or pool categories with few candidates")
    };
    let fit = glm(&columns, &outcome, None, Family::Logit)
        .map_err(|problem| if problem.id == "E702" { apart() } else { problem })?;
    let values: Vec<f64> = fit.predictor.iter().map(|e| Family::Logit.mean(*e)).collect();
    let split = |treated: bool| values.iter().zip(sample.treated).filter(move |(_, t)| **t == treated).map(|(p, _)| *p);
    if split(true).all(|p| p > SEPARATE) || split(false).all(|p| p < 1.0 - SEPARATE) && split(true).all(|p| p > 0.5) {
        return Err(apart());
    }
    let share = outcome.iter().sum::<f64>() / n as f64;
    let null = n as f64 * (share * share.ln() + (1.0 - share) * (1.0 - share).ln());
    let likelihood: f64 = values.iter().zip(sample.treated).map(|(p, t)| if *t { p.ln() } else { (-p).ln_1p() }).sum();
    Ok(Score {
        terms: terms(sample, &scaled, &fit.kept, &fit.coefficients, &fit.inverse),
        omitted: (0..scaled.len())
            .filter(|j| !fit.kept.contains(&(j + 1)))
            .map(|j| sample.covariates[j].0.to_owned())
            .collect(),
        pseudo_r2: 1.0 - likelihood / null,
        values,
    })
}

/// Values less their mean over their standard deviation, mean and deviation (1 when nothing varies).
pub(super) fn standardised(x: &[f64]) -> (Vec<f64>, f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
    let sd = if sd > 1e-13 * mean.abs() { sd } else { 0.0 };
    let scale = if sd > 0.0 { sd } else { 1.0 };
    (x.iter().map(|v| if sd > 0.0 { (v - mean) / scale } else { 0.0 }).collect(), mean, scale)
}

/// Coefficients in the covariates' own units.
fn terms(
    sample: Sample<'_>,
    scaled: &[(Vec<f64>, f64, f64)],
    kept: &[usize],
    coefficients: &[f64],
    inverse: &nalgebra::DMatrix<f64>,
) -> Vec<ScoreTerm> {
    let k = kept.len();
    // Own units = transform * scaled units.
    let mut transform = nalgebra::DMatrix::<f64>::identity(k, k);
    for (a, &j) in kept.iter().enumerate().filter(|(_, j)| **j > 0) {
        let (_, mean, sd) = &scaled[j - 1];
        transform[(a, a)] = 1.0 / sd;
        transform[(0, a)] = -mean / sd;
    }
    let own = &transform * nalgebra::DVector::from_row_slice(coefficients);
    let covariance = &transform * inverse * transform.transpose();
    kept.iter()
        .enumerate()
        .map(|(a, &j)| {
            let (estimate, std_error) = (own[a], covariance[(a, a)].sqrt());
            let statistic = estimate / std_error;
            let term = if j == 0 { crate::fit::INTERCEPT } else { sample.covariates[j - 1].0 };
            ScoreTerm { term: term.to_owned(), estimate, std_error, statistic, p_value: normal_two_sided(statistic) }
        })
        .collect()
}
