//! The effect on an index whose weights are estimated too: units (or clusters) are drawn with all their rows, and each
//! draw computes bounds, weights, scores and effect again. What the usual standard error leaves out is the difference
//! from draws that keep the scores.
//!
//! A unit that is drawn twice is one unit with twice the weight, for copies share their fixed effect; so a draw takes
//! rows and weights from the design instead of building another one, and the effect is a ratio of two sums.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::regressor;
use super::twfe_weights::remainder;
use crate::design::{Design, WeightKind, Weights};
use crate::index::{Indicator, Options, resample};
use crate::math::cross::weighted_dot;
use crate::math::random::stream;
use crate::message::{Problem, Result};

/// The index that is the outcome, with one value per row of the frame.
#[derive(Clone, Copy, Debug)]
pub struct IndexOutcome<'a> {
    /// Indicators.
    pub indicators: &'a [Indicator<'a>],
    /// Period of each row.
    pub period: &'a [u32],
    /// How indicators become one number.
    pub options: &'a Options,
    /// The scores in use.
    pub scores: &'a [f64],
    /// Cluster of each row, `0..levels`; clusters are drawn as a whole and contain whole units.
    pub clusters: &'a [u32],
}

/// Draws of the effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JointDraws {
    /// The effect in the data.
    pub estimate: f64,
    /// With index and effect estimated again in each draw.
    pub joint: Vec<f64>,
    /// The effect alone estimated again, in the same draws.
    pub fixed: Vec<f64>,
    /// Draws without an index or an effect, which do not count.
    pub failed: usize,
    /// Clusters drawn.
    pub clusters: usize,
}

/// Draws the effect of `treatment` in `design`, whose outcome is `index`.
///
/// # Errors
/// `E603` unknown treatment, `E206` one without variation, `E404` one cluster; `E607` fewer than two draws with an effect.
pub fn joint_index(
    design: &Design,
    treatment: &str,
    index: &IndexOutcome<'_>,
    draws: usize,
    seed: u64,
) -> Result<JointDraws> {
    let mut rows_of: Vec<Vec<u32>> = Vec::new();
    for (row, &cluster) in index.clusters.iter().enumerate() {
        if rows_of.len() <= cluster as usize {
            rows_of.resize(cluster as usize + 1, Vec::new());
        }
        rows_of[cluster as usize].push(row as u32);
    }
    let clusters = rows_of.len();
    if clusters < 2 {
        return Err(Problem::new("E404", "a bootstrap over clusters needs at least two of them"));
    }
    let estimate = effect(design, treatment, index.scores)?;
    let draw = |number: u64| -> Option<(f64, f64)> {
        let mut random = stream(seed, number);
        let mut times = vec![0_u32; clusters];
        (0..clusters).for_each(|_| times[random.index(clusters)] += 1);
        let mut rows = Vec::with_capacity(index.clusters.len());
        for (cluster, &n) in times.iter().enumerate() {
            (0..n).for_each(|_| rows.extend_from_slice(&rows_of[cluster]));
        }
        let drawn = resample(index.indicators, Some(index.period), &rows, index.options).ok()?;
        let mut scores = vec![f64::NAN; index.clusters.len()];
        rows.iter().zip(drawn).for_each(|(&row, score)| scores[row as usize] = score.unwrap_or(f64::NAN));
        let again = weighted(design, index.clusters, &times);
        Some((effect(&again, treatment, &scores).ok()?, effect(&again, treatment, index.scores).ok()?))
    };
    let found: Vec<Option<(f64, f64)>> = (0..draws as u64).into_par_iter().map(draw).collect();
    let failed = found.iter().filter(|one| one.is_none()).count();
    let (joint, fixed): (Vec<f64>, Vec<f64>) = found.into_iter().flatten().unzip();
    if joint.len() < 2 {
        return Err(Problem::new("E607", format!("{failed} of {draws} draws have no index or no effect"))
            .fix("look for indicators that vary within few units only"));
    }
    Ok(JointDraws { estimate, joint, fixed, failed, clusters })
}

/// The rows of clusters that are drawn, each with as much weight as its cluster has draws.
fn weighted(design: &Design, clusters: &[u32], times: &[u32]) -> Design {
    let drawn = |row: usize| times[clusters[design.sample[row] as usize] as usize];
    let rows: Vec<u32> = (0..design.rows()).filter(|&row| drawn(row) > 0).map(|row| row as u32).collect();
    let mut taken = design.take(&rows);
    let given = taken.weights.take();
    let values = rows
        .iter()
        .enumerate()
        .map(|(at, &row)| f64::from(drawn(row as usize)) * given.as_ref().map_or(1.0, |weights| weights.values[at]));
    let kind = given.as_ref().map_or(WeightKind::Frequency, |weights| weights.kind);
    let values = values.collect();
    taken.weights = Some(Weights { name: "draws".to_owned(), kind, values });
    taken
}

/// The coefficient of `treatment` with `scores` (one per row of the frame) as outcome.
fn effect(design: &Design, treatment: &str, scores: &[f64]) -> Result<f64> {
    let dose = regressor(design, treatment)?;
    let weights = design.weights.as_ref().map(|weights| &weights.values[..]);
    let left = remainder(design, treatment, dose, weights)?;
    let outcome: Vec<f64> = design.sample.iter().map(|&row| scores[row as usize]).collect();
    Ok(weighted_dot(&left, &outcome, weights) / weighted_dot(&left, dose, weights))
}

/// Standard deviation of draws (N - 1).
pub fn deviation(draws: &[f64]) -> f64 {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    (draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}
