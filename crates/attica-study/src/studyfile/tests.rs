#![allow(clippy::unwrap_used, clippy::print_stderr)]

use super::*;

const SMALL: &str = r#"
[[data]]
file = "panel.csv"
unit = "city"
time = "year"

[policy]
first_treated = "first"

[model]
outcome = "y"
"#;

fn problems(text: &str) -> Vec<String> {
    parse("study.toml", text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_small_file_runs_the_standard_steps() {
    let (file, ..) = parse("study.toml", SMALL).unwrap();
    assert!(file.descriptives.is_some() && file.baseline.is_some() && file.placebo.is_some());
    assert_eq!(file.event_study.unwrap().references(0), [-1]);
    assert!(file.robustness.is_none());
}

#[test]
fn a_heading_alone_runs_one_step() {
    let (file, ..) = parse("study.toml", &format!("{SMALL}\n[baseline]\n")).unwrap();
    assert!(file.baseline.is_some() && file.placebo.is_none());
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let found = problems(&SMALL.replace("outcome =", "outcom =").replace("[policy]", "[policy]\nclstr = 1"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("E601 study.toml:8:1") && found[0].contains("\"clstr\""), "{}", found[0]);
    assert!(found[1].contains("study.toml:12:1") && found[1].contains("did you mean \"outcome\""), "{}", found[1]);
}

#[test]
fn a_key_under_the_wrong_heading_is_sent_home() {
    let found = problems(&SMALL.replace("[policy]", "[policy]\ncontrols = [\"x\"]"));
    assert!(found[0].contains("\"controls\" belongs in [model]"), "{}", found[0]);
}

#[test]
fn all_wrong_types_are_collected() {
    let text = format!(
        "seed = \"a\"\n{SMALL}controls = \"x\"\nssc = \"reghfde\"\n[placebo]\ndraws = 0\nkinds = [\"units\"]\n"
    );
    let found = problems(&text);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found[0].contains("study.toml:1:8") && found[0].contains("whole number"), "{}", found[0]);
    assert!(found.iter().any(|p| p.contains("a list of texts")), "{found:?}");
    assert!(found.iter().any(|p| p.contains("did you mean \"reghdfe\"")), "{found:?}");
    assert!(found.iter().any(|p| p.contains("of at least 1") || p.contains("between 1")), "{found:?}");
    assert!(found.iter().any(|p| p.contains("did you mean \"unit\"")), "{found:?}");
}

#[test]
fn a_misspelt_setting_of_an_index_is_not_a_dimension() {
    let found = problems(&format!("{SMALL}[index.N]\nmetod = \"entropy\"\nlabour = [\"+wage\"]\n"));
    assert!(found[0].contains("E601") && found[0].contains("\"method\""), "{found:?}");
}

#[test]
fn roles_may_not_overlap() {
    let found = problems(&format!("{SMALL}controls = [\"x\", \"y\", \"x\"]\n"));
    assert!(found[0].starts_with("E605 study.toml:12:18") && found[0].contains("the outcome"), "{}", found[0]);
    assert!(found[1].contains("a control already"), "{}", found[1]);
}

#[test]
fn impossible_windows_are_named() {
    for (window, says) in [
        ("window = [4, -4]", "ends before"),
        ("window = [1, 4]", "both sides"),
        ("window = [-2, 4]\nreference = -3", "outside the window"),
    ] {
        let found = problems(&format!("{SMALL}[event_study]\n{window}\n"));
        assert!(found[0].starts_with("E607") && found[0].contains(says), "{found:?}");
    }
}

#[test]
fn a_newer_version_is_refused_at_once() {
    let found = problems(&format!("version = 2\nunknown = 1\n{SMALL}"));
    assert!(found.len() == 1 && found[0].contains("E608"), "{found:?}");
}

#[test]
fn an_old_name_still_works_and_is_told() {
    let text = SMALL.replace("[policy]\nfirst_treated = \"first\"", "[treatment]\ngroup = \"pilot\"\nstart = 2011");
    let (file, _, warnings) = parse("study.toml", &text).unwrap();
    assert_eq!((file.policy.treated.as_deref(), file.policy.from), (Some("pilot"), Some(2011.0)));
    assert!(warnings.len() == 3 && warnings.iter().all(|w| w.id == "W609"));
}

#[test]
fn what_is_not_toml_points_at_the_line() {
    let found = problems("title = \"open\n[model]\n");
    assert!(found[0].contains("study.toml:1:"), "{found:?}");
}

#[test]
fn unknown_columns_are_all_found_with_the_nearest_names() {
    let (file, source, _) = parse("study.toml", &format!("{SMALL}controls = [\"gpd\", \"year2\"]\n")).unwrap();
    let found = columns(&file, &source, &["city", "year", "first", "y", "gdp"]);
    assert_eq!(found.len(), 2);
    assert!(
        found[0].id == "E603" && found[0].place.line == Some(12) && found[0].fix.as_deref().unwrap().contains("gdp")
    );
}

#[test]
fn a_list_of_groups_is_a_list() {
    let (file, ..) =
        parse("s", &format!("{SMALL}[heterogeneity]\nby = [\"region\", {{ variable = \"gdp\" }}]\n")).unwrap();
    let by = file.heterogeneity.unwrap().by;
    assert!(matches!(by.as_slice(), [By::Column(c), By::Cut(cut)] if c == "region" && cut.variable == "gdp"));
    let (file, ..) = parse("s", &format!("{SMALL}[heterogeneity]\nby = [\"region\"]\n")).unwrap();
    assert!(matches!(file.heterogeneity.unwrap().by.as_slice(), [By::Column(_)]));
}

#[test]
fn signs_give_directions() {
    let (file, ..) = parse("s", &format!("{SMALL}[index.N]\na = [\"+x\", \"-z\", \"w\", \"−v\"]\n")).unwrap();
    let listed: Vec<(&str, bool)> = indicators(&file.index["N"]).iter().map(|(_, c, up)| (*c, *up)).collect();
    assert_eq!(listed, [("x", true), ("z", false), ("w", true), ("v", false)]);
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn walk(value: &serde_json::Value, path: &str, bare: &mut Vec<String>) {
        if let Some(properties) = value.get("properties").and_then(|p| p.as_object()) {
            for (key, inner) in properties {
                if inner.get("description").is_none() {
                    bare.push(format!("{path}.{key}"));
                }
            }
        }
        for (key, inner) in value.as_object().into_iter().flatten() {
            walk(inner, &format!("{path}.{key}"), bare);
        }
    }
    let mut bare = Vec::new();
    walk(&schema(), "", &mut bare);
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn the_sketch_of_the_paper_parses() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/study-example.toml");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: {path} is absent");
        return;
    };
    let text = text.replace("[\"twfe\", \"cs\", \"sa\", \"bjs\"]", "[\"twfe\"]");
    let parsed = parse("study.toml", &text);
    assert!(parsed.is_ok(), "{:#?}", parsed.unwrap_err());
}
