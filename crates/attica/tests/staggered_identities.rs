//! What must not change an estimate of any registered estimator, and where two of them must agree exactly.
#![allow(clippy::unwrap_used)]

mod support;

use attica::estimator::options::{BasePeriod, ControlGroup};
use attica::estimator::synthetic::Variance;
use attica::estimator::{ESTIMATORS, Estimate, Spec, find};
use proptest::prelude::*;
use support::edges::{Row, load, rows};
use support::panel::Loaded;

/// Estimators whose standard errors rest on draws of units, which another order of units draws anew.
const DRAWN: &[&str] = &["sdid"];

fn estimate(name: &str, rows: &[Row], spec: impl Fn(&mut Spec)) -> Estimate {
    let loaded: Loaded = load(rows, false).unwrap().0;
    let mut asked = loaded.spec("y", &[]);
    spec(&mut asked);
    find(name).unwrap().estimate(loaded.data(), &asked).unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

/// Estimates, then standard errors: overall, by event time, by cohort and period.
fn numbers(found: &Estimate) -> (Vec<f64>, Vec<f64>) {
    let events = || found.event_study.iter().flat_map(|study| &study.rows);
    let mut estimates = vec![found.overall.estimate];
    estimates.extend(events().map(|row| row.estimate));
    estimates.extend(found.group_time.iter().map(|cell| cell.estimate));
    let mut errors = vec![found.overall.std_error];
    errors.extend(events().map(|row| row.std_error.unwrap_or(0.0)));
    errors.extend(found.group_time.iter().map(|cell| cell.std_error.unwrap_or(0.0)));
    (estimates, errors)
}

/// The same numbers up to 1e-9 of the standard error, after `b` times.
fn agree(what: &str, one: &Estimate, other: &Estimate, b: f64) {
    let (name, scale) = (one.estimator, one.overall.std_error * b.abs());
    let near = |what: &str, x: &[f64], y: &[f64], b: f64| {
        assert_eq!(x.len(), y.len(), "{name}, {what}");
        for (x, y) in x.iter().zip(y) {
            assert!((b * x - y).abs() < 1e-9 * scale, "{name}, {what}: {} and {y}", b * x);
        }
    };
    let ((estimates, errors), (other_estimates, other_errors)) = (numbers(one), numbers(other));
    near(what, &estimates, &other_estimates, b);
    if !DRAWN.contains(&name) || what == "scale" {
        near(what, &errors, &other_errors, b.abs());
    }
}

/// The panel of the edge cases with other outcomes, and without the rows that chance takes.
fn drawn(seed: u64, lost: f64) -> Vec<Row> {
    let mut random = attica::math::random::stream(seed, 5);
    let mut rows = rows();
    for row in &mut rows {
        row.y += 0.5 * random.normal();
    }
    rows.retain(|_| random.uniform() >= lost);
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_names_scale_and_cohorts_without_rows_do_not_matter(seed in 0..1000_u64, lost in prop_oneof![Just(0.0), Just(0.05)]) {
        let panel = drawn(seed, lost);
        let mut shuffled = panel.clone();
        attica::math::random::stream(seed, 6).shuffle(&mut shuffled);
        let mut renamed = panel.clone();
        for row in &mut renamed {
            row.unit = 900.0 - 7.0 * row.unit;
        }
        let mut scaled = panel.clone();
        for row in &mut scaled {
            row.y = 2.5 * row.y - 40.0;
        }
        let mut unused = panel.clone();
        unused.extend(panel.iter().filter(|row| row.unit < 3.0).map(|row| Row { unit: row.unit + 500.0, first: 5.0, y: f64::NAN, ..row.clone() }));
        for estimator in ESTIMATORS {
            let name = estimator.name();
            // Synthetic controls are made of whole units.
            if lost > 0.0 && name == "sdid" {
                continue;
            }
            let plain = estimate(name, &panel, |_| {});
            agree("rows in another order", &plain, &estimate(name, &shuffled, |_| {}), 1.0);
            agree("units renamed", &plain, &estimate(name, &renamed, |_| {}), 1.0);
            agree("scale", &plain, &estimate(name, &scaled, |_| {}), 2.5);
            agree("a cohort without outcomes", &plain, &estimate(name, &unused, |_| {}), 1.0);
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let panel = drawn(1, 0.0);
    for estimator in ESTIMATORS {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let bootstrap = |spec: &mut Spec| spec.options.bootstrap = Some(100);
            pool.install(|| {
                let found = [estimate(estimator.name(), &panel, |_| {}), estimate(estimator.name(), &panel, bootstrap)];
                format!("{found:?}")
            })
        };
        let one = run(1);
        assert!(one == run(2) && one == run(8), "{} differs by the number of threads", estimator.name());
    }
}

/// Event-time effects of two estimators from `from` on are the same numbers.
fn same_events(one: &Estimate, other: &Estimate, from: i64) {
    let events = |found: &Estimate| -> Vec<(i64, f64)> {
        let rows = found.event_study.iter().flat_map(|study| &study.rows);
        rows.filter(|row| row.event_time >= from).map(|row| (row.event_time, row.estimate)).collect()
    };
    let (one_events, other_events) = (events(one), events(other));
    assert!(one_events.len() >= 5, "{one_events:?}");
    for (x, y) in one_events.iter().zip(&other_events) {
        assert!(x.0 == y.0 && (x.1 - y.1).abs() < 1e-10, "{} {x:?}, {} {y:?}", one.estimator, other.estimator);
    }
    assert_eq!(one_events.len(), other_events.len());
}

#[test]
fn sun_abraham_is_callaway_santanna_on_balanced_panels_with_never_treated_units() {
    let panel = drawn(2, 0.0);
    let universal = |spec: &mut Spec| spec.options.base_period = BasePeriod::Universal;
    same_events(&estimate("sa", &panel, |_| {}), &estimate("cs", &panel, universal), -5);
}

#[test]
fn imputation_is_two_stage_on_any_panel() {
    for lost in [0.0, 0.1] {
        let panel = drawn(3, lost);
        let (bjs, gardner) = (estimate("bjs", &panel, |_| {}), estimate("gardner", &panel, |_| {}));
        same_events(&bjs, &gardner, 0);
        assert!((bjs.overall.estimate - gardner.overall.estimate).abs() < 1e-10);
    }
}

#[test]
fn switching_estimator_is_callaway_santanna_with_controls_not_treated_yet() {
    let panel = drawn(4, 0.0);
    let not_yet = |spec: &mut Spec| spec.options.control_group = Some(ControlGroup::NotYet);
    same_events(&estimate("dcdh", &panel, |_| {}), &estimate("cs", &panel, not_yet), 0);
}

#[test]
fn imputation_is_extended_two_way_effects_on_balanced_panels() {
    let panel = drawn(5, 0.0);
    let (bjs, etwfe) = (estimate("bjs", &panel, |_| {}), estimate("etwfe", &panel, |_| {}));
    same_events(&bjs, &etwfe, 0);
    assert!((bjs.overall.estimate - etwfe.overall.estimate).abs() < 1e-10);
}

type Ask = fn(&mut Spec);

#[test]
fn options_change_estimates_or_are_told_to_have_no_effect() {
    let asks: [(&str, Ask); 5] = [
        ("control_group", |spec| spec.options.control_group = Some(ControlGroup::Never)),
        ("control_group", |spec| spec.options.control_group = Some(ControlGroup::NotYet)),
        ("anticipation", |spec| spec.options.anticipation = 1),
        ("balance", |spec| spec.options.balance = Some(3)),
        ("bootstrap", |spec| spec.options.bootstrap = Some(50)),
    ];
    let loaded = load(&rows(), false).unwrap().0;
    for estimator in ESTIMATORS {
        // What comes of it without its warnings, and whether it says that the option does nothing.
        let run = |ask: Ask| {
            let mut spec = loaded.spec("y", &[]);
            ask(&mut spec);
            let mut found = attica::estimator::estimate(*estimator, loaded.data(), &spec).unwrap();
            let told = found.warnings.iter().any(|warning| warning.id == "N319");
            found.warnings.clear();
            if let Some(study) = &mut found.event_study {
                study.warnings.clear();
            }
            (format!("{found:?}"), told)
        };
        let plain = run(|_| {}).0;
        for name in ["control_group", "anticipation", "balance", "bootstrap"] {
            let runs: Vec<(String, bool)> =
                asks.iter().filter(|(option, _)| *option == name).map(|(_, ask)| run(*ask)).collect();
            let (works, told) = (runs.iter().any(|(found, _)| *found != plain), runs.iter().any(|(_, told)| *told));
            assert!(works != told, "{} with {name}: changes {works}, told {told}", estimator.name());
        }
    }
}

#[test]
fn a_year_that_nobody_has_is_no_period_where_comparisons_follow_the_panel() {
    let mut panel = drawn(4, 0.0);
    panel.retain(|row| row.time != 3.0);
    let mut closed = panel.clone();
    for row in &mut closed {
        row.time -= f64::from(u8::from(row.time > 3.0));
        row.first -= 1.0;
    }
    for name in ["stacked", "dcdh"] {
        agree("years without a gap", &estimate(name, &panel, |_| {}), &estimate(name, &closed, |_| {}), 1.0);
    }
}

#[test]
fn effects_of_cohorts_of_dcdh_are_those_of_callaway_santanna_and_average_to_its_headline() {
    let panel = drawn(5, 0.0);
    let not_yet = |spec: &mut Spec| {
        spec.options.base_period = BasePeriod::Universal;
        spec.options.control_group = Some(ControlGroup::NotYet);
    };
    let (dcdh, cs) = (estimate("dcdh", &panel, |_| {}), estimate("cs", &panel, not_yet));
    let after = |found: &Estimate| -> Vec<(f64, f64, f64)> {
        let cells = found.group_time.iter().filter(|cell| cell.event_time >= 0);
        cells.map(|cell| (cell.group, cell.time, cell.estimate)).collect()
    };
    assert_eq!(after(&dcdh).len(), 8);
    for (x, y) in after(&dcdh).iter().zip(&after(&cs)) {
        assert!(x.0 == y.0 && x.1 == y.1 && (x.2 - y.2).abs() < 1e-10, "{x:?}, {y:?}");
    }
    let averages = |found: &Estimate| -> Vec<f64> {
        let kinds = [&found.aggregations.group, &found.aggregations.calendar];
        kinds.iter().flat_map(|kind| &kind.as_ref().unwrap().rows).map(|row| row.estimate).collect()
    };
    assert_eq!(averages(&dcdh).len(), 2 + 5);
    for (x, y) in averages(&dcdh).iter().zip(averages(&cs)) {
        assert!((x - y).abs() < 1e-10, "{x} and {y}");
    }
    let cells = || dcdh.group_time.iter().filter(|cell| cell.event_time >= 0);
    let units: usize = cells().map(|cell| cell.n_treated).sum();
    let mean = cells().map(|cell| cell.n_treated as f64 * cell.estimate).sum::<f64>() / units as f64;
    assert!((mean - dcdh.overall.estimate).abs() < 1e-10, "{mean} and {}", dcdh.overall.estimate);
    // On other treatments there are no cohorts in periods.
    let mut ends = panel.clone();
    for row in &mut ends {
        row.d = f64::from(u8::from(row.time == row.first));
    }
    let loaded: Loaded = load(&ends, true).unwrap().0;
    let found = find("dcdh").unwrap().estimate(loaded.data(), &loaded.spec("y", &[])).unwrap();
    assert!(found.group_time.is_empty() && found.aggregations.group.is_none() && found.aggregations.calendar.is_none());
}

#[test]
fn draws_that_lose_a_cohort_are_told() {
    let mut panel = rows();
    panel.retain(|row| row.first != 6.0 || row.unit < 14.0);
    let bootstrap = |spec: &mut Spec| spec.options.sdid.variance = Some(Variance::Bootstrap);
    let found = estimate("sdid", &panel, bootstrap);
    let told: Vec<&str> = found.warnings.iter().filter(|w| w.id == "W704").map(|w| w.text.en.as_str()).collect();
    assert!(matches!(told[..], [one] if one.contains(" of 200 draws had no unit of some cohort")), "{told:?}");
    assert!(estimate("sdid", &rows(), bootstrap).warnings.iter().all(|w| w.id != "W704"));
}
