//! Word: real tables with the three rules, captions, styles and pictures at print resolution.

use std::collections::BTreeMap;
use std::io::Cursor;

use attica::text::{Language, Text};
use docx_rs::{
    AlignmentType, BorderType, Docx, LineSpacing, LineSpacingType, PageMargin, Paragraph, Pic, Run, RunFonts,
    SpecialIndentType, Style, StyleType, Tab, TabValueType, Table as WordTable, TableAlignmentType, TableBorder,
    TableBorderPosition, TableCell, TableCellBorder, TableCellBorderPosition, TableCellBorders, TableCellMargins,
    TableLayoutType, TableRow, VAlignType, WidthType,
};

use crate::docx_reference;
use crate::escape::{clean, xml};
use crate::figure::{FigureWidth, Png};
use crate::format::{self, Style as Journal};
use crate::grid::{Grid, GridHead, GridRow, Place, Printed, grid};
use crate::layout::{layout, stretch};
use crate::report::{Block, Report};
use crate::table::Table;

/// A document that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DocxError {
    /// Figures and pictures do not pair up.
    #[error("the report has {figures} figures but {pictures} pictures were given; give one per figure, in order")]
    Pictures {
        /// Figures in the report.
        figures: usize,
        /// Pictures given.
        pictures: usize,
    },
    /// The styles of a reference document could not be used.
    #[error("the styles of the reference document could not be taken over: {0}")]
    Reference(String),
    /// The archive could not be packed.
    #[error("the Word file could not be packed: {0}")]
    Pack(String),
}

/// Text width of A4 with margins of 2.54 cm, in twentieths of a point.
const TEXT_WIDTH: usize = 9026;
/// Room on each side of a cell.
const CELL_MARGIN: usize = 70;
/// English Metric Units per CSS pixel.
const EMU_PER_PIXEL: f64 = 9525.0;
/// Half-points: Chinese journals set text in 小四 or 五号 and tables in 小五; 11 and 9.5 are close.
const BODY: usize = 22;
const SMALL: usize = 18;

/// `report` as a .docx file. `pictures` holds one PNG per figure, in order ([`figure::pngs`]).
///
/// # Errors
/// When the pictures do not match the figures, or packing fails.
pub fn write(report: &Report, pictures: &[Png]) -> Result<Vec<u8>, DocxError> {
    let figures = report.figures().count();
    if figures != pictures.len() {
        return Err(DocxError::Pictures { figures, pictures: pictures.len() });
    }
    let language = report.language;
    let mut docx = styled(language);
    docx = docx.add_paragraph(paragraph("Title", &report.title, language));
    if let Some(subtitle) = &report.subtitle {
        docx = docx.add_paragraph(paragraph("Subtitle", subtitle, language));
    }
    if let Some(badge) = &report.badge {
        docx = docx.add_paragraph(paragraph("Badge", badge, language));
    }
    let (mut tables, mut drawn) = (0, 0);
    for block in &report.blocks {
        docx = match block {
            Block::Heading(level, heading) => {
                docx.add_paragraph(paragraph(&format!("Heading{}", level.clamp(&1, &3)), heading, language))
            }
            Block::Paragraph(text) => docx.add_paragraph(paragraph("BodyText", text, language)),
            Block::List { numbered, items } => items.iter().enumerate().fold(docx, |docx, (i, item)| {
                let mark = if *numbered { format!("{}.", i + 1) } else { "•".to_owned() };
                let run = Run::new().add_text(mark).add_tab().add_text(clean(item.get(language)));
                docx.add_paragraph(Paragraph::new().style("ListItem").add_run(run))
            }),
            Block::Table(block) => {
                tables += 1;
                let label = format::table_label(tables);
                let docx = docx.add_paragraph(caption(&label, &block.title, language).keep_next(true));
                let docx = match word_table(block, report) {
                    Some(table) => docx.add_table(table),
                    None => docx,
                };
                docx.add_paragraph(notes(&block.notes, language))
            }
            Block::Figure(block) => {
                let picture = &pictures[drawn];
                drawn += 1;
                let label = format::figure_label(drawn);
                docx.add_paragraph(picture_paragraph(picture, drawn, report))
                    .add_paragraph(caption(&label, &block.title, language).keep_next(!block.notes.is_empty()))
                    .add_paragraph(notes(&block.notes, language))
            }
            Block::Note(text) => docx.add_paragraph(paragraph("Remark", text, language)),
            Block::Warning(text) => {
                let label = Text::new("Caution. ", "注意：");
                let bold = Run::new().bold().add_text(label.get(language));
                let run = Run::new().add_text(clean(text.get(language)));
                docx.add_paragraph(Paragraph::new().style("Remark").add_run(bold).add_run(run))
            }
            Block::Code(code) => code.lines().fold(docx, |docx, line| {
                docx.add_paragraph(Paragraph::new().style("Code").add_run(Run::new().add_text(clean(line))))
            }),
        };
    }
    let mut parts = docx.build();
    parts.document = finished(&parts.document, report);
    if let Some(theirs) = &report.word_styles {
        let ours = String::from_utf8_lossy(&parts.styles);
        let (styles, renamed) = docx_reference::merged(&ours, theirs).map_err(DocxError::Reference)?;
        parts.styles = styles.into_bytes();
        parts.document = restyled(&parts.document, &renamed);
    }
    let mut out = Cursor::new(Vec::new());
    parts.pack(&mut out).map_err(|e| DocxError::Pack(e.to_string()))?;
    Ok(out.into_inner())
}

/// A picture has no alternative text and a head row is not repeated on the next page in docx-rs;
/// both are put into the finished part, at marks that only this module makes.
fn finished(document: &[u8], report: &Report) -> Vec<u8> {
    let text = String::from_utf8_lossy(document);
    let head = text.replace("<w:trPr><w:cantSplit /></w:trPr>", "<w:trPr><w:cantSplit /><w:tblHeader /></w:trPr>");
    let mut figures = report.figures().enumerate();
    let mut out = String::with_capacity(head.len() + 1024);
    let mut parts = head.split("<wp:docPr id=\"1\" name=\"Figure\" />");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        if let Some((i, figure)) = figures.next() {
            let (number, alt) = (i + 1, xml(figure.alt.get(report.language)));
            out.push_str(&format!("<wp:docPr id=\"{number}\" name=\"Figure {number}\" descr=\"{alt}\" />"));
        }
        out.push_str(part);
    }
    out.into_bytes()
}

/// The document with the identifiers that styles have in the reference document.
fn restyled(document: &[u8], renamed: &BTreeMap<String, String>) -> Vec<u8> {
    const MARK: &str = "<w:pStyle w:val=\"";
    let text = String::from_utf8_lossy(document);
    let mut parts = text.split(MARK);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, rest) = part.split_once('"').unwrap_or((part, ""));
        let id = renamed.get(id).map_or_else(|| id.to_owned(), |id| xml(id));
        out.push_str(&format!("{MARK}{id}\"{rest}"));
    }
    out.into_bytes()
}

/// An empty document with page and styles.
fn styled(language: Language) -> Docx {
    let fonts = |chinese: &str| {
        RunFonts::new().ascii("Times New Roman").hi_ansi("Times New Roman").cs("Times New Roman").east_asia(chinese)
    };
    let body = fonts("宋体");
    let heading = fonts("黑体");
    let named = |id: &str, name: &str| Style::new(id, StyleType::Paragraph).name(name).based_on("Normal");
    let spaced = |before: u32, after: u32| LineSpacing::new().before(before).after(after);
    let margin = 1440;
    let caption_align = if language == Language::Zh { AlignmentType::Center } else { AlignmentType::Left };
    Docx::new()
        .page_size(11906, 16838)
        .page_margin(PageMargin { top: margin, bottom: margin, left: margin, right: margin, ..PageMargin::new() })
        .default_fonts(body.clone())
        .default_size(BODY)
        .add_style(Style::new("Normal", StyleType::Paragraph).name("Normal").fonts(body.clone()).size(BODY))
        .add_style(
            named("Title", "Title")
                .fonts(heading.clone())
                .size(36)
                .bold()
                .align(AlignmentType::Center)
                .line_spacing(spaced(0, 120)),
        )
        .add_style(named("Subtitle", "Subtitle").size(24).align(AlignmentType::Center).line_spacing(spaced(0, 200)))
        .add_style(
            named("Badge", "Badge")
                .size(BODY)
                .bold()
                .color("B23B00")
                .align(AlignmentType::Center)
                .line_spacing(spaced(0, 200)),
        )
        .add_style(
            named("Heading1", "heading 1")
                .fonts(heading.clone())
                .size(30)
                .bold()
                .outline_lvl(0)
                .line_spacing(spaced(360, 160)),
        )
        .add_style(
            named("Heading2", "heading 2")
                .fonts(heading.clone())
                .size(26)
                .bold()
                .outline_lvl(1)
                .line_spacing(spaced(280, 120)),
        )
        .add_style(
            named("Heading3", "heading 3")
                .fonts(heading)
                .size(BODY)
                .bold()
                .outline_lvl(2)
                .line_spacing(spaced(200, 80)),
        )
        .add_style(
            named("BodyText", "Body Text")
                .align(AlignmentType::Both)
                .line_spacing(spaced(0, 120).line_rule(LineSpacingType::Auto).line(300)),
        )
        .add_style(
            named("ListItem", "List Paragraph")
                .indent(Some(420), Some(SpecialIndentType::Hanging(420)), None, None)
                .line_spacing(spaced(0, 60)),
        )
        .add_style(named("Caption", "caption").size(20).bold().align(caption_align).line_spacing(spaced(160, 80)))
        .add_style(named("Cell", "Table Cell").size(SMALL).line_spacing(spaced(16, 16)))
        .add_style(named("Notes", "Table Notes").size(SMALL).align(AlignmentType::Both).line_spacing(spaced(60, 280)))
        .add_style(named("Remark", "Remark").indent(Some(360), None, Some(360), None).line_spacing(spaced(120, 120)))
        .add_style(
            named("Code", "Code")
                .size(SMALL)
                .fonts(RunFonts::new().ascii("Courier New").hi_ansi("Courier New").cs("Courier New").east_asia("宋体"))
                .line_spacing(spaced(0, 0)),
        )
}

fn paragraph(style: &str, text: &Text, language: Language) -> Paragraph {
    let keep = style.starts_with("Heading");
    Paragraph::new().style(style).keep_next(keep).add_run(Run::new().add_text(clean(text.get(language))))
}

fn caption(label: &Text, title: &Text, language: Language) -> Paragraph {
    let text = format!("{}{}{}", label.get(language), format::after_label(language), clean(title.get(language)));
    Paragraph::new().style("Caption").add_run(Run::new().add_text(text))
}

/// Notes, or the space that stands in their place.
fn notes(notes: &[Text], language: Language) -> Paragraph {
    Paragraph::new().style("Notes").add_run(Run::new().add_text(clean(&format::notes(notes, language))))
}

fn picture_paragraph(picture: &Png, number: usize, report: &Report) -> Paragraph {
    let width = report.figure_width.pixels().min(FigureWidth::Text.pixels()) * EMU_PER_PIXEL;
    let height = width * f64::from(picture.height) / f64::from(picture.width.max(1));
    let picture = Pic::new_with_dimensions(picture.bytes.clone(), picture.width, picture.height)
        .id(format!("rIdFigure{number}"))
        .size(width as u32, height as u32);
    Paragraph::new().align(AlignmentType::Center).keep_next(true).add_run(Run::new().add_image(picture))
}

/// The table, or nothing when it has no columns.
fn word_table(table: &Table, report: &Report) -> Option<WordTable> {
    let grid = grid(table, report.style, report.language);
    if grid.columns == 0 {
        return None;
    }
    let layout = Layout::new(&grid);
    let has_notes = !format::notes(&table.notes, report.language).is_empty();
    let rule = |position, eighths| TableBorder::new(position).border_type(BorderType::Single).size(eighths);
    let mut rows = Vec::new();
    for (i, head) in grid.head.iter().enumerate() {
        let last = i + 1 == grid.head.len();
        let cells = head.iter().map(|cell| layout.head(cell, last, report.style)).collect();
        rows.push(TableRow::new(cells).cant_split());
    }
    for (i, row) in grid.rows.iter().enumerate() {
        // A table stays on one page if it can, and its last row with the notes.
        let last = i + 1 == grid.rows.len();
        let keep = if last { has_notes } else { grid.rows.len() <= 40 };
        rows.push(layout.row(row, keep, report.style));
    }
    Some(
        WordTable::without_borders(rows)
            .set_grid(layout.widths.clone())
            .layout(TableLayoutType::Fixed)
            .width(layout.widths.iter().sum(), WidthType::Dxa)
            .align(TableAlignmentType::Center)
            .margins(TableCellMargins::new().margin(0, CELL_MARGIN, 0, CELL_MARGIN))
            .set_border(rule(TableBorderPosition::Top, 12))
            .set_border(rule(TableBorderPosition::Bottom, 12)),
    )
}

/// Widths and sizes of one table.
struct Layout<'a> {
    grid: &'a Grid,
    /// Width of each column, in twentieths of a point.
    widths: Vec<usize>,
    /// Size of the letters, in half-points.
    size: usize,
}

impl<'a> Layout<'a> {
    /// Columns as [`layout`] finds them, in a table as wide as the text.
    fn new(grid: &'a Grid) -> Self {
        let sizes: Vec<f64> = (13..=SMALL).rev().map(|half_points| half_points as f64 / 2.0).collect();
        let found = layout(grid, TEXT_WIDTH as f64 / 20.0, CELL_MARGIN as f64 / 10.0, &sizes);
        let mut widths: Vec<f64> = found.widths.iter().map(|points| points * 20.0 + 2.0 * CELL_MARGIN as f64).collect();
        stretch(&mut widths, TEXT_WIDTH as f64);
        Self {
            grid,
            widths: widths.into_iter().map(|width| width as usize).collect(),
            size: (found.size * 2.0) as usize,
        }
    }

    fn cell(&self, paragraph: Paragraph, column: usize, span: usize) -> TableCell {
        let end = (column + span).min(self.widths.len());
        let width = self.widths[column..end].iter().sum();
        let cell =
            TableCell::new().add_paragraph(paragraph).width(width, WidthType::Dxa).vertical_align(VAlignType::Top);
        if span > 1 { cell.grid_span(span) } else { cell }
    }

    fn text(&self, text: &str, align: AlignmentType) -> Paragraph {
        Paragraph::new().style("Cell").align(align).add_run(Run::new().size(self.size).add_text(text))
    }

    /// A cell of the head; the last row carries the middle rule.
    fn head(&self, head: &GridHead, last: bool, style: Journal) -> TableCell {
        let align = if head.start == 0 && head.span == 1 { AlignmentType::Left } else { AlignmentType::Center };
        let cell = self.cell(self.text(&head.text, align).keep_next(true), head.start, head.span);
        let cell = cell.vertical_align(VAlignType::Bottom);
        let rule = |eighths: usize| {
            let bottom = TableCellBorder::new(TableCellBorderPosition::Bottom).border_type(BorderType::Single);
            TableCellBorders::with_empty().set(bottom.size(eighths))
        };
        match (last, head.has_rule(style)) {
            (true, _) => cell.set_borders(rule(6)),
            (false, true) => cell.set_borders(rule(4)),
            (false, false) => cell,
        }
    }

    fn row(&self, row: &GridRow, keep: bool, style: Journal) -> TableRow {
        let columns = self.grid.columns;
        match row {
            GridRow::Cells(cells) => TableRow::new(
                cells.iter().enumerate().map(|(j, cell)| self.cell(self.body(cell, j).keep_next(keep), j, 1)).collect(),
            ),
            GridRow::Panel(text) => {
                let run = Run::new().size(self.size).add_text(text);
                let run = if style == Journal::Cn { run.bold() } else { run.italic() };
                let paragraph = Paragraph::new().style("Cell").keep_next(keep).add_run(run);
                TableRow::new(vec![self.cell(paragraph, 0, columns)])
            }
            GridRow::Separator => {
                let space = LineSpacing::new().before(0).after(0).line_rule(LineSpacingType::Exact).line(80);
                let paragraph = self.text("", AlignmentType::Left).line_spacing(space).keep_next(keep);
                TableRow::new(vec![self.cell(paragraph, 0, columns)])
            }
        }
    }

    fn body(&self, cell: &Printed, column: usize) -> Paragraph {
        match cell.place {
            Place::Left => self.text(&cell.text, AlignmentType::Left),
            Place::Centre => self.text(&cell.text, AlignmentType::Center),
            // In a cell, Word sets a text on its decimal tab without a tab character. Whole numbers
            // are set to the right: programs disagree on where a number with thin spaces ends.
            Place::Point(_) => {
                let (left, right) = self.halves(column);
                let inner = self.widths[column].saturating_sub(2 * CELL_MARGIN) as f64;
                let side = ((inner - left - right) / 2.0).max(0.0);
                if right == 0.0 {
                    let last_digit = Some(side as i32);
                    return self.text(&cell.text, AlignmentType::Right).indent(None, None, last_digit, None);
                }
                let position = side + left;
                let stop = Tab::new().val(TabValueType::Decimal).pos(position as usize);
                self.text(&cell.text, AlignmentType::Left).add_tab(stop)
            }
        }
    }

    /// The widest parts of a column before and from the decimal point on, in twentieths of a point.
    fn halves(&self, column: usize) -> (f64, f64) {
        // Times sets digits half as wide as they are high.
        let digit = self.size as f64 / 2.0 * 20.0 * 0.5;
        let (left, right) = self.grid.widths[column];
        (left as f64 * digit, right as f64 * digit)
    }
}
