//! Sun-Abraham against R fixest 0.14.2 `sunab`, and against the regression with a column for every cell.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::{Design, WeightKind};
use attica::estimator::sun_abraham::Shares;
use attica::estimator::{Estimate, find};
use attica::fit::{Fit, fit};
use attica::frame::{Column, Frame};
use attica::vcov::Vcov;
use nalgebra::DVector;
use support::panel::{Loaded, unbalanced};
use support::{Staggered, Table, close, json};

fn sa(loaded: &Loaded, spec: &attica::estimator::Spec) -> Estimate {
    find("sa").unwrap().estimate(loaded.data(), spec).unwrap()
}

/// Every cohort-by-event-time effect and every cohort's average.
#[test]
fn cells_and_cohorts_agree_with_fixest() {
    let file = "fixest_base_stagg/fixest_base_stagg.csv";
    let (Some(table), Some(golden)) = (Table::read(file), json("fixest_base_stagg/golden.json")) else { return };
    let first = table.number("year_treated").iter().map(|g| if *g > 1000.0 { f64::NAN } else { *g }).collect();
    let mut columns: Vec<Column> =
        ["id", "year", "y", "x1"].iter().map(|name| Column::number(*name, table.number(name))).collect();
    columns.push(Column::number("first", first));
    let loaded = Loaded::new(Frame::new(columns).unwrap(), "id", "year", "first");
    let found = sa(&loaded, &loaded.spec("y", &["x1"]));
    let want = |key: &str, part: &str, term: &str| golden[key][part][term].as_f64().unwrap();
    let cells: Vec<_> = found.group_time.iter().filter(|cell| cell.std_error.is_some()).collect();
    assert_eq!(cells.len(), golden["sunab_disagg"]["coef"].as_object().unwrap().len() - 1);
    for cell in cells {
        let term = format!("year::{}:cohort::{}", cell.event_time, cell.group);
        close(&term, cell.estimate, want("sunab_disagg", "coef", &term), 1e-8);
        close(&term, cell.std_error.unwrap(), want("sunab_disagg", "se", &term), 1e-7);
    }
    let groups = found.aggregations.group.unwrap().rows;
    assert_eq!(groups.len(), golden["sunab_cohort"]["coef"].as_object().unwrap().len() - 1);
    for row in groups {
        let attica::estimator::group_time::At::Group(g) = row.at else { panic!("{row:?}") };
        let term = format!("cohort::{g}");
        close(&term, row.estimate, want("sunab_cohort", "coef", &term), 1e-8);
        close(&term, row.std_error.unwrap(), want("sunab_cohort", "se", &term), 1e-7);
        close(&term, row.p_value.unwrap(), want("sunab_cohort", "p", &term), 2e-5);
    }
}

/// The same regression with a column for every cell but the references.
fn with_columns(loaded: &Loaded, spec: &attica::estimator::Spec, cells: &[(f64, i64)], reference: i64) -> Fit {
    let mut frame = loaded.frame.clone();
    let (time, first) = (frame.numbers("time").unwrap().to_vec(), frame.numbers("first").unwrap().to_vec());
    let mut names = Vec::new();
    for &(group, k) in cells.iter().filter(|(_, k)| *k != reference) {
        let column = (0..time.len()).map(|r| f64::from(u8::from(first[r] == group && time[r] - group == k as f64)));
        names.push(format!("g{group}k{}", k + 100));
        frame.set(Column::number(names.last().unwrap(), column.collect())).unwrap();
    }
    names.extend(spec.controls.iter().cloned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let formula = attica::formula::SingleFormula::of_columns("y", &names, &["unit", "time"]);
    let design = Design::build(&frame, Some(&loaded.panel), &formula, &spec.design).unwrap();
    fit(&design, &spec.fit).unwrap()
}

/// Effects, averages and covariances under every kind of covariance, with gaps, weights and a control.
#[test]
fn it_is_the_regression_with_a_column_for_every_cell() {
    let loaded = unbalanced(21);
    let one = |name: &str| Vcov::cluster(name);
    let two = Vcov::Cluster(vec!["region".into(), "crossed".into()]);
    let kinds = [one("unit"), one("region"), one("crossed"), two, Vcov::Iid, Vcov::Hc1];
    for weights in [None, Some(WeightKind::Analytic), Some(WeightKind::Frequency)] {
        for vcov in &kinds {
            let mut spec = loaded.spec("y", &["x"]);
            spec.design.clusters = ["unit", "region", "crossed"].map(str::to_owned).to_vec();
            let column = if weights == Some(WeightKind::Frequency) { "f" } else { "w" };
            spec.design.weights = weights.map(|kind| (column.to_owned(), kind));
            spec.fit.vcov = vcov.clone();
            let found = sa(&loaded, &spec);
            let cells: Vec<(f64, i64)> = found.group_time.iter().map(|cell| (cell.group, cell.event_time)).collect();
            let fitted = with_columns(&loaded, &spec, &cells, -1);
            assert_eq!(found.n_obs, fitted.sample.len());
            let position = |g: f64, k: i64| fitted.position(&format!("g{g}k{}", k + 100));
            for cell in &found.group_time {
                let Some(at) = position(cell.group, cell.event_time) else {
                    assert!(cell.event_time == -1 && cell.std_error.is_none());
                    continue;
                };
                assert!((cell.estimate - fitted.coefficients[at]).abs() < 1e-10, "{vcov} {cell:?}");
                let std_error = fitted.inference.covariance[(at, at)].sqrt();
                close(&format!("{vcov} {weights:?}"), cell.std_error.unwrap(), std_error, 1e-9);
            }
            // The covariance of averages needs every covariance of cells.
            let (time, first) = (loaded.frame.numbers("time").unwrap(), loaded.frame.numbers("first").unwrap());
            let weight = weights.map_or(vec![1.0; time.len()], |_| loaded.frame.numbers(column).unwrap().to_vec());
            let share = |k: Option<i64>| {
                let mut row = DVector::<f64>::zeros(fitted.names.len());
                for r in 0..time.len() {
                    let event = (time[r] - first[r]) as i64;
                    let counts = !first[r].is_nan() && k.map_or(event >= 0, |k| event == k);
                    if let Some(at) = position(first[r], event).filter(|_| counts) {
                        row[at] += weight[r];
                    }
                }
                &row / row.sum()
            };
            let variance = |a: &DVector<f64>, b: &DVector<f64>| (a.transpose() * &fitted.inference.covariance * b)[0];
            let overall = share(None);
            close("overall", found.overall.std_error, variance(&overall, &overall).sqrt(), 1e-9);
            let study = found.event_study.unwrap();
            let rows: Vec<i64> = study.rows.iter().filter(|r| r.std_error.is_some()).map(|r| r.event_time).collect();
            for (i, a) in rows.iter().enumerate() {
                for (j, b) in rows.iter().enumerate() {
                    let want = variance(&share(Some(*a)), &share(Some(*b)));
                    assert!((study.covariance[i][j] - want).abs() < 1e-11, "{vcov} {a} {b}");
                }
            }
        }
    }
}

/// eventstudyinteract adds to the regression's variance `d' S d`, `S` the robust covariance of the shares from
/// regressions of cohort dummies on event-time dummies: `(diag(s) - s s') / N_k`.
#[test]
fn estimated_shares_add_their_variance() {
    let process =
        Staggered { periods: 8, cohorts: vec![(4, 9), (5, 17), (7, 8)], never: 20, effect: (0.5, 0.4), noise: 1.0 };
    let loaded = Loaded::new(process.draw(6), "unit", "time", "first");
    for cluster in ["unit", "x2"] {
        let mut frame = loaded.frame.clone();
        let pairs = frame.numbers("unit").unwrap().iter().map(|u| (u / 2.0).floor()).collect();
        frame.set(Column::number("x2", pairs)).unwrap();
        let loaded = Loaded::new(frame, "unit", "time", "first");
        let mut spec = loaded.spec("y", &["x"]);
        spec.design.clusters = vec![cluster.to_owned()];
        spec.fit.vcov = Vcov::cluster(cluster);
        let fixed = sa(&loaded, &spec);
        spec.options.sa.shares = Shares::Estimated;
        let estimated = sa(&loaded, &spec);
        let (before, after) = (fixed.event_study.unwrap(), estimated.event_study.unwrap());
        for (fixed, estimated) in before.rows.iter().zip(&after.rows).filter(|(row, _)| row.std_error.is_some()) {
            assert_eq!((fixed.event_time, fixed.estimate), (estimated.event_time, estimated.estimate));
            let at = estimated_cells(&fixed_cells(&loaded, fixed.event_time), &estimated_effects(&loaded, &spec));
            let want = fixed.std_error.unwrap().powi(2) + at;
            close(&format!("{}", fixed.event_time), estimated.std_error.unwrap(), want.sqrt(), 1e-10);
            // One cohort alone has share one, whatever the sample.
            assert_eq!(at == 0.0, fixed.event_time == 4 || fixed.event_time < -4, "{}", fixed.event_time);
        }
        assert!(estimated.overall.std_error > fixed.overall.std_error);
    }
}

/// Cohort and number of rows at one event time.
fn fixed_cells(loaded: &Loaded, k: i64) -> Vec<(f64, i64, f64)> {
    let (time, first) = (loaded.frame.numbers("time").unwrap(), loaded.frame.numbers("first").unwrap());
    [4.0, 5.0, 7.0]
        .iter()
        .map(|&g| (g, k, (0..time.len()).filter(|&r| first[r] == g && time[r] - g == k as f64).count() as f64))
        .filter(|(.., n)| *n > 0.0)
        .collect()
}

fn estimated_effects(loaded: &Loaded, spec: &attica::estimator::Spec) -> Vec<(f64, i64, f64)> {
    sa(loaded, spec).group_time.iter().map(|cell| (cell.group, cell.event_time, cell.estimate)).collect()
}

/// `d' (diag(s) - s s') d / N`.
fn estimated_cells(rows: &[(f64, i64, f64)], effects: &[(f64, i64, f64)]) -> f64 {
    let total: f64 = rows.iter().map(|(.., n)| n).sum();
    let d: Vec<f64> = rows.iter().map(|(g, k, _)| effects.iter().find(|e| (e.0, e.1) == (*g, *k)).unwrap().2).collect();
    let s: Vec<f64> = rows.iter().map(|(.., n)| n / total).collect();
    let mean: f64 = d.iter().zip(&s).map(|(d, s)| d * s).sum();
    d.iter().zip(&s).map(|(d, s)| s * (d - mean).powi(2)).sum::<f64>() / total
}

#[test]
fn without_never_treated_the_last_cohort_is_the_control() {
    let process = Staggered { periods: 8, cohorts: vec![(4, 9), (6, 17)], never: 0, effect: (0.5, 0.4), noise: 1.0 };
    let loaded = Loaded::new(process.draw(6), "unit", "time", "first");
    let found = sa(&loaded, &loaded.spec("y", &["x"]));
    assert_eq!((found.n_obs, found.n_units, found.periods), (26 * 5, 26, [1.0, 5.0]));
    assert!(found.warnings.iter().any(|w| w.id == "W204"));
    let after: Vec<_> = found.group_time.iter().filter(|cell| cell.event_time >= 0).collect();
    assert_eq!(after.iter().map(|cell| (cell.group, cell.time)).collect::<Vec<_>>(), [(4.0, 4.0), (4.0, 5.0)]);
}
