//! Wing, Freedman and Hollingsworth (2024, NBER Working Paper 32054): one sub-experiment per cohort over a
//! common window, stacked, with weights that give the controls of each sub-experiment the share of its
//! treated. Reference implementation: the authors' `create_sub_exp` and `compute_weights`.

mod experiments;
mod regression;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Words;
use super::event::Effect;
use super::group_time::{Inference, by_group, over_event_times};
use super::options::ControlGroup;
use super::reassign::{self, Reassigned};
use super::staggered::Staggered;
use super::timeline::Timeline;
use super::{About, Data, Estimate, Estimator, Spec};
use crate::message::Result;
use crate::text::Text;
use experiments::Experiments;
use regression::Regression;

/// Weights of the controls in a sub-experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// Controls count as much as the treated of their sub-experiment: the average effect on the treated.
    #[default]
    Corrective,
    /// All stacked rows count once, as in earlier stacked regressions: biased unless every sub-experiment has
    /// the same ratio of treated to controls.
    None,
}

/// Options of the stacked estimator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// `corrective` or `none`.
    pub weights: Weights,
    /// Event times that every cohort of the stack is seen in, such as `[-2, 3]`; those of the event study when left out.
    pub window: Option<[i64; 2]>,
}

/// Stacked difference-in-differences.
pub struct Stacked;

impl Estimator for Stacked {
    fn name(&self) -> &'static str {
        "stacked"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("Stacked DID (corrective weights)", "堆叠双重差分（校正权重）"),
            reference: "Wing, Freedman and Hollingsworth (2024), NBER Working Paper 32054",
            assumptions: vec![
                Text::new(
                    "Parallel trends between each cohort and its clean controls, within the window.",
                    "在窗口期内，各批次与其干净对照组平行趋势成立。",
                ),
                About::no_anticipation(),
            ],
            options: vec![
                super::options::anticipation(),
                super::options::bootstrap(),
                (
                    "window",
                    Text::new(
                        "event times that every cohort in the stack is seen in",
                        "进入堆叠的各批次均须覆盖的相对时间窗口",
                    ),
                ),
                (
                    "control_group",
                    Text::new(
                        "`notyet` beyond the window, or `never`",
                        "窗口期内尚未处理（notyet）或从未处理（never）",
                    ),
                ),
                ("weights", Text::new("`corrective` or `none`", "校正权重（corrective）或不加权（none）")),
            ],
        }
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        reassign::dated(
            data,
            spec,
            |_| (),
            move |mut sample| {
                let timeline = Timeline::of_periods(&mut sample, spec)?;
                let window = spec.options.stacked.window.or(spec.window.bounds);
                let experiments = Experiments::new(&mut sample, &timeline, window)?;
                let found = Regression::new(&sample, &experiments, spec.options.stacked.weights).fit(spec)?;
                let overall = over_event_times(found.effects).overall.ok_or_else(|| sample.nothing_estimated(true))?;
                sample.term_of(overall, spec, Some(found.df))
            },
        )
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let timeline = Timeline::of_periods(&mut sample, spec)?;
        let experiments = Experiments::new(&mut sample, &timeline, spec.options.stacked.window.or(spec.window.bounds))?;
        let found = Regression::new(&sample, &experiments, spec.options.stacked.weights).fit(spec)?;
        experiments.report(&mut sample, &found);
        sample.warnings.extend(found.warnings);
        sample.keep(&found.used);

        let inference = Inference::of(spec, Some(found.df));
        let dynamic = over_event_times(found.effects);
        let overall = dynamic
            .overall
            .as_ref()
            .and_then(|average| inference.term(&spec.treatment, average))
            .ok_or_else(|| sample.nothing_estimated(true))?;
        let words = self.words(&timeline);
        let reference = timeline.reference();
        let references = vec![Effect { event_time: reference, binned: false, estimate: 0.0, n: found.reference_rows }];
        let study = sample.dynamic_study(self.name(), &words, &dynamic, references, &inference);
        let by_event_time = dynamic.rows_within(&spec.treatment, &inference, study.sup_t);
        let asked = dynamic.overall.as_ref().filter(|_| spec.options.influence);
        let influence = asked.and_then(|overall| sample.influence(overall.influence.clone()));
        let mut answer = sample.estimate(self.name(), words, overall, Some(study));
        answer.aggregations.dynamic = by_event_time;
        answer.influence = influence;
        answer.aggregations.group = by_group(&found.cells).rows_with(&spec.treatment, &inference);
        answer.group_time = inference.cells(&found.cells);
        Ok(answer)
    }
}

impl Stacked {
    fn words(&self, timeline: &Timeline) -> Words {
        let base = timeline.reference();
        Words {
            label: self.about().title,
            control_group: match timeline.controls {
                ControlGroup::Never => Text::new("never-treated units", "从未处理的个体"),
                ControlGroup::NotYet => Text::new(
                    "units not treated until the end of each cohort's window, and never-treated units",
                    "在各批次窗口期结束前尚未处理的个体及从未处理的个体",
                ),
            },
            base: Text::new(
                format!("long differences: every effect is compared with event time {base}"),
                format!("长差分：各期效应均以相对时间 {base} 为基准"),
            ),
        }
    }
}
