//! Placebo distributions: the coefficient where the policy was not.
//!
//! Draws never refit: see [`quick`]. p-values count the true assignment among the possible ones,
//! `(1 + #{b* at least as extreme}) / (1 + B)`, because without it a test rejects too often (Phipson
//! and Smyth 2010). When all assignments can be listed the test is exact.

mod effects;
pub mod lottery;
pub mod quick;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use lottery::Lottery;
use quick::{Assignment, Draw, QuickFit};

/// Shares of draws at least as extreme as the estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomisationP {
    /// `(1 + #{|b*| >= |b|}) / (B + 1)`.
    pub two_sided: f64,
    /// `(1 + #{b* <= b}) / (B + 1)`.
    pub left: f64,
    /// `(1 + #{b* >= b}) / (B + 1)`.
    pub right: f64,
    /// Monte Carlo standard error of the two-sided one; 0 when all assignments were listed.
    pub monte_carlo_error: f64,
}

/// p-values of `actual` among `draws`; `exact` when these are all other assignments.
pub fn randomisation_p(actual: f64, draws: &[f64], exact: bool) -> RandomisationP {
    // Draws that tie in exact arithmetic (complements, permuted equals) must tie here too.
    let slack = actual.abs() * 1e-10;
    let share = |extreme: &dyn Fn(f64) -> bool| {
        (1 + draws.iter().filter(|b| extreme(**b)).count()) as f64 / (1 + draws.len()) as f64
    };
    let two_sided = share(&|b| b.abs() >= actual.abs() - slack);
    let monte_carlo_error = if exact { 0.0 } else { (two_sided * (1.0 - two_sided) / (1 + draws.len()) as f64).sqrt() };
    RandomisationP {
        two_sided,
        left: share(&|b| b <= actual + slack),
        right: share(&|b| b >= actual - slack),
        monte_carlo_error,
    }
}

/// The coefficients of a lottery.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// One per draw, in the order of the draws; none where effects and controls span the treatment.
    pub draws: Vec<Option<Draw>>,
    /// All assignments but the true one were listed.
    pub exact: bool,
}

/// Evaluates `fit` at `draws` random reassignments, or at all of them when there are no more than that.
///
/// Draws run in parallel; the result does not depend on how many threads there are.
pub fn run(fit: &QuickFit, lottery: &Lottery, draws: usize) -> Draws {
    let listed = lottery.size().filter(|size| size.saturating_sub(1) <= draws as u64);
    let count = listed.map_or(draws, |size| size as usize);
    let results: Vec<Option<Option<Draw>>> = (0..count)
        .into_par_iter()
        .with_min_len(64)
        .map_init(
            || (fit.scratch(), Vec::new(), Assignment::default()),
            |(scratch, room, assignment), r| {
                if listed.is_some() {
                    lottery.list(r as u64, assignment);
                    if lottery.is_truth(assignment) {
                        return None;
                    }
                } else {
                    lottery.draw(r as u64, room, assignment);
                }
                Some(fit.fit(assignment, scratch))
            },
        )
        .collect();
    Draws { draws: results.into_iter().flatten().collect(), exact: listed.is_some() }
}
