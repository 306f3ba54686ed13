//! The constant of a model whose effects are absorbed, in the two forms in which it is printed.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::{Fit, Term};
use crate::absorb::Absorber;
use crate::design::Design;
use crate::math::cross::{CHUNK, weighted_dot, weighted_mean, weighted_sum};
use crate::vcov::{Estimate, Vcov, covariance};

/// A linear functional `sum w v y` of the outcome, `v = u - X~ s`: `u` is the same in all rows or a sum of entries of
/// the levels of the effects. Written as the coefficient of a regression on the single column `v / v'Wv`, its variance
/// comes from the same sandwich as any other.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    estimate: f64,
    /// `u` without the levels.
    offset: f64,
    /// What the levels of each effect add to `u`; no lists where they add nothing.
    levels: Vec<Vec<f64>>,
    /// `s`, one for each coefficient.
    shares: Vec<f64>,
}

impl Constant {
    /// None where a covariance rests on leverages, which this form does not have, or where the functional is zero.
    pub(super) fn term(&self, fit: &Fit) -> Option<Term> {
        let vcov = &fit.inference.vcov;
        if matches!(vcov, Vcov::Hc2 | Vcov::Hc3 | Vcov::Cr2(_) | Vcov::Crv3(_)) {
            return None;
        }
        let mut column = self.column(fit);
        let weights = fit.weights.as_ref().map(|w| &w.values[..]);
        let square = weighted_dot(&column, &column, weights);
        if square <= 0.0 {
            return None;
        }
        for v in &mut column {
            *v /= square;
        }
        let (columns, bread) = ([column], DMatrix::from_element(1, 1, square));
        let of = Estimate { columns: &columns, bread: &bread, ..fit.parts() };
        let clusters: Vec<_> =
            fit.cluster_positions(vcov).unwrap_or_default().into_iter().map(|i| &fit.clusters[i]).collect();
        let variance = covariance(of, vcov, &clusters, fit.n_obs).ok()?.covariance[(0, 0)];
        Some(fit.term(super::INTERCEPT, self.estimate, variance * fit.inference.adjustment.factor))
    }

    /// `v`, one value per row.
    fn column(&self, fit: &Fit) -> Vec<f64> {
        let mut column = vec![0.0; fit.sample.len()];
        column.par_chunks_mut(CHUNK).with_min_len(4).enumerate().for_each(|(chunk, column)| {
            let start = chunk * CHUNK;
            column.fill(self.offset);
            for (effect, levels) in fit.absorbed.iter().zip(&self.levels) {
                column.iter_mut().zip(&effect.by.codes[start..]).for_each(|(v, &code)| *v += levels[code as usize]);
            }
            for (x, share) in fit.columns.iter().zip(&self.shares) {
                column.iter_mut().zip(&x[start..]).for_each(|(v, x)| *v -= share * x);
            }
        });
        column
    }
}

/// `ybar - xbar'b`: the constant of reghdfe, areg and xtreg, fe. `raw` are the kept regressors
/// before absorption.
pub(super) fn absorbed(design: &Design, fit: &Fit, raw: &[&[f64]]) -> Constant {
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let total = weights.map_or(design.rows() as f64, |w| weighted_sum(w, None));
    let means: Vec<f64> = raw.iter().map(|x| weighted_mean(x, weights)).collect();
    of(fit, &means, fit.mean_outcome, 1.0 / total, Vec::new())
}

/// The constant of explicit dummies with the first level of every effect as the base, where one effect or two connected
/// ones are absorbed. `fitted` is what the effects fit in that cell of each regressor of the design and of the outcome.
pub(super) fn base(design: &Design, fit: &Fit, fitted: &[f64], absorber: &Absorber<'_>) -> Option<Constant> {
    let levels = absorber.base_cell(&design.effects)?;
    let (of_outcome, of_regressors) = fitted.split_last()?;
    let all = design.regressors.iter().zip(of_regressors);
    let kept: Vec<f64> = all.filter(|((name, _), _)| fit.position(name).is_some()).map(|(_, fitted)| *fitted).collect();
    Some(of(fit, &kept, *of_outcome, 0.0, levels))
}

/// The constant whose functional takes `of_outcome` from the outcome and `of_columns` from the regressors.
fn of(fit: &Fit, of_columns: &[f64], of_outcome: f64, offset: f64, levels: Vec<Vec<f64>>) -> Constant {
    let estimate = of_outcome - of_columns.iter().zip(&fit.coefficients).map(|(m, b)| m * b).sum::<f64>();
    let share = |j: usize| of_columns.iter().enumerate().map(|(i, m)| m * fit.bread[(i, j)]).sum();
    Constant { estimate, offset, levels, shares: (0..of_columns.len()).map(share).collect() }
}
