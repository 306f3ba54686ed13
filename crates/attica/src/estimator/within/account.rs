//! What a regression with unit and period effects has used: connected parts, singletons, small-sample factor.

use super::{ByUnit, Rows};
use crate::absorb::Share;
use crate::design::Codes;
use crate::message::{Problem, Result};
use crate::vcov::{Adjustment, Ssc, Vcov};

/// The connected part of each period in the graph of units and periods that the rows `used` span, and of
/// each unit; none without a used row. Effects of a unit and of a period can be added within one part only.
pub(in crate::estimator) fn connected(
    rows: &Rows,
    used: &[bool],
    by_unit: &ByUnit,
) -> (Vec<Option<u32>>, Vec<Option<u32>>) {
    let mut parent: Vec<usize> = (0..rows.periods).collect();
    let mut seen = vec![false; rows.periods];
    let root = |parent: &[usize], mut node: usize| {
        while parent[node] != node {
            node = parent[node];
        }
        node
    };
    let first = |unit: usize| by_unit.of(unit).find(|&row| used[row]).map(|row| rows.time[row] as usize);
    for unit in 0..rows.units {
        let Some(one) = first(unit) else { continue };
        for row in by_unit.of(unit).filter(|&row| used[row]) {
            let time = rows.time[row] as usize;
            seen[time] = true;
            if parent[time] != parent[one] {
                let (a, b) = (root(&parent, one), root(&parent, time));
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let periods: Vec<Option<u32>> =
        (0..rows.periods).map(|time| seen[time].then(|| root(&parent, time) as u32)).collect();
    let units = (0..rows.units).map(|unit| first(unit).and_then(|time| periods[time])).collect();
    (periods, units)
}

/// Rows and effects that count in a small-sample rule, singletons left out (Correia 2015): the only row of a
/// unit or period says nothing about coefficients.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::estimator) struct Account {
    /// Observations: rows, or the sum of frequency weights.
    pub observations: f64,
    units: usize,
    periods: usize,
    parts: usize,
    /// Units, periods nested in clusters.
    nested: [bool; 2],
    clusters: usize,
}

impl Account {
    /// The account of the rows `used`, clustered by `clusters`. `frequency` weights make a row several.
    pub fn new(rows: &Rows, used: &[bool], by_unit: &ByUnit, frequency: bool, clusters: &Codes) -> Self {
        // Copies are never alone in a period, and their rows are alone in a unit when its one row is.
        let weight = |row: usize| if frequency { rows.weight(row) } else { 1.0 };
        let (mut by, mut when) = (vec![0.0; rows.units], vec![0.0; rows.periods]);
        for row in (0..rows.len()).filter(|&row| used[row]) {
            by[rows.unit[row] as usize] += weight(row);
            when[rows.time[row] as usize] += weight(row);
        }
        let mut stays: Vec<bool> = used.to_vec();
        let alone = |by: &[f64], when: &[f64], row: usize| {
            by[rows.unit[row] as usize] <= 1.0 || when[rows.time[row] as usize] <= 1.0
        };
        let mut settled = !by.iter().chain(&when).any(|count| *count > 0.0 && *count <= 1.0);
        while !settled {
            settled = true;
            for row in 0..rows.len() {
                if stays[row] && alone(&by, &when, row) {
                    (stays[row], settled) = (false, false);
                    by[rows.unit[row] as usize] -= weight(row);
                    when[rows.time[row] as usize] -= weight(row);
                }
            }
        }
        let (_, of_unit) = connected(rows, &stays, by_unit);
        let mut parts: Vec<u32> = of_unit.iter().copied().flatten().collect();
        parts.sort_unstable();
        parts.dedup();
        let (clusters, nested) = nesting(rows, &stays, clusters);
        let present = |counts: &[f64]| counts.iter().filter(|count| **count > 0.0).count();
        let copies = |unit: usize| by_unit.of(unit).next().map_or(0, |row| rows.count(row));
        let units = (0..rows.units).filter(|&unit| by[unit] > 0.0).map(copies).sum();
        Self {
            observations: (0..rows.len())
                .filter(|&row| stays[row])
                .map(|row| weight(row).max(rows.count(row) as f64))
                .sum(),
            units,
            periods: present(&when),
            parts: parts.len(),
            nested,
            clusters,
        }
    }

    /// Factor and degrees of freedom of a covariance clustered one way, with `regressors` beside the effects.
    ///
    /// # Errors
    /// `E701` without degrees of freedom.
    pub fn adjust(&self, regressors: usize, ssc: Ssc) -> Result<Adjustment> {
        let share = |effect: usize, levels: usize, shared: Vec<usize>| Share {
            name: String::new(),
            effect,
            intercept: true,
            levels,
            flat: 0,
            shared,
        };
        let shares = [share(0, self.units, Vec::new()), share(1, self.periods, vec![self.parts])];
        let full = Ssc::default().parameters(regressors, &shares, None);
        if self.observations <= full as f64 {
            return Err(Problem::new(
                "E701",
                format!(
                    "{} observations cannot estimate {full} parameters (absorbed effects included)",
                    self.observations
                ),
            )
            .fix("use fewer regressors, or more rows"));
        }
        let k = ssc.parameters(regressors, &shares, Some(&self.nested));
        Ok(ssc.adjust(&Vcov::Cluster(Vec::new()), self.observations, k, full, &[self.clusters]))
    }
}

/// Clusters with a row that `stays`, and whether all rows of a unit, of a period lie in one.
fn nesting(rows: &Rows, stays: &[bool], clusters: &Codes) -> (usize, [bool; 2]) {
    let mut seen = vec![false; clusters.levels];
    let mut home = [vec![u32::MAX; rows.units], vec![u32::MAX; rows.periods]];
    let mut nested = [true; 2];
    for row in (0..rows.len()).filter(|&row| stays[row]) {
        let cluster = clusters.codes[row];
        seen[cluster as usize] = true;
        for (effect, level) in [rows.unit[row], rows.time[row]].into_iter().enumerate() {
            let slot = &mut home[effect][level as usize];
            if *slot == u32::MAX {
                *slot = cluster;
            }
            nested[effect] &= *slot == cluster;
        }
    }
    let copies = rows.copies_of_clusters();
    let of = |cluster: usize| copies.as_ref().map_or(1, |copies| copies[cluster] as usize);
    ((0..seen.len()).filter(|&cluster| seen[cluster]).map(of).sum(), nested)
}
