//! Text with delimiters to columns of text cells: CSV, TSV and their relatives.

use attica::message::{Place, Problem, Result, Warning};

use super::decode::decode;
use super::options::{Header, ReadOptions};
use super::table::{Table, header_names, start_after_header};

/// Stands in for the full-width comma, which is longer than the one byte that a delimiter may have.
const FULL_WIDTH: u8 = 0x1f;

/// Reads delimited text. Returns the table, its format in words, and what was noticed.
///
/// # Errors
/// `E501` encoding, `E504` ragged rows, `E506` unclosed quote, `E511` no rows, `E512` too large.
pub(super) fn read(bytes: &[u8], options: &ReadOptions, tabs: bool) -> Result<(Table, String, Vec<Warning>)> {
    let decoded = decode(bytes, options.encoding.as_deref())?;
    let mut warnings = decoded.warnings;
    let mut text = decoded.text;
    if text.trim().is_empty() {
        return Err(Problem::new("E511", "the file holds no text").fix("check that the export of the table ended well"));
    }
    let delimiter = match options.delimiter {
        Some(delimiter) => delimiter,
        None => find_delimiter(&text, tabs, &mut warnings),
    };
    let byte = match delimiter {
        '，' => {
            text = text.replace('，', "\u{1f}");
            FULL_WIDTH
        }
        one if one.is_ascii() => one as u8,
        other => {
            return Err(Problem::new("W509", format!("\"{other}\" cannot be a delimiter"))
                .fix("use one of , ; | tab or the full-width comma ，"));
        }
    };
    unclosed_quote(&text, byte)?;
    let table = rows(&text, byte, options, &mut warnings)?;
    let shown = if delimiter == '\t' { "tab".to_owned() } else { format!("\"{delimiter}\"") };
    Ok((table, format!("delimited text ({}, delimiter {shown})", decoded.encoding), warnings))
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The delimiter that cuts the first rows into the most columns of one width.
fn find_delimiter(text: &str, tabs: bool, warnings: &mut Vec<Warning>) -> char {
    let mut scored: Vec<(usize, usize, char)> = Vec::new();
    for candidate in [',', '\t', ';', '|', '，'] {
        let head = head_of(text);
        let (head, byte) = match candidate {
            '，' => (head.replace('，', "\u{1f}"), FULL_WIDTH),
            one => (head.to_owned(), one as u8),
        };
        let widths: Vec<usize> =
            reader(&head, byte).records().map_while(std::result::Result::ok).map(|r| r.len()).collect();
        let width = widths.first().copied().unwrap_or(1);
        let same = widths.iter().filter(|&&w| w == width).count();
        if width > 1 {
            scored.push((same * 100 / widths.len().max(1), width, candidate));
        }
    }
    // Consistency first, then width, then the order above; a .tsv says what it means.
    scored.sort_by_key(|&(same, width, _)| std::cmp::Reverse((same, width)));
    let Some(&(same, width, best)) = scored.first() else { return if tabs { '\t' } else { ',' } };
    if tabs && scored.iter().any(|s| s.2 == '\t') {
        return '\t';
    }
    if let Some(&(_, other_width, other)) = scored[1..].iter().find(|s| s.0 == same && same == 100) {
        warnings.push(Warning::new(
            "W509",
            format!("both \"{best}\" ({width} columns) and \"{other}\" ({other_width} columns) cut the rows evenly; read with \"{best}\". Say delimiter = \"{other}\" if that is wrong"),
            format!("“{best}”（{width} 列）与“{other}”（{other_width} 列）都能整齐地分列；按“{best}”读取。若不对，请设定 delimiter = \"{other}\""),
        ));
    }
    best
}

/// The first rows, cut at a line's end.
fn head_of(text: &str) -> &str {
    let mut lines = 0;
    for at in 0..text.len() {
        if ends_line(text.as_bytes(), at) {
            lines += 1;
            if lines == 100 {
                return &text[..=at];
            }
        }
    }
    text
}

/// `E506` when a quoted cell never ends. The csv reader would swallow the rest of the file into it.
fn unclosed_quote(text: &str, delimiter: u8) -> Result<()> {
    let bytes = text.as_bytes();
    let (mut line, mut at, mut field_start) = (1_u64, 0, true);
    while at < bytes.len() {
        let byte = bytes[at];
        if field_start && byte == b'"' {
            let opened = line;
            at += 1;
            loop {
                match bytes.get(at) {
                    None => {
                        return Err(Problem::new(
                            "E506",
                            format!("a quote opens on line {opened} and is never closed"),
                        )
                        .fix("close or delete the quote on that line; a quote inside a quoted cell is doubled, \"\"")
                        .at(Place { line: Some(opened), ..Place::default() }));
                    }
                    Some(b'"') if bytes.get(at + 1) == Some(&b'"') => at += 2,
                    Some(b'"') => break,
                    Some(_) => {
                        line += u64::from(ends_line(bytes, at));
                        at += 1;
                    }
                }
            }
            field_start = false;
        } else {
            line += u64::from(ends_line(bytes, at));
            field_start = byte == delimiter || byte == b'\n' || byte == b'\r';
        }
        at += 1;
    }
    Ok(())
}

fn rows(text: &str, delimiter: u8, options: &ReadOptions, warnings: &mut Vec<Warning>) -> Result<Table> {
    let mut lines = LineCount { bytes: text.as_bytes(), at: 0, line: 1 };
    let header = options.header.unwrap_or(Header::Row(1));
    let skip = start_after_header(header)?;
    let mut head: Vec<Vec<String>> = Vec::new();
    let mut table: Option<Table> = None;
    let (mut ragged, mut ragged_rows, mut empty) = (Vec::new(), 0_usize, 0_usize);
    for (number, record) in reader(text, delimiter).into_records().enumerate() {
        let record = record.map_err(|error| Problem::new("E504", format!("row {}: {error}", number + 1)))?;
        let restore =
            |cell: &str| if delimiter == FULL_WIDTH { cell.replace('\u{1f}', "，") } else { cell.to_owned() };
        if number < skip {
            head.push(record.iter().map(restore).collect());
            continue;
        }
        if table.is_none() {
            let names = header_names(&head, header, record.len(), warnings);
            if names.len() > options.limits.columns {
                return Err(too_large("columns", names.len(), options.limits.columns));
            }
            table = Some(Table::new(names));
        }
        let Some(table) = table.as_mut() else { continue };
        let line = lines.of(record.position().map_or(0, csv::Position::byte));
        if record.iter().all(|cell| cell.trim().is_empty()) && record.len() != 1 {
            empty += 1;
            continue;
        }
        if record.len() != table.names.len() {
            ragged_rows += 1;
            if ragged.len() < 5 {
                ragged.push((line, record.len()));
            }
            continue;
        }
        for (column, cell) in table.columns.iter_mut().zip(&record) {
            if cell.len() > options.limits.cell {
                return Err(too_large("bytes in one cell", cell.len(), options.limits.cell)
                    .at(Place { line: Some(line), ..Place::default() }));
            }
            if delimiter == FULL_WIDTH { column.push(&restore(cell)) } else { column.push(cell) }
        }
        table.lines.push(line);
        if table.lines.len() > options.limits.rows {
            return Err(too_large("rows", table.lines.len(), options.limits.rows));
        }
    }
    let width = table.as_ref().map_or(0, |t| t.names.len());
    if let Some(&(line, _)) = ragged.first() {
        let shown: Vec<String> = ragged.iter().map(|(line, n)| format!("line {line} has {n}")).collect();
        return Err(Problem::new(
            "E504",
            format!(
                "the header has {width} cells, but {ragged_rows} {} another number: {}",
                if ragged_rows == 1 { "row has" } else { "rows have" },
                shown.join(", ")
            ),
        )
        .fix("quote the cells that hold the delimiter, or mend these lines; a stray quote on an earlier line does this too")
        .at(Place { line: Some(line), ..Place::default() }));
    }
    if empty > 0 {
        warnings.push(Warning::new(
            "W514",
            format!("{empty} rows are empty in every column and were left out"),
            format!("{empty} 行所有列均为空，未读入"),
        ));
    }
    table.filter(|t| !t.lines.is_empty()).ok_or_else(|| {
        let names: Vec<&str> = head.iter().flatten().map(String::as_str).take(5).collect();
        Problem::new("E511", format!("the file has a header ({}) and no rows", names.join(", ")))
            .fix("check that the export of the table ended well, or say where the header is: header = 0 for none")
    })
}

pub(super) fn too_large(what: &str, found: usize, limit: usize) -> Problem {
    Problem::new("E512", format!("{found} {what}; the limit is {limit}"))
        .fix("keep the rows and columns that the study needs, and save them as a file of their own")
}

/// Line numbers from byte offsets that only grow; CR, LF and CRLF each end a line.
struct LineCount<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineCount<'_> {
    /// Line of the record at `byte`. The csv reader places a record at the line end before it.
    fn of(&mut self, byte: u64) -> u64 {
        let mut start = byte as usize;
        while matches!(self.bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        while self.at < start {
            self.line += u64::from(ends_line(self.bytes, self.at));
            self.at += 1;
        }
        self.line
    }
}

fn ends_line(bytes: &[u8], at: usize) -> bool {
    bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
}
