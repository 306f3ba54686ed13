//! A7: one regressor that enters raises R² by what its classical t says: `t² = (R²_long - R²_short) / (1 - R²_long) df`.
//! Clustering changes t; by more than the square root of the number of periods, even full dependence within units hardly explains.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::nested::{added, comparable_r2, pairs};
use super::paper::{Column, Errors, Paper, Table, Term};
use super::printed::{show, show_interval};

/// Checks every column that has one regressor more than another.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let all = paper.tables.iter().flat_map(|table| pairs(table).into_iter().map(move |pair| (table, pair)));
    all.filter_map(|(table, (short, long))| one(paper, table, short, long)).collect()
}

/// The printed |t| of a coefficient.
pub fn printed_t(term: &Term) -> Option<Interval> {
    let ratio = || Some(term.estimate.interval().abs() / term.error.as_ref()?.interval().positive());
    ratio().or_else(|| Some(term.statistic.as_ref()?.interval().abs()))
}

fn one(paper: &Paper, table: &Table, short: &Column, long: &Column) -> Option<Finding> {
    let term = added(short, long).filter(|_| comparable_r2(short, long))?;
    let (low, high) = (short.r2.as_ref()?.interval(), long.r2.as_ref()?.interval());
    let (least, most) = long.degrees(&paper.panel)?;
    let left = Interval::new(1.0 - high.high, 1.0 - high.low).positive();
    if left.low <= 0.0 {
        return None;
    }
    // Both ends are corners: R²_long raises t throughout, R²_short lowers it.
    let t2 = |rise: f64, left: f64, df: f64| (rise.max(0.0) / left * df).sqrt();
    let classical = Interval::new(t2(high.low - low.high, left.high, least), t2(high.high - low.low, left.low, most));
    let own = Interval::new(classical.low, t2(high.high - low.low, left.low, least));
    let printed = printed_t(term)?;
    let place = format!("{} {} {}", table.label, long.name, term.name);
    let rise = (high - low).positive();
    let cells = || {
        vec![
            Value::printed(
                format!("{} {}", table.label, short.name),
                Quantity::R2,
                short.r2.as_ref().map_or("", |p| p.text.as_str()),
            ),
            Value::printed(
                format!("{} {}", table.label, long.name),
                Quantity::R2,
                long.r2.as_ref().map_or("", |p| p.text.as_str()),
            ),
            Value::printed(&place, Quantity::CoefficientAndError, super::precision::shown(term)),
        ]
    };
    let base = (
        format!(
            "adding {} raises R² by {}: classical |t| {} ({} degrees of freedom), printed {}",
            term.name,
            show_interval(rise, 2),
            show_interval(own, 3),
            format_args!("{least:.0}"),
            show_interval(printed, 2)
        ),
        format!(
            "加入{}使R²上升{}：经典|t|为{}（自由度{}），所印为{}",
            term.name,
            show_interval(rise, 2),
            show_interval(own, 3),
            format_args!("{least:.0}"),
            show_interval(printed, 2)
        ),
    );
    if classical.meets(printed) {
        let middle =
            classical.intersection(printed).map_or(classical.low, |both| 0.5 * (both.low + both.high.min(1e6)));
        return Some(Finding::new(Rule::A7, Verdict::Pass, &place, base.0, base.1).assignment(vec![Value::derived(
            &place,
            Quantity::T,
            middle,
        )]));
    }
    if table.errors == Errors::Classical {
        return Some(Finding::new(Rule::A7, Verdict::Fail, &place, base.0, base.1).conflict(cells()));
    }
    // How many times the printed standard error must be the classical one, or the other way round.
    let (times, larger) = if printed.high < classical.low {
        (Interval::new(classical.low / printed.high, own.high / printed.low), true)
    } else {
        (Interval::new(printed.low / classical.high, printed.high / own.low), false)
    };
    let root = (paper.panel.periods().unwrap_or(1) as f64).sqrt();
    let range = if times.high.is_finite() && times.high < 20.0 {
        format!("{}–{}", show(times.low, 2), show(times.high, 2))
    } else {
        format!("≥ {}", show(times.low, 2))
    };
    let (times_en, times_zh) = if larger {
        (
            format!("the printed standard error is {range} times the classical one"),
            format!("所印标准误为经典标准误的{range}倍"),
        )
    } else {
        (
            format!("the classical standard error is {range} times the printed one"),
            format!("经典标准误为所印标准误的{range}倍"),
        )
    };
    let (en, zh) = (format!("{}; {times_en}", base.0), format!("{}；{times_zh}", base.1));
    Some(if times.low > root {
        let en = format!("{en}, where dependence over time explains up to √T = {}", show(root, 2));
        let zh = format!("{zh}，而时间上的相关至多解释√T＝{}倍", show(root, 2));
        Finding::new(Rule::A7, Verdict::Warn, &place, en, zh).conflict(cells())
    } else {
        Finding::new(Rule::A7, Verdict::Pass, &place, en, zh).assignment(vec![Value::derived(
            &place,
            Quantity::Times,
            times.low,
        )])
    })
}
