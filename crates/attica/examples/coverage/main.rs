//! Bias, standard errors and coverage of every registered estimator on panels whose effects are known: writes
//! `docs/coverage.md`. `cargo run --release -p attica --example coverage`, with
//!
//! * `--only cs,bjs` and `--design "Few adopters"` to run these estimators or this design alone and keep the other
//!   lines of the page;
//! * `--replications 100` or `--units 500` for a page of its own on standard output.
//!
//! The truth is what the estimator itself averages: its answer to the true effects with next to no noise, on a panel
//! with the expected size of every cohort. All estimators here are linear in the outcome given the rest, or average
//! treated rows, so that this is their estimand.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

mod page;
mod variants;
mod world;

use attica::estimator::{Data, ESTIMATORS, Estimate, Estimator, Spec};
use attica::frame::Frame;
use attica::math::random::stream;
use attica::message::Result;
use attica::panel::Panel;
use page::Page;
use rayon::prelude::*;
use variants::{Variant, variants};
use world::{WORLDS, World};

const REPLICATIONS: u64 = 1000;
const UNITS: usize = 200;

fn estimate(estimator: &dyn Estimator, spec: &Spec, frame: &Frame) -> Result<Estimate> {
    let (panel, _) = Panel::new(frame, "unit", "time")?;
    let (adoption, _) = panel.adoption_from_first(frame.column("first")?, &[])?;
    estimator.estimate(Data { frame, panel: &panel, adoption: &adoption }, spec)
}

/// One replication: estimate, standard error, and whether the intervals and the band cover.
struct Outcome {
    estimate: f64,
    std_error: f64,
    overall: bool,
    at_zero: Option<bool>,
    band: Option<bool>,
}

fn judge(found: &Estimate, truth: &Estimate) -> Outcome {
    let inside = |low: f64, truth: f64, high: f64| low <= truth && truth <= high;
    let term = &found.overall;
    let rows = || {
        let truth = truth.event_study.iter().flat_map(|study| &study.rows);
        let at = move |k: i64| truth.clone().find(|row| row.event_time == k).map(|row| row.estimate);
        found.event_study.iter().flat_map(|study| &study.rows).filter_map(move |row| Some((row, at(row.event_time)?)))
    };
    let at_zero = rows().find(|(row, _)| row.event_time == 0);
    let bands: Vec<bool> =
        rows().filter_map(|(row, truth)| Some(inside(row.band_low?, truth, row.band_high?))).collect();
    Outcome {
        estimate: term.estimate,
        std_error: term.std_error,
        overall: inside(term.conf_low, truth.overall.estimate, term.conf_high),
        at_zero: at_zero.and_then(|(row, truth)| Some(inside(row.conf_low?, truth, row.conf_high?))),
        band: (!bands.is_empty()).then(|| bands.iter().all(|inside| *inside)),
    }
}

/// What the command line asks for.
struct Asked {
    only: Option<String>,
    design: Option<String>,
    replications: u64,
    units: usize,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Self { only: None, design: None, replications: REPLICATIONS, units: UNITS };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().unwrap_or_else(|| panic!("{name} needs a value"));
            match name.as_str() {
                "--only" => asked.only = Some(value),
                "--design" => asked.design = Some(value),
                "--replications" => asked.replications = value.parse().unwrap(),
                "--units" => asked.units = value.parse().unwrap(),
                _ => panic!("{name} is none of --only, --design, --replications, --units"),
            }
        }
        asked
    }

    fn runs(&self, design: &str, estimator: &str) -> bool {
        let only = |list: &String| list.split(',').any(|one| one == estimator);
        self.design.as_ref().is_none_or(|one| one == design) && self.only.as_ref().is_none_or(only)
    }

    fn runs_all(&self) -> bool {
        self.only.is_none() && self.design.is_none()
    }

    /// As `docs/coverage.md` is.
    fn is_the_page(&self) -> bool {
        (self.replications, self.units) == (REPLICATIONS, UNITS)
    }
}

fn main() {
    let asked = Asked::read();
    let known = if asked.is_the_page() && !asked.runs_all() { Page::read() } else { Page::default() };
    let mut page = Page::new(asked.replications, asked.units);
    for world in WORLDS {
        section(&mut page, &known, world, &asked);
    }
    if asked.is_the_page() {
        page.write();
    } else {
        print!("{}", page.text());
    }
}

/// The lines of one design: new ones, or those that the page had.
fn section(page: &mut Page, known: &Page, world: &World, asked: &Asked) {
    page.section(world.name, world.about);
    let holds = |name: &str| world.holds_for.is_empty() || world.holds_for.contains(&name);
    for estimator in ESTIMATORS.iter().filter(|estimator| holds(estimator.name())) {
        for variant in variants(estimator.name()) {
            if asked.runs(world.name, estimator.name()) {
                eprintln!("{}: {} {}", world.name, estimator.name(), variant.name);
                page.line(&line(world, *estimator, &variant, asked.units, asked.replications));
            } else if let Some(line) = known.find(world.name, estimator.name(), variant.name) {
                page.line(line);
            }
        }
    }
}

/// One row of the table.
fn line(world: &World, estimator: &dyn Estimator, variant: &Variant, units: usize, replications: u64) -> String {
    let name = estimator.name();
    let mut spec = world.spec();
    let (frame, att) = world.draw(units, false, 1e-6, &mut stream(0, 0));
    (variant.ask)(&mut spec);
    let truth = match estimate(estimator, &spec, &frame) {
        Ok(truth) => truth,
        Err(problem) => return format!("| `{name}` | {} | none: {} | | | | | | |", variant.name, problem.message),
    };
    let one = |replication: u64| {
        let (frame, _) = world.draw(units, variant.drawn_sizes, 1.0, &mut stream(1, replication));
        estimate(estimator, &spec, &frame).ok().map(|found| judge(&found, &truth))
    };
    let all: Vec<Option<Outcome>> = (0..replications).into_par_iter().map(one).collect();
    let done: Vec<&Outcome> = all.iter().flatten().collect();
    let n = done.len() as f64;
    let mean = |of: &dyn Fn(&Outcome) -> f64| done.iter().map(|o| of(o)).sum::<f64>() / n;
    let centre = mean(&|o| o.estimate);
    let sd = (done.iter().map(|o| (o.estimate - centre).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let share = |of: &dyn Fn(&Outcome) -> Option<bool>| {
        let known: Vec<bool> = done.iter().filter_map(|o| of(o)).collect();
        let covered = 100.0 * known.iter().filter(|inside| **inside).count() as f64 / known.len() as f64;
        match covered {
            _ if known.is_empty() => "–".to_owned(),
            c if (93.0..=97.0).contains(&c) => format!("{c:.1}"),
            c => format!("**{c:.1}**"),
        }
    };
    let failed = all.len() - done.len();
    format!(
        "| `{name}` | {}{} | {:.3} | {:.4} ({:.4}) | {sd:.4} | {:.4} | {} | {} | {} |",
        variant.name,
        if failed > 0 { format!(" ({failed} failed)") } else { String::new() },
        truth.overall.estimate - att,
        centre - truth.overall.estimate,
        sd / n.sqrt(),
        mean(&|o| o.std_error),
        share(&|o| Some(o.overall)),
        share(&|o| o.at_zero),
        share(&|o| o.band),
    )
}
