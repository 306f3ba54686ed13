//! From files to one table: read, filter, settle duplicates, join.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use attica::expr::Expr;
use attica::frame::{Column, Frame, Values};
use attica::ledger::{Ledger, Reason};
use attica::message::{Problem, Warning};

use crate::read::{self, JoinOptions, ReadOptions};
use crate::results::{Join, Source as Read};
use crate::studyfile::{Duplicates, Source, StudySource};

/// One table, and where its rows came from.
pub(super) struct Gathered {
    pub frame: Frame,
    pub sources: Vec<Read>,
    pub joins: Vec<Join>,
    pub ledger: Ledger,
    pub warnings: Vec<Warning>,
}

/// Reads every table of the study and joins them to the first.
///
/// # Errors
/// All problems of reading, one per table at most; then the first of joining.
pub(super) fn gather(tables: &[Source], study: &StudySource, folder: &Path) -> Result<Gathered, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for (i, table) in tables.iter().enumerate() {
        match one(table, i, study, folder, &tables[0]) {
            Ok(one) => read.push(one),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut tables_read = read.into_iter();
    let Some(first) = tables_read.next() else { return Err(vec![Problem::new("E602", "the study names no data")]) };
    let One { mut frame, source, ledger, mut warnings } = first;
    let mut sources = vec![source];
    let mut joins = Vec::new();
    for (i, right) in tables_read.enumerate() {
        let table = &tables[i + 1];
        let options = JoinOptions { places: table.places };
        let at = (i + 1).to_string();
        let joined = read::join(&frame, &right.frame, &table.keys(&tables[0]), &table.file, &options)
            .map_err(|problem| vec![pointed(problem, study, &["data", &at, "on"])])?;
        frame = joined.0;
        joins.push(joined.1);
        sources.push(right.source);
        warnings.extend(right.warnings);
    }
    Ok(Gathered { frame, sources, joins, ledger, warnings })
}

struct One {
    frame: Frame,
    source: Read,
    ledger: Ledger,
    warnings: Vec<Warning>,
}

fn one(table: &Source, i: usize, study: &StudySource, folder: &Path, panel: &Source) -> Result<One, Problem> {
    let at = i.to_string();
    // A path of its own choosing is an absolute one; a relative one may not lead out of the folder unseen.
    let confine = Path::new(&table.file).is_relative().then(|| folder.to_owned());
    let options = ReadOptions { confine, ..table.read.clone() };
    let (mut frame, mut source) = read::read_file(&folder.join(&table.file), &options)?;
    source.file.clone_from(&table.file);
    let mut ledger = Ledger::new(frame.rows());
    let mut warnings = Vec::new();
    if let Some(condition) = &table.r#where {
        let (kept, notes) = filtered(&frame, condition, &mut ledger)
            .map_err(|problem| inside(problem, study, &["data", &at, "where"]))?;
        frame = kept;
        warnings.extend(notes);
    }
    let keys: Vec<String> = if i == 0 {
        [&table.unit, &table.time].into_iter().flatten().cloned().collect()
    } else {
        table.keys(panel).into_iter().map(|(_, right)| right).collect()
    };
    if table.duplicates != Duplicates::Error {
        let (kept, lost) =
            settle(&frame, &keys, table.duplicates).map_err(|problem| pointed(problem, study, &["data", &at]))?;
        if lost > 0 {
            let (en, zh) = match table.duplicates {
                Duplicates::First => ("the first was kept", "保留首行"),
                Duplicates::Last => ("the last was kept", "保留末行"),
                Duplicates::Mean | Duplicates::Error => ("their numbers were averaged", "数值取均值"),
            };
            let why = Reason::excluded(
                format!("further rows of one {}: {en}", keys.join(" and ")),
                format!("{}重复的行：{zh}", keys.join("、")),
            );
            ledger.drop_rows(why, lost);
            warnings.push(Warning::new(
                "E101",
                format!("{}: {lost} further rows of one {}; {en}", table.file, keys.join(" and ")),
                format!("{}：{} 重复 {lost} 行；{zh}", table.file, keys.join("、")),
            ));
        }
        frame = kept;
    }
    Ok(One { frame, source, ledger, warnings })
}

/// The rows in which `condition` holds, the others booked.
///
/// # Errors
/// Those of the expression; `E701` when no row is left.
pub fn filtered(frame: &Frame, condition: &str, ledger: &mut Ledger) -> attica::message::Result<(Frame, Vec<Warning>)> {
    let (holds, warnings) = Expr::parse(condition)?.holds(frame, None)?;
    let rows: Vec<u32> = (0..frame.rows() as u32).filter(|&r| holds[r as usize]).collect();
    ledger.drop_rows(Reason::Filter(condition.to_owned()), frame.rows() - rows.len());
    if rows.is_empty() {
        return Err(Problem::new("E701", format!("no row is left after the filter {condition}"))
            .fix("loosen the filter; the ledger starts with the rows that were read"));
    }
    Ok((frame.take(&rows), warnings))
}

/// One row per key, and how many rows went.
fn settle(frame: &Frame, keys: &[String], how: Duplicates) -> attica::message::Result<(Frame, usize)> {
    let columns: Vec<&Column> = keys.iter().map(|key| frame.column(key)).collect::<Result<_, _>>()?;
    let mut groups: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut members: Vec<Vec<u32>> = Vec::new();
    for row in 0..frame.rows() {
        let key: Vec<String> = columns.iter().map(|c| c.display(row)).collect();
        let group = *groups.entry(key).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        members[group].push(row as u32);
    }
    let pick = |group: &Vec<u32>| match how {
        Duplicates::Last => group[group.len() - 1],
        _ => group[0],
    };
    let rows: Vec<u32> = members.iter().map(pick).collect();
    let mut kept = frame.take(&rows);
    if how == Duplicates::Mean {
        for column in frame.columns().iter().filter(|c| !keys.contains(&c.name)) {
            let Values::Number(values) = &column.values else { continue };
            let means = members.iter().map(|group| {
                let present = || group.iter().map(|&r| values[r as usize]).filter(|v| !v.is_nan());
                present().sum::<f64>() / present().count() as f64
            });
            let means = Column { values: Values::Number(Arc::new(means.collect())), ..column.clone() };
            kept.set(means)?;
        }
    }
    Ok((kept, frame.rows() - rows.len()))
}

/// The problem at a key of the study file, unless it has a place of its own.
pub(super) fn pointed(problem: Problem, study: &StudySource, path: &[&str]) -> Problem {
    if problem.place == attica::message::Place::default() { problem.at(study.place(path)) } else { problem }
}

/// The problem of an expression, at its character within the text of a key.
pub(super) fn inside(problem: Problem, study: &StudySource, path: &[&str]) -> Problem {
    let place = study.place(path);
    let within = problem.place.character.filter(|_| problem.place.line.is_none_or(|line| line == 1));
    let quote = place.value.as_deref().map_or(1, |value| if value.starts_with("\"\"\"") { 3 } else { 1 });
    let character = match (place.character, within) {
        (Some(start), Some(offset)) if problem.place.file.is_none() => Some(start + quote + offset - 1),
        (start, _) => start,
    };
    let value = if character == place.character { place.value.clone() } else { None };
    problem.at(attica::message::Place { character, value, ..place })
}
