//! Multiplier bootstrap of influences (Callaway and Sant'Anna 2021, algorithm 1; R `mboot`).

use rayon::prelude::*;

use super::event::Simulated;
use crate::math::distribution::normal_quantile;
use crate::math::random::stream;

/// Standard errors `IQR / (z.75 - z.25)` of perturbed influences, and the `level` quantile of the largest
/// absolute t statistic, never below the pointwise normal value. Draw `r` is random stream `r` of `seed`.
pub fn bootstrap(influences: &[&[f64]], draws: usize, level: f64, seed: u64) -> Simulated {
    let clusters = influences.iter().map(|influence| influence.len()).max().unwrap_or(0);
    let replications: Vec<Vec<f64>> = (0..draws as u64)
        .into_par_iter()
        .map(|draw| {
            let mut random = stream(seed, draw);
            let signs: Vec<f64> = (0..clusters).map(|_| random.sign()).collect();
            let perturbed = |influence: &&[f64]| influence.iter().zip(&signs).map(|(v, s)| v * s).sum();
            influences.iter().map(perturbed).collect()
        })
        .collect();
    let range = normal_quantile(0.75) - normal_quantile(0.25);
    let std_errors: Vec<Option<f64>> = (0..influences.len())
        .map(|i| {
            let mut column: Vec<f64> = replications.iter().map(|row| row[i]).collect();
            column.sort_unstable_by(f64::total_cmp);
            Some((quantile(&column, 0.75) - quantile(&column, 0.25)) / range).filter(|se| *se > 0.0)
        })
        .collect();
    let largest =
        |row: &Vec<f64>| row.iter().zip(&std_errors).filter_map(|(b, se)| Some(b.abs() / (*se)?)).fold(0.0, f64::max);
    let mut largest: Vec<f64> = replications.iter().map(largest).collect();
    largest.sort_unstable_by(f64::total_cmp);
    let critical = std_errors
        .iter()
        .any(Option::is_some)
        .then(|| quantile(&largest, level).max(normal_quantile(0.5 + level / 2.0)));
    Simulated { std_errors, critical, draws }
}

/// The smallest value with at least the share `p` of `sorted` at or below it (R `quantile`, type 1).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let n = sorted.len();
    sorted.get(((p * n as f64).ceil() as usize).clamp(1, n.max(1)) - 1).copied().unwrap_or(0.0)
}
