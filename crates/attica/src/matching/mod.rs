//! Controls that look like the treated: matching and weighting before a difference-in-differences.
//!
//! A cross-section ([`Sample`]) of treated units and controls with their covariates becomes weights
//! ([`Matched`]): by the propensity score ([`score`]) with nearest neighbours, a radius or a kernel, by
//! Mahalanobis distance, or by entropy balancing ([`entropy`]). Treated units that have matches weigh 1; a
//! control weighs what the treated units that it stands for give it, so that weights of both sides have
//! the same sum. [`panel`] takes cross-sections from a panel and gives the weights back to its rows,
//! [`balance`] says how alike the two sides are before and after. Conventions are those of psmatch2 and
//! pstest (Leuven and Sianesi 2003), and of Hainmueller (2012) for entropy balancing.

pub mod balance;
mod caution;
mod distance;
mod entropy;
mod neighbours;
pub mod panel;
mod probit;
mod score;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::{Problem, Result};
pub use score::{Score, ScoreTerm, score};

/// A cross-section: one entry per candidate, treated or control.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Treated or not.
    pub treated: &'a [bool],
    /// Covariates: name and one finite value per candidate.
    pub covariates: &'a [(&'a str, &'a [f64])],
}

impl Sample<'_> {
    /// Positions of the treated, or of the controls, in order.
    fn side(&self, treated: bool) -> Vec<usize> {
        (0..self.treated.len()).filter(|&i| self.treated[i] == treated).collect()
    }
}

/// How controls are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Nearest neighbours by propensity score.
    Nearest(Neighbours),
    /// All controls whose score lies within this distance, with equal weights.
    Radius(f64),
    /// All controls within this bandwidth of the score, with Epanechnikov weights.
    Kernel(f64),
    /// Nearest neighbours by Mahalanobis distance of the covariates.
    Mahalanobis(Neighbours),
    /// Weights of all controls, as equal as they can be while moments up to this order are those of the treated:
    /// 1 means, 2 variances too.
    Entropy(u8),
}

impl Method {
    /// Name as in study files and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest(_) => "nearest",
            Self::Radius(_) => "radius",
            Self::Kernel(_) => "kernel",
            Self::Mahalanobis(_) => "mahalanobis",
            Self::Entropy(_) => "entropy",
        }
    }

    /// True when candidates are compared by their propensity score, so that common support can be asked for.
    pub fn by_score(self) -> bool {
        matches!(self, Self::Nearest(_) | Self::Radius(_) | Self::Kernel(_))
    }
}

/// How nearest neighbours are taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Neighbours {
    /// Controls for each treated unit.
    pub count: usize,
    /// Largest distance at which a control may be taken.
    pub caliper: Option<f64>,
    /// A control may be taken again and again.
    pub replacement: bool,
    /// With replacement: controls as near as the last one taken are taken too, with equal weights. Without ties
    /// the first of them in order is taken.
    pub ties: bool,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self { count: 1, caliper: None, replacement: true, ties: true }
    }
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has weight.
    Matched,
    /// A control that nobody is matched to.
    Unused,
    /// A treated candidate whose score no control reaches, above or below.
    OffSupport,
    /// A treated candidate without a control within the caliper, radius or bandwidth.
    NoMatch,
}

/// Weights of a cross-section.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// 1 for matched treated candidates; for controls the sum of the shares that they have in matches, which
    /// adds up to the number of matched treated candidates; 0 for the others.
    pub weights: Vec<f64>,
    /// What became of each.
    pub status: Vec<Status>,
    /// Share of the matched weight that lies in the pairs of each [`Kin`] asked for.
    pub kin: Vec<f64>,
}

/// True for pairs (treated, control) whose share of the matched weight is to be counted.
pub type Kin<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// Matches `sample` by `method`. `score` is the propensity score of each candidate, which methods by score
/// need; with `common` treated candidates whose score lies outside the range of the controls' are left out
/// (psmatch2's `common`). The share of weight of the pairs in each of `kin` is counted.
///
/// # Errors
/// `E205` without treated candidates or controls; `E602` impossible options; `E861` when no weights balance the
/// moments; `E862` when nobody is matched; `E305` when no covariate varies.
pub fn matched(
    sample: Sample<'_>,
    method: Method,
    score: Option<&[f64]>,
    common: bool,
    kin: &[Kin<'_>],
) -> Result<Matched> {
    check(sample, method)?;
    let n = sample.treated.len();
    let mut status: Vec<Status> =
        sample.treated.iter().map(|t| if *t { Status::Matched } else { Status::Unused }).collect();
    if let (Some(score), true, true) = (score, common, method.by_score()) {
        let controls = sample.side(false);
        let low = controls.iter().map(|&i| score[i]).fold(f64::INFINITY, f64::min);
        let high = controls.iter().map(|&i| score[i]).fold(f64::NEG_INFINITY, f64::max);
        for i in sample.side(true) {
            if score[i] < low || score[i] > high {
                status[i] = Status::OffSupport;
            }
        }
    }
    let treated: Vec<usize> = (0..n).filter(|&i| sample.treated[i] && status[i] == Status::Matched).collect();
    let controls = sample.side(false);
    let mut weights = vec![0.0; n];
    let mut shares = vec![0.0; kin.len()];
    if let Method::Entropy(moments) = method {
        for (&i, w) in controls.iter().zip(entropy::balance(sample, moments)?) {
            weights[i] = w;
        }
        for &i in &treated {
            weights[i] = 1.0;
        }
    } else {
        let missing = || Problem::new("E602", format!("{} matching needs a propensity score", method.name()));
        let by_score = || score.ok_or_else(missing);
        let found = match method {
            Method::Nearest(how) => neighbours::by_score(by_score()?, &treated, &controls, how),
            Method::Radius(radius) => neighbours::within(by_score()?, &treated, &controls, radius, |_| 1.0),
            Method::Kernel(width) => neighbours::within(by_score()?, &treated, &controls, width, |u| 1.0 - u * u),
            Method::Mahalanobis(how) => {
                neighbours::by_distance(&distance::Whitened::new(sample)?, &treated, &controls, how)
            }
            Method::Entropy(_) => Vec::new(),
        };
        for (&i, matches) in treated.iter().zip(&found) {
            if matches.is_empty() {
                status[i] = Status::NoMatch;
                continue;
            }
            weights[i] = 1.0;
            for &(control, share) in matches {
                weights[control as usize] += share;
                for (sum, is) in shares.iter_mut().zip(kin) {
                    *sum += if is(i, control as usize) { share } else { 0.0 };
                }
            }
        }
    }
    for i in controls {
        if weights[i] > 0.0 {
            status[i] = Status::Matched;
        }
    }
    let total: f64 = treated.iter().map(|&i| weights[i]).sum();
    if total == 0.0 {
        return Err(nobody(method, common, &status));
    }
    Ok(Matched { weights, status, kin: shares.iter().map(|s| s / total).collect() })
}

fn nobody(method: Method, common: bool, status: &[Status]) -> Problem {
    let count = |which: Status| status.iter().filter(|s| **s == which).count();
    let mut why = Vec::new();
    if common && count(Status::OffSupport) > 0 {
        why.push(format!("{} have a score that no control reaches", count(Status::OffSupport)));
    }
    if count(Status::NoMatch) > 0 {
        why.push(format!("{} have no control within the distance allowed", count(Status::NoMatch)));
    }
    Problem::new("E862", format!("{} matching matches nobody: of the treated, {}", method.name(), why.join(" and ")))
        .fix("match on fewer covariates, widen the caliper, radius or bandwidth, or take other controls")
}

fn check(sample: Sample<'_>, method: Method) -> Result<()> {
    let treated = sample.treated.iter().filter(|t| **t).count();
    let controls = sample.treated.len() - treated;
    if treated == 0 || controls == 0 {
        let what = format!("matching needs treated candidates and controls; there are {treated} and {controls}");
        return Err(Problem::new("E205", what)
            .fix("check the policy's coding and missing values of the covariates in the base period"));
    }
    let positive = |x: f64| x.is_finite() && x > 0.0;
    let wrong = match method {
        Method::Nearest(how) | Method::Mahalanobis(how) => {
            if how.count == 0 {
                Some("the number of neighbours must be 1 or more".to_owned())
            } else {
                how.caliper.filter(|c| !positive(*c)).map(|c| format!("the caliper {c} must be a positive number"))
            }
        }
        Method::Radius(x) => (!positive(x)).then(|| format!("the radius {x} must be a positive number")),
        Method::Kernel(x) => (!positive(x)).then(|| format!("the bandwidth {x} must be a positive number")),
        Method::Entropy(m) => (!(1..=2).contains(&m)).then(|| format!("{m} moments cannot be balanced")),
    };
    match wrong {
        Some(what) => Err(Problem::new("E602", what)
            .fix("neighbours from 1, distances above 0, moments 1 (means) or 2 (variances too)")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod panel_tests;
#[cfg(test)]
mod tests;
