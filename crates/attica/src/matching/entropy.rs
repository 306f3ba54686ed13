//! Entropy balancing (Hainmueller 2012): weights of the controls that are as equal as they can be, in the sense of
//! relative entropy, while their moments are those of the treated.

use nalgebra::{DMatrix, DVector};

use super::Sample;
use crate::math::triangle::least_squares;
use crate::message::{Problem, Result};

/// Steps of Newton's method; feasible problems need about ten.
const STEPS: usize = 200;
/// Largest gap between moments, in standard deviations, that ends the iteration.
const BALANCED: f64 = 1e-12;
/// Largest gap that counts as balanced when no step improves any more.
const ENOUGH: f64 = 1e-9;

/// One moment to be balanced, over the controls, less its value among the treated and over its deviation.
struct Moment {
    of: String,
    gap: Vec<f64>,
}

/// Weights of the controls, in their order; their sum is the number of treated candidates.
///
/// The dual (Hainmueller 2012, eq. 9) is log sum exp(l'c) over the controls with c the moments less their targets; it is
/// convex and smooth, its gradient the gaps under the weights, so Newton's method with halved steps finds the only
/// minimum, if there is one.
///
/// # Errors
/// `E861` when the treated's moments lie outside what weights of the controls can reach.
pub(super) fn balance(sample: Sample<'_>, moments: u8) -> Result<Vec<f64>> {
    let (treated, controls) = (sample.side(true), sample.side(false));
    let all = targets(sample, &treated, &controls, moments);
    // Dependent moments hold when the others do; those that contradict them show in the check at the end.
    let ones = vec![1.0; controls.len()];
    let columns: Vec<&[f64]> = std::iter::once(&ones[..]).chain(all.iter().map(|m| &m.gap[..])).collect();
    let scale: Vec<f64> = columns.iter().map(|c| c.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
    let kept = least_squares(&columns, &ones, None, &scale).kept;
    let kept: Vec<&[f64]> = kept.into_iter().filter(|&j| j > 0).map(|j| columns[j]).collect();

    let weights = newton(&kept, controls.len());
    let gap = |moment: &Moment| moment.gap.iter().zip(&weights).map(|(c, w)| c * w).sum::<f64>();
    let worst = all.iter().map(|m| (gap(m), m)).max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    if let Some((gap, moment)) = worst.filter(|(gap, _)| gap.abs() > ENOUGH || gap.is_nan()) {
        let least = moment.gap.iter().copied().fold(f64::INFINITY, f64::min);
        let most = moment.gap.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let beyond = if least > 0.0 || most < 0.0 {
            "which lies outside all controls' values"
        } else {
            "together with the other moments"
        };
        return Err(Problem::new(
            "E861",
            format!(
                "no weights of the {} controls give the {} of the treated, {beyond}: the nearest weights leave it {:.3} standard deviations away",
                controls.len(),
                moment.of,
                gap.abs()
            ),
        )
        .fix("balance fewer covariates or means only (entropy = 1), leave out treated units that no control resembles, or match instead"));
    }
    Ok(weights.into_iter().map(|w| w * treated.len() as f64).collect())
}

fn targets(sample: Sample<'_>, treated: &[usize], controls: &[usize], moments: u8) -> Vec<Moment> {
    let mut all = Vec::new();
    for (name, x) in sample.covariates {
        let n = treated.len() as f64;
        let mean = treated.iter().map(|&i| x[i]).sum::<f64>() / n;
        let pooled = |power: i32| {
            let own = x.iter().map(|v| (v - mean).powi(2 * power)).sum::<f64>() / x.len() as f64;
            if own > 0.0 { own.sqrt() } else { 1.0 }
        };
        let sd = pooled(1);
        all.push(Moment { of: format!("mean of {name}"), gap: controls.iter().map(|&i| (x[i] - mean) / sd).collect() });
        if moments > 1 {
            // About the treated's mean, which the first moment makes the controls' too: the variance of n - 1 on both
            // sides with weights that sum to n.
            let variance = treated.iter().map(|&i| (x[i] - mean).powi(2)).sum::<f64>() / n;
            let scale = pooled(2);
            let gap = controls.iter().map(|&i| ((x[i] - mean).powi(2) - variance) / scale).collect();
            all.push(Moment { of: format!("variance of {name}"), gap });
        }
    }
    all
}

/// Weights that sum to 1 and bring the columns as near to zero as the iteration gets.
fn newton(columns: &[&[f64]], n: usize) -> Vec<f64> {
    let k = columns.len();
    let mut multipliers = DVector::zeros(k);
    let (mut weights, mut dual) = tilted(columns, &multipliers, n);
    for _ in 0..STEPS {
        let gradient = DVector::from_fn(k, |j, _| columns[j].iter().zip(&weights).map(|(c, w)| c * w).sum::<f64>());
        if gradient.amax() <= BALANCED {
            break;
        }
        let second = DMatrix::from_fn(k, k, |a, b| {
            let cross: f64 = columns[a].iter().zip(columns[b]).zip(&weights).map(|((x, y), w)| x * y * w).sum();
            cross - gradient[a] * gradient[b]
        });
        let Some(step) = second.cholesky().map(|c| c.solve(&gradient)) else { break };
        let slope = gradient.dot(&step);
        let mut length = 1.0;
        let found = loop {
            let next = &multipliers - length * &step;
            let (w, value) = tilted(columns, &next, n);
            // Near the minimum the dual moves by less than rounding and Newton's step is right.
            if value <= dual - 1e-4 * length * slope || (length >= 1.0 && slope < 1e-10 * dual.abs().max(1.0)) {
                break Some((next, w, value));
            }
            length *= 0.5;
            if length < 1e-12 {
                break None;
            }
        };
        let Some((next, w, value)) = found else { break };
        (multipliers, weights, dual) = (next, w, value);
    }
    weights
}

/// Weights exp(l'c) over their sum, and the log of that sum.
fn tilted(columns: &[&[f64]], multipliers: &DVector<f64>, n: usize) -> (Vec<f64>, f64) {
    let mut exponent = vec![0.0; n];
    for (column, l) in columns.iter().zip(multipliers.iter()) {
        exponent.iter_mut().zip(*column).for_each(|(e, c)| *e += l * c);
    }
    let top = exponent.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut weights: Vec<f64> = exponent.iter().map(|e| (e - top).exp()).collect();
    let total: f64 = weights.iter().sum();
    for w in &mut weights {
        *w /= total;
    }
    (weights, top + total.ln())
}
