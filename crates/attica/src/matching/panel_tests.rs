#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::panel::{Candidates, Question, Timing};
use super::*;
use crate::frame::{Column, Frame};
use crate::panel::Panel;

type Covariates = Vec<(String, Vec<f64>)>;

/// Thirty units in six periods from 2001 on; units 0 to 4 adopt in 2004, 5 to 8 in 2005, 9 is always treated.
fn panel() -> (Panel, Vec<f64>, Covariates) {
    let rows: Vec<(usize, usize)> =
        (0..30).flat_map(|u| (0..6).map(move |t| (u, t))).filter(|r| *r != (11, 2)).collect();
    let frame = Frame::new(vec![
        Column::number("unit", rows.iter().map(|r| r.0 as f64).collect()),
        Column::number("time", rows.iter().map(|r| 2001.0 + r.1 as f64).collect()),
    ])
    .unwrap();
    let (panel, _) = Panel::new(&frame, "unit", "time").unwrap();
    let from = |u: usize| {
        if u < 5 {
            3
        } else if u < 9 {
            4
        } else if u == 9 {
            0
        } else {
            9
        }
    };
    let treatment = rows.iter().map(|&(u, t)| f64::from(u8::from(t >= from(u)))).collect();
    let x: Vec<f64> = rows
        .iter()
        .map(
            |&(u, t)| {
                if (u, t) == (12, 2) { f64::NAN } else { (u as f64 * 2.7).sin() + 0.1 * t as f64 - 0.02 * u as f64 }
            },
        )
        .collect();
    let z = rows.iter().map(|&(u, t)| (u as f64 * 1.3 + t as f64 * 0.4).cos()).collect();
    (panel, treatment, vec![("x".to_owned(), x), ("z".to_owned(), z)])
}

#[test]
fn units_are_matched_once_in_the_last_period_before_anybody_reacts() {
    let (panel, treatment, covariates) = panel();
    let question = Question {
        panel: &panel,
        treatment: &treatment,
        covariates: &covariates,
        timing: Timing::Base(None),
        anticipation: 0,
    };
    let candidates = Candidates::new(question).unwrap();
    assert_eq!(candidates.base, Some(2003.0));
    let reacting = Candidates::new(Question { anticipation: 1, ..question }).unwrap();
    assert_eq!(reacting.base, Some(2002.0));
    // Unit 11 has no row in 2003, unit 9 is treated by then, unit 12 lacks x.
    assert_eq!(candidates.ledger.dropped.iter().map(|d| d.rows).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!((candidates.ledger.read, candidates.ledger.used, candidates.all.len()), (30, 27, 27));
    let found = candidates.matched(Method::Nearest(Neighbours::default()), true).unwrap();
    let used: usize = found.weights.iter().filter(|w| **w > 0.0).count();
    assert_eq!(found.ledger.used, used);
    assert_eq!(found.ledger.read, found.ledger.used + found.ledger.dropped.iter().map(|d| d.rows).sum::<usize>());
    for (candidate, w) in candidates.all.iter().zip(&found.weights) {
        let unit = panel.unit[candidate.row as usize];
        let rows = (0..6).filter_map(|t| panel.row(unit, t));
        assert!(rows.map(|row| found.row_weights[row]).all(|own| own == *w));
    }
    assert!(
        panel.unit.iter().zip(&found.row_weights).filter(|(u, _)| [9, 11, 12].contains(*u)).all(|(_, w)| *w == 0.0)
    );
    // The same as the cross-section by itself.
    let treated: Vec<bool> = candidates.all.iter().map(|c| c.treated).collect();
    let own: Vec<Vec<f64>> =
        covariates.iter().map(|(_, x)| candidates.all.iter().map(|c| x[c.row as usize]).collect()).collect();
    let views = [("x", &own[0][..]), ("z", &own[1][..])];
    let sample = Sample { treated: &treated, covariates: &views };
    let p = score(sample).unwrap();
    let alone = matched(sample, Method::Nearest(Neighbours::default()), Some(&p.values), true, &[]).unwrap();
    assert_eq!(alone.weights, found.weights);
}

#[test]
fn each_period_is_matched_by_itself() {
    let (panel, treatment, covariates) = panel();
    let question = Question {
        panel: &panel,
        treatment: &treatment,
        covariates: &covariates,
        timing: Timing::Yearly,
        anticipation: 0,
    };
    let candidates = Candidates::new(question).unwrap();
    let found = candidates.matched(Method::Kernel(0.2), false).unwrap();
    assert_eq!(found.warnings[0].id, "W862");
    for t in 0..6 {
        let of = |treated: bool| {
            let own = candidates.all.iter().zip(&found.weights);
            own.filter(|(c, _)| panel.time[c.row as usize] == t && c.treated == treated).map(|(_, w)| w).sum::<f64>()
        };
        assert!((of(true) - of(false)).abs() < 1e-10 && of(true) > 0.0);
    }
    // Unit 9 is treated throughout, (11, 2) is not there, (12, 2) has no x.
    assert_eq!((candidates.ledger.read, candidates.ledger.used), (179, 172));
}

#[test]
fn pooled_matching_counts_how_often_units_are_their_own_controls() {
    let (panel, treatment, covariates) = panel();
    let question = Question {
        panel: &panel,
        treatment: &treatment,
        covariates: &covariates,
        timing: Timing::Pooled,
        anticipation: 0,
    };
    let candidates = Candidates::new(question).unwrap();
    let found = candidates.matched(Method::Nearest(Neighbours::default()), false).unwrap();
    let warning = found.warnings.iter().find(|w| w.id == "W861").unwrap();
    // Brute force: the nearest untreated row of each treated one.
    let at = |i: usize| candidates.all[i];
    let (mut itself, mut elsewhen, mut n) = (0, 0, 0_usize);
    for i in (0..candidates.all.len()).filter(|&i| at(i).treated) {
        let gap = |j: usize| (at(i).score.unwrap() - at(j).score.unwrap()).abs();
        let others = (0..candidates.all.len()).filter(|&j| !at(j).treated);
        let j = others.min_by(|&a, &b| gap(a).total_cmp(&gap(b))).unwrap();
        let (a, b) = (at(i).row as usize, at(j).row as usize);
        itself += usize::from(panel.unit[a] == panel.unit[b]);
        elsewhen += usize::from(panel.time[a] != panel.time[b]);
        n += 1;
    }
    let share = |count: usize| format!("{} %", (1000.0 * count as f64 / n as f64).round() / 10.0);
    assert!(
        warning.text.en.contains(&share(itself)) && warning.text.en.contains(&share(elsewhen)),
        "{}",
        warning.text.en
    );
    assert!(elsewhen > 0 && n == 5 * 3 + 4 * 2);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let (panel, treatment, covariates) = panel();
    let question = Question {
        panel: &panel,
        treatment: &treatment,
        covariates: &covariates,
        timing: Timing::Base(Some(1999.0)),
        anticipation: 0,
    };
    assert_eq!(Candidates::new(question).unwrap_err().id, "E607");
    let nobody = vec![0.0; treatment.len()];
    let never = Question { treatment: &nobody, timing: Timing::Base(None), ..question };
    assert_eq!(Candidates::new(never).unwrap_err().id, "E205");
    let early = Question { timing: Timing::Base(None), anticipation: 3, ..question };
    assert_eq!(Candidates::new(early).unwrap_err().id, "E607");
    // A covariate that is the treatment: no score, but the others go on without it.
    let apart: Vec<f64> = panel.unit.iter().map(|u| f64::from(u8::from(*u < 9)) + 0.001 * f64::from(*u)).collect();
    let covariates = [("apart".to_owned(), apart)];
    let candidates =
        Candidates::new(Question { covariates: &covariates, timing: Timing::Base(None), ..question }).unwrap();
    assert_eq!(candidates.matched(Method::Kernel(0.06), true).unwrap_err().id, "E860");
    let near = candidates.matched(Method::Mahalanobis(Neighbours::default()), true).unwrap();
    assert!(near.warnings.iter().any(|w| w.id == "W865"));
}
