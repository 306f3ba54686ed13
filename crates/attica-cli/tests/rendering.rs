//! Documents as other programs show them: Word through an office suite, LaTeX compiled, HTML in a browser. A part whose
//! program is not installed says that it is skipped.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{attica, folder};

/// Points that a line may stick out of the page's text, which no eye sees.
const OVERFULL: f64 = 5.0;

/// A report of all formats: its folder and the cells of its tables.
struct Written {
    /// Keeps the folder while the test runs.
    _kept: tempfile::TempDir,
    folder: PathBuf,
    cells: BTreeMap<String, usize>,
}

/// The castle-doctrine example in English, the demo in Chinese.
fn written(language: &str) -> Written {
    let kept = folder(&[]);
    let study = if language == "zh" {
        let ran = attica(kept.path(), &["demo", "demo", "--lang", "zh"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        kept.path().join("demo/study.toml")
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/castle-doctrine/study.toml")
    };
    let ran = attica(
        kept.path(),
        &["run", study.to_str().unwrap(), "--out", "out", "--lang", language, "--formats", "html,docx,tex,md"],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let out = kept.path().join("out");
    let cells = cells(&std::fs::read_to_string(out.join("report.md")).unwrap());
    assert!(cells.len() > 400, "{} different cells", cells.len());
    Written { _kept: kept, folder: out, cells }
}

/// How often each text with a digit is a cell of a table, and once each text without, from the Markdown; without blanks.
fn cells(markdown: &str) -> BTreeMap<String, usize> {
    let rule = |line: &str| line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    let mut counts = BTreeMap::new();
    for line in markdown.lines().filter(|line| line.starts_with("| ") && !rule(line)) {
        let inner = line.trim_start_matches("| ").trim_end_matches('|').replace("\\|", "\u{1}");
        for cell in inner.split('|') {
            let cell = cell.replace('\u{1}', "|").replace('\\', "").replace("&lt;", "<").replace("&gt;", ">");
            let cell = squeezed(&cell.replace("&amp;", "&"));
            // Lines over a whole panel are bold.
            let cell = cell.strip_prefix("**").and_then(|cell| cell.strip_suffix("**")).unwrap_or(&cell);
            if !cell.is_empty() {
                let count = counts.entry(cell.to_owned()).or_insert(0);
                // Markdown repeats the head of a group over each of its columns.
                *count = if cell.chars().any(|c| c.is_ascii_digit()) { *count + 1 } else { 1 };
            }
        }
    }
    counts
}

/// Without blanks of any width, which programs set and break as they like.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{202F}').collect()
}

/// The program's output, or a line that says what is skipped.
fn run(what: &str, program: &str, folder: &Path, args: &[&str]) -> Option<(bool, String)> {
    let Ok(output) = Command::new(program).args(args).current_dir(folder).output() else {
        eprintln!("{program} is not installed: {what} skipped");
        return None;
    };
    Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Every cell stands in the text of the PDF, as often as the tables have it.
fn assert_holds_cells(what: &str, text: &str, cells: &BTreeMap<String, usize>) {
    let text = squeezed(text);
    let lost: Vec<String> = cells
        .iter()
        .filter_map(|(cell, &count)| {
            let found = text.matches(cell.as_str()).count();
            (found < count).then(|| format!("{cell:?}: {found} of {count}"))
        })
        .collect();
    assert!(lost.is_empty(), "{what} lacks {} cells: {:?}", lost.len(), &lost[..lost.len().min(20)]);
}

fn text_of(pdf: &str, folder: &Path) -> Option<String> {
    let (done, text) = run("the text of a PDF", "pdftotext", folder, &["-raw", pdf, "-"])?;
    assert!(done, "{pdf} cannot be read");
    Some(text)
}

fn assert_word(report: &Written) {
    let settings = format!("-env:UserInstallation=file://{}", report.folder.join("office").display());
    let args = [settings.as_str(), "--headless", "--convert-to", "pdf", "--outdir", "word", "report.docx"];
    let Some((done, _)) = run("Word", "soffice", &report.folder, &args) else { return };
    assert!(done && report.folder.join("word/report.pdf").exists(), "report.docx does not convert");
    if let Some(text) = text_of("word/report.pdf", &report.folder) {
        assert_holds_cells("report.docx", &text, &report.cells);
    }
}

/// A line of a log that tells of a box wider than its place, and the line below with what is in it. The caption of a
/// long table that is as wide as the text leaves an empty box of just that width, which shows nothing.
fn sticks_out(line: &str, content: &str) -> bool {
    let points = line.strip_prefix("Overfull \\hbox (").and_then(|rest| rest.split("pt").next()?.parse::<f64>().ok());
    let empty = content.trim() == "[]" && line.contains("(452.9");
    points.is_some_and(|points| points > OVERFULL) && !empty
}

fn assert_latex(report: &Written, engine: &str) {
    let source = std::fs::read_to_string(report.folder.join("report.tex")).unwrap();
    assert!(source.starts_with(&format!("% !TeX program = {engine}\n")), "{}", source.lines().next().unwrap());
    for package in
        ["needspace.sty", "threeparttable.sty", if engine == "xelatex" { "ctexart.cls" } else { "mathptmx.sty" }]
    {
        match run("LaTeX", "kpsewhich", &report.folder, &[package]) {
            Some((true, _)) => {}
            Some(_) => return eprintln!("{package} is not installed: LaTeX with {engine} skipped"),
            None => return,
        }
    }
    let Some((done, log)) = run("LaTeX", engine, &report.folder, &["-interaction=nonstopmode", "report.tex"]) else {
        return;
    };
    let errors: Vec<&str> = log.lines().filter(|line| line.starts_with('!')).collect();
    assert!(done && errors.is_empty(), "{engine}: {errors:?}");
    let lines: Vec<&str> = log.lines().collect();
    let overfull: Vec<&str> =
        lines.windows(2).filter(|pair| sticks_out(pair[0], pair[1])).map(|pair| pair[0]).collect();
    assert!(overfull.is_empty(), "{overfull:#?}");
}

/// Tells the page around it how wide the page is, and the cells of its tables.
const MEASURE: &str = "<script>addEventListener('load', () => {
const width = document.documentElement.scrollWidth + ' of ' + innerWidth;
const cells = [...document.querySelectorAll('th, td')].map(cell => cell.textContent);
parent.postMessage([width, ...cells].join('\\u00A7'), '*');
});</script></body>";
/// Windows cannot be narrower than 500 pixels, frames can.
const FRAMES: &str = "<iframe width=320 height=900 style='border:0' src=measured.html></iframe>
<iframe width=1280 height=900 style='border:0' src=measured.html></iframe>
<script>addEventListener('message', event => {
const report = document.createElement('pre');
report.textContent = '\\u00B6' + event.data + '\\u00B6';
document.body.append(report);
});</script>";

fn assert_html(report: &Written) {
    let page = std::fs::read_to_string(report.folder.join("report.html")).unwrap();
    let policy = page.split("<meta http-equiv=\"Content-Security-Policy\"").nth(1).unwrap().split('>').next().unwrap();
    let policy = format!("<meta http-equiv=\"Content-Security-Policy\"{policy}>");
    let measured = page.replace(&policy, "").replace("</body>", MEASURE);
    std::fs::write(report.folder.join("measured.html"), measured).unwrap();
    std::fs::write(report.folder.join("frames.html"), FRAMES).unwrap();
    let file = |name: &str| format!("file://{}", report.folder.join(name).display());
    let profile = format!("--user-data-dir={}", report.folder.join("browser").display());
    let always = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", profile.as_str()];
    let url = file("frames.html");
    let args = [&always[..], &["--virtual-time-budget=20000", "--dump-dom", url.as_str()]].concat();
    let Some((_, page)) = run("HTML", "chromium", &report.folder, &args) else { return };
    let mut widths = Vec::new();
    for measured in page.split("<pre>\u{B6}").skip(1) {
        let mut parts = measured.split("\u{B6}").next().unwrap().split('\u{A7}');
        widths.push(parts.next().unwrap().to_owned());
        let mut cells: BTreeMap<String, usize> = BTreeMap::new();
        for cell in parts {
            let cell = cell.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            *cells.entry(squeezed(&cell)).or_insert(0) += 1;
        }
        let lost: Vec<_> = report.cells.iter().filter(|(cell, count)| cells.get(*cell) < Some(count)).collect();
        assert!(lost.is_empty(), "report.html lacks {lost:?}");
    }
    widths.sort();
    assert_eq!(widths, ["1280 of 1280", "320 of 320"], "a page is wider than its window");
    let url = file("report.html");
    let args = [&always[..], &["--no-pdf-header-footer", "--print-to-pdf=printed.pdf", url.as_str()]].concat();
    let Some((done, _)) = run("HTML in print", "chromium", &report.folder, &args) else { return };
    assert!(done, "the page does not print");
    if let Some(text) = text_of("printed.pdf", &report.folder) {
        assert_holds_cells("report.html in print", &text, &report.cells);
    }
}

#[test]
fn an_english_report_renders_in_other_programs_with_every_cell() {
    let report = written("en");
    assert_latex(&report, "pdflatex");
    assert_html(&report);
    assert_word(&report);
}

#[test]
fn a_chinese_report_renders_in_other_programs_with_every_cell() {
    let report = written("zh");
    assert_latex(&report, "xelatex");
    assert_html(&report);
    assert_word(&report);
}
