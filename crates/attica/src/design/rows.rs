//! Which rows a regression can use, and where the others went.

use super::category::Source;
use super::designs::Start;
use super::table::{Coded, Table};
use super::{Codes, WeightKind};
use crate::expr::{Expr, Node};
use crate::formula::{Absorbed, Factor, Term};
use crate::frame::{Column, Frame, MISSING, Numbers};
use crate::ledger::{Ledger, Reason};
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;

/// The rows still in, and the account of those that left.
pub(crate) struct Rows<'a> {
    table: &'a Table<'a>,
    /// Ascending; none means all.
    alive: Option<Vec<u32>>,
    pub(crate) ledger: Ledger,
    pub(crate) warnings: Vec<Warning>,
    /// Row of the file of each row, counted from 0, where the frame is a piece of it.
    origin: Option<&'a [usize]>,
    /// Why rows of a piece left and how many, reasons without rows included: the same order in every piece.
    pub(crate) steps: Vec<(Reason, usize)>,
    /// Columns of a piece, and whether they have a value in it; of a whole frame, one without stops.
    pub(crate) present: Vec<(String, bool)>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(table: &'a Table<'a>, Start { rows, ledger, warnings }: Start) -> Self {
        Self { table, alive: rows, ledger, warnings, origin: None, steps: Vec::new(), present: Vec::new() }
    }

    /// The rows of a piece of a table; `origin[row]` is the row of the table.
    pub(crate) fn of_piece(table: &'a Table<'a>, origin: &'a [usize]) -> Self {
        Self { origin: Some(origin), ..Self::new(table, Start::all(table)) }
    }

    /// The rows that remain and the account of the others, to start from.
    pub(super) fn rest(self) -> Start {
        Start { rows: self.alive, ledger: self.ledger, warnings: self.warnings }
    }

    /// Rows by their number in the table, from 1.
    fn numbers_of(&self, rows: &[usize]) -> String {
        let number = |row: &usize| (self.origin.map_or(*row, |origin| origin[*row]) + 1).to_string();
        rows.iter().take(5).map(number).collect::<Vec<_>>().join(", ")
    }

    /// Refuses a column without any value; in a piece the others may have some.
    fn refuse_empty(&mut self, column: &Column) -> Result<()> {
        if self.origin.is_none() {
            let empty = self.table.frame.is_without_value(&column.name);
            return if empty { Err(without_value(&column.name, self.ledger.read)) } else { Ok(()) };
        }
        if !self.present.iter().any(|(name, _)| *name == column.name) {
            let present = (0..column.len()).any(|row| !column.is_missing(row));
            self.present.push((column.name.clone(), present));
        }
        Ok(())
    }

    pub(super) fn warn(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            if !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
    }

    /// Books out the rows that `stays` refuses.
    pub(super) fn keep(&mut self, reason: Reason, stays: impl Fn(usize) -> bool) {
        let before = self.count();
        let all = self.table.frame.rows();
        if let Some(alive) = &mut self.alive {
            alive.retain(|&row| stays(row as usize));
        } else if let Some(first) = (0..all).find(|&row| !stays(row)) {
            let rest = first as u32 + 1..all as u32;
            self.alive = Some((0..first as u32).chain(rest.filter(|&row| stays(row as usize))).collect());
        }
        let left = before - self.count();
        if self.origin.is_some() {
            self.steps.push((reason.clone(), left));
        }
        self.ledger.drop_rows(reason, left);
    }

    /// How many rows remain.
    fn count(&self) -> usize {
        self.table.count(self.alive.as_deref())
    }

    /// Those of the rows that remain in which `holds`.
    fn those(&self, holds: impl Fn(usize) -> bool) -> Vec<usize> {
        match &self.alive {
            Some(alive) => alive.iter().map(|&row| row as usize).filter(|&row| holds(row)).collect(),
            None => (0..self.table.frame.rows()).filter(|&row| holds(row)).collect(),
        }
    }

    /// The rows that remain, ascending; there must be some.
    pub(super) fn sample(&self) -> Result<Vec<u32>> {
        if self.count() == 0 { Err(nothing_left(&self.ledger)) } else { Ok(self.alive()) }
    }

    /// Values of `expr` in all rows, before any of them leaves for being missing.
    pub(crate) fn source(&mut self, expr: &Expr) -> Result<Source<'a>> {
        let (source, warnings) = self.table.source(expr)?;
        self.warn(&warnings);
        Ok(source)
    }

    /// The numbers of `expr`; rows without leave.
    pub(crate) fn numbers(&mut self, expr: &Expr) -> Result<Numbers> {
        match self.source(expr)? {
            Source::Numbers(values) => {
                self.drop_missing(expr, &Source::Numbers(values.clone()))?;
                Ok(values)
            }
            Source::Words(..) => match expr.numbers(self.table.frame, self.table.panel) {
                Err(problem) => Err(problem),
                Ok(_) => Err(Problem::new("E301", format!("{expr} is text; a number is needed"))),
            },
        }
    }

    /// Books out the rows in which `expr` is missing: for the first of its columns that is missing there,
    /// or, where all are present, for the term itself. Infinities of a column stop.
    pub(crate) fn drop_missing(&mut self, expr: &Expr, source: &Source<'_>) -> Result<()> {
        if let Some(column) = self.table.bare(expr) {
            self.refuse_empty(column)?;
            if let Source::Numbers(values) = source {
                if self.origin.is_none() && self.table.frame.is_complete(&column.name) {
                    return Ok(());
                }
                let infinite = self.those(|row| values[row].is_infinite());
                if !infinite.is_empty() {
                    return Err(infinities(&column.name, infinite.len(), &self.numbers_of(&infinite)));
                }
            }
            self.keep(Reason::Missing(column.name.clone()), |row| !source.is_missing(row));
            return Ok(());
        }
        for name in expr.columns() {
            let Some(column) = self.table.frame.get(name) else { continue };
            self.refuse_empty(column)?;
            self.keep(Reason::Missing(name.to_owned()), |row| !(source.is_missing(row) && column.is_missing(row)));
        }
        let label = expr.label();
        let by_calendar = matches!(&expr.node, Node::Call(name, _) if matches!(name.as_str(), "l" | "lag" | "f" | "lead" | "d" | "diff" | "growth" | "base"));
        let reason = if by_calendar { Reason::Missing(label) } else { Reason::NotFinite(label) };
        self.keep(reason, |row| match source {
            Source::Numbers(values) => values[row].is_finite(),
            Source::Words(codes, _) => codes[row] != MISSING,
        });
        Ok(())
    }

    /// Values of each factor of a term, and of the variable that an `i()` is multiplied with.
    pub(crate) fn term(&mut self, term: &Term) -> Result<Vec<(Source<'a>, Option<Source<'a>>)>> {
        let mut sources = Vec::with_capacity(term.factors.len());
        for factor in &term.factors {
            sources.push(match factor {
                Factor::Plain(expr) => {
                    let source = self.source(expr)?;
                    if let Source::Words(_, levels) = &source
                        && !self.table.is_text(expr)
                    {
                        refuse_numbers_as_text(expr, levels)?;
                    }
                    self.drop_missing(expr, &source)?;
                    (source, None)
                }
                Factor::Indicator(indicator) => {
                    let source = self.source(&indicator.variable)?;
                    if !indicator.missing_is_zero {
                        self.drop_missing(&indicator.variable, &source)?;
                    }
                    let with = indicator.with.as_ref().map(|with| self.source(with)).transpose()?;
                    if let (Some(expr), Some(with)) = (&indicator.with, &with) {
                        self.drop_missing(expr, with)?;
                    }
                    (source, with)
                }
            });
        }
        Ok(sources)
    }

    /// Codes of the combinations of `by`; rows without leave.
    fn coded(&mut self, by: &[Expr]) -> Result<Coded> {
        for expr in by {
            if self.table.indexed(expr).is_none() {
                let source = self.source(expr)?;
                self.drop_missing(expr, &source)?;
            }
        }
        self.table.coded(by)
    }

    pub(super) fn effect(&mut self, effect: &Absorbed) -> Result<(Coded, Vec<Numbers>)> {
        let by = self.coded(&effect.by)?;
        let slopes = effect.slopes.iter().map(|slope| self.numbers(slope)).collect::<Result<Vec<_>>>()?;
        Ok((by, slopes))
    }

    /// Weights: negative ones stop, zero ones leave with their rows.
    pub(crate) fn weights(&mut self, name: &str, kind: WeightKind) -> Result<&'a [f64]> {
        let values = self.table.frame.numbers(name)?;
        let expr = Expr::column(name);
        let source = self.source(&expr)?;
        self.drop_missing(&expr, &source)?;
        let offending = |wrong: &dyn Fn(f64) -> bool| self.those(|row| wrong(values[row]));
        let listed = |rows: &[usize]| {
            let one = |&r: &usize| format!("{} in row {}", values[r], self.numbers_of(&[r]));
            rows.iter().take(5).map(one).collect::<Vec<_>>().join(", ")
        };
        let negative = offending(&|w| w < 0.0);
        if !negative.is_empty() {
            let message = format!("weights \"{name}\" are negative in {} rows: {}", negative.len(), listed(&negative));
            return Err(Problem::new("E401", message).fix("weights are zero or more; correct or drop these rows"));
        }
        let broken = offending(&|w| w.fract() != 0.0);
        if kind == WeightKind::Frequency && !broken.is_empty() {
            let message =
                format!("frequency weights \"{name}\" are not whole in {} rows: {}", broken.len(), listed(&broken));
            return Err(Problem::new("E401", message).fix("use analytic or probability weights"));
        }
        let zero = offending(&|w| w == 0.0).len();
        if zero > 0 && self.origin.is_none() {
            self.warnings.push(zero_weights(name, zero));
        }
        self.keep(Reason::ZeroWeight(name.to_owned()), |row| values[row] != 0.0);
        Ok(values)
    }

    /// Codes of a cluster variable; every row that is left must have one.
    pub(super) fn cluster(&mut self, name: &str) -> Result<Coded> {
        let by = cluster(self.table.frame, name)?;
        self.refuse_unclustered(&by)?;
        self.coded(&by)
    }

    /// Refuses rows without one of the columns that make a cluster variable.
    pub(crate) fn refuse_unclustered(&mut self, by: &[Expr]) -> Result<()> {
        for expr in by {
            if self.table.indexed(expr).is_some() {
                continue;
            }
            let source = self.source(expr)?;
            let missing = self.those(|row| source.is_missing(row));
            if !missing.is_empty() {
                return Err(Problem::new(
                    "E406",
                    format!(
                        "the cluster variable {expr} is missing in {} rows (rows {})",
                        missing.len(),
                        self.numbers_of(&missing)
                    ),
                )
                .fix(format!("fill it in, or leave these rows out: where = \"not is_missing({expr})\"")));
            }
        }
        Ok(())
    }

    /// The rows that are still in, ascending.
    pub(crate) fn alive(&self) -> Vec<u32> {
        self.alive.clone().unwrap_or_else(|| (0..self.table.frame.rows() as u32).collect())
    }
}

/// `E701`: no row can be used.
pub(crate) fn nothing_left(ledger: &Ledger) -> Problem {
    let account: Vec<String> =
        ledger.dropped.iter().map(|drop| format!("{}: {} rows", drop.reason.text().en, drop.rows)).collect();
    Problem::new("E701", format!("no rows are left of {}. {}", ledger.read, account.join("; ")))
        .fix("loosen the filter, or leave out the column that is missing everywhere it counts")
}

/// `W402`: rows without weight.
pub(crate) fn zero_weights(name: &str, rows: usize) -> Warning {
    Warning::new(
        "W402",
        format!("{rows} rows have zero weight \"{name}\" and are left out"),
        format!("{rows} 行的权重 {name} 为零，已剔除"),
    )
}

/// The columns that make a cluster variable.
pub(super) fn cluster(frame: &Frame, name: &str) -> Result<Vec<Expr>> {
    if frame.get(name).is_some() { Ok(vec![Expr::column(name)]) } else { Ok(Absorbed::parse(name)?.by) }
}

/// Codes of a cluster variable, a column or a combination `a^b`, in every row of `frame`; [`MISSING`] where there is
/// none. Unlike the clusters of a design they are the same whatever rows a regression uses.
///
/// # Errors
/// `E603` for an unknown column.
pub fn cluster_codes(frame: &Frame, panel: Option<&Panel>, name: &str) -> Result<Codes> {
    let (codes, levels) = Table::new(frame, panel).coded(&cluster(frame, name)?)?;
    Ok(Codes { name: name.to_owned(), codes, levels })
}

/// `E302`: a column that is infinite in `count` rows, of which the first are `rows`.
pub(crate) fn infinities(name: &str, count: usize, rows: &str) -> Problem {
    Problem::new("E302", format!("column \"{name}\" is infinite in {count} rows (rows {rows})"))
        .fix("correct these cells or make them missing")
}

/// `E304`: a column that is missing in all `rows`.
pub(crate) fn without_value(name: &str, rows: usize) -> Problem {
    Problem::new("E304", format!("column \"{name}\" has no value in any of {rows} rows"))
        .fix("leave it out, or look at how it was read or joined")
}

/// A text column that mostly holds numbers was misread, and must not become a thousand indicators.
pub(super) fn refuse_numbers_as_text(expr: &Expr, levels: &[String]) -> Result<()> {
    let numeric =
        |text: &String| text.trim_start_matches(['-', '+', '−', '.', ' ']).starts_with(|c: char| c.is_ascii_digit());
    let count = levels.iter().filter(|level| numeric(level)).count();
    if 2 * count <= levels.len() {
        return Ok(());
    }
    let shown: Vec<String> = levels.iter().take(5).map(|level| format!("\"{level}\"")).collect();
    Err(expr
        .span
        .problem("E301", format!("column \"{}\" holds numbers as text, for example {}", expr.label(), shown.join(", ")))
        .fix(format!("say how to read it under [[data]], or write i({expr}) to use it as a category")))
}
