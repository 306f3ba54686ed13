//! One formula that stands for many regressions: each as it is alone, in order, none lost for another one's data.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use common::{attica, folder};
use serde_json::Value;

/// Eight samples of six units in five years; the outcome of the last sample does not vary.
fn table() -> String {
    let mut text = "g,id,t,y,x\n".to_owned();
    let mut state: u64 = 7;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    for t in 0..5 {
        for unit in 0..6 {
            for g in 0..8 {
                let x = draw();
                let y = if g == 7 { 1.0 } else { f64::from(g) * x + draw() };
                text += &format!("s{g},{g}_{unit},{t},{y},{x}\n");
            }
        }
    }
    text
}

const FORMULA: &str = "y ~ x | id + t, split = ~g";

#[test]
fn samples_are_estimated_as_each_alone_and_one_that_fails_is_named() {
    let dir = folder(&[("panel.csv", table().as_bytes())]);
    let run = |args: &[&str]| attica(dir.path(), &[&["fit", FORMULA, "panel.csv", "--cluster", "id"], args].concat());
    let together = run(&["--json"]);
    assert_eq!(together.code, 0, "{}", together.stderr);
    assert_eq!(together.stdout, run(&["--json", "--threads", "1"]).stdout);
    let value: Value = serde_json::from_str(&together.stdout).unwrap();
    let models = value["models"].as_array().unwrap();
    assert_eq!(models.len(), 7);
    for (g, model) in models.iter().enumerate() {
        assert_eq!(model["formula"], format!("y ~ x | id + t, g = s{g}"));
        let only = format!("g == 's{g}'");
        let alone =
            attica(dir.path(), &["fit", "y ~ x | id + t", "panel.csv", "--cluster", "id", "--json", "--where", &only]);
        let alone: Value = serde_json::from_str(&alone.stdout).unwrap();
        for field in ["terms", "covariance", "r2_family", "se_card", "effects", "constant_absorbed", "n_obs"] {
            assert_eq!(model[field], alone[field], "{field} of {g}");
        }
    }
    let failed = value["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["formula"], &failed[0]["problem"]["id"]),
        (&"y ~ x | id + t, g = s7".into(), &"E305".into())
    );
}

#[test]
fn many_regressions_are_one_table() {
    let dir = folder(&[("panel.csv", table().as_bytes())]);
    let ran = attica(dir.path(), &["fit", FORMULA, "panel.csv", "--cluster", "id"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("g = s")).collect();
    assert_eq!(rows.len(), 7, "{}", ran.stdout);
    assert!(rows.iter().all(|row| row.split_whitespace().nth(3) == Some("x")), "{}", ran.stdout);
    assert!(ran.stderr.contains("W713 1 of 8 regressions have no estimate (g = s7): E305"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("W405").count(), 1, "each kind of warning once: {}", ran.stderr);
}

#[test]
fn what_no_sample_can_give_stops() {
    let dir = folder(&[("panel.csv", table().as_bytes())]);
    let run = |formula: &str, only: &str| attica(dir.path(), &["fit", formula, "panel.csv", "--where", only]);
    let none = run("y ~ x, split = ~g", "g == 's7'");
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    assert!(none.stderr.contains("E305"), "{}", none.stderr);
    let unknown = run("y ~ sw(x, xx), split = ~g", "t > 0");
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.contains("E603"), "{}", unknown.stderr);
}
