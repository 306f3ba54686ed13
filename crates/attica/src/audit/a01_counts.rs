//! A1: rows are units times periods, groups add up, and a share of rows is a whole number of rows.

use super::finding::{Finding, Quantity, Rule, Value, Verdict};
use super::paper::{Cut, Paper};
use super::printed::decimal;

/// Checks every printed number of observations.
pub fn check(paper: &Paper) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(cells) = paper.panel.cells() {
        findings.extend(counts(paper, cells));
    }
    findings.extend(units(paper));
    findings.extend(paper.tables.iter().filter(|t| t.subgroups).filter_map(|t| subgroups(paper, t)));
    findings.extend(paper.cuts.iter().filter_map(|cut| whole(paper, cut)));
    findings
}

/// A printed number of observations, and whether it is one of the full sample.
struct Count {
    place: String,
    n: u64,
    full: bool,
}

fn printed_counts(paper: &Paper) -> Vec<Count> {
    let mut counts = Vec::new();
    if let Some(n) = paper.panel.observations {
        counts.push(Count { place: String::new(), n, full: true });
    }
    counts.extend(paper.variables.iter().filter_map(|v| {
        Some(Count { place: format!("{} {}", v.place, v.name).trim().to_owned(), n: v.n?, full: true })
    }));
    for table in &paper.tables {
        counts.extend(table.columns.iter().filter_map(|c| {
            Some(Count { place: format!("{} {}", table.label, c.name), n: c.n?, full: !table.subgroups && !table.part })
        }));
    }
    counts
}

/// One line for all counts that agree, one for each that does not.
fn counts(paper: &Paper, cells: u64) -> Vec<Finding> {
    let panel = &paper.panel;
    let (units, periods) = (panel.units.unwrap_or_default(), panel.periods().unwrap_or_default());
    let counts = printed_counts(paper);
    let complete = counts.iter().any(|c| c.n == cells);
    let verdict = |c: &Count| match panel.balanced {
        _ if c.n > cells => Verdict::Fail,
        Some(true) if c.full && c.n != cells => Verdict::Fail,
        // Other counts are complete, so rows are missing here that nothing explains.
        None if c.full && c.n != cells && complete => Verdict::Warn,
        _ => Verdict::Pass,
    };
    let (good, bad): (Vec<Count>, Vec<Count>) = counts.into_iter().partition(|c| verdict(c) == Verdict::Pass);
    let mut findings: Vec<Finding> = bad
        .iter()
        .map(|c| {
            let (place_en, place_zh) = place(&c.place);
            let law = match verdict(c) {
                Verdict::Warn => ("other numbers of observations are", "其他观测数为"),
                _ if panel.balanced == Some(true) && c.full => ("the balanced panel has", "平衡面板应有"),
                _ => ("the panel has at most", "面板至多有"),
            };
            let message = (
                format!("N = {} is printed; {} {units} × {periods} = {cells}", c.n, law.0),
                format!("所印观测数为{}；{}{units}×{periods}＝{cells}", c.n, law.1),
            );
            Finding::new(Rule::A1, verdict(c), "", message.0, message.1)
                .at(crate::text::Text::new(&place_en, place_zh))
                .conflict(vec![
                    Value::printed(&place_en, Quantity::Observations, c.n.to_string()),
                    Value::printed("", Quantity::Units, units.to_string()),
                    Value::printed("", Quantity::Periods, periods.to_string()),
                ])
        })
        .collect();
    if !good.is_empty() {
        let n = good.len();
        let all = good.iter().all(|c| c.n == cells);
        let (en, zh) = if all {
            (
                format!("{units} × {periods} = {cells}, as all {n} printed numbers of observations say"),
                format!("{units}×{periods}＝{cells}，与所印的{n}个观测数一致"),
            )
        } else {
            (
                format!("{n} printed numbers of observations are at most {units} × {periods} = {cells}"),
                format!("所印的{n}个观测数均不超过{units}×{periods}＝{cells}"),
            )
        };
        let place = crate::text::Text::new("panel", "面板");
        let pass = Finding::new(Rule::A1, Verdict::Pass, "", en, zh).at(place);
        findings.insert(
            0,
            pass.assignment(vec![
                Value::assigned("", Quantity::Units, units.to_string(), units as f64),
                Value::assigned("", Quantity::Periods, periods.to_string(), periods as f64),
                Value::derived("", Quantity::Observations, cells as f64),
            ]),
        );
    }
    findings
}

/// Printed numbers of units are those of the sample.
fn units(paper: &Paper) -> Vec<Finding> {
    let Some(units) = paper.panel.units else { return Vec::new() };
    let mut findings = Vec::new();
    for table in &paper.tables {
        let whole = !table.subgroups && !table.part;
        for (column, printed) in table.columns.iter().filter_map(|c| Some((c, c.units?))) {
            let verdict = match paper.panel.balanced {
                _ if printed > units => Verdict::Fail,
                Some(true) if whole && printed < units => Verdict::Fail,
                None if whole && printed < units => Verdict::Warn,
                _ => continue,
            };
            let place = format!("{} {}", table.label, column.name);
            let (en, zh) = (
                format!("{printed} units are printed; the sample has {units}"),
                format!("所印个体数为{printed}；样本有{units}个"),
            );
            let cells = vec![
                Value::printed(&place, Quantity::Units, printed.to_string()),
                Value::printed("", Quantity::Units, units.to_string()),
            ];
            findings.push(Finding::new(Rule::A1, verdict, place, en, zh).conflict(cells));
        }
    }
    findings
}

fn place(name: &str) -> (String, String) {
    if name.is_empty() { ("panel".to_owned(), "面板".to_owned()) } else { (name.to_owned(), name.to_owned()) }
}

/// Groups that split the sample add up to it.
fn subgroups(paper: &Paper, table: &super::paper::Table) -> Option<Finding> {
    let total = paper.rows()?;
    // Several outcomes by group: each group counts once for each outcome.
    let first = table.columns.first()?.outcome.clone();
    let parts: Vec<_> = table.columns.iter().filter(|c| c.outcome == first).collect();
    let sum = parts.iter().map(|c| c.n).sum::<Option<u64>>()?;
    let terms = parts.iter().map(|c| c.n.unwrap_or_default().to_string()).collect::<Vec<_>>().join(" + ");
    let verdict = if sum == total { Verdict::Pass } else { Verdict::Fail };
    let (en, zh) = if sum == total {
        (format!("the groups add up: {terms} = {total}"), format!("各组相加一致：{terms} = {total}"))
    } else {
        (
            format!("the groups are said to split the sample, but {terms} = {sum}, not {total}"),
            format!("各组应构成全样本，但{terms} = {sum}，而非{total}"),
        )
    };
    let values = parts.iter().map(|c| {
        let (name, n) = (format!("{} {}", table.label, c.name), c.n.unwrap_or_default());
        if verdict == Verdict::Pass {
            Value::assigned(name, Quantity::Observations, n.to_string(), n as f64)
        } else {
            Value::printed(name, Quantity::Observations, n.to_string())
        }
    });
    let values: Vec<Value> = values.chain([Value::printed("", Quantity::Observations, total.to_string())]).collect();
    let finding = Finding::new(Rule::A1, verdict, &table.label, en, zh);
    Some(if verdict == Verdict::Pass { finding.assignment(values) } else { finding.conflict(values) })
}

/// A sample that a share left: is the share a whole number of rows, or of units?
fn whole(paper: &Paper, cut: &Cut) -> Option<Finding> {
    let n = paper.panel.observations.or_else(|| paper.panel.cells())? as f64;
    let keep = 1.0 - cut.share.value;
    let rows = n * keep;
    let share = &cut.share.text;
    if let Some(left) = cut.left {
        // Software rounds a share of rows down, up, or to the nearest; the share itself is rounded too.
        let range = cut.share.interval();
        let (most, least) = ((n * (1.0 - range.low)).ceil(), (n * (1.0 - range.high)).floor());
        let fits = (least..=most).contains(&(left as f64));
        let (en, zh) = (
            format!("{share} of {n} rows leave between {least} and {most}; {left} are printed"),
            format!("{n}行剔除{share}后余{least}至{most}行；所印为{left}行"),
        );
        let values = vec![
            Value::printed("", Quantity::Observations, n.to_string()),
            Value::printed("", Quantity::Share, share),
            Value::printed("", Quantity::RowsLeft, left.to_string()),
        ];
        return Some(if fits {
            Finding::new(Rule::A1, Verdict::Pass, &cut.place, en, zh).assignment(vec![
                Value::derived("", Quantity::RowsLeftExactly, rows),
                Value::assigned("", Quantity::RowsLeft, left.to_string(), left as f64),
            ])
        } else {
            Finding::new(Rule::A1, Verdict::Fail, &cut.place, en, zh).conflict(values)
        });
    }
    let units = paper.panel.units.map(|u| u as f64 * keep);
    let is_whole = |x: f64| (x - x.round()).abs() < 1e-9;
    if is_whole(rows) || units.is_some_and(is_whole) {
        return None;
    }
    let of_units =
        units.map(|u| (format!(" and {} units", decimal(u)), format!("、{}个个体", decimal(u)))).unwrap_or_default();
    let (en, zh) = (
        format!(
            "a cut by {share} leaves {} rows{}: no whole number, so the rule that was used must round; the paper does not say how",
            decimal(rows),
            of_units.0
        ),
        format!("剔除{share}后余{}行{}，并非整数，故所用规则必有取整；论文未说明", decimal(rows), of_units.1),
    );
    let values = vec![Value::derived("", Quantity::RowsLeftExactly, rows)]
        .into_iter()
        .chain(units.map(|u| Value::derived("", Quantity::UnitsLeftExactly, u)));
    Some(Finding::new(Rule::A1, Verdict::Info, &cut.place, en, zh).assignment(values.collect()))
}
