//! What a fit says when data are awkward, and identities that hold for every fit.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use attica::design::{Codes, Design, Periods, WeightKind, Weights};
use attica::fit::{Fit, FitOptions, INTERCEPT, fit};
use attica::ledger::Reason;
use attica::math::random::stream;
use attica::vcov::{Preset, Ssc, Vcov};
use nalgebra::DMatrix;
use support::{Table, close, codes, design};

fn numbered(name: &str, of: impl Iterator<Item = usize>) -> Codes {
    let labels: Vec<String> = of.map(|i| i.to_string()).collect();
    codes(name, labels.iter().map(String::as_str))
}

/// 40 units x 8 periods with an effect of each.
fn panel(seed: u64) -> Design {
    let mut s = stream(seed, 0);
    let (units, times) = (40, 8);
    let unit = numbered("unit", (0..units * times).map(|r| r / times));
    let time = numbered("time", (0..units * times).map(|r| r % times));
    let x: Vec<f64> = (0..units * times).map(|_| s.normal()).collect();
    let z: Vec<f64> = (0..units * times).map(|_| s.normal()).collect();
    let y = (0..units * times).map(|r| x[r] + 0.1 * f64::from(unit.codes[r]) + s.normal()).collect();
    let effects = [unit.clone(), time.clone()];
    let mut of = design(("y", y), vec![("x", x), ("z", z)], &effects, &effects);
    let times: Vec<f64> = time.codes.iter().map(|t| f64::from(*t)).collect();
    of.panel = Some((unit, Periods::new(&times)));
    of
}

fn clustered() -> FitOptions {
    FitOptions::new(Vcov::cluster("unit"))
}

fn ids(fit: &Fit) -> Vec<String> {
    fit.record().warnings.iter().map(|w| w.id.clone()).collect()
}

#[test]
fn a_regressor_that_an_effect_absorbs_is_named_with_the_effect() {
    let mut of = panel(1);
    let group = of.effects[0].by.codes.iter().map(|c| f64::from(u8::from(*c < 10))).collect::<Vec<f64>>();
    let trend = of.effects[1].by.codes.iter().map(|c| f64::from(*c)).collect::<Vec<f64>>();
    let sum = (0..of.rows()).map(|r| of.regressors[0].1[r] + 2.0 * of.regressors[1].1[r] + 5.0).collect::<Vec<f64>>();
    let both: Vec<f64> =
        of.effects[0].by.codes.iter().zip(of.effects[1].by.codes.iter()).map(|(i, t)| f64::from(i + 3 * t)).collect();
    of.regressors.push(("treated".into(), group.into()));
    of.regressors.push(("trend".into(), trend.into()));
    of.regressors.push(("sum".into(), sum.into()));
    of.regressors.push(("both".into(), Arc::new(both)));
    let fit = fit(&of, &clustered()).unwrap();
    assert_eq!(fit.names, ["x", "z"]);
    let reasons: Vec<(&str, &str)> = fit.omitted.iter().map(|o| (o.name.as_str(), o.reason.en.as_str())).collect();
    assert_eq!(
        reasons,
        [
            ("treated", "it does not vary within unit, so the unit effects absorb it"),
            ("trend", "it does not vary within time, so the time effects absorb it"),
            ("sum", "it is a linear combination of x, z"),
            ("both", "the effects unit and time together absorb it"),
        ]
    );
    assert_eq!(ids(&fit), ["W306"; 4]);
}

#[test]
fn what_cannot_be_estimated_stops() {
    let of = panel(2);
    let problem = |of: &Design, vcov: Vcov| fit(of, &FitOptions::new(vcov)).unwrap_err().id;
    let mut flat = of.clone();
    Arc::make_mut(&mut flat.outcome.1).fill(3.0);
    assert_eq!(problem(&flat, Vcov::Iid), "E305");
    let mut absorbed = of.clone();
    absorbed.outcome.1 = Arc::new(of.effects[0].by.codes.iter().map(|c| f64::from(*c)).collect());
    assert_eq!(problem(&absorbed, Vcov::Iid), "E305");
    let mut one = of.clone();
    one.clusters = vec![Codes { name: "all".into(), codes: vec![0; of.rows()].into(), levels: 1 }];
    assert_eq!(problem(&one, Vcov::cluster("all")), "E404");
    assert_eq!(problem(&of, Vcov::cluster("nobody")), "E603");
    let mut full = of.clone();
    full.effects.truncate(1);
    full.effects[0].by = numbered("row", (0..of.rows()).map(|r| r / 2 * 2));
    full.effects.push(of.effects[0].clone());
    full.effects[1].by = numbered("row2", (0..of.rows()).map(|r| r.div_ceil(2)));
    assert_eq!(problem(&full, Vcov::Iid), "E701");
    let empty = Design { effects: Vec::new(), ..design(("y", vec![]), vec![], &[], &[]) };
    assert_eq!(problem(&empty, Vcov::Iid), "E701");
}

#[test]
fn singletons_are_booked_by_effect_and_change_nothing() {
    let of = panel(3);
    let mut more = of.clone();
    let rows = of.rows();
    Arc::make_mut(&mut more.outcome.1).push(50.0);
    more.regressors.iter_mut().for_each(|(_, x)| Arc::make_mut(x).push(1.0));
    let grow = |codes: &mut Codes, new: bool| {
        Arc::make_mut(&mut codes.codes).push(if new { codes.levels as u32 } else { 0 });
        codes.levels += usize::from(new);
    };
    grow(&mut more.effects[0].by, true);
    grow(&mut more.effects[1].by, false);
    grow(&mut more.clusters[0], true);
    grow(&mut more.clusters[1], false);
    more.panel = None;
    more.sample.push(rows as u32);
    more.ledger = attica::ledger::Ledger::new(rows + 1);
    let without = fit(&of, &clustered()).unwrap();
    let with = fit(&more, &clustered()).unwrap();
    assert_eq!(with.terms(), without.terms());
    assert_eq!(with.ledger.dropped[0].reason, Reason::Singleton("unit".into()));
    assert_eq!((with.ledger.read, with.ledger.used), (rows + 1, rows));
    let kept = fit(&more, &FitOptions { keep_singletons: true, ..clustered() }).unwrap();
    close("coefficient", kept.coefficients[0], with.coefficients[0], 1e-10);
    assert_eq!(kept.n_obs, (rows + 1) as f64);
}

#[test]
fn a_frequency_weight_is_that_many_rows() {
    let of = panel(4);
    let counts: Vec<usize> = (0..of.rows()).map(|r| 1 + r % 3).collect();
    let mut weighted = of.clone();
    weighted.weights = Some(Weights {
        name: "n".into(),
        kind: WeightKind::Frequency,
        values: counts.iter().map(|c| *c as f64).collect(),
    });
    let copies: Vec<usize> = counts.iter().enumerate().flat_map(|(r, c)| vec![r; *c]).collect();
    let take = |x: &[f64]| copies.iter().map(|&r| x[r]).collect::<Vec<f64>>();
    let take_codes =
        |c: &Codes| Codes { codes: copies.iter().map(|&r| c.codes[r]).collect::<Vec<u32>>().into(), ..c.clone() };
    let effects = [take_codes(&of.effects[0].by), take_codes(&of.effects[1].by)];
    let x = of.regressors.iter().map(|(n, x)| (n.as_str(), take(x))).collect();
    let repeated = design(("y", take(&of.outcome.1)), x, &effects, &effects);
    for vcov in [Vcov::Iid, Vcov::Hc1, Vcov::cluster("unit"), Vcov::parse("unit + time").unwrap()] {
        let a = fit(&weighted, &FitOptions::new(vcov.clone())).unwrap();
        let b = fit(&repeated, &FitOptions::new(vcov.clone())).unwrap();
        for (p, q) in a.terms().iter().zip(b.terms()) {
            close("coefficient", p.estimate, q.estimate, 1e-10);
            close(&format!("{vcov} se"), p.std_error, q.std_error, 1e-10);
        }
        close("r2", a.record().r2_adjusted.unwrap(), b.record().r2_adjusted.unwrap(), 1e-10);
        close("rmse", a.rmse(), b.rmse(), 1e-10);
    }
}

#[test]
fn the_scale_of_analytic_weights_does_not_matter_and_probability_weights_are_never_iid() {
    let mut of = panel(5);
    let values: Vec<f64> = (0..of.rows()).map(|r| 0.5 + (r % 5) as f64).collect();
    let with = |of: &mut Design, kind: WeightKind, scale: f64, vcov: Vcov| {
        of.weights = Some(Weights { name: "w".into(), kind, values: values.iter().map(|v| v * scale).collect() });
        fit(of, &FitOptions::new(vcov)).unwrap()
    };
    for vcov in [Vcov::Iid, Vcov::Hc1, Vcov::cluster("unit")] {
        let a = with(&mut of, WeightKind::Analytic, 1.0, vcov.clone());
        let b = with(&mut of, WeightKind::Analytic, 1000.0, vcov);
        close("se", a.terms()[0].std_error, b.terms()[0].std_error, 1e-10);
        close("rmse", a.rmse(), b.rmse(), 1e-10);
    }
    let p = with(&mut of, WeightKind::Probability, 1.0, Vcov::Iid);
    assert_eq!((p.record().vcov.as_str(), ids(&p)), ("HC1", vec!["W409".to_owned()]));
}

#[test]
fn few_clusters_and_clusters_of_one_row_are_told() {
    let mut of = panel(6);
    assert_eq!(ids(&fit(&of, &FitOptions::new(Vcov::cluster("time"))).unwrap()), ["W407", "W405"]);
    of.clusters.push(numbered("row", 0..of.rows()));
    assert_eq!(ids(&fit(&of, &FitOptions::new(Vcov::cluster("row"))).unwrap()), ["W408"]);
}

#[test]
fn a_joint_test_of_one_term_is_its_t_squared_and_scaling_restrictions_changes_nothing() {
    let fit = fit(&panel(7), &clustered()).unwrap();
    let terms = fit.terms();
    let one = fit.wald(&[0]).unwrap();
    close("F", one.statistic, terms[0].statistic.powi(2), 1e-10);
    close("p", one.p_value, terms[0].p_value, 1e-8);
    assert_eq!((one.df1, one.df2), (1.0, Some(39.0)));
    let both = fit.wald(&[0, 1]).unwrap();
    let r = DMatrix::from_row_slice(2, 2, &[1e6, 0.0, 3.0, -1e-3]);
    let same = fit.wald_restrictions(&r, attica::text::Text::same("both")).unwrap();
    close("F", same.statistic, both.statistic, 1e-8);
    // A restriction said twice counts once.
    let twice = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 2.0, 0.0]);
    assert_eq!(fit.wald_restrictions(&twice, attica::text::Text::same("x = 0")).unwrap().df1, 1.0);
    let difference = fit.combination("x - z", &[1.0, -1.0]);
    close("difference", difference.estimate, terms[0].estimate - terms[1].estimate, 1e-12);
}

#[test]
fn threads_do_not_change_a_bit() {
    let mut s = stream(8, 0);
    let rows = 30_000;
    let effects = [
        numbered("a", (0..rows).map(|_| s.index(900))),
        numbered("b", (0..rows).map(|_| s.index(40))),
        numbered("c", (0..rows).map(|_| s.index(25))),
    ];
    let x: Vec<Vec<f64>> = (0..4).map(|_| (0..rows).map(|_| s.normal()).collect()).collect();
    let of = design(
        ("y", x[0].clone()),
        vec![("p", x[1].clone()), ("q", x[2].clone()), ("r", x[3].clone())],
        &effects,
        &effects,
    );
    let at = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&of, &FitOptions::new(Vcov::parse("a + b").unwrap())).unwrap().record())
    };
    assert_eq!(at(1), at(2));
    assert_eq!(at(1), at(8));
}

#[test]
fn shifting_and_scaling_the_outcome_shifts_and_scales_the_estimate() {
    let of = panel(9);
    let mut moved = of.clone();
    for y in Arc::make_mut(&mut moved.outcome.1) {
        *y = 1e6 + 100.0 * *y;
    }
    let (a, b) = (fit(&of, &clustered()).unwrap(), fit(&moved, &clustered()).unwrap());
    for (p, q) in a.terms().iter().zip(b.terms()) {
        close("coefficient", q.estimate, 100.0 * p.estimate, 1e-8);
        close("se", q.std_error, 100.0 * p.std_error, 1e-8);
    }
}

/// Stata 17: `xtreg invest value capital, fe` on the ten firms prints the constant, its error and three R2.
#[test]
fn xtreg_on_grunfeld() {
    let Some(table) = Table::read("grunfeld/grunfeld.csv") else { return };
    let ten: Vec<bool> = table.text("firm").iter().map(|f| *f != "American Steel").collect();
    let table = table.filter(|row| ten[row]);
    let firm = table.codes("firm");
    let x = vec![("value", table.number("value")), ("capital", table.number("capital"))];
    let mut of = design(("invest", table.number("invest")), x, std::slice::from_ref(&firm), &[]);
    of.panel = Some((firm, Periods::new(&table.number("year"))));
    let fit = fit(&of, &FitOptions { ssc: Ssc::of(Preset::Xtreg), ..FitOptions::new(Vcov::Iid) }).unwrap();
    let record = fit.record();
    let constant = record.constant_absorbed.unwrap();
    assert_eq!(constant.term, INTERCEPT);
    close("constant", constant.estimate, -58.74393, 1e-6);
    close("constant se", constant.std_error, 12.45369, 1e-6);
    close("within", record.r2_family.xtreg_within.unwrap(), 0.7668, 1e-4);
    close("between", record.r2_family.xtreg_between.unwrap(), 0.8194, 1e-4);
    close("overall", record.r2_family.xtreg_overall.unwrap(), 0.8060, 1e-4);
    assert_eq!(record.n_units, Some(10));
}

/// The year dummies of a two-way model are regressors to xtreg: absorbed or written out, its three
/// R2 are the same.
#[test]
fn xtreg_r2_of_two_effects_is_that_of_written_dummies() {
    let of = panel(10);
    let mut written = of.clone();
    written.effects.truncate(1);
    for t in 1..of.effects[1].by.levels as u32 {
        let dummy = of.effects[1].by.codes.iter().map(|c| f64::from(u8::from(*c == t))).collect::<Vec<f64>>();
        written.regressors.push((format!("t{t}"), dummy.into()));
    }
    let a = fit(&of, &clustered()).unwrap().r2;
    let b = fit(&written, &clustered()).unwrap().r2;
    for (p, q) in [
        (a.xtreg_within, b.xtreg_within),
        (a.xtreg_between, b.xtreg_between),
        (a.xtreg_overall, b.xtreg_overall),
        (a.overall, b.overall),
        (a.adjusted, b.adjusted),
    ] {
        close("r2", p.unwrap(), q.unwrap(), 1e-10);
    }
}

/// One sample, one model, seven small-sample rules: only the factor and the reference change.
#[test]
fn presets_differ_by_their_factor_alone() {
    let fit = fit(&panel(11), &FitOptions { ssc: Ssc::of(Preset::None), ..clustered() }).unwrap();
    let plain = fit.terms()[0].std_error;
    let (n, g, k) = (320.0_f64, 40.0_f64, 2.0_f64);
    let (all, nonnested) = (k + 40.0 + 7.0, k + 8.0);
    for (preset, factor, df) in [
        (Preset::Reghdfe, g / (g - 1.0) * (n - 1.0) / (n - nonnested), g - 1.0),
        (Preset::Fixest, g / (g - 1.0) * (n - 1.0) / (n - nonnested), g - 1.0),
        (Preset::Xtreg, g / (g - 1.0) * (n - 1.0) / (n - nonnested), g - 1.0),
        (Preset::Areg, g / (g - 1.0) * (n - 1.0) / (n - all), g - 1.0),
        (Preset::Linearmodels, n / (n - all), n - all),
        (Preset::Plm, 1.0, n - all),
    ] {
        let other = fit.clone().with_vcov(&Vcov::cluster("unit"), &Ssc::of(preset)).unwrap();
        close("se", other.terms()[0].std_error, plain * factor.sqrt(), 1e-12);
        assert_eq!(other.se_card().df, Some(df), "{preset:?}");
    }
}

#[test]
fn near_collinear_regressors_and_crossed_clusters_are_told() {
    let mut of = panel(5);
    assert!(!ids(&fit(&of, &clustered()).unwrap()).contains(&"W307".to_owned()));
    let mut s = stream(6, 0);
    of.regressors[1].1 = Arc::new(of.regressors[0].1.iter().map(|x| x + 0.05 * s.normal()).collect());
    let found = fit(&of, &clustered()).unwrap();
    assert!(ids(&found).contains(&"W307".to_owned()) && !ids(&found).contains(&"W407".to_owned()));
    let by_time = fit(&panel(5), &FitOptions::new(Vcov::cluster("time"))).unwrap().record();
    let told = by_time.warnings.iter().find(|w| w.id == "W407").unwrap();
    assert!(told.text.en.starts_with("40 units"), "{}", told.text.en);
}
