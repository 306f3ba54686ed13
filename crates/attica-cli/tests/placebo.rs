//! Placebo tests by the command and in a study: the contract of the JSON, the page, and the report.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "not every test starts from the same table")]
mod common;

use attica::estimator::ESTIMATORS;
use common::{attica, folder, noise, panel, study};
use serde_json::Value;

/// Provinces of two cities; two adopt in 2013 and one in 2015, all of their cities together.
fn by_province() -> String {
    panel("city,year,y,first,province", |unit, year| {
        let first = match unit / 2 {
            1 | 4 => Some(2013),
            3 => Some(2015),
            _ => None,
        };
        let effect = if first.is_some_and(|g| year >= g) { 0.3 } else { 0.0 };
        let y = 0.1 * unit as f64 + effect + noise(unit, year, 3);
        let g = first.map_or(String::new(), |g| g.to_string());
        format!("c{unit},{year},{y},{g},p{}", unit / 2)
    })
}

fn did(args: &[&str]) -> common::Ran {
    let dir = folder(&[("panel.csv", by_province().as_bytes())]);
    let keys = ["did", "panel.csv", "--outcome", "y", "--unit", "city", "--time", "year", "--first-treated", "first"];
    attica(dir.path(), &[&keys[..], args].concat())
}

fn ids(warnings: &Value) -> Vec<&str> {
    warnings.as_array().unwrap().iter().map(|warning| warning["id"].as_str().unwrap()).collect()
}

#[test]
fn every_estimator_has_a_placebo_test() {
    let args = ["--estimator", "all", "--placebo", "19", "--option", "sdid.replications=20", "--json"];
    let ran = did(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(ids(&found["warnings"]).contains(&"W711"), "provinces adopt as a whole: {}", found["warnings"]);
    let answers = found["estimators"].as_array().unwrap();
    assert_eq!(answers.len(), ESTIMATORS.len());
    for one in answers {
        let (name, placebo) = (one["estimator"].as_str().unwrap(), &one["placebo"]);
        assert_eq!((placebo["estimator"].as_str(), placebo["kind"].as_str()), (Some(name), Some("unit")));
        assert!((placebo["estimate"].as_f64().unwrap() - one["overall"]["estimate"].as_f64().unwrap()).abs() < 1e-10);
        let (draws, failed) = (placebo["draws"].as_array().unwrap().len(), placebo["failed"].as_u64().unwrap());
        assert_eq!(draws as u64 + failed, 19, "{name}");
        let extreme = |key: &str| {
            let draws = placebo[key].as_array().unwrap().iter().map(|b| b.as_f64().unwrap().abs());
            let actual = placebo[if key == "t" { "statistic" } else { "estimate" }].as_f64().unwrap().abs();
            (1 + draws.filter(|b| *b >= actual * (1.0 - 1e-9)).count()) as f64 / (1 + draws_of(placebo, key)) as f64
        };
        assert_eq!(placebo["p_two_sided"].as_f64().unwrap(), extreme("draws"), "{name}");
        assert!(placebo["p_left"].is_f64() && placebo["p_right"].is_f64() && placebo["p_mc_error"].is_f64());
        if name == "sdid" {
            assert!(placebo["p_two_sided_t"].is_null() && placebo["statistic"].is_null());
        } else {
            assert_eq!(placebo["p_two_sided_t"].as_f64().unwrap(), extreme("t"), "{name}");
            assert_eq!(placebo["p"].as_array().unwrap().len(), draws, "{name}");
        }
    }
}

fn draws_of(placebo: &Value, key: &str) -> usize {
    placebo[key].as_array().unwrap().len()
}

#[test]
fn whole_provinces_are_drawn_and_the_page_says_so() {
    let args = ["--placebo", "100", "--placebo-clusters", "province"];
    let ran = did(&[&args[..], &["--json"]].concat());
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let placebo = &found["estimators"][0]["placebo"];
    // 6! / (2! 1! 3!) ways to give the dates to provinces.
    assert_eq!((placebo["possible"].as_u64(), placebo["exact"].as_bool()), (Some(60), Some(true)));
    assert_eq!(placebo["p_mc_error"].as_f64(), Some(0.0));
    let sixtieths = placebo["p_right"].as_f64().unwrap() * 60.0;
    assert!((sixtieths - sixtieths.round()).abs() < 1e-9 && sixtieths > 0.5);
    assert!(!ids(&found["warnings"]).contains(&"W711"));
    for (language, words) in [
        ("en", ["Placebo: 3 of 6 province clusters are drawn", "60 (all)", "the p-value is exact"]),
        ("zh", ["安慰剂：从6个province（整群）中不放回抽取3个", "60（全部）", "p值为精确值"]),
    ] {
        let page = did(&[&args[..], &["--lang", language]].concat()).stdout;
        for word in words {
            assert!(page.contains(word), "{language}: {word}\n{page}");
        }
    }
    // Within provinces there is nothing to draw: the estimate stands, and the test says why it is not there.
    let ran = did(&["--placebo", "100", "--strata", "province", "--json"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(found["estimators"][0].get("placebo").is_none());
    assert!(ids(&found["estimators"][0]["warnings"]).contains(&"E607"));
    let earlier = did(&["--placebo", "1", "--placebo-kind", "time"]);
    assert!(earlier.stdout.contains("2 periods earlier"), "{}", earlier.stdout);
    assert_eq!(did(&["--strata", "province"]).code, 2, "strata of no draws");
}

#[test]
fn a_study_tests_several_estimators() {
    let rest = "[event_study]\nestimators = [\"cs\", \"bjs\"]\n[placebo]\nestimators = [\"twfe\", \"cs\", \"bjs\"]\n\
                kinds = [\"unit\", \"time\"]\ndraws = 50\nclusters = \"province\"\nseed = 7";
    let toml = study("first_treated = \"first\"", rest);
    let dir = folder(&[("panel.csv", by_province().as_bytes()), ("study.toml", toml.as_bytes())]);
    let ran = attica(dir.path(), &["run", "study.toml", "--formats", "md"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let results: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("attica-out/results.json")).unwrap()).unwrap();
    let sections = results["sections"].as_array().unwrap();
    let of = |step: &str| &sections.iter().find(|section| section["step"] == step).unwrap()["content"];
    let kinds = of("placebo")["kinds"].as_array().unwrap();
    let names: Vec<[&str; 2]> =
        kinds.iter().map(|one| ["estimator", "kind"].map(|key| one[key].as_str().unwrap())).collect();
    let expected = ["twfe", "cs", "bjs"].map(|name| [[name, "unit"], [name, "time"]]).concat();
    assert_eq!(names, expected);
    // The estimate tested is the one in the event study's table.
    for answer in of("event_study")["estimators"].as_array().unwrap() {
        let own = kinds.iter().find(|one| one["estimator"] == answer["estimator"]).unwrap();
        let difference = own["estimate"].as_f64().unwrap() - answer["overall"]["estimate"].as_f64().unwrap();
        assert!(difference.abs() < 1e-10, "{}", answer["estimator"]);
        assert_eq!((own["clusters"].as_str(), own["seed"].as_u64()), (Some("province"), Some(7)));
    }
    for (language, words) in [
        ("en", ["Permutation p-values", "p by t", "Placebo test by estimator: earlier dates", "Random seed 7"]),
        ("zh", ["安慰剂检验的置换p值", "按t值的p值", "各估计量的安慰剂检验：政策时点前移", "随机种子为7"]),
    ] {
        let args = ["render", "attica-out/results.json", "--formats", "md", "--lang", language, "--out", language];
        assert_eq!(attica(dir.path(), &args).code, 0);
        let report = std::fs::read_to_string(dir.path().join(language).join("report.md")).unwrap();
        for word in words {
            assert!(report.contains(word), "{language}: {word}\n{report}");
        }
        assert!(!report.contains("NaN"));
        for name in ["twfe", "cs", "bjs"] {
            assert!(dir.path().join(language).join(format!("figures/placebo-unit-{name}.svg")).exists(), "{name}");
        }
    }
    let wrong = toml.replace("\"bjs\"]\nkinds", "\"bsj\"]\nkinds");
    std::fs::write(dir.path().join("wrong.toml"), wrong).unwrap();
    let ran = attica(dir.path(), &["run", "wrong.toml"]);
    assert!(ran.code == 2 && ran.stderr.contains("bsj"), "{}", ran.stderr);
}
