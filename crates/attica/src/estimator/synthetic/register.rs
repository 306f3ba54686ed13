//! Synthetic difference-in-differences among the registered estimators.

use super::averages::All;
use super::panel::Weights as Fitting;
use super::select::{Selected, select};
use super::variance::{Replicate, possible, replicate, suitable};
use super::{Effect, Kind, Variance};
use crate::estimator::answer::Words;
use crate::estimator::group_time::{Aggregations, EventTimes, Inference};
use crate::estimator::options::{self, ControlGroup};
use crate::estimator::reassign::{self, Reassigned};
use crate::estimator::staggered::{RowWeights, Staggered};
use crate::estimator::{
    About, Data, Estimate, Estimator, Leads, PeriodWeight, Spec, UnitWeight, Weights, dated_problems,
};
use crate::message::{Problem, Result, Warning};
use crate::text::Text;

/// Synthetic difference-in-differences, synthetic control, or difference-in-differences with equal weights;
/// the headline is the mean over treated unit-periods.
pub struct Synthetic;

impl Estimator for Synthetic {
    fn name(&self) -> &'static str {
        "sdid"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("Synthetic DID", "合成双重差分"),
            reference: "Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), American Economic Review 111(12)",
            assumptions: vec![
                Text::new(
                    "A weighted mean of never-treated units moves as the treated would have moved without treatment.",
                    "从未处理个体的加权平均反映了处理组若未受处理时的走势。",
                ),
                About::no_anticipation(),
                Text::new(
                    "Every unit is seen in every period; others are left out.",
                    "每个个体在每期均有观测；其余个体被剔除。",
                ),
            ],
            options: vec![
                crate::estimator::options::balance(),
                (
                    "sdid.kind",
                    Text::new(
                        "weights of units and periods (sdid), of units alone (sc), or equal ones (did)",
                        "个体与时期权重（sdid）、仅个体权重（sc）或等权（did）",
                    ),
                ),
                ("sdid.variance", Text::new("placebo, jackknife or bootstrap", "安慰剂、刀切法或自助法")),
                ("sdid.replications", Text::new("replications of placebo and bootstrap", "安慰剂与自助法的重复次数")),
                ("anticipation", Text::new("periods before adoption that are not matched", "不参与匹配的处理前期数")),
                ("window", Text::new("first and last event time shown", "展示的首末相对时间")),
            ],
        }
    }

    fn check(&self, data: Data<'_>, spec: &Spec) -> Vec<Problem> {
        let mut problems = dated_problems(data, spec);
        let replications = spec.options.sdid.replications;
        if replications < 20 {
            problems.push(
                Problem::new("E607", format!("{replications} replications are too few for a standard error"))
                    .fix("set sdid.replications to 20 or more (200 is usual)"),
            );
        }
        problems
    }

    fn leads(&self, _options: &options::Options) -> Leads {
        Leads::Mean
    }

    /// Weights and effects only: a standard error would take hundreds of them for each assignment.
    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        let without_weights = |sample: &mut Staggered| {
            sample.design.weights = None;
            sample.weight = RowWeights::ones(sample.unit.len());
        };
        reassign::dated(data, spec, without_weights, move |mut sample| {
            let Selected { panel, calendar, .. } = select(data, spec, &mut sample)?;
            let units = panel.all();
            let effects = panel.effects(&units, spec.options.sdid.kind, Fitting::Fitted);
            let effects: Vec<Effect> = effects.into_iter().flatten().collect();
            let treated: Vec<usize> = units.cohorts.iter().map(Vec::len).collect();
            let controls = units.controls.len();
            let all = All::with_replications(&effects, &treated, controls, &[], 1.0, &calendar, EventTimes::default());
            reassign::without_error(&spec.treatment, all.simple.overall.map(|overall| overall.estimate))
        })
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let options = &spec.options.sdid;
        let mut sample = Staggered::new(data, spec)?;
        say_what_has_no_effect(spec, &mut sample);
        let selected = select(data, spec, &mut sample)?;
        let panel = &selected.panel;
        say_collinear(&selected, &mut sample);

        let units = panel.all();
        let effects: Vec<Effect> = panel.effects(&units, options.kind, Fitting::Fitted).into_iter().flatten().collect();
        let variance = options.variance.map_or_else(|| suitable(panel), Ok)?;
        possible(panel, variance)?;
        if variance == Variance::Jackknife && effects.iter().any(|effect| effect.omega.contains(&1.0)) {
            return Err(Problem::new(
                "E205",
                "one control carries all the weight, so the jackknife cannot leave it out",
            )
            .fix("use the placebo variance, or the bootstrap"));
        }
        let (drawn, again) = replicate(panel, options.kind, &effects, variance, options.replications, spec.seed);
        say_variance(variance, &drawn, again, spec, &mut sample);

        let factor = if variance == Variance::Jackknife { drawn.len() as f64 - 1.0 } else { 1.0 };
        let [min, max] = spec.window.bounds.map_or([None, None], |[low, high]| [Some(low), Some(high)]);
        let kept = EventTimes { min, max, balance: spec.options.balance };
        let treated: Vec<usize> = units.cohorts.iter().map(Vec::len).collect();
        let all =
            All::with_replications(&effects, &treated, units.controls.len(), &drawn, factor, &selected.calendar, kept);

        // Replications are no influences of clusters: neither bootstrap can draw from them.
        let inference = Inference { bootstrap: None, wild: None, ..Inference::of(spec, None) };
        let simple = all.simple.rows_with(&spec.treatment, &inference);
        let overall =
            simple.as_ref().and_then(|simple| simple.overall.clone()).ok_or_else(|| sample.nothing_estimated(true))?;
        let words = words(self.about().title, options.kind);
        let study = sample.study(self.name(), &words, all.dynamic.effects(), all.dynamic.covariance(), spec);
        let aggregations = Aggregations {
            simple,
            group: all.group.rows_with(&spec.treatment, &inference),
            dynamic: all.dynamic.rows_within(&spec.treatment, &inference, study.sup_t),
            calendar: all.calendar.rows_with(&spec.treatment, &inference),
        };
        let mut answer = sample.estimate(self.name(), words, overall, Some(study));
        answer.group_time = inference.cells(&all.cells);
        answer.aggregations = aggregations;
        answer.weights = weights(&effects, &selected);
        Ok(answer)
    }
}

fn words(label: Text, kind: Kind) -> Words {
    let (control_group, base) = match kind {
        Kind::Sdid => (
            Text::new(
                "never-treated units, weighted so that before adoption they move as the treated do",
                "从未处理的个体，经加权使其处理前走势与处理组一致",
            ),
            Text::new(
                "effects and leads are differences from a weighted mean of the periods before adoption",
                "处理前后系数均为相对处理前各期加权平均的差分",
            ),
        ),
        Kind::Sc => (
            Text::new(
                "never-treated units, weighted so that before adoption they equal the treated",
                "从未处理的个体，经加权使其处理前水平与处理组一致",
            ),
            Text::new(
                "effects and leads are differences in levels from the synthetic control",
                "处理前后系数均为与合成对照的水平差",
            ),
        ),
        Kind::Did => (
            Text::new("never-treated units, weighted equally", "从未处理的个体，等权"),
            Text::new(
                "effects and leads are differences from the mean of the periods before adoption",
                "处理前后系数均为相对处理前各期均值的差分",
            ),
        ),
    };
    Words { label, control_group, base }
}

/// The largest weights first; units and periods without weight are not listed.
fn weights(effects: &[Effect], selected: &Selected) -> Vec<Weights> {
    let of = |(cohort, effect): (usize, &Effect)| {
        let unit = |(name, &weight): (&String, &f64)| UnitWeight { unit: name.clone(), weight };
        let mut units: Vec<UnitWeight> = selected.names.iter().zip(&effect.omega).map(unit).collect();
        units.retain(|unit| unit.weight > 0.0);
        units.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let period = |(&time, &weight): (&f64, &f64)| PeriodWeight { time, weight };
        let mut periods: Vec<PeriodWeight> = selected.calendar.times.iter().zip(&effect.lambda).map(period).collect();
        periods.retain(|period| period.weight > 0.0);
        Weights { group: selected.calendar.groups[cohort], units, periods }
    };
    effects.iter().enumerate().map(of).collect()
}

fn say_what_has_no_effect(spec: &Spec, sample: &mut Staggered) {
    if sample.design.weights.take().is_some() {
        sample.weight = RowWeights::ones(sample.unit.len());
        sample.warnings.push(Warning::new(
            "W830",
            "it finds weights of its own: the weights given are not used",
            "该估计量自行求解权重，未使用给定的权重",
        ));
    }
    let mut unused = |en: &str, zh: &str| sample.warnings.push(Warning::new("N319", en, zh));
    if spec.options.control_group == Some(ControlGroup::NotYet) {
        unused(
            "sdid: units not treated yet cannot be controls; never-treated ones are",
            "sdid：尚未处理的个体不能作为对照，仅使用从未处理的个体",
        );
    }
    if spec.options.bootstrap.is_some() {
        unused(
            "sdid: there is no multiplier bootstrap; sdid.variance and sdid.replications say how units are redrawn",
            "sdid：不适用乘子自助法；由sdid.variance与sdid.replications设定重抽样方式",
        );
    }
}

fn say_collinear(selected: &Selected, sample: &mut Staggered) {
    let panel = &selected.panel;
    if panel.x.is_empty() {
        return;
    }
    let (_, collinear) = panel.project(&panel.all().controls);
    for found in collinear {
        let name = sample.design.regressors[found.column].0.clone();
        sample.warnings.push(Warning::new(
            "W306",
            format!("{name} was left out: among never-treated units, effects or other controls absorb it"),
            format!("{name}被剔除：在从未处理的个体中，其被固定效应或其他控制变量吸收"),
        ));
    }
}

fn say_variance(variance: Variance, drawn: &[Replicate], again: usize, spec: &Spec, sample: &mut Staggered) {
    let replications = drawn.len();
    let (en, zh) = match variance {
        Variance::Placebo => ("placebo: controls drawn as if treated", "安慰剂法：随机抽取对照个体视为处理组"),
        Variance::Jackknife => {
            ("jackknife: one unit or cluster left out, weights kept", "刀切法：逐一剔除个体或聚类，权重不变")
        }
        Variance::Bootstrap => ("bootstrap: units or clusters drawn with replacement", "自助法：有放回抽取个体或聚类"),
    };
    let why = if spec.options.sdid.variance.is_some() { "" } else { ", chosen by the number of treated units" };
    let why_zh = if why.is_empty() { "" } else { "，按处理个体数自动选择" };
    sample.warnings.push(Warning::new(
        "N831",
        format!("standard errors of sdid: {en} ({replications} replications{why})"),
        format!("sdid的标准误：{zh}（{replications}次{why_zh}）"),
    ));
    let short = drawn.iter().filter(|paths| paths.contains(&None)).count();
    if short > 0 {
        sample.warnings.push(Warning::new(
            "W704",
            format!("{short} of {replications} draws had no unit of some cohort: they tell of the other cohorts alone"),
            format!("{replications}次抽样中有{short}次缺少某一批次的个体：这些抽样仅反映其余批次"),
        ));
    }
    if again > 0 {
        sample.warnings.push(Warning::new(
            "W704",
            format!("{again} draws had no treated unit or fewer than two controls and were drawn again, beside {replications} good ones"),
            format!("除{replications}次有效抽样外，另有{again}次抽样缺少处理个体或对照不足两个，已重新抽取"),
        ));
    }
}
