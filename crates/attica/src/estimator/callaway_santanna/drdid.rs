//! Comparisons of treated and control units between two periods of a panel: the estimators of Sant'Anna and
//! Zhao (2020), with their influence functions (reference implementation: R package DRDID).

use nalgebra::DMatrix;

use super::nuisance::{Covariates, Propensity};
use super::{CellFailure, Method};
use crate::math::cross::dot;

/// What the comparisons of one cohort share as long as units, weights and covariates stay the same.
pub(super) struct Comparison<'a> {
    x: Covariates<'a>,
    /// Weights of treated units, 0 for controls, and the sum.
    treated: Vec<f64>,
    sum_treated: f64,
    /// The outcome regression: weights of controls, the inverse of their cross-products, and what the estimate
    /// gains where the prediction for a unit rises.
    outcome: Option<(Vec<f64>, DMatrix<f64>, Vec<f64>)>,
    pub propensity: Option<Propensity>,
    is_improved: bool,
}

/// The effect, and each unit's influence on it divided by the number of units.
pub(super) struct Effect {
    pub att: f64,
    pub influence: Vec<f64>,
}

impl<'a> Comparison<'a> {
    /// `treated` units come first; units with weight 0 count as absent.
    pub fn new(x: Covariates<'a>, weight: &[f64], treated: usize, method: Method) -> Result<Self, CellFailure> {
        let propensity = match method {
            Method::OutcomeRegression => None,
            Method::Improved => Some(Propensity::calibrated(x, weight, treated)?),
            Method::DoublyRobust | Method::Weighting => Some(Propensity::logit(x, weight, treated)?),
        };
        let (mut own, mut others) = (weight.to_vec(), weight.to_vec());
        own[treated..].fill(0.0);
        others[..treated].fill(0.0);
        let sum_treated = own.iter().sum();
        let outcome = match (method, &propensity) {
            (Method::Weighting, _) => None,
            (Method::Improved, Some(propensity)) => {
                let weights = propensity.untrimmed.clone();
                let bread = x.bread(&weights).ok_or(CellFailure::Collinear)?;
                Some((weights, bread, Vec::new()))
            }
            _ => {
                let bread = x.bread(&others).ok_or(CellFailure::Collinear)?;
                let mut moment = -x.sum(&own) / sum_treated;
                if let Some(propensity) = &propensity {
                    moment += x.sum(&propensity.odds) / propensity.odds.iter().sum::<f64>();
                }
                let gain = x.index(&(&bread * moment));
                Some((others, bread, gain))
            }
        };
        Ok(Self { x, treated: own, sum_treated, outcome, propensity, is_improved: method == Method::Improved })
    }

    /// The effect on the changes of the outcome `change`.
    pub fn effect(&self, change: &[f64]) -> Effect {
        let mut gain = change.to_vec();
        if let Some((weights, bread, _)) = &self.outcome {
            let weighted: Vec<f64> = weights.iter().zip(change).map(|(w, y)| w * y).collect();
            let fitted = self.x.index(&(bread * self.x.sum(&weighted)));
            gain.iter_mut().zip(fitted).for_each(|(gain, fitted)| *gain -= fitted);
        }
        let treated = dot(&self.treated, &gain) / self.sum_treated;
        if let (true, Some(propensity)) = (self.is_improved, &self.propensity) {
            return self.improved(&gain, treated, &propensity.odds);
        }
        let mut influence: Vec<f64> =
            self.treated.iter().zip(&gain).map(|(w, gain)| w * (gain - treated) / self.sum_treated).collect();
        if let Some((weights, _, own)) = &self.outcome {
            for i in 0..influence.len() {
                influence[i] += weights[i] * gain[i] * own[i];
            }
        }
        let Some(Propensity { odds, score, bread, .. }) = &self.propensity else {
            return Effect { att: treated, influence };
        };
        let sum: f64 = odds.iter().sum();
        let controls = dot(odds, &gain) / sum;
        let lag: Vec<f64> = odds.iter().zip(&gain).map(|(w, gain)| w * (gain - controls) / sum).collect();
        let own = self.x.index(&(bread * self.x.sum(&lag)));
        for i in 0..influence.len() {
            influence[i] -= lag[i] + score[i] * own[i];
        }
        Effect { att: treated - controls, influence }
    }

    /// Odds and regression are chosen so that their estimation does not matter in the limit (`drdid_imp_panel`).
    fn improved(&self, gain: &[f64], treated: f64, odds: &[f64]) -> Effect {
        let att = treated - dot(odds, gain) / self.sum_treated;
        let influence =
            (0..gain.len()).map(|i| (self.treated[i] * (gain[i] - att) - odds[i] * gain[i]) / self.sum_treated);
        Effect { att, influence: influence.collect() }
    }
}
