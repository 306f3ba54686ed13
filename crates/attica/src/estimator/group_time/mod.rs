//! Effects on one cohort in one period, their averages, and the influence of every cluster on both:
//! what all estimators of group-time effects share (Callaway and Sant'Anna 2021, section 3; R `aggte`).

mod average;
mod dense;
mod inference;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::average::{Combination, Combinations, EventTimes};
pub use self::dense::{Average, Averages, averages_of, by_calendar, by_event_time, by_group, over_event_times, simple};
pub use self::inference::{Aggregation, Aggregations, AverageRow, CellRow, Inference, Uncertainty};
use super::influence::{Block, Influences};

/// The effect on one cohort in one period.
///
/// Influences are sums over a cluster divided by the sample size (small-sample factor included, if there
/// is one), so that the product of two of them is a covariance. An empty influence is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Cohort: first treated period.
    pub group: f64,
    /// Period.
    pub time: f64,
    /// Periods since adoption.
    pub event_time: i64,
    /// The period that changes are measured from, where it is a single one.
    pub base: Option<f64>,
    /// Effect.
    pub estimate: f64,
    /// Influence of each cluster.
    pub influence: Vec<f64>,
    /// True where the effect is zero by construction.
    pub is_reference: bool,
    /// Weight in averages: the share of the cohort, or of its treated rows, on any scale.
    pub weight: f64,
    /// Influence of each cluster on the weight, where shares count as estimated.
    pub weight_influence: Option<Arc<[f64]>>,
    /// Treated units (or rows) behind it.
    pub n_treated: usize,
    /// Controls behind it, where the estimator has some of its own in each cell.
    pub n_control: Option<usize>,
}

/// A [`Cell`] whose influences are columns of a table that all cells share.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Cohort: first treated period.
    pub group: f64,
    /// Period.
    pub time: f64,
    /// Periods since adoption.
    pub event_time: i64,
    /// The period that changes are measured from, where it is a single one.
    pub base: Option<f64>,
    /// Effect.
    pub estimate: f64,
    /// True where the effect is zero by construction.
    pub is_reference: bool,
    /// Weight in averages, on any scale.
    pub weight: f64,
    /// Which of the influences is that on the weight, where shares count as estimated.
    pub weight_column: Option<usize>,
    /// Treated units (or rows) behind it.
    pub n_treated: usize,
    /// Controls behind it.
    pub n_control: Option<usize>,
}

/// Effects by cohort and period with their influences: that on `points[i]` is number `i`; those on weights
/// come after all points.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupTime {
    /// Effects.
    pub points: Vec<Point>,
    /// Influences on effects and weights.
    pub influences: Influences,
}

/// What an average is of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// A cohort.
    Group(f64),
    /// Periods since adoption.
    EventTime(i64),
    /// A period.
    Time(f64),
}

impl GroupTime {
    /// Adds averages that carry their own influences, cluster by cluster; `members` are the clusters of the blocks, in
    /// their order.
    pub fn add_averages(&mut self, averages: Vec<Average>, members: &[u32]) -> Vec<Combination> {
        let Influences { estimates, blocks } = &mut self.influences;
        let first = *estimates;
        *estimates += averages.len();
        let mut rest = members;
        for block in blocks {
            let (own, after) = rest.split_at(block.clusters());
            let known = block.features.len();
            block.loads = std::mem::take(&mut block.loads).resize(*estimates, known + averages.len(), 0.0);
            for (k, average) in averages.iter().enumerate() {
                block.loads[(first + k, known + k)] = 1.0;
                block.features.push(own.iter().map(|&cluster| average.influence[cluster as usize]).collect());
            }
            rest = after;
        }
        let combination = |(k, average): (usize, Average)| {
            let mut loads = vec![0.0; *estimates];
            loads[first + k] = 1.0;
            Combination { at: average.at, estimate: average.estimate, loads, n: average.n }
        };
        averages.into_iter().enumerate().map(combination).collect()
    }

    /// Cells whose influences are at hand cluster by cluster.
    pub fn of_cells(cells: &[Cell]) -> Self {
        Self::of_owned(cells.to_vec())
    }

    /// [`GroupTime::of_cells`] that nobody else needs.
    pub fn of_owned(cells: Vec<Cell>) -> Self {
        let mut weights: Vec<Arc<[f64]>> = Vec::new();
        for own in cells.iter().filter_map(|cell| cell.weight_influence.as_ref()) {
            if !weights.iter().any(|known| Arc::ptr_eq(known, own)) {
                weights.push(Arc::clone(own));
            }
        }
        let count = cells.len();
        let (mut features, mut columns, mut points) = (Vec::new(), Vec::new(), Vec::with_capacity(count));
        for (column, cell) in cells.into_iter().enumerate() {
            if !cell.influence.is_empty() {
                columns.push(column);
                features.push(cell.influence);
            }
            let own = |own: &Arc<[f64]>| weights.iter().position(|known| Arc::ptr_eq(known, own));
            points.push(Point {
                group: cell.group,
                time: cell.time,
                event_time: cell.event_time,
                base: cell.base,
                estimate: cell.estimate,
                is_reference: cell.is_reference,
                weight: cell.weight,
                weight_column: cell.weight_influence.as_ref().and_then(own).map(|k| count + k),
                n_treated: cell.n_treated,
                n_control: cell.n_control,
            });
        }
        let estimates = count + weights.len();
        columns.extend(count..estimates);
        features.extend(weights.iter().map(|weight| weight.to_vec()));
        let blocks = vec![Block::of_columns(estimates, &columns, features)];
        Self { points, influences: Influences { estimates, blocks } }
    }
}
