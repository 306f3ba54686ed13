//! What is left of an event study when trends differ, and what tests of its leads could have seen.

use attica::diagnostic::honest::{Breakdown, Ends, Interval, Sensitivity, Shape, Target};
use attica::diagnostic::pretrend::{Detectable, Test};
use attica::message::Problem;
use attica::text::Text;
use attica_report::figure::{
    EventPoint, EventSeries, EventStudy as EventPlot, Figure, Forest, ForestRow, LineSeries, Plot,
};
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::decomposition::absent;
use super::event;
use super::inference::percent;
use super::words::{Words, list, plural, sentence_case, sentences, stop, text};
use crate::results::{Content, EventStudy, NoAnswer, Sensitivities, StudySensitivity};

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>, found: &Sensitivities) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(2, text("When trends differ", "平行趋势不成立时"))];
    let both = |one: &StudySensitivity| one.relative.clone().zip(one.smoothness.clone());
    if let Some((first, (relative, smoothness))) = found.studies.iter().find_map(|one| Some((one, both(one)?))) {
        blocks.push(Block::Paragraph(intervals_reading(words, found, first, &relative, &smoothness)));
        blocks.push(Block::Figure(intervals(words, found, first, &relative, &smoothness)));
        blocks.push(Block::Table(breakdowns(words, found)));
    }
    if let Some(first) = found.studies.iter().find(|one| !one.power.is_empty()) {
        blocks.push(Block::Paragraph(power_reading(words, first)));
        // Leads that are short differences lie on no line: the figure is of an estimator whose leads do.
        blocks.extend(found.studies.iter().find_map(|one| trend_figure(words, one)).map(Block::Figure));
        blocks.push(Block::Table(power(words, found)));
    }
    blocks.extend(found.studies.iter().flat_map(|one| parts_without(&one.label, &one.failed)));
    blocks.extend(without(&found.failed));
    blocks
}

/// Parts of the analysis that one estimator's event study does not allow.
fn parts_without(label: &Text, failed: &[(Text, Problem)]) -> Vec<Block> {
    let named = |what: &Text| text(format!("{}: {}", label.en, what.en), format!("{}：{}", label.zh, what.zh));
    failed.iter().map(|(what, problem)| absent(&named(what), problem)).collect()
}

/// Estimators that have none, each reason once.
fn without(failed: &[NoAnswer]) -> Option<Block> {
    let names: Vec<Text> = failed.iter().map(|one| one.label.clone()).collect();
    let (mut en, mut zh): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for one in failed {
        // Reasons name the estimator; what several share is said once, in each language by itself: one may tell less than the other.
        let (said, id) = (one.problem.text(), &one.problem.id);
        let said_en = said.en.replace(&one.label.en, "such an estimator");
        for (reasons, reason) in [(&mut en, format!("{said_en} ({id})")), (&mut zh, format!("{}（{id}）", said.zh))] {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    let reasons = stop(sentence_case(text(en.join("; "), zh.join("；"))));
    let names = list(&names);
    (!failed.is_empty()).then(|| {
        Block::Note(text(
            format!("Not examined in this way: {}. {}", names.en, reasons.en),
            format!("未作此项分析：{}。{}", names.zh, reasons.zh),
        ))
    })
}

fn target(found: &Sensitivities) -> Text {
    match found.target {
        Target::First => text("the effect in the first period of treatment", "处理首期的效应"),
        Target::Average => text("the mean effect since adoption", "处理后各期的平均效应"),
        Target::At(time) => {
            text(format!("the effect {time} periods after adoption"), format!("处理后第{time}期的效应"))
        }
    }
}

fn shape(shape: Shape) -> Text {
    match shape {
        Shape::Any => Text::default(),
        Shape::PositiveBias => text("Violations after adoption are taken to be positive.", "假定处理后的偏离为正。"),
        Shape::NegativeBias => text("Violations after adoption are taken to be negative.", "假定处理后的偏离为负。"),
        Shape::Increasing => text("Violations are taken not to fall over time.", "假定偏离不随时间下降。"),
        Shape::Decreasing => text("Violations are taken not to rise over time.", "假定偏离不随时间上升。"),
    }
}

fn intervals_reading(
    words: &Words<'_>,
    found: &Sensitivities,
    first: &StudySensitivity,
    relative: &Sensitivity,
    smoothness: &Sensitivity,
) -> Text {
    let digits = words.results.style.digits;
    let (target, level) = (target(found), percent(relative.level));
    let estimate = number(relative.estimate, digits);
    let (a, b) = (until(relative.breakdown, 2, false), until(smoothness.breakdown, digits + 1, true));
    let what = text(
        format!(
            "Intervals at {level}% for {} ({}, {estimate}) that stay valid when trends differ after adoption, but by no more than a bound (Rambachan and Roth 2023).",
            target.en, first.label.en
        ),
        format!(
            "{}（{}，{estimate}）的{level}%稳健置信区间：允许处理后趋势存在有界的偏离（Rambachan和Roth，2023）。",
            target.zh, first.label.zh
        ),
    );
    let one = text(
        format!(
            "Bounded by a multiple M of the largest violation between neighbouring periods before adoption, the interval {}.",
            a.en
        ),
        format!("若以处理前相邻两期最大偏离的M倍为界，区间{}。", a.zh),
    );
    let two = text(
        format!("Bounded in how much the slope of the violation changes from period to period, M, it {}.", b.en),
        format!("若以偏离的斜率逐期变化M为界，区间{}。", b.zh),
    );
    let leads = match first.leads {
        1 => text(
            "With one lead the bound rests on a single difference between two periods.",
            "仅有一个处理前系数，界限只依据两期之差。",
        ),
        _ => Text::default(),
    };
    sentences([what, one, two, shape(relative.shape), leads])
}

/// Up to which size zero is left out, as the end of a sentence.
fn until(breakdown: Breakdown, digits: usize, exact: bool) -> Text {
    match breakdown {
        Breakdown::At(m) => {
            let m = number(m, if exact { digits + 1 } else { digits });
            text(format!("leaves zero out up to {m}"), format!("在界限不超过{m}时不含零"))
        }
        Breakdown::Never => text("holds zero even with no violation at all", "在没有任何偏离时即包含零"),
        Breakdown::Beyond(m) => {
            let m = number(m, digits);
            text(
                format!("leaves zero out at every size tried, the largest being {m}"),
                format!("在所考察的全部界限（最大{m}）内均不含零"),
            )
        }
    }
}

fn intervals(
    words: &Words<'_>,
    found: &Sensitivities,
    first: &StudySensitivity,
    relative: &Sensitivity,
    smoothness: &Sensitivity,
) -> Figure {
    let digits = words.results.style.digits;
    let row = |label: String, group: &Text, interval: &Interval| ForestRow {
        label: match interval.ends {
            Ends::Closed => Text::same(label),
            Ends::Empty => text(format!("{label} (empty)"), format!("{label}（空集）")),
            _ => text(format!("{label} (open)"), format!("{label}（无界）")),
        },
        group: Some(group.clone()),
        estimate: f64::NAN,
        interval: (!matches!(interval.ends, Ends::Empty))
            .then(|| (interval.conf_low.unwrap_or(f64::NEG_INFINITY), interval.conf_high.unwrap_or(f64::INFINITY))),
        main: false,
    };
    let parallel = text("Parallel trends", "平行趋势成立");
    let own = ForestRow {
        label: first.label.clone(),
        group: Some(parallel),
        estimate: relative.estimate,
        interval: relative.original.conf_low.zip(relative.original.conf_high),
        main: true,
    };
    let (by_size, by_slope) = (
        text("At most M times the largest violation before", "不超过处理前最大偏离的M倍"),
        text("Slope changes by at most M per period", "斜率逐期变化不超过M"),
    );
    let sizes = relative.intervals.iter().map(|i| row(format!("M = {}", number(i.m, 2)), &by_size, i));
    let slopes = smoothness.intervals.iter().map(|i| row(format!("M = {}", number(i.m, digits + 1)), &by_slope, i));
    let target = target(found);
    Figure {
        id: "honest".to_owned(),
        title: text("Robust intervals when trends differ", "趋势偏离下的稳健置信区间"),
        alt: intervals_reading(words, found, first, relative, smoothness),
        x_label: text(target.en.replacen('t', "T", 1), target.zh.clone()),
        y_label: Text::default(),
        plot: Plot::Forest(Forest { rows: std::iter::once(own).chain(sizes).chain(slopes).collect(), baseline: None }),
        notes: vec![text(
            "The marker is the estimate under parallel trends with its interval; below, intervals that hold for every violation within the bound. An interval without an end is open there, and has an arrow.",
            "标记为平行趋势成立时的估计值及其区间；其下为在相应界限内任意偏离均成立的区间。无界的一端以箭头表示。",
        )],
    }
}

/// Every estimator: the interval under parallel trends, the one at the size next to one, and both breakdown values.
fn breakdowns(words: &Words<'_>, found: &Sensitivities) -> Table {
    let digits = words.results.style.digits;
    let middle = found.studies.iter().find_map(|one| {
        let relative = one.relative.as_ref()?;
        relative.intervals.iter().map(|i| i.m).min_by(|a, b| {
            // Nought says least: only where nothing else was asked.
            (*a == 0.0).cmp(&(*b == 0.0)).then((a - 1.0).abs().total_cmp(&(b - 1.0).abs()))
        })
    });
    let at = middle.map_or_else(String::new, |m| number(m, 2));
    let head = [
        text("Estimator", "估计量"),
        text("Leads", "处理前系数"),
        text("Estimate", "估计值"),
        text("Parallel trends", "平行趋势成立"),
        text(format!("Relative, M = {at}"), format!("相对幅度，M = {at}")),
        text("Zero out up to M, relative", "不含零的最大M（相对幅度）"),
        text("Zero out up to M, slope", "不含零的最大M（斜率）"),
    ];
    let open = text("the interval has no end on a side", "区间在一侧无界");
    let empty = text("no effect is compatible with the bound", "没有与该界限相容的效应");
    let interval = |i: Option<&Interval>| match i.and_then(|i| i.conf_low.zip(i.conf_high)) {
        Some((low, high)) => Cell::Interval { low, high, decimals: digits },
        None if i.is_some_and(|i| matches!(i.ends, Ends::Empty)) => Cell::Absent(empty.clone()),
        None => Cell::Absent(open.clone()),
    };
    let never = text("zero is inside with no violation at all", "没有任何偏离时即包含零");
    let largest = |breakdown: Breakdown, decimals: usize| match breakdown {
        Breakdown::At(m) => Cell::Number { value: m, decimals },
        Breakdown::Never => Cell::Absent(never.clone()),
        Breakdown::Beyond(m) => Cell::same(format!("> {}", number(m, decimals))),
    };
    let rows = found.studies.iter().filter_map(|one| {
        let (relative, smoothness) = (one.relative.as_ref()?, one.smoothness.as_ref()?);
        let at_middle = relative.intervals.iter().find(|i| Some(i.m) == middle);
        Some(Row::Cells(vec![
            Cell::Text(one.label.clone()),
            Cell::Count(one.leads as u64),
            Cell::Number { value: relative.estimate, decimals: digits },
            interval(Some(&relative.original)),
            interval(at_middle),
            largest(relative.breakdown, 2),
            largest(smoothness.breakdown, digits + 1),
        ]))
    });
    let mut columns = vec![Align::Decimal; head.len()];
    (columns[0], columns[3], columns[4]) = (Align::Left, Align::Centre, Align::Centre);
    let target = target(found);
    let dash = text(
        "A dash in the last columns: the interval holds zero with no violation at all.",
        "最后两列的短横表示没有任何偏离时区间即包含零。",
    );
    Table {
        id: "honest".to_owned(),
        title: text(
            format!("How large a violation undoes {}", target.en),
            format!("多大的趋势偏离会推翻{}", target.zh),
        ),
        columns,
        head: vec![head.into_iter().map(Head::one).collect()],
        rows: rows.collect(),
        notes: vec![
            text(
                "Relative: violations after adoption are at most M times the largest one between neighbouring periods before it. Slope: their slope changes by at most M per period, in units of the outcome.",
                "相对幅度：处理后偏离不超过处理前相邻两期最大偏离的M倍；斜率：偏离的斜率逐期变化不超过M（被解释变量单位）。",
            ),
            dash,
        ],
    }
}

fn detected(one: &StudySensitivity, test: Test, target: f64) -> Option<&Detectable> {
    one.power.iter().find(|d| d.against.test == test && (d.target - target).abs() < 1e-9)
}

/// What the tests of the first study's leads could have seen.
fn power_reading(words: &Words<'_>, first: &StudySensitivity) -> Text {
    let digits = words.results.style.digits + 1;
    let Some(strong) = detected(first, Test::Individual, 0.8) else { return Text::default() };
    let half = detected(first, Test::Individual, 0.5);
    let (leads, noun) = (words.count(first.leads), plural(first.leads, "lead", "leads"));
    let slope = number(strong.slope, digits);
    let bias = number(strong.against.bias_after_passing, digits);
    let half = half.map_or_else(String::new, |d| number(d.slope, digits));
    let size = first.relative.as_ref().map(|r| r.estimate.abs()).filter(|b| *b > 0.0);
    let share = size.map_or_else(Text::default, |b| {
        let share = number(100.0 * strong.against.bias_after_passing.abs() / b, 0);
        text(format!(", {share}% of the estimate"), format!("，相当于估计值的{share}%"))
    });
    sentences([
        text(
            format!(
                "Power of the tests of {leads} {noun} ({}): a trend that differs by {half} per period is found in half of all samples, one of {slope} in 80% (no lead significant at 5%, Roth 2022).",
                first.label.en
            ),
            format!(
                "{leads}个处理前系数的检验功效（{}）：每期相差{half}的趋势在半数样本中可被发现，每期相差{slope}的在80%的样本中可被发现（以5%水平下无一系数显著为通过；Roth，2022）。",
                first.label.zh
            ),
        ),
        text(
            format!("Where the second one passes unseen it leaves a bias of {bias} in the effect{}.", share.en),
            format!("后者若未被发现，会给效应带来{bias}的偏误{}。", share.zh),
        ),
    ])
}

/// The event study against the trends that its leads would have detected.
fn trend_figure(words: &Words<'_>, first: &StudySensitivity) -> Option<Figure> {
    let studies = words.results.sections.iter().filter_map(|section| match &section.content {
        Content::EventStudy(found) => Some(&found.studies),
        _ => None,
    });
    let events: &EventStudy = studies.flatten().find(|study| study.estimator == first.estimator)?;
    let reference = *events.reference.first()?;
    let sign = first.relative.as_ref().map_or(1.0, |r| r.estimate.signum());
    let times = || events.rows.iter().map(|row| row.event_time);
    let (from, to) = (times().min()?.min(reference) as f64, times().max()?.max(reference) as f64);
    let digits = words.results.style.digits + 1;
    let lines = [0.5, 0.8].into_iter().filter_map(|target| {
        let slope = sign * detected(first, Test::Individual, target)?.slope;
        let at = |t: f64| (t, slope * (t - reference as f64));
        let (share, slope) = (percent(target), number(slope, digits));
        Some(LineSeries {
            label: text(format!("Trend of {slope} (power {share}%)"), format!("每期{slope}的趋势（功效{share}%）")),
            points: vec![at(from), at(to)],
        })
    });
    let points: Vec<EventPoint> =
        events.rows.iter().map(|row| EventPoint { band: None, ..event::point(events, row) }).collect();
    let outcome = words.label(&words.results.model.outcome);
    Some(Figure {
        id: "pretrend-power".to_owned(),
        title: text(
            "Effects and the trends that tests of the leads would have found",
            "动态效应与处理前检验可发现的趋势",
        ),
        alt: power_reading(words, first),
        x_label: text("Periods since adoption", "相对政策实施的期数"),
        y_label: text(format!("Effect on {}", outcome.en), format!("对{}的影响", outcome.zh)),
        plot: Plot::EventStudy(EventPlot {
            series: vec![EventSeries { label: first.label.clone(), points }],
            adoption: Some(-0.5),
            lines: lines.collect(),
        }),
        notes: vec![text(
            "Dashed: linear differences in trends, in the direction of the effect, that a test of the leads finds with the power named. Effects that lie on such a line may be a difference in trends.",
            "虚线为与效应同方向的线性趋势差异，处理前检验能以所标功效发现之。落在此类线上的效应可能只是趋势差异。",
        )],
    })
}

/// Every estimator: detectable trends and what is left behind.
fn power(words: &Words<'_>, found: &Sensitivities) -> Table {
    let digits = words.results.style.digits + 1;
    let head = vec![
        vec![
            Head::blank(),
            Head::blank(),
            Head::over(2, text("Any lead significant", "任一系数显著")),
            Head::over(2, text("Joint test", "联合检验")),
            Head::blank(),
            Head::blank(),
        ],
        [
            text("Estimator", "估计量"),
            text("Leads", "处理前系数"),
            text("50%", "50%"),
            text("80%", "80%"),
            text("50%", "50%"),
            text("80%", "80%"),
            text("Bias left", "遗留偏误"),
            text("Leads below", "系数上界"),
        ]
        .map(Head::one)
        .to_vec(),
    ];
    let none = text("not defined", "无法计算");
    let rows = found.studies.iter().map(|one| {
        let slope = |test, target| Cell::number(detected(one, test, target).map(|d| d.slope), digits, &none);
        let bias = detected(one, Test::Individual, 0.8).map(|d| d.against.bias_after_passing);
        Row::Cells(vec![
            Cell::Text(one.label.clone()),
            Cell::Count(one.leads as u64),
            slope(Test::Individual, 0.5),
            slope(Test::Individual, 0.8),
            slope(Test::Joint, 0.5),
            slope(Test::Joint, 0.8),
            Cell::number(bias, digits, &none),
            Cell::number(one.equivalence.map(|e| e.largest), digits, &none),
        ])
    });
    let mut columns = vec![Align::Decimal; 8];
    columns[0] = Align::Left;
    Table {
        id: "pretrend-power".to_owned(),
        title: text("Trends that tests of the leads detect", "处理前检验能够发现的趋势"),
        columns,
        head,
        rows: rows.collect(),
        notes: vec![
            text(
                "Columns 50% and 80%: slope per period of a linear difference in trends that the test finds with that probability. Bias left: mean bias of the effect, under the slope of 80%, among samples in which no lead is significant.",
                "50%与80%两列为检验能以该概率发现的线性趋势差异（每期斜率）。遗留偏误：在80%对应的斜率下，无一系数显著的样本中效应的平均偏误。",
            ),
            text(
                "Leads below: a test of equivalence at 5% shows every lead to be smaller in absolute value than this.",
                "系数上界：5%水平的等价检验表明各处理前系数的绝对值均小于该值。",
            ),
        ],
    }
}
