//! One least-squares problem: what is not identified leaves, the rest is solved.

use rayon::prelude::*;

use super::assemble::{Setting, Solution};
use super::sample::{absorbed_reason, collinear_reason};
use super::{ABSORBED, Family, Fit, FitOptions, Omitted};
use crate::design::Design;
use crate::math::cross::{CHUNK, weighted_dot};
use crate::math::triangle::{LeastSquares, least_squares};
use crate::message::{Problem, Result};
use crate::text::Text;

/// The columns of one least-squares problem.
pub(super) struct Regression {
    pub model: &'static str,
    pub names: Vec<String>,
    pub columns: Vec<Vec<f64>>,
    pub outcome: Vec<f64>,
    /// Norms of the columns before anything was taken out.
    pub scale: Vec<f64>,
    pub family: Family,
    /// Tests refer to the normal distribution.
    pub normal: bool,
}

/// Which regressors stay, and why the others go.
pub(super) struct Selection {
    pub kept: Vec<usize>,
    pub omitted: Vec<Omitted>,
    pub dependent: Vec<(String, Vec<(String, f64)>)>,
}

/// The regressors `names` after the effects took those that have a reason in `omitted`, and the others, at the positions
/// `left`, were looked through for combinations of each other.
pub(super) fn select(
    names: &[String],
    mut omitted: Vec<Option<Text>>,
    left: &[usize],
    solution: &LeastSquares,
) -> Selection {
    let absorbed = names.iter().zip(&omitted).filter(|(_, reason)| reason.is_some());
    let mut dependent: Vec<_> = absorbed.map(|(name, _)| (name.clone(), Vec::new())).collect();
    for collinear in &solution.collinear {
        let of: Vec<&str> = collinear.of.iter().map(|&(j, _)| names[left[j]].as_str()).collect();
        let column = left[collinear.column];
        omitted[column] = Some(collinear_reason(&of));
        let parts = collinear.of.iter().map(|&(j, b)| (names[left[j]].clone(), b)).collect();
        dependent.push((names[column].clone(), parts));
    }
    let omitted = names.iter().zip(omitted);
    Selection {
        kept: solution.kept.iter().map(|&j| left[j]).collect(),
        omitted: omitted.filter_map(|(name, why)| why.map(|reason| Omitted { name: name.clone(), reason })).collect(),
        dependent,
    }
}

/// `E305` for an outcome that the effects fit without error.
pub(super) fn absorbed_outcome<'a>(name: &str, effects: impl Iterator<Item = &'a str>) -> Problem {
    let effects: Vec<_> = effects.collect();
    Problem::new("E305", format!("\"{name}\" does not vary within {}", effects.join(", ")))
        .fix("absorb fewer effects, or choose an outcome that varies within them")
}

/// Drops what is not identified, solves, and infers.
pub(super) fn estimate(design: &Design, options: &FitOptions, of: Regression) -> Result<Fit> {
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let Regression { model, names, mut columns, outcome, scale, family, normal } = of;

    // Regressors that the effects absorb go first, so that they cannot be blamed on other columns.
    let mut omitted = vec![None; names.len()];
    let mut left = Vec::with_capacity(names.len());
    for (j, column) in columns.iter().enumerate() {
        if !design.effects.is_empty() && weighted_dot(column, column, weights).sqrt() <= ABSORBED * scale[j] {
            omitted[j] = Some(absorbed_reason(design, &names[j]));
        } else {
            left.push(j);
        }
    }
    let views: Vec<&[f64]> = left.iter().map(|&j| &columns[j][..]).collect();
    let scale: Vec<f64> = left.iter().map(|&j| scale[j]).collect();
    let solution = least_squares(&views, &outcome, weights, &scale);
    let Selection { kept, omitted, dependent } = select(&names, omitted, &left, &solution);

    let mut residuals = outcome;
    residuals.par_chunks_mut(CHUNK).with_min_len(4).enumerate().for_each(|(chunk, residuals)| {
        for (&j, b) in kept.iter().zip(&solution.coefficients) {
            for (e, x) in residuals.iter_mut().zip(&columns[j][chunk * CHUNK..]) {
                *e -= b * x;
            }
        }
    });
    let mut position = 0;
    columns.retain(|_| {
        position += 1;
        kept.binary_search(&(position - 1)).is_ok()
    });
    let solution = Solution {
        model,
        family,
        names: kept.iter().map(|&j| names[j].clone()).collect(),
        coefficients: solution.coefficients,
        columns,
        residuals,
        bread: solution.inverse,
        omitted,
        dependent,
        normal,
    };
    let mut fit = Fit::assemble(Setting::of(design), solution, options)?;
    fit.inference = fit.infer(&options.vcov, &options.ssc)?;
    Ok(fit)
}

impl Fit {
    /// Moves the coefficients from position `from` on in front of those from position `to` on.
    pub(super) fn rotate(&mut self, to: usize, from: usize) {
        let count = self.names.len() - from;
        self.names[to..].rotate_right(count);
        self.coefficients[to..].rotate_right(count);
        self.columns[to..].rotate_right(count);
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order[to..].rotate_right(count);
        self.bread = self.bread.select_rows(&order).select_columns(&order);
    }
}
