//! Who could have been treated, and when: random and complete lists of reassignments, of units one by one or of whole
//! clusters, within strata or among all.
//!
//! Draw r depends on the seed and on r alone, so it can be made again by itself and does not depend
//! on the number of threads.

use super::quick::Assignment;
use crate::math::random::stream;
use crate::meter::Meter;

/// What a reassignment keeps of the true one.
#[derive(Clone, Debug, PartialEq)]
pub enum Scheme {
    /// The treated units' paths (dates) are dealt out to other units, without replacement: the number
    /// of units with each date stays what it is.
    Deal,
    /// As many units as are truly treated are drawn, and their dates with them: each one of the given
    /// paths with equal chances, one for each unit, or one for all units together.
    Dates {
        /// Paths that may be drawn.
        paths: Vec<u32>,
        /// All units of a draw share one date.
        common: bool,
    },
}

/// The true assignment, and the reassignments that could have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Lottery {
    truth: Assignment,
    scheme: Scheme,
    /// Units (or clusters) of each stratum with treated ones, and the paths to deal out among them.
    strata: Vec<(Vec<u32>, Vec<u32>)>,
    /// Units of each cluster, where whole clusters are drawn.
    members: Option<Vec<Vec<u32>>>,
    /// Units (or clusters), those in strata without treated ones among them.
    size: usize,
    /// Strata without treated units.
    untreated: usize,
    seed: u64,
    /// Counts the assignments that were evaluated.
    pub(super) meter: Meter,
}

impl Lottery {
    /// Reassignments among `units` units; with `strata` (one code per unit) only within each of them.
    /// `label` keeps lotteries of one seed apart.
    pub fn new(
        truth: &Assignment,
        units: usize,
        strata: Option<&[u32]>,
        scheme: Scheme,
        seed: u64,
        label: &str,
    ) -> Self {
        let of = |unit: usize| strata.map_or(0, |s| s[unit] as usize);
        let count = (0..units).map(of).max().map_or(0, |last| last + 1);
        let mut pots = vec![(Vec::new(), Vec::new()); count];
        for unit in 0..units {
            pots[of(unit)].0.push(unit as u32);
        }
        for &(unit, path) in &truth.treated {
            pots[of(unit as usize)].1.push(path);
        }
        for (_, paths) in &mut pots {
            paths.sort_unstable();
        }
        let untreated = pots.iter().filter(|(units, paths)| paths.is_empty() && !units.is_empty()).count();
        pots.retain(|(_, paths)| !paths.is_empty());
        let seed = label.bytes().fold(seed, |seed, byte| seed.rotate_left(9) ^ u64::from(byte));
        Self {
            truth: truth.clone(),
            scheme,
            strata: pots,
            members: None,
            size: units,
            untreated,
            seed,
            meter: Meter::default(),
        }
    }

    /// Reassignments among clusters as a whole: the cluster of each unit with their number, and the stratum of each
    /// cluster. None when units of one cluster differ in what they truly have.
    pub fn clustered(
        truth: &Assignment,
        (of_unit, clusters): (&[u32], usize),
        strata: Option<&[u32]>,
        scheme: Scheme,
        seed: u64,
        label: &str,
    ) -> Option<Self> {
        let mut members = vec![Vec::new(); clusters];
        for (unit, &cluster) in (0..).zip(of_unit) {
            members[cluster as usize].push(unit);
        }
        let mut path = vec![None; of_unit.len()];
        truth.treated.iter().for_each(|&(unit, own)| path[unit as usize] = Some(own));
        if members.iter().any(|units: &Vec<u32>| units.iter().any(|&u| path[u as usize] != path[units[0] as usize])) {
            return None;
        }
        // Levels without a unit here are none.
        let filled: Vec<usize> = (0..clusters).filter(|&cluster| !members[cluster].is_empty()).collect();
        let members: Vec<Vec<u32>> = filled.iter().map(|&cluster| std::mem::take(&mut members[cluster])).collect();
        let strata: Option<Vec<u32>> = strata.map(|of| filled.iter().map(|&cluster| of[cluster]).collect());
        let own = |(cluster, units): (u32, &Vec<u32>)| Some((cluster, path[units[0] as usize]?));
        let drawn = Assignment { treated: (0..).zip(&members).filter_map(own).collect() };
        let lottery = Self::new(&drawn, members.len(), strata.as_deref(), scheme, seed, label);
        Some(Self { truth: truth.clone(), members: Some(members), ..lottery })
    }

    /// Units (or clusters) that could be treated, and those that are.
    pub fn drawn_from(&self) -> [usize; 2] {
        [self.size, self.strata.iter().map(|(_, paths)| paths.len()).sum()]
    }

    /// Strata in which nothing can change: those without treated units, and those with nobody else; none when there
    /// are no such strata.
    pub fn idle(&self) -> Option<[usize; 2]> {
        let is_full = |(units, paths): &&(Vec<u32>, Vec<u32>)| {
            self.scheme == Scheme::Deal && arrangements(&symbols(units.len(), paths)) == Some(1)
        };
        Some([self.untreated, self.strata.iter().filter(is_full).count()]).filter(|idle| *idle != [0, 0])
    }

    /// Number of distinct assignments, the true one among them; none when there are too many to count,
    /// or when dates are drawn (their number says nothing about how likely each is).
    pub fn size(&self) -> Option<u64> {
        if self.scheme != Scheme::Deal {
            return None;
        }
        self.strata
            .iter()
            .try_fold(1_u64, |product, (units, paths)| product.checked_mul(arrangements(&symbols(units.len(), paths))?))
    }

    /// Draw number `r` into `assignment`. `room` is working space that a caller keeps between draws.
    pub fn draw(&self, r: u64, room: &mut Vec<u32>, assignment: &mut Assignment) {
        let mut random = stream(self.seed, r);
        assignment.treated.clear();
        let common = match &self.scheme {
            Scheme::Dates { paths, common: true } => Some(paths[random.index(paths.len())]),
            _ => None,
        };
        for (units, paths) in &self.strata {
            room.clear();
            room.extend_from_slice(units);
            random.draw(room, paths.len());
            for (&unit, &path) in room.iter().zip(paths) {
                let path = match &self.scheme {
                    Scheme::Deal => path,
                    Scheme::Dates { paths, .. } => common.unwrap_or_else(|| paths[random.index(paths.len())]),
                };
                assignment.treated.push((unit, path));
            }
        }
        self.expand(assignment);
    }

    /// Clusters as their units.
    fn expand(&self, assignment: &mut Assignment) {
        if let Some(members) = &self.members {
            let drawn = std::mem::take(&mut assignment.treated);
            let units = |(cluster, path): (u32, u32)| members[cluster as usize].iter().map(move |&unit| (unit, path));
            assignment.treated.extend(drawn.into_iter().flat_map(units));
        }
    }

    /// Assignment number `rank` of the complete list, `rank < size()`.
    pub fn list(&self, mut rank: u64, assignment: &mut Assignment) {
        assignment.treated.clear();
        for (units, paths) in &self.strata {
            let mut left = symbols(units.len(), paths);
            let mut count = arrangements(&left).unwrap_or(1);
            let mut own = rank % count;
            rank /= count;
            for (place, &unit) in units.iter().enumerate() {
                let places = (units.len() - place) as u64;
                for symbol in &mut left {
                    // Arrangements of the rest when this unit gets this symbol.
                    let with = (u128::from(count) * u128::from(symbol.1) / u128::from(places)) as u64;
                    if own < with {
                        if let Some(path) = symbol.0 {
                            assignment.treated.push((unit, path));
                        }
                        symbol.1 -= 1;
                        count = with;
                        break;
                    }
                    own -= with;
                }
            }
        }
        self.expand(assignment);
    }

    /// True when `assignment` gives every unit what it truly had.
    pub fn is_truth(&self, assignment: &Assignment) -> bool {
        let sorted = |a: &Assignment| {
            let mut treated = a.treated.clone();
            treated.sort_unstable();
            treated
        };
        sorted(assignment) == sorted(&self.truth)
    }
}

/// How many units have each path, those without one first.
fn symbols(units: usize, paths: &[u32]) -> Vec<(Option<u32>, u64)> {
    let mut symbols = vec![(None, (units - paths.len()) as u64)];
    for group in paths.chunk_by(|a, b| a == b) {
        symbols.push((Some(group[0]), group.len() as u64));
    }
    symbols
}

/// Multinomial coefficient; none beyond 64 bits.
fn arrangements(symbols: &[(Option<u32>, u64)]) -> Option<u64> {
    let (mut total, mut product) = (0_u64, 1_u128);
    for (_, count) in symbols {
        for i in 1..=*count {
            total += 1;
            // product * C(total, i) / C(total - 1, i - 1): exact at every step.
            product = product.checked_mul(u128::from(total))? / u128::from(i);
            if product > u128::from(u64::MAX) {
                return None;
            }
        }
    }
    Some(product as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn truth() -> Assignment {
        Assignment { treated: vec![(0, 1), (2, 0), (3, 1)] }
    }

    #[test]
    fn complete_list_has_every_arrangement_once() {
        let lottery = Lottery::new(&truth(), 6, None, Scheme::Deal, 1, "unit");
        assert_eq!(lottery.size(), Some(60), "6! / (3! 2! 1!)");
        let mut seen = Vec::new();
        let mut assignment = Assignment::default();
        for rank in 0..60 {
            lottery.list(rank, &mut assignment);
            let mut paths: Vec<_> = assignment.treated.iter().map(|t| t.1).collect();
            paths.sort_unstable();
            assert_eq!(paths, [0, 1, 1]);
            seen.push(assignment.treated.clone());
        }
        assert_eq!(seen.iter().filter(|a| **a == truth().treated).count(), 1);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 60);
    }

    #[test]
    fn strata_keep_what_they_have() {
        let strata = [0, 1, 0, 1, 0, 1];
        let lottery = Lottery::new(&truth(), 6, Some(&strata), Scheme::Deal, 1, "unit");
        assert_eq!(lottery.size(), Some(6 * 3));
        let (mut room, mut assignment) = (Vec::new(), Assignment::default());
        for r in 0..200 {
            lottery.draw(r, &mut room, &mut assignment);
            let even = assignment.treated.iter().filter(|t| t.0 % 2 == 0).count();
            assert_eq!((even, assignment.treated.len()), (2, 3));
        }
    }

    #[test]
    fn every_unit_is_drawn_equally_often() {
        let lottery = Lottery::new(&truth(), 6, None, Scheme::Deal, 7, "unit");
        let (mut room, mut assignment) = (Vec::new(), Assignment::default());
        let mut count = [[0_u32; 2]; 6];
        let draws = 30_000;
        for r in 0..draws {
            lottery.draw(r, &mut room, &mut assignment);
            for &(unit, path) in &assignment.treated {
                count[unit as usize][path as usize] += 1;
            }
        }
        for unit in count {
            // Chances 1/6 and 2/6; five standard errors are .0108 and .0136.
            assert!((f64::from(unit[0]) / draws as f64 - 1.0 / 6.0).abs() < 0.011, "{count:?}");
            assert!((f64::from(unit[1]) / draws as f64 - 2.0 / 6.0).abs() < 0.014, "{count:?}");
        }
    }

    #[test]
    fn a_draw_is_the_same_by_itself() {
        let lottery = Lottery::new(&truth(), 6, None, Scheme::Dates { paths: vec![0, 1], common: false }, 7, "mixed");
        let (mut room, mut a, mut b) = (Vec::new(), Assignment::default(), Assignment::default());
        for r in 0..50 {
            lottery.draw(r, &mut room, &mut a);
        }
        lottery.draw(49, &mut Vec::new(), &mut b);
        assert_eq!(a, b);
    }

    #[test]
    fn too_many_to_count_is_said() {
        let treated = (0..41).map(|i| (i, 0)).collect();
        let lottery = Lottery::new(&Assignment { treated }, 285, None, Scheme::Deal, 1, "unit");
        assert_eq!(lottery.size(), None);
    }
}
