//! Two-stage least squares on the castle-doctrine panel against linearmodels 7.1 (IV2SLS, IVGMM with explicit dummies, `debiased = True`),
//! pyfixest 0.60 (`feols`), and matrix algebra in R 4.2 (Kleibergen-Paap by singular values and Kronecker products, Anderson-Rubin
//! by roots of the test itself, Wu-Hausman, clusters of one and two ways); and against numbers that Wooldridge prints.
#![allow(clippy::unwrap_used, clippy::excessive_precision)]

mod support;

use attica::design::{Design, DesignOptions, WeightKind};
use attica::fit::iv::IvRecord;
use attica::fit::{Fit, FitOptions, Term, two_stage};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::vcov::{Preset, Ssc, Vcov};
use support::{Table, close};

fn castle() -> Frame {
    let text = include_str!("../../../examples/castle-doctrine/castle.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let number = |j: usize| rows.iter().map(|row| row[j].parse().unwrap_or(f64::NAN)).collect();
    Frame::new(names.iter().enumerate().map(|(j, name)| Column::number(name, number(j))).collect()).unwrap()
}

fn fitted(frame: &Frame, formula: &str, vcov: Vcov, preset: Preset, weights: Option<&str>) -> Fit {
    let single = Formula::parse(formula).unwrap().expand(frame).unwrap().remove(0);
    let options = DesignOptions {
        clusters: vcov.clusters().to_vec(),
        weights: weights.map(|name| (name.to_owned(), WeightKind::Analytic)),
        ..DesignOptions::default()
    };
    let (design, roles) = Design::build_instrumented(frame, None, &single, &options).unwrap();
    two_stage(&design, roles.unwrap(), &FitOptions { ssc: Ssc::of(preset), ..FitOptions::new(vcov) }).unwrap()
}

fn by(names: &[&str]) -> Vcov {
    Vcov::Cluster(names.iter().map(|&name| name.to_owned()).collect())
}

fn check(of: &str, terms: &[Term], coefficients: &[f64], errors: &[f64]) {
    for ((term, b), se) in terms.iter().zip(coefficients).zip(errors) {
        close(&format!("{of}: {}", term.term), term.estimate, *b, 1e-8);
        close(&format!("{of}: error of {}", term.term), term.std_error, *se, 1e-7);
    }
}

const WEAK: &str = "l_homicide ~ unemployrt | sid + year | l_police ~ l_lagprisoner + l_income";
const TWO: &str =
    "l_homicide ~ unemployrt | sid + year | l_police + blackm_15_24 ~ l_lagprisoner + l_income + l_exp_subsidy";
const PLAIN: &str = "l_homicide ~ unemployrt + poverty | l_police ~ l_lagprisoner + l_income";
const STRONG: &str = "l_homicide ~ unemployrt | sid + year | l_prisoner ~ l_lagprisoner";

/// linearmodels counts every dummy.
#[test]
fn as_linearmodels_with_dummies() {
    let frame = castle();
    let fit = |formula, vcov, weights| fitted(&frame, formula, vcov, Preset::Areg, weights);
    let weak = [1.4485118696392, -0.0070690996004];
    for (vcov, errors) in [
        (Vcov::Iid, [1.654766411815, 0.013550291235]),
        (Vcov::Hc1, [1.974800231110, 0.015727150969]),
        (Vcov::cluster("sid"), [2.272081222842839, 0.018885475705479934]),
    ] {
        check("weak", &fit(WEAK, vcov, None).terms(), &weak, &errors);
    }
    let two = [-0.40721874637529254, 0.33324477327187196, -0.015890875203467658];
    let found = fit(TWO, Vcov::cluster("sid"), None);
    check("two", &found.terms(), &two, &[2.0585751359972466, 0.36466348639374385, 0.017928877644392934]);
    let weighted = fit(WEAK, Vcov::Hc1, Some("popwt"));
    check("weighted", &weighted.terms()[..1], &[5.416250924869], &[9.499018375714]);
    let plain = fit(PLAIN, Vcov::cluster("sid"), None);
    let coefficients = [3.1281244050321675, 0.005499335302074471, 0.0713407054288];
    check(
        "plain",
        &plain.terms()[1..],
        &coefficients,
        &[0.6594908548613229, 0.02272338641622345, 0.025938606294228617],
    );

    let record = fit(WEAK, Vcov::Iid, None).instruments.unwrap();
    let first = &record.first_stages[0];
    check("first", &first.terms, &[-0.024557420069868, 0.147722700559825], &[0.059576474469642, 0.091470043039252]);
    close("partial R2", first.partial_r2, 0.0054549340560310, 1e-9);
    close("Sargan", record.overidentification.unwrap().statistic, 2.029093041893, 1e-8);
    let exogenous = record.wu_hausman.unwrap();
    close("Wu-Hausman", exogenous.statistic, 0.953356586754, 1e-8);
    close("its p", exogenous.p_value, 0.32935113098, 1e-8);
    let robust = fit(WEAK, Vcov::Hc1, None).instruments.unwrap();
    close("Hansen J", robust.overidentification.unwrap().statistic, 0.906958256651, 1e-7);
    let plain = plain.instruments.unwrap();
    // Chi-squared of two instruments, without factor, there.
    let unadjusted = 2.0 * plain.first_stages[0].f.statistic;
    close("first stage by clusters", unadjusted, 23.47380116990463, 1e-7);
}

/// pyfixest counts as reghdfe does where nothing is nested.
#[test]
fn as_pyfixest() {
    let frame = castle();
    let iid = fitted(&frame, STRONG, Vcov::Iid, Preset::Fixest, None);
    check("iid", &iid.terms(), &[0.24882428403483, -0.010765676502466], &[0.179136824383824, 0.010537773360274]);
    let hetero = fitted(&frame, STRONG, Vcov::Hc1, Preset::Fixest, None);
    check("hetero", &hetero.terms(), &[0.24882428403483, -0.010765676502466], &[0.224196839041708, 0.010582433980706]);
    let record = hetero.instruments.unwrap();
    close("F", record.first_stages[0].f.statistic, 1042.6738330961762, 1e-8);
    close("effective F", record.effective_f.unwrap().statistic, 1042.6738330961766, 1e-8);
    let clustered = fitted(&frame, PLAIN, Vcov::cluster("sid"), Preset::Fixest, None);
    check("clustered", &clustered.terms()[1..2], &[3.128124405031703], &[0.6594908548603340]);
    close("its F", clustered.instruments.unwrap().first_stages[0].f.statistic, 11.736900583800, 1e-8);
}

struct Hand {
    se: f64,
    f: f64,
    effective: Option<f64>,
    rank: f64,
    anderson_rubin: f64,
    surplus: Option<f64>,
    wu_hausman: f64,
}

/// The rule of reghdfe: levels nested in the clusters are not counted.
#[test]
fn as_matrix_algebra_in_r() {
    let frame = castle();
    let cases = [
        (
            WEAK,
            by(&["sid"]),
            None,
            Hand {
                se: 2.165940990715259,
                f: 0.8187853556060454,
                effective: Some(0.4560572635355519),
                rank: 0.8187853556060454,
                anderson_rubin: 0.4477993740865385,
                surplus: Some(0.3499527989940063),
                wu_hausman: 0.6173646810341576,
            },
        ),
        (
            WEAK,
            by(&["sid", "year"]),
            None,
            Hand {
                se: 2.37075453367891,
                f: 0.8927446964597262,
                effective: Some(0.4203936812908858),
                rank: 0.8927446964597265,
                anderson_rubin: 0.41654207222955,
                surplus: Some(0.3865790743193713),
                wu_hausman: 0.7017980846210243,
            },
        ),
        (
            WEAK,
            by(&["sid"]),
            Some("popwt"),
            Hand {
                se: 11.91927304594225,
                f: 0.1219496322998994,
                effective: Some(0.09847661963970415),
                rank: 0.1219496322998994,
                anderson_rubin: 0.8565162397502999,
                surplus: Some(0.01847502529092299),
                wu_hausman: 1.606869677543122,
            },
        ),
        (
            WEAK,
            Vcov::Hc1,
            None,
            Hand {
                se: 1.974800231110764,
                f: 1.110845294776287,
                effective: Some(0.499319393239621),
                rank: 1.110845294776287,
                anderson_rubin: 1.052090947447745,
                surplus: Some(0.9069582566518789),
                wu_hausman: 0.831803919947561,
            },
        ),
        (
            TWO,
            Vcov::Iid,
            None,
            Hand {
                se: 1.773356797904619,
                f: 0.898433940929542,
                effective: None,
                rank: 0.5662015063297496,
                anderson_rubin: 1.231850261102825,
                surplus: Some(0.04535407889114398),
                wu_hausman: 0.1967144705065909,
            },
        ),
        (
            TWO,
            Vcov::Hc1,
            None,
            Hand {
                se: 1.830535186558614,
                f: 0.7659574549756548,
                effective: None,
                rank: 0.2413169823259179,
                anderson_rubin: 0.7390639883245095,
                surplus: Some(0.03781959300581712),
                wu_hausman: 0.1392769128467695,
            },
        ),
        (
            TWO,
            by(&["sid"]),
            None,
            Hand {
                se: 1.96222501756991,
                f: 0.5481441022718535,
                effective: None,
                rank: 0.1641539799145882,
                anderson_rubin: 0.408701050507704,
                surplus: Some(0.02470542812007593),
                wu_hausman: 0.05612893390500285,
            },
        ),
        (
            PLAIN,
            by(&["sid", "year"]),
            None,
            Hand {
                se: 0.6502872988686872,
                f: 11.9722187931493,
                effective: Some(11.30276567936851),
                rank: 11.9722187931493,
                anderson_rubin: 19.289130828395,
                surplus: None,
                wu_hausman: 23.94114620780498,
            },
        ),
        (
            STRONG,
            by(&["sid", "year"]),
            None,
            Hand {
                se: 0.3543084111093199,
                f: 376.1642757670017,
                effective: Some(376.1642757670016),
                rank: 376.1642757670017,
                anderson_rubin: 0.491853427640713,
                surplus: None,
                wu_hausman: 0.2253330595402899,
            },
        ),
    ];
    for (formula, vcov, weights, hand) in cases {
        let what = format!("{formula}, {vcov}");
        let fit = fitted(&frame, formula, vcov, Preset::Reghdfe, weights);
        let at = usize::from(fit.names[0] == "(Intercept)");
        close(&what, fit.terms()[at].std_error, hand.se, 1e-7);
        let record = fit.instruments.unwrap();
        close(&what, record.first_stages[0].f.statistic, hand.f, 1e-7);
        assert_eq!(record.effective_f.is_some(), hand.effective.is_some());
        if let (Some(found), Some(hand)) = (record.effective_f, hand.effective) {
            close(&what, found.statistic, hand, 1e-7);
        }
        close(&what, record.rank.unwrap().statistic, hand.rank, 1e-7);
        close(&what, record.anderson_rubin.statistic, hand.anderson_rubin, 1e-7);
        if let Some(surplus) = hand.surplus {
            close(&what, record.overidentification.unwrap().statistic, surplus, 1e-6);
        }
        close(&what, record.wu_hausman.unwrap().statistic, hand.wu_hausman, 1e-7);
    }
}

/// Ends of the set by roots of the test in R.
#[test]
fn ends_of_the_anderson_rubin_set_as_in_r() {
    let frame = castle();
    for (formula, vcov, [low, high]) in [
        (PLAIN, Vcov::Iid, [2.530049317497643, 3.959375569597797]),
        (PLAIN, Vcov::Hc1, [2.560832315701814, 3.873187156681973]),
        (PLAIN, by(&["sid"]), [1.830002729495545, 6.05534930386952]),
        (PLAIN, by(&["sid", "year"]), [1.713914446447099, 6.848885088029769]),
        (STRONG, Vcov::Iid, [-0.1030493597979013, 0.6020529561235826]),
        (STRONG, by(&["sid"]), [-0.4745553922916565, 0.9912194010997358]),
    ] {
        let set = fitted(&frame, formula, vcov, Preset::Reghdfe, None).instruments.unwrap().confidence_set.unwrap();
        assert_eq!(set.pieces.len(), 1);
        close("low", set.pieces[0][0].unwrap(), low, 1e-7);
        close("high", set.pieces[0][1].unwrap(), high, 1e-7);
    }
    let record: Box<IvRecord> = fitted(&frame, WEAK, by(&["sid"]), Preset::Reghdfe, None).instruments.unwrap();
    assert_eq!(record.confidence_set.unwrap().pieces, [[None, None]]);
}

/// Wooldridge, Introductory Econometrics, example 15.10: hours of training move the log scrap rate by -.014 (.008), the grant as
/// instrument, 45 firms in 1987 and 1988; full digits from linearmodels.
#[test]
fn training_and_scrap_as_printed() {
    let Some(table) = Table::read("wooldridge_jtrain/wooldridge_jtrain.csv") else { return };
    let year = table.number("year");
    let table = table.filter(|row| year[row] <= 1988.0);
    let column = |name: &str| Column::number(name, table.number(name));
    let frame = Frame::new(["lscrap", "hrsemp", "grant", "fcode", "year"].map(column).into()).unwrap();
    let fit = fitted(&frame, "lscrap ~ | fcode + year | hrsemp ~ grant", Vcov::Iid, Preset::Reghdfe, None);
    check("scrap", &fit.terms(), &[-0.01415316377259614], &[0.007914742060851514]);
    assert_eq!(fit.n_obs, 90.0);
}
