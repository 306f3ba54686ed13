//! Placebo distributions: the coefficient where the policy was not.
//!
//! Draws never refit where the model allows it: see [`quick`]. p-values count the true assignment
//! among the possible ones, `(1 + #{b* at least as extreme}) / (1 + B)`, because without it a test
//! rejects too often (Phipson and Smyth 2010). When all assignments can be listed the test is exact.

mod effects;
pub mod lottery;
pub mod paths;
pub mod quick;
mod shift;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::design::Design;
use crate::diagnostic::groups::absorbs_unit_and_period;
use crate::diagnostic::{Rows, nested};
use crate::fit::{Fit, FitOptions};
use crate::math::distribution::t_two_sided;
use crate::message::{Problem, Result, Warning};
use crate::vcov::Vcov;
use lottery::{Lottery, Scheme};
use quick::{Assignment, Draw, QuickFit, Variance};

pub use shift::{earlier, possible_shifts};

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
    /// Stratum of each row of the design (province, say): units are drawn only within their own.
    pub strata: Option<Vec<u32>>,
}

/// A placebo distribution and what it says of the estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placebo {
    /// What was drawn.
    pub kind: Kind,
    /// The true estimate.
    pub estimate: f64,
    /// Its t statistic.
    pub statistic: f64,
    /// Placebo coefficients, one per draw that has one.
    pub draws: Vec<f64>,
    /// Their t statistics.
    pub t: Vec<f64>,
    /// Their conventional p-values.
    pub p: Vec<f64>,
    /// All assignments were enumerated.
    pub exact: bool,
    /// p-values by coefficient.
    pub by_estimate: RandomisationP,
    /// p-values by t statistic.
    pub by_t: RandomisationP,
    /// Draws without a coefficient; they do not count.
    pub failed: usize,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// Draws the placebo distribution of `treatment` in the regression `fit` of `design`.
///
/// Every draw has the coefficient and the t statistic that a regression with that assignment would
/// have, with the covariance and small-sample factor of `fit`. With unit and period effects and
/// clusters of whole units nothing is refitted; otherwise each draw runs the regression.
///
/// # Errors
/// `E602` without unit and time, `E603` when `fit` has no coefficient of `treatment`, `E201` when it has no paths
/// (or, for `Mixed`, no dates), `E205` when nobody is treated, `E701` when no draw has a coefficient.
pub fn placebo(design: &Design, fit: &Fit, treatment: &str, options: &Options) -> Result<Placebo> {
    let terms = fit.terms();
    let Some(actual) = terms.iter().find(|term| term.term == treatment) else {
        return Err(crate::frame::unknown_column(treatment, terms.iter().map(|term| term.term.as_str())));
    };
    let used = used_rows(design, fit);
    let design = &design.take(&used);
    let paths = paths::read(design, treatment)?;
    let mut warnings = paths.warnings.clone();
    let (scheme, all_paths) = scheme(options.kind, &paths)?;
    let Some((unit, _)) = &design.panel else { return Err(Problem::new("E602", "the unit of each row is not known")) };
    let strata = match &options.strata {
        None => None,
        Some(of_row) => {
            let of_row: Vec<u32> = used.iter().map(|&row| of_row[row as usize]).collect();
            Some(nested(&unit.codes, unit.levels, &of_row).ok_or_else(|| {
                let message = format!("some {} changes its stratum: draws within strata are not possible", unit.name);
                Problem::new("E605", message)
            })?)
        }
    };
    let lottery = Lottery::new(&paths.truth, unit.levels, strata.as_deref(), scheme, options.seed, options.kind.name());
    let controls: Vec<&[f64]> =
        design.regressors.iter().filter(|(name, _)| name != treatment).map(|(_, x)| x.as_slice()).collect();
    let variance = variance(design, fit).filter(|_| absorbs_unit_and_period(design, &unit.codes, &paths.period));
    let found = if let Some(variance) = variance {
        let rows = Rows::of(design, unit, &paths.period, paths.times.len(), &controls);
        run(&QuickFit::new(rows, all_paths, variance)?, &lottery, options.draws)
    } else {
        refit(design, fit, treatment, &paths.period, &all_paths, &lottery, options.draws)
    };

    let count = found.draws.len();
    let draws: Vec<(f64, f64)> =
        found.draws.iter().flatten().filter_map(|draw| Some((draw.estimate, draw.statistic()?))).collect();
    let failed = count - draws.len();
    if draws.is_empty() {
        return Err(Problem::new(
            "E701",
            format!("none of {count} placebo draws of \"{treatment}\" has a coefficient"),
        ));
    }
    if failed > 0 {
        let share = 100.0 * failed as f64 / count as f64;
        warnings.push(Warning::new(
            "W704",
            format!("{failed} of {count} placebo draws ({share:.1} %) have no coefficient and do not count"),
            format!("{count} 次安慰剂抽取中有 {failed} 次（{share:.1}%）无法估计，未计入"),
        ));
    }
    let (draws, t): (Vec<f64>, Vec<f64>) = draws.into_iter().unzip();
    let df = fit.inference.adjustment.df;
    Ok(Placebo {
        kind: options.kind,
        estimate: actual.estimate,
        statistic: actual.statistic,
        p: t.par_iter().map(|t| t_two_sided(*t, df)).collect(),
        exact: found.exact,
        by_estimate: randomisation_p(actual.estimate, &draws, found.exact),
        by_t: randomisation_p(actual.statistic, &t, found.exact),
        draws,
        t,
        failed,
        warnings,
    })
}

/// Positions in `design` of the rows that `fit` used.
fn used_rows(design: &Design, fit: &Fit) -> Vec<u32> {
    let mut used = fit.sample.iter().peekable();
    (0..design.rows() as u32).filter(|&row| used.next_if_eq(&&design.sample[row as usize]).is_some()).collect()
}

/// How `kind` draws, and the paths that it may give.
fn scheme(kind: Kind, found: &paths::Paths) -> Result<(Scheme, Vec<Vec<f64>>)> {
    match kind {
        Kind::Unit | Kind::Cohort => Ok((Scheme::Deal, found.paths.clone())),
        Kind::Mixed if found.absorbing => {
            let periods = found.times.len();
            let dates = (1..periods).map(|g| (0..periods).map(|t| f64::from(u8::from(t >= g))).collect());
            let mut of = found.truth.treated.iter().map(|(_, path)| path);
            let first = of.next();
            let common = of.all(|path| Some(path) == first);
            Ok((Scheme::Dates { paths: (0..periods as u32 - 1).collect(), common }, dates.collect()))
        }
        Kind::Mixed => Err(Problem::new("E201", "random dates need a treatment that switches once from 0 to 1")
            .fix("use the placebo kinds unit and cohort, which give whole treatment paths to other units")),
    }
}

/// The variance of quick draws that equals that of `fit`; none when only a regression can tell.
fn variance(design: &Design, fit: &Fit) -> Option<Variance> {
    match &fit.inference.vcov {
        Vcov::Iid => Some(Variance::Iid { df_residual: fit.df_residual() }),
        Vcov::Cluster(names) if names.len() == 1 => {
            let cluster = design.clusters.iter().find(|cluster| cluster.name == names[0])?;
            let (unit, _) = design.panel.as_ref()?;
            let of_unit = nested(&unit.codes, unit.levels, &cluster.codes)?;
            Some(Variance::Clustered { of_unit, clusters: cluster.levels, factor: fit.inference.adjustment.factor })
        }
        _ => None,
    }
}

/// Draws that run the regression.
fn refit(
    design: &Design,
    fit: &Fit,
    treatment: &str,
    period: &[u32],
    paths: &[Vec<f64>],
    lottery: &Lottery,
    draws: usize,
) -> Draws {
    let options = FitOptions {
        vcov: fit.inference.vcov.clone(),
        ssc: fit.inference.ssc,
        level: fit.level,
        keep_singletons: true,
        constants: false,
        wild: None,
    };
    let units = design.panel.as_ref().map_or(&[][..], |(unit, _)| &unit.codes);
    evaluate(
        lottery,
        draws,
        || design.clone(),
        |assignment, design| {
            let mut of_unit = vec![None; units.iter().max().map_or(0, |last| *last as usize + 1)];
            for &(unit, path) in &assignment.treated {
                of_unit[unit as usize] = Some(path as usize);
            }
            let (_, column) = design.regressors.iter_mut().find(|(name, _)| name == treatment)?;
            for ((d, &i), &t) in column.iter_mut().zip(units).zip(period) {
                *d = of_unit[i as usize].map_or(0.0, |path| paths[path][t as usize]);
            }
            let fit = crate::fit::fit(design, &options).ok()?;
            let term = fit.terms().into_iter().find(|term| term.term == treatment)?;
            Some(Draw { estimate: term.estimate, std_error: Some(term.std_error).filter(|se| *se > 0.0) })
        },
    )
}

/// Shares of draws at least as extreme as the estimate.
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

/// The coefficients of a lottery.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// One per draw, in the order of the draws; none where effects and controls span the treatment.
    pub draws: Vec<Option<Draw>>,
    /// All assignments but the true one were listed.
    pub exact: bool,
}

/// Evaluates `fit` at `draws` random reassignments, or at all of them when there are no more than that.
pub fn run(fit: &QuickFit, lottery: &Lottery, draws: usize) -> Draws {
    evaluate(lottery, draws, || fit.scratch(), |assignment, scratch| fit.fit(assignment, scratch))
}

/// Evaluates any estimator at `draws` random reassignments, or at all of them when there are no more
/// than that. `scratch` makes what a thread keeps between draws.
///
/// Draws run in parallel; the result does not depend on how many threads there are, provided that
/// what `fit` returns depends on the assignment alone.
pub fn evaluate<S>(
    lottery: &Lottery,
    draws: usize,
    scratch: impl Fn() -> S + Sync,
    fit: impl Fn(&Assignment, &mut S) -> Option<Draw> + Sync,
) -> Draws {
    let listed = lottery.size().filter(|size| size.saturating_sub(1) <= draws as u64);
    let count = listed.map_or(draws, |size| size as usize);
    let results: Vec<Option<Option<Draw>>> = (0..count)
        .into_par_iter()
        .with_min_len(16)
        .map_init(
            || (scratch(), Vec::new(), Assignment::default()),
            |(scratch, room, assignment), r| {
                if listed.is_some() {
                    lottery.list(r as u64, assignment);
                    if lottery.is_truth(assignment) {
                        return None;
                    }
                } else {
                    lottery.draw(r as u64, room, assignment);
                }
                Some(fit(assignment, scratch))
            },
        )
        .collect();
    Draws { draws: results.into_iter().flatten().collect(), exact: listed.is_some() }
}
