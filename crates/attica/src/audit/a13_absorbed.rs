//! A13: unit effects absorb what does not change over time, period effects what is the same for all units; neither has a coefficient.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::paper::{Column, Constant, Paper, Table};

/// Checks coefficients that effects absorb, and constants beside absorbed effects.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in &paper.tables {
        for column in &table.columns {
            findings.extend(terms(paper, table, column));
        }
        findings.extend(constants(table));
    }
    findings
}

fn terms(paper: &Paper, table: &Table, column: &Column) -> Vec<Finding> {
    let Some(effects) = &column.effects else { return Vec::new() };
    let absorbed = |name: &str| match paper.variable(name)?.constant? {
        Constant::Time if effects.units => {
            Some(("does not change over time, and unit effects absorb it", "不随时间变化，将被个体固定效应吸收"))
        }
        Constant::Units if effects.periods => {
            Some(("is the same for all units, and period effects absorb it", "各个体相同，将被时间固定效应吸收"))
        }
        _ => None,
    };
    let found = column.terms.iter().filter_map(|term| Some((term, absorbed(&term.name)?)));
    found
        .map(|(term, (en, zh))| {
            let place = format!("{} {} {}", table.label, column.name, term.name);
            Finding::new(
                Rule::A13,
                Verdict::Fail,
                &place,
                format!("{} {en}: it can have no coefficient", term.name),
                format!("{}{zh}，不可能有系数", term.name),
            )
            .conflict(vec![
                Value::printed(place, Quantity::Coefficient, &term.estimate.text),
                Value::printed("", Quantity::FixedEffects, "yes"),
            ])
        })
        .collect()
}

fn constants(table: &Table) -> Option<Finding> {
    let absorbing = |c: &&Column| {
        c.constant.is_some()
            && !c.random_effects
            && c.effects.as_ref().is_some_and(|e| e.units || e.periods || !e.others.is_empty())
    };
    let columns: Vec<&str> = table.columns.iter().filter(absorbing).map(|c| c.name.as_str()).collect();
    (!columns.is_empty()).then(|| {
        Finding::new(
            Rule::A13,
            Verdict::Info,
            &table.label,
            format!("columns {} print a constant beside fixed effects: it is an average of the effects or that of a base category, which A8 can tell apart", columns.join(", ")),
            format!("第{}列在固定效应之外印有常数项：或为各效应的平均，或属于基准组，可由A8区分", columns.join("、")),
        )
    })
}
