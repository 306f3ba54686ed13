//! Panels to draw, with known effects.

use attica::design::DesignOptions;
use attica::estimator::Spec;
use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::synthetic;
use attica::fit::FitOptions;
use attica::frame::{Column, Frame};
use attica::math::random::Stream;
use attica::vcov::{Preset, Ssc, Vcov};

/// Periods 1 to 10.
const PERIODS: usize = 10;

/// Units that adopt together: first treated period (none is never), share of units, effect at adoption, and what each
/// period adds.
pub struct Cohort(Option<usize>, f64, f64, f64);

/// A world to draw panels from: unit and period effects, noise of variance 1, effects, and what `x` does.
pub struct World {
    pub name: &'static str,
    pub about: &'static str,
    cohorts: &'static [Cohort],
    /// Autocorrelation of the noise.
    serial: f64,
    x: Covariate,
    /// Estimators whose assumptions hold; all when empty.
    pub holds_for: &'static [&'static str],
    /// Draws behind a standard error of `sdid`.
    pub draws: usize,
}

/// What the control `x` is.
#[derive(Clone, Copy, PartialEq)]
pub enum Covariate {
    /// Not there.
    None,
    /// Varies over time and moves the outcome.
    Varies,
    /// A trait of the unit on which its trend and the chance of adopting depend.
    Trend,
}

pub const WORLDS: &[World] = &[
    World {
        name: "One effect",
        about: "Effect .5 for all; a control that varies over time; independent noise; 40 % never treated.",
        cohorts: &[
            Cohort(Some(4), 0.2, 0.5, 0.0),
            Cohort(Some(6), 0.2, 0.5, 0.0),
            Cohort(Some(8), 0.2, 0.5, 0.0),
            Cohort(None, 0.4, 0.0, 0.0),
        ],
        serial: 0.0,
        x: Covariate::Varies,
        holds_for: &[],
        draws: 50,
    },
    World {
        name: "Growing effects",
        about: "Effects differ by cohort and grow; noise with autocorrelation .5; 40 % never treated.",
        cohorts: &[
            Cohort(Some(4), 0.2, 0.8, 0.2),
            Cohort(Some(6), 0.2, 0.5, 0.1),
            Cohort(Some(8), 0.2, 0.2, 0.05),
            Cohort(None, 0.4, 0.0, 0.0),
        ],
        serial: 0.5,
        x: Covariate::None,
        holds_for: &[],
        draws: 50,
    },
    World {
        name: "No never-treated units",
        about: "Effects differ by cohort and grow; noise with autocorrelation .5; every unit adopts.",
        cohorts: &[
            Cohort(Some(4), 0.25, 0.8, 0.2),
            Cohort(Some(6), 0.25, 0.5, 0.1),
            Cohort(Some(8), 0.25, 0.2, 0.05),
            Cohort(Some(10), 0.25, 0.2, 0.0),
        ],
        serial: 0.5,
        x: Covariate::None,
        holds_for: &[],
        draws: 50,
    },
    World {
        name: "Few adopters",
        about: "Effects grow; noise with autocorrelation .5; 15 % adopt, the first cohort is of 5 %.",
        cohorts: &[Cohort(Some(4), 0.05, 0.8, 0.2), Cohort(Some(7), 0.1, 0.5, 0.1), Cohort(None, 0.85, 0.0, 0.0)],
        serial: 0.5,
        x: Covariate::None,
        holds_for: &[],
        draws: 200,
    },
    World {
        name: "Trends that depend on a covariate",
        about: "Effect .5 for all; units with a high x have steeper trends and adopt more often; noise with autocorrelation .5. Only estimators that let trends depend on x can be right.",
        cohorts: &[
            Cohort(Some(4), 0.2, 0.5, 0.0),
            Cohort(Some(6), 0.2, 0.5, 0.0),
            Cohort(Some(8), 0.2, 0.5, 0.0),
            Cohort(None, 0.4, 0.0, 0.0),
        ],
        serial: 0.5,
        x: Covariate::Trend,
        holds_for: &["cs", "etwfe", "lpdid"],
        draws: 50,
    },
];

impl World {
    /// A panel, and the effect in each row. `noise` scales everything but the effects.
    pub fn draw(&self, units: usize, random_sizes: bool, noise: f64, random: &mut Stream) -> (Frame, f64) {
        let rows = units * PERIODS;
        let column = || Vec::with_capacity(rows);
        let [mut unit, mut time, mut first, mut d, mut y, mut x, mut effects] =
            [column(), column(), column(), column(), column(), column(), column()];
        for i in 0..units {
            let level = random.normal();
            let own = random.normal();
            // Among units with a high trait the shares shift from never to early.
            let place = if random_sizes || self.x == Covariate::Trend {
                random.uniform()
            } else {
                (i as f64 + 0.5) / units as f64
            };
            let place = if self.x == Covariate::Trend { place.powf((0.5 * own).exp()) } else { place };
            let Cohort(adoption, _, effect, growth) = self.cohort_at(place);
            let mut shock = random.normal();
            for period in 1..=PERIODS {
                let since = adoption.filter(|g| period >= *g).map(|g| (period - g) as f64);
                let effect = since.map_or(0.0, |k| effect + growth * k);
                let t = period as f64;
                let now = if self.x == Covariate::Trend { own } else { random.normal() };
                let through_x = match self.x {
                    Covariate::None => 0.0,
                    Covariate::Varies => 0.5 * now,
                    Covariate::Trend => 0.1 * own * t,
                };
                unit.push(i as f64);
                time.push(t);
                first.push(adoption.map_or(f64::NAN, |g| g as f64));
                d.push(f64::from(u8::from(since.is_some())));
                x.push(now);
                effects.push(effect);
                y.push(effect + noise * (level + 0.1 * t + through_x + shock));
                shock = self.serial * shock + (1.0 - self.serial * self.serial).sqrt() * random.normal();
            }
        }
        let treated: f64 = d.iter().sum();
        let att = effects.iter().sum::<f64>() / treated;
        let names = ["unit", "time", "first", "d", "y", "x"];
        let columns =
            names.iter().zip([unit, time, first, d, y, x]).map(|(name, v)| Column::number(*name, v)).collect();
        (Frame::new(columns).unwrap(), att)
    }

    fn cohort_at(&self, place: f64) -> &Cohort {
        let mut sum = 0.0;
        let inside = |cohort: &&Cohort| {
            sum += cohort.1;
            place < sum
        };
        self.cohorts.iter().find(inside).unwrap_or(&self.cohorts[self.cohorts.len() - 1])
    }

    pub fn spec(&self) -> Spec {
        let cluster = "unit".to_owned();
        Spec {
            outcome: "y".to_owned(),
            treatment: "d".to_owned(),
            controls: if self.x == Covariate::None { Vec::new() } else { vec!["x".to_owned()] },
            design: DesignOptions { clusters: vec![cluster.clone()], ..DesignOptions::default() },
            fit: FitOptions { ssc: Ssc::of(Preset::Fixest), ..FitOptions::new(Vcov::cluster(&cluster)) },
            window: Window::default(),
            options: Options {
                sdid: synthetic::Options { replications: self.draws, ..synthetic::Options::default() },
                ..Options::default()
            },
            seed: 1,
        }
    }
}
