//! From a study that was run to what a script must do.

use std::sync::Arc;

use attica::design::Design;
use attica::estimator::event_time::{Relative, relative};
use attica::fit::FitRecord;
use attica::text::Text;
use attica::vcov::Vcov;

use super::columns::Columns;
use super::plan::{Absorbed, Errors, Expected, Id, Job, Part, Plan, Regression, Values};
use super::staggered;
use crate::results::{Content, Descriptives, EventStudies, EventStudy, Model, Models, Outcome, Results};
use crate::run::{Prepared, Watch};
use crate::steps::{Study, two_way_base};
use crate::studyfile::StudyFile;

/// What was neither computed nor left out for want of a counterpart.
type Absent = Vec<(String, String)>;

/// The plan of a study.
pub fn plan(file: &StudyFile, results: &Results, data: &Prepared) -> Plan {
    let watch = Watch::default();
    let study = Study { file, data, keep: false, watch: &watch };
    let mut columns = Columns::new(&data.frame);
    for name in [&data.panel.unit_name, &data.panel.time_name] {
        columns.named_category(name);
    }
    let (mut parts, mut absent) = (Vec::new(), Vec::new());
    let mut about: Vec<String> = Vec::new();
    for section in &results.sections {
        let (title, jobs) = match &section.content {
            Content::Descriptives(found) => descriptives(found, &mut columns, &mut absent),
            Content::Models(family) => {
                let found = models(study, family, &mut columns, &mut absent);
                for test in &family.tests {
                    absent.push((format!("{}: {}", family.id, test.name.en), UNSPOKEN.to_owned()));
                }
                (family.title.en.clone(), found)
            }
            Content::EventStudy(found) => events(study, found, &mut columns, &mut absent),
            other => {
                let (what, why) = unspoken(other, &section.step);
                absent.push((what, why));
                continue;
            }
        };
        if !jobs.is_empty() {
            about.push(title.clone());
            parts.push(Part { title, jobs });
        }
    }
    for index in &results.indices {
        let why = "the index is read as a column, as Attica made it; its weights are in the report".to_owned();
        absent.push((format!("index {}: weights and ranks", index.name), why));
    }
    Plan {
        title: results.title.clone(),
        version: results.version.clone(),
        simulated: results.simulated.clone(),
        columns: columns.list,
        parts,
        absent,
        checked: 0,
    }
}

/// Why a test across columns is not in a script.
const UNSPOKEN: &str = "a test across columns, or by random draws that no other software repeats";

/// What a section holds that no script has, and why.
fn unspoken(content: &Content, step: &str) -> (String, String) {
    let draws = "random draws differ between programs; attica run repeats them";
    let (what, why): (String, &str) = match content {
        Content::Variances(_) => {
            (format!("{step}: the main coefficient under other covariances"), "not every covariance exists elsewhere")
        }
        Content::Matching(_) => (
            "propensity scores, matches and balance".to_owned(),
            "the columns of matched samples are regressions on rows and weights as Attica found them",
        ),
        Content::Placebo(_) => ("placebo tests".to_owned(), draws),
        Content::Family(found) => (format!("{}: adjusted p-values", found.id), draws),
        Content::Hypotheses(found) => (format!("{}: combinations and joint tests", found.id), "not exported"),
        Content::SpecificationCurve(_) => {
            ("specification curve".to_owned(), "its corners are the robustness columns, which are reproduced")
        }
        Content::LeaveOut(found) => {
            (format!("estimates without each {}", found.by), "one regression per group, not exported")
        }
        Content::Sensitivity(_) => {
            ("intervals when trends differ, and power of the tests of leads".to_owned(), "not exported")
        }
        Content::Decomposition(_) => ("comparisons and weights of the two-way coefficient".to_owned(), "not exported"),
        Content::Index(_) => ("uncertainty of the index".to_owned(), draws),
        Content::Failed(problem) => return (step.to_owned(), format!("Attica has no result: {}", problem.message)),
        Content::Descriptives(_) | Content::Models(_) | Content::EventStudy(_) => (step.to_owned(), "not exported"),
    };
    (what, why.to_owned())
}

fn descriptives(found: &Descriptives, columns: &mut Columns<'_>, absent: &mut Absent) -> (String, Vec<Job>) {
    let job = |(name, summary): &(String, _)| columns.number(name).map(|id| Job::Summary(id, *summary));
    let jobs = found.overall.iter().filter_map(job).collect();
    if found.groups.is_some() {
        absent.push(("descriptives by group".to_owned(), "means by group are not exported".to_owned()));
    }
    ("Descriptive statistics".to_owned(), jobs)
}

fn models(study: Study<'_>, family: &Models, columns: &mut Columns<'_>, absent: &mut Absent) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (at, model) in family.models.iter().enumerate() {
        let label = format!("{} ({})", family.id, at + 1);
        match (&model.fit, &model.design) {
            (Outcome::Failed(problem), _) => absent.push((label, format!("Attica has no result: {}", problem.message))),
            (Outcome::Fit(record), _) if record.model == "random effects" => {
                absent.push((label, "variance components differ between programs".to_owned()));
            }
            (Outcome::Fit(record), Some(design)) => {
                let found = regression(study, &label, about(model), design, record, columns);
                if let Errors::Other(name) = &found.errors {
                    absent
                        .push((format!("{label}: standard errors"), format!("{name} is not asked of other software")));
                }
                if record.terms.iter().any(|term| term.wild.is_some()) {
                    let draws = "random draws differ between programs".to_owned();
                    absent.push((format!("{label}: wild bootstrap"), draws));
                }
                jobs.push(Job::Regression(found));
            }
            (Outcome::Fit(_), None) => absent.push((label, "its rows were not kept".to_owned())),
        }
    }
    jobs
}

fn about(model: &Model) -> String {
    let Text { en, .. } = &model.head;
    if en.is_empty() { model.formula.clone() } else { format!("{en}: {}", model.formula) }
}

/// A regression over the rows and columns of `design`.
fn regression(
    study: Study<'_>,
    label: &str,
    about: String,
    design: &Arc<Design>,
    record: &FitRecord,
    columns: &mut Columns<'_>,
) -> Regression {
    let sample = &design.sample;
    let (name, values) = &design.outcome;
    let outcome = columns.measured(name, sample, values);
    let expected = |term: &attica::fit::Term| Expected {
        estimate: term.estimate,
        std_error: Some(term.std_error).filter(|se| se.is_finite() && *se > 0.0),
    };
    let regressors = design.regressors.iter().filter_map(|(name, values)| {
        let term = record.terms.iter().find(|term| term.term == *name)?;
        Some((columns.measured(name, sample, values), expected(term)))
    });
    let regressors = regressors.collect();
    let constant = record.terms.iter().find(|term| term.term == "(Intercept)").map(expected);
    let weights = design.weights.as_ref().map(|weights| columns.measured(&weights.name, sample, &weights.values));
    let mut found = Regression {
        label: label.to_owned(),
        about,
        outcome,
        regressors,
        constant,
        effects: effects(design, columns),
        weights,
        sample: columns.sample(sample),
        errors: Errors::Iid,
        card: record.se_card.clone(),
        rows: sample.len(),
    };
    found.errors = errors(study, record, design, columns);
    found
}

fn effects(design: &Design, columns: &mut Columns<'_>) -> Vec<Absorbed> {
    let one = |effect: &attica::design::Effect| Absorbed {
        by: columns.category(&effect.by, &design.sample),
        slopes: effect.slopes.iter().map(|(name, values)| columns.measured(name, &design.sample, values)).collect(),
        intercept: effect.intercept,
    };
    design.effects.iter().map(one).collect()
}

/// The kind of standard errors of `record`, with the clusters of its design.
fn errors(study: Study<'_>, record: &FitRecord, design: &Design, columns: &mut Columns<'_>) -> Errors {
    let kind = &record.se_card.vcov;
    // Frequency weights are counted in N, which the helpers of the scripts do not.
    if study.file.model.weights.as_ref().is_some_and(|weights| weights.kind == crate::studyfile::Weighting::Frequency) {
        return Errors::Other("frequency weights".to_owned());
    }
    match kind.as_str() {
        "iid" => Errors::Iid,
        "HC1" => Errors::Robust,
        _ if kind.starts_with("cluster(") && (1..=2).contains(&design.clusters.len()) => {
            Errors::Cluster(design.clusters.iter().map(|codes| columns.category(codes, &design.sample)).collect())
        }
        _ => Errors::Other(kind.clone()),
    }
}

/// The two-way event study as a regression, and the headline of every other estimator.
fn events(
    study: Study<'_>,
    found: &EventStudies,
    columns: &mut Columns<'_>,
    absent: &mut Absent,
) -> (String, Vec<Job>) {
    let mut jobs = Vec::new();
    for failed in &found.failed {
        absent.push((
            format!("event study by {}", failed.estimator),
            format!("Attica has no result: {}", failed.problem.message),
        ));
    }
    let two_way = found.studies.iter().find(|events| events.estimator == "twfe");
    match (two_way, two_way_base(study)) {
        (Some(events), Ok((design, spec))) => match two_way_events(study, events, &design, &spec.window, columns) {
            Some(job) => jobs.push(Job::Regression(job)),
            None => absent.push(("two-way event study".to_owned(), "its regression was not kept".to_owned())),
        },
        (Some(_), Err(problem)) => absent.push(("two-way event study".to_owned(), problem.message)),
        (None, _) => {}
    }
    for answer in found.estimators.iter().filter(|answer| answer.estimator != "twfe") {
        let events = found.studies.iter().find(|events| events.estimator == answer.estimator);
        match staggered::job(study, answer, events, columns) {
            Ok(job) => jobs.push(Job::Staggered(job)),
            Err(why) => absent.push((format!("effects by {}", answer.estimator), why)),
        }
    }
    ("Event study".to_owned(), jobs)
}

fn two_way_events(
    study: Study<'_>,
    events: &EventStudy,
    base: &Design,
    window: &attica::estimator::event_time::Window,
    columns: &mut Columns<'_>,
) -> Option<Regression> {
    let record = events.fit.as_ref()?;
    let every: Vec<u32> = (0..study.data.frame.rows() as u32).collect();
    let times = relative(&study.data.panel, &study.data.treatment.adoption, &every);
    let inside = |k: i64| !window.trim || window.bounds.is_none_or(|[low, high]| (low..=high).contains(&k));
    let stays = |row: u32| match times[row as usize] {
        Relative::Never => true,
        Relative::At(k) => inside(k.into()),
        Relative::Undated => false,
    };
    let rows: Vec<u32> = (0..base.sample.len() as u32).filter(|&at| stays(base.sample[at as usize])).collect();
    let design = Arc::new(base.take(&rows));
    // Singletons leave on the way; which ones, only the fit knew.
    if record.ledger.used != rows.len() {
        return None;
    }
    let time = event_time(study, columns);
    let mut found =
        regression(study, "event study by twfe", "two-way event study".to_owned(), &design, record, columns);
    let controls = std::mem::take(&mut found.regressors);
    let (low, high) = (events.rows.first()?.event_time, events.rows.last()?.event_time);
    for row in events.rows.iter().filter(|row| !events.reference.contains(&row.event_time)) {
        let at = row.event_time;
        let beyond = i8::from(row.binned && at == high) - i8::from(row.binned && at == low);
        let sign = if at < 0 { "m" } else { "p" };
        let name = format!("event_{sign}{}", at.unsigned_abs());
        let id = columns.add(&name, &format!("event time {at}"), Values::Event { time, at, beyond });
        found.regressors.push((id, Expected { estimate: row.estimate, std_error: row.std_error }));
    }
    found.regressors.extend(controls);
    Some(found)
}

/// The column of whole periods since adoption.
pub fn event_time(study: Study<'_>, columns: &mut Columns<'_>) -> Id {
    const NAME: &str = "event_time";
    const ORIGINAL: &str = "periods since adoption; empty for units that never adopt";
    if let Some(id) = columns.list.iter().position(|column| column.original == ORIGINAL) {
        return id;
    }
    let of = |time: &Relative| if let Relative::At(k) = time { f64::from(*k) } else { f64::NAN };
    let every: Vec<u32> = (0..study.data.frame.rows() as u32).collect();
    let values = relative(&study.data.panel, &study.data.treatment.adoption, &every).iter().map(of).collect();
    columns.add(NAME, ORIGINAL, Values::Number(values))
}

/// The one cluster variable of a study's standard errors, if there is one.
pub fn cluster(study: Study<'_>) -> Option<String> {
    match study.vcov().ok()? {
        Vcov::Cluster(names) if names.len() == 1 => names.into_iter().next(),
        _ => None,
    }
}
