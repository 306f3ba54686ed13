//! The main estimate without each unit, cohort or level of a column.

use attica::design::Codes;
use attica::diagnostic::leave_out;
use attica::frame::Values;
use attica::message::{Problem, Result};
use attica::panel::Adoption;
use attica::text::Text;

use crate::results::{LeaveOut, Left};
use crate::steps::Study;
use crate::steps::regression::Spec;

/// The estimate of `main` without each group of `by`.
///
/// # Errors
/// `E206` when the policy has no estimate, `E603` for an unknown column, `E607` for a column with fewer than three
/// groups; `E409` when the effects are too many.
pub(super) fn leave_out(study: Study<'_>, main: &Spec, by: &str) -> Result<LeaveOut> {
    let (_, fit) = study.fit(main)?;
    let at = fit.names.iter().position(|name| name == study.policy());
    let at = at.ok_or_else(|| Problem::new("E206", format!("no effect of \"{}\" can be estimated", study.policy())))?;
    let (label, names) = names(study, by)?;
    // Groups in order of first appearance among the rows used.
    let mut groups: indexmap::IndexMap<&str, usize> = indexmap::IndexMap::new();
    let mut codes = Vec::with_capacity(fit.sample.len());
    for &row in &fit.sample {
        let entry = groups.entry(names[row as usize].as_str());
        codes.push(entry.index() as u32);
        *entry.or_insert(0) += 1;
    }
    if groups.len() < 3 {
        return Err(Problem::new("E607", format!("\"{by}\" has {} groups in the regression", groups.len()))
            .fix("leave out a column with at least three groups"));
    }
    let codes = Codes { name: by.to_owned(), codes: codes.into(), levels: groups.len() };
    let estimates = leave_out::leave_out(&fit, &codes, at)?;
    let (estimate, bound) = (fit.coefficients[at], leave_out::bound(groups.len()));
    let std_error = fit.inference.covariance[(at, at)].max(0.0).sqrt();
    let (mut rows, mut lost) = (Vec::new(), Vec::new());
    for ((name, count), without) in groups.iter().zip(estimates) {
        match without {
            None => lost.push((*name).to_owned()),
            Some(without) => rows.push(Left {
                name: (*name).to_owned(),
                estimate: without,
                rows: *count,
                influential: (without - estimate).abs() > bound * std_error,
            }),
        }
    }
    rows.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
    Ok(LeaveOut { by: by.to_owned(), label, term: study.policy().to_owned(), estimate, std_error, bound, rows, lost })
}

/// What a reader calls the groups, and the group of each row of the frame.
fn names(study: Study<'_>, by: &str) -> Result<(Text, Vec<String>)> {
    let panel = &study.data.panel;
    let found = match by {
        "unit" => {
            let names = panel.unit.iter().map(|&unit| panel.units[unit as usize].clone());
            (study.label(&panel.unit_name), names.collect())
        }
        "cohort" => {
            let name = |unit: &u32| match study.data.treatment.adoption[*unit as usize] {
                Adoption::At(date) => date.to_string(),
                Adoption::Never => "never".to_owned(),
                Adoption::Always => "always".to_owned(),
                Adoption::Switches => "switches".to_owned(),
            };
            (Text::new("cohort", "批次"), panel.unit.iter().map(name).collect())
        }
        column => {
            let names = match &study.data.frame.column(column)?.values {
                Values::Number(values) => values.iter().map(ToString::to_string).collect(),
                Values::Text { codes, levels } => {
                    let name = |&code: &u32| levels.get(code as usize).map_or("missing", |level| level);
                    codes.iter().map(|code| name(code).to_owned()).collect()
                }
            };
            (study.label(column), names)
        }
    };
    Ok(found)
}
