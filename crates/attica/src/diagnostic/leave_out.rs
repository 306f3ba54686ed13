//! What the estimate would be without each unit, cohort or province, and which of them move it.
//!
//! No regression is run again: with `Z` all columns that effects nested in the groups leave, the coefficients without
//! group g differ by `-(Z'WZ - Z_g'W Z_g)^-1 Z_g'W u_g` (Belsley, Kuh and Welsch 1980, section 2.1, for a group of rows).

use rayon::prelude::*;

use crate::design::Codes;
use crate::fit::Fit;
use crate::message::{Problem, Result};
use crate::vcov::inverse;
use crate::wild::moments::Moments;

/// A direction that the other groups do not identify holds a regressor from here on.
const LOST: f64 = 1e-6;

/// The estimates of coefficient `j` of `fit` without each of the groups, `groups.levels` numbers; none where the other groups
/// do not identify it. `groups` has one code for each row used.
///
/// # Errors
/// `E409` when effects that are not nested in the groups have more levels than a dense solution takes.
pub fn leave_out(fit: &Fit, groups: &Codes, j: usize) -> Result<Vec<Option<f64>>> {
    let moments = Moments::new(fit, groups, true).map_err(|problem| {
        Problem::new(&problem.id, problem.message).fix("absorb fewer effects, or leave out groups that contain them")
    })?;
    let at = moments.effects() + j;
    let without = |g: usize| {
        let (inverse, lost) = inverse(&moments.whole - &moments.own[g]);
        if lost.row(at).iter().any(|v| v.abs() > LOST) {
            return None;
        }
        let change = inverse.row(at).transpose().dot(&moments.scores[g]) / moments.norms[at];
        Some(fit.coefficients[j] - change)
    };
    Ok((0..groups.levels).into_par_iter().map(without).collect())
}

/// From which change on a group counts as influential, in standard errors: `2 / sqrt(groups)`, the customary bound of DFBETAS
/// (Belsley, Kuh and Welsch 1980, section 2.1).
pub fn bound(groups: usize) -> f64 {
    2.0 / (groups.max(1) as f64).sqrt()
}
