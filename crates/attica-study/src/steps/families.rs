//! One policy, several outcomes: the effect on each, with p-values adjusted for their number.

use attica::design::cluster_codes;
use attica::estimator::{self, Data, Estimate, estimate};
use attica::fit::Fit;
use attica::hypothesis::family::Family;
use attica::message::{Problem, Result, Warning};
use attica::text::Text;
use rayon::prelude::*;

use super::mechanism::on;
use super::regression::Spec;
use super::{Found, Study, event_study};
use crate::results::{Content, Outcome, TestFamily};
use crate::studyfile::Families;

pub(super) fn step(study: Study<'_>) -> Found {
    let Some(asked) = &study.file.families else { return Ok(Vec::new()) };
    estimator::find(&asked.estimator)?;
    let families = asked.outcomes.families().into_iter().map(|(name, outcomes)| {
        let outcomes = if outcomes.is_empty() { study.file.model.outcome.as_slice() } else { outcomes };
        let (id, title) = match name {
            "" => ("families".to_owned(), Text::new("One policy, several outcomes", "一项政策、多个结果")),
            name => {
                let label = study.label(name);
                let en = format!("One policy, several outcomes: {}", label.en);
                (format!("families-{name}"), Text::new(en, format!("一项政策、多个结果：{}", label.zh)))
            }
        };
        of_outcomes(study, asked, outcomes, &id, title).unwrap_or_else(Content::Failed)
    });
    Ok(families.collect())
}

fn of_outcomes(study: Study<'_>, asked: &Families, outcomes: &[String], id: &str, title: Text) -> Result<Content> {
    let (mut failed, of) = (Vec::new(), Text::new("Outcome", "结果变量"));
    let names: Vec<&str> = outcomes.iter().map(String::as_str).collect();
    if asked.estimator == "twfe" {
        let main = study.main()?;
        let specs: Vec<Spec> = names.iter().map(|outcome| on(&main, outcome)).collect();
        let (models, fits) = study.models(&specs);
        for (name, model) in names.iter().zip(models) {
            if let Outcome::Failed(problem) = model.fit {
                failed.push(((*name).to_owned(), problem));
            }
        }
        few(&failed, fits.iter().flatten().count())?;
        let (family, warnings) = adjusted(study, asked.draws, &names, &fits)?;
        let estimator = estimator::find("twfe")?.about().title;
        return Ok(Content::Family(TestFamily { id: id.to_owned(), title, of, estimator, family, failed, warnings }));
    }
    let one = estimator::find(&asked.estimator)?;
    let data = study.data;
    let (_, mut spec) = event_study::specs(study, &study.file.event_study.clone().unwrap_or_default())?;
    spec.options.influence = true;
    let source = Data { frame: &data.frame, panel: &data.panel, adoption: &data.treatment.adoption };
    let of_outcome = |name: &&str| {
        let controls = spec.controls.iter().filter(|control| control != name).cloned().collect();
        estimate(one, source, &estimator::Spec { outcome: (*name).to_owned(), controls, ..spec.clone() })
    };
    let found: Vec<Result<Estimate>> = names.par_iter().map(of_outcome).collect();
    let mut estimates = Vec::new();
    for (name, found) in names.iter().zip(found) {
        match found {
            Ok(one) => estimates.push(((*name).to_owned(), one)),
            Err(problem) => failed.push(((*name).to_owned(), problem)),
        }
    }
    let unit = &data.panel.unit_name;
    let cluster = cluster_codes(&data.frame, Some(&data.panel), spec.design.clusters.first().unwrap_or(unit))?;
    let (family, warnings) = few(&failed, estimates.len())
        .and_then(|()| Family::of_estimates(&estimates, &cluster.codes, asked.draws, study.file.seed))?;
    let estimator = one.about().title;
    Ok(Content::Family(TestFamily { id: id.to_owned(), title, of, estimator, family, failed, warnings }))
}

/// Fewer than two estimates are no family: the reason is why the others failed.
fn few(failed: &[(String, Problem)], estimates: usize) -> Result<()> {
    match failed {
        [(name, problem), ..] if estimates < 2 => {
            let mut problem = problem.clone();
            problem.message = format!("{name}: {}", problem.message);
            Err(problem)
        }
        _ => Ok(()),
    }
}

/// The policy's coefficient in `fits` as a family; `names` are what they are called.
fn adjusted(study: Study<'_>, draws: usize, names: &[&str], fits: &[Option<Fit>]) -> Result<(Family, Vec<Warning>)> {
    let known = names.iter().zip(fits).filter_map(|(name, fit)| Some(((*name).to_owned(), fit.as_ref()?)));
    let parts: Vec<(String, &Fit)> = known.filter(|(_, fit)| fit.position(study.policy()).is_some()).collect();
    Family::of_fits(&parts, study.policy(), &study.data.frame, Some(&study.data.panel), draws, study.file.seed)
}

/// The family that a table of regressions makes, to stand below it; none when fewer than two have an estimate.
/// Whether channels in different units have equal effects is no question, and groups have tests of their own.
pub(super) fn of_fits(
    study: Study<'_>,
    id: &str,
    title: Text,
    of: Text,
    names: &[&str],
    fits: &[Option<Fit>],
) -> Option<Content> {
    let estimated = fits.iter().flatten().filter(|fit| fit.position(study.policy()).is_some()).count();
    if estimated < 2 {
        return None;
    }
    let draws = study.file.families.as_ref().map_or_else(|| Families::default().draws, |asked| asked.draws);
    let found = adjusted(study, draws, names, fits).and_then(|(family, warnings)| {
        let estimator = estimator::find("twfe")?.about().title;
        let family = Family { equality: None, ..family };
        let warnings = warnings.into_iter().filter(|warning| warning.id != "N618").collect();
        let failed = Vec::new();
        Ok(Content::Family(TestFamily { id: id.to_owned(), title, of, estimator, family, failed, warnings }))
    });
    Some(found.unwrap_or_else(Content::Failed))
}
