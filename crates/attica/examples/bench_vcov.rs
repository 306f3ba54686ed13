//! Times the covariances of a regression that is fitted already: `cargo run --release -p attica --example bench_vcov -- ROWS`.
//! Units over 10 periods with an effect of both, five regressors, 500 clusters of units, and a place for every unit in
//! an area that grows with their number, so that about 160 units lie within the cutoff of 50 km. Prints a line of JSON:
//! the best of three, in seconds, by kind.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use attica::design::{Design, DesignOptions};
use attica::fit::{FitOptions, fit};
use attica::formula::SingleFormula;
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::panel::Panel;
use attica::vcov::Vcov;

/// The allocator of the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PERIODS: usize = 10;
const CLUSTERS: usize = 500;
const REGRESSORS: [&str; 5] = ["a", "b", "c", "d", "e"];
const KINDS: [&str; 10] =
    ["iid", "HC1", "HC2", "HC3", "cluster(g)", "CR2(g)", "CRV3(g)", "NW(2)", "DK(2)", "conley(lat, lon, 50 km)"];
/// Square kilometres for each unit.
const AREA: f64 = 50.0;
/// Kilometres of a degree of latitude.
const DEGREE: f64 = 111.2;

fn main() {
    let rows: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let units = rows / PERIODS;
    let mut random = stream(1, 1);
    let edge = (units as f64 * AREA).sqrt() / DEGREE;
    let places: Vec<[f64; 2]> =
        (0..units).map(|_| [edge * (random.uniform() - 0.5), edge * random.uniform()]).collect();
    let per_row = |value: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        (0..rows).map(|row| value(row / PERIODS, row % PERIODS)).collect()
    };
    let mut frame = Frame::default();
    let mut set = |name: &str, values: Vec<f64>| frame.set(Column::number(name, values)).unwrap();
    set("id", per_row(&|unit, _| unit as f64));
    set("t", per_row(&|_, time| time as f64));
    set("g", per_row(&|unit, _| (unit * CLUSTERS / units) as f64));
    set("lat", per_row(&|unit, _| places[unit][0]));
    set("lon", per_row(&|unit, _| places[unit][1]));
    for name in REGRESSORS.into_iter().chain(["y"]) {
        set(name, (0..rows).map(|_| random.normal()).collect());
    }
    let panel = Panel::new(&frame, "id", "t").unwrap().0;
    let formula = SingleFormula::of_columns("y", &REGRESSORS, &["id", "t"]);
    let options = DesignOptions {
        clusters: vec!["g".to_owned()],
        coordinates: Some(["lat".to_owned(), "lon".to_owned()]),
        ..DesignOptions::default()
    };
    let design = Design::build(&frame, Some(&panel), &formula, &options).unwrap();
    let fit_options = FitOptions::new(Vcov::Iid);
    let fitted = fit(&design, &fit_options).unwrap();
    let seconds: Vec<String> = KINDS
        .iter()
        .map(|kind| {
            let vcov = Vcov::parse(kind).unwrap();
            let time = |_| {
                let begin = Instant::now();
                assert!(fitted.infer(&vcov, &fit_options.ssc).unwrap().covariance[(0, 0)] > 0.0);
                begin.elapsed().as_secs_f64()
            };
            format!("\"{kind}\": {}", (0..3).map(time).fold(f64::INFINITY, f64::min))
        })
        .collect();
    println!("{{{}}}", seconds.join(", "));
}
