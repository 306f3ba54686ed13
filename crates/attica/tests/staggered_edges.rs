//! What every registered estimator does with panels that are wrong or odd in one way: it answers in finite numbers
//! with a ledger that adds up and says what it noticed, or refuses with an id and a way out.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::WeightKind;
use attica::estimator::group_time::Aggregations;
use attica::estimator::{ESTIMATORS, Estimate, Spec};
use attica::expr::Expr;
use attica::vcov::Vcov;
use support::edges::{Row, not_finite, rows, run};

/// What must come of a panel. Ids of which one is enough stand together: `W203|W805`.
#[derive(Clone, Copy)]
enum Expect {
    /// An answer, and these ids told.
    Told(&'static [&'static str]),
    /// The same, and rows left out in the ledger.
    Dropped(&'static [&'static str]),
    /// One of these ids instead of an answer.
    Refused(&'static str),
}
use Expect::{Dropped, Refused, Told};

struct Case {
    name: &'static str,
    change: fn(&mut Vec<Row>),
    spec: fn(&mut Spec),
    /// Adoption is read from the 0/1 path instead of the date.
    path: bool,
    expect: Expect,
    /// Estimators that by nature do something else.
    but: &'static [(&'static str, Expect)],
}

fn case(name: &'static str, expect: Expect, change: fn(&mut Vec<Row>)) -> Case {
    Case { name, change, spec: |_| {}, path: false, expect, but: &[] }
}

impl Case {
    fn with(self, spec: fn(&mut Spec)) -> Self {
        Self { spec, ..self }
    }

    fn by_path(self) -> Self {
        Self { path: true, ..self }
    }

    fn but(self, but: &'static [(&'static str, Expect)]) -> Self {
        Self { but, ..self }
    }
}

fn each(rows: &mut [Row], change: impl Fn(&mut Row)) {
    for row in rows {
        change(row);
    }
}

/// Lets a unit adopt in `first`.
fn adopts(rows: &mut [Row], unit: f64, first: f64) {
    for row in rows.iter_mut().filter(|row| row.unit == unit) {
        row.first = first;
        row.d = f64::from(u8::from(row.time >= first));
    }
}

fn controls(spec: &mut Spec) {
    spec.controls = vec!["x".to_owned()];
}

fn weights(spec: &mut Spec) {
    spec.design.weights = Some(("w".to_owned(), WeightKind::Analytic));
}

fn clusters(spec: &mut Spec) {
    spec.design.clusters = vec!["c".to_owned()];
    spec.fit.vcov = Vcov::cluster("c");
}

/// Which units are there.
fn units() -> Vec<Case> {
    vec![
        case("as it should be", Told(&[]), |_| {}),
        case("no never-treated units", Told(&["W204"]), |r| r.retain(|r| !r.first.is_nan()))
            .but(&[("sdid", Refused("E204"))]),
        case("always-treated units", Dropped(&["W203"]), |r| (0..2).for_each(|i| adopts(r, f64::from(i), 1.0)))
            .but(&[("twfe", Told(&["W203"]))]),
        case("a cohort of one unit", Told(&["W207"]), |r| adopts(r, 0.0, 5.0)),
        case("cohorts of one unit each", Told(&["W207"]), |r| {
            r.retain(|r| r.unit == 0.0 || r.unit == 12.0 || r.first.is_nan());
        }),
        case("one treated unit", Told(&["W207"]), |r| r.retain(|r| r.unit == 0.0 || r.first.is_nan()))
            .but(&[("dcdh", Refused("E404"))]),
        case("one treated and one control unit", Refused("E205|E305|E404|E701"), |r| {
            r.retain(|r| r.unit == 0.0 || r.unit == 22.0);
        }),
        case("one control unit", Told(&["W207", "W405"]), |r| r.retain(|r| r.unit == 22.0 || !r.first.is_nan()))
            .but(&[("sdid", Refused("E205"))]),
        case("a cohort before the window", Refused("E209"), |r| adopts(r, 0.0, -3.0)),
        case("a cohort after the window", Refused("E209"), |r| adopts(r, 0.0, 12.0)),
        case("everybody at once", Refused("E205"), |r| r.retain(|r| r.first == 4.0)),
        case("nobody", Refused("E205"), |r| r.retain(|r| r.first.is_nan())),
        case("treatment that ends", Dropped(&["W202"]), |r| {
            each(r, |r| {
                if r.unit < 2.0 && r.time == 7.0 {
                    r.d = 0.0;
                }
            });
        })
        .by_path()
        .but(&[("twfe", Told(&["W202"])), ("dcdh", Told(&["W202"]))]),
        case("treatment that ends everywhere", Refused("E201|E205|E206"), |r| {
            each(r, |r| {
                if r.time == 8.0 {
                    r.d = 0.0;
                }
            });
        })
        .by_path()
        .but(&[("twfe", Told(&["W202"])), ("dcdh", Told(&["W202"]))]),
    ]
}

/// Which rows are there.
fn periods() -> Vec<Case> {
    vec![
        case("gaps", Told(&["W103", "W104"]), |r| r.retain(|r| r.unit % 5.0 != 0.0 || r.time != 5.0)),
        case("a period that nobody has", Told(&["W103"]), |r| r.retain(|r| r.time != 3.0)),
        case("units that leave", Told(&["W104"]), |r| r.retain(|r| r.unit % 3.0 != 0.0 || r.time <= 6.0)),
        case("a cohort seen from adoption on", Told(&["W203|W805|W806|W807|W820|N831"]), |r| {
            r.retain(|r| r.first != 4.0 || r.time >= 4.0);
        })
        .but(&[("twfe", Told(&["W104"]))]),
        case("one period before", Told(&["W210"]), |r| r.retain(|r| r.time >= 3.0 && r.first != 6.0))
            .but(&[("sdid", Refused("E205"))]),
        case("two periods", Told(&["W210"]), |r| r.retain(|r| (3.0..5.0).contains(&r.time) && r.first != 6.0))
            .but(&[("sdid", Refused("E205"))]),
        case("dates between the periods", Told(&["W207", "W210"]), |r| {
            r.retain(|r| r.time % 2.0 == 0.0);
            adopts(r, 0.0, 3.0);
        }),
        case("quarters", Told(&[]), |r| {
            each(r, |r| (r.time, r.first) = (2010.0 + r.time / 4.0, 2010.0 + r.first / 4.0));
        }),
        case("tenths", Told(&[]), |r| each(r, |r| (r.time, r.first) = (r.time / 10.0, r.first / 10.0))),
        case("a filter that hides a cohort's adoption", Dropped(&["W209"]), |_| {})
            .but(&[("twfe", Dropped(&[])), ("dcdh", Dropped(&[]))])
            .with(|spec| spec.design.filter = Some(Expr::parse("time <= 5").unwrap())),
        case("a filter that hides the periods before", Dropped(&["W203|W805|W806|W807|W820|N831"]), |_| {})
            .with(|spec| spec.design.filter = Some(Expr::parse("time >= 4").unwrap()))
            .but(&[("twfe", Dropped(&[]))]),
    ]
}

/// What stands in the cells.
fn values() -> Vec<Case> {
    vec![
        case("missing controls", Dropped(&[]), |r| {
            each(r, |r| {
                if r.unit < 3.0 && r.time < 3.0 {
                    r.x = f64::NAN;
                }
            });
        })
        .with(controls),
        case("a control that is always missing", Refused("E304"), |r| each(r, |r| r.x = f64::NAN)).with(controls),
        case("a control that does not vary", Refused("E305"), |r| each(r, |r| r.x = 5.0)).with(controls),
        case("a control without overlap", Told(&["W306"]), |r| {
            each(r, |r| r.x = r.unit - if r.first.is_nan() { 0.0 } else { 1000.0 });
        })
        .with(controls)
        .but(&[("cs", Refused("E205")), ("etwfe", Told(&[])), ("stacked", Told(&[])), ("lpdid", Told(&[]))]),
        case("a cohort without overlap", Told(&[]), |r| {
            each(r, |r| {
                if r.first == 4.0 {
                    r.x += 1000.0;
                }
            });
        })
        .with(controls)
        .but(&[("cs", Told(&["W805"]))]),
        case("collinear controls", Told(&["W306"]), |r| each(r, |r| r.cluster = 2.0 * r.x))
            .with(|spec| spec.controls = ["x", "c"].map(str::to_owned).to_vec()),
        case("a control that varies among treated rows only", Told(&[]), |r| {
            each(r, |r| r.x *= r.d);
        })
        .with(controls)
        // What it does to untreated outcomes cannot be known, and dropping it would be a guess.
        .but(&[
            ("cs", Refused("E205")),
            ("bjs", Refused("E206")),
            ("gardner", Refused("E206")),
            ("etwfe", Refused("E205")),
        ]),
        case("an outcome that is constant", Refused("E305"), |r| each(r, |r| r.y = 3.0)),
        case("an infinite outcome", Refused("E302"), |r| r[5].y = f64::INFINITY),
        case("a huge outcome", Told(&[]), |r| each(r, |r| r.y *= 1e12)),
        case("a tiny outcome", Told(&[]), |r| each(r, |r| r.y *= 1e-12)),
        case("an outcome far from zero", Told(&[]), |r| each(r, |r| r.y += 1e9)),
        case("a cohort without outcomes", Dropped(&[]), |r| {
            each(r, |r| {
                if r.first == 4.0 {
                    r.y = f64::NAN;
                }
            });
        }),
        case("never-treated units without outcomes", Dropped(&[]), |r| {
            each(r, |r| {
                if r.first.is_nan() {
                    r.y = f64::NAN;
                }
            });
        })
        .but(&[("sdid", Refused("E204"))]),
        case("treated rows without outcomes", Refused("E205|E206|E305"), |r| {
            each(r, |r| {
                if r.d > 0.0 {
                    r.y = f64::NAN;
                }
            });
        }),
    ]
}

/// Weights, clusters and options.
fn options() -> Vec<Case> {
    vec![
        case("weights", Told(&[]), |_| {}).with(weights),
        case("weights that change", Told(&[]), |r| each(r, |r| r.weight *= r.time)).with(weights),
        case("zero weights", Dropped(&["W402"]), |r| {
            each(r, |r| {
                if r.unit < 2.0 {
                    r.weight = 0.0;
                }
            });
        })
        .with(weights),
        case("negative weights", Refused("E401"), |r| {
            each(r, |r| {
                if r.unit < 2.0 {
                    r.weight = -1.0;
                }
            });
        })
        .with(weights),
        case("coarse clusters", Told(&["W405"]), |_| {}).with(clusters),
        case("one cluster", Refused("E404"), |r| each(r, |r| r.cluster = 1.0)).with(clusters),
        case("missing clusters", Refused("E406"), |r| {
            each(r, |r| {
                if r.unit == 1.0 {
                    r.cluster = f64::NAN;
                }
            });
        })
        .with(clusters),
        case("clusters across units", Told(&["W407"]), |r| {
            each(r, |r| r.cluster = (r.unit / 3.0).floor() + 100.0 * (r.time % 2.0));
        })
        .with(clusters),
        case("a window", Told(&[]), |_| {}).with(|spec| spec.window.bounds = Some([-2, 1])),
        case("a window beyond the data", Told(&[]), |_| {})
            .with(|spec| spec.window.bounds = Some([-20, 20]))
            // Their headline is the mean over the whole window.
            .but(&[("stacked", Refused("E205")), ("lpdid", Refused("E205"))]),
        case("too few bootstrap draws", Refused("E607"), |_| {}).with(|spec| spec.options.bootstrap = Some(1)),
    ]
}

#[test]
fn every_estimator_answers_or_says_why_not() {
    let mut wrong = Vec::new();
    for case in [units(), periods(), values(), options()].into_iter().flatten() {
        let mut panel = rows();
        (case.change)(&mut panel);
        for estimator in ESTIMATORS {
            let name = estimator.name();
            let expect = case.but.iter().find(|(but, _)| *but == name).map_or(case.expect, |(_, expect)| *expect);
            if let Err(why) = judge(*estimator, &panel, &case, expect) {
                wrong.push(format!("{name}, {}: {why}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of the cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn judge(
    estimator: &dyn attica::estimator::Estimator,
    panel: &[Row],
    case: &Case,
    expect: Expect,
) -> Result<(), String> {
    let (found, told) = run(estimator, panel, case.path, case.spec);
    let is_told = |ids: &&str| ids.split('|').any(|id| told.iter().any(|told| told == id));
    let (ids, drops) = match (&found, expect) {
        (Err(problem), Refused(ids)) if ids.split('|').any(|id| id == problem.id) => {
            return if problem.fix.is_some() { Ok(()) } else { Err(format!("no way out: {problem}")) };
        }
        (Err(problem), _) => return Err(format!("refused: {problem}")),
        (Ok(found), Refused(ids)) => return Err(format!("answered {} instead of {ids}", found.overall.estimate)),
        (Ok(_), Told(ids)) => (ids, false),
        (Ok(_), Dropped(ids)) => (ids, true),
    };
    let found = found.map_err(|problem| problem.to_string())?;
    let lost: usize = found.ledger.dropped.iter().map(|drop| drop.rows).sum();
    let checks = [
        (not_finite(&found).is_none(), format!("not finite: {:?}", not_finite(&found))),
        (found.overall.std_error > 0.0, "no standard error".to_owned()),
        (found.ledger.read == panel.len(), format!("the ledger read {} of {} rows", found.ledger.read, panel.len())),
        (found.ledger.read == found.ledger.used + lost, format!("the ledger does not add up: {:?}", found.ledger)),
        (found.ledger.used == found.n_obs, format!("{} rows, {:?}", found.n_obs, found.ledger)),
        (!drops || lost > 0, "rows must have left, and the ledger does not say so".to_owned()),
        (ids.iter().all(is_told), format!("{ids:?} not all told, only {told:?}")),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
}

/// Every estimate with its standard error and where it stands; references left out.
fn errors(found: &Estimate) -> Vec<(String, f64, Option<f64>)> {
    let mut all = vec![("overall".to_owned(), found.overall.estimate, Some(found.overall.std_error))];
    if let Some(study) = &found.event_study {
        let rows = study.rows.iter().filter(|row| !study.reference.contains(&row.event_time));
        all.extend(rows.map(|row| (format!("event time {}", row.event_time), row.estimate, row.std_error)));
    }
    let Aggregations { simple, group, dynamic, calendar } = &found.aggregations;
    for (name, one) in [("simple", simple), ("group", group), ("dynamic", dynamic), ("calendar", calendar)] {
        let rows = one.iter().flat_map(|one| &one.rows);
        all.extend(rows.filter(|r| r.estimate != 0.0).map(|r| (format!("{name} {:?}", r.at), r.estimate, r.std_error)));
        let overall = one.iter().filter_map(|one| one.overall.as_ref());
        all.extend(overall.map(|term| (format!("{name} overall"), term.estimate, Some(term.std_error))));
    }
    let cells = found.group_time.iter().filter(|cell| cell.estimate != 0.0);
    all.extend(cells.map(|c| (format!("cohort {} in {}", c.group, c.time), c.estimate, c.std_error)));
    all
}

#[test]
fn no_standard_error_is_rounding_or_the_estimate_itself() {
    type Case = (&'static str, fn(&mut Vec<Row>));
    let cases: [Case; 8] = [
        ("one treated unit", |r| r.retain(|r| r.unit == 0.0 || r.first.is_nan())),
        ("one control unit", |r| r.retain(|r| r.unit == 22.0 || !r.first.is_nan())),
        ("one of each", |r| r.retain(|r| r.unit == 0.0 || r.unit == 22.0)),
        ("one treated and two controls", |r| r.retain(|r| [0.0, 22.0, 23.0].contains(&r.unit))),
        ("two treated and one control", |r| r.retain(|r| [0.0, 1.0, 22.0].contains(&r.unit))),
        ("cohorts of one unit", |r| r.retain(|r| r.unit == 0.0 || r.unit == 12.0 || r.first.is_nan())),
        ("no noise", |r| each(r, |r| r.y = r.unit + 0.3 * r.time + 1.5 * r.d)),
        ("no noise before", |r| {
            each(r, |r| r.y = if r.time < 4.0 { r.unit + 0.1 * r.time } else { r.y });
        }),
    ];
    let mut wrong = Vec::new();
    for (case, change) in cases {
        let mut panel = rows();
        change(&mut panel);
        for estimator in ESTIMATORS {
            let (found, told) = run(*estimator, &panel, false, |_| {});
            let Ok(found) = found else { continue };
            let name = estimator.name();
            let told = |ids: &[&str]| ids.iter().any(|id| told.iter().any(|told| told == id));
            if case == "no noise" {
                wrong.push(format!("{name}, {case}: answered"));
            }
            if case.starts_with("one") && !told(&["W207"]) {
                wrong.push(format!("{name}, {case}: nothing told"));
            }
            for (place, estimate, error) in errors(&found) {
                let Some(error) = error else {
                    if place.starts_with("event") && !told(&["W809"]) {
                        wrong.push(format!("{name}, {case}, {place}: no standard error and no warning"));
                    }
                    continue;
                };
                if error < 1e-9 * found.overall.estimate.abs() || (error / estimate.abs() - 1.0).abs() < 1e-6 {
                    wrong.push(format!("{name}, {case}, {place}: {estimate} ({error})"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
