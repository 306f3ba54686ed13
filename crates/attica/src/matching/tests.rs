#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::balance::balance;
use super::*;

/// 60 candidates, 28 of them treated. The numbers that tests expect for them were printed by StatsPAI 1.40
/// (`psmatch2`, `pstest`, `ebalance`), whose authors check it against Stata's psmatch2 and pstest.
struct Toy {
    treated: Vec<bool>,
    x: [Vec<f64>; 3],
}

fn toy() -> Toy {
    let code = "101011011000100100010001101110000010001000110110111101001101";
    let round = |v: f64| (v * 1e6).round() / 1e6;
    let of = |f: &dyn Fn(f64) -> f64| (0..60).map(|i| f(f64::from(i))).collect::<Vec<_>>();
    Toy {
        treated: code.chars().map(|c| c == '1').collect(),
        x: [
            of(&|i| round((1.7 * i + 0.3).sin() * 2.0 + 0.02 * i)),
            of(&|i| round((2.3 * i).cos() + 0.3 * (5.1 * i).sin())),
            of(&|i| f64::from(u8::from((i as u32 * 7) % 5 < 2))),
        ],
    }
}

impl Toy {
    fn with<T>(&self, f: impl FnOnce(Sample<'_>) -> T) -> T {
        let covariates = [("x1", &self.x[0][..]), ("x2", &self.x[1][..]), ("x3", &self.x[2][..])];
        f(Sample { treated: &self.treated, covariates: &covariates })
    }

    fn matched(&self, method: Method, common: bool) -> Matched {
        self.with(|sample| {
            let fitted = score(sample).unwrap();
            matched(sample, method, Some(&fitted.values), common, &[]).unwrap()
        })
    }

    fn controls(&self, matched: &Matched) -> Vec<f64> {
        (0..60).filter(|&i| !self.treated[i]).map(|i| matched.weights[i]).collect()
    }
}

fn nearest(count: usize, caliper: Option<f64>) -> Method {
    Method::Nearest(Neighbours { count, caliper, ..Neighbours::default() })
}

#[track_caller]
fn close(found: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len());
    for (i, (a, b)) in found.iter().zip(wanted).enumerate() {
        assert!((a - b).abs() <= tolerance, "{i}: {a} {b}");
    }
}

#[test]
fn scores_and_weights_are_those_of_psmatch2() {
    let toy = toy();
    let fitted = toy.with(score).unwrap();
    let printed = [0.306592767786682, 0.8367984530647251, 0.19423326580350525, 0.07293104232967587, 0.7536340671602246];
    close(&fitted.values[..5], &printed, 1e-9);
    assert!(fitted.omitted.is_empty());
    assert_eq!(fitted.terms.len(), 4);

    let w = toy.controls(&toy.matched(nearest(1, None), false));
    #[rustfmt::skip]
    let one = [8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 6.0,
        2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    close(&w, &one, 1e-12);
    let three = toy.controls(&toy.matched(nearest(3, None), false));
    let third = 1.0 / 3.0;
    #[rustfmt::skip]
    close(&three, &[13.0 * third, 0.0, 0.0, third, third, third, 1.0, 0.0, 1.0, 0.0, 2.0 * third, 1.0, 0.0, 1.0, 0.0, 1.0, 2.0 * third,
        16.0 * third, 0.0, 0.0, third, 0.0, 14.0 * third, 4.0 * third, 2.0 * third, 2.0 * third, 1.0, 0.0, 4.0 * third, 2.0 * third, 0.0, third], 1e-12);
    let caliper = toy.matched(nearest(1, Some(0.02)), false);
    assert_eq!(caliper.status.iter().filter(|s| **s == Status::NoMatch).count(), 9);
    assert_eq!(toy.controls(&caliper).iter().sum::<f64>(), 19.0);
    let common = toy.matched(nearest(1, None), true);
    let off: Vec<usize> = (0..60).filter(|&i| common.status[i] == Status::OffSupport).collect();
    assert_eq!(off, [12, 15, 23, 34, 45, 48, 53, 56]);
    assert_eq!(common.weights[37], 6.0);

    let kernel = toy.controls(&toy.matched(Method::Kernel(0.06), false));
    #[rustfmt::skip]
    let printed = [3.213463388, 0.0, 0.0, 0.2586792904, 0.1891431771, 0.6808148976, 0.9451878599, 0.0, 0.9209466774, 0.0351297643, 0.9824203657,
        0.7995248075, 0.0, 0.7414574657, 0.0, 0.6202425522, 0.8358369001, 0.3646382924, 0.1343886806, 0.5704883948, 0.2033186251, 0.0, 5.786536612,
        0.9526134618, 0.4870042724, 0.8686324679, 0.8469646738, 0.0, 0.9268847339, 0.6889093189, 0.4626207687, 0.4841525517];
    close(&kernel, &printed, 1e-7);
    let radius = toy.controls(&toy.matched(Method::Radius(0.05), false));
    #[rustfmt::skip]
    let printed = [3.0, 0.0, 0.0, 0.1666666667, 0.1666666667, 0.7333333333, 0.8666666667, 0.0, 0.9166666667, 0.0, 0.9166666667, 0.8333333333, 0.0,
        0.7333333333, 0.0, 0.8666666667, 0.8333333333, 0.3333333333, 0.1666666667, 0.8666666667, 0.1666666667, 0.0, 6.0, 0.8666666667, 0.5,
        0.5833333333, 0.5666666667, 0.0, 1.25, 0.7333333333, 0.3666666667, 0.5666666667];
    close(&radius, &printed, 1e-9);
    let mahalanobis = toy.controls(&toy.matched(Method::Mahalanobis(Neighbours::default()), false));
    #[rustfmt::skip]
    let printed = [3.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 3.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 0.0, 3.0, 0.0, 1.0,
        0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    close(&mahalanobis, &printed, 1e-12);
}

#[test]
fn balance_is_that_of_pstest() {
    let toy = toy();
    let one = toy.matched(nearest(1, None), false);
    let found = toy.with(|sample| balance(sample, &one.weights));
    let x1 = &found.rows[0];
    let printed =
        [1.320811857142857, -0.0392305, 1.0550971071428572, 106.12698001440438, 20.734283616006827, 80.46275922183727];
    let ours = [
        x1.before.mean_treated,
        x1.before.mean_control,
        x1.after.mean_control,
        x1.before.bias.unwrap(),
        x1.after.bias.unwrap(),
        x1.reduction.unwrap(),
    ];
    close(&ours, &printed, 1e-9);
    let tests = |s: &super::balance::Side| [s.t.unwrap(), s.p_value.unwrap(), s.variance_ratio.unwrap()];
    close(&tests(&x1.before), &[4.097929173865976, 0.00013120220515946493, 0.9556005899617426], 1e-10);
    close(&tests(&x1.after), &[0.8600808914546001, 0.3935469556061298, 1.5036118591694765], 1e-10);
    close(&tests(&found.rows[2].after), &[1.4110813025753959, 0.16395622837930723, 1.3061224489795917], 1e-10);
    let overall = |o: &super::balance::Overall| {
        [o.mean_bias, o.median_bias, o.rubin_b, o.rubin_r, o.pseudo_r2, o.p_value].map(Option::unwrap)
    };
    #[rustfmt::skip]
    close(&overall(&found.before), &[57.5793927115069, 55.85275235998509, 126.43970002857971, 1.3695420503717741, 0.24817925372692806, 0.00012888210288885827], 1e-7);
    #[rustfmt::skip]
    close(&overall(&found.after), &[24.59926487477794, 20.734283616006827, 51.051015231945385, 2.178528222713232, 0.0465712733700504, 0.30609522371775855], 1e-7);

    let kernel = toy.matched(Method::Kernel(0.06), false);
    let found = toy.with(|sample| balance(sample, &kernel.weights));
    #[rustfmt::skip]
    close(&overall(&found.after), &[18.45756975847761, 20.760689001172278, 34.53060337107973, 1.4697846950518079, 0.022006275875259496, 0.7047543224600257], 1e-5);
}

#[test]
fn entropy_weights_are_the_only_minimum() {
    let toy = toy();
    let found = toy.controls(&toy.matched(Method::Entropy(1), false));
    #[rustfmt::skip]
    let printed = [7.666495565304, 0.020030889115, 0.008462197344, 0.209804838656, 0.084767697227, 0.07000798618, 0.363773537283, 0.003306559341,
        0.623386725872, 0.021190749468, 1.432362126409, 3.645223780813, 0.017673081678, 0.07763816993, 0.027022457898, 0.151437721543, 3.813192064496,
        1.576770536219, 0.025871367534, 0.543841362121, 0.691346509139, 0.006192922842, 4.07149790033, 0.121243068184, 0.670693389428, 0.576789660816,
        0.086285877487, 0.010971642848, 0.614463016867, 0.060510411557, 0.560569917525, 0.147176268545];
    close(&found, &printed, 1e-8);
}

/// Twelve treated candidates within the cloud of forty controls.
fn cloud() -> (Vec<bool>, Vec<f64>, Vec<f64>) {
    let treated: Vec<bool> = (0..52).map(|i| i >= 40).collect();
    let at =
        |i: i32, k: f64| if i < 40 { 3.0 * (k * f64::from(i) + 0.7).sin() } else { 0.6 + (k * f64::from(i)).cos() };
    (treated, (0..52).map(|i| at(i, 1.9)).collect(), (0..52).map(|i| at(i, 3.1)).collect())
}

/// The minimum of sum w ln w under moments is the only point that has the moments and whose ln w is a linear function of
/// them (Karush, Kuhn and Tucker); both are checked here without the dual.
#[test]
fn entropy_balancing_meets_its_first_order_conditions() {
    let (treated, a, b) = cloud();
    let covariates = [("a", &a[..]), ("b", &b[..])];
    let sample = Sample { treated: &treated, covariates: &covariates };
    for moments in [1, 2] {
        let found = matched(sample, Method::Entropy(moments), None, false, &[]).unwrap();
        let w = &found.weights[..40];
        assert!((w.iter().sum::<f64>() - 12.0).abs() < 1e-10);
        let rows = balance(sample, &found.weights).rows;
        for row in &rows {
            assert!(row.after.bias.unwrap().abs() < 1e-8, "{row:?}");
            assert!(moments == 1 || (row.after.variance_ratio.unwrap() - 1.0).abs() < 1e-8, "{row:?}");
        }
        let one = [1.0; 40];
        let squares: Vec<Vec<f64>> = [&a, &b].map(|x| x[..40].iter().map(|v| v * v).collect()).to_vec();
        let mut columns: Vec<&[f64]> = vec![&one, &a[..40], &b[..40]];
        if moments == 2 {
            columns.extend(squares.iter().map(Vec::as_slice));
        }
        let log: Vec<f64> = w.iter().map(|w| w.ln()).collect();
        let solution = crate::math::triangle::least_squares(&columns, &log, None, &vec![1.0; columns.len()]);
        for (i, value) in log.iter().enumerate() {
            let fitted: f64 = columns.iter().zip(&solution.coefficients).map(|(x, c)| c * x[i]).sum();
            assert!((value - fitted).abs() < 1e-8);
        }
    }
}

#[test]
fn moments_out_of_reach_are_a_problem_that_names_them() {
    let toy = toy();
    let problem = toy.with(|sample| matched(sample, Method::Entropy(2), None, false, &[])).unwrap_err();
    assert_eq!(problem.id, "E861");
    let treated = [true, true, false, false, false];
    let x = [9.0, 10.0, 1.0, 2.0, 3.0];
    let covariates = [("size", &x[..])];
    let sample = Sample { treated: &treated, covariates: &covariates };
    let problem = matched(sample, Method::Entropy(1), None, false, &[]).unwrap_err();
    assert_eq!(problem.id, "E861");
    assert!(
        problem.message.contains("mean of size") && problem.message.contains("outside all controls' values"),
        "{problem}"
    );
    assert_eq!(score(sample).unwrap_err().id, "E860");
    // A covariate whose square says nothing new is balanced once.
    let dummy = [1.0, 0.0, 1.0, 0.0, 0.0];
    let covariates = [("coast", &dummy[..])];
    let found =
        matched(Sample { treated: &treated, covariates: &covariates }, Method::Entropy(2), None, false, &[]).unwrap();
    close(&found.weights, &[1.0, 1.0, 1.0, 0.5, 0.5], 1e-10);
}

/// By hand: scores .50 and .30 treated; controls .45, .55, .32, .10.
fn by_hand() -> ([bool; 6], [f64; 6]) {
    ([true, true, false, false, false, false], [0.50, 0.30, 0.45, 0.55, 0.32, 0.10])
}

#[test]
fn ties_calipers_and_replacement_follow_their_rules() {
    let (treated, p) = by_hand();
    let covariates = [("x", &p[..])];
    let sample = Sample { treated: &treated, covariates: &covariates };
    let weights = |how: Neighbours| matched(sample, Method::Nearest(how), Some(&p), false, &[]).unwrap().weights;
    let plain = Neighbours::default();
    // .45 and .55 are equally near to .50, although .50 - .45 and .55 - .50 differ in the last bit.
    close(&weights(plain), &[1.0, 1.0, 0.5, 0.5, 1.0, 0.0], 1e-15);
    close(&weights(Neighbours { ties: false, ..plain }), &[1.0, 1.0, 1.0, 0.0, 1.0, 0.0], 1e-15);
    close(&weights(Neighbours { count: 2, ..plain }), &[1.0, 1.0, 1.0, 0.5, 0.5, 0.0], 1e-15);
    close(&weights(Neighbours { caliper: Some(0.03), ..plain }), &[0.0, 1.0, 0.0, 0.0, 1.0, 0.0], 1e-15);
    // Two rounds without replacement: .50 takes .45, .30 takes .32, then .50 takes .55, .30 takes .10.
    let once = Neighbours { count: 2, replacement: false, ..plain };
    close(&weights(once), &[1.0, 1.0, 0.5, 0.5, 0.5, 0.5], 1e-15);
    let once = Neighbours { count: 1, replacement: false, caliper: Some(0.01), ..plain };
    let problem = matched(sample, Method::Nearest(once), Some(&p), false, &[]).unwrap_err();
    assert_eq!(problem.id, "E862");
    // Kernel by hand: .50 sees .45 and .55 at u = .5 of .1; .30 sees .32 at u = .2.
    let kernel = matched(sample, Method::Kernel(0.1), Some(&p), false, &[]).unwrap();
    close(&kernel.weights, &[1.0, 1.0, 0.5, 0.5, 1.0, 0.0], 1e-12);
    let kernel = matched(sample, Method::Kernel(0.16), Some(&p), false, &[]).unwrap();
    let k = |d: f64| 1.0 - (d / 0.16).powi(2);
    let (near, far) = (k(0.02), k(0.15));
    let wanted = [1.0, 1.0, 0.5 + far / (near + far), 0.5, near / (near + far), 0.0];
    close(&kernel.weights, &wanted, 1e-12);
}

#[test]
fn weights_add_up_and_do_not_depend_on_order_or_units() {
    let toy = toy();
    let methods = [
        nearest(1, None),
        nearest(4, Some(0.1)),
        Method::Nearest(Neighbours { replacement: false, caliper: Some(0.1), ..Neighbours::default() }),
        Method::Radius(0.08),
        Method::Kernel(0.06),
        Method::Mahalanobis(Neighbours { count: 2, ..Neighbours::default() }),
        Method::Entropy(1),
    ];
    let order: Vec<usize> = (0..60).map(|i| (i * 37 + 11) % 60).collect();
    let moved = Toy {
        treated: order.iter().map(|&i| toy.treated[i]).collect(),
        x: [0, 1, 2].map(|j| order.iter().map(|&i| 1e3 * toy.x[j][i] - 40.0).collect()),
    };
    for method in methods {
        let found = toy.matched(method, true);
        let sum = |side: bool| (0..60).filter(|&i| toy.treated[i] == side).map(|i| found.weights[i]).sum::<f64>();
        assert!((sum(true) - sum(false)).abs() < 1e-10, "{method:?}");
        for i in 0..60 {
            assert_eq!(found.weights[i] > 0.0, found.status[i] == Status::Matched, "{method:?} {i}");
        }
        let again = moved.matched(method, true);
        let back: Vec<f64> = order.iter().map(|&i| found.weights[i]).collect();
        close(&again.weights, &back, 1e-7);
    }
}

#[test]
fn options_and_samples_without_sense_are_refused() {
    let toy = toy();
    let id = |method: Method| toy.with(|s| matched(s, method, Some(&toy.x[2]), false, &[])).unwrap_err().id;
    assert_eq!(id(nearest(0, None)), "E602");
    assert_eq!(id(nearest(1, Some(f64::NAN))), "E602");
    assert_eq!(id(Method::Radius(0.0)), "E602");
    assert_eq!(id(Method::Kernel(-1.0)), "E602");
    assert_eq!(id(Method::Entropy(3)), "E602");
    let nobody = [false; 60];
    let covariates = [("x", &toy.x[0][..])];
    assert_eq!(score(Sample { treated: &nobody, covariates: &covariates }).unwrap_err().id, "E205");
    let flat = [1.0; 60];
    let covariates = [("x", &flat[..])];
    let sample = Sample { treated: &toy.treated, covariates: &covariates };
    let how = Method::Mahalanobis(Neighbours::default());
    assert_eq!(matched(sample, how, None, false, &[]).unwrap_err().id, "E305");
    assert_eq!(score(sample).unwrap().omitted, ["x"]);
}
