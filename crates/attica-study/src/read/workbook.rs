//! Workbooks to columns of text cells: which sheet, where the table starts, what a cell shows.

use std::io::Cursor;

use attica::message::{Place, Problem, Result, Warning};
use calamine::{Data, DataType, Ods, Range, Reader, SheetType, SheetVisible, Sheets, Xls, Xlsb, Xlsx};

use super::delimited::too_large;
use super::file::Book;
use super::guard::broken;
use super::options::{Header, Limits, ReadOptions, Sheet};
use super::table::{Table, header_names, start_after_header};

type Bytes<'a> = Cursor<&'a [u8]>;

/// Reads one sheet. Returns the table, its format in words, and what was noticed.
///
/// # Errors
/// `E513` for a workbook that cannot be opened, `E603` for a sheet that does not exist, `E511` for a
/// sheet without rows, `E512` when it is too large.
pub(super) fn read(bytes: &[u8], book: Book, options: &ReadOptions) -> Result<(Table, String, Vec<Warning>)> {
    if book != Book::Xls {
        check_unpacked_size(bytes, &options.limits)?;
    }
    let mut sheets = open(bytes, book)?;
    let mut warnings = Vec::new();
    let (name, range) = pick(&mut sheets, options, &mut warnings)?;
    let table = table(&range, options, &mut warnings).map_err(|mut problem| {
        problem.place = Place { sheet: Some(name.clone()), ..problem.place };
        problem
    })?;
    Ok((table, format!("workbook ({}), sheet \"{name}\"", book.name()), warnings))
}

fn open(bytes: &[u8], book: Book) -> Result<Sheets<Bytes<'_>>> {
    let bytes = Cursor::new(bytes);
    match book {
        Book::Xlsx => Xlsx::new(bytes).map(Sheets::Xlsx).map_err(|e| broken("E513", "workbook", e)),
        Book::Xlsb => Xlsb::new(bytes).map(Sheets::Xlsb).map_err(|e| broken("E513", "workbook", e)),
        Book::Xls => Xls::new(bytes).map(Sheets::Xls).map_err(|e| broken("E513", "workbook", e)),
        Book::Ods => Ods::new(bytes).map(Sheets::Ods).map_err(|e| broken("E513", "workbook", e)),
    }
}

/// `E513` for a small file that unpacks to a huge one.
fn check_unpacked_size(bytes: &[u8], limits: &Limits) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken("E513", "workbook", e))?;
    let mut unpacked = 0_u64;
    for part in 0..archive.len() {
        let file = archive.by_index_raw(part).map_err(|e| broken("E513", "workbook", e))?;
        unpacked = unpacked.saturating_add(file.size());
        // Numbers in XML shrink to a tenth, rarely to a fiftieth.
        let bomb = file.size() > 100 << 20 && file.size() / file.compressed_size().max(1) > 200;
        if bomb || unpacked > limits.unpacked {
            return Err(Problem::new(
                "E513",
                format!(
                    "{} kilobytes unpack to more than {} megabytes; that is no table",
                    bytes.len() >> 10,
                    unpacked >> 20
                ),
            )
            .fix("open the workbook where it was made and export the sheet as CSV"));
        }
    }
    Ok(())
}

/// The sheet that the user names, or the first visible one with data.
fn pick(
    sheets: &mut Sheets<Bytes<'_>>,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
) -> Result<(String, Range<Data>)> {
    let known: Vec<(String, bool)> = sheets
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible))
        .collect();
    let names = || known.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let absent = |what: &str| {
        Problem::new("E603", format!("there is no sheet {what}")).fix(format!("the sheets are {}", names()))
    };
    let by_number = |number: usize| number.checked_sub(1).and_then(|i| known.get(i)).map(|(name, _)| name.clone());
    let wanted = match &options.sheet {
        None => None,
        Some(Sheet::Number(number)) => Some(by_number(*number).ok_or_else(|| absent(&number.to_string()))?),
        Some(Sheet::Name(name)) if known.iter().any(|(n, _)| n == name) => Some(name.clone()),
        Some(Sheet::Name(name)) => {
            Some(name.parse().ok().and_then(by_number).ok_or_else(|| absent(&format!("\"{name}\"")))?)
        }
    };
    if let Some(name) = wanted {
        let range = load(sheets, &name, &options.limits)?;
        return Ok((name, range));
    }
    let (mut chosen, mut others) = (None, Vec::new());
    for (name, visible) in &known {
        let range = load(sheets, name, &options.limits)?;
        if range.height() < 2 {
            continue;
        }
        if *visible && chosen.is_none() {
            chosen = Some((name.clone(), range));
        } else {
            others.push(if *visible { format!("\"{name}\"") } else { format!("\"{name}\" (hidden)") });
        }
    }
    let chosen = chosen.ok_or_else(|| {
        Problem::new("E511", format!("no visible sheet has a header and rows; the sheets are {}", names()))
            .fix("say sheet = \"...\" for a hidden one, or check the export")
    })?;
    if !others.is_empty() {
        warnings.push(Warning::new(
            "W516",
            format!(
                "sheet \"{}\" was read; other sheets with data: {}. Say sheet = \"...\" for another",
                chosen.0,
                others.join(", ")
            ),
            format!(
                "读取的是工作表“{}”；其他含数据的工作表：{}。如需其他表，请设定 sheet = \"...\"",
                chosen.0,
                others.join("、")
            ),
        ));
    }
    Ok(chosen)
}

/// The cells of a sheet, after a look at how far they reach: two cells at opposite corners of a sheet
/// would otherwise ask for its whole area in memory.
fn load(sheets: &mut Sheets<Bytes<'_>>, name: &str, limits: &Limits) -> Result<Range<Data>> {
    let failed = |e: &dyn std::fmt::Display| broken("E513", &format!("sheet \"{name}\""), e);
    if let Sheets::Xlsx(book) = sheets {
        let mut cells = book.worksheet_cells_reader(name).map_err(|e| failed(&e))?;
        let (mut bottom, mut right) = (0_usize, 0_usize);
        while let Some(cell) = cells.next_cell().map_err(|e| failed(&e))? {
            bottom = bottom.max(cell.get_position().0 as usize + 1);
            right = right.max(cell.get_position().1 as usize + 1);
        }
        // A dense cell takes 24 bytes or more even when it is empty.
        let most = limits.cells.min(200_000_000);
        if bottom.saturating_mul(right) > most {
            return Err(too_large("cells in the sheet's used area", bottom.saturating_mul(right), most));
        }
    }
    sheets.worksheet_range(name).map_err(|e| failed(&e))
}

fn table(range: &Range<Data>, options: &ReadOptions, warnings: &mut Vec<Warning>) -> Result<Table> {
    let (top, left) = range.start().map_or((0, 0), |(row, column)| (row as usize, column as usize));
    let rows: Vec<&[Data]> = range.rows().collect();
    let header = match options.header {
        Some(header) => header,
        None => find_header(&rows, top, warnings),
    };
    let skip = start_after_header(header)?.saturating_sub(top).min(rows.len());
    let mut told = Told::default();
    let shown = |row: &[Data], told: &mut Told| row.iter().map(|cell| told.text(cell)).collect::<Vec<_>>();
    // Rows above the used area exist for the user, who counts them.
    let mut head: Vec<Vec<String>> = vec![Vec::new(); top.min(start_after_header(header)?)];
    head.extend(rows[..skip].iter().map(|row| shown(row, &mut Told::default())));
    let mut names = header_names(&head, header, range.width(), warnings);
    names.truncate(range.width());
    if names.len() > options.limits.columns {
        return Err(too_large("columns", names.len(), options.limits.columns));
    }
    let mut table = Table::new(names);
    let mut empty = 0_usize;
    for (at, row) in rows.iter().enumerate().skip(skip) {
        if row.iter().all(|cell| cell.is_empty() || cell.get_string().is_some_and(|s| s.trim().is_empty())) {
            empty += 1;
            continue;
        }
        let cells = shown(row, &mut told);
        table.columns.iter_mut().zip(&cells).for_each(|(column, cell)| column.push(cell));
        table.lines.push((top + at + 1) as u64);
    }
    told.texts_as_numbers(&rows[skip..], left);
    warnings.extend(told.warning());
    if empty > 0 {
        warnings.push(Warning::new(
            "W514",
            format!("{empty} rows are empty in every column and were left out"),
            format!("{empty} 行所有列均为空，未读入"),
        ));
    }
    drop_empty_columns(&mut table, warnings);
    if table.lines.is_empty() {
        return Err(Problem::new("E511", "the sheet has a header and no rows")
            .fix("say which sheet holds the table, sheet = \"...\", and where its header is, header = 3"));
    }
    Ok(table)
}

/// Columns without a name and without a cell are the margin of a sheet.
fn drop_empty_columns(table: &mut Table, warnings: &mut Vec<Warning>) {
    let empty: Vec<bool> = table
        .names
        .iter()
        .zip(&table.columns)
        .enumerate()
        .map(|(at, (name, cells))| *name == format!("column_{}", at + 1) && cells.iter().all(|c| c.trim().is_empty()))
        .collect();
    let count = empty.iter().filter(|&&e| e).count();
    if count == 0 || count == empty.len() {
        return;
    }
    let mut keep = empty.iter().map(|e| !e);
    table.names.retain(|_| keep.next().unwrap_or(true));
    let mut keep = empty.iter().map(|e| !e);
    table.columns.retain(|_| keep.next().unwrap_or(true));
    warnings.push(Warning::new(
        "W514",
        format!("{count} columns have neither name nor cells and were left out"),
        format!("{count} 列既无列名也无内容，未读入"),
    ));
}

/// The rows of the header: after the title lines, up to the first row of data. A row of data is one
/// in which at least a third of the filled cells are numbers that are not years.
fn find_header(rows: &[&[Data]], top: usize, warnings: &mut Vec<Warning>) -> Header {
    let filled = |row: &[Data]| row.iter().filter(|cell| !cell.is_empty() && !is_blank(cell)).count();
    let width = rows.iter().take(200).map(|row| filled(row)).max().unwrap_or(0);
    let is_title = |row: &[Data]| filled(row) == 0 || (width > 2 && filled(row) == 1);
    let is_data = |row: &[Data]| {
        let numbers = row.iter().filter(|cell| cell.as_f64().is_some_and(|v| !is_year(v)) && !is_blank(cell)).count();
        numbers > 0 && numbers * 3 >= filled(row)
    };
    let first = rows.iter().position(|row| !is_title(row)).unwrap_or(0);
    let data = rows.iter().skip(first + 1).take(10).position(|row| is_data(row)).map_or(first + 1, |i| first + 1 + i);
    // Without numbers in the rows below, one row is the header.
    let mut last = if rows.get(data).is_some_and(|row| is_data(row)) { data - 1 } else { first };
    // A row of names that are all filled ends the header; what follows are data in words.
    if let Some(full) = (first..=last).find(|&row| filled(rows[row]) >= width) {
        last = full;
    }
    if first > 0 {
        let titles =
            rows[..first].iter().flat_map(|row| row.iter()).find_map(|cell| cell.get_string()).unwrap_or("").trim();
        warnings.push(Warning::new(
            "W514",
            format!("{first} rows above the header were left out (\"{titles}\")"),
            format!("表头以上的 {first} 行未读入（“{titles}”）"),
        ));
    }
    if last == first {
        return Header::Row(top + first + 1);
    }
    warnings.push(Warning::new(
        "W514",
        format!(
            "the header takes rows {} to {}; names are joined by _. Say header = {} for one row",
            top + first + 1,
            top + last + 1,
            top + first + 1
        ),
        format!(
            "表头占第 {} 至 {} 行，列名以 _ 连接。若只有一行，请设定 header = {}",
            top + first + 1,
            top + last + 1,
            top + first + 1
        ),
    ));
    Header::Rows([top + first + 1, top + last + 1])
}

fn is_blank(cell: &Data) -> bool {
    cell.get_string().is_some_and(|s| s.trim().is_empty())
}

fn is_year(value: f64) -> bool {
    value.fract() == 0.0 && (1900.0..=2100.0).contains(&value)
}

/// What cells were besides numbers and words.
#[derive(Default)]
struct Told {
    dates: usize,
    errors: usize,
    texts: Vec<String>,
}

impl Told {
    /// What a cell shows, without Excel's formats: shortest digits, ISO dates.
    fn text(&mut self, cell: &Data) -> String {
        match cell {
            Data::Empty => String::new(),
            Data::String(text) | Data::DurationIso(text) => text.clone(),
            Data::Float(value) => value.to_string(),
            Data::Int(value) => value.to_string(),
            Data::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            Data::Error(error) => {
                self.errors += 1;
                error.to_string()
            }
            Data::DateTimeIso(text) => {
                self.dates += 1;
                text.strip_suffix("T00:00:00").unwrap_or(text).to_owned()
            }
            Data::DateTime(date) if date.is_duration() => date.as_f64().to_string(),
            Data::DateTime(date) => {
                self.dates += 1;
                let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
                if (hour, minute, second) == (0, 0, 0) {
                    format!("{year:04}-{month:02}-{day:02}")
                } else {
                    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
                }
            }
        }
    }

    /// Columns that mix numbers with texts that are numbers.
    fn texts_as_numbers(&mut self, rows: &[&[Data]], left: usize) {
        let width = rows.first().map_or(0, |row| row.len());
        for column in 0..width {
            let texts = rows
                .iter()
                .filter(|row| row[column].get_string().is_some_and(|text| super::cell::number(text).is_some()))
                .count();
            if texts > 0 {
                self.texts.push(format!("{} ({texts})", letters(left + column)));
            }
        }
    }

    fn warning(&self) -> Option<Warning> {
        let (mut en, mut zh) = (Vec::new(), Vec::new());
        if self.dates > 0 {
            en.push(format!("{} date cells, written as 2010-12-31; a code such as 2010-1 that Excel took for a date is among them if it was there", self.dates));
            zh.push(format!(
                "{} 个日期单元格，按 2010-12-31 的形式读取；若有被 Excel 误作日期的编码（如 2010-1），也在其中",
                self.dates
            ));
        }
        if self.errors > 0 {
            en.push(format!("{} error cells such as #N/A, read as missing", self.errors));
            zh.push(format!("{} 个错误单元格（如 #N/A），按缺失处理", self.errors));
        }
        if !self.texts.is_empty() {
            let shown = self.texts.iter().take(8).cloned().collect::<Vec<_>>();
            let more = self.texts.len().saturating_sub(8);
            en.push(format!(
                "numbers stored as text in columns {}{}",
                shown.join(", "),
                if more > 0 { format!(" and {more} more") } else { String::new() }
            ));
            zh.push(format!(
                "以文本存储的数字，列 {}{}",
                shown.join("、"),
                if more > 0 { format!(" 等，另有 {more} 列") } else { String::new() }
            ));
        }
        (!en.is_empty()).then(|| {
            Warning::new("W515", format!("the sheet has {}", en.join("; ")), format!("工作表含 {}", zh.join("；")))
        })
    }
}

/// `A`, `B`, .. `AA`: the column as the workbook shows it.
fn letters(column: usize) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    if column < 26 { last.to_string() } else { format!("{}{last}", letters(column / 26 - 1)) }
}
