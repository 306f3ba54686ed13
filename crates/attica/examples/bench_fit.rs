//! Times the regressions of a formula on columns in memory: `cargo run --release -p attica --example bench_fit -- FORMULA CLUSTER
//! FOLDER [CALLS]`. The folder holds a file of little-endian doubles for each column. Prints a line of JSON: estimate and
//! standard error of the first regressor, seconds and CPU seconds of the last of 2 (or so many) calls, and the peak memory
//! of the process in MB.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod measure;

use std::path::Path;
use std::time::Instant;

use attica::design::{DesignOptions, Designs};
use attica::fit::{FitOptions, Term, fit};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::vcov::{Preset, Ssc, Vcov};
use measure::{cpu_seconds, peak_mb};
use rayon::prelude::*;

/// The allocator of the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (formula, cluster, folder) = (&arguments[1], &arguments[2], Path::new(&arguments[3]));
    let column = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        let numbers = bytes.chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().unwrap()));
        Column::number(path.file_stem().unwrap().to_string_lossy(), numbers.collect())
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let frame = Frame::new(files.into_iter().map(column).collect()).unwrap();
    let calls: usize = arguments.get(4).map_or(2, |calls| calls.parse().unwrap());
    for _ in 1..calls {
        run(formula, cluster, &frame);
    }
    let begin = (Instant::now(), cpu_seconds());
    let found = run(formula, cluster, &frame);
    let (wall, cpu) = (begin.0.elapsed().as_secs_f64(), cpu_seconds() - begin.1);
    println!(
        "{{\"estimate\": {}, \"std_error\": {}, \"wall\": {wall}, \"cpu\": {cpu}, \"peak\": {}}}",
        found.estimate,
        found.std_error,
        peak_mb()
    );
}

/// From columns in memory to the first coefficient of each regression with its standard error; the first of them.
fn run(formula: &str, cluster: &str, frame: &Frame) -> Term {
    let singles = Formula::parse(formula).unwrap().expand(frame).unwrap();
    let options = DesignOptions { clusters: vec![cluster.to_owned()], ..DesignOptions::default() };
    let designs = Designs::new(frame, None, &singles, &options).unwrap();
    let options = FitOptions { ssc: Ssc::of(Preset::Fixest), ..FitOptions::new(Vcov::cluster(cluster)) };
    let first = |single| fit(&designs.build(single).unwrap(), &options).unwrap().terms().remove(0);
    let mut terms: Vec<Term> = singles.par_iter().map(first).collect();
    terms.swap_remove(0)
}
