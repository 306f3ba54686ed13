//! The imputation and the two-stage estimator among the registered ones.

use super::{Rows, Target, TwoStage, impute, two_stage};
use crate::estimator::event::Effect;
use crate::estimator::options::Options;
use crate::estimator::staggered::{Staggered, Words, normal_term};
use crate::estimator::{About, Data, Estimate, Estimator, Leads, Spec};
use crate::fit::fit;
use crate::message::{Problem, Result};
use crate::text::Text;

/// Borusyak, Jaravel and Spiess: mean of imputed effects over treated rows; leads come from a separate
/// regression on untreated rows, so that testing them does not distort the effects.
pub struct Imputation;

/// Gardner: effects net of first-stage unit and period effects; leads are means of first-stage residuals.
pub struct Gardner;

const NO_ANTICIPATION: (&str, &str) =
    ("No anticipation: nothing changes before adoption.", "无预期效应：政策实施前结果不变。");
const PARALLEL: (&str, &str) = (
    "Parallel trends for every unit in every period: without the policy the outcome is a unit effect, a period effect and the controls' share.",
    "所有个体在所有时期平行趋势成立：若无政策，结果等于个体效应、时期效应与控制变量部分之和。",
);

fn about(title: Text, reference: &'static str) -> About {
    About {
        title,
        reference,
        assumptions: [PARALLEL, NO_ANTICIPATION].map(|(en, zh)| Text::new(en, zh)).to_vec(),
        options: vec![("window", Text::new("first and last event time shown", "展示的首末相对时间"))],
    }
}

fn words(label: Text) -> Words {
    Words {
        label,
        control_group: Text::new(
            "all untreated rows: never treated and not treated yet",
            "全部未处理观测：从未处理与尚未处理",
        ),
        base: Text::new(
            "effects are differences from what untreated rows of all periods predict",
            "各期效应为相对由全部未处理观测所预测的反事实之差",
        ),
    }
}

/// Runs `use_rows` on the sample's rows.
fn with_rows<T>(sample: &Staggered, use_rows: impl FnOnce(&Rows) -> T) -> T {
    let treated: Vec<bool> = (0..sample.unit.len()).map(|row| sample.is_exposed(row)).collect();
    use_rows(&Rows {
        unit: &sample.unit,
        units: sample.units,
        time: &sample.time,
        periods: sample.times.len(),
        y: &sample.design.outcome.1,
        x: &sample.design.regressors,
        treated: &treated,
        weight: &sample.weight,
        cluster: &sample.cluster,
        clusters: sample.clusters,
    })
}

fn indicator(sample: &Staggered, at: impl Fn(i64) -> bool) -> Vec<f64> {
    (0..sample.unit.len()).map(|row| f64::from(u8::from(sample.event_time(row).is_some_and(&at)))).collect()
}

impl Estimator for Imputation {
    fn name(&self) -> &'static str {
        "bjs"
    }

    fn about(&self) -> About {
        about(
            Text::new("Borusyak–Jaravel–Spiess imputation", "Borusyak–Jaravel–Spiess插补估计量"),
            "Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91(6)",
        )
    }

    fn leads(&self, _options: &Options) -> Leads {
        Leads::Early
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let times = sample.event_times(spec);
        let mut targets = vec![Target { at: None, weight: indicator(&sample, |k| k >= 0) }];
        targets.extend(
            times
                .iter()
                .filter(|k| **k >= 0)
                .map(|&k| Target { at: Some(k as f64), weight: indicator(&sample, |e| e == k) }),
        );
        let periods = sample.times.len() as u32;
        let group =
            adoption_groups(&sample).iter().zip(&sample.time).map(|(g, t)| g * periods + t).collect::<Vec<u32>>();
        let (effects, warnings) = with_rows(&sample, |rows| impute(rows, &targets, &group, false))?;
        sample.warnings.extend(warnings);
        let (overall, horizons) = match effects.split_first() {
            Some((first, rest)) if first.at.is_none() => (first, rest),
            _ => {
                return Err(Problem::new(
                    "E205",
                    "no treated row has an untreated row of its unit and of its period to impute from",
                )
                .fix("use a window with periods before adoption"));
            }
        };
        let words = Words {
            base: Text::new(
                "effects are differences from what untreated rows of all periods predict; leads come from a separate regression on untreated rows, relative to the periods before the leads",
                "各期效应为相对由全部未处理观测所预测的反事实之差；处理前系数来自仅用未处理观测的单独回归，以更早时期为基准",
            ),
            ..words(self.about().title)
        };
        let (mut rows, mut covariance) = leads(spec, &sample, &times)?;
        let before = rows.len();
        let size = before + horizons.len();
        for row in &mut covariance {
            row.resize(size, 0.0);
        }
        for (i, effect) in horizons.iter().enumerate() {
            let event_time = effect.at.unwrap_or(0.0) as i64;
            rows.push(Effect { event_time, binned: false, estimate: effect.estimate, n: effect.rows });
            let mut row = vec![0.0; size];
            for (j, other) in horizons.iter().enumerate() {
                row[before + j] = effect.influence.iter().zip(&other.influence).map(|(a, b)| a * b).sum();
            }
            debug_assert_eq!(covariance.len(), before + i);
            covariance.push(row);
        }
        let study = sample.study(self.name(), &words, rows, covariance, spec);
        let term = normal_term(&spec.treatment, overall.estimate, overall.std_error, spec.fit.level);
        Ok(sample.estimate(self.name(), words, term, Some(study)))
    }
}

/// Leads by ordinary regression on untreated rows: event times from the start of the window (or the
/// second-earliest there is) to -1, against earlier rows and never-treated units.
fn leads(spec: &Spec, sample: &Staggered, times: &[i64]) -> Result<(Vec<Effect>, Vec<Vec<f64>>)> {
    let untreated: Vec<u32> = (0..sample.unit.len() as u32).filter(|&r| !sample.is_treated(r as usize)).collect();
    let event = |r: &u32| sample.event_time(*r as usize);
    let earliest = untreated.iter().filter_map(event).min().unwrap_or(0);
    let tested: Vec<i64> = times.iter().copied().filter(|k| *k < 0 && *k > earliest).collect();
    if tested.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let name = |k: i64| format!("event::{k}");
    let column = |&k: &i64| (name(k), untreated.iter().map(|r| f64::from(u8::from(event(r) == Some(k)))).collect());
    let mut design = sample.design.take(&untreated);
    let controls = std::mem::take(&mut design.regressors);
    design.regressors = tested.iter().map(column).chain(controls).collect();
    let fitted = fit(&design, &spec.fit)?;
    let found: Vec<(i64, usize)> = tested.iter().filter_map(|&k| Some((k, fitted.position(&name(k))?))).collect();
    let effects = found
        .iter()
        .map(|&(k, at)| Effect {
            event_time: k,
            binned: false,
            estimate: fitted.coefficients[at],
            n: sample.rows_at(k),
        })
        .collect();
    let v = &fitted.inference.covariance;
    let covariance = found.iter().map(|&(_, i)| found.iter().map(|&(_, j)| v[(i, j)]).collect()).collect();
    Ok((effects, covariance))
}

/// Cohorts by number, never-treated included.
fn adoption_groups(sample: &Staggered) -> Vec<u32> {
    let mut dates: Vec<f64> = sample.first.iter().flatten().copied().collect();
    dates.sort_by(f64::total_cmp);
    dates.dedup();
    let number = |g: f64| dates.partition_point(|d| *d < g) as u32 + 1;
    sample.unit.iter().map(|&u| sample.first[u as usize].map_or(0, number)).collect()
}

impl Estimator for Gardner {
    fn name(&self) -> &'static str {
        "gardner"
    }

    fn about(&self) -> About {
        about(Text::new("Gardner two-stage", "Gardner两阶段估计量"), "Gardner (2022), arXiv:2207.05943")
    }

    fn leads(&self, _options: &Options) -> Leads {
        Leads::Mean
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let overall = with_rows(&sample, |rows| two_stage(rows, &[indicator(&sample, |k| k >= 0)]))?;
        let times = sample.event_times(spec);
        // Event times beyond the window share the end bins, so that no treated row counts as untreated.
        let (low, high) = (times.first().copied().unwrap_or(0), times.last().copied().unwrap_or(0));
        let columns: Vec<Vec<f64>> = times.iter().map(|&k| indicator(&sample, |e| e.clamp(low, high) == k)).collect();
        let TwoStage { coefficients, covariance, warnings } = with_rows(&sample, |rows| two_stage(rows, &columns))?;
        sample.warnings.extend(warnings);
        let words = words(self.about().title);
        let binned = |k: i64| columns_hold_more(&sample, k, low, high);
        let rows = times
            .iter()
            .zip(&coefficients)
            .zip(&columns)
            .map(|((&k, &estimate), column)| Effect {
                event_time: k,
                binned: binned(k),
                estimate,
                n: column.iter().filter(|v| **v > 0.0).count(),
            })
            .collect();
        let size = coefficients.len();
        let covariance = (0..size).map(|i| (0..size).map(|j| covariance[(i, j)]).collect()).collect();
        let study = sample.study(self.name(), &words, rows, covariance, spec);
        let term =
            normal_term(&spec.treatment, overall.coefficients[0], overall.covariance[(0, 0)].sqrt(), spec.fit.level);
        Ok(sample.estimate(self.name(), words, term, Some(study)))
    }
}

/// An end bin with rows beyond its own event time.
fn columns_hold_more(sample: &Staggered, k: i64, low: i64, high: i64) -> bool {
    let beyond = |e: i64| (k == low && e < low) || (k == high && e > high);
    (0..sample.unit.len()).filter_map(|row| sample.event_time(row)).any(beyond)
}
