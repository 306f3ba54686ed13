//! The specification: the equation that every model starts from and what it assumes, and what the
//! main estimate says.

use attica::text::Text;
use attica_report::format::number;
use attica_report::report::Block;

use super::event::equals_p;
use super::inference;
use super::models::main_printed;
use super::words::{Words, list, sentences, stop, text};
use crate::results::Models;

/// Blocks of the section.
pub(super) fn blocks(words: &Words<'_>) -> Vec<Block> {
    vec![Block::Paragraph(sentences([equation(words), assumption(), staggering(words)]))]
}

fn equation(words: &Words<'_>) -> Text {
    let results = words.results;
    let model = &results.model;
    let controls = !model.controls.is_empty();
    let absorbed: Vec<Text> = model.effects.iter().map(|name| words.category(name)).collect();
    let effects = list(&absorbed);
    let (gamma, held) = if controls {
        let names = list(&model.controls.iter().map(|name| words.term(name)).collect::<Vec<_>>());
        (" + γ′X", text(format!(", X holds {}", names.en), format!("，X为{}", names.zh)))
    } else {
        ("", Text::default())
    };
    let absorbed = if effects.en.is_empty() {
        text(" and α is a constant", "，α为常数项")
    } else {
        text(format!(" and α holds {} fixed effects", effects.en), format!("，α为{}固定效应", effects.zh))
    };
    let (outcome, policy) = (words.label(&model.outcome), words.label(&results.policy.name));
    text(
        format!(
            "Models start from Y = βD{gamma} + α + ε, where Y is {}, D is {}{}{}; β is the effect of interest.",
            outcome.en, policy.en, held.en, absorbed.en
        ),
        format!(
            "基准模型为Y = βD{gamma} + α + ε，其中Y为{}，D为{}{}{}，β为待估的政策效应。",
            outcome.zh, policy.zh, held.zh, absorbed.zh
        ),
    )
}

fn assumption() -> Text {
    text(
        "It has a causal reading if, without the policy, the outcomes of treated and untreated units would have moved in \
         parallel, units did not react before adoption, and one unit's treatment does not move another's outcome.",
        "其因果解释要求：若无政策，处理组与对照组的结果变量将保持平行变动；政策实施前个体未提前反应；\
         个体间不存在溢出效应。",
    )
}

fn staggering(words: &Words<'_>) -> Text {
    if !words.results.policy.staggered {
        return Text::default();
    }
    text(
        "Adoption is staggered: where effects differ between cohorts or grow over time, β is a weighted average of them in \
         which some weights can be negative (Goodman-Bacon 2021; de Chaisemartin and D'Haultfœuille 2020).",
        "政策分批实施：当效应随批次或时间变化时，β为各效应的加权平均，部分权重可能为负（Goodman-Bacon，2021；\
         de Chaisemartin和D'Haultfœuille，2020）。",
    )
}

/// What the main column of the baseline says, with its size beside the outcome's mean.
pub(super) fn reading(words: &Words<'_>, family: &Models) -> Option<Text> {
    let policy = family.show.first()?;
    let (column, record) = main_printed(words, family)?;
    let column = column + 1;
    let term = record.terms.iter().find(|term| term.term == *policy)?;
    let digits = words.results.style.digits;
    let print = |value: f64| number(value, digits);
    let level = inference::percent(record.level);
    let (name, outcome) = (words.term(policy), words.label(&record.outcome));
    let (estimate, se, p) = (print(term.estimate), print(term.std_error), equals_p(term.p_value));
    let interval = format!("[{}, {}]", print(term.conf_low), print(term.conf_high));
    // A share of a mean near zero or below it says nothing.
    let share = if record.mean_outcome > 0.0 && term.estimate.abs() < 10.0 * record.mean_outcome {
        let share = number(100.0 * term.estimate / record.mean_outcome, 1);
        let mean = print(record.mean_outcome);
        text(format!(", {share}% of the outcome's mean of {mean}"), format!("，相当于被解释变量均值{mean}的{share}%"))
    } else {
        Text::default()
    };
    Some(stop(text(
        format!(
            "In column ({column}) the coefficient of {} on {} is {estimate} (SE {se}, {level}% interval {interval}, {p}){}",
            name.en, outcome.en, share.en
        ),
        format!(
            "第({column})列中，{}对{}的系数为{estimate}（标准误{se}，{level}%置信区间{interval}，{p}）{}",
            name.zh, outcome.zh, share.zh
        ),
    )))
}
