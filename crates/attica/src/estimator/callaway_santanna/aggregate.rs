//! Averages of group-time effects, with the influence of the estimated cohort shares
//! (Callaway and Sant'Anna 2021, section 3; R `aggte`).

use serde::{Deserialize, Serialize};

use super::{AttGt, GroupTime};

/// How group-time effects are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Aggregation {
    /// All post-treatment cells, by cohort size.
    Simple,
    /// By cohort; overall: mean over treated units of their cohort's mean effect.
    Group,
    /// By event time; overall: plain mean over event times from zero on.
    Dynamic {
        /// First event time kept.
        min_e: Option<i64>,
        /// Last event time kept.
        max_e: Option<i64>,
        /// Only cohorts seen for at least this many periods after adoption, up to it.
        balance_e: Option<i64>,
    },
    /// By period; overall: plain mean over periods.
    Calendar,
}

/// An averaged effect. Its standard error is `sqrt(mean(IF^2) / n)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    /// Cohort, event time or period; `None` for an overall effect.
    pub at: Option<f64>,
    /// Effect.
    pub att: f64,
    /// Influence of each unit; empty where the effect is zero by construction.
    pub influence: Vec<f64>,
}

/// One aggregation: its rows and its overall effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Effects by cohort, event time or period; none for `simple`.
    pub rows: Vec<Average>,
    /// The overall effect; `None` when no post-treatment cell was estimated.
    pub overall: Option<Average>,
}

/// Averages group-time effects; `step` is the distance between periods.
pub fn aggregate(effects: &AttGt, how: Aggregation, step: f64) -> Aggregate {
    let shares = Shares::new(effects);
    // What happens in an anticipation window is no part of the average effect: "post" starts at adoption.
    let post: Vec<&GroupTime> = effects.effects.iter().filter(|c| c.time >= c.group).collect();
    match how {
        Aggregation::Simple => Aggregate { rows: Vec::new(), overall: shares.weighted(&post, None) },
        Aggregation::Group => by_group(&shares, &post),
        Aggregation::Calendar => {
            let rows = rows_at(&shares, &post, |c| c.time);
            let overall = plain_mean(&rows);
            Aggregate { rows, overall }
        }
        Aggregation::Dynamic { min_e, max_e, balance_e } => {
            let event = |c: &GroupTime| ((c.time - c.group) / step).round();
            let last = effects.effects.iter().map(|c| c.time).fold(f64::NEG_INFINITY, f64::max);
            let first = effects.effects.iter().map(|c| c.time.min(c.base)).fold(f64::INFINITY, f64::min);
            let kept: Vec<&GroupTime> = effects
                .effects
                .iter()
                .filter(|c| {
                    let e = event(c) as i64;
                    let long_enough = balance_e.is_none_or(|b| {
                        let periods = ((last - first) / step).round() as i64 + 1;
                        (last - c.group) / step >= b as f64 && e <= b && e > b - periods
                    });
                    long_enough && min_e.is_none_or(|m| e >= m) && max_e.is_none_or(|m| e <= m)
                })
                .collect();
            let rows = rows_at(&shares, &kept, event);
            let after: Vec<Average> = rows.iter().filter(|r| r.at.is_some_and(|e| e >= 0.0)).cloned().collect();
            let overall = plain_mean(&after);
            Aggregate { rows, overall }
        }
    }
}

fn rows_at(shares: &Shares, cells: &[&GroupTime], key: impl Fn(&GroupTime) -> f64) -> Vec<Average> {
    let mut keys: Vec<f64> = cells.iter().map(|c| key(c)).collect();
    keys.sort_by(f64::total_cmp);
    keys.dedup();
    keys.into_iter()
        .filter_map(|at| {
            let here: Vec<&GroupTime> = cells.iter().copied().filter(|c| key(c) == at).collect();
            shares.weighted(&here, Some(at))
        })
        .collect()
}

/// A cohort's effect is the plain mean over its treated periods; cohorts then weigh by size.
fn by_group(shares: &Shares, post: &[&GroupTime]) -> Aggregate {
    let mut groups: Vec<f64> = post.iter().map(|c| c.group).collect();
    groups.dedup();
    let rows: Vec<Average> = groups
        .iter()
        .filter_map(|&group| {
            let cells: Vec<Average> = post.iter().filter(|c| c.group == group).map(|c| as_average(c)).collect();
            plain_mean(&cells).map(|mean| Average { at: Some(group), ..mean })
        })
        .collect();
    let overall = shares.combine(&rows, &groups);
    Aggregate { rows, overall }
}

fn as_average(cell: &GroupTime) -> Average {
    Average { at: None, att: cell.att, influence: cell.influence.clone() }
}

/// Mean with equal, known weights.
fn plain_mean(rows: &[Average]) -> Option<Average> {
    let n = rows.first()?.influence.len();
    let m = rows.len() as f64;
    let mut influence = vec![0.0; n];
    for row in rows {
        for (sum, value) in influence.iter_mut().zip(&row.influence) {
            *sum += value / m;
        }
    }
    Some(Average { at: None, att: rows.iter().map(|r| r.att).sum::<f64>() / m, influence })
}

/// Cohort shares and their influence functions.
struct Shares<'a> {
    effects: &'a AttGt,
}

impl<'a> Shares<'a> {
    fn new(effects: &'a AttGt) -> Self {
        Self { effects }
    }

    fn of(&self, group: f64) -> f64 {
        let total: f64 = self
            .effects
            .cohort
            .iter()
            .zip(&self.effects.weight)
            .filter(|(g, _)| **g == Some(group))
            .map(|(_, w)| w)
            .sum();
        total / self.effects.cohort.len() as f64
    }

    fn weighted(&self, cells: &[&GroupTime], at: Option<f64>) -> Option<Average> {
        let groups: Vec<f64> = cells.iter().map(|c| c.group).collect();
        let averages: Vec<Average> = cells.iter().map(|c| as_average(c)).collect();
        self.combine(&averages, &groups).map(|mean| Average { at, ..mean })
    }

    /// Mean of `rows` weighted by the share of each row's cohort, the shares being estimated.
    fn combine(&self, rows: &[Average], groups: &[f64]) -> Option<Average> {
        let shares: Vec<f64> = groups.iter().map(|&g| self.of(g)).collect();
        let total: f64 = shares.iter().sum();
        let n = rows.first()?.influence.len();
        let att = rows.iter().zip(&shares).map(|(r, s)| r.att * s).sum::<f64>() / total;
        let mut influence = vec![0.0; n];
        for ((row, share), &group) in rows.iter().zip(&shares).zip(groups) {
            for (i, sum) in influence.iter_mut().enumerate() {
                let own = f64::from(self.effects.cohort[i] == Some(group)) * self.effects.weight[i] - share;
                *sum += row.influence[i] * share / total + own * (row.att - att) / total;
            }
        }
        Some(Average { at: None, att, influence })
    }
}
