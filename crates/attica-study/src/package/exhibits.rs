//! Which line of which program makes which table and figure.

use attica::text::Language;

use super::{Made, OUTPUT, STUDY};
use crate::compose;

/// A table or a figure of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    /// `Table 2`, `Figure 1`.
    pub number: String,
    /// Title.
    pub title: String,
    /// Line of the study file that asks for it.
    pub line: u64,
    /// Where it is.
    pub output: String,
}

/// Every exhibit, in the order of the report.
pub fn all(made: &Made<'_>) -> Vec<Exhibit> {
    let report = compose::report(made.results, Language::En);
    let tables = report.tables().enumerate().map(|(at, table)| Exhibit {
        number: format!("Table {}", at + 1),
        title: table.title.en.clone(),
        line: line(made, &table.id),
        output: format!("{OUTPUT}/tables/{}.csv", table.id),
    });
    let figures = report.figures().enumerate().map(|(at, figure)| Exhibit {
        number: format!("Figure {}", at + 1),
        title: figure.title.en.clone(),
        line: line(made, &figure.id),
        output: format!("{OUTPUT}/figures/{}.svg", figure.id),
    });
    tables.chain(figures).collect()
}

/// The line of the step that `id` begins with; the first of the file for what every study has.
fn line(made: &Made<'_>, id: &str) -> u64 {
    const STEPS: [&str; 10] = [
        "descriptives",
        "baseline",
        "event_study",
        "placebo",
        "matching",
        "robustness",
        "mechanism",
        "families",
        "heterogeneity",
        "index",
    ];
    let plain = |text: &str| text.replace(['-', '_'], "");
    let others = [("moderation", "mechanism"), ("mediation", "mechanism"), ("specificationcurve", "robustness")];
    let others = others.into_iter().chain([
        ("leaveout", "robustness"),
        ("variances", "baseline"),
        ("estimators", "event_study"),
    ]);
    let step = STEPS
        .into_iter()
        .find(|step| plain(id).starts_with(&plain(step)))
        .or_else(|| others.into_iter().find(|(start, _)| plain(id).starts_with(start)).map(|(_, step)| step));
    step.map_or(1, |step| made.source.place(&[step]).line.unwrap_or(1))
}

impl Exhibit {
    /// A row of the README's table.
    pub fn row(&self) -> String {
        let Self { number, title, line, output } = self;
        let title = title.replace('|', "/").replace(['\n', '\r'], " ");
        format!("| {number} | {title} | {STUDY} | {line} | {output} |\n")
    }
}
