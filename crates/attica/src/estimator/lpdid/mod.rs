//! Dube, Girardi, Jordà and Taylor (2025, Journal of Applied Econometrics 40(5)): local projections of long
//! differences on adoption, among units that adopt and units that stay untreated long enough. Reference
//! implementation: Stata `lpdid` of Busch and Girardi.

mod adjustment;
mod changes;
mod projection;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Words;
use super::event::Effect;
use super::group_time::{At, Average, Inference, over_event_times};
use super::options::ControlGroup;
use super::reassign::{self, Reassigned};
use super::staggered::Staggered;
use super::timeline::Timeline;
use super::{About, Data, Estimate, Estimator, Leads, Spec};
use crate::design::WeightKind;
use crate::fit::{FitOptions, Term};
use crate::message::{Problem, Result, Warning};
use crate::text::Text;
use changes::{Changes, Span};
use projection::{Projection, project};

/// Periods before adoption whose mean changes are measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PreMean {
    /// That many periods, the last one before adoption among them.
    Periods(#[schemars(range(min = 1))] usize),
    /// `"all"` periods before adoption.
    Word(All),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum All {
    /// All periods.
    All,
}

/// Options of local projections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Counts every treated unit alike, instead of dates by the variance of adoption. With controls the
    /// untreated change is then predicted by regression adjustment.
    pub reweight: bool,
    /// Measures changes from the mean of several periods before adoption: how many, or `"all"`.
    pub pmd: Option<PreMean>,
}

/// What changes are measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Baseline {
    Last,
    Mean(usize),
    All,
}

/// What all projections of one estimate share.
struct Setting {
    outcome: String,
    controls: Vec<String>,
    time_name: String,
    periods: usize,
    cluster_name: String,
    clusters: usize,
    weights: Option<WeightKind>,
    weight_name: String,
    reweight: bool,
    fit: FitOptions,
}

/// Local-projections difference-in-differences.
pub struct LpDid;

impl Estimator for LpDid {
    fn name(&self) -> &'static str {
        "lpdid"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("LP-DiD (local projections)", "局部投影双重差分（LP-DiD）"),
            reference: "Dube, Girardi, Jordà and Taylor (2025), Journal of Applied Econometrics 40(5)",
            assumptions: vec![
                Text::new(
                    "Parallel trends between adopting units and clean controls, given the controls at adoption.",
                    "在给定采纳时控制变量的条件下，新处理个体与干净对照组平行趋势成立。",
                ),
                About::no_anticipation(),
            ],
            options: vec![
                super::options::anticipation(),
                super::options::bootstrap(),
                (
                    "window",
                    Text::new(
                        "event times estimated; the headline pools those from adoption on",
                        "估计的相对时间；总效应合并政策实施后各期",
                    ),
                ),
                (
                    "control_group",
                    Text::new(
                        "`notyet` at the end of the span, or `never`",
                        "期末尚未处理（notyet）或从未处理（never）",
                    ),
                ),
                ("reweight", Text::new("counts every treated unit alike", "对各处理个体赋予相同权重")),
                ("pmd", Text::new("periods before adoption that changes are measured from", "作为基准的处理前时期数")),
            ],
        }
    }

    fn check(&self, data: Data<'_>, spec: &Spec) -> Vec<Problem> {
        let mut problems = super::dated_problems(data, spec);
        if spec.options.lpdid.pmd == Some(PreMean::Periods(0)) {
            problems.push(
                Problem::new("E607", "pmd = 0 leaves no period to measure changes from").fix("1 or more, or \"all\""),
            );
        }
        problems
    }

    fn leads(&self, options: &super::options::Options) -> Leads {
        if options.lpdid.pmd.is_some() { Leads::Mean } else { Leads::Long }
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        reassign::dated(
            data,
            spec,
            |_| (),
            move |mut sample| {
                let timeline = Timeline::new(&mut sample, spec)?;
                let changes = Changes::new(&sample, &timeline, baseline(spec));
                let pooled = project(&changes, after(&timeline, spec)?, &setting(data, spec, &sample))?;
                term(&pooled, spec).ok_or_else(|| sample.nothing_estimated(true))
            },
        )
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let timeline = Timeline::new(&mut sample, spec)?;
        let baseline = baseline(spec);
        let changes = Changes::new(&sample, &timeline, baseline);
        let setting = setting(data, spec, &sample);
        let pooled = project(&changes, after(&timeline, spec)?, &setting)?;
        let (horizons, failed) = horizons(&changes, baseline, spec, &setting);
        tell(&mut sample, &timeline, &pooled, &horizons, &failed);
        let used = used_rows(&sample, std::iter::once(&pooled).chain(&horizons));
        sample.keep(&used);

        let overall = term(&pooled, spec).ok_or_else(|| sample.nothing_estimated(true))?;
        let inference = inference(horizons.iter().filter_map(|horizon| horizon.df).reduce(f64::min), spec);
        let effects = horizons.into_iter().map(|horizon| Average {
            at: Some(At::EventTime(horizon.span.first)),
            estimate: horizon.estimate,
            influence: horizon.influence,
            n: horizon.n_treated,
        });
        let dynamic = over_event_times(effects.collect());
        let reference = timeline.reference();
        let references = if baseline == Baseline::Last {
            vec![Effect { event_time: reference, binned: false, estimate: 0.0, n: sample.rows_at(reference) }]
        } else {
            Vec::new()
        };
        let words = self.words(&timeline, baseline);
        let study = sample.dynamic_study(self.name(), &words, &dynamic, references, &inference);
        let by_event_time = dynamic.rows_within(&spec.treatment, &inference, study.sup_t);
        let influence = spec.options.influence.then(|| sample.influence(pooled.influence.clone())).flatten();
        let mut answer = sample.estimate(self.name(), words, overall, Some(study));
        answer.aggregations.dynamic = by_event_time;
        answer.influence = influence;
        // Regression adjustment fits controls only: its effect is none of the coefficients.
        answer.fit = pooled.df.is_some().then_some(pooled.record);
        Ok(answer)
    }
}

/// The pooled effect of the event times `span`: their mean outcome against the baseline, among units that
/// adopt and controls untreated until its end (at adoption, for event times before). Stata's `post_pooled`
/// and `pre_pooled`.
///
/// # Errors
/// As [`LpDid`]; `E607` for an empty span.
pub fn pooled(data: Data<'_>, spec: &Spec, span: [i64; 2]) -> Result<Term> {
    let [first, last] = span;
    if first > last {
        return Err(Problem::new("E607", format!("the span [{first}, {last}] ends before it begins")));
    }
    let mut sample = Staggered::new(data, spec)?;
    let timeline = Timeline::new(&mut sample, spec)?;
    let changes = Changes::new(&sample, &timeline, baseline(spec));
    let (first, last) = (first.max(-timeline.last() - 1), last.min(timeline.last() + 1));
    let found = project(&changes, Span { first, last }, &setting(data, spec, &sample))?;
    term(&found, spec).ok_or_else(|| sample.nothing_estimated(true))
}

fn baseline(spec: &Spec) -> Baseline {
    match spec.options.lpdid.pmd {
        None | Some(PreMean::Periods(0 | 1)) => Baseline::Last,
        Some(PreMean::Periods(length)) => Baseline::Mean(length),
        Some(PreMean::Word(All::All)) => Baseline::All,
    }
}

fn setting(data: Data<'_>, spec: &Spec, sample: &Staggered) -> Setting {
    let weights = sample.design.weights.as_ref();
    Setting {
        outcome: spec.outcome.clone(),
        controls: sample.design.regressors.iter().map(|(name, _)| name.clone()).collect(),
        time_name: data.panel.time_name.clone(),
        periods: sample.times.len(),
        cluster_name: sample.design.clusters.first().map_or(&data.panel.unit_name, |codes| &codes.name).clone(),
        clusters: sample.clusters,
        weights: weights.map(|w| w.kind),
        weight_name: weights.map(|w| w.name.clone()).unwrap_or_default(),
        reweight: spec.options.lpdid.reweight,
        fit: spec.fit.clone(),
    }
}

/// Event times of the pooled effect: from adoption to the end of the window, or, without one, as far as every
/// cohort is seen with clean controls.
fn after(timeline: &Timeline, spec: &Spec) -> Result<Span> {
    let last = match spec.window.bounds {
        Some([low, high]) if high < 0 || low > high => {
            return Err(Problem::new(
                "E607",
                format!("the event window [{low}, {high}] has no event time after adoption"),
            )
            .fix("set `window` to event times before and after adoption"));
        }
        // Beyond the panel there is nobody: the projection says so.
        Some([_, high]) => Some(high.min(timeline.last())),
        None => timeline.widest().map(|[_, high]| high),
    };
    let nobody = || {
        Problem::new("E205", "no cohort has both a period before adoption and clean controls")
            .fix("add periods before adoption, or use units not treated yet as controls")
    };
    Ok(Span { first: 0, last: last.ok_or_else(nobody)? })
}

/// Every event time but the reference, and those that cannot be estimated with the reason.
fn horizons(
    changes: &Changes,
    baseline: Baseline,
    spec: &Spec,
    setting: &Setting,
) -> (Vec<Projection>, Vec<(i64, Problem)>) {
    let timeline = changes.timeline;
    let last = timeline.last();
    let cohorts = timeline.cohorts();
    let seen = [-cohorts.last().copied().unwrap_or(0), last - cohorts.first().copied().unwrap_or(0)];
    let [low, high] = spec.window.bounds.unwrap_or(seen);
    let spans: Vec<Span> = (low.max(-last)..=high.min(last))
        .filter(|&k| baseline != Baseline::Last || k != timeline.reference())
        .map(|k| Span { first: k, last: k })
        .collect();
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    // A few at a time: each holds the long differences of the whole panel.
    for some in spans.chunks(4) {
        let done: Vec<Result<Projection>> = some.par_iter().map(|&span| project(changes, span, setting)).collect();
        for (span, result) in some.iter().zip(done) {
            match result {
                Ok(projection) => found.push(projection),
                Err(problem) => failed.push((span.first, problem)),
            }
        }
    }
    (found, failed)
}

fn inference(df: Option<f64>, spec: &Spec) -> Inference {
    Inference::of(spec, df)
}

fn term(found: &Projection, spec: &Spec) -> Option<Term> {
    let average =
        Average { at: None, estimate: found.estimate, influence: found.influence.clone(), n: found.n_treated };
    inference(found.df, spec).term(&spec.treatment, &average)
}

/// Rows of the sample whose outcome enters one of the projections.
fn used_rows<'a>(sample: &Staggered, projections: impl Iterator<Item = &'a Projection>) -> Vec<u32> {
    let periods = sample.times.len();
    let mut used = vec![false; sample.units * periods];
    for projection in projections {
        used.iter_mut().zip(&projection.used).for_each(|(used, here)| *used |= here);
    }
    let is_used = |row: &u32| used[sample.unit[*row as usize] as usize * periods + sample.time[*row as usize] as usize];
    (0..sample.unit.len() as u32).filter(is_used).collect()
}

/// Says what the headline is made of, which cohorts it lacks, and what could not be estimated.
fn tell(
    sample: &mut Staggered,
    timeline: &Timeline,
    pooled: &Projection,
    horizons: &[Projection],
    failed: &[(i64, Problem)],
) {
    let (n, last) = (pooled.n_treated, pooled.span.last);
    let of = |cohort: i64| timeline.start.iter().filter(|start| **start == cohort).count();
    let (cohorts, all): (Vec<i64>, usize) = (timeline.cohorts(), timeline.cohorts().into_iter().map(of).sum());
    sample.warnings.push(Warning::new(
        "N808",
        format!("the pooled effect is that of event times 0 to {last} together, on {n} of {all} adopting units"),
        format!("总效应合并相对时间0至{last}，涉及{all}个新处理个体中的{n}个"),
    ));
    let inside = |cohort: &&i64| timeline.period(**cohort).is_some_and(|date| pooled.dates.contains(&(date as u32)));
    let lost: Vec<i64> = cohorts.iter().filter(|cohort| !inside(cohort)).copied().collect();
    if !lost.is_empty() {
        let names = lost.iter().map(|&cohort| timeline.time(cohort).to_string()).collect::<Vec<_>>();
        let units: usize = lost.iter().map(|&cohort| of(cohort)).sum();
        sample.warnings.push(Warning::new(
            "W807",
            format!(
                "{} of {} cohorts ({units} units) are not in the pooled effect, for lack of a period before, of periods up to event time {last} or of clean controls: {}",
                lost.len(), cohorts.len(), names.join(", ")
            ),
            format!(
                "{}个批次（共{}个；{units}个个体）因缺少处理前时期、相对时间{last}前的观测或干净对照而未进入总效应：{}",
                lost.len(), cohorts.len(), names.join("、")
            ),
        ));
    }
    if !failed.is_empty() {
        let each = failed.iter().map(|(k, problem)| format!("{k} ({})", problem.message)).collect::<Vec<_>>();
        let times = failed.iter().map(|(k, _)| k.to_string()).collect::<Vec<_>>();
        sample.warnings.push(Warning::new(
            "W805",
            format!("event times that cannot be estimated: {}", each.join(", ")),
            format!("无法估计的相对时间：{}", times.join("、")),
        ));
    }
    for warning in horizons.iter().chain([pooled]).flat_map(|projection| &projection.record.warnings) {
        if warning.id == "W306" && !sample.warnings.contains(warning) {
            sample.warnings.push(warning.clone());
        }
    }
}

impl LpDid {
    fn words(&self, timeline: &Timeline, baseline: Baseline) -> Words {
        let reference = timeline.reference();
        Words {
            label: self.about().title,
            control_group: match timeline.controls {
                ControlGroup::Never => Text::new("never-treated units", "从未处理的个体"),
                ControlGroup::NotYet => Text::new(
                    "units still untreated at the event time compared, and never-treated units",
                    "在所比较的相对时间仍未处理的个体及从未处理的个体",
                ),
            },
            base: match baseline {
                Baseline::Last => Text::new(
                    format!("long differences: every effect is compared with event time {reference}"),
                    format!("长差分：各期效应均以相对时间 {reference} 为基准"),
                ),
                Baseline::Mean(length) => Text::new(
                    format!("differences from the mean of the {length} periods up to event time {reference}"),
                    format!("以截至相对时间 {reference} 的{length}期均值为基准的差分"),
                ),
                Baseline::All => Text::new(
                    format!("differences from the mean of all periods up to event time {reference}"),
                    format!("以截至相对时间 {reference} 的全部时期均值为基准的差分"),
                ),
            },
        }
    }
}
