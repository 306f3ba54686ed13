//! Whether the standard error can be believed.

use attica::text::Text;

use super::{Facts, p_value, plural, remark};
use crate::results::{Content, Remark, Variances};

/// Fewer treated clusters than this make cluster-robust tests reject too often.
const FEW_TREATED: usize = 10;

/// The same for clusters in effective number.
const FEW_CLUSTERS: f64 = 30.0;

fn variance_panel<'a>(facts: &Facts<'a>) -> Option<&'a Variances> {
    facts.sections.iter().find_map(|section| match &section.content {
        Content::Variances(found) => Some(found),
        _ => None,
    })
}

/// Few treated clusters, or units where clusters are not known.
pub(super) fn few_treated(facts: &Facts<'_>) -> Option<Remark> {
    let clusters = variance_panel(facts).and_then(|found| found.clusters.as_ref());
    let known = clusters.and_then(|card| Some((card.treated?, facts.label(&card.by))));
    let (n, by) = if let Some(known) = known {
        known
    } else {
        let card = facts.treatment()?;
        let units = card.cohorts.iter().map(|cohort| cohort.1).sum::<usize>() + card.always + card.switches_off;
        (units, facts.label(&facts.panel.unit))
    };
    if n == 0 || n >= FEW_TREATED {
        return None;
    }
    remark(
        "few_treated",
        if n == 1 { 1 } else { 2 },
        Text::new(
            format!(
                "Only {n} treated {} ({}) identify the effect: with so few, cluster-robust tests reject a true null far too often.",
                plural(n, "cluster", "clusters"),
                by.en
            ),
            format!("识别效应的处理聚类（{}）仅{n}个：此时聚类稳健检验会过度拒绝真实的原假设。", by.zh),
        ),
        Text::new(
            "test by randomisation ([placebo]) or by the wild bootstrap with the null imposed, and report both",
            "采用随机化推断（[placebo]）或施加原假设的wild自助法检验并一并报告",
        ),
        facts.section("placebo"),
    )
}

/// Few clusters, counted by their weight in the coefficient.
pub(super) fn few_clusters(facts: &Facts<'_>) -> Option<Remark> {
    let card = variance_panel(facts)?.clusters.as_ref()?;
    if card.effective >= FEW_CLUSTERS {
        return None;
    }
    let (by, n) = (facts.label(&card.by), card.clusters);
    let effective = attica_report::format::number(card.effective, 1);
    remark(
        "few_clusters",
        2,
        Text::new(
            format!(
                "The {n} clusters ({}) count as {effective} effective ones for this coefficient: fewer than 30.",
                by.en
            ),
            format!("{n}个聚类（{}）对该系数而言仅相当于{effective}个有效聚类，不足30个。", by.zh),
        ),
        Text::new("report the wild bootstrap or CR2 beside it", "同时报告wild自助法或CR2"),
        facts.section("baseline"),
    )
}

/// The verdict depends on the covariance.
pub(super) fn variances(facts: &Facts<'_>) -> Option<Remark> {
    let rows = &variance_panel(facts)?.rows;
    let main = rows.iter().find(|row| row.main)?.p_value?;
    let others = || rows.iter().filter(|row| !row.main && row.absent.is_none() && row.vcov != "iid");
    let against = |p: f64| (p < 0.05) != (main < 0.05);
    let turned: Vec<_> =
        others().filter_map(|row| Some((&row.vcov, row.p_value?))).filter(|(_, p)| against(*p)).collect();
    let far = |p: f64| (p - 0.05).abs();
    let (vcov, p) = turned.iter().max_by(|a, b| far(a.1).total_cmp(&far(b.1)))?;
    let (n, all, main, p) = (turned.len(), others().count(), p_value(main), p_value(*p));
    remark(
        "variances",
        2,
        Text::new(
            format!(
                "Whether the effect is significant at 5% depends on the covariance: {main} as reported, {n} of {all} others disagree (furthest: {vcov}, {p})."
            ),
            format!(
                "效应在5%水平上是否显著取决于协方差：所报告的为{main}，其他{all}种中有{n}种结论相反（相差最大者：{vcov}，{p}）。"
            ),
        ),
        Text::new(
            "say which dependence each allows for, and lead with the most cautious",
            "说明各协方差所允许的相关形式，并以最谨慎者为准",
        ),
        facts.section("baseline"),
    )
}

/// The placebo distribution and the t test disagree.
pub(super) fn placebo(facts: &Facts<'_>) -> Option<Remark> {
    let p_t = facts.effect()?.p_value;
    let kinds = facts.sections.iter().filter_map(|section| match &section.content {
        Content::Placebo(found) => Some(&found.kinds),
        _ => None,
    });
    let drawn = kinds.flatten().filter(|kind| kind.estimator == "twfe");
    let p = |kind: &crate::results::Placebo| Some((kind.kind.clone(), kind.p_two_sided_t.or(kind.p_two_sided)?));
    let (kind, p) = drawn.filter_map(p).max_by(|a, b| (a.1 - p_t).abs().total_cmp(&(b.1 - p_t).abs()))?;
    if (p < 0.05) == (p_t < 0.05) {
        return None;
    }
    let zh = match kind.as_str() {
        "unit" => "个体",
        "cohort" => "批次",
        "mixed" => "混合",
        _ => "其他",
    };
    let (p, p_t) = (p_value(p), p_value(p_t));
    remark(
        "placebo",
        2,
        Text::new(
            format!(
                "Random assignment ({kind} placebo) gives {p} where the t test gives {p_t}: whether the effect is significant at 5% depends on which is believed."
            ),
            format!("随机分配（{zh}安慰剂）的{p}，而t检验的{p_t}：在5%水平上是否显著取决于采信哪一种。"),
        ),
        Text::new("report the randomisation p-value as the main one", "以随机化推断的p值为准"),
        facts.section("placebo"),
    )
}
