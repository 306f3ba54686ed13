//! A pasted table of descriptive statistics as variables.

use attica::audit::paper::Variable;
use attica::audit::printed::Printed;

use super::cell::blank;
use super::grid::Grid;
use super::regression::Mistake;
use super::words::{Statistic, statistic};

/// What a grid says.
pub struct Read {
    /// Variables from top to bottom.
    pub variables: Vec<Variable>,
    /// Heads of columns that no rule reads.
    pub unread: Vec<String>,
}

/// The row that names statistics, if there is one.
pub fn head(grid: &Grid) -> Option<usize> {
    grid.rows.iter().position(|(_, cells)| cells.iter().filter(|c| statistic(c).is_some()).count() >= 2)
}

/// Reads the variables of a grid: names in the first column, statistics under heads such as Mean, SD, 均值, 标准差.
///
/// # Errors
/// Every cell that is no number, and a table without a head that names a statistic.
pub fn variables(grid: &Grid, label: &str) -> Result<Read, Vec<Mistake>> {
    let Some(head) = head(grid) else {
        let message = "no row names the statistics: a head such as Variable, N, Mean, SD, Min, Max".to_owned();
        return Err(vec![(0, message)]);
    };
    let heads: Vec<Option<Statistic>> = grid.rows[head].1.iter().map(|c| statistic(c)).collect();
    // Symbols stand nearest to the numbers where a table has several columns of words.
    let first = heads.iter().position(Option::is_some).unwrap_or(1).max(1);
    let unread = grid.rows[head].1.iter().zip(&heads).skip(first).filter(|(c, h)| h.is_none() && !c.is_empty());
    let unread = unread.map(|(c, _)| c.clone()).collect();
    let (mut variables, mut mistakes) = (Vec::new(), Vec::new());
    for (line, cells) in &grid.rows[head + 1..] {
        if cells.iter().skip(first).all(|c| blank(c)) {
            continue;
        }
        let name = cells[..first.min(cells.len())].iter().rev().find(|c| !c.is_empty());
        let mut variable =
            Variable { name: name.cloned().unwrap_or_default(), place: label.to_owned(), ..Variable::default() };
        for (cell, head) in cells.iter().zip(&heads).filter(|(c, _)| !blank(c)) {
            let Some(head) = head else { continue };
            match (head, Printed::parse(cell)) {
                (Statistic::N, Some(p)) if p.count().is_some() => variable.n = p.count(),
                (Statistic::Mean, Some(p)) => variable.mean = Some(p),
                (Statistic::Sd, Some(p)) if p.value >= 0.0 => variable.sd = Some(p),
                (Statistic::Min, Some(p)) => variable.min = Some(p),
                (Statistic::Max, Some(p)) => variable.max = Some(p),
                _ => mistakes.push((*line, format!("\"{cell}\" of {} is not what its column holds", variable.name))),
            }
        }
        variables.push(variable);
    }
    if mistakes.is_empty() { Ok(Read { variables, unread }) } else { Err(mistakes) }
}
