//! Poisson regression against statsmodels 0.14 (generalised linear models with explicit dummies, tolerance 1e-14) on the castle-doctrine
//! panel, against explicit columns on odd panels, and the rows that separation takes.
#![allow(clippy::unwrap_used, clippy::excessive_precision)]

mod support;

use attica::design::{Design, DesignOptions, WeightKind};
use attica::fit::{Family, Fit, FitOptions, fit, glm, poisson};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::ledger::Reason;
use attica::math::random::stream;
use attica::vcov::{Preset, Ssc, Vcov};
use support::close;

fn castle() -> Frame {
    let text = include_str!("../../../examples/castle-doctrine/castle.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let number = |j: usize| rows.iter().map(|row| row[j].parse().unwrap_or(f64::NAN)).collect();
    Frame::new(names.iter().enumerate().map(|(j, name)| Column::number(name, number(j))).collect()).unwrap()
}

fn build(frame: &Frame, formula: &str, clusters: &[&str], weights: Option<&str>) -> Design {
    let single = Formula::parse(formula).unwrap().expand(frame).unwrap().remove(0);
    let options = DesignOptions {
        clusters: clusters.iter().map(|&c| c.to_owned()).collect(),
        weights: weights.map(|name| (name.to_owned(), WeightKind::Analytic)),
        ..DesignOptions::default()
    };
    Design::build(frame, None, &single, &options).unwrap()
}

fn unadjusted(vcov: Vcov) -> FitOptions {
    FitOptions { ssc: Ssc::of(Preset::None), ..FitOptions::new(vcov) }
}

fn check(of: &str, fit: &Fit, coefficients: &[f64], errors: &[f64]) {
    for ((term, b), se) in fit.terms().iter().zip(coefficients).zip(errors) {
        close(&format!("{of}: {}", term.term), term.estimate, *b, 1e-8);
        close(&format!("{of}: error of {}", term.term), term.std_error, *se, 1e-7);
    }
    assert_eq!(fit.names.len(), coefficients.len());
}

const FORMULA: &str = "murder ~ post + l_police + unemployrt | sid + year";

#[test]
fn castle_as_statsmodels_with_dummies() {
    let design = build(&castle(), FORMULA, &["sid"], None);
    let known = [0.05953478667851575, 0.16598869865531718, -0.017982430166328462];
    let found = poisson(&design, None, &unadjusted(Vcov::Iid)).unwrap();
    check("iid", &found, &known, &[0.08095433572771228, 0.282799428941216, 0.025721958393894986]);
    let reached = found.likelihood.unwrap();
    close("log likelihood", reached.log_likelihood, -921.0728249854235, 1e-12);
    close("deviance", reached.deviance, 52.09240882900173, 1e-10);
    close("pseudo R2", found.r2.pseudo.unwrap(), 1.0 - 921.0728249854235 / 1233.0223388477143, 1e-12);
    let clustered = found.clone().with_vcov(&Vcov::cluster("sid"), &Ssc::of(Preset::None)).unwrap();
    check("clustered", &clustered, &known, &[0.0376934183836479, 0.12290452731631661, 0.010714706518109405]);
    let robust = found.clone().with_vcov(&Vcov::Hc1, &Ssc::of(Preset::None)).unwrap();
    close("robust", robust.terms()[0].std_error, 0.023231852758093537, 1e-7);
    // Dispersion is one whatever the rule: no factor, and tests refer to the normal distribution.
    let again = found.with_vcov(&Vcov::Iid, &Ssc::default()).unwrap();
    close("iid under another rule", again.terms()[0].std_error, 0.08095433572771228, 1e-7);
    assert_eq!((again.se_card().factor, again.se_card().df), (1.0, None));
    assert_eq!(again.infer(&Vcov::Crv3("sid".into()), &Ssc::default()).unwrap_err().id, "E409");
}

#[test]
fn an_offset_and_weights_as_statsmodels() {
    let frame = castle();
    let design = build(&frame, FORMULA, &["sid"], Some("popwt"));
    let offset = frame.numbers("l_income").unwrap();
    let found = poisson(&design, Some(offset), &unadjusted(Vcov::cluster("sid"))).unwrap();
    let known = [0.09409547496823382, 0.12183911546608522, 0.005327527546875201];
    check("weighted", &found, &known, &[0.03626662994207998, 0.14001701703749367, 0.01184462940836817]);
    assert_eq!(found.record().weights.as_deref(), Some("popwt (analytic)"));
}

/// A gappy panel with three effects, of which two are large.
fn gappy(seed: u64) -> Frame {
    let mut random = stream(seed, 0);
    let rows = 400;
    let code = |levels: f64, random: &mut attica::math::random::Stream| -> Vec<f64> {
        (0..rows).map(|_| (random.uniform() * levels).floor()).collect()
    };
    let (a, b, c) = (code(25.0, &mut random), code(20.0, &mut random), code(4.0, &mut random));
    let x: Vec<f64> = (0..rows).map(|i| random.normal() + 0.1 * a[i]).collect();
    let draw = |mean: f64, random: &mut attica::math::random::Stream| {
        let (mut k, mut product, limit) = (0.0, random.uniform(), (-mean).exp());
        while product > limit {
            product *= random.uniform();
            k += 1.0;
        }
        k
    };
    let y: Vec<f64> =
        (0..rows).map(|i| draw((0.4 * x[i] - 0.05 * b[i] + 0.2 * c[i]).exp().min(50.0), &mut random)).collect();
    let columns = [("y", y), ("x", x), ("a", a), ("b", b), ("c", c)];
    Frame::new(columns.into_iter().map(|(name, values)| Column::number(name, values)).collect()).unwrap()
}

/// The same model in explicit columns.
fn explicit(design: &Design) -> f64 {
    let rows = design.rows();
    let mut columns: Vec<Vec<f64>> = design.regressors.iter().map(|(_, x)| x.to_vec()).collect();
    for effect in &design.effects {
        let dummy =
            |level: usize| (0..rows).map(|i| f64::from(u8::from(effect.by.codes[i] as usize == level))).collect();
        columns.extend((0..effect.by.levels).map(dummy));
    }
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    glm(&views, &design.outcome.1, None, Family::Poisson).unwrap().coefficients[0]
}

#[test]
fn three_effects_as_in_explicit_columns() {
    for seed in 0..6 {
        let frame = gappy(seed);
        let design = build(&frame, "y ~ x | a + b + c", &[], None);
        let found = poisson(&design, None, &unadjusted(Vcov::Hc1)).unwrap();
        let rows: Vec<u32> = found.sample.clone();
        close(&format!("seed {seed}"), found.coefficients[0], explicit(&design.take(&rows)), 1e-8);
        assert_eq!(found.ledger.used, found.sample.len());
    }
}

#[test]
fn rows_that_are_predicted_perfectly_leave_with_their_reason() {
    // Level 2 of `a` has zeros alone. Where `p` is 1 all outcomes are zero. `q - r` is zero where the outcome is positive
    // and 1 in one row with a zero.
    let a = vec![0., 0., 0., 0., 1., 1., 1., 1., 2., 2., 0., 1.];
    let y = vec![1., 2., 0., 3., 2., 4., 1., 0., 0., 0., 0., 0.];
    let p = vec![0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 1., 0.];
    let q = vec![0., 1., 1., 0., 1., 0., 1., 1., 0., 1., 0., 1.];
    let r = vec![0., 1., 1., 0., 1., 0., 1., 1., 1., 0., 0., 0.];
    let x = vec![0.3, 1.2, -0.4, 0.8, 0.1, 1.5, -0.2, 0.6, 0.4, 0.9, -1.0, 0.2];
    let columns = [("y", y), ("x", x), ("p", p), ("q", q), ("r", r), ("a", a)];
    let frame = Frame::new(columns.into_iter().map(|(name, values)| Column::number(name, values)).collect()).unwrap();
    let found = poisson(&build(&frame, "y ~ x + p + q + r | a", &[], None), None, &unadjusted(Vcov::Hc1)).unwrap();
    assert_eq!(found.sample, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(found.ledger.dropped[0].reason, Reason::PerfectFit("a".into()));
    assert_eq!(found.ledger.dropped.iter().map(|d| d.rows).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(found.omitted.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["p", "r"]);
    let told: Vec<&str> = found.warnings.iter().map(|w| w.id.as_str()).collect();
    assert!(told.contains(&"W350"), "{told:?}");
    // The rows that stay give the same numbers by themselves.
    let alone =
        poisson(&build(&frame.take(&found.sample), "y ~ x + q | a", &[], None), None, &unadjusted(Vcov::Hc1)).unwrap();
    for (a, b) in found.coefficients.iter().zip(&alone.coefficients) {
        close("alone", *a, *b, 1e-10);
    }
}

#[test]
fn what_a_poisson_model_cannot_take_is_refused() {
    let mut frame = castle();
    let refused = |frame: &Frame, offset: Option<&[f64]>| {
        poisson(&build(frame, FORMULA, &[], None), offset, &unadjusted(Vcov::Hc1)).unwrap_err().id
    };
    let mut offset = frame.numbers("l_income").unwrap().to_vec();
    offset[7] = f64::NEG_INFINITY;
    assert_eq!(refused(&frame, Some(&offset)), "E607");
    let murder = frame.numbers("murder").unwrap().iter().map(|y| y - 5.0).collect();
    frame.set(Column::number("murder", murder)).unwrap();
    assert_eq!(refused(&frame, None), "E607");
}

#[test]
fn small_effects_are_those_of_the_linear_model_in_logarithms() {
    // With an outcome that is exactly exponential in its effects both are exact.
    let mut frame = gappy(3);
    let exact: Vec<f64> = (0..frame.rows())
        .map(|i| {
            let at = |name: &str| frame.numbers(name).unwrap()[i];
            (0.4 * at("x") - 0.05 * at("b") + 0.2 * at("c")).exp()
        })
        .collect();
    frame.set(Column::number("log_y", exact.iter().map(|y| y.ln()).collect())).unwrap();
    frame.set(Column::number("y", exact)).unwrap();
    let linear = fit(&build(&frame, "log_y ~ x + c | b", &[], None), &unadjusted(Vcov::Hc1)).unwrap();
    let found = poisson(&build(&frame, "y ~ x + c | b", &[], None), None, &unadjusted(Vcov::Hc1)).unwrap();
    for ((a, b), truth) in found.coefficients.iter().zip(&linear.coefficients).zip([0.4, 0.2]) {
        close("poisson", *a, truth, 1e-9);
        close("logarithms", *b, truth, 1e-9);
    }
}
