//! Event studies: the figure, and around it what was estimated and what to beware of.

use attica::fit::Wald;
use attica::message::Warning;
use attica::text::Text;
use attica_report::figure::{EventPoint, EventSeries, EventStudy as EventPlot, Figure, Plot};
use attica_report::format::{number, p_value};
use attica_report::report::Block;

use super::event_tables::{event_time, printed};
use super::family::caution;
use super::words::{Words, by_value, glue, list, sentence, sentences, stop, text};
use super::{estimators, event_tables, few, inference, leads};
use crate::results::{EventRow, EventStudies, EventStudy};

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>, found: &EventStudies) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(methods(words, found))];
    blocks.extend(found.failed.iter().map(estimators::failed));
    blocks.extend(cautions(found));
    blocks.extend(leads::rejected(words, found));
    if found.studies.iter().any(|study| !study.rows.is_empty()) {
        blocks.extend(figures(words, found).into_iter().map(Block::Figure));
        blocks.extend(event_tables::tables(words, found).into_iter().map(Block::Table));
    }
    blocks.extend(estimators::blocks(words, found));
    blocks.extend(found.few_clusters.iter().flat_map(|few| few::blocks(words, few)));
    blocks
}

/// What is too long for the section: everything by event time, cohort and period.
pub(super) fn appendix(words: &Words<'_>, found: &EventStudies) -> Vec<Block> {
    let several = found.studies.len() > 1;
    let details = several.then(|| Block::Table(event_tables::details(words, found, "event-study-details")));
    details.into_iter().chain(estimators::appendix(words, found)).collect()
}

/// Warnings of the estimators, each once, with those that it concerns.
fn cautions(found: &EventStudies) -> Vec<Block> {
    let mut all: Vec<(&Warning, Vec<Text>)> = Vec::new();
    let of_studies = found.studies.iter().map(|study| (&study.label, &study.warnings));
    for (label, warnings) in of_studies.chain(found.estimators.iter().map(|one| (&one.label, &one.warnings))) {
        for warning in warnings {
            match all.iter_mut().find(|(known, _)| *known == warning) {
                Some((_, labels)) if labels.contains(label) => {}
                Some((_, labels)) => labels.push(label.clone()),
                None => all.push((warning, vec![label.clone()])),
            }
        }
    }
    let several = found.estimators.len() > 1;
    let said = all.into_iter().map(|(warning, labels)| {
        if !several || labels.len() == found.estimators.len() {
            return caution(warning);
        }
        let (who, what) = (list(&labels), sentence(warning.text.clone()));
        let text = text(format!("{}: {}", who.en, what.en), format!("{}：{}", who.zh, what.zh));
        caution(&Warning { text, ..warning.clone() })
    });
    said.collect()
}

/// Estimators that one picture can hold with their intervals and bands.
const CROWD: usize = 5;

/// All estimators in one picture; a crowd has panels of its own too.
fn figures(words: &Words<'_>, found: &EventStudies) -> Vec<Figure> {
    let all = figure(words, found);
    if found.studies.len() <= CROWD {
        return vec![all];
    }
    let Plot::EventStudy(plot) = &all.plot else { return vec![all] };
    let panels = Figure {
        id: "event-study-panels".to_owned(),
        title: text(format!("{}, each estimator in turn", all.title.en), format!("{}（逐个估计量）", all.title.zh)),
        plot: Plot::EventPanels(plot.clone()),
        notes: vec![figure_note(found, true)],
        ..all.clone()
    };
    vec![all, panels]
}

fn figure(words: &Words<'_>, found: &EventStudies) -> Figure {
    let series = found.studies.iter().map(|study| EventSeries {
        label: event_tables::labelled(found, study),
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
        plot: Plot::EventStudy(EventPlot { series: series.collect(), adoption: Some(-0.5), lines: Vec::new() }),
        notes: [figure_note(found, false), leads::kinds(found)]
            .into_iter()
            .filter(|note| *note != Text::default())
            .collect(),
    }
}

pub(super) fn point(study: &EventStudy, row: &EventRow) -> EventPoint {
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
fn figure_note(found: &EventStudies, panels: bool) -> Text {
    let several = found.studies.len() > 1;
    let crowded = found.studies.len() > CROWD && !panels;
    let level = inference::percent(found.studies.first().map_or(0.95, |study| study.level));
    let bars = text(format!("Bars are pointwise {level}% confidence intervals"), format!("竖线为逐点{level}%置信区间"));
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
    let band = if critical.en.is_empty() || crowded {
        Text::default()
    } else {
        text(
            format!(
                "{} the simultaneous {level}% band, which holds for all event times at once (sup-t critical value: {})",
                if several && !panels { "thin lines show" } else { "the shade is" },
                critical.en
            ),
            format!(
                "{}为{level}%联立置信带，对所有相对期同时成立（sup-t临界值：{}）",
                if several && !panels { "细线" } else { "阴影" },
                critical.zh
            ),
        )
    };
    let references: Vec<Text> = by_value(found.studies.iter().enumerate().map(|(i, study)| (i, &study.reference)))
        .into_iter()
        .filter(|(_, times)| !times.is_empty())
        .map(|(_, times)| {
            let times = times.iter().map(|time| Text::same(printed(*time)));
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
            "The legend says what the leads of each are differences from; leads of different kinds should not be compared in size.",
            "图例注明各估计量政策前系数的差分方式；差分方式不同的系数大小不可直接比较。",
        ));
    }
    parts.push(sentence(found.methods.clone()));
    sentences(parts)
}
