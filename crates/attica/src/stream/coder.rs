//! Levels of categories over all pieces of a table, numbered in the order in which their values come, as they would be
//! in memory.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::piece::{Component, Keys, Piece};
use crate::frame::codes::NumberHasher;
use crate::frame::{Column, MISSING};

type NumberMap = HashMap<u64, u32, BuildHasherDefault<NumberHasher>>;

/// Whole numbers from `low` on by table, while their range is not much wider than they are many; others by hash.
#[derive(Default)]
struct Numbers {
    low: i64,
    table: Vec<u32>,
    hashed: NumberMap,
    is_hashed: bool,
    levels: u32,
}

/// Slots of a table for each level that it holds, beyond the first few.
const SPARSE: usize = 8;

impl Numbers {
    fn place(&self, x: f64) -> Option<usize> {
        let whole = x as i64;
        (whole as f64 == x && whole.unsigned_abs() < 1 << 52).then(|| usize::try_from(whole - self.low).ok())?
    }

    fn find(&self, x: f64) -> u32 {
        if self.is_hashed {
            return self.hashed.get(&(x + 0.0).to_bits()).copied().unwrap_or(MISSING);
        }
        self.place(x).and_then(|at| self.table.get(at)).copied().unwrap_or(MISSING)
    }

    fn learn(&mut self, x: f64) -> u32 {
        let known = self.find(x);
        if known != MISSING {
            return known;
        }
        let code = self.levels;
        self.levels += 1;
        if !self.is_hashed && !self.make_room(x) {
            let values = self.table.iter().enumerate().filter(|(_, code)| **code != MISSING);
            let key = |at: usize| ((self.low + at as i64) as f64).to_bits();
            self.hashed = values.map(|(at, &code)| (key(at), code)).collect();
            self.table = Vec::new();
            self.is_hashed = true;
        }
        match self.place(x) {
            Some(at) if !self.is_hashed => self.table[at] = code,
            _ => _ = self.hashed.insert((x + 0.0).to_bits(), code),
        }
        code
    }

    /// Widens the table to hold `x`; false when that is not worth it.
    fn make_room(&mut self, x: f64) -> bool {
        let whole = x as i64;
        if whole as f64 != x || whole.unsigned_abs() >= 1 << 52 {
            return false;
        }
        if self.table.is_empty() {
            (self.low, self.table) = (whole, vec![MISSING]);
            return true;
        }
        let most = 65_536 + SPARSE * self.levels as usize;
        if whole < self.low {
            let Ok(more) = usize::try_from(self.low - whole) else { return false };
            // As much again as there is, for numbers that come in descending order.
            let more =
                if more + self.table.len() > most { return false } else { more.max(self.table.len().min(most / 2)) };
            let mut wider = vec![MISSING; more];
            wider.extend_from_slice(&self.table);
            self.low -= more as i64;
            self.table = wider;
            return true;
        }
        let Ok(at) = usize::try_from(whole - self.low) else { return false };
        if at >= most.max(self.table.len()) {
            return false;
        }
        if at >= self.table.len() {
            self.table.resize(at + 1, MISSING);
        }
        true
    }

    fn keys(&self) -> Vec<f64> {
        let mut keys = vec![f64::NAN; self.levels as usize];
        for (at, &code) in self.table.iter().enumerate().filter(|(_, code)| **code != MISSING) {
            keys[code as usize] = (self.low + at as i64) as f64;
        }
        for (&bits, &code) in &self.hashed {
            keys[code as usize] = f64::from_bits(bits);
        }
        keys
    }
}

/// The values of one column or expression that have been met.
#[derive(Default)]
struct Known {
    numbers: Numbers,
    words: HashMap<String, u32>,
}

impl Known {
    fn levels(&self) -> usize {
        self.numbers.levels as usize + self.words.len()
    }
}

/// A category: one component, or a combination of several with a code for each pair met on the way.
struct Category {
    parts: Vec<usize>,
    crossed: Vec<HashMap<u64, u32, BuildHasherDefault<NumberHasher>>>,
}

/// All categories of a regression.
pub(super) struct Coder {
    known: Vec<Known>,
    categories: Vec<Category>,
}

/// Codes of categories in the rows of a piece that are used.
pub(super) type CodesOf = Vec<Vec<u32>>;

impl Coder {
    /// For categories given as the components that they combine.
    pub(super) fn new(components: usize, categories: &[Vec<usize>]) -> Self {
        let crossed = |parts: &Vec<usize>| (1..parts.len()).map(|_| HashMap::default()).collect();
        Self {
            known: (0..components).map(|_| Known::default()).collect(),
            categories: categories
                .iter()
                .map(|parts| Category { parts: parts.clone(), crossed: crossed(parts) })
                .collect(),
        }
    }

    /// Levels of a category so far, those without a usable row included.
    pub(super) fn levels(&self, category: usize) -> usize {
        let Category { parts, crossed } = &self.categories[category];
        crossed.last().map_or_else(|| self.known[parts[0]].levels(), HashMap::len)
    }

    /// The numbers that are the levels of a category of one component; `None` for others.
    pub(super) fn numbers(&self, category: usize) -> Option<Vec<f64>> {
        let [part] = self.categories[category].parts[..] else { return None };
        let known = &self.known[part];
        known.words.is_empty().then(|| known.numbers.keys())
    }

    /// The levels of a category of one component, in the order of their codes, as a column named `name`.
    pub(super) fn column(&self, name: &str, category: usize) -> Column {
        let known = &self.known[self.categories[category].parts[0]];
        if known.words.is_empty() {
            return Column::number(name, known.numbers.keys());
        }
        let mut words = vec![None; known.words.len()];
        known.words.iter().for_each(|(word, &code)| words[code as usize] = Some(word));
        Column::text(name, words)
    }

    /// Codes of all categories; values that are new get the next numbers.
    pub(super) fn learn(&mut self, piece: &Piece) -> CodesOf {
        for (known, component) in self.known.iter_mut().zip(&piece.components) {
            match &component.keys {
                Keys::Numbers(keys) => keys.iter().for_each(|&x| _ = known.numbers.learn(x)),
                Keys::Words(keys) => {
                    for word in keys {
                        if !known.words.contains_key(word) {
                            known.words.insert(word.clone(), known.words.len() as u32);
                        }
                    }
                }
            }
        }
        let tables = self.tables(piece);
        for category in self.categories.iter_mut().filter(|category| !category.crossed.is_empty()) {
            for row in 0..piece.rows {
                let mut parts = category.parts.iter().map(|&p| code(&piece.components[p], &tables[p], row));
                let Some(mut joint) = parts.next() else { continue };
                for (map, part) in category.crossed.iter_mut().zip(parts) {
                    if joint == MISSING || part == MISSING {
                        break;
                    }
                    let next = map.len() as u32;
                    joint = *map.entry(pair(joint, part)).or_insert(next);
                }
            }
        }
        self.look_up(piece)
    }

    /// Codes of all categories, every value of which is known.
    pub(super) fn look_up(&self, piece: &Piece) -> CodesOf {
        let tables = self.tables(piece);
        let of = |category: &Category| {
            let one = |&row: &u32| {
                let mut parts = category.parts.iter().map(|&p| code(&piece.components[p], &tables[p], row as usize));
                let first = parts.next().unwrap_or(MISSING);
                category
                    .crossed
                    .iter()
                    .zip(parts)
                    .fold(first, |joint, (map, part)| map.get(&pair(joint, part)).copied().unwrap_or(MISSING))
            };
            piece.used.iter().map(one).collect()
        };
        self.categories.iter().map(of).collect()
    }

    /// For each component, the code of each of the piece's own levels.
    fn tables(&self, piece: &Piece) -> Vec<Vec<u32>> {
        let table = |(known, component): (&Known, &Component)| match &component.keys {
            Keys::Numbers(keys) => keys.iter().map(|&x| known.numbers.find(x)).collect(),
            Keys::Words(keys) => keys.iter().map(|word| known.words.get(word).copied().unwrap_or(MISSING)).collect(),
        };
        self.known.iter().zip(&piece.components).map(table).collect()
    }
}

fn code(component: &Component, table: &[u32], row: usize) -> u32 {
    table.get(component.codes[row] as usize).copied().unwrap_or(MISSING)
}

fn pair(a: u32, b: u32) -> u64 {
    (u64::from(a) << 32) | u64::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_codes_of_their_first_appearance_by_table_and_by_hash() {
        let ways: [Vec<f64>; 4] = [
            vec![7.0, -3.0, 0.0, -0.0, 7.0, 12.0],
            vec![7.0, 0.5, 1e300, 7.0, -3.0],
            vec![5.0, 4.0, 3.0, 2.0, 1.0, 5.0],
            vec![1.0, 1e12, 2.0, -1e12, 1.0],
        ];
        for values in ways {
            let mut numbers = Numbers::default();
            let mut seen: Vec<f64> = Vec::new();
            for x in values {
                let place = seen.iter().position(|&y| y == x).unwrap_or_else(|| {
                    seen.push(x);
                    seen.len() - 1
                });
                assert_eq!(numbers.learn(x) as usize, place);
                assert_eq!(numbers.find(x) as usize, place);
            }
            assert_eq!(numbers.keys(), seen);
            assert_eq!(numbers.find(99.0), MISSING);
        }
    }
}
