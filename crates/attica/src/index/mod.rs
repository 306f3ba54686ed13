//! Composite indices: many indicators, one score per row.
//!
//! [`compute`] scales each indicator by its direction ([`scale`]), weighs the indicators
//! ([`weigh`]: entropy, equal, given, or first principal component) and scores the rows
//! ([`score`]: TOPSIS closeness or weighted sum). Whatever the literature does in more than one way
//! is a field of [`Options`]; the defaults are the pooled forms, whose scores of different years lie on
//! one scale.
//!
//! Sources: Shannon (1948); Hwang and Yoon (1981), *Multiple Attribute Decision Making*.

mod check;
mod options;
mod scale;
mod score;
mod span;
mod weigh;

use serde::{Deserialize, Serialize};

use crate::ledger::Ledger;
use crate::message::{Result, Warning};
pub use options::{Base, Direction, Distance, Levels, LogRows, Method, Norm, Options, Over, Proportions, Zeros};
use span::Spans;

/// One indicator: a column of the table, which way is better, and the dimension it belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Indicator<'a> {
    /// Name, as in the table.
    pub name: &'a str,
    /// Dimension; the same for all indicators when there is only one.
    pub dimension: &'a str,
    /// Which values are good.
    pub direction: Direction,
    /// One value per row; NaN is missing.
    pub values: &'a [f64],
}

/// The weight of an indicator, or of a dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// Period the weight belongs to; `None` when one weight serves all periods.
    pub period: Option<u32>,
    /// Dimension.
    pub dimension: String,
    /// Indicator; `None` for the dimension as a whole.
    pub indicator: Option<String>,
    /// Entropy e in `[0, 1]`, where weights come from entropy.
    pub entropy: Option<f64>,
    /// Divergence g = 1 - e.
    pub divergence: Option<f64>,
    /// Weight; the indicators' weights of a period sum to 1 (to unit length of squares under `pca`).
    pub weight: f64,
}

/// The ideal and the worst point that rows are measured against, in the order of the indicators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ideal {
    /// Period; `None` when one pair of points serves all periods.
    pub period: Option<u32>,
    /// Best value of each (weighted, normalised) indicator.
    pub best: Vec<f64>,
    /// Worst value of each.
    pub worst: Vec<f64>,
}

/// A composite index and all that is needed to check it by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// One entry per indicator (and per period when weights are yearly).
    pub weights: Vec<Weight>,
    /// One entry per dimension (and period), in order of first appearance.
    pub dimensions: Vec<Weight>,
    /// The weights with ln(rows) in place of ln(periods); filled under [`LogRows::Periods`] only.
    pub corrected: Vec<Weight>,
    /// One score per row; `None` where an indicator is missing.
    pub scores: Vec<Option<f64>>,
    /// `contributions[dimension][row]`: the part of the score that a dimension accounts for. Under
    /// TOPSIS the score is split as the squared distance from the worst point splits; in a weighted
    /// sum it is the dimension's part of the sum. Parts add up to the score.
    pub contributions: Vec<Vec<Option<f64>>>,
    /// Distance of each row to the ideal and to the worst point; empty when the method has none.
    pub distances: Vec<Option<(f64, f64)>>,
    /// Rank of each row among all scored rows, 1 is the highest score; ties share the better rank.
    pub ranks: Vec<Option<u32>>,
    /// Ideal and worst points; empty when the method has none.
    pub ideals: Vec<Ideal>,
    /// Share of the indicators' variance that the first principal component carries.
    pub explained: Option<f64>,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
    /// Rows read, rows without a score and why, rows scored.
    pub ledger: Ledger,
}

/// Computes an index over all rows.
///
/// `period` holds one label per row (years, or codes of years) and may be absent when no option
/// needs it. Rows in which an indicator is missing get no score and enter no minimum, proportion or
/// ideal point.
///
/// # Errors
/// `E504` columns of different lengths; `E302` infinite values; `E304` an indicator without any value;
/// `E305` an indicator that does not vary; `E317` proportions that are negative or entropies above 1;
/// `E602` options that contradict one another; `E605` an indicator listed twice; `E701` fewer than two
/// complete rows.
pub fn compute(indicators: &[Indicator], period: Option<&[u32]>, options: &Options) -> Result<Index> {
    let sample = check::sample(indicators, period, options)?;
    let columns: Vec<Vec<f64>> =
        indicators.iter().map(|i| sample.rows.iter().map(|&row| i.values[row]).collect()).collect();
    let over = |over: Over| Spans::new(over, sample.period.as_deref(), columns[0].len(), options.base);
    let scaling = over(options.normalisation)?;
    let scaled = indicators
        .iter()
        .zip(&columns)
        .map(|(indicator, x)| scale::scale(indicator, x, &scaling, options.zeros))
        .collect::<Result<Vec<_>>>()?;

    let weights = weigh::weigh(indicators, &columns, &scaled, &over(options.weights)?, &sample, options)?;
    let ideal_spans = over(options.ideal)?;
    let scored = match options.method {
        Method::EntropyTopsis | Method::Topsis => {
            score::topsis(indicators, &columns, &scaled, &weights, &scaling, &ideal_spans, options)?
        }
        Method::Entropy => score::weighted_sum(indicators, &scaled, &weights),
        Method::Pca => score::weighted_sum(indicators, &weights.standard, &weights),
    };

    let warnings = check::warnings(&scored.scores, options, &weights);
    let rows = sample.ledger.read;
    let spread = |values: Vec<f64>| sample.spread(rows, values);
    let scores = spread(scored.scores);
    Ok(Index {
        ranks: ranks(&scores),
        scores,
        contributions: scored.parts.into_iter().map(spread).collect(),
        distances: if scored.distances.is_empty() { Vec::new() } else { sample.spread(rows, scored.distances) },
        ideals: scored.ideals,
        explained: weights.explained,
        weights: weights.indicators,
        dimensions: weights.dimensions,
        corrected: weights.corrected,
        warnings,
        ledger: sample.ledger,
    })
}

/// The index of a resample: scores of the rows `rows` (repeats allowed), with bounds, weights and ideal
/// points taken from the resample itself. Drawing whole units and refitting what uses the index gives
/// standard errors that count the index's own uncertainty.
///
/// # Errors
/// As [`compute`].
pub fn resample(
    indicators: &[Indicator],
    period: Option<&[u32]>,
    rows: &[u32],
    options: &Options,
) -> Result<Vec<Option<f64>>> {
    let drawn: Vec<Vec<f64>> =
        indicators.iter().map(|i| rows.iter().map(|&row| i.values[row as usize]).collect()).collect();
    let indicators: Vec<_> =
        indicators.iter().zip(&drawn).map(|(indicator, values)| Indicator { values, ..*indicator }).collect();
    let period: Option<Vec<u32>> = period.map(|period| rows.iter().map(|&row| period[row as usize]).collect());
    Ok(compute(&indicators, period.as_deref(), options)?.scores)
}

/// Rank of each score, 1 for the highest; ties share the better rank, an absent score has none.
pub fn ranks(scores: &[Option<f64>]) -> Vec<Option<u32>> {
    let mut order: Vec<(f64, usize)> = scores.iter().enumerate().filter_map(|(i, s)| s.map(|s| (s, i))).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut ranks = vec![None; scores.len()];
    let mut rank = 1;
    for (place, &(score, row)) in order.iter().enumerate() {
        if place > 0 && score < order[place - 1].0 {
            rank = place as u32 + 1;
        }
        ranks[row] = Some(rank);
    }
    ranks
}
