//! `attica fit` on a parquet file that is read in passes: when, the plan, and the estimates.

use std::path::Path;

use attica::expr::Expr;
use attica::fit::FitOptions;
use attica::formula::{Formula, SingleFormula};
use attica::frame::Frame;
use attica::message::{Problem, Warning};
use attica::stream::{Needs, StreamOptions, fit, needs};
use attica_study::read::Passes;

use super::fit::One;
use crate::args::{Fit, ModelFamily};
use crate::progress::Progress;
use crate::say::{self, Failure};

/// The regressions of a formula, estimated in passes; `None` when the table is to be read into memory. `alone` says that
/// one covariance is asked for.
pub(super) fn models(
    args: &Fit,
    formula: &Formula,
    options: &FitOptions,
    alone: bool,
) -> Result<Option<Vec<One>>, Failure> {
    if let Err(problem) = only_parquet(&args.data) {
        return if args.stream { Err(problem.into()) } else { Ok(None) };
    }
    if !args.stream && !args.data.is_file() {
        return Ok(None);
    }
    let table = match Passes::open(&args.data) {
        Ok(table) => table,
        // Reading it into memory says what is wrong with it.
        Err(_) if !args.stream => return Ok(None),
        Err(problem) => return Err(problem.into()),
    };
    let names = attica::stream::Batches::names(&table).to_vec();
    let options = StreamOptions {
        fit: options.clone(),
        weights: args.estimation.weights.clone().map(|column| (column, args.estimation.weights_kind.into())),
        filter: args.estimation.r#where.clone(),
        panel: args.unit.clone().zip(args.time.clone()),
    };
    let planned = plan(args, formula, &options, &names, alone);
    let note = match (args.stream, memory()) {
        (true, _) => None,
        (false, Some(free)) if in_memory(&table, names.len()) > free => {
            // What cannot be streamed has to try its luck in memory.
            let Ok(_) = &planned else { return Ok(None) };
            Some(too_large(in_memory(&table, names.len()), free))
        }
        (false, _) => return Ok(None),
    };
    let planned = planned?;
    for (single, needs) in &planned {
        say::note(&describe(&table, needs, single.effects.len(), options.weights.is_some())?);
    }
    let total: usize = planned.iter().map(|(_, needs)| needs.passes * table.rows()).sum();
    let progress = std::sync::Arc::new(Progress::of_pieces());
    let bar = progress.clone();
    let table = table.telling(move |rows| bar.stage("rows", rows, total));
    let mut records = Vec::with_capacity(planned.len());
    for (single, _) in &planned {
        let record = fit(&table, single, &options);
        if record.is_err() {
            progress.finish();
        }
        records.push((
            single.to_string(),
            record.map_err(|problem| Failure::from(problem).pointing_into("formula", &args.formula))?,
        ));
    }
    progress.finish();
    let warnings: Vec<Warning> = table.warnings().into_iter().chain(note).collect();
    let one = |(formula, mut record): (String, attica::fit::FitRecord)| {
        record.warnings.splice(0..0, warnings.iter().cloned());
        One::of_record(formula, record, args)
    };
    Ok(Some(records.into_iter().map(one).collect::<Result<_, _>>()?))
}

/// The single regressions and what each needs.
fn plan(
    args: &Fit,
    formula: &Formula,
    options: &StreamOptions,
    names: &[String],
    alone: bool,
) -> Result<Vec<(SingleFormula, Needs)>, Failure> {
    if !args.adjust.is_empty() {
        return Err(refuse("p-values adjusted over several regressions (--adjust)").into());
    }
    if args.family != ModelFamily::Linear || args.offset.is_some() {
        return Err(refuse("a Poisson model (--family poisson, --offset)").into());
    }
    if !alone {
        return Err(refuse("one coefficient under several covariances").into());
    }
    if formula.split.is_some() {
        return Err(refuse("a split sample").fix("choose one sample with --where").into());
    }
    if let Some(condition) = &args.estimation.r#where {
        Expr::parse(condition).map_err(|problem| Failure::from(problem).pointing_into("--where", condition))?;
    }
    let pointing = |problem: Problem| Failure::from(problem).pointing_into("formula", &args.formula);
    let singles = formula.expand(&Frame::default()).map_err(pointing)?;
    singles
        .into_iter()
        .map(|single| needs(&single, options, names).map(|needs| (single, needs)).map_err(pointing))
        .collect()
}

/// `E731` for any other file.
pub(super) fn only_parquet(data: &Path) -> Result<(), Problem> {
    if data.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet") || e.eq_ignore_ascii_case("pq")) {
        return Ok(());
    }
    Err(Problem::new("E731", format!("{} is not a parquet file, and only they can be read in passes", data.display()))
        .fix("write the table as parquet, or leave --stream out"))
}

/// `E731`: what cannot be had in passes.
pub(super) fn refuse(what: &str) -> Problem {
    Problem::new("E731", format!("{what} cannot be had from a file that is read in passes"))
        .fix("leave --stream out, or see docs/large-files.md for what can")
}

/// Bytes that reading the whole file and estimating from it may take at once.
fn in_memory(table: &Passes, columns: usize) -> u64 {
    2 * table.bytes() + 2 * 8 * (table.rows() * columns) as u64
}

/// Bytes of memory that are free, where the system tells.
pub(super) fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn too_large(needed: u64, free: u64) -> Warning {
    let (needed, free) = (gigabytes(needed), gigabytes(free));
    Warning::new(
        "N732",
        format!("the table was read in passes: in memory it may take {needed} and {free} are free"),
        format!("数据按多次遍历读取：载入内存约需{needed}，可用内存为{free}"),
    )
}

pub(super) fn gigabytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < 1e8 { format!("{:.1} MB", bytes / 1e6) } else { format!("{:.1} GB", bytes / 1e9) }
}

/// The plan: what will be read how often, in which time and memory.
fn describe(table: &Passes, needs: &Needs, effects: usize, weighted: bool) -> Result<String, Failure> {
    let reading = table.measure(&needs.columns)?;
    let Needs { passes, columns, levels } = needs;
    let rows = table.rows();
    // Without statistics a column may have as many levels as rows.
    let most = |name: &String| table.most_levels(name).unwrap_or(rows);
    let sizes: Vec<usize> = levels.iter().map(|(name, _)| most(name)).collect();
    let by_level: u64 = sizes.iter().zip(levels).map(|(size, (_, bytes))| (size * bytes) as u64).sum();
    let table_of_pairs = match sizes[..] {
        [a, b, ..] if effects == 2 => (a.max(b) as u64) * (a.min(b).min(1000) as u64) * if weighted { 8 } else { 1 },
        _ => 0,
    };
    let named: Vec<String> =
        sizes.iter().zip(levels).map(|(size, (name, _))| format!("{name} (at most {size})")).collect();
    let kept = if named.is_empty() { String::new() } else { format!(" for the levels of {}", named.join(", ")) };
    Ok(format!(
        "Plan: {passes} passes over {rows} rows, {} of {} columns, {} to read each time; at least {:.1} s by the speed of the first rows; memory at most {} for rows in flight and {}{kept}",
        columns.len(),
        attica::stream::Batches::names(table).len(),
        gigabytes(reading.bytes),
        reading.seconds * *passes as f64,
        gigabytes(reading.in_flight),
        gigabytes(by_level + table_of_pairs),
    ))
}
