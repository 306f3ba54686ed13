//! Synthetic difference-in-differences against R synthdid and synthdid for Python, and what must hold of it.
//!
//! Numbers on gender quotas in parliaments: synthdid 0.10.1 for Python (`Synthdid(df, "country", "year",
//! "quota", "womparl").fit()`, with `covariates=["lngdp"], cov_method="projected"`). The jackknife is algorithm 3
//! of Clarke et al. (2023), and effects by period are the formula of Ciccia (2024), both by brute force on its
//! weights; Stata itself was not run.
#![allow(clippy::unwrap_used)]

mod support;
#[path = "golden/synthetic.rs"]
mod synthetic;

use attica::design::WeightKind;
use attica::estimator::synthetic::{Block, Kind, Options, Stop, Variance};
use attica::estimator::{Estimate, Spec, find};
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::message::Problem;
use nalgebra::DMatrix;
use support::panel::Loaded;
use support::{Staggered, Table, close, json};
use synthetic::{california, golden, named};

fn spec(loaded: &Loaded, controls: &[&str], kind: Kind, variance: Option<Variance>, replications: usize) -> Spec {
    let mut spec = loaded.spec("y", controls);
    spec.options.sdid = Options { kind, variance, replications };
    spec
}

fn run(loaded: &Loaded, spec: &Spec) -> Result<Estimate, Problem> {
    find("sdid").unwrap().estimate(loaded.data(), spec)
}

fn ids(found: &Estimate) -> Vec<&str> {
    found.warnings.iter().map(|warning| warning.id.as_str()).collect()
}

/// Countries and years; without the countries `but`.
fn quotas(but: &[&str]) -> Option<Loaded> {
    let table = Table::read("more/gender_quota_sdid/gender_quota_sdid.csv")?;
    let gone: Vec<bool> = table.text("country").iter().map(|country| but.contains(country)).collect();
    let table = table.filter(|row| !gone[row]);
    Some(named(&table, "country", "year", "quota", &[("y", "womparl"), ("lngdp", "lngdp")]))
}

#[test]
fn california_agrees_with_r() {
    golden();
}

/// R synthdid with `min.decrease = 1e-10` and `max.iter = 1e6`: the minimum, which the default search stops short of.
#[test]
fn california_agrees_with_r_at_the_minimum() {
    let (Some(table), Some(golden)) =
        (Table::read("california_prop99/california_prop99.csv"), json("california_prop99/golden.json"))
    else {
        return;
    };
    let (state, year, packs) = (table.text("State"), table.number("Year"), table.number("PacksPerCapita"));
    let mut names: Vec<&str> = state.iter().map(|name| &name[..]).collect();
    names.sort_by_key(|name| (*name == "California", *name));
    names.dedup();
    let mut y = DMatrix::from_element(39, 31, f64::NAN);
    for row in 0..packs.len() {
        let unit = names.iter().position(|name| *name == state[row]).unwrap();
        y[(unit, year[row] as usize - 1970)] = packs[row];
    }
    let block = Block::new(y, 38, 19).unwrap();
    let found = block.effect_until(Kind::Sdid, Stop { min_decrease: 1e-10, steps: 1_000_000 });
    close("sdid_tight", found.estimate, golden["sdid_tight"].as_f64().unwrap(), 1e-8);
    for (name, weight) in golden["omega_tight"].as_object().unwrap() {
        let unit = names.iter().position(|known| known == name).unwrap();
        let (ours, theirs) = (found.omega[unit], weight.as_f64().unwrap());
        assert!((ours - theirs).abs() < 1e-8, "{name}: {ours} is not {theirs}");
    }
}

#[test]
fn placebo_error_is_near_the_published_one_and_the_same_for_any_thread_count() {
    let Some(loaded) = california() else { return };
    let spec = spec(&loaded, &[], Kind::Sdid, None, 200);
    let found = run(&loaded, &spec).unwrap();
    // Printed: 8.4 (paper), 9.34 and 7.98 (Stata, 100 and 50 draws). The Monte Carlo error of 200 draws is 5 %.
    assert!((7.5..10.5).contains(&found.overall.std_error), "{}", found.overall.std_error);
    assert!(ids(&found).contains(&"N831"));
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(alone.install(|| run(&loaded, &spec).unwrap()), found);
}

#[test]
fn cohorts_and_event_times_agree_on_gender_quotas() {
    let Some(loaded) = quotas(&[]) else { return };
    let found = run(&loaded, &spec(&loaded, &[], Kind::Sdid, Some(Variance::Placebo), 20)).unwrap();
    close("att", found.overall.estimate, 8.034102085148723, 1e-8);
    let group = found.aggregations.group.unwrap();
    let cohorts = [
        8.388868463166032,
        6.967746483353965,
        13.95225644975554,
        -3.4505430849068133,
        2.7490355260500188,
        21.76271568805484,
        -0.8203235362587151,
    ];
    for (row, want) in group.rows.iter().zip(cohorts) {
        close("cohort", row.estimate, want, 1e-8);
    }
    let events = [
        (-10, 0.8281054163016103),
        (-3, 0.47719732092169465),
        (-1, -0.10756989282084341),
        (0, 6.717377168163806),
        (1, 7.370019609530102),
        (5, 8.323493984980033),
        (10, 8.149140898031172),
        (15, 11.408834913274058),
    ];
    let study = found.event_study.unwrap();
    assert_eq!((study.rows[0].event_time, study.rows.len()), (-23, 39));
    for (k, want) in events {
        let row = study.rows.iter().find(|row| row.event_time == k).unwrap();
        close("event", row.estimate, want, 1e-7);
        assert!(row.std_error.unwrap() > 0.0 && row.band_low.unwrap() < row.conf_low.unwrap());
    }
    let year = found.aggregations.calendar.unwrap();
    let row = year.rows.iter().find(|row| row.at == attica::estimator::group_time::At::Time(2008.0)).unwrap();
    close("2008", row.estimate, 8.692593697190091, 1e-8);
    assert_eq!((found.group_time.len(), found.weights.len()), (7 * 26, 7));
    for weights in &found.weights {
        let sum: f64 = weights.units.iter().map(|unit| unit.weight).sum();
        close("weights", sum, 1.0, 1e-12);
        assert!(weights.units.is_sorted_by(|a, b| a.weight >= b.weight));
    }
}

#[test]
fn projected_covariates_and_jackknife_agree_on_gender_quotas() {
    let Some(loaded) = quotas(&[]) else { return };
    let found = run(&loaded, &spec(&loaded, &["lngdp"], Kind::Sdid, None, 20)).unwrap();
    close("projected", found.overall.estimate, 8.059266334197321, 1e-8);
    // Four countries have no GDP: their 104 rows are missing, not unbalanced.
    assert_eq!((found.n_units, found.n_obs), (115, 115 * 26));
    // Nine treated, cohorts of one: placebo, and it says so.
    assert!(found.warnings.iter().any(|w| w.id == "N831" && w.text.en.contains("placebo")));

    let single = ["Algeria", "Kenya", "Samoa", "Swaziland", "Tanzania"];
    let Some(loaded) = quotas(&single) else { return };
    let found = run(&loaded, &spec(&loaded, &[], Kind::Sdid, Some(Variance::Jackknife), 20)).unwrap();
    close("att", found.overall.estimate, 10.330658689399165, 1e-8);
    close("se", found.overall.std_error, 6.005597068041553, 1e-7);
    let errors: Vec<f64> = found.aggregations.group.unwrap().rows.iter().map(|row| row.std_error.unwrap()).collect();
    close("se 2002", errors[0], 0.6962701206684431, 1e-7);
    close("se 2003", errors[1], 17.411666988241652, 1e-7);
    // Projected anew for every country left out.
    let found = run(&loaded, &spec(&loaded, &["lngdp"], Kind::Sdid, Some(Variance::Jackknife), 20)).unwrap();
    close("att", found.overall.estimate, 10.410565418735603, 1e-8);
    close("se", found.overall.std_error, 6.051158909805473, 1e-7);
}

/// The policies of 30 panels are drawn at random, so the truth is zero.
#[test]
fn random_policies_on_wages_have_no_effect_and_weights_make_them_more_precise() {
    let Some(table) = Table::read("synthdid_cps/CPS.csv").or_else(|| Table::read("synthdid_cps/synthdid_cps.csv"))
    else {
        return;
    };
    let (state, year, wage) = (table.text("state"), table.number("year"), table.number("log_wage"));
    let mut states = state.clone();
    states.sort_unstable();
    states.dedup();
    let (mut squares, mut covered) = ([0.0, 0.0], 0);
    for draw in 0..30 {
        let mut random = stream(7, draw);
        let mut order = states.clone();
        random.shuffle(&mut order);
        let first = state.iter().map(|s| if order[..10].contains(s) { 2009.0 } else { 0.0 }).collect();
        let columns = vec![
            Column::text("unit", state.iter().map(|&s| Some(s))),
            Column::number("time", year.clone()),
            Column::number("first", first),
            Column::number("y", wage.clone()),
        ];
        let loaded = Loaded::new(Frame::new(columns).unwrap(), "unit", "time", "first");
        for (i, kind) in [Kind::Sdid, Kind::Did].into_iter().enumerate() {
            let found = run(&loaded, &spec(&loaded, &[], kind, Some(Variance::Placebo), 60)).unwrap().overall;
            squares[i] += found.estimate.powi(2);
            covered += usize::from(i == 0 && found.conf_low <= 0.0 && found.conf_high >= 0.0);
        }
    }
    assert!(squares[0] < 0.6 * squares[1], "{squares:?}");
    assert!((26..=30).contains(&covered), "{covered} of 30 intervals cover");
}

const PROCESS: Staggered = Staggered { periods: 7, cohorts: Vec::new(), never: 12, effect: (1.0, 0.5), noise: 1.0 };

fn simulated(cohorts: Vec<(u32, usize)>, seed: u64) -> Frame {
    Staggered { cohorts, ..PROCESS }.draw(seed)
}

/// Equal weights are within a cohort the two-way regression, whose coefficient is a mean of means.
#[test]
fn equal_weights_are_two_way_fixed_effects() {
    let loaded = Loaded::new(simulated(vec![(5, 6)], 1), "unit", "time", "first");
    let found = run(&loaded, &spec(&loaded, &[], Kind::Did, None, 20)).unwrap();
    let twfe = find("twfe").unwrap().estimate(loaded.data(), &loaded.spec("y", &[])).unwrap();
    close("did", found.overall.estimate, twfe.overall.estimate, 1e-10);
}

#[test]
fn the_jackknife_of_clusters_with_equal_weights_is_that_of_estimates_without_each_cluster() {
    let mut frame = simulated(vec![(4, 6), (6, 6)], 2);
    let unit = frame.numbers("unit").unwrap().to_vec();
    frame.set(Column::number("region", unit.iter().map(|u| u % 8.0).collect())).unwrap();
    let at = |frame: Frame, variance| {
        let loaded = Loaded::new(frame, "unit", "time", "first");
        let mut spec = spec(&loaded, &[], Kind::Did, Some(variance), 20);
        spec.design.clusters = vec!["region".to_owned()];
        run(&loaded, &spec).unwrap()
    };
    let found = at(frame.clone(), Variance::Jackknife);
    let without: Vec<f64> = (0..8)
        .map(|region| {
            let rows: Vec<usize> = (0..unit.len()).filter(|&r| unit[r] % 8.0 != f64::from(region)).collect();
            let column = |name: &str| {
                let values = frame.numbers(name).unwrap();
                Column::number(name, rows.iter().map(|&r| values[r]).collect())
            };
            let frame = Frame::new(["unit", "time", "first", "y", "region"].map(column).into()).unwrap();
            at(frame, Variance::Bootstrap).overall.estimate
        })
        .collect();
    let mean = without.iter().sum::<f64>() / 8.0;
    let se = (7.0 / 8.0 * without.iter().map(|e| (e - mean).powi(2)).sum::<f64>()).sqrt();
    close("se", found.overall.std_error, se, 1e-10);
}

#[test]
fn estimates_and_errors_shift_and_scale_with_the_outcome() {
    let frame = simulated(vec![(4, 6), (6, 8)], 3);
    let loaded = Loaded::new(frame.clone(), "unit", "time", "first");
    let mut moved = frame;
    let y = moved.numbers("y").unwrap().iter().map(|y| 40.0 + 8.0 * y).collect();
    moved.set(Column::number("y", y)).unwrap();
    let moved = Loaded::new(moved, "unit", "time", "first");
    for variance in [Variance::Bootstrap, Variance::Jackknife] {
        let [one, eight] =
            [&loaded, &moved].map(|of| run(of, &spec(of, &["x"], Kind::Sdid, Some(variance), 40)).unwrap());
        close("estimate", eight.overall.estimate, 8.0 * one.overall.estimate, 1e-6);
        close("se", eight.overall.std_error, 8.0 * one.overall.std_error, 1e-6);
        // Leads weigh to zero, so one of them is not tested.
        let study = one.event_study.unwrap();
        assert!(study.leads.unwrap().df1 <= study.pre_testable as f64);
        assert_eq!(study.rows.iter().filter(|row| row.event_time < 0).count(), 5);
    }
}

#[test]
fn what_cannot_enter_is_counted_and_named() {
    let mut frame = simulated(vec![(1, 2), (2, 3), (5, 6)], 4);
    let (unit, time) = (frame.numbers("unit").unwrap().to_vec(), frame.numbers("time").unwrap().to_vec());
    let never = *unit.last().unwrap();
    let y: Vec<f64> = (0..unit.len())
        .map(|r| if unit[r] == never && time[r] == 3.0 { f64::NAN } else { frame.numbers("y").unwrap()[r] })
        .collect();
    frame.set(Column::number("y", y)).unwrap();
    frame.set(Column::number("w", unit.iter().map(|u| 1.0 + u).collect())).unwrap();
    let loaded = Loaded::new(frame, "unit", "time", "first");
    let mut spec = spec(&loaded, &[], Kind::Sdid, None, 20);
    spec.design.weights = Some(("w".to_owned(), WeightKind::Analytic));
    spec.options.bootstrap = Some(100);
    let found = run(&loaded, &spec).unwrap();
    for id in ["W203", "W104", "W805", "W830", "N319", "N831"] {
        assert!(ids(&found).contains(&id), "{id} in {:?}", ids(&found));
    }
    assert_eq!((found.n_units, found.n_treated_units, found.n_obs), (17, 6, 17 * 7));
    let gone: usize = found.ledger.dropped.iter().map(|drop| drop.rows).sum();
    assert_eq!((found.ledger.read, found.ledger.used + gone), (23 * 7, 23 * 7));
    assert!(found.warnings.iter().any(|w| w.id == "W104" && w.text.en.contains(&format!("({never})"))));
}

#[test]
fn too_few_units_of_a_kind_are_problems_with_a_way_out() {
    let problem = |cohorts: Vec<(u32, usize)>, never: usize, variance| {
        let frame = Staggered { cohorts, never, ..PROCESS }.draw(5);
        let loaded = Loaded::new(frame, "unit", "time", "first");
        let problem = run(&loaded, &spec(&loaded, &[], Kind::Sdid, variance, 20)).unwrap_err();
        assert!(problem.fix.is_some(), "{problem}");
        problem.id
    };
    assert_eq!(problem(vec![(4, 5), (6, 5)], 0, None), "E204");
    assert_eq!(problem(vec![(4, 5)], 1, None), "E205");
    assert_eq!(problem(vec![(2, 5)], 6, None), "E205");
    assert_eq!(problem(vec![(4, 1)], 2, None), "E205");
    assert_eq!(problem(vec![(4, 1), (5, 3)], 9, Some(Variance::Jackknife)), "E205");
    assert_eq!(problem(vec![(4, 1)], 9, Some(Variance::Bootstrap)), "E205");
    assert_eq!(problem(vec![(4, 5)], 5, Some(Variance::Placebo)), "E205");
}
