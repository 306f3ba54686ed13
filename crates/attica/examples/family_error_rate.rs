//! How often a family of outcomes that the policy does not move has a rejection all the same, for the table of
//! `docs/hypotheses.md`: `cargo run --release -p attica --example family_error_rate [REPLICATIONS]`.
#![allow(clippy::print_stdout)]

use attica::design::{Design, DesignOptions};
use attica::fit::{Fit, FitOptions, fit};
use attica::formula::SingleFormula;
use attica::frame::{Column, Frame};
use attica::hypothesis::family::Family;
use attica::math::random::stream;
use attica::message::Result;
use attica::vcov::Vcov;
use rayon::prelude::*;

const OUTCOMES: usize = 8;
const PERIODS: usize = 6;
const DRAWS: usize = 499;

fn main() -> Result<()> {
    let replications = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(2_000);
    println!("| clusters | correlation | unadjusted | Bonferroni | Holm | Romano–Wolf |");
    println!("|---|---|---|---|---|---|");
    for clusters in [20, 50] {
        for correlation in [0.0, 0.5, 0.9] {
            let found: Vec<[bool; 4]> = (0..replications)
                .into_par_iter()
                .map(|r| rejections(clusters, correlation, r))
                .collect::<Result<_>>()?;
            let share = |k: usize| 100.0 * found.iter().filter(|hit| hit[k]).count() as f64 / found.len() as f64;
            println!(
                "| {clusters} | {correlation} | {:.1} % | {:.1} % | {:.1} % | {:.1} % |",
                share(0),
                share(1),
                share(2),
                share(3)
            );
        }
    }
    Ok(())
}

/// Whether each way of adjusting rejects at least one of the true hypotheses.
fn rejections(clusters: usize, correlation: f64, seed: u64) -> Result<[bool; 4]> {
    let frame = panel(clusters, correlation, seed)?;
    let options = DesignOptions { clusters: vec!["unit".into()], ..DesignOptions::default() };
    let fits: Vec<(String, Fit)> = (0..OUTCOMES)
        .map(|outcome| {
            let name = format!("y{outcome}");
            let formula = SingleFormula::of_columns(&name, &["d"], &["unit", "time"]);
            let design = Design::build(&frame, None, &formula, &options)?;
            Ok((name, fit(&design, &FitOptions::new(Vcov::cluster("unit")))?))
        })
        .collect::<Result<_>>()?;
    let parts: Vec<(String, &Fit)> = fits.iter().map(|(name, fit)| (name.clone(), fit)).collect();
    let (family, _) = Family::of_fits(&parts, "d", &frame, None, DRAWS, seed)?;
    let any = |p: fn(&attica::hypothesis::family::FamilyRow) -> f64| family.rows.iter().any(|row| p(row) <= 0.05);
    Ok([any(|r| r.p_value), any(|r| r.p_bonferroni), any(|r| r.p_holm), any(|r| r.p_romano_wolf.unwrap_or(1.0))])
}

/// Outcomes with unit effects and errors that share `correlation` across outcomes and last over time; half of the units
/// are treated from the middle on, without effect.
fn panel(clusters: usize, correlation: f64, seed: u64) -> Result<Frame> {
    let mut random = stream(seed, 0);
    let rows = clusters * PERIODS;
    let (mut unit, mut time, mut d) = (Vec::new(), Vec::new(), Vec::new());
    let mut outcomes: Vec<Vec<f64>> = (0..OUTCOMES).map(|_| Vec::with_capacity(rows)).collect();
    for u in 0..clusters {
        let mut lasting = vec![0.0; OUTCOMES];
        for t in 0..PERIODS {
            unit.push(u as f64);
            time.push(t as f64);
            d.push(f64::from(u8::from(u % 2 == 0 && 2 * t >= PERIODS)));
            let shared = random.normal();
            for (outcome, lasting) in outcomes.iter_mut().zip(&mut lasting) {
                *lasting = 0.5 * *lasting + correlation.sqrt() * shared + (1.0 - correlation).sqrt() * random.normal();
                outcome.push(*lasting);
            }
        }
    }
    let mut columns = vec![Column::number("unit", unit), Column::number("time", time), Column::number("d", d)];
    columns.extend(outcomes.into_iter().enumerate().map(|(i, values)| Column::number(format!("y{i}"), values)));
    Frame::new(columns)
}
