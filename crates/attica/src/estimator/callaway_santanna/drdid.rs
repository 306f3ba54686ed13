//! One two-period comparison of treated and control units: the panel estimators of Sant'Anna and
//! Zhao (2020), with their influence functions (reference implementation: R package DRDID).

use nalgebra::{DMatrix, DVector};

use super::Method;

/// Units that enter one group-time cell. All slices have one entry per unit.
pub(super) struct Cell {
    /// Outcome change between base and current period.
    pub change: Vec<f64>,
    /// 1 for the treated cohort, 0 for controls.
    pub treated: Vec<f64>,
    /// Weights with mean one.
    pub weight: Vec<f64>,
    /// Covariates with a leading constant, one column per covariate.
    pub x: DMatrix<f64>,
}

/// The effect and each unit's influence on it (mean zero over the cell).
pub(super) struct CellEffect {
    pub att: f64,
    pub influence: Vec<f64>,
    /// Controls left out because their propensity score is at or above the trimming level.
    pub trimmed: usize,
}

/// Why a cell has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellFailure {
    /// Covariates are collinear among the cell's controls.
    Collinear,
    /// The propensity score separates treated from controls, or did not converge.
    NoOverlap,
}

/// Controls with a propensity score at or above this have no treated counterpart (DRDID's default).
const TRIM: f64 = 0.995;
/// Propensity scores are kept below one so that odds stay finite (DRDID).
const CAP: f64 = 1.0 - 1e-6;

impl Cell {
    fn units(&self) -> usize {
        self.change.len()
    }

    pub(super) fn effect(&self, method: Method) -> Result<CellEffect, CellFailure> {
        match method {
            Method::Regression => self.regression(),
            Method::Weighting => self.weighting(),
            Method::DoublyRobust => self.doubly_robust(),
        }
    }

    /// Outcome regression: E[dY - m0(X) | treated], m0 by least squares on controls.
    fn regression(&self) -> Result<CellEffect, CellFailure> {
        let ols = self.outcome_model()?;
        let treat = Mean::of(self, |i| self.weight[i] * self.treated[i], |i| self.change[i]);
        let cont = Mean::of(self, |i| self.weight[i] * self.treated[i], |i| ols.fitted[i]);
        let m1 = self.moment(|i| self.weight[i] * self.treated[i]);
        let loading = &ols.bread * m1;
        let influence = (0..self.units())
            .map(|i| {
                let model = ols.score[i] * self.x.row(i).transpose().dot(&loading);
                treat.influence[i] - cont.influence[i] - model / cont.weight
            })
            .collect();
        Ok(CellEffect { att: treat.value - cont.value, influence, trimmed: 0 })
    }

    /// Hajek-type inverse probability weighting.
    fn weighting(&self) -> Result<CellEffect, CellFailure> {
        let ps = self.propensity()?;
        let treat = Mean::of(self, |i| self.weight[i] * self.treated[i], |i| self.change[i]);
        let cont = Mean::of(self, |i| self.weight[i] * ps.odds[i], |i| self.change[i]);
        let m2 = self.moment(|i| self.weight[i] * ps.odds[i] * (self.change[i] - cont.value));
        let loading = &ps.bread * m2;
        let influence = (0..self.units())
            .map(|i| {
                let model = ps.score[i] * self.x.row(i).transpose().dot(&loading);
                treat.influence[i] - cont.influence[i] - model / cont.weight
            })
            .collect();
        Ok(CellEffect { att: treat.value - cont.value, influence, trimmed: ps.trimmed })
    }

    /// Doubly robust: outcome regression on controls, weighted by the odds of treatment.
    fn doubly_robust(&self) -> Result<CellEffect, CellFailure> {
        let ps = self.propensity()?;
        let ols = self.outcome_model()?;
        let gain: Vec<f64> = (0..self.units()).map(|i| self.change[i] - ols.fitted[i]).collect();
        let treat = Mean::of(self, |i| self.weight[i] * self.treated[i], |i| gain[i]);
        let cont = Mean::of(self, |i| self.weight[i] * ps.odds[i], |i| gain[i]);
        let by_ols_treat = &ols.bread * self.moment(|i| self.weight[i] * self.treated[i]);
        let by_ols_cont = &ols.bread * self.moment(|i| self.weight[i] * ps.odds[i]);
        let by_ps = &ps.bread * self.moment(|i| self.weight[i] * ps.odds[i] * (gain[i] - cont.value));
        let influence = (0..self.units())
            .map(|i| {
                let x = self.x.row(i).transpose();
                let in_treat = treat.influence[i] - ols.score[i] * x.dot(&by_ols_treat) / treat.weight;
                let from_models = ps.score[i] * x.dot(&by_ps) - ols.score[i] * x.dot(&by_ols_cont);
                in_treat - cont.influence[i] - from_models / cont.weight
            })
            .collect();
        Ok(CellEffect { att: treat.value - cont.value, influence, trimmed: ps.trimmed })
    }

    /// Mean over the cell of `factor(i) * x_i`.
    fn moment(&self, factor: impl Fn(usize) -> f64) -> DVector<f64> {
        let n = self.units();
        let weights = DVector::from_iterator(n, (0..n).map(factor));
        self.x.tr_mul(&weights) / n as f64
    }

    /// Mean over the cell of `factor(i) * x_i x_i'`.
    fn cross(&self, factor: impl Fn(usize) -> f64) -> DMatrix<f64> {
        let mut scaled = self.x.clone();
        for i in 0..self.units() {
            let f = factor(i);
            scaled.row_mut(i).scale_mut(f);
        }
        scaled.tr_mul(&self.x) / self.units() as f64
    }

    /// Least squares of the outcome change on covariates among controls.
    fn outcome_model(&self) -> Result<Model, CellFailure> {
        let control = |i: usize| self.weight[i] * (1.0 - self.treated[i]);
        let bread = invert(self.cross(control)).ok_or(CellFailure::Collinear)?;
        let b = &bread * self.moment(|i| control(i) * self.change[i]);
        let fitted: Vec<f64> = (&self.x * b).iter().copied().collect();
        let score = (0..self.units()).map(|i| control(i) * (self.change[i] - fitted[i])).collect();
        Ok(Model { fitted, score, bread })
    }

    /// Logit of treatment on covariates by Newton's method, and the odds that weight controls.
    fn propensity(&self) -> Result<Propensity, CellFailure> {
        let n = self.units();
        let mut b = DVector::zeros(self.x.ncols());
        let mut p = vec![0.0; n];
        for round in 0.. {
            let index = &self.x * &b;
            for i in 0..n {
                p[i] = 1.0 / (1.0 + (-index[i]).exp());
            }
            let gradient = self.moment(|i| self.weight[i] * (self.treated[i] - p[i]));
            let hessian = self.cross(|i| self.weight[i] * p[i] * (1.0 - p[i]));
            let bread = invert(hessian).ok_or(CellFailure::NoOverlap)?;
            let step = &bread * gradient;
            // One more Newton step after the last digit has settled costs little and leaves nothing to chance.
            if step.amax() <= 1e-12 * (1.0 + b.amax()) {
                return Ok(self.odds(p, bread));
            }
            if round >= 50 || !step.amax().is_finite() {
                return Err(CellFailure::NoOverlap);
            }
            b += step;
        }
        Err(CellFailure::NoOverlap)
    }

    fn odds(&self, p: Vec<f64>, bread: DMatrix<f64>) -> Propensity {
        let mut trimmed = 0;
        let mut odds = vec![0.0; p.len()];
        for (i, odd) in odds.iter_mut().enumerate() {
            let capped = p[i].min(CAP);
            if self.treated[i] == 0.0 {
                if capped < TRIM {
                    *odd = capped / (1.0 - capped);
                } else {
                    trimmed += 1;
                }
            }
        }
        let score = (0..p.len()).map(|i| self.weight[i] * (self.treated[i] - p[i].min(CAP))).collect();
        Propensity { odds, score, bread, trimmed }
    }
}

/// Least squares on controls: fitted values for everybody, each unit's score, and the inverse cross-product.
struct Model {
    fitted: Vec<f64>,
    score: Vec<f64>,
    bread: DMatrix<f64>,
}

/// Propensity score: odds (0 for treated and trimmed units), each unit's score, and the inverse Hessian.
struct Propensity {
    odds: Vec<f64>,
    score: Vec<f64>,
    bread: DMatrix<f64>,
    trimmed: usize,
}

/// A weighted mean and its influence function with known weights.
struct Mean {
    value: f64,
    weight: f64,
    influence: Vec<f64>,
}

impl Mean {
    fn of(cell: &Cell, weight: impl Fn(usize) -> f64, of: impl Fn(usize) -> f64) -> Self {
        let n = cell.units();
        let (mut sum, mut total) = (0.0, 0.0);
        for i in 0..n {
            sum += weight(i) * of(i);
            total += weight(i);
        }
        let value = sum / total;
        let mean_weight = total / n as f64;
        let influence = (0..n).map(|i| weight(i) * (of(i) - value) / mean_weight).collect();
        Self { value, weight: mean_weight, influence }
    }
}

/// Inverse of a symmetric positive definite matrix; `None` when it is singular to working precision.
fn invert(m: DMatrix<f64>) -> Option<DMatrix<f64>> {
    let scale = DVector::from_iterator(m.nrows(), (0..m.nrows()).map(|i| m[(i, i)].sqrt().recip()));
    if scale.iter().any(|s| !s.is_finite()) {
        return None;
    }
    let scaled = DMatrix::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * scale[i] * scale[j]);
    let cholesky = scaled.cholesky()?;
    let smallest = (0..m.nrows()).map(|i| cholesky.l_dirty()[(i, i)]).fold(f64::INFINITY, f64::min);
    if smallest < 1e-6 {
        return None;
    }
    let inverse = cholesky.inverse();
    Some(DMatrix::from_fn(m.nrows(), m.ncols(), |i, j| inverse[(i, j)] * scale[i] * scale[j]))
}
