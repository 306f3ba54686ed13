//! Joins: what matches, what does not, and what is said about it.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;

use attica::frame::{Column, Frame, Values};
use attica_study::read::{JoinOptions, ReadOptions, join, read_file};

fn on(keys: &[&str]) -> Vec<(String, String)> {
    keys.iter().map(|k| k.split_once('=').map_or(((*k).into(), (*k).into()), |(l, r)| (l.into(), r.into()))).collect()
}

fn frame(columns: Vec<Column>) -> Frame {
    Frame::new(columns).unwrap()
}

fn text(name: &str, cells: &[&str]) -> Column {
    Column::text(name, cells.iter().map(|c| (!c.is_empty()).then_some(*c)))
}

fn shown(frame: &Frame, name: &str) -> Vec<String> {
    (0..frame.rows()).map(|r| frame.column(name).unwrap().display(r)).collect()
}

#[test]
fn every_left_row_stays_in_place_and_the_report_adds_up() {
    let left = frame(vec![
        Column::number("city", vec![1.0, 1.0, 2.0, 3.0, f64::NAN]),
        Column::number("year", vec![2010.0, 2011.0, 2010.0, 2010.0, 2010.0]),
    ]);
    let right = frame(vec![
        Column::number("year", vec![2011.0, 2010.0, 2012.0, 2010.0]),
        Column::number("city", vec![1.0, 2.0, 1.0, f64::NAN]),
        text("name", &["a", "b", "c", "d"]),
        Column::number("gdp", vec![10.0, 20.0, 30.0, 40.0]),
    ]);
    let (joined, report) = join(&left, &right, &on(&["city", "year"]), "gdp.csv", &JoinOptions::default()).unwrap();
    assert_eq!(joined.rows(), 5);
    assert_eq!(shown(&joined, "gdp"), ["", "10", "20", "", ""]);
    assert_eq!(shown(&joined, "name"), ["", "a", "b", "", ""]);
    assert_eq!((report.matched, report.only_left, report.only_right), (2, 3, 2));
    assert_eq!(report.examples_left, ["1, 2010", "3, 2010", ", 2010"]);
    assert_eq!(report.examples_right, ["1, 2012", ", 2010"]);
    assert_eq!(report.keys, ["city", "year"]);
}

#[test]
fn a_table_of_units_joins_each_of_their_periods() {
    let left = frame(vec![Column::number("code", vec![1.0, 1.0, 2.0]), Column::number("t", vec![1.0, 2.0, 1.0])]);
    let right = frame(vec![Column::number("id", vec![2.0, 1.0]), text("region", &["west", "east"])]);
    let (joined, report) = join(&left, &right, &on(&["code=id"]), "r", &JoinOptions::default()).unwrap();
    assert_eq!(shown(&joined, "region"), ["east", "east", "west"]);
    assert_eq!((report.matched, report.keys), (3, vec!["code = id".to_owned()]));
    assert!(joined.get("id").is_none());
}

#[test]
fn codes_as_numbers_and_as_text_are_one_key() {
    let left = frame(vec![Column::number("code", vec![110000.0, 120000.0])]);
    let right = frame(vec![text("code", &["110000", " １２００００.0 "]), Column::number("x", vec![1.0, 2.0])]);
    let (joined, report) = join(&left, &right, &on(&["code"]), "r", &JoinOptions::default()).unwrap();
    assert_eq!(shown(&joined, "x"), ["1", "2"]);
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    let (_, back) = join(&right, &left, &on(&["code"]), "r", &JoinOptions::default()).unwrap();
    assert_eq!(back.matched, 2);
}

#[test]
fn w111_leading_zeros_unify_only_against_numbers() {
    let coded = frame(vec![text("id", &["010001", "10001"]), Column::number("x", vec![1.0, 2.0])]);
    let left = frame(vec![text("id", &["10001", "010001"])]);
    let (joined, _) = join(&left, &coded, &on(&["id"]), "r", &JoinOptions::default()).unwrap();
    assert_eq!(shown(&joined, "x"), ["2", "1"]);
    let numbers = frame(vec![Column::number("id", vec![10001.0])]);
    assert_eq!(join(&numbers, &coded, &on(&["id"]), "r", &JoinOptions::default()).unwrap_err().id, "E101");
    let (_, report) = join(
        &coded.take(&[0]),
        &frame(vec![Column::number("id", vec![10001.0])]),
        &on(&["id"]),
        "r",
        &JoinOptions::default(),
    )
    .unwrap();
    assert_eq!((report.matched, report.warnings[0].id.as_str()), (1, "W111"));
    assert!(report.warnings[0].text.en.contains("010001"));
}

#[test]
fn e101_repeated_keys_on_the_right_stop_with_the_first_five() {
    let left = frame(vec![Column::number("id", vec![1.0])]);
    let ids: Vec<f64> = (0..14).map(|i| f64::from(i / 2)).collect();
    let right = frame(vec![Column::number("id", ids), Column::number("x", vec![0.0; 14])]);
    let found = join(&left, &right, &on(&["id"]), "pop.csv", &JoinOptions::default()).unwrap_err();
    assert_eq!(found.id, "E101");
    assert!(found.message.contains("pop.csv") && found.message.contains("7 rows"), "{found}");
    assert!(
        found.message.contains("(0) in rows 1 and 2")
            && found.message.contains("(4)")
            && !found.message.contains("(5)")
    );
    assert!(found.fix.unwrap().contains("on = "));
}

#[test]
fn e507_columns_of_one_name_must_agree() {
    let left = frame(vec![Column::number("id", vec![1.0, 2.0, 3.0]), text("region", &["e", "w", "w"])]);
    let same = frame(vec![
        Column::number("id", vec![2.0, 1.0]),
        text("region", &["w", "e"]),
        Column::number("x", vec![2.0, 1.0]),
    ]);
    let (joined, report) = join(&left, &same, &on(&["id"]), "r.csv", &JoinOptions::default()).unwrap();
    assert_eq!(shown(&joined, "x"), ["1", "2", ""]);
    assert_eq!(shown(&joined, "region"), ["e", "w", "w"]);
    assert!(report.warnings.iter().any(|w| w.id == "W507" && w.text.en.contains("region")));
    let other = frame(vec![Column::number("id", vec![2.0, 1.0]), text("region", &["n", "e"])]);
    let found = join(&left, &other, &on(&["id"]), "r.csv", &JoinOptions::default()).unwrap_err();
    assert_eq!((found.id.as_str(), found.place.column.as_deref()), ("E507", Some("region")));
    assert!(
        found.message.contains("1 of 2 matched rows") && found.message.contains("\"w\" and \"n\" for 2"),
        "{found}"
    );
    assert!(found.fix.unwrap().contains("rename"));
}

#[test]
fn e603_unknown_keys_stop() {
    let left = frame(vec![Column::number("city_code", vec![1.0])]);
    let found = join(&left, &left, &on(&["city_cod"]), "r", &JoinOptions::default()).unwrap_err();
    assert_eq!(found.id, "E603");
    assert!(found.fix.unwrap().contains("city_code"));
}

#[test]
fn w112_place_names_unify_only_when_asked() {
    let left = frame(vec![text("city", &["北京市", "延边", "上海市"])]);
    let right =
        frame(vec![text("city", &["北京", "延边朝鲜族自治州", "上海市"]), Column::number("x", vec![1.0, 2.0, 3.0])]);
    let (joined, report) = join(&left, &right, &on(&["city"]), "r", &JoinOptions::default()).unwrap();
    assert_eq!(shown(&joined, "x"), ["", "", "3"]);
    let warning = &report.warnings[0];
    assert_eq!(warning.id, "W112");
    assert!(warning.text.en.contains("2 names") && warning.text.en.contains("places = true"), "{warning:?}");
    let (joined, report) = join(&left, &right, &on(&["city"]), "r", &JoinOptions { places: true }).unwrap();
    assert_eq!(shown(&joined, "x"), ["1", "2", "3"]);
    assert!(report.warnings.iter().any(|w| w.id == "W112" && w.text.en.contains("place names")));
}

#[test]
fn real_tables_join_on_code_and_year() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !folder.exists() {
        eprintln!("skipped: the shared data are not here");
        return;
    }
    let read = |file: &str, columns: &[&str]| {
        let options = ReadOptions { columns: columns.iter().map(|c| (*c).to_owned()).collect(), ..Default::default() };
        read_file(&folder.join(file), &options).unwrap().0
    };
    let panel = read("cn_city_raw/finance_2003_2023.csv", &[]);
    let people = read("cn_city_raw/population_1998_2024.csv", &["city_code", "year", "pop_10k"]);
    let (panel, report) =
        join(&panel, &people, &on(&["city_code", "year"]), "population", &JoinOptions::default()).unwrap();
    assert_eq!(report.matched + report.only_left, 6300);
    assert!(report.matched > 6000, "{report:?}");
    let pilots = read("cn_pilot_scitech_finance/pilot_cities.csv", &["code6", "first_treated_year"]);
    // Ningbo is in the list twice: for part of it in the first wave, whole in the second.
    let found = join(&panel, &pilots, &on(&["city_code=code6"]), "pilots", &JoinOptions::default()).unwrap_err();
    assert!(found.id == "E101" && found.message.contains("330200"), "{found}");
    let once: Vec<u32> = (0..pilots.rows() as u32).filter(|&row| row != 43).collect();
    let (panel, report) =
        join(&panel, &pilots.take(&once), &on(&["city_code=code6"]), "pilots", &JoinOptions::default()).unwrap();
    let Values::Number(years) = &panel.column("first_treated_year").unwrap().values else { panic!("not numbers") };
    assert_eq!(years.iter().filter(|y| !y.is_nan()).count(), report.matched);
    assert!(report.matched > 40 * 21, "{report:?}");
}
