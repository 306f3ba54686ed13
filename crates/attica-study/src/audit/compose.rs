//! The report of an audit, from findings alone.

use attica::audit::finding::{Finding, Rule, Value, Verdict, WitnessKind};
use attica::audit::printed::show;
use attica::audit::summary::summary;
use attica::message::Warning;
use attica::text::{Language, Text};
use attica_report::figure::FigureWidth;
use attica_report::format::Style;
use attica_report::report::{Block, Report};

use super::file::PaperFile;
use crate::studyfile::Words;

/// The report: the summary, what cannot be, what hardly can be, what needs an explanation, and all that was compared.
pub fn report(file: &PaperFile, findings: &[Finding], warnings: &[Warning], language: Language) -> Report {
    let mut blocks = vec![Block::Paragraph(summary(findings)), Block::Note(how_to_read()), by_rule(findings)];
    for verdict in [Verdict::Fail, Verdict::Tight, Verdict::Warn] {
        let of: Vec<&Finding> = findings.iter().filter(|f| f.verdict == verdict).collect();
        if !of.is_empty() {
            blocks.push(Block::Heading(1, title(verdict)));
            blocks.extend(of.iter().flat_map(|finding| explained(finding)));
        }
    }
    for verdict in [Verdict::Info, Verdict::Untestable, Verdict::Pass] {
        let of: Vec<&Finding> = findings.iter().filter(|f| f.verdict == verdict).collect();
        if !of.is_empty() {
            blocks.push(Block::Heading(1, title(verdict)));
            blocks.push(listed(&of));
        }
    }
    if !warnings.is_empty() {
        blocks.push(Block::Heading(1, Text::new("What was not read", "未读入的内容")));
        blocks.push(Block::List { numbered: false, items: warnings.iter().map(|w| w.text.clone()).collect() });
    }
    let source = file.source.as_ref().map(Words::text);
    let subtitle = match (file.title.text(), source) {
        (title, None) => title,
        (title, Some(source)) => {
            Text::new(format!("{}. {}", title.en, source.en), format!("{}。{}", title.zh, source.zh))
        }
    };
    let style = if language == Language::Zh { Style::Cn } else { Style::Aer };
    let title = Text::new("Audit of printed numbers", "所印数字的核对");
    Report {
        title,
        subtitle: Some(subtitle).filter(|s| !s.en.is_empty()),
        badge: None,
        language,
        style,
        figure_width: FigureWidth::default(),
        word_styles: None,
        blocks,
    }
}

/// The heading over findings of one verdict.
pub fn title(verdict: Verdict) -> Text {
    let (en, zh) = match verdict {
        Verdict::Fail => ("FAIL: the printed numbers cannot all be right as described", "FAIL：所印数字不可能均如所述"),
        Verdict::Tight => (
            "TIGHT: possible, but only in a corner of what rounding leaves open",
            "TIGHT：可能，但仅在四舍五入所容许范围的一角",
        ),
        Verdict::Warn => ("WARN: needs an explanation that the paper does not give", "WARN：需要论文未给出的说明"),
        Verdict::Info => ("INFO: what follows from the printed numbers", "INFO：由所印数字可推知者"),
        Verdict::Untestable => ("UNTESTABLE: too few digits, or something missing", "UNTESTABLE：位数不足或缺少信息"),
        Verdict::Pass => ("PASS: possible as printed", "PASS：所印数字可以成立"),
    };
    Text::new(en, zh)
}

fn how_to_read() -> Text {
    Text::new(
        "Every printed number stands for all values that round to it. A rule asks whether some of these values obey a law of arithmetic or of \
         estimation. FAIL: none do, so at least one printed number or description is not as it should be; which one, and why, no rule can tell. \
         Each such finding lists ordinary reasons. A share is the part of the possible values that obeys the law; it is no p-value.",
        "每个所印数字代表所有四舍五入后与之相同的数值。各规则检验其中是否有数值满足算术或估计的定律。FAIL：均不满足，故至少有一处数字或\
         描述有出入；是哪一处、为何如此，规则无从判断，每条均列出常见原因。份额指满足定律的部分所占比例，并非p值。",
    )
}

/// How many findings of each verdict each rule has. No table, for the tables that are spoken of are the paper's.
fn by_rule(findings: &[Finding]) -> Block {
    let items = Rule::ALL.into_iter().filter_map(|rule| {
        let counts: Vec<String> = Verdict::ALL
            .into_iter()
            .map(|verdict| (verdict, findings.iter().filter(|f| f.rule == rule && f.verdict == verdict).count()))
            .filter(|(_, n)| *n > 0)
            .map(|(verdict, n)| format!("{n} {}", verdict.word()))
            .collect();
        let title = rule.title();
        (!counts.is_empty()).then(|| {
            Text::new(
                format!("{rule:?} {}: {}", title.en, counts.join(", ")),
                format!("{rule:?} {}：{}", title.zh, counts.join("、")),
            )
        })
    });
    Block::List { numbered: false, items: items.collect() }
}

/// A finding with its numbers and its innocent explanations.
fn explained(finding: &Finding) -> Vec<Block> {
    let Finding { rule, place, message, witness, .. } = finding;
    let title = rule.title();
    let heading =
        Text::new(format!("{rule:?} {}: {}", title.en, place.en), format!("{rule:?} {}：{}", title.zh, place.zh));
    let mut blocks = vec![Block::Heading(2, heading), Block::Paragraph(sentence(message))];
    if let Some(witness) = witness {
        let open = shown_by(witness.kind, finding.verdict);
        blocks.push(Block::Paragraph(Text::new(capital(&open.en) + ":", open.zh + "：")));
        let items = witness.values.iter().map(item).collect();
        blocks.push(Block::List { numbered: false, items });
    }
    blocks.extend(causes(finding).map(Block::Note));
    blocks
}

/// The explanations that are nobody's fault, in a sentence.
pub fn causes(finding: &Finding) -> Option<Text> {
    let causes = finding.causes.as_ref()?;
    Some(Text::new(format!("Ordinary explanations: {}.", causes.en), format!("常见原因：{}。", causes.zh)))
}

/// A sentence with a capital and a full stop.
fn sentence(text: &Text) -> Text {
    let en = if text.en.starts_with("p = ") { text.en.clone() } else { capital(&text.en) };
    Text::new(en + ".", format!("{}。", text.zh))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// A number of a witness, as printed and unrounded.
pub fn item(value: &Value) -> Text {
    let name = value.name();
    let decimals = value.printed.as_ref().and_then(|p| p.split_once('.')).map_or(0, |(_, d)| d.len());
    let number = value.value.map(|x| {
        let fits = x.abs() > 0.5 * 10_f64.powi(-(decimals as i32 + 3));
        if x.fract() == 0.0 && decimals == 0 {
            format!("{x:.0}")
        } else if value.printed.is_some() && fits {
            format!("{x:.*}", decimals + 3)
        } else {
            show(x, 5)
        }
    });
    match (value.printed.clone(), number) {
        (Some(printed), Some(x)) if printed == x => Text::new(format!("{}: {x}", name.en), format!("{}：{x}", name.zh)),
        (Some(printed), Some(x)) => {
            Text::new(format!("{}: {x}, printed {printed}", name.en), format!("{}：{x}，所印为{printed}", name.zh))
        }
        (Some(one), None) | (None, Some(one)) => {
            Text::new(format!("{}: {one}", name.en), format!("{}：{one}", name.zh))
        }
        (None, None) => name,
    }
}

/// What the numbers of a witness show, before a list of them.
pub fn shown_by(kind: WitnessKind, verdict: Verdict) -> Text {
    let (en, zh) = match (kind, verdict) {
        (WitnessKind::Assignment, Verdict::Tight | Verdict::Pass) => {
            ("values that would be printed so and obey the law", "满足定律且如此印出的数值")
        }
        (WitnessKind::Assignment, _) => ("what follows", "由此推知"),
        (WitnessKind::Conflict, Verdict::Fail) => {
            ("printed numbers that cannot hold together", "不能同时成立的所印数字")
        }
        (WitnessKind::Conflict, _) => ("printed numbers that it rests on", "所依据的所印数字"),
    };
    Text::new(en, zh)
}

fn listed(findings: &[&Finding]) -> Block {
    let items = findings.iter().map(|f| {
        let Finding { rule, place, message, .. } = f;
        Text::new(format!("{rule:?} {}: {}", place.en, message.en), format!("{rule:?} {}：{}", place.zh, message.zh))
    });
    Block::List { numbered: false, items: items.collect() }
}
