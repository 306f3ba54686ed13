//! de Chaisemartin-D'Haultfoeuille on the reference data: panels with switching or graded treatments.

use attica::estimator::options::Options;
use attica::estimator::{Estimate, Estimator, Spec, dcdh, find};
use attica::frame::{Column, Frame};
use attica::message::Result;
use attica::panel::Panel;

use super::panel::Loaded;
use super::{Table, close, json};

/// (event time, estimate, standard error, switchers); event time 99 is the average total effect.
pub type Golden<'a> = &'a [(i64, f64, f64, usize)];

/// A panel of the columns, the first two of which are unit and time.
pub fn panel(columns: Vec<Column>, treatment: &str) -> Loaded {
    let (unit, time) = (columns[0].name.clone(), columns[1].name.clone());
    let frame = Frame::new(columns).unwrap();
    let panel = Panel::new(&frame, &unit, &time).unwrap().0;
    let adoption = panel.adoption_where_positive(frame.numbers(treatment).unwrap());
    Loaded { frame, panel, adoption }
}

pub fn columns(table: &Table, names: &[&str]) -> Vec<Column> {
    names.iter().map(|&name| Column::number(name, table.number(name))).collect()
}

pub fn asked(effects: usize, placebo: usize) -> dcdh::Options {
    dcdh::Options { effects: Some(effects), placebo: Some(placebo), ..dcdh::Options::default() }
}

pub fn spec(loaded: &Loaded, outcome: &str, treatment: &str, own: dcdh::Options) -> Spec {
    Spec {
        treatment: treatment.to_owned(),
        options: Options { dcdh: own, ..Options::default() },
        ..loaded.spec(outcome, &[])
    }
}

pub fn estimate(loaded: &Loaded, spec: &Spec) -> Result<Estimate> {
    let dcdh: &dyn Estimator = find("dcdh")?;
    dcdh.estimate(loaded.data(), spec)
}

pub fn agrees(of: &str, found: &Estimate, golden: Golden) {
    let study = found.event_study.as_ref().unwrap();
    for &(time, b, se, n) in golden {
        if time == 99 {
            close(&format!("{of} total"), found.overall.estimate, b, 1e-8);
            close(&format!("{of} total se"), found.overall.std_error, se, 1e-7);
            continue;
        }
        let row = study.rows.iter().find(|row| row.event_time == time).unwrap();
        close(&format!("{of} b {time}"), row.estimate, b, 1e-8);
        close(&format!("{of} se {time}"), row.std_error.unwrap(), se, 1e-7);
        assert_eq!(row.n, n, "{of} switchers {time}");
    }
    let rows = golden.iter().filter(|(time, ..)| *time != 99).count();
    assert_eq!(study.rows.len(), rows + 1, "{of}: the golden rows and the reference");
    assert_eq!(found.ledger.used, found.n_obs, "{of}");
    assert_eq!(found.ledger.read, found.n_obs + found.ledger.dropped.iter().map(|drop| drop.rows).sum::<usize>());
}

/// Deregulation by degree, clustered above the unit: the authors' own example, with the joint test of placebos.
pub fn deregulation() {
    let (Some(table), Some(golden)) = (Table::read("favara_imbs/favara_imbs.csv"), json("favara_imbs/golden.json"))
    else {
        return;
    };
    let names = ["county", "year", "state_n", "Dl_vloans_b", "inter_bra"];
    let loaded = panel(columns(&table, &names), "inter_bra");
    let mut spec = spec(&loaded, "Dl_vloans_b", "inter_bra", asked(8, 3));
    spec.design.clusters = vec!["state_n".to_owned()];
    let rows: Vec<(i64, f64, f64, usize)> = golden["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let (kind, number) = row["Block"].as_str().unwrap().rsplit_once('_').unwrap();
            let time = match kind {
                "Effect" => number.parse::<i64>().unwrap() - 1,
                "Placebo" => -1 - number.parse::<i64>().unwrap(),
                _ => 99,
            };
            let number = |key: &str| row[key].as_f64().unwrap();
            (time, number("Estimate"), number("SE"), number("Switchers") as usize)
        })
        .collect();
    let found = estimate(&loaded, &spec).unwrap();
    agrees("favara_imbs", &found, &rows);
    close("joint p of placebos", found.event_study.unwrap().leads.unwrap().p_value, 0.566_316_872_512_356, 1e-7);
    // The same by window.
    spec.options = Options::default();
    spec.window.bounds = Some([-4, 7]);
    agrees("favara_imbs by window", &estimate(&loaded, &spec).unwrap(), &rows);
}
