//! Clustered covariances for few clusters: CR2 with Bell-McCaffrey degrees of freedom (Bell and McCaffrey
//! 2002; Pustejovsky and Tipton 2018) and CRV3, the cluster jackknife (MacKinnon, Nielsen and Webb 2023).
//!
//! Effects nested in the clusters are taken out first, which changes neither (Pustejovsky and Tipton 2018,
//! theorem 2); the others are written out as dummies.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rayon::prelude::*;

use super::explicit::{Explicit, inverse};
use super::leverage::symmetric;
use super::{Estimate, Robust};
use crate::absorb::is_nested;
use crate::design::Codes;
use crate::message::{Result, Warning};

/// Rows of each cluster, in order.
fn rows_of(cluster: &Codes) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); cluster.levels];
    for (row, &g) in cluster.codes.iter().enumerate() {
        rows[g as usize].push(row);
    }
    rows
}

fn explicit(of: Estimate<'_>, cluster: &Codes, purpose: &str) -> Result<Explicit> {
    let nested: Vec<bool> = of.effects.iter().map(|effect| is_nested(&effect.by, cluster)).collect();
    Explicit::new(of, &nested, purpose)
}

/// Rows of `columns` in a cluster, n_g x p.
fn block(columns: &[Vec<f64>], rows: &[usize]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), columns.len(), |i, j| columns[j][rows[i]])
}

/// Residuals times the root of the weight.
fn residuals(of: Estimate<'_>, rows: &[usize]) -> DVector<f64> {
    DVector::from_fn(rows.len(), |i, _| of.residuals[rows[i]] * of.weights.map_or(1.0, |w| w.values[rows[i]].sqrt()))
}

/// CR2: `B sum_g X_g' A_g u_g u_g' A_g X_g B` with `A_g = (I - H_gg)^(-1/2)`, under the working model that
/// errors are independent with variance inverse to the weight; one Satterthwaite degree of freedom for each
/// coefficient.
///
/// # Errors
/// Those of [`Explicit::new`].
pub(super) fn cr2(of: Estimate<'_>, cluster: &Codes) -> Result<Robust> {
    let model = explicit(of, cluster, "CR2")?;
    let (p, k) = (model.columns.len(), of.columns.len());
    let weighted: Vec<Vec<f64>> = model.columns[model.regressors..]
        .iter()
        .zip(&model.norms[model.regressors..])
        .map(|(column, norm)| column.iter().map(|z| z * norm).collect())
        .collect();
    let parts: Vec<(DVector<f64>, DVector<f64>, DMatrix<f64>)> = rows_of(cluster)
        .par_iter()
        .map(|rows| {
            // H_gg = R R' with R n_g x p: only its non-zero eigenvalues change anything.
            let rooted = block(&model.columns, rows) * &model.root;
            let eigen = SymmetricEigen::new(rooted.transpose() * &rooted);
            let adjust = |column: &DVector<f64>| adjusted(&rooted, &eigen, column);
            let u = adjust(&residuals(of, rows));
            let x = block(&weighted, rows);
            let score = of.bread * x.transpose() * u;
            let mut lengths = DVector::zeros(k);
            let mut projected = DMatrix::zeros(p, k);
            for j in 0..k {
                let a = adjust(&(&x * of.bread.column(j)));
                lengths[j] = a.norm_squared();
                projected.set_column(j, &(rooted.transpose() * a));
            }
            (score, lengths, projected)
        })
        .collect();
    let mut covariance = DMatrix::zeros(k, k);
    for (score, ..) in &parts {
        covariance += score * score.transpose();
    }
    let df = (0..k).map(|j| satterthwaite(&parts, j, p)).collect();
    Ok(Robust { covariance: symmetric(&covariance), df: Some(df), ..Robust::default() })
}

/// `(I - H)^(-1/2) v` for `H = R R'`, by the eigenvectors of `R'R`. Directions that the cluster alone fits
/// (eigenvalue one) are left out, as the generalised inverse does.
fn adjusted(rooted: &DMatrix<f64>, eigen: &SymmetricEigen<f64, nalgebra::Dyn>, v: &DVector<f64>) -> DVector<f64> {
    let own = eigen.eigenvectors.transpose() * (rooted.transpose() * v);
    let scaled = DVector::from_fn(own.len(), |i, _| {
        let h = eigen.eigenvalues[i];
        let factor = if h < 1e-12 {
            0.5
        } else if h > 1.0 - 1e-9 {
            -1.0 / h
        } else {
            (1.0 / (1.0 - h).sqrt() - 1.0) / h
        };
        factor * own[i]
    });
    v + rooted * (&eigen.eigenvectors * scaled)
}

/// `(sum_g p_g'p_g)^2 / sum_gh (p_g'p_h)^2`, where `p_g'p_h` is `a_g'a_g` on the diagonal less `c_g'c_h`.
fn satterthwaite(parts: &[(DVector<f64>, DVector<f64>, DMatrix<f64>)], j: usize, p: usize) -> f64 {
    let (mut trace, mut squares) = (0.0, 0.0);
    let mut gram = DMatrix::<f64>::zeros(p, p);
    for (_, lengths, projected) in parts {
        let c = projected.column(j);
        let own = c.norm_squared();
        trace += lengths[j] - own;
        squares += (lengths[j] - own).powi(2) - own * own;
        gram += c * c.transpose();
    }
    trace * trace / (squares + gram.norm_squared())
}

/// CRV3: `(G-1)/G sum_g (b_(g) - b)(b_(g) - b)'`, where `b_(g)` leaves cluster g out; exact, by one solve of
/// p equations for each cluster: `b - b_(g) = (Z'Z - Z_g'Z_g)^-1 Z_g'u_g`.
///
/// # Errors
/// Those of [`Explicit::new`].
pub(super) fn crv3(of: Estimate<'_>, cluster: &Codes) -> Result<Robust> {
    let model = explicit(of, cluster, "CRV3")?;
    let (p, k) = (model.columns.len(), of.columns.len());
    let views: Vec<&[f64]> = model.columns.iter().map(Vec::as_slice).collect();
    let whole = crate::math::cross::cross_products(&views, None);
    let moves: Vec<(DVector<f64>, bool)> = rows_of(cluster)
        .par_iter()
        .map(|rows| {
            let own = block(&model.columns, rows);
            let (inverse, lost) = inverse(&whole - own.transpose() * &own);
            let change = inverse * (own.transpose() * residuals(of, rows));
            let coefficient = |j: usize| change[model.regressors + j] / model.norms[model.regressors + j];
            let identified = (model.regressors..p).all(|j| lost.row(j).norm() < 1e-6);
            (DVector::from_fn(k, |j, _| coefficient(j)), identified)
        })
        .collect();
    let groups = cluster.levels as f64;
    let mut covariance = DMatrix::zeros(k, k);
    for (change, _) in &moves {
        covariance += change * change.transpose();
    }
    covariance *= (groups - 1.0) / groups;
    let unidentified = moves.iter().filter(|(_, identified)| !identified).count();
    let mut warnings = Vec::new();
    if unidentified > 0 {
        warnings.push(Warning::new(
            "W411",
            format!("without {unidentified} of {} clusters in \"{}\" a coefficient is not identified; the jackknife sets its change by the generalised inverse, and the standard error is unreliable: use randomization inference", cluster.levels, cluster.name),
            format!("“{}”的{}个聚类中，剔除{unidentified}个后有系数无法识别；刀切法以广义逆代替，标准误不可靠，请改用随机化推断", cluster.name, cluster.levels),
        ));
    }
    Ok(Robust { covariance: symmetric(&covariance), warnings, ..Robust::default() })
}
