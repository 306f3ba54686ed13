//! Units whose rows have the same periods, levels and use. Without weights and covariates they differ in the outcome
//! alone, so that one of them can stand for all: sums run over far fewer units.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::{Within, sum_of_parts};
use crate::frame::codes::NumberHasher;

/// Units are not worth grouping when there are fewer than so many of a kind, on average.
const WORTH: usize = 4;

type Known = HashMap<u64, u32, BuildHasherDefault<NumberHasher>>;

/// Kinds of units, in order of appearance.
pub(super) struct Alike {
    /// Kind of each unit.
    of_unit: Vec<u32>,
    /// First unit of each kind, and how many there are.
    kinds: Vec<(u32, f64)>,
    /// Where the rows of each kind begin among those of all kinds.
    starts: Vec<usize>,
    /// Mean over the units of a kind of the outcome less the unit's mean, for each row of each kind.
    outcome: Vec<f64>,
}

impl Alike {
    /// None with weights or covariates, and where most units are of a kind of their own.
    pub fn new(of: &Within<'_>) -> Option<Self> {
        if of.rows.weight.is_some() || !of.rows.x.is_empty() {
            return None;
        }
        let most = of.rows.units / WORTH + 1;
        let (mut of_unit, mut kinds): (Vec<u32>, Vec<(u32, f64)>) = (Vec::with_capacity(of.rows.units), Vec::new());
        let mut known = Known::default();
        for unit in 0..of.rows.units {
            let mut key = of.by_unit.of(unit).map(|row| place(of, row)).fold(0, mix);
            let kind = loop {
                let next = kinds.len() as u32;
                let kind = *known.entry(key).or_insert(next);
                if kind == next {
                    kinds.push((unit as u32, 0.0));
                }
                if same(of, kinds[kind as usize].0 as usize, unit) {
                    break kind;
                }
                // Another kind has this key.
                key = key.wrapping_add(1);
            };
            kinds[kind as usize].1 += 1.0;
            of_unit.push(kind);
            if kinds.len() > most {
                return None;
            }
        }
        let mut starts = vec![0];
        for (unit, _) in &kinds {
            starts.push(starts[starts.len() - 1] + of.by_unit.of(*unit as usize).count());
        }
        let mut alike = Self { of_unit, kinds, starts, outcome: Vec::new() };
        alike.outcome = alike.mean_outcome(of);
        Some(alike)
    }

    /// Number of kinds.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// A unit of kind `i`, and for how many it stands.
    pub fn unit(&self, i: usize) -> (usize, f64) {
        (self.kinds[i].0 as usize, self.kinds[i].1)
    }

    /// Mean outcome in the rows of kind `i`, unit means taken out.
    pub fn outcome(&self, i: usize) -> &[f64] {
        &self.outcome[self.starts[i]..self.starts[i + 1]]
    }

    fn mean_outcome(&self, of: &Within<'_>) -> Vec<f64> {
        let rows = self.starts[self.kinds.len()];
        let mut sums = sum_of_parts(of.rows.units, rows, |units| {
            let mut sums = vec![0.0; rows];
            for unit in units {
                let kind = self.of_unit[unit] as usize;
                let own = sums[self.starts[kind]..self.starts[kind + 1]].iter_mut().zip(of.by_unit.of(unit));
                own.for_each(|(sum, row)| *sum += of.rows.y[row] - of.means[unit]);
            }
            sums
        });
        for (i, (_, units)) in self.kinds.iter().enumerate() {
            sums[self.starts[i]..self.starts[i + 1]].iter_mut().for_each(|sum| *sum /= units);
        }
        sums
    }

    /// What `coefficients` fit in the rows of each kind, unit means taken out.
    pub fn fitted(&self, of: &Within<'_>, coefficients: &[f64]) -> Fitted<'_> {
        let mut values = Vec::with_capacity(self.outcome.len());
        for (unit, _) in &self.kinds {
            let mean = of.mean_of_dummies(coefficients, *unit as usize);
            values.extend(of.by_unit.of(*unit as usize).map(|row| of.linear(coefficients, row) - mean));
        }
        Fitted { alike: self, values }
    }
}

/// Values for the rows of each kind.
pub(super) struct Fitted<'a> {
    alike: &'a Alike,
    values: Vec<f64>,
}

impl Fitted<'_> {
    /// Those of a unit's rows.
    pub fn of(&self, unit: usize) -> impl Iterator<Item = f64> + '_ {
        let kind = self.alike.of_unit[unit] as usize;
        self.values[self.alike.starts[kind]..self.alike.starts[kind + 1]].iter().copied()
    }
}

/// Period, level and use of a row.
fn place(of: &Within<'_>, row: usize) -> (u32, u32, bool) {
    (of.rows.time[row], of.level.get(row).copied().unwrap_or(0), of.used[row])
}

fn mix(key: u64, (time, level, used): (u32, u32, bool)) -> u64 {
    let own = (u64::from(level) << 33) ^ (u64::from(time) << 1) ^ u64::from(used);
    let mixed = (key.rotate_left(5) ^ own).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

fn same(of: &Within<'_>, a: usize, b: usize) -> bool {
    let places = |unit: usize| of.by_unit.of(unit).map(|row| place(of, row));
    places(a).eq(places(b))
}
