//! Errors correlated over space (Conley 1999), and over space and time (Hsiang 2010).

use std::collections::BTreeMap;

use nalgebra::DMatrix;
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
    let periods: Vec<Vec<usize>> = periods.into_values().collect();
    let parts: Vec<DMatrix<f64>> =
        periods.into_par_iter().map(|rows| Period::new(of, places, rows, how).meat()).collect();
    let mut meat = parts.into_iter().fold(DMatrix::zeros(k, k), |sum, part| sum + part);
    if let (Some(calendar), 1..) = (calendar, how.lags) {
        meat += super::serial::across_time(of, calendar, how.lags);
    }
    symmetric(&(of.bread * meat * of.bread))
}

/// Rows of one period, sorted into cubes of space whose edge is the chord of the cutoff: what is within the cutoff of a
/// row lies in its own cube or in one of the 26 around it, at any latitude.
struct Period<'a> {
    how: &'a Conley,
    k: usize,
    /// Latitude and longitude of each row, by cube.
    at: Vec<[f64; 2]>,
    /// The same on the unit sphere.
    points: Vec<[f64; 3]>,
    /// k scores of each row.
    scores: Vec<f64>,
    /// Cubes in ascending order, and where their rows begin; one more at the end.
    cubes: Vec<[i32; 3]>,
    starts: Vec<usize>,
    /// Square of the chord of the cutoff.
    reach: f64,
}

impl<'a> Period<'a> {
    fn new(of: Estimate<'_>, places: &[Vec<f64>; 2], rows: Vec<usize>, how: &'a Conley) -> Self {
        let k = of.columns.len();
        // Beyond half of the circumference every place is within reach.
        let chord = 2.0 * (how.cutoff / (2.0 * EARTH)).min(std::f64::consts::FRAC_PI_2).sin();
        let at = |row: usize| [places[0][row], places[1][row]];
        let cube = |point: [f64; 3]| point.map(|x| (x / chord).floor() as i32);
        let mut order: Vec<([i32; 3], usize)> = rows.into_iter().map(|row| (cube(on_sphere(at(row))), row)).collect();
        order.sort_unstable();
        let (mut cubes, mut starts): (Vec<[i32; 3]>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut scores = Vec::with_capacity(k * order.len());
        for (position, &(cube, row)) in order.iter().enumerate() {
            if cubes.last() != Some(&cube) {
                cubes.push(cube);
                starts.push(position);
            }
            let score = of.residuals[row] * of.weights.map_or(1.0, |w| w.values[row]);
            scores.extend(of.columns.iter().map(|column| score * column[row]));
        }
        starts.push(order.len());
        let at: Vec<[f64; 2]> = order.iter().map(|&(_, row)| at(row)).collect();
        let points = at.iter().map(|&place| on_sphere(place)).collect();
        Self { how, k, at, points, scores, cubes, starts, reach: chord * chord }
    }

    fn meat(&self) -> DMatrix<f64> {
        let parts: Vec<DMatrix<f64>> = (0..self.cubes.len()).into_par_iter().map(|cube| self.of_cube(cube)).collect();
        let half = parts.into_iter().fold(DMatrix::zeros(self.k, self.k), |sum, part| sum + part);
        &half + half.transpose()
    }

    /// Half of what pairs add whose first row lies in a cube and whose second one comes later in the order.
    fn of_cube(&self, cube: usize) -> DMatrix<f64> {
        let k = self.k;
        let (mut meat, mut near) = (DMatrix::zeros(k, k), vec![0.0; k]);
        let around = self.around(cube);
        for i in self.starts[cube]..self.starts[cube + 1] {
            let own = &self.scores[i * k..(i + 1) * k];
            near.iter_mut().zip(own).for_each(|(sum, s)| *sum = 0.5 * s);
            for &(from, to) in &around {
                for j in from.max(i + 1)..to {
                    let weight = self.weight(i, j);
                    if weight > 0.0 {
                        near.iter_mut().zip(&self.scores[j * k..]).for_each(|(sum, s)| *sum += weight * s);
                    }
                }
            }
            for (b, n) in near.iter().enumerate() {
                for (a, s) in own.iter().enumerate() {
                    meat[(a, b)] += s * n;
                }
            }
        }
        meat
    }

    /// Rows of a cube and of those around it that come later.
    fn around(&self, cube: usize) -> Vec<(usize, usize)> {
        let [x, y, z] = self.cubes[cube];
        let mut found = Vec::new();
        for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
            // The three cubes along the last axis are neighbours in the order too.
            let from = self.cubes.partition_point(|other| *other < [x + dx, y + dy, z - 1]);
            let to = self.cubes.partition_point(|other| *other <= [x + dx, y + dy, z + 1]);
            if to > cube && from < to {
                found.push((self.starts[from.max(cube)], self.starts[to]));
            }
        }
        found
    }

    /// Weight of a pair of rows.
    fn weight(&self, i: usize, j: usize) -> f64 {
        let ([a, b, c], [x, y, z]) = (self.points[i], self.points[j]);
        let square = (a - x).powi(2) + (b - y).powi(2) + (c - z).powi(2);
        if square > self.reach * (1.0 + 1e-9) {
            return 0.0;
        }
        // The edge is decided by the formula that users know.
        if square > self.reach * (1.0 - 1e-9) {
            return self.how.weight(distance(self.at[i], self.at[j]));
        }
        self.how.weight(2.0 * EARTH * (0.5 * square.sqrt()).min(1.0).asin())
    }
}

/// A place on the unit sphere.
fn on_sphere([latitude, longitude]: [f64; 2]) -> [f64; 3] {
    let (latitude, longitude) = (latitude.to_radians(), longitude.to_radians());
    [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
}

/// Places that the usual cutoff looks at.
const PLACES: usize = 1500;

/// A cutoff for places that nobody gave one: the median over places of the distance to the tenth nearest other
/// place, rounded up to two digits. Of many places every m-th is looked at. `None` with fewer than two places.
pub fn usual_cutoff(places: &[Vec<f64>; 2]) -> Option<f64> {
    let bits = |row: usize| [places[0][row].to_bits(), places[1][row].to_bits()];
    let mut rows: Vec<usize> = (0..places[0].len()).filter(|&row| places[0][row] + places[1][row] < 1e3).collect();
    rows.sort_unstable_by_key(|&row| bits(row));
    rows.dedup_by_key(|row| bits(*row));
    let at = |row: usize| [places[0][row], places[1][row]];
    let looked_at = rows.iter().step_by(rows.len().div_ceil(PLACES).max(1));
    let mut tenth: Vec<f64> = looked_at
        .filter_map(|&from| {
            let others = rows.iter().filter(|to| **to != from);
            let mut far: Vec<f64> = others.map(|&to| distance(at(from), at(to))).collect();
            far.sort_unstable_by(f64::total_cmp);
            far.get(9).or(far.last()).copied()
        })
        .collect();
    tenth.sort_unstable_by(f64::total_cmp);
    let median = *tenth.get(tenth.len() / 2)?;
    let step = 10_f64.powf(median.log10().floor() - 1.0);
    (median > 0.0).then(|| (median / step).ceil() * step)
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
