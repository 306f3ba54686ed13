//! A14: what sentences say agrees with the tables and with each other.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::paper::{About, Claim, Paper, Policy};
use super::printed::Printed;
use crate::text::Text;

/// Checks every sentence.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut done: Vec<&About> = Vec::new();
    for claim in &paper.claims {
        if !done.contains(&&claim.about) {
            done.push(&claim.about);
            let claims: Vec<&Claim> = paper.claims.iter().filter(|c| c.about == claim.about).collect();
            findings.extend(about(paper, &claim.about, &claims));
        }
    }
    findings
}

/// First and last period of `2009-2019`, `2009–2019年`, `2009 to 2019`.
pub fn years(text: &str) -> Option<(i64, i64)> {
    let numbers: Vec<i64> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    match numbers.as_slice() {
        [one] => Some((*one, *one)),
        [first, last] if first <= last => Some((*first, *last)),
        _ => None,
    }
}

/// What words say of a coefficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Above zero.
    Positive,
    /// Below zero.
    Negative,
    /// With a star.
    Significant,
    /// Without one.
    Insignificant,
}

/// The meaning of words about a coefficient; none for a number and for other words.
pub fn words(text: &str) -> Option<Said> {
    match text.trim().to_lowercase().as_str() {
        "positive" | "正" | "为正" => Some(Said::Positive),
        "negative" | "负" | "为负" => Some(Said::Negative),
        "significant" | "显著" => Some(Said::Significant),
        "not significant" | "insignificant" | "不显著" => Some(Said::Insignificant),
        _ => None,
    }
}

fn name(about: &About, paper: &Paper) -> Text {
    let both = |en: &str, zh: &str| Text::new(en, zh);
    match about {
        About::Years => both("years of the sample", "样本年份"),
        About::Periods => both("number of periods", "期数"),
        About::Units => both("number of units", "个体数"),
        About::TreatedUnits => both("number of treated units", "处理组个体数"),
        About::Observations => both("number of observations", "观测数"),
        About::Coefficient(table, column, term) => {
            let table = paper.tables.get(*table);
            let column = table.and_then(|t| t.columns.get(*column)).map_or("", |c| c.name.as_str());
            Text::same(format!("{} {column} {term}", table.map_or("", |t| t.label.as_str())))
        }
        About::Other(what) => Text::same(what),
    }
}

fn about(paper: &Paper, about: &About, claims: &[&Claim]) -> Vec<Finding> {
    if let About::Coefficient(table, column, term) = about {
        return claims.iter().filter_map(|c| coefficient(paper, *table, *column, term, c)).collect();
    }
    let place = name(about, paper);
    // What the description of the panel says stands beside the sentences.
    let panel = &paper.panel;
    let described: Option<String> = match about {
        About::Years => panel.first.zip(panel.last).map(|(first, last)| format!("{first}-{last}")),
        About::Periods => panel.periods().map(|p| p.to_string()),
        About::Units => panel.units.map(|u| u.to_string()),
        About::TreatedUnits => paper.policy.as_ref().and_then(announced),
        About::Observations => paper.rows().map(|n| n.to_string()),
        _ => None,
    };
    let same = |a: &str, b: &str| match about {
        About::Years => years(a).is_some() && years(a) == years(b),
        About::Other(_) => match (Printed::parse(a), Printed::parse(b)) {
            (Some(a), Some(b)) => a.interval().meets(b.interval()),
            _ => a.trim().to_lowercase() == b.trim().to_lowercase(),
        },
        _ => match (Printed::parse(a), Printed::parse(b)) {
            (Some(a), Some(b)) => a.value == b.value,
            _ => false,
        },
    };
    let mut versions: Vec<(String, Vec<&str>)> = described.iter().map(|d| (d.clone(), vec![""])).collect();
    for claim in claims {
        match versions.iter_mut().find(|(says, _)| same(says, &claim.says)) {
            Some((_, places)) => places.push(&claim.place),
            None => versions.push((claim.says.clone(), vec![&claim.place])),
        }
    }
    let list = |panel: &str, open: &str, close: &str, sep: &str| {
        let one = |(says, places): &(String, Vec<&str>)| {
            let places: Vec<&str> = places.iter().map(|p| if p.is_empty() { panel } else { p }).collect();
            format!("{says}{open}{}{close}", places.join(sep))
        };
        versions.iter().map(one).collect::<Vec<_>>().join(if sep.is_ascii() { "; " } else { "；" })
    };
    let (en, zh) = (list("sample as described", " (", ")", ", "), list("样本说明", "（", "）", "、"));
    let value = |(says, places): &(String, Vec<&str>)| {
        Value::printed(places.iter().find(|p| !p.is_empty()).copied().unwrap_or(""), Quantity::Said, says)
    };
    let cells: Vec<Value> = versions.iter().map(value).collect();
    if described.is_none() && claims.len() == 1 {
        let (en, zh) = (format!("only one sentence says it: {en}"), format!("仅有一处表述：{zh}"));
        return vec![Finding::new(Rule::A14, Verdict::Untestable, "", en, zh).at(place)];
    }
    if versions.len() <= 1 {
        let finding =
            Finding::new(Rule::A14, Verdict::Pass, "", format!("the text agrees: {en}"), format!("正文一致：{zh}"));
        return vec![finding.at(place)];
    }
    // Years from 2009 to 2019 are eleven, ten years apart: a way of counting, not a contradiction.
    let off_by_one = matches!(about, About::Periods) && {
        let counts: Vec<f64> = versions.iter().filter_map(|(says, _)| Printed::parse(says).map(|p| p.value)).collect();
        counts.len() == versions.len() && counts.iter().all(|c| counts.iter().all(|d| (c - d).abs() <= 1.0))
    };
    let (verdict, end_en, end_zh) = match about {
        About::Other(_) => (Verdict::Warn, "; they differ, if one quantity is meant", "；若所指相同，则不一致"),
        _ if off_by_one => (
            Verdict::Warn,
            "; first and last period counted, or the distance between them",
            "；一为首尾期均计入，一为首尾之差",
        ),
        _ => (Verdict::Fail, "; they cannot all be right", "；不可能均正确"),
    };
    let (mut en, mut zh) = (format!("the text says {en}{end_en}"), format!("正文所述：{zh}{end_zh}"));
    if let (About::Years, Some(units), Verdict::Fail) = (about, panel.units, verdict) {
        for (says, _) in &versions {
            if let Some((first, last)) = years(says) {
                let periods = last.abs_diff(first).saturating_add(1);
                let rows = units.saturating_mul(periods);
                en += &format!("; {units} × {periods} = {rows}");
                zh += &format!("；{units}×{periods}＝{rows}");
            }
        }
    }
    vec![Finding::new(Rule::A14, verdict, "", en, zh).at(place).conflict(cells)]
}

/// Treated units of the announced design, when there is one only.
fn announced(policy: &Policy) -> Option<String> {
    let [design] = policy.announced.as_slice() else { return None };
    Some(design.cohorts.iter().map(|c| c.units).sum::<u64>().to_string())
}

/// A sentence about a coefficient: its value, its sign, or whether it is significant.
fn coefficient(paper: &Paper, table: usize, column: usize, name: &str, claim: &Claim) -> Option<Finding> {
    let table = paper.tables.get(table)?;
    let column = table.columns.get(column)?;
    let term = column.term(name).or(column.constant.as_ref())?;
    let place = format!("{} {} {name}", table.label, column.name);
    let estimate = &term.estimate;
    let agrees = match words(&claim.says) {
        Some(Said::Positive) => estimate.interval().high > 0.0,
        Some(Said::Negative) => estimate.interval().low < 0.0,
        Some(Said::Significant) => term.stars > 0,
        Some(Said::Insignificant) => term.stars == 0,
        None => Printed::parse(&claim.says)?.interval().meets(estimate.interval()),
    };
    let stars = "*".repeat(term.stars as usize);
    let (en, zh) = (
        format!("the text says {} ({}), the table {}{stars}", claim.says, claim.place, estimate.text),
        format!("正文称{}（{}），表中为{}{stars}", claim.says, claim.place, estimate.text),
    );
    Some(if agrees {
        Finding::new(Rule::A14, Verdict::Pass, place, en, zh)
    } else {
        let cells = vec![
            Value::printed(&claim.place, Quantity::Said, &claim.says),
            Value::printed(&place, Quantity::Coefficient, format!("{}{stars}", estimate.text)),
        ];
        Finding::new(Rule::A14, Verdict::Fail, place, en, zh).conflict(cells)
    })
}
