//! A pasted regression table as columns.

use attica::audit::paper::{Column, R2Kind};
use attica::audit::printed::Printed;

use super::cell::{Parts, blank, parts, term};
use super::file::{PanelKeys, TableKeys};
use super::grid::Grid;
use super::words::{RowKind, row_kind, yes};

/// What could not be read, and the line of the paste it stands on.
pub type Mistake = (usize, String);

/// What a grid says.
pub struct Read {
    /// Columns from left to right.
    pub columns: Vec<Column>,
    /// Labels of rows that no rule reads.
    pub unread: Vec<String>,
}

/// Reads the columns of a grid: head rows, coefficients with brackets in the cell or on the next row, and lines below.
///
/// # Errors
/// Every cell that is not what its row holds.
pub fn columns(grid: &Grid, keys: &TableKeys, panel: &PanelKeys) -> Result<Read, Vec<Mistake>> {
    let head = grid.rows.iter().take_while(|(_, cells)| is_head(cells)).count();
    let width = grid.rows.iter().skip(head).map(|(_, cells)| cells.len()).max().unwrap_or(0).saturating_sub(1);
    if width == 0 {
        return Err(vec![(0, "the table has no columns of numbers".to_owned())]);
    }
    let mut columns: Vec<Column> = (0..width).map(|i| named(&grid.rows[..head], i, keys)).collect();
    let mut rows = Rows { keys, panel, mistakes: Vec::new(), unread: Vec::new() };
    let mut body = grid.rows[head..].iter().peekable();
    while let Some((line, cells)) = body.next() {
        let label = cells.first().map_or("", String::as_str);
        let values = &cells[1.min(cells.len())..];
        if values.iter().all(String::is_empty) {
            // A note below the table, or a heading between rows.
            continue;
        }
        // A row without a label that holds brackets only belongs to the row above.
        let brackets = |(_, next): &&(usize, Vec<String>)| {
            next.first().is_some_and(String::is_empty)
                && next.iter().skip(1).all(|c| blank(c) || c.starts_with(['(', '[', '（', '［']))
        };
        let below = body.next_if(|next| brackets(next));
        let below = below.map(|(line, cells)| (*line, &cells[1..]));
        rows.read(&mut columns, *line, label, values, below);
    }
    rows.default_effects(&mut columns);
    if rows.mistakes.is_empty() { Ok(Read { columns, unread: rows.unread }) } else { Err(rows.mistakes) }
}

/// Head cells hold words, or the number of the column in brackets.
fn is_head(cells: &[String]) -> bool {
    let number = |c: &str| {
        let inner = c.trim_start_matches(['(', '（']).trim_end_matches([')', '）']);
        inner.len() < c.len() && inner.len() <= 2 && inner.chars().all(|c| c.is_ascii_digit())
    };
    let words = |c: &str| {
        yes(c).is_none()
            && !c.starts_with(|c: char| c.is_ascii_digit() || "-−.".contains(c))
            && c.chars().any(char::is_alphabetic)
    };
    let mut values = cells.iter().skip(1).filter(|c| !c.is_empty()).peekable();
    let label = cells.first().map_or("", String::as_str);
    values.peek().is_some()
        && values.all(|c| number(c) || words(c))
        && (label.is_empty() || row_kind(label, "", "").is_none())
}

/// A column with the name and outcome of its head.
fn named(head: &[(usize, Vec<String>)], i: usize, keys: &TableKeys) -> Column {
    let mut column = Column { name: format!("({})", i + 1), ..Column::default() };
    let mut outcome = Vec::new();
    for (_, cells) in head {
        // A head over several columns stands in the first of them.
        let own = cells.get(i + 1).map_or("", String::as_str);
        let over = cells.iter().take(i + 2).skip(1).rev().find(|c| !c.is_empty()).map_or("", String::as_str);
        let text = if own.is_empty() { over } else { own };
        let numbered = text.starts_with(['(', '（']).then(|| text.split_once([')', '）'])).flatten();
        match numbered {
            Some((number, rest)) if number.chars().skip(1).all(|c| c.is_ascii_digit()) => {
                if !own.is_empty() {
                    column.name = format!("{})", number.replace('（', "("));
                }
                outcome.push(rest.trim().to_owned());
            }
            _ => outcome.push(text.to_owned()),
        }
    }
    outcome.retain(|o| !o.is_empty());
    outcome.dedup();
    column.outcome = keys.outcome.clone().unwrap_or_else(|| outcome.join(" "));
    column.random_effects = keys.random_effects;
    column.r2_kind = super::tables::r2_kind(keys.r2);
    column
}

struct Rows<'a> {
    keys: &'a TableKeys,
    panel: &'a PanelKeys,
    mistakes: Vec<Mistake>,
    unread: Vec<String>,
}

impl Rows<'_> {
    fn read(
        &mut self,
        columns: &mut [Column],
        line: usize,
        label: &str,
        values: &[String],
        below: Option<(usize, &[String])>,
    ) {
        let kind = row_kind(label, &self.panel.unit, &self.panel.time);
        let flags = values.iter().all(|v| yes(v).is_some());
        match kind {
            Some(RowKind::Observations) => self.counts(columns, line, label, values, |c, n| c.n = Some(n)),
            Some(RowKind::Units) => self.counts(columns, line, label, values, |c, n| c.units = Some(n)),
            Some(RowKind::Clusters) => self.counts(columns, line, label, values, |c, n| c.clusters = Some(n)),
            Some(RowKind::R2(word)) => self.r2(columns, line, label, values, word),
            Some(RowKind::Constant) => self.terms(columns, line, label, values, below, true),
            Some(RowKind::Unread) => self.unread.push(label.to_owned()),
            Some(kind) if flags => self.effects(columns, kind, label, values),
            _ if flags && !values.iter().all(|v| blank(v)) => self.unread.push(label.to_owned()),
            _ => self.terms(columns, line, label, values, below, false),
        }
    }

    fn counts(
        &mut self,
        columns: &mut [Column],
        line: usize,
        label: &str,
        values: &[String],
        set: impl Fn(&mut Column, u64),
    ) {
        for (column, value) in columns.iter_mut().zip(values).filter(|(_, v)| !blank(v)) {
            match Printed::parse(value).and_then(|p| p.count()) {
                Some(n) => set(column, n),
                None => self.mistakes.push((line, format!("\"{value}\" in the row {label} is no whole number"))),
            }
        }
    }

    /// A first R² row counts; a later one replaces it only when the first is adjusted and the later is not.
    fn r2(&mut self, columns: &mut [Column], line: usize, label: &str, values: &[String], word: u8) {
        let kind = match word {
            1 => R2Kind::Overall,
            2 => R2Kind::Within,
            3 => R2Kind::Adjusted,
            _ => super::tables::r2_kind(self.keys.r2),
        };
        let mut used = false;
        for (column, value) in columns.iter_mut().zip(values).filter(|(_, v)| !blank(v)) {
            let Some(r2) = Printed::parse(value) else {
                self.mistakes.push((line, format!("\"{value}\" in the row {label} is no number")));
                continue;
            };
            if column.r2.is_none() || column.r2_kind == R2Kind::Adjusted && kind != R2Kind::Adjusted {
                (column.r2, column.r2_kind) = (Some(r2), kind);
                used = true;
            }
        }
        if !used && self.mistakes.is_empty() {
            self.unread.push(label.to_owned());
        }
    }

    fn effects(&mut self, columns: &mut [Column], kind: RowKind, label: &str, values: &[String]) {
        for (column, value) in columns.iter_mut().zip(values) {
            let on = yes(value) == Some(true);
            if kind == RowKind::Controls {
                column.unlisted_controls = on;
                continue;
            }
            if kind == RowKind::Effects && self.keys.effects.is_none() {
                // Which effects is not said.
                continue;
            }
            let effects = column.effects.get_or_insert_default();
            match kind {
                RowKind::UnitEffects => effects.units = on,
                RowKind::TimeEffects => effects.periods = on,
                RowKind::OtherEffects if on => effects.others.push(label.to_owned()),
                RowKind::Effects if on => {
                    *effects = super::tables::effects(self.keys.effects.as_deref().unwrap_or_default(), self.panel);
                }
                _ => {}
            }
        }
    }

    fn terms(
        &mut self,
        columns: &mut [Column],
        line: usize,
        label: &str,
        values: &[String],
        below: Option<(usize, &[String])>,
        constant: bool,
    ) {
        for (i, (column, value)) in columns.iter_mut().zip(values).enumerate().filter(|(_, (_, v))| !blank(v)) {
            let mut cell: Parts = parts(value);
            if let Some(under) = below.and_then(|(_, cells)| cells.get(i)).filter(|c| !blank(c)) {
                let under = parts(under);
                cell.stars = cell.stars.max(under.stars);
                cell.bracket = cell.bracket.or(under.bracket);
            }
            match term(label, &cell, self.keys.brackets) {
                Ok(term) if constant => column.constant = Some(term),
                Ok(term) => column.terms.push(term),
                Err(message) => self.mistakes.push((line, message)),
            }
        }
    }

    /// Effects that the table as a whole has, in columns where no row says which.
    fn default_effects(&self, columns: &mut [Column]) {
        let Some(all) = &self.keys.effects else { return };
        for column in columns {
            column.effects.get_or_insert_with(|| super::tables::effects(all, self.panel));
        }
    }
}
