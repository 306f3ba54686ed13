//! What the estimators for staggered adoption start from: the rows that all of them can use, and who adopts
//! when. What they end with is in `answer.rs`.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::wide::Wide;
use super::within::{Rows, less_first};
use super::{Data, Spec};
use crate::design::{Codes, Design};
use crate::fit::examine;
use crate::frame::codes::distinct;
use crate::ledger::Reason;
use crate::message::{Problem, Result, Warning};
use crate::panel::Adoption;
use crate::vcov::Vcov;

/// Rows with outcome and controls, units renumbered to those that have one.
#[derive(Clone)]
pub(super) struct Staggered {
    /// Outcome, controls, unit and period effects; no treatment.
    pub design: Design,
    /// Unit of each row, `0..units`.
    pub unit: Arc<Vec<u32>>,
    /// Number of units.
    pub units: usize,
    /// Period of each row, an index into `times`.
    pub time: Arc<Vec<u32>>,
    /// Periods of the panel, from the first to the last that has a row here.
    pub times: Vec<f64>,
    /// Distance between periods.
    pub step: f64,
    /// First treated period of each unit; `None` is never, the first period of the panel is always.
    pub first: Vec<Option<f64>>,
    /// Cluster of each row.
    pub cluster: Arc<Vec<u32>>,
    /// Number of clusters.
    pub clusters: usize,
    /// Row of the frame that stands for each influence, by default the first of each cluster; empty unless asked for.
    pub influence_rows: Vec<u32>,
    /// Weight of each row.
    pub weight: RowWeights,
    /// Periods before adoption in which units may already react.
    pub anticipation: i64,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Weights of rows; ones are not written out before somebody reads them.
#[derive(Clone)]
pub(super) struct RowWeights {
    rows: usize,
    values: OnceLock<Vec<f64>>,
}

impl RowWeights {
    pub fn ones(rows: usize) -> Self {
        Self { rows, values: OnceLock::new() }
    }

    fn of(values: Vec<f64>) -> Self {
        Self { rows: values.len(), values: values.into() }
    }
}

impl Deref for RowWeights {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        self.values.get_or_init(|| vec![1.0; self.rows])
    }
}

impl Staggered {
    /// # Errors
    /// Those of the design; `E205` when nobody adopts.
    pub fn new(data: Data<'_>, spec: &Spec) -> Result<Self> {
        let mut design = spec.design(data, &[])?;
        let mut warnings = Vec::new();
        leave_out_switchers(data, &mut design, &mut warnings);
        let (time, times) = periods_used(data, &design);
        let (unit, names) = units_used(data, &design);
        let mut later = 0;
        let adopts = |&name: &u32| {
            let date = first_treated(data.adoption[name as usize], &times, data.panel.step);
            if date.is_none() && matches!(data.adoption[name as usize], Adoption::At(_)) {
                later += data.panel.count([name]);
            }
            date
        };
        let first: Vec<Option<f64>> = names.iter().map(adopts).collect();
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
        if design.copies().is_some() {
            design.outcome.1 = Arc::new(less_first(&design.outcome.1, &unit, names.len()));
        }
        let (clusters, noticed) = clustering(&design, || Codes {
            name: data.panel.unit_name.clone(),
            codes: unit.clone(),
            levels: first.len(),
        })?;
        warnings.extend(noticed);
        let mut influence_rows = vec![0; if spec.options.influence { clusters.levels } else { 0 }];
        if spec.options.influence {
            for (row, code) in design.sample.iter().zip(clusters.codes.iter()).rev() {
                influence_rows[*code as usize] = *row;
            }
        }
        let weight = match &design.weights {
            None => RowWeights::ones(design.rows()),
            Some(weights) => RowWeights::of(weights.values.clone()),
        };
        Ok(Self {
            unit,
            units: first.len(),
            time,
            times,
            step: data.panel.step,
            first,
            cluster: clusters.codes,
            clusters: clusters.levels,
            influence_rows,
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
            weight: self.design.weights.as_ref().map(|_| &self.weight[..]),
            cluster: &self.cluster,
            clusters: self.clusters,
            copies: self.design.copies().is_some(),
        }
    }

    /// Cohorts of the sample.
    pub fn cohorts(&self) -> Cohorts {
        let dates = distinct(self.first.iter().flatten().copied());
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

    /// Every unit has a row in every period.
    pub fn is_complete(&self) -> bool {
        self.unit.len() == self.units * self.times.len()
    }

    /// Complete, and in order of units and periods: columns are units by periods as they are.
    fn is_wide(&self) -> bool {
        let periods = self.times.len();
        let in_order = |(unit, rows): (usize, (&[u32], &[u32]))| {
            rows.0.iter().all(|u| *u as usize == unit) && rows.1.iter().zip(0..).all(|(t, at)| *t == at)
        };
        self.is_complete() && self.unit.chunks(periods).zip(self.time.chunks(periods)).enumerate().all(in_order)
    }

    /// Units by periods, and what was noticed. A unit's weight is that of its first row; weights that change over time
    /// are told.
    pub fn wide(&self) -> (Wide<'_>, Option<Warning>) {
        let is_wide = self.is_wide();
        let columns = std::iter::once(&self.design.outcome).chain(&self.design.regressors);
        let mut columns =
            columns.map(|(_, values)| if is_wide { Cow::Borrowed(&values[..]) } else { self.spread(values).into() });
        let (y, x) = (columns.next().unwrap_or_default(), columns.collect());
        let (weight, cluster, changing) = if is_wide && self.design.weights.is_none() {
            let cluster = self.cluster.iter().step_by(self.times.len()).copied().collect();
            (vec![1.0; self.units], cluster, 0)
        } else {
            self.of_first_rows()
        };
        let warning = (changing > 0).then(|| {
            Warning::new(
                "W403",
                format!("weights change over time within units ({changing} rows); each unit keeps the weight of its first row"),
                format!("权重在个体内随时间变化（{changing}个观测）；每个个体使用其首个观测的权重"),
            )
        });
        let wide = Wide {
            units: self.units,
            times: self.times.clone(),
            step: self.step,
            y,
            x,
            cohort: self.first.clone(),
            weight,
            cluster: (self.clusters < self.units).then_some(cluster),
            copies: self.design.copies().is_some(),
        };
        (wide, warning)
    }

    /// Weight and cluster of each unit in its first row, and in how many rows the weight is another.
    fn of_first_rows(&self) -> (Vec<f64>, Vec<u32>, usize) {
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
        (weight, cluster, changing)
    }

    /// Units with a row, and those of them that ever adopt.
    pub fn units_used(&self) -> (usize, usize) {
        let (rows, all) = (self.rows(), self.is_complete() && self.design.copies().is_none());
        let mut used = vec![usize::from(all); self.units];
        if !all {
            self.unit.iter().enumerate().for_each(|(row, &unit)| used[unit as usize] = rows.count(row));
        }
        let treated = used.iter().zip(&self.first).filter(|(_, first)| first.is_some()).map(|(used, _)| used).sum();
        (used.iter().sum(), treated)
    }

    /// Keeps the rows `rows`, the others having no comparison; units keep their numbers.
    pub fn keep(&mut self, rows: &[u32]) {
        self.keep_but(rows, Reason::excluded("no comparison", "无可比对象"));
    }

    /// [`Staggered::keep`], with why the others leave.
    pub fn keep_but(&mut self, rows: &[u32], why: Reason) {
        let lost = self.lost_without(rows);
        self.keep_for(rows, vec![(why, lost)]);
    }

    /// Rows other than those at the positions `rows`, ascending.
    pub fn lost_without(&self, rows: &[u32]) -> usize {
        self.design.count(0..self.unit.len()) - self.design.count(rows.iter().map(|&row| row as usize))
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
        let take = |codes: &[u32]| Arc::new(rows.iter().map(|&r| codes[r as usize]).collect());
        (self.unit, self.time, self.cluster) = (take(&self.unit), take(&self.time), take(&self.cluster));
        self.weight = match &self.design.weights {
            None => RowWeights::ones(rows.len()),
            Some(_) => RowWeights::of(rows.iter().map(|&r| self.weight[r as usize]).collect()),
        };
    }

    /// Rows of treated units at event time `k`.
    pub fn rows_at(&self, k: i64) -> usize {
        self.design.count((0..self.unit.len()).filter(|&row| self.event_time(row) == Some(k)))
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

/// First treated period among `times`; none for units that are never treated in them.
pub(super) fn first_treated(adoption: Adoption, times: &[f64], step: f64) -> Option<f64> {
    match adoption {
        // A date between two periods counts from the next one, as in the two-way event study.
        // Only times that rounding could make equal need it.
        Adoption::At(g) => {
            times.iter().copied().find(|&t| t >= g || (t > g - 1e-6 * step && steps(t - g, step) >= 0.0))
        }
        Adoption::Always => times.first().copied(),
        Adoption::Never | Adoption::Switches => None,
    }
}

/// Periods of the panel from the first to the last with a row in `design`, and which of them each row is in.
fn periods_used(data: Data<'_>, design: &Design) -> (Arc<Vec<u32>>, Vec<f64>) {
    let Some((_, time)) = &design.panel else { return Default::default() };
    let (Some(first), Some(last)) = (time.codes.iter().copied().min(), time.codes.iter().copied().max()) else {
        return Default::default();
    };
    let times = data.panel.times[first as usize..=last as usize].to_vec();
    let codes = match first {
        0 => time.codes.clone(),
        first => Arc::new(time.codes.iter().map(|code| code - first).collect()),
    };
    (codes, times)
}

/// Units with a row in `design`, in order of appearance, and which of them each row is of.
fn units_used(data: Data<'_>, design: &Design) -> (Arc<Vec<u32>>, Vec<u32>) {
    let (codes, units) = (&data.panel.unit, data.panel.units.len() as u32);
    if design.sample.len() == codes.len() {
        return (codes.clone(), (0..units).collect());
    }
    let (mut number, mut names) = (vec![u32::MAX; units as usize], Vec::new());
    let numbered = |&row: &u32| {
        let name = codes[row as usize];
        let number = &mut number[name as usize];
        if *number == u32::MAX {
            *number = names.len() as u32;
            names.push(name);
        }
        *number
    };
    let unit = design.sample.iter().map(numbered).collect();
    (Arc::new(unit), names)
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
    let mut warnings = Vec::from_iter(examine::clusters(&clusters, false)?);
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
    let lost = design.count(0..design.rows()) - design.count(keep.iter().map(|&row| row as usize));
    if lost == 0 {
        return;
    }
    let units =
        data.panel.count((0..data.adoption.len() as u32).filter(|&u| data.adoption[u as usize] == Adoption::Switches));
    *design = design.take(&keep);
    design.ledger.drop_rows(Reason::excluded("treatment switches off", "处理中途退出"), lost);
    warnings.push(Warning::new(
        "W202",
        format!("{units} units lose the treatment again; this estimator needs a treatment that stays on and leaves them out ({lost} rows). Estimator \"dcdh\" keeps them"),
        format!("{units}个个体的处理状态会退出；该估计量要求处理一旦开始即持续，予以剔除（{lost}个观测）。估计量“dcdh”可保留这些个体"),
    ));
}
