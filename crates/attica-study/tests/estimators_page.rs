//! `docs/estimators.md` says what is registered and what can be asked of it: it is written from the registry and the
//! schema. `ATTICA_WRITE_DOCS=1 cargo test -p attica-study --test estimators_page` writes it again.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use attica::estimator::ESTIMATORS;
use attica::estimator::options::Options;
use serde_json::{Map, Value};

const HEAD: &str = r#"# Estimators and their options

Every estimator runs behind one call: `estimators = ["cs", "sa"]` or `"all"` under `[event_study]` of a [study file](study-file.md), or
`attica did DATA ... --estimator cs,sa`. Those that need dates of adoption refuse a dose, and leave out units whose treatment ends
(counted, `W202`); the others take any treatment.

"#;

const OPTIONS: &str = "
Options are asked for in one place for all: `[estimators]` of a study file, flags or `--option key=value` of `attica did`. An estimator
without such a choice passes an option over; its page says what it takes.

| key | default | meaning |
|---|---|---|
";

/// Lines of the properties of a table of the schema; `prefix` stands before their keys.
fn properties(root: &Value, table: &Value, defaults: &Value, prefix: &str, lines: &mut String) {
    let none = Map::new();
    for (key, property) in table["properties"].as_object().unwrap_or(&none) {
        let default = &defaults[key];
        if let Some(inner) = inner_table(root, property) {
            properties(root, inner, default, &format!("{prefix}{key}."), lines);
            continue;
        }
        let said =
            property["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let default = if default.is_null() { String::new() } else { format!("`{default}`") };
        let name = if prefix.is_empty() {
            format!("`{key}`")
        } else {
            format!("`{prefix}{key}` (`{key}` under `[estimators.{}]`)", prefix.trim_end_matches('.'))
        };
        writeln!(lines, "| {name} | {default} | {} |", said.replace('|', "\\|")).unwrap();
    }
}

/// The schema of a table in a table, if `property` is one.
fn inner_table<'a>(root: &'a Value, property: &'a Value) -> Option<&'a Value> {
    let name = property["$ref"].as_str().or_else(|| property["allOf"][0]["$ref"].as_str())?;
    root.pointer(name.strip_prefix('#')?).filter(|schema| schema["properties"].is_object())
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page += "| name | estimator | source | treatment |\n|---|---|---|---|\n";
    for one in ESTIMATORS {
        let (name, about) = (one.name(), one.about());
        let takes = if one.needs_dates() { "dates of adoption" } else { "any" };
        writeln!(page, "| [`{name}`](methods/{name}.md) | {} | {} | {takes} |", about.title.en, about.reference)
            .unwrap();
    }
    page += OPTIONS;
    let schema = schemars::schema_for!(Options).to_value();
    let defaults = serde_json::to_value(Options::default()).unwrap();
    properties(&schema, &schema, &defaults, "", &mut page);
    page
}

#[test]
fn the_page_says_what_is_registered() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/estimators.md");
    if std::env::var_os("ATTICA_WRITE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/estimators.md is not what the registry says; the head of this file tells how to write it"
    );
}
