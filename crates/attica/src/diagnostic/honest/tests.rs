#![allow(clippy::unwrap_used)]
use super::moments::Moments;
use super::*;
use crate::estimator::Leads;
use crate::estimator::event::{Effect, Estimated, EventStudy};
use crate::math::simplex::Polytope;
use crate::text::Text;

/// A made-up event study: errors that grow with the distance from the reference and are correlated.
fn made_up(pre: usize, post: usize) -> Coefficients {
    let times: Vec<f64> = (0..pre).map(|i| i as f64 - pre as f64).chain((1..=post).map(|i| i as f64)).collect();
    let error = |i: usize| 0.02 + 0.004 * times[i].abs();
    let effect = |i: usize| if times[i] > 0.0 { 0.12 + 0.03 * times[i] } else { 0.0 };
    Coefficients {
        estimate: DVector::from_fn(pre + post, |i, _| 0.01 * ((7 * i) as f64 % 5.0 - 2.0) + effect(i)),
        covariance: DMatrix::from_fn(pre + post, pre + post, |i, j| {
            error(i) * error(j) * 0.6_f64.powi((i as i32 - j as i32).abs())
        }),
        pre,
        target: (0..post).map(|t| if t == 0 { 1.0 } else { 0.0 }).collect(),
    }
}

fn average(mut coefficients: Coefficients) -> Coefficients {
    let share = 1.0 / coefficients.target.len() as f64;
    coefficients.target.fill(share);
    coefficients
}

fn ask(coefficients: &Coefficients, set: Set, shape: Shape, method: Method, m: f64) -> Interval {
    let options = Options { shape, method: Some(method), sizes: Some(vec![m]), ..Options::new(set) };
    engine_only(coefficients, &options)
}

/// The interval without the search for the breakdown value.
fn engine_only(coefficients: &Coefficients, options: &Options) -> Interval {
    let method = check(coefficients, options).unwrap();
    Engine::new(coefficients, options, method).interval(options.sizes.as_ref().unwrap()[0])
}

fn ends(interval: &Interval) -> (f64, f64) {
    (interval.conf_low.unwrap(), interval.conf_high.unwrap())
}

#[test]
fn the_largest_bias_is_that_of_a_linear_programme() {
    // max v'd over |second differences| <= 1: weights on both signs of each difference that add up to v.
    for (pre, post) in [(4, 3), (2, 1), (1, 2), (5, 4)] {
        let mut coefficients = made_up(pre, post);
        coefficients.target = (0..post).map(|t| [1.0, -0.4, 0.3, 0.1][t]).collect();
        let fixed_length = FixedLength::new(&coefficients);
        for m in [0.01, 0.05, 0.5] {
            let found = fixed_length.interval(m, 0.95);
            let differences: Vec<Vec<f64>> = (0..pre + post - 1)
                .map(|t| {
                    let mut row = restriction::difference(2, t, pre + 1 + post);
                    row.remove(pre);
                    row
                })
                .collect();
            let rows: Vec<Vec<f64>> =
                (0..pre + post).map(|t| differences.iter().flat_map(|d| [d[t], -d[t]]).collect()).collect();
            let mut dual = Polytope::new(&rows, &found.weights).unwrap();
            let least = dual.maximise(&vec![-1.0; 2 * differences.len()]).unwrap();
            assert!((-least * m - found.bias).abs() < 1e-9, "{pre} {post} {m}");
        }
    }
}

#[test]
fn no_other_estimator_has_a_shorter_fixed_length_interval() {
    let coefficients = average(made_up(4, 2));
    let fixed_length = FixedLength::new(&coefficients);
    for m in [0.0, 0.002, 0.01, 0.1] {
        let best = fixed_length.interval(m, 0.95);
        let half = (best.conf_high - best.conf_low) / 2.0;
        let mut random = stream(2, 0);
        for _ in 0..500 {
            // Bends elsewhere give other estimators without bias for lines.
            let mut weights = DVector::from_vec(best.weights.clone());
            for p in 0..3 {
                let bend = random.normal() * 10.0_f64.powf(-3.0 * random.uniform());
                let mut d = restriction::difference(2, p, 7);
                d.remove(4);
                weights += DVector::from_vec(d) * bend;
            }
            let error = weights.dot(&(&coefficients.covariance * &weights)).sqrt();
            let bias = m * sum_of_bends(&weights, 4);
            assert!(folded_quantile(0.95, bias / error).0 * error >= half - 1e-12, "{m}");
        }
    }
}

/// Sum of the absolute weights on second differences that make up `weights`.
fn sum_of_bends(weights: &DVector<f64>, pre: usize) -> f64 {
    let mut all: Vec<f64> = weights.iter().copied().collect();
    // The reference has the weight that lets the bends end at zero.
    let line: f64 = all.iter().sum();
    all.insert(pre, -line);
    let (mut slope, mut bend, mut total) = (0.0, 0.0, 0.0_f64);
    for w in &all[..all.len() - 1] {
        slope += w;
        bend += slope;
        total += bend.abs();
    }
    total
}

#[test]
fn without_bends_the_interval_is_that_of_a_fitted_line() {
    // Generalised least squares of leads on a line, extrapolated: the target less l't times the slope.
    let coefficients = made_up(4, 2);
    let found = ask(&coefficients, Set::Smoothness, Shape::Any, Method::FixedLength, 0.0);
    let leads = coefficients.covariance.view((0, 0), (4, 4)).into_owned();
    let line = DVector::from_vec(vec![-4.0, -3.0, -2.0, -1.0]);
    let cross = coefficients.covariance.view((0, 4), (4, 1)).into_owned();
    // The best predictor of the target from leads whose mean is a multiple of the line.
    let inverse = leads.clone().try_inverse().unwrap();
    let information = line.dot(&(&inverse * &line));
    let slope_weights = &inverse * &line / information;
    let leave = DMatrix::identity(4, 4) - &slope_weights * line.transpose();
    let weights = -&slope_weights - leave * &inverse * cross.column(0);
    // `leave` projects from the left on what the line does not explain.
    let error = |w: &DVector<f64>| {
        let mut all = DVector::zeros(6);
        all.rows_mut(0, 4).copy_from(w);
        all[4] = 1.0;
        all.dot(&(&coefficients.covariance * &all)).sqrt()
    };
    let (low, high) = ends(&found);
    let half = normal_quantile(0.975) * error(&weights);
    let centre = coefficients.estimate[4] + weights.dot(&coefficients.estimate.rows(0, 4));
    assert!((weights.dot(&line) + 1.0).abs() < 1e-12);
    assert!((high - low - 2.0 * half).abs() < 1e-9, "{} {half}", (high - low) / 2.0);
    assert!((centre - 0.5 * (low + high)).abs() < 1e-9);
}

#[test]
fn one_effect_and_no_noise_give_the_identified_set() {
    let mut coefficients = made_up(3, 1);
    coefficients.estimate = DVector::from_vec(vec![0.3, 0.1, -0.1, 1.0]);
    coefficients.covariance *= 1e-10;
    let near = |found: Interval, low: f64, high: f64| {
        let near = |end: Option<f64>, value: f64| end.is_some_and(|end| (end - value).abs() < 1e-4);
        assert!(near(found.conf_low, low) && near(found.conf_high, high), "{found:?}, not {low} {high}");
    };
    for method in [Method::LeastFavourable, Method::Conditional] {
        let of = |set, shape, m| ask(&coefficients, set, shape, method, m);
        // Moves before: -.2, -.2, .1; bends: 0, .3. The last move is .1.
        near(of(Set::RelativeMagnitudes, Shape::Any, 0.5), 0.9, 1.1);
        near(of(Set::RelativeMagnitudes, Shape::PositiveBias, 0.5), 0.9, 1.0);
        near(of(Set::RelativeMagnitudes, Shape::Decreasing, 1.0), 1.0, 1.2);
        near(of(Set::RelativeSmoothness, Shape::Any, 1.0), 1.0 - 0.1 - 0.3, 1.0 - 0.1 + 0.3);
        near(of(Set::RelativeSmoothness, Shape::NegativeBias, 1.0), 1.0, 1.2);
        near(of(Set::Smoothness, Shape::Any, 0.2), 1.0 - 0.1 - 0.2, 1.0 - 0.1 + 0.2);
    }
    // A line that rises by .1 contradicts a violation that must not be positive.
    assert_eq!(
        ask(&coefficients, Set::Smoothness, Shape::NegativeBias, Method::LeastFavourable, 0.05).ends,
        Ends::Empty
    );
}

#[test]
fn intervals_scale_and_mirror_with_the_estimates() {
    let plain = average(made_up(3, 2));
    let mut other = plain.clone();
    other.estimate *= -10.0;
    other.covariance *= 100.0;
    let mirrored = |shape| match shape {
        Shape::PositiveBias => Shape::NegativeBias,
        Shape::Increasing => Shape::Decreasing,
        shape => shape,
    };
    for set in [Set::RelativeMagnitudes, Set::RelativeSmoothness, Set::Smoothness] {
        let (m, larger) = if set == Set::Smoothness { (0.02, 0.2) } else { (0.8, 0.8) };
        for shape in [Shape::Any, Shape::PositiveBias, Shape::Increasing] {
            let (low, high) = ends(&ask(&plain, set, shape, Method::LeastFavourable, m));
            let (a, b) = ends(&ask(&other, set, mirrored(shape), Method::LeastFavourable, larger));
            assert!((a + 10.0 * high).abs() < 1e-5 && (b + 10.0 * low).abs() < 1e-5, "{set:?} {shape:?}");
        }
    }
}

#[test]
fn larger_sets_give_longer_intervals_and_shapes_shorter_ones() {
    let coefficients = average(made_up(3, 3));
    for set in [Set::RelativeMagnitudes, Set::RelativeSmoothness] {
        let mut last = (f64::INFINITY, f64::NEG_INFINITY);
        for m in [0.0, 0.5, 1.0, 2.0] {
            let (low, high) = ends(&ask(&coefficients, set, Shape::Any, Method::LeastFavourable, m));
            assert!(low <= last.0 + 1e-3 && high >= last.1 - 1e-3, "{set:?} {m}");
            last = (low, high);
        }
        let (low, high) = ends(&ask(&coefficients, set, Shape::PositiveBias, Method::LeastFavourable, 2.0));
        assert!(low > last.0 - 0.01 && high < last.1);
    }
}

#[test]
fn intervals_cover_at_the_edge_of_the_set() {
    // Moves of .02 before and as large ones after: the worst violation at Mbar = 1; the effect is zero.
    let mut coefficients = made_up(3, 2);
    let violation = DVector::from_vec(vec![-0.02, 0.0, -0.02, 0.02, 0.04]);
    let root = coefficients.covariance.clone().cholesky().unwrap().l();
    let draws = 100;
    let covered = (0..draws)
        .filter(|&draw| {
            let mut random = stream(5, draw);
            let z = DVector::from_fn(5, |_, _| random.normal());
            coefficients.estimate = &violation + &root * z;
            let (low, high) =
                ends(&ask(&coefficients, Set::RelativeMagnitudes, Shape::Any, Method::LeastFavourable, 1.0));
            low <= 0.0 && 0.0 <= high
        })
        .count();
    assert!(covered as f64 >= 0.9 * draws as f64, "{covered} of {draws}");
}

#[test]
fn the_least_favourable_critical_value_is_the_quantile_of_plain_draws() {
    let coefficients = average(made_up(3, 3));
    let options = Options::new(Set::RelativeMagnitudes);
    let engine = Engine::new(&coefficients, &options, Method::LeastFavourable);
    let set = &Set::RelativeMagnitudes.polyhedra(1.0, Shape::Any, 3, 3)[2];
    let mut moments = Moments::new(&coefficients, &engine.root, set);
    let critical = moments.least_favourable(&engine.draws, 0.005);
    let above = moments.share_above(critical, 30_000);
    // The standard error of the share is .0004.
    assert!((above - 0.005).abs() < 0.0014, "{critical} {above}");
    let other = Draws::new(engine.root.ncols(), 77);
    assert!((moments.least_favourable(&other, 0.005) - critical).abs() < 0.05);
}

#[test]
fn the_breakdown_value_is_where_zero_enters() {
    let coefficients = made_up(3, 2);
    for set in [Set::RelativeMagnitudes, Set::Smoothness] {
        let found = sensitivity(&coefficients, &Options::new(set)).unwrap();
        let Breakdown::At(m) = found.breakdown else { panic!("{:?}", found.breakdown) };
        assert!(ask(&coefficients, set, Shape::Any, found.method, m).excludes_zero());
        assert!(!ask(&coefficients, set, Shape::Any, found.method, m * 1.0003).excludes_zero());
        assert_eq!(found.intervals.len(), 10);
        assert!(found.warnings.is_empty());
    }
    let mut nothing = coefficients;
    nothing.estimate *= 0.01;
    assert_eq!(sensitivity(&nothing, &Options::new(Set::Smoothness)).unwrap().breakdown, Breakdown::Never);
}

#[test]
fn answers_are_the_same_on_any_number_of_threads() {
    let coefficients = average(made_up(3, 2));
    let options = Options { sizes: Some(vec![0.5, 1.0]), ..Options::new(Set::RelativeMagnitudes) };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| sensitivity(&coefficients, &options).unwrap())
    };
    assert_eq!(run(1), run(5));
}

#[test]
fn what_is_not_defined_is_refused() {
    let refuse = |coefficients: &Coefficients, options: Options| sensitivity(coefficients, &options).unwrap_err().id;
    let coefficients = made_up(1, 2);
    assert_eq!(refuse(&coefficients, Options::new(Set::RelativeSmoothness)), "E607");
    let fixed = Options { method: Some(Method::FixedLength), ..Options::new(Set::RelativeMagnitudes) };
    assert_eq!(refuse(&coefficients, fixed), "E607");
    assert_eq!(refuse(&coefficients, Options { sizes: Some(vec![-1.0]), ..Options::new(Set::Smoothness) }), "E607");
    assert_eq!(refuse(&coefficients, Options { level: 1.0, ..Options::new(Set::Smoothness) }), "E607");
}

/// An event study with these coefficients; event times marked are bins.
fn study(times: &[(i64, f64, bool)], references: &[i64]) -> EventStudy {
    let effect = |event_time, estimate, binned| Effect { event_time, binned, estimate, n: 10 };
    let k = times.len();
    let covariance =
        (0..k).map(|i| (0..k).map(|j| if i == j { 0.01 * (i + 1) as f64 } else { 0.001 }).collect()).collect();
    EventStudy::new(
        Estimated {
            estimator: "made-up".to_owned(),
            label: Text::new("Made up", "虚构"),
            effects: times.iter().map(|&(time, estimate, binned)| effect(time, estimate, binned)).collect(),
            covariance,
            simulated: None,
            df: None,
            own_df: None,
            resample: None,
            references: references.iter().map(|&time| effect(time, 0.0, false)).collect(),
            base: Text::new("", ""),
            pre_available: 3,
            fit: None,
            warnings: Vec::new(),
        },
        0.95,
        1,
    )
}

#[test]
fn short_leads_are_added_up() {
    let short = study(&[(-3, 0.1, false), (-2, 0.2, false), (-1, 0.4, false), (0, 1.0, false), (1, 2.0, false)], &[]);
    let (found, warnings) = Coefficients::of(&short, Leads::Short, 0, Target::Average).unwrap();
    let expected = [-0.7, -0.6, -0.4, 1.0, 2.0];
    assert!(found.estimate.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12));
    assert_eq!((found.pre, found.target.as_slice()), (3, &[0.5, 0.5][..]));
    // Variance of the sum of all three, and its covariance with the sum of the nearest two.
    assert!((found.covariance[(0, 0)] - (0.06 + 6.0 * 0.001)).abs() < 1e-12);
    assert!((found.covariance[(0, 1)] - (0.05 + 4.0 * 0.001)).abs() < 1e-12);
    assert!((found.covariance[(0, 3)] + 0.003).abs() < 1e-12);
    assert_eq!(warnings.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), ["W842"]);
}

#[test]
fn references_bins_and_gaps_are_seen() {
    let long = [(-4, 0.3, true), (-3, 0.1, false), (-2, 0.2, false), (0, 1.0, false), (1, 2.0, false), (2, 3.0, true)];
    let (found, warnings) = Coefficients::of(&study(&long, &[-1]), Leads::Long, 0, Target::At(1)).unwrap();
    assert_eq!((found.pre, found.estimate.len(), found.target.as_slice()), (2, 4, &[0.0, 1.0][..]));
    assert_eq!(warnings[0].id, "W843");
    // With anticipation the period between reference and adoption is a later one.
    let early = [(-4, 0.3, false), (-3, 0.1, false), (-1, 0.2, false), (0, 1.0, false), (1, 2.0, false)];
    let (found, warnings) = Coefficients::of(&study(&early, &[-2]), Leads::Long, 1, Target::First).unwrap();
    assert_eq!((found.pre, found.target.as_slice(), warnings.len()), (2, &[0.0, 1.0, 0.0][..], 0));
    // Leads beyond a gap are not one period apart.
    let gap = [(-5, 0.3, false), (-4, 0.3, false), (-2, 0.2, false), (0, 1.0, false)];
    let (found, warnings) = Coefficients::of(&study(&gap, &[-1]), Leads::Long, 0, Target::First).unwrap();
    assert_eq!((found.pre, warnings[0].id.as_str()), (1, "W843"));
    let refused = |study: &EventStudy, leads, target| Coefficients::of(study, leads, 0, target).unwrap_err().id;
    assert_eq!(refused(&study(&long, &[-1, -6]), Leads::Long, Target::First), "E607");
    assert_eq!(refused(&study(&long, &[-1]), Leads::Mean, Target::First), "E607");
    assert_eq!(refused(&study(&long, &[-1]), Leads::Early, Target::First), "E607");
    assert_eq!(refused(&study(&long, &[-1]), Leads::Long, Target::At(2)), "E607");
    assert_eq!(refused(&study(&long[3..], &[-1]), Leads::Long, Target::First), "E607");
}
