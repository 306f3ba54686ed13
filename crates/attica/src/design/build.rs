//! From a frame and a formula to a design: which rows can be used, and what their columns are.

use std::sync::Arc;

use super::category::{Category, Source};
use super::rows::Rows;
use super::table::Coded;
use super::{Codes, Design, DesignOptions, Designs, Effect, Periods, Roles, WeightKind, Weights};
use crate::expr::Expr;
use crate::formula::{Factor, Indicator, SingleFormula, Term};
use crate::frame::{Frame, Numbers, codes};
use crate::message::{Problem, Result};
use crate::panel::Panel;

/// Most columns that the categories of one formula may become.
const MOST_COLUMNS: usize = 2000;

impl Design {
    /// The design of `formula` over `frame`. Rows keep the order of the frame; expressions (lags,
    /// percentiles, group means) are computed over the whole frame, before any row leaves.
    ///
    /// # Errors
    /// `E603` unknown column; `E301` text where a number is needed; `E302` infinities; `E304` a column
    /// without values; `E305` an outcome or regressor that does not vary; `E401` negative weights; `E406`
    /// rows without a cluster; `E604` a function used wrongly; `E605` one column in two roles; `E607` a
    /// reference that is no level; `E701` no rows left.
    pub fn build(
        frame: &Frame,
        panel: Option<&Panel>,
        formula: &SingleFormula,
        options: &DesignOptions,
    ) -> Result<Self> {
        Designs::new(frame, panel, std::slice::from_ref(formula), options)?.build(formula)
    }

    /// [`Designs::build_instrumented`] of one formula.
    ///
    /// # Errors
    /// Those of [`Design::build`].
    pub fn build_instrumented(
        frame: &Frame,
        panel: Option<&Panel>,
        formula: &SingleFormula,
        options: &DesignOptions,
    ) -> Result<(Self, Option<Roles>)> {
        Designs::new(frame, panel, std::slice::from_ref(formula), options)?.build_instrumented(formula)
    }
}

/// The design of `formula`, and how many columns each term became.
pub(super) fn columns(of: &Designs<'_>, formula: &SingleFormula) -> Result<(Design, Vec<usize>)> {
    refuse_double_roles(formula)?;
    let (options, panel) = (of.options, of.table.panel);
    let mut rows = Rows::new(&of.table, of.start(formula.sample.as_ref())?);
    let outcome = rows.numbers(&formula.outcome)?;
    let terms = formula.terms.iter().map(|term| rows.term(term)).collect::<Result<Vec<_>>>()?;
    let effects = formula.effects.iter().map(|effect| rows.effect(effect)).collect::<Result<Vec<_>>>()?;
    let weights = options.weights.as_ref().map(|(name, kind)| rows.weights(name, *kind)).transpose()?;
    let clusters = options.clusters.iter().map(|name| rows.cluster(name)).collect::<Result<Vec<_>>>()?;
    let coordinates = options.coordinates.as_ref().map(|[latitude, longitude]| {
        Ok::<_, Problem>([rows.numbers(&Expr::column(latitude))?, rows.numbers(&Expr::column(longitude))?])
    });
    let coordinates = coordinates.transpose()?;
    let sample = rows.sample()?;

    let take = |values: &[f64]| -> Vec<f64> { sample.iter().map(|&row| values[row as usize]).collect() };
    let outcome_values = gather(&outcome, &sample);
    let absorbs = !effects.is_empty();
    let constant = formula.intercept || absorbs;
    if constant && !varies(&outcome_values) {
        return Err(no_variation(&formula.outcome, (outcome_values[0], rows.ledger.used), "the outcome"));
    }
    let (mut regressors, mut columns) = (Vec::new(), Vec::new());
    for (term, sources) in formula.terms.iter().zip(&terms) {
        let before = regressors.len();
        expand(term, sources, formula, constant, &sample, &mut regressors)?;
        columns.push(regressors.len() - before);
    }
    let coded = |by: &Coded, name: String| coded(by, name, &sample);
    let effects = formula
        .effects
        .iter()
        .zip(effects)
        .map(|(effect, (by, slopes))| Effect {
            by: coded(&by, effect.label()),
            slopes: effect.slopes.iter().zip(slopes).map(|(x, values)| (x.label(), take(&values))).collect(),
            intercept: effect.intercept,
        })
        .collect();
    let clusters = options.clusters.iter().zip(&clusters).map(|(name, by)| coded(by, name.clone())).collect();
    let weights = options.weights.as_ref().zip(weights).map(|((name, kind), values)| Weights {
        // Copies are nobody's weights.
        name: if *kind == WeightKind::Copies { String::new() } else { name.clone() },
        kind: *kind,
        values: take(values),
    });
    let panel = panel.map(|panel| {
        let unit = coded(&(panel.unit.clone(), panel.units.len()), panel.unit_name.clone());
        let all = sample.len() == panel.time.len();
        let taken = || Arc::new(sample.iter().map(|&row| panel.time[row as usize]).collect());
        let codes = if all { panel.time.clone() } else { taken() };
        (unit, Periods { codes, times: panel.times.clone() })
    });
    let design = Design {
        outcome: (formula.outcome.label(), outcome_values),
        regressors,
        intercept: formula.intercept && !absorbs,
        effects,
        weights,
        clusters,
        panel,
        coordinates: coordinates.map(|places| places.map(|values| take(&values))),
        sample,
        ledger: rows.ledger,
        warnings: rows.warnings,
    };
    Ok((design, columns))
}

/// Codes in the rows of the sample, renumbered so that every level occurs.
pub(super) fn coded((codes, levels): &Coded, name: String, sample: &[u32]) -> Codes {
    let (codes, levels) = codes::compact(codes, *levels, sample);
    Codes { name, codes, levels }
}

/// Values in the rows of the sample, shared where those are all.
fn gather(values: &Numbers, rows: &[u32]) -> Numbers {
    if rows.len() == values.len() {
        values.clone()
    } else {
        Arc::new(rows.iter().map(|&row| values[row as usize]).collect())
    }
}

fn varies(values: &[f64]) -> bool {
    values.iter().any(|x| *x != values[0])
}

/// `E305`: a variable that has one value in so many rows.
pub(crate) fn no_variation(expr: &Expr, (value, rows): (f64, usize), what: &str) -> Problem {
    Problem::new("E305", format!("{what} {expr} is {value} in all {rows} rows of the sample"))
        .fix("look at the filter and at how the variable is made")
}

pub(crate) fn refuse_double_roles(formula: &SingleFormula) -> Result<()> {
    let refuse = |what: &str| {
        Err(Problem::new("E605", format!("{} is the outcome and also {what}", formula.outcome))
            .fix("take it out of one of the two; its own past is l(y, 1)"))
    };
    let factors = || formula.terms.iter().flat_map(|term| &term.factors);
    if factors().any(|factor| matches!(factor, Factor::Plain(expr) if *expr == formula.outcome)) {
        return refuse("a regressor");
    }
    if formula.effects.iter().any(|effect| effect.by.contains(&formula.outcome)) {
        return refuse("an absorbed effect");
    }
    Ok(())
}

/// Adds the columns of one term.
fn expand(
    term: &Term,
    sources: &[(Source<'_>, Option<Source<'_>>)],
    formula: &SingleFormula,
    constant: bool,
    sample: &[u32],
    regressors: &mut Vec<(String, Numbers)>,
) -> Result<()> {
    let mut columns: Vec<(String, Numbers)> = Vec::new();
    for (at, (factor, (source, with))) in term.factors.iter().zip(sources).enumerate() {
        let own = match (factor, source) {
            (Factor::Plain(expr), Source::Numbers(values)) => {
                let values = gather(values, sample);
                if constant && term.factors.len() == 1 && !varies(&values) {
                    return Err(no_variation(expr, (values[0], values.len()), "the regressor"));
                }
                vec![(expr.label(), values)]
            }
            (Factor::Plain(expr), Source::Words(..)) => {
                let category = Category::new(source, sample);
                let levels = category.named(&expr.label(), has_margin(term, at, formula, constant));
                indicators(&category, levels)?
            }
            (Factor::Indicator(indicator), _) => {
                let base = term.factors.len() == 1 && constant;
                indicator_columns(indicator, source, with.as_ref(), base, sample)?
            }
        };
        columns = if at == 0 { own } else { multiply(columns, own)? };
    }
    regressors.extend(columns);
    if regressors.len() > MOST_COLUMNS {
        return Err(too_many(regressors.len()));
    }
    Ok(())
}

/// The columns of `i()`. With `base`, a category alone or with another category leaves out its first
/// column when the user names no reference, as in fixest.
fn indicator_columns(
    indicator: &Indicator,
    source: &Source<'_>,
    with: Option<&Source<'_>>,
    base: bool,
    sample: &[u32],
) -> Result<Vec<(String, Numbers)>> {
    let (category, levels) = Category::new(source, sample).chosen(indicator, base && with.is_none())?;
    let own = indicators(&category, levels)?;
    let (Some(expr), Some(with)) = (&indicator.with, with) else { return Ok(own) };
    if let (Source::Numbers(values), false) = (with, indicator.with_levels) {
        return multiply(own, vec![(expr.label(), gather(values, sample))]);
    }
    let second = Category::new(with, sample);
    let named = second.named(&format!("{}::", expr.label()), false);
    let mut both = multiply(own, indicators(&second, named)?)?;
    // Combinations without a row are no levels.
    both.retain(|(_, values)| values.iter().any(|&x| x != 0.0));
    if base && indicator.reference.is_empty() && indicator.keep.is_none() && !both.is_empty() {
        both.remove(0);
    }
    Ok(both)
}

fn too_many(columns: usize) -> Problem {
    Problem::new("E604", format!("the formula has {columns} regressors, more than {MOST_COLUMNS}"))
        .fix("absorb a category with many levels: put it after the bar, y ~ x | category")
}

fn indicators(category: &Category, levels: Vec<(String, u32)>) -> Result<Vec<(String, Numbers)>> {
    if levels.len() > MOST_COLUMNS {
        return Err(too_many(levels.len()));
    }
    Ok(levels.into_iter().map(|(name, level)| (name, Arc::new(category.column(level)))).collect())
}

/// Products of all pairs, the first varying fastest, as in R.
fn multiply(left: Vec<(String, Numbers)>, right: Vec<(String, Numbers)>) -> Result<Vec<(String, Numbers)>> {
    if left.len() * right.len() > MOST_COLUMNS {
        return Err(too_many(left.len() * right.len()));
    }
    let product = |a: &[f64], b: &[f64]| Arc::new(a.iter().zip(b).map(|(a, b)| a * b).collect());
    Ok(right
        .iter()
        .flat_map(|(right, b)| left.iter().map(move |(left, a)| (format!("{left}:{right}"), product(a, b))))
        .collect())
}

/// Whether the model holds what is left of a term without its factor `at`, so that the levels of that
/// factor need a base (R's rule of marginality).
fn has_margin(term: &Term, at: usize, formula: &SingleFormula, constant: bool) -> bool {
    let rest: Vec<&Factor> = term.factors.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, f)| f).collect();
    if rest.is_empty() {
        return constant;
    }
    formula
        .terms
        .iter()
        .any(|other| other.factors.len() == rest.len() && rest.iter().all(|f| other.factors.contains(f)))
}
