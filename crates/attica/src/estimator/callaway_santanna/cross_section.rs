//! Group-time effects on repeated cross-sections: levels of different units in two periods.

use rayon::prelude::*;

use super::collect::Collector;
use super::nuisance::Covariates;
use super::plan::{Plan, Planned};
use super::repeated::Sections;
use super::{AttGt, CellEffect, Method, Missing, Settings, Sheet};
use crate::message::Result;

/// Rows of repeated cross-sections.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossSections {
    /// Periods, ascending.
    pub times: Vec<f64>,
    /// Distance between periods.
    pub step: f64,
    /// Period of each row, an index into `times`.
    pub time: Vec<u32>,
    /// Outcome of each row.
    pub y: Vec<f64>,
    /// Covariates, each with one value per row.
    pub x: Vec<Vec<f64>>,
    /// First treated period of each row's unit; `None` is never.
    pub cohort: Vec<Option<f64>>,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// Share of each row in the size of its cohort: its weight, or that of its unit divided by the unit's rows.
    pub share: Vec<f64>,
    /// Cluster of each row with the number of clusters, if rows are not their own.
    pub cluster: Option<(Vec<u32>, usize)>,
}

/// Group-time effects on repeated cross-sections, as R did has them with `panel = FALSE` (and, clustered by
/// unit, for unbalanced panels). `settings.options.covariates` does not matter: each row has its own.
///
/// # Errors
/// As [`super::att_gt`].
pub fn att_gt_cross_sections(rows: &CrossSections, settings: &Settings) -> Result<AttGt> {
    let plan = Plan::new(&rows.cohort, &rows.times, rows.step, settings, <[u32]>::len)?;
    let periods = rows.times.len();
    let mut lists = vec![Vec::new(); plan.classes.len() * periods];
    for (class, members) in plan.classes.iter().enumerate() {
        for &row in &members.members {
            lists[class * periods + rows.time[row as usize] as usize].push(row);
        }
    }
    // Blocks in the order of the rows of a cell: treated after and before, then controls after and before.
    let parts = |cell: &Planned| -> [Vec<usize>; 4] {
        let treated = |period: usize| vec![cell.class * periods + period];
        let controls = |period: usize| cell.controls.iter().map(|class| class * periods + period).collect();
        [treated(cell.time), treated(cell.base), controls(cell.time), controls(cell.base)]
    };
    let effects = plan.cells.par_iter().map(|cell| effect(rows, settings, cell, &parts(cell), &lists)).collect();
    let total: f64 = plan.classes.iter().flat_map(|class| &class.members).map(|&row| rows.share[row as usize]).sum();
    let mut sheet = Sheet::new(&plan, effects, &rows.times, rows.step);
    for (class, members) in plan.classes.iter().enumerate() {
        sheet.weigh(class, members.members.iter().map(|&row| rows.share[row as usize] / total).sum());
    }
    let mut used = vec![false; rows.y.len()];
    for cell in sheet.estimated().filter(|cell| !cell.is_reference()) {
        parts(cell).iter().flatten().flat_map(|&list| &lists[list]).for_each(|&row| used[row as usize] = true);
    }
    let clusters = rows.cluster.as_ref().map(|(cluster, count)| (&cluster[..], *count));
    let mut collector = Collector::new(sheet.estimates(), lists.len(), clusters);
    for (class, column) in sheet.weights.iter().enumerate() {
        let Some(column) = column else { continue };
        for list in class * periods..(class + 1) * periods {
            let shares = lists[list].iter().map(|&row| rows.share[row as usize] / total).collect();
            collector.add(*column, list, &lists[list], shares);
        }
    }
    sheet.collect(&mut collector, |cell| {
        parts(cell).into_iter().flatten().map(|list| (list, &lists[list][..])).collect()
    });
    Ok(sheet.finish(plan.warnings.clone(), collector.blocks(), used, &rows.times))
}

fn effect(
    rows: &CrossSections,
    settings: &Settings,
    cell: &Planned,
    parts: &[Vec<usize>; 4],
    lists: &[Vec<u32>],
) -> std::result::Result<CellEffect, Missing> {
    let size = |part: usize| parts[part].iter().map(|&list| lists[list].len()).sum::<usize>();
    let sizes = [size(0), size(1), size(2), size(3)];
    if sizes[0] == 0 || sizes[1] == 0 {
        return Err(Missing::NoTreated);
    }
    if sizes[2] == 0 || sizes[3] == 0 {
        return Err(Missing::NoControls);
    }
    if cell.is_reference() {
        return Ok(CellEffect { n_treated: sizes[0], n_control: sizes[2], ..CellEffect::default() });
    }
    let members: Vec<usize> = parts.iter().flatten().flat_map(|&list| &lists[list]).map(|&row| row as usize).collect();
    let take = |values: &[f64]| members.iter().map(|&row| values[row]).collect::<Vec<f64>>();
    let mut x = vec![vec![1.0; members.len()]];
    x.extend(rows.x.iter().map(|x| take(x)));
    // Without covariates all estimators are the same difference of means.
    let method = if x.len() == 1 { Method::OutcomeRegression } else { settings.options.method };
    let (y, weight) = (take(&rows.y), take(&rows.weight));
    let sections = Sections { y: &y, weight: &weight, x: Covariates(&x), parts: sizes };
    let (effect, scores) = sections.effect(method).map_err(Missing::Failed)?;
    Ok(CellEffect {
        att: effect.att,
        n_treated: sizes[0] + sizes[1],
        n_control: sizes[2] + sizes[3],
        scores,
        influence: effect.influence,
    })
}
