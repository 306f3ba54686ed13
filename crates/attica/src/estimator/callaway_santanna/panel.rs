//! Group-time effects on a panel: changes of the same units between two periods.

use rayon::prelude::*;

use super::drdid::Comparison;
use super::nuisance::Covariates;
use super::plan::{Plan, Planned};
use super::{CellEffect, CovariatePeriod, Method, Missing, Settings};
use crate::estimator::wide::Wide;

/// Number of each cell in the plan, and the cell.
type Cells<'a> = Vec<(usize, &'a Planned)>;

/// Cells that compare the same units with the same covariates.
struct Batch<'a> {
    cells: Cells<'a>,
    /// Period of the covariates, by index.
    at: usize,
}

/// The effect of every planned cell; a cell compares units whose outcome is known in both of its periods.
/// In a panel that `is_complete` these are all units.
pub(super) fn effects(
    panel: &Wide<'_>,
    plan: &Plan,
    settings: &Settings,
    is_complete: bool,
) -> Vec<Result<CellEffect, Missing>> {
    let is_constant = (0..panel.covariates()).all(|k| is_constant(panel, k));
    let mut batches: Vec<Batch> = Vec::new();
    for (number, cell) in plan.cells.iter().enumerate() {
        let at = match settings.options.covariates {
            _ if is_constant => 0,
            CovariatePeriod::Earlier => cell.time.min(cell.base),
            CovariatePeriod::Base => cell.base,
            CovariatePeriod::First => 0,
        };
        let same = |batch: &&mut Batch| {
            batch.at == at && batch.cells.iter().all(|(_, c)| c.class == cell.class && c.controls == cell.controls)
        };
        match batches.iter_mut().find(same) {
            Some(batch) => batch.cells.push((number, cell)),
            None => batches.push(Batch { cells: vec![(number, cell)], at }),
        }
    }
    let mut found: Vec<(usize, Result<CellEffect, Missing>)> =
        batches.par_iter().flat_map_iter(|batch| batch_effects(panel, plan, settings, is_complete, batch)).collect();
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, effect)| effect).collect()
}

/// The covariate is the same in all periods in which a unit has it.
fn is_constant(panel: &Wide<'_>, k: usize) -> bool {
    let periods = panel.times.len();
    panel.x[k].chunks(periods).all(|path| path.iter().all(|x| *x == path[0]))
}

fn batch_effects(
    panel: &Wide<'_>,
    plan: &Plan,
    settings: &Settings,
    is_complete: bool,
    batch: &Batch<'_>,
) -> Vec<(usize, Result<CellEffect, Missing>)> {
    let Some((_, first)) = batch.cells.first() else { return Vec::new() };
    let units: Vec<usize> =
        first.classes().flat_map(|class| plan.classes[class].members.iter().map(|&unit| unit as usize)).collect();
    let treated = plan.classes[first.class].members.len();
    let weight: Vec<f64> = units.iter().map(|&unit| panel.weight[unit]).collect();
    let mut x = vec![vec![1.0; units.len()]];
    x.extend((0..panel.covariates()).map(|k| units.iter().map(|&unit| panel.covariate(k, unit, batch.at)).collect()));
    // Without covariates all estimators are the same difference of means.
    let method = if x.len() == 1 { Method::OutcomeRegression } else { settings.options.method };
    let change = |cell: &Planned, i: usize| panel.outcome(units[i], cell.time) - panel.outcome(units[i], cell.base);
    // Cells that know the same units share what is fitted to their covariates.
    let mut alike: Vec<(Vec<bool>, Cells<'_>)> = Vec::new();
    if is_complete {
        alike.push((vec![true; units.len()], batch.cells.clone()));
    }
    for &(number, cell) in batch.cells.iter().filter(|_| !is_complete) {
        let is_known = |i: usize| change(cell, i).is_finite() && x.iter().all(|x| x[i].is_finite());
        let known: Vec<bool> = (0..units.len()).map(is_known).collect();
        match alike.iter_mut().find(|(other, _)| *other == known) {
            Some((_, cells)) => cells.push((number, cell)),
            None => alike.push((known, vec![(number, cell)])),
        }
    }
    let mut found = Vec::with_capacity(batch.cells.len());
    for (known, cells) in alike {
        let masked =
            |values: &[f64]| values.iter().zip(&known).map(|(v, known)| if *known { *v } else { 0.0 }).collect();
        let weight: Vec<f64> = masked(&weight);
        let x: Vec<Vec<f64>> = x.iter().map(|x| masked(x)).collect();
        let count = |range: std::ops::Range<usize>| panel.count(range.filter(|&i| known[i]).map(|i| units[i]));
        let (n_treated, n_control) = (count(0..treated), count(treated..units.len()));
        let mut comparison = None;
        for (number, cell) in cells {
            let mut effect = CellEffect { n_treated, n_control, ..CellEffect::default() };
            if n_treated == 0 || n_control == 0 {
                found.push((number, Err(if n_treated == 0 { Missing::NoTreated } else { Missing::NoControls })));
                continue;
            }
            if !cell.is_reference() {
                let fitted =
                    comparison.get_or_insert_with(|| Comparison::new(Covariates(&x), &weight, treated, method));
                let fitted = match fitted {
                    Ok(fitted) => fitted,
                    Err(why) => {
                        found.push((number, Err(Missing::Failed(*why))));
                        continue;
                    }
                };
                let change: Vec<f64> = (0..units.len()).map(|i| if known[i] { change(cell, i) } else { 0.0 }).collect();
                let estimated = fitted.effect(&change);
                effect.att = estimated.att;
                effect.influence = estimated.influence;
                panel.per_unit(units.iter().copied(), &mut effect.influence);
                effect.scores = fitted.propensity.as_ref().map(|propensity| propensity.range);
            }
            found.push((number, Ok(effect)));
        }
    }
    found
}
