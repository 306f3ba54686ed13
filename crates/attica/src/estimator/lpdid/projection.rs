//! One local projection: long differences on adoption and dates, over newly treated and clean controls.

use std::sync::Arc;

use super::Setting;
use super::adjustment;
use super::changes::{Changes, Rows, Span};
use crate::absorb::take_codes;
use crate::design::{Codes, Design, Effect, WeightKind, Weights};
use crate::fit::{Fit, FitOptions, FitRecord, fit};
use crate::ledger::Ledger;
use crate::message::{Problem, Result};
use crate::vcov::Vcov;

/// Name of the indicator of adoption in the regression.
const ADOPTS: &str = "adopts";

/// The effect of one span.
pub(super) struct Projection {
    pub span: Span,
    pub estimate: f64,
    /// Influence of each cluster of the sample, small-sample factor included.
    pub influence: Vec<f64>,
    /// Degrees of freedom; none means normal.
    pub df: Option<f64>,
    /// Newly treated units.
    pub n_treated: usize,
    /// Their dates, as indices of periods, ascending.
    pub dates: Vec<u32>,
    /// Outcomes behind it, units by periods.
    pub used: Vec<bool>,
    pub record: FitRecord,
}

/// Estimates the effect of `span`: variance-weighted least squares; with `reweight` every treated unit counts
/// alike, by weights, or by regression adjustment when there are controls (as Stata's `lpdid`).
///
/// # Errors
/// `E205` when no date has both newly treated units and clean controls; those of [`fit`].
pub(super) fn project(changes: &Changes, span: Span, setting: &Setting) -> Result<Projection> {
    let rows = changes.rows(span);
    let totals = rows.by_date();
    let compared = |row: usize| {
        let [controls, treated] = totals[rows.date[row] as usize];
        controls > 0.0 && treated > 0.0
    };
    let treated: Vec<usize> = (0..rows.unit.len()).filter(|&row| rows.treated[row] > 0.0 && compared(row)).collect();
    if treated.is_empty() {
        return Err(Problem::new("E205", "no date has both adopting units and clean controls")
            .fix("narrow the window, or use units not treated yet as controls"));
    }
    let mut dates: Vec<u32> = treated.iter().map(|&row| rows.date[row]).collect();
    dates.sort_unstable();
    dates.dedup();
    let rows = if setting.reweight { rows.filter(compared) } else { rows };
    let (estimate, influence, df, sample, record) = if setting.reweight && !rows.controls.is_empty() {
        adjustment::adjust(&rows, setting)?
    } else {
        regress(&rows, &totals, setting)?
    };
    let used = changes.used(&rows, &sample, span);
    Ok(Projection { span, estimate, influence, df, n_treated: treated.len(), dates, used, record })
}

/// Estimate, influence, degrees of freedom, rows used, and the regression.
pub(super) type Answer = (f64, Vec<f64>, Option<f64>, Vec<usize>, FitRecord);

fn regress(rows: &Rows, totals: &[[f64; 2]], setting: &Setting) -> Result<Answer> {
    let mut weights =
        setting.weights.map(|kind| Weights { name: setting.weight_name.clone(), kind, values: rows.weight.clone() });
    if setting.reweight {
        // Least squares weighs dates by the variance of adoption; this undoes it (Stata's `rw`).
        let value = |row: usize| {
            let [controls, treated] = totals[rows.date[row] as usize];
            rows.weight[row] * (controls + treated) / controls
        };
        let values = (0..rows.unit.len()).map(value).collect();
        weights =
            Some(Weights { name: "equal weight of treated units".to_owned(), kind: WeightKind::Probability, values });
    }
    let mut design = design(rows, setting, weights);
    design.regressors.insert(0, (ADOPTS.to_owned(), Arc::new(rows.treated.clone())));
    let fitted = fit(&design, &options(setting))?;
    let Some(adopts) = fitted.position(ADOPTS) else {
        return Err(Problem::new("E206", "the controls or dates absorb adoption"));
    };
    let scale = fitted.inference.adjustment.factor.sqrt();
    let slope: Vec<f64> = (0..fitted.names.len()).map(|j| scale * fitted.bread[(adopts, j)]).collect();
    let mut influence = vec![0.0; setting.clusters];
    for (i, &row) in fitted.sample.iter().enumerate() {
        influence[rows.cluster[row as usize] as usize] += along(&fitted, &slope, i);
    }
    let df = Some(fitted.inference.adjustment.df);
    let sample = fitted.sample.iter().map(|&row| row as usize).collect();
    Ok((fitted.coefficients[adopts], influence, df, sample, fitted.record()))
}

/// Score of row `i` of a fit in the direction `slope` of its coefficients.
pub(super) fn along(fitted: &Fit, slope: &[f64], i: usize) -> f64 {
    let weight = fitted.weights.as_ref().map_or(1.0, |w| w.values[i]);
    weight * fitted.residuals[i] * fitted.columns.iter().zip(slope).map(|(x, b)| b * x[i]).sum::<f64>()
}

/// Changes on controls with an effect of each date.
pub(super) fn design(rows: &Rows, setting: &Setting, weights: Option<Weights>) -> Design {
    let all: Vec<u32> = (0..rows.unit.len() as u32).collect();
    let codes = |name: &str, codes: &[u32], levels: usize| {
        take_codes(&Codes { name: name.to_owned(), codes: codes.to_vec().into(), levels }, &all)
    };
    let date = codes(&setting.time_name, &rows.date, setting.periods);
    Design {
        outcome: (setting.outcome.clone(), Arc::new(rows.change.clone())),
        regressors: setting.controls.iter().cloned().zip(rows.controls.iter().cloned().map(Arc::new)).collect(),
        intercept: false,
        effects: vec![Effect { by: date, slopes: Vec::new(), intercept: true }],
        weights,
        clusters: vec![codes(&setting.cluster_name, &rows.cluster, setting.clusters)],
        panel: None,
        coordinates: None,
        ledger: Ledger::new(all.len()),
        sample: all,
        warnings: Vec::new(),
    }
}

pub(super) fn options(setting: &Setting) -> FitOptions {
    FitOptions { vcov: Vcov::cluster(&setting.cluster_name), constants: false, ..setting.fit.clone() }
}
