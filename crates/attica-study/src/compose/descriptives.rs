//! Table 1: descriptive statistics, and the two groups side by side.

use attica::text::Text;
use attica_report::format::stars;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::inference;
use super::words::{Words, glue, stop, text};
use crate::results::{Descriptives, GroupedDescriptives, Summary};

/// Decimals of statistics.
const DIGITS: usize = 3;

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>, found: &Descriptives) -> Vec<Block> {
    let mut blocks = vec![Block::Table(overall(words, found))];
    blocks.extend(found.groups.as_ref().map(|groups| Block::Table(grouped(words, groups))));
    blocks
}

/// N, mean, standard deviation, minimum, median and maximum of each variable.
fn overall(words: &Words<'_>, found: &Descriptives) -> Table {
    let named = found.overall.iter().any(|(name, _)| words.label(name) != Text::same(name));
    let mut head = vec![Head::one(text("Variable", "变量"))];
    if named {
        head.push(Head::one(text("Symbol", "符号")));
    }
    let statistics = [
        text("N", "样本量"),
        text("Mean", "均值"),
        text("SD", "标准差"),
        text("Min", "最小值"),
        text("Median", "中位数"),
        text("Max", "最大值"),
    ];
    let columns = std::iter::repeat_n(Align::Left, head.len()).chain(statistics.iter().map(|_| Align::Decimal));
    let columns = columns.collect();
    head.extend(statistics.map(Head::one));
    let rows = found.overall.iter().map(|(name, summary)| {
        let mut cells = vec![Cell::Text(words.label(name))];
        if named {
            cells.push(Cell::same(name));
        }
        cells.push(Cell::Count(summary.n as u64));
        cells.extend(moments(summary));
        cells.extend([summary.min, summary.median, summary.max].map(|value| Cell::Number { value, decimals: DIGITS }));
        Row::Cells(cells)
    });
    let card = &words.results.panel;
    let (first, last) = (card.first, card.last);
    let sizes = found.overall.iter().map(|(_, summary)| summary.n);
    let complete = sizes.clone().min() == sizes.max();
    let sample = text(
        format!(
            "Rows are {} by {} from {first} to {last}; standard deviations divide by N − 1",
            words.label(&card.unit).en,
            words.label(&card.time).en
        ),
        format!(
            "样本为{}—{}面板，区间为{first}—{last}；标准差以N−1为分母",
            words.label(&card.unit).zh,
            words.label(&card.time).zh
        ),
    );
    let missing = if complete {
        Text::default()
    } else {
        text("N differs because each variable is summarised over the rows that have it", "各变量样本量因缺失值而不同")
    };
    Table {
        id: "descriptives".to_owned(),
        title: text("Descriptive statistics", "描述性统计"),
        columns,
        head: vec![head],
        rows: rows.collect(),
        notes: vec![stop(glue([sample, missing], ". ", "；"))],
    }
}

/// Mean and standard deviation.
fn moments(summary: &Summary) -> [Cell; 2] {
    let one_row = text("one row has no standard deviation", "单个观测无标准差");
    [Cell::Number { value: summary.mean, decimals: DIGITS }, Cell::number(summary.sd, DIGITS, &one_row)]
}

/// Two groups, the difference of their means, its t statistic and the standardised difference.
fn grouped(words: &Words<'_>, groups: &GroupedDescriptives) -> Table {
    let [first, second] = &groups.names;
    let blank = Head::blank;
    let difference = text("Difference", "组间差异");
    let top = vec![blank(), Head::over(3, first.clone()), Head::over(3, second.clone()), Head::over(3, difference)];
    let each = || [text("N", "样本量"), text("Mean", "均值"), text("SD", "标准差")].map(Head::one);
    let last = [text("Means", "均值差"), text("t", "t值"), text("Std. diff.", "标准化差异")].map(Head::one);
    let below = std::iter::once(Head::one(text("Variable", "变量"))).chain(each()).chain(each()).chain(last);
    let no_t = text("no variation between units", "个体间无变异");
    let levels = &words.results.style.stars;
    let rows = groups.rows.iter().map(|row| {
        let mut cells = vec![Cell::Text(words.label(&row.variable))];
        for summary in &row.groups {
            cells.push(Cell::Count(summary.n as u64));
            cells.extend(moments(summary));
        }
        cells.push(Cell::Estimate { value: row.difference, stars: stars(row.p_value, levels), decimals: DIGITS });
        cells.push(Cell::number(row.t, 2, &no_t));
        cells.push(Cell::number(row.standardised, DIGITS, &no_t));
        Row::Cells(cells)
    });
    let unit = words.label(&words.results.panel.unit);
    let reading = text(
        format!(
            "Difference is the mean of \"{}\" minus the mean of \"{}\"; t statistics are Welch's with standard errors \
             clustered by {}; the standardised difference divides by the root of the mean of the two variances and, \
             unlike t, does not grow with the sample",
            first.en, second.en, unit.en
        ),
        format!(
            "组间差异为“{}”均值减“{}”均值；t值为按{}聚类的Welch检验；标准化差异为均值差除以两组方差均值的平方根，不随样本量增大",
            first.zh, second.zh, unit.zh
        ),
    );
    Table {
        id: "descriptives-groups".to_owned(),
        title: text(
            format!("Descriptive statistics by {}", groups.by.en),
            format!("分组描述性统计（{}）", groups.by.zh),
        ),
        columns: std::iter::once(Align::Left).chain(std::iter::repeat_n(Align::Decimal, 9)).collect(),
        head: vec![top, below.collect()],
        rows: rows.collect(),
        notes: vec![stop(glue([inference::stars(levels), reading], ". ", "；"))],
    }
}
