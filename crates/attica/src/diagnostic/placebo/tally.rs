//! What draws say of an estimate, counted as they come.

use serde::{Deserialize, Serialize};

use super::lottery::Lottery;
use super::{Kind, Placebo};
use crate::fit::Term;
use crate::message::{Problem, Result, Warning};

/// Draws that are kept for a figure; p-values count all.
pub const KEPT: usize = 10_000;

/// An effect, true or drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    pub estimate: f64,
    pub statistic: Option<f64>,
    pub p_value: Option<f64>,
}

impl From<&Term> for Drawn {
    fn from(term: &Term) -> Self {
        let known = term.std_error.is_finite() && term.std_error > 0.0;
        let keep = |value: f64| Some(value).filter(|value| known && value.is_finite());
        Self { estimate: term.estimate, statistic: keep(term.statistic), p_value: keep(term.p_value) }
    }
}

/// Shares of assignments at least as extreme as the true one, which is among them: when all were listed these are all
/// there are, otherwise the true one and the draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomisationP {
    /// `(1 + #{|b*| >= |b|}) / (B + 1)`.
    pub two_sided: f64,
    /// `(1 + #{b* <= b}) / (B + 1)`.
    pub left: f64,
    /// `(1 + #{b* >= b}) / (B + 1)`.
    pub right: f64,
    /// Monte Carlo standard error of the two-sided one; 0 when all assignments were listed.
    pub monte_carlo_error: f64,
}

/// p-values of `actual` among `draws`; `exact` when these are all other assignments.
pub fn randomisation_p(actual: f64, draws: &[f64], exact: bool) -> RandomisationP {
    let mut extremes = Extremes::new(actual);
    for draw in draws {
        extremes.add(*draw);
    }
    extremes.p(draws.len(), exact)
}

/// How many draws are at least as extreme as the truth.
struct Extremes {
    actual: f64,
    /// Draws that tie in exact arithmetic (complements, permuted equals) must tie here too.
    slack: f64,
    two_sided: usize,
    left: usize,
    right: usize,
}

impl Extremes {
    fn new(actual: f64) -> Self {
        Self { actual, slack: actual.abs() * 1e-10, two_sided: 0, left: 0, right: 0 }
    }

    fn add(&mut self, draw: f64) {
        self.two_sided += usize::from(draw.abs() >= self.actual.abs() - self.slack);
        self.left += usize::from(draw <= self.actual + self.slack);
        self.right += usize::from(draw >= self.actual - self.slack);
    }

    fn p(&self, draws: usize, exact: bool) -> RandomisationP {
        let all = (1 + draws) as f64;
        let share = |extreme: usize| (1 + extreme) as f64 / all;
        let two_sided = share(self.two_sided);
        let monte_carlo_error = if exact { 0.0 } else { (two_sided * (1.0 - two_sided) / all).sqrt() };
        RandomisationP { two_sided, left: share(self.left), right: share(self.right), monte_carlo_error }
    }
}

/// Counts of draws beside the true effect.
pub(super) struct Tally {
    actual: Drawn,
    by_estimate: Extremes,
    by_t: Option<Extremes>,
    /// The first draws.
    kept: Vec<Drawn>,
    drawn: usize,
    failed: usize,
    /// Why the first draw without an effect has none.
    failure: Option<Problem>,
}

impl Tally {
    pub fn new(actual: Drawn) -> Self {
        Self {
            actual,
            by_estimate: Extremes::new(actual.estimate),
            by_t: actual.statistic.map(Extremes::new),
            kept: Vec::new(),
            drawn: 0,
            failed: 0,
            failure: None,
        }
    }

    /// The next draw is one of those that are kept.
    pub fn is_keeping(&self) -> bool {
        self.kept.len() < KEPT
    }

    /// Counts a draw; one without an effect, or without the t statistic that the others have, does not count.
    pub fn take(&mut self, draw: Result<Drawn>) {
        match draw {
            Ok(draw) if draw.estimate.is_finite() && (draw.statistic.is_some() || self.by_t.is_none()) => {
                self.drawn += 1;
                self.by_estimate.add(draw.estimate);
                if let (Some(by_t), Some(t)) = (&mut self.by_t, draw.statistic) {
                    by_t.add(t);
                }
                if self.is_keeping() {
                    self.kept.push(draw);
                }
            }
            Ok(_) => self.failed += 1,
            Err(problem) => {
                self.failed += 1;
                self.failure.get_or_insert(problem);
            }
        }
    }

    /// What the draws of `lottery` say; `exact` when they are all assignments but the true one.
    ///
    /// # Errors
    /// `E701` when none has an effect.
    pub fn judge(self, exact: bool, lottery: &Lottery, kind: Kind, mut warnings: Vec<Warning>) -> Result<Placebo> {
        let count = self.drawn + self.failed;
        let why = self.failure.as_ref().map(Problem::text);
        if self.drawn == 0 {
            let why = why.map_or_else(String::new, |why| format!(": {}", why.en));
            return Err(Problem::new("E701", format!("none of {count} placebo draws has an estimate{why}"))
                .fix("draw other kinds of placebo, or more widely"));
        }
        if self.failed > 0 {
            let share = 100.0 * self.failed as f64 / count as f64;
            let (en, zh) = why.map_or_else(Default::default, |why| {
                (format!(" (the first: {})", why.en), format!("（首例：{}）", why.zh))
            });
            let failed = self.failed;
            warnings.push(Warning::new(
                "W704",
                format!("{failed} of {count} placebo draws ({share:.1}%) have no estimate and do not count{en}"),
                format!("{count} 次安慰剂抽取中有 {failed} 次（{share:.1}%）无法估计，未计入{zh}"),
            ));
        }
        let with_t = || self.kept.iter().filter(|_| self.by_t.is_some());
        Ok(Placebo {
            kind,
            estimate: self.actual.estimate,
            statistic: self.actual.statistic,
            exact,
            possible: lottery.size(),
            drawn_from: lottery.drawn_from(),
            by_estimate: self.by_estimate.p(self.drawn, exact),
            by_t: self.by_t.as_ref().map(|by_t| by_t.p(self.drawn, exact)),
            drawn: self.drawn,
            draws: self.kept.iter().map(|draw| draw.estimate).collect(),
            t: with_t().filter_map(|draw| draw.statistic).collect(),
            p: with_t().filter_map(|draw| draw.p_value).collect(),
            failed: self.failed,
            warnings,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::lottery::Scheme;
    use super::super::quick::Assignment;
    use super::*;
    use crate::math::random::stream;

    #[test]
    fn p_values_count_the_draws_that_no_figure_keeps() {
        let mut random = stream(5, 0);
        let actual = Drawn { estimate: 1.1, statistic: Some(-0.8), p_value: None };
        let mut tally = Tally::new(actual);
        let count = 3 * KEPT + 17;
        let (mut estimates, mut t) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let draw = Drawn { estimate: random.normal(), statistic: Some(random.normal()), p_value: Some(0.5) };
            estimates.push(draw.estimate);
            t.push(draw.statistic.unwrap());
            tally.take(Ok(draw));
        }
        tally.take(Ok(Drawn { statistic: None, ..actual }));
        tally.take(Err(Problem::new("E206", "absorbed")));
        let truth = Assignment { treated: vec![(0, 0)] };
        let lottery = Lottery::new(&truth, 40_000, None, Scheme::Deal, 1, "unit");
        let found = tally.judge(false, &lottery, Kind::Unit, Vec::new()).unwrap();
        assert_eq!(found.by_estimate, randomisation_p(1.1, &estimates, false));
        assert_eq!(found.by_t, Some(randomisation_p(-0.8, &t, false)));
        assert_eq!((found.drawn, found.failed, found.warnings.len()), (count, 2, 1));
        assert_eq!((&found.draws[..], &found.t[..], found.p.len()), (&estimates[..KEPT], &t[..KEPT], KEPT));
    }
}
