//! Building the index of a panel.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::time::half_width;
use super::{Labels, Panel, read_times};
use crate::frame::{Column, Frame, MISSING, Values, codes};
use crate::message::{Problem, Result, Warning};

/// Whole numbers above 2^53 are no longer distinct as floats.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Most cells (units times periods) of an index: 2^28 at four bytes each.
const MOST_CELLS: usize = 1 << 28;

impl Panel {
    /// The index of `frame` by the columns `unit` and `time`. Row order does not matter.
    ///
    /// # Errors
    /// `E603` unknown column; `E102` missing unit or time; `E110` numeric ids beyond 2^53; `E105` times that
    /// cannot be ordered; `E108` one period; `E101` several rows of one unit and time; `E512` more than 2^28
    /// unit-periods.
    pub fn new(frame: &Frame, unit: &str, time: &str) -> Result<(Self, Vec<Warning>)> {
        Self::counting(frame, unit, time, None)
    }

    /// [`Panel::new`] of a frame in which a unit stands for as many as its rows say in the column `copies`.
    ///
    /// # Errors
    /// Those of [`Panel::new`].
    pub fn counting(frame: &Frame, unit: &str, time: &str, copies: Option<&str>) -> Result<(Self, Vec<Warning>)> {
        let (unit_column, time_column) = (frame.column(unit)?, frame.column(time)?);
        if unit == time {
            return Err(Problem::new("E605", format!("column \"{unit}\" is named as unit and as time")));
        }
        if frame.rows() == 0 {
            return Err(Problem::new("E701", "no rows are left for the panel"));
        }
        for column in [unit_column, time_column].into_iter().filter(|column| column.has_missing()) {
            let missing: Vec<usize> = (0..column.len()).filter(|&row| column.is_missing(row)).collect();
            refuse_missing(&column.name, missing.len(), &missing)?;
        }
        let mut warnings = Vec::new();
        check_ids(unit_column, &mut warnings)?;
        let (values, notes) = read_times(time_column)?;
        warnings.extend(notes);
        let ((unit_codes, first_rows), (time_codes, times)) =
            rayon::join(|| in_order_of_appearance(unit_column), || in_ascending_order(values));
        if times.len() < 2 {
            return Err(one_period(time, times[0]));
        }
        let cells = first_rows.len().saturating_mul(times.len());
        if cells > MOST_CELLS {
            return Err(Problem::new(
                "E512",
                format!("{} units times {} periods are more than {MOST_CELLS} cells", first_rows.len(), times.len()),
            )
            .fix("check that the time column holds periods, not time stamps"));
        }
        let mut row = vec![Self::NO_ROW; cells];
        let mut duplicates = Vec::new();
        for (r, (&u, &t)) in unit_codes.iter().zip(&time_codes).enumerate() {
            let cell = &mut row[u as usize * times.len() + t as usize];
            if *cell == Self::NO_ROW {
                *cell = r as u32;
            } else {
                duplicates.push((u, t, *cell, r));
            }
        }
        let step = step_of(&times);
        let copies = match copies {
            Some(name) => {
                let values = frame.numbers(name)?;
                Some(first_rows.iter().map(|&row| values[row as usize] as u32).collect())
            }
            None => None,
        };
        let panel = Self {
            unit_name: unit.to_owned(),
            time_name: time.to_owned(),
            unit: Arc::new(unit_codes),
            time: Arc::new(time_codes),
            units: Labels::new(unit_column.take(&first_rows)),
            times,
            step,
            row,
            copies,
        };
        if !duplicates.is_empty() {
            return Err(panel.duplicated(&duplicates));
        }
        panel.notice_shape(&mut warnings);
        Ok((panel, warnings))
    }

    fn duplicated(&self, duplicates: &[(u32, u32, u32, usize)]) -> Problem {
        let shown: Vec<String> = duplicates
            .iter()
            .take(5)
            .map(|&(u, t, first, again)| {
                format!(
                    "{} in {} (rows {} and {})",
                    self.units[u as usize],
                    self.times[t as usize],
                    first + 1,
                    again + 1
                )
            })
            .collect();
        duplicated(&self.unit_name, &self.time_name, duplicates.len(), &shown)
    }

    /// `W103` gaps, `W104` imbalance, `W109` units seen once.
    fn notice_shape(&self, warnings: &mut Vec<Warning>) {
        if self.is_balanced() && self.has_every_period() {
            return;
        }
        let shape = self.describe();
        if shape.gaps > 0 {
            let examples = self.examples(&shape.units_with_gaps);
            let units = self.count(shape.units_with_gaps.iter().copied());
            warnings.push(Warning::new(
                "W103",
                format!(
                    "{} unit-periods are missing between a unit's first and last row, in {} units ({examples}); lags go by the calendar, not by the row",
                    shape.gaps,
                    units
                ),
                format!(
                    "{} 个个体（{examples}）在首末期之间共缺 {} 个观测期；滞后项按日历而非按行计算",
                    units,
                    shape.gaps
                ),
            ));
        }
        if !shape.balanced {
            let cells = self.count(0..self.units.len() as u32) * self.times.len();
            let rows = self.count(self.unit.iter().copied());
            let share = 100.0 * rows as f64 / cells as f64;
            warnings.push(Warning::new(
                "W104",
                format!("the panel is unbalanced: {rows} of {cells} unit-periods are there ({share:.1}%)"),
                format!("面板非平衡：{cells} 个个体-时期中有 {rows} 个（{share:.1}%）"),
            ));
        }
        if !shape.singletons.is_empty() {
            let examples = self.examples(&shape.singletons);
            let units = self.count(shape.singletons.iter().copied());
            warnings.push(Warning::new(
                "W109",
                format!("{units} units appear once ({examples}); with unit effects they tell nothing and are left out"),
                format!("{units} 个个体只出现一次（{examples}）；含个体效应时不提供信息，将被剔除"),
            ));
        }
    }

    /// No step of the calendar is missing between the first and the last period.
    fn has_every_period(&self) -> bool {
        let steps = (self.times[self.times.len() - 1] - self.times[0]) / self.step;
        steps.round() as usize + 1 == self.times.len()
    }

    /// The names of the first five of `units`.
    pub(crate) fn examples(&self, units: &[u32]) -> String {
        let shown: Vec<&str> = units.iter().take(5).map(|&u| self.units[u as usize].as_str()).collect();
        let more = if units.len() > 5 { ", .." } else { "" };
        format!("{}{more}", shown.join(", "))
    }
}

/// Codes of a column in order of appearance, and the first row of each.
fn in_order_of_appearance(column: &Column) -> (Vec<u32>, Vec<u32>) {
    let (mut codes, levels) = codes::codes_of(column);
    if matches!(column.values, Values::Text { .. }) {
        let (mut new, mut next) = (vec![MISSING; levels], 0);
        for code in &mut codes {
            let slot = &mut new[*code as usize];
            if *slot == MISSING {
                *slot = next;
                next += 1;
            }
            *code = *slot;
        }
    }
    let first = codes::first_rows(&codes);
    (codes, first)
}

/// The position of each value among the distinct ones, and these, ascending. No value may be missing.
fn in_ascending_order(values: Cow<'_, [f64]>) -> (Vec<u32>, Vec<f64>) {
    let (mut codes, _) = codes::codes_of_numbers(&values);
    let times: Vec<f64> = codes::first_rows(&codes).iter().map(|&row| values[row as usize] + 0.0).collect();
    if times.is_sorted() {
        return (codes, times);
    }
    let mut ascending = times.clone();
    ascending.sort_by(f64::total_cmp);
    let position: Vec<u32> = times.iter().map(|t| ascending.partition_point(|s| s < t) as u32).collect();
    for code in &mut codes {
        *code = position[*code as usize];
    }
    (codes, ascending)
}

/// The distance between periods: the largest of which all differences are multiples, if that is a
/// whole number or a twelfth; otherwise the smallest difference.
fn step_of(times: &[f64]) -> f64 {
    let differences: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let smallest = differences.iter().copied().fold(f64::INFINITY, f64::min);
    let near = |x: f64| (x - x.round()).abs() < 1e-6;
    // In units of a twelfth, years, quarters and months are whole numbers.
    let scale = if differences.iter().all(|&d| near(d)) { 1.0 } else { 12.0 };
    if differences.iter().all(|&d| near(d * scale) && d * scale < 1e15) {
        let common = differences.iter().fold(0u64, |common, &d| greatest_divisor(common, (d * scale).round() as u64));
        return common.max(1) as f64 / scale;
    }
    smallest
}

fn greatest_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_divisor(b, a % b) }
}

/// `E102`: `count` rows without a unit or time, of which the first are `rows`, from 0.
pub(crate) fn refuse_missing(name: &str, count: usize, rows: &[usize]) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let rows: Vec<String> = rows.iter().take(5).map(|r| (r + 1).to_string()).collect();
    Err(Problem::new("E102", format!("column \"{name}\" is empty in {count} rows (rows {})", rows.join(", ")))
        .fix(format!("fill it in, or leave these rows out: where = \"not is_missing({name})\"")))
}

/// `E108`: a time column with one period.
pub(crate) fn one_period(name: &str, time: f64) -> Problem {
    Problem::new("E108", format!("column \"{name}\" holds a single period, {time}"))
        .fix("name the column that tells the periods; with one period there is no panel")
}

/// `E101`: `count` rows of a unit and period that has one already, of which the first are `shown`.
pub(crate) fn duplicated(unit: &str, time: &str, count: usize, shown: &[String]) -> Problem {
    let rows = if count == 1 { "1 row repeats".to_owned() } else { format!("{count} rows repeat") };
    let more = if count > 5 { ", .." } else { "" };
    Problem::new("E101", format!("{rows} a combination of {unit} and {time}: {}{more}", shown.join("; ")))
        .fix("keep one row per unit and period in the file, name a finer unit, or say in a study file which row counts: duplicates = \"first\", \"last\" or \"mean\" under [[data]]")
}

/// `E110` for ids that floats cannot hold, `W111` and `W112` for ids that look like one another.
pub(crate) fn check_ids(column: &Column, warnings: &mut Vec<Warning>) -> Result<()> {
    match &column.values {
        Values::Number(values) => {
            if values.iter().fold(0.0, |largest: f64, x| largest.max(x.abs())) < EXACT {
                return Ok(());
            }
            let beyond: Vec<String> =
                values.iter().filter(|x| x.abs() >= EXACT).take(5).map(ToString::to_string).collect();
            Err(Problem::new(
                "E110",
                format!(
                    "ids of column \"{}\" are too large to be exact as numbers ({}); different units would be merged",
                    column.name,
                    beyond.join(", ")
                ),
            )
            .fix(format!("read \"{}\" as text", column.name)))
        }
        Values::Text { codes, levels } => {
            let mut used = vec![false; levels.len()];
            for &c in codes {
                used[c as usize] = true;
            }
            let present = || levels.iter().zip(&used).filter(|(_, used)| **used).map(|(level, _)| level.as_str());
            let zeros = alike(present(), |id| {
                let digits = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| id.trim_start_matches('0').to_owned())
            });
            if !zeros.is_empty() {
                warnings.push(Warning::new(
                    "W111",
                    format!(
                        "units of column \"{}\" differ by leading zeros only: {}; they count as different units",
                        column.name,
                        zeros.join("; ")
                    ),
                    format!("{} 列的个体仅前导零不同：{}；现按不同个体处理", column.name, zeros.join("；")),
                ));
            }
            let same = alike(present(), |id| Some(simplified(id)));
            if !same.is_empty() {
                warnings.push(Warning::new(
                    "W112",
                    format!(
                        "units of column \"{}\" differ by spaces, width, case or an administrative suffix only: {}; they count as different units",
                        column.name,
                        same.join("; ")
                    ),
                    format!("{} 列的个体仅空格、全半角、大小写或行政后缀不同：{}；现按不同个体处理", column.name, same.join("；")),
                ));
            }
            Ok(())
        }
    }
}

/// Up to five groups of different ids with one key, each as `"a", "b"`, in order of appearance.
fn alike<'a>(ids: impl Iterator<Item = &'a str>, key: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut by_key: HashMap<String, usize> = HashMap::new();
    for id in ids {
        let Some(key) = key(id) else { continue };
        let group = *by_key.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(id);
    }
    let several = groups.iter().filter(|group| group.len() > 1).take(5);
    several.map(|group| group.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ")).collect()
}

/// An id without what people write differently: spaces, full width, case, and a final 市, 省, 县 or 区.
fn simplified(id: &str) -> String {
    let plain: String = id
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{feff}')
        .map(half_width)
        .flat_map(char::to_lowercase)
        .collect();
    let stem = plain.strip_suffix(['市', '省', '县', '区']).filter(|stem| stem.chars().count() >= 2);
    stem.map_or(plain.clone(), str::to_owned)
}
