//! Several estimators on one panel: the whole answer of each, or why it has none.

use attica::estimator::callaway_santanna::Overlap;
use attica::estimator::event::EventStudy;
use attica::estimator::group_time::{Aggregation, Aggregations, At, AverageRow, CellRow};
use attica::estimator::{Data, Estimate, Estimator, Leads, Spec, Weights, estimate};
use attica::fit::Term;
use attica::ledger::{Drop, Ledger};
use attica::message::{Problem, Result, Warning};
use attica::text::Text;
use attica::wild::WildRecord;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What one estimator says, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Registered name.
    pub estimator: String,
    /// What a table calls it.
    pub label: Text,
    /// Its paper.
    pub reference: String,
    /// What must hold for the estimate to be the effect.
    pub assumptions: Vec<Text>,
    /// Whom the treated are compared with.
    pub control_group: Text,
    /// What changes are counted from.
    pub base_period: Text,
    /// What leads are differences from.
    pub leads: Leads,
    /// Rows used.
    pub n_obs: usize,
    /// Units used.
    pub n_units: usize,
    /// Of these, ever treated.
    pub n_treated_units: usize,
    /// First and last period used.
    pub periods: [f64; 2],
    /// The estimator's own headline effect.
    pub overall: Overall,
    /// Averages of its effects; those that it does not have are `null`.
    pub aggregations: Aggregations,
    /// Effects by cohort and period, where it has them.
    pub group_time: Vec<CellRow>,
    /// Weights that make up the counterfactual of each cohort, where it has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<Weights>,
    /// Propensity scores by cohort, where it has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlap: Vec<Overlap>,
    /// Where rows went.
    pub ledger: Ledger,
    /// Rows left out, in order: `ledger.dropped`.
    pub dropped: Vec<Drop>,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// An effect; what follows from a standard error is absent where there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    /// Effect.
    pub estimate: f64,
    /// Standard error.
    pub std_error: Option<f64>,
    /// t or z statistic.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// Lower end of the confidence interval.
    pub conf_low: Option<f64>,
    /// Upper end of the confidence interval.
    pub conf_high: Option<f64>,
    /// Test by the wild bootstrap, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wild: Option<Box<WildRecord>>,
}

impl From<&Term> for Overall {
    fn from(term: &Term) -> Self {
        let known = term.std_error.is_finite() && term.std_error > 0.0;
        let keep = |value: f64| Some(value).filter(|value| known && value.is_finite());
        Self {
            estimate: term.estimate,
            std_error: keep(term.std_error),
            statistic: keep(term.statistic),
            p_value: keep(term.p_value),
            conf_low: keep(term.conf_low),
            conf_high: keep(term.conf_high),
            wild: term.wild.clone(),
        }
    }
}

/// An estimator that has no answer here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoAnswer {
    /// Registered name.
    pub estimator: String,
    /// What a table calls it.
    pub label: Text,
    /// Why.
    pub problem: Problem,
}

/// The answers of several estimators.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Those that have one, with their event study, in the order asked.
    pub given: Vec<(Answer, Option<EventStudy>)>,
    /// Those that have none, in the order asked.
    pub failed: Vec<NoAnswer>,
}

/// Runs `estimators` side by side on one panel.
pub fn ask(estimators: &[&'static dyn Estimator], data: Data<'_>, spec: &Spec) -> Answers {
    let found: Vec<Result<Estimate>> = estimators.par_iter().map(|one| estimate(*one, data, spec)).collect();
    let mut answers = Answers::default();
    for (one, found) in estimators.iter().zip(found) {
        match found.and_then(finite) {
            Ok(estimate) => answers.given.push(answer(*one, estimate, spec)),
            Err(problem) => {
                let none = NoAnswer { estimator: one.name().to_owned(), label: one.about().title, problem };
                answers.failed.push(none);
            }
        }
    }
    answers
}

fn finite(estimate: Estimate) -> Result<Estimate> {
    if estimate.overall.estimate.is_finite() {
        return Ok(estimate);
    }
    Err(Problem::new("E702", format!("the effect by {} is not a number", estimate.estimator))
        .fix("look for cohorts without comparison, and for collinear controls"))
}

fn answer(estimator: &dyn Estimator, found: Estimate, spec: &Spec) -> (Answer, Option<EventStudy>) {
    let about = estimator.about();
    let mut aggregations = found.aggregations;
    if aggregations.dynamic.is_none() {
        aggregations.dynamic = found.event_study.as_ref().map(dynamic);
    }
    let answer = Answer {
        estimator: found.estimator.to_owned(),
        label: about.title,
        reference: about.reference.to_owned(),
        assumptions: about.assumptions,
        control_group: found.control_group,
        base_period: found.base_period,
        leads: estimator.leads(&spec.options),
        n_obs: found.n_obs,
        n_units: found.n_units,
        n_treated_units: found.n_treated_units,
        periods: found.periods,
        overall: Overall::from(&found.overall),
        aggregations,
        group_time: found.group_time,
        weights: found.weights,
        overlap: found.overlap,
        dropped: found.ledger.dropped.clone(),
        ledger: found.ledger,
        warnings: found.warnings,
    };
    (answer, found.event_study)
}

/// An event study as the average by event time that an estimator without group-time effects has; it has no overall
/// effect of its own.
fn dynamic(study: &EventStudy) -> Aggregation {
    let row = |row: &attica::estimator::event::EventRow| AverageRow {
        at: At::EventTime(row.event_time),
        estimate: row.estimate,
        std_error: row.std_error,
        p_value: row.p_value,
        conf_low: row.conf_low,
        conf_high: row.conf_high,
        band_low: row.band_low,
        band_high: row.band_high,
        n: row.n,
        wild: row.wild.clone(),
    };
    Aggregation { overall: None, rows: study.rows.iter().map(row).collect(), sup_t: study.sup_t }
}
