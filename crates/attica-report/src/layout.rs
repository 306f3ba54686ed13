//! How wide the columns of a printed table are and how large its letters, so that it fits between the margins: what
//! Word and LaTeX do not find out by themselves.

use crate::figure;
use crate::format;
use crate::grid::{Grid, GridRow, Printed};

/// Lines that a cell may take before letters shrink instead.
const LINES: usize = 3;
/// Letters that are never wrapped into, and those that prose in cells is set in, in points.
const LARGEST_WRAPPED: f64 = 9.0;
const PROSE: f64 = 8.0;
const SMALLEST_WRAPPED: f64 = 7.5;
/// Letters' heights that a column of lines is wide at least, unless its texts are shorter.
const NARROWEST: f64 = 6.0;
/// What lines that do not break at their very end lose.
const RAGGED: f64 = 1.15;

/// The columns of a table, in points.
pub struct Layout {
    /// Size of the letters: one of those offered.
    pub size: f64,
    /// Width of each column's contents, without the gaps beside them.
    pub widths: Vec<f64>,
    /// Columns narrower than their longest text, which takes several lines.
    pub wraps: Vec<bool>,
    /// Lines of head and body together.
    pub lines: usize,
}

/// What a column holds, in points at some size of letters.
struct Content {
    /// The longest text in one line.
    whole: f64,
    /// What cannot be broken: numbers, and the longest word.
    least: f64,
}

/// Widths for `grid` in `room` points with `gap` points beside each column, in the first of `sizes` (falling) that
/// suits: on one line if letters stay readable, else wrapped, else in small letters.
pub fn layout(grid: &Grid, room: f64, gap: f64, sizes: &[f64]) -> Layout {
    let room = room - gap * grid.columns as f64;
    let found: Vec<(f64, Vec<Content>, Option<usize>)> = sizes
        .iter()
        .map(|&size| {
            let contents = contents(grid, size);
            let lines = fewest(&contents, room);
            (size, contents, lines)
        })
        .collect();
    let first = |suits: &dyn Fn(f64, usize) -> bool| {
        found.iter().find(|(size, _, lines)| lines.is_some_and(|lines| suits(*size, lines)))
    };
    let chosen = first(&|size, lines| size >= PROSE && lines == 1)
        .or_else(|| first(&|size, lines| (SMALLEST_WRAPPED..=LARGEST_WRAPPED).contains(&size) && lines <= LINES))
        .or_else(|| first(&|size, _| size <= PROSE))
        .or(found.last());
    let Some((size, contents, lines)) = chosen else {
        return Layout { size: PROSE, widths: Vec::new(), wraps: Vec::new(), lines: 0 };
    };
    let widths = shared(contents, *lines, room);
    let wraps = contents.iter().zip(&widths).map(|(content, width)| content.whole > width + 0.01).collect();
    let lines = count(grid, *size, &widths);
    Layout { size: *size, widths, wraps, lines }
}

/// Widens columns to fill `room`: what is left goes to the columns after the first in equal parts, for those are the
/// numbers, or to a column that stands alone.
pub fn stretch(widths: &mut [f64], room: f64) {
    let rest = (room - widths.iter().sum::<f64>()).max(0.0);
    let from = usize::from(widths.len() > 1);
    let share = rest / (widths.len() - from).max(1) as f64;
    widths.iter_mut().skip(from).for_each(|width| *width += share);
}

/// The width in which the longest text takes at most `lines` lines.
fn width(content: &Content, lines: usize) -> f64 {
    let part = if lines == 1 { content.whole } else { content.whole / lines as f64 * RAGGED };
    part.clamp(content.least, content.whole.max(content.least))
}

/// The fewest lines that let all columns into `room`; none when words and numbers alone are wider.
fn fewest(contents: &[Content], room: f64) -> Option<usize> {
    let fits = |lines: usize| contents.iter().map(|content| width(content, lines)).sum::<f64>() <= room;
    (1..200).find(|&lines| fits(lines))
}

/// Widths at `lines` lines, with what is left given to the columns that wrap; scaled down where nothing fits.
fn shared(contents: &[Content], lines: Option<usize>, room: f64) -> Vec<f64> {
    let mut widths: Vec<f64> = contents.iter().map(|content| width(content, lines.unwrap_or(usize::MAX))).collect();
    let total: f64 = widths.iter().sum();
    if total > room {
        return widths.into_iter().map(|width| width * room / total).collect();
    }
    let wrapping = contents.iter().zip(&widths).filter(|(content, width)| content.whole > **width).count();
    let more = (room - total) / wrapping.max(1) as f64;
    for (width, content) in widths.iter_mut().zip(contents) {
        *width = (*width + more).min(content.whole.max(content.least)).max(*width);
    }
    widths
}

fn contents(grid: &Grid, size: f64) -> Vec<Content> {
    let mut contents: Vec<Content> = (0..grid.columns).map(|_| Content { whole: 0.0, least: 0.0 }).collect();
    let mut add = |column: usize, text: &str, breaks: bool| {
        let whole = printed_width(text, size);
        let least = if breaks { longest_word(text, size).max(NARROWEST * size).min(whole) } else { whole };
        contents[column].whole = contents[column].whole.max(whole);
        contents[column].least = contents[column].least.max(least);
    };
    for head in grid.head.iter().flatten().filter(|head| head.span == 1) {
        add(head.start, &head.text, true);
    }
    for cells in rows(grid) {
        cells.iter().enumerate().for_each(|(column, cell)| add(column, &cell.text, cell.is_text));
    }
    // Numbers stand on their points: the longest beginning beside the longest end.
    for (content, (left, right)) in contents.iter_mut().zip(&grid.widths) {
        let numbers = 0.5 * size * (left + right) as f64;
        (content.whole, content.least) = (content.whole.max(numbers), content.least.max(numbers));
    }
    contents
}

fn rows(grid: &Grid) -> impl Iterator<Item = &Vec<Printed>> {
    grid.rows.iter().filter_map(|row| match row {
        GridRow::Cells(cells) => Some(cells),
        GridRow::Panel(_) | GridRow::Separator => None,
    })
}

/// Lines of the whole table in columns of `widths`.
fn count(grid: &Grid, size: f64, widths: &[f64]) -> usize {
    let lines = |text: &str, width: f64| (printed_width(text, size) * RAGGED / width.max(1.0)).ceil().max(1.0) as usize;
    let whole = |text: &str, width: f64| if printed_width(text, size) <= width { 1 } else { lines(text, width) };
    let head = grid.head.iter().map(|row| row.iter().map(|cell| whole(&cell.text, widths[cell.start])).max());
    let body = rows(grid).map(|cells| cells.iter().zip(widths).map(|(cell, &width)| whole(&cell.text, width)).max());
    let others = grid.rows.len() - rows(grid).count();
    head.chain(body).flatten().sum::<usize>() + others
}

/// The longest part of `text` without a place to break; Chinese breaks between any two characters.
fn longest_word(text: &str, size: f64) -> f64 {
    let words = text.split(|c: char| c.is_whitespace() || is_wide(c));
    let widest = words.map(|word| printed_width(word, size)).fold(0.0, f64::max);
    // Two characters, so that punctuation has company.
    if text.chars().any(is_wide) { widest.max(2.0 * size) } else { widest }
}

/// Width of `text` in the letters of a printed page, Times and Song: small letters are narrower and capitals wider
/// than those of the figures.
fn printed_width(text: &str, size: f64) -> f64 {
    let width = |c: char| match c {
        _ if is_wide(c) => size,
        'M' | 'W' => 0.95 * size,
        'A'..='Z' => 0.72 * size,
        '0'..='9' => 0.5 * size,
        '.' | ',' => 0.28 * size,
        '(' | ')' | '[' | ']' => 0.34 * size,
        format::MINUS => 0.6 * size,
        _ => 0.87 * figure::text_width(c.encode_utf8(&mut [0; 4]), size),
    };
    // Both programs put a little space between Chinese and Latin letters.
    let seams = text.chars().zip(text.chars().skip(1)).filter(|(a, b)| is_wide(*a) != is_wide(*b)).count();
    text.chars().map(width).sum::<f64>() * 1.02 + seams as f64 * 0.25 * size
}

fn is_wide(c: char) -> bool {
    c >= '\u{2E80}'
}

#[cfg(test)]
mod tests {
    use attica::text::{Language, Text};

    use super::*;
    use crate::format::Style;
    use crate::grid::grid;
    use crate::table::{Align, Cell, Head, Row, Table};

    const SIZES: [f64; 6] = [9.0, 8.5, 8.0, 7.5, 7.0, 6.5];

    fn laid(heads: &[&str], rows: Vec<Vec<Cell>>) -> Layout {
        let mut columns = vec![Align::Decimal; heads.len()];
        columns[0] = Align::Left;
        let table = Table {
            head: vec![heads.iter().map(|head| Head::one(Text::same(*head))).collect()],
            columns,
            rows: rows.into_iter().map(Row::Cells).collect(),
            ..Table::default()
        };
        layout(&grid(&table, Style::Cn, Language::En), 450.0, 7.0, &SIZES)
    }

    fn number(value: f64) -> Cell {
        Cell::Number { value, decimals: 3 }
    }

    #[test]
    fn a_small_table_keeps_its_lines() {
        let found = laid(&["Variable", "Mean"], vec![vec![Cell::same("Log GDP"), number(16.459)]; 4]);
        assert_eq!((found.size, found.wraps, found.lines), (9.0, vec![false, false], 5));
    }

    #[test]
    fn long_heads_wrap_before_letters_shrink_and_numbers_stay_whole() {
        let heads = ["Variable"].iter().chain(["New quality productive forces"; 6].iter()).copied().collect::<Vec<_>>();
        let row = std::iter::once(Cell::same("Log GDP")).chain((0..6).map(|_| number(-1234.567))).collect();
        let found = laid(&heads, vec![row]);
        assert_eq!(found.size, 9.0);
        assert_eq!(found.wraps, [false, true, true, true, true, true, true]);
        let digits = printed_width("−1234.567", 9.0);
        assert!(found.widths.iter().skip(1).all(|&width| width >= digits), "{:?}", found.widths);
    }

    #[test]
    fn whatever_it_holds_a_table_fits() {
        let prose = "parallel trends between each cohort and its clean controls within the window ".repeat(6);
        for columns in 1..16 {
            let heads = vec!["Borusyak–Jaravel–Spiess imputation"; columns];
            for cell in [Cell::same(prose.clone()), number(123_456_789.123), Cell::same("汉字".repeat(80))] {
                let found = laid(&heads, vec![vec![cell; columns]; 3]);
                let total = found.widths.iter().sum::<f64>() + 7.0 * columns as f64;
                assert!(total <= 450.0 + 1e-6, "{columns} columns: {total}");
            }
        }
    }

    #[test]
    fn the_column_with_more_to_say_is_wider() {
        let cells = vec![Cell::same("Sun–Abraham"), Cell::same("never-treated units"), Cell::same("word ".repeat(80))];
        let found = laid(&["Estimator", "Compared with", "What must hold"], vec![cells]);
        assert!(found.widths[2] > 2.0 * found.widths[1], "{:?}", found.widths);
        assert!(found.lines > 1 && found.wraps[2]);
    }
}
