//! Clustered covariances for few clusters: CR2 with Bell-McCaffrey degrees of freedom (Bell and McCaffrey
//! 2002; Pustejovsky and Tipton 2018) and CRV3, the cluster jackknife (MacKinnon, Nielsen and Webb 2023).
//!
//! Effects nested in the clusters are taken out first, which changes neither (Pustejovsky and Tipton 2018,
//! theorem 2); the others are written out as dummies.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::explicit::{Block, Explicit, Power};
use super::leverage::symmetric;
use super::{Estimate, Robust};
use crate::absorb::is_nested;
use crate::design::Codes;
use crate::message::Result;

fn explicit<'a>(of: Estimate<'a>, cluster: &Codes, purpose: &str) -> Result<Explicit<'a>> {
    let nested: Vec<bool> = of.effects.iter().map(|effect| is_nested(&effect.by, cluster)).collect();
    Explicit::new(of, cluster, &nested, purpose)
}

/// Residuals of a cluster times the root of the weight.
fn residuals(of: Estimate<'_>, model: &Explicit<'_>, group: usize) -> DVector<f64> {
    let rows = model.rows(group);
    DVector::from_fn(rows.len(), |i, _| of.residuals[rows[i] as usize] * model.root_weight(rows[i]))
}

/// The regressors of a cluster times the bread, n_g x k: what turns its errors into its part of the coefficients.
fn lever(of: Estimate<'_>, block: &Block) -> DMatrix<f64> {
    block.columns.columns(block.dummies.len(), of.columns.len()) * of.bread
}

/// What a cluster adds to CR2.
struct Part {
    /// To the coefficients.
    score: DVector<f64>,
    /// `a'a` of each coefficient, `a` the corrected lever.
    lengths: Vec<f64>,
    /// Which columns of the model `projected` is about.
    columns: Vec<usize>,
    /// `Z'a`, p_g x k.
    projected: DMatrix<f64>,
    /// Coefficients that are not identified without the cluster.
    lost: Vec<bool>,
}

/// Which coefficients a cluster alone identifies: `alone` are the directions that it alone fits (combinations of columns
/// that are zero outside it, of length one within), and a regressor is lost if one of them holds it.
fn lost(lever: &DMatrix<f64>, alone: &DMatrix<f64>, norms: &[f64]) -> Vec<bool> {
    lever.tr_mul(alone).row_iter().zip(norms).map(|(row, norm)| row.amax() * norm >= 1e-6).collect()
}

/// In how many clusters each coefficient is lost; empty when none is.
fn counted<'a>(lost: impl Iterator<Item = &'a Vec<bool>>, k: usize) -> Vec<usize> {
    let mut counts = vec![0; k];
    for cluster in lost {
        counts.iter_mut().zip(cluster).for_each(|(count, lost)| *count += usize::from(*lost));
    }
    if counts.iter().all(|count| *count == 0) { Vec::new() } else { counts }
}

/// CR2: `B sum_g X_g' A_g u_g u_g' A_g X_g B` with `A_g = (I - H_gg)^(-1/2)`, under the working model that
/// errors are independent with variance inverse to the weight; one Satterthwaite degree of freedom for each
/// coefficient.
///
/// # Errors
/// Those of [`Explicit::new`].
pub(super) fn cr2(of: Estimate<'_>, cluster: &Codes) -> Result<Robust> {
    let model = explicit(of, cluster, "CR2")?;
    let k = of.columns.len();
    let norms: Vec<f64> = of.columns.iter().map(|x| norm(of, x)).collect();
    let part = |group: usize| -> Result<Part> {
        let block = model.block(group)?;
        let lever = lever(of, &block);
        let mut both = lever.clone().insert_column(k, 0.0);
        both.set_column(k, &residuals(of, &model, group));
        let (corrected, alone) = block.corrected(&both, Power::Root);
        let levers = corrected.columns(0, k);
        let regressors = model.width() - k..model.width();
        Ok(Part {
            score: lever.tr_mul(&corrected.column(k)),
            lengths: levers.column_iter().map(|a| a.norm_squared()).collect(),
            projected: block.columns.tr_mul(&levers),
            columns: block.dummies.iter().copied().chain(regressors).collect(),
            lost: lost(&lever, &alone, &norms),
        })
    };
    let parts: Vec<Part> = (0..model.groups()).into_par_iter().map(part).collect::<Result<_>>()?;
    let mut covariance = DMatrix::zeros(k, k);
    for part in &parts {
        covariance += &part.score * part.score.transpose();
    }
    let df = (0..k).map(|j| satterthwaite(&model, &parts, j)).collect();
    let lost = counted(parts.iter().map(|part| &part.lost), k);
    Ok(Robust { covariance: symmetric(&covariance), df: Some(df), lost, ..Robust::default() })
}

/// `(sum_g p_g'p_g)^2 / sum_gh (p_g'p_h)^2`, where `p_g'p_h` is `a_g'a_g` on the diagonal less `v_g' S v_h`: `v_g = Z_g'a_g`
/// and `S` the inverse of all cross-products.
fn satterthwaite(model: &Explicit<'_>, parts: &[Part], j: usize) -> f64 {
    let (p, groups) = (model.width(), parts.len());
    let mut all = DMatrix::zeros(p, groups);
    for (g, part) in parts.iter().enumerate() {
        for (&column, v) in part.columns.iter().zip(&part.projected.column(j)) {
            all[(column, g)] = *v;
        }
    }
    let solved = model.solve(&all);
    let (mut trace, mut squares) = (0.0, 0.0);
    for (g, part) in parts.iter().enumerate() {
        let own = all.column(g).dot(&solved.column(g));
        trace += part.lengths[j] - own;
        squares += (part.lengths[j] - own).powi(2) - own * own;
    }
    // sum_gh (v_g' S v_h)^2, by whichever of the two products is smaller.
    let products = if groups <= p {
        all.tr_mul(&solved).norm_squared()
    } else {
        let moments = &solved * all.transpose();
        moments.component_mul(&moments.transpose()).sum()
    };
    trace * trace / (squares + products)
}

/// CRV3: `(G-1)/G sum_g (b_(g) - b)(b_(g) - b)'`, where `b_(g)` leaves cluster g out; exact, without a refit:
/// `b - b_(g) = B X_g' (I - H_gg)^-1 u_g`.
///
/// # Errors
/// Those of [`Explicit::new`].
pub(super) fn crv3(of: Estimate<'_>, cluster: &Codes) -> Result<Robust> {
    let model = explicit(of, cluster, "CRV3")?;
    let k = of.columns.len();
    let norms: Vec<f64> = of.columns.iter().map(|x| norm(of, x)).collect();
    let change = |group: usize| -> Result<(DVector<f64>, Vec<bool>)> {
        let block = model.block(group)?;
        let lever = lever(of, &block);
        let u = residuals(of, &model, group);
        let right = DMatrix::from_column_slice(u.len(), 1, u.as_slice());
        let (corrected, alone) = block.corrected(&right, Power::Inverse);
        Ok((lever.tr_mul(&corrected.column(0)), lost(&lever, &alone, &norms)))
    };
    let moves: Vec<(DVector<f64>, Vec<bool>)> =
        (0..model.groups()).into_par_iter().map(change).collect::<Result<_>>()?;
    let groups = cluster.levels as f64;
    let mut covariance = DMatrix::zeros(k, k);
    for (change, _) in &moves {
        covariance += change * change.transpose();
    }
    covariance *= (groups - 1.0) / groups;
    let lost = counted(moves.iter().map(|(_, lost)| lost), k);
    Ok(Robust { covariance: symmetric(&covariance), lost, ..Robust::default() })
}

/// Norm of a column under the weights.
fn norm(of: Estimate<'_>, column: &[f64]) -> f64 {
    crate::math::cross::weighted_dot(column, column, of.weights.map(|w| &w.values[..])).sqrt()
}
