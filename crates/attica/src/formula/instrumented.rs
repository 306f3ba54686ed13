//! The part of a formula that names endogenous regressors and instruments: `y ~ x | fe | d ~ z`, as fixest writes it, and
//! `y ~ x + [d ~ z] | fe`, as linearmodels and pyfixest do.

use std::borrow::Cow;

use super::parse::{cut, position, read, terms_of, twice};
use super::{Factor, Instrumented, Term};
use crate::expr::Expr;
use crate::expr::token::{Span, Token};
use crate::message::{Problem, Result};

/// What stands right of the first `~`.
pub(super) struct Right<'a> {
    pub regressors: Cow<'a, [Token]>,
    pub effects: Option<&'a [Token]>,
    /// `endogenous ~ instruments`.
    pub instruments: Option<&'a [Token]>,
}

impl<'a> Right<'a> {
    /// Cuts at the bars: the part behind the last one is that of the instruments if it has a `~`.
    pub fn of(tokens: &'a [Token]) -> Result<Self> {
        let bars = cut(tokens, "|");
        let (first, mut rest) = (bars[0], &bars[1..]);
        let mut instruments = None;
        if let [before @ .., last] = rest
            && position(last, "~").is_some()
        {
            (instruments, rest) = (Some(*last), before);
        }
        let mut regressors = Cow::Borrowed(first);
        if let Some((others, inside)) = bracketed(first) {
            if let Some(part) = instruments {
                return Err(misplaced(part, "instruments stand twice"));
            }
            (instruments, regressors) = (Some(inside), Cow::Owned(others));
        }
        for part in [&regressors[..]].into_iter().chain(rest.iter().copied()) {
            if let Some(at) = position(part, "~") {
                return Err(misplaced(&part[at..], "instruments stand behind the last bar"));
            }
        }
        if let [_, part, ..] = rest {
            return Err(misplaced(part, "behind the effects stands one part alone, endogenous ~ instruments"));
        }
        Ok(Self { regressors, effects: rest.first().copied(), instruments })
    }
}

fn misplaced(part: &[Token], why: &str) -> Problem {
    let span = part.first().map_or(Span::default(), |token| token.span);
    span.problem("E604", why).fix("write y ~ x | fe | endogenous ~ instrument")
}

/// The other regressors and the inside of `[endogenous ~ instruments]`, where one of the regressors is that.
fn bracketed(regressors: &[Token]) -> Option<(Vec<Token>, &[Token])> {
    let starts = |at: usize| regressors[at].is("[") && (at == 0 || regressors[at - 1].is("+"));
    let from = (0..regressors.len()).find(|&at| starts(at))?;
    let to = from + regressors[from..].iter().position(|token| token.is("]"))?;
    let inside = &regressors[from + 1..to];
    position(inside, "~")?;
    // One of the two signs around it goes with it.
    let (before, after) = (&regressors[..from.saturating_sub(1)], &regressors[to + 1..]);
    let after = if from == 0 && after.first().is_some_and(|sign| sign.is("+")) { &after[1..] } else { after };
    Some(([before, after].concat(), inside))
}

impl Instrumented {
    /// Sums of terms on both sides of `~`; `end` is where the formula ends.
    pub(super) fn read(part: &[Token], end: usize) -> Result<Self> {
        let tilde = position(part, "~").unwrap_or(0);
        let (left, right) = (&part[..tilde], &part[tilde + 1..]);
        if left.is_empty() || right.is_empty() {
            return Err(misplaced(
                &part[tilde..],
                "endogenous regressors stand left of \"~\" and instruments right of it",
            ));
        }
        let after = |part: &[Token]| part.last().map_or(end, |token| token.span.end);
        let terms = |part: &[Token]| terms_of(&read(part, after(part))?);
        Ok(Self { endogenous: terms(left)?, instruments: terms(right)? })
    }

    /// Refuses what is at once outcome, regressor, endogenous or instrument.
    pub(super) fn refuse_double_roles(&self, outcomes: &[Expr], regressors: &[&Term]) -> Result<()> {
        let roles = [(&self.endogenous, "an endogenous regressor"), (&self.instruments, "an instrument")];
        for (terms, role) in roles {
            for expr in terms.iter().flat_map(|term| &term.factors).filter_map(Factor::expr) {
                if outcomes.contains(expr) {
                    return Err(twice(expr, "the outcome", role).fix("take it out of one of the two"));
                }
            }
            if let Some(term) = terms.iter().find(|term| regressors.contains(term)) {
                return Err(double(term, "a regressor", role)
                    .fix("exogenous regressors are their own instruments: name them once, before the first bar"));
            }
        }
        match self.instruments.iter().find(|term| self.endogenous.contains(term)) {
            Some(term) => Err(double(term, "an endogenous regressor", "an instrument")
                .fix("a regressor that needs an instrument cannot be one")),
            None => Ok(()),
        }
    }
}

fn double(term: &Term, one: &str, other: &str) -> Problem {
    match term.factors.iter().find_map(Factor::expr) {
        Some(expr) if term.factors.len() == 1 => twice(expr, one, other),
        _ => Problem::new("E605", format!("{term} is {one} and also {other}")),
    }
}
