//! `attica audit`: can the numbers that a paper prints all be true as described?

use attica::audit::audit as findings;
use attica::audit::finding::Finding;
use attica::audit::summary::summary;
use attica::message::Warning;
use attica::text::{Language, Text};
use attica_report::html;
use attica_study::audit::{Loaded, load, report};
use serde::Serialize;

use super::audit_page;
use crate::args::{Audit, AuditFormat};
use crate::say::Failure;
use crate::{Done, say};

/// What `--format json` prints.
#[derive(Serialize)]
struct Output<'a> {
    title: Text,
    summary: Text,
    findings: &'a [Finding],
    warnings: &'a [Warning],
}

/// Reads a paper file or tables, and prints what the rules find.
pub fn audit(args: &Audit) -> Done {
    let Loaded { file, paper, warnings } = load(&args.paper).map_err(|problems| {
        let failure = Failure::input(problems);
        match std::fs::read_to_string(&args.paper) {
            Ok(text) => failure.pointing_into(&args.paper.display().to_string(), &text),
            Err(_) => failure,
        }
    })?;
    let findings = findings(&paper);
    let language = args.lang.map_or(file.language, Language::from);
    let page = match args.format() {
        AuditFormat::Text => audit_page::page(&file, &findings, language),
        AuditFormat::Html => html::write(&report(&file, &findings, &warnings, language)),
        AuditFormat::Json => {
            let (title, summary) = (file.title.text(), summary(&findings));
            let output = Output { title, summary, findings: &findings, warnings: &warnings };
            serde_json::to_string(&output).unwrap_or_default() + "\n"
        }
    };
    say::print(&page);
    say::warnings(&warnings, language);
    Ok(())
}
