//! From an event study to coefficients around one reference.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::Coefficients;
use crate::estimator::Leads;
use crate::estimator::event::EventStudy;
use crate::message::{Problem, Result, Warning};

/// The combination of effects that is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The effect in the first period of treatment.
    #[default]
    First,
    /// The mean of all effects from the first period of treatment on.
    Average,
    /// The effect so many periods after the first.
    At(i64),
}

/// A coefficient, or a sum of them, at one event time.
struct Point {
    time: i64,
    /// Weights on the rows of the covariance.
    weights: Vec<(usize, f64)>,
}

impl Coefficients {
    /// The coefficients of `study`, whose leads are `leads`, and what there is to say of them.
    ///
    /// The reference is the last period without reaction: with anticipation, effects of periods between it and
    /// adoption count as later ones that the target leaves out. Short leads become long ones by adding them up.
    ///
    /// # Errors
    /// `E607` when leads have no single reference period, when there are several, when no lead or no effect of the
    /// target is next to it, and when a coefficient has no variance.
    pub fn of(study: &EventStudy, leads: Leads, anticipation: usize, target: Target) -> Result<(Self, Vec<Warning>)> {
        let name = &study.label.en;
        let rows: Vec<_> = study.rows.iter().filter(|row| !study.reference.contains(&row.event_time)).collect();
        let reference = reference(study, leads, anticipation)?;
        let mut points: Vec<Point> = Vec::new();
        let mut warnings = Vec::new();
        for (i, row) in rows.iter().enumerate().filter(|(_, row)| !row.binned) {
            points.push(Point { time: row.event_time, weights: vec![(i, 1.0)] });
        }
        if leads == Leads::Short {
            let from: Vec<usize> =
                rows.iter().filter(|row| row.event_time <= reference && !row.binned).map(|row| row.n).collect();
            let alike = from.windows(2).all(|pair| pair[0] == pair[1]);
            points = add_up(points, reference);
            warnings.push(short_leads(name, reference, alike));
        }
        let used = next_to(points, reference);
        let mut left: Vec<i64> = rows.iter().map(|row| row.event_time).collect();
        left.retain(|time| {
            used.iter().all(|point| point.time != *time) && (leads != Leads::Short || *time != reference)
        });
        if !left.is_empty() && leads != Leads::Short || rows.iter().any(|row| row.binned) {
            warnings.push(left_out(name, &left));
        }
        let pre = used.iter().filter(|point| point.time < reference).count();
        let weights: Vec<f64> = used[pre..].iter().map(|point| weight(target, point.time)).collect();
        let total: f64 = weights.iter().sum();
        if pre == 0 {
            return Err(Problem::new(
                "E607",
                format!(
                    "{name} has no lead next to its reference {reference}, so nothing is known of how trends differ"
                ),
            )
            .fix("widen the window to earlier periods, and do not bin the leads"));
        }
        if total == 0.0 {
            return Err(Problem::new("E607", format!("{name} has no effect at the event time asked for that periods one after the other lead to from its reference {reference}"))
                .fix("ask for an effect within the window, and do not bin it"));
        }
        let size = used.len();
        let map = DMatrix::from_fn(size, rows.len(), |i, j| {
            used[i].weights.iter().find(|(row, _)| *row == j).map_or(0.0, |(_, weight)| *weight)
        });
        let covariance = DMatrix::from_fn(rows.len(), rows.len(), |i, j| study.covariance[i][j]);
        let estimate = DVector::from_fn(rows.len(), |i, _| rows[i].estimate);
        let covariance = &map * covariance * map.transpose();
        if let Some(none) = (0..size).find(|&i| covariance[(i, i)].is_nan() || covariance[(i, i)] <= 0.0) {
            return Err(Problem::new(
                "E607",
                format!("the coefficient of {name} at event time {} has no variance", used[none].time),
            )
            .fix("look for periods in which the model fits exactly, and leave them out of the window"));
        }
        let found =
            Self { estimate: map * estimate, covariance, pre, target: weights.iter().map(|w| w / total).collect() };
        Ok((found, warnings))
    }
}

/// The event time that coefficients are differences from.
fn reference(study: &EventStudy, leads: Leads, anticipation: usize) -> Result<i64> {
    let name = &study.label.en;
    let last = -1 - anticipation as i64;
    match (leads, &study.reference[..]) {
        (Leads::Short, []) => Ok(last),
        (Leads::Short, [one]) if *one == last => Ok(last),
        (Leads::Long, [one]) => Ok(*one),
        (Leads::Long, [_, _, ..]) => {
            let list: Vec<String> = study.reference.iter().map(i64::to_string).collect();
            Err(Problem::new("E607", format!("{name} has the references {}: a second one assumes away part of the difference in trends that sensitivity analysis is about", list.join(" and ")))
                .fix("keep one reference, the last period before adoption; with no never-treated units use an estimator that compares with units not yet treated"))
        }
        _ => Err(Problem::new("E607", format!("leads of {name} are not differences from the same single period as its effects, so the sets of violations are not defined for them"))
            .fix("use an estimator with long leads (`twfe`, `sa`, `stacked`, `cs` with `base_period = \"universal\"`)")),
    }
}

/// Long leads from short ones: the change from a period to the reference is the sum of all changes on the way.
fn add_up(points: Vec<Point>, reference: i64) -> Vec<Point> {
    let (leads, mut found): (Vec<Point>, Vec<Point>) = points.into_iter().partition(|point| point.time <= reference);
    let mut sum: Vec<(usize, f64)> = Vec::new();
    let mut expected = reference;
    for lead in leads.into_iter().rev() {
        if lead.time != expected {
            break;
        }
        sum.extend(lead.weights.iter().map(|(row, weight)| (*row, -weight)));
        expected -= 1;
        found.push(Point { time: expected, weights: sum.clone() });
    }
    found.sort_by_key(|point| point.time);
    found
}

/// The points that lie next to `reference` or next to one another on the way to it.
fn next_to(points: Vec<Point>, reference: i64) -> Vec<Point> {
    let has = |time: i64| points.iter().any(|point| point.time == time);
    let first = (i64::MIN..reference).rev().find(|time| !has(*time)).unwrap_or(i64::MIN);
    let last = (reference + 1..i64::MAX).find(|time| !has(*time)).unwrap_or(i64::MAX);
    points.into_iter().filter(|point| point.time > first && point.time < last && point.time != reference).collect()
}

fn weight(target: Target, time: i64) -> f64 {
    let asked = match target {
        Target::First => time == 0,
        Target::Average => time >= 0,
        Target::At(at) => time == at,
    };
    if asked { 1.0 } else { 0.0 }
}

fn short_leads(name: &str, reference: i64, alike: bool) -> Warning {
    let (en, zh) = if alike {
        ("they were added up to differences from the same period as the effects", "已累加为与效应相同基期的长差分")
    } else {
        (
            "they were added up to differences from the same period as the effects; cohorts differ between them, so the sums only approximate the leads of `base_period = \"universal\"`, which are better asked for",
            "已累加为与效应相同基期的长差分；各期处理前系数所含组别不同，累加仅为近似，宜改用 `base_period = \"universal\"`",
        )
    };
    Warning::new(
        "W842",
        format!(
            "leads of {name} are short differences, which a sensitivity analysis must not mix with effects (Roth 2024): {en}, event time {reference}"
        ),
        format!("{name}的处理前系数为短差分，敏感性分析不可与效应混用（Roth 2024）：{zh}（事件时间{reference}）"),
    )
}

fn left_out(name: &str, times: &[i64]) -> Warning {
    let list = times.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    Warning::new(
        "W843",
        format!(
            "the sensitivity analysis leaves out the coefficients of {name} at {list}: they stand for several periods or lie beyond a gap, so steps to them are not of one period"
        ),
        format!("敏感性分析未使用{name}在{list}的系数：其代表多个时期或位于间断之外，相邻步长不为一期"),
    )
}
