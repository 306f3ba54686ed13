//! The joint bootstrap of index and effect against refits of literally drawn panels.
#![allow(clippy::unwrap_used)]

use attica::design::{Design, DesignOptions};
use attica::diagnostic::joint_index::{IndexOutcome, deviation, joint_index};
use attica::fit::{FitOptions, fit};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::index::{Direction, Indicator, Options, compute};
use attica::math::random::stream;
use attica::panel::Panel;
use attica::vcov::Vcov;

const UNITS: usize = 24;
const PERIODS: usize = 5;
const DRAWS: usize = 12;
const SEED: u64 = 7;

/// Unit, time, policy, control and three indicators.
fn data() -> [Vec<f64>; 7] {
    let mut random = stream(3, 0);
    let mut columns: [Vec<f64>; 7] = Default::default();
    for unit in 0..UNITS {
        for period in 0..PERIODS {
            let d = f64::from(u8::from(unit % 3 == 0 && period >= 2 + unit % 2));
            let x = random.uniform();
            let row = [
                unit as f64,
                period as f64,
                d,
                x,
                random.uniform() + 0.3 * d,
                0.5 + random.uniform().powi(2) + 0.2 * x,
                2.0 - random.uniform(),
            ];
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }
    columns
}

fn indicators(values: [&[f64]; 3]) -> Vec<Indicator<'_>> {
    let directions = [Direction::Benefit, Direction::Benefit, Direction::Cost];
    let names = ["a", "b", "c"];
    let one = |i: usize| Indicator { name: names[i], dimension: "all", direction: directions[i], values: values[i] };
    (0..3).map(one).collect()
}

fn scores(columns: &[Vec<f64>; 7], period: &[u32]) -> Vec<f64> {
    let parts = indicators([&columns[4], &columns[5], &columns[6]]);
    let index = compute(&parts, Some(period), &Options::default()).unwrap();
    index.scores.into_iter().map(Option::unwrap).collect()
}

fn design(columns: &[Vec<f64>; 7], y: &[f64]) -> Design {
    let named = ["unit", "time", "d", "x"].iter().zip(columns);
    let mut all: Vec<Column> = named.map(|(name, values)| Column::number(*name, values.clone())).collect();
    all.push(Column::number("y", y.to_vec()));
    let frame = Frame::new(all).unwrap();
    let (panel, _) = Panel::new(&frame, "unit", "time").unwrap();
    let formula = Formula::parse("y ~ d + x | unit + time").unwrap().expand(&frame).unwrap().remove(0);
    Design::build(&frame, Some(&panel), &formula, &DesignOptions::default()).unwrap()
}

fn effect(design: &Design) -> f64 {
    fit(design, &FitOptions::new(Vcov::Iid)).unwrap().coefficients[0]
}

fn codes(values: &[f64]) -> Vec<u32> {
    values.iter().map(|value| *value as u32).collect()
}

#[test]
fn draws_are_refits_of_panels_whose_drawn_units_have_names_of_their_own() {
    let columns = data();
    let (unit, period) = (codes(&columns[0]), codes(&columns[1]));
    let y = scores(&columns, &period);
    let own = design(&columns, &y);
    let parts = indicators([&columns[4], &columns[5], &columns[6]]);
    let options = Options::default();
    let source = IndexOutcome { indicators: &parts, period: &period, options: &options, scores: &y, clusters: &unit };
    let found = joint_index(&own, "d", &source, DRAWS, SEED).unwrap();
    assert!((found.estimate - effect(&own)).abs() < 1e-12);
    assert_eq!((found.failed, found.clusters, found.joint.len()), (0, UNITS, DRAWS));

    for draw in 0..DRAWS {
        let mut random = stream(SEED, draw as u64);
        let mut again: [Vec<f64>; 7] = Default::default();
        let mut kept = Vec::new();
        for copy in 0..UNITS {
            let drawn = random.index(UNITS);
            for row in drawn * PERIODS..(drawn + 1) * PERIODS {
                for (column, values) in again.iter_mut().zip(&columns) {
                    column.push(values[row]);
                }
                *again[0].last_mut().unwrap() = copy as f64;
                kept.push(y[row]);
            }
        }
        let joint = effect(&design(&again, &scores(&again, &codes(&again[1]))));
        let fixed = effect(&design(&again, &kept));
        assert!((found.joint[draw] - joint).abs() < 1e-10, "draw {draw}: {} is not {joint}", found.joint[draw]);
        assert!((found.fixed[draw] - fixed).abs() < 1e-10, "draw {draw}: {} is not {fixed}", found.fixed[draw]);
        assert!((joint - fixed).abs() > 1e-6, "draw {draw}: the index did not change");
    }
}

#[test]
fn draws_are_the_same_on_any_number_of_threads_and_begin_alike() {
    let columns = data();
    let (unit, period) = (codes(&columns[0]), codes(&columns[1]));
    let y = scores(&columns, &period);
    let own = design(&columns, &y);
    let parts = indicators([&columns[4], &columns[5], &columns[6]]);
    let options = Options::default();
    let source = IndexOutcome { indicators: &parts, period: &period, options: &options, scores: &y, clusters: &unit };
    let on = |threads: usize, draws: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| joint_index(&own, "d", &source, draws, SEED).unwrap())
    };
    let one = on(1, 40);
    assert_eq!(one, on(5, 40));
    assert_eq!(one.joint[..10], on(2, 10).joint[..]);
    assert!(deviation(&one.joint) > 0.0);
}
