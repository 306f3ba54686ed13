//! `attica fit` with instruments, as a user meets it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{attica, folder, noise, panel};
use serde_json::Value;

/// d is moved by z1 and z2 with `strength`.
fn table(strength: f64) -> String {
    panel("unit,year,y,d,x,z1,z2", |unit, year| {
        let [z1, z2, x, v, e] = [1, 2, 3, 4, 5].map(|salt| noise(unit, year, salt));
        let d = strength * (z1 + z2) + x + v;
        format!("{unit},{year},{},{d},{x},{z1},{z2}", 2.0 * d + v + e)
    })
}

#[test]
fn strong_instruments_are_printed_and_kept_in_json() {
    let dir = folder(&[("p.csv", table(3.0).as_bytes())]);
    let call = ["fit", "y ~ x | unit + year | d ~ z1 + z2 + I(z1 + z2)", "p.csv", "--cluster", "unit"];
    let ran = attica(dir.path(), &call);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for line in [
        "2SLS, fixed effects",
        "First stage of d",
        "First stage: partial R2",
        "Effective F (Montiel Olea-Pflueger)",
        "Kleibergen-Paap rk Wald F",
        "d = 0 (Anderson-Rubin)",
        "Anderson-Rubin 95 % confidence set",
        "The instruments are valid (Hansen J)",
        "The regressors are exogenous (Wu-Hausman)",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("\nR2 ") && !ran.stdout.contains("Adjusted R2"), "{}", ran.stdout);
    assert!(ran.stderr.contains("W308") && ran.stderr.contains("I(z1 + z2)"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("W423"), "{}", ran.stderr);

    let ran = attica(dir.path(), &[&call[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["terms"][0]["term"], "d");
    let of = &json["instruments"];
    assert_eq!(of["instruments"], serde_json::json!(["z1", "z2"]));
    let [low, high] = [0, 1].map(|end| of["confidence_set"]["pieces"][0][end].as_f64().unwrap());
    let estimate = json["terms"][0]["estimate"].as_f64().unwrap();
    assert!(low < estimate && estimate < high);
    assert!(json["r2"].is_null());
}

#[test]
fn weak_instruments_name_the_remedy_and_bad_ones_stop() {
    let dir = folder(&[("p.csv", table(0.01).as_bytes())]);
    let ran = attica(dir.path(), &["fit", "y ~ x | d ~ z1 + z2", "p.csv", "--vcov", "iid"]);
    assert!(ran.stderr.contains("W423") && ran.stderr.contains("Anderson-Rubin"), "{}", ran.stderr);
    assert!(ran.stdout.contains("Cragg-Donald Wald F") && ran.stdout.contains("Sargan"), "{}", ran.stdout);
    for (formula, more, id) in [
        ("y ~ x | unit | d ~ I(2 * x)", [].as_slice(), "E411"),
        ("y ~ x | unit | d ~ z1", ["--vcov", "HC3"].as_slice(), "E412"),
        ("y ~ x | unit | d ~ x + z1", [].as_slice(), "E605"),
        ("y ~ x | unit | d ~ z1", ["--family", "poisson"].as_slice(), "E604"),
        ("y ~ x | unit | d ~ z1", ["--cluster", "unit", "--wild", "99"].as_slice(), "E607"),
    ] {
        let ran = attica(dir.path(), &[&["fit", formula, "p.csv"], more].concat());
        assert_ne!(ran.code, 0);
        assert!(ran.stderr.contains(id), "{id}: {}", ran.stderr);
    }
}
