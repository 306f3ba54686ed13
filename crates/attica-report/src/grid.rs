//! A table as printed: every cell formatted, every row as wide as the table. All writers print
//! from here, so that no format can show another number than the next.

use attica::text::Language;

use crate::escape::clean;
use crate::format::{self, Style};
use crate::table::{Align, Cell, Row, Table};

/// A printed table.
pub struct Grid {
    /// Number of columns.
    pub columns: usize,
    /// Head rows; spans add up to `columns`.
    pub head: Vec<Vec<GridHead>>,
    /// Body.
    pub rows: Vec<GridRow>,
    /// Per column, the widest part before and from the decimal point on, in characters.
    pub widths: Vec<(usize, usize)>,
}

/// A printed cell of the head.
pub struct GridHead {
    /// Text, cleaned.
    pub text: String,
    /// First column that it covers.
    pub start: usize,
    /// Columns that it covers, at least one.
    pub span: usize,
    /// A rule stands below in every style.
    pub ruled: bool,
}

impl GridHead {
    /// A named group of columns.
    pub fn is_group(&self) -> bool {
        (self.span > 1 || self.ruled) && !self.text.is_empty()
    }

    /// A group with a rule below.
    pub fn has_rule(&self, style: Style) -> bool {
        self.is_group() && (self.ruled || style == Style::Aer)
    }
}

/// A printed row.
pub enum GridRow {
    /// One cell per column.
    Cells(Vec<Printed>),
    /// A line over the whole width.
    Panel(String),
    /// A little space or a thin rule.
    Separator,
}

/// A printed cell.
#[derive(Clone, Default)]
pub struct Printed {
    /// Text, cleaned.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// It is words, not a number: what may carry an injection.
    pub is_text: bool,
    /// Why a number is absent.
    pub reason: Option<String>,
}

/// Where a printed cell stands in its column.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// To the left.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// With this byte of the text at the decimal point.
    Point(usize),
}

/// Formats `table`.
pub fn grid(table: &Table, style: Style, language: Language) -> Grid {
    let columns = table.columns.len();
    let head = table.head.iter().map(|row| head_row(row, columns, language)).collect();
    let mixed: Vec<bool> = (0..columns).map(|j| holds_decimals(table, j)).collect();
    let rows: Vec<GridRow> = table
        .rows
        .iter()
        .map(|row| match row {
            Row::Panel(text) => GridRow::Panel(clean(text.get(language))),
            Row::Separator => GridRow::Separator,
            Row::Cells(cells) => {
                let cell = |j: usize| cells.get(j).unwrap_or(&Cell::Empty);
                GridRow::Cells(
                    (0..columns).map(|j| print(cell(j), table.columns[j], mixed[j], style, language)).collect(),
                )
            }
        })
        .collect();
    let mut widths = vec![(0, 0); columns];
    for row in &rows {
        let GridRow::Cells(cells) = row else { continue };
        for (width, cell) in widths.iter_mut().zip(cells) {
            if let Place::Point(at) = cell.place {
                let (left, right) = cell.text.split_at(at);
                width.0 = width.0.max(left.chars().count());
                width.1 = width.1.max(right.chars().count());
            }
        }
    }
    Grid { columns, head, rows, widths }
}

/// A head row whose spans add up to `columns`: filled with blanks, or cut.
fn head_row(row: &[crate::table::Head], columns: usize, language: Language) -> Vec<GridHead> {
    let mut cells = Vec::with_capacity(row.len());
    let mut start = 0;
    for head in row {
        let span = head.span.max(1).min(columns - start);
        if span == 0 {
            break;
        }
        cells.push(GridHead { text: clean(head.text.get(language)), start, span, ruled: head.ruled });
        start += span;
    }
    cells.extend((start..columns).map(|start| GridHead { text: String::new(), start, span: 1, ruled: false }));
    cells
}

/// A column with numbers other than counts; counts are then centred, for their digits have nothing
/// to do with the decimal point.
fn holds_decimals(table: &Table, column: usize) -> bool {
    table.rows.iter().any(|row| match row {
        Row::Cells(cells) => matches!(
            cells.get(column),
            Some(Cell::Number { .. } | Cell::PValue { .. } | Cell::Estimate { .. } | Cell::Bracketed { .. })
        ),
        _ => false,
    })
}

fn print(cell: &Cell, align: Align, mixed: bool, style: Style, language: Language) -> Printed {
    let is_text = matches!(cell, Cell::Text(_));
    let formatted = format::cell(cell, style, language);
    let text = if is_text { clean(&formatted) } else { formatted };
    let reason = match cell {
        Cell::Absent(reason) => Some(clean(reason.get(language))).filter(|reason| !reason.is_empty()),
        _ => None,
    };
    let place = match (align, cell) {
        (Align::Left, _) => Place::Left,
        (Align::Decimal, Cell::Count(_)) if mixed => Place::Centre,
        (
            Align::Decimal,
            Cell::Number { .. }
            | Cell::PValue { .. }
            | Cell::Estimate { .. }
            | Cell::Bracketed { .. }
            | Cell::Count(_)
            | Cell::Label(_),
        ) if text != format::ABSENT => Place::Point(decimal_point(&text)),
        _ => Place::Centre,
    };
    Printed { text, place, is_text, reason }
}

/// The byte where the decimals begin: the point, or the end of the digits when there is none.
fn decimal_point(text: &str) -> usize {
    text.find('.').or_else(|| text.rfind(|c: char| c.is_ascii_digit()).map(|last| last + 1)).unwrap_or(text.len())
}
