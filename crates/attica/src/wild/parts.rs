//! A test written as sums over clusters that are linear in the draw's weights.
//!
//! Let `Z` be the columns of [`Moments`], `P` the inverse of their cross-products, `e_g` the scores of cluster g under
//! the residuals that the bootstrap resamples, and `v_g` its random weight. The coefficients of a draw move by
//! `P sum_h v_h e_h`, and the scores of its residuals are `v_g e_g - Z_g'W Z_g P sum_h v_h e_h`. With directions
//! `d_g` (the column of `P` that the test picks for CRV1, that of the inverse without cluster g for CRV3) the
//! statistic needs, for each cluster, only
//!
//! `m_g = v_g s_g - h_g' sum_h v_h c_h`, `s_g = d_g'e_g`, `c_h = P e_h`, `h_g = Z_g'W Z_g d_g`,
//!
//! and its variance is `sum_g m_g m_g'` (Roodman, MacKinnon, Nielsen and Webb 2019, section 5; MacKinnon, Nielsen
//! and Webb 2023, section 5, for scores and variances of the jackknife).

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::WildKind;
use super::moments::Moments;
use crate::math::triangle::triangle;
use crate::message::{Problem, Result};
use crate::vcov::inverse;

/// Directions whose effect on the variance is below this share of the largest are rounding.
const RANK: f64 = 1e-13;

/// Sums of a draw at one value of the hypothesis, or their change with it; cluster by cluster.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// What each cluster adds to `R b* - r`: q for each.
    pub numerator: Vec<f64>,
    /// `s_g`: q for each.
    pub own: Vec<f64>,
    /// `c_g`: `rank` for each.
    pub shared: Vec<f64>,
}

/// A test of q restrictions, ready for draws.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// Restrictions.
    pub q: usize,
    /// Clusters.
    pub groups: usize,
    /// Length of `c_g`.
    pub rank: usize,
    /// `h_g`: q times `rank` for each cluster. The sum of `h_g h_g'` is diagonal when q is one.
    pub response: Vec<f64>,
    /// One point; or two, of which the second is the change by one standard error of the hypothesised value.
    pub points: Vec<Point>,
    /// `R b - r`.
    pub value: DVector<f64>,
    /// Variance of `R b` in the sample without small-sample factor, q x q.
    pub meat: DMatrix<f64>,
    /// Clusters without which a tested coefficient is not identified.
    pub unidentified: usize,
    /// Share of each cluster in the variation that identifies the first restriction.
    pub leverage: Vec<f64>,
}

/// The points before they are rotated.
pub(super) struct Raw {
    pub numerator: DMatrix<f64>,
    pub own: DMatrix<f64>,
    pub shared: DMatrix<f64>,
}

/// Directions of each cluster, q columns.
enum Directions {
    Same(DMatrix<f64>),
    Own(Vec<DMatrix<f64>>),
}

impl Directions {
    fn of(&self, g: usize) -> &DMatrix<f64> {
        match self {
            Self::Same(directions) => directions,
            Self::Own(directions) => &directions[g],
        }
    }
}

impl Parts {
    /// The test of `R b = r`. With `span`, one restriction is prepared for all hypothesised values: the first point
    /// is the estimate itself, the second one standard error more.
    ///
    /// # Errors
    /// `E607` when the restrictions depend on each other, or have no variance.
    pub fn new(
        moments: &Moments,
        kind: WildKind,
        restrictions: &DMatrix<f64>,
        value: DVector<f64>,
        span: bool,
    ) -> Result<Self> {
        let (t, p) = (moments.effects(), moments.norms.len());
        let (q, k, groups) = (restrictions.nrows(), p - t, moments.scores.len());
        let scaled = DMatrix::from_fn(q, k, |i, j| restrictions[(i, j)] / moments.norms[t + j]);
        let bread = moments.inverse.view((t, t), (k, k));
        let towards = bread * scaled.transpose();
        let crossed = &scaled * &towards;
        let Some(solved) = independent(&crossed) else {
            return Err(Problem::new(
                "E607",
                format!("the {q} restrictions of the wild bootstrap depend on each other"),
            )
            .fix("test fewer, each of which says something new"));
        };

        let mut extended = DMatrix::zeros(q, p);
        extended.view_mut((0, t), (q, k)).copy_from(&scaled);
        let picked = &moments.inverse * extended.transpose();
        let (directions, unidentified) = directions(moments, kind, &extended, &picked);
        let meat = (0..groups)
            .map(|g| directions.of(g).transpose() * &moments.scores[g])
            .fold(DMatrix::zeros(q, q), |sum, m| sum + &m * m.transpose());
        if independent(&meat).is_none() {
            return Err(Problem::new(
                "E607",
                format!("the {q} restrictions have no variance of their own across the {groups} clusters"),
            )
            .fix("test fewer restrictions than there are clusters, of coefficients that vary in several clusters"));
        }

        // Residuals under the null are those of the sample plus X (b - b_r).
        let shift = |value: &DVector<f64>| &towards * &solved * value;
        let scores = |shift: DVector<f64>| -> Vec<DVector<f64>> {
            moments.scores.iter().zip(&moments.regressors).map(|(e, cross)| e + cross * &shift).collect()
        };
        let sets: Vec<Vec<DVector<f64>>> = match (kind.null_imposed, span) {
            (false, _) => vec![moments.scores.clone()],
            (true, false) => vec![scores(shift(&value))],
            (true, true) => {
                let one = shift(&DVector::from_element(1, -meat[(0, 0)].sqrt()));
                vec![moments.scores.clone(), moments.regressors.iter().map(|cross| cross * &one).collect()]
            }
        };
        let null = kind.null_imposed.then(|| null_space(&extended));
        let raw = sets
            .into_iter()
            .map(|scores| {
                let scores = if kind.jackknife_scores { left_out(moments, scores, null.as_ref()) } else { scores };
                let shared = DMatrix::from_columns(&scores.iter().map(|e| &moments.inverse * e).collect::<Vec<_>>());
                let own: Vec<_> = scores.iter().enumerate().map(|(g, e)| directions.of(g).transpose() * e).collect();
                Raw { numerator: &extended * &shared, own: DMatrix::from_columns(&own), shared }
            })
            .collect();
        let response: Vec<DMatrix<f64>> = (0..groups)
            .map(|g| match moments.own.get(g) {
                Some(own) => own * directions.of(g),
                None => &moments.regressors[g] * directions.of(g).rows(t, k),
            })
            .collect();
        let mut leverage: Vec<f64> = moments
            .regressors
            .iter()
            .map(|cross| {
                let first = towards.column(0);
                (first.transpose() * cross.rows(t, k) * first)[(0, 0)]
            })
            .collect();
        let total: f64 = leverage.iter().sum();
        for share in &mut leverage {
            *share /= total;
        }
        Ok(Self { unidentified, leverage, ..Self::assemble(response, raw, value, meat) })
    }

    /// From `h_g` (p x q each) and points, in the basis in which the sum of `h_g h_g'` is diagonal, without the
    /// directions that no cluster responds to.
    pub fn assemble(response: Vec<DMatrix<f64>>, raw: Vec<Raw>, value: DVector<f64>, meat: DMatrix<f64>) -> Self {
        let (groups, q) = (response.len(), value.len());
        let p = response.first().map_or(0, DMatrix::nrows);
        let stacked = DMatrix::from_fn(groups * q, p, |row, i| response[row / q][(i, row % q)]);
        let views: Vec<&[f64]> = (0..p).map(|i| &stacked.as_slice()[i * groups * q..(i + 1) * groups * q]).collect();
        let split = triangle(&views, None).svd(false, true);
        let most = split.singular_values.iter().copied().fold(0.0, f64::max);
        let kept: Vec<usize> = (0..p).filter(|&i| split.singular_values[i] > RANK * most).collect();
        let basis = split.v_t.map_or_else(|| DMatrix::zeros(0, p), |v| v.select_rows(&kept));
        let points = raw
            .into_iter()
            .map(|raw| Point {
                numerator: raw.numerator.as_slice().to_vec(),
                own: raw.own.as_slice().to_vec(),
                shared: (&basis * raw.shared).as_slice().to_vec(),
            })
            .collect();
        let response = (&basis * stacked.transpose()).as_slice().to_vec();
        Self { q, groups, rank: kept.len(), response, points, value, meat, unidentified: 0, leverage: Vec::new() }
    }

    /// Numerator and variance of the draw with the weights `v`, cluster by cluster: for each point the numerators
    /// (q), and the sums of `m m'` (q x q) for each pair of points.
    pub fn sums(&self, v: &[f64]) -> (Vec<DVector<f64>>, Vec<DMatrix<f64>>) {
        let (q, rank) = (self.q, self.rank);
        let weigh = |values: &[f64], width: usize| {
            let mut sum = DVector::zeros(width);
            for (v, own) in v.iter().zip(values.chunks_exact(width.max(1))) {
                sum.iter_mut().zip(own).for_each(|(sum, x)| *sum += v * x);
            }
            sum
        };
        let numerators: Vec<_> = self.points.iter().map(|point| weigh(&point.numerator, q)).collect();
        let shared: Vec<_> = self.points.iter().map(|point| weigh(&point.shared, rank)).collect();
        let pairs: Vec<(usize, usize)> = (0..self.points.len()).flat_map(|y| (0..=y).map(move |x| (x, y))).collect();
        let mut squares = vec![DMatrix::zeros(q, q); pairs.len()];
        let mut moved = vec![DVector::zeros(q); self.points.len()];
        for g in 0..self.groups {
            for ((point, shared), moved) in self.points.iter().zip(&shared).zip(&mut moved) {
                for i in 0..q {
                    let response = &self.response[(g * q + i) * rank..][..rank];
                    let common: f64 = response.iter().zip(shared.iter()).map(|(h, c)| h * c).sum();
                    moved[i] = v[g] * point.own[g * q + i] - common;
                }
            }
            for (square, &(x, y)) in squares.iter_mut().zip(&pairs) {
                square.ger(1.0, &moved[x], &moved[y], 1.0);
            }
        }
        (numerators, squares)
    }
}

/// Inverse of a symmetric matrix, if it has one.
fn independent(matrix: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let scale = matrix.diagonal().map(|v| if v > 0.0 { 1.0 / v.sqrt() } else { 0.0 });
    let scaled = DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] * scale[i] * scale[j]);
    let (inverse, lost) = inverse(scaled);
    (lost.ncols() == 0 && scale.iter().all(|s| *s > 0.0))
        .then(|| DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| inverse[(i, j)] * scale[i] * scale[j]))
}

/// Directions `d_g`, and the number of clusters without which one of them is lost.
fn directions(
    moments: &Moments,
    kind: WildKind,
    extended: &DMatrix<f64>,
    picked: &DMatrix<f64>,
) -> (Directions, usize) {
    if moments.own.is_empty() {
        return (Directions::Same(picked.clone()), 0);
    }
    let without: Vec<(DMatrix<f64>, bool)> = moments
        .own
        .par_iter()
        .map(|own| {
            let (inverse, lost) = inverse(&moments.whole - own);
            (inverse * extended.transpose(), (extended * lost).norm() > 1e-6 * extended.norm())
        })
        .collect();
    let unidentified = without.iter().filter(|(_, lost)| *lost).count();
    if kind.jackknife_variance {
        (Directions::Own(without.into_iter().map(|(direction, _)| direction).collect()), unidentified)
    } else {
        (Directions::Same(picked.clone()), unidentified)
    }
}

/// A basis of the coefficients that satisfy `R b = 0`, in columns.
fn null_space(restrictions: &DMatrix<f64>) -> DMatrix<f64> {
    inverse(restrictions.transpose() * restrictions).1
}

/// Scores under the residuals that each cluster has when the (restricted) regression leaves it out.
fn left_out(moments: &Moments, scores: Vec<DVector<f64>>, null: Option<&DMatrix<f64>>) -> Vec<DVector<f64>> {
    scores
        .into_par_iter()
        .zip(&moments.own)
        .map(|(score, own)| {
            let rest = &moments.whole - own;
            let moved = match null {
                None => inverse(rest).0 * &score,
                Some(null) => null * (inverse(null.transpose() * rest * null).0 * (null.transpose() * &score)),
            };
            score + own * moved
        })
        .collect()
}
