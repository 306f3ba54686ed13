//! Labels from data may hold anything; in no format do they become more than text.
#![allow(clippy::unwrap_used)]

use attica::text::{Language, Text};
use attica_report::figure::{
    self, Bars, Densities, DensityPanel, DotSeries, Dots, EventPoint, EventSeries, EventStudy, Figure, FigureWidth,
    Forest, ForestRow, LineSeries, Lines, Look, Mark, Placebo, Plot, TileRow, Tiles,
};
use attica_report::format::Style;
use attica_report::report::{Block, Report};
use attica_report::table::{Align, Cell, Head, Row, Table};
use attica_report::{csv as comma, docx, html, latex, markdown};

fn labels() -> Vec<String> {
    [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</svg></style><svg onload=alert(1)>",
        "]]>&lt;&#60;<!--",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r\n=1+1",
        "  =1+1",
        "＝1+1",
        "\\input{/etc/passwd}",
        "\\write18{rm -rf}",
        "\\end{document}\\immediate\\write18{x}",
        "$\\int$ % comment ^^5cinput{x} #1 & ~ {",
        "[b]\\\\[1cm]",
        "abc\u{202E}fdp.exe\u{2066}",
        "nul\u{0}bell\u{7}esc\u{1b}[31m del\u{7f} \u{85}\u{FFFE}\u{FFFF}",
        "javascript:alert(1)](javascript:alert(1))",
        "| a | b |\n|---|---|",
        "`code` **bold** __x__ ~~y~~ # head",
        "```",
        "שלום عربى 北京 🎉",
        "",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(["x".repeat(10_000), "长".repeat(10_000), "\\".repeat(500)])
    .collect()
}

/// The label in every place that takes one.
fn report(label: &str, language: Language) -> Report {
    let t = || Text::same(label);
    let figure = |plot: Plot| {
        Block::Figure(Figure {
            id: label.to_owned(),
            title: t(),
            alt: t(),
            x_label: t(),
            y_label: t(),
            plot,
            notes: vec![t(), t()],
        })
    };
    let point = |event_time: i64| EventPoint {
        event_time,
        estimate: f64::from(event_time as i32),
        interval: Some((-1.0, 1.0)),
        ..EventPoint::default()
    };
    Report {
        title: t(),
        subtitle: Some(t()),
        badge: Some(t()),
        language,
        style: Style::Aer,
        figure_width: FigureWidth::default(),
        word_styles: None,
        blocks: vec![
            Block::Heading(1, t()),
            Block::Paragraph(t()),
            Block::List { numbered: true, items: vec![t(), t()] },
            Block::List { numbered: false, items: vec![t()] },
            Block::Note(t()),
            Block::Warning(t()),
            Block::Code(label.to_owned()),
            Block::Table(Table {
                id: label.to_owned(),
                title: t(),
                columns: vec![Align::Left, Align::Decimal, Align::Centre],
                head: vec![
                    vec![Head::blank(), Head::over(2, t())],
                    vec![Head::one(t()), Head::one(t()), Head::one(t())],
                ],
                rows: vec![
                    Row::Panel(t()),
                    Row::Cells(vec![Cell::Text(t()), Cell::Text(t()), Cell::Text(t())]),
                    Row::Cells(vec![Cell::Text(t()), Cell::Number { value: -1.5, decimals: 1 }, Cell::Absent(t())]),
                ],
                notes: vec![t()],
            }),
            figure(Plot::EventStudy(EventStudy {
                series: vec![
                    EventSeries { label: t(), points: vec![point(-1), point(0), point(1)] },
                    EventSeries { label: t(), points: vec![point(0)] },
                ],
                adoption: Some(-0.5),
                lines: Vec::new(),
            })),
            figure(Plot::Lines(Lines {
                series: vec![LineSeries { label: t(), points: vec![(0.0, 1.0), (1.0, 2.0)] }],
                marks: vec![Mark { x: 0.5, label: t() }],
            })),
            figure(Plot::Forest(Forest {
                rows: vec![ForestRow { label: t(), group: Some(t()), estimate: 1.0, interval: None, main: true }],
                baseline: None,
            })),
            figure(Plot::Dots(Dots {
                rows: vec![t()],
                series: vec![DotSeries { label: t(), values: vec![Some(1.0)] }],
                bounds: vec![-0.5, 0.5],
                bounds_label: t(),
            })),
            figure(Plot::Densities(Densities {
                groups: vec![t(), t()],
                panels: vec![DensityPanel { label: t(), curves: vec![vec![(0.0, 1.0), (1.0, 2.0)], vec![]] }],
            })),
            figure(Plot::Bars(Bars { rows: vec![(t(), 1.0)], decimals: 1 })),
            figure(Plot::Tiles(Box::new(Tiles {
                columns: vec![label.to_owned(), "2010".to_owned()],
                rows: vec![
                    TileRow { label: t(), weight: 1.0, shares: vec![Some(0.3), None] },
                    TileRow { label: t(), weight: 900.0, shares: vec![Some(f64::NAN), Some(1.0)] },
                ],
                ends: [t(), t()],
                absent: t(),
                numbers: true,
            }))),
            figure(Plot::Placebo(Placebo {
                draws: vec![0.1, 0.2],
                p_values: vec![0.5, 0.6],
                estimate: 1.0,
                level: 0.1,
            })),
        ],
    }
}

fn forbidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFFE}' | '\u{FFFF}')
}

#[test]
fn html_holds_only_its_own_elements() {
    for label in labels() {
        let page = html::write(&report(&label, Language::En));
        assert!(!page.chars().any(forbidden), "{label:?}");
        let known = [
            "!doctype",
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "header",
            "main",
            "nav",
            "details",
            "summary",
            "h1",
            "h2",
            "h3",
            "h4",
            "p",
            "ul",
            "ol",
            "li",
            "a",
            "div",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "span",
            "figure",
            "figcaption",
            "svg",
            "rect",
            "path",
            "text",
            "pre",
            "b",
            "script",
        ];
        // The page's own, which the policy names by its hash.
        assert_eq!(page.matches("<script").count(), 1, "{label:?}");
        assert!(page.contains("<script>\"use strict\";"), "{label:?}");
        for tag in page.split('<').skip(1) {
            let name: String =
                tag.trim_start_matches('/').chars().take_while(|c| !c.is_whitespace() && *c != '>').collect();
            assert!(known.contains(&name.to_lowercase().as_str()), "{label:?} made <{name}>");
            let attributes = tag.split('>').next().unwrap();
            // Between quotes anything is text; outside, no handler may stand.
            let outside: String = attributes.split('"').step_by(2).collect();
            assert!(!outside.contains(" on"), "{label:?} made <{attributes}>");
            assert_eq!(attributes.matches('"').count() % 2, 0, "{label:?} broke <{attributes}>");
        }
    }
}

#[test]
fn figures_stay_well_formed() {
    for label in labels() {
        let report = report(&label, Language::Zh);
        let pictures = figure::pngs(report.figures(), report.look(), 30.0).unwrap();
        assert!(pictures.iter().all(|picture| picture.bytes.starts_with(b"\x89PNG")));
        for drawn in report.figures() {
            let svg = figure::svg(drawn, Look { language: Language::En, ..report.look() });
            for tag in svg.split('<').skip(1) {
                let name: String = tag.trim_start_matches('/').chars().take_while(|c| c.is_alphabetic()).collect();
                assert!(["svg", "rect", "path", "text"].contains(&name.as_str()), "{label:?} made <{name}>");
            }
            // A long label is cut in the picture; only the alternative text has it in full.
            assert!(svg.len() < label.len() * 6 + 20_000);
        }
    }
}

#[test]
fn latex_commands_are_our_own() {
    for label in labels() {
        let tex = latex::write(&report(&label, Language::En), |id| format!("figures/{id}.png"));
        assert!(!tex.chars().any(forbidden), "{label:?}");
        for command in ["\\input", "\\write", "\\immediate", "\\include{", "\\def", "\\int", "^^5c"] {
            assert!(!tex.contains(command), "{label:?} left {command}");
        }
        assert_eq!(tex.matches("\\end{document}").count(), 1, "{label:?}");
        // Braces balance when the escaped ones are left out.
        let bare = tex.replace("\\\\", "").replace("\\{", "").replace("\\}", "");
        assert_eq!(bare.matches('{').count(), bare.matches('}').count(), "{label:?}");
        assert!(!bare.replace("\\%", "").lines().skip(1).any(|line| line.contains('%')), "{label:?}");
    }
}

#[test]
fn word_reads_back() {
    for label in labels() {
        let report = report(&label, Language::Zh);
        let pictures = figure::pngs(report.figures(), report.look(), 20.0).unwrap();
        let bytes = docx::write(&report, &pictures).unwrap();
        let document = docx_rs::read_docx(&bytes).unwrap();
        let text = format!("{:?}", document.document);
        assert!(!text.contains("\\u{0}") && !text.contains("\\u{202e}"), "{label:?}");
    }
}

#[test]
fn csv_cells_are_no_formulas() {
    for label in labels() {
        let report = report(&label, Language::En);
        let table = report.tables().next().unwrap();
        let text = comma::write(table, Style::Aer, Language::En);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut numbers = 0;
        for record in reader.records() {
            for field in &record.unwrap() {
                if field == "-1.5" {
                    numbers += 1;
                    continue;
                }
                let first = field.trim_start().chars().next();
                let risky = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
                assert!(!risky && !field.starts_with(['\t', '\r', '\n']), "{field:?}");
            }
        }
        assert_eq!(numbers, 1, "a number stays a number");
    }
}

#[test]
fn markdown_holds_no_html_and_no_links() {
    for label in labels() {
        let text = markdown::write(&report(&label, Language::En), |_| "figure.png".to_owned());
        assert!(!text.chars().any(forbidden), "{label:?}");
        // Indented code is text for Markdown; all else must be escaped.
        for line in text.lines().filter(|line| !line.starts_with("    ")) {
            assert!(!line.contains('<'), "{line:?}");
            assert!(!line.replace("](figure.png)", "").replace("\\]", "").contains("]("), "{line:?}");
        }
    }
}
