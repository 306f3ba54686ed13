//! One file per command.

pub mod audit;
mod audit_page;
pub mod check;
pub mod demo;
pub mod did;
mod did_diagnostics;
mod did_page;
#[cfg(feature = "parquet")]
mod did_streamed;
mod documents;
pub mod export;
pub mod fit;
mod hypotheses;
pub mod index;
mod instruments;
pub mod new;
pub mod package;
pub mod render;
pub mod run;
pub mod schema;
#[cfg(feature = "parquet")]
mod streamed;
mod used;

use attica::fit::Term;
use attica::frame::Frame;
use attica::ledger::Ledger;
use attica::message::{Problem, Warning};
use attica::text::{Language, Text};
use attica::wild::WildRecord;

use crate::say::Failure;

/// The rows of a table in which `condition` holds, the account of the others, and what was noticed.
fn kept(frame: Frame, condition: Option<&str>) -> Result<(Frame, Ledger, Vec<Warning>), Failure> {
    let mut ledger = Ledger::new(frame.rows());
    let Some(condition) = condition else { return Ok((frame, ledger, Vec::new())) };
    let (kept, warnings) = attica_study::run::filtered(&frame, condition, &mut ledger)
        .map_err(|problem| Failure::from(problem).pointing_into("--where", condition))?;
    Ok((kept, ledger, warnings))
}

/// `E520`: nothing can be read in passes.
#[cfg(not(feature = "parquet"))]
fn no_streams() -> Problem {
    Problem::new("E520", "this build of Attica reads no parquet files, and only they can be streamed")
        .fix("build it with --features parquet")
}

/// A problem whose remedy names the key `never` of a study file, with the flag of that name instead.
fn on_the_command_line(mut problem: Problem) -> Problem {
    if let Some(fix) = &mut problem.fix
        && let Some((before, rest)) = fix.split_once("never = [")
        && let Some((list, after)) = rest.split_once(']')
    {
        *fix = format!("{before}--never {}{after}", list.replace(", ", ","));
    }
    problem
}

/// A confidence level that is one.
fn level(level: f64) -> Result<f64, Problem> {
    if level > 0.0 && level < 1.0 {
        return Ok(level);
    }
    Err(Problem::new("E602", format!("--level {level} is not between 0 and 1")))
}

/// Names of effects and their tests by the wild bootstrap.
type WildTests<'a> = Vec<(String, Option<&'a WildRecord>)>;

/// Tests by the wild bootstrap, one line each, or nothing.
fn wild(tests: WildTests<'_>, level: f64, number: impl Fn(f64) -> String, language: Language) -> String {
    let Some(first) = tests.iter().find_map(|(_, test)| *test) else { return String::new() };
    let say = |en: &str, zh: &str| Text::new(en, zh).get(language).to_owned();
    let WildRecord { kind, weights, draws, clusters, enumerated, .. } = first;
    let all = if *enumerated { say("all ", "全部") } else { String::new() };
    let open = say("none", "无界");
    let end = |value: Option<f64>| value.map_or_else(|| open.clone(), &number);
    let percent = format!("{:.0} %", 100.0 * level);
    let mut rows = vec![vec![format!("wild {kind}"), "p".to_owned(), say("low", "下限"), say("high", "上限")]];
    for (name, test) in tests {
        if let Some(test) = test {
            let ends = [end(test.conf_low), end(test.conf_high)];
            rows.push([vec![name, format!("{:.4}", test.p_value)], ends.to_vec()].concat());
        }
    }
    let note = say(
        &format!(
            "wild bootstrap: {all}{draws} draws of {} weights for {clusters} clusters; {percent} confidence sets",
            weights.name()
        ),
        &format!("wild bootstrap：{clusters}个聚类，{}权重，{all}{draws}次抽样；{percent}置信集", weights.name()),
    );
    format!("\n{}\n{note}\n", aligned(&rows).join("\n"))
}

/// Where the rows of an estimate went, in a sentence.
fn account(ledger: &Ledger, language: Language) -> String {
    let Ledger { read, used, dropped } = ledger;
    let lost = |separator: &str| {
        let one = |d: &attica::ledger::Drop| format!("{} {}", d.rows, d.reason.text().get(language));
        dropped.iter().map(one).collect::<Vec<_>>().join(separator)
    };
    match (language, dropped.is_empty()) {
        (Language::En, true) => format!("{read} read, all used"),
        (Language::En, false) => format!("{read} read; {}; {used} used", lost("; ")),
        (Language::Zh, true) => format!("读入 {read}，全部使用"),
        (Language::Zh, false) => format!("读入 {read}；{}；使用 {used}", lost("；")),
    }
}

/// The cells of a coefficient in a table of the terminal: estimate, standard error, statistic, p-value, and interval.
fn cells(term: &Term) -> [String; 6] {
    [
        short(term.estimate),
        short(term.std_error),
        format!("{:.3}", term.statistic),
        format!("{:.4}", term.p_value),
        short(term.conf_low),
        short(term.conf_high),
    ]
}

/// A number in five significant digits, without an exponent where it can be read.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        return format!("{value:.4e}");
    }
    let decimals = (4.0 - magnitude).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Rows of cells as lines: the first column to the left, the others to the right, Chinese counted double.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let width = |cell: &str| cell.chars().map(|c| if c >= '\u{2E80}' { 2 } else { 1 }).sum::<usize>();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // A row that ends early has text in its last cell, which may run over the columns behind it.
    let full = || rows.iter().filter(|row| row.len() == columns);
    let widths: Vec<usize> = (0..columns)
        .map(|i| match i {
            0 => rows.iter().map(|row| width(&row[0])).max().unwrap_or(0),
            _ => full().map(|row| width(&row[i])).max().unwrap_or(0),
        })
        .collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (i, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[i].saturating_sub(width(cell)));
                let running = i + 1 == row.len() && row.len() < columns;
                match (i, running) {
                    (0, _) => line += &format!("{cell}{pad}"),
                    (_, true) => line += &format!("   {cell}"),
                    _ => line += &format!("   {pad}{cell}"),
                }
            }
            line
        })
        .collect()
}
