//! Random streams: replication `r` of seed `s` is one ChaCha8 stream of its own, so that it is the
//! same on any number of threads, on any machine, and can be run alone.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::distribution::normal_quantile_rational;

/// The random numbers of one replication.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

/// The stream of replication `replication` under `seed`.
pub fn stream(seed: u64, replication: u64) -> Stream {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(replication);
    Stream(generator)
}

impl Stream {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Leaves out the next `words` words of [`Stream::bits`], at no cost.
    pub fn skip(&mut self, words: usize) {
        self.0.set_word_pos(self.0.get_word_pos() + 2 * words as u128);
    }

    /// Uniform on the open interval (0, 1), on a grid of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform on `0..n`, without bias (Lemire 2019, ACM TOMACS 29(1)); 0 when `n` is 0.
    pub fn index(&mut self, n: usize) -> usize {
        let n = n as u64;
        let reject_below = if n == 0 { 0 } else { n.wrapping_neg() % n };
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= reject_below {
                return (product >> 64) as usize;
            }
        }
    }

    /// Puts `items` in random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        let n = items.len();
        self.draw(items, n);
    }

    /// Moves a random sample without replacement to the first `k` places of `pool`, in random order.
    /// The pool stays a permutation of itself, but its order then depends on earlier draws: reset it
    /// where a replication must not depend on the one before.
    pub fn draw<T>(&mut self, pool: &mut [T], k: usize) {
        for i in 0..k.min(pool.len()) {
            let j = i + self.index(pool.len() - i);
            pool.swap(i, j);
        }
    }

    /// `k` distinct numbers of `0..n` in random order (all of them when `k >= n`).
    pub fn sample(&mut self, n: usize, k: usize) -> Vec<u32> {
        let mut pool: Vec<u32> = (0..n as u32).collect();
        self.draw(&mut pool, k);
        pool.truncate(k);
        pool
    }

    /// A standard normal number, by inversion: one uniform each.
    pub fn normal(&mut self) -> f64 {
        normal_quantile_rational(self.uniform())
    }

    /// A chi-squared number with `df` degrees of freedom, whole or not: twice a gamma number of shape `df / 2`, by
    /// rejection (Marsaglia and Tsang 2000, ACM TOMS 26(3)).
    pub fn chi_squared(&mut self, df: f64) -> f64 {
        // Shapes below one are made from one more: gamma(a) = gamma(a + 1) u^(1/a).
        let shape = df / 2.0;
        let (own, power) = if shape < 1.0 { (shape + 1.0, self.uniform().powf(1.0 / shape)) } else { (shape, 1.0) };
        let d = own - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return 2.0 * d * v * power;
            }
        }
    }

    /// +1 or -1 with equal chance (Rademacher).
    pub fn sign(&mut self) -> f64 {
        if self.bits() >> 63 == 0 { 1.0 } else { -1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replication_is_the_same_whenever_it_is_run() {
        let alone: Vec<u64> = (0..5).map(|_| 0).scan(stream(7, 137), |s, _: u64| Some(s.bits())).collect();
        let mut others = stream(7, 136);
        others.bits();
        let mut again = stream(7, 137);
        assert_eq!(alone, (0..5).map(|_| again.bits()).collect::<Vec<_>>());
        assert_ne!(alone[0], stream(7, 138).bits());
        assert_ne!(alone[0], stream(8, 137).bits());
    }

    #[test]
    fn skipping_is_drawing_without_looking() {
        let (mut skipped, mut drawn) = (stream(7, 3), stream(7, 3));
        for words in [0, 1, 31, 500] {
            skipped.skip(words);
            for _ in 0..words {
                drawn.bits();
            }
            assert_eq!(skipped.bits(), drawn.bits());
        }
    }

    #[test]
    fn index_is_uniform_and_in_range() {
        let mut s = stream(1, 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[s.index(7)] += 1;
        }
        // Each count is binomial(70000, 1/7): sd 93; five of them are allowed.
        assert!(counts.iter().all(|&c| c.abs_diff(10_000) < 465), "{counts:?}");
        assert_eq!(s.index(1), 0);
    }

    #[test]
    fn a_sample_has_no_repeats_and_a_shuffle_loses_nothing() {
        let mut s = stream(3, 5);
        let mut drawn = s.sample(285, 41);
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 41);
        let mut deck: Vec<u32> = (0..50).collect();
        s.shuffle(&mut deck);
        assert_ne!(deck, (0..50).collect::<Vec<_>>());
        deck.sort_unstable();
        assert_eq!(deck, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let mut s = stream(11, 0);
        let draws: Vec<f64> = (0..100_000).map(|_| s.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.016, "{mean}");
        assert!((variance - 1.0).abs() < 0.025, "{variance}");
    }

    #[test]
    fn chi_squared_numbers_have_their_mean_variance_and_tail() {
        use super::super::distribution::chi2_quantile;
        for (seed, df) in [0.7, 1.0, 4.0, 30.5].into_iter().enumerate() {
            let mut s = stream(seed as u64, 3);
            let draws: Vec<f64> = (0..50_000).map(|_| s.chi_squared(df)).collect();
            let mean = draws.iter().sum::<f64>() / 5e4;
            // The mean of 50,000 draws has a standard error of sqrt(2 df / 50000); five of them are allowed.
            assert!((mean - df).abs() < 5.0 * (2.0 * df / 5e4).sqrt(), "{df}: {mean}");
            for p in [0.1, 0.5, 0.95] {
                let share = draws.iter().filter(|x| **x <= chi2_quantile(p, df)).count() as f64 / 5e4;
                assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / 5e4_f64).sqrt(), "{df} {p}: {share}");
            }
        }
    }
}
