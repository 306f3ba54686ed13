//! Which controls stand for each treated candidate, and with what share.

use rayon::prelude::*;

use super::Neighbours;
use super::distance::Whitened;

/// Distances that differ by less than this are equal: scores are known to rounding only.
const TIE: f64 = 1e-10;

/// Controls of one treated candidate with their shares, which sum to 1.
type Matches = Vec<(u32, f64)>;

/// Controls in order of their score.
struct Sorted {
    score: Vec<f64>,
    of: Vec<u32>,
}

impl Sorted {
    fn new(score: &[f64], controls: &[usize]) -> Self {
        let mut of: Vec<u32> = controls.iter().map(|&i| i as u32).collect();
        of.sort_by(|&a, &b| score[a as usize].total_cmp(&score[b as usize]).then(a.cmp(&b)));
        Self { score: of.iter().map(|&i| score[i as usize]).collect(), of }
    }

    /// Positions whose score lies within `radius` of `at`.
    fn within(&self, at: f64, radius: f64) -> std::ops::Range<usize> {
        self.score.partition_point(|s| *s < at - radius)..self.score.partition_point(|s| *s <= at + radius)
    }

    /// Distance of the `count`-th nearest control.
    fn distance(&self, at: f64, count: usize) -> f64 {
        let mut above = self.score.partition_point(|s| *s < at);
        let mut below = above;
        let mut last = f64::INFINITY;
        for _ in 0..count.min(self.score.len()) {
            let up = self.score.get(above).map_or(f64::INFINITY, |s| s - at);
            let down = if below > 0 { at - self.score[below - 1] } else { f64::INFINITY };
            if up <= down {
                last = up;
                above += 1;
            } else {
                last = down;
                below -= 1;
            }
        }
        last
    }
}

/// Nearest neighbours by score.
pub(super) fn by_score(score: &[f64], treated: &[usize], controls: &[usize], how: Neighbours) -> Vec<Matches> {
    if !how.replacement {
        let order = by_descending(treated, score);
        return once(treated, controls, &order, how, |i, j| (score[i] - score[j]).abs());
    }
    let sorted = Sorted::new(score, controls);
    treated
        .par_iter()
        .map(|&i| {
            let reach = sorted.distance(score[i], how.count) + TIE;
            let reach = how.caliper.map_or(reach, |caliper| reach.min(caliper + TIE));
            let near = sorted.within(score[i], reach).map(|at| (sorted.of[at], (sorted.score[at] - score[i]).abs()));
            shares(near.collect(), how)
        })
        .collect()
}

/// All controls within `width` of the score, by the kernel of their distance over it.
pub(super) fn within(
    score: &[f64],
    treated: &[usize],
    controls: &[usize],
    width: f64,
    kernel: impl Fn(f64) -> f64 + Sync,
) -> Vec<Matches> {
    let sorted = Sorted::new(score, controls);
    treated
        .par_iter()
        .map(|&i| {
            let weight = |at: usize| (sorted.of[at], kernel((sorted.score[at] - score[i]) / width).max(0.0));
            let all: Matches = sorted.within(score[i], width).map(weight).filter(|(_, w)| *w > 0.0).collect();
            let total: f64 = all.iter().map(|(_, w)| w).sum();
            all.into_iter().map(|(j, w)| (j, w / total)).collect()
        })
        .collect()
}

/// Nearest neighbours by Mahalanobis distance.
pub(super) fn by_distance(space: &Whitened, treated: &[usize], controls: &[usize], how: Neighbours) -> Vec<Matches> {
    if !how.replacement {
        let first = treated.to_vec();
        return once(treated, controls, &first, how, |i, j| space.distance(i, j));
    }
    treated
        .par_iter()
        .map(|&i| {
            let mut all: Vec<(u32, f64)> = controls.iter().map(|&j| (j as u32, space.distance(i, j))).collect();
            let place = how.count.min(all.len()) - 1;
            let (_, &mut (_, reach), _) = all.select_nth_unstable_by(place, |a, b| a.1.total_cmp(&b.1));
            let reach = how.caliper.map_or(reach, |caliper| reach.min(caliper)) + TIE;
            shares(all.into_iter().filter(|(_, d)| *d <= reach).collect(), how)
        })
        .collect()
}

/// Equal shares of controls that are near enough; without ties of the first `count` by distance and order.
fn shares(mut near: Vec<(u32, f64)>, how: Neighbours) -> Matches {
    near.sort_by_key(|(control, _)| *control);
    if !how.ties && near.len() > how.count {
        // Equal up to rounding is equal, so that order decides among them.
        let mut rest = near;
        near = Vec::with_capacity(how.count);
        for _ in 0..how.count {
            let least = rest.iter().map(|(_, d)| *d).fold(f64::INFINITY, f64::min);
            let Some(at) = rest.iter().position(|(_, d)| *d <= least + TIE) else { break };
            near.push(rest.remove(at));
        }
    }
    let share = 1.0 / near.len() as f64;
    near.into_iter().map(|(j, _)| (j, share)).collect()
}

/// Treated candidates by descending score, those that are hardest to match first; equal ones in order.
fn by_descending(treated: &[usize], score: &[f64]) -> Vec<usize> {
    let mut order = treated.to_vec();
    order.sort_by(|&a, &b| score[b].total_cmp(&score[a]).then(a.cmp(&b)));
    order
}

/// Without replacement: treated candidates take turns in `order`, each the nearest control that is left, in as many
/// rounds as there are neighbours.
fn once(
    treated: &[usize],
    controls: &[usize],
    order: &[usize],
    how: Neighbours,
    distance: impl Fn(usize, usize) -> f64,
) -> Vec<Matches> {
    let mut free = controls.to_vec();
    let mut taken: Vec<Vec<u32>> = vec![Vec::new(); treated.len()];
    for _ in 0..how.count {
        for &i in order {
            let Ok(place) = treated.binary_search(&i) else { continue };
            let (mut best, mut at) = (how.caliper.map_or(f64::INFINITY, |c| c + 2.0 * TIE), None);
            for (position, &j) in free.iter().enumerate() {
                let d = distance(i, j);
                if d < best - TIE {
                    (best, at) = (d, Some(position));
                }
            }
            if let Some(at) = at {
                taken[place].push(free.remove(at) as u32);
            }
        }
    }
    taken.into_iter().map(|of| of.iter().map(|&j| (j, 1.0 / of.len() as f64)).collect()).collect()
}
