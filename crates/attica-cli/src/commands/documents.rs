//! From results to files: report in each format, figures, tables, and the results themselves.

use attica::message::Problem;
use attica::text::Language;
use attica_report::report::Report;
use attica_report::{csv, docx, figure, html, latex, markdown, xlsx};
use attica_study::compose;
use attica_study::results::Results;

use crate::args::{Documents, Format};
use crate::output::Staging;
use crate::progress::Progress;

/// Whether this program can write all of `formats`: asked before anything is computed.
///
/// # Errors
/// `E709` when it was built without what a format needs.
pub fn check(formats: &[Format]) -> Result<(), Problem> {
    if formats.contains(&Format::Pdf) && cfg!(not(feature = "pdf")) {
        let message = "this attica was built without PDF, whose typesetter takes minutes to compile";
        let fix = "build it with `cargo build --release --features pdf`, or print report.html to PDF";
        return Err(Problem::new("E709", message).fix(fix));
    }
    Ok(())
}

/// Writes all documents of `results` and returns their names.
///
/// # Errors
/// `E705`; `E706` when a document cannot be made or written.
pub fn write(
    results: &Results,
    formats: &[Format],
    language: Language,
    documents: &Documents,
    progress: &Progress,
) -> Result<Vec<String>, Problem> {
    let staging = Staging::new(&documents.out, documents.force)?;
    for (name, bytes) in made(results, formats, language, progress)? {
        staging.add(&name, &bytes)?;
    }
    staging.finish()
}

/// All documents of `results`, with their names.
///
/// # Errors
/// `E706` when a document cannot be made.
pub fn made(
    results: &Results,
    formats: &[Format],
    language: Language,
    progress: &Progress,
) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let report = compose::report(results, language);
    progress.stage("documents", 0, 1);
    let json = serde_json::to_vec(results).map_err(|error| unmade("results.json", &error))?;
    let mut files = vec![("results.json".to_owned(), json)];
    let works = compose::bibtex(results);
    if !works.is_empty() {
        files.push(("references.bib".to_owned(), works.into_bytes()));
    }
    for table in report.tables() {
        let text = csv::write(table, report.style, language);
        files.push((format!("tables/{}.csv", table.id), text.into_bytes()));
    }
    for drawn in report.figures() {
        files.push((format!("figures/{}.svg", drawn.id), figure::svg(drawn, report.look()).into_bytes()));
    }
    let pictures = figure::pngs(report.figures(), report.look(), results.style.dpi.into())
        .map_err(|error| unmade("figures", &error))?;
    for format in formats {
        let (name, bytes) = document(&report, *format, &pictures)?;
        files.push((name.to_owned(), bytes));
    }
    let drawn = report.figures().map(|drawn| format!("figures/{}.png", drawn.id));
    files.extend(drawn.zip(pictures.into_iter().map(|picture| picture.bytes)));
    Ok(files)
}

fn document(report: &Report, format: Format, pictures: &[figure::Png]) -> Result<(&'static str, Vec<u8>), Problem> {
    Ok(match format {
        Format::Html => ("report.html", html::write(report).into_bytes()),
        Format::Docx => ("report.docx", docx::write(report, pictures).map_err(|error| unmade("report.docx", &error))?),
        Format::Xlsx => ("report.xlsx", xlsx::write(report).map_err(|error| unmade("report.xlsx", &error))?),
        #[cfg(feature = "pdf")]
        Format::Pdf => ("report.pdf", attica_report::pdf::write(report).map_err(|error| unmade("report.pdf", &error))?),
        #[cfg(not(feature = "pdf"))]
        Format::Pdf => return check(&[format]).map(|()| ("report.pdf", Vec::new())),
        Format::Tex => ("report.tex", latex::write(report, |id| format!("figures/{id}.png")).into_bytes()),
        Format::Md => ("report.md", markdown::write(report, |id| format!("figures/{id}.svg")).into_bytes()),
    })
}

fn unmade(name: &str, error: &dyn std::error::Error) -> Problem {
    Problem::new("E706", format!("{name} could not be made: {error}"))
}
