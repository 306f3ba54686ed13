//! From the text of a formula to fixest's numbers, terms matched by their names.
#![allow(clippy::unwrap_used)]

mod support;

use attica::design::{Design, DesignOptions};
use attica::expr::Expr;
use attica::fit::{Fit, FitOptions, fit};
use attica::formula::Formula;
use attica::frame::{Column, Frame};
use attica::panel::Panel;
use attica::vcov::{Preset, Ssc, Vcov};
use serde_json::Value;
use support::{close, json, reference};

/// A file as a frame: columns in which every filled cell is a number are numbers, others text.
fn frame(file: &str) -> Option<Frame> {
    let text = reference(file)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(std::result::Result::unwrap).collect();
    let columns = names.iter().enumerate().map(|(at, name)| {
        let cells: Vec<Option<&str>> =
            rows.iter().map(|row| Some(&row[at]).filter(|cell| !cell.is_empty() && *cell != "NA")).collect();
        let numbers: Option<Vec<f64>> =
            cells.iter().map(|cell| cell.map_or(Some(f64::NAN), |cell| cell.parse().ok())).collect();
        numbers.map_or_else(|| Column::text(name, cells), |numbers| Column::number(name, numbers))
    });
    Some(Frame::new(columns.collect()).unwrap())
}

fn estimate(frame: &Frame, panel: Option<&Panel>, formula: &str, cluster: &str) -> Fit {
    let formula = Formula::parse(formula).unwrap().expand(frame).unwrap().remove(0);
    let options = DesignOptions { clusters: vec![cluster.to_owned()], ..DesignOptions::default() };
    let design = Design::build(frame, panel, &formula, &options).unwrap();
    let vcov = Vcov::Cluster(vec![cluster.to_owned()]);
    fit(&design, &FitOptions { ssc: Ssc::of(Preset::Fixest), ..FitOptions::new(vcov) }).unwrap()
}

fn check(fit: &Fit, golden: &Value, rename: &[(&str, &str)]) {
    let terms = fit.record().terms;
    assert_eq!(terms.len(), golden["coef"].as_object().unwrap().len());
    for term in terms {
        let name = rename.iter().find(|(ours, _)| *ours == term.term).map_or(term.term.as_str(), |(_, theirs)| theirs);
        let want = |part: &str| golden[part][name].as_f64().unwrap_or_else(|| panic!("no {part} of {name}"));
        close(&format!("{name} coefficient"), term.estimate, want("coef"), 1e-8);
        close(&format!("{name} se"), term.std_error, want("se"), 1e-7);
    }
}

fn with(mut frame: Frame, name: &str, expression: &str) -> Frame {
    let (mut column, _) = Expr::parse(expression).unwrap().evaluate(&frame, None).unwrap();
    name.clone_into(&mut column.name);
    frame.set(column).unwrap();
    frame
}

#[test]
fn interactions_and_event_study_dummies() {
    let folder = "fixest_base_did/";
    let (Some(frame), Some(golden)) =
        (frame(&format!("{folder}fixest_base_did.csv")), json(&format!("{folder}golden.json")))
    else {
        return;
    };
    let event = estimate(&frame, None, "y~x1+i(period,treat,5)|id+period", "id");
    check(&event, &golden["es"], &[]);
    let classic = estimate(&frame, None, "y~x1+I(treat*post)|id+period", "id");
    check(&classic, &golden["twfe"], &[("I(treat * post)", "d")]);
    // Both main effects are absorbed: only the product is estimated.
    let product = estimate(&frame, None, "y ~ x1 + treat:post | id + period", "id");
    check(&product, &golden["twfe"], &[("treat:post", "d")]);
}

#[test]
fn event_time_with_a_code_for_never_or_with_none() {
    let (Some(frame), Some(golden)) = (frame("mpdta/mpdta.csv"), json("mpdta/golden.json")) else { return };
    let frame = with(frame, "rel", "if_else(`first.treat` == 0, -1000, year - `first.treat`)");
    let coded = estimate(&frame, None, "lemp~i(rel,ref=c(-1,-1000))|countyreal+year", "countyreal");
    check(&coded, &golden["event_study"], &[]);

    let (panel, _) = Panel::new(&frame, "countyreal", "year").unwrap();
    let (adoption, _) = panel.adoption_from_first(frame.column("first.treat").unwrap(), &[]).unwrap();
    let mut frame = frame;
    frame.set(Column::number("rel", panel.event_time(&adoption))).unwrap();
    let dated = estimate(&frame, Some(&panel), "lemp ~ i(rel, ref = -1, na = 0) | countyreal + year", "countyreal");
    check(&dated, &golden["event_study"], &[]);
    frame.set(Column::number("post", panel.treated(&adoption))).unwrap();
    let pooled = estimate(&frame, Some(&panel), "lemp ~ post | countyreal + year", "countyreal");
    check(&pooled, &golden["twfe"], &[]);
}

#[test]
fn text_units_and_periods() {
    let folder = "organ_donations/";
    let (Some(frame), Some(golden)) =
        (frame(&format!("{folder}organ_donations.csv")), json(&format!("{folder}golden.json")))
    else {
        return;
    };
    let frame = with(frame, "California", "State == \"California\"");
    let event = estimate(&frame, None, "Rate ~ i(Quarter_Num, California, ref = 3) | State + Quarter", "State");
    check(&event, &golden["es"], &[]);
    let frame = with(frame, "Treated", "California and Quarter in ['Q32011', 'Q42011', 'Q12012']");
    let pooled = estimate(&frame, None, "Rate ~ Treated | State + Quarter", "State");
    check(&pooled, &golden["twfe"], &[("Treated", "TreatedTRUE")]);
}
