//! Units of which not all rows are known yet, and what is wrong with them.

use std::ops::Range;

use super::super::piece::{Component, Piece, beyond, filtered};
use super::Roles;
use super::cells::Cells;
use super::survey::{FIRST, Survey, TIME, UNIT};
use crate::design::rows::infinities;
use crate::expr::Expr;
use crate::frame::{Frame, MISSING};
use crate::message::Result;
use crate::panel::{Labels, duplicated, varies_within};

/// No row of a unit in a period.
const NO_ROW: u64 = u64::MAX;

/// State of a unit in a period: no row, or a row with or without an outcome, and one of three treatments.
pub(super) mod state {
    pub const ABSENT: u8 = 0;
    const PRESENT: u8 = 1;
    const OUTCOME: u8 = 2;

    /// Of a row; `treatment` is 0, 1 or missing.
    pub fn of(outcome: f64, treatment: f64) -> u8 {
        let own = if treatment.is_nan() { 2 } else { u8::from(treatment == 1.0) };
        PRESENT | if outcome.is_nan() { 0 } else { OUTCOME } | own << 2
    }

    pub fn has_outcome(state: u8) -> bool {
        state & OUTCOME != 0
    }

    pub fn treatment(state: u8) -> f64 {
        [0.0, 1.0, f64::NAN][usize::from(state >> 2)]
    }
}

/// The rows of a piece.
pub(super) struct Taken {
    unit: Vec<u32>,
    time: Vec<u32>,
    first: Vec<u32>,
    outcome: Vec<f64>,
    treatment: Option<Vec<f64>>,
    origin: Vec<usize>,
}

impl Taken {
    /// The unit of the last row, which may go on in the next piece.
    pub fn last_unit(&self) -> u32 {
        self.unit.last().copied().unwrap_or(0)
    }
}

/// Reads the rows of `frame`, of which the first is row `first` of the table.
///
/// # Errors
/// `E301` text where a number is needed; `E731` a treatment other than 0 and 1.
pub(super) fn take(roles: &Roles, filter: Option<&Expr>, survey: &Survey, frame: Frame, first: usize) -> Result<Taken> {
    let (frame, origin, _) = filtered(frame, first, filter)?;
    let mut piece = Piece { rows: frame.rows(), used: (0..frame.rows() as u32).collect(), ..Piece::default() };
    for name in [Some(&roles.unit), Some(&roles.time), roles.first.as_ref()].into_iter().flatten() {
        piece.components.push(Component::of(frame.column(name)?));
    }
    let mut codes = survey.coder.look_up(&piece);
    let first = if codes.len() > FIRST { codes.swap_remove(FIRST) } else { vec![MISSING; frame.rows()] };
    let time = codes[TIME].iter().map(|&level| survey.period[level as usize]).collect();
    let treatment = roles.treatment.as_ref().map(|name| frame.numbers(name).map(<[f64]>::to_vec)).transpose()?;
    if let (Some(name), Some(values)) = (&roles.treatment, &treatment)
        && let Some(other) = values.iter().find(|d| !d.is_nan() && **d != 0.0 && **d != 1.0)
    {
        return Err(beyond(format!("a treatment other than 0 and 1 (\"{name}\" is {other})"))
            .fix("leave --stream out, or make a column of 0 and 1 where the file is made"));
    }
    let outcome = frame.numbers(&roles.outcome)?.to_vec();
    Ok(Taken { unit: codes.swap_remove(UNIT), time, first, outcome, treatment, origin })
}

/// Units whose rows are being gathered, and what is known of them.
pub(super) struct Flight {
    units: Range<u32>,
    periods: usize,
    outcome: Vec<f64>,
    row: Vec<u64>,
    state: Vec<u8>,
    /// First treated period, and whether a row has been seen.
    first: Vec<(u32, bool)>,
}

impl Flight {
    pub fn new(survey: &Survey, units: Range<usize>) -> Self {
        let (periods, count) = (survey.times.len(), if survey.together { 0 } else { units.len() });
        Self {
            units: units.start as u32..units.end as u32,
            periods,
            outcome: vec![f64::NAN; count * periods],
            row: vec![NO_ROW; count * periods],
            state: vec![state::ABSENT; count * periods],
            first: vec![(MISSING, false); count],
        }
    }

    /// Adds the rows of the units in flight.
    pub fn add(&mut self, piece: &Taken, faults: &mut Faults) {
        for (row, &unit) in piece.unit.iter().enumerate().filter(|(_, unit)| self.units.contains(unit)) {
            let at = (unit - self.units.start) as usize;
            if at >= self.first.len() {
                self.first.resize(at + 1, (MISSING, false));
                self.outcome.resize((at + 1) * self.periods, f64::NAN);
                self.row.resize((at + 1) * self.periods, NO_ROW);
                self.state.resize((at + 1) * self.periods, state::ABSENT);
            }
            let origin = piece.origin[row] as u64;
            let (known, seen) = &mut self.first[at];
            if !*seen {
                (*known, *seen) = (piece.first[row], true);
            } else if *known != piece.first[row] && faults.varying.last() != Some(&unit) {
                faults.varying.push(unit);
            }
            let cell = at * self.periods + piece.time[row] as usize;
            if self.row[cell] != NO_ROW {
                faults.duplicates.push((unit, piece.time[row], self.row[cell], origin));
                continue;
            }
            let outcome = piece.outcome[row];
            if outcome.is_infinite() {
                faults.infinite.push(origin as usize);
            }
            self.row[cell] = origin;
            self.outcome[cell] = outcome;
            self.state[cell] = state::of(outcome, piece.treatment.as_ref().map_or(0.0, |d| d[row]));
        }
    }

    /// Hands over the units before `end`: all of their rows are here.
    pub fn land(&mut self, end: u32, cells: &mut Cells, faults: &mut Faults) {
        let done = (end.min(self.units.end).saturating_sub(self.units.start) as usize).min(self.first.len());
        // The units of a table with faults are of no use.
        if faults.are_none() {
            for at in 0..done {
                let path = at * self.periods..(at + 1) * self.periods;
                let (first, seen) = self.first[at];
                if seen {
                    let unit = self.units.start + at as u32;
                    cells.add(unit, first, &self.state[path.clone()], &self.outcome[path]);
                }
            }
        }
        let rows = done * self.periods;
        self.first.drain(..done);
        self.outcome.drain(..rows);
        self.row.drain(..rows);
        self.state.drain(..rows);
        self.units.start += done as u32;
    }
}

/// What makes a panel unusable.
#[derive(Default)]
pub(super) struct Faults {
    /// Unit, period, first row and later row.
    duplicates: Vec<(u32, u32, u64, u64)>,
    /// Units whose first treated period varies.
    varying: Vec<u32>,
    /// Rows with an infinite outcome.
    infinite: Vec<usize>,
}

impl Faults {
    fn are_none(&self) -> bool {
        self.duplicates.is_empty() && self.varying.is_empty() && self.infinite.is_empty()
    }

    /// # Errors
    /// `E101`, `E201`, `E302`.
    pub fn refuse(mut self, roles: &Roles, survey: &Survey) -> Result<()> {
        if self.are_none() {
            return Ok(());
        }
        let units = Labels::new(survey.coder.column(&roles.unit, UNIT));
        self.duplicates.sort_by_key(|(.., row)| *row);
        if !self.duplicates.is_empty() {
            let place = |&(unit, time, first, again): &(u32, u32, u64, u64)| {
                let (unit, time) = (&units[unit as usize], survey.times[time as usize]);
                format!("{unit} in {time} (rows {} and {})", first + 1, again + 1)
            };
            let shown: Vec<String> = self.duplicates.iter().take(5).map(place).collect();
            return Err(duplicated(&roles.unit, &roles.time, self.duplicates.len(), &shown));
        }
        self.varying.sort_unstable();
        self.varying.dedup();
        if let (Some(name), false) = (&roles.first, self.varying.is_empty()) {
            self.varying.sort_by(|&a, &b| units.compare(a as usize, b as usize));
            let shown: Vec<String> = self.varying.iter().take(5).map(|&unit| units[unit as usize].clone()).collect();
            let more = if self.varying.len() > 5 { ", .." } else { "" };
            return Err(varies_within(name, self.varying.len(), &format!("{}{more}", shown.join(", "))));
        }
        self.infinite.sort_unstable();
        let shown: Vec<String> = self.infinite.iter().take(5).map(|row| (row + 1).to_string()).collect();
        Err(infinities(&roles.outcome, self.infinite.len(), &shown.join(", ")))
    }
}
