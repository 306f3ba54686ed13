//! The constant of a model whose effects are absorbed, in the two forms in which it is printed.

use nalgebra::DMatrix;

use super::{Fit, Term};
use crate::absorb::Absorber;
use crate::design::Design;
use crate::math::cross::{weighted_dot, weighted_mean, weighted_sum};
use crate::math::triangle::least_squares;
use crate::message::Result;
use crate::vcov::{Estimate, Vcov, covariance};

/// A linear functional `sum w v y` of the outcome, written as the coefficient of a regression on the
/// single column `v / v'Wv`, so that its variance comes from the same sandwich as any other.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    estimate: f64,
    column: Vec<f64>,
    bread: f64,
}

impl Constant {
    /// None where a covariance rests on leverages, which this form does not have.
    pub(super) fn term(&self, fit: &Fit) -> Option<Term> {
        let columns = [self.column.clone()];
        let bread = DMatrix::from_element(1, 1, self.bread);
        let of = Estimate { columns: &columns, bread: &bread, ..fit.parts() };
        let vcov = &fit.inference.vcov;
        if matches!(vcov, Vcov::Hc2 | Vcov::Hc3 | Vcov::Cr2(_) | Vcov::Crv3(_)) {
            return None;
        }
        let clusters: Vec<_> =
            fit.cluster_positions(vcov).unwrap_or_default().into_iter().map(|i| &fit.clusters[i]).collect();
        let variance = covariance(of, vcov, &clusters, fit.n_obs).ok()?.covariance[(0, 0)];
        Some(fit.term(super::INTERCEPT, self.estimate, variance * fit.inference.adjustment.factor))
    }
}

/// `ybar - xbar'b`: the constant of reghdfe, areg and xtreg, fe. `raw` are the kept regressors
/// before absorption.
pub(super) fn absorbed(design: &Design, fit: &Fit, raw: &[&[f64]]) -> Constant {
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let total = weights.map_or(design.rows() as f64, |w| weighted_sum(w, None));
    let means: Vec<f64> = raw.iter().map(|x| weighted_mean(x, weights)).collect();
    let estimate = fit.mean_outcome - means.iter().zip(&fit.coefficients).map(|(m, b)| m * b).sum::<f64>();
    let mut column = vec![1.0 / total; design.rows()];
    for j in 0..raw.len() {
        let share: f64 = means.iter().enumerate().map(|(i, m)| m * fit.bread[(i, j)]).sum();
        for (v, x) in column.iter_mut().zip(&fit.columns[j]) {
            *v -= share * x;
        }
    }
    let square = weighted_dot(&column, &column, weights);
    for v in &mut column {
        *v /= square;
    }
    Constant { estimate, column, bread: square }
}

/// The constant of explicit dummies with the first level of every effect as the base, where one
/// effect or two connected ones are absorbed.
pub(super) fn base(design: &Design, raw: &[&[f64]]) -> Result<Option<Constant>> {
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let Some(absorber) = Absorber::with_base(&design.effects, weights) else { return Ok(None) };
    let mut ones = vec![1.0; design.rows()];
    let mut outcome = design.outcome.1.clone();
    let mut columns: Vec<Vec<f64>> = raw.iter().map(|x| x.to_vec()).collect();
    let mut all: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    all.push(&mut ones);
    all.push(&mut outcome);
    absorber.remove(&mut all)?;

    let scale: Vec<f64> = raw.iter().map(|x| weighted_dot(x, x, weights).sqrt()).collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let on_regressors = least_squares(&views, &ones, weights, &scale);
    for (&j, b) in on_regressors.kept.iter().zip(&on_regressors.coefficients) {
        for (v, x) in ones.iter_mut().zip(&columns[j]) {
            *v -= b * x;
        }
    }
    let square = weighted_dot(&ones, &ones, weights);
    if square <= 1e-16 * design.rows() as f64 {
        return Ok(None);
    }
    let estimate = weighted_dot(&ones, &outcome, weights) / square;
    Ok(Some(Constant { estimate, column: ones, bread: 1.0 / square }))
}
