//! Differences between groups, and channels: against split samples, products of regressions and explicit copies.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::Design;
use attica::diagnostic::channel::{Measured, bootstrap_indirect, centred_product, moderator, sobel};
use attica::diagnostic::groups::{Groups, equality, interact, interaction, permute_labels};
use attica::diagnostic::{Rows, periods};
use attica::fit::{FitOptions, fit};
use attica::frame::Column;
use attica::math::random::stream;
use attica::panel::Panel;
use attica::text::Text;
use attica::vcov::Vcov;
use support::regression::{frame, regression, unbalanced};

fn groups(design: &Design) -> Groups {
    let labels = ["east", "west", "south"].map(str::to_owned).to_vec();
    Groups { name: "region".into(), codes: design.clusters[1].codes.to_vec(), labels }
}

#[test]
fn interacted_model_is_the_split_samples() {
    for frame in [frame(7), unbalanced(8)] {
        let vcov = Vcov::cluster("unit");
        let (design, _) = regression(&frame, &["x", "z"], &["unit", "time"], &vcov);
        let groups = groups(&design);
        let together = fit(&interact(&design, &groups), &FitOptions::new(vcov.clone())).unwrap().record();
        for (g, label) in groups.labels.iter().enumerate() {
            let rows: Vec<u32> =
                (0..design.rows() as u32).filter(|&r| groups.codes[r as usize] as usize == g).collect();
            let alone = fit(&design.take(&rows), &FitOptions::new(vcov.clone())).unwrap().record();
            for name in ["d", "x", "z"] {
                let own = alone.terms.iter().find(|t| t.term == name).unwrap();
                let term = together.terms.iter().find(|t| t.term == interaction(name, label)).unwrap();
                assert!((own.estimate - term.estimate).abs() < 1e-10, "{label} {name}");
                // Standard errors differ by the small-sample factors alone.
                let ratio = (alone.se_card.factor / together.se_card.factor).sqrt();
                assert!((own.std_error / term.std_error / ratio - 1.0).abs() < 1e-9);
            }
        }
        let terms: Vec<String> = groups.labels.iter().map(|l| interaction("d", l)).collect();
        let wald = equality(&together, &terms, Text::same("equal")).unwrap();
        assert_eq!((wald.df1, wald.df2), (2.0, together.se_card.df));
    }
}

#[test]
fn equality_of_two_groups_is_the_t_test_of_the_difference() {
    let frame = frame(9);
    let (design, _) = regression(&frame, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
    let codes: Vec<u32> = groups(&design).codes.iter().map(|c| c % 2).collect();
    let two = Groups { name: "half".into(), codes, labels: vec!["a".into(), "b".into()] };
    let fit = fit(&interact(&design, &two), &FitOptions::new(Vcov::cluster("unit"))).unwrap();
    let terms = [interaction("d", "a"), interaction("d", "b")];
    let wald = equality(&fit.record(), &terms, Text::same("equal")).unwrap();
    let mut weights = vec![0.0; fit.names.len()];
    weights[fit.position(&terms[0]).unwrap()] = 1.0;
    weights[fit.position(&terms[1]).unwrap()] = -1.0;
    let difference = fit.combination("difference", &weights);
    assert!((wald.statistic - difference.statistic.powi(2)).abs() < 1e-9);
    assert!((wald.p_value - difference.p_value).abs() < 1e-12);
    assert_eq!(equality(&fit.record(), &terms[..1], Text::same("one")), None);
}

#[test]
fn permuted_labels_find_a_difference_and_only_a_difference() {
    let plain = frame(10);
    let (design, _) = regression(&plain, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
    let none = permute_labels(&design, "d", &groups(&design), 199, 1).unwrap();
    // Statistic by hand from the split samples.
    let mut parts = Vec::new();
    for g in 0..3 {
        let rows: Vec<u32> = (0..design.rows() as u32).filter(|&r| groups(&design).codes[r as usize] == g).collect();
        let own = fit(&design.take(&rows), &FitOptions::new(Vcov::Iid)).unwrap();
        parts.push((own.coefficients[0], 1.0 / own.bread[(0, 0)]));
    }
    let total: f64 = parts.iter().map(|p| p.1).sum();
    let mean = parts.iter().map(|p| p.0 * p.1).sum::<f64>() / total;
    let by_hand: f64 = parts.iter().map(|p| p.1 * (p.0 - mean).powi(2)).sum();
    assert!((none.statistic / by_hand - 1.0).abs() < 1e-9, "{} {by_hand}", none.statistic);
    assert_eq!(none.draws + none.failed, 199);

    let mut different = plain.clone();
    let (y, d, region) = (plain.numbers("y").unwrap(), plain.numbers("d").unwrap(), plain.numbers("region").unwrap());
    let values = (0..plain.rows()).map(|r| y[r] + 4.0 * d[r] * f64::from(u8::from(region[r] == 1.0))).collect();
    different.set(Column::number("y", values)).unwrap();
    let (design, _) = regression(&different, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
    let some = permute_labels(&design, "d", &groups(&design), 199, 1).unwrap();
    assert!(some.p_value < 0.02 && none.p_value > 0.05, "{some:?} {none:?}");
    let (three, _) = regression(&plain, &["x"], &["unit", "time", "region"], &Vcov::cluster("unit"));
    assert_eq!(permute_labels(&three, "d", &groups(&three), 9, 1).unwrap_err().id, "E605");
}

#[test]
fn indirect_effect_is_the_product_of_two_regressions() {
    let mut frame = frame(11);
    let (x, d) = (frame.numbers("x").unwrap().to_vec(), frame.numbers("d").unwrap().to_vec());
    let mut random = stream(1, 1);
    let m: Vec<f64> = d.iter().map(|d| 0.6 * d + random.normal()).collect();
    let y: Vec<f64> = frame.numbers("y").unwrap().iter().zip(&m).map(|(y, m)| y + 0.5 * m).collect();
    frame.set(Column::number("y", y.clone())).unwrap();
    frame.set(Column::number("m", m.clone())).unwrap();
    let (_, second) = regression(&frame, &["x", "m"], &["unit", "time"], &Vcov::cluster("unit"));
    let mut on_m = frame.clone();
    on_m.set(Column::number("y", m.clone())).unwrap();
    let (design, first) = regression(&on_m, &["x"], &["unit", "time"], &Vcov::cluster("unit"));
    let (a, b) = (first.terms()[0].clone(), second.terms().into_iter().find(|t| t.term == "m").unwrap());
    let test = sobel(&a, &b).unwrap();
    assert!((test.indirect - a.estimate * b.estimate).abs() < 1e-15);
    let (period, times) = periods(&design).unwrap();
    let unit = &design.panel.as_ref().unwrap().0;
    let rows = Rows {
        unit: &unit.codes,
        units: unit.levels,
        period: &period,
        periods: times.len(),
        outcome: &y,
        controls: &[&x],
        weights: None,
    };
    let found = bootstrap_indirect(rows, &d, &m, 400, 0.95, 3).unwrap();
    assert!((found.estimate - test.indirect).abs() < 1e-10);
    assert!(found.conf_low < found.estimate && found.estimate < found.conf_high);
    assert!((found.std_error / test.std_error - 1.0).abs() < 0.35, "{found:?} {test:?}");
}

#[test]
fn resampled_units_have_effects_of_their_own() {
    use attica::diagnostic::unit_sums::UnitSums;
    // Units 0, 0, 2, 5, 5, 5 ...: the same regression with copies under new names.
    let frame = unbalanced(12);
    let (design, _) = regression(&frame, &["x", "z"], &["unit", "time"], &Vcov::Iid);
    let (period, times) = periods(&design).unwrap();
    let unit = &design.panel.as_ref().unwrap().0;
    let column = |i: usize| design.regressors[i].1.as_slice();
    let rows = Rows {
        unit: &unit.codes,
        units: unit.levels,
        period: &period,
        periods: times.len(),
        outcome: &design.outcome.1,
        controls: &[column(1), column(2)],
        weights: None,
    };
    let counts: Vec<u32> = (0..unit.levels as u32).map(|u| (u * 7 + 3) % 4).collect();
    let found = UnitSums::new(rows, &[column(0)]).fit(&counts);
    let mut copies = design.take(&[]);
    let mut positions = Vec::new();
    let mut names = Vec::new();
    for (row, &u) in unit.codes.iter().enumerate() {
        for copy in 0..counts[u as usize] {
            positions.push(row);
            names.push(u * 4 + copy);
        }
    }
    let take = |x: &[f64]| positions.iter().map(|&r| x[r]).collect::<Vec<f64>>();
    copies.outcome.1 = take(&design.outcome.1).into();
    copies.regressors = design.regressors.iter().map(|(n, x)| (n.clone(), take(x).into())).collect();
    copies.sample = (0..positions.len() as u32).collect();
    let levels = names.iter().max().unwrap() + 1;
    copies.effects[0].by.codes = names.into();
    copies.effects[0].by.levels = levels as usize;
    copies.effects[1].by.codes = positions.iter().map(|&r| period[r]).collect::<Vec<u32>>().into();
    copies.effects[1].by.levels = times.len();
    copies.clusters.clear();
    copies.panel = None;
    let direct = fit(&copies, &FitOptions { keep_singletons: true, ..FitOptions::new(Vcov::Iid) }).unwrap();
    for (name, estimate) in ["x", "z", "d"].iter().zip(&found.estimates) {
        assert!((estimate - direct.coefficients[direct.position(name).unwrap()]).abs() < 1e-9, "{name}");
    }
}

#[test]
fn moderators_are_measured_before_the_policy() {
    let frame = frame(13);
    let panel = Panel::new(&frame, "unit", "time").unwrap().0;
    let (x, d) = (frame.numbers("x").unwrap(), frame.numbers("d").unwrap());
    let base = moderator(&panel, x, Measured::Base);
    assert!((0..frame.rows()).all(|r| base[r] == x[panel.row(panel.unit[r], 0).unwrap()]));
    let lag = moderator(&panel, x, Measured::Lag(1));
    assert!(lag[0].is_nan() && lag[1] == x[0]);
    let product = centred_product(d, &base);
    let mean = base.iter().sum::<f64>() / base.len() as f64;
    assert!((0..d.len()).all(|r| (product[r] - d[r] * (base[r] - mean)).abs() < 1e-12));
}
