//! The specification curve (Simonsohn, Simmons and Nelson 2020): each sample with each other measure and form.

use attica::frame::Frame;
use attica::message::Result;
use attica::text::Text;
use rayon::prelude::*;

use super::{Family, Variant};
use crate::results::{Choice, Specification, SpecificationCurve};
use crate::steps::Study;
use crate::steps::regression::{Spec, name};

/// Most specifications of a curve; of more, those that change one thing are kept.
const MOST: usize = 300;

/// Specifications that estimate the effect of the policy on the study's outcome, sorted by the estimate. None when there
/// are fewer than three.
///
/// # Errors
/// Those of the study's inference options.
pub(super) fn curve(
    study: Study<'_>,
    main: &Spec,
    samples: &Family<'_>,
    others: [&Family<'_>; 2],
) -> Result<Option<SpecificationCurve>> {
    let (outcome, policy) = (main.outcome.as_str(), name(study.policy()));
    let alike = |variant: &&Variant| variant.spec.outcome == outcome && variant.spec.regressors.contains(&policy);
    let all = || others.into_iter().flat_map(|family| &family.variants);
    let mut absent: Vec<Text> =
        all().filter(|variant| !alike(variant)).map(|variant| variant.spec.head.clone()).collect();
    let others: Vec<&Variant> = all().filter(alike).collect();
    let samples: Vec<&Variant> = samples.variants.iter().collect();

    let mut pairs = Vec::new();
    let all = (samples.len() + 1) * (others.len() + 1);
    let crossed = all <= MOST;
    if !crossed {
        absent.push(Text::new(
            format!("specifications that change two things (there would be {all}, more than {MOST})"),
            format!("同时改变两项的设定（共{all}种，超过{MOST}种）"),
        ));
    }
    for sample in 0..=samples.len() {
        pairs.extend(
            (0..=others.len()).filter(|&other| crossed || sample == 0 || other == 0).map(|other| (sample, other)),
        );
    }
    let mut options = study.fit_options(&main.vcov)?;
    options.constants = false;
    let estimate = |&(sample, other): &(usize, usize)| -> Result<Specification> {
        let sampled = sample.checked_sub(1).map(|i| samples[i]);
        let changed = other.checked_sub(1).map(|i| others[i]);
        let frame: Option<&Frame> = match changed.map(|variant| &variant.frame) {
            Some(Err(problem)) => return Err(problem.clone()),
            Some(Ok(frame)) => frame.as_ref(),
            None => None,
        };
        let mut spec = changed.map_or(main, |variant| &variant.spec).clone();
        if let Some(variant) = sampled {
            variant.frame.as_ref().map_err(Clone::clone)?;
            spec.subset.clone_from(&variant.spec.subset);
        }
        let design = study.design_in(frame.unwrap_or(&study.data.frame), &study.data.panel, &spec)?;
        let mut options = options.clone();
        options.vcov.clone_from(&spec.vcov);
        let record = attica::fit::fit(&design, &options)?.record();
        let term = record.terms.iter().find(|term| term.term == study.policy());
        let term = term.ok_or_else(|| {
            attica::message::Problem::new("E206", format!("no effect of \"{}\" can be estimated", study.policy()))
        })?;
        Ok(Specification {
            choices: vec![sample, samples.len() + 1 + other],
            estimate: term.estimate,
            std_error: term.std_error,
            p_value: term.p_value,
            conf_low: term.conf_low,
            conf_high: term.conf_high,
            n_obs: record.n_obs,
            main: sample == 0 && other == 0,
        })
    };
    let found: Vec<Result<Specification>> = pairs.par_iter().map(estimate).collect();
    let choices = choices(&samples, &others);
    let mut rows = Vec::new();
    for (&(sample, other), found) in pairs.iter().zip(found) {
        let problem = match found {
            Ok(row) => {
                rows.push(row);
                continue;
            }
            Err(problem) => problem,
        };
        let [one, two] = [sample, samples.len() + 1 + other].map(|i| &choices[i].label);
        let id = problem.id;
        absent.push(Text::new(format!("{}, {} ({id})", one.en, two.en), format!("{}、{}（{id}）", one.zh, two.zh)));
    }
    if rows.len() < 3 {
        return Ok(None);
    }
    rows.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
    Ok(Some(SpecificationCurve { term: study.policy().to_owned(), level: options.level, choices, rows, absent }))
}

fn choices(samples: &[&Variant], others: &[&Variant]) -> Vec<Choice> {
    let dimensions = [
        (Text::new("Sample", "样本"), Text::new("All rows", "全样本"), samples),
        (Text::new("Measures and specification", "变量与设定"), Text::new("As in the study", "基准设定"), others),
    ];
    let of = |(dimension, first, variants): (Text, Text, &[&Variant])| {
        let labels = std::iter::once(first).chain(variants.iter().map(|variant| variant.spec.head.clone()));
        labels.map(|label| Choice { dimension: dimension.clone(), label }).collect::<Vec<_>>()
    };
    dimensions.into_iter().flat_map(of).collect()
}
