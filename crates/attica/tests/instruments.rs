//! Two-stage least squares where the answer follows from other regressions: explicit dummies, a test at every point of a grid,
//! repeated rows; what leaves, what is refused, and the same bytes on any number of threads.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use attica::design::{Design, DesignOptions, WeightKind};
use attica::fit::iv::Shape;
use attica::fit::{Fit, FitOptions, fit, two_stage};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::message::Result;
use attica::vcov::Vcov;
use attica::wild::{Wild, WildOptions};
use support::close;

/// `units` over `periods`: the endogenous d is moved by z1 and z2 with `strength`; z2 enters the outcome with `direct`. One row in
/// seven is missing, so that the panel is unbalanced.
fn panel(seed: u64, units: usize, periods: usize, strength: f64, direct: f64) -> Frame {
    let mut s = stream(seed, 0);
    let mut columns = vec![Vec::new(); 9];
    for unit in 0..units {
        let effect = s.normal();
        for period in 0..periods {
            let [z1, z2, x, v, e] = [0; 5].map(|_| s.normal());
            if s.uniform() < 1.0 / 7.0 {
                continue;
            }
            let d = strength * (z1 + 0.5 * z2) + 0.3 * x + effect + v;
            let y = 0.5 * d + direct * z2 - x + effect + 0.1 * period as f64 + 0.8 * v + e;
            let weight = (1 + (unit + period) % 3) as f64;
            let row = [unit as f64, period as f64, y, d, x, z1, z2, weight, d - x];
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }
    let names = ["unit", "period", "y", "d", "x", "z1", "z2", "w", "rest"];
    Frame::new(names.iter().zip(columns).map(|(name, values)| Column::number(*name, values)).collect()).unwrap()
}

fn built(frame: &Frame, formula: &str, vcov: &Vcov, weights: Option<WeightKind>) -> (Design, attica::design::Roles) {
    let single = Formula::parse(formula).unwrap().expand(frame).unwrap().remove(0);
    let options = DesignOptions {
        clusters: vcov.clusters().to_vec(),
        weights: weights.map(|kind| ("w".to_owned(), kind)),
        ..DesignOptions::default()
    };
    let (design, roles) = Design::build_instrumented(frame, None, &single, &options).unwrap();
    (design, roles.unwrap())
}

fn instrumented(frame: &Frame, formula: &str, vcov: Vcov, weights: Option<WeightKind>) -> Result<Fit> {
    let (design, roles) = built(frame, formula, &vcov, weights);
    two_stage(&design, roles, &FitOptions::new(vcov))
}

#[test]
fn absorbed_effects_are_explicit_dummies() {
    for seed in 0..4 {
        let frame = panel(seed, 12, 6, 0.6, 0.0);
        for weights in [None, Some(WeightKind::Analytic)] {
            for vcov in [Vcov::Iid, Vcov::Hc1] {
                let of = |formula| instrumented(&frame, formula, vcov.clone(), weights).unwrap();
                let absorbed = of("y ~ x | unit + period | d ~ z1 + z2");
                let explicit = of("y ~ x + i(unit) + i(period) | d ~ z1 + z2");
                for (name, at) in [("d", 1), ("x", 2)] {
                    let own = &absorbed.terms()[absorbed.position(name).unwrap()];
                    let other = &explicit.terms()[at];
                    assert_eq!((own.term.as_str(), other.term.as_str()), (name, name));
                    close(name, own.estimate, other.estimate, 1e-10);
                    close(name, own.std_error, other.std_error, 1e-10);
                }
                let [own, other] = [absorbed, explicit].map(|fit| fit.instruments.unwrap());
                close("F", own.first_stages[0].f.statistic, other.first_stages[0].f.statistic, 1e-9);
                close(
                    "J",
                    own.overidentification.unwrap().statistic,
                    other.overidentification.unwrap().statistic,
                    1e-8,
                );
                close("AR", own.anderson_rubin.statistic, other.anderson_rubin.statistic, 1e-9);
                close("Wu", own.wu_hausman.unwrap().statistic, other.wu_hausman.unwrap().statistic, 1e-8);
            }
        }
    }
}

/// The test at a value is a regression of its own: the outcome less that value times d, on instruments and x.
#[test]
fn the_anderson_rubin_set_is_that_of_a_grid() {
    let mut shapes = BTreeSet::new();
    for (seed, strength, direct) in (0..8).flat_map(|s| [(s, 0.6, 0.0), (s, 0.02, 0.0), (s, 0.2, 0.0), (s, 0.4, 2.0)]) {
        let frame = panel(100 + seed, 14, 6, strength, direct);
        for (vcov, formula) in [
            (Vcov::Iid, "y ~ x | unit + period | d ~ z1 + z2"),
            (Vcov::Hc1, "y ~ x | unit | d ~ z1 + z2"),
            (Vcov::cluster("unit"), "y ~ x | unit + period | d ~ z1"),
        ] {
            let record = instrumented(&frame, formula, vcov.clone(), None).unwrap().instruments.unwrap();
            let set = record.confidence_set.unwrap();
            shapes.insert(format!("{:?}", set.shape()));
            let (right, count) = (formula.split_once("~ x | ").unwrap().1, record.instruments.len());
            let (effects, instruments) = right.split_once(" | d ~ ").unwrap();
            for step in -40..=40_i32 {
                let value = (f64::from(step) / 41.0 * 1.57).tan() * 3.0 + 0.013;
                let reduced = format!("I(y - ({value}) * d) ~ {instruments} + x | {effects}");
                let single = Formula::parse(&reduced).unwrap().expand(&frame).unwrap().remove(0);
                let options = DesignOptions { clusters: vcov.clusters().to_vec(), ..DesignOptions::default() };
                let design = Design::build(&frame, None, &single, &options).unwrap();
                let test = fit(&design, &FitOptions::new(vcov.clone())).unwrap();
                let test = test.wald(&(0..count).collect::<Vec<_>>()).unwrap();
                assert_eq!(set.contains(value), test.p_value >= 0.05, "{seed} {formula} {value} {:?}", set.pieces);
            }
        }
    }
    for shape in [Shape::Bounded, Shape::Empty, Shape::Everything, Shape::Outside] {
        assert!(shapes.contains(&format!("{shape:?}")), "{shape:?} never occurred: {shapes:?}");
    }
}

#[test]
fn a_frequency_weight_is_a_number_of_rows() {
    let frame = panel(7, 12, 6, 0.6, 0.0);
    let weighted = instrumented(&frame, "y ~ x | unit | d ~ z1 + z2", Vcov::Hc1, Some(WeightKind::Frequency)).unwrap();
    let weight = frame.numbers("w").unwrap().to_vec();
    let repeat = |name: &str| {
        let values = frame.numbers(name).unwrap();
        let rows = values.iter().zip(&weight).flat_map(|(x, w)| std::iter::repeat_n(*x, *w as usize));
        Column::number(name, rows.collect())
    };
    let names = ["unit", "y", "d", "x", "z1", "z2"];
    let longer = Frame::new(names.map(repeat).into()).unwrap();
    let repeated = instrumented(&longer, "y ~ x | unit | d ~ z1 + z2", Vcov::Hc1, None).unwrap();
    for (own, other) in weighted.terms().iter().zip(repeated.terms()) {
        close(&own.term, own.estimate, other.estimate, 1e-11);
        close(&own.term, own.std_error, other.std_error, 1e-11);
    }
    let [own, other] = [weighted, repeated].map(|fit| fit.instruments.unwrap());
    close("J", own.overidentification.unwrap().statistic, other.overidentification.unwrap().statistic, 1e-9);
    close("effective F", own.effective_f.unwrap().statistic, other.effective_f.unwrap().statistic, 1e-9);
}

#[test]
fn instruments_that_say_nothing_leave_by_name() {
    let frame = panel(1, 12, 6, 0.6, 0.0);
    let with = instrumented(&frame, "y ~ x | unit | d ~ z1 + z2 + I(z1 - 2 * x) + I(3 * z2)", Vcov::Hc1, None).unwrap();
    let without = instrumented(&frame, "y ~ x | unit | d ~ z1 + z2", Vcov::Hc1, None).unwrap();
    close("d", with.coefficients[0], without.coefficients[0], 1e-11);
    let said: Vec<&str> =
        with.warnings.iter().filter(|w| w.id == "W308").map(|w| w.text.en.split('"').nth(1).unwrap()).collect();
    assert_eq!(said, ["I(z1 - 2 * x)", "I(3 * z2)"]);
    let record = with.instruments.unwrap();
    assert_eq!(record.instruments, ["z1", "z2"]);
    assert_eq!(record.omitted.len(), 2);
}

#[test]
fn what_is_not_identified_is_refused() {
    let frame = panel(2, 12, 6, 0.6, 0.0);
    for (formula, word) in [
        ("y ~ | unit | d + x ~ z1", "2 endogenous"),
        ("y ~ x | unit | d ~ I(2 * x)", "none is left"),
        ("y ~ | unit | d ~ x + rest", "reproduce"),
        ("y ~ x | unit | d + I(d * 2) ~ z1 + z2", "not identified"),
        ("y ~ x | unit | I(unit * 2) ~ z1", "nothing is left"),
    ] {
        let problem = instrumented(&frame, formula, Vcov::Iid, None).unwrap_err();
        assert_eq!(problem.id, "E411", "{formula}");
        assert!(problem.message.contains(word), "{formula}: {}", problem.message);
    }
    let three = Vcov::Cluster(["unit", "period", "w"].map(str::to_owned).into());
    for vcov in [Vcov::Hc2, Vcov::Hc3, Vcov::Cr2("unit".into()), Vcov::NeweyWest(None), three] {
        let problem = instrumented(&frame, "y ~ x | unit | d ~ z1", vcov.clone(), None).unwrap_err();
        assert_eq!(problem.id, "E412", "{vcov}");
    }
    let fit = instrumented(&frame, "y ~ x | unit | d ~ z1", Vcov::cluster("unit"), None).unwrap();
    assert_eq!(fit.infer(&Vcov::Hc3, &fit.inference.ssc).unwrap_err().id, "E412");
    assert_eq!(Wild::new(&fit, &WildOptions::default()).err().unwrap().id, "E607");
    let single = Formula::parse("y ~ x | unit | d ~ z1").unwrap().expand(&frame).unwrap().remove(0);
    let other = Design::build(&frame, None, &single, &DesignOptions::default());
    assert_eq!(other.unwrap_err().id, "E604");
}

#[test]
fn weak_instruments_are_said_and_strong_ones_are_not() {
    let said = |strength| {
        let frame = panel(3, 30, 8, strength, 0.0);
        let fit = instrumented(&frame, "y ~ x | unit + period | d ~ z1 + z2", Vcov::cluster("unit"), None).unwrap();
        fit.warnings.iter().any(|w| w.id == "W423")
    };
    assert!(said(0.02) && !said(1.0));
}

#[test]
fn more_instruments_than_clusters_leave_no_set() {
    let frame = panel(4, 2, 40, 0.6, 0.0);
    let record =
        instrumented(&frame, "y ~ x | d ~ z1 + z2 + w", Vcov::cluster("unit"), None).unwrap().instruments.unwrap();
    assert!(record.confidence_set.is_none() && record.no_set.unwrap().en.contains("not positive definite"));
    assert!(record.overidentification.is_none() && record.rank.is_none());
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let frame = panel(5, 2_000, 8, 0.3, 0.0);
    let record = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let by = Vcov::Cluster(vec!["unit".to_owned(), "period".to_owned()]);
        let fit = pool.install(|| instrumented(&frame, "y ~ x | unit + period | d ~ z1 + z2", by, None)).unwrap();
        serde_json::to_string(&fit.record()).unwrap()
    };
    let one = record(1);
    assert_eq!(one, record(2));
    assert_eq!(one, record(5));
    assert!(one.contains("confidence_set"));
}
