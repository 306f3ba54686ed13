//! A5: the treated rows that the mean of the treatment allows (A3) are those of an announced design,
//! `sum of n_c (T - g_c + 1)`, with dates read as announced, one period later, or one earlier.

use std::collections::BTreeSet;

use super::a03_binary::{list, ones};
use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::paper::{Announced, Cohort, Paper, Policy, Variable};
use super::rollout::{Reading, binary_moments, describe, readings, treated_periods};
use crate::text::Text;

/// Other designs that are shown at most.
const SHOWN: usize = 5;

/// Compares the mean of the treatment with every announced design.
pub fn check(paper: &Paper) -> Vec<Finding> {
    one(paper).into_iter().collect()
}

fn one(paper: &Paper) -> Option<Finding> {
    let policy = paper.policy.as_ref()?;
    let variable = paper.variable(&policy.variable)?;
    let mean = variable.mean.as_ref()?;
    let readings = readings(&policy.announced, &paper.panel);
    if readings.is_empty() {
        return None;
    }
    let place = format!("{} {}", variable.place, variable.name).trim().to_owned();
    let cells = paper.panel.cells()?;
    let n = variable.n.or(paper.panel.observations).unwrap_or(cells);
    if n != cells || n < 2 {
        let (en, zh) = (
            "treated rows follow from announced dates only in a balanced panel whose rows are all used",
            "仅当面板平衡且全部使用时，处理观测数方由公布时点决定",
        );
        return Some(Finding::new(Rule::A5, Verdict::Untestable, place, en, zh));
    }
    let Some(allowed) = ones(variable, n) else {
        let (en, zh) = ("the mean has too few digits for so many rows (A3)", "均值位数过少（A3）");
        return Some(Finding::new(Rule::A5, Verdict::Untestable, place, en, zh));
    };
    if allowed.is_empty() {
        let (en, zh) = (
            "no number of treated rows gives the printed mean and standard deviation (A3)",
            "没有任何处理观测数能给出所印均值与标准差（A3）",
        );
        return Some(Finding::new(Rule::A5, Verdict::Untestable, place, en, zh));
    }
    let fits: Vec<&Reading<'_>> = readings.iter().filter(|r| allowed.contains(&r.rows)).collect();
    if let Some(fit) = fits.first() {
        return Some(pass(&place, variable, fit, fits.len(), n));
    }
    let mid = allowed[allowed.len() / 2];
    let mut tried = readings.clone();
    tried.sort_by_key(|r| r.rows.abs_diff(mid));
    let others = others(paper, policy, &allowed);
    let mut en = format!(
        "mean {} of {n} rows needs {} treated rows; no announced design has as many:",
        mean.text,
        list(&allowed, "or")
    );
    let mut zh = format!("{n}行的均值{}需要{}个处理观测；公布的设计均不符：", mean.text, list(&allowed, "或"));
    for reading in tried.iter().take(3) {
        let text = reading_text(reading, n);
        en += &format!(" {};", text.en);
        zh += &format!("{}；", text.zh);
    }
    if !others.is_empty() {
        let joined = |get: &dyn Fn(&Text) -> &str, sep: &str| {
            others.iter().take(SHOWN).map(|o| get(&o.1).to_owned()).collect::<Vec<_>>().join(sep)
        };
        let more = others.len().saturating_sub(SHOWN);
        let (more_en, more_zh) = if more == 0 {
            (String::new(), String::new())
        } else {
            (format!(" and {more} more"), format!("等另{more}种"))
        };
        en += &format!(" what would fit: {}{more_en}", joined(&|t| &t.en, "; "));
        zh += &format!("能够符合者：{}{more_zh}", joined(&|t| &t.zh, "；"));
    }
    let nearest = tried[0].announced;
    let mut values = vec![Value::printed(&place, Quantity::Mean, &mean.text)];
    values.extend(variable.sd.as_ref().map(|sd| Value::printed(&place, Quantity::StandardDeviation, &sd.text)));
    values.push(Value::printed(nearest.place.clone(), Quantity::Cohorts, dates(&nearest.cohorts)));
    let en = en.trim_end_matches(';').to_owned();
    let zh = zh.trim_end_matches('；').to_owned();
    Some(Finding::new(Rule::A5, Verdict::Fail, place, en, zh).conflict(values))
}

/// Cohorts as `2011: 41, 2016: 12`.
fn dates(cohorts: &[Cohort]) -> String {
    cohorts.iter().map(|c| format!("{}: {}", c.from, c.units)).collect::<Vec<_>>().join(", ")
}

fn reading_text(reading: &Reading<'_>, n: u64) -> Text {
    let (mean, sd) = binary_moments(reading.rows, n);
    let who = describe(&reading.announced.cohorts, reading.shift);
    Text::new(
        format!("{} gives {} (mean {mean:.3}, standard deviation {sd:.3})", who.en, reading.rows),
        format!("{}得{}（均值{mean:.3}，标准差{sd:.3}）", who.zh, reading.rows),
    )
}

fn pass(place: &str, variable: &Variable, fit: &Reading<'_>, count: usize, n: u64) -> Finding {
    let text = reading_text(fit, n);
    let (shift_en, shift_zh) = match fit.shift {
        1 => (", dates read as one period later than announced", "，时点较公布晚一期"),
        -1 => (", dates read as one period earlier than announced", "，时点较公布早一期"),
        _ => ("", ""),
    };
    let (also_en, also_zh) = if count > 1 {
        (format!("; {count} readings fit"), format!("；共{count}种读法符合"))
    } else {
        (String::new(), String::new())
    };
    let (mean, sd) = binary_moments(fit.rows, n);
    let printed = |p: &Option<super::printed::Printed>| p.as_ref().map_or("-".to_owned(), |p| p.text.clone());
    Finding::new(
        Rule::A5,
        Verdict::Pass,
        place,
        format!("{}, as printed{shift_en}{also_en}", text.en),
        format!("{}，与所印一致{shift_zh}{also_zh}", text.zh),
    )
    .assignment(vec![
        Value::derived(place, Quantity::TreatedRows, fit.rows as f64),
        Value::assigned(place, Quantity::Mean, printed(&variable.mean), mean),
        Value::assigned(place, Quantity::StandardDeviation, printed(&variable.sd), sd),
    ])
}

/// Designs near the announced ones that would give the printed mean, those of announced numbers of units first: one date with an
/// announced date or number of units, and two dates that share an announced number of units, one of them announced.
fn others(paper: &Paper, policy: &Policy, allowed: &[u64]) -> Vec<(u64, Text)> {
    let panel = &paper.panel;
    let (Some(first), Some(last), Some(most)) = (panel.first, panel.last, panel.units) else { return Vec::new() };
    if allowed.len() > 1000 || last - first > 1000 {
        return Vec::new();
    }
    let cohorts = || policy.announced.iter().flat_map(|a: &Announced| a.cohorts.iter());
    let dates: BTreeSet<i64> = cohorts().map(|c| c.from).collect();
    let totals: BTreeSet<u64> = policy.announced.iter().map(|a| a.cohorts.iter().map(|c| c.units).sum()).collect();
    // A rank, the rows and the words: an indicator of the group, a number of units near an announced one, two dates, others.
    let mut found: Vec<(u64, u64, Text)> = Vec::new();
    let text = |cohorts: &[Cohort], rows: u64| {
        let who = describe(cohorts, 0);
        Text::new(format!("{} = {rows} rows", who.en), format!("{}＝{rows}行", who.zh))
    };
    for from in first..=last {
        let each = treated_periods(from, first, last);
        for &rows in allowed.iter().filter(|rows| rows.is_multiple_of(each) && **rows / each <= most) {
            let units = rows / each;
            if from == first && totals.contains(&units) {
                found.push((0, rows, group_indicator(units, rows)));
            } else if dates.contains(&from) {
                let near = totals.iter().any(|total| 5 * total.abs_diff(units) <= *total);
                found.push((if near { 1 } else { 3 }, rows, text(&[Cohort { from, units }], rows)));
            }
        }
    }
    for (&total, &from) in totals.iter().flat_map(|total| dates.iter().map(move |from| (total, from))) {
        for later in (first..=last).filter(|later| *later > from) {
            let (a, b) = (treated_periods(from, first, last), treated_periods(later, first, last));
            let fit = allowed.iter().find_map(|&rows| {
                let rest = rows.checked_sub(total * b)?;
                let units = rest.checked_div(a - b).filter(|units| *units > 0 && *units < total)?;
                rest.is_multiple_of(a - b).then_some((rows, units))
            });
            found.extend(fit.map(|(rows, units)| {
                (2, rows, text(&[Cohort { from, units }, Cohort { from: later, units: total - units }], rows))
            }));
        }
    }
    found.sort_by_key(|(rank, ..)| *rank);
    found.into_iter().map(|(_, rows, text)| (rows, text)).collect()
}

fn group_indicator(units: u64, rows: u64) -> Text {
    Text::new(
        format!(
            "{units} units in every period = {rows} rows (an indicator of the group, which unit effects absorb: A13)"
        ),
        format!("{units}个个体在全部时期均为1＝{rows}行（分组虚拟变量，将被个体固定效应吸收：A13）"),
    )
}
