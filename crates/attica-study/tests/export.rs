//! Scripts for other software: what they say, that names stay names, and that R can read its own.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::path::Path;
use std::process::Command;

use attica_study::export::{Exported, Software, export};
use attica_study::studyfile::parse;

/// Twelve units in 2010-2017, half of them adopting in 2013 or 2015.
fn table(outcome: &str, control: &str, group: &str) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = format!("unit,year,first,{},{},{}\n", quote(outcome), quote(control), quote(group));
    for unit in 0..12_usize {
        let first = [Some(2013), Some(2015), None][(unit / 3).min(2)];
        for year in 2010..2018_usize {
            let noise =
                |salt: usize| (((unit * 131 + year * 17 + salt * 7919) * 2_654_435_761) % 100_003) as f64 / 100_003.0;
            let on = first.is_some_and(|first| year >= first);
            let y = unit as f64 + noise(1) + 0.5 * noise(2) + if on { 1.0 } else { 0.0 };
            let first = first.map_or(String::new(), |year| year.to_string());
            text += &format!("{unit},{year},{first},{y},{},{}\n", noise(2), quote(["east", "=west"][unit % 2]));
        }
    }
    text
}

/// The scripts of a study with these names for outcome, control and group.
fn scripts(names: [&str; 3]) -> Vec<Exported> {
    let [outcome, control, group] = names;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), table(outcome, control, group)).unwrap();
    let text = |name: &str| toml::Value::String(name.to_owned()).to_string();
    let study = format!(
        "title = {}\n[[data]]\nfile = \"data.csv\"\nunit = \"unit\"\ntime = \"year\"\n[policy]\nfirst_treated = \"first\"\n\
         [model]\noutcome = {}\ncontrols = [{}]\n[descriptives]\n[baseline]\n[event_study]\ncontrols = false\n\
         estimators = [\"twfe\", \"cs\", \"sa\", \"bjs\", \"gardner\", \"etwfe\"]\n[robustness]\nunit_trends = true\n\
         winsorise = [0.05, 0.95]\ncluster = [{}]\n[heterogeneity]\nby = {}\npermutations = 0\n[labels]\n{} = {}\n",
        text(&format!("{outcome} `=shell true' \u{202e}")),
        text(outcome),
        text(control),
        text(group),
        text(group),
        text(control),
        text(outcome)
    );
    let (file, source, _) = parse("study.toml", &study).unwrap();
    let to = [Software::Stata, Software::R, Software::Python];
    export(&file, &source, folder.path(), &to, "reproduce", &|_, _, _| {}).unwrap()
}

/// Numbers with many digits cut to four, which no processor rounds differently.
fn rounded(script: &str) -> String {
    let mut out = String::new();
    let mut number = String::new();
    for c in script.chars().chain(['\n']) {
        if c.is_ascii_digit() || c == '.' || (c == 'e' && !number.is_empty()) || (c == '-' && number.ends_with('e')) {
            number.push(c);
            continue;
        }
        match number.parse::<f64>() {
            Ok(value) if number.len() > 8 => out += &format!("{value:.4}"),
            _ => out += &number,
        }
        number.clear();
        out.push(c);
    }
    out
}

#[test]
fn scripts_say_what_they_compute() {
    let found = scripts(["y", "x", "region"]);
    for (one, name) in found.iter().zip(["stata", "r", "python"]) {
        insta::assert_snapshot!(format!("script_{name}"), rounded(&one.script));
        assert!(one.checked > 60, "{name} compares {} numbers", one.checked);
    }
    // One table of columns serves all three.
    assert!(found.iter().all(|one| one.data == found[0].data));
    let levels = String::from_utf8(found[0].levels.clone().unwrap()).unwrap();
    assert_eq!(levels, "column,code,level\nregion,1,\"'=west\"\nregion,2,\"east\"\n");
}

#[test]
fn nothing_that_a_header_holds_becomes_code() {
    let hostile = ["y\"); import os; os.system(\"true\") #", "x $HOME /* ''' */", "g\\\"); system('true'); ///"];
    for (one, mark) in scripts(hostile).iter().zip(["*", "#", "#"]) {
        // What stands between double quotes is text in all three languages.
        let outside = |line: &str| line.split('"').step_by(2).collect::<Vec<_>>().join("\"");
        let code = one.script.lines().filter(|line| !line.trim_start().starts_with(mark));
        for line in code.map(outside) {
            for word in ["import os", "os.system", "shell true", "$HOME", "system('true')", "///", "\u{202e}"] {
                assert!(!line.contains(word), "{word} in {line}");
            }
        }
        for sign in ["`=shell", "$HOME", "/*", "\u{202e}", "\"); import", "\\\""] {
            let comments = one.script.lines().filter(|line| line.trim_start().starts_with(mark));
            assert!(comments.into_iter().all(|line| !line.contains(sign)), "{sign} in a comment");
        }
    }
}

#[test]
fn r_can_parse_its_script() {
    let found = scripts(["y", "x y", "人口"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reproduce.R");
    std::fs::write(&path, &found[1].script).unwrap();
    let Some(ran) = run("Rscript", &["-e", "invisible(parse(commandArgs(TRUE)[1], encoding = 'UTF-8'))"], &path) else {
        eprintln!("skipped: Rscript is not installed");
        return;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

fn run(program: &str, args: &[&str], path: &Path) -> Option<std::process::Output> {
    Command::new(program).args(args).arg(path).output().ok()
}
