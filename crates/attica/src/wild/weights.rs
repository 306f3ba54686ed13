//! The random weights of a draw, one for each cluster.

use super::WildWeights;
use crate::math::random::{Stream, stream};
use crate::math::signs::WORD;

/// Where draws come from: weights of `groups` clusters under a seed, or all combinations of signs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub weights: WildWeights,
    pub groups: usize,
    pub seed: u64,
    /// Draw r has the signs of the bits of r.
    pub enumerated: bool,
    pub draws: usize,
}

impl Source {
    /// `draws` draws, or all combinations of signs where they are no more than that.
    pub fn new(weights: WildWeights, groups: usize, draws: usize, seed: u64) -> Self {
        let combinations = 1_usize.checked_shl(groups as u32).filter(|_| groups < usize::BITS as usize);
        match combinations.filter(|all| weights == WildWeights::Rademacher && *all <= draws) {
            Some(all) => Self { weights, groups, seed, enumerated: true, draws: all },
            None => Self { weights, groups, seed, enumerated: false, draws },
        }
    }

    /// Random words of a draw.
    pub fn words(&self) -> usize {
        self.groups.div_ceil(WORD)
    }

    /// The signs of draw `number` as bits, 64 clusters a word; a set bit is -1.
    pub fn bits(&self, number: u64) -> impl Iterator<Item = u64> {
        let mut random = (!self.enumerated).then(|| stream(self.seed, number));
        (0..self.words()).map(move |_| random.as_mut().map_or(number, Stream::bits))
    }

    /// The weights of draw `number`.
    pub fn draw(&self, number: u64) -> Vec<f64> {
        if self.weights == WildWeights::Rademacher {
            let words: Vec<u64> = self.bits(number).collect();
            return (0..self.groups).map(|g| if words[g / WORD] >> (g % WORD) & 1 == 0 { 1.0 } else { -1.0 }).collect();
        }
        let mut random = stream(self.seed, number);
        (0..self.groups).map(|_| self.weights.one(&mut random)).collect()
    }
}

impl WildWeights {
    /// One random weight, of mean zero and variance one.
    fn one(self, random: &mut Stream) -> f64 {
        let root = 5.0_f64.sqrt();
        match self {
            Self::Rademacher => random.sign(),
            Self::Webb => {
                let size = [0.5_f64, 1.0, 1.5][random.index(3)].sqrt();
                size * random.sign()
            }
            Self::Mammen => {
                if random.uniform() < (root + 1.0) / (2.0 * root) {
                    (1.0 - root) / 2.0
                } else {
                    f64::midpoint(1.0, root)
                }
            }
            Self::Normal => random.normal(),
        }
    }
}
