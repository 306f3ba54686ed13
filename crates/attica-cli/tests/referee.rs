//! The referee's list from raw tables, and the checks that need lists of units or an index.
#![allow(clippy::unwrap_used)]

mod common;

use common::{attica, first, folder, noise, panel, treated};
use serde_json::Value;

/// Twelve cities in two waves, with what the study may misread: both waves under one 0/1 column, a control that shares a
/// column with the index, another policy, neighbours.
fn table() -> String {
    panel("city,year,a,b,gdp,ever,first,other,beside,province", |unit, year| {
        let gdp = 10.0 + noise(unit, year, 1) + 0.1 * unit as f64;
        let d = f64::from(u8::from(treated(unit, year)));
        let (a, b) = (2.0 + noise(unit, year, 2) + 0.3 * d, 1.5 + noise(unit, year, 3));
        let ever = u8::from(first(unit).is_some());
        let g = first(unit).map_or(String::new(), |g| g.to_string());
        let other = u8::from((5..9).contains(&unit) && year >= 2014);
        format!(
            "c{unit},{year},{a},{b},{gdp},{ever},{g},{other},c{};c{},p{}",
            (unit + 1) % 12,
            (unit + 11) % 12,
            unit / 3
        )
    })
}

const STUDY: &str = r#"
[[data]]
file = "panel.csv"
unit = "city"
time = "year"

[variables]
a_per_gdp = "a / gdp"
LGDP = "log(gdp)"

[index.INDEX]
one = ["+a_per_gdp"]
two = ["+b"]

[policy]
POLICY

[model]
outcome = "INDEX"
controls = ["LGDP"]

[baseline]
[robustness]
leave_out = ["province"]
partial_pilots = ["c1"]
neighbours = "beside"
index_forms = true
index_bootstrap = 60
"#;

fn run(policy: &str) -> (tempfile::TempDir, Value) {
    let study = STUDY.replace("POLICY", policy);
    let dir = folder(&[("panel.csv", table().as_bytes()), ("study.toml", study.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--out", "out", "--formats", "md"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let results = serde_json::from_slice(&std::fs::read(dir.path().join("out/results.json")).unwrap()).unwrap();
    (dir, results)
}

fn rule<'a>(results: &'a Value, rule: &str) -> Option<&'a Value> {
    results["referee"].as_array().unwrap().iter().find(|remark| remark["rule"] == rule)
}

#[test]
fn two_waves_under_one_date_are_found_and_staggered_ones_are_not_accused() {
    let (dir, one) = run("treated = \"ever\"\nfrom = 2013");
    let found = rule(&one, "one_wave").unwrap();
    assert_eq!((found["importance"].as_u64(), &one["referee"][0]), (Some(1), found));
    assert!(found["said"]["en"].as_str().unwrap().contains("first holds 2 dates"), "{found}");
    assert!(found["said"]["en"].as_str().unwrap().contains("3 of 6"), "{found}");
    assert!(rule(&one, "treated_as_controls").is_none());
    let report = std::fs::read_to_string(dir.path().join("out/report.md")).unwrap();
    assert!(report.contains("What a strict referee would say") && report.contains("Code each wave at its own date"));

    let (_, two) = run("first_treated = \"first\"");
    assert!(rule(&two, "one_wave").is_none());
    assert!(rule(&two, "treated_as_controls").is_some());
    let shared = rule(&two, "shared_ingredients").unwrap();
    assert!(shared["said"]["en"].as_str().unwrap().contains("LGDP through gdp"), "{shared}");
    let other = rule(&two, "concurrent").unwrap();
    assert!(other["said"]["en"].as_str().unwrap().contains("3 of 6 never treated"), "{other}");
}

#[test]
fn lists_of_units_and_the_index_have_their_columns() {
    let (_, results) = run("first_treated = \"first\"");
    let sections = results["sections"].as_array().unwrap();
    let heads: Vec<(&str, &Value)> = sections
        .iter()
        .flat_map(|section| section["content"]["models"].as_array().into_iter().flatten())
        .map(|model| (model["head"]["en"].as_str().unwrap(), &model["fit"]["fit"]["n_obs"]))
        .collect();
    let rows = |head: &str| heads.iter().find(|(known, _)| *known == head).unwrap().1.as_u64().unwrap();
    // c1 leaves; c6 and c11 are the never treated cities beside a treated one.
    assert_eq!(rows("Without partial pilots"), 88);
    assert_eq!(rows("Without neighbours of pilots"), 80);
    assert_eq!(rows("With neighbours of pilots"), 96);
    assert_eq!(rows("Partial pilots as untreated"), 96);
    let index = sections.iter().find(|section| section["content"]["type"] == "index").unwrap();
    let draws = &index["content"]["draws"];
    assert_eq!(draws["effects"].as_array().unwrap().len() as u64 + draws["failed"].as_u64().unwrap(), 60);
    assert!(draws["joint"].as_f64().unwrap() > 0.0 && draws["fixed"].as_f64().unwrap() > 0.0);
    let forms = index["content"]["forms"].as_array().unwrap();
    assert!(forms.len() >= 4 && forms[0]["main"] == true && forms[0]["rank_correlation"] == 1.0, "{forms:?}");
}

#[test]
fn check_ends_with_what_a_referee_would_say_of_the_table() {
    let dir = folder(&[("panel.csv", table().as_bytes())]);
    let args = ["check", "panel.csv", "--unit", "city", "--time", "year", "--first-treated", "first"];
    let ran = attica(dir.path(), &args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (_, said) = ran.stdout.split_once("What a strict referee would say:").unwrap();
    assert!(said.contains("Adoption is staggered over 2 dates") && said.contains("other reaches 3 of 6"), "{said}");
    let read: Value = serde_json::from_str(&attica(dir.path(), &[&args[..], &["--json"]].concat()).stdout).unwrap();
    assert!(rule(&read, "few_periods").is_some() && read["design"]["timing"].is_array());
    let chinese = attica(dir.path(), &[&args[..], &["--lang", "zh"]].concat());
    assert!(chinese.stdout.contains("严格审稿人的意见"), "{}", chinese.stdout);
    let without = attica(dir.path(), &args[..6]);
    assert!(without.code == 0 && !without.stdout.contains("referee"), "{}", without.stdout);
}
