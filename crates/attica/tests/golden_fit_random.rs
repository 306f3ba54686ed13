//! Random effects against printed numbers (Baltagi's Grunfeld, as plm and Stata print it), against
//! linearmodels 7.1, and against GLS with the full error covariance.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::{Design, Periods};
use attica::fit::{FitOptions, fit, random_effects};
use attica::math::random::stream;
use attica::vcov::{Preset, Ssc, Vcov};
use nalgebra::{DMatrix, DVector};
use support::{Table, close, codes, complete, design};

fn panel(mut of: Design, unit: attica::design::Codes, time: Vec<f64>) -> Design {
    of.clusters = vec![unit.clone()];
    of.panel = Some((unit, Periods::new(&time)));
    of
}

fn check(of: &str, got: &[f64], want: &[f64], relative: f64) {
    assert_eq!(got.len(), want.len(), "{of}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        close(&format!("{of} [{i}]"), *g, *w, relative);
    }
}

fn errors(fit: &attica::fit::Fit) -> Vec<f64> {
    fit.terms().iter().map(|t| t.std_error).collect()
}

#[test]
fn grunfeld_as_baltagi_prints_it() {
    let Some(table) = Table::read("grunfeld/grunfeld.csv") else { return };
    let ten: Vec<bool> = table.text("firm").iter().map(|f| *f != "American Steel").collect();
    let table = table.filter(|row| ten[row]);
    let x = vec![("value", table.number("value")), ("capital", table.number("capital"))];
    let of = panel(design(("invest", table.number("invest")), x, &[], &[]), table.codes("firm"), table.number("year"));
    let fit = random_effects(&of, &FitOptions::new(Vcov::Iid)).unwrap();
    // Printed by plm's vignette and by xtreg, re.
    check("coefficients", &fit.coefficients, &[-57.834415, 0.109781, 0.308113], 5e-6);
    check("errors", &errors(&fit), &[28.898935, 0.010493, 0.017180], 5e-5);
    let parts = fit.components.clone().unwrap();
    check("components", &[parts.theta[1], parts.sigma_error, parts.sigma_unit], &[0.8612, 52.77, 84.20], 1e-4);
    // linearmodels, all digits; its clustered errors multiply with N/(N-K) only.
    let known = [-57.83441490503281, 0.10978115223248384, 0.3081129828307128];
    check("coefficients", &fit.coefficients, &known, 1e-10);
    check("errors", &errors(&fit), &[28.89893526028986, 0.010492663549546496, 0.01718046908963991], 1e-9);
    let clustered = fit.clone().with_vcov(&Vcov::cluster("firm"), &Ssc::of(Preset::Linearmodels)).unwrap();
    check("clustered", &errors(&clustered), &[23.62750192888854, 0.013082509162503878, 0.0522826261844284], 1e-9);
    check("within", &[fit.r2.xtreg_within.unwrap()], &[0.7668], 1e-3);
    assert_eq!(fit.record().se_card.df, None);
}

#[test]
fn unbalanced_as_linearmodels() {
    let Some(table) = Table::read("wooldridge_jtrain/wooldridge_jtrain.csv") else { return };
    let table = table.filter(|row| row % 7 != 0);
    let names = ["d88", "d89", "grant", "grant_1"];
    let x = names.map(|name| (name, table.number(name))).to_vec();
    let mut of = design(("lscrap", table.number("lscrap")), x, &[], &[table.codes("fcode")]);
    of = complete(&of);
    let unit = of.clusters[0].clone();
    let time = of.sample.iter().map(|&row| table.number("year")[row as usize]).collect();
    let of = panel(of, unit, time);
    let fit = random_effects(&of, &FitOptions::new(Vcov::Iid)).unwrap();
    assert_eq!(fit.n_obs, 137.0);
    let known =
        [0.6469966596332081, -0.17199856284358203, -0.4283628023783485, -0.0851410217563007, -0.20033027030544967];
    check("coefficients", &fit.coefficients, &known, 1e-9);
    let known = [0.20189529283122978, 0.1177585679473693, 0.1403121115421204, 0.1645024853674683, 0.21898830630039792];
    check("errors", &errors(&fit), &known, 1e-9);
    let parts = fit.components.clone().unwrap();
    check("theta", &parts.theta, &[0.765443930063319, 0.8067051670578662, 0.8067051670578662], 1e-9);
    check(
        "variances",
        &[parts.sigma_unit.powi(2), parts.sigma_error.powi(2)],
        &[1.9183277681961926, 0.22336851605593758],
        1e-9,
    );
}

#[test]
fn regressors_that_do_not_vary_within_units_stay() {
    let Some(table) = Table::read("wooldridge_wagepan/wooldridge_wagepan.csv") else { return };
    let names = ["educ", "black", "hisp", "exper", "expersq", "married", "union"];
    let x = names.map(|name| (name, table.number(name))).to_vec();
    let of = panel(design(("lwage", table.number("lwage")), x, &[], &[]), table.codes("nr"), table.number("year"));
    let fit = random_effects(&of, &FitOptions::new(Vcov::Iid)).unwrap();
    let known = [
        -0.10746430376942606,
        0.10122462127669163,
        -0.1441306843470209,
        0.02015107437701745,
        0.11211949790653998,
        -0.004068854823066024,
        0.06279510328404156,
        0.10737885659516443,
    ];
    check("coefficients", &fit.coefficients, &known, 1e-9);
    assert!((fit.components.unwrap().theta[1] - 0.6426409407862546).abs() < 1e-10);
}

#[test]
fn quasi_demeaning_is_gls_with_the_full_covariance() {
    let mut s = stream(4, 0);
    let sizes = [2, 5, 3, 1, 4, 6, 3, 2];
    let labels: Vec<String> = sizes.iter().enumerate().flat_map(|(i, t)| vec![i.to_string(); *t]).collect();
    let unit = codes("unit", labels.iter().map(String::as_str));
    let n = labels.len();
    let x: Vec<f64> = (0..n).map(|_| s.normal()).collect();
    let effect: Vec<f64> = (0..sizes.len()).map(|_| 2.0 * s.normal()).collect();
    let y: Vec<f64> = (0..n).map(|i| 1.0 + 0.5 * x[i] + effect[unit.codes[i] as usize] + s.normal()).collect();
    let time = (0..n).map(|i| i as f64).collect();
    let of = panel(design(("y", y.clone()), vec![("x", x.clone())], &[], &[]), unit.clone(), time);
    let fit = random_effects(&of, &FitOptions::new(Vcov::Iid)).unwrap();
    let parts = fit.components.clone().unwrap();
    assert!(parts.sigma_unit > 0.0);
    let omega = DMatrix::from_fn(n, n, |i, j| {
        let same = unit.codes[i] == unit.codes[j];
        f64::from(u8::from(same)) * parts.sigma_unit.powi(2) + f64::from(u8::from(i == j)) * parts.sigma_error.powi(2)
    });
    let inverse = omega.try_inverse().unwrap();
    let design = DMatrix::from_fn(n, 2, |i, j| if j == 0 { 1.0 } else { x[i] });
    let cross = design.transpose() * &inverse * &design;
    let gls = cross.try_inverse().unwrap() * design.transpose() * inverse * DVector::from_vec(y);
    check("gls", &fit.coefficients, gls.as_slice(), 1e-10);
}

#[test]
fn without_a_unit_there_is_no_random_effect() {
    let x = vec![1.0, 2.0, 4.0, 3.0];
    let plain = design(("y", vec![1.0, 2.0, 3.0, 5.0]), vec![("x", x)], &[], &[]);
    assert_eq!(random_effects(&plain, &FitOptions::new(Vcov::Iid)).unwrap_err().id, "E102");
    assert!(fit(&plain, &FitOptions::new(Vcov::Iid)).is_ok());
}
