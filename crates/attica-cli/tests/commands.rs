//! What the commands promise when all is well: documents, JSON, and the same bytes however they are made.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{attica, folder, sound, study};
use serde_json::Value;

const FULL: &str = r#"controls = ["x"]
[variables]
z = "x * x"
[index.INDEX]
one = ["+x", "-z"]
two = ["+y"]
[descriptives]
[baseline]
random_effects = true
pooled = true
[event_study]
[placebo]
kinds = ["unit", "cohort", "mixed", "time", "outcome"]
outcomes = ["z"]
draws = 200
[robustness]
trim_rows = 0.10
drop_random_units = 0.10
winsorise = [0.05, 0.95]
trim = [0.05, 0.95]
by_year = true
window = [2011, 2016]
replace_outcome = ["INDEX"]
lag_controls = 1
base_controls_trend = true
effects = ["region^year"]
unit_trends = true
drop_units = { first = ["c0", "c11"] }
log1p = true
cluster = ["province", ["city", "year"]]
around_adoption = [3]
shift_policy = [1]
trends = ["region"]
curve = true
leave_out = ["unit", "cohort", "province"]
[mechanism]
through = ["z"]
moderation = ["x"]
mediation = ["z"]
draws = 100
[heterogeneity]
by = ["region", { variable = "x", cut = "median" }]
cross = "mechanism"
permutations = 100
"#;

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

fn same_files(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(*bytes == b[name], "{name} differs");
    }
}

fn full_study() -> tempfile::TempDir {
    folder(&[("panel.csv", sound().as_bytes()), ("study.toml", study("first_treated = \"first\"", FULL).as_bytes())])
}

#[test]
fn every_step_runs_and_any_number_of_threads_gives_the_same_bytes() {
    let dir = full_study();
    let formats = ["--formats", "html,docx,xlsx,tex,md"];
    for threads in ["1", "2", "8"] {
        let args = ["run", "study.toml", "--threads", threads, "--out", threads];
        let ran = attica(dir.path(), &[&args[..], &formats].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    same_files(&dir.path().join("1"), &dir.path().join("2"));
    same_files(&dir.path().join("1"), &dir.path().join("8"));

    let results: Value = serde_json::from_slice(&std::fs::read(dir.path().join("1/results.json")).unwrap()).unwrap();
    let sections = results["sections"].as_array().unwrap();
    for step in [
        "descriptives",
        "baseline",
        "event_study",
        "placebo",
        "robustness",
        "mechanism",
        "moderation",
        "mediation",
        "heterogeneity",
    ] {
        assert!(sections.iter().any(|s| s["step"] == step), "{step} is missing");
    }
    curve_and_tables_agree(sections);
    for section in sections {
        assert_ne!(section["content"]["type"], "failed", "{section}");
        for model in section["content"]["models"].as_array().into_iter().flatten() {
            assert!(model["fit"]["fit"].is_object(), "{model}");
            let ledger = &model["fit"]["fit"]["ledger"];
            let lost: u64 = ledger["dropped"].as_array().unwrap().iter().map(|d| d["rows"].as_u64().unwrap()).sum();
            assert_eq!(ledger["read"].as_u64().unwrap(), lost + ledger["used"].as_u64().unwrap(), "{model}");
        }
    }
}

/// Specifications that change one thing are columns of the tables; leaving out has a row per group.
fn curve_and_tables_agree(sections: &[Value]) {
    let of = |kind: &str| sections.iter().map(|s| &s["content"]).filter(|c| c["type"] == kind).collect::<Vec<_>>();
    let curve = of("specification_curve")[0];
    let (choices, rows) = (curve["choices"].as_array().unwrap(), curve["rows"].as_array().unwrap());
    let first = |row: &&Value| row["choices"][0] == 0;
    let second = choices.iter().position(|choice| choice["label"]["en"] == "As in the study").unwrap();
    let tables = of("models");
    let mut compared = 0;
    for row in rows.iter().filter(|row| first(row) != (row["choices"][1] == second)) {
        let at = usize::from(first(&row));
        let label = &choices[row["choices"][at].as_u64().unwrap() as usize]["label"];
        let robust = tables.iter().filter(|table| table["id"].as_str().unwrap().starts_with("robustness"));
        let mut columns = robust.flat_map(|table| table["models"].as_array().unwrap());
        let column = columns.find(|column| &column["head"] == label).unwrap();
        let term = &column["fit"]["fit"]["terms"][0];
        close(&term["estimate"], &row["estimate"], "estimate");
        close(&term["std_error"], &row["std_error"], "std_error");
        compared += 1;
    }
    assert!(compared >= 14, "{compared}");
    let left: Vec<usize> = of("leave_out").iter().map(|found| found["rows"].as_array().unwrap().len()).collect();
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|&groups| groups >= 3), "{left:?}");
}

#[test]
fn documents_can_be_made_again_from_results_alone() {
    let dir = full_study();
    let formats = ["--formats", "html,docx,xlsx,tex,md"];
    assert_eq!(attica(dir.path(), &[&["run", "study.toml"][..], &formats].concat()).code, 0);
    let ran = attica(dir.path(), &[&["render", "attica-out/results.json", "--out", "again"][..], &formats].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    same_files(&dir.path().join("attica-out"), &dir.path().join("again"));
}

/// Numbers equal to 1e-12, all else equal.
fn close(a: &Value, b: &Value, path: &str) {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            assert!((x - y).abs() <= 1e-12 * x.abs().max(1.0), "{path}: {x} {y}");
        }
        (Value::Array(x), Value::Array(y)) => {
            assert_eq!(x.len(), y.len(), "{path}");
            x.iter().zip(y).enumerate().for_each(|(i, (x, y))| close(x, y, &format!("{path}.{i}")));
        }
        (Value::Object(x), Value::Object(y)) => {
            assert_eq!(x.keys().collect::<Vec<_>>(), y.keys().collect::<Vec<_>>(), "{path}");
            x.iter().for_each(|(key, x)| close(x, &y[key], &format!("{path}.{key}")));
        }
        _ => assert_eq!(a, b, "{path}"),
    }
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let dir = full_study();
    assert_eq!(attica(dir.path(), &["run", "study.toml", "--out", "sorted"]).code, 0);
    let table = sound();
    let (header, rows) = table.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    let n = rows.len();
    for i in 0..n {
        rows.swap(i, (i * 61 + 17) % n);
    }
    std::fs::write(dir.path().join("panel.csv"), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    assert_eq!(attica(dir.path(), &["run", "study.toml", "--out", "shuffled"]).code, 0);
    let read = |name: &str| -> Value {
        let bytes = std::fs::read(dir.path().join(name).join("results.json")).unwrap();
        let mut value: Value = serde_json::from_slice(&bytes).unwrap();
        value["sources"] = Value::Null;
        value
    };
    close(&read("sorted"), &read("shuffled"), "results");
}

#[test]
fn one_json_object_and_nothing_else_on_stdout() {
    let dir = full_study();
    for args in [
        &["run", "study.toml", "--json"][..],
        &["check", "panel.csv", "--unit", "city", "--time", "year", "--json"],
        &["check", "panel.csv", "--unit", "city", "--time", "year", "--treatment", "d", "--json"],
        &["fit", "y ~ d + x | city + year", "panel.csv", "--cluster", "city", "--json"],
        &["fit", "y ~ csw(d, x) | city", "panel.csv", "--vcov", "HC1", "--json"],
        &["index", "panel.csv", "--benefit", "x", "--cost", "y", "--unit", "city", "--time", "year", "--json"],
        &["schema"],
    ] {
        let ran = attica(dir.path(), args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"));
        assert!(value.is_object(), "{args:?}");
    }
}

#[test]
fn the_wild_bootstrap_has_the_fields_of_the_contract_and_keeps_its_seed() {
    let dir = full_study();
    let args = ["fit", "y ~ d + x | city + year", "panel.csv", "--cluster", "city", "--wild", "199", "--json"];
    let run = |more: &[&str]| -> Value {
        let ran = attica(dir.path(), &[&args[..], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["terms"][0]["wild"].clone()
    };
    let wild = run(&[]);
    for field in ["p_value", "conf_low", "conf_high", "draws", "type", "enumerated"] {
        assert!(wild.get(field).is_some(), "{field} {wild}");
    }
    assert_eq!((wild["type"].as_str(), wild["draws"].as_u64()), (Some("WCR11"), Some(199)));
    assert_eq!(wild, run(&["--threads", "1"]));
    assert_ne!(wild["conf_low"], run(&["--seed", "2"])["conf_low"]);
    let unrestricted = run(&["--wild-type", "wcu33", "--wild-weights", "webb"]);
    assert_eq!((unrestricted["type"].as_str(), unrestricted["weights"].as_str()), (Some("WCU33"), Some("webb")));
}

#[test]
fn fit_has_the_fields_of_the_contract() {
    let dir = full_study();
    let args = [
        "fit",
        "y ~ d + x | city + year",
        "panel.csv",
        "--unit",
        "city",
        "--time",
        "year",
        "--where",
        "year >= 2011",
        "--json",
    ];
    let value: Value = serde_json::from_str(&attica(dir.path(), &args).stdout).unwrap();
    for field in ["n_obs", "n_units", "n_clusters", "df_residual", "r2", "r2_within", "r2_adjusted", "vcov", "ssc", "k"]
    {
        assert!(!value[field].is_null(), "{field}: {value}");
    }
    for field in ["term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"] {
        assert!(!value["terms"][0][field].is_null(), "{field}");
    }
    assert_eq!(value["n_obs"], 84);
    assert_eq!(value["dropped"][0]["rows"], 12);
    assert!(value["dropped"][0]["reason"].is_object() && value["warnings"].is_array());
    assert_eq!(value["vcov"], "cluster(city)", "the unit is the default cluster");
}

#[test]
fn the_index_has_the_fields_of_the_contract() {
    let dir = folder(&[("t.csv", b"a,b,c\n1,10,5\n2,12,4\n3,15,3\n4,9,6\n6,11,2\n9,20,1\n")]);
    let ran = attica(dir.path(), &["index", "t.csv", "--benefit", "a,b", "--cost", "c", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&value["method"], value["variant"].is_array()), (&Value::from("entropy-topsis"), true));
    // Worked by hand; six digits.
    let weights = [0.336070, 0.405564, 0.258366];
    for (weight, expected) in value["weights"].as_array().unwrap().iter().zip(weights) {
        assert!((weight["weight"].as_f64().unwrap() - expected).abs() < 1e-6, "{weight}");
        for field in ["indicator", "direction", "entropy", "divergence"] {
            assert!(!weight[field].is_null());
        }
    }
    let scores = [0.105187, 0.261171, 0.462375, 0.193658, 0.458549, 1.0];
    for (score, expected) in value["scores"].as_array().unwrap().iter().zip(scores) {
        assert!((score["score"].as_f64().unwrap() - expected).abs() < 1e-6, "{score}");
    }
    assert_eq!(value["scores"][5]["rank"], 1);
}

#[test]
fn check_prints_the_panel_card() {
    let dir = full_study();
    let ran =
        attica(dir.path(), &["check", "panel.csv", "--unit", "city", "--time", "year", "--first-treated", "first"]);
    for line in [
        "Panel: city (12) x year (2010-2017, step 1)   N = 96 = 12 x 8   strongly balanced: yes   gaps: 0",
        "6 ever-treated, cohorts {2013: 3, 2015: 3}, never-treated 6, always-treated 0, switches off 0, pre-periods 3 (2 testable), post-periods 5",
    ] {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
}

#[test]
fn new_writes_a_study_file_that_runs() {
    for lang in ["en", "zh"] {
        let dir = folder(&[("panel.csv", sound().as_bytes())]);
        let ran = attica(dir.path(), &["new", "panel.csv", "--yes", "--lang", lang]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("{2013: 3, 2015: 3}"), "no panel card: {}", ran.stdout);
        let text = std::fs::read_to_string(dir.path().join("study.toml")).unwrap();
        assert!(text.contains("unit = \"city\"") && text.contains("first_treated = \"first\""), "{text}");
        assert_eq!(text.contains("结果") || text.contains("政策评估"), lang == "zh", "{text}");
        let ran = attica(dir.path(), &["run", "study.toml"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let again = attica(dir.path(), &["new", "panel.csv", "--yes"]);
        assert!(again.code == 2 && again.stderr.contains("E705"), "{}", again.stderr);
    }
}

#[test]
fn the_demo_finds_the_effect_that_it_simulates() {
    let dir = folder(&[]);
    let ran = attica(dir.path(), &["demo", "here"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let read: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("here/attica-out/results.json")).unwrap()).unwrap();
    let baseline = read["sections"].as_array().unwrap().iter().find(|s| s["step"] == "baseline").unwrap();
    let fit = &baseline["content"]["models"][3]["fit"]["fit"];
    assert_eq!(fit["n_obs"], 3135);
    let (estimate, se) =
        (fit["terms"][0]["estimate"].as_f64().unwrap(), fit["terms"][0]["std_error"].as_f64().unwrap());
    assert!((estimate - 0.020).abs() < 2.5 * se, "{estimate} ({se}) is far from the simulated 0.020");
    // What a strict referee must find in this design, with one lead, two cohorts and yearly controls.
    let remarks = read["referee"].as_array().unwrap();
    for rule in [
        "leads",
        "few_periods",
        "bad_controls",
        "shared_ingredients",
        "concurrent",
        "treated_as_controls",
        "neighbours",
    ] {
        assert!(remarks.iter().any(|remark| remark["rule"] == rule), "{rule} is silent: {remarks:?}");
    }
    assert!(read["simulated"].is_object() && ran.stdout.contains("Simulated"), "{}", ran.stdout);
    assert_eq!(attica(dir.path(), &["demo", "here"]).code, 0, "a second demo replaces the first");
}

#[cfg(unix)]
#[test]
fn an_interruption_leaves_nothing_behind() {
    let rest = "[placebo]\nkinds = [\"mixed\"]\ndraws = 10000000";
    let dir = folder(&[
        ("panel.csv", sound().as_bytes()),
        ("study.toml", study("first_treated = \"first\"", rest).as_bytes()),
    ]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_attica"))
        .args(["run", "study.toml"])
        .current_dir(dir.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn every_key_of_the_study_file_is_documented() {
    let page = concat!(include_str!("../../../docs/study-file.md"), include_str!("../../../docs/estimators.md"));
    let schema: Value = serde_json::from_str(&attica(Path::new("."), &["schema"]).stdout).unwrap();
    let mut missing = Vec::new();
    let mut tables = vec![("", &schema)];
    tables.extend(schema["$defs"].as_object().unwrap().iter().map(|(name, table)| (name.as_str(), table)));
    for (table, schema) in tables {
        for key in schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            if !page.contains(&format!("`{key}`"))
                && !page.contains(&format!("`[{key}]`"))
                && !page.contains(&format!("`[[{key}]]`"))
            {
                missing.push(format!("{table}.{key}"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/study-file.md and docs/estimators.md do not explain {missing:?}");
}

#[test]
fn an_audit_is_text_a_page_or_one_object_in_two_languages() {
    let paper = include_str!("../../../examples/audit-of-the-paper/paper.toml");
    let dir = folder(&[("paper.toml", paper.as_bytes()), ("bad.toml", b"[panel]\nunits = \"many\"\n")]);
    let text = attica(dir.path(), &["audit", "paper.toml"]);
    assert_eq!((text.code, text.stderr.as_str()), (0, ""));
    assert!(text.stdout.contains("nothing here proves which number is wrong") && text.stdout.contains("\nFAIL: "));
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 80));
    let chinese = attica(dir.path(), &["audit", "paper.toml", "--lang", "zh"]);
    assert!(chinese.stdout.contains("不能证明哪个数字有误"));
    let page = attica(dir.path(), &["audit", "paper.toml", "--format", "html"]);
    assert!(page.stdout.starts_with("<!DOCTYPE html>") && page.stdout.ends_with("</html>\n"));
    let object = attica(dir.path(), &["audit", "paper.toml", "--json"]);
    assert_eq!(object.stdout, attica(dir.path(), &["audit", "paper.toml", "--format", "json"]).stdout);
    let object: Value = serde_json::from_str(&object.stdout).unwrap();
    let fails = object["findings"].as_array().unwrap().iter().filter(|f| f["verdict"] == "FAIL").count();
    assert_eq!((fails, object["summary"]["en"].as_str().map(|s| s.contains("3 FAIL"))), (3, Some(true)));
    let bad = attica(dir.path(), &["audit", "bad.toml"]);
    assert_eq!(bad.code, 2);
    assert!(
        bad.stderr.contains("E602") && bad.stderr.contains("bad.toml:2") && bad.stdout.is_empty(),
        "{}",
        bad.stderr
    );
}
