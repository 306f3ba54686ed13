//! Influences of clusters on many estimates at once, their covariance, and their multiplier bootstrap
//! (Callaway and Sant'Anna 2021, algorithm 1; R `did::mboot`, `BMisc::multiplier_bootstrap`).
//!
//! Influences are sums over a cluster divided by the sample size (small-sample factor included, if there
//! is one), so that the product of two of them is a covariance. They are linear in a few features of each
//! cluster: both the covariance and every draw need the features only, however many estimates there are.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::math::cross::{cross_products, dot};
use crate::math::random::{Stream, stream};
use crate::math::signs::{LANES, Lanes, WORD, add_word};

/// Clusters that share features; no cluster is in two blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Features, each with one value for every cluster of the block.
    pub features: Vec<Vec<f64>>,
    /// Influence on each estimate (row) of one unit of each feature (column).
    pub loads: DMatrix<f64>,
}

/// Influences of all clusters on all estimates.
#[derive(Clone, Debug, PartialEq)]
pub struct Influences {
    /// Number of estimates.
    pub estimates: usize,
    /// Clusters by block.
    pub blocks: Vec<Block>,
}

/// Where features nearly cancel in an estimate, its variance is rounding: below this share of what they would add up to
/// it is summed cluster by cluster.
const CANCELLED: f64 = 1e-6;
/// Random words that are drawn together for one replication.
const WORDS: usize = 32;
/// Parts of a block that are summed apart, then added in order.
const PARTS: usize = 8;

impl Block {
    /// A block whose features are the influences on the estimates `columns`.
    pub fn of_columns(estimates: usize, columns: &[usize], features: Vec<Vec<f64>>) -> Self {
        let mut loads = DMatrix::zeros(estimates, features.len());
        for (feature, &column) in columns.iter().enumerate() {
            loads[(column, feature)] = 1.0;
        }
        Self { features, loads }
    }

    /// Covariance of the estimates, and what their variances would add up to if features never cancelled.
    fn covariance(&self) -> (DMatrix<f64>, DVector<f64>) {
        let features: Vec<&[f64]> = self.features.iter().map(Vec::as_slice).collect();
        let cross = cross_products(&features, None);
        let parts = self.loads.abs() * cross.map_diagonal(f64::sqrt);
        (&self.loads * cross * self.loads.transpose(), parts.component_mul(&parts))
    }

    /// Covariance of an estimate of which the influence is `own` with all of them.
    fn covariance_with(&self, own: &[f64]) -> DVector<f64> {
        let products = self.features.iter().map(|feature| dot(feature, own));
        &self.loads * DVector::from_iterator(self.features.len(), products)
    }

    /// Influence of each cluster on the combination `loads` of the estimates.
    fn combined(&self, loads: &[f64]) -> Vec<f64> {
        let mut combined = vec![0.0; self.clusters()];
        for (feature, values) in self.features.iter().enumerate() {
            let own: f64 = loads.iter().enumerate().map(|(row, load)| load * self.loads[(row, feature)]).sum();
            if own != 0.0 {
                combined.iter_mut().zip(values).for_each(|(sum, value)| *sum += own * value);
            }
        }
        combined
    }

    /// Clusters of the block.
    pub fn clusters(&self) -> usize {
        self.features.first().map_or(0, Vec::len)
    }
}

impl Influences {
    /// Influences at hand cluster by cluster, one estimate each.
    pub fn of_columns(influences: &[&[f64]]) -> Self {
        let columns: Vec<usize> = (0..influences.len()).filter(|&column| !influences[column].is_empty()).collect();
        let features = columns.iter().map(|&column| influences[column].to_vec()).collect();
        Self { estimates: influences.len(), blocks: vec![Block::of_columns(influences.len(), &columns, features)] }
    }

    /// Influence of every cluster, block by block, on the combination `loads` of the estimates.
    pub fn combined(&self, loads: &[f64]) -> Vec<f64> {
        self.blocks.iter().flat_map(|block| block.combined(loads)).collect()
    }

    /// Variance of one estimate.
    pub fn variance(&self, estimate: usize) -> f64 {
        let of = |block: &Block| {
            let loads = block.loads.row(estimate);
            let mut loaded = (0..loads.len()).filter(|feature| loads[*feature] != 0.0);
            if let (Some(one), None) = (loaded.next(), loaded.next()) {
                return loads[one] * loads[one] * dot(&block.features[one], &block.features[one]);
            }
            let unit: Vec<f64> = (0..self.estimates).map(|j| f64::from(u8::from(j == estimate))).collect();
            let influence = block.combined(&unit);
            dot(&influence, &influence)
        };
        self.blocks.iter().map(of).sum()
    }

    /// Covariance of the estimates.
    pub fn covariance(&self) -> DMatrix<f64> {
        let mut total = DMatrix::zeros(self.estimates, self.estimates);
        let mut parts = DVector::zeros(self.estimates);
        for (covariance, own) in self.blocks.iter().map(Block::covariance) {
            total += covariance;
            parts += own;
        }
        let lost: Vec<usize> = (0..self.estimates).filter(|&j| total[(j, j)] < CANCELLED * parts[j]).collect();
        let unit = |own: usize| (0..self.estimates).map(|j| f64::from(u8::from(j == own))).collect::<Vec<f64>>();
        let influences: Vec<Vec<f64>> = lost.par_iter().map(|&own| self.combined(&unit(own))).collect();
        for (&own, influence) in lost.iter().zip(&influences) {
            let (mut rest, mut with) = (&influence[..], DVector::zeros(self.estimates));
            for block in &self.blocks {
                let (members, after) = rest.split_at(block.clusters());
                with += block.covariance_with(members);
                rest = after;
            }
            total.set_row(own, &with.transpose());
            total.set_column(own, &with);
        }
        for (&j, one) in lost.iter().zip(&influences) {
            lost.iter().zip(&influences).for_each(|(&k, other)| total[(j, k)] = dot(one, other));
        }
        total
    }

    /// Sums of influences times random signs (Rademacher), estimates by draws. The signs of draw `r` are the
    /// bits of random stream `r` of `seed`, 64 clusters a word (a set bit is -1); each block begins a word.
    pub fn draws(&self, draws: usize, seed: u64) -> DMatrix<f64> {
        self.draws_between(0..draws, seed)
    }

    /// Those of [`Influences::draws`] whose numbers are in `draws`.
    pub fn draws_between(&self, draws: Range<usize>, seed: u64) -> DMatrix<f64> {
        let mut total = DMatrix::zeros(self.estimates, draws.len());
        let mut first_word = 0;
        for block in &self.blocks {
            total += &block.loads * signed_sums(&block.features, block.clusters(), first_word, draws.clone(), seed);
            first_word += block.clusters().div_ceil(WORD);
        }
        total
    }
}

/// Sums of each feature over clusters under the signs of each draw, features by draws.
fn signed_sums(
    features: &[Vec<f64>],
    clusters: usize,
    first_word: usize,
    numbers: Range<usize>,
    seed: u64,
) -> DMatrix<f64> {
    let draws = numbers.len();
    let words = clusters.div_ceil(WORD);
    let length = words.div_ceil(PARTS).next_multiple_of(WORDS);
    let starts: Vec<usize> = (0..words).step_by(length.max(1)).collect();
    let parts: Vec<Vec<Vec<Lanes>>> = starts
        .par_iter()
        .map(|&start| {
            let mut streams: Vec<Stream> = numbers
                .clone()
                .map(|draw| {
                    let mut stream = stream(seed, draw as u64);
                    stream.skip(first_word + start);
                    stream
                })
                .collect();
            let mut sums = vec![vec![[0.0; LANES]; draws]; features.len().div_ceil(LANES)];
            let mut bits = vec![0; WORDS * draws];
            for from in (start..words.min(start + length)).step_by(WORDS) {
                let count = WORDS.min(words - from);
                for (draw, stream) in streams.iter_mut().enumerate() {
                    for word in 0..count {
                        bits[word * draws + draw] = stream.bits();
                    }
                }
                for (sums, features) in sums.iter_mut().zip(features.chunks(LANES)) {
                    for word in 0..count {
                        add_word(sums, features, (from + word) * WORD, &bits[word * draws..][..draws]);
                    }
                }
            }
            sums
        })
        .collect();
    let of = |feature: usize, draw: usize| parts.iter().map(|sums| sums[feature / LANES][draw][feature % LANES]).sum();
    DMatrix::from_fn(features.len(), draws, of)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn random(columns: usize, clusters: usize) -> Vec<Vec<f64>> {
        let mut s = stream(3, 0);
        (0..columns).map(|_| (0..clusters).map(|_| s.normal()).collect()).collect()
    }

    /// Two blocks: identity loads, and estimates that are sums of features.
    fn example() -> Influences {
        let loads = DMatrix::from_fn(11, 3, |i, j| (i as f64 - 4.0) * (j as f64 + 1.0));
        let columns: Vec<usize> = (0..11).collect();
        let blocks = vec![Block::of_columns(11, &columns, random(11, 3_333)), Block { features: random(3, 70), loads }];
        Influences { estimates: 11, blocks }
    }

    #[test]
    fn draws_are_sums_with_the_signs_of_their_streams() {
        let influences = example();
        let draws = influences.draws(5, 9);
        for r in 0..5 {
            let mut random = stream(9, r as u64);
            let mut naive = [0.0; 11];
            for block in &influences.blocks {
                let mut word = 0;
                for cluster in 0..block.clusters() {
                    word = if cluster % 64 == 0 { random.bits() } else { word >> 1 };
                    let sign = if word & 1 == 0 { 1.0 } else { -1.0 };
                    for (estimate, sum) in naive.iter_mut().enumerate() {
                        for (feature, values) in block.features.iter().enumerate() {
                            *sum += sign * block.loads[(estimate, feature)] * values[cluster];
                        }
                    }
                }
            }
            for (estimate, by_hand) in naive.iter().enumerate() {
                assert!((draws[(estimate, r)] - by_hand).abs() < 1e-12 * 6_000.0, "{estimate} {r}");
            }
        }
    }

    #[test]
    fn draws_have_the_analytical_covariance() {
        let influences = example();
        let (draws, count) = (influences.draws(20_000, 1), 20_000.0);
        let covariance = influences.covariance();
        let simulated = &draws * draws.transpose() / count;
        for i in 0..11 {
            for j in 0..11 {
                let scale = (covariance[(i, i)] * covariance[(j, j)]).sqrt();
                // The Monte Carlo error of a correlation from 20,000 draws is at most .01; five of them are allowed.
                assert!((simulated[(i, j)] - covariance[(i, j)]).abs() < 0.05 * scale, "{i} {j}");
            }
        }
    }

    /// The third estimate is the small difference of two large features.
    #[test]
    fn variances_survive_features_that_cancel() {
        let noise = random(2, 5_000);
        let near = noise[0].iter().zip(&noise[1]).map(|(x, small)| x + 1e-7 * small).collect();
        let loads = DMatrix::from_row_slice(3, 2, &[1.0, 0.0, 0.0, 1.0, 1.0, -1.0]);
        let influences =
            Influences { estimates: 3, blocks: vec![Block { features: vec![near, noise[0].clone()], loads }] };
        let columns: Vec<Vec<f64>> = (0..3)
            .map(|own| influences.combined(&(0..3).map(|j| f64::from(u8::from(j == own))).collect::<Vec<f64>>()))
            .collect();
        let covariance = influences.covariance();
        for i in 0..3 {
            for j in 0..3 {
                let by_hand: f64 = columns[i].iter().zip(&columns[j]).map(|(x, y)| x * y).sum();
                let scale = (covariance[(i, i)] * covariance[(j, j)]).sqrt();
                assert!((covariance[(i, j)] - by_hand).abs() < 1e-12 * scale, "{i} {j}");
            }
        }
        let exact: f64 = noise[1].iter().map(|x| 1e-14 * x * x).sum();
        assert!((covariance[(2, 2)] / exact - 1.0).abs() < 1e-8);
    }

    #[test]
    fn draws_do_not_depend_on_threads_or_on_their_number() {
        let influences = example();
        let at = |threads, draws| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| influences.draws(draws, 5))
        };
        let many = at(8, 100);
        assert_eq!(many, at(1, 100));
        assert_eq!(many.columns(0, 7), at(2, 7).columns(0, 7));
        assert_eq!(many.columns(30, 20), influences.draws_between(30..50, 5).columns(0, 20));
    }
}
