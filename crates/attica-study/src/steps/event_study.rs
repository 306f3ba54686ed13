//! Effects by time since adoption.

use attica::estimator::event_time::Window;
use attica::estimator::{self, twfe};
use attica::message::{Problem, Warning};
use attica::text::Text;

use super::regression::Spec;
use super::{Found, Study};
use crate::results::{Content, EventStudies, EventStudy, OverallEffect};

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.event_study.clone().unwrap_or_default();
    let data = study.data;
    if data.treatment.continuous {
        return Err(Problem::new("E205", "an intensity has no date of adoption, so there is no event to study")
            .fix("code the policy by first_treated, treated and from, or path"));
    }
    let window =
        Window { bounds: asked.window, reference: asked.references(study.file.policy.anticipation), trim: asked.trim };
    let mut spec = study.main()?;
    if !asked.controls {
        spec.controls = Vec::new();
    }
    let (mut studies, mut overall, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for name in &asked.estimators {
        match one(study, &spec, &window, name) {
            Ok((found, effect)) => {
                studies.push(found);
                overall.push(effect);
            }
            Err(problem) if asked.estimators.len() == 1 => return Err(problem),
            Err(problem) => failed.push(not_estimated(name, &problem)),
        }
    }
    let Some(first) = studies.first_mut() else {
        return Err(Problem::new("E607", "none of the estimators could be run; see the warnings of each")
            .fix(failed.iter().map(|warning| warning.text.en.clone()).collect::<Vec<_>>().join("; ")));
    };
    first.warnings.extend(failed);
    Ok(vec![Content::EventStudy(EventStudies { studies, overall, methods: methods(&window) })])
}

/// Event study and headline effect of one registered estimator.
///
/// Two-way effects follow the effects of `[model]`; the others have unit and period effects by construction.
fn one(study: Study<'_>, main: &Spec, window: &Window, name: &str) -> Result<(EventStudy, OverallEffect), Problem> {
    let data = study.data;
    let options = study.fit_options(&main.vcov)?;
    let estimator = estimator::find(name)?;
    let spec = estimator::Spec {
        outcome: study.outcome().to_owned(),
        treatment: study.policy().to_owned(),
        controls: if main.controls.is_empty() { Vec::new() } else { study.file.model.controls.clone() },
        design: study.design_options(main),
        fit: options.clone(),
        window: window.clone(),
        options: estimator::options::Options::default(),
        seed: study.file.seed,
    };
    let source = estimator::Data { frame: &data.frame, panel: &data.panel, adoption: &data.treatment.adoption };
    let found = estimator.estimate(source, &spec)?;
    let mut events = if name == "twfe" {
        let design = study.design(&Spec { regressors: Vec::new(), ..main.clone() })?;
        twfe::event_study(&design, &data.panel, &data.treatment.adoption, window, &options, study.file.seed)?
    } else {
        found.event_study.clone().ok_or_else(|| Problem::new("E205", "no unit adopts at a date within the panel"))?
    };
    if events.pre_testable == 0 {
        events.warnings.push(Warning::new(
            "W210",
            "no lead has a coefficient, so parallel trends cannot be tested",
            "没有可估计的处理前系数，无法检验平行趋势",
        ));
    }
    let overall = OverallEffect {
        estimator: name.to_owned(),
        label: estimator.about().title,
        reference: estimator.about().reference.to_owned(),
        effect: found.overall,
        control_group: found.control_group,
        base_period: found.base_period,
        n_obs: found.n_obs,
        n_units: found.n_units,
        n_treated_units: found.n_treated_units,
    };
    Ok((events, overall))
}

fn not_estimated(name: &str, problem: &Problem) -> Warning {
    Warning::new(
        &problem.id,
        format!("the estimator {name} has no result: {}", problem.message),
        format!("估计量{name}未能给出结果：{}", problem.message),
    )
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
