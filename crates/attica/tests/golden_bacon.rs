//! Goodman-Bacon decomposition against R bacondecomp 0.1.3.
#![allow(clippy::unwrap_used)]

use attica::diagnostic::bacon::{Kind, bacon};
use attica::estimator::wide::Wide;
use serde_json::Value;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/");

/// A balanced panel with columns (unit, time, outcome, first treated).
fn panel(name: &str, columns: [&str; 4], never: impl Fn(&str) -> bool) -> Option<(Wide, Value)> {
    let Ok(mut reader) = csv::Reader::from_path(format!("{DATA}{name}/{name}.csv")) else {
        eprintln!("skipped: {name} is not beside the project");
        return None;
    };
    let header = reader.headers().unwrap().clone();
    let at = columns.map(|c| header.iter().position(|h| h == c).unwrap());
    let mut rows: Vec<(String, f64, f64, Option<f64>)> = reader
        .records()
        .map(|r| {
            let r = r.unwrap();
            let first = (!never(&r[at[3]])).then(|| r[at[3]].parse().unwrap());
            (r[at[0]].to_owned(), r[at[1]].parse().unwrap(), r[at[2]].parse().unwrap(), first)
        })
        .collect();
    rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let mut times: Vec<f64> = rows.iter().map(|r| r.1).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let units = rows.len() / times.len();
    let cohort = rows.chunks(times.len()).map(|c| c[0].3).collect();
    let y = rows.iter().map(|r| r.2).collect();
    let wide = Wide { units, times, step: 1.0, y, x: Vec::new(), cohort, weight: vec![1.0; units], cluster: None };
    let golden = serde_json::from_str(&std::fs::read_to_string(format!("{DATA}{name}/golden.json")).unwrap()).unwrap();
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

fn check((wide, golden): (Wide, Value)) {
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
