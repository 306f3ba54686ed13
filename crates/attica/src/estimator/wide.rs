//! A panel as estimators of group-time effects read it: units by periods.

use std::borrow::Cow;

/// Outcome and covariates, units by periods; a missing cell is NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Wide<'a> {
    /// Units.
    pub units: usize,
    /// Periods, ascending.
    pub times: Vec<f64>,
    /// Distance between periods.
    pub step: f64,
    /// Outcome, unit-major: `y[unit * times.len() + period]`.
    pub y: Cow<'a, [f64]>,
    /// Covariates, each laid out like the outcome.
    pub x: Vec<Cow<'a, [f64]>>,
    /// First treated period of each unit; `None` is never.
    pub cohort: Vec<Option<f64>>,
    /// Weight of each unit.
    pub weight: Vec<f64>,
    /// Cluster of each unit, if coarser than the unit.
    pub cluster: Option<Vec<u32>>,
    /// Weights say for how many units, each a cluster, a unit stands.
    pub copies: bool,
}

impl Wide<'_> {
    /// Outcome of a unit in a period.
    pub fn outcome(&self, unit: usize, period: usize) -> f64 {
        self.y[unit * self.times.len() + period]
    }

    /// Covariate `k` of a unit in a period.
    pub fn covariate(&self, k: usize, unit: usize, period: usize) -> f64 {
        self.x[k][unit * self.times.len() + period]
    }

    /// How many units `units` stand for.
    pub fn count(&self, units: impl Iterator<Item = usize>) -> usize {
        if self.copies { units.map(|unit| self.weight[unit]).sum::<f64>() as usize } else { units.count() }
    }

    /// Influences of `units` by their weight, as their squares add up.
    pub fn per_unit(&self, units: impl Iterator<Item = usize>, influence: &mut [f64]) {
        if self.copies {
            influence.iter_mut().zip(units).for_each(|(value, unit)| *value /= self.weight[unit].sqrt());
        }
    }

    /// Number of covariates.
    pub fn covariates(&self) -> usize {
        self.x.len()
    }
}
