//! Mahalanobis distance of covariates.

use nalgebra::DMatrix;

use super::Sample;
use super::score::standardised;
use crate::message::{Problem, Result};

/// Covariates turned and scaled so that their Euclidean distance is Mahalanobis'.
pub(super) struct Whitened {
    size: usize,
    /// `size` coordinates per candidate.
    values: Vec<f64>,
}

impl Whitened {
    /// By the covariance within treated and controls, pooled (n - 2), as psmatch2 and MatchIt have it. Directions
    /// without variance, which dependent covariates have, count nothing.
    ///
    /// # Errors
    /// `E305` when no covariate varies; `E702` when the covariance has no eigenvalues.
    pub fn new(sample: Sample<'_>) -> Result<Self> {
        let n = sample.treated.len();
        let k = sample.covariates.len();
        let columns: Vec<Vec<f64>> = sample.covariates.iter().map(|(_, x)| standardised(x).0).collect();
        let within: Vec<Vec<f64>> = columns.iter().map(|x| centred(x, sample)).collect();
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let df = (n.max(3) - 2) as f64;
        let covariance = DMatrix::from_fn(k, k, |a, b| product(&within[a], &within[b]) / df);
        let Some(eigen) = nalgebra::SymmetricEigen::try_new(covariance, f64::EPSILON, 10_000) else {
            return Err(Problem::new(
                "E702",
                "the covariance of the covariates has no eigenvalues that an iteration finds",
            ));
        };
        let largest = eigen.eigenvalues.max();
        let axes: Vec<usize> = (0..k).filter(|&a| eigen.eigenvalues[a] > 1e-10 * largest).collect();
        if axes.is_empty() || largest <= 0.0 {
            return Err(Problem::new("E305", "no covariate varies among the treated or among the controls")
                .fix("match on covariates that differ between units"));
        }
        let values = (0..n)
            .flat_map(|i| {
                let (columns, eigen) = (&columns, &eigen);
                axes.iter().map(move |&a| {
                    let sum: f64 = (0..k).map(|j| columns[j][i] * eigen.eigenvectors[(j, a)]).sum();
                    sum / eigen.eigenvalues[a].sqrt()
                })
            })
            .collect();
        Ok(Self { size: axes.len(), values })
    }

    /// Distance of two candidates.
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        let at = |i: usize| &self.values[i * self.size..(i + 1) * self.size];
        at(i).iter().zip(at(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }
}

/// Values less the mean of their side.
fn centred(x: &[f64], sample: Sample<'_>) -> Vec<f64> {
    let mean = |side: bool| {
        let of = sample.side(side);
        of.iter().map(|&i| x[i]).sum::<f64>() / of.len() as f64
    };
    let (treated, controls) = (mean(true), mean(false));
    x.iter().zip(sample.treated).map(|(x, t)| x - if *t { treated } else { controls }).collect()
}
