//! Composite indices: weights, dimensions, the ranking and the course over time.

use attica::text::Text;
use attica_report::figure::{Figure, LineSeries, Lines, Mark, Plot};
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::family::caution;
use super::words::{Words, glue, sentence_case, sentences, text};
use crate::results::IndexResult;

/// Units that the ranking prints.
const RANKS: usize = 10;

/// Decimals of entropies and weights.
const DIGITS: usize = 4;

/// Blocks of one index.
pub(super) fn blocks(words: &Words<'_>, index: &IndexResult) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(methods(words, index))];
    blocks.extend(index.warnings.iter().map(caution));
    blocks.push(Block::Table(weights(words, index)));
    if !index.ranks.is_empty() {
        blocks.push(Block::Table(ranks(words, index)));
    }
    if index.by_period.len() > 1 {
        blocks.push(Block::Figure(course(words, index)));
    }
    blocks
}

/// The method by its usual name.
fn method(name: &str) -> Text {
    match name {
        "entropy-topsis" => text(
            "entropy weights and TOPSIS (closeness to the best point)",
            "熵权TOPSIS法（以熵值法赋权，以与理想解的相对贴近度为得分）",
        ),
        "entropy" => text("entropy weights and a weighted sum", "熵值法（加权求和）"),
        "topsis" => text("equal weights and TOPSIS", "等权TOPSIS法"),
        "equal" => text("equal weights and a mean", "等权平均法"),
        "pca" => text("the first principal component", "主成分分析法（第一主成分）"),
        other => Text::same(other),
    }
}

fn methods(words: &Words<'_>, index: &IndexResult) -> Text {
    let name = words.label(&index.name);
    let method = method(&index.method);
    let indicators = words.count(index.weights.len());
    let n = words.count(index.n);
    let summary = &index.summary;
    let print = |value: f64| attica_report::format::number(value, DIGITS);
    let variant = index
        .variant
        .iter()
        .map(|(choice, value)| text(format!("{choice}: {value}"), format!("{}为{}", setting(choice), setting(value))));
    let variant = glue(variant, ", ", "，");
    let variant = if variant.en.is_empty() {
        Text::default()
    } else {
        text(format!("Settings: {}.", variant.en), format!("设定：{}。", variant.zh))
    };
    let sd = summary.sd.map_or_else(Text::default, |sd| {
        text(format!(", standard deviation {}", print(sd)), format!("，标准差{}", print(sd)))
    });
    let unweighted = index.weights.iter().all(|row| row.entropy.is_none());
    let entropy = if unweighted {
        Text::default()
    } else {
        text(
            "Entropy e is taken over the shares of all rows that the settings name, divergence is g = 1 − e, and weights are \
             g over its sum.",
            "其中e为信息熵，g = 1 − e为差异系数，权重为g占其总和的比例。",
        )
    };
    sentences([
        text(
            format!("{} combines {indicators} indicators by {} over {n} rows.", name.en, method.en),
            format!("{}由{indicators}个指标采用{}合成，共{n}行。", name.zh, method.zh),
        ),
        entropy,
        variant,
        text(
            format!(
                "The score has mean {}{}, minimum {} and maximum {}.",
                print(summary.mean),
                sd.en,
                print(summary.min),
                print(summary.max)
            ),
            format!(
                "得分均值{}{}，最小值{}，最大值{}。",
                print(summary.mean),
                sd.zh,
                print(summary.min),
                print(summary.max)
            ),
        ),
    ])
}

/// Choices and values of an index's variant in Chinese; formulae and names stay.
fn setting(word: &str) -> &str {
    match word {
        "method" => "方法",
        "normalisation" => "标准化范围",
        "weights" => "赋权范围",
        "proportions" => "比重依据",
        "zeros" => "零值处理",
        "R" => "熵的行数R",
        "levels" => "赋权层级",
        "ideal points" => "理想解范围",
        "norm" => "规范化",
        "weights enter as" => "权重形式",
        "pooled" => "全样本",
        "per period" => "逐期",
        "first period" => "首期",
        "given" => "给定",
        "scaled values" => "标准化值",
        "raw values" => "原始值",
        "rows of the proportions" => "比重所含行数",
        "all rows" => "全部行数",
        "rows of a period" => "单期行数",
        "periods (replication of a mistake)" => "期数（复现错误公式）",
        "one" => "单层",
        "two" => "两层",
        "min-max" => "极差标准化",
        "vector (raw)" => "向量规范化（原始值）",
        "vector (scaled)" => "向量规范化（标准化值）",
        "entropy-topsis" => "熵权TOPSIS",
        other => other,
    }
}

/// What more of an indicator means.
fn direction(name: &str) -> Text {
    match name {
        "benefit" => text("+", "+"),
        "cost" => text("−", "−"),
        other => Text::same(other),
    }
}

fn weights(words: &Words<'_>, index: &IndexResult) -> Table {
    let head = [
        text("Indicator", "指标"),
        text("Direction", "方向"),
        text("Entropy e", "信息熵e"),
        text("Divergence g", "差异系数g"),
        text("Weight w", "权重w"),
    ];
    let number = |value: f64| Cell::Number { value, decimals: DIGITS };
    let unweighted = text("weights do not come from entropy", "权重并非由熵值得出");
    let mut rows = Vec::new();
    let mut last: Option<&str> = None;
    for weight in &index.weights {
        if last != Some(&weight.dimension) {
            last = Some(&weight.dimension);
            let name = words.label(&weight.dimension);
            let share = index.dimensions.iter().find(|(dimension, _)| *dimension == weight.dimension);
            let share = share.map(|(_, share)| attica_report::format::number(*share, DIGITS));
            rows.push(Row::Panel(match share {
                Some(share) => text(format!("{} (weight {share})", name.en), format!("{}（权重{share}）", name.zh)),
                None => name,
            }));
        }
        rows.push(Row::Cells(vec![
            Cell::Text(words.label(&weight.indicator)),
            Cell::Text(direction(&weight.direction)),
            Cell::number(weight.entropy, DIGITS, &unweighted),
            Cell::number(weight.divergence, DIGITS, &unweighted),
            number(weight.weight),
        ]));
    }
    let name = words.label(&index.name);
    Table {
        id: format!("index-{}-weights", index.name),
        title: text(format!("{}: indicators and weights", name.en), format!("{}指标体系与权重", name.zh)),
        columns: vec![Align::Left, Align::Centre, Align::Decimal, Align::Decimal, Align::Decimal],
        head: vec![head.map(Head::one).to_vec()],
        rows,
        notes: vec![text(
            "+ more is better, − less is better. Weights sum to one.",
            "+为正向指标，−为负向指标；权重之和为1。",
        )],
    }
}

/// The highest mean scores.
fn ranks(words: &Words<'_>, index: &IndexResult) -> Table {
    let unit = sentence_case(words.label(&words.results.panel.unit));
    let shares: Vec<&(String, f64)> = index.dimensions.iter().collect();
    let has_shares = index.ranks.iter().all(|rank| rank.shares.len() == shares.len()) && shares.len() > 1;
    let mut head = vec![text("Rank", "排名"), unit.clone(), text("Mean score", "平均得分")];
    if has_shares {
        head.extend(shares.iter().map(|(name, _)| {
            let name = words.label(name);
            text(format!("{} (%)", name.en), format!("{}（%）", name.zh))
        }));
    }
    let rows = index.ranks.iter().take(RANKS).map(|rank| {
        let mut cells = vec![
            Cell::Count(rank.rank as u64),
            Cell::same(&rank.unit),
            Cell::Number { value: rank.score, decimals: DIGITS },
        ];
        if has_shares {
            cells.extend(rank.shares.iter().map(|share| Cell::Number { value: 100.0 * share, decimals: 1 }));
        }
        Row::Cells(cells)
    });
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    columns[1] = Align::Left;
    let name = words.label(&index.name);
    let (shown, all) = (words.count(RANKS.min(index.ranks.len())), words.count(index.ranks.len()));
    let contributions = if has_shares {
        text(" Dimensions show their share in the score.", "各维度列为其对得分的贡献。")
    } else {
        Text::default()
    };
    Table {
        id: format!("index-{}-ranks", index.name),
        title: text(format!("{}: highest mean scores", name.en), format!("{}平均得分排名", name.zh)),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows: rows.collect(),
        notes: vec![text(
            format!("The first {shown} of {all}, by mean over periods.{}", contributions.en),
            format!("按各期均值排序，列前{shown}位（共{all}个）。{}", contributions.zh),
        )],
    }
}

/// The mean score over time.
fn course(words: &Words<'_>, index: &IndexResult) -> Figure {
    let name = words.label(&index.name);
    let time = sentence_case(words.label(&words.results.panel.time));
    let print = |value: f64| attica_report::format::number(value, DIGITS);
    let ends = index.by_period.first().zip(index.by_period.last());
    let (first, last) = ends.map_or(((0.0, 0.0), (0.0, 0.0)), |(first, last)| (*first, *last));
    let mark = |date: &f64| Mark { x: *date, label: words.label(&words.results.policy.name) };
    let within = |date: &&f64| **date >= first.0 && **date <= last.0;
    Figure {
        id: format!("index-{}", index.name),
        title: text(format!("{}: mean score over time", name.en), format!("{}均值的时间变化", name.zh)),
        alt: text(
            format!("Mean score from {} in {} to {} in {}.", print(first.1), first.0, print(last.1), last.0),
            format!("均值由{}（{}）变为{}（{}）。", print(first.1), first.0, print(last.1), last.0),
        ),
        x_label: time,
        y_label: text("Mean score", "平均得分"),
        plot: Plot::Lines(Lines {
            series: vec![LineSeries { label: name, points: index.by_period.clone() }],
            marks: words.results.policy.dates.iter().filter(within).map(mark).collect(),
        }),
        notes: vec![text(
            "Means over all units with a score in the period; dashed lines mark adoption dates.",
            "各期有得分个体的均值；虚线为政策实施时点。",
        )],
    }
}
