//! Taking fixed effects out of columns, and counting the degrees of freedom that they cost.
//!
//! The structure decides how: no effect, nothing; one effect, its exact projection; two plain
//! effects of which one has few levels, one dense system; any other number of plain effects, a sparse system in their
//! levels, by a factor or by conjugate gradients; slopes beside other effects, conjugate gradients over exact
//! projections. All columns of a regression go through one prepared [`Absorber`].

mod block;
mod direct;
mod envelope;
mod iterate;
mod levels;
mod network;
mod order;
mod pair;

use std::borrow::Cow;

use rayon::prelude::*;

pub use levels::{components, intersect, is_nested, singletons, take_codes};

use crate::design::{Codes, Effect};
use crate::math::cross::columns_worth_a_thread;
use crate::message::{Problem, Result};
use block::{Block, norm};
use network::Network;
use pair::Pair;

/// A share of the norm above this one, left in the span of the effects, is no answer.
const TOLERANCE: f64 = 1e-10;

/// One exact projection.
enum Part<'a> {
    One(Block<'a>),
    Two(Box<Pair<'a>>),
}

impl Part<'_> {
    fn remove(&self, column: &mut [f64], sums: &mut Vec<f64>) {
        match self {
            Self::One(block) => block.remove(column, sums),
            Self::Two(pair) => pair.remove(column),
        }
    }
}

/// What effects leave of columns.
pub struct Left {
    /// One for each column.
    pub columns: Vec<Vec<f64>>,
    /// What the effects fit in the cell of the first level of each, where they go in closed form; otherwise empty.
    pub base: Vec<f64>,
}

/// Prepared to take a set of effects out of any number of columns.
pub struct Absorber<'a> {
    parts: Vec<Part<'a>>,
    /// Several plain effects that are no pair; there are no parts then.
    network: Option<Network<'a>>,
    weights: Option<&'a [f64]>,
    names: Vec<&'a str>,
}

impl<'a> Absorber<'a> {
    /// Prepares for `effects`, projecting under `weights`.
    pub fn new(effects: &'a [Effect], weights: Option<&'a [f64]>) -> Self {
        let names = effects.iter().map(|e| e.by.name.as_str()).collect();
        let mut spanned = vec![false; effects.len()];
        if effects.len() > 2 {
            // An effect that is coarser than another one is in its span: one projection less.
            for (i, coarse) in effects.iter().enumerate() {
                spanned[i] = coarse.slopes.is_empty()
                    && effects.iter().enumerate().any(|(j, fine)| {
                        j != i
                            && !spanned[j]
                            && fine.intercept
                            && (fine.by.levels > coarse.by.levels || j < i)
                            && is_nested(&fine.by, &coarse.by)
                    });
            }
        }
        let left: Vec<&Effect> = effects.iter().zip(&spanned).filter(|(_, s)| !**s).map(|(e, _)| e).collect();
        if left.len() > 1 && left.iter().all(|e| is_plain(e)) && !(left.len() == 2 && first_pair(&left).is_some()) {
            let codes: Vec<&Codes> = left.iter().map(|e| &e.by).collect();
            return Self { parts: Vec::new(), network: Some(Network::new(&codes, weights)), weights, names };
        }
        let (mut left, mut parts) = (left, Vec::new());
        if let Some((i, j)) = first_pair(&left)
            && let Some(pair) = Pair::new(&left[i].by, &left[j].by, weights)
        {
            parts.push(Part::Two(Box::new(pair)));
            left.remove(j);
            left.remove(i);
        }
        parts.extend(left.into_iter().map(|effect| Part::One(Block::new(effect, weights))));
        Self { parts, network: None, weights, names }
    }

    /// What the effects leave of the columns.
    ///
    /// # Errors
    /// Those of [`Absorber::remove`].
    pub fn left(&self, columns: Vec<Cow<'_, [f64]>>) -> Result<Left> {
        let worth = columns_worth_a_thread(columns.first().map_or(0, |column| column.len()));
        let columns = columns.into_par_iter().with_min_len(worth);
        match &self.parts[..] {
            [Part::Two(pair)] => {
                let (columns, base) = columns.map(|column| pair.left(&column)).unzip();
                return Ok(Left { columns, base });
            }
            [Part::One(block)] if block.base_cell().is_some() => {
                let (columns, base) = columns.filter_map(|column| block.left(&column)).unzip();
                return Ok(Left { columns, base });
            }
            _ => {}
        }
        let mut columns: Vec<Vec<f64>> = columns.map(Cow::into_owned).collect();
        let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        self.remove(&mut views)?;
        Ok(Left { columns, base: Vec::new() })
    }

    /// Takes the effects out of the columns, in place; columns in parallel.
    ///
    /// # Errors
    /// `E702` when the iteration leaves more than 1e-10 of a column's norm in the span of the effects.
    pub fn remove(&self, columns: &mut [&mut [f64]]) -> Result<()> {
        let one = |column: &mut [f64]| -> Result<()> {
            let mut sums = Vec::new();
            if let Some(network) = &self.network {
                let left = network.remove(column);
                return self.checked(left.share, left.converged);
            }
            match &self.parts[..] {
                [] => Ok(()),
                [part] => {
                    part.remove(column, &mut sums);
                    Ok(())
                }
                parts => {
                    let error = iterate::remove(parts, column, self.weights, &mut sums);
                    self.checked(error, true)
                }
            }
        };
        let cells: usize = columns.iter().map(|c| c.len()).sum();
        if cells < 100_000 {
            columns.iter_mut().try_for_each(|column| one(column))
        } else {
            columns.par_iter_mut().map(|column| one(column)).collect()
        }
    }

    /// Nothing when the effects are out of a column to the tolerance, else `E702`.
    fn checked(&self, error: f64, converged: bool) -> Result<()> {
        if converged && error <= TOLERANCE {
            return Ok(());
        }
        let message = format!(
            "taking out the effects {} did not converge: {error:.1e} of a column's norm is left in their span, where {TOLERANCE:.0e} is allowed; nothing is estimated",
            self.names.join(", ")
        );
        Err(Problem::new("E702", message)
            .fix("look for effects that are connected by very few rows, or absorb one of them less"))
    }

    /// The effects of both sides of a two-effect model (first effect, second effect) that fit
    /// `column` best, up to a constant per component; `None` for any other structure.
    pub fn two_effects(&self, effects: &[Effect], column: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
        let ([Part::Two(pair)], [a, b]) = (&self.parts[..], effects) else { return None };
        let (large, small) = pair.solve(column);
        Some(if Pair::swapped(&a.by, &b.by) { (small, large) } else { (large, small) })
    }

    /// The constant of explicit dummies, whose base is the first level of every effect, as a functional of a column: the
    /// sum over rows of weight times value times the entries of the row's levels, one list for each of `effects`, is
    /// what they fit in the base cell. `None` when they are neither one effect nor two connected ones in closed form.
    pub fn base_cell(&self, effects: &[Effect]) -> Option<Vec<Vec<f64>>> {
        match (&self.parts[..], effects) {
            ([Part::One(block)], [_]) => Some(vec![block.base_cell()?]),
            ([Part::Two(pair)], [a, b]) => {
                let (large, small) = pair.base_cell()?;
                Some(if Pair::swapped(&a.by, &b.by) { vec![small, large] } else { vec![large, small] })
            }
            _ => None,
        }
    }

    /// Norm of a column under the weights.
    pub fn norm(&self, column: &[f64]) -> f64 {
        norm(column, self.weights)
    }
}

/// Intercepts and no slopes.
fn is_plain(effect: &Effect) -> bool {
    effect.intercept && effect.slopes.is_empty()
}

/// The first two effects without slopes of which one has few enough levels for a dense system.
fn first_pair(effects: &[&Effect]) -> Option<(usize, usize)> {
    let pairs = (0..effects.len()).flat_map(|i| (i + 1..effects.len()).map(move |j| (i, j)));
    pairs.into_iter().find(|&(i, j)| {
        is_plain(effects[i])
            && is_plain(effects[j])
            && effects[i].by.levels.min(effects[j].by.levels) <= Pair::LIMIT
            && effects[i].by.levels.max(effects[j].by.levels) > 1
    })
}

/// An effect's share in the degrees of freedom: one entry for its intercepts, one per slope.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// `city`, or `city[trend]` for a slope.
    pub name: String,
    /// Which effect it belongs to.
    pub effect: usize,
    /// Intercepts, not slopes.
    pub intercept: bool,
    /// Levels.
    pub levels: usize,
    /// Levels of a slope that do not identify it (it does not vary in them).
    pub flat: usize,
    /// For intercepts: connected components with the intercepts of every earlier share (0 for
    /// slopes). The number is how many levels the earlier one makes redundant.
    pub shared: Vec<usize>,
}

impl Share {
    /// Redundant levels given which earlier shares count (pairwise: the largest overlap with one of
    /// them, exact for two effects and a lower bound for more; Abowd, Creecy and Kramarz 2002).
    pub fn redundant(&self, counts: impl Fn(usize) -> bool) -> usize {
        let overlap = self.shared.iter().enumerate().filter(|(i, _)| counts(*i)).map(|(_, s)| *s).max();
        self.flat + overlap.unwrap_or(0)
    }
}

/// The shares of all effects in order.
pub fn shares(effects: &[Effect]) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    let mut intercepts: Vec<Option<&Codes>> = Vec::new();
    for (number, effect) in effects.iter().enumerate() {
        let levels = effect.by.levels;
        if effect.intercept {
            let shared =
                intercepts.iter().map(|earlier| earlier.map_or(0, |codes| components(codes, &effect.by).1)).collect();
            shares.push(Share {
                name: effect.by.name.clone(),
                effect: number,
                intercept: true,
                levels,
                flat: 0,
                shared,
            });
            intercepts.push(Some(&effect.by));
        }
        if effect.slopes.is_empty() {
            continue;
        }
        let block = Block::new(effect, None);
        for ((slope, _), flat) in effect.slopes.iter().zip(&block.redundant) {
            let name = format!("{}[{slope}]", effect.by.name);
            let shared = vec![0; intercepts.len()];
            shares.push(Share { name, effect: number, intercept: false, levels, flat: *flat, shared });
            intercepts.push(None);
        }
    }
    shares
}
