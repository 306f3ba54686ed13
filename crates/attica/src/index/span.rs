//! Which rows a minimum, a weight or an ideal point is taken over, and which rows it then serves.

use super::options::{Base, Over};
use crate::message::{Problem, Result};

/// A partition of the rows into groups that share parameters, with the rows these are computed from.
pub(super) struct Spans {
    /// Group of each row.
    pub of_row: Vec<usize>,
    /// Rows that the parameters of a group are computed from.
    pub fit: Vec<Vec<usize>>,
    /// Period of each group; `None` when one group serves all periods.
    pub period: Vec<Option<u32>>,
}

impl Spans {
    pub fn new(over: Over, period: Option<&[u32]>, rows: usize, base: Base) -> Result<Self> {
        let pooled = |fit| Self { of_row: vec![0; rows], fit: vec![fit], period: vec![None] };
        if over == Over::Pooled {
            return Ok(pooled((0..rows).collect()));
        }
        let Some(period) = period else {
            return Err(Problem::new("E602", "an index per period or at a base period needs the period of each row")
                .fix("name the time column, or choose \"pooled\""));
        };
        let mut labels = period.to_vec();
        labels.sort_unstable();
        labels.dedup();
        let rows_of = |label: u32| -> Vec<usize> { (0..rows).filter(|&row| period[row] == label).collect() };
        if over == Over::PerPeriod {
            return Ok(Self {
                of_row: period.iter().map(|p| labels.partition_point(|label| label < p)).collect(),
                fit: labels.iter().map(|&label| rows_of(label)).collect(),
                period: labels.iter().map(|&label| Some(label)).collect(),
            });
        }
        let label = match base {
            Base::First => labels[0],
            Base::At(label) => label,
        };
        let fit = rows_of(label);
        if fit.is_empty() {
            return Err(Problem::new("E607", format!("no complete row lies in the base period {label}")).fix(format!(
                "choose one of {} to {}",
                labels[0],
                labels[labels.len() - 1]
            )));
        }
        Ok(pooled(fit))
    }

    /// " in period 2011" for a group of a period, nothing otherwise.
    pub fn place(&self, group: usize) -> String {
        self.period[group].map_or_else(String::new, |label| format!(" in period {label}"))
    }
}
