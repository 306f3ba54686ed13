//! What stands behind the estimates: parts of the two-way coefficient, and event studies when trends differ.

use std::collections::BTreeSet;

use attica::diagnostic::bacon::{Bacon, bacon_of};
use attica::diagnostic::honest::{Coefficients, Options, Sensitivity, Set, Target, sensitivity};
use attica::diagnostic::pretrend::{Pretest, Test, equivalence};
use attica::diagnostic::twfe_weights::twfe_weights;
use attica::message::{Problem, Result};
use attica::text::Text;
use rayon::prelude::*;

use super::regression::Spec;
use super::{Found, Study};
use crate::results::{
    Answer, Content, Decomposition, EventStudy, LeadPower, NoAnswer, Sensitivities, StudySensitivity,
};
use crate::studyfile::{DiagnosticKind, Diagnostics};

/// Size of the tests of leads.
const SIZE: f64 = 0.05;

/// The two-way coefficient taken apart; nothing when only event studies are examined.
pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.diagnostics.clone().unwrap_or_default();
    if !asked.of_two_way() {
        return Ok(Vec::new());
    }
    let main = study.main()?;
    let mut found = Decomposition::default();
    let policy = study.policy();
    if asked.kinds.contains(&DiagnosticKind::Bacon) {
        match comparisons(study, &main) {
            Ok(bacon) => found.bacon = Some(bacon),
            Err(problem) => {
                found.failed.push((Text::new("The decomposition into comparisons", "分解为两两比较"), problem));
            }
        }
    }
    if asked.kinds.contains(&DiagnosticKind::Weights) {
        match study.design(&main).and_then(|design| twfe_weights(&design, policy)) {
            Ok(weights) => found.weights = Some(weights),
            Err(problem) => found.failed.push((Text::new("The weights on effects", "效应的权重"), problem)),
        }
    }
    Ok(vec![Content::Decomposition(found)])
}

/// The comparisons behind the coefficient without controls.
fn comparisons(study: Study<'_>, main: &Spec) -> Result<Bacon> {
    let panel = &study.data.panel;
    let own: BTreeSet<String> = [&panel.unit_name, &panel.time_name].map(|name| super::regression::name(name)).into();
    if main.effects.iter().cloned().collect::<BTreeSet<_>>() != own {
        return Err(Problem::new(
            "E607",
            "no exact Goodman-Bacon decomposition exists: the model absorbs other effects than those of units and periods",
        )
        .fix("leave it out; the weights of the two-way estimate (`weights`) exist for any regression"));
    }
    let design = study.design(&Spec { controls: Vec::new(), ..main.clone() })?;
    bacon_of(&design, study.policy())
}

/// What is left of each event study when trends differ; `None` when nobody asks.
pub(super) fn trends(study: Study<'_>, studies: &[EventStudy], answers: &[Answer]) -> Option<Sensitivities> {
    let asked = study.file.diagnostics.as_ref().filter(|asked| asked.of_trends())?;
    let leads = |name: &str| answers.iter().find(|answer| answer.estimator == name);
    let found: Vec<std::result::Result<StudySensitivity, NoAnswer>> = studies
        .par_iter()
        .map(|events| {
            let answer = leads(&events.estimator);
            one(study, asked, events, answer).map_err(|problem| NoAnswer {
                estimator: events.estimator.clone(),
                label: events.label.clone(),
                problem,
            })
        })
        .collect();
    let (mut given, mut failed) = (Vec::new(), Vec::new());
    for found in found {
        match found {
            Ok(one) => given.push(one),
            Err(one) => failed.push(one),
        }
    }
    Some(Sensitivities { target: asked.target.into(), studies: given, failed })
}

/// What the joint test of each study's leads could have seen; studies without leads, or whose leads have no regular
/// covariance, have none.
pub(super) fn powers(study: Study<'_>, studies: &[EventStudy], answers: &[Answer]) -> Vec<LeadPower> {
    let one = |events: &EventStudy| {
        let answer = answers.iter().find(|answer| answer.estimator == events.estimator)?;
        let (coefficients, _) = Coefficients::of(events, answer.leads, anticipation(study), Target::First).ok()?;
        let pretest = Pretest::new(&coefficients, SIZE).ok()?;
        let [half, four_fifths] = [0.5, 0.8].map(|target| pretest.detectable(Test::Joint, target).slope);
        let known = half.is_finite() && four_fifths.is_finite();
        known.then(|| LeadPower { estimator: events.estimator.clone(), size: SIZE, half, four_fifths })
    };
    studies.iter().filter_map(one).collect()
}

/// Periods before adoption in which units may already react.
fn anticipation(study: Study<'_>) -> usize {
    study.file.estimators.anticipation.max(study.file.policy.anticipation as usize)
}

fn one(
    study: Study<'_>,
    asked: &Diagnostics,
    events: &EventStudy,
    answer: Option<&Answer>,
) -> Result<StudySensitivity> {
    let leads = answer.map(|answer| answer.leads).unwrap_or_default();
    let (coefficients, mut warnings) = Coefficients::of(events, leads, anticipation(study), asked.target.into())?;
    let (mut relative, mut smoothness) = (None, None);
    let mut failed = Vec::new();
    let mut given =
        |answer: Result<Sensitivity>, what: Text| answer.map_err(|problem| failed.push((what, problem))).ok();
    if asked.kinds.contains(&DiagnosticKind::Honest) {
        let ask = |set: Set, sizes: Option<Vec<f64>>| -> Result<Sensitivity> {
            let level = study.file.model.level;
            let options =
                Options { shape: asked.shape.into(), sizes, level, seed: study.file.seed, ..Options::new(set) };
            sensitivity(&coefficients, &options)
        };
        let (a, b) = rayon::join(
            || ask(Set::RelativeMagnitudes, Some(asked.relative.clone())),
            || ask(Set::Smoothness, asked.smoothness.clone()),
        );
        relative = given(a, Text::new("intervals for relative magnitudes", "相对幅度约束下的区间"));
        smoothness = given(b, Text::new("intervals for smooth differences in trends", "平滑约束下的区间"));
        for warning in [&relative, &smoothness].into_iter().flatten().flat_map(|found| &found.warnings) {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
    }
    let (mut power, mut bounds) = (Vec::new(), None);
    if asked.kinds.contains(&DiagnosticKind::Pretrend) {
        match Pretest::new(&coefficients, SIZE) {
            Ok(pretest) => {
                let tests = [Test::Individual, Test::Joint];
                let both = |test| [0.5, 0.8].map(|target| pretest.detectable(test, target));
                power = tests.into_iter().flat_map(both).collect();
            }
            Err(problem) => failed.push((Text::new("power of the tests of leads", "处理前检验的功效"), problem)),
        }
        bounds = Some(equivalence(&coefficients, SIZE));
    }
    Ok(StudySensitivity {
        estimator: events.estimator.clone(),
        label: events.label.clone(),
        leads: coefficients.pre,
        relative,
        smoothness,
        power,
        equivalence: bounds,
        failed,
        warnings,
    })
}
