//! A3 (DEBIT, Heathers and Brown 2019): a 0/1 variable with k ones among N rows has mean k/N and standard deviation
//! `sqrt(k/N (1 - k/N) N/(N-1))`; some whole number k must be printed as the paper prints both.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::paper::{Kind, Paper, Variable};
use super::rollout::binary_moments;

/// Numbers of ones that are looked through at most; with more, the mean has too few digits to say anything.
const MOST: u64 = 1_000_000;

/// Numbers of ones that a printed mean, and a printed standard deviation where there is one, allow; none without a mean, or when it
/// has too few digits for so many rows.
pub fn ones(variable: &Variable, n: u64) -> Option<Vec<u64>> {
    let mean = variable.mean.as_ref()?;
    let range = mean.interval();
    let size = n as f64;
    let first = (range.low * size - 1.0).floor().max(0.0) as u64;
    let last = ((range.high * size + 1.0).ceil().max(0.0) as u64).min(n);
    if last.saturating_sub(first) > MOST {
        return None;
    }
    let allowed = (first..=last).filter(|&k| {
        let (m, sample) = binary_moments(k, n);
        let population = (m * (1.0 - m)).sqrt();
        let spread = variable.sd.as_ref().is_none_or(|sd| {
            let sd = sd.interval();
            sd.contains(sample) || sd.contains(population)
        });
        range.contains(m) && spread
    });
    Some(allowed.collect())
}

/// Checks the mean and standard deviation of every binary variable.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let binary = paper.variables.iter().filter(|v| v.kind == Kind::Binary);
    binary.filter_map(|v| one(paper, v)).collect()
}

fn one(paper: &Paper, variable: &Variable) -> Option<Finding> {
    let mean = variable.mean.as_ref()?;
    let place = format!("{} {}", variable.place, variable.name).trim().to_owned();
    let n = variable.n.or(paper.panel.observations).filter(|n| *n > 1);
    let Some(n) = n else {
        let (en, zh) = ("no number of observations is printed", "未印观测数");
        return Some(Finding::new(Rule::A3, Verdict::Untestable, place, en, zh));
    };
    let Some(ones) = ones(variable, n) else {
        let en = format!("mean {}: too few digits for {n} rows", mean.text);
        let zh = format!("均值{}：就{n}行而言位数过少", mean.text);
        return Some(Finding::new(Rule::A3, Verdict::Untestable, place, en, zh));
    };
    let sd = variable.sd.as_ref().map_or("-", |sd| sd.text.as_str());
    let printed = (
        format!("mean {}, standard deviation {sd}, N {n}", mean.text),
        format!("均值{}、标准差{sd}、N＝{n}", mean.text),
    );
    let cells = vec![
        Value::printed(&place, Quantity::Mean, &mean.text),
        Value::printed(&place, Quantity::StandardDeviation, sd),
        Value::printed(&place, Quantity::Observations, n.to_string()),
    ];
    let Some(middle) = ones.get(ones.len() / 2).copied() else {
        let near = (mean.value * n as f64).round().clamp(0.0, n as f64) as u64;
        let (m, s) = binary_moments(near, n);
        let (en, zh) = (
            format!("{}: no number of ones gives both; {near} ones give {m:.4} and {s:.4}", printed.0),
            format!("{}：没有任何1的个数能同时给出两者；{near}个1对应{m:.4}与{s:.4}", printed.1),
        );
        return Some(Finding::new(Rule::A3, Verdict::Fail, place, en, zh).conflict(cells));
    };
    let (m, s) = binary_moments(middle, n);
    let (en, zh) = (
        format!("{}: {} ones", printed.0, list(&ones, "or")),
        format!("{}：1的个数为{}", printed.1, list(&ones, "或")),
    );
    Some(Finding::new(Rule::A3, Verdict::Pass, place.clone(), en, zh).assignment(vec![
        Value::derived(&place, Quantity::Ones, middle as f64),
        Value::assigned(&place, Quantity::Mean, &mean.text, m),
        Value::assigned(&place, Quantity::StandardDeviation, sd, s),
    ]))
}

/// `450, 451 or 452`; `450 to 470` where there are many.
pub fn list(numbers: &[u64], or: &str) -> String {
    match numbers {
        [] => "-".to_owned(),
        [one] => one.to_string(),
        [first, .., last] if numbers.len() > 4 => format!("{first}–{last}"),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(u64::to_string).collect();
            let gap = if or.is_ascii() { " " } else { "" };
            format!("{}{gap}{or}{gap}{last}", rest.join(if or.is_ascii() { ", " } else { "、" }))
        }
    }
}
