//! The designs of several regressions on one table.

use super::rows::{Rows, cluster};
use super::table::Table;
use super::{Design, DesignOptions, Roles, WeightKind, build};
use crate::expr::{Expr, Node};
use crate::formula::{Instrumented, Level, Sample, SingleFormula};
use crate::frame::{Column, Frame, MISSING, codes};
use crate::ledger::{Ledger, Reason};
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;

/// What the regressions of one formula share: every expression and category is made once, rows are filtered once, and
/// grouped once by the variable that splits them. A design then costs no more than its own rows, and has the same
/// numbers as one that is built alone.
pub struct Designs<'a> {
    pub(super) table: Table<'a>,
    pub(super) options: &'a DesignOptions,
    start: Start,
    groups: Vec<(Expr, Groups)>,
}

/// Rows to start from, and the account of the others.
#[derive(Clone)]
pub(super) struct Start {
    /// Ascending; none means all.
    pub rows: Option<Vec<u32>>,
    pub ledger: Ledger,
    pub warnings: Vec<Warning>,
}

impl Start {
    pub fn all(table: &Table<'_>) -> Self {
        Self { rows: None, ledger: Ledger::new(table.count(None)), warnings: Vec::new() }
    }
}

/// Rows by level of a variable that splits them.
struct Groups {
    /// What a level reads, in order.
    levels: Vec<(String, usize)>,
    rows: Vec<Vec<u32>>,
}

impl Groups {
    /// The rows of `level`, ascending.
    fn of(&self, level: &Level) -> &[u32] {
        let shown = match level {
            Level::Number(x) => (x + 0.0).to_string(),
            Level::Text(text) => text.clone(),
        };
        match self.levels.binary_search_by(|(known, _)| known.cmp(&shown)) {
            Ok(place) => &self.rows[self.levels[place].1],
            Err(_) => &[],
        }
    }
}

impl<'a> Designs<'a> {
    /// Prepares the designs of `formulas` over `frame`. Expressions (lags, percentiles, group means) are computed over the
    /// whole frame, before any row leaves.
    ///
    /// # Errors
    /// Those of the filter in `options`. What is wrong with a formula is said by [`Designs::build`].
    pub fn new(
        frame: &'a Frame,
        panel: Option<&'a Panel>,
        formulas: &[SingleFormula],
        options: &'a DesignOptions,
    ) -> Result<Self> {
        let mut table = Table::new(frame, panel);
        if let Some((name, WeightKind::Copies)) = &options.weights {
            table.copies = Some(frame.numbers(name)?);
        }
        for formula in formulas {
            table.learn(formula);
        }
        for name in &options.clusters {
            if let Ok(by) = cluster(frame, name) {
                table.categorise(&by);
            }
        }
        let mut rows = Rows::new(&table, Start::all(&table));
        if let Some(filter) = &options.filter {
            let (holds, warnings) = filter.holds(frame, panel)?;
            rows.warn(&warnings);
            rows.keep(Reason::Filter(filter.to_string()), |row| holds[row]);
        }
        if let Some((reason, flags)) = &options.subset {
            rows.keep(reason.clone(), |row| flags.get(row).copied().unwrap_or(false));
        }
        let start = rows.rest();
        let mut designs = Self { table, options, start, groups: Vec::new() };
        for Sample { by, .. } in formulas.iter().filter_map(|formula| formula.sample.as_ref()) {
            if designs.groups.iter().all(|(known, _)| known != by)
                && let Ok(groups) = designs.grouped(by)
            {
                designs.groups.push((by.clone(), groups));
            }
        }
        Ok(designs)
    }

    /// The design of one regression. Rows keep the order of the frame.
    ///
    /// # Errors
    /// Those of [`Design::build`].
    pub fn build(&self, formula: &SingleFormula) -> Result<Design> {
        match formula.instrumented {
            None => Ok(build::columns(self, formula)?.0),
            Some(_) => Err(Problem::new("E604", "this model takes no instruments")
                .fix("leave the part \"endogenous ~ instruments\" out, or fit the linear model in memory")),
        }
    }

    /// [`Designs::build`] of a formula with endogenous regressors and instruments: they stand behind the exogenous
    /// regressors, and the roles say how many there are. No roles without instruments.
    ///
    /// # Errors
    /// Those of [`Design::build`].
    pub fn build_instrumented(&self, formula: &SingleFormula) -> Result<(Design, Option<Roles>)> {
        let Some(Instrumented { endogenous, instruments }) = &formula.instrumented else {
            return Ok((self.build(formula)?, None));
        };
        let own = formula.terms.len();
        let terms = [&formula.terms[..], endogenous, instruments].concat();
        let whole = SingleFormula { terms, instrumented: None, ..formula.clone() };
        let (design, columns) = build::columns(self, &whole)?;
        let count = |terms: std::ops::Range<usize>| columns[terms].iter().sum();
        let roles = Roles { exogenous: count(0..own), endogenous: count(own..own + endogenous.len()) };
        Ok((design, Some(roles)))
    }

    /// The rows that the regression in `sample` starts from.
    pub(super) fn start(&self, sample: Option<&Sample>) -> Result<Start> {
        let Some(Sample { by, level }) = sample else { return Ok(self.start.clone()) };
        let rows = match self.groups.iter().find(|(known, _)| known == by) {
            Some((_, groups)) => groups.of(level).to_vec(),
            None => self.grouped(by)?.of(level).to_vec(),
        };
        let mut ledger = self.start.ledger.clone();
        ledger.drop_rows(Reason::Filter(format!("{by} = {level}")), ledger.used - self.table.count(Some(&rows)));
        Ok(Start { rows: Some(rows), ledger, warnings: self.start.warnings.clone() })
    }

    /// The rows that passed the filters, by level of `by`.
    fn grouped(&self, by: &Expr) -> Result<Groups> {
        let evaluated;
        let column: &Column = if let Node::Name(name) = &by.node {
            self.table.frame.column(name)?
        } else {
            evaluated = by.evaluate(self.table.frame, self.table.panel)?.0;
            &evaluated
        };
        let (codes, levels) = codes::codes_of(column);
        let mut shown: Vec<Option<String>> = vec![None; levels];
        for (row, &code) in codes.iter().enumerate().filter(|(_, code)| **code != MISSING) {
            shown[code as usize].get_or_insert_with(|| column.display(row));
        }
        let mut rows = vec![Vec::new(); levels];
        let mut place = |row: u32| match codes[row as usize] {
            MISSING => {}
            code => rows[code as usize].push(row),
        };
        match &self.start.rows {
            Some(passed) => passed.iter().for_each(|&row| place(row)),
            None => (0..codes.len() as u32).for_each(place),
        }
        let mut levels: Vec<(String, usize)> =
            shown.into_iter().enumerate().filter_map(|(code, shown)| Some((shown?, code))).collect();
        levels.sort_unstable();
        Ok(Groups { levels, rows })
    }
}
