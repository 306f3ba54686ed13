//! One file per command.

pub mod check;
pub mod demo;
mod documents;
pub mod fit;
pub mod index;
pub mod new;
pub mod render;
pub mod run;
pub mod schema;

use attica::expr::Expr;
use attica::frame::Frame;
use attica::ledger::{Ledger, Reason};
use attica::message::Problem;

use crate::say::Failure;

/// The rows of a table in which `condition` holds, and the account of the others.
fn kept(frame: Frame, condition: Option<&str>) -> Result<(Frame, Ledger), Failure> {
    let mut ledger = Ledger::new(frame.rows());
    let Some(condition) = condition else { return Ok((frame, ledger)) };
    let at = |problem: Problem| Failure::from(problem).pointing_into("--where", condition);
    let (holds, _) = Expr::parse(condition).map_err(at)?.holds(&frame, None).map_err(at)?;
    let rows: Vec<u32> = (0..frame.rows() as u32).filter(|&r| holds[r as usize]).collect();
    ledger.drop_rows(Reason::Filter(condition.to_owned()), frame.rows() - rows.len());
    if rows.is_empty() {
        let message = format!("none of the {} rows is left after --where '{condition}'", frame.rows());
        return Err(Problem::new("E701", message).fix("loosen the condition").into());
    }
    Ok((frame.take(&rows), ledger))
}

/// A number in five significant digits, without an exponent where it can be read.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        return format!("{value:.4e}");
    }
    let decimals = (4.0 - magnitude).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Rows of cells as lines: the first column to the left, the others to the right, Chinese counted double.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let width = |cell: &str| cell.chars().map(|c| if c >= '\u{2E80}' { 2 } else { 1 }).sum::<usize>();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // A row that ends early has text in its last cell, which may run over the columns behind it.
    let full = || rows.iter().filter(|row| row.len() == columns);
    let widths: Vec<usize> = (0..columns)
        .map(|i| match i {
            0 => rows.iter().map(|row| width(&row[0])).max().unwrap_or(0),
            _ => full().map(|row| width(&row[i])).max().unwrap_or(0),
        })
        .collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (i, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[i].saturating_sub(width(cell)));
                let running = i + 1 == row.len() && row.len() < columns;
                match (i, running) {
                    (0, _) => line += &format!("{cell}{pad}"),
                    (_, true) => line += &format!("   {cell}"),
                    _ => line += &format!("   {pad}{cell}"),
                }
            }
            line
        })
        .collect()
}
