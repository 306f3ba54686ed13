//! Regression formulae in the notation of fixest: `y ~ x | fe`.
//!
//! [`Formula::parse`] reads the text; [`Formula::expand`] turns several outcomes, stepwise terms and
//! split samples into single regressions, which [`crate::design::Design::build`] takes.

mod columns;
mod expand;
mod indicator;
mod instrumented;
mod parse;

use std::fmt;

pub use indicator::{Bin, BinRule, Indicator, Level};

use crate::expr::Expr;

/// How the options of a stepwise call follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepwise {
    /// `sw`: one after the other.
    Each,
    /// `sw0`: none, then one after the other.
    NoneThenEach,
    /// `csw`: the first, the first two, ...
    Cumulative,
    /// `csw0`: none, the first, the first two, ...
    NoneThenCumulative,
    /// `mvsw`: every subset, smaller ones first.
    Subsets,
}

/// One summand: fixed, or varying from regression to regression.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<T> {
    /// In every regression.
    Fixed(T),
    /// The options of a stepwise call, each a list of terms.
    Steps(Stepwise, Vec<Vec<T>>),
}

/// A factor of a product of regressors.
#[derive(Clone, Debug, PartialEq)]
pub enum Factor {
    /// A column or expression; text stands for its levels but the first.
    Plain(Expr),
    /// `i(f, ...)`: indicators of the levels of `f`.
    Indicator(Box<Indicator>),
}

/// A regressor, or the product of several: `a:b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// At least one factor.
    pub factors: Vec<Factor>,
}

/// An absorbed effect: `a`, `a^b`, `a[x]`, `a[[x]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Absorbed {
    /// The columns whose combinations are the levels.
    pub by: Vec<Expr>,
    /// Columns with a slope of their own in each level.
    pub slopes: Vec<Expr>,
    /// False for `a[[x]]`: slopes without intercepts.
    pub intercept: bool,
}

/// Samples to repeat the regression in.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The variable whose levels are the samples.
    pub by: Expr,
    /// The full sample first (`fsplit`).
    pub full: bool,
}

/// One sample of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The split variable.
    pub by: Expr,
    /// Its level in this sample.
    pub level: Level,
}

/// Regressors that are not exogenous, and what stands in for them: `endogenous ~ instruments`.
#[derive(Clone, Debug, PartialEq)]
pub struct Instrumented {
    /// Endogenous regressors.
    pub endogenous: Vec<Term>,
    /// Excluded instruments.
    pub instruments: Vec<Term>,
}

/// A formula as written, possibly standing for several regressions.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// Outcomes, each with regressions of its own.
    pub outcomes: Vec<Expr>,
    /// Regressors.
    pub terms: Vec<Part<Term>>,
    /// False after `- 1` or `+ 0`.
    pub intercept: bool,
    /// Absorbed effects.
    pub effects: Vec<Part<Absorbed>>,
    /// Endogenous regressors and their instruments.
    pub instrumented: Option<Instrumented>,
    /// Samples.
    pub split: Option<Split>,
}

/// One regression.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleFormula {
    /// Outcome.
    pub outcome: Expr,
    /// Regressors.
    pub terms: Vec<Term>,
    /// A constant, when nothing is absorbed.
    pub intercept: bool,
    /// Absorbed effects.
    pub effects: Vec<Absorbed>,
    /// Endogenous regressors and their instruments.
    pub instrumented: Option<Instrumented>,
    /// The sample, when it is not the whole.
    pub sample: Option<Sample>,
}

impl Term {
    /// A single column or expression.
    pub fn plain(expr: Expr) -> Self {
        Self { factors: vec![Factor::Plain(expr)] }
    }
}

impl Absorbed {
    /// The effect of one column.
    pub fn column(name: impl Into<String>) -> Self {
        Self { by: vec![Expr::column(name)], slopes: Vec::new(), intercept: true }
    }

    /// Its levels' name: `a` or `a^b`.
    pub fn label(&self) -> String {
        joined(self.by.iter().map(Expr::label), "^")
    }
}

impl SingleFormula {
    /// A regression of columns on columns, as a study file composes it.
    pub fn of_columns(outcome: &str, regressors: &[&str], effects: &[&str]) -> Self {
        Self {
            outcome: Expr::column(outcome),
            terms: regressors.iter().map(|&name| Term::plain(Expr::column(name))).collect(),
            intercept: true,
            effects: effects.iter().map(|&name| Absorbed::column(name)).collect(),
            instrumented: None,
            sample: None,
        }
    }
}

fn joined(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(expr) => write!(f, "{expr}"),
            Self::Indicator(indicator) => write!(f, "{}", indicator.source),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(self.factors.iter().map(Factor::to_string), ":"))
    }
}

impl fmt::Display for Absorbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(self.by.iter().map(Expr::to_string), "^"))?;
        let slopes = joined(self.slopes.iter().map(Expr::to_string), ", ");
        match (self.slopes.is_empty(), self.intercept) {
            (true, _) => Ok(()),
            (false, true) => write!(f, "[{slopes}]"),
            (false, false) => write!(f, "[[{slopes}]]"),
        }
    }
}

impl fmt::Display for SingleFormula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut terms: Vec<String> = self.terms.iter().map(Term::to_string).collect();
        if !self.intercept {
            terms.push("0".to_owned());
        } else if terms.is_empty() {
            terms.push("1".to_owned());
        }
        write!(f, "{} ~ {}", self.outcome, terms.join(" + "))?;
        if !self.effects.is_empty() {
            write!(f, " | {}", joined(self.effects.iter().map(Absorbed::to_string), " + "))?;
        }
        if let Some(Instrumented { endogenous, instruments }) = &self.instrumented {
            let sum = |terms: &[Term]| joined(terms.iter().map(Term::to_string), " + ");
            write!(f, " | {} ~ {}", sum(endogenous), sum(instruments))?;
        }
        match &self.sample {
            Some(sample) => write!(f, ", {} = {}", sample.by, sample.level),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
