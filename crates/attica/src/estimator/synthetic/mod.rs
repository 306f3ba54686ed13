//! Synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, American
//! Economic Review 111), synthetic control and difference-in-differences as its special cases; staggered
//! adoption cohort by cohort (Clarke, Pailanir, Athey and Imbens 2023), effects by period (Ciccia 2024).
//! Reference implementations: R synthdid, Stata sdid and sdid_event.
//!
//! `Block` is one cohort and its controls, `panel` all cohorts of a sample, `variance` its replications,
//! `select` the way from a panel with gaps to a complete one.

mod averages;
pub mod options;
mod panel;
mod register;
mod select;
mod variance;
mod weights;

use nalgebra::DMatrix;

pub use options::{Kind, Options, Variance};
pub use register::Synthetic;

use self::weights::{Search, to_one};
use crate::message::{Problem, Result};

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
    /// Effect in each period, those before adoption included.
    pub by_period: Vec<f64>,
    /// Ridge strength of the unit weights.
    pub zeta_omega: f64,
    /// Ridge strength of the time weights.
    pub zeta_lambda: f64,
}

/// Where the search for weights stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// The objective falls by less than this, squared.
    pub min_decrease: f64,
    /// Steps taken.
    pub steps: usize,
}

impl Block {
    /// # Errors
    /// `E205` without treated units or with fewer than two controls, `E607` with fewer than two periods
    /// before or none after, `E304` when a cell is missing (the block must be complete).
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
        let differences: Vec<f64> = (1..self.before)
            .flat_map(|t| (0..self.controls).map(move |i| (i, t)))
            .map(|(i, t)| self.y[(i, t)] - self.y[(i, t - 1)])
            .collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    }

    /// Mean of the treated in a period.
    fn treated_mean(&self, period: usize) -> f64 {
        self.y.view((self.controls, period), (self.treated(), 1)).mean()
    }

    /// Mean of a unit over the periods after adoption.
    fn mean_after(&self, unit: usize) -> f64 {
        self.y.view((unit, self.before), (1, self.after())).mean()
    }

    /// Where the search for weights stops unless said otherwise, as in R synthdid.
    fn stop(&self) -> Stop {
        Stop { min_decrease: 1e-5 * self.noise(), steps: 10_000 }
    }

    /// Fits the weights, from equal ones, and the effect.
    pub fn effect(&self, kind: Kind) -> Effect {
        self.effect_until(kind, self.stop())
    }

    /// [`Block::effect`] with a search that goes on longer, or less long.
    pub fn effect_until(&self, kind: Kind, stop: Stop) -> Effect {
        self.fit(kind, &vec![0.0; self.controls], &vec![0.0; self.before], stop)
    }

    /// Fits the weights, from given ones (scaled to sum one), and the effect.
    fn effect_from(&self, kind: Kind, omega: &[f64], lambda: &[f64]) -> Effect {
        self.fit(kind, omega, lambda, self.stop())
    }

    fn fit(&self, kind: Kind, omega: &[f64], lambda: &[f64], stop: Stop) -> Effect {
        if kind == Kind::Did {
            return self.effect_with(to_one(&vec![0.0; self.controls]), to_one(&vec![0.0; self.before]));
        }
        let noise = self.noise();
        let scale = ((self.treated() * self.after()) as f64).powf(0.25);
        let zeta_omega = if kind == Kind::Sc { 1e-6 * noise } else { scale * noise };
        let zeta_lambda = 1e-6 * noise;
        let search = |zeta: f64, intercept: bool| Search { zeta, intercept, stop };
        let lambda = if kind == Kind::Sc {
            vec![0.0; self.before]
        } else {
            let mut columns: Vec<Vec<f64>> =
                (0..self.before).map(|t| self.y.view((0, t), (self.controls, 1)).iter().copied().collect()).collect();
            columns.push((0..self.controls).map(|i| self.mean_after(i)).collect());
            weights::fit(columns, to_one(lambda), &search(zeta_lambda, true))
        };
        let mut columns: Vec<Vec<f64>> =
            (0..self.controls).map(|i| self.y.view((i, 0), (1, self.before)).iter().copied().collect()).collect();
        columns.push((0..self.before).map(|t| self.treated_mean(t)).collect());
        let omega = weights::fit(columns, to_one(omega), &search(zeta_omega, kind == Kind::Sdid));
        Effect { zeta_omega, zeta_lambda, ..self.effect_with(omega, lambda) }
    }

    /// The effect under given weights.
    fn effect_with(&self, omega: Vec<f64>, lambda: Vec<f64>) -> Effect {
        let (estimate, by_period) = self.contrast(&omega, &lambda);
        Effect { estimate, omega, lambda, by_period, zeta_omega: 0.0, zeta_lambda: 0.0 }
    }

    /// The weighted double difference, overall and period by period.
    fn contrast(&self, omega: &[f64], lambda: &[f64]) -> (f64, Vec<f64>) {
        let gap = |t: usize| {
            let synthetic: f64 = omega.iter().zip(self.y.column(t).iter()).map(|(w, y)| w * y).sum();
            self.treated_mean(t) - synthetic
        };
        let gaps: Vec<f64> = (0..self.y.ncols()).map(gap).collect();
        let base: f64 = lambda.iter().zip(&gaps).map(|(w, gap)| w * gap).sum();
        let by_period: Vec<f64> = gaps.iter().map(|gap| gap - base).collect();
        (by_period[self.before..].iter().sum::<f64>() / self.after() as f64, by_period)
    }
}
