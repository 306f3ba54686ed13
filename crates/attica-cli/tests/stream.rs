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
}
