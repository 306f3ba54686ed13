//! A4: the mean of N whole numbers is a whole number over N (GRIM, Brown and Heathers 2017), and their squares add up to a
//! whole number with the parity of their sum (GRIMMER, Anaya 2016; Allard 2018).

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::paper::{Kind, Paper, Variable};

/// Checks every variable of whole numbers.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let counts = paper.variables.iter().filter(|v| v.kind == Kind::Count);
    counts.flat_map(|v| [ends(v), granularity(paper, v)]).flatten().collect()
}

fn place(variable: &Variable) -> String {
    format!("{} {}", variable.place, variable.name).trim().to_owned()
}

/// The smallest and the largest value are whole numbers.
fn ends(variable: &Variable) -> Option<Finding> {
    let place = place(variable);
    let ends = [("min", &variable.min), ("max", &variable.max)];
    let (what, printed) = ends.into_iter().find_map(|(what, printed)| {
        let printed = printed.as_ref()?;
        let whole = printed.interval().contains(printed.value.round());
        (!whole).then_some((what, printed))
    })?;
    let (en, zh) = (
        format!("{what} {} is no whole number, but the variable counts", printed.text),
        format!("{what}为{}，并非整数，而该变量为计数", printed.text),
    );
    Some(Finding::new(Rule::A4, Verdict::Fail, place.clone(), en, zh).conflict(vec![Value::printed(
        &place,
        if what == "min" { Quantity::Min } else { Quantity::Max },
        &printed.text,
    )]))
}

fn granularity(paper: &Paper, variable: &Variable) -> Option<Finding> {
    let mean = variable.mean.as_ref()?;
    let place = place(variable);
    let n = variable.n.or(paper.panel.observations).filter(|n| *n > 1)?;
    let size = n as f64;
    if 2.0 * mean.half * size >= 1.0 {
        let needed = (size.log10().floor() + 1.0) as usize;
        let (en, zh) = (
            format!("mean {}: with N = {n} every mean can be printed so; {needed} decimals would tell", mean.text),
            format!("均值{}：N＝{n}时任何均值都可如此印出；需{needed}位小数方可检验", mean.text),
        );
        return Some(Finding::new(Rule::A4, Verdict::Untestable, place, en, zh));
    }
    let range = mean.interval();
    // Beyond this, sums of squares are no exact numbers of the machine.
    if size * range.abs().high.max(1.0).powi(2) > 1e15 {
        let (en, zh) = ("the numbers are too large for exact sums of squares", "数值过大，无法精确计算平方和");
        return Some(Finding::new(Rule::A4, Verdict::Untestable, place, en, zh));
    }
    let sums = ((range.low * size - 1.0).floor() as i64..=(range.high * size + 1.0).ceil() as i64)
        .filter(|s| range.contains(*s as f64 / size));
    let mut any_sum = false;
    for sum in sums {
        any_sum = true;
        if let Some(squares) = squares(variable, sum, n) {
            let sd = ((squares - (sum as f64).powi(2) / size) / (size - 1.0)).max(0.0).sqrt();
            let (en, zh) = (
                format!(
                    "mean {}: {sum} / {n} is printed so{}",
                    mean.text,
                    if variable.sd.is_some() { ", and its standard deviation can be reached" } else { "" }
                ),
                format!(
                    "均值{}：{sum}/{n}即如此印出{}",
                    mean.text,
                    if variable.sd.is_some() { "，且标准差可以达到" } else { "" }
                ),
            );
            let mut values = vec![
                Value::derived(&place, Quantity::Sum, sum as f64),
                Value::assigned(&place, Quantity::Mean, &mean.text, sum as f64 / size),
            ];
            if let Some(printed) = &variable.sd {
                values.push(Value::assigned(&place, Quantity::StandardDeviation, &printed.text, sd));
            }
            return Some(Finding::new(Rule::A4, Verdict::Pass, place, en, zh).assignment(values));
        }
    }
    let mut cells = vec![
        Value::printed(&place, Quantity::Mean, &mean.text),
        Value::printed(&place, Quantity::Observations, n.to_string()),
    ];
    let (en, zh) = if any_sum {
        let sd = variable.sd.as_ref().map_or("-", |sd| sd.text.as_str());
        cells.insert(1, Value::printed(&place, Quantity::StandardDeviation, sd));
        (
            format!("mean {} and standard deviation {sd}: no {n} whole numbers have both", mean.text),
            format!("均值{}与标准差{sd}：没有{n}个整数能同时具备两者", mean.text),
        )
    } else {
        (
            format!("mean {}: no whole number over {n} is printed so", mean.text),
            format!("均值{}：没有整数除以{n}后如此印出", mean.text),
        )
    };
    Some(Finding::new(Rule::A4, Verdict::Fail, place, en, zh).conflict(cells))
}

/// A sum of squares of `n` whole numbers that add up to `sum` with the printed standard deviation, by either formula.
fn squares(variable: &Variable, sum: i64, n: u64) -> Option<f64> {
    let size = n as f64;
    let centre = (sum as f64).powi(2) / size;
    // Whole numbers that add up to `sum` are closest together when all are its quotient or one more.
    let quotient = sum.div_euclid(n as i64);
    let upper = sum.rem_euclid(n as i64);
    let least = (n as i64 - upper) * quotient.pow(2) + upper * (quotient + 1).pow(2);
    let Some(sd) = &variable.sd else { return Some(least as f64) };
    let spread = sd.interval().positive().square();
    [size - 1.0, size].into_iter().find_map(|divisor| {
        let range = Interval::new(spread.low * divisor + centre, spread.high * divisor + centre);
        let first = ((range.low - 1.0).floor() as i64).max(least);
        // Squares have the parity of what is squared, so sums of squares have that of the sum.
        let first = first + (first - sum).rem_euclid(2);
        (0..3).map(|i| (first + 2 * i) as f64).find(|q| range.contains(*q))
    })
}
