//! Event studies: the figure, the table behind it, and what the leads can and cannot tell.

use attica::fit::{FitRecord, Wald};
use attica::text::Text;
use attica_report::figure::{EventPoint, EventSeries, EventStudy as EventPlot, Figure, Plot};
use attica_report::format::{MINUS, number, p_value, stars};
use attica_report::report::Block;
use attica_report::table::{Align, Cell, Head, Row, Table};

use super::family::caution;
use super::words::{Words, by_value, glue, list, sentence, sentences, stop, text};
use super::{inference, leads};
use crate::results::{EventRow, EventStudies, EventStudy, OverallEffect};

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>, found: &EventStudies) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(methods(words, found))];
    for study in &found.studies {
        blocks.extend(study.warnings.iter().map(caution));
        blocks.extend(leads::rejected(words, found, study));
    }
    if found.studies.iter().any(|study| !study.rows.is_empty()) {
        blocks.push(Block::Figure(figure(words, found)));
        blocks.push(Block::Table(table(words, found)));
    }
    if found.overall.len() > 1 {
        blocks.push(Block::Table(overall(words, found)));
    }
    blocks
}

/// An event time as axis and table print it: `−3`, `≤−4`, `≥6`.
pub(super) fn event_time(row: &EventRow) -> String {
    let time = row.event_time.to_string().replace('-', &MINUS.to_string());
    match (row.binned, row.event_time < 0) {
        (false, _) => time,
        (true, true) => format!("≤{time}"),
        (true, false) => format!("≥{time}"),
    }
}

fn figure(words: &Words<'_>, found: &EventStudies) -> Figure {
    let series = found.studies.iter().map(|study| EventSeries {
        label: study.label.clone(),
        points: study.rows.iter().map(|row| point(study, row)).collect(),
    });
    let outcome = words.label(&words.results.model.outcome);
    let policy = words.label(&words.results.policy.name);
    Figure {
        id: "event-study".to_owned(),
        title: text(
            format!("Event study: effect of {} on {} by time since adoption", policy.en, outcome.en),
            format!("平行趋势检验与动态效应：{}对{}的影响", policy.zh, outcome.zh),
        ),
        alt: alt(words, found),
        x_label: text("Periods since adoption", "相对政策实施的期数"),
        y_label: text(format!("Effect on {}", outcome.en), format!("对{}的影响", outcome.zh)),
        plot: Plot::EventStudy(EventPlot { series: series.collect(), adoption: Some(-0.5) }),
        notes: vec![figure_note(found)],
    }
}

fn point(study: &EventStudy, row: &EventRow) -> EventPoint {
    EventPoint {
        event_time: row.event_time,
        estimate: row.estimate,
        interval: row.conf_low.zip(row.conf_high),
        band: row.band_low.zip(row.band_high),
        reference: study.reference.contains(&row.event_time),
        binned: row.binned,
    }
}

/// The figure in words: how many effects, their range.
fn alt(words: &Words<'_>, found: &EventStudies) -> Text {
    let digits = words.results.style.digits;
    glue(
        found.studies.iter().filter_map(|study| {
            let (first, last) = (study.rows.first()?, study.rows.last()?);
            let estimates = study.rows.iter().map(|row| row.estimate);
            let low = number(estimates.clone().fold(f64::INFINITY, f64::min), digits);
            let high = number(estimates.fold(f64::NEG_INFINITY, f64::max), digits);
            let (from, to) = (event_time(first), event_time(last));
            let label = &study.label;
            Some(text(
                format!("{}: effects from event time {from} to {to}, between {low} and {high}", label.en),
                format!("{}：相对期{from}至{to}的效应，介于{low}与{high}之间", label.zh),
            ))
        }),
        "; ",
        "；",
    )
}

/// What the marks of the figure are.
fn figure_note(found: &EventStudies) -> Text {
    let several = found.studies.len() > 1;
    let level = inference::percent(found.studies.first().map_or(0.95, |study| study.level));
    let bars = text(
        format!("Bars with caps are pointwise {level}% confidence intervals"),
        format!("带端线的竖线为逐点{level}%置信区间"),
    );
    let critical = found.studies.iter().filter_map(|study| {
        let value = number(study.sup_t?, 3);
        let label = &study.label;
        Some(if several {
            text(format!("{} {value}", label.en), format!("{}为{value}", label.zh))
        } else {
            Text::same(value)
        })
    });
    let critical = list(&critical.collect::<Vec<_>>());
    let band = if critical.en.is_empty() {
        Text::default()
    } else {
        text(
            format!(
                "{} the simultaneous {level}% band, which holds for all event times at once (sup-t critical value: {})",
                if several { "thin lines show" } else { "the shade is" },
                critical.en
            ),
            format!(
                "{}为{level}%联立置信带，对所有相对期同时成立（sup-t临界值：{}）",
                if several { "细线" } else { "阴影" },
                critical.zh
            ),
        )
    };
    let references: Vec<Text> = by_value(found.studies.iter().enumerate().map(|(i, study)| (i, &study.reference)))
        .into_iter()
        .filter(|(_, times)| !times.is_empty())
        .map(|(_, times)| {
            let times = times.iter().map(|time| Text::same(time.to_string().replace('-', &MINUS.to_string())));
            list(&times.collect::<Vec<_>>())
        })
        .collect();
    let reference = if references.is_empty() {
        Text::default()
    } else {
        let times = list(&references);
        text(
            format!("hollow markers are reference periods ({}), 0 by construction", times.en),
            format!("空心点为基准期（{}），其值设定为0", times.zh),
        )
    };
    stop(glue([bars, band, reference], "; ", "；"))
}

fn table(words: &Words<'_>, found: &EventStudies) -> Table {
    let style = &words.results.style;
    let levels = found.studies.first().map_or(0.95, |study| study.level);
    let level = inference::percent(levels);
    let head = [
        text("Event time", "相对期"),
        text("Effect", "效应"),
        text("Std. error", "标准误"),
        text("p-value", "p值"),
        text(format!("{level}% interval"), format!("{level}%置信区间")),
        text(format!("{level}% simultaneous band"), format!("{level}%联立置信带")),
        text("Treated rows", "处理组观测"),
    ];
    let mut columns = vec![Align::Centre; head.len()];
    (columns[0], columns[1], columns[2], columns[6]) = (Align::Left, Align::Decimal, Align::Decimal, Align::Decimal);
    let mut rows = Vec::new();
    for study in &found.studies {
        if found.studies.len() > 1 {
            rows.push(Row::Panel(study.label.clone()));
        }
        rows.extend(study.rows.iter().map(|row| cells(words, study, row)));
    }
    let mut notes = vec![stop(inference::stars(&style.stars))];
    notes.extend(leads::notes(words, found));
    let fits: Vec<(usize, &FitRecord)> =
        found.studies.iter().enumerate().filter_map(|(i, study)| Some((i, study.fit.as_deref()?))).collect();
    // Cards name columns where they differ; with one regression there is nothing to name.
    if let [(_, fit)] = fits.as_slice() {
        notes.extend(inference::cards(words, &[(0, *fit)]));
    }
    notes.retain(|note| *note != Text::default());
    Table {
        id: "event-study".to_owned(),
        title: text("Effects by time since adoption", "动态效应估计结果"),
        columns,
        head: vec![head.map(Head::one).to_vec()],
        rows,
        notes,
    }
}

/// The estimators' headline effects side by side, with whom each compares the treated.
fn overall(words: &Words<'_>, found: &EventStudies) -> Table {
    let style = &words.results.style;
    let level = inference::percent(found.studies.first().map_or(0.95, |study| study.level));
    let head = [
        text("Estimator", "估计量"),
        text("Effect", "效应"),
        text("Std. error", "标准误"),
        text(format!("{level}% interval"), format!("{level}%置信区间")),
        text("Compared with", "对照"),
        text("Rows", "观测数"),
        text("Treated units", "处理个体"),
    ];
    let columns =
        vec![Align::Left, Align::Decimal, Align::Decimal, Align::Centre, Align::Left, Align::Decimal, Align::Decimal];
    let row = |one: &OverallEffect| {
        let effect = &one.effect;
        Row::Cells(vec![
            Cell::Text(one.label.clone()),
            Cell::Estimate {
                value: effect.estimate,
                stars: stars(Some(effect.p_value), &style.stars),
                decimals: style.digits,
            },
            Cell::Number { value: effect.std_error, decimals: style.digits },
            Cell::Interval { low: effect.conf_low, high: effect.conf_high, decimals: style.digits },
            Cell::Text(one.control_group.clone()),
            Cell::Count(one.n_obs as u64),
            Cell::Count(one.n_treated_units as u64),
        ])
    };
    let weighs = text(
        "The estimators weigh cohorts and periods differently, so their effects differ where effects do; two-way fixed effects also compare with units treated earlier",
        "各估计量对处理批次与时期的加权不同，故效应存在异质性时结果会有差异；双向固定效应还会以较早受处理的个体为对照",
    );
    let papers: Vec<Text> = found.overall.iter().map(|one| Text::same(one.reference.clone())).collect();
    let papers = text(format!("Sources: {}", join(&papers, "; ")), format!("文献：{}", join(&papers, "；")));
    Table {
        id: "event-study-overall".to_owned(),
        title: text("Average effects by estimator", "各估计量的平均处理效应"),
        columns,
        head: vec![head.map(Head::one).to_vec()],
        rows: found.overall.iter().map(row).collect(),
        notes: vec![stop(inference::stars(&style.stars)), stop(weighs), stop(papers)],
    }
}

fn join(texts: &[Text], separator: &str) -> String {
    texts.iter().map(|text| text.en.as_str()).collect::<Vec<_>>().join(separator)
}

fn cells(words: &Words<'_>, study: &EventStudy, row: &EventRow) -> Row {
    let style = &words.results.style;
    let is_reference = study.reference.contains(&row.event_time);
    let reason = if is_reference {
        text("reference period", "基准期")
    } else {
        text("not identified in this sample", "样本中无法识别")
    };
    let interval = |low: Option<f64>, high: Option<f64>| match low.zip(high) {
        Some((low, high)) => Cell::Interval { low, high, decimals: style.digits },
        None => Cell::Absent(reason.clone()),
    };
    let effect = if is_reference {
        Cell::Number { value: row.estimate, decimals: style.digits }
    } else {
        Cell::Estimate { value: row.estimate, stars: stars(row.p_value, &style.stars), decimals: style.digits }
    };
    Row::Cells(vec![
        Cell::same(event_time(row)),
        effect,
        Cell::number(row.std_error, style.digits, &reason),
        row.p_value.map_or(Cell::Absent(reason.clone()), |value| Cell::PValue { value, decimals: 3 }),
        interval(row.conf_low, row.conf_high),
        interval(row.band_low, row.band_high),
        Cell::Count(row.n as u64),
    ])
}

/// `F(4, 284) = 1.230`, or `χ²(4) = 4.920`.
pub(super) fn statistic(test: &Wald) -> Text {
    let value = number(test.statistic, 3);
    Text::same(match test.df2 {
        Some(df2) => format!("F({}, {}) = {value}", test.df1.round(), df2.round()),
        None => format!("χ²({}) = {value}", test.df1.round()),
    })
}

/// `p = 0.012`, `p < 0.001`.
pub(super) fn equals_p(value: f64) -> String {
    let printed = p_value(value, 3);
    match printed.strip_prefix('<') {
        Some(bound) => format!("p < {bound}"),
        None => format!("p = {printed}"),
    }
}

/// What was estimated.
fn methods(words: &Words<'_>, found: &EventStudies) -> Text {
    let mut parts = Vec::new();
    let labels: Vec<Text> = found.studies.iter().map(|study| study.label.clone()).collect();
    let outcome = words.label(&words.results.model.outcome);
    let estimators = list(&labels);
    parts.push(text(
        format!("Effects on {} by periods since adoption, estimated by {}.", outcome.en, estimators.en),
        format!("以{}为被解释变量，按相对政策实施的期数估计动态效应，估计方法为{}。", outcome.zh, estimators.zh),
    ));
    let several = found.studies.len() > 1;
    for (study, fit) in found.studies.iter().filter_map(|study| Some((study, study.fit.as_deref()?))) {
        let rows = words.observations(fit.n_obs);
        let names: Vec<String> = fit.effects.iter().map(|effect| effect.name.clone()).collect();
        let effects = words.effects(&names);
        let absorbed = if names.is_empty() {
            Text::default()
        } else {
            text(format!(" and absorbs {}", effects.en), format!("，吸收{}", effects.zh))
        };
        let whose = if several { study.label.clone() } else { text("The regression", "回归") };
        parts.push(text(
            format!("{} uses {}{}.", whose.en, rows.en, absorbed.en),
            format!("{}使用{}{}。", whose.zh, rows.zh, absorbed.zh),
        ));
        parts.push(inference::sentence(words, &[(0, fit)]));
    }
    if several {
        parts.push(text(
            "Where estimators treat the pre-period differently, the notes say which differences their leads are; leads of \
             different kinds should not be compared in size.",
            "各估计量对政策前系数的定义不同，见表注；不同定义的系数大小不可直接比较。",
        ));
    }
    parts.push(sentence(found.methods.clone()));
    sentences(parts)
}
