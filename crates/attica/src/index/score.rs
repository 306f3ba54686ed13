//! Scores: TOPSIS closeness and weighted sum.

use super::scale::bounds;
use super::span::Spans;
use super::weigh::{Weighed, dimensions, shifted};
use super::{Direction, Distance, Ideal, Indicator, Norm, Options};
use crate::message::{Problem, Result};

/// Scores of the complete rows.
pub(super) struct Scored {
    pub scores: Vec<f64>,
    /// `parts[dimension][row]`.
    pub parts: Vec<Vec<f64>>,
    pub distances: Vec<(f64, f64)>,
    pub ideals: Vec<Ideal>,
}

/// C = D- / (D+ + D-), distances to the best and the worst point.
pub(super) fn topsis(
    indicators: &[Indicator],
    columns: &[Vec<f64>],
    scaled: &[Vec<f64>],
    weights: &Weighed,
    scaling: &Spans,
    ideal: &Spans,
    options: &Options,
) -> Result<Scored> {
    // Under "once" the weight stands before the square; its root on the values is the same thing.
    let weight = |row: usize, j: usize| {
        let w = weights.by_group[weights.of_row[row]][j];
        if options.distance == Distance::Once { w.sqrt() } else { w }
    };
    let mut matrix: Vec<Vec<f64>> = Vec::with_capacity(indicators.len());
    let mut less_is_better = Vec::with_capacity(indicators.len());
    for (j, indicator) in indicators.iter().enumerate() {
        let raw = options.norm == Norm::Vector && matches!(indicator.direction, Direction::Benefit | Direction::Cost);
        let mut v = if raw { shifted(&columns[j], options.zeros) } else { scaled[j].clone() };
        if options.norm != Norm::Minmax {
            let lengths: Vec<f64> =
                scaling.fit.iter().map(|rows| rows.iter().map(|&row| v[row] * v[row]).sum::<f64>().sqrt()).collect();
            v.iter_mut().zip(&scaling.of_row).for_each(|(v, &group)| *v /= lengths[group]);
        }
        v.iter_mut().enumerate().for_each(|(row, v)| *v *= weight(row, j));
        less_is_better.push(raw && indicator.direction == Direction::Cost);
        matrix.push(v);
    }
    let ideals: Vec<Ideal> = ideal
        .fit
        .iter()
        .zip(&ideal.period)
        .map(|(rows, &period)| {
            let (best, worst) = matrix
                .iter()
                .zip(&less_is_better)
                .map(|(v, &less)| {
                    let (low, high) = bounds(v, rows);
                    if less { (low, high) } else { (high, low) }
                })
                .unzip();
            Ideal { period, best, worst }
        })
        .collect();

    let dimensions = dimensions(indicators);
    let rows = columns[0].len();
    let mut scored = Scored {
        scores: Vec::with_capacity(rows),
        parts: vec![Vec::with_capacity(rows); dimensions.len()],
        distances: Vec::with_capacity(rows),
        ideals: Vec::new(),
    };
    for row in 0..rows {
        let Ideal { best, worst, .. } = &ideals[ideal.of_row[row]];
        let square = |point: &[f64], j: usize| (matrix[j][row] - point[j]).powi(2);
        let to_best = (0..matrix.len()).map(|j| square(best, j)).sum::<f64>().sqrt();
        let from_worst = (0..matrix.len()).map(|j| square(worst, j)).sum::<f64>();
        let to_worst = from_worst.sqrt();
        if to_best + to_worst <= 0.0 {
            return Err(Problem::new(
                "E305",
                "the ideal and the worst point coincide, so no distance tells rows apart",
            )
            .fix("give weight to an indicator that varies"));
        }
        let score = to_worst / (to_best + to_worst);
        for (part, (_, members)) in scored.parts.iter_mut().zip(&dimensions) {
            let share: f64 = members.iter().map(|&j| square(worst, j)).sum();
            part.push(if from_worst > 0.0 { score * share / from_worst } else { 0.0 });
        }
        scored.scores.push(score);
        scored.distances.push((to_best, to_worst));
    }
    scored.ideals = ideals;
    Ok(scored)
}

/// S = sum of w z, with z scaled to `[0, 1]`, or standardised for the principal component.
pub(super) fn weighted_sum(indicators: &[Indicator], scaled: &[Vec<f64>], weights: &Weighed) -> Scored {
    let part = |members: &[usize], row: usize| -> f64 {
        let w = &weights.by_group[weights.of_row[row]];
        members.iter().map(|&j| w[j] * scaled[j][row]).sum()
    };
    let rows = scaled[0].len();
    let parts: Vec<Vec<f64>> =
        dimensions(indicators).iter().map(|(_, members)| (0..rows).map(|row| part(members, row)).collect()).collect();
    let all: Vec<usize> = (0..indicators.len()).collect();
    Scored { scores: (0..rows).map(|row| part(&all, row)).collect(), parts, distances: Vec::new(), ideals: Vec::new() }
}
