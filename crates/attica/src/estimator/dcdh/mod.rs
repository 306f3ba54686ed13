//! de Chaisemartin and D'Haultfoeuille (2024): effects of treatments that need not be binary nor stay on.
//!
//! Every unit counts from the period in which its treatment first changes. Its outcome since the period before
//! is compared with that of units that had the same first treatment and have not changed theirs. Papers:
//! Review of Economics and Statistics (2024); reference implementation: `did_multiplegt_dyn` (Stata, R, Python).

mod answer;
mod compare;
mod controls;
mod paths;
mod sample;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::answer::Answer;
use self::compare::{Change, Comparison, Horizon, Parts};
use self::controls::Residuals;
use self::paths::Paths;
use self::sample::Sample;
use super::group_time::Cell;
use super::options::ControlGroup;
use super::reassign::{self, Reassigned};
use super::{About, Data, Estimate, Estimator, Spec};
use crate::message::{Problem, Result, Warning};
use crate::text::Text;

/// Which changes of treatment count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Switchers {
    /// Rises.
    In,
    /// Falls.
    Out,
}

/// Options of `dcdh`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Number of effects: periods since the first change of treatment, its own included. The window's, or all, when left out.
    pub effects: Option<usize>,
    /// Number of placebos; at most as many as effects. The window's, or all, when left out.
    pub placebo: Option<usize>,
    /// Divides each effect by the treatment received until then: effects per unit of treatment.
    pub normalized: bool,
    /// Only rises (`in`) or only falls (`out`) of treatment.
    pub switchers: Option<Switchers>,
    /// Only units for which all effects can be estimated, so that effects differ by time and not by unit.
    pub same_switchers: bool,
    /// Categories with trends of their own: units are compared within them. They stay the same over time.
    pub trends_nonparam: Vec<String>,
    /// Keeps rows after the treatment has been both above and below its first value.
    #[serde(alias = "dont_drop_larger_lower")]
    pub keep_crossing: bool,
    /// Leaves out what follows a missing treatment before the first change.
    #[serde(alias = "drop_if_d_miss_before_first_switch")]
    pub drop_if_missing_before_switch: bool,
}

/// Effects since the first change of treatment; the headline is the average total effect per unit of treatment.
pub struct Dcdh;

impl Estimator for Dcdh {
    fn name(&self) -> &'static str {
        "dcdh"
    }

    fn needs_dates(&self) -> bool {
        false
    }

    fn about(&self) -> About {
        About {
            title: Text::new("de Chaisemartin–D'Haultfoeuille", "de Chaisemartin–D'Haultfoeuille估计量"),
            reference: "de Chaisemartin and D'Haultfoeuille (2024), Review of Economics and Statistics",
            assumptions: vec![
                Text::new(
                    "Parallel trends among units with the same first treatment: had it stayed the same, their outcomes would have changed alike.",
                    "初始处理相同的个体之间平行趋势成立：若处理保持不变，其结果的变化相同。",
                ),
                Text::new(
                    "No anticipation: outcomes do not depend on later treatment.",
                    "无预期效应：结果不受未来处理的影响。",
                ),
            ],
            options: vec![
                super::options::bootstrap(),
                (
                    "window",
                    Text::new("first and last event time: placebos and effects", "首末相对时间，即安慰剂与效应的期数"),
                ),
                ("effects", Text::new("number of effects", "效应期数")),
                ("placebo", Text::new("number of placebos", "安慰剂期数")),
                ("normalized", Text::new("effects per unit of treatment received", "每单位累计处理的效应")),
                ("switchers", Text::new("rises only (in) or falls only (out)", "仅处理增加（in）或仅处理减少（out）")),
                ("same_switchers", Text::new("only units with all effects", "仅使用各期效应均可估计的个体")),
                ("trends_nonparam", Text::new("categories with trends of their own", "拥有各自趋势的类别")),
                (
                    "keep_crossing",
                    Text::new(
                        "keeps rows after treatment has been above and below its first value",
                        "保留处理先后高于与低于初始值之后的观测",
                    ),
                ),
                (
                    "drop_if_missing_before_switch",
                    Text::new(
                        "leaves out what follows a missing treatment before the change",
                        "剔除变化之前处理缺失以后的观测",
                    ),
                ),
                (
                    "control_group",
                    Text::new("never: only units whose treatment never changes", "never：仅用处理从不变化的个体作对照"),
                ),
            ],
        }
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        let headline = move |data: Data<'_>| {
            let (_, _, Found { horizons, .. }) = compared(data, spec, true)?;
            answer::headline(&horizons, spec)
        };
        reassign::replaced(data, spec, headline).map(Some)
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let (mut sample, paths, Found { horizons, cells }) = compared(data, spec, false)?;
        sample.settle(&data.panel.units);
        Answer { sample, paths, horizons, cells, spec, label: self.about().title }.estimate()
    }
}

/// The sample and what its comparisons yield; `effects_only`, without placebos.
fn compared(data: Data<'_>, spec: &Spec, effects_only: bool) -> Result<(Sample, Paths, Found)> {
    let options = &spec.options.dcdh;
    let mut sample = Sample::new(data, spec, options)?;
    let paths = Paths::new(&mut sample, options)?;
    let mut asked = Asked::new(spec, &paths)?;
    sample.warnings.append(&mut asked.warnings);
    if effects_only {
        asked.placebos = 0;
    }
    let residuals = (sample.controls() > 0).then(|| Residuals::new(&mut sample, &paths));
    let found = found(&mut sample, &paths, residuals.as_ref(), spec, &asked);
    Ok((sample, paths, found))
}

/// Effects and placebos that are asked for and can exist.
struct Asked {
    effects: usize,
    placebos: usize,
    warnings: Vec<Warning>,
}

impl Asked {
    fn new(spec: &Spec, paths: &Paths) -> Result<Self> {
        let options = &spec.options.dcdh;
        let counts = |sign: Option<f64>| match options.switchers {
            None => sign.is_some(),
            Some(Switchers::In) => sign == Some(1.0),
            Some(Switchers::Out) => sign == Some(-1.0),
        };
        let switching = || paths.groups.iter().filter(|group| counts(group.sign));
        let most = switching().map(paths::Group::effects).max().unwrap_or(0);
        if most == 0 {
            return Err(Problem::new(
                "E205",
                "no unit changes its treatment in the direction that `switchers` asks for",
            )
            .fix("leave `switchers` out to use rises and falls"));
        }
        let mut warnings = Vec::new();
        let window = spec.window.bounds;
        if let Some([low, high]) = window.filter(|[low, high]| *low > 0 || *high < 0) {
            return Err(Problem::new("E607", format!("the event window [{low}, {high}] does not hold event time 0"))
                .fix("set `window` around 0, the period in which treatment changes"));
        }
        let asked = options.effects.or(window.map(|[_, high]| high as usize + 1));
        if asked == Some(0) {
            return Err(Problem::new("E607", "0 effects are asked for").fix("ask for one effect or more"));
        }
        let effects = asked.unwrap_or(most).min(most);
        if let Some(asked) = asked.filter(|asked| *asked > effects) {
            warnings.push(fewer("effects", "效应", asked, effects));
        }
        let most = switching().map(paths::Group::placebos).max().unwrap_or(0).min(effects);
        let asked = options.placebo.or(window.map(|[low, _]| (-low - 1).max(0) as usize));
        let placebos = asked.unwrap_or(most).min(most);
        if let Some(asked) = asked.filter(|asked| *asked > placebos) {
            warnings.push(fewer("placebos", "安慰剂", asked, placebos));
        }
        let no_effect = [(spec.options.anticipation > 0, "anticipation"), (spec.options.balance.is_some(), "balance")];
        for (_, name) in no_effect.iter().filter(|(given, _)| *given) {
            warnings.push(Warning::new(
                "N319",
                format!("`{name}` has no effect on dcdh"),
                format!("{name} 对 dcdh 不起作用"),
            ));
        }
        Ok(Self { effects, placebos, warnings })
    }
}

fn fewer(what: &str, zh: &str, asked: usize, possible: usize) -> Warning {
    Warning::new(
        "W821",
        format!("{asked} {what} are asked for; the data allow {possible} at most"),
        format!("要求{asked}期{zh}，数据至多允许{possible}期"),
    )
}

/// What comparisons yield.
struct Found {
    /// Effects from 1 on, then placebos from 1 on, each with its event time.
    horizons: Vec<(i64, Horizon)>,
    /// The same by date of adoption, and which of them have a variance; none unless the treatment is 0 first, then 1
    /// for good.
    cells: Vec<(Cell, bool)>,
}

/// Effects and placebos; those without a comparison are told.
fn found(sample: &mut Sample, paths: &Paths, residuals: Option<&Residuals>, spec: &Spec, asked: &Asked) -> Found {
    let options = &spec.options.dcdh;
    let never_only = spec.options.control_group == Some(ControlGroup::Never);
    let (cohorts, by_unit) = (paths.cohorts(), paths.is_by_unit(sample.clusters));
    let mut comparison = Comparison { sample, paths, residuals, options, never_only, complete: None, cohorts, by_unit };
    if options.same_switchers {
        comparison.complete = Some(comparison.complete(asked.effects));
    }
    let changes: Vec<Change> = (1..=asked.effects)
        .map(|periods| Change { periods, placebo: false })
        .chain((1..=asked.placebos).map(|periods| Change { periods, placebo: true }))
        .collect();
    let dates = if options.normalized { Vec::new() } else { adoption_dates(&comparison) };
    let of = |group: &paths::Group| dates.binary_search(&group.switch).unwrap_or(0) as u32;
    let parts = Parts { of: paths.groups.iter().map(of).collect(), count: dates.len().max(1) };
    let estimated = |change: &Change| comparison.horizons(&comparison.compared(*change), &parts);
    let estimated: Vec<(Vec<Option<Horizon>>, Vec<bool>)> = changes.par_iter().map(estimated).collect();
    let times = &comparison.sample.times;
    let mut found = Found { horizons: Vec::new(), cells: Vec::new() };
    let mut missing = Vec::new();
    let mut used = vec![false; comparison.sample.units() * comparison.sample.periods()];
    for (change, (parts, own)) in changes.into_iter().zip(estimated) {
        let event_time = if change.placebo { -1 - change.periods as i64 } else { change.periods as i64 - 1 };
        match Horizon::together(&parts.iter().flatten().collect::<Vec<_>>()) {
            Some(horizon) => {
                used.iter_mut().zip(own).for_each(|(used, own)| *used |= own);
                let cells = dates.iter().zip(parts).filter_map(|(&date, part)| cell(times, part?, event_time, date));
                found.cells.extend(cells);
                found.horizons.push((event_time, horizon));
            }
            None => missing.push(event_time.to_string()),
        }
    }
    sample.mark(&used);
    if !missing.is_empty() {
        let list = missing.join(", ");
        sample.warnings.push(Warning::new(
            "W805",
            format!("event times {list} have nobody to compare and are left out"),
            format!("相对时间 {list} 无可比个体，未估计"),
        ));
    }
    found
}

/// Positions of the periods in which units adopt, where every treatment is 0 at first and, once it is not, 1 for good;
/// else none: effects of other treatments are not those of a cohort in a period.
fn adoption_dates(comparison: &Comparison<'_>) -> Vec<usize> {
    let Comparison { sample, paths, .. } = comparison;
    let stays = |group: &paths::Group| {
        (group.switch..paths.periods).map(|t| sample.dose(group.at, t)).all(|dose| dose == 1.0 || dose.is_nan())
    };
    if !paths.groups.iter().all(|group| group.baseline == 0.0 && stays(group)) {
        return Vec::new();
    }
    let mut dates: Vec<usize> = paths.groups.iter().map(|group| group.switch).filter(|&t| t < paths.periods).collect();
    dates.sort_unstable();
    dates.dedup();
    dates
}

/// The effect on the cohort that adopts at position `date`, and whether it has a variance.
fn cell(times: &[f64], found: Horizon, event_time: i64, date: usize) -> Option<(Cell, bool)> {
    let time = usize::try_from(date as i64 + event_time).ok()?;
    let has_variance = found.has_variance();
    let cell = Cell {
        group: times[date],
        time: times[time],
        event_time,
        base: Some(times[date - 1]),
        estimate: found.estimate,
        influence: found.influence,
        is_reference: false,
        weight: found.weight,
        weight_influence: None,
        n_treated: found.n,
        n_control: Some(found.controls),
    };
    Some((cell, has_variance))
}
