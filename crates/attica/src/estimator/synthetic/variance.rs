//! Standard errors of synthetic difference-in-differences (Arkhangelsky et al. 2021, algorithms 2 to 4).

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::{Block, Effect, Kind};
use crate::math::random;
use crate::message::{Problem, Result};

/// How the variance is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// Placebo: controls drawn as if treated. The only one for a single treated unit; assumes that
    /// treated and control units have the same noise.
    Placebo {
        /// Draws.
        draws: usize,
        /// Seed; draw `r` uses stream `r`.
        seed: u64,
    },
    /// Leave one unit out with weights kept; needs two treated units.
    Jackknife,
    /// Units drawn with replacement; needs two treated units.
    Bootstrap {
        /// Draws.
        draws: usize,
        /// Seed; draw `r` uses stream `r`.
        seed: u64,
    },
}

/// Standard error of `effect`, which was fitted on `block`.
///
/// # Errors
/// `E205` when the method needs more treated (or control) units than there are.
pub fn standard_error(block: &Block, kind: Kind, effect: &Effect, variance: Variance) -> Result<f64> {
    let treated = block.treated();
    match variance {
        Variance::Placebo { draws, seed } => {
            if block.controls < treated + 2 {
                return Err(few("the placebo variance needs at least two more controls than treated units"));
            }
            Ok(spread(&draws_of(draws, |r| {
                let mut order: Vec<usize> = (0..block.controls).collect();
                random::stream(seed, r as u64).shuffle(&mut order);
                Some(estimate(block, kind, &order, block.controls - treated))
            })))
        }
        Variance::Bootstrap { draws, seed } => {
            if treated < 2 {
                return Err(few("the bootstrap needs at least two treated units; use the placebo variance"));
            }
            let n = block.y.nrows();
            Ok(spread(&draws_of(draws, |r| {
                let mut stream = random::stream(seed, r as u64);
                // A draw without two controls and a treated unit has no estimate and is drawn again.
                for _ in 0..1000 {
                    let mut drawn: Vec<usize> = (0..n).map(|_| stream.index(n)).collect();
                    drawn.sort_unstable();
                    let controls = drawn.iter().filter(|&&i| i < block.controls).count();
                    if controls >= 2 && controls < n {
                        return Some(estimate(block, kind, &drawn, controls));
                    }
                }
                None
            })))
        }
        Variance::Jackknife => jackknife(block, effect),
    }
}

fn few(message: &str) -> Problem {
    Problem::new("E205", message)
}

fn estimate(block: &Block, kind: Kind, units: &[usize], controls: usize) -> f64 {
    let y = DMatrix::from_fn(units.len(), block.y.ncols(), |i, t| block.y[(units[i], t)]);
    Block { y, controls, before: block.before }.effect(kind).estimate
}

fn draws_of(draws: usize, draw: impl Fn(usize) -> Option<f64> + Sync + Send) -> Vec<f64> {
    (0..draws).into_par_iter().filter_map(draw).collect()
}

/// Root of the mean squared deviation, with `B` in the denominator as in the paper.
fn spread(estimates: &[f64]) -> f64 {
    let b = estimates.len() as f64;
    let mean = estimates.iter().sum::<f64>() / b;
    (estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / b).sqrt()
}

/// Each unit left out in turn, weights of the others kept (and scaled to one).
fn jackknife(block: &Block, effect: &Effect) -> Result<f64> {
    if block.treated() < 2 {
        return Err(few("the jackknife needs at least two treated units; use the placebo variance"));
    }
    if effect.omega.iter().any(|w| *w >= 1.0) {
        return Err(few("one control carries all the weight, so it cannot be left out; use the placebo variance"));
    }
    let n = block.y.nrows();
    let estimates: Vec<f64> = (0..n)
        .map(|out| {
            let units: Vec<usize> = (0..n).filter(|&i| i != out).collect();
            let y = DMatrix::from_fn(n - 1, block.y.ncols(), |i, t| block.y[(units[i], t)]);
            let kept: Vec<f64> = (0..block.controls).filter(|&i| i != out).map(|i| effect.omega[i]).collect();
            let total: f64 = kept.iter().sum();
            let omega: Vec<f64> = kept.iter().map(|w| w / total).collect();
            Block { y, controls: omega.len(), before: block.before }.contrast(&omega, &effect.lambda).0
        })
        .collect();
    let mean = estimates.iter().sum::<f64>() / n as f64;
    let sum: f64 = estimates.iter().map(|e| (e - mean).powi(2)).sum();
    Ok((sum * (n as f64 - 1.0) / n as f64).sqrt())
}
