//! The headline effects under tests that do not lean on many clusters, where clusters are few.

use attica::text::Text;
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::family::caution;
use super::inference;
use super::words::{Words, list, sentences, stop, text};
use crate::few::{FewClusters, FewRow};

/// Blocks after the estimators; none without an answer.
pub(super) fn blocks(words: &Words<'_>, found: &FewClusters) -> Vec<Block> {
    if found.rows.is_empty() {
        return Vec::new();
    }
    let mut blocks: Vec<Block> = found.warnings.iter().map(caution).collect();
    blocks.extend([Block::Paragraph(reading(words, found)), Block::Table(table(words, found))]);
    blocks
}

/// Of which effects the usual test says something else than a safer one.
fn reading(words: &Words<'_>, found: &FewClusters) -> Text {
    let by = words.category(&found.by);
    let (clusters, treated) = (found.clusters, found.treated);
    let start = text(
        format!(
            "There are {clusters} clusters by {}, {treated} of them ever treated: the usual p-values lean on many of both, and are shown beside \
             tests that do not.",
            by.en
        ),
        format!(
            "按{}共{clusters}个聚类，其中{treated}个受处理：常用p值依赖于两侧均有较多聚类，故与不依赖于此的检验并列。",
            by.zh
        ),
    );
    let usual = |row: &&FewRow| row.overall.p_value.is_some_and(|p| p < 0.05);
    let safer = |row: &&FewRow| {
        let drawn = row.permutation.map(|test| test.p_value_t.unwrap_or(test.p_value));
        drawn.or(row.overall.wild.as_ref().map(|test| test.p_value))
    };
    let lost: Vec<Text> = found
        .rows
        .iter()
        .filter(|row| usual(row) && safer(row).is_some_and(|p| p >= 0.05))
        .map(|row| row.label.clone())
        .collect();
    let end = if lost.is_empty() {
        Text::default()
    } else {
        let who = list(&lost);
        text(
            format!("Significant at 5% by the usual test but not by the safer one: {}.", who.en),
            format!("按常用检验在5%的水平上显著而按更稳妥的检验不显著：{}。", who.zh),
        )
    };
    sentences([start, end])
}

fn table(words: &Words<'_>, found: &FewClusters) -> Table {
    let digits = words.results.style.digits;
    let head = [
        text("Estimator", "估计量"),
        text("Effect", "效应"),
        text("Std. error", "标准误"),
        text("Usual p", "常用p值"),
        text("Wild bootstrap p", "wild bootstrap p值"),
        text("Permutation p", "置换检验p值"),
        text("Permutation p, by t", "置换检验p值（按t）"),
    ];
    let no_error = text("no standard error can be computed", "无法计算标准误");
    let no_draws = text("its standard error comes from replications", "其标准误来自重复抽样");
    let no_t = text("draws without a t statistic", "抽样没有t统计量");
    let row = |row: &FewRow| {
        let why = row.absent.as_ref().map_or_else(|| no_t.clone(), |absent| absent.text.clone());
        let p = |p: Option<f64>, reason: &Text| match p {
            Some(value) => Cell::PValue { value, decimals: 3 },
            None => Cell::Absent(reason.clone()),
        };
        Row::Cells(vec![
            Cell::Text(row.label.clone()),
            Cell::Number { value: row.overall.estimate, decimals: digits },
            Cell::number(row.overall.std_error, digits, &no_error),
            p(row.overall.p_value, &no_error),
            p(row.overall.wild.as_ref().map(|test| test.p_value), &no_draws),
            p(row.permutation.map(|test| test.p_value), &why),
            p(row.permutation.and_then(|test| test.p_value_t), &why),
        ])
    };
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    Table {
        id: "few-clusters".to_owned(),
        title: text("The effects when clusters are few", "聚类较少时的检验"),
        columns,
        head: vec![head.map(Head::one).to_vec()],
        rows: found.rows.iter().map(row).collect(),
        notes: notes(words, found),
    }
}

fn notes(words: &Words<'_>, found: &FewClusters) -> Vec<Text> {
    let mut notes = Vec::new();
    let mut kinds: Vec<Text> = Vec::new();
    for row in &found.rows {
        if let Some(test) = &row.overall.wild {
            let how = inference::wild(words, test);
            if !kinds.contains(&how) {
                kinds.push(how);
            }
        }
    }
    if !kinds.is_empty() {
        let how = list(&kinds);
        notes.push(stop(text(format!("Wild bootstrap: {}", how.en), format!("wild bootstrap：{}", how.zh))));
    }
    if let Some(test) = found.rows.iter().find_map(|row| row.permutation) {
        let by = words.category(&found.by);
        let draws = words.count(test.draws);
        let error = number((0.05 * 0.95 / test.draws.max(1) as f64).sqrt(), 3);
        let (every, every_zh) = if test.exact { ("all ", "全部") } else { ("", "") };
        let (error, error_zh) = if test.exact {
            (String::new(), String::new())
        } else {
            (format!("; their Monte Carlo error near 0.05 is {error}"), format!("；p值在0.05附近的模拟误差为{error}"))
        };
        notes.push(text(
            format!("Permutation: adoption dates over {}, {every}{draws} of them{error}.", by.en),
            format!("置换检验：政策时点在{}间随机置换，{every_zh}{draws}次{error_zh}。", by.zh),
        ));
    }
    notes.push(text(
        "With few treated clusters a wild bootstrap with the null imposed hardly ever rejects, and one without (or of influence functions) too \
         often (MacKinnon and Webb 2017, 2018); the permutation by t is then the one to read.",
        "受处理聚类很少时，施加原假设的wild bootstrap几乎不会拒绝，未施加者（或影响函数得分自助法）则过度拒绝（MacKinnon and Webb 2017, 2018）；\
         此时应以按t的置换检验为准。",
    ));
    notes
}
