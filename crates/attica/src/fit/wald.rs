//! Joint tests and linear combinations of coefficients.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::{Fit, Term, Wald};
use crate::math::distribution::{chi2_sf, f_sf};
use crate::message::{Problem, Result};
use crate::text::Text;

impl Fit {
    /// Tests that the coefficients at `positions` are all zero.
    ///
    /// # Errors
    /// `E601` when `positions` is empty.
    pub fn wald(&self, positions: &[usize]) -> Result<Wald> {
        let mut restrictions = DMatrix::zeros(positions.len(), self.names.len());
        for (row, &position) in positions.iter().enumerate() {
            restrictions[(row, position)] = 1.0;
        }
        let names: Vec<&str> = positions.iter().map(|&i| self.names[i].as_str()).collect();
        self.wald_restrictions(&restrictions, Text::same(format!("{} = 0", names.join(" = "))))
    }

    /// Tests `R b = 0` for the q x k matrix R.
    ///
    /// # Errors
    /// `E607` without restrictions, or when they have no variance at all.
    pub fn wald_restrictions(&self, restrictions: &DMatrix<f64>, hypothesis: Text) -> Result<Wald> {
        let value = restrictions * DVector::from_column_slice(&self.coefficients);
        let variance = restrictions * &self.inference.covariance * restrictions.transpose();
        wald(&value, &variance, self.inference.adjustment.df, hypothesis)
    }

    /// The linear combination `weights'b` with its standard error, under the name `name`.
    pub fn combination(&self, name: &str, weights: &[f64]) -> Term {
        let weights = DVector::from_column_slice(weights);
        let estimate = weights.dot(&DVector::from_column_slice(&self.coefficients));
        let variance = (&weights.transpose() * &self.inference.covariance * &weights)[(0, 0)];
        self.term(name, estimate, variance)
    }
}

/// Wald test that `value` (q), with covariance `variance` (q x q), is zero: F with `df` denominator
/// degrees of freedom, chi-squared when they are infinite. Restrictions without variance of their own
/// (a singular covariance) are not counted.
///
/// # Errors
/// `E607` when there is nothing to test.
pub fn wald(value: &DVector<f64>, variance: &DMatrix<f64>, df: f64, hypothesis: Text) -> Result<Wald> {
    let nothing = || Problem::new("E607", format!("there is nothing to test in \"{}\"", hypothesis.en));
    if value.is_empty() {
        return Err(nothing());
    }
    // Scaled to unit variances, so that a coefficient in other units cannot look like rounding.
    let scale = variance.diagonal().map(|v| if v > 0.0 { 1.0 / v.sqrt() } else { 0.0 });
    let scaled = DMatrix::from_fn(value.len(), value.len(), |i, j| variance[(i, j)] * scale[i] * scale[j]);
    let eigen = SymmetricEigen::new(scaled);
    let along = eigen.eigenvectors.transpose() * value.component_mul(&scale);
    let largest = eigen.eigenvalues.max();
    let mut chi2 = 0.0;
    let mut rank = 0.0;
    for (v, e) in along.iter().zip(&eigen.eigenvalues) {
        if *e > 1e-10 * largest && *e > 0.0 {
            chi2 += v * v / e;
            rank += 1.0;
        }
    }
    if rank == 0.0 {
        return Err(nothing());
    }
    Ok(if df.is_finite() {
        let statistic = chi2 / rank;
        Wald { hypothesis, statistic, df1: rank, df2: Some(df), p_value: f_sf(statistic, rank, df), wild: None }
    } else {
        Wald { hypothesis, statistic: chi2, df1: rank, df2: None, p_value: chi2_sf(chi2, rank), wild: None }
    })
}
