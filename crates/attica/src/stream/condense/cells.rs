//! Units with the same adoption and the same rows: their number, mean and cross-products, and stand-ins that have these.

use std::collections::HashMap;

use super::Roles;
use super::flight::state;
use super::survey::{FIRST, Survey, UNIT};
use crate::frame::{Column, Frame};
use crate::message::Result;

/// So many units of a kind are kept as they are, and so many stand-ins are made of more: enough for every count of few
/// units, cohorts or clusters to be that of the data.
const FEW: usize = 64;
/// Units whose sums are added up before they join the total, so that rounding does not grow with the units.
const BLOCK: usize = 4096;
/// A pivot below this share of a column's own square is rounding.
const INDEPENDENT: f64 = 1e-13;
/// Units named in messages.
const NAMED: usize = 5;

/// All kinds of units, in the order of their first ones.
pub(super) struct Cells {
    number: HashMap<Vec<u8>, u32>,
    all: Vec<Cell>,
    /// Place of each unit in the order of the panel, where it is another than that of the file.
    order: Option<Vec<u32>>,
    key: Vec<u8>,
    /// Periods of a unit with an outcome, and the outcome.
    path: Vec<f64>,
}

/// Units of one kind.
struct Cell {
    first: u32,
    states: Vec<u8>,
    /// Number of units.
    count: usize,
    /// The first units in the order of the file.
    units: Vec<u32>,
    /// The first ones in the order of the panel.
    named: Vec<u32>,
    sums: Sums,
}

enum Sums {
    /// Outcome paths, one unit after the other.
    Few(Vec<f64>),
    Many(Box<Moments>),
}

/// Sums over units of what [`steps`] makes of a path, less `shift`.
struct Moments {
    shift: Vec<f64>,
    total: Vec<f64>,
    block: Vec<f64>,
    pending: usize,
    own: Vec<f64>,
}

impl Cells {
    pub fn new(survey: &Survey, unit: &str) -> Self {
        let order = survey.order(unit);
        Self { number: HashMap::new(), all: Vec::new(), order, key: Vec::new(), path: Vec::new() }
    }

    /// Adds a unit: the code of its first treated period, and state and outcome in each period.
    pub fn add(&mut self, unit: u32, first: u32, states: &[u8], outcome: &[f64]) {
        self.key.clear();
        self.key.extend_from_slice(&first.to_le_bytes());
        self.key.extend_from_slice(states);
        let at = if let Some(&at) = self.number.get(&self.key) {
            at as usize
        } else {
            self.number.insert(self.key.clone(), self.all.len() as u32);
            self.all.push(Cell::new(first, states));
            self.all.len() - 1
        };
        self.path.clear();
        self.path.extend(states.iter().zip(outcome).filter(|(state, _)| state::has_outcome(**state)).map(|(_, y)| *y));
        self.all[at].add(unit, &self.path, self.order.as_deref());
    }

    /// A frame of stand-ins with the number of units that each is in its last column, and the largest of these numbers.
    pub fn stand_ins(&self, roles: &Roles, survey: &Survey) -> Result<(Frame, usize)> {
        let mut found: Vec<(u32, &Cell, usize, Vec<f64>)> = Vec::new();
        for cell in &self.all {
            let (copies, paths) = cell.stand_ins();
            found
                .extend(cell.names().into_iter().zip(copies).zip(paths).map(|((unit, n), path)| (unit, cell, n, path)));
        }
        found.sort_unstable_by_key(|(unit, ..)| *unit);
        let mut rows: [Vec<f64>; 4] = Default::default();
        let (mut unit_of, mut first_of) = (Vec::new(), Vec::new());
        for (unit, cell, copies, path) in &found {
            let mut path = path.iter();
            for (time, &state) in cell.states.iter().enumerate().filter(|(_, state)| **state != state::ABSENT) {
                let outcome = if state::has_outcome(state) { path.next().copied() } else { None };
                let own = [survey.times[time], outcome.unwrap_or(f64::NAN), state::treatment(state), *copies as f64];
                rows.iter_mut().zip(own).for_each(|(column, value)| column.push(value));
                unit_of.push(*unit);
                first_of.push(cell.first);
            }
        }
        let [time, outcome, treatment, copies] = rows;
        let mut columns = vec![
            survey.cells(&roles.unit, UNIT, &unit_of),
            Column::number(&roles.time, time),
            Column::number(&roles.outcome, outcome),
        ];
        if let Some(name) = &roles.first {
            columns.push(survey.cells(name, FIRST, &first_of));
        }
        if let Some(name) = &roles.treatment {
            columns.push(Column::number(name, treatment));
        }
        let mut name = "copies".to_owned();
        while columns.iter().any(|column| column.name == name) {
            name.push('_');
        }
        columns.push(Column::number(&name, copies));
        Ok((Frame::new(columns)?, found.iter().map(|(_, _, copies, _)| *copies).max().unwrap_or(1)))
    }
}

impl Cell {
    fn new(first: u32, states: &[u8]) -> Self {
        let (states, sums) = (states.to_vec(), Sums::Few(Vec::new()));
        Self { first, states, count: 0, units: Vec::new(), named: Vec::new(), sums }
    }

    /// Most units that are kept as they are.
    fn few(&self) -> usize {
        FEW.max(self.states.iter().filter(|state| state::has_outcome(**state)).count() + 1)
    }

    fn add(&mut self, unit: u32, path: &[f64], order: Option<&[u32]>) {
        self.count += 1;
        let few = self.few();
        if self.units.len() < few {
            self.units.push(unit);
        }
        if let Some(order) = order {
            let place = self.named.partition_point(|&known| order[known as usize] < order[unit as usize]);
            if place < NAMED {
                self.named.insert(place, unit);
                self.named.truncate(NAMED);
            }
        }
        match &mut self.sums {
            Sums::Few(paths) => {
                paths.extend_from_slice(path);
                if self.count > few {
                    self.sums = Sums::Many(Box::new(Moments::of(paths, path.len())));
                }
            }
            Sums::Many(moments) => moments.add(path),
        }
    }

    /// Units whose names the stand-ins bear: those that messages name, then the first ones.
    fn names(&self) -> Vec<u32> {
        let mut names = self.named.clone();
        names.extend(self.units.iter().filter(|unit| !self.named.contains(unit)));
        names.truncate(self.few().min(self.count));
        // Units that are there themselves keep their names.
        if self.count <= self.few() { self.units.clone() } else { names }
    }

    /// Of each stand-in, how many units it is, and its path.
    fn stand_ins(&self) -> (Vec<usize>, Vec<Vec<f64>>) {
        match &self.sums {
            Sums::Few(paths) => {
                let width = paths.len() / self.count.max(1);
                (vec![1; self.count], (0..self.count).map(|at| paths[at * width..][..width].to_vec()).collect())
            }
            Sums::Many(moments) => moments.stand_ins(self.count, self.few()),
        }
    }
}

/// Outcomes as differences from the first one, which comes last: what estimators look at keeps its digits beside large
/// levels.
fn steps(path: &[f64], into: &mut Vec<f64>) {
    into.clear();
    let Some((first, rest)) = path.split_first() else { return };
    into.extend(rest.iter().map(|y| y - first));
    into.push(*first);
}

impl Moments {
    fn of(paths: &[f64], width: usize) -> Self {
        let mut own = Vec::new();
        let mut shift = vec![0.0; width];
        for path in paths.chunks(width.max(1)) {
            steps(path, &mut own);
            shift.iter_mut().zip(&own).for_each(|(shift, value)| *shift += value);
        }
        let units = paths.len() / width.max(1);
        for shift in &mut shift {
            *shift /= units as f64;
        }
        let size = width + width * (width + 1) / 2;
        let mut moments = Self { shift, total: vec![0.0; size], block: vec![0.0; size], pending: 0, own };
        paths.chunks(width.max(1)).for_each(|path| moments.add(path));
        moments
    }

    fn add(&mut self, path: &[f64]) {
        steps(path, &mut self.own);
        self.own.iter_mut().zip(&self.shift).for_each(|(value, shift)| *value -= shift);
        let (sums, mut products) = self.block.split_at_mut(self.own.len());
        for (i, (sum, value)) in sums.iter_mut().zip(&self.own).enumerate() {
            *sum += value;
            let (row, rest) = products.split_at_mut(i + 1);
            row.iter_mut().zip(&self.own).for_each(|(product, other)| *product += value * other);
            products = rest;
        }
        self.pending += 1;
        if self.pending == BLOCK {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.total.iter_mut().zip(&mut self.block).for_each(|(total, block)| *total += std::mem::take(block));
        self.pending = 0;
    }

    /// Mean of the units' steps, and the lower triangle of a factor of their cross-products about it, row by row.
    fn factor(&self, count: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
        let width = self.shift.len();
        let all: Vec<f64> = self.total.iter().zip(&self.block).map(|(total, block)| total + block).collect();
        let (sums, products) = all.split_at(width);
        let n = count as f64;
        let cross = |i: usize, j: usize| products[i * (i + 1) / 2 + j] - sums[i] * sums[j] / n;
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(width);
        for i in 0..width {
            let mut row: Vec<f64> = Vec::with_capacity(i + 1);
            for (j, done) in rows.iter().enumerate() {
                let rest = cross(i, j) - row.iter().zip(done).map(|(a, b)| a * b).sum::<f64>();
                row.push(if done[j] > 0.0 { rest / done[j] } else { 0.0 });
            }
            let pivot = cross(i, i) - row.iter().map(|a| a * a).sum::<f64>();
            row.push(if pivot > INDEPENDENT * cross(i, i) { pivot.sqrt() } else { 0.0 });
            rows.push(row);
        }
        (self.shift.iter().zip(sums).map(|(shift, sum)| shift + sum / n).collect(), rows)
    }

    /// `few` stand-ins for `count` units. With `u` the roots of their shares, the reflection that takes the first axis to
    /// `u` has `u` as its first column, and others that are orthogonal to it and to each other: one for each column of
    /// the factor, over the root of the copies, gives deviations with the mean zero and the cross-products wanted.
    fn stand_ins(&self, count: usize, few: usize) -> (Vec<usize>, Vec<Vec<f64>>) {
        let (mean, factor) = self.factor(count);
        let copies: Vec<usize> = (0..few).map(|at| count / few + usize::from(at < count % few)).collect();
        let root: Vec<f64> = copies.iter().map(|copies| (*copies as f64).sqrt()).collect();
        let share: Vec<f64> = root.iter().map(|root| root / (count as f64).sqrt()).collect();
        let axis = |at: usize| share[at] - f64::from(u8::from(at == 0));
        let path = |at: usize| {
            let entry = |column: usize| f64::from(u8::from(at == column)) - axis(at) * axis(column) / (1.0 - share[0]);
            let own = |(mean, row): (&f64, &Vec<f64>)| {
                mean + row.iter().enumerate().map(|(l, value)| value * entry(l + 1)).sum::<f64>() / root[at]
            };
            let steps: Vec<f64> = mean.iter().zip(&factor).map(own).collect();
            let Some((first, rest)) = steps.split_last() else { return Vec::new() };
            std::iter::once(*first).chain(rest.iter().map(|step| first + step)).collect()
        };
        (copies, (0..few).map(path).collect())
    }
}
