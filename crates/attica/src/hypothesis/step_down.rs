//! Romano and Wolf's step-down adjustment by a multiplier bootstrap over clusters.

use rayon::prelude::*;

use super::influence::Together;

/// Bootstrap p-values of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct StepDown {
    /// Each test by itself: `(1 + #{|t*| >= |t|}) / (1 + B)`.
    pub unadjusted: Vec<f64>,
    /// Adjusted for all of them, Romano and Wolf (2005, 2016).
    pub adjusted: Vec<f64>,
    /// Draws `B`.
    pub draws: usize,
}

/// Draws that are summed together.
const CHUNK: usize = 512;

/// Step-down p-values (Romano and Wolf 2005, algorithm 4.1; 2016, section 3; Stata `rwolf2`, R `wildrwolf`) of the
/// hypotheses whose t statistics are `statistics`.
///
/// A draw gives every cluster one random sign, the same for all estimates, and the statistic of an estimate is that of
/// the mean of its signed influences: `t* = S / sqrt((Q - S^2/G) G/(G-1))`, `S` their sum, `Q` the sum of squares, `G`
/// the clusters that the estimate uses. The null is imposed, for influences are about the estimate. Hypotheses are
/// ordered by `|t|`; each is compared with the largest `|t*|` of itself and all after it, and no p-value is smaller
/// than one before it.
///
/// Draw `r` is random stream `r` of `seed`; the same bytes for any number of threads, and memory does not grow with
/// `draws`.
pub fn romano_wolf(statistics: &[f64], together: &Together, draws: usize, seed: u64) -> StepDown {
    let of = Tests::new(statistics, together);
    let starts: Vec<usize> = (0..draws).step_by(CHUNK).collect();
    let zero = || (vec![0_u64; statistics.len()], vec![0_u64; statistics.len()]);
    let (single, joint) = starts
        .into_par_iter()
        .map(|start| of.count(together, start..draws.min(start + CHUNK), seed))
        .reduce(zero, |a, b| (add(a.0, &b.0), add(a.1, &b.1)));
    let share = |count: u64| (1 + count) as f64 / (1 + draws) as f64;
    let mut adjusted = vec![0.0; statistics.len()];
    let mut least = 0.0_f64;
    for &i in &of.order {
        least = least.max(share(joint[i]));
        adjusted[i] = least;
    }
    StepDown { unadjusted: single.into_iter().map(share).collect(), adjusted, draws }
}

struct Tests {
    statistics: Vec<f64>,
    /// From the largest statistic to the smallest.
    order: Vec<usize>,
    squares: Vec<f64>,
    clusters: Vec<f64>,
}

impl Tests {
    fn new(statistics: &[f64], together: &Together) -> Self {
        let covariance = together.influences.covariance();
        let statistics: Vec<f64> = statistics.iter().map(|t| t.abs()).collect();
        let mut order: Vec<usize> = (0..statistics.len()).collect();
        order.sort_by(|&a, &b| statistics[b].total_cmp(&statistics[a]));
        Self {
            statistics,
            order,
            squares: covariance.diagonal().iter().copied().collect(),
            clusters: together.clusters.iter().map(|g| *g as f64).collect(),
        }
    }

    /// How often each statistic is reached by its own draw, and by the largest of those that step down with it.
    fn count(&self, together: &Together, draws: std::ops::Range<usize>, seed: u64) -> (Vec<u64>, Vec<u64>) {
        let sums = together.influences.draws_between(draws, seed);
        let mut single = vec![0; self.statistics.len()];
        let mut joint = single.clone();
        for column in sums.column_iter() {
            let mut largest = 0.0_f64;
            for &i in self.order.iter().rev() {
                let drawn = self.statistic(i, column[i]);
                // What is equal but for rounding counts as reached.
                let reached = |drawn: f64| u64::from(drawn >= self.statistics[i] * (1.0 - 1e-12));
                largest = largest.max(drawn);
                single[i] += reached(drawn);
                joint[i] += reached(largest);
            }
        }
        (single, joint)
    }

    fn statistic(&self, i: usize, sum: f64) -> f64 {
        let (q, g) = (self.squares[i], self.clusters[i]);
        let spread = (q - sum * sum / g) * g / (g - 1.0);
        // All signs alike leave no spread: no statistic is larger.
        if spread > 1e-14 * q { sum.abs() / spread.sqrt() } else { f64::INFINITY }
    }
}

fn add(mut a: Vec<u64>, b: &[u64]) -> Vec<u64> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}
