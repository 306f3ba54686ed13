//! What the README shows works.

use attica_study::studyfile;

#[test]
fn the_study_file_of_the_readme_is_read_without_a_warning() {
    let readme = include_str!("../../../README.md");
    let block = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let block = block.expect("the README shows a study file");
    let (file, _, warnings) = studyfile::parse("README.md", block).expect("the README's study file is valid");
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(file.model.outcome.as_slice(), ["NPRO"]);
    assert!(file.baseline.is_some() && file.event_study.is_some() && file.placebo.is_some());
}
