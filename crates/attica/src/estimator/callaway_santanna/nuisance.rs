//! What doubly robust comparisons fit on the way: the propensity score and least squares on covariates.

use nalgebra::{DMatrix, DVector};

use super::CellFailure;
use crate::math::cross::{cross_products, dot};

/// Controls with a propensity score at or above this have no treated counterpart (DRDID's default).
const TRIM: f64 = 0.995;
/// A cell in which somebody has a propensity score at or above this has no overlap (R did).
const SEPARATED: f64 = 0.999;
/// Propensity scores are kept below one so that odds stay finite (DRDID).
const CAP: f64 = 1.0 - 1e-6;

/// Covariates of some units, a constant among them: one column each.
#[derive(Clone, Copy)]
pub(super) struct Covariates<'a>(pub &'a [Vec<f64>]);

impl Covariates<'_> {
    pub fn columns(&self) -> usize {
        self.0.len()
    }

    /// Sum over units of `factor_i x_i`.
    pub fn sum(&self, factor: &[f64]) -> DVector<f64> {
        DVector::from_iterator(self.0.len(), self.0.iter().map(|x| dot(x, factor)))
    }

    /// Sum over units of `factor_i x_i x_i'`.
    pub fn cross(&self, factor: &[f64]) -> DMatrix<f64> {
        cross_products(&self.0.iter().map(Vec::as_slice).collect::<Vec<_>>(), Some(factor))
    }

    /// `x_i'b` of every unit.
    pub fn index(&self, b: &DVector<f64>) -> Vec<f64> {
        let mut index = vec![0.0; self.0.first().map_or(0, Vec::len)];
        for (x, b) in self.0.iter().zip(b.iter()) {
            for (index, x) in index.iter_mut().zip(x) {
                *index += b * x;
            }
        }
        index
    }

    /// Inverse of `sum(factor_i x_i x_i')`; none when columns are collinear to working precision.
    pub fn bread(&self, factor: &[f64]) -> Option<DMatrix<f64>> {
        invert(&self.cross(factor))
    }
}

/// Inverse of a symmetric positive definite matrix; `None` when it is singular to working precision.
fn invert(m: &DMatrix<f64>) -> Option<DMatrix<f64>> {
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

/// The range of propensity scores of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    /// Smallest and largest among the treated, then among controls.
    pub treated: [f64; 2],
    pub controls: [f64; 2],
    /// Controls whose score is at or above the trimming level.
    pub trimmed: usize,
    pub n_control: usize,
}

/// Propensity score.
pub(super) struct Propensity {
    /// Weight times odds; 0 for treated and trimmed units.
    pub odds: Vec<f64>,
    /// The same before trimming.
    pub untrimmed: Vec<f64>,
    /// Score of the likelihood, without the covariates.
    pub score: Vec<f64>,
    /// Inverse of the Hessian.
    pub bread: DMatrix<f64>,
    pub range: Range,
}

impl Propensity {
    /// Logit of treatment (the units that come first, `treated` of them) on covariates by Newton's method; the
    /// constant is the first covariate.
    pub fn logit(x: Covariates<'_>, weight: &[f64], treated: usize) -> Result<Self, CellFailure> {
        let mut b = DVector::zeros(x.columns());
        let [sum_treated, sum] = [weight[..treated].iter().sum::<f64>(), weight.iter().sum()];
        b[0] = (sum_treated / (sum - sum_treated)).ln();
        let (mut p, mut score, mut curve) = (vec![0.0; weight.len()], vec![0.0; weight.len()], vec![0.0; weight.len()]);
        for _ in 0..50 {
            for (p, index) in p.iter_mut().zip(x.index(&b)) {
                *p = 1.0 / (1.0 + (-index).exp());
            }
            for i in 0..p.len() {
                score[i] = weight[i] * (f64::from(u8::from(i < treated)) - p[i]);
                curve[i] = weight[i] * p[i] * (1.0 - p[i]);
            }
            let bread = x.bread(&curve).ok_or(CellFailure::NoOverlap)?;
            let step = &bread * x.sum(&score);
            if !step.amax().is_finite() {
                return Err(CellFailure::NoOverlap);
            }
            // One more Newton step after the last digit has settled costs little and leaves nothing to chance.
            if step.amax() <= 1e-12 * (1.0 + b.amax()) {
                return Self::of(p, bread, weight, treated);
            }
            b += step;
        }
        Err(CellFailure::NoOverlap)
    }

    /// The score whose odds give controls the covariate means of the treated, exactly (calibrated score of
    /// Graham, Pinto and Egel 2012 and Tan 2020; DRDID `pscore.cal`): minimises
    /// `sum_controls w exp(x'b) - sum_treated w x'b`.
    pub fn calibrated(x: Covariates<'_>, weight: &[f64], treated: usize) -> Result<Self, CellFailure> {
        let mut target = weight.to_vec();
        target[treated..].fill(0.0);
        let goal = x.sum(&target);
        let mut b = DVector::zeros(x.columns());
        let [sum_treated, sum] = [weight[..treated].iter().sum::<f64>(), weight.iter().sum()];
        b[0] = (sum_treated / (sum - sum_treated)).ln();
        let odds_at = |b: &DVector<f64>| -> Vec<f64> {
            let of = |(i, index): (usize, f64)| if i < treated { 0.0 } else { weight[i] * index.exp() };
            x.index(b).into_iter().enumerate().map(of).collect()
        };
        let loss = |b: &DVector<f64>, odds: &[f64]| odds.iter().sum::<f64>() - goal.dot(b);
        let mut odds = odds_at(&b);
        for _ in 0..200 {
            let gradient = &goal - x.sum(&odds);
            let bread = x.bread(&odds).ok_or(CellFailure::NoOverlap)?;
            let mut step = &bread * gradient;
            if !step.amax().is_finite() {
                return Err(CellFailure::NoOverlap);
            }
            if step.amax() <= 1e-12 * (1.0 + b.amax()) {
                let p = x.index(&b).into_iter().map(|index| 1.0 / (1.0 + (-index).exp())).collect();
                return Self::of(p, bread, weight, treated);
            }
            // Newton's step overshoots where odds are steep; half of it goes down again.
            let before = loss(&b, &odds);
            let mut next = odds_at(&(&b + &step));
            for _ in 0..40 {
                let after = loss(&(&b + &step), &next);
                if after.is_finite() && after <= before + 1e-12 * before.abs() {
                    break;
                }
                step *= 0.5;
                next = odds_at(&(&b + &step));
            }
            b += step;
            odds = next;
        }
        Err(CellFailure::NoOverlap)
    }

    fn of(p: Vec<f64>, bread: DMatrix<f64>, weight: &[f64], treated: usize) -> Result<Self, CellFailure> {
        let range = |from: usize, to: usize| {
            let known = (from..to).filter(|&i| weight[i] > 0.0).map(|i| p[i]);
            known.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], p| [low.min(p), high.max(p)])
        };
        let mut range =
            Range { treated: range(0, treated), controls: range(treated, p.len()), trimmed: 0, n_control: 0 };
        if range.treated[1].max(range.controls[1]) >= SEPARATED {
            return Err(CellFailure::NoOverlap);
        }
        let (mut odds, mut untrimmed) = (vec![0.0; p.len()], vec![0.0; p.len()]);
        for i in treated..p.len() {
            let capped = p[i].min(CAP);
            untrimmed[i] = weight[i] * capped / (1.0 - capped);
            range.n_control += usize::from(weight[i] > 0.0);
            if capped < TRIM {
                odds[i] = untrimmed[i];
            } else {
                range.trimmed += usize::from(weight[i] > 0.0);
            }
        }
        let score =
            p.iter().enumerate().map(|(i, p)| weight[i] * (f64::from(u8::from(i < treated)) - p.min(CAP))).collect();
        Ok(Self { odds, untrimmed, score, bread, range })
    }
}
