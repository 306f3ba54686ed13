//! Which zeros of a Poisson model are predicted perfectly, so that no finite estimate exists while they stay.

use crate::absorb::Absorber;
use crate::design::{Design, Effect};
use crate::math::triangle::least_squares;
use crate::message::{Problem, Result};

/// A fitted value of the certificate below this one is zero.
const ZERO: f64 = 1e-5;

/// Regressions after which the rectifier counts as not converging.
const STEPS: usize = 1000;

/// Rows in the levels of an effect whose outcomes are all zero: the effect's coefficient is minus infinity there and the rows say nothing
/// about the others. One flag per row.
pub(super) fn empty_levels(effect: &Effect, outcome: &[f64]) -> Vec<bool> {
    let codes = &effect.by.codes;
    let mut positive = vec![false; effect.by.levels];
    for (y, &code) in outcome.iter().zip(codes.iter()) {
        positive[code as usize] |= *y > 0.0;
    }
    codes.iter().map(|&code| effect.intercept && !positive[code as usize]).collect()
}

/// Rows whose zeros some combination of regressors and effects predicts: it is zero wherever the outcome is positive and
/// nowhere negative, and they are where it is positive. One flag per row.
///
/// Found by the iterative rectifier: regress the indicator of a zero outcome, with weights that all but forbid a residual where
/// the outcome is positive; take the positive part of what is fitted, and again, until nothing negative is fitted (Correia, Guimarães and
/// Zylkin 2021, algorithm 1).
///
/// # Errors
/// `E702` when that does not come to an end, and those of the absorption.
pub(super) fn predicted_zeros(columns: &[&[f64]], outcome: &[f64], effects: &[Effect]) -> Result<Vec<bool>> {
    let mut certificate: Vec<f64> = outcome.iter().map(|y| f64::from(u8::from(*y == 0.0))).collect();
    let zeros = certificate.iter().sum::<f64>();
    if zeros == 0.0 {
        return Ok(vec![false; outcome.len()]);
    }
    let heavy = (zeros / (ZERO * ZERO)).ceil();
    let weights: Vec<f64> = outcome.iter().map(|y| if *y > 0.0 { heavy } else { 1.0 }).collect();
    let absorber = Absorber::new(effects, Some(&weights));
    let mut regressors: Vec<Vec<f64>> = columns.iter().map(|x| x.to_vec()).collect();
    let scale: Vec<f64> = regressors.iter().map(|x| absorber.norm(x)).collect();
    let mut views: Vec<&mut [f64]> = regressors.iter_mut().map(Vec::as_mut_slice).collect();
    absorber.remove(&mut views)?;
    let views: Vec<&[f64]> = regressors.iter().map(Vec::as_slice).collect();
    for _ in 0..STEPS {
        let mut residuals = certificate.clone();
        absorber.remove(&mut [&mut residuals])?;
        let solution = least_squares(&views, &residuals, Some(&weights), &scale);
        for (&j, b) in solution.kept.iter().zip(&solution.coefficients) {
            residuals.iter_mut().zip(views[j]).for_each(|(e, x)| *e -= b * x);
        }
        let mut negative = false;
        for ((u, e), y) in certificate.iter_mut().zip(&residuals).zip(outcome) {
            let fitted = *u - e;
            negative |= *y == 0.0 && fitted < -ZERO;
            *u = if *y == 0.0 && fitted > ZERO { fitted } else { 0.0 };
        }
        if !negative {
            return Ok(certificate.iter().map(|u| *u > 0.0).collect());
        }
    }
    Err(Problem::new("E702", format!("whether regressors predict some of the zeros perfectly (separation) was not settled in {STEPS} steps; nothing is estimated"))
        .fix("leave regressors out one by one: one that is never different from zero where the outcome is positive is a candidate"))
}

/// Rows of `design` that stay, given which leave.
pub(super) fn without(design: &Design, gone: &[bool]) -> Design {
    let rows: Vec<u32> = (0..design.rows() as u32).filter(|&row| !gone[row as usize]).collect();
    design.take(&rows)
}
