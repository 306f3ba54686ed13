//! Does the effect differ between groups? One fully interacted model, whose coefficients are those of
//! the split samples, with a test of equality; and the permutation of group labels as a second test.

use std::ops::Range;
use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::design::{Codes, Design, Effect};
use crate::fit::{FitRecord, Wald, wald};
use crate::frame::codes;
use crate::math::random::stream;
use crate::message::{Problem, Result};
use crate::text::Text;

use super::unit_sums::UnitSums;
use super::{Rows, nested, periods, regressor};

/// Groups of the rows of a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// What splits the rows.
    pub name: String,
    /// Group of each row, `0..labels.len()`.
    pub codes: Vec<u32>,
    /// Names of the groups.
    pub labels: Vec<String>,
}

/// Name of a regressor's slope in one group.
pub fn interaction(regressor: &str, group: &str) -> String {
    format!("{regressor}:{group}")
}

/// The model in which every regressor and every effect has its own coefficients in each group:
/// estimates equal those of the split samples, and their joint covariance is known.
pub fn interact(design: &Design, groups: &Groups) -> Design {
    let regressors = design.regressors.iter().flat_map(|(name, values)| {
        groups.labels.iter().enumerate().map(move |(g, label)| {
            let own = |(x, group): (&f64, &u32)| if *group as usize == g { *x } else { 0.0 };
            (interaction(name, label), Arc::new(values.iter().zip(groups.codes.iter()).map(own).collect()))
        })
    });
    let cross = |by: &Codes| {
        let (codes, levels) = codes::cross(&groups.codes, &by.codes);
        Codes { name: format!("{}^{}", groups.name, by.name), codes: codes.into(), levels }
    };
    let effects = design.effects.iter().map(|effect| Effect { by: cross(&effect.by), ..effect.clone() });
    Design { regressors: regressors.collect(), effects: effects.collect(), ..design.clone() }
}

/// Wald test that the coefficients `terms` of `fit` are all equal; none with fewer than two of them.
pub fn equality(fit: &FitRecord, terms: &[String], hypothesis: Text) -> Option<Wald> {
    let places: Vec<usize> = terms.iter().filter_map(|term| fit.terms.iter().position(|t| t.term == *term)).collect();
    let (&first, others) = places.split_first()?;
    let v = &fit.covariance;
    wald(
        &DVector::from_fn(others.len(), |i, _| fit.terms[others[i]].estimate - fit.terms[first].estimate),
        &DMatrix::from_fn(others.len(), others.len(), |i, j| {
            let (i, j) = (others[i], others[j]);
            v[i][j] - v[i][first] - v[first][j] + v[first][first]
        }),
        fit.se_card.df.unwrap_or(f64::INFINITY),
        hypothesis,
    )
    .ok()
}

/// The permutation test of equal effects.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelTest {
    /// Between-group sum of squares of the effects, each weighted with what it rests on:
    /// `sum_g S_g (b_g - b)^2`, `S_g` the group's residual sum of squares of the treatment.
    pub statistic: f64,
    /// `(1 + #{draws at least as large}) / (B + 1)`.
    pub p_value: f64,
    /// Permutations in which every group had a treatment effect to estimate.
    pub draws: usize,
    /// Permutations in which one had none; they do not count.
    pub failed: usize,
}

/// Deals the group labels out to the units anew, `draws` times, and compares how far the effects of
/// `treatment` by group lie apart. Every group has its own controls and effects in each draw.
///
/// # Errors
/// `E602` without unit and time; `E603` unknown treatment; `E605` when a unit lies in several groups or
/// the model does not absorb the unit and the period; `E206` when a group has no effect to estimate.
pub fn permute_labels(design: &Design, treatment: &str, groups: &Groups, draws: usize, seed: u64) -> Result<LabelTest> {
    let (period, times) = periods(design)?;
    let unit = &design.effects.first().ok_or_else(|| needs_two_effects(&groups.name))?.by;
    let unit = design.panel.as_ref().map_or(unit, |(unit, _)| unit);
    if !absorbs_unit_and_period(design, &unit.codes, &period) {
        return Err(needs_two_effects(&groups.name));
    }
    let Some(labels) = nested(&unit.codes, unit.levels, &groups.codes) else {
        return Err(Problem::new(
            "E605",
            format!("some {} changes its \"{}\", so labels cannot be permuted over units", unit.name, groups.name),
        )
        .fix("fix the groups at their value in the first period"));
    };
    let d = regressor(design, treatment)?;
    let controls: Vec<&[f64]> =
        design.regressors.iter().filter(|(name, _)| name != treatment).map(|(_, x)| x.as_slice()).collect();
    let rows = Rows::of(design, unit, &period, times.len(), &controls);
    let sums = UnitSums::new(rows, &[d]);
    let count = groups.labels.len();
    let spread = |labels: &[u32]| spread(&sums, controls.len(), 0..count as u32, labels);
    let Some(statistic) = spread(&labels) else {
        return Err(Problem::new(
            "E206",
            format!("\"{treatment}\" has no variation of its own in some group of \"{}\"", groups.name),
        )
        .fix("merge small groups"));
    };
    let found: Vec<Option<f64>> = (0..draws)
        .into_par_iter()
        .map(|r| {
            let mut drawn = labels.clone();
            stream(seed, r as u64).shuffle(&mut drawn);
            spread(&drawn)
        })
        .collect();
    let valid = found.iter().flatten().count();
    let larger = found.iter().flatten().filter(|s| **s >= statistic * (1.0 - 1e-10)).count();
    let p_value = (1 + larger) as f64 / (1 + valid) as f64;
    Ok(LabelTest { statistic, p_value, draws: valid, failed: draws - valid })
}

/// `sum_g S_g (b_g - b)^2`; none when a group has no effect.
fn spread(sums: &UnitSums, treatment: usize, groups: Range<u32>, labels: &[u32]) -> Option<f64> {
    let mut effects = Vec::new();
    for g in groups {
        let fit = sums.fit(&labels.iter().map(|l| u32::from(*l == g)).collect::<Vec<_>>());
        if fit.remainder[treatment] <= 0.0 {
            return None;
        }
        effects.push((fit.estimates[treatment], fit.remainder[treatment]));
    }
    let total: f64 = effects.iter().map(|(_, s)| s).sum();
    let mean = effects.iter().map(|(b, s)| b * s).sum::<f64>() / total;
    Some(effects.iter().map(|(b, s)| s * (b - mean) * (b - mean)).sum())
}

/// The absorbed effects are those of the unit and of the period, and no others.
pub(crate) fn absorbs_unit_and_period(design: &Design, unit: &[u32], period: &[u32]) -> bool {
    let same = |effect: &Effect, codes: &[u32]| {
        let Effect { by, slopes, intercept } = effect;
        let levels = codes.iter().max().map_or(0, |last| *last as usize + 1);
        *intercept
            && slopes.is_empty()
            && nested(&by.codes, by.levels, codes).is_some()
            && nested(codes, levels, &by.codes).is_some()
    };
    match design.effects.as_slice() {
        [a, b] => same(a, unit) && same(b, period) || same(b, unit) && same(a, period),
        _ => false,
    }
}

fn needs_two_effects(groups: &str) -> Problem {
    Problem::new(
        "E605",
        format!(
            "labels of \"{groups}\" can be permuted over units only in a model that absorbs the unit and the period"
        ),
    )
    .fix("set the number of permutations to 0, or absorb exactly these two effects")
}
