//! What controls share with the outcome, and what the policy does to them.

use std::collections::BTreeSet;

use attica::expr::Expr;
use attica::panel::Adoption;

use crate::results::{ControlCard, Shared};
use crate::steps::Study;
use crate::steps::regression::Spec;
use crate::studyfile::indicators;

/// Columns of the files behind the outcome.
pub(super) fn of_outcome(study: Study<'_>) -> Vec<String> {
    ingredients(study, study.outcome()).into_iter().collect()
}

/// The columns of the files behind a name or an expression, through derived variables and indices.
fn ingredients(study: Study<'_>, of: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![of.to_owned()];
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(index) = study.file.index.get(&name) {
            open.extend(indicators(index).into_iter().map(|(_, column, _)| column.to_owned()));
        } else if let Some(expression) = study.file.variables.get(&name) {
            open.extend(columns(expression));
        } else if study.data.frame.get(&name).is_some() {
            found.insert(name);
        } else {
            open.extend(columns(&name));
        }
    }
    found
}

fn columns(expression: &str) -> Vec<String> {
    Expr::parse(expression).map(|parsed| parsed.columns().into_iter().map(str::to_owned).collect()).unwrap_or_default()
}

/// What each control is made of and whether the policy moves it; `bare` is the main regression without controls.
pub(super) fn cards(study: Study<'_>, bare: &Spec) -> Vec<ControlCard> {
    let outcome = ingredients(study, study.outcome());
    let channels: Vec<&String> =
        study.file.mechanism.iter().flat_map(|step| step.through.iter().chain(&step.mediation)).collect();
    let of = |name: &String| {
        let own = ingredients(study, name);
        let values = values(study, name).unwrap_or_default();
        let spec = Spec { outcome: study.term(name), ..bare.clone() };
        ControlCard {
            name: name.clone(),
            varies_after: varies_after(study, &values),
            channel: channels.contains(&name),
            shared: own.iter().flat_map(|column| shared(column, &outcome)).collect(),
            effect: super::term(study, &spec, study.policy()),
            sd: deviation(&values),
        }
    };
    study.file.model.controls.iter().map(of).collect()
}

fn values(study: Study<'_>, of: &str) -> Option<Vec<f64>> {
    if study.data.frame.get(of).is_some() {
        return study.data.frame.numbers(of).ok().map(<[f64]>::to_vec);
    }
    let expression = Expr::parse(of).ok()?;
    let (values, _) = expression.numbers(&study.data.frame, Some(&study.data.panel)).ok()?;
    Some(values.to_vec())
}

/// Whether it changes within a treated unit from adoption on.
fn varies_after(study: Study<'_>, values: &[f64]) -> bool {
    let (panel, treatment) = (&study.data.panel, &study.data.treatment);
    let mut before: Vec<Option<f64>> = vec![None; panel.units.len()];
    let mut varies = false;
    for (row, &value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let unit = panel.unit[row] as usize;
        if treatment.adoption[unit] == Adoption::Never {
            continue;
        }
        let first = *before[unit].get_or_insert(value);
        varies |= treatment.values[row] > 0.0 && first != value;
    }
    varies
}

fn deviation(values: &[f64]) -> Option<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let squares: f64 = known.iter().map(|value| (value - mean).powi(2)).sum();
    (n > 1.0 && squares > 0.0).then(|| (squares / (n - 1.0)).sqrt())
}

/// What `column` shares with the outcome's ingredients: itself, or names that divide by it.
fn shared(column: &str, outcome: &BTreeSet<String>) -> Vec<Shared> {
    let suffix = format!("_per_{column}").to_lowercase();
    let same = |of: &&String| of.as_str() == column || of.to_lowercase().ends_with(&suffix);
    outcome.iter().filter(same).map(|of| Shared { of_control: column.to_owned(), of_outcome: of.clone() }).collect()
}
