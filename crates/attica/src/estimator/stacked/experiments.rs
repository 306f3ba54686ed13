//! Which cohorts have a sub-experiment, and who is in it.

use super::regression::Found;
use crate::estimator::staggered::Staggered;
use crate::estimator::timeline::Timeline;
use crate::message::{Problem, Result, Warning};
use crate::text::Text;

/// The sub-experiments: cohorts that are seen, with clean controls, in every event time of one window.
pub(super) struct Experiments<'a> {
    /// First and last event time.
    pub window: [i64; 2],
    /// The event time that changes are measured from.
    pub reference: i64,
    /// Calendar position at which each cohort adopts, ascending.
    pub cohorts: Vec<i64>,
    pub timeline: &'a Timeline,
}

/// A row of the stack: a row of the sample in one sub-experiment.
#[derive(Clone, Copy)]
pub(super) struct Stacked {
    /// Row of the sample.
    pub row: usize,
    /// Sub-experiment, an index into `cohorts`.
    pub experiment: usize,
    /// Event time, counted from the start of the window.
    pub event: usize,
    /// Of the cohort itself, not a control.
    pub treated: bool,
}

impl<'a> Experiments<'a> {
    /// Cohorts that are not observed throughout the window are left out with a warning. Without `bounds`
    /// the window is the widest that all cohorts with a period before and clean controls can fill.
    ///
    /// # Errors
    /// `E607` for a window without the reference or without an event time after adoption, `E205` when no
    /// cohort fills it.
    pub fn new(sample: &mut Staggered, timeline: &'a Timeline, bounds: Option<[i64; 2]>) -> Result<Self> {
        let reference = timeline.reference();
        let window = match bounds {
            Some([low, high]) if low > reference || high < 0 => {
                return Err(Problem::new(
                    "E607",
                    format!("the event window [{low}, {high}] must hold the reference {reference} and event time 0"),
                )
                .fix("set `window` to event times before and after adoption"));
            }
            Some([low, high]) if low < -timeline.last() || high > timeline.last() => return Err(nothing()),
            Some(bounds) => bounds,
            None => timeline.widest().ok_or_else(nothing)?,
        };
        let all = Self { window, reference, cohorts: timeline.cohorts(), timeline };
        let counts = all.counts(sample);
        let reasons: Vec<Option<Text>> =
            all.cohorts.iter().zip(&counts).map(|(&cohort, counts)| all.obstacle(cohort, counts)).collect();
        if let Some(warning) = all.left_out(&reasons) {
            sample.warnings.push(warning);
        }
        let enters = all.cohorts.iter().zip(&reasons).filter(|(_, reason)| reason.is_none());
        let cohorts: Vec<i64> = enters.map(|(cohort, _)| *cohort).collect();
        if cohorts.is_empty() {
            return Err(nothing());
        }
        Ok(Self { cohorts, ..all })
    }

    /// Event times of the window.
    pub fn events(&self) -> usize {
        (self.window[1] - self.window[0] + 1) as usize
    }

    /// Every row of the stack, in the order of the sample.
    pub fn each(&self, sample: &Staggered, mut visit: impl FnMut(Stacked)) {
        let [low, high] = self.window;
        for row in 0..sample.unit.len() {
            let start = self.timeline.start[sample.unit[row] as usize];
            let position = self.timeline.at[sample.time[row] as usize];
            for (experiment, &cohort) in self.cohorts.iter().enumerate() {
                let k = position - cohort;
                let treated = start == cohort;
                if (low..=high).contains(&k) && (treated || self.timeline.is_clean(start, cohort + high)) {
                    visit(Stacked { row, experiment, event: (k - low) as usize, treated });
                }
            }
        }
    }

    /// Rows by cohort, event time, and controls or treated.
    fn counts(&self, sample: &Staggered) -> Vec<Vec<[usize; 2]>> {
        let mut counts = vec![vec![[0; 2]; self.events()]; self.cohorts.len()];
        self.each(sample, |at| counts[at.experiment][at.event][usize::from(at.treated)] += 1);
        counts
    }

    /// What keeps a cohort out of the stack.
    fn obstacle(&self, cohort: i64, counts: &[[usize; 2]]) -> Option<Text> {
        let [low, high] = self.window;
        let last = self.timeline.last();
        if cohort + low < 0 {
            return Some(Text::new(format!("{cohort} {} before", periods(cohort)), format!("处理前仅{cohort}期")));
        }
        if cohort + high > last {
            let after = last - cohort;
            return Some(Text::new(format!("{after} {} after", periods(after)), format!("处理后仅{after}期")));
        }
        if counts.iter().all(|[controls, _]| *controls == 0) {
            return Some(Text::new("no clean controls", "无干净对照"));
        }
        let gap = counts.iter().position(|count| count.contains(&0))? as i64 + low;
        Some(Text::new(format!("nobody seen at event time {gap}"), format!("相对时间{gap}无观测")))
    }

    fn left_out(&self, reasons: &[Option<Text>]) -> Option<Warning> {
        let lost: Vec<(i64, &Text)> =
            self.cohorts.iter().zip(reasons).filter_map(|(cohort, reason)| Some((*cohort, reason.as_ref()?))).collect();
        let names = |text: fn(&Text) -> &str| {
            let name = |(cohort, reason): &(i64, &Text)| format!("{} ({})", self.timeline.time(*cohort), text(reason));
            lost.iter().map(name).collect::<Vec<_>>()
        };
        let [low, high] = self.window;
        let units = self.timeline.start.iter().filter(|start| lost.iter().any(|(cohort, _)| cohort == *start)).count();
        (!lost.is_empty()).then(|| {
            Warning::new(
                "W807",
                format!(
                    "{} of {} cohorts ({units} units) do not fill the window [{low}, {high}] and have no effect in the estimate: {}",
                    lost.len(),
                    self.cohorts.len(),
                    names(|text| &text.en).join(", ")
                ),
                format!(
                    "{}个批次（共{}个；{units}个个体）未能覆盖窗口[{low}, {high}]，其效应未进入估计：{}",
                    lost.len(),
                    self.cohorts.len(),
                    names(|text| &text.zh).join("、")
                ),
            )
        })
    }

    /// Says what the stack consists of.
    pub fn report(&self, sample: &mut Staggered, found: &Found) {
        let names: Vec<String> = self.cohorts.iter().map(|&cohort| self.timeline.time(cohort).to_string()).collect();
        let [low, high] = self.window;
        let (rows, distinct) = (found.stack_rows, found.used.len());
        sample.warnings.push(Warning::new(
            "N808",
            format!(
                "the stack has {} sub-experiments ({}) over event times {low} to {high}: {rows} rows, of which {distinct} are distinct",
                names.len(),
                names.join(", ")
            ),
            format!(
                "堆叠数据含{}个子实验（{}），相对时间{low}至{high}：共{rows}行，其中不重复的观测{distinct}个",
                names.len(),
                names.join("、")
            ),
        ));
    }
}

fn periods(count: i64) -> &'static str {
    if count == 1 { "period" } else { "periods" }
}

fn nothing() -> Problem {
    Problem::new("E205", "no cohort has a period before adoption, and clean controls, throughout the window")
        .fix("narrow the window, or use units not treated yet as controls")
}
