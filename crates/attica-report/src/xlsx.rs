//! Excel: a sheet of contents, then one sheet per table. Numbers are numbers at full precision; how they print (decimals,
//! stars, brackets) is their cell's format.

use attica::text::{Language, Text};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Note, Workbook, Worksheet, XlsxError,
};

use crate::escape::clean;
use crate::format::{self, MINUS, Style};
use crate::grid::{Grid, GridHead, GridRow, Printed, grid};
use crate::layout::{Layout, layout};
use crate::report::Report;
use crate::table::{Align, Bracket, Cell, Row, Table};

/// Letters of tables and of notes, in points.
const SIZE: f64 = 10.5;
const NOTE_SIZE: f64 = 9.0;
/// Width of a landscape page without margins, and what a column leaves beside its contents, in points.
const ROOM: f64 = 720.0;
const GAP: f64 = 12.0;
/// Points that Excel calls one character of width.
const CHARACTER: f64 = 5.25;
/// Points that a line takes, in tables and in notes, and the height that no row exceeds.
const LINE: f64 = 14.5;
const NOTE_LINE: f64 = 12.5;
const TALLEST: f64 = 409.0;
/// What Excel allows in the name of a sheet.
const SHEET_NAME: usize = 31;

/// All tables of `report` as a workbook in its language.
///
/// # Errors
/// When a table has more rows or columns than a sheet.
pub fn write(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The same report is the same bytes on every day.
    let date = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let title = clean(report.title.get(report.language));
    book.set_properties(&DocProperties::new().set_title(&title).set_author("Attica").set_creation_datetime(&date));
    let names: Vec<String> = report.tables().enumerate().map(|(i, table)| sheet_name(i + 1, &table.id)).collect();
    contents(book.add_worksheet(), report, &names)?;
    for (i, (table, name)) in report.tables().zip(&names).enumerate() {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        Page::new(sheet, table, report).write(i + 1)?;
    }
    book.save_to_buffer()
}

/// `2 baseline`: unique by its number, and without what Excel forbids.
fn sheet_name(number: usize, id: &str) -> String {
    let allowed = |c: char| if "[]:*?/\\'".contains(c) { ' ' } else { c };
    format!("{number} {}", clean(id)).chars().map(allowed).take(SHEET_NAME).collect::<String>().trim_end().to_owned()
}

fn font(language: Language, size: f64) -> Format {
    let name = match language {
        Language::En => "Times New Roman",
        Language::Zh => "SimSun",
    };
    Format::new().set_font_name(name).set_font_size(size)
}

fn contents(sheet: &mut Worksheet, report: &Report, names: &[String]) -> Result<(), XlsxError> {
    let language = report.language;
    sheet.set_name(Text::new("Contents", "目录").get(language))?;
    sheet.set_column_width(0, 12)?.set_column_width(1, 100)?.set_screen_gridlines(false);
    sheet.set_print_fit_to_pages(1, 0).set_landscape();
    sheet.write_with_format(0, 0, clean(report.title.get(language)), &font(language, 16.0).set_bold())?;
    let mut row = 1;
    for line in report.badge.iter().chain(&report.subtitle) {
        sheet.write_with_format(row, 0, clean(line.get(language)), &font(language, SIZE))?;
        row += 1;
    }
    for (i, (table, name)) in report.tables().zip(names).enumerate() {
        row += 1;
        let label = format::table_label(i + 1);
        let link = rust_xlsxwriter::Url::new(format!("internal:'{name}'!A1")).set_text(label.get(language));
        sheet.write_url_with_format(
            row,
            0,
            &link,
            &font(language, SIZE).set_font_color("0563C1").set_underline(rust_xlsxwriter::FormatUnderline::Single),
        )?;
        sheet.write_with_format(row, 1, clean(table.title.get(language)), &font(language, SIZE))?;
    }
    Ok(())
}

/// A table on its sheet.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    table: &'a Table,
    grid: Grid,
    layout: Layout,
    style: Style,
    language: Language,
}

impl<'a> Page<'a> {
    fn new(sheet: &'a mut Worksheet, table: &'a Table, report: &Report) -> Self {
        let (style, language) = (report.style, report.language);
        let grid = grid(table, style, language);
        let layout = layout(&grid, ROOM, GAP, &[SIZE]);
        Self { sheet, table, grid, layout, style, language }
    }

    fn write(mut self, number: usize) -> Result<(), XlsxError> {
        self.sheet.set_screen_gridlines(false).set_print_fit_to_pages(1, 0).set_landscape();
        for (column, width) in (0..).zip(&self.layout.widths) {
            self.sheet.set_column_width(column, (width + GAP) / CHARACTER)?;
        }
        let label = format::table_label(number);
        let title = [label.get(self.language), format::after_label(self.language)].concat();
        let title = title + &clean(self.table.title.get(self.language));
        self.sheet.write_with_format(0, 0, title, &font(self.language, SIZE).set_bold())?;
        let first = self.head(1)?;
        let after = self.body(first)?;
        self.notes(after)
    }

    /// The head rows from `row` on; returns the row below.
    fn head(&mut self, mut row: u32) -> Result<u32, XlsxError> {
        let last = row + self.grid.head.len() as u32 - 1;
        let top = row;
        for heads in std::mem::take(&mut self.grid.head) {
            let width = |head: &GridHead| self.layout.widths[head.start..head.start + head.span].iter().sum();
            heighten(self.sheet, row, heads.iter().map(|head| (head.text.as_str(), width(head))))?;
            for head in heads {
                let format = self.head_format(&head, row == top, row == last);
                let (from, to) = (head.start as u16, (head.start + head.span - 1) as u16);
                if from == to {
                    self.sheet.write_with_format(row, from, head.text, &format)?;
                } else {
                    self.sheet.merge_range(row, from, row, to, &head.text, &format)?;
                }
            }
            row += 1;
        }
        self.sheet.set_freeze_panes(row, 1)?;
        Ok(row)
    }

    /// Words over and between numbers stand where the numbers stand.
    fn side(&self, column: usize) -> FormatAlign {
        match self.table.columns[column] {
            Align::Left => FormatAlign::Left,
            Align::Centre => FormatAlign::Center,
            Align::Decimal => FormatAlign::Right,
        }
    }

    fn head_format(&self, head: &GridHead, is_top: bool, is_last: bool) -> Format {
        let side = if head.is_group() { FormatAlign::Center } else { self.side(head.start) };
        let mut format =
            font(self.language, SIZE).set_align(side).set_align(FormatAlign::VerticalCenter).set_text_wrap();
        if is_top {
            format = format.set_border_top(FormatBorder::Medium);
        }
        if is_last || head.has_rule(self.style) {
            format = format.set_border_bottom(FormatBorder::Thin);
        }
        format
    }

    /// The body from `row` on; returns the row below.
    fn body(&mut self, mut row: u32) -> Result<u32, XlsxError> {
        let rows = std::mem::take(&mut self.grid.rows);
        let count = rows.len();
        let starred = starred(self.table);
        for (i, (printed, typed)) in rows.into_iter().zip(&self.table.rows).enumerate() {
            let rule = if i + 1 == count { FormatBorder::Medium } else { FormatBorder::None };
            match (printed, typed) {
                (GridRow::Cells(printed), Row::Cells(cells)) => {
                    let texts = printed.iter().map(|cell| cell.text.as_str());
                    heighten(self.sheet, row, texts.zip(self.layout.widths.iter().copied()))?;
                    for (column, printed) in printed.into_iter().enumerate() {
                        let cell = cells.get(column).unwrap_or(&Cell::Empty);
                        self.cell(row, column, cell, &printed, starred[column], rule)?;
                    }
                }
                (GridRow::Panel(text), _) => {
                    let format = font(self.language, SIZE).set_bold().set_border_bottom(rule);
                    self.sheet.write_with_format(row, 0, text, &format)?;
                }
                _ => {
                    self.sheet.set_row_height(row, 6)?;
                }
            }
            row += 1;
        }
        Ok(row)
    }

    fn cell(
        &mut self,
        row: u32,
        column: usize,
        cell: &Cell,
        printed: &Printed,
        starred: bool,
        rule: FormatBorder,
    ) -> Result<(), XlsxError> {
        let format = font(self.language, SIZE).set_border_bottom(rule).set_align(FormatAlign::Top);
        let at = column as u16;
        if let Some((value, pattern)) = number(cell, self.style, starred) {
            // On the right and padded, so that decimal points stand below each other.
            self.sheet.write_number_with_format(
                row,
                at,
                value,
                &format.set_align(FormatAlign::Right).set_num_format(pattern),
            )?;
            return Ok(());
        }
        let mut format = format.set_align(self.side(column));
        if self.layout.wraps[column] {
            format = format.set_text_wrap();
        }
        if printed.text.is_empty() {
            self.sheet.write_blank(row, at, &format)?;
        } else {
            self.sheet.write_string_with_format(row, at, printed.text.replace(MINUS, "-"), &format)?;
        }
        if let Some(reason) = &printed.reason {
            self.sheet.insert_note(row, at, &Note::new(reason).add_author_prefix(false))?;
        }
        Ok(())
    }

    fn notes(&mut self, row: u32) -> Result<(), XlsxError> {
        let notes = clean(&format::notes(&self.table.notes, self.language));
        if notes.is_empty() {
            return Ok(());
        }
        let format = font(self.language, NOTE_SIZE).set_text_wrap().set_align(FormatAlign::Top);
        let width = self.layout.widths.iter().map(|width| width + GAP).sum::<f64>().max(1.0);
        let lines = (crate::figure::text_width(&notes, NOTE_SIZE) / width).ceil() + 1.0;
        match self.grid.columns {
            0 | 1 => self.sheet.write_with_format(row, 0, notes, &format)?,
            columns => self.sheet.merge_range(row, 0, row, columns as u16 - 1, &notes, &format)?,
        };
        self.sheet.set_row_height(row, (lines * NOTE_LINE).min(TALLEST))?;
        Ok(())
    }
}

/// Makes a row as high as the longest of `texts`, each with the width that it has: not every program does so by itself.
fn heighten<'t>(sheet: &mut Worksheet, row: u32, texts: impl Iterator<Item = (&'t str, f64)>) -> Result<(), XlsxError> {
    let lines = |(text, width): (&str, f64)| (crate::figure::text_width(text, SIZE) / (width + GAP)).ceil().max(1.0);
    let most = texts.map(lines).fold(1.0, f64::max);
    if most > 1.0 {
        sheet.set_row_height(row, (most * LINE).min(TALLEST))?;
    }
    Ok(())
}

/// Columns with coefficients, whose other numbers leave room for stars.
fn starred(table: &Table) -> Vec<bool> {
    let is_starred = |column: usize| {
        table
            .rows
            .iter()
            .any(|row| matches!(row, Row::Cells(cells) if matches!(cells.get(column), Some(Cell::Estimate { .. }))))
    };
    (0..table.columns.len()).map(is_starred).collect()
}

/// The value of a cell that is one number, and Excel's pattern that prints it as the other formats do.
fn number(cell: &Cell, style: Style, starred: bool) -> Option<(f64, String)> {
    let zeros = |decimals: usize| if decimals == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(decimals)) };
    // As wide as `count` stars.
    let room = |count: usize| if starred { "_*".repeat(count) } else { String::new() };
    let (value, pattern, tail) = match *cell {
        Cell::Count(value) => {
            let pattern = if style == Style::Cn && (1000..1_000_000).contains(&value) { "0 000" } else { "#,##0" };
            (value as f64, pattern.to_owned(), room(3))
        }
        Cell::Label(value) => (value, "General".to_owned(), String::new()),
        Cell::Number { value, decimals } => (value, zeros(decimals), room(3)),
        Cell::PValue { value, decimals } => {
            let printed = format::p_value(value, decimals);
            let pattern = if printed.starts_with('<') { format!("\"{printed}\"") } else { zeros(decimals) };
            (value, pattern, room(3))
        }
        Cell::Estimate { value, stars, decimals } => {
            let stars = usize::from(stars).min(3);
            let marks = if stars > 0 { format!("\"{}\"", "*".repeat(stars)) } else { String::new() };
            (value, zeros(decimals) + &marks, room(3 - stars))
        }
        Cell::Bracketed { value, decimals, bracket } => {
            let (open, close) = if bracket == Bracket::Round { ("(", ")") } else { ("[", "]") };
            let digits = zeros(decimals);
            let minus = if format::number(value, decimals).starts_with(MINUS) { "\\-" } else { "" };
            let inside = |sign: &str| format!("\"{open}\"{sign}{digits}\"{close}\"{}", room(2));
            return value.is_finite().then(|| (value, format!("{};{}", inside(""), inside(minus))));
        }
        Cell::Empty | Cell::Text(_) | Cell::Interval { .. } | Cell::Absent(_) => return None,
    };
    let rounds_to_zero = value < 0.0 && !format::cell(cell, style, Language::En).starts_with(MINUS);
    let whole = format!("{pattern}{tail}");
    // A negative number that rounds to zero prints no sign, which takes a second section.
    value.is_finite().then(|| (value, if rounds_to_zero { format!("{whole};{whole}") } else { whole }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pattern(cell: &Cell) -> String {
        number(cell, Style::Aer, true).unwrap().1
    }

    #[test]
    fn patterns_print_what_the_other_formats_print() {
        let starred = Cell::Estimate { value: -0.0251, stars: 2, decimals: 3 };
        assert_eq!(number(&starred, Style::Aer, true).unwrap(), (-0.0251, "0.000\"**\"_*".to_owned()));
        assert_eq!(pattern(&Cell::Number { value: 1.5, decimals: 0 }), "0_*_*_*");
        assert_eq!(pattern(&Cell::PValue { value: 1e-9, decimals: 3 }), "\"<0.001\"_*_*_*");
        assert_eq!(pattern(&Cell::Number { value: -1e-9, decimals: 1 }), "0.0_*_*_*;0.0_*_*_*", "no minus before zero");
        let t = Cell::Bracketed { value: -2.5, decimals: 2, bracket: Bracket::Square };
        assert_eq!(number(&t, Style::Aer, false).unwrap().1, "\"[\"0.00\"]\";\"[\"\\-0.00\"]\"");
        assert_eq!(number(&Cell::Count(3135), Style::Cn, false).unwrap().1, "0 000");
        assert!(number(&Cell::Number { value: f64::NAN, decimals: 3 }, Style::Aer, false).is_none());
    }

    #[test]
    fn names_of_sheets_are_allowed_and_short() {
        assert_eq!(sheet_name(12, "a/b:c*"), "12 a b c");
        assert_eq!(sheet_name(1, &"x".repeat(60)).chars().count(), SHEET_NAME);
    }
}
