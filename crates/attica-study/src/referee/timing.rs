//! Periods before adoption, dates of adoption, and what leads say.

use attica::text::Text;

use super::{Facts, p_value, percent, plural, remark};
use crate::results::{Content, Remark};

/// Fewer periods before adoption than this are few.
const ENOUGH: usize = 4;

/// Two waves coded as one.
pub(super) fn one_wave(facts: &Facts<'_>) -> Option<Remark> {
    let waves = facts.design?.waves.as_ref()?;
    let all: usize = waves.dates.iter().map(|wave| wave.1).sum();
    let (en, zh): (Vec<_>, Vec<_>) =
        waves.dates.iter().map(|(date, n)| (format!("{n} in {date}"), format!("{date}年{n}个"))).unzip();
    remark(
        "one_wave",
        1,
        Text::new(
            format!(
                "The policy is coded from {} on for all, but column {} holds {} dates for the treated units ({}): {} of {all} are \
                 coded at a date that is not theirs.",
                waves.coded,
                waves.column,
                waves.dates.len(),
                en.join(", "),
                waves.other
            ),
            format!(
                "政策统一自{}起编码，但列{}显示处理个体有{}个时点（{}）：{all}个中有{}个的编码时点并非其实际时点。",
                waves.coded,
                waves.column,
                waves.dates.len(),
                zh.join("、"),
                waves.other
            ),
        ),
        Text::new(
            format!("code each wave at its own date: first_treated = \"{}\"", waves.column),
            format!("按各批次的实际时点编码：first_treated = \"{}\"", waves.column),
        ),
        None,
    )
}

/// How many periods before its adoption each cohort has, with its units.
fn before(facts: &Facts<'_>) -> Vec<(f64, usize, usize)> {
    let Some(treatment) = facts.treatment() else { return Vec::new() };
    let times = facts.design.map(|design| design.times.as_slice()).unwrap_or_default();
    let count = |date: f64| times.iter().filter(|time| **time < date).count();
    treatment.cohorts.iter().map(|&(date, units)| (date, units, count(date))).collect()
}

/// Parallel trends rest on one lead or two.
pub(super) fn leads(facts: &Facts<'_>) -> Option<Remark> {
    let cohorts = before(facts);
    let &(date, units, periods) = cohorts.iter().max_by_key(|cohort| cohort.1)?;
    let testable = periods.saturating_sub(1);
    if testable > 2 {
        return None;
    }
    let said = if testable == 0 {
        Text::new(
            format!(
                "No lead is testable for the cohort of {date} ({units} units): it has {periods} period before adoption."
            ),
            format!("{date}年批次（{units}个个体）实施前仅{periods}期，没有可检验的事前系数。"),
        )
    } else {
        Text::new(
            format!(
                "Parallel trends of the largest cohort ({date}, {units} units) rest on {testable} testable {}: {periods} periods before \
                 adoption, one of them the reference.",
                plural(testable, "lead", "leads")
            ),
            format!(
                "规模最大的批次（{date}年，{units}个个体）的平行趋势仅有{testable}个可检验的事前系数：实施前{periods}期，其中一期为基准。"
            ),
        )
    };
    let importance = if testable <= 1 { 1 } else { 2 };
    remark("leads", importance, said, more_periods(), facts.section("event_study"))
}

fn more_periods() -> Text {
    Text::new(
        "add earlier periods; otherwise bound the effect under violations of parallel trends and state the power of the test of leads",
        "补充更早的时期；否则给出平行趋势被违背时的稳健区间，并报告事前检验的功效",
    )
}

/// Most treated units have few periods before adoption.
pub(super) fn few_periods(facts: &Facts<'_>) -> Option<Remark> {
    let cohorts = before(facts);
    let all: usize = cohorts.iter().map(|cohort| cohort.1).sum();
    let few: usize = cohorts.iter().filter(|cohort| cohort.2 < ENOUGH).map(|cohort| cohort.1).sum();
    if few == 0 {
        return None;
    }
    let least = cohorts.iter().map(|cohort| cohort.2).min()?;
    let share = percent(few as f64 / all as f64);
    remark(
        "few_periods",
        2,
        Text::new(
            format!(
                "{few} of {all} treated units ({share}) have fewer than {ENOUGH} periods before adoption (the fewest: {least}): a slow \
                 trend cannot be told from an effect."
            ),
            format!(
                "{all}个处理个体中有{few}个（{share}）实施前不足{ENOUGH}期（最少{least}期）：难以区分缓慢的趋势与政策效应。"
            ),
        ),
        more_periods(),
        facts.section("event_study"),
    )
}

/// A joint test rejects that leads are zero.
pub(super) fn rejected_leads(facts: &Facts<'_>) -> Option<Remark> {
    let studies = facts.sections.iter().filter_map(|section| match &section.content {
        Content::EventStudy(found) => Some(&found.studies),
        _ => None,
    });
    let tested = studies.flatten().filter_map(|study| Some((&study.label, study.leads.as_ref()?.p_value)));
    let tested: Vec<_> = tested.collect();
    let rejected = tested.iter().filter(|(_, p)| *p < 0.10).count();
    let (label, p) = tested.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    if rejected == 0 {
        return None;
    }
    let (all, p) = (tested.len(), p_value(*p));
    remark(
        "rejected_leads",
        1,
        Text::new(
            format!(
                "The joint test of the leads rejects at 10% for {rejected} of {all} {} (smallest {p}, {}): treated and untreated units \
                 moved apart before the policy.",
                plural(all, "estimator", "estimators"),
                label.en
            ),
            format!(
                "{all}种估计量中有{rejected}种的事前系数联合检验在10%水平上被拒绝（最小{p}，{}）：政策实施前两组已出现分化。",
                label.zh
            ),
        ),
        Text::new(
            "explain the trend before adoption, or match on it and show intervals that allow for it",
            "解释事前趋势，或按事前趋势匹配，并给出允许趋势偏离的区间",
        ),
        facts.section("event_study"),
    )
}

/// Treatment that ends.
pub(super) fn switches_off(facts: &Facts<'_>) -> Option<Remark> {
    let treatment = facts.treatment().filter(|card| card.switches_off > 0)?;
    let n = treatment.switches_off;
    remark(
        "switches_off",
        1,
        Text::new(
            format!(
                "The treatment ends for {n} {}: estimators for lasting adoption do not apply to them.",
                plural(n, "unit", "units")
            ),
            format!("有{n}个个体的处理中途退出：以持续处理为前提的估计量对其不适用。"),
        ),
        Text::new(
            "use an estimator for treatments that switch (dcdh), or explain the ends as mistakes of coding",
            "使用适用于可逆处理的估计量（dcdh），或说明退出属编码错误",
        ),
        facts.section("event_study"),
    )
}
