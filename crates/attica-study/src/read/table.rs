//! Columns of text cells, and how each becomes a column of numbers or of text.

use std::collections::{BTreeMap, HashSet};

use attica::frame::{Column, Frame, Values};
use attica::message::{Place, Problem, Result, Warning};

use super::cell::{by_rule, is_missing_number, is_missing_text, number};
use super::notes::{Note, Notes};
use super::options::{Header, Parse, ReadOptions, Word};

/// Integers above this are not all exact as doubles.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// A table as it stands in the file.
pub(super) struct Table {
    pub names: Vec<String>,
    pub columns: Vec<Cells>,
    /// Line (row of a sheet) on which each row starts.
    pub lines: Vec<u64>,
}

/// The cells of one column, end to end in one buffer.
#[derive(Default)]
pub(super) struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = &self.text[start..end];
            start = end;
            cell
        })
    }
}

impl Table {
    pub fn new(names: Vec<String>) -> Self {
        let columns = names.iter().map(|_| Cells::default()).collect();
        Self { names, columns, lines: Vec::new() }
    }

    /// Columns with something in this row.
    pub fn filled(&self, row: usize) -> impl Iterator<Item = usize> {
        (0..self.columns.len()).filter(move |&column| !self.columns[column].get(row).trim().is_empty())
    }

    /// Keeps the rows that are marked.
    pub fn keep(&mut self, rows: &[bool]) {
        for cells in &mut self.columns {
            let mut kept = Cells::default();
            rows.iter().enumerate().filter(|(_, keep)| **keep).for_each(|(row, _)| kept.push(cells.get(row)));
            *cells = kept;
        }
        let mut keep = rows.iter();
        self.lines.retain(|_| keep.next().is_some_and(|&k| k));
    }

    /// Types every column.
    ///
    /// # Errors
    /// `E301` when a column has a rule and a cell does not follow it; `E603` for a rule or a missing
    /// word on a column that does not exist.
    pub fn into_frame(self, options: &ReadOptions, comma: bool, warnings: &mut Vec<Warning>) -> Result<Frame> {
        let known = |name: &str| {
            if self.names.iter().any(|n| n == name) {
                Ok(())
            } else {
                Err(attica::frame::unknown_column(name, self.names.iter().map(String::as_str)))
            }
        };
        options.parse.keys().try_for_each(|name| known(name))?;
        if let super::options::Missing::ByColumn(columns) = &options.missing {
            columns.keys().try_for_each(|name| known(name))?;
        }
        let comma = match options.decimal {
            Some(sign) => sign == ',',
            None => comma && self.has_decimal_commas(),
        };
        let mut notes = Notes::default();
        let mut columns = Vec::with_capacity(self.names.len());
        for (name, cells) in self.names.iter().zip(&self.columns) {
            let rule = options.parse.get(name).copied();
            let typed = Typer { name, cells, lines: &self.lines, words: options.missing.of(name), comma };
            columns.push(match rule {
                Some(rule) => typed.told(rule, &mut notes)?,
                None => typed.found(&mut notes),
            });
        }
        warnings.extend(notes.warnings());
        Frame::new(columns)
    }

    /// True when numbers are written `1,5`: some column has digits, one comma and not just three
    /// digits after it, and every other cell of that column is a number that way.
    fn has_decimal_commas(&self) -> bool {
        self.columns.iter().any(|cells| {
            let mut proof = false;
            cells.iter().filter(|cell| !is_missing_number(cell)).all(|cell| {
                proof |= cell.split_once(',').is_some_and(|(_, fraction)| fraction.trim_end().len() != 3);
                by_rule(cell, Parse::DecimalComma).is_some()
            }) && proof
        })
    }
}

/// One column on its way to be typed.
struct Typer<'a> {
    name: &'a str,
    cells: &'a Cells,
    lines: &'a [u64],
    words: &'a [Word],
    comma: bool,
}

impl Typer<'_> {
    /// True for the words that the user added.
    fn is_word(&self, cell: &str) -> bool {
        self.words.iter().any(|word| match word {
            Word::Text(text) => cell.trim() == text.trim() || number(text).is_some_and(|n| number(cell) == Some(n)),
            Word::Number(value) => number(cell) == Some(*value),
        })
    }

    fn plain(&self, cell: &str) -> Option<f64> {
        if self.comma { by_rule(cell, Parse::DecimalComma) } else { number(cell) }
    }

    /// The column by the user's rule.
    fn told(&self, rule: Parse, notes: &mut Notes) -> Result<Column> {
        if rule == Parse::Text {
            return Ok(self.text(&|cell| cell.trim().is_empty(), notes));
        }
        let (mut values, mut words) = (Vec::new(), BTreeMap::new());
        let (mut bad, mut bad_rows) = (Vec::new(), 0_usize);
        for (row, cell) in self.cells.iter().enumerate() {
            let value = if self.is_word(cell) || is_missing_number(cell) {
                count(&mut words, cell);
                None
            } else if let Some(value) = by_rule(cell, rule) {
                Some(value)
            } else if rule == Parse::NumberOrMissing {
                count(&mut words, cell);
                None
            } else {
                bad_rows += 1;
                if bad.len() < 5 {
                    bad.push((self.lines[row], cell.trim().to_owned()));
                }
                None
            };
            values.push(value.unwrap_or(f64::NAN));
        }
        if let Some((line, cell)) = bad.first() {
            let shown: Vec<String> = bad.iter().map(|(line, cell)| format!("\"{cell}\" on line {line}")).collect();
            return Err(Problem::new(
                "E301",
                format!("{bad_rows} cells cannot be read by the rule \"{}\": {}", rule.word(), shown.join(", ")),
            )
            .fix(format!(
                "another rule (thousands, percent, units, decimal_comma, text), or missing = [\"{cell}\"] if that is what it means"
            ))
            .at(Place {
                line: Some(*line),
                column: Some(self.name.to_owned()),
                value: Some(cell.clone()),
                ..Place::default()
            }));
        }
        notes.add(self.name, Note::Missing(words));
        Ok(Column::number(self.name, values))
    }

    /// The column by what its cells look like.
    fn found(&self, notes: &mut Notes) -> Column {
        let (mut values, mut words) = (Vec::new(), BTreeMap::new());
        let (mut numbers, mut logical, mut others) = (0_usize, 0_usize, 0_usize);
        let (mut zeros, mut zero, mut inexact, mut large) = (0_usize, "", 0_usize, "");
        for cell in self.cells.iter() {
            if self.is_word(cell) || is_missing_number(cell) {
                count(&mut words, cell);
                values.push(f64::NAN);
                continue;
            }
            if let Some(value) = self.plain(cell) {
                numbers += 1;
                let trimmed = cell.trim();
                if is_code_with_zeros(trimmed) {
                    zeros += 1;
                    zero = if zero.is_empty() { trimmed } else { zero };
                }
                if value.abs() >= EXACT && is_inexact(trimmed, value) {
                    inexact += 1;
                    large = if large.is_empty() { trimmed } else { large };
                }
                values.push(value);
            } else {
                logical += usize::from(truth(cell).is_some());
                others += 1;
                values.push(f64::NAN);
            }
        }
        if others == 0 && zeros == 0 && inexact == 0 {
            notes.add(self.name, Note::Missing(words));
            if self.comma && self.cells.iter().any(|cell| cell.contains(',')) {
                notes.add(self.name, Note::DecimalComma);
            }
            notes.sentinels(self.name, &values);
            return Column::number(self.name, values);
        }
        if numbers == 0 && logical == others {
            notes.add(self.name, Note::Missing(words));
            notes.add(self.name, Note::Logical);
            return Column::number(self.name, self.cells.iter().map(|c| truth(c).unwrap_or(f64::NAN)).collect());
        }
        if others == 0 && zeros > 0 {
            notes.add(self.name, Note::LeadingZeros { cells: zeros, example: zero.to_owned() });
        } else if others == 0 {
            notes.add(self.name, Note::TooLarge { cells: inexact, example: large.to_owned() });
        } else {
            self.hint(numbers, others, notes);
        }
        self.text(&is_missing_text, notes)
    }

    fn text(&self, missing: &dyn Fn(&str) -> bool, notes: &mut Notes) -> Column {
        let mut words = BTreeMap::new();
        let cells: Vec<Option<&str>> = self
            .cells
            .iter()
            .map(|cell| {
                if self.is_word(cell) || missing(cell) {
                    count(&mut words, cell);
                    None
                } else {
                    Some(cell.trim())
                }
            })
            .collect();
        notes.add(self.name, Note::Missing(words));
        Column::text(self.name, cells)
    }

    /// Says what stands in the way of a column that looks like numbers, and which rule reads it.
    fn hint(&self, numbers: usize, others: usize, notes: &mut Notes) {
        let odd: Vec<&str> = self
            .cells
            .iter()
            .filter(|cell| !self.is_word(cell) && !is_missing_number(cell) && self.plain(cell).is_none())
            .collect();
        let rule = [Parse::Thousands, Parse::Percent, Parse::Units, Parse::DecimalComma, Parse::Year]
            .into_iter()
            .find(|&rule| odd.iter().all(|cell| by_rule(cell, rule).is_some()));
        if rule.is_none() && numbers < others {
            return;
        }
        let mut seen = HashSet::new();
        let cells = odd.into_iter().map(str::trim).filter(|cell| seen.insert(*cell)).take(5).map(str::to_owned);
        notes.add(self.name, Note::Mixed { numbers, others, cells: cells.collect(), rule });
    }
}

/// A column that came typed, under a rule or with further words for missing.
///
/// # Errors
/// `E301` when a cell does not follow the rule.
pub(super) fn retyped(column: &Column, rule: Option<Parse>, words: &[Word], notes: &mut Notes) -> Result<Column> {
    let mut cells = Cells::default();
    (0..column.len()).for_each(|row| cells.push(&column.display(row)));
    let lines: Vec<u64> = (1..=column.len() as u64).collect();
    let typer = Typer { name: &column.name, cells: &cells, lines: &lines, words, comma: false };
    let typed = match (rule, &column.values) {
        (Some(rule), _) => typer.told(rule, notes)?,
        (None, Values::Number(_)) => typer.told(Parse::Number, notes)?,
        (None, Values::Text { .. }) => typer.text(&|cell| cell.trim().is_empty(), notes),
    };
    Ok(Column { label: column.label.clone(), value_labels: column.value_labels.clone(), ..typed })
}

fn count(words: &mut BTreeMap<String, usize>, cell: &str) {
    *words.entry(cell.trim().to_owned()).or_insert(0) += 1;
}

fn truth(cell: &str) -> Option<f64> {
    match cell.trim() {
        "true" | "True" | "TRUE" => Some(1.0),
        "false" | "False" | "FALSE" => Some(0.0),
        _ => None,
    }
}

/// `010001`, `00`: digits that a number would not give back.
fn is_code_with_zeros(cell: &str) -> bool {
    cell.len() > 1 && cell.starts_with('0') && cell.bytes().all(|b| b.is_ascii_digit())
}

/// True when the digits of an integer are not those of its double.
pub(super) fn is_inexact(cell: &str, value: f64) -> bool {
    let digits = cell.strip_suffix(".0").unwrap_or(cell);
    digits.trim_start_matches(['+', '-']).bytes().all(|b| b.is_ascii_digit())
        && format!("{value:.0}") != digits.trim_start_matches('+')
}

/// Rows before the data; `E607` for a header that ends before it starts.
pub(super) fn start_after_header(header: Header) -> Result<usize> {
    match header {
        Header::Row(row) => Ok(row),
        Header::Rows([first, last]) if first >= 1 && first <= last => Ok(last),
        Header::Rows([first, last]) => {
            Err(Problem::new("E607", format!("header = [{first}, {last}] is no range of rows"))
                .fix("say the first and the last row of the header, counted from 1"))
        }
    }
}

/// Names from the rows of the header: several rows are joined by `_` (an empty cell takes the one to
/// its left in upper rows, as merged cells leave it), empty and double names are made distinct
/// (`W507`).
pub(super) fn header_names(
    head: &[Vec<String>],
    header: Header,
    width: usize,
    warnings: &mut Vec<Warning>,
) -> Vec<String> {
    let raw = match header {
        Header::Row(0) => (1..=width).map(|i| format!("column_{i}")).collect(),
        Header::Row(_) => head.last().cloned().unwrap_or_default(),
        Header::Rows([first, _]) => join_header_rows(&head[(first - 1).min(head.len())..]),
    };
    let mut names: Vec<String> = Vec::with_capacity(raw.len());
    let mut used: HashSet<String> = HashSet::new();
    let mut told = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        let trimmed = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        let base = if trimmed.is_empty() { format!("column_{}", at + 1) } else { trimmed.clone() };
        let (mut name, mut copy) = (base.clone(), 2);
        while !used.insert(name.clone()) {
            name = format!("{base}_{copy}");
            copy += 1;
        }
        if name != trimmed {
            told.push(format!("column {} \"{trimmed}\" is now \"{name}\"", at + 1));
        }
        names.push(name);
    }
    if !told.is_empty() {
        let more = told.len().saturating_sub(5);
        let list = told[..told.len().min(5)].join("; ");
        let (en, zh) =
            if more > 0 { (format!(" and {more} more"), format!(" 等另外 {more} 列")) } else { Default::default() };
        warnings.push(Warning::new(
            "W507",
            format!("empty or repeated headers were renamed: {list}{en}"),
            format!("空白或重复的列名已改名：{list}{zh}"),
        ));
    }
    if !names.is_empty()
        && raw.iter().filter(|n| number(n).is_some_and(|v| !(1800.0..=2200.0).contains(&v))).count() * 2 > names.len()
    {
        warnings.push(Warning::new(
            "W507",
            "most names in the header are numbers; if the file has no header, say header = 0",
            "表头多为数字；若文件没有表头，请设定 header = 0",
        ));
    }
    names
}

fn join_header_rows(rows: &[Vec<String>]) -> Vec<String> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut names = vec![String::new(); width];
    for (depth, row) in rows.iter().enumerate() {
        let mut left = String::new();
        for (at, name) in names.iter_mut().enumerate() {
            let cell = row.get(at).map_or("", |c| c.trim());
            if !cell.is_empty() {
                cell.clone_into(&mut left);
            }
            let part = if cell.is_empty() && depth + 1 < rows.len() { left.as_str() } else { cell };
            if !part.is_empty() && !name.ends_with(part) {
                if !name.is_empty() {
                    name.push('_');
                }
                name.push_str(part);
            }
        }
    }
    names
}
