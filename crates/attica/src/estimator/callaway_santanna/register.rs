//! Callaway-Sant'Anna among the registered estimators: doubly robust, never-treated controls (units not
//! yet treated where there are none), varying base, no anticipation.

use std::sync::Arc;

use super::{AttGt, GroupTime, Options, att_gt};
use crate::estimator::group_time::Cell;
use crate::estimator::options::ControlGroup;
use crate::estimator::staggered::{Headline, Staggered, Words};
use crate::estimator::{About, Data, Estimate, Estimator, Spec};
use crate::message::Result;
use crate::text::Text;

/// Group-time effects; the headline is the mean over treated units of their cohort's mean effect.
pub struct CallawaySantAnna;

impl Estimator for CallawaySantAnna {
    fn name(&self) -> &'static str {
        "cs"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("Callaway–Sant'Anna", "Callaway–Sant'Anna估计量"),
            reference: "Callaway and Sant'Anna (2021), Journal of Econometrics 225(2)",
            assumptions: vec![
                Text::new(
                    "Parallel trends between each cohort and the controls, given covariates in the base period.",
                    "在给定基期协变量下，各处理批次与对照组平行趋势成立。",
                ),
                Text::new("No anticipation: nothing changes before adoption.", "无预期效应：政策实施前结果不变。"),
                Text::new(
                    "Overlap: every treated unit has comparable controls.",
                    "共同支撑：每个处理个体都有可比的对照个体。",
                ),
            ],
            options: vec![("window", Text::new("first and last event time shown", "展示的首末相对时间"))],
        }
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let wide = sample.wide();
        let never = wide.cohort.iter().any(Option::is_none);
        let wanted =
            spec.options.control_group.unwrap_or(if never { ControlGroup::Never } else { ControlGroup::NotYet });
        let options = Options {
            controls: wanted,
            base: spec.options.base_period,
            anticipation: spec.options.anticipation,
            ..Options::default()
        };
        let effects = att_gt(&wide, &options)?;
        sample.warnings.extend(effects.warnings.iter().cloned());
        let cells = cells(&effects, wide.step);
        let words = Words {
            label: self.about().title,
            control_group: if never {
                Text::new("never-treated units", "从未处理的个体")
            } else {
                Text::new("units not treated yet", "尚未处理的个体")
            },
            base: Text::new(
                "effects are long differences from the last period before adoption; leads are short differences from the period before",
                "处理后效应为相对处理前最后一期的长差分；处理前系数为相对上一期的短差分",
            ),
        };
        sample.estimate_cells(self.name(), words, &cells, Headline::Group, spec, None)
    }
}

/// The shared form of group-time effects: cohorts weigh by their estimated share.
fn cells(effects: &AttGt, step: f64) -> Vec<Cell> {
    let n = effects.cohort.len() as f64;
    let mut shares: Vec<(f64, f64, Arc<[f64]>)> = Vec::new();
    for group in effects.effects.iter().map(|cell| cell.group) {
        if shares.iter().any(|(known, ..)| *known == group) {
            continue;
        }
        let own = || effects.cohort.iter().zip(&effects.weight).map(|(g, w)| if *g == Some(group) { *w } else { 0.0 });
        let share = own().sum::<f64>() / n;
        let influence: Vec<f64> = own().map(|w| w - share).collect();
        shares.push((group, share, effects.scores(&influence).into()));
    }
    let cell = |cell: &GroupTime| {
        let (_, weight, influence) = shares.iter().find(|(group, ..)| *group == cell.group)?;
        Some(Cell {
            group: cell.group,
            time: cell.time,
            event_time: ((cell.time - cell.group) / step).round() as i64,
            base: Some(cell.base),
            estimate: cell.att,
            influence: if cell.is_reference { Vec::new() } else { effects.scores(&cell.influence) },
            is_reference: cell.is_reference,
            weight: *weight,
            weight_influence: Some(influence.clone()),
            n_treated: cell.n_treated,
            n_control: Some(cell.n_control),
        })
    };
    effects.effects.iter().filter_map(cell).collect()
}
