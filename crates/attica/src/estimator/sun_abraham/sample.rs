//! Which rows the saturated regression uses, and the cell of each.

use super::super::Spec;
use super::super::staggered::{Cohorts, Staggered};
use crate::absorb::singletons;
use crate::design::WeightKind;
use crate::ledger::Reason;
use crate::message::Warning;

/// A cohort in a period.
pub(super) struct OneCell {
    /// Number among the cells of [`Cohorts`].
    pub id: usize,
    /// The reference of its cohort, without a coefficient.
    pub is_reference: bool,
    /// Period of that reference.
    pub base: f64,
}

/// The cells of the rows in use.
pub(super) struct Saturated {
    pub cohorts: Cohorts,
    /// Cells with rows, by cohort, then period.
    pub cells: Vec<OneCell>,
    /// Position among `cells` of each row; their number for rows of controls.
    pub level: Vec<u32>,
    /// Every unit adopts: the last cohort is the control.
    pub all_treated: bool,
}

/// Leaves out what has no comparison: cohorts without a row at the reference, periods without controls, and
/// singletons; then numbers the cells of what is left.
pub(super) fn saturate(sample: &mut Staggered, spec: &Spec) -> Saturated {
    let cohorts = sample.cohorts();
    leave_out_without_base(sample, &cohorts);
    let of_row = |row: usize| cohorts.of_unit[sample.unit[row] as usize];
    let all_treated = (0..sample.unit.len()).all(|row| of_row(row).is_some());
    let control = (0..sample.unit.len()).filter_map(of_row).max().filter(|_| all_treated);
    if let Some(last) = control {
        leave_out_late(sample, &cohorts, last as usize);
    }
    leave_out_uncompared(sample, &cohorts, control);
    leave_out_singletons(sample, spec);

    let ids = ids(sample, &cohorts, control);
    let references = references(sample, &cohorts, &ids);
    let mut number = vec![u32::MAX; cohorts.cells()];
    ids.iter().flatten().for_each(|&id| number[id] = 0);
    let mut cells = Vec::new();
    for (id, slot) in number.iter_mut().enumerate().filter(|(_, slot)| **slot == 0) {
        *slot = cells.len() as u32;
        let reference = references[cohorts.cohort(id)];
        let base = reference.map_or(f64::NAN, |reference| cohorts.period(reference));
        cells.push(OneCell { id, is_reference: reference == Some(id), base });
    }
    let outside = cells.len() as u32;
    let level = ids.iter().map(|id| id.map_or(outside, |id| number[id])).collect();
    Saturated { cohorts, cells, level, all_treated }
}

/// Cell of each row; none for controls.
fn ids(sample: &Staggered, cohorts: &Cohorts, control: Option<u32>) -> Vec<Option<usize>> {
    let of = |row: usize| {
        let treated = cohorts.of_unit[sample.unit[row] as usize] != control;
        cohorts.cell(sample, row).filter(|_| treated).map(|id| id as usize)
    };
    (0..sample.unit.len()).map(of).collect()
}

/// Of each cohort, the cell at event time `-1 - anticipation`, if it has rows.
fn references(sample: &Staggered, cohorts: &Cohorts, ids: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut found = vec![None; cohorts.dates.len()];
    for &id in ids.iter().flatten().filter(|&&id| cohorts.event_time(id) == -1 - sample.anticipation) {
        found[cohorts.cohort(id)] = Some(id);
    }
    found
}

fn leave_out_without_base(sample: &mut Staggered, cohorts: &Cohorts) {
    let ids = ids(sample, cohorts, None);
    let references = references(sample, cohorts, &ids);
    let lacks = |id: &usize| references[cohorts.cohort(*id)].is_none();
    let mut without: Vec<f64> = ids.iter().flatten().filter(|id| lacks(id)).map(|&id| cohorts.date(id)).collect();
    without.dedup();
    without.sort_by(f64::total_cmp);
    without.dedup();
    if without.is_empty() {
        return;
    }
    let earlier = |id: &usize| cohorts.event_time(*id) < -1 - sample.anticipation;
    let seen_before = ids.iter().flatten().any(|id| lacks(id) && earlier(id));
    let keep: Vec<u32> =
        (0..ids.len()).filter(|&row| !ids[row].as_ref().is_some_and(lacks)).map(|r| r as u32).collect();
    let lost = sample.lost_without(&keep);
    let listed = without.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let base = -1 - sample.anticipation;
    sample.warnings.push(Warning::new(
        if seen_before { "W805" } else { "W203" },
        format!("cohorts {listed} have no row at event time {base}, which effects are differences from; their {lost} rows are left out"),
        format!("批次{listed}在相对时间{base}没有观测，无法作为差分基准，剔除其{lost}个观测"),
    ));
    sample.keep(&keep);
}

/// Where every unit adopts, rows from when the last cohort may react leave.
fn leave_out_late(sample: &mut Staggered, cohorts: &Cohorts, control: usize) {
    let first = control * sample.times.len();
    let periods = (0..sample.times.len()).filter(|t| cohorts.event_time(first + t) < -sample.anticipation).count();
    let (Some(&end), last) = (sample.times.get(periods), cohorts.date(first)) else { return };
    let early = |row: &u32| (sample.time[*row as usize] as usize) < periods;
    let keep: Vec<u32> = (0..sample.unit.len() as u32).filter(early).collect();
    let lost = sample.lost_without(&keep);
    if lost == 0 {
        return;
    }
    sample.warnings.push(Warning::new(
        "W204",
        format!("no unit is never treated: the {lost} rows from {end} on, when nobody is left untreated, are left out, and the cohort of {last} is the comparison"),
        format!("没有从未处理的个体：{end}起已无未处理个体，剔除其{lost}个观测；以{last}批次为对照"),
    ));
    sample.keep(&keep);
}

/// Leaves out periods in which every row is a treated cohort's own cell: their effects have no comparison.
fn leave_out_uncompared(sample: &mut Staggered, cohorts: &Cohorts, control: Option<u32>) {
    let ids = ids(sample, cohorts, control);
    let references = references(sample, cohorts, &ids);
    let mut compared = vec![false; sample.times.len()];
    for (id, &time) in ids.iter().zip(sample.time.iter()) {
        compared[time as usize] |= id.is_none_or(|id| references[cohorts.cohort(id)] == Some(id));
    }
    let keep: Vec<u32> = (0..ids.len() as u32).filter(|&row| compared[sample.time[row as usize] as usize]).collect();
    let lost = sample.lost_without(&keep);
    if lost > 0 {
        sample.warnings.push(Warning::new(
            "W805",
            format!(
                "{lost} rows of periods without a control are left out: effects in these periods have no comparison"
            ),
            format!("剔除{lost}个观测：所在时期没有对照，无法识别效应"),
        ));
        sample.keep(&keep);
    }
}

/// The only row of a unit or period says nothing about effects (as in fixest and reghdfe).
fn leave_out_singletons(sample: &mut Staggered, spec: &Spec) {
    if spec.fit.keep_singletons {
        return;
    }
    let weights = sample.design.weights.as_ref();
    let frequency = weights.filter(|w| w.kind == WeightKind::Frequency).map(|w| &w.values[..]);
    let Some((rows, removed)) = singletons(&sample.design.effects, frequency, sample.design.copies()) else { return };
    let names: Vec<String> = sample.design.effects.iter().map(|effect| effect.by.name.clone()).collect();
    sample.keep_for(&rows, names.into_iter().map(Reason::Singleton).zip(removed).collect());
}
