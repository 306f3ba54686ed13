//! Notes under a table of regressions and its methods paragraph, made from the fits themselves.

use attica::fit::FitRecord;
use attica::ledger::{Drop, Reason};
use attica::text::Text;

use super::layout::Shown;
use super::models::{absorbed_constants, fit, hidden, outcome};
use super::words::{
    CONSTANT, Words, by_value, columns, glue, is_shared, list, per_column, plural, sentence, sentence_case, sentences,
    stop, text,
};
use super::{card, inference};
use crate::results::{Model, Models, Outcome};

/// The estimator of a fit, as a noun.
pub(super) fn model_name(model: &str) -> Text {
    match model {
        "fixed effects" => text("Fixed effects", "固定效应"),
        "random effects" => text("Random effects", "随机效应"),
        "pooled OLS" => text("Pooled OLS", "混合OLS"),
        other => Text::same(other),
    }
}

/// Notes under one table; its first column has the number `from`, counted from 0.
pub(super) fn notes(words: &Words<'_>, shown: &Shown, models: &[Model], from: usize) -> Vec<Text> {
    let fits: Vec<(usize, &FitRecord)> =
        models.iter().enumerate().filter_map(|(i, model)| Some((from + i, fit(model)?))).collect();
    let style = &words.results.style;
    let legend = [inference::stars(&style.stars), inference::below(words, &style.below, &fits)];
    let legend = glue(legend, ". ", "；");
    let mut notes = vec![stop(legend)];
    notes.extend(controls(words, shown, &fits));
    notes.extend(shown.note(words));
    notes.extend(card::cards(words, &fits));
    notes.extend(wild(words, &fits));
    notes.extend(constants(words, &fits).filter(|_| shown.rows.iter().any(|name| name == CONSTANT)));
    notes.extend(lost_rows(words, &fits));
    notes.extend(weights(words, &fits));
    notes.extend(omitted(words, &fits));
    notes.extend(failed(models, from));
    notes.extend(warnings(&fits));
    notes.retain(|note| *note != Text::default());
    notes
}

/// Which regressors the row "Controls" sums up.
fn controls(words: &Words<'_>, shown: &Shown, fits: &[(usize, &FitRecord)]) -> Option<Text> {
    let groups = by_value(fits.iter().filter_map(|(column, fit)| {
        let names = hidden(fit, shown);
        let labels = list(&names.iter().map(|name| words.term(name)).collect::<Vec<_>>());
        (!names.is_empty()).then_some((*column, labels))
    }));
    if groups.is_empty() {
        return None;
    }
    let said = per_column(groups, fits.len());
    Some(stop(text(format!("Controls: {}", said.en), format!("控制变量：{}", said.zh))))
}

/// What the rows of the wild bootstrap are.
fn wild(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Option<Text> {
    let how = by_value(fits.iter().filter_map(|(column, fit)| {
        let test = fit.terms.iter().find_map(|term| term.wild.as_deref())?;
        Some((*column, super::inference::wild(words, test)))
    }));
    if how.is_empty() {
        return None;
    }
    let said = per_column(how, fits.len());
    Some(stop(text(
        format!("Wild bootstrap p: two-sided p-values of the wild cluster bootstrap ({})", said.en),
        format!("wild bootstrap p值：wild cluster bootstrap双侧p值（{}）", said.zh),
    )))
}

/// Which constant is printed where effects are absorbed.
fn constants(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Option<Text> {
    let own = |fit: &FitRecord| fit.terms.iter().any(|term| term.term == CONSTANT);
    let printed = absorbed_constants(words) && fits.iter().any(|(_, fit)| fit.constant_absorbed.is_some() && !own(fit));
    printed.then(|| {
        text(
            "The constant is the mean of the outcome less the regressors' means times their coefficients.",
            "常数项为被解释变量均值减去各解释变量均值与其系数乘积之和。",
        )
    })
}

/// Rows that left between the panel and each column: by design, as the column's head says, and for
/// other reasons, by reason. With N they add up to the rows of the panel.
fn lost_rows(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Option<Text> {
    let is_design = |drop: &&Drop| matches!(drop.reason, Reason::Excluded(_));
    let by_design = by_value(fits.iter().filter_map(|(column, fit)| {
        let rows: usize = fit.dropped.iter().filter(is_design).map(|drop| drop.rows).sum();
        let n = words.count(rows);
        (rows > 0).then(|| (*column, text(format!("{n} rows"), format!("{n}行"))))
    }));
    let unusable = by_value(fits.iter().filter_map(|(column, fit)| {
        let left: Vec<Drop> = fit.dropped.iter().filter(|drop| !is_design(drop)).cloned().collect();
        (!left.is_empty()).then(|| (*column, account(words, &left)))
    }));
    let mut parts = Vec::new();
    if !by_design.is_empty() {
        let said = per_column(by_design, fits.len());
        parts.push(text(
            format!("Left out by design, as the heads say: {}", said.en),
            format!("按列标题所示设定剔除：{}", said.zh),
        ));
    }
    if !unusable.is_empty() {
        let said = per_column(unusable, fits.len());
        parts.push(text(format!("Rows not used: {}", said.en), format!("未使用的观测：{}", said.zh)));
    }
    (!parts.is_empty()).then(|| stop(glue(parts, ". ", "。")))
}

/// `12 missing LTEP, 3 singleton in city`.
pub(super) fn account(words: &Words<'_>, dropped: &[Drop]) -> Text {
    let parts = dropped.iter().map(|drop| {
        let (rows, reason) = (words.count(drop.rows), reason(words, &drop.reason));
        // A reason that ends in an expression is kept apart from the number.
        let pause = if reason.zh.ends_with(|end: char| end.is_ascii()) { "，" } else { "" };
        text(format!("{rows} {}", reason.en), format!("{}{pause}{rows}行", reason.zh))
    });
    glue(parts, ", ", "，")
}

/// Why rows left, with the labels of the columns in question.
pub(super) fn reason(words: &Words<'_>, reason: &Reason) -> Text {
    match reason {
        Reason::Missing(of) => {
            let of = words.term(of);
            text(format!("missing {}", of.en), format!("{}缺失", of.zh))
        }
        Reason::Singleton(of) => {
            let of = words.category(of);
            text(format!("singleton in {}", of.en), format!("{}单观测组", of.zh))
        }
        Reason::PerfectFit(of) => {
            let of = words.category(of);
            text(format!("perfectly fitted by {}", of.en), format!("被{}完全拟合", of.zh))
        }
        other => other.text(),
    }
}

fn weights(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Option<Text> {
    let weighted =
        by_value(fits.iter().filter_map(|(column, fit)| Some((*column, weight(words, fit.weights.as_ref()?)))));
    if weighted.is_empty() {
        return None;
    }
    let said = per_column(weighted, fits.len());
    Some(stop(text(format!("Weighted by {}", said.en), format!("加权变量：{}", said.zh))))
}

/// `population (analytic)` by the label of its column.
fn weight(words: &Words<'_>, of: &str) -> Text {
    let Some((name, kind)) = of.rsplit_once(" (") else { return words.label(of) };
    let (label, kind) = (words.label(name), kind.trim_end_matches(')'));
    let zh = match kind {
        "analytic" => "解析权重",
        "frequency" => "频数权重",
        "probability" => "概率权重",
        other => other,
    };
    text(format!("{} ({kind})", label.en), format!("{}（{zh}）", label.zh))
}

/// Regressors that a column could not estimate.
fn omitted(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Option<Text> {
    let left_out = by_value(fits.iter().filter(|(_, fit)| !fit.omitted.is_empty()).map(|(column, fit)| {
        let parts = fit.omitted.iter().map(|omitted| {
            let name = words.term(&omitted.name);
            let reason = &omitted.reason;
            text(format!("{} ({})", name.en, reason.en), format!("{}（{}）", name.zh, reason.zh))
        });
        (*column, glue(parts, ", ", "、"))
    }));
    if left_out.is_empty() {
        return None;
    }
    let said = per_column(left_out, fits.len());
    Some(stop(text(format!("Omitted regressors: {}", said.en), format!("因共线而剔除的变量：{}", said.zh))))
}

/// Why a column has no estimates.
fn failed(models: &[Model], from: usize) -> Vec<Text> {
    let problems = models.iter().enumerate().filter_map(|(i, model)| match &model.fit {
        Outcome::Failed(problem) => Some((from + i, problem)),
        Outcome::Fit(_) => None,
    });
    by_value(problems)
        .into_iter()
        .map(|(which, problem)| {
            let at = columns(&which);
            let (id, message) = (&problem.id, problem.text());
            stop(text(
                format!("{} could not be estimated ({id}): {}", sentence_case(at.clone()).en, message.en),
                format!("{}未能估计（{id}）：{}", at.zh, message.zh),
            ))
        })
        .collect()
}

/// Statistical warnings of the columns, each once.
fn warnings(fits: &[(usize, &FitRecord)]) -> Vec<Text> {
    let all = fits.iter().flat_map(|(column, fit)| fit.warnings.iter().map(move |warning| (*column, warning)));
    by_value(all)
        .into_iter()
        .map(|(mut which, warning)| {
            which.dedup();
            let at = sentence_case(columns(&which));
            stop(text(
                format!("{}, {}: {}", at.en, warning.id, warning.text.en),
                format!("{}，{}：{}", at.zh, warning.id, warning.text.zh),
            ))
        })
        .collect()
}

/// The methods paragraph of a family of regressions: the model, the sample, the inference, and what
/// the step itself has to say.
pub(super) fn methods(words: &Words<'_>, family: &Models) -> Text {
    let fits: Vec<(usize, &FitRecord)> =
        family.models.iter().enumerate().filter_map(|(i, model)| Some((i, fit(model)?))).collect();
    if fits.is_empty() {
        return family.methods.clone();
    }
    sentences([
        model(words, family),
        sample(words, &fits),
        inference::sentence(words, &fits),
        sentence(family.methods.clone()),
    ])
}

/// What is regressed on what.
fn model(words: &Words<'_>, family: &Models) -> Text {
    let outcomes = by_value(family.models.iter().enumerate().map(|(i, model)| (i, outcome(model))));
    let outcome = if outcomes.len() == 1 {
        let name = words.label(outcomes[0].1);
        text(name.en, format!("各列以{}为被解释变量", name.zh))
    } else {
        text("the outcome at its head", "各列的被解释变量见列标题")
    };
    let everywhere = |name: &&String| {
        family.models.iter().filter_map(fit).all(|fit| fit.terms.iter().any(|term| term.term == **name))
    };
    let layout = Shown::new(words, family);
    let told: Vec<&String> = layout.rows.iter().chain(&layout.dropped).filter(|name| *name != CONSTANT).collect();
    let shown: Vec<Text> = told.iter().copied().filter(everywhere).map(|name| words.term(name)).collect();
    let regressors = match (shown.len(), told.len()) {
        (0, _) => text("the regressors shown", "所列解释变量"),
        (n, all) if n == all => list(&shown),
        _ => {
            let shown = list(&shown);
            text(format!("{} (other regressors as shown)", shown.en), format!("{}及所列其他变量", shown.zh))
        }
    };
    let controls = family.models.iter().filter_map(fit).any(|fit| !hidden(fit, &layout).is_empty());
    let controls = if controls {
        text(" and the controls named in the notes", "及表注所列控制变量")
    } else {
        Text::default()
    };
    let how = by_value(family.models.iter().enumerate().filter_map(|(i, model)| {
        let fit = fit(model)?;
        let by = words.effects(&model.effects);
        let method = match (fit.model.as_str(), model.effects.is_empty()) {
            ("random effects", _) => text("generalised least squares with random effects", "随机效应广义最小二乘"),
            (_, true) => text("ordinary least squares without absorbed effects", "普通最小二乘，不含固定效应"),
            (_, false) => text(
                format!("ordinary least squares with {} absorbed", by.en),
                format!("普通最小二乘，并吸收{}", by.zh),
            ),
        };
        let weighted = fit.weights.as_ref().map(|_| text(", weighted", "，加权")).unwrap_or_default();
        Some((i, text(format!("{}{}", method.en, weighted.en), format!("{}{}", method.zh, weighted.zh))))
    }));
    let estimated = family.models.iter().filter(|model| fit(model).is_some()).count();
    let is = if is_shared(&how, estimated) { "为" } else { "：" };
    let how = per_column(how, estimated);
    let each = plural(family.models.len(), "The column regresses", "Each column regresses");
    stop(text(
        format!("{each} {} on {}{} by {}", outcome.en, regressors.en, controls.en, how.en),
        format!("{}，对{}{}回归，估计方法{is}{}", outcome.zh, regressors.zh, controls.zh, how.zh),
    ))
}

/// On which rows; several sample sizes are the table's to show.
fn sample(words: &Words<'_>, fits: &[(usize, &FitRecord)]) -> Text {
    let sizes = by_value(fits.iter().map(|(column, fit)| (*column, (fit.n_obs, fit.n_units))));
    let smallest = sizes.iter().map(|(_, (rows, _))| *rows).min().unwrap_or(0);
    let largest = sizes.iter().map(|(_, (rows, _))| *rows).max().unwrap_or(0);
    let units = |units: Option<usize>| match units {
        Some(units) => {
            let (n, noun) = (words.count(units), plural(units, "unit", "units"));
            text(format!(" on {n} {noun}"), format!("、{n}个个体"))
        }
        None => Text::default(),
    };
    if sizes.len() > 1 {
        let (low, high) = (words.count(smallest), words.count(largest));
        return text(
            format!("Estimation samples have between {low} and {high} observations; each column's N is in the table."),
            format!("各列估计样本介于{low}与{high}个观测值之间，见表中N。"),
        );
    }
    let (rows, units) = (words.observations(largest), units(sizes.first().and_then(|(_, (_, units))| *units)));
    text(format!("The estimation sample has {}{}.", rows.en, units.en), format!("估计样本为{}{}。", rows.zh, units.zh))
}
