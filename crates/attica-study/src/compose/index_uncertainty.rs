//! What the outcome's index adds to the uncertainty of the effect, in prose, a table and a forest.

use attica::text::Text;
use attica_report::figure::{Figure, Forest, ForestRow, Plot};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::words::{Words, glue, list, sentences, stop, text};
use crate::results::{IndexDraws, IndexForm, IndexUncertainty};

pub(super) fn blocks(words: &Words<'_>, found: &IndexUncertainty) -> Vec<Block> {
    let mut blocks: Vec<Block> = found.draws.iter().map(|draws| Block::Paragraph(joint(words, found, draws))).collect();
    if found.forms.len() > 1 {
        blocks.push(Block::Paragraph(reading(words, found)));
        blocks.push(Block::Table(table(words, found)));
        blocks.push(Block::Figure(figure(words, found)));
    }
    blocks
}

fn joint(words: &Words<'_>, found: &IndexUncertainty, draws: &IndexDraws) -> Text {
    let digits = words.results.style.digits + 1;
    let (index, by, policy) = (words.label(&found.index), words.label(&draws.by), words.term(&found.term.term));
    let print = |value: f64| number(value, digits);
    let (usual, fixed, both) = (print(found.term.std_error), print(draws.fixed), print(draws.joint));
    let (low, high, percent) = (print(draws.conf_low), print(draws.conf_high), number(100.0 * found.level, 0));
    let (n, clusters) = (words.count(draws.draws), words.count(draws.clusters));
    let failed = match draws.failed {
        0 => Text::default(),
        failed => text(
            format!("{failed} further draws had no index or no effect and do not count."),
            format!("另有{failed}次抽样无法计算指数或效应，未计入。"),
        ),
    };
    let ratio = number(draws.joint / draws.fixed, 2);
    let scale = if draws.joint > 1.5 * draws.fixed {
        text(
            "Bounds are extreme values, which draws of units lose: part of the difference is the scale of the score, so compare effects \
             in its standard deviations too.",
            "极值在抽样中容易丢失，差异部分来自得分量纲的变动，应同时比较以得分标准差计的效应。",
        )
    } else {
        Text::default()
    };
    sentences([
        text(
            format!(
                "The weights of {} are estimates too. In {n} draws of {clusters} clusters ({}) with replacement, bounds, weights, scores and \
                 effect were computed again: the standard error of the effect of {} is then {both}, against {fixed} in the same draws \
                 with scores as they are (ratio {ratio}) and {usual} as reported; the {percent}% percentile interval is [{low}, {high}].",
                index.en, by.en, policy.en
            ),
            format!(
                "{}的权重本身也是估计值。对{clusters}个聚类（{}）有放回抽样{n}次，每次重新计算极值、权重、得分与效应：{}系数的标准误为{both}；\
                 在相同抽样中固定得分时为{fixed}（比值{ratio}），所报告的标准误为{usual}；{percent}%百分位区间为[{low}, {high}]。",
                index.zh, by.zh, policy.zh
            ),
        ),
        text(
            format!("Seed {}; derived indicators are kept.", draws.seed),
            format!("随机种子{}；衍生指标保持不变。", draws.seed),
        ),
        scale,
        failed,
    ])
}

fn standardised(form: &IndexForm) -> f64 {
    form.term.estimate / form.sd
}

fn reading(words: &Words<'_>, found: &IndexUncertainty) -> Text {
    let values = || found.forms.iter().map(standardised);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let (index, policy) = (words.label(&found.index), words.term(&found.term.term));
    let others = || found.forms.iter().filter(|form| !form.main);
    let least = others().map(|form| form.rank_correlation).fold(1.0, f64::min);
    let [low, high] = [low, high].map(|value| number(value, 3));
    let significant = found.forms.iter().filter(|form| form.term.p_value < 0.05).count();
    let n = found.forms.len();
    let most = others().max_by_key(|form| form.largest_shift);
    let shift = most.filter(|form| form.largest_shift > 0).map_or_else(Text::default, |form| {
        let (by, label) = (form.largest_shift, &form.label);
        text(
            format!("The largest change of a rank is {by} places ({}, {}).", form.unit, label.en),
            format!("名次变动最大为{by}位（{}，{}）。", form.unit, label.zh),
        )
    });
    sentences([
        text(
            format!(
                "Over {n} forms of {} the effect of {} lies between {low} and {high} standard deviations of the score and is significant \
                 at 5% in {significant}; the ranks of units correlate with the study's at {} or more.",
                index.en,
                policy.en,
                number(least, 3)
            ),
            format!(
                "在{}的{n}种构建方法下，{}的效应介于{low}与{high}个得分标准差之间，其中{significant}种在5%水平上显著；个体排名与基准的\
                 Spearman相关系数不低于{}。",
                index.zh,
                policy.zh,
                number(least, 3)
            ),
        ),
        shift,
    ])
}

fn table(words: &Words<'_>, found: &IndexUncertainty) -> Table {
    let digits = words.results.style.digits;
    let head = [
        text("Form of the index", "指数构建方法"),
        text("Effect", "系数"),
        text("Standard error", "标准误"),
        text("p-value", "p值"),
        text("In standard deviations", "标准差倍数"),
        text("Rank correlation", "排名相关"),
        text("Largest change of rank", "最大名次变动"),
    ];
    let decimal = |value: f64, decimals: usize| Cell::Number { value, decimals };
    let rows = found.forms.iter().map(|form| {
        let own = form.main;
        Row::Cells(vec![
            Cell::Text(super::words::sentence_case(form.label.clone())),
            decimal(form.term.estimate, digits + 1),
            decimal(form.term.std_error, digits + 1),
            Cell::PValue { value: form.term.p_value, decimals: 3 },
            decimal(standardised(form), 3),
            if own { Cell::Empty } else { decimal(form.rank_correlation, 3) },
            if own { Cell::Empty } else { Cell::Count(form.largest_shift as u64) },
        ])
    });
    let index = words.label(&found.index);
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    let failed: Vec<Text> = found
        .failed
        .iter()
        .map(|(label, problem)| {
            let id = &problem.id;
            text(format!("{} ({id})", label.en), format!("{}（{id}）", label.zh))
        })
        .collect();
    let mut notes = vec![text(
        "The main regression on each form, with its standard error; forms have scales of their own, so compare standard deviations of \
         the score. Ranks are of the units' mean scores.",
        "以各构建方法的得分作基准回归；各方法量纲不同，应比较标准差倍数。排名按个体各期均值计算。",
    )];
    if !failed.is_empty() {
        let failed = list(&failed);
        notes.push(stop(text(format!("Not computed: {}", failed.en), format!("未能计算：{}", failed.zh))));
    }
    Table {
        id: "index-forms".to_owned(),
        title: text(format!("The effect on other forms of {}", index.en), format!("{}的不同构建方法", index.zh)),
        columns,
        head: vec![head.map(Head::one).to_vec()],
        rows: rows.collect(),
        notes,
    }
}

fn figure(words: &Words<'_>, found: &IndexUncertainty) -> Figure {
    let rows = found.forms.iter().map(|form| ForestRow {
        label: super::words::sentence_case(form.label.clone()),
        group: None,
        estimate: standardised(form),
        interval: Some((form.term.conf_low / form.sd, form.term.conf_high / form.sd)),
        main: form.main,
    });
    let (index, policy) = (words.label(&found.index), words.term(&found.term.term));
    let percent = number(100.0 * found.level, 0);
    let own = found.forms.first().map(standardised);
    Figure {
        id: "index-forms".to_owned(),
        title: text(format!("The effect by form of {}", index.en), format!("{}不同构建方法下的效应", index.zh)),
        alt: reading(words, found),
        x_label: text(
            format!("Effect of {} in standard deviations of the score", policy.en),
            format!("{}的效应（得分标准差倍数）", policy.zh),
        ),
        y_label: Text::default(),
        plot: Plot::Forest(Forest { rows: rows.collect(), baseline: own }),
        notes: vec![stop(glue(
            [
                text(format!("Intervals at {percent}%"), format!("{percent}%置信区间")),
                text("the filled marker and the dashed line are the study's own form", "实心标记与虚线为基准构建方法"),
            ],
            "; ",
            "；",
        ))],
    }
}
