//! The sandwich `A^-1 M A^-1`: bread from the regression, meat from its scores.

use std::borrow::Cow;

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::serial::Calendar;
use super::{Vcov, cluster, conley, leverage, serial};
use crate::absorb::intersect;
use crate::design::{Codes, Effect, WeightKind, Weights};
use crate::math::cross::{columns_worth_a_thread, cross_products, weighted_dot};
use crate::message::{Problem, Result, Warning};

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
    /// Effects that were absorbed.
    pub effects: &'a [Effect],
    /// Unit and time of the rows, where known.
    pub calendar: Option<Calendar<'a>>,
    /// Latitude and longitude of the rows, where asked for.
    pub places: Option<&'a [Vec<f64>; 2]>,
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
    /// The most negative eigenvalue, when inclusion and exclusion (or the kernel) left one; it was set to zero.
    pub repaired: Option<f64>,
    /// Degrees of freedom of each coefficient, where it has its own.
    pub df: Option<Vec<f64>>,
    /// Clusters without which each coefficient is not identified (CRV3); empty when there are none.
    pub lost: Vec<usize>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

impl Default for Robust {
    fn default() -> Self {
        Self { covariance: DMatrix::zeros(0, 0), repaired: None, df: None, lost: Vec::new(), warnings: Vec::new() }
    }
}

/// Covariance of the coefficients up to the small-sample factor. `clusters` are the variables of
/// [`Vcov::clusters`] in its order; `n` is the number of observations.
///
/// iid: `e'We/N (X'WX)^-1`. HC1: meat `sum w^2 e^2 x x'`, with frequency weights `sum w e^2 x x'`.
/// Clusters: meat `sum_g s_g s_g'`, `s_g = sum_{i in g} w e x`; for several variables the
/// inclusion-exclusion sum over their intersections (Cameron, Gelbach and Miller 2011, eq. 2.11). The others
/// are in files of their own.
///
/// # Errors
/// `E409` when leverages cannot be had, `E410` without unit and time or coordinates that the kind needs.
pub fn covariance(of: Estimate<'_>, vcov: &Vcov, clusters: &[&Codes], n: f64) -> Result<Robust> {
    match (vcov, clusters) {
        (Vcov::Iid, _) => {
            let variance = weighted_dot(of.residuals, of.residuals, of.weight_values()) / n;
            Ok(Robust { covariance: of.bread * variance, ..Robust::default() })
        }
        (Vcov::Hc1, _) => Ok(sandwich(of, white(of))),
        (Vcov::Hc2, _) => leverage::covariance(of, 1),
        (Vcov::Hc3, _) => leverage::covariance(of, 2),
        (Vcov::Cr2(_), [by, ..]) => cluster::cr2(of, by),
        (Vcov::Crv3(_), [by, ..]) => cluster::crv3(of, by),
        (Vcov::NeweyWest(lags), _) => {
            let calendar = calendar(of, vcov)?;
            Ok(repair(serial::newey_west(of, calendar, lags.unwrap_or(calendar.default_lags()))))
        }
        (Vcov::DriscollKraay(lags), _) => {
            let calendar = calendar(of, vcov)?;
            Ok(repair(serial::driscoll_kraay(of, calendar, lags.unwrap_or(calendar.default_lags()))))
        }
        (Vcov::Conley(how), _) => {
            let places = of.places.ok_or_else(|| {
                Problem::new("E410", format!("{vcov} needs the coordinates of every row"))
                    .fix("name the columns of latitude and longitude")
            })?;
            Ok(repair(conley::covariance(of, places, of.calendar, how)))
        }
        (Vcov::Cluster(_) | Vcov::Cr2(_) | Vcov::Crv3(_), _) => {
            let robust = sandwich(of, clustered(of, clusters));
            Ok(if clusters.len() > 1 { repair(robust.covariance) } else { robust })
        }
    }
}

fn calendar<'a>(of: Estimate<'a>, vcov: &Vcov) -> Result<Calendar<'a>> {
    of.calendar.ok_or_else(|| {
        Problem::new("E410", format!("{vcov} needs to know unit and time of every row"))
            .fix("say which columns are unit and time")
    })
}

fn sandwich(of: Estimate<'_>, meat: DMatrix<f64>) -> Robust {
    Robust { covariance: leverage::symmetric(&(of.bread * meat * of.bread)), ..Robust::default() }
}

fn white(of: Estimate<'_>) -> DMatrix<f64> {
    let frequency = of.weights.is_some_and(|w| w.kind == WeightKind::Frequency);
    let square = |(row, e): (usize, &f64)| {
        let w = of.weights.map_or(1.0, |w| w.values[row]);
        e * e * if frequency { w } else { w * w }
    };
    let squares: Vec<f64> = of.residuals.iter().enumerate().map(square).collect();
    let views: Vec<&[f64]> = of.columns.iter().map(Vec::as_slice).collect();
    cross_products(&views, Some(&squares))
}

fn clustered(of: Estimate<'_>, clusters: &[&Codes]) -> DMatrix<f64> {
    let mut meat = DMatrix::zeros(of.columns.len(), of.columns.len());
    for subset in 1_u32..1 << clusters.len() {
        let mut chosen = (0..clusters.len()).filter(|i| subset >> i & 1 == 1).map(|i| clusters[i]);
        let Some(first) = chosen.next() else { continue };
        let codes =
            chosen.fold(None, |joint: Option<Codes>, next| Some(intersect(joint.as_ref().unwrap_or(first), next)));
        let sums = cluster_sums(of, codes.as_ref().unwrap_or(first));
        let part = &sums * sums.transpose();
        if subset.count_ones() % 2 == 1 { meat += part } else { meat -= part }
    }
    meat
}

/// Scores summed within clusters: k x G, column g is `sum_{i in g} w_i e_i x_i`.
pub fn cluster_sums(of: Estimate<'_>, codes: &Codes) -> DMatrix<f64> {
    let scores: Cow<'_, [f64]> = match of.weight_values() {
        None => Cow::Borrowed(of.residuals),
        Some(w) => Cow::Owned(of.residuals.iter().zip(w).map(|(e, w)| e * w).collect()),
    };
    let lanes = of.columns.par_chunks(LANES).with_min_len(columns_worth_a_thread(scores.len()).div_ceil(LANES));
    let parts: Vec<Vec<[f64; LANES]>> = lanes.map(|columns| sums_of(columns, &scores, codes)).collect();
    let root: Option<Vec<f64>> =
        of.weights.and_then(|w| w.copies(codes)).map(|copies| copies.iter().map(|w| w.sqrt()).collect());
    DMatrix::from_fn(of.columns.len(), codes.levels, |j, g| {
        parts[j / LANES][g][j % LANES] / root.as_ref().map_or(1.0, |root| root[g])
    })
}

/// Columns that one pass over the rows serves.
const LANES: usize = 4;

/// Sums of a few columns; neighbouring rows mostly share their cluster.
fn sums_of(columns: &[Vec<f64>], scores: &[f64], codes: &Codes) -> Vec<[f64; LANES]> {
    let lanes: [&[f64]; LANES] = std::array::from_fn(|lane| &columns[lane.min(columns.len() - 1)][..scores.len()]);
    let mut sums = vec![[0.0; LANES]; codes.levels];
    let (mut home, mut own) = (0, [0.0; LANES]);
    for (row, (score, &g)) in scores.iter().zip(codes.codes.iter()).enumerate() {
        if g != home {
            sums[home as usize] = own;
            (home, own) = (g, sums[g as usize]);
        }
        for lane in 0..LANES {
            own[lane] += lanes[lane][row] * score;
        }
    }
    if let Some(sum) = sums.get_mut(home as usize) {
        *sum = own;
    }
    sums
}

/// The sandwich with a `meat` that was gathered elsewhere; `multiway` for one of inclusion and exclusion.
pub(crate) fn of_meat(bread: &DMatrix<f64>, meat: &DMatrix<f64>, multiway: bool) -> Robust {
    let covariance = leverage::symmetric(&(bread * meat * bread));
    if multiway { repair(covariance) } else { Robust { covariance, ..Robust::default() } }
}

/// Sets negative eigenvalues to zero (Cameron, Gelbach and Miller 2011, 2.3).
fn repair(covariance: DMatrix<f64>) -> Robust {
    if covariance.is_empty() {
        return Robust { covariance, ..Robust::default() };
    }
    let eigen = SymmetricEigen::new(covariance.clone());
    let least = eigen.eigenvalues.iter().copied().fold(f64::INFINITY, f64::min);
    let most = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
    if least >= -1e-14 * most {
        return Robust { covariance, ..Robust::default() };
    }
    let values = eigen.eigenvalues.map(|v| v.max(0.0));
    let mended = &eigen.eigenvectors * DMatrix::from_diagonal(&values) * eigen.eigenvectors.transpose();
    Robust { covariance: mended, repaired: Some(least), ..Robust::default() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
        let codes = Codes { name: "row".into(), codes: vec![0, 1, 2, 3].into(), levels: 4 };
        let of = Estimate {
            columns: &columns,
            residuals: &[0.3, -0.2, 0.5, 0.1],
            weights: None,
            bread: &DMatrix::from_element(1, 1, 0.16),
            effects: &[],
            calendar: None,
            places: None,
        };
        let white = covariance(of, &Vcov::Hc1, &[], 4.0).unwrap().covariance[(0, 0)];
        let clustered = covariance(of, &Vcov::cluster("row"), &[&codes], 4.0).unwrap().covariance[(0, 0)];
        assert!((white - clustered).abs() < 1e-16);
    }
}
