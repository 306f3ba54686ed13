//! Placebo draws against the regression they stand for, run with explicit dummies.

#![allow(clippy::unwrap_used)]

use attica::diagnostic::Rows;
use attica::diagnostic::placebo::lottery::{Lottery, Scheme};
use attica::diagnostic::placebo::quick::{Assignment, Draw, QuickFit, Scratch, Variance};
use attica::diagnostic::placebo::randomisation_p;
use nalgebra::{DMatrix, DVector};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// All draws, and whether they are all assignments but the true one.
fn run(quick: &QuickFit, lottery: &Lottery, draws: usize) -> (Vec<Draw>, bool) {
    let mut all = Vec::new();
    let exact = attica::diagnostic::placebo::run(quick, lottery, draws, |draw| all.push(draw.unwrap()));
    (all, exact)
}

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
    assert_eq!(one.0.len(), 1000);
    assert_eq!(one, with(2));
    assert_eq!(one, with(8));
    // A longer run starts with the same draws.
    assert_eq!(one.0[..], run(&quick, &lottery, 9000).0[..1000]);
}

#[test]
fn few_assignments_are_listed_and_the_test_is_exact() {
    let m = made(14, 8, 5, 1, 1.0, 1, false);
    let quick = m.quick(&dates(5, &[2]), m.by_unit());
    let actual = truth(&[0, 0, 0]);
    let b = quick.fit(&actual, &mut quick.scratch()).unwrap().estimate;
    let lottery = Lottery::new(&actual, 8, None, Scheme::Deal, 3, "unit");
    let (listed, exact) = run(&quick, &lottery, 500);
    assert!(exact);
    assert_eq!(listed.len(), 56 - 1, "C(8, 3) without the true one");
    let draws: Vec<f64> = listed.iter().map(|d| d.estimate).collect();
    let p = randomisation_p(b, &draws, true);
    // By hand: all 56 subsets with dense dummies.
    let mut extreme = 0;
    for (i, j, k) in (0..8).flat_map(|i| (i + 1..8).flat_map(move |j| (j + 1..8).map(move |k| (i, j, k)))) {
        let other = Assignment { treated: vec![(i, 0), (j, 0), (k, 0)] };
        extreme += usize::from(m.dense(&dates(5, &[2]), &other, &m.by_unit()).0.abs() >= b.abs() - 1e-9);
    }
    assert!((p.two_sided - extreme as f64 / 56.0).abs() < 1e-15);
    assert_eq!(p.monte_carlo_error, 0.0);
    assert!(!run(&quick, &lottery, 54).1);
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
        let (draws, _) = run(&quick, &Lottery::new(&actual, 30, None, Scheme::Deal, seed, "unit"), 99);
        let draws: Vec<f64> = draws.iter().map(|d| d.estimate).collect();
        small += usize::from(randomisation_p(b, &draws, false).two_sided <= 0.1);
    }
    assert!((7..=33).contains(&small), "{small} of 200; three standard errors are 13");
}
