//! Controls: whether the policy moves them, and what they share with the outcome.

use attica::text::Text;

use super::{Facts, listed, p_value, percent, plural, remark};
use crate::results::{ControlCard, Remark};

/// Controls that are outcomes of the policy.
pub(super) fn bad_controls(facts: &Facts<'_>) -> Option<Remark> {
    let design = facts.design?;
    let late: Vec<&ControlCard> = design.controls.iter().filter(|card| card.varies_after || card.channel).collect();
    if late.is_empty() {
        return None;
    }
    let moved: Vec<&&ControlCard> = late.iter().filter(|card| card.channel || p_of(card) < 0.10).collect();
    let names: Vec<Text> = late.iter().map(|card| facts.label(&card.name)).collect();
    let (n, all, names) = (late.len(), design.controls.len(), listed(&names));
    let strongest = late.iter().min_by(|a, b| p_of(a).total_cmp(&p_of(b)))?;
    let label = facts.label(&strongest.name);
    let (en, zh) = match (&strongest.effect, strongest.sd) {
        (Some(term), Some(sd)) => {
            let (size, p) = (facts.number(term.estimate / sd), p_value(term.p_value));
            (
                format!(" The policy moves {} by {size} standard deviations ({p}).", label.en),
                format!("政策使{}变动{size}个标准差（{p}）。", label.zh),
            )
        }
        _ => (String::new(), String::new()),
    };
    let channels: Vec<Text> = late.iter().filter(|card| card.channel).map(|card| facts.label(&card.name)).collect();
    let (as_channel_en, as_channel_zh) = if channels.is_empty() {
        (String::new(), String::new())
    } else {
        let names = listed(&channels);
        (
            format!(" The study itself treats {} as a channel.", names.en),
            format!("研究自身将{}视为作用机制。", names.zh),
        )
    };
    let (change_en, change_zh) = match (&design.effect, &design.without_controls) {
        (Some(with), Some(without)) => {
            let (with, without) = (facts.number(with.estimate), facts.number(without.estimate));
            (
                format!(" Without controls the effect is {without}, with them {with}."),
                format!("不含控制变量的效应为{without}，含控制变量为{with}。"),
            )
        }
        _ => (String::new(), String::new()),
    };
    remark(
        "bad_controls",
        if moved.is_empty() { 2 } else { 1 },
        Text::new(
            format!(
                "{n} of {all} {} measured after adoption and may be {} of the policy ({}): controlling for {} takes part of the effect \
                 away.{en}{as_channel_en}{change_en}",
                plural(all, "control is", "controls are"),
                plural(n, "an outcome", "outcomes"),
                names.en,
                plural(n, "it", "them")
            ),
            format!(
                "{all}个控制变量中有{n}个在政策实施后取值，可能本身就是政策的结果（{}）：控制它会吸收部分政策效应。{zh}{as_channel_zh}{change_zh}",
                names.zh
            ),
        ),
        Text::new(
            "lead with the column without them, or hold them at their value before adoption: base_controls_trend = true",
            "以不含这些控制变量的列为主，或取其实施前的值：base_controls_trend = true",
        ),
        facts.section("robustness").or_else(|| facts.section("baseline")),
    )
}

fn p_of(card: &ControlCard) -> f64 {
    card.effect.as_ref().map_or(1.0, |term| term.p_value)
}

/// Outcome and controls are made of the same columns.
pub(super) fn shared_ingredients(facts: &Facts<'_>) -> Option<Remark> {
    let design = facts.design?;
    let sharing: Vec<&ControlCard> = design.controls.iter().filter(|card| !card.shared.is_empty()).collect();
    if sharing.is_empty() {
        return None;
    }
    let describe = |card: &&ControlCard| {
        let label = facts.label(&card.name);
        let parts: Vec<Text> = card
            .shared
            .iter()
            .map(|pair| {
                let of = facts.label(&pair.of_control);
                if pair.of_control == pair.of_outcome {
                    of
                } else {
                    let other = facts.label(&pair.of_outcome);
                    Text::new(
                        format!("{} (by its name, {} is divided by it)", of.en, other.en),
                        format!("{}（据列名，{}以其为分母）", of.zh, other.zh),
                    )
                }
            })
            .collect();
        let parts = listed(&parts);
        Text::new(format!("{} through {}", label.en, parts.en), format!("{}（共同成分：{}）", label.zh, parts.zh))
    };
    let parts: Vec<Text> = sharing.iter().map(describe).collect();
    let (n, all) = (sharing.len(), design.controls.len());
    let ingredients = design.ingredients.len();
    let joined = Text::new(
        parts.iter().map(|part| part.en.as_str()).collect::<Vec<_>>().join("; "),
        parts.iter().map(|part| part.zh.as_str()).collect::<Vec<_>>().join("；"),
    );
    let outcome = facts.label(facts.outcome);
    remark(
        "shared_ingredients",
        1,
        Text::new(
            format!(
                "{n} of {all} {} ingredients with the outcome {}, which is made of {ingredients} {}: {}. Part of the fit is arithmetic.",
                plural(all, "control shares", "controls share"),
                outcome.en,
                plural(ingredients, "column", "columns"),
                joined.en
            ),
            format!(
                "{all}个控制变量中有{n}个与被解释变量{}（由{ingredients}列合成）存在共同成分：{}。部分拟合只是恒等关系。",
                outcome.zh, joined.zh
            ),
        ),
        Text::new(
            "drop these controls, or build the outcome without what they are made of",
            "去掉这些控制变量，或在合成被解释变量时剔除其成分",
        ),
        facts.section("baseline"),
    )
}

/// Rows that leave the main regression for missing values.
pub(super) fn lost_rows(facts: &Facts<'_>) -> Option<Remark> {
    let design = facts.design?;
    let worst = design.missing.iter().max_by_key(|row| row.rows)?;
    let share = worst.rows as f64 / facts.panel.n_rows.max(1) as f64;
    if share < 0.05 {
        return None;
    }
    let n = design.missing.len();
    let (label, share) = (facts.label(&worst.name), percent(share));
    remark(
        "lost_rows",
        3,
        Text::new(
            format!(
                "{n} of {} variables {} missing values, most of all {} ({share} of the rows): the sample is selected by what was \
                 reported.",
                design.variables,
                plural(n, "has", "have"),
                label.en
            ),
            format!(
                "{}个变量中有{n}个存在缺失，最多的是{}（占{share}）：样本由是否报告数据筛选而成。",
                design.variables, label.zh
            ),
        ),
        Text::new(
            "show that gaps are unrelated to the policy, or repeat the analysis on units without gaps",
            "说明缺失与政策无关，或在无缺失个体上重复分析",
        ),
        facts.section("descriptives"),
    )
}
