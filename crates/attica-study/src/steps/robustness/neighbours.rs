//! Neighbours by a list: which never treated units lie beside a treated one, and from when on.

use std::collections::HashMap;

use attica::frame::Values;
use attica::message::{Problem, Result};
use attica::panel::Adoption;

use crate::steps::Study;

/// Neighbours of each unit by the column `name`, as units; the first cell of a unit that says something counts.
fn listed(study: Study<'_>, name: &str) -> Result<Vec<Vec<u32>>> {
    let panel = &study.data.panel;
    let column = study.data.frame.column(name)?;
    let code: HashMap<&str, u32> =
        panel.units.iter().enumerate().map(|(code, unit)| (unit.as_str(), code as u32)).collect();
    let mut found: Vec<Vec<u32>> = vec![Vec::new(); panel.units.len()];
    let cell = |row: usize| match &column.values {
        Values::Number(values) => values[row].to_string(),
        Values::Text { codes, levels } => levels[codes[row] as usize].clone(),
    };
    for row in (0..column.len()).filter(|&row| !column.is_missing(row)) {
        let of_unit = &mut found[panel.unit[row] as usize];
        if of_unit.is_empty() {
            let text = cell(row);
            let names = text.split([';', ',', ' ', '；', '，', '、']).map(str::trim).filter(|name| !name.is_empty());
            of_unit.extend(names.filter_map(|name| code.get(name).copied()));
        }
    }
    if found.iter().all(Vec::is_empty) {
        let example = column.display(0);
        return Err(Problem::new(
            "E603",
            format!("no neighbour that the column \"{name}\" lists is a unit of the panel, such as \"{example}\""),
        )
        .fix(format!("list units as the column {} writes them, separated by semicolons", panel.unit_name)));
    }
    Ok(found)
}

/// Never treated units with a neighbour that is ever treated; a pair counts when either of both lists the other.
pub(super) fn of_treated(study: Study<'_>, column: &str) -> Result<Vec<bool>> {
    let adoption = &study.data.treatment.adoption;
    let treated = |unit: u32| adoption[unit as usize] != Adoption::Never;
    let mut near = vec![false; adoption.len()];
    pairs(&listed(study, column)?, |unit, other| near[unit as usize] |= !treated(unit) && treated(other));
    Ok(near)
}

/// 1 in untreated rows of which a neighbour is treated in the same period, else 0.
pub(super) fn dummy(study: Study<'_>, column: &str) -> Result<Vec<f64>> {
    let (panel, values) = (&study.data.panel, &study.data.treatment.values);
    let mut near = vec![0.0; values.len()];
    let on = |unit: u32, period: usize| panel.row(unit, period).filter(|&row| values[row] > 0.0);
    pairs(&listed(study, column)?, |unit, other| {
        for period in (0..panel.times.len()).filter(|&period| on(other, period).is_some()) {
            if let Some(row) = panel.row(unit, period).filter(|&row| values[row] == 0.0) {
                near[row] = 1.0;
            }
        }
    });
    Ok(near)
}

/// Calls `see` with each pair in both directions.
fn pairs(neighbours: &[Vec<u32>], mut see: impl FnMut(u32, u32)) {
    for (unit, others) in neighbours.iter().enumerate() {
        for &other in others.iter().filter(|other| **other != unit as u32) {
            see(unit as u32, other);
            see(other, unit as u32);
        }
    }
}
