//! Callaway-Sant'Anna against R did 2.5.1 (analytical standard errors) on mpdta.
#![allow(clippy::unwrap_used)]

mod support;

use attica::estimator::callaway_santanna::{CrossSections, Method, Options, Settings, att_gt, att_gt_cross_sections};
use attica::estimator::group_time::{At, EventTimes, Inference, Uncertainty};
use attica::estimator::options::{BasePeriod, ControlGroup};
use attica::estimator::wide::Wide;
use serde_json::Value;
use support::{Table, json};

fn mpdta(with_lpop: bool) -> Option<Wide<'static>> {
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
        y: column(3).into(),
        x: if with_lpop { vec![column(2).into()] } else { Vec::new() },
        cohort: rows.chunks(5).map(|u| (u[0][4] > 0.0).then_some(u[0][4])).collect(),
        weight: vec![1.0; units],
        cluster: None,
        copies: false,
    })
}

/// A balanced panel of another file, from its columns of unit, time, outcome and first treated period.
fn balanced(file: &str, columns: [&str; 4]) -> Option<Wide<'static>> {
    let table = Table::read(file)?;
    let columns = columns.map(|name| table.number(name));
    let mut rows: Vec<[f64; 4]> = (0..columns[0].len()).map(|r| [0, 1, 2, 3].map(|k| columns[k][r])).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let periods = rows.iter().take_while(|row| row[0] == rows[0][0]).count();
    let times: Vec<f64> = rows[..periods].iter().map(|row| row[1]).collect();
    let last = times[periods - 1];
    let units = rows.len() / periods;
    Some(Wide {
        units,
        step: 1.0,
        y: rows.iter().map(|row| row[2]).collect::<Vec<f64>>().into(),
        x: Vec::new(),
        cohort: rows.chunks(periods).map(|u| Some(u[0][3]).filter(|g| *g > 0.0 && *g <= last)).collect(),
        weight: vec![1.0; units],
        cluster: None,
        copies: false,
        times,
    })
}

#[track_caller]
fn close(ours: f64, theirs: f64, tolerance: f64) {
    assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3), "{ours} is not {theirs}");
}

fn list(golden: &Value, key: &str) -> Vec<Option<f64>> {
    golden[key].as_array().unwrap().iter().map(Value::as_f64).collect()
}

fn analytical() -> Inference {
    Inference { level: 0.95, df: None, bootstrap: None, seed: 1, wild: None }
}

/// Every group-time effect, and every average with `rows` of (key, way of averaging).
fn check(golden: &Value, panel: &Wide<'_>, settings: &Settings) {
    let found = att_gt(panel, settings).unwrap();
    let effects = &found.effects;
    let uncertainty = Uncertainty::new(&effects.influences, analytical());
    let (att, se) = (list(golden, "att"), list(golden, "se"));
    let cells = uncertainty.cells(&effects.points);
    assert_eq!(cells.len(), att.len());
    for (k, cell) in cells.iter().enumerate() {
        close(cell.estimate, att[k].unwrap(), 1e-8);
        assert_eq!(cell.std_error.is_some(), se[k].is_some());
        if let Some(reference) = se[k] {
            close(cell.std_error.unwrap(), reference, 1e-7);
        }
    }
    let balanced = EventTimes { balance: Some(1), ..EventTimes::default() };
    let ways = [
        ("simple", effects.simple()),
        ("group", effects.by_group()),
        ("dynamic", effects.by_event_time(EventTimes::default())),
        ("calendar", effects.by_calendar()),
        ("dynamic_bal1", effects.by_event_time(balanced)),
    ];
    for (key, averages) in ways {
        let reference = &golden[key];
        if reference.is_null() {
            continue;
        }
        let ours = uncertainty.aggregation("d", &averages).unwrap();
        let overall = ours.overall.unwrap();
        close(overall.estimate, reference["overall.att"].as_f64().unwrap(), 1e-8);
        close(overall.std_error, reference["overall.se"].as_f64().unwrap(), 1e-7);
        if reference["att.egt"].is_array() {
            let (at, att, se) = (list(reference, "egt"), list(reference, "att.egt"), list(reference, "se.egt"));
            assert_eq!(ours.rows.len(), att.len(), "{key}");
            for (k, row) in ours.rows.iter().enumerate() {
                let own = match row.at {
                    At::Group(at) | At::Time(at) => at,
                    At::EventTime(at) => at as f64,
                };
                assert_eq!(Some(own), at[k], "{key}");
                close(row.estimate, att[k].unwrap(), 1e-8);
                if let Some(reference) = se[k] {
                    close(row.std_error.unwrap(), reference, 1e-7);
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
        let methods = [(Method::OutcomeRegression, "reg"), (Method::DoublyRobust, "dr"), (Method::Weighting, "ipw")];
        for (method, by) in methods {
            let options = Options { method, ..Options::default() };
            let settings = Settings { controls, options, ..Settings::default() };
            check(&golden[format!("cs_{of}_{by}_nox")], &plain, &settings);
            check(&golden[format!("cs_{of}_{by}_lpop")], &lpop, &settings);
        }
    }
    let universal = Settings { base: BasePeriod::Universal, ..Settings::default() };
    check(&golden["cs_never_dr_lpop_universal"], &lpop, &universal);
    check(&golden["cs_never_dr_nox_ant1"], &plain, &Settings { anticipation: 1, ..Settings::default() });
}

#[test]
fn agrees_with_r_did_on_other_panels() {
    let stagg = balanced("fixest_base_stagg/fixest_base_stagg.csv", ["id", "year", "y", "year_treated"]);
    if let (Some(panel), Some(golden)) = (stagg, json("fixest_base_stagg/golden.json")) {
        check(&golden["cs_never_dr"], &panel, &Settings::default());
        let options = Options { method: Method::OutcomeRegression, ..Options::default() };
        let settings = Settings { controls: ControlGroup::NotYet, options, ..Settings::default() };
        check(&golden["cs_notyet_reg"], &panel, &settings);
    }
    let het = balanced("df_het/df_het.csv", ["unit", "year", "dep_var", "g"]);
    if let (Some(panel), Some(golden)) = (het, json("df_het/golden.json")) {
        check(&golden["cs"], &panel, &Settings::default());
    }
}

/// `drdid` and `ordid` of R DRDID 1.2.3 on `sim_rc`: one cell of repeated cross-sections.
#[test]
fn agrees_with_r_drdid_on_repeated_cross_sections() {
    let Some(table) = Table::read("sim_rc_drdid/sim_rc_drdid.csv") else { return };
    let golden = json("sim_rc_drdid/golden.json").unwrap();
    let y = table.number("y");
    let rows = CrossSections {
        times: vec![0.0, 1.0],
        step: 1.0,
        time: table.number("post").iter().map(|post| *post as u32).collect(),
        x: ["x1", "x2", "x3", "x4"].map(|name| table.number(name)).to_vec(),
        cohort: table.number("d").iter().map(|d| (*d == 1.0).then_some(1.0)).collect(),
        weight: vec![1.0; y.len()],
        share: vec![1.0; y.len()],
        cluster: None,
        y,
    };
    for (key, method) in
        [("drdid_imp", Method::Improved), ("drdid_trad", Method::DoublyRobust), ("ordid", Method::OutcomeRegression)]
    {
        let options = Options { method, panel: false, ..Options::default() };
        let found = att_gt_cross_sections(&rows, &Settings { options, ..Settings::default() }).unwrap();
        let cells = Uncertainty::new(&found.effects.influences, analytical()).cells(&found.effects.points);
        assert_eq!(cells.len(), 1);
        close(cells[0].estimate, golden[key]["ATT"].as_f64().unwrap(), 1e-8);
        close(cells[0].std_error.unwrap(), golden[key]["se"].as_f64().unwrap(), 1e-7);
    }
}
