//! Estimators for staggered adoption: the columns that any implementation takes, and the headline to expect.

use attica::estimator::options::{ControlGroup, Options};
use attica::panel::Adoption;

use super::collect::{cluster, event_time};
use super::columns::Columns;
use super::plan::{Expected, Id, Staggered, Values};
use crate::results::{Answer, EventStudy, Overall};
use crate::steps::{Study, two_way_base};

/// The job of one estimator, or why no other software can be asked for the same.
///
/// # Errors
/// A reason.
pub fn job(
    study: Study<'_>,
    answer: &Answer,
    events: Option<&EventStudy>,
    columns: &mut Columns<'_>,
) -> Result<Staggered, String> {
    let asked = &study.file.estimators;
    let plain = Options { control_group: asked.control_group, ..Options::default() };
    let own = Options { stacked: asked.stacked.clone(), sdid: asked.sdid.clone(), dcdh: asked.dcdh.clone(), ..plain };
    if *asked != own || study.file.policy.anticipation > 0 {
        return Err("options other than the comparison group are set for it".to_owned());
    }
    let data = study.data;
    if data.treatment.continuous || data.treatment.adoption.contains(&Adoption::Switches) {
        return Err("the policy is a dose or ends".to_owned());
    }
    let cluster = cluster(study).ok_or("its errors are not clustered by one column")?;
    let (_, spec) = two_way_base(study).map_err(|problem| problem.message)?;
    let panel = &data.panel;
    let column = |columns: &mut Columns<'_>, name: &str| columns.number(name).ok_or(format!("{name} is no number"));
    let controls: Vec<Id> = spec.controls.iter().map(|name| column(columns, name)).collect::<Result<_, String>>()?;
    let weights = spec.design.weights.as_ref().map(|(name, _)| column(columns, name)).transpose()?;
    let category =
        |columns: &mut Columns<'_>, name: &str| columns.named_category(name).ok_or(format!("{name} is no column"));
    let outcome = column(columns, &spec.outcome)?;
    let sample = complete(study, &spec, columns);
    Ok(Staggered {
        estimator: answer.estimator.clone(),
        title: answer.label.en.clone(),
        outcome,
        unit: category(columns, &panel.unit_name)?,
        time: column(columns, &panel.time_name)?,
        first: first_treated(study, columns),
        treated: column(columns, study.policy())?,
        event_time: event_time(study, columns),
        controls,
        weights,
        cluster: category(columns, &cluster)?,
        sample,
        not_yet: asked.control_group == Some(ControlGroup::NotYet),
        overall: expected(&answer.overall),
        by_time: events.map(by_time).unwrap_or_default(),
        never_treated: data.treatment.adoption.contains(&Adoption::Never),
    })
}

fn expected(overall: &Overall) -> Expected {
    Expected { estimate: overall.estimate, std_error: overall.std_error }
}

fn by_time(events: &EventStudy) -> Vec<(i64, Expected)> {
    let rows = events.rows.iter().filter(|row| !events.reference.contains(&row.event_time));
    rows.map(|row| (row.event_time, Expected { estimate: row.estimate, std_error: row.std_error })).collect()
}

/// Each row's first treated period; empty for units never treated.
fn first_treated(study: Study<'_>, columns: &mut Columns<'_>) -> Id {
    const ORIGINAL: &str = "first treated period; empty for units never treated";
    if let Some(id) = columns.list.iter().position(|column| column.original == ORIGINAL) {
        return id;
    }
    let panel = &study.data.panel;
    let of = |&unit: &u32| match study.data.treatment.adoption[unit as usize] {
        Adoption::At(date) => date,
        Adoption::Always => panel.times.first().copied().unwrap_or(f64::NAN),
        Adoption::Never | Adoption::Switches => f64::NAN,
    };
    let values = panel.unit.iter().map(of).collect();
    columns.add("first_treated", ORIGINAL, Values::Number(values))
}

/// Rows with outcome, controls and weights, of units that are not treated from the start, as a 0/1 column.
fn complete(study: Study<'_>, spec: &attica::estimator::Spec, columns: &mut Columns<'_>) -> Id {
    const ORIGINAL: &str = "complete rows of units that are not treated from the start";
    if let Some(id) = columns.list.iter().position(|column| column.original == ORIGINAL) {
        return id;
    }
    let frame = &study.data.frame;
    let names = std::iter::once(&spec.outcome).chain(&spec.controls).chain(spec.design.weights.iter().map(|(n, _)| n));
    let values: Vec<&[f64]> = names.filter_map(|name| frame.numbers(name).ok()).collect();
    let adoption = &study.data.treatment.adoption;
    let start = |row: usize| adoption[study.data.panel.unit[row] as usize] == Adoption::Always;
    let whole = |row: usize| values.iter().all(|column| column[row].is_finite()) && !start(row);
    let rows = (0..frame.rows()).map(|row| f64::from(u8::from(whole(row)))).collect();
    columns.add("rows_complete", ORIGINAL, Values::Number(rows))
}
