//! Long differences of the outcome: newly treated units and clean controls at every date.

use super::Baseline;
use crate::estimator::staggered::Staggered;
use crate::estimator::timeline::Timeline;

/// Event times whose mean outcome is compared with the baseline; one of them is an ordinary horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub first: i64,
    pub last: i64,
}

/// Outcomes, baselines, controls and weights, units by periods (unit-major, NaN where there is none).
pub(super) struct Changes<'a> {
    pub timeline: &'a Timeline,
    units: usize,
    periods: usize,
    outcome: Vec<f64>,
    base: Vec<f64>,
    /// Periods that changes at each date are measured from.
    base_periods: Vec<Vec<usize>>,
    controls: Vec<Vec<f64>>,
    weight: Vec<f64>,
    /// Cluster of each unit.
    cluster: Vec<u32>,
}

/// The long differences of one span, in the order of units.
#[derive(Default)]
pub(super) struct Rows {
    pub unit: Vec<u32>,
    /// Date of adoption that the row is compared at, an index into the periods.
    pub date: Vec<u32>,
    /// 1 for newly treated, 0 for clean controls.
    pub treated: Vec<f64>,
    pub change: Vec<f64>,
    pub weight: Vec<f64>,
    pub cluster: Vec<u32>,
    /// Controls of the regression, each with a value per row.
    pub controls: Vec<Vec<f64>>,
}

impl<'a> Changes<'a> {
    pub fn new(sample: &Staggered, timeline: &'a Timeline, baseline: Baseline) -> Self {
        let (units, periods) = (sample.units, sample.times.len());
        let outcome = sample.spread(&sample.design.outcome.1);
        let mut weight = sample.spread(&sample.weight);
        // A unit that is not seen at the date itself keeps the weight of its first row.
        for unit in weight.chunks_mut(periods) {
            let first = unit.iter().copied().find(|w| !w.is_nan()).unwrap_or(0.0);
            unit.iter_mut().filter(|w| w.is_nan()).for_each(|w| *w = first);
        }
        let mut cluster = vec![0; units];
        for (unit, code) in sample.unit.iter().zip(sample.cluster.iter()).rev() {
            cluster[*unit as usize] = *code;
        }
        let controls = sample.design.regressors.iter().map(|(_, values)| sample.spread(values)).collect();
        let base_periods = (0..periods).map(|date| base_periods(timeline, baseline, date)).collect();
        let mut changes =
            Self { timeline, units, periods, outcome, base: Vec::new(), base_periods, controls, weight, cluster };
        changes.base = (0..units * periods)
            .map(|cell| {
                let of = &changes.base_periods[cell % periods];
                let seen =
                    |period: &&usize| baseline != Baseline::All || !changes.at(cell / periods, **period).is_nan();
                changes.mean(cell / periods, of.iter().filter(seen))
            })
            .collect();
        changes
    }

    fn at(&self, unit: usize, period: usize) -> f64 {
        self.outcome[unit * self.periods + period]
    }

    /// Mean outcome over `periods`; NaN when one is missing or there is none.
    fn mean<'p>(&self, unit: usize, periods: impl Iterator<Item = &'p usize>) -> f64 {
        let (sum, n) = periods.fold((0.0, 0.0), |(sum, n), &period| (sum + self.at(unit, period), n + 1.0));
        sum / n
    }

    /// The periods of `span` after each date, where the panel has them all.
    fn targets(&self, span: Span) -> Vec<Option<Vec<usize>>> {
        self.timeline.at.iter().map(|at| self.timeline.between(at + span.first, at + span.last)).collect()
    }

    /// The long differences of `span`: units treated from the date on, and controls untreated until the end
    /// of the span (at the date itself for spans before it).
    pub fn rows(&self, span: Span) -> Rows {
        let mut rows = Rows { controls: vec![Vec::new(); self.controls.len()], ..Rows::default() };
        let targets = self.targets(span);
        for unit in 0..self.units {
            let start = self.timeline.start[unit];
            for (date, target) in targets.iter().enumerate() {
                let (Some(target), at) = (target, self.timeline.at[date]) else { continue };
                let (treated, cell) = (start == at, unit * self.periods + date);
                if !treated && !self.timeline.is_clean(start, at + span.last.max(0)) {
                    continue;
                }
                let change = self.mean(unit, target.iter()) - self.base[cell];
                if change.is_nan() || self.controls.iter().any(|x| x[cell].is_nan()) {
                    continue;
                }
                rows.unit.push(unit as u32);
                rows.date.push(date as u32);
                rows.treated.push(f64::from(u8::from(treated)));
                rows.change.push(change);
                rows.weight.push(self.weight[cell]);
                rows.cluster.push(self.cluster[unit]);
                for (column, x) in rows.controls.iter_mut().zip(&self.controls) {
                    column.push(x[cell]);
                }
            }
        }
        rows
    }

    /// The outcomes that the changes `rows` of `all` are made of, in units by periods.
    pub fn used(&self, all: &Rows, rows: &[usize], span: Span) -> Vec<bool> {
        let targets = self.targets(span);
        let mut used = vec![false; self.units * self.periods];
        for &row in rows {
            let (unit, date) = (all.unit[row] as usize, all.date[row] as usize);
            for period in targets[date].iter().flatten().chain(&self.base_periods[date]) {
                used[unit * self.periods + period] = true;
            }
        }
        used
    }
}

/// Periods that changes at `date` are measured from; none when the panel lacks one of them.
fn base_periods(timeline: &Timeline, baseline: Baseline, date: usize) -> Vec<usize> {
    let last = timeline.at[date] + timeline.reference();
    match baseline {
        Baseline::Last => timeline.between(last, last).unwrap_or_default(),
        Baseline::Mean(length) => timeline.between(last + 1 - length as i64, last).unwrap_or_default(),
        Baseline::All => (0..date).filter(|&period| timeline.at[period] <= last).collect(),
    }
}

impl Rows {
    /// Total weight of controls and treated at each date.
    pub fn by_date(&self) -> Vec<[f64; 2]> {
        let dates = self.date.iter().max().map_or(0, |date| *date as usize + 1);
        let mut totals = vec![[0.0; 2]; dates];
        for (row, &date) in self.date.iter().enumerate() {
            totals[date as usize][usize::from(self.treated[row] > 0.0)] += self.weight[row];
        }
        totals
    }

    /// The rows for which `keep` holds.
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.unit.len()).filter(|&row| keep(row)).collect();
        let numbers = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let codes = |values: &[u32]| rows.iter().map(|&row| values[row]).collect::<Vec<u32>>();
        Self {
            unit: codes(&self.unit),
            date: codes(&self.date),
            treated: numbers(&self.treated),
            change: numbers(&self.change),
            weight: numbers(&self.weight),
            cluster: codes(&self.cluster),
            controls: self.controls.iter().map(|x| numbers(x)).collect(),
        }
    }
}
