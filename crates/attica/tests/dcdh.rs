//! de Chaisemartin-D'Haultfoeuille where the truth is known, beside Callaway-Sant'Anna, and on awkward data.
#![allow(clippy::unwrap_used)]

mod support;

use attica::estimator::options::ControlGroup;
use attica::estimator::{Estimate, dcdh, find};
use attica::frame::Column;
use attica::math::random::stream;
use support::Staggered;
use support::dcdh::{asked, estimate, panel, spec};
use support::panel::Loaded;

const PERIODS: usize = 9;

/// Doses of one unit over time.
type Path = [f64; PERIODS];

/// Units per path.
type Cohorts = Vec<(Path, usize)>;

/// y = unit + period, other for each first dose, + effect + .5 x + noise.
fn draw(cohorts: &Cohorts, effect: fn(&Path, usize) -> f64, noise: f64, seed: u64) -> Loaded {
    let mut random = stream(seed, 0);
    let [mut unit, mut time, mut dose, mut x, mut y] = [vec![], vec![], vec![], vec![], vec![]];
    let mut number = 0.0;
    for (path, units) in cohorts {
        for _ in 0..*units {
            number += 1.0;
            let level = random.normal() + path[PERIODS - 1];
            for t in 0..PERIODS {
                let trend = t as f64 * (0.1 + path[0]);
                x.push(random.normal());
                unit.push(number);
                time.push(t as f64 + 1.0);
                dose.push(path[t]);
                y.push(level + trend + effect(path, t) + 0.5 * x[x.len() - 1] + noise * random.normal());
            }
        }
    }
    let names = ["unit", "time", "d", "x", "y"];
    panel(names.into_iter().zip([unit, time, dose, x, y]).map(|(name, v)| Column::number(name, v)).collect(), "d")
}

/// Mean errors over 100 panels and how often intervals cover, against truth by event time (99: the headline).
fn recovers(cohorts: &Cohorts, effect: fn(&Path, usize) -> f64, own: &dcdh::Options, truth: &[(i64, f64)]) {
    let mut errors = vec![Vec::new(); truth.len()];
    let mut covered = vec![0; truth.len()];
    for seed in 0..100 {
        let loaded = draw(cohorts, effect, 1.0, seed);
        let mut spec = spec(&loaded, "y", "d", own.clone());
        spec.controls = vec!["x".to_owned()];
        let found = estimate(&loaded, &spec).unwrap();
        for (i, &(time, value)) in truth.iter().enumerate() {
            let (b, low, high) = interval(&found, time);
            errors[i].push(b - value);
            covered[i] += usize::from(low <= value && value <= high);
        }
    }
    for ((time, _), (errors, covered)) in truth.iter().zip(errors.iter().zip(covered)) {
        let mean = errors.iter().sum::<f64>() / 100.0;
        let sd = (errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 99.0).sqrt();
        assert!(mean.abs() < 4.0 * sd / 10.0, "{time}: mean error {mean}, sd {sd}");
        assert!(covered >= 88, "{time}: {covered} of 100 intervals cover");
    }
}

fn interval(found: &Estimate, time: i64) -> (f64, f64, f64) {
    if time == 99 {
        return (found.overall.estimate, found.overall.conf_low, found.overall.conf_high);
    }
    let rows = &found.event_study.as_ref().unwrap().rows;
    let row = rows.iter().find(|row| row.event_time == time).unwrap();
    (row.estimate, row.conf_low.unwrap(), row.conf_high.unwrap())
}

/// Treatment acts at once and by half in the next period.
fn lasting(path: &Path, t: usize) -> f64 {
    path[t] + if t > 0 { 0.5 * path[t - 1] } else { 0.5 * path[0] }
}

#[test]
fn finds_the_truth_when_treatment_switches() {
    let cohorts = vec![
        ([0., 0., 0., 1., 1., 1., 0., 0., 0.], 40),
        ([0., 0., 0., 0., 0., 1., 1., 1., 1.], 50),
        ([1., 1., 1., 1., 0., 0., 0., 0., 0.], 30),
        ([0.; PERIODS], 80),
        ([1.; PERIODS], 40),
    ];
    // Rises gain 1, then 1.5, then .5 and 0 once it is off again; falls lose 1, then 1.5.
    let truth = [
        (-3, 0.0),
        (-2, 0.0),
        (0, 1.0),
        (1, 1.5),
        (2, 1.5),
        (3, (40.0 * 0.5 + 50.0 * 1.5 + 30.0 * 1.5) / 120.0),
        (4, 30.0 * 1.5 / 70.0),
        (5, 0.0),
        (99, (40.0 * 4.5 + 50.0 * 5.5 + 30.0 * 7.0) / (40.0 * 3.0 + 50.0 * 4.0 + 30.0 * 5.0)),
    ];
    recovers(&cohorts, lasting, &dcdh::Options::default(), &truth);
}

#[test]
fn finds_the_truth_when_treatment_is_a_dose() {
    let cohorts = vec![
        ([0., 0., 0., 2., 2., 2., 3., 3., 3.], 40),
        ([1., 1., 1., 1., 4., 4., 4., 4., 4.], 40),
        ([2., 2., 2., 2., 2., 1., 1., 1., 1.], 40),
        ([0.; PERIODS], 50),
        ([1.; PERIODS], 50),
        ([2.; PERIODS], 50),
    ];
    let linear: fn(&Path, usize) -> f64 = |path, t| 0.7 * path[t];
    let at = |doses: [f64; 3]| 0.7 * doses.iter().sum::<f64>() / 3.0;
    let truth = [(-2, 0.0), (0, at([2.0, 3.0, 1.0])), (3, at([3.0, 3.0, 1.0])), (99, 0.7)];
    recovers(&cohorts, linear, &asked(4, 1), &truth);
    // Effects per unit of treatment received until then.
    let normalized = dcdh::Options { normalized: true, ..asked(2, 1) };
    recovers(&cohorts, linear, &normalized, &[(-2, 0.0), (0, 0.7), (1, 0.35), (99, 0.7)]);
    let falls = dcdh::Options { switchers: Some(dcdh::Switchers::Out), ..asked(2, 1) };
    recovers(&cohorts, linear, &falls, &[(-2, 0.0), (0, 0.7), (1, 0.7), (99, 0.7)]);
}

#[test]
fn is_callaway_santanna_with_units_not_yet_treated_when_treatment_stays() {
    let process =
        Staggered { periods: 9, cohorts: vec![(3, 15), (6, 25), (8, 10)], never: 30, effect: (0.5, 0.2), noise: 1.0 };
    let loaded = Loaded::new(process.draw(4), "unit", "time", "first");
    let mut spec = loaded.spec("y", &[]);
    spec.options.control_group = Some(ControlGroup::NotYet);
    let ours = find("dcdh").unwrap().estimate(loaded.data(), &spec).unwrap().event_study.unwrap();
    let theirs = find("cs").unwrap().estimate(loaded.data(), &spec).unwrap().event_study.unwrap();
    let mut compared = 0;
    for row in ours.rows.iter().filter(|row| row.event_time >= 0) {
        let other = theirs.rows.iter().find(|other| other.event_time == row.event_time).unwrap();
        assert!((row.estimate - other.estimate).abs() < 1e-12, "{}", row.event_time);
        compared += 1;
    }
    assert_eq!(compared, 7);
}

fn small() -> Cohorts {
    vec![
        ([0., 0., 0., 1., 1., 1., 1., 1., 1.], 6),
        ([0., 0., 0., 0., 0., 1., 0., 0., 1.], 5),
        ([0.; PERIODS], 8),
        ([5., 5., 5., 5., 5., 6., 6., 6., 6.], 1),
        ([3., 3., 4., 4., 2., 2., 2., 2., 2.], 2),
        ([3.; PERIODS], 3),
        ([0., 0., 0., 0., 1., 1., -1., -1., 0.], 1),
    ]
}

#[test]
fn what_cannot_be_compared_is_counted_and_told() {
    let loaded = draw(&small(), lasting, 0.5, 7);
    let found = estimate(&loaded, &spec(&loaded, "y", "d", asked(20, 20))).unwrap();
    let told = |part: &str| found.warnings.iter().any(|w| w.text.en.contains(part));
    // Unit 20 alone starts from 5; units 21 and 22 fall below 3 after a rise; unit 26 falls below 0.
    assert!(told("9 rows of 1 units (20) are left out: no other unit"), "{:?}", found.warnings);
    assert!(told("13 rows of 3 units (21, 22, 26) are left out: treatment by then both above and below"));
    assert!(told("20 effects are asked for; the data allow 7 at most"));
    assert!(told("20 placebos are asked for; the data allow 4 at most"));
    // Rows that left: units 21 and 22 have no seventh period since the change.
    assert!(told("event times 6 have nobody to compare"));
    assert_eq!(found.ledger.used, found.n_obs);
    let lost: usize = found.ledger.dropped.iter().map(|drop| drop.rows).sum();
    assert_eq!((found.ledger.read, lost + found.n_obs), (26 * 9, 26 * 9));
    assert_eq!((found.n_units, found.n_treated_units), (25, 14));
}

#[test]
fn useless_treatments_and_windows_are_refused() {
    let only = |paths: &[Path]| draw(&paths.iter().map(|path| (*path, 4)).collect(), lasting, 0.5, 1);
    let refused = |loaded: &Loaded, own: dcdh::Options, window: Option<[i64; 2]>| {
        let mut spec = spec(loaded, "y", "d", own);
        spec.window.bounds = window;
        estimate(loaded, &spec).unwrap_err().id
    };
    let plain = dcdh::Options::default;
    let late = [0., 0., 0., 0., 1., 1., 1., 1., 1.];
    // Nobody switches; all switch at once; nobody starts where others start.
    assert_eq!(refused(&only(&[[0.0; 9], [1.0; 9]]), plain(), None), "E205");
    assert_eq!(refused(&only(&[late]), plain(), None), "E205");
    assert_eq!(refused(&only(&[late, [1.0; 9]]), plain(), None), "E205");
    let fine = only(&[late, [0.0; 9]]);
    assert_eq!(refused(&fine, plain(), Some([1, 4])), "E607");
    assert_eq!(refused(&fine, plain(), Some([-4, -1])), "E607");
    assert_eq!(refused(&fine, asked(0, 0), None), "E607");
    let falls = dcdh::Options { switchers: Some(dcdh::Switchers::Out), ..plain() };
    assert_eq!(refused(&fine, falls, None), "E205");
    let moving = dcdh::Options { trends_nonparam: vec!["x".to_owned()], ..plain() };
    assert_eq!(refused(&fine, moving, None), "E607");
    let unknown = dcdh::Options { trends_nonparam: vec!["nobody".to_owned()], ..plain() };
    assert_eq!(refused(&fine, unknown, None), "E603");
}

#[test]
fn the_order_of_rows_and_the_scale_of_the_outcome_do_not_matter() {
    let loaded = draw(&small(), lasting, 0.5, 3);
    let with_x = |loaded: &Loaded| {
        let mut spec = spec(loaded, "y", "d", dcdh::Options::default());
        spec.controls = vec!["x".to_owned()];
        estimate(loaded, &spec).unwrap()
    };
    let found = with_x(&loaded);
    let rows: Vec<u32> = (0..loaded.frame.rows() as u32).rev().collect();
    let mut turned = loaded.frame.take(&rows);
    let scaled = turned.numbers("y").unwrap().iter().map(|y| 100.0 * y + 7.0).collect();
    turned.set(Column::number("y", scaled)).unwrap();
    let other = with_x(&panel(turned.columns().to_vec(), "d"));
    let (a, b) = (&found.overall, &other.overall);
    assert!((100.0 * a.estimate - b.estimate).abs() < 1e-9 * b.estimate.abs());
    assert!((100.0 * a.std_error - b.std_error).abs() < 1e-9 * b.std_error);
}
