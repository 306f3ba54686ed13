//! Coefficients of the saturated regression and the influence of every cluster on them.

use std::collections::HashMap;
use std::sync::Arc;

use nalgebra::DMatrix;

use super::model::{Intercepts, Model};
use crate::absorb::take_codes;
use crate::design::{Codes, Effect, WeightKind};
use crate::estimator::Spec;
use crate::estimator::staggered::Staggered;
use crate::fit::{Family, FitOptions, FitRecord, examine, fit, glm};
use crate::message::{Problem, Result, Warning};
use crate::vcov::{Estimate, Vcov, cluster_sums};

/// A solved model. Columns are numbered as in [`Model`].
pub(super) struct Solution {
    /// Zero where a column was left out.
    pub coefficients: Vec<f64>,
    /// Row of each column in `influence`; none where it was left out.
    pub place: Vec<Option<usize>>,
    /// Columns kept x clusters, root of the small-sample factor included.
    pub influence: DMatrix<f64>,
    /// Directions in which the coefficients are not identified: a column, and what it is made of.
    pub dependent: Vec<(usize, Vec<(usize, f64)>)>,
    /// Linear predictor of each row; empty for a linear model, whose effects do not need it.
    pub predictor: Vec<f64>,
    /// Cluster of each row.
    pub clusters: Codes,
    /// Root of the small-sample factor.
    pub root: f64,
    /// The regression, when it is a linear one.
    pub record: Option<FitRecord>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

impl Solution {
    /// True where the combination `of` (column, weight) of coefficients does not change along any
    /// direction that the data leave open.
    pub fn identifies(&self, of: &[(usize, f64)]) -> bool {
        let weight = |column: usize| of.iter().filter(|(j, _)| *j == column).map(|(_, w)| w).sum::<f64>();
        self.dependent.iter().all(|(column, parts)| {
            let terms = parts.iter().map(|(j, b)| b * weight(*j));
            let size = terms.clone().map(f64::abs).sum::<f64>() + weight(*column).abs();
            (weight(*column) - terms.sum::<f64>()).abs() <= 1e-7 * size
        })
    }
}

/// Fits `model` with effects as `intercepts` says.
///
/// # Errors
/// Those of [`fit`] and [`glm`]; `E404` with one cluster.
pub(super) fn solve(
    sample: &Staggered,
    model: &Model,
    intercepts: Intercepts,
    family: Family,
    spec: &Spec,
) -> Result<Solution> {
    let name = match (sample.design.clusters.first(), &sample.design.panel) {
        (Some(codes), _) => codes.name.clone(),
        (None, Some((unit, _))) => unit.name.clone(),
        (None, None) => "unit".to_owned(),
    };
    let all: Vec<u32> = (0..sample.unit.len() as u32).collect();
    let clusters = take_codes(&Codes { name, codes: sample.cluster.clone(), levels: sample.clusters }, &all);
    if intercepts == Intercepts::Dummies {
        nonlinear(sample, model, family, spec, clusters)
    } else {
        linear(sample, model, intercepts, spec, clusters)
    }
}

fn linear(sample: &Staggered, model: &Model, intercepts: Intercepts, spec: &Spec, clusters: Codes) -> Result<Solution> {
    let mut design = sample.design.clone();
    design.regressors = model.columns.iter().map(|(name, values)| (name.clone(), Arc::new(values.clone()))).collect();
    design.clusters = vec![clusters.clone()];
    if intercepts == Intercepts::Cohort {
        let (levels, codes) = sample.cohort_levels();
        let by = Codes { name: "cohort".to_owned(), codes: codes.into(), levels: levels.len() };
        design.effects[0] = Effect { by, slopes: Vec::new(), intercept: true };
    }
    let options =
        FitOptions { vcov: Vcov::cluster(&clusters.name), keep_singletons: true, constants: false, ..spec.fit.clone() };
    let fitted = fit(&design, &options)?;
    let column: HashMap<&str, usize> =
        model.columns.iter().enumerate().map(|(j, (name, _))| (name.as_str(), j)).collect();
    let (mut coefficients, mut place) = (vec![0.0; model.columns.len()], vec![None; model.columns.len()]);
    for (row, (name, b)) in fitted.names.iter().zip(&fitted.coefficients).enumerate() {
        if let Some(&j) = column.get(name.as_str()) {
            (coefficients[j], place[j]) = (*b, Some(row));
        }
    }
    let number = |name: &String| column.get(name.as_str()).copied();
    let dependent = fitted
        .dependent
        .iter()
        .filter_map(|(name, parts)| {
            Some((number(name)?, parts.iter().filter_map(|(part, b)| Some((number(part)?, *b))).collect()))
        })
        .collect();
    let root = fitted.inference.adjustment.factor.sqrt();
    let influence = &fitted.bread * cluster_sums(fitted.parts(), &clusters) * root;
    let mut record = fitted.record();
    // Interactions with effects of their own are nearly collinear by construction; none is read alone.
    record.warnings.retain(|warning| warning.id != "W307");
    let warnings = record.warnings.clone();
    Ok(Solution {
        coefficients,
        place,
        influence,
        dependent,
        predictor: Vec::new(),
        clusters,
        root,
        record: Some(record),
        warnings,
    })
}

fn nonlinear(sample: &Staggered, model: &Model, family: Family, spec: &Spec, clusters: Codes) -> Result<Solution> {
    let mut warnings: Vec<Warning> = examine::clusters(&clusters, false)?.into_iter().collect();
    let views: Vec<&[f64]> = model.columns.iter().map(|(_, values)| &values[..]).collect();
    let outcome = &sample.design.outcome.1;
    let weights = sample.design.weights.as_ref();
    let fitted = glm(&views, outcome, weights.map(|w| &w.values[..]), family)
        .map_err(|problem| separated(problem, sample, model, family))?;
    let n_obs = match weights {
        Some(w) if w.kind == WeightKind::Frequency => w.values.iter().sum(),
        _ => outcome.len() as f64,
    };
    let k = fitted.kept.len();
    if n_obs <= k as f64 {
        return Err(Problem::new("E701", format!("{n_obs} observations cannot estimate {k} parameters"))
            .fix("use fewer covariates, or more rows"));
    }
    let (mut coefficients, mut place) = (vec![0.0; views.len()], vec![None; views.len()]);
    for (row, (&j, b)) in fitted.kept.iter().zip(&fitted.coefficients).enumerate() {
        (coefficients[j], place[j]) = (*b, Some(row));
    }
    let name = |j: usize| &model.columns[j].0;
    for collinear in &fitted.collinear {
        let of: Vec<&str> = collinear.of.iter().map(|(j, _)| name(*j).as_str()).collect();
        warnings.push(Warning::new(
            "W306",
            format!("\"{}\" is left out: it is a linear combination of {}", name(collinear.column), of.join(", ")),
            format!("“{}”被剔除：是{}的线性组合", name(collinear.column), of.join("、")),
        ));
    }
    let adjustment = spec.fit.ssc.adjust(&Vcov::cluster(&clusters.name), n_obs, k, k, &[clusters.levels]);
    let columns: Vec<Vec<f64>> = fitted.kept.iter().map(|&j| model.columns[j].1.clone()).collect();
    let parts = Estimate {
        columns: &columns,
        residuals: &fitted.residuals,
        weights,
        bread: &fitted.inverse,
        effects: &[],
        calendar: None,
        places: None,
    };
    let root = adjustment.factor.sqrt();
    Ok(Solution {
        coefficients,
        place,
        influence: &fitted.inverse * cluster_sums(parts, &clusters) * root,
        dependent: fitted.collinear.into_iter().map(|c| (c.column, c.of)).collect(),
        predictor: fitted.predictor,
        clusters,
        root,
        record: None,
        warnings,
    })
}

/// Names the cells whose outcomes are all at the edge, where there are some.
fn separated(problem: Problem, sample: &Staggered, model: &Model, family: Family) -> Problem {
    let outcome = &sample.design.outcome.1;
    let only = |edge: f64, rows: &[u32]| rows.iter().all(|&row| outcome[row as usize] == edge);
    let cells: Vec<String> = model
        .effects
        .iter()
        .filter(|effect| only(0.0, &effect.rows) || (family == Family::Logit && only(1.0, &effect.rows)))
        .map(|effect| format!("cohort {} in {}", effect.group, effect.time))
        .collect();
    if problem.id != "E702" || cells.is_empty() {
        return problem;
    }
    let edge = if family == Family::Logit { "only zeros or only ones" } else { "only zeros" };
    Problem { message: format!("{} ({edge}: {})", problem.message, cells.join("; ")), ..problem }
}
