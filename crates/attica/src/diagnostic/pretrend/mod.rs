//! What a test of pre-trends could have seen, and what passing it leaves behind: Roth (2022, American Economic Review:
//! Insights 4(3)). Reference implementation: R pretrends.

mod equivalence;
mod normal_box;

use nalgebra::{Cholesky, DVector, Dyn};
use serde::{Deserialize, Serialize};

pub use equivalence::{Equivalence, SHARES, equivalence, root_mean_square_bound};

use super::honest::Coefficients;
use crate::math::distribution::{chi2_quantile, chi2_sf, normal_quantile};
use crate::message::{Problem, Result};
use normal_box::in_box;

/// How leads are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Passed when no lead is significant (as in the reference implementation).
    Individual,
    /// Passed when the Wald test of all leads is not significant.
    Joint,
}

/// A violation of parallel trends, and what the test makes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Against {
    /// How leads are tested.
    pub test: Test,
    /// Probability that the test detects the violation.
    pub power: f64,
    /// Probability of passing under the violation relative to that under parallel trends.
    pub bayes_factor: f64,
    /// Likelihood of the leads under the violation relative to that under parallel trends.
    pub likelihood_ratio: f64,
    /// The violation at each coefficient.
    pub violation: Vec<f64>,
    /// Expected coefficients when effects are zero, the violation is true and the test was passed.
    pub after_passing: Vec<f64>,
    /// Bias of the target under the violation.
    pub bias: f64,
    /// Its bias among those that pass the test.
    pub bias_after_passing: f64,
}

/// The line that a test detects with a given probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detectable {
    /// Probability of detection.
    pub target: f64,
    /// Slope of the line by period, positive: one as steep downwards is detected as often.
    pub slope: f64,
    /// What the test makes of the line.
    #[serde(flatten)]
    pub against: Against,
}

/// Tests of the leads of an event study.
#[derive(Clone, Debug)]
pub struct Pretest<'a> {
    coefficients: &'a Coefficients,
    root: Cholesky<f64, Dyn>,
    /// Size of the tests.
    size: f64,
}

impl<'a> Pretest<'a> {
    /// Tests of `size` on the leads of `coefficients`.
    ///
    /// # Errors
    /// `E607` when the covariance of the leads is singular.
    pub fn new(coefficients: &'a Coefficients, size: f64) -> Result<Self> {
        let pre = coefficients.pre;
        let leads = coefficients.covariance.view((0, 0), (pre, pre)).into_owned();
        let Some(root) = leads.cholesky() else {
            return Err(Problem::new(
                "E607",
                "the covariance of the leads is singular, so the power of their tests is not defined",
            )
            .fix("cluster with more levels than there are leads, or narrow the window"));
        };
        Ok(Self { coefficients, root, size })
    }

    /// What `test` makes of `violation`, which has a value for each coefficient.
    pub fn against(&self, test: Test, violation: &[f64]) -> Against {
        let Coefficients { estimate, covariance, pre, target } = self.coefficients;
        let (pre, size) = (*pre, estimate.len());
        let delta = DVector::from_column_slice(violation);
        let before = delta.rows(0, pre).into_owned();
        let (pass, centre) = self.passing(test, &before);
        let (pass_parallel, _) = self.passing(test, &DVector::zeros(pre));
        let observed = estimate.rows(0, pre).into_owned();
        let half_square = |x: &DVector<f64>| 0.5 * x.dot(&self.root.solve(x));
        // What is known of the leads moves the effects by their regression on the leads.
        let pull = covariance.view((pre, 0), (size - pre, pre)) * self.root.solve(&(&centre - &before));
        let after = delta.rows(pre, size - pre) + pull;
        let weigh = |values: &[f64]| target.iter().zip(values).map(|(l, b)| l * b).sum();
        Against {
            test,
            power: 1.0 - pass,
            bayes_factor: pass / pass_parallel,
            likelihood_ratio: (half_square(&observed) - half_square(&(&observed - &before))).exp(),
            violation: violation.to_vec(),
            after_passing: centre.iter().chain(after.iter()).copied().collect(),
            bias: weigh(&violation[pre..]),
            bias_after_passing: weigh(after.as_slice()),
        }
    }

    /// The line that `test` detects with probability `target`, at least its size.
    pub fn detectable(&self, test: Test, target: f64) -> Detectable {
        let slope = self.slope(test, target);
        let line = self.line();
        let violation: Vec<f64> = line.iter().map(|t| slope * t).collect();
        Detectable { target, slope, against: self.against(test, &violation) }
    }

    /// Periods from the reference.
    fn line(&self) -> Vec<f64> {
        let (pre, post) = (self.coefficients.pre as i64, self.coefficients.target.len() as i64);
        (-pre..0).chain(1..=post).map(|t| t as f64).collect()
    }

    /// Bisection on the slope, whose power grows with it.
    fn slope(&self, test: Test, target: f64) -> f64 {
        let line = DVector::from_vec(self.line()).rows(0, self.coefficients.pre).into_owned();
        let excess = |slope: f64| 1.0 - self.passing(test, &(&line * slope)).0 - target;
        let (mut low, mut high) = (0.0, self.coefficients.covariance[(0, 0)].sqrt() / line[0].abs());
        let mut at_low = excess(low);
        if at_low >= 0.0 {
            return 0.0;
        }
        let mut at_high = excess(high);
        for _ in 0..60 {
            if at_high >= 0.0 {
                break;
            }
            (low, at_low) = (high, at_high);
            high *= 2.0;
            at_high = excess(high);
        }
        // False position with halved weights (Illinois), for each evaluation is an integral.
        for _ in 0..60 {
            let next = (low * at_high - high * at_low) / (at_high - at_low);
            if (high - low).abs() <= 1e-9 * high || at_high == at_low {
                break;
            }
            let value = excess(next);
            if value.abs() < 1e-12 {
                return next;
            }
            if value * at_high < 0.0 {
                (low, at_low) = (high, at_high);
            } else {
                at_low *= 0.5;
            }
            (high, at_high) = (next, value);
        }
        high
    }

    /// Probability of passing `test` when the leads have mean `before`, and their mean among those that pass.
    fn passing(&self, test: Test, before: &DVector<f64>) -> (f64, DVector<f64>) {
        let pre = before.len();
        match test {
            Test::Individual => {
                let critical = normal_quantile(1.0 - self.size / 2.0);
                let errors = self.coefficients.covariance.diagonal();
                let half: Vec<f64> = (0..pre).map(|i| critical * errors[i].sqrt()).collect();
                in_box(before, &self.root.l(), &half)
            }
            Test::Joint => {
                let critical = chi2_quantile(1.0 - self.size, pre as f64);
                let noncentrality = before.dot(&self.root.solve(before));
                let pass = 1.0 - noncentral_chi2_sf(critical, pre as f64, noncentrality);
                let two_more = 1.0 - noncentral_chi2_sf(critical, pre as f64 + 2.0, noncentrality);
                (pass, before * (two_more / pass))
            }
        }
    }
}

/// `P(X > x)`, X noncentral chi-squared: a Poisson mixture of central ones.
fn noncentral_chi2_sf(x: f64, df: f64, noncentrality: f64) -> f64 {
    let rate = 0.5 * noncentrality;
    // From the most likely term outwards, so that none underflows before it counts.
    let centre = rate.floor();
    let log_weight = |j: f64| {
        if rate == 0.0 {
            if j == 0.0 { 0.0 } else { f64::NEG_INFINITY }
        } else {
            j * rate.ln() - rate - libm::lgamma(j + 1.0)
        }
    };
    let mut total = 0.0;
    let mut j = centre;
    while j >= 0.0 && log_weight(j) > -40.0 {
        total += log_weight(j).exp() * chi2_sf(x, df + 2.0 * j);
        j -= 1.0;
    }
    j = centre + 1.0;
    while log_weight(j) > -40.0 {
        total += log_weight(j).exp() * chi2_sf(x, df + 2.0 * j);
        j += 1.0;
    }
    total.min(1.0)
}

#[cfg(test)]
mod tests;
