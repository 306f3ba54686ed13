//! Placebo draws against the regression they stand for, run with explicit dummies.

#![allow(clippy::unwrap_used)]

mod support;

use attica::diagnostic::Rows;
use attica::diagnostic::placebo::lottery::{Lottery, Scheme};
use attica::diagnostic::placebo::quick::{Assignment, Draw, QuickFit, Scratch, Variance};
use attica::diagnostic::placebo::{randomisation_p, run};
use nalgebra::{DMatrix, DVector};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A panel made up at random.
struct Made {
    unit: Vec<u32>,
    period: Vec<u32>,
    units: usize,
    periods: usize,
    outcome: Vec<f64>,
    controls: Vec<Vec<f64>>,
    weights: Option<Vec<f64>>,
}

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// `keep`: share of the rows kept; `copies`: rows per cell.
fn made(seed: u64, units: usize, periods: usize, controls: usize, keep: f64, copies: usize, weighted: bool) -> Made {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut m = Made {
        unit: vec![],
        period: vec![],
        units,
        periods,
        outcome: vec![],
        controls: vec![vec![]; controls],
        weights: weighted.then(Vec::new),
    };
    let level: Vec<f64> = (0..units).map(|_| 5.0 * uniform(&mut random)).collect();
    for i in 0..units {
        for t in 0..periods {
            for _ in 0..copies {
                if uniform(&mut random) < keep || (t < 2 && keep < 1.0 && i < units - 1) {
                    m.unit.push(i as u32);
                    m.period.push(t as u32);
                    let mut y = level[i] + 0.3 * t as f64 + uniform(&mut random);
                    for x in &mut m.controls {
                        let value = uniform(&mut random) + 0.1 * level[i] * t as f64;
                        y += 0.2 * value;
                        x.push(value);
                    }
                    m.outcome.push(y);
                    if let Some(w) = &mut m.weights {
                        w.push(0.2 + uniform(&mut random));
                    }
                }
            }
        }
    }
    m
}

impl Made {
    fn quick(&self, paths: &[Vec<f64>], variance: Variance) -> QuickFit {
        let controls: Vec<&[f64]> = self.controls.iter().map(Vec::as_slice).collect();
        let rows = Rows {
            unit: &self.unit,
            units: self.units,
            period: &self.period,
            periods: self.periods,
            outcome: &self.outcome,
            controls: &controls,
            weights: self.weights.as_deref(),
        };
        QuickFit::new(rows, paths.to_vec(), variance).unwrap()
    }

    /// The regression with all its dummies, by singular values; CRV1 (or iid) without anybody's help.
    fn dense(&self, paths: &[Vec<f64>], assignment: &Assignment, variance: &Variance) -> (f64, f64) {
        let n = self.unit.len();
        let k = self.controls.len();
        let width = 1 + k + self.units + self.periods;
        let mut x = DMatrix::<f64>::zeros(n, width);
        for row in 0..n {
            let (i, t) = (self.unit[row] as usize, self.period[row] as usize);
            let path = assignment.treated.iter().find(|a| a.0 as usize == i);
            x[(row, 0)] = path.map_or(0.0, |a| paths[a.1 as usize][t]);
            for (c, control) in self.controls.iter().enumerate() {
                x[(row, 1 + c)] = control[row];
            }
            x[(row, 1 + k + i)] = 1.0;
            x[(row, 1 + k + self.units + t)] = 1.0;
        }
        let root: Vec<f64> = (0..n).map(|row| self.weights.as_ref().map_or(1.0, |w| w[row].sqrt())).collect();
        let mut y = DVector::from_vec(self.outcome.clone());
        for row in 0..n {
            y[row] *= root[row];
            x.row_mut(row).iter_mut().for_each(|v| *v *= root[row]);
        }
        let bread = (x.transpose() * &x).pseudo_inverse(1e-9).unwrap();
        let mut b = &bread * (x.transpose() * &y);
        let mut u = &y - &x * &b;
        // One step of refinement: normal equations alone lose half of the digits.
        let more = &bread * (x.transpose() * &u);
        b += more;
        u = &y - &x * &b;
        let se2 = match variance {
            Variance::Iid { df_residual } => u.dot(&u) / df_residual * bread[(0, 0)],
            Variance::Clustered { of_unit, clusters, factor } => {
                let mut meat = DMatrix::<f64>::zeros(width, width);
                for g in 0..*clusters {
                    let mut score = DVector::<f64>::zeros(width);
                    for row in (0..n).filter(|&row| of_unit[self.unit[row] as usize] as usize == g) {
                        score += x.row(row).transpose() * u[row];
                    }
                    meat += &score * score.transpose();
                }
                factor * (&bread * meat * &bread)[(0, 0)]
            }
        };
        (b[0], se2.sqrt())
    }

    fn by_unit(&self) -> Variance {
        Variance::Clustered { of_unit: (0..self.units as u32).collect(), clusters: self.units, factor: 1.07 }
    }
}

fn dates(periods: usize, first: &[usize]) -> Vec<Vec<f64>> {
    first.iter().map(|&g| (0..periods).map(|t| f64::from(t >= g)).collect()).collect()
}

fn truth(paths: &[u32]) -> Assignment {
    Assignment { treated: paths.iter().enumerate().map(|(i, &p)| (i as u32, p)).collect() }
}

fn assert_equal_to_refits(made: &Made, paths: &[Vec<f64>], variance: &Variance, scheme: Scheme) {
    let quick = made.quick(paths, variance.clone());
    let mut scratch = quick.scratch();
    let lottery = Lottery::new(&truth(&[0, 1, 0, 1, 1]), made.units, None, scheme, 3, "test");
    let (mut room, mut assignment) = (Vec::new(), Assignment::default());
    for r in 0..12 {
        lottery.draw(r, &mut room, &mut assignment);
        let Draw { estimate, std_error } = quick.fit(&assignment, &mut scratch).unwrap();
        let (b, se) = made.dense(paths, &assignment, variance);
        assert!((estimate - b).abs() < 1e-10, "draw {r}: {estimate} and {b}");
        assert!((std_error.unwrap() / se - 1.0).abs() < 1e-9, "draw {r}: {std_error:?} and {se}");
    }
}

#[test]
fn balanced_draws_equal_refits() {
    let m = made(1, 20, 6, 3, 1.0, 1, false);
    let paths = dates(6, &[2, 4]);
    assert_equal_to_refits(&m, &paths, &m.by_unit(), Scheme::Deal);
    assert_equal_to_refits(&m, &paths, &Variance::Iid { df_residual: 91.0 }, Scheme::Deal);
}

#[test]
fn draws_without_controls_equal_refits() {
    let m = made(2, 15, 5, 0, 1.0, 1, false);
    assert_equal_to_refits(&m, &dates(5, &[2, 3]), &m.by_unit(), Scheme::Deal);
}

#[test]
fn unbalanced_draws_equal_refits() {
    let m = made(3, 24, 7, 2, 0.7, 1, false);
    assert!(m.unit.len() < 24 * 7);
    assert_equal_to_refits(&m, &dates(7, &[2, 5]), &m.by_unit(), Scheme::Deal);
}

#[test]
fn weighted_draws_equal_refits() {
    let m = made(4, 20, 6, 2, 1.0, 1, true);
    assert_equal_to_refits(&m, &dates(6, &[2, 4]), &m.by_unit(), Scheme::Deal);
    let m = made(5, 20, 6, 2, 0.8, 1, true);
    assert_equal_to_refits(&m, &dates(6, &[2, 4]), &m.by_unit(), Scheme::Deal);
}

#[test]
fn several_rows_in_a_cell_equal_refits() {
    let m = made(6, 16, 5, 2, 0.8, 3, true);
    assert_equal_to_refits(&m, &dates(5, &[2, 3]), &m.by_unit(), Scheme::Deal);
}

#[test]
fn random_dates_equal_refits() {
    let m = made(7, 20, 6, 3, 1.0, 1, false);
    let paths = dates(6, &[1, 2, 3, 4, 5]);
    for common in [true, false] {
        let scheme = Scheme::Dates { paths: vec![0, 1, 2, 3, 4], common };
        assert_equal_to_refits(&m, &paths, &m.by_unit(), scheme);
    }
}

#[test]
fn doses_that_switch_equal_refits() {
    let m = made(8, 20, 6, 1, 1.0, 1, false);
    let paths = vec![vec![0.0, 0.5, 2.0, 0.0, 1.5, 1.0], vec![0.0, 0.0, -1.0, 3.0, 0.0, 0.0]];
    assert_equal_to_refits(&m, &paths, &m.by_unit(), Scheme::Deal);
}

#[test]
fn clusters_of_several_units_equal_refits() {
    let m = made(9, 21, 6, 2, 0.8, 1, false);
    let variance = Variance::Clustered { of_unit: (0..21).map(|i| i % 7).collect(), clusters: 7, factor: 1.2 };
    assert_equal_to_refits(&m, &dates(6, &[2, 4]), &variance, Scheme::Deal);
}

#[test]
fn a_treatment_that_effects_span_has_no_coefficient() {
    let m = made(11, 12, 5, 1, 1.0, 1, false);
    let quick = m.quick(&dates(5, &[0, 2]), m.by_unit());
    let mut scratch = quick.scratch();
    assert_eq!(quick.fit(&truth(&[0, 0, 0]), &mut scratch), None, "always treated");
    assert_eq!(quick.fit(&truth(&[1; 12]), &mut scratch), None, "all at once");
    assert_eq!(quick.fit(&truth(&[]), &mut scratch), None, "nobody");
    assert!(quick.fit(&truth(&[1, 1, 0]), &mut scratch).is_some());
}

#[test]
fn collinear_controls_change_nothing() {
    let mut m = made(12, 20, 6, 2, 0.9, 1, false);
    let paths = dates(6, &[2, 4]);
    let before = m.quick(&paths, m.by_unit()).fit(&truth(&[0, 1, 1]), &mut Scratch::default()).unwrap();
    let sum = m.controls[0].iter().zip(&m.controls[1]).map(|(a, b)| 3.0 * a - b).collect();
    m.controls.push(sum);
    m.controls.push(m.period.iter().map(|&t| f64::from(t).powi(2)).collect());
    let after = m.quick(&paths, m.by_unit()).fit(&truth(&[0, 1, 1]), &mut Scratch::default()).unwrap();
    assert!((before.estimate - after.estimate).abs() < 1e-11);
    assert!((before.std_error.unwrap() - after.std_error.unwrap()).abs() < 1e-11);
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let m = made(13, 60, 6, 2, 0.9, 1, false);
    let quick = m.quick(&dates(6, &[2, 4]), m.by_unit());
    let lottery = Lottery::new(&truth(&[0, 1, 0, 1, 1, 1]), 60, None, Scheme::Deal, 3, "unit");
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&quick, &lottery, 1000))
    };
    let one = with(1);
    assert_eq!(one.draws.len(), 1000);
    assert_eq!(one, with(2));
    assert_eq!(one, with(8));
    // A longer run starts with the same draws.
    assert_eq!(one.draws[..], run(&quick, &lottery, 1500).draws[..1000]);
}

#[test]
fn few_assignments_are_listed_and_the_test_is_exact() {
    let m = made(14, 8, 5, 1, 1.0, 1, false);
    let quick = m.quick(&dates(5, &[2]), m.by_unit());
    let actual = truth(&[0, 0, 0]);
    let b = quick.fit(&actual, &mut quick.scratch()).unwrap().estimate;
    let lottery = Lottery::new(&actual, 8, None, Scheme::Deal, 3, "unit");
    let listed = run(&quick, &lottery, 500);
    assert!(listed.exact);
    assert_eq!(listed.draws.len(), 56 - 1, "C(8, 3) without the true one");
    let draws: Vec<f64> = listed.draws.iter().map(|d| d.unwrap().estimate).collect();
    let p = randomisation_p(b, &draws, true);
    // By hand: all 56 subsets with dense dummies.
    let mut extreme = 0;
    for (i, j, k) in (0..8).flat_map(|i| (i + 1..8).flat_map(move |j| (j + 1..8).map(move |k| (i, j, k)))) {
        let other = Assignment { treated: vec![(i, 0), (j, 0), (k, 0)] };
        extreme += usize::from(m.dense(&dates(5, &[2]), &other, &m.by_unit()).0.abs() >= b.abs() - 1e-9);
    }
    assert!((p.two_sided - extreme as f64 / 56.0).abs() < 1e-15);
    assert_eq!(p.monte_carlo_error, 0.0);
    assert!(!run(&quick, &lottery, 54).exact);
}

#[test]
fn p_values_count_the_true_assignment() {
    let p = randomisation_p(2.0, &[-3.0, -2.0, 0.5, 1.0, 2.0], false);
    assert_eq!((p.two_sided, p.left, p.right), (4.0 / 6.0, 6.0 / 6.0, 2.0 / 6.0));
    let p = randomisation_p(9.0, &[0.0; 99], false);
    assert_eq!((p.two_sided, p.right), (0.01, 0.01));
}

#[test]
fn placebo_test_of_no_effect_rejects_as_often_as_it_says() {
    // Under no effect the p-value is uniform: of 200 panels about 20 have p <= .1.
    let mut small = 0;
    for seed in 0..200 {
        let m = made(1000 + seed, 30, 4, 0, 1.0, 1, false);
        let quick = m.quick(&dates(4, &[2]), m.by_unit());
        let actual = truth(&[0; 8]);
        let b = quick.fit(&actual, &mut quick.scratch()).unwrap().estimate;
        let draws = run(&quick, &Lottery::new(&actual, 30, None, Scheme::Deal, seed, "unit"), 99);
        let draws: Vec<f64> = draws.draws.iter().map(|d| d.unwrap().estimate).collect();
        small += usize::from(randomisation_p(b, &draws, false).two_sided <= 0.1);
    }
    assert!((7..=33).contains(&small), "{small} of 200; three standard errors are 13");
}

/// Through designs and fits, as a study runs it.
mod of_a_regression {
    use attica::design::{Design, DesignOptions};
    use attica::diagnostic::channel::{Measured, bootstrap_indirect, centred_product, moderator, sobel};
    use attica::diagnostic::groups::{Groups, equality, interact, interaction, permute_labels};
    use attica::diagnostic::placebo::{Kind, Options, earlier, placebo, possible_shifts};
    use attica::diagnostic::{Rows, periods};
    use attica::fit::{Fit, FitOptions, fit};
    use attica::formula::SingleFormula;
    use attica::frame::{Column, Frame};
    use attica::math::random::stream;
    use attica::panel::Panel;
    use attica::text::Text;
    use attica::vcov::Vcov;

    use crate::support::Staggered;

    fn frame(seed: u64) -> Frame {
        let process =
            Staggered { periods: 7, cohorts: vec![(3, 6), (5, 8)], never: 16, effect: (1.5, 0.0), noise: 1.0 };
        let mut frame = process.draw(seed);
        // Columns that tests use: a region by unit, another control, weights.
        let unit = frame.numbers("unit").unwrap().to_vec();
        let mut random = stream(seed, 99);
        frame.set(Column::number("region", unit.iter().map(|u| u % 3.0).collect())).unwrap();
        frame.set(Column::number("z", unit.iter().map(|_| random.normal()).collect())).unwrap();
        frame
    }

    fn regression(frame: &Frame, controls: &[&str], effects: &[&str], vcov: &Vcov) -> (Design, Fit) {
        let panel = Panel::new(frame, "unit", "time").unwrap().0;
        let clusters = vec!["unit".into(), "region".into(), "time".into()];
        let options = DesignOptions { clusters, ..DesignOptions::default() };
        let regressors: Vec<&str> = ["d"].iter().chain(controls).copied().collect();
        let formula = SingleFormula::of_columns("y", &regressors, effects);
        let design = Design::build(frame, Some(&panel), &formula, &options).unwrap();
        let fit = fit(&design, &FitOptions::new(vcov.clone())).unwrap();
        (design, fit)
    }

    fn options(kind: Kind, draws: usize) -> Options {
        Options { kind, draws, seed: 4, strata: None }
    }

    /// A frame without some rows; unit 30 then has one row only.
    fn unbalanced(seed: u64) -> Frame {
        let full = frame(seed);
        let mut random = stream(seed, 5);
        let rows: Vec<u32> =
            (0..full.rows() as u32).filter(|r| if *r >= 203 { *r == 205 } else { random.uniform() < 0.85 }).collect();
        full.take(&rows)
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
        assert!(found.by_estimate.two_sided < 0.01 && found.by_t.right < 0.01, "{:?}", found.by_estimate);
        assert!(found.p.iter().all(|p| (0.0..=1.0).contains(p)));
        let larger = found.draws.iter().filter(|b| b.abs() >= found.estimate.abs()).count();
        assert_eq!(found.by_estimate.two_sided, (1 + larger) as f64 / 1000.0);
        assert_eq!(placebo(&design, &fit, "nobody", &options(Kind::Unit, 9)).unwrap_err().id, "E603");
    }

    #[test]
    fn strata_keep_the_number_of_treated_in_each_region() {
        let (design, fit) = regression(&frame(5), &["x"], &["unit", "time"], &Vcov::cluster("unit"));
        let strata = design.clusters[1].codes.to_vec();
        let within = Options { strata: Some(strata), ..options(Kind::Unit, 50) };
        let (all, within) = (
            placebo(&design, &fit, "d", &options(Kind::Unit, 50)).unwrap(),
            placebo(&design, &fit, "d", &within).unwrap(),
        );
        assert_ne!(all.draws, within.draws);
        let changes = Options { strata: Some(design.clusters[2].codes.to_vec()), ..options(Kind::Unit, 50) };
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

    fn groups(design: &Design) -> Groups {
        let labels = ["east", "west", "south"].map(str::to_owned).to_vec();
        Groups { name: "region".into(), codes: design.clusters[1].codes.to_vec(), labels }
    }

    #[test]
    fn interacted_model_is_the_split_samples() {
        for frame in [frame(7), unbalanced(8)] {
            let vcov = Vcov::cluster("unit");
            let (design, _) = regression(&frame, &["x", "z"], &["unit", "time"], &vcov);
            let groups = groups(&design);
            let together = fit(&interact(&design, &groups), &FitOptions::new(vcov.clone())).unwrap().record();
            for (g, label) in groups.labels.iter().enumerate() {
                let rows: Vec<u32> =
                    (0..design.rows() as u32).filter(|&r| groups.codes[r as usize] as usize == g).collect();
                let alone = fit(&design.take(&rows), &FitOptions::new(vcov.clone())).unwrap().record();
                for name in ["d", "x", "z"] {
                    let own = alone.terms.iter().find(|t| t.term == name).unwrap();
                    let term = together.terms.iter().find(|t| t.term == interaction(name, label)).unwrap();
                    assert!((own.estimate - term.estimate).abs() < 1e-10, "{label} {name}");
                    // Standard errors differ by the small-sample factors alone.
                    let ratio = (alone.se_card.factor / together.se_card.factor).sqrt();
                    assert!((own.std_error / term.std_error / ratio - 1.0).abs() < 1e-9);
                }
            }
            let terms: Vec<String> = groups.labels.iter().map(|l| interaction("d", l)).collect();
            let wald = equality(&together, &terms, Text::same("equal")).unwrap();
            assert_eq!((wald.df1, wald.df2), (2.0, together.se_card.df));
        }
    }

    #[test]
    fn equality_of_two_groups_is_the_t_test_of_the_difference() {
        let frame = frame(9);
        let (design, _) = regression(&frame, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
        let codes: Vec<u32> = groups(&design).codes.iter().map(|c| c % 2).collect();
        let two = Groups { name: "half".into(), codes, labels: vec!["a".into(), "b".into()] };
        let fit = fit(&interact(&design, &two), &FitOptions::new(Vcov::cluster("unit"))).unwrap();
        let terms = [interaction("d", "a"), interaction("d", "b")];
        let wald = equality(&fit.record(), &terms, Text::same("equal")).unwrap();
        let mut weights = vec![0.0; fit.names.len()];
        weights[fit.position(&terms[0]).unwrap()] = 1.0;
        weights[fit.position(&terms[1]).unwrap()] = -1.0;
        let difference = fit.combination("difference", &weights);
        assert!((wald.statistic - difference.statistic.powi(2)).abs() < 1e-9);
        assert!((wald.p_value - difference.p_value).abs() < 1e-12);
        assert_eq!(equality(&fit.record(), &terms[..1], Text::same("one")), None);
    }

    #[test]
    fn permuted_labels_find_a_difference_and_only_a_difference() {
        let plain = frame(10);
        let (design, _) = regression(&plain, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
        let none = permute_labels(&design, "d", &groups(&design), 199, 1).unwrap();
        // Statistic by hand from the split samples.
        let mut parts = Vec::new();
        for g in 0..3 {
            let rows: Vec<u32> =
                (0..design.rows() as u32).filter(|&r| groups(&design).codes[r as usize] == g).collect();
            let own = fit(&design.take(&rows), &FitOptions::new(Vcov::Iid)).unwrap();
            parts.push((own.coefficients[0], 1.0 / own.bread[(0, 0)]));
        }
        let total: f64 = parts.iter().map(|p| p.1).sum();
        let mean = parts.iter().map(|p| p.0 * p.1).sum::<f64>() / total;
        let by_hand: f64 = parts.iter().map(|p| p.1 * (p.0 - mean).powi(2)).sum();
        assert!((none.statistic / by_hand - 1.0).abs() < 1e-9, "{} {by_hand}", none.statistic);
        assert_eq!(none.draws + none.failed, 199);

        let mut different = plain.clone();
        let (y, d, region) =
            (plain.numbers("y").unwrap(), plain.numbers("d").unwrap(), plain.numbers("region").unwrap());
        let values = (0..plain.rows()).map(|r| y[r] + 4.0 * d[r] * f64::from(u8::from(region[r] == 1.0))).collect();
        different.set(Column::number("y", values)).unwrap();
        let (design, _) = regression(&different, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
        let some = permute_labels(&design, "d", &groups(&design), 199, 1).unwrap();
        assert!(some.p_value < 0.02 && none.p_value > 0.05, "{some:?} {none:?}");
        let (three, _) = regression(&plain, &["x"], &["unit", "time", "region"], &Vcov::cluster("unit"));
        assert_eq!(permute_labels(&three, "d", &groups(&three), 9, 1).unwrap_err().id, "E605");
    }

    #[test]
    fn indirect_effect_is_the_product_of_two_regressions() {
        let mut frame = frame(11);
        let (x, d) = (frame.numbers("x").unwrap().to_vec(), frame.numbers("d").unwrap().to_vec());
        let mut random = stream(1, 1);
        let m: Vec<f64> = d.iter().map(|d| 0.6 * d + random.normal()).collect();
        let y: Vec<f64> = frame.numbers("y").unwrap().iter().zip(&m).map(|(y, m)| y + 0.5 * m).collect();
        frame.set(Column::number("y", y.clone())).unwrap();
        frame.set(Column::number("m", m.clone())).unwrap();
        let (_, second) = regression(&frame, &["x", "m"], &["unit", "time"], &Vcov::cluster("unit"));
        let mut on_m = frame.clone();
        on_m.set(Column::number("y", m.clone())).unwrap();
        let (design, first) = regression(&on_m, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
        let (a, b) = (first.terms()[0].clone(), second.terms().into_iter().find(|t| t.term == "m").unwrap());
        let test = sobel(&a, &b).unwrap();
        assert!((test.indirect - a.estimate * b.estimate).abs() < 1e-15);
        let (period, times) = periods(&design).unwrap();
        let unit = &design.panel.as_ref().unwrap().0;
        let rows = Rows {
            unit: &unit.codes,
            units: unit.levels,
            period: &period,
            periods: times.len(),
            outcome: &y,
            controls: &[&x],
            weights: None,
        };
        let found = bootstrap_indirect(rows, &d, &m, 400, 0.95, 3).unwrap();
        assert!((found.estimate - test.indirect).abs() < 1e-10);
        assert!(found.conf_low < found.estimate && found.estimate < found.conf_high);
        assert!((found.std_error / test.std_error - 1.0).abs() < 0.35, "{found:?} {test:?}");
    }

    #[test]
    fn resampled_units_have_effects_of_their_own() {
        use attica::diagnostic::unit_sums::UnitSums;
        // Units 0, 0, 2, 5, 5, 5 ...: the same regression with copies under new names.
        let frame = unbalanced(12);
        let (design, _) = regression(&frame, &["x", "z"], &["unit", "time"], &Vcov::Iid);
        let (period, times) = periods(&design).unwrap();
        let unit = &design.panel.as_ref().unwrap().0;
        let column = |i: usize| design.regressors[i].1.as_slice();
        let rows = Rows {
            unit: &unit.codes,
            units: unit.levels,
            period: &period,
            periods: times.len(),
            outcome: &design.outcome.1,
            controls: &[column(1), column(2)],
            weights: None,
        };
        let counts: Vec<u32> = (0..unit.levels as u32).map(|u| (u * 7 + 3) % 4).collect();
        let found = UnitSums::new(rows, &[column(0)]).fit(&counts);
        let mut copies = design.take(&[]);
        let mut positions = Vec::new();
        let mut names = Vec::new();
        for (row, &u) in unit.codes.iter().enumerate() {
            for copy in 0..counts[u as usize] {
                positions.push(row);
                names.push(u * 4 + copy);
            }
        }
        let take = |x: &[f64]| positions.iter().map(|&r| x[r]).collect::<Vec<f64>>();
        copies.outcome.1 = take(&design.outcome.1);
        copies.regressors = design.regressors.iter().map(|(n, x)| (n.clone(), take(x))).collect();
        copies.sample = (0..positions.len() as u32).collect();
        let levels = names.iter().max().unwrap() + 1;
        copies.effects[0].by.codes = names.into();
        copies.effects[0].by.levels = levels as usize;
        copies.effects[1].by.codes = positions.iter().map(|&r| period[r]).collect::<Vec<u32>>().into();
        copies.effects[1].by.levels = times.len();
        copies.clusters.clear();
        copies.panel = None;
        let direct = fit(&copies, &FitOptions { keep_singletons: true, ..FitOptions::new(Vcov::Iid) }).unwrap();
        for (name, estimate) in ["x", "z", "d"].iter().zip(&found.estimates) {
            assert!((estimate - direct.coefficients[direct.position(name).unwrap()]).abs() < 1e-9, "{name}");
        }
    }

    #[test]
    fn moderators_are_measured_before_the_policy() {
        let frame = frame(13);
        let panel = Panel::new(&frame, "unit", "time").unwrap().0;
        let (x, d) = (frame.numbers("x").unwrap(), frame.numbers("d").unwrap());
        let base = moderator(&panel, x, Measured::Base);
        assert!((0..frame.rows()).all(|r| base[r] == x[panel.row(panel.unit[r], 0).unwrap()]));
        let lag = moderator(&panel, x, Measured::Lag(1));
        assert!(lag[0].is_nan() && lag[1] == x[0]);
        let product = centred_product(d, &base);
        let mean = base.iter().sum::<f64>() / base.len() as f64;
        assert!((0..d.len()).all(|r| (product[r] - d[r] * (base[r] - mean)).abs() < 1e-12));
    }
}
