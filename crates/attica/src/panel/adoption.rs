//! When each unit adopts the policy: read from a 0/1 path, from a column of first treated periods, or
//! from a marked group and a date.

use std::borrow::Cow;

use super::time::is_date;
use super::{Adoption, Panel, read_times};
use crate::frame::codes::distinct;
use crate::frame::{Column, Values};
use crate::message::{Problem, Result, Warning};

impl Panel {
    /// Adoption of each unit from a treatment that is 0 or 1 in each row, `treatment`, named `name` in
    /// messages. Rows in which it is missing (NaN) are passed over. A treatment between 0 and 1 counts as
    /// adopted where it is positive (`W212`).
    ///
    /// # Errors
    /// `E201` values that are no treatment; `E205` when nothing can be compared; `E206` when the treatment never
    /// changes within a unit.
    pub fn adoption_from_path(&self, name: &str, treatment: &[f64]) -> Result<(Vec<Adoption>, Vec<Warning>)> {
        let mut warnings = Vec::new();
        check_zero_one(name, treatment, &mut warnings)?;
        let adoption = self.adoption_where_positive(treatment);
        // Shares may vary within units that are treated throughout.
        if warnings.is_empty() {
            let middle = self.times[self.times.len() / 2];
            let fix = format!(
                "did you mean \"{name}\" x ({} >= {middle})? If it marks the treated group, write treated = \"{name}\" and from = {middle}, the first treated period",
                self.time_name
            );
            self.refuse_constant(name, &adoption, fix)?;
        }
        warnings.extend(self.examine(name, &adoption)?);
        Ok((adoption, warnings))
    }

    /// Adoption of each unit in the first period in which `dose`, one value per row, is positive. Rows in which it is
    /// missing (NaN) are passed over.
    pub fn adoption_where_positive(&self, dose: &[f64]) -> Vec<Adoption> {
        let of = |unit: u32| {
            let path = (0..self.times.len()).filter_map(|t| self.row(unit, t).map(|row| (t, dose[row])));
            let path: Vec<(usize, f64)> = path.filter(|(_, d)| !d.is_nan()).collect();
            let Some(first) = path.iter().position(|(_, d)| *d > 0.0) else { return Adoption::Never };
            if path[first..].iter().any(|(_, d)| *d <= 0.0) {
                Adoption::Switches
            } else if first == 0 {
                Adoption::Always
            } else {
                Adoption::At(self.times[path[first].0])
            }
        };
        (0..self.units.len() as u32).map(of).collect()
    }

    /// Adoption of each unit from a column with its first treated period, in the form of the time column.
    /// Empty means never, and so do the values in `never`. An infinity, a zero or negative number among
    /// calendar years, and a period a century after the panel can mean nothing else: they are read as never
    /// and reported (`W209`). A unit whose first treated period is the panel's first is always treated.
    ///
    /// # Errors
    /// `E201` a column that is no period or varies within units (a unit's period stands in all its rows or in none);
    /// `E209` other periods outside the panel; `E205` when nothing can be compared; `E206` when all treated units are
    /// treated throughout.
    pub fn adoption_from_first(&self, column: &Column, never: &[f64]) -> Result<(Vec<Adoption>, Vec<Warning>)> {
        let name = &column.name;
        let (values, mut warnings) = first_periods(column, never)?;
        let by_unit = self.constant_within_units(name, &values)?;
        let (first, last) = (self.times[0], self.times[self.times.len() - 1]);
        let (mut assumed, mut outside): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let (mut n_assumed, mut n_outside) = (0, 0);
        let adoption: Vec<Adoption> = by_unit
            .iter()
            .zip(0..)
            .map(|(&g, unit)| {
                let no_date = g.is_infinite() || (g <= 0.0 && first > 100.0) || g > last + 100.0 * self.step;
                if g.is_nan() || never.contains(&g) {
                    Adoption::Never
                } else if no_date {
                    assumed.push(g);
                    n_assumed += self.count([unit]);
                    Adoption::Never
                } else if g < first || g > last {
                    outside.push(g);
                    n_outside += self.count([unit]);
                    Adoption::Never
                } else if g == first {
                    Adoption::Always
                } else {
                    Adoption::At(g)
                }
            })
            .collect();
        if !outside.is_empty() {
            let before: Vec<f64> = outside.iter().copied().filter(|&g| g < first).collect();
            let fix = if before.is_empty() {
                format!(
                    "units that adopt after {last} are untreated in the whole panel: never = [{}] says so",
                    shown(&outside).join(", ")
                )
            } else {
                format!(
                    "units treated before {first} have no untreated period: give them {first} (always treated) or leave them out; where the value means never treated, never = [{}] says so",
                    shown(&before).join(", ")
                )
            };
            let message = format!(
                "{n_outside} units have a first treated period in \"{name}\" outside the panel ({first} to {last}): {}",
                listed(&outside)
            );
            return Err(Problem::new("E209", message).fix(fix));
        }
        if !assumed.is_empty() {
            let (count, shown) = (n_assumed, listed(&assumed));
            warnings.push(Warning::new(
                "W209",
                format!(
                    "{count} units have {shown} in \"{name}\", which is no period here; they are read as never treated"
                ),
                format!("{count} 个个体的 {name} 为 {shown}，并非有效时期；按从未处理读取"),
            ));
        }
        self.refuse_constant(name, &adoption, format!("begin the panel before {first}"))?;
        warnings.extend(self.examine(name, &adoption)?);
        Ok((adoption, warnings))
    }

    /// Adoption at the period `from` of the units in which `marked`, named `name`, is 1.
    ///
    /// # Errors
    /// `E201` a mark that is not 0/1 or varies within units; `E209` a date outside the panel; `E205` when
    /// nothing can be compared; `E206` a date that is the panel's first.
    pub fn adoption_from_group(&self, name: &str, marked: &[f64], from: f64) -> Result<(Vec<Adoption>, Vec<Warning>)> {
        let other: Vec<f64> = marked.iter().copied().filter(|&d| !d.is_nan() && d != 0.0 && d != 1.0).collect();
        if !other.is_empty() {
            return Err(Problem::new(
                "E201",
                format!("\"{name}\" is not 0/1: {} rows hold other values ({})", other.len(), listed(&other)),
            )
            .fix("mark the units of the treated group with 1, all others with 0"));
        }
        let by_unit = self.constant_within_units(name, marked)?;
        let (first, last) = (self.times[0], self.times[self.times.len() - 1]);
        if !(first..=last).contains(&from) {
            return Err(Problem::new(
                "E209",
                format!("treatment starts in {from}, outside the panel ({first} to {last})"),
            )
            .fix("write from as a period of the time column"));
        }
        let of = |&d: &f64| match d {
            1.0 if from == first => Adoption::Always,
            1.0 => Adoption::At(from),
            _ => Adoption::Never,
        };
        let adoption: Vec<Adoption> = by_unit.iter().map(of).collect();
        self.refuse_constant(name, &adoption, format!("begin the panel before {first}, or correct from"))?;
        let mut warnings = Vec::new();
        let unmarked: Vec<u32> = (0..by_unit.len() as u32).filter(|&u| by_unit[u as usize].is_nan()).collect();
        if !unmarked.is_empty() {
            let (count, shown) = (unmarked.len(), self.examples(&unmarked));
            warnings.push(Warning::new(
                "W209",
                format!("{count} units ({shown}) have no value in \"{name}\"; they are read as never treated"),
                format!("{count} 个个体（{shown}）的 {name} 为空；按从未处理读取"),
            ));
        }
        warnings.extend(self.examine(name, &adoption)?);
        Ok((adoption, warnings))
    }

    /// 1 in the rows from each unit's adoption on, else 0. Units that switch have no such path: NaN.
    pub fn treated(&self, adoption: &[Adoption]) -> Vec<f64> {
        let of = |(&unit, &time): (&u32, &u32)| match adoption[unit as usize] {
            Adoption::Never => 0.0,
            Adoption::Always => 1.0,
            Adoption::At(g) => f64::from(u8::from(self.times[time as usize] >= g)),
            Adoption::Switches => f64::NAN,
        };
        self.unit.iter().zip(self.time.iter()).map(of).collect()
    }

    /// Periods since adoption in each row, in steps of the panel: 0 in the first treated period, -1 in the
    /// last one before. NaN for units without a date.
    pub fn event_time(&self, adoption: &[Adoption]) -> Vec<f64> {
        let of = |(&unit, &time): (&u32, &u32)| match adoption[unit as usize] {
            Adoption::At(g) => self.periods_since(g, self.times[time as usize]),
            _ => f64::NAN,
        };
        self.unit.iter().zip(self.time.iter()).map(of).collect()
    }

    /// Steps of the panel from `date` to `time`, rounded to 1e-9 of one, so that quarters and months come out whole.
    pub fn periods_since(&self, date: f64, time: f64) -> f64 {
        ((time - date) / self.step * 1e9).round() / 1e9
    }

    /// `W211` where the 0/1 column `path` contradicts `adoption`, which was read from `label`.
    pub fn contradictions(&self, adoption: &[Adoption], label: &str, path: &str, given: &[f64]) -> Option<Warning> {
        let expected = self.treated(adoption);
        let differ = |row: &usize| !given[*row].is_nan() && !expected[*row].is_nan() && given[*row] != expected[*row];
        let rows: Vec<usize> = (0..given.len()).filter(differ).collect();
        let place = |&row: &usize| {
            format!("{} in {}", self.units[self.unit[row] as usize], self.times[self.time[row] as usize])
        };
        let shown: Vec<String> = rows.iter().take(5).map(place).collect();
        (!rows.is_empty()).then(|| {
            Warning::new(
                "W211",
                format!(
                    "\"{path}\" contradicts \"{label}\" in {} rows ({}); \"{label}\" is used",
                    rows.len(),
                    shown.join("; ")
                ),
                format!("{path} 与 {label} 在 {} 行不一致（{}）；以 {label} 为准", rows.len(), shown.join("；")),
            )
        })
    }

    /// The one value of each unit; NaN where it has none in all its rows.
    fn constant_within_units(&self, name: &str, values: &[f64]) -> Result<Vec<f64>> {
        let mut by_unit: Vec<Option<f64>> = vec![None; self.units.len()];
        let mut varying: Vec<u32> = Vec::new();
        for (&unit, &value) in self.unit.iter().zip(values) {
            let seen = *by_unit[unit as usize].get_or_insert(value);
            if seen != value && !(seen.is_nan() && value.is_nan()) {
                varying.push(unit);
            }
        }
        varying.sort_unstable();
        varying.dedup();
        if varying.is_empty() {
            return Ok(by_unit.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect());
        }
        Err(varies_within(name, varying.len(), &self.examples(&varying)))
    }

    /// Adoption dates, ascending, and the number of units that adopt then.
    pub fn cohorts(&self, adoption: &[Adoption]) -> Vec<(f64, usize)> {
        let of = |a: &Adoption| if let Adoption::At(g) = a { Some(*g) } else { None };
        let dates = distinct(adoption.iter().filter_map(of));
        let mut units = vec![0; dates.len()];
        for (unit, g) in (0..).zip(adoption).filter_map(|(unit, adoption)| Some((unit, of(adoption)?))) {
            units[dates.partition_point(|date| *date < g)] += self.count([unit]);
        }
        dates.into_iter().zip(units).collect()
    }
}

/// `E201`: a column that must be the same in all rows of a unit, and is not in `units` units.
pub(crate) fn varies_within(name: &str, units: usize, examples: &str) -> Problem {
    Problem::new("E201", format!("column \"{name}\" varies within {units} units ({examples})"))
        .fix("it must be the same in all rows of a unit, or empty in all; a 0/1 column that varies over time goes under path")
}

/// The distinct values, ascending.
fn shown(values: &[f64]) -> Vec<String> {
    distinct(values.iter().copied()).iter().map(ToString::to_string).collect()
}

/// The first five distinct values, ascending.
pub(super) fn listed(values: &[f64]) -> String {
    let values = shown(values);
    let more = if values.len() > 5 { ", .." } else { "" };
    format!("{}{more}", values[..values.len().min(5)].join(", "))
}

fn check_zero_one(name: &str, treatment: &[f64], warnings: &mut Vec<Warning>) -> Result<()> {
    let other: Vec<f64> = treatment.iter().copied().filter(|&d| !d.is_nan() && d != 0.0 && d != 1.0).collect();
    if other.is_empty() {
        return Ok(());
    }
    let (rows, shown) = (other.len(), listed(&other));
    if other.iter().any(|d| !(0.0..=1.0).contains(d)) {
        return Err(Problem::new("E201", format!("\"{name}\" is not 0/1: {rows} rows hold other values ({shown})"))
            .fix("a first treated period goes under first_treated, an intensity under continuous"));
    }
    warnings.push(Warning::new(
        "W212",
        format!("\"{name}\" lies between 0 and 1 in {rows} rows ({shown}): a share treated, an intensity (then it goes under continuous), or a year treated in part? Positive counts as adopted"),
        format!("{name} 在 {rows} 行中介于 0 与 1 之间（{shown}）：处理比例、处理强度（应声明为 continuous），还是当年部分时间受处理？现以大于零为已处理"),
    ));
    Ok(())
}

/// The periods in a column of first treated ones, NaN where it is empty. Numbers that may mean never have no say in
/// whether the others are dates.
fn first_periods<'a>(column: &'a Column, never: &[f64]) -> Result<(Cow<'a, [f64]>, Vec<Warning>)> {
    let refused = |problem: Problem| {
        Problem::new("E201", format!("\"{}\" is no first treated period: {}", column.name, problem.message))
            .fix("give each unit's first treated period as in the time column, empty for never")
    };
    let Values::Number(values) = &column.values else {
        return read_times(column).map_err(refused);
    };
    // Without dates written as 20111020 the numbers are the periods.
    if values.iter().all(|g| !is_date(*g)) {
        return Ok((values.as_slice().into(), Vec::new()));
    }
    let no_date = |g: f64| g.is_infinite() || g == 0.0 || never.contains(&g);
    let dates = values.iter().map(|&g| if no_date(g) { f64::NAN } else { g }).collect();
    let dates = Column::number(&column.name, dates);
    let (periods, warnings) = read_times(&dates)?;
    let mut periods = periods.into_owned();
    for (period, &g) in periods.iter_mut().zip(values.iter()).filter(|(_, g)| no_date(**g)) {
        *period = g;
    }
    Ok((periods.into(), warnings))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::frame::{Frame, MISSING};

    const NAN: f64 = f64::NAN;

    /// `units` units over 2009..=2012, in order of unit and year.
    fn panel(units: usize) -> Panel {
        let rows = 0..units * 4;
        let frame = Frame::new(vec![
            Column::number("id", rows.clone().map(|r| (r / 4) as f64).collect()),
            Column::number("year", rows.map(|r| 2009.0 + (r % 4) as f64).collect()),
        ])
        .unwrap();
        Panel::new(&frame, "id", "year").unwrap().0
    }

    fn ids(warnings: &[Warning]) -> Vec<&str> {
        warnings.iter().map(|w| w.id.as_str()).collect()
    }

    fn per_unit(values: &[f64]) -> Vec<f64> {
        values.iter().flat_map(|&v| [v; 4]).collect()
    }

    #[test]
    fn paths() {
        let p = panel(5);
        let path = [
            [0.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 1.0],
            [0.0, 1.0, 0.0, 1.0],
            [0.0, NAN, 1.0, 1.0],
        ]
        .concat();
        let (adoption, warnings) = p.adoption_from_path("d", &path).unwrap();
        let at = Adoption::At;
        assert_eq!(adoption, [Adoption::Never, at(2010.0), Adoption::Always, Adoption::Switches, at(2011.0)]);
        assert_eq!(ids(&warnings), ["W202", "W203", "W207", "W207", "W210"]);
        assert_eq!(p.treated(&adoption)[4..8], [0.0, 1.0, 1.0, 1.0]);
        assert_eq!(p.event_time(&adoption)[4..8], [-1.0, 0.0, 1.0, 2.0]);
        assert!(p.event_time(&adoption)[..4].iter().all(|k| k.is_nan()));
        assert_eq!(p.cohorts(&adoption), [(2010.0, 1), (2011.0, 1)]);
        assert!(p.contradictions(&adoption, "g", "d", &path).is_none());
        let mut wrong = path.clone();
        wrong[5] = 0.0;
        let warning = p.contradictions(&adoption, "g", "d", &wrong).unwrap();
        assert!(warning.id == "W211" && warning.text.en.contains("1 rows (1 in 2010)"), "{}", warning.text.en);
    }

    #[test]
    fn paths_that_are_none() {
        let p = panel(2);
        let id = |path: Vec<f64>| p.adoption_from_path("d", &path).unwrap_err().id;
        assert_eq!(id(vec![0.0; 8]), "E205");
        assert_eq!(id(vec![1.0; 8]), "E205");
        assert_eq!(id([[0.0, 0.0, 1.0, 1.0]; 2].concat()), "E205");
        assert_eq!(id([0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0].to_vec()), "E201");
        assert_eq!(id(per_unit(&[2011.0, 2010.0])), "E201");
        let (adoption, warnings) = p.adoption_from_path("d", &[0.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(adoption[0], Adoption::At(2011.0));
        assert_eq!(ids(&warnings), ["W212", "W207", "W207"]);
    }

    #[test]
    fn a_group_is_no_path() {
        let p = panel(3);
        let problem = p.adoption_from_path("pilot", &per_unit(&[1.0, 0.0, 0.0])).unwrap_err();
        assert_eq!(problem.id, "E206");
        assert!(problem.message.contains("does not vary within id"), "{}", problem.message);
        assert!(problem.message.contains("1 units are always 1, 2 always 0"), "{}", problem.message);
        let fix = problem.fix.unwrap();
        assert!(fix.contains("\"pilot\" x (year >= 2011)"), "{fix}");
        assert!(fix.contains("treated = \"pilot\" and from = 2011"), "{fix}");
        // Shares that vary are more than a group.
        let shares = [[0.2, 0.4, 0.6, 1.0], [0.0; 4], [0.0; 4]].concat();
        let (adoption, warnings) = p.adoption_from_path("share", &shares).unwrap();
        assert_eq!((adoption[0], ids(&warnings)), (Adoption::Always, vec!["W212", "W203"]));
        let first = Column::number("g", per_unit(&[2009.0, NAN, NAN]));
        assert_eq!(p.adoption_from_first(&first, &[]).unwrap_err().id, "E206");
        assert_eq!(p.adoption_from_group("pilot", &per_unit(&[1.0, 0.0, 0.0]), 2009.0).unwrap_err().id, "E206");
    }

    #[test]
    fn doses() {
        let p = panel(4);
        let dose = [[0.0, 0.0, 3.5, 4.0], [-1.0, 2.0, NAN, 0.0], [5.0, 5.0, 5.0, 5.0], [0.0, NAN, 0.0, -2.0]].concat();
        let expected = [Adoption::At(2011.0), Adoption::Switches, Adoption::Always, Adoption::Never];
        assert_eq!(p.adoption_where_positive(&dose), expected);
    }

    #[test]
    fn first_treated_periods() {
        let p = panel(6);
        let column = |values: &[f64]| Column::number("g", per_unit(values));
        let (adoption, warnings) =
            p.adoption_from_first(&column(&[NAN, 2011.0, 2011.0, 2009.0, 0.0, 9999.0]), &[]).unwrap();
        let (never, at) = (Adoption::Never, Adoption::At(2011.0));
        assert_eq!(adoption, [never, at, at, Adoption::Always, never, never]);
        assert_eq!(ids(&warnings), ["W209", "W203"]);
        assert!(warnings[0].text.en.contains("2 units have 0, 9999"), "{}", warnings[0].text.en);

        let outside = p.adoption_from_first(&column(&[NAN, 2011.0, 2015.0, 2016.0, NAN, NAN]), &[]).unwrap_err();
        assert_eq!(outside.id, "E209");
        assert!(outside.fix.unwrap().contains("never = [2015, 2016]"));
        let (adoption, _) =
            p.adoption_from_first(&column(&[NAN, 2011.0, 2015.0, 2016.0, NAN, NAN]), &[2015.0, 2016.0]).unwrap();
        assert_eq!(adoption[1..4], [at, never, never]);
        assert_eq!(p.adoption_from_first(&column(&[1990.0, 2011.0, NAN, NAN, NAN, NAN]), &[]).unwrap_err().id, "E209");
        let mut varying = per_unit(&[NAN, 2011.0, 2010.0, NAN, NAN, NAN]);
        varying[5] = 2012.0;
        assert_eq!(p.adoption_from_first(&Column::number("g", varying), &[]).unwrap_err().id, "E201");

        // A period in some rows of a unit only may mean either.
        let mut partly = per_unit(&[NAN, 2011.0, NAN, NAN, NAN, NAN]);
        partly[5] = NAN;
        assert_eq!(p.adoption_from_first(&Column::number("g", partly), &[]).unwrap_err().id, "E201");

        let (adoption, warnings) =
            p.adoption_from_first(&column(&[20_111_020.0, 0.0, 20_101_231.0, NAN, NAN, NAN]), &[]).unwrap();
        assert_eq!(adoption[..3], [at, never, Adoption::At(2010.0)]);
        assert_eq!(ids(&warnings), ["N106", "W209", "W207", "W210"]);

        let text = Column::text("g", (0..24).map(|r| if r < 8 { Some("2011年") } else { None }));
        assert_eq!(p.adoption_from_first(&text, &[]).unwrap().0[1], at);
        let text = Column::text("g", (0..24).map(|r| if r < 8 { Some("first wave") } else { None }));
        assert_eq!(p.adoption_from_first(&text, &[]).unwrap_err().id, "E201");
    }

    #[test]
    fn zero_is_ambiguous_when_periods_count_from_one() {
        let frame = Frame::new(vec![
            Column::number("id", vec![1.0, 1.0, 2.0, 2.0]),
            Column::number("t", vec![1.0, 2.0, 1.0, 2.0]),
        ])
        .unwrap();
        let (p, _) = Panel::new(&frame, "id", "t").unwrap();
        let g = Column::number("g", vec![0.0, 0.0, 2.0, 2.0]);
        let problem = p.adoption_from_first(&g, &[]).unwrap_err();
        assert_eq!(problem.id, "E209");
        assert!(problem.fix.unwrap().contains("never = [0]"));
        assert_eq!(p.adoption_from_first(&g, &[0.0]).unwrap().0, [Adoption::Never, Adoption::At(2.0)]);
    }

    #[test]
    fn groups_and_clusters() {
        let p = panel(4);
        let (adoption, warnings) = p.adoption_from_group("pilot", &per_unit(&[1.0, 1.0, 0.0, 0.0]), 2011.0).unwrap();
        assert_eq!(adoption[0], Adoption::At(2011.0));
        assert!(warnings.is_empty());
        assert_eq!(p.adoption_from_group("pilot", &per_unit(&[1.0, 1.0, 0.0, 0.0]), 2020.0).unwrap_err().id, "E209");
        assert_eq!(p.adoption_from_group("pilot", &per_unit(&[1.0, 3.0, 0.0, 0.0]), 2011.0).unwrap_err().id, "E201");
        let (adoption, warnings) = p.adoption_from_group("pilot", &per_unit(&[1.0, 1.0, 0.0, NAN]), 2011.0).unwrap();
        assert_eq!(adoption[3], Adoption::Never);
        assert!(ids(&warnings) == ["W209"] && warnings[0].text.en.contains("1 units (3)"), "{warnings:?}");
    }

    #[test]
    fn clusters() {
        let p = panel(4);
        let by = |clusters: [u32; 4]| -> Vec<u32> { clusters.iter().flat_map(|&c| [c; 4]).collect() };
        let treated = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0], [0.0; 4], [0.0, 0.0, NAN, NAN]].concat();
        assert_eq!(ids(&p.assignment(&treated, "c", &by([0, 1, 2, 3]))), Vec::<&str>::new());
        assert_eq!(ids(&p.assignment(&treated, "c", &by([0, 0, 1, 2]))), ["W213"]);
        assert_eq!(ids(&p.assignment(&treated, "c", &by([0, 1, 0, 2]))), ["W214"]);
        // Missing treatments and rows without a cluster contradict nothing.
        assert_eq!(ids(&p.assignment(&treated, "c", &by([0, 1, MISSING, 0]))), Vec::<&str>::new());
        let doses: Vec<f64> = treated.iter().enumerate().map(|(r, d)| if r < 4 { 2.0 * d } else { *d }).collect();
        assert_eq!(ids(&p.assignment(&doses, "c", &by([0, 0, 1, 2]))), ["W213", "W214"]);
    }

    #[test]
    fn shares_and_missing_controls() {
        let p = panel(60);
        let mut g = vec![NAN; 60];
        g[0] = 2011.0;
        assert_eq!(ids(&p.adoption_from_first(&Column::number("g", per_unit(&g)), &[]).unwrap().1), ["W207", "W208"]);
        let g: Vec<f64> = (0..60).map(|u| if u < 30 { 2011.0 } else { 2012.0 }).collect();
        assert_eq!(ids(&p.adoption_from_first(&Column::number("g", per_unit(&g)), &[]).unwrap().1), ["W204", "W208"]);
    }
}
