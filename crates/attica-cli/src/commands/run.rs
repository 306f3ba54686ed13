//! `attica run`: a whole study.

use std::path::Path;

use attica::text::Language;
use attica_study::results::{Content, Outcome, Results};
use attica_study::run;
use attica_study::studyfile::{self, Format as Wanted, StudyFile, StudySource};
use serde::Serialize;

use super::documents;
use crate::args::{Documents, Format, Run};
use crate::progress::Progress;
use crate::say::Failure;
use crate::{Done, say};

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    out: String,
    files: &'a [String],
    failed: Vec<&'a attica::message::Problem>,
    warnings: Vec<&'a attica::message::Warning>,
}

/// Runs the study file and writes its documents.
pub fn run(args: &Run) -> Done {
    let (file, results, files) = study(&args.study, args.data_dir.as_deref(), &args.documents)?;
    let language = args.documents.lang.map_or(file.language, Language::from);
    let failed = failed(&results);
    if args.json {
        say::print_json(&Output {
            out: args.documents.out.display().to_string(),
            files: &files,
            failed: failed.clone(),
            warnings: warnings(&results),
        });
    } else {
        say::print(&summary(&results, &args.documents.out, &files, language));
    }
    if failed.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::analysis(failed.into_iter().cloned().collect());
    failure.reported = args.json;
    Err(failure)
}

/// Reads, runs and writes a study; used by the demo too.
pub fn study(
    path: &Path,
    data_dir: Option<&Path>,
    documents: &Documents,
) -> Result<(StudyFile, Results, Vec<String>), Failure> {
    let (file, source) = load(path)?;
    let formats = if documents.formats.is_empty() { asked(&file) } else { documents.formats.clone() };
    documents::check(&formats)?;
    let progress = Progress::new();
    let results =
        run::run(&file, &source, data_dir.unwrap_or(beside(path)), &|name, done, of| progress.stage(name, done, of))
            .map_err(|problems| Failure::input(problems).pointing_into(&source.name, &source.text))?;
    let language = documents.lang.map_or(file.language, Language::from);
    let files = documents::write(&results, &formats, language, documents, &progress);
    progress.finish();
    Ok((file, results, files?))
}

/// A study file, its warnings said.
pub fn load(path: &Path) -> Result<(StudyFile, StudySource), Failure> {
    match studyfile::load(path) {
        Ok((file, source, warnings)) => {
            say::warnings(&warnings, file.language);
            Ok((file, source))
        }
        Err(problems) => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
            Err(Failure::input(problems).pointing_into(&path.display().to_string(), &text))
        }
    }
}

/// The folder of a file.
pub fn beside(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The formats that a study file asks for.
pub fn asked(file: &StudyFile) -> Vec<Format> {
    let format = |wanted: &Wanted| match wanted {
        Wanted::Html => Format::Html,
        Wanted::Docx => Format::Docx,
        Wanted::Xlsx => Format::Xlsx,
        Wanted::Pdf => Format::Pdf,
        Wanted::Tex => Format::Tex,
        Wanted::Md => Format::Md,
    };
    file.report.formats.iter().map(format).collect()
}

/// Steps without a result: failed ones, and tables of which every column failed.
pub fn failed(results: &Results) -> Vec<&attica::message::Problem> {
    let mut problems = Vec::new();
    for section in &results.sections {
        match &section.content {
            Content::Failed(problem) => problems.push(problem),
            Content::Models(family) => {
                let reasons = family.models.iter().filter_map(|model| match &model.fit {
                    Outcome::Failed(problem) => Some(problem),
                    Outcome::Fit(_) => None,
                });
                let reasons: Vec<_> = reasons.collect();
                if reasons.len() == family.models.len() {
                    problems.extend(reasons.first());
                }
            }
            _ => {}
        }
    }
    problems
}

/// Warnings of files, joins, indices and of the whole.
fn warnings(results: &Results) -> Vec<&attica::message::Warning> {
    let sources = results.sources.iter().flat_map(|source| &source.warnings);
    let joins = results.joins.iter().flat_map(|join| &join.warnings);
    let indices = results.indices.iter().flat_map(|index| &index.warnings);
    sources.chain(joins).chain(indices).chain(&results.warnings).collect()
}

/// What a user wants to know first: the effect, and where the documents are.
pub fn summary(results: &Results, out: &Path, files: &[String], language: Language) -> String {
    let mut page = String::new();
    let title = results.title.get(language);
    page += &format!("{title}\n");
    if let Some(simulated) = &results.simulated {
        page += &format!("{}\n", simulated.get(language));
    }
    page += &headline(results, language);
    let documents: Vec<String> =
        files.iter().filter(|f| !f.contains('/')).map(|f| out.join(f).display().to_string()).collect();
    let count = warnings(results).len();
    let (tables, figures) = (
        files.iter().filter(|f| f.starts_with("tables/")).count(),
        files
            .iter()
            .filter(|f| f.starts_with("figures/") && Path::new(f).extension().is_some_and(|e| e == "svg"))
            .count(),
    );
    page += &match language {
        Language::En => format!("{}\n{tables} tables, {figures} figures", documents.join("\n")),
        Language::Zh => format!("{}\n{tables}张表，{figures}幅图", documents.join("\n")),
    };
    page += &match (count, language) {
        (0, _) => "\n".to_owned(),
        (1, Language::En) => "; 1 warning, in the report\n".to_owned(),
        (n, Language::En) => format!("; {n} warnings, listed in the report\n"),
        (n, Language::Zh) => format!("；{n}条警告，见报告\n"),
    };
    page
}

/// The policy's row of the baseline table.
fn headline(results: &Results, language: Language) -> String {
    let baseline = results.sections.iter().find_map(|section| match &section.content {
        Content::Models(family) if section.step == "baseline" => Some(family),
        _ => None,
    });
    let Some(family) = baseline else { return String::new() };
    let digits = results.style.digits;
    let mut head = vec![String::new()];
    let (mut estimates, mut errors, mut sizes) =
        (vec![results.policy.name.clone()], vec![String::new()], vec!["N".to_owned()]);
    for (i, model) in family.models.iter().enumerate() {
        let Outcome::Fit(fit) = &model.fit else { continue };
        let Some(term) = fit.terms.iter().find(|t| t.term == results.policy.name) else { continue };
        head.push(format!("({}) {}", i + 1, fit.outcome));
        let stars = attica_report::format::stars(Some(term.p_value), &results.style.stars);
        estimates.push(format!("{:.digits$}{}", term.estimate, "*".repeat(stars.into())));
        errors.push(format!("({:.digits$})", term.std_error));
        sizes.push(fit.n_obs.to_string());
    }
    if head.len() == 1 {
        return String::new();
    }
    let table = super::aligned(&[head, estimates, errors, sizes]).join("\n");
    match language {
        Language::En => format!("\nBaseline\n{table}\n\n"),
        Language::Zh => format!("\n基准回归\n{table}\n\n"),
    }
}
