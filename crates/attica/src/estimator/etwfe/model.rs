//! The saturated regression in columns: an effect for every cohort and period, and covariates interacted
//! with cohorts, periods and effects (Wooldridge 2021, 2025; R etwfe; Stata jwdid).

use crate::estimator::staggered::Staggered;
use crate::math::cross::weighted_sum;
use crate::message::Warning;

/// Which effects stand beside the interactions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Intercepts {
    /// Unit and period effects, absorbed.
    Unit,
    /// Cohort and period effects, absorbed.
    Cohort,
    /// A constant and dummies of cohorts and periods among the columns.
    Dummies,
}

/// An effect on one cohort in one period: a column of its own, and one for each covariate.
pub(super) struct Effect {
    pub group: f64,
    pub time: f64,
    pub event_time: i64,
    /// The period that changes are measured from, where it is a single one.
    pub base: Option<f64>,
    /// Rows of the cohort in the period.
    pub rows: Vec<u32>,
    /// Column that is 1 in these rows; none in the base period, where the effect is zero.
    pub dummy: Option<usize>,
    /// Columns that hold a covariate less its cohort mean in these rows.
    pub slopes: Vec<usize>,
}

/// Columns and what they mean.
pub(super) struct Model {
    /// Covariates, their interactions with cohorts and periods, then the effects.
    pub columns: Vec<(String, Vec<f64>)>,
    /// How many columns are no effect.
    pub controls: usize,
    /// Effects by cohort and period.
    pub effects: Vec<Effect>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// A covariate, and what of it remains within cohorts.
struct Covariate<'a> {
    name: &'a str,
    values: &'a [f64],
    /// Less its mean over all rows of the cohort.
    centred: Vec<f64>,
    /// Cohorts within which it is constant.
    flat: Vec<bool>,
    /// Constant within each unit.
    fixed: bool,
}

/// The columns of `sample`. With `never` all periods of a cohort but the last one before adoption have an
/// effect, else those from adoption on; `anticipation` moves both.
pub(super) fn model(sample: &Staggered, never: bool, intercepts: Intercepts, time_name: &str) -> Model {
    let (cohorts, cohort) = sample.cohort_levels();
    let mut periods: Vec<u32> = sample.time.to_vec();
    periods.sort_unstable();
    periods.dedup();
    let covariates: Vec<Covariate> = sample
        .design
        .regressors
        .iter()
        .map(|(name, values)| Covariate::new(name, values, sample, &cohort, cohorts.len()))
        .collect();
    let rows = sample.unit.len();
    let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
    let where_ = |holds: &dyn Fn(usize) -> bool| (0..rows).map(|r| f64::from(u8::from(holds(r)))).collect::<Vec<f64>>();
    let times = |x: &[f64], holds: &dyn Fn(usize) -> bool| {
        x.iter().enumerate().map(|(r, x)| if holds(r) { *x } else { 0.0 }).collect::<Vec<f64>>()
    };
    let of_cohort = |c: usize| format!("cohort::{}", cohorts[c].unwrap_or(f64::INFINITY));
    let of_period = |t: u32| format!("{}::{}", time_name, sample.times[t as usize]);
    // The last cohort, which is the never-treated one if there is any, is the one that others differ from.
    let others = 0..cohorts.len().saturating_sub(1);
    let later = periods.get(1..).unwrap_or_default();
    if intercepts == Intercepts::Dummies {
        columns.push((crate::fit::INTERCEPT.to_owned(), vec![1.0; rows]));
        columns.extend(others.clone().map(|c| (of_cohort(c), where_(&|r| cohort[r] as usize == c))));
        columns.extend(later.iter().map(|&t| (of_period(t), where_(&|r| sample.time[r] == t))));
    }
    for x in &covariates {
        if intercepts != Intercepts::Unit || !x.fixed {
            columns.push((x.name.to_owned(), x.values.to_vec()));
            columns.extend(
                others
                    .clone()
                    .filter(|&c| !x.flat[c])
                    .map(|c| (format!("{}:{}", of_cohort(c), x.name), times(x.values, &|r| cohort[r] as usize == c))),
            );
        }
        columns.extend(
            later.iter().map(|&t| (format!("{}:{}", of_period(t), x.name), times(x.values, &|r| sample.time[r] == t))),
        );
    }
    let controls = columns.len();
    let mut effects = effects(sample, &cohorts, &cohort, never);
    for effect in effects.iter_mut().filter(|effect| effect.base != Some(effect.time)) {
        let name = format!("cohort::{}:{}::{}", effect.group, time_name, effect.time);
        let spread = |value: &dyn Fn(usize) -> f64| {
            let mut column = vec![0.0; rows];
            for &row in &effect.rows {
                column[row as usize] = value(row as usize);
            }
            column
        };
        let own = cohorts.iter().position(|g| *g == Some(effect.group)).unwrap_or_default();
        effect.dummy = Some(columns.len());
        columns.push((name.clone(), spread(&|_| 1.0)));
        for x in covariates.iter().filter(|x| !x.flat[own]) {
            effect.slopes.push(columns.len());
            columns.push((format!("{name}:{}", x.name), spread(&|row| x.centred[row])));
        }
    }
    let warnings = covariates.iter().filter_map(|x| x.constant_within(&cohorts, &effects)).collect();
    Model { columns, controls, effects, warnings }
}

/// The cells of cohorts and periods that have an effect, and with `never` the base periods too.
fn effects(sample: &Staggered, cohorts: &[Option<f64>], cohort: &[u32], never: bool) -> Vec<Effect> {
    let periods = sample.times.len();
    let mut cells: Vec<Vec<u32>> = vec![Vec::new(); cohorts.len() * periods];
    for (row, &c) in cohort.iter().enumerate() {
        if cohorts[c as usize].is_some() {
            cells[c as usize * periods + sample.time[row] as usize].push(row as u32);
        }
    }
    let mut effects = Vec::new();
    for (c, group) in cohorts.iter().enumerate() {
        let Some(group) = *group else { continue };
        let seen = |t: usize| cells[c * periods + t].first().map(|&row| row as usize);
        let base = (0..periods).rev().find(|&t| seen(t).is_some_and(|row| !sample.is_exposed(row)));
        for t in 0..periods {
            let Some(row) = seen(t).filter(|&row| never || sample.is_exposed(row)) else { continue };
            let Some(event_time) = sample.event_time(row) else { continue };
            effects.push(Effect {
                group,
                time: sample.times[t],
                event_time,
                base: base.filter(|_| never).map(|t| sample.times[t]),
                rows: cells[c * periods + t].clone(),
                dummy: None,
                slopes: Vec::new(),
            });
        }
    }
    effects
}

impl<'a> Covariate<'a> {
    fn new(name: &'a str, values: &'a [f64], sample: &Staggered, cohort: &[u32], cohorts: usize) -> Self {
        let (mut sum, mut weight) = (vec![0.0; cohorts], vec![0.0; cohorts]);
        for (row, &c) in cohort.iter().enumerate() {
            sum[c as usize] += sample.weight[row] * values[row];
            weight[c as usize] += sample.weight[row];
        }
        let centred: Vec<f64> =
            cohort.iter().zip(values).map(|(&c, x)| x - sum[c as usize] / weight[c as usize]).collect();
        let mut flat = vec![true; cohorts];
        let squares: Vec<f64> = values.iter().map(|x| x * x).collect();
        let size = (weighted_sum(&squares, None) / values.len().max(1) as f64).sqrt();
        for (&c, x) in cohort.iter().zip(&centred) {
            flat[c as usize] &= x.abs() <= 1e-12 * size;
        }
        let mut first = vec![f64::NAN; sample.units];
        let fixed = sample.unit.iter().zip(values).all(|(&unit, x)| {
            let slot = &mut first[unit as usize];
            if slot.is_nan() {
                *slot = *x;
            }
            *slot == *x
        });
        Self { name, values, centred, flat, fixed }
    }

    /// `W306`: cohorts whose effects cannot vary with the covariate.
    fn constant_within(&self, cohorts: &[Option<f64>], effects: &[Effect]) -> Option<Warning> {
        let affected = |g: f64| effects.iter().any(|effect| effect.group == g);
        let flat: Vec<String> = cohorts
            .iter()
            .zip(&self.flat)
            .filter_map(|(g, flat)| g.filter(|g| *flat && affected(*g)).map(|g| g.to_string()))
            .collect();
        (!flat.is_empty()).then(|| {
            let (name, list) = (self.name, flat.join(", "));
            Warning::new(
                "W306",
                format!("\"{name}\" is constant within cohorts {list}: its interactions with them are left out, and their effects do not vary with it"),
                format!("“{name}”在批次{list}内不变：剔除其与这些批次的交互项，其效应不随之变化"),
            )
        })
    }
}
