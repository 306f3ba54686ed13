//! The design in pictures: who is treated when, which policies reach whom, the raw outcome by cohort, and where values
//! are missing.

use attica::panel::Adoption;
use attica::text::Text;
use attica_report::figure::{Figure, LineSeries, Lines, Mark, Plot, TileRow, Tiles};
use attica_report::report::Block;

use super::words::{Words, list, plural, sentence_case, stop, text};
use crate::results::{CohortMeans, DesignCard, PolicyPath};

/// Lines of the map of missing values at most.
const VARIABLES: usize = 25;

/// Tiles hold a number while there are no more columns than this.
const NUMBERED: usize = 16;

/// The timing map and, with several policies, their calendar.
pub(super) fn timing(words: &Words<'_>) -> Vec<Block> {
    let Some(design) = &words.results.design else { return Vec::new() };
    let mut blocks = Vec::new();
    let varies = design.timing.iter().flat_map(|row| &row.treated).flatten().any(|share| *share > 0.0);
    if varies && design.timing.len() > 1 {
        blocks.push(Block::Figure(map(words, design)));
    }
    if design.policies.len() > 1 {
        blocks.push(Block::Figure(calendar(words, design)));
    }
    blocks
}

/// Raw means by cohort.
pub(super) fn means(words: &Words<'_>) -> Option<Block> {
    let design = words.results.design.as_ref()?;
    let drawn = design.means.len() > 1 && design.times.len() > 1;
    drawn.then(|| Block::Figure(raw_means(words, design)))
}

/// Missing values by variable and period; none when there are none.
pub(super) fn missing(words: &Words<'_>) -> Option<Block> {
    let design = words.results.design.as_ref().filter(|design| !design.missing.is_empty())?;
    Some(Block::Figure(gaps(words, design)))
}

/// What a legend calls a cohort.
fn cohort(adoption: Adoption) -> Text {
    match adoption {
        Adoption::Never => text("never treated", "从未处理"),
        Adoption::Always => text("always treated", "始终处理"),
        Adoption::Switches => text("switches off", "中途退出"),
        Adoption::At(date) => text(format!("from {date}"), format!("{date}年起")),
    }
}

fn with_count(name: &Text, units: usize) -> Text {
    text(format!("{} ({units})", sentence_case(name.clone()).en), format!("{}（{units}）", name.zh))
}

fn heads(design: &DesignCard) -> Vec<String> {
    design.times.iter().map(ToString::to_string).collect()
}

fn map(words: &Words<'_>, design: &DesignCard) -> Figure {
    let units = |adoption: Adoption| -> usize {
        design.timing.iter().filter(|row| row.cohort == adoption).map(|row| row.units).sum()
    };
    let rows = design.timing.iter().map(|row| TileRow {
        label: with_count(&cohort(row.cohort), units(row.cohort)),
        weight: row.units as f64,
        shares: row.treated.clone(),
    });
    let mut cohorts: Vec<Adoption> = design.timing.iter().map(|row| row.cohort).collect();
    cohorts.dedup();
    let named: Vec<Text> = cohorts
        .iter()
        .map(|&one| {
            let (n, name) = (units(one), cohort(one));
            text(format!("{n} {}", name.en), format!("{}{n}个", name.zh))
        })
        .collect();
    let (unit, policy) = (words.label(&words.results.panel.unit), words.label(&words.results.policy.name));
    let all: usize = design.timing.iter().map(|row| row.units).sum();
    let most = design.timing.iter().map(|row| row.units).max().unwrap_or(1);
    let lines = if most == 1 {
        text("One line per unit", "每行为一个个体")
    } else {
        text(
            format!("Each line stands for up to {most} units of one cohort"),
            format!("每行代表同一批次的至多{most}个个体"),
        )
    };
    Figure {
        id: "timing".to_owned(),
        title: text(format!("Who is treated when: {}", policy.en), format!("{}的实施时点", policy.zh)),
        alt: {
            let named = list(&named);
            stop(text(
                format!("Treatment by unit and period; {all} units: {}", named.en),
                format!("各期各个体的处理状态，共{all}个个体：{}", named.zh),
            ))
        },
        x_label: sentence_case(words.label(&words.results.panel.time)),
        y_label: sentence_case(unit),
        plot: Plot::Tiles(Box::new(Tiles {
            columns: heads(design),
            rows: rows.collect(),
            ends: [text("untreated", "未处理"), text("treated", "已处理")],
            absent: text("no row", "无观测"),
            numbers: false,
        })),
        notes: vec![stop(text(
            format!("{}, cohorts in order of adoption with their numbers of units in parentheses", lines.en),
            format!("{}，各批次按实施先后排列，括号内为个体数", lines.zh),
        ))],
    }
}

fn calendar(words: &Words<'_>, design: &DesignCard) -> Figure {
    let row = |path: &PolicyPath, treated: bool| {
        let (shares, group) = if treated {
            (&path.treated, text("treated", "处理组"))
        } else {
            (&path.untreated, text("never treated", "从未处理"))
        };
        TileRow {
            label: text(format!("{}: {}", path.label.en, group.en), format!("{}：{}", path.label.zh, group.zh)),
            weight: 1.0,
            shares: shares.clone(),
        }
    };
    let some = |shares: &[Option<f64>]| shares.iter().any(Option::is_some);
    let rows = design.policies.iter().flat_map(|path| {
        let both = [(true, some(&path.treated)), (false, some(&path.untreated))];
        both.into_iter().filter(|(_, some)| *some).map(move |(treated, _)| row(path, treated))
    });
    let said: Vec<Text> = design
        .policies
        .iter()
        .skip(1)
        .map(|path| {
            let (own, others) = (path.treated_units, path.untreated_units);
            text(
                format!("{} reaches {own} treated and {others} never treated units", path.label.en),
                format!("{}覆盖{own}个处理个体与{others}个从未处理个体", path.label.zh),
            )
        })
        .collect();
    let found = design.policies.iter().any(|path| !path.named);
    let mut notes = vec![text(
        format!(
            "Share of units under each policy, in percent, by period; treated and never treated are those of {}.",
            words.label(&words.results.policy.name).en
        ),
        format!(
            "各期受各项政策覆盖的个体比例（%）；处理组与从未处理组按{}划分。",
            words.label(&words.results.policy.name).zh
        ),
    )];
    if found {
        notes.push(text(
            "Columns of 0 and 1 that switch on and stay on are taken for policies even where the study does not name them.",
            "由0变1且此后保持的列即使未在研究文件中列出，也按政策列示。",
        ));
    }
    Figure {
        id: "policies".to_owned(),
        title: text("Policy calendar", "政策日历"),
        alt: stop(list(&said)),
        x_label: sentence_case(words.label(&words.results.panel.time)),
        y_label: Text::default(),
        plot: Plot::Tiles(Box::new(Tiles {
            columns: heads(design),
            rows: rows.collect(),
            ends: [Text::same("0%"), Text::same("100%")],
            absent: text("no row", "无观测"),
            numbers: design.times.len() <= NUMBERED,
        })),
        notes,
    }
}

fn raw_means(words: &Words<'_>, design: &DesignCard) -> Figure {
    let label = |line: &CohortMeans| match line.cohorts.as_slice() {
        [one] => with_count(&cohort(*one), line.units),
        several => {
            let n = several.len();
            with_count(&text(format!("{n} other cohorts"), format!("其他{n}个批次")), line.units)
        }
    };
    let series: Vec<LineSeries> = design
        .means
        .iter()
        .map(|line| LineSeries {
            label: label(line),
            points: design.times.iter().zip(&line.mean).filter_map(|(time, mean)| Some((*time, (*mean)?))).collect(),
        })
        .collect();
    let outcome = words.label(&words.results.model.outcome);
    let digits = words.results.style.digits;
    let ends = |line: &LineSeries| {
        let (first, last) = (line.points.first()?, line.points.last()?);
        let [a, b] = [first.1, last.1].map(|value| attica_report::format::number(value, digits));
        Some(text(
            format!("{} from {a} in {} to {b} in {}", line.label.en, first.0, last.0),
            format!("{}由{}年的{a}变为{}年的{b}", line.label.zh, first.0, last.0),
        ))
    };
    let said: Vec<Text> = series.iter().filter_map(ends).collect();
    let dates = &words.results.policy.dates;
    let marked = |date: &f64| design.means.iter().any(|line| line.cohorts.as_slice() == [Adoption::At(*date)]);
    let marks = dates.iter().filter(|date| marked(date)).map(|date| Mark { x: *date, label: Text::default() });
    let balanced = if words.results.panel.balanced {
        Text::default()
    } else {
        text(
            " The panel is unbalanced: a mean also moves as units come and go.",
            "面板非平衡，均值的变动部分来自个体的进出。",
        )
    };
    Figure {
        id: "raw-means".to_owned(),
        title: text(format!("Mean of {} by cohort", outcome.en), format!("各批次{}的均值", outcome.zh)),
        alt: stop(list(&said)),
        x_label: sentence_case(words.label(&words.results.panel.time)),
        y_label: text(format!("Mean of {}", outcome.en), format!("{}均值", outcome.zh)),
        plot: Plot::Lines(Lines { series, marks: marks.collect() }),
        notes: vec![text(
            format!(
                "Raw means without controls or weights; numbers of units in parentheses. Dashed vertical lines stand at the first treated \
                 periods.{}",
                balanced.en
            ),
            format!("原始均值，不含控制变量与权重；括号内为个体数。竖直虚线为各批次首个处理时期。{}", balanced.zh),
        )],
    }
}

fn gaps(words: &Words<'_>, design: &DesignCard) -> Figure {
    let mut drawn: Vec<_> = design.missing.iter().collect();
    drawn.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.name.cmp(&b.name)));
    drawn.truncate(VARIABLES);
    let all = words.results.panel.n_rows.max(1);
    let (n, worst) = (design.missing.len(), drawn.first());
    let worst = worst.map_or_else(Text::default, |row| {
        let (name, share) =
            (words.label(&row.name), attica_report::format::number(100.0 * row.rows as f64 / all as f64, 1));
        text(
            format!(", most of all {} ({share}% of the rows)", name.en),
            format!("，最多的是{}（占{share}%）", name.zh),
        )
    });
    let rows = drawn.iter().map(|row| TileRow {
        label: words.label(&row.name),
        weight: 1.0,
        shares: row.share.iter().map(|share| Some(*share)).collect(),
    });
    let cut = if n > VARIABLES {
        text(format!(" Drawn are the {VARIABLES} with most gaps."), format!("仅列出缺失最多的{VARIABLES}个。"))
    } else {
        Text::default()
    };
    let complete = design.variables - n;
    Figure {
        id: "missing-values".to_owned(),
        title: text("Missing values by variable and period", "各变量各期的缺失值"),
        alt: stop(text(
            format!("{n} of {} variables {} missing values{}", design.variables, plural(n, "has", "have"), worst.en),
            format!("{}个变量中有{n}个存在缺失值{}", design.variables, worst.zh),
        )),
        x_label: sentence_case(words.label(&words.results.panel.time)),
        y_label: Text::default(),
        plot: Plot::Tiles(Box::new(Tiles {
            columns: heads(design),
            rows: rows.collect(),
            ends: [text("none missing", "无缺失"), text("all missing", "全部缺失")],
            absent: Text::default(),
            numbers: design.times.len() <= NUMBERED,
        })),
        notes: vec![text(
            format!(
                "Share of the rows of a period without a value, in percent. {complete} further {} of the study {} complete.{}",
                plural(complete, "variable", "variables"),
                plural(complete, "is", "are"),
                cut.en
            ),
            format!("各期缺失观测所占比例（%）。研究所用的其余{complete}个变量无缺失。{}", cut.zh),
        )],
    }
}
