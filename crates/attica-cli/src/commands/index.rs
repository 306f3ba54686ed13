//! `attica index`: a composite index of a table.

use attica::index::{self, Direction, Distance, Indicator, Method, Norm, Options, Zeros};
use attica::message::{Problem, Result, Warning};
use attica::panel::Panel;
use attica::text::Language;
use attica_study::read::{ReadOptions, read_table};
use serde::Serialize;

use crate::args::Index;
use crate::{Done, say};

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    method: String,
    variant: Vec<(String, String)>,
    weights: Vec<Weight>,
    scores: Vec<Score>,
    dropped: Vec<attica::ledger::Drop>,
    warnings: Vec<Warning>,
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "names of the JSON contract")]
struct Weight {
    indicator: String,
    direction: String,
    entropy: Option<f64>,
    divergence: Option<f64>,
    weight: f64,
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "names of the JSON contract")]
struct Score {
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
    row: usize,
    score: Option<f64>,
    rank: Option<u32>,
}

/// Computes the index and prints weights and scores.
pub fn index(args: &Index) -> Done {
    let listed: Vec<(&String, Direction)> = args
        .benefit
        .iter()
        .map(|name| (name, Direction::Benefit))
        .chain(args.cost.iter().map(|name| (name, Direction::Cost)))
        .collect();
    if listed.is_empty() {
        return Err(Problem::new("E602", "the index has no indicators")
            .fix("name some: --benefit a,b --cost c")
            .into());
    }
    let (frame, warnings) = read_table(&args.data, &ReadOptions::default())?;
    let (frame, ledger, noticed) = super::kept(frame, args.r#where.as_deref())?;
    let indicators: Vec<Indicator<'_>> = listed
        .iter()
        .map(|(name, direction)| {
            Ok(Indicator { name, dimension: "", direction: *direction, values: frame.numbers(name)? })
        })
        .collect::<Result<_>>()?;
    let panel = match (&args.unit, &args.time) {
        (Some(unit), Some(time)) => Some(Panel::new(&frame, unit, time)?.0),
        _ => None,
    };
    let units = args.unit.as_ref().map(|unit| frame.column(unit)).transpose()?;
    let options = options(args)?;
    let computed = index::compute(&indicators, panel.as_ref().map(|p| p.time.as_slice()), &options)?;
    let weights = computed.weights.iter().zip(&listed).map(|(weight, (name, direction))| Weight {
        indicator: (*name).clone(),
        direction: direction.to_string(),
        entropy: weight.entropy,
        divergence: weight.divergence,
        weight: weight.weight,
    });
    let scores = (0..frame.rows()).map(|row| Score {
        unit: units.map(|column| column.display(row)),
        time: panel.as_ref().map(|p| p.times[p.time[row] as usize]),
        row: row + 1,
        score: computed.scores[row],
        rank: computed.ranks[row],
    });
    let output = Output {
        method: options.method.name().to_owned(),
        variant: options.variant(),
        weights: weights.collect(),
        scores: scores.collect(),
        dropped: ledger.dropped.iter().chain(&computed.ledger.dropped).cloned().collect(),
        warnings: warnings.iter().chain(&noticed).chain(&computed.warnings).cloned().collect(),
    };
    if args.json {
        say::print_json(&output);
    } else {
        say::print(&page(&output));
        say::warnings(&output.warnings, Language::En);
    }
    Ok(())
}

fn options(args: &Index) -> Result<Options> {
    let unknown = |flag: &str, word: &str, known: &str| {
        Problem::new("E602", format!("--{flag} \"{word}\" is not known")).fix(format!("one of {known}"))
    };
    Ok(Options {
        method: match args.method.as_str() {
            "entropy-topsis" => Method::EntropyTopsis,
            "entropy" => Method::Entropy,
            "topsis" => Method::Topsis,
            "pca" => Method::Pca,
            word => return Err(unknown("method", word, "entropy-topsis, entropy, topsis, pca")),
        },
        zeros: match args.zeros.as_str() {
            "keep" => Zeros::Keep,
            "epsilon" => Zeros::Add(args.epsilon),
            "shrink" => Zeros::Squeeze,
            "shift" => Zeros::Shift,
            word => return Err(unknown("zeros", word, "keep, epsilon, shrink, shift")),
        },
        norm: match args.norm.as_str() {
            "minmax" => Norm::Minmax,
            "vector" => Norm::Vector,
            word => return Err(unknown("norm", word, "minmax, vector")),
        },
        distance: if args.weight_once { Distance::Once } else { Distance::Twice },
        ..Options::default()
    })
}

/// Weights, then the ten best and the five worst rows.
fn page(output: &Output) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.6}"));
    let head = ["indicator", "direction", "entropy", "divergence", "weight"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    rows.extend(output.weights.iter().map(|w| {
        vec![w.indicator.clone(), w.direction.clone(), number(w.entropy), number(w.divergence), number(Some(w.weight))]
    }));
    let mut page =
        format!("{} over {} rows\n\n", output.method, output.scores.iter().filter(|s| s.score.is_some()).count());
    page += &super::aligned(&rows).join("\n");
    let mut scored: Vec<&Score> = output.scores.iter().filter(|s| s.score.is_some()).collect();
    scored.sort_by_key(|s| s.rank);
    let name = |s: &Score| match (&s.unit, s.time) {
        (Some(unit), Some(time)) => format!("{unit} {time}"),
        (Some(unit), None) => unit.clone(),
        _ => format!("row {}", s.row),
    };
    let line = |s: &&Score| vec![name(s), number(s.score), s.rank.map_or(String::new(), |r| r.to_string())];
    let mut rows = vec![["", "score", "rank"].map(str::to_owned).to_vec()];
    rows.extend(scored.iter().take(10).map(line));
    if scored.len() > 15 {
        rows.push(vec!["..".to_owned(), String::new(), String::new()]);
    }
    rows.extend(scored.iter().skip(10.max(scored.len().saturating_sub(5))).map(line));
    page + "\n\n" + &super::aligned(&rows).join("\n") + "\n"
}
