//! A panel that need not fit into memory, condensed to a small one that says the same to estimators of staggered adoption.
//!
//! Without covariates these know of units with the same adoption and the same rows only how many they are, the mean of
//! their outcome paths and the cross-products of these. One pass numbers units and periods, the next ones add the units
//! up, and a few *stand-ins* per kind of unit, each for a number of units, have the same number, mean and cross-products.
//! What was in memory goes on from there ([`WeightKind::Copies`](crate::design::WeightKind)).

mod cells;
mod flight;
mod survey;

use super::Batches;
use super::piece::beyond;
use crate::estimator::{Estimator, options::Options};
use crate::expr::Expr;
use crate::frame::{Frame, unknown_column};
use crate::ledger::Ledger;
use crate::message::{Problem, Result, Warning};
use cells::Cells;
use flight::Flight;
pub use survey::Survey;

/// Columns of a panel, and which of its rows to keep.
#[derive(Clone, Debug)]
pub struct Roles {
    /// Unit.
    pub unit: String,
    /// Period.
    pub time: String,
    /// Outcome.
    pub outcome: String,
    /// First treated period.
    pub first: Option<String>,
    /// Treatment, 0 or 1 in each row.
    pub treatment: Option<String>,
    /// Rows to keep: those in which the condition is known to hold.
    pub filter: Option<String>,
}

/// A condensed panel.
#[derive(Clone, Debug)]
pub struct Condensed {
    /// Unit, period, outcome and treatment of the stand-ins, and a column with the number of units that each is.
    pub frame: Frame,
    /// That column; none where every unit is there itself.
    pub copies: Option<String>,
    /// Rows of the table, and what the filter took.
    pub ledger: Ledger,
    /// What was noticed of ids, periods and the filter.
    pub warnings: Vec<Warning>,
}

impl Roles {
    /// Columns that the first pass reads, and those of the others.
    ///
    /// # Errors
    /// `E603` unknown columns; `E605` one column in two roles; `E731` a filter that looks at other rows.
    pub fn columns(&self, known: &[String]) -> Result<[Vec<String>; 2]> {
        if self.unit == self.time {
            return Err(Problem::new("E605", format!("column \"{}\" is named as unit and as time", self.unit)));
        }
        let filter = self.filter()?;
        if let Some((expr, function)) = filter.as_ref().and_then(|expr| Some((expr, expr.beyond_its_row()?))) {
            return Err(beyond(format!("{expr}, in which {function}() looks at other rows,"))
                .fix("compute that column where the file is made, or leave --stream out"));
        }
        let index = [Some(&self.unit), Some(&self.time), self.first.as_ref()].into_iter().flatten().map(String::as_str);
        let surveyed: Vec<&str> = index.chain(filter.iter().flat_map(Expr::columns)).collect();
        let own = [Some(&self.outcome), self.treatment.as_ref()].into_iter().flatten().map(String::as_str);
        let all: Vec<&str> = surveyed.iter().copied().chain(own).collect();
        if let Some(unknown) = all.iter().find(|name| !known.iter().any(|known| known == *name)) {
            return Err(unknown_column(unknown, known.iter().map(String::as_str)));
        }
        let once = |names: &[&str]| {
            let mut columns: Vec<String> = Vec::new();
            for name in names {
                if !columns.iter().any(|known| known == name) {
                    columns.push((*name).to_owned());
                }
            }
            columns
        };
        Ok([once(&surveyed), once(&all)])
    }

    fn filter(&self) -> Result<Option<Expr>> {
        self.filter.as_deref().map(Expr::parse).transpose()
    }
}

/// Bytes that a unit takes while its rows are gathered, in a panel of so many periods.
pub fn bytes_in_flight(periods: usize) -> u64 {
    8 + 17 * periods as u64
}

/// Passes that gathering takes with `budget` bytes for units in flight: one where the rows of each unit stand together.
pub fn passes(survey: &Survey, budget: u64) -> usize {
    if survey.together { 1 } else { survey.units().div_ceil(at_a_time(survey, budget)) }
}

fn at_a_time(survey: &Survey, budget: u64) -> usize {
    usize::try_from(budget / bytes_in_flight(survey.times.len())).unwrap_or(usize::MAX).max(1)
}

/// Condenses the panel `roles` of `table`, of which `survey` is the first pass. Units that are no neighbours are gathered
/// in turns, as many at a time as `budget` bytes hold.
///
/// # Errors
/// `E101` several rows of one unit and period; `E201` a first treated period that varies within units; `E301` text where a
/// number is needed; `E302` infinities; `E731` a treatment other than 0 and 1; those of reading.
pub fn condense(table: &impl Batches, roles: &Roles, survey: Survey, budget: u64) -> Result<Condensed> {
    let [_, columns] = roles.columns(table.names())?;
    let filter = roles.filter()?;
    let units = survey.units();
    let step = if survey.together { units } else { at_a_time(&survey, budget) };
    let mut cells = Cells::new(&survey, &roles.unit);
    let mut faults = flight::Faults::default();
    for from in (0..units).step_by(step.max(1)) {
        let mut flight = Flight::new(&survey, from..(from + step).min(units));
        table.pass(
            &columns,
            |frame, first| flight::take(roles, filter.as_ref(), &survey, frame, first),
            |piece| {
                flight.add(&piece, &mut faults);
                if survey.together {
                    flight.land(piece.last_unit(), &mut cells, &mut faults);
                }
                Ok(())
            },
        )?;
        flight.land(u32::MAX, &mut cells, &mut faults);
    }
    faults.refuse(roles, &survey)?;
    let (mut frame, most) = cells.stand_ins(roles, &survey)?;
    let last = frame.columns().len() - 1;
    let copies = (most > 1).then(|| frame.columns()[last].name.clone());
    if copies.is_none() {
        frame = Frame::new(frame.columns()[..last].to_vec())?;
    }
    Ok(Condensed { frame, copies, ledger: survey.ledger, warnings: survey.warnings })
}

/// Refuses an estimator whose answer needs the units one by one.
///
/// # Errors
/// `E731` with what it is and what to do.
pub fn refuse(estimator: &dyn Estimator, options: &Options) -> Result<()> {
    if options.bootstrap.is_some() {
        return Err(beyond("the multiplier bootstrap, which draws units,"));
    }
    match estimator.needs_units(options) {
        Some(why) => Err(beyond(format!("the estimator \"{}\", {why},", estimator.name()))),
        None => Ok(()),
    }
}
