//! The wild cluster bootstrap against its definition: every draw's regression run again with all dummies written out.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::{Codes, Design, WeightKind, Weights};
use attica::fit::{Fit, FitOptions, fit};
use attica::hypothesis::Coefficients;
use attica::math::random::stream;
use attica::vcov::{Ssc, Vcov};
use attica::wild::{Resample, Tail, Trial, Wild, WildKind, WildOptions, WildWeights, record, score};
use nalgebra::{DMatrix, DVector};
use support::{close, design};

/// Unbalanced: 18 cities in 6 provinces over 5 years, three regressors, errors that provinces share.
fn panel(weighted: bool, absorbed: bool) -> Design {
    let mut random = stream(23, u64::from(weighted));
    let (mut city, mut year, mut weight) = (vec![], vec![], vec![]);
    let mut columns = [vec![], vec![], vec![], vec![]];
    for province in 0..6 {
        let common: Vec<f64> = (0..5).map(|_| random.normal()).collect();
        for own in 0..3 {
            let level = random.normal();
            for t in 0..5 {
                let [x, z, e] = [random.normal(), random.normal(), random.normal()];
                let i = 3 * province + own;
                if (i + 3 * t) % 8 == 2 {
                    continue;
                }
                let d = f64::from(u8::from(province % 2 == 0 && t >= 2 + own % 2));
                city.push(i as u32);
                year.push(t as u32);
                weight.push(0.4 + random.uniform());
                let y = level + 0.3 * t as f64 + 0.5 * x + 0.6 * d + common[t] + e;
                for (column, value) in columns.iter_mut().zip([y, d, x + 0.4 * common[t], z]) {
                    column.push(value);
                }
            }
        }
    }
    let codes = |name: &str, codes: Vec<u32>, levels| Codes { name: name.into(), codes: codes.into(), levels };
    let province = codes("province", city.iter().map(|i| i / 3).collect(), 6);
    let effects = if absorbed { vec![codes("city", city, 18), codes("year", year, 5)] } else { vec![] };
    let [y, d, x, z] = columns;
    let mut design = design(("y", y), vec![("d", d), ("x", x), ("z", z)], &effects, &[province]);
    design.weights = weighted.then(|| Weights { name: "w".into(), kind: WeightKind::Analytic, values: weight });
    design
}

/// The regression with every column written out, rows times the root of the weight.
struct Naive {
    x: DMatrix<f64>,
    y: DVector<f64>,
    cluster: Vec<u32>,
    groups: usize,
    inverse: DMatrix<f64>,
    without: Vec<DMatrix<f64>>,
    factor: f64,
}

fn pinv(x: &DMatrix<f64>) -> DMatrix<f64> {
    x.clone().pseudo_inverse(1e-9).unwrap()
}

impl Naive {
    fn new(design: &Design, fit: &Fit) -> Self {
        let root = |row: usize| design.weights.as_ref().map_or(1.0, |w| w.values[row].sqrt());
        let mut columns: Vec<Vec<f64>> = design.regressors.iter().map(|(_, x)| x.to_vec()).collect();
        if design.intercept {
            columns.insert(0, vec![1.0; design.rows()]);
        }
        for (number, effect) in design.effects.iter().enumerate() {
            for level in usize::from(number > 0) as u32..effect.by.levels as u32 {
                columns.push(effect.by.codes.iter().map(|c| f64::from(u8::from(*c == level))).collect());
            }
        }
        let x = DMatrix::from_fn(design.rows(), columns.len(), |row, j| columns[j][row] * root(row));
        let y = DVector::from_fn(design.rows(), |row, _| design.outcome.1[row] * root(row));
        let cluster = design.clusters[0].codes.to_vec();
        let groups = design.clusters[0].levels;
        let without = (0..groups as u32)
            .map(|g| {
                let mut rest = x.clone();
                cluster.iter().enumerate().filter(|(_, c)| **c == g).for_each(|(row, _)| rest.row_mut(row).fill(0.0));
                pinv(&rest)
            })
            .collect();
        let factor = fit.infer(&Vcov::cluster("province"), &Ssc::default()).unwrap().adjustment.factor;
        Self { inverse: pinv(&x), x, y, cluster, groups, without, factor }
    }

    fn in_cluster(&self, g: usize, values: &DVector<f64>) -> DVector<f64> {
        DVector::from_fn(values.len(), |row, _| if self.cluster[row] as usize == g { values[row] } else { 0.0 })
    }

    /// Coefficients under `R b = r`, with the rows of `x` and `y` that `rest` keeps.
    fn restricted(&self, r: &DMatrix<f64>, value: &DVector<f64>, without: Option<usize>) -> DVector<f64> {
        let split = (r.transpose() * r).symmetric_eigen();
        let null: Vec<usize> = (0..split.eigenvalues.len()).filter(|&i| split.eigenvalues[i] < 1e-9).collect();
        let null = split.eigenvectors.select_columns(&null);
        let start = pinv(r) * value;
        let (mut x, mut y) = (&self.x * &null, &self.y - &self.x * &start);
        for (row, c) in self.cluster.iter().enumerate() {
            if Some(*c as usize) == without {
                x.row_mut(row).fill(0.0);
                y[row] = 0.0;
            }
        }
        start + &null * (pinv(&x) * y)
    }

    /// Estimate of `R b - r` and its covariance for any outcome.
    fn test(
        &self,
        y: &DVector<f64>,
        r: &DMatrix<f64>,
        target: &DVector<f64>,
        jackknife: bool,
    ) -> (DVector<f64>, DMatrix<f64>) {
        let b = &self.inverse * y;
        let u = y - &self.x * &b;
        let mut covariance = DMatrix::zeros(r.nrows(), r.nrows());
        for g in 0..self.groups {
            let change = if jackknife {
                let rest = y - self.in_cluster(g, y);
                r * (&self.without[g] * rest - &b)
            } else {
                r * (&self.inverse * self.in_cluster(g, &u))
            };
            covariance += &change * change.transpose();
        }
        let groups = self.groups as f64;
        covariance *= if jackknife { (groups - 1.0) / groups } else { self.factor };
        (r * b - target, covariance)
    }

    /// t, or F.
    fn statistic((value, covariance): (DVector<f64>, DMatrix<f64>)) -> f64 {
        if value.len() == 1 {
            return value[0] / covariance[(0, 0)].sqrt();
        }
        (value.transpose() * covariance.try_inverse().unwrap() * &value)[(0, 0)] / value.len() as f64
    }

    /// Statistics of the sample and of each draw of `trial`.
    fn run(&self, trial: &Trial, kind: WildKind, r: &DMatrix<f64>, value: &DVector<f64>) -> (f64, Vec<f64>) {
        let sample = Self::statistic(self.test(&self.y, r, value, kind.jackknife_variance));
        let base = if kind.null_imposed { self.restricted(r, value, None) } else { &self.inverse * &self.y };
        let target = if kind.null_imposed { value.clone() } else { r * &base };
        let fitted = &self.x * &base;
        let mut residuals = DVector::zeros(self.y.len());
        for g in 0..self.groups {
            let own = match (kind.jackknife_scores, kind.null_imposed) {
                (false, _) => base.clone(),
                (true, true) => self.restricted(r, value, Some(g)),
                (true, false) => &self.without[g] * (&self.y - self.in_cluster(g, &self.y)),
            };
            residuals += self.in_cluster(g, &(&self.y - &self.x * own));
        }
        let draws = (0..trial.draws())
            .map(|number| {
                let v = trial.weights(number);
                let y = DVector::from_fn(self.y.len(), |row, _| {
                    fitted[row] + v[self.cluster[row] as usize] * residuals[row]
                });
                Self::statistic(self.test(&y, r, &target, kind.jackknife_variance))
            })
            .collect();
        (sample, draws)
    }
}

fn fitted(design: &Design) -> Fit {
    fit(design, &FitOptions::new(Vcov::cluster("province"))).unwrap()
}

fn options(kind: WildKind, weights: WildWeights) -> WildOptions {
    WildOptions { draws: 99, kind, weights, seed: 5, ..WildOptions::default() }
}

/// Restrictions on (d, x, z) as rows of the regression's coefficients and of all columns written out.
fn restrictions(naive: &Naive, fit: &Fit, rows: &[[f64; 3]]) -> (DMatrix<f64>, DMatrix<f64>) {
    let first = fit.names.len() - 3;
    let wide =
        |columns: usize| {
            DMatrix::from_fn(rows.len(), columns, |i, j| {
                if (first..first + 3).contains(&j) { rows[i][j - first] } else { 0.0 }
            })
        };
    (wide(fit.names.len()), wide(naive.x.ncols()))
}

fn agree(got: &[f64], want: &[f64], what: &str) {
    let size = want.iter().map(|t| t.abs()).sum::<f64>() / want.len() as f64;
    for (number, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() < 1e-9 * want.abs().max(size), "{what}, draw {number}: {got} is not {want}");
    }
}

#[test]
fn every_draw_is_the_regression_run_again() {
    let tests: [(&[[f64; 3]], &[f64]); 4] = [
        (&[[1.0, 0.0, 0.0]], &[0.0]),
        (&[[1.0, 0.0, 0.0]], &[0.7]),
        (&[[0.5, -1.0, 2.0]], &[0.1]),
        (&[[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]], &[0.2, 0.0]),
    ];
    for (weighted, absorbed) in [(false, true), (true, true), (true, false)] {
        let design = panel(weighted, absorbed);
        let fit = fitted(&design);
        let naive = Naive::new(&design, &fit);
        for kind in WildKind::all() {
            for weights in [WildWeights::Rademacher, WildWeights::Webb] {
                let options = options(kind, weights);
                let wild = Wild::new(&fit, &options).unwrap();
                for (rows, values) in tests {
                    let what = format!("{kind} {} weighted {weighted} absorbed {absorbed} {rows:?}", weights.name());
                    let (short, wide) = restrictions(&naive, &fit, rows);
                    let trial = wild.trial(&short, values).unwrap();
                    let (sample, draws) = naive.run(&trial, kind, &wide, &DVector::from_column_slice(values));
                    close(&what, trial.statistic(), sample, 1e-9);
                    agree(&trial.statistics(), &draws, &what);
                    let alone = [trial.draw(3), trial.draw(40)];
                    agree(&alone, &[draws[3], draws[40]], &what);
                    // Without a confidence set the draws are prepared at the one hypothesised value.
                    let narrow = Wild::new(&fit, &WildOptions { level: None, ..options }).unwrap();
                    agree(&narrow.trial(&short, values).unwrap().statistics(), &draws, &what);
                }
            }
        }
    }
}

#[test]
fn all_signs_are_drawn_when_they_are_few() {
    let design = panel(false, true);
    let fit = fitted(&design);
    let wild = Wild::new(&fit, &options(WildKind::default(), WildWeights::Rademacher)).unwrap();
    let trial = wild.trial(&DMatrix::from_row_slice(1, 3, &[1.0, 0.0, 0.0]), &[0.0]).unwrap();
    let mut seen: Vec<Vec<u64>> =
        (0..trial.draws()).map(|r| trial.weights(r).iter().map(|v| v.to_bits()).collect()).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 64);
    let test = trial.test();
    assert!(test.enumerated && test.ties >= 2);
    assert_eq!(test.p_value, (test.above + test.ties) as f64 / 64.0);
    assert!(test.warnings.iter().any(|w| w.id == "W414"));
    let webb = Wild::new(&fit, &options(WildKind::default(), WildWeights::Webb)).unwrap().coefficient(0, 0.0).unwrap();
    assert!(!webb.enumerated && webb.draws == 99 && webb.warnings.iter().all(|w| w.id != "W414"));
}

/// More clusters: 40 of unequal size, one regressor constant within clusters, one that varies.
fn clusters(groups: usize, treated: usize) -> Design {
    let mut random = stream(31, groups as u64);
    let (mut g, mut y, mut d, mut x) = (vec![], vec![], vec![], vec![]);
    for group in 0..groups {
        let common = random.normal();
        for _ in 0..4 + group % 9 {
            g.push(group as u32);
            d.push(f64::from(u8::from(group < treated)));
            x.push(random.normal() + 0.5 * common);
            y.push(0.4 * f64::from(u8::from(group < treated)) + common + random.normal());
        }
    }
    let codes = Codes { name: "province".into(), codes: g.into(), levels: groups };
    design(("y", y), vec![("d", d), ("x", x)], &[], &[codes])
}

#[test]
fn the_test_at_the_ends_of_its_confidence_set_is_on_the_edge() {
    let design = clusters(40, 12);
    let fit = fitted(&design);
    for kind in WildKind::all() {
        for tail in [Tail::Symmetric, Tail::EqualTailed] {
            for position in 1..3 {
                let options = WildOptions { draws: 1999, tail, ..options(kind, WildWeights::Rademacher) };
                let wild = Wild::new(&fit, &options).unwrap();
                let test = wild.coefficient(position, 0.0).unwrap();
                let set = test.set.unwrap();
                assert_eq!(set.pieces.len(), 1, "{kind} {tail:?}");
                let [low, high] = set.pieces[0];
                let wide = 0.02 * (high - low);
                let p = |value: f64| wild.coefficient(position, value).unwrap().p_value;
                for (end, outward) in [(low, -wide), (high, wide)] {
                    // Between two neighbouring draws nothing changes, so that a small step decides.
                    assert!(p(end - 1e-2 * outward) > 0.05, "{kind} {tail:?} {position}");
                    assert!(p(end + 1e-1 * outward) <= 0.05 + 2.0 / 2000.0, "{kind} {tail:?} {position}");
                    assert!((p(end) - 0.05).abs() < 3.0 / 2000.0, "{kind} {tail:?} {position} {}", p(end));
                }
                assert!(low < fit.coefficients[position] && fit.coefficients[position] < high);
            }
        }
    }
}

#[test]
fn a_set_without_bound_says_so() {
    let design = panel(false, true);
    let fit = fitted(&design);
    // Of 32 distinct values of |t*| none is rarer than 1/32, so that a test at 1 % rejects nothing.
    let options = WildOptions { level: Some(0.99), ..options(WildKind::default(), WildWeights::Rademacher) };
    let test = Wild::new(&fit, &options).unwrap().coefficient(0, 0.0).unwrap();
    let set = test.set.as_ref().unwrap();
    assert_eq!((set.low(), set.high()), (None, None));
    assert!(test.warnings.iter().any(|w| w.id == "N415"));
    let record = test.record();
    assert_eq!((record.conf_low, record.conf_high, record.kind.as_str()), (None, None, "WCR11"));
}

#[test]
fn the_quick_sums_are_the_slow_ones_and_do_not_depend_on_threads() {
    let design = clusters(150, 40);
    let fit = fitted(&design);
    let restrictions = DMatrix::from_row_slice(1, 3, &[0.0, 1.0, 0.0]);
    for weights in [WildWeights::Rademacher, WildWeights::Webb, WildWeights::Mammen, WildWeights::Normal] {
        let options = WildOptions { draws: 2500, ..options(WildKind::default(), weights) };
        let trial = Wild::new(&fit, &options).unwrap().trial(&restrictions, &[0.3]).unwrap();
        let at = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| trial.statistics())
        };
        let all = at(1);
        assert_eq!(all, at(7), "{}", weights.name());
        let alone: Vec<f64> = (0..2500).step_by(97).map(|r| trial.draw(r)).collect();
        let picked: Vec<f64> = all.iter().copied().step_by(97).collect();
        agree(&alone, &picked, weights.name());
    }
}

#[test]
fn weights_have_mean_zero_and_variance_one() {
    let design = clusters(150, 40);
    let fit = fitted(&design);
    for (weights, third) in [
        (WildWeights::Rademacher, 0.0),
        (WildWeights::Webb, 0.0),
        (WildWeights::Mammen, 1.0),
        (WildWeights::Normal, 0.0),
    ] {
        let options = WildOptions { draws: 999, ..options(WildKind::default(), weights) };
        let trial = Wild::new(&fit, &options).unwrap();
        let trial = trial.trial(&DMatrix::from_row_slice(1, 3, &[0.0, 1.0, 0.0]), &[0.0]).unwrap();
        let all: Vec<f64> = (0..999).flat_map(|r| trial.weights(r)).collect();
        let moment = |power: i32| all.iter().map(|v| v.powi(power)).sum::<f64>() / all.len() as f64;
        // 150,000 weights: the errors of the three means are below .003, .004 and .012.
        assert!(moment(1).abs() < 0.013 && (moment(2) - 1.0).abs() < 0.02, "{}", weights.name());
        assert!((moment(3) - third).abs() < 0.05, "{} {}", weights.name(), moment(3));
    }
}

#[test]
fn few_treated_clusters_are_told() {
    let design = clusters(30, 2);
    let fit = fitted(&design);
    let test = |kind: &str| {
        let options = options(WildKind::parse(kind).unwrap(), WildWeights::Rademacher);
        Wild::new(&fit, &options).unwrap().coefficient(1, 0.0).unwrap().warnings
    };
    let text = |kind: &str| test(kind).into_iter().find(|w| w.id == "W413").map(|w| w.text.en).unwrap();
    assert!(text("wcr11").contains("too rarely") && text("wcu11").contains("too often"));
    let wide = clusters(30, 15);
    let wide = fitted(&wide);
    let options = options(WildKind::default(), WildWeights::Rademacher);
    assert!(Wild::new(&wide, &options).unwrap().coefficient(1, 0.0).unwrap().warnings.is_empty());
}

#[test]
fn what_cannot_be_tested_is_a_problem() {
    let design = panel(false, true);
    let fit = fitted(&design);
    let options = options(WildKind::default(), WildWeights::Rademacher);
    let wild = Wild::new(&fit, &options).unwrap();
    let twice = DMatrix::from_row_slice(2, 3, &[1.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
    assert_eq!(wild.joint(&twice, &[0.0, 0.0]).unwrap_err().id, "E607");
    let bad = |options: WildOptions| Wild::new(&fit, &options).err().map(|problem| problem.id);
    assert_eq!(bad(WildOptions { draws: 10, ..options }).as_deref(), Some("E607"));
    let white = attica::fit::fit(&design, &FitOptions::new(Vcov::Hc1)).unwrap();
    assert_eq!(Wild::new(&white, &options).err().unwrap().id, "E607");
    assert_eq!(WildKind::parse("wcr12").unwrap_err().id, "E602");
    assert_eq!(WildWeights::parse("gamma").unwrap_err().id, "E602");
}

/// 73 rows in 10 clusters, by a formula that any software can follow.
fn formula() -> Design {
    let (mut g, mut y, mut x, mut d, mut z) = (vec![], vec![], vec![], vec![], vec![]);
    let mut i = 0.0_f64;
    for group in 0..10_u32 {
        let own = f64::from(group);
        for k in 0..6 + group % 4 {
            i += 1.0;
            let (treated, own_x) = (f64::from(u8::from(group % 3 == 0)), (1.7 * i).sin() + 0.3 * own);
            g.push(group);
            x.push(own_x);
            d.push(treated);
            z.push((0.9 * i * i).cos());
            let common = (5.0 * own).sin() + 0.2 * (3.0 * own).sin() * f64::from(k);
            y.push(0.5 * own_x + 0.4 * treated + (2.3 * i).cos() + common);
        }
    }
    let codes = Codes { name: "province".into(), codes: g.into(), levels: 10 };
    design(("y", y), vec![("x", x), ("d", d), ("z", z)], &[], &[codes])
}

/// Python wildboottest 0.3.2, `WildboottestCL` with `get_scores(bootstrap_type, impose_null, adj=True,
/// cluster_adj=True)`, B = 9999: all 1,024 combinations of signs. Coefficient, type, t, draws with |t*| strictly above
/// |t|, draws equal to it, mean of |t*|. pyfixest 0.60.0 `wildboottest` gives p = 18/1024 and 352/1024 for WCR11. (Types
/// 13 and 33 end in an error there.)
#[test]
fn p_values_are_those_of_wildboottest() {
    let design = formula();
    let fit = fitted(&design);
    for (position, kind, t, above, ties, mean) in [
        (1, "wcr11", 5.201_712_023_416, 18, 2, 1.222_576_500_070),
        (1, "wcr31", 5.201_712_023_416, 20, 0, 1.258_978_005_301),
        (1, "wcu11", 5.201_712_023_416, 2, 0, 0.945_660_818_837),
        (1, "wcu31", 5.201_712_023_416, 16, 0, 1.085_286_500_443),
        (2, "wcr11", 1.090_107_095_188, 352, 2, 1.343_616_979_424),
        (2, "wcr31", 1.090_107_095_188, 354, 0, 1.397_370_867_151),
        (2, "wcu11", 1.090_107_095_188, 390, 0, 1.179_507_011_232),
        (2, "wcu31", 1.090_107_095_188, 374, 0, 1.247_235_964_586),
    ] {
        let options = WildOptions { kind: WildKind::parse(kind).unwrap(), ..WildOptions::default() };
        let wild = Wild::new(&fit, &options).unwrap();
        let test = wild.coefficient(position, 0.0).unwrap();
        close(kind, test.statistic, t, 1e-11);
        assert_eq!(
            (test.draws, test.enumerated, test.above, test.ties),
            (1024, true, above, ties),
            "{kind} {position}"
        );
        let restrictions = DMatrix::from_fn(1, 4, |_, j| f64::from(u8::from(j == position)));
        let draws = wild.trial(&restrictions, &[0.0]).unwrap().statistics();
        close(kind, draws.iter().map(|t| t.abs()).sum::<f64>() / 1024.0, mean, 1e-10);
    }
}

#[test]
fn the_score_bootstrap_of_a_mean_is_its_unrestricted_bootstrap() {
    let mut random = stream(3, 0);
    let y: Vec<f64> = (0..12).map(|_| 0.3 + random.normal()).collect();
    let mean = y.iter().sum::<f64>() / 12.0;
    let codes = Codes { name: "province".into(), codes: (0..12).collect::<Vec<u32>>().into(), levels: 12 };
    let mut of = design(("y", y.clone()), vec![], &[], &[codes]);
    of.intercept = true;
    let fit = fitted(&of);
    let options = options(WildKind::parse("wcu11").unwrap(), WildWeights::Webb);
    let exact = Wild::new(&fit, &options).unwrap().coefficient(0, 0.0).unwrap();
    // Scaled as standard errors are, so that the interval is the same too.
    let influences: Vec<f64> = y.iter().map(|y| (y - mean) / 12.0 * (12.0_f64 / 11.0).sqrt()).collect();
    let scores = score(&influences, 12.0 / 11.0, mean, &options).unwrap();
    assert_eq!((scores.p_value, scores.p_equal_tailed), (exact.p_value, exact.p_equal_tailed));
    close("t", scores.statistic, exact.statistic, 1e-12);
    let ends = |test: &attica::wild::WildTest| test.set.clone().unwrap().pieces[0];
    close("low", ends(&scores)[0], ends(&exact)[0], 1e-10);
    close("high", ends(&scores)[1], ends(&exact)[1], 1e-10);
    assert_eq!(scores.record().kind, "score");
}

/// Every combination of signs, written out: `N'V^-1 N / q` with `N = sum v psi` and `V` the sum of squares of `v psi`
/// about their mean; the sample has the plain sum of squares.
#[test]
fn the_joint_score_bootstrap_is_what_its_definition_enumerates() {
    let (q, groups) = (2, 9);
    let mut random = stream(11, 0);
    let mut influences = DMatrix::from_fn(q, groups, |_, _| random.normal());
    for mut row in influences.row_iter_mut() {
        let mean = row.mean();
        row.add_scalar_mut(-mean);
    }
    let estimates = [2.1, -3.4];
    let f = |n: &DVector<f64>, v: &DMatrix<f64>| n.dot(&(v.clone().try_inverse().unwrap() * n)) / q as f64;
    let sample = f(&DVector::from_column_slice(&estimates), &(&influences * influences.transpose()));
    let mut extreme = 0;
    for signs in 0..1_u32 << groups {
        let sign = |g: usize| if signs >> g & 1 == 1 { 1.0 } else { -1.0 };
        let drawn = DMatrix::from_fn(q, groups, |i, g| sign(g) * influences[(i, g)]);
        let sum = drawn.column_sum();
        let centred = DMatrix::from_fn(q, groups, |i, g| drawn[(i, g)] - sum[i] / groups as f64);
        extreme += usize::from(f(&sum, &(&centred * centred.transpose())) >= sample * (1.0 - 1e-10));
    }
    let rows: Vec<Vec<f64>> = influences.row_iter().map(|row| row.iter().copied().collect()).collect();
    let views: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let resample = Resample::of_influences(&views, WildOptions::default()).unwrap();
    let test = resample.test(&DMatrix::identity(q, q), &[0.0; 2], &estimates).unwrap();
    assert!(extreme > 3 && extreme < 400, "{extreme}");
    assert_eq!((test.draws, test.enumerated, test.set), (512, true, None));
    close("F", test.statistic, sample, 1e-12);
    close("p", test.p_value, extreme as f64 / 512.0, 1e-14);
}

#[test]
fn combinations_and_tests_draw_from_the_regression() {
    let design = panel(false, true);
    let fit = fitted(&design);
    let options = options(WildKind::default(), WildWeights::Rademacher);
    let wild = Wild::new(&fit, &options).unwrap();
    let names = &fit.names;
    let all = Coefficients::from(&fit).drawn(Some(wild.clone()));
    // The set of a combination moves with its constant, and its p-value is that of the value it names.
    let told = all.lincom(&format!("{} - 2*{} + 0.25", names[0], names[1])).unwrap();
    let mut weights = vec![0.0; names.len()];
    (weights[0], weights[1]) = (1.0, -2.0);
    let plain = wild.combination(&weights, -0.25).unwrap();
    let record = told.wild.unwrap();
    assert_eq!(record.p_value, plain.p_value);
    close("low", record.conf_low.unwrap(), plain.set.clone().unwrap().low().unwrap() + 0.25, 1e-14);
    close("high", record.conf_high.unwrap(), plain.set.unwrap().high().unwrap() + 0.25, 1e-14);
    let joint = all.test(&format!("{} = {} = 0", names[0], names[1])).unwrap();
    assert_eq!(joint.wild.unwrap().p_value, wild.zero(&[0, 1]).unwrap().p_value);
    // What cannot be drawn is said.
    let mut told = Vec::new();
    let twice = all.test_told(&format!("{0} = {1}, {1} = {0}", names[0], names[1]), &mut told).unwrap();
    assert!(twice.wild.is_none());
    assert_eq!(told.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), ["W415"]);
}

#[test]
fn a_record_tests_every_coefficient() {
    let design = panel(false, true);
    let fit = fitted(&design);
    let options = options(WildKind::default(), WildWeights::Rademacher);
    let tested = record(&fit, Some(&options)).unwrap();
    let alone = Wild::new(&fit, &options).unwrap().coefficient(1, 0.0).unwrap().record();
    assert_eq!(tested.terms[1].wild.as_deref(), Some(&alone));
    assert_eq!(tested.warnings.iter().filter(|w| w.id == "W414").count(), 1);
    assert!(record(&fit, None).unwrap().terms.iter().all(|term| term.wild.is_none()));
}

#[test]
fn leaving_groups_out_by_downdates_equals_refits() {
    use attica::diagnostic::leave_out::leave_out;
    for (weighted, absorbed) in [(false, true), (true, true), (true, false)] {
        let design = panel(weighted, absorbed);
        let fitted = fit(&design, &FitOptions::new(Vcov::Iid)).unwrap();
        let mut groupings = vec![design.clusters[0].clone()];
        groupings.extend(design.effects.iter().map(|effect| effect.by.clone()));
        for groups in &groupings {
            for j in 0..fitted.names.len() {
                let left = leave_out(&fitted, groups, j).unwrap();
                assert_eq!(left.len(), groups.levels);
                for (g, estimate) in left.iter().enumerate() {
                    let rest: Vec<u32> =
                        (0..groups.codes.len() as u32).filter(|&row| groups.codes[row as usize] != g as u32).collect();
                    let refit = fit(&design.take(&rest), &FitOptions::new(Vcov::Iid)).unwrap();
                    let refitted = refit.coefficients[j];
                    let estimate = estimate.unwrap();
                    assert!((estimate - refitted).abs() < 1e-9, "{} {g} {j}: {estimate} {refitted}", groups.name);
                }
            }
        }
    }
}

#[test]
fn a_group_that_alone_identifies_a_coefficient_has_no_estimate_without_it() {
    let design = panel(false, true);
    let mut alone = design.clone();
    let only: Vec<f64> = alone.regressors[0]
        .1
        .iter()
        .zip(design.clusters[0].codes.iter())
        .map(|(d, &g)| if g == 2 { *d } else { 0.0 })
        .collect();
    alone.regressors[0].1 = only.into();
    let fitted = fit(&alone, &FitOptions::new(Vcov::Iid)).unwrap();
    let left = attica::diagnostic::leave_out::leave_out(&fitted, &design.clusters[0], 0).unwrap();
    assert!(left[2].is_none());
    assert_eq!(left.iter().filter(|estimate| estimate.is_none()).count(), 1);
}
