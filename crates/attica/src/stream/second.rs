//! Pass 2: rows without their effects, as the triangle of their columns; what clusters hold; which levels are nested.

use nalgebra::DMatrix;

use super::chunks::Chunks;
use super::first::First;
use super::levels::Effects;
use super::piece::{Piece, Recipe};
use super::{Batches, StreamOptions};
use crate::absorb::Share;
use crate::design::{Codes, WeightKind, Weights};
use crate::fit::{Gathered, INTERCEPT, Setting, absorbed_because, crossing};
use crate::frame::{Frame, MISSING};
use crate::math::triangle::{merge, triangle};
use crate::message::Result;
use crate::text::Text;

/// Rows of a piece that are in the sample, effects taken out.
pub(super) struct Clean {
    /// Regressors (a constant first, where the model has one), then the outcome.
    pub columns: Vec<Vec<f64>>,
    /// The outcome as it was, less its shift.
    pub outcome: Vec<f64>,
    pub weights: Option<Vec<f64>>,
    /// Codes of every category.
    pub codes: Vec<Vec<u32>>,
}

/// Takes a piece and leaves its rows without effects.
///
/// # Errors
/// As [`Recipe::take`].
pub(super) fn clean(recipe: &Recipe<'_>, first: &First, frame: Frame, row: usize) -> Result<Clean> {
    let Piece { mut columns, mut weights, components, used, rows, .. } = recipe.take(frame, row)?;
    let bare = Piece { rows, used, components, columns: Vec::new(), weights: None, ..Piece::default() };
    let mut codes = first.coder.look_up(&bare);
    let of = |side: usize| (side < recipe.formula.effects.len()).then(|| first.order[side]);
    if let (Some(effects), Some(large)) = (&first.effects, of(0)) {
        let small = of(1);
        let stays = |&row: &usize| effects.is_used(codes[large][row], small.map(|small| codes[small][row]));
        let kept: Vec<usize> = (0..bare.used.len()).filter(stays).collect();
        if kept.len() < bare.used.len() {
            let take = |values: &Vec<f64>| kept.iter().map(|&row| values[row]).collect::<Vec<f64>>();
            columns = columns.iter().map(take).collect();
            weights = weights.as_ref().map(take);
            codes = codes.iter().map(|of| kept.iter().map(|&row| of[row]).collect()).collect();
        }
    }
    for (column, shift) in columns.iter_mut().zip(&first.shift).filter(|(_, shift)| **shift != 0.0) {
        for x in column.iter_mut() {
            *x -= shift;
        }
    }
    let outcome = columns.last().cloned().unwrap_or_default();
    if let (Some(effects), Some(large)) = (&first.effects, of(0)) {
        let small = of(1).map(|small| &codes[small][..]);
        for (j, column) in columns.iter_mut().enumerate() {
            effects.remove(column, &codes[large], small, j);
        }
    } else if recipe.formula.intercept {
        columns.insert(0, vec![1.0; outcome.len()]);
    }
    Ok(Clean { columns, outcome, weights, codes })
}

/// Which level of a category the rows of a level of another one lie in.
struct Home {
    inner: usize,
    outer: usize,
    of: Vec<u32>,
    /// Inner levels that lie in several outer ones.
    moved: usize,
}

/// Marks an inner level that lies in several outer ones.
const SEVERAL: u32 = MISSING - 1;

impl Home {
    fn add(&mut self, codes: &[Vec<u32>]) {
        for (&i, &o) in codes[self.inner].iter().zip(&codes[self.outer]) {
            let home = &mut self.of[i as usize];
            if *home == MISSING {
                *home = o;
            } else if *home != o && *home != SEVERAL {
                *home = SEVERAL;
                self.moved += 1;
            }
        }
    }
}

/// What pass 2 leaves.
pub(super) struct Second {
    pub first: First,
    triangle: DMatrix<f64>,
    total: f64,
    /// Rows in the sample.
    pub rows: usize,
    /// Levels with rows, by category; counted for clusters and units only.
    used: Vec<usize>,
    homes: Vec<Home>,
}

impl Second {
    /// Goes through `table` once.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn run(
        table: &impl Batches,
        recipe: &Recipe<'_>,
        options: &StreamOptions,
        first: First,
    ) -> Result<Self> {
        let effects = recipe.formula.effects.len();
        let has_constant = effects > 0 || recipe.formula.intercept;
        let k = recipe.names.len();
        let mean = if has_constant { first.mean(k) - first.shift[k] } else { 0.0 };
        let weighted = options.weights.is_some();

        let watched: Vec<usize> = recipe.clusters.iter().copied().chain(recipe.unit).collect();
        let mut seen: Vec<Vec<bool>> = (0..recipe.categories.len())
            .map(|c| vec![false; if watched.contains(&c) { first.coder.levels(c) } else { 0 }])
            .collect();
        let mut homes: Vec<Home> = Vec::new();
        for &outer in &recipe.clusters {
            for inner in (0..effects).chain(recipe.unit).filter(|&inner| inner != outer) {
                if !homes.iter().any(|home| (home.inner, home.outer) == (inner, outer)) {
                    homes.push(Home { inner, outer, of: vec![MISSING; first.coder.levels(inner)], moved: 0 });
                }
            }
        }

        let work = |columns: &[&[f64]]| {
            let weights = weighted.then(|| columns[columns.len() - 1]);
            let width = columns.len() - 1 - usize::from(weighted);
            let square = |(row, y): (usize, &f64)| weights.map_or(1.0, |w| w[row]) * (y - mean) * (y - mean);
            let total: f64 = columns[width].iter().enumerate().map(square).sum();
            (triangle(&columns[..width], weights), total)
        };
        let mut r: Option<DMatrix<f64>> = None;
        let (mut total, mut rows) = (0.0, 0);
        let mut fold = |(part, square): (DMatrix<f64>, f64)| {
            r = Some(match r.take() {
                None => part,
                Some(above) => merge(above, part),
            });
            total += square;
        };
        let mut chunks = Chunks::default();
        table.pass(
            &recipe.columns,
            |frame, row| clean(recipe, &first, frame, row),
            |piece| {
                rows += piece.outcome.len();
                for &category in &watched {
                    piece.codes[category].iter().for_each(|&code| seen[category][code as usize] = true);
                }
                for home in &mut homes {
                    home.add(&piece.codes);
                }
                let mut columns = piece.columns;
                columns.push(piece.outcome);
                columns.extend(piece.weights);
                chunks.push(columns, work, &mut fold);
                Ok(())
            },
        )?;
        chunks.finish(work, fold);
        let used = seen.iter().map(|seen| seen.iter().filter(|seen| **seen).count()).collect();
        let triangle = r.unwrap_or_else(|| DMatrix::zeros(k + 1, k + 1));
        Ok(Self { first, triangle, total, rows, used, homes })
    }

    /// What a fit is made of.
    pub(super) fn gathered<'a>(
        &'a self,
        absorbed: &'a dyn Fn(usize) -> Text,
        recipe: &Recipe<'_>,
        options: &StreamOptions,
    ) -> Gathered<'a> {
        let (formula, first) = (recipe.formula, &self.first);
        let k = recipe.names.len();
        let constant = formula.intercept && formula.effects.is_empty();
        let intercept = constant.then(|| (INTERCEPT.to_owned(), first.totals.weight.sqrt()));
        let own = recipe.names.iter().enumerate().map(|(j, name)| (name.clone(), first.norm(j)));
        let (names, mut scale): (Vec<String>, Vec<f64>) = intercept.into_iter().chain(own).unzip();
        scale.push(first.norm(k));
        let shares = formula.effects.iter().enumerate().map(|(effect, of)| Share {
            name: of.label(),
            effect,
            intercept: true,
            levels: first.used[effect],
            flat: 0,
            shared: vec![first.effects.as_ref().map_or(0, |effects| effects.components); effect],
        });
        let cluster = |(name, &category): (&String, &usize)| Codes {
            name: name.clone(),
            codes: Vec::new().into(),
            levels: self.used[category],
        };
        let moved = |inner: usize, outer: usize| {
            self.homes.iter().find(|home| (home.inner, home.outer) == (inner, outer)).map_or(0, |home| home.moved)
        };
        let nested = |&outer: &usize| (0..formula.effects.len()).map(|inner| moved(inner, outer) == 0).collect();
        let cluster_names = options.fit.vcov.clusters();
        let frequency = matches!(options.weights, Some((_, WeightKind::Frequency)));
        let mut warnings = first.warnings.clone();
        if let (Some(unit), Some((name, _)), [cluster], [by]) =
            (recipe.unit, &options.panel, &recipe.clusters[..], cluster_names)
        {
            let units = moved(unit, *cluster);
            if units > 0 && self.used[*cluster] < self.rows {
                warnings.push(crossing(units, name, by));
            }
        }
        let setting = Setting {
            outcome: formula.outcome.label(),
            weights: options.weights.clone().map(|(name, kind)| Weights { name, kind, values: Vec::new() }),
            clusters: cluster_names.iter().zip(&recipe.clusters).map(cluster).collect(),
            nested: recipe.clusters.iter().map(nested).collect(),
            shares: shares.collect(),
            absorbed: Vec::new(),
            panel: None,
            coordinates: None,
            sample: Vec::new(),
            n_obs: if frequency { first.totals.weight } else { self.rows as f64 },
            n_units: recipe.unit.map(|unit| self.used[unit]),
            mean_outcome: first.mean(k),
            ledger: first.ledger.clone(),
            warnings,
        };
        Gathered {
            setting,
            names,
            triangle: self.triangle.clone(),
            scale,
            absorbed,
            total: self.total,
            about_units: None,
        }
    }

    /// Why the effects absorb regressor `j`.
    pub(super) fn absorbed(&self, recipe: &Recipe<'_>, j: usize) -> Text {
        let labels: Vec<String> = recipe.formula.effects.iter().map(crate::formula::Absorbed::label).collect();
        let by: Vec<&str> = labels.iter().map(String::as_str).collect();
        let width = match self.first.range(j) {
            Ok(x) => return absorbed_because(Some(x), None, &by),
            Err(width) => width,
        };
        let is_constant = self.first.effects.as_ref().map(|effects: &Effects| effects.constant_within(j, 1e-8 * width));
        let side = |effect: usize| self.first.order.iter().position(|&of| of == effect);
        let within = (0..by.len()).find(|&e| side(e).zip(is_constant).is_some_and(|(side, is)| is[side]));
        absorbed_because(None, within.map(|effect| by[effect]), &by)
    }
}
