//! Callaway and Sant'Anna (2021), "Difference-in-Differences with multiple time periods", Journal of
//! Econometrics 225: group-time average treatment effects and their aggregation. Reference
//! implementation: R package did (`att_gt`, `aggte`).

mod aggregate;
mod drdid;
mod register;

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use aggregate::{Aggregate, Aggregation, Average, aggregate};
pub use register::CallawaySantAnna;

use self::drdid::{Cell, CellFailure};
use super::options::{BasePeriod, ControlGroup};
use super::wide::Wide;
use crate::message::{Problem, Result, Warning};

/// How covariates enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Outcome regression and propensity score; consistent when either is right.
    #[default]
    DoublyRobust,
    /// Propensity score only (`ipw`).
    Weighting,
    /// Outcome regression only (`reg`).
    Regression,
}

/// Options of [`att_gt`]; the default is that of the reference implementation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Comparison group.
    pub controls: ControlGroup,
    /// Use of covariates.
    pub method: Method,
    /// Base period.
    pub base: BasePeriod,
    /// Periods before adoption in which units may already react.
    pub anticipation: usize,
}

/// The effect on one cohort in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupTime {
    /// Cohort: first treated period.
    pub group: f64,
    /// Period.
    pub time: f64,
    /// The period that changes are measured from.
    pub base: f64,
    /// Effect.
    pub att: f64,
    /// True where the effect is zero by construction (the universal base period itself).
    pub is_reference: bool,
    /// Treated units compared.
    pub n_treated: usize,
    /// Control units compared.
    pub n_control: usize,
    /// Influence of each unit of the sample; `sqrt(mean(IF^2) / n)` is the standard error.
    pub influence: Vec<f64>,
}

/// All group-time effects and what aggregation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct AttGt {
    /// Effects, by cohort and then period.
    pub effects: Vec<GroupTime>,
    /// Cohort of each unit in the sample, `None` when never treated.
    pub cohort: Vec<Option<f64>>,
    /// Weight of each unit, mean one.
    pub weight: Vec<f64>,
    /// Cluster of each unit, if coarser than the unit.
    pub cluster: Option<Vec<u32>>,
    /// Index in the input of each unit of the sample.
    pub units: Vec<usize>,
    /// What was left out and why.
    pub warnings: Vec<Warning>,
}

impl AttGt {
    /// Cluster sums of units' influence over the number of units: products of two such vectors are
    /// covariances (clusters are units unless coarser ones were given).
    pub fn scores(&self, influence: &[f64]) -> Vec<f64> {
        let n = self.cohort.len() as f64;
        let unit = influence.iter().map(|v| v / n);
        match &self.cluster {
            None => unit.collect(),
            Some(cluster) => {
                let mut sums = vec![0.0; cluster.iter().max().map_or(0, |c| *c as usize + 1)];
                for (value, c) in unit.zip(cluster) {
                    sums[*c as usize] += value;
                }
                sums
            }
        }
    }
}

/// Group-time effects. A cell compares units whose outcome is known in both of its periods.
///
/// Units that are treated in the first period (or within the anticipation window of it) have no
/// base period and are left out with a warning. A cell that cannot be estimated (collinear
/// covariates, no overlap) is left out with a warning that names it.
///
/// # Errors
/// `E205` when no unit is treated after the first period; `E204` when never-treated controls
/// are asked for and there are none.
pub fn att_gt(panel: &Wide, options: &Options) -> Result<AttGt> {
    let mut warnings = Vec::new();
    let first_usable = panel.times.get(options.anticipation + 1).copied();
    let usable = |g: f64| first_usable.is_some_and(|first| g >= first);
    let units: Vec<usize> = (0..panel.units).filter(|&i| panel.cohort[i].is_none_or(usable)).collect();
    if units.len() < panel.units {
        let n = panel.units - units.len();
        warnings.push(Warning::new(
            "W203",
            format!("{n} units are treated from the first period on (or within its anticipation window): they have no period before and are left out"),
            format!("{n}个个体自首期起（或在其预期窗口内）即受处理，没有处理前时期，予以剔除"),
        ));
    }
    let cohort: Vec<Option<f64>> =
        units.iter().map(|&i| panel.cohort[i].filter(|g| panel.times.last().is_some_and(|last| g <= last))).collect();
    let mut groups: Vec<f64> = cohort.iter().flatten().copied().collect();
    groups.sort_by(f64::total_cmp);
    groups.dedup();
    if groups.is_empty() {
        return Err(Problem::new(
            "E205",
            "no unit adopts the policy after the first usable period, so there is no effect to estimate",
        )
        .fix("check the column of first treated periods against the periods of the panel"));
    }
    let mut last_time = panel.times.len();
    if cohort.iter().all(Option::is_some) {
        if options.controls == ControlGroup::Never {
            return Err(Problem::new(
                "E204",
                "every unit is treated sooner or later, so there are no never-treated controls",
            )
            .fix("use units not yet treated as controls (control group \"not-yet\")"));
        }
        // Nobody is left to compare with once the last cohort is treated.
        let last = groups.pop().unwrap_or(f64::INFINITY);
        last_time = panel.times.iter().filter(|&&t| t < last - anticipated(panel, options)).count();
        warnings.push(Warning::new(
            "W204",
            format!("there are no never-treated units: periods from {last} on have no controls and are not used; the cohort of {last} serves as control only"),
            format!("没有从未处理的个体：{last}期及以后没有对照组，不予使用；{last}年处理的个体仅作为对照"),
        ));
    }
    let mean = units.iter().map(|&i| panel.weight[i]).sum::<f64>() / units.len() as f64;
    let weight: Vec<f64> = units.iter().map(|&i| panel.weight[i] / mean).collect();
    let sample = Sample { panel, units: &units, cohort: &cohort, weight: &weight, options };
    let plan = sample.plan(&groups, last_time);
    let done: Vec<_> = plan.par_iter().map(|&(group, time, base)| sample.cell(group, time, base)).collect();
    let mut effects = Vec::with_capacity(done.len());
    let mut missing: Vec<(f64, Missing, Vec<f64>)> = Vec::new();
    for ((group, time, _), cell) in plan.into_iter().zip(done) {
        let at = panel.times[time];
        match cell {
            Ok((effect, trimmed)) => {
                effects.push(effect);
                if trimmed > 0 {
                    warnings.push(trimmed_warning(at, group, trimmed));
                }
            }
            Err(why) => match missing.iter_mut().find(|(g, reason, _)| *g == group && *reason == why) {
                Some((_, _, times)) => times.push(at),
                None => missing.push((group, why, vec![at])),
            },
        }
    }
    warnings.extend(missing.iter().map(|(group, why, times)| why.warning(*group, times)));
    let cluster = panel.cluster.as_ref().map(|c| units.iter().map(|&i| c[i]).collect());
    Ok(AttGt { effects, cohort, weight, cluster, units, warnings })
}

fn anticipated(panel: &Wide, options: &Options) -> f64 {
    options.anticipation as f64 * panel.step
}

fn trimmed_warning(time: f64, group: f64, trimmed: usize) -> Warning {
    Warning::new(
        "W804",
        format!(
            "cohort {group}, period {time}: {trimmed} controls have a propensity score of .995 or more and get no weight"
        ),
        format!("{group}组{time}期：{trimmed}个对照个体的倾向得分不低于0.995，权重置零"),
    )
}

/// Why a cell is not among the effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    NoControls,
    NoTreated,
    Failed(CellFailure),
}

impl Missing {
    fn warning(self, group: f64, times: &[f64]) -> Warning {
        let (en, zh) = match self {
            Self::NoControls => {
                ("there are no control units with an outcome in both periods", "没有在两期均有结果变量的对照个体")
            }
            Self::NoTreated => ("no treated unit has an outcome in both periods", "没有在两期均有结果变量的处理个体"),
            Self::Failed(CellFailure::Collinear) => {
                ("covariates are collinear among its controls", "协变量在对照组中共线")
            }
            Self::Failed(CellFailure::NoOverlap) => (
                "covariates separate treated from controls (no overlap)",
                "协变量完全区分了处理组与对照组（无共同支撑）",
            ),
        };
        let at = times.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Warning::new(
            "W805",
            format!("cohort {group} has no effect in {at}: {en}; aggregates leave it out"),
            format!("{group}组在{at}期无法估计：{zh}；汇总时不含这些组期"),
        )
    }
}

/// The units in use, with what every cell reads.
struct Sample<'a> {
    panel: &'a Wide,
    units: &'a [usize],
    cohort: &'a [Option<f64>],
    weight: &'a [f64],
    options: &'a Options,
}

impl Sample<'_> {
    /// Cells to estimate, as (cohort, period, base period), periods by index.
    fn plan(&self, groups: &[f64], last_time: usize) -> Vec<(f64, usize, usize)> {
        let times = &self.panel.times;
        let ahead = anticipated(self.panel, self.options);
        let mut plan = Vec::new();
        for &group in groups {
            // The last period in which nothing of the policy can be seen yet.
            let Some(before) = times.iter().rposition(|&t| t < group - ahead) else { continue };
            for time in 0..last_time {
                // Leads are short differences unless the base is universal; the first period has none.
                let short = self.options.base == BasePeriod::Varying && times[time] < group - ahead;
                if short && time == 0 {
                    continue;
                }
                let base = if short { time - 1 } else { before };
                plan.push((group, time, base));
            }
        }
        plan
    }

    /// True when the unit can serve as a control for a change between two periods.
    fn is_control(&self, i: usize, group: f64, time: usize, base: usize) -> bool {
        match (self.cohort[i], self.options.controls) {
            (None, _) => true,
            (Some(_), ControlGroup::Never) => false,
            (Some(g), ControlGroup::NotYet) => {
                let later = self.panel.times[time.max(base)];
                g != group && g > later + anticipated(self.panel, self.options)
            }
        }
    }

    fn cell(&self, group: f64, time: usize, base: usize) -> std::result::Result<(GroupTime, usize), Missing> {
        let n = self.units.len();
        let times = &self.panel.times;
        let (mut members, mut treated, mut change) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..n {
            let is_treated = self.cohort[i] == Some(group);
            if is_treated || self.is_control(i, group, time, base) {
                let difference = self.panel.outcome(self.units[i], time) - self.panel.outcome(self.units[i], base);
                if difference.is_finite() {
                    members.push(i);
                    treated.push(f64::from(is_treated));
                    change.push(difference);
                }
            }
        }
        let n_treated = treated.iter().filter(|d| **d > 0.0).count();
        let n_control = members.len() - n_treated;
        if n_treated == 0 {
            return Err(Missing::NoTreated);
        }
        if n_control == 0 {
            return Err(Missing::NoControls);
        }
        let mut influence = vec![0.0; n];
        let is_reference = time == base;
        let (mut att, mut trimmed) = (0.0, 0);
        if !is_reference {
            let weight = members.iter().map(|&i| self.weight[i]).collect();
            let at = time.min(base);
            let x = DMatrix::from_fn(members.len(), 1 + self.panel.covariates(), |row, k| {
                if k == 0 { 1.0 } else { self.panel.covariate(k - 1, self.units[members[row]], at) }
            });
            // Without covariates all three estimators are the same difference of means.
            let method = if x.ncols() == 1 { Method::Regression } else { self.options.method };
            let effect = Cell { change, treated, weight, x }.effect(method).map_err(Missing::Failed)?;
            (att, trimmed) = (effect.att, effect.trimmed);
            let scale = n as f64 / members.len() as f64;
            for (&i, value) in members.iter().zip(effect.influence) {
                influence[i] = scale * value;
            }
        }
        let cell = GroupTime {
            group,
            time: times[time],
            base: times[base],
            att,
            is_reference,
            n_treated,
            n_control,
            influence,
        };
        Ok((cell, trimmed))
    }
}
