//! Errors correlated over time: Newey-West within units, Driscoll-Kraay across units and time, Bartlett
//! kernel. Lags count periods of the calendar, so a gap is a gap.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};

use super::Estimate;
use super::leverage::symmetric;
use crate::design::{Codes, Periods};

/// Unit and time of each row.
#[derive(Clone, Copy)]
pub struct Calendar<'a> {
    /// Unit.
    pub unit: &'a Codes,
    /// Time.
    pub time: &'a Periods,
}

impl Calendar<'_> {
    /// Distinct times, ascending.
    pub fn times(&self) -> Vec<f64> {
        self.time.used()
    }

    /// The lag that fixest takes: the fourth root of the number of periods, rounded down, at least one.
    pub fn default_lags(&self) -> usize {
        (self.times().len() as f64).powf(0.25).floor().max(1.0) as usize
    }

    /// Steps from the first period to that of each row.
    fn places(&self) -> impl Fn(usize) -> i64 + '_ {
        let times = self.times();
        let step = times.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let first = times.first().copied().unwrap_or(0.0);
        let place = |t: &f64| if step.is_finite() { ((t - first) / step).round() as i64 } else { 0 };
        let of_period: Vec<i64> = self.time.times.iter().map(place).collect();
        move |row| of_period[self.time.codes[row] as usize]
    }
}

/// Scores of the rows, summed over those that `key` puts together: one vector of k each, by key.
fn sums<K: Ord>(of: Estimate<'_>, key: impl Fn(usize) -> K) -> BTreeMap<K, DVector<f64>> {
    let mut sums: BTreeMap<K, DVector<f64>> = BTreeMap::new();
    for (row, e) in of.residuals.iter().enumerate() {
        let score = e * of.weights.map_or(1.0, |w| w.values[row]);
        let sum = sums.entry(key(row)).or_insert_with(|| DVector::zeros(of.columns.len()));
        for (j, column) in of.columns.iter().enumerate() {
            sum[j] += score * column[row];
        }
    }
    sums
}

/// What pairs of rows of one unit in different periods add to the meat.
pub(super) fn across_time(of: Estimate<'_>, calendar: Calendar<'_>, lags: usize) -> DMatrix<f64> {
    let place = calendar.places();
    let series = sums(of, |row| (calendar.unit.codes[row], place(row)));
    bartlett(&series, of.columns.len(), lags) - bartlett(&series, of.columns.len(), 0)
}

/// `sum_t s_t s_t' + sum_l (1 - l/(L+1)) sum_t (s_t s_{t-l}' + s_{t-l} s_t')` within each series.
fn bartlett(series: &BTreeMap<(u32, i64), DVector<f64>>, k: usize, lags: usize) -> DMatrix<f64> {
    let mut meat = DMatrix::zeros(k, k);
    for ((unit, time), now) in series {
        meat += now * now.transpose();
        for lag in 1..=lags {
            let Some(past) = series.get(&(*unit, time - lag as i64)) else { continue };
            let weight = 1.0 - lag as f64 / (lags as f64 + 1.0);
            let cross = now * past.transpose();
            meat += (&cross + cross.transpose()) * weight;
        }
    }
    meat
}

/// Newey and West (1987) within each unit, units independent of each other.
pub(super) fn newey_west(of: Estimate<'_>, calendar: Calendar<'_>, lags: usize) -> DMatrix<f64> {
    let place = calendar.places();
    let series = sums(of, |row| (calendar.unit.codes[row], place(row)));
    symmetric(&(of.bread * bartlett(&series, of.columns.len(), lags) * of.bread))
}

/// Driscoll and Kraay (1998): Newey-West on the sums of scores in each period.
pub(super) fn driscoll_kraay(of: Estimate<'_>, calendar: Calendar<'_>, lags: usize) -> DMatrix<f64> {
    let place = calendar.places();
    let series = sums(of, |row| (0, place(row)));
    symmetric(&(of.bread * bartlett(&series, of.columns.len(), lags) * of.bread))
}
