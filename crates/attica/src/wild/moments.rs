//! What the bootstrap needs of the rows: cross-products and scores of each cluster.
//!
//! Effects nested in the clusters leave cluster by cluster, in every draw as in the data; so they are taken out once
//! and for all. The others are columns of the model, beside the regressors. In the columns Z that remain, the
//! cluster sums `Z_g'W Z_g` and `Z_g'W u_g` say all about the regression of any draw.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::absorb::{Absorber, is_nested};
use crate::design::{Codes, Effect};
use crate::fit::Fit;
use crate::message::{Problem, Result};
use crate::vcov::inverse;

/// Most levels of effects that are not nested: their cross-products are solved densely.
pub(super) const MOST_LEVELS: usize = 600;

/// Cross-products and scores by cluster, in columns of norm one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moments {
    /// Norm of each of the p columns: levels of the effects that are not nested, then the k regressors.
    pub norms: Vec<f64>,
    /// Generalised inverse of the whole of the cross-products, p x p.
    pub inverse: DMatrix<f64>,
    /// The whole of the cross-products, p x p.
    pub whole: DMatrix<f64>,
    /// `Z_g'W u_g` of the residuals, p for each cluster.
    pub scores: Vec<DVector<f64>>,
    /// `Z_g'W X_g`, p x k for each cluster.
    pub regressors: Vec<DMatrix<f64>>,
    /// `Z_g'W Z_g`, p x p for each cluster, where the jackknife asks for it.
    pub own: Vec<DMatrix<f64>>,
}

/// The rows of each cluster, one cluster after the other.
pub(super) struct Rows {
    order: Vec<u32>,
    ends: Vec<usize>,
}

impl Rows {
    pub fn new(cluster: &Codes) -> Self {
        let mut ends = vec![0; cluster.levels + 1];
        for &g in cluster.codes.iter() {
            ends[g as usize + 1] += 1;
        }
        for g in 0..cluster.levels {
            ends[g + 1] += ends[g];
        }
        let mut next = ends.clone();
        let mut order = vec![0; cluster.codes.len()];
        for (row, &g) in cluster.codes.iter().enumerate() {
            order[next[g as usize]] = row as u32;
            next[g as usize] += 1;
        }
        Self { order, ends }
    }

    pub fn of(&self, g: usize) -> impl Iterator<Item = usize> {
        self.order[self.ends[g]..self.ends[g + 1]].iter().map(|&row| row as usize)
    }
}

/// The columns of effects that are not nested, without writing them out: each row has one value in each block.
struct Written<'a> {
    blocks: Vec<(usize, &'a Codes, Option<&'a [f64]>)>,
    width: usize,
}

impl<'a> Written<'a> {
    fn new(effects: &[&'a Effect]) -> Self {
        let mut blocks = Vec::new();
        let mut width = 0;
        for effect in effects {
            let ones = effect.intercept.then_some(None);
            for values in ones.into_iter().chain(effect.slopes.iter().map(|(_, values)| Some(&values[..]))) {
                blocks.push((width, &effect.by, values));
                width += effect.by.levels;
            }
        }
        Self { blocks, width }
    }

    /// Columns in which a row is not zero, and its values there.
    fn entries(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        self.blocks
            .iter()
            .map(move |(first, by, values)| (first + by.codes[row] as usize, values.map_or(1.0, |values| values[row])))
    }
}

fn split<'a>(fit: &'a Fit, cluster: &Codes) -> (Vec<Effect>, Vec<&'a Effect>) {
    let nested: Vec<bool> = fit.absorbed.iter().map(|effect| is_nested(&effect.by, cluster)).collect();
    let of = |flag: bool| fit.absorbed.iter().zip(&nested).filter(move |(_, nested)| **nested == flag).map(|(e, _)| e);
    (of(true).cloned().collect(), of(false).collect())
}

impl Moments {
    /// Of a regression whose errors are correlated within `cluster`; with `jackknife` also what leaving a cluster
    /// out takes.
    ///
    /// # Errors
    /// `E409` when the effects that are not nested have more than [`MOST_LEVELS`] levels.
    pub fn new(fit: &Fit, cluster: &Codes, jackknife: bool) -> Result<Self> {
        let (nested, effects) = split(fit, cluster);
        let written = Written::new(&effects);
        if written.width > MOST_LEVELS {
            let names: Vec<&str> = effects.iter().map(|e| e.by.name.as_str()).collect();
            return Err(Problem::new(
                "E409",
                format!("each cluster is left out in turn, and the effects {} have {} levels in several clusters, more than {MOST_LEVELS}", names.join(", "), written.width),
            )
            .fix("use type wcr11 or wcu11, absorb fewer effects, or cluster at a level that contains them"));
        }
        let rows = Rows::new(cluster);
        let (t, k) = (written.width, fit.columns.len());
        let weight = |row: usize| fit.weights.as_ref().map_or(1.0, |w| w.values[row]);
        let sums: Vec<(DVector<f64>, DMatrix<f64>)> = (0..cluster.levels)
            .into_par_iter()
            .map(|g| {
                let (mut score, mut cross) = (DVector::zeros(t + k), DMatrix::zeros(t + k, k));
                for row in rows.of(g) {
                    let w = weight(row);
                    let u = w * fit.residuals[row];
                    written.entries(row).for_each(|(i, z)| score[i] += z * u);
                    for j in 0..k {
                        let x = w * fit.columns[j][row];
                        score[t + j] += u * fit.columns[j][row];
                        written.entries(row).for_each(|(i, z)| cross[(i, j)] += z * x);
                        for i in 0..=j {
                            cross[(t + i, j)] += fit.columns[i][row] * x;
                        }
                    }
                }
                for j in 0..k {
                    for i in 0..j {
                        cross[(t + j, i)] = cross[(t + i, j)];
                    }
                }
                (score, cross)
            })
            .collect();
        let (scores, regressors): (Vec<_>, Vec<_>) = sums.into_iter().unzip();
        let between = products(fit, &written, &nested, cluster, jackknife)?;
        let mut own = Vec::new();
        if jackknife {
            own = regressors.iter().enumerate().map(|(g, cross)| joined(&between[g], cross)).collect();
        }
        let mut total = DMatrix::zeros(t + k, t + k);
        for part in &between {
            let mut block = total.view_mut((0, 0), (t, t));
            block += part;
        }
        for cross in &regressors {
            let mut block = total.view_mut((t, t), (k, k));
            block += cross.rows(t, k);
        }
        Ok(Self::scaled(fit, t, total, scores, regressors, own))
    }

    /// Everything in columns of norm one. The regressors are orthogonal to the effects, so the inverse has two blocks.
    fn scaled(
        fit: &Fit,
        t: usize,
        mut whole: DMatrix<f64>,
        mut scores: Vec<DVector<f64>>,
        mut regressors: Vec<DMatrix<f64>>,
        mut own: Vec<DMatrix<f64>>,
    ) -> Self {
        let norms: Vec<f64> = whole.diagonal().iter().map(|v| v.max(0.0).sqrt()).collect();
        let most = norms[..t].iter().copied().fold(0.0, f64::max);
        // A level that the nested effects absorb has nothing left but rounding.
        let shrink: Vec<f64> =
            norms.iter().enumerate().map(|(i, v)| if i < t && *v < 1e-7 * most { 0.0 } else { 1.0 / v }).collect();
        let both = |matrix: &mut DMatrix<f64>, first: usize| {
            for j in 0..matrix.ncols() {
                for i in 0..matrix.nrows() {
                    matrix[(i, j)] *= shrink[i] * shrink[first + j];
                }
            }
        };
        both(&mut whole, 0);
        for matrix in &mut regressors {
            both(matrix, t);
        }
        for matrix in &mut own {
            both(matrix, 0);
        }
        for score in &mut scores {
            score.iter_mut().zip(&shrink).for_each(|(v, shrink)| *v *= shrink);
        }
        let k = norms.len() - t;
        let mut pseudo = DMatrix::zeros(t + k, t + k);
        if t > 0 {
            pseudo.view_mut((0, 0), (t, t)).copy_from(&inverse(whole.view((0, 0), (t, t)).into_owned()).0);
        }
        let bread = DMatrix::from_fn(k, k, |i, j| fit.bread[(i, j)] * norms[t + i] * norms[t + j]);
        pseudo.view_mut((t, t), (k, k)).copy_from(&bread);
        Self { norms, inverse: pseudo, whole, scores, regressors, own }
    }

    /// Columns that are no regressors.
    pub fn effects(&self) -> usize {
        self.norms.len() - self.regressors.first().map_or(0, DMatrix::ncols)
    }
}

/// `[S_g, B'; B, C]` of the products among levels and those with regressors.
fn joined(levels: &DMatrix<f64>, cross: &DMatrix<f64>) -> DMatrix<f64> {
    let (t, k) = (levels.nrows(), cross.ncols());
    let mut own = DMatrix::zeros(t + k, t + k);
    own.view_mut((0, 0), (t, t)).copy_from(levels);
    own.view_mut((0, t), (t + k, k)).copy_from(cross);
    own.view_mut((t, 0), (k, t)).copy_from(&cross.rows(0, t).transpose());
    own
}

/// Products among the written columns once the nested effects are out: one matrix for each cluster, or one in all.
fn products(
    fit: &Fit,
    written: &Written<'_>,
    nested: &[Effect],
    cluster: &Codes,
    by_cluster: bool,
) -> Result<Vec<DMatrix<f64>>> {
    let (t, n) = (written.width, fit.residuals.len());
    let weights = fit.weights.as_ref().map(|w| &w.values[..]);
    let absorber = Absorber::new(nested, weights);
    let count = if by_cluster { cluster.levels } else { 1 };
    let columns: Vec<Vec<f64>> = (0..t)
        .into_par_iter()
        .map(|level| {
            let mut column = vec![0.0; n];
            for row in 0..n {
                column[row] = written.entries(row).filter(|(i, _)| *i == level).map(|(_, z)| z).sum();
            }
            absorber.remove(&mut [&mut column])?;
            let mut sums = vec![0.0; count * t];
            for row in 0..n {
                let value = column[row] * weights.map_or(1.0, |w| w[row]);
                let first = if by_cluster { cluster.codes[row] as usize * t } else { 0 };
                written.entries(row).for_each(|(i, z)| sums[first + i] += z * value);
            }
            Ok(sums)
        })
        .collect::<Result<_>>()?;
    let matrix = |g: usize| DMatrix::from_fn(t, t, |i, j| 0.5 * (columns[j][g * t + i] + columns[i][g * t + j]));
    Ok((0..count).map(matrix).collect())
}
