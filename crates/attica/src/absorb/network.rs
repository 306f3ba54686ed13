//! Any number of plain effects. The one with most levels leaves every column exactly, level by level; what is left is
//! a system in the levels of the others, solved by a factor where that stays sparse and by conjugate gradients where not.
//!
//! With D the dummies of the other effects and M the projection off the largest one, the system is `S z = D'My`,
//! `S = D'MD`. Rows are kept in the order of the largest effect, so that a pass over them applies M and D' at once.

use std::borrow::Cow;

use super::block::norm;
use super::direct::Direct;
use crate::design::Codes;
use crate::math::cross::dot;

/// Rounds of solving and measuring what is left.
const ROUNDS: usize = 6;
/// Steps of conjugate gradients in one round.
const STEPS: usize = 10_000;
/// A share of a column's norm that is not worth another round.
const NOTHING: f64 = 1e-14;

/// What a column has left in the span of the effects.
pub(super) struct Left {
    /// Share of the column's norm by the last measurement.
    pub(super) share: f64,
    /// False when the last round ended before it had solved the system.
    pub(super) converged: bool,
}

/// The prepared system.
pub(super) struct Network<'a> {
    /// Rows in the order of the largest effect; none where they have it already.
    order: Option<Vec<u32>>,
    /// Rows (in that order) of each of its levels: `starts[i]..starts[i + 1]`.
    pub(super) starts: Vec<u32>,
    /// One over the weight of each of its levels.
    pub(super) inverse: Vec<f64>,
    /// Levels of the other effects, `sides` to a row, numbered on from effect to effect.
    pub(super) links: Vec<u32>,
    /// Number of other effects.
    pub(super) sides: usize,
    /// Weights in that order.
    weights: Option<Cow<'a, [f64]>>,
    /// Weight of each level of the other effects.
    pub(super) totals: Vec<f64>,
    direct: Option<Direct>,
    /// Weights as they came.
    given: Option<&'a [f64]>,
}

impl<'a> Network<'a> {
    /// Prepares for at least two effects.
    pub(super) fn new(effects: &[&'a Codes], weights: Option<&'a [f64]>) -> Self {
        let mut effects = effects.to_vec();
        effects.sort_by_key(|effect| std::cmp::Reverse(effect.levels));
        let (large, others) = (effects[0], &effects[1..]);
        let rows = large.codes.len();
        let (order, starts) = grouped(&large.codes, large.levels);
        let at = |position: usize| order.as_ref().map_or(position, |order| order[position] as usize);

        let sides = others.len();
        let mut links = vec![0; rows * sides];
        let mut offset = 0;
        for (side, effect) in others.iter().enumerate() {
            for (position, link) in links.iter_mut().skip(side).step_by(sides).enumerate() {
                *link = offset + effect.codes[at(position)];
            }
            offset += effect.levels as u32;
        }
        let sorted = weights.map(|w| match &order {
            None => Cow::Borrowed(w),
            Some(order) => Cow::Owned(order.iter().map(|&row| w[row as usize]).collect()),
        });
        let mut network = Self {
            order,
            starts,
            inverse: Vec::new(),
            links,
            sides,
            weights: sorted,
            totals: vec![0.0; offset as usize],
            direct: None,
            given: weights,
        };
        for (position, links) in network.links.chunks_exact(sides).enumerate() {
            let weight = network.weight(position);
            for &level in links {
                network.totals[level as usize] += weight;
            }
        }
        let total = |i: usize| -> f64 { network.rows_of(i).map(|position| network.weight(position)).sum() };
        network.inverse = (0..large.levels).map(total).map(|w| if w > 0.0 { 1.0 / w } else { 0.0 }).collect();
        network.direct = Direct::new(&network, others[0].levels);
        network
    }

    /// Positions of the rows of a level of the largest effect.
    pub(super) fn rows_of(&self, level: usize) -> std::ops::Range<usize> {
        self.starts[level] as usize..self.starts[level + 1] as usize
    }

    pub(super) fn weight(&self, position: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[position])
    }

    /// Takes the effects out of `column`, in place.
    pub(super) fn remove(&self, column: &mut [f64]) -> Left {
        let scale = norm(column, self.given);
        if scale == 0.0 {
            return Left { share: 0.0, converged: true };
        }
        let Some(order) = &self.order else { return self.in_order(column, scale) };
        let mut sorted: Vec<f64> = order.iter().map(|&row| column[row as usize]).collect();
        let left = self.in_order(&mut sorted, scale);
        for (&row, value) in order.iter().zip(sorted) {
            column[row as usize] = value;
        }
        left
    }

    fn in_order(&self, column: &mut [f64], scale: f64) -> Left {
        let mut sums = vec![0.0; self.totals.len()];
        self.subtract(column, &vec![0.0; self.totals.len()], &mut sums);
        let (mut left, mut direct) = (Left { share: f64::INFINITY, converged: false }, self.direct.as_ref());
        for _ in 0..ROUNDS {
            let (levels, converged) = match direct {
                Some(direct) => (direct.solve(&sums), true),
                None => self.conjugate_gradients(&sums, scale),
            };
            // What is in the span has the squared norm z'Sz; a factor that grounded too much shows in the sums themselves.
            let energy = dot(&sums, &levels).max(0.0).sqrt() / scale;
            let steep = self.scaled(&sums).sqrt() / scale;
            let share = energy.max(steep);
            let stuck = share > 0.5 * left.share && share > 1e-12;
            let is_done = converged && (share <= NOTHING || (share > 0.5 * left.share && share <= 1e-12));
            left = Left { share, converged };
            if is_done {
                break;
            }
            if stuck {
                direct = None;
            }
            self.subtract(column, &levels, &mut sums);
        }
        left
    }

    /// `sum s^2 / n` over the levels of the other effects: squares in the metric of the diagonal preconditioner.
    fn scaled(&self, sums: &[f64]) -> f64 {
        sums.iter().zip(&self.totals).filter(|(_, n)| **n > 0.0).map(|(s, n)| s * s / n).sum()
    }

    /// Subtracts the effects `levels` of the others and then the mean in each level of the largest effect; `sums` are
    /// those of what remains, weighted, by level of the others.
    fn subtract(&self, column: &mut [f64], levels: &[f64], sums: &mut [f64]) {
        match self.sides {
            1 => self.subtract_sides::<1>(column, levels, sums),
            2 => self.subtract_sides::<2>(column, levels, sums),
            _ => self.subtract_sides::<0>(column, levels, sums),
        }
    }

    /// `SIDES` other effects, known when the loop is compiled; 0 leaves it to be seen.
    fn subtract_sides<const SIDES: usize>(&self, column: &mut [f64], levels: &[f64], sums: &mut [f64]) {
        let sides = if SIDES == 0 { self.sides } else { SIDES };
        sums.fill(0.0);
        for i in 0..self.inverse.len() {
            let rows = self.rows_of(i);
            let links = &self.links[rows.start * sides..rows.end * sides];
            let own = &mut column[rows.clone()];
            let weights = self.weights.as_ref().map(|w| &w[rows.clone()]);
            let mut sum = 0.0;
            for (at, (y, links)) in own.iter_mut().zip(links.chunks_exact(sides)).enumerate() {
                *y -= links.iter().map(|&level| levels[level as usize]).sum::<f64>();
                sum += weights.map_or(1.0, |w| w[at]) * *y;
            }
            let mean = sum * self.inverse[i];
            for (at, (y, links)) in own.iter_mut().zip(links.chunks_exact(sides)).enumerate() {
                *y -= mean;
                let part = weights.map_or(1.0, |w| w[at]) * *y;
                for &level in links {
                    sums[level as usize] += part;
                }
            }
        }
    }

    /// `S z`, with room for the rows of one level in `fits`.
    fn image(&self, levels: &[f64], image: &mut [f64], fits: &mut Vec<f64>) {
        match self.sides {
            1 => self.image_sides::<1>(levels, image, fits),
            2 => self.image_sides::<2>(levels, image, fits),
            _ => self.image_sides::<0>(levels, image, fits),
        }
    }

    fn image_sides<const SIDES: usize>(&self, levels: &[f64], image: &mut [f64], fits: &mut Vec<f64>) {
        let sides = if SIDES == 0 { self.sides } else { SIDES };
        image.fill(0.0);
        for i in 0..self.inverse.len() {
            let rows = self.rows_of(i);
            let links = &self.links[rows.start * sides..rows.end * sides];
            let weights = self.weights.as_ref().map(|w| &w[rows.clone()]);
            fits.clear();
            fits.extend(links.chunks_exact(sides).map(|links| links.iter().map(|&l| levels[l as usize]).sum::<f64>()));
            let sum: f64 = match weights {
                None => fits.iter().sum(),
                Some(w) => fits.iter().zip(w).map(|(fit, w)| fit * w).sum(),
            };
            let mean = sum * self.inverse[i];
            for (at, (fit, links)) in fits.iter().zip(links.chunks_exact(sides)).enumerate() {
                let part = weights.map_or(1.0, |w| w[at]) * (fit - mean);
                for &level in links {
                    image[level as usize] += part;
                }
            }
        }
    }

    /// A solution of `S z = sums`, preconditioned by the weights of the levels, and whether it was reached.
    fn conjugate_gradients(&self, sums: &[f64], scale: f64) -> (Vec<f64>, bool) {
        let size = sums.len();
        let invert = |n: &f64| if *n > 0.0 { 1.0 / n } else { 0.0 };
        let precondition: Vec<f64> = self.totals.iter().map(invert).collect();
        let mut levels = vec![0.0; size];
        let mut residual = sums.to_vec();
        let mut direction: Vec<f64> = residual.iter().zip(&precondition).map(|(r, p)| r * p).collect();
        let mut square = dot(&residual, &direction);
        // Relative to where this round starts; the next round measures the rest anew.
        let enough = (1e-24 * square).max(1e-29 * scale * scale);
        let (mut image, mut fits) = (vec![0.0; size], Vec::new());
        for _ in 0..STEPS {
            if square <= enough {
                return (levels, true);
            }
            self.image(&direction, &mut image, &mut fits);
            let curvature = dot(&direction, &image);
            if curvature <= 0.0 {
                return (levels, true);
            }
            let step = square / curvature;
            let mut next = 0.0;
            for z in 0..size {
                levels[z] += step * direction[z];
                residual[z] -= step * image[z];
                next += residual[z] * residual[z] * precondition[z];
            }
            let ratio = next / square;
            for z in 0..size {
                direction[z] = residual[z] * precondition[z] + ratio * direction[z];
            }
            square = next;
        }
        (levels, square <= enough)
    }
}

/// Rows by level (none where they ascend already), and where each level begins.
fn grouped(codes: &[u32], levels: usize) -> (Option<Vec<u32>>, Vec<u32>) {
    let mut starts = vec![0_u32; levels + 1];
    for &code in codes {
        starts[code as usize + 1] += 1;
    }
    for i in 0..levels {
        starts[i + 1] += starts[i];
    }
    if codes.is_sorted() {
        return (None, starts);
    }
    let mut next = starts.clone();
    let mut order = vec![0; codes.len()];
    for (row, &code) in codes.iter().enumerate() {
        let slot = &mut next[code as usize];
        order[*slot as usize] = row as u32;
        *slot += 1;
    }
    (Some(order), starts)
}
