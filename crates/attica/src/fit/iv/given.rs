//! Regressions of any column on the exogenous regressors and instruments, which are at hand once.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::fit::Fit;
use crate::math::cross::weighted_dot;
use crate::message::Result;
use crate::vcov::{Estimate, covariance};

/// The reduced form, the regression of the outcome on exogenous regressors and instruments, whose columns and bread serve
/// every other regression on the same.
pub(super) struct Given<'a> {
    /// The reduced form.
    pub reduced: &'a Fit,
    /// Positions of the instruments among its coefficients.
    pub instruments: Vec<usize>,
    /// `Z'WZ` of the instruments (l x l), everything else taken out of them.
    pub cross: DMatrix<f64>,
    /// Its inverse.
    pub inverse: DMatrix<f64>,
}

/// One column on what is given.
#[derive(Clone)]
pub(super) struct Stage {
    /// One for each coefficient of the reduced form.
    pub coefficients: DVector<f64>,
    /// What is left of the column.
    pub residuals: Vec<f64>,
    /// Covariance of the coefficients, factor included.
    pub covariance: DMatrix<f64>,
    /// The covariance had a negative eigenvalue.
    pub repaired: bool,
}

impl<'a> Given<'a> {
    /// `None` when the instruments' cross-products cannot be inverted.
    pub fn new(reduced: &'a Fit, instruments: Vec<usize>) -> Option<Self> {
        let inverse = reduced.bread.select_rows(&instruments).select_columns(&instruments);
        let cross = inverse.clone().cholesky()?.inverse();
        Some(Self { reduced, instruments, cross, inverse })
    }

    /// Regresses `target`, effects taken out.
    ///
    /// # Errors
    /// Those of the covariance in use.
    pub fn regress(&self, target: &[f64]) -> Result<Stage> {
        let weights = self.reduced.weights.as_ref().map(|w| &w.values[..]);
        let products = |of: &[f64]| -> DVector<f64> {
            DVector::from_vec(self.reduced.columns.par_iter().map(|x| weighted_dot(x, of, weights)).collect())
        };
        let mut coefficients = DVector::zeros(self.reduced.columns.len());
        let mut residuals = target.to_vec();
        // The second round regresses what rounding left in the residuals of the first.
        for _ in 0..2 {
            let step = &self.reduced.bread * products(&residuals);
            for (x, b) in self.reduced.columns.iter().zip(&step) {
                residuals.iter_mut().zip(x).for_each(|(e, x)| *e -= b * x);
            }
            coefficients += step;
        }
        let (covariance, repaired) = self.covariance_with(&residuals)?;
        Ok(Stage { coefficients, residuals, covariance, repaired })
    }

    /// Covariance of the coefficients had they these residuals, and whether it had a negative eigenvalue.
    ///
    /// # Errors
    /// Those of the covariance in use.
    pub fn covariance_with(&self, residuals: &[f64]) -> Result<(DMatrix<f64>, bool)> {
        let (fit, inference) = (self.reduced, &self.reduced.inference);
        let clusters: Vec<_> =
            fit.cluster_positions(&inference.vcov)?.into_iter().map(|at| &fit.clusters[at]).collect();
        let robust = covariance(Estimate { residuals, ..fit.parts() }, &inference.vcov, &clusters, fit.n_obs)?;
        Ok((robust.covariance * inference.adjustment.factor, robust.repaired.is_some()))
    }

    /// The instruments' part of coefficients.
    pub fn of(&self, coefficients: &DVector<f64>) -> DVector<f64> {
        coefficients.select_rows(&self.instruments)
    }

    /// The instruments' part of a covariance.
    pub fn block(&self, matrix: &DMatrix<f64>) -> DMatrix<f64> {
        matrix.select_rows(&self.instruments).select_columns(&self.instruments)
    }

    /// Denominator degrees of freedom of tests.
    pub fn df(&self) -> f64 {
        self.reduced.inference.adjustment.df
    }

    /// Number of instruments.
    pub fn count(&self) -> usize {
        self.instruments.len()
    }
}
