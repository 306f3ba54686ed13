//! Every warning of the study, once, in order of importance, with the places that it concerns.

use attica::message::Warning;
use attica::text::Text;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::words::{Words, glue, text};
use crate::results::{Content, Outcome, Results};

/// Blocks of the last section; none when nothing was noticed.
pub(super) fn blocks(words: &Words<'_>) -> Vec<Block> {
    let found = collect(words.results);
    if found.is_empty() {
        return Vec::new();
    }
    let rows = found.into_iter().map(|(id, said, places)| {
        Row::Cells(vec![Cell::same(id), Cell::Text(said), Cell::Text(glue(places, ", ", "、"))])
    });
    vec![Block::Table(Table {
        id: "warnings".to_owned(),
        title: text("Warnings and notes", "警告与提示"),
        columns: vec![Align::Left; 3],
        head: vec![
            [text("Id", "编号"), text("What was noticed", "内容"), text("Where", "位置")].map(Head::one).to_vec(),
        ],
        rows: rows.collect(),
        notes: vec![text(
            "E: a step or column that could not be computed; W: a caution; N: a note. Ordered by what they threaten: \
             identification, inference, then data and files. The catalogue of ids says what each means and what to do.",
            "E为未能完成的步骤，W为警告，N为提示；按其影响排序：识别、推断、数据与文件。各编号的含义与处理办法见说明目录。",
        )],
    })]
}

/// How much an id matters: smaller comes first. Letters before classes; among classes, what threatens
/// identification (2), then inference (4), models (6), the run (7), the panel (1), values (3), files (5).
fn importance(id: &str) -> (usize, usize, String) {
    let mut letters = id.chars();
    let letter = letters.next().and_then(|letter| "EWN".find(letter)).unwrap_or(3);
    let class = letters.next().and_then(|class| "24678135".find(class)).unwrap_or(9);
    (letter, class, id.to_owned())
}

type Entry = (String, Text, Vec<Text>);

/// All warnings and failures: id, text and places; equal ones are merged.
fn collect(results: &Results) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut add =
        |id: &str, said: &Text, place: Text| match found.iter_mut().find(|entry| entry.0 == id && entry.1 == *said) {
            Some(entry) if entry.2.contains(&place) => {}
            Some(entry) => entry.2.push(place),
            None => found.push((id.to_owned(), said.clone(), vec![place])),
        };
    let mut all = |warnings: &[Warning], place: &Text| {
        for warning in warnings {
            add(&warning.id, &warning.text, place.clone());
        }
    };
    all(&results.warnings, &text("study", "研究"));
    for source in &results.sources {
        all(&source.warnings, &Text::same(&source.file));
    }
    for join in &results.joins {
        all(&join.warnings, &Text::same(&join.file));
    }
    all(&results.panel.warnings, &text("panel", "面板"));
    for index in &results.indices {
        all(&index.warnings, &Text::same(&index.name));
    }
    for section in &results.sections {
        let place = super::heading(&section.step);
        match &section.content {
            // The remarks of variances are of those that the study does not use.
            Content::Descriptives(_)
            | Content::Variances(_)
            | Content::SpecificationCurve(_)
            | Content::LeaveOut(_)
            | Content::Decomposition(_)
            | Content::Index(_)
            | Content::Failed(_) => {}
            Content::Models(family) => {
                all(&family.cautions, &family.title);
                for model in &family.models {
                    if let Outcome::Fit(fit) = &model.fit {
                        all(&fit.warnings, &family.title);
                    }
                }
            }
            Content::EventStudy(found) => {
                for study in &found.studies {
                    all(&study.warnings, &place);
                    all(study.fit.as_ref().map_or(&[][..], |fit| &fit.warnings), &place);
                }
                for one in &found.estimators {
                    all(&one.warnings, &place);
                }
                all(found.few_clusters.as_ref().map_or(&[][..], |few| &few.warnings), &place);
            }
            Content::Sensitivity(found) => found.studies.iter().for_each(|one| all(&one.warnings, &place)),
            Content::Family(found) => all(&found.warnings, &found.title),
            Content::Hypotheses(found) => all(&found.warnings, &found.title),
            Content::Matching(found) => {
                let matches = found.timings.iter().flat_map(|timed| &timed.matches);
                matches.for_each(|one| all(&one.warnings, &place));
            }
            Content::Placebo(found) => {
                for kind in &found.kinds {
                    all(&kind.warnings, &place);
                    for (_, fit) in &kind.fits {
                        all(&fit.warnings, &place);
                    }
                }
            }
        }
    }
    for section in &results.sections {
        match &section.content {
            Content::Failed(problem) => {
                add(&problem.id, &problem.text(), super::heading(&section.step));
            }
            Content::EventStudy(found) => {
                for one in &found.failed {
                    add(&one.problem.id, &one.problem.text(), one.label.clone());
                }
            }
            Content::Sensitivity(found) => {
                for one in &found.failed {
                    add(&one.problem.id, &one.problem.text(), one.label.clone());
                }
            }
            Content::Decomposition(found) => {
                for (what, problem) in &found.failed {
                    add(&problem.id, &problem.text(), what.clone());
                }
            }
            Content::Placebo(found) => {
                for one in &found.failed {
                    add(&one.problem.id, &one.problem.text(), one.label.clone());
                }
            }
            Content::Family(found) => {
                for (_, problem) in &found.failed {
                    add(&problem.id, &problem.text(), found.title.clone());
                }
            }
            Content::Models(family) => {
                for model in &family.models {
                    if let Outcome::Failed(problem) = &model.fit {
                        add(&problem.id, &problem.text(), family.title.clone());
                    }
                }
            }
            Content::Descriptives(_)
            | Content::Hypotheses(_)
            | Content::Matching(_)
            | Content::SpecificationCurve(_)
            | Content::LeaveOut(_)
            | Content::Index(_)
            | Content::Variances(_) => {}
        }
    }
    found.sort_by_key(|(id, _, _)| importance(id));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threats_to_identification_come_before_notes_on_files() {
        let mut ids = ["N503", "W502", "W405", "E206", "W210", "W104"];
        ids.sort_by_key(|id| importance(id));
        assert_eq!(ids, ["E206", "W210", "W405", "W104", "W502", "N503"]);
    }
}
