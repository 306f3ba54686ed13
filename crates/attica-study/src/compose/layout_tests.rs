#![allow(clippy::unwrap_used)]

use attica::text::Language;
use attica_report::format::Style;
use attica_report::report::{Block, Report};
use attica_report::table::{Cell, Row, Table};

use super::fixture::results;
use super::{layout_problems, report};
use crate::results::{Content, Outcome, Results};
use crate::studyfile::{StudySource, parse};

const STUDY: &str = "[[data]]\nfile = \"panel.csv\"\nunit = \"city\"\ntime = \"year\"\n\n[policy]\nfirst_treated = \"first\"\n\n[model]\noutcome = \"y\"\n\n";

/// The fixture's results laid out as `text` asks, and where that stands.
fn laid_out(text: &str) -> (Results, StudySource) {
    let (file, source, _) = parse("study.toml", &format!("{STUDY}{text}")).unwrap();
    let mut results = results();
    results.style.tables = file.report.tables;
    results.style.panels = file.report.panels;
    (results, source)
}

fn printed(text: &str) -> Report {
    report(&laid_out(text).0, Language::En)
}

fn table<'a>(report: &'a Report, id: &str) -> &'a Table {
    report.tables().find(|table| table.id == id).unwrap()
}

/// Labels of the coefficients of a table: the rows above the first separator that have one.
fn labels(table: &Table) -> Vec<String> {
    let above = table.rows.iter().take_while(|row| !matches!(row, Row::Separator));
    let label = |row: &Row| match row {
        Row::Cells(cells) => match &cells[0] {
            Cell::Text(text) if !text.en.is_empty() => Some(text.en.clone()),
            _ => None,
        },
        _ => None,
    };
    above.filter_map(label).collect()
}

fn estimates(table: &Table) -> Vec<Cell> {
    let Row::Cells(cells) = &table.rows[0] else { panic!("a row of coefficients") };
    cells[1..].to_vec()
}

#[test]
fn rows_are_kept_dropped_and_ordered_and_the_note_says_so() {
    assert_eq!(labels(table(&printed(""), "baseline")), ["Pilot policy", "Constant"]);
    let all = printed("[report.tables.baseline]\norder = [\"constant\"]\n");
    assert_eq!(labels(table(&all, "baseline")), ["Constant", "Pilot policy"]);

    let report = printed("[report.tables.baseline]\ndrop = [\"DID\"]\n");
    let dropped = table(&report, "baseline");
    assert_eq!(labels(dropped), ["Constant"]);
    let note = |start: &str, table: &Table| table.notes.iter().any(|note| note.en.starts_with(start));
    assert!(note("Estimated but not shown: Pilot policy.", dropped));

    let report = printed("[report.tables.baseline]\nkeep = [\"DID\"]\n");
    let kept = table(&report, "baseline");
    assert_eq!(labels(kept), ["Pilot policy"]);
    assert!(note("Estimated but not shown: Constant.", kept));
}

#[test]
fn columns_change_places_with_their_groups_and_the_text_follows() {
    let plain = printed("");
    let (before, n) = (estimates(table(&plain, "baseline")), table(&plain, "baseline").columns.len() - 1);
    let text = format!(
        "[report.tables.baseline]\ncolumns = [{n}, 1]\ngroups = [{{ title = \"Turned\", columns = [1, 2] }}]\n"
    );
    let report = printed(&text);
    let turned = table(&report, "baseline");
    assert_eq!(estimates(turned), [before[n - 1].clone(), before[0].clone()]);
    assert_eq!((turned.head[0][1].text.en.as_str(), turned.head[0][1].span), ("Turned", 2));
    let missing = n - 2;
    let note = turned.notes.iter().find(|note| note.en.contains("not shown: ")).unwrap();
    assert!(note.en.starts_with(&missing.to_string()), "{}", note.en);
    // The main column is still the last one estimated; it now stands first.
    let said = |report: &Report, words: &str| {
        report.blocks.iter().any(|block| matches!(block, Block::Paragraph(text) if text.en.starts_with(words)))
    };
    assert!(said(&plain, &format!("In column ({n}) the coefficient")));
    assert!(said(&report, "In column (1) the coefficient"));
}

#[test]
fn a_coefficient_of_a_column_that_is_not_shown_has_no_row() {
    let with_one_more = |text: &str| {
        let mut results = laid_out(text).0;
        let family = results.sections.iter_mut().find_map(|section| match &mut section.content {
            Content::Models(family) if family.id == "baseline" => Some(family),
            _ => None,
        });
        let family = family.unwrap();
        family.show.push("other".to_owned());
        let Outcome::Fit(last) = &mut family.models.last_mut().unwrap().fit else { panic!("a fit") };
        last.terms[0].term = "other".to_owned();
        labels(table(&report(&results, Language::En), "baseline")).contains(&"other".to_owned())
    };
    assert!(with_one_more(""));
    assert!(!with_one_more("[report.tables.baseline]\ncolumns = [1]\n"));
}

#[test]
fn tables_stack_where_their_columns_agree() {
    let plain = printed("");
    let widths = |id: &str| table(&plain, id).columns.len() - 1;
    let id = plain.tables().find(|table| table.id.starts_with("heterogeneity-") && !table.id.ends_with("-tests"));
    let id = id.unwrap().id.clone();
    let n = widths("baseline").min(widths(&id));
    let columns: Vec<String> = (1..=n).map(|i| i.to_string()).collect();
    let columns = columns.join(", ");
    let text = format!(
        "[report.tables.baseline]\ncolumns = [{columns}]\n[report.tables.{id}]\ncolumns = [{columns}]\n[[report.panels]]\n\
         title = \"Both\"\ntables = [\"baseline\", \"{id}\"]\n"
    );
    let (results, source) = laid_out(&text);
    assert_eq!(layout_problems(&results, &source), []);
    let report = report(&results, Language::En);
    assert_eq!(report.tables().count(), plain.tables().count() - 1);
    let both = table(&report, "baseline");
    assert_eq!((both.title.en.as_str(), both.columns.len()), ("Both", n + 1));
    assert_eq!(both.rows.iter().filter(|row| matches!(row, Row::Panel(_))).count(), 2);
    assert!(report.blocks.iter().any(
        |block| matches!(block, Block::Paragraph(text) if text.en == "The estimates are in Panel B of the table “Both”.")
    ));
    assert_eq!(report.style, Style::Cn);
}

#[test]
fn what_is_not_there_is_a_problem_with_its_place() {
    let text = "[report.tables.baseline]\nkeep = [\"DIDD\"]\ncolumns = [1, 99]\ngroups = [{ title = \"a\", columns = [2, 3] }]\n\
                [report.tables.baselin]\ndrop = [\"x\"]\n[[report.panels]]\ntables = [\"baseline\", \"descriptives\"]\n\
                [[report.panels]]\ntables = [\"placebos\", \"mechanism\"]\n";
    let (results, source) = laid_out(text);
    let found: Vec<String> = layout_problems(&results, &source).iter().map(ToString::to_string).collect();
    let holds = |parts: &[&str]| found.iter().any(|problem| parts.iter().all(|part| problem.contains(part)));
    assert!(holds(&["E609", "study.toml:13:9", "\"DIDD\"", "did you mean \"DID\""]), "{found:#?}");
    assert!(holds(&["study.toml:14:15", "not 99"]), "{found:#?}");
    assert!(holds(&["study.toml:15", "prints 2 columns, not 3"]), "{found:#?}");
    assert!(holds(&["\"baselin\"", "did you mean \"baseline\""]), "{found:#?}");
    assert!(holds(&["panels share their columns", "\"descriptives\""]), "{found:#?}");
    assert!(holds(&["no table \"placebos\""]), "{found:#?}");
    assert_eq!(found.len(), 6, "{found:#?}");
    // The tables stand as they would without.
    assert_eq!(
        report(&results, Language::En).tables().count(),
        report(&super::fixture::results(), Language::En).tables().count()
    );
}

#[test]
fn layouts_that_contradict_themselves_stop_before_data() {
    let text = "[report.tables.a]\nkeep = [\"x\"]\ndrop = [\"x\"]\ncolumns = [2, 2]\n\
                groups = [{ title = \"g\", columns = [1, 2] }, { title = \"h\", columns = [2, 3] }, { title = \"i\", columns = [4, 3] }]\n\
                [[report.panels]]\ntables = [\"a\", \"b\"]\ntitles = [\"A\"]\n[[report.panels]]\ntables = [\"a\", \"c\"]\n";
    let found = parse("study.toml", &format!("{STUDY}{text}")).unwrap_err();
    assert!(found.iter().all(|problem| problem.id == "E607" && problem.place.line.is_some()));
    assert_eq!(found.len(), 6, "{found:#?}");
    let misspelt = parse("study.toml", &format!("{STUDY}[report.tables.a]\nordr = [\"x\"]\n")).unwrap_err();
    assert!(misspelt[0].to_string().contains("\"order\""), "{}", misspelt[0]);
}

#[test]
fn a_layout_survives_the_results_file() {
    let text =
        "[report.tables.baseline]\ncolumns = [2, 1]\n[[report.panels]]\ntables = [\"baseline\", \"mechanism\"]\n";
    let (results, _) = laid_out(text);
    let again: Results = serde_json::from_str(&serde_json::to_string(&results).unwrap()).unwrap();
    assert_eq!(again.style, results.style);
}
