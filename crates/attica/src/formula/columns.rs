//! The columns that a formula reads.

use super::{Absorbed, Factor, Formula, Part, Term};
use crate::expr::Expr;

impl Formula {
    /// The columns that its regressions read, each once, sorted.
    pub fn columns(&self) -> Vec<&str> {
        let mut read: Vec<&Expr> = self.outcomes.iter().chain(self.split.iter().map(|split| &split.by)).collect();
        let instrumented = self.instrumented.iter().flat_map(|of| of.endogenous.iter().chain(&of.instruments));
        for term in self.terms.iter().flat_map(Part::all).chain(instrumented) {
            read.extend(term.expressions());
        }
        for Absorbed { by, slopes, .. } in self.effects.iter().flat_map(Part::all) {
            read.extend(by.iter().chain(slopes));
        }
        let mut names: Vec<&str> = read.into_iter().flat_map(Expr::columns).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl<T> Part<T> {
    fn all(&self) -> impl Iterator<Item = &T> {
        let (fixed, steps) = match self {
            Self::Fixed(one) => (Some(one), None),
            Self::Steps(_, options) => (None, Some(options)),
        };
        fixed.into_iter().chain(steps.into_iter().flatten().flatten())
    }
}

impl Term {
    /// What its factors are made of; levels that an indicator names are no columns.
    fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.factors.iter().flat_map(|factor| {
            let (one, other) = match factor {
                Factor::Plain(of) => (of, None),
                Factor::Indicator(of) => (&of.variable, of.with.as_ref()),
            };
            std::iter::once(one).chain(other)
        })
    }
}
