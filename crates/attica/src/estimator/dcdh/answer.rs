//! The answer: averages over event times, cohorts and periods, and what is said of their standard errors.

use super::compare::{Horizon, Units};
use super::paths::Paths;
use super::sample::Sample;
use crate::estimator::answer::no_variation;
use crate::estimator::event::{Effect, Estimated, EventStudy};
use crate::estimator::group_time::{
    Aggregations, At, Average, Averages, Cell, CellRow, Combinations, GroupTime, Inference, Point, averages_of,
};
use crate::estimator::{Estimate, Spec};
use crate::fit::Term;
use crate::message::{Problem, Result, Warning};
use crate::text::Text;

/// What the estimate is made of.
pub(super) struct Answer<'a> {
    pub sample: Sample,
    pub paths: Paths,
    /// Effects and placebos with their event times.
    pub horizons: Vec<(i64, Horizon)>,
    /// The same by cohort, and which of them have a variance.
    pub cells: Vec<(Cell, bool)>,
    pub spec: &'a Spec,
    pub label: Text,
}

/// The headline alone, without bootstrap.
pub(super) fn headline(horizons: &[(i64, Horizon)], spec: &Spec) -> Result<Term> {
    let inference = Inference { level: spec.fit.level, df: None, bootstrap: None, wild: None, seed: spec.seed };
    inference.term(&spec.treatment, &total(horizons)?).ok_or_else(|| no_variation(&spec.outcome))
}

impl Answer<'_> {
    pub fn estimate(self) -> Result<Estimate> {
        let Self { mut sample, paths, horizons, cells, spec, label } = self;
        let overall = total(&horizons)?;
        let inference = Inference::of(spec, None);
        let term = inference.term(&spec.treatment, &overall).ok_or_else(|| no_variation(&spec.outcome))?;
        sample.warnings.extend(alone(&horizons));
        let influence = spec.options.influence.then(|| sample.influence(&overall.influence));
        let rows = averages(&horizons, spec.options.dcdh.normalized)?;
        let simple = Averages { rows: Vec::new(), overall: Some(overall) };
        let base = Text::new(
            "effects are long differences from the last period before treatment first changes; leads (placebos) are as long, back from that period, and of the same units as the effect of that length",
            "效应为相对处理首次变化前最后一期的长差分；处理前系数（安慰剂）为自该期向前、跨度相同的长差分，且使用与相应效应相同的个体",
        );
        let influences: Vec<&[f64]> = rows.rows.iter().map(|row| &row.influence[..]).collect();
        let units = sample.used();
        let switching: Vec<usize> = paths.groups.iter().filter(|g| g.sign.is_some()).map(|g| g.at).collect();
        let treated = units.iter().filter(|unit| switching.binary_search(unit).is_ok()).count();
        let warnings: Vec<Warning> = sample.design.warnings.iter().chain(&sample.warnings).cloned().collect();
        let study = Estimated {
            estimator: "dcdh".to_owned(),
            label,
            effects: rows.effects(),
            covariance: rows.covariance(),
            simulated: inference.simulate(&influences),
            df: None,
            own_df: None,
            resample: inference.resample(&influences),
            references: vec![Effect { event_time: -1, binned: false, estimate: 0.0, n: treated }],
            base: base.clone(),
            pre_available: switching_from(&paths),
            fit: None,
            warnings: sample.warnings.clone(),
        };
        let study = EventStudy::new(study, spec.fit.level, spec.seed);
        let times = sample.design.panel.as_ref().map_or_else(Vec::new, |(_, times)| times.used());
        let by_cohort = ByCohort::new(cells);
        let aggregations = Aggregations {
            simple: simple.rows_with(&spec.treatment, &inference),
            group: by_cohort.averages(GroupTime::by_group).rows_with(&spec.treatment, &inference),
            dynamic: rows.rows_within(&spec.treatment, &inference, study.sup_t),
            calendar: by_cohort.averages(GroupTime::by_calendar).rows_with(&spec.treatment, &inference),
        };
        Ok(Estimate {
            estimator: "dcdh",
            control_group: Text::new(
                "units with the same first treatment that have not changed it yet",
                "初始处理相同且尚未变化的个体",
            ),
            base_period: base,
            overall: term,
            influence,
            event_study: Some(study),
            aggregations,
            group_time: by_cohort.cells(&inference),
            weights: Vec::new(),
            overlap: Vec::new(),
            fit: None,
            n_obs: sample.design.rows(),
            n_units: units.len(),
            n_treated_units: treated,
            periods: [
                times.iter().copied().fold(f64::INFINITY, f64::min),
                times.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ],
            ledger: sample.design.ledger,
            warnings,
        })
    }
}

/// Effects by cohort and period.
struct ByCohort {
    effects: GroupTime,
    has_variance: Vec<bool>,
}

impl ByCohort {
    fn new(mut cells: Vec<(Cell, bool)>) -> Self {
        cells.sort_by(|(a, _), (b, _)| a.group.total_cmp(&b.group).then(a.time.total_cmp(&b.time)));
        let (cells, has_variance) = cells.into_iter().unzip();
        Self { effects: GroupTime::of_owned(cells), has_variance }
    }

    /// One way of averaging; rows of which no cell has a variance have none.
    fn averages(&self, way: fn(&GroupTime) -> Combinations) -> Averages {
        let mut averages = averages_of(&self.effects, way);
        for row in &mut averages.rows {
            let own = |cell: &Point| {
                cell.event_time >= 0 && (row.at == Some(At::Group(cell.group)) || row.at == Some(At::Time(cell.time)))
            };
            if !self.effects.points.iter().zip(&self.has_variance).any(|(cell, has)| *has && own(cell)) {
                row.influence.clear();
            }
        }
        averages
    }

    /// Cells with their inference; those without a variance have none.
    fn cells(mut self, inference: &Inference) -> Vec<CellRow> {
        for block in &mut self.effects.influences.blocks {
            let without = |(_, has): &(&mut Vec<f64>, &bool)| !**has;
            block.features.iter_mut().zip(&self.has_variance).filter(without).for_each(|(own, _)| own.fill(0.0));
        }
        inference.cells_of(&self.effects)
    }
}

/// Periods before the latest change of treatment.
fn switching_from(paths: &Paths) -> usize {
    paths.groups.iter().filter(|group| group.sign.is_some()).map(|group| group.switch).max().unwrap_or(0)
}

/// Share of an effect's weight above which it is told that units stand alone.
const MOSTLY: f64 = 0.5;

/// Says of which effects the variance mostly takes the effect in.
fn alone(horizons: &[(i64, Horizon)]) -> Option<Warning> {
    let mut times: Vec<i64> =
        horizons.iter().filter(|(_, h)| h.has_variance() && h.alone > MOSTLY).map(|(time, _)| *time).collect();
    times.sort_unstable();
    let list = times.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!times.is_empty()).then(|| {
        Warning::new(
            "W822",
            format!(
                "at event times {list} most units that changed their treatment are alone with its date and size, or have a control of one unit or cluster: a mean over both sides stands in for their own, and standard errors are too large"
            ),
            format!(
                "相对时间 {list} 上，多数处理变化的个体没有日期与幅度相同的其他个体，或对照仅为一个个体或聚类：以两组合并均值代替各自均值，标准误偏大"
            ),
        )
    })
}

/// The average total effect: all effects over all the treatment received in their periods beyond the first one.
fn total(horizons: &[(i64, Horizon)]) -> Result<Average> {
    let effects = || horizons.iter().filter(|(time, _)| *time >= 0).map(|(_, horizon)| horizon);
    let dose: f64 = effects().map(|horizon| horizon.weight * horizon.dose).sum();
    if effects().next().is_none() {
        return Err(Problem::new("E205", "no effect has units to compare")
            .fix("see the warnings for why each was left out, or ask for fewer effects"));
    }
    if dose <= 0.0 {
        return Err(Problem::new("E206", "in the periods of the effects treatment is its first value on average")
            .fix("ask for fewer effects, or set `switchers` to in or out"));
    }
    let side = |side: usize| effects().fold(Units::default(), |all, horizon| all.with(horizon.sides[side]));
    for (side, who) in [(side(0), "units that change their treatment are"), (side(1), "controls are")] {
        if !side.are_several() {
            return Err(Problem::new(
                "E404",
                format!("all {who} one unit: nothing tells its noise from the effect, so there is no standard error"),
            )
            .fix("with one treated unit use sdid and its placebo variance, or randomisation inference"));
        }
    }
    let estimate = effects().map(|h| h.weight * h.estimate).sum::<f64>() / dose;
    let clusters = effects().next().map_or(0, |h| h.influence.len());
    let influence = (0..clusters).map(|c| effects().map(|h| h.weight * h.influence[c]).sum::<f64>() / dose).collect();
    Ok(Average { at: None, estimate, influence, n: effects().map(|h| h.n).max().unwrap_or(0) })
}

/// Effects and placebos in ascending event time, those of one unit on a side without influence, and the plain mean of
/// the effects.
fn averages(horizons: &[(i64, Horizon)], normalized: bool) -> Result<Averages> {
    let mut rows = Vec::new();
    for (time, horizon) in horizons {
        let scale = if normalized { horizon.cumulated } else { 1.0 };
        if scale <= 0.0 {
            return Err(Problem::new(
                "E206",
                format!("event time {time} cannot be normalised: treatment until then is its first value on average"),
            )
            .fix("leave `normalized` out, or set `switchers` to in or out"));
        }
        rows.push(Average {
            at: Some(At::EventTime(*time)),
            estimate: horizon.estimate / scale,
            influence: horizon.influence.iter().map(|value| value / scale).collect(),
            n: horizon.n,
        });
    }
    let effects = || rows.iter().zip(horizons).filter(|(_, (time, _))| *time >= 0).map(|(row, _)| row);
    let count = effects().count() as f64;
    let clusters = effects().next().map_or(0, |row| row.influence.len());
    let overall = (count > 0.0).then(|| Average {
        at: None,
        estimate: effects().map(|row| row.estimate).sum::<f64>() / count,
        influence: (0..clusters).map(|c| effects().map(|row| row.influence[c]).sum::<f64>() / count).collect(),
        n: effects().map(|row| row.n).max().unwrap_or(0),
    });
    for (row, _) in rows.iter_mut().zip(horizons).filter(|(_, (_, horizon))| !horizon.has_variance()) {
        row.influence.clear();
    }
    rows.sort_by_key(|row| match row.at {
        Some(At::EventTime(time)) => time,
        _ => 0,
    });
    Ok(Averages { rows, overall })
}
