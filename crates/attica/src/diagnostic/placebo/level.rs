//! Who is drawn together with whom: strata within which units are drawn, clusters that are drawn as a whole.

use super::Options;
use super::lottery::{Lottery, Scheme};
use super::quick::Assignment;
use crate::design::Codes;
use crate::diagnostic::nested;
use crate::estimator::Data;
use crate::frame::MISSING;
use crate::frame::codes::codes_of;
use crate::message::{Problem, Result, Warning};
use crate::panel::Adoption;

/// The units of a lottery.
pub(super) struct Level<'a> {
    /// Unit of each row, `0..units`.
    pub unit: &'a [u32],
    /// Number of units.
    pub units: usize,
    /// What a unit is.
    pub name: &'a str,
    /// Row of the frame of each row.
    pub rows: &'a [u32],
}

impl Level<'_> {
    /// Level of `by` that each unit lies in.
    fn of_units(&self, by: &Codes) -> Result<Vec<u32>> {
        let of_row: Vec<u32> = self.rows.iter().map(|&row| by.codes[row as usize]).collect();
        let missing = of_row.iter().filter(|&&code| code == MISSING).count();
        if missing > 0 {
            let message =
                format!("\"{}\" is missing in {missing} rows, so it is not known who could be drawn there", by.name);
            return Err(Problem::new("E607", message).fix("fill it in, or filter these rows out"));
        }
        nested(self.unit, self.units, &of_row).ok_or_else(|| {
            let (unit, by) = (self.name, &by.name);
            Problem::new("E605", format!("some {unit} changes its {by}, so that draws by {by} are not possible"))
                .fix("use a column that does not change over time, such as its value in the first period")
        })
    }
}

/// The lottery that `options` ask for, and what to know of it.
///
/// # Errors
/// `E605` strata or clusters that change within units; `E607` clusters that are treated in part or lie in several
/// strata, missing codes, and when only the true assignment is possible.
pub(super) fn lottery(
    truth: &Assignment,
    level: &Level<'_>,
    scheme: Scheme,
    options: &Options,
) -> Result<(Lottery, Vec<Warning>)> {
    let strata = options.strata.as_ref().map(|by| level.of_units(by)).transpose()?;
    let (seed, label) = (options.seed, options.kind.name());
    let mut lottery = match &options.clusters {
        None => Lottery::new(truth, level.units, strata.as_deref(), scheme, seed, label),
        Some(by) => {
            let clusters = level.of_units(by)?;
            let strata = strata.map(|strata| {
                nested(&clusters, by.levels, &strata).ok_or_else(|| {
                    let strata = options.strata.as_ref().map_or("", |strata| &strata.name);
                    Problem::new("E607", format!("some {} lies in more than one {strata}", by.name))
                        .fix("draw clusters within strata that hold whole clusters")
                })
            });
            let strata = strata.transpose()?;
            Lottery::clustered(truth, (&clusters, by.levels), strata.as_deref(), scheme, seed, label).ok_or_else(|| {
                let (unit, by) = (level.name, &by.name);
                Problem::new("E607", format!("in some {by} only a part of the {unit} are treated, or at different dates: the policy was not assigned to whole {by}"))
                    .fix(format!("draw each {unit} within its {by} (strata) instead"))
            })?
        }
    };
    lottery.meter = options.meter.clone();
    let mut warnings = Vec::new();
    if let Some(strata) = &options.strata {
        warnings.extend(lottery.idle().map(|[none, all]| {
            let by = &strata.name;
            Warning::new(
                "N712",
                format!("nothing is drawn in {none} {by} without treated units and in {all} with treated units only: their assignment stays"),
                format!("{none}个{by}没有处理个体、{all}个{by}全部为处理个体，其分配保持不变"),
            )
        }));
    }
    match lottery.size() {
        Some(1) => {
            return Err(Problem::new("E607", "the true assignment is the only possible one: there is nothing to draw")
                .fix("draw whole clusters if the policy was assigned to them, or use coarser strata or none"));
        }
        Some(size) if size < 20 => {
            let least = 1.0 / size as f64;
            warnings.push(Warning::new(
                "W710",
                format!("there are only {size} possible assignments, so that no p-value can be below 1/{size} = {least:.3}: the test cannot reject at 5%"),
                format!("可能的分配方案仅有{size}种，p值不可能小于1/{size} = {least:.3}，无法在5%水平上拒绝"),
            ));
        }
        _ => {}
    }
    Ok((lottery, warnings))
}

/// The column whose levels the policy was visibly assigned to: constant within units, fewer levels than half the units,
/// all units of each level alike in adoption, and not by chance: two levels or more of several treated units, and more
/// treated levels than dates. The one with fewest levels, if several; none where units adopt one by one.
pub fn assigned_by(data: Data<'_>) -> Option<String> {
    let Data { frame, panel, adoption } = data;
    let units = panel.units.len();
    let mut found: Option<(usize, &str)> = None;
    for column in frame.columns().iter().filter(|column| column.name != panel.unit_name) {
        let (codes, _) = codes_of(column);
        if codes.contains(&MISSING) {
            continue;
        }
        let Some(of_unit) = nested(&panel.unit, units, &codes) else { continue };
        let mut levels: Vec<(u32, usize)> = of_unit.into_iter().zip(0..).collect();
        levels.sort_unstable();
        let groups: Vec<&[(u32, usize)]> = levels.chunk_by(|a, b| a.0 == b.0).collect();
        let of = |group: &[(u32, usize)]| adoption[group[0].1];
        if 2 * groups.len() > units
            || groups.iter().any(|group| group.iter().any(|(_, unit)| adoption[*unit] != of(group)))
        {
            continue;
        }
        let treated: Vec<_> = groups.iter().filter(|group| of(group) != Adoption::Never).collect();
        let mut dates: Vec<Adoption> = Vec::new();
        treated.iter().map(|group| of(group)).for_each(|date| {
            if !dates.contains(&date) {
                dates.push(date);
            }
        });
        let several = treated.iter().filter(|group| group.len() > 1).count();
        let smaller = found.is_none_or(|(fewest, _)| groups.len() < fewest);
        if several >= 2 && treated.len() > dates.len() && groups.len() > treated.len() + 1 && smaller {
            found = Some((groups.len(), &column.name));
        }
    }
    found.map(|(_, name)| name.to_owned())
}
