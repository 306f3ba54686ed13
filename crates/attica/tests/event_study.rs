//! Event studies and the classic form: identities, invariances, and what cannot be identified.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::{Design, DesignOptions};
use attica::estimator::event::EventStudy;
use attica::estimator::event_time::Window;
use attica::estimator::twfe::{classic, event_study};
use attica::fit::{FitOptions, fit};
use attica::formula::SingleFormula;
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::panel::{Adoption, Panel};
use attica::vcov::Vcov;
use support::Staggered;

fn panel(process: &Staggered, seed: u64) -> Frame {
    process.draw(seed)
}

fn staggered() -> Staggered {
    Staggered { periods: 8, cohorts: vec![(3, 12), (5, 15), (7, 9)], never: 20, effect: (0.3, 0.3), noise: 0.5 }
}

fn design(frame: &Frame, regressors: &[&str], effects: &[&str]) -> (Design, Panel, Vec<Adoption>) {
    let panel = Panel::new(frame, "unit", "time").unwrap().0;
    let adoption = panel.adoption_from_first(frame.column("first").unwrap(), &[]).unwrap().0;
    let options = DesignOptions { clusters: vec!["unit".into()], ..DesignOptions::default() };
    let formula = SingleFormula::of_columns("y", regressors, effects);
    (Design::build(frame, Some(&panel), &formula, &options).unwrap(), panel, adoption)
}

fn options() -> FitOptions {
    FitOptions::new(Vcov::cluster("unit"))
}

fn study(frame: &Frame, window: &Window) -> EventStudy {
    let (base, panel, adoption) = design(frame, &["x"], &["unit", "time"]);
    event_study(&base, &panel, &adoption, window, &options(), 7).unwrap()
}

fn replaced(frame: &Frame, name: &str, f: impl Fn(f64) -> f64) -> Frame {
    let mut frame = frame.clone();
    let values = frame.numbers(name).unwrap().iter().map(|&v| f(v)).collect();
    frame.set(Column::number(name, values)).unwrap();
    frame
}

fn assert_same(a: &EventStudy, b: &EventStudy, scale: f64) {
    assert_eq!(a.rows.len(), b.rows.len());
    for (a, b) in a.rows.iter().zip(&b.rows) {
        assert_eq!((a.event_time, a.binned, a.n), (b.event_time, b.binned, b.n));
        assert!((scale * a.estimate - b.estimate).abs() < 1e-10 * scale.abs().max(1.0), "{a:?} {b:?}");
        let (Some(s), Some(t)) = (a.std_error, b.std_error) else { continue };
        assert!((scale.abs() * s - t).abs() < 1e-10 * scale.abs().max(1.0));
        assert!((a.band_high.unwrap() - a.estimate) / s - (b.band_high.unwrap() - b.estimate) / t < 0.1);
    }
    assert!((a.leads.as_ref().unwrap().statistic - b.leads.as_ref().unwrap().statistic).abs() < 1e-7);
}

#[test]
fn row_order_names_shift_and_scale_change_nothing_else() {
    let frame = panel(&staggered(), 1);
    let window = Window::default();
    let plain = study(&frame, &window);
    let mut order: Vec<u32> = (0..frame.rows() as u32).collect();
    stream(5, 0).shuffle(&mut order);
    assert_same(&plain, &study(&frame.take(&order), &window), 1.0);
    assert_same(&plain, &study(&replaced(&frame, "unit", |u| 1000.0 - 3.0 * u), &window), 1.0);
    assert_same(&plain, &study(&replaced(&frame, "y", |y| y + 1e4), &window), 1.0);
    assert_same(&plain, &study(&replaced(&frame, "y", |y| -250.0 * y), &window), -250.0);
    let later = replaced(&replaced(&frame, "time", |t| t + 2000.0), "first", |g| g + 2000.0);
    assert_same(&plain, &study(&later, &window), 1.0);
}

#[test]
fn the_result_accounts_for_references_leads_and_periods() {
    let found = study(&panel(&staggered(), 2), &Window::default());
    let times: Vec<i64> = found.rows.iter().map(|row| row.event_time).collect();
    assert_eq!(times, (-6..=5).collect::<Vec<_>>());
    assert_eq!((found.reference.as_slice(), found.pre_available, found.pre_testable), (&[-1][..], 6, 5));
    let reference = found.rows.iter().find(|row| row.event_time == -1).unwrap();
    assert_eq!((reference.estimate, reference.std_error, reference.conf_low), (0.0, None, None));
    let leads = found.leads.unwrap();
    assert_eq!((leads.df1, leads.df2), (5.0, Some(55.0)));
    assert_eq!(found.rows.iter().map(|row| row.n).sum::<usize>(), 36 * 8);
    for row in found.rows.iter().filter(|row| row.std_error.is_some()) {
        assert!(row.band_low < row.conf_low && row.conf_high < row.band_high);
    }
}

#[test]
fn another_reference_shifts_the_path() {
    let frame = panel(&staggered(), 3);
    let one = study(&frame, &Window::default());
    let other = study(&frame, &Window { reference: vec![0], ..Window::default() });
    let at = |study: &EventStudy, k| study.rows.iter().find(|row| row.event_time == k).unwrap().estimate;
    for k in -6..=5 {
        assert!((at(&one, k) - at(&one, 0) - at(&other, k)).abs() < 1e-10);
    }
}

#[test]
fn one_date_without_controls_gives_differences_of_mean_changes() {
    let process = Staggered { cohorts: vec![(4, 10)], periods: 6, ..staggered() };
    let frame = panel(&process, 4);
    let (base, panel, adoption) = design(&frame, &[], &["unit", "time"]);
    let found = event_study(&base, &panel, &adoption, &Window::default(), &options(), 1).unwrap();
    let y = frame.numbers("y").unwrap();
    let mean = |treated: bool, t: usize| {
        let units: Vec<u32> =
            (0..panel.units.len() as u32).filter(|&u| (adoption[u as usize] != Adoption::Never) == treated).collect();
        units.iter().map(|&u| y[panel.row(u, t).unwrap()]).sum::<f64>() / units.len() as f64
    };
    for row in &found.rows {
        let (t, base) = ((row.event_time + 3) as usize, 2);
        let by_hand = (mean(true, t) - mean(true, base)) - (mean(false, t) - mean(false, base));
        assert!((row.estimate - by_hand).abs() < 1e-12, "{}", row.event_time);
    }
}

#[test]
fn classic_and_interaction_form_are_one_on_a_balanced_panel() {
    let process = Staggered { cohorts: vec![(4, 10)], periods: 6, ..staggered() };
    let frame = panel(&process, 5);
    let (pooled, panel, adoption) = design(&frame, &[], &[]);
    let classic_fit = classic(&pooled, &panel, &adoption, "did", &options()).unwrap();
    let (two_way, ..) = design(&frame, &["d"], &["unit", "time"]);
    let two_way = fit(&two_way, &options()).unwrap();
    let b = classic_fit.coefficients[classic_fit.position("did").unwrap()];
    assert!((b - two_way.coefficients[0]).abs() < 1e-12);
    // And both are the difference of the mean changes.
    let (y, d) = (frame.numbers("y").unwrap(), frame.numbers("first").unwrap());
    let cell = |treated: bool, post: bool| {
        let rows: Vec<usize> = (0..frame.rows())
            .filter(|&r| d[r].is_nan() != treated && (panel.times[panel.time[r] as usize] >= 4.0) == post)
            .collect();
        rows.iter().map(|&r| y[r]).sum::<f64>() / rows.len() as f64
    };
    let by_hand = (cell(true, true) - cell(true, false)) - (cell(false, true) - cell(false, false));
    assert!((b - by_hand).abs() < 1e-12);
    assert_eq!(classic_fit.names, ["(Intercept)", "did", "treated", "post"]);

    let (pooled, panel, adoption) = design(&self::panel(&staggered(), 1), &[], &[]);
    assert_eq!(classic(&pooled, &panel, &adoption, "did", &options()).unwrap_err().id, "E607");
}

#[test]
fn without_never_treated_units_the_path_has_no_slope_of_its_own() {
    let frame = panel(&Staggered { never: 0, ..staggered() }, 6);
    let plain = study(&frame, &Window::default());
    assert_eq!(plain.reference, [-6, -1]);
    assert!(plain.warnings.iter().any(|w| w.id == "W204"));
    // A line in event time is in the span of the effects, so it cannot change what is estimated.
    let mut tilted = frame.clone();
    let (y, t, g) = (frame.numbers("y").unwrap(), frame.numbers("time").unwrap(), frame.numbers("first").unwrap());
    let values = (0..frame.rows()).map(|r| y[r] + 0.25 * (t[r] - g[r])).collect();
    tilted.set(Column::number("y", values)).unwrap();
    assert_same(&plain, &study(&tilted, &Window::default()), 1.0);
    // One date only: event time is calendar time, and nothing is left.
    let (base, panel, _) = design(&frame, &[], &["unit", "time"]);
    let adoption = vec![Adoption::At(4.0); panel.units.len()];
    let problem = event_study(&base, &panel, &adoption, &Window::default(), &options(), 1).unwrap_err();
    assert_eq!(problem.id, "E206");
}

#[test]
fn always_treated_units_and_trimmed_rows_leave_with_an_entry() {
    let mut process = staggered();
    process.cohorts.push((1, 4));
    let frame = panel(&process, 7);
    let found = study(&frame, &Window { bounds: Some([-3, 2]), trim: true, ..Window::default() });
    let record = found.fit.unwrap();
    let dropped: usize = record.dropped.iter().map(|d| d.rows).sum();
    assert_eq!(record.ledger.read, dropped + record.ledger.used);
    assert!(record.dropped.iter().any(|d| d.rows == 4 * 8), "{:?}", record.dropped);
    assert!(found.warnings.iter().any(|w| w.id == "W202"));
    assert_eq!(found.rows.iter().map(|row| row.event_time).collect::<Vec<_>>(), [-3, -2, -1, 0, 1, 2]);
}

#[test]
fn bins_are_one_coefficient_for_all_beyond() {
    let found = study(&panel(&staggered(), 8), &Window { bounds: Some([-3, 2]), ..Window::default() });
    let ends: Vec<_> = found.rows.iter().filter(|row| row.binned).map(|row| (row.event_time, row.n)).collect();
    // Periods -6..-3 of cohorts 7 and 5, and 2..5 of cohorts 3 and 5.
    assert_eq!(ends, [(-3, 9 * 4 + 15 * 2), (2, 12 * 4 + 15 * 2)]);
}
