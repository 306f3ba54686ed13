//! Problems, warnings and JSON, in the form a user reads.
#![allow(clippy::print_stderr, clippy::print_stdout)]

use std::fmt;
use std::io::{IsTerminal, Write};

use attica::message::{Problem, Warning};
use attica::text::Language;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

/// Why a command stopped: its problems, the texts they point into, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// 1 when the analysis failed, 2 when input or usage is bad.
    pub code: u8,
    /// All of them.
    pub problems: Vec<Problem>,
    /// (name, text) of a study file or formula that problems point into.
    pub source: Option<(String, String)>,
    /// JSON about it is on stdout already.
    pub reported: bool,
}

impl Failure {
    /// Bad input or usage.
    pub fn input(problems: Vec<Problem>) -> Self {
        Self { code: 2, problems, source: None, reported: false }
    }

    /// The analysis failed.
    pub fn analysis(problems: Vec<Problem>) -> Self {
        Self { code: 1, problems, source: None, reported: false }
    }

    /// The same with the text that places without a file, or with this file's name, point into.
    #[must_use]
    pub fn pointing_into(mut self, name: &str, text: &str) -> Self {
        self.source = Some((name.to_owned(), text.to_owned()));
        self
    }
}

impl From<Problem> for Failure {
    /// What did not converge is no fault of the input.
    fn from(problem: Problem) -> Self {
        if problem.id == "E702" { Self::analysis(vec![problem]) } else { Self::input(vec![problem]) }
    }
}

/// Prints a failure: `{"problems": […]}` on stdout for programs, a page on stderr for people.
pub fn failure(failure: &Failure, json: bool) {
    if json && !failure.reported {
        print_json(&serde_json::json!({ "problems": failure.problems }));
    }
    for problem in &failure.problems {
        let shown = Shown::new(problem, failure.source.as_ref());
        let mut page = String::new();
        if handler().render_report(&mut page, &shown).is_ok() {
            eprint!("{}", page.trim_start_matches('\n'));
        } else {
            eprintln!("{problem}");
        }
    }
}

fn handler() -> GraphicalReportHandler {
    let terminal = std::io::stderr().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    // Only a terminal has an edge to wrap at; a log keeps a message on one line.
    let width = if terminal { 100 } else { 10_000 };
    GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false)
}

/// Prints a line on stderr.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// Prints warnings on stderr.
pub fn warnings(warnings: &[Warning], language: Language) {
    for warning in warnings {
        eprintln!("{} {}", warning.id, warning.text.get(language));
    }
}

/// Prints one JSON object and a line end on stdout.
pub fn print_json(value: &impl Serialize) {
    let mut out = std::io::stdout().lock();
    // A reader that went away (`| head`) is no failure of ours.
    let _ = serde_json::to_writer(&mut out, value).map(|()| out.write_all(b"\n"));
}

/// Prints text on stdout.
pub fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// A problem as miette wants it.
struct Shown {
    id: String,
    message: String,
    fix: Option<String>,
    source: Option<NamedSource<String>>,
    span: (usize, usize),
}

impl Shown {
    fn new(problem: &Problem, source: Option<&(String, String)>) -> Self {
        let place = &problem.place;
        let source = source.filter(|(name, _)| place.file.as_deref().is_none_or(|file| file == name));
        let span = source.and_then(|(_, text)| {
            let line = place.line.unwrap_or(1);
            offset(text, line, place.character?).map(|start| (start, length(text, start, place.value.as_deref())))
        });
        if let (Some((name, text)), Some(span)) = (source, span) {
            let source = Some(NamedSource::new(name, text.clone()));
            return Self {
                id: problem.id.clone(),
                message: problem.message.clone(),
                fix: problem.fix.clone(),
                source,
                span,
            };
        }
        let whole = Problem { fix: None, ..problem.clone() }.to_string();
        let message = whole.strip_prefix(&problem.id).unwrap_or(&whole).trim_start().to_owned();
        Self { id: problem.id.clone(), message, fix: problem.fix.clone(), source: None, span: (0, 0) }
    }
}

/// Byte of a line and character, both from 1.
fn offset(text: &str, line: u64, character: u64) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let rest = text.get(start..)?;
    let line = rest.lines().next().unwrap_or("");
    let inside = line.char_indices().nth(character.checked_sub(1)? as usize).map_or(line.len(), |(i, _)| i);
    Some(start + inside)
}

fn length(text: &str, start: usize, value: Option<&str>) -> usize {
    let rest = &text[start..];
    match value {
        Some(value) if rest.starts_with(value) => value.len(),
        _ => rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8),
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.id))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.fix.as_ref().map(|fix| Box::new(fix) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new(None, self.span.0, self.span.1))))
    }
}
