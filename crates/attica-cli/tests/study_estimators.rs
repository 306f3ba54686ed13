//! Several estimators in a study: the file, `results.json`, and the report in both languages.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use attica::estimator::ESTIMATORS;
use common::{Ran, attica, folder, noise, panel, sound, study, treated};
use serde_json::Value;
use tempfile::TempDir;

fn run(table: &str, policy: &str, rest: &str) -> (TempDir, Ran) {
    let toml = study(policy, rest);
    let dir = folder(&[("panel.csv", table.as_bytes()), ("study.toml", toml.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--formats", "md"]);
    (dir, ran)
}

fn event_study(dir: &TempDir) -> Value {
    let results: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("attica-out/results.json")).unwrap()).unwrap();
    let sections = results["sections"].as_array().unwrap();
    sections.iter().find(|section| section["step"] == "event_study").unwrap()["content"].clone()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["estimator"].as_str().unwrap()).collect()
}

/// The report in `language` has every one of `heads`.
fn renders(dir: &TempDir, language: &str, heads: &[&str]) {
    let args = ["render", "attica-out/results.json", "--formats", "md", "--lang", language, "--out", language];
    assert_eq!(attica(dir.path(), &args).code, 0);
    let report = std::fs::read_to_string(dir.path().join(language).join("report.md")).unwrap();
    for head in heads {
        assert!(report.contains(head), "{language}: {head}");
    }
    assert!(!report.contains("NaN"), "{language}");
}

#[test]
fn all_estimators_stand_side_by_side() {
    let rest = "controls = [\"x\"]\n[event_study]\nestimators = \"all\"\n[estimators.sdid]\nvariance = \"jackknife\"";
    let (dir, ran) = run(&sound(), "first_treated = \"first\"", rest);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = event_study(&dir);
    let mut told = [names(&found["estimators"]), names(&found["failed"])].concat();
    told.sort_unstable();
    let mut all: Vec<&str> = ESTIMATORS.iter().map(|one| one.name()).collect();
    all.sort_unstable();
    assert_eq!(told, all);
    for (language, heads) in [
        (
            "en",
            [
                "Average effects by estimator",
                "What each estimate rests on",
                "What each estimator uses",
                "Effects by cohort",
            ],
        ),
        ("zh", ["各估计量的平均处理效应", "各估计量的比较对象与识别假设", "各估计量实际使用的样本", "分批次处理效应"]),
    ] {
        renders(&dir, language, &heads);
        assert!(dir.path().join(language).join("figures/event-study-panels.svg").exists(), "a crowd has panels");
    }
}

#[test]
fn options_of_the_study_reach_the_estimators() {
    let of = |policy: &str, options: &str| {
        let rest = format!("[event_study]\nestimators = [\"cs\"]\n{options}");
        let (dir, ran) = run(&sound(), &format!("first_treated = \"first\"\n{policy}"), &rest);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        event_study(&dir)["estimators"][0].clone()
    };
    let base = of("", "");
    assert_eq!(base["leads"], "short");
    assert_eq!(of("", "[estimators]\nbase_period = \"universal\"")["leads"], "long");
    let notyet = of("", "[estimators]\ncontrol_group = \"notyet\"");
    assert_ne!(notyet["overall"]["estimate"], base["overall"]["estimate"]);
    let early = of("anticipation = 1", "");
    assert_ne!(early["overall"]["estimate"], base["overall"]["estimate"], "the policy's anticipation is everyone's");
    assert_eq!(of("", "[estimators]\nanticipation = 1")["overall"], early["overall"]);
}

#[test]
fn mistakes_are_told_with_line_and_column() {
    let refuses = |policy: &str, rest: &str, words: &[&str]| {
        let (_, ran) = run(&sound(), &format!("first_treated = \"first\"\n{policy}"), rest);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        for word in words {
            assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
        }
    };
    refuses("", "[event_study]\nestimators = [\"cz\"]", &["study.toml:", "no estimator \"cz\"", "\"cs\""]);
    refuses("", "[estimators]\ncontrol_grup = \"never\"", &["E601", "did you mean \"control_group\""]);
    refuses("", "[estimators]\ncontrol_group = \"nevr\"", &["E602", "did you mean \"never\""]);
    refuses("", "[estimators.cs]\nmethd = \"ipw\"", &["E601", "did you mean \"method\""]);
    refuses("anticipation = 2", "[estimators]\nanticipation = 1", &["E605", "anticipation = 2"]);
    refuses("", "[estimators]\nbalance = -1", &["E607", "balance = -1"]);
}

/// A treatment that ends, or comes in doses, does not stop the event study.
#[test]
fn treatment_that_ends_or_is_a_dose_is_given_to_an_estimator_that_takes_it() {
    let table = panel("city,year,y,d,dose", |unit, year| {
        let on = treated(unit, year) && !(unit % 2 == 0 && year >= 2016);
        let y = 0.5 * f64::from(u8::from(on)) + noise(unit, year, 2);
        format!("c{unit},{year},{y},{},{}", u8::from(on), if on { 1 + unit % 2 } else { 0 })
    });
    for policy in ["path = \"d\"", "continuous = \"dose\""] {
        let (dir, ran) = run(&table, policy, "[event_study]");
        assert_eq!(ran.code, 0, "{policy}: {}", ran.stderr);
        let found = event_study(&dir);
        assert_eq!(names(&found["estimators"]), ["twfe", "dcdh"], "{policy}: {}", found["failed"]);
        assert!(found["methods"]["en"].as_str().unwrap().contains("dcdh"), "{policy}");
    }
}

#[test]
fn families_and_combinations_are_computed_and_printed_in_both_languages() {
    let rest = "controls = [\"x\"]\n[variables]\nz = \"y * 0.5 + x\"\nw = \"y - 2 * x\"\n[baseline]\nlincom = \"treated + 2*x\"\ntest = \"treated = x\"\n\
                [event_study]\nestimators = [\"twfe\", \"cs\"]\nlincom = [\"post\", \"[99]\"]\ntest = \"effects\"\n\
                [mechanism]\nthrough = [\"z\", \"w\"]\n[families]\noutcomes = { all = [\"y\", \"z\", \"w\"] }\nestimator = \"cs\"\ndraws = 199";
    let (dir, ran) = run(&sound(), "first_treated = \"first\"\nname = \"treated\"", rest);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let results: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("attica-out/results.json")).unwrap()).unwrap();
    let of = |step: &str, kind: &str| -> Value {
        let sections = results["sections"].as_array().unwrap();
        let found = sections.iter().find(|s| s["step"] == step && s["content"]["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} in {step}"))["content"].clone()
    };
    let family = of("families", "family")["family"].clone();
    assert_eq!((family["rows"].as_array().unwrap().len(), &family["draws"]), (3, &Value::from(199)));
    assert!(family["equality"]["p_value"].is_number());
    for row in family["rows"].as_array().unwrap() {
        assert!(row["p_romano_wolf"].as_f64().unwrap() >= row["p_bootstrap"].as_f64().unwrap());
    }
    assert_eq!(of("mechanism", "family")["family"]["rows"][1]["name"], "w");
    let events = of("event_study", "hypotheses");
    assert_eq!(events["estimates"].as_array().unwrap().len(), 2);
    assert_eq!(events["warnings"][0]["id"], "W619");
    assert_eq!(of("baseline", "hypotheses")["estimates"][0][2][0]["df1"], 1.0);
    for (language, heads) in [
        (
            "en",
            [
                "One policy, several outcomes",
                "Romano–Wolf p",
                "Combinations of effects",
                "Test that all effects are equal",
            ],
        ),
        ("zh", ["一项政策、多个结果", "Romano–Wolf校正p值", "动态效应的线性组合", "各效应相等的检验"]),
    ] {
        renders(&dir, language, &heads);
    }
    let (_dir, ran) = run(&sound(), "first_treated = \"first\"", "[families]\noutcomes = [\"y\"]\nestimator = \"cz\"");
    assert!(ran.code == 2 && ran.stderr.contains("E607") && ran.stderr.contains("E602"), "{}", ran.stderr);
}
