//! The study of [`super::fixture`] with several estimators in its event study: answers that differ in what they use,
//! average and compare, and one that has none.

use attica::estimator::Leads;
use attica::estimator::group_time::{Aggregation, Aggregations, At, AverageRow};
use attica::fit::Term;
use attica::ledger::{Ledger, Reason};
use attica::message::{Problem, Warning};
use attica::text::Text;

use super::fixture;
use crate::results::*;

fn term(estimate: f64, std_error: f64) -> Term {
    let half = 1.96 * std_error;
    Term {
        term: "DID".to_owned(),
        estimate,
        std_error,
        statistic: estimate / std_error,
        p_value: if (estimate / std_error).abs() > 2.6 { 0.004 } else { 0.2 },
        conf_low: estimate - half,
        conf_high: estimate + half,
        wild: None,
    }
}

fn average(at: At, estimate: f64) -> AverageRow {
    let term = term(estimate, 0.005);
    AverageRow {
        at,
        estimate,
        std_error: Some(term.std_error),
        p_value: Some(term.p_value),
        conf_low: Some(term.conf_low),
        conf_high: Some(term.conf_high),
        band_low: Some(estimate - 0.013),
        band_high: Some(estimate + 0.013),
        n: 41,
        wild: None,
    }
}

fn aggregation(overall: f64, rows: Vec<AverageRow>) -> Aggregation {
    Aggregation { overall: Some(term(overall, 0.005)), rows, sup_t: Some(2.6) }
}

/// An answer that uses all rows, averages nothing and says what is given.
fn answer(estimator: &str, label: Text, reference: &str, effect: f64) -> Answer {
    Answer {
        estimator: estimator.to_owned(),
        label,
        reference: reference.to_owned(),
        assumptions: vec![Text::new("No anticipation.", "无预期效应。")],
        control_group: Text::new("never-treated units", "从未处理的个体"),
        base_period: Text::new("long differences", "长差分"),
        leads: Leads::Long,
        n_obs: 3135,
        n_units: 285,
        n_treated_units: 41,
        periods: [2009.0, 2019.0],
        overall: Overall::from(&term(effect, 0.005)),
        aggregations: Aggregations::default(),
        group_time: Vec::new(),
        weights: Vec::new(),
        overlap: Vec::new(),
        dropped: Vec::new(),
        ledger: Ledger::new(3135),
        warnings: Vec::new(),
    }
}

fn callaway_santanna() -> Answer {
    let mut one = answer(
        "cs",
        Text::new("Callaway–Sant'Anna", "Callaway–Sant'Anna 估计量"),
        "Callaway and Sant'Anna (2021), Journal of Econometrics 225(2)",
        0.018,
    );
    one.leads = Leads::Short;
    one.aggregations = Aggregations {
        simple: Some(aggregation(0.018, Vec::new())),
        group: Some(aggregation(0.017, vec![average(At::Group(2011.0), 0.02), average(At::Group(2016.0), 0.006)])),
        dynamic: Some(aggregation(0.019, Vec::new())),
        calendar: Some(aggregation(0.016, vec![average(At::Time(2011.0), 0.01), average(At::Time(2012.0), 0.02)])),
    };
    one
}

fn stacked() -> Answer {
    let mut one = answer(
        "stacked",
        Text::new("Stacked DID", "堆叠双重差分"),
        "Wing, Freedman and Hollingsworth (2024), NBER Working Paper 32054",
        0.021,
    );
    one.ledger.drop_rows(Reason::Missing("LTEP".to_owned()), 45);
    one.ledger.drop_rows(Reason::excluded("no comparison", "无可比对象"), 570);
    one.dropped = one.ledger.dropped.clone();
    (one.n_obs, one.n_units, one.n_treated_units, one.periods) = (one.ledger.used, 280, 36, [2009.0, 2014.0]);
    one.warnings = vec![Warning::new("W807", "1 of 2 cohorts is left out", "2个批次中有1个未进入估计")];
    one.aggregations.dynamic = Some(aggregation(0.021, Vec::new()));
    one
}

/// An event study like `first`, by another estimator, with its effects `shift` higher between two event times.
fn study(first: &EventStudy, one: &Answer, times: [i64; 2], shift: f64) -> EventStudy {
    let mut study = first.clone();
    (study.estimator, study.label, study.fit) = (one.estimator.clone(), one.label.clone(), None);
    study.rows.retain(|row| (times[0]..=times[1]).contains(&row.event_time));
    for row in &mut study.rows {
        row.binned = false;
        if !study.reference.contains(&row.event_time) {
            row.estimate += shift;
        }
    }
    if let Some(test) = &mut study.leads {
        (test.df2, test.statistic) = (None, 1.42);
    }
    study
}

/// The whole study.
pub(crate) fn results() -> Results {
    let mut results = fixture::results();
    for section in &mut results.sections {
        let Content::EventStudy(found) = &mut section.content else { continue };
        let Some(first) = found.studies.first().cloned() else { continue };
        let two_way = answer("twfe", first.label.clone(), "Angrist and Pischke (2009)", 0.02);
        let (cs, stacked) = (callaway_santanna(), stacked());
        found.studies.push(study(&first, &cs, [-3, 2], 0.001));
        found.studies.push(study(&first, &stacked, [-2, 1], 0.003));
        found.estimators = vec![two_way, cs, stacked];
        found.failed = vec![NoAnswer {
            estimator: "sdid".to_owned(),
            label: Text::new("Synthetic DID", "合成双重差分"),
            problem: Problem::new(
                "E204",
                "no unit is never treated, and synthetic controls are made of never-treated units only",
            )
            .fix("use cs, bjs or etwfe, which take units not treated yet as controls"),
        }];
    }
    results
}
