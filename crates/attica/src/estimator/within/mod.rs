//! Least squares on unit effects, period effects, the levels of one category and covariates.
//!
//! Unit effects leave by exact demeaning; what is left is one small dense system, whatever the number of
//! rows. No column of indicators is ever formed: a row knows its period and its level. Influences of
//! clusters on coefficients, and on anything linear in the outcome, come from the same factor.

mod account;
mod factor;

use rayon::prelude::*;

pub(super) use account::{Account, connected};
pub(super) use factor::Factor;

/// A row without a level of the category.
pub(super) const NO_LEVEL: u32 = u32::MAX;

/// Units that a thread works on at once.
const UNITS: usize = 1024;

/// Directions that one pass over the rows serves.
const LANES: usize = 8;

/// Most numbers in all partial cross-product matrices together: the number of parts follows from the size of
/// the system, never from that of the machine.
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
    scores: Scores,
}

/// Weighted residuals of the used rows, unit by unit, and their sums with covariates by cluster.
#[derive(Default)]
struct Scores {
    /// A row of each pair of period and level that occurs.
    pairs: Vec<u32>,
    /// Pair of each row.
    pair: Vec<u32>,
    cluster: Vec<u32>,
    value: Vec<f64>,
    /// Covariate by covariate, a sum for each cluster.
    x: Vec<Vec<f64>>,
    /// Units with used rows in several clusters.
    crossing: Vec<u32>,
}

struct Sums {
    cross: Vec<f64>,
    moment: Vec<f64>,
    /// Squares of the columns before unit means left.
    raw: Vec<f64>,
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
            scores: Scores::default(),
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
        it.scores = it.scores();
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

    /// Units with used rows in several clusters.
    pub fn crossing(&self) -> &[u32] {
        &self.scores.crossing
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

    fn unit_means(&self) -> (Vec<f64>, Vec<f64>) {
        let k = self.rows.x.len();
        let parts = self.blocks(UNITS, |units| {
            let (mut total, mut means) = (vec![0.0; units.len()], vec![0.0; units.len() * (k + 1)]);
            for (unit, (total, means)) in units.zip(total.iter_mut().zip(means.chunks_exact_mut(k + 1))) {
                for row in self.used_rows(unit) {
                    let w = self.rows.weight[row];
                    *total += w;
                    means[0] += w * self.rows.y[row];
                    for (mean, (_, x)) in means[1..].iter_mut().zip(self.rows.x) {
                        *mean += w * x[row];
                    }
                }
                if *total > 0.0 {
                    for mean in means {
                        *mean /= *total;
                    }
                }
            }
            (total, means)
        });
        let (mut total, mut means) = (Vec::with_capacity(self.rows.units), Vec::new());
        for (t, m) in parts {
            total.extend(t);
            means.extend(m);
        }
        (total, means)
    }

    /// Cross-products and moments of what unit means leave of periods, levels, covariates and outcome.
    fn sums(&self) -> Sums {
        let size = self.size();
        let parts = (PARTIAL / (size * size).max(1)).clamp(1, 16);
        let mut all = self.blocks(self.rows.units.div_ceil(parts).max(UNITS), |units| self.sums_of(units)).into_iter();
        let zero = || Sums { cross: vec![0.0; size * size], moment: vec![0.0; size], raw: vec![0.0; size] };
        let mut sums = all.next().unwrap_or_else(zero);
        for part in all {
            add(&mut sums.cross, &part.cross);
            add(&mut sums.moment, &part.moment);
            add(&mut sums.raw, &part.raw);
        }
        sums
    }

    fn sums_of(&self, units: std::ops::Range<usize>) -> Sums {
        let (size, covariates) = (self.size(), self.rows.x.len());
        let (mut cross, mut raw) = (vec![0.0; size * size], vec![0.0; size]);
        let mut moment = vec![0.0; size];
        // Weight of each dummy within the unit at hand, and which of them occur.
        let (mut held, mut touched): (Vec<f64>, Vec<usize>) = (vec![0.0; self.covariate(0)], Vec::new());
        let mut x = vec![0.0; covariates];
        for unit in units.filter(|&unit| self.total[unit] > 0.0) {
            let mean = self.means[unit * (covariates + 1)];
            for row in self.used_rows(unit) {
                let w = self.rows.weight[row];
                let y = self.rows.y[row] - mean;
                x.iter_mut().enumerate().for_each(|(k, x)| *x = self.deviation(k, row));
                let time = self.rows.time[row] as usize;
                for j in self.dummies(row) {
                    if held[j] == 0.0 {
                        touched.push(j);
                    }
                    held[j] += w;
                    raw[j] += w;
                    moment[j] += w * y;
                    cross[j * size + j] += w;
                    if j != time {
                        cross[j * size + time] += w;
                    }
                    for (k, x) in x.iter().enumerate() {
                        cross[self.covariate(k) * size + j] += w * x;
                    }
                }
                for (k, xk) in x.iter().enumerate() {
                    let j = self.covariate(k);
                    raw[j] += w * self.rows.x[k].1[row] * self.rows.x[k].1[row];
                    moment[j] += w * xk * y;
                    for (l, xl) in x[..=k].iter().enumerate() {
                        cross[j * size + self.covariate(l)] += w * xk * xl;
                    }
                }
            }
            if !touched.is_sorted() {
                touched.sort_unstable();
            }
            for (at, &j) in touched.iter().enumerate() {
                let share = held[j] / self.total[unit];
                let row = &mut cross[j * size..=j * size + j];
                for &k in &touched[..=at] {
                    row[k] -= share * held[k];
                }
            }
            touched.drain(..).for_each(|j| held[j] = 0.0);
        }
        Sums { cross, moment, raw }
    }

    /// The factor: a covariate is judged by what unit means leave of it, and is none where that is rounding.
    fn factored(&self, cross: &[f64], raw: &[f64]) -> Factor {
        let size = self.size();
        let scale: Vec<f64> = (0..size)
            .map(|j| {
                let own = cross[j * size + j];
                if j < self.covariate(0) {
                    raw[j]
                } else if own > 1e-20 * raw[j] {
                    own
                } else {
                    f64::INFINITY
                }
            })
            .collect();
        Factor::new(cross, size, &scale)
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

    /// Moments of what `coefficients` leave with what unit means leave of every column, over the used rows.
    fn moments(&self, coefficients: &[f64]) -> Vec<f64> {
        let parts = self.blocks(UNITS.max(self.rows.units / 16), |units| {
            let mut moment = vec![0.0; self.size()];
            for unit in units.filter(|&unit| self.total[unit] > 0.0) {
                let offset = self.offset(coefficients, unit);
                for row in self.used_rows(unit) {
                    let value = self.rows.weight[row] * self.left(coefficients, offset, row);
                    self.dummies(row).for_each(|j| moment[j] += value);
                    for k in 0..self.rows.x.len() {
                        moment[self.covariate(k)] += value * self.deviation(k, row);
                    }
                }
            }
            moment
        });
        let mut sum = vec![0.0; self.size()];
        for part in &parts {
            add(&mut sum, part);
        }
        sum
    }

    fn scores(&self) -> Scores {
        let mut scores = Scores { x: vec![vec![0.0; self.rows.clusters]; self.rows.x.len()], ..Scores::default() };
        let periods = self.rows.periods;
        // Periods by levels, the last level standing for none; only pairs that occur get a number.
        let mut number = vec![u32::MAX; periods * (self.levels + 1)];
        let count = self.used.iter().filter(|used| **used).count();
        scores.pair.reserve_exact(count);
        scores.cluster.reserve_exact(count);
        scores.value.reserve_exact(count);
        for unit in 0..self.rows.units {
            let mut home = None;
            let mut crosses = false;
            for row in self.used_rows(unit) {
                let (cluster, value) = (self.rows.cluster[row], self.rows.weight[row] * self.residuals[row]);
                crosses |= *home.get_or_insert(cluster) != cluster;
                let level = self.level.get(row).map_or(self.levels, |level| (*level as usize).min(self.levels));
                let slot = &mut number[level * periods + self.rows.time[row] as usize];
                if *slot == u32::MAX {
                    *slot = scores.pairs.len() as u32;
                    scores.pairs.push(row as u32);
                }
                scores.pair.push(*slot);
                scores.cluster.push(cluster);
                scores.value.push(value);
                for k in 0..self.rows.x.len() {
                    scores.x[k][cluster as usize] += value * self.deviation(k, row);
                }
            }
            if crosses {
                scores.crossing.push(unit as u32);
            }
        }
        scores
    }

    /// For every direction `d`, sums over each cluster of `w e z'd`, `z` the row's columns less their unit means and
    /// `e` its residual: with `d` a column of the inverse, the influence of clusters on that coefficient. Residuals of
    /// a unit sum to zero, so unit means matter only where a unit lies in several clusters.
    pub fn influences(&self, directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
        directions.par_chunks(LANES).flat_map_iter(|block| self.influences_of(block)).collect()
    }

    fn influences_of(&self, directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let Scores { pairs, pair, cluster, value, x, crossing } = &self.scores;
        let lane = |row: u32, i: usize| directions.get(i).map_or(0.0, |d| self.linear(d, row as usize));
        let table: Vec<[f64; LANES]> = pairs.iter().map(|&row| std::array::from_fn(|i| lane(row, i))).collect();
        let mut sums = vec![vec![0.0; self.rows.clusters]; directions.len()];
        // Neighbouring rows mostly share their cluster.
        let mut own = [0.0; LANES];
        let mut last = cluster.first().copied().unwrap_or(0);
        let mut flush = |cluster: u32, own: &mut [f64; LANES]| {
            for (sum, own) in sums.iter_mut().zip(std::mem::take(own)) {
                sum[cluster as usize] += own;
            }
        };
        for ((&pair, &cluster), e) in pair.iter().zip(cluster).zip(value) {
            if cluster != last {
                flush(last, &mut own);
                last = cluster;
            }
            for (own, d) in own.iter_mut().zip(&table[pair as usize]) {
                *own += e * d;
            }
        }
        if !cluster.is_empty() {
            flush(last, &mut own);
        }
        for (direction, sums) in directions.iter().zip(&mut sums) {
            for (k, own) in x.iter().enumerate() {
                let d = direction[self.covariate(k)];
                sums.iter_mut().zip(own).for_each(|(sum, e)| *sum += d * e);
            }
            for &unit in crossing {
                let mean = self.mean_of_dummies(direction, unit as usize);
                self.spread(unit as usize, -mean, sums);
            }
        }
        sums
    }

    /// Adds `w e factor` of a unit's used rows to the sums of their clusters.
    pub fn spread(&self, unit: usize, factor: f64, sums: &mut [f64]) {
        for row in self.used_rows(unit) {
            sums[self.rows.cluster[row] as usize] += self.rows.weight[row] * self.residuals[row] * factor;
        }
    }
}

fn add(sum: &mut [f64], values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
