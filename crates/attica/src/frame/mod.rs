//! Columns in memory: numbers with NaN as missing, or text as codes into sorted levels.

pub mod codes;
mod facts;
pub mod transform;

use std::collections::HashMap;
use std::sync::Arc;

use facts::Facts;

use crate::message::{Problem, Result};
use crate::text::Text;

/// Code of a missing text cell.
pub const MISSING: u32 = u32::MAX;

/// Numbers of rows, shared by all that read them as they are.
pub type Numbers = Arc<Vec<f64>>;

/// The cells of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; NaN is missing. Infinities are kept, and found by the design.
    Number(Numbers),
    /// Text: `codes[row]` indexes `levels`, or is [`MISSING`]. Levels are in first-seen order.
    Text {
        /// One code per row.
        codes: Vec<u32>,
        /// The distinct texts.
        levels: Vec<String>,
    },
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name as the user writes it.
    pub name: String,
    /// Cells.
    pub values: Values,
    /// Variable label (Stata), if the file has one.
    pub label: Option<Text>,
    /// Value labels (Stata), sorted by value.
    pub value_labels: Vec<(f64, String)>,
}

impl Column {
    /// A column of numbers.
    pub fn number(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values: Values::Number(Arc::new(values)), label: None, value_labels: Vec::new() }
    }

    /// A column of text; empty cells are `None`.
    pub fn text<S: AsRef<str>>(name: impl Into<String>, cells: impl IntoIterator<Item = Option<S>>) -> Self {
        let mut seen: HashMap<String, u32> = HashMap::new();
        let mut levels = Vec::new();
        let codes = cells
            .into_iter()
            .map(|cell| match cell {
                None => MISSING,
                Some(text) => *seen.entry(text.as_ref().to_owned()).or_insert_with(|| {
                    levels.push(text.as_ref().to_owned());
                    (levels.len() - 1) as u32
                }),
            })
            .collect();
        Self { name: name.into(), values: Values::Text { codes, levels }, label: None, value_labels: Vec::new() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Number(values) => values.len(),
            Values::Text { codes, .. } => codes.len(),
        }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True where the cell is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match &self.values {
            Values::Number(values) => values[row].is_nan(),
            Values::Text { codes, .. } => codes[row] == MISSING,
        }
    }

    /// True where any cell is missing.
    pub fn has_missing(&self) -> bool {
        match &self.values {
            // Without an early way out, eight cells are read at once.
            Values::Number(values) => values.iter().fold(false, |any, x| any | x.is_nan()),
            Values::Text { codes, .. } => codes.contains(&MISSING),
        }
    }

    /// The cell as a reader would see it; numbers without a trailing `.0`; missing is empty.
    pub fn display(&self, row: usize) -> String {
        match &self.values {
            Values::Number(values) if values[row].is_nan() => String::new(),
            // Whole numbers are written several times faster as such.
            Values::Number(values) if values[row].abs() < 1e15 && values[row].fract() == 0.0 => {
                (values[row] as i64).to_string()
            }
            Values::Number(values) => values[row].to_string(),
            Values::Text { codes, levels } => levels.get(codes[row] as usize).cloned().unwrap_or_default(),
        }
    }

    /// The rows `rows` of this column, in that order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        let values = match &self.values {
            Values::Number(values) => Values::Number(Arc::new(rows.iter().map(|&r| values[r as usize]).collect())),
            Values::Text { codes, levels } => {
                Values::Text { codes: rows.iter().map(|&r| codes[r as usize]).collect(), levels: levels.clone() }
            }
        };
        Self { values, ..self.clone_without_values() }
    }

    fn clone_without_values(&self) -> Self {
        Self {
            name: self.name.clone(),
            values: Values::Number(Arc::default()),
            label: self.label.clone(),
            value_labels: self.value_labels.clone(),
        }
    }
}

/// Columns of one length, found by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    columns: Vec<Column>,
    /// What is known of each column, once a regression asked.
    facts: Vec<Facts>,
    by_name: HashMap<String, usize>,
    rows: usize,
}

impl Frame {
    /// A frame from columns of one length with distinct names.
    ///
    /// # Errors
    /// `E507` on a second column of one name; `E504` on columns of different lengths.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        let mut frame = Self { rows: columns.first().map_or(0, Column::len), ..Self::default() };
        for column in columns {
            if frame.by_name.contains_key(&column.name) {
                return Err(Problem::new("E507", format!("two columns are named \"{}\"", column.name)));
            }
            frame.set(column)?;
        }
        Ok(frame)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of that name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.by_name.get(name).map(|&i| &self.columns[i])
    }

    /// The column of that name.
    ///
    /// # Errors
    /// `E603` with the three nearest names.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.get(name).ok_or_else(|| unknown_column(name, self.columns.iter().map(|c| c.name.as_str())))
    }

    /// The numbers of the column of that name (NaN is missing).
    ///
    /// # Errors
    /// `E603` when it does not exist, `E301` when it holds text.
    pub fn numbers(&self, name: &str) -> Result<&[f64]> {
        match &self.column(name)?.values {
            Values::Number(values) => Ok(values),
            Values::Text { codes, levels } => Err(not_numbers(name, codes, levels)),
        }
    }

    /// True where the column of that name has a finite number or a text in every row; looked up once.
    pub(crate) fn is_complete(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|&i| self.facts[i].is_complete(&self.columns[i]))
    }

    /// True where the column of that name has rows and a value in none; looked up once.
    pub(crate) fn is_without_value(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|&i| self.facts[i].is_empty(&self.columns[i]))
    }

    /// Codes of the column of that name in which every level occurs, and how many there are; made once, shared by all
    /// regressions on the frame.
    pub(crate) fn category(&self, name: &str) -> Option<(Arc<Vec<u32>>, usize)> {
        self.by_name.get(name).map(|&i| self.facts[i].category(&self.columns[i]))
    }

    /// Adds a column, or replaces the one of that name.
    ///
    /// # Errors
    /// `E504` when its length is not that of the frame.
    pub fn set(&mut self, column: Column) -> Result<()> {
        if self.columns.is_empty() {
            self.rows = column.len();
        }
        if column.len() != self.rows {
            return Err(Problem::new(
                "E504",
                format!("column \"{}\" has {} rows, the table has {}", column.name, column.len(), self.rows),
            ));
        }
        if let Some(&i) = self.by_name.get(&column.name) {
            self.columns[i] = column;
            self.facts[i] = Facts::default();
        } else {
            self.by_name.insert(column.name.clone(), self.columns.len());
            self.columns.push(column);
            self.facts.push(Facts::default());
        }
        Ok(())
    }

    /// The rows `rows`, in that order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        Self {
            columns: self.columns.iter().map(|c| c.take(rows)).collect(),
            facts: self.columns.iter().map(|_| Facts::default()).collect(),
            by_name: self.by_name.clone(),
            rows: rows.len(),
        }
    }
}

/// `E301` for a column of text where numbers are needed. Its numbers are no news: what is shown are the cells that made it text.
fn not_numbers(name: &str, codes: &[u32], levels: &[String]) -> Problem {
    let mut words: Vec<u32> =
        (0..levels.len() as u32).filter(|&l| levels[l as usize].parse::<f64>().is_err()).collect();
    if words.is_empty() {
        words = (0..levels.len() as u32).collect();
    }
    let rows = codes.iter().filter(|code| words.binary_search(code).is_ok()).count();
    let shown: Vec<String> = words
        .iter()
        .filter_map(|&word| {
            let row = codes.iter().position(|&code| code == word)?;
            Some(format!("\"{}\" (row {})", levels[word as usize], row + 1))
        })
        .take(5)
        .collect();
    let what = if rows == codes.len() { "text".to_owned() } else { format!("text in {rows} of {} rows", codes.len()) };
    Problem::new("E301", format!("column \"{name}\" holds {what}, for example {}; a number is needed here", shown.join(", "))).fix(
        format!("say how to read it (thousands separators, units, what stands for missing) under [[data]], or use \"{name}\" as a category"),
    )
}

/// `E603` for a name that no column has, with the three nearest names there are.
pub fn unknown_column<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let mut near: Vec<_> = known.map(|k| (distance(&name.to_lowercase(), &k.to_lowercase()), k)).collect();
    near.sort_unstable();
    let near: Vec<_> = near.iter().take(3).map(|(_, k)| format!("\"{k}\"")).collect();
    Problem::new("E603", format!("there is no column \"{name}\""))
        .fix(format!("the nearest names are {}", near.join(", ")))
}

/// Edits (insert, delete, replace) between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replace = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
