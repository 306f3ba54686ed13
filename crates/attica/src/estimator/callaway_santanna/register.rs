//! Callaway-Sant'Anna among the registered estimators: doubly robust, never-treated controls (units not
//! yet treated where there are none), varying base, no anticipation.

use super::aggregate::Average;
use super::{Aggregation, Controls, Options, aggregate, att_gt};
use crate::estimator::event::Effect;
use crate::estimator::staggered::{Staggered, Words, normal_term};
use crate::estimator::{About, Data, Estimate, Estimator, Spec};
use crate::message::{Problem, Result};
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
        let options =
            Options { controls: if never { Controls::Never } else { Controls::NotYet }, ..Options::default() };
        let effects = att_gt(&wide, &options)?;
        sample.warnings.extend(effects.warnings.iter().cloned());
        let overall = aggregate(&effects, Aggregation::Group, wide.step).overall.ok_or_else(|| {
            Problem::new("E205", "no cohort has an effect after adoption that can be estimated")
                .fix("see the warnings for why each cohort was left out, or widen the window")
        })?;
        let [min_e, max_e] = spec.window.bounds.map_or([None, None], |[low, high]| [Some(low), Some(high)]);
        let dynamic = aggregate(&effects, Aggregation::Dynamic { min_e, max_e, balance_e: None }, wide.step);
        let scores: Vec<Vec<f64>> = dynamic.rows.iter().map(|row| effects.scores(row)).collect();
        let covariance = scores.iter().map(|a| scores.iter().map(|b| dot(a, b)).collect()).collect();
        let event = |row: &Average| {
            let event_time = row.at.unwrap_or(0.0) as i64;
            Effect { event_time, binned: false, estimate: row.att, n: sample.rows_at(event_time) }
        };
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
        let study = sample.study(self.name(), &words, dynamic.rows.iter().map(event).collect(), covariance, spec);
        let own = effects.scores(&overall);
        let term = normal_term(&spec.treatment, overall.att, dot(&own, &own).sqrt(), spec.fit.level);
        Ok(sample.estimate(self.name(), words, term, Some(study)))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
