//! All cohorts of a sample: never-treated units, cohorts, and effects for the sample or a redrawn one.

use nalgebra::DMatrix;

use super::weights::to_one;
use super::{Block, Effect, Kind};
use crate::math::triangle::{Collinear, least_squares};

/// A complete panel: never-treated units first.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Outcome, units by periods.
    pub y: DMatrix<f64>,
    /// Covariates, each laid out like the outcome.
    pub x: Vec<DMatrix<f64>>,
    /// Cohort of each unit; none if never treated.
    pub cohort: Vec<Option<usize>>,
    /// Periods before adoption of each cohort.
    pub before: Vec<usize>,
    /// Units that are drawn or left out together.
    pub clusters: Vec<Vec<usize>>,
}

/// The units of a sample: numbers of controls, ascending, and of the treated by cohort. A unit may occur
/// twice.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Units {
    pub controls: Vec<usize>,
    pub cohorts: Vec<Vec<usize>>,
}

/// What becomes of the weights in a replication.
#[derive(Clone, Copy)]
pub(super) enum Weights<'a> {
    /// Fitted from equal ones.
    Fitted,
    /// Fitted again, from those of the sample.
    Refitted(&'a [Effect]),
    /// Those of the sample, scaled to sum one.
    Kept(&'a [Effect]),
}

impl Panel {
    /// Every unit once.
    pub fn all(&self) -> Units {
        self.sample((0..self.cohort.len()).map(|unit| (unit, self.cohort[unit])))
    }

    /// Units in the roles given to them.
    pub fn sample(&self, units: impl Iterator<Item = (usize, Option<usize>)>) -> Units {
        let mut sample = Units { controls: Vec::new(), cohorts: vec![Vec::new(); self.before.len()] };
        for (unit, cohort) in units {
            match cohort {
                Some(cohort) => sample.cohorts[cohort].push(unit),
                None => sample.controls.push(unit),
            }
        }
        sample.controls.sort_unstable();
        sample
    }

    /// Effects by cohort; none for a cohort without units.
    pub fn effects(&self, units: &Units, kind: Kind, weights: Weights<'_>) -> Vec<Option<Effect>> {
        let adjusted = (!self.x.is_empty()).then(|| self.without_covariates(&units.controls));
        let y = adjusted.as_ref().unwrap_or(&self.y);
        let effect = |(cohort, treated): (usize, &Vec<usize>)| {
            if treated.is_empty() {
                return None;
            }
            let (n0, before) = (units.controls.len(), self.before[cohort]);
            let unit = |i: usize| if i < n0 { units.controls[i] } else { treated[i - n0] };
            let y = DMatrix::from_fn(n0 + treated.len(), y.ncols(), |i, t| y[(unit(i), t)]);
            let block = Block { y, controls: n0, before };
            let omega = |of: &Effect| units.controls.iter().map(|&i| of.omega[i]).collect::<Vec<f64>>();
            Some(match weights {
                Weights::Fitted => block.effect(kind),
                Weights::Refitted(of) => block.effect_from(kind, &omega(&of[cohort]), &of[cohort].lambda),
                Weights::Kept(of) => block.effect_with(to_one(&omega(&of[cohort])), of[cohort].lambda.clone()),
            })
        };
        units.cohorts.iter().enumerate().map(effect).collect()
    }

    /// The outcome less what covariates explain of it among `controls`, net of unit and period effects
    /// (Kranz 2022; Stata sdid, `projected`).
    fn without_covariates(&self, controls: &[usize]) -> DMatrix<f64> {
        let mut y = self.y.clone();
        for (k, coefficient) in self.project(controls).0 {
            y -= &self.x[k] * coefficient;
        }
        y
    }

    /// Covariates with their coefficients, and those that others or the effects absorb.
    pub fn project(&self, controls: &[usize]) -> (Vec<(usize, f64)>, Vec<Collinear>) {
        let columns: Vec<Vec<f64>> = self.x.iter().map(|x| demeaned(x, controls)).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let scale: Vec<f64> = self.x.iter().map(DMatrix::norm).collect();
        let found = least_squares(&columns, &demeaned(&self.y, controls), None, &scale);
        (found.kept.into_iter().zip(found.coefficients).collect(), found.collinear)
    }
}

/// Rows `units` of a complete matrix without unit and period means.
fn demeaned(values: &DMatrix<f64>, units: &[usize]) -> Vec<f64> {
    let periods = values.ncols();
    let by_unit: Vec<f64> = units.iter().map(|&i| values.row(i).mean()).collect();
    let mean_of = |t: usize| units.iter().map(|&i| values[(i, t)]).sum::<f64>() / units.len() as f64;
    let by_period: Vec<f64> = (0..periods).map(mean_of).collect();
    let mean = by_period.iter().sum::<f64>() / periods as f64;
    let cells = units.iter().zip(&by_unit).flat_map(|(&i, own)| {
        by_period.iter().enumerate().map(move |(t, period)| values[(i, t)] - own - period + mean)
    });
    cells.collect()
}
