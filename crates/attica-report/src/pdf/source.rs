//! A report in the typesetter's language: calls of the functions of `page.typ`, with every word of the report as a
//! quoted string, so that no label is ever read as markup.

use attica::text::{Language, Text};

use crate::escape::clean;
use crate::format::{self, Style};
use crate::grid::{Grid, GridHead, GridRow, Place, Printed, grid};
use crate::layout::{layout, stretch};
use crate::report::{Block, Report};
use crate::table::Table;

/// The functions, and so the looks.
const PAGE: &str = include_str!("page.typ");
/// A4 with margins of 2.54 cm, in points.
const TEXT_WIDTH: f64 = 451.2;
/// Points on both sides of a column; `page.typ` insets each side by half.
const GAP: f64 = 7.0;
/// Letters that a table may have, in points.
const SIZES: [f64; 6] = [9.5, 9.0, 8.5, 8.0, 7.0, 6.5];
/// Points that the lines of a table may fill on one page, with room for caption and notes.
const PAGE_HEIGHT: f64 = 560.0;
/// Letters without a place to break after which one is made.
const UNBROKEN: usize = 32;

/// `report` as source text. The drawing of figure `i`, from 1, is expected at `fi.svg`.
pub fn source(report: &Report) -> String {
    let language = report.language;
    let zh = language == Language::Zh;
    let said = |text: &Text| words(text.get(language));
    let mut out = format!("{PAGE}\n#show: report.with(title: {}, zh: {zh}", said(&report.title));
    let badge = report.badge.as_ref().map_or_else(|| "none".to_owned(), said);
    let subtitle = report.subtitle.as_ref().map_or_else(|| "none".to_owned(), said);
    out.push_str(&format!(", badge: {badge})\n#titled({zh}, {}, {subtitle}, {badge})\n", said(&report.title)));
    contents(&mut out, report);
    let width = report.figure_width.within_text().map_or_else(|| "100%".to_owned(), |cm| format!("{cm}cm"));
    let (mut headings, mut tables, mut figures) = (0, 0, 0);
    for block in &report.blocks {
        match block {
            Block::Heading(level, heading) => {
                headings += 1;
                out.push_str(&format!("#heading(level: {}, {}) <s{headings}>\n", level.clamp(&1, &3), said(heading)));
            }
            Block::Paragraph(paragraph) => out.push_str(&format!("#par({})\n", said(paragraph))),
            Block::List { numbered, items } => {
                let items: Vec<String> = items.iter().map(said).collect();
                out.push_str(&format!("#items({numbered}, {})\n", items.join(", ")));
            }
            Block::Table(block) => {
                tables += 1;
                table(&mut out, block, tables, report);
            }
            Block::Figure(figure) => {
                figures += 1;
                out.push_str(&format!(
                    "#exhibit-figure({zh}, \"/f{figures}.svg\", {width}, {}, {}, {}, {}) <f{figures}>\n",
                    said(&figure.alt),
                    label(&format::figure_label(figures), language),
                    said(&figure.title),
                    words(&format::notes(&figure.notes, language))
                ));
            }
            Block::Note(note) => out.push_str(&format!("#remark({})\n", said(note))),
            Block::Warning(warning) => {
                let label = Text::new("Caution. ", "注意：");
                out.push_str(&format!("#caution({}, {})\n", said(&label), said(warning)));
            }
            Block::Code(code) => {
                let lines: Vec<String> = code.lines().map(|line| escaped(&clean(line))).collect();
                out.push_str(&format!("#code(\"{}\")\n", lines.join("\\n")));
            }
        }
    }
    out
}

/// Headings, then tables and figures by number.
fn contents(out: &mut String, report: &Report) {
    let language = report.language;
    let (mut headings, mut exhibits) = (String::new(), String::new());
    let (mut n_headings, mut n_tables, mut n_figures) = (0, 0, 0);
    for block in &report.blocks {
        match block {
            Block::Heading(level, heading) => {
                n_headings += 1;
                let (level, words) = (level.clamp(&1, &3), words(heading.get(language)));
                headings.push_str(&format!("#entry({level}, <s{n_headings}>, \"\", {words})\n"));
            }
            Block::Table(table) => {
                n_tables += 1;
                let label = label(&format::table_label(n_tables), language);
                let title = words(table.title.get(language));
                exhibits.push_str(&format!("#entry(1, <t{n_tables}>, {label}, {title})\n"));
            }
            Block::Figure(figure) => {
                n_figures += 1;
                let label = label(&format::figure_label(n_figures), language);
                let title = words(figure.title.get(language));
                exhibits.push_str(&format!("#entry(1, <f{n_figures}>, {label}, {title})\n"));
            }
            _ => {}
        }
    }
    for (title, entries) in
        [(Text::new("Contents", "目录"), headings), (Text::new("Tables and figures", "表与图"), exhibits)]
    {
        if !entries.is_empty() {
            let title = words(title.get(language));
            out.push_str(&format!("#heading(level: 2, bookmarked: false, {title})\n{entries}"));
        }
    }
}

fn table(out: &mut String, table: &Table, number: usize, report: &Report) {
    let language = report.language;
    let grid = grid(table, report.style, language);
    let found = layout(&grid, TEXT_WIDTH, GAP, &SIZES);
    let mut widths: Vec<f64> = found.widths.iter().map(|width| width + GAP).collect();
    stretch(&mut widths, TEXT_WIDTH);
    let list = |parts: &[String]| format!("({})", parts.iter().map(|part| format!("{part},")).collect::<String>());
    let widths: Vec<String> = widths.iter().map(|width| format!("{width:.2}pt")).collect();
    let mut head: Vec<String> =
        grid.head.iter().flat_map(|row| row.iter().map(|cell| head_cell(cell, report.style))).collect();
    if !head.is_empty() {
        head.push("thin".to_owned());
    }
    let kept = found.lines as f64 * 1.3 * found.size <= PAGE_HEIGHT;
    out.push_str(&format!(
        "#exhibit-table({}, {kept}, {:.1}pt, {}, {}, {}, {}, {},\n",
        language == Language::Zh,
        found.size,
        list(&widths),
        list(&head),
        label(&format::table_label(number), language),
        words(table.title.get(language)),
        words(&format::notes(&table.notes, language))
    ));
    for row in &grid.rows {
        match row {
            GridRow::Cells(cells) => {
                let cells: Vec<String> = cells.iter().enumerate().map(|(j, cell)| body_cell(cell, j, &grid)).collect();
                out.push_str(&format!("  {},\n", cells.join(", ")));
            }
            GridRow::Panel(text) => {
                out.push_str(&format!("  panel({}, {}, {}),\n", language == Language::Zh, grid.columns, words(text)));
            }
            GridRow::Separator if report.style == Style::Aer => out.push_str("  hair,\n"),
            GridRow::Separator => out.push_str(&format!("  space({}),\n", grid.columns)),
        }
    }
    out.push_str(&format!(") <t{number}>\n"));
}

fn head_cell(head: &GridHead, style: Style) -> String {
    let text = words(&head.text);
    let side = if head.start == 0 && head.span == 1 { "left" } else { "center" };
    let text = if head.has_rule(style) { format!("under({text})") } else { text };
    format!("table.cell(colspan: {}, align: {side} + bottom, {text})", head.span)
}

fn body_cell(cell: &Printed, column: usize, grid: &Grid) -> String {
    match cell.place {
        Place::Left => format!("table.cell(align: left, {})", words(&cell.text)),
        Place::Centre => words(&cell.text),
        Place::Point(at) => {
            let (left, right) = cell.text.split_at(at);
            let (before, after) = grid.widths[column];
            format!("point({before}, {after}, \"{}\", \"{}\")", escaped(left), escaped(right))
        }
    }
}

/// `Table 2. `, as a string.
fn label(label: &Text, language: Language) -> String {
    words(&format!("{}{}", label.get(language), format::after_label(language)))
}

/// `text` as a string of the language, cleaned, with places to break in what would run beyond the margin.
fn words(text: &str) -> String {
    let mut loose = String::with_capacity(text.len() + 2);
    let mut unbroken = 0;
    for c in clean(text).chars() {
        unbroken =
            if c.is_whitespace() || matches!(c, '-' | '–' | '—') || c >= '\u{2E80}' { 0 } else { unbroken + 1 };
        loose.push(c);
        if unbroken == UNBROKEN {
            loose.push('\u{200B}');
            unbroken = 0;
        }
    }
    format!("\"{}\"", escaped(&loose))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
