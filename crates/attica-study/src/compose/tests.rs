#![allow(clippy::unwrap_used)]

use attica::text::Language;
use attica_report::format::{self, Style};
use attica_report::report::{Block, Report};
use attica_report::table::{Row, Table};

use super::fixture::results;
use super::report;

/// The report as plain text, one line per row.
fn print(report: &Report, language: Language) -> String {
    let mut out = format!("{}\n{}\n", report.title.get(language), report.subtitle.as_ref().unwrap().get(language));
    for block in &report.blocks {
        match block {
            Block::Heading(level, text) => {
                out += &format!("\n{} {}\n", "#".repeat(usize::from(*level)), text.get(language));
            }
            Block::Paragraph(text) | Block::Note(text) => out += &format!("\n{}\n", text.get(language)),
            Block::Warning(text) => out += &format!("\n! {}\n", text.get(language)),
            Block::List { items, .. } => items.iter().for_each(|item| out += &format!("- {}\n", item.get(language))),
            Block::Code(code) => out += code,
            Block::Table(table) => print_table(&mut out, table, report.style, language),
            Block::Figure(figure) => {
                out += &format!("\n[figure {}] {}\n", figure.id, figure.title.get(language));
                out += &format!("alt: {}\n", figure.alt.get(language));
                out += &format!("x: {}; y: {}\n", figure.x_label.get(language), figure.y_label.get(language));
                figure.notes.iter().for_each(|note| out += &format!("note: {}\n", note.get(language)));
            }
        }
    }
    out
}

fn print_table(out: &mut String, table: &Table, style: Style, language: Language) {
    *out += &format!("\n[table {}] {}\n", table.id, table.title.get(language));
    for row in &table.head {
        let cells: Vec<String> =
            row.iter().map(|cell| format!("{}{}", cell.text.get(language), " ~".repeat(cell.span - 1))).collect();
        *out += &format!("= {}\n", cells.join(" | "));
    }
    for row in &table.rows {
        match row {
            Row::Cells(cells) => {
                let cells: Vec<String> = cells.iter().map(|cell| format::cell(cell, style, language)).collect();
                *out += &format!("  {}\n", cells.join(" | "));
            }
            Row::Panel(text) => *out += &format!("-- {}\n", text.get(language)),
            Row::Separator => *out += "--\n",
        }
    }
    table.notes.iter().for_each(|note| *out += &format!("note: {}\n", note.get(language)));
}

#[test]
fn the_english_report_reads_well() {
    insta::assert_snapshot!(print(&report(&results(), Language::En), Language::En));
}

#[test]
fn the_chinese_report_reads_well() {
    insta::assert_snapshot!(print(&report(&results(), Language::Zh), Language::Zh));
}

/// Every row of every table has the width that its columns say.
#[test]
fn tables_are_rectangular() {
    let mut found = results();
    for style in ["cn", "aer", "plain"] {
        found.style.name = style.to_owned();
        for table in report(&found, Language::En).tables() {
            let width = table.columns.len();
            for head in &table.head {
                assert_eq!(head.iter().map(|cell| cell.span).sum::<usize>(), width, "{style} {}", table.id);
            }
            for row in &table.rows {
                if let Row::Cells(cells) = row {
                    assert_eq!(cells.len(), width, "{style} {}", table.id);
                }
            }
        }
    }
}

/// Ids name files and anchors, so no two tables, nor two figures, may share one.
#[test]
fn ids_are_unique() {
    let report = report(&results(), Language::En);
    for mut ids in [
        report.tables().map(|table| table.id.clone()).collect::<Vec<_>>(),
        report.figures().map(|figure| figure.id.clone()).collect::<Vec<_>>(),
    ] {
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

/// One word of the study file changes what stands in parentheses, and the note with it.
#[test]
fn the_note_names_what_stands_in_parentheses() {
    let mut found = results();
    for (word, en, zh) in [
        ("se", "In parentheses: standard errors clustered by city.", "括号内为城市层面的聚类稳健标准误。"),
        (
            "t",
            "In parentheses: t statistics from standard errors clustered by city.",
            "括号内为t值，计算所用标准误为城市层面的聚类稳健标准误。",
        ),
        (
            "ci",
            "In brackets: 95% confidence intervals from standard errors clustered by city.",
            "方括号内为95%置信区间，计算所用标准误为城市层面的聚类稳健标准误。",
        ),
    ] {
        found.style.below = word.to_owned();
        let report = report(&found, Language::En);
        let note = &report.tables().find(|table| table.id == "baseline").unwrap().notes[0];
        assert!(note.en.ends_with(en), "{}", note.en);
        assert!(note.zh.ends_with(zh), "{}", note.zh);
    }
}

/// A wide family goes on in a second table, its columns numbered on.
#[test]
fn wide_families_continue() {
    let mut found = results();
    for section in &mut found.sections {
        if let crate::results::Content::Models(family) = &mut section.content
            && family.id == "baseline"
        {
            family.models = family.models.iter().cycle().take(9).cloned().collect();
        }
    }
    let report = report(&found, Language::En);
    let second = report.tables().find(|table| table.id == "baseline-2").unwrap();
    assert_eq!(second.head[0][1].text.en, "(6)");
    assert_eq!(second.columns.len(), 5);
}
