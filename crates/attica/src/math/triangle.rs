//! Least squares through the triangle R of a QR factorisation: chunks of rows are reduced to small
//! triangles in parallel and the triangles merged in order, so the cross-products, whose condition
//! number is squared, are never formed (Golub and Van Loan 2013, 5.2-5.3; Demmel et al. 2012).

use nalgebra::DMatrix;

use super::cross::{CHUNK, dot, in_chunks};

/// A column that is a combination of columns before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Collinear {
    /// Position of the column.
    pub column: usize,
    /// The columns it consists of, with their coefficients.
    pub of: Vec<(usize, f64)>,
}

/// Solution of a least-squares problem in the columns that are linearly independent.
#[derive(Clone, Debug)]
pub struct LeastSquares {
    /// Independent columns, ascending: of dependent ones the first in order stays.
    pub kept: Vec<usize>,
    /// One per kept column.
    pub coefficients: Vec<f64>,
    /// `(A'WA)^-1` of the kept columns.
    pub inverse: DMatrix<f64>,
    /// Columns left out, and what they consist of.
    pub collinear: Vec<Collinear>,
}

/// The columns with a remainder below this share of their own norm are combinations of others.
const INDEPENDENT: f64 = 1e-10;

/// Regresses `outcome` on `columns` (n rows each) under `weights`. `scale[j]` is the norm that
/// column `j` had before anything was taken out of it: a remainder of rounding size relative to it
/// is no information.
pub fn least_squares(columns: &[&[f64]], outcome: &[f64], weights: Option<&[f64]>, scale: &[f64]) -> LeastSquares {
    let mut all: Vec<&[f64]> = columns.to_vec();
    all.push(outcome);
    solve(triangle(&all, weights), scale)
}

/// [`least_squares`] from the triangle of its columns and, last, its outcome: any matrix R of `k + 1` columns with
/// `R'R = [A y]'W[A y]`.
pub fn solve(mut r: DMatrix<f64>, scale: &[f64]) -> LeastSquares {
    let (m, k) = (r.nrows(), r.ncols() - 1);

    let mut kept: Vec<usize> = Vec::with_capacity(k);
    let mut dependent = Vec::new();
    for j in 0..k {
        let rank = kept.len();
        let norm = |from: usize| r.as_slice()[j * m + from..(j + 1) * m].iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm(rank) <= (INDEPENDENT * norm(0)).max(1e-13 * scale[j]) {
            dependent.push((j, rank));
            continue;
        }
        reflect(r.as_mut_slice(), m, rank, j, j + 1..k + 1);
        kept.push(j);
    }

    let rank = kept.len();
    let solve = |target: usize, size: usize| {
        let mut x: Vec<f64> = (0..size).map(|i| r[(i, target)]).collect();
        for i in (0..size).rev() {
            x[i] /= r[(i, kept[i])];
            for above in 0..i {
                x[above] -= r[(above, kept[i])] * x[i];
            }
        }
        x
    };
    let coefficients = solve(k, rank);
    let collinear = dependent
        .into_iter()
        .map(|(column, size)| {
            let weight = solve(column, size);
            let largest = weight.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            let of = kept.iter().copied().zip(weight).filter(|(_, w)| w.abs() > 1e-8 * largest).collect();
            Collinear { column, of }
        })
        .collect();
    let mut root = DMatrix::zeros(rank, rank);
    for j in 0..rank {
        root[(j, j)] = 1.0 / r[(j, kept[j])];
        for i in (0..j).rev() {
            let sum: f64 = (i + 1..=j).map(|l| r[(i, kept[l])] * root[(l, j)]).sum();
            root[(i, j)] = -sum / r[(i, kept[i])];
        }
    }
    LeastSquares { kept, coefficients, inverse: &root * root.transpose(), collinear }
}

/// Upper triangle R (m x m) with `R'R = A' diag(w) A`, of `m` columns A.
pub fn triangle(columns: &[&[f64]], weights: Option<&[f64]>) -> DMatrix<f64> {
    let m = columns.len();
    let rows = columns.first().map_or(0, |c| c.len());
    let chunk = |start: usize| {
        let range = start..(start + CHUNK).min(rows);
        let mut part = Vec::with_capacity(range.len() * m);
        for column in columns {
            match weights {
                None => part.extend_from_slice(&column[range.clone()]),
                Some(w) => part.extend(column[range.clone()].iter().zip(&w[range.clone()]).map(|(x, w)| x * w.sqrt())),
            }
        }
        reduce(part, range.len(), m)
    };
    in_chunks(rows, chunk).into_iter().reduce(merge).unwrap_or_else(|| DMatrix::zeros(m, m))
}

/// The triangle of all rows, from those of the rows above and below.
pub fn merge(above: DMatrix<f64>, below: DMatrix<f64>) -> DMatrix<f64> {
    let m = above.ncols();
    let mut both = Vec::with_capacity(2 * m * m);
    for j in 0..m {
        both.extend_from_slice(&above.as_slice()[j * m..(j + 1) * m]);
        both.extend_from_slice(&below.as_slice()[j * m..(j + 1) * m]);
    }
    reduce(both, 2 * m, m)
}

/// Triangle of one block of `rows` x `m`, column by column in memory.
fn reduce(mut block: Vec<f64>, rows: usize, m: usize) -> DMatrix<f64> {
    for j in 0..m.min(rows) {
        reflect(&mut block, rows, j, j, j + 1..m);
    }
    DMatrix::from_fn(m, m, |i, j| if i <= j && i < rows { block[j * rows + i] } else { 0.0 })
}

/// Householder reflection that clears column `pivot` below row `from`, applied to the columns
/// `others` as well.
fn reflect(block: &mut [f64], rows: usize, from: usize, pivot: usize, others: std::ops::Range<usize>) {
    let (head, tail) = block.split_at_mut((pivot + 1) * rows);
    let v = &mut head[pivot * rows + from..];
    let norm = dot(v, v).sqrt();
    if norm == 0.0 {
        return;
    }
    let diagonal = if v[0] > 0.0 { -norm } else { norm };
    v[0] -= diagonal;
    // v'v / 2 = norm (norm + |v0|), without cancellation.
    let half = -diagonal * v[0];
    for j in others {
        let start = (j - pivot - 1) * rows + from;
        let column = &mut tail[start..start + v.len()];
        let share = dot(v, column) / half;
        for (x, d) in column.iter_mut().zip(v.iter()) {
            *x -= share * d;
        }
    }
    v.fill(0.0);
    v[0] = diagonal;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::stream;

    fn columns(n: usize, k: usize) -> Vec<Vec<f64>> {
        let mut s = stream(5, 0);
        (0..k).map(|_| (0..n).map(|_| s.normal()).collect()).collect()
    }

    #[test]
    fn a_combination_of_columns_is_named() {
        let x = columns(9_000, 4);
        let sum: Vec<f64> = (0..9_000).map(|i| 2.0 * x[0][i] - 0.5 * x[2][i]).collect();
        let design = [&x[0][..], &x[1], &x[2], &sum];
        let norms = [100.0; 4];
        let fit = least_squares(&design, &x[3], None, &norms);
        assert_eq!(fit.kept, [0, 1, 2]);
        let of = &fit.collinear[0].of;
        assert_eq!((fit.collinear[0].column, of.len(), of[0].0, of[1].0), (3, 2, 0, 2));
        assert!((of[0].1 - 2.0).abs() < 1e-10 && (of[1].1 + 0.5).abs() < 1e-10);
    }

    #[test]
    fn a_column_after_a_dropped_one_is_not_disturbed() {
        let x = columns(500, 4);
        let twice: Vec<f64> = x[0].iter().map(|v| 2.0 * v).collect();
        let with = least_squares(&[&x[0], &twice, &x[1], &x[2]], &x[3], None, &[20.0; 4]);
        let without = least_squares(&[&x[0], &x[1], &x[2]], &x[3], None, &[20.0; 3]);
        assert_eq!(with.kept, [0, 2, 3]);
        for (a, b) in with.coefficients.iter().zip(&without.coefficients) {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn inverse_and_triangle_agree_with_cross_products_under_weights() {
        let x = columns(5_000, 3);
        let w: Vec<f64> = columns(5_000, 1)[0].iter().map(|v| v * v + 0.1).collect();
        let views: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let cross = crate::math::cross::cross_products(&views, Some(&w));
        let fit = least_squares(&views[..2], views[2], Some(&w), &[70.0; 2]);
        let identity = fit.inverse * cross.view((0, 0), (2, 2));
        assert!((identity - DMatrix::identity(2, 2)).norm() < 1e-12);
        let r = triangle(&views, Some(&w));
        assert!((r.transpose() * &r - cross).norm() < 1e-9);
    }

    #[test]
    fn fewer_rows_than_columns_leave_the_first_independent_ones() {
        let x = columns(2, 4);
        let fit = least_squares(&[&x[0], &x[1], &x[2]], &x[3], None, &[1.0; 3]);
        assert_eq!(fit.kept, [0, 1]);
    }
}
