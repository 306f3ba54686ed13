//! Regressions on one staggered panel, balanced or not, for tests of what is done with a fit.

use attica::design::{Design, DesignOptions};
use attica::fit::{Fit, FitOptions, fit};
use attica::formula::SingleFormula;
use attica::frame::{Column, Frame};
use attica::math::random::stream;
use attica::panel::Panel;
use attica::vcov::Vcov;

use super::Staggered;

pub fn frame(seed: u64) -> Frame {
    let process = Staggered { periods: 7, cohorts: vec![(3, 6), (5, 8)], never: 16, effect: (1.5, 0.0), noise: 1.0 };
    let mut frame = process.draw(seed);
    // Columns that tests use: a region by unit, another control, weights.
    let unit = frame.numbers("unit").unwrap().to_vec();
    let mut random = stream(seed, 99);
    frame.set(Column::number("region", unit.iter().map(|u| u % 3.0).collect())).unwrap();
    frame.set(Column::number("z", unit.iter().map(|_| random.normal()).collect())).unwrap();
    frame
}

pub fn regression(frame: &Frame, controls: &[&str], effects: &[&str], vcov: &Vcov) -> (Design, Fit) {
    let panel = Panel::new(frame, "unit", "time").unwrap().0;
    let clusters = vec!["unit".into(), "region".into(), "time".into()];
    let options = DesignOptions { clusters, ..DesignOptions::default() };
    let regressors: Vec<&str> = ["d"].iter().chain(controls).copied().collect();
    let formula = SingleFormula::of_columns("y", &regressors, effects);
    let design = Design::build(frame, Some(&panel), &formula, &options).unwrap();
    let fit = fit(&design, &FitOptions::new(vcov.clone())).unwrap();
    (design, fit)
}

/// A frame without some rows; unit 30 then has one row only.
pub fn unbalanced(seed: u64) -> Frame {
    let full = frame(seed);
    let mut random = stream(seed, 5);
    let rows: Vec<u32> =
        (0..full.rows() as u32).filter(|r| if *r >= 203 { *r == 205 } else { random.uniform() < 0.85 }).collect();
    full.take(&rows)
}
