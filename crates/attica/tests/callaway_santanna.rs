//! The choices of Callaway-Sant'Anna that the golden values of R did do not cover, against PyPI csdid 0.4.3
//! (`ATTgt(...).fit(bstrap=False)`, `aggte(na_rm=True)`) on mpdta, and exact identities.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::WeightKind;
use attica::estimator::callaway_santanna::{AttGt, Method, Options, Settings, Unbalanced, att_gt};
use attica::estimator::group_time::{EventTimes, Inference, Uncertainty};
use attica::estimator::options::{BasePeriod, ControlGroup};
use attica::estimator::wide::Wide;
use attica::estimator::{Estimate, Spec, find};
use attica::frame::{Column, Frame};
use support::panel::Loaded;
use support::{Staggered, Table, close};

/// Rows of mpdta by county and year of which `keeps` (by number) holds, with a county-specific weight `w`, a
/// cluster `state`, and `row`, another name for each row.
fn mpdta(unit: &str, keeps: impl Fn(usize) -> bool) -> Option<Loaded> {
    let table = Table::read("mpdta/mpdta.csv")?;
    let columns = ["countyreal", "year", "lemp", "lpop", "first.treat"].map(|name| table.number(name));
    let mut rows: Vec<[f64; 5]> = (0..columns[0].len()).map(|r| [0, 1, 2, 3, 4].map(|k| columns[k][r])).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let rows: Vec<(usize, [f64; 5])> = rows.into_iter().enumerate().filter(|(r, _)| keeps(*r)).collect();
    let number = |name: &str, of: &dyn Fn(usize, &[f64; 5]) -> f64| {
        Column::number(name, rows.iter().map(|(r, row)| of(*r, row)).collect())
    };
    let frame = Frame::new(vec![
        number("county", &|_, row| row[0]),
        number("year", &|_, row| row[1]),
        number("lemp", &|_, row| row[2]),
        number("lpop", &|_, row| row[3]),
        number("first", &|_, row| row[4]),
        number("w", &|_, row| 1.0 + row[0] % 7.0),
        number("state", &|_, row| (row[0] / 1000.0).floor()),
        number("row", &|r, _| r as f64),
    ])
    .unwrap();
    Some(Loaded::new(frame, unit, "year", "first"))
}

fn cs(loaded: &Loaded, controls: &[&str], change: impl Fn(&mut Spec)) -> Estimate {
    let mut spec = loaded.spec("lemp", controls);
    change(&mut spec);
    find("cs").unwrap().estimate(loaded.data(), &spec).unwrap()
}

/// Overall effects and standard errors: simple, group, dynamic, calendar.
fn agrees(what: &str, found: &Estimate, golden: [(f64, f64); 4]) {
    agrees_to(1e-7, what, found, golden);
}

/// [`agrees`] with standard errors to the relative difference `tolerance`: in the doubly robust estimator for
/// repeated cross-sections R DRDID, whose numbers ours are, and csdid give one small term opposite signs.
fn agrees_to(tolerance: f64, what: &str, found: &Estimate, golden: [(f64, f64); 4]) {
    let all = &found.aggregations;
    for (of, (b, se)) in [&all.simple, &all.group, &all.dynamic, &all.calendar].into_iter().zip(golden) {
        let overall = of.as_ref().unwrap().overall.as_ref().unwrap();
        close(what, overall.estimate, b, 1e-8);
        close(what, overall.std_error, se, tolerance);
    }
}

#[test]
fn agrees_with_csdid_on_options() {
    let Some(loaded) = mpdta("county", |_| true) else { return };
    let found = cs(&loaded, &["lpop"], |spec| {
        spec.options.control_group = Some(ControlGroup::NotYet);
        spec.options.symmetric = true;
    });
    agrees(
        "not yet, universal",
        &found,
        [
            (-0.04135162929923717, 0.011427839082186128),
            (-0.03226403880028154, 0.011983412614326457),
            (-0.07999262095930795, 0.018494002078741616),
            (-0.04566463287659853, 0.014698256756514915),
        ],
    );
    let found = cs(&loaded, &["lpop"], |spec| {
        spec.design.weights = Some(("w".to_owned(), WeightKind::Probability));
    });
    agrees(
        "weights",
        &found,
        [
            (-0.043557875730535135, 0.011893557872505066),
            (-0.03649030802104205, 0.011792163730712436),
            (-0.07617654799574364, 0.02044317886279329),
            (-0.043713087760101105, 0.017239438716445437),
        ],
    );
    let found = cs(&loaded, &[], |spec| spec.design.clusters = vec!["state".to_owned()]);
    agrees(
        "clusters",
        &found,
        [
            (-0.03995127515517675, 0.015159458578451707),
            (-0.03101828222874881, 0.01184352926177938),
            (-0.07723982145731573, 0.014776686080643047),
            (-0.04170043213128274, 0.013999042289994193),
        ],
    );
    // The two cohorts with a period before the window: effects agree. In the window csdid counts from the base
    // of the effects, R did and we from the period before.
    let found = cs(&loaded, &[], |spec| spec.options.anticipation = 2);
    agrees(
        "anticipation",
        &found,
        [
            (-0.044425839139390286, 0.020583692688433967),
            (-0.050340597867709364, 0.020370438375007478),
            (-0.041755790525465825, 0.024438592310193828),
            (-0.027725052918069787, 0.0234506390642353),
        ],
    );
    let cell = |group: f64, time: f64| found.group_time.iter().find(|c| c.group == group && c.time == time).unwrap();
    close("2006 in 2004", cell(2006.0, 2004.0).estimate, 0.006520112424, 1e-9);
    let in_window = cell(2006.0, 2004.0).estimate + cell(2006.0, 2005.0).estimate;
    close("2006 in 2005 from 2003", in_window, 0.003769293674, 1e-9);
    assert!(found.n_obs < 2500 && found.n_treated_units == 171, "{} {}", found.n_obs, found.n_treated_units);
}

#[test]
fn agrees_with_csdid_on_incomplete_panels() {
    let Some(loaded) = mpdta("county", |row| row % 11 != 5) else { return };
    let found = |how: Unbalanced, controls: &[&str]| cs(&loaded, controls, |spec| spec.options.cs.unbalanced = how);
    agrees(
        "pooled",
        &found(Unbalanced::Pooled, &[]),
        [
            (-0.07569232761527392, 0.04550236103775426),
            (-0.06717505153015399, 0.05248179127118116),
            (-0.05407427363842362, 0.06515426813641192),
            (-0.11247410673616563, 0.06531261669502325),
        ],
    );
    agrees_to(
        2e-3,
        "pooled, lpop",
        &found(Unbalanced::Pooled, &["lpop"]),
        [
            (-0.01958517897137976, 0.021741154961343385),
            (-0.00934394595382188, 0.022913616931397165),
            (-0.04491331621583215, 0.03345261414345552),
            (-0.015692881962098733, 0.031415568061050024),
        ],
    );
    let dropped = found(Unbalanced::Drop, &["lpop"]);
    agrees(
        "drop, lpop",
        &dropped,
        [
            (-0.040769108820871064, 0.017250634157283232),
            (-0.03827033010272316, 0.018157729551387745),
            (-0.07136318159271049, 0.028893369559436007),
            (-0.0323219858317973, 0.023715496695578615),
        ],
    );
    agrees(
        "drop",
        &found(Unbalanced::Drop, &[]),
        [
            (-0.03532416489206638, 0.018371568559274368),
            (-0.03339758328761694, 0.01913118960437876),
            (-0.06319104348430883, 0.03170173909644126),
            (-0.0255670445128579, 0.02528174234825285),
        ],
    );
    // Every unit with two rows of one cell is in use: the change of each cell's units, by hand.
    let pairs = found(Unbalanced::Pairs, &[]);
    assert_eq!((dropped.n_obs, dropped.n_units), (1365, 273));
    assert!(pairs.n_units > 495 && pairs.n_obs > 2200, "{} {}", pairs.n_units, pairs.n_obs);
    let (y, first) = (loaded.frame.numbers("lemp").unwrap(), loaded.frame.numbers("first").unwrap());
    for cell in &pairs.group_time {
        let mean = |cohort: f64| {
            let period = |t: f64| loaded.panel.times.iter().position(|s| *s == t).unwrap();
            let units = 0..loaded.panel.units.len() as u32;
            let pair = units.filter_map(|u| {
                Some([loaded.panel.row(u, period(cell.time))?, loaded.panel.row(u, period(cell.base.unwrap()))?])
            });
            let changes: Vec<f64> =
                pair.filter(|[row, _]| first[*row] == cohort).map(|[after, before]| y[after] - y[before]).collect();
            changes.iter().sum::<f64>() / changes.len() as f64
        };
        close("cell", cell.estimate, mean(cell.group) - mean(0.0), 1e-11);
    }
    // The effect on the complete panel is -.0310; the docs give all four.
    close("pairs", pairs.overall.estimate, -0.0235, 2e-3);
    assert!(dropped.warnings.iter().any(|w| w.id == "W104"));
}

#[test]
fn agrees_with_csdid_on_repeated_cross_sections() {
    let Some(loaded) = mpdta("row", |_| true) else { return };
    let golden = [
        (
            Method::DoublyRobust,
            [
                (-0.0417517720586169, 0.04604619775496117),
                (-0.032819597161302665, 0.05715085058755554),
                (-0.08035394974402503, 0.05139492045134394),
                (-0.04417735775655449, 0.04902981192812249),
            ],
        ),
        (
            Method::Weighting,
            [
                (-0.04177708219913346, 0.16722623216499316),
                (-0.032875368664176764, 0.174172808336149),
                (-0.08037688664584398, 0.25659860231857406),
                (-0.044170101049812546, 0.25062370073167856),
            ],
        ),
        (
            Method::OutcomeRegression,
            [
                (-0.04196861242154387, 0.14976215461033565),
                (-0.03292924022900544, 0.1471536096858099),
                (-0.08078174533376156, 0.2432867074008931),
                (-0.04453233135317431, 0.24202216836526583),
            ],
        ),
    ];
    for (method, golden) in golden {
        let found =
            cs(&loaded, &["lpop"], |spec| spec.options.cs = Options { method, panel: false, ..Options::default() });
        let tolerance = if method == Method::DoublyRobust { 2e-3 } else { 1e-7 };
        agrees_to(tolerance, "repeated cross-sections", &found, golden);
        assert_eq!(found.n_obs, 2500);
    }
}

/// A panel of four periods with three cohorts.
fn panel(seed: u64) -> Wide<'static> {
    let process =
        Staggered { periods: 6, cohorts: vec![(3, 9), (4, 12), (6, 8)], never: 15, effect: (1.0, 0.2), noise: 1.0 };
    let frame = process.draw(seed);
    let first = frame.numbers("first").unwrap();
    Wide {
        units: 44,
        times: (1..=6).map(f64::from).collect(),
        step: 1.0,
        y: frame.numbers("y").unwrap().to_vec().into(),
        x: Vec::new(),
        cohort: first.chunks(6).map(|path| (!path[0].is_nan()).then_some(path[0])).collect(),
        weight: (0..44).map(|unit| 1.0 + f64::from(unit % 3)).collect(),
        cluster: None,
        copies: false,
    }
}

fn inference() -> Inference {
    Inference { level: 0.95, df: None, bootstrap: None, seed: 1, wild: None }
}

#[test]
fn moments_of_complete_panels_give_what_units_one_by_one_give() {
    for cluster in [false, true] {
        for controls in [ControlGroup::Never, ControlGroup::NotYet] {
            let settings = Settings { controls, base: BasePeriod::Universal, ..Settings::default() };
            let mut complete = panel(1);
            complete.cluster = cluster.then(|| (0..44).map(|unit| unit % 10).collect());
            // A unit that nobody ever saw makes the panel incomplete, and changes nothing.
            let mut seen = complete.clone();
            seen.units += 1;
            seen.y.to_mut().extend([f64::NAN; 6]);
            seen.cohort.push(None);
            seen.weight.push(1.0);
            if let Some(cluster) = &mut seen.cluster {
                cluster.push(3);
            }
            let [a, b] = [&complete, &seen].map(|panel| att_gt(panel, &settings).unwrap());
            let ways = |found: &AttGt| {
                let (effects, kept) = (&found.effects, EventTimes { balance: Some(1), ..EventTimes::default() });
                let uncertainty = Uncertainty::new(&effects.influences, inference());
                [effects.simple(), effects.by_group(), effects.by_event_time(kept), effects.by_calendar()]
                    .map(|averages| uncertainty.aggregation("d", &averages))
            };
            for (x, y) in ways(&a).into_iter().zip(ways(&b)) {
                let (x, y) = (x.unwrap(), y.unwrap());
                let (o, p) = (x.overall.unwrap(), y.overall.unwrap());
                close("overall", o.estimate, p.estimate, 1e-11);
                close("overall", o.std_error, p.std_error, 1e-11);
                for (x, y) in x.rows.iter().zip(&y.rows) {
                    assert_eq!((x.at, x.n), (y.at, y.n));
                    close("row", x.estimate, y.estimate, 1e-11);
                    assert_eq!(x.std_error.is_some(), y.std_error.is_some());
                    close("row", x.std_error.unwrap_or(1.0), y.std_error.unwrap_or(1.0), 1e-11);
                }
            }
        }
    }
}

/// Years two apart are periods one apart: the same effects, event times, balance and anticipation.
#[test]
fn biennial_panels_are_annual_ones_with_other_dates() {
    let annual = panel(2);
    let date = |t: f64| 2000.0 + 2.0 * t;
    let biennial = Wide {
        times: annual.times.iter().map(|t| date(*t)).collect(),
        step: 2.0,
        cohort: annual.cohort.iter().map(|g| g.map(date)).collect(),
        ..annual.clone()
    };
    for base in [BasePeriod::Varying, BasePeriod::Universal] {
        for anticipation in [0, 1] {
            let settings = Settings { base, anticipation, controls: ControlGroup::NotYet, ..Settings::default() };
            let [a, b] = [&annual, &biennial].map(|panel| att_gt(panel, &settings).unwrap().effects);
            for balance in [None, Some(0), Some(1), Some(2), Some(3)] {
                let kept = EventTimes { balance, ..EventTimes::default() };
                assert_eq!(a.by_event_time(kept), b.by_event_time(kept));
            }
            assert_eq!(a.by_group().overall, b.by_group().overall);
        }
    }
}

#[test]
fn never_treated_controls_are_refused_where_there_are_none() {
    let process = Staggered { periods: 6, cohorts: vec![(3, 9), (5, 12)], never: 0, effect: (1.0, 0.0), noise: 1.0 };
    let loaded = Loaded::new(process.draw(1), "unit", "time", "first");
    let mut spec = loaded.spec("y", &[]);
    let found = find("cs").unwrap().estimate(loaded.data(), &spec).unwrap();
    // The last cohort's own periods have no controls, and their rows are not counted.
    assert_eq!((found.n_obs, found.n_units, found.periods), (21 * 4, 21, [1.0, 4.0]));
    assert!(found.warnings.iter().any(|w| w.id == "W204"));
    spec.options.control_group = Some(ControlGroup::Never);
    assert_eq!(find("cs").unwrap().estimate(loaded.data(), &spec).unwrap_err().id, "E204");
}

#[test]
fn bootstrap_agrees_with_analytical_errors_and_is_the_same_on_any_number_of_threads() {
    let process =
        Staggered { periods: 8, cohorts: vec![(3, 90), (5, 120)], never: 150, effect: (1.0, 0.2), noise: 1.0 };
    let loaded = Loaded::new(process.draw(1), "unit", "time", "first");
    let mut spec = loaded.spec("y", &["x"]);
    let analytical = find("cs").unwrap().estimate(loaded.data(), &spec).unwrap();
    spec.options.bootstrap = Some(10_000);
    let at = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| find("cs").unwrap().estimate(loaded.data(), &spec).unwrap())
    };
    let bootstrap = at(1);
    assert_eq!(bootstrap, at(3));
    // The interquartile range of 10,000 draws has a relative standard error of 1.2 %; five of them are allowed.
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 0.06, "{a} {b}");
    near(bootstrap.overall.std_error, analytical.overall.std_error);
    let (a, b) = (analytical.event_study.unwrap(), bootstrap.event_study.unwrap());
    for (a, b) in a.rows.iter().zip(&b.rows) {
        assert_eq!(a.estimate, b.estimate);
        near(b.std_error.unwrap(), a.std_error.unwrap());
    }
    near(b.sup_t.unwrap(), a.sup_t.unwrap());
    assert_eq!(b.bootstrap, Some(10_000));
}

#[test]
fn overlap_is_told_by_cohort() {
    let process = Staggered { periods: 5, cohorts: vec![(3, 40), (4, 40)], never: 60, effect: (1.0, 0.0), noise: 1.0 };
    let mut frame = process.draw(4);
    let first = frame.numbers("first").unwrap().to_vec();
    // One cohort is set apart, the other differs a little.
    let shift = |g: f64| if g == 3.0 { 20.0 } else { f64::from(u8::from(g == 4.0)) };
    let x = frame.numbers("x").unwrap().iter().zip(&first).map(|(x, g)| x + shift(*g)).collect();
    frame.set(Column::number("x", x)).unwrap();
    let loaded = Loaded::new(frame, "unit", "time", "first");
    let found = find("cs").unwrap().estimate(loaded.data(), &loaded.spec("y", &["x"])).unwrap();
    let [apart, near] = &found.overlap[..] else { panic!("{:?}", found.overlap) };
    assert_eq!((apart.group, apart.treated, &apart.without[..]), (3.0, None, &[2.0, 3.0, 4.0, 5.0][..]));
    assert!(found.warnings.iter().any(|w| w.id == "W805"));
    assert!(found.group_time.iter().all(|cell| cell.group == 4.0));
    let ([low, high], [_, most]) = (near.controls.unwrap(), near.treated.unwrap());
    assert!(0.0 < low && low < high && high < 0.99 && most < 0.999, "{near:?}");
    assert_eq!((near.group, near.trimmed, near.without.len()), (4.0, 0.0, 0));
    assert!(find("cs").unwrap().estimate(loaded.data(), &loaded.spec("y", &[])).unwrap().overlap.is_empty());
}
