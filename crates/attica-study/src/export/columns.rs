//! The columns that scripts read: those of the study as they are, and those that one regression made for itself.

use std::collections::HashMap;

use attica::design::Codes;
use attica::frame::{Frame, MISSING, codes};

use super::names::Names;
use super::plan::{Column, Id, Values};

/// Columns gathered so far, each once.
pub struct Columns<'a> {
    frame: &'a Frame,
    names: Names,
    pub list: Vec<Column>,
    /// Columns of the frame that are in the list, by name; categories apart from numbers.
    known: HashMap<(String, bool), Id>,
    samples: HashMap<Vec<u32>, Id>,
}

impl<'a> Columns<'a> {
    pub fn new(frame: &'a Frame) -> Self {
        Self { frame, names: Names::default(), list: Vec::new(), known: HashMap::new(), samples: HashMap::new() }
    }

    /// A column under an identifier made from `name`.
    pub fn add(&mut self, name: &str, original: &str, values: Values) -> Id {
        let name = self.names.identifier(name);
        self.list.push(Column { name, original: original.to_owned(), values });
        self.list.len() - 1
    }

    /// A numeric column of the study.
    pub fn number(&mut self, name: &str) -> Option<Id> {
        if let Some(id) = self.known.get(&(name.to_owned(), false)) {
            return Some(*id);
        }
        let values = self.frame.numbers(name).ok()?.to_vec();
        let id = self.add(name, name, Values::Number(values));
        self.known.insert((name.to_owned(), false), id);
        Some(id)
    }

    /// A regressor or outcome with `values` in the rows `sample`: the study's column of that name where it has these
    /// values, else one of its own, shared with regressions that it agrees with.
    pub fn measured(&mut self, name: &str, sample: &[u32], values: &[f64]) -> Id {
        let same = |known: &[f64]| sample.iter().zip(values).all(|(&row, value)| known[row as usize] == *value);
        if self.frame.numbers(name).is_ok_and(same)
            && let Some(id) = self.number(name)
        {
            return id;
        }
        let agrees = |known: &[f64]| {
            let pairs = || sample.iter().zip(values).map(|(&row, value)| (known[row as usize], *value));
            pairs().all(|(known, value)| known.is_nan() || known == value) && pairs().any(|(known, _)| !known.is_nan())
        };
        let own = self.list.iter_mut().enumerate().find_map(|(id, column)| match &mut column.values {
            Values::Number(known) if column.original == name && agrees(known) => Some((id, known)),
            _ => None,
        });
        if let Some((id, known)) = own {
            // The study's own column is complete, and agreed above if it agrees here.
            if !self.known.values().any(|known| *known == id) {
                sample.iter().zip(values).for_each(|(&row, value)| known[row as usize] = *value);
                return id;
            }
        }
        let mut whole = vec![f64::NAN; self.frame.rows()];
        sample.iter().zip(values).for_each(|(&row, value)| whole[row as usize] = *value);
        self.add(name, name, Values::Number(whole))
    }

    /// A category in the rows `sample`: a column of the study, a combination `a^b` of such columns, or one of its own.
    pub fn category(&mut self, category: &Codes, sample: &[u32]) -> Id {
        let name = &category.name;
        self.named_category(name).unwrap_or_else(|| {
            let mut whole = vec![0; self.frame.rows()];
            sample.iter().zip(category.codes.iter()).for_each(|(&row, code)| whole[row as usize] = code + 1);
            self.add(name, name, Values::Codes(whole, Vec::new()))
        })
    }

    /// A category of the study by name.
    #[allow(clippy::single_match_else, reason = "a column and a combination of columns weigh alike")]
    pub fn named_category(&mut self, name: &str) -> Option<Id> {
        if let Some(id) = self.known.get(&(name.to_owned(), true)) {
            return Some(*id);
        }
        let id = match self.frame.get(name) {
            Some(column) => match &column.values {
                attica::frame::Values::Number(_) => self.number(name)?,
                attica::frame::Values::Text { codes, levels } => {
                    let (codes, levels) = sorted(codes, levels);
                    self.add(name, name, Values::Codes(codes, levels))
                }
            },
            None => {
                let parts: Option<Vec<_>> = name.split('^').map(|part| self.frame.get(part)).collect();
                let parts: Vec<Vec<u32>> = parts?.into_iter().map(|column| codes::codes_of(column).0).collect();
                let mut seen: HashMap<Vec<u32>, u32> = HashMap::new();
                let of = |row: usize| {
                    let key: Vec<u32> = parts.iter().map(|codes| codes[row]).collect();
                    if key.contains(&MISSING) {
                        return 0;
                    }
                    let next = seen.len() as u32 + 1;
                    *seen.entry(key).or_insert(next)
                };
                let whole = (0..self.frame.rows()).map(of).collect();
                self.add(name, name, Values::Codes(whole, Vec::new()))
            }
        };
        self.known.insert((name.to_owned(), true), id);
        Some(id)
    }

    /// The rows `sample` as a 0/1 column; none for all rows.
    pub fn sample(&mut self, sample: &[u32]) -> Option<Id> {
        if sample.len() == self.frame.rows() {
            return None;
        }
        if let Some(id) = self.samples.get(sample) {
            return Some(*id);
        }
        let mut whole = vec![0.0; self.frame.rows()];
        for &row in sample {
            whole[row as usize] = 1.0;
        }
        let id = self.add(&format!("rows_{}", self.samples.len() + 1), "rows of a regression", Values::Number(whole));
        self.samples.insert(sample.to_vec(), id);
        Some(id)
    }
}

/// Codes from 1 into sorted levels; 0 is missing.
fn sorted(codes: &[u32], levels: &[String]) -> (Vec<u32>, Vec<String>) {
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by(|&a, &b| levels[a].cmp(&levels[b]));
    let mut place = vec![0; levels.len()];
    order.iter().enumerate().for_each(|(at, &level)| place[level] = at as u32 + 1);
    let codes = codes.iter().map(|&code| if code == MISSING { 0 } else { place[code as usize] }).collect();
    (codes, order.into_iter().map(|level| levels[level].clone()).collect())
}
