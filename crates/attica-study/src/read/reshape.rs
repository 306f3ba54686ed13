//! Wide tables to long ones and back.

use std::sync::Arc;

use attica::frame::{Column, Frame, MISSING, Values};
use attica::message::{Place, Problem, Result};

use super::cell::{by_rule, fold};
use super::options::{Long, Parse};

/// One row per old row and period: the columns that begin with a prefix and end in a period become
/// one column, the others are repeated. Periods are sorted; a period that a prefix lacks is missing.
///
/// # Errors
/// `E603` when no column begins with a prefix; `E507` when a new name is taken, or two columns have one
/// period; `E301` when the columns of one prefix are part numbers, part text.
pub fn to_long(frame: &Frame, long: &Long) -> Result<Frame> {
    let mut stubs: Vec<(String, Vec<(f64, &Column)>)> = Vec::new();
    for prefix in &long.prefixes {
        let mut found: Vec<(f64, &Column)> = frame
            .columns()
            .iter()
            .filter_map(|column| Some((period(column.name.strip_prefix(prefix.as_str())?)?, column)))
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        if found.is_empty() {
            let shape =
                if prefix.is_empty() { "whose name is a year".to_owned() } else { format!("\"{prefix}\" + year") };
            return Err(Problem::new("E603", format!("no column is {shape}, as long = {{ prefixes = [...] }} needs"))
                .fix(format!(
                    "the columns are {}",
                    frame.columns().iter().take(12).map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
                )));
        }
        if let Some(pair) = found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Problem::new(
                "E507",
                format!("columns \"{}\" and \"{}\" are of one period", pair[0].1.name, pair[1].1.name),
            )
            .fix("rename or leave out one of them"));
        }
        let trimmed = prefix.trim_end_matches(['_', '-', '.', ' ']);
        stubs.push((if trimmed.is_empty() { long.value.clone() } else { trimmed.to_owned() }, found));
    }
    let mut periods: Vec<f64> = stubs.iter().flat_map(|(_, found)| found.iter().map(|(period, _)| *period)).collect();
    periods.sort_by(f64::total_cmp);
    periods.dedup();
    let is_wide =
        |column: &Column| stubs.iter().any(|(_, found)| found.iter().any(|(_, wide)| wide.name == column.name));
    let repeat: Vec<u32> = (0..frame.rows() as u32).flat_map(|row| std::iter::repeat_n(row, periods.len())).collect();
    let mut columns: Vec<Column> = frame.columns().iter().filter(|c| !is_wide(c)).map(|c| c.take(&repeat)).collect();
    columns.push(Column::number(
        &*long.time,
        repeat.iter().enumerate().map(|(i, _)| periods[i % periods.len()]).collect(),
    ));
    for (name, found) in &stubs {
        let by_period: Vec<Option<&Column>> =
            periods.iter().map(|period| found.iter().find(|(p, _)| p == period).map(|(_, column)| *column)).collect();
        columns.push(stacked(name, &by_period, frame.rows())?);
    }
    Frame::new(columns)
        .map_err(|problem| problem.fix("give the new columns other names: long = { time = \"...\", value = \"...\" }"))
}

/// The year (or another number) that a column's name ends in.
fn period(text: &str) -> Option<f64> {
    let folded = fold(text);
    by_rule(&folded, Parse::Year).or_else(|| folded.parse::<u32>().ok().map(f64::from))
}

/// The columns of one prefix, row by row.
fn stacked(name: &str, by_period: &[Option<&Column>], rows: usize) -> Result<Column> {
    let empty = |column: &Column| (0..rows).all(|row| column.is_missing(row));
    let numbers = |column: &Column| matches!(column.values, Values::Number(_));
    let (some_numbers, some_texts) =
        by_period.iter().flatten().filter(|c| !empty(c)).fold((None, None), |(n, t), column| {
            if numbers(column) { (n.or(Some(*column)), t) } else { (n, t.or(Some(*column))) }
        });
    if let (Some(number), Some(text)) = (some_numbers, some_texts) {
        let sample = (0..rows)
            .map(|row| text.display(row))
            .find(|cell| by_rule(cell, Parse::Number).is_none())
            .unwrap_or_default();
        return Err(Problem::new(
            "E301",
            format!(
                "\"{}\" holds numbers and \"{}\" holds text such as \"{sample}\"; they cannot be one column",
                number.name, text.name
            ),
        )
        .fix(format!(
            "say how to read it, parse = {{ \"{}\" = \"number_or_missing\" }}, or what means missing",
            text.name
        ))
        .at(Place { column: Some(text.name.clone()), ..Place::default() }));
    }
    let cells = (0..rows).flat_map(|row| by_period.iter().map(move |column| (row, *column)));
    Ok(if some_texts.is_none() {
        let value = |(row, column): (usize, Option<&Column>)| match column.map(|c| &c.values) {
            Some(Values::Number(values)) => values[row],
            _ => f64::NAN,
        };
        Column::number(name, cells.map(value).collect())
    } else {
        let text =
            |(row, column): (usize, Option<&Column>)| column.filter(|c| !c.is_missing(row)).map(|c| c.display(row));
        Column::text(name, cells.map(text))
    })
}

/// One row per unit: each column in `values` becomes one column per period, `name` + `_` + period.
/// Other columns are kept when they do not vary within the unit. Rows keep the order in which units
/// first appear.
///
/// # Errors
/// `E603` for an unknown column; `E101` for two rows of one unit and period, `E102` for a missing one;
/// `E301` for a time column of text.
pub fn to_wide(frame: &Frame, unit: &str, time: &str, values: &[String]) -> Result<Frame> {
    let units = frame.column(unit)?;
    let times = frame.numbers(time)?;
    let mut first_rows: Vec<u32> = Vec::new();
    let mut index = std::collections::HashMap::new();
    let mut at = Vec::with_capacity(frame.rows());
    for row in 0..frame.rows() {
        if units.is_missing(row) || times[row].is_nan() {
            return Err(Problem::new("E102", format!("row {} has no {unit} or no {time}", row + 1))
                .fix("fill it in, or filter such rows out"));
        }
        at.push(*index.entry(units.display(row)).or_insert_with(|| {
            first_rows.push(row as u32);
            first_rows.len() - 1
        }));
    }
    let mut periods = times.to_vec();
    periods.sort_by(f64::total_cmp);
    periods.dedup();
    let mut cell = vec![None; first_rows.len() * periods.len()];
    for row in 0..frame.rows() {
        let period = periods.partition_point(|&p| p < times[row]);
        if cell[at[row] * periods.len() + period].replace(row as u32).is_some() {
            return Err(Problem::new(
                "E101",
                format!("{unit} {} has two rows in {time} {}", units.display(row), times[row]),
            )
            .fix("delete or merge the repeated rows"));
        }
    }
    let constant = |column: &&Column| {
        (0..frame.rows()).all(|row| column.display(row) == column.display(first_rows[at[row]] as usize))
    };
    let kept = |column: &&Column| column.name != time && !values.contains(&column.name);
    let mut columns: Vec<Column> =
        frame.columns().iter().filter(kept).filter(constant).map(|column| column.take(&first_rows)).collect();
    for name in values {
        let column = frame.column(name)?;
        for (p, period) in periods.iter().enumerate() {
            let rows: Vec<Option<u32>> = (0..first_rows.len()).map(|u| cell[u * periods.len() + p]).collect();
            columns.push(Column { name: format!("{name}_{period}"), ..take_some(column, &rows) });
        }
    }
    Frame::new(columns)
}

/// Rows of a column, missing where there is none.
pub(super) fn take_some(column: &Column, rows: &[Option<u32>]) -> Column {
    let values = match &column.values {
        Values::Number(values) => {
            Values::Number(Arc::new(rows.iter().map(|r| r.map_or(f64::NAN, |r| values[r as usize])).collect()))
        }
        Values::Text { codes, levels } => Values::Text {
            codes: rows.iter().map(|r| r.map_or(MISSING, |r| codes[r as usize])).collect(),
            levels: levels.clone(),
        },
    };
    Column { name: column.name.clone(), values, label: column.label.clone(), value_labels: column.value_labels.clone() }
}
