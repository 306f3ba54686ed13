//! What the data say about the design before any step, for the maps of the report and for the referee.

mod controls;
mod others;
mod timing;

use attica::diagnostic::bacon::bacon_of;
use attica::diagnostic::twfe_weights::twfe_weights;
use attica::fit::Term;
use attica::frame::Frame;
use attica::panel::Panel;

use super::Study;
use super::regression::{Spec, name};
use crate::results::{Comparisons, DesignCard, MissingRow};
use crate::run::Treatment;
use crate::studyfile::{self, Outcome};

/// What a table and its policy say, without a study.
pub fn of_table(frame: &Frame, panel: &Panel, treatment: &Treatment) -> DesignCard {
    DesignCard {
        times: panel.times.clone(),
        timing: timing::map(panel, treatment),
        policies: others::policies(frame, panel, treatment, &[]),
        waves: others::waves(frame, panel, treatment),
        neighbours: others::neighbours(frame, panel, treatment, &[]),
        ..DesignCard::default()
    }
}

/// What a study's data and its main regression say. Regressions that cannot be estimated are left out here: the steps
/// say why.
pub(crate) fn of_study(study: Study<'_>) -> DesignCard {
    let (frame, panel, treatment) = (&study.data.frame, &study.data.panel, &study.data.treatment);
    let main = study.main().ok();
    let policy = |spec: &Spec| term(study, spec, study.policy());
    let bare = main.as_ref().map(|main| Spec { controls: Vec::new(), ..main.clone() });
    let named: Vec<(String, attica::text::Text)> = study
        .file
        .robustness
        .iter()
        .flat_map(|step| &step.concurrent)
        .map(|name| (name.clone(), study.label(name)))
        .collect();
    let regions = regions(study.file);
    let missing = missing(study);
    DesignCard {
        policies: others::policies(frame, panel, treatment, &named)
            .into_iter()
            .map(|path| crate::results::PolicyPath { label: study.label(&path.name), ..path })
            .collect(),
        neighbours: others::neighbours(frame, panel, treatment, &regions),
        means: frame.numbers(study.outcome()).map(|y| timing::means(panel, treatment, y)).unwrap_or_default(),
        variables: missing.0,
        missing: missing.1,
        ingredients: controls::of_outcome(study),
        controls: bare.as_ref().map(|bare| controls::cards(study, bare)).unwrap_or_default(),
        effect: main.as_ref().and_then(policy),
        without_controls: bare.as_ref().and_then(policy),
        comparisons: main.as_ref().zip(bare.as_ref()).and_then(|(main, bare)| comparisons(study, main, bare)),
        outcomes: main.as_ref().map(|main| outcomes(study, main)).unwrap_or_default(),
        ..of_table(frame, panel, treatment)
    }
}

/// A coefficient of a regression.
fn term(study: Study<'_>, spec: &Spec, of: &str) -> Option<Term> {
    let (_, fit) = study.fit(spec).ok()?;
    fit.record().terms.into_iter().find(|term| term.term == of)
}

fn comparisons(study: Study<'_>, main: &Spec, bare: &Spec) -> Option<Comparisons> {
    if study.data.treatment.continuous {
        return None;
    }
    let weights = twfe_weights(&study.design(main).ok()?, study.policy()).ok()?;
    let bacon = study.design(bare).and_then(|design| bacon_of(&design, study.policy())).ok();
    let with_treated = bacon.map(|found| {
        let used = found.rows.iter().filter(|row| row.kind.uses_treated());
        used.map(|row| row.weight).sum::<f64>() + 0.0
    });
    Some(Comparisons { with_treated, share_negative: weights.share_negative, sum_negative: weights.sum_negative })
}

/// The policy's effect on the further outcomes that the study names.
fn outcomes(study: Study<'_>, main: &Spec) -> Vec<(String, Term)> {
    let replaced = study.file.robustness.iter().flat_map(|step| step.replace_outcome.as_slice());
    let columns = replaced.filter_map(|outcome| match outcome {
        Outcome::Column(column) => Some(column),
        Outcome::Index(_) => None,
    });
    let mut names: Vec<&String> = Vec::new();
    for column in study.file.model.outcome.as_slice().iter().skip(1).chain(columns) {
        if !names.contains(&column) {
            names.push(column);
        }
    }
    let of = |column: &String| {
        let spec = Spec { outcome: name(column), ..main.clone() };
        Some((column.clone(), term(study, &spec, study.policy())?))
    };
    names.into_iter().filter_map(of).collect()
}

/// Columns that the study itself treats as groups of units.
fn regions(file: &studyfile::StudyFile) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if let Some(step) = &file.robustness {
        found.extend(step.trends.iter().cloned());
        found.extend(step.effects.iter().flat_map(|effect| effect.split('^').map(str::to_owned)));
        found.extend(step.cluster.iter().flat_map(|by| by.as_slice().to_vec()));
        found.extend(step.leave_out.iter().cloned());
    }
    found.extend(file.placebo.iter().flat_map(|step| step.strata.iter().chain(&step.clusters).cloned()));
    found.extend(file.model.cluster.as_slice().iter().cloned());
    found
}

/// How many variables the study uses, and the gaps of those that have some.
fn missing(study: Study<'_>) -> (usize, Vec<MissingRow>) {
    let (file, frame, panel) = (study.file, &study.data.frame, &study.data.panel);
    let mut names: Vec<&str> = file.model.outcome.as_slice().iter().map(String::as_str).collect();
    names.push(&file.policy.name);
    names.extend(file.model.controls.iter().map(String::as_str));
    let channels = file.mechanism.iter().flat_map(|step| step.through.iter().chain(&step.moderation));
    names.extend(channels.map(String::as_str));
    names.extend(file.index.values().flat_map(studyfile::indicators).map(|(_, column, _)| column));
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(&name) && frame.get(name).is_some() {
            seen.push(name);
        }
    }
    let mut rows_of = vec![0_usize; panel.times.len()];
    panel.time.iter().for_each(|&t| rows_of[t as usize] += 1);
    let gaps = |name: &&str| {
        let column = frame.get(name)?;
        let mut absent = vec![0_usize; panel.times.len()];
        let missing = (0..column.len()).filter(|&row| column.is_missing(row));
        missing.for_each(|row| absent[panel.time[row] as usize] += 1);
        let rows: usize = absent.iter().sum();
        let share = absent.iter().zip(&rows_of).map(|(&gone, &all)| gone as f64 / all.max(1) as f64).collect();
        (rows > 0).then(|| MissingRow { name: (*name).to_owned(), rows, share })
    };
    (seen.len(), seen.iter().filter_map(gaps).collect())
}
