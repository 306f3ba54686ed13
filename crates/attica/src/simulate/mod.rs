//! Data with known effects, for tests, the demonstration and the documentation.
//!
//! [`cohorts`] makes small panels with one or several adoption dates and effects that differ by cohort and
//! grow with time. [`sci_tech_finance`] makes the raw tables of a whole city study. Both are functions
//! of a seed: the same seed gives the same data on any number of threads.

mod calibrate;
mod city;
mod composite;
mod study;

pub use study::{SciTechFinance, Truth, sci_tech_finance};

use crate::frame::{Column, Frame};
use crate::math::random::{Stream, stream};
use crate::message::Result;

/// Units that adopt together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cohort {
    /// First treated period; `None` is never.
    pub first_treated: Option<u32>,
    /// Number of units.
    pub units: usize,
    /// Effect in the period of adoption.
    pub effect: f64,
    /// What each further period adds to it.
    pub growth: f64,
}

/// A panel y = unit + period + effect + noise in which trends are parallel.
#[derive(Clone, Debug, PartialEq)]
pub struct CohortDesign {
    /// First period.
    pub first_period: u32,
    /// Number of periods.
    pub periods: usize,
    /// Cohorts.
    pub cohorts: Vec<Cohort>,
    /// Common change per period.
    pub trend: f64,
    /// Standard deviation of unit effects. Cohorts that adopt earlier have higher ones, which a
    /// difference in differences must remove.
    pub unit_sd: f64,
    /// Standard deviation of the noise.
    pub noise_sd: f64,
    /// Autocorrelation of the noise within units, in (-1, 1).
    pub serial: f64,
}

impl CohortDesign {
    /// Two groups, two periods, effect 2.
    pub fn two_by_two() -> Self {
        let cohort = |first_treated, effect| Cohort { first_treated, units: 100, effect, growth: 0.0 };
        Self { periods: 2, ..Self::of(vec![cohort(Some(2), 2.0), cohort(None, 0.0)]) }
    }

    /// One adoption date in the middle of ten periods, constant effect 1.
    pub fn one_cohort() -> Self {
        let cohort = |first_treated, effect| Cohort { first_treated, units: 60, effect, growth: 0.0 };
        Self::of(vec![cohort(Some(6), 1.0), cohort(None, 0.0)])
    }

    /// Three adoption dates and a never-treated group; early adopters gain more and their gains grow, so that
    /// two-way fixed effects miss the average effect.
    pub fn staggered() -> Self {
        let cohort = |first_treated, effect, growth| Cohort { first_treated, units: 50, effect, growth };
        Self::of(vec![
            cohort(Some(4), 1.0, 0.5),
            cohort(Some(6), 0.6, 0.3),
            cohort(Some(8), 0.2, 0.1),
            cohort(None, 0.0, 0.0),
        ])
    }

    fn of(cohorts: Vec<Cohort>) -> Self {
        Self { first_period: 1, periods: 10, cohorts, trend: 0.1, unit_sd: 1.0, noise_sd: 0.3, serial: 0.5 }
    }
}

/// A simulated panel and its truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// Columns `unit`, `time`, `first_treated` (missing is never), `d` (1 when treated) and `y`; one row
    /// per unit and period, unit by unit.
    pub frame: Frame,
    /// The effect in each row; 0 in untreated ones.
    pub effects: Vec<f64>,
    /// Mean effect over treated rows; 0 without any.
    pub att: f64,
    /// Mean effect over treated rows by periods since adoption, from 0.
    pub by_event_time: Vec<f64>,
}

/// Draws a panel from `design`.
///
/// # Errors
/// Those of [`Frame::new`], which columns of one length and distinct names do not meet.
pub fn cohorts(design: &CohortDesign, seed: u64) -> Result<Simulated> {
    let mut random = stream(seed, 0);
    let rows: usize = design.cohorts.iter().map(|c| c.units * design.periods).sum();
    let column = || Vec::with_capacity(rows);
    let [mut unit, mut time, mut first, mut d, mut y, mut effects] =
        [column(), column(), column(), column(), column(), column()];
    let mut by_event_time: Vec<(f64, f64)> = Vec::new();
    let mut number = 0.0;
    for cohort in &design.cohorts {
        for _ in 0..cohort.units {
            number += 1.0;
            let early = cohort.first_treated.map_or(0.0, |g| 1.0 / f64::from(g.max(1)));
            let level = design.unit_sd * (random.normal() + early);
            let noise = autoregressive(&mut random, design.periods, design.serial);
            for (period, noise) in noise.iter().enumerate() {
                let now = design.first_period + period as u32;
                let since = cohort.first_treated.filter(|&g| now >= g).map(|g| now - g);
                let effect = since.map_or(0.0, |k| cohort.effect + cohort.growth * f64::from(k));
                if let Some(k) = since {
                    by_event_time.resize(by_event_time.len().max(k as usize + 1), (0.0, 0.0));
                    by_event_time[k as usize].0 += effect;
                    by_event_time[k as usize].1 += 1.0;
                }
                unit.push(number);
                time.push(f64::from(now));
                first.push(cohort.first_treated.map_or(f64::NAN, f64::from));
                d.push(f64::from(since.is_some()));
                y.push(level + design.trend * period as f64 + effect + design.noise_sd * noise);
                effects.push(effect);
            }
        }
    }
    let treated: f64 = d.iter().sum();
    let names = ["unit", "time", "first_treated", "d", "y"];
    let columns = names.iter().zip([unit, time, first, d, y]).map(|(name, v)| Column::number(*name, v)).collect();
    Ok(Simulated {
        frame: Frame::new(columns)?,
        att: if treated > 0.0 { effects.iter().sum::<f64>() / treated } else { 0.0 },
        effects,
        by_event_time: by_event_time.iter().map(|(sum, n)| if *n > 0.0 { sum / n } else { 0.0 }).collect(),
    })
}

/// `length` values of a stationary first-order autoregression with variance 1.
fn autoregressive(random: &mut Stream, length: usize, rho: f64) -> Vec<f64> {
    let mut last = random.normal();
    let innovation = (1.0 - rho * rho).max(0.0).sqrt();
    (0..length)
        .map(|_| {
            let now = last;
            last = rho * last + innovation * random.normal();
            now
        })
        .collect()
}
