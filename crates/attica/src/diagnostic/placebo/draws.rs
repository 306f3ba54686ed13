//! Running a lottery: the same estimate at every assignment that it gives.

use rayon::prelude::*;

use super::lottery::Lottery;
use super::quick::{Assignment, Draw, QuickFit};
use crate::message::{Problem, Result};

/// Draws that are in memory together.
const BLOCK: usize = 8192;

/// Evaluates `fit` at `draws` random reassignments, or at all of them when there are no more than that; see
/// [`evaluate`].
pub fn run(fit: &QuickFit, lottery: &Lottery, draws: usize, take: impl FnMut(Result<Draw>)) -> bool {
    let spanned = || Problem::new("E206", "effects and controls absorb the treatment that was drawn");
    let one = |assignment: &Assignment, scratch: &mut _| fit.fit(assignment, scratch).ok_or_else(spanned);
    evaluate(lottery, draws, || fit.scratch(), one, take)
}

/// Evaluates any estimator at `draws` random reassignments, or at all of them when there are no more than that, and
/// gives what came out to `take` in the order of the draws. True when all assignments but the true one were listed.
/// `scratch` makes what a thread keeps between draws.
///
/// Draws run in parallel; the result does not depend on how many threads there are, provided that what `fit` returns
/// depends on the assignment alone. Memory does not depend on the number of draws.
pub fn evaluate<S, T: Send>(
    lottery: &Lottery,
    draws: usize,
    scratch: impl Fn() -> S + Sync,
    fit: impl Fn(&Assignment, &mut S) -> Result<T> + Sync,
    mut take: impl FnMut(Result<T>),
) -> bool {
    let listed = lottery.size().filter(|size| size.saturating_sub(1) <= draws as u64);
    let count = listed.map_or(draws, |size| size as usize);
    let one = |(scratch, room, assignment): &mut (S, Vec<u32>, Assignment), r: usize| {
        if listed.is_some() {
            lottery.list(r as u64, assignment);
            if lottery.is_truth(assignment) {
                return None;
            }
        } else {
            lottery.draw(r as u64, room, assignment);
        }
        let found = fit(assignment, scratch);
        lottery.meter.advance();
        Some(found)
    };
    lottery.meter.expect(count - usize::from(listed.is_some()));
    for first in (0..count).step_by(BLOCK) {
        let block = first..count.min(first + BLOCK);
        let results: Vec<Option<Result<T>>> = block
            .into_par_iter()
            .with_min_len(16)
            .map_init(|| (scratch(), Vec::new(), Assignment::default()), one)
            .collect();
        results.into_iter().flatten().for_each(&mut take);
    }
    listed.is_some()
}
