//! Times a study from raw files to results: `bench_battery STUDY`, best of five, in seconds, with the number of
//! specifications and of groups left out. The folder of `attica demo` has the study that `docs/robustness.md` names.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::Path;
use std::time::Instant;

use attica_study::results::{Content, Results};
use attica_study::{run, studyfile};

fn main() {
    let path = std::env::args().nth(1).expect("a study file");
    let path = Path::new(&path);
    let (file, source, _) = studyfile::load(path).unwrap();
    let folder = path.parent().unwrap();
    let mut least = f64::INFINITY;
    let mut results: Option<Results> = None;
    for _ in 0..5 {
        let start = Instant::now();
        results = Some(run::run(&file, &source, folder, &|_, _, _| {}).unwrap());
        least = least.min(start.elapsed().as_secs_f64());
    }
    let (mut specifications, mut left) = (0, 0);
    for section in &results.unwrap().sections {
        match &section.content {
            Content::SpecificationCurve(curve) => specifications += curve.rows.len(),
            Content::LeaveOut(found) => left += found.rows.len(),
            _ => {}
        }
    }
    println!("{least:.3} s: {specifications} specifications, {left} groups left out, and the study's other steps");
}
