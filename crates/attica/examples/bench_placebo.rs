//! Times 10,000 placebo draws on a panel of 285 units and 11 periods: of a regression with four controls, beside the same
//! regression run anew for each draw, and of Callaway-Sant'Anna without controls; then 200 draws of every estimator.
//! `cargo run --release -p attica --example bench_placebo`. With a number of draws as argument, only these draws of
//! Callaway-Sant'Anna, once: a line of JSON with seconds, CPU seconds and peak memory (MB) of the process.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod measure;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use attica::design::{Design, DesignOptions};
use attica::diagnostic::placebo::{Kind, Options, placebo, placebo_of};
use attica::estimator::event_time::Window;
use attica::estimator::{Data, ESTIMATORS, Spec, find, options};
use attica::fit::{FitOptions, fit};
use attica::formula::SingleFormula;
use attica::frame::Column;
use attica::math::random::stream;
use attica::panel::Panel;
use attica::simulate::{Cohort, CohortDesign, cohorts};
use attica::vcov::Vcov;
use measure::{cpu_seconds, peak_mb};

/// The allocator of the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DRAWS: usize = 10_000;
const REFITS: usize = 200;

fn main() {
    let cohort = |first_treated, units| Cohort { first_treated, units, effect: 0.1, growth: 0.0 };
    let cohort_design = CohortDesign {
        periods: 11,
        cohorts: vec![cohort(Some(3), 16), cohort(Some(8), 25), cohort(None, 244)],
        ..CohortDesign::staggered()
    };
    let mut frame = cohorts(&cohort_design, 1).unwrap().frame;
    let mut random = stream(1, 1);
    let controls = ["a", "b", "c", "e"];
    for name in controls {
        let values = (0..frame.rows()).map(|_| random.normal()).collect();
        frame.set(Column::number(name, values)).unwrap();
    }
    let panel = Panel::new(&frame, "unit", "time").unwrap().0;
    let regressors: Vec<&str> = ["d"].into_iter().chain(controls).collect();
    let formula = SingleFormula::of_columns("y", &regressors, &["unit", "time"]);
    let options_design = DesignOptions { clusters: vec!["unit".into()], ..DesignOptions::default() };
    let mut design = Design::build(&frame, Some(&panel), &formula, &options_design).unwrap();
    let fit_options = FitOptions::new(Vcov::cluster("unit"));
    let truth = fit(&design, &fit_options).unwrap();

    let adoption = panel.adoption_from_path("d", frame.numbers("d").unwrap()).unwrap().0;
    let data = Data { frame: &frame, panel: &panel, adoption: &adoption };
    let spec = Spec {
        outcome: "y".to_owned(),
        treatment: "d".to_owned(),
        controls: Vec::new(),
        design: options_design,
        fit: fit_options.clone(),
        window: Window::default(),
        options: options::Options::default(),
        seed: 1,
    };
    let seconds = |name: &str, kind: Kind, draws: usize| {
        let start = Instant::now();
        let found = placebo_of(find(name).unwrap(), data, &spec, &Options::new(kind, draws, 1)).unwrap();
        assert_eq!(found.drawn + found.failed, draws);
        start.elapsed().as_secs_f64()
    };
    if let Some(draws) = std::env::args().nth(1) {
        let wall = seconds("cs", Kind::Unit, draws.parse().unwrap());
        println!("{{\"wall\": {wall}, \"cpu\": {}, \"peak\": {}}}", cpu_seconds(), peak_mb());
        return;
    }

    // The treatment of other units, and nothing else, changes from refit to refit.
    let start = Instant::now();
    for _ in 0..REFITS {
        Arc::make_mut(&mut design.regressors[0].1).rotate_left(11);
        black_box(fit(&design, &fit_options).unwrap().terms());
    }
    let refitting = start.elapsed().as_secs_f64() / REFITS as f64 * DRAWS as f64;
    Arc::make_mut(&mut design.regressors[0].1).rotate_right(11 * REFITS);

    for kind in [Kind::Unit, Kind::Mixed] {
        let options = Options::new(kind, DRAWS, 1);
        let time = |_| {
            let start = Instant::now();
            black_box(placebo(&design, &truth, "d", &options).unwrap());
            start.elapsed().as_secs_f64()
        };
        let best = (0..5).map(time).fold(f64::INFINITY, f64::min);
        println!(
            "{:5} {DRAWS} draws with clustered t and p: {:6.1} ms; refitted one by one: {:6.0} ms; ratio {:.0}",
            kind.name(),
            best * 1e3,
            refitting * 1e3,
            refitting / best
        );
    }

    for kind in [Kind::Unit, Kind::Mixed] {
        let best = (0..3).map(|_| seconds("cs", kind, DRAWS)).fold(f64::INFINITY, f64::min);
        println!("cs, {}: {DRAWS} draws with t and p: {:.1} ms", kind.name(), best * 1e3);
    }
    for estimator in ESTIMATORS {
        let each = seconds(estimator.name(), Kind::Unit, 200) / 200.0;
        println!("{:8} {:8.3} ms a draw", estimator.name(), each * 1e3);
    }
}
