//! Hypotheses on several coefficients, outcomes or groups at once: linear combinations and joint tests of what one
//! estimate holds, and families of tests over several estimates.
//!
//! [`Coefficients`] is what every estimate boils down to here: names, values and a covariance. A regression, an event
//! study of any estimator and several regressions together ([`crate::fit::seemingly_unrelated`]) all make one.

pub mod adjust;
pub mod family;
pub mod influence;
mod linear;
pub mod step_down;

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use crate::estimator::event::EventStudy;
use crate::fit::{Fit, FitRecord, Term, Wald, wald};
use crate::message::{Problem, Result, Warning};
use crate::text::Text;
use crate::wild::{self, Resample, Wild, WildRecord};

pub use linear::{EventTimes, Linear};

/// Estimates with their joint covariance.
#[derive(Clone, Debug)]
pub struct Coefficients {
    /// Names, as expressions spell them.
    pub names: Vec<String>,
    /// Estimates.
    pub values: Vec<f64>,
    /// Covariance.
    pub covariance: DMatrix<f64>,
    /// Degrees of freedom of t and F; infinite for the normal distribution.
    pub df: f64,
    /// Degrees of freedom of each, where it has its own (CR2).
    pub own_df: Option<Vec<f64>>,
    /// Confidence level.
    pub level: f64,
    /// Event time of each, where they are effects by time since adoption.
    pub event_times: Option<EventTimes>,
    /// What the wild bootstrap of combinations and tests draws from, where it is asked for.
    pub resample: Option<Resample>,
}

impl From<&Fit> for Coefficients {
    fn from(fit: &Fit) -> Self {
        Self {
            names: fit.names.clone(),
            values: fit.coefficients.clone(),
            covariance: fit.inference.covariance.clone(),
            df: fit.inference.adjustment.df,
            own_df: fit.inference.df.clone(),
            level: fit.level,
            event_times: None,
            resample: None,
        }
    }
}

impl From<&FitRecord> for Coefficients {
    fn from(fit: &FitRecord) -> Self {
        Self {
            names: fit.terms.iter().map(|term| term.term.clone()).collect(),
            values: fit.terms.iter().map(|term| term.estimate).collect(),
            covariance: square(&fit.covariance),
            df: fit.se_card.df.unwrap_or(f64::INFINITY),
            own_df: None,
            level: fit.level,
            event_times: None,
            resample: None,
        }
    }
}

impl From<&EventStudy> for Coefficients {
    /// References are zero without variance. Under a bootstrap the covariance is still the analytical one.
    fn from(study: &EventStudy) -> Self {
        let rows = || study.rows.iter().filter(|row| !study.reference.contains(&row.event_time));
        let times = rows().map(|row| row.event_time).collect();
        Self {
            names: rows().map(|row| format!("[{}]", row.event_time)).collect(),
            values: rows().map(|row| row.estimate).collect(),
            covariance: square(&study.covariance),
            df: study.df.unwrap_or(f64::INFINITY),
            own_df: None,
            level: study.level,
            event_times: Some(EventTimes { times, references: study.reference.clone() }),
            resample: study.resample.clone(),
        }
    }
}

fn square(rows: &[Vec<f64>]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), rows.len(), |i, j| rows[i][j])
}

/// Combinations, joint tests, and what is to be said of them.
type Answers = ((Vec<Term>, Vec<Wald>), Vec<Warning>);

impl Coefficients {
    /// Those of a regression, whose combinations and tests have a wild bootstrap where there is a `wild`.
    pub fn drawn(self, wild: Option<Wild>) -> Self {
        let positions = (0..self.values.len()).collect();
        let resample = wild.map(|wild| Resample::Regression { wild: Arc::new(wild), positions });
        Self { resample, ..self }
    }

    /// Estimate, standard error, t, p and interval of the linear combination that `text` spells: `x1 + 2*x2 - 1`,
    /// `x1 = x2` (their difference), of event times `[3] - [0]`, `mean[0:3]`, `sum[0:3]`, `post`, `pre`.
    ///
    /// # Errors
    /// `E604` for text that is no linear combination, `E603` for a name that is no coefficient, `E607` when the
    /// combination has no variance.
    pub fn lincom(&self, text: &str) -> Result<Term> {
        self.lincom_told(text, &mut Vec::new())
    }

    /// [`Coefficients::lincom`]; what is to be said of its wild bootstrap is added to `told`.
    ///
    /// # Errors
    /// As [`Coefficients::lincom`].
    pub fn lincom_told(&self, text: &str, told: &mut Vec<Warning>) -> Result<Term> {
        let linear = self.linear(text)?;
        let variance = self.variance(&linear);
        if variance <= 0.0 {
            return Err(linear::no_variance(text));
        }
        let estimate = linear.constant + self.along(&linear);
        let wild = self.wild(text, std::slice::from_ref(&linear), told);
        Ok(Term { wild, ..Term::new(text.trim(), estimate, variance, self.df_of(&linear), self.level) })
    }

    /// Joint test of the restrictions that `text` spells: `x1 = x2`, `x1 = x2 = 0`, `x1, x2` (each zero), of event
    /// times `[-4:-2] = 0`, `leads`, `effects`.
    ///
    /// # Errors
    /// As [`Coefficients::lincom`].
    pub fn test(&self, text: &str) -> Result<Wald> {
        self.test_told(text, &mut Vec::new())
    }

    /// [`Coefficients::test`]; what is to be said of its wild bootstrap is added to `told`.
    ///
    /// # Errors
    /// As [`Coefficients::lincom`].
    pub fn test_told(&self, text: &str, told: &mut Vec<Warning>) -> Result<Wald> {
        let restrictions = self.restrictions(text)?;
        let rows = restrictions.len();
        let r = self.matrix(&restrictions);
        let value = DVector::from_fn(rows, |i, _| restrictions[i].constant + self.along(&restrictions[i]));
        let df = if let [one] = restrictions.as_slice() { self.df_of(one) } else { self.df };
        let test = wald(&value, &(&r * &self.covariance * r.transpose()), df, Text::same(text.trim()))?;
        Ok(Wald { wild: self.wild(text, &restrictions, told), ..test })
    }

    /// The wild bootstrap of `restrictions`; none where it is not asked for, or cannot be had (`W415`).
    fn wild(&self, text: &str, restrictions: &[Linear], told: &mut Vec<Warning>) -> Option<Box<WildRecord>> {
        let constants: Vec<f64> = restrictions.iter().map(|linear| linear.constant).collect();
        let drawn = self.resample.as_ref()?.test(&self.matrix(restrictions), &constants, &self.values);
        let (en, zh) = (format!("\"{text}\""), format!("“{text}”"));
        match drawn {
            Ok(test) => {
                told.extend(
                    test.warnings
                        .iter()
                        .map(|w| Warning::new(&w.id, format!("{en}: {}", w.text.en), format!("{zh}：{}", w.text.zh))),
                );
                Some(Box::new(test.record()))
            }
            Err(problem) => {
                told.push(wild::none(&en, &zh, &problem));
                None
            }
        }
    }

    fn matrix(&self, restrictions: &[Linear]) -> DMatrix<f64> {
        DMatrix::from_fn(restrictions.len(), self.values.len(), |i, j| restrictions[i].weights[j])
    }

    /// Every combination and test of these that the coefficients allow, and why not of the others (`W619`).
    pub fn answer(&self, lincom: &[String], test: &[String]) -> Answers {
        let (mut failed, mut told) = (Vec::new(), Vec::new());
        let mut known = |text: &String, problem: Problem| {
            let Text { en: why, zh: because } = problem.text();
            failed.push(Warning::new(
                "W619",
                format!("\"{text}\" has no answer here: {why}"),
                format!("无法计算“{text}”：{because}"),
            ));
        };
        let mut lincom_of = |text: &String| self.lincom_told(text, &mut told).map_err(|p| known(text, p)).ok();
        let terms = lincom.iter().filter_map(&mut lincom_of).collect();
        let mut test_of = |text: &String| self.test_told(text, &mut told).map_err(|p| known(text, p)).ok();
        let tests = test.iter().filter_map(&mut test_of).collect();
        failed.extend(told);
        ((terms, tests), failed)
    }

    /// Wald test that all coefficients are equal; none with fewer than two, or without any variance.
    pub fn equality(&self, hypothesis: Text) -> Option<Wald> {
        let others = self.values.len().checked_sub(1)?;
        let contrast = |i: usize, j: usize| f64::from(u8::from(j == i + 1)) - f64::from(u8::from(j == 0));
        let r = DMatrix::from_fn(others, self.values.len(), contrast);
        let value = &r * DVector::from_column_slice(&self.values);
        wald(&value, &(&r * &self.covariance * r.transpose()), self.df, hypothesis).ok()
    }

    fn along(&self, linear: &Linear) -> f64 {
        linear.weights.iter().zip(&self.values).map(|(weight, value)| weight * value).sum()
    }

    /// Zero where it is rounding: the combination is one of references, or cancels.
    fn variance(&self, linear: &Linear) -> f64 {
        let weights = DVector::from_column_slice(&linear.weights);
        let variance = (&self.covariance * &weights).dot(&weights);
        let scale: f64 = linear.weights.iter().enumerate().map(|(j, w)| w * w * self.covariance[(j, j)]).sum();
        if variance > 1e-14 * scale { variance } else { 0.0 }
    }

    /// That of the coefficient when it is a single one, otherwise the fewest.
    fn df_of(&self, linear: &Linear) -> f64 {
        let used: Vec<usize> = (0..linear.weights.len()).filter(|&j| linear.weights[j] != 0.0).collect();
        match (&self.own_df, used.as_slice()) {
            (Some(own), [only]) => own[*only],
            _ => self.df,
        }
    }
}
