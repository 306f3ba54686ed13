//! Errors correlated over time: Newey-West within units, Driscoll-Kraay across units and time, Bartlett
//! kernel. Lags count periods of the calendar, so a gap is a gap.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::Estimate;
use super::leverage::symmetric;
use crate::design::{Codes, Periods};
use crate::math::cross::in_chunks;

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

/// Scores of the rows, summed over those of one unit in one period, by unit and period ascending.
struct Series {
    /// Unit and position on the calendar.
    keys: Vec<(u32, i64)>,
    /// k sums of each.
    sums: Vec<f64>,
    k: usize,
}

impl Series {
    /// The series of each unit, or with `together` the one series of all units together.
    fn new(of: Estimate<'_>, calendar: Calendar<'_>, together: bool) -> Self {
        let k = of.columns.len();
        let place = calendar.places();
        let key = |row: usize| (if together { 0 } else { calendar.unit.codes[row] }, place(row));
        let mut order: Vec<(u32, i64, u32)> =
            (0..of.residuals.len()).map(|row| (key(row).0, key(row).1, row as u32)).collect();
        if !order.is_sorted() {
            order.par_sort_unstable();
        }
        let mut keys: Vec<(u32, i64)> = Vec::new();
        let mut sums: Vec<f64> = Vec::new();
        for &(unit, place, row) in &order {
            if keys.last() != Some(&(unit, place)) {
                keys.push((unit, place));
                sums.resize(sums.len() + k, 0.0);
            }
            let row = row as usize;
            let score = of.residuals[row] * of.weights.map_or(1.0, |w| w.values[row]);
            let from = sums.len() - k;
            sums[from..].iter_mut().zip(of.columns).for_each(|(sum, column)| *sum += score * column[row]);
        }
        Self { keys, sums, k }
    }

    fn sums(&self, cell: usize) -> &[f64] {
        &self.sums[cell * self.k..(cell + 1) * self.k]
    }

    /// `sum_t s_t s_t' + sum_l (1 - l/(L+1)) sum_t (s_t s_{t-l}' + s_{t-l} s_t')` within each unit.
    fn bartlett(&self, lags: usize) -> DMatrix<f64> {
        let k = self.k;
        let chunk = |start: usize| {
            let (mut meat, mut past) = (DMatrix::zeros(k, k), vec![0.0; k]);
            for cell in start..(start + crate::math::cross::CHUNK).min(self.keys.len()) {
                let (unit, place) = self.keys[cell];
                let now = self.sums(cell);
                // Half of the period itself: the other half comes with the transpose.
                past.iter_mut().zip(now).for_each(|(sum, s)| *sum = 0.5 * s);
                for earlier in (0..cell).rev() {
                    let (other, then) = self.keys[earlier];
                    let apart = place - then;
                    if other != unit || apart > lags as i64 {
                        break;
                    }
                    let weight = 1.0 - apart as f64 / (lags as f64 + 1.0);
                    past.iter_mut().zip(self.sums(earlier)).for_each(|(sum, s)| *sum += weight * s);
                }
                for (j, p) in past.iter().enumerate() {
                    for (i, s) in now.iter().enumerate() {
                        meat[(i, j)] += s * p;
                    }
                }
            }
            meat
        };
        let half = in_chunks(self.keys.len(), chunk).into_iter().fold(DMatrix::zeros(k, k), |sum, part| sum + part);
        &half + half.transpose()
    }
}

/// What pairs of rows of one unit in different periods add to the meat.
pub(super) fn across_time(of: Estimate<'_>, calendar: Calendar<'_>, lags: usize) -> DMatrix<f64> {
    let series = Series::new(of, calendar, false);
    series.bartlett(lags) - series.bartlett(0)
}

/// Newey and West (1987) within each unit, units independent of each other.
pub(super) fn newey_west(of: Estimate<'_>, calendar: Calendar<'_>, lags: usize) -> DMatrix<f64> {
    symmetric(&(of.bread * Series::new(of, calendar, false).bartlett(lags) * of.bread))
}

/// Driscoll and Kraay (1998): Newey-West on the sums of scores in each period.
pub(super) fn driscoll_kraay(of: Estimate<'_>, calendar: Calendar<'_>, lags: usize) -> DMatrix<f64> {
    symmetric(&(of.bread * Series::new(of, calendar, true).bartlett(lags) * of.bread))
}
