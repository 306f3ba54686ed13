//! Effects by time since adoption.

use attica::estimator::event_time::Window;
use attica::estimator::twfe;
use attica::message::{Problem, Warning};
use attica::text::Text;

use super::{Found, Study};
use crate::results::{Content, EventStudies};

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
    spec.regressors = Vec::new();
    if !asked.controls {
        spec.controls = Vec::new();
    }
    let design = study.design(&spec)?;
    let options = study.fit_options(&spec.vcov)?;
    let mut found =
        twfe::event_study(&design, &data.panel, &data.treatment.adoption, &window, &options, study.file.seed)?;
    if found.pre_testable == 0 {
        found.warnings.push(Warning::new(
            "W210",
            "no lead has a coefficient, so parallel trends cannot be tested",
            "没有可估计的处理前系数，无法检验平行趋势",
        ));
    }
    Ok(vec![Content::EventStudy(EventStudies { studies: vec![found], methods: methods(&window) })])
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
