//! Several estimators side by side: their averages, what each rests on, what each really used, and how far they differ.

use attica::estimator::group_time::{Aggregation, At, AverageRow};
use attica::fit::Term;
use attica::text::Text;
use attica_report::format::{number, stars};
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::model_notes::account;
use super::words::{Words, glue, list, sentence, sentences, stop, text};
use super::{inference, leads};
use crate::results::{Answer, EventStudies, NoAnswer, Overall};

/// What follows the event study when there are several estimators.
pub(super) fn blocks(words: &Words<'_>, found: &EventStudies) -> Vec<Block> {
    if found.estimators.len() + found.failed.len() < 2 {
        return Vec::new();
    }
    vec![
        Block::Table(averages(words, found)),
        Block::Paragraph(differences(words, found)),
        Block::Table(basis(found)),
        Block::Table(sample(words, found)),
    ]
}

/// Estimators without an answer stand out, with the reason.
pub(super) fn failed(one: &NoAnswer) -> Block {
    let (label, problem) = (&one.label, &one.problem);
    let said = problem.text();
    Block::Warning(sentences([
        stop(text(
            format!("{} has no result ({}): {}", label.en, problem.id, said.en),
            format!("{}未能给出结果（{}）：{}", label.zh, problem.id, said.zh),
        )),
        sentence(problem.remedy()),
    ]))
}

fn effect(words: &Words<'_>, found: &Overall) -> [Cell; 2] {
    let style = &words.results.style;
    let reason = text("no standard error can be computed", "无法计算标准误");
    [
        Cell::Estimate { value: found.estimate, stars: stars(found.p_value, &style.stars), decimals: style.digits },
        Cell::bracketed(found.std_error, style.digits, &reason),
    ]
}

/// All averages, standard errors below.
fn averages(words: &Words<'_>, found: &EventStudies) -> Table {
    let style = &words.results.style;
    let head = [
        text("Estimator", "估计量"),
        text("Own headline", "默认汇总"),
        text("Treated rows", "处理观测平均"),
        text("Cohorts", "批次平均"),
        text("Event times", "相对期平均"),
        text("Periods", "时期平均"),
    ];
    let mut columns = vec![Align::Decimal; head.len()];
    columns[0] = Align::Left;
    let mut rows = Vec::new();
    for one in &found.estimators {
        let all = &one.aggregations;
        let of = |aggregation: &Option<Aggregation>| aggregation.as_ref().and_then(|found| found.overall.clone());
        let cells = |term: Option<Term>| match term {
            Some(term) => effect(words, &Overall::from(&term)),
            None => [Cell::Absent(text("this estimator has no such average", "该估计量没有这种汇总")), Cell::Empty],
        };
        let pairs = [
            effect(words, &one.overall),
            cells(of(&all.simple)),
            cells(of(&all.group)),
            cells(of(&all.dynamic)),
            cells(of(&all.calendar)),
        ];
        let (above, below): (Vec<Cell>, Vec<Cell>) = pairs.into_iter().map(|[above, below]| (above, below)).unzip();
        rows.push(Row::Cells(std::iter::once(Cell::Text(one.label.clone())).chain(above).collect()));
        rows.push(Row::Cells(std::iter::once(Cell::Empty).chain(below).collect()));
    }
    let reads = text(
        "Own headline: the average that the estimator's own software prints first. Treated rows: each treated unit and period counts the \
         same. Cohorts: mean effect of each cohort, weighted by its size. Event times and periods: plain means over periods since adoption \
         and over calendar periods",
        "默认汇总：该估计量原软件首先报告的平均效应；处理观测平均：每个受处理的个体与时期等权；批次平均：各批次平均效应按批次规模加权；\
         相对期平均与时期平均：分别对实施后各相对期与各日历时期取简单平均",
    );
    let papers =
        |separator: &str| found.estimators.iter().map(|one| one.reference.as_str()).collect::<Vec<_>>().join(separator);
    let papers = text(format!("Sources: {}", papers("; ")), format!("文献：{}", papers("；")));
    Table {
        id: "estimators".to_owned(),
        title: text("Average effects by estimator", "各估计量的平均处理效应"),
        columns,
        head: vec![head.map(Head::one).to_vec()],
        rows,
        notes: vec![
            stop(inference::stars(&style.stars)),
            text("In parentheses: standard errors.", "括号内为标准误。"),
            stop(reads),
            stop(papers),
        ],
    }
}

/// How far the headlines differ, in words that do not say more than that.
fn differences(words: &Words<'_>, found: &EventStudies) -> Text {
    let digits = words.results.style.digits;
    let mut sorted: Vec<&Answer> = found.estimators.iter().collect();
    sorted.sort_by(|a, b| a.overall.estimate.total_cmp(&b.overall.estimate));
    let [low, .., high] = sorted.as_slice() else { return Text::default() };
    let n = sorted.len();
    let named = |one: &Answer| {
        let value = number(one.overall.estimate, digits);
        text(format!("{value} ({})", one.label.en), format!("{value}（{}）", one.label.zh))
    };
    let (from, to) = (named(low), named(high));
    let range = text(
        format!("The {n} headline effects lie between {} and {}.", from.en, to.en),
        format!("{n}个估计量的平均效应介于{}与{}之间。", from.zh, to.zh),
    );
    let (negative, positive) = (low.overall.estimate < 0.0, high.overall.estimate > 0.0);
    let sign = if negative && positive {
        text(
            "They do not agree in sign: the choice of comparison decides the result.",
            "各估计量的符号不一致：结论取决于比较对象的选择。",
        )
    } else {
        let significant = sorted.iter().filter(|one| one.overall.p_value.is_some_and(|p| p < 0.05)).count();
        text(
            format!("All have the same sign; {significant} of {n} differ from zero at 5%."),
            format!("符号一致，其中{significant}个在5%的水平上显著。"),
        )
    };
    let reads = text(
        "They are answers to slightly different questions from the same data, not independent confirmations: they weigh cohorts and \
         periods differently, compare with different rows (next table), and so differ where effects differ.",
        "各估计量基于同一数据回答略有差别的问题，并非相互独立的印证：它们对批次与时期的加权不同、比较对象不同（见下表），效应存在\
         异质性时结果便会不同。",
    );
    sentences([range, sign, reads, beside_two_way(words, found)])
}

/// Two-way fixed effects against the middle of the others, where adoption is staggered.
fn beside_two_way(words: &Words<'_>, found: &EventStudies) -> Text {
    let digits = words.results.style.digits;
    let two_way = found.estimators.iter().find(|one| one.estimator == "twfe");
    let mut others: Vec<f64> =
        found.estimators.iter().filter(|one| one.estimator != "twfe").map(|one| one.overall.estimate).collect();
    let (Some(two_way), true, true) = (two_way, words.results.policy.staggered, others.len() > 1) else {
        return Text::default();
    };
    others.sort_by(f64::total_cmp);
    let middle = f64::midpoint(others[(others.len() - 1) / 2], others[others.len() / 2]);
    let (own, middle) = (number(two_way.overall.estimate, digits), number(middle, digits));
    text(
        format!(
            "Two-way fixed effects give {own}, the median of the others is {middle}; two-way effects also compare with units \
             treated earlier, which biases them when effects change over time."
        ),
        format!(
            "双向固定效应的估计值为{own}，其余估计量的中位数为{middle}；双向固定效应还会以较早受处理的个体为对照，\
             效应随时间变化时由此产生偏误。"
        ),
    )
}

/// What each estimate rests on. What all assume is said once, below.
fn basis(found: &EventStudies) -> Table {
    let head = [
        text("Estimator", "估计量"),
        text("Compared with", "对照"),
        text("Changes counted from", "变化的基准"),
        text("What must hold", "识别假设"),
    ];
    let shared: Vec<Text> = match found.estimators.as_slice() {
        [first, rest @ ..] => {
            let everywhere = |said: &&Text| rest.iter().all(|one| one.assumptions.contains(said));
            first.assumptions.iter().filter(everywhere).cloned().collect()
        }
        [] => Vec::new(),
    };
    let row = |one: &Answer| {
        let own = one.assumptions.iter().filter(|said| !shared.contains(said)).cloned();
        Row::Cells(vec![
            Cell::Text(one.label.clone()),
            Cell::Text(sentence(one.control_group.clone())),
            Cell::Text(sentence(one.base_period.clone())),
            Cell::Text(sentences(own)),
        ])
    };
    let all = sentences(shared.iter().cloned());
    let all = text(format!("All assume: {}", all.en), format!("共同假设：{}", all.zh));
    let mut notes = vec![leads::kinds(found)];
    notes.extend((!shared.is_empty()).then_some(all));
    notes.retain(|note| *note != Text::default());
    Table {
        id: "estimators-basis".to_owned(),
        title: text("What each estimate rests on", "各估计量的比较对象与识别假设"),
        columns: vec![Align::Left; head.len()],
        head: vec![head.map(Head::one).to_vec()],
        rows: found.estimators.iter().map(row).collect(),
        notes,
    }
}

/// The rows, units and periods that each estimator really uses.
fn sample(words: &Words<'_>, found: &EventStudies) -> Table {
    let head = [
        text("Estimator", "估计量"),
        text("Periods", "时期"),
        text("Rows", "观测数"),
        text("Units", "个体数"),
        text("Treated units", "处理个体"),
        text("Rows left out", "剔除观测"),
    ];
    let mut columns = vec![Align::Decimal; head.len()];
    (columns[0], columns[1]) = (Align::Left, Align::Centre);
    let row = |one: &Answer| {
        Row::Cells(vec![
            Cell::Text(one.label.clone()),
            Cell::same(format!("{}–{}", one.periods[0], one.periods[1])),
            Cell::Count(one.n_obs as u64),
            Cell::Count(one.n_units as u64),
            Cell::Count(one.n_treated_units as u64),
            Cell::Count((one.ledger.read - one.ledger.used) as u64),
        ])
    };
    let mut reasons: Vec<(Text, Vec<Text>)> = Vec::new();
    for one in found.estimators.iter().filter(|one| !one.dropped.is_empty()) {
        let why = account(words, &one.dropped);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, labels)) => labels.push(one.label.clone()),
            None => reasons.push((why, vec![one.label.clone()])),
        }
    }
    let said = reasons.into_iter().map(|(why, labels)| {
        let labels = list(&labels);
        text(format!("{}: {}", labels.en, why.en), format!("{}：{}", labels.zh, why.zh))
    });
    let notes = match glue(said, "; ", "；") {
        none if none == Text::default() => vec![text("No row is left out.", "未剔除任何观测。")],
        why => vec![stop(text(format!("Left out: {}", why.en), format!("剔除：{}", why.zh)))],
    };
    Table {
        id: "estimators-sample".to_owned(),
        title: text("What each estimator uses", "各估计量实际使用的样本"),
        columns,
        head: vec![head.map(Head::one).to_vec()],
        rows: found.estimators.iter().map(row).collect(),
        notes,
    }
}

/// Effects by cohort and by calendar period, where estimators have them.
pub(super) fn appendix(words: &Words<'_>, found: &EventStudies) -> Vec<Block> {
    let by_group = table(
        words,
        found,
        "estimators-cohorts",
        text("Effects by cohort", "分批次处理效应"),
        text("Cohort", "批次"),
        |one| one.aggregations.group.as_ref(),
    );
    let by_period = table(
        words,
        found,
        "estimators-periods",
        text("Effects by calendar period", "分时期处理效应"),
        text("Period", "时期"),
        |one| one.aggregations.calendar.as_ref(),
    );
    by_group.into_iter().chain(by_period).chain(donors(found)).map(Block::Table).collect()
}

/// Control units listed for each cohort.
const DONORS: usize = 10;

/// The units and periods that make up a synthetic counterfactual, by weight.
fn donors(found: &EventStudies) -> Option<Table> {
    let mut rows = Vec::new();
    for (one, weights) in found.estimators.iter().flat_map(|one| one.weights.iter().map(move |weights| (one, weights)))
    {
        let (label, group) = (&one.label, weights.group);
        rows.push(Row::Panel(text(format!("{}, cohort {group}", label.en), format!("{}，批次{group}", label.zh))));
        let periods = weights.periods.iter().map(|period| (Text::same(period.time.to_string()), period.weight));
        let units = weights.units.iter().map(|unit| (Text::same(&unit.unit), unit.weight));
        let rest: f64 = weights.units.iter().skip(DONORS).map(|unit| unit.weight).sum();
        let more = weights.units.len().saturating_sub(DONORS);
        let others = text(format!("{more} further units"), format!("其余{more}个个体"));
        let listed = units.take(DONORS).chain((more > 0).then_some((others, rest)));
        let (mut units, mut periods) = (listed.fuse(), periods.fuse());
        loop {
            let (unit, period) = (units.next(), periods.next());
            if unit.is_none() && period.is_none() {
                break;
            }
            let cells = |found: Option<(Text, f64)>| match found {
                Some((name, weight)) => [Cell::Text(name), Cell::Number { value: weight, decimals: 3 }],
                None => [Cell::Empty, Cell::Empty],
            };
            rows.push(Row::Cells(cells(unit).into_iter().chain(cells(period)).collect()));
        }
    }
    let head =
        [text("Control unit", "对照个体"), text("Weight", "权重"), text("Period", "时期"), text("Weight", "权重")];
    (!rows.is_empty()).then(|| Table {
        id: "estimators-donors".to_owned(),
        title: text("What makes up the synthetic comparison", "合成对照的构成"),
        columns: vec![Align::Left, Align::Decimal, Align::Left, Align::Decimal],
        head: vec![head.map(Head::one).to_vec()],
        rows,
        notes: vec![text(
            "Units and periods with a positive weight, each summing to one; the largest are listed first.",
            "仅列出权重为正的个体与时期，两类权重各自合计为1，个体按权重由大到小排列。",
        )],
    })
}

fn table<'a>(
    words: &Words<'_>,
    found: &'a EventStudies,
    id: &str,
    title: Text,
    first: Text,
    of: impl Fn(&'a Answer) -> Option<&'a Aggregation>,
) -> Option<Table> {
    let style = &words.results.style;
    let level = inference::percent(found.studies.first().map_or(0.95, |study| study.level));
    let head = [
        first,
        text("Effect", "效应"),
        text("Std. error", "标准误"),
        text("p-value", "p值"),
        text(format!("{level}% interval"), format!("{level}%置信区间")),
        text(format!("{level}% simultaneous band"), format!("{level}%联立置信带")),
    ];
    let mut columns = vec![Align::Centre; head.len()];
    (columns[0], columns[1], columns[2]) = (Align::Left, Align::Decimal, Align::Decimal);
    let mut rows = Vec::new();
    for one in &found.estimators {
        let Some(found) = of(one).filter(|found| !found.rows.is_empty()) else { continue };
        rows.push(Row::Panel(one.label.clone()));
        rows.extend(found.rows.iter().map(|row| average(style.digits, &style.stars, row)));
    }
    (!rows.is_empty()).then(|| Table {
        id: id.to_owned(),
        title,
        columns,
        head: vec![head.map(Head::one).to_vec()],
        rows,
        notes: vec![stop(inference::stars(&style.stars))],
    })
}

fn average(digits: usize, levels: &[f64], row: &AverageRow) -> Row {
    let reason = text("no standard error can be computed", "无法计算标准误");
    let interval = |low: Option<f64>, high: Option<f64>| match low.zip(high) {
        Some((low, high)) => Cell::Interval { low, high, decimals: digits },
        None => Cell::Absent(reason.clone()),
    };
    let label = match row.at {
        At::Group(value) | At::Time(value) => Cell::Label(value),
        At::EventTime(value) => Cell::Label(value as f64),
    };
    Row::Cells(vec![
        label,
        Cell::Estimate { value: row.estimate, stars: stars(row.p_value, levels), decimals: digits },
        Cell::number(row.std_error, digits, &reason),
        row.p_value.map_or(Cell::Absent(reason.clone()), |value| Cell::PValue { value, decimals: 3 }),
        interval(row.conf_low, row.conf_high),
        interval(row.band_low, row.band_high),
    ])
}
