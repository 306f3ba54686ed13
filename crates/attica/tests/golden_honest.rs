//! Sensitivity intervals against the Python port moderndid 0.4.1 of HonestDiD.
//!
//! `create_sensitivity_results_sm` and `create_sensitivity_results_rm` with `grid_points=601` around the interval: the
//! last number of a row is the step of that grid, by which the reference is shorter at each end. Its least favourable
//! critical values come from 1,000 draws, which moves ends by up to a tenth of a standard error.
#![allow(clippy::unwrap_used)]

mod support;

use attica::diagnostic::honest::{Coefficients, Method as M, Options, Sensitivity, Set as S, Shape as H, sensitivity};
use nalgebra::{DMatrix, DVector};
use support::json;

type Golden = (S, H, f64, M, f64, f64, f64);

/// The made-up event study of the goldens: `estimate_i = .01 (7i mod 5 - 2)`, plus `.12 + .03 t` after the reference;
/// standard errors `.02 + .004 |t|`, correlations `.6^|i - j|`.
fn made_up(pre: usize, post: usize) -> Coefficients {
    let times: Vec<f64> = (0..pre).map(|i| i as f64 - pre as f64).chain((1..=post).map(|i| i as f64)).collect();
    let error = |i: usize| 0.02 + 0.004 * times[i].abs();
    let effect = |i: usize| if times[i] > 0.0 { 0.12 + 0.03 * times[i] } else { 0.0 };
    let size = pre + post;
    Coefficients {
        estimate: DVector::from_fn(size, |i, _| 0.01 * ((7 * i) as f64 % 5.0 - 2.0) + effect(i)),
        covariance: DMatrix::from_fn(size, size, |i, j| error(i) * error(j) * 0.6_f64.powi(i.abs_diff(j) as i32)),
        pre,
        target: first(post),
    }
}

/// An event study that R HonestDiD ships: Benzarti and Carloni (2019) or Lovenheim and Willen (2019).
fn shipped(name: &str, pre: usize) -> Option<Coefficients> {
    let data = &json("honestdid_bc_lw/event_studies.json")?[name];
    let size = data["betahat"].as_array().unwrap().len();
    Some(Coefficients {
        estimate: DVector::from_fn(size, |i, _| data["betahat"][i].as_f64().unwrap()),
        covariance: DMatrix::from_fn(size, size, |i, j| data["sigma"][i][j].as_f64().unwrap()),
        pre,
        target: first(size - pre),
    })
}

fn first(post: usize) -> Vec<f64> {
    (0..post).map(|t| if t == 0 { 1.0 } else { 0.0 }).collect()
}

fn average(mut coefficients: Coefficients) -> Coefficients {
    let share = 1.0 / coefficients.target.len() as f64;
    coefficients.target.fill(share);
    coefficients
}

fn ask(coefficients: &Coefficients, set: S, shape: H, method: M, m: f64) -> Sensitivity {
    let options = Options { shape, method: Some(method), sizes: Some(vec![m]), ..Options::new(set) };
    sensitivity(coefficients, &options).unwrap()
}

fn check(coefficients: &Coefficients, golden: &[Golden]) {
    for &(set, shape, m, method, low, high, step) in golden {
        let found = ask(coefficients, set, shape, method, m);
        let noise = match method {
            M::FixedLength => 2e-6,
            M::Conditional => 1e-6,
            // Far from the estimate, where moments are noisier than the target, noise grows with the interval.
            M::LeastFavourable => (0.1 * coefficients.error()).max(0.005 * (high - low)),
        };
        let interval = &found.intervals[0];
        for (ours, theirs) in [(interval.conf_low.unwrap(), low), (interval.conf_high.unwrap(), high)] {
            let case = format!("{set:?} {shape:?} {m} {method:?}: {interval:?}, not {low} {high}");
            assert!((ours - theirs).abs() <= 1.02 * step + noise, "{case}");
        }
    }
}

#[test]
fn three_leads_and_two_effects() {
    check(&made_up(3, 2), THREE_TWO_MANY_DRAWS);
    check(&made_up(3, 2), THREE_TWO_FIRST);
    check(&average(made_up(3, 2)), THREE_TWO_AVERAGE);
}

#[test]
fn one_lead_and_six_effects() {
    check(&made_up(1, 6), ONE_SIX_FIRST);
}

#[test]
fn one_effect_needs_no_nuisance_parameters() {
    // Not the conditional tests of smoothness, to which the reference then adds the bends before the reference period.
    check(&made_up(2, 1), TWO_ONE_FIRST);
}

/// Without conditional tests with a shape for the average, where the reference's grid ends before the values that its
/// own test accepts do.
#[test]
fn benzarti_and_carloni() {
    let Some(coefficients) = shipped("BC", 4) else { return };
    check(&coefficients, BC_FIRST);
    check(&average(coefficients.clone()), BC_AVERAGE);
    // The numbers of the data's own golden file, which R HonestDiD agrees with to 5e-5.
    let golden = json("honestdid_bc_lw/golden.json").unwrap();
    for row in golden["BC_smoothness_FLCI_M"].as_array().unwrap() {
        let m = row["M"].as_f64().unwrap();
        let found = &ask(&coefficients, S::Smoothness, H::Any, M::FixedLength, m).intervals[0];
        assert!((found.conf_low.unwrap() - row["lb"].as_f64().unwrap()).abs() < 1e-4);
        assert!((found.conf_high.unwrap() - row["ub"].as_f64().unwrap()).abs() < 1e-4);
    }
}

#[rustfmt::skip]
const THREE_TWO_FIRST: &[Golden] = &[
    (S::Smoothness, H::Any, 0.0, M::Conditional, 0.076053, 0.243947, 0.000333),
    (S::Smoothness, H::Any, 0.0, M::LeastFavourable, 0.076720, 0.243280, 0.000333),
    (S::Smoothness, H::Any, 0.0, M::FixedLength, 0.069132, 0.168947, 0.000000),
    (S::Smoothness, H::Any, 0.05, M::Conditional, 0.036740, 0.283260, 0.000474),
    (S::Smoothness, H::Any, 0.05, M::LeastFavourable, 0.036740, 0.283260, 0.000474),
    (S::Smoothness, H::Any, 0.05, M::FixedLength, 0.039368, 0.280632, 0.000000),
    (S::Smoothness, H::PositiveBias, 0.0, M::Conditional, 0.076030, 0.193197, 0.000230),
    (S::Smoothness, H::PositiveBias, 0.05, M::Conditional, 0.036727, 0.186585, 0.000280),
    (S::Smoothness, H::NegativeBias, 0.0, M::Conditional, 0.092158, 0.243878, 0.000299),
    (S::Smoothness, H::NegativeBias, 0.05, M::Conditional, 0.096619, 0.283102, 0.000353),
    (S::Smoothness, H::Increasing, 0.0, M::Conditional, 0.076030, 0.193197, 0.000230),
    (S::Smoothness, H::Increasing, 0.05, M::Conditional, 0.036727, 0.186585, 0.000280),
    (S::Smoothness, H::Decreasing, 0.0, M::Conditional, 0.092158, 0.243878, 0.000299),
    (S::Smoothness, H::Decreasing, 0.05, M::Conditional, 0.096619, 0.283102, 0.000353),
    (S::RelativeMagnitudes, H::Any, 1.0, M::Conditional, 0.064094, 0.230595, 0.000328),
    (S::RelativeMagnitudes, H::Any, 1.0, M::LeastFavourable, 0.063438, 0.231251, 0.000328),
    (S::RelativeMagnitudes, H::PositiveBias, 1.0, M::Conditional, 0.062622, 0.243779, 0.000355),
    (S::RelativeMagnitudes, H::NegativeBias, 1.0, M::Conditional, -0.084294, 0.232602, 0.000629),
    (S::RelativeMagnitudes, H::Increasing, 1.0, M::Conditional, 0.062622, 0.243779, 0.000355),
    (S::RelativeMagnitudes, H::Decreasing, 1.0, M::Conditional, -0.084294, 0.232602, 0.000629),
    (S::RelativeSmoothness, H::Any, 1.0, M::Conditional, 0.060818, 0.323945, 0.000517),
    (S::RelativeSmoothness, H::Any, 1.0, M::LeastFavourable, 0.059267, 0.324462, 0.000517),
    (S::RelativeSmoothness, H::PositiveBias, 1.0, M::Conditional, 0.059736, 0.244034, 0.000361),
    (S::RelativeSmoothness, H::NegativeBias, 1.0, M::Conditional, 0.091101, 0.324185, 0.000445),
    (S::RelativeSmoothness, H::Increasing, 1.0, M::Conditional, 0.059736, 0.244034, 0.000361),
    (S::RelativeSmoothness, H::Decreasing, 1.0, M::Conditional, 0.091101, 0.324185, 0.000445),
];

#[rustfmt::skip]
const THREE_TWO_AVERAGE: &[Golden] = &[
    (S::Smoothness, H::Any, 0.0, M::Conditional, 0.093044, 0.296956, 0.000405),
    (S::Smoothness, H::Any, 0.0, M::LeastFavourable, 0.094802, 0.295198, 0.000377),
    (S::Smoothness, H::Any, 0.0, M::FixedLength, 0.086966, 0.200120, 0.000000),
    (S::Smoothness, H::Any, 0.05, M::Conditional, 0.008886, 0.381114, 0.000719),
    (S::Smoothness, H::Any, 0.05, M::LeastFavourable, 0.008886, 0.381114, 0.000719),
    (S::Smoothness, H::Any, 0.05, M::FixedLength, 0.009233, 0.380767, 0.000000),
    (S::Smoothness, H::PositiveBias, 0.0, M::Conditional, 0.092905, 0.216945, 0.000237),
    (S::Smoothness, H::PositiveBias, 0.05, M::Conditional, 0.008473, 0.209907, 0.000382),
    (S::Smoothness, H::NegativeBias, 0.0, M::Conditional, 0.118966, 0.297193, 0.000349),
    (S::Smoothness, H::NegativeBias, 0.05, M::Conditional, 0.123661, 0.381496, 0.000489),
    (S::Smoothness, H::Increasing, 0.0, M::Conditional, 0.092849, 0.219415, 0.000251),
    (S::Smoothness, H::Increasing, 0.05, M::Conditional, 0.008473, 0.209525, 0.000382),
    (S::Smoothness, H::Decreasing, 0.0, M::Conditional, 0.118966, 0.297193, 0.000349),
    (S::Smoothness, H::Decreasing, 0.05, M::Conditional, 0.124640, 0.381496, 0.000489),
    (S::RelativeMagnitudes, H::Any, 1.0, M::Conditional, 0.061768, 0.280626, 0.000431),
    (S::RelativeMagnitudes, H::Any, 1.0, M::LeastFavourable, 0.060171, 0.281084, 0.000437),
    (S::RelativeMagnitudes, H::PositiveBias, 1.0, M::Conditional, 0.061457, 0.272268, 0.000411),
    (S::RelativeMagnitudes, H::NegativeBias, 1.0, M::Conditional, -0.044698, 0.281905, 0.000643),
    (S::RelativeMagnitudes, H::Increasing, 1.0, M::Conditional, 0.061099, 0.300159, 0.000471),
    (S::RelativeMagnitudes, H::Decreasing, 1.0, M::Conditional, -0.158992, 0.281958, 0.000875),
    (S::RelativeSmoothness, H::Any, 1.0, M::Conditional, 0.031776, 0.473499, 0.000871),
    (S::RelativeSmoothness, H::Any, 1.0, M::LeastFavourable, 0.029163, 0.473499, 0.000871),
    (S::RelativeSmoothness, H::PositiveBias, 1.0, M::Conditional, 0.031190, 0.272406, 0.000466),
    (S::RelativeSmoothness, H::NegativeBias, 1.0, M::Conditional, 0.117429, 0.473979, 0.000691),
    (S::RelativeSmoothness, H::Increasing, 1.0, M::Conditional, 0.031416, 0.300075, 0.000526),
    (S::RelativeSmoothness, H::Decreasing, 1.0, M::Conditional, 0.115431, 0.473379, 0.000706),
];

#[rustfmt::skip]
const TWO_ONE_FIRST: &[Golden] = &[
    (S::Smoothness, H::Any, 0.0, M::FixedLength, 0.095940, 0.211574, 0.000000),
    (S::Smoothness, H::Any, 0.05, M::FixedLength, 0.049368, 0.290632, 0.000000),
    (S::RelativeMagnitudes, H::Any, 1.0, M::Conditional, 0.099378, 0.250067, 0.000294),
    (S::RelativeMagnitudes, H::Any, 1.0, M::LeastFavourable, 0.097492, 0.251906, 0.000301),
    (S::RelativeMagnitudes, H::PositiveBias, 1.0, M::Conditional, 0.094749, 0.273779, 0.000355),
    (S::RelativeMagnitudes, H::NegativeBias, 1.0, M::Conditional, 0.083712, 0.252274, 0.000334),
    (S::RelativeMagnitudes, H::Increasing, 1.0, M::Conditional, 0.094749, 0.273779, 0.000355),
    (S::RelativeMagnitudes, H::Decreasing, 1.0, M::Conditional, 0.083712, 0.252274, 0.000334),
    (S::RelativeSmoothness, H::Any, 1.0, M::Conditional, 0.065173, 0.313993, 0.000494),
    (S::RelativeSmoothness, H::Any, 1.0, M::LeastFavourable, 0.061717, 0.317942, 0.000494),
    (S::RelativeSmoothness, H::PositiveBias, 1.0, M::Conditional, 0.064680, 0.273675, 0.000411),
    (S::RelativeSmoothness, H::NegativeBias, 1.0, M::Conditional, 0.119655, 0.314381, 0.000388),
    (S::RelativeSmoothness, H::Increasing, 1.0, M::Conditional, 0.064680, 0.273675, 0.000411),
    (S::RelativeSmoothness, H::Decreasing, 1.0, M::Conditional, 0.119655, 0.314381, 0.000388),
];

#[rustfmt::skip]
const BC_FIRST: &[Golden] = &[
    (S::Smoothness, H::Any, 0.0, M::Conditional, 0.210040, 0.327912, 0.000234),
    (S::Smoothness, H::Any, 0.0, M::LeastFavourable, 0.210621, 0.327331, 0.000218),
    (S::Smoothness, H::Any, 0.0, M::FixedLength, 0.131460, 0.216120, 0.000000),
    (S::Smoothness, H::Any, 0.05, M::Conditional, 0.168366, 0.369586, 0.000393),
    (S::Smoothness, H::Any, 0.05, M::LeastFavourable, 0.167973, 0.369979, 0.000393),
    (S::Smoothness, H::Any, 0.05, M::FixedLength, 0.169398, 0.368554, 0.000000),
    (S::Smoothness, H::PositiveBias, 0.0, M::Conditional, 0.194773, 0.249074, 0.000100),
    (S::Smoothness, H::PositiveBias, 0.05, M::Conditional, 0.161249, 0.238304, 0.000148),
    (S::Smoothness, H::NegativeBias, 0.0, M::Conditional, 0.068345, 0.327960, 0.000516),
    (S::Smoothness, H::NegativeBias, 0.05, M::Conditional, 0.146707, 0.369411, 0.000437),
    (S::Smoothness, H::Increasing, 0.0, M::Conditional, 0.194773, 0.249074, 0.000100),
    (S::Smoothness, H::Increasing, 0.05, M::Conditional, 0.161249, 0.238304, 0.000148),
    (S::Smoothness, H::Decreasing, 0.0, M::Conditional, 0.068345, 0.327960, 0.000516),
    (S::Smoothness, H::Decreasing, 0.05, M::Conditional, 0.146707, 0.369411, 0.000437),
    (S::RelativeMagnitudes, H::Any, 1.0, M::Conditional, 0.067567, 0.318216, 0.000497),
    (S::RelativeMagnitudes, H::Any, 1.0, M::LeastFavourable, 0.067070, 0.319210, 0.000497),
    (S::RelativeMagnitudes, H::PositiveBias, 1.0, M::Conditional, 0.067493, 0.338311, 0.000534),
    (S::RelativeMagnitudes, H::NegativeBias, 1.0, M::Conditional, -0.048824, 0.317952, 0.000731),
    (S::RelativeMagnitudes, H::Increasing, 1.0, M::Conditional, 0.067493, 0.338311, 0.000534),
    (S::RelativeMagnitudes, H::Decreasing, 1.0, M::Conditional, -0.048824, 0.317952, 0.000731),
    (S::RelativeSmoothness, H::Any, 1.0, M::Conditional, 0.067669, 0.507388, 0.000869),
    (S::RelativeSmoothness, H::Any, 1.0, M::LeastFavourable, 0.066800, 0.508257, 0.000869),
    (S::RelativeSmoothness, H::PositiveBias, 1.0, M::Conditional, 0.067265, 0.338254, 0.000536),
    (S::RelativeSmoothness, H::NegativeBias, 1.0, M::Conditional, 0.061717, 0.507428, 0.000879),
    (S::RelativeSmoothness, H::Increasing, 1.0, M::Conditional, 0.067265, 0.338254, 0.000536),
    (S::RelativeSmoothness, H::Decreasing, 1.0, M::Conditional, 0.061717, 0.507428, 0.000879),
];

#[rustfmt::skip]
const BC_AVERAGE: &[Golden] = &[
    (S::Smoothness, H::Any, 0.0, M::Conditional, 0.297085, 0.504795, 0.000412),
    (S::Smoothness, H::Any, 0.0, M::LeastFavourable, 0.298492, 0.503388, 0.000384),
    (S::Smoothness, H::Any, 0.0, M::FixedLength, 0.133248, 0.230305, 0.000000),
    (S::Smoothness, H::Any, 0.05, M::Conditional, 0.063872, 0.738008, 0.001317),
    (S::Smoothness, H::Any, 0.05, M::LeastFavourable, 0.063872, 0.738008, 0.001317),
    (S::Smoothness, H::Any, 0.05, M::FixedLength, 0.063575, 0.738305, 0.000000),
    (S::RelativeMagnitudes, H::Any, 1.0, M::Conditional, -0.067659, 0.504463, 0.001144),
    (S::RelativeMagnitudes, H::Any, 1.0, M::LeastFavourable, -0.068803, 0.505607, 0.001144),
    (S::RelativeSmoothness, H::Any, 1.0, M::Conditional, -0.557232, 1.477070, 0.004052),
    (S::RelativeSmoothness, H::Any, 1.0, M::LeastFavourable, -0.561284, 1.473018, 0.004052),
];

#[rustfmt::skip]
const ONE_SIX_FIRST: &[Golden] = &[
    (S::Smoothness, H::Any, 0.0, M::Conditional, 0.046053, 0.213947, 0.000333),
    (S::Smoothness, H::Any, 0.0, M::LeastFavourable, 0.046386, 0.213614, 0.000333),
    (S::Smoothness, H::Any, 0.0, M::FixedLength, 0.045854, 0.214146, 0.000000),
    (S::Smoothness, H::Any, 0.05, M::Conditional, 0.005402, 0.254598, 0.000498),
    (S::Smoothness, H::Any, 0.05, M::LeastFavourable, 0.004904, 0.255096, 0.000498),
    (S::Smoothness, H::Any, 0.05, M::FixedLength, 0.009368, 0.250632, 0.000000),
    (S::Smoothness, H::PositiveBias, 0.0, M::Conditional, 0.046122, 0.197842, 0.000299),
    (S::Smoothness, H::PositiveBias, 0.05, M::Conditional, 0.005402, 0.193210, 0.000365),
    (S::Smoothness, H::NegativeBias, 0.0, M::Conditional, 0.096803, 0.213970, 0.000230),
    (S::Smoothness, H::NegativeBias, 0.05, M::Conditional, 0.103184, 0.254598, 0.000292),
    (S::Smoothness, H::Increasing, 0.0, M::Conditional, 0.046122, 0.197842, 0.000299),
    (S::Smoothness, H::Increasing, 0.05, M::Conditional, 0.005402, 0.193210, 0.000365),
    (S::Smoothness, H::Decreasing, 0.0, M::Conditional, 0.096803, 0.213970, 0.000230),
    (S::Smoothness, H::Decreasing, 0.05, M::Conditional, 0.103184, 0.254598, 0.000292),
    (S::RelativeMagnitudes, H::Any, 1.0, M::Conditional, 0.059358, 0.206622, 0.000288),
    (S::RelativeMagnitudes, H::Any, 1.0, M::LeastFavourable, 0.058783, 0.206910, 0.000288),
    (S::RelativeMagnitudes, H::PositiveBias, 1.0, M::Conditional, 0.057398, 0.374294, 0.000629),
    (S::RelativeMagnitudes, H::NegativeBias, 1.0, M::Conditional, 0.109599, 0.208722, 0.000194),
    (S::RelativeMagnitudes, H::Increasing, 1.0, M::Conditional, 0.056140, 0.374294, 0.000629),
    (S::RelativeMagnitudes, H::Decreasing, 1.0, M::Conditional, 0.107391, 0.209732, 0.000201),
];

/// The same with 20,000 draws instead of 1,000 behind the critical values of the reference.
#[rustfmt::skip]
const THREE_TWO_MANY_DRAWS: &[Golden] = &[
    (S::Smoothness, H::Any, 0.05, M::LeastFavourable, 0.035730, 0.284270, 0.000740),
    (S::Smoothness, H::PositiveBias, 0.05, M::LeastFavourable, 0.035693, 0.186922, 0.000438),
    (S::Smoothness, H::Decreasing, 0.05, M::LeastFavourable, 0.096075, 0.284015, 0.000548),
    (S::RelativeMagnitudes, H::Any, 1.0, M::LeastFavourable, 0.063598, 0.231477, 0.000482),
    (S::RelativeMagnitudes, H::PositiveBias, 1.0, M::LeastFavourable, 0.061965, 0.207548, 0.000437),
    (S::RelativeMagnitudes, H::Decreasing, 1.0, M::LeastFavourable, 0.077990, 0.234020, 0.000452),
];
