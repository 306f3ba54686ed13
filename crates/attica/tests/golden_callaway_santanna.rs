//! Callaway-Sant'Anna against R did 2.5.1 (analytical standard errors) on mpdta.
#![allow(clippy::unwrap_used)]

mod support;

use attica::estimator::callaway_santanna::{Aggregation, Method, Options, aggregate, att_gt};
use attica::estimator::options::{BasePeriod, ControlGroup};
use attica::estimator::wide::Wide;
use serde_json::Value;
use support::{Table, json};

fn mpdta(with_lpop: bool) -> Option<Wide> {
    let table = Table::read("mpdta/mpdta.csv")?;
    let columns = ["countyreal", "year", "lpop", "lemp", "first.treat"].map(|name| table.number(name));
    let mut rows: Vec<[f64; 5]> = (0..columns[0].len()).map(|r| [0, 1, 2, 3, 4].map(|k| columns[k][r])).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let units = rows.len() / 5;
    let column = |k: usize| rows.iter().map(|r| r[k]).collect::<Vec<f64>>();
    Some(Wide {
        units,
        times: vec![2003., 2004., 2005., 2006., 2007.],
        step: 1.0,
        y: column(3),
        x: if with_lpop { vec![column(2)] } else { Vec::new() },
        cohort: rows.chunks(5).map(|u| (u[0][4] > 0.0).then_some(u[0][4])).collect(),
        weight: vec![1.0; units],
        cluster: None,
    })
}

fn se(influence: &[f64]) -> f64 {
    let n = influence.len() as f64;
    (influence.iter().map(|v| v * v).sum::<f64>() / n / n).sqrt()
}

#[track_caller]
fn close(ours: f64, theirs: f64, tolerance: f64) {
    assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3), "{ours} is not {theirs}");
}

fn check(golden: &Value, panel: &Wide, options: &Options) {
    let effects = att_gt(panel, options).unwrap();
    let list = |key: &str| golden[key].as_array().unwrap().clone();
    assert_eq!(effects.effects.len(), list("att").len());
    for (k, cell) in effects.effects.iter().enumerate() {
        close(cell.att, list("att")[k].as_f64().unwrap(), 1e-8);
        if let Some(reference) = list("se")[k].as_f64() {
            close(se(&cell.influence), reference, 1e-7);
        }
    }
    let dynamic = Aggregation::Dynamic { min_e: None, max_e: None, balance_e: None };
    let balanced = Aggregation::Dynamic { min_e: None, max_e: None, balance_e: Some(1) };
    let kinds = [
        ("simple", Aggregation::Simple),
        ("group", Aggregation::Group),
        ("dynamic", dynamic),
        ("calendar", Aggregation::Calendar),
        ("dynamic_bal1", balanced),
    ];
    for (key, how) in kinds {
        let reference = &golden[key];
        if reference.is_null() {
            continue;
        }
        let ours = aggregate(&effects, how, panel.step);
        let overall = ours.overall.unwrap();
        close(overall.att, reference["overall.att"].as_f64().unwrap(), 1e-8);
        close(se(&overall.influence), reference["overall.se"].as_f64().unwrap(), 1e-7);
        if let Some(rows) = reference["att.egt"].as_array() {
            assert_eq!(ours.rows.len(), rows.len());
            for (k, row) in ours.rows.iter().enumerate() {
                close(row.att, rows[k].as_f64().unwrap(), 1e-8);
                if let Some(reference) = reference["se.egt"][k].as_f64() {
                    close(se(&row.influence), reference, 1e-7);
                }
            }
        }
    }
}

#[test]
fn agrees_with_r_did_in_every_variant() {
    let (Some(plain), Some(lpop)) = (mpdta(false), mpdta(true)) else { return };
    let golden = json("mpdta/golden.json").unwrap();
    for (controls, of) in [(ControlGroup::Never, "nevertreated"), (ControlGroup::NotYet, "notyettreated")] {
        for (method, by) in [(Method::Regression, "reg"), (Method::DoublyRobust, "dr"), (Method::Weighting, "ipw")] {
            let options = Options { controls, method, ..Options::default() };
            check(&golden[format!("cs_{of}_{by}_nox")], &plain, &options);
            check(&golden[format!("cs_{of}_{by}_lpop")], &lpop, &options);
        }
    }
    check(&golden["cs_never_dr_lpop_universal"], &lpop, &Options { base: BasePeriod::Universal, ..Options::default() });
    check(&golden["cs_never_dr_nox_ant1"], &plain, &Options { anticipation: 1, ..Options::default() });
}
