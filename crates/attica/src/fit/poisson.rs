//! Poisson regression by pseudo maximum likelihood, effects absorbed: iteratively reweighted least squares in which each
//! step takes the effects out under the weights of that step (Guimarães and Portugal 2010; Correia, Guimarães and Zylkin 2020).

use std::borrow::Cow;

use super::glm::Family;
use super::regression::{Regression, estimate};
use super::sample::{regressors, usable};
use super::separation::{empty_levels, predicted_zeros, without};
use super::{Fit, FitOptions, Likelihood, R2};
use crate::absorb::Absorber;
use crate::design::{Design, WeightKind, Weights};
use crate::ledger::Reason;
use crate::math::cross::{weighted_dot, weighted_mean, weighted_sum};
use crate::math::triangle::least_squares;
use crate::message::{Problem, Result, Warning};

/// Steps after which an iteration counts as not converging.
const STEPS: usize = 100;

/// Weighted root mean square of the change in linear predictors that ends the iteration: the error left is its square.
const CONVERGED: f64 = 1e-8;

/// Fits `E[y] = exp(offset + x'b + effects)`; `offset` has one value per row of `design`. Scores are `w (y - mean) x`, with x
/// the regressors after the effects are taken out under the weights `w mean`, so that every sandwich covariance is that of a linear regression; the
/// homoskedastic one is the inverse information. Tests refer to the normal distribution.
///
/// Rows that are predicted perfectly (levels of an effect with zeros alone, zeros that a combination of regressors predicts) leave the
/// sample, counted in the ledger and said (`W350`).
///
/// # Errors
/// `E607` for negative outcomes, frequency weights or an offset that is not finite; `E702` without convergence; those of [`super::fit`].
pub fn poisson(design: &Design, offset: Option<&[f64]>, options: &FitOptions) -> Result<Fit> {
    admissible(design, offset)?;
    let (rows, design) = informative(design, options.keep_singletons)?;
    let base = match offset {
        Some(offset) => rows.iter().map(|&row| offset[row as usize]).collect(),
        None => vec![0.0; design.rows()],
    };
    let user = design.weights.as_ref().map(|w| w.values.clone());
    let user = user.as_deref();
    let (names, raw) = regressors(&design);
    let raw: Vec<Vec<f64>> = raw.into_iter().map(Cow::into_owned).collect();

    let outcome = &design.outcome.1;
    let mean = weighted_mean(outcome, user);
    let mut predictor: Vec<f64> = outcome.iter().map(|y| Family::Poisson.start(*y, mean)).collect();
    let mut loss = f64::INFINITY;
    let mut iterations = 0;
    let step = loop {
        let step = Step::at(&design, &raw, &predictor, &base)?;
        let mut next = step.predictor(&predictor);
        iterations += 1;
        let change = rms_change(&next, &predictor, &step.weights);
        let mut found = losses(outcome, &next, user);
        // The start lies outside the span of the columns and compares with nothing; near the solution losses differ by rounding.
        for _ in 0..30 {
            if iterations == 1 || change < 1e-4 || found <= loss {
                break;
            }
            next.iter_mut().zip(&predictor).for_each(|(a, b)| *a = 0.5 * (*a + b));
            found = losses(outcome, &next, user);
        }
        (predictor, loss) = (next, found);
        if iterations > 1 && change <= CONVERGED {
            break Step::at(&design, &raw, &predictor, &base)?;
        }
        if iterations == STEPS || !loss.is_finite() {
            return Err(Problem::new(
                "E702",
                format!("the Poisson model did not converge in {iterations} steps; nothing is estimated"),
            )
            .fix("rescale regressors with very large values, leave some out, or absorb fewer effects"));
        }
    };

    let mut weighted = design.clone();
    let named = design.weights.as_ref().map_or((String::new(), WeightKind::Analytic), |w| (w.name.clone(), w.kind));
    weighted.weights = Some(Weights { name: named.0, kind: named.1, values: step.weights });
    let weights = weighted.weights.as_ref().map(|w| &w.values[..]);
    let scale = raw.iter().map(|x| weighted_dot(x, x, weights).sqrt()).collect();
    let model = if design.effects.is_empty() { "Poisson" } else { "Poisson, fixed effects" };
    let of = Regression {
        model,
        names,
        columns: step.columns,
        outcome: step.working,
        scale,
        family: Family::Poisson,
        normal: true,
    };
    let mut fit = estimate(&weighted, options, of)?;
    fit.mean_outcome = mean;
    let log_likelihood = log_likelihood(outcome, &predictor, user);
    let null = mean_predictor(outcome, &base, user);
    fit.r2 = R2 { pseudo: Some(1.0 - log_likelihood / self::log_likelihood(outcome, &null, user)), ..R2::default() };
    fit.likelihood = Some(Likelihood { log_likelihood, deviance: deviance(outcome, &predictor, user), iterations });
    Ok(fit)
}

/// One step: the working outcome and the regressors with the effects out.
struct Step {
    weights: Vec<f64>,
    columns: Vec<Vec<f64>>,
    working: Vec<f64>,
    residuals: Vec<f64>,
}

impl Step {
    /// At linear predictors that `base` is part of.
    fn at(design: &Design, raw: &[Vec<f64>], predictor: &[f64], base: &[f64]) -> Result<Self> {
        let user = design.weights.as_ref().map(|w| &w.values[..]);
        let means: Vec<f64> = predictor.iter().map(|e| e.exp()).collect();
        let rows = predictor.iter().zip(&means).zip(design.outcome.1.iter()).zip(base);
        let mut working: Vec<f64> = rows.map(|(((e, m), y), base)| e - base + (y - m) / m).collect();
        let weights: Vec<f64> = match user {
            None => means,
            Some(w) => means.iter().zip(w).map(|(m, w)| m * w).collect(),
        };
        let mut columns = raw.to_vec();
        let absorber = Absorber::new(&design.effects, Some(&weights));
        let mut all: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        all.push(&mut working);
        absorber.remove(&mut all)?;
        let scale: Vec<f64> = raw.iter().map(|x| weighted_dot(x, x, Some(&weights)).sqrt()).collect();
        // What the effects absorb is dropped by the final regression, with its reason; here it is a column of rounding errors.
        let varying: Vec<usize> = (0..columns.len())
            .filter(|&j| weighted_dot(&columns[j], &columns[j], Some(&weights)).sqrt() > super::ABSORBED * scale[j])
            .collect();
        let views: Vec<&[f64]> = varying.iter().map(|&j| &columns[j][..]).collect();
        let of: Vec<f64> = varying.iter().map(|&j| scale[j]).collect();
        let solution = least_squares(&views, &working, Some(&weights), &of);
        let mut residuals = working.clone();
        for (&j, b) in solution.kept.iter().zip(&solution.coefficients) {
            residuals.iter_mut().zip(views[j]).for_each(|(e, x)| *e -= b * x);
        }
        // Residuals as differences of working outcomes: relative to (y - mean) / mean.
        let rows = predictor.iter().zip(design.outcome.1.iter());
        residuals.iter_mut().zip(rows).for_each(|(e, (p, y))| *e -= (y - p.exp()) / p.exp());
        Ok(Self { weights, columns, working, residuals })
    }

    /// The linear predictors of this step's solution: the old ones less what is left of the change.
    fn predictor(&self, old: &[f64]) -> Vec<f64> {
        old.iter().zip(&self.residuals).map(|(p, e)| p - e).collect()
    }
}

fn admissible(design: &Design, offset: Option<&[f64]>) -> Result<()> {
    let (name, outcome) = &design.outcome;
    if let Some(row) = outcome.iter().position(|y| *y < 0.0) {
        let count = outcome.iter().filter(|y| **y < 0.0).count();
        return Err(Problem::new("E607", format!("\"{name}\" is negative in {count} rows, first {} in row {}; a Poisson model needs an outcome that is not", outcome[row], design.sample[row] + 1))
            .fix("use the linear model, or an outcome of counts or amounts"));
    }
    if design.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency) {
        return Err(Problem::new(
            "E607",
            "a Poisson model takes analytic and probability weights, no frequency weights",
        )
        .fix("repeat the rows, or ask for probability weights: the coefficients are the same"));
    }
    if let Some(row) = offset.and_then(|offset| offset.iter().position(|o| !o.is_finite())) {
        return Err(Problem::new(
            "E607",
            format!("the offset is missing or infinite in row {}", design.sample[row] + 1),
        )
        .fix("leave these rows out by a filter; an offset is a logarithm, so exposure must be positive"));
    }
    Ok(())
}

/// The design without rows that no finite estimate can fit, and the positions in `design` of those that stay.
fn informative(design: &Design, keep_singletons: bool) -> Result<(Vec<u32>, Design)> {
    let mut current = usable(design, keep_singletons)?.into_owned();
    let mut lost = 0;
    loop {
        let before = current.rows();
        for effect in 0..current.effects.len() {
            let gone = empty_levels(&current.effects[effect], &current.outcome.1);
            lost += leave(&mut current, &gone, |d| Reason::PerfectFit(d.effects[effect].by.name.clone()));
        }
        if current.rows() == before {
            let (_, raw) = regressors(&current);
            let views: Vec<&[f64]> = raw.iter().map(|x| &x[..]).collect();
            let gone = predicted_zeros(&views, &current.outcome.1, &current.effects)?;
            drop(raw);
            lost += leave(&mut current, &gone, |_| {
                Reason::excluded(
                    "zeros that regressors and effects predict perfectly",
                    "解释变量与固定效应完全预测的零值",
                )
            });
        }
        if current.rows() == before {
            break;
        }
        current = usable(&current, keep_singletons)?.into_owned();
    }
    if lost > 0 {
        current.warnings.push(Warning::new(
            "W350",
            format!("{lost} rows with outcome 0 are predicted perfectly (separation) and were left out: no finite estimate exists with them, and they say nothing about the other coefficients"),
            format!("{lost} 行结果为 0 的观测被完全预测（分离），已剔除：保留它们则不存在有限估计，且它们不含其他系数的信息"),
        ));
    }
    let mut position = 0_u32;
    let rows = current
        .sample
        .iter()
        .map(|row| {
            while design.sample[position as usize] != *row {
                position += 1;
            }
            position
        })
        .collect();
    Ok((rows, current))
}

/// Takes marked rows out of the design and books them; how many.
fn leave(design: &mut Design, gone: &[bool], reason: impl Fn(&Design) -> Reason) -> usize {
    let count = gone.iter().filter(|gone| **gone).count();
    if count > 0 {
        let why = reason(design);
        *design = without(design, gone);
        design.ledger.drop_rows(why, count);
    }
    count
}

fn rms_change(new: &[f64], old: &[f64], weights: &[f64]) -> f64 {
    let change: Vec<f64> = new.iter().zip(old).map(|(a, b)| a - b).collect();
    (weighted_dot(&change, &change, Some(weights)) / weighted_sum(weights, None)).sqrt()
}

/// Minus the log likelihood up to a constant.
fn losses(outcome: &[f64], predictor: &[f64], weights: Option<&[f64]>) -> f64 {
    let each: Vec<f64> = outcome.iter().zip(predictor).map(|(y, e)| Family::Poisson.loss(*y, *e)).collect();
    weighted_sum(&each, weights)
}

fn log_likelihood(outcome: &[f64], predictor: &[f64], weights: Option<&[f64]>) -> f64 {
    let each: Vec<f64> =
        outcome.iter().zip(predictor).map(|(y, e)| -Family::Poisson.loss(*y, *e) - libm::lgamma(y + 1.0)).collect();
    weighted_sum(&each, weights)
}

fn deviance(outcome: &[f64], predictor: &[f64], weights: Option<&[f64]>) -> f64 {
    let saturated = |y: f64| if y > 0.0 { y * y.ln() - y } else { 0.0 };
    let each: Vec<f64> =
        outcome.iter().zip(predictor).map(|(y, e)| 2.0 * (saturated(*y) + Family::Poisson.loss(*y, *e))).collect();
    weighted_sum(&each, weights)
}

/// Predictors of the model with a constant and the offset alone.
fn mean_predictor(outcome: &[f64], base: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
    let exposure: Vec<f64> = base.iter().map(|b| b.exp()).collect();
    let constant = (weighted_sum(outcome, weights) / weighted_sum(&exposure, weights)).ln();
    base.iter().map(|b| b + constant).collect()
}
