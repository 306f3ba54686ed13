//! The specification curve and the estimates without each group: a sentence, a figure and a table each.

use attica::text::Text;
use attica_report::figure::{Curve, CurvePoint, Figure, Forest, ForestRow, Plot};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::inference;
use super::words::{Words, glue, list, plural, sentences, stop, text};
use crate::results::{Choice, LeaveOut, Left, SpecificationCurve};

/// Blocks of the curve.
pub(super) fn curve(words: &Words<'_>, found: &SpecificationCurve) -> Vec<Block> {
    vec![
        Block::Paragraph(summary(words, found)),
        Block::Figure(curve_figure(words, found)),
        Block::Table(curve_table(words, found)),
    ]
}

/// How many have the sign, how many exclude zero, the range, and which choices depart.
fn summary(words: &Words<'_>, found: &SpecificationCurve) -> Text {
    let digits = words.results.style.digits;
    let all = found.rows.len();
    let main = found.rows.iter().find(|row| row.main).map(|row| row.estimate);
    let (Some(low), Some(high)) = (found.rows.first(), found.rows.last()) else { return Text::default() };
    let (low, high) = (number(low.estimate, digits), number(high.estimate, digits));
    let name = words.term(&found.term);
    let level = inference::percent(found.level);
    let above = found.rows.iter().filter(|row| row.conf_low > 0.0).count();
    let below = found.rows.iter().filter(|row| row.conf_high < 0.0).count();
    let range = text(
        format!(
            "Over {all} specifications the estimate of {} lies between {low} and {high}; the {level}% interval lies above zero in {above} of {all} and below zero in {below}.",
            name.en
        ),
        format!(
            "在{all}种设定中，{}的估计值介于{low}与{high}之间，{level}%置信区间全部大于零的有{above}种，全部小于零的有{below}种。",
            name.zh
        ),
    );
    let sign = main.map_or_else(Text::default, |main| {
        let same = found.rows.iter().filter(|row| row.estimate * main > 0.0).count();
        let departs = departing(found, main);
        let tail = if same == all { Text::default() } else { departs };
        sentences([
            text(
                format!("The sign is that of the study's own specification in {same} of {all}."),
                format!("其中{same}种与基准设定的符号相同。"),
            ),
            tail,
        ])
    });
    let caution = text(
        "The specifications share their data, so their number is no measure of evidence.",
        "各设定使用相同的数据，其数量本身并不构成证据。",
    );
    sentences([range, sign, caution])
}

/// The changes that occur among the specifications with the other sign more often than among all.
fn departing(found: &SpecificationCurve, main: f64) -> Text {
    let turned: Vec<_> = found.rows.iter().filter(|row| row.estimate * main <= 0.0).collect();
    // The study's own choices, the first of each dimension, depart from nothing.
    let own = |i: usize| i == 0 || found.choices[i - 1].dimension != found.choices[i].dimension;
    let mut counts: Vec<(usize, usize)> = (0..found.choices.len())
        .filter(|&i| !own(i))
        .map(|i| (turned.iter().filter(|row| row.choices.contains(&i)).count(), i))
        .filter(|&(count, i)| {
            let of = found.rows.iter().filter(|row| row.choices.contains(&i)).count();
            count * found.rows.len() > turned.len() * of
        })
        .collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let named: Vec<Text> = counts.iter().take(3).map(|&(_, i)| found.choices[i].label.clone()).collect();
    if named.is_empty() {
        return Text::default();
    }
    let named = list(&named);
    text(
        format!("Those that depart choose most often: {}.", named.en),
        format!("符号不同的设定多出现于：{}。", named.zh),
    )
}

fn curve_figure(words: &Words<'_>, found: &SpecificationCurve) -> Figure {
    let name = words.term(&found.term);
    let level = inference::percent(found.level);
    let points = found.rows.iter().map(|row| CurvePoint {
        estimate: row.estimate,
        interval: (row.conf_low, row.conf_high),
        choices: row.choices.clone(),
        main: row.main,
    });
    let choices = found.choices.iter().map(|Choice { dimension, label }| (dimension.clone(), label.clone()));
    let absent = if found.absent.is_empty() {
        Text::default()
    } else {
        let names = glue(found.absent.iter().cloned(), "; ", "；");
        text(
            format!("Not in the curve, for another outcome or policy variable or no estimate: {}", names.en),
            format!("未纳入曲线（被解释变量或政策变量不同，或无法估计）：{}", names.zh),
        )
    };
    let read = text(
        format!(
            "Specifications in ascending order; lines are {level}% confidence intervals, the dashed line and the large marker are the study's own estimate; squares below say what each specification chooses"
        ),
        format!("设定按估计值升序排列；竖线为{level}%置信区间，虚线与大标记为基准估计；下方方块表示各设定的选择"),
    );
    Figure {
        id: "robustness-curve".to_owned(),
        title: text("Specification curve", "设定曲线"),
        alt: summary(words, found),
        x_label: text("Specification", "设定"),
        y_label: text(format!("Effect of {}", name.en), format!("{}的系数", name.zh)),
        plot: Plot::Curve(Curve { points: points.collect(), choices: choices.collect() }),
        notes: vec![stop(read), stop(absent)].into_iter().filter(|note| *note != Text::default()).collect(),
    }
}

/// The estimates that each choice leads to.
fn curve_table(words: &Words<'_>, found: &SpecificationCurve) -> Table {
    let digits = words.results.style.digits;
    let head = [
        text("Choice", "选择"),
        text("Specifications", "设定数"),
        text("Lowest", "最小"),
        text("Median", "中位数"),
        text("Highest", "最大"),
        text("Excluding zero", "不含零"),
    ];
    let none = text("no specification was estimated", "没有可估计的设定");
    let rows = found.choices.iter().enumerate().map(|(i, choice)| {
        let of: Vec<_> = found.rows.iter().filter(|row| row.choices.contains(&i)).collect();
        let middle = match of.len() {
            0 => None,
            n => Some(f64::midpoint(of[(n - 1) / 2].estimate, of[n / 2].estimate)),
        };
        let clear = of.iter().filter(|row| row.conf_low > 0.0 || row.conf_high < 0.0).count();
        Row::Cells(vec![
            Cell::Text(choice.label.clone()),
            Cell::Count(of.len() as u64),
            Cell::number(of.first().map(|row| row.estimate), digits, &none),
            Cell::number(middle, digits, &none),
            Cell::number(of.last().map(|row| row.estimate), digits, &none),
            Cell::Count(clear as u64),
        ])
    });
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    Table {
        id: "robustness-curve".to_owned(),
        title: text("Specification curve by choice", "设定曲线：按选择汇总"),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows: rows.collect(),
        notes: vec![text(
            "Each row has the specifications that make this choice, with every other choice that can be combined with it.",
            "每行为作出该选择的全部设定（与其他可组合的选择交叉）。",
        )],
    }
}

/// Blocks of a leave-one-out analysis.
pub(super) fn leave_out(words: &Words<'_>, found: &LeaveOut) -> Vec<Block> {
    if found.rows.is_empty() {
        return Vec::new();
    }
    vec![Block::Paragraph(reading(words, found)), Block::Figure(figure(words, found))]
}

fn reading(words: &Words<'_>, found: &LeaveOut) -> Text {
    let digits = words.results.style.digits + 1;
    let (Some(low), Some(high)) = (found.rows.first(), found.rows.last()) else { return Text::default() };
    let (name, groups, label) = (words.term(&found.term), found.rows.len() + found.lost.len(), &found.label);
    let [least, most, all] = [low.estimate, high.estimate, found.estimate].map(|value| number(value, digits));
    let (first, last) = (group(found, &low.name), group(found, &high.name));
    let range = text(
        format!(
            "Without any one of {groups} groups ({}) the estimate of {} lies between {least} (without {}) and {most} (without {}); with all it is {all}.",
            label.en, name.en, first.en, last.en
        ),
        format!(
            "逐一剔除{groups}个{}后，{}的估计值介于{least}（剔除{}）与{most}（剔除{}）之间，全样本为{all}。",
            label.zh, name.zh, first.zh, last.zh
        ),
    );
    let turned = found.rows.iter().filter(|row| row.estimate * found.estimate <= 0.0).count();
    let sign = if turned == 0 {
        text("The sign never changes.", "符号始终不变。")
    } else {
        let groups = plural(turned, "group", "groups");
        text(format!("The sign changes without {turned} {groups}."), format!("剔除其中{turned}个后符号改变。"))
    };
    let lost = if found.lost.is_empty() {
        Text::default()
    } else {
        let names = found.lost.join(", ");
        text(format!("Without {names} nothing identifies the effect."), format!("剔除{names}后效应无法识别。"))
    };
    sentences([range, sign, influential(found), lost])
}

/// What a reader calls a group that was left out.
fn group(found: &LeaveOut, name: &str) -> Text {
    match (found.by.as_str(), name) {
        ("cohort", "never") => text("never treated", "从未处理"),
        ("cohort", "always") => text("always treated", "始终处理"),
        ("cohort", "switches") => text("treated and untreated again", "退出处理"),
        _ => Text::same(name),
    }
}

fn influential(found: &LeaveOut) -> Text {
    let bound = number(found.bound, 3);
    let mut named: Vec<&Left> = found.rows.iter().filter(|row| row.influential).collect();
    named.sort_by(|a, b| (b.estimate - found.estimate).abs().total_cmp(&(a.estimate - found.estimate).abs()));
    if named.is_empty() {
        return text(
            format!("None moves it by more than {bound} standard errors (2/√groups)."),
            format!("没有任何一个使其变动超过{bound}个标准误（2/√组数）。"),
        );
    }
    let names: Vec<Text> = named.iter().take(5).map(|row| group(found, &row.name)).collect();
    let names = list(&names);
    let (count, more) = (named.len(), if named.len() > 5 { ("the most ", "最大者为") } else { ("namely ", "") });
    text(
        format!(
            "{count} {} it by more than {bound} standard errors (2/√groups), {}{}.",
            plural(count, "moves", "move"),
            more.0,
            names.en
        ),
        format!("有{count}个使其变动超过{bound}个标准误（2/√组数）：{}{}。", more.1, names.zh),
    )
}

/// At most this many groups are drawn; of more, those that move the estimate most.
const DRAWN: usize = 30;

fn figure(words: &Words<'_>, found: &LeaveOut) -> Figure {
    let mut drawn: Vec<&Left> = found.rows.iter().collect();
    drawn.sort_by(|a, b| (b.estimate - found.estimate).abs().total_cmp(&(a.estimate - found.estimate).abs()));
    drawn.truncate(DRAWN);
    drawn.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
    let (name, label) = (words.term(&found.term), &found.label);
    let rows = drawn.iter().map(|row| ForestRow {
        label: group(found, &row.name),
        group: None,
        estimate: row.estimate,
        interval: None,
        main: row.influential,
    });
    let shown = if found.rows.len() > DRAWN {
        text(
            format!("drawn are the {DRAWN} of {} groups that move the estimate most", found.rows.len()),
            format!("仅列出{}个中影响最大的{DRAWN}个", found.rows.len()),
        )
    } else {
        Text::default()
    };
    let read = text(
        "Estimates without the group named, in ascending order; filled markers are influential, the dashed line is the estimate with all",
        "剔除所列组后的估计值，升序排列；实心标记为影响较大者，虚线为全样本估计",
    );
    Figure {
        id: format!("leave-out-{}", found.by),
        title: text(format!("Leave one out: {}", label.en), format!("逐一剔除：{}", label.zh)),
        alt: reading(words, found),
        x_label: text(format!("Effect of {}", name.en), format!("{}的系数", name.zh)),
        y_label: Text::default(),
        plot: Plot::Forest(Forest { rows: rows.collect(), baseline: Some(found.estimate) }),
        notes: vec![stop(glue([read, shown], "; ", "；"))],
    }
}
