//! The separate test of parallel trends: event times before adoption in a regression on untreated rows.

use crate::design::Codes;
use crate::estimator::group_time::{At, Average};
use crate::estimator::within::{Account, ByUnit, NO_LEVEL, Rows, Within};
use crate::message::{Result, Warning};
use crate::vcov::Ssc;

/// Coefficients of the event times `tested` in a regression of the rows `used` with unit and period effects and
/// covariates, and their influence with the small-sample factor. `event` is the event time of each cell, `cell` the
/// cell of each row. Of event times that are collinear the earlier ones leave, and are told.
///
/// # Errors
/// `E701` without degrees of freedom.
pub(super) fn leads(
    rows: &Rows,
    used: &[bool],
    by_unit: &ByUnit,
    (event, cell): (&[i64], &[u32]),
    tested: &[i64],
    (ssc, frequency): (Ssc, bool),
) -> Result<(Vec<Average>, Vec<Warning>)> {
    if tested.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    // Later event times come first, so that of dependent ones these stay.
    let place = |k: &i64| tested.iter().rev().position(|t| t == k).map_or(NO_LEVEL, |at| at as u32);
    let of_cell: Vec<u32> = event.iter().map(place).chain([NO_LEVEL]).collect();
    let level: Vec<u32> = cell.iter().map(|&cell| of_cell[(cell as usize).min(event.len())]).collect();
    let mut count = vec![0; tested.len() + 1];
    for (row, &level) in level.iter().enumerate().filter(|(row, _)| used[*row]) {
        count[(level as usize).min(tested.len())] += rows.count(row);
    }
    let fit = Within::fit(rows, used, &level, tested.len(), by_unit);
    let clusters = Codes { name: String::new(), codes: rows.cluster.to_vec().into(), levels: rows.clusters };
    let account = Account::new(rows, used, by_unit, frequency, &clusters);
    let factor = account.adjust(fit.regressors(), ssc)?.factor.sqrt();
    let (kept, lost): (Vec<usize>, Vec<usize>) = (0..tested.len()).rev().partition(|&at| fit.is_kept(fit.level(at)));
    let time = |at: usize| tested[tested.len() - 1 - at];
    let direction = |&at: &usize| {
        let mut direction = fit.factor.inverse_column(fit.level(at));
        for value in &mut direction {
            *value *= factor;
        }
        direction
    };
    let directions: Vec<Vec<f64>> = kept.iter().map(direction).collect();
    let average = |(&at, influence): (&usize, Vec<f64>)| Average {
        at: Some(At::EventTime(time(at))),
        estimate: fit.coefficients[fit.level(at)],
        influence,
        n: count[at],
    };
    let warning = |at: usize| {
        let k = time(at);
        Warning::new(
            "W306",
            format!("the lead at event time {k} is left out: with the effects it is a combination of later leads"),
            format!("相对时间 {k} 的处理前系数被剔除：与固定效应及更晚的处理前系数线性相关"),
        )
    };
    let found = kept.iter().zip(fit.influences(&directions)).map(average).collect();
    Ok((found, lost.into_iter().map(warning).collect()))
}
