//! `[matching]` of a study: exact identities, and fits on samples made by hand.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;

use attica::fit::FitRecord;
use attica_study::results::{Content, Matching, Models, Outcome, Results};
use attica_study::{run, studyfile};

const HEAD: &str = r#"
[[data]]
file = "panel.csv"
unit = "unit"
time = "year"

[policy]
first_treated = "first"

[model]
outcome = "y"
controls = ["x"]

[baseline]
stages = [["x"]]
"#;

/// Six treated units and their neighbours in `x`; the treated at 3 and 3.02 share the control at 3.01, so its weight is 2.
/// The treated at 9 has no control above it, and two controls have no treated unit beside them.
const UNITS: [(f64, bool, f64); 16] = [
    (0.0, true, 1.0),
    (1.0, true, 1.0),
    (2.0, true, 1.0),
    (3.0, true, 1.0),
    (3.02, true, 1.0),
    (9.0, true, 0.0),
    (0.01, false, 1.0),
    (1.01, false, 1.0),
    (2.01, false, 1.0),
    (3.01, false, 2.0),
    (-0.6, false, 0.0),
    (-0.9, false, 0.0),
    (4.6, false, 0.0),
    (5.0, false, 0.0),
    (-1.4, false, 0.0),
    (6.0, false, 0.0),
];

/// Eight years from 2001; the treated adopt in 2005. `x` and `z` move after 2004, which matching in 2004 must not see.
fn rows() -> Vec<String> {
    let mut rows = Vec::new();
    for (u, (x, treated, weight)) in UNITS.iter().enumerate() {
        for t in 0..8 {
            let (unit, year) = (u as f64, f64::from(t));
            let noise = (unit * 12.9898 + year * 78.233).sin();
            let own = if t == 3 { *x } else { x + 0.2 * (unit + 1.7 * year).cos() };
            let z = (unit * 2.3).sin() + 0.1 * year;
            let effect = if *treated && t >= 4 { 0.5 + 0.1 * year } else { 0.0 };
            let y = 0.3 * own + 0.2 * z * year + 0.1 * unit + effect + noise;
            let first = if *treated { "2005" } else { "" };
            rows.push(format!("{},{},{first},{y},{own},{z},{weight},{}", u + 1, 2001 + t, 1.0 + 0.1 * unit));
        }
    }
    rows
}

fn study(rows: &[String], text: &str) -> Results {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = "unit,year,first,y,x,z,w,pop\n".to_owned();
    for row in rows {
        writeln!(csv, "{row}").unwrap();
    }
    std::fs::write(folder.path().join("panel.csv"), csv).unwrap();
    let path = folder.path().join("study.toml");
    std::fs::write(&path, text).unwrap();
    let (file, source, _) = studyfile::load(&path).unwrap_or_else(|problems| panic!("{problems:?}"));
    run::run(&file, &source, folder.path(), &|_, _, _| {}).unwrap()
}

fn matched(text: &str) -> Results {
    study(&rows(), &format!("{HEAD}[matching]\n{text}"))
}

fn details(results: &Results) -> &Matching {
    let sections = results.sections.iter();
    let mut found = sections.filter_map(|s| if let Content::Matching(found) = &s.content { Some(found) } else { None });
    found.next().unwrap()
}

fn table<'a>(results: &'a Results, id: &str) -> &'a Models {
    let found = |content: &'a Content| if let Content::Models(table) = content { Some(table) } else { None };
    results.sections.iter().filter_map(|section| found(&section.content)).find(|table| table.id == id).unwrap()
}

fn fit<'a>(results: &'a Results, id: &str, head: &str) -> &'a FitRecord {
    let model = table(results, id).models.iter().find(|model| model.head.en == head).unwrap();
    match &model.fit {
        Outcome::Fit(fit) => fit,
        Outcome::Failed(problem) => panic!("{problem:?}"),
    }
}

fn same(a: &FitRecord, b: &FitRecord) {
    assert_eq!((a.n_obs, a.n_units), (b.n_obs, b.n_units));
    for (a, b) in a.terms.iter().zip(&b.terms) {
        assert!((a.estimate - b.estimate).abs() < 1e-12 && (a.std_error - b.std_error).abs() < 1e-12, "{a:?} {b:?}");
    }
}

#[test]
fn columns_are_the_fits_on_samples_made_by_hand() {
    let results = matched("covariates = [\"x\"]\n");
    let found = &details(&results).timings[0];
    let one = &found.matches[0];
    assert_eq!((found.base, found.treated, found.controls), (Some(2004.0), 6, 10));
    assert_eq!((one.treated, one.controls, one.off_support, one.no_match), (5, 4, Some(1), 0));
    for (u, (x, _, weight)) in UNITS.iter().enumerate() {
        let own = one.weights.iter().find(|own| own.unit == (u + 1).to_string()).map_or(0.0, |own| own.weight);
        assert!((own - weight).abs() < 1e-12, "{x}: {own}");
    }
    let alone = |lines: &str, model: &str| {
        let text = format!("where = \"{lines}\"\n{}", HEAD.replace("[baseline]", &format!("{model}\n[baseline]")));
        study(&rows(), &text)
    };
    same(fit(&results, "matching", "Nearest 1:1, matched"), fit(&alone("w > 0", ""), "baseline", ""));
    same(fit(&results, "matching", "Common support"), fit(&alone("unit != 6", ""), "baseline", ""));
    let weighted = alone("w > 0", "weights = { column = \"w\" }");
    same(fit(&results, "matching", "Nearest 1:1, weighted"), fit(&weighted, "baseline", ""));
    same(fit(&results, "matching", "Baseline"), fit(&results, "baseline", ""));
    // Every row and every unit is accounted for.
    let record = fit(&results, "matching", "Nearest 1:1, matched");
    assert_eq!((record.ledger.read, record.ledger.used, record.ledger.dropped[0].rows), (128, 72, 56));
    assert_eq!((one.ledger.read, one.ledger.used), (16, 9));
    assert_eq!(one.ledger.dropped.iter().map(|drop| drop.rows).collect::<Vec<_>>(), [1, 6]);
}

#[test]
fn the_studys_own_weights_multiply_those_of_the_match() {
    let head = HEAD.replace("[baseline]", "weights = { column = \"pop\" }\n[baseline]");
    let results = study(&rows(), &format!("{head}[matching]\ncovariates = [\"x\"]\n"));
    let text = HEAD.replace("[policy]", "[variables]\nboth = \"w * pop\"\n\n[policy]");
    let text = text.replace("[baseline]", "weights = { column = \"both\" }\n[baseline]");
    let by_hand = study(&rows(), &format!("where = \"w > 0\"\n{text}"));
    same(fit(&results, "matching", "Nearest 1:1, weighted"), fit(&by_hand, "baseline", ""));
    assert_eq!(results.labels["matching weight × pop"].en, "matching weight × pop");
}

/// Sixty units over eight years from 2001; the first fourteen adopt in 2005.
fn many() -> Vec<String> {
    let mut rows = Vec::new();
    for u in 0..60 {
        for t in 0..8 {
            let (unit, year, treated) = (f64::from(u), f64::from(t), u < 14);
            let moved = if t == 3 { 0.0 } else { 0.2 * (unit + 1.7 * year).cos() };
            let x = (unit * 2.7).sin() + if treated { 0.4 } else { 0.0 } + moved;
            let z = (unit * 1.3).cos() + 0.1 * year;
            let effect = if treated && t >= 4 { 0.5 + 0.1 * year } else { 0.0 };
            let y = 0.3 * x + 0.2 * z * year + 0.1 * unit + effect + (unit * 12.9898 + year * 78.233).sin();
            let first = if treated { "2005" } else { "" };
            rows.push(format!("{},{},{first},{y},{x},{z},1,1", u + 1, 2001 + t));
        }
    }
    rows
}

/// Computed with statsmodels 0.15.0 by hand: `Logit` of ever treated on x and z in 2004, the weights of psmatch2's rules in
/// numpy from its probabilities, and `WLS` on did, x and dummies of units and years with `cov_type="cluster"`.
#[test]
fn scores_weights_and_effects_are_those_of_statsmodels() {
    let head = HEAD.replace("[baseline]", "ssc = \"areg\"\n[baseline]");
    let text = "[matching]\nmethod = [\"nearest\", \"kernel\"]\nneighbours = 3\ncovariates = [\"x\", \"z\"]\n";
    let results = study(&many(), &format!("{head}{text}"));
    for (column, estimate, std_error, rows) in [
        ("Common support", 1.087996496040946, 0.1967284546248146, 456),
        ("Nearest 1:3, matched", 1.1519259809978588, 0.22060783004413592, 288),
        ("Nearest 1:3, weighted", 1.1659256566392637, 0.2153306655266935, 288),
        ("Kernel 0.06, weighted", 1.1038949806464646, 0.19659128071465254, 456),
    ] {
        let found = fit(&results, "matching", column);
        let term = &found.terms[0];
        assert_eq!(found.n_obs, rows);
        assert!((term.estimate - estimate).abs() < 1e-8, "{column}: {}", term.estimate);
        assert!((term.std_error - std_error).abs() < 1e-7, "{column}: {}", term.std_error);
    }
    let [nearest, kernel] = &details(&results).timings[0].matches[..] else { panic!("two matches") };
    assert_eq!((nearest.treated, nearest.controls, nearest.off_support), (11, 25, Some(3)));
    assert!((nearest.effective_controls - 21.352941176470598).abs() < 1e-8);
    let biases = [(53.09613269414098, 5.936374075880922), (-7.586066486298338, 3.1690572983003897)];
    for (row, (before, after)) in kernel.balance.rows.iter().zip(biases) {
        assert!((row.before.bias.unwrap() - before).abs() < 1e-8 && (row.after.bias.unwrap() - after).abs() < 1e-6);
    }
}

#[test]
fn entropy_weights_give_controls_the_means_and_variances_of_the_treated() {
    let rows = many();
    for moments in [1, 2] {
        let text =
            format!("{HEAD}[matching]\nmethod = \"entropy\"\ncovariates = [\"x\", \"z\"]\nmoments = {moments}\n");
        let results = study(&rows, &text);
        let one = &details(&results).timings[0].matches[0];
        assert_eq!(one.balance.rows.len(), 2);
        for column in [4, 5] {
            // From the file itself, in the base period.
            let value = |unit: &str| -> f64 {
                let row = rows.iter().find(|row| row.starts_with(&format!("{unit},2004,"))).unwrap();
                row.split(',').nth(column).unwrap().parse().unwrap()
            };
            let mean = |treated: bool, of: &dyn Fn(f64) -> f64| {
                let own = || one.weights.iter().filter(|own| own.treated == treated);
                own().map(|own| own.weight * of(value(&own.unit))).sum::<f64>()
                    / own().map(|own| own.weight).sum::<f64>()
            };
            let (a, b) = (mean(true, &|x| x), mean(false, &|x| x));
            assert!((a - b).abs() < 1e-8, "{a} {b}");
            let [v, w] = [true, false].map(|side| mean(side, &|x| (x - a) * (x - a)));
            assert_eq!((v - w).abs() < 1e-8, moments == 2, "{v} {w}");
        }
        let heads: Vec<&str> = table(&results, "matching").models.iter().map(|model| model.head.en.as_str()).collect();
        let name =
            if moments == 1 { "Entropy balancing, weighted" } else { "Entropy balancing, variances too, weighted" };
        assert_eq!(heads, ["Baseline", name]);
    }
}

#[test]
fn every_timing_and_method_has_its_columns_and_warnings() {
    let results = matched(
        "method = [\"nearest\", \"radius\", \"kernel\", \"mahalanobis\"]\ntiming = [\"base\", \"yearly\", \"pooled\"]\n\
         covariates = [\"x\"]\nradius = 0.2\nbandwidth = 0.2\nneighbours = [1, 2]\n",
    );
    let found = details(&results);
    assert_eq!(found.timings.len(), 3);
    let ids = |at: usize| -> Vec<&str> {
        found.timings[at].matches.iter().flat_map(|one| &one.warnings).map(|warning| warning.id.as_str()).collect()
    };
    assert!(ids(1).contains(&"W862") && ids(2).contains(&"W861") && !ids(0).contains(&"W861"));
    for timed in &found.timings {
        assert_eq!(timed.matches.len(), 6);
        for one in &timed.matches {
            let (ledger, used) = (&one.ledger, one.treated + one.controls);
            assert_eq!(ledger.used, used);
            assert_eq!(ledger.read, used + ledger.dropped.iter().map(|drop| drop.rows).sum::<usize>());
            assert_eq!(one.weights.is_empty(), timed.base.is_none());
            assert_eq!(one.off_support.is_none(), !one.method.by_score());
        }
    }
    // Baseline; for each timing support, and two columns for each match.
    assert_eq!(table(&results, "matching").models.len(), 1 + 3 * (1 + 6 * 2));
    let heads: Vec<&str> = table(&results, "matching").models.iter().map(|model| model.head.zh.as_str()).collect();
    assert!(heads.contains(&"最近邻1:2（混合，加权）") && heads.contains(&"共同支撑（逐期）"), "{heads:?}");
}

#[test]
fn a_score_that_does_not_exist_leaves_the_other_methods() {
    let apart: Vec<String> =
        rows().iter().map(|row| format!("{row},{}", if row.contains(",2005,") { 5.0 } else { 0.0 })).collect();
    let folder = tempfile::tempdir().unwrap();
    let csv = format!("unit,year,first,y,x,z,w,pop,apart\n{}\n", apart.join("\n"));
    std::fs::write(folder.path().join("panel.csv"), csv).unwrap();
    let path = folder.path().join("study.toml");
    let text = format!("{HEAD}[matching]\nmethod = [\"kernel\", \"mahalanobis\"]\ncovariates = [\"x\", \"apart\"]\n");
    std::fs::write(&path, text).unwrap();
    let (file, source, _) = studyfile::load(&path).unwrap();
    let results = run::run(&file, &source, folder.path(), &|_, _, _| {}).unwrap();
    let models = &table(&results, "matching").models;
    let failed = |at: usize| if let Outcome::Failed(problem) = &models[at].fit { problem.id.as_str() } else { "" };
    assert_eq!((failed(1), failed(2), models.len()), ("E860", "", 4));
    assert_eq!(details(&results).timings[0].matches.len(), 1);
}

#[test]
fn the_order_of_rows_decides_nothing() {
    let text = format!(
        "{HEAD}[matching]\nmethod = [\"nearest\", \"mahalanobis\", \"entropy\"]\ncovariates = [\"x\", \"z\"]\n"
    );
    let given = many();
    let mut shuffled = given.clone();
    shuffled.sort_by_key(|row| row.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())));
    assert_ne!(given, shuffled);
    let sections = |rows: &[String]| {
        let results = study(rows, &text);
        let own = results.sections.into_iter().filter(|section| section.step == "matching");
        own.map(|section| serde_json::to_string(&section).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(sections(&given), sections(&shuffled));
}

#[test]
fn what_cannot_be_asked_is_told_with_its_place_and_what_to_do() {
    let says = |text: &str| -> String {
        let problems = studyfile::parse("study.toml", &format!("{HEAD}[matching]\n{text}\n")).unwrap_err();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (text, id, word) in [
        ("method = \"neerest\"", "E602", "did you mean \"nearest\""),
        ("method = [\"kernel\", \"mahalonobis\"]", "E602", "did you mean \"mahalanobis\""),
        ("timing = \"pool\"", "E602", "\"pool\" is not one of base, yearly, pooled"),
        ("covariate = [\"x\"]", "E601", "did you mean \"covariates\""),
        ("neighbours = 0", "E607", "neighbours = 0"),
        ("neighbours = [1, 1]", "E607", "twice"),
        ("neighbours = \"two\"", "E602", "whole number"),
        ("caliper = -0.1", "E607", "caliper = -0.1"),
        ("radius = 0.05", "E607", "radius is not used by this nearest matching"),
        ("method = \"kernel\"\nreplacement = false", "E607", "replacement is not used"),
        ("method = \"entropy\"\nmoments = 3", "E602", "between 1 and 2"),
        ("method = [\"nearest\", \"mahalanobis\"]\ncaliper = 0.1", "E607", "no number is both"),
        ("timing = \"pooled\"\nbase = 2004", "E607", "base is not used by this timing"),
        ("covariates = [\"DID\"]", "E605", "also the policy"),
        ("covariates = [\"unit\"]", "E605", "also the unit"),
        ("timing = \"yearly\"\ncovariates = [\"y\"]", "E605", "also the outcome"),
        ("method = []", "E607", "method is empty"),
    ] {
        let said = says(text);
        assert!(said.contains(id) && said.contains(word) && said.contains("study.toml:1"), "{text}: {said}");
    }
    let none = HEAD.replace("controls = [\"x\"]\n", "").replace("stages = [[\"x\"]]", "stages = [[]]");
    let problems = studyfile::parse("study.toml", &format!("{none}[matching]\n")).unwrap_err();
    assert!(problems[0].id == "E607" && problems[0].message.contains("nothing to match on"), "{problems:?}");
    assert!(studyfile::parse("study.toml", &format!("{HEAD}[matching]\ncovariates = [\"y\"]\n")).is_ok());
}
