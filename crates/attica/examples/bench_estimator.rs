//! Times one registered estimator on a panel in memory: `cargo run --release -p attica --example bench_estimator -- TASK
//! FOLDER`. The folder holds columns id, t, g (NaN is never), y and x as files of little-endian doubles; tasks are those
//! of `bench/peer.py`. Prints a line of JSON: effect and standard error (mean over treated rows), seconds and CPU
//! seconds of the second call (indexing the panel is part of it), and the peak memory of the process in MB.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod measure;

use std::fs::read;
use std::path::Path;
use std::time::Instant;

use attica::design::DesignOptions;
use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::{Data, Estimate, Estimator, Spec, find};
use attica::fit::FitOptions;
use attica::frame::{Column, Frame};
use attica::panel::Panel;
use attica::vcov::{Preset, Ssc, Vcov};
use measure::{cpu_seconds, peak_mb};

/// The allocator of the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (task, folder) = (arguments[1].as_str(), Path::new(&arguments[2]));
    let covariate = task.contains("-x");
    let column = |name: &str| {
        let bytes = read(folder.join(format!("{name}.f64"))).unwrap();
        let numbers = bytes.chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().unwrap()));
        Column::number(name, numbers.collect())
    };
    let names = ["id", "t", "g", "y"].into_iter().chain(covariate.then_some("x"));
    let mut frame = Frame::new(names.map(column).collect()).unwrap();
    let estimator = find(task.split('-').next().unwrap()).unwrap();
    let spec = Spec {
        outcome: "y".to_owned(),
        treatment: "d".to_owned(),
        controls: covariate.then(|| "x".to_owned()).into_iter().collect(),
        design: DesignOptions { clusters: vec!["id".to_owned()], ..DesignOptions::default() },
        fit: FitOptions { ssc: Ssc::of(Preset::Fixest), ..FitOptions::new(Vcov::cluster("id")) },
        window: Window::default(),
        options: Options { bootstrap: task.contains("-boot").then_some(1000), ..Options::default() },
        seed: 1,
    };
    run(estimator, &mut frame, &spec);
    let begin = (Instant::now(), cpu_seconds());
    let found = run(estimator, &mut frame, &spec);
    let (wall, cpu) = (begin.0.elapsed().as_secs_f64(), cpu_seconds() - begin.1);
    let simple = found.aggregations.simple.and_then(|simple| simple.overall).unwrap_or(found.overall);
    println!(
        "{{\"estimate\": {}, \"std_error\": {}, \"wall\": {wall}, \"cpu\": {cpu}, \"peak\": {}}}",
        simple.estimate,
        simple.std_error,
        peak_mb()
    );
}

/// From columns in memory to all effects: index, dates of adoption, treatment, estimate.
fn run(estimator: &dyn Estimator, frame: &mut Frame, spec: &Spec) -> Estimate {
    let panel = Panel::new(frame, "id", "t").unwrap().0;
    let adoption = panel.adoption_from_first(frame.column("g").unwrap(), &[]).unwrap().0;
    frame.set(Column::number("d", panel.treated(&adoption))).unwrap();
    estimator.estimate(Data { frame, panel: &panel, adoption: &adoption }, spec).unwrap()
}
