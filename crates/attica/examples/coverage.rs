//! Bias, standard errors and coverage of every registered estimator on panels whose effects are known, as the page
//! `docs/coverage.md`: `cargo run --release -p attica --example coverage > docs/coverage.md`. Arguments: replications
//! (1000), estimators to keep (`cs,bjs`, or `all`), and units (200).
//!
//! The truth is what the estimator itself averages: its answer to the true effects with next to no noise, on a panel
//! with the expected size of every cohort. All estimators here are linear in the outcome given the rest, or average
//! treated rows, so that this is their estimand.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use attica::design::DesignOptions;
use attica::estimator::etwfe::Vce;
use attica::estimator::event_time::Window;
use attica::estimator::options::Options;
use attica::estimator::sun_abraham::Shares;
use attica::estimator::synthetic::Variance;
use attica::estimator::{Data, ESTIMATORS, Estimate, Estimator, Spec};
use attica::fit::FitOptions;
use attica::frame::{Column, Frame};
use attica::math::random::{Stream, stream};
use attica::panel::Panel;
use attica::vcov::{Preset, Ssc, Vcov};
use rayon::prelude::*;

/// Periods 1 to 10.
const PERIODS: usize = 10;

/// Units that adopt together: first treated period (none is never), share of units, effect at adoption, and what each
/// period adds.
struct Cohort(Option<usize>, f64, f64, f64);

/// A world to draw panels from: unit and period effects, noise of variance 1, effects, and what `x` does.
struct World {
    name: &'static str,
    about: &'static str,
    cohorts: &'static [Cohort],
    /// Autocorrelation of the noise.
    serial: f64,
    x: Covariate,
    /// Estimators whose assumptions hold; all when empty.
    holds_for: &'static [&'static str],
}

/// What the control `x` is.
#[derive(Clone, Copy, PartialEq)]
enum Covariate {
    /// Not there.
    None,
    /// Varies over time and moves the outcome.
    Varies,
    /// A trait of the unit on which its trend and the chance of adopting depend.
    Trend,
}

const WORLDS: &[World] = &[
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
    },
    World {
        name: "Few adopters",
        about: "Effects grow; noise with autocorrelation .5; 15 % adopt, the first cohort is of 5 %.",
        cohorts: &[Cohort(Some(4), 0.05, 0.8, 0.2), Cohort(Some(7), 0.1, 0.5, 0.1), Cohort(None, 0.85, 0.0, 0.0)],
        serial: 0.5,
        x: Covariate::None,
        holds_for: &[],
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
    },
];

/// A variance of an estimator that offers several, and the options that ask for it.
struct Variant {
    estimator: &'static str,
    name: &'static str,
    ask: fn(&mut Spec),
    /// It counts the sizes of cohorts as drawn, so that panels draw the cohort of each unit; otherwise cohorts have the
    /// same sizes in every replication.
    drawn_sizes: bool,
}

const fn variant(estimator: &'static str, name: &'static str, ask: fn(&mut Spec)) -> Variant {
    Variant { estimator, name, ask, drawn_sizes: false }
}

const fn with_sizes(estimator: &'static str, name: &'static str, ask: fn(&mut Spec)) -> Variant {
    Variant { estimator, name, ask, drawn_sizes: true }
}

const VARIANTS: &[Variant] = &[
    with_sizes("cs", "analytical", |_| {}),
    with_sizes("cs", "multiplier bootstrap, 499 draws", |spec| spec.options.bootstrap = Some(499)),
    variant("sa", "fixed shares", |_| {}),
    with_sizes("sa", "estimated shares", |spec| spec.options.sa.shares = Shares::Estimated),
    variant("bjs", "conservative", |_| {}),
    variant("bjs", "leave-out", |spec| spec.options.bjs.leave_out = true),
    variant("etwfe", "conditional", |_| {}),
    with_sizes("etwfe", "unconditional", |spec| spec.options.etwfe.vce = Vce::Unconditional),
    variant("lpdid", "variance-weighted", |_| {}),
    variant("lpdid", "reweighted", |spec| spec.options.lpdid.reweight = true),
    variant("sdid", "bootstrap, 50 draws", |spec| draws(spec, Variance::Bootstrap)),
    variant("sdid", "placebo, 50 draws", |spec| draws(spec, Variance::Placebo)),
    variant("sdid", "jackknife", |spec| draws(spec, Variance::Jackknife)),
];

fn draws(spec: &mut Spec, variance: Variance) {
    (spec.options.sdid.variance, spec.options.sdid.replications) = (Some(variance), 50);
}

impl World {
    /// A panel, and the effect in each row. `noise` scales everything but the effects.
    fn draw(&self, units: usize, random_sizes: bool, noise: f64, random: &mut Stream) -> (Frame, f64) {
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

    fn spec(&self) -> Spec {
        let cluster = "unit".to_owned();
        Spec {
            outcome: "y".to_owned(),
            treatment: "d".to_owned(),
            controls: if self.x == Covariate::None { Vec::new() } else { vec!["x".to_owned()] },
            design: DesignOptions { clusters: vec![cluster.clone()], ..DesignOptions::default() },
            fit: FitOptions { ssc: Ssc::of(Preset::Fixest), ..FitOptions::new(Vcov::cluster(&cluster)) },
            window: Window::default(),
            options: Options::default(),
            seed: 1,
        }
    }
}

fn estimate(estimator: &dyn Estimator, spec: &Spec, frame: &Frame) -> Option<Estimate> {
    let (panel, _) = Panel::new(frame, "unit", "time").unwrap();
    let (adoption, _) = panel.adoption_from_first(frame.column("first").unwrap(), &[]).unwrap();
    estimator.estimate(Data { frame, panel: &panel, adoption: &adoption }, spec).ok()
}

/// One replication: estimate, standard error, and whether the intervals and the band cover.
struct Outcome {
    estimate: f64,
    std_error: f64,
    overall: bool,
    at_zero: Option<bool>,
    band: Option<bool>,
}

fn judge(found: &Estimate, truth: &Estimate) -> Outcome {
    let inside = |low: f64, truth: f64, high: f64| low <= truth && truth <= high;
    let term = &found.overall;
    let rows = || {
        let truth = truth.event_study.iter().flat_map(|study| &study.rows);
        let at = move |k: i64| truth.clone().find(|row| row.event_time == k).map(|row| row.estimate);
        found.event_study.iter().flat_map(|study| &study.rows).filter_map(move |row| Some((row, at(row.event_time)?)))
    };
    let at_zero = rows().find(|(row, _)| row.event_time == 0);
    let bands: Vec<bool> =
        rows().filter_map(|(row, truth)| Some(inside(row.band_low?, truth, row.band_high?))).collect();
    Outcome {
        estimate: term.estimate,
        std_error: term.std_error,
        overall: inside(term.conf_low, truth.overall.estimate, term.conf_high),
        at_zero: at_zero.and_then(|(row, truth)| Some(inside(row.conf_low?, truth, row.conf_high?))),
        band: (!bands.is_empty()).then(|| bands.iter().all(|inside| *inside)),
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let replications: u64 = arguments.next().map_or(1000, |n| n.parse().unwrap());
    let only = arguments.next().unwrap_or_else(|| "all".to_owned());
    let units: usize = arguments.next().map_or(200, |n| n.parse().unwrap());
    let kept = |name: &str| only == "all" || only.split(',').any(|one| one == name);
    println!("{}", PREFACE.replace("{replications}", &replications.to_string()).replace("{units}", &units.to_string()));
    for world in WORLDS {
        println!("\n## {}\n\n{}\n", world.name, world.about);
        println!("| estimator | variance | estimand − ATT | bias (MC error) | SD | mean SE | overall | at 0 | band |");
        println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
        for estimator in ESTIMATORS.iter().filter(|e| kept(e.name())) {
            if !world.holds_for.is_empty() && !world.holds_for.contains(&estimator.name()) {
                continue;
            }
            let own: Vec<&Variant> = VARIANTS.iter().filter(|variant| variant.estimator == estimator.name()).collect();
            let default = variant(estimator.name(), "default", |_| {});
            for variant in if own.is_empty() { vec![&default] } else { own } {
                println!("{}", line(world, *estimator, variant, units, replications));
            }
        }
    }
}

/// One row of the table.
fn line(world: &World, estimator: &dyn Estimator, variant: &Variant, units: usize, replications: u64) -> String {
    let name = estimator.name();
    let mut spec = world.spec();
    let (frame, att) = world.draw(units, false, 1e-6, &mut stream(0, 0));
    (variant.ask)(&mut spec);
    let truth = estimate(estimator, &spec, &frame);
    let Some(truth) = truth else {
        return format!("| `{name}` | {} | cannot be estimated here | | | | | | |", variant.name);
    };
    let one = |replication: u64| {
        let (frame, _) = world.draw(units, variant.drawn_sizes, 1.0, &mut stream(1, replication));
        estimate(estimator, &spec, &frame).map(|found| judge(&found, &truth))
    };
    let all: Vec<Option<Outcome>> = (0..replications).into_par_iter().map(one).collect();
    let done: Vec<&Outcome> = all.iter().flatten().collect();
    let n = done.len() as f64;
    let mean = |of: &dyn Fn(&Outcome) -> f64| done.iter().map(|o| of(o)).sum::<f64>() / n;
    let centre = mean(&|o| o.estimate);
    let sd = (done.iter().map(|o| (o.estimate - centre).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let share = |of: &dyn Fn(&Outcome) -> Option<bool>| {
        let known: Vec<bool> = done.iter().filter_map(|o| of(o)).collect();
        let covered = 100.0 * known.iter().filter(|inside| **inside).count() as f64 / known.len() as f64;
        match covered {
            _ if known.is_empty() => "–".to_owned(),
            c if (93.0..=97.0).contains(&c) => format!("{c:.1}"),
            c => format!("**{c:.1}**"),
        }
    };
    let failed = all.len() - done.len();
    format!(
        "| `{name}` | {}{} | {:.3} | {:.4} ({:.4}) | {sd:.4} | {:.4} | {} | {} | {} |",
        variant.name,
        if failed > 0 { format!(" ({failed} failed)") } else { String::new() },
        truth.overall.estimate - att,
        centre - truth.overall.estimate,
        sd / n.sqrt(),
        mean(&|o| o.std_error),
        share(&|o| Some(o.overall)),
        share(&|o| o.at_zero),
        share(&|o| o.band),
    )
}

const PREFACE: &str = "# Coverage

Written by `cargo run --release -p attica --example coverage > docs/coverage.md` (`just coverage`); the designs are in \
that file. Each line is {replications} simulated panels of {units} units and 10 periods; draw r is the same for all \
estimators and on any machine. The page of each estimator says what its standard errors are.

- *Estimand − ATT*: what the estimator averages, less the mean effect over treated rows. It is no error: Callaway–Sant'Anna \
counts every unit alike however long it is treated, a stacked regression the cohorts that fill its window, two-way \
fixed effects weigh by variance, some effects negatively. Everything else is judged against the estimator's own estimand.
- *Bias* with its Monte Carlo error, *SD* of the estimates, and the mean of their standard errors.
- Share of 95 % intervals that hold the truth, in percent: the headline effect, the effect in the period of adoption, and \
the simultaneous band over all event times. At 1,000 replications a true 95 comes out between 93.6 and 96.4 in 19 of 20 \
cases; what lies outside 93 to 97 is bold.
- Cohorts have the same sizes in every replication, except for standard errors that count cohort sizes as drawn (`cs`, \
`sa` with estimated shares, `etwfe` unconditional): there they are drawn.";
