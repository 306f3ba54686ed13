//! What the two-way coefficient compares, and whose effects it weighs.

use attica::diagnostic::bacon::{Bacon, Comparison, Kind};
use attica::diagnostic::twfe_weights::TwfeWeights;
use attica::message::Problem;
use attica::text::Text;
use attica_report::figure::{Figure, LineSeries, Plot, Scatter};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::words::{Words, glue, list, plural, sentence, sentences, stop, text};
use crate::results::Decomposition;

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>, found: &Decomposition) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(bacon) = &found.bacon {
        blocks.push(Block::Paragraph(reading(words, bacon)));
        if bacon.rows.len() > 1 {
            blocks.push(Block::Figure(figure(words, bacon)));
        }
        blocks.push(Block::Table(by_kind(words, bacon)));
    }
    if let Some(weights) = &found.weights {
        blocks.push(Block::Paragraph(weighed(words, weights)));
        if weights.n_negative > 0 {
            blocks.push(Block::Table(by_cohort(weights)));
        }
    }
    blocks.extend(found.failed.iter().map(|(what, problem)| absent(what, problem)));
    blocks
}

/// What has no answer, why, and what to do.
pub(super) fn absent(what: &Text, problem: &Problem) -> Block {
    let said = problem.text();
    let first = text(
        format!("{} has no answer here ({}): {}", what.en, problem.id, said.en),
        format!("{}在此无法给出（{}）：{}", what.zh, problem.id, said.zh),
    );
    Block::Note(sentences([stop(first), sentence(problem.remedy())]))
}

const KINDS: [Kind; 4] = [Kind::TreatedVsNever, Kind::EarlierVsLater, Kind::LaterVsEarlier, Kind::TreatedVsAlways];

fn name(kind: Kind) -> Text {
    match kind {
        Kind::TreatedVsNever => text("Treated and never treated", "处理组与从未处理组"),
        Kind::EarlierVsLater => text("Earlier and later treated", "较早处理组与较晚处理组"),
        Kind::LaterVsEarlier => text("Later and already treated", "较晚处理组与已处理组"),
        Kind::TreatedVsAlways => text("Treated and always treated", "处理组与始终处理组"),
    }
}

/// The comparisons of a kind.
fn of(bacon: &Bacon, kind: Kind) -> Vec<&Comparison> {
    bacon.rows.iter().filter(|row| row.kind == kind).collect()
}

fn weight(rows: &[&Comparison]) -> f64 {
    rows.iter().map(|row| row.weight).sum()
}

fn reading(words: &Words<'_>, bacon: &Bacon) -> Text {
    let digits = words.results.style.digits;
    let (b, n) = (number(bacon.estimate, digits), bacon.rows.len());
    let first = text(
        format!(
            "Without controls the two-way coefficient is {b}, the weighted mean of {n} {} of two groups of units (Goodman-Bacon 2021).",
            plural(n, "comparison", "comparisons")
        ),
        format!("不含控制变量的双向固定效应系数为{b}，等于{n}组两两比较的加权平均（Goodman-Bacon，2021）。"),
    );
    let forbidden: Vec<&Comparison> = bacon.rows.iter().filter(|row| row.kind.uses_treated()).collect();
    let share = number(100.0 * weight(&forbidden), 1);
    let second = if forbidden.is_empty() {
        text("None of them takes units already treated as controls.", "其中没有以已处理个体为对照的比较。")
    } else {
        let without = bacon.estimate - forbidden.iter().map(|row| row.weight * row.estimate).sum::<f64>();
        let clean = without / (1.0 - weight(&forbidden));
        let clean = if clean.is_finite() {
            let clean = number(clean, digits);
            text(
                format!("; the other comparisons alone average to {clean}"),
                format!("；仅用其余比较的加权平均为{clean}"),
            )
        } else {
            Text::default()
        };
        stop(text(
            format!(
                "{share}% of the weight lies on comparisons with units already treated, whose own changing effects enter with a minus sign{}",
                clean.en
            ),
            format!("{share}%的权重落在以已处理个体为对照的比较上，这些个体自身效应的变化以负号进入估计{}", clean.zh),
        ))
    };
    sentences([first, second])
}

fn figure(words: &Words<'_>, bacon: &Bacon) -> Figure {
    let series = KINDS.into_iter().map(|kind| (kind, of(bacon, kind))).filter(|(_, rows)| !rows.is_empty());
    let series = series.map(|(kind, rows)| LineSeries {
        label: name(kind),
        points: rows.iter().map(|row| (row.weight, row.estimate)).collect(),
    });
    let outcome = words.label(&words.results.model.outcome);
    Figure {
        id: "bacon".to_owned(),
        title: text("Comparisons behind the two-way coefficient", "双向固定效应系数的分解"),
        alt: reading(words, bacon),
        x_label: text("Weight", "权重"),
        y_label: text(format!("Difference in differences of {}", outcome.en), format!("{}的双重差分估计", outcome.zh)),
        plot: Plot::Scatter(Scatter {
            series: series.collect(),
            baseline: Some((bacon.estimate, text("Two-way coefficient", "双向固定效应系数"))),
        }),
        notes: vec![text(
            "Each marker is one comparison of two cohorts, or of a cohort with units never or always treated; weights sum to one.",
            "每个标记为两个批次之间（或某批次与从未、始终处理个体之间）的一次比较；权重之和为一。",
        )],
    }
}

fn by_kind(words: &Words<'_>, bacon: &Bacon) -> Table {
    let digits = words.results.style.digits;
    let head = [
        text("Treated and control group", "处理组与对照组"),
        text("Comparisons", "比较数"),
        text("Weight", "权重"),
        text("Mean estimate", "平均估计值"),
        text("Lowest", "最小"),
        text("Highest", "最大"),
    ];
    let none = text("no weight", "没有权重");
    let line = |label: Text, rows: &[&Comparison]| {
        let all = weight(rows);
        let mean = rows.iter().map(|row| row.weight * row.estimate).sum::<f64>() / all;
        let ends = rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), row| {
            (low.min(row.estimate), high.max(row.estimate))
        });
        Row::Cells(vec![
            Cell::Text(label),
            Cell::Count(rows.len() as u64),
            Cell::Number { value: all, decimals: 3 },
            Cell::number(Some(mean), digits, &none),
            Cell::number(Some(ends.0), digits, &none),
            Cell::number(Some(ends.1), digits, &none),
        ])
    };
    let mut rows: Vec<Row> = KINDS
        .into_iter()
        .map(|kind| (kind, of(bacon, kind)))
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(kind, rows)| line(name(kind), &rows))
        .collect();
    rows.push(Row::Separator);
    rows.push(line(text("All", "全部"), &bacon.rows.iter().collect::<Vec<_>>()));
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    Table {
        id: "bacon".to_owned(),
        title: text("Goodman-Bacon decomposition of the two-way coefficient", "双向固定效应系数的Goodman-Bacon分解"),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows,
        notes: vec![text(
            "The regression has unit and period effects and no controls, for which alone the decomposition is exact. Means weigh comparisons as the coefficient does.",
            "回归仅含个体与时期固定效应、不含控制变量，此时分解才是精确的。均值按系数中的权重计算。",
        )],
    }
}

/// How the main coefficient weighs effects, and how different effects must be for that to matter.
fn weighed(words: &Words<'_>, found: &TwfeWeights) -> Text {
    let digits = words.results.style.digits;
    let (negative, all) = (found.n_negative, found.n_positive + found.n_negative);
    let (b, sum) = (number(found.estimate, digits), number(found.sum_negative, 3));
    let [negative, of_all] = [negative, all].map(|n| words.count(n));
    let first = if found.n_negative == 0 {
        text(
            format!(
                "The coefficient of the main model, {b}, weighs the effects of all {of_all} treated rows positively (de Chaisemartin and D'Haultfœuille 2020)."
            ),
            format!(
                "主模型的系数{b}对全部{of_all}个处理观测的效应均赋予正权重（de Chaisemartin和D'Haultfœuille，2020）。"
            ),
        )
    } else {
        text(
            format!(
                "The coefficient of the main model, {b}, weighs the effects of {negative} of {of_all} treated rows negatively; these weights sum to {sum}, all weights to 1 (de Chaisemartin and D'Haultfœuille 2020)."
            ),
            format!(
                "主模型的系数{b}对{of_all}个处理观测中{negative}个的效应赋予负权重，合计{sum}（全部权重之和为1；de Chaisemartin和D'Haultfœuille，2020）。"
            ),
        )
    };
    let cells: Vec<Text> = {
        let mut cells: Vec<_> = found.cells.iter().filter(|cell| cell.weight < 0.0).collect();
        cells.sort_by(|a, b| a.weight.total_cmp(&b.weight));
        let three = cells.iter().take(3);
        three
            .map(|c| text(format!("cohort {} in {}", c.cohort, c.time), format!("批次{}在时期{}", c.cohort, c.time)))
            .collect()
    };
    let most = if cells.is_empty() {
        Text::default()
    } else {
        let cells = list(&cells);
        text(format!("The most negative are those of {}.", cells.en), format!("负值最大的为{}。", cells.zh))
    };
    let zero = found.sigma_zero.map_or_else(Text::default, |sigma| {
        let sigma = number(sigma, digits);
        text(
            format!("The average effect on treated rows could be zero if effects had a standard deviation of {sigma}"),
            format!("若各处理观测效应的标准差达到{sigma}，处理组的平均效应即可能为零"),
        )
    });
    let sign = found.sigma_sign.map_or_else(Text::default, |sigma| {
        let sigma = number(sigma, digits);
        text(
            format!("all effects could have the other sign than the coefficient if it were {sigma}"),
            format!("达到{sigma}时，全部效应的符号均可能与系数相反"),
        )
    });
    sentences([first, most, stop(glue([zero, sign], "; ", "；"))])
}

fn by_cohort(found: &TwfeWeights) -> Table {
    let head = [
        text("Cohort", "批次"),
        text("Treated rows", "处理观测"),
        text("Of these negative", "其中负权重"),
        text("Sum of weights", "权重之和"),
        text("Periods with a negative sum", "权重之和为负的时期"),
    ];
    let mut cohorts: Vec<f64> = found.cells.iter().map(|cell| cell.cohort).collect();
    cohorts.dedup();
    let rows = cohorts.into_iter().map(|cohort| {
        let cells: Vec<_> = found.cells.iter().filter(|cell| cell.cohort == cohort).collect();
        let negative: Vec<String> =
            cells.iter().filter(|cell| cell.weight < 0.0).map(|cell| cell.time.to_string()).collect();
        let negative = if negative.is_empty() { Cell::Empty } else { Cell::same(negative.join(", ")) };
        Row::Cells(vec![
            Cell::Label(cohort),
            Cell::Count(cells.iter().map(|cell| cell.n).sum::<usize>() as u64),
            Cell::Count(cells.iter().map(|cell| cell.n_negative).sum::<usize>() as u64),
            Cell::Number { value: cells.iter().map(|cell| cell.weight).sum(), decimals: 3 },
            negative,
        ])
    });
    let mut columns = vec![Align::Decimal; head.len()];
    (columns[0], columns[4]) = (Align::Left, Align::Left);
    Table {
        id: "twfe-weights".to_owned(),
        title: text("Weights of the two-way coefficient on effects", "双向固定效应系数对各效应的权重"),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows: rows.collect(),
        notes: vec![text(
            "Weights of the main model, controls included. A negative weight turns the sign of the effects that it is on.",
            "为主模型（含控制变量）的权重。负权重使相应效应以相反符号进入系数。",
        )],
    }
}
