//! From a study file to results: read, join, derive, code the policy, run the steps.

mod card;
mod derive;
mod gather;
mod reference;
mod treatment;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use attica::frame::{Column, Frame};
use attica::ledger::Ledger;
use attica::message::{Problem, Warning};
use attica::panel::Panel;

use crate::compose;
use crate::read::{constant_within, outside_unit_interval, value_warnings};
use crate::results::{Content, IndexResult, Join, ModelCard, Policy, Results, Section, Source, Style};
use crate::steps;
use crate::studyfile::{self, StudyFile, StudySource};

pub use card::panel_card;
pub use derive::{build as build_index, options as index_options, parts as index_parts};
pub use gather::filtered;
pub use treatment::{Treatment, treatment};
pub(crate) use watch::Watch;

/// How often a run tells how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// A study's data, ready for its steps. Rows are sorted by unit and time, so that no result depends
/// on the order of the file.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Every column: those of the files, derived variables, indices, and the policy variable.
    pub frame: Frame,
    /// Unit and time of its rows.
    pub panel: Panel,
    /// The policy.
    pub treatment: Treatment,
    /// Files.
    pub sources: Vec<Source>,
    /// Joins.
    pub joins: Vec<Join>,
    /// Rows from the first file to the frame.
    pub ledger: Ledger,
    /// Composite indices.
    pub indices: Vec<IndexResult>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Reads and prepares the data of a study. Files are looked for in `folder`.
///
/// # Errors
/// All problems that one stage finds: of the files, of names that no column has (`E603`), of the panel, of the
/// derived variables, of the policy. Later stages do not run on what an earlier one refused.
pub fn prepare(file: &StudyFile, study: &StudySource, folder: &Path) -> Result<Prepared, Vec<Problem>> {
    let gathered = gather::gather(&file.data, study, folder)?;
    let (unit, time) = match (&file.data[0].unit, &file.data[0].time) {
        (Some(unit), Some(time)) => (unit.as_str(), time.as_str()),
        _ => return Err(vec![study.problem("E602", &["data", "0"], "the first table needs unit and time")]),
    };
    let gather::Gathered { frame, sources, joins, mut ledger, mut warnings } = gathered;
    let mut known: Vec<&str> = frame.columns().iter().map(|c| c.name.as_str()).collect();
    known.extend(file.variables.keys().chain(file.index.keys()).map(String::as_str));
    known.push(&file.policy.name);
    let mut problems = studyfile::columns(file, study, &known);
    for (key, name) in [("unit", unit), ("time", time)] {
        if let Err(problem) = frame.column(name) {
            problems.push(problem.at(study.place(&["data", "0", key])));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }

    let at_data = |problem: Problem| vec![gather::pointed(problem, study, &["data", "0"])];
    let (mut frame, mut panel, notes) = sorted(frame, unit, time).map_err(at_data)?;
    warnings.extend(notes);
    let (indices, notes) = derive::derive(file, study, &mut frame, &panel)?;
    warnings.extend(notes);
    if let Some(condition) = &file.r#where {
        let (kept, notes) = gather::filtered(&frame, condition, &mut ledger)
            .map_err(|problem| vec![gather::inside(problem, study, &["where"])])?;
        warnings.extend(notes);
        let again = sorted(kept, unit, time).map_err(at_data)?;
        (frame, panel) = (again.0, again.1);
    }
    let treatment = treatment(&file.policy, &frame, &panel)
        .map_err(|problem| vec![gather::pointed(problem, study, &["policy"])])?;
    let policy = Column::number(&treatment.name, treatment.values.clone());
    frame.set(policy).map_err(|problem| vec![problem])?;
    Ok(Prepared { frame, panel, treatment, sources, joins, ledger, indices, warnings })
}

/// Runs a whole study. `progress` is told four times a second what runs, how many stages are behind, and how many there are.
///
/// # Errors
/// All problems of the study file and of the data that one stage finds. Steps that fail do not stop the others: they
/// are kept in the results.
pub fn run(
    file: &StudyFile,
    study: &StudySource,
    folder: &Path,
    progress: &(dyn Fn(&str, usize, usize) + Sync),
) -> Result<Results, Vec<Problem>> {
    let (data, sections, word_styles) = computed(file, study, folder, false, progress)?;
    Ok(results(file, study, data, sections, word_styles))
}

/// Results with the rows behind every column of their tables, and the data that they come from.
///
/// # Errors
/// As [`run`].
pub fn run_keeping_rows(
    file: &StudyFile,
    study: &StudySource,
    folder: &Path,
    progress: &(dyn Fn(&str, usize, usize) + Sync),
) -> Result<(Results, Prepared), Vec<Problem>> {
    let (data, sections, word_styles) = computed(file, study, folder, true, progress)?;
    Ok((results(file, study, data.clone(), sections, word_styles), data))
}

fn computed(
    file: &StudyFile,
    study: &StudySource,
    folder: &Path,
    keep: bool,
    progress: &(dyn Fn(&str, usize, usize) + Sync),
) -> Result<(Prepared, Vec<Section>, Option<String>), Vec<Problem>> {
    let stages = steps::count(file) + 1;
    progress("data", 0, stages);
    let word_styles = file.report.reference.as_deref().map(|name| reference::styles(name, folder)).transpose();
    let word_styles = word_styles.map_err(|problem| vec![gather::pointed(problem, study, &["report", "reference"])])?;
    let data = prepare(file, study, folder)?;
    let watch = Watch::default();
    let main = steps::Study { file, data: &data, keep, watch: &watch };
    steps::check_main(main).map_err(|problem| vec![gather::pointed(problem, study, &["model"])])?;
    let sections = std::thread::scope(|scope| {
        let (ended, wait) = mpsc::channel::<()>();
        scope.spawn(|| {
            let wait = wait;
            while wait.recv_timeout(TOLD_EVERY) == Err(RecvTimeoutError::Timeout) {
                let (running, done) = watch.state();
                progress(&running, done + 1, stages);
            }
        });
        let sections = steps::run(main);
        drop(ended);
        sections
    });
    Ok((data, sections, word_styles))
}

fn results(
    file: &StudyFile,
    source: &StudySource,
    data: Prepared,
    sections: Vec<Section>,
    word_styles: Option<String>,
) -> Results {
    let watch = Watch::default();
    let study = steps::Study { file, data: &data, keep: false, watch: &watch };
    let mut card_columns: Vec<&str> = file.model.outcome.as_slice().iter().map(String::as_str).collect();
    card_columns.push(&file.policy.name);
    card_columns.extend(file.model.controls.iter().map(String::as_str));
    card_columns.extend(file.mechanism.iter().flat_map(|m| &m.through).map(String::as_str));
    let mut warnings = data.warnings.clone();
    warnings.extend(data.treatment.warnings.iter().cloned());
    warnings.extend(noticed(file, &data));
    warnings.extend(steps::bad_controls(study));
    warnings.extend(steps::assignment(study));
    let panel = panel_card(&data.frame, &data.panel, Some(&data.treatment), &card_columns, Vec::new());
    let treatment = &data.treatment;
    let style = &file.report;
    let model = ModelCard {
        outcome: study.outcome().to_owned(),
        controls: file.model.controls.clone(),
        effects: study.effects(),
        cluster: study.vcov().map(|vcov| vcov.clusters().to_vec()).unwrap_or_default(),
        ssc: file.model.ssc.name().to_owned(),
    };
    let design = steps::design::of_study(study);
    let mut results = Results {
        format: "attica-results/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        title: file.title.text(),
        language: file.language,
        seed: file.seed,
        simulated: file.simulated.as_ref().map(studyfile::Words::text),
        style: Style {
            name: style.style.name().to_owned(),
            stars: style.stars.clone(),
            below: style.below.name().to_owned(),
            digits: style.digits,
            dpi: style.dpi,
            figure_width: style.figure_width,
            word_styles,
            tables: style.tables.clone(),
            panels: style.panels.clone(),
        },
        policy: Policy {
            name: treatment.name.clone(),
            coding: treatment.coding.clone(),
            staggered: treatment.dates.len() > 1,
            dates: treatment.dates.clone(),
        },
        model,
        panel,
        labels: labels(file, &data.frame),
        variables: file.variables.iter().map(|(name, text)| (name.clone(), text.clone())).collect(),
        design: Some(design),
        referee: Vec::new(),
        sources: data.sources,
        joins: data.joins,
        ledger: data.ledger,
        indices: data.indices,
        sections,
        warnings,
    };
    results.sections.extend(
        compose::layout_problems(&results, source)
            .into_iter()
            .map(|problem| Section { step: "report".to_owned(), content: Content::Failed(problem) }),
    );
    results.referee = crate::referee::remarks(&crate::referee::Facts::from(&results));
    results
}

/// What the values of the columns that the study uses would make a careful reader ask. Derived variables repeat what
/// is found in those that they are made from, and are left out.
fn noticed(file: &StudyFile, data: &Prepared) -> Vec<Warning> {
    let used = studyfile::used(file);
    let keys = [&data.panel.unit_name, &data.panel.time_name];
    let raw = |c: &&Column| {
        keys.contains(&&c.name)
            || (used.contains(&c.name) && c.name != file.policy.name && !file.variables.contains_key(&c.name))
    };
    let columns = data.frame.columns().iter().filter(raw).filter(|c| !file.index.contains_key(&c.name)).cloned();
    let found = Frame::new(columns.collect()).map(|frame| value_warnings(&frame, &data.panel));
    let mut warnings = found.unwrap_or_default();
    let indices: Vec<String> = file.index.keys().cloned().collect();
    warnings.extend(outside_unit_interval(&data.frame, &indices).unwrap_or_default());
    let constant = constant_within(&data.frame, &data.panel, file.model.outcome.as_slice());
    warnings.extend(constant.unwrap_or_default());
    warnings
}

/// What a reader calls each variable: the study's words, or else the file's own labels.
fn labels(file: &StudyFile, frame: &Frame) -> BTreeMap<String, attica::text::Text> {
    let of_file = frame.columns().iter().filter_map(|c| Some((c.name.clone(), c.label.clone()?)));
    let of_study = file.labels.iter().map(|(name, words)| (name.clone(), words.text()));
    let made = file.matching.as_ref().map(|_| steps::matching::weight_name(file));
    of_file.chain(made).chain(of_study).collect()
}

/// The frame in order of unit and time, with its panel.
///
/// # Errors
/// Those of [`Panel::new`].
pub fn sorted(frame: Frame, unit: &str, time: &str) -> attica::message::Result<(Frame, Panel, Vec<Warning>)> {
    sorted_counting(frame, unit, time, None)
}

/// [`sorted`] for a frame in which a unit stands for as many as its rows say in the column `copies`.
///
/// # Errors
/// Those of [`Panel::new`].
pub fn sorted_counting(
    frame: Frame,
    unit: &str,
    time: &str,
    copies: Option<&str>,
) -> attica::message::Result<(Frame, Panel, Vec<Warning>)> {
    let (panel, warnings) = Panel::counting(&frame, unit, time, copies)?;
    let mut order: Vec<u32> = (0..panel.units.len() as u32).collect();
    order.sort_by(|&a, &b| panel.units.compare(a as usize, b as usize));
    let rows: Vec<u32> = order
        .iter()
        .flat_map(|&u| (0..panel.times.len()).map(move |t| (u, t)))
        .filter_map(|(u, t)| panel.row(u, t))
        .map(|r| r as u32)
        .collect();
    if rows.iter().enumerate().all(|(i, &row)| i == row as usize) {
        return Ok((frame, panel, warnings));
    }
    let frame = frame.take(&rows);
    let (panel, _) = Panel::counting(&frame, unit, time, copies)?;
    Ok((frame, panel, warnings))
}
