//! Callaway-Sant'Anna among the registered estimators: by default doubly robust, never-treated controls (units
//! not yet treated where there are none), varying base, no anticipation.

use super::{AttGt, CrossSections, Settings, Unbalanced, att_gt, att_gt_cross_sections};
use crate::estimator::answer::{Headline, Words};
use crate::estimator::options::{BasePeriod, ControlGroup, Options};
use crate::estimator::reassign::{self, Reassigned};
use crate::estimator::staggered::Staggered;
use crate::estimator::{About, Data, Estimate, Estimator, Leads, Spec};
use crate::message::{Result, Warning};
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
                About::no_anticipation(),
                Text::new(
                    "Overlap: every treated unit has comparable controls.",
                    "共同支撑：每个处理个体都有可比的对照个体。",
                ),
            ],
            options: vec![
                ("window", Text::new("first and last event time shown", "展示的首末相对时间")),
                (
                    "control_group",
                    Text::new("never-treated units, or units not treated yet", "从未处理或尚未处理的个体"),
                ),
                ("base_period", Text::new("varying or universal", "基期：逐期变动或统一")),
                ("symmetric", Text::new("leads are long differences as effects are", "处理前系数同为长差分")),
                ("anticipation", Text::new("periods before adoption that may already react", "预期效应的期数")),
                ("balance", Text::new("cohorts seen for this many periods only", "仅保留处理后观测期足够长的批次")),
                ("bootstrap", Text::new("draws of the multiplier bootstrap", "乘数自助法抽样次数")),
                ("cs.method", Text::new("dr, ipw, reg or dr_improved", "协变量的使用方法")),
                ("cs.covariates", Text::new("period of the covariates", "协变量取值的时期")),
                ("cs.panel", Text::new("false for repeated cross-sections", "重复截面数据设为false")),
                ("cs.unbalanced", Text::new("pairs, drop or pooled", "非平衡面板的处理方式")),
            ],
        }
    }

    fn needs_units(&self, options: &Options) -> Option<String> {
        match options.cs {
            own if !own.panel => Some("for repeated cross-sections".to_owned()),
            own if own.unbalanced == Unbalanced::Pooled => Some("for rows pooled as cross-sections".to_owned()),
            _ => None,
        }
    }

    fn leads(&self, options: &Options) -> Leads {
        match options.base_period {
            BasePeriod::Varying if !options.symmetric => Leads::Short,
            _ => Leads::Long,
        }
    }

    fn reassigned<'a>(&'a self, data: Data<'a>, spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        reassign::dated(data, spec, Staggered::leave_out_combined, move |sample| {
            let (found, _) = group_time(&sample, &settings(&sample, spec))?;
            sample.headline(&found.effects, Headline::Group, spec, None)
        })
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut sample = Staggered::new(data, spec)?;
        sample.leave_out_combined();
        let settings = settings(&sample, spec);
        let Settings { controls, base, .. } = settings;
        let by_cell = is_wide(&sample, &settings);
        let (found, noticed) = group_time(&sample, &settings)?;
        sample.warnings.extend(noticed);
        // Rows that effects rest on, unless all do.
        if sample.clusters == (if by_cell { sample.units } else { sample.unit.len() }) && spec.options.influence {
            let mut row_of = vec![0; sample.units];
            for (unit, row) in sample.unit.iter().zip(&sample.design.sample).rev() {
                row_of[*unit as usize] = *row;
            }
            // In repeated cross-sections the order of rows is not kept, and there is no influence to hand on.
            sample.influence_rows = found.members.iter().map(|&unit| row_of[unit as usize]).collect();
        }
        if found.used.iter().filter(|used| **used).count() < sample.unit.len() {
            let cell = |row: usize| sample.unit[row] as usize * sample.times.len() + sample.time[row] as usize;
            let is_used = |row: &u32| found.used[if by_cell { cell(*row as usize) } else { *row as usize }];
            let rows: Vec<u32> = (0..sample.unit.len() as u32).filter(is_used).collect();
            sample.keep(&rows);
        }
        sample.warnings.extend(found.warnings);
        let mut answer = sample.estimate_group_time(
            self.name(),
            words(self, controls, base),
            &found.effects,
            Headline::Group,
            spec,
            None,
        )?;
        answer.overlap = found.overlap;
        Ok(answer)
    }
}

/// What `spec` asks for; units not treated yet are the controls where none are never treated.
fn settings(sample: &Staggered, spec: &Spec) -> Settings {
    let Options { control_group, symmetric, base_period, anticipation, cs, .. } = &spec.options;
    let never = sample.first.iter().any(Option::is_none);
    Settings {
        controls: control_group.unwrap_or(if never { ControlGroup::Never } else { ControlGroup::NotYet }),
        base: if *symmetric { BasePeriod::Universal } else { *base_period },
        anticipation: *anticipation,
        options: *cs,
    }
}

/// True when changes of units are compared, false when rows are repeated cross-sections.
fn is_wide(sample: &Staggered, settings: &Settings) -> bool {
    settings.options.panel && (sample.is_complete() || settings.options.unbalanced != Unbalanced::Pooled)
}

/// Effects by cohort and period, and what was noticed of the weights.
fn group_time(sample: &Staggered, settings: &Settings) -> Result<(AttGt, Option<Warning>)> {
    if is_wide(sample, settings) {
        let (wide, noticed) = sample.wide();
        Ok((att_gt(&wide, settings)?, noticed))
    } else {
        Ok((att_gt_cross_sections(&cross_sections(sample, settings.options.panel), settings)?, None))
    }
}

/// Rows as repeated cross-sections. On a panel (`by_unit`) a unit is a cluster and counts once in the size of
/// its cohort, with the mean of its weights.
fn cross_sections(sample: &Staggered, by_unit: bool) -> CrossSections {
    let share = if by_unit {
        let (mut rows, mut sums) = (vec![0.0; sample.units], vec![0.0; sample.units]);
        for (&unit, weight) in sample.unit.iter().zip(sample.weight.iter()) {
            rows[unit as usize] += 1.0;
            sums[unit as usize] += weight;
        }
        sample.unit.iter().map(|&unit| sums[unit as usize] / (rows[unit as usize] * rows[unit as usize])).collect()
    } else {
        sample.weight.to_vec()
    };
    CrossSections {
        times: sample.times.clone(),
        step: sample.step,
        time: sample.time.to_vec(),
        y: sample.design.outcome.1.to_vec(),
        x: sample.design.regressors.iter().map(|(_, values)| values.to_vec()).collect(),
        cohort: sample.unit.iter().map(|&unit| sample.first[unit as usize]).collect(),
        weight: sample.weight.to_vec(),
        share,
        cluster: (sample.clusters < sample.unit.len()).then(|| (sample.cluster.to_vec(), sample.clusters)),
    }
}

fn words(estimator: &CallawaySantAnna, controls: ControlGroup, base: BasePeriod) -> Words {
    Words {
        label: estimator.about().title,
        control_group: match controls {
            ControlGroup::Never => Text::new("never-treated units", "从未处理的个体"),
            ControlGroup::NotYet => Text::new("units not treated yet", "尚未处理的个体"),
        },
        base: match base {
            BasePeriod::Varying => Text::new(
                "effects are long differences from the last period before adoption; leads are short differences from the period before",
                "处理后效应为相对处理前最后一期的长差分；处理前系数为相对上一期的短差分",
            ),
            BasePeriod::Universal => Text::new(
                "effects and leads are long differences from the last period before adoption",
                "处理后效应与处理前系数均为相对处理前最后一期的长差分",
            ),
        },
    }
}
