//! The saturated regression: coefficients of the cells and their influence, whose products are the covariance
//! that the same regression with a column per cell has.

use std::sync::Arc;

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::super::Spec;
use super::super::staggered::Staggered;
use super::super::within::{Account, ByUnit, NO_LEVEL, Rows, Within};
use super::{Saturated, left_out};
use crate::design::{Codes, WeightKind};
use crate::fit::{examine, fit};
use crate::message::{Problem, Result, Warning};
use crate::vcov::Vcov;

/// Estimated cells: position among the cells, effect, influence with the small-sample factor.
pub(super) struct Influences {
    pub kept: Vec<(usize, f64, Vec<f64>)>,
    pub df: Option<f64>,
    pub warnings: Vec<Warning>,
}

/// The regression under the covariance that `spec` asks for. Clustered one way, influences are those of clusters.
/// Under any other kind they are vectors whose products are its covariance.
///
/// # Errors
/// Those of the regression; `E604` a bootstrap without one cluster variable.
pub(super) fn influences(sample: &Staggered, saturated: &Saturated, spec: &Spec) -> Result<Influences> {
    let mut found = match &spec.fit.vcov {
        Vcov::Cluster(names) if names.len() == 1 => clustered(sample, saturated, spec, &names[0])?,
        vcov if spec.options.bootstrap.is_some() => {
            let message = format!("the multiplier bootstrap needs one cluster variable, not {vcov}");
            return Err(Problem::new("E604", message).fix("cluster by one variable, or leave the bootstrap out"));
        }
        _ => with_columns(sample, saturated, spec)?,
    };
    found.warnings.retain(|warning| !sample.warnings.contains(warning) && !sample.design.warnings.contains(warning));
    Ok(found)
}

fn clustered(sample: &Staggered, saturated: &Saturated, spec: &Spec, name: &str) -> Result<Influences> {
    let at_hand = &sample.design.clusters;
    let missing = || crate::frame::unknown_column(name, at_hand.iter().map(|codes| codes.name.as_str()));
    let clusters: &Codes = at_hand.iter().find(|codes| codes.name == name).ok_or_else(missing)?;
    let mut warnings: Vec<Warning> = examine::clusters(clusters, false)?.into_iter().collect();
    warnings.extend(examine::crossed(&sample.design, &spec.fit.vcov));

    let by_unit = ByUnit::new(&sample.unit, sample.units);
    let used = vec![true; sample.unit.len()];
    let (level, own) = levels(saturated);
    let rows = Rows { cluster: &clusters.codes, clusters: clusters.levels, ..sample.rows() };
    let fit = Within::fit(&rows, &used, &level, own.len(), &by_unit);
    let (kept, lost): (Vec<usize>, Vec<usize>) = (0..own.len()).partition(|&at| fit.is_kept(fit.level(at)));
    let lost: Vec<usize> = lost.into_iter().map(|at| own[at]).collect();
    let absorbed = rows.x.iter().enumerate().filter(|(k, _)| !fit.is_kept(fit.covariate(*k)));
    warnings.extend(left_out(saturated, &lost, &absorbed.map(|(_, (name, _))| &name[..]).collect::<Vec<_>>()));

    let frequency = sample.design.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
    let account = Account::new(&rows, &used, &by_unit, frequency, clusters);
    let adjustment = account.adjust(fit.regressors(), spec.fit.ssc)?;
    let scale = adjustment.factor.sqrt();
    let directions: Vec<Vec<f64>> = kept
        .par_iter()
        .map(|&at| {
            let mut direction = fit.factor.inverse_column(fit.level(at));
            for value in &mut direction {
                *value *= scale;
            }
            direction
        })
        .collect();
    let kept = kept
        .iter()
        .zip(fit.influences(&directions))
        .map(|(&at, influence)| (own[at], fit.coefficients[fit.level(at)], influence));
    Ok(Influences { kept: kept.collect(), df: Some(adjustment.df).filter(|df| df.is_finite()), warnings })
}

/// The level of each row in the regression, and the cell of each level: references have none.
fn levels(saturated: &Saturated) -> (Vec<u32>, Vec<usize>) {
    let own: Vec<usize> = (0..saturated.cells.len()).filter(|&at| !saturated.cells[at].is_reference).collect();
    let mut number = vec![NO_LEVEL; saturated.cells.len() + 1];
    own.iter().zip(0..).for_each(|(&at, level)| number[at] = level);
    (saturated.level.iter().map(|&at| number[at as usize]).collect(), own)
}

/// The regression with a column per cell, for every kind of covariance that regressions have.
fn with_columns(sample: &Staggered, saturated: &Saturated, spec: &Spec) -> Result<Influences> {
    let (level, own) = levels(saturated);
    let name = |at: usize| format!("cell::{at}");
    let column = |at: u32| level.iter().map(|l| f64::from(u8::from(*l == at))).collect::<Vec<f64>>();
    let mut design = sample.design.clone();
    let controls = std::mem::take(&mut design.regressors);
    design.regressors = (0..own.len()).map(|at| (name(at), Arc::new(column(at as u32)))).chain(controls).collect();
    let fitted = fit(&design, &spec.fit)?;
    let position: Vec<Option<usize>> = (0..own.len()).map(|at| fitted.position(&name(at))).collect();
    let lost: Vec<usize> = (0..own.len()).filter(|&at| position[at].is_none()).map(|at| own[at]).collect();
    let absorbed = sample.design.regressors.iter().map(|(name, _)| &name[..]).filter(|n| fitted.position(n).is_none());
    let mut warnings = left_out(saturated, &lost, &absorbed.collect::<Vec<_>>());
    let told = fitted.warnings.iter().chain(&fitted.inference.warnings);
    warnings.extend(told.filter(|w| w.id != "W306" && w.id != "W307").cloned());
    let root = root(&fitted.inference.covariance);
    let kept = position.iter().zip(&own).filter_map(|(position, &at)| {
        let position = (*position)?;
        Some((at, fitted.coefficients[position], root.row(position).iter().copied().collect()))
    });
    Ok(Influences { kept: kept.collect(), df: fitted.se_card().df, warnings })
}

/// A matrix whose rows have `covariance` as products.
fn root(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(covariance.clone());
    let scale = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    &eigen.eigenvectors * DMatrix::from_diagonal(&scale)
}
