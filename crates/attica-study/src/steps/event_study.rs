//! Effects by time since adoption, by one or several estimators.

use attica::design::Design;
use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::{self, Data, Estimator, twfe};
use attica::fit::FitOptions;
use attica::hypothesis::Coefficients;
use attica::message::{Problem, Warning};
use attica::panel::Adoption;
use attica::text::Text;

use super::regression::Spec;
use super::{Found, Study, diagnostics};
use crate::effects::{Answers, ask};
use crate::few::FewClusters;
use crate::results::{Content, EventStudies, EventStudy, Hypotheses, NoAnswer};
use crate::studyfile::{self, EventStudy as Asked};

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.event_study.clone().unwrap_or_default();
    let data = study.data;
    let (main, mut spec) = specs(study, &asked)?;
    let mut chosen = estimator::chosen(asked.estimators.as_slice())?;
    let added = for_any_treatment(study, &chosen);
    chosen.extend(added);
    let source = Data { frame: &data.frame, panel: &data.panel, adoption: &data.treatment.adoption };
    let mut few = FewClusters::look(source, &mut spec)?;
    let Answers { mut given, mut failed } = ask(&chosen, source, &spec);
    if let Some(few) = &mut few {
        few.compare(given.iter_mut().map(|(answer, events)| (answer, events.as_mut())), source, &spec);
    }
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
    let mut said = methods(&spec.window);
    if let Some(added) = added {
        let (name, Text { en, zh }) = (added.name(), added.about().title);
        let en = format!(
            "The treatment is a dose or ends for some units, so {en} ({name}) is added, which takes any treatment."
        );
        let zh = format!("处理为强度变量或会中途退出，故另以适用于任意处理的{zh}（{name}）估计。");
        said = Text::new(format!("{} {en}", said.en).trim_start(), said.zh + &zh);
    }
    let hypotheses = hypotheses(&asked, &studies);
    let trends = diagnostics::trends(study, &studies, &estimators);
    let powers = diagnostics::powers(study, &studies, &estimators);
    let studies =
        Content::EventStudy(EventStudies { studies, powers, estimators, failed, few_clusters: few, methods: said });
    let beside = hypotheses.map(Content::Hypotheses).into_iter().chain(trends.map(Content::Sensitivity));
    Ok(std::iter::once(studies).chain(beside).collect())
}

/// Combinations and tests of the effects of every estimator; none when none was asked for.
fn hypotheses(asked: &Asked, studies: &[EventStudy]) -> Option<Hypotheses> {
    let (lincom, test) = (asked.lincom.as_slice(), asked.test.as_slice());
    if lincom.is_empty() && test.is_empty() {
        return None;
    }
    let mut warnings = Vec::new();
    let estimates = studies.iter().map(|study| {
        let ((terms, tests), failed) = Coefficients::from(study).answer(lincom, test);
        let named = |warning: Warning| {
            let Text { en, zh } = &study.label;
            Warning::new(&warning.id, format!("{en}: {}", warning.text.en), format!("{zh}：{}", warning.text.zh))
        };
        warnings.extend(failed.into_iter().map(named));
        (study.label.clone(), terms, tests)
    });
    let estimates = estimates.collect();
    Some(Hypotheses {
        id: "event-study-hypotheses".to_owned(),
        title: Text::new("Combinations of effects by time since adoption", "动态效应的线性组合与联合检验"),
        estimates,
        warnings,
    })
}

/// The main regression and what the other estimators are asked, both as the event study `asked` says.
pub(super) fn specs(study: Study<'_>, asked: &studyfile::EventStudy) -> Result<(Spec, estimator::Spec), Problem> {
    let mut main = study.main()?;
    if !asked.controls {
        main.controls = Vec::new();
    }
    let spec = estimator::Spec {
        outcome: study.outcome().to_owned(),
        treatment: study.policy().to_owned(),
        controls: if asked.controls { study.file.model.controls.clone() } else { Vec::new() },
        design: study.design_options(&main),
        fit: FitOptions { wild: study.wild()?, ..study.fit_options(&main.vcov)? },
        window: Window {
            bounds: asked.window,
            reference: asked.references(study.file.policy.anticipation),
            trim: asked.trim,
        },
        options: Options {
            anticipation: study.file.estimators.anticipation.max(study.file.policy.anticipation as usize),
            ..study.file.estimators.clone()
        },
        seed: study.file.seed,
    };
    Ok((main, spec))
}

/// The two-way regression of the event study before its indicators, and what all estimators of it are asked.
pub(crate) fn two_way_base(study: Study<'_>) -> Result<(Design, estimator::Spec), Problem> {
    let asked = study.file.event_study.clone().unwrap_or_default();
    let (main, spec) = specs(study, &asked)?;
    let design = study.design(&Spec { regressors: Vec::new(), ..main })?;
    Ok((design, spec))
}

/// An estimator with effects by event time for a treatment that is a dose or ends, unless one is asked for.
fn for_any_treatment(study: Study<'_>, chosen: &[&'static dyn Estimator]) -> Option<&'static dyn Estimator> {
    let treatment = &study.data.treatment;
    let undated = treatment.continuous || treatment.adoption.contains(&Adoption::Switches);
    let suits = |one: &&&dyn Estimator| !one.needs_dates() && one.name() != "twfe";
    if !undated || chosen.iter().any(|one| suits(&one)) {
        return None;
    }
    estimator::ESTIMATORS.iter().find(suits).copied()
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
