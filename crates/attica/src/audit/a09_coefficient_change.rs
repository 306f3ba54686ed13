//! A9: what a coefficient loses when one control enters is the control's coefficient times the effect of the regressor on the
//! control: `b_short - b_long = gamma delta`. For the policy, delta is its "effect" on the control; when that is not zero, the control
//! may be an outcome of the policy.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::nested::{added, pairs};
use super::paper::{Column, Paper, Table};
use super::printed::{show, show_interval};

/// Works out the implied effect of the policy on every control that enters alone.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let all = paper.tables.iter().flat_map(|table| pairs(table).into_iter().map(move |pair| (table, pair)));
    all.filter_map(|(table, (short, long))| one(paper, table, short, long)).collect()
}

fn one(paper: &Paper, table: &Table, short: &Column, long: &Column) -> Option<Finding> {
    let control = added(short, long).filter(|_| !short.random_effects && !long.random_effects)?;
    let (before, after) = (paper.policy_term(short)?, paper.policy_term(long)?);
    let change = before.estimate.interval() - after.estimate.interval();
    let gamma = control.estimate.interval();
    if gamma.low <= 0.0 && gamma.high >= 0.0 {
        return None;
    }
    let delta = change / gamma;
    let at_print = (before.estimate.value - after.estimate.value) / control.estimate.value;
    let place = format!("{} {}→{} {}", table.label, short.name, long.name, control.name);
    let sd = paper.variable(&control.name).and_then(|v| v.sd.as_ref());
    let scale = sd
        .map(|sd| (format!(" (its standard deviation is {})", sd.text), format!("（其标准差为{}）", sd.text)))
        .unwrap_or_default();
    let base = (
        format!(
            "the coefficient goes from {} to {} as {} enters with {}: {} differs by {}, which stands for {}, between treated and others after the policy{}",
            before.estimate.text,
            after.estimate.text,
            control.name,
            control.estimate.text,
            control.name,
            show(at_print, 2),
            show_interval(delta, 2),
            scale.0
        ),
        format!(
            "加入{}（系数{}）后政策系数由{}变为{}：意味着政策后处理组与对照组的{}相差{}，即{}{}",
            control.name,
            control.estimate.text,
            before.estimate.text,
            after.estimate.text,
            control.name,
            show(at_print, 2),
            show_interval(delta, 2),
            scale.1
        ),
    );
    let name = |column: &Column, what: &str| format!("{} {} {what}", table.label, column.name);
    let values = vec![
        Value::assigned(name(short, &before.name), Quantity::Coefficient, &before.estimate.text, before.estimate.value),
        Value::assigned(name(long, &after.name), Quantity::Coefficient, &after.estimate.text, after.estimate.value),
        Value::assigned(
            name(long, &control.name),
            Quantity::Coefficient,
            &control.estimate.text,
            control.estimate.value,
        ),
        Value::derived(&control.name, Quantity::EffectOnControl, at_print),
    ];
    // Ends that touch zero leave it possible that the control does not respond.
    let responds = !delta.meets(Interval::point(0.0));
    Some(if responds {
        let en = format!("{}; a control that the policy moves takes part of its effect away", base.0);
        let zh = format!("{}；受政策影响的控制变量会带走部分政策效应", base.1);
        Finding::new(Rule::A9, Verdict::Warn, place, en, zh).assignment(values)
    } else {
        let en = format!("{}; the printed digits allow zero", base.0);
        let zh = format!("{}；按所印位数可以为零", base.1);
        Finding::new(Rule::A9, Verdict::Info, place, en, zh).assignment(values)
    })
}
