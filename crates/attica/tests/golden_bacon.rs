//! Goodman-Bacon decomposition against R bacondecomp 0.1.3.
#![allow(clippy::unwrap_used)]

mod support;

use attica::diagnostic::bacon::{Kind, bacon};
use attica::estimator::wide::Wide;
use serde_json::Value;
use support::{Table, json};

/// A balanced panel with columns (unit, time, outcome, first treated).
fn panel(name: &str, columns: [&str; 4], never: impl Fn(&str) -> bool) -> Option<(Wide<'static>, Value)> {
    let table = Table::read(&format!("{name}/{name}.csv"))?;
    let [unit, first] = [columns[0], columns[3]].map(|c| table.text(c));
    let [time, y] = [columns[1], columns[2]].map(|c| table.number(c));
    let first = |r: usize| (!never(first[r])).then(|| first[r].parse().unwrap());
    let mut rows: Vec<(String, f64, f64, Option<f64>)> =
        (0..y.len()).map(|r| (unit[r].to_owned(), time[r], y[r], first(r))).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let mut times: Vec<f64> = rows.iter().map(|r| r.1).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let units = rows.len() / times.len();
    let cohort = rows.chunks(times.len()).map(|c| c[0].3).collect();
    let y: Vec<f64> = rows.iter().map(|r| r.2).collect();
    let wide = Wide {
        units,
        times,
        step: 1.0,
        y: y.into(),
        x: Vec::new(),
        cohort,
        weight: vec![1.0; units],
        cluster: None,
        copies: false,
    };
    let golden = json(&format!("{name}/golden.json"))?;
    Some((wide, golden))
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::TreatedVsNever => "Treated vs Untreated",
        Kind::TreatedVsAlways => "Later vs Always Treated",
        Kind::EarlierVsLater => "Earlier vs Later Treated",
        Kind::LaterVsEarlier => "Later vs Earlier Treated",
    }
}

fn check((wide, golden): (Wide<'_>, Value)) {
    let golden = &golden["bacon"];
    let ours = bacon(&wide).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    assert_eq!(ours.rows.len(), rows.len());
    for row in &ours.rows {
        let reference = rows
            .iter()
            .find(|r| r["treated"].as_f64() == Some(row.treated) && r["untreated"].as_f64() == row.control)
            .unwrap_or_else(|| panic!("{row:?} is not in the reference"));
        assert_eq!(reference["type"], name(row.kind));
        assert!((row.weight - reference["weight"].as_f64().unwrap()).abs() < 1e-12, "{row:?} {reference}");
        assert!((row.estimate - reference["estimate"].as_f64().unwrap()).abs() < 1e-9, "{row:?} {reference}");
    }
    assert!((ours.rows.iter().map(|r| r.weight).sum::<f64>() - 1.0).abs() < 1e-14);
    assert!((ours.estimate - golden["twfe"].as_f64().unwrap()).abs() < 1e-10);
}

#[test]
fn agrees_with_r_bacondecomp() {
    let runs = [
        panel("math_reform_goodman", ["state", "class", "incearn_ln", "reformyr_math"], |g| g.is_empty() || g == "NA"),
        panel("mpdta", ["countyreal", "year", "lemp", "first.treat"], |g| g == "0"),
        panel("fixest_base_stagg", ["id", "year", "y", "year_treated"], |g| g == "10000"),
    ];
    runs.into_iter().flatten().for_each(check);
}
