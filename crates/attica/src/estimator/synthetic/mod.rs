//! Synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, American
//! Economic Review 111), synthetic control and difference-in-differences as its special cases.
//! Reference implementations: R synthdid, Stata sdid.

mod variance;
mod weights;

use nalgebra::DMatrix;

pub use variance::{Variance, standard_error};

use self::weights::Search;
use crate::message::{Problem, Result};

/// Which weights are fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Unit and time weights, both with intercepts.
    #[default]
    SyntheticDid,
    /// Unit weights without intercept, no time weights.
    SyntheticControl,
    /// Equal weights.
    Did,
}

/// A balanced block: control units first, then units treated together from period `before` on.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Outcome, units by periods.
    pub y: DMatrix<f64>,
    /// Control units.
    pub controls: usize,
    /// Periods before treatment.
    pub before: usize,
}

/// The effect with the weights that produced it.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Average effect on the treated after adoption.
    pub estimate: f64,
    /// Weights of control units, sum one.
    pub omega: Vec<f64>,
    /// Weights of periods before adoption, sum one (zero for synthetic control).
    pub lambda: Vec<f64>,
    /// Effect in each period after adoption.
    pub by_period: Vec<f64>,
    /// Ridge strength of the unit weights.
    pub zeta_omega: f64,
    /// Ridge strength of the time weights.
    pub zeta_lambda: f64,
}

impl Block {
    /// # Errors
    /// `E205` without control or treated units, `E607` with fewer than two periods before,
    /// `E304` when a cell is missing (the block must be complete).
    pub fn new(y: DMatrix<f64>, controls: usize, before: usize) -> Result<Self> {
        if controls < 2 || controls >= y.nrows() {
            return Err(Problem::new(
                "E205",
                format!(
                    "synthetic difference-in-differences needs treated units and at least two controls; here are {} units and {controls} controls",
                    y.nrows()
                ),
            ));
        }
        if before < 2 || before >= y.ncols() {
            return Err(Problem::new(
                "E607",
                format!(
                    "synthetic difference-in-differences needs at least two periods before adoption and one after; here are {before} before and {} after",
                    y.ncols().saturating_sub(before)
                ),
            ));
        }
        if y.iter().any(|v| !v.is_finite()) {
            return Err(Problem::new(
                "E304",
                "the outcome has missing cells, and synthetic weights need every unit in every period",
            )
            .fix("shorten the window, or leave the incomplete units out"));
        }
        Ok(Self { y, controls, before })
    }

    fn treated(&self) -> usize {
        self.y.nrows() - self.controls
    }

    fn after(&self) -> usize {
        self.y.ncols() - self.before
    }

    /// Standard deviation of first differences of controls before adoption: the noise that ridge strengths
    /// scale with.
    fn noise(&self) -> f64 {
        let differences: Vec<f64> = (0..self.controls)
            .flat_map(|i| (1..self.before).map(move |t| (i, t)))
            .map(|(i, t)| self.y[(i, t)] - self.y[(i, t - 1)])
            .collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    }

    /// Controls and the treated mean by periods before adoption and the mean after.
    fn collapsed(&self) -> DMatrix<f64> {
        let (n0, t0) = (self.controls, self.before);
        let unit =
            |i: usize, t: usize| if i < n0 { self.y[(i, t)] } else { self.y.view((n0, t), (self.treated(), 1)).mean() };
        DMatrix::from_fn(n0 + 1, t0 + 1, |i, t| {
            if t < t0 {
                unit(i, t)
            } else {
                (t0..self.y.ncols()).map(|s| unit(i, s)).sum::<f64>() / self.after() as f64
            }
        })
    }

    /// Fits the weights and the effect.
    pub fn effect(&self, kind: Kind) -> Effect {
        let noise = self.noise();
        let scale = ((self.treated() * self.after()) as f64).powf(0.25);
        let zeta_omega = if kind == Kind::SyntheticControl { 1e-6 * noise } else { scale * noise };
        let zeta_lambda = 1e-6 * noise;
        let search = |zeta: f64, intercept: bool| Search {
            zeta,
            intercept,
            min_decrease: 1e-5 * noise,
            first_steps: 100,
            steps: 10_000,
        };
        let collapsed = self.collapsed();
        let lambda = match kind {
            Kind::SyntheticDid => {
                weights::fit(&collapsed.rows(0, self.controls).into_owned(), &search(zeta_lambda, true))
            }
            Kind::SyntheticControl => vec![0.0; self.before],
            Kind::Did => vec![1.0 / self.before as f64; self.before],
        };
        let omega = match kind {
            Kind::Did => vec![1.0 / self.controls as f64; self.controls],
            _ => weights::fit(
                &collapsed.columns(0, self.before).transpose(),
                &search(zeta_omega, kind == Kind::SyntheticDid),
            ),
        };
        let (estimate, by_period) = self.contrast(&omega, &lambda);
        Effect { estimate, omega, lambda, by_period, zeta_omega, zeta_lambda }
    }

    /// The weighted double difference, overall and period by period.
    fn contrast(&self, omega: &[f64], lambda: &[f64]) -> (f64, Vec<f64>) {
        let n1 = self.treated() as f64;
        let gap = |t: usize| {
            let treated: f64 = (self.controls..self.y.nrows()).map(|i| self.y[(i, t)]).sum::<f64>() / n1;
            treated - omega.iter().enumerate().map(|(i, w)| w * self.y[(i, t)]).sum::<f64>()
        };
        let before: f64 = lambda.iter().enumerate().map(|(t, w)| w * gap(t)).sum();
        let by_period: Vec<f64> = (self.before..self.y.ncols()).map(|t| gap(t) - before).collect();
        (by_period.iter().sum::<f64>() / by_period.len() as f64, by_period)
    }
}
