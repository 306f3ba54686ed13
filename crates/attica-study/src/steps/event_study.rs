//! Effects by time since adoption, by one or several estimators.

use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::{self, Data, twfe};
use attica::message::{Problem, Warning};
use attica::text::Text;

use super::regression::Spec;
use super::{Found, Study};
use crate::effects::{Answers, ask};
use crate::results::{Content, EventStudies, EventStudy, NoAnswer};

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.event_study.clone().unwrap_or_default();
    let data = study.data;
    let window =
        Window { bounds: asked.window, reference: asked.references(study.file.policy.anticipation), trim: asked.trim };
    let mut main = study.main()?;
    if !asked.controls {
        main.controls = Vec::new();
    }
    let spec = estimator::Spec {
        outcome: study.outcome().to_owned(),
        treatment: study.policy().to_owned(),
        controls: if asked.controls { study.file.model.controls.clone() } else { Vec::new() },
        design: study.design_options(&main),
        fit: study.fit_options(&main.vcov)?,
        window,
        options: Options {
            anticipation: study.file.estimators.anticipation.max(study.file.policy.anticipation as usize),
            ..study.file.estimators.clone()
        },
        seed: study.file.seed,
    };
    let source = Data { frame: &data.frame, panel: &data.panel, adoption: &data.treatment.adoption };
    let Answers { given, mut failed } = ask(&estimator::chosen(asked.estimators.as_slice())?, source, &spec);
    let (mut studies, mut estimators) = (Vec::new(), Vec::new());
    for (answer, events) in given {
        let events = if answer.estimator == "twfe" { two_way_events(study, &main, &spec) } else { Ok(events) };
        match events {
            Ok(events) => {
                studies.extend(events.map(told));
                estimators.push(answer);
            }
            Err(problem) => failed.push(NoAnswer { estimator: answer.estimator, label: answer.label, problem }),
        }
    }
    if estimators.is_empty() {
        return Err(match failed.as_slice() {
            [one] => one.problem.clone(),
            _ => none_has_an_answer(&failed.iter().map(|one| &one.problem).collect::<Vec<_>>()),
        });
    }
    Ok(vec![Content::EventStudy(EventStudies { studies, estimators, failed, methods: methods(&spec.window) })])
}

/// Two-way effects follow the effects of `[model]`; the others have unit and period effects by construction. A dose has
/// no date to count from.
fn two_way_events(study: Study<'_>, main: &Spec, spec: &estimator::Spec) -> Result<Option<EventStudy>, Problem> {
    let data = study.data;
    if data.treatment.continuous {
        return Ok(None);
    }
    let design = study.design(&Spec { regressors: Vec::new(), ..main.clone() })?;
    twfe::event_study(&design, &data.panel, &data.treatment.adoption, &spec.window, &spec.fit, spec.seed).map(Some)
}

/// An event study that cannot test parallel trends says so.
fn told(mut events: EventStudy) -> EventStudy {
    if events.pre_testable == 0 {
        events.warnings.push(Warning::new(
            "W210",
            "no lead has a coefficient, so parallel trends cannot be tested",
            "没有可估计的处理前系数，无法检验平行趋势",
        ));
    }
    events
}

fn none_has_an_answer(problems: &[&Problem]) -> Problem {
    let mut reasons: Vec<String> = problems.iter().map(|problem| problem.message.clone()).collect();
    reasons.dedup();
    Problem::new("E607", "none of the estimators could be run").fix(reasons.join("; "))
}

fn methods(window: &Window) -> Text {
    match (window.bounds, window.trim) {
        (Some([low, high]), false) => Text::new(
            format!("The end bins {low} and {high} hold all periods beyond them."),
            format!("首尾两期（{low}与{high}）包含其外各期。"),
        ),
        (Some([low, high]), true) => Text::new(
            format!("Treated rows outside {low} to {high} are left out."),
            format!("剔除{low}至{high}之外的处理组观测。"),
        ),
        (None, _) => Text::default(),
    }
}
