//! Cells, their averages, and how replications spread around them.

use super::Effect;
use super::variance::Replicate;
use crate::estimator::group_time::{Averages, Cell, EventTimes, by_calendar, by_event_time, by_group, simple};

/// Dates of the panel.
pub(super) struct Calendar {
    /// Periods used.
    pub times: Vec<f64>,
    /// Distance between periods.
    pub step: f64,
    /// First treated period of each cohort.
    pub groups: Vec<f64>,
}

/// Every average of the cells.
pub(super) struct All {
    pub cells: Vec<Cell>,
    pub simple: Averages,
    pub group: Averages,
    pub dynamic: Averages,
    pub calendar: Averages,
}

impl All {
    /// Of the effects by period of each cohort and its treated units.
    fn new(paths: &Replicate, controls: usize, calendar: &Calendar, kept: EventTimes) -> Self {
        let cohort = |(cohort, path): (usize, &Option<(Vec<f64>, usize)>)| -> Vec<Cell> {
            let Some((path, n_treated)) = path else { return Vec::new() };
            let group = calendar.groups[cohort];
            let cell = |(&time, &estimate): (&f64, &f64)| Cell {
                group,
                time,
                event_time: ((time - group) / calendar.step).round() as i64,
                base: None,
                estimate,
                influence: Vec::new(),
                is_reference: false,
                weight: *n_treated as f64,
                weight_influence: None,
                n_treated: *n_treated,
                n_control: Some(controls),
            };
            calendar.times.iter().zip(path).map(cell).collect()
        };
        let cells: Vec<Cell> = paths.iter().enumerate().flat_map(cohort).collect();
        Self {
            simple: simple(&cells),
            group: by_group(&cells),
            dynamic: by_event_time(&cells, kept),
            calendar: by_calendar(&cells),
            cells,
        }
    }

    /// Averages of the sample. The influence of replication `r` on each is its deviation from the mean over
    /// replications times the root of `factor / replications`, so that the squares add up to the variance.
    pub fn with_replications(
        effects: &[Effect],
        treated: &[usize],
        controls: usize,
        replications: &[Replicate],
        factor: f64,
        calendar: &Calendar,
        kept: EventTimes,
    ) -> Self {
        let paths = effects.iter().zip(treated).map(|(effect, &n)| Some((effect.by_period.clone(), n))).collect();
        let mut all = Self::new(&paths, controls, calendar, kept);
        let drawn: Vec<Self> = replications.iter().map(|paths| Self::new(paths, controls, calendar, kept)).collect();
        for (i, cell) in all.cells.iter_mut().enumerate() {
            let (cohort, period) = (i / calendar.times.len(), i % calendar.times.len());
            let of = |paths: &Replicate| Some(paths[cohort].as_ref()?.0[period]);
            cell.influence = deviations(replications.iter().map(of), factor);
        }
        let part: [fn(&mut Self) -> &mut Averages; 4] =
            [|all| &mut all.simple, |all| &mut all.group, |all| &mut all.dynamic, |all| &mut all.calendar];
        let mut drawn = drawn;
        for part in part {
            let drawn: Vec<&Averages> = drawn.iter_mut().map(|all| &*part(all)).collect();
            spread(part(&mut all), &drawn, factor);
        }
        all
    }
}

/// Gives every average the deviations of its replications.
fn spread(averages: &mut Averages, drawn: &[&Averages], factor: f64) {
    for row in &mut averages.rows {
        let at = row.at;
        let of = |drawn: &&Averages| drawn.rows.iter().find(|row| row.at == at).map(|row| row.estimate);
        row.influence = deviations(drawn.iter().map(of), factor);
    }
    if let Some(overall) = &mut averages.overall {
        let of = |drawn: &&Averages| drawn.overall.as_ref().map(|overall| overall.estimate);
        overall.influence = deviations(drawn.iter().map(of), factor);
    }
}

/// Deviations from the mean, scaled so that their squares add up to `factor` times the mean square; zero
/// where a replication has no value.
fn deviations(values: impl Iterator<Item = Option<f64>>, factor: f64) -> Vec<f64> {
    let values: Vec<Option<f64>> = values.collect();
    let known = || values.iter().flatten();
    let n = known().count() as f64;
    let mean = known().sum::<f64>() / n;
    let scale = (factor / n).sqrt();
    values.iter().map(|value| value.map_or(0.0, |value| (value - mean) * scale)).collect()
}
