//! A6: on one sample, R² does not fall as regressors enter. Adjusted R² and R² of random effects may.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::nested::{comparable_r2, pairs};
use super::paper::{Paper, Table};

/// Checks the order of R² in every table, and that each lies between 0 and 1.
pub fn check(paper: &Paper) -> Vec<Finding> {
    paper.tables.iter().flat_map(table).collect()
}

fn table(table: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    for column in &table.columns {
        if let Some(r2) = &column.r2
            && (!r2.interval().meets(Interval::new(f64::NEG_INFINITY, 1.0))
                || column.r2_kind != super::paper::R2Kind::Adjusted && r2.interval().high < 0.0)
        {
            let place = format!("{} {}", table.label, column.name);
            let (en, zh) = (format!("R² {} is not between 0 and 1", r2.text), format!("R²为{}，不在0与1之间", r2.text));
            findings.push(Finding::new(Rule::A6, Verdict::Fail, place.clone(), en, zh).conflict(vec![Value::printed(
                place,
                Quantity::R2,
                &r2.text,
            )]));
        }
    }
    let mut in_order = Vec::new();
    for (short, long) in pairs(table) {
        let (Some(low), Some(high)) = (&short.r2, &long.r2) else { continue };
        if !comparable_r2(short, long) {
            continue;
        }
        if low.interval().low <= high.interval().high + 1e-12 {
            in_order.extend([&short.name, &long.name]);
            continue;
        }
        let (en, zh) = (
            format!(
                "column {} has all regressors of {} and more, on as many rows, but its R² {} is below {}",
                long.name, short.name, high.text, low.text
            ),
            format!(
                "第{}列包含第{}列全部解释变量且更多，观测数相同，其R²（{}）却低于后者（{}）",
                long.name, short.name, high.text, low.text
            ),
        );
        let name = |c: &str| format!("{} {c}", table.label);
        let cells = vec![
            Value::printed(name(&short.name), Quantity::R2, &low.text),
            Value::printed(name(&long.name), Quantity::R2, &high.text),
        ];
        // Columns may differ in fixed effects that the table does not say.
        let verdict = if short.effects.is_some() { Verdict::Fail } else { Verdict::Warn };
        findings.push(Finding::new(Rule::A6, verdict, &table.label, en, zh).conflict(cells));
    }
    if findings.is_empty() && !in_order.is_empty() {
        let printed: Vec<_> = table
            .columns
            .iter()
            .filter(|c| in_order.contains(&&c.name))
            .filter_map(|c| Some((c, c.r2.as_ref()?)))
            .collect();
        let all: Vec<&str> = printed.iter().map(|(_, r2)| r2.text.as_str()).collect();
        let (en, zh) = (
            format!("R² does not fall as regressors enter: {}", all.join(", ")),
            format!("加入解释变量后R²未下降：{}", all.join("、")),
        );
        // Ties in print are ties in the witness: the running maximum obeys every order.
        let mut top = f64::NEG_INFINITY;
        let values = printed.iter().map(|(column, r2)| {
            top = top.max(r2.value);
            Value::assigned(
                format!("{} {}", table.label, column.name),
                Quantity::R2,
                &r2.text,
                r2.interval().nearest(top),
            )
        });
        let values = values.collect();
        findings.push(Finding::new(Rule::A6, Verdict::Pass, &table.label, en, zh).assignment(values));
    }
    findings
}
