//! Effects on one cohort in one period, their averages, and the influence of every cluster on both:
//! what all estimators of group-time effects share (Callaway and Sant'Anna 2021, section 3; R `aggte`).
//!
//! Influences are sums over a cluster divided by the sample size (small-sample factor included, if there
//! is one), so that the product of two of them is a covariance. An empty influence is zero.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{Effect, Simulated};
use crate::fit::Term;
use crate::math::distribution::{normal_quantile, t_quantile, t_two_sided};

/// The effect on one cohort in one period.
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

/// An average effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    /// What it is of; none for an overall effect.
    pub at: Option<At>,
    /// Effect.
    pub estimate: f64,
    /// Influence of each cluster.
    pub influence: Vec<f64>,
    /// Treated units (or rows) behind it.
    pub n: usize,
}

/// One way of averaging: its rows, and one overall effect (none when no cell after adoption was estimated).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Averages {
    /// By cohort, event time or period.
    pub rows: Vec<Average>,
    /// Their average.
    pub overall: Option<Average>,
}

/// Which event times are averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EventTimes {
    /// First event time kept.
    pub min: Option<i64>,
    /// Last event time kept.
    pub max: Option<i64>,
    /// Only cohorts seen for at least this many periods after adoption, up to it.
    pub balance: Option<i64>,
}

/// Something to average.
struct Piece<'a> {
    estimate: f64,
    influence: &'a [f64],
    weight: f64,
    weight_influence: Option<&'a [f64]>,
    n: usize,
}

/// All cells after adoption, by weight.
pub fn simple(cells: &[Cell]) -> Averages {
    let post: Vec<&Cell> = cells.iter().filter(|cell| cell.event_time >= 0).collect();
    Averages { rows: Vec::new(), overall: weighted(None, &post) }
}

/// By cohort; overall: cohorts by their weight.
pub fn by_group(cells: &[Cell]) -> Averages {
    let post: Vec<&Cell> = cells.iter().filter(|cell| cell.event_time >= 0).collect();
    let mut groups: Vec<f64> = post.iter().map(|cell| cell.group).collect();
    groups.sort_by(f64::total_cmp);
    groups.dedup();
    let members = |group: f64| post.iter().copied().filter(move |cell| cell.group == group);
    let rows: Vec<Average> = groups
        .iter()
        .filter_map(|&group| weighted(Some(At::Group(group)), &members(group).collect::<Vec<_>>()))
        .collect();
    let sizes: Vec<(f64, Vec<f64>)> =
        groups.iter().map(|&group| mean_weight(&members(group).collect::<Vec<_>>())).collect();
    let pieces: Vec<Piece> = rows
        .iter()
        .zip(&sizes)
        .map(|(row, (weight, influence))| Piece {
            estimate: row.estimate,
            influence: &row.influence,
            weight: *weight,
            weight_influence: (!influence.is_empty()).then_some(&influence[..]),
            n: row.n,
        })
        .collect();
    let overall = combine(None, &pieces);
    Averages { rows, overall }
}

/// By period; overall: plain mean over periods.
pub fn by_calendar(cells: &[Cell]) -> Averages {
    let post: Vec<&Cell> = cells.iter().filter(|cell| cell.event_time >= 0).collect();
    let mut times: Vec<f64> = post.iter().map(|cell| cell.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let at = |time: f64| post.iter().copied().filter(|cell| cell.time == time).collect::<Vec<_>>();
    let rows: Vec<Average> = times.iter().filter_map(|&time| weighted(Some(At::Time(time)), &at(time))).collect();
    let overall = mean(rows.iter());
    Averages { rows, overall }
}

/// By periods since adoption; overall: plain mean over event times from zero on.
pub fn by_event_time(cells: &[Cell], kept: EventTimes) -> Averages {
    let step = |cell: &&Cell| {
        let inside =
            kept.min.is_none_or(|min| cell.event_time >= min) && kept.max.is_none_or(|max| cell.event_time <= max);
        inside && kept.balance.is_none_or(|balance| is_balanced(cells, cell, balance))
    };
    let used: Vec<&Cell> = cells.iter().filter(step).collect();
    let mut times: Vec<i64> = used.iter().map(|cell| cell.event_time).collect();
    times.sort_unstable();
    times.dedup();
    let at = |k: i64| used.iter().copied().filter(|cell| cell.event_time == k).collect::<Vec<_>>();
    let rows: Vec<Average> = times.iter().filter_map(|&k| weighted(Some(At::EventTime(k)), &at(k))).collect();
    over_event_times(rows)
}

/// Effects by event time with their plain mean from adoption on.
pub fn over_event_times(rows: Vec<Average>) -> Averages {
    let overall = mean(rows.iter().filter(|row| matches!(row.at, Some(At::EventTime(k)) if k >= 0)));
    Averages { rows, overall }
}

/// `aggte` keeps the cohorts with `balance` periods after adoption, and of these event times up to it and
/// as many before as the longest-seen cohort allows.
fn is_balanced(cells: &[Cell], cell: &Cell, balance: i64) -> bool {
    let last = cells.iter().filter(|c| c.group == cell.group).map(|c| c.event_time).max();
    let periods = 1 + cells.iter().map(|c| c.time).fold(f64::NEG_INFINITY, f64::max) as i64
        - cells.iter().map(|c| c.base.map_or(c.time, |base| base.min(c.time))).fold(f64::INFINITY, f64::min) as i64;
    last.is_some_and(|last| last >= balance) && cell.event_time <= balance && cell.event_time > balance - periods
}

fn weighted(at: Option<At>, cells: &[&Cell]) -> Option<Average> {
    let pieces: Vec<Piece> = cells
        .iter()
        .map(|cell| Piece {
            estimate: cell.estimate,
            influence: &cell.influence,
            weight: cell.weight,
            weight_influence: cell.weight_influence.as_deref(),
            n: cell.n_treated,
        })
        .collect();
    combine(at, &pieces)
}

fn mean<'a>(rows: impl Iterator<Item = &'a Average>) -> Option<Average> {
    let piece = |row: &'a Average| Piece {
        estimate: row.estimate,
        influence: &row.influence,
        weight: 1.0,
        weight_influence: None,
        n: row.n,
    };
    combine(None, &rows.map(piece).collect::<Vec<_>>())
}

/// Mean weight of cells, and its influence.
fn mean_weight(cells: &[&Cell]) -> (f64, Vec<f64>) {
    let m = cells.len() as f64;
    let mut influence = Vec::new();
    for own in cells.iter().filter_map(|cell| cell.weight_influence.as_deref()) {
        add(&mut influence, own, 1.0 / m);
    }
    (cells.iter().map(|cell| cell.weight).sum::<f64>() / m, influence)
}

/// The weighted mean, with the influence of estimated weights: for weights `w` and effects `b` with mean
/// `m`, the influence is `sum(w psi_b + (b - m) psi_w) / sum(w)`.
fn combine(at: Option<At>, pieces: &[Piece]) -> Option<Average> {
    let total: f64 = pieces.iter().map(|piece| piece.weight).sum();
    if pieces.is_empty() || total <= 0.0 {
        return None;
    }
    let estimate = pieces.iter().map(|piece| piece.weight * piece.estimate).sum::<f64>() / total;
    let mut influence = Vec::new();
    for piece in pieces {
        add(&mut influence, piece.influence, piece.weight / total);
        if let Some(own) = piece.weight_influence {
            add(&mut influence, own, (piece.estimate - estimate) / total);
        }
    }
    Some(Average { at, estimate, influence, n: pieces.iter().map(|piece| piece.n).sum() })
}

fn add(sum: &mut Vec<f64>, values: &[f64], factor: f64) {
    if sum.is_empty() {
        sum.resize(values.len(), 0.0);
    }
    if factor != 0.0 {
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += factor * value;
        }
    }
}

impl Averages {
    /// Covariance of the rows, row by row.
    pub fn covariance(&self) -> Vec<Vec<f64>> {
        let dot = |a: &Average, b: &Average| a.influence.iter().zip(&b.influence).map(|(x, y)| x * y).sum();
        self.rows.iter().map(|a| self.rows.iter().map(|b| dot(a, b)).collect()).collect()
    }

    /// The rows of an average by event time as an event study holds them.
    pub fn effects(&self) -> Vec<Effect> {
        let effect = |row: &Average| match row.at {
            Some(At::EventTime(event_time)) => {
                Some(Effect { event_time, binned: false, estimate: row.estimate, n: row.n })
            }
            _ => None,
        };
        self.rows.iter().filter_map(effect).collect()
    }
}

/// How standard errors and intervals follow from influences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inference {
    /// Confidence level.
    pub level: f64,
    /// Degrees of freedom of t statistics; none means normal.
    pub df: Option<f64>,
    /// Draws of the multiplier bootstrap; none means analytical.
    pub bootstrap: Option<usize>,
    /// Seed of draws and simulated critical values.
    pub seed: u64,
}

/// An average effect with its inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AverageRow {
    /// What it is of.
    #[serde(flatten)]
    pub at: At,
    /// Effect.
    pub estimate: f64,
    /// Standard error; none where the effect is zero by construction.
    pub std_error: Option<f64>,
    /// p-value.
    pub p_value: Option<f64>,
    /// Pointwise interval.
    pub conf_low: Option<f64>,
    /// Pointwise interval.
    pub conf_high: Option<f64>,
    /// Simultaneous band over the rows.
    pub band_low: Option<f64>,
    /// Simultaneous band over the rows.
    pub band_high: Option<f64>,
    /// Treated units (or rows) behind it.
    pub n: usize,
}

/// One way of averaging, with inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregation {
    /// The overall effect.
    pub overall: Option<Term>,
    /// By cohort, event time or period; none for `simple`.
    pub rows: Vec<AverageRow>,
    /// Critical value of the simultaneous band.
    pub sup_t: Option<f64>,
}

/// The averages that an estimator offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Aggregations {
    /// All cells after adoption.
    pub simple: Option<Aggregation>,
    /// By cohort.
    pub group: Option<Aggregation>,
    /// By periods since adoption.
    pub dynamic: Option<Aggregation>,
    /// By period.
    pub calendar: Option<Aggregation>,
}

/// One cell with its inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRow {
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
    /// Standard error; none where the effect is zero by construction.
    pub std_error: Option<f64>,
    /// p-value.
    pub p_value: Option<f64>,
    /// Pointwise interval.
    pub conf_low: Option<f64>,
    /// Pointwise interval.
    pub conf_high: Option<f64>,
    /// Treated units (or rows) behind it.
    pub n_treated: usize,
    /// Controls behind it.
    pub n_control: Option<usize>,
}

/// Every average of `cells`, named `term`.
pub fn aggregations(term: &str, cells: &[Cell], kept: EventTimes, inference: &Inference) -> Aggregations {
    let done = |averages: Averages| averages.rows_with(term, inference);
    Aggregations {
        simple: done(simple(cells)),
        group: done(by_group(cells)),
        dynamic: done(by_event_time(cells, kept)),
        calendar: done(by_calendar(cells)),
    }
}

impl Averages {
    /// Standard errors, intervals and bands; none without anything to average.
    pub fn rows_with(&self, term: &str, inference: &Inference) -> Option<Aggregation> {
        if self.rows.is_empty() && self.overall.is_none() {
            return None;
        }
        let influences: Vec<&[f64]> = self.rows.iter().map(|row| &row.influence[..]).collect();
        let simulated = inference.simulate(&influences);
        let sup_t = match &simulated {
            Some(simulated) => simulated.critical,
            None => super::event::sup_t(&self.covariance(), inference.level, inference.df, inference.seed),
        };
        let rows = self.rows.iter().enumerate().filter_map(|(i, row)| {
            let std_error = match &simulated {
                Some(simulated) => simulated.std_errors[i],
                None => root_of_squares(row.estimate, &row.influence),
            };
            let end = |critical: Option<f64>, sign: f64| Some(row.estimate + sign * critical? * std_error?);
            Some(AverageRow {
                at: row.at?,
                estimate: row.estimate,
                std_error,
                p_value: std_error.map(|se| inference.p_value(row.estimate / se)),
                conf_low: end(Some(inference.critical()), -1.0),
                conf_high: end(Some(inference.critical()), 1.0),
                band_low: end(sup_t, -1.0),
                band_high: end(sup_t, 1.0),
                n: row.n,
            })
        });
        let rows = rows.collect();
        let overall = self.overall.as_ref().and_then(|average| inference.term(term, average));
        Some(Aggregation { overall, rows, sup_t })
    }
}

impl Inference {
    /// Two-sided critical value.
    pub fn critical(&self) -> f64 {
        let p = 0.5 + self.level / 2.0;
        self.df.map_or_else(|| normal_quantile(p), |df| t_quantile(p, df))
    }

    fn p_value(&self, statistic: f64) -> f64 {
        t_two_sided(statistic, self.df.unwrap_or(f64::INFINITY))
    }

    /// Bootstrap standard errors and the critical value of their band; none when inference is analytical.
    pub fn simulate(&self, influences: &[&[f64]]) -> Option<Simulated> {
        self.bootstrap.map(|draws| super::multiplier::bootstrap(influences, draws, self.level, self.seed))
    }

    /// An effect as a term; none without a positive standard error.
    pub fn term(&self, name: &str, average: &Average) -> Option<Term> {
        let std_error = match self.simulate(&[&average.influence]) {
            Some(simulated) => simulated.std_errors[0],
            None => root_of_squares(average.estimate, &average.influence),
        }?;
        let statistic = average.estimate / std_error;
        let half = self.critical() * std_error;
        Some(Term {
            term: name.to_owned(),
            estimate: average.estimate,
            std_error,
            statistic,
            p_value: self.p_value(statistic),
            conf_low: average.estimate - half,
            conf_high: average.estimate + half,
        })
    }

    /// Cells with their inference.
    pub fn cells(&self, cells: &[Cell]) -> Vec<CellRow> {
        let influences: Vec<&[f64]> = cells.iter().map(|cell| &cell.influence[..]).collect();
        let simulated = self.simulate(&influences);
        let row = |(i, cell): (usize, &Cell)| {
            let std_error = match &simulated {
                Some(simulated) => simulated.std_errors[i],
                None => root_of_squares(cell.estimate, &cell.influence),
            };
            let half = std_error.map(|se| self.critical() * se);
            CellRow {
                group: cell.group,
                time: cell.time,
                event_time: cell.event_time,
                base: cell.base,
                estimate: cell.estimate,
                std_error,
                p_value: std_error.map(|se| self.p_value(cell.estimate / se)),
                conf_low: half.map(|half| cell.estimate - half),
                conf_high: half.map(|half| cell.estimate + half),
                n_treated: cell.n_treated,
                n_control: cell.n_control,
            }
        };
        cells.iter().enumerate().map(row).collect()
    }
}

/// The standard error that an influence implies; none when it is zero up to the rounding of `estimate`.
fn root_of_squares(estimate: f64, influence: &[f64]) -> Option<f64> {
    Some(influence.iter().map(|v| v * v).sum::<f64>().sqrt()).filter(|se| *se > 1e-12 * estimate.abs())
}
