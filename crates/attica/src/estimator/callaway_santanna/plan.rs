//! Which units can be used, and which of them each group-time effect compares.

use super::Settings;
use crate::estimator::options::{BasePeriod, ControlGroup};
use crate::frame::codes::distinct;
use crate::message::{Problem, Result, Warning};

/// Units (or rows) of one cohort.
pub(super) struct Class {
    /// First treated period; none for never-treated units.
    pub cohort: Option<f64>,
    /// Places in the input, ascending.
    pub members: Vec<u32>,
}

/// One group-time effect to estimate.
pub(super) struct Planned {
    /// Class of the treated.
    pub class: usize,
    /// Cohort.
    pub group: f64,
    /// Period, by index.
    pub time: usize,
    /// Base period, by index.
    pub base: usize,
    /// Classes of the controls.
    pub controls: Vec<usize>,
}

impl Planned {
    pub fn is_reference(&self) -> bool {
        self.time == self.base
    }

    /// Classes compared, the treated first.
    pub fn classes(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.class).chain(self.controls.iter().copied())
    }
}

/// All effects to estimate, by cohort and then period.
pub(super) struct Plan {
    /// Cohorts ascending, never-treated units last. Those without a period before are in none.
    pub classes: Vec<Class>,
    pub cells: Vec<Planned>,
    /// Periods that have controls, from the first on.
    pub periods: usize,
    pub warnings: Vec<Warning>,
}

impl Plan {
    /// `count` tells how many units some members are.
    ///
    /// # Errors
    /// `E205` when no unit is treated after the first period; `E204` when never-treated controls are asked for
    /// and there are none.
    pub fn new(
        cohort: &[Option<f64>],
        times: &[f64],
        step: f64,
        settings: &Settings,
        count: impl Fn(&[u32]) -> usize,
    ) -> Result<Self> {
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return Err(nobody()) };
        let ahead = settings.anticipation as f64 * step;
        // Whoever may react before the last period ends is no never-treated unit.
        let of = |g: &Option<f64>| g.filter(|g| *g <= last + ahead);
        let mut warnings = Vec::new();
        let is_early = |member: &u32| of(&cohort[*member as usize]).is_some_and(|g| g <= first + ahead);
        let early = count(&(0..cohort.len() as u32).filter(is_early).collect::<Vec<_>>());
        if early > 0 {
            warnings.push(Warning::new(
                "W203",
                format!("{early} units are treated from the first period on (or within its anticipation window): they have no period before and are left out"),
                format!("{early}个个体自首期起（或在其预期窗口内）即受处理，没有处理前时期，予以剔除"),
            ));
        }
        let mut groups = distinct(cohort.iter().filter_map(of).filter(|g| *g > first + ahead));
        if groups.is_empty() {
            return Err(nobody());
        }
        let mut classes: Vec<Class> = groups.iter().map(|g| Class { cohort: Some(*g), members: Vec::new() }).collect();
        let mut never = Vec::new();
        for (member, g) in cohort.iter().enumerate() {
            match of(g) {
                None => never.push(member as u32),
                Some(g) => {
                    if let Ok(class) = groups.binary_search_by(|known| known.total_cmp(&g)) {
                        classes[class].members.push(member as u32);
                    }
                }
            }
        }
        let mut end = times.len();
        if never.is_empty() {
            if settings.controls == ControlGroup::Never {
                return Err(Problem::new(
                    "E204",
                    "every unit is treated sooner or later, so there are no never-treated controls",
                )
                .fix("use units not treated yet as controls: control_group = \"notyet\""));
            }
            // Nobody is left to compare with once the last cohort is treated.
            let last = groups.pop().unwrap_or(f64::INFINITY);
            end = times.iter().filter(|&&t| t < last - ahead).count();
            warnings.push(Warning::new(
                "W204",
                format!("there are no never-treated units: periods from {last} on have no controls and are not used; the cohort of {last} serves as control only"),
                format!("没有从未处理的个体：{last}期及以后没有对照组，不予使用；{last}年处理的个体仅作为对照"),
            ));
        }
        classes.push(Class { cohort: None, members: never });
        let cells = cells(&classes, groups.len(), &times[..end], ahead, settings);
        Ok(Self { classes, cells, periods: end, warnings })
    }

    /// Leaves out members that are not observed in every period that has controls (`W104`); `is_known` tells of
    /// a member and a number of periods, `count` how many units members are.
    pub fn keep(&mut self, is_known: impl Fn(u32, usize) -> bool, count: impl Fn(&[u32]) -> usize) {
        let count = |classes: &[Class]| classes.iter().map(|class| count(&class.members)).sum::<usize>();
        let before = count(&self.classes);
        for class in &mut self.classes {
            class.members.retain(|&member| is_known(member, self.periods));
        }
        let lost = before - count(&self.classes);
        if lost > 0 {
            self.warnings.push(Warning::new(
                "W104",
                format!("{lost} units are not observed in every period and are left out, as asked"),
                format!("按要求剔除未在所有时期出现的{lost}个个体"),
            ));
        }
    }
}

fn nobody() -> Problem {
    Problem::new("E205", "no unit adopts the policy after the first usable period, so there is no effect to estimate")
        .fix("check the column of first treated periods against the periods of the panel")
}

fn cells(classes: &[Class], groups: usize, times: &[f64], ahead: f64, settings: &Settings) -> Vec<Planned> {
    let mut cells = Vec::new();
    for class in 0..groups {
        let Some(group) = classes[class].cohort else { continue };
        // The last period in which nothing of the policy can be seen yet.
        let Some(before) = times.iter().rposition(|&t| t < group - ahead) else { continue };
        for time in 0..times.len() {
            // Leads are short differences unless the base is universal; the first period has none.
            let short = settings.base == BasePeriod::Varying && times[time] < group;
            if short && time == 0 {
                continue;
            }
            let base = if short { time - 1 } else { before };
            let is_control = |other: &usize| match (classes[*other].cohort, settings.controls) {
                (None, _) => true,
                (Some(_), ControlGroup::Never) => false,
                (Some(g), ControlGroup::NotYet) => *other != class && g > times[time.max(base)] + ahead,
            };
            let filled = |other: &usize| !classes[*other].members.is_empty();
            let controls = (0..classes.len()).filter(is_control).filter(filled).collect();
            cells.push(Planned { class, group, time, base, controls });
        }
    }
    cells
}
