//! A report in the styles of somebody's own Word document.
#![allow(clippy::unwrap_used)]

#[path = "../examples/sample/report.rs"]
mod sample;

use attica::text::Language;
use attica_report::report::{Block, Report};
use attica_report::{docx, docx_reference, figure};
use docx_rs::{DocumentChild, Docx, Paragraph, Run, Style, StyleType};

/// A document as Word makes it in Chinese: identifiers are numbers and letters, names are English.
fn theirs() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let named = |id: &str, name: &str| Style::new(id, StyleType::Paragraph).name(name);
    Docx::new()
        .add_style(named("10", "heading 1").size(77))
        .add_style(named("a7", "Title").color("123456"))
        .add_paragraph(Paragraph::new().add_run(Run::new().add_text("theirs")))
        .build()
        .pack(&mut out)
        .unwrap();
    out.into_inner()
}

#[test]
fn headings_carry_their_identifiers_and_tables_keep_our_styles() {
    let report = Report { word_styles: Some(docx_reference::read(&theirs()).unwrap()), ..sample::report(Language::Zh) };
    assert!(report.blocks.iter().any(|block| matches!(block, Block::Heading(1, _))));
    let pictures = figure::pngs(report.figures(), report.look(), 20.0).unwrap();
    let bytes = docx::write(&report, &pictures).unwrap();
    let read = docx_rs::read_docx(&bytes).unwrap();

    let used = |child: &DocumentChild| match child {
        DocumentChild::Paragraph(paragraph) => paragraph.property.style.as_ref().map(|style| style.val.clone()),
        _ => None,
    };
    let used: Vec<String> = read.document.children.iter().filter_map(used).collect();
    assert!(used.contains(&"10".to_owned()) && used.contains(&"a7".to_owned()), "{used:?}");
    assert!(!used.contains(&"Heading1".to_owned()) && !used.contains(&"Title".to_owned()));

    let known: Vec<String> = read.styles.styles.iter().map(|style| style.style_id.clone()).collect();
    assert!(used.iter().all(|id| known.contains(id)), "{used:?} in {known:?}");
    let styles = format!("{:?}", read.styles);
    assert!(styles.contains("123456") && styles.contains("77"));
}
