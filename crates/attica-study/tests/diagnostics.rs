//! `[diagnostics]` of a study, on the castle-doctrine example.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use attica::diagnostic::honest::Breakdown;
use attica_study::results::{Content, Decomposition, Results, Sensitivities};
use attica_study::{run, studyfile};

const STUDY: &str = r#"
[[data]]
file = "castle.csv"
unit = "state"
time = "year"

[policy]
first_treated = "first_full_year"

[model]
outcome = "l_homicide"

[baseline]
stages = [[]]

[event_study]
window     = [-6, 3]
estimators = ["twfe", "cs", "bjs"]

[diagnostics]
"#;

fn results(study: &str) -> Results {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/castle-doctrine"));
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(file.path(), study).unwrap();
    let (parsed, source, _) = studyfile::load(file.path()).unwrap();
    run::run(&parsed, &source, folder, &|_, _, _| {}).unwrap()
}

fn found(results: &Results) -> (&Sensitivities, &Decomposition) {
    let contents = || results.sections.iter().map(|section| &section.content);
    let sensitivity = contents().find_map(|c| if let Content::Sensitivity(found) = c { Some(found) } else { None });
    let decomposition = contents().find_map(|c| if let Content::Decomposition(found) = c { Some(found) } else { None });
    (sensitivity.unwrap(), decomposition.unwrap())
}

#[test]
fn comparisons_and_weights_add_up_to_the_coefficient_of_the_baseline() {
    let results = results(STUDY);
    let (_, decomposition) = found(&results);
    let baseline = results.sections.iter().find_map(|section| match &section.content {
        Content::Models(table) => match &table.models[0].fit {
            attica_study::results::Outcome::Fit(fit) => Some(fit.terms[0].estimate),
            attica_study::results::Outcome::Failed(_) => None,
        },
        _ => None,
    });
    let (bacon, weights) = (decomposition.bacon.as_ref().unwrap(), decomposition.weights.as_ref().unwrap());
    let total: f64 = bacon.rows.iter().map(|row| row.weight).sum();
    let mean: f64 = bacon.rows.iter().map(|row| row.weight * row.estimate).sum();
    assert!((total - 1.0).abs() < 1e-12 && (mean - baseline.unwrap()).abs() < 1e-10);
    let sum: f64 = weights.cells.iter().map(|cell| cell.weight).sum();
    assert!((sum - 1.0).abs() < 1e-10 && (weights.estimate - baseline.unwrap()).abs() < 1e-10);
}

#[test]
fn event_studies_are_held_against_trends_where_their_leads_allow_it() {
    let results = results(STUDY);
    let (sensitivity, _) = found(&results);
    let names: Vec<&str> = sensitivity.studies.iter().map(|one| one.estimator.as_str()).collect();
    assert_eq!(names, ["twfe", "cs"]);
    assert_eq!(sensitivity.failed.iter().map(|one| one.estimator.as_str()).collect::<Vec<_>>(), ["bjs"]);
    for one in &sensitivity.studies {
        let relative = one.relative.as_ref().unwrap();
        // No violation at all is parallel trends, and larger ones never shorten the interval.
        let widths: Vec<f64> = relative.intervals.iter().map(|i| i.conf_high.unwrap() - i.conf_low.unwrap()).collect();
        assert!(widths.windows(2).all(|two| two[0] <= two[1] + 1e-9), "{widths:?}");
        if let Breakdown::At(m) = relative.breakdown {
            let excluded = |i: &&attica::diagnostic::honest::Interval| i.excludes_zero();
            assert!(relative.intervals.iter().filter(excluded).all(|i| i.m <= m + 1e-9));
        }
        let slopes: Vec<f64> = one.power.iter().map(|d| d.slope).collect();
        assert!(slopes[0] < slopes[1] && slopes[2] < slopes[3], "{slopes:?}");
    }
}

#[test]
fn controls_and_sizes_that_cannot_be_are_told() {
    let with_controls =
        STUDY.replace("[model]\n", "[model]\ncontrols = [\"unemployrt\"]\neffects = [\"state\", \"region^year\"]\n");
    let results = results(&with_controls);
    let (_, decomposition) = found(&results);
    assert!(decomposition.bacon.is_none() && decomposition.weights.is_some());
    assert_eq!(decomposition.failed[0].1.id, "E607");
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(file.path(), STUDY.to_owned() + "relative = [1, 0]\n").unwrap();
    let problems = studyfile::load(file.path()).unwrap_err();
    assert!(problems.iter().any(|p| p.id == "E607" && p.message.contains("relative")), "{problems:?}");
}
