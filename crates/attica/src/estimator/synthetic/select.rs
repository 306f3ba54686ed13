//! From a panel with gaps to a complete one: which units can enter, and what is said of the others.

use nalgebra::DMatrix;

use super::Kind;
use super::averages::Calendar;
use super::panel::Panel;
use crate::estimator::staggered::Staggered;
use crate::estimator::wide::Wide;
use crate::estimator::{Data, Spec};
use crate::ledger::Reason;
use crate::message::{Problem, Result, Warning};

/// A complete panel with what its numbers stand for.
pub(super) struct Selected {
    pub panel: Panel,
    pub calendar: Calendar,
    /// Names of the units.
    pub names: Vec<String>,
}

/// Units seen in every period that the sample has: never treated, or in a cohort with enough periods
/// before adoption. The others leave `sample`, counted and named.
///
/// # Errors
/// `E204` without never-treated units, `E205` without a cohort or with fewer than two controls.
pub(super) fn select(data: Data<'_>, spec: &Spec, sample: &mut Staggered) -> Result<Selected> {
    let mut names = vec![0; sample.units];
    for (&unit, &row) in sample.unit.iter().zip(&sample.design.sample) {
        names[unit as usize] = data.panel.unit[row as usize];
    }
    let mut seen = vec![0_usize; sample.times.len()];
    for &time in sample.time.iter() {
        seen[time as usize] += 1;
    }
    let periods: Vec<usize> = (0..seen.len()).filter(|&t| seen[t] > 0).collect();
    let times: Vec<f64> = periods.iter().map(|&t| sample.times[t]).collect();
    let mut leave = Leave { data, sample, names: &names };

    let first = times.first().copied().unwrap_or(f64::NAN);
    let always = leave.out(["treated in every period", "始终处理"], |sample, unit| {
        sample.first[unit].is_some_and(|g| g <= first)
    });
    leave.told(
        "W203",
        &always,
        "are treated in every period and have no period before",
        "在所有时期均受处理，没有处理前时期",
    );
    if leave.sample.unit.iter().all(|&unit| leave.sample.first[unit as usize].is_some()) {
        return Err(Problem::new(
            "E204",
            "no unit is never treated, and synthetic controls are made of never-treated units only",
        )
        .fix("use cs, bjs or etwfe, which take units not treated yet as controls"));
    }
    let mut rows = vec![0; leave.sample.units];
    for &unit in leave.sample.unit.iter() {
        rows[unit as usize] += 1;
    }
    let gaps =
        leave.out(["not seen in every period", "并非每期都有观测"], |_, unit| rows[unit] < periods.len());
    leave.told(
        "W104",
        &gaps,
        "miss the outcome or a control in some period, and weights need every unit in every period",
        "在部分时期缺少结果变量或控制变量，而合成权重要求每个个体在每期均有观测",
    );

    let needed = if spec.options.sdid.kind == Kind::Did { 1 } else { 2 };
    let anticipation = spec.options.anticipation;
    let before = |group: f64| times.partition_point(|&t| t < group).saturating_sub(anticipation);
    let is_short = |group: f64| before(group) < needed || times.last().is_none_or(|&last| group > last);
    let short =
        leave.out(["cohort too short", "批次过短"], |sample, unit| sample.first[unit].is_some_and(is_short));
    leave.told(
        "W805",
        &short,
        &format!("adopt with fewer than {needed} periods before, or none after"),
        &format!("处理前不足{needed}期，或处理后没有时期"),
    );

    let mut units: Vec<usize> = sample.unit.iter().map(|&unit| unit as usize).collect();
    units.sort_unstable();
    units.dedup();
    // Weights are not used, so it does not matter that they change.
    let (wide, _) = sample.wide();
    let name = |unit: usize| data.panel.units[names[unit] as usize].as_str();
    let date = |unit: usize| wide.cohort[unit].unwrap_or(f64::NEG_INFINITY);
    units.sort_by(|&a, &b| date(a).total_cmp(&date(b)).then_with(|| name(a).cmp(name(b))));
    let mut groups: Vec<f64> = units.iter().filter_map(|&unit| wide.cohort[unit]).collect();
    groups.dedup();
    let controls = units.iter().filter(|&&unit| wide.cohort[unit].is_none()).count();
    if groups.is_empty() || controls < 2 {
        return Err(too_few(controls, groups.len(), &times, &periods, &seen));
    }
    let matrix = |values: &[f64]| {
        DMatrix::from_fn(units.len(), periods.len(), |i, t| values[units[i] * wide.times.len() + periods[t]])
    };
    let cohort = |&unit: &usize| groups.iter().position(|g| Some(*g) == wide.cohort[unit]);
    let panel = Panel {
        y: matrix(&wide.y),
        x: wide.x.iter().map(|x| matrix(x)).collect(),
        cohort: units.iter().map(cohort).collect(),
        before: groups.iter().map(|&group| before(group)).collect(),
        clusters: clusters(&wide, &units),
    };
    let names = units.iter().map(|&unit| name(unit).to_owned()).collect();
    Ok(Selected { panel, calendar: Calendar { times, step: wide.step, groups }, names })
}

/// Units that leave, with their rows and a word about them.
struct Leave<'a, 'b> {
    data: Data<'a>,
    sample: &'b mut Staggered,
    names: &'b [u32],
}

impl Leave<'_, '_> {
    /// Takes the units out for which `leaves` holds and that have rows, and returns them.
    fn out(&mut self, [en, zh]: [&str; 2], leaves: impl Fn(&Staggered, usize) -> bool) -> Vec<usize> {
        let sample = &mut *self.sample;
        let gone: Vec<bool> = (0..sample.units).map(|unit| leaves(sample, unit)).collect();
        let here = |row: &u32| !gone[sample.unit[*row as usize] as usize];
        let rows: Vec<u32> = (0..sample.unit.len() as u32).filter(here).collect();
        let mut units: Vec<usize> = sample.unit.iter().map(|&unit| unit as usize).filter(|&unit| gone[unit]).collect();
        units.sort_unstable();
        units.dedup();
        if !units.is_empty() {
            sample.keep_but(&rows, Reason::excluded(en, zh));
        }
        units
    }

    fn told(&mut self, id: &str, units: &[usize], en: &str, zh: &str) {
        if units.is_empty() {
            return;
        }
        let names: Vec<u32> = units.iter().map(|&unit| self.names[unit]).collect();
        let (count, shown) = (units.len(), self.data.panel.examples(&names));
        self.sample.warnings.push(Warning::new(
            id,
            format!("{count} units are left out ({shown}): they {en}"),
            format!("剔除{count}个个体（{shown}）：{zh}"),
        ));
        // A unit that left is in no cohort any more.
        for &unit in units {
            self.sample.first[unit] = None;
        }
    }
}

fn too_few(controls: usize, cohorts: usize, times: &[f64], periods: &[usize], seen: &[usize]) -> Problem {
    let sparse = periods.iter().zip(times).min_by_key(|(period, _)| seen[**period]);
    let sparse = sparse.map(|(&period, time)| format!("; the period seen least is {time}, with {} rows", seen[period]));
    Problem::new(
        if controls == 0 { "E204" } else { "E205" },
        format!(
            "{controls} never-treated units and {cohorts} cohorts can be used: seen in every period, with enough periods before adoption{}",
            sparse.unwrap_or_default()
        ),
    )
    .fix("shorten the window to periods in which most units are seen, or take out controls with missing values")
}

/// Units by cluster.
fn clusters(wide: &Wide<'_>, units: &[usize]) -> Vec<Vec<usize>> {
    let Some(cluster) = &wide.cluster else { return (0..units.len()).map(|unit| vec![unit]).collect() };
    let mut found: Vec<(u32, Vec<usize>)> = Vec::new();
    for (i, &unit) in units.iter().enumerate() {
        match found.iter_mut().find(|(code, _)| *code == cluster[unit]) {
            Some((_, members)) => members.push(i),
            None => found.push((cluster[unit], vec![i])),
        }
    }
    found.into_iter().map(|(_, members)| members).collect()
}
