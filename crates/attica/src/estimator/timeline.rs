//! Adoption on the calendar: who starts when, who is still clean until when, and how far around adoption
//! every cohort can be followed. Positions count steps of the panel from its first period, so that a
//! period nobody was seen in still takes its place, or the periods that the panel has.

use super::Spec;
use super::options::ControlGroup;
use super::staggered::Staggered;
use crate::message::{Problem, Result, Warning};

/// Start of a unit that never adopts.
pub(super) const NEVER: i64 = i64::MAX;

/// Calendar positions of periods and adoptions.
pub(super) struct Timeline {
    /// Position of each period of the panel, ascending from 0.
    pub at: Vec<i64>,
    /// Position at which each unit is first treated, or [`NEVER`].
    pub start: Vec<i64>,
    /// Whom the treated are compared with.
    pub controls: ControlGroup,
    /// Periods before adoption in which units may already react.
    pub anticipation: i64,
    times: Vec<f64>,
    step: f64,
}

impl Timeline {
    /// Reads the calendar of `sample`, in steps, and takes units out that are treated in every period: they have no
    /// period before. Controls are units not treated yet unless `spec` asks for the never-treated.
    ///
    /// # Errors
    /// `E204` for never-treated controls that do not exist, `E205` when nobody adopts after the first period.
    pub fn new(sample: &mut Staggered, spec: &Spec) -> Result<Self> {
        let first = sample.times.first().copied().unwrap_or(f64::NAN);
        let step = sample.step;
        Self::with_positions(sample, spec, |time| ((time - first) / step).round() as i64)
    }

    /// [`Timeline::new`] in periods that the panel has, one after the other; told where these are fewer than steps.
    ///
    /// # Errors
    /// As [`Timeline::new`].
    pub fn of_periods(sample: &mut Staggered, spec: &Spec) -> Result<Self> {
        let times = sample.times.clone();
        let steps = times.first().zip(times.last()).map_or(0.0, |(first, last)| (last - first) / sample.step);
        if steps.round() as usize + 1 > times.len() {
            let missing = steps.round() as usize + 1 - times.len();
            sample.warnings.push(Warning::new(
                "W103",
                format!("no unit is seen in {missing} of the periods between the first and the last: event times count the periods that the panel has"),
                format!("首末时期之间有{missing}期没有任何观测：相对时间按实际存在的时期计数"),
            ));
        }
        let last = times.last().copied().unwrap_or(f64::NAN);
        Self::with_positions(sample, spec, |time| times.partition_point(|t| *t < time) as i64 + i64::from(time > last))
    }

    fn with_positions(sample: &mut Staggered, spec: &Spec, position: impl Fn(f64) -> i64) -> Result<Self> {
        let at = sample.times.iter().map(|&time| position(time)).collect();
        let start: Vec<i64> = sample.first.iter().map(|start| start.map_or(NEVER, &position)).collect();
        let controls = spec.options.control_group.unwrap_or(ControlGroup::NotYet);
        let (times, step) = (sample.times.clone(), sample.step);
        let timeline = Self { at, start, controls, anticipation: sample.anticipation, times, step };
        timeline.leave_out_always_treated(sample);
        if !timeline.start.contains(&NEVER) {
            if controls == ControlGroup::Never {
                return Err(Problem::new("E204", "never-treated controls were asked for, and there are none")
                    .fix("use units not treated yet as controls (control_group = \"notyet\")"));
            }
            sample.warnings.push(Warning::new(
                "W204",
                "no unit is never treated: controls are units not treated yet, and the last cohort has none",
                "没有从未处理的个体：以尚未处理的个体为对照，最后一批没有对照",
            ));
        }
        if timeline.cohorts().is_empty() {
            return Err(Problem::new("E205", "no unit adopts the policy after the first period of the panel")
                .fix("check the coding of the treatment; effects need a period before adoption"));
        }
        Ok(timeline)
    }

    fn leave_out_always_treated(&self, sample: &mut Staggered) {
        let units = self.start.iter().filter(|start| **start <= 0).count();
        if units == 0 {
            return;
        }
        let keep: Vec<u32> =
            (0..sample.unit.len() as u32).filter(|&row| self.start[sample.unit[row as usize] as usize] > 0).collect();
        let rows = sample.unit.len() - keep.len();
        sample.keep(&keep);
        sample.warnings.push(Warning::new(
            "W203",
            format!(
                "{units} units are treated in every period and have no period before; they are left out ({rows} rows)"
            ),
            format!("{units}个个体在所有时期均受处理，没有处理前时期，予以剔除（{rows}个观测）"),
        ));
    }

    /// Position of the last period.
    pub fn last(&self) -> i64 {
        self.at.last().copied().unwrap_or(0)
    }

    /// The period of the panel at `position`, if there is one.
    pub fn period(&self, position: i64) -> Option<usize> {
        self.at.binary_search(&position).ok()
    }

    /// The periods at the positions `first..=last`, if the panel has them all.
    pub fn between(&self, first: i64, last: i64) -> Option<Vec<usize>> {
        (first..=last).map(|position| self.period(position)).collect()
    }

    /// What the time column says at `position`.
    pub fn time(&self, position: i64) -> f64 {
        let first = self.times.first().copied().unwrap_or(f64::NAN);
        self.period(position).map_or(first + position as f64 * self.step, |period| self.times[period])
    }

    /// A unit that starts at `start` is a control until `position`: untreated and not reacting yet.
    pub fn is_clean(&self, start: i64, position: i64) -> bool {
        match self.controls {
            ControlGroup::Never => start == NEVER,
            ControlGroup::NotYet => start - self.anticipation > position,
        }
    }

    /// The event time that changes are measured from: the last one before any reaction.
    pub fn reference(&self) -> i64 {
        -1 - self.anticipation
    }

    /// Cohorts that adopt after the first period, ascending.
    pub fn cohorts(&self) -> Vec<i64> {
        let mut cohorts: Vec<i64> = self.start.iter().copied().filter(|start| *start > 0 && *start != NEVER).collect();
        cohorts.sort_unstable();
        cohorts.dedup();
        cohorts
    }

    /// The widest window of event times in which every cohort is seen that has a period before and clean
    /// controls at adoption; none when there is no such cohort.
    pub fn widest(&self) -> Option<[i64; 2]> {
        let last = self.last();
        let latest = self.start.iter().copied().max()?;
        // Without never-treated units the latest cohort is the only one to compare with at the end.
        let end = if latest == NEVER { last } else { last.min(latest - self.anticipation - 1) };
        let usable = || self.cohorts().into_iter().filter(|g| *g > self.anticipation && *g <= end);
        Some([-usable().min()?, end - usable().max()?])
    }
}
