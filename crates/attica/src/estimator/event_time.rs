//! Time since adoption, and the indicators that an event-study regression has of it.

use std::collections::BTreeMap;

use crate::ledger::Reason;
use crate::message::{Problem, Warning};
use crate::panel::{Adoption, Panel};

use super::event::Effect;
use super::within::NO_LEVEL;

/// Where a row stands relative to its unit's adoption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relative {
    /// The unit does not adopt.
    Never,
    /// Periods since adoption; 0 in the first treated period.
    At(i32),
    /// Always treated, or treated and later not: there is no date to count from.
    Undated,
}

/// Time since adoption in the rows `sample` of the panel; `adoption` has one entry per unit.
pub fn relative(panel: &Panel, adoption: &[Adoption], sample: &[u32]) -> Vec<Relative> {
    let dates: Vec<f64> = panel.cohorts(adoption).into_iter().map(|(date, _)| date).collect();
    // A date between two periods counts from the next one.
    let since = |date: f64| panel.times.iter().map(move |&time| panel.periods_since(date, time).floor() as i32);
    let table: Vec<i32> = dates.iter().flat_map(|&date| since(date)).collect();
    let of_unit: Vec<Result<usize, Relative>> = adoption
        .iter()
        .map(|adoption| match adoption {
            Adoption::Never => Err(Relative::Never),
            Adoption::At(date) => Ok(dates.partition_point(|known| known < date) * panel.times.len()),
            Adoption::Always | Adoption::Switches => Err(Relative::Undated),
        })
        .collect();
    let of = |&row: &u32| match of_unit[panel.unit[row as usize] as usize] {
        Ok(cohort) => Relative::At(table[cohort + panel.time[row as usize] as usize]),
        Err(relative) => relative,
    };
    sample.iter().map(of).collect()
}

/// Which event times have a coefficient of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// First and last event time; what lies beyond falls into the end bins. All there are when none.
    pub bounds: Option<[i64; 2]>,
    /// Event times that the others are compared with.
    pub reference: Vec<i64>,
    /// Leaves rows beyond the bounds out instead of binning them.
    pub trim: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self { bounds: None, reference: vec![-1], trim: false }
    }
}

/// The indicators of an event study.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicators {
    /// Rows that stay, as positions in what was given.
    pub keep: Vec<u32>,
    /// Rows that leave, by reason.
    pub dropped: Vec<(Reason, usize)>,
    /// Event times with a coefficient of their own (estimate still 0), ascending.
    pub effects: Vec<Effect>,
    /// Which of them each of the rows that stay has, or [`NO_LEVEL`].
    pub level: Vec<u32>,
    /// Event times without a column.
    pub references: Vec<Effect>,
    /// Periods before adoption that the rows have.
    pub pre_available: usize,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// Indicators of the event times in `rows`, each of which stands for as many as `copies` says, under `window`.
///
/// # Errors
/// `E607` for a window or reference that the data cannot have; `E205` when nobody adopts within the
/// rows, or all adopt at once.
pub fn indicators(rows: &[Relative], copies: Option<&[f64]>, window: &Window) -> crate::message::Result<Indicators> {
    let Window { bounds, reference, trim } = window;
    if let Some([low, high]) = bounds.filter(|[low, high]| low >= high) {
        return Err(impossible(format!("the event window [{low}, {high}] ends before it begins")));
    }
    let inside = |k: i64| bounds.is_none_or(|[low, high]| (low..=high).contains(&k));
    if let Some(k) = reference.iter().find(|k| !inside(**k)) {
        let [low, high] = bounds.unwrap_or_default();
        return Err(impossible(format!("the reference {k} lies outside the event window [{low}, {high}]")));
    }

    let count = |row: usize| copies.map_or(1, |copies| copies[row] as usize);
    let undated: usize = (0..rows.len()).filter(|&row| rows[row] == Relative::Undated).map(count).sum();
    let stays = |row: &Relative| match row {
        Relative::Undated => false,
        Relative::At(k) => !trim || inside(i64::from(*k)),
        Relative::Never => true,
    };
    let keep: Vec<u32> = (0..rows.len() as u32).filter(|&row| stays(&rows[row as usize])).collect();
    let mut dropped = Vec::new();
    let mut warnings = Vec::new();
    if undated > 0 {
        dropped.push((Reason::excluded("units without one date of adoption", "没有唯一实施时点的个体"), undated));
        warnings.push(Warning::new(
            "W202",
            format!("{undated} rows of units that are always treated or whose treatment ends have no event time and are left out; estimator \"dcdh\" counts from the first change of treatment"),
            format!("{undated} 行来自始终处理或处理中断的单位，没有相对时间，未进入估计；估计量“dcdh”以处理首次变化计时"),
        ));
    }
    let beyond = (0..rows.len()).map(count).sum::<usize>()
        - keep.iter().map(|&row| count(row as usize)).sum::<usize>()
        - undated;
    if beyond > 0 {
        dropped.push((Reason::excluded("beyond the event window", "事件窗口之外"), beyond));
    }

    let bin = |k: i64| bounds.map_or(k, |[low, high]| k.clamp(low, high));
    let mut seen: BTreeMap<i64, Effect> = BTreeMap::new();
    let (mut never, mut before) = (false, std::collections::BTreeSet::new());
    for &row in &keep {
        match rows[row as usize] {
            Relative::At(k) => {
                let k = i64::from(k);
                let event_time = bin(k);
                let effect =
                    seen.entry(event_time).or_insert(Effect { event_time, binned: false, estimate: 0.0, n: 0 });
                effect.n += count(row as usize);
                effect.binned |= event_time != k;
                if k < 0 {
                    before.insert(k);
                }
            }
            _ => never = true,
        }
    }
    if !seen.keys().any(|k| *k >= 0) {
        return Err(Problem::new("E205", "no row of the sample is treated: there is no event to study")
            .fix("check the treatment column, and the filters of this step"));
    }
    let found = || seen.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if let Some(k) = reference.iter().find(|k| !seen.contains_key(k)) {
        return Err(impossible(format!("no row has the reference event time {k}; the data have {}", found())));
    }

    let mut reference = reference.clone();
    if !never {
        match seen.keys().find(|k| !reference.contains(k)) {
            Some(&first) if reference.len() < 2 && seen.values().all(|effect| !effect.binned) => {
                reference.push(first);
                warnings.push(no_never_treated(&reference));
            }
            _ => warnings.push(no_never_treated(&reference)),
        }
    }
    reference.sort_unstable();
    reference.dedup();
    if seen.len() <= reference.len() {
        return Err(impossible(format!("no event time is left to estimate: the data have {}", found())));
    }

    let effects: Vec<Effect> =
        seen.values().filter(|effect| !reference.contains(&effect.event_time)).copied().collect();
    let first = seen.keys().next().copied().unwrap_or_default();
    let last = seen.keys().next_back().copied().unwrap_or_default();
    let mut place = vec![NO_LEVEL; (last - first) as usize + 1];
    effects.iter().zip(0..).for_each(|(effect, at)| place[(effect.event_time - first) as usize] = at);
    let level = |&row: &u32| match rows[row as usize] {
        Relative::At(k) => place[(bin(i64::from(k)) - first) as usize],
        _ => NO_LEVEL,
    };
    let level = keep.iter().map(level).collect();
    let references = reference.iter().map(|k| seen[k]).collect();
    Ok(Indicators { keep, dropped, effects, level, references, pre_available: before.len(), warnings })
}

impl Indicators {
    /// The 0/1 column of the effect at `place`.
    pub fn column(&self, place: usize) -> Vec<f64> {
        self.level.iter().map(|level| f64::from(u8::from(*level as usize == place))).collect()
    }
}

fn impossible(message: String) -> Problem {
    Problem::new("E607", message)
        .fix("set `window` and `reference` of the event study to event times that the data have")
}

/// Without never-treated units a line in event time is a sum of unit and period effects.
fn no_never_treated(reference: &[i64]) -> Warning {
    let list = reference.iter().map(ToString::to_string).collect::<Vec<_>>();
    Warning::new(
        "W204",
        format!(
            "no unit is never treated, so effects are identified only up to a linear trend; event times {} are set to zero",
            list.join(" and ")
        ),
        format!("没有从未处理的单位，动态效应只能识别到一个线性趋势；已将相对时间 {} 设为零", list.join("、")),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::frame::Column;
    use crate::panel::Labels;

    /// Units with these dates (none: never) over periods 0..periods, unit-major.
    fn rows(dates: &[Option<i32>], periods: i32) -> Vec<Relative> {
        dates
            .iter()
            .flat_map(|g| (0..periods).map(move |t| g.map_or(Relative::Never, |g| Relative::At(t - g))))
            .collect()
    }

    fn times(found: &Indicators) -> Vec<i64> {
        found.effects.iter().map(|effect| effect.event_time).collect()
    }

    #[test]
    fn every_event_time_but_the_reference_has_a_column() {
        let found = indicators(&rows(&[Some(2), Some(3), None], 5), None, &Window::default()).unwrap();
        assert_eq!(times(&found), [-3, -2, 0, 1, 2]);
        assert_eq!(found.references[0], Effect { event_time: -1, binned: false, estimate: 0.0, n: 2 });
        assert_eq!((found.pre_available, found.keep.len()), (3, 15));
        let column = found.column(0);
        assert_eq!((found.effects[0].n, column.iter().sum::<f64>(), column[5]), (1, 1.0, 1.0));
        assert!(found.warnings.is_empty());
    }

    #[test]
    fn end_bins_hold_what_lies_beyond() {
        let window = Window { bounds: Some([-2, 1]), ..Window::default() };
        let found = indicators(&rows(&[Some(2), Some(3), None], 5), None, &window).unwrap();
        assert_eq!(times(&found), [-2, 0, 1]);
        let ends: Vec<_> = found.effects.iter().map(|e| (e.binned, e.n)).collect();
        assert_eq!(ends, [(true, 3), (false, 2), (true, 3)]);
        let found = indicators(&rows(&[Some(2), Some(3), None], 5), None, &Window { trim: true, ..window }).unwrap();
        assert_eq!((found.keep.len(), found.dropped[0].1), (13, 2));
        assert!(found.effects.iter().all(|e| !e.binned));
    }

    #[test]
    fn without_never_treated_units_two_event_times_are_normalised() {
        let found = indicators(&rows(&[Some(2), Some(3)], 5), None, &Window::default()).unwrap();
        assert_eq!(times(&found), [-2, 0, 1, 2]);
        assert_eq!(found.references.iter().map(|e| e.event_time).collect::<Vec<_>>(), [-3, -1]);
        assert_eq!(found.warnings[0].id, "W204");
    }

    #[test]
    fn impossible_windows_are_refused() {
        let data = rows(&[Some(2), None], 5);
        let try_window = |bounds, reference: &[i64]| {
            let window = Window { bounds, reference: reference.to_vec(), trim: false };
            indicators(&data, None, &window).unwrap_err().id
        };
        assert_eq!(try_window(Some([1, -1]), &[0]), "E607");
        assert_eq!(try_window(Some([-2, 2]), &[-3]), "E607");
        assert_eq!(try_window(None, &[-7]), "E607");
        assert_eq!(try_window(None, &[-2, -1, 0, 1, 2]), "E607");
        assert_eq!(indicators(&rows(&[None, None], 3), None, &Window::default()).unwrap_err().id, "E205");
        assert_eq!(indicators(&rows(&[Some(9), None], 3), None, &Window::default()).unwrap_err().id, "E205");
    }

    #[test]
    fn rows_without_a_date_are_booked_out() {
        let mut data = rows(&[Some(2), None], 4);
        data.extend([Relative::Undated; 4]);
        let found = indicators(&data, None, &Window::default()).unwrap();
        assert_eq!((found.keep.len(), found.dropped[0].1, found.warnings[0].id.as_str()), (8, 4, "W202"));
    }

    #[test]
    fn time_since_adoption_counts_in_steps_of_the_panel() {
        let panel = Panel {
            unit_name: "u".into(),
            time_name: "t".into(),
            unit: vec![0, 0, 0, 1, 1, 1].into(),
            time: vec![0, 1, 2, 0, 1, 2].into(),
            units: Labels::new(Column::text("id", [Some("a"), Some("b")])),
            times: vec![2010.0, 2010.25, 2010.5],
            step: 0.25,
            row: (0..6).collect(),
            copies: None,
        };
        let all: Vec<u32> = (0..6).collect();
        let found = relative(&panel, &[Adoption::At(2010.5), Adoption::Always], &all);
        let undated = Relative::Undated;
        assert_eq!(found, [Relative::At(-2), Relative::At(-1), Relative::At(0), undated, undated, undated]);
        assert_eq!(
            relative(&panel, &[Adoption::At(2010.3), Adoption::Never], &all)[1..3],
            [Relative::At(-1), Relative::At(0)]
        );
    }
}
