//! How far long work is, for whoever watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts pieces of work that are alike, such as draws. Its clones count together; it changes no result.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicUsize,
    expected: AtomicUsize,
}

/// What is told of work makes no two tasks different.
impl PartialEq for Meter {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Meter {
    /// So many pieces more are to come.
    pub fn expect(&self, pieces: usize) {
        self.0.expected.fetch_add(pieces, Ordering::Relaxed);
    }

    /// One piece is done.
    pub fn advance(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Pieces done, and all that were expected so far.
    pub fn read(&self) -> (usize, usize) {
        (self.0.done.load(Ordering::Relaxed), self.0.expected.load(Ordering::Relaxed))
    }
}
