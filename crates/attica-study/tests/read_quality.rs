//! Column cards, value checks and reshaping.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use attica::frame::{Column, Frame};
use attica::message::Warning;
use attica::panel::Panel;
use attica_study::read::{
    Long, ReadOptions, changing_names, constant_within, describe, empty_or_constant, infinite, outliers,
    outside_unit_interval, read_file, straight_runs, to_long, to_wide, unit_jumps, value_warnings,
};

const UNITS: usize = 8;
const PERIODS: usize = 12;

/// A panel of eight units over twelve years, with a column by unit and year.
fn panel(value: impl Fn(usize, usize) -> f64) -> Frame {
    let cells = || (0..UNITS).flat_map(|u| (0..PERIODS).map(move |t| (u, t)));
    Frame::new(vec![
        Column::number("city", cells().map(|(u, _)| u as f64).collect()),
        Column::number("year", cells().map(|(_, t)| 2009.0 + t as f64).collect()),
        Column::number("y", cells().map(|(u, t)| value(u, t)).collect()),
    ])
    .unwrap()
}

fn index(frame: &Frame) -> Panel {
    Panel::new(frame, "city", "year").unwrap().0
}

/// Growth without a pattern that a check looks for.
fn noisy(u: usize, t: usize) -> f64 {
    let wiggle = ((u * 31 + t * 17) as f64 * 0.7).sin();
    (100.0 + 10.0 * u as f64) * 1.05_f64.powi(t as i32) * (1.0 + 0.05 * wiggle)
}

fn said(warnings: &[Warning]) -> Vec<(&str, &str)> {
    warnings.iter().map(|w| (w.id.as_str(), w.text.en.as_str())).collect()
}

#[test]
fn cards_count_missing_and_summarise_the_rest() {
    let frame = Frame::new(vec![
        Column::number("x", vec![1.0, 2.0, 2.0, 4.0, f64::NAN, f64::INFINITY]),
        Column::text("t", [Some("a"), None, Some("a"), Some("b"), None, None]),
        Column::number("none", vec![f64::NAN; 6]),
    ])
    .unwrap();
    let cards = describe(&frame);
    let x = &cards[0];
    assert_eq!(
        (x.missing, x.distinct, x.mean, x.min, x.median, x.max),
        (1, 4, Some(2.25), Some(1.0), Some(2.0), Some(4.0))
    );
    assert!((x.sd.unwrap() - 1.583_333_333_333_333_3_f64.sqrt()).abs() < 1e-15);
    assert_eq!((cards[1].kind.as_str(), cards[1].missing, cards[1].distinct, cards[1].mean), ("text", 3, 2, None));
    assert_eq!((cards[2].missing, cards[2].distinct, cards[2].mean, cards[2].median), (6, 0, None, None));
    assert_eq!(infinite(&frame)[0].id, "E302");
    assert!(infinite(&frame)[0].text.en.contains("x is infinite in 1 rows: 6"));
}

#[test]
fn a_clean_panel_gives_no_warning() {
    let frame = panel(noisy);
    assert_eq!(said(&value_warnings(&frame, &index(&frame))), []);
}

#[test]
fn e304_and_e305_columns_without_variation_are_told() {
    let empty = panel(|_, _| f64::NAN);
    assert_eq!(said(&empty_or_constant(&empty, &index(&empty))), [("E304", "y has no value in any row")]);
    let constant = panel(|u, _| if u == 0 { f64::NAN } else { 3.0 });
    assert_eq!(
        said(&empty_or_constant(&constant, &index(&constant))),
        [("E305", "y is 3 in all rows that have a value")]
    );
}

#[test]
fn w310_a_value_far_from_all_others_is_named() {
    let frame = panel(|u, t| if (u, t) == (3, 5) { 1e9 } else { noisy(u, t) });
    let found = outliers(&frame, &index(&frame));
    assert_eq!(found[0].id, "W310");
    assert!(
        found[0].text.en.contains("y has 1 values") && found[0].text.en.contains("3 2014 = 1000000000"),
        "{found:?}"
    );
}

#[test]
fn w311_indices_outside_their_range_are_counted() {
    let frame = panel(|u, t| if u == 0 && t < 2 { 1.5 } else { 0.5 });
    let found = outside_unit_interval(&frame, &["y".into()]).unwrap();
    assert_eq!(found[0].id, "W311");
    assert!(found[0].text.en.contains("2 rows") && found[0].text.en.contains("row 1, 1.5"));
    assert_eq!(outside_unit_interval(&frame, &["z".into()]).unwrap_err().id, "E603");
}

#[test]
fn w312_a_change_of_unit_is_found_for_all_and_for_one() {
    for (factor, power) in [(10.0, "10^1"), (10_000.0, "10^4"), (0.0001, "10^-4")] {
        let frame = panel(|u, t| noisy(u, t) * if t >= 6 { factor } else { 1.0 });
        let found = unit_jumps(&frame, &index(&frame));
        assert_eq!(found[0].id, "W312");
        let text = &found[0].text.en;
        assert!(text.contains(power) && text.contains("8 of 8 units at 2015"), "{text}");
    }
    let frame = panel(|u, t| noisy(u, t) * if u == 2 && t >= 4 { 10_000.0 } else { 1.0 });
    let found = unit_jumps(&frame, &index(&frame));
    assert!(found[0].text.en.contains("2 2013 (x10^4)"), "{found:?}");
    // A spike that falls back is an outlier, no change of unit.
    let frame = panel(|u, t| noisy(u, t) * if u == 2 && t == 4 { 10_000.0 } else { 1.0 });
    assert_eq!(said(&unit_jumps(&frame, &index(&frame))), []);
}

#[test]
fn w313_interpolated_and_repeated_stretches_are_found() {
    let frame = panel(|u, t| if u == 1 && (3..9).contains(&t) { 100.0 + 3.3 * t as f64 } else { noisy(u, t) });
    let found = straight_runs(&frame, &index(&frame));
    assert_eq!(found[0].id, "W313");
    assert!(found[0].text.en.contains("1 stretches") && found[0].text.en.contains("1 2012 to 2017"), "{found:?}");
    assert!(found[0].text.en.contains("6 of 96 rows") && found[0].text.en.contains("(0 of them constant)"));
    let frame = panel(|u, t| if u == 1 && t < 5 { 7.0 } else { noisy(u, t) });
    let found = straight_runs(&frame, &index(&frame));
    assert!(found[0].text.en.contains("(1 of them constant)"), "{found:?}");
    // A trend, a dummy and a code are straight by construction.
    for value in
        [|_, t: usize| t as f64, |u: usize, _| u as f64, |u: usize, t: usize| f64::from(u8::from(u > 3 && t > 5))]
    {
        let frame = panel(value);
        assert_eq!(said(&straight_runs(&frame, &index(&frame))), []);
    }
}

#[test]
fn w314_outcomes_that_never_vary_within_a_unit_are_told() {
    let frame = panel(|u, _| u as f64);
    let found = constant_within(&frame, &index(&frame), &["y".into()]).unwrap();
    assert_eq!(found[0].id, "W314");
    assert!(found[0].text.en.contains("never varies within city"));
    let frame = panel(noisy);
    assert!(constant_within(&frame, &index(&frame), &["y".into()]).unwrap().is_empty());
}

#[test]
fn real_interpolation_is_found() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/cn_city_raw/population_1998_2024.csv");
    if !path.exists() {
        eprintln!("skipped: the shared data are not here");
        return;
    }
    let (frame, _) = read_file(&path, &ReadOptions::default()).unwrap();
    // Some rows of the file have no city or year; a panel needs both.
    let (city, year) = (frame.column("city").unwrap(), frame.column("year").unwrap());
    let whole: Vec<u32> =
        (0..frame.rows()).filter(|&r| !city.is_missing(r) && !year.is_missing(r)).map(|r| r as u32).collect();
    let frame = frame.take(&whole);
    let found = straight_runs(&frame, &index(&frame));
    let columns: Vec<&str> = found.iter().map(|w| w.text.en.split(' ').next().unwrap()).collect();
    assert!(columns.contains(&"pop_10k_interp"), "{columns:?}");
}

#[test]
fn wide_becomes_long_and_wide_again() {
    let wide = Frame::new(vec![
        Column::text("city", [Some("A"), Some("B")]),
        Column::number("gdp_2010", vec![1.0, 2.0]),
        Column::number("gdp_2009", vec![3.0, 4.0]),
        Column::number("pop_2010", vec![5.0, 6.0]),
        Column::number("area", vec![7.0, 8.0]),
    ])
    .unwrap();
    let long = to_long(&wide, &Long { prefixes: vec!["gdp_".into(), "pop_".into()], ..Default::default() }).unwrap();
    assert_eq!(
        long.columns().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
        ["city", "area", "year", "gdp", "pop"]
    );
    assert_eq!(long.numbers("year").unwrap(), [2009.0, 2010.0, 2009.0, 2010.0]);
    assert_eq!(long.numbers("gdp").unwrap(), [3.0, 1.0, 4.0, 2.0]);
    assert!(long.numbers("pop").unwrap()[0].is_nan() && long.numbers("pop").unwrap()[1] == 5.0);
    let back = to_wide(&long, "city", "year", &["gdp".into()]).unwrap();
    assert_eq!(back.numbers("gdp_2010").unwrap(), [1.0, 2.0]);
    assert_eq!(back.numbers("area").unwrap(), [7.0, 8.0]);
    assert!(back.get("year").is_none());
    assert_eq!(to_wide(&long, "area", "area", &[]).unwrap_err().id, "E101");
}

#[test]
fn years_as_headers_become_a_column_by_the_file_options() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.csv");
    std::fs::write(&path, "city,2009年,2010年\nA,1,2\nB,3,\n").unwrap();
    let options: ReadOptions = toml::from_str("long = { value = \"gdp\" }").unwrap();
    let (frame, source) = read_file(&path, &options).unwrap();
    assert_eq!((source.rows, source.columns), (4, 3));
    assert_eq!(frame.numbers("year").unwrap(), [2009.0, 2010.0, 2009.0, 2010.0]);
    assert_eq!(frame.numbers("gdp").unwrap()[..3], [1.0, 2.0, 3.0]);
    let options: ReadOptions = toml::from_str("long = { prefixes = [\"fdi_\"] }").unwrap();
    let found = read_file(&path, &options).unwrap_err();
    assert_eq!(found.id, "E603");
    assert!(found.fix.unwrap().contains("2009年"));
}

#[test]
fn e301_a_wide_variable_of_numbers_and_text_stops() {
    let wide = Frame::new(vec![
        Column::number("gdp_2009", vec![1.0, 2.0]),
        Column::text("gdp_2010", [Some("1"), Some("见注")]),
    ])
    .unwrap();
    let found = to_long(&wide, &Long { prefixes: vec!["gdp_".into()], ..Default::default() }).unwrap_err();
    assert_eq!((found.id.as_str(), found.place.column.as_deref()), ("E301", Some("gdp_2010")));
    assert!(found.message.contains("见注"), "{found}");
}

#[test]
fn a_changed_name_and_a_shared_name_are_told() {
    let mut frame = panel(noisy);
    let named = |name: &dyn Fn(usize, usize) -> String| {
        let cells: Vec<String> =
            (0..UNITS).flat_map(|u| (0..PERIODS).map(move |t| (u, t))).map(|(u, t)| name(u, t)).collect();
        Column::text("name", cells.iter().map(|cell| Some(cell.as_str())))
    };
    frame.set(named(&|u, _| format!("city {u}"))).unwrap();
    assert!(changing_names(&frame, &index(&frame)).is_empty());
    frame.set(named(&|u, t| if u == 3 && t > 5 { "new town".to_owned() } else { format!("city {u}") })).unwrap();
    let warnings = changing_names(&frame, &index(&frame));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].id == "W113" && warnings[0].text.en.contains("3: city 3, new town"), "{:?}", said(&warnings));
    frame.set(named(&|u, _| format!("city {}", u.max(1)))).unwrap();
    assert!(said(&changing_names(&frame, &index(&frame)))[0].1.contains("city 1: 0, 1"));
    // Provinces are no names of units.
    frame.set(named(&|u, t| format!("province {}", (u + t) / 6))).unwrap();
    assert!(changing_names(&frame, &index(&frame)).is_empty());
}
