//! Standard errors, intervals and bands of group-time effects and their averages.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::{At, Combination, Combinations, GroupTime, Point};
use crate::estimator::Spec;
use crate::estimator::event::{ROUNDING, Simulated, largest, sup_t};
use crate::estimator::influence::Influences;
use crate::fit::Term;
use crate::math::distribution::{normal_quantile, t_quantile, t_two_sided};
use crate::wild::{Resample, WildOptions, WildRecord, score};

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
    /// Studentised bootstrap of the influences beside the intervals, where asked for.
    pub wild: Option<WildOptions>,
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
    /// Test by the wild bootstrap, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wild: Option<Box<WildRecord>>,
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

/// Covariance of effects and weights, and their bootstrap draws if there are any: computed once, read by
/// every average.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncertainty {
    inference: Inference,
    covariance: DMatrix<f64>,
    draws: Option<DMatrix<f64>>,
    /// Kept where the wild bootstrap draws from them.
    influences: Option<Influences>,
}

impl Inference {
    /// As `spec` asks, with the degrees of freedom `df` of t statistics.
    pub fn of(spec: &Spec, df: Option<f64>) -> Self {
        let Spec { fit, options, seed, .. } = spec;
        Self { level: fit.level, df, bootstrap: options.bootstrap, seed: *seed, wild: fit.wild }
    }

    /// Two-sided critical value.
    pub fn critical(&self) -> f64 {
        let p = 0.5 + self.level / 2.0;
        self.df.map_or_else(|| normal_quantile(p), |df| t_quantile(p, df))
    }

    fn p_value(&self, statistic: f64) -> f64 {
        t_two_sided(statistic, self.df.unwrap_or(f64::INFINITY))
    }
}

impl Uncertainty {
    /// Covariance and draws of what `influences` are on.
    pub fn new(influences: &Influences, inference: Inference) -> Self {
        let covariance = influences.covariance();
        let draws = inference.bootstrap.map(|draws| influences.draws(draws, inference.seed));
        let influences = inference.wild.map(|_| influences.clone());
        Self { inference, covariance, draws, influences }
    }

    /// Covariance of averages, row by row.
    pub fn covariance(&self, rows: &[Combination]) -> Vec<Vec<f64>> {
        let loads = DMatrix::from_fn(rows.len(), self.covariance.ncols(), |i, j| rows[i].loads[j]);
        let covariance = &loads * &self.covariance * loads.transpose();
        (0..rows.len()).map(|i| (0..rows.len()).map(|j| covariance[(i, j)]).collect()).collect()
    }

    /// Bootstrap standard errors of averages, and the critical value of their band; none when inference is
    /// analytical.
    pub fn simulate(&self, rows: &[Combination]) -> Option<Simulated> {
        let draws = self.draws.as_ref()?;
        let loads = DMatrix::from_fn(rows.len(), draws.nrows(), |i, j| rows[i].loads[j]);
        Some(simulated(&(loads * draws), &self.inference))
    }

    /// The standard error of an average; none when it is rounding beside estimates of size `scale`.
    fn std_error(&self, average: &Combination, scale: f64) -> Option<f64> {
        let loads = DVector::from_column_slice(&average.loads);
        if let Some(draws) = &self.draws {
            let mut column: Vec<f64> = draws.tr_mul(&loads).iter().copied().collect();
            return interquartile(&mut column, scale);
        }
        root((&self.covariance * &loads).dot(&loads), scale)
    }

    /// The score bootstrap of an average.
    fn wild(&self, average: &Combination) -> Option<Box<WildRecord>> {
        let influences = self.influences.as_ref()?.combined(&average.loads);
        Some(Box::new(score(&influences, 1.0, average.estimate, &self.inference.wild?)?.record()))
    }

    /// What hypotheses on averages draw from, where the wild bootstrap is asked for.
    pub fn resample(&self, rows: &[Combination]) -> Option<Resample> {
        let combined = |row: &Combination| Some(self.influences.as_ref()?.combined(&row.loads));
        let influences: Vec<Vec<f64>> = rows.iter().filter_map(combined).collect();
        let views: Vec<&[f64]> = influences.iter().map(Vec::as_slice).collect();
        self.inference.resample(&views)
    }

    /// Critical value of the simultaneous band over `rows`.
    fn sup_t(&self, rows: &[Combination]) -> Option<f64> {
        let Inference { level, df, seed, .. } = self.inference;
        match self.simulate(rows) {
            Some(simulated) => simulated.critical,
            None => sup_t(&self.covariance(rows), level, df, seed),
        }
    }

    /// Standard errors, intervals and bands of averages named `term`; none without anything to average.
    pub fn aggregation(&self, term: &str, averages: &Combinations) -> Option<Aggregation> {
        self.aggregation_within(term, averages, self.sup_t(&averages.rows))
    }

    /// [`Uncertainty::aggregation`] with a band whose critical value is known.
    pub fn aggregation_within(&self, term: &str, averages: &Combinations, sup_t: Option<f64>) -> Option<Aggregation> {
        if averages.rows.is_empty() && averages.overall.is_none() {
            return None;
        }
        let scale = largest(averages.rows.iter().map(|row| row.estimate));
        let row = |row: &Combination| {
            let std_error = self.std_error(row, scale);
            let end = |critical: Option<f64>, sign: f64| Some(row.estimate + sign * critical? * std_error?);
            let pointwise = Some(self.inference.critical());
            Some(AverageRow {
                at: row.at?,
                estimate: row.estimate,
                std_error,
                p_value: std_error.map(|se| self.inference.p_value(row.estimate / se)),
                conf_low: end(pointwise, -1.0),
                conf_high: end(pointwise, 1.0),
                band_low: end(sup_t, -1.0),
                band_high: end(sup_t, 1.0),
                n: row.n,
                wild: std_error.and_then(|_| self.wild(row)),
            })
        };
        let rows = averages.rows.iter().filter_map(row).collect();
        let overall = averages.overall.as_ref().and_then(|average| self.term(term, average));
        Some(Aggregation { overall, rows, sup_t })
    }

    /// An effect as a term; none without a positive standard error.
    pub fn term(&self, name: &str, average: &Combination) -> Option<Term> {
        let std_error = self.std_error(average, average.estimate.abs())?;
        let statistic = average.estimate / std_error;
        let half = self.inference.critical() * std_error;
        Some(Term {
            term: name.to_owned(),
            estimate: average.estimate,
            std_error,
            statistic,
            p_value: self.inference.p_value(statistic),
            conf_low: average.estimate - half,
            conf_high: average.estimate + half,
            wild: self.wild(average),
        })
    }

    /// Cells with their inference.
    pub fn cells(&self, points: &[Point]) -> Vec<CellRow> {
        self.inference.rows(points, |column, scale| match &self.draws {
            Some(draws) => interquartile(&mut draws.row(column).iter().copied().collect::<Vec<f64>>(), scale),
            None => root(self.covariance[(column, column)], scale),
        })
    }
}

impl Inference {
    /// What hypotheses on effects with these `influences` draw from, where the wild bootstrap is asked for.
    pub fn resample(&self, influences: &[&[f64]]) -> Option<Resample> {
        Resample::of_influences(influences, self.wild?)
    }

    /// [`Uncertainty::cells`] of effects whose covariance nobody asks for.
    pub fn cells_of(&self, effects: &GroupTime) -> Vec<CellRow> {
        if self.bootstrap.is_some() {
            return Uncertainty::new(&effects.influences, *self).cells(&effects.points);
        }
        self.rows(&effects.points, |column, scale| root(effects.influences.variance(column), scale))
    }

    /// Cells with the standard errors that `std_error` makes of their number and the size of estimates.
    fn rows(&self, points: &[Point], std_error: impl Fn(usize, f64) -> Option<f64>) -> Vec<CellRow> {
        let scale = largest(points.iter().map(|point| point.estimate));
        let row = |(column, point): (usize, &Point)| {
            let std_error = std_error(column, scale);
            let half = std_error.map(|se| self.critical() * se);
            CellRow {
                group: point.group,
                time: point.time,
                event_time: point.event_time,
                base: point.base,
                estimate: point.estimate,
                std_error,
                p_value: std_error.map(|se| self.p_value(point.estimate / se)),
                conf_low: half.map(|half| point.estimate - half),
                conf_high: half.map(|half| point.estimate + half),
                n_treated: point.n_treated,
                n_control: point.n_control,
            }
        };
        points.iter().enumerate().map(row).collect()
    }
}

/// Standard errors of the rows of `draws`, and the `level` quantile of the largest absolute t statistic,
/// never below the pointwise value.
pub(super) fn simulated(draws: &DMatrix<f64>, inference: &Inference) -> Simulated {
    let std_error = |row: usize| interquartile(&mut draws.row(row).iter().copied().collect::<Vec<f64>>(), 0.0);
    let std_errors: Vec<Option<f64>> = (0..draws.nrows()).map(std_error).collect();
    let largest = |column: usize| {
        let t = |(row, se): (usize, &Option<f64>)| Some(draws[(row, column)].abs() / (*se)?);
        std_errors.iter().enumerate().filter_map(t).fold(0.0, f64::max)
    };
    let mut largest: Vec<f64> = (0..draws.ncols()).map(largest).collect();
    largest.sort_unstable_by(f64::total_cmp);
    let any = std_errors.iter().any(Option::is_some);
    let critical = any.then(|| quantile(&largest, inference.level).max(inference.critical()));
    Simulated { std_errors, critical, draws: draws.ncols() }
}

/// The standard error that a variance implies; none when it is rounding beside estimates of size `scale`.
fn root(variance: f64, scale: f64) -> Option<f64> {
    Some(variance.max(0.0).sqrt()).filter(|se| *se > ROUNDING * scale)
}

/// `IQR / (z.75 - z.25)`; none when it is rounding beside estimates of size `scale`.
fn interquartile(values: &mut [f64], scale: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let range = normal_quantile(0.75) - normal_quantile(0.25);
    Some((quantile(values, 0.75) - quantile(values, 0.25)) / range).filter(|se| *se > ROUNDING * scale)
}

/// The smallest value with at least the share `p` of `sorted` at or below it (R `quantile`, type 1).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let n = sorted.len();
    sorted.get(((p * n as f64).ceil() as usize).clamp(1, n.max(1)) - 1).copied().unwrap_or(0.0)
}
