//! Times 10,000 placebo draws on a panel of 285 units and 11 periods with four controls, beside the
//! same regression run anew for each draw. `cargo run --release --example bench_placebo`

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use attica::diagnostic::Rows;
use attica::diagnostic::placebo::lottery::{Lottery, Scheme};
use attica::diagnostic::placebo::quick::{Assignment, QuickFit, Variance};
use attica::diagnostic::placebo::run;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

const UNITS: usize = 285;
const PERIODS: usize = 11;
const DRAWS: usize = 10_000;

fn main() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut column = || -> Vec<f64> {
        (0..UNITS * PERIODS).map(|_| (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64).collect()
    };
    let unit: Vec<u32> = (0..UNITS * PERIODS).map(|row| (row / PERIODS) as u32).collect();
    let period: Vec<u32> = (0..UNITS * PERIODS).map(|row| (row % PERIODS) as u32).collect();
    let outcome = column();
    let controls: Vec<Vec<f64>> = (0..4).map(|_| column()).collect();
    let controls: Vec<&[f64]> = controls.iter().map(Vec::as_slice).collect();
    let rows = Rows {
        unit: &unit,
        units: UNITS,
        period: &period,
        periods: PERIODS,
        outcome: &outcome,
        controls: &controls,
        weights: None,
    };
    let clustered = || Variance::Clustered { of_unit: (0..UNITS as u32).collect(), clusters: UNITS, factor: 1.0 };
    let paths: Vec<Vec<f64>> =
        (1..PERIODS).map(|g| (0..PERIODS).map(|t| f64::from(u8::from(t >= g))).collect()).collect();
    // 16 units from the third period on, 25 from the eighth.
    let truth = Assignment { treated: (0..41).map(|i| (i, if i < 16 { 1 } else { 6 })).collect() };
    let schemes =
        [("unit", Scheme::Deal), ("mixed", Scheme::Dates { paths: (0..PERIODS as u32 - 1).collect(), common: false })];
    for (name, scheme) in schemes {
        let lottery = Lottery::new(&truth, UNITS, None, scheme, 1, name);
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let start = Instant::now();
            let quick = QuickFit::new(rows, paths.clone(), clustered());
            black_box(run(&quick, &lottery, DRAWS));
            best = best.min(start.elapsed().as_secs_f64());
        }
        // Refitting: the effects come out of outcome, controls and treatment for every draw.
        let refits = 100;
        let start = Instant::now();
        let mut drawn = Assignment::default();
        for r in 0..refits {
            lottery.draw(r, &mut Vec::new(), &mut drawn);
            let quick = QuickFit::new(rows, paths.clone(), clustered());
            black_box(quick.fit(&drawn, &mut quick.scratch()));
        }
        let refitting = start.elapsed().as_secs_f64() / refits as f64 * DRAWS as f64;
        println!(
            "{name:6} {DRAWS} draws with clustered t: {:7.1} ms; refitted one by one: {:8.0} ms; ratio {:.0}",
            best * 1e3,
            refitting * 1e3,
            refitting / best
        );
    }
}
