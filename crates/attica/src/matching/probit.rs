//! The probit behind Rubin's B and R, by Fisher scoring.

use crate::math::distribution::normal_sf;
use crate::math::triangle::least_squares;

/// Linear predictor of a weighted probit and twice what it adds to the log likelihood of a constant.
pub(super) struct Probit {
    pub predictor: Vec<f64>,
    pub pseudo_r2: f64,
    /// Likelihood ratio against a constant.
    pub lr: f64,
    /// Slopes in it.
    pub slopes: usize,
}

/// Fits treatment by `columns` and a constant; none when the iteration does not settle, as when columns tell the
/// treated apart.
pub(super) fn probit(treated: &[bool], columns: &[&[f64]], weights: &[f64]) -> Option<Probit> {
    let n = treated.len();
    let one = vec![1.0; n];
    let all: Vec<&[f64]> = std::iter::once(&one[..]).chain(columns.iter().copied()).collect();
    let mut predictor = vec![0.0; n];
    for _ in 0..60 {
        let (mut outcome, mut own) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for (i, &e) in predictor.iter().enumerate() {
            let (p, q) = (normal_sf(-e), normal_sf(e));
            let density = (-0.5 * e * e).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let y = f64::from(u8::from(treated[i]));
            outcome.push(e + (y - p) / density);
            own.push(weights[i] * density * density / (p * q));
        }
        let scale: Vec<f64> =
            all.iter().map(|x| x.iter().zip(&own).map(|(x, w)| x * x * w).sum::<f64>().sqrt()).collect();
        let solution = least_squares(&all, &outcome, Some(&own), &scale);
        let mut next = vec![0.0; n];
        for (&j, b) in solution.kept.iter().zip(&solution.coefficients) {
            next.iter_mut().zip(all[j]).for_each(|(e, x)| *e += b * x);
        }
        let change = next.iter().zip(&predictor).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if !change.is_finite() || next.iter().any(|e| e.abs() > 30.0) {
            return None;
        }
        predictor = next;
        if change < 1e-10 {
            let log = |e: f64, t: bool| if t { normal_sf(-e).ln() } else { normal_sf(e).ln() };
            let fitted: f64 = (0..n).map(|i| weights[i] * log(predictor[i], treated[i])).sum();
            let total: f64 = weights.iter().sum();
            let share = (0..n).filter(|&i| treated[i]).map(|i| weights[i]).sum::<f64>() / total;
            let null = total * (share * share.ln() + (1.0 - share) * (1.0 - share).ln());
            let slopes = solution.kept.len() - 1;
            return Some(Probit { predictor, pseudo_r2: 1.0 - fitted / null, lr: 2.0 * (fitted - null), slopes });
        }
    }
    None
}
