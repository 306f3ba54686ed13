//! The two-way regression on one category (time since adoption, or treated) and controls. Its indicators are functions of
//! unit and period, so that normal equations and clustered scores follow from sums: no column of them is written.

use std::borrow::Cow;

use nalgebra::DMatrix;

use crate::absorb::is_nested;
use crate::design::{Design, Weights};
use crate::estimator::within::{ByUnit, NO_LEVEL, Rows, Within, connected, less_first};
use crate::fit::sums::{Solved, record};
use crate::fit::{FitOptions, FitRecord, usable};
use crate::math::cross::{cross_products, weighted_dot, weighted_mean};
use crate::message::Result;
use crate::vcov::Vcov;

/// Most levels of the effect beside the units'.
const MOST_PERIODS: usize = 1_000;

/// A regression and the rows of the frame that it uses.
pub(super) struct Found {
    pub record: FitRecord,
    pub sample: Vec<u32>,
}

/// The regression of `design` on `level`, the category of each row or [`NO_LEVEL`], whose levels are called `names`, and
/// on the regressors of the design. None where only the columns tell: other effects than units and one short list,
/// units and periods that are not connected, other covariances than one cluster variable's, a bootstrap, and whatever
/// has a coefficient that is not identified.
///
/// # Errors
/// Those of [`crate::fit::fit()`].
pub(super) fn regression(
    design: &Design,
    level: &[u32],
    names: &[String],
    options: &FitOptions,
) -> Result<Option<Found>> {
    let Vcov::Cluster(by) = &options.vcov else { return Ok(None) };
    let ([by], None) = (&by[..], &options.wild) else { return Ok(None) };
    let all = &design.sample;
    let design = usable(design, options.keep_singletons)?;
    let level = in_sample(level, all, &design.sample);
    let (Some([unit, time]), Some(cluster)) =
        (two_way(&design), design.clusters.iter().find(|codes| codes.name == *by))
    else {
        return Ok(None);
    };
    let weight = design.weights.as_ref().map(|Weights { values, .. }| &values[..]);
    let units = &design.effects[unit].by;
    let centred = design.copies().filter(|_| !options.constants);
    let centred = centred.map(|_| less_first(&design.outcome.1, &units.codes, units.levels));
    let rows = Rows {
        unit: &design.effects[unit].by.codes,
        units: design.effects[unit].by.levels,
        time: &design.effects[time].by.codes,
        periods: design.effects[time].by.levels,
        y: centred.as_deref().unwrap_or(&design.outcome.1),
        x: &design.regressors,
        weight,
        cluster: &cluster.codes,
        clusters: cluster.levels,
        copies: design.copies().is_some(),
    };
    let (by_unit, used) = (ByUnit::new(rows.unit, rows.units), vec![true; rows.len()]);
    let (parts, _) = connected(&rows, &used, &by_unit);
    if parts.iter().any(|part| *part != parts[0]) {
        return Ok(None);
    }
    let fit = Within::fit(&rows, &used, &level, names.len(), &by_unit);
    let controls = (0..rows.x.len()).map(|k| fit.covariate(k));
    let positions: Vec<usize> = (0..names.len()).map(|at| fit.level(at)).chain(controls).collect();
    if !positions.iter().all(|&at| fit.is_kept(at)) {
        return Ok(None);
    }
    let regression = Regression { rows: &rows, level: &level, fit: &fit, positions: &positions };
    let solved = regression.solved(names, options.constants);
    let square = |values: &[f64]| weighted_dot(values, values, weight);
    if !solved.varies(square(&solved.residuals), square(&design.outcome.1)) {
        return Ok(None);
    }
    let record = record(&design, options, solved, || regression.prediction())?;
    Ok(Some(Found { record, sample: design.sample.clone() }))
}

/// Positions of the units' effect and of the other one, where there are these two, without slopes.
fn two_way(design: &Design) -> Option<[usize; 2]> {
    let ([a, b], Some((unit, _))) = (&design.effects[..], &design.panel) else { return None };
    if ![a, b].iter().all(|effect| effect.intercept && effect.slopes.is_empty()) {
        return None;
    }
    let is_unit = |position: usize| {
        let codes = &design.effects[position].by;
        codes.levels == unit.levels && is_nested(codes, unit)
    };
    let found = if is_unit(0) { [0, 1] } else { [1, 0] };
    let [units, periods] = found.map(|position| design.effects[position].by.levels);
    (is_unit(found[0]) && periods <= units.min(MOST_PERIODS)).then_some(found)
}

/// The levels of the rows `stay` of those of a design with the rows `sample`; both ascend.
fn in_sample<'a>(level: &'a [u32], sample: &[u32], stay: &[u32]) -> Cow<'a, [u32]> {
    if sample.len() == stay.len() {
        return Cow::Borrowed(level);
    }
    let mut stay = stay.iter().peekable();
    sample.iter().zip(level).filter(|(row, _)| stay.next_if_eq(row).is_some()).map(|(_, level)| *level).collect()
}

struct Regression<'a> {
    rows: &'a Rows<'a>,
    level: &'a [u32],
    fit: &'a Within<'a>,
    /// The coefficients that are reported, among those of `fit`.
    positions: &'a [usize],
}

impl Regression<'_> {
    fn solved(&self, names: &[String], constants: bool) -> Solved {
        let Self { rows, fit, positions, .. } = self;
        let inverse: Vec<Vec<f64>> = positions.iter().map(|&at| fit.factor.inverse_column(at)).collect();
        let k = positions.len();
        let bread = DMatrix::from_fn(k, k, |i, j| inverse[i.max(j)][positions[i.min(j)]]);
        let mut directions = inverse;
        let means = self.means();
        if constants {
            directions.push(self.direction_of_mean(&directions, &means));
            directions.push(self.direction_of_base());
        }
        let mut influences = fit.influences(&directions);
        let constants = if constants {
            let base = influences.split_off(k + 1);
            let absorbed = influences.split_off(k);
            [Some(self.absorbed(&means, absorbed)), Some(self.base(base))]
        } else {
            [None, None]
        };
        let views: Vec<&[f64]> = influences.iter().map(Vec::as_slice).collect();
        Solved {
            names: names.iter().chain(rows.x.iter().map(|(name, _)| name)).cloned().collect(),
            coefficients: positions.iter().map(|&at| fit.coefficients[at]).collect(),
            residuals: fit.residuals.clone(),
            bread,
            covariance: cross_products(&views, None),
            constants,
        }
    }

    /// Means of the regressors.
    fn means(&self) -> Vec<f64> {
        let levels = self.positions.len() - self.rows.x.len();
        let (mut means, mut total) = (vec![0.0; levels], 0.0);
        for (row, &level) in self.level.iter().enumerate() {
            let weight = self.rows.weight(row);
            total += weight;
            if let Some(mean) = means.get_mut(level as usize) {
                *mean += weight;
            }
        }
        for mean in &mut means {
            *mean /= total;
        }
        means.extend(self.rows.x.iter().map(|(_, x)| weighted_mean(x, self.rows.weight)));
        means
    }

    /// `ybar - xbar'b` and its variance, from the influences of its direction.
    fn absorbed(&self, means: &[f64], influences: Vec<Vec<f64>>) -> (f64, f64) {
        let Self { rows, fit, positions, .. } = self;
        let of_regressors: f64 = positions.iter().zip(means).map(|(&at, mean)| mean * fit.coefficients[at]).sum();
        let total = rows.weight.map_or(rows.len() as f64, |weight| weight.iter().sum());
        let variance = self.variance(influences, 0..rows.len(), total);
        (weighted_mean(rows.y, rows.weight) - of_regressors, variance)
    }

    fn direction_of_mean(&self, inverse: &[Vec<f64>], means: &[f64]) -> Vec<f64> {
        let mut direction = vec![0.0; self.fit.size()];
        for (column, mean) in inverse.iter().zip(means) {
            direction.iter_mut().zip(column).for_each(|(d, value)| *d -= mean * value);
        }
        direction
    }

    /// What unit 0 has in period 0 with all regressors zero, less its mean outcome: as weights on coefficients.
    fn weights_of_base(&self) -> Vec<f64> {
        let Self { rows, fit, .. } = self;
        let mut weights = vec![0.0; fit.size()];
        weights[0] = 1.0;
        for row in fit.rows_of(0) {
            let share = rows.weight(row) / fit.unit_weight(0);
            weights[rows.time[row] as usize] -= share;
            if self.level[row] != NO_LEVEL {
                weights[fit.level(self.level[row] as usize)] -= share;
            }
            for (k, (_, x)) in rows.x.iter().enumerate() {
                weights[fit.covariate(k)] -= share * x[row];
            }
        }
        weights
    }

    fn direction_of_base(&self) -> Vec<f64> {
        let mut direction = self.weights_of_base();
        self.fit.factor.solve(&mut direction);
        direction
    }

    /// The constant of explicit dummies, first unit and first period the base, and its variance.
    fn base(&self, influences: Vec<Vec<f64>>) -> (f64, f64) {
        let Self { rows, fit, .. } = self;
        let own: f64 = fit.rows_of(0).map(|row| rows.weight(row) * rows.y[row]).sum();
        let rest: f64 = self.weights_of_base().iter().zip(&fit.coefficients).map(|(w, b)| w * b).sum();
        let variance = self.variance(influences, fit.rows_of(0), fit.unit_weight(0));
        (own / fit.unit_weight(0) + rest, variance)
    }

    /// Variance of a mean of the outcome over `members`, of the weight `total`, plus what has `influences`.
    fn variance(&self, influences: Vec<Vec<f64>>, members: impl Iterator<Item = usize>, total: f64) -> f64 {
        let Self { rows, fit, .. } = self;
        let mut sums = influences.into_iter().next().unwrap_or_default();
        for row in members {
            sums[rows.cluster[row] as usize] += rows.weight(row) * fit.residuals[row] / total;
        }
        weighted_dot(&sums, &sums, None)
    }

    /// What periods and regressors fit in each row.
    fn prediction(&self) -> Vec<f64> {
        let Self { rows, fit, level, .. } = self;
        let of = |row: usize| {
            let mut sum = fit.coefficients[rows.time[row] as usize];
            if level[row] != NO_LEVEL {
                sum += fit.coefficients[fit.level(level[row] as usize)];
            }
            rows.x.iter().enumerate().fold(sum, |sum, (k, (_, x))| sum + fit.coefficients[fit.covariate(k)] * x[row])
        };
        (0..rows.len()).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Value;

    use super::*;
    use crate::design::{DesignOptions, WeightKind};
    use crate::estimator::event_time::{Window, indicators, relative};
    use crate::estimator::twfe::with_columns;
    use crate::formula::SingleFormula;
    use crate::frame::{Column, Frame};
    use crate::math::random::stream;
    use crate::panel::Panel;

    /// Sixty units over eight periods, of whose rows the share `missing` is not there; unit 59 has one row then.
    fn frame(missing: f64) -> Frame {
        let mut random = stream(5, 0);
        let mut columns: [Vec<f64>; 7] = Default::default();
        for unit in 0..60 {
            let first = [0.0, 3.0, 4.0, 6.0][unit % 4];
            let level = random.normal();
            for time in 0..8 {
                let (gone, x, noise, w) = (random.uniform(), random.normal(), random.normal(), random.uniform());
                if gone < missing || (missing > 0.0 && unit == 59 && time > 0) {
                    continue;
                }
                let time = f64::from(time);
                let treated = f64::from(u8::from(first > 0.0 && time >= first));
                let region = ((unit + (time as usize) / 4) % 12) as f64;
                let y = 1e4 + level + 0.3 * time + treated * (1.0 + time - first) + 0.5 * x + noise;
                let row = [unit as f64, time, first, x, y, (4.0 * w).floor() + 1.0, region];
                columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            }
        }
        let names = ["id", "t", "g", "x", "y", "w", "region"];
        Frame::new(names.into_iter().zip(columns).map(|(name, values)| Column::number(name, values)).collect()).unwrap()
    }

    /// The largest difference of two values, relative to the numbers where these exceed one; texts must be equal.
    fn apart(a: &Value, b: &Value) -> f64 {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                (a - b).abs() / a.abs().max(1.0)
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                a.iter().zip(b).map(|(a, b)| apart(a, b)).fold(0.0, f64::max)
            }
            (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
                a.iter().map(|(key, a)| apart(a, &b[key])).fold(0.0, f64::max)
            }
            _ if a == b => 0.0,
            _ => panic!("{a} {b}"),
        }
    }

    #[test]
    fn the_record_is_that_of_the_regression_with_columns() {
        for missing in [0.0, 0.3] {
            for (control, weights) in [
                (false, None),
                (true, None),
                (true, Some(WeightKind::Analytic)),
                (false, Some(WeightKind::Frequency)),
                (true, Some(WeightKind::Probability)),
            ] {
                for cluster in ["id", "region"] {
                    let frame = frame(missing);
                    let panel = Panel::new(&frame, "id", "t").unwrap().0;
                    let adoption = panel.adoption_from_first(frame.column("g").unwrap(), &[0.0]).unwrap().0;
                    let formula = SingleFormula::of_columns("y", if control { &["x"] } else { &[] }, &["t", "id"]);
                    let options = DesignOptions {
                        weights: weights.map(|kind| ("w".to_owned(), kind)),
                        clusters: vec![cluster.to_owned()],
                        ..DesignOptions::default()
                    };
                    let design = Design::build(&frame, Some(&panel), &formula, &options).unwrap();
                    let found =
                        indicators(&relative(&panel, &adoption, &design.sample), None, &Window::default()).unwrap();
                    let names: Vec<String> = found.effects.iter().map(|e| e.event_time.to_string()).collect();
                    let options = FitOptions::new(Vcov::cluster(cluster));
                    let own = regression(&design, &found.level, &names, &options).unwrap().unwrap();
                    let (columns, _) = with_columns(&design, &found, &names, &options).unwrap();
                    assert!(columns.constant_absorbed.is_some() && columns.constant_base.is_some());
                    let [own, columns] = [own.record, columns].map(|record| serde_json::to_value(record).unwrap());
                    let apart = apart(&own, &columns);
                    assert!(apart < 1e-10, "{missing} {control} {weights:?} {cluster}: {apart:e}");
                }
            }
        }
    }

    #[test]
    fn what_only_columns_tell_is_left_to_them() {
        let frame = frame(0.0);
        let panel = Panel::new(&frame, "id", "t").unwrap().0;
        let adoption = panel.adoption_from_first(frame.column("g").unwrap(), &[0.0]).unwrap().0;
        let options = DesignOptions { clusters: vec!["id".to_owned()], ..DesignOptions::default() };
        let build = |regressors: &[&str], effects: &[&str]| {
            let formula = SingleFormula::of_columns("y", regressors, effects);
            Design::build(&frame, Some(&panel), &formula, &options).unwrap()
        };
        let try_out = |design: &Design, vcov: Vcov| {
            let found = indicators(&relative(&panel, &adoption, &design.sample), None, &Window::default()).unwrap();
            let names: Vec<String> = found.effects.iter().map(|e| e.event_time.to_string()).collect();
            regression(design, &found.level, &names, &FitOptions::new(vcov)).unwrap().is_some()
        };
        let clustered = Vcov::cluster("id");
        assert!(try_out(&build(&["x"], &["id", "t"]), clustered.clone()));
        assert!(!try_out(&build(&["x"], &["id", "t"]), Vcov::Hc1));
        assert!(!try_out(&build(&["x"], &["id"]), clustered.clone()));
        assert!(!try_out(&build(&["x"], &["region", "t"]), clustered.clone()));
        // The unit effects absorb it, which the columns explain.
        assert!(!try_out(&build(&["x", "g"], &["id", "t"]), clustered));
    }
}
