//! What a reader should know of a wild bootstrap before trusting its p-value.

use super::parts::Parts;
use super::weights::Source;
use super::{WildKind, WildWeights};
use crate::message::Warning;

/// With fewer clusters than this that matter, no kind of wild bootstrap is reliable.
const FEW: f64 = 5.0;
/// With fewer distinct values of |t*| than this, p-values come in coarse steps.
const COARSE: usize = 500;

/// `W413` when the evidence comes from few clusters, `W414` when few distinct p-values exist, `W411` when the
/// jackknife loses the coefficient.
pub(super) fn cautions(parts: &Parts, kind: Option<WildKind>, source: &Source, cluster: Option<&str>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let groups = parts.groups;
    let name = cluster.unwrap_or_default();
    let squares: f64 = parts.leverage.iter().map(|share| share * share).sum();
    let effective = if squares > 0.0 { 1.0 / squares } else { groups as f64 };
    if let Some(kind) = kind.filter(|_| effective < FEW.min(0.9 * groups as f64)) {
        let (en, zh) = if kind.null_imposed {
            (
                "rejects far too rarely (its p-value may be large whatever the effect)",
                "拒绝得过少（无论效应大小，p值都可能偏大）",
            )
        } else {
            ("rejects far too often (its p-value is too small)", "拒绝得过多（p值偏小）")
        };
        warnings.push(Warning::new(
            "W413",
            format!("what identifies the coefficient comes from about {effective:.1} of {groups} clusters in \"{name}\" (few treated clusters, or very unequal ones): there {kind} {en} (MacKinnon and Webb 2017, 2018); report a permutation test beside it"),
            format!("识别该系数的信息约来自“{name}”{groups}个聚类中的{effective:.1}个（处理聚类过少或差异过大）：此时{kind}{zh}（MacKinnon and Webb 2017, 2018）；请同时报告置换检验"),
        ));
    }
    let distinct = 1_usize.checked_shl(groups as u32 - 1).unwrap_or(usize::MAX);
    if source.weights == WildWeights::Rademacher && distinct < COARSE {
        warnings.push(Warning::new(
            "W414",
            format!("with {groups} clusters random signs give {distinct} distinct values of |t*|, so that no p-value lies below {:.4}: take Webb's six-point weights (Webb 2023)", 1.0 / distinct as f64),
            format!("{groups}个聚类下Rademacher权重只有{distinct}个不同的|t*|，p值不低于{:.4}：请改用Webb六点权重（Webb 2023）", 1.0 / distinct as f64),
        ));
    }
    if let Some(kind) = kind.filter(|_| parts.unidentified > 0) {
        warnings.push(Warning::new(
            "W411",
            format!("without {} of {groups} clusters in \"{name}\" a tested coefficient is not identified; {kind} sets its change by the generalised inverse and is unreliable: use randomization inference", parts.unidentified),
            format!("“{name}”的{groups}个聚类中，剔除{}个后待检验系数无法识别；{kind}以广义逆代替，结果不可靠，请改用随机化推断", parts.unidentified),
        ));
    }
    warnings
}

/// `W704` when more than one draw in a hundred has no variance.
pub(super) fn undefined(count: usize, draws: usize) -> Option<Warning> {
    (count * 100 > draws).then(|| {
        Warning::new(
            "W704",
            format!("{count} of {draws} draws of the wild bootstrap have no variance; they count as more extreme than the sample, which makes the p-value larger"),
            format!("wild bootstrap的{draws}次抽样中有{count}次方差为零；它们按比样本更极端计，p值因此偏大"),
        )
    })
}

/// `N415` when the confidence set is no bounded interval.
pub(super) fn odd_set(set: &[[f64; 2]], level: f64) -> Option<Warning> {
    let open = set.iter().flatten().any(|end| end.is_infinite());
    let (en, zh) = match (open, set.len() > 1) {
        (false, false) => return None,
        (true, false) => ("has no bound on at least one side", "至少一侧没有界"),
        (false, true) => {
            ("falls into several pieces; the interval shown covers all of them", "由几段组成；所示区间覆盖全部各段")
        }
        (true, true) => {
            ("falls into several pieces and has no bound on at least one side", "由几段组成，且至少一侧没有界")
        }
    };
    Some(Warning::new(
        "N415",
        format!("the {}% confidence set of the wild bootstrap {en}", 100.0 * level),
        format!("wild bootstrap的{}%置信集{zh}", 100.0 * level),
    ))
}
