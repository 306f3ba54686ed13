//! Whether the estimate depends on one choice or one unit.

use attica::text::Text;

use super::{Facts, listed, plural, remark};
use crate::results::{Content, LeaveOut, Model, Outcome, Remark};

/// Another measure of the outcome, or another index, has the other sign.
pub(super) fn opposite_signs(facts: &Facts<'_>) -> Option<Remark> {
    let design = facts.design?;
    let main = design.effect.as_ref()?;
    let against: Vec<_> = design.outcomes.iter().filter(|(_, term)| term.estimate * main.estimate < 0.0).collect();
    let (name, term) = against.iter().min_by(|a, b| a.1.p_value.total_cmp(&b.1.p_value))?;
    let (n, all) = (against.len(), design.outcomes.len());
    let (own, other) = (facts.label(facts.outcome), facts.label(name));
    let [effect, other_effect] = [main.estimate, term.estimate].map(|value| facts.number(value));
    let (p, p_other) = (super::p_value(main.p_value), super::p_value(term.p_value));
    remark(
        "opposite_signs",
        1,
        Text::new(
            format!(
                "The sign of the effect depends on the measure: {effect} ({p}) on {}, {other_effect} ({p_other}) on {} ({n} of {all} other \
                 {}).",
                own.en,
                other.en,
                plural(all, "measure disagrees", "measures disagree")
            ),
            format!(
                "效应的符号取决于度量：对{}为{effect}（{p}），对{}为{other_effect}（{p_other}）；其他{all}种度量中有{n}种符号相反。",
                own.zh, other.zh
            ),
        ),
        Text::new(
            "say which measure the theory is about, and why the other moves against it",
            "说明理论所指的是哪一种度量，以及另一种为何反向变动",
        ),
        facts.section("baseline"),
    )
}

/// An estimator with clean controls says otherwise.
pub(super) fn estimators(facts: &Facts<'_>) -> Option<Remark> {
    let main = facts.effect()?;
    let found = facts.sections.iter().find_map(|section| match &section.content {
        Content::EventStudy(found) => Some(found),
        _ => None,
    })?;
    let others: Vec<_> = found.estimators.iter().filter(|one| one.estimator != "twfe").collect();
    let away = |estimate: f64| (estimate - main.estimate).abs() / main.std_error;
    let far: Vec<_> = others
        .iter()
        .filter(|one| one.overall.estimate * main.estimate < 0.0 || away(one.overall.estimate) > 2.0)
        .collect();
    let furthest = far.iter().max_by(|a, b| away(a.overall.estimate).total_cmp(&away(b.overall.estimate)))?;
    let turned = far.iter().filter(|one| one.overall.estimate * main.estimate < 0.0).count();
    let (n, all) = (far.len(), others.len());
    let [effect, other] = [main.estimate, furthest.overall.estimate].map(|value| facts.number(value));
    remark(
        "estimators",
        if turned > 0 { 1 } else { 2 },
        Text::new(
            format!(
                "{n} of {all} other estimators {} from the two-way effect {effect} by more than two of its standard errors or in sign; \
                 furthest is {} with {other}.",
                plural(n, "departs", "depart"),
                furthest.label.en
            ),
            format!(
                "其他{all}种估计量中有{n}种与双向固定效应估计{effect}相差两个标准误以上或符号相反；相差最大的是{}，为{other}。",
                furthest.label.zh
            ),
        ),
        Text::new(
            "say what each averages, and lead with one that has clean controls",
            "说明各估计量所平均的对象，并以对照组干净的估计量为主",
        ),
        facts.section("event_study"),
    )
}

/// One unit, cohort or region moves the estimate.
pub(super) fn one_group(facts: &Facts<'_>) -> Option<Remark> {
    let all = facts.sections.iter().filter_map(|section| match &section.content {
        Content::LeaveOut(found) => Some(found),
        _ => None,
    });
    // One of two or three cohorts always moves the estimate.
    let enough = |found: &&LeaveOut| found.by != "cohort" || found.rows.len() + found.lost.len() > 4;
    let shift = |found: &LeaveOut| {
        let furthest = found.rows.iter().filter(|row| row.influential);
        let moved = |estimate: f64| (estimate - found.estimate).abs() / found.std_error;
        let most = furthest.max_by(|a, b| moved(a.estimate).total_cmp(&moved(b.estimate)))?;
        Some((found.clone(), most.clone(), moved(most.estimate)))
    };
    let (found, row, moved) = all.filter(enough).filter_map(shift).max_by(|a, b| a.2.total_cmp(&b.2))?;
    let turned = row.estimate * found.estimate <= 0.0;
    let n = found.rows.iter().filter(|row| row.influential).count();
    let [effect, without] = [found.estimate, row.estimate].map(|value| facts.number(value));
    let (moved, groups) = (attica_report::format::number(moved, 1), found.rows.len() + found.lost.len());
    remark(
        "one_group",
        if turned { 1 } else { 3 },
        Text::new(
            format!(
                "Leaving out one {} ({}) moves the estimate from {effect} to {without}, by {moved} standard errors; {n} of {groups} are \
                 influential.",
                found.label.en, row.name
            ),
            format!(
                "剔除一个{}（{}）即使估计值由{effect}变为{without}，相差{moved}个标准误；{groups}个中有{n}个影响较大。",
                found.label.zh, row.name
            ),
        ),
        Text::new(
            "show the estimate without it and say what is special about it",
            "报告剔除后的估计值，并说明其特殊之处",
        ),
        facts.section("robustness"),
    )
}

/// Many specifications say otherwise.
pub(super) fn curve(facts: &Facts<'_>) -> Option<Remark> {
    let curve = facts.sections.iter().find_map(|section| match &section.content {
        Content::SpecificationCurve(found) => Some(found),
        _ => None,
    });
    let (policy, effect) = (&facts.treatment()?.name, facts.effect()?);
    let (turned, weak, all) = if let Some(found) = curve {
        let rows = &found.rows;
        let turned = rows.iter().filter(|row| row.estimate * effect.estimate < 0.0).count();
        (turned, rows.iter().filter(|row| row.p_value >= 0.05).count(), rows.len())
    } else {
        let models = facts.sections.iter().filter(|section| section.step == "robustness");
        let models = models.filter_map(|section| match &section.content {
            Content::Models(found) => Some(&found.models),
            _ => None,
        });
        let terms: Vec<_> = models.flatten().filter_map(|model| policy_of(model, policy, facts.outcome)).collect();
        let turned = terms.iter().filter(|(estimate, _)| estimate * effect.estimate < 0.0).count();
        (turned, terms.iter().filter(|(_, p)| *p >= 0.05).count(), terms.len())
    };
    if all == 0 || turned == 0 && (effect.p_value >= 0.05 || 10 * weak < all) {
        return None;
    }
    let name = listed(&[facts.label(policy)]);
    remark(
        "curve",
        if 4 * turned > all { 1 } else { 3 },
        Text::new(
            format!(
                "Of {all} specifications, {turned} {} the other sign and in {weak} the effect of {} is not significant at 5%.",
                plural(turned, "has", "have"),
                name.en
            ),
            format!("{all}种设定中，{turned}种符号相反，{weak}种中{}的效应在5%水平上不显著。", name.zh),
        ),
        Text::new("say which choice decides the result, and argue for it", "说明哪一项选择决定了结果，并给出理由"),
        facts.section("robustness"),
    )
}

/// Estimate and p-value of the policy in a column with the study's outcome.
fn policy_of(model: &Model, policy: &str, outcome: &str) -> Option<(f64, f64)> {
    let Outcome::Fit(fit) = &model.fit else { return None };
    let term = fit.terms.iter().find(|term| term.term == policy).filter(|_| fit.outcome == outcome)?;
    Some((term.estimate, term.p_value))
}
