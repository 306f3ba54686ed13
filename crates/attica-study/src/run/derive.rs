//! Derived variables and composite indices, in the order that their ingredients ask for.

use std::collections::BTreeSet;

use attica::diagnostic::describe::summary;
use attica::expr::Expr;
use attica::frame::{Column, Frame, unknown_column};
use attica::index::{self, Base, Direction, Indicator, Options};
use attica::message::{Problem, Result, Warning};
use attica::panel::Panel;

use super::gather::{inside, pointed};
use crate::results::{IndexRank, IndexResult, IndexWeight, Summary};
use crate::studyfile::{Best, Index, IndexMethod, IndexNorm, IndexPeriod, StudyFile, StudySource, Zeros, indicators};

/// Something to be made from columns.
enum Recipe<'a> {
    Variable(Expr),
    Index(&'a Index),
}

/// Adds all variables and indices to the frame.
///
/// # Errors
/// Every expression that cannot be read (`E604`) or names what nothing makes (`E603`); then the first that fails.
pub(super) fn derive(
    file: &StudyFile,
    study: &StudySource,
    frame: &mut Frame,
    panel: &Panel,
) -> std::result::Result<(Vec<IndexResult>, Vec<Warning>), Vec<Problem>> {
    let mut waiting = Vec::new();
    let mut problems = Vec::new();
    for (name, text) in &file.variables {
        match Expr::parse(text).and_then(|expr| expr.check_functions().map(|()| expr)) {
            Ok(expr) => waiting.push((name.as_str(), Recipe::Variable(expr))),
            Err(problem) => problems.push(inside(problem, study, &["variables", name])),
        }
    }
    waiting.extend(file.index.iter().map(|(name, index)| (name.as_str(), Recipe::Index(index))));
    let known: BTreeSet<String> = frame
        .columns()
        .iter()
        .map(|c| c.name.clone())
        .chain(file.variables.keys().cloned())
        .chain(file.index.keys().cloned())
        .collect();
    for (name, recipe) in &waiting {
        let Recipe::Variable(expr) = recipe else { continue };
        for column in expr.columns().into_iter().filter(|c| !known.contains(*c)) {
            let problem = unknown_column(column, known.iter().map(String::as_str));
            problems.push(problem.at(study.place(&["variables", name])));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }

    let mut indices = Vec::new();
    let mut warnings = Vec::new();
    while !waiting.is_empty() {
        // A name that is made later hides a column of that name only from its own recipe.
        let pending: BTreeSet<&str> = waiting.iter().map(|(name, _)| *name).collect();
        let ready = waiting.iter().position(|(name, recipe)| {
            ingredients(recipe)
                .iter()
                .all(|need| (!pending.contains(need) || need == name) && frame.get(need).is_some())
        });
        let Some(ready) = ready else {
            let names: Vec<&str> = waiting.iter().map(|(name, _)| *name).collect();
            let message =
                format!("these are made from one another, or from columns that do not exist: {}", names.join(", "));
            return Err(vec![
                study.problem("E604", &["variables", names[0]], message).fix("make each from columns of the data"),
            ]);
        };
        let (name, recipe) = waiting.remove(ready);
        match recipe {
            Recipe::Variable(expr) => {
                let (column, notes) = expr
                    .evaluate(frame, Some(panel))
                    .map_err(|problem| vec![inside(problem, study, &["variables", name])])?;
                frame.set(Column { name: name.to_owned(), ..column }).map_err(|p| vec![p])?;
                warnings.extend(notes);
            }
            Recipe::Index(index) => {
                let (column, result) = build(name, index, frame, panel)
                    .map_err(|problem| vec![pointed(problem, study, &["index", name])])?;
                frame.set(column).map_err(|p| vec![p])?;
                indices.push(result);
            }
        }
    }
    Ok((indices, warnings))
}

fn ingredients<'a>(recipe: &'a Recipe<'_>) -> Vec<&'a str> {
    match recipe {
        Recipe::Variable(expr) => expr.columns(),
        Recipe::Index(index) => indicators(index).into_iter().map(|(_, column, _)| column).collect(),
    }
}

/// The indicators of an index with their values.
///
/// # Errors
/// `E603`, `E301` for its columns.
pub fn parts<'a>(index: &'a Index, frame: &'a Frame) -> Result<Vec<Indicator<'a>>> {
    let listed = indicators(index).into_iter();
    let part = |(dimension, column, benefit): (&'a str, &'a str, bool)| {
        let direction = match index.best.get(column) {
            Some(Best::Target(x)) => Direction::Target(*x),
            Some(Best::Interval([a, b])) => Direction::Interval(*a, *b),
            None if benefit => Direction::Benefit,
            None => Direction::Cost,
        };
        Ok(Indicator { name: column, dimension, direction, values: frame.numbers(column)? })
    };
    listed.map(part).collect()
}

/// An index as a column and as a result.
///
/// # Errors
/// Those of [`index::compute`], and `E603`, `E301` for its columns.
pub fn build(name: &str, index: &Index, frame: &Frame, panel: &Panel) -> Result<(Column, IndexResult)> {
    let parts = parts(index, frame)?;
    let options = options(index, panel)?;
    let computed = index::compute(&parts, Some(&panel.time), &options)?;
    let scores: Vec<f64> = computed.scores.iter().map(|s| s.unwrap_or(f64::NAN)).collect();
    let result = IndexResult {
        name: name.to_owned(),
        method: options.method.name().to_owned(),
        variant: options.variant(),
        weights: weights(&computed, &parts, panel),
        dimensions: computed.dimensions.iter().map(|d| (labelled(&d.dimension, d.period, panel), d.weight)).collect(),
        n: computed.ledger.used,
        summary: summary(scores.iter().copied())
            .ok_or_else(|| Problem::new("E701", format!("no row has a score of {name}")))?,
        ranks: ranks(&computed, panel),
        by_period: by_period(&scores, panel),
        warnings: computed.warnings.clone(),
    };
    Ok((Column::number(name, scores), result))
}

/// The engine's options for an index of the study file.
///
/// # Errors
/// `E607` a base period that the panel lacks.
pub fn options(index: &Index, panel: &Panel) -> Result<Options> {
    let over = |period: IndexPeriod| match period {
        IndexPeriod::Pooled => index::Over::Pooled,
        IndexPeriod::Yearly => index::Over::PerPeriod,
        IndexPeriod::Base => index::Over::BasePeriod,
    };
    let base = match index.base {
        None => Base::First,
        Some(wanted) => match panel.times.iter().position(|&t| t == wanted) {
            Some(period) => Base::At(period as u32),
            None => return Err(Problem::new("E607", format!("the base period {wanted} is not in the panel"))),
        },
    };
    Ok(Options {
        method: match index.method {
            IndexMethod::EntropyTopsis => index::Method::EntropyTopsis,
            IndexMethod::Entropy => index::Method::Entropy,
            IndexMethod::Topsis => index::Method::Topsis,
            IndexMethod::Pca => index::Method::Pca,
        },
        normalisation: over(index.scale),
        weights: over(index.weights),
        ideal: over(index.ideal),
        base,
        zeros: match index.zeros {
            Zeros::Keep => index::Zeros::Keep,
            Zeros::Epsilon => index::Zeros::Add(index.epsilon),
            Zeros::Shrink => index::Zeros::Squeeze,
            Zeros::Shift => index::Zeros::Shift,
        },
        norm: match index.norm {
            IndexNorm::Minmax => index::Norm::Minmax,
            IndexNorm::Vector => index::Norm::Vector,
        },
        distance: if index.weight_once { index::Distance::Once } else { index::Distance::Twice },
        levels: if index.two_levels { index::Levels::Two } else { index::Levels::One },
        log_rows: if index.ln_periods { index::LogRows::Periods } else { index::LogRows::Own },
        ..Options::default()
    })
}

/// A name, with its period where weights differ by period.
fn labelled(name: &str, period: Option<u32>, panel: &Panel) -> String {
    match period {
        Some(period) => format!("{name} ({})", panel.times[period as usize]),
        None => name.to_owned(),
    }
}

fn weights(computed: &index::Index, parts: &[Indicator<'_>], panel: &Panel) -> Vec<IndexWeight> {
    computed
        .weights
        .iter()
        .map(|w| {
            let indicator = w.indicator.as_deref().unwrap_or_default();
            let direction = parts.iter().find(|p| p.name == indicator).map_or(Direction::Benefit, |p| p.direction);
            IndexWeight {
                dimension: w.dimension.clone(),
                indicator: labelled(indicator, w.period, panel),
                direction: direction.to_string(),
                entropy: w.entropy,
                divergence: w.divergence,
                weight: w.weight,
            }
        })
        .collect()
}

/// Units by their mean score.
fn ranks(computed: &index::Index, panel: &Panel) -> Vec<IndexRank> {
    let units = panel.units.len();
    let mut count = vec![0usize; units];
    let mut score = vec![0.0; units];
    let mut parts = vec![vec![0.0; units]; computed.contributions.len()];
    for (row, value) in computed.scores.iter().enumerate() {
        let Some(value) = value else { continue };
        let unit = panel.unit[row] as usize;
        count[unit] += 1;
        score[unit] += value;
        for (total, part) in parts.iter_mut().zip(&computed.contributions) {
            total[unit] += part[row].unwrap_or(0.0);
        }
    }
    let means: Vec<Option<f64>> = score.iter().zip(&count).map(|(s, &n)| (n > 0).then(|| s / n as f64)).collect();
    let places = index::ranks(&means);
    let mut rows: Vec<IndexRank> = (0..units)
        .filter_map(|u| {
            let shares = parts.iter().map(|p| if score[u] == 0.0 { 0.0 } else { p[u] / score[u] }).collect();
            Some(IndexRank { unit: panel.units[u].clone(), score: means[u]?, rank: places[u]? as usize, shares })
        })
        .collect();
    rows.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.unit.cmp(&b.unit)));
    rows
}

fn by_period(scores: &[f64], panel: &Panel) -> Vec<(f64, f64)> {
    let of = |t: usize| -> Option<Summary> {
        let values: Vec<f64> =
            scores.iter().zip(panel.time.iter()).filter(|(_, p)| **p as usize == t).map(|(s, _)| *s).collect();
        summary(values)
    };
    (0..panel.times.len()).filter_map(|t| Some((panel.times[t], of(t)?.mean))).collect()
}
