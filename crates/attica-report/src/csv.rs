//! CSV: one file per table.

use attica::text::Language;

use crate::escape;
use crate::format::Style;
use crate::grid::{GridRow, Printed, grid};
use crate::table::Table;

/// `table` as CSV in UTF-8 with CRLF line ends (RFC 4180), numbers as printed but with a plain
/// minus sign and no thousands separators, so that a spreadsheet reads them. Words that a
/// spreadsheet would take for a formula get an apostrophe before them.
pub fn write(table: &Table, style: Style, language: Language) -> String {
    let grid = grid(table, style, language);
    let mut out = String::new();
    for row in &grid.head {
        let mut fields = vec![String::new(); grid.columns];
        for head in row {
            fields[head.start] = escape::csv(&head.text);
        }
        line(&mut out, &fields);
    }
    for row in &grid.rows {
        match row {
            GridRow::Cells(cells) => line(&mut out, &cells.iter().map(field).collect::<Vec<_>>()),
            GridRow::Panel(text) => line(&mut out, &[escape::csv(text)]),
            GridRow::Separator => {}
        }
    }
    out
}

fn field(cell: &Printed) -> String {
    if cell.is_text {
        return escape::csv(&cell.text);
    }
    if cell.text == crate::format::ABSENT {
        return String::new();
    }
    let plain: String = cell
        .text
        .chars()
        .filter_map(|c| match c {
            crate::format::MINUS => Some('-'),
            crate::format::THIN_SPACE => None,
            c => Some(c),
        })
        .collect();
    // `3,135` loses its comma; `[0.01, 0.02]` keeps it.
    if plain.starts_with('[') { plain } else { plain.replace(',', "") }
}

fn line(out: &mut String, fields: &[String]) {
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        if field.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push_str("\r\n");
}
