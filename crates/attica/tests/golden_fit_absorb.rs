//! Absorption against explicit dummies, on random small designs of every structure.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use attica::absorb::{Absorber, shares, singletons};
use attica::design::{Codes, Design, Effect, WeightKind, Weights};
use attica::fit::{FitOptions, fit};
use attica::math::random::{Stream, stream};
use attica::vcov::{Ssc, Vcov};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use support::{close, design};

/// How the effects of a design hang together.
#[derive(Clone, Copy, Debug)]
enum Structure {
    One,
    Two,
    Nested,
    Duplicate,
    Disconnected,
    Three,
    ThreeNested,
    Slopes,
    SlopesAndEffect,
    SlopesAlone,
}

const STRUCTURES: [Structure; 10] = [
    Structure::One,
    Structure::Two,
    Structure::Nested,
    Structure::Duplicate,
    Structure::Disconnected,
    Structure::Three,
    Structure::ThreeNested,
    Structure::Slopes,
    Structure::SlopesAndEffect,
    Structure::SlopesAlone,
];

/// Codes of `raw` with every level occurring.
fn compact(name: &str, raw: Vec<usize>) -> Codes {
    let labels: Vec<String> = raw.iter().map(ToString::to_string).collect();
    support::codes(name, labels.iter().map(String::as_str))
}

fn random_effects_of(structure: Structure, rows: usize, s: &mut Stream) -> Vec<Effect> {
    let mut draw = |levels: usize| (0..rows).map(|_| s.index(levels)).collect::<Vec<usize>>();
    let (a, b, c) = (draw(7), draw(4), draw(3));
    let mut slope = || (0..rows).map(|_| s.normal()).collect::<Vec<f64>>();
    let plain =
        |name: &str, raw: &[usize]| Effect { by: compact(name, raw.to_vec()), slopes: Vec::new(), intercept: true };
    let halved: Vec<usize> = a.iter().map(|i| i / 2).collect();
    match structure {
        Structure::One => vec![plain("a", &a)],
        Structure::Two => vec![plain("b", &b), plain("a", &a)],
        Structure::Nested => vec![plain("a", &a), plain("half", &halved)],
        Structure::Duplicate => vec![plain("a", &a), plain("again", &a)],
        Structure::Disconnected => {
            let apart: Vec<usize> = a.iter().zip(&b).map(|(i, j)| if *i < 3 { j % 2 } else { 2 + j % 2 }).collect();
            vec![plain("a", &a), plain("apart", &apart)]
        }
        Structure::Three => vec![plain("a", &a), plain("b", &b), plain("c", &c)],
        Structure::ThreeNested => {
            let both: Vec<usize> = b.iter().zip(&halved).map(|(i, j)| i * 10 + j).collect();
            vec![plain("a", &a), plain("b", &b), plain("half^b", &both)]
        }
        Structure::Slopes => {
            vec![Effect { slopes: vec![("x".into(), slope()), ("z".into(), slope())], ..plain("b", &b) }]
        }
        Structure::SlopesAndEffect => {
            vec![Effect { slopes: vec![("x".into(), slope())], ..plain("b", &b) }, plain("c", &c)]
        }
        Structure::SlopesAlone => {
            vec![Effect { slopes: vec![("x".into(), slope())], intercept: false, ..plain("b", &b) }, plain("a", &a)]
        }
    }
}

/// All dummies and slopes as columns.
fn dummies(effects: &[Effect], rows: usize) -> DMatrix<f64> {
    let mut columns: Vec<DVector<f64>> = Vec::new();
    for effect in effects {
        for level in 0..effect.by.levels as u32 {
            let at = |row: usize| f64::from(u8::from(effect.by.codes[row] == level));
            if effect.intercept {
                columns.push(DVector::from_fn(rows, |row, _| at(row)));
            }
            for (_, x) in &effect.slopes {
                columns.push(DVector::from_fn(rows, |row, _| at(row) * x[row]));
            }
        }
    }
    DMatrix::from_columns(&columns)
}

/// Orthonormal basis of the columns' span, by modified Gram-Schmidt done twice.
fn basis(columns: &DMatrix<f64>) -> Vec<DVector<f64>> {
    let mut basis: Vec<DVector<f64>> = Vec::new();
    for column in columns.column_iter() {
        let mut left = column.into_owned();
        let norm = left.norm();
        for _ in 0..2 {
            for q in &basis {
                let share = q.dot(&left);
                left -= q * share;
            }
        }
        if left.norm() > 1e-9 * norm {
            let length = left.norm();
            basis.push(left / length);
        }
    }
    basis
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn absorption_is_regression_on_dummies(seed in 0_u64..1_000_000, kind in 0..STRUCTURES.len(), rows in 8_usize..60, weighted: bool) {
        let mut s = stream(seed, 0);
        let effects = random_effects_of(STRUCTURES[kind], rows, &mut s);
        let weights: Option<Vec<f64>> = weighted.then(|| (0..rows).map(|_| 0.1 + 5.0 * s.uniform()).collect());
        let y: Vec<f64> = (0..rows).map(|_| 100.0 + s.normal()).collect();
        let mut ours = y.clone();
        Absorber::new(&effects, weights.as_deref()).remove(&mut [&mut ours]).unwrap();

        let root: Vec<f64> = (0..rows).map(|row| weights.as_ref().map_or(1.0, |w| w[row].sqrt())).collect();
        let mut scaled = dummies(&effects, rows);
        for mut column in scaled.column_iter_mut() {
            column.iter_mut().zip(&root).for_each(|(x, r)| *x *= r);
        }
        let mut left = DVector::from_fn(rows, |row, _| y[row] * root[row]);
        let size = left.norm();
        let span = basis(&scaled);
        for _ in 0..2 {
            for q in &span {
                let share = q.dot(&left);
                left -= q * share;
            }
        }
        for row in 0..rows {
            let difference = (ours[row] * root[row] - left[row]).abs();
            prop_assert!(difference <= 1e-9 * size, "{:?} row {row}: off by {difference:e}", STRUCTURES[kind]);
        }
        // Degrees of freedom: exact up to two effects, never more than the rank allows for.
        let shares = shares(&effects);
        let counted: usize = shares.iter().map(|share| share.levels - share.redundant(|_| true)).sum();
        match STRUCTURES[kind] {
            Structure::One | Structure::Two | Structure::Nested | Structure::Duplicate | Structure::Disconnected => {
                prop_assert_eq!(counted, span.len());
            }
            Structure::Slopes => prop_assert!(counted >= span.len()),
            _ => prop_assert!(counted >= span.len(), "{} counted, rank {}", counted, span.len()),
        }
    }

    #[test]
    fn coefficients_and_errors_are_those_of_dummies(seed in 0_u64..1_000_000, kind in 0..STRUCTURES.len(), weighted: bool) {
        let mut s = stream(seed, 1);
        let rows = 70;
        let effects = random_effects_of(STRUCTURES[kind], rows, &mut s);
        let x: Vec<Vec<f64>> = (0..2).map(|_| (0..rows).map(|_| s.normal()).collect()).collect();
        let y: Vec<f64> = (0..rows).map(|i| x[0][i] - x[1][i] + s.normal()).collect();
        let weights = weighted.then(|| Weights {
            name: "w".into(),
            kind: WeightKind::Analytic,
            values: (0..rows).map(|_| 0.5 + s.uniform()).collect(),
        });
        let by = compact("g", (0..rows).map(|_| s.index(12)).collect());
        let absorbed = Design {
            effects: effects.clone(),
            intercept: false,
            weights: weights.clone(),
            ..design(("y", y.clone()), vec![("x", x[0].clone()), ("z", x[1].clone())], &[], &[by])
        };
        let matrix = dummies(&effects, rows);
        let names: Vec<String> = (0..matrix.ncols()).map(|j| format!("d{j}")).collect();
        let mut explicit = absorbed.clone();
        explicit.effects = Vec::new();
        // Dummies first, so that of collinear columns no regressor of interest is the one left out.
        explicit.regressors = names
            .iter()
            .zip(matrix.column_iter())
            .map(|(name, column)| (name.clone(), Arc::new(column.iter().copied().collect())))
            .chain(absorbed.regressors.iter().cloned())
            .collect();
        let options = FitOptions { keep_singletons: true, ssc: Ssc::parse("none").unwrap(), ..FitOptions::new(Vcov::cluster("g")) };
        let ours = fit(&absorbed, &options).unwrap();
        let theirs = fit(&explicit, &options).unwrap();
        for term in ours.terms() {
            let other = theirs.terms().into_iter().find(|t| t.term == term.term).unwrap();
            close("coefficient", term.estimate, other.estimate, 1e-8);
            close("se", term.std_error, other.std_error, 1e-7);
        }
        if let (Some(base), true) = (ours.record().constant_base, matches!(STRUCTURES[kind], Structure::One | Structure::Two)) {
            // The first level of each effect as the base, a column of ones in its place.
            let mut based = explicit.clone();
            based.intercept = true;
            let first: Vec<String> = match effects.len() {
                1 => vec!["d0".into()],
                _ => vec!["d0".into(), format!("d{}", effects[0].by.levels)],
            };
            based.regressors.retain(|(name, _)| !first.contains(name));
            let based = fit(&based, &options).unwrap();
            let want = based.terms()[0].clone();
            close("base constant", base.estimate, want.estimate, 1e-8);
            close("base constant se", base.std_error, want.std_error, 1e-7);
        }
    }

    #[test]
    fn no_row_is_alone_once_singletons_are_gone(seed in 0_u64..1_000_000, rows in 3_usize..60) {
        let mut s = stream(seed, 2);
        let mut draw = |levels: usize| compact("e", (0..rows).map(|_| s.index(levels)).collect());
        let effects = [draw(15), draw(12), draw(20)].map(|by| Effect { by, slopes: Vec::new(), intercept: true });
        let (kept, removed) =
            singletons(&effects, None, None).unwrap_or_else(|| ((0..rows as u32).collect(), vec![0; effects.len()]));
        prop_assert_eq!(kept.len() + removed.iter().sum::<usize>(), rows);
        for effect in &effects {
            let mut counts = vec![0; effect.by.levels];
            for &row in &kept {
                counts[effect.by.codes[row as usize] as usize] += 1;
            }
            prop_assert!(counts.iter().all(|c| *c != 1));
        }
    }
}

#[test]
fn large_sides_on_both_hands_go_through_the_general_solver() {
    // 1,500 x 1,400 levels: more than the dense system takes.
    let mut s = stream(9, 0);
    let rows = 12_000;
    let a = compact("a", (0..rows).map(|_| s.index(1_500)).collect());
    let b = compact("b", (0..rows).map(|_| s.index(1_400)).collect());
    let effects = [a, b].map(|by| Effect { by, slopes: Vec::new(), intercept: true });
    let mut column: Vec<f64> = (0..rows).map(|_| s.normal()).collect();
    Absorber::new(&effects, None).remove(&mut [&mut column]).unwrap();
    for effect in &effects {
        let mut sums = vec![0.0; effect.by.levels];
        effect.by.codes.iter().zip(&column).for_each(|(&c, y)| sums[c as usize] += y);
        assert!(sums.iter().all(|s: &f64| s.abs() < 1e-10));
    }
}

/// People who move among neighbouring firms, `rows` rows: the firms form a chain, on which iterations hardly converge.
fn chain(rows: usize, seed: u64) -> Vec<Effect> {
    let mut s = stream(seed, 3);
    let (people, firms) = (rows / 10, rows / 40);
    let person: Vec<usize> = (0..rows).map(|_| s.index(people)).collect();
    let firm = person.iter().map(|p| (p * firms / people + s.index(3)).min(firms - 1)).collect();
    let year = (0..rows).map(|_| s.index(12)).collect();
    let region = (0..rows).map(|_| s.index(5)).collect();
    [("person", person), ("firm", firm), ("year", year), ("region", region)]
        .map(|(name, of_row)| Effect { by: compact(name, of_row), slopes: Vec::new(), intercept: true })
        .into()
}

/// `2 x` and an effect of every level, of very different sizes; x is far from orthogonal to the effects.
fn exact_outcome(effects: &[Effect], seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut s = stream(seed, 4);
    let levels: Vec<Vec<f64>> =
        effects.iter().map(|e| (0..e.by.levels).map(|i| 10.0 * s.normal() + i as f64 / 50.0).collect()).collect();
    let rows = effects[0].by.codes.len();
    let of = |row: usize| -> f64 { effects.iter().zip(&levels).map(|(e, l)| l[e.by.codes[row] as usize]).sum() };
    let x: Vec<f64> = (0..rows).map(|row| 0.3 * of(row) + s.normal()).collect();
    (x.clone(), (0..rows).map(|row| 2.0 * x[row] + of(row)).collect())
}

#[test]
fn coefficients_on_a_chain_are_exact_by_any_number_of_effects_and_with_weights() {
    let effects = chain(40_000, 5);
    let mut s = stream(6, 0);
    let weights: Vec<f64> = (0..40_000).map(|_| 0.2 + s.uniform()).collect();
    for count in 2..=4 {
        for weights in [None, Some(&weights[..])] {
            let effects = &effects[..count];
            let (mut x, mut y) = exact_outcome(effects, 7);
            Absorber::new(effects, weights).remove(&mut [&mut x, &mut y]).unwrap();
            let (xy, xx): (f64, f64) = x.iter().zip(&y).fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + x * y, xx + x * x));
            assert!((xy / xx - 2.0).abs() < 1e-9, "{count} effects: {:e}", xy / xx - 2.0);
            let worst = x.iter().zip(&y).map(|(x, y)| (y - 2.0 * x).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-8, "{count} effects: a residual of {worst:e}");
        }
    }
}

#[test]
fn columns_have_the_same_bytes_by_any_number_of_threads() {
    let effects = chain(60_000, 8);
    let at = |threads: usize, count: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (mut x, mut y) = exact_outcome(&effects[..count], 9);
        pool.install(|| Absorber::new(&effects[..count], None).remove(&mut [&mut x, &mut y]).unwrap());
        (x, y)
    };
    for count in 1..=4 {
        assert!(at(1, count) == at(2, count) && at(1, count) == at(8, count), "{count} effects");
    }
}

#[test]
fn a_level_that_meets_no_other_and_duplicated_effects_are_no_trouble() {
    let mut s = stream(11, 0);
    let rows = 9_000;
    // Two halves that share nothing, and a row whose levels are its own everywhere.
    let half: Vec<usize> = (0..rows).map(|row| row % 2).collect();
    let mut a: Vec<usize> = half.iter().map(|h| 1_500 * h + s.index(1_500)).collect();
    let mut b: Vec<usize> = half.iter().map(|h| 1_100 * h + s.index(1_100)).collect();
    (a[0], b[0]) = (3_000, 2_200);
    let by = |name: &str, of_row: &[usize]| Effect {
        by: compact(name, of_row.to_vec()),
        slopes: Vec::new(),
        intercept: true,
    };
    let year: Vec<usize> = (0..rows).map(|_| s.index(9)).collect();
    let effects = [by("a", &a), by("b", &b), by("b again", &b), by("year", &year), by("year again", &year)];
    let mut column: Vec<f64> = (0..rows).map(|_| 5.0 + s.normal()).collect();
    Absorber::new(&effects, None).remove(&mut [&mut column]).unwrap();
    assert!(column[0].abs() < 1e-10);
    for effect in &effects {
        let mut sums = vec![0.0; effect.by.levels];
        effect.by.codes.iter().zip(&column).for_each(|(&c, y)| sums[c as usize] += y);
        assert!(sums.iter().all(|s: &f64| s.abs() < 1e-9));
    }
}
