//! `attica export`, `attica package` and `attica verify`, as a user runs them.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod common;

use std::path::Path;
use std::process::Command;

use common::attica;

/// A Python that has the packages of the script, named by ATTICA_PYTHON or the usual one; none says so.
fn python() -> Option<String> {
    let program = std::env::var("ATTICA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&program).args(["-c", "import pyfixest, csdid"]).output();
    if has.is_ok_and(|ran| ran.status.success()) {
        return Some(program);
    }
    eprintln!("skipped: {program} has no pyfixest and csdid (set ATTICA_PYTHON to one that has)");
    None
}

/// Exports the study in `folder` to Python and runs the script: what it printed and whether it agreed. `seed` is that of
/// Python's sets.
fn reproduced(python: &str, study: &Path, folder: &Path, seed: &str) -> (bool, String) {
    let script = folder.join("again.py");
    let ran = attica(
        folder,
        &["export", &study.display().to_string(), "--to", "python", "--out", &script.display().to_string(), "--force"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = Command::new(python).arg(&script).env("PYTHONHASHSEED", seed).output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    (ran.status.success(), text)
}

#[test]
fn pyfixest_agrees_with_the_castle_study() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/castle-doctrine/study.toml");
    for seed in ["0", "1"] {
        let (agrees, text) = reproduced(&python, &study, folder.path(), seed);
        assert!(agrees && text.contains("\nagrees\n"), "{text}");
    }
    // A printed number that is not the computed one is found.
    let script = folder.path().join("again.py");
    let text = std::fs::read_to_string(&script).unwrap();
    let at = text.find("\"Castle\": (0.0").unwrap();
    std::fs::write(&script, format!("{}\"Castle\": (0.1{}", &text[..at], &text[at + 14..])).unwrap();
    let ran = Command::new(&python).arg(&script).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ran.stdout).contains("differs: baseline (1): Castle"));
}

#[test]
fn pyfixest_agrees_with_the_demo() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ran = attica(folder.path(), &["demo", "demo"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (agrees, text) = reproduced(&python, &folder.path().join("demo/study.toml"), folder.path(), "0");
    assert!(agrees && text.contains("\nagrees\n"), "{text}");
}

/// A small study in a folder of its own.
fn study() -> tempfile::TempDir {
    let study = "seed = 7\n[[data]]\nfile = \"raw/panel.csv\"\nunit = \"city\"\ntime = \"year\"\n[policy]\nfirst_treated = \"first\"\n\
                 [model]\noutcome = \"y\"\n[descriptives]\n[baseline]\n[event_study]\n[placebo]\ndraws = 99\n";
    let folder = common::folder(&[("study.toml", study.as_bytes())]);
    std::fs::create_dir(folder.path().join("raw")).unwrap();
    std::fs::write(folder.path().join("raw/panel.csv"), common::sound()).unwrap();
    folder
}

#[test]
fn a_package_is_complete_and_verifies_itself() {
    let folder = study();
    let ran = attica(folder.path(), &["package", "study.toml", "--out", "package"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let package = folder.path().join("package");
    for file in [
        "README.md",
        "LICENSE.txt",
        "study.toml",
        "master.sh",
        "master.bat",
        "master.do",
        "master.R",
        "master.py",
        "data/raw/raw/panel.csv",
        "data/derived/analysis.csv",
        "output/results.json",
        "output/tables/baseline.csv",
        "logs/run.log",
        "environment.json",
        "checksums.sha256",
    ] {
        assert!(package.join(file).is_file(), "{file} is missing");
    }
    let readme = std::fs::read_to_string(package.join("README.md")).unwrap();
    for line in
        ["- [x] Random seed 7 is set at line 1 of program study.toml.", "- [x] <10 minutes", "- [x] < 25 MBytes"]
    {
        assert!(readme.contains(line), "{line} is not in the README");
    }
    assert!(readme.contains("| study.toml | 11 | output/tables/baseline.csv |"), "{readme}");
    assert!(!readme.contains(&folder.path().display().to_string()));
    let ran = attica(folder.path(), &["verify", "package"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(" 0 differ") && ran.stdout.ends_with("reproduced\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("not listed") && !ran.stdout.contains("largest"), "{}", ran.stdout);

    // The master script's own command finds the outputs as it would write them.
    let again = ["run", "package/study.toml", "--data-dir", "package/data/raw", "--out", "package/output"];
    assert_eq!(attica(folder.path(), &again).code, 0);
    assert_eq!(attica(folder.path(), &["verify", "package"]).code, 0);
}

#[test]
fn a_package_as_a_zip_file_is_the_same_twice_and_verifies() {
    let folder = study();
    for name in ["a/p.zip", "b/p.zip"] {
        let ran = attica(folder.path(), &["package", "study.toml", "--out", name]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(read("a/p.zip") == read("b/p.zip"), "two packages of one study differ");
    let ran = attica(folder.path(), &["verify", "a/p.zip", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found["agrees"], true);
    assert!(found["results"]["compared"].as_u64().unwrap() > 500);
    let again = attica(folder.path(), &["package", "study.toml", "--out", "a/p.zip"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("E705"));
}

#[test]
fn whatever_is_changed_in_a_package_is_found() {
    let folder = study();
    assert_eq!(attica(folder.path(), &["package", "study.toml", "--out", "package"]).code, 0);
    let change = |file: &str, from: &str, to: &str| {
        let path = folder.path().join("package").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = text.replacen(from, to, 1);
        assert!(text != changed, "{from} is not in {file}");
        std::fs::write(&path, changed).unwrap();
        let ran = attica(folder.path(), &["verify", "package"]);
        std::fs::write(&path, text).unwrap();
        ran
    };
    let table = change("output/tables/baseline.csv", "N,96", "N,95");
    assert_eq!(table.code, 1, "{}{}", table.stdout, table.stderr);
    assert!(table.stdout.contains("was 95, is 96") && table.stderr.contains("E708"), "{}", table.stdout);
    let data = change("data/raw/raw/panel.csv", "c0,2010,", "c0,2010,9");
    assert_eq!(data.code, 1);
    assert!(data.stdout.contains("changed: data/raw/raw/panel.csv") && data.stdout.contains("terms[0].estimate"));
    let results = change("output/results.json", "\"n_obs\":96", "\"n_obs\":97");
    assert_eq!(results.code, 1);
    assert!(
        results.stdout.contains("n_obs: was 97.0, is 96.0") || results.stdout.contains("was 97, is 96"),
        "{}",
        results.stdout
    );
    assert_eq!(attica(folder.path(), &["verify", "package"]).code, 0);
    let nothing = attica(folder.path(), &["verify", "raw"]);
    assert_eq!(nothing.code, 2);
    assert!(nothing.stderr.contains("E521"));
}

#[test]
fn a_package_takes_no_data_from_elsewhere() {
    let folder = study();
    let text = std::fs::read_to_string(folder.path().join("study.toml")).unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let absolute = folder.path().join("raw/panel.csv").display().to_string();
    std::fs::write(inner.join("study.toml"), text.replace("raw/panel.csv", &absolute)).unwrap();
    let ran = attica(folder.path(), &["package", "inner/study.toml", "--out", "p"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("E521") && !folder.path().join("p").exists(), "{}", ran.stderr);
}
