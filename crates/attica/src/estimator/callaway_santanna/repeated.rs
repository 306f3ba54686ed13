//! Comparisons of treated and control rows of two periods, each row from another unit (repeated
//! cross-sections): the estimators of Sant'Anna and Zhao (2020), with their influence functions (reference
//! implementation: `drdid_rc`, `drdid_imp_rc`, `std_ipw_did_rc` and `reg_did_rc` of R package DRDID).

use std::ops::Range;

use nalgebra::DVector;

use super::drdid::Effect;
use super::nuisance::{self, Covariates, Propensity};
use super::{CellFailure, Method};
use crate::math::cross::dot;

/// Rows of one cell in four parts: treated rows after and before, then control rows after and before.
pub(super) struct Sections<'a> {
    pub y: &'a [f64],
    pub weight: &'a [f64],
    pub x: Covariates<'a>,
    /// Rows of each part.
    pub parts: [usize; 4],
}

/// Places of the parts.
const TREATED: [usize; 2] = [0, 1];
const CONTROLS: [usize; 2] = [2, 3];
/// The later period counts positively.
const SIGN: [f64; 2] = [1.0, -1.0];

/// Least squares of the outcome within one part.
struct Line {
    /// Prediction for every row.
    fitted: Vec<f64>,
    /// Weighted residuals of the part's rows, 0 elsewhere.
    score: Vec<f64>,
    bread: nalgebra::DMatrix<f64>,
}

impl Sections<'_> {
    fn part(&self, part: usize) -> Range<usize> {
        let start = self.parts[..part].iter().sum();
        start..start + self.parts[part]
    }

    fn treated(&self) -> usize {
        self.parts[0] + self.parts[1]
    }

    fn line(&self, part: usize, weight: &[f64]) -> Result<Line, CellFailure> {
        let weight = within(self.part(part), weight);
        let bread = self.x.bread(&weight).ok_or(CellFailure::Collinear)?;
        let weighted: Vec<f64> = weight.iter().zip(self.y).map(|(w, y)| w * y).collect();
        let fitted = self.x.index(&(&bread * self.x.sum(&weighted)));
        let score = (0..fitted.len()).map(|i| weight[i] * (self.y[i] - fitted[i])).collect();
        Ok(Line { fitted, score, bread })
    }

    /// The effect, and the range of propensity scores where the method has some.
    pub fn effect(&self, method: Method) -> Result<(Effect, Option<nuisance::Range>), CellFailure> {
        let treated = self.treated();
        let propensity = match method {
            Method::OutcomeRegression => return Ok((self.regression()?, None)),
            Method::Improved => Propensity::calibrated(self.x, self.weight, treated)?,
            Method::DoublyRobust | Method::Weighting => Propensity::logit(self.x, self.weight, treated)?,
        };
        let range = Some(propensity.range);
        let mut weight = propensity.odds.clone();
        weight[..treated].copy_from_slice(&self.weight[..treated]);
        Ok((
            match method {
                Method::Weighting => self.weighting(&propensity, &weight),
                _ => self.locally_efficient(&propensity, &weight, method == Method::Improved)?,
            },
            range,
        ))
    }

    /// Mean of `of` over a part, and each row's influence on it.
    fn mean(rows: Range<usize>, weight: &[f64], of: &[f64]) -> (f64, Vec<f64>) {
        let weight = within(rows, weight);
        let sum: f64 = weight.iter().sum();
        let mean = dot(&weight, of) / sum;
        (mean, weight.iter().zip(of).map(|(w, of)| w * (of - mean) / sum).collect())
    }

    /// Change of the mean from the earlier to the later part.
    fn change(&self, parts: [usize; 2], weight: &[f64], of: &[f64]) -> (f64, Vec<f64>) {
        let (after, mut influence) = Self::mean(self.part(parts[0]), weight, of);
        let (before, other) = Self::mean(self.part(parts[1]), weight, of);
        add(&mut influence, &other, -1.0);
        (after - before, influence)
    }

    /// Outcome regression (`reg_did_rc`).
    fn regression(&self) -> Result<Effect, CellFailure> {
        let [after, before] = [self.line(CONTROLS[0], self.weight)?, self.line(CONTROLS[1], self.weight)?];
        let (att, mut influence) = self.change(TREATED, self.weight, self.y);
        let expected: Vec<f64> = after.fitted.iter().zip(&before.fitted).map(|(a, b)| a - b).collect();
        let (mean, own) = Self::mean(0..self.treated(), self.weight, &expected);
        add(&mut influence, &own, -1.0);
        let means = self.covariate_mean(0..self.treated(), self.weight);
        self.add_line(&mut influence, &after, &means, -1.0);
        self.add_line(&mut influence, &before, &means, 1.0);
        Ok(Effect { att: att - mean, influence })
    }

    /// Hajek-type inverse probability weighting (`std_ipw_did_rc`); `weight` has odds among controls.
    fn weighting(&self, propensity: &Propensity, weight: &[f64]) -> Effect {
        let (treated, mut influence) = self.change(TREATED, weight, self.y);
        let (controls, own) = self.change(CONTROLS, weight, self.y);
        add(&mut influence, &own, -1.0);
        self.add_propensity(&mut influence, propensity, &own);
        Effect { att: treated - controls, influence }
    }

    /// Doubly robust and locally efficient (`drdid_rc`, and `drdid_imp_rc` where it `is_improved`).
    fn locally_efficient(
        &self,
        propensity: &Propensity,
        weight: &[f64],
        is_improved: bool,
    ) -> Result<Effect, CellFailure> {
        let for_controls = if is_improved { &propensity.untrimmed } else { self.weight };
        let control = [self.line(CONTROLS[0], for_controls)?, self.line(CONTROLS[1], for_controls)?];
        let own = [self.line(TREATED[0], self.weight)?, self.line(TREATED[1], self.weight)?];
        let mut gain = self.y.to_vec();
        for period in 0..2 {
            for part in [TREATED[period], CONTROLS[period]] {
                for i in self.part(part) {
                    gain[i] -= control[period].fitted[i];
                }
            }
        }
        let (treated, mut influence) = self.change(TREATED, weight, &gain);
        let (controls, lag) = self.change(CONTROLS, weight, &gain);
        add(&mut influence, &lag, -1.0);
        let mut att = treated - controls;
        let everybody = self.covariate_mean(0..self.treated(), weight);
        for period in 0..2 {
            // What the treated of both periods are predicted to gain, beside those of this period alone.
            let effect: Vec<f64> =
                own[period].fitted.iter().zip(&control[period].fitted).map(|(own, other)| own - other).collect();
            let (all, by_all) = Self::mean(0..self.treated(), weight, &effect);
            let (these, by_these) = Self::mean(self.part(TREATED[period]), weight, &effect);
            att += SIGN[period] * (all - these);
            add(&mut influence, &by_all, SIGN[period]);
            add(&mut influence, &by_these, -SIGN[period]);
            if !is_improved {
                let here = self.covariate_mean(self.part(TREATED[period]), weight);
                // The reference gives this term, which vanishes in the limit, the same sign in both periods.
                let controls = self.covariate_mean(self.part(CONTROLS[period]), weight);
                self.add_line(&mut influence, &control[period], &(controls - &here), 1.0);
                let apart = &everybody - here;
                self.add_line(&mut influence, &own[period], &apart, SIGN[period]);
                self.add_line(&mut influence, &control[period], &apart, -SIGN[period]);
            }
        }
        if !is_improved {
            self.add_propensity(&mut influence, propensity, &lag);
        }
        Ok(Effect { att, influence })
    }

    fn covariate_mean(&self, rows: Range<usize>, weight: &[f64]) -> DVector<f64> {
        let weight = within(rows, weight);
        self.x.sum(&weight) / weight.iter().sum::<f64>()
    }

    /// The part of a least-squares line whose derivative is `moment`.
    fn add_line(&self, influence: &mut [f64], line: &Line, moment: &DVector<f64>, sign: f64) {
        let own = self.x.index(&(&line.bread * moment));
        for i in 0..influence.len() {
            influence[i] += sign * line.score[i] * own[i];
        }
    }

    /// The part of the estimated odds, given the controls' influence with known odds.
    fn add_propensity(&self, influence: &mut [f64], propensity: &Propensity, controls: &[f64]) {
        let own = self.x.index(&(&propensity.bread * self.x.sum(controls)));
        for i in 0..influence.len() {
            influence[i] -= propensity.score[i] * own[i];
        }
    }
}

/// `values` in some rows, 0 elsewhere.
fn within(rows: Range<usize>, values: &[f64]) -> Vec<f64> {
    let mut within = vec![0.0; values.len()];
    within[rows.clone()].copy_from_slice(&values[rows]);
    within
}

fn add(sum: &mut [f64], values: &[f64], sign: f64) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += sign * value;
    }
}
