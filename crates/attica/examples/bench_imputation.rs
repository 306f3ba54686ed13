//! Times the imputation, two-stage and Sun-Abraham estimators from a frame to the estimate: units x 10 periods,
//! six cohorts and never-treated units. `cargo run --release -p attica --example bench_imputation [ROWS..]`

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use attica::design::DesignOptions;
use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::{Data, Spec, find};
use attica::fit::FitOptions;
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::panel::Panel;
use attica::vcov::Vcov;

/// The allocator of the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PERIODS: usize = 10;

fn main() {
    let mut sizes: Vec<usize> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000];
    }
    println!("{:>9} {:>9} {:>9}  best of 5, seconds; the panel's index is part of each", "rows", "method", "wall");
    for rows in sizes {
        let frame = panel(rows / PERIODS);
        for (name, controls) in [("bjs", &[][..]), ("gardner", &[][..]), ("sa", &[][..]), ("bjs", &["x"][..])] {
            let spec = spec(controls);
            let once = |_| {
                let start = Instant::now();
                let panel = Panel::new(&frame, "unit", "time").unwrap().0;
                let adoption = panel.adoption_from_first(frame.column("first").unwrap(), &[0.0]).unwrap().0;
                let data = Data { frame: &frame, panel: &panel, adoption: &adoption };
                let found = find(name).unwrap().estimate(data, &spec).unwrap();
                (start.elapsed().as_secs_f64(), found.overall.estimate)
            };
            let (best, estimate) = (0..5).map(once).fold((f64::INFINITY, 0.0), |a, b| if b.0 < a.0 { b } else { a });
            let with = if controls.is_empty() { "" } else { " with a control" };
            println!("{rows:>9} {name:>9} {best:>9.4}  effect {estimate:.6}{with}");
        }
    }
}

fn panel(units: usize) -> Frame {
    let mut random = stream(7, 0);
    let mut columns: [Vec<f64>; 6] = std::array::from_fn(|_| Vec::with_capacity(units * PERIODS));
    for unit in 0..units {
        let first = if random.uniform() < 0.25 { 0.0 } else { 4.0 + (random.uniform() * 6.0).floor() };
        let level = random.normal();
        for time in (1..=PERIODS).map(|t| t as f64) {
            let treated = first > 0.0 && time >= first;
            let effect = if treated { 1.0 + 0.2 * (time - first) } else { 0.0 };
            let x = random.normal();
            let y = level + 0.1 * time + effect + 0.5 * x + random.normal();
            let row = [unit as f64, time, first, f64::from(u8::from(treated)), x, y];
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }
    let names = ["unit", "time", "first", "d", "x", "y"];
    Frame::new(names.into_iter().zip(columns).map(|(name, values)| Column::number(name, values)).collect()).unwrap()
}

fn spec(controls: &[&str]) -> Spec {
    Spec {
        outcome: "y".to_owned(),
        treatment: "d".to_owned(),
        controls: controls.iter().map(|&name| name.to_owned()).collect(),
        design: DesignOptions { clusters: vec!["unit".to_owned()], ..DesignOptions::default() },
        fit: FitOptions::new(Vcov::cluster("unit")),
        window: Window::default(),
        options: Options::default(),
        seed: 1,
    }
}
