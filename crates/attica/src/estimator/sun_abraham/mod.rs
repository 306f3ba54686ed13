//! Sun and Abraham (2021, Journal of Econometrics 225): cohort-specific event-time effects from one
//! saturated two-way regression, averaged by cohort shares. Reference implementations: R fixest `sunab`; Stata
//! eventstudyinteract for the variance with estimated shares.

mod covariance;
mod sample;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Headline, Words};
use super::group_time::{Cell, GroupTime};
use super::reassign::{self, Reassigned};
use super::staggered::Staggered;
use super::within::ByUnit;
use super::{About, Data, Estimate, Estimator, Spec};
use crate::message::{Problem, Result, Warning};
use crate::text::Text;
use covariance::{Influences, influences};
use sample::{Saturated, saturate};

/// Interaction-weighted effects.
pub struct SunAbraham;

/// Options of Sun-Abraham (`sa`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Cohort shares in averages: `fixed`, known numbers as in fixest; `estimated`, with their sampling variance as
    /// in eventstudyinteract.
    pub shares: Shares,
}

/// What cohort shares count as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shares {
    /// Known numbers.
    #[default]
    Fixed,
    /// Estimates, whose variance is added.
    Estimated,
}

impl Estimator for SunAbraham {
    fn name(&self) -> &'static str {
        "sa"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("Sun–Abraham", "Sun–Abraham估计量"),
            reference: "Sun and Abraham (2021), Journal of Econometrics 225(2)",
            assumptions: vec![
                Text::new(
                    "Parallel trends between each cohort and the never-treated (or the last cohort, where all are treated).",
                    "各处理批次与从未处理组（若全部最终受处理，则与最后一批）平行趋势成立。",
                ),
                About::no_anticipation(),
            ],
            options: vec![
                super::options::balance(),
                super::options::bootstrap(),
                ("window", Text::new("first and last event time shown", "展示的首末相对时间")),
                ("shares", Text::new("cohort shares known or estimated", "批次权重视为已知或估计量")),
                (
                    "anticipation",
                    Text::new(
                        "periods before adoption in which units may already react: the reference lies before them",
                        "政策实施前个体可能已作出反应的期数：基准期在其之前",
                    ),
                ),
            ],
        }
    }

    fn needs_units(&self, _options: &super::options::Options) -> Option<String> {
        None
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        reassign::dated(
            data,
            spec,
            |_| (),
            move |mut sample| {
                let (_, cells, df) = effects(&mut sample, spec)?;
                sample.headline(&GroupTime::of_cells(&cells), Headline::Simple, spec, df)
            },
        )
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        let (saturated, cells, df) = effects(&mut sample, spec)?;
        let reference = -1 - sample.anticipation;
        let words = Words {
            label: self.about().title,
            control_group: if saturated.all_treated {
                Text::new("the last cohort, before it is treated", "最后一批处理个体（处理前）")
            } else {
                Text::new("never-treated units", "从未处理的个体")
            },
            base: Text::new(
                format!("long differences: every effect is compared with event time {reference}"),
                format!("长差分：各期效应均以相对时间 {reference} 为基准"),
            ),
        };
        sample.estimate_cells(self.name(), words, &cells, Headline::Simple, spec, df)
    }
}

/// The regression, the effects of its cells and their degrees of freedom.
fn effects(sample: &mut Staggered, spec: &Spec) -> Result<(Saturated, Vec<Cell>, Option<f64>)> {
    let saturated = saturate(sample, spec);
    let Influences { kept, df, warnings } = influences(sample, &saturated, spec)?;
    sample.warnings.extend(warnings);
    let cells = cells(sample, &saturated, kept, spec.options.sa.shares);
    if !cells.iter().any(|cell| cell.event_time >= 0) {
        return Err(Problem::new(
            "E206",
            "no cohort has an effect after adoption that unit and period effects leave identified",
        )
        .fix("check that some units are treated later than others, or never"));
    }
    Ok((saturated, cells, df))
}

/// Estimated cells and those that are zero by construction. Estimated shares get influences of their own, unit
/// by unit: eventstudyinteract adds their variance to that of the regression.
fn cells(sample: &Staggered, saturated: &Saturated, kept: Vec<(usize, f64, Vec<f64>)>, shares: Shares) -> Vec<Cell> {
    let Saturated { cohorts, cells, level, .. } = saturated;
    let by_cell = ByUnit::new(level, cells.len() + 1);
    let length = kept.first().map_or(0, |(.., influence)| influence.len());
    let units = if shares == Shares::Estimated { sample.units } else { 0 };
    let copies = sample.design.copies().is_some();
    let cell = |at: usize, estimate: f64, mut influence: Vec<f64>, is_reference: bool| {
        let members = by_cell.of(at);
        let weight = members.clone().map(|row| sample.weight[row]).sum();
        let weight_influence = (units > 0).then(|| {
            let mut own = vec![0.0; length + units];
            let root = |row: usize| if copies { sample.weight[row].sqrt() } else { sample.weight[row] };
            members.clone().for_each(|row| own[length + sample.unit[row] as usize] += root(row));
            Arc::from(own)
        });
        if !influence.is_empty() {
            influence.resize(length + units, 0.0);
        }
        let id = cells[at].id;
        Cell {
            group: cohorts.date(id),
            time: cohorts.period(id),
            event_time: cohorts.event_time(id),
            base: Some(cells[at].base),
            estimate,
            influence,
            is_reference,
            weight,
            weight_influence,
            n_treated: sample.design.count(members),
            n_control: None,
        }
    };
    let mut found: Vec<Cell> =
        kept.into_iter().map(|(at, estimate, influence)| cell(at, estimate, influence, false)).collect();
    found.extend((0..cells.len()).filter(|&at| cells[at].is_reference).map(|at| cell(at, 0.0, Vec::new(), true)));
    found.sort_by(|a, b| a.group.total_cmp(&b.group).then(a.event_time.cmp(&b.event_time)));
    found
}

/// `W805` for cells without a coefficient, `W306` for covariates without.
fn left_out(saturated: &Saturated, cells: &[usize], covariates: &[&str]) -> Vec<Warning> {
    let place = |&at: &usize| {
        let id = saturated.cells[at].id;
        format!("{} in {}", saturated.cohorts.date(id), saturated.cohorts.period(id))
    };
    let mut warnings = Vec::new();
    if !cells.is_empty() {
        let shown: Vec<String> = cells.iter().take(5).map(place).collect();
        let more = if cells.len() > 5 { ", .." } else { "" };
        let (count, shown) = (cells.len(), shown.join(", "));
        warnings.push(Warning::new(
            "W805",
            format!("{count} cohort-by-period effects ({shown}{more}) are not identified: unit and period effects absorb them; averages leave them out"),
            format!("{count}个批次—时期效应（{shown}{more}）被个体与时期固定效应吸收而无法识别，汇总时不计入"),
        ));
    }
    warnings.extend(covariates.iter().map(|name| {
        Warning::new(
            "W306",
            format!("\"{name}\" is left out: unit and period effects and the cohort-by-period effects absorb it"),
            format!("“{name}”被剔除：被个体、时期固定效应及批次—时期效应吸收"),
        )
    }));
    warnings
}
