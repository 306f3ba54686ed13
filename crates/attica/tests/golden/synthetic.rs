//! Golden numbers of synthetic difference-in-differences.
#![allow(clippy::unwrap_used)]

use attica::estimator::find;
use attica::estimator::synthetic::{Kind, Options};
use attica::frame::{Column, Frame};
use serde_json::Value;

use crate::support::panel::Loaded;
use crate::support::{Table, close, json};

/// A panel with units by name: `unit`, `time`, `first` and the columns `numbers` of the table.
pub fn named(table: &Table, unit: &str, time: &str, treated: &str, numbers: &[(&str, &str)]) -> Loaded {
    let units = table.text(unit);
    let (times, d) = (table.number(time), table.number(treated));
    let adopts = |name: &str| {
        let dates = (0..units.len()).filter(|&r| units[r] == name && d[r] > 0.0).map(|r| times[r]);
        dates.fold(f64::INFINITY, f64::min)
    };
    let first = units.iter().map(|name| Some(adopts(name)).filter(|g| g.is_finite()).unwrap_or(0.0)).collect();
    let mut columns = vec![
        Column::text("unit", units.iter().map(|&name| Some(name))),
        Column::number("time", times.clone()),
        Column::number("first", first),
    ];
    columns.extend(numbers.iter().map(|&(name, of)| Column::number(name, table.number(of))));
    Loaded::new(Frame::new(columns).unwrap(), "unit", "time", "first")
}

/// 38 states and California, treated from 1989.
pub fn california() -> Option<Loaded> {
    let table = Table::read("california_prop99/california_prop99.csv")?;
    Some(named(&table, "State", "Year", "treated", &[("y", "PacksPerCapita")]))
}

/// R synthdid 0.0.9 on California: estimates, unit weights and time weights.
pub fn golden() {
    let (Some(loaded), Some(golden)) = (california(), json("california_prop99/golden.json")) else { return };
    let number = |value: &Value| value.as_f64().unwrap();
    for (kind, key, omega) in
        [(Kind::Sdid, "sdid", Some("omega")), (Kind::Sc, "sc", Some("omega_sc")), (Kind::Did, "did", None)]
    {
        let mut spec = loaded.spec("y", &[]);
        spec.options.sdid = Options { kind, replications: 20, ..Options::default() };
        let found = find("sdid").unwrap().estimate(loaded.data(), &spec).unwrap();
        close(key, found.overall.estimate, number(&golden[key]), 1e-8);
        assert_eq!((found.n_obs, found.n_units, found.n_treated_units), (1209, 39, 1));
        let Some(omega) = omega else { continue };
        let weights = &found.weights[0];
        let same = |of: &str, ours: f64, theirs: &Value| {
            assert!((ours - number(theirs)).abs() <= 1e-9, "{key} {of}: {ours} is not {theirs}");
        };
        for (state, weight) in golden[omega].as_object().unwrap() {
            same(state, weights.units.iter().find(|w| w.unit == *state).map_or(0.0, |w| w.weight), weight);
        }
        assert_eq!(weights.periods.is_empty(), kind == Kind::Sc);
        if kind == Kind::Sdid {
            for (year, weight) in golden["lambda"].as_object().unwrap() {
                let time: f64 = year.parse().unwrap();
                same(year, weights.periods.iter().find(|w| w.time == time).map_or(0.0, |w| w.weight), weight);
            }
        }
    }
}
