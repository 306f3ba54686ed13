//! Times Callaway-Sant'Anna from the frame to all averages, bands and event study, on 1e4, 1e5 and 1e6 units of
//! ten periods: without and with a covariate, analytical and with 1,000 multiplier draws.
//!
//! `cargo run --release -p attica --example bench_callaway_santanna [-- UNITS [COHORTS [FILE.csv]]]`; with a
//! file, the data are written there (id, t, g, x, y) so that others can be timed on them.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::io::Write;
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
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let cohorts = arguments.get(1).map_or(8, |text| text.parse().unwrap());
    let sizes = arguments.first().map_or(vec![10_000, 100_000, 1_000_000], |text| vec![text.parse().unwrap()]);
    if let Some(file) = arguments.get(2) {
        write(&draw(sizes[0], cohorts), file);
    }
    println!(
        "units      covariate  draws   panel ms  estimate ms     total ms  panel cpu  estimate cpu    effect  std. error"
    );
    for units in sizes {
        let frame = draw(units, cohorts);
        for (covariate, draws) in [(false, 0), (true, 0), (false, 1000), (true, 1000)] {
            let (mut best, mut least) = ([f64::INFINITY; 2], [f64::INFINITY; 2]);
            let mut overall = (0.0, 0.0);
            for _ in 0..RUNS {
                let (start, cpu) = (Instant::now(), processor());
                let panel = Panel::new(&frame, "id", "t").unwrap().0;
                let adoption = panel.adoption_from_first(frame.column("g").unwrap(), &[0.0]).unwrap().0;
                let (before, cpu_before) = (start.elapsed().as_secs_f64(), processor());
                let data = Data { frame: &frame, panel: &panel, adoption: &adoption };
                let found = find("cs").unwrap().estimate(data, &spec(covariate, draws)).unwrap();
                let (after, cpu_after) = (start.elapsed().as_secs_f64(), processor());
                least = [least[0].min(cpu_before - cpu), least[1].min(cpu_after - cpu_before)];
                overall = (found.overall.estimate, found.overall.std_error);
                black_box(found);
                if after < best[0] + best[1] {
                    best = [before, after - before];
                }
            }
            println!(
                "{units:<9}  {:<9}  {draws:<5}  {:9.1}  {:11.1}  {:11.1}  {:9.1}  {:12.1}  {:8.5}  {:10.6}",
                if covariate { "one" } else { "none" },
                best[0] * 1e3,
                best[1] * 1e3,
                (best[0] + best[1]) * 1e3,
                least[0] * 1e3,
                least[1] * 1e3,
                overall.0,
                overall.1
            );
        }
    }
}

/// Seconds that all threads have spent on a processor, where Linux tells; other work on the machine does not count.
fn processor() -> f64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return f64::NAN };
    let spent = |thread: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    threads.filter_map(spent).sum::<f64>() * 1e-9
}

/// A quarter of the units is never treated; `x` shifts the trend and, a little, who is treated when; effects
/// grow by .2 a period.
fn draw(units: usize, cohorts: usize) -> Frame {
    let mut random = stream(units as u64, 0);
    let rows = units * PERIODS;
    let mut columns = ["id", "t", "g", "x", "y", "d"].map(|name| (name, Vec::with_capacity(rows)));
    for id in 0..units {
        let (x, level) = (random.normal(), random.normal());
        let never = random.uniform() < 0.25;
        let mut first = if never { 0 } else { PERIODS - cohorts + random.index(cohorts) + 1 };
        if never && random.uniform() < 0.3 / (1.0 + (-x).exp()) {
            first = PERIODS - cohorts / 2;
        }
        for t in 1..=PERIODS {
            let is_treated = first > 0 && t >= first;
            let effect = if is_treated { 1.0 + 0.2 * (t - first) as f64 } else { 0.0 };
            let y = level + 0.1 * t as f64 + 0.05 * t as f64 * x + effect + random.normal();
            for (column, value) in
                columns.iter_mut().zip([id as f64, t as f64, first as f64, x, y, f64::from(u8::from(is_treated))])
            {
                column.1.push(value);
            }
        }
    }
    Frame::new(columns.into_iter().map(|(name, values)| Column::number(name, values)).collect()).unwrap()
}

fn write(frame: &Frame, file: &str) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    let columns = ["id", "t", "g", "x", "y"].map(|name| frame.numbers(name).unwrap());
    writeln!(out, "id,t,g,x,y").unwrap();
    for row in 0..frame.rows() {
        let cells = columns.map(|column| column[row].to_string());
        writeln!(out, "{}", cells.join(",")).unwrap();
    }
}

fn spec(covariate: bool, draws: usize) -> Spec {
    Spec {
        outcome: "y".to_owned(),
        treatment: "d".to_owned(),
        controls: if covariate { vec!["x".to_owned()] } else { Vec::new() },
        design: DesignOptions { clusters: vec!["id".to_owned()], ..DesignOptions::default() },
        fit: FitOptions::new(Vcov::cluster("id")),
        window: Window::default(),
        options: Options { bootstrap: (draws > 0).then_some(draws), ..Options::default() },
        seed: 1,
    }
}
