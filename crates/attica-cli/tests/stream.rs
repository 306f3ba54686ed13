//! `attica fit --stream` prints what `attica fit` prints.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::path::Path;

use common::{attica, folder, sound};

#[test]
fn a_real_file_in_passes_gives_the_answer_of_memory() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = shared.join("more/staggered_pj_officers/staggered_pj_officers.parquet");
    let Ok(path) = path.canonicalize() else {
        eprintln!("skipped: {} is not here", path.display());
        return;
    };
    let (dir, path) = (folder(&[]), path.to_str().unwrap());
    let formula = "complaints ~ force + sustained + I(period >= first_trained) | uid + month";
    let arguments =
        ["fit", formula, path, "--cluster", "uid", "--where", "period > 10", "--lincom", "force - sustained", "--json"];
    let whole = attica(dir.path(), &arguments);
    let streamed = attica(dir.path(), &[&arguments[..], &["--stream"]].concat());
    assert_eq!((whole.code, streamed.code), (0, 0), "{}{}", whole.stderr, streamed.stderr);
    assert!(streamed.stderr.contains("Plan: 3 passes over 560520 rows, 7 of 12 columns"), "{}", streamed.stderr);
    let of = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let (whole, streamed) = (of(&whole.stdout), of(&streamed.stdout));
    for key in ["n_obs", "n_clusters", "k", "ledger", "effects", "omitted", "vcov", "ssc", "formula"] {
        assert_eq!(whole[key], streamed[key], "{key}");
    }
    for list in ["terms", "lincom"] {
        for (a, b) in whole[list].as_array().unwrap().iter().zip(streamed[list].as_array().unwrap()) {
            for key in ["estimate", "std_error"] {
                let (a, b) = (a[key].as_f64().unwrap(), b[key].as_f64().unwrap());
                assert!((a / b - 1.0).abs() < 1e-10, "{list}: {key} is {a} in memory and {b} in passes");
            }
        }
    }
}

/// The panel of a real file, in passes and in memory: the whole output.
#[test]
fn did_in_passes_prints_what_did_prints() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = shared.join("more/staggered_pj_officers/staggered_pj_officers.parquet");
    let Ok(path) = path.canonicalize() else {
        eprintln!("skipped: {} is not here", path.display());
        return;
    };
    let dir = folder(&[]);
    let arguments = "--outcome complaints --unit uid --time period --first-treated first_trained --never 100 --estimator twfe --window -6,6 --test leads --lincom post --json";
    let arguments: Vec<&str> = ["did", path.to_str().unwrap()].into_iter().chain(arguments.split(' ')).collect();
    let of = |more: &[&str]| attica(dir.path(), &[&arguments[..], more].concat());
    let (whole, streamed) = (of(&[]), of(&["--stream"]));
    assert_eq!((whole.code, streamed.code), (0, 0), "{}{}", whole.stderr, streamed.stderr);
    assert!(streamed.stderr.contains("Plan: a first pass over 560520 rows"), "{}", streamed.stderr);
    let of = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let (whole, streamed) = (of(&whole.stdout), of(&streamed.stdout));
    assert_eq!(whole["treatment"], streamed["treatment"]);
    let (a, b) = (&whole["estimators"][0], &streamed["estimators"][0]);
    for key in ["n_obs", "n_units", "n_treated_units", "ledger", "periods", "warnings"] {
        assert_eq!(a[key], b[key], "{key}");
    }
    let (mut compared, mut apart) = (0, 0.0_f64);
    for list in [["overall"].as_slice(), &["lincom", "0"], &["tests", "0"], &["event_study", "leads"]] {
        let pointer = format!("/{}", list.join("/"));
        let (a, b) = (a.pointer(&pointer).unwrap(), b.pointer(&pointer).unwrap());
        for key in ["estimate", "std_error", "statistic", "p_value"] {
            if let (Some(a), Some(b)) = (a[key].as_f64(), b[key].as_f64()) {
                (compared, apart) = (compared + 1, apart.max((a / b - 1.0).abs()));
            }
        }
    }
    assert!(compared >= 10 && apart < 1e-9, "{compared} {apart:e}");
}

#[test]
fn what_cannot_be_streamed_is_refused_before_anything_is_read() {
    let dir = folder(&[("panel.csv", sound().as_bytes()), ("broken.parquet", b"PAR1 no more")]);
    let id = |arguments: &[&str]| {
        let ran = attica(dir.path(), &[&["fit", "y ~ x | city + year"], arguments, &["--stream", "--json"]].concat());
        let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        (ran.code, found["problems"][0]["id"].as_str().unwrap().to_owned())
    };
    assert_eq!(id(&["panel.csv"]), (2, "E731".to_owned()));
    assert_eq!(id(&["broken.parquet"]), (2, "E520".to_owned()));
    assert_eq!(id(&["none.parquet"]), (2, "E521".to_owned()));
    let did = "did none.parquet --outcome y --unit city --time year --first-treated g --stream --json";
    for more in [
        "--controls x",
        "--weights w",
        "--cluster region",
        "--bootstrap 99",
        "--wild 99",
        "--placebo 99",
        "--diagnostics bacon",
        "--estimator sdid",
        "--estimator all",
        "--option bjs.leave_out=true --estimator bjs",
    ] {
        let arguments: Vec<&str> = did.split(' ').chain(more.split(' ')).collect();
        let ran = attica(dir.path(), &arguments);
        let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.code, found["problems"][0]["id"].as_str()), (2, Some("E731")), "{more}: {found}");
    }
}
