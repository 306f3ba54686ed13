//! The main coefficient under several covariances, from the fit of its column.

use attica::design::Design;
use attica::fit::{Fit, Variance};
use attica::message::Warning;
use attica::vcov::Vcov;

use super::Study;
use crate::results::{Content, Section, Variances};
use crate::studyfile::{self, OneOrMany};

/// The policy's coefficient of column `column` under the covariances that the study asks for. What its clusters say
/// joins the warnings of the fit. `None` when none are asked for, or the coefficient does not exist.
pub(super) fn panel(
    study: Study<'_>,
    design: &Design,
    fit: &mut Fit,
    column: usize,
    asked: &studyfile::Variances,
) -> Option<Variances> {
    let position = fit.position(study.policy())?;
    let (frame, panel) = (&study.data.frame, Some(&study.data.panel));
    let (main, ssc) = (fit.inference.vcov.clone(), fit.inference.ssc);
    let clusters = match main.clusters() {
        [by] if matches!(main, Vcov::Cluster(_)) => {
            let raw = design.regressor(study.policy(), &fit.sample);
            fit.cluster_card(position, by, raw.as_deref()).map(|mut card| {
                card.largest_name = frame.get(by).map(|column| column.display(card.largest_row as usize));
                card
            })
        }
        _ => None,
    };
    if let Some(card) = &clusters {
        let mut cautions = fit.cluster_cautions(position, card, study.file.seed);
        // The study says this of itself, once.
        cautions.retain(|warning| warning.id != "W213");
        fit.warnings.extend(cautions);
    }
    let list = match asked {
        studyfile::Variances::All(false) => return None,
        studyfile::Variances::All(true) => {
            let mut offered = fit.offered(frame, panel, &other_roles(study));
            // A level that the study itself clusters by comes before one that is found.
            let mut named = study.file.robustness.iter().flat_map(|step| &step.cluster).map(OneOrMany::as_slice);
            let named = named.find(|by| by.len() == 1).map(|by| by[0].clone());
            offered.coarser = named.or(offered.coarser);
            offered.all(&main)
        }
        studyfile::Variances::List(words) => {
            let listed = words.iter().filter_map(|words| Vcov::parse(words).ok()).filter(|vcov| *vcov != main);
            std::iter::once(main.clone()).chain(listed).collect()
        }
    };
    let mut rows = fit.variances_in(frame, panel, position, &list, &ssc);
    if let (Some(card), studyfile::Variances::All(true)) = (&clusters, asked) {
        rows.push(fit.wild_variance(position, &card.by, study.file.seed));
    }
    let estimate = fit.coefficients[position];
    Some(Variances { column, term: fit.names[position].clone(), estimate, level: fit.level, rows, clusters })
}

/// Columns that are no level of assignment: those of the policy, outcomes and controls.
fn other_roles(study: Study<'_>) -> Vec<&str> {
    let policy = &study.file.policy;
    let coded = [&policy.first_treated, &policy.treated, &policy.path, &policy.continuous];
    let coded = coded.into_iter().flatten().chain([&policy.name]);
    let model = &study.file.model;
    coded.chain(model.outcome.as_slice()).chain(&model.controls).map(String::as_str).collect()
}

/// Adds the permutation p-values of the placebo step, where it drew assignments for the same coefficient.
pub(super) fn add_permutations(sections: &mut [Section]) {
    let drawn: Vec<(f64, Variance)> = sections
        .iter()
        .filter_map(|section| match &section.content {
            Content::Placebo(found) => Some(&found.kinds),
            _ => None,
        })
        .flatten()
        .filter_map(|kind| {
            let by_t = kind.p_two_sided_t.map(|p| {
                Warning::new(
                    "N418",
                    format!("by t statistic instead of the estimate: p = {p:.3}"),
                    format!("按t统计量计算时p = {p:.3}"),
                )
            });
            let row = Variance {
                vcov: format!("permutation({})", kind.kind),
                p_value: Some(kind.p_two_sided?),
                warnings: Vec::from_iter(by_t),
                ..Variance::default()
            };
            Some((kind.estimate, row))
        })
        .collect();
    for section in sections {
        let Content::Variances(found) = &mut section.content else { continue };
        let same = |estimate: f64| (estimate - found.estimate).abs() <= 1e-6 * found.estimate.abs();
        let rows = drawn.iter().filter(|(estimate, _)| same(*estimate));
        found.rows.extend(rows.map(|(_, row)| Variance { term: found.term.clone(), ..row.clone() }));
    }
}
