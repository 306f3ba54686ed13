//! Variables that inference may want beside those of the model, in the rows that a regression has used.

use super::designs::Start;
use super::rows::Rows;
use super::table::Table;
use super::{Codes, build};
use crate::frame::{Column, Frame, MISSING, Values, codes};
use crate::message::Result;
use crate::panel::Panel;

/// Words in the names of columns that hold a level of assignment as numbers.
const LEVELS: [&str; 10] =
    ["prov", "state", "region", "district", "county", "country", "industry", "sector", "省", "地区"];

impl Codes {
    /// Codes of the cluster variable `name`, a column or a combination `a^b`, in the rows `sample` of `frame`.
    ///
    /// # Errors
    /// `E603` for an unknown column, `E406` when it is missing in a row.
    pub fn of(frame: &Frame, panel: Option<&Panel>, name: &str, sample: &[u32]) -> Result<Self> {
        let table = Table::new(frame, panel);
        let mut rows = Rows::new(&table, Start { rows: Some(sample.to_vec()), ..Start::all(&table) });
        let by = rows.cluster(name)?;
        Ok(build::coded(&by, name.to_owned(), sample))
    }
}

/// The column whose levels hold whole units, such as the province of a city: at least four levels, of two units or
/// more on average, no missing value. Of several the one with most levels. Text counts, and whole numbers whose name
/// says that they are a level (`province_code`); columns in `taken` have another role.
pub fn coarser(frame: &Frame, unit: &Codes, sample: &[u32], taken: &[&str]) -> Option<String> {
    let nested = |column: &Column| -> Option<usize> {
        let (all, levels) = codes::codes_of(column);
        let mut home = vec![MISSING; unit.levels];
        for (&row, &u) in sample.iter().zip(unit.codes.iter()) {
            let level = all[row as usize];
            let slot = &mut home[u as usize];
            if *slot == MISSING {
                *slot = level;
            }
            if level == MISSING || *slot != level {
                return None;
            }
        }
        let mut seen = vec![false; levels];
        for level in home {
            seen[level as usize] = true;
        }
        let levels = seen.iter().filter(|seen| **seen).count();
        (levels >= 4 && 2 * levels <= unit.levels).then_some(levels)
    };
    let mut best: Option<(usize, &str)> = None;
    for column in frame.columns() {
        let name = column.name.to_lowercase();
        let is_level = match column.values {
            Values::Text { .. } => true,
            Values::Number(_) => LEVELS.iter().any(|word| name.contains(word)),
        };
        if !is_level || column.name == unit.name || taken.contains(&column.name.as_str()) {
            continue;
        }
        if let Some(levels) = nested(column).filter(|levels| best.is_none_or(|(most, _)| *levels > most)) {
            best = Some((levels, &column.name));
        }
    }
    best.map(|(_, name)| name.to_owned())
}

/// The columns of latitude and longitude, by the names that such columns have.
pub fn coordinates(frame: &Frame) -> Option<[String; 2]> {
    let find = |names: &[&str]| {
        let is = |column: &&Column| {
            matches!(column.values, Values::Number(_)) && names.contains(&column.name.to_lowercase().as_str())
        };
        frame.columns().iter().find(is).map(|column| column.name.clone())
    };
    Some([find(&["latitude", "lat", "纬度"])?, find(&["longitude", "lon", "lng", "long", "经度"])?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_level_that_holds_whole_units_is_found() {
        let rows = 32;
        let unit: Vec<u32> = (0..rows).map(|row| row / 2).collect();
        let text =
            |name: &str, of: &dyn Fn(u32) -> u32| Column::text(name, unit.iter().map(|&u| Some(format!("v{}", of(u)))));
        let frame = Frame::new(vec![
            text("name", &|u| u),
            text("half", &|u| u % 2),
            text("region", &|u| u / 4),
            text("province", &|u| u / 3),
            Column::number("cohort", unit.iter().map(|&u| f64::from(u / 2)).collect()),
            Column::text("place", (0..rows).map(|row| Some(format!("{}", row % 5)))),
        ])
        .unwrap();
        let unit = Codes { name: "unit".into(), codes: unit.into(), levels: 16 };
        let sample: Vec<u32> = (0..rows).collect();
        assert_eq!(coarser(&frame, &unit, &sample, &[]).as_deref(), Some("province"));
        assert_eq!(coarser(&frame, &unit, &sample, &["province"]).as_deref(), Some("region"));
        let found = Codes::of(&frame, None, "region", &sample[4..]).unwrap();
        assert_eq!((found.levels, found.codes.len(), found.codes[0]), (4, 28, 0));
        assert_eq!(Codes::of(&frame, None, "regoin", &sample).unwrap_err().id, "E603");
    }
}
