//! Imputation and two-stage estimators against R didimputation 0.5.0 and did2s 1.2.0, and against their
//! definitions with explicit dummies.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;

use attica::design::WeightKind;
use attica::estimator::event_time::Window;
use attica::estimator::group_time::{Combination, EventTimes, GroupTime, Point};
use attica::estimator::imputation::{CellEffect, Rows, Variance, effects};
use attica::estimator::{Estimate, find};
use attica::frame::{Column, Frame};
use nalgebra::{DMatrix, DVector};
use serde_json::Value;
use support::panel::{Loaded, unbalanced};
use support::{Table, close, json};

/// Columns: unit, time, outcome, first treated; `never` marks never-treated rows. fixest removes units with a
/// single untreated row from the first stage as singletons, so that didimputation leaves their treated rows out.
/// One row identifies a unit effect; Attica keeps them, and equals the reference on the others.
fn among_units_with_two_untreated_rows(
    name: &str,
    columns: [&str; 4],
    never: impl Fn(f64) -> bool,
) -> Option<(Loaded, Value)> {
    let table = Table::read(&format!("{name}/{name}.csv"))?;
    let [unit, time, y, first] = columns.map(|column| table.number(column));
    let first: Vec<f64> = first.iter().map(|&g| if never(g) { f64::NAN } else { g }).collect();
    let mut untreated: HashMap<u64, usize> = HashMap::new();
    for row in (0..y.len()).filter(|&row| first[row].is_nan() || time[row] < first[row]) {
        *untreated.entry(unit[row].to_bits()).or_default() += 1;
    }
    let keep: Vec<u32> =
        (0..y.len()).filter(|&row| untreated.get(&unit[row].to_bits()) >= Some(&2)).map(|row| row as u32).collect();
    let columns = [("unit", unit), ("time", time), ("y", y), ("first", first)];
    let frame = Frame::new(columns.into_iter().map(|(name, values)| Column::number(name, values)).collect()).unwrap();
    let golden = json(&format!("{name}/golden.json"))?;
    Some((Loaded::new(frame.take(&keep), "unit", "time", "first"), golden))
}

#[test]
fn imputation_agrees_with_r_didimputation() {
    let panels = [
        ("mpdta", ["countyreal", "year", "lemp", "first.treat"]),
        ("df_het", ["unit", "year", "dep_var", "g"]),
        ("fixest_base_stagg", ["id", "year", "y", "year_treated"]),
    ];
    let mut rows = 0;
    for (name, columns) in panels {
        let never = |g: f64| g == 0.0 || (name == "fixest_base_stagg" && g > 1000.0);
        let Some((loaded, golden)) = among_units_with_two_untreated_rows(name, columns, never) else { continue };
        let mut spec = loaded.spec("y", &[]);
        let events = &golden["did_imputation_es"];
        let times = |sign: bool| {
            let all = events["term"].as_array().into_iter().flatten();
            all.map(|t| t.as_str().unwrap().parse::<i64>().unwrap()).filter(move |k| (*k < 0) == sign)
        };
        spec.options.bjs.pretrends = Some(times(true).count());
        let found = find("bjs").unwrap().estimate(loaded.data(), &spec).unwrap();
        close(name, found.overall.estimate, golden["did_imputation"]["estimate"].as_f64().unwrap(), 1e-8);
        close(name, found.overall.std_error, golden["did_imputation"]["std.error"].as_f64().unwrap(), 1e-7);
        let study = found.event_study.unwrap();
        for (k, time) in events["term"].as_array().into_iter().flatten().enumerate() {
            let time: i64 = time.as_str().unwrap().parse().unwrap();
            let Some(estimate) = events["estimate"][k].as_f64() else { continue };
            let row = study.rows.iter().find(|row| row.event_time == time).unwrap();
            close(&format!("{name} {time}"), row.estimate, estimate, 1e-8);
            // Leads of the reference have its errors of regressions, see the next test.
            if time >= 0 {
                close(
                    &format!("{name} {time}"),
                    row.std_error.unwrap(),
                    events["std.error"][k].as_f64().unwrap(),
                    1e-7,
                );
            }
            rows += 1;
        }
        assert_eq!(times(true).count(), study.pre_testable, "{name}");
    }
    assert!(rows == 0 || rows > 25, "{rows}");
}

#[test]
fn two_stage_agrees_with_r_did2s() {
    let panels =
        [("mpdta", ["countyreal", "year", "lemp", "first.treat"]), ("df_het", ["state", "year", "dep_var", "g"])];
    for (name, columns) in panels {
        let (Some(table), Some(golden)) =
            (Table::read(&format!("{name}/{name}.csv")), json(&format!("{name}/golden.json")))
        else {
            continue;
        };
        let [unit, time, y, first] = columns.map(|column| table.number(column));
        let levels = |values: &[f64]| {
            let mut levels = values.to_vec();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            levels
        };
        let codes = |values: &[f64]| {
            let levels = levels(values);
            values.iter().map(|v| levels.partition_point(|l| l < v) as u32).collect::<Vec<u32>>()
        };
        let (units, times, dates) = (codes(&unit), codes(&time), codes(&first));
        let periods = levels(&time);
        let untreated: Vec<bool> = (0..y.len()).map(|row| first[row] == 0.0 || time[row] < first[row]).collect();
        // Cohort 0 is never treated.
        let cell: Vec<u32> = dates
            .iter()
            .zip(&times)
            .map(|(g, t)| if *g == 0 { u32::MAX } else { (g - 1) * periods.len() as u32 + t })
            .collect();
        let cohorts: Vec<f64> = levels(&first)[1..].to_vec();
        let rows = Rows {
            unit: &units,
            units: levels(&unit).len(),
            time: &times,
            periods: periods.len(),
            y: &y,
            x: &[],
            weight: None,
            cluster: &units,
            clusters: levels(&unit).len(),
            copies: false,
        };
        let cohort: Vec<u32> = (0..cohorts.len() * periods.len()).map(|cell| (cell / periods.len()) as u32).collect();
        let found = effects(&rows, &untreated, &cell, &cohort, Variance::TwoStage).unwrap();
        let point = |effect: &CellEffect| {
            let (group, time) = (cohorts[effect.cell / periods.len()], periods[effect.cell % periods.len()]);
            Point {
                group,
                time,
                event_time: (time - group) as i64,
                base: None,
                estimate: effect.estimate,
                is_reference: false,
                weight: effect.weight,
                weight_column: effect.share,
                n_treated: effect.rows,
                n_control: None,
            }
        };
        let found = GroupTime { points: found.cells.iter().map(point).collect(), influences: found.influences };
        let error =
            |average: &Combination| found.influences.combined(&average.loads).iter().map(|v| v * v).sum::<f64>().sqrt();
        let overall = found.simple().overall.unwrap();
        let want = |key: &str, part: &str, term: &str| golden[key][part][term].as_f64();
        let name_of = golden["did2s"]["coef"].as_object().unwrap().keys().next().unwrap().clone();
        close(name, overall.estimate, want("did2s", "coef", &name_of).unwrap(), 1e-8);
        close(name, error(&overall), want("did2s", "se", &name_of).unwrap(), 1e-7);
        let mut compared = 0;
        for row in found.by_event_time(EventTimes::default()).rows {
            let Some(attica::estimator::group_time::At::EventTime(k)) = row.at else { continue };
            let term = format!("rel::{k}");
            let Some(estimate) = want("did2s_es", "coef", &term) else { continue };
            // Leads of `df_het` are near zero, where the reference's tolerance of 1e-11 shows.
            close(&format!("{name} {k}"), row.estimate, estimate, if k < 0 { 1e-6 } else { 1e-8 });
            close(&format!("{name} {k}"), error(&row), want("did2s_es", "se", &term).unwrap(), 1e-7);
            compared += 1;
        }
        assert_eq!(compared, golden["did2s_es"]["coef"].as_object().unwrap().len(), "{name}");
    }
}

/// The estimators by their definitions, with a dummy for every unit and period, on small panels.
struct ByHand {
    y: DVector<f64>,
    weight: Vec<f64>,
    event: Vec<Option<i64>>,
    group: Vec<(u64, u64)>,
    cluster: Vec<u64>,
    /// Fitted design of all rows and of untreated ones, (Z0'WZ0)^-1.
    z: DMatrix<f64>,
    z0: DMatrix<f64>,
    inverse: DMatrix<f64>,
    effect: DVector<f64>,
    untreated: Vec<bool>,
}

impl ByHand {
    fn new(loaded: &Loaded, controls: &[&str], weights: Option<&str>, cluster: &str) -> Self {
        let number = |name: &str| loaded.frame.numbers(name).unwrap().to_vec();
        let (y, time, first, unit) = (number("y"), number("time"), number("first"), number("unit"));
        let n = y.len();
        let weight = weights.map_or(vec![1.0; n], number);
        let event: Vec<Option<i64>> =
            (0..n).map(|r| (!first[r].is_nan()).then(|| (time[r] - first[r]) as i64)).collect();
        let untreated: Vec<bool> = event.iter().map(|k| k.is_none_or(|k| k < 0)).collect();
        let level = |values: &[f64]| {
            let mut levels: Vec<f64> = values.to_vec();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            (values.iter().map(|v| levels.iter().position(|l| l == v).unwrap()).collect::<Vec<_>>(), levels.len())
        };
        let ((units, count), (times, periods)) = (level(&unit), level(&time));
        let x: Vec<Vec<f64>> = controls.iter().map(|name| number(name)).collect();
        // The first period is the base.
        let z = DMatrix::from_fn(n, count + periods - 1 + x.len(), |r, j| {
            if j < count {
                f64::from(u8::from(units[r] == j))
            } else if j < count + periods - 1 {
                f64::from(u8::from(times[r] == j - count + 1))
            } else {
                x[j + 1 - count - periods][r]
            }
        });
        let mut z0 = z.clone();
        for r in (0..n).filter(|&r| !untreated[r]) {
            z0.row_mut(r).fill(0.0);
        }
        let weighted = DMatrix::from_diagonal(&DVector::from_vec(weight.clone())) * &z0;
        let inverse = (z0.transpose() * &weighted).try_inverse().unwrap();
        let y = DVector::from_vec(y);
        let effect = &y - &z * (&inverse * (weighted.transpose() * &y));
        let group = (0..n).map(|r| (first[r].to_bits(), time[r].to_bits())).collect();
        let cluster = number(cluster).iter().map(|c| c.to_bits()).collect();
        Self { y, weight, event, group, cluster, z, z0, inverse, effect, untreated }
    }

    fn norm(&self, value: &DVector<f64>) -> f64 {
        let mut sums: HashMap<u64, f64> = HashMap::new();
        for r in 0..self.y.len() {
            *sums.entry(self.cluster[r]).or_default() += value[r];
        }
        sums.values().map(|v| v * v).sum::<f64>().sqrt()
    }

    /// Weights of the estimand over rows, and its estimate.
    fn target(&self, counts: impl Fn(i64) -> bool) -> (DVector<f64>, f64) {
        let own = |r: usize| if self.event[r].is_some_and(&counts) { self.weight[r] } else { 0.0 };
        let raw = DVector::from_fn(self.y.len(), |r, _| own(r));
        let w = &raw / raw.sum();
        let estimate = w.dot(&self.effect);
        (w, estimate)
    }

    /// Minus the weights of untreated rows times their residuals.
    fn first_stage(&self, w: &DVector<f64>) -> DVector<f64> {
        let projection = &self.z0 * (&self.inverse * (self.z.transpose() * w));
        DVector::from_fn(self.y.len(), |r, _| -self.weight[r] * projection[r] * self.effect[r])
    }

    /// Borusyak, Jaravel and Spiess (2024), equations 7 and 8, and the leave-out form of their appendix A.9.
    fn conservative(&self, counts: impl Fn(i64) -> bool, leave_out: bool) -> (f64, f64) {
        let (w, estimate) = self.target(counts);
        let mut scores = self.first_stage(&w);
        let mut own: HashMap<((u64, u64), u64), (f64, f64)> = HashMap::new();
        for r in (0..w.len()).filter(|&r| !self.untreated[r] && w[r] != 0.0) {
            let sums = own.entry((self.group[r], self.cluster[r])).or_default();
            (sums.0, sums.1) = (sums.0 + w[r], sums.1 + w[r] * self.effect[r]);
        }
        let mean = |group: (u64, u64), without: Option<u64>| {
            let kept = own.iter().filter(|((g, c), _)| *g == group && Some(*c) != without).map(|(_, sums)| *sums);
            let sums = kept.fold((0.0, 0.0), |(a, b), (v, t)| (a + v * t, b + v * v));
            sums.0 / sums.1
        };
        for r in (0..w.len()).filter(|&r| !self.untreated[r] && w[r] != 0.0) {
            let without = leave_out.then_some(self.cluster[r]);
            scores[r] += w[r] * (self.effect[r] - mean(self.group[r], without));
        }
        (estimate, self.norm(&scores))
    }

    /// Gardner (2022): the sandwich of both stages, one dummy in the second.
    fn two_stage(&self, counts: impl Fn(i64) -> bool) -> (f64, f64) {
        let (w, estimate) = self.target(counts);
        let second = DVector::from_fn(w.len(), |r, _| w[r] * (self.effect[r] - estimate));
        (estimate, self.norm(&(second + self.first_stage(&w))))
    }
}

#[track_caller]
fn same(found: &Estimate, overall: (f64, f64), at: impl Fn(i64) -> (f64, f64), times: &[i64]) {
    close("overall", found.overall.estimate, overall.0, 1e-9);
    close("overall se", found.overall.std_error, overall.1, 1e-9);
    let study = found.event_study.as_ref().unwrap();
    for &k in times {
        let row = study.rows.iter().find(|row| row.event_time == k).unwrap();
        let (estimate, std_error) = at(k);
        assert!((row.estimate - estimate).abs() < 1e-10, "{k}: {} is not {estimate}", row.estimate);
        close(&format!("se {k}"), row.std_error.unwrap(), std_error, 1e-9);
    }
}

/// Gaps, weights that vary over time, a control, and clusters that are units, hold several of them, or cross them.
#[test]
fn both_equal_their_definitions_with_explicit_dummies() {
    let loaded = unbalanced(11);
    for weights in [None, Some("w")] {
        for controls in [&[][..], &["x"][..]] {
            for cluster in ["unit", "region", "crossed"] {
                let mut spec = loaded.spec("y", controls);
                spec.design.clusters = vec![cluster.to_owned()];
                spec.design.weights = weights.map(|name| (name.to_owned(), WeightKind::Analytic));
                let by_hand = ByHand::new(&loaded, controls, weights, cluster);
                for leave_out in [false, true] {
                    spec.options.bjs.leave_out = leave_out;
                    let found = find("bjs").unwrap().estimate(loaded.data(), &spec).unwrap();
                    let at = |k: i64| by_hand.conservative(move |e| e == k, leave_out);
                    same(&found, by_hand.conservative(|e| e >= 0, leave_out), at, &[0, 1, 2, 3, 4]);
                }
                let found = find("gardner").unwrap().estimate(loaded.data(), &spec).unwrap();
                let at = |k: i64| by_hand.two_stage(move |e| e == k);
                same(&found, by_hand.two_stage(|e| e >= 0), at, &[-5, -3, -2, -1, 0, 1, 2, 3, 4]);
            }
        }
    }
}

/// Leads of BJS are those of a regression on untreated rows; their test leaves the effects alone.
#[test]
fn leads_come_from_a_regression_on_untreated_rows() {
    let loaded = unbalanced(5);
    let mut spec = loaded.spec("y", &["x"]);
    let all = find("bjs").unwrap().estimate(loaded.data(), &spec).unwrap();
    spec.options.bjs.pretrends = Some(2);
    let found = find("bjs").unwrap().estimate(loaded.data(), &spec).unwrap();
    close("estimate", found.overall.estimate, all.overall.estimate, 1e-13);
    close("error", found.overall.std_error, all.overall.std_error, 1e-12);
    let study = found.event_study.unwrap();
    assert_eq!(study.rows.iter().filter(|row| row.event_time < 0).count(), 2);

    let number = |name: &str| loaded.frame.numbers(name).unwrap().to_vec();
    let (time, first) = (number("time"), number("first"));
    let untreated: Vec<u32> =
        (0..time.len()).filter(|&r| first[r].is_nan() || time[r] < first[r]).map(|r| r as u32).collect();
    let mut frame = loaded.frame.take(&untreated);
    for k in [-2.0, -1.0] {
        let column = untreated.iter().map(|&r| f64::from(u8::from(time[r as usize] - first[r as usize] == k)));
        frame.set(Column::number(format!("lead{k}"), column.collect())).unwrap();
    }
    let formula = attica::formula::SingleFormula::of_columns("y", &["lead-2", "lead-1", "x"], &["unit", "time"]);
    let design = attica::design::Design::build(&frame, None, &formula, &spec.design).unwrap();
    let fitted = attica::fit::fit(&design, &spec.fit).unwrap();
    for (row, term) in study.rows.iter().zip(fitted.terms()).take(2) {
        close(&term.term, row.estimate, term.estimate, 1e-9);
        close(&term.term, row.std_error.unwrap(), term.std_error, 1e-9);
    }
    let dynamic = found.aggregations.dynamic.unwrap();
    assert_eq!(dynamic.rows.len(), study.rows.len());
    close("covariance", study.covariance[0][1], fitted.inference.covariance[(0, 1)], 1e-8);
}

/// Rows in which units may already react are not used by the first stage; their effects are leads.
#[test]
fn anticipation_moves_rows_from_the_first_stage_to_the_leads() {
    let loaded = unbalanced(3);
    let mut spec = loaded.spec("y", &[]);
    spec.options.anticipation = 1;
    // The same as if everybody adopted a period earlier, but for what is averaged.
    let mut frame = loaded.frame.clone();
    let earlier = frame.numbers("first").unwrap().iter().map(|g| g - 1.0).collect();
    frame.set(Column::number("first", earlier)).unwrap();
    let moved = Loaded::new(frame, "unit", "time", "first");
    for name in ["bjs", "gardner", "sa"] {
        let found = find(name).unwrap().estimate(loaded.data(), &spec).unwrap();
        let other = find(name).unwrap().estimate(moved.data(), &moved.spec("y", &[])).unwrap();
        let (study, shifted) = (found.event_study.unwrap(), other.event_study.unwrap());
        assert_eq!(study.rows.len(), shifted.rows.len(), "{name}");
        for (row, same) in study.rows.iter().zip(&shifted.rows) {
            assert_eq!(row.event_time, same.event_time - 1, "{name}");
            assert!((row.estimate - same.estimate).abs() < 1e-10, "{name}");
            assert!((row.std_error.unwrap_or(0.0) - same.std_error.unwrap_or(0.0)).abs() < 1e-10, "{name}");
        }
        let cells: Vec<_> = found.group_time.iter().filter(|cell| cell.event_time >= 0).collect();
        assert!(cells.iter().all(|cell| cell.n_treated > 0));
        assert!(found.group_time.iter().any(|cell| cell.event_time == -1 && cell.std_error.is_some()), "{name}");
        assert!((found.overall.estimate - other.overall.estimate).abs() > 1e-4, "{name}");
    }
}

#[test]
fn rows_that_cannot_be_imputed_leave_or_stop() {
    let mut loaded = unbalanced(8);
    // One unit is treated from the start.
    let unit = loaded.frame.numbers("unit").unwrap().to_vec();
    let treated: Vec<f64> = loaded.frame.numbers("first").unwrap().to_vec();
    let one = unit[treated.iter().position(|g| !g.is_nan()).unwrap()];
    let first = treated.iter().zip(&unit).map(|(g, u)| if *u == one { 1.0 } else { *g }).collect();
    loaded.frame.set(Column::number("first", first)).unwrap();
    let loaded = Loaded::new(loaded.frame, "unit", "time", "first");
    let lost = unit.iter().filter(|u| **u == one).count();
    let mut spec = loaded.spec("y", &[]);
    for name in ["bjs", "gardner"] {
        let found = find(name).unwrap().estimate(loaded.data(), &spec).unwrap();
        assert!(found.warnings.iter().any(|w| w.id == "W806" && w.text.en.starts_with(&format!("{lost} "))), "{name}");
        assert_eq!((found.n_obs, found.ledger.used), (unit.len() - lost, unit.len() - lost));
    }
    spec.options.bjs.autosample = false;
    assert_eq!(find("bjs").unwrap().estimate(loaded.data(), &spec).unwrap_err().id, "E806");
}

#[test]
fn a_window_shows_less_and_changes_nothing_else() {
    let loaded = unbalanced(2);
    for name in ["bjs", "gardner", "sa"] {
        let mut spec = loaded.spec("y", &["x"]);
        let all = find(name).unwrap().estimate(loaded.data(), &spec).unwrap();
        spec.window = Window { bounds: Some([-2, 2]), ..Window::default() };
        let some = find(name).unwrap().estimate(loaded.data(), &spec).unwrap();
        close(name, some.overall.estimate, all.overall.estimate, 1e-13);
        close(name, some.overall.std_error, all.overall.std_error, 1e-12);
        let study = some.event_study.unwrap();
        assert!(study.rows.iter().all(|row| (-2..=2).contains(&row.event_time)), "{name}");
        for row in study.rows.iter().filter(|row| row.event_time >= 0) {
            let rows = all.event_study.as_ref().unwrap().rows.iter();
            let same = rows.clone().find(|other| other.event_time == row.event_time).unwrap();
            close(name, row.estimate, same.estimate, 1e-13);
            close(name, row.std_error.unwrap(), same.std_error.unwrap(), 1e-12);
        }
    }
}

#[test]
fn row_order_and_unit_names_do_not_matter() {
    let loaded = unbalanced(4);
    let n = loaded.frame.rows() as u32;
    let shuffled: Vec<u32> = (0..n).map(|row| (row * 7919) % n).collect();
    assert_ne!(n % 7919, 0);
    let mut frame = loaded.frame.take(&shuffled);
    let renamed = frame.numbers("unit").unwrap().iter().map(|u| 1000.0 - u).collect();
    frame.set(Column::number("unit", renamed)).unwrap();
    let other = Loaded::new(frame, "unit", "time", "first");
    for name in ["bjs", "gardner", "sa"] {
        let a = find(name).unwrap().estimate(loaded.data(), &loaded.spec("y", &["x"])).unwrap();
        let b = find(name).unwrap().estimate(other.data(), &other.spec("y", &["x"])).unwrap();
        close(name, a.overall.estimate, b.overall.estimate, 1e-10);
        close(name, a.overall.std_error, b.overall.std_error, 1e-10);
        assert_eq!(
            (a.n_obs, a.n_units, a.n_treated_units, a.periods),
            (b.n_obs, b.n_units, b.n_treated_units, b.periods)
        );
    }
}
