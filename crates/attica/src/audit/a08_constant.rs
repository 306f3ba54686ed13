//! A8: with pooled least squares, and with absorbed effects as software reports them, `a = mean(y) - sum b_j mean(x_j)`.
//! Its standard error is then `sqrt(s²/N + mean(x)² se_b²)` when errors are classical, and `|mean(x)| se_b` when unit effects are
//! absorbed and errors are clustered by unit (residuals of a unit add up to zero).

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::paper::{Column, Errors, Paper, Table, Term, Variable};
use super::printed::{Printed, show, show_interval};
use crate::text::Text;

/// Checks every printed constant.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in &paper.tables {
        let columns = || table.columns.iter().filter(|c| !c.random_effects && !c.unlisted_controls && !table.subgroups);
        findings.extend(columns().filter_map(|column| means(paper, table, column)));
        findings.extend(errors(paper, table, columns().collect()));
    }
    findings
}

/// The mean of a variable over the rows of the column.
fn mean<'p>(paper: &'p Paper, column: &Column, name: &str) -> Option<&'p Variable> {
    paper.variable(name).filter(|v| v.mean.is_some() && (v.n.is_none() || v.n == column.n))
}

fn pooled(column: &Column) -> bool {
    column.effects.as_ref().is_some_and(|e| !e.units && !e.periods && e.others.is_empty())
}

fn means(paper: &Paper, table: &Table, column: &Column) -> Option<Finding> {
    let constant = column.constant.as_ref()?;
    let outcome = mean(paper, column, &column.outcome)?.mean.as_ref()?;
    let x: Vec<(&Term, &Printed)> =
        column.terms.iter().map(|t| Some((t, mean(paper, column, &t.name)?.mean.as_ref()?))).collect::<Option<_>>()?;
    let place = format!("{} {} {}", table.label, column.name, constant.name);
    let sum = x.iter().fold(constant.estimate.interval(), |sum, (b, x)| sum + b.estimate.interval() * x.interval());
    let (y, at_print) =
        (outcome.interval(), x.iter().map(|(b, x)| b.estimate.value * x.value).sum::<f64>() + constant.estimate.value);
    let terms = x.iter().fold(String::new(), |all, (b, x)| all + &format!(" + {} × {}", b.estimate.text, x.text));
    let law = format!("{}{terms} = {}", constant.estimate.text, show(at_print, 3));
    let mut values = vec![(place.clone(), Quantity::Coefficient, &constant.estimate)];
    values.extend(x.iter().flat_map(|(b, m)| {
        [
            (format!("{} {} {}", table.label, column.name, b.name), Quantity::Coefficient, &b.estimate),
            (b.name.clone(), Quantity::Mean, *m),
        ]
    }));
    values.push((column.outcome.clone(), Quantity::Mean, outcome));
    if sum.meets(y) {
        let (en, zh) = (
            format!(
                "{law}, which stands for {}; mean of {} {}: what pooled least squares and absorbed effects give",
                show_interval(sum, 3),
                column.outcome,
                outcome.text
            ),
            format!(
                "{law}，即{}；{}的均值为{}：与混合回归或吸收固定效应一致",
                show_interval(sum, 3),
                column.outcome,
                outcome.text
            ),
        );
        let values = assignment(&values);
        return Some(Finding::new(Rule::A8, Verdict::Pass, place, en, zh).assignment(values));
    }
    let verdict = if pooled(column) { Verdict::Fail } else { Verdict::Warn };
    let (en, zh) = (
        format!(
            "{law}, which stands for {}, but the mean of {} is {}: the constant is not the one of {}",
            show_interval(sum, 3),
            column.outcome,
            outcome.text,
            if pooled(column) { "pooled least squares" } else { "absorbed effects" }
        ),
        format!(
            "{law}，即{}，而{}的均值为{}：常数项并非{}所得",
            show_interval(sum, 3),
            column.outcome,
            outcome.text,
            if pooled(column) { "混合回归" } else { "吸收固定效应" }
        ),
    );
    let cells = values.iter().map(|(name, what, p)| Value::printed(name, *what, &p.text)).collect();
    Some(Finding::new(Rule::A8, verdict, place, en, zh).conflict(cells))
}

/// Moves the printed values together towards the corner of their box that closes the gap.
fn assignment(values: &[(String, Quantity, &Printed)]) -> Vec<Value> {
    // a + sum b x - y with everything `w` of the way to the corner that raises it (w > 0) or lowers it.
    let at = |w: f64| -> Vec<f64> {
        let last = values.len() - 1;
        (0..values.len())
            .map(|i| {
                let p = values[i].2;
                let partner = if i == 0 || i == last {
                    1.0
                } else if i % 2 == 1 {
                    values[i + 1].2.value
                } else {
                    values[i - 1].2.value
                };
                let direction = if i == last { -1.0 } else { partner.signum() };
                p.value + w * direction * p.half
            })
            .collect()
    };
    let gap = |v: &[f64]| v[0] + v[1..v.len() - 1].chunks(2).map(|c| c[0] * c[1]).sum::<f64>() - v[v.len() - 1];
    let (mut low, mut high) = (-1.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if gap(&at(middle)) < 0.0 { low = middle } else { high = middle }
    }
    let solved = at(0.5 * (low + high));
    values.iter().zip(solved).map(|((name, what, p), x)| Value::assigned(name, *what, &p.text, x)).collect()
}

/// A constant whose standard error no model with absorbed effects gives.
struct Odd {
    column: String,
    implied: Interval,
    sd: Printed,
    clustered: Interval,
    random: f64,
    cells: Vec<Value>,
}

/// Standard errors of constants beside one regressor: one finding for the table.
fn errors(paper: &Paper, table: &Table, columns: Vec<&Column>) -> Option<Finding> {
    let odd: Vec<Odd> = columns.into_iter().filter_map(|column| odd(paper, table, column)).collect();
    if odd.is_empty() {
        return None;
    }
    let declared = table.errors == Errors::Classical;
    let list = |one: &dyn Fn(&Odd) -> String, sep: &str| odd.iter().map(one).collect::<Vec<_>>().join(sep);
    let en = list(
        &|o| {
            format!(
                "{}: classical errors would need a residual standard deviation of {} at the printed digits ({} in all), clustering by unit with absorbed unit effects gives {}",
                o.column,
                show(o.implied.high, 3),
                o.sd.text,
                show_interval(o.clustered, 2)
            )
        },
        "; ",
    );
    let zh = list(
        &|o| {
            format!(
                "{}：按所印数字，经典标准误要求残差标准差为{}（总标准差为{}），吸收个体固定效应并按个体聚类则为{}",
                o.column,
                show(o.implied.high, 3),
                o.sd.text,
                show_interval(o.clustered, 2)
            )
        },
        "；",
    );
    let random_en = list(&|o| format!("{} for {}", show(o.random, 2), o.column), ", ");
    let random_zh = list(&|o| format!("{}约给出{}", o.column, show(o.random, 2)), "，");
    let en = format!(
        "the constants' standard errors fit no model with absorbed effects. {en}. Random effects, and pooled least squares clustered by unit, give about {random_en}"
    );
    let zh = format!("常数项的标准误与吸收固定效应的模型不符。{zh}。随机效应或按个体聚类的混合回归对{random_zh}");
    let verdict = if declared { Verdict::Fail } else { Verdict::Warn };
    let cells = odd.iter().flat_map(|o| o.cells.clone()).collect();
    Some(Finding::new(Rule::A8, verdict, "", en, zh).at(Text::same(&table.label)).conflict(cells))
}

fn odd(paper: &Paper, table: &Table, column: &Column) -> Option<Odd> {
    let constant = column.constant.as_ref()?;
    let [term] = column.terms.as_slice() else { return None };
    let (outcome, x) = (mean(paper, column, &column.outcome)?, mean(paper, column, &term.name)?.mean.as_ref()?);
    let (sd, n) = (outcome.sd.as_ref()?, column.n? as f64);
    let (least, _) = column.degrees(&paper.panel)?;
    let (se_a, se_b) = (constant.error.as_ref()?, term.error.as_ref()?);
    // Pooled and clustered errors can be anything.
    if pooled(column) && table.errors != Errors::Classical {
        return None;
    }
    let own = se_a.interval().positive().square();
    let slope = (x.interval() * se_b.interval().positive()).square();
    let implied = |own: Interval, slope: Interval| (Interval::point(n) * (own - slope)).sqrt();
    let residual = implied(own, slope);
    let total = sd.interval().high * ((n - 1.0) / least).sqrt();
    let clustered = slope.sqrt();
    let (classical_fits, cluster_fits) = (residual.low <= total, clustered.meets(se_a.interval()));
    let fits = match table.errors {
        Errors::Classical => classical_fits,
        _ => classical_fits || cluster_fits,
    };
    let name = |what: &str| format!("{} {} {what}", table.label, column.name);
    (!fits).then(|| Odd {
        column: format!("{} {}", column.name, column.outcome),
        implied: implied(Interval::point(se_a.value.powi(2)), Interval::point((x.value * se_b.value).powi(2))),
        sd: sd.clone(),
        clustered: Interval::point((x.value * se_b.value).abs()),
        random: sd.value / (paper.panel.units.unwrap_or(1) as f64).sqrt(),
        cells: vec![
            Value::printed(name(&constant.name), Quantity::StandardError, &se_a.text),
            Value::printed(name(&term.name), Quantity::StandardError, &se_b.text),
            Value::printed(&column.outcome, Quantity::StandardDeviation, &sd.text),
        ],
    })
}
