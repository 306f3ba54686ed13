//! Randomisation inference over every registered estimator: each draw is the estimator run afresh, and exact p-values
//! are those of loops written here.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::Codes;
use attica::diagnostic::placebo::lottery::{Lottery, Scheme};
use attica::diagnostic::placebo::quick::Assignment;
use attica::diagnostic::placebo::{
    Kind, Options, Placebo, assigned_by, estimate_earlier, placebo_of, possible_shifts_of,
};
use attica::estimator::{ESTIMATORS, Spec, find};
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::panel::Adoption;
use nalgebra::{DMatrix, DVector};
use support::panel::Loaded;

/// Units by periods with unit levels, a trend and noise; `first[unit]` is the first treated period, 0 never.
fn frame(seed: u64, first: &[usize], periods: usize) -> Frame {
    let mut random = stream(seed, 7);
    let names = ["unit", "time", "y", "x", "first"];
    let mut columns = vec![Vec::new(); 5];
    for (unit, &first) in first.iter().enumerate() {
        let level = 3.0 * random.normal();
        for time in 1..=periods {
            let x = random.normal();
            let effect = if first > 0 && time >= first { 0.5 } else { 0.0 };
            let y = level + 0.2 * time as f64 + effect + 0.3 * x + random.normal();
            for (column, value) in columns.iter_mut().zip([unit as f64, time as f64, y, x, first as f64]) {
                column.push(value);
            }
        }
    }
    Frame::new(names.iter().zip(columns).map(|(name, values)| Column::number(*name, values)).collect()).unwrap()
}

/// An effect as a function of first treated periods.
type ByHand<'a> = &'a dyn Fn(&[usize]) -> f64;

fn load(frame: Frame) -> Loaded {
    Loaded::new(frame, "unit", "time", "first")
}

/// The frame with other first treated periods.
fn with_first(frame: &Frame, first: &[f64]) -> Frame {
    let mut frame = frame.clone();
    let of_row = frame.numbers("unit").unwrap().iter().map(|&unit| first[unit as usize]).collect();
    frame.set(Column::number("first", of_row)).unwrap();
    frame
}

fn codes(name: &str, loaded: &Loaded, of_unit: impl Fn(usize) -> u32) -> Codes {
    let codes: Vec<u32> = loaded.frame.numbers("unit").unwrap().iter().map(|&unit| of_unit(unit as usize)).collect();
    let levels = codes.iter().max().map_or(0, |last| *last as usize + 1);
    Codes { name: name.to_owned(), codes: codes.into(), levels }
}

fn run(name: &str, loaded: &Loaded, spec: &Spec, options: &Options) -> Placebo {
    let found = placebo_of(find(name).unwrap(), loaded.data(), spec, options);
    found.unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

/// Dates of the true assignment in the order in which units first have them, and who has which.
fn truth(first: &[usize]) -> (Vec<usize>, Assignment) {
    let mut dates = Vec::new();
    let mut treated = Vec::new();
    for (unit, &first) in first.iter().enumerate().filter(|(_, first)| **first > 0) {
        let path = dates.iter().position(|date| *date == first).unwrap_or_else(|| {
            dates.push(first);
            dates.len() - 1
        });
        treated.push((unit as u32, path as u32));
    }
    (dates, Assignment { treated })
}

const FIRST: [usize; 24] = [0, 4, 0, 6, 4, 0, 0, 6, 0, 0, 4, 0, 0, 0, 6, 0, 4, 0, 0, 6, 0, 0, 4, 0];

#[test]
fn every_draw_is_the_estimator_run_afresh() {
    let full = frame(1, &FIRST, 8);
    let mut random = stream(1, 3);
    let kept: Vec<u32> = (0..full.rows() as u32).filter(|_| random.uniform() < 0.93).collect();
    for (frame, controls) in [(full.clone(), &["x"][..]), (full.clone(), &[]), (full.take(&kept), &[])] {
        let loaded = load(frame.clone());
        // The effect of `sdid` does not need the replications of its standard error, which the draws do not have.
        let spec_of = |loaded: &Loaded| {
            let mut spec = loaded.spec("y", controls);
            spec.options.sdid.replications = 20;
            spec
        };
        let spec = spec_of(&loaded);
        for estimator in ESTIMATORS {
            let name = estimator.name();
            // Balanced panels only.
            if name == "sdid" && frame.rows() < full.rows() {
                continue;
            }
            for kind in [Kind::Unit, Kind::Mixed] {
                let found = run(name, &loaded, &spec, &Options::new(kind, 2, 9));
                let own = estimator.estimate(loaded.data(), &spec).unwrap().overall;
                near(name, found.estimate, own.estimate, own.std_error);
                assert_eq!(found.statistic.is_some(), name != "sdid", "{name}");
                if let Some(statistic) = found.statistic {
                    near(name, statistic, own.statistic, 1.0);
                }
                let (mut dates, truth) = truth(&FIRST);
                let scheme = if kind == Kind::Mixed {
                    dates = (2..=8).collect();
                    Scheme::Dates { paths: (0..7).collect(), common: false }
                } else {
                    Scheme::Deal
                };
                let lottery = Lottery::new(&truth, 24, None, scheme, 9, kind.name());
                let mut at = 0;
                for r in 0..2 {
                    let mut assignment = Assignment::default();
                    lottery.draw(r, &mut Vec::new(), &mut assignment);
                    let mut first = [0.0; 24];
                    assignment.treated.iter().for_each(|&(u, path)| first[u as usize] = dates[path as usize] as f64);
                    let anew = load(with_first(&frame, &first));
                    let Ok(anew) = estimator.estimate(anew.data(), &spec_of(&anew)) else { continue };
                    near(name, found.draws[at], anew.overall.estimate, anew.overall.std_error);
                    if found.statistic.is_some() {
                        near(name, found.t[at], anew.overall.statistic, 1.0);
                        near(name, found.p[at], anew.overall.p_value, 1.0);
                    }
                    at += 1;
                }
                assert_eq!((at, 2 - at), (found.draws.len(), found.failed), "{name} {kind:?}");
                assert!(at > 0);
            }
        }
    }
}

fn near(name: &str, got: f64, want: f64, scale: f64) {
    assert!((got - want).abs() < 1e-10 * scale.abs().max(want.abs()), "{name}: {got} and {want}");
}

/// Outcomes, units by periods.
fn outcomes(loaded: &Loaded) -> Vec<Vec<f64>> {
    let y = loaded.frame.numbers("y").unwrap();
    y.chunks(loaded.panel.times.len()).map(<[f64]>::to_vec).collect()
}

/// Coefficient of the treatment beside dummies of units and periods, by normal equations.
fn two_way(y: &[Vec<f64>], first: &[usize]) -> f64 {
    let (n, periods) = (y.len(), y[0].len());
    let mut x = DMatrix::zeros(n * periods, 1 + n + periods);
    for i in 0..n {
        for t in 0..periods {
            x[(i * periods + t, 0)] = f64::from(u8::from(first[i] > 0 && t + 1 >= first[i]));
            x[(i * periods + t, 1 + i)] = 1.0;
            x[(i * periods + t, 1 + n + t)] = 1.0;
        }
    }
    let y = DVector::from_iterator(n * periods, y.iter().flatten().copied());
    (x.pseudo_inverse(1e-9).unwrap() * y)[0]
}

/// Mean over treated rows of the outcome less what units and periods predict from the untreated rows.
fn imputed(y: &[Vec<f64>], first: &[usize]) -> f64 {
    let (n, periods) = (y.len(), y[0].len());
    let is_treated = |i: usize, t: usize| first[i] > 0 && t + 1 >= first[i];
    let cells: Vec<(usize, usize)> = (0..n).flat_map(|i| (0..periods).map(move |t| (i, t))).collect();
    let untreated: Vec<_> = cells.iter().copied().filter(|&(i, t)| !is_treated(i, t)).collect();
    let mut x = DMatrix::zeros(untreated.len(), n + periods);
    for (row, &(i, t)) in untreated.iter().enumerate() {
        x[(row, i)] = 1.0;
        x[(row, n + t)] = 1.0;
    }
    let known = DVector::from_iterator(untreated.len(), untreated.iter().map(|&(i, t)| y[i][t]));
    let effects = x.pseudo_inverse(1e-9).unwrap() * known;
    let treated: Vec<_> = cells.into_iter().filter(|&(i, t)| is_treated(i, t)).collect();
    let gaps = treated.iter().map(|&(i, t)| y[i][t] - effects[i] - effects[n + t]);
    gaps.sum::<f64>() / treated.len() as f64
}

/// Callaway-Sant'Anna with never-treated controls: by cohort the mean over its treated periods of the long differences,
/// less those of controls; cohorts by their size. With one cohort also its standard error.
fn long_differences(y: &[Vec<f64>], first: &[usize]) -> (f64, f64) {
    let periods = y[0].len();
    let mut dates: Vec<usize> = first.iter().copied().filter(|g| *g > 0).collect();
    let treated = dates.len() as f64;
    dates.sort_unstable();
    dates.dedup();
    let (mut total, mut variance) = (0.0, 0.0);
    for &g in &dates {
        let change = |i: usize| (g - 1..periods).map(|t| y[i][t] - y[i][g - 2]).sum::<f64>() / (periods + 1 - g) as f64;
        let of = |date: usize| -> Vec<f64> { (0..y.len()).filter(|&i| first[i] == date).map(change).collect() };
        let (own, never) = (of(g), of(0));
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        total += own.len() as f64 / treated * (mean(&own) - mean(&never));
        let spread = |x: &[f64]| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>() / (x.len() as f64).powi(2);
        variance = spread(&own) + spread(&never);
    }
    (total, variance.sqrt())
}

/// All ways to give `dates` to units, the others never.
fn arrangements(units: usize, dates: &[usize]) -> Vec<Vec<usize>> {
    let mut found = vec![vec![0; units]];
    for &date in dates {
        let mut next = Vec::new();
        for first in &found {
            for unit in (0..units).filter(|&unit| first[unit] == 0) {
                let mut with = first.clone();
                with[unit] = date;
                next.push(with);
            }
        }
        next.sort();
        next.dedup();
        found = next;
    }
    found
}

/// Share of `all` at least as extreme as `actual`: two-sided, left, right.
fn shares(actual: f64, all: &[f64]) -> [f64; 3] {
    let slack = 1e-9;
    let share = |holds: &dyn Fn(f64) -> bool| all.iter().filter(|b| holds(**b)).count() as f64 / all.len() as f64;
    [share(&|b| b.abs() >= actual.abs() - slack), share(&|b| b <= actual + slack), share(&|b| b >= actual - slack)]
}

#[test]
fn exact_p_values_are_those_of_loops_over_all_assignments() {
    for (first, possible) in [(vec![0, 3, 0, 3, 0, 0, 3, 0], 56), (vec![3, 0, 0, 4, 0, 3, 0], 105)] {
        for seed in 0..6 {
            let loaded = load(frame(100 + seed, &first, 5));
            let y = outcomes(&loaded);
            let dates: Vec<usize> = first.iter().copied().filter(|g| *g > 0).collect();
            let all = arrangements(first.len(), &dates);
            assert_eq!(all.len(), possible);
            let by_hand: [(&str, ByHand<'_>); 3] = [
                ("twfe", &|first| two_way(&y, first)),
                ("cs", &|first| long_differences(&y, first).0),
                ("bjs", &|first| imputed(&y, first)),
            ];
            for (name, estimate) in by_hand {
                let found = run(name, &loaded, &loaded.spec("y", &[]), &Options::new(Kind::Unit, 200, 1));
                assert!(found.exact && found.draws.len() == possible - 1 && found.possible == Some(possible as u64));
                let effects: Vec<f64> = all.iter().map(|first| estimate(first)).collect();
                assert!((found.estimate - estimate(&first)).abs() < 1e-9, "{name}");
                let p = found.by_estimate;
                assert_eq!([p.two_sided, p.left, p.right], shares(found.estimate, &effects), "{name} {seed}");
                assert_eq!(p.monte_carlo_error, 0.0);
            }
            if possible == 56 {
                let found = run("cs", &loaded, &loaded.spec("y", &[]), &Options::new(Kind::Cohort, 55, 1));
                let t = |first: &[usize]| {
                    let (b, se) = long_differences(&y, first);
                    b / se
                };
                let all: Vec<f64> = all.iter().map(|first| t(first)).collect();
                let p = found.by_t.unwrap();
                assert_eq!([p.two_sided, p.left, p.right], shares(t(&first), &all), "{seed}");
            }
        }
    }
}

#[test]
fn whole_clusters_are_drawn_and_few_are_told() {
    // Eight provinces of three cities, two of them treated.
    let first: Vec<usize> = (0..24).map(|unit| if unit / 3 == 1 || unit / 3 == 4 { 4 } else { 0 }).collect();
    let loaded = load(frame(3, &first, 6));
    let spec = loaded.spec("y", &[]);
    let province = codes("province", &loaded, |unit| unit as u32 / 3);
    let clustered = Options { clusters: Some(province.clone()), ..Options::new(Kind::Unit, 500, 1) };
    let y = outcomes(&loaded);
    let all: Vec<f64> = arrangements(8, &[4, 4])
        .iter()
        .map(|of| long_differences(&y, &(0..24).map(|unit| of[unit / 3]).collect::<Vec<_>>()).0)
        .collect();
    let found = run("cs", &loaded, &spec, &clustered);
    assert_eq!((found.possible, found.drawn_from), (Some(28), [8, 2]));
    assert_eq!(found.by_estimate.two_sided, shares(found.estimate, &all)[0]);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);

    // Within two regions of four provinces, one of which is treated in each: 16, too few.
    let region = codes("region", &loaded, |unit| u32::from(unit >= 12));
    let both = Options { strata: Some(region), ..clustered.clone() };
    for name in ["twfe", "cs", "dcdh"] {
        let found = run(name, &loaded, &spec, &both);
        assert_eq!((found.possible, found.draws.len(), found.exact), (Some(16), 15, true));
        assert!(found.warnings.iter().any(|warning| warning.id == "W710"), "{name}");
        assert!(found.by_estimate.two_sided >= 1.0 / 16.0);
    }
    // Cities within provinces: every province is treated as a whole or not at all.
    let within = Options { strata: Some(province), ..Options::new(Kind::Unit, 500, 1) };
    assert_eq!(placebo_of(find("cs").unwrap(), loaded.data(), &spec, &within).unwrap_err().id, "E607");
    let crossed = codes("half", &loaded, |unit| unit as u32 % 2);
    let crossed = Options { strata: Some(crossed), ..clustered.clone() };
    assert_eq!(placebo_of(find("cs").unwrap(), loaded.data(), &spec, &crossed).unwrap_err().id, "E607");
    let partly = codes("pair", &loaded, |unit| unit as u32 / 2);
    let partly = Options { clusters: Some(partly), ..clustered };
    assert_eq!(placebo_of(find("twfe").unwrap(), loaded.data(), &spec, &partly).unwrap_err().id, "E607");
}

#[test]
fn strata_keep_their_treated_and_idle_ones_are_told() {
    // Four strata of four: one treated, two treated, none, all.
    let first = [4, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4];
    let loaded = load(frame(5, &first, 6));
    let strata = codes("province", &loaded, |unit| unit as u32 / 4);
    let options = Options { strata: Some(strata), ..Options::new(Kind::Unit, 100, 1) };
    let y = outcomes(&loaded);
    let all: Vec<Vec<usize>> = arrangements(16, &[4, 4, 4])
        .into_iter()
        .filter(|of| {
            of[..4].iter().filter(|g| **g > 0).count() == 1 && of[4..8].iter().filter(|g| **g > 0).count() == 2
        })
        .map(|of| [&of[..12], &[4; 4]].concat())
        .collect();
    assert_eq!(all.len(), 4 * 6);
    for (name, estimate) in [("bjs", &imputed as &dyn Fn(&[Vec<f64>], &[usize]) -> f64), ("twfe", &two_way)] {
        let found = run(name, &loaded, &loaded.spec("y", &[]), &options);
        assert_eq!(found.possible, Some(24));
        let all: Vec<f64> = all.iter().map(|first| estimate(&y, first)).collect();
        assert_eq!(found.by_estimate.two_sided, shares(found.estimate, &all)[0], "{name}");
        let told = found.warnings.iter().find(|warning| warning.id == "N712").unwrap();
        assert!(told.text.en.contains("1 province without") && told.text.en.contains("in 1 with"), "{}", told.text.en);
    }
    let changing = codes("changing", &loaded, |_| 0);
    let rows: Vec<u32> = (0..changing.codes.len() as u32).map(|row| row % 2).collect();
    let changing = Codes { codes: rows.into(), levels: 2, ..changing };
    let options = Options { strata: Some(changing), ..options };
    assert_eq!(
        placebo_of(find("cs").unwrap(), loaded.data(), &loaded.spec("y", &[]), &options).unwrap_err().id,
        "E605"
    );
}

#[test]
fn draws_without_an_estimate_are_counted_and_units_without_rows_are_not_drawn() {
    let first = [0, 4, 0, 4, 0, 0, 4, 0, 0, 0];
    let mut frame = frame(6, &first, 6);
    let units = frame.numbers("unit").unwrap().to_vec();
    let y =
        frame.numbers("y").unwrap().iter().zip(&units).map(|(y, u)| if *u == 3.0 || *u == 5.0 { f64::NAN } else { *y });
    let y = y.collect();
    frame.set(Column::number("y", y)).unwrap();
    let loaded = load(frame);
    let spec = loaded.spec("y", &[]);
    for name in ["cs", "gardner", "lpdid", "dcdh", "twfe"] {
        let found = run(name, &loaded, &spec, &Options::new(Kind::Unit, 100, 1));
        assert_eq!((found.possible, found.drawn_from), (Some(28), [8, 2]), "{name}");
    }
    // Two periods before adoption are needed, and a date in the second period leaves one.
    let found = run("sdid", &loaded, &spec, &Options::new(Kind::Mixed, 60, 1));
    assert!(found.failed > 0 && found.failed + found.draws.len() == 60);
    let told = found.warnings.iter().find(|warning| warning.id == "W704").unwrap();
    assert!(told.text.en.contains(&format!("{} of 60", found.failed)), "{}", told.text.en);
}

#[test]
fn treatments_that_end_move_as_a_whole() {
    // One unit in three is treated in periods 3 and 4 only.
    let loaded = {
        let first: Vec<usize> = (0..18).map(|unit| if unit % 3 == 0 { 3 } else { 0 }).collect();
        let mut loaded = load(frame(8, &first, 6));
        let (d, time) = (loaded.frame.numbers("d").unwrap(), loaded.frame.numbers("time").unwrap());
        let path: Vec<f64> = d.iter().zip(time).map(|(d, t)| if *t > 4.0 { 0.0 } else { *d }).collect();
        loaded.adoption = loaded.panel.adoption_where_positive(&path);
        loaded.frame.set(Column::number("d", path)).unwrap();
        loaded
    };
    assert!(loaded.adoption.contains(&Adoption::Switches));
    let spec = loaded.spec("y", &[]);
    for name in ["dcdh", "twfe"] {
        let found = run(name, &loaded, &spec, &Options::new(Kind::Unit, 30, 2));
        assert_eq!((found.draws.len(), found.failed), (30, 0), "{name}");
        let options = Options::new(Kind::Mixed, 30, 2);
        assert_eq!(placebo_of(find(name).unwrap(), loaded.data(), &spec, &options).unwrap_err().id, "E201");
    }
    assert_eq!(possible_shifts_of(loaded.data(), &spec).unwrap_err().id, "E201");
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let loaded = load(frame(9, &FIRST, 8));
    let spec = loaded.spec("y", &["x"]);
    for name in ["cs", "sa", "dcdh"] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(name, &loaded, &spec, &Options::new(Kind::Unit, 40, 2)))
        };
        assert_eq!(with(1), with(4), "{name}");
    }
}

#[test]
fn earlier_dates_are_estimated_without_truly_treated_rows() {
    let full = frame(10, &FIRST, 8);
    let loaded = load(full.clone());
    let spec = loaded.spec("y", &[]);
    assert_eq!(possible_shifts_of(loaded.data(), &spec).unwrap(), [1, 2, 3, 4]);
    let (time, first) = (full.numbers("time").unwrap(), full.numbers("first").unwrap());
    let rows: Vec<u32> =
        (0..full.rows()).filter(|&row| first[row] == 0.0 || time[row] < first[row]).map(|row| row as u32).collect();
    let mut before = full.take(&rows);
    let moved = before.numbers("first").unwrap().iter().map(|g| if *g > 0.0 { g - 2.0 } else { 0.0 }).collect();
    before.set(Column::number("first", moved)).unwrap();
    let by_hand = load(before);
    let mut answers = 0;
    for estimator in ESTIMATORS.iter().filter(|one| one.name() != "sdid") {
        let found = estimate_earlier(*estimator, loaded.data(), &spec, 2).map(|found| found.overall);
        let anew = estimator.estimate(by_hand.data(), &by_hand.spec("y", &[])).map(|found| found.overall);
        assert_eq!(found, anew, "{}", estimator.name());
        answers += usize::from(found.is_ok());
    }
    // Those that need a window before adoption for every cohort have none here.
    assert!(answers >= 6, "{answers}");
}

#[test]
fn the_level_of_assignment_is_seen() {
    let by_province: Vec<usize> = (0..24).map(|unit| if [1, 4, 6].contains(&(unit / 3)) { 4 } else { 0 }).collect();
    let with = |first: &[usize], name: &str, of: &dyn Fn(usize) -> f64| {
        let mut frame = frame(11, first, 6);
        let values = frame.numbers("unit").unwrap().iter().map(|&unit| of(unit as usize)).collect();
        frame.set(Column::number(name, values)).unwrap();
        assigned_by(load(frame).data())
    };
    let province = |unit: usize| (unit / 3) as f64;
    assert_eq!(with(&by_province, "province", &province), Some("province".to_owned()));
    // Units adopt one by one; the column tells who adopts; too fine; changes nothing.
    assert_eq!(with(&FIRST, "province", &province), None);
    assert_eq!(with(&by_province, "group", &|unit| f64::from(u8::from(by_province[unit] > 0))), None);
    assert_eq!(with(&by_province, "name", &|unit| unit as f64), None);
}

#[test]
#[ignore = "a Monte Carlo study of 2,000 panels"]
fn exact_p_values_are_uniform_under_the_sharp_null() {
    for name in ["twfe", "cs", "bjs"] {
        let mut at_most = [0; 10];
        for seed in 0..2000 {
            let mut first = [0; 7];
            stream(seed, 1).sample(7, 3).iter().for_each(|&unit| first[unit as usize] = 3);
            // 35 assignments; the effect of .5 in `frame` is taken out again.
            let mut frame = frame(seed, &first, 5);
            let y = (0..frame.rows()).map(|row| {
                let number = |name: &str| frame.numbers(name).unwrap()[row];
                number("y") - if number("first") > 0.0 && number("time") >= 3.0 { 0.5 } else { 0.0 }
            });
            let y = y.collect();
            frame.set(Column::number("y", y)).unwrap();
            let loaded = load(frame);
            let p = run(name, &loaded, &loaded.spec("y", &[]), &Options::new(Kind::Unit, 40, 1)).by_estimate.right;
            at_most.iter_mut().zip(1..).for_each(|(count, tenth)| *count += usize::from(p <= 0.1 * f64::from(tenth)));
        }
        for (count, tenth) in at_most.iter().zip(1..) {
            let expected = (3.5 * f64::from(tenth)).floor() / 35.0;
            let error = (expected * (1.0 - expected) / 2000.0).sqrt();
            let share = *count as f64 / 2000.0;
            assert!((share - expected).abs() <= 4.0 * error, "{name}: {share} of p-values up to {expected}");
        }
    }
}
