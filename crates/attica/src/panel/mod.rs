//! Unit and time, and when each unit adopts the policy.

mod adoption;
mod describe;
mod examine;
mod index;
mod labels;
#[cfg(test)]
mod tests;
mod time;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use adoption::varies_within;
pub use describe::Shape;
pub(crate) use index::{check_ids, duplicated, one_period, refuse_missing};
pub use labels::Labels;
pub use time::read_times;

/// When a unit adopts the policy. Times are those of the panel's time column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "at", rename_all = "snake_case")]
pub enum Adoption {
    /// Not within the panel nor known to adopt later.
    Never,
    /// First treated in this period, which lies after the first one of the panel.
    At(f64),
    /// Treated in every period that is seen.
    Always,
    /// Treated, and later not: no single date. What follows decides what to do, and says so.
    Switches,
}

/// A panel's index: rows by unit and time. Rows are those of the frame it was built from.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Name of the unit column.
    pub unit_name: String,
    /// Name of the time column.
    pub time_name: String,
    /// Unit of each row, `0..units.len()`; units are in order of first appearance.
    pub unit: Arc<Vec<u32>>,
    /// Period of each row, `0..times.len()`; times ascend.
    pub time: Arc<Vec<u32>>,
    /// Unit labels as a reader sees them.
    pub units: Labels,
    /// Period values, ascending.
    pub times: Vec<f64>,
    /// The regular distance between periods (1 for years).
    pub step: f64,
    /// Row of (unit, period), unit-major: `row[unit * times.len() + period]`, or [`Panel::NO_ROW`].
    pub row: Vec<u32>,
    /// For how many units of the data each unit stands; none where for itself.
    pub copies: Option<Vec<u32>>,
}

impl Panel {
    /// No row for that unit and period.
    pub const NO_ROW: u32 = u32::MAX;

    /// How many units of the data `units` are.
    pub fn count(&self, units: impl IntoIterator<Item = u32>) -> usize {
        units.into_iter().map(|unit| self.copies.as_ref().map_or(1, |copies| copies[unit as usize] as usize)).sum()
    }

    /// The row of a unit in a period, if the panel has it.
    pub fn row(&self, unit: u32, period: usize) -> Option<usize> {
        let row = self.row[unit as usize * self.times.len() + period];
        (row != Self::NO_ROW).then_some(row as usize)
    }

    /// True when every unit has a row in every period.
    pub fn is_balanced(&self) -> bool {
        self.unit.len() == self.row.len()
    }

    /// The value of the same unit `k` periods earlier (later, if negative), by the calendar: where that
    /// period or row is not there, the result is missing (NaN). One value per row of the frame.
    pub fn shift(&self, values: &[f64], k: i64) -> Vec<f64> {
        let source: Vec<Option<usize>> = self
            .times
            .iter()
            .map(|&t| {
                let wanted = t - k as f64 * self.step;
                self.times.iter().position(|&s| (s - wanted).abs() <= 1e-9 * self.step)
            })
            .collect();
        let before = |(&unit, &time): (&u32, &u32)| {
            source[time as usize].and_then(|t| self.row(unit, t)).map_or(f64::NAN, |row| values[row])
        };
        self.unit.iter().zip(self.time.iter()).map(before).collect()
    }
}
