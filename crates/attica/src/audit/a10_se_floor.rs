//! A10: the classical standard error of the policy's coefficient is at least `s_e / sqrt(N v_D)`, where `v_D` is the variance of the
//! treatment within units and periods, known from the design, and `s_e = sd(y) sqrt(1 - R²)` when R² is overall. Controls only raise it.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::interval::Interval;
use super::paper::{Column, Errors, Paper, R2Kind, Table};
use super::printed::show;
use super::rollout::two_way_variance;
use crate::text::Text;

/// Compares the policy's standard error with the smallest classical one, table by table.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let Some(variances) = design_variances(paper) else { return Vec::new() };
    paper.tables.iter().filter_map(|table| one(paper, table, variances)).collect()
}

/// Smallest and largest variance of the treatment within units and periods among the announced designs, treated from the
/// announced period or the next.
fn design_variances(paper: &Paper) -> Option<Interval> {
    let (policy, panel) = (paper.policy.as_ref()?, &paper.panel);
    let (units, first, last) = (panel.units?, panel.first?, panel.last?);
    panel.periods()?;
    let all = policy
        .announced
        .iter()
        .flat_map(|a| [0, 1].map(|shift| two_way_variance(&a.cohorts, units, first, last, shift)));
    all.filter(|v| *v > 1e-12)
        .fold(None, |range: Option<Interval>, v| Some(range.map_or(Interval::point(v), |r| r.hull(Interval::point(v)))))
}

struct Floor<'c> {
    column: &'c Column,
    least: Interval,
    printed: Interval,
}

fn one(paper: &Paper, table: &Table, variances: Interval) -> Option<Finding> {
    let both = |c: &Column| c.effects.as_ref().is_some_and(|e| e.units && e.periods && e.others.is_empty());
    let floors: Vec<Floor<'_>> = table
        .columns
        .iter()
        .filter(|c| {
            both(c) && !table.subgroups && !c.random_effects && matches!(c.r2_kind, R2Kind::Unknown | R2Kind::Overall)
        })
        .filter_map(|column| {
            let sd = paper.variable(&column.outcome)?.sd.as_ref()?.interval();
            let left = column.r2.as_ref()?.interval();
            let left = Interval::new(1.0 - left.high, 1.0 - left.low);
            let n = Interval::point(column.n.filter(|n| Some(*n) == paper.panel.cells())? as f64);
            let least = sd * left.sqrt() / (n * variances).sqrt();
            let printed = paper.policy_term(column)?.error.as_ref()?.interval();
            Some(Floor { column, least, printed })
        })
        .collect();
    if floors.is_empty() {
        return None;
    }
    let below: Vec<&Floor<'_>> = floors.iter().filter(|f| f.printed.high < f.least.low).collect();
    let said = floors.iter().all(|f| f.column.r2_kind == R2Kind::Overall);
    let range = |f: &Floor<'_>| format!("{}–{}", show(f.least.low, 2), show(f.least.high, 2));
    let printed = |f: &Floor<'_>| {
        let error = paper.policy_term(f.column).and_then(|t| t.error.as_ref());
        error.map_or("-".to_owned(), |e| e.text.clone())
    };
    if below.is_empty() {
        let all_en = floors
            .iter()
            .map(|f| format!("{} {} (printed {})", f.column.name, range(f), printed(f)))
            .collect::<Vec<_>>()
            .join(", ");
        let all_zh = floors
            .iter()
            .map(|f| format!("第{}列{}（所印{}）", f.column.name, range(f), printed(f)))
            .collect::<Vec<_>>()
            .join("，");
        let (en, zh) = (
            format!(
                "if R² is overall, the announced designs give classical standard errors of {all_en}: none is printed below"
            ),
            format!("若R²为总体R²，公布的设计对应的经典标准误为{all_zh}：所印均不低于此"),
        );
        let values = floors.iter().map(|f| {
            Value::derived(format!("{} {}", table.label, f.column.name), Quantity::SmallestStandardError, f.least.low)
        });
        return Some(Finding::new(Rule::A10, Verdict::Pass, &table.label, en, zh).assignment(values.collect()));
    }
    let list_en = below
        .iter()
        .map(|f| format!("column {}: {}, printed {}", f.column.name, range(f), printed(f)))
        .collect::<Vec<_>>()
        .join("; ");
    let list_zh = below
        .iter()
        .map(|f| format!("第{}列：{}，所印{}", f.column.name, range(f), printed(f)))
        .collect::<Vec<_>>()
        .join("；");
    let (end_en, end_zh) = if said {
        (
            "these are below what the overall R² and the design allow for classical errors",
            "所印低于总体R²与设计所允许的经典标准误",
        )
    } else {
        (
            "so R² must be within, or the errors are not classical; the table does not label its R²",
            "故R²应为组内R²，或标准误并非经典标准误；表中未注明R²类型",
        )
    };
    let verdict = if said && table.errors == Errors::Classical { Verdict::Fail } else { Verdict::Warn };
    let (en, zh) = (
        format!("if R² is overall, the announced designs give classical standard errors of {list_en}; {end_en}"),
        format!("若R²为总体R²，公布的设计对应的经典标准误为{list_zh}；{end_zh}"),
    );
    let cells = below.iter().flat_map(|f| {
        let place = format!("{} {}", table.label, f.column.name);
        let policy = paper.policy.as_ref().map_or("", |p| p.variable.as_str());
        [
            Value::printed(format!("{place} {policy}"), Quantity::StandardError, printed(f)),
            Value::printed(place, Quantity::R2, f.column.r2.as_ref().map_or("-", |r| r.text.as_str())),
        ]
    });
    Some(Finding::new(Rule::A10, verdict, "", en, zh).at(Text::same(&table.label)).conflict(cells.collect()))
}
