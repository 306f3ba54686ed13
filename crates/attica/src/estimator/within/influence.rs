//! The influence of clusters on coefficients and on whatever is linear in the outcome.

use rayon::prelude::*;

use super::Within;
use crate::design::Weights;

/// Directions that one pass over the rows serves.
const LANES: usize = 8;

/// Weighted residuals of the used rows, unit by unit, and their sums with covariates by cluster.
#[derive(Default)]
struct Scores {
    /// A row of each pair of period and level that occurs.
    pairs: Vec<u32>,
    /// Pair of each row.
    pair: Vec<u32>,
    cluster: Vec<u32>,
    value: Vec<f64>,
    /// Covariate by covariate, a sum for each cluster.
    x: Vec<Vec<f64>>,
}

impl Within<'_> {
    fn scores(&self) -> Scores {
        let mut scores = Scores { x: vec![vec![0.0; self.rows.clusters]; self.rows.x.len()], ..Scores::default() };
        let periods = self.rows.periods;
        // Periods by levels, the last level standing for none; only pairs that occur get a number.
        let mut number = vec![u32::MAX; periods * (self.levels + 1)];
        let count = self.used.iter().filter(|used| **used).count();
        scores.pair.reserve_exact(count);
        scores.cluster.reserve_exact(count);
        scores.value.reserve_exact(count);
        for unit in 0..self.rows.units {
            for row in self.used_rows(unit) {
                let (cluster, value) = (self.rows.cluster[row], self.rows.weight(row) * self.residuals[row]);
                let level = self.level.get(row).map_or(self.levels, |level| (*level as usize).min(self.levels));
                let slot = &mut number[level * periods + self.rows.time[row] as usize];
                if *slot == u32::MAX {
                    *slot = scores.pairs.len() as u32;
                    scores.pairs.push(row as u32);
                }
                scores.pair.push(*slot);
                scores.cluster.push(cluster);
                scores.value.push(value);
                for k in 0..self.rows.x.len() {
                    scores.x[k][cluster as usize] += value * self.deviation(k, row);
                }
            }
        }
        scores
    }

    /// For every direction `d`, sums over each cluster of `w e z'd`, `z` the row's columns less their unit means and
    /// `e` its residual: with `d` a column of the inverse, the influence of clusters on that coefficient. Residuals of
    /// a unit sum to zero, so unit means matter only where a unit lies in several clusters.
    pub fn influences(&self, directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let scores = self.scores();
        directions.par_chunks(LANES).flat_map_iter(|block| self.influences_of(&scores, block)).collect()
    }

    fn influences_of(&self, scores: &Scores, directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let Scores { pairs, pair, cluster, value, x } = scores;
        let lane = |row: u32, i: usize| directions.get(i).map_or(0.0, |d| self.linear(d, row as usize));
        let table: Vec<[f64; LANES]> = pairs.iter().map(|&row| std::array::from_fn(|i| lane(row, i))).collect();
        let copies = self.rows.copies_of_clusters();
        let mut sums = vec![vec![0.0; self.rows.clusters]; directions.len()];
        // Neighbouring rows mostly share their cluster.
        let mut own = [0.0; LANES];
        let mut last = cluster.first().copied().unwrap_or(0);
        let mut flush = |cluster: u32, own: &mut [f64; LANES]| {
            for (sum, own) in sums.iter_mut().zip(std::mem::take(own)) {
                sum[cluster as usize] += own;
            }
        };
        for ((&pair, &cluster), e) in pair.iter().zip(cluster).zip(value) {
            if cluster != last {
                flush(last, &mut own);
                last = cluster;
            }
            for (own, d) in own.iter_mut().zip(&table[pair as usize]) {
                *own += e * d;
            }
        }
        if !cluster.is_empty() {
            flush(last, &mut own);
        }
        for (direction, sums) in directions.iter().zip(&mut sums) {
            for (k, own) in x.iter().enumerate() {
                let d = direction[self.covariate(k)];
                sums.iter_mut().zip(own).for_each(|(sum, e)| *sum += d * e);
            }
            for unit in self.crossing() {
                let mean = self.mean_of_dummies(direction, unit);
                self.spread(unit, -mean, sums);
            }
            if let Some(copies) = &copies {
                Weights::per_cluster(copies, sums);
            }
        }
        sums
    }

    /// Adds `w e factor` of a unit's used rows to the sums of their clusters.
    fn spread(&self, unit: usize, factor: f64, sums: &mut [f64]) {
        for row in self.used_rows(unit) {
            sums[self.rows.cluster[row] as usize] += self.rows.weight(row) * self.residuals[row] * factor;
        }
    }
}
