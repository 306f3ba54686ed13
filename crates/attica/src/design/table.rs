//! A table with what the regressions on it share: expressions and categories that are made once.

use std::borrow::Cow;
use std::sync::Arc;

use super::category::Source;
use super::rows::refuse_numbers_as_text;
use crate::expr::{Expr, Node};
use crate::formula::{Absorbed, Factor, SingleFormula, Term};
use crate::frame::{Column, Frame, Values, codes};
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;

/// Codes of a category in every row of the frame, and how many there are; every one occurs.
pub(super) type Coded = (Arc<Vec<u32>>, usize);

/// Columns, and what has been made of them. Nothing that fails is kept: whoever needs it meets the problem.
pub(crate) struct Table<'a> {
    pub(super) frame: &'a Frame,
    pub(super) panel: Option<&'a Panel>,
    /// For how many rows each row stands, where the frame is condensed.
    pub(super) copies: Option<&'a [f64]>,
    /// Values of expressions that are no columns, and what was noticed.
    evaluated: Vec<(Expr, Column, Vec<Warning>)>,
    /// Codes of categories that the frame does not keep itself.
    categories: Vec<(Vec<Expr>, Coded)>,
    /// Text that may become indicators.
    words: Vec<Expr>,
}

impl<'a> Table<'a> {
    /// A table of which nothing is known yet.
    pub(crate) fn new(frame: &'a Frame, panel: Option<&'a Panel>) -> Self {
        Self { frame, panel, copies: None, evaluated: Vec::new(), categories: Vec::new(), words: Vec::new() }
    }

    /// How many rows of the data `rows`, or all, stand for.
    pub(super) fn count(&self, rows: Option<&[u32]>) -> usize {
        match (self.copies, rows) {
            (None, None) => self.frame.rows(),
            (None, Some(rows)) => rows.len(),
            (Some(copies), None) => copies.iter().sum::<f64>() as usize,
            (Some(copies), Some(rows)) => rows.iter().map(|&row| copies[row as usize]).sum::<f64>() as usize,
        }
    }

    /// Makes what `formula` needs, as far as it is not there.
    pub(super) fn learn(&mut self, formula: &SingleFormula) {
        self.evaluate(&formula.outcome);
        let instrumented = formula.instrumented.iter().flat_map(|of| of.endogenous.iter().chain(&of.instruments));
        for term in formula.terms.iter().chain(instrumented) {
            self.learn_term(term);
        }
        for Absorbed { by, slopes, .. } in &formula.effects {
            self.categorise(by);
            for slope in slopes {
                self.evaluate(slope);
            }
        }
    }

    fn learn_term(&mut self, term: &Term) {
        for factor in &term.factors {
            match factor {
                Factor::Plain(expr) => {
                    self.evaluate(expr);
                    self.admit(expr);
                }
                Factor::Indicator(indicator) => {
                    self.evaluate(&indicator.variable);
                    if let Some(with) = &indicator.with {
                        self.evaluate(with);
                    }
                }
            }
        }
    }

    fn evaluate(&mut self, expr: &Expr) {
        if self.bare(expr).is_some() || self.known(expr).is_some() {
            return;
        }
        if let Ok((column, warnings)) = expr.evaluate(self.frame, self.panel) {
            self.evaluated.push((expr.clone(), column, warnings));
        }
    }

    /// Notes text that is no misread number.
    fn admit(&mut self, expr: &Expr) {
        if self.words.contains(expr) {
            return;
        }
        if let Ok((Source::Words(_, levels), _)) = self.source(expr)
            && refuse_numbers_as_text(expr, &levels).is_ok()
        {
            self.words.push(expr.clone());
        }
    }

    /// Makes the codes of the combinations of `by`, unless the frame or the panel keeps them.
    pub(super) fn categorise(&mut self, by: &[Expr]) {
        for expr in by {
            self.evaluate(expr);
        }
        let kept = matches!(by, [one] if self.indexed(one).is_some() || self.bare(one).is_some());
        if kept || self.categories.iter().any(|(known, _)| known == by) {
            return;
        }
        if let Ok(coded) = self.coded(by) {
            self.categories.push((by.to_vec(), coded));
        }
    }

    fn known(&self, expr: &Expr) -> Option<(&Column, &[Warning])> {
        let found = self.evaluated.iter().find(|(known, ..)| known == expr);
        found.map(|(_, column, warnings)| (column, &warnings[..]))
    }

    /// A bare column. Periods written as text are numbers to expressions, so they are none.
    pub(super) fn bare(&self, expr: &Expr) -> Option<&'a Column> {
        let Node::Name(name) = &expr.node else { return None };
        self.frame.get(name).filter(|column| {
            let is_time = self.panel.is_some_and(|panel| panel.time_name == *name);
            !(is_time && matches!(column.values, Values::Text { .. }))
        })
    }

    /// The panel's own codes of its unit or time column, which are never missing.
    pub(super) fn indexed(&self, expr: &Expr) -> Option<Coded> {
        let (Node::Name(name), Some(panel)) = (&expr.node, self.panel) else { return None };
        if *name == panel.unit_name {
            Some((panel.unit.clone(), panel.units.len()))
        } else {
            (*name == panel.time_name).then(|| (panel.time.clone(), panel.times.len()))
        }
    }

    /// Values of `expr` in all rows, and what was noticed.
    pub(super) fn source(&self, expr: &Expr) -> Result<(Source<'_>, Cow<'_, [Warning]>)> {
        if let Some(column) = self.bare(expr) {
            return Ok((borrowed(column), Cow::Borrowed(&[])));
        }
        if let Some((column, warnings)) = self.known(expr) {
            return Ok((borrowed(column), Cow::Borrowed(warnings)));
        }
        let (column, warnings) = expr.evaluate(self.frame, self.panel)?;
        let source = match column.values {
            Values::Number(values) => Source::Numbers(values),
            Values::Text { codes, levels } => Source::Words(Cow::Owned(codes), Cow::Owned(levels)),
        };
        Ok((source, Cow::Owned(warnings)))
    }

    /// True for text of which [`Table::learn`] has seen that it is no misread number.
    pub(super) fn is_text(&self, expr: &Expr) -> bool {
        self.words.contains(expr)
    }

    /// Codes of the combinations of `by` in all rows.
    pub(super) fn coded(&self, by: &[Expr]) -> Result<Coded> {
        if let Some((_, coded)) = self.categories.iter().find(|(known, _)| known == by) {
            return Ok(coded.clone());
        }
        let [first, rest @ ..] = by else { return Err(Problem::new("E604", "an effect without a column")) };
        rest.iter().try_fold(self.category(first)?, |(all, _), expr| {
            let (codes, levels) = codes::cross(&all, &self.category(expr)?.0);
            Ok((Arc::new(codes), levels))
        })
    }

    fn category(&self, expr: &Expr) -> Result<Coded> {
        if let Some(indexed) = self.indexed(expr) {
            return Ok(indexed);
        }
        if let Some(coded) = self.bare(expr).and_then(|column| self.frame.category(&column.name)) {
            return Ok(coded);
        }
        let (codes, levels) = match self.source(expr)?.0 {
            Source::Words(codes, levels) => codes::occurring(codes.into_owned(), levels.len()),
            Source::Numbers(values) => codes::codes_of_numbers(&values),
        };
        Ok((Arc::new(codes), levels))
    }
}

fn borrowed(column: &Column) -> Source<'_> {
    match &column.values {
        Values::Number(values) => Source::Numbers(values.clone()),
        Values::Text { codes, levels } => Source::Words(Cow::Borrowed(codes), Cow::Borrowed(levels)),
    }
}
