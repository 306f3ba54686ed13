//! Whom the treated are compared with.

use attica::text::Text;

use super::{Facts, listed, percent, plural, remark};
use crate::results::{PolicyPath, Remark};

/// Other policies reach the control group or the treated.
pub(super) fn concurrent(facts: &Facts<'_>) -> Option<Remark> {
    let design = facts.design?;
    let treatment = facts.treatment()?;
    let others: Vec<&PolicyPath> = design.policies.iter().skip(1).filter(|path| reaches(path)).collect();
    let worst = others.iter().max_by_key(|path| path.untreated_units)?;
    let treated: usize =
        treatment.cohorts.iter().map(|cohort| cohort.1).sum::<usize>() + treatment.always + treatment.switches_off;
    let names: Vec<Text> = others.iter().map(|path| path.label.clone()).collect();
    let (names, n) = (listed(&names), others.len());
    let of = |units: usize, all: usize| percent(units as f64 / all.max(1) as f64);
    let (untreated, own) = (of(worst.untreated_units, treatment.never), of(worst.treated_units, treated));
    let (en, zh) = match others.iter().filter(|path| !path.named).count() {
        0 => (String::new(), String::new()),
        all if all == n => ("; not named in the study".to_owned(), "，研究文件未提及".to_owned()),
        some => (format!("; {some} of them not named in the study"), format!("，其中{some}项研究文件未提及")),
    };
    remark(
        "concurrent",
        1,
        Text::new(
            format!(
                "{n} other {} on in the same years ({}{en}). {} reaches {} of {} never treated units ({untreated}) and {} of {treated} \
                 treated ones ({own}): the control group is contaminated, and the effect may be another policy's.",
                plural(n, "policy switches", "policies switch"),
                names.en,
                worst.label.en,
                worst.untreated_units,
                treatment.never,
                worst.treated_units
            ),
            format!(
                "样本期内另有{n}项政策实施（{}{zh}）。其中{}覆盖{}个从未处理个体中的{}个（{untreated}）与{treated}个处理个体中的{}个（{own}）：\
                 对照组受到污染，效应可能来自其他政策。",
                names.zh, worst.label.zh, treatment.never, worst.untreated_units, worst.treated_units
            ),
        ),
        Text::new(
            "control for each and all of them and leave their units out: concurrent and drop_concurrent",
            "逐一及同时控制这些政策，并剔除其覆盖个体：concurrent与drop_concurrent",
        ),
        others.iter().all(|path| path.named).then(|| facts.section("robustness")).flatten(),
    )
}

fn reaches(path: &PolicyPath) -> bool {
    path.treated_units + path.untreated_units > 0
}

/// Units already treated serve as controls of a two-way estimate.
pub(super) fn treated_as_controls(facts: &Facts<'_>) -> Option<Remark> {
    let treatment = facts.treatment()?;
    let [(first, _), .., (last, later)] = treatment.cohorts.as_slice() else { return None };
    let earlier: usize = treatment.cohorts.iter().map(|cohort| cohort.1).sum::<usize>() - later;
    let share = facts.design.and_then(|design| design.comparisons).and_then(|found| found.with_treated);
    let (en, zh) = match share {
        Some(share) => (
            format!(
                " Such comparisons have {} of the weight of the two-way estimate (without controls).",
                percent(share)
            ),
            format!("此类比较占双向固定效应估计（不含控制变量）权重的{}。", percent(share)),
        ),
        None => (String::new(), String::new()),
    };
    let n = treatment.cohorts.len();
    remark(
        "treated_as_controls",
        if share.is_some_and(|share| share < 0.05) { 2 } else { 1 },
        Text::new(
            format!(
                "Adoption is staggered over {n} dates from {first} to {last}: two-way effects take later adopters as controls before they \
                 adopt and the {earlier} units treated earlier as controls afterwards, so the control group is contaminated by treatment.{en}"
            ),
            format!(
                "政策在{first}至{last}间分{n}批实施：双向固定效应以尚未实施的后批个体、并在其实施后以{earlier}个先行处理个体作对照，对照组因而\
                 受到处理污染。{zh}"
            ),
        ),
        Text::new(
            "report estimators with clean controls beside it: estimators = \"all\"",
            "同时报告使用干净对照组的估计量：estimators = \"all\"",
        ),
        facts.section("event_study"),
    )
}

/// Some effects count with a minus sign.
pub(super) fn negative_weights(facts: &Facts<'_>) -> Option<Remark> {
    let found = facts.design?.comparisons.filter(|found| found.sum_negative < -1e-6)?;
    let (share, sum) = (percent(found.share_negative), facts.number(found.sum_negative));
    remark(
        "negative_weights",
        if found.sum_negative < -0.1 { 1 } else { 3 },
        Text::new(
            format!(
                "The two-way coefficient gives negative weights to {share} of the treated rows (they sum to {sum}, all weights to 1): it \
                 need not lie among the effects that it averages."
            ),
            format!(
                "双向固定效应系数对{share}的处理观测赋予负权重（合计{sum}，全部权重之和为1）：其值未必落在所平均的效应范围内。"
            ),
        ),
        Text::new("lead with an estimator that weighs all effects positively", "以权重均为正的估计量作为主要结果"),
        facts.section("event_study"),
    )
}

/// No unit stays untreated.
pub(super) fn nobody_untreated(facts: &Facts<'_>) -> Option<Remark> {
    let treatment = facts.treatment().filter(|card| card.never == 0)?;
    let (last, units) = treatment.cohorts.last()?;
    remark(
        "nobody_untreated",
        1,
        Text::new(
            format!(
                "No unit is never treated: effects from {last} on, when the last {units} units adopt, have no control group."
            ),
            format!("没有从未处理的个体：自最后一批{units}个个体于{last}年实施起，效应不再有对照组。"),
        ),
        Text::new(
            "end the sample before the last adoption, or say that later effects rest on constant effects",
            "将样本截至最后一批实施之前，或说明此后效应依赖于效应不变的假定",
        ),
        facts.section("event_study"),
    )
}

/// Units without a period before.
pub(super) fn always_treated(facts: &Facts<'_>) -> Option<Remark> {
    let n = facts.treatment().map(|card| card.always).filter(|n| *n > 0)?;
    remark(
        "always_treated",
        2,
        Text::new(
            format!(
                "{n} {} treated in every period: nothing is known of them before, and in a two-way regression they are controls under \
                 treatment.",
                plural(n, "unit is", "units are")
            ),
            format!("有{n}个个体在所有时期均受处理：缺少实施前信息，且在双向固定效应回归中充当受处理的对照。"),
        ),
        Text::new("leave them out, or add earlier periods", "将其剔除，或补充更早的时期"),
        None,
    )
}

/// Untreated units next to treated ones.
pub(super) fn neighbours(facts: &Facts<'_>) -> Option<Remark> {
    let found = facts.design?.neighbours.as_ref()?;
    let share = found.near as f64 / found.untreated.max(1) as f64;
    if found.untreated == 0 || share < 0.25 || found.treated_regions < 2 {
        return None;
    }
    let (region, share) = (facts.label(&found.region), percent(share));
    let (near, all) = (found.near, found.untreated);
    remark(
        "neighbours",
        2,
        Text::new(
            format!(
                "{near} of {all} never treated units ({share}) share a {} with a treated one: spillovers would contaminate the control \
                 group.",
                region.en
            ),
            format!(
                "{all}个从未处理个体中有{near}个（{share}）与处理个体同属一个{}：若存在溢出，对照组将受污染。",
                region.zh
            ),
        ),
        Text::new(
            format!(
                "compare within and without: effects = [\"{}^{}\"], rings, or leave neighbours out",
                found.region, facts.panel.time
            ),
            format!(
                "对比同区与异区对照：effects = [\"{}^{}\"]、距离环rings，或剔除邻近个体",
                found.region, facts.panel.time
            ),
        ),
        facts.section("robustness"),
    )
}
