//! Errors correlated over space (Conley 1999), and over space and time (Hsiang 2010).

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::leverage::symmetric;
use super::serial::Calendar;
use super::{Conley, Estimate, Kernel};

/// Mean radius of the earth in km.
const EARTH: f64 = 6371.0;

/// Great-circle distance in km between two places, latitude and longitude in degrees (haversine formula).
pub fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    let [lat_a, lon_a] = a.map(f64::to_radians);
    let [lat_b, lon_b] = b.map(f64::to_radians);
    let half = |x: f64| (x / 2.0).sin().powi(2);
    let h = half(lat_b - lat_a) + lat_a.cos() * lat_b.cos() * half(lon_b - lon_a);
    2.0 * EARTH * h.min(1.0).sqrt().asin()
}

/// Sum over pairs of rows within the cutoff of the same period, weighted by the kernel; with lags also over
/// pairs of rows of one unit in different periods, weighted by Bartlett's kernel in time.
///
/// Rows of a period are sorted by latitude, so that only a band of them is compared.
pub(super) fn covariance(
    of: Estimate<'_>,
    places: &[Vec<f64>; 2],
    calendar: Option<Calendar<'_>>,
    how: &Conley,
) -> DMatrix<f64> {
    let k = of.columns.len();
    let mut periods: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for row in 0..of.residuals.len() {
        let period = calendar.map_or(0, |calendar| calendar.time.codes[row]);
        periods.entry(period).or_default().push(row);
    }
    let at = |row: usize| [places[0][row], places[1][row]];
    let score = |row: usize| {
        let e = of.residuals[row] * of.weights.map_or(1.0, |w| w.values[row]);
        DVector::from_fn(k, |j, _| e * of.columns[j][row])
    };
    let parts: Vec<DMatrix<f64>> = periods
        .into_values()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|mut rows| {
            rows.sort_by(|a, b| places[0][*a].total_cmp(&places[0][*b]).then(a.cmp(b)));
            let scores: Vec<DVector<f64>> = rows.iter().map(|&row| score(row)).collect();
            let band = (how.cutoff / EARTH).to_degrees();
            let mut meat = DMatrix::zeros(k, k);
            for (i, &row) in rows.iter().enumerate() {
                meat += &scores[i] * scores[i].transpose();
                let mut near = DVector::zeros(k);
                for (j, &other) in rows.iter().enumerate().skip(i + 1) {
                    if places[0][other] - places[0][row] > band {
                        break;
                    }
                    near.axpy(how.weight(distance(at(row), at(other))), &scores[j], 1.0);
                }
                let cross = &scores[i] * near.transpose();
                meat += &cross + cross.transpose();
            }
            meat
        })
        .collect();
    let mut meat = parts.into_iter().fold(DMatrix::zeros(k, k), |sum, part| sum + part);
    if let (Some(calendar), 1..) = (calendar, how.lags) {
        meat += super::serial::across_time(of, calendar, how.lags);
    }
    symmetric(&(of.bread * meat * of.bread))
}

impl Conley {
    /// Weight of a pair at a distance in km.
    fn weight(&self, km: f64) -> f64 {
        if km > self.cutoff {
            return 0.0;
        }
        match self.kernel {
            Kernel::Bartlett => 1.0 - km / self.cutoff,
            Kernel::Uniform => 1.0,
        }
    }
}
