//! What regressions ask of a column again and again, found once.

use std::sync::{Arc, OnceLock};

use super::codes::{codes_of_numbers, occurring};
use super::{Column, MISSING, Values};

/// Facts of one column. They follow from it, so columns that are equal need no look at them.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    complete: OnceLock<bool>,
    empty: OnceLock<bool>,
    category: OnceLock<(Arc<Vec<u32>>, usize)>,
}

impl PartialEq for Facts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Facts {
    /// True where every cell of `column` is a finite number or a text.
    pub(super) fn is_complete(&self, column: &Column) -> bool {
        *self.complete.get_or_init(|| match &column.values {
            // Without an early way out, eight cells are read at once.
            Values::Number(values) => values.iter().fold(true, |all, x| all & x.is_finite()),
            Values::Text { codes, .. } => !codes.contains(&MISSING),
        })
    }

    /// True where no cell of `column` has a value, though it has cells.
    pub(super) fn is_empty(&self, column: &Column) -> bool {
        *self.empty.get_or_init(|| !column.is_empty() && (0..column.len()).all(|row| column.is_missing(row)))
    }

    /// Codes of `column` in which every level occurs, and how many there are.
    pub(super) fn category(&self, column: &Column) -> (Arc<Vec<u32>>, usize) {
        let coded = || match &column.values {
            Values::Number(values) => codes_of_numbers(values),
            Values::Text { codes, levels } => occurring(codes.clone(), levels.len()),
        };
        let (codes, levels) = self.category.get_or_init(|| {
            let (codes, levels) = coded();
            (Arc::new(codes), levels)
        });
        (codes.clone(), *levels)
    }
}
