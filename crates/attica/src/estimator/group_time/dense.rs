//! Averages that carry their own influences, for estimators that build some of them themselves.

use super::{Aggregation, At, Cell, CellRow, Combination, Combinations, EventTimes, GroupTime, Inference, Uncertainty};
use crate::estimator::event::{Effect, Simulated};
use crate::estimator::influence::Influences;
use crate::fit::Term;

/// An average effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    /// What it is of; none for an overall effect.
    pub at: Option<At>,
    /// Effect.
    pub estimate: f64,
    /// Influence of each cluster.
    pub influence: Vec<f64>,
    /// Treated units (or rows) behind it.
    pub n: usize,
}

/// One way of averaging: its rows, and one overall effect (none when no cell after adoption was estimated).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Averages {
    /// By cohort, event time or period.
    pub rows: Vec<Average>,
    /// Their average.
    pub overall: Option<Average>,
}

/// [`GroupTime::simple`] of cells.
pub fn simple(cells: &[Cell]) -> Averages {
    averages(cells, GroupTime::simple)
}

/// [`GroupTime::by_group`] of cells.
pub fn by_group(cells: &[Cell]) -> Averages {
    averages(cells, GroupTime::by_group)
}

/// [`GroupTime::by_calendar`] of cells.
pub fn by_calendar(cells: &[Cell]) -> Averages {
    averages(cells, GroupTime::by_calendar)
}

/// [`GroupTime::by_event_time`] of cells.
pub fn by_event_time(cells: &[Cell], kept: EventTimes) -> Averages {
    averages(cells, |effects| effects.by_event_time(kept))
}

fn averages(cells: &[Cell], way: impl Fn(&GroupTime) -> Combinations) -> Averages {
    averages_of(&GroupTime::of_cells(cells), way)
}

/// One way of averaging `effects`, with the influences written out.
pub fn averages_of(effects: &GroupTime, way: impl Fn(&GroupTime) -> Combinations) -> Averages {
    let dense = |row: &Combination| Average {
        at: row.at,
        estimate: row.estimate,
        influence: effects.influences.combined(&row.loads),
        n: row.n,
    };
    let found = way(effects);
    Averages { rows: found.rows.iter().map(dense).collect(), overall: found.overall.as_ref().map(dense) }
}

/// Effects by event time with their plain mean from adoption on.
pub fn over_event_times(rows: Vec<Average>) -> Averages {
    let after: Vec<&Average> = rows.iter().filter(|row| matches!(row.at, Some(At::EventTime(k)) if k >= 0)).collect();
    let share = 1.0 / after.len() as f64;
    let clusters = after.iter().map(|row| row.influence.len()).max().unwrap_or(0);
    let mut influence = vec![0.0; clusters];
    for row in &after {
        influence.iter_mut().zip(&row.influence).for_each(|(sum, value)| *sum += share * value);
    }
    let overall = (!after.is_empty()).then(|| Average {
        at: None,
        estimate: after.iter().map(|row| share * row.estimate).sum(),
        influence,
        n: after.iter().map(|row| row.n).sum(),
    });
    Averages { rows, overall }
}

impl Averages {
    /// Covariance of the rows, row by row.
    pub fn covariance(&self) -> Vec<Vec<f64>> {
        let influences: Vec<&[f64]> = self.rows.iter().map(|row| &row.influence[..]).collect();
        let covariance = Influences::of_columns(&influences).covariance();
        let n = self.rows.len();
        (0..n).map(|i| (0..n).map(|j| covariance[(i, j)]).collect()).collect()
    }

    /// The rows of an average by event time as an event study holds them.
    pub fn effects(&self) -> Vec<Effect> {
        self.rows.iter().filter_map(|row| Effect::at(row.at?, row.estimate, row.n)).collect()
    }

    /// Standard errors, intervals and bands; none without anything to average.
    pub fn rows_with(&self, term: &str, inference: &Inference) -> Option<Aggregation> {
        let (uncertainty, averages) = self.separate(inference);
        uncertainty.aggregation(term, &averages)
    }

    /// [`Averages::rows_with`] a band whose critical value is known.
    pub fn rows_within(&self, term: &str, inference: &Inference, sup_t: Option<f64>) -> Option<Aggregation> {
        let (uncertainty, averages) = self.separate(inference);
        uncertainty.aggregation_within(term, &averages, sup_t)
    }

    fn separate(&self, inference: &Inference) -> (Uncertainty, Combinations) {
        let all: Vec<&Average> = self.rows.iter().chain(&self.overall).collect();
        let (uncertainty, mut rows) = separate(&all, *inference);
        let overall = self.overall.is_some().then(|| rows.pop()).flatten();
        (uncertainty, Combinations { rows, overall })
    }
}

impl Inference {
    /// Bootstrap standard errors and the critical value of their band; none when inference is analytical.
    pub fn simulate(&self, influences: &[&[f64]]) -> Option<Simulated> {
        let draws = self.bootstrap?;
        Some(super::inference::simulated(&Influences::of_columns(influences).draws(draws, self.seed), self))
    }

    /// An effect as a term; none without a positive standard error.
    pub fn term(&self, name: &str, average: &Average) -> Option<Term> {
        let (uncertainty, rows) = separate(&[average], *self);
        uncertainty.term(name, rows.first()?)
    }

    /// Cells with their inference.
    pub fn cells(&self, cells: &[Cell]) -> Vec<CellRow> {
        self.cells_of(&GroupTime::of_cells(cells))
    }
}

/// Averages as estimates of their own.
fn separate(averages: &[&Average], inference: Inference) -> (Uncertainty, Vec<Combination>) {
    let influences: Vec<&[f64]> = averages.iter().map(|average| &average.influence[..]).collect();
    let row = |(own, average): (usize, &&Average)| Combination {
        at: average.at,
        estimate: average.estimate,
        loads: (0..averages.len()).map(|column| f64::from(u8::from(column == own))).collect(),
        n: average.n,
    };
    let rows = averages.iter().enumerate().map(row).collect();
    (Uncertainty::new(&Influences::of_columns(&influences), inference), rows)
}
