//! The streamed record is the one that is computed in memory.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::design::{Design, DesignOptions};
use crate::expr::Expr;
use crate::fit::Term;
use crate::formula::Formula;
use crate::frame::Column;
use crate::ledger::{Ledger, Reason};
use crate::math::random::stream;
use crate::vcov::{Preset, Ssc};

/// A frame in pieces of so many rows.
struct Pieces {
    frame: Frame,
    size: usize,
    names: Vec<String>,
}

impl Pieces {
    fn new(frame: &Frame, size: usize) -> Self {
        let names = frame.columns().iter().map(|column| column.name.clone()).collect();
        Self { frame: frame.clone(), size, names }
    }
}

impl Batches for Pieces {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn pass<T: Send>(
        &self,
        columns: &[String],
        prepare: impl Fn(Frame, usize) -> Result<T> + Sync,
        mut consume: impl FnMut(T) -> Result<()> + Send,
    ) -> Result<()> {
        for start in (0..self.frame.rows()).step_by(self.size) {
            let rows: Vec<u32> = (start as u32..((start + self.size).min(self.frame.rows())) as u32).collect();
            let columns = columns.iter().map(|name| {
                let piece = self.frame.get(name).unwrap().take(&rows);
                // As a file gives it: only the levels that the piece has, in the order of its rows.
                match &piece.values {
                    crate::frame::Values::Number(_) => piece,
                    crate::frame::Values::Text { .. } => {
                        let cell = |row: usize| Some(piece.display(row)).filter(|text| !text.is_empty());
                        Column::text(name, (0..rows.len()).map(cell))
                    }
                }
            });
            consume(prepare(Frame::new(columns.collect()).unwrap(), start)?)?;
        }
        Ok(())
    }
}

/// A panel with all that makes a regression hard: gaps, singletons, missing cells, text ids, weights with zeros, clusters
/// that cut through units, a regressor in thousands.
fn table(seed: u64, units: usize) -> Frame {
    let mut s = stream(seed, 7);
    let mut rows: Vec<(usize, i32)> = Vec::new();
    for unit in 0..units {
        for year in 0..6 {
            if s.uniform() < if unit % 7 == 3 { 0.2 } else { 0.8 } {
                rows.push((unit, year));
            }
        }
    }
    // Two rows of a cell, a period with one row, and a chain of singletons.
    rows.extend([(0, 1), (0, 1), (1, 40), (units, 41), (units + 1, 2)]);
    for i in (1..rows.len()).rev() {
        rows.swap(i, (s.uniform() * (i + 1) as f64) as usize);
    }
    let mut of = |missing: f64, value: &mut dyn FnMut(usize, i32, f64) -> f64| -> Vec<f64> {
        rows.iter()
            .map(|&(unit, year)| {
                let (gap, noise) = (s.uniform(), s.normal());
                if gap < missing { f64::NAN } else { value(unit, year, noise) }
            })
            .collect()
    };
    let x = of(0.03, &mut |unit, year, e| 4000.0 + 10.0 * unit as f64 + 3.0 * f64::from(year) + 25.0 * e);
    let z = of(0.0, &mut |unit, _, e| 0.2 * unit as f64 + e);
    let d = of(0.0, &mut |unit, year, _| f64::from(u8::from(unit % 3 == 0 && year as usize > unit % 4)));
    let y = of(0.05, &mut |unit, year, e| 100.0 + unit as f64 + f64::from(year) + e);
    let w = of(0.02, &mut |_, _, e| (e.abs() * 3.0).floor());
    let group = of(0.0, &mut |_, _, e| (4.0 * e).floor());
    let y: Vec<f64> = (0..rows.len()).map(|i| y[i] + 0.01 * x[i] - z[i] + 2.0 * d[i]).collect();
    let region = Column::text("region", rows.iter().map(|(unit, _)| Some(format!("r{}", unit % 5))));
    let city =
        Column::text("city", rows.iter().map(|(u, y)| (*u != 4 || *y > 1).then(|| format!("c{}", (u * 7) % 31 + u))));
    Frame::new(vec![
        Column::number("unit", rows.iter().map(|(unit, _)| (unit * 3) as f64 - 20.0).collect()),
        Column::number("year", rows.iter().map(|(_, year)| f64::from(2000 + year)).collect()),
        Column::number("x", x),
        Column::number("z", z),
        Column::number("d", d),
        Column::number("y", y),
        Column::number("w", w),
        Column::number("group", group),
        region,
        city,
    ])
    .unwrap()
}

/// What `attica fit` does in memory.
fn in_memory(frame: &Frame, formula: &SingleFormula, options: &StreamOptions) -> Result<FitRecord> {
    let mut ledger = Ledger::new(frame.rows());
    let mut warnings = Vec::new();
    let frame = match &options.filter {
        None => frame.clone(),
        Some(text) => {
            let (holds, noticed) = Expr::parse(text)?.holds(frame, None)?;
            warnings = noticed;
            let rows: Vec<u32> = (0..frame.rows() as u32).filter(|&row| holds[row as usize]).collect();
            ledger.drop_rows(Reason::Filter(text.clone()), frame.rows() - rows.len());
            frame.take(&rows)
        }
    };
    let design = DesignOptions {
        weights: options.weights.clone(),
        clusters: options.fit.vcov.clusters().to_vec(),
        ..DesignOptions::default()
    };
    let mut record = crate::fit::fit(&Design::build(&frame, None, formula, &design)?, &options.fit)?.record();
    record.ledger = ledger.then(&record.ledger);
    record.dropped.clone_from(&record.ledger.dropped);
    record.warnings.splice(0..0, warnings);
    Ok(record)
}

fn close(what: &str, a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * b.abs().max(1e-3), "{what}: {a} streamed, {b} in memory");
}

fn same_terms(what: &str, a: &[Term], b: &[Term]) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.term, b.term, "{what}");
        close(what, a.estimate, b.estimate, 1e-10);
        close(what, a.std_error, b.std_error, 1e-10);
        close(what, a.p_value, b.p_value, 1e-9);
        close(what, a.conf_high, b.conf_high, 1e-9);
    }
}

fn same(what: &str, a: &FitRecord, b: &FitRecord) {
    same_terms(what, &a.terms, &b.terms);
    for (form, a, b) in
        [("absorbed", &a.constant_absorbed, &b.constant_absorbed), ("base", &a.constant_base, &b.constant_base)]
    {
        let list = |term: &Option<Term>| term.iter().cloned().collect::<Vec<_>>();
        same_terms(&format!("{what}, constant {form}"), &list(a), &list(b));
    }
    let numbers = |of: &FitRecord| {
        let r2 = &of.r2_family;
        [r2.overall, r2.adjusted, r2.within, r2.within_adjusted, Some(of.mean_outcome), Some(of.se_card.factor)]
    };
    for (a, b) in numbers(a).into_iter().zip(numbers(b)) {
        assert_eq!(a.is_some(), b.is_some(), "{what}");
        close(what, a.unwrap_or(0.0), b.unwrap_or(0.0), 1e-10);
    }
    let facts = |of: &FitRecord| {
        let card = &of.se_card;
        let rest =
            (of.model.clone(), of.n_obs, of.n_clusters, of.weights.clone(), of.ledger.clone(), of.warnings.clone());
        (rest, card.k, card.clusters.clone(), card.df, card.equals.clone(), of.effects.clone(), of.omitted.clone())
    };
    assert_eq!(facts(a), facts(b), "{what}");
}

fn options(vcov: &str, ssc: Preset) -> StreamOptions {
    let mut fit = FitOptions::new(Vcov::parse(vcov).unwrap());
    fit.ssc = Ssc::of(ssc);
    StreamOptions { fit, weights: None, filter: None, panel: None }
}

fn single(formula: &str) -> SingleFormula {
    Formula::parse(formula).unwrap().expand(&Frame::default()).unwrap().remove(0)
}

#[test]
fn the_record_is_that_of_memory_on_random_designs_and_pieces_of_any_size() {
    let formulae = [
        "y ~ d + x | unit + year",
        "y ~ d + x + z + d:z | year + unit",
        "y ~ x + log(z) | city",
        "y ~ d + x | region^year + city",
        "y ~ x + z",
        "y ~ 0 + x + d",
        "y ~ d + x + z + I(2 * x - z) + I(unit + 1) | unit + year",
        "log(y) ~ d + I(x / z) | region + group",
    ];
    let covariances = ["iid", "HC1", "cluster(unit)", "cluster(group)", "cluster(unit, year)", "cluster(region^group)"];
    let mut compared = 0;
    for seed in 0..12 {
        let frame = table(seed, 20 + 9 * seed as usize);
        for (f, text) in formulae.iter().enumerate() {
            let formula = single(text);
            let turn = seed as usize + f;
            let mut options = options(
                covariances[turn % covariances.len()],
                [Preset::Reghdfe, Preset::Fixest, Preset::Areg, Preset::Linearmodels][turn % 4],
            );
            options.weights = [
                None,
                None,
                Some(("w".to_owned(), WeightKind::Analytic)),
                Some(("w".to_owned(), WeightKind::Frequency)),
                Some(("w".to_owned(), WeightKind::Probability)),
            ][turn % 5]
                .clone();
            options.filter = [None, Some("year > 2001 or z > 1".to_owned())][turn / 2 % 2].clone();
            options.fit.keep_singletons = turn % 7 == 6;
            let what = format!("seed {seed}, {text}, {:?}, {:?}", options.fit.vcov, options.weights);
            let Ok(expected) = in_memory(&frame, &formula, &options) else {
                assert!(fit(&Pieces::new(&frame, 10), &formula, &options).is_err(), "{what}");
                continue;
            };
            compared += 1;
            let all = fit(&Pieces::new(&frame, frame.rows()), &formula, &options).unwrap();
            same(&what, &all, &expected);
            let sizes: &[usize] = if seed == 0 { &[1, 2, 17, 64] } else { &[13] };
            for &size in sizes {
                assert_eq!(
                    fit(&Pieces::new(&frame, size), &formula, &options).unwrap(),
                    all,
                    "{what}, pieces of {size}"
                );
            }
        }
    }
    assert!(compared > 80, "only {compared} designs could be estimated");
}

#[test]
fn the_same_bits_come_from_pieces_across_chunks_and_any_number_of_threads() {
    let frame = table(3, 2500);
    let formula = single("y ~ d + x + z | unit + year");
    for vcov in ["HC1", "cluster(unit)"] {
        let options = options(vcov, Preset::Reghdfe);
        let at = |threads: usize, size: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&Pieces::new(&frame, size), &formula, &options).unwrap())
        };
        let all = at(1, frame.rows());
        same(vcov, &all, &in_memory(&frame, &formula, &options).unwrap());
        for (threads, size) in [(1, 999), (2, 2048), (8, 5000)] {
            assert_eq!(at(threads, size), all);
        }
    }
}

#[test]
fn what_cannot_be_streamed_is_refused_by_name() {
    let frame = table(1, 30);
    let refused = |formula: &str, vcov: &str| {
        let problem = fit(&Pieces::new(&frame, 50), &single(formula), &options(vcov, Preset::Reghdfe)).unwrap_err();
        (problem.id, problem.message)
    };
    for (formula, vcov, word) in [
        ("y ~ x | unit + year + region", "iid", "3 absorbed effects"),
        ("y ~ x | unit[z]", "iid", "varying slopes"),
        ("y ~ x | unit", "CR2(unit)", "CR2"),
        ("y ~ mean(x, by = unit) | year", "iid", "mean()"),
        ("y ~ region | year", "iid", "text among the regressors"),
    ] {
        let (id, message) = refused(formula, vcov);
        assert_eq!(id, "E731", "{message}");
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(refused("y ~ nothing | unit", "iid").0, "E603");
    assert_eq!(refused("y ~ city | unit", "iid").0, "E731");
}

#[test]
fn two_large_effects_are_refused_and_one_that_comes_first_as_the_small_one_is_turned() {
    let rows = 5000;
    let mut s = stream(4, 4);
    let number =
        |name: &str, of: &dyn Fn(usize) -> usize| Column::number(name, (0..rows).map(|i| of(i) as f64).collect());
    let frame = Frame::new(vec![
        // In the first piece there are more levels of `few` than of `many`.
        number("many", &|i| if i < 40 { i % 2 } else { i / 4 }),
        number("few", &|i| i % 20),
        number("other", &|i| i * 7 % 1250),
        Column::number("x", (0..rows).map(|_| s.normal()).collect()),
        Column::number("y", (0..rows).map(|_| s.normal()).collect()),
    ])
    .unwrap();
    let options = options("cluster(many)", Preset::Reghdfe);
    let formula = single("y ~ x | many + few");
    let found = fit(&Pieces::new(&frame, 40), &formula, &options).unwrap();
    same("turned", &found, &in_memory(&frame, &formula, &options).unwrap());
    let problem = fit(&Pieces::new(&frame, 4000), &single("y ~ x | many + other"), &options).unwrap_err();
    assert_eq!(problem.id, "E731");
}
