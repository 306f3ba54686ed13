//! One coefficient under many variances: what is shown, what is not defined, and how many clusters there really are.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use attica::design::{Codes, Design, Periods, WeightKind, Weights};
use attica::fit::{Fit, FitOptions, fit};
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::vcov::{Ssc, Vcov};
use nalgebra::{DMatrix, DVector};
use support::{close, design};

const UNITS: usize = 24;
const PERIODS: usize = 6;

/// A panel of `UNITS` units in provinces of unequal size; `treated` units adopt in the middle.
fn panel(treated: &[u32], weighted: bool) -> (Frame, Design) {
    let mut random = stream(29, 0);
    let unit: Vec<u32> = (0..UNITS * PERIODS).map(|row| (row / PERIODS) as u32).collect();
    let time: Vec<f64> = (0..UNITS * PERIODS).map(|row| (row % PERIODS) as f64).collect();
    let x: Vec<f64> = unit.iter().map(|_| random.normal()).collect();
    let d: Vec<f64> =
        unit.iter().zip(&time).map(|(u, t)| f64::from(u8::from(treated.contains(u) && *t >= 3.0))).collect();
    let y: Vec<f64> = (0..unit.len()).map(|row| x[row] + 0.5 * d[row] + random.normal()).collect();
    let province = |u: u32| if u < 10 { 0 } else { 1 + (u - 10) / 2 };
    let frame = Frame::new(vec![
        Column::number("unit", unit.iter().map(|&u| f64::from(u)).collect()),
        Column::text("province", unit.iter().map(|&u| Some(format!("p{}", province(u))))),
        Column::text("gap", unit.iter().map(|&u| (u > 0).then_some("a"))),
        Column::number("lat", unit.iter().map(|&u| 30.0 + f64::from(u % 5)).collect()),
        Column::number("lon", unit.iter().map(|&u| 100.0 + f64::from(u / 5)).collect()),
    ])
    .unwrap();
    let codes = |name: &str, codes: Vec<u32>, levels| Codes { name: name.into(), codes: codes.into(), levels };
    let effects =
        [codes("unit", unit.clone(), UNITS), codes("time", time.iter().map(|t| *t as u32).collect(), PERIODS)];
    let mut design = design(("y", y), vec![("d", d), ("x", x)], &effects, &effects[..1]);
    design.panel = Some((effects[0].clone(), Periods::new(&time)));
    design.weights = weighted.then(|| Weights {
        name: "w".into(),
        kind: WeightKind::Analytic,
        values: unit.iter().map(|_| 0.5 + random.uniform()).collect(),
    });
    (frame, design)
}

fn run(design: &Design) -> Fit {
    fit(design, &FitOptions::new(Vcov::cluster("unit"))).unwrap()
}

fn list(words: &[&str]) -> Vec<Vcov> {
    words.iter().map(|words| Vcov::parse(words).unwrap()).collect()
}

#[test]
fn each_row_is_what_a_fit_with_that_variance_prints() {
    let (frame, mut of) = panel(&[0, 3, 5, 11, 12, 20, 21], true);
    let mut one = run(&of);
    let words = [
        "iid",
        "HC1",
        "HC3",
        "unit",
        "province",
        "CR2(unit)",
        "CRV3(province)",
        "NW(2)",
        "DK",
        "conley(lat, lon, 300)",
    ];
    let rows = one.variances_in(&frame, None, 0, &list(&words), &Ssc::default());
    of.clusters.push(Codes::of(&frame, None, "province", &of.sample).unwrap());
    of.coordinates = Some(["lat", "lon"].map(|name| frame.numbers(name).unwrap().to_vec()));
    for (row, vcov) in rows.iter().zip(list(&words)) {
        let fresh = fit(&of, &FitOptions::new(vcov.clone())).unwrap();
        let term = &fresh.terms()[0];
        assert_eq!((row.term.as_str(), row.vcov.clone(), row.absent.is_none()), ("d", vcov.to_string(), true));
        close(&row.vcov, row.std_error.unwrap(), term.std_error, 0.0);
        close(&row.vcov, row.p_value.unwrap(), term.p_value, 0.0);
        close(&row.vcov, row.conf_low.unwrap(), term.conf_low, 0.0);
        assert_eq!(row.main, vcov == Vcov::cluster("unit"));
    }
    // What was estimated is as it was.
    assert_eq!(one.record().terms, run(&panel(&[0, 3, 5, 11, 12, 20, 21], true).1).record().terms);
}

#[test]
fn what_is_not_defined_is_listed_with_its_reason() {
    let (frame, mut of) = panel(&[0, 3, 5, 11], false);
    let words = ["iid", "gap", "nowhere", "NW", "conley(lat, nowhere, 10)"];
    of.panel = None;
    let rows = run(&of).variances_in(&frame, None, 0, &list(&words), &Ssc::default());
    let why: Vec<Option<&str>> = rows.iter().map(|row| row.absent.as_ref().map(|w| w.id.as_str())).collect();
    assert_eq!(why, [None, Some("E406"), Some("E603"), Some("E410"), Some("E603")]);
    assert!(rows[1..].iter().all(|row| row.std_error.is_none() && row.p_value.is_none()));
}

#[test]
fn the_data_are_asked_for_a_level_above_the_unit_and_for_coordinates() {
    let (frame, of) = panel(&[0, 3, 5, 11], false);
    let offered = run(&of).offered(&frame, None, &[]);
    assert_eq!((offered.unit.as_deref(), offered.coarser.as_deref()), (Some("unit"), Some("province")));
    let space = offered.space.unwrap();
    // The tenth nearest of a lattice of one degree lies two degrees away.
    assert!((150.0..300.0).contains(&space.cutoff), "{}", space.cutoff);
    assert_eq!(run(&of).offered(&frame, None, &["province"]).coarser, None);
}

/// Carter, Schnepel and Steigerwald's number from its definition, every dummy written out: `G / (1 + Gamma)`,
/// `gamma_g = e'(X'X)^-1 X_g' Omega_g X_g (X'X)^-1 e` and `Gamma` the variance of `gamma_g` over their squared mean.
fn effective(design: &Design, cluster: &[u32], groups: u32, correlated: bool) -> f64 {
    let root = |row: usize| design.weights.as_ref().map_or(1.0, |w| w.values[row].sqrt());
    let width = UNITS + PERIODS - 1;
    let x = DMatrix::from_fn(design.rows(), width + 2, |row, j| {
        let (unit, time) = (design.effects[0].by.codes[row] as usize, design.effects[1].by.codes[row] as usize);
        let value = match j {
            _ if j < UNITS => f64::from(u8::from(unit == j)),
            _ if j < width => f64::from(u8::from(time == j - UNITS + 1)),
            _ => design.regressors[j - width].1[row],
        };
        value * root(row)
    });
    let inverse = (x.transpose() * &x).try_inverse().unwrap();
    let gamma: Vec<f64> = (0..groups)
        .map(|g| {
            let rows: Vec<usize> = (0..cluster.len()).filter(|&row| cluster[row] == g).collect();
            let ones = DMatrix::from_fn(rows.len(), rows.len(), |i, j| {
                if correlated { root(rows[i]) * root(rows[j]) } else { f64::from(u8::from(i == j)) }
            });
            let own: DVector<f64> = x.select_rows(&rows) * inverse.column(width);
            (own.transpose() * ones * own)[(0, 0)]
        })
        .collect();
    let mean = gamma.iter().sum::<f64>() / gamma.len() as f64;
    let spread = gamma.iter().map(|g| ((g - mean) / mean).powi(2)).sum::<f64>() / gamma.len() as f64;
    f64::from(groups) / (1.0 + spread)
}

#[test]
fn the_effective_number_of_clusters_is_its_definition_with_every_dummy() {
    for weighted in [false, true] {
        let (frame, of) = panel(&[0, 3, 5, 11, 12], weighted);
        let mut found = run(&of);
        for by in ["unit", "province"] {
            found.learn(&frame, None, &Vcov::cluster(by)).unwrap();
            let cluster = Codes::of(&frame, None, by, &of.sample).unwrap();
            let raw = of.regressor("d", &found.sample).unwrap();
            let card = found.cluster_card(0, by, Some(&raw)).unwrap();
            close(by, card.effective, effective(&of, &cluster.codes, cluster.levels as u32, false), 1e-9);
            assert_eq!(card.effective_correlated, None, "unit effects take such errors out");
            assert!(card.effective <= card.clusters as f64 && card.largest < 1.0);
            assert_eq!(card.treated, Some(if by == "unit" { 5 } else { 3 }));
        }
        // Without absorbed effects errors that are one within a cluster are defined.
        let mut pooled = of.clone();
        let time = pooled.effects.remove(1);
        pooled.effects = vec![time];
        let mut found = run(&pooled);
        found.learn(&frame, None, &Vcov::cluster("province")).unwrap();
        assert!(found.cluster_card(0, "province", None).unwrap().effective_correlated.unwrap() >= 1.0);
    }
}

#[test]
fn equal_clusters_count_in_full() {
    let (_, mut of) = panel(&[], false);
    // The same regressor in each unit, so that all units are alike.
    of.effects.truncate(1);
    let time = &of.panel.as_ref().unwrap().1;
    of.regressors[0].1 = Arc::new((0..of.rows()).map(|row| time.at(row)).collect());
    of.regressors.truncate(1);
    let card = run(&of).cluster_card(0, "unit", None).unwrap();
    close("effective", card.effective, UNITS as f64, 1e-10);
    close("largest", card.largest, 1.0 / UNITS as f64, 1e-10);
}

#[test]
fn few_clusters_come_with_what_safer_methods_say() {
    let (_, of) = panel(&[0, 3, 5, 11, 12], false);
    let found = run(&of);
    let raw = of.regressor("d", &found.sample).unwrap();
    let card = found.cluster_card(0, "unit", Some(&raw)).unwrap();
    let cautions = found.cluster_cautions(0, &card, 1);
    let ids: Vec<&str> = cautions.iter().map(|w| w.id.as_str()).collect();
    assert_eq!(ids, ["W420", "W421", "N417"]);
    let rows = found.variances(0, &list(&["unit", "CR2(unit)", "CRV3(unit)"]), &Ssc::default());
    for row in rows {
        let p = format!("{:.3}", row.p_value.unwrap());
        assert!(cautions[2].text.en.contains(&p) && cautions[2].text.zh.contains(&p), "{} {p}", row.vcov);
    }
    let (_, one) = panel(&[7], false);
    let found = run(&one);
    let raw = one.regressor("d", &found.sample).unwrap();
    let card = found.cluster_card(0, "unit", Some(&raw)).unwrap();
    assert_eq!(card.treated, Some(1));
    let cautions = found.cluster_cautions(0, &card, 1);
    assert_eq!(cautions[0].id, "W213");
    // One treated cluster cannot be left out: the jackknife is no alternative, and that is said.
    assert!(
        !cautions.last().unwrap().text.en.contains("CRV3)") && cautions.last().unwrap().text.en.contains("permutation")
    );
}
