//! `attica did` on a parquet file that is read in passes: what it can do, the plan, and the condensed panel.

use std::sync::Arc;

use attica::estimator::options::Options;
use attica::estimator::{self, Estimator};
use attica::message::Problem;
use attica::stream::condense::{Condensed, Roles, Survey, bytes_in_flight, condense, passes, refuse};
use attica_study::read::Passes;

use super::did::Table;
use super::streamed::{self, gigabytes, only_parquet};
use crate::args::{Diagnostic, Did};
use crate::progress::Progress;
use crate::say::{self, Failure};

/// Memory for units in flight where the system does not tell what is free.
const UNKNOWN: u64 = 1 << 30;

/// The panel that stands for the file.
pub(super) fn table(args: &Did, asked: &[&dyn Estimator], options: &Options) -> Result<Table, Failure> {
    check(args, asked, options)?;
    let table = Passes::open(&args.data)?;
    let roles = Roles {
        unit: args.unit.clone(),
        time: args.time.clone(),
        outcome: args.outcome.clone(),
        first: args.first_treated.clone().filter(|_| args.treatment.is_none()),
        treatment: args.treatment.clone(),
        filter: args.estimation.r#where.clone(),
    };
    let budget = budget(args)?;
    say::note(&plan(&table, &roles, budget)?);
    let progress = Arc::new(Progress::new());
    let (bar, rows) = (progress.clone(), table.rows());
    let table = table.telling(move |done| bar.stage("rows", (done - 1) % rows + 1, rows));
    let condensed = go(&table, &roles, budget);
    progress.finish();
    let Condensed { frame, copies, ledger, warnings } = condensed?;
    Ok(Table { frame, copies, ledger, noticed: [table.warnings(), warnings].concat() })
}

fn go(table: &Passes, roles: &Roles, budget: u64) -> Result<Condensed, Problem> {
    let survey = Survey::run(table, roles)?;
    say::note(&match passes(&survey, budget) {
        _ if survey.together => "The rows of each unit follow one another: one more pass.".to_owned(),
        1 => "The rows of units are scattered, but all units fit into memory: one more pass.".to_owned(),
        more => format!(
            "The rows of units are scattered: {more} more passes, each over the rows of {} of {} units.",
            survey.units().div_ceil(more),
            survey.units()
        ),
    });
    condense(table, roles, survey, budget)
}

/// Refuses what only the units one by one tell.
fn check(args: &Did, asked: &[&dyn Estimator], options: &Options) -> Result<(), Problem> {
    only_parquet(&args.data)?;
    let by_default = [estimator::find("cs")?];
    for estimator in if asked.is_empty() { &by_default } else { asked } {
        refuse(*estimator, options)?;
    }
    let data_diagnostics =
        args.diagnostics.iter().any(|asked| matches!(asked, Diagnostic::Bacon | Diagnostic::Weights));
    let is_unit = args.cluster.is_empty() || args.cluster == [args.unit.clone()];
    let wild = args.wild.options(args.seed, args.estimation.level)?;
    for (asked, what) in [
        (!args.controls.is_empty(), "an estimate with control variables (--controls)"),
        (args.estimation.weights.is_some(), "a weighted estimate (--weights)"),
        (!is_unit, "standard errors clustered by anything but the unit (--cluster)"),
        (wild.is_some(), "the wild bootstrap, which draws units,"),
        (args.placebo.is_some(), "a placebo test, which moves the policy between units,"),
        (data_diagnostics, "the diagnostics bacon and weights"),
    ] {
        if asked {
            return Err(streamed::refuse(what));
        }
    }
    Ok(())
}

/// Bytes for units in flight.
fn budget(args: &Did) -> Result<u64, Problem> {
    match args.stream_memory {
        Some(gb) if gb > 0.0 && gb.is_finite() => Ok((gb * 1e9) as u64),
        Some(gb) => Err(Problem::new("E602", format!("--stream-memory {gb} is no amount of memory"))
            .fix("write a number of GB above zero")),
        None => Ok(streamed::memory().map_or(UNKNOWN, |free| free / 2)),
    }
}

/// What will be read how often, in which time and memory.
fn plan(table: &Passes, roles: &Roles, budget: u64) -> Result<String, Failure> {
    let names = attica::stream::Batches::names(table);
    let [first, others] = roles.columns(names)?;
    let [index, all] = [table.measure(&first)?, table.measure(&others)?];
    let rows = table.rows();
    // Without statistics a column may have as many levels as rows.
    let most = |name: &String| table.most_levels(name).unwrap_or(rows);
    let (units, periods) = (most(&roles.unit), most(&roles.time).min(rows));
    let turns = (units as u64).saturating_mul(bytes_in_flight(periods)).div_ceil(budget);
    let scattered = match turns {
        0 | 1 => "also where units are scattered".to_owned(),
        more if table.most_levels(&roles.time).is_some() => format!("up to {more} where units are scattered"),
        _ => "more where units are scattered".to_owned(),
    };
    Ok(format!(
        "Plan: a first pass over {rows} rows of {} columns ({}) that numbers units and periods, then one over {} columns ({}) where the rows of each unit follow one another, {scattered}; at least {:.1} s by the speed of the first rows; memory at most {} for rows in flight, {} for {} units at most by number, and {} for units whose rows are scattered",
        first.len(),
        gigabytes(index.bytes),
        others.len(),
        gigabytes(all.bytes),
        index.seconds + all.seconds,
        gigabytes(index.in_flight.max(all.in_flight)),
        gigabytes(16 * units as u64),
        units,
        gigabytes(budget),
    ))
}
