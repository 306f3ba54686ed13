//! How comparable controls are: propensity scores by cohort, and the cells that have no effect.

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::{CellEffect, CellFailure, Missing};
use crate::message::Warning;

/// Propensity scores of one cohort and its controls, over all its periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Cohort: first treated period.
    pub group: f64,
    /// Smallest and largest score among the treated; none when no cell has scores.
    pub treated: Option<[f64; 2]>,
    /// Smallest and largest score among controls.
    pub controls: Option<[f64; 2]>,
    /// Share of controls that get no weight because their score is .995 or more, over all cells.
    pub trimmed: f64,
    /// Periods without an effect because covariates separate treated from controls.
    pub without: Vec<f64>,
}

impl Missing {
    fn warning(self, group: f64, times: &[f64]) -> Warning {
        let (en, zh) = match self {
            Self::NoControls => {
                ("there are no control units with an outcome in both periods", "没有在两期均有结果变量的对照个体")
            }
            Self::NoTreated => ("no treated unit has an outcome in both periods", "没有在两期均有结果变量的处理个体"),
            Self::Failed(CellFailure::Collinear) => {
                ("covariates are collinear among its controls", "协变量在对照组中共线")
            }
            Self::Failed(CellFailure::NoOverlap) => (
                "covariates separate treated from controls (no overlap)",
                "协变量完全区分了处理组与对照组（无共同支撑）",
            ),
        };
        let at = times.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Warning::new(
            "W805",
            format!("cohort {group} has no effect in {at}: {en}; aggregates leave it out"),
            format!("{group}组在{at}期无法估计：{zh}；汇总时不含这些组期"),
        )
    }
}

/// Scores by cohort, and a warning for each cohort that lost controls or cells.
pub(super) fn describe(
    plan: &Plan,
    effects: &[Result<CellEffect, Missing>],
    times: &[f64],
) -> (Vec<Overlap>, Vec<Warning>) {
    let (mut found, mut warnings) = (Vec::new(), Vec::new());
    for class in 0..plan.classes.len() {
        let Some(group) = plan.classes[class].cohort else { continue };
        let own = || plan.cells.iter().zip(effects).filter(|(cell, _)| cell.class == class);
        let scores = || own().filter_map(|(_, effect)| effect.as_ref().ok()?.scores);
        let mut missing: Vec<(Missing, Vec<f64>)> = Vec::new();
        for (cell, effect) in own() {
            if let Err(why) = effect {
                match missing.iter_mut().find(|(known, _)| known == why) {
                    Some((_, periods)) => periods.push(times[cell.time]),
                    None => missing.push((*why, vec![times[cell.time]])),
                }
            }
        }
        let trimmed: usize = scores().map(|range| range.trimmed).sum();
        if trimmed > 0 {
            let most = scores().map(|range| range.trimmed).max().unwrap_or(0);
            let cells = scores().filter(|range| range.trimmed > 0).count();
            warnings.push(Warning::new(
                "W804",
                format!("cohort {group}: controls with a propensity score of .995 or more get no weight, up to {most} of them in {cells} periods"),
                format!("{group}组：倾向得分不低于0.995的对照个体权重置零，涉及{cells}期，每期最多{most}个"),
            ));
        }
        warnings.extend(missing.iter().map(|(why, periods)| why.warning(group, periods)));
        let separated =
            |(why, periods): (Missing, Vec<f64>)| (why == Missing::Failed(CellFailure::NoOverlap)).then_some(periods);
        let without: Vec<f64> = missing.into_iter().find_map(separated).unwrap_or_default();
        let widest = |of: fn(&super::nuisance::Range) -> [f64; 2]| {
            scores().map(|range| of(&range)).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
        };
        let (treated, controls) = (widest(|range| range.treated), widest(|range| range.controls));
        if treated.is_none() && without.is_empty() {
            continue;
        }
        let compared: usize = scores().map(|range| range.n_control).sum();
        let trimmed = trimmed as f64 / compared.max(1) as f64;
        found.push(Overlap { group, treated, controls, trimmed, without });
    }
    (found, warnings)
}
