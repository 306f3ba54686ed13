//! Audits of truthful papers, as printed and with one cell changed.

use std::path::Path;

use attica::audit::audit;
use attica::audit::finding::{Finding, Rule, Verdict};
use attica::math::random::stream;
use attica_study::audit::parse;

use super::model::{Model, changed};
use super::oracle::{RULES, broken};
use super::papers::paper;

/// What was counted over all papers.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Truthful papers.
    pub papers: usize,
    /// Their printed cells.
    pub cells: usize,
    /// Findings of truthful papers that say FAIL, as messages.
    pub false_alarms: Vec<String>,
    /// Truthful papers with a WARN of each rule.
    pub warned: Vec<(Rule, usize)>,
    /// Papers with one cell changed that could be read.
    pub changed: usize,
    /// Changed papers that the reader refuses.
    pub refused: usize,
    /// By rule: changed papers that break it, and those of them that the audit fails.
    pub by_rule: Vec<(Rule, usize, usize)>,
    /// Changed papers that break some rule.
    pub broken: usize,
    /// Disagreements between the audit and the enumeration.
    pub disagreements: Vec<String>,
}

/// Findings of a paper, or none when the reader refuses it.
fn findings(model: &Model) -> Option<Vec<Finding>> {
    parse("paper.toml", &model.toml(), Path::new(".")).ok().map(|loaded| audit(&loaded.paper))
}

fn has(findings: &[Finding], rule: Rule, verdict: Verdict) -> bool {
    findings.iter().any(|f| f.rule == rule && f.verdict == verdict)
}

/// Papers `0..papers`, every cell of each changed `times` times.
pub fn compare(papers: u64, times: usize) -> Counts {
    let mut counts = Counts {
        warned: Rule::ALL.into_iter().map(|rule| (rule, 0)).collect(),
        by_rule: RULES.into_iter().map(|rule| (rule, 0, 0)).collect(),
        ..Counts::default()
    };
    for seed in 0..papers {
        let Ok(truthful) = paper(seed) else {
            counts.disagreements.push(format!("paper {seed} could not be estimated"));
            continue;
        };
        counts.papers += 1;
        original(&mut counts, seed, &truthful);
        let cells = truthful.clone().cells().len();
        counts.cells += cells;
        let mut random = stream(7, seed);
        for cell in 0..cells {
            for _ in 0..times {
                let mut other = truthful.clone();
                let text = other.cells().swap_remove(cell);
                let after = changed(text, &mut random);
                let before = std::mem::replace(text, after.clone());
                one(&mut counts, &other, &format!("paper {seed}, cell {cell}, {before} -> {after}"));
            }
        }
    }
    counts
}

fn original(counts: &mut Counts, seed: u64, truthful: &Model) {
    let Some(findings) = findings(truthful) else {
        counts.false_alarms.push(format!("paper {seed} is refused"));
        return;
    };
    let fails = findings.iter().filter(|f| f.verdict == Verdict::Fail);
    counts.false_alarms.extend(fails.map(|f| format!("paper {seed}: {:?} {}: {}", f.rule, f.place.en, f.message.en)));
    for (rule, n) in &mut counts.warned {
        *n += usize::from(has(&findings, *rule, Verdict::Warn));
    }
}

fn one(counts: &mut Counts, other: &Model, what: &str) {
    let Some(findings) = findings(other) else {
        counts.refused += 1;
        return;
    };
    counts.changed += 1;
    let mut any = false;
    for (rule, covered, caught) in &mut counts.by_rule {
        let (says, truth) = (has(&findings, *rule, Verdict::Fail), broken(*rule, other));
        if truth == Some(true) {
            any = true;
            *covered += 1;
            *caught += usize::from(says);
        }
        if truth.is_some_and(|truth| truth != says) {
            counts.disagreements.push(format!("{what}: {rule:?} audit {says}, enumeration {truth:?}"));
        }
    }
    counts.broken += usize::from(any);
}
