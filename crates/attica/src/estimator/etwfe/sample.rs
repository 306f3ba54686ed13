//! The rows that have a comparison: periods with controls, cohorts and units with a row before adoption.

use crate::absorb::singletons;
use crate::design::WeightKind;
use crate::estimator::staggered::Staggered;
use crate::ledger::Reason;
use crate::message::{Problem, Result, Warning};

/// Leaves out of `sample` what cannot be compared, until nothing more leaves: periods in which no control
/// is seen; cohorts (with `by_unit`, units) without a row before adoption; with `by_unit`, singletons.
/// Controls are never-treated rows with `never`, else all rows before adoption.
///
/// # Errors
/// `E204` when never-treated controls are asked for and there are none; `E205` when no treated row is left.
pub(super) fn restrict(sample: &mut Staggered, never: bool, by_unit: bool, singletons_stay: bool) -> Result<()> {
    let no_never = sample.first.iter().all(Option::is_some);
    if never && no_never {
        return Err(Problem::new("E204", "never-treated controls were asked for, but every unit adopts")
            .fix("set control_group = notyet: the last cohort is then the control until it adopts"));
    }
    let (mut uncontrolled, mut always) = (0, 0);
    loop {
        let before = sample.unit.len();
        uncontrolled += drop_periods_without_controls(sample, never);
        always += drop_always_treated(sample, by_unit);
        if by_unit && !singletons_stay {
            drop_singletons(sample);
        }
        if sample.unit.len() == before {
            break;
        }
    }
    if no_never {
        sample.warnings.push(Warning::new(
            "W204",
            format!("no unit is never treated: the last cohort is the control until it adopts, and {uncontrolled} rows of periods in which no unit is left untreated are left out"),
            format!("没有从未处理的个体：最后一批在其实施前作为对照，此后已无未处理个体的时期共{uncontrolled}个观测被剔除"),
        ));
    } else if uncontrolled > 0 {
        sample.warnings.push(Warning::new(
            "W805",
            format!("{uncontrolled} rows of periods in which no control is observed are left out"),
            format!("无对照观测的时期共{uncontrolled}个观测被剔除"),
        ));
    }
    if always > 0 {
        sample.warnings.push(Warning::new(
            "W203",
            format!("{always} rows of units that are seen in treated periods only have no period before adoption to compare with and are left out"),
            format!("仅在处理期有观测的个体没有实施前时期可比，剔除{always}个观测"),
        ));
    }
    if (0..sample.unit.len()).any(|row| sample.is_treated(row)) {
        let lonely = single_units(sample);
        sample.warnings.extend(lonely);
        return Ok(());
    }
    Err(Problem::new("E205", "no treated row is left that has a period before adoption and controls in its own period")
        .fix("widen the window before adoption, or add units that are treated later or never"))
}

fn rows_where(sample: &Staggered, stays: impl Fn(usize) -> bool) -> Vec<u32> {
    (0..sample.unit.len()).filter(|&row| stays(row)).map(|row| row as u32).collect()
}

/// Keeps `rows`, and returns how many others there were.
fn keep(sample: &mut Staggered, rows: &[u32]) -> usize {
    let lost = sample.unit.len() - rows.len();
    if lost > 0 {
        sample.keep(rows);
    }
    lost
}

fn drop_periods_without_controls(sample: &mut Staggered, never: bool) -> usize {
    let mut controlled = vec![false; sample.times.len()];
    for row in 0..sample.unit.len() {
        let control = if never { sample.cohort(row).is_none() } else { !sample.is_exposed(row) };
        controlled[sample.time[row] as usize] |= control;
    }
    let rows = rows_where(sample, |row| controlled[sample.time[row] as usize]);
    keep(sample, &rows)
}

/// With unit effects a unit without a row before adoption tells only how effects change; cohort effects
/// need one such row per cohort.
fn drop_always_treated(sample: &mut Staggered, by_unit: bool) -> usize {
    let groups = if by_unit { sample.unit.clone() } else { sample.cohort_levels().1.into() };
    let mut compared = vec![false; sample.units];
    for (row, &group) in groups.iter().enumerate() {
        compared[group as usize] |= !sample.is_exposed(row);
    }
    let rows = rows_where(sample, |row| compared[groups[row] as usize]);
    keep(sample, &rows)
}

fn drop_singletons(sample: &mut Staggered) {
    let weights = sample.design.weights.as_ref().filter(|w| w.kind == WeightKind::Frequency);
    let frequency = weights.map(|w| w.values.clone());
    let Some((rows, removed)) = singletons(&sample.design.effects, frequency.as_deref(), None) else { return };
    let names: Vec<String> = sample.design.effects.iter().map(|effect| effect.by.name.clone()).collect();
    let of: Vec<&str> =
        names.iter().zip(&removed).filter(|(_, count)| **count > 0).map(|(name, _)| name.as_str()).collect();
    sample.keep_but(&rows, Reason::Singleton(of.join(", ")));
}

/// `W207`: cohorts of one unit, whose treated rows the regression fits exactly.
fn single_units(sample: &Staggered) -> Option<Warning> {
    let (cohorts, codes) = sample.cohort_levels();
    let mut units: Vec<(u32, u32)> = codes.iter().copied().zip(sample.unit.iter().copied()).collect();
    units.sort_unstable();
    units.dedup();
    let count = |c: usize| units.iter().filter(|(cohort, _)| *cohort as usize == c).count();
    let single: Vec<String> =
        cohorts.iter().enumerate().filter_map(|(c, g)| g.filter(|_| count(c) == 1).map(|g| g.to_string())).collect();
    let list = single.join(", ");
    (!single.is_empty()).then(|| {
        Warning::new(
            "W207",
            format!("cohorts {list} have one unit each: the regression fits its treated rows exactly, so standard errors of their effects leave the unit's own noise out"),
            format!("批次{list}各只有一个个体：回归完全拟合其处理期观测，相应标准误不含该个体自身的扰动"),
        )
    })
}
