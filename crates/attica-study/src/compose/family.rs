//! A family of regressions as a section shows it: cautions, methods, tables, tests across columns,
//! and the forest figure where groups are compared.

use attica::fit::Term;
use attica::message::Warning;
use attica::text::Text;
use attica_report::figure::{Figure, Forest, ForestRow, Plot};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::inference;
use super::models::{self, fit, outcome};
use super::words::{Words, columns, glue, plain, sentence, stop, text};
use super::{design, event, findings, model_notes};
use crate::results::{Model, Models};

/// Blocks of one family.
pub(super) fn blocks(words: &Words<'_>, family: &Models, step: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = family.cautions.iter().map(caution).collect();
    blocks.push(Block::Paragraph(model_notes::methods(words, family)));
    blocks.extend(models::tables(words, family).into_iter().map(Block::Table));
    if step == "baseline" {
        blocks.extend(design::reading(words, family).map(Block::Paragraph));
    }
    if matches!(step, "robustness" | "matching") {
        blocks.extend(spread(words, family));
    }
    if step == "mechanism" {
        blocks.extend(findings::channels(words, family).map(Block::Paragraph));
    }
    if !family.tests.is_empty() {
        blocks.push(Block::Table(tests(words, family)));
    }
    // Channels within groups are tables of heterogeneity, too.
    if step == "heterogeneity" {
        blocks.extend(findings::groups(words, family).map(Block::Paragraph));
    }
    if matches!(step, "heterogeneity" | "robustness" | "matching") {
        blocks.extend(forest(words, family).map(Block::Figure));
    }
    blocks
}

/// A warning stands out; a note (`N…`) does not.
pub(super) fn caution(warning: &Warning) -> Block {
    let said = sentence(warning.text.clone());
    if warning.id.starts_with('N') { Block::Note(said) } else { Block::Warning(said) }
}

/// How far the estimate moves between columns that share the study's outcome: its range, how often it
/// is significant, and, in a box, where its sign changes.
fn spread(words: &Words<'_>, family: &Models) -> Vec<Block> {
    let Some(policy) = family.show.first() else { return Vec::new() };
    let main = words.results.model.outcome.as_str();
    let alike = family.models.iter().enumerate().filter(|(_, model)| plain(outcome(model)) == main);
    let found: Vec<(usize, &Term)> =
        alike.filter_map(|(i, model)| Some((i, fit(model)?.terms.iter().find(|term| term.term == *policy)?))).collect();
    let [(_, first), _, ..] = found.as_slice() else { return Vec::new() };
    let digits = words.results.style.digits;
    let estimates = found.iter().map(|(_, term)| term.estimate);
    let low = number(estimates.clone().fold(f64::INFINITY, f64::min), digits);
    let high = number(estimates.fold(f64::NEG_INFINITY, f64::max), digits);
    let significant = found.iter().filter(|(_, term)| term.p_value < 0.05).count();
    let (name, n) = (words.term(policy), found.len());
    let mut blocks = vec![Block::Paragraph(text(
        format!(
            "In the {n} columns with this outcome and policy variable the coefficient of {} lies between {low} and {high}; it is \
             significant at 5% in {significant} of them.",
            name.en
        ),
        format!(
            "在被解释变量与政策变量相同的{n}列中，{}的系数介于{low}与{high}之间，其中{significant}列在5%的水平上显著。",
            name.zh
        ),
    ))];
    let turned: Vec<usize> =
        found.iter().filter(|(_, term)| term.estimate * first.estimate < 0.0).map(|(i, _)| *i).collect();
    if !turned.is_empty() {
        let at = columns(&turned);
        blocks.push(Block::Warning(text(
            format!("The sign changes in {}: what that column changes decides the result.", at.en),
            format!("{}的系数符号发生改变：结论取决于该列所作的改变。", at.zh),
        )));
    }
    blocks
}

/// Tests that span columns.
fn tests(words: &Words<'_>, family: &Models) -> Table {
    let draws = family.tests.iter().any(|test| test.draws.is_some());
    let mut head = vec![text("Test", "检验"), text("Statistic", "统计量"), text("p-value", "p值")];
    if draws {
        head.push(text("Permutations", "置换次数"));
    }
    let rows = family.tests.iter().map(|test| {
        let statistic = match &test.wald {
            Some(wald) => Cell::Text(event::statistic(wald)),
            None => Cell::Absent(text("a permutation test has no reference distribution", "置换检验无参照分布")),
        };
        let mut cells =
            vec![Cell::Text(test.name.clone()), statistic, Cell::PValue { value: test.p_value, decimals: 3 }];
        if draws {
            cells.push(test.draws.map_or(Cell::Empty, |draws| Cell::Count(draws as u64)));
        }
        Row::Cells(cells)
    });
    let title = &family.title;
    let mut columns = vec![Align::Decimal; head.len()];
    (columns[0], columns[1]) = (Align::Left, Align::Centre);
    let permuted = if draws {
        text(
            format!(
                " Permutation p-values count (1 + draws at least as extreme) / (draws + 1); random seed {}.",
                words.results.seed
            ),
            format!("置换p值为（1 + 不弱于观测值的次数）/（次数 + 1），随机种子为{}。", words.results.seed),
        )
    } else {
        Text::default()
    };
    Table {
        id: format!("{}-tests", family.id),
        title: text(format!("{}: tests across columns", title.en), format!("{}：列间差异检验", title.zh)),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows: rows.collect(),
        notes: vec![text(
            format!(
                "That one column is significant and another is not says nothing about their difference; these tests do.{}",
                permuted.en
            ),
            format!("某列显著而另一列不显著并不意味着两者存在差异，差异须以本表检验为准。{}", permuted.zh),
        )],
    }
}

/// The effect in each column that has the study's outcome and the first column's regressor, one below
/// the other.
fn forest(words: &Words<'_>, family: &Models) -> Option<Figure> {
    let policy = family.show.first()?;
    let main = words.results.model.outcome.as_str();
    let alike = family.models.iter().filter(|model| plain(outcome(model)) == main);
    let rows: Vec<ForestRow> = alike.filter_map(|model| forest_row(model, policy)).collect();
    if rows.len() < 2 {
        return None;
    }
    let level = family.models.iter().find_map(fit).map_or(0.95, |fit| fit.level);
    let level = inference::percent(level);
    let digits = words.results.style.digits;
    let baseline = baseline(words, policy, main);
    let dashed = baseline.map_or_else(Text::default, |estimate| {
        let estimate = number(estimate, digits);
        text(format!("the dashed line is the baseline estimate, {estimate}"), format!("虚线为基准估计值{estimate}"))
    });
    let bars = text(
        format!("Points are estimates with {level}% confidence intervals"),
        format!("点为估计值，横线为{level}%置信区间"),
    );
    let (name, effect) = (words.label(main), words.term(policy));
    let listed = rows.iter().map(|row| {
        let estimate = number(row.estimate, digits);
        text(format!("{} {estimate}", row.label.en), format!("{} {estimate}", row.label.zh))
    });
    Some(Figure {
        id: format!("{}-forest", family.id),
        title: text(
            format!("{} (effect of {} on {})", family.title.en, effect.en, name.en),
            format!("{}（{}对{}的影响）", family.title.zh, effect.zh, name.zh),
        ),
        alt: stop(glue(listed, "; ", "；")),
        x_label: text(format!("Effect of {}", effect.en), format!("{}的系数", effect.zh)),
        y_label: Text::default(),
        plot: Plot::Forest(Forest { rows, baseline }),
        notes: vec![stop(glue([bars, dashed], "; ", "；"))],
    })
}

fn forest_row(model: &Model, policy: &str) -> Option<ForestRow> {
    let term = fit(model)?.terms.iter().find(|term| term.term == policy)?;
    Some(ForestRow {
        label: model.head.clone(),
        group: None,
        estimate: term.estimate,
        interval: Some((term.conf_low, term.conf_high)),
        main: true,
    })
}

/// The main estimate of the baseline table.
fn baseline(words: &Words<'_>, policy: &str, outcome: &str) -> Option<f64> {
    use crate::results::Content;
    let family = words.results.sections.iter().find_map(|section| match &section.content {
        Content::Models(family) if section.step == "baseline" => Some(family),
        _ => None,
    })?;
    let (_, fit) = models::main_column(family).filter(|(_, fit)| plain(&fit.outcome) == outcome)?;
    fit.terms.iter().find(|term| term.term == policy).map(|term| term.estimate)
}
