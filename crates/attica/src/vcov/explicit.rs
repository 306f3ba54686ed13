//! The regression with its absorbed effects written out: leverages, and what a cluster takes with it when it is left
//! out, depend on all columns of the model, absorbed ones included. Columns exist for one group of rows at a time.

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::Estimate;
use super::leverage::symmetric;
use crate::absorb::Absorber;
use crate::design::{Codes, Effect};
use crate::math::cross::weighted_mean;
use crate::message::{Problem, Result};

/// Most columns that are written out: their cross-products are solved densely.
const MOST_COLUMNS: usize = 3000;
/// Most cells of one group (1 GB), and most products of cells in all (some minutes).
const MOST_CELLS: usize = 1 << 27;
const MOST_PRODUCTS: f64 = 1e12;
/// Eigenvalues below this share of the largest are those of redundant columns.
const RANK: f64 = 1e-10;
/// An eigenvalue of a group's hat matrix above this one belongs to a direction that the group alone fits.
const WHOLE: f64 = 1.0 - 1e-9;
/// Below this trace of a group's hat matrix a power series of it converges in a dozen or two terms.
const SMALL: f64 = 0.25;

/// The model beside the effects that are nested in the groups, which are taken out of the others. Regressors are
/// orthogonal to all effects, so the inverse of all cross-products has two blocks: dummies, and the bread.
pub(super) struct Explicit<'a> {
    of: Estimate<'a>,
    /// Rows of each group, ascending.
    rows: Vec<Vec<u32>>,
    /// Effects written out, and the position of their first column.
    written: Vec<(&'a Effect, usize)>,
    /// Effects taken out.
    taken_out: Vec<Effect>,
    /// Columns written out.
    width: usize,
    /// Generalised inverse of their cross-products.
    inverse: DMatrix<f64>,
}

/// The columns of one group, each row times the root of its weight.
pub(super) struct Block {
    /// Positions of the written columns that occur in the group.
    pub dummies: Vec<usize>,
    /// Those columns, then the regressors: n_g x p_g.
    pub columns: DMatrix<f64>,
    /// Their part of the inverse of all cross-products: the group's part of the hat matrix is `columns inverse columns'`.
    pub inverse: DMatrix<f64>,
    /// `columns inverse`.
    spread: DMatrix<f64>,
}

/// What a group's residuals are corrected by.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Power {
    /// `(I - H)^(-1/2)`.
    Root,
    /// `(I - H)^(-1)`.
    Inverse,
}

impl<'a> Explicit<'a> {
    /// Writes out all effects but those flagged in `taken_out`, each of whose levels lies in one level of `group`.
    ///
    /// # Errors
    /// `E409` when there are too many levels to write out; `E702` when taking effects out fails.
    pub fn new(of: Estimate<'a>, group: &Codes, taken_out: &[bool], purpose: &str) -> Result<Self> {
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); group.levels];
        for (row, &g) in group.codes.iter().enumerate() {
            rows[g as usize].push(row as u32);
        }
        let (mut written, mut width) = (Vec::new(), 0);
        for (effect, _) in of.effects.iter().zip(taken_out).filter(|(_, out)| !**out) {
            written.push((effect, width));
            width += effect.by.levels * per_level(effect);
        }
        let per_row: usize = written.iter().map(|(effect, _)| per_level(effect)).sum();
        let columns = |rows: &Vec<u32>| width.min(rows.len() * per_row) + of.columns.len();
        let cells = rows.iter().map(|rows| rows.len() * columns(rows)).max().unwrap_or(0);
        let products: f64 = rows.iter().map(|rows| rows.len() as f64 * (columns(rows) as f64).powi(2)).sum();
        if width > MOST_COLUMNS || cells > MOST_CELLS || products > MOST_PRODUCTS {
            let names: Vec<&str> = written.iter().map(|(effect, _)| effect.by.name.as_str()).collect();
            let n = of.residuals.len();
            return Err(Problem::new(
                "E409",
                format!("{purpose} needs the leverage of every row, and the effects {} have too many levels for that ({width} columns of {n} rows)", names.join(", ")),
            )
            .fix("use clustered standard errors with the wild bootstrap, or absorb fewer effects"));
        }
        let taken_out = of.effects.iter().zip(taken_out).filter(|(_, out)| **out).map(|(effect, _)| effect.clone());
        let mut model =
            Self { of, rows, written, taken_out: taken_out.collect(), width, inverse: DMatrix::zeros(0, 0) };
        model.inverse = generalised_inverse(model.cross_products()?);
        Ok(model)
    }

    /// Groups.
    pub fn groups(&self) -> usize {
        self.rows.len()
    }

    /// Rows of a group.
    pub fn rows(&self, group: usize) -> &[u32] {
        &self.rows[group]
    }

    /// Columns in all: those written out, then the regressors.
    pub fn width(&self) -> usize {
        self.width + self.of.columns.len()
    }

    /// The inverse of all cross-products times `right`, whose rows are all columns of the model.
    pub fn solve(&self, right: &DMatrix<f64>) -> DMatrix<f64> {
        let k = self.of.columns.len();
        let mut solved = DMatrix::zeros(right.nrows(), right.ncols());
        solved.rows_mut(0, self.width).gemm(1.0, &self.inverse, &right.rows(0, self.width), 0.0);
        solved.rows_mut(self.width, k).gemm(1.0, self.of.bread, &right.rows(self.width, k), 0.0);
        solved
    }

    /// The columns of a group.
    ///
    /// # Errors
    /// `E702` when taking effects out fails.
    pub fn block(&self, group: usize) -> Result<Block> {
        let (dummies, written) = self.dummies(group)?;
        let (q, k) = (dummies.len(), self.of.columns.len());
        let mut columns = written.resize_horizontally(q + k, 0.0);
        for (j, column) in self.of.columns.iter().enumerate() {
            for (i, &row) in self.rows[group].iter().enumerate() {
                columns[(i, q + j)] = column[row as usize] * self.root_weight(row);
            }
        }
        let mut inverse = DMatrix::zeros(q + k, q + k);
        for (j, &to) in dummies.iter().enumerate() {
            for (i, &from) in dummies.iter().enumerate() {
                inverse[(i, j)] = self.inverse[(from, to)];
            }
        }
        inverse.view_mut((q, q), (k, k)).copy_from(self.of.bread);
        let spread = &columns * &inverse;
        Ok(Block { dummies, columns, inverse, spread })
    }

    /// Root of the weight of a row.
    pub fn root_weight(&self, row: u32) -> f64 {
        self.of.weights.map_or(1.0, |w| w.values[row as usize].sqrt())
    }

    /// The written columns that occur in a group, and their values there times the root of the weight.
    fn dummies(&self, group: usize) -> Result<(Vec<usize>, DMatrix<f64>)> {
        let rows = &self.rows[group];
        let mut occurring: Vec<usize> = Vec::new();
        for &(effect, first) in &self.written {
            for part in 0..per_level(effect) {
                let start = first + part * effect.by.levels;
                occurring.extend(rows.iter().map(|&row| start + effect.by.codes[row as usize] as usize));
            }
        }
        occurring.sort_unstable();
        occurring.dedup();
        let mut values = DMatrix::zeros(rows.len(), occurring.len());
        for &(effect, first) in &self.written {
            let ones = effect.intercept.then_some(None);
            let slopes = effect.slopes.iter().map(|(_, values)| Some(values));
            for (part, slope) in ones.into_iter().chain(slopes).enumerate() {
                let start = first + part * effect.by.levels;
                for (i, &row) in rows.iter().enumerate() {
                    let column = start + effect.by.codes[row as usize] as usize;
                    if let Ok(j) = occurring.binary_search(&column) {
                        values[(i, j)] = slope.map_or(1.0, |slope| slope[row as usize]);
                    }
                }
            }
        }
        self.take_out(rows, &mut values)?;
        for (i, &row) in rows.iter().enumerate() {
            let root = self.root_weight(row);
            values.row_mut(i).iter_mut().for_each(|z| *z *= root);
        }
        Ok((occurring, values))
    }

    /// Takes the nested effects out of the columns of a group; they do not reach beyond it.
    fn take_out(&self, rows: &[u32], values: &mut DMatrix<f64>) -> Result<()> {
        let n = rows.len();
        if self.taken_out.is_empty() || values.ncols() == 0 {
            return Ok(());
        }
        let take = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect::<Vec<f64>>();
        let weights = self.of.weights.map(|w| take(&w.values));
        let codes: Vec<Codes> = self.taken_out.iter().map(|effect| within(&effect.by, rows)).collect();
        let views = values.as_mut_slice().chunks_exact_mut(n);
        if codes.iter().zip(&self.taken_out).all(|(codes, effect)| codes.levels == 1 && effect.slopes.is_empty()) {
            for column in views {
                let mean = weighted_mean(column, weights.as_deref());
                for z in column {
                    *z -= mean;
                }
            }
            return Ok(());
        }
        let effects: Vec<Effect> = self
            .taken_out
            .iter()
            .zip(codes)
            .map(|(effect, by)| Effect {
                by,
                slopes: effect.slopes.iter().map(|(name, values)| (name.clone(), take(values))).collect(),
                intercept: effect.intercept,
            })
            .collect();
        Absorber::new(&effects, weights.as_deref()).remove(&mut views.collect::<Vec<_>>())
    }

    /// Cross-products of the written columns, added up in runs of groups whose number depends on the width alone.
    fn cross_products(&self) -> Result<DMatrix<f64>> {
        let width = self.width;
        let runs = ((1 << 24) / (width * width).max(1)).clamp(1, 64);
        let length = self.groups().div_ceil(runs).max(1);
        let starts: Vec<usize> = (0..self.groups()).step_by(length).collect();
        let parts: Vec<DMatrix<f64>> = starts
            .into_par_iter()
            .map(|start| {
                let mut sum = DMatrix::zeros(width, width);
                for group in start..(start + length).min(self.groups()) {
                    let (which, values) = self.dummies(group)?;
                    let products = values.tr_mul(&values);
                    for (b, &to) in which.iter().enumerate() {
                        for (a, &from) in which.iter().enumerate() {
                            sum[(from, to)] += products[(a, b)];
                        }
                    }
                }
                Ok(sum)
            })
            .collect::<Result<_>>()?;
        Ok(parts.into_iter().fold(DMatrix::zeros(width, width), |sum, part| sum + part))
    }
}

impl Block {
    /// Leverages of the group's rows beside the effects taken out.
    pub fn leverages(&self) -> Vec<f64> {
        let products = self.spread.component_mul(&self.columns);
        (0..products.nrows()).map(|i| products.row(i).sum()).collect()
    }

    /// `(I - H)` to a power times `right` (n_g x c), `H` the group's block of the hat matrix. Directions that the group
    /// alone fits (eigenvalue one) are left out, as the generalised inverse does, and returned: n_g x their number.
    pub fn corrected(&self, right: &DMatrix<f64>, power: Power) -> (DMatrix<f64>, DMatrix<f64>) {
        let (n, p) = self.columns.shape();
        if self.leverages().iter().sum::<f64>() < SMALL {
            return (self.series(right, power), DMatrix::zeros(n, 0));
        }
        // Eigenvectors of H with eigenvalues that are not zero, each over the root of its eigenvalue.
        let (vectors, values) = if n <= p {
            let eigen = SymmetricEigen::new(symmetric(&(&self.spread * self.columns.transpose())));
            (eigen.eigenvectors, eigen.eigenvalues)
        } else {
            let rooted = &self.columns * root(&self.inverse);
            let eigen = SymmetricEigen::new(rooted.tr_mul(&rooted));
            let mut vectors = rooted * eigen.eigenvectors;
            for (mut vector, &h) in vectors.column_iter_mut().zip(&eigen.eigenvalues) {
                vector *= if h > 1e-12 { 1.0 / h.sqrt() } else { 0.0 };
            }
            (vectors, eigen.eigenvalues)
        };
        let mut along = vectors.tr_mul(right);
        for (mut row, &h) in along.row_iter_mut().zip(&values) {
            row *= power.of(h) - 1.0;
        }
        let whole: Vec<usize> = (0..values.len()).filter(|&i| values[i] > WHOLE).collect();
        (right + &vectors * along, vectors.select_columns(&whole))
    }

    /// The power series of `(I - H)^power`, for eigenvalues that are at most [`SMALL`].
    fn series(&self, right: &DMatrix<f64>, power: Power) -> DMatrix<f64> {
        let (mut sum, mut term, mut factor) = (right.clone(), right.clone(), 1.0);
        let enough = 1e-17 * right.amax();
        for m in 1..40 {
            term = &self.spread * self.columns.tr_mul(&term);
            if power == Power::Root {
                factor *= (2.0 * f64::from(m) - 1.0) / (2.0 * f64::from(m));
            }
            for (total, t) in sum.iter_mut().zip(&term) {
                *total += factor * t;
            }
            if term.amax() <= enough {
                break;
            }
        }
        sum
    }
}

impl Power {
    /// The power of one minus an eigenvalue; zero for one that is one.
    fn of(self, h: f64) -> f64 {
        match self {
            _ if h > WHOLE => 0.0,
            Self::Root => 1.0 / (1.0 - h).sqrt(),
            Self::Inverse => 1.0 / (1.0 - h),
        }
    }
}

/// Columns that an effect has for each of its levels.
fn per_level(effect: &Effect) -> usize {
    usize::from(effect.intercept) + effect.slopes.len()
}

/// Codes of the levels that occur in `rows`, in the order of the old ones.
fn within(by: &Codes, rows: &[u32]) -> Codes {
    let mut seen: Vec<u32> = rows.iter().map(|&row| by.codes[row as usize]).collect();
    seen.sort_unstable();
    seen.dedup();
    let position = |&row: &u32| seen.partition_point(|&code| code < by.codes[row as usize]) as u32;
    Codes { name: by.name.clone(), codes: rows.iter().map(position).collect::<Vec<_>>().into(), levels: seen.len() }
}

/// Root of a matrix that has no negative eigenvalue.
fn root(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(symmetric(matrix));
    let mut rooted = eigen.eigenvectors;
    for (mut column, value) in rooted.column_iter_mut().zip(&eigen.eigenvalues) {
        column *= value.max(0.0).sqrt();
    }
    rooted
}

/// Generalised inverse of cross-products, columns scaled to norm one; a column of zeros stays out.
fn generalised_inverse(mut cross: DMatrix<f64>) -> DMatrix<f64> {
    let scale = cross.diagonal().map(|square| if square.sqrt() > RANK { 1.0 / square.sqrt() } else { 0.0 });
    let scaled = |matrix: &mut DMatrix<f64>| {
        for j in 0..scale.len() {
            for i in 0..scale.len() {
                matrix[(i, j)] *= scale[i] * scale[j];
            }
        }
    };
    scaled(&mut cross);
    let (mut inverse, _) = inverse(cross);
    scaled(&mut inverse);
    inverse
}

/// Generalised inverse of a symmetric matrix, and the space that it leaves out (a basis in columns).
pub(crate) fn inverse(cross: DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    if cross.is_empty() {
        return (cross.clone(), cross);
    }
    let eigen = SymmetricEigen::new(cross);
    let most = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
    let kept = |v: f64| v > RANK * most;
    let inverse = eigen.eigenvalues.map(|v| if kept(v) { 1.0 / v } else { 0.0 });
    let lost: Vec<usize> = (0..eigen.eigenvalues.len()).filter(|&i| !kept(eigen.eigenvalues[i])).collect();
    let inverse = &eigen.eigenvectors * DMatrix::from_diagonal(&inverse) * eigen.eigenvectors.transpose();
    (inverse, eigen.eigenvectors.select_columns(&lost))
}
