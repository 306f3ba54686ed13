//! What adoption dates allow to be estimated.

use super::adoption::listed;
use super::{Adoption, Panel};
use crate::message::{Problem, Result, Warning};

impl Panel {
    /// What clustering by `cluster` (a code per row), named `name`, means for this treatment: `W213` when
    /// all treated units are one cluster, `W214` when a cluster holds treated and untreated rows at once.
    pub fn assignment(&self, adoption: &[Adoption], name: &str, cluster: &[u32]) -> Vec<Warning> {
        let treated = self.treated(adoption);
        let periods = self.times.len();
        let clusters = cluster.iter().filter(|&&c| c != crate::frame::MISSING).max().map_or(0, |&c| c as usize + 1);
        // Bit 1: an untreated row, bit 2: a treated one.
        let mut seen = vec![0u8; clusters * periods];
        for (row, &d) in treated.iter().enumerate() {
            if let Some(cell) = (cluster[row] as usize).checked_mul(periods).map(|at| at + self.time[row] as usize)
                && let Some(cell) = seen.get_mut(cell)
            {
                *cell |= if d > 0.0 { 2 } else { 1 };
            }
        }
        let count = |wanted: fn(u8) -> bool| {
            seen.chunks(periods.max(1)).filter(|cells| cells.iter().any(|&c| wanted(c))).count()
        };
        let (with_treated, mixed) = (count(|c| c & 2 != 0), count(|c| c == 3));
        let mut warnings = Vec::new();
        if with_treated == 1 {
            warnings.push(Warning::new(
                "W213",
                format!("all treated units lie in one cluster of \"{name}\": clustered standard errors say nothing; use randomization inference"),
                format!("所有处理个体同属 {name} 的一个聚类：聚类标准误失效，请使用随机化推断"),
            ));
        }
        if mixed > 0 {
            warnings.push(Warning::new(
                "W214",
                format!("treated and untreated rows share a period in {mixed} clusters of \"{name}\": the policy is assigned below that level"),
                format!("{name} 的 {mixed} 个聚类在同一时期内同时含处理与未处理观测：政策的实施层级低于聚类层级"),
            ));
        }
        warnings
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
        let units = adoption.len();
        let nothing = |why: String, fix: &str| Err(Problem::new("E205", why).fix(fix));
        if never.len() == units {
            return nothing(
                format!("nobody is treated: \"{name}\" treats none of {units} units"),
                "check the treatment column, its join and the filters",
            );
        }
        if always.len() == units {
            return nothing(
                format!("everybody is treated in every period by \"{name}\""),
                "a policy can only be evaluated beside rows that are not treated",
            );
        }
        if let [(date, count)] = cohorts[..]
            && count == units
        {
            return nothing(
                format!("all {units} units adopt in {date}, so \"{name}\" cannot be told from that period"),
                "add units that adopt later or never",
            );
        }
        let mut warnings = Vec::new();
        let mut warn = |id: &str, en: String, zh: String| warnings.push(Warning::new(id, en, zh));
        if !switches.is_empty() {
            let (count, shown) = (switches.len(), self.examples(&switches));
            warn(
                "W202",
                format!(
                    "the treatment of {count} units ends ({shown}); estimators of staggered adoption need one that stays: use an estimator for switching treatments, or \"ever treated\""
                ),
                format!(
                    "{count} 个个体的处理中途退出（{shown}）；交错型估计量要求处理不可逆：请使用允许退出的估计量，或改用“曾经处理”"
                ),
            );
        }
        if !always.is_empty() {
            let (count, shown) = (always.len(), self.examples(&always));
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
                format!("仅含一个个体的队列：{shown}；其自身效应没有标准误"),
            );
        }
        let share = 100.0 * (units - never.len()) as f64 / units as f64;
        if !(2.0..=98.0).contains(&share) {
            warn(
                "W208",
                format!("{share:.1} % of the units are ever treated; with so few on one side inference is fragile"),
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
                    format!("首个队列（{date}）在处理前仅有 {before} 期，无法检验其平行趋势"),
                );
            }
        }
        Ok(warnings)
    }
}
