//! `attica render`: the documents of a results.json, without computing anything.

use attica::message::{Place, Problem};
use attica::text::Language;
use attica_study::results::Results;

use super::documents;
use crate::args::{Format, Render};
use crate::progress::Progress;
use crate::{Done, say};

/// Reads results and writes their documents.
pub fn render(args: &Render) -> Done {
    let place = || Place { file: Some(args.results.display().to_string()), ..Place::default() };
    let bytes = std::fs::read(&args.results)
        .map_err(|error| Problem::new("E521", format!("cannot read the results: {error}")).at(place()))?;
    let results: Results = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new("E602", format!("this is no results.json of this version: {error}"))
            .fix("run the study again")
            .at(place())
    })?;
    let formats = if args.documents.formats.is_empty() {
        vec![Format::Html, Format::Docx, Format::Tex]
    } else {
        args.documents.formats.clone()
    };
    documents::check(&formats)?;
    let language = args.documents.lang.map_or(results.language, Language::from);
    let progress = Progress::new();
    let files = documents::write(&results, &formats, language, &args.documents, &progress);
    progress.finish();
    for file in files? {
        say::print(&format!("{}\n", args.documents.out.join(file).display()));
    }
    Ok(())
}
