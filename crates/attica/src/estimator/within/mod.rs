//! Least squares on unit effects, period effects, the levels of one category and covariates.
//!
//! Unit effects leave by exact demeaning; what is left is one small dense system, whatever the number of
//! rows. No column of indicators is ever formed: a row knows its period and its level. Influences of
//! clusters on coefficients, and on anything linear in the outcome, come from the same factor.

mod account;
mod alike;
mod factor;
mod influence;
mod system;

use rayon::prelude::*;

pub(super) use account::{Account, connected};
use alike::Alike;
pub(super) use factor::Factor;
use system::Sums;

use crate::frame::Numbers;

/// A row without a level of the category.
pub(super) const NO_LEVEL: u32 = u32::MAX;

/// Units that a thread works on at once.
const UNITS: usize = 1024;

/// Most numbers in all partial sums together: the number of parts follows from what is summed, never from the machine.
const PARTIAL: usize = 1 << 23;

/// Rows of a panel, in any order. Slices have one entry per row.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    /// Level of the unit effect.
    pub unit: &'a [u32],
    /// Number of levels.
    pub units: usize,
    /// Period index.
    pub time: &'a [u32],
    /// Number of periods.
    pub periods: usize,
    /// Outcome.
    pub y: &'a [f64],
    /// Covariates: name and values.
    pub x: &'a [(String, Numbers)],
    /// Positive weights; none where every row weighs one.
    pub weight: Option<&'a [f64]>,
    /// Cluster, `0..clusters`.
    pub cluster: &'a [u32],
    /// Number of clusters.
    pub clusters: usize,
    /// Weights say for how many units, each a cluster, a unit stands.
    pub copies: bool,
}

impl Rows<'_> {
    /// For how many clusters each cluster stands, where it does.
    pub fn copies_of_clusters(&self) -> Option<Vec<f64>> {
        let weight = self.weight.filter(|_| self.copies)?;
        let mut copies = vec![1.0; self.clusters];
        self.cluster.iter().zip(weight).for_each(|(&cluster, weight)| copies[cluster as usize] = *weight);
        Some(copies)
    }

    /// For how many rows a row stands.
    pub fn count(&self, row: usize) -> usize {
        if self.copies { self.weight(row) as usize } else { 1 }
    }

    /// Weight of a row.
    pub fn weight(&self, row: usize) -> f64 {
        self.weight.map_or(1.0, |weight| weight[row])
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// True without rows.
    #[allow(dead_code)] // Whoever sees a length looks for it.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }
}

/// The outcome `y` less that in the first row of its unit. Units that stand for many are few, so that rounding of their
/// levels, on which nothing depends that unit effects leave, would not average out.
pub(super) fn less_first(y: &[f64], unit: &[u32], units: usize) -> Vec<f64> {
    let mut first = vec![f64::NAN; units];
    let less = |(y, &unit): (&f64, &u32)| {
        let first = &mut first[unit as usize];
        if first.is_nan() {
            *first = *y;
        }
        y - *first
    };
    y.iter().zip(unit).map(less).collect()
}

/// Rows by unit, those of a unit in their order.
#[derive(Clone, Debug)]
pub(super) struct ByUnit {
    starts: Vec<u32>,
    /// Those of unit `i` are `rows[starts[i]..starts[i + 1]]`; none where rows stand in the order of units.
    rows: Option<Vec<u32>>,
}

impl ByUnit {
    pub fn new(unit: &[u32], units: usize) -> Self {
        let mut starts = vec![0_u32; units + 1];
        let (mut in_order, mut last) = (true, 0);
        for &i in unit {
            starts[i as usize + 1] += 1;
            in_order &= last <= i;
            last = i;
        }
        for i in 0..units {
            starts[i + 1] += starts[i];
        }
        let sorted = || {
            let (mut next, mut rows) = (starts.clone(), vec![0; unit.len()]);
            for (row, &i) in unit.iter().enumerate() {
                rows[next[i as usize] as usize] = row as u32;
                next[i as usize] += 1;
            }
            rows
        };
        Self { rows: (!in_order).then(sorted), starts }
    }

    /// Rows of a unit.
    pub fn of(&self, unit: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        let places = self.starts[unit] as usize..self.starts[unit + 1] as usize;
        places.map(|place| self.rows.as_ref().map_or(place, |rows| rows[place] as usize))
    }

    /// Values in the order of units as values in the order of rows.
    fn unsorted(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let Some(rows) = &self.rows else { return values.collect() };
        let mut all = vec![0.0; rows.len()];
        rows.iter().zip(values).for_each(|(&row, value)| all[row as usize] = value);
        all
    }
}

/// A fitted regression.
pub(super) struct Within<'a> {
    rows: &'a Rows<'a>,
    /// Rows that the regression is fitted on.
    used: &'a [bool],
    /// Level of each row in the category, or anything beyond; empty without a category.
    level: &'a [u32],
    levels: usize,
    by_unit: &'a ByUnit,
    /// Units that count together, where rows have neither weights nor covariates.
    alike: Option<Alike>,
    /// Weight of each unit's used rows.
    total: Vec<f64>,
    /// Means of outcome and covariates over each unit's used rows, unit by unit.
    means: Vec<f64>,
    /// The system in periods, levels, covariates.
    pub factor: Factor,
    /// One per period, level and covariate.
    pub coefficients: Vec<f64>,
    /// Outcome less fit, of all rows; arbitrary where a unit or period has no used row.
    pub residuals: Vec<f64>,
    /// Units with used rows in several clusters.
    crossing: Vec<u32>,
}

impl<'a> Within<'a> {
    /// Fits the rows `used`; `level` is the category of each row, `levels` its number of levels. What lies beyond them has
    /// no coefficient, but tells apart units that count together ([`Within::summed`]).
    pub fn fit(rows: &'a Rows<'a>, used: &'a [bool], level: &'a [u32], levels: usize, by_unit: &'a ByUnit) -> Self {
        let mut it = Self {
            rows,
            used,
            level,
            levels,
            by_unit,
            alike: None,
            total: Vec::new(),
            means: Vec::new(),
            factor: Factor::new(&[], 0, &[]),
            coefficients: Vec::new(),
            residuals: Vec::new(),
            crossing: Vec::new(),
        };
        (it.total, it.means) = it.unit_means();
        it.alike = Alike::new(&it);
        let Sums { cross, mut moment, raw } = it.sums();
        it.factor = it.factored(&cross, &raw);
        it.factor.solve(&mut moment);
        // One step of refinement: what rounding left of the normal equations.
        let mut correction = it.moments(&moment);
        it.factor.solve(&mut correction);
        add(&mut moment, &correction);
        it.residuals = it.remainder(&moment);
        it.coefficients = moment;
        it.crossing = it.units_that_cross();
        it
    }

    /// Position of covariate `k` among the coefficients.
    pub fn covariate(&self, k: usize) -> usize {
        self.rows.periods + self.levels + k
    }

    /// Position of a level among the coefficients.
    pub fn level(&self, level: usize) -> usize {
        self.rows.periods + level
    }

    /// Number of coefficients.
    pub fn size(&self) -> usize {
        self.covariate(self.rows.x.len())
    }

    /// Regressors with a coefficient, period effects not among them.
    pub fn regressors(&self) -> usize {
        self.factor.kept.iter().filter(|&&j| j >= self.rows.periods).count()
    }

    /// True where the regression identifies a coefficient.
    pub fn is_kept(&self, position: usize) -> bool {
        self.factor.kept.binary_search(&position).is_ok()
    }

    /// Weight of a unit's used rows.
    pub fn unit_weight(&self, unit: usize) -> f64 {
        self.total[unit]
    }

    /// Rows of a unit that the regression is fitted on.
    pub fn used_rows(&self, unit: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        self.by_unit.of(unit).filter(|&row| self.used[row])
    }

    /// Covariate `k` in a row, less its mean over the unit's used rows.
    pub fn deviation(&self, k: usize, row: usize) -> f64 {
        let stride = self.rows.x.len() + 1;
        self.rows.x[k].1[row] - self.means[self.rows.unit[row] as usize * stride + 1 + k]
    }

    /// Rows of a unit.
    pub fn rows_of(&self, unit: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        self.by_unit.of(unit)
    }

    /// Units with used rows in several clusters.
    pub fn crossing(&self) -> impl Iterator<Item = usize> + '_ {
        self.crossing.iter().map(|&unit| unit as usize)
    }

    fn units_that_cross(&self) -> Vec<u32> {
        if self.rows.cluster == self.rows.unit {
            return Vec::new();
        }
        let clusters = |unit: usize| self.used_rows(unit).map(|row| self.rows.cluster[row]);
        let crosses = |unit: &u32| {
            clusters(*unit as usize).next().is_some_and(|home| clusters(*unit as usize).any(|own| own != home))
        };
        (0..self.rows.units as u32).filter(crosses).collect()
    }

    /// Periods and levels of a row, as positions among the coefficients.
    fn dummies(&self, row: usize) -> impl Iterator<Item = usize> {
        let level = self.level.get(row).map_or(self.levels, |level| *level as usize);
        let own = (level < self.levels).then(|| self.level(level));
        std::iter::once(self.rows.time[row] as usize).chain(own)
    }

    /// The units that sums run over, each standing for `times` units; all units, where none are alike.
    fn standing(&self) -> usize {
        self.alike.as_ref().map_or(self.rows.units, Alike::len)
    }

    fn stands_for(&self, i: usize) -> (usize, f64) {
        self.alike.as_ref().map_or((i, 1.0), |alike| alike.unit(i))
    }

    /// Outcome in the row of unit `i` of those that sums run over, the unit's mean taken out: the mean of the units it
    /// stands for.
    fn outcome(&self, i: usize, place: usize, row: usize) -> f64 {
        match &self.alike {
            Some(alike) => alike.outcome(i)[place],
            None => self.rows.y[row] - self.means[i * (self.rows.x.len() + 1)],
        }
    }

    /// Fit of a row by `coefficients`, before the mean of its unit leaves.
    fn linear(&self, coefficients: &[f64], row: usize) -> f64 {
        self.dummies(row).map(|j| coefficients[j]).sum()
    }

    /// Weighted mean of the dummies' part over a unit's used rows.
    pub fn mean_of_dummies(&self, coefficients: &[f64], unit: usize) -> f64 {
        let sum: f64 = self.used_rows(unit).map(|row| self.rows.weight(row) * self.linear(coefficients, row)).sum();
        if self.total[unit] > 0.0 { sum / self.total[unit] } else { 0.0 }
    }

    /// What `coefficients` leave of the outcome `y` in a row, the unit's mean taken out; `mean` is that of its dummies.
    fn left(&self, coefficients: &[f64], y: f64, mean: f64, row: usize) -> f64 {
        let mut rest = y - (self.linear(coefficients, row) - mean);
        for k in 0..self.rows.x.len() {
            rest -= coefficients[self.covariate(k)] * self.deviation(k, row);
        }
        rest
    }

    /// What `coefficients` leave of the outcome in every row.
    fn remainder(&self, coefficients: &[f64]) -> Vec<f64> {
        let stride = self.rows.x.len() + 1;
        let fitted = self.alike.as_ref().map(|alike| alike.fitted(self, coefficients));
        let parts = blocks(self.rows.units, UNITS, |units| {
            let count = self.by_unit.starts[units.end] - self.by_unit.starts[units.start];
            let mut values = Vec::with_capacity(count as usize);
            for unit in units {
                let mean = self.means[unit * stride];
                if let Some(fitted) = &fitted {
                    let own = self.by_unit.of(unit).zip(fitted.of(unit));
                    values.extend(own.map(|(row, fitted)| self.rows.y[row] - mean - fitted));
                } else {
                    let dummies = self.mean_of_dummies(coefficients, unit);
                    let rest = |row| self.left(coefficients, self.rows.y[row] - mean, dummies, row);
                    values.extend(self.by_unit.of(unit).map(rest));
                }
            }
            values
        });
        self.by_unit.unsorted(parts.into_iter().flatten())
    }

    /// `numbers` sums to which `work` adds what each unit contributes, as often as it is told: units that are alike
    /// contribute the same, if what is added depends on the periods, levels, use and weights of their rows alone.
    /// Parts of a fixed number are added in order.
    pub fn summed(&self, numbers: usize, work: impl Fn(usize, f64, &mut [f64]) + Sync) -> Vec<f64> {
        self.summed_in_order(numbers, |i, sums| {
            let (unit, times) = self.stands_for(i);
            work(unit, times, sums);
        })
    }

    fn summed_in_order(&self, numbers: usize, work: impl Fn(usize, &mut [f64]) + Sync) -> Vec<f64> {
        sum_of_parts(self.standing(), numbers, |units| {
            let mut sums = vec![0.0; numbers];
            units.for_each(|i| work(i, &mut sums));
            sums
        })
    }

    /// Moments of what `coefficients` leave with what unit means leave of every column, over the used rows.
    fn moments(&self, coefficients: &[f64]) -> Vec<f64> {
        self.summed_in_order(self.size(), |i, moment| {
            let (unit, times) = self.stands_for(i);
            if self.total[unit] == 0.0 {
                return;
            }
            let mean = self.mean_of_dummies(coefficients, unit);
            for (place, row) in self.by_unit.of(unit).enumerate().filter(|(_, row)| self.used[*row]) {
                let value =
                    times * self.rows.weight(row) * self.left(coefficients, self.outcome(i, place, row), mean, row);
                self.dummies(row).for_each(|j| moment[j] += value);
                for k in 0..self.rows.x.len() {
                    moment[self.covariate(k)] += value * self.deviation(k, row);
                }
            }
        })
    }
}

/// `work` on blocks of a fixed size of `count` units, results in order.
fn blocks<T: Send>(count: usize, size: usize, work: impl Fn(std::ops::Range<usize>) -> T + Sync) -> Vec<T> {
    let block = |i: usize| work(i * size..((i + 1) * size).min(count));
    (0..count.div_ceil(size)).into_par_iter().map(block).collect()
}

/// The sum of the `numbers` that `work` makes of each part of `count` units: parts of a fixed number, added in order.
fn sum_of_parts(count: usize, numbers: usize, work: impl Fn(std::ops::Range<usize>) -> Vec<f64> + Sync) -> Vec<f64> {
    let parts = (PARTIAL / numbers.max(1)).clamp(1, 16);
    let mut parts = blocks(count, count.div_ceil(parts).max(UNITS), work).into_iter();
    let mut sums = parts.next().unwrap_or_else(|| vec![0.0; numbers]);
    parts.for_each(|part| add(&mut sums, &part));
    sums
}

fn add(sum: &mut [f64], values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
