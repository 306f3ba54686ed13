//! Regressions on tables that need not fit into memory, in passes over pieces of them.
//!
//! What is kept between rows has the size of the levels of the absorbed effects and of the clusters, never of the rows:
//! pass 1 numbers the levels and sums outcome and regressors by level, which is enough to solve for the effects of all
//! columns exactly; pass 2 takes the effects out of every row and keeps the triangle of the residuals; pass 3, for robust
//! errors, sums the scores by cluster. Chunks of rows are counted from the first row on and levels are numbered as they
//! appear, so the result is the same for any pieces and any number of threads. The record is that of
//! [`crate::fit::fit`], by the same code from the coefficients on.
//!
//! [`condense`] does so for panels and the estimators of staggered adoption.

mod chunks;
mod coder;
pub mod condense;
mod first;
mod levels;
mod piece;
mod scores;
mod second;
mod table;
#[cfg(test)]
mod tests;

use nalgebra::DVector;

use crate::design::WeightKind;
use crate::fit::{FitOptions, FitRecord, Functional, Meat, concluded, solve_gathered};
use crate::formula::SingleFormula;
use crate::frame::Frame;
use crate::message::Result;
use crate::vcov::Vcov;
use first::First;
use piece::Recipe;
use second::Second;

/// A table that can be gone through again and again, in pieces, rows in the same order each time.
pub trait Batches: Sync {
    /// Names of its columns.
    fn names(&self) -> &[String];

    /// One pass over the columns `columns`. Each piece comes with the number of its first row; `prepare` runs on several
    /// pieces side by side, `consume` takes what it made in the order of the rows.
    ///
    /// # Errors
    /// Those of reading, and the first of `prepare` or `consume`.
    fn pass<T: Send>(
        &self,
        columns: &[String],
        prepare: impl Fn(Frame, usize) -> Result<T> + Sync,
        consume: impl FnMut(T) -> Result<()> + Send,
    ) -> Result<()>;
}

/// How to estimate from a table in pieces.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// Covariance (iid, HC1 or clustered), small-sample rule, level, singletons, constants.
    pub fit: FitOptions,
    /// Column of weights and what they mean.
    pub weights: Option<(String, WeightKind)>,
    /// Rows to keep: those in which the condition is known to hold.
    pub filter: Option<String>,
    /// Column of the unit and of the period, where the table is a panel.
    pub panel: Option<(String, String)>,
}

/// What a regression will ask of its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Passes over it.
    pub passes: usize,
    /// Columns that each pass reads.
    pub columns: Vec<String>,
    /// Columns and expressions whose levels are kept in memory, each with the bytes that one level takes at most.
    pub levels: Vec<(String, usize)>,
}

/// Passes, columns and memory per level of the regression `formula` on a table with the columns `known`.
///
/// # Errors
/// `E731` for what cannot be estimated in passes; `E603`, `E604`, `E605` as for any design.
pub fn needs(formula: &SingleFormula, options: &StreamOptions, known: &[String]) -> Result<Needs> {
    let recipe = Recipe::new(formula, options, known)?;
    let (columns, effects) = (recipe.names.len() + 1, formula.effects.len());
    let weighted = options.weights.is_some();
    let mut levels = Vec::new();
    for (at, parts) in recipe.categories.iter().enumerate() {
        let name = parts.iter().map(|&part| recipe.components[part].label()).collect::<Vec<_>>().join("^");
        // A level's number, its count, its weight and its columns (with the constant's), and, later, its scores.
        let own = if at < effects { 8 * (columns + 2 + usize::from(weighted)) } else { 0 };
        let clustered = recipe.subsets.iter().any(|(category, _)| *category == at);
        let scores = if clustered { 8 * (columns + 1) } else { 0 };
        levels.push((name, 16 + own + scores));
    }
    let passes = if is_iid(options) { 2 } else { 3 };
    Ok(Needs { passes, columns: recipe.columns, levels })
}

fn is_iid(options: &StreamOptions) -> bool {
    options.fit.vcov == Vcov::Iid && !matches!(options.weights, Some((_, WeightKind::Probability)))
}

/// Fits `formula` by least squares, one or two effects absorbed, in two passes over `table` (iid errors) or three.
///
/// # Errors
/// Those of [`needs`] and of [`crate::fit::fit`]; `E731` when both effects have more than 1,000 levels.
pub fn fit(table: &impl Batches, formula: &SingleFormula, options: &StreamOptions) -> Result<FitRecord> {
    let recipe = Recipe::new(formula, options, table.names())?;
    let first = First::run(table, &recipe, options)?;
    let second = Second::run(table, &recipe, options, first)?;
    let rows = second.rows;
    let absorbed = |j: usize| second.absorbed(&recipe, j);
    let gathered = second.gathered(&absorbed, &recipe, options);
    let (fit, kept, unexplained) = solve_gathered(gathered, &options.fit)?;
    let b = DVector::from_column_slice(&fit.coefficients);

    // Both constants are functionals of the outcome: weights on the scores of the regressors, then on those of a column
    // of ones and of the fit of the base cell.
    let constants = !formula.effects.is_empty() && options.fit.constants;
    let first = &second.first;
    let functional = |at: usize, values: &dyn Fn(usize) -> f64, own: f64, square: f64| {
        let of = DVector::from_iterator(kept.len(), kept.iter().map(|&j| values(j)));
        let share = &fit.bread * &of;
        let mut direction = (-&share).resize_vertically(kept.len() + 2, 0.0);
        direction[kept.len() + at] = own;
        let estimate = values(recipe.names.len()) - of.dot(&b);
        Functional { estimate, direction, square: square + of.dot(&share) }
    };
    let total = first.totals.weight;
    let of_means = constants.then(|| functional(0, &|j| first.mean(j), 1.0 / total, 1.0 / total));
    let base = first.effects.as_ref().filter(|effects| constants && effects.components == 1).map(|effects| {
        let own = effects.at(first.base, recipe.names.len() + 1);
        functional(1, &|j| effects.at(first.base, j) + first.shift[j], 1.0, own)
    });
    let meat = if is_iid(options) {
        Meat::Iid(unexplained)
    } else {
        Meat::Scores(scores::meat(table, &recipe, options, &second, (&kept, &fit.coefficients))?)
    };
    concluded(fit, rows, &options.fit, &meat, [of_means, base])
}
