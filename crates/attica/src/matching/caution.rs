//! What a reader of a match should know.

use super::balance::Balance;
use super::panel::{Candidates, PanelMatch, Timing};
use super::{Method, Status};
use crate::message::Warning;

/// Warnings of a match; `itself` and `elsewhen` are the shares of matched weight that come from the treated unit itself
/// and from another period.
pub(super) fn warnings(
    candidates: &Candidates<'_>,
    method: Method,
    found: &PanelMatch,
    [itself, elsewhen]: [f64; 2],
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let treated = candidates.all.iter().filter(|c| c.treated).count();
    let lost = found.status.iter().filter(|s| matches!(s, Status::OffSupport | Status::NoMatch)).count();
    if lost > 0 {
        warnings.push(Warning::new(
            "W860",
            format!("{lost} of {treated} treated candidates have no comparable control and leave: the effect is that on the others"),
            format!("{treated}个处理组候选中有{lost}个没有可比的对照而被剔除，所估计的是其余处理个体的效应"),
        ));
    }
    if candidates.question.timing == Timing::Pooled {
        let [itself, elsewhen] = [itself, elsewhen].map(|share| (1000.0 * share).round() / 10.0);
        warnings.push(Warning::new(
            "W861",
            format!("pooled matching compares rows of different periods: {elsewhen} % of the matched weight comes from another period, {itself} % from the treated unit's own earlier rows (self-matching); match in the base period instead"),
            format!("混合匹配将不同时期的观测互相匹配：匹配权重中{elsewhen}%来自其他时期，{itself}%来自处理个体自身此前的观测（自匹配）；建议改用基期匹配"),
        ));
    }
    if candidates.question.timing == Timing::Yearly {
        warnings.push(Warning::new(
            "W862",
            "matching in every period compares covariates after adoption too, which the policy may have moved, and the same unit has different controls in different years; match in the base period instead",
            "逐期匹配也使用政策实施后的协变量（可能已受政策影响），且同一个体在不同年份的对照组不同；建议改用基期匹配",
        ));
    }
    let matched = found.weights.iter().zip(&candidates.all).filter(|(w, c)| c.treated && **w > 0.0).count();
    if found.effective_controls < 0.5 * matched as f64 {
        let effective = (10.0 * found.effective_controls).round() / 10.0;
        warnings.push(Warning::new(
            "W863",
            format!("a few controls carry most of the weight: they count as {effective} for {matched} treated"),
            format!("权重集中于少数对照：{matched}个处理组候选对应的有效对照数仅为{effective}"),
        ));
    }
    warnings.extend(unbalanced(&found.balance));
    if let (Method::Mahalanobis(_) | Method::Entropy(_), Err(problem)) = (method, &candidates.score) {
        warnings.push(Warning::new(
            "W865",
            format!("there is no propensity score to show: {}", problem.message),
            format!("没有可展示的倾向得分：{}", problem.text().zh),
        ));
    }
    warnings
}

/// `W864`: what is still unlike after matching.
fn unbalanced(balance: &Balance) -> Option<Warning> {
    let off: Vec<&str> = balance
        .rows
        .iter()
        .filter(|row| row.after.bias.is_some_and(|b| b.abs() > 10.0))
        .map(|row| row.covariate.as_str())
        .collect();
    let b = balance.after.rubin_b.filter(|b| *b > 25.0);
    let r = balance.after.rubin_r.filter(|r| !(0.5..=2.0).contains(r));
    if off.is_empty() && b.is_none() && r.is_none() {
        return None;
    }
    let (mut en, mut zh) = (Vec::new(), Vec::new());
    if !off.is_empty() {
        en.push(format!("the standardised bias of {} is above 10 %", off.join(", ")));
        zh.push(format!("{}的标准化偏差大于10%", off.join("、")));
    }
    if let Some(b) = b {
        en.push(format!("Rubin's B is {b:.1} (25 or less is called balanced)"));
        zh.push(format!("Rubin B值为{b:.1}（应不大于25）"));
    }
    if let Some(r) = r {
        en.push(format!("Rubin's R is {r:.2} (0.5 to 2 is called balanced)"));
        zh.push(format!("Rubin R值为{r:.2}（应在0.5至2之间）"));
    }
    Some(Warning::new(
        "W864",
        format!("treated and controls still differ after matching: {}", en.join("; ")),
        format!("匹配后处理组与对照组仍有差异：{}", zh.join("；")),
    ))
}
