//! Pass 1: which levels there are, which rows can be used, and what the columns sum to in each level.

use super::coder::Coder;
use super::levels::{Effects, LIMIT, Slice, Sums};
use super::piece::{Piece, Recipe, beyond};
use super::{Batches, StreamOptions};
use crate::design::WeightKind;
use crate::design::build::no_variation;
use crate::design::rows::{nothing_left, without_value, zero_weights};
use crate::expr::{Expr, gather_warnings};
use crate::formula::Factor;
use crate::ledger::{Ledger, Reason};
use crate::message::{Problem, Result, Warning};

/// Sums over all rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    /// Rows.
    pub rows: usize,
    /// Weights, or rows.
    pub weight: f64,
    /// Of each column, less its shift.
    pub sums: Vec<f64>,
    /// Of squares of each column, less its shift.
    squares: Vec<f64>,
    /// Smallest and largest value of each column.
    ranges: Vec<(f64, f64)>,
}

/// What pass 1 leaves.
pub(super) struct First {
    pub coder: Coder,
    /// A number near the values of each column, taken from it before anything is summed; 0 without effects.
    pub shift: Vec<f64>,
    pub totals: Totals,
    /// Which effect is the large one, and which the small one.
    pub order: [usize; 2],
    pub effects: Option<Effects>,
    /// Levels of the large and the small effect that make the base cell.
    pub base: (usize, usize),
    /// Levels with rows, by effect in the order of the formula.
    pub used: Vec<usize>,
    pub ledger: Ledger,
    pub warnings: Vec<Warning>,
}

/// Rows as they pass by.
struct Passing<'a> {
    recipe: &'a Recipe<'a>,
    options: &'a StreamOptions,
    coder: Coder,
    shift: Option<Vec<f64>>,
    totals: Totals,
    order: Option<[usize; 2]>,
    sums: Sums,
    read: usize,
    lost: Vec<(Reason, usize)>,
    present: Vec<(String, bool)>,
    warnings: Vec<Warning>,
    /// The side taken for the small one has too many levels, the other has not.
    turn: bool,
}

impl First {
    /// Goes through `table` once, or twice when the sides of the effects have to change places.
    ///
    /// # Errors
    /// Those of a design; `E731` when both effects have more than [`LIMIT`] levels.
    pub(super) fn run(table: &impl Batches, recipe: &Recipe<'_>, options: &StreamOptions) -> Result<Self> {
        let go = |order: Option<[usize; 2]>| {
            let mut passing = Passing::new(recipe, options, order);
            let end =
                table.pass(&recipe.columns, |frame, first| recipe.take(frame, first), |piece| passing.add(&piece));
            (passing, end)
        };
        let (mut passing, mut end) = go(None);
        if passing.turn {
            (passing, end) = go(passing.order.map(|[large, small]| [small, large]));
        }
        end?;
        passing.finish()
    }

    /// Mean of column `j`.
    pub(super) fn mean(&self, j: usize) -> f64 {
        self.shift[j] + self.totals.sums[j] / self.totals.weight
    }

    /// Norm of column `j`.
    pub(super) fn norm(&self, j: usize) -> f64 {
        let Totals { weight, sums, squares, .. } = &self.totals;
        let shift = self.shift[j];
        (squares[j] + 2.0 * shift * sums[j] + shift * shift * weight).max(0.0).sqrt()
    }

    /// The one value of column `j`, if it has but one; otherwise the width of its values.
    pub(super) fn range(&self, j: usize) -> std::result::Result<f64, f64> {
        let (low, high) = self.totals.ranges[j];
        if low == high { Ok(low) } else { Err(high - low) }
    }
}

impl<'a> Passing<'a> {
    fn new(recipe: &'a Recipe<'a>, options: &'a StreamOptions, order: Option<[usize; 2]>) -> Self {
        let columns = recipe.names.len() + 1;
        let two = recipe.formula.effects.len() == 2;
        Self {
            recipe,
            options,
            coder: Coder::new(recipe.components.len(), &recipe.categories),
            shift: None,
            totals: Totals {
                sums: vec![0.0; columns],
                squares: vec![0.0; columns],
                ranges: vec![(f64::INFINITY, f64::NEG_INFINITY); columns],
                ..Totals::default()
            },
            order,
            sums: Sums::new(columns, two, options.weights.is_some()),
            read: 0,
            lost: Vec::new(),
            present: Vec::new(),
            warnings: Vec::new(),
            turn: false,
        }
    }

    fn add(&mut self, piece: &Piece) -> Result<()> {
        self.read += piece.read;
        merge(&mut self.lost, &piece.lost, |a, b| *a += b);
        merge(&mut self.present, &piece.present, |a, b| *a |= b);
        gather_warnings(&mut self.warnings, piece.warnings.clone());
        let codes = self.coder.learn(piece);
        if piece.used.is_empty() {
            return Ok(());
        }
        let effects = self.recipe.formula.effects.len();
        let first = |column: &Vec<f64>| if effects > 0 { column[0] } else { 0.0 };
        let shift = self.shift.get_or_insert_with(|| piece.columns.iter().map(first).collect());
        self.totals.add(piece, shift);
        let levels = |effect: usize| self.coder.levels(effect);
        let order = *self.order.get_or_insert_with(|| match effects {
            2 if levels(1) > levels(0) => [1, 0],
            _ => [0, 1],
        });
        if effects == 2 && levels(order[1]) > LIMIT {
            self.turn = levels(order[0]) <= LIMIT;
            let [a, b] = [0, 1].map(|effect| &self.recipe.formula.effects[effect]);
            return Err(beyond(format!(
                "a model whose two effects both have many levels ({a} and {b} have more than {LIMIT} each)"
            )));
        }
        let slice = Slice {
            columns: &piece.columns,
            shift,
            weights: piece.weights.as_deref(),
            frequency: matches!(self.options.weights, Some((_, WeightKind::Frequency))),
        };
        let side = |effect: usize| (&codes[effect][..], levels(effect));
        if effects > 0 {
            self.sums.add(side(order[0]), (effects == 2).then(|| side(order[1])), &slice);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<First> {
        let mut ledger = Ledger::new(self.read);
        for (reason, rows) in std::mem::take(&mut self.lost) {
            if let Reason::ZeroWeight(name) = &reason
                && rows > 0
            {
                self.warnings.push(zero_weights(name, rows));
            }
            let all = rows == self.read && rows > 0;
            match &reason {
                Reason::Filter(condition) if all => {
                    return Err(Problem::new("E701", format!("no row is left after the filter {condition}"))
                        .fix("loosen the filter; the ledger starts with the rows that were read"));
                }
                _ => ledger.drop_rows(reason, rows),
            }
        }
        if let Some((name, _)) = self.present.iter().find(|(_, present)| !present) {
            return Err(without_value(name, self.read));
        }
        let (Some(shift), Some(mut order)) = (self.shift.take(), self.order) else {
            return Err(nothing_left(&ledger));
        };
        self.refuse_constants()?;

        let formula = self.recipe.formula;
        let effects = formula.effects.len();
        let mut base = (0, 0);
        let mut used = Vec::new();
        let solved = if effects == 0 {
            None
        } else {
            // Which side came first in the file must not matter; both are small here.
            let size = |side: usize| (self.coder.levels(order[side]), order[1 - side]);
            if effects == 2 && size(0) < size(1) {
                order.reverse();
                self.sums.turn();
            }
            if !self.options.fit.keep_singletons {
                let totals = &mut self.totals;
                let removed = self.sums.remove_singletons(order[0] == 0, |_, weight, sums| {
                    totals.rows -= 1;
                    totals.weight -= weight;
                    totals.sums.iter_mut().zip(sums).for_each(|(total, sum)| *total -= sum);
                });
                for (effect, of) in formula.effects.iter().enumerate() {
                    let side = order.iter().position(|&e| e == effect).unwrap_or(0);
                    ledger.drop_rows(Reason::Singleton(of.label()), removed[side]);
                }
                if self.totals.rows == 0 {
                    return Err(nothing_left(&ledger));
                }
            }
            let counts = [Some(&self.sums.large), self.sums.small.as_ref().map(|(side, _)| side)];
            let mut of_side = [0; 2];
            for (side, counts) in counts.iter().enumerate() {
                let Some(counts) = counts else { continue };
                let level = self.base_level(order[side], &counts.counts);
                *[&mut base.0, &mut base.1][side] = level;
                of_side[order[side]] = counts.used();
            }
            used = of_side[..effects].to_vec();
            Some(self.sums.solve(base)?)
        };
        Ok(First {
            coder: self.coder,
            shift,
            totals: self.totals,
            order,
            effects: solved,
            base,
            used,
            ledger,
            warnings: self.warnings,
        })
    }

    /// The first level with rows: of the panel's periods the earliest, of others the first to appear.
    fn base_level(&self, effect: usize, counts: &[f64]) -> usize {
        let levels = || (0..counts.len()).filter(|&level| counts[level] > 0.0);
        let is_time = |(_, time): &&(String, String)| self.recipe.formula.effects[effect].by == [Expr::column(time)];
        let times = self.options.panel.as_ref().filter(is_time).and_then(|_| self.coder.numbers(effect));
        match times {
            Some(times) => levels().min_by(|&a, &b| times[a].total_cmp(&times[b])),
            None => levels().next(),
        }
        .unwrap_or(0)
    }

    /// `E305` for an outcome or a regressor of one column that does not vary beside a constant.
    fn refuse_constants(&self) -> Result<()> {
        let formula = self.recipe.formula;
        if !formula.intercept && formula.effects.is_empty() {
            return Ok(());
        }
        let constant = |j: usize| {
            let (low, high) = self.totals.ranges[j];
            (low == high).then_some((low, self.totals.rows))
        };
        if let Some(found) = constant(formula.terms.len()) {
            return Err(no_variation(&formula.outcome, found, "the outcome"));
        }
        for (j, term) in formula.terms.iter().enumerate() {
            if let ([Factor::Plain(expr)], Some(found)) = (&term.factors[..], constant(j)) {
                return Err(no_variation(expr, found, "the regressor"));
            }
        }
        Ok(())
    }
}

impl Totals {
    /// Adds rows one after the other, so that it does not matter where pieces end.
    fn add(&mut self, piece: &Piece, shift: &[f64]) {
        self.rows += piece.used.len();
        match &piece.weights {
            None => self.weight += piece.used.len() as f64,
            Some(w) => w.iter().for_each(|w| self.weight += w),
        }
        for (j, column) in piece.columns.iter().enumerate() {
            let (mut sum, mut square, (mut low, mut high)) = (self.sums[j], self.squares[j], self.ranges[j]);
            for (row, &x) in column.iter().enumerate() {
                let w = piece.weights.as_ref().map_or(1.0, |w| w[row]);
                (low, high) = (low.min(x), high.max(x));
                let x = x - shift[j];
                sum += w * x;
                square += w * x * x;
            }
            (self.sums[j], self.squares[j], self.ranges[j]) = (sum, square, (low, high));
        }
    }
}

/// Adds to `all` what one more piece has, entry by entry; the first piece sets the order.
fn merge<K: Clone, V: Copy>(all: &mut Vec<(K, V)>, more: &[(K, V)], add: impl Fn(&mut V, V)) {
    if all.is_empty() {
        all.extend_from_slice(more);
    } else {
        all.iter_mut().zip(more).for_each(|((_, known), (_, new))| add(known, *new));
    }
}
