//! A11: across nested columns, classical standard errors of one coefficient obey
//! `(SE_j / SE_i)² = (1 - R²_j) / (1 - R²_i) · df_i / df_j · VIF_j / VIF_i`, and the variance inflation from controls cannot fall as
//! controls enter. In logarithms all columns together are one linear programme.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::nested::{comparable_r2, pairs};
use super::paper::{Column, Errors, Paper, Table};
use super::printed::show;
use crate::math::simplex::Polytope;

/// Checks the standard errors of the policy, or of the first regressor where there is no policy.
pub fn check(paper: &Paper) -> Vec<Finding> {
    paper.tables.iter().filter_map(|table| one(paper, table)).collect()
}

/// A column in logarithms: of the squared standard error, and of `(1 - R²) / df`.
struct Logs<'c> {
    column: &'c Column,
    error: Interval,
    left: Interval,
    printed: String,
    r2: String,
}

fn logs<'c>(paper: &Paper, column: &'c Column, name: &str) -> Option<Logs<'c>> {
    let error = column.term(name)?.error.as_ref()?;
    let r2 = column.r2.as_ref()?;
    let (se, r) = (error.interval(), r2.interval());
    let (least, _) = column.degrees(&paper.panel)?;
    (se.low > 0.0 && r.high < 1.0).then(|| Logs {
        column,
        error: Interval::new(2.0 * se.low.ln(), 2.0 * se.high.ln()),
        left: Interval::new(((1.0 - r.high) / least).ln(), ((1.0 - r.low) / least).ln()),
        printed: error.text.clone(),
        r2: r2.text.clone(),
    })
}

/// Needed `VIF_long / VIF_short`, as an interval.
fn needed(short: &Logs<'_>, long: &Logs<'_>) -> Interval {
    let log = (long.error - short.error) - (long.left - short.left);
    Interval::new(log.low.exp(), log.high.exp())
}

fn one(paper: &Paper, table: &Table) -> Option<Finding> {
    let named = paper.policy.as_ref().map(|p| p.variable.clone());
    let name = named.or_else(|| Some(table.columns.first()?.terms.first()?.name.clone()))?;
    let nested: Vec<(Logs<'_>, Logs<'_>)> = pairs(table)
        .into_iter()
        .filter(|(short, long)| comparable_r2(short, long) && short.effects == long.effects)
        .filter_map(|(short, long)| Some((logs(paper, short, &name)?, logs(paper, long, &name)?)))
        .collect();
    if nested.is_empty() {
        return None;
    }
    if table.errors == Errors::Classical {
        return Some(classical(table, &name, &nested));
    }
    let most = nested.iter().map(|(s, l)| (needed(s, l).low, s, l)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let (least, short, long) = most;
    if least <= 1.0 + 1e-9 {
        return None;
    }
    let share = 100.0 * (1.0 - 1.0 / least);
    let (en, zh) = (
        format!(
            "if standard errors are classical, an unexplained share that falls from {} to {} while the standard error of {name} is {} → {} needs a variance inflation of at least {}: the controls of column {} explain at least {share:.0} % of what is left of {name}",
            unexplained(&short.r2),
            unexplained(&long.r2),
            short.printed,
            long.printed,
            show(least, 3),
            long.column.name
        ),
        format!(
            "若为经典标准误，未解释份额由{}降至{}而{name}的标准误为{}→{}，则方差膨胀至少为{}：第{}列的控制变量至少解释{name}剩余变异的{share:.0}%",
            unexplained(&short.r2),
            unexplained(&long.r2),
            short.printed,
            long.printed,
            show(least, 3),
            long.column.name
        ),
    );
    let place = format!("{} {}→{} {name}", table.label, short.column.name, long.column.name);
    Some(Finding::new(Rule::A11, Verdict::Info, place, en, zh).assignment(vec![Value::derived(
        format!("{} {} {name}", table.label, long.column.name),
        Quantity::VarianceInflation,
        least,
    )]))
}

fn unexplained(r2: &str) -> String {
    super::printed::Printed::parse(r2).map_or_else(|| r2.to_owned(), |p| show(1.0 - p.value, 3))
}

/// One linear programme over all columns; of an infeasible one, the smallest set of columns that is infeasible.
fn classical(table: &Table, name: &str, nested: &[(Logs<'_>, Logs<'_>)]) -> Finding {
    let mut columns: Vec<&Logs<'_>> = Vec::new();
    for logs in nested.iter().flat_map(|(s, l)| [s, l]) {
        if !columns.iter().any(|c| std::ptr::eq(c.column, logs.column)) {
            columns.push(logs);
        }
    }
    let edges: Vec<(usize, usize)> = nested
        .iter()
        .filter_map(|(s, l)| {
            let at = |logs: &Logs<'_>| columns.iter().position(|c| std::ptr::eq(c.column, logs.column));
            Some((at(s)?, at(l)?))
        })
        .collect();
    let all: Vec<usize> = (0..columns.len()).collect();
    if let Some(inflation) = feasible(&columns, &edges, &all) {
        let list = inflation.iter().map(|v| show(v.exp(), 3)).collect::<Vec<_>>().join(", ");
        let (en, zh) = (
            format!("classical standard errors of {name}, R² and variance inflation {list} agree across columns"),
            format!("{name}的经典标准误、R²与方差膨胀（{list}）各列一致"),
        );
        let values = columns.iter().zip(&inflation).map(|(c, v)| {
            Value::derived(format!("{} {} {name}", table.label, c.column.name), Quantity::VarianceInflation, v.exp())
        });
        return Finding::new(Rule::A11, Verdict::Pass, &table.label, en, zh).assignment(values.collect());
    }
    let mut conflict = all;
    for i in (0..columns.len()).rev() {
        let without: Vec<usize> = conflict.iter().copied().filter(|c| *c != i).collect();
        if feasible(&columns, &edges, &without).is_none() {
            conflict = without;
        }
    }
    let names = conflict.iter().map(|&i| columns[i].column.name.clone()).collect::<Vec<_>>();
    let (en, zh) = (
        format!(
            "the classical standard errors of {name} in columns {} fall faster than R² rises, though controls can only raise them at equal R²",
            names.join(", ")
        ),
        format!("第{}列{name}的经典标准误下降快于R²的上升，而R²相同时控制变量只会使其上升", names.join("、")),
    );
    let cells = conflict.iter().flat_map(|&i| {
        let c = columns[i];
        let at = format!("{} {}", table.label, c.column.name);
        [
            Value::printed(format!("{at} {name}"), Quantity::StandardError, &c.printed),
            Value::printed(at, Quantity::R2, &c.r2),
        ]
    });
    Finding::new(Rule::A11, Verdict::Fail, &table.label, en, zh).conflict(cells.collect())
}

/// Logarithms of variance inflation in the columns `used`, when some exist: `error = c + left + v`, `v_long >= v_short >= 0`.
fn feasible(columns: &[&Logs<'_>], edges: &[(usize, usize)], used: &[usize]) -> Option<Vec<f64>> {
    let edges: Vec<(usize, usize)> = edges
        .iter()
        .filter_map(|(s, l)| Some((used.iter().position(|u| u == s)?, used.iter().position(|u| u == l)?)))
        .collect();
    // Per column: error above its lower end and slack to the upper, the same of `left`, and v; then c in two parts; then one
    // slack for each pair.
    let (m, width) = (used.len(), 5 * used.len() + 2 + edges.len());
    let (mut rows, mut rhs) = (Vec::new(), Vec::new());
    let mut row = |entries: &[(usize, f64)], right: f64| {
        let mut row = vec![0.0; width];
        for (column, value) in entries {
            row[*column] = *value;
        }
        rows.push(row);
        rhs.push(right);
    };
    for (i, &u) in used.iter().enumerate() {
        let (c, at) = (columns[u], 5 * i);
        row(&[(at, 1.0), (at + 1, 1.0)], c.error.high - c.error.low);
        row(&[(at + 2, 1.0), (at + 3, 1.0)], c.left.high - c.left.low);
        row(&[(at, 1.0), (at + 2, -1.0), (at + 4, -1.0), (5 * m, -1.0), (5 * m + 1, 1.0)], c.left.low - c.error.low);
    }
    for (i, (s, l)) in edges.iter().enumerate() {
        row(&[(5 * l + 4, 1.0), (5 * s + 4, -1.0), (5 * m + 2 + i, -1.0)], 0.0);
    }
    let vertex = Polytope::new(&rows, &rhs)?.vertex();
    let least = (0..m).map(|i| vertex[5 * i + 4]).fold(f64::INFINITY, f64::min);
    Some((0..m).map(|i| vertex[5 * i + 4] - least).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::paper::Panel;
    use super::super::printed::Printed;
    use super::*;
    use crate::audit::paper::Term;

    fn column(name: &str, controls: usize, se: &str, r2: &str) -> Column {
        let term = |name: &str, se: &str| Term {
            name: name.to_owned(),
            estimate: Printed::parse("0.100").unwrap(),
            stars: 0,
            error: Printed::parse(se),
            statistic: None,
            p_value: None,
            interval: None,
        };
        let others = (0..controls).map(|i| term(&format!("x{i}"), "0.010"));
        Column {
            name: name.to_owned(),
            outcome: "y".to_owned(),
            terms: [term("d", se)].into_iter().chain(others).collect(),
            n: Some(1000),
            r2: Printed::parse(r2),
            ..Column::default()
        }
    }

    fn paper(columns: Vec<Column>) -> Paper {
        let table = Table { label: "T".to_owned(), errors: Errors::Classical, columns, ..Table::default() };
        Paper { tables: vec![table], panel: Panel::default(), ..Paper::default() }
    }

    #[test]
    fn a_standard_error_that_falls_faster_than_r2_rises_is_told_with_its_two_columns() {
        let good = check(&paper(vec![
            column("(1)", 0, "0.040", "0.174"),
            column("(2)", 1, "0.040", "0.484"),
            column("(3)", 2, "0.040", "0.679"),
        ]));
        assert_eq!(good[0].verdict, Verdict::Pass);
        let bad = check(&paper(vec![
            column("(1)", 0, "0.040", "0.174"),
            column("(2)", 1, "0.020", "0.184"),
            column("(3)", 2, "0.020", "0.679"),
        ]));
        assert_eq!(bad[0].verdict, Verdict::Fail);
        assert!(bad[0].message.en.contains("columns (1), (2)"), "{}", bad[0].message.en);
    }
}
