//! What typing noticed, collected by kind so that a table of a hundred columns gives one warning of
//! each kind, not a hundred.

use std::collections::BTreeMap;

use attica::message::Warning;

use super::options::Parse;

/// Something noticed in one column.
pub(super) enum Note {
    /// Cells read as missing, by what stood there.
    Missing(BTreeMap<String, usize>),
    /// A number that looks like a code for missing: value, cells.
    Sentinel(f64, usize),
    /// Digits with leading zeros; the column is text.
    LeadingZeros { cells: usize, example: String },
    /// Integers that no double holds; the column is text.
    TooLarge { cells: usize, example: String },
    /// Mostly numbers, or numbers by another rule; the column is text.
    Mixed { numbers: usize, others: usize, cells: Vec<String>, rule: Option<Parse> },
    /// `true` and `false` read as 1 and 0.
    Logical,
    /// Numbers written with a decimal comma.
    DecimalComma,
}

/// All notes of a table, in the order of its columns.
#[derive(Default)]
pub(super) struct Notes(Vec<(String, Note)>);

/// The smallest and the largest finite value of a column with their cells, and the values next to them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extremes {
    low: (f64, usize),
    next_low: f64,
    high: (f64, usize),
    next_high: f64,
}

impl Default for Extremes {
    fn default() -> Self {
        let (up, down) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { low: (up, 0), next_low: up, high: (down, 0), next_high: down }
    }
}

impl Extremes {
    /// Those of `values`.
    pub fn of(values: &[f64]) -> Self {
        let mut found = Self::default();
        for &x in values.iter().filter(|x| x.is_finite()) {
            found.see(x, 1);
        }
        found
    }

    fn see(&mut self, x: f64, cells: usize) {
        if x < self.low.0 {
            (self.next_low, self.low) = (self.low.0, (x, cells));
        } else if x == self.low.0 {
            self.low.1 += cells;
        } else if x < self.next_low {
            self.next_low = x;
        }
        if x > self.high.0 {
            (self.next_high, self.high) = (self.high.0, (x, cells));
        } else if x == self.high.0 {
            self.high.1 += cells;
        } else if x > self.next_high {
            self.next_high = x;
        }
    }

    /// Those of both; the order does not matter.
    #[cfg(any(feature = "parquet", test))]
    pub fn merge(&mut self, other: &Self) {
        let (low, high) = (other.low, other.high);
        for (x, cells) in [low, (other.next_low, 0)] {
            if x < self.low.0 {
                (self.next_low, self.low) = (self.low.0.min(self.next_low), (x, cells));
            } else if x == self.low.0 {
                self.low.1 += cells;
            } else {
                self.next_low = self.next_low.min(x);
            }
        }
        for (x, cells) in [high, (other.next_high, 0)] {
            if x > self.high.0 {
                (self.next_high, self.high) = (self.high.0.max(self.next_high), (x, cells));
            } else if x == self.high.0 {
                self.high.1 += cells;
            } else {
                self.next_high = self.next_high.max(x);
            }
        }
    }
}

/// Numbers that stand for a missing value below all others, and above.
const LOW: [f64; 5] = [-9.0, -99.0, -999.0, -9999.0, -99999.0];
const HIGH: [f64; 3] = [9999.0, 99999.0, 999_999.0];

/// Columns named in one warning; the rest are counted.
const NAMED: usize = 8;

impl Notes {
    pub fn add(&mut self, column: &str, note: Note) {
        if !matches!(&note, Note::Missing(words) if words.is_empty()) {
            self.0.push((column.to_owned(), note));
        }
    }

    /// Adds the notes of further columns.
    #[cfg(feature = "parquet")]
    pub fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Notes numbers such as -99 and 9999 that stand far outside all others. They stay numbers.
    pub fn sentinels(&mut self, column: &str, values: &[f64]) {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let (least, most) =
            finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        // A code that stands alone is an extreme; most columns need no second look.
        if LOW.contains(&least) || HIGH.contains(&most) {
            self.sentinels_of(column, &Extremes::of(values));
        }
    }

    /// The same as [`Notes::sentinels`] for a column that was seen in pieces.
    pub fn sentinels_of(&mut self, column: &str, of: &Extremes) {
        let Extremes { low, next_low, high, next_high } = *of;
        if LOW.contains(&low.0) && (0.0..f64::INFINITY).contains(&next_low) {
            self.0.push((column.to_owned(), Note::Sentinel(low.0, low.1)));
        }
        let is_far = next_high < high.0 / 10.0 && next_high != f64::NEG_INFINITY;
        if HIGH.contains(&high.0) && high.1 > 1 && is_far {
            self.0.push((column.to_owned(), Note::Sentinel(high.0, high.1)));
        }
    }

    /// One warning of each kind.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut out = Vec::new();
        let mut add = |id: &str, parts: Vec<(String, String)>, en: &str, zh: &str| {
            if !parts.is_empty() {
                let more = parts.len().saturating_sub(NAMED);
                let list =
                    |of: &dyn Fn(&(String, String)) -> String| parts.iter().take(NAMED).map(of).collect::<Vec<_>>();
                let (mut left, mut right) = (list(&|p| p.0.clone()).join("; "), list(&|p| p.1.clone()).join("；"));
                if more > 0 {
                    left.push_str(&format!("; and {more} more columns"));
                    right.push_str(&format!("；另有 {more} 列"));
                }
                out.push(Warning::new(id, en.replace("{}", &left), zh.replace("{}", &right)));
            }
        };
        add("W303", self.of(missing), "cells read as missing: {}", "读作缺失的单元格：{}");
        add(
            "W303",
            self.of(sentinel),
            "these numbers look like codes for missing and were kept as numbers: {}. If they are, say missing = [...]",
            "下列数值疑似缺失代码，仍按数值保留：{}。若确为缺失，请设定 missing = [...]",
        );
        add(
            "W111",
            self.of(leading_zeros),
            "kept as text because of leading zeros: {}. For numbers, say parse = { name = \"number\" }",
            "因有前导零而按文本保留：{}。若为数值，请设定 parse = { 列名 = \"number\" }",
        );
        add(
            "E110",
            self.of(too_large),
            "kept as text because integers above 2^53 lose digits as numbers: {}",
            "整数超过 2^53，按数值会丢失位数，已按文本保留：{}",
        );
        add("W301", self.of(mixed), "kept as text though much of it is numbers: {}", "虽多为数字，仍按文本保留：{}");
        add("W315", self.of(logical), "true and false were read as 1 and 0: {}", "true 与 false 读作 1 与 0：{}");
        add("W510", self.of(comma), "numbers were read with a decimal comma: {}", "按逗号为小数点读取：{}");
        out
    }

    fn of(&self, say: fn(&str, &Note) -> Option<(String, String)>) -> Vec<(String, String)> {
        self.0.iter().filter_map(|(column, note)| say(column, note)).collect()
    }
}

fn missing(column: &str, note: &Note) -> Option<(String, String)> {
    let Note::Missing(words) = note else { return None };
    let say = |blank: &str| {
        let mut counts: Vec<_> = words.iter().collect();
        counts.sort_by_key(|&(_, &n)| std::cmp::Reverse(n));
        let shown = counts
            .iter()
            .take(5)
            .map(|(word, n)| if word.is_empty() { format!("{blank} {n}") } else { format!("\"{word}\" {n}") });
        format!("{column} ({})", shown.collect::<Vec<_>>().join(", "))
    };
    Some((say("blank"), say("空白")))
}

fn sentinel(column: &str, note: &Note) -> Option<(String, String)> {
    let Note::Sentinel(value, cells) = note else { return None };
    Some((format!("{column} ({value} in {cells} cells)"), format!("{column}（{value}，{cells} 个单元格）")))
}

fn leading_zeros(column: &str, note: &Note) -> Option<(String, String)> {
    let Note::LeadingZeros { cells, example } = note else { return None };
    Some((format!("{column} ({cells} cells, \"{example}\")"), format!("{column}（{cells} 个，如“{example}”）")))
}

fn too_large(column: &str, note: &Note) -> Option<(String, String)> {
    let Note::TooLarge { cells, example } = note else { return None };
    Some((format!("{column} ({cells} cells, \"{example}\")"), format!("{column}（{cells} 个，如“{example}”）")))
}

fn mixed(column: &str, note: &Note) -> Option<(String, String)> {
    let Note::Mixed { numbers, others, cells, rule } = note else { return None };
    let list = |open: &str, close: &str, comma: &str| {
        cells.iter().map(|c| format!("{open}{c}{close}")).collect::<Vec<_>>().join(comma)
    };
    let parse = |word: &str| format!("parse = {{ {} = \"{word}\" }}", key(column));
    let (fix, zh_fix) = if let Some(rule) = rule {
        let parse = parse(rule.word());
        (format!("{parse} reads them all"), format!("{parse} 可全部读取"))
    } else {
        let (first, parse) = (cells.first().map_or("", String::as_str), parse("number_or_missing"));
        (
            format!("missing = [\"{first}\", ...] if they mean missing, or {parse}"),
            format!("若表示缺失，请设定 missing = [\"{first}\", ...]，或 {parse}"),
        )
    };
    Some((
        format!("{column} ({numbers} numbers, {others} others such as {}: {fix})", list("\"", "\"", ", ")),
        format!("{column}（{numbers} 个数字，{others} 个其他，如{}：{zh_fix}）", list("“", "”", "、")),
    ))
}

/// A column's name as a key of a study file.
fn key(column: &str) -> String {
    let bare = !column.is_empty() && column.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { column.to_owned() } else { format!("\"{}\"", column.replace('\\', "\\\\").replace('"', "\\\"")) }
}

fn logical(column: &str, note: &Note) -> Option<(String, String)> {
    matches!(note, Note::Logical).then(|| (column.to_owned(), column.to_owned()))
}

fn comma(column: &str, note: &Note) -> Option<(String, String)> {
    matches!(note, Note::DecimalComma).then(|| (column.to_owned(), column.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_for_missing_are_found_in_pieces_as_in_the_whole() {
        let columns: [&[f64]; 7] = [
            &[1.0, 2.0, -9.0, 3.0, -9.0],
            &[1.0, -1.0, -99.0],
            &[9999.0, 3.0, 5.0, 9999.0, f64::NAN],
            &[9999.0, 3.0, 5.0],
            &[-9.0, -9.0],
            &[99999.0, 99999.0, -99.0, 7.0, 0.0],
            &[5.0, 9999.0, 1000.0, 9999.0],
        ];
        for values in columns {
            let mut whole = Notes::default();
            whole.sentinels("x", values);
            for cut in 0..=values.len() {
                let mut extremes = Extremes::of(&values[..cut]);
                extremes.merge(&Extremes::of(&values[cut..]));
                let mut pieces = Notes::default();
                pieces.sentinels_of("x", &extremes);
                assert_eq!(pieces.warnings(), whole.warnings(), "{values:?} cut at {cut}");
            }
        }
    }
}
