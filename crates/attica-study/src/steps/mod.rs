//! The steps of the paper, one file each. A step reads the prepared data and fills its part of the
//! results; a step that fails is kept with its reason, and the others go on.

mod baseline;
mod descriptives;
pub(crate) mod design;
mod diagnostics;
mod event_study;
mod families;
mod heterogeneity;
pub(crate) mod matching;
mod mechanism;
mod placebo;
mod regression;
mod robustness;
mod variances;

use attica::frame::codes;
use attica::message::{Problem, Warning};
use rayon::prelude::*;

use crate::results::{Content, Section};
use crate::run::{Prepared, Watch};
use crate::studyfile::{Diagnostics, StudyFile};

pub use design::of_table as design_of_table;
pub(crate) use event_study::two_way_base;
pub use regression::weight_kind;

/// Runs the main regression, which every step but the description starts from: when it cannot be estimated, the data
/// or the study file must change first.
///
/// # Errors
/// Those of the design and of the fit; `E206` when nothing is left of the policy.
pub(crate) fn check_main(study: Study<'_>) -> Result<(), Problem> {
    if asked(study.file).iter().all(|(name, _)| *name == "descriptives") {
        return Ok(());
    }
    let (_, fit) = study.fit(&study.main()?)?;
    match fit.omitted.iter().find(|omitted| omitted.name == study.policy()) {
        None => Ok(()),
        Some(omitted) => Err(Problem::new(
            "E206",
            format!("no effect of \"{}\" can be estimated: {}", study.policy(), omitted.reason.en),
        )
        .fix("check how the policy is coded, and which effects are absorbed")),
    }
}

/// `W213` one treated cluster, `W214` a policy that differs within clusters.
pub(crate) fn assignment(study: Study<'_>) -> Vec<Warning> {
    let Ok(vcov) = study.vcov() else { return Vec::new() };
    let [name] = vcov.clusters() else { return Vec::new() };
    let Some(column) = study.data.frame.get(name) else { return Vec::new() };
    let (clusters, _) = codes::codes_of(column);
    study.data.panel.assignment(&study.data.treatment.values, name, &clusters)
}

/// `W606`: controls that the study itself treats as moved by the policy.
pub(crate) fn bad_controls(study: Study<'_>) -> Vec<Warning> {
    let moved: Vec<&String> = study.file.mechanism.iter().flat_map(|m| m.through.iter().chain(&m.mediation)).collect();
    let both = study.file.model.controls.iter().filter(|control| moved.contains(control));
    both.map(|control| {
        Warning::new(
            "W606",
            format!("\"{control}\" is a control and a channel of the policy: controlling for it takes part of the effect away"),
            format!("“{control}”既是控制变量又是机制变量：控制它会吸收部分政策效应"),
        )
    })
    .collect()
}

/// What a step works with.
#[derive(Clone, Copy)]
pub(crate) struct Study<'a> {
    pub file: &'a StudyFile,
    pub data: &'a Prepared,
    /// Columns of tables keep the rows that they were estimated from.
    pub keep: bool,
    /// Is told which steps run.
    pub watch: &'a Watch,
}

/// Sections of one step, or why there are none.
type Found = Result<Vec<Content>, Problem>;

/// One step: its key in the study file and what it does.
type Step = (&'static str, fn(Study<'_>) -> Found);

/// The steps in the order of the paper, with whether a study asks for them.
fn asked(file: &StudyFile) -> Vec<Step> {
    let mechanism = file.mechanism.as_ref();
    let diagnostics = file.diagnostics.as_ref();
    let events = file.event_study.is_some() || diagnostics.is_some_and(Diagnostics::of_trends);
    let all: [(bool, Step); 12] = [
        (file.descriptives.is_some(), ("descriptives", descriptives::step)),
        (file.baseline.is_some(), ("baseline", baseline::step)),
        (events, ("event_study", event_study::step)),
        (diagnostics.is_some_and(Diagnostics::of_two_way), ("diagnostics", diagnostics::step)),
        (file.placebo.is_some(), ("placebo", placebo::step)),
        (file.matching.is_some(), ("matching", matching::step)),
        (file.robustness.is_some(), ("robustness", robustness::step)),
        (mechanism.is_some_and(|m| !m.through.is_empty()), ("mechanism", mechanism::channels)),
        (mechanism.is_some_and(|m| !m.moderation.is_empty()), ("moderation", mechanism::moderation)),
        (mechanism.is_some_and(|m| !m.mediation.is_empty()), ("mediation", mechanism::mediation)),
        (file.families.is_some(), ("families", families::step)),
        (file.heterogeneity.is_some(), ("heterogeneity", heterogeneity::step)),
    ];
    all.into_iter().filter(|(asked, _)| *asked).map(|(_, step)| step).collect()
}

/// How many steps a study asks for.
pub(crate) fn count(file: &StudyFile) -> usize {
    asked(file).len()
}

/// Runs every step that the study asks for, side by side; sections come in the order of the paper.
pub(crate) fn run(study: Study<'_>) -> Vec<Section> {
    let sections: Vec<Vec<Section>> = asked(study.file)
        .into_par_iter()
        .with_max_len(1)
        .map(|(name, step)| {
            let contents =
                study.watch.during(name, || step(study)).unwrap_or_else(|problem| vec![Content::Failed(problem)]);
            contents.into_iter().map(|content| Section { step: name.to_owned(), content }).collect()
        })
        .collect();
    let mut sections: Vec<Section> = sections.into_iter().flatten().collect();
    variances::add_permutations(&mut sections);
    sections
}
