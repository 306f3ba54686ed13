//! Wooldridge's extended two-way fixed effects: one regression with an effect for every cohort in every
//! treated period, covariates interacted with all of them, and averages over treated rows (Wooldridge 2025,
//! Empirical Economics 69; for Poisson and logit Wooldridge 2023, Econometrics Journal 26). Reference
//! implementations: R etwfe, Stata jwdid.

mod margin;
mod model;
mod sample;
mod solve;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Headline, Words};
use super::group_time::{Cell, GroupTime};
use super::options::ControlGroup;
use super::reassign::{self, Reassigned};
use super::staggered::Staggered;
use super::{About, Data, Estimate, Estimator, Leads, Spec};
use crate::fit::{Family, FitRecord};
use crate::message::{Problem, Result};
use crate::text::Text;
use margin::Margins;
use model::Intercepts;

/// Level of the effects beside those of periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effects {
    /// One per unit (Stata jwdid).
    Unit,
    /// One per cohort (R etwfe).
    Cohort,
}

/// Which variation a standard error covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vce {
    /// That of the coefficients; treated rows and their covariates are taken as given.
    #[default]
    Conditional,
    /// Also that of cohort sizes and covariates, as of a sample.
    Unconditional,
}

/// In what effects are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Units of the outcome.
    #[default]
    Outcome,
    /// The linear predictor: about a proportional change for `poisson`, log odds for `logit`.
    Link,
}

/// Options of extended two-way fixed effects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Model of the outcome: `linear`, `poisson` or `logit`.
    pub family: Family,
    /// Effects beside those of periods: `unit` (the default, linear only) or `cohort`.
    pub effects: Option<Effects>,
    /// Standard errors of averages: `conditional` on the treated rows, or `unconditional`.
    pub vce: Vce,
    /// Effects in units of the `outcome`, or on the scale of the `link` (poisson and logit).
    pub scale: Scale,
}

/// Saturated cohort-by-period effects; the headline is their mean over treated rows.
pub struct Etwfe;

impl Estimator for Etwfe {
    fn name(&self) -> &'static str {
        "etwfe"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("Wooldridge extended two-way fixed effects", "Wooldridge扩展双向固定效应"),
            reference: "Wooldridge (2025), Empirical Economics 69; Wooldridge (2023), Econometrics Journal 26(3)",
            assumptions: vec![
                Text::new(
                    "Parallel trends between cohorts in all periods before adoption and after, given covariates, on the scale of the linear predictor.",
                    "在给定协变量下，各处理批次在实施前后各期于线性预测尺度上平行趋势成立。",
                ),
                About::no_anticipation(),
                Text::new(
                    "Covariates that the policy does not move; their effects may differ by cohort and by period.",
                    "协变量不受政策影响；其作用可因批次与时期而异。",
                ),
            ],
            options: vec![
                super::options::balance(),
                super::options::bootstrap(),
                ("window", Text::new("first and last event time shown", "展示的首末相对时间")),
                ("control_group", Text::new("notyet (default) or never", "notyet（默认）或 never")),
                ("anticipation", Text::new("periods before adoption that may already react", "可能提前反应的期数")),
                ("family", Text::new("linear, poisson or logit", "线性、泊松或logit")),
                ("effects", Text::new("of units or of cohorts", "个体效应或批次效应")),
                ("vce", Text::new("conditional or unconditional standard errors", "条件或无条件标准误")),
                ("scale", Text::new("of the outcome or of the link", "结果尺度或连接函数尺度")),
            ],
        }
    }

    fn check(&self, data: Data<'_>, spec: &Spec) -> Vec<Problem> {
        let mut problems = super::dated_problems(data, spec);
        let Options { family, effects, .. } = spec.options.etwfe;
        if family != Family::Linear && effects == Some(Effects::Unit) {
            problems.push(
                Problem::new("E607", "poisson and logit take effects of cohorts, not of units: with few periods, unit effects in nonlinear models bias the others")
                    .fix("set effects = cohort, or leave it out"),
            );
        }
        problems
    }

    fn leads(&self, options: &super::options::Options) -> Leads {
        // With controls not treated yet the only leads are those of anticipation, from all periods before.
        if options.control_group == Some(ControlGroup::Never) { Leads::Long } else { Leads::Mean }
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        reassign::dated(
            data,
            spec,
            |_| (),
            move |mut sample| {
                let (cells, _) = effects(&mut sample, spec, &data.panel.time_name)?;
                sample.headline(&GroupTime::of_cells(&cells), Headline::Simple, spec, None)
            },
        )
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let (cells, record) = effects(&mut sample, spec, &data.panel.time_name)?;
        let words = words(spec.options.etwfe.family, never_only(spec));
        let mut answer = sample.estimate_cells(self.name(), words, &cells, Headline::Simple, spec, None)?;
        answer.fit = record;
        Ok(answer)
    }
}

fn never_only(spec: &Spec) -> bool {
    spec.options.control_group == Some(ControlGroup::Never)
}

/// Effects by cohort and period, and the regression behind them where there is one.
fn effects(sample: &mut Staggered, spec: &Spec, time_name: &str) -> Result<(Vec<Cell>, Option<FitRecord>)> {
    let Options { family, effects, vce, scale } = spec.options.etwfe;
    let never = never_only(spec);
    let intercepts = match (family, effects) {
        (Family::Linear, None | Some(Effects::Unit)) => Intercepts::Unit,
        (Family::Linear, Some(Effects::Cohort)) => Intercepts::Cohort,
        _ => Intercepts::Dummies,
    };
    sample::restrict(sample, never, intercepts == Intercepts::Unit, spec.fit.keep_singletons)?;
    let model = model::model(sample, never, intercepts, time_name);
    let solution = solve::solve(sample, &model, intercepts, family, spec)?;
    let margins = Margins { sample, model: &model, solution: &solution, family, scale, vce };
    let (cells, lost) = margins.cells();
    for warning in model.warnings.iter().chain(&solution.warnings).chain(&lost) {
        if !sample.design.warnings.contains(warning) && !sample.warnings.contains(warning) {
            sample.warnings.push(warning.clone());
        }
    }
    Ok((cells, solution.record))
}

fn words(family: Family, never: bool) -> Words {
    let label = match family {
        Family::Linear => Text::new("Wooldridge ETWFE", "Wooldridge ETWFE"),
        Family::Poisson => Text::new("Wooldridge ETWFE (Poisson)", "Wooldridge ETWFE（泊松）"),
        Family::Logit => Text::new("Wooldridge ETWFE (logit)", "Wooldridge ETWFE（logit）"),
    };
    if never {
        return Words {
            label,
            control_group: Text::new("never-treated units", "从未处理的个体"),
            base: Text::new(
                "long differences: effects and leads of a cohort are compared with its last period before adoption",
                "长差分：各批次的效应与处理前系数均以其处理前最后一期为基准",
            ),
        };
    }
    Words {
        label,
        control_group: Text::new(
            "all untreated rows: never treated and not treated yet",
            "全部未处理观测：从未处理与尚未处理",
        ),
        base: Text::new(
            "effects are differences from all periods before adoption together; there are no leads",
            "各期效应相对处理前所有时期；不估计处理前系数",
        ),
    }
}
