//! Markdown, as GitHub reads it. Figures are files beside it.

use attica::text::Text;

use crate::escape::{file_name, markdown as escape};
use crate::format;
use crate::grid::{GridHead, GridRow, grid};
use crate::report::{Block, Report};
use crate::table::{Align, Table};

/// `report` in Markdown. The picture of a figure is expected at
/// `figure_path(name)`, where the name is [`file_name`] of its id, relative to the file.
pub fn write(report: &Report, figure_path: impl Fn(&str) -> String) -> String {
    let language = report.language;
    let text = |text: &Text| escape(text.get(language));
    let mut out = format!("# {}\n\n", text(&report.title));
    if let Some(subtitle) = &report.subtitle {
        out.push_str(&format!("{}\n\n", text(subtitle)));
    }
    if let Some(badge) = &report.badge {
        out.push_str(&format!("> **{}**\n\n", text(badge)));
    }
    let (mut tables, mut figures) = (0, 0);
    for block in &report.blocks {
        match block {
            Block::Heading(level, heading) => {
                let marks = "#".repeat(usize::from(*level).clamp(1, 5) + 1);
                out.push_str(&format!("{marks} {}\n\n", text(heading)));
            }
            Block::Paragraph(paragraph) => out.push_str(&format!("{}\n\n", text(paragraph))),
            Block::List { numbered, items } => {
                for (i, item) in items.iter().enumerate() {
                    let mark = if *numbered { format!("{}.", i + 1) } else { "-".to_owned() };
                    out.push_str(&format!("{mark} {}\n", text(item)));
                }
                out.push('\n');
            }
            Block::Table(block) => {
                tables += 1;
                out.push_str(&format!(
                    "**{}{}{}**\n\n",
                    format::table_label(tables).get(language),
                    format::after_label(language),
                    text(&block.title)
                ));
                table(&mut out, block, report);
                notes(&mut out, &block.notes, report);
            }
            Block::Figure(figure) => {
                figures += 1;
                out.push_str(&format!("![{}]({})\n\n", text(&figure.alt), figure_path(&file_name(&figure.id))));
                out.push_str(&format!(
                    "**{}{}{}**\n\n",
                    format::figure_label(figures).get(language),
                    format::after_label(language),
                    text(&figure.title)
                ));
                notes(&mut out, &figure.notes, report);
            }
            Block::Note(note) => out.push_str(&format!("> {}\n\n", text(note))),
            Block::Warning(warning) => out.push_str(&format!("> ⚠ {}\n\n", text(warning))),
            Block::Code(code) => {
                // A line that closes the fence would let the rest out; indented code has no fence.
                for line in code.lines() {
                    out.push_str(&format!("    {}\n", crate::escape::clean(line)));
                }
                out.push('\n');
            }
        }
    }
    out
}

fn table(out: &mut String, table: &Table, report: &Report) {
    let grid = grid(table, report.style, report.language);
    if grid.columns == 0 {
        return;
    }
    let mut line = |fields: &[String]| out.push_str(&format!("| {} |\n", fields.join(" | ")));
    let flat = |row: &[GridHead]| {
        let mut fields = vec![String::new(); grid.columns];
        for head in row {
            fields[head.start..head.start + head.span].fill(escape(&head.text));
        }
        fields
    };
    // Markdown knows one head row; the others follow as rows.
    line(&grid.head.first().map_or_else(|| vec![String::new(); grid.columns], |row| flat(row)));
    let rule: Vec<String> =
        (0..grid.columns).map(|j| if table.columns[j] == Align::Left { ":---" } else { ":---:" }.to_owned()).collect();
    line(&rule);
    for row in grid.head.iter().skip(1) {
        line(&flat(row));
    }
    for row in &grid.rows {
        match row {
            GridRow::Cells(cells) => {
                line(&cells.iter().map(|cell| escape(&cell.text)).collect::<Vec<_>>());
            }
            GridRow::Panel(text) => {
                let mut fields = vec![String::new(); grid.columns];
                fields[0] = if text.is_empty() { String::new() } else { format!("**{}**", escape(text)) };
                line(&fields);
            }
            GridRow::Separator => {}
        }
    }
    out.push('\n');
}

fn notes(out: &mut String, notes: &[Text], report: &Report) {
    let joined = format::notes(notes, report.language);
    if !joined.is_empty() {
        out.push_str(&format!("*{}*\n\n", escape(&joined)));
    }
}
