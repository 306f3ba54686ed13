//! Raw tables of a city study of science, technology and finance, in the shape of a published one.

use super::autoregressive;
use super::calibrate::{UnitInterval, bisect, moments, standardised, two_way};
use super::city::{CITIES, City, PERIODS, REGIONS, YEARS, cities};
use super::composite::indicators;
use crate::frame::{Column, Frame};
use crate::math::distribution::normal_quantile;
use crate::math::random::{Stream, stream};
use crate::message::Result;

/// What is true of the simulated cities. Columns run with the rows of `indicators`.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Effect of the policy on the composite index, 0 in untreated rows.
    pub npro: Vec<f64>,
    /// Effect on va2 / va3, min-max scaled over all rows.
    pub ids: Vec<f64>,
    /// Effect on granted patents, min-max scaled over all rows.
    pub nip: Vec<f64>,
    /// Mean effect on the index over treated rows.
    pub att: f64,
    /// Mean effect on the index over treated rows, by years since adoption.
    pub by_event_time: Vec<f64>,
    /// Mean effect on the index over treated rows of each region.
    pub by_region: Vec<(String, f64)>,
    /// The index that the raw indicators were made for; rounding to printed decimals is all that
    /// separates it from the computed one.
    pub index: Vec<f64>,
}

/// A simulated study.
#[derive(Clone, Debug, PartialEq)]
pub struct SciTechFinance {
    /// One row per city and year: raw yearbook columns.
    pub indicators: Frame,
    /// One row per city: name, province, region, status, year of adoption.
    pub pilots: Frame,
    /// The truth.
    pub truth: Truth,
}

/// Cities, their years, and the streams of random numbers.
struct World {
    seed: u64,
    cities: Vec<City>,
    /// 1 in treated rows, by city and year.
    d: Vec<f64>,
}

/// Shocks of all cities by city and year: standard deviation `sd`, autocorrelation .85, bounded by 2.5 `sd`.
fn shocks(random: &mut Stream, sd: f64) -> Vec<f64> {
    (0..CITIES).flat_map(|_| autoregressive(random, PERIODS, 0.85)).map(|e| sd * 2.5 * (e / 2.5).tanh()).collect()
}

/// One normal number per city.
fn per_city(random: &mut Stream) -> Vec<f64> {
    (0..CITIES).map(|_| random.normal()).collect()
}

impl World {
    fn new(seed: u64) -> Self {
        let cities = cities(seed);
        let d = cities.iter().flat_map(|c| YEARS.map(|year| f64::from(u8::from(c.treated(year))))).collect();
        Self { seed, cities, d }
    }

    fn stream(&self, part: u64) -> Stream {
        stream(self.seed, part)
    }

    /// An effect that starts at half its strength and grows to the whole over some four years, that
    /// differs by region as `of_region` says, grows with a city's size and differs by city, scaled so that two-way fixed effects without noise
    /// estimate `size`.
    fn effect(&self, part: u64, size: f64, of_region: [f64; 5]) -> Vec<f64> {
        let mut random = self.stream(part);
        let mut course = Vec::with_capacity(CITIES * PERIODS);
        for city in &self.cities {
            let own = 1.0 + 0.6 * random.normal().clamp(-1.5, 1.5);
            let response = of_region[city.region] * (0.4 * city.size).exp() * own;
            course.extend(YEARS.map(|year| match city.adoption {
                Some(first) if year >= first => response * (1.0 - 0.5 * (-f64::from(year - first) / 1.5).exp()),
                _ => 0.0,
            }));
        }
        let seen = two_way(&self.d, &course, PERIODS);
        course.iter().map(|c| c * size / seen).collect()
    }

    /// A score per city that goes with size. Ranks become normal quantiles, so that the distribution over
    /// cities is the same under every seed.
    fn score(&self, random: &mut Stream, with_size: f64) -> Vec<f64> {
        let rest = (1.0 - with_size * with_size).sqrt();
        let mut order: Vec<(f64, usize)> =
            self.cities.iter().enumerate().map(|(i, c)| (with_size * c.size + rest * random.normal(), i)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut score = vec![0.0; CITIES];
        for (rank, (_, city)) in order.iter().enumerate() {
            score[*city] = normal_quantile((rank as f64 + 0.5) / (CITIES as f64 + 2.0));
        }
        score
    }

    /// A logarithm of money: size, a common trend and shocks, brought to the given moments. Returns the
    /// column and its shocks.
    fn log_money(&self, part: u64, moments: (f64, f64), with_size: f64, trend: f64, sd: f64) -> (Vec<f64>, Vec<f64>) {
        let mut random = self.stream(part);
        let score = self.score(&mut random, with_size);
        let shock = shocks(&mut random, sd);
        let raw: Vec<f64> = (0..shock.len())
            .map(|row| {
                let t = (row % PERIODS) as f64;
                score[row / PERIODS] + trend * t * (1.0 - 0.02 * t) + shock[row]
            })
            .collect();
        let stretched = standardised(&raw, moments.0, moments.1);
        let by = moments.1 / self::moments(&raw).1;
        (stretched, shock.iter().map(|e| e * by).collect())
    }

    /// Universities: whole numbers, sum and sum of squares of the given moments. A city opens at most one in
    /// these years; the year is moved until the sums fit.
    fn universities(&self, part: u64, mean: f64, sd: f64) -> Vec<f64> {
        let mut random = self.stream(part);
        let score = self.score(&mut random, 0.9);
        let mut opening: Vec<usize> = (0..CITIES).map(|_| random.index(2 * PERIODS).clamp(1, PERIODS)).collect();
        let count = |base: f64, opening: usize, t: usize| base + f64::from(u8::from(t >= opening));
        let column = |base: &[f64], opening: &[usize]| -> Vec<f64> {
            (0..CITIES * PERIODS).map(|row| count(base[row / PERIODS], opening[row / PERIODS], row % PERIODS)).collect()
        };
        let bases = |level: f64, spread: f64| -> Vec<f64> {
            score.iter().map(|s| (level + spread * s).exp().round().max(0.0)).collect()
        };
        let level_for =
            |spread: f64| bisect(-3.0, 4.0, |level| moments(&column(&bases(level, spread), &opening)).0 - mean);
        let spread = bisect(0.3, 2.0, |spread| moments(&column(&bases(level_for(spread), spread), &opening)).1 - sd);
        let base = bases(level_for(spread), spread);

        let rows = (CITIES * PERIODS) as f64;
        let wanted = (rows * mean, (rows - 1.0) * sd * sd + rows * mean * mean);
        for _ in 0..4 * CITIES {
            let now = column(&base, &opening);
            let short = (wanted.0 - now.iter().sum::<f64>(), wanted.1 - now.iter().map(|x| x * x).sum::<f64>());
            if short.0.abs() <= 1.0 && short.1.abs() <= 30.0 {
                break;
            }
            // One more row in a city of b universities adds 1 and 2 b + 1; find the move that leaves least.
            let left = |city: usize, sign: f64| {
                let square = sign * (2.0 * base[city] + 1.0);
                ((short.0 - sign) / 1.0).powi(2) + ((short.1 - square) / 30.0).powi(2)
            };
            let moves = (0..CITIES)
                .flat_map(|city| [(city, 1.0), (city, -1.0)])
                .filter(|&(city, sign)| if sign > 0.0 { opening[city] > 1 } else { opening[city] < PERIODS });
            let best = moves.min_by(|a, b| left(a.0, a.1).total_cmp(&left(b.0, b.1)));
            if let Some((city, sign)) = best {
                opening[city] = if sign > 0.0 { opening[city] - 1 } else { opening[city] + 1 };
            }
        }
        column(&base, &opening)
    }

    /// A policy that other cities adopt in waves, without effect on anything here.
    fn concurrent(&self, part: u64, waves: &[(u32, usize)]) -> Vec<f64> {
        let mut random = self.stream(part);
        let mut order: Vec<(f64, usize)> =
            self.cities.iter().enumerate().map(|(i, c)| (0.4 * c.size + random.normal(), i)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut first = vec![u32::MAX; CITIES];
        let mut next = order.iter();
        for &(year, members) in waves {
            next.by_ref().take(members).for_each(|&(_, city)| first[city] = year);
        }
        first.iter().flat_map(|&first| YEARS.map(move |year| f64::from(u8::from(year >= first)))).collect()
    }
}

/// Raw tables of 285 invented cities in 2009-2019, made so that a study file that computes the index and the
/// variables meets the descriptive statistics of a published study to the printed digits: NPRO
/// .046 (.068), DID .144 (.351), LGDP 16.459 (.950), NHS 8.677 (14.757), LTEP 10.206 (1.401), IDS .087
/// (.052), NIP .021 (.068), N = 3135.
///
/// Every outcome is a city level, a common trend, shocks and the policy's effect, so untreated trends are
/// parallel in expectation. Adoption depends on size, and levels do; courses do not. Two-way
/// fixed effects without noise give .020 on NPRO, .022 on IDS and .012 on NIP. Two concurrent policies have
/// no effect.
///
/// # Errors
/// As [`crate::index::compute`], which is part of the calibration.
pub fn sci_tech_finance(seed: u64) -> Result<SciTechFinance> {
    let world = World::new(seed);
    let (lgdp, gdp_shock) = world.log_money(10, (16.459, 0.950), 0.9, 0.085, 0.06);
    let (ltep, ltep_shock) = world.log_money(11, (10.206, 1.401), 0.85, 0.12, 0.2);
    let nhs = world.universities(12, 8.677, 14.757);

    let npro_effect = world.effect(20, 0.020, [1.35, 1.25, 0.9, 0.8, 0.4]);
    let ids_effect = world.effect(21, 0.022, [1.3, 1.2, 1.0, 0.9, 0.0]);
    let nip_effect = world.effect(22, 0.012, [1.3, 1.2, 1.0, 0.9, 0.6]);

    let links: Vec<f64> = (0..nhs.len())
        .map(|row| {
            let opened = nhs[row] - nhs[row - row % PERIODS];
            0.006 * gdp_shock[row] + 0.002 * opened + 0.006 * ltep_shock[row]
        })
        .collect();
    let index = composite_target(&world, &links, &npro_effect);
    let raw = indicators(seed, &world.cities, &index)?;

    let largest = (0..CITIES).fold(0, |a, b| if world.cities[b].size > world.cities[a].size { b } else { a });
    let mut random = world.stream(30);
    let score = world.score(&mut random, 0.9);
    let shock = shocks(&mut random, 0.1);
    // Some twenty patents more or less in any city, so that small ones do not run in straight lines.
    let luck = shocks(&mut random, 0.0004);
    let nip = UnitInterval {
        score: &score,
        shock: &shock,
        trend: &std::array::from_fn::<f64, PERIODS, _>(|t| 0.0006 * t as f64),
        rest: &nip_effect.iter().zip(&luck).map(|(effect, luck)| effect + luck).collect::<Vec<_>>(),
        top: largest,
    }
    .solve(0.021, 0.068);
    let granted: Vec<f64> = nip.iter().map(|x| (x * 48_000.0).round()).collect();

    // One untreated western city lives on a single mine, whose boom year is the highest ratio of all.
    let mine = world.cities.iter().rposition(|c| c.region == 4 && c.adoption.is_none() && !c.capital).unwrap_or(0);
    let mut random = world.stream(31);
    let score = world.score(&mut random, 0.1);
    let mut shock = shocks(&mut random, 0.14);
    shock[mine * PERIODS + 4] = 1.2;
    let ids = UnitInterval {
        score: &score,
        shock: &shock,
        trend: &std::array::from_fn::<f64, PERIODS, _>(|t| 0.02 - 0.002 * t as f64),
        rest: &ids_effect,
        top: mine,
    }
    .solve(0.087, 0.052);
    let gdp: Vec<f64> = lgdp.iter().map(|x| x.exp().round()).collect();
    let mut random = world.stream(32);
    let farming = per_city(&mut random);
    let (va2, va3): (Vec<f64>, Vec<f64>) = (0..gdp.len())
        .map(|row| {
            let city = row / PERIODS;
            let first = 0.11 * (-0.5 * world.cities[city].size + 0.3 * farming[city]).clamp(-2.0, 1.0).exp();
            let rest = gdp[row] * (1.0 - first);
            let ratio = 0.25 + 9.5 * ids[row];
            ((rest * ratio / (1.0 + ratio)).round(), (rest / (1.0 + ratio)).round())
        })
        .unzip();

    let mut random = world.stream(33);
    let jobs_score = world.score(&mut random, 0.85);
    let jobs_shock = shocks(&mut random, 0.12);
    let jobs: Vec<f64> = (0..gdp.len())
        .map(|row| {
            let t = (row % PERIODS) as f64;
            (8.2 + jobs_score[row / PERIODS] + 0.04 * t + 8.0 * npro_effect[row] + jobs_shock[row]).exp().round()
        })
        .collect();

    let mut columns = vec![
        Column::text("city_code", by_row(&world, |c| c.code.clone())),
        Column::text("city", by_row(&world, |c| c.name.clone())),
        Column::number("year", (0..CITIES).flat_map(|_| YEARS.map(f64::from)).collect()),
        Column::number("gdp", gdp),
        Column::number("va2", va2),
        Column::number("va3", va3),
        Column::number("scitech_expenditure", ltep.iter().map(|x| x.exp().round()).collect()),
        Column::number("universities", nhs),
        Column::number("patents_granted", granted),
        Column::number("emerging_jobs", jobs),
    ];
    columns.extend(raw.into_iter().map(|(name, values)| Column::number(name, values)));
    columns.push(Column::number("low_carbon_pilot", world.concurrent(40, &[(2010, 40), (2013, 25), (2017, 40)])));
    columns.push(Column::number("smart_city", world.concurrent(41, &[(2013, 80), (2015, 50)])));
    Ok(SciTechFinance {
        indicators: Frame::new(columns)?,
        pilots: pilots(&world.cities)?,
        truth: truth(&world, npro_effect, ids_effect, nip_effect, index),
    })
}

/// The index that the indicators are then made for: mean .046, standard deviation .068. Shocks grow with
/// the root of a city's level: relative ones are largest in small cities, absolute ones in large cities.
fn composite_target(world: &World, links: &[f64], effect: &[f64]) -> Vec<f64> {
    let mut random = world.stream(23);
    let score = world.score(&mut random, 0.92);
    let shock = shocks(&mut random, 0.075);
    let rest: Vec<f64> =
        (0..links.len()).map(|row| 0.017 + 0.0018 * (row % PERIODS) as f64 + links[row] + effect[row]).collect();
    let with = |spread: f64| -> Vec<f64> {
        let root: Vec<f64> = score.iter().map(|s| (0.5 * spread * s).exp()).collect();
        let level: Vec<f64> = (0..shock.len()).map(|row| root[row / PERIODS].powi(2)).collect();
        let noise: Vec<f64> = (0..shock.len()).map(|row| root[row / PERIODS] * shock[row]).collect();
        // Mean .046 is a quadratic equation in the root of the scale.
        let (a, b, c) = (moments(&level).0, moments(&noise).0, moments(&rest).0 - 0.046);
        let scale = (-b + (b * b - 4.0 * a * c).sqrt()) / (2.0 * a);
        (0..rest.len()).map(|row| rest[row] + scale * (scale * level[row] + noise[row])).collect()
    };
    with(bisect(0.2, 4.0, |spread| moments(&with(spread)).1 - 0.068))
}

fn by_row(world: &World, cell: impl Fn(&City) -> String) -> Vec<Option<String>> {
    world.cities.iter().flat_map(|c| std::iter::repeat_n(Some(cell(c)), PERIODS)).collect()
}

fn pilots(cities: &[City]) -> Result<Frame> {
    let flag = |of: fn(&City) -> bool| cities.iter().map(|c| f64::from(u8::from(of(c)))).collect();
    let text = |of: fn(&City) -> &str| cities.iter().map(|c| Some(of(c).to_owned())).collect::<Vec<_>>();
    Frame::new(vec![
        Column::text("city_code", text(|c| &c.code)),
        Column::text("city", text(|c| &c.name)),
        Column::text("province", text(|c| &c.province)),
        Column::text("region", text(|c| REGIONS[c.region])),
        Column::number("municipality", flag(|c| c.municipality)),
        Column::number("capital", flag(|c| c.capital)),
        Column::number("pilot_year", cities.iter().map(|c| c.adoption.map_or(f64::NAN, f64::from)).collect()),
    ])
}

fn truth(world: &World, npro: Vec<f64>, ids: Vec<f64>, nip: Vec<f64>, index: Vec<f64>) -> Truth {
    let mean_where = |keep: &dyn Fn(&City, u32) -> bool| {
        let (mut sum, mut n) = (0.0, 0.0);
        for (i, city) in world.cities.iter().enumerate() {
            for (t, year) in YEARS.enumerate() {
                if city.treated(year) && keep(city, year) {
                    sum += npro[i * PERIODS + t];
                    n += 1.0;
                }
            }
        }
        if n > 0.0 { sum / n } else { 0.0 }
    };
    Truth {
        att: mean_where(&|_, _| true),
        by_event_time: (0..9).map(|k| mean_where(&|city, year| city.adoption == Some(year - k))).collect(),
        by_region: REGIONS
            .iter()
            .enumerate()
            .map(|(region, name)| ((*name).to_owned(), mean_where(&|city, _| city.region == region)))
            .collect(),
        npro,
        ids,
        nip,
        index,
    }
}
