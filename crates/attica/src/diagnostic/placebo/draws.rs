//! Running a lottery: the same estimate at every assignment that it gives.

use rayon::prelude::*;

use super::lottery::Lottery;
use super::quick::{Assignment, Draw, QuickFit};
use crate::message::{Problem, Result};

/// What came out of a lottery.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws<T> {
    /// One per draw, in the order of the draws; none where there is no estimate.
    pub draws: Vec<Option<T>>,
    /// All assignments but the true one were listed.
    pub exact: bool,
    /// Why the first of those without an estimate has none.
    pub failure: Option<Problem>,
}

/// Evaluates `fit` at `draws` random reassignments, or at all of them when there are no more than that.
pub fn run(fit: &QuickFit, lottery: &Lottery, draws: usize) -> Draws<Draw> {
    let spanned = || Problem::new("E206", "effects and controls absorb the treatment that was drawn");
    evaluate(lottery, draws, || fit.scratch(), |assignment, scratch| fit.fit(assignment, scratch).ok_or_else(spanned))
}

/// Evaluates any estimator at `draws` random reassignments, or at all of them when there are no more
/// than that. `scratch` makes what a thread keeps between draws.
///
/// Draws run in parallel; the result does not depend on how many threads there are, provided that
/// what `fit` returns depends on the assignment alone.
pub fn evaluate<S, T: Send>(
    lottery: &Lottery,
    draws: usize,
    scratch: impl Fn() -> S + Sync,
    fit: impl Fn(&Assignment, &mut S) -> Result<T> + Sync,
) -> Draws<T> {
    let listed = lottery.size().filter(|size| size.saturating_sub(1) <= draws as u64);
    let count = listed.map_or(draws, |size| size as usize);
    let results: Vec<Option<Result<T>>> = (0..count)
        .into_par_iter()
        .with_min_len(16)
        .map_init(
            || (scratch(), Vec::new(), Assignment::default()),
            |(scratch, room, assignment), r| {
                if listed.is_some() {
                    lottery.list(r as u64, assignment);
                    if lottery.is_truth(assignment) {
                        return None;
                    }
                } else {
                    lottery.draw(r as u64, room, assignment);
                }
                Some(fit(assignment, scratch))
            },
        )
        .collect();
    let mut failure = None;
    let kept = |result: Result<T>| result.map_err(|problem| failure.get_or_insert(problem).id.clone()).ok();
    let draws = results.into_iter().flatten().map(kept).collect();
    Draws { draws, exact: listed.is_some(), failure }
}
