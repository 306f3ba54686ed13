//! Callaway and Sant'Anna (2021), "Difference-in-Differences with multiple time periods", Journal of
//! Econometrics 225: group-time average treatment effects. Reference implementation: R package did (`att_gt`);
//! averages are those of [`super::group_time`].

mod collect;
mod cross_section;
mod drdid;
mod moments;
mod nuisance;
mod overlap;
mod panel;
mod plan;
mod register;
mod repeated;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::cross_section::{CrossSections, att_gt_cross_sections};
pub use self::overlap::Overlap;
pub use self::register::CallawaySantAnna;

use self::collect::Collector;
use self::moments::Moments;
use self::plan::{Plan, Planned};
use super::group_time::{GroupTime, Point};
use super::influence::{Block, Influences};
use super::options::{BasePeriod, ControlGroup};
use super::wide::Wide;
use crate::message::{Result, Warning};

/// How covariates enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Method {
    /// Outcome regression and propensity score; consistent when either is right.
    #[default]
    #[serde(rename = "dr")]
    DoublyRobust,
    /// Propensity score only.
    #[serde(rename = "ipw")]
    Weighting,
    /// Outcome regression only.
    #[serde(rename = "reg")]
    OutcomeRegression,
    /// Doubly robust, with odds that balance covariates exactly and a regression under these odds (DRDID `imp`).
    #[serde(rename = "dr_improved")]
    Improved,
}

/// From which period a change takes its covariates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CovariatePeriod {
    /// The earlier of the two periods compared: the base period for effects (R did).
    #[default]
    Earlier,
    /// The base period, for leads from a universal base too.
    Base,
    /// The first period of the panel.
    First,
}

/// What becomes of units that are not observed in every period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unbalanced {
    /// Each effect compares the units observed in both of its periods.
    #[default]
    Pairs,
    /// They leave (R did, `allow_unbalanced_panel = FALSE`).
    Drop,
    /// Rows are compared as repeated cross-sections, and each unit is a cluster (R did,
    /// `allow_unbalanced_panel = TRUE`).
    Pooled,
}

/// Options of Callaway-Sant'Anna alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Use of covariates: `dr` (doubly robust), `ipw` (propensity score), `reg` (outcome regression) or
    /// `dr_improved`.
    pub method: Method,
    /// Period whose covariates count for a change: `earlier` of the two compared, `base` or `first`.
    pub covariates: CovariatePeriod,
    /// False where every row is another unit (repeated cross-sections).
    pub panel: bool,
    /// Units that are not observed in every period: `pairs`, `drop` or `pooled`.
    pub unbalanced: Unbalanced,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: Method::default(),
            covariates: CovariatePeriod::default(),
            panel: true,
            unbalanced: Unbalanced::default(),
        }
    }
}

/// What to estimate; the default is that of the reference implementation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Comparison group.
    pub controls: ControlGroup,
    /// Base period.
    pub base: BasePeriod,
    /// Periods before adoption in which units may already react.
    pub anticipation: usize,
    /// Covariates and incomplete data.
    pub options: Options,
}

/// All group-time effects.
#[derive(Clone, Debug, PartialEq)]
pub struct AttGt {
    /// Effects by cohort and then period, and the influence of each cluster on them and on the shares of cohorts.
    pub effects: GroupTime,
    /// Propensity scores by cohort; empty without covariates or where the method has no score.
    pub overlap: Vec<Overlap>,
    /// Unit of each influence, block by block; empty where influences are by cluster.
    pub members: Vec<u32>,
    /// For each outcome of the input, whether an effect rests on it.
    pub used: Vec<bool>,
    /// What was left out and why.
    pub warnings: Vec<Warning>,
}

/// The effect of one cell.
#[derive(Clone, Debug, Default)]
struct CellEffect {
    att: f64,
    n_treated: usize,
    n_control: usize,
    scores: Option<nuisance::Range>,
    /// Influence of each unit compared, divided by their number, class by class; empty is zero.
    influence: Vec<f64>,
}

/// Why a cell cannot be estimated although it has treated units and controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CellFailure {
    /// Covariates are collinear among the units that a regression uses.
    Collinear,
    /// The propensity score separates treated from controls, or did not converge.
    NoOverlap,
}

/// Why a cell is not among the effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    NoControls,
    NoTreated,
    Failed(CellFailure),
}

/// Group-time effects on a panel.
///
/// Units that are treated in the first period (or within the anticipation window of it) have no
/// base period and are left out with a warning. A cell that cannot be estimated (collinear
/// covariates, no overlap) is left out with a warning that names it. `settings.options.panel` and `Pooled` are
/// for the caller to heed, see [`att_gt_cross_sections`].
///
/// # Errors
/// `E205` when no unit is treated after the first period; `E204` when never-treated controls
/// are asked for and there are none.
pub fn att_gt(panel: &Wide<'_>, settings: &Settings) -> Result<AttGt> {
    let count = |members: &[u32]| panel.count(members.iter().map(|&unit| unit as usize));
    let mut plan = Plan::new(&panel.cohort, &panel.times, panel.step, settings, count)?;
    let periods = panel.times.len();
    let columns = || std::iter::once(&panel.y).chain(&panel.x);
    let is_known = |unit: u32, end: usize| {
        let path = unit as usize * periods..unit as usize * periods + end;
        columns().all(|column| column[path.clone()].iter().all(|x| x.is_finite()))
    };
    if settings.options.unbalanced == Unbalanced::Drop {
        plan.keep(is_known, count);
    }
    let plan = plan;
    let members = || plan.classes.iter().flat_map(|class| &class.members);
    let total: f64 = members().map(|&unit| panel.weight[unit as usize]).sum();
    let has_all = columns().all(|column| column.iter().fold(true, |all, x| all & x.is_finite()));
    let is_complete = has_all || members().all(|&unit| is_known(unit, periods));
    let (effects, moments) = if is_complete && panel.covariates() == 0 {
        let moments = Moments::new(panel, &plan);
        (moments.effects(), Some(moments))
    } else {
        (panel::effects(panel, &plan, settings, is_complete), None)
    };
    let mut sheet = Sheet::new(&plan, effects, &panel.times, panel.step);
    for (class, members) in plan.classes.iter().enumerate() {
        sheet.weigh(class, members.members.iter().map(|&unit| panel.weight[unit as usize] / total).sum());
    }
    let used = used(panel, &plan, &sheet, is_complete);
    let blocks = if let Some(moments) = moments {
        moments.blocks(sheet.estimates(), &sheet.columns, &sheet.weights, total)
    } else {
        let clusters = panel.cluster.as_ref().map(|c| (&c[..], c.iter().max().map_or(0, |c| *c as usize + 1)));
        let mut collector = Collector::new(sheet.estimates(), plan.classes.len(), clusters);
        for (class, column) in sheet.weights.iter().enumerate() {
            let Some(column) = column else { continue };
            let members = &plan.classes[class].members;
            let mut shares: Vec<f64> = members.iter().map(|&unit| panel.weight[unit as usize] / total).collect();
            panel.per_unit(members.iter().map(|&unit| unit as usize), &mut shares);
            collector.add(*column, class, members, shares);
        }
        sheet.collect(&mut collector, |cell| {
            cell.classes().map(|class| (class, &plan.classes[class].members[..])).collect()
        });
        collector.blocks()
    };
    let own = |(class, block): (&plan::Class, &Block)| {
        let all = block.clusters() == class.members.len();
        if all { class.members.clone() } else { Vec::new() }
    };
    let by_unit = panel.cluster.is_none();
    let members = if by_unit { plan.classes.iter().zip(&blocks).flat_map(own).collect() } else { Vec::new() };
    let found = sheet.finish(plan.warnings.clone(), blocks, used, &panel.times);
    Ok(AttGt { members, ..found })
}

/// For each unit and period, whether an effect compares it.
fn used(panel: &Wide<'_>, plan: &Plan, sheet: &Sheet<'_>, is_complete: bool) -> Vec<bool> {
    let periods = panel.times.len();
    let mut used = vec![false; panel.units * periods];
    for (class, members) in plan.classes.iter().enumerate() {
        let compared: Vec<[usize; 2]> = sheet
            .estimated()
            .filter(|cell| !cell.is_reference() && cell.classes().any(|other| other == class))
            .map(|cell| [cell.time, cell.base])
            .collect();
        let mut all = vec![false; periods];
        compared.iter().flatten().for_each(|&period| all[period] = true);
        for &unit in &members.members {
            let cells = unit as usize * periods..(unit as usize + 1) * periods;
            if is_complete {
                used[cells].copy_from_slice(&all);
                continue;
            }
            let known = |period: usize| panel.outcome(unit as usize, period).is_finite();
            for &[time, base] in compared.iter().filter(|pair| pair.iter().all(|&period| known(period))) {
                used[cells.start + time] = true;
                used[cells.start + base] = true;
            }
        }
    }
    used
}

/// Cells on their way to being effects: which could be estimated, and which estimate each of them is.
struct Sheet<'a> {
    plan: &'a Plan,
    effects: Vec<std::result::Result<CellEffect, Missing>>,
    /// Estimate of each planned cell.
    columns: Vec<Option<usize>>,
    /// Estimate of the weight of each class.
    weights: Vec<Option<usize>>,
    points: Vec<Point>,
    groups: usize,
}

impl<'a> Sheet<'a> {
    fn new(plan: &'a Plan, effects: Vec<std::result::Result<CellEffect, Missing>>, times: &[f64], step: f64) -> Self {
        let mut columns = Vec::with_capacity(effects.len());
        let mut points = Vec::new();
        for (cell, effect) in plan.cells.iter().zip(&effects) {
            columns.push(effect.is_ok().then_some(points.len()));
            if let Ok(effect) = effect {
                points.push(Point {
                    group: cell.group,
                    time: times[cell.time],
                    event_time: ((times[cell.time] - cell.group) / step).round() as i64,
                    base: Some(times[cell.base]),
                    estimate: effect.att,
                    is_reference: cell.is_reference(),
                    weight: 0.0,
                    weight_column: None,
                    n_treated: effect.n_treated,
                    n_control: Some(effect.n_control),
                });
            }
        }
        Self { plan, effects, columns, weights: vec![None; plan.classes.len()], points, groups: 0 }
    }

    /// Cohorts weigh by their estimated share of all units.
    fn weigh(&mut self, class: usize, share: f64) {
        let own = |cell: &Planned| cell.class == class;
        if !self.plan.cells.iter().any(own) {
            return;
        }
        let column = self.points.len() + self.groups;
        self.groups += 1;
        self.weights[class] = Some(column);
        for (_, point) in self.plan.cells.iter().zip(&self.columns).filter(|(cell, _)| own(cell)) {
            if let Some(point) = point {
                self.points[*point].weight = share;
                self.points[*point].weight_column = Some(column);
            }
        }
    }

    fn estimates(&self) -> usize {
        self.points.len() + self.groups
    }

    fn estimated(&self) -> impl Iterator<Item = &Planned> {
        self.plan.cells.iter().zip(&self.columns).filter(|(_, column)| column.is_some()).map(|(cell, _)| cell)
    }

    /// Hands the influences over, cut into the parts that `parts` names (block and members).
    fn collect<'m>(&mut self, collector: &mut Collector<'_>, parts: impl Fn(&Planned) -> Vec<(usize, &'m [u32])>) {
        for ((cell, effect), column) in self.plan.cells.iter().zip(&mut self.effects).zip(&self.columns) {
            let (Ok(effect), Some(column)) = (effect, column) else { continue };
            let mut rest = std::mem::take(&mut effect.influence);
            if rest.is_empty() {
                continue;
            }
            for (block, members) in parts(cell) {
                let after = rest.split_off(members.len().min(rest.len()));
                collector.add(*column, block, members, rest);
                rest = after;
            }
        }
    }

    fn finish(self, mut warnings: Vec<Warning>, blocks: Vec<Block>, used: Vec<bool>, times: &[f64]) -> AttGt {
        let (overlap, notes) = overlap::describe(self.plan, &self.effects, times);
        warnings.extend(notes);
        let influences = Influences { estimates: self.estimates(), blocks };
        AttGt { effects: GroupTime { points: self.points, influences }, overlap, members: Vec::new(), used, warnings }
    }
}
