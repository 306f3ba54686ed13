//! Results and tables of two runs, value by value and cell by cell.

use serde::Serialize;
use serde_json::Value;

/// Relative difference up to which two numbers of different machines are the same.
pub const TOLERANCE: f64 = 1e-9;
/// Differences that are listed; the others are counted.
const LISTED: usize = 50;

/// What is not the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Where: a path in `results.json`, or table, row and column.
    pub place: String,
    /// In the package.
    pub was: String,
    /// Computed now.
    pub is: String,
}

/// How much was compared, and what differs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Values or cells compared.
    pub compared: usize,
    /// How many differ.
    pub different: usize,
    /// The first of them.
    pub differences: Vec<Difference>,
    /// Largest relative difference between numbers that count as the same; 0 when all are equal to the last bit.
    pub largest: f64,
}

impl Comparison {
    fn differs(&mut self, place: &str, was: String, is: String) {
        self.different += 1;
        if self.differences.len() < LISTED {
            self.differences.push(Difference { place: place.to_owned(), was, is });
        }
    }
}

/// Compares two results, number by number and text by text.
pub fn values(was: &Value, is: &Value) -> Comparison {
    let mut found = Comparison::default();
    walk("", was, is, &mut found);
    found
}

fn walk(place: &str, was: &Value, is: &Value, found: &mut Comparison) {
    match (was, is) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let at = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                match b.get(key) {
                    Some(other) => walk(&at, value, other, found),
                    None => found.differs(&at, short(value), "absent".to_owned()),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                found.differs(&format!("{place}.{key}"), "absent".to_owned(), short(value));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                found.differs(place, format!("{} entries", a.len()), format!("{} entries", b.len()));
            }
            for (at, (value, other)) in a.iter().zip(b).enumerate() {
                walk(&format!("{place}[{at}]"), value, other, found);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            found.compared += 1;
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            if a == b {
                return;
            }
            let distance = (a - b).abs() / a.abs().max(b.abs());
            // Numbers that are zero but for rounding have no meaningful relative difference.
            if distance <= TOLERANCE || a.abs().max(b.abs()) < 1e-14 {
                found.largest = found.largest.max(distance.min(1.0));
            } else {
                found.differs(place, a.to_string(), b.to_string());
            }
        }
        _ => {
            found.compared += 1;
            if was != is {
                found.differs(place, short(was), short(is));
            }
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 80 { text } else { text.chars().take(77).collect::<String>() + "..." }
}

/// Compares a table as printed then and now, both as CSV, cell by cell.
pub fn tables(name: &str, was: &str, is: &str, found: &mut Comparison) {
    let (a, b) = (rows(was), rows(is));
    if a.len() != b.len() {
        found.differs(name, format!("{} rows", a.len()), format!("{} rows", b.len()));
    }
    for (row, (a, b)) in a.iter().zip(&b).enumerate() {
        if a.len() != b.len() {
            let place = format!("{name}, row {}", row + 1);
            found.differs(&place, format!("{} columns", a.len()), format!("{} columns", b.len()));
        }
        for (column, (was, is)) in a.iter().zip(b).enumerate() {
            found.compared += 1;
            if was != is {
                let head = a.first().map(String::as_str).unwrap_or_default();
                let place = format!("{name}, row {} ({head}), column {}", row + 1, column + 1);
                found.differs(&place, was.clone(), is.clone());
            }
        }
    }
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().filter_map(Result::ok).map(|row| row.iter().map(str::to_owned).collect()).collect()
}
