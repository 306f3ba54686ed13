//! Randomisation inference and placebo tests: the effect where the policy was not.
//!
//! [`placebo`] reassigns the treatment of a regression, [`placebo_of`] that of any registered estimator, and
//! [`estimate_earlier`] moves the policy back in time. p-values count the true assignment among the possible ones,
//! `(1 + #{b* at least as extreme}) / (1 + B)`, because without it a test rejects too often (Phipson and Smyth 2010,
//! Statistical Applications in Genetics and Molecular Biology 9(1)). When all assignments can be listed, the p-value is
//! the share of them that is at least as extreme: exact under the sharp null, without simulation (Fisher 1935).

mod draws;
mod effects;
mod estimator;
mod level;
pub mod lottery;
pub mod paths;
pub mod quick;
mod regression;
mod shift;

use serde::{Deserialize, Serialize};

use crate::design::Codes;
use crate::fit::Term;
use crate::message::{Problem, Result, Warning};
use lottery::{Lottery, Scheme};
use paths::Paths;

pub use draws::{Draws, evaluate, run};
pub use estimator::placebo_of;
pub use level::assigned_by;
pub use regression::placebo;
pub use shift::{earlier, estimate_earlier, possible_shifts, possible_shifts_of};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// As many units as are treated, at random and without replacement; their dates are those of the
    /// true ones.
    Unit,
    /// The whole vector of adoption, permuted over the units: the size of every cohort is kept. The same
    /// distribution as `Unit` (which keeps the dates too), from other draws.
    Cohort,
    /// Random units and random dates: one date for all where the policy has one, else one for each unit,
    /// among the periods that have one before them.
    Mixed,
}

impl Kind {
    /// The word that study files and results use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Cohort => "cohort",
            Self::Mixed => "mixed",
        }
    }

    /// How it draws, and the paths that it may give.
    fn scheme(self, found: &Paths) -> Result<(Scheme, Vec<Vec<f64>>)> {
        match self {
            Self::Unit | Self::Cohort => Ok((Scheme::Deal, found.paths.clone())),
            Self::Mixed if found.absorbing => {
                let periods = found.times.len();
                let dates = (1..periods).map(|g| (0..periods).map(|t| f64::from(u8::from(t >= g))).collect());
                let mut of = found.truth.treated.iter().map(|(_, path)| path);
                let first = of.next();
                let common = of.all(|path| Some(path) == first);
                Ok((Scheme::Dates { paths: (0..periods as u32 - 1).collect(), common }, dates.collect()))
            }
            Self::Mixed => Err(no_dates()),
        }
    }
}

/// Random dates of a treatment that has none.
fn no_dates() -> Problem {
    Problem::new("E201", "random dates need a treatment that switches once from 0 to 1")
        .fix("use the placebo kinds unit and cohort, which give whole treatment paths to other units")
}

/// How to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What is drawn.
    pub kind: Kind,
    /// Draws; all assignments are listed instead when there are no more than that.
    pub draws: usize,
    /// Seed; draw r is stream r.
    pub seed: u64,
    /// Stratum of each row of the frame (province, say): units are drawn only within their own.
    pub strata: Option<Codes>,
    /// Cluster of each row of the frame: whole clusters are drawn, as a policy of that level is assigned.
    pub clusters: Option<Codes>,
}

impl Options {
    /// Units, one by one, from all of them.
    pub fn new(kind: Kind, draws: usize, seed: u64) -> Self {
        Self { kind, draws, seed, strata: None, clusters: None }
    }
}

/// A placebo distribution and what it says of the estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placebo {
    /// What was drawn.
    pub kind: Kind,
    /// The true estimate.
    pub estimate: f64,
    /// Its t statistic; none where a standard error takes too long to have one for each draw (`sdid`).
    pub statistic: Option<f64>,
    /// Placebo effects, one per draw that has one.
    pub draws: Vec<f64>,
    /// Their t statistics; empty without `statistic`.
    pub t: Vec<f64>,
    /// Their conventional p-values; empty without `statistic`.
    pub p: Vec<f64>,
    /// All assignments were enumerated.
    pub exact: bool,
    /// Number of distinct assignments, the true one among them; none when there are too many to count, or when dates
    /// are drawn.
    pub possible: Option<u64>,
    /// Units (or clusters) that could be treated, and those that are.
    pub drawn_from: [usize; 2],
    /// p-values by effect.
    pub by_estimate: RandomisationP,
    /// p-values by t statistic.
    pub by_t: Option<RandomisationP>,
    /// Draws without an effect; they do not count.
    pub failed: usize,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// An effect, true or drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Drawn {
    estimate: f64,
    statistic: Option<f64>,
    p_value: Option<f64>,
}

impl From<&Term> for Drawn {
    fn from(term: &Term) -> Self {
        let known = term.std_error.is_finite() && term.std_error > 0.0;
        let keep = |value: f64| Some(value).filter(|value| known && value.is_finite());
        Self { estimate: term.estimate, statistic: keep(term.statistic), p_value: keep(term.p_value) }
    }
}

/// What the draws `found` of `lottery` say of `actual`.
fn judge(
    actual: Drawn,
    found: Draws<Drawn>,
    lottery: &Lottery,
    kind: Kind,
    mut warnings: Vec<Warning>,
) -> Result<Placebo> {
    let by_t = actual.statistic.is_some();
    let count = found.draws.len();
    let is_known = |draw: &&Drawn| draw.estimate.is_finite() && (draw.statistic.is_some() || !by_t);
    let kept: Vec<Drawn> = found.draws.iter().flatten().filter(is_known).copied().collect();
    let failed = count - kept.len();
    let why = found.failure.map(|problem| problem.text());
    if kept.is_empty() {
        let why = why.map_or_else(String::new, |why| format!(": {}", why.en));
        return Err(Problem::new("E701", format!("none of {count} placebo draws has an estimate{why}"))
            .fix("draw other kinds of placebo, or more widely"));
    }
    if failed > 0 {
        let share = 100.0 * failed as f64 / count as f64;
        let (en, zh) = why.map_or_else(Default::default, |why| {
            (format!(" (the first: {})", why.en), format!("（首例：{}）", why.zh))
        });
        warnings.push(Warning::new(
            "W704",
            format!("{failed} of {count} placebo draws ({share:.1}%) have no estimate and do not count{en}"),
            format!("{count} 次安慰剂抽取中有 {failed} 次（{share:.1}%）无法估计，未计入{zh}"),
        ));
    }
    let draws: Vec<f64> = kept.iter().map(|draw| draw.estimate).collect();
    let t: Vec<f64> = kept.iter().filter_map(|draw| draw.statistic.filter(|_| by_t)).collect();
    let p: Vec<f64> = kept.iter().filter_map(|draw| draw.p_value.filter(|_| by_t)).collect();
    Ok(Placebo {
        kind,
        estimate: actual.estimate,
        statistic: actual.statistic,
        exact: found.exact,
        possible: lottery.size(),
        drawn_from: lottery.drawn_from(),
        by_estimate: randomisation_p(actual.estimate, &draws, found.exact),
        by_t: actual.statistic.map(|statistic| randomisation_p(statistic, &t, found.exact)),
        draws,
        t,
        p,
        failed,
        warnings,
    })
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
    // Draws that tie in exact arithmetic (complements, permuted equals) must tie here too.
    let slack = actual.abs() * 1e-10;
    let share = |extreme: &dyn Fn(f64) -> bool| {
        (1 + draws.iter().filter(|b| extreme(**b)).count()) as f64 / (1 + draws.len()) as f64
    };
    let two_sided = share(&|b| b.abs() >= actual.abs() - slack);
    let monte_carlo_error = if exact { 0.0 } else { (two_sided * (1.0 - two_sided) / (1 + draws.len()) as f64).sqrt() };
    RandomisationP {
        two_sided,
        left: share(&|b| b <= actual + slack),
        right: share(&|b| b >= actual - slack),
        monte_carlo_error,
    }
}
