//! What else has to be true for an estimate to be believed: placebo distributions, differences between
//! groups, channels, and descriptions.

pub mod bacon;
pub mod channel;
pub mod describe;
pub mod groups;
pub mod honest;
pub mod joint_index;
pub mod leave_out;
pub mod placebo;
pub mod pretrend;
pub mod rings;
pub mod twfe_weights;
pub mod unit_sums;

use crate::design::{Codes, Design};
use crate::message::{Problem, Result};

/// The rows of a regression with unit and period effects.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Unit of each row, `0..units`; every unit has a row.
    pub unit: &'a [u32],
    /// Number of units.
    pub units: usize,
    /// Period of each row, `0..periods`; every period has a row.
    pub period: &'a [u32],
    /// Number of periods.
    pub periods: usize,
    /// Outcome of each row.
    pub outcome: &'a [f64],
    /// Controls, one slice of rows each.
    pub controls: &'a [&'a [f64]],
    /// Weight of each row (positive), or none.
    pub weights: Option<&'a [f64]>,
}

impl<'a> Rows<'a> {
    /// The rows of `design` with the effects of `unit` and of `period` (`0..periods`), and these of its regressors as
    /// controls.
    pub fn of(
        design: &'a Design,
        unit: &'a Codes,
        period: &'a [u32],
        periods: usize,
        controls: &'a [&'a [f64]],
    ) -> Self {
        Self {
            unit: &unit.codes,
            units: unit.levels,
            period,
            periods,
            outcome: &design.outcome.1,
            controls,
            weights: design.weights.as_ref().map(|w| w.values.as_slice()),
        }
    }
}

/// Period of each row of a design, `0..times.len()`, and the period values, ascending.
///
/// # Errors
/// `E602` when the design does not know unit and time.
pub fn periods(design: &Design) -> Result<(Vec<u32>, Vec<f64>)> {
    let Some((_, time)) = &design.panel else {
        let problem = Problem::new("E602", "this step needs to know the unit and the period of each row");
        return Err(problem.fix("name the unit and the time column"));
    };
    let times = time.used();
    let position: Vec<u32> = time.times.iter().map(|t| times.partition_point(|s| s < t) as u32).collect();
    Ok((time.codes.iter().map(|&code| position[code as usize]).collect(), times))
}

/// The column of a regressor.
///
/// # Errors
/// `E603` with the nearest names.
pub fn regressor<'a>(design: &'a Design, name: &str) -> Result<&'a [f64]> {
    let names = design.regressors.iter().map(|(name, _)| name.as_str());
    let found = design.regressors.iter().find(|(n, _)| n == name);
    found.map(|(_, values)| values.as_slice()).ok_or_else(|| crate::frame::unknown_column(name, names))
}

/// Level of `codes` that each level of `by` lies in; none when a level of `by` has rows in several.
pub(crate) fn nested(by: &[u32], levels: usize, codes: &[u32]) -> Option<Vec<u32>> {
    let mut of = vec![u32::MAX; levels];
    for (&i, &code) in by.iter().zip(codes) {
        let known = &mut of[i as usize];
        if *known != u32::MAX && *known != code {
            return None;
        }
        *known = code;
    }
    Some(of)
}
