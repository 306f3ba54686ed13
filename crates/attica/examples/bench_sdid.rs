//! Times synthetic difference-in-differences with 200 placebo replications, 60 units, 40 periods and five
//! treated units, and 200 bootstrap replications on 285 units and 11 periods in two cohorts.
//! `cargo run --release -p attica --example bench_sdid`

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
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

/// Two factors and noise; an effect of one from the first treated period of a unit on.
fn frame(units: usize, periods: usize, first: impl Fn(usize) -> usize) -> Frame {
    let mut random = stream(3, 0);
    let loadings: Vec<[f64; 2]> = (0..units).map(|_| [random.normal(), random.normal()]).collect();
    let factors: Vec<[f64; 2]> = (0..periods).map(|_| [random.normal(), random.normal()]).collect();
    let cells = || (0..units).flat_map(|i| (0..periods).map(move |t| (i, t)));
    let y = cells().map(|(i, t)| {
        let common = loadings[i][0] * factors[t][0] + loadings[i][1] * factors[t][1];
        common + 0.5 * random.normal() + f64::from(u8::from(t >= first(i)))
    });
    let y = y.collect();
    let column =
        |name: &str, of: &dyn Fn(usize, usize) -> f64| Column::number(name, cells().map(|(i, t)| of(i, t)).collect());
    Frame::new(vec![
        column("unit", &|i, _| i as f64),
        column("time", &|_, t| t as f64),
        column("d", &|i, t| f64::from(u8::from(t >= first(i)))),
        Column::number("y", y),
    ])
    .unwrap()
}

fn main() {
    let never = usize::MAX;
    let panels = [
        ("60 x 40, 5 treated", frame(60, 40, |i| if i < 5 { 30 } else { never })),
        (
            "285 x 11, 16 + 34 treated",
            frame(285, 11, |i| {
                if i < 16 {
                    4
                } else if i < 50 {
                    8
                } else {
                    never
                }
            }),
        ),
    ];
    for (name, frame) in panels {
        let panel = Panel::new(&frame, "unit", "time").unwrap().0;
        let adoption = panel.adoption_from_path("d", frame.numbers("d").unwrap()).unwrap().0;
        let spec = Spec {
            outcome: "y".to_owned(),
            treatment: "d".to_owned(),
            controls: Vec::new(),
            design: DesignOptions { clusters: vec!["unit".to_owned()], ..DesignOptions::default() },
            fit: FitOptions::new(Vcov::cluster("unit")),
            window: Window::default(),
            options: Options::default(),
            seed: 1,
        };
        let data = Data { frame: &frame, panel: &panel, adoption: &adoption };
        let mut found = None;
        let time = |_| {
            let start = Instant::now();
            found = Some(black_box(find("sdid").unwrap().estimate(data, &spec).unwrap()));
            start.elapsed().as_secs_f64()
        };
        let best = (0..5).map(time).fold(f64::INFINITY, f64::min);
        let overall = found.unwrap().overall;
        println!("{name}: {:.4} ({:.4}), 200 replications: {:.1} ms", overall.estimate, overall.std_error, best * 1e3);
    }
}
