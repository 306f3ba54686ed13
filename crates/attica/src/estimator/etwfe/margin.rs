//! Average effects over the treated rows of a cohort in a period, and their influences: the margins of R
//! `emfx` and Stata `jwdid`, by the delta method.

use super::model::{Effect, Model};
use super::solve::Solution;
use super::{Scale, Vce};
use crate::estimator::group_time::Cell;
use crate::estimator::staggered::Staggered;
use crate::fit::Family;
use crate::message::Warning;

/// An average effect, the effect in each row, and its derivative with respect to each coefficient.
struct Margin {
    estimate: f64,
    each: Vec<f64>,
    gradient: Vec<(usize, f64)>,
}

/// Averages over treated rows: what they need to know.
pub(super) struct Margins<'a> {
    pub sample: &'a Staggered,
    pub model: &'a Model,
    pub solution: &'a Solution,
    pub family: Family,
    pub scale: Scale,
    pub vce: Vce,
}

impl Margins<'_> {
    /// The cells that are identified, and a warning (`W805`) that names the others.
    pub fn cells(&self) -> (Vec<Cell>, Vec<Warning>) {
        let (mut cells, mut lost) = (Vec::new(), Vec::new());
        for effect in &self.model.effects {
            match self.cell(effect) {
                Some(cell) => cells.push(cell),
                None => lost.push(format!("{} in {}", effect.group, effect.time)),
            }
        }
        if lost.is_empty() {
            return (cells, Vec::new());
        }
        let list = lost.join("; ");
        let warning = Warning::new(
            "W805",
            format!(
                "effects that the effects and covariates leave unidentified are left out (cohort in period): {list}"
            ),
            format!("固定效应与协变量使下列效应无法识别，予以剔除（批次、时期）：{list}"),
        );
        (cells, vec![warning])
    }

    fn cell(&self, effect: &Effect) -> Option<Cell> {
        let weight: f64 = effect.rows.iter().map(|&row| self.sample.weight[row as usize]).sum();
        let mut cell = Cell {
            group: effect.group,
            time: effect.time,
            event_time: effect.event_time,
            base: effect.base,
            estimate: 0.0,
            influence: Vec::new(),
            is_reference: effect.dummy.is_none(),
            weight,
            weight_influence: None,
            n_treated: effect.rows.len(),
            n_control: None,
        };
        let unconditional = self.vce == Vce::Unconditional;
        if unconditional {
            cell.weight_influence = Some(self.by_cluster(effect, |_| 1.0).into());
        }
        let Some(dummy) = effect.dummy else { return Some(cell) };
        let margin = self.margin(effect, dummy, weight)?;
        cell.influence = self.influence(&margin.gradient);
        if unconditional {
            let own = self.by_cluster(effect, |i| (margin.each[i] - margin.estimate) / weight);
            for (sum, value) in cell.influence.iter_mut().zip(own) {
                *sum += value;
            }
        }
        cell.estimate = margin.estimate;
        Some(cell)
    }

    /// The average effect in the cell; none where it is not identified.
    fn margin(&self, effect: &Effect, dummy: usize, total: f64) -> Option<Margin> {
        self.solution.place[dummy]?;
        let mean = |value: &dyn Fn(usize) -> f64| {
            let weighted = |&row: &u32| self.sample.weight[row as usize] * value(row as usize);
            effect.rows.iter().map(weighted).sum::<f64>() / total
        };
        let column = |j: usize| &self.model.columns[j].1;
        let own = || std::iter::once(dummy).chain(effect.slopes.iter().copied());
        let linear: Vec<(usize, f64)> = own().map(|j| (j, mean(&|row| column(j)[row]))).collect();
        let shift = |row: usize| own().map(|j| self.solution.coefficients[j] * column(j)[row]).sum::<f64>();
        if self.family == Family::Linear || self.scale == Scale::Link {
            return self.solution.identifies(&linear).then(|| Margin {
                estimate: linear.iter().map(|(j, x)| x * self.solution.coefficients[*j]).sum(),
                each: effect.rows.iter().map(|&row| shift(row as usize)).collect(),
                gradient: linear,
            });
        }
        // The mean without the effect is that of each row, so the effect must be identified in each.
        let in_row = |row: usize| own().map(|j| (j, column(j)[row])).collect::<Vec<_>>();
        if !effect.rows.iter().all(|&row| self.solution.identifies(&in_row(row as usize))) {
            return None;
        }
        let treated = |row: usize| self.solution.predictor[row];
        let change = |row: usize| self.family.mean(treated(row)) - self.family.mean(treated(row) - shift(row));
        let with = |row: usize| self.family.slope(treated(row));
        let without = |row: usize| self.family.slope(treated(row) - shift(row));
        let controls = (0..self.model.controls).map(|j| (j, mean(&|row| (with(row) - without(row)) * column(j)[row])));
        let effects = own().map(|j| (j, mean(&|row| with(row) * column(j)[row])));
        Some(Margin {
            estimate: mean(&change),
            each: effect.rows.iter().map(|&row| change(row as usize)).collect(),
            gradient: controls.chain(effects).collect(),
        })
    }

    /// Influence of each cluster on a combination of coefficients.
    fn influence(&self, gradient: &[(usize, f64)]) -> Vec<f64> {
        let mut influence = vec![0.0; self.solution.clusters.levels];
        for (j, weight) in gradient {
            let Some(row) = self.solution.place[*j] else { continue };
            for (sum, value) in influence.iter_mut().zip(self.solution.influence.row(row).iter()) {
                *sum += weight * value;
            }
        }
        influence
    }

    /// Weighted sums of `value` (by position among the effect's rows) over clusters, times the root of the
    /// small-sample factor.
    fn by_cluster(&self, effect: &Effect, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.solution.clusters.levels];
        for (i, &row) in effect.rows.iter().enumerate() {
            let cluster = self.solution.clusters.codes[row as usize] as usize;
            sums[cluster] += self.solution.root * self.sample.weight[row as usize] * value(i);
        }
        sums
    }
}
