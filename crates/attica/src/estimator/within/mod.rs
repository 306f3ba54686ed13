//! Least squares on unit effects, period effects, the levels of one category and covariates.
//!
//! Unit effects leave by exact demeaning; what is left is one small dense system, whatever the number of
//! rows. No column of indicators is ever formed: a row knows its period and its level. Influences of
//! clusters on coefficients, and on anything linear in the outcome, come from the same factor.

mod account;
mod factor;
mod influence;
mod system;

use rayon::prelude::*;

pub(super) use account::{Account, connected};
pub(super) use factor::Factor;
use system::Sums;

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
    pub x: &'a [(String, Vec<f64>)],
    /// Positive weights.
    pub weight: &'a [f64],
    /// Cluster, `0..clusters`.
    pub cluster: &'a [u32],
    /// Number of clusters.
    pub clusters: usize,
}

impl Rows<'_> {
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

/// Rows by unit: those of unit `i` are `rows[starts[i]..starts[i + 1]]`, in their order.
#[derive(Clone, Debug)]
pub(super) struct ByUnit {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl ByUnit {
    pub fn new(unit: &[u32], units: usize) -> Self {
        let mut starts = vec![0_u32; units + 1];
        for &i in unit {
            starts[i as usize + 1] += 1;
        }
        for i in 0..units {
            starts[i + 1] += starts[i];
        }
        let mut rows = vec![0; unit.len()];
        if unit.is_sorted() {
            rows.iter_mut().zip(0..).for_each(|(slot, row)| *slot = row);
        } else {
            let mut next = starts.clone();
            for (row, &i) in unit.iter().enumerate() {
                rows[next[i as usize] as usize] = row as u32;
                next[i as usize] += 1;
            }
        }
        Self { starts, rows }
    }

    /// Rows of a unit.
    pub fn of(&self, unit: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        self.rows[self.starts[unit] as usize..self.starts[unit + 1] as usize].iter().map(|&row| row as usize)
    }
}

/// A fitted regression.
pub(super) struct Within<'a> {
    rows: &'a Rows<'a>,
    /// Rows that the regression is fitted on.
    used: &'a [bool],
    /// Level of each row in the category, or [`NO_LEVEL`]; empty without a category.
    level: &'a [u32],
    levels: usize,
    by_unit: &'a ByUnit,
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
    /// Fits the rows `used`; `level` is the category of each row, `levels` its number of levels.
    pub fn fit(rows: &'a Rows<'a>, used: &'a [bool], level: &'a [u32], levels: usize, by_unit: &'a ByUnit) -> Self {
        let mut it = Self {
            rows,
            used,
            level,
            levels,
            by_unit,
            total: Vec::new(),
            means: Vec::new(),
            factor: Factor::new(&[], 0, &[]),
            coefficients: Vec::new(),
            residuals: Vec::new(),
            crossing: Vec::new(),
        };
        (it.total, it.means) = it.unit_means();
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
        let level = self.level.get(row).copied().unwrap_or(NO_LEVEL);
        let own = (level != NO_LEVEL).then(|| self.level(level as usize));
        std::iter::once(self.rows.time[row] as usize).chain(own)
    }

    /// `work` on blocks of units of a fixed size, results in order.
    fn blocks<T: Send>(&self, size: usize, work: impl Fn(std::ops::Range<usize>) -> T + Sync) -> Vec<T> {
        let units = self.rows.units;
        let block = |i: usize| work(i * size..((i + 1) * size).min(units));
        (0..units.div_ceil(size)).into_par_iter().map(block).collect()
    }

    /// Fit of a row by `coefficients`, before the mean of its unit leaves.
    fn linear(&self, coefficients: &[f64], row: usize) -> f64 {
        self.dummies(row).map(|j| coefficients[j]).sum()
    }

    /// Weighted mean of the dummies' part over a unit's used rows.
    pub fn mean_of_dummies(&self, coefficients: &[f64], unit: usize) -> f64 {
        let sum: f64 = self.used_rows(unit).map(|row| self.rows.weight[row] * self.linear(coefficients, row)).sum();
        if self.total[unit] > 0.0 { sum / self.total[unit] } else { 0.0 }
    }

    /// What `coefficients` leave of the outcome in a row; `offset` is the unit's mean outcome less that of its dummies.
    fn left(&self, coefficients: &[f64], offset: f64, row: usize) -> f64 {
        let mut rest = self.rows.y[row] - offset - self.linear(coefficients, row);
        for k in 0..self.rows.x.len() {
            rest -= coefficients[self.covariate(k)] * self.deviation(k, row);
        }
        rest
    }

    fn offset(&self, coefficients: &[f64], unit: usize) -> f64 {
        self.means[unit * (self.rows.x.len() + 1)] - self.mean_of_dummies(coefficients, unit)
    }

    /// What `coefficients` leave of the outcome in every row.
    fn remainder(&self, coefficients: &[f64]) -> Vec<f64> {
        let parts = self.blocks(UNITS, |units| {
            let count = self.by_unit.starts[units.end] - self.by_unit.starts[units.start];
            let mut values = Vec::with_capacity(count as usize);
            for unit in units {
                let offset = self.offset(coefficients, unit);
                values.extend(self.by_unit.of(unit).map(|row| self.left(coefficients, offset, row)));
            }
            values
        });
        let mut all = vec![0.0; self.rows.len()];
        for (&row, value) in self.by_unit.rows.iter().zip(parts.into_iter().flatten()) {
            all[row as usize] = value;
        }
        all
    }

    /// `numbers` sums to which `work` adds what each unit contributes: parts of a fixed number, added in order.
    pub fn summed(&self, numbers: usize, work: impl Fn(usize, &mut [f64]) + Sync) -> Vec<f64> {
        let parts = (PARTIAL / numbers.max(1)).clamp(1, 16);
        let parts = self.blocks(self.rows.units.div_ceil(parts).max(UNITS), |units| {
            let mut sums = vec![0.0; numbers];
            units.for_each(|unit| work(unit, &mut sums));
            sums
        });
        let mut parts = parts.into_iter();
        let mut sums = parts.next().unwrap_or_else(|| vec![0.0; numbers]);
        parts.for_each(|part| add(&mut sums, &part));
        sums
    }

    /// Moments of what `coefficients` leave with what unit means leave of every column, over the used rows.
    fn moments(&self, coefficients: &[f64]) -> Vec<f64> {
        self.summed(self.size(), |unit, moment| {
            if self.total[unit] == 0.0 {
                return;
            }
            let offset = self.offset(coefficients, unit);
            for row in self.used_rows(unit) {
                let value = self.rows.weight[row] * self.left(coefficients, offset, row);
                self.dummies(row).for_each(|j| moment[j] += value);
                for k in 0..self.rows.x.len() {
                    moment[self.covariate(k)] += value * self.deviation(k, row);
                }
            }
        })
    }
}

fn add(sum: &mut [f64], values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
