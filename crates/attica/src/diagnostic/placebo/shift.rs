//! The policy moved to an earlier date, in the data from before it.

use std::sync::Arc;

use crate::design::{Design, DesignOptions};
use crate::diagnostic::regressor;
use crate::estimator::{Data, Estimate, Estimator, Spec, estimate};
use crate::frame::Column;
use crate::ledger::Reason;
use crate::message::{Problem, Result};
use crate::panel::{Adoption, Panel};

use super::paths::{self, Paths};

/// First treated period (its position) of each unit that has one.
fn adoption(found: &Paths, treatment: &str) -> Result<Vec<(u32, usize)>> {
    if !found.absorbing {
        return Err(no_single_switch(treatment));
    }
    let first = |path: u32| found.paths[path as usize].iter().position(|d| *d != 0.0).unwrap_or(found.times.len());
    Ok(found.truth.treated.iter().map(|&(unit, path)| (unit, first(path))).collect())
}

/// By how many periods the policy can be moved back: some unit must have periods before the false date,
/// and some from it on, that are not truly treated.
///
/// # Errors
/// As [`paths::read`]; `E201` when the treatment has no dates.
pub fn possible_shifts(design: &Design, treatment: &str) -> Result<Vec<u32>> {
    let found = paths::read(design, treatment)?;
    let latest = adoption(&found, treatment)?.iter().map(|(_, first)| *first).max().unwrap_or(0);
    Ok((1..latest as u32).collect())
}

/// The design with adoption `periods` periods earlier and without the truly treated rows.
///
/// # Errors
/// As [`paths::read`]; `E201` when the treatment has no dates.
pub fn earlier(design: &Design, treatment: &str, periods: u32) -> Result<Design> {
    let found = paths::read(design, treatment)?;
    let d = regressor(design, treatment)?;
    let untreated: Vec<u32> = (0..design.rows() as u32).filter(|&row| d[row as usize] == 0.0).collect();
    let units = design.panel.as_ref().map_or(0, |(unit, _)| unit.levels);
    let mut from = vec![usize::MAX; units];
    for (unit, first) in adoption(&found, treatment)? {
        from[unit as usize] = first.saturating_sub(periods as usize);
    }
    let mut moved = design.take(&untreated);
    let lost = design.rows() - untreated.len();
    moved.ledger.drop_rows(Reason::excluded("truly treated", "真实处理观测"), lost);
    let unit = design.panel.as_ref().map_or(&[][..], |(unit, _)| &unit.codes);
    let column = untreated
        .iter()
        .map(|&row| f64::from(u8::from(found.period[row as usize] as usize >= from[unit[row as usize] as usize])))
        .collect();
    if let Some((_, values)) = moved.regressors.iter_mut().find(|(name, _)| name == treatment) {
        *values = Arc::new(column);
    }
    Ok(moved)
}

fn no_single_switch(treatment: &str) -> Problem {
    Problem::new("E201", format!("\"{treatment}\" is no single switch from 0 to 1, so it has no date to move"))
        .fix("leave the placebo kind `time` out")
}

/// Number of the first treated period of each unit; none for units that are never treated.
fn first_periods(data: Data<'_>, spec: &Spec) -> Result<Vec<Option<usize>>> {
    let treatment = data.frame.numbers(&spec.treatment)?;
    let expected = data.panel.treated(data.adoption);
    if treatment.iter().zip(&expected).any(|(d, expected)| !d.is_nan() && d != expected) {
        return Err(no_single_switch(&spec.treatment));
    }
    let number = |adoption: &Adoption| match adoption {
        Adoption::At(g) => Some(data.panel.times.partition_point(|t| t < g)),
        Adoption::Always => Some(0),
        Adoption::Never | Adoption::Switches => None,
    };
    Ok(data.adoption.iter().map(number).collect())
}

/// [`possible_shifts`] on a panel.
///
/// # Errors
/// `E201` when the treatment has no dates.
pub fn possible_shifts_of(data: Data<'_>, spec: &Spec) -> Result<Vec<u32>> {
    let latest = first_periods(data, spec)?.into_iter().flatten().max().unwrap_or(0);
    Ok((1..latest as u32).collect())
}

/// What `estimator` finds when adoption is `periods` periods earlier, without the truly treated rows.
///
/// # Errors
/// `E201` when the treatment has no dates, and those of the estimator on what is left.
pub fn estimate_earlier(estimator: &dyn Estimator, data: Data<'_>, spec: &Spec, periods: u32) -> Result<Estimate> {
    let first = first_periods(data, spec)?;
    let untreated = data.panel.treated(data.adoption);
    let rows: Vec<u32> = (0..data.frame.rows() as u32).filter(|&row| untreated[row as usize] == 0.0).collect();
    let mut frame = data.frame.take(&rows);
    let panel = Panel::new(&frame, &data.panel.unit_name, &data.panel.time_name)?.0;
    let mut adoption = vec![Adoption::Never; panel.units.len()];
    for (&own, &row) in panel.unit.iter().zip(&rows) {
        let false_date =
            first[data.panel.unit[row as usize] as usize].map(|date| date.saturating_sub(periods as usize));
        if let Some(date) = false_date.map(|date| data.panel.times[date]) {
            adoption[own as usize] = if date <= panel.times[0] { Adoption::Always } else { Adoption::At(date) };
        }
    }
    frame.set(Column::number(&spec.treatment, panel.treated(&adoption)))?;
    let keep = |flags: &Vec<bool>| rows.iter().map(|&row| flags[row as usize]).collect();
    let subset = spec.design.subset.as_ref().map(|(reason, flags)| (reason.clone(), keep(flags)));
    let spec = Spec { design: DesignOptions { subset, ..spec.design.clone() }, ..spec.clone() };
    estimate(estimator, Data { frame: &frame, panel: &panel, adoption: &adoption }, &spec)
}
