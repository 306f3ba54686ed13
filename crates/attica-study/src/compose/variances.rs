//! The main coefficient under several covariances: a reading, the table and the intervals side by side.

use attica::fit::Variance;
use attica::text::Text;
use attica_report::figure::{Figure, Forest, ForestRow, Plot};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::event::equals_p;
use super::inference::{self, Spread};
use super::layout;
use super::words::{Words, by_value, glue, list, sentence, stop, text};
use crate::results::Variances;

/// Blocks that follow the baseline table.
pub(super) fn blocks(words: &Words<'_>, found: &Variances) -> Vec<Block> {
    if found.rows.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Paragraph(reading(words, found)), Block::Table(table(words, found))];
    blocks.extend(figure(words, found).map(Block::Figure));
    blocks
}

/// What a row is called.
fn name(words: &Words<'_>, vcov: &str) -> Text {
    let by = |names: &[&str]| list(&names.iter().map(|name| words.category(name)).collect::<Vec<_>>());
    match inference::spread(vcov) {
        Spread::Iid => text("Independent, equal variances (iid)", "独立同方差（iid）"),
        Spread::Robust(rule) => text(format!("Heteroskedasticity-robust ({rule})"), format!("异方差稳健（{rule}）")),
        Spread::Cluster(Some("CRV3"), names) => {
            let by = by(&names);
            text(format!("Cluster jackknife by {} (CRV3)", by.en), format!("{}聚类刀切法（CRV3）", by.zh))
        }
        Spread::Cluster(rule, names) => {
            let (by, ways) = (by(&names), names.len());
            let rule = rule.map_or_else(
                || if ways > 1 { text(format!(" ({ways}-way)"), "（多维）") } else { Text::default() },
                |rule| text(format!(" ({rule})"), format!("（{rule}）")),
            );
            text(format!("Clustered by {}{}", by.en, rule.en), format!("按{}聚类{}", by.zh, rule.zh))
        }
        Spread::Serial(rule, lags) => {
            let rule = if rule == "NW" { "Newey–West" } else { "Driscoll–Kraay" };
            let lags = lags.map(|lags| text(format!(", {lags} lags"), format!("，滞后{lags}期"))).unwrap_or_default();
            text(format!("{rule}{}", lags.en), format!("{rule}{}", lags.zh))
        }
        Spread::Space(how) => text(format!("Conley ({how} km)"), format!("Conley（{how}公里）")),
        Spread::Other(other) => match other.split_once('(') {
            Some(("wild", by)) => {
                let by = words.category(by.trim_end_matches(')'));
                text(format!("Wild cluster bootstrap by {}", by.en), format!("按{}的wild聚类自助法", by.zh))
            }
            Some(("permutation", kind)) => match kind.trim_end_matches(')') {
                "unit" => text("Permutation: random units", "置换检验：随机抽取个体"),
                "cohort" => text("Permutation: adoption dates", "置换检验：政策时点"),
                _ => text("Permutation: units and dates", "置换检验：个体与时点"),
            },
            _ => Text::same(other),
        },
    }
}

/// The row of the table that the baseline prints.
fn main_row(found: &Variances) -> Option<&Variance> {
    found.rows.iter().find(|row| row.main)
}

/// How much the choice matters, in a sentence or two.
fn reading(words: &Words<'_>, found: &Variances) -> Text {
    let digits = words.results.style.digits + 1;
    let (term, at) = (words.term(&found.term), layout::printed_column(words, "baseline", found.column));
    let estimate = number(found.estimate, digits - 1);
    let mut rows: Vec<(&Variance, f64)> = found.rows.iter().filter_map(|row| Some((row, row.std_error?))).collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let range = match (rows.first(), rows.last()) {
        (Some((low, least)), Some((high, most))) if rows.len() > 1 => {
            let (low, high) = (name(words, &low.vcov), name(words, &high.vcov));
            let (least, most) = (number(*least, digits), number(*most, digits));
            text(
                format!(" Standard errors lie between {least} ({}) and {most} ({}).", low.en, high.en),
                format!("标准误介于{least}（{}）与{most}（{}）之间。", low.zh, high.zh),
            )
        }
        _ => Text::default(),
    };
    let p: Vec<f64> = found.rows.iter().filter_map(|row| row.p_value).collect();
    let significant = p.iter().filter(|p| **p < 0.05).count();
    let shown = main_row(found).and_then(|row| row.p_value).map_or_else(Text::default, |p| {
        let p = equals_p(p);
        text(format!(" ({p} in the table)"), format!("（表中{p}）"))
    });
    text(
        format!(
            "The estimate of {} in {} is {estimate} whatever is assumed of the errors; its uncertainty is not.{} It is significant at \
             5% in {significant} of {} ways to test it{}.",
            term.en,
            at.en,
            range.en,
            p.len(),
            shown.en
        ),
        format!(
            "{}{}的估计值为{estimate}，不随误差假定而变，改变的只是其不确定性。{}在{}种检验方式中，有{significant}种在5%的水平上显著{}。",
            at.zh,
            term.zh,
            range.zh,
            p.len(),
            shown.zh
        ),
    )
}

fn table(words: &Words<'_>, found: &Variances) -> Table {
    let digits = words.results.style.digits + 1;
    let level = inference::percent(found.level);
    let head = [
        text("Variance", "方差"),
        text("SE", "标准误"),
        text("df", "自由度"),
        Text::same("t"),
        text("p", "p值"),
        text(format!("{level}% interval"), format!("{level}%置信区间")),
        text("Clusters", "聚类数"),
        text("Remarks", "备注"),
    ];
    let none = text("a test without a standard error", "该检验没有标准误");
    let rows = found.rows.iter().map(|row| {
        let label = name(words, &row.vcov);
        let mark = if row.main { "†" } else { "" };
        let label = text(format!("{}{mark}", label.en), format!("{}{mark}", label.zh));
        let reason = row.absent.as_ref().map_or_else(|| none.clone(), |reason| reason.text.clone());
        let interval = match (row.conf_low, row.conf_high) {
            (Some(low), Some(high)) => Cell::Interval { low, high, decimals: digits - 1 },
            _ => Cell::Absent(reason.clone()),
        };
        let p = row.p_value.map_or_else(|| Cell::Absent(reason.clone()), |value| Cell::PValue { value, decimals: 3 });
        let clusters: Vec<String> = row.clusters.iter().map(|&g| words.count(g)).collect();
        let mut ids: Vec<&str> = row.warnings.iter().chain(&row.absent).map(|w| w.id.as_str()).collect();
        ids.dedup();
        Row::Cells(vec![
            Cell::Text(label),
            Cell::number(row.std_error, digits, &reason),
            Cell::number(row.df, 1, &reason),
            Cell::number(row.statistic, 2, &reason),
            p,
            interval,
            Cell::same(clusters.join(", ")),
            Cell::same(ids.join(" ")),
        ])
    });
    let mut align = vec![Align::Decimal; head.len()];
    for column in [0, 6, 7] {
        align[column] = Align::Left;
    }
    Table {
        id: "baseline-variances".to_owned(),
        title: title(found),
        columns: align,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows: rows.collect(),
        notes: notes(words, found),
    }
}

fn title(found: &Variances) -> Text {
    let n = found.rows.len();
    text(format!("The same effect under {n} variances"), format!("同一效应的{n}种方差"))
}

/// Which row is the table's, what the clusters say, whose numbers these are, and each remark once.
fn notes(words: &Words<'_>, found: &Variances) -> Vec<Text> {
    let at = layout::printed_column(words, "baseline", found.column);
    let mut notes = vec![text(
        format!("† The variance of the baseline table; all rows are from the one fit of {}.", at.en),
        format!("†为基准回归表所用方差；各行均来自{}的同一次拟合。", at.zh),
    )];
    notes.extend(clusters(words, found));
    let equals =
        by_value(found.rows.iter().filter(|row| !row.equals.is_empty()).enumerate().map(|(i, row)| (i, &row.equals)));
    let named: Vec<&Variance> = found.rows.iter().filter(|row| !row.equals.is_empty()).collect();
    let parts = equals.into_iter().map(|(which, software)| {
        let which = list(&which.iter().map(|&i| Text::same(&named[i].vcov)).collect::<Vec<_>>());
        text(format!("{}: {software}", which.en), format!("{}：{software}", which.zh))
    });
    let equals = glue(parts, "; ", "；");
    if equals != Text::default() {
        notes.push(stop(text(format!("Same numbers as — {}", equals.en), format!("与下列软件一致——{}", equals.zh))));
    }
    let mut seen: Vec<&Text> = Vec::new();
    for row in &found.rows {
        for remark in row.warnings.iter().chain(&row.absent).filter(|w| w.id != "N418") {
            if !seen.contains(&&remark.text) {
                seen.push(&remark.text);
                let said = sentence(remark.text.clone());
                notes.push(text(format!("{}: {}", remark.id, said.en), format!("{}：{}", remark.id, said.zh)));
            }
        }
        // What belongs to one row alone names the row.
        for remark in row.warnings.iter().filter(|w| w.id == "N418") {
            let (row, said) = (name(words, &row.vcov), &remark.text);
            notes.push(stop(text(
                format!("{}, {}: {}", remark.id, row.en, said.en),
                format!("{}，{}：{}", remark.id, row.zh, said.zh),
            )));
        }
    }
    notes
}

/// How concentrated the coefficient's variation is.
fn clusters(words: &Words<'_>, found: &Variances) -> Option<Text> {
    let card = found.clusters.as_ref()?;
    let by = words.category(&card.by);
    let (effective, share) = (number(card.effective, 1), number(100.0 * card.largest, 1));
    let who =
        card.largest_name.as_ref().map_or_else(Text::default, |name| text(format!(" ({name})"), format!("（{name}）")));
    let treated = card.treated.map_or_else(Text::default, |treated| {
        text(format!(", {treated} of them ever treated"), format!("，其中{treated}个受处理"))
    });
    let correlated = card.effective_correlated.map_or_else(Text::default, |g| {
        let g = number(g, 1);
        text(format!(" ({g} if errors within a cluster are one)"), format!("（组内误差完全相关时为{g}）"))
    });
    let [least, median, most] = card.sizes.map(|rows| words.count(rows));
    Some(text(
        format!(
            "{} clusters by {}{}, of {least} to {most} rows (median {median}); effective number {effective}{}; the largest share of one cluster{} in \
             the variation that identifies the coefficient is {share}%.",
            card.clusters, by.en, treated.en, correlated.en, who.en
        ),
        format!(
            "按{}共{}个聚类{}，各含{least}至{most}行（中位数{median}）；有效聚类数{effective}{}；单个聚类{}占识别变异的最大份额为{share}%。",
            by.zh, card.clusters, treated.zh, correlated.zh, who.zh
        ),
    ))
}

fn figure(words: &Words<'_>, found: &Variances) -> Option<Figure> {
    let rows: Vec<ForestRow> = found
        .rows
        .iter()
        .filter_map(|row| {
            Some(ForestRow {
                label: name(words, &row.vcov),
                group: None,
                estimate: found.estimate,
                interval: Some((row.conf_low?, row.conf_high?)),
                main: row.main,
            })
        })
        .collect();
    if rows.len() < 2 {
        return None;
    }
    let (effect, level) = (words.term(&found.term), inference::percent(found.level));
    let digits = words.results.style.digits;
    let said = rows.iter().map(|row| {
        let (low, high) = row.interval.unwrap_or_default();
        let ends = format!("{} – {}", number(low, digits), number(high, digits));
        text(format!("{} {ends}", row.label.en), format!("{} {ends}", row.label.zh))
    });
    Some(Figure {
        id: "baseline-variances".to_owned(),
        title: title(found),
        alt: stop(glue(said, "; ", "；")),
        x_label: text(format!("Effect of {}", effect.en), format!("{}的系数", effect.zh)),
        y_label: Text::default(),
        plot: Plot::Forest(Forest { rows, baseline: None }),
        notes: vec![text(
            format!("{level}% confidence intervals of the same estimate; the filled marker is the baseline's."),
            format!("同一估计值的{level}%置信区间；实心点为基准回归所用方差。"),
        )],
    })
}
