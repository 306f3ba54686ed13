//! Spillovers by distance: which untreated rows have their nearest treated unit in each ring (Butts 2021, "Difference-in-
//! differences estimation with spatial spillovers").

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::vcov::distance;

/// One 0/1 column per ring: a row is in the ring `(edges[r - 1], edges[r]]` km (the first begins at 0, which it holds) when it
/// is not treated and the nearest row treated in the same period lies there. `places` are latitude and longitude of each row in
/// degrees. Treated rows are in no ring; rows without a place, or without a value of the treatment, are NaN, and treated
/// rows without a place are no one's neighbours. `edges` ascend.
pub fn rings(treated: &[f64], period: &[u32], places: [&[f64]; 2], edges: &[f64]) -> Vec<Vec<f64>> {
    let place = |row: usize| Some([places[0][row], places[1][row]]).filter(|at| at.iter().all(|v| v.is_finite()));
    let mut pilots: BTreeMap<u32, Vec<[f64; 2]>> = BTreeMap::new();
    for (row, at) in (0..treated.len()).filter(|&row| treated[row] > 0.0).filter_map(|row| Some((row, place(row)?))) {
        pilots.entry(period[row]).or_default().push(at);
    }
    let of = |row: usize| -> Option<usize> {
        let at = place(row)?;
        let near = pilots.get(&period[row]).into_iter().flatten().map(|&pilot| distance(at, pilot));
        let near = near.fold(f64::INFINITY, f64::min);
        Some(edges.iter().position(|edge| near <= *edge).unwrap_or(edges.len()))
    };
    let in_ring: Vec<Option<usize>> = (0..treated.len())
        .into_par_iter()
        .map(|row| if treated[row] > 0.0 { Some(edges.len()) } else { of(row).filter(|_| !treated[row].is_nan()) })
        .collect();
    let column = |ring: usize| -> Vec<f64> {
        in_ring.iter().map(|found| found.map_or(f64::NAN, |r| f64::from(u8::from(r == ring)))).collect()
    };
    (0..edges.len()).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places on the equator, one degree is 111.19 km; the pilot at 0 begins in period 1.
    #[test]
    fn the_nearest_treated_row_of_the_period_decides() {
        let longitude = [0.0, 1.0, 2.0, 5.0, f64::NAN];
        let both: Vec<f64> = longitude.iter().chain(&longitude).copied().collect();
        let latitude = vec![0.0; 10];
        let period = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
        let mut treated = [0.0; 10];
        treated[5] = 1.0;
        let found = rings(&treated, &period, [&latitude, &both], &[150.0, 300.0]);
        let before = [0.0, 0.0, 0.0, 0.0];
        assert_eq!(found[0][..4], before);
        assert_eq!(found[1][..4], before);
        assert_eq!(found[0][5..9], [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(found[1][5..9], [0.0, 0.0, 1.0, 0.0]);
        assert!(found.iter().all(|ring| ring[4].is_nan() && ring[9].is_nan()));
    }
}
