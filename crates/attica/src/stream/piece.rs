//! What a regression takes from one piece of its table, row by row, with the account of the rows that it leaves.

use super::StreamOptions;
use crate::design::build::refuse_double_roles;
use crate::design::category::Source;
use crate::design::rows::Rows;
use crate::design::table::Table;
use crate::expr::Expr;
use crate::formula::{Absorbed, Factor, SingleFormula};
use crate::frame::{Column, Frame, Values, codes, unknown_column};
use crate::ledger::Reason;
use crate::message::{Problem, Result, Warning};
use crate::vcov::Vcov;

/// What to take from each piece.
pub(super) struct Recipe<'a> {
    pub formula: &'a SingleFormula,
    options: &'a StreamOptions,
    filter: Option<Expr>,
    /// Columns that a pass must read.
    pub columns: Vec<String>,
    /// Names of the regressors, without a constant.
    pub names: Vec<String>,
    /// Distinct columns and expressions that categories are made of.
    pub components: Vec<Expr>,
    /// Categories as the components that they combine: first the effects, then what else is needed, none twice.
    pub categories: Vec<Vec<usize>>,
    /// Category of each cluster variable.
    pub clusters: Vec<usize>,
    /// Category and sign of each term of inclusion and exclusion.
    pub subsets: Vec<(usize, f64)>,
    /// Category of the unit, where it is known.
    pub unit: Option<usize>,
}

/// The distinct values of a component, by code.
pub(super) enum Keys {
    Numbers(Vec<f64>),
    Words(Vec<String>),
}

/// A component in all rows of a piece.
pub(super) struct Component {
    pub codes: Vec<u32>,
    pub keys: Keys,
}

/// A piece, filtered.
#[derive(Default)]
pub(super) struct Piece {
    /// Rows that the filter left.
    pub rows: usize,
    /// Those of them that the regression can use.
    pub used: Vec<u32>,
    /// Regressors, then the outcome, in the rows used.
    pub columns: Vec<Vec<f64>>,
    /// Weights of the rows used.
    pub weights: Option<Vec<f64>>,
    pub components: Vec<Component>,
    /// Rows read, and lost by reason, reasons in an order that is the same for all pieces.
    pub read: usize,
    pub lost: Vec<(Reason, usize)>,
    /// Columns, and whether they have a value here.
    pub present: Vec<(String, bool)>,
    pub warnings: Vec<Warning>,
}

/// `E731`: what cannot be estimated in passes over a file.
pub(crate) fn beyond(what: impl Into<String>) -> Problem {
    Problem::new("E731", format!("{} cannot be estimated from a file that is read in passes", what.into()))
        .fix("leave --stream out and let the table be read into memory, or see docs/large-files.md for what can")
}

impl<'a> Recipe<'a> {
    /// Checks that `formula` can be estimated piece by piece from a table with the columns `known`.
    ///
    /// # Errors
    /// `E731` for what cannot; `E603`, `E604`, `E605` as for any design.
    pub(super) fn new(formula: &'a SingleFormula, options: &'a StreamOptions, known: &[String]) -> Result<Self> {
        refuse_double_roles(formula)?;
        let filter = options.filter.as_deref().map(Expr::parse).transpose()?;
        match &options.fit.vcov {
            Vcov::Iid | Vcov::Hc1 | Vcov::Cluster(_) => {}
            other => return Err(beyond(format!("the covariance {other}"))),
        }
        if options.fit.wild.is_some() {
            return Err(beyond("the wild bootstrap"));
        }
        if formula.instrumented.is_some() {
            return Err(beyond("a model with instruments"));
        }
        if formula.sample.is_some() {
            return Err(beyond("a split sample").fix("choose one sample with --where"));
        }
        if formula.effects.len() > 2 {
            return Err(beyond(format!("a model with {} absorbed effects", formula.effects.len()))
                .fix("absorb one or two, or their combination (a^b), or leave --stream out"));
        }
        if let Some(effect) = formula.effects.iter().find(|e| !e.slopes.is_empty() || !e.intercept) {
            return Err(beyond(format!("the varying slopes {effect}")));
        }
        let mut recipe = Self {
            formula,
            options,
            filter,
            columns: Vec::new(),
            names: Vec::new(),
            components: Vec::new(),
            categories: Vec::new(),
            clusters: Vec::new(),
            subsets: Vec::new(),
            unit: None,
        };
        for term in &formula.terms {
            let mut labels = Vec::new();
            for factor in &term.factors {
                let Factor::Plain(expr) = factor else { return Err(beyond(format!("the indicators {factor}"))) };
                labels.push(expr.label());
            }
            recipe.names.push(labels.join(":"));
        }
        for effect in &formula.effects {
            let category = recipe.category(&effect.by);
            if category + 1 < recipe.categories.len() {
                return Err(beyond(format!("a model that absorbs {effect} twice")).fix("absorb it once"));
            }
        }
        let is_column = |name: &str| known.iter().any(|known| known == name);
        let mut of_clusters = Vec::new();
        for name in options.fit.vcov.clusters() {
            of_clusters.push(if is_column(name) { Absorbed::column(name).by } else { Absorbed::parse(name)?.by });
        }
        recipe.clusters = of_clusters.iter().map(|by| recipe.category(by)).collect();
        for subset in 1_u32..1 << of_clusters.len() {
            let chosen = (0..of_clusters.len()).filter(|i| subset >> i & 1 == 1);
            let by: Vec<Expr> = chosen.flat_map(|i| of_clusters[i].iter().cloned()).collect();
            let sign = if subset.count_ones() % 2 == 1 { 1.0 } else { -1.0 };
            let category = recipe.category(&by);
            recipe.subsets.push((category, sign));
        }
        recipe.unit = options.panel.as_ref().map(|(unit, _)| recipe.category(&[Expr::column(unit)]));

        let plain = formula.terms.iter().flat_map(|term| &term.factors).filter_map(|factor| match factor {
            Factor::Plain(expr) => Some(expr),
            Factor::Indicator(_) => None,
        });
        let weights = options.weights.as_ref().map(|(name, _)| Expr::column(name));
        let all =
            [&formula.outcome].into_iter().chain(plain).chain(&recipe.components).chain(&recipe.filter).chain(&weights);
        let mut columns: Vec<String> = Vec::new();
        for expr in all {
            if let Some(function) = expr.beyond_its_row() {
                return Err(beyond(format!("{expr}, in which {function}() looks at other rows,"))
                    .fix("compute that column where the file is made, or leave --stream out"));
            }
            for name in expr.columns() {
                if !is_column(name) {
                    return Err(unknown_column(name, known.iter().map(String::as_str)));
                }
                if !columns.iter().any(|column| column == name) {
                    columns.push(name.to_owned());
                }
            }
        }
        recipe.columns = columns;
        Ok(recipe)
    }

    /// Position of the category that combines `by`, added if new.
    fn category(&mut self, by: &[Expr]) -> usize {
        let mut parts = Vec::with_capacity(by.len());
        for expr in by {
            let place = self.components.iter().position(|known| known == expr);
            parts.push(place.unwrap_or_else(|| {
                self.components.push(expr.clone());
                self.components.len() - 1
            }));
        }
        self.categories.iter().position(|known| *known == parts).unwrap_or_else(|| {
            self.categories.push(parts);
            self.categories.len() - 1
        })
    }

    /// Takes a piece whose first row is row `first` of the table.
    ///
    /// # Errors
    /// Those of a design: `E301` text where a number is needed, `E302` infinities, `E401` negative weights, `E406`
    /// rows without a cluster.
    pub(super) fn take(&self, frame: Frame, first: usize) -> Result<Piece> {
        let read = frame.rows();
        let (frame, origin, mut warnings) = filtered(frame, first, self.filter.as_ref())?;
        let filter = self.options.filter.iter();
        let mut lost: Vec<_> = filter.map(|text| (Reason::Filter(text.clone()), read - frame.rows())).collect();
        let table = Table::new(&frame, None);
        let mut rows = Rows::of_piece(&table, &origin);
        let outcome = rows.numbers(&self.formula.outcome)?;
        let terms = self.formula.terms.iter().map(|term| rows.term(term)).collect::<Result<Vec<_>>>()?;
        let mut components = Vec::with_capacity(self.components.len());
        let of_effects =
            self.categories.iter().take(self.formula.effects.len()).flatten().max().map_or(0, |last| last + 1);
        for expr in &self.components[..of_effects] {
            components.push(component(&mut rows, expr)?);
        }
        let weights = self.options.weights.as_ref().map(|(name, kind)| rows.weights(name, *kind)).transpose()?;
        rows.refuse_unclustered(&self.components[of_effects..])?;
        for expr in &self.components[of_effects..] {
            components.push(component(&mut rows, expr)?);
        }
        let used = rows.alive();
        let gather = |values: &[f64]| -> Vec<f64> {
            if used.len() == values.len() {
                values.to_vec()
            } else {
                used.iter().map(|&r| values[r as usize]).collect()
            }
        };
        let mut columns = Vec::with_capacity(terms.len() + 1);
        for (sources, term) in terms.iter().zip(&self.formula.terms) {
            let mut column: Option<Vec<f64>> = None;
            for (source, _) in sources {
                let Source::Numbers(values) = source else {
                    return Err(beyond(format!("text among the regressors ({term})"))
                        .fix("write it as 0/1 columns, or absorb it: y ~ x | category"));
                };
                let values = gather(values);
                column = Some(match column {
                    None => values,
                    Some(before) => before.iter().zip(&values).map(|(a, b)| a * b).collect(),
                });
            }
            columns.extend(column);
        }
        columns.push(gather(&outcome));
        lost.append(&mut rows.steps);
        warnings.append(&mut rows.warnings);
        let present = std::mem::take(&mut rows.present);
        let weights = weights.map(gather);
        drop((outcome, terms, rows));
        Ok(Piece { rows: frame.rows(), used, columns, weights, components, read, lost, present, warnings })
    }
}

/// The levels of `expr` in a piece; rows without leave.
fn component(rows: &mut Rows<'_>, expr: &Expr) -> Result<Component> {
    let source = rows.source(expr)?;
    rows.drop_missing(expr, &source)?;
    Ok(match source {
        Source::Words(codes, levels) => Component { codes: codes.into_owned(), keys: Keys::Words(levels.into_owned()) },
        Source::Numbers(values) => Component::of_numbers(&values),
    })
}

impl Component {
    /// A column of a piece.
    pub(super) fn of(column: &Column) -> Self {
        match &column.values {
            Values::Number(values) => Self::of_numbers(values),
            Values::Text { codes, levels } => Self { codes: codes.clone(), keys: Keys::Words(levels.clone()) },
        }
    }

    fn of_numbers(values: &[f64]) -> Self {
        let (codes, levels) = codes::codes_of_numbers(values);
        let mut keys: Vec<f64> = Vec::with_capacity(levels);
        for (&code, &value) in codes.iter().zip(values) {
            if code as usize == keys.len() {
                keys.push(value);
            }
        }
        Self { codes, keys: Keys::Numbers(keys) }
    }
}

/// The rows of a piece that `filter` keeps, where they stand in the table, and what was noticed.
///
/// # Errors
/// Those of the filter.
pub(super) fn filtered(frame: Frame, first: usize, filter: Option<&Expr>) -> Result<(Frame, Vec<usize>, Vec<Warning>)> {
    let read = frame.rows();
    let Some(filter) = filter else { return Ok((frame, (first..first + read).collect(), Vec::new())) };
    let (holds, warnings) = filter.holds(&frame, None)?;
    let rows: Vec<u32> = (0..read as u32).filter(|&row| holds[row as usize]).collect();
    let origin = rows.iter().map(|&row| first + row as usize).collect();
    let frame = if rows.len() == read { frame } else { frame.take(&rows) };
    Ok((frame, origin, warnings))
}
