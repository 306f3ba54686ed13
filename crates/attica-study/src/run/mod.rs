//! From a study file to results: read, join, derive, code the policy, run the steps.

mod card;
mod derive;
mod gather;
mod treatment;

use std::path::Path;

use attica::frame::{Column, Frame};
use attica::ledger::Ledger;
use attica::message::{Problem, Warning};
use attica::panel::Panel;

use crate::results::{IndexResult, Join, Source};
use crate::studyfile::{self, StudyFile, StudySource};

pub use card::panel_card;
pub use derive::build as build_index;
pub use treatment::{Treatment, treatment};

/// A study's data, ready for its steps. Rows are sorted by unit and time, so that no result depends
/// on the order of the file.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Every column: those of the files, derived variables, indices, and the policy variable.
    pub frame: Frame,
    /// Unit and time of its rows.
    pub panel: Panel,
    /// The policy.
    pub treatment: Treatment,
    /// Files.
    pub sources: Vec<Source>,
    /// Joins.
    pub joins: Vec<Join>,
    /// Rows from the first file to the frame.
    pub ledger: Ledger,
    /// Composite indices.
    pub indices: Vec<IndexResult>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Reads and prepares the data of a study. Files are looked for in `folder`.
///
/// # Errors
/// All problems that one stage finds: of the files, of names that no column has (`E603`), of the panel, of the
/// derived variables, of the policy. Later stages do not run on what an earlier one refused.
pub fn prepare(file: &StudyFile, study: &StudySource, folder: &Path) -> Result<Prepared, Vec<Problem>> {
    let gathered = gather::gather(&file.data, study, folder)?;
    let (unit, time) = match (&file.data[0].unit, &file.data[0].time) {
        (Some(unit), Some(time)) => (unit.as_str(), time.as_str()),
        _ => return Err(vec![study.problem("E602", &["data", "0"], "the first table needs unit and time")]),
    };
    let gather::Gathered { frame, sources, joins, mut ledger, mut warnings } = gathered;
    let mut known: Vec<&str> = frame.columns().iter().map(|c| c.name.as_str()).collect();
    known.extend(file.variables.keys().chain(file.index.keys()).map(String::as_str));
    known.push(&file.policy.name);
    let mut problems = studyfile::columns(file, study, &known);
    for (key, name) in [("unit", unit), ("time", time)] {
        if let Err(problem) = frame.column(name) {
            problems.push(problem.at(study.place(&["data", "0", key])));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }

    let at_data = |problem: Problem| vec![gather::pointed(problem, study, &["data", "0"])];
    let (mut frame, mut panel, notes) = sorted(frame, unit, time).map_err(at_data)?;
    warnings.extend(notes);
    let (indices, notes) = derive::derive(file, study, &mut frame, &panel)?;
    warnings.extend(notes);
    if let Some(condition) = &file.r#where {
        let (kept, notes) = gather::filtered(&frame, condition, &mut ledger)
            .map_err(|problem| vec![gather::inside(problem, study, &["where"])])?;
        warnings.extend(notes);
        let again = sorted(kept, unit, time).map_err(at_data)?;
        (frame, panel) = (again.0, again.1);
    }
    let treatment = treatment(&file.policy, &frame, &panel)
        .map_err(|problem| vec![gather::pointed(problem, study, &["policy"])])?;
    let policy = Column::number(&treatment.name, treatment.values.clone());
    frame.set(policy).map_err(|problem| vec![problem])?;
    Ok(Prepared { frame, panel, treatment, sources, joins, ledger, indices, warnings })
}

/// The frame in order of unit and time, with its panel.
fn sorted(frame: Frame, unit: &str, time: &str) -> attica::message::Result<(Frame, Panel, Vec<Warning>)> {
    let (panel, warnings) = Panel::new(&frame, unit, time)?;
    let mut order: Vec<u32> = (0..panel.units.len() as u32).collect();
    let number = |u: u32| panel.units[u as usize].parse::<f64>().ok();
    order.sort_by(|&a, &b| match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y),
        _ => panel.units[a as usize].cmp(&panel.units[b as usize]),
    });
    let rows: Vec<u32> = order
        .iter()
        .flat_map(|&u| (0..panel.times.len()).filter_map(move |t| Some((u, t))))
        .filter_map(|(u, t)| panel.row(u, t))
        .map(|r| r as u32)
        .collect();
    if rows.iter().enumerate().all(|(i, &row)| i == row as usize) {
        return Ok((frame, panel, warnings));
    }
    let frame = frame.take(&rows);
    let (panel, _) = Panel::new(&frame, unit, time)?;
    Ok((frame, panel, warnings))
}
