//! `attica fit`: one formula, possibly standing for several regressions.

mod covariance;
mod many;
mod page;
mod regression;

use std::sync::atomic::{AtomicUsize, Ordering};

use attica::design::{DesignOptions, Designs};
use attica::fit::{Fit as Fitted, FitOptions, INTERCEPT};
use attica::formula::{Formula, SingleFormula};
use attica::frame::Frame;
use attica::hypothesis::family::Family;
use attica::ledger::Reason;
use attica::message::{Problem, Warning};
use attica::panel::Panel;
use attica::text::Language;
use attica::vcov::Ssc;
use attica_study::read::{ReadOptions, read_table};
use covariance::Asked;
use rayon::prelude::*;
use regression::{Common, Failed};
use serde::Serialize;

use super::{hypotheses, used};
use crate::args::{Adjust, Fit, ModelFamily};
use crate::progress::Progress;
use crate::say::Failure;
use crate::{Done, say};

pub(super) use page::terms;
pub(super) use regression::One;

/// More regressions than these print as one table.
const PAGES: usize = 6;

/// A table with more rows keeps the threads busy, and memory full, with one regression at a time.
const LARGE: usize = 2_000_000;

/// What `--json` prints for several regressions; a single one is printed alone.
#[derive(Serialize)]
struct Several<'a> {
    models: &'a [One],
    #[serde(skip_serializing_if = "<[Failed]>::is_empty")]
    failed: &'a [Failed],
    /// One coefficient over all of them, p-values adjusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<Family>,
}

/// Estimates the formula and prints it.
pub fn fit(args: &Fit) -> Done {
    let pointing = |problem: Problem| Failure::from(problem).pointing_into("formula", &args.formula);
    let formula = Formula::parse(&args.formula).map_err(pointing)?;
    let (vcov, asked) = covariance::vcov(args)?;
    let options = FitOptions {
        vcov: vcov.clone(),
        ssc: Ssc::parse(&args.estimation.ssc)?,
        level: super::level(args.estimation.level)?,
        keep_singletons: args.keep_singletons,
        constants: true,
        wild: args.wild.options(args.seed, args.estimation.level)?,
    };
    #[cfg(feature = "parquet")]
    if let Some(models) = super::streamed::models(args, &formula, &options, matches!(asked, Asked::One))? {
        show(args, &models, &[], None);
        return Ok(());
    }
    #[cfg(not(feature = "parquet"))]
    if args.stream {
        return Err(super::no_streams().into());
    }
    let read = match asked {
        Asked::One => used::by_fit(args, &formula, &vcov),
        Asked::List(_) | Asked::All => ReadOptions::default(),
    };
    let (frame, mut warnings) = read_table(&args.data, &read)?;
    let (frame, filtered, noticed) = super::kept(frame, args.estimation.r#where.as_deref())?;
    warnings.extend(noticed);
    let panel = match (&args.unit, &args.time) {
        (Some(unit), Some(time)) => {
            let (panel, notes) = Panel::new(&frame, unit, time)?;
            warnings.extend(notes);
            Some(panel)
        }
        _ => None,
    };
    let design_options = DesignOptions {
        weights: args.estimation.weights.clone().map(|column| (column, args.estimation.weights_kind.into())),
        clusters: vcov.clusters().to_vec(),
        coordinates: vcov.coordinates(),
        subset: exposed(args, &frame)?,
        ..DesignOptions::default()
    };
    let singles = formula.expand(&frame).map_err(pointing)?;
    let common = Common {
        args,
        frame: &frame,
        panel: panel.as_ref(),
        designs: Designs::new(&frame, panel.as_ref(), &singles, &design_options).map_err(pointing)?,
        options: &options,
        asked: &asked,
        cautious: singles.len() <= PAGES,
        filtered: &filtered,
        warnings: &warnings,
    };
    let (found, failed) = many::sorted(&singles, estimates(&common, &singles))?;
    let (models, fits): (Vec<One>, Vec<Option<Fitted>>) = found.into_iter().unzip();
    let (family, notes) = match args.adjust.as_slice() {
        [] => (None, Vec::new()),
        _ => family(args, &fits.iter().flatten().collect::<Vec<_>>(), &frame, panel.as_ref())?,
    };
    show(args, &models, &failed, family);
    say::warnings(&notes, Language::En);
    Ok(())
}

/// What a regression yields: its fit too, where p-values are adjusted over all of them.
type Estimate = Result<(One, Option<Fitted>), Failure>;

/// All regressions, in order: side by side, but for those that take all rows of a large table.
fn estimates(common: &Common<'_>, singles: &[SingleFormula]) -> Vec<Estimate> {
    let (done, progress) = (AtomicUsize::new(0), Progress::of_pieces());
    let estimate = |single: &SingleFormula| {
        let (one, fit) = common.estimate(single)?;
        progress.stage("regressions", done.fetch_add(1, Ordering::Relaxed) + 1, singles.len());
        Ok((one, (!common.args.adjust.is_empty()).then_some(fit)))
    };
    let large = |single: &SingleFormula| single.sample.is_none() && common.frame.rows() > LARGE;
    let side_by_side: Vec<Option<Estimate>> =
        singles.par_iter().map(|single| (!large(single)).then(|| estimate(single))).collect();
    let all = singles.iter().zip(side_by_side).map(|(single, found)| found.unwrap_or_else(|| estimate(single)));
    let all = all.collect();
    progress.finish();
    all
}

/// The rows that have an offset, where one is asked for.
fn exposed(args: &Fit, frame: &Frame) -> Result<Option<(Reason, Vec<bool>)>, Problem> {
    let Some(name) = &args.offset else { return Ok(None) };
    if args.family != ModelFamily::Poisson {
        return Err(Problem::new("E605", "--offset belongs to --family poisson")
            .fix("in a linear model subtract the column from the outcome"));
    }
    let known = frame.numbers(name)?.iter().map(|x| !x.is_nan()).collect();
    Ok(Some((Reason::Missing(name.clone()), known)))
}

/// Prints what was found, as pages or as a table.
fn show(args: &Fit, models: &[One], failed: &[Failed], family: Option<Family>) {
    match models {
        [one] if args.json && failed.is_empty() => return say::print_json(one),
        _ if args.json => return say::print_json(&Several { models, failed, family }),
        _ if models.len() + failed.len() > PAGES => {
            say::print(&many::table(&args.formula, models));
            say::warnings(&many::warnings(models), Language::En);
        }
        _ => {
            for model in models {
                say::print(&page::page(model));
                say::warnings(&model.fit.warnings, Language::En);
            }
        }
    }
    if let Some(family) = &family {
        say::print(&hypotheses::family(family, &args.adjust));
    }
    say::warnings(&many::without_estimate(failed, models.len() + failed.len()), Language::En);
}

/// One coefficient of all regressions as a family.
fn family(
    args: &Fit,
    fits: &[&Fitted],
    frame: &Frame,
    panel: Option<&Panel>,
) -> Result<(Option<Family>, Vec<Warning>), Problem> {
    let first = || fits.first().and_then(|fit| fit.names.iter().find(|name| *name != INTERCEPT)).cloned();
    let Some(term) = args.of.clone().or_else(first) else {
        return Err(Problem::new("E607", "the formula has no coefficient whose p-values could be adjusted"));
    };
    let outcome = |fit: &Fitted| fit.outcome.clone();
    let alike = fits.windows(2).any(|pair| pair[0].outcome == pair[1].outcome);
    let name = |(i, fit): (usize, &Fitted)| if alike { format!("({}) {}", i + 1, outcome(fit)) } else { outcome(fit) };
    let parts: Vec<(String, &Fitted)> = fits.iter().enumerate().map(|(i, &fit)| (name((i, fit)), fit)).collect();
    let draws = if args.adjust.contains(&Adjust::Rw) { args.draws } else { 0 };
    let (family, notes) = Family::of_fits(&parts, &term, frame, panel, draws, args.seed)?;
    Ok((Some(family), notes))
}
