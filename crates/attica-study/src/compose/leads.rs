//! What the coefficients before adoption can tell, and what they cannot.

use attica::estimator::Leads;
use attica::text::Text;
use attica_report::format::number;
use attica_report::report::Block;

use super::event::{equals_p, statistic};
use super::event_tables::event_time;
use super::words::{Words, glue, list, plural, sentence, sentences, text};
use crate::results::{EventStudies, EventStudy};

/// What the leads of a study are differences from, where its estimator says so.
pub(super) fn of(found: &EventStudies, study: &EventStudy) -> Option<Leads> {
    found.estimators.iter().find(|one| one.estimator == study.estimator).map(|one| one.leads)
}

/// The kind in a word or two, as a legend has room for.
pub(super) fn kind(leads: Leads) -> Text {
    match leads {
        Leads::Long => text("long", "长差分"),
        Leads::Short => text("short", "短差分"),
        Leads::Early => text("early", "相对早期"),
        Leads::Mean => text("mean", "相对均值"),
    }
}

/// What those words mean, for the kinds that occur; empty for a single study.
pub(super) fn kinds(found: &EventStudies) -> Text {
    if found.studies.len() < 2 {
        return Text::default();
    }
    let present: Vec<Leads> = found.studies.iter().filter_map(|study| of(found, study)).collect();
    let all = [
        (Leads::Long, "the last period before adoption", "政策前最后一期"),
        (Leads::Short, "the period just before each of them", "各自的上一期"),
        (Leads::Early, "the periods before the first lead", "首个处理前系数之前的时期"),
        (Leads::Mean, "a mean of untreated periods", "未处理各期的（加权）均值"),
    ];
    let said = all.into_iter().filter(|(leads, ..)| present.contains(leads)).map(|(leads, en, zh)| {
        let name = kind(leads);
        text(format!("{} = from {en}", name.en), format!("{}指相对于{zh}", name.zh))
    });
    let said = glue(said, "; ", "；");
    text(format!("What leads are differences from: {}.", said.en), format!("处理前系数的差分基准：{}。", said.zh))
}

/// Notes on the leads of each event study; what holds for all of them is said once, at the end.
pub(super) fn notes(words: &Words<'_>, found: &EventStudies) -> Vec<Text> {
    let several = found.studies.len() > 1;
    let each = found.studies.iter().map(|study| {
        let name = if several { study.label.clone() } else { Text::default() };
        let seen = power(words, found, study);
        let said = sentences([joint_test(study), seen, pre_periods(words, study), sentence(study.base.clone())]);
        glue([name, said], ": ", "：")
    });
    let mut notes: Vec<Text> = each.collect();
    if found.studies.iter().any(|study| study.pre_testable > 0 && !rejects(study)) {
        notes.push(text(
            "A test that does not reject is no evidence against differences in trends smaller than those it would find (Roth 2022).",
            "未拒绝原假设并不能排除小于其可发现幅度的趋势差异（Roth，2022）。",
        ));
    }
    notes
}

/// The joint test of the leads in a sentence.
fn joint_test(study: &EventStudy) -> Text {
    match &study.leads {
        None => text(
            "No joint test of the leads: there is no lead with a coefficient.",
            "没有可估计的政策前系数，无法进行联合检验。",
        ),
        Some(test) => {
            let (said, p) = (statistic(test), equals_p(test.p_value));
            let wild = test.wild.as_ref().map_or_else(Text::default, |wild| {
                let p = equals_p(wild.p_value);
                text(format!(", by the wild bootstrap {p}"), format!("，wild bootstrap为{p}"))
            });
            text(
                format!("Joint test that all leads are zero: {}, {p}{}.", said.en, wild.en),
                format!("政策前系数联合为零的检验：{}，{p}{}。", said.zh, wild.zh),
            )
        }
    }
}

/// The differences in trends that the joint test would find, in a sentence.
fn power(words: &Words<'_>, found: &EventStudies, study: &EventStudy) -> Text {
    let Some(power) = found.powers.iter().find(|power| power.estimator == study.estimator) else {
        return Text::default();
    };
    let digits = words.results.style.digits + 1;
    let [half, most] = [power.half, power.four_fifths].map(|slope| number(slope, digits));
    text(
        format!(
            "It would find a linear difference in trends of {half} per period with probability 50%, one of {most} with probability 80%."
        ),
        format!("该检验发现每期{half}的线性趋势差异的概率为50%，发现每期{most}的概率为80%。"),
    )
}

/// The leads are jointly not zero at 5 %.
fn rejects(study: &EventStudy) -> bool {
    study.leads.as_ref().is_some_and(|test| test.p_value < 0.05)
}

/// What follows when leads are not zero; nothing when they may be. Two-way leads under staggered adoption carry
/// effects of other cohorts too, so they are read beside the others' leads; all others share one caution.
pub(super) fn rejected(words: &Words<'_>, found: &EventStudies) -> Vec<Block> {
    let mixed = |study: &EventStudy| words.results.policy.staggered && study.estimator == "twfe";
    let (two_way, others): (Vec<&EventStudy>, Vec<&EventStudy>) =
        found.studies.iter().filter(|study| rejects(study)).partition(|study| mixed(study));
    let mut blocks: Vec<Block> = two_way.into_iter().map(|study| ambiguous(found, study)).collect();
    if !others.is_empty() {
        blocks.push(Block::Warning(sentences([
            not_zero(&others),
            text(
                "Outcomes of treated and untreated units did not move in parallel before adoption, so effects after it are \
                 not causal without a further argument.",
                "处理组与对照组在政策前并未平行变动，若无进一步论证，政策后系数不能作因果解释。",
            ),
        ])));
    }
    blocks
}

/// Whose leads are not zero, with their p-values.
fn not_zero(studies: &[&EventStudy]) -> Text {
    let p = |study: &EventStudy| equals_p(study.leads.as_ref().map_or(f64::NAN, |test| test.p_value));
    if let [study] = studies {
        let (label, p) = (&study.label, p(study));
        return text(
            format!("{}: the leads are jointly different from zero ({p}).", label.en),
            format!("{}：政策前系数联合显著不为零（{p}）。", label.zh),
        );
    }
    let each = studies.iter().map(|study| {
        let (label, p) = (&study.label, p(study));
        text(format!("{} ({p})", label.en), format!("{}（{p}）", label.zh))
    });
    let all = list(&each.collect::<Vec<_>>());
    text(
        format!("The leads of {} are jointly different from zero.", all.en),
        format!("{}的政策前系数联合显著不为零。", all.zh),
    )
}

/// Two-way leads that are not zero under staggered adoption.
fn ambiguous(found: &EventStudies, study: &EventStudy) -> Block {
    let first = not_zero(&[study]);
    let either = text(
        "Either outcomes did not move in parallel before adoption, or these leads carry effects of other cohorts, which two-way \
         leads do under staggered adoption (Sun and Abraham 2021).",
        "原因可能是处理组与对照组在政策前并未平行变动，也可能是分批实施下双向固定效应的政策前系数混入了其他批次的处理效应\
         （Sun和Abraham，2021）。",
    );
    let clean = |other: &&EventStudy| other.estimator != "twfe" && other.leads.is_some();
    let others: Vec<Text> = found
        .studies
        .iter()
        .filter(clean)
        .filter_map(|other| {
            let p = equals_p(other.leads.as_ref()?.p_value);
            Some(text(format!("{} {p}", other.label.en), format!("{}为{p}", other.label.zh)))
        })
        .collect();
    let beside = if others.is_empty() {
        text(
            "Estimators that compare with untreated rows alone tell the two apart.",
            "可用仅与未处理观测比较的估计量加以区分。",
        )
    } else {
        let others = list(&others);
        text(
            format!("The same test by estimators that compare with untreated rows alone: {}.", others.en),
            format!("仅与未处理观测比较的估计量的同一检验：{}。", others.zh),
        )
    };
    Block::Warning(sentences([first, either, beside]))
}

/// How much the pre-period can tell.
fn pre_periods(words: &Words<'_>, study: &EventStudy) -> Text {
    let (available, testable) = (words.count(study.pre_available), words.count(study.pre_testable));
    let caution = match study.pre_testable {
        0 => text(
            "Parallel trends before adoption cannot be tested with these data.",
            "现有数据无法检验政策前的平行趋势。",
        ),
        1 => text(
            "One lead tests a single difference between periods, not a trend.",
            "仅有一个可检验的政策前系数，只能比较两期差异，不足以检验趋势。",
        ),
        _ => Text::default(),
    };
    sentences([
        text(
            format!(
                "Up to {available} {} before adoption {} seen; {testable} {} a coefficient.",
                plural(study.pre_available, "period", "periods"),
                plural(study.pre_available, "is", "are"),
                plural(study.pre_testable, "lead has", "leads have"),
            ),
            format!("政策前最多可观测{available}期，其中{testable}期可估计系数。"),
        ),
        thinnest_lead(words, study),
        caution,
    ])
}

/// The lead that rests on fewest treated rows, where these are few beside the period of adoption.
fn thinnest_lead(words: &Words<'_>, study: &EventStudy) -> Text {
    let at_adoption = study.rows.iter().find(|row| row.event_time == 0).map_or(0, |row| row.n);
    let leads = study.rows.iter().filter(|row| row.event_time < 0 && row.std_error.is_some());
    match leads.min_by_key(|row| row.n) {
        Some(row) if 2 * row.n < at_adoption => {
            let (time, n, all) = (event_time(row), words.count(row.n), words.count(at_adoption));
            let noun = plural(row.n, "row", "rows");
            text(
                format!("Lead {time} rests on {n} treated {noun}, against {all} at adoption."),
                format!("相对期{time}仅有{n}个处理组观测（实施当期为{all}个）。"),
            )
        }
        _ => Text::default(),
    }
}
