//! What a reader should know of a regression before trusting its standard errors.

use super::{Fit, INTERCEPT};
use crate::absorb::is_nested;
use crate::design::{Codes, Design};
use crate::math::cross::{weighted_dot, weighted_mean};
use crate::message::{Problem, Result, Warning};
use crate::vcov::Vcov;

/// A variance inflation factor from which a coefficient is hardly told apart from others: its standard
/// error is ten times what it would be without them.
const INFLATED: f64 = 100.0;

/// `W307`: regressors that others nearly reproduce once the effects are out, with their variance
/// inflation factor `(X'WX)^-1_jj sum w (x_j - xbar_j)^2`.
pub(super) fn near_collinear(fit: &Fit) -> Vec<Warning> {
    let weights = fit.weights.as_ref().map(|w| &w.values[..]);
    let inflated: Vec<String> = (0..fit.names.len())
        .filter(|&j| fit.names[j] != INTERCEPT)
        .filter_map(|j| {
            let x = &fit.columns[j];
            let mean = weighted_mean(x, weights);
            let total = weights.map_or(x.len() as f64, |w| w.iter().sum());
            let spread = weighted_dot(x, x, weights) - total * mean * mean;
            let factor = fit.bread[(j, j)] * spread;
            (factor > INFLATED).then(|| format!("{} ({factor:.0})", fit.names[j]))
        })
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
    let units = moves.iter().filter(|m| **m).count();
    Some(Warning::new(
        "W407",
        format!(
            "{units} units of \"{}\" lie in more than one cluster of \"{name}\": errors of one unit count as independent across clusters; cluster by both, or by the unit",
            unit.name
        ),
        format!(
            "“{}”的{units}个个体分属“{name}”的多个聚类：同一个体的误差在不同聚类间被视为独立；请双向聚类或按个体聚类",
            unit.name
        ),
    ))
}

/// What the number of clusters means for inference: `W405` few, `W408` as many as rows.
///
/// # Errors
/// `E404` when there is one.
pub(crate) fn clusters(Codes { name, levels, codes }: &Codes) -> Result<Option<Warning>> {
    if *levels < 2 {
        let message = format!(
            "\"{name}\" has one cluster in the sample of {} rows: no variance between clusters can be estimated",
            codes.len()
        );
        return Err(
            Problem::new("E404", message).fix("cluster by a variable with more levels, or use randomization inference")
        );
    }
    Ok(if *levels == codes.len() {
        Some(Warning::new(
            "W408",
            format!(
                "every row is a cluster of its own in \"{name}\": the errors are heteroskedastic ones, not clustered"
            ),
            format!("“{name}”的每个聚类只有一行：等同于异方差稳健标准误"),
        ))
    } else if *levels < 30 {
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
