//! Raw indicators whose entropy-TOPSIS index is a given one.

use super::autoregressive;
use super::city::{City, PERIODS};
use crate::index::{Direction, Indicator, Options, compute};
use crate::math::random::stream;
use crate::message::Result;

/// An indicator that follows the common factor m: raw = base + range * h(m^power * profile), h bounded
/// by 1.
struct Follower {
    name: &'static str,
    base: f64,
    range: f64,
    power: f64,
    decimals: i32,
    /// Which city holds the record, by rank of the index. Without records held by different cities the
    /// largest would be best at everything, and its index 1.
    record: usize,
}

const FOLLOWERS: [Follower; 5] = [
    Follower { name: "students_per_10k", base: 4.0, range: 1250.0, power: 0.6, decimals: 1, record: 1 },
    Follower { name: "broadband_users", base: 1.5, range: 610.0, power: 0.8, decimals: 2, record: 0 },
    Follower { name: "robots_per_10k", base: 0.1, range: 240.0, power: 1.1, decimals: 2, record: 2 },
    Follower { name: "patent_applications", base: 2.0, range: 94_000.0, power: 1.2, decimals: 0, record: 1 },
    Follower { name: "ai_firms", base: 0.0, range: 4_800.0, power: 1.3, decimals: 0, record: 0 },
];

/// Rows settle in a few corrections, the weights that join them more slowly.
const ROUNDS: usize = 25;

/// Least value of the factor: wages alone can hold a poor city's index above its target, and the other
/// indicators should then be low, not gone.
const LEAST: f64 = 0.005;

/// The dimensions and directions of the index.
const INDEX: [(&str, &str, Direction); 7] = [
    ("labour", "avg_wage", Direction::Benefit),
    ("labour", "students_per_10k", Direction::Benefit),
    ("objects", "broadband_users", Direction::Benefit),
    ("objects", "robots_per_10k", Direction::Benefit),
    ("objects", "energy_per_gdp", Direction::Cost),
    ("materials", "patent_applications", Direction::Benefit),
    ("materials", "ai_firms", Direction::Benefit),
];

/// Makes the seven indicators as a yearbook would print them, by city and year. Wages and energy intensity run their own course; the others share a factor
/// m_it with city profiles, and m is solved for so that the computed index is `target`. The index depends
/// on all rows through bounds and weights, so rows are corrected by ratio until all agree.
pub(super) fn indicators(seed: u64, cities: &[City], target: &[f64]) -> Result<Vec<(&'static str, Vec<f64>)>> {
    let mut random = stream(seed, 2);
    let mut wage = Vec::with_capacity(target.len());
    let mut energy = Vec::with_capacity(target.len());
    let mut profiles = vec![Vec::with_capacity(target.len()); FOLLOWERS.len()];
    for city in cities {
        let own = (0.04 * random.normal(), 0.22 * random.normal());
        // The tails of city size show in pay: the least city pays half, the largest twice the usual.
        let premium =
            0.06 * city.size + 0.25 * (city.size - 1.8).clamp(0.0, 2.0) - 0.9 * (-city.size - 1.9).clamp(0.0, 0.8);
        let course = (autoregressive(&mut random, PERIODS, 0.6), autoregressive(&mut random, PERIODS, 0.6));
        for year in 0..PERIODS {
            let t = year as f64;
            let pay = 10.35 + premium + own.0 + 0.07 * t + 0.015 * course.0[year];
            wage.push(pay.exp().round());
            let intensity = 0.06 - 0.10 * city.size + own.1 - 0.055 * t + 0.03 * course.1[year];
            energy.push(rounded(intensity.exp(), 3));
        }
        for profile in &mut profiles {
            let own = 0.3 * random.normal();
            profile.extend(autoregressive(&mut random, PERIODS, 0.5).iter().map(|shock| (own + 0.1 * shock).exp()));
        }
    }

    // The best year of each city, best city first.
    let best_year = |city: usize| {
        (city * PERIODS..(city + 1) * PERIODS).fold(city * PERIODS, |a, b| if target[b] > target[a] { b } else { a })
    };
    let mut leaders: Vec<usize> = (0..cities.len()).map(best_year).collect();
    leaders.sort_by(|&a, &b| target[b].total_cmp(&target[a]).then(a.cmp(&b)));
    let make = |factor: &[f64], exact: bool| {
        let mut columns = vec![("avg_wage", wage.clone()), ("energy_per_gdp", energy.clone())];
        columns.extend(FOLLOWERS.iter().zip(&profiles).map(|(follower, profile)| {
            let raw = factor.iter().zip(profile).enumerate().map(|(row, (m, f))| {
                let holder = leaders[follower.record];
                let share = if row / PERIODS == holder / PERIODS {
                    (target[row] / target[holder]).powf(follower.power)
                } else {
                    below_one(m.powf(follower.power) * f)
                };
                let x = follower.base + follower.range * share;
                if exact { x } else { rounded(x, follower.decimals) }
            });
            (follower.name, raw.collect())
        }));
        columns
    };
    let mut factor = target.to_vec();
    for _ in 0..ROUNDS {
        let scores = score(&make(&factor, true))?;
        for ((m, c), y) in factor.iter_mut().zip(&scores).zip(target) {
            *m = (*m * (y / c).powf(0.9)).max(LEAST);
        }
    }
    Ok(make(&factor, false))
}

/// The index of these columns under the default options.
fn score(columns: &[(&str, Vec<f64>)]) -> Result<Vec<f64>> {
    let indicators: Vec<Indicator> = INDEX
        .iter()
        .filter_map(|&(dimension, name, direction)| {
            let (_, values) = columns.iter().find(|(other, _)| *other == name)?;
            Some(Indicator { name, dimension, direction, values })
        })
        .collect();
    Ok(compute(&indicators, None, &Options::default())?.scores.into_iter().flatten().collect())
}

/// x where it is small, and ever nearer to .99 where it is large.
fn below_one(x: f64) -> f64 {
    0.99 * x / (1.0 + x.powi(4)).sqrt().sqrt()
}

/// To so many decimals.
fn rounded(x: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (x * unit).round() / unit
}
