//! Rows in chunks of one size, wherever the pieces end, so that sums do not depend on how a table was cut.

use rayon::prelude::*;

use crate::math::cross::CHUNK;

/// Columns of rows that do not fill a chunk yet.
#[derive(Default)]
pub(super) struct Chunks {
    waiting: Vec<Vec<f64>>,
}

impl Chunks {
    /// Adds rows, and works on the chunks that are full: `work` side by side, `fold` in their order.
    pub(super) fn push<T: Send>(
        &mut self,
        columns: Vec<Vec<f64>>,
        work: impl Fn(&[&[f64]]) -> T + Sync,
        fold: impl FnMut(T),
    ) {
        if self.waiting.is_empty() {
            self.waiting = columns;
        } else {
            self.waiting.iter_mut().zip(columns).for_each(|(all, more)| all.extend(more));
        }
        let rows = self.waiting.first().map_or(0, Vec::len);
        let full = rows / CHUNK * CHUNK;
        self.run(full, work, fold);
        self.waiting.iter_mut().for_each(|column| _ = column.drain(..full));
    }

    /// Works on the rows that are left.
    pub(super) fn finish<T: Send>(self, work: impl Fn(&[&[f64]]) -> T + Sync, fold: impl FnMut(T)) {
        self.run(self.waiting.first().map_or(0, Vec::len), work, fold);
    }

    fn run<T: Send>(&self, rows: usize, work: impl Fn(&[&[f64]]) -> T + Sync, fold: impl FnMut(T)) {
        let chunk = |start: usize| {
            let views: Vec<&[f64]> = self.waiting.iter().map(|c| &c[start..(start + CHUNK).min(rows)]).collect();
            work(&views)
        };
        let starts: Vec<usize> = (0..rows).step_by(CHUNK).collect();
        let done: Vec<T> = starts.into_par_iter().map(chunk).collect();
        done.into_iter().for_each(fold);
    }
}
