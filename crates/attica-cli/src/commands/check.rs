//! `attica check`: the panel card.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use attica::frame::Frame;
use attica::message::Warning;
use attica::panel::Panel;
use attica::text::{Language, Text};
use attica_study::read::{ReadOptions, read_file, value_warnings};
use attica_study::referee::{self, Facts};
use attica_study::results::{DesignCard, PanelCard, Remark, Source, TreatmentCard};
use attica_study::studyfile::Policy;
use attica_study::{run, steps};
use serde::Serialize;

use crate::args::Check;
use crate::{Done, say};

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    source: Source,
    #[serde(flatten)]
    card: PanelCard,
    design: Option<DesignCard>,
    referee: Vec<Remark>,
}

/// Reads a table and prints its card.
pub fn check(args: &Check) -> Done {
    let (frame, source) = read_file(&args.data, &ReadOptions::default())?;
    let (frame, _, mut warnings) = super::kept(frame, args.r#where.as_deref())?;
    let (panel, noticed) = Panel::new(&frame, &args.unit, &args.time)?;
    warnings.extend(noticed);
    let policy = Policy {
        name: args.treatment.clone().or_else(|| args.first_treated.clone()).unwrap_or_default(),
        path: args.treatment.clone(),
        first_treated: args.first_treated.clone(),
        never: args.never.clone(),
        ..Policy::default()
    };
    let treatment = if policy.name.is_empty() {
        None
    } else {
        Some(run::treatment(&policy, &frame, &panel).map_err(super::on_the_command_line)?)
    };
    warnings.extend(treatment.iter().flat_map(|t| t.warnings.clone()));
    warnings.extend(value_warnings(&frame, &panel));
    let card = run::panel_card(&frame, &panel, treatment.as_ref(), &[], warnings);
    let design = treatment.as_ref().map(|treatment| steps::design_of_table(&frame, &panel, treatment));
    let remarks = referee::remarks(&Facts {
        panel: &card,
        design: design.as_ref(),
        sections: &[],
        labels: &BTreeMap::new(),
        outcome: "",
        digits: 3,
    });
    if args.json {
        say::print_json(&Output { source, card, design, referee: remarks });
    } else {
        let language = args.lang.into();
        say::print(&page(&source, &card, &frame, &panel, language));
        say::print(&said(&remarks, language));
        let all: Vec<Warning> = source.warnings.iter().chain(&card.warnings).cloned().collect();
        say::warnings(&all, language);
    }
    Ok(())
}

/// What a strict referee would say, the most important first; empty when no rule speaks.
fn said(remarks: &[Remark], language: Language) -> String {
    if remarks.is_empty() {
        return String::new();
    }
    let head = Text::new("What a strict referee would say:", "严格审稿人的意见：");
    let mut page = format!("\n{}\n", head.get(language));
    for (i, remark) in remarks.iter().enumerate() {
        let _ = writeln!(page, "{:>3}. {}", i + 1, remark.said.get(language));
        let _ = writeln!(page, "     -> {}", remark.answer.get(language));
    }
    page
}

/// The card as a page of text.
fn page(source: &Source, card: &PanelCard, frame: &Frame, panel: &Panel, language: Language) -> String {
    let say = |en: String, zh: String| Text::new(en, zh).get(language).to_owned();
    let mut page = String::new();
    let mut line = |text: String| {
        page.push_str(&text);
        page.push('\n');
    };
    line(format!("{}: {}, {} x {}", source.file, source.format, source.rows, source.columns));
    let PanelCard { unit, time, n_units, n_periods, first, last, step, n_rows, gaps, singletons, .. } = card;
    let cells = n_units * n_periods;
    let size =
        if card.balanced { format!("{n_rows} = {n_units} x {n_periods}") } else { format!("{n_rows} / {cells}") };
    let yes = |yes: bool, language| match (yes, language) {
        (true, Language::En) => "yes",
        (false, Language::En) => "no",
        (true, Language::Zh) => "是",
        (false, Language::Zh) => "否",
    };
    let balanced = yes(card.balanced, language);
    line(say(
        format!(
            "Panel: {unit} ({n_units}) x {time} ({first}-{last}, step {step})   N = {size}   strongly balanced: {balanced}   gaps: {gaps}   duplicates: 0   singletons: {singletons}"
        ),
        format!(
            "面板：{unit}（{n_units}）x {time}（{first}—{last}，步长 {step}）   N = {size}   强平衡：{balanced}   缺口：{gaps}   重复：0   单观测：{singletons}"
        ),
    ));
    if let Some(treatment) = &card.treatment {
        line(treatment_line(treatment, language));
    }
    if !card.balanced {
        let shape = panel.describe();
        let rows = |t: usize| format!("{}: {}", panel.times[t], shape.rows_per_period[t]);
        let per_period: Vec<String> = (0..panel.times.len()).map(rows).collect();
        line(say(
            format!("Rows per period: {}", per_period.join("  ")),
            format!("各期行数：{}", per_period.join("  ")),
        ));
    }
    page.push('\n');
    page.push_str(&columns(card, frame, language));
    page
}

fn treatment_line(card: &TreatmentCard, language: Language) -> String {
    let cohorts: Vec<String> = card.cohorts.iter().map(|(date, units)| format!("{date}: {units}")).collect();
    let ever = card.cohorts.iter().map(|(_, n)| n).sum::<usize>() + card.always + card.switches_off;
    let TreatmentCard { name, never, always, switches_off, pre_periods, testable_leads, post_periods, .. } = card;
    let cohorts = cohorts.join(", ");
    Text::new(
        format!("Treatment {name}: {ever} ever-treated, cohorts {{{cohorts}}}, never-treated {never}, always-treated {always}, switches off {switches_off}, pre-periods {pre_periods} ({testable_leads} testable), post-periods {post_periods}"),
        format!("处理变量 {name}：曾处理 {ever}，批次 {{{cohorts}}}，从未处理 {never}，始终处理 {always}，退出处理 {switches_off}，处理前 {pre_periods} 期（可检验 {testable_leads}），处理后 {post_periods} 期"),
    )
    .get(language)
    .to_owned()
}

/// One line per column.
fn columns(card: &PanelCard, frame: &Frame, language: Language) -> String {
    let head = match language {
        Language::En => ["column", "missing", "distinct", "mean", "sd", "min", "median", "max"],
        Language::Zh => ["列", "缺失", "不同值", "均值", "标准差", "最小值", "中位数", "最大值"],
    };
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|h| (*h).to_owned()).collect()];
    for column in &card.columns {
        let number = |value: Option<f64>| value.map_or(String::new(), super::short);
        let mut row = vec![column.name.clone(), column.missing.to_string(), column.distinct.to_string()];
        if column.kind == "text" {
            row.push(examples(frame, &column.name));
        } else {
            row.extend([column.mean, column.sd, column.min, column.median, column.max].map(number));
        }
        rows.push(row);
    }
    let mut out = String::new();
    for line in super::aligned(&rows) {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// The first values of a text column.
fn examples(frame: &Frame, name: &str) -> String {
    let Some(column) = frame.get(name) else { return String::new() };
    let mut seen: Vec<String> = Vec::new();
    for row in (0..column.len()).filter(|&r| !column.is_missing(r)) {
        let value = column.display(row);
        if !seen.contains(&value) {
            seen.push(value);
        }
        if seen.len() == 3 {
            break;
        }
    }
    seen.join(", ")
}
