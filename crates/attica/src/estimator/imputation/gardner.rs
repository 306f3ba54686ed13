//! Gardner (2022): regress the outcome net of first-stage effects on treatment, with a sandwich that
//! carries the first stage's uncertainty (Newey and McFadden 1994, theorem 6.1).

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::Rows;
use super::stage::Stage;
use crate::message::{Problem, Result, Warning};

/// Second-stage coefficients and their clustered covariance.
#[derive(Clone, Debug)]
pub struct TwoStage {
    /// One per regressor.
    pub coefficients: Vec<f64>,
    /// Covariance, clustered, both stages.
    pub covariance: DMatrix<f64>,
    /// Rows whose untreated outcome is not identified, left out.
    pub warnings: Vec<Warning>,
}

/// Two-stage difference-in-differences: `regressors` are treatment dummies over all rows (one for the
/// average effect, or one per event time), without constant.
///
/// # Errors
/// Those of the first stage; `E206` when regressors are collinear.
pub fn two_stage(rows: &Rows, regressors: &[Vec<f64>]) -> Result<TwoStage> {
    let stage = Stage::fit(rows)?;
    let (n, k) = (rows.len(), regressors.len());
    let usable: Vec<bool> = stage.fitted.iter().map(|f| !f.is_nan()).collect();
    let net = |r: usize| rows.y[r] - stage.fitted[r];
    let x = |j: usize, r: usize| if usable[r] { regressors[j][r] } else { 0.0 };
    let mut cross = DMatrix::<f64>::zeros(k, k);
    let mut moment = DVector::<f64>::zeros(k);
    for r in (0..n).filter(|&r| usable[r]) {
        for j in (0..k).filter(|&j| regressors[j][r] != 0.0) {
            moment[j] += rows.weight[r] * regressors[j][r] * net(r);
            for l in 0..k {
                cross[(j, l)] += rows.weight[r] * regressors[j][r] * regressors[l][r];
            }
        }
    }
    let bread: DMatrix<f64> = cross
        .cholesky()
        .ok_or_else(|| {
            Problem::new("E206", "second-stage regressors are collinear, or one of them is zero on every usable row")
        })?
        .inverse();
    let b: DVector<f64> = &bread * moment;
    let fitted = |r: usize| (0..k).map(|j| b[j] * x(j, r)).sum::<f64>();
    let scores: Vec<Vec<f64>> = (0..k)
        .into_par_iter()
        .map(|j| {
            let first = stage.solve(|r| rows.weight[r] * x(j, r));
            rows.by_cluster(|r| {
                let mut score = if usable[r] { rows.weight[r] * x(j, r) * (net(r) - fitted(r)) } else { 0.0 };
                if !rows.treated[r] {
                    score -= rows.weight[r] * first.at(rows, r) * net(r);
                }
                score
            })
        })
        .collect();
    let meat: DMatrix<f64> =
        DMatrix::from_fn(k, k, |i, j| scores[i].iter().zip(&scores[j]).map(|(a, b)| a * b).sum::<f64>());
    let lost = usable.iter().filter(|u| !**u).count();
    let warnings = if lost > 0 { vec![left_out(lost)] } else { Vec::new() };
    Ok(TwoStage { coefficients: b.iter().copied().collect(), covariance: &bread * meat * &bread, warnings })
}

fn left_out(lost: usize) -> Warning {
    Warning::new(
        "W806",
        format!("{lost} rows have no untreated row of their unit or period in the first stage and are left out"),
        format!("{lost}个观测所在个体或时期在第一阶段没有未处理观测，予以剔除"),
    )
}
