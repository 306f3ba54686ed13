//! Sums over rows in a fixed order, so that the last bit does not depend on the number of threads.

use nalgebra::DMatrix;
use rayon::prelude::*;

/// Rows summed together before chunks are added up in order; also the unit of work of a thread.
pub const CHUNK: usize = 2048;

/// Columns of `rows` values that are worth waking a thread for.
pub(crate) fn columns_worth_a_thread(rows: usize) -> usize {
    (4 * CHUNK).div_ceil(rows.max(1))
}

/// Sum of `a[i] * b[i]`, in eight lanes whose order is fixed.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for (x, y) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    added(lanes) + rest
}

/// Sum of squared deviations from `centre`, in the order of [`dot`].
pub fn squares_about(values: &[f64], centre: f64) -> f64 {
    let (whole, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for values in whole {
        for lane in 0..8 {
            lanes[lane] += (values[lane] - centre) * (values[lane] - centre);
        }
    }
    let rest: f64 = rest.iter().map(|x| (x - centre) * (x - centre)).sum();
    added(lanes) + rest
}

/// The sum of the lanes.
fn added(lanes: [f64; 8]) -> f64 {
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

/// Sum of `w[i] * a[i] * b[i]`; without weights that of `a[i] * b[i]`.
pub fn weighted_dot(a: &[f64], b: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        None => dot(a, b),
        Some(w) => a.iter().zip(b).zip(w).map(|((x, y), w)| w * x * y).sum(),
    }
}

/// Sum of the values, each times its weight.
pub fn weighted_sum(values: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        None => values.chunks(CHUNK).map(|chunk| chunk.iter().sum::<f64>()).sum(),
        Some(w) => dot(values, w),
    }
}

/// Mean of the values under the weights.
pub fn weighted_mean(values: &[f64], weights: Option<&[f64]>) -> f64 {
    let total = weights.map_or(values.len() as f64, |w| weighted_sum(w, None));
    weighted_sum(values, weights) / total
}

/// `A' diag(w) A` (k x k) of `k` columns of n rows: chunks of rows in parallel, added in order.
pub fn cross_products(columns: &[&[f64]], weights: Option<&[f64]>) -> DMatrix<f64> {
    let k = columns.len();
    let rows = columns.first().map_or(0, |c| c.len());
    let chunk = |start: usize| {
        let range = start..(start + CHUNK).min(rows);
        let weights = weights.map(|w| &w[range.clone()]);
        let mut sums = DMatrix::zeros(k, k);
        let mut scaled = Vec::with_capacity(range.len());
        for i in 0..k {
            scaled.clear();
            match weights {
                None => scaled.extend_from_slice(&columns[i][range.clone()]),
                Some(w) => scaled.extend(columns[i][range.clone()].iter().zip(w).map(|(x, w)| x * w)),
            }
            for j in i..k {
                sums[(i, j)] = dot(&scaled, &columns[j][range.clone()]);
            }
        }
        sums
    };
    let mut total = DMatrix::zeros(k, k);
    for part in in_chunks(rows, chunk) {
        total += part;
    }
    total.fill_lower_triangle_with_upper_triangle();
    total
}

/// `work(start)` for every chunk of rows, results in the order of the rows. A few chunks are not
/// worth waking threads for.
pub(crate) fn in_chunks<T: Send>(rows: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let starts = (0..rows.div_ceil(CHUNK)).map(|c| c * CHUNK);
    if rows <= 4 * CHUNK {
        starts.map(work).collect()
    } else {
        starts.collect::<Vec<_>>().into_par_iter().map(&work).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::math::random::stream;

    #[test]
    fn cross_products_do_not_depend_on_threads() {
        let mut s = stream(1, 0);
        let columns: Vec<Vec<f64>> = (0..3).map(|_| (0..20_000).map(|_| s.normal()).collect()).collect();
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let weights: Vec<f64> = (0..20_000).map(|_| s.uniform()).collect();
        let at = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| cross_products(&views, Some(&weights)))
        };
        assert_eq!(at(1), at(8));
        let plain: f64 = (0..20_000).map(|i| columns[0][i] * columns[2][i] * weights[i]).sum();
        assert!((at(1)[(0, 2)] - plain).abs() < 1e-9);
        assert_eq!(at(1)[(0, 2)], at(1)[(2, 0)]);
    }
}
