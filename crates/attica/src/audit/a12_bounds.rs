//! A12: a variable between a and b with mean m has `sd² <= (m - a)(b - m) N/(N-1)`; smallest and largest values stand around the mean and
//! force some spread; intervals are coefficient ± critical value × standard error; p-values are those of t.

use super::a07_added_regressor::printed_t;
use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::paper::{Column, Kind, Paper, Table, Term, Variable};
use super::precision::{distributions, two_sided};
use super::printed::{Printed, show, show_interval, trimmed};
use crate::math::distribution::{normal_quantile, t_quantile};

/// Checks descriptive statistics against bounds, and intervals and p-values against standard errors.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let mut findings: Vec<Finding> = paper.variables.iter().flat_map(|v| variable(paper, v)).collect();
    for table in &paper.tables {
        for column in &table.columns {
            for term in column.terms.iter().chain(&column.constant) {
                findings.extend(interval(paper, table, column, term));
                findings.extend(p_value(paper, table, column, term));
                findings.extend(sign(table, column, term));
            }
        }
    }
    findings
}

fn variable(paper: &Paper, v: &Variable) -> Vec<Finding> {
    let place = format!("{} {}", v.place, v.name).trim().to_owned();
    let (min, max) = (v.min.as_ref().map(Printed::interval), v.max.as_ref().map(Printed::interval));
    let mean = v.mean.as_ref().map(Printed::interval);
    let mut findings = Vec::new();
    let printed: Vec<(&str, &Printed)> = [("min", &v.min), ("mean", &v.mean), ("max", &v.max)]
        .into_iter()
        .filter_map(|(n, p)| Some((n, p.as_ref()?)))
        .collect();
    for pair in printed.windows(2) {
        let ((low, a), (high, b)) = (pair[0], pair[1]);
        if a.interval().low > b.interval().high {
            let (en, zh) = (
                format!("{low} {} is above {high} {}", a.text, b.text),
                format!("{}（{}）大于{}（{}）", zh_name(low), a.text, zh_name(high), b.text),
            );
            let cells =
                vec![Value::printed(&place, quantity(low), &a.text), Value::printed(&place, quantity(high), &b.text)];
            findings.push(Finding::new(Rule::A12, Verdict::Fail, &place, en, zh).conflict(cells));
        }
    }
    if let Some((a, b)) = v.range {
        for (what, p) in &printed {
            if !p.interval().meets(Interval::new(a, b)) {
                let (en, zh) = (
                    format!("{what} {} lies outside the range {a} to {b} that the variable is said to have", p.text),
                    format!("{}（{}）超出该变量应有的范围{a}至{b}", zh_name(what), p.text),
                );
                findings.push(Finding::new(Rule::A12, Verdict::Fail, &place, en, zh).conflict(vec![Value::printed(
                    &place,
                    quantity(what),
                    &p.text,
                )]));
            }
        }
    }
    let (Some(sd), Some(m)) = (&v.sd, mean) else { return findings };
    let n = v.n.or(paper.panel.observations).filter(|n| *n > 1);
    let factor = n.map_or(1.0, |n| n as f64 / (n as f64 - 1.0));
    let low = v
        .range
        .map(|r| r.0)
        .into_iter()
        .chain(min.map(|i| i.low))
        .fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))));
    let high = v
        .range
        .map(|r| r.1)
        .into_iter()
        .chain(max.map(|i| i.high))
        .fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.min(b))));
    if let (Some(a), Some(b)) = (low, high)
        && findings.is_empty()
        && v.kind != Kind::Binary
    {
        // The product is largest where the mean is nearest the middle.
        let most = |m: f64| ((m - a).max(0.0) * (b - m).max(0.0) * factor).sqrt();
        let bound = most(m.nearest(0.5 * (a + b)));
        let at_print = most(v.mean.as_ref().map_or(m.low, |p| p.value));
        let (en, zh) = (
            format!(
                "between {} and {} with this mean the standard deviation is at most {}; printed {}",
                trimmed(a, 4),
                trimmed(b, 4),
                show(at_print, 3),
                sd.text
            ),
            format!(
                "介于{}与{}之间且均值如此时，标准差至多为{}；所印为{}",
                trimmed(a, 4),
                trimmed(b, 4),
                show(at_print, 3),
                sd.text
            ),
        );
        let cells = || {
            let all = [("min", &v.min), ("mean", &v.mean), ("standard deviation", &v.sd), ("max", &v.max)];
            all.into_iter().filter_map(|(n, p)| Some(Value::printed(&place, quantity(n), &p.as_ref()?.text))).collect()
        };
        findings.push(if sd.interval().low <= bound * (1.0 + 1e-9) {
            Finding::new(Rule::A12, Verdict::Pass, &place, en, zh).assignment(vec![Value::derived(
                &place,
                Quantity::LargestStandardDeviation,
                at_print,
            )])
        } else {
            Finding::new(Rule::A12, Verdict::Fail, &place, en, zh).conflict(cells())
        });
    }
    if let (Some(min), Some(max), Some(n)) = (min, max, n.filter(|n| *n > 2))
        && sd.interval().high < least_spread(min, m, max, n) * (1.0 - 1e-9)
    {
        let least = least_spread(min, m, max, n);
        let (en, zh) = (
            format!(
                "one row at the smallest and one at the largest value alone give a standard deviation of {}; printed {}",
                show(least, 3),
                sd.text
            ),
            format!("仅最小值、最大值各一行就使标准差达到{}；所印为{}", show(least, 3), sd.text),
        );
        let cells = [("min", &v.min), ("mean", &v.mean), ("standard deviation", &v.sd), ("max", &v.max)];
        let cells = cells.into_iter().filter_map(|(n, p)| Some(Value::printed(&place, quantity(n), &p.as_ref()?.text)));
        findings.push(Finding::new(Rule::A12, Verdict::Fail, &place, en, zh).conflict(cells.collect()));
    }
    findings
}

/// Smallest standard deviation (population formula, the smaller one) of `n` rows, one of which has the smallest value and one the
/// largest, all others being equal: `((a - m)² + (b - m)² + (a + b - 2m)²/(n - 2)) / n`.
fn least_spread(min: Interval, mean: Interval, max: Interval, n: u64) -> f64 {
    let n = n as f64;
    let at = |a: f64, m: f64, b: f64| ((a - m).powi(2) + (b - m).powi(2) + (a + b - 2.0 * m).powi(2) / (n - 2.0)) / n;
    // A convex function of the mean, least halfway between the ends.
    let (a, b) = (min.high, max.low);
    if a >= b { 0.0 } else { at(a, mean.nearest(0.5 * (a + b)), b).sqrt() }
}

fn quantity(what: &str) -> Quantity {
    match what {
        "min" => Quantity::Min,
        "max" => Quantity::Max,
        "mean" => Quantity::Mean,
        _ => Quantity::StandardDeviation,
    }
}

fn zh_name(what: &str) -> &'static str {
    match what {
        "min" => "最小值",
        "max" => "最大值",
        _ => "均值",
    }
}

fn interval(paper: &Paper, table: &Table, column: &Column, term: &Term) -> Option<Finding> {
    let (low, high) = term.interval.as_ref()?;
    let place = format!("{} {} {}", table.label, column.name, term.name);
    let (l, h) = (low.interval(), high.interval());
    let half = Interval::point(0.5);
    let (centre, radius) = ((l + h) * half, (h - l) * half);
    let mut cells = vec![
        Value::printed(&place, Quantity::Coefficient, &term.estimate.text),
        Value::printed(&place, Quantity::Interval, format!("[{}, {}]", low.text, high.text)),
    ];
    if l.low > h.high || !centre.meets(term.estimate.interval()) {
        let (en, zh) = (
            format!(
                "the interval [{}, {}] is not centred on {}: its middle lies in {}",
                low.text,
                high.text,
                term.estimate.text,
                show_interval(centre, 3)
            ),
            format!(
                "区间[{}, {}]并非以{}为中心：其中点位于{}",
                low.text,
                high.text,
                term.estimate.text,
                show_interval(centre, 3)
            ),
        );
        return Some(Finding::new(Rule::A12, Verdict::Fail, place, en, zh).conflict(cells));
    }
    let Some(error) = &term.error else {
        let (en, zh) = (
            format!("[{}, {}] is centred on {}", low.text, high.text, term.estimate.text),
            format!("[{}, {}]以{}为中心", low.text, high.text, term.estimate.text),
        );
        return Some(Finding::new(Rule::A12, Verdict::Pass, place, en, zh));
    };
    let multiple = radius / error.interval().positive();
    let fits = distributions(paper, column).iter().find_map(|df| {
        let c = df.map_or_else(|| normal_quantile(0.975), |df| t_quantile(0.975, df));
        multiple.contains(c).then_some(c)
    });
    let (en, zh) = (
        format!(
            "the half width of [{}, {}] is {} standard errors of {}; 95 % need about 1.96",
            low.text,
            high.text,
            show_interval(multiple, 3),
            error.text
        ),
        format!(
            "[{}, {}]的半宽为标准误{}的{}倍；95%约需1.96倍",
            low.text,
            high.text,
            error.text,
            show_interval(multiple, 3)
        ),
    );
    cells.push(Value::printed(&place, Quantity::StandardError, &error.text));
    Some(match fits {
        Some(c) => Finding::new(Rule::A12, Verdict::Pass, &place, en, zh).assignment(vec![Value::derived(
            &place,
            Quantity::CriticalValue,
            c,
        )]),
        None => Finding::new(Rule::A12, Verdict::Fail, &place, en, zh).conflict(cells),
    })
}

fn p_value(paper: &Paper, table: &Table, column: &Column, term: &Term) -> Option<Finding> {
    let p = term.p_value.as_ref()?;
    let place = format!("{} {} {}", table.label, column.name, term.name);
    if !p.interval().meets(Interval::new(0.0, 1.0)) {
        let (en, zh) = (format!("p = {} is not between 0 and 1", p.text), format!("所印p＝{}，不在0与1之间", p.text));
        let cells = vec![Value::printed(&place, Quantity::P, &p.text)];
        return Some(Finding::new(Rule::A12, Verdict::Fail, place, en, zh).conflict(cells));
    }
    let t = printed_t(term)?;
    let allowed =
        |df| Interval::new(if t.high.is_finite() { two_sided(t.high, df) } else { 0.0 }, two_sided(t.low, df));
    let dfs = distributions(paper, column);
    let fits = dfs.iter().any(|df| allowed(*df).meets(p.interval()));
    let (en, zh) = (
        format!(
            "p = {} is printed; |t| in {} gives p in {}",
            p.text,
            show_interval(t, 3),
            show_interval(allowed(dfs[0]), 3)
        ),
        format!("所印p＝{}；|t|位于{}，对应p位于{}", p.text, show_interval(t, 3), show_interval(allowed(dfs[0]), 3)),
    );
    Some(if fits {
        Finding::new(Rule::A12, Verdict::Pass, place, en, zh)
    } else {
        let cells = vec![
            Value::printed(&place, Quantity::P, &p.text),
            Value::printed(&place, Quantity::CoefficientAndError, super::precision::shown(term)),
        ];
        Finding::new(Rule::A12, Verdict::Fail, place, en, zh).conflict(cells)
    })
}

/// A coefficient and its t have one sign.
fn sign(table: &Table, column: &Column, term: &Term) -> Option<Finding> {
    let (b, t) = (term.estimate.interval(), term.statistic.as_ref()?);
    let other = b.low > 0.0 && t.interval().high < 0.0 || b.high < 0.0 && t.interval().low > 0.0;
    let place = format!("{} {} {}", table.label, column.name, term.name);
    let (en, zh) = (
        format!("the coefficient is {} and its t {}: they have opposite signs", term.estimate.text, t.text),
        format!("系数为{}，t值为{}：符号相反", term.estimate.text, t.text),
    );
    let cells = vec![
        Value::printed(&place, Quantity::Coefficient, &term.estimate.text),
        Value::printed(&place, Quantity::T, &t.text),
    ];
    other.then(|| Finding::new(Rule::A12, Verdict::Fail, place, en, zh).conflict(cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sample_with_both_ends_spreads_less() {
        let mut random = crate::math::random::stream(3, 0);
        for _ in 0..500 {
            let n = 3 + random.index(8);
            let x: Vec<f64> = (0..n).map(|_| random.normal()).collect();
            let mean = x.iter().sum::<f64>() / n as f64;
            let sd = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
            let (min, max) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
            let least = least_spread(Interval::point(min), Interval::point(mean), Interval::point(max), n as u64);
            assert!(least <= sd * (1.0 + 1e-12), "{least} {sd}");
        }
    }
}
