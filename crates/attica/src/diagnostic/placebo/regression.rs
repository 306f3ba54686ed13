//! The placebo distribution of a regression. Draws never refit where the model allows it: see [`super::quick`].

use std::sync::Arc;

use super::draws::{evaluate, run};
use super::level::{Level, lottery};
use super::lottery::Lottery;
use super::quick::{Draw, QuickFit, Variance};
use super::tally::{Drawn, Tally};
use super::{Options, Placebo, paths};
use crate::design::Design;
use crate::diagnostic::groups::absorbs_unit_and_period;
use crate::diagnostic::{Rows, nested};
use crate::fit::{Fit, FitOptions};
use crate::math::distribution::t_two_sided;
use crate::message::{Problem, Result};
use crate::vcov::Vcov;

/// Draws the placebo distribution of `treatment` in the regression `fit` of `design`.
///
/// Every draw has the coefficient and the t statistic that a regression with that assignment would
/// have, with the covariance and small-sample factor of `fit`. With unit and period effects and
/// clusters of whole units nothing is refitted; otherwise each draw runs the regression.
///
/// # Errors
/// `E602` without unit and time, `E603` when `fit` has no coefficient of `treatment`, `E201` when it has no paths
/// (or, for `Mixed`, no dates), `E205` when nobody is treated, `E605` and `E607` strata or clusters that units cross
/// or that leave nothing to draw, `E701` when no draw has a coefficient.
pub fn placebo(design: &Design, fit: &Fit, treatment: &str, options: &Options) -> Result<Placebo> {
    let terms = fit.terms();
    let Some(actual) = terms.iter().find(|term| term.term == treatment) else {
        return Err(crate::frame::unknown_column(treatment, terms.iter().map(|term| term.term.as_str())));
    };
    let design = &design.take(&used_rows(design, fit));
    let paths = paths::read(design, treatment)?;
    let (scheme, all_paths) = options.kind.scheme(&paths)?;
    let Some((unit, _)) = &design.panel else { return Err(Problem::new("E602", "the unit of each row is not known")) };
    let level = Level { unit: &unit.codes, units: unit.levels, name: &unit.name, rows: &design.sample };
    let (lottery, noticed) = lottery(&paths.truth, &level, scheme, options)?;
    let controls: Vec<&[f64]> =
        design.regressors.iter().filter(|(name, _)| name != treatment).map(|(_, x)| x.as_slice()).collect();
    let variance = variance(design, fit).filter(|_| absorbs_unit_and_period(design, &unit.codes, &paths.period));
    let mut tally = Tally::new(Drawn::from(actual));
    let df = fit.inference.adjustment.df;
    let take = |draw: Result<Draw>| {
        let is_keeping = tally.is_keeping();
        tally.take(draw.map(|draw| {
            let statistic = draw.statistic();
            let p_value = statistic.filter(|_| is_keeping).map(|t| t_two_sided(t, df));
            Drawn { estimate: draw.estimate, statistic, p_value }
        }));
    };
    let exact = if let Some(variance) = variance {
        let rows = Rows::of(design, unit, &paths.period, paths.times.len(), &controls);
        run(&QuickFit::new(rows, all_paths, variance)?, &lottery, options.draws, take)
    } else {
        refit(design, fit, (treatment, &paths.period, &all_paths), &lottery, options.draws, take)
    };
    let warnings = paths.warnings.into_iter().chain(noticed).collect();
    tally.judge(exact, &lottery, options.kind, warnings)
}

/// Positions in `design` of the rows that `fit` used.
fn used_rows(design: &Design, fit: &Fit) -> Vec<u32> {
    let mut used = fit.sample.iter().peekable();
    (0..design.rows() as u32).filter(|&row| used.next_if_eq(&&design.sample[row as usize]).is_some()).collect()
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
    (treatment, period, paths): (&str, &[u32], &[Vec<f64>]),
    lottery: &Lottery,
    draws: usize,
    take: impl FnMut(Result<Draw>),
) -> bool {
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
            for (_, column) in design.regressors.iter_mut().filter(|(name, _)| name == treatment) {
                for ((d, &i), &t) in Arc::make_mut(column).iter_mut().zip(units).zip(period) {
                    *d = of_unit[i as usize].map_or(0.0, |path| paths[path][t as usize]);
                }
            }
            let fit = crate::fit::fit(design, &options)?;
            let absorbed = || Problem::new("E206", "effects and controls absorb the treatment that was drawn");
            let term = fit.terms().into_iter().find(|term| term.term == treatment).ok_or_else(absorbed)?;
            Ok(Draw { estimate: term.estimate, std_error: Some(term.std_error).filter(|se| *se > 0.0) })
        },
        take,
    )
}
