//! Periods: numbers, or texts in the forms in which years, dates, quarters and months are written.

use std::borrow::Cow;

use crate::frame::{Column, MISSING, Values};
use crate::message::{Problem, Result, Warning};

/// Numbers read from a time column, one per row (NaN is missing), and what was noticed.
///
/// Texts are read when all of them have one form: `2010`, `2010年`, `FY2010`; a date `2011-10-20`, which
/// counts as its year (`N106`); `2010Q1`, `2010年第1季度`, counted in quarters (2010.00, 2010.25, ..);
/// `2010-03`, `2010年3月`, counted in twelfths.
///
/// # Errors
/// `E105` with samples when texts have no form that can be ordered.
pub fn read_times(column: &Column) -> Result<(Cow<'_, [f64]>, Vec<Warning>)> {
    let (codes, levels) = match &column.values {
        Values::Number(values) => return from_numbers(&column.name, values),
        Values::Text { codes, levels } => (codes, levels),
    };
    let mut used = vec![false; levels.len()];
    codes.iter().filter(|&&c| c != MISSING).for_each(|&c| used[c as usize] = true);
    let read: Vec<Option<(Form, f64)>> = levels.iter().map(|text| read_time(text)).collect();
    let shown = |wanted: &dyn Fn(usize) -> bool| {
        let some: Vec<String> =
            (0..levels.len()).filter(|&i| used[i] && wanted(i)).take(5).map(|i| format!("\"{}\"", levels[i])).collect();
        some.join(", ")
    };
    let unread = shown(&|i| read[i].is_none());
    if !unread.is_empty() {
        return Err(Problem::new("E105", format!("times of column \"{}\" cannot be put in order: {unread}", column.name))
            .fix("make a column of numbers (2010), years (2010年), dates (2010-01-31), quarters (2010Q1) or months (2010-01)"));
    }
    let mut forms: Vec<Form> = (0..levels.len()).filter(|&i| used[i]).filter_map(|i| read[i].map(|r| r.0)).collect();
    forms.sort_unstable();
    forms.dedup();
    if forms.len() > 1 {
        let samples: Vec<String> = forms.iter().map(|form| shown(&|i| read[i].is_some_and(|r| r.0 == *form))).collect();
        return Err(Problem::new(
            "E105",
            format!("times of column \"{}\" are of several kinds: {}", column.name, samples.join(" and ")),
        )
        .fix("write all of them in one form"));
    }
    let mut warnings = Vec::new();
    if forms == [Form::Date] {
        let example = shown(&|_| true);
        warnings.push(Warning::new(
            "N106",
            format!("dates of column \"{}\" ({example}) count as their years", column.name),
            format!("{} 列的日期（{example}）按年份处理", column.name),
        ));
    }
    let value = |&c: &u32| if c == MISSING { f64::NAN } else { read[c as usize].map_or(f64::NAN, |r| r.1) };
    Ok((codes.iter().map(value).collect(), warnings))
}

/// Numbers are periods as they are, except whole dates like 20111020, which count as their year.
fn from_numbers<'a>(name: &str, values: &'a [f64]) -> Result<(Cow<'a, [f64]>, Vec<Warning>)> {
    if let Some(row) = values.iter().position(|x| x.is_infinite()) {
        return Err(Problem::new("E105", format!("column \"{name}\" has an infinite time in row {}", row + 1)));
    }
    let mut present = values.iter().copied().filter(|x| !x.is_nan()).peekable();
    if present.peek().is_none() || !present.all(is_date) {
        return Ok((Cow::Borrowed(values), Vec::new()));
    }
    let warning = Warning::new(
        "N106",
        format!("dates of column \"{name}\" (numbers like 20111020) count as their years"),
        format!("{name} 列的日期（形如 20111020）按年份处理"),
    );
    Ok((values.iter().map(|x| (x / 1e4).floor()).collect(), vec![warning]))
}

/// A number that is a whole date, like 20111020.
pub(super) fn is_date(x: f64) -> bool {
    (18_000_101.0..=22_001_231.0).contains(&x) && x.fract() == 0.0 && {
        let (month, day) = ((x as u64 / 100) % 100, x as u64 % 100);
        (1..=12).contains(&month) && (1..=31).contains(&day)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Year,
    Date,
    Quarter,
    Month,
}

/// The form and number of one text.
fn read_time(text: &str) -> Option<(Form, f64)> {
    let plain: String = text.trim().chars().map(half_width).collect();
    let lower = plain.to_lowercase();
    if let Ok(number) = lower.parse::<f64>() {
        return number.is_finite().then_some((Form::Year, number));
    }
    let numbers: Vec<&str> = lower.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let signs: String = lower.chars().filter(|c| !c.is_ascii_digit() && !c.is_whitespace()).collect();
    let year = |i: usize| numbers.get(i).filter(|n| n.len() == 4).and_then(|n| n.parse::<f64>().ok());
    let part = |i: usize, most: f64| {
        let n = numbers.get(i).filter(|n| n.len() <= 2).and_then(|n| n.parse::<f64>().ok());
        n.filter(|n| (1.0..=most).contains(n))
    };
    let with_time = lower.contains(':') || signs.contains('t');
    match (signs.as_str(), numbers.len()) {
        ("年" | "年度" | "fy" | "y" | "year", 1) => Some((Form::Year, year(0)?)),
        ("q" | "-q" | "年q" | "年第季度" | "年季度", 2) => match (year(0), part(1, 4.0)) {
            (Some(year), Some(quarter)) => Some((Form::Quarter, year + (quarter - 1.0) / 4.0)),
            // Q1 2010
            _ => Some((Form::Quarter, year(1)? + (part(0, 4.0)? - 1.0) / 4.0)),
        },
        ("m" | "-m" | "-" | "/" | "." | "年月", 2) => Some((Form::Month, year(0)? + (part(1, 12.0)? - 1.0) / 12.0)),
        ("--" | "//" | ".." | "年月日", 3) => {
            let (year, month, day) = match year(0) {
                Some(year) => (year, part(1, 12.0), part(2, 31.0)),
                // 20/10/2011 or 10/20/2011: the year is the same.
                None => (year(2)?, part(0, 31.0), part(1, 31.0)),
            };
            (month.is_some() && day.is_some()).then_some((Form::Date, year))
        }
        (_, 5..) if with_time => {
            part(1, 12.0)?;
            part(2, 31.0)?;
            Some((Form::Date, year(0)?))
        }
        _ => None,
    }
}

/// A full-width letter, digit or sign as the plain one.
pub(super) fn half_width(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn times(cells: &[&str]) -> std::result::Result<(Vec<f64>, Vec<String>), String> {
        let column = Column::text("t", cells.iter().map(|c| Some(*c)));
        let (values, warnings) = read_times(&column).map_err(|p| p.id)?;
        Ok((values.into_owned(), warnings.into_iter().map(|w| w.id).collect()))
    }

    #[test]
    fn known_forms() {
        for (cells, numbers, noted) in [
            (["2010", " 2011 "], [2010.0, 2011.0], false),
            (["2010年", "２０１１年"], [2010.0, 2011.0], false),
            (["2010年度", "FY2011"], [2010.0, 2011.0], false),
            (["2011-10-20", "2012/1/3"], [2011.0, 2012.0], true),
            (["2011年10月20日", "20.10.2012"], [2011.0, 2012.0], true),
            (["2011-10-20 00:00:00", "2012-01-03T12:00:00"], [2011.0, 2012.0], true),
            (["2010Q1", "2010q4"], [2010.0, 2010.75], false),
            (["Q1 2010", "2010年第3季度"], [2010.0, 2010.5], false),
            (["2010-01", "2010年7月"], [2010.0, 2010.5], false),
        ] {
            let (values, ids) = times(&cells).unwrap();
            assert_eq!(values, numbers, "{cells:?}");
            assert_eq!(ids, if noted { vec!["N106"] } else { vec![] }, "{cells:?}");
        }
    }

    #[test]
    fn others_are_refused_with_samples() {
        for cells in [["2010/2011", "2011/2012"], ["before", "after"], ["2010", "2010Q1"], ["2010-13", "2010-14"]] {
            assert_eq!(times(&cells).unwrap_err(), "E105", "{cells:?}");
        }
    }

    #[test]
    fn numbers_that_are_dates() {
        let dates = Column::number("t", vec![20111020.0, f64::NAN, 20120103.0]);
        let (values, warnings) = read_times(&dates).unwrap();
        assert_eq!((values[0], values[2], warnings.len()), (2011.0, 2012.0, 1));
        assert!(values[1].is_nan());
        let numbers = Column::number("t", vec![2011.0, 2012.5]);
        let (values, warnings) = read_times(&numbers).unwrap();
        assert_eq!((&*values, warnings.len()), (&[2011.0, 2012.5][..], 0));
    }
}
