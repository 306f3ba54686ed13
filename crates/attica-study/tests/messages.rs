//! The catalogue of messages and the code know the same ids.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rust sources below `folder`, tests and fixtures aside.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && name != "tests.rs" && name != "fixture.rs" {
            found.push(path);
        }
    }
}

/// Ids in `text` that stand between `open` and `close`: a letter and three digits.
fn ids(text: &str, open: &str, close: &str) -> BTreeSet<String> {
    text.match_indices(open)
        .filter_map(|(at, _)| {
            let rest = &text[at + open.len()..];
            let id = rest.get(..4)?;
            let is_id = id.starts_with(['E', 'W', 'N']) && id[1..].bytes().all(|byte| byte.is_ascii_digit());
            (is_id && rest[4..].starts_with(close)).then(|| id.to_owned())
        })
        .collect()
}

#[test]
fn the_catalogue_lists_every_id_that_the_code_uses_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for crate_folder in fs::read_dir(root.join("crates")).into_iter().flatten().flatten() {
        sources(&crate_folder.path().join("src"), &mut files);
    }
    assert!(files.len() > 20, "the sources are not where this test looks");
    let used: BTreeSet<String> = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|text| {
            // A module of tests ends its file.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            ids(&code, "\"", "\"")
        })
        .collect();
    let catalogue = fs::read_to_string(root.join("docs/messages.md")).unwrap_or_default();
    let listed = ids(&catalogue, "\n| ", " |");
    let missing: Vec<_> = used.difference(&listed).collect();
    assert!(missing.is_empty(), "docs/messages.md does not list {missing:?}");
    let unused: Vec<_> = listed.difference(&used).collect();
    assert!(unused.is_empty(), "docs/messages.md lists ids that no code uses: {unused:?}");
}
