//! Each rule speaks when its number asks for it, names the number, and is silent next to the threshold.
#![allow(clippy::unwrap_used)]

use attica::fit::{ClusterCard, Term, Variance};
use attica::text::Text;

use super::{Facts, RULES, remarks};
use crate::compose::{fixture, several};
use crate::results::*;

fn term(estimate: f64, p_value: f64) -> Term {
    Term { p_value, ..fixture::term("DID", estimate, 0.004) }
}

fn control(name: &str, varies_after: bool, p: f64) -> ControlCard {
    ControlCard {
        name: name.to_owned(),
        varies_after,
        channel: false,
        shared: Vec::new(),
        effect: Some(term(0.1, p)),
        sd: Some(0.5),
    }
}

/// A design on which no rule has anything to say.
fn quiet() -> Results {
    let mut results = several::results();
    let card = results.panel.treatment.as_mut().unwrap();
    card.cohorts = vec![(2011.0, 41)];
    (card.never, card.always, card.switches_off) = (244, 0, 0);
    let times: Vec<f64> = (2000..2020).map(f64::from).collect();
    results.design = Some(DesignCard {
        policies: vec![PolicyPath {
            name: "DID".to_owned(),
            label: Text::same("DID"),
            named: true,
            treated: vec![Some(0.0); times.len()],
            untreated: vec![Some(0.0); times.len()],
            treated_units: 41,
            untreated_units: 0,
        }],
        effect: Some(term(0.02, 0.001)),
        without_controls: Some(term(0.021, 0.001)),
        controls: vec![control("LGDP", false, 0.01)],
        comparisons: Some(Comparisons { with_treated: Some(0.0), share_negative: 0.0, sum_negative: 0.0 }),
        outcomes: vec![("other".to_owned(), term(0.01, 0.2))],
        neighbours: Some(neighbours(50)),
        variables: 5,
        times,
        ..DesignCard::default()
    });
    results.sections.retain(|section| !matches!(section.content, Content::Models(_)));
    results.sections.push(fixture::section("baseline", Content::Variances(variances(0.001, 0.004, 100.0, 41))));
    results.sections.push(fixture::section("robustness", Content::LeaveOut(leave_out(0.019, false))));
    results.sections.push(fixture::section("robustness", Content::SpecificationCurve(curve(20, 0, 1))));
    results
}

fn neighbours(near: usize) -> Neighbours {
    Neighbours { region: "province".to_owned(), regions: 30, treated_regions: 12, untreated: 244, near }
}

fn variances(main: f64, other: f64, effective: f64, treated: usize) -> Variances {
    let row = |vcov: &str, main, p| Variance { vcov: vcov.to_owned(), main, p_value: Some(p), ..Variance::default() };
    Variances {
        column: 0,
        term: "DID".to_owned(),
        estimate: 0.02,
        level: 0.95,
        rows: vec![row("cluster(city_code)", true, main), row("cluster(province)", false, other)],
        clusters: Some(ClusterCard {
            by: "city_code".to_owned(),
            term: "DID".to_owned(),
            clusters: 285,
            sizes: [11, 11, 11],
            effective,
            effective_correlated: None,
            largest: 0.01,
            largest_row: 0,
            largest_name: None,
            treated: Some(treated),
        }),
    }
}

fn leave_out(without: f64, influential: bool) -> LeaveOut {
    LeaveOut {
        by: "unit".to_owned(),
        label: Text::new("city", "城市"),
        term: "DID".to_owned(),
        estimate: 0.02,
        std_error: 0.004,
        bound: 0.118,
        rows: vec![Left { name: "110100".to_owned(), estimate: without, rows: 11, influential }],
        lost: Vec::new(),
    }
}

/// `all` specifications, of which some have the other sign and some are not significant.
fn curve(all: usize, turned: usize, weak: usize) -> SpecificationCurve {
    let row = |i: usize| Specification {
        choices: vec![0, 1],
        estimate: if i < turned { -0.01 } else { 0.02 },
        std_error: 0.004,
        p_value: if i < weak { 0.2 } else { 0.001 },
        conf_low: 0.0,
        conf_high: 0.0,
        n_obs: 3135,
        main: false,
    };
    SpecificationCurve {
        term: "DID".to_owned(),
        level: 0.95,
        choices: Vec::new(),
        rows: (0..all).map(row).collect(),
        absent: Vec::new(),
    }
}

fn design(results: &mut Results) -> &mut DesignCard {
    results.design.as_mut().unwrap()
}

fn treatment(results: &mut Results) -> &mut TreatmentCard {
    results.panel.treatment.as_mut().unwrap()
}

fn replace(results: &mut Results, with: Content) {
    let same = |content: &Content| std::mem::discriminant(content) == std::mem::discriminant(&with);
    let at = results.sections.iter().position(|section| same(&section.content)).unwrap();
    results.sections[at].content = with;
}

fn events(results: &mut Results) -> &mut EventStudies {
    let found = results.sections.iter_mut().find_map(|section| match &mut section.content {
        Content::EventStudy(found) => Some(found),
        _ => None,
    });
    found.unwrap()
}

fn concurrent(results: &mut Results, untreated_units: usize, treated_units: usize) {
    let mut other = design(results).policies[0].clone();
    (other.name, other.label) = ("low_carbon".to_owned(), Text::new("Low carbon", "低碳"));
    (other.treated_units, other.untreated_units) = (treated_units, untreated_units);
    design(results).policies.push(other);
}

#[allow(clippy::unnecessary_wraps, reason = "it fills an optional field")]
fn waves(dates: &[(f64, usize)], other: usize) -> Option<Waves> {
    Some(Waves { column: "pilot_year".to_owned(), coded: 2011.0, dates: dates.to_vec(), other })
}

fn placebo(results: &mut Results, p: f64) {
    for section in &mut results.sections {
        let Content::Placebo(found) = &mut section.content else { continue };
        found.kinds.iter_mut().for_each(|kind| kind.p_two_sided_t = Some(p));
    }
}

fn earlier(results: &mut Results, first: i32) {
    design(results).times = (first..2020).map(f64::from).collect();
}

type Change = fn(&mut Results);

/// Rule, what makes it speak, a number that it must name, and a neighbour on which it is silent.
const CASES: [(&str, Change, &str, Change); 22] = [
    ("one_wave", |r| design(r).waves = waves(&[(2011.0, 41), (2016.0, 8)], 8), "8 of 49", |r| design(r).waves = None),
    (
        "bad_controls",
        |r| design(r).controls = vec![control("LGDP", true, 0.01)],
        "0.200 standard deviations",
        |r| design(r).controls = vec![control("LGDP", false, 0.01)],
    ),
    (
        "shared_ingredients",
        |r| {
            let shared = Shared { of_control: "gdp".to_owned(), of_outcome: "energy_per_gdp".to_owned() };
            design(r).controls[0].shared = vec![shared];
        },
        "1 of 1",
        |r| design(r).controls[0].shared.clear(),
    ),
    ("concurrent", |r| concurrent(r, 61, 20), "61 of 244", |r| concurrent(r, 0, 0)),
    (
        "treated_as_controls",
        |r| {
            treatment(r).cohorts = vec![(2011.0, 41), (2016.0, 8)];
            design(r).comparisons =
                Some(Comparisons { with_treated: Some(0.12), share_negative: 0.0, sum_negative: 0.0 });
        },
        "12%",
        |r| treatment(r).cohorts = vec![(2011.0, 49)],
    ),
    (
        "negative_weights",
        |r| design(r).comparisons = Some(Comparisons { with_treated: None, share_negative: 0.25, sum_negative: -0.2 }),
        "25%",
        |r| design(r).comparisons = Some(Comparisons { with_treated: None, share_negative: 0.0, sum_negative: 0.0 }),
    ),
    ("leads", |r| earlier(r, 2009), "1 testable lead:", |r| earlier(r, 2007)),
    (
        "rejected_leads",
        |r| events(r).studies[0].leads.as_mut().unwrap().p_value = 0.02,
        "p = 0.020",
        |r| events(r).studies[0].leads.as_mut().unwrap().p_value = 0.11,
    ),
    ("nobody_untreated", |r| treatment(r).never = 0, "41 units", |r| treatment(r).never = 1),
    ("always_treated", |r| treatment(r).always = 3, "3 units", |r| treatment(r).always = 0),
    ("switches_off", |r| treatment(r).switches_off = 2, "2 units", |r| treatment(r).switches_off = 0),
    (
        "opposite_signs",
        |r| design(r).outcomes = vec![("other".to_owned(), term(-0.01, 0.03))],
        "−0.010 (p = 0.030)",
        |r| design(r).outcomes = vec![("other".to_owned(), term(0.001, 0.9))],
    ),
    (
        "estimators",
        |r| events(r).estimators[1].overall.estimate = -0.001,
        "−0.001",
        |r| events(r).estimators[1].overall.estimate = 0.025,
    ),
    (
        "one_group",
        |r| replace(r, Content::LeaveOut(leave_out(0.012, true))),
        "2.0 standard errors",
        |r| replace(r, Content::LeaveOut(leave_out(0.0198, false))),
    ),
    ("few_periods", |r| earlier(r, 2008), "41 of 41", |r| earlier(r, 2007)),
    (
        "few_treated",
        |r| replace(r, Content::Variances(variances(0.001, 0.004, 100.0, 6))),
        "6 treated clusters",
        |r| replace(r, Content::Variances(variances(0.001, 0.004, 100.0, 10))),
    ),
    (
        "few_clusters",
        |r| replace(r, Content::Variances(variances(0.001, 0.004, 12.3, 41))),
        "12.3 effective",
        |r| replace(r, Content::Variances(variances(0.001, 0.004, 30.0, 41))),
    ),
    (
        "variances",
        |r| replace(r, Content::Variances(variances(0.001, 0.08, 100.0, 41))),
        "p = 0.080",
        |r| replace(r, Content::Variances(variances(0.001, 0.049, 100.0, 41))),
    ),
    ("placebo", |r| placebo(r, 0.21), "p = 0.210", |r| placebo(r, 0.03)),
    (
        "neighbours",
        |r| design(r).neighbours = Some(neighbours(200)),
        "200 of 244",
        |r| design(r).neighbours = Some(neighbours(60)),
    ),
    (
        "curve",
        |r| replace(r, Content::SpecificationCurve(curve(20, 1, 1))),
        "Of 20 specifications, 1 has",
        |r| replace(r, Content::SpecificationCurve(curve(20, 0, 1))),
    ),
    (
        "lost_rows",
        |r| {
            let rows = r.panel.n_rows / 10;
            design(r).missing = vec![MissingRow { name: "LTEP".to_owned(), rows, share: vec![0.1] }];
        },
        "10.0%",
        |r| {
            let rows = r.panel.n_rows / 25;
            design(r).missing = vec![MissingRow { name: "LTEP".to_owned(), rows, share: vec![0.04] }];
        },
    ),
];

fn spoken(results: &Results) -> Vec<Remark> {
    remarks(&Facts::from(results))
}

#[test]
fn a_quiet_design_leaves_the_referee_without_a_remark() {
    assert_eq!(spoken(&quiet()), []);
}

#[test]
fn each_rule_speaks_with_its_number_and_is_silent_beside_its_threshold() {
    for (rule, speaks, number, silent) in CASES {
        let mut results = quiet();
        speaks(&mut results);
        let found = spoken(&results);
        let said = found.iter().find(|remark| remark.rule == rule);
        let said = said.unwrap_or_else(|| panic!("{rule} does not speak: {found:?}"));
        assert!(said.said.en.contains(number), "{rule}: {}", said.said.en);
        assert!(!said.said.zh.is_empty() && !said.answer.en.is_empty() && !said.answer.zh.is_empty(), "{rule}");
        let mut results = quiet();
        silent(&mut results);
        let found = spoken(&results);
        assert!(found.iter().all(|remark| remark.rule != rule), "{rule} speaks: {found:?}");
    }
}

#[test]
fn every_rule_has_a_case_and_important_remarks_come_first() {
    assert_eq!(CASES.len(), RULES.len());
    let mut results = quiet();
    for (_, speaks, _, _) in CASES {
        speaks(&mut results);
    }
    let found = spoken(&results);
    let order: Vec<u8> = found.iter().map(|remark| remark.importance).collect();
    assert!(order.is_sorted() && order[0] == 1 && order.contains(&3), "{order:?}");
}

#[test]
fn without_results_of_a_study_the_card_alone_is_judged() {
    let mut results = quiet();
    earlier(&mut results, 2009);
    let facts = Facts { sections: &[], outcome: "", ..Facts::from(&results) };
    let rules: Vec<String> = remarks(&facts).into_iter().map(|remark| remark.rule).collect();
    assert_eq!(rules, ["leads", "few_periods"]);
}
