//! How often intervals hold the effect on an index whose weights are estimated: `cargo run --release -p attica --example
//! joint_index_coverage` prints the table of `docs/robustness.md`. The truth is the effect on the index of a population
//! of 40,000 units of the same design.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use attica::design::{Design, DesignOptions};
use attica::diagnostic::joint_index::{IndexOutcome, deviation, joint_index};
use attica::fit::{FitOptions, fit};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::index::{Direction, Indicator, Options, compute};
use attica::math::random::stream;
use attica::panel::Panel;
use attica::vcov::Vcov;
use rayon::prelude::*;

const PERIODS: usize = 6;
const DRAWS: usize = 199;
const REPLICATIONS: u64 = 500;

struct World {
    unit: Vec<f64>,
    time: Vec<f64>,
    d: Vec<f64>,
    indicators: [Vec<f64>; 3],
}

/// A third of the units adopts in period 3. The policy raises one indicator by 0.2 on average, by more in some units;
/// the weights depend on a second one that few units have at all.
fn world(units: usize, replication: u64) -> World {
    let mut random = stream(20_111_020, replication);
    let mut world =
        World { unit: Vec::new(), time: Vec::new(), d: Vec::new(), indicators: [Vec::new(), Vec::new(), Vec::new()] };
    for unit in 0..units {
        let (level, gain, rare) = (random.uniform(), 0.4 * random.uniform(), random.uniform());
        let share = if rare > 0.85 { random.uniform() } else { 0.0 };
        for period in 0..PERIODS {
            let d = f64::from(u8::from(unit % 3 == 0 && period >= 3));
            let noise = |x: f64| 0.25 * (x - 0.5);
            world.unit.push(unit as f64);
            world.time.push(period as f64);
            world.d.push(d);
            world.indicators[0].push(level + gain * d + noise(random.uniform()));
            world.indicators[1].push(share + 0.02 * random.uniform());
            world.indicators[2].push(0.5 * level + 0.5 * random.uniform());
        }
    }
    world
}

fn parts(world: &World) -> Vec<Indicator<'_>> {
    let one = |(i, name): (usize, &'static str)| Indicator {
        name,
        dimension: "all",
        direction: Direction::Benefit,
        values: &world.indicators[i],
    };
    [(0, "a"), (1, "b"), (2, "c")].map(one).to_vec()
}

fn design(world: &World, y: &[f64]) -> Design {
    let columns = [("unit", &world.unit), ("time", &world.time), ("d", &world.d)];
    let mut columns: Vec<Column> = columns.map(|(name, values)| Column::number(name, values.clone())).to_vec();
    columns.push(Column::number("y", y.to_vec()));
    let frame = Frame::new(columns).unwrap();
    let (panel, _) = Panel::new(&frame, "unit", "time").unwrap();
    let formula = Formula::parse("y ~ d | unit + time").unwrap().expand(&frame).unwrap().remove(0);
    let options = DesignOptions { clusters: vec!["unit".to_owned()], ..DesignOptions::default() };
    Design::build(&frame, Some(&panel), &formula, &options).unwrap()
}

/// Estimate, usual standard error, bootstrap with scores kept, joint bootstrap.
fn estimate(world: &World, options: &Options, draws: usize, seed: u64) -> [f64; 4] {
    let period: Vec<u32> = world.time.iter().map(|t| *t as u32).collect();
    let unit: Vec<u32> = world.unit.iter().map(|u| *u as u32).collect();
    let parts = parts(world);
    let index = compute(&parts, Some(&period), options).unwrap();
    let y: Vec<f64> = index.scores.into_iter().map(Option::unwrap).collect();
    let design = design(world, &y);
    let term = fit(&design, &FitOptions::new(Vcov::cluster("unit"))).unwrap().record().terms[0].clone();
    if draws == 0 {
        return [term.estimate, term.std_error, 0.0, 0.0];
    }
    let source = IndexOutcome { indicators: &parts, period: &period, options, scores: &y, clusters: &unit };
    let found = joint_index(&design, "d", &source, draws, seed).unwrap();
    [term.estimate, term.std_error, deviation(&found.fixed), deviation(&found.joint)]
}

fn main() {
    println!(
        "| units | truth | estimate: mean, sd | usual: mean, coverage | scores kept: mean, coverage | joint: mean, coverage |"
    );
    println!("|---|---|---|---|---|---|");
    let options = Options::default();
    let truth = estimate(&world(40_000, 0), &options, 0, 0)[0];
    for units in [60, 150] {
        let found: Vec<[f64; 4]> = (1..=REPLICATIONS)
            .into_par_iter()
            .map(|replication| estimate(&world(units, replication), &options, DRAWS, replication))
            .collect();
        let estimates: Vec<f64> = found.iter().map(|one| one[0]).collect();
        let n = found.len() as f64;
        let judged = [1, 2, 3].map(|at| {
            let mean = found.iter().map(|one| one[at]).sum::<f64>() / n;
            let covered = found.iter().filter(|one| (one[0] - truth).abs() <= 1.96 * one[at]).count();
            format!("{mean:.4}, {:.1} %", 100.0 * covered as f64 / n)
        });
        let mean = estimates.iter().sum::<f64>() / n;
        println!("| {units} | {truth:.4} | {mean:.4}, {:.4} | {} |", deviation(&estimates), judged.join(" | "));
    }
}
