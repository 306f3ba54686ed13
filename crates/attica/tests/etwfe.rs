//! Extended two-way fixed effects: identities, invariances, and data that are not as they should be.
#![allow(clippy::unwrap_used)]

mod support;

use attica::estimator::etwfe::{Effects, Options, Scale, Vce};
use attica::estimator::options::ControlGroup;
use attica::estimator::{Estimate, Spec, find};
use attica::fit::Family;
use attica::frame::{Column, Frame};
use attica::ledger::Reason;
use attica::math::random::stream;
use support::panel::Loaded;
use support::{Staggered, close};

fn process() -> Staggered {
    Staggered { periods: 8, cohorts: vec![(4, 12), (6, 9), (7, 1)], never: 15, effect: (0.5, 0.2), noise: 1.0 }
}

fn drawn(process: &Staggered, seed: u64) -> Loaded {
    Loaded::new(process.draw(seed), "unit", "time", "first")
}

fn run(loaded: &Loaded, spec: &Spec) -> Estimate {
    find("etwfe").unwrap().estimate(loaded.data(), spec).unwrap()
}

fn refused(loaded: &Loaded, spec: &Spec) -> attica::message::Problem {
    find("etwfe").unwrap().estimate(loaded.data(), spec).unwrap_err()
}

fn ids(found: &Estimate) -> Vec<&str> {
    let mut ids: Vec<&str> = found.warnings.iter().map(|w| w.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn text<'a>(found: &'a Estimate, id: &str) -> &'a str {
    &found.warnings.iter().find(|w| w.id == id).unwrap().text.en
}

fn adds_up(found: &Estimate) {
    let lost: usize = found.ledger.dropped.iter().map(|drop| drop.rows).sum();
    assert_eq!(found.ledger.read, found.ledger.used + lost);
    assert_eq!(found.ledger.used, found.n_obs);
}

/// The frame with `values` for the column `name`, and rows only where `keep` holds.
fn with(
    frame: &Frame,
    name: &str,
    value: impl Fn(f64, f64, f64) -> f64,
    keep: impl Fn(f64, f64, f64) -> bool,
) -> Frame {
    let get = |name: &str| frame.numbers(name).unwrap();
    let (unit, time, first) = (get("unit"), get("time"), get("first"));
    let rows: Vec<usize> = (0..frame.rows()).filter(|&r| keep(unit[r], time[r], first[r])).collect();
    let take = |values: &[f64]| rows.iter().map(|&r| values[r]).collect::<Vec<f64>>();
    let names = ["unit", "time", "first", "x", "y"];
    let mut taken = Frame::new(names.iter().map(|&n| Column::number(n, take(get(n)))).collect()).unwrap();
    let made = rows.iter().map(|&r| value(unit[r], time[r], first[r])).collect();
    taken.set(Column::number(name, made)).unwrap();
    taken
}

#[test]
fn without_covariates_on_a_balanced_panel_it_is_imputation() {
    for seed in 0..3 {
        let loaded = drawn(&process(), seed);
        let spec = loaded.spec("y", &[]);
        let found = run(&loaded, &spec);
        for other in ["bjs", "gardner"] {
            let theirs = find(other).unwrap().estimate(loaded.data(), &spec).unwrap();
            close(other, found.overall.estimate, theirs.overall.estimate, 1e-10);
            let study = theirs.event_study.unwrap();
            for row in &found.event_study.as_ref().unwrap().rows {
                let same = study.rows.iter().find(|r| r.event_time == row.event_time).unwrap();
                close(other, row.estimate, same.estimate, 1e-10);
            }
        }
    }
}

#[test]
fn with_never_treated_controls_it_is_sun_and_abraham() {
    let loaded = drawn(&process(), 4);
    let mut spec = loaded.spec("y", &[]);
    spec.options.control_group = Some(ControlGroup::Never);
    let found = run(&loaded, &spec).event_study.unwrap();
    let theirs = find("sa").unwrap().estimate(loaded.data(), &spec).unwrap().event_study.unwrap();
    assert_eq!(found.rows.len(), theirs.rows.len());
    for (row, same) in found.rows.iter().zip(&theirs.rows) {
        assert_eq!((row.event_time, row.std_error.is_some()), (same.event_time, same.std_error.is_some()));
        if let (Some(ours), Some(other)) = (row.std_error, same.std_error) {
            close("effect", row.estimate, same.estimate, 1e-9);
            close("error", ours, other, 1e-9);
        }
    }
}

#[test]
fn unit_and_cohort_effects_agree_on_a_balanced_panel() {
    let loaded = drawn(&process(), 5);
    let mut spec = loaded.spec("y", &[]);
    let unit = run(&loaded, &spec);
    spec.options.etwfe.effects = Some(Effects::Cohort);
    let cohort = run(&loaded, &spec);
    spec.options.etwfe.family = Family::Linear;
    close("effect", unit.overall.estimate, cohort.overall.estimate, 1e-10);
    // Cohorts are not nested in units, so that three parameters more are counted: 296 rows, 10 cells, 8 periods.
    let ratio = (296.0_f64 - 18.0) / (296.0 - 21.0);
    close("error", cohort.overall.std_error, unit.overall.std_error * ratio.sqrt(), 1e-9);
}

#[test]
fn order_shift_and_scale_do_not_matter() {
    let loaded = drawn(&process(), 6);
    let shuffled = {
        let rows = loaded.frame.rows();
        let order: Vec<usize> = (0..rows).map(|r| (r * 101 + 7) % rows).collect();
        let names = ["unit", "time", "first", "x", "y"];
        let take = |n: &str| order.iter().map(|&r| loaded.frame.numbers(n).unwrap()[r]).collect::<Vec<f64>>();
        let mut frame = Frame::new(names.iter().map(|n| Column::number(*n, take(n))).collect()).unwrap();
        let moved = take("y").iter().map(|y| 100.0 - 3.0 * y).collect();
        frame.set(Column::number("y", moved)).unwrap();
        Loaded::new(frame, "unit", "time", "first")
    };
    for vce in [Vce::Conditional, Vce::Unconditional] {
        let mut spec = loaded.spec("y", &["x"]);
        spec.options.etwfe.vce = vce;
        let (a, b) = (run(&loaded, &spec), run(&shuffled, &spec));
        close("effect", -3.0 * a.overall.estimate, b.overall.estimate, 1e-9);
        close("error", 3.0 * a.overall.std_error, b.overall.std_error, 1e-9);
    }
}

#[test]
fn a_saturated_poisson_is_a_ratio_of_means() {
    let process = Staggered { periods: 2, cohorts: vec![(2, 9)], never: 11, effect: (0.5, 0.0), noise: 0.5 };
    let frame = process.draw(8);
    let positive = frame.numbers("y").unwrap().iter().map(|y| y.exp()).collect();
    let mut frame = frame;
    frame.set(Column::number("y", positive)).unwrap();
    let loaded = Loaded::new(frame, "unit", "time", "first");
    let mut spec = loaded.spec("y", &[]);
    spec.options.etwfe = Options { family: Family::Poisson, scale: Scale::Link, ..Options::default() };
    let (y, first) = (loaded.frame.numbers("y").unwrap(), loaded.frame.numbers("first").unwrap());
    let mean = |treated: bool, after: usize| {
        let units = (0..20).filter(|u| first[2 * u].is_nan() != treated);
        units.map(|u| y[2 * u + after]).sum::<f64>() / if treated { 9.0 } else { 11.0 }
    };
    let ratio = (mean(true, 1) / mean(true, 0)) / (mean(false, 1) / mean(false, 0));
    close("link", run(&loaded, &spec).overall.estimate, ratio.ln(), 1e-10);
    spec.options.etwfe.scale = Scale::Outcome;
    close("outcome", run(&loaded, &spec).overall.estimate, mean(true, 1) * (1.0 - 1.0 / ratio), 1e-10);
}

/// Cohorts drawn with the units, effects 0 and 2: only unconditional errors know that shares vary.
#[test]
fn unconditional_errors_cover_effects_of_the_population() {
    let (mut covered, mut given, draws) = (0, 0, 100);
    for seed in 0..draws {
        let mut random = stream(91, seed);
        let (units, periods) = (60, 4);
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); 5];
        for unit in 0..units {
            let draw = random.uniform();
            let (first, effect) = if draw < 0.3 {
                (3.0, 0.0)
            } else if draw < 0.6 {
                (4.0, 2.0)
            } else {
                (f64::NAN, 0.0)
            };
            for time in 1..=periods {
                let time = f64::from(time);
                let y = random.normal() * 0.3 + if time >= first { effect } else { 0.0 };
                for (column, value) in columns.iter_mut().zip([f64::from(unit), time, first, 0.0, y]) {
                    column.push(value);
                }
            }
        }
        let names = ["unit", "time", "first", "x", "y"];
        let frame = Frame::new(names.iter().zip(columns).map(|(n, v)| Column::number(*n, v)).collect()).unwrap();
        let loaded = Loaded::new(frame, "unit", "time", "first");
        let mut spec = loaded.spec("y", &[]);
        // Treated rows: two of the first cohort for one of the second.
        let truth = 2.0 / 3.0;
        let covers =
            |found: &Estimate| usize::from((found.overall.conf_low..=found.overall.conf_high).contains(&truth));
        given += covers(&run(&loaded, &spec));
        spec.options.etwfe.vce = Vce::Unconditional;
        covered += covers(&run(&loaded, &spec));
    }
    assert!((90..=100).contains(&covered), "unconditional: {covered} of {draws}");
    assert!(given < 75, "conditional errors are for the treated rows at hand: {given} of {draws}");
}

#[test]
fn bootstrap_errors_are_close_to_analytical_ones() {
    let loaded = drawn(&process(), 9);
    let mut spec = loaded.spec("y", &["x"]);
    let analytical = run(&loaded, &spec);
    spec.options.bootstrap = Some(2000);
    let bootstrap = run(&loaded, &spec);
    close("error", bootstrap.overall.std_error, analytical.overall.std_error, 0.1);
    assert_eq!(bootstrap.overall, run(&loaded, &spec).overall);
}

#[test]
fn anticipation_moves_the_base_and_shows_the_leads() {
    let loaded = drawn(&process(), 10);
    let mut spec = loaded.spec("y", &[]);
    spec.options.anticipation = 1;
    let found = run(&loaded, &spec);
    let times: Vec<i64> = found.event_study.unwrap().rows.iter().map(|row| row.event_time).collect();
    assert_eq!(times, [-1, 0, 1, 2, 3, 4]);
    spec.options.control_group = Some(ControlGroup::Never);
    let found = run(&loaded, &spec);
    assert!(found.group_time.iter().all(|cell| cell.base == Some(cell.group - 2.0)));
    assert_eq!(found.event_study.unwrap().reference, [-2]);
}

#[test]
fn always_treated_units_and_single_ones_are_told() {
    let mut frame = process().draw(11);
    let first = frame.numbers("first").unwrap().iter().map(|g| if *g == 6.0 { 1.0 } else { *g }).collect();
    frame.set(Column::number("first", first)).unwrap();
    let loaded = Loaded::new(frame, "unit", "time", "first");
    let found = run(&loaded, &loaded.spec("y", &[]));
    assert_eq!(ids(&found), ["W203", "W207", "W405"]);
    assert!(text(&found, "W203").starts_with("72 rows"), "{}", text(&found, "W203"));
    assert!(text(&found, "W207").contains("cohorts 7 have one unit"), "{}", text(&found, "W207"));
    assert_eq!((found.n_obs, found.n_units, found.n_treated_units), (28 * 8, 28, 13));
    adds_up(&found);
}

#[test]
fn gaps_missing_covariates_and_empty_base_periods() {
    let frame = process().draw(12);
    // The first cohort has no row in its base period, one unit of the second starts after adoption, and the
    // last period has no never-treated row.
    let frame = with(
        &frame,
        "x",
        |unit, time, _| if unit == 30.0 && time == 2.0 { f64::NAN } else { (unit * time).sin() },
        |unit, time, first| {
            let leaves = [first == 4.0 && time == 3.0, unit == 14.0 && time < 6.0, first.is_nan() && time == 8.0];
            !leaves.contains(&true)
        },
    );
    let loaded = Loaded::new(frame, "unit", "time", "first");
    let mut spec = loaded.spec("y", &["x"]);
    spec.options.control_group = Some(ControlGroup::Never);
    let found = run(&loaded, &spec);
    let base = |g: f64| found.group_time.iter().find(|cell| cell.group == g).unwrap().base;
    assert_eq!((base(4.0), base(6.0)), (Some(2.0), Some(5.0)));
    assert!(text(&found, "W805").starts_with("22 rows of periods"), "{}", text(&found, "W805"));
    assert!(text(&found, "W203").starts_with("2 rows of units"), "{}", text(&found, "W203"));
    assert_eq!(found.ledger.dropped[0].reason, Reason::Missing("x".to_owned()));
    assert_eq!(found.periods, [1.0, 7.0]);
    adds_up(&found);
    let numbers = found.group_time.iter().flat_map(|cell| [cell.estimate, cell.std_error.unwrap_or(1.0)]);
    assert!(numbers.into_iter().all(f64::is_finite));
}

#[test]
fn a_covariate_constant_within_cohorts_is_named() {
    let frame = with(&process().draw(13), "x", |unit, _, first| if first == 6.0 { 2.0 } else { unit }, |_, _, _| true);
    let loaded = Loaded::new(frame, "unit", "time", "first");
    let found = run(&loaded, &loaded.spec("y", &["x"]));
    assert!(text(&found, "W306").contains("\"x\" is constant within cohorts 6, 7"), "{}", text(&found, "W306"));
    assert!(!ids(&found).contains(&"W805"), "their effects are identified all the same");
}

/// `x` is zero among controls, so that what it does to the outcome after adoption is not known.
#[test]
fn effects_that_covariates_leave_unidentified_are_left_out() {
    let frame = with(
        &process().draw(14),
        "x",
        |unit, time, first| if first.is_nan() { 0.0 } else { (unit + time * time).sin() },
        |_, _, first| first != 6.0 && first != 7.0,
    );
    let loaded = Loaded::new(frame, "unit", "time", "first");
    let mut spec = loaded.spec("y", &["x"]);
    let problem = refused(&loaded, &spec);
    assert_eq!(problem.id, "E205");
    assert!(problem.message.contains("4 in 4; 4 in 5"), "{}", problem.message);
    spec.controls.clear();
    assert!(run(&loaded, &spec).warnings.iter().all(|w| w.id != "W805"));
}

#[test]
fn outcomes_that_a_family_cannot_have_or_separate_are_refused() {
    let frame = process().draw(15);
    let loaded = drawn(&process(), 15);
    let mut spec = loaded.spec("y", &[]);
    spec.options.etwfe.family = Family::Poisson;
    assert_eq!(refused(&loaded, &spec).id, "E607");
    spec.options.etwfe.effects = Some(Effects::Unit);
    assert_eq!(refused(&loaded, &spec).id, "E607");
    spec.options.etwfe.effects = None;
    let zeros = |unit: f64, time: f64, first: f64| {
        if first == 6.0 && time == 7.0 { 0.0 } else { f64::from(((unit * 7.0 + time * 3.0) % 5.0) < 3.0) }
    };
    let loaded = Loaded::new(with(&frame, "y", zeros, |_, _, first| first != 7.0), "unit", "time", "first");
    for family in [Family::Poisson, Family::Logit] {
        spec.options.etwfe.family = family;
        let problem = refused(&loaded, &spec);
        assert_eq!(problem.id, "E702");
        assert!(problem.message.contains("cohort 6 in 7"), "{}", problem.message);
    }
}
