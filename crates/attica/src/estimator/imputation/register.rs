//! The imputation and the two-stage estimator among the registered ones.

use super::classes::Cells;
use super::effects::{CellEffect, Variance, effects_of};
use super::leads::leads;
use crate::design::WeightKind;
use crate::estimator::answer::{Headline, Words};
use crate::estimator::group_time::{Average, GroupTime, Point};
use crate::estimator::options::{self, Options};
use crate::estimator::reassign::{self, Reassigned};
use crate::estimator::staggered::{Cohorts, Staggered};
use crate::estimator::within::{ByUnit, NO_LEVEL, Rows, connected};
use crate::estimator::{About, Data, Estimate, Estimator, Leads, Spec};
use crate::fit::Term;
use crate::message::{Problem, Result, Warning};
use crate::text::Text;

/// Borusyak, Jaravel and Spiess: mean of imputed effects over treated rows; leads come from a separate
/// regression on untreated rows, so that testing them does not distort the effects.
pub struct Imputation;

/// Gardner: effects net of first-stage unit and period effects; leads are means of first-stage residuals.
pub struct Gardner;

const PARALLEL: (&str, &str) = (
    "Parallel trends for every unit in every period: without the policy the outcome is a unit effect, a period effect and the controls' share.",
    "所有个体在所有时期平行趋势成立：若无政策，结果等于个体效应、时期效应与控制变量部分之和。",
);
const WINDOW: (&str, &str) = ("first and last event time shown", "展示的首末相对时间");
const ANTICIPATION: (&str, &str) = (
    "periods before adoption in which units may already react: the first stage does not use them",
    "政策实施前个体可能已作出反应的期数：第一阶段不使用这些时期",
);

fn about(title: Text, reference: &'static str, own: Vec<(&'static str, Text)>) -> About {
    let shared = [("window", WINDOW), ("anticipation", ANTICIPATION)].map(|(name, (en, zh))| (name, Text::new(en, zh)));
    About {
        title,
        reference,
        assumptions: vec![Text::new(PARALLEL.0, PARALLEL.1), About::no_anticipation()],
        options: shared.into_iter().chain([options::balance(), options::bootstrap()]).chain(own).collect(),
    }
}

fn words(label: Text, base: Text) -> Words {
    Words {
        label,
        control_group: Text::new(
            "all untreated rows: never treated and not treated yet",
            "全部未处理观测：从未处理与尚未处理",
        ),
        base,
    }
}

/// The rows of the sample, which of them the first stage uses, and where each stands.
struct Stages {
    cohorts: Cohorts,
    /// Cohort by period, or [`NO_LEVEL`].
    cell: Vec<u32>,
    /// Event time of each cell.
    event: Vec<i64>,
    untreated: Vec<bool>,
    by_unit: ByUnit,
}

impl Stages {
    fn new(sample: &Staggered) -> Self {
        let cohorts = sample.cohorts();
        let cell: Vec<u32> = (0..sample.unit.len()).map(|row| cohorts.cell(sample, row).unwrap_or(NO_LEVEL)).collect();
        let event: Vec<i64> = (0..cohorts.cells()).map(|cell| cohorts.event_time(cell)).collect();
        let exposed: Vec<bool> = event.iter().map(|&k| k >= -sample.anticipation).chain([false]).collect();
        let untreated = cell.iter().map(|&cell| !exposed[(cell as usize).min(event.len())]).collect();
        Self { cohorts, cell, event, untreated, by_unit: ByUnit::new(&sample.unit, sample.units) }
    }

    /// The sample without exposed rows whose untreated outcome is not identified: no untreated row of the unit, or
    /// of the period, or none that connects the two.
    ///
    /// # Errors
    /// `E205` without untreated rows; `E806` where rows would leave that must not.
    fn among_imputable(sample: &mut Staggered, autosample: bool) -> Result<Self> {
        sample.leave_out_absorbed();
        let stages = Self::new(sample);
        if !stages.untreated.contains(&true) {
            return Err(Problem::new("E205", "every row is treated, so the untreated outcome cannot be estimated"));
        }
        let (periods, units) = connected(&sample.rows(), &stages.untreated, &stages.by_unit);
        let identified = |row: usize| {
            let part = units[sample.unit[row] as usize];
            part.is_some() && part == periods[sample.time[row] as usize]
        };
        let stays = |row: &u32| stages.untreated[*row as usize] || identified(*row as usize);
        let rows = 0..sample.unit.len() as u32;
        let lost = sample.design.count(rows.clone().filter(|row| !stays(row)).map(|row| row as usize));
        if lost == 0 {
            return Ok(stages);
        }
        if !autosample {
            return Err(Problem::new(
                "E806",
                format!("{lost} treated rows have no untreated row of their unit or period to impute from"),
            )
            .fix("set autosample = true to leave them out, or use a window with periods before adoption"));
        }
        sample.warnings.push(Warning::new(
            "W806",
            format!(
                "{lost} treated rows have no untreated row of their unit or period to impute from and are left out"
            ),
            format!("{lost}个处理观测所在个体或时期没有未处理观测，无法插补，予以剔除"),
        ));
        let keep: Vec<u32> = rows.filter(stays).collect();
        sample.keep(&keep);
        if !(0..sample.unit.len()).any(|row| sample.is_treated(row)) {
            return Err(Problem::new(
                "E205",
                "no treated row has an untreated row of its unit and of its period to impute from",
            )
            .fix("use a window with periods before adoption"));
        }
        Ok(Self::new(sample))
    }

    /// Effects in the cells of which `wanted` holds, by event time, and the clusters of their influences.
    ///
    /// # Errors
    /// Those of [`effects`].
    fn effects(&self, rows: &Rows, of: Variance, wanted: impl Fn(i64) -> bool) -> Result<(GroupTime, Vec<u32>)> {
        let cohorts = &self.cohorts;
        let asked: Vec<usize> = (0..cohorts.cells()).filter(|&cell| wanted(cohorts.event_time(cell))).collect();
        let mut number = vec![NO_LEVEL; cohorts.cells() + 1];
        asked.iter().zip(0..).for_each(|(&cell, new)| number[cell] = new);
        let own: Vec<u32> = self.cell.iter().map(|&cell| number[(cell as usize).min(cohorts.cells())]).collect();
        let cohort: Vec<u32> = asked.iter().map(|&cell| cohorts.cohort(cell) as u32).collect();
        let cells = Cells { of_row: &own, cohort: &cohort, used: &self.untreated };
        let found = effects_of(rows, &self.by_unit, &cells, of)?;
        let point = |effect: &CellEffect| Point {
            group: cohorts.date(asked[effect.cell]),
            time: cohorts.period(asked[effect.cell]),
            event_time: cohorts.event_time(asked[effect.cell]),
            base: None,
            estimate: effect.estimate,
            is_reference: false,
            weight: effect.weight,
            weight_column: effect.share,
            n_treated: effect.rows,
            n_control: None,
        };
        let points = found.cells.iter().map(point).collect();
        Ok((GroupTime { points, influences: found.influences }, found.members))
    }

    /// Leads that are tested: event times of untreated rows within the window but the earliest, or the last
    /// `pretrends` ones.
    fn tested(&self, sample: &Staggered, spec: &Spec) -> Vec<i64> {
        let mut seen = vec![false; self.event.len() + 1];
        for (&cell, _) in self.cell.iter().zip(&self.untreated).filter(|(_, untreated)| **untreated) {
            seen[(cell as usize).min(self.event.len())] = true;
        }
        let mut times: Vec<i64> = self.event.iter().zip(&seen).filter(|(_, seen)| **seen).map(|(k, _)| *k).collect();
        times.sort_unstable();
        times.dedup();
        let inside = |k: &i64| spec.window.bounds.is_none_or(|[low, high]| (low..=high).contains(k));
        let asked = |k: &i64| spec.options.bjs.pretrends.is_none_or(|leads| *k >= -sample.anticipation - leads as i64);
        times.into_iter().skip(1).filter(inside).filter(asked).collect()
    }
}

impl Estimator for Imputation {
    fn name(&self) -> &'static str {
        "bjs"
    }

    fn about(&self) -> About {
        about(
            Text::new("Borusyak–Jaravel–Spiess imputation", "Borusyak–Jaravel–Spiess插补估计量"),
            "Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91(6)",
            vec![
                (
                    "autosample",
                    Text::new("leaves rows out that cannot be imputed, or stops", "剔除无法插补的观测，或报错"),
                ),
                (
                    "leave_out",
                    Text::new("residuals from means without the own cluster", "残差相对于剔除本聚类后的均值"),
                ),
                ("pretrends", Text::new("number of leads tested", "检验的处理前期数")),
            ],
        )
    }

    fn leads(&self, _options: &Options) -> Leads {
        Leads::Early
    }

    fn needs_units(&self, options: &Options) -> Option<String> {
        options.bjs.leave_out.then(|| "with means without the own cluster (bjs.leave_out)".to_owned())
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        reassign::dated(
            data,
            spec,
            |_| (),
            move |sample| after_adoption(sample, spec, spec.options.bjs.autosample, conservative(spec)),
        )
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let stages = Stages::among_imputable(&mut sample, spec.options.bjs.autosample)?;
        let ((mut effects, members), (leads, warnings)) = {
            let rows = sample.rows();
            let found = stages.effects(&rows, conservative(spec), |k| k >= -sample.anticipation)?;
            (found, pre_trends(&stages, &rows, &sample, spec)?)
        };
        sample.warnings.extend(warnings);
        sample.order_influences(&members);
        let mut base = Text::new(
            "effects are differences from what untreated rows of all periods predict; leads come from a separate regression on untreated rows, relative to the periods before the leads",
            "各期效应为相对由全部未处理观测所预测的反事实之差；处理前系数来自仅用未处理观测的单独回归，以更早时期为基准",
        );
        if spec.options.symmetric {
            base = cannot_be_symmetric(&base);
        }
        let words = words(self.about().title, base);
        let leads = effects.add_averages(leads, &members);
        sample.estimate_with_leads(self.name(), words, &effects, leads, Headline::Simple, spec, None)
    }
}

fn conservative(spec: &Spec) -> Variance {
    Variance::Conservative { leave_out: spec.options.bjs.leave_out }
}

/// The mean effect after adoption.
fn after_adoption(mut sample: Staggered, spec: &Spec, autosample: bool, variance: Variance) -> Result<Term> {
    let stages = Stages::among_imputable(&mut sample, autosample)?;
    let (effects, _) = stages.effects(&sample.rows(), variance, |k| k >= 0)?;
    sample.headline(&effects, Headline::Simple, spec, None)
}

fn pre_trends(stages: &Stages, rows: &Rows, sample: &Staggered, spec: &Spec) -> Result<(Vec<Average>, Vec<Warning>)> {
    let frequency = sample.design.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
    let tested = stages.tested(sample, spec);
    leads(rows, &stages.untreated, &stages.by_unit, (&stages.event, &stages.cell), &tested, (spec.fit.ssc, frequency))
}

/// Imputed effects have no single base period, so that leads and effects cannot be put on one.
fn cannot_be_symmetric(base: &Text) -> Text {
    Text::new(
        format!("{}; they have no single base period and stay so when long differences are asked for", base.en),
        format!("{}；不存在单一基准期，要求长差分时亦保持不变", base.zh),
    )
}

impl Estimator for Gardner {
    fn name(&self) -> &'static str {
        "gardner"
    }

    fn about(&self) -> About {
        about(Text::new("Gardner two-stage", "Gardner两阶段估计量"), "Gardner (2022), arXiv:2207.05943", Vec::new())
    }

    fn leads(&self, _options: &Options) -> Leads {
        Leads::Mean
    }

    fn needs_units(&self, _options: &Options) -> Option<String> {
        None
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        reassign::dated(data, spec, |_| (), move |sample| after_adoption(sample, spec, true, Variance::TwoStage))
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let stages = Stages::among_imputable(&mut sample, true)?;
        let (effects, members) = stages.effects(&sample.rows(), Variance::TwoStage, |_| true)?;
        sample.order_influences(&members);
        let mut base = Text::new(
            "effects are differences from what untreated rows of all periods predict; leads are means of what that prediction leaves of the rows it was fitted on, and small for that reason",
            "各期效应为相对由全部未处理观测所预测的反事实之差；处理前系数为第一阶段拟合样本内残差的均值，因而偏小",
        );
        if spec.options.symmetric {
            base = cannot_be_symmetric(&base);
        }
        let words = words(self.about().title, base);
        sample.estimate_group_time(self.name(), words, &effects, Headline::Simple, spec, None)
    }
}
