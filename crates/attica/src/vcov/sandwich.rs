//! The sandwich `A^-1 M A^-1`: bread from the regression, meat from its scores.

use nalgebra::{DMatrix, SymmetricEigen};

use super::Vcov;
use crate::absorb::intersect;
use crate::design::{Codes, WeightKind, Weights};
use crate::math::cross::{cross_products, weighted_dot};

/// The parts of a regression that a covariance is made of.
#[derive(Clone, Copy)]
pub struct Estimate<'a> {
    /// Regressors (absorbed), k columns of n rows.
    pub columns: &'a [Vec<f64>],
    /// Residuals.
    pub residuals: &'a [f64],
    /// Weights.
    pub weights: Option<&'a Weights>,
    /// `(X'WX)^-1`, k x k.
    pub bread: &'a DMatrix<f64>,
}

impl Estimate<'_> {
    fn weight_values(&self) -> Option<&[f64]> {
        self.weights.map(|w| &w.values[..])
    }
}

/// A covariance before small-sample adjustment.
#[derive(Clone, Debug)]
pub struct Robust {
    /// k x k.
    pub covariance: DMatrix<f64>,
    /// The most negative eigenvalue, when inclusion and exclusion left one; it was set to zero.
    pub repaired: Option<f64>,
}

/// Covariance of the coefficients up to the small-sample factor. `clusters` are the variables of
/// [`Vcov::Cluster`] in its order; `n` is the number of observations.
///
/// iid: `e'We/N (X'WX)^-1`. HC1: meat `sum w^2 e^2 x x'`, with frequency weights `sum w e^2 x x'`.
/// Clusters: meat `sum_g s_g s_g'`, `s_g = sum_{i in g} w e x`; for several variables the
/// inclusion-exclusion sum over their intersections (Cameron, Gelbach and Miller 2011, eq. 2.11).
pub fn covariance(of: Estimate<'_>, vcov: &Vcov, clusters: &[&Codes], n: f64) -> Robust {
    let meat = match vcov {
        Vcov::Iid => {
            let variance = weighted_dot(of.residuals, of.residuals, of.weight_values()) / n;
            return Robust { covariance: of.bread * variance, repaired: None };
        }
        Vcov::Hc1 => {
            let frequency = of.weights.is_some_and(|w| w.kind == WeightKind::Frequency);
            let square = |(row, e): (usize, &f64)| {
                let w = of.weights.map_or(1.0, |w| w.values[row]);
                e * e * if frequency { w } else { w * w }
            };
            let squares: Vec<f64> = of.residuals.iter().enumerate().map(square).collect();
            let views: Vec<&[f64]> = of.columns.iter().map(Vec::as_slice).collect();
            cross_products(&views, Some(&squares))
        }
        Vcov::Cluster(_) => {
            let mut meat = DMatrix::zeros(of.columns.len(), of.columns.len());
            for subset in 1_u32..1 << clusters.len() {
                let mut chosen = (0..clusters.len()).filter(|i| subset >> i & 1 == 1).map(|i| clusters[i]);
                let Some(first) = chosen.next() else { continue };
                let codes = chosen
                    .fold(None, |joint: Option<Codes>, next| Some(intersect(joint.as_ref().unwrap_or(first), next)));
                let sums = cluster_sums(of, codes.as_ref().unwrap_or(first));
                let part = &sums * sums.transpose();
                if subset.count_ones() % 2 == 1 { meat += part } else { meat -= part }
            }
            meat
        }
    };
    let sandwich = of.bread * meat * of.bread;
    let symmetric = (&sandwich + sandwich.transpose()) * 0.5;
    if clusters.len() > 1 { repair(symmetric) } else { Robust { covariance: symmetric, repaired: None } }
}

/// Scores summed within clusters: k x G, column g is `sum_{i in g} w_i e_i x_i`.
pub fn cluster_sums(of: Estimate<'_>, codes: &Codes) -> DMatrix<f64> {
    let k = of.columns.len();
    let mut sums = DMatrix::zeros(k, codes.levels);
    let cells = sums.as_mut_slice();
    let scores: Vec<f64> = match of.weight_values() {
        None => of.residuals.to_vec(),
        Some(w) => of.residuals.iter().zip(w).map(|(e, w)| e * w).collect(),
    };
    for (j, column) in of.columns.iter().enumerate() {
        for ((x, s), &g) in column.iter().zip(&scores).zip(&codes.codes) {
            cells[g as usize * k + j] += x * s;
        }
    }
    sums
}

/// Sets negative eigenvalues to zero (Cameron, Gelbach and Miller 2011, 2.3).
fn repair(covariance: DMatrix<f64>) -> Robust {
    let eigen = SymmetricEigen::new(covariance.clone());
    let least = eigen.eigenvalues.iter().copied().fold(f64::INFINITY, f64::min);
    let most = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
    if least >= -1e-14 * most {
        return Robust { covariance, repaired: None };
    }
    let values = eigen.eigenvalues.map(|v| v.max(0.0));
    let mended = &eigen.eigenvectors * DMatrix::from_diagonal(&values) * eigen.eigenvectors.transpose();
    Robust { covariance: mended, repaired: Some(least) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_variance_is_set_to_zero_and_told() {
        let broken = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, -0.1]);
        let mended = repair(broken);
        assert_eq!(mended.repaired, Some(-0.1));
        assert!(mended.covariance[(1, 1)].abs() < 1e-15 && (mended.covariance[(0, 0)] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn clusters_of_one_row_are_white() {
        let columns = vec![vec![1.0, 2.0, -1.0, 0.5]];
        let codes = Codes { name: "row".into(), codes: vec![0, 1, 2, 3], levels: 4 };
        let of = Estimate {
            columns: &columns,
            residuals: &[0.3, -0.2, 0.5, 0.1],
            weights: None,
            bread: &DMatrix::from_element(1, 1, 0.16),
        };
        let white = covariance(of, &Vcov::Hc1, &[], 4.0).covariance[(0, 0)];
        let clustered = covariance(of, &Vcov::cluster("row"), &[&codes], 4.0).covariance[(0, 0)];
        assert!((white - clustered).abs() < 1e-16);
    }
}
