//! The simulated data are what they claim to be.
#![allow(clippy::unwrap_used)]

use attica::frame::Frame;
use attica::index::{Direction, Indicator, Options, compute};
use attica::simulate::{CohortDesign, cohorts, sci_tech_finance};

fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

fn minmax(x: &[f64]) -> Vec<f64> {
    let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    x.iter().map(|x| (x - low) / (high - low)).collect()
}

fn logs(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.ln()).collect()
}

/// The composite index as a study would compute it from the raw table.
fn npro(table: &Frame) -> Vec<f64> {
    let indicators: Vec<_> = [
        ("avg_wage", Direction::Benefit),
        ("students_per_10k", Direction::Benefit),
        ("broadband_users", Direction::Benefit),
        ("robots_per_10k", Direction::Benefit),
        ("energy_per_gdp", Direction::Cost),
        ("patent_applications", Direction::Benefit),
        ("ai_firms", Direction::Benefit),
    ]
    .into_iter()
    .map(|(name, direction)| Indicator { name, dimension: "all", direction, values: table.numbers(name).unwrap() })
    .collect();
    compute(&indicators, None, &Options::default()).unwrap().scores.into_iter().flatten().collect()
}

/// 1 in treated city-years, from the table of cities.
fn treated(table: &Frame, pilots: &Frame) -> Vec<f64> {
    let first = pilots.numbers("pilot_year").unwrap();
    table.numbers("year").unwrap().iter().enumerate().map(|(row, y)| f64::from(*y >= first[row / 11])).collect()
}

/// Two-way fixed effects on a balanced panel of eleven years.
fn two_way(d: &[f64], y: &[f64]) -> f64 {
    let (n, t) = (d.len() / 11, 11);
    let grand = d.iter().sum::<f64>() / d.len() as f64;
    let unit = |i: usize| d[i * t..(i + 1) * t].iter().sum::<f64>() / t as f64;
    let year = |s: usize| (0..n).map(|i| d[i * t + s]).sum::<f64>() / n as f64;
    let years: Vec<f64> = (0..t).map(year).collect();
    let residual: Vec<f64> = (0..d.len()).map(|r| d[r] - unit(r / t) - years[r % t] + grand).collect();
    let dot = |y: &[f64]| residual.iter().zip(y).map(|(d, y)| d * y).sum::<f64>();
    dot(y) / dot(&residual)
}

#[test]
fn city_study_meets_the_published_descriptives_under_any_seed() {
    for seed in [4, 5, 20_111_020] {
        let study = sci_tech_finance(seed).unwrap();
        let (table, pilots) = (&study.indicators, &study.pilots);
        assert_eq!((table.rows(), pilots.rows()), (3135, 285));
        let column = |name: &str| table.numbers(name).unwrap();
        let ratio: Vec<f64> = column("va2").iter().zip(column("va3")).map(|(a, b)| a / b).collect();
        let d = treated(table, pilots);
        assert!((450.0..=452.0).contains(&d.iter().sum::<f64>()));
        let index = npro(table);
        for (name, values, mean, sd) in [
            ("NPRO", index.clone(), 0.046, 0.068),
            ("DID", d.clone(), 0.144, 0.351),
            ("LGDP", logs(column("gdp")), 16.459, 0.950),
            ("NHS", column("universities").to_vec(), 8.677, 14.757),
            ("LTEP", logs(column("scitech_expenditure")), 10.206, 1.401),
            ("IDS", minmax(&ratio), 0.087, 0.052),
            ("NIP", minmax(column("patents_granted")), 0.021, 0.068),
        ] {
            let (m, s) = moments(&values);
            assert!((m - mean).abs() <= 5e-4 && (s - sd).abs() <= 5e-4, "{name}, seed {seed}: {m} ({s})");
        }

        // The raw tables give back the index they were made for, and with it the effect.
        let worst = index.iter().zip(&study.truth.index).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 0.01, "seed {seed}: {worst}");
        let off = index.iter().zip(&study.truth.index).map(|(a, b)| (a - b).abs()).sum::<f64>() / 3135.0;
        assert!(off < 5e-4, "seed {seed}: {off}");
        for (effect, size) in [(&study.truth.npro, 0.020), (&study.truth.ids, 0.022), (&study.truth.nip, 0.012)] {
            assert!((two_way(&d, effect) - size).abs() < 1e-12);
            assert!(effect.iter().zip(&d).all(|(effect, d)| *d == 1.0 || *effect == 0.0));
        }
        // Four standard errors of what the published study reports.
        assert!((two_way(&d, &index) - 0.020).abs() < 4.0 * 0.0035);
        let untreated: Vec<f64> = index.iter().zip(&study.truth.npro).map(|(y, effect)| y - effect).collect();
        assert!(two_way(&d, &untreated).abs() < 4.0 * 0.0035);
    }
}

#[test]
fn one_seed_one_data_set() {
    let study = sci_tech_finance(7).unwrap();
    let cells = |frame: &Frame| -> Vec<String> {
        frame.columns().iter().flat_map(|c| (0..frame.rows()).map(|row| c.display(row))).collect()
    };
    let again = sci_tech_finance(7).unwrap();
    assert_eq!(cells(&study.indicators), cells(&again.indicators));
    assert_eq!(cells(&study.pilots), cells(&again.pilots));
    assert_ne!(cells(&study.indicators), cells(&sci_tech_finance(8).unwrap().indicators));
    // A yearbook prints few decimals and leaves nothing blank.
    for column in study.indicators.columns() {
        assert!((0..3135).all(|row| !column.is_missing(row)), "{}", column.name);
        // Nothing looks interpolated: no city's column runs in a straight line for six years.
        if let Ok(values) = study.indicators.numbers(&column.name)
            && values.iter().any(|v| *v > 400.0 && *v < 1e9 && !(2009.0..=2019.0).contains(v))
        {
            let straight = |w: &[f64]| w[0] != w[1] && w.windows(3).all(|v| (v[2] - 2.0 * v[1] + v[0]).abs() < 1e-9);
            let runs = values.chunks(11).filter(|city| city.windows(6).any(straight)).count();
            assert_eq!(runs, 0, "{}", column.name);
        }
        let decimals = |cell: &str| cell.split_once('.').map_or(0, |(_, d)| d.len());
        assert!((0..3135).all(|row| decimals(&column.display(row)) <= 3), "{}", column.name);
    }
}

#[test]
fn cohorts_without_noise_give_the_effect_back() {
    let design = CohortDesign { noise_sd: 0.0, ..CohortDesign::two_by_two() };
    let panel = cohorts(&design, 3).unwrap();
    let (d, y) = (panel.frame.numbers("d").unwrap(), panel.frame.numbers("y").unwrap());
    let first = panel.frame.numbers("first_treated").unwrap();
    let change = |treated: bool| {
        let rows: Vec<usize> = (0..y.len()).step_by(2).filter(|&row| first[row].is_nan() != treated).collect();
        rows.iter().map(|&row| y[row + 1] - y[row]).sum::<f64>() / rows.len() as f64
    };
    assert!((change(true) - change(false) - 2.0).abs() < 1e-12);
    assert_eq!(panel.att, 2.0);

    let design = CohortDesign::staggered();
    let panel = cohorts(&design, 3).unwrap();
    assert_eq!(panel.frame.rows(), 2000);
    assert_eq!(d.iter().sum::<f64>(), 100.0);
    // Cohorts adopt in 4, 6 and 8 of ten periods: event time 0 averages 1, .6 and .2; 6 is the first's alone.
    assert!((panel.by_event_time[0] - 0.6).abs() < 1e-12);
    assert!((panel.by_event_time[6] - 4.0).abs() < 1e-12);
    let treated = 50.0 * (7.0 + 5.0 + 3.0);
    let mean: f64 = panel.effects.iter().sum::<f64>() / treated;
    assert!((panel.att - mean).abs() < 1e-12);
}
