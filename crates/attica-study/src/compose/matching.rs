//! Matched samples: who is compared, how alike both sides are before and after, and what that does not show.

use attica::ledger::{Ledger, Reason};
use attica::matching::balance::{BalanceRow, Overall, Side};
use attica::matching::{Method, Neighbours};
use attica::message::Warning;
use attica::text::Text;
use attica_report::format::number;
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::family::caution;
use super::matching_figures::{densities, love};
use super::model_notes::reason;
use super::words::{Words, glue, list, sentence_case, sentences, stop, text};
use crate::results::{Match, Matching, TimedMatches};

/// Blocks that follow the table of regressions.
pub(super) fn blocks(words: &Words<'_>, found: &Matching) -> Vec<Block> {
    let matched: Vec<&TimedMatches> = found.timings.iter().filter(|timed| !timed.matches.is_empty()).collect();
    if matched.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Paragraph(reading(words, found, &matched))];
    blocks.extend(warnings(&matched));
    blocks.push(Block::Table(samples(words, &matched)));
    let several = matched.len() > 1;
    for timed in matched {
        let name = Name { several, timed };
        blocks.push(Block::Table(balance(words, &name)));
        blocks.extend(love(words, &name).map(Block::Figure));
        blocks.extend(densities(&name).map(Block::Figure));
    }
    blocks
}

/// What a table or figure of one timing is called; the timing is part of it where there are several.
pub(super) struct Name<'a> {
    several: bool,
    pub timed: &'a TimedMatches,
}

impl Name<'_> {
    /// `matching-balance`, or `matching-balance-pooled`.
    pub fn id(&self, what: &str) -> String {
        match (self.several, serde_json::to_value(self.timed.timing)) {
            (true, Ok(timing)) => format!("matching-{what}-{}", timing.as_str().unwrap_or_default()),
            _ => format!("matching-{what}"),
        }
    }

    /// `title`, or `title: pooled rows matched`.
    pub fn title(&self, title: Text) -> Text {
        let label = &self.timed.label;
        if self.several {
            text(format!("{}: {}", title.en, label.en), format!("{}：{}", title.zh, label.zh))
        } else {
            title
        }
    }
}

/// The largest standardised difference of some side, in percent.
pub(super) fn largest(one: &Match, side: impl Fn(&BalanceRow) -> &Side) -> Option<f64> {
    let sizes = one.balance.rows.iter().filter_map(|row| side(row).bias.map(f64::abs));
    sizes.max_by(f64::total_cmp)
}

/// Who is compared, how far differences fall, and what matching cannot show.
fn reading(words: &Words<'_>, found: &Matching, matched: &[&TimedMatches]) -> Text {
    let covariates = list(&found.covariates.iter().map(|name| words.label(name)).collect::<Vec<_>>());
    let first = text(
        format!("Treated and controls are compared by {}.", covariates.en),
        format!("处理组与对照组按{}进行比较。", covariates.zh),
    );
    let caution = text(
        "Matching makes both sides alike in these covariates when they are compared, and in nothing else: that trends would have been parallel \
         remains an assumption. Where treated candidates leave, the effect is that on the others; columns that differ may do \
         so because whom they are about differs.",
        "匹配仅使两组在比较时点的上述协变量上相近，不能保证其他方面相近，平行趋势仍是假定。若有处理个体被剔除，所估计的是其余处理个体的效应；\
         各列系数的差异可能仅源于所涉个体不同。",
    );
    sentences(std::iter::once(first).chain(matched.iter().map(|timed| compared(words, timed))).chain([caution]))
}

fn compared(words: &Words<'_>, timed: &TimedMatches) -> Text {
    let (of, zh) = if timed.base.is_some() { ("units", "个个体") } else { ("rows", "个观测") };
    let (treated, controls) = (words.count(timed.treated), words.count(timed.controls));
    let label = sentence_case(timed.label.clone());
    let head = text(
        format!("{}, {treated} treated {of} and {controls} controls are candidates", label.en),
        format!("{}：候选为{treated}{zh}（处理组）与{controls}{zh}（对照组）", label.zh),
    );
    let each = timed.matches.iter().map(|one| {
        let (treated, controls) = (words.count(one.treated), words.count(one.controls));
        let falls = match (largest(one, |row| &row.before), largest(one, |row| &row.after)) {
            (Some(before), Some(after)) => {
                let (before, after) = (number(before, 1), number(after, 1));
                text(
                    format!(", largest standardised difference {before}% before and {after}% after"),
                    format!("，最大标准化偏差由{before}%变为{after}%"),
                )
            }
            _ => Text::default(),
        };
        text(
            format!("{}: {treated} treated, {controls} controls{}", one.label.en, falls.en),
            format!("{}：处理组{treated}、对照组{controls}{}", one.label.zh, falls.zh),
        )
    });
    let each = glue(each, "; ", "；");
    stop(text(format!("{}. {}", head.en, each.en), format!("{}。{}", head.zh, each.zh)))
}

/// Each warning once, with the matches that it is of.
fn warnings(matched: &[&TimedMatches]) -> Vec<Block> {
    let mut told: Vec<(&Warning, Vec<Text>)> = Vec::new();
    let all = || matched.iter().flat_map(|timed| &timed.matches);
    for one in all() {
        for warning in &one.warnings {
            match told.iter_mut().find(|(seen, _)| *seen == warning) {
                Some((_, of)) if of.contains(&one.label) => {}
                Some((_, of)) => of.push(one.label.clone()),
                None => told.push((warning, vec![one.label.clone()])),
            }
        }
    }
    let several = all().count() > 1;
    let said = told.into_iter().map(|(warning, of)| {
        if !several {
            return caution(warning);
        }
        let of = list(&of);
        let Text { en, zh } = &warning.text;
        caution(&Warning::new(&warning.id, format!("{}: {en}", of.en), format!("{}：{zh}", of.zh)))
    });
    said.collect()
}

/// Candidates, matches, and balance of all covariates together.
fn samples(words: &Words<'_>, matched: &[&TimedMatches]) -> Table {
    let head = [
        text("Sample", "样本"),
        text("Treated", "处理组"),
        text("Off support", "支撑域外"),
        text("No match", "无匹配"),
        text("Controls", "对照组"),
        text("Effective", "有效数"),
        text("Mean", "均值"),
        text("Median", "中位数"),
        text("B", "B值"),
        text("R", "R值"),
    ];
    let over = vec![
        Head::blank(),
        Head::over(3, text("Treated candidates", "处理组候选")),
        Head::over(2, text("Controls with weight", "有权重的对照")),
        Head::over(2, text("|Standardised difference|, %", "|标准化偏差|（%）")),
        Head::over(2, text("Rubin", "Rubin")),
    ];
    let mut rows = Vec::new();
    for timed in matched {
        if matched.len() > 1 {
            rows.push(Row::Panel(sentence_case(timed.label.clone())));
        }
        let before = timed.matches.first().map(|one| one.balance.before.clone()).unwrap_or_default();
        let all = [Cell::Count(timed.treated as u64), Cell::Empty, Cell::Empty, Cell::Count(timed.controls as u64)];
        rows.push(sample(text("All candidates", "全部候选"), all, None, &before));
        rows.extend(timed.matches.iter().map(|one| {
            let unasked = text("support was not asked for, or the method has none", "未要求共同支撑，或该方法不涉及");
            let off = one.off_support.map_or(Cell::Absent(unasked), |n| Cell::Count(n as u64));
            let counts = [
                Cell::Count(one.treated as u64),
                off,
                Cell::Count(one.no_match as u64),
                Cell::Count(one.controls as u64),
            ];
            sample(one.label.clone(), counts, Some(one.effective_controls), &one.balance.after)
        }));
    }
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    Table {
        id: "matching-samples".to_owned(),
        title: text("Matched samples", "匹配样本"),
        columns,
        head: vec![over, head.into_iter().map(Head::one).collect()],
        rows,
        notes: sample_notes(words, matched),
    }
}

fn sample(label: Text, counts: [Cell; 4], effective: Option<f64>, overall: &Overall) -> Row {
    let exact = text("there is nothing left to tell them apart by", "两组已无可区分之处");
    let effective = effective.map_or(Cell::Empty, |value| Cell::Number { value, decimals: 1 });
    let cells = [overall.mean_bias, overall.median_bias, overall.rubin_b, overall.rubin_r];
    let numbers = cells.into_iter().zip([1, 1, 1, 2]).map(|(value, decimals)| Cell::number(value, decimals, &exact));
    Row::Cells(std::iter::once(Cell::Text(label)).chain(counts).chain([effective]).chain(numbers).collect())
}

fn sample_notes(words: &Words<'_>, matched: &[&TimedMatches]) -> Vec<Text> {
    let read = text(
        "Effective controls: squared sum of weights over the sum of squared weights. Rubin's B is the difference of the mean index of a probit of \
         treatment on the covariates in percent of its standard deviation (balanced up to 25), R the ratio of its variances (0.5 to 2).",
        "有效数（有效对照数）为权重之和的平方除以权重平方和。Rubin B值为处理状态对协变量的probit指数均值之差占其标准差的百分比（不大于25视为平衡），\
         R值为其方差之比（0.5至2视为平衡）。",
    );
    let mut notes = vec![read];
    let mut hows: Vec<Text> = Vec::new();
    for one in matched.iter().flat_map(|timed| &timed.matches) {
        let how = how(one);
        let how = text(format!("{}: {}", one.label.en, how.en), format!("{}：{}", one.label.zh, how.zh));
        if !hows.contains(&how) {
            hows.push(how);
        }
    }
    notes.push(stop(glue(hows, "; ", "；")));
    for timed in matched {
        notes.extend(timed.matches.iter().map(|one| account(words, matched.len() > 1, timed, one)));
    }
    notes
}

/// A method in words.
fn how(one: &Match) -> Text {
    let support = match one.off_support {
        Some(_) => text(", on common support", "，限于共同支撑域"),
        None => Text::default(),
    };
    let said = match one.method {
        Method::Nearest(how) => neighbours(how, &text("propensity score", "倾向得分")),
        Method::Mahalanobis(how) => neighbours(how, &text("Mahalanobis distance", "马氏距离")),
        Method::Radius(radius) => text(
            format!("all controls whose propensity score lies within {radius}, with equal weights"),
            format!("取倾向得分相差不超过{radius}的全部对照，等权"),
        ),
        Method::Kernel(width) => text(
            format!("all controls whose propensity score lies within {width}, with Epanechnikov weights"),
            format!("取倾向得分相差不超过{width}的全部对照，Epanechnikov核加权"),
        ),
        Method::Entropy(moments) => {
            let what = if moments > 1 { ("means and variances", "均值与方差") } else { ("means", "均值") };
            text(
                format!("all controls, with the least unequal weights that give them the {} of the treated", what.0),
                format!("保留全部对照，在{}与处理组相等的约束下取相对熵最小的权重", what.1),
            )
        }
    };
    text(said.en + &support.en, said.zh + &support.zh)
}

fn neighbours(how: Neighbours, by: &Text) -> Text {
    let count = how.count;
    let mut said = if count == 1 {
        text(format!("the nearest control by {}", by.en), format!("按{}取最近的1个对照", by.zh))
    } else {
        text(format!("the {count} nearest controls by {}", by.en), format!("按{}取最近的{count}个对照", by.zh))
    };
    let parts = match (how.replacement, how.ties) {
        (true, true) => (", with replacement and ties", "，有放回，并列者均保留"),
        (true, false) => (", with replacement, without ties", "，有放回，并列者取其先"),
        (false, _) => (", without replacement", "，无放回"),
    };
    said = text(said.en + parts.0, said.zh + parts.1);
    match how.caliper {
        None => said,
        Some(caliper) => text(format!("{}, within {caliper}", said.en), format!("{}，卡尺为{caliper}", said.zh)),
    }
}

/// Where units or rows went, from the panel to the matched sample.
fn account(words: &Words<'_>, several: bool, timed: &TimedMatches, one: &Match) -> Text {
    let Ledger { read, dropped, used } = &one.ledger;
    let (of, zh) = if timed.base.is_some() { ("units", "个个体") } else { ("rows", "个观测") };
    let (read, used) = (words.count(*read), words.count(*used));
    let left = dropped.iter().map(|drop| {
        let why = match &drop.reason {
            Reason::Excluded(why) => why.clone(),
            other => reason(words, other),
        };
        let n = words.count(drop.rows);
        text(format!("{} ({n})", why.en), format!("{}（{n}）", why.zh))
    });
    let left = glue(left, "; ", "；");
    let (en, zh_left) = if left == Text::default() {
        (String::new(), String::new())
    } else {
        (format!(" {};", left.en), format!("{}；", left.zh))
    };
    let name = if several {
        text(format!("{}, {}", one.label.en, timed.label.en), format!("{}，{}", one.label.zh, timed.label.zh))
    } else {
        one.label.clone()
    };
    text(
        format!("{}: {read} {of};{en} {used} have weight.", name.en),
        format!("{}：共{read}{zh}；{zh_left}有权重者{used}{zh}。", name.zh),
    )
}

/// Each covariate before and after.
fn balance(words: &Words<'_>, name: &Name<'_>) -> Table {
    let digits = words.results.style.digits;
    let head = [
        text("Variable", "变量"),
        text("Sample", "样本"),
        text("Treated", "处理组"),
        text("Controls", "对照组"),
        text("Difference, %", "标准化偏差（%）"),
        text("Reduction, %", "偏差减少（%）"),
        text("t", "t值"),
        text("p", "p值"),
        text("Variance ratio", "方差比"),
    ];
    let over = vec![
        Head::blank(),
        Head::blank(),
        Head::over(2, text("Mean", "均值")),
        Head::over(2, text("Standardised", "标准化")),
        Head::over(2, text("Test of equal means", "均值差检验")),
        Head::blank(),
    ];
    let row = |label: Option<Text>, sample: Text, side: &Side, reduction: Option<Cell>| {
        let constant = text("the covariate does not vary", "该协变量无变异");
        Row::Cells(vec![
            label.map_or(Cell::Empty, Cell::Text),
            Cell::Text(sample),
            Cell::Number { value: side.mean_treated, decimals: digits },
            Cell::Number { value: side.mean_control, decimals: digits },
            Cell::number(side.bias, 1, &constant),
            reduction.unwrap_or(Cell::Empty),
            Cell::number(side.t, 2, &constant),
            side.p_value.map_or(Cell::Absent(constant.clone()), |value| Cell::PValue { value, decimals: 3 }),
            Cell::number(side.variance_ratio, 2, &constant),
        ])
    };
    let mut rows = Vec::new();
    let first = name.timed.matches.first().map_or(&[][..], |one| &one.balance.rows);
    for (i, covariate) in first.iter().enumerate() {
        let label = Some(words.label(&covariate.covariate));
        rows.push(row(label, text("All candidates", "全部候选"), &covariate.before, None));
        for one in &name.timed.matches {
            let Some(own) = one.balance.rows.get(i) else { continue };
            let none = text("there was no difference before", "匹配前已无偏差");
            let reduction = Some(Cell::number(own.reduction, 1, &none));
            rows.push(row(None, one.label.clone(), &own.after, reduction));
        }
    }
    let mut columns = vec![Align::Decimal; head.len()];
    (columns[0], columns[1]) = (Align::Left, Align::Left);
    Table {
        id: name.id("balance"),
        title: name.title(text("Balance of covariates", "协变量平衡性检验")),
        columns,
        head: vec![over, head.into_iter().map(Head::one).collect()],
        rows,
        notes: vec![text(
            "Standardised difference: 100 (mean of the treated − mean of the controls) over the root of the mean of both variances, those of all \
             candidates before and after; below 10% in absolute value is usually called balanced. t counts a weight as so many candidates. Variance \
             ratio: treated over controls.",
            "标准化偏差为处理组与对照组均值之差除以两组方差均值的平方根（匹配前后均取全部候选的方差）再乘以100，绝对值小于10%通常视为平衡。\
             t值将权重计为相应数量的候选。方差比为处理组与对照组之比。",
        )],
    }
}
