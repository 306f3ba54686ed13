//! What two-stage least squares prints beneath its table: first stages and what the instruments are worth.

use attica::fit::iv::{AndersonRubinSet, EffectiveF, FirstStage, IvRecord, RankF, Shape};
use attica::fit::{FitRecord, Wald};

use super::hypotheses::statistic;
use super::{aligned, fit, short};

/// First stages, then tests.
pub(super) fn page(of: &FitRecord) -> String {
    let Some(record) = &of.instruments else { return String::new() };
    let stage = |stage: &FirstStage| {
        format!(
            "\nFirst stage of {}; standard errors {}\n{}\n",
            stage.endogenous,
            record.vcov,
            aligned(&fit::terms(&stage.terms, of)).join("\n")
        )
    };
    let stages: String = record.first_stages.iter().map(stage).collect();
    format!("{stages}\n{}\n", aligned(&tests(record)).join("\n"))
}

fn tests(record: &IvRecord) -> Vec<Vec<String>> {
    let single = record.first_stages.len() == 1;
    let mut rows = vec![["Instruments", "", "p"].map(str::to_owned).to_vec()];
    for FirstStage { endogenous, partial_r2, f, .. } in &record.first_stages {
        let of = if single { String::new() } else { format!(" of {endogenous}") };
        rows.push(tested(format!("First stage{of}: no effect of the instruments"), f));
        rows.push(said(format!("First stage{of}: partial R2"), format!("{partial_r2:.6}")));
    }
    if let Some(EffectiveF { statistic, critical_5, critical_10, critical_20 }) = &record.effective_f {
        let critical = [critical_5, critical_10, critical_20].map(|c| format!("{c:.2}")).join(", ");
        rows.push(said(
            "Effective F (Montiel Olea-Pflueger)",
            format!("{} (5 % critical values for a bias of 5, 10, 20 %: {critical})", short(*statistic)),
        ));
    }
    if let Some(RankF { kind, statistic }) = &record.rank {
        let name = if kind == "Kleibergen-Paap" { "Kleibergen-Paap rk Wald F" } else { "Cragg-Donald Wald F" };
        rows.push(said(name, short(*statistic)));
    }
    rows.push(tested(record.anderson_rubin.hypothesis.en.clone(), &record.anderson_rubin));
    match (&record.confidence_set, &record.no_set) {
        (Some(found), _) => {
            rows.push(said(format!("Anderson-Rubin {:.0} % confidence set", 100.0 * found.level), set(found)));
        }
        (None, Some(why)) => rows.push(said("Anderson-Rubin confidence set", format!("none: {}", why.en))),
        (None, None) => {}
    }
    rows.extend(record.overidentification.iter().chain(&record.wu_hausman).map(|t| tested(t.hypothesis.en.clone(), t)));
    rows
}

fn tested(name: impl Into<String>, test: &Wald) -> Vec<String> {
    vec![capital(name.into()), statistic(test), format!("{:.4}", test.p_value)]
}

fn said(name: impl Into<String>, what: String) -> Vec<String> {
    vec![name.into(), what]
}

/// "the instruments" begins a line with a capital; names of columns stay as they are.
fn capital(name: String) -> String {
    match name.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => name,
    }
}

/// The pieces, and what an unusual set means.
fn set(set: &AndersonRubinSet) -> String {
    let piece = |[low, high]: &[Option<f64>; 2]| {
        let low = low.map_or_else(|| "(-inf".to_owned(), |low| format!("[{}", short(low)));
        let high = high.map_or_else(|| "inf)".to_owned(), |high| format!("{}]", short(high)));
        format!("{low}, {high}")
    };
    let pieces = set.pieces.iter().map(piece).collect::<Vec<_>>().join(" and ");
    match set.shape() {
        Shape::Bounded => pieces,
        Shape::Empty => "empty: every value is rejected, which speaks against the instruments".to_owned(),
        Shape::Everything => format!("{pieces}: no value is rejected, the instruments say nothing"),
        Shape::HalfOpen => format!("{pieces}: unbounded on a side"),
        Shape::Outside => format!("{pieces}: unbounded, only the values between are rejected"),
        Shape::Pieces => format!("{pieces}: in {} pieces", set.pieces.len()),
    }
}
