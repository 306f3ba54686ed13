//! The policy moved to an earlier date, in the data from before it.

use crate::design::Design;
use crate::diagnostic::regressor;
use crate::ledger::Reason;
use crate::message::{Problem, Result};

use super::paths::{self, Paths};

/// First treated period (its position) of each unit that has one.
fn adoption(found: &Paths, treatment: &str) -> Result<Vec<(u32, usize)>> {
    if !found.absorbing {
        return Err(Problem::new(
            "E201",
            format!("\"{treatment}\" is no single switch from 0 to 1, so it has no date to move"),
        )
        .fix("leave the placebo kind `time` out"));
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
        *values = column;
    }
    Ok(moved)
}
