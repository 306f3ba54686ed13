//! What a table shows and what it does not, in a paragraph that claims no more than its numbers.

use attica::fit::Term;
use attica::text::Text;
use attica_report::format::number;

use super::event::equals_p;
use super::inference::percent;
use super::models::{fit, outcome};
use super::words::{Words, columns, glue, list, plain, sentences, stop, text};
use crate::results::{Models, Placebo};

/// The coefficient of the first shown regressor in each column that has it: column counted from 0, and term.
fn found<'a>(family: &'a Models, policy: &str) -> Vec<(usize, &'a Term)> {
    let column = |(at, model)| Some((at, fit(model)?.terms.iter().find(|term| term.term == policy)?));
    family.models.iter().enumerate().filter_map(column).collect()
}

/// Channels: which the policy moves, by their intervals, and that a channel that moves proves no path.
pub(super) fn channels(words: &Words<'_>, family: &Models) -> Option<Text> {
    let policy = family.show.first()?;
    let mut found = found(family, policy);
    // Columns with the study's own outcome belong to mediation and are no channels.
    found.retain(|(at, _)| plain(outcome(&family.models[*at])) != words.results.model.outcome);
    if found.is_empty() {
        return None;
    }
    let digits = words.results.style.digits;
    let level = percent(family.models.iter().find_map(fit)?.level);
    let one = |(at, term): &(usize, &Term)| {
        let channel = words.label(plain(outcome(&family.models[*at])));
        let interval = format!(
            "{} [{}, {}]",
            number(term.estimate, digits),
            number(term.conf_low, digits),
            number(term.conf_high, digits)
        );
        let (en, zh) = if term.conf_low > 0.0 {
            ("above zero", "全部为正")
        } else if term.conf_high < 0.0 {
            ("below zero", "全部为负")
        } else {
            ("on both sides of zero", "包含零")
        };
        text(format!("{} {interval}, {en}", channel.en), format!("{}为{interval}，{zh}", channel.zh))
    };
    let each = glue(found.iter().map(one), "; ", "；");
    let name = words.term(policy);
    Some(sentences([
        absent(family).unwrap_or_default(),
        stop(text(
            format!("Coefficients of {} and their {level}% intervals: {}", name.en, each.en),
            format!("{}的系数及{level}%置信区间：{}", name.zh, each.zh),
        )),
        text(
            "An interval on both sides of zero does not show that a channel is unmoved, and a channel that moves does not \
             show that the effect runs through it.",
            "区间包含零并不表明该渠道未受影响；渠道发生变化也不表明政策效应经由该渠道产生。",
        ),
    ]))
}

/// Groups: how far apart, and what the test of equality says of it.
pub(super) fn groups(words: &Words<'_>, family: &Models) -> Option<Text> {
    let policy = family.show.first()?;
    let found = found(family, policy);
    if found.len() < 2 {
        return None;
    }
    let digits = words.results.style.digits;
    let low = found.iter().min_by(|a, b| a.1.estimate.total_cmp(&b.1.estimate))?;
    let high = found.iter().max_by(|a, b| a.1.estimate.total_cmp(&b.1.estimate))?;
    let head = |at: usize| family.models[at].head.clone();
    let (from, to) = (number(low.1.estimate, digits), number(high.1.estimate, digits));
    let name = words.term(policy);
    let range = text(
        format!("The coefficient of {} runs from {from} ({}) to {to} ({})", name.en, head(low.0).en, head(high.0).en),
        format!("{}的系数由{from}（{}）至{to}（{}）", name.zh, head(low.0).zh, head(high.0).zh),
    );
    let said = family.tests.iter().map(|test| {
        let p = equals_p(test.p_value);
        text(format!("{}: {p}", test.name.en), format!("{}：{p}", test.name.zh))
    });
    let said: Vec<Text> = said.collect();
    let rejected = family.tests.iter().filter(|test| test.p_value < 0.05).count();
    let verdict = match (family.tests.len(), rejected) {
        (0, _) => text(
            "No test of equality could be made, so the groups are not compared here",
            "未能检验系数相等，故此处不作组间比较",
        ),
        (_, 0) => text(
            "Equality is not rejected at 5%: these data do not show that effects differ between groups, nor that they are the same",
            "在5%的水平上不能拒绝系数相等：数据既未表明组间效应不同，也未表明其相同",
        ),
        (all, n) if all == n => text(
            "Equality is rejected at 5%: effects differ between some groups; why they differ is not shown",
            "在5%的水平上拒绝系数相等：部分组间效应不同，但其原因未予检验",
        ),
        _ => text(
            "One test rejects equality at 5% and another does not: whether effects differ depends on the test",
            "两种检验在5%的水平上结论不一：组间效应是否不同取决于所用检验",
        ),
    };
    Some(sentences([absent(family).unwrap_or_default(), stop(range), stop(glue(said, "; ", "；")), stop(verdict)]))
}

/// Placebo distributions: how rare the estimate is among them, and under which hypothesis.
pub(super) fn placebo(drawn: &[&Placebo], name: impl Fn(&str) -> Text) -> Option<Text> {
    let with: Vec<(&Placebo, f64)> = drawn.iter().filter_map(|kind| Some((*kind, kind.p_two_sided?))).collect();
    if with.is_empty() {
        return None;
    }
    let each: Vec<Text> = with
        .iter()
        .map(|(kind, p)| {
            let what = name(&kind.kind);
            let (en, zh) = if with.iter().any(|(other, _)| other.estimator != kind.estimator) {
                (format!(" by {}", kind.label.en), format!("（{}）", kind.label.zh))
            } else {
                (String::new(), String::new())
            };
            let p = equals_p(*p);
            text(format!("{}{en} {p}", what.en.to_lowercase()), format!("{}{zh}{p}", what.zh))
        })
        .collect();
    let each = list(&each);
    let rare = with.iter().filter(|(_, p)| *p < 0.05).count();
    let verdict = if rare == with.len() {
        text("an estimate as large is rare among placebo assignments", "如此大的估计值在安慰剂分配中少见")
    } else if rare == 0 {
        text("an estimate as large is not rare among placebo assignments", "如此大的估计值在安慰剂分配中并不少见")
    } else {
        text(
            "whether an estimate as large is rare depends on what is drawn",
            "如此大的估计值是否少见取决于所抽取的对象",
        )
    };
    Some(sentences([
        stop(text(
            format!("Two-sided permutation p-values: {}; at 5%, {}", each.en, verdict.en),
            format!("双侧置换p值：{}；以5%为准，{}", each.zh, verdict.zh),
        )),
        text(
            "They refer to the hypothesis that the policy moved no unit's outcome and that each assignment was as likely as \
             the true one; they do not test parallel trends.",
            "其原假设为政策对任何个体均无影响且各种分配与真实分配同样可能；这并非平行趋势检验。",
        ),
    ]))
}

/// Columns that could not be estimated are named, so that their absence is not read as zero.
fn absent(family: &Models) -> Option<Text> {
    let which: Vec<usize> =
        family.models.iter().enumerate().filter(|(_, model)| fit(model).is_none()).map(|(at, _)| at).collect();
    if which.is_empty() {
        return None;
    }
    let at = columns(&which);
    Some(stop(text(format!("Nothing is known of {}", at.en), format!("{}没有结果", at.zh))))
}
