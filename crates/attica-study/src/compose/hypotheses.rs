//! Families of tests with adjusted p-values, linear combinations and joint tests.

use attica::fit::{Term, Wald};
use attica::text::Text;
use attica::wild::WildRecord;
use attica_report::format::stars;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::event;
use super::family::caution;
use super::words::{Words, stop, text};
use crate::results::{FamilyRow, Hypotheses, TestFamily};

/// Blocks of a family: who failed, then one row for each estimate.
pub(super) fn family(words: &Words<'_>, found: &TestFamily) -> Vec<Block> {
    let failed = found.failed.iter().map(|(name, problem)| {
        let label = words.label(name);
        Block::Warning(stop(text(
            format!("{} has no estimate ({}): {}", label.en, problem.id, problem.message),
            format!("{}未能估计（{}）：{}", label.zh, problem.id, problem.message),
        )))
    });
    let mut blocks: Vec<Block> = failed.chain(found.warnings.iter().map(caution)).collect();
    blocks.push(Block::Table(table(words, found)));
    blocks
}

fn table(words: &Words<'_>, found: &TestFamily) -> Table {
    let style = &words.results.style;
    let drawn = found.family.draws.is_some();
    let mut head = vec![
        found.of.clone(),
        text("Effect", "效应"),
        text("Std. error", "标准误"),
        text("p-value", "p值"),
        text("Holm p", "Holm校正p值"),
    ];
    if drawn {
        head.push(text("Romano–Wolf p", "Romano–Wolf校正p值"));
    }
    head.push(text("Sharpened q", "锐化q值"));
    let p = |value: f64| Cell::PValue { value, decimals: 3 };
    let row = |row: &FamilyRow| {
        let mut cells = vec![
            Cell::Text(words.label(&row.name)),
            Cell::Estimate {
                value: row.estimate,
                stars: stars(Some(row.p_value), &style.stars),
                decimals: style.digits,
            },
            Cell::Number { value: row.std_error, decimals: style.digits },
            p(row.p_value),
            p(row.p_holm),
        ];
        if drawn {
            cells.push(row.p_romano_wolf.map_or(Cell::Empty, p));
        }
        cells.push(p(row.q_sharpened));
        Row::Cells(cells)
    };
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    Table {
        id: found.id.clone(),
        title: found.title.clone(),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows: found.family.rows.iter().map(row).collect(),
        notes: notes(words, found),
    }
}

fn notes(words: &Words<'_>, found: &TestFamily) -> Vec<Text> {
    let family = &found.family;
    let (m, policy) = (family.rows.len(), words.term(&family.coefficient));
    let mut notes = vec![text(
        format!(
            "Effect of {} by {}. Stars are by the p-value of each test alone; adjusted p-values answer how likely it is to find one this small \
             among {m} tests when none has an effect.",
            policy.en, found.estimator.en
        ),
        format!(
            "{}的效应，由{}估计。星号依据单独检验的p值；校正p值回答：{m}个检验均无效应时，出现如此小的p值的可能性。",
            policy.zh, found.estimator.zh
        ),
    )];
    if let (Some(draws), Some(clusters)) = (family.draws, family.clusters) {
        let seed = words.results.seed;
        notes.push(text(
            format!(
                "Romano–Wolf (2005, 2016): step-down over {draws} draws of random signs of {clusters} clusters, the same for all rows; p-values are \
                 (1 + count) / (1 + draws); random seed {seed}. Holm (1979) and sharpened q (Anderson 2008) use the p-values alone.",
            ),
            format!(
                "Romano–Wolf（2005，2016）逐步校正：对{clusters}个聚类抽取随机符号{draws}次，各行使用相同抽样；p值为（1+次数）/（1+抽样次数），随机种子为{seed}。\
                 Holm（1979）与锐化q值（Anderson，2008）仅使用p值。"
            ),
        ));
    }
    if let Some(test) = &family.equality {
        let (statistic, p) = (event::statistic(test), attica_report::format::p_value(test.p_value, 3));
        notes.push(text(
            format!(
                "Test that all effects are equal: {}, p = {p}. It compares them in the units of the table, and says nothing where outcomes differ in units.",
                statistic.en
            ),
            format!("各效应相等的检验：{}，p = {p}。该检验以表中单位比较各效应，结果变量单位不同时无意义。", statistic.zh),
        ));
    }
    notes
}

/// Blocks of linear combinations and joint tests.
pub(super) fn blocks(words: &Words<'_>, found: &Hypotheses) -> Vec<Block> {
    let mut blocks: Vec<Block> = found.warnings.iter().map(caution).collect();
    if found.estimates.iter().any(|(_, terms, tests)| !terms.is_empty() || !tests.is_empty()) {
        blocks.push(Block::Table(combinations(words, found)));
    }
    blocks
}

fn combinations(words: &Words<'_>, found: &Hypotheses) -> Table {
    let style = &words.results.style;
    let mut head = vec![
        text("Combination or test", "组合或检验"),
        text("Estimate", "估计值"),
        text("Std. error", "标准误"),
        text("Statistic", "统计量"),
        text("p-value", "p值"),
        text("Interval", "置信区间"),
    ];
    let draws = drawn(found);
    if draws.is_some() {
        head.extend([text("Wild p", "Wild p值"), text("Wild interval", "Wild置信集")]);
    }
    let decimals = style.digits;
    let p = |value: f64| Cell::PValue { value, decimals: 3 };
    let wild = |mut cells: Vec<Cell>, test: Option<&WildRecord>| {
        if draws.is_some() {
            cells.push(test.map_or(Cell::Empty, |test| p(test.p_value)));
            let set = test.and_then(|test| Some((test.conf_low?, test.conf_high?)));
            cells.push(set.map_or(Cell::Empty, |(low, high)| Cell::Interval { low, high, decimals }));
        }
        Row::Cells(cells)
    };
    let term = |term: &Term| {
        let own = vec![
            Cell::Text(Text::same(&term.term)),
            Cell::Estimate { value: term.estimate, stars: stars(Some(term.p_value), &style.stars), decimals },
            Cell::Number { value: term.std_error, decimals },
            Cell::Number { value: term.statistic, decimals: 3 },
            p(term.p_value),
            Cell::Interval { low: term.conf_low, high: term.conf_high, decimals },
        ];
        wild(own, term.wild.as_deref())
    };
    let test = |test: &Wald| {
        let (hypothesis, statistic) = (Cell::Text(test.hypothesis.clone()), Cell::Text(event::statistic(test)));
        let own = vec![hypothesis, Cell::Empty, Cell::Empty, statistic, p(test.p_value), Cell::Empty];
        wild(own, test.wild.as_deref())
    };
    let mut rows = Vec::new();
    for (label, terms, tests) in &found.estimates {
        if found.estimates.len() > 1 {
            rows.push(Row::Panel(label.clone()));
        }
        rows.extend(terms.iter().map(term));
        rows.extend(tests.iter().map(test));
    }
    let mut columns = vec![Align::Decimal; head.len()];
    (columns[0], columns[3], columns[5]) = (Align::Left, Align::Centre, Align::Centre);
    if let Some(set) = columns.get_mut(7) {
        *set = Align::Centre;
    }
    let times = text(
        "[k] is the effect k periods after adoption; post and pre are means of all effects and of all leads; leads and effects, as tests, are each of them \
         zero; mean and sum go over a range of event times",
        "[k]为实施后第k期的效应；post与pre分别为全部处理后效应与处理前系数的均值；leads与effects检验其各自联合为零；mean与sum为区间内的均值与总和",
    );
    Table {
        id: found.id.clone(),
        title: found.title.clone(),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows,
        notes: found.id.starts_with("event").then(|| stop(times)).into_iter().chain(draws).collect(),
    }
}

/// What the wild bootstrap of combinations and tests is; none where it was not asked for.
fn drawn(found: &Hypotheses) -> Option<Text> {
    let of_terms = found.estimates.iter().flat_map(|(_, terms, _)| terms.iter().filter_map(|term| term.wild.as_ref()));
    let of_tests = found.estimates.iter().flat_map(|(.., tests)| tests.iter().filter_map(|test| test.wild.as_ref()));
    let WildRecord { draws, clusters, weights, .. } = of_terms.chain(of_tests).next().map(|test| &**test)?;
    let weights = weights.name();
    Some(text(
        format!(
            "Wild: cluster bootstrap of {clusters} clusters, {draws} draws of {weights} weights; of the regression for two-way fixed effects, of the clusters' influences for other estimators. An interval without an end is left out."
        ),
        format!(
            "Wild：对{clusters}个聚类的wild聚类自助法，{draws}次抽样，{weights}权重；双向固定效应对回归本身抽样，其他估计量对各聚类的影响函数抽样。一端无界的区间从略。"
        ),
    ))
}
