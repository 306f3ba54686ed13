//! How often tests of a policy effect reject, when there is none (size) and when there is one (power): writes the tables of
//! `docs/inference.md`. `cargo run --release -p attica --example rejections [-- REPLICATIONS]`, from the root of the
//! repository.
#![allow(clippy::print_stderr)]

use std::fmt::Write;
use std::path::Path;

use attica::design::{Codes, Design, DesignOptions};
use attica::diagnostic::placebo::{Kind, Options, placebo};
use attica::fit::{Fit, FitOptions, fit};
use attica::formula::SingleFormula;
use attica::frame::{Column, Frame};
use attica::math::distribution::t_two_sided;
use attica::math::random::stream;
use attica::message::{Problem, Result};
use attica::panel::Panel;
use attica::vcov::{Ssc, Vcov};
use attica::wild::{Wild, WildKind, WildOptions};
use rayon::prelude::*;

const PERIODS: usize = 10;
const DRAWS: usize = 399;
const METHODS: [&str; 8] = ["HC1", "CRV1", "CR2", "CRV3", "WCR11", "WCU11", "WCR33", "permutation"];
const MARKS: [&str; 2] = ["<!-- examples/rejections.rs -->", "<!-- end of rejections -->"];

/// Which clusters there are and which of them are treated.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Two units in each; half of them treated.
    Balanced,
    /// One to eight units; half of them treated.
    Unequal,
    /// Two units in each; two clusters treated.
    FewTreated,
}

/// An estimate, and whether each method rejects at 5 %; none where it has no answer.
type Outcome = (f64, [Option<bool>; METHODS.len()]);

fn main() -> Result<()> {
    let replications = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1_000);
    let [mut size, mut power] = [head("No effect"), head("An effect of three standard deviations of the estimate")];
    for (shape, name) in [
        (Shape::Balanced, "equal, half treated"),
        (Shape::Unequal, "unequal, half treated"),
        (Shape::FewTreated, "equal, two treated"),
    ] {
        for clusters in [6, 10, 20, 50, 200] {
            for rho in [0.0, 0.5, 0.9] {
                let run = |effect: f64| -> Result<Vec<Outcome>> {
                    let one = |r: u64| rejections(shape, clusters, rho, effect, r);
                    (0..replications).into_par_iter().map(one).collect()
                };
                let null = run(0.0)?;
                let spread = (null.iter().map(|(b, _)| b * b).sum::<f64>() / null.len() as f64).sqrt();
                let label = format!("| {name} | {clusters} | {rho} |");
                line(&mut size, &label, &null, true);
                line(&mut power, &label, &run(3.0 * spread)?, false);
                eprintln!("{label}");
            }
        }
    }
    insert(&format!("{replications} panels a line.\n\n{size}\n{power}"))
        .map_err(|error| Problem::new("E101", format!("docs/inference.md: {error}")))
}

fn head(title: &str) -> String {
    format!(
        "{title}:\n\n| clusters | G | ρ | {} |\n|---|---:|---:|{}\n",
        METHODS.join(" | "),
        "---:|".repeat(METHODS.len())
    )
}

/// Percentages; in a table of sizes, those above 7 or below 3 are bold: beyond what 1,000 replications of a true 5 give.
fn line(table: &mut String, label: &str, found: &[Outcome], is_size: bool) {
    table.push_str(label);
    for method in 0..METHODS.len() {
        let known: Vec<bool> = found.iter().filter_map(|(_, hits)| hits[method]).collect();
        let share = 100.0 * known.iter().filter(|hit| **hit).count() as f64 / known.len() as f64;
        let _ = match () {
            () if 2 * known.len() < found.len() => write!(table, " – |"),
            () if is_size && !(3.0..=7.0).contains(&share) => write!(table, " **{share:.1}** |"),
            () => write!(table, " {share:.1} |"),
        };
    }
    table.push('\n');
}

fn insert(tables: &str) -> std::io::Result<()> {
    let path = Path::new("docs/inference.md");
    let page = std::fs::read_to_string(path)?;
    let places = MARKS.map(|mark| page.find(mark));
    let [Some(from), Some(to)] = places else { return Err(std::io::Error::other("its marks are gone")) };
    std::fs::write(path, format!("{}\n{tables}{}", &page[..from + MARKS[0].len()], &page[to..]))
}

fn rejections(shape: Shape, clusters: usize, rho: f64, effect: f64, seed: u64) -> Result<Outcome> {
    let (frame, group) = panel(shape, clusters, rho, effect, seed)?;
    let panel = Panel::new(&frame, "unit", "time")?.0;
    let formula = SingleFormula::of_columns("y", &["d"], &["unit", "time"]);
    let options = DesignOptions { clusters: vec!["g".into()], ..DesignOptions::default() };
    let design = Design::build(&frame, Some(&panel), &formula, &options)?;
    let ssc = Ssc::default();
    let found = fit(&design, &FitOptions { ssc, ..FitOptions::new(Vcov::cluster("g")) })?;
    let by = |vcov: Vcov| conventional(&found, &vcov, ssc);
    let wild = |name: &str| -> Option<bool> {
        let options =
            WildOptions { kind: WildKind::parse(name).ok()?, draws: DRAWS, seed, level: None, ..Default::default() };
        Some(Wild::new(&found, &options).ok()?.coefficient(0, 0.0).ok()?.p_value <= 0.05)
    };
    let drawn = Options { clusters: Some(group), ..Options::new(Kind::Unit, DRAWS, seed) };
    let permuted = placebo(&design, &found, "d", &drawn).ok().and_then(|found| found.by_t);
    let hits = [
        by(Vcov::Hc1),
        by(Vcov::cluster("g")),
        by(Vcov::Cr2("g".into())),
        by(Vcov::Crv3("g".into())),
        wild("wcr11"),
        wild("wcu11"),
        wild("wcr33"),
        permuted.map(|p| p.two_sided <= 0.05),
    ];
    Ok((found.coefficients[0], hits))
}

/// Whether the t test rejects, at the degrees of freedom that the covariance has.
fn conventional(found: &Fit, vcov: &Vcov, ssc: Ssc) -> Option<bool> {
    let inference = found.infer(vcov, &ssc).ok()?;
    let df = inference.df.as_ref().map_or(inference.adjustment.df, |own| own[0]);
    let p = t_two_sided(found.coefficients[0] / inference.covariance[(0, 0)].sqrt(), df);
    p.is_finite().then_some(p <= 0.05)
}

/// Clusters whose shocks last with autocorrelation `rho` (variance one), units with noise of their own (variance 1/4),
/// and a policy from the middle on. With the frame, the cluster of each row.
fn panel(shape: Shape, clusters: usize, rho: f64, effect: f64, seed: u64) -> Result<(Frame, Codes)> {
    let mut random = stream(seed, 0);
    let [mut unit, mut time, mut group, mut d, mut y] = [const { Vec::new() }; 5];
    let mut units = 0;
    for g in 0..clusters {
        let own = match shape {
            Shape::Unequal => 1 + (7.0 * (g as f64 / (clusters - 1) as f64).powi(2)).round() as usize,
            _ => 2,
        };
        let is_treated = if shape == Shape::FewTreated { g < 2 } else { g % 2 == 0 };
        let mut shock = random.normal();
        for t in 0..PERIODS {
            shock = rho * shock + (1.0 - rho * rho).sqrt() * random.normal();
            let policy = f64::from(u8::from(is_treated && 2 * t >= PERIODS));
            for u in 0..own {
                unit.push((units + u) as f64);
                time.push(t as f64);
                group.push(g as f64);
                d.push(policy);
                y.push(effect * policy + shock + 0.5 * random.normal());
            }
        }
        units += own;
    }
    let codes = group.iter().map(|g| *g as u32).collect::<Vec<u32>>();
    let columns = [("unit", unit), ("time", time), ("g", group), ("d", d), ("y", y)];
    let frame = Frame::new(columns.into_iter().map(|(name, values)| Column::number(name, values)).collect())?;
    Ok((frame, Codes { name: "g".into(), codes: codes.into(), levels: clusters }))
}
