//! de Chaisemartin and D'Haultfoeuille (2024): effects of treatments that need not be binary nor stay on.
//!
//! Every unit counts from the period in which its treatment first changes. Its outcome since the period before
//! is compared with that of units that had the same first treatment and have not changed theirs. Papers:
//! Review of Economics and Statistics (2024); reference implementation: `did_multiplegt_dyn` (Stata, R, Python).

mod compare;
mod controls;
mod paths;
mod sample;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::compare::{Change, Comparison, Horizon};
use self::controls::Residuals;
use self::paths::Paths;
use self::sample::Sample;
use super::event::{Effect, Estimated, EventStudy};
use super::group_time::{Aggregations, At, Average, Averages, Inference};
use super::options::ControlGroup;
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

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let options = &spec.options.dcdh;
        let mut sample = Sample::new(data, spec, options)?;
        let paths = Paths::new(&mut sample, options)?;
        let asked = Asked::new(spec, &paths)?;
        sample.warnings.extend(asked.warnings.iter().cloned());
        let residuals = (sample.controls() > 0).then(|| Residuals::new(&mut sample, &paths));
        let horizons = horizons(&mut sample, &paths, residuals.as_ref(), spec, &asked);
        sample.settle();
        Answer { sample, paths, horizons, spec, label: self.about().title }.estimate()
    }
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

/// Effects from 1 on, then placebos from 1 on, each with its event time; those without a comparison are told.
fn horizons(
    sample: &mut Sample,
    paths: &Paths,
    residuals: Option<&Residuals>,
    spec: &Spec,
    asked: &Asked,
) -> Vec<(i64, Horizon)> {
    let options = &spec.options.dcdh;
    let never_only = spec.options.control_group == Some(ControlGroup::Never);
    let mut comparison = Comparison { sample, paths, residuals, options, never_only, complete: None };
    if options.same_switchers {
        comparison.complete = Some(comparison.complete(asked.effects));
    }
    let changes = (1..=asked.effects)
        .map(|periods| Change { periods, placebo: false })
        .chain((1..=asked.placebos).map(|periods| Change { periods, placebo: true }));
    let mut found = Vec::new();
    let mut missing = Vec::new();
    let mut used = Vec::new();
    for change in changes {
        let event_time = if change.placebo { -1 - change.periods as i64 } else { change.periods as i64 - 1 };
        match comparison.horizon(change) {
            Some((horizon, cells)) => {
                used.extend(cells);
                found.push((event_time, horizon));
            }
            None => missing.push(event_time.to_string()),
        }
    }
    for (at, t) in used {
        sample.mark(at, t);
    }
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

/// What the estimate is made of.
struct Answer<'a> {
    sample: Sample,
    paths: Paths,
    horizons: Vec<(i64, Horizon)>,
    spec: &'a Spec,
    label: Text,
}

impl Answer<'_> {
    fn estimate(self) -> Result<Estimate> {
        let Self { sample, paths, horizons, spec, label } = self;
        let overall = total(&horizons)?;
        let inference =
            Inference { level: spec.fit.level, df: None, bootstrap: spec.options.bootstrap, seed: spec.seed };
        let term = inference.term(&spec.treatment, &overall).ok_or_else(|| {
            let name = &spec.outcome;
            Problem::new(
                "E305",
                format!("\"{name}\" does not vary around the effects, so that they have no standard error"),
            )
            .fix("compare more units, or choose an outcome that varies within them")
        })?;
        let rows = averages(&horizons, spec.options.dcdh.normalized)?;
        let simple = Averages { rows: Vec::new(), overall: Some(overall) };
        let base = Text::new(
            "effects are long differences from the last period before treatment first changes; leads (placebos) are as long, back from that period, and of the same units as the effect of that length",
            "效应为相对处理首次变化前最后一期的长差分；处理前系数（安慰剂）为自该期向前、跨度相同的长差分，且使用与相应效应相同的个体",
        );
        let influences: Vec<&[f64]> = rows.rows.iter().map(|row| &row.influence[..]).collect();
        let units = sample.used();
        let switching: Vec<usize> = paths.groups.iter().filter(|g| g.sign.is_some()).map(|g| g.at).collect();
        let treated = units.iter().filter(|unit| switching.binary_search(unit).is_ok()).count();
        let warnings: Vec<Warning> = sample.design.warnings.iter().chain(&sample.warnings).cloned().collect();
        let study = Estimated {
            estimator: "dcdh".to_owned(),
            label,
            effects: rows.effects(),
            covariance: rows.covariance(),
            simulated: inference.simulate(&influences),
            df: None,
            references: vec![Effect { event_time: -1, binned: false, estimate: 0.0, n: treated }],
            base: base.clone(),
            pre_available: switching_from(&paths),
            fit: None,
            warnings: sample.warnings.clone(),
        };
        let times = sample.design.panel.as_ref().map_or_else(Vec::new, |(_, times)| times.used());
        Ok(Estimate {
            estimator: "dcdh",
            control_group: Text::new(
                "units with the same first treatment that have not changed it yet",
                "初始处理相同且尚未变化的个体",
            ),
            base_period: base,
            overall: term,
            event_study: Some(EventStudy::new(study, spec.fit.level, spec.seed)),
            aggregations: Aggregations {
                simple: simple.rows_with(&spec.treatment, &inference),
                dynamic: rows.rows_with(&spec.treatment, &inference),
                ..Aggregations::default()
            },
            group_time: Vec::new(),
            weights: Vec::new(),
            overlap: Vec::new(),
            fit: None,
            n_obs: sample.design.rows(),
            n_units: units.len(),
            n_treated_units: treated,
            periods: [
                times.iter().copied().fold(f64::INFINITY, f64::min),
                times.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ],
            ledger: sample.design.ledger,
            warnings,
        })
    }
}

/// Periods before the latest change of treatment.
fn switching_from(paths: &Paths) -> usize {
    paths.groups.iter().filter(|group| group.sign.is_some()).map(|group| group.switch).max().unwrap_or(0)
}

/// The average total effect: all effects over all the treatment received in their periods beyond the first one.
fn total(horizons: &[(i64, Horizon)]) -> Result<Average> {
    let effects = || horizons.iter().filter(|(time, _)| *time >= 0).map(|(_, horizon)| horizon);
    let dose: f64 = effects().map(|horizon| horizon.weight * horizon.dose).sum();
    if effects().next().is_none() {
        return Err(Problem::new("E205", "no effect has units to compare")
            .fix("see the warnings for why each was left out, or ask for fewer effects"));
    }
    if dose <= 0.0 {
        return Err(Problem::new("E206", "in the periods of the effects treatment is its first value on average")
            .fix("ask for fewer effects, or set `switchers` to in or out"));
    }
    let estimate = effects().map(|h| h.weight * h.estimate).sum::<f64>() / dose;
    let clusters = effects().next().map_or(0, |h| h.influence.len());
    let influence = (0..clusters).map(|c| effects().map(|h| h.weight * h.influence[c]).sum::<f64>() / dose).collect();
    Ok(Average { at: None, estimate, influence, n: effects().map(|h| h.n).max().unwrap_or(0) })
}

/// Effects and placebos in ascending event time, and the plain mean of the effects.
fn averages(horizons: &[(i64, Horizon)], normalized: bool) -> Result<Averages> {
    let mut rows = Vec::new();
    for (time, horizon) in horizons {
        let scale = if normalized { horizon.cumulated } else { 1.0 };
        if scale <= 0.0 {
            return Err(Problem::new(
                "E206",
                format!("event time {time} cannot be normalised: treatment until then is its first value on average"),
            )
            .fix("leave `normalized` out, or set `switchers` to in or out"));
        }
        rows.push(Average {
            at: Some(At::EventTime(*time)),
            estimate: horizon.estimate / scale,
            influence: horizon.influence.iter().map(|value| value / scale).collect(),
            n: horizon.n,
        });
    }
    let effects = || rows.iter().zip(horizons).filter(|(_, (time, _))| *time >= 0).map(|(row, _)| row);
    let count = effects().count() as f64;
    let clusters = effects().next().map_or(0, |row| row.influence.len());
    let overall = (count > 0.0).then(|| Average {
        at: None,
        estimate: effects().map(|row| row.estimate).sum::<f64>() / count,
        influence: (0..clusters).map(|c| effects().map(|row| row.influence[c]).sum::<f64>() / count).collect(),
        n: effects().map(|row| row.n).max().unwrap_or(0),
    });
    rows.sort_by_key(|row| match row.at {
        Some(At::EventTime(time)) => time,
        _ => 0,
    });
    Ok(Averages { rows, overall })
}
