//! Covariances that have no golden number, against their definition with every dummy written out.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use attica::design::{Codes, Design, Periods, WeightKind, Weights};
use attica::fit::{Fit, FitOptions, fit};
use attica::math::random::stream;
use attica::vcov::{Conley, Kernel, Preset, Ssc, Vcov, distance};
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use support::{close, design};

const UNITS: usize = 24;
const PERIODS: usize = 6;

/// An unbalanced panel of 24 units in 8 provinces, two regressors, serially correlated errors.
fn panel(weighted: bool) -> Design {
    let mut random = stream(11, u64::from(weighted));
    let (mut unit, mut time, mut y, mut x, mut d, mut weight) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    for i in 0..UNITS {
        let (mut error, level) = (0.0, random.normal());
        for t in 0..PERIODS {
            error = 0.6 * error + random.normal();
            let own = random.normal() + 0.3 * level;
            if (i + 2 * t) % 7 == 3 {
                continue;
            }
            let treated = f64::from(u8::from(i % 3 == 0 && t >= 2 + i % 2));
            unit.push(i as u32);
            time.push(t as f64);
            x.push(own);
            d.push(treated);
            y.push(level + 0.2 * t as f64 + 0.5 * own + treated + error);
            weight.push(0.5 + random.uniform());
        }
    }
    let codes = |name: &str, codes: Vec<u32>, levels| Codes { name: name.into(), codes: codes.into(), levels };
    let province = codes("province", unit.iter().map(|u| u / 3).collect(), UNITS / 3);
    let effects = [codes("unit", unit, UNITS), codes("time", time.iter().map(|t| *t as u32).collect(), PERIODS)];
    let clusters = [province, effects[0].clone()];
    let mut design = design(("y", y), vec![("x", x), ("d", d)], &effects, &clusters);
    design.panel = Some((effects[0].clone(), Periods::new(&time)));
    design.weights = weighted.then(|| Weights { name: "w".into(), kind: WeightKind::Analytic, values: weight });
    design
}

/// All columns, dummies first (the first period is the base), each times the root of the weight; the outcome too.
struct Dense {
    x: DMatrix<f64>,
    y: DVector<f64>,
    cluster: Vec<u32>,
}

impl Dense {
    fn new(design: &Design) -> Self {
        let [unit, time] = [&design.effects[0].by, &design.effects[1].by];
        let first = unit.levels + time.levels - 1;
        let root = |row: usize| design.weights.as_ref().map_or(1.0, |w| w.values[row].sqrt());
        let x = DMatrix::from_fn(design.rows(), first + 2, |row, j| {
            let value = if j < unit.levels {
                f64::from(u8::from(unit.codes[row] as usize == j))
            } else if j < first {
                f64::from(u8::from(time.codes[row] as usize == j - unit.levels + 1))
            } else {
                design.regressors[j - first].1[row]
            };
            value * root(row)
        });
        let y = DVector::from_fn(design.rows(), |row, _| design.outcome.1[row] * root(row));
        Self { x, y, cluster: design.clusters[0].codes.to_vec() }
    }

    fn groups(&self) -> u32 {
        self.cluster.iter().max().unwrap() + 1
    }

    fn rows(&self, g: u32) -> Vec<usize> {
        (0..self.cluster.len()).filter(|&row| self.cluster[row] == g).collect()
    }

    fn bread(&self) -> DMatrix<f64> {
        (self.x.transpose() * &self.x).try_inverse().unwrap()
    }

    fn residuals(&self) -> DVector<f64> {
        &self.y - &self.x * (self.bread() * self.x.transpose() * &self.y)
    }

    /// Standard errors of the two regressors.
    fn last_two(&self, covariance: &DMatrix<f64>) -> [f64; 2] {
        let p = self.x.ncols();
        [p - 2, p - 1].map(|j| covariance[(j, j)].sqrt())
    }
}

fn run(design: &Design, vcov: Vcov) -> Fit {
    fit(design, &FitOptions { ssc: Ssc::of(Preset::None), ..FitOptions::new(vcov) }).unwrap()
}

fn agree(what: &str, fit: &Fit, want: [f64; 2]) {
    for (term, want) in fit.terms().iter().zip(want) {
        close(&format!("{what} {}", term.term), term.std_error, want, 1e-9);
    }
}

/// `B sum_ij w_ij s_i s_j' B` over all pairs of rows: what is left of the other covariances before any factor.
#[test]
fn the_other_sandwiches_are_sums_over_pairs_of_rows() {
    for weighted in [false, true] {
        let design = panel(weighted);
        let whole = run(&design, Vcov::Iid);
        let (of, time) = (whole.parts(), &design.panel.as_ref().unwrap().1);
        let [province, unit] = [0, 1].map(|i| &design.clusters[i].codes);
        let n = design.rows();
        let root = |row: usize| design.weights.as_ref().map_or(1.0, |w| w.values[row]);
        let bartlett = |a: usize, b: usize, lags: f64| (1.0 - (time.at(a) - time.at(b)).abs() / (lags + 1.0)).max(0.0);
        let pair = |kind: &str, a: usize, b: usize| match kind {
            "HC1" => f64::from(u8::from(a == b)),
            "province" => f64::from(u8::from(province[a] == province[b])),
            "unit" => f64::from(u8::from(unit[a] == unit[b])),
            "NW(2)" => {
                if unit[a] == unit[b] {
                    bartlett(a, b, 2.0)
                } else {
                    0.0
                }
            }
            // Without a number of lags the fourth root of six periods.
            "DK(1)" | "DK" => bartlett(a, b, 1.0),
            other => panic!("{other}"),
        };
        for kind in ["HC1", "province", "unit", "NW(2)", "DK(1)", "DK"] {
            let mut meat = DMatrix::<f64>::zeros(2, 2);
            for (a, b) in (0..n).flat_map(|a| (0..n).map(move |b| (a, b))) {
                let weight = pair(kind, a, b) * root(a) * root(b) * of.residuals[a] * of.residuals[b];
                for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    meat[(i, j)] += weight * of.columns[i][a] * of.columns[j][b];
                }
            }
            let want = of.bread * meat * of.bread;
            let found = whole.infer(&Vcov::parse(kind).unwrap(), &Ssc::of(Preset::None)).unwrap().covariance;
            for (found, want) in found.iter().zip(&want) {
                close(kind, *found, *want, 1e-9);
            }
        }
    }
}

#[test]
fn leverages_are_those_of_the_whole_model() {
    for weighted in [false, true] {
        let design = panel(weighted);
        let dense = Dense::new(&design);
        let (bread, u) = (dense.bread(), dense.residuals());
        let hat = &dense.x * &bread * dense.x.transpose();
        for (power, vcov) in [(1, Vcov::Hc2), (2, Vcov::Hc3)] {
            let squares = DMatrix::from_diagonal(&DVector::from_fn(u.len(), |i, _| {
                u[i] * u[i] / (1.0 - hat[(i, i)]).powi(power)
            }));
            let covariance = &bread * dense.x.transpose() * squares * &dense.x * &bread;
            agree(&format!("HC{}", power + 1), &run(&design, vcov), dense.last_two(&covariance));
        }
    }
}

/// Symmetric inverse root of a matrix with eigenvalues of zero left out.
fn inverse_root(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(matrix);
    let roots = eigen.eigenvalues.map(|v| if v > 1e-9 { 1.0 / v.sqrt() } else { 0.0 });
    &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose()
}

/// Weighted or not, clustered by 8 provinces or by 24 units: large blocks of the hat matrix and small ones.
fn clustered() -> Vec<Design> {
    let mut designs = vec![panel(false), panel(true), panel(false), panel(true)];
    designs[2..].iter_mut().for_each(|design| design.clusters.swap(0, 1));
    designs
}

#[test]
fn bell_mccaffrey_is_its_definition_with_every_dummy() {
    for design in clustered() {
        let by = design.clusters[0].name.clone();
        let dense = Dense::new(&design);
        let (n, p) = dense.x.shape();
        let (bread, u) = (dense.bread(), dense.residuals());
        let annihilator = DMatrix::identity(n, n) - &dense.x * &bread * dense.x.transpose();
        let mut covariance = DMatrix::zeros(p, p);
        // Column g of `weights[c]` turns errors into the part of coefficient c that cluster g contributes.
        let groups = dense.groups();
        let mut weights = [DMatrix::zeros(n, groups as usize), DMatrix::zeros(n, groups as usize)];
        for g in 0..groups {
            let rows = dense.rows(g);
            let x = dense.x.select_rows(&rows);
            let a = inverse_root(annihilator.select_rows(&rows).select_columns(&rows));
            let score = &bread * x.transpose() * &a * u.select_rows(&rows);
            covariance += &score * score.transpose();
            for (c, weights) in weights.iter_mut().enumerate() {
                let pick = &a * &x * bread.column(p - 2 + c);
                weights.set_column(g as usize, &(annihilator.select_columns(&rows) * pick));
            }
        }
        let found = run(&design, Vcov::Cr2(by));
        agree("CR2", &found, dense.last_two(&covariance));
        for (weights, df) in weights.iter().zip(found.inference.df.as_ref().unwrap()) {
            let gram = weights.transpose() * weights;
            close("df", *df, gram.trace().powi(2) / gram.norm_squared(), 1e-9);
        }
        assert!(found.inference.df.unwrap().iter().all(|df| *df < f64::from(groups) - 1.0), "fewer than G - 1");
    }
}

#[test]
fn the_cluster_jackknife_is_a_loop_of_refits() {
    for design in clustered() {
        let whole = run(&design, Vcov::Crv3(design.clusters[0].name.clone()));
        let groups = design.clusters[0].levels;
        let mut sum = [0.0; 2];
        for g in 0..groups as u32 {
            let rows: Vec<u32> =
                (0..design.rows() as u32).filter(|&row| design.clusters[0].codes[row as usize] != g).collect();
            let left = run(&design.take(&rows), Vcov::Iid);
            for j in 0..2 {
                sum[j] += (left.coefficients[j] - whole.coefficients[j]).powi(2);
            }
        }
        let g = groups as f64;
        agree("CRV3", &whole, sum.map(|s| (s * (g - 1.0) / g).sqrt()));
        close("df", whole.inference.adjustment.df, g - 1.0, 0.0);
    }
}

#[test]
fn a_coefficient_that_one_cluster_identifies_is_told() {
    let mut design = panel(false);
    let only = design.clusters[0].codes.iter().map(|&g| f64::from(u8::from(g == 2)));
    design.regressors[1].1 = Arc::new(only.zip(design.regressors[0].1.iter()).map(|(g, x)| g * (x + 1.0)).collect());
    for kind in ["CRV3(province)", "CR2(province)"] {
        let vcov = Vcov::parse(kind).unwrap();
        let found = run(&design, vcov.clone());
        assert_eq!(found.inference.lost, [0, 1], "{kind}");
        let told: Vec<_> = found.inference.warnings.iter().filter(|w| w.id == "W411").collect();
        assert!(
            told.len() == 1
                && told[0].text.en.contains("without 1 of 8 clusters")
                && told[0].text.zh.contains("剔除1个")
        );
        assert!(found.terms().iter().all(|t| t.std_error.is_finite()));
        // Beside other variances the lost coefficient has none; the other one is untouched.
        let both = [0, 1].map(|j| found.variances(j, std::slice::from_ref(&vcov), &Ssc::default()).remove(0));
        assert!(both[0].absent.is_none() && both[0].warnings.iter().all(|w| w.id != "W411"));
        assert_eq!((both[1].absent.as_ref().map(|w| w.id.as_str()), both[1].std_error), (Some("W411"), None));
    }
    let untouched = run(&panel(false), Vcov::Crv3("province".into()));
    assert!(untouched.inference.lost.is_empty() && untouched.inference.warnings.iter().all(|w| w.id != "W411"));
}

/// Nothing is absorbed or solved again for another covariance: residuals that are twice as large make every standard error
/// twice as large, which a fit from the data would not know.
#[test]
fn a_panel_of_variances_absorbs_once() {
    let mut once = run(&panel(true), Vcov::cluster("province"));
    once.coordinates = Some(places(&panel(true)));
    let kinds = ["iid", "HC1", "HC3", "province", "unit", "unit + time", "CR2(province)", "CRV3(province)", "NW", "DK"];
    let mut list: Vec<Vcov> = kinds.iter().map(|kind| Vcov::parse(kind).unwrap()).collect();
    list.push(Vcov::parse("conley(lat, lon, 200)").unwrap());
    let time = panel(true).effects[1].by.clone();
    once.know(time);
    let mut twice = once.clone();
    twice.residuals.iter_mut().for_each(|e| *e *= 2.0);
    let rows = [&once, &twice].map(|fit| fit.variances(1, &list, &Ssc::default()));
    for (one, two) in rows[0].iter().zip(&rows[1]) {
        close(&one.vcov, two.std_error.unwrap(), 2.0 * one.std_error.unwrap(), 1e-12);
    }
}

/// Leverages where nothing has to be written out: no effects, and one effect that leaves in closed form.
#[test]
fn leverages_without_dummies() {
    let whole = panel(true);
    for effects in [0, 1] {
        let design = Design { effects: whole.effects[..effects].to_vec(), intercept: effects == 0, ..whole.clone() };
        for kind in ["HC2", "HC3", "CR2(province)", "CRV3(province)"] {
            let found = run(&design, Vcov::parse(kind).unwrap());
            assert!(found.terms().iter().all(|t| t.std_error > 0.0 && t.std_error.is_finite()), "{kind} {effects}");
        }
    }
}

/// A place for each unit, within some 600 km of each other.
fn places(design: &Design) -> [Vec<f64>; 2] {
    let unit = &design.effects[0].by.codes;
    let at = |scale: f64, shift: f64| unit.iter().map(|&u| shift + scale * f64::from(u * 7 % 24) / 24.0).collect();
    [at(4.0, 30.0), unit.iter().map(|&u| 110.0 + 5.0 * f64::from(u * 5 % 24) / 24.0).collect()]
}

#[test]
fn conley_is_a_double_sum_over_rows() {
    let mut design = panel(true);
    let places = places(&design);
    design.coordinates = Some(places.clone());
    let time = design.panel.clone().unwrap().1;
    let unit = design.effects[0].by.codes.clone();
    for (kernel, lags) in [(Kernel::Bartlett, 0), (Kernel::Uniform, 0), (Kernel::Bartlett, 2)] {
        let how = Conley { latitude: "lat".into(), longitude: "lon".into(), cutoff: 200.0, kernel, lags };
        let found = run(&design, Vcov::Conley(how));
        let of = found.parts();
        let n = design.rows();
        let score = |row: usize, j: usize| of.columns[j][row] * of.residuals[row] * of.weights.unwrap().values[row];
        let mut meat = DMatrix::<f64>::zeros(2, 2);
        for a in 0..n {
            for b in 0..n {
                let apart = (time.at(a) - time.at(b)).abs();
                let km = distance([places[0][a], places[1][a]], [places[0][b], places[1][b]]);
                let weight = if apart == 0.0 {
                    if km > 200.0 {
                        0.0
                    } else if kernel == Kernel::Uniform {
                        1.0
                    } else {
                        1.0 - km / 200.0
                    }
                } else if unit[a] == unit[b] && apart <= lags as f64 {
                    1.0 - apart / (lags as f64 + 1.0)
                } else {
                    0.0
                };
                for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    meat[(i, j)] += weight * score(a, i) * score(b, j);
                }
            }
        }
        let covariance = of.bread * meat * of.bread;
        agree("Conley", &found, [covariance[(0, 0)].sqrt(), covariance[(1, 1)].sqrt()]);
    }
    // One degree of latitude on a sphere of radius 6371 km.
    close("a degree", distance([30.0, 110.0], [31.0, 110.0]), 6371.0 * std::f64::consts::PI / 180.0, 1e-12);
}

#[test]
fn what_a_covariance_needs_and_does_not_have_is_told() {
    let design = Design { panel: None, ..panel(false) };
    let fit = run(&design, Vcov::Iid);
    for words in ["NW", "DK(2)", "conley(lat, lon, 100)"] {
        let problem = fit.infer(&Vcov::parse(words).unwrap(), &Ssc::default()).unwrap_err();
        assert_eq!(problem.id, "E410", "{words}");
    }
    let short = run(&panel(false), Vcov::DriscollKraay(None));
    assert!(short.inference.warnings.iter().any(|w| w.id == "W412"));
}
