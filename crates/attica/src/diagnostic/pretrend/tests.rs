#![allow(clippy::unwrap_used)]
use nalgebra::DMatrix;

use super::*;
use crate::math::distribution::normal_sf;
use crate::math::random::stream;

/// He and Wang (2017), the example that R pretrends ships and prints in its README: three leads, the reference -1, and
/// four effects.
fn he_and_wang() -> Coefficients {
    let estimate = [
        0.06670314818620682,
        -0.007701792288571596,
        -0.03076905384659767,
        0.08403065800666809,
        0.2424418181180954,
        0.21987898647785187,
        0.19109253585338593,
    ];
    let lower = [
        vec![0.008906571194529533],
        vec![0.0044883135706186295, 0.005936916917562485],
        vec![0.0014587024925276637, 0.002750079147517681, 0.00303862476721406],
        vec![0.0012157688615843654, 0.001350585836917162, 0.0009056166163645685, 0.003924740944057703],
        vec![
            0.0020327644888311625,
            0.0014315459411591291,
            0.0006791298510506749,
            0.0025961180217564106,
            0.008065897040069103,
        ],
        vec![
            0.0013225014554336667,
            0.0012067791540175676,
            0.0010167636210098863,
            0.0017326149391010404,
            0.005875375121831894,
            0.007881578989326954,
        ],
        vec![
            0.001961772795766592,
            0.0013847157824784517,
            0.000709014420863241,
            0.0022345525212585926,
            0.0037414359394460917,
            0.0036507095210254192,
            0.00978842657059431,
        ],
    ];
    Coefficients {
        estimate: DVector::from_row_slice(&estimate),
        covariance: DMatrix::from_fn(7, 7, |i, j| lower[i.max(j)][i.min(j)]),
        pre: 3,
        target: vec![1.0, 0.0, 0.0, 0.0],
    }
}

#[test]
fn agrees_with_the_readme_of_pretrends() {
    // `slope_for_power(targetPower = 0.5)` and `pretrends()$df_power`, `$df_eventplot`; mvtnorm's integrals are good to
    // 1e-3 at worst, and 1.96 stands for the quantile.
    let coefficients = he_and_wang();
    let pretest = Pretest::new(&coefficients, 0.05).unwrap();
    let half = pretest.detectable(Test::Individual, 0.5);
    assert!((half.slope - 0.05205871).abs() < 2e-5, "{}", half.slope);
    let line: Vec<f64> = [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0].map(|t| 0.05205871 * t).to_vec();
    let found = pretest.against(Test::Individual, &line);
    assert!((found.power - 0.4999776).abs() < 2e-4);
    assert!((found.bayes_factor - 0.56901).abs() < 3e-4, "{}", found.bayes_factor);
    assert!((found.likelihood_ratio - 0.1057627).abs() < 1e-7, "{}", found.likelihood_ratio);
    let after = [-0.09230764, -0.05555285, -0.02790950, 0.06490184, 0.12084694, 0.16946498, 0.22453827];
    for (ours, theirs) in found.after_passing.iter().zip(after) {
        assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
    }
    // And the quadratic trend .024 t^2.
    let curve: Vec<f64> = [3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 4.0].map(|t: f64| 0.024 * t * t).to_vec();
    let found = pretest.against(Test::Individual, &curve);
    assert!((found.power - 0.6624282).abs() < 2e-4 && (found.bayes_factor - 0.3841516).abs() < 3e-4);
    assert!((found.likelihood_ratio - 0.4332635).abs() < 1e-7);
}

#[test]
fn power_is_what_was_asked_and_grows_with_the_slope() {
    let coefficients = he_and_wang();
    let pretest = Pretest::new(&coefficients, 0.05).unwrap();
    for test in [Test::Individual, Test::Joint] {
        let [half, most] = [0.5, 0.8].map(|target| pretest.detectable(test, target));
        assert!((half.against.power - 0.5).abs() < 1e-7 && (most.against.power - 0.8).abs() < 1e-7);
        assert!(half.slope > 0.0 && most.slope > half.slope);
        assert!((half.against.bias - half.slope).abs() < 1e-12);
    }
    assert_eq!(pretest.detectable(Test::Joint, 0.01).slope, 0.0);
}

#[test]
fn passing_the_joint_test_shrinks_leads_as_draws_do() {
    let coefficients = he_and_wang();
    let pretest = Pretest::new(&coefficients, 0.05).unwrap();
    let violation: Vec<f64> = [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0].map(|t| 0.06 * t).to_vec();
    for test in [Test::Individual, Test::Joint] {
        let found = pretest.against(test, &violation);
        let root = coefficients.covariance.clone().cholesky().unwrap().l();
        let mut random = stream(1, 0);
        let (mut passed, mut sum, draws) = (0.0, DVector::zeros(7), 40_000);
        for _ in 0..draws {
            let z = DVector::from_fn(7, |_, _| random.normal());
            let x = &root * z + DVector::from_column_slice(&violation);
            let before = x.rows(0, 3).into_owned();
            let pass = match test {
                Test::Individual => (0..3).all(|i| x[i].abs() <= 1.959964 * coefficients.covariance[(i, i)].sqrt()),
                Test::Joint => before.dot(&pretest.root.solve(&before)) <= chi2_quantile(0.95, 3.0),
            };
            if pass {
                passed += 1.0;
                sum += x;
            }
        }
        assert!((1.0 - passed / f64::from(draws) - found.power).abs() < 0.01);
        for (mean, ours) in (sum / passed).iter().zip(&found.after_passing) {
            assert!((mean - ours).abs() < 0.004, "{test:?} {mean} {ours}");
        }
    }
}

#[test]
fn one_lead_is_a_t_test_and_noncentral_tails_are_normal_ones() {
    let coefficients = Coefficients {
        estimate: DVector::from_vec(vec![0.1, 0.5]),
        covariance: DMatrix::from_row_slice(2, 2, &[0.04, 0.01, 0.01, 0.09]),
        pre: 1,
        target: vec![1.0],
    };
    let pretest = Pretest::new(&coefficients, 0.05).unwrap();
    let [single, joint] = [Test::Individual, Test::Joint].map(|test| pretest.against(test, &[-0.3, 0.3]));
    let exact = normal_sf(1.959963984540054 - 1.5) + normal_sf(1.959963984540054 + 1.5);
    assert!((single.power - exact).abs() < 1e-12 && (joint.power - exact).abs() < 1e-10);
    assert!((single.after_passing[1] - joint.after_passing[1]).abs() < 1e-5);
}

#[test]
fn singular_leads_are_refused() {
    let coefficients = Coefficients {
        estimate: DVector::from_vec(vec![0.1, 0.1, 0.5]),
        covariance: DMatrix::from_element(3, 3, 1.0),
        pre: 2,
        target: vec![1.0],
    };
    assert_eq!(Pretest::new(&coefficients, 0.05).unwrap_err().id, "E607");
}
