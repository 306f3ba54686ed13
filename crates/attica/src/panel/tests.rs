#![allow(clippy::unwrap_used)]
use super::*;
use crate::frame::{Column, Frame};
use crate::message::{Problem, Warning};

fn build(unit: Column, time: Column) -> std::result::Result<(Panel, Vec<String>), Problem> {
    let frame = Frame::new(vec![unit, time]).unwrap();
    let ids = |warnings: Vec<Warning>| warnings.into_iter().map(|w| w.id).collect();
    Panel::new(&frame, "id", "t").map(|(panel, warnings)| (panel, ids(warnings)))
}

fn numbers(unit: &[f64], time: &[f64]) -> std::result::Result<(Panel, Vec<String>), Problem> {
    build(Column::number("id", unit.to_vec()), Column::number("t", time.to_vec()))
}

fn texts(unit: &[&str], time: &[f64]) -> std::result::Result<(Panel, Vec<String>), Problem> {
    build(Column::text("id", unit.iter().map(|u| Some(*u))), Column::number("t", time.to_vec()))
}

#[test]
fn index_of_an_unbalanced_panel() {
    let (panel, ids) = numbers(&[7.0, 5.0, 7.0, 7.0, 9.0], &[2010.0, 2011.0, 2009.0, 2012.0, 2009.0]).unwrap();
    assert_eq!(*panel.units, ["7", "5", "9"]);
    assert_eq!(*panel.unit, [0, 1, 0, 0, 2]);
    assert_eq!(panel.times, [2009.0, 2010.0, 2011.0, 2012.0]);
    assert_eq!(*panel.time, [1, 2, 0, 3, 0]);
    assert_eq!(panel.step, 1.0);
    assert_eq!((panel.row(0, 3), panel.row(1, 0)), (Some(3), None));
    assert_eq!(ids, ["W103", "W104", "W109"]);
    let shape = panel.describe();
    assert_eq!((shape.balanced, shape.gaps, shape.singletons), (false, 1, vec![1, 2]));
    assert_eq!(shape.rows_per_period, [2, 1, 1, 1]);
    assert_eq!(shape.rows_per_unit, [3, 1, 1]);
}

#[test]
fn balanced_panels_need_no_words() {
    let (panel, ids) = numbers(&[1.0, 1.0, 2.0, 2.0], &[2009.0, 2011.0, 2009.0, 2011.0]).unwrap();
    assert!(panel.is_balanced() && ids.is_empty());
    // Every second year is the calendar here: no gap.
    assert_eq!((panel.step, panel.describe().gaps), (2.0, 0));
    // A period that no unit has is a gap.
    let (panel, ids) = numbers(&[1.0, 1.0, 1.0, 2.0, 2.0, 2.0], &[1.0, 2.0, 4.0, 1.0, 2.0, 4.0]).unwrap();
    assert_eq!((panel.step, panel.describe().gaps), (1.0, 2));
    assert_eq!(ids, ["W103"]);
}

#[test]
fn quarters_have_a_step() {
    let unit = Column::number("id", vec![1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    let time = Column::text("t", ["2010Q1", "2010Q2", "2010Q4", "2010Q1", "2010Q2", "2010Q4"].map(Some));
    let (panel, _) = build(unit, time).unwrap();
    assert_eq!(panel.step, 0.25);
    let before = panel.shift(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 1);
    assert!(before[0].is_nan() && before[1] == 1.0 && before[2].is_nan());
    assert_eq!(panel.shift(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2)[2], 2.0);
    // Months are twelfths, which floats cannot hold exactly.
    let months: Vec<f64> = (0..24).map(|m| 2010.0 + f64::from(m) / 12.0).collect();
    let (panel, ids) = numbers(&[1.0; 24], &months).unwrap();
    assert!((panel.step - 1.0 / 12.0).abs() < 1e-15 && ids.is_empty());
    assert!(panel.shift(&months, 1)[1..].iter().all(|x| !x.is_nan()));
}

#[test]
fn problems() {
    let duplicated = numbers(&[1.0, 1.0, 1.0, 2.0], &[1.0, 1.0, 2.0, 1.0]).unwrap_err();
    assert_eq!(duplicated.id, "E101");
    assert!(duplicated.message.contains("1 row repeats") && duplicated.message.contains("1 in 1 (rows 1 and 2)"));
    let missing = numbers(&[1.0, f64::NAN, 2.0], &[1.0, 2.0, 1.0]).unwrap_err();
    assert_eq!(missing.id, "E102");
    assert!(missing.message.contains("\"id\" is empty in 1 rows (rows 2)"), "{}", missing.message);
    assert_eq!(numbers(&[1.0, 2.0], &[1.0, 1.0]).unwrap_err().id, "E108");
    assert_eq!(numbers(&[1e16, 2.0], &[1.0, 2.0]).unwrap_err().id, "E110");
    assert_eq!(numbers(&[], &[]).unwrap_err().id, "E701");
    assert_eq!(numbers(&[1.0, 1.0], &[1.0, f64::INFINITY]).unwrap_err().id, "E105");
    let frame = Frame::new(vec![Column::number("id", vec![1.0])]).unwrap();
    assert_eq!(Panel::new(&frame, "id", "t").unwrap_err().id, "E603");
    assert_eq!(Panel::new(&frame, "id", "id").unwrap_err().id, "E605");
}

#[test]
fn ids_that_look_alike() {
    let alike = |a: &str, b: &str| texts(&[a, a, b, b], &[1.0, 2.0, 1.0, 2.0]).unwrap().1;
    assert_eq!(alike("010001", "10001"), ["W111"]);
    assert_eq!(alike("北京", "北京市"), ["W112"]);
    assert_eq!(alike("北京", "北京 "), ["W112"]);
    assert_eq!(alike("ＡＢ１", "ab1"), ["W112"]);
    assert!(alike("沙县", "沙市").is_empty());
    assert!(alike("东城", "西城").is_empty());
}
