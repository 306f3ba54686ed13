#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Write};

use super::*;

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn refused(entries: &[(&str, &[u8])]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let problem = unpack(&zip_of(entries), &inner).unwrap_err();
    let outside = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(outside, 1, "something was written beside the folder");
    problem.id
}

#[test]
fn what_was_zipped_comes_out_the_same() {
    let files = vec![("README.md".to_owned(), b"text".to_vec()), ("data/raw/a.csv".to_owned(), vec![b'1'; 100_000])];
    let sums = sums::write(&files);
    let all: Vec<File> = files.iter().cloned().chain([(SUMS.to_owned(), sums.into_bytes())]).collect();
    let bytes = zipped(&all, "package").unwrap();
    assert_eq!(bytes, zipped(&all, "package").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let root = unpack(&bytes, folder.path()).unwrap();
    for (name, bytes) in &files {
        assert_eq!(std::fs::read(root.join(name)).unwrap(), *bytes);
    }
    let found = check_sums(&root).unwrap();
    assert_eq!((found.intact, found.hold()), (2, true));
    std::fs::write(root.join("README.md"), "tex").unwrap();
    std::fs::remove_file(root.join("data/raw/a.csv")).unwrap();
    std::fs::write(root.join("new"), "").unwrap();
    let found = check_sums(&root).unwrap();
    assert_eq!(
        (found.changed, found.missing, found.unlisted),
        (vec!["README.md".to_owned()], vec!["data/raw/a.csv".to_owned()], vec!["new".to_owned()])
    );
}

#[test]
fn a_zip_file_writes_nowhere_else_and_does_not_grow_without_end() {
    assert_eq!(refused(&[("../x", b"1")]), "E521");
    assert_eq!(refused(&[("a/../../x", b"1")]), "E521");
    assert_eq!(refused(&[("/tmp/x", b"1")]), "E513");
    assert_eq!(refused(&[("..\\x", b"1")]), "E513");
    assert_eq!(refused(&[("C:x", b"1")]), "E521");
    assert_eq!(refused(&[("a", b"1"), ("A", b"2")]), "E513");
    assert_eq!(refused(&[("bomb", &vec![0; 64 << 20])]), "E513");
    assert_eq!(refused(&[("README.md", b"no checksums")]), "E513");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(unpack(b"PK\x03\x04 nothing", folder.path()).unwrap_err().id, "E513");
}

#[test]
fn paths_stay_below_the_folder() {
    assert_eq!(inside("a/b.csv").unwrap(), "a/b.csv");
    assert_eq!(inside("./b.csv").unwrap(), "b.csv");
    for path in ["../b.csv", "/b.csv", "a/../../b", "", ".", "a\\b", "c:b", "b.csv.", "nul "] {
        assert_eq!(inside(path).unwrap_err().id, "E521", "{path}");
    }
}

#[test]
fn every_changed_value_is_found_and_rounding_is_not_a_change() {
    let was = serde_json::json!({"a": [1.0, 2.0], "b": {"c": "x", "d": null}, "e": 3});
    let same = values(&was, &was);
    assert_eq!((same.compared, same.different, same.largest), (5, 0, 0.0));
    let rounded = values(&was, &serde_json::json!({"a": [1.0, 2.000_000_000_1], "b": {"c": "x", "d": null}, "e": 3}));
    assert!(rounded.different == 0 && rounded.largest > 0.0);
    let changes = [
        serde_json::json!({"a": [1.0, 2.1], "b": {"c": "x", "d": null}, "e": 3}),
        serde_json::json!({"a": [1.0], "b": {"c": "x", "d": null}, "e": 3}),
        serde_json::json!({"a": [1.0, 2.0], "b": {"c": "y", "d": null}, "e": 3}),
        serde_json::json!({"a": [1.0, 2.0], "b": {"c": "x", "d": 0}, "e": 3}),
        serde_json::json!({"a": [1.0, 2.0], "b": {"c": "x"}, "e": 3}),
        serde_json::json!({"a": [1.0, 2.0], "b": {"c": "x", "d": null, "f": 1}, "e": 3}),
    ];
    for is in changes {
        assert_eq!(values(&was, &is).different, 1, "{is}");
    }
    let mut found = Comparison::default();
    tables("t", "a,b\r\nDID,0.01\r\n", "a,b\r\nDID,0.02\r\n", &mut found);
    assert_eq!((found.compared, found.different), (4, 1));
    assert_eq!(found.differences[0].place, "t, row 2 (DID), column 2");
}
