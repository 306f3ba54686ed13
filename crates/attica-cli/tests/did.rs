//! `attica did`: the JSON contract, the numbers behind it, and what it says of bad input.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use attica::design::DesignOptions;
use attica::estimator::{self, Data, ESTIMATORS, Spec, event_time::Window};
use attica::fit::FitOptions;
use attica::frame::Column;
use attica::vcov::{Ssc, Vcov};
use attica_study::read::{ReadOptions, read_file};
use attica_study::run;
use common::{Ran, attica, first, folder, noise, panel, sound, treated};
use serde_json::Value;

const KEYS: [&str; 8] = ["did", "panel.csv", "--outcome", "y", "--unit", "city", "--time", "year"];

/// `attica did` on the table.
fn did(table: &str, args: &[&str]) -> Ran {
    let dir = folder(&[("panel.csv", table.as_bytes())]);
    attica(dir.path(), &[&KEYS[..], args].concat())
}

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.stdout.matches('\n').count(), 1, "one object and a line end: {}", ran.stdout);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["estimator"].as_str().unwrap()).collect()
}

/// Exit code 2, the words on stderr, nothing on stdout.
fn refuses(table: &str, args: &[&str], words: &[&str]) {
    let ran = did(table, args);
    assert_eq!(ran.code, 2, "{args:?}: {}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "", "{args:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{args:?} does not say {word:?}: {}", ran.stderr);
    }
}

const EFFECT: [&str; 6] = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"];

#[test]
fn every_estimator_fills_the_contract() {
    let ran = did(&sound(), &["--first-treated", "first", "--estimator", "all", "--controls", "x", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = json(&ran);
    let registered: Vec<&str> = ESTIMATORS.iter().map(|one| one.name()).collect();
    let mut answered = names(&found["estimators"]);
    answered.extend(names(&found["failed"]));
    answered.sort_unstable();
    let mut all = registered.clone();
    all.sort_unstable();
    assert_eq!(answered, all, "every estimator is in the output");
    for one in found["estimators"].as_array().unwrap() {
        let name = &one["estimator"];
        for text in ["control_group", "base_period", "label"] {
            assert!(!one[text]["en"].as_str().unwrap().is_empty(), "{name} {text}");
            assert!(!one[text]["zh"].as_str().unwrap().is_empty(), "{name} {text}");
        }
        for count in ["n_obs", "n_units", "n_treated_units"] {
            assert!(one[count].as_u64().unwrap() > 0, "{name} {count}");
        }
        for key in EFFECT {
            assert!(one["overall"][key].is_f64(), "{name} overall.{key}: {}", one["overall"]);
        }
        let ledger = &one["ledger"];
        let lost: u64 = one["dropped"].as_array().unwrap().iter().map(|d| d["rows"].as_u64().unwrap()).sum();
        assert_eq!(ledger["read"].as_u64().unwrap(), lost + ledger["used"].as_u64().unwrap(), "{name}");
        assert_eq!(one["n_obs"], ledger["used"], "{name}");
        for warning in one["warnings"].as_array().unwrap() {
            assert!(warning["id"].is_string() && warning["text"]["en"].is_string(), "{name}");
        }
        for (kind, key) in [("group", "group"), ("dynamic", "event_time"), ("calendar", "time")] {
            for row in one["aggregations"][kind]["rows"].as_array().into_iter().flatten() {
                assert!(row[key].is_number() && row["estimate"].is_f64(), "{name} {kind}: {row}");
            }
        }
        for cell in one["group_time"].as_array().unwrap() {
            assert!(cell["group"].is_f64() && cell["time"].is_f64() && cell["estimate"].is_f64(), "{name}: {cell}");
        }
    }
    let cs = found["estimators"].as_array().unwrap().iter().find(|one| one["estimator"] == "cs").unwrap();
    for kind in ["simple", "group", "dynamic", "calendar"] {
        for key in EFFECT {
            assert!(cs["aggregations"][kind]["overall"][key].is_f64(), "{kind}.overall.{key}");
        }
    }
    assert_eq!(cs["aggregations"]["group"]["rows"][0]["group"], 2013.0);
    assert_eq!(cs["aggregations"]["calendar"]["rows"][0]["time"], 2013.0);
    assert!(!cs["group_time"].as_array().unwrap().is_empty());
}

/// What is printed are the doubles that the library computes.
#[test]
fn numbers_are_those_of_the_library() {
    let dir = folder(&[("panel.csv", sound().as_bytes())]);
    let args = ["--first-treated", "first", "--controls", "x", "--cluster", "province", "--json", "--estimator"];
    let (frame, _) = read_file(&dir.path().join("panel.csv"), &ReadOptions::default()).unwrap();
    let (mut frame, panel, _) = run::sorted(frame, "city", "year").unwrap();
    let (adoption, _) = panel.adoption_from_first(frame.column("first").unwrap(), &[]).unwrap();
    frame.set(Column::number("treated", panel.treated(&adoption))).unwrap();
    let spec = Spec {
        outcome: "y".into(),
        treatment: "treated".into(),
        controls: vec!["x".into()],
        design: DesignOptions { clusters: vec!["province".into()], ..DesignOptions::default() },
        fit: FitOptions {
            vcov: Vcov::cluster("province"),
            ssc: Ssc::parse("reghdfe").unwrap(),
            level: 0.95,
            keep_singletons: false,
            constants: false,
            wild: None,
        },
        window: Window::default(),
        options: estimator::options::Options::default(),
        seed: 20_111_020,
    };
    for name in ["twfe", "cs", "sa"] {
        let ran = attica(dir.path(), &[&KEYS[..], &args, &[name]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let printed = &json(&ran)["estimators"][0];
        let data = Data { frame: &frame, panel: &panel, adoption: &adoption };
        let ours = estimator::find(name).unwrap().estimate(data, &spec).unwrap();
        // Two-way effects from sums or from columns, as the constants need, are equal but for rounding.
        let near = |key: &str, value: f64| {
            let printed = printed["overall"][key].as_f64().unwrap();
            assert!((printed - value).abs() <= 1e-13 * value.abs(), "{name}: {key} {printed} {value}");
        };
        near("estimate", ours.overall.estimate);
        near("std_error", ours.overall.std_error);
        near("conf_low", ours.overall.conf_low);
        assert_eq!(printed["n_obs"].as_u64(), Some(ours.n_obs as u64), "{name}");
        for (cell, ours) in printed["group_time"].as_array().unwrap().iter().zip(&ours.group_time) {
            assert_eq!(cell["estimate"].as_f64(), Some(ours.estimate), "{name}");
            assert_eq!(cell["std_error"].as_f64(), ours.std_error, "{name}");
        }
    }
}

/// The order of rows in the file moves no bit of the result.
#[test]
fn the_order_of_rows_does_not_matter() {
    let table = sound();
    let mut lines: Vec<&str> = table.lines().collect();
    lines[1..].reverse();
    let shuffled = lines.join("\n") + "\n";
    let args = ["--first-treated", "first", "--estimator", "all", "--bootstrap", "200", "--json"];
    assert_eq!(did(&table, &args).stdout, did(&shuffled, &args).stdout);
}

#[test]
fn options_reach_the_estimators() {
    let run = |more: &[&str]| {
        let ran = did(&sound(), &[&["--first-treated", "first", "--json"][..], more].concat());
        assert_eq!(ran.code, 0, "{more:?}: {}", ran.stderr);
        json(&ran)["estimators"][0].clone()
    };
    let base = run(&[]);
    assert_eq!(base["estimator"], "cs", "the default");
    assert_eq!(base["leads"], "short");
    let universal = run(&["--base-period", "universal"]);
    assert_eq!(universal["leads"], "long");
    assert_eq!(universal["overall"]["estimate"], base["overall"]["estimate"]);
    assert_ne!(universal["aggregations"]["dynamic"]["rows"], base["aggregations"]["dynamic"]["rows"]);
    let same = run(&["--option", "base_period=universal"]);
    assert_eq!(same, universal, "--option takes the same keys");
    let notyet = run(&["--control-group", "notyet"]);
    assert_ne!(notyet["overall"]["estimate"], base["overall"]["estimate"]);
    let early = run(&["--anticipation", "1"]);
    assert_ne!(early["overall"]["estimate"], base["overall"]["estimate"]);
    let drawn = run(&["--bootstrap", "300"]);
    assert_eq!(drawn["overall"]["estimate"], base["overall"]["estimate"]);
    assert_ne!(drawn["overall"]["std_error"], base["overall"]["std_error"]);
    assert_ne!(run(&["--bootstrap", "300", "--seed", "7"])["overall"]["std_error"], drawn["overall"]["std_error"]);
    let window = run(&["--window", "-2,1"]);
    let times = |one: &Value| -> Vec<i64> {
        let rows = one["aggregations"]["dynamic"]["rows"].as_array().unwrap();
        rows.iter().map(|row| row["event_time"].as_i64().unwrap()).collect()
    };
    assert_eq!(times(&window), [-2, -1, 0, 1]);
    let only = run(&["--aggregate", "group"]);
    assert!(only["aggregations"]["group"].is_object() && only["aggregations"]["dynamic"].is_null());
    let fewer = run(&["--where", "year <= 2015"]);
    assert_eq!(fewer["dropped"][0]["reason"]["kind"], "filter");
    assert_eq!(fewer["ledger"]["read"], 96);
    let wide = run(&["--level", "0.5"]);
    assert!(wide["overall"]["conf_low"].as_f64() > base["overall"]["conf_low"].as_f64());
}

/// Words for never that are no date: read as never, and told.
#[test]
fn never_treated_is_read_from_what_cannot_be_a_date() {
    let with = |never: &str| {
        panel("city,year,y,g", |unit, year| {
            let y = 0.3 * f64::from(u8::from(treated(unit, year))) + noise(unit, year, 2);
            format!("c{unit},{year},{y},{}", first(unit).map_or(never.to_owned(), |g| g.to_string()))
        })
    };
    let run = |table: &str, more: &[&str]| did(table, &[&["--first-treated", "g", "--json"][..], more].concat());
    let blank = run(&with(""), &[]);
    let overall = json(&blank)["estimators"][0]["overall"].clone();
    assert!(!blank.stdout.contains("W209"), "an empty cell means never and needs no warning");
    for never in ["0", "inf", "9999"] {
        let ran = run(&with(never), &[]);
        assert_eq!(ran.code, 0, "{never}: {}", ran.stderr);
        let found = json(&ran);
        assert_eq!(found["estimators"][0]["overall"], overall, "{never}");
        assert!(found["warnings"].as_array().unwrap().iter().any(|w| w["id"] == "W209"), "{never} is told");
    }
    refuses(&with("2031"), &["--first-treated", "g"], &["E209", "--never 2031"]);
    assert_eq!(json(&run(&with("2031"), &["--never", "2031"]))["estimators"][0]["overall"], overall);
}

/// One that cannot run stays in the output with its problem; the others go on.
#[test]
fn a_dose_is_left_to_those_that_take_it() {
    let table = panel("city,year,y,dose", |unit, year| {
        let dose = if treated(unit, year) { unit as f64 + 1.5 } else { 0.0 };
        format!("c{unit},{year},{},{dose}", 0.1 * dose + noise(unit, year, 2))
    });
    let ran = did(&table, &["--treatment", "dose", "--estimator", "all", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = json(&ran);
    assert!(names(&found["estimators"]).contains(&"twfe"));
    for one in found["failed"].as_array().unwrap() {
        let name = one["estimator"].as_str().unwrap();
        assert!(estimator::find(name).unwrap().needs_dates(), "{name}: {one}");
        assert_eq!(one["problem"]["id"], "E201", "{name}");
    }
    let dated = ESTIMATORS.iter().filter(|one| one.needs_dates()).count();
    assert_eq!(names(&found["failed"]).len(), dated);
    let chosen = json(&did(&table, &["--treatment", "dose", "--json"]));
    assert!(names(&chosen["estimators"]).contains(&"twfe"), "the default for a dose");
    assert_eq!(chosen["failed"], Value::Array(Vec::new()));
    refuses(&table, &["--treatment", "dose", "--estimator", "cs,sa"], &["E201", "dose"]);
}

#[test]
fn without_never_treated_units_it_says_whom_it_compares_with() {
    let table = panel("city,year,y,g", |unit, year| {
        let g = [2013, 2015, 2017][unit % 3];
        format!("c{unit},{year},{},{g}", 0.4 * f64::from(u8::from(year >= g)) + noise(unit, year, 2))
    });
    let ran = did(&table, &["--first-treated", "g", "--estimator", "all", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = json(&ran);
    let cs = found["estimators"].as_array().unwrap().iter().find(|one| one["estimator"] == "cs").unwrap();
    assert!(cs["control_group"]["en"].as_str().unwrap().contains("not treated yet"), "{cs}");
    refuses(&table, &["--first-treated", "g", "--control-group", "never"], &["E204"]);
}

#[test]
fn bad_input_is_told_with_its_remedy() {
    let table = sound();
    let dates = ["--first-treated", "first"];
    refuses(&table, &[&dates[..], &["--controls", "xx"]].concat(), &["E603", "\"x\""]);
    refuses(&table, &["--first-treated", "frist"], &["E603", "\"first\""]);
    refuses(&table, &[&dates[..], &["--treatment", "d"]].concat(), &["--treatment", "cannot be used with"]);
    refuses(&table, &[], &["--first-treated", "--treatment"]);
    refuses(&table, &[&dates[..], &["--estimator", "cz"]].concat(), &["E603", "no estimator \"cz\"", "\"cs\""]);
    refuses(&table, &[&dates[..], &["--estimater", "cs"]].concat(), &["--estimator"]);
    refuses(&table, &[&dates[..], &["--control-group", "nevr"]].concat(), &["E602", "did you mean \"never\""]);
    refuses(&table, &[&dates[..], &["--option", "anticipaton=1"]].concat(), &["E601", "did you mean \"anticipation\""]);
    refuses(&table, &[&dates[..], &["--option", "anticipation"]].concat(), &["E602", "KEY=VALUE"]);
    refuses(&table, &[&dates[..], &["--option", "anticipation=-1"]].concat(), &["E602", "at least 0"]);
    refuses(&table, &[&dates[..], &["--window", "-4"]].concat(), &["E607", "--window -4,6"]);
    refuses(&table, &[&dates[..], &["--level", "95"]].concat(), &["E602", "--level 95"]);
    refuses(&table, &[&dates[..], &["--controls", "y"]].concat(), &["E605", "\"y\""]);
    refuses(&table, &[&dates[..], &["--cluster", "stat"]].concat(), &["E603", "stat"]);
    refuses(&table, &[&dates[..], &["--where", "year > 2100"]].concat(), &["E701"]);
    refuses(&table, &["--treatment", "region"], &["E301", "region"]);
}

/// A problem is told once, however many estimators meet it, and as JSON too.
#[test]
fn a_shared_problem_is_told_once() {
    let ran = did(&sound(), &["--first-treated", "first", "--controls", "nix", "--estimator", "all", "--json"]);
    assert_eq!(ran.code, 2);
    assert_eq!(json(&ran)["problems"].as_array().unwrap().len(), 1, "{}", ran.stdout);
    assert_eq!(ran.stderr.matches("E603").count(), 1);
}

#[test]
fn people_get_a_table_and_the_averages_of_a_single_estimator() {
    let dates = ["--first-treated", "first"];
    let one = did(&sound(), &dates);
    assert_eq!(one.code, 0);
    for word in ["compared with: never-treated units", "By periods since adoption", "By cohort", "96 read, all used"] {
        assert!(one.stdout.contains(word), "{word}: {}", one.stdout);
    }
    let several = did(&sound(), &[&dates[..], &["--estimator", "all", "--lang", "zh"]].concat());
    assert_eq!(several.code, 0);
    for estimator in ESTIMATORS {
        assert!(several.stdout.contains(&format!("{}: ", estimator.name())), "{}", several.stdout);
    }
    assert!(several.stdout.contains("对照") && !several.stdout.contains("NaN"), "{}", several.stdout);
}

#[test]
fn diagnostics_are_what_was_asked_for_and_say_why_not() {
    let all = ["--first-treated", "first", "--json", "--diagnostics", "bacon,weights,honest,pretrend"];
    let found = json(&did(&sound(), &all))["diagnostics"].clone();
    assert_eq!(found["failed"].as_array().unwrap().len(), 0, "{}", found["failed"]);
    let sum: f64 = found["bacon"]["rows"].as_array().unwrap().iter().map(|row| row["weight"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-12);
    // Two ways to the two-way coefficient.
    let [bacon, weights] = ["bacon", "weights"].map(|key| found[key]["estimate"].as_f64().unwrap());
    assert!((bacon - weights).abs() < 1e-9);
    let honest = &found["honest"];
    for key in ["smoothness", "relative_magnitudes"] {
        let rows = honest[key].as_array().unwrap();
        assert_eq!(rows.len(), 10);
        assert!(rows.iter().all(|row| row["conf_low"].as_f64() < row["conf_high"].as_f64()));
    }
    assert!(honest["relative_magnitudes"][1]["m_bar"].as_f64().unwrap() > 0.0);
    assert!(honest["smoothness_breakdown"]["kind"].is_string());
    assert_eq!(found["pretrend"]["power"].as_array().unwrap().len(), 4);
    // Imputation has leads from early periods; they are no basis.
    let none = ["--first-treated", "first", "--json", "--diagnostics", "honest", "--estimator", "bjs"];
    let found = json(&did(&sound(), &none))["diagnostics"].clone();
    assert!(found["honest"].is_null() && found["failed"][0]["problem"]["id"] == "E607", "{found}");
    let page = did(&sound(), &["--first-treated", "first", "--diagnostics", "weights,honest"]);
    assert!(page.stdout.contains("weights: two-way effects") && page.stdout.contains("honest (cs)"), "{}", page.stdout);
}
