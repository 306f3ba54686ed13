//! PDF: text stays text, numbers are those of the tables, and the same report gives the same bytes.
#![cfg(feature = "pdf")]
#![allow(clippy::unwrap_used)]

#[path = "../examples/sample/report.rs"]
mod sample;

use std::process::Command;

use attica::text::{Language, Text};
use attica_report::format;
use attica_report::pdf;
use attica_report::report::{Block, Report};
use attica_report::table::{Align, Cell, Head, Row, Table};

/// The text of a PDF, line by line as printed; `None` where no reader is installed.
fn read(bytes: &[u8]) -> Option<String> {
    let folder = std::env::temp_dir().join(format!("attica-pdf-{}-{}", std::process::id(), bytes.len()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("report.pdf");
    std::fs::write(&path, bytes).unwrap();
    let read = Command::new("pdftotext").args(["-layout", "-enc", "UTF-8"]).arg(&path).arg("-").output();
    std::fs::remove_dir_all(&folder).unwrap();
    match read {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(_) => {
            eprintln!("skipped: pdftotext (poppler-utils) is not installed");
            None
        }
    }
}

/// Without spaces, and without the marks where a long word may break.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200B}' && *c != '\u{AD}').collect()
}

#[test]
fn every_number_of_every_table_is_printed_in_its_row() {
    for language in [Language::En, Language::Zh] {
        let report = sample::report(language);
        let Some(text) = read(&pdf::write(&report).unwrap()) else { return };
        let lines: Vec<String> = text.lines().map(dense).collect();
        let mut from = 0;
        for table in report.tables() {
            for row in &table.rows {
                let Row::Cells(cells) = row else { continue };
                // Labels may take several lines; numbers stand in one.
                let numbers: String = cells
                    .iter()
                    .filter(|cell| !matches!(cell, Cell::Text(_) | Cell::Empty))
                    .map(|cell| dense(&format::cell(cell, report.style, language)))
                    .collect();
                let found = lines[from..].iter().position(|line| line.ends_with(&numbers));
                from += found.unwrap_or_else(|| panic!("{numbers} is not below line {from} of {text}")) + 1;
            }
        }
    }
}

#[test]
fn the_same_report_has_the_same_bytes_and_no_date() {
    let report = sample::report(Language::Zh);
    let bytes = pdf::write(&report).unwrap();
    let others = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..2).map(|_| scope.spawn(|| pdf::write(&report).unwrap())).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(others.iter().all(|other| *other == bytes));
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|found| found == word);
    assert!(!holds(b"CreationDate") && !holds(b"ModDate"), "a date in the file");
}

/// The label in every kind of place, and text after it that must still be there.
fn labelled(label: &str) -> Report {
    let t = || Text::same(label);
    Report {
        title: t(),
        subtitle: Some(t()),
        badge: Some(t()),
        blocks: vec![
            Block::Heading(1, t()),
            Block::Paragraph(t()),
            Block::List { numbered: true, items: vec![t()] },
            Block::List { numbered: false, items: vec![t()] },
            Block::Note(t()),
            Block::Warning(t()),
            Block::Code(label.to_owned()),
            Block::Table(Table {
                title: t(),
                columns: vec![Align::Left, Align::Decimal],
                head: vec![vec![Head::one(t()), Head::one(t())]],
                rows: vec![
                    Row::Panel(t()),
                    Row::Cells(vec![Cell::Text(t()), Cell::Number { value: 1.5, decimals: 1 }]),
                ],
                notes: vec![t()],
                ..Table::default()
            }),
            Block::Paragraph(Text::same("the end")),
        ],
        ..Report::default()
    }
}

#[test]
fn hostile_labels_are_printed_as_they_are() {
    let labels = [
        "\"); #read(\"/etc/passwd\") //",
        "#import \"@preview/x:1.0.0\": *",
        "\\\"#panic(\"x\")",
        "$ x $ *b* _i_ `c` <label> @ref = h /* c",
        "#{while true {}}",
        "]][[)))(((",
        "\\u{202E} \\n \\",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "\\input{/etc/passwd}",
        "",
    ];
    for label in labels {
        let Some(text) = read(&pdf::write(&labelled(label)).unwrap()) else { continue };
        let text = dense(&text);
        // Title, subtitle, twice the badge, contents, and every block.
        let times = text.matches(&dense(label)).count();
        assert!(label.is_empty() || times >= 10, "{label:?} is printed {times} times: {text}");
        assert!(text.contains("theend"));
    }
}

#[test]
fn long_and_unprintable_labels_do_no_harm() {
    let long = ["x".repeat(10_000), "长".repeat(10_000), "\\\"".repeat(500)];
    let marks = ["abc\u{202E}fdp.exe\u{2066}", "nul\u{0}bell\u{7} \u{85}\u{FFFE}\u{FFFF}", "שלום عربى 北京"];
    for label in long.iter().map(String::as_str).chain(marks) {
        let bytes = pdf::write(&labelled(label)).unwrap();
        assert!(bytes.starts_with(b"%PDF-"));
        let Some(text) = read(&bytes) else { continue };
        assert!(dense(&text).contains("theend"));
        assert!(!text.contains('\u{202E}') && !text.contains('\u{0}'));
    }
}
