//! Placebo tests of a regression, through designs and fits as a study runs them.
#![allow(clippy::unwrap_used)]

mod support;

use attica::diagnostic::placebo::{Kind, Options, earlier, placebo, possible_shifts};
use attica::fit::{Fit, FitOptions, fit};
use attica::vcov::Vcov;
use support::regression::{frame, regression, unbalanced};

fn options(kind: Kind, draws: usize) -> Options {
    Options::new(kind, draws, 4)
}

#[test]
fn quick_draws_equal_draws_that_run_the_regression() {
    for frame in [frame(1), unbalanced(2)] {
        for vcov in [Vcov::cluster("unit"), Vcov::Iid, Vcov::cluster("region")] {
            for kind in [Kind::Unit, Kind::Mixed] {
                let (design, fit) = regression(&frame, &["x", "z"], &["unit", "time"], &vcov);
                let quick = placebo(&design, &fit, "d", &options(kind, 6)).unwrap();
                // An effect that is nested in units changes nothing but the path taken.
                let (slow_design, slow_fit) = regression(&frame, &["x", "z"], &["unit", "time", "region"], &vcov);
                let slow = placebo(&slow_design, &slow_fit, "d", &options(kind, 6)).unwrap();
                for (a, b) in quick.draws.iter().zip(&slow.draws) {
                    assert!((a - b).abs() < 1e-10, "{a} {b}");
                }
                // K may count the third effect: standard errors differ by the small-sample factor.
                let scale = |fit: &Fit| match vcov {
                    Vcov::Iid => fit.df_residual().sqrt(),
                    _ => 1.0 / fit.inference.adjustment.factor.sqrt(),
                };
                let ratio = scale(&fit) / scale(&slow_fit);
                for (a, b) in quick.t.iter().zip(&slow.t) {
                    assert!((a / b / ratio - 1.0).abs() < 1e-8, "{vcov} {kind:?}: {a} {b}");
                }
                assert_eq!(quick.draws.len(), 6);
            }
        }
    }
}

#[test]
fn draws_run_the_regression_where_only_it_can_tell() {
    let frame = frame(3);
    for vcov in [Vcov::Hc1, Vcov::Cluster(vec!["unit".into(), "time".into()])] {
        let (design, fit) = regression(&frame, &["x"], &["unit", "time"], &vcov);
        let found = placebo(&design, &fit, "d", &options(Kind::Cohort, 5)).unwrap();
        let (d2, f2) = regression(&frame, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
        let quick = placebo(&d2, &f2, "d", &options(Kind::Cohort, 5)).unwrap();
        assert!(found.draws.iter().zip(&quick.draws).all(|(a, b)| (a - b).abs() < 1e-10));
        assert!(found.t.iter().zip(&quick.t).all(|(a, b)| (a - b).abs() > 1e-6));
    }
}

#[test]
fn an_effect_that_is_there_stands_out_and_p_values_hold() {
    let (design, fit) = regression(&frame(4), &["x"], &["unit", "time"], &Vcov::cluster("unit"));
    let found = placebo(&design, &fit, "d", &options(Kind::Unit, 999)).unwrap();
    assert_eq!((found.draws.len(), found.failed, found.exact), (999, 0, false));
    assert!(found.by_estimate.two_sided < 0.01 && found.by_t.unwrap().right < 0.01, "{:?}", found.by_estimate);
    assert!(found.p.iter().all(|p| (0.0..=1.0).contains(p)));
    let larger = found.draws.iter().filter(|b| b.abs() >= found.estimate.abs()).count();
    assert_eq!(found.by_estimate.two_sided, (1 + larger) as f64 / 1000.0);
    assert_eq!(placebo(&design, &fit, "nobody", &options(Kind::Unit, 9)).unwrap_err().id, "E603");
}

#[test]
fn strata_keep_the_number_of_treated_in_each_region() {
    let (design, fit) = regression(&frame(5), &["x"], &["unit", "time"], &Vcov::cluster("unit"));
    let strata = design.clusters[1].clone();
    let within = Options { strata: Some(strata), ..options(Kind::Unit, 50) };
    let (all, within) =
        (placebo(&design, &fit, "d", &options(Kind::Unit, 50)).unwrap(), placebo(&design, &fit, "d", &within).unwrap());
    assert_ne!(all.draws, within.draws);
    let changes = Options { strata: Some(design.clusters[2].clone()), ..options(Kind::Unit, 50) };
    assert_eq!(placebo(&design, &fit, "d", &changes).unwrap_err().id, "E605");
}

#[test]
fn earlier_dates_use_only_what_was_before_the_policy() {
    let (design, _) = regression(&frame(6), &["x"], &["unit", "time"], &Vcov::cluster("unit"));
    assert_eq!(possible_shifts(&design, "d").unwrap(), [1, 2, 3]);
    let moved = earlier(&design, "d", 2).unwrap();
    // Cohorts 3 and 5 lose periods 3..7 and 5..7.
    assert_eq!(moved.rows(), 30 * 7 - 6 * 5 - 8 * 3);
    assert_eq!(moved.ledger.dropped.last().unwrap().rows, 6 * 5 + 8 * 3);
    // False dates 1 and 3: cohort 3 is then treated in both of its periods, cohort 5 in two of four.
    assert_eq!(moved.regressors[0].1.iter().sum::<f64>(), f64::from(6 * 2 + 8 * 2));
    let record = fit(&moved, &FitOptions::new(Vcov::cluster("unit"))).unwrap().record();
    assert!(record.terms[0].term == "d" && record.terms[0].p_value > 0.001);
}
