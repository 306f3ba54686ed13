//! What adoption dates allow to be estimated.

use super::adoption::listed;
use super::{Adoption, Panel};
use crate::frame::MISSING;
use crate::message::{Problem, Result, Warning};

impl Panel {
    /// What clustering by `cluster` (a code per row), named `name`, means for `treatment`, a value per row: `W213` when
    /// all treated rows are one cluster, `W214` when treatment differs within a cluster in one period.
    pub fn assignment(&self, treatment: &[f64], name: &str, cluster: &[u32]) -> Vec<Warning> {
        let periods = self.times.len();
        let clusters = cluster.iter().filter(|&&c| c != MISSING).max().map_or(0, |&c| c as usize + 1);
        let (mut treated, mut mixed) = (vec![false; clusters], vec![false; clusters]);
        let mut seen = vec![f64::NAN; clusters * periods];
        for (row, &d) in treatment.iter().enumerate().filter(|(row, d)| cluster[*row] != MISSING && !d.is_nan()) {
            let c = cluster[row] as usize;
            let first = &mut seen[c * periods + self.time[row] as usize];
            if first.is_nan() {
                *first = d;
            }
            treated[c] |= d > 0.0;
            mixed[c] |= d != *first;
        }
        let count = |marked: &[bool]| marked.iter().filter(|marked| **marked).count();
        let mut warnings = Vec::new();
        if count(&treated) == 1 {
            warnings.push(crate::fit::concentration::one_treated(name));
        }
        let mixed = count(&mixed);
        if mixed > 0 {
            warnings.push(Warning::new(
                "W214",
                format!("the policy differs within {mixed} clusters of \"{name}\" in one period: it is assigned at a finer level"),
                format!("同一时期政策在 {name} 的 {mixed} 个聚类内部不一致：政策分配层级更细"),
            ));
        }
        warnings
    }

    /// `E206` when every unit is treated in all periods or in none, so that unit effects absorb the treatment.
    pub(super) fn refuse_constant(&self, name: &str, adoption: &[Adoption], fix: String) -> Result<()> {
        let count =
            |which: Adoption| self.count((0..adoption.len() as u32).filter(|&unit| adoption[unit as usize] == which));
        let (always, never) = (count(Adoption::Always), count(Adoption::Never));
        if always == 0 || never == 0 || always + never < self.count(0..adoption.len() as u32) {
            return Ok(());
        }
        let unit = &self.unit_name;
        Err(Problem::new(
            "E206",
            format!(
                "treatment by \"{name}\" does not vary within {unit}, so {unit} fixed effects absorb it: {always} units are always 1, {never} always 0"
            ),
        )
        .fix(fix))
    }

    /// What the adoption dates allow: `E205` stops, `W202`-`W210` are said.
    pub(super) fn examine(&self, name: &str, adoption: &[Adoption]) -> Result<Vec<Warning>> {
        let units_that = |wanted: &dyn Fn(&Adoption) -> bool| -> Vec<u32> {
            (0..adoption.len() as u32).filter(|&u| wanted(&adoption[u as usize])).collect()
        };
        let never = units_that(&|a| *a == Adoption::Never);
        let always = units_that(&|a| *a == Adoption::Always);
        let switches = units_that(&|a| *a == Adoption::Switches);
        let cohorts = self.cohorts(adoption);
        let count = |units: &[u32]| self.count(units.iter().copied());
        let units = self.count(0..adoption.len() as u32);
        let nothing = |why: String, fix: &str| Err(Problem::new("E205", why).fix(fix));
        if count(&never) == units {
            return nothing(
                format!("nobody is treated: \"{name}\" treats none of {units} units"),
                "check the treatment column, its join and the filters",
            );
        }
        if count(&always) == units {
            return nothing(
                format!("everybody is treated in every period by \"{name}\""),
                "a policy can only be evaluated beside rows that are not treated",
            );
        }
        if let [(date, own)] = cohorts[..]
            && own == units
        {
            return nothing(
                format!("all {units} units adopt in {date}, so \"{name}\" cannot be told from that period"),
                "add units that adopt later or never",
            );
        }
        let mut warnings = Vec::new();
        let mut warn = |id: &str, en: String, zh: String| warnings.push(Warning::new(id, en, zh));
        if !switches.is_empty() {
            let (count, shown) = (count(&switches), self.examples(&switches));
            warn(
                "W202",
                format!(
                    "the treatment of {count} units ends ({shown}); the two-way regression takes \"{name}\" as it is, estimators of staggered adoption need a policy that stays: use estimator \"dcdh\", leave these units out, or code \"ever treated\""
                ),
                format!(
                    "{count} 个个体的处理中途退出（{shown}）；双向固定效应按 {name} 原值估计，交错型估计量要求处理不可逆：可改用估计量“dcdh”、剔除这些个体，或改用“曾经处理”"
                ),
            );
        }
        if !always.is_empty() {
            let (count, shown) = (count(&always), self.examples(&always));
            warn(
                "W203",
                format!(
                    "{count} units are treated in every period ({shown}); they have no before: the two-way regression keeps them as controls, Callaway-Sant'Anna drops them"
                ),
                format!(
                    "{count} 个个体在所有时期均受处理（{shown}），没有处理前观测：双向固定效应将其作为对照，Callaway-Sant'Anna 将其剔除"
                ),
            );
        }
        if never.is_empty() {
            warn(
                "W204",
                "no unit is never treated: only later adopters can be controls, and periods from the last adoption on identify nothing".to_owned(),
                "没有从未处理的个体：仅能以较晚处理者作对照，最后一批处理之后的时期无法识别效应".to_owned(),
            );
        }
        let alone: Vec<f64> = cohorts.iter().filter(|(_, count)| *count == 1).map(|(g, _)| *g).collect();
        if !alone.is_empty() {
            let shown = listed(&alone);
            warn(
                "W207",
                format!("cohorts with a single unit: {shown}; their own effects have no standard error"),
                format!("仅含一个个体的批次：{shown}；其自身效应没有标准误"),
            );
        }
        if let &[one] = &never[..] {
            let shown = self.examples(&[one]);
            warn(
                "W207",
                format!(
                    "one unit is never treated ({shown}): standard errors of effects that are compared with it alone leave its own noise out"
                ),
                format!("仅有一个从未处理的个体（{shown}）：只与其比较的效应，其标准误不含该个体自身的扰动"),
            );
        }
        let share = 100.0 * (units - count(&never)) as f64 / units as f64;
        if !(2.0..=98.0).contains(&share) {
            warn(
                "W208",
                format!("{share:.1}% of the units are ever treated; with so few on one side inference is fragile"),
                format!("处理组个体占 {share:.1}%；一侧个体过少，推断不稳健"),
            );
        }
        if let Some((date, _)) = cohorts.first() {
            let before = self.times.partition_point(|t| t < date);
            if before <= 1 {
                warn(
                    "W210",
                    format!(
                        "the first cohort ({date}) has {before} period before adoption, so its parallel trends cannot be tested"
                    ),
                    format!("首个批次（{date}）在处理前仅有 {before} 期，无法检验其平行趋势"),
                );
            }
        }
        Ok(warnings)
    }
}
