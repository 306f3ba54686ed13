//! The first pass: which units and periods there are, and whether the rows of each unit stand together.

use super::super::Batches;
use super::super::coder::Coder;
use super::super::piece::{Component, Piece, filtered};
use super::Roles;
use crate::expr::gather_warnings;
use crate::frame::codes::distinct;
use crate::frame::{Column, MISSING, Values};
use crate::ledger::{Ledger, Reason};
use crate::message::{Problem, Result, Warning};
use crate::panel::{Labels, check_ids, one_period, read_times, refuse_missing};

/// Units, periods and first treated periods of a panel.
pub struct Survey {
    pub(super) coder: Coder,
    /// The rows of each unit follow one another.
    pub together: bool,
    /// Periods, ascending.
    pub times: Vec<f64>,
    /// Period of each level of the time column.
    pub(super) period: Vec<u32>,
    pub(super) ledger: Ledger,
    pub(super) warnings: Vec<Warning>,
}

/// Rows of a column without a value: how many, and the first of them.
#[derive(Default)]
struct Missing {
    count: usize,
    first: Vec<usize>,
}

impl Missing {
    fn add(&mut self, component: &Component, origin: &[usize]) {
        for (row, _) in component.codes.iter().enumerate().filter(|(_, code)| **code == MISSING) {
            self.count += 1;
            if self.first.len() < 5 {
                self.first.push(origin[row]);
            }
        }
    }
}

/// Components of the index of a panel.
pub(super) const UNIT: usize = 0;
pub(super) const TIME: usize = 1;
pub(super) const FIRST: usize = 2;

impl Survey {
    /// Goes through `table` once.
    ///
    /// # Errors
    /// `E102` missing unit or time; `E105` times that cannot be ordered; `E108` one period; `E110` numeric ids beyond
    /// 2^53; `E701` no rows; those of [`Roles::columns`].
    pub fn run(table: &impl Batches, roles: &Roles) -> Result<Self> {
        let [columns, _] = roles.columns(table.names())?;
        let filter = roles.filter()?;
        let categories: Vec<Vec<usize>> = (0..2 + usize::from(roles.first.is_some())).map(|at| vec![at]).collect();
        let mut coder = Coder::new(categories.len(), &categories);
        let (mut read, mut lost, mut warnings) = (0, 0, Vec::new());
        let mut missing: [Missing; 2] = Default::default();
        let (mut together, mut last) = (true, 0);
        table.pass(
            &columns,
            |frame, first| {
                let rows = frame.rows();
                let (frame, origin, noticed) = filtered(frame, first, filter.as_ref())?;
                let mut piece =
                    Piece { rows: frame.rows(), used: (0..frame.rows() as u32).collect(), ..Piece::default() };
                for name in [Some(&roles.unit), Some(&roles.time), roles.first.as_ref()].into_iter().flatten() {
                    piece.components.push(Component::of(frame.column(name)?));
                }
                piece.read = rows;
                piece.warnings = noticed;
                Ok((piece, origin))
            },
            |(piece, origin)| {
                read += piece.read;
                lost += piece.read - piece.rows;
                gather_warnings(&mut warnings, piece.warnings.clone());
                missing
                    .iter_mut()
                    .zip(&piece.components)
                    .for_each(|(missing, component)| missing.add(component, &origin));
                for &unit in &coder.learn(&piece)[UNIT] {
                    together &= unit >= last;
                    last = unit;
                }
                Ok(())
            },
        )?;
        let mut ledger = Ledger::new(read);
        ledger.drop_rows(Reason::Filter(roles.filter.clone().unwrap_or_default()), lost);
        if lost == read {
            return Err(Problem::new("E701", "no rows are left for the panel"));
        }
        for (name, missing) in [&roles.unit, &roles.time].into_iter().zip(&missing) {
            refuse_missing(name, missing.count, &missing.first)?;
        }
        check_ids(&coder.column(&roles.unit, UNIT), &mut warnings)?;
        let levels = coder.column(&roles.time, TIME);
        let (values, notes) = read_times(&levels)?;
        warnings.extend(notes);
        let times = distinct(values.iter().map(|time| time + 0.0));
        if times.len() < 2 {
            return Err(one_period(&roles.time, times[0]));
        }
        let period = values.iter().map(|time| times.partition_point(|known| known < time) as u32).collect();
        Ok(Self { coder, together, times, period, ledger, warnings })
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.coder.levels(UNIT)
    }

    /// Rows of the panel.
    pub fn rows(&self) -> usize {
        self.ledger.used
    }

    /// The column of a component in rows with the codes `codes`.
    pub(super) fn cells(&self, name: &str, component: usize, codes: &[u32]) -> Column {
        let levels = self.coder.column(name, component);
        let known = |code: &u32| (*code != MISSING).then_some(*code as usize);
        match &levels.values {
            Values::Number(values) => {
                Column::number(name, codes.iter().map(|code| known(code).map_or(f64::NAN, |at| values[at])).collect())
            }
            Values::Text { levels, .. } => {
                Column::text(name, codes.iter().map(|code| known(code).map(|at| &levels[at])))
            }
        }
    }

    /// Place of each unit in the order in which the panel sorts them; none where they come in it.
    pub(super) fn order(&self, name: &str) -> Option<Vec<u32>> {
        let labels = Labels::new(self.coder.column(name, UNIT));
        let before = |a: u32, b: u32| labels.compare(a as usize, b as usize);
        let units = self.units() as u32;
        if (1..units).all(|unit| before(unit - 1, unit).is_le()) {
            return None;
        }
        let mut sorted: Vec<u32> = (0..units).collect();
        sorted.sort_by(|&a, &b| before(a, b));
        let mut place = vec![0; units as usize];
        sorted.iter().zip(0..).for_each(|(&unit, at)| place[unit as usize] = at);
        Some(place)
    }
}
