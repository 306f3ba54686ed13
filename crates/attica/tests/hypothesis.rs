//! Linear combinations, joint tests, families of outcomes and joint covariances against brute force.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::{Design, DesignOptions};
use attica::diagnostic::groups::{Groups, equality, interact, interaction};
use attica::estimator::event_time::Window;
use attica::estimator::options::ControlGroup;
use attica::estimator::{ESTIMATORS, Estimator, estimate, twfe};
use attica::fit::{Fit, FitOptions, fit, seemingly_unrelated};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::hypothesis::Coefficients;
use attica::hypothesis::family::{Family, Member};
use attica::hypothesis::influence::{Influence, Together};
use attica::hypothesis::step_down::romano_wolf;
use attica::math::random::stream;
use attica::panel::Panel;
use attica::text::Text;
use attica::vcov::{Preset, Ssc, Vcov};
use support::close;
use support::panel::{Loaded, unbalanced};

fn designed(frame: &Frame, formula: &str, clusters: &[&str]) -> Design {
    let single = Formula::parse(formula).unwrap().expand(frame).unwrap().remove(0);
    let options =
        DesignOptions { clusters: clusters.iter().map(|c| (*c).to_owned()).collect(), ..DesignOptions::default() };
    Design::build(frame, None, &single, &options).unwrap()
}

fn fitted(frame: &Frame, formula: &str, vcov: &Vcov, ssc: Ssc) -> Fit {
    let clusters: Vec<&str> = vcov.clusters().iter().map(String::as_str).collect();
    fit(&designed(frame, formula, &clusters), &FitOptions { ssc, ..FitOptions::new(vcov.clone()) }).unwrap()
}

/// The panel of `support` with a second outcome that shares errors with the first, and a third that is missing in some rows.
fn outcomes() -> Loaded {
    let mut loaded = unbalanced(3);
    let mut random = stream(8, 0);
    let (y, d) = (loaded.frame.numbers("y").unwrap().to_vec(), loaded.frame.numbers("d").unwrap().to_vec());
    let second: Vec<f64> = y.iter().zip(&d).map(|(y, d)| 0.6 * y + 0.3 * d + random.normal()).collect();
    let third = second.iter().map(|v| if random.uniform() < 0.1 { f64::NAN } else { v + random.normal() }).collect();
    let half = loaded.frame.numbers("unit").unwrap().iter().map(|u| (u / 2.0).floor() % 2.0).collect();
    for (name, values) in [("y2", second), ("y3", third), ("half", half)] {
        loaded.frame.set(Column::number(name, values)).unwrap();
    }
    loaded
}

#[test]
fn linear_combinations_are_those_of_a_regression_written_otherwise() {
    let frame = outcomes().frame;
    let by = Vcov::cluster("unit");
    let own = fitted(&frame, "y ~ d + x + w | unit + time", &by, Ssc::default());
    let all = Coefficients::from(&own);
    // b1 + 2 b2 is the coefficient of d when x is replaced by x - 2 d: y = (b1 + 2 b2) d + b2 (x - 2 d).
    let other = fitted(&frame, "y ~ d + I(x - 2 * d) + w | unit + time", &by, Ssc::default()).terms().remove(0);
    let found = all.lincom("d + 2*x").unwrap();
    close("estimate", found.estimate, other.estimate, 1e-10);
    close("standard error", found.std_error, other.std_error, 1e-9);
    close("p", found.p_value, other.p_value, 1e-8);
    close("low", found.conf_low, other.conf_low, 1e-9);
    let moved = all.lincom("(d + 2 * x) / 1 - 1").unwrap();
    close("constant", moved.estimate, other.estimate - 1.0, 1e-10);
    close("constant leaves the standard error", moved.std_error, other.std_error, 1e-9);
    let same = all.lincom("d = -2*x").unwrap();
    close("an equation is a difference", same.estimate, other.estimate, 1e-10);
    let mean = all.lincom("mean(d, x, w)").unwrap();
    close("mean", mean.estimate, (own.coefficients[0] + own.coefficients[1] + own.coefficients[2]) / 3.0, 1e-12);
    for (text, id) in [
        ("d * x", "E604"),
        ("dd + x", "E603"),
        ("1 + 2", "E607"),
        ("d - d", "E607"),
        ("d = x = 0", "E604"),
        ("[0]", "E604"),
    ] {
        assert_eq!(all.lincom(text).unwrap_err().id, id, "{text}");
    }
    // Backticks are the remedy of a name with signs only.
    let spelt = Coefficients { names: vec!["t::1:d".into(), "x".into(), "w".into()], ..all };
    let fix = |text: &str| spelt.lincom(text).unwrap_err().remedy().en;
    assert!(fix("t::1:d - x").contains("`t::1:d`"));
    assert!(!fix("x - (w").contains('`'));
    assert!(spelt.lincom("`t::1:d` - x").is_ok());
}

#[test]
fn a_joint_test_does_not_depend_on_how_it_is_spelt() {
    let frame = outcomes().frame;
    let own = fitted(&frame, "y ~ d + x + w | unit + time", &Vcov::cluster("unit"), Ssc::default());
    let all = Coefficients::from(&own);
    let direct = own.wald(&[0, 1]).unwrap();
    for text in ["d = x = 0", "d, x", "(d = 0) (x = 0)", "x = d == 0", "d = 0, x = 0", "mean(d, x) = 0; d = x"] {
        let found = all.test(text).unwrap();
        close(text, found.statistic, direct.statistic, 1e-9);
        assert_eq!((found.df1, found.df2), (2.0, direct.df2));
    }
    let one = all.test("d = x").unwrap();
    let t = all.lincom("d - x").unwrap();
    close("F is t squared", one.statistic, t.statistic.powi(2), 1e-9);
    close("same p", one.p_value, t.p_value, 1e-8);
    assert_eq!(all.test("1 = 2").unwrap_err().id, "E607");
    // With CR2 a single coefficient keeps its own degrees of freedom.
    let small = fitted(&frame, "y ~ d + x | unit + time", &Vcov::Cr2("region".into()), Ssc::default());
    close("CR2", Coefficients::from(&small).lincom("x").unwrap().p_value, small.terms()[1].p_value, 1e-12);
}

#[test]
fn every_estimator_has_bands_joint_tests_and_combinations_of_its_event_study() {
    let process =
        support::Staggered { periods: 8, cohorts: vec![(4, 12), (6, 12)], never: 16, effect: (0.5, 0.1), noise: 1.0 };
    let loaded = Loaded::new(process.draw(5), "unit", "time", "first");
    for one in ESTIMATORS {
        let mut spec = loaded.spec("y", &[]);
        spec.options.dcdh.effects = Some(3);
        // With controls that are not yet treated this one has no leads.
        spec.options.control_group = (one.name() == "etwfe").then_some(ControlGroup::Never);
        let name = one.name();
        let study = estimate(*one, loaded.data(), &spec).unwrap().event_study.unwrap();
        let pointwise =
            study.rows.iter().find_map(|row| Some((row.conf_high? - row.estimate) / row.std_error?)).unwrap();
        assert!(study.sup_t.unwrap() > pointwise, "{name}: {:?} {pointwise}", study.sup_t);
        assert!(study.leads.is_some() && study.effects.is_some(), "{name}");
        let finite = study.df.is_some();
        assert_eq!(study.effects.as_ref().unwrap().df2.is_some(), finite, "{name}");
        assert_eq!(study.leads.as_ref().unwrap().df2, study.df, "{name}");

        let all = Coefficients::from(&study);
        let row = |k: i64| study.rows.iter().find(|row| row.event_time == k).unwrap();
        let single = all.lincom("[1]").unwrap();
        close(name, single.std_error, row(1).std_error.unwrap(), 1e-9);
        close(name, single.p_value, row(1).p_value.unwrap(), 1e-8);
        close(name, single.conf_low, row(1).conf_low.unwrap(), 1e-8);
        let after: Vec<f64> = study.rows.iter().filter(|r| r.event_time >= 0).map(|r| r.estimate).collect();
        close(name, all.lincom("post").unwrap().estimate, after.iter().sum::<f64>() / after.len() as f64, 1e-12);
        close(name, all.lincom("sum[0:1]").unwrap().estimate, row(0).estimate + row(1).estimate, 1e-12);
        let change = all.lincom("[1] - [0]").unwrap();
        close(name, change.estimate, row(1).estimate - row(0).estimate, 1e-9);
        assert_eq!(all.lincom("Tp1 - Tp0").unwrap().estimate, change.estimate);
        close(name, all.test("leads").unwrap().statistic, study.leads.as_ref().unwrap().statistic, 1e-9);
        close(name, all.test("effects").unwrap().statistic, study.effects.as_ref().unwrap().statistic, 1e-9);
        let two = all.test("[0:1] = 0").unwrap();
        close(name, two.statistic, all.test("[0], [1]").unwrap().statistic, 1e-9);
        assert!(all.lincom("[0:1]").is_err() && all.lincom("[99]").is_err(), "{name}");
        // Estimators with an average by event time say the same of it.
        let overall = estimate(*one, loaded.data(), &spec).unwrap().aggregations.dynamic.and_then(|all| all.overall);
        if let Some(overall) = overall {
            let post = all.lincom("post").unwrap();
            close(name, post.estimate, overall.estimate, 1e-9);
            close(name, post.std_error, overall.std_error, 1e-7);
        }
    }
}

#[test]
fn two_way_event_studies_use_the_distribution_of_their_covariance() {
    let frame = outcomes();
    for vcov in ["iid", "HC1", "HC3", "CR2(region)", "CRV3(region)", "cluster(region, time)", "DK", "NW"] {
        let vcov = Vcov::parse(vcov).unwrap();
        let options = DesignOptions { clusters: vcov.clusters().to_vec(), ..DesignOptions::default() };
        let single = Formula::parse("y ~ x | unit + time").unwrap().expand(&frame.frame).unwrap().remove(0);
        let base = Design::build(&frame.frame, Some(&frame.panel), &single, &options).unwrap();
        let window = Window { bounds: Some([-3, 3]), ..Window::default() };
        let study = twfe::event_study(&base, &frame.panel, &frame.adoption, &window, &FitOptions::new(vcov.clone()), 3)
            .unwrap();
        let fit = study.fit.as_ref().unwrap();
        assert_eq!(study.df, fit.se_card.df, "{vcov}");
        for row in study.rows.iter().filter(|row| row.std_error.is_some()) {
            let term = fit.terms.iter().find(|t| t.term == format!("event::{}", row.event_time)).unwrap();
            close(&format!("{vcov} {}", row.event_time), row.p_value.unwrap(), term.p_value, 1e-9);
            close(&format!("{vcov} {}", row.event_time), row.conf_low.unwrap(), term.conf_low, 1e-9);
        }
        assert!(study.sup_t.is_some() && study.effects.is_some() && study.leads.is_some(), "{vcov}");
    }
}

/// Outcome, condition, and the value of `half` that it means.
type Part = (&'static str, &'static str, Option<f64>);

/// The stacked regression written out: every part has its own regressors and effects, all dummies are there, and rows of
/// all parts are clustered together.
fn stacked(parts: &[Part], frame: &Frame, by: &str) -> (Fit, Vec<usize>) {
    let names = ["d", "x"];
    let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
    let (mut outcome, mut cluster) = (Vec::new(), Vec::new());
    let column = |name: &str| frame.numbers(name).unwrap();
    let rows: Vec<Vec<usize>> = parts
        .iter()
        .map(|(y, _, half)| {
            let inside = |r: &usize| half.is_none_or(|half| column("half")[*r] == half);
            (0..frame.rows()).filter(|r| !column(y)[*r].is_nan()).filter(inside).collect()
        })
        .collect();
    let total: usize = rows.iter().map(Vec::len).sum();
    let mut start = 0;
    for ((y, ..), rows) in parts.iter().zip(&rows) {
        outcome.extend(rows.iter().map(|&r| column(y)[r]));
        cluster.extend(rows.iter().map(|&r| column(by)[r]));
        let mut add = |name: String, value: &dyn Fn(usize) -> f64| {
            let mut values = vec![0.0; total];
            rows.iter().enumerate().for_each(|(i, &r)| values[start + i] = value(r));
            columns.push((name, values));
        };
        for name in names {
            add(format!("{name}{start}"), &|r| column(name)[r]);
        }
        for (effect, skip) in [("unit", 0), ("time", 1)] {
            let mut levels: Vec<f64> = rows.iter().map(|&r| column(effect)[r]).collect();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            for level in levels.into_iter().skip(skip) {
                add(format!("{effect}{level}:{start}"), &|r| f64::from(u8::from(column(effect)[r] == level)));
            }
        }
        start += rows.len();
    }
    let regressors = columns.iter().map(|(name, values)| (name.as_str(), values.clone())).collect();
    let labels: Vec<String> = cluster.iter().map(ToString::to_string).collect();
    let codes = support::codes(by, labels.iter().map(String::as_str));
    let mut design = support::design(("y", outcome), regressors, &[], &[codes]);
    design.intercept = false;
    // Nothing is absorbed, so that all dummies count: the factor is taken from the text of the rule below.
    let fit = fit(&design, &FitOptions { ssc: Ssc::of(Preset::None), ..FitOptions::new(Vcov::cluster(by)) }).unwrap();
    let places = (0..parts.len()).map(|p| fit.position(&columns[p_start(&columns, p)].0).unwrap()).collect();
    (fit, places)
}

/// Where the regressors of part `p` begin among the columns.
fn p_start(columns: &[(String, Vec<f64>)], p: usize) -> usize {
    columns.iter().enumerate().filter(|(_, (name, _))| name.starts_with('d')).map(|(i, _)| i).nth(p).unwrap()
}

#[test]
fn joint_covariance_is_that_of_the_stacked_regression() {
    let frame = outcomes().frame;
    // Overlapping samples clustered by unit and above it; disjoint samples whose clusters overlap or do not.
    let cases: [(&[Part], &str); 4] = [
        (&[("y", "", None), ("y2", "", None), ("y3", "", None)], "unit"),
        (&[("y", "", None), ("y3", "", None)], "region"),
        (&[("y", "half == 0", Some(0.0)), ("y", "half == 1", Some(1.0))], "unit"),
        (&[("y", "half == 0", Some(0.0)), ("y2", "half == 1", Some(1.0))], "region"),
    ];
    for (parts, by) in cases {
        let (brute, places) = stacked(parts, &frame, by);
        for preset in [Preset::None, Preset::Reghdfe, Preset::Areg] {
            let ssc = Ssc::of(preset);
            let fits: Vec<Fit> = parts
                .iter()
                .map(|(y, condition, _)| {
                    let single = Formula::parse(&format!("{y} ~ d + x | unit + time"))
                        .unwrap()
                        .expand(&frame)
                        .unwrap()
                        .remove(0);
                    let filter = (!condition.is_empty()).then(|| attica::expr::Expr::parse(condition).unwrap());
                    let options = DesignOptions { clusters: vec![by.into()], filter, ..DesignOptions::default() };
                    let design = Design::build(&frame, None, &single, &options).unwrap();
                    let options = FitOptions { ssc, keep_singletons: true, ..FitOptions::new(Vcov::cluster(by)) };
                    fit(&design, &options).unwrap()
                })
                .collect();
            let chosen: Vec<(&Fit, usize)> = fits.iter().map(|fit| (fit, 0)).collect();
            let joint = seemingly_unrelated(&chosen, &frame, None, vec![String::new(); fits.len()]).unwrap();
            // The factor of the rule, by its definition: effects nested in clusters do not count for reghdfe.
            let n: f64 = fits.iter().map(|fit| fit.n_obs).sum();
            let g = brute.inference.clusters[0] as f64;
            let periods = 8.0;
            let k = match preset {
                Preset::None => 0.0,
                Preset::Reghdfe => fits.len() as f64 * (2.0 + periods),
                _ => brute.names.len() as f64,
            };
            let factor = if preset == Preset::None { 1.0 } else { (n - 1.0) / (n - k) * g / (g - 1.0) };
            for i in 0..fits.len() {
                close("coefficient", joint.values[i], brute.coefficients[places[i]], 1e-9);
                for j in 0..fits.len() {
                    let want = factor * brute.inference.covariance[(places[i], places[j])];
                    let scale = factor
                        * (brute.inference.covariance[(places[i], places[i])]
                            * brute.inference.covariance[(places[j], places[j])])
                            .sqrt();
                    let got = joint.covariance[(i, j)];
                    assert!((got - want).abs() < 1e-9 * scale, "{by} {preset:?} {i} {j}: {got} is not {want}");
                }
            }
            if preset != Preset::None {
                assert_eq!(joint.df, g - 1.0);
            }
        }
    }
}

#[test]
fn equality_across_groups_is_that_of_the_interacted_model() {
    let loaded = outcomes();
    let frame = &loaded.frame;
    for vcov in
        [Vcov::cluster("unit"), Vcov::cluster("region"), Vcov::Cluster(vec!["unit".into(), "time".into()]), Vcov::Hc1]
    {
        for ssc in [Preset::Reghdfe, Preset::Fixest, Preset::Areg, Preset::None].map(Ssc::of) {
            let options = FitOptions { ssc, ..FitOptions::new(vcov.clone()) };
            let clusters: Vec<&str> = vcov.clusters().iter().map(String::as_str).collect();
            let design = designed(frame, "y ~ d + x | unit + time", &clusters);
            let codes = design.sample.iter().map(|&r| frame.numbers("half").unwrap()[r as usize] as u32).collect();
            let groups = Groups { name: "half".into(), codes, labels: vec!["0".into(), "1".into()] };
            let together = fit(&interact(&design, &groups), &options).unwrap().record();
            let terms: Vec<String> = groups.labels.iter().map(|g| interaction("d", g)).collect();
            let want = equality(&together, &terms, Text::default()).unwrap();
            let fits: Vec<Fit> = ["half == 0", "half == 1"]
                .iter()
                .map(|condition| {
                    let single = Formula::parse("y ~ d + x | unit + time").unwrap().expand(frame).unwrap().remove(0);
                    let options = DesignOptions {
                        clusters: vcov.clusters().to_vec(),
                        filter: Some(attica::expr::Expr::parse(condition).unwrap()),
                        ..DesignOptions::default()
                    };
                    Design::build(frame, None, &single, &options).unwrap()
                })
                .map(|design| fit(&design, &options).unwrap())
                .collect();
            let parts: Vec<(&Fit, usize)> = fits.iter().map(|fit| (fit, 0)).collect();
            let joint = seemingly_unrelated(&parts, frame, None, groups.labels.clone()).unwrap();
            let got = joint.equality(Text::default()).unwrap();
            let what = format!("{vcov} {}", ssc.name());
            close(&what, got.statistic, want.statistic, 1e-8);
            close(&what, got.p_value, want.p_value, 1e-7);
        }
    }
}

/// Step-down by its definition, for the signs that the streams give.
fn by_hand(t: &[f64], psi: &[Vec<f64>], draws: usize, seed: u64) -> Vec<f64> {
    let g = psi[0].len();
    let drawn: Vec<Vec<f64>> = (0..draws)
        .map(|r| {
            let mut random = stream(seed, r as u64);
            let mut word = 0;
            let signs: Vec<f64> = (0..g)
                .map(|c| {
                    word = if c % 64 == 0 { random.bits() } else { word >> 1 };
                    if word & 1 == 0 { 1.0 } else { -1.0 }
                })
                .collect();
            psi.iter()
                .map(|psi| {
                    let signed: Vec<f64> = psi.iter().zip(&signs).map(|(p, s)| p * s).collect();
                    let mean = signed.iter().sum::<f64>() / g as f64;
                    let variance = signed.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (g as f64 - 1.0);
                    (mean / (variance / g as f64).sqrt()).abs()
                })
                .collect()
        })
        .collect();
    // For each hypothesis the largest p-value of the sets that are tested before and at its turn.
    let mut left: Vec<usize> = (0..t.len()).collect();
    let mut p = vec![0.0; t.len()];
    let mut largest: f64 = 0.0;
    while !left.is_empty() {
        let &top = left.iter().max_by(|a, b| t[**a].abs().total_cmp(&t[**b].abs())).unwrap();
        let beyond = drawn.iter().filter(|draw| left.iter().any(|&i| draw[i] >= t[top].abs())).count();
        largest = largest.max((1 + beyond) as f64 / (1 + draws) as f64);
        p[top] = largest;
        left.retain(|&i| i != top);
    }
    p
}

fn random_influences(estimates: usize, clusters: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = stream(seed, 77);
    (0..estimates).map(|_| (0..clusters).map(|_| random.normal()).collect()).collect()
}

fn together(psi: &[Vec<f64>]) -> Together {
    let rows: Vec<u32> = (0..psi[0].len() as u32).collect();
    let all: Vec<Influence> =
        psi.iter().map(|values| Influence { rows: rows.clone(), values: values.clone() }).collect();
    Together::new(&all.iter().collect::<Vec<_>>(), &rows)
}

#[test]
fn step_down_is_its_definition_and_the_same_on_any_number_of_threads() {
    let psi = random_influences(5, 90, 4);
    let t = [2.4, -0.3, 1.9, -2.6, 1.1];
    let all = together(&psi);
    let at = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| romano_wolf(&t, &all, 1300, 12))
    };
    let found = at(1);
    assert_eq!(found.adjusted, by_hand(&t, &psi, 1300, 12));
    assert_eq!(found, at(7));
    for (i, single) in found.unadjusted.iter().enumerate() {
        assert_eq!(by_hand(&t[i..=i], &psi[i..=i], 1300, 12), [*single]);
        assert!(found.adjusted[i] >= *single);
    }
}

#[test]
fn outcomes_that_move_as_one_need_no_adjustment() {
    let one = random_influences(1, 60, 5).remove(0);
    let psi: Vec<Vec<f64>> = [1.0, 0.1, 7.3, 1e6].iter().map(|c| one.iter().map(|x| c * x).collect()).collect();
    let found = romano_wolf(&[2.1; 4], &together(&psi), 999, 1);
    assert_eq!(found.adjusted, found.unadjusted);
    assert!(found.adjusted.iter().all(|p| *p == found.adjusted[0]) && found.adjusted[0] < 0.1);
}

#[test]
fn independent_outcomes_are_adjusted_as_sidak_does() {
    // 1 - (1 - p)^m for the largest of m statistics; the bootstrap share of 20,000 draws has an error of at most .0036.
    let psi = random_influences(6, 400, 6);
    let t = [2.5, 0.1, -0.2, 0.3, 0.4, -0.5];
    let found = romano_wolf(&t, &together(&psi), 20_000, 3);
    let sidak = 1.0 - (1.0 - found.unadjusted[0]).powi(6);
    assert!((found.adjusted[0] - sidak).abs() < 0.015, "{} {sidak}", found.adjusted[0]);
    assert!((found.unadjusted[0] - 0.0128).abs() < 0.004, "{}", found.unadjusted[0]);
}

#[test]
fn a_family_of_regressions_agrees_with_its_members_and_refuses_what_it_cannot_draw() {
    let loaded = outcomes();
    let by = Vcov::cluster("region");
    let fits: Vec<Fit> = ["y", "y2", "y3"]
        .iter()
        .map(|y| fitted(&loaded.frame, &format!("{y} ~ d + x | unit + time"), &by, Ssc::default()))
        .collect();
    let members: Vec<Member> = fits
        .iter()
        .map(|fit| Member { name: fit.outcome.clone(), term: fit.terms().remove(0), influence: Some(fit.influence(0)) })
        .collect();
    let cluster = fits[0].resampled(&loaded.frame, None).unwrap();
    for fit in &fits {
        // Sums of influences by cluster are what the standard error is made of.
        let own = Together::new(&[&fit.influence(0)], &cluster);
        let variance = own.influences.covariance()[(0, 0)] * fit.inference.adjustment.factor;
        close("variance", variance, fit.inference.covariance[(0, 0)], 1e-10);
    }
    let family = Family::new(&members, Some(&cluster), 999, 1).unwrap();
    assert_eq!(family.clusters, Some(11));
    let p = |f: fn(&attica::hypothesis::family::FamilyRow) -> f64| family.rows.iter().map(f).collect::<Vec<_>>();
    assert!(family.rows.iter().all(|r| r.p_romano_wolf.unwrap() >= r.p_bootstrap.unwrap()));
    assert!(p(|r| r.p_holm).iter().zip(p(|r| r.p_bonferroni)).all(|(holm, b)| *holm <= b));
    assert_eq!(Family::new(&members[..1], None, 9, 1).unwrap_err().id, "E607");
    let two_way = fitted(
        &loaded.frame,
        "y ~ d | unit + time",
        &Vcov::Cluster(vec!["unit".into(), "time".into()]),
        Ssc::default(),
    );
    assert_eq!(two_way.resampled(&loaded.frame, None).unwrap_err().id, "E607");
}

#[test]
fn clusters_are_the_same_whatever_rows_a_regression_uses() {
    let frame = outcomes().frame;
    let panel = Panel::new(&frame, "unit", "time").unwrap().0;
    let codes = attica::design::cluster_codes(&frame, Some(&panel), "region^half").unwrap();
    let (region, half) = (frame.numbers("region").unwrap(), frame.numbers("half").unwrap());
    for i in 0..frame.rows() {
        for j in (0..frame.rows()).step_by(17) {
            let same = region[i] == region[j] && half[i] == half[j];
            assert_eq!(codes.codes[i] == codes.codes[j], same);
        }
    }
}

#[test]
fn influences_of_estimators_add_up_to_their_variance() {
    let loaded = unbalanced(3);
    for by in ["unit", "region"] {
        let cluster = attica::design::cluster_codes(&loaded.frame, Some(&loaded.panel), by).unwrap();
        for one in ESTIMATORS {
            let mut spec = loaded.spec("y", &[]);
            spec.design.clusters = vec![by.to_owned()];
            spec.fit.vcov = Vcov::cluster(by);
            assert!(
                estimate(*one, loaded.data(), &spec).is_ok_and(|found| found.influence.is_none())
                    || one.name() == "sdid"
            );
            spec.options.influence = true;
            let Ok(found) = estimate(*one, loaded.data(), &spec) else { continue };
            let Some(influence) = found.influence else {
                assert_eq!(one.name(), "sdid", "has no influence");
                continue;
            };
            let together = Together::new(&[&influence], &cluster.codes);
            let variance = together.influences.covariance()[(0, 0)];
            let factor = found.fit.filter(|_| one.name() == "twfe").map_or(1.0, |fit| fit.se_card.factor);
            close(&format!("{} by {by}", one.name()), factor * variance, found.overall.std_error.powi(2), 1e-9);
        }
    }
}

/// Clusters above the unit: the influences of units, estimated with clusters by unit and added up within each region by hand,
/// have the variance that the estimator itself finds when it clusters by region.
#[test]
fn clusters_above_the_unit_add_up_the_influences_of_units() {
    let loaded = unbalanced(3);
    let region = attica::design::cluster_codes(&loaded.frame, Some(&loaded.panel), "region").unwrap();
    let at = |one: &dyn Estimator, by: &str, ssc: Preset| {
        let mut spec = loaded.spec("y", &[]);
        spec.design.clusters = vec![by.to_owned()];
        spec.fit.vcov = Vcov::cluster(by);
        spec.fit.ssc = Ssc::of(ssc);
        spec.options.influence = true;
        estimate(one, loaded.data(), &spec).unwrap()
    };
    for one in ESTIMATORS.iter().filter(|one| one.name() != "sdid") {
        let (unit, found) = (at(*one, "unit", Preset::None), at(*one, "region", Preset::None));
        let influence = unit.influence.unwrap();
        let mut sums = vec![0.0; region.levels];
        for (&row, value) in influence.rows.iter().zip(&influence.values) {
            sums[region.codes[row as usize] as usize] += value;
        }
        let naive: f64 = sums.iter().map(|sum| sum * sum).sum();
        let ratio = found.overall.std_error.powi(2) / naive;
        if one.name() == "dcdh" {
            // It takes means of cohorts out and corrects for as many clusters as these have, not units (golden_dcdh.rs).
            assert!(ratio > 1.0 && ratio < 1.02, "{ratio}");
        } else {
            close(one.name(), ratio, 1.0, 1e-9);
        }
    }
}

#[test]
fn influences_of_estimators_belong_to_the_same_clusters() {
    // With two groups and two periods all estimators are one, and so are their influences but for scale. Rows are
    // shuffled, so that numbers of units, cohorts and rows all differ.
    let process = support::Staggered { periods: 2, cohorts: vec![(2, 30)], never: 34, effect: (0.5, 0.0), noise: 1.0 };
    let frame = process.draw(4);
    let mut order: Vec<u32> = (0..frame.rows() as u32).collect();
    stream(3, 3).shuffle(&mut order);
    let loaded = Loaded::new(frame.take(&order), "unit", "time", "first");
    let mut spec = loaded.spec("y", &[]);
    spec.options.influence = true;
    let found: Vec<(String, attica::estimator::Estimate)> = ESTIMATORS
        .iter()
        .filter_map(|one| Some((one.name().to_owned(), estimate(*one, loaded.data(), &spec).ok()?)))
        .filter(|(_, found)| found.influence.is_some())
        .collect();
    assert!(found.len() >= 8, "{:?}", found.iter().map(|(name, _)| name).collect::<Vec<_>>());
    let all: Vec<&Influence> = found.iter().filter_map(|(_, found)| found.influence.as_ref()).collect();
    let cluster = attica::design::cluster_codes(&loaded.frame, Some(&loaded.panel), "unit").unwrap();
    let v = Together::new(&all, &cluster.codes).influences.covariance();
    for (i, (name, _)) in found.iter().enumerate() {
        let correlation = v[(0, i)] / (v[(0, 0)] * v[(i, i)]).sqrt();
        assert!(correlation > 0.999, "{name}: {correlation}");
    }
    // One outcome four times is one test: nothing to adjust, and effects are equal.
    let cs = &found.iter().find(|(name, _)| name == "cs").unwrap().1;
    let family: Vec<_> = (0..4).map(|i| (format!("{i}"), cs.clone())).collect();
    let (family, notes) = Family::of_estimates(&family, &cluster.codes, 499, 2).unwrap();
    assert!(notes.is_empty() && family.equality.is_none());
    assert!(family.rows.iter().all(|row| row.p_romano_wolf == row.p_bootstrap && row.p_romano_wolf.is_some()));
}
