//! What else happens to the study's units: other policies, other dates of this one, and treated neighbours.

use std::collections::BTreeSet;

use attica::frame::{Column, Frame, Values, codes};
use attica::panel::{Adoption, Panel};
use attica::text::Text;

use crate::results::{Neighbours, PolicyPath, Waves};
use crate::run::Treatment;

/// Two policies that share this much of the units that either reaches are one policy.
const SAME: f64 = 0.9;

/// Fewer units than this make no policy.
const FEWEST: usize = 3;

/// The study's policy, those that it names, and columns that switch from 0 to 1 and stay.
pub(super) fn policies(
    frame: &Frame,
    panel: &Panel,
    treatment: &Treatment,
    named: &[(String, Text)],
) -> Vec<PolicyPath> {
    if treatment.continuous {
        return Vec::new();
    }
    let path = |name: &str, named, on: &[f64]| path(panel, treatment, name, named, on);
    let mut found = vec![path(&treatment.name, true, &treatment.values)];
    for column in frame.columns() {
        let Values::Number(values) = &column.values else { continue };
        if column.name == treatment.name {
            continue;
        }
        let is_named = named.iter().any(|(name, _)| *name == column.name);
        if is_named {
            found.push(path(&column.name, true, values));
        } else if let Some(adoption) = switches_on(panel, column, values)
            && overlap(&adoption, treatment) < SAME
        {
            found.push(path(&column.name, false, values));
        }
    }
    found
}

/// Adoption by a 0/1 column that rises within at least a few units and falls in none.
fn switches_on(panel: &Panel, column: &Column, values: &[f64]) -> Option<Vec<Adoption>> {
    if !values.iter().all(|v| v.is_nan() || *v == 0.0 || *v == 1.0) {
        return None;
    }
    let (adoption, _) = panel.adoption_from_path(&column.name, values).ok()?;
    let rising = adoption.iter().filter(|a| matches!(a, Adoption::At(_))).count();
    (rising >= FEWEST && !adoption.contains(&Adoption::Switches)).then_some(adoption)
}

/// Units that both policies reach, as a share of those that either does.
fn overlap(adoption: &[Adoption], treatment: &Treatment) -> f64 {
    let pairs = adoption.iter().zip(&treatment.adoption).map(|(a, b)| (*a != Adoption::Never, *b != Adoption::Never));
    let (mut both, mut either) = (0_usize, 0_usize);
    for (a, b) in pairs {
        both += usize::from(a && b);
        either += usize::from(a || b);
    }
    both as f64 / either.max(1) as f64
}

fn path(panel: &Panel, treatment: &Treatment, name: &str, named: bool, on: &[f64]) -> PolicyPath {
    let periods = panel.times.len();
    let mut counts = [vec![(0_usize, 0_usize); periods], vec![(0, 0); periods]];
    let mut reached = vec![false; panel.units.len()];
    for (row, value) in on.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        let (unit, period) = (panel.unit[row] as usize, panel.time[row] as usize);
        let group = usize::from(treatment.adoption[unit] == Adoption::Never);
        counts[group][period].1 += 1;
        if *value > 0.0 {
            counts[group][period].0 += 1;
            reached[unit] = true;
        }
    }
    let share =
        |group: usize| counts[group].iter().map(|&(on, all)| (all > 0).then(|| on as f64 / all as f64)).collect();
    let units = |never: bool| {
        let of = reached.iter().zip(&treatment.adoption);
        of.filter(|(reached, adoption)| **reached && (**adoption == Adoption::Never) == never).count()
    };
    PolicyPath {
        name: name.to_owned(),
        label: Text::same(name),
        named,
        treated: share(0),
        untreated: share(1),
        treated_units: units(false),
        untreated_units: units(true),
    }
}

/// A column with several dates for the units to which the study gives one: either a date for each treated unit and
/// none for the others, or a 0/1 column that rises for the same units at other times.
pub(super) fn waves(frame: &Frame, panel: &Panel, treatment: &Treatment) -> Option<Waves> {
    let [coded] = treatment.dates.as_slice() else { return None };
    if treatment.continuous {
        return None;
    }
    frame.columns().iter().filter(|column| column.name != treatment.name).find_map(|column| {
        let Values::Number(values) = &column.values else { return None };
        let dates = match switches_on(panel, column, values) {
            Some(adoption) if overlap(&adoption, treatment) >= SAME => {
                adoption.iter().map(|a| if let Adoption::At(date) = a { Some(*date) } else { None }).collect()
            }
            Some(_) => return None,
            None => dates_of_units(panel, values)?,
        };
        several(panel, treatment, *coded, &column.name, &dates)
    })
}

/// One value per unit, in the panel's periods; `None` when the column changes within a unit or holds other numbers.
fn dates_of_units(panel: &Panel, values: &[f64]) -> Option<Vec<Option<f64>>> {
    let mut dates = vec![None; panel.units.len()];
    for (row, &value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan() && **value != 0.0) {
        if value.fract() != 0.0 {
            return None;
        }
        let date = &mut dates[panel.unit[row] as usize];
        match date {
            None => *date = Some(value),
            Some(known) if *known == value => {}
            Some(_) => return None,
        }
    }
    Some(dates)
}

fn several(panel: &Panel, treatment: &Treatment, coded: f64, name: &str, dates: &[Option<f64>]) -> Option<Waves> {
    let (first, last) = (panel.times[0], panel.times[panel.times.len() - 1]);
    let within = |date: &f64| (first..=last).contains(date);
    let (mut treated, mut dated, mut never, mut stray) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut waves: Vec<(f64, usize)> = Vec::new();
    for (adoption, date) in treatment.adoption.iter().zip(dates) {
        let date = date.filter(within);
        if *adoption == Adoption::Never {
            never += 1;
            stray += usize::from(date.is_some());
            continue;
        }
        treated += 1;
        let Some(date) = date else { continue };
        dated += 1;
        match waves.iter_mut().find(|wave| wave.0 == date) {
            Some(wave) => wave.1 += 1,
            None => waves.push((date, 1)),
        }
    }
    let fits = dated as f64 >= SAME * treated as f64 && stray as f64 <= (1.0 - SAME) * never as f64;
    let other = waves.iter().filter(|wave| wave.0 != coded).map(|wave| wave.1).sum::<usize>();
    if !fits || waves.len() < 2 || other == 0 {
        return None;
    }
    waves.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(Waves { column: name.to_owned(), coded, dates: waves, other })
}

/// Never treated units in regions that have treated ones. Regions are those that the study names, else text columns; of
/// several, the finest whose regions hold three units on average.
pub(super) fn neighbours(frame: &Frame, panel: &Panel, treatment: &Treatment, named: &[String]) -> Option<Neighbours> {
    let text = |column: &&Column| matches!(column.values, Values::Text { .. });
    let candidates: Vec<&Column> = named.iter().filter_map(|name| frame.get(name)).collect();
    let found = finest(panel, &candidates);
    let (column, regions, levels) = match found {
        Some(found) => found,
        None => finest(panel, &frame.columns().iter().filter(text).collect::<Vec<_>>())?,
    };
    let treated: BTreeSet<u32> = regions
        .iter()
        .zip(&treatment.adoption)
        .filter(|(_, adoption)| **adoption != Adoption::Never)
        .map(|(region, _)| *region)
        .collect();
    let never = || regions.iter().zip(&treatment.adoption).filter(|(_, adoption)| **adoption == Adoption::Never);
    Some(Neighbours {
        region: column.name.clone(),
        regions: levels,
        treated_regions: treated.len(),
        untreated: never().count(),
        near: never().filter(|(region, _)| treated.contains(region)).count(),
    })
}

/// The column with most levels that groups units by three or more, with the level of each unit.
fn finest<'a>(panel: &Panel, columns: &[&'a Column]) -> Option<(&'a Column, Vec<u32>, usize)> {
    let mut best: Option<(&Column, Vec<u32>, usize)> = None;
    for &column in columns.iter().filter(|column| column.name != panel.unit_name && column.name != panel.time_name) {
        let (of_rows, _) = codes::codes_of(column);
        let mut of_units: Vec<Option<u32>> = vec![None; panel.units.len()];
        let constant = of_rows.iter().enumerate().all(|(row, &code)| {
            let of_unit = &mut of_units[panel.unit[row] as usize];
            *of_unit.get_or_insert(code) == code && !column.is_missing(row)
        });
        let Some(regions) = of_units.into_iter().collect::<Option<Vec<u32>>>() else { continue };
        let levels = regions.iter().collect::<BTreeSet<_>>().len();
        let grouped = constant && levels >= 3 && 3 * levels <= regions.len();
        if grouped && best.as_ref().is_none_or(|best| levels > best.2) {
            best = Some((column, regions, levels));
        }
    }
    best
}
