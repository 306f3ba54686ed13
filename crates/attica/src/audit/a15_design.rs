//! A15: what the design can show: periods before, leads that can be tested, share of treated units, cohorts of one unit.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::paper::{Announced, Panel, Paper};
use crate::text::Text;

/// Reads the announced designs.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let Some(policy) = &paper.policy else { return Vec::new() };
    let mut findings: Vec<Finding> = periods(&paper.panel, &policy.announced).into_iter().collect();
    for announced in &policy.announced {
        findings.extend(units(&paper.panel, announced));
    }
    findings
}

fn periods(panel: &Panel, announced: &[Announced]) -> Option<Finding> {
    let (first, last) = (panel.first?, panel.last?);
    let start = announced.iter().flat_map(|a| &a.cohorts).map(|c| c.from).min()?;
    let before = (start - first).max(0);
    let leads = (before - 1).max(0);
    let after = (last - start + 1).max(0);
    let (en, zh) = (
        format!(
            "{} before {start} ({}), {} from then on; one is the reference, so {} can be tested",
            count(before, "period", "periods"),
            if before == 0 { "none".to_owned() } else { format!("{first}–{}", start - 1) },
            after,
            count(leads, "lead", "leads")
        ),
        format!(
            "{start}年之前有{before}期{}，此后{after}期；一期为基准，故可检验的提前期为{leads}个",
            if before == 0 { String::new() } else { format!("（{first}–{}）", start - 1) }
        ),
    );
    let (verdict, en, zh) = match leads {
        0 => (Verdict::Warn, format!("{en}: nothing about parallel trends"), format!("{zh}：平行趋势无从检验")),
        1 => (
            Verdict::Warn,
            format!("{en}: a parallel trend rests on one coefficient"),
            format!("{zh}：平行趋势仅依据一个系数"),
        ),
        _ => (Verdict::Info, en, zh),
    };
    let values = vec![
        Value::derived("", Quantity::PeriodsBefore, before as f64),
        Value::derived("", Quantity::TestableLeads, leads as f64),
    ];
    Some(Finding::new(Rule::A15, verdict, "", en, zh).at(Text::new("design", "设计")).assignment(values))
}

fn count(n: i64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

fn units(panel: &Panel, announced: &Announced) -> Vec<Finding> {
    let mut findings = Vec::new();
    let total: u64 = announced.cohorts.iter().map(|c| c.units).sum();
    let all = panel.units;
    if let Some(all) = all.filter(|all| total > *all) {
        let (en, zh) = (
            format!("{total} treated units are announced, and the panel has {all}"),
            format!("公布处理个体{total}个，而面板仅有{all}个"),
        );
        let cells = vec![
            Value::printed(&announced.place, Quantity::Units, total.to_string()),
            Value::printed("", Quantity::Units, all.to_string()),
        ];
        findings.push(Finding::new(Rule::A15, Verdict::Fail, &announced.place, en, zh).conflict(cells));
    } else if let Some(all) = all {
        let share = total as f64 / all as f64;
        let few = !(0.05..=0.95).contains(&share);
        let percent = 100.0 * share;
        let (en, zh) = (
            format!(
                "{total} of {all} units are treated, {percent:.0} %{}",
                if few { ": inference by randomisation is safer" } else { "" }
            ),
            format!("{all}个个体中{total}个受处理，占{percent:.0}%{}", if few { "：随机化推断更为稳妥" } else { "" }),
        );
        findings.push(Finding::new(
            Rule::A15,
            if few { Verdict::Warn } else { Verdict::Info },
            &announced.place,
            en,
            zh,
        ));
    }
    for cohort in announced.cohorts.iter().filter(|c| c.units == 1) {
        let (en, zh) = (
            format!("the cohort of {} is one unit: nothing tells its own noise from its effect", cohort.from),
            format!("{}年批次仅有一个个体：无法区分其扰动与效应", cohort.from),
        );
        findings.push(Finding::new(Rule::A15, Verdict::Warn, &announced.place, en, zh));
    }
    findings
}
