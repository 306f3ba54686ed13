//! HTML: one file that needs nothing else and no network; its one script sorts tables and may be switched off.

use attica::text::{Language, Text};
use base64::Engine;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::escape::xml;
use crate::figure::{self, Figure};
use crate::format::{self, Style};
use crate::grid::{Grid, GridHead, GridRow, Place, Printed, grid};
use crate::report::{Block, Report};
use crate::table::{Align, Cell, Row, Table};

const STYLE: &str = include_str!("html.css");
/// Fixed text: nothing of a report enters it, and the page allows no other script.
const SCRIPT: &str = include_str!("html.js");

/// `report` as one HTML page.
pub fn write(report: &Report) -> String {
    let language = report.language;
    let text = |text: &Text| xml(text.get(language));
    let figures: Vec<&Figure> = report.figures().collect();
    let drawings: Vec<String> = figures.par_iter().map(|figure| figure::svg(figure, report.look())).collect();

    let (code, class) = match language {
        Language::En => ("en", "en"),
        Language::Zh => ("zh-CN", "zh"),
    };
    let style = match report.style {
        Style::Aer => "aer",
        Style::Cn => "cn",
        Style::Plain => "plain",
    };
    let title = text(&report.title);
    let script = base64::prelude::BASE64_STANDARD.encode(Sha256::digest(SCRIPT));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body class=\"{class} {style}\">\n\
         <header>\n<h1>{title}</h1>\n"
    );
    if let Some(subtitle) = &report.subtitle {
        out.push_str(&format!("<p class=\"subtitle\">{}</p>\n", text(subtitle)));
    }
    if let Some(badge) = &report.badge {
        out.push_str(&format!("<p class=\"badge\">{}</p>\n", text(badge)));
    }
    out.push_str("</header>\n");
    contents(&mut out, report);
    out.push_str("<main>\n");

    let narrow = if report.figure_width.within_text().is_some() { " narrow" } else { "" };
    let (mut headings, mut tables, mut drawn) = (0, 0, 0);
    for block in &report.blocks {
        match block {
            Block::Heading(level, heading) => {
                headings += 1;
                let level = heading_level(*level);
                out.push_str(&format!("<h{level} id=\"s{headings}\">{}</h{level}>\n", text(heading)));
            }
            Block::Paragraph(paragraph) => out.push_str(&format!("<p>{}</p>\n", text(paragraph))),
            Block::List { numbered, items } => {
                let tag = if *numbered { "ol" } else { "ul" };
                out.push_str(&format!("<{tag}>\n"));
                for item in items {
                    out.push_str(&format!("<li>{}</li>\n", text(item)));
                }
                out.push_str(&format!("</{tag}>\n"));
            }
            Block::Table(block) => {
                tables += 1;
                table(&mut out, block, tables, report);
            }
            Block::Figure(figure) => {
                let drawing = &drawings[drawn];
                drawn += 1;
                out.push_str(&format!(
                    "<figure class=\"figure{narrow}\" id=\"f{drawn}\">\n<div class=\"scroll\">{drawing}</div>\n<figcaption><p class=\"caption\">{}{}{}</p>{}\
                     </figcaption>\n</figure>\n",
                    format::figure_label(drawn).get(language),
                    format::after_label(language),
                    text(&figure.title),
                    notes(&figure.notes, language)
                ));
            }
            Block::Note(note) => out.push_str(&format!("<div class=\"note\">{}</div>\n", text(note))),
            Block::Warning(warning) => {
                let label = Text::new("Caution. ", "注意：");
                out.push_str(&format!(
                    "<div class=\"warning\" role=\"note\"><b>{}</b>{}</div>\n",
                    label.get(language),
                    text(warning)
                ));
            }
            Block::Code(code) => {
                let lines: Vec<String> = code.lines().map(xml).collect();
                out.push_str(&format!("<pre tabindex=\"0\">{}</pre>\n", lines.join("\n")));
            }
        }
    }
    out.push_str(&format!("</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    out
}

/// The title is `h1`; a section is `h2`.
fn heading_level(level: u8) -> u8 {
    level.clamp(1, 3) + 1
}

/// Table of contents: headings, then tables and figures by number.
fn contents(out: &mut String, report: &Report) {
    let language = report.language;
    let mut headings = String::new();
    let mut exhibits = String::new();
    let (mut n_headings, mut n_tables, mut n_figures) = (0, 0, 0);
    for block in &report.blocks {
        match block {
            Block::Heading(level, heading) => {
                n_headings += 1;
                headings.push_str(&format!(
                    "<li class=\"l{}\"><a href=\"#s{n_headings}\">{}</a></li>\n",
                    heading_level(*level) - 1,
                    xml(heading.get(language))
                ));
            }
            Block::Table(table) => {
                n_tables += 1;
                let label = format::table_label(n_tables);
                exhibit(&mut exhibits, &format!("t{n_tables}"), &label, &table.title, language);
            }
            Block::Figure(figure) => {
                n_figures += 1;
                let label = format::figure_label(n_figures);
                exhibit(&mut exhibits, &format!("f{n_figures}"), &label, &figure.title, language);
            }
            _ => {}
        }
    }
    if headings.is_empty() && exhibits.is_empty() {
        return;
    }
    let title = Text::new("Contents", "目录");
    let exhibits_title = Text::new("Tables and figures", "表与图");
    out.push_str(&format!("<nav>\n<details open>\n<summary>{}</summary>\n<ul>\n{headings}", title.get(language)));
    if !exhibits.is_empty() {
        out.push_str(&format!("<li class=\"x\">{}</li>\n{exhibits}", exhibits_title.get(language)));
    }
    out.push_str("</ul>\n</details>\n</nav>\n");
}

fn exhibit(out: &mut String, anchor: &str, label: &Text, title: &Text, language: Language) {
    out.push_str(&format!(
        "<li class=\"l2\"><a href=\"#{anchor}\">{}{}{}</a></li>\n",
        label.get(language),
        format::after_label(language),
        xml(title.get(language))
    ));
}

fn table(out: &mut String, table: &Table, number: usize, report: &Report) {
    let language = report.language;
    let grid = grid(table, report.style, language);
    let label = format::table_label(number);
    let caption = format!("{}{}{}", label.get(language), format::after_label(language), xml(table.title.get(language)));
    // The box scrolls, not the page; it can be reached by keyboard and is named by the caption.
    out.push_str(&format!(
        "<div class=\"table\" id=\"t{number}\">\n<p class=\"caption\" id=\"c{number}\">{caption}</p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"c{number}\">\n<table{}>\n<thead>\n",
        if is_list(table) { " class=\"s\"" } else { "" }
    ));
    for row in &grid.head {
        out.push_str("<tr>");
        for head in row {
            head_cell(out, head, table.columns.get(head.start).copied());
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</thead>\n<tbody>\n");
    for row in &grid.rows {
        match row {
            GridRow::Cells(cells) => {
                out.push_str("<tr>");
                for (j, cell) in cells.iter().enumerate() {
                    body_cell(out, cell, j, &grid);
                }
                out.push_str("</tr>\n");
            }
            GridRow::Panel(text) => {
                out.push_str(&format!("<tr><td class=\"p\" colspan=\"{}\">{}</td></tr>\n", grid.columns, xml(text)));
            }
            GridRow::Separator => {
                out.push_str(&format!("<tr class=\"sep\"><td colspan=\"{}\"></td></tr>\n", grid.columns));
            }
        }
    }
    out.push_str(&format!("</tbody>\n</table>\n</div>\n{}</div>\n", notes(&table.notes, language)));
}

/// Whether each row stands for itself, so that rows may change places: no standard errors below coefficients, no panels.
fn is_list(table: &Table) -> bool {
    let alone = |row: &Row| matches!(row, Row::Cells(cells) if !matches!(cells.first(), None | Some(Cell::Empty)));
    table.rows.len() > 2 && table.rows.iter().all(alone)
}

fn head_cell(out: &mut String, head: &GridHead, align: Option<Align>) {
    let text = xml(&head.text);
    if text.is_empty() {
        out.push_str(&format!("<td{}></td>", span(head.span)));
    } else if head.is_group() {
        let class = if head.ruled { "g r" } else { "g" };
        out.push_str(&format!("<th class=\"{class}\" scope=\"colgroup\"{}><span>{text}</span></th>", span(head.span)));
    } else {
        let class = if align == Some(Align::Left) && head.span == 1 { " class=\"l\"" } else { "" };
        out.push_str(&format!("<th{class} scope=\"col\"{}>{text}</th>", span(head.span)));
    }
}

fn span(columns: usize) -> String {
    if columns > 1 { format!(" colspan=\"{columns}\"") } else { String::new() }
}

fn body_cell(out: &mut String, cell: &Printed, column: usize, grid: &Grid) {
    let text = xml(&cell.text);
    let title = cell.reason.as_ref().map_or_else(String::new, |reason| format!(" title=\"{}\"", xml(reason)));
    match cell.place {
        Place::Left if column == 0 && !cell.text.is_empty() => {
            out.push_str(&format!("<th class=\"l\" scope=\"row\"{title}>{text}</th>"));
        }
        Place::Left => out.push_str(&format!("<td class=\"l\"{title}>{text}</td>")),
        Place::Centre => {
            let class = if cell.is_text && cell.text.chars().count() > 24 { "c w" } else { "c" };
            out.push_str(&format!("<td class=\"{class}\"{title}>{text}</td>"));
        }
        // Both halves are as wide as the widest of the column, so that the points stand in line.
        Place::Point(at) => {
            let (left, right) = cell.text.split_at(at);
            let (left_width, right_width) = grid.widths[column];
            out.push_str(&format!(
                "<td class=\"n\"{title}><span class=\"i\" style=\"min-width:{left_width}ch\">{}</span>",
                xml(left)
            ));
            if right_width > 0 {
                out.push_str(&format!("<span class=\"f\" style=\"min-width:{right_width}ch\">{}</span>", xml(right)));
            }
            out.push_str("</td>");
        }
    }
}

fn notes(notes: &[Text], language: Language) -> String {
    let joined = format::notes(notes, language);
    if joined.is_empty() { String::new() } else { format!("<p class=\"notes\">{}</p>\n", xml(&joined)) }
}
