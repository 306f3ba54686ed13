//! What a reader should know of a regression before trusting its standard errors.

use rayon::prelude::*;

use super::{Fit, INTERCEPT};
use crate::absorb::is_nested;
use crate::design::{Codes, Design};
use crate::math::cross::{columns_worth_a_thread, weighted_dot, weighted_mean};
use crate::message::{Problem, Result, Warning};
use crate::vcov::Vcov;

/// A variance inflation factor from which a coefficient is hardly told apart from others: its standard
/// error is ten times what it would be without them.
const INFLATED: f64 = 100.0;

/// `W307`: regressors that others nearly reproduce once the effects are out, with their variance
/// inflation factor `(X'WX)^-1_jj sum w (x_j - xbar_j)^2`.
pub(super) fn near_collinear(fit: &Fit) -> Vec<Warning> {
    let weights = fit.weights.as_ref().map(|w| &w.values[..]);
    let factors: Vec<f64> = (0..fit.names.len())
        .into_par_iter()
        .with_min_len(columns_worth_a_thread(fit.residuals.len()))
        .map(|j| {
            let x = &fit.columns[j];
            let mean = weighted_mean(x, weights);
            let total = weights.map_or(x.len() as f64, |w| w.iter().sum());
            let spread = weighted_dot(x, x, weights) - total * mean * mean;
            fit.bread[(j, j)] * spread
        })
        .collect();
    inflated(&fit.names, &factors)
}

/// `W307` from the variance inflation factors themselves.
pub(super) fn inflated(names: &[String], factors: &[f64]) -> Vec<Warning> {
    let inflated: Vec<String> = names
        .iter()
        .zip(factors)
        .filter(|(name, factor)| *name != INTERCEPT && **factor > INFLATED)
        .map(|(name, factor)| format!("{name} ({factor:.0})"))
        .collect();
    if inflated.is_empty() {
        return Vec::new();
    }
    let list = inflated.join(", ");
    vec![Warning::new(
        "W307",
        format!(
            "nearly collinear, with variance inflation factors over {INFLATED}: {list}; their coefficients are barely told apart, and their standard errors are large for that reason"
        ),
        format!("近似共线（方差膨胀因子超过{INFLATED}）：{list}；其系数难以区分，标准误因此偏大"),
    )]
}

/// `W407`: units that lie in several clusters of the one cluster variable, so that errors of one unit
/// count as independent across them.
pub(crate) fn crossed(design: &Design, vcov: &Vcov) -> Option<Warning> {
    let ([name], Some((unit, _))) = (vcov.clusters(), &design.panel) else { return None };
    let cluster = design.clusters.iter().find(|codes| codes.name == *name)?;
    // Clusters of one row have a warning of their own.
    if is_nested(unit, cluster) || cluster.levels == cluster.codes.len() {
        return None;
    }
    let mut seen: Vec<Option<u32>> = vec![None; unit.levels];
    let mut moves = vec![false; unit.levels];
    for (&u, &c) in unit.codes.iter().zip(cluster.codes.iter()) {
        moves[u as usize] |= *seen[u as usize].get_or_insert(c) != c;
    }
    Some(crossing(moves.iter().filter(|m| **m).count(), &unit.name, name))
}

/// `W407` for so many units that lie in several clusters.
pub(crate) fn crossing(units: usize, unit: &str, cluster: &str) -> Warning {
    Warning::new(
        "W407",
        format!(
            "{units} units of \"{unit}\" lie in more than one cluster of \"{cluster}\": errors of one unit count as independent across clusters; cluster by both, or by the unit"
        ),
        format!(
            "“{unit}”的{units}个个体分属“{cluster}”的多个聚类：同一个体的误差在不同聚类间被视为独立；请双向聚类或按个体聚类"
        ),
    )
}

/// What the number of clusters means for inference: `W405` few, `W408` as many as rows; in multiway clustering each
/// dimension counts.
///
/// # Errors
/// `E404` when there is one.
pub(crate) fn clusters(Codes { name, levels, codes }: &Codes, multiway: bool) -> Result<Option<Warning>> {
    clusters_of(name, *levels, codes.len(), multiway)
}

/// The same for a cluster variable of `levels` levels in a sample of `rows` rows.
pub(crate) fn clusters_of(name: &str, levels: usize, rows: usize, multiway: bool) -> Result<Option<Warning>> {
    if levels < 2 {
        let message = format!(
            "\"{name}\" has one cluster in the sample of {rows} rows: no variance between clusters can be estimated"
        );
        return Err(
            Problem::new("E404", message).fix("cluster by a variable with more levels, or use randomization inference")
        );
    }
    Ok(if levels == rows {
        Some(Warning::new(
            "W408",
            format!(
                "every row is a cluster of its own in \"{name}\": the errors are heteroskedastic ones, not clustered"
            ),
            format!("“{name}”的每个聚类只有一行：等同于异方差稳健标准误"),
        ))
    } else if levels < 30 && multiway {
        Some(Warning::new(
            "W405",
            format!(
                "{levels} clusters in \"{name}\", one dimension of multiway clustering: fewer than 30 in any dimension make standard errors too small, and the smallest number decides the degrees of freedom; compare one-way clustering with CR2 or the wild bootstrap"
            ),
            format!(
                "多维聚类中“{name}”一维只有{levels}个聚类：任一维少于30个时标准误偏小，自由度由最小的聚类数决定；请与单维聚类的CR2或wild bootstrap比较"
            ),
        ))
    } else if levels < 30 {
        Some(Warning::new(
            "W405",
            format!(
                "{levels} clusters in \"{name}\": with fewer than 30, clustered standard errors tend to be too small; compare the wild bootstrap"
            ),
            format!("“{name}”只有 {levels} 个聚类：少于 30 个时聚类标准误偏小，请与 wild bootstrap 比较"),
        ))
    } else {
        None
    })
}

/// `W412`: Driscoll-Kraay rests on many periods; its size is off when there are few (Hoechle 2007; Vogelsang 2012).
pub(super) fn too_short(vcov: &Vcov, periods: usize, lags: usize) -> Option<Warning> {
    (matches!(vcov, Vcov::DriscollKraay(_)) && periods < 20).then(|| {
        Warning::new(
            "W412",
            format!("{vcov} rests on the number of periods, and there are {periods} (lags {lags}): below 20 it tends to reject too often; cluster by unit, or by the level at which the policy is assigned"),
            format!("{vcov}依赖时期数，此处仅有{periods}期（滞后{lags}期）：少于20期时往往过度拒绝；请按个体或政策分配层级聚类"),
        )
    })
}

/// `N419`: the lags that a rule chose.
pub(super) fn bandwidth(vcov: &Vcov, periods: usize, lags: usize) -> Option<Warning> {
    matches!(vcov, Vcov::NeweyWest(None) | Vcov::DriscollKraay(None)).then(|| {
        Warning::new(
            "N419",
            format!(
                "{vcov} takes {lags} {}, the fourth root of {periods} periods rounded down; {vcov}(L) takes L",
                if lags == 1 { "lag" } else { "lags" }
            ),
            format!("{vcov}取滞后{lags}期，即{periods}期的四次方根取整；可用{vcov}(L)指定"),
        )
    })
}

/// `W422`: coefficients whose Bell-McCaffrey degrees of freedom are less than half of `G - 1`.
pub(super) fn few_degrees(vcov: &Vcov, names: &[String], own: &[f64], groups: usize) -> Option<Warning> {
    let usual = groups as f64 - 1.0;
    let few: Vec<String> = names
        .iter()
        .zip(own)
        .filter(|(name, df)| *name != INTERCEPT && **df < 0.5 * usual)
        .map(|(name, df)| format!("{name} {df:.1}"))
        .collect();
    (!few.is_empty()).then(|| {
        let few = few.join(", ");
        Warning::new(
            "W422",
            format!("{vcov}: tests use these Bell-McCaffrey degrees of freedom, far below the {usual} of the usual rule: {few}; few clusters identify these coefficients, and the usual t({usual}) would reject too often"),
            format!("{vcov}：检验采用Bell–McCaffrey自由度，远低于常用的{usual}：{few}；识别这些系数的聚类很少，常用的t({usual})会过度拒绝"),
        )
    })
}

/// `W411`: a coefficient that is lost with some cluster, about whose own error CR2 and the jackknife then know nothing.
pub(super) fn unidentified(vcov: &Vcov, name: &str, lost: usize, cluster: &Codes) -> Warning {
    let Codes { name: by, levels, .. } = cluster;
    Warning::new(
        "W411",
        format!(
            "{vcov}: without {lost} of {levels} clusters in \"{by}\" {name} is not identified, and of such a cluster's own error nothing is seen, so that the standard error of {name} is too small; use permutation p-values"
        ),
        format!(
            "{vcov}：“{by}”的{levels}个聚类中，剔除{lost}个后{name}无法识别，该聚类自身的误差无从得知，{name}的标准误因此偏小；请使用置换检验p值"
        ),
    )
}
