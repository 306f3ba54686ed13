//! What the estimators for staggered adoption start from: the rows that all of them can use, and who adopts
//! when. What they end with is in `answer.rs`.

use super::wide::Wide;
use super::within::Rows;
use super::{Data, Spec};
use crate::design::{Codes, Design};
use crate::fit::examine;
use crate::ledger::Reason;
use crate::message::{Problem, Result, Warning};
use crate::panel::Adoption;
use crate::vcov::Vcov;

/// Rows with outcome and controls, units renumbered to those that have one.
pub(super) struct Staggered {
    /// Outcome, controls, unit and period effects; no treatment.
    pub design: Design,
    /// Unit of each row, `0..units`.
    pub unit: Vec<u32>,
    /// Number of units.
    pub units: usize,
    /// Period of each row, an index into `times`.
    pub time: Vec<u32>,
    /// Periods of the panel, from the first to the last that has a row here.
    pub times: Vec<f64>,
    /// Distance between periods.
    pub step: f64,
    /// First treated period of each unit; `None` is never, the first period of the panel is always.
    pub first: Vec<Option<f64>>,
    /// Cluster of each row.
    pub cluster: Vec<u32>,
    /// Number of clusters.
    pub clusters: usize,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// Periods before adoption in which units may already react.
    pub anticipation: i64,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

impl Staggered {
    /// # Errors
    /// Those of the design; `E205` when nobody adopts.
    pub fn new(data: Data<'_>, spec: &Spec) -> Result<Self> {
        let mut design = spec.design(data, &[])?;
        let mut warnings = Vec::new();
        leave_out_switchers(data, &mut design, &mut warnings);
        let times = periods_used(data, &design);
        let early = data.panel.times.partition_point(|t| Some(t) < times.first()) as u32;
        let mut later = 0;
        let mut number = vec![u32::MAX; data.panel.units.len()];
        let mut first = Vec::new();
        let mut unit = Vec::with_capacity(design.rows());
        for &row in &design.sample {
            let old = data.panel.unit[row as usize] as usize;
            if number[old] == u32::MAX {
                number[old] = first.len() as u32;
                first.push(match data.adoption[old] {
                    // A date between two periods counts from the next one, as in the two-way event study.
                    Adoption::At(g) => {
                        let date = times.iter().copied().find(|&t| steps(t - g, data.panel.step) >= 0.0);
                        later += usize::from(date.is_none());
                        date
                    }
                    Adoption::Always => times.first().copied(),
                    Adoption::Never | Adoption::Switches => None,
                });
            }
            unit.push(number[old]);
        }
        if first.iter().all(Option::is_none) {
            return Err(Problem::new(
                "E205",
                "no unit with complete rows adopts the policy, so there is no effect to estimate",
            )
            .fix("check the coding of the treatment, and missing values among treated units"));
        }
        if later > 0 {
            let last = times.last().copied().unwrap_or(f64::NAN);
            warnings.push(Warning::new(
                "W209",
                format!("{later} units adopt after {last}, the last period used: no row of theirs is treated, and they count as never treated"),
                format!("{later}个个体在所用末期{last}之后才受处理：其观测均未处理，按从未处理计"),
            ));
        }
        let time = design.sample.iter().map(|&row| data.panel.time[row as usize] - early).collect();
        let (clusters, noticed) = clustering(&design, || Codes {
            name: data.panel.unit_name.clone(),
            codes: unit.clone(),
            levels: first.len(),
        })?;
        warnings.extend(noticed);
        let weight = design.weights.as_ref().map_or_else(|| vec![1.0; design.rows()], |w| w.values.clone());
        Ok(Self {
            unit,
            units: first.len(),
            time,
            times,
            step: data.panel.step,
            first,
            cluster: clusters.codes,
            clusters: clusters.levels,
            weight,
            design,
            anticipation: spec.options.anticipation as i64,
            warnings,
        })
    }

    /// First treated period of the row's unit; none is never.
    pub fn cohort(&self, row: usize) -> Option<f64> {
        self.first[self.unit[row] as usize]
    }

    /// Cohorts among the rows, ascending and never-treated last, and the cohort of each row.
    pub fn cohort_levels(&self) -> (Vec<Option<f64>>, Vec<u32>) {
        let order = |g: &Option<f64>| g.unwrap_or(f64::INFINITY);
        let mut cohorts: Vec<Option<f64>> = self.unit.iter().map(|&unit| self.first[unit as usize]).collect();
        cohorts.sort_by(|a, b| order(a).total_cmp(&order(b)));
        cohorts.dedup();
        let place = |row| cohorts.partition_point(|g| order(g) < order(&self.cohort(row))) as u32;
        let codes = (0..self.unit.len()).map(place).collect();
        (cohorts, codes)
    }

    /// Periods since adoption; none for units that never adopt.
    pub fn event_time(&self, row: usize) -> Option<i64> {
        let g = self.cohort(row)?;
        Some(steps(self.times[self.time[row] as usize] - g, self.step).floor() as i64)
    }

    /// Rows as a regression with unit and period effects reads them.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            unit: &self.unit,
            units: self.units,
            time: &self.time,
            periods: self.times.len(),
            y: &self.design.outcome.1,
            x: &self.design.regressors,
            weight: &self.weight,
            cluster: &self.cluster,
            clusters: self.clusters,
        }
    }

    /// Cohorts of the sample.
    pub fn cohorts(&self) -> Cohorts {
        let mut dates: Vec<f64> = self.first.iter().flatten().copied().collect();
        dates.sort_by(f64::total_cmp);
        dates.dedup();
        let number = |g: f64| dates.partition_point(|date| *date < g) as u32;
        let of_unit = self.first.iter().map(|first| first.map(number)).collect();
        let event =
            dates.iter().flat_map(|g| self.times.iter().map(move |t| steps(t - g, self.step).floor() as i64)).collect();
        Cohorts { dates, of_unit, times: self.times.clone(), event }
    }

    /// Treated now, or so close to adoption that the unit may already react (`anticipation`).
    pub fn is_exposed(&self, row: usize) -> bool {
        self.event_time(row).is_some_and(|k| k >= -self.anticipation)
    }

    /// Treated now.
    pub fn is_treated(&self, row: usize) -> bool {
        self.event_time(row).is_some_and(|k| k >= 0)
    }

    /// One value per row as units by periods, unit-major; NaN where there is no row.
    pub fn spread(&self, values: &[f64]) -> Vec<f64> {
        let periods = self.times.len();
        let mut cells = vec![f64::NAN; self.units * periods];
        for (row, value) in values.iter().enumerate() {
            cells[self.unit[row] as usize * periods + self.time[row] as usize] = *value;
        }
        cells
    }

    /// Units by periods. A unit's weight is that of its first row; weights that change over time are told.
    pub fn wide(&mut self) -> Wide {
        let y = self.spread(&self.design.outcome.1);
        let x = self.design.regressors.iter().map(|(_, values)| self.spread(values)).collect();
        let (mut weight, mut cluster) = (vec![f64::NAN; self.units], vec![0; self.units]);
        let mut changing = 0;
        for row in 0..self.unit.len() {
            let unit = self.unit[row] as usize;
            if weight[unit].is_nan() {
                (weight[unit], cluster[unit]) = (self.weight[row], self.cluster[row]);
            } else if weight[unit] != self.weight[row] {
                changing += 1;
            }
        }
        if changing > 0 {
            self.warnings.push(Warning::new(
                "W403",
                format!("weights change over time within units ({changing} rows); each unit keeps the weight of its first row"),
                format!("权重在个体内随时间变化（{changing}个观测）；每个个体使用其首个观测的权重"),
            ));
        }
        let cluster = (self.clusters < self.units).then_some(cluster);
        Wide {
            units: self.units,
            times: self.times.clone(),
            step: self.step,
            y,
            x,
            cohort: self.first.clone(),
            weight,
            cluster,
        }
    }

    /// Units with a row, and those of them that ever adopt.
    pub fn units_used(&self) -> (usize, usize) {
        let mut used = vec![false; self.units];
        for &unit in &self.unit {
            used[unit as usize] = true;
        }
        let treated = used.iter().zip(&self.first).filter(|(used, first)| **used && first.is_some()).count();
        (used.iter().filter(|used| **used).count(), treated)
    }

    /// Keeps the rows `rows`, the others having no comparison; units keep their numbers.
    pub fn keep(&mut self, rows: &[u32]) {
        self.keep_but(rows, Reason::Excluded("no comparison".to_owned()));
    }

    /// [`Staggered::keep`], with why the others leave.
    pub fn keep_but(&mut self, rows: &[u32], why: Reason) {
        let lost = self.unit.len() - rows.len();
        self.keep_for(rows, vec![(why, lost)]);
    }

    /// Keeps the rows `rows` and books the others out for `reasons`.
    pub fn keep_for(&mut self, rows: &[u32], reasons: Vec<(Reason, usize)>) {
        if rows.len() == self.unit.len() {
            return;
        }
        self.design = self.design.take(rows);
        for (reason, lost) in reasons {
            self.design.ledger.drop_rows(reason, lost);
        }
        let take = |codes: &[u32]| rows.iter().map(|&r| codes[r as usize]).collect();
        (self.unit, self.time, self.cluster) = (take(&self.unit), take(&self.time), take(&self.cluster));
        self.weight = rows.iter().map(|&r| self.weight[r as usize]).collect();
    }

    /// Rows of treated units at event time `k`.
    pub fn rows_at(&self, k: i64) -> usize {
        (0..self.unit.len()).filter(|&row| self.event_time(row) == Some(k)).count()
    }
}

/// Dates of adoption; a cell is a cohort in a period, numbered by cohort, then period.
pub(super) struct Cohorts {
    /// First treated periods, ascending.
    pub dates: Vec<f64>,
    /// Cohort of each unit; none for units that never adopt.
    pub of_unit: Vec<Option<u32>>,
    times: Vec<f64>,
    event: Vec<i64>,
}

impl Cohorts {
    /// Cohort of a cell.
    pub fn cohort(&self, cell: usize) -> usize {
        cell / self.times.len()
    }

    /// Number of cells, those without rows among them.
    pub fn cells(&self) -> usize {
        self.event.len()
    }

    /// Cell of a row of `sample`.
    pub fn cell(&self, sample: &Staggered, row: usize) -> Option<u32> {
        let cohort = self.of_unit[sample.unit[row] as usize]?;
        Some(cohort * self.times.len() as u32 + sample.time[row])
    }

    /// Periods since adoption.
    pub fn event_time(&self, cell: usize) -> i64 {
        self.event[cell]
    }

    /// First treated period of the cell's cohort.
    pub fn date(&self, cell: usize) -> f64 {
        self.dates[self.cohort(cell)]
    }

    /// Period of the cell.
    pub fn period(&self, cell: usize) -> f64 {
        self.times[cell % self.times.len()]
    }
}

/// Periods of the panel from the first to the last with a row in `design`.
fn periods_used(data: Data<'_>, design: &Design) -> Vec<f64> {
    let times = || design.sample.iter().map(|&row| data.panel.time[row as usize] as usize);
    match (times().min(), times().max()) {
        (Some(first), Some(last)) => data.panel.times[first..=last].to_vec(),
        _ => Vec::new(),
    }
}

/// Periods between two dates, rounded so that tenths and quarters come out whole.
pub(super) fn steps(between: f64, step: f64) -> f64 {
    (between / step * 1e9).round() / 1e9
}

/// The first cluster variable of `design`, or else the units; with what its number of clusters means, clusters
/// that units cross, and `W803` where there are further variables.
///
/// # Errors
/// `E404` when there is one cluster.
pub(super) fn clustering(design: &Design, units: impl FnOnce() -> Codes) -> Result<(Codes, Vec<Warning>)> {
    let clusters = design.clusters.first().cloned().unwrap_or_else(units);
    let mut warnings = Vec::from_iter(examine::clusters(&clusters)?);
    warnings.extend(examine::crossed(design, &Vcov::cluster(&clusters.name)));
    if design.clusters.len() > 1 {
        let name = &clusters.name;
        warnings.push(Warning::new(
            "W803",
            format!("this estimator clusters one way: standard errors are clustered by {name} only"),
            format!("该估计量仅支持单向聚类：标准误按{name}聚类"),
        ));
    }
    Ok((clusters, warnings))
}

/// Units whose treatment ends have no single date of adoption; these estimators cannot use them.
fn leave_out_switchers(data: Data<'_>, design: &mut Design, warnings: &mut Vec<Warning>) {
    if !data.adoption.contains(&Adoption::Switches) {
        return;
    }
    let switches = |row: u32| data.adoption[data.panel.unit[row as usize] as usize] == Adoption::Switches;
    let keep: Vec<u32> = (0..design.rows() as u32).filter(|&r| !switches(design.sample[r as usize])).collect();
    let lost = design.rows() - keep.len();
    if lost == 0 {
        return;
    }
    let units = data.adoption.iter().filter(|a| **a == Adoption::Switches).count();
    *design = design.take(&keep);
    design.ledger.drop_rows(Reason::Excluded("treatment switches off".to_owned()), lost);
    warnings.push(Warning::new(
        "W202",
        format!("{units} units lose the treatment again; this estimator needs a treatment that stays on and leaves them out ({lost} rows). Estimator \"dcdh\" keeps them"),
        format!("{units}个个体的处理状态会退出；该估计量要求处理一旦开始即持续，予以剔除（{lost}个观测）。估计量“dcdh”可保留这些个体"),
    ));
}
