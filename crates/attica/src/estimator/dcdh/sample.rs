//! Outcome, treatment and weight of every unit in every period, and where each of them goes.

use std::ops::Range;

use super::Options;
use crate::design::{Codes, Design, DesignOptions};
use crate::estimator::staggered::clustering;
use crate::estimator::{Data, Spec};
use crate::formula::SingleFormula;
use crate::frame::{MISSING, codes};
use crate::hypothesis::influence::Influence;
use crate::ledger::Reason;
use crate::message::{Problem, Result, Warning};
use crate::panel::{Labels, Panel};

/// What became of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// In no comparison, for no reason of its own.
    Open,
    /// In a comparison.
    Used,
    /// After the treatment has been both above and below its first value.
    Crossing,
    /// No other unit has the same first treatment and another date of switching.
    NoPeer,
    /// No unit with the same first treatment is still without a switch in that period.
    NoControl,
    /// The treatment is not known yet, or no longer.
    Unknown,
    /// The treatment is unknown just before it is seen to have changed.
    Gap,
    /// The treatment after the switch is the first one on average.
    NetZero,
}

impl Fate {
    const LEFT_OUT: [Self; 7] =
        [Self::Crossing, Self::NoPeer, Self::NoControl, Self::Unknown, Self::Gap, Self::NetZero, Self::Open];

    fn text(self) -> [&'static str; 2] {
        match self {
            Self::Crossing => {
                ["treatment by then both above and below its first value", "处理此前既高于又低于其初始值"]
            }
            Self::NoPeer => [
                "no other unit with the same first treatment and another date of change",
                "没有初始处理相同而变化时间不同的个体",
            ],
            Self::NoControl => {
                ["no unit with the same first treatment that has not changed yet", "没有初始处理相同且尚未变化的个体"]
            }
            Self::Unknown => ["treatment not known", "处理未知"],
            Self::Gap => ["treatment missing just before it is seen to have changed", "处理变化之前的处理值缺失"],
            Self::NetZero => {
                ["treatment after the change equal to the first one on average", "变化之后的平均处理等于初始处理"]
            }
            Self::Used | Self::Open => ["no comparison", "无可比对象"],
        }
    }
}

/// Units by the periods that occur. A missing cell is NaN.
#[derive(Debug)]
pub(super) struct Sample {
    /// Outcome, controls, weights and clusters of the rows that have all of them.
    pub design: Design,
    /// Cell of each row of `design`; none for units without a treatment.
    cell: Vec<Option<u32>>,
    /// Values of the periods.
    pub times: Vec<f64>,
    /// Number of each unit in the panel.
    numbers: Vec<u32>,
    y: Vec<f64>,
    x: Vec<Vec<f64>>,
    dose: Vec<f64>,
    weight: Vec<f64>,
    present: Vec<bool>,
    fate: Vec<Fate>,
    trend: Vec<u32>,
    cluster: Vec<u32>,
    /// Number of clusters.
    pub clusters: usize,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

impl Sample {
    /// # Errors
    /// Those of the design; `E205` when no unit has both an outcome and a treatment; `E607` when a category
    /// with trends of its own changes within units.
    pub fn new(data: Data<'_>, spec: &Spec, options: &Options) -> Result<Self> {
        let design = spec.design(data, &[])?;
        let rows = rows(data, spec)?;
        let treatment = data.frame.numbers(&spec.treatment)?;
        let all = data.panel.units.len();
        let (mut outcome, mut dosed) = (vec![false; all], vec![false; all]);
        let place = |row: u32| (data.panel.unit[row as usize] as usize, data.panel.time[row as usize] as usize);
        for &row in &design.sample {
            outcome[place(row).0] = true;
        }
        for &row in &rows {
            dosed[place(row).0] |= !treatment[row as usize].is_nan();
        }
        let mut number = vec![u32::MAX; all];
        let mut numbers = Vec::new();
        for unit in (0..all).filter(|&unit| outcome[unit] && dosed[unit]) {
            number[unit] = numbers.len() as u32;
            numbers.push(unit as u32);
        }
        if numbers.is_empty() {
            return Err(Problem::new("E205", format!("no unit has both {} and {}", spec.outcome, spec.treatment))
                .fix("check missing values of the two columns"));
        }
        let mut period = vec![u32::MAX; data.panel.times.len()];
        for (unit, time) in rows.iter().map(|&row| place(row)) {
            if number[unit] != u32::MAX {
                period[time] = 0;
            }
        }
        let mut times = Vec::new();
        for (time, number) in period.iter_mut().enumerate().filter(|(_, number)| **number == 0) {
            *number = times.len() as u32;
            times.push(data.panel.times[time]);
        }

        let cells = numbers.len() * times.len();
        let at = |row: u32| {
            let (unit, time) = place(row);
            (number[unit] != u32::MAX).then(|| number[unit] * times.len() as u32 + period[time])
        };
        let cell: Vec<Option<u32>> = design.sample.iter().map(|&row| at(row)).collect();
        let mut present = vec![false; cells];
        let mut dose = vec![f64::NAN; cells];
        for &row in &rows {
            if let Some(cell) = at(row) {
                (dose[cell as usize], present[cell as usize]) = (treatment[row as usize], true);
            }
        }
        let spread = |values: &[f64]| {
            let mut all = vec![f64::NAN; cells];
            cell.iter()
                .zip(values)
                .filter_map(|(cell, v)| Some((((*cell)?), v)))
                .for_each(|(c, v)| all[c as usize] = *v);
            all
        };
        let y = spread(&design.outcome.1);
        let x = design.regressors.iter().map(|(_, values)| spread(values)).collect();
        let weight = match &design.weights {
            Some(weights) => spread(&weights.values),
            None => vec![1.0; cells],
        };

        let (codes, warnings) = clustering(&design, || unit_codes(data, &design))?;
        let mut cluster = vec![0; numbers.len()];
        // From the last row to the first, so that the first one stands.
        for (cell, code) in cell.iter().zip(codes.codes.iter()).rev() {
            if let Some(cell) = cell {
                cluster[*cell as usize / times.len()] = *code;
            }
        }
        let clusters = codes.levels;
        let trend = trends(data, &options.trends_nonparam, &number, numbers.len())?;
        let fate = vec![Fate::Open; cells];
        Ok(Self { design, cell, times, numbers, y, x, dose, weight, present, fate, trend, cluster, clusters, warnings })
    }

    /// Influences of clusters, told by a row of each.
    pub fn influence(&self, values: &[f64]) -> Influence {
        let mut row_of = vec![None; self.clusters];
        for (row, cell) in self.design.sample.iter().zip(&self.cell) {
            if let Some(cell) = cell {
                row_of[self.cluster[*cell as usize / self.times.len()] as usize].get_or_insert(*row);
            }
        }
        let known = row_of.iter().zip(values).filter_map(|(row, value)| Some(((*row)?, *value)));
        let (rows, values) = known.filter(|(_, value)| *value != 0.0).unzip();
        Influence { rows, values }
    }

    pub fn units(&self) -> usize {
        self.numbers.len()
    }

    pub fn periods(&self) -> usize {
        self.times.len()
    }

    /// The number of a cell, by unit and then by period.
    pub fn cell(&self, at: usize, t: usize) -> usize {
        at * self.times.len() + t
    }

    pub fn present(&self, at: usize, t: usize) -> bool {
        self.present[self.cell(at, t)]
    }

    pub fn outcome(&self, at: usize, t: usize) -> f64 {
        self.y[self.cell(at, t)]
    }

    pub fn control(&self, k: usize, at: usize, t: usize) -> f64 {
        self.x[k][self.cell(at, t)]
    }

    pub fn controls(&self) -> usize {
        self.x.len()
    }

    pub fn dose(&self, at: usize, t: usize) -> f64 {
        self.dose[self.cell(at, t)]
    }

    /// Weight of a cell that has outcome and treatment, else 0.
    pub fn weight(&self, at: usize, t: usize) -> f64 {
        self.weight[self.cell(at, t)]
    }

    pub fn trend(&self, at: usize) -> u32 {
        self.trend[at]
    }

    pub fn cluster(&self, at: usize) -> u32 {
        self.cluster[at]
    }

    /// Marks outcomes that are part of a comparison.
    pub fn mark(&mut self, used: &[bool]) {
        for (fate, _) in self.fate.iter_mut().zip(used).filter(|(_, used)| **used) {
            *fate = Fate::Used;
        }
    }

    /// Takes a cell out; its outcome is booked under `fate`.
    pub fn remove(&mut self, at: usize, t: usize, fate: Fate) {
        self.blank(at, t..t + 1, fate);
        let cell = self.cell(at, t);
        (self.dose[cell], self.present[cell]) = (f64::NAN, false);
    }

    /// Takes a unit out from a period on. False, for `retain`.
    pub fn leave_out(&mut self, at: usize, from: usize, fate: Fate) -> bool {
        (from..self.periods()).for_each(|t| self.remove(at, t, fate));
        false
    }

    /// Takes the outcomes of some periods out.
    pub fn blank(&mut self, at: usize, periods: Range<usize>, fate: Fate) {
        for t in periods {
            let cell = self.cell(at, t);
            if !self.y[cell].is_nan() {
                (self.y[cell], self.fate[cell]) = (f64::NAN, fate);
            }
        }
    }

    /// Takes outcomes out from the first row on whose treatment is missing, where that is before the switch.
    pub fn end_at_missing_dose(&mut self, at: usize, switch: usize) {
        let Some(seen) = (0..switch.min(self.periods())).find(|&t| !self.outcome(at, t).is_nan()) else { return };
        let missing = |t: &usize| self.present(at, *t) && self.dose(at, *t).is_nan();
        if let Some(from) = (seen..switch.min(self.periods())).find(missing) {
            self.blank(at, from..self.periods(), Fate::Unknown);
        }
    }

    /// Gives rows without a treatment one.
    pub fn set_missing_dose(&mut self, at: usize, periods: Range<usize>, dose: f64) {
        for t in periods {
            let cell = self.cell(at, t);
            if self.present[cell] && self.dose[cell].is_nan() {
                self.dose[cell] = dose;
            }
        }
    }

    /// Cells without outcome or treatment weigh nothing.
    pub fn weigh(&mut self) {
        for (weight, (y, dose)) in self.weight.iter_mut().zip(self.y.iter().zip(&self.dose)) {
            if weight.is_nan() || y.is_nan() || dose.is_nan() {
                *weight = 0.0;
            }
        }
    }

    /// Books the rows that are in no comparison and tells which and why; `labels` name the panel's units.
    pub fn settle(&mut self, labels: &Labels) {
        let fate = |cell: &Option<u32>| cell.map_or(Fate::Unknown, |cell| self.fate[cell as usize]);
        let fates: Vec<Fate> = self.cell.iter().map(fate).collect();
        for left in Fate::LEFT_OUT.into_iter().filter(|left| fates.contains(left)) {
            let rows: Vec<usize> = (0..fates.len()).filter(|&row| fates[row] == left).collect();
            let [en, zh] = left.text();
            self.design.ledger.drop_rows(Reason::excluded(en, zh), rows.len());
            if left == Fate::Open {
                continue;
            }
            let mut units: Vec<usize> =
                rows.iter().filter_map(|&row| Some(self.cell[row]? as usize / self.times.len())).collect();
            units.dedup();
            units.sort_unstable();
            units.dedup();
            let shown: Vec<&str> =
                units.iter().take(5).map(|&unit| labels[self.numbers[unit] as usize].as_str()).collect();
            let named = |prefix: &str, between: &str, suffix: &str| {
                if shown.is_empty() { String::new() } else { format!("{prefix}{}{suffix}", shown.join(between)) }
            };
            self.warnings.push(Warning::new(
                "W820",
                format!("{} rows of {} units{} are left out: {en}", rows.len(), units.len(), named(" (", ", ", ")")),
                format!("{}个个体{}的{}个观测未使用：{zh}", units.len(), named("（", "、", "）"), rows.len()),
            ));
        }
        let keep: Vec<u32> = (0..fates.len() as u32).filter(|&row| fates[row as usize] == Fate::Used).collect();
        if keep.len() == fates.len() {
            return;
        }
        self.design = self.design.take(&keep);
        self.cell = keep.iter().map(|&row| self.cell[row as usize]).collect();
    }

    /// Units of the rows that are left, by their place here.
    pub fn used(&self) -> Vec<usize> {
        let mut used = vec![false; self.units()];
        self.cell.iter().flatten().for_each(|&cell| used[cell as usize / self.times.len()] = true);
        (0..used.len()).filter(|&unit| used[unit]).collect()
    }
}

fn unit_codes(data: Data<'_>, design: &Design) -> Codes {
    let units = data.panel.units.len();
    let (codes, levels) = codes::compact(&data.panel.unit, units, &design.sample);
    Codes { name: data.panel.unit_name.clone(), codes, levels }
}

/// Rows with all controls, whether or not they have an outcome, a treatment and a weight: a treatment is part
/// of its unit's path even where the outcome is missing.
fn rows(data: Data<'_>, spec: &Spec) -> Result<Vec<u32>> {
    let treatment = data.frame.numbers(&spec.treatment)?;
    if let Some(row) = treatment.iter().position(|dose| dose.is_infinite()) {
        return Err(Problem::new("E302", format!("column \"{}\" is infinite in row {}", spec.treatment, row + 1))
            .fix("correct these cells or make them missing"));
    }
    let Panel { unit_name, time_name, .. } = data.panel;
    let controls: Vec<&str> = spec.controls.iter().map(String::as_str).collect();
    let formula = SingleFormula::of_columns(time_name, &controls, &[unit_name]);
    let options = DesignOptions { weights: None, clusters: Vec::new(), ..spec.design.clone() };
    Ok(Design::build(data.frame, Some(data.panel), &formula, &options)?.sample)
}

/// The category of each unit in which trends are its own.
fn trends(data: Data<'_>, columns: &[String], number: &[u32], units: usize) -> Result<Vec<u32>> {
    let mut trend = vec![0; units];
    for name in columns {
        let (of, _) = codes::codes_of(data.frame.column(name)?);
        let mut own = vec![None; units];
        for (row, &unit) in data.panel.unit.iter().enumerate() {
            let at = number[unit as usize];
            if at == u32::MAX || of[row] == MISSING {
                continue;
            }
            if *own[at as usize].get_or_insert(of[row]) != of[row] {
                let unit = &data.panel.units[unit as usize];
                return Err(Problem::new("E607", format!("trends_nonparam: \"{name}\" changes within units ({unit})"))
                    .fix("name a category that stays the same over time, such as the province"));
            }
        }
        let own: Vec<u32> = own.into_iter().map(|code| code.map_or(0, |code| code + 1)).collect();
        trend = codes::cross(&trend, &own).0;
    }
    Ok(trend)
}
