//! Table 1: what the variables look like, overall and in two groups.

use attica::diagnostic::describe::{group_difference, summary};
use attica::message::Problem;
use attica::text::Text;

use super::{Found, Study};
use crate::results::{Content, Descriptives, GroupRow, GroupedDescriptives};

pub(super) fn step(study: Study<'_>) -> Found {
    let asked = study.file.descriptives.clone().unwrap_or_default();
    let variables = if asked.variables.is_empty() { all_variables(study) } else { asked.variables };
    let frame = &study.data.frame;
    let mut overall = Vec::new();
    for variable in &variables {
        let values = frame.numbers(variable)?;
        let summary = summary(values.iter().copied())
            .ok_or_else(|| Problem::new("E304", format!("column \"{variable}\" has no value in any row")))?;
        overall.push((variable.clone(), summary));
    }
    let (by, names, first) = match &asked.by {
        Some(column) => by_column(study, column)?,
        None => by_treatment(study),
    };
    let rows = variables
        .iter()
        .filter(|variable| *variable != study.policy())
        .filter_map(|variable| {
            let found = group_difference(frame.numbers(variable).ok()?, &first, &study.data.panel.unit)?;
            Some(GroupRow {
                variable: variable.clone(),
                groups: found.groups,
                difference: found.difference,
                t: found.t,
                p_value: found.p_value,
                standardised: found.standardised,
            })
        })
        .collect();
    let groups = Some(GroupedDescriptives { by, names, rows }).filter(|groups| !groups.rows.is_empty());
    Ok(vec![Content::Descriptives(Descriptives { overall, groups })])
}

/// Outcomes, policy, controls and what the mechanism goes through.
fn all_variables(study: Study<'_>) -> Vec<String> {
    let mechanism = study.file.mechanism.iter().flat_map(|m| m.through.iter().chain(&m.moderation).chain(&m.mediation));
    let mut names: Vec<String> = Vec::new();
    let outcomes = study.file.model.outcome.as_slice().iter();
    for name in outcomes.chain([&study.file.policy.name]).chain(&study.file.model.controls).chain(mechanism) {
        if !names.contains(name) && study.data.frame.get(name).is_some() {
            names.push(name.clone());
        }
    }
    names
}

/// Units ever treated against the others.
fn by_treatment(study: Study<'_>) -> (Text, [Text; 2], Vec<bool>) {
    let ever: Vec<bool> = study.data.treatment.ever().collect();
    let first = study.data.panel.unit.iter().map(|&unit| ever[unit as usize]).collect();
    let names = [Text::new("Treated units", "处理组"), Text::new("Never-treated units", "对照组")];
    (Text::new("treatment", "是否处理"), names, first)
}

/// The two levels of a column.
fn by_column(study: Study<'_>, name: &str) -> Result<(Text, [Text; 2], Vec<bool>), Problem> {
    let column = study.data.frame.column(name)?;
    let mut levels: Vec<String> =
        (0..column.len()).filter(|&r| !column.is_missing(r)).map(|r| column.display(r)).collect();
    levels.sort();
    levels.dedup();
    let [low, high] = levels.as_slice() else {
        return Err(Problem::new(
            "E607",
            format!("descriptives by \"{name}\" need two groups; it has {}", levels.len()),
        )
        .fix("name a column with two values"));
    };
    let first = (0..column.len()).map(|r| column.display(r) == *high).collect();
    Ok((Text::same(name), [Text::same(format!("{name} = {high}")), Text::same(format!("{name} = {low}"))], first))
}
