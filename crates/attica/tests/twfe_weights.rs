//! Weights of two-way fixed effects against the Python port twowayfeweights and against regressions.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use attica::design::{Codes, Design, Effect, Periods, WeightKind, Weights};
use attica::diagnostic::bacon::bacon_of;
use attica::diagnostic::twfe_weights::{TwfeWeights, twfe_weights};
use attica::fit::{FitOptions, fit};
use attica::ledger::Ledger;
use attica::math::random::stream;
use attica::vcov::Vcov;
use support::Table;

fn design(unit: Codes, time: &[f64], columns: Vec<(&str, Vec<f64>)>, weights: Option<Vec<f64>>) -> Design {
    let mut columns = columns.into_iter().map(|(name, x)| (name.to_owned(), Arc::new(x)));
    let outcome = columns.next().unwrap();
    let labels: Vec<String> = time.iter().map(ToString::to_string).collect();
    let period = support::codes("time", labels.iter().map(String::as_str));
    let effect = |by: &Codes| Effect { by: by.clone(), slopes: Vec::new(), intercept: true };
    Design {
        regressors: columns.collect(),
        intercept: false,
        effects: vec![effect(&unit), effect(&period)],
        weights: weights.map(|values| Weights { name: "w".into(), kind: WeightKind::Analytic, values }),
        clusters: Vec::new(),
        sample: (0..time.len() as u32).collect(),
        panel: Some((unit, Periods::new(time))),
        coordinates: None,
        ledger: Ledger::default(),
        warnings: Vec::new(),
        outcome,
    }
}

fn coefficient(design: &Design) -> f64 {
    let found = fit(design, &FitOptions::new(Vcov::Iid)).unwrap();
    found.coefficients[found.position("d").unwrap()]
}

fn identities(found: &TwfeWeights, design: &Design) {
    assert!((found.rows.iter().map(|row| row.weight).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!((found.sum_positive + found.sum_negative - 1.0).abs() < 1e-9);
    assert!((found.cells.iter().map(|cell| cell.weight).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!((found.estimate - coefficient(design)).abs() < 1e-9);
}

/// twowayfeweights (pip), `twowayfeweights(d, 'lwage', 'nr', 'year', 'union', type='feTR', summary_measures=True)`,
/// then with `controls=['married']`, then with `weights` 1 + educ / 10: positive and negative weights, the
/// coefficient, their sums, and the two measures of heterogeneity.
#[test]
fn agrees_with_twowayfeweights_on_the_wage_panel() {
    let Some(table) = Table::read("wooldridge_wagepan/wooldridge_wagepan.csv") else { return };
    let golden = [
        (
            860,
            204,
            [0.08513152464001365, 1.0054685420179252, -0.0054685420179252636, 0.09357625631416405, 5.389151597096476],
        ),
        (
            895,
            169,
            [0.08336967861301448, 1.006235723018733, -0.006235723018732774, 0.09158405795217194, 4.314965453927863],
        ),
        (
            860,
            204,
            [0.0848626597392494, 1.005440892379116, -0.005440892379116127, 0.09282491865610201, 5.394395230565797],
        ),
    ];
    for (case, (positive, negative, numbers)) in golden.into_iter().enumerate() {
        let mut columns = vec![("lwage", table.number("lwage")), ("d", table.number("union"))];
        if case == 1 {
            columns.push(("married", table.number("married")));
        }
        let weights = (case == 2).then(|| table.number("educ").iter().map(|x| 1.0 + x / 10.0).collect());
        let design = design(table.codes("nr"), &table.number("year"), columns, weights);
        let found = twfe_weights(&design, "d").unwrap();
        assert_eq!((found.n_positive, found.n_negative), (positive, negative));
        // The paper divides the variance of the weights by the number of cells (theorem 1), the port by one less.
        let cells = (positive + negative) as f64;
        let ours = [
            found.estimate,
            found.sum_positive,
            found.sum_negative,
            found.sigma_zero.unwrap() * (1.0 - 1.0 / cells).sqrt(),
            found.sigma_sign.unwrap(),
        ];
        for (ours, theirs) in ours.iter().zip(numbers) {
            assert!((ours / theirs - 1.0).abs() < 1e-7, "{case}: {ours} {theirs}");
        }
        identities(&found, &design);
    }
}

/// An unbalanced, weighted staggered panel with a control, and effects that differ from row to row.
fn random_panel(seed: u64, dose: bool) -> (Design, Vec<f64>) {
    let mut random = stream(seed, 0);
    let (mut unit, mut time, mut d, mut x, mut w) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..30 {
        let start = [3, 5, 8, 99][i % 4];
        let size = if dose { 1.0 + random.uniform() } else { 1.0 };
        for t in 0..9 {
            if random.uniform() < 0.85 {
                unit.push(i.to_string());
                time.push(f64::from(t));
                d.push(if t >= start { size } else { 0.0 });
                x.push(random.normal());
                w.push(0.5 + random.uniform());
            }
        }
    }
    let effect: Vec<f64> = d.iter().map(|_| random.normal()).collect();
    // No noise: unit and period effects, the control, and the effects.
    let y = (0..d.len())
        .map(|r| unit[r].parse::<f64>().unwrap() + time[r].powi(2) + 0.7 * x[r] + d[r] * effect[r])
        .collect();
    let codes = support::codes("unit", unit.iter().map(String::as_str));
    (design(codes, &time, vec![("y", y), ("d", d), ("x", x)], Some(w)), effect)
}

#[test]
fn weights_times_effects_are_the_coefficient_without_noise() {
    for dose in [false, true] {
        for seed in 0..5 {
            let (design, effect) = random_panel(seed, dose);
            let found = twfe_weights(&design, "d").unwrap();
            let sum: f64 = found.rows.iter().map(|row| row.weight * effect[row.row as usize]).sum();
            assert!((sum - coefficient(&design)).abs() < 1e-9);
            identities(&found, &design);
        }
    }
}

#[test]
fn the_smallest_heterogeneity_is_attained_and_no_smaller_one_does() {
    let (design, _) = random_panel(1, false);
    let found = twfe_weights(&design, "d").unwrap();
    assert!(found.n_negative > 0);
    let mass: Vec<f64> =
        found.rows.iter().map(|row| design.weights.as_ref().unwrap().values[row.row as usize]).collect();
    let all: f64 = mass.iter().sum();
    let relative: Vec<f64> = found.rows.iter().zip(&mass).map(|(row, m)| row.weight * all / m).collect();
    let mean = |f: &dyn Fn(usize) -> f64| (0..mass.len()).map(|i| mass[i] / all * f(i)).sum::<f64>();
    // Effects proportional to w - 1 average zero and give the coefficient.
    let variance = mean(&|i| (relative[i] - 1.0).powi(2));
    let effect = |i: usize| found.estimate * (relative[i] - 1.0) / variance;
    assert!(mean(&effect).abs() < 1e-9 && (mean(&|i| relative[i] * effect(i)) - found.estimate).abs() < 1e-9);
    assert!((mean(&|i| effect(i).powi(2)).sqrt() - found.sigma_zero.unwrap()).abs() < 1e-9);
    // Random effects that all have the other sign and give the coefficient vary at least as much as the other measure.
    let least = found.sigma_sign.unwrap();
    assert!(least > found.sigma_zero.unwrap());
    let mut random = stream(3, 1);
    for _ in 0..2000 {
        let sharp = random.uniform() * 8.0;
        let raw: Vec<f64> = relative.iter().map(|w| (-sharp * w).exp() * random.uniform()).collect();
        let scale = found.estimate / mean(&|i| relative[i] * raw[i]);
        if scale < 0.0 {
            let average = mean(&|i| raw[i] * scale);
            let spread = mean(&|i| (raw[i] * scale - average).powi(2)).sqrt();
            assert!(spread >= least - 1e-9, "{spread} {least}");
        }
    }
}

#[test]
fn what_has_no_weights_says_why() {
    let (mut design, _) = random_panel(2, false);
    Arc::make_mut(&mut design.regressors[0].1).fill(0.0);
    assert_eq!(twfe_weights(&design, "d").unwrap_err().id, "E206");
    assert_eq!(twfe_weights(&design, "e").unwrap_err().id, "E603");
    Arc::make_mut(&mut design.regressors[0].1)[0] = -1.0;
    assert_eq!(twfe_weights(&design, "d").unwrap_err().id, "E201");
}

/// A balanced staggered panel with a weight for each unit.
fn balanced(weigh: impl Fn(usize, usize) -> f64) -> Design {
    let mut random = stream(9, 0);
    let (mut unit, mut time, mut d, mut y, mut w) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..24 {
        let start = [2, 4, 7, 0, 99][i % 5];
        for t in 0..8 {
            unit.push(i.to_string());
            time.push(t as f64);
            d.push(f64::from(t >= start));
            y.push(random.normal());
            w.push(weigh(i, t));
        }
    }
    design(support::codes("unit", unit.iter().map(String::as_str)), &time, vec![("y", y), ("d", d)], Some(w))
}

#[test]
fn the_bacon_decomposition_is_exact_with_weights_of_units_or_says_that_none_exists() {
    let weighted = balanced(|i, _| 0.5 + (i * 7 % 5) as f64);
    let found = bacon_of(&weighted, "d").unwrap();
    assert!((found.estimate - coefficient(&weighted)).abs() < 1e-10);
    assert!((found.rows.iter().map(|row| row.weight).sum::<f64>() - 1.0).abs() < 1e-12);
    let refused = |design: &Design| bacon_of(design, "d").unwrap_err().id;
    assert_eq!(refused(&balanced(|i, t| 1.0 + (i + t) as f64)), "E607");
    assert_eq!(refused(&weighted.take(&(1..weighted.rows() as u32).collect::<Vec<_>>())), "E104");
    let mut other = weighted.clone();
    other.regressors.push(("x".into(), other.outcome.1.clone()));
    assert_eq!(refused(&other), "E607");
    let mut dose = weighted;
    for d in Arc::make_mut(&mut dose.regressors[0].1) {
        *d *= 2.0;
    }
    assert_eq!(refused(&dose), "E607");
}
