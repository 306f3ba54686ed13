//! Stacked DID and LP-DiD: identities that hold exactly, and panels that are not as one would like.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;

use attica::estimator::lpdid::pooled;
use attica::estimator::options::{BasePeriod, ControlGroup};
use attica::estimator::stacked::Weights;
use attica::estimator::{Estimate, Spec, find};
use attica::frame::{Column, Frame};
use attica::ledger::Reason;
use support::panel::Loaded;
use support::{Staggered, close};

/// Nine periods; cohorts 4, 6 and 8 of 12, 20 and 9 units, and 25 units that never adopt.
fn process() -> Staggered {
    Staggered { periods: 9, cohorts: vec![(4, 12), (6, 20), (8, 9)], never: 25, effect: (0.4, 0.3), noise: 1.0 }
}

fn loaded(frame: Frame) -> Loaded {
    Loaded::new(frame, "unit", "time", "first")
}

/// The rows for which `keep(unit, time, first)` holds, with `first` as `date(first)` says.
fn part(frame: &Frame, keep: impl Fn(f64, f64, f64) -> bool, date: impl Fn(f64) -> f64) -> Frame {
    let column = |name: &str| frame.numbers(name).unwrap();
    let (unit, time, first) = (column("unit"), column("time"), column("first"));
    let rows: Vec<usize> = (0..unit.len()).filter(|&row| keep(unit[row], time[row], first[row])).collect();
    let take = |name: &str| rows.iter().map(|&row| column(name)[row]).collect::<Vec<f64>>();
    let mut columns: Vec<Column> =
        ["unit", "time", "x", "y"].iter().map(|&name| Column::number(name, take(name))).collect();
    columns.push(Column::number("first", take("first").into_iter().map(date).collect()));
    Frame::new(columns).unwrap()
}

fn estimate(name: &str, loaded: &Loaded, controls: &[&str], ask: impl Fn(&mut Spec)) -> Estimate {
    let mut spec = loaded.spec("y", controls);
    ask(&mut spec);
    find(name).unwrap().estimate(loaded.data(), &spec).unwrap()
}

fn problem(name: &str, loaded: &Loaded, ask: impl Fn(&mut Spec)) -> String {
    let mut spec = loaded.spec("y", &[]);
    ask(&mut spec);
    find(name).unwrap().estimate(loaded.data(), &spec).unwrap_err().id
}

fn warning<'a>(found: &'a Estimate, id: &str) -> &'a str {
    &found.warnings.iter().find(|w| w.id == id).unwrap_or_else(|| panic!("no {id}: {:?}", found.warnings)).text.en
}

fn effect(found: &Estimate, k: i64) -> f64 {
    found.event_study.as_ref().unwrap().rows.iter().find(|row| row.event_time == k).unwrap().estimate
}

fn finite(found: &Estimate) {
    let overall = &found.overall;
    assert!([overall.estimate, overall.std_error, overall.p_value, overall.conf_low].iter().all(|v| v.is_finite()));
    for row in &found.event_study.as_ref().unwrap().rows {
        assert!(row.estimate.is_finite() && row.std_error.is_none_or(|se| se.is_finite() && se > 0.0));
    }
    assert_eq!(found.n_obs, found.ledger.used);
}

#[test]
fn one_cohort_in_a_stack_is_the_event_study_of_two_groups() {
    let frame = part(&process().draw(5), |_, _, first| first.is_nan() || first == 6.0, |first| first);
    let loaded = loaded(frame);
    let found = estimate("stacked", &loaded, &[], |spec| spec.window.bounds = Some([-3, 2]));
    let (y, time) = (loaded.frame.numbers("y").unwrap(), loaded.frame.numbers("time").unwrap());
    let first = loaded.frame.numbers("first").unwrap();
    let mean = |treated: bool, at: f64| {
        let of: Vec<f64> =
            (0..y.len()).filter(|&row| first[row].is_nan() != treated && time[row] == at).map(|row| y[row]).collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    for k in [-3, -2, 0, 1, 2] {
        let t = 6.0 + k as f64;
        let by_hand = mean(true, t) - mean(false, t) - mean(true, 5.0) + mean(false, 5.0);
        assert!((effect(&found, k) - by_hand).abs() < 1e-12, "{k}");
    }
    // Two-way effects over the same rows have the same coefficients.
    let rows = part(&loaded.frame, |_, time, _| (3.0..=8.0).contains(&time), |first| first);
    let twfe = estimate("twfe", &self::loaded(rows), &[], |_| ());
    for k in [-3, -2, 0, 1, 2] {
        assert!((effect(&found, k) - effect(&twfe, k)).abs() < 1e-12, "{k}");
    }
}

#[test]
fn the_stack_averages_cohorts_by_their_treated_units() {
    let loaded = loaded(process().draw(6));
    let window = |spec: &mut Spec| {
        spec.window.bounds = Some([-3, 1]);
        spec.options.control_group = Some(ControlGroup::Never);
    };
    let found = estimate("stacked", &loaded, &[], window);
    let cs = estimate("cs", &loaded, &[], |spec| {
        spec.options.control_group = Some(ControlGroup::Never);
        spec.options.base_period = BasePeriod::Universal;
    });
    assert_eq!(found.group_time.len(), 12);
    for cell in &found.group_time {
        let same = cs.group_time.iter().find(|c| c.group == cell.group && c.time == cell.time).unwrap();
        assert!((cell.estimate - same.estimate).abs() < 1e-12, "{} {}", cell.group, cell.time);
    }
    let size = |group: f64| {
        if group == 4.0 {
            12.0
        } else if group == 6.0 {
            20.0
        } else {
            9.0
        }
    };
    for k in [-3, -2, 0, 1] {
        let cells = found.group_time.iter().filter(|cell| cell.event_time == k);
        let by_hand = cells.map(|cell| size(cell.group) * cell.estimate).sum::<f64>() / 41.0;
        assert!((effect(&found, k) - by_hand).abs() < 1e-12, "{k}");
    }
    let mean = f64::midpoint(effect(&found, 0), effect(&found, 1));
    assert!((found.overall.estimate - mean).abs() < 1e-12);
    let groups = found.aggregations.group.as_ref().unwrap();
    assert!((groups.overall.as_ref().unwrap().estimate - mean).abs() < 1e-12 && groups.rows.len() == 3);
    let dynamic = found.aggregations.dynamic.as_ref().unwrap();
    assert_eq!(dynamic.overall.as_ref(), Some(&found.overall));
    // Never-treated controls are the same in all sub-experiments, but with unequal cohorts weights still matter.
    let unweighted = estimate("stacked", &loaded, &[], |spec| {
        window(spec);
        spec.options.stacked.weights = Weights::None;
    });
    assert!((unweighted.overall.estimate - mean).abs() > 1e-3 && unweighted.group_time.is_empty());
}

#[test]
fn reweighted_projections_are_callaway_santanna_with_units_not_yet_treated() {
    let loaded = loaded(process().draw(7));
    let lpdid = estimate("lpdid", &loaded, &[], |spec| spec.options.lpdid.reweight = true);
    let cs = estimate("cs", &loaded, &[], |spec| {
        spec.options.control_group = Some(ControlGroup::NotYet);
        spec.options.base_period = BasePeriod::Universal;
    });
    let study = lpdid.event_study.as_ref().unwrap();
    assert_eq!(study.rows.len(), 13);
    for row in study.rows.iter().filter(|row| row.event_time != -1) {
        assert!((row.estimate - effect(&cs, row.event_time)).abs() < 1e-12, "{}", row.event_time);
    }
    // One date: no weighting can differ, and the pooled effect is the mean of its horizons.
    let one = self::loaded(part(&process().draw(7), |_, _, first| first.is_nan() || first == 6.0, |first| first));
    let [plain, reweighted] =
        [false, true].map(|reweight| estimate("lpdid", &one, &[], |spec| spec.options.lpdid.reweight = reweight));
    let mean = (0..=3).map(|k| effect(&plain, k)).sum::<f64>() / 4.0;
    assert!((plain.overall.estimate - mean).abs() < 1e-12);
    assert!((plain.overall.estimate - reweighted.overall.estimate).abs() < 1e-12);
}

#[test]
fn long_differences_go_by_the_calendar() {
    // A third of the rows is missing at random.
    let gone =
        |unit: f64, time: f64| ((unit * 7.0 + time * 13.0 + (unit * time).sqrt() * 5.0) as u64).is_multiple_of(3);
    let frame = part(&process().draw(8), |unit, time, _| !gone(unit, time), |first| first);
    let loaded = loaded(frame);
    let found = estimate("lpdid", &loaded, &[], |spec| spec.window.bounds = Some([-3, 2]));
    let column = |name: &str| loaded.frame.numbers(name).unwrap();
    let (unit, time, first, y) = (column("unit"), column("time"), column("first"), column("y"));
    let seen: HashMap<(u64, i64), f64> =
        (0..y.len()).map(|row| ((unit[row] as u64, time[row] as i64), y[row])).collect();
    let start: HashMap<u64, i64> =
        (0..y.len()).map(|row| (unit[row] as u64, if first[row].is_nan() { 99 } else { first[row] as i64 })).collect();
    for h in [-3, -2, 0, 1, 2_i64] {
        let (mut above, mut below) = (0.0, 0.0);
        for t in 2..=9 {
            let mut changes = [Vec::new(), Vec::new()];
            for (unit, &start) in &start {
                if let (Some(after), Some(before)) = (seen.get(&(*unit, t + h)), seen.get(&(*unit, t - 1))) {
                    if start == t {
                        changes[1].push(after - before);
                    } else if start > t + h.max(0) {
                        changes[0].push(after - before);
                    }
                }
            }
            let [n0, n1] = [0, 1].map(|d| changes[d].len() as f64);
            if n0 > 0.0 && n1 > 0.0 {
                let weight = n0 * n1 / (n0 + n1);
                above += weight * (changes[1].iter().sum::<f64>() / n1 - changes[0].iter().sum::<f64>() / n0);
                below += weight;
            }
        }
        assert!((effect(&found, h) - above / below).abs() < 1e-10, "{h}");
    }
    finite(&found);
    finite(&estimate("lpdid", &loaded, &["x"], |spec| spec.options.lpdid.reweight = true));
    finite(&estimate("stacked", &loaded, &["x"], |_| ()));
}

#[test]
fn a_period_nobody_was_seen_in_takes_its_place_but_in_a_stack() {
    let loaded = loaded(part(&process().draw(9), |_, time, _| time != 5.0, |first| first));
    let found = estimate("stacked", &loaded, &[], |spec| spec.window.bounds = Some([-2, 1]));
    assert!(warning(&found, "W103").contains("event times count the periods that the panel has"));
    assert!(warning(&found, "N808").contains("3 sub-experiments (4, 6, 8)"));
    finite(&found);
    let found = estimate("lpdid", &loaded, &[], |spec| spec.window.bounds = Some([-2, 1]));
    let lost = warning(&found, "W807");
    assert!(lost.starts_with("2 of 3 cohorts (32 units)") && lost.ends_with(": 4, 6"), "{lost}");
    assert!(warning(&found, "N808").contains("on 9 of 41 adopting units"));
    finite(&found);
}

#[test]
fn without_never_treated_units_the_last_cohort_is_a_control() {
    let loaded = loaded(part(&process().draw(10), |_, _, first| !first.is_nan(), |first| first));
    for name in ["stacked", "lpdid"] {
        let found = estimate(name, &loaded, &[], |_| ());
        warning(&found, "W204");
        assert!(warning(&found, "W807").starts_with("1 of 3 cohorts (9 units)"), "{name}");
        finite(&found);
        let never = |spec: &mut Spec| spec.options.control_group = Some(ControlGroup::Never);
        assert_eq!(problem(name, &loaded, never), "E204");
    }
    // Cohort 6 has cohort 8 as its control until period 7: event time 1.
    let found = estimate("stacked", &loaded, &[], |_| ());
    let times: Vec<i64> = found.event_study.unwrap().rows.iter().map(|row| row.event_time).collect();
    assert_eq!(times, [-3, -2, -1, 0, 1]);
    // Late event times have no clean controls, and that is said.
    let found = estimate("lpdid", &loaded, &[], |_| ());
    assert!(warning(&found, "W805").contains("4 (no date has both adopting units and clean controls)"));
}

#[test]
fn units_treated_throughout_leave_and_are_counted() {
    let frame = process().draw(11);
    let always = loaded(part(&frame, |_, _, _| true, |first| if first == 4.0 { 1.0 } else { first }));
    let without = loaded(part(&frame, |_, _, first| first != 4.0, |first| first));
    for name in ["stacked", "lpdid"] {
        let [found, same] = [&always, &without].map(|loaded| estimate(name, loaded, &["x"], |_| ()));
        assert!(warning(&found, "W203").contains("12 units") && warning(&found, "W203").contains("108 rows"));
        // Clusters without a row take a place in sums, which moves their last digit.
        close(name, found.overall.estimate, same.overall.estimate, 1e-14);
        close(name, found.overall.std_error, same.overall.std_error, 1e-14);
        assert_eq!((found.n_obs, found.n_treated_units), (same.n_obs, same.n_treated_units));
    }
    // A filter that leaves nobody but them and the never-treated.
    let first = always.frame.numbers("first").unwrap();
    let rows: Vec<bool> = first.iter().map(|first| first.is_nan() || *first == 1.0).collect();
    for name in ["stacked", "lpdid"] {
        let subset = |spec: &mut Spec| spec.design.subset = Some((Reason::Filter("always".to_owned()), rows.clone()));
        assert_eq!(problem(name, &always, subset), "E205");
    }
}

#[test]
fn a_cohort_of_one_unit_and_one_period_before_are_enough() {
    let process = Staggered { periods: 4, cohorts: vec![(2, 1), (3, 6)], never: 8, effect: (1.0, 0.0), noise: 1.0 };
    let loaded = loaded(process.draw(12));
    for name in ["stacked", "lpdid"] {
        let found = estimate(name, &loaded, &[], |_| ());
        finite(&found);
        assert_eq!(found.n_treated_units, 7, "{name}");
    }
    let found = estimate("stacked", &loaded, &[], |_| ());
    assert_eq!(found.event_study.unwrap().rows.len(), 3);
}

#[test]
fn windows_without_the_reference_or_an_effect_are_refused() {
    let loaded = loaded(process().draw(13));
    let window = |low, high| move |spec: &mut Spec| spec.window.bounds = Some([low, high]);
    for (low, high) in [(0, 2), (-3, -1)] {
        assert_eq!(problem("stacked", &loaded, window(low, high)), "E607");
    }
    assert_eq!(problem("stacked", &loaded, window(-8, 8)), "E205");
    assert_eq!(problem("lpdid", &loaded, window(-3, -1)), "E607");
    assert_eq!(problem("lpdid", &loaded, window(-3, 8)), "E205");
    for name in ["stacked", "lpdid"] {
        assert_eq!(problem(name, &loaded, window(i64::MIN, i64::MAX)), "E205", "{name}");
    }
    let far = pooled(loaded.data(), &loaded.spec("y", &[]), [i64::MIN, -2]);
    assert_eq!(far.unwrap_err().id, "E205");
}

#[test]
fn anticipation_moves_the_reference_and_the_controls() {
    let loaded = loaded(process().draw(14));
    for name in ["stacked", "lpdid"] {
        let found = estimate(name, &loaded, &[], |spec| {
            spec.window.bounds = Some([-3, 1]);
            spec.options.anticipation = 1;
        });
        let study = found.event_study.as_ref().unwrap();
        assert_eq!(study.reference, [-2], "{name}");
        assert_eq!(study.rows.iter().map(|row| row.event_time).collect::<Vec<_>>(), [-3, -2, -1, 0, 1]);
        finite(&found);
    }
}

#[test]
fn results_do_not_depend_on_row_order_units_or_the_scale_of_the_outcome() {
    let frame = process().draw(15);
    let n = frame.rows();
    // A permutation of the rows: 7 and the number of rows (594) have no common factor.
    let order: Vec<usize> = (0..n).map(|i| i * 7 % n).collect();
    let column = |name: &str, f: &dyn Fn(f64) -> f64| {
        let values = frame.numbers(name).unwrap();
        Column::number(name, order.iter().map(|&row| f(values[row])).collect())
    };
    let moved = Frame::new(vec![
        column("unit", &|unit| 1000.0 - 3.0 * unit),
        column("time", &|time| time),
        column("first", &|first| first),
        column("x", &|x| x),
        column("y", &|y| 5.0 - 2.0 * y),
    ])
    .unwrap();
    let (before, after) = (loaded(part(&frame, |_, _, _| true, |first| first)), loaded(moved));
    for name in ["stacked", "lpdid"] {
        let [a, b] = [&before, &after].map(|loaded| estimate(name, loaded, &["x"], |_| ()));
        assert!((a.overall.estimate * -2.0 - b.overall.estimate).abs() < 1e-11, "{name}");
        assert!((a.overall.std_error * 2.0 - b.overall.std_error).abs() < 1e-11, "{name}");
        assert_eq!((a.n_obs, a.n_units), (b.n_obs, b.n_units));
    }
}
