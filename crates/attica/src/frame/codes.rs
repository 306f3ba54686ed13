//! Categories: a code per row for the distinct values of columns.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::{Column, MISSING, Values};

/// A multiplicative hash for keys that are numbers already; nobody chooses them to collide.
#[derive(Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(u64::from(b));
        }
    }

    fn write_u64(&mut self, x: u64) {
        let mixed = (self.0.rotate_left(5) ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 29);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type NumberMap = HashMap<u64, u32, BuildHasherDefault<NumberHasher>>;

/// Codes of a column's distinct values in order of first appearance, and how many there are. The codes
/// of a text column are its own (a level may then be without rows). Missing cells are [`MISSING`].
pub fn codes_of(column: &Column) -> (Vec<u32>, usize) {
    match &column.values {
        Values::Text { codes, levels } => (codes.clone(), levels.len()),
        Values::Number(values) => codes_of_numbers(values),
    }
}

/// [`codes_of`] a column of numbers.
pub fn codes_of_numbers(values: &[f64]) -> (Vec<u32>, usize) {
    if let Some((low, span)) = whole_range(values) {
        return encode_range(values, low, span);
    }
    // 0.0 and -0.0 are one level; all NaN are missing.
    encode(values.iter().map(|&x| (!x.is_nan()).then(|| (x + 0.0).to_bits())))
}

/// The smallest value and the distance to the largest, where all are whole numbers (or missing) in a range that is
/// not much wider than there are values.
fn whole_range(values: &[f64]) -> Option<(f64, usize)> {
    let (mut low, mut high, mut is_whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
    for &x in values {
        low = low.min(x);
        high = high.max(x);
        is_whole &= x.is_nan() || f64::from(x as i32) == x;
    }
    let span = high - low;
    (is_whole && span <= 4.0 * values.len() as f64).then_some((low, span as usize))
}

/// [`codes_of`] by a table of all whole numbers of a range.
fn encode_range(values: &[f64], low: f64, span: usize) -> (Vec<u32>, usize) {
    let mut table = vec![MISSING; span + 1];
    let mut levels = 0;
    let code = |&x: &f64| {
        if x.is_nan() {
            return MISSING;
        }
        let code = &mut table[(x - low) as usize];
        if *code == MISSING {
            *code = levels;
            levels += 1;
        }
        *code
    };
    let codes = values.iter().map(code).collect();
    (codes, levels as usize)
}

/// The distinct values, ascending; quick where they are few. No value may be missing.
pub(crate) fn distinct(mut values: impl Iterator<Item = f64>) -> Vec<f64> {
    const FEW: usize = 1000;
    let mut known: Vec<f64> = Vec::new();
    while let Some(value) = values.next() {
        let place = known.partition_point(|known| *known < value);
        if known.get(place) != Some(&value) {
            known.insert(place, value);
        }
        if known.len() > FEW {
            known.extend(values);
            known.sort_by(f64::total_cmp);
            known.dedup();
            return known;
        }
    }
    known
}

/// Codes of the combinations of two sets of codes that occur, in order of first appearance.
pub fn cross(a: &[u32], b: &[u32]) -> (Vec<u32>, usize) {
    let key = |(&a, &b): (&u32, &u32)| (a != MISSING && b != MISSING).then(|| (u64::from(a) << 32) | u64::from(b));
    encode(a.iter().zip(b).map(key))
}

/// Codes `0..levels` without gaps for those of `codes` that `rows` use, in ascending order of the old
/// ones, and how many there are; the same codes, shared, where all rows stay. Every level must occur in `codes`, and
/// no code of `rows` may be [`MISSING`].
pub fn compact(codes: &Arc<Vec<u32>>, levels: usize, rows: &[u32]) -> (Arc<Vec<u32>>, usize) {
    if rows.len() == codes.len() {
        return (codes.clone(), levels);
    }
    let (codes, used) = renumbered(codes, levels, rows);
    (Arc::new(codes), used.len())
}

/// Codes of `rows` without gaps, in ascending order of the old ones, and the old code of each. [`MISSING`] stays.
pub(crate) fn renumbered(codes: &[u32], levels: usize, rows: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let old = || rows.iter().map(|&row| codes[row as usize]);
    // A small part of a table must not pay for all of its levels.
    if rows.len() < levels / 16 {
        let mut used: Vec<u32> = old().filter(|&code| code != MISSING).collect();
        used.sort_unstable();
        used.dedup();
        let new = |code| used.binary_search(&code).map_or(MISSING, |place| place as u32);
        return (old().map(new).collect(), used);
    }
    let mut seen = vec![MISSING; levels];
    old().filter(|&code| code != MISSING).for_each(|code| seen[code as usize] = 0);
    number(&mut seen);
    let new = old().map(|code| seen.get(code as usize).copied().unwrap_or(MISSING)).collect();
    (new, (0..levels as u32).filter(|&code| seen[code as usize] != MISSING).collect())
}

/// `codes` without the levels that no row has, and how many are left. [`MISSING`] stays.
pub(crate) fn occurring(mut codes: Vec<u32>, levels: usize) -> (Vec<u32>, usize) {
    let mut seen = vec![MISSING; levels];
    codes.iter().filter(|code| **code != MISSING).for_each(|&code| seen[code as usize] = 0);
    let left = number(&mut seen) as usize;
    if left < levels {
        codes.iter_mut().filter(|code| **code != MISSING).for_each(|code| *code = seen[*code as usize]);
    }
    (codes, left)
}

/// Numbers the levels that are not [`MISSING`], and tells how many there are.
fn number(seen: &mut [u32]) -> u32 {
    let mut next = 0;
    for code in seen.iter_mut().filter(|code| **code != MISSING) {
        *code = next;
        next += 1;
    }
    next
}

/// The first row of each code. Codes must be numbered in order of appearance.
pub(crate) fn first_rows(codes: &[u32]) -> Vec<u32> {
    let mut first = Vec::new();
    for (row, &code) in codes.iter().enumerate() {
        if code as usize == first.len() {
            first.push(row as u32);
        }
    }
    first
}

fn encode(keys: impl Iterator<Item = Option<u64>>) -> (Vec<u32>, usize) {
    let mut seen = NumberMap::default();
    // Neighbouring rows often share their level: units come in blocks.
    let mut last = (None, MISSING);
    let codes = keys
        .map(|key| {
            if key != last.0 {
                let code = key.map_or(MISSING, |key| {
                    let next = seen.len() as u32;
                    *seen.entry(key).or_insert(next)
                });
                last = (key, code);
            }
            last.1
        })
        .collect();
    (codes, seen.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_by_hand() {
        let x = Column::number("x", vec![3.0, -0.0, f64::NAN, 0.0, 3.0]);
        let (codes, levels) = codes_of(&x);
        assert_eq!((codes.as_slice(), levels), ([0, 1, MISSING, 1, 0].as_slice(), 2));
        let (crossed, levels) = cross(&codes, &[0, 0, 0, 1, 0]);
        assert_eq!((crossed.as_slice(), levels), ([0, 1, MISSING, 2, 0].as_slice(), 3));
        assert_eq!(compact(&Arc::new(crossed.clone()), 3, &[3, 4]), (Arc::new(vec![1, 0]), 2));
        let crossed = [0, 1, MISSING, 2, 0];
        for levels in [3, 1000] {
            assert_eq!(renumbered(&crossed, levels, &[3, 2, 0, 3]), (vec![1, MISSING, 0, 1], vec![0, 2]));
        }
        let all = Arc::new(vec![1, 0, 1]);
        let (same, levels) = compact(&all, 2, &[0, 1, 2]);
        assert!(Arc::ptr_eq(&same, &all) && levels == 2);
    }

    #[test]
    fn whole_numbers_have_the_codes_that_any_numbers_have() {
        let whole = [7.0, -0.0, f64::NAN, -3.0, 0.0, 7.0, -3.0];
        let scaled: Vec<f64> = whole.iter().map(|x| x * 1e7 + 0.5).collect();
        assert!(whole_range(&whole).is_some() && whole_range(&scaled).is_none());
        let codes = codes_of(&Column::number("x", whole.to_vec()));
        assert_eq!(codes, (vec![0, 1, MISSING, 2, 1, 0, 2], 3));
        assert_eq!(codes, codes_of(&Column::number("x", scaled)));
        let none = Column::number("x", vec![f64::NAN; 2]);
        assert_eq!(codes_of(&none), (vec![MISSING; 2], 0));
    }

    #[test]
    fn distinct_values_ascend_whether_few_or_many() {
        assert_eq!(distinct([3.0, -1.0, 3.0, 0.0, -0.0].into_iter()), [-1.0, 0.0, 3.0]);
        let many = distinct((0..6000).map(|i| f64::from(i * 7919 % 3000)));
        assert_eq!(many, (0..3000).map(f64::from).collect::<Vec<f64>>());
    }
}
