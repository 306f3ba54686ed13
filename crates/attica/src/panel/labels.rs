//! Names of units, written when somebody reads them.

use std::cmp::Ordering;
use std::ops::Deref;
use std::sync::OnceLock;

use crate::frame::{Column, Values};

/// Unit labels as a reader sees them; dereferences to a slice of them.
#[derive(Clone, Debug)]
pub struct Labels {
    ids: Column,
    written: OnceLock<Vec<String>>,
}

impl Labels {
    /// The cells of `ids` as labels.
    pub fn new(ids: Column) -> Self {
        Self { ids, written: OnceLock::new() }
    }

    /// Number of units. Writes no label.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The order of two units: by number where both labels are numbers, else by text.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        if let Values::Number(values) = &self.ids.values {
            return values[a].total_cmp(&values[b]);
        }
        match (self[a].parse::<f64>(), self[b].parse::<f64>()) {
            (Ok(x), Ok(y)) => x.total_cmp(&y),
            _ => self[a].cmp(&self[b]),
        }
    }

    /// True without units.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl Deref for Labels {
    type Target = [String];

    fn deref(&self) -> &[String] {
        self.written.get_or_init(|| (0..self.ids.len()).map(|unit| self.ids.display(unit)).collect())
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.ids == other.ids
    }
}
