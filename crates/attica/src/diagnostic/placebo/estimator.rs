//! The placebo distribution of any registered estimator.

use super::draws::evaluate;
use super::level::{Level, lottery};
use super::lottery::Scheme;
use super::paths::carried_on;
use super::quick::Assignment;
use super::tally::{Drawn, Tally};
use super::{Kind, Options, Placebo, placebo};
use crate::estimator::reassign::reassigned;
use crate::estimator::{self, Data, Estimator, Spec, twfe};
use crate::fit::{FitOptions, Term, fit};
use crate::message::{Problem, Result};
use crate::panel::{Adoption, Panel};

/// Draws the placebo distribution of the headline of `estimator`.
///
/// Every draw has the headline and the t statistic that [`Estimator::estimate`] has under that assignment; a bootstrap
/// that was asked for is left out. Units are drawn among those with a complete row; a treatment path moves as a whole.
///
/// # Errors
/// Those of the estimator at the true assignment; `E201` when dates are to be drawn and the treatment has none; `E605`
/// and `E607` as for [`placebo`]; `E701` when no draw has an estimate.
pub fn placebo_of(estimator: &dyn Estimator, data: Data<'_>, spec: &Spec, options: &Options) -> Result<Placebo> {
    let fitted = FitOptions { wild: None, ..spec.fit.clone() };
    if estimator.name() == twfe::Twfe.name() {
        if let Some(problem) = estimator.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let design = spec.design(data, &[&spec.treatment])?;
        return placebo(&design, &fit(&design, &fitted)?, &spec.treatment, options);
    }
    let analytical = estimator::options::Options { bootstrap: None, ..spec.options.clone() };
    let spec = &Spec { options: analytical, fit: fitted, ..spec.clone() };
    let headline = reassigned(estimator, data, spec)?;
    let roles = Roles::read(data, spec)?;
    let (scheme, paths) = roles.scheme(options.kind)?;
    let level = Level { unit: &roles.of_row, units: roles.units.len(), name: &data.panel.unit_name, rows: &roles.rows };
    let (lottery, warnings) = lottery(&roles.truth, &level, scheme, options)?;

    let actual = headline(data.adoption, data.frame.numbers(&spec.treatment)?)?;
    let mut tally = Tally::new(Drawn::from(&actual));
    let exact = evaluate(
        &lottery,
        options.draws,
        || roles.without(data.adoption, data.frame.numbers(&spec.treatment).unwrap_or_default(), data.panel),
        |assignment, without: &mut Treated| {
            let term = without.with(assignment, &paths, &roles, data.panel, |adoption, d| headline(adoption, d))?;
            Ok(Drawn::from(&term))
        },
        |draw| tally.take(draw),
    );
    tally.judge(exact, &lottery, options.kind, warnings)
}

/// What a unit has of the policy.
#[derive(Clone, Debug, PartialEq)]
struct Role {
    adoption: Adoption,
    /// Treatment in each period of the panel.
    path: Vec<f64>,
}

/// Who has which role.
struct Roles {
    /// Rows of the frame with outcome and controls.
    rows: Vec<u32>,
    /// Unit of each of them, `0..units.len()`.
    of_row: Vec<u32>,
    /// Their number in the panel.
    units: Vec<u32>,
    /// Distinct roles of treated units.
    treated: Vec<Role>,
    truth: Assignment,
    /// Roles of random dates: adoption in each period but the first with rows.
    dates: Vec<Role>,
    /// Every role is a date.
    dated: bool,
}

/// Adoption of each unit and treatment of each row.
struct Treated {
    adoption: Vec<Adoption>,
    treatment: Vec<f64>,
}

impl Roles {
    fn read(data: Data<'_>, spec: &Spec) -> Result<Self> {
        let panel = data.panel;
        let treatment = data.frame.numbers(&spec.treatment)?;
        let rows = spec.design(data, &[])?.sample;
        let mut number = vec![u32::MAX; panel.units.len()];
        let (mut units, mut of_row) = (Vec::new(), Vec::with_capacity(rows.len()));
        for &row in &rows {
            let unit = panel.unit[row as usize];
            if number[unit as usize] == u32::MAX {
                number[unit as usize] = units.len() as u32;
                units.push(unit);
            }
            of_row.push(number[unit as usize]);
        }
        let (mut roles, mut truth): (Vec<Role>, _) = (Vec::new(), Assignment::default());
        let mut dated = true;
        for (own, &unit) in (0..).zip(&units) {
            let Some(role) = role(panel, unit, data.adoption[unit as usize], treatment) else { continue };
            dated &= role.path == on_from(panel, role.adoption);
            let index = roles.iter().position(|known| *known == role).unwrap_or_else(|| {
                roles.push(role);
                roles.len() - 1
            });
            truth.treated.push((own, index as u32));
        }
        if truth.treated.is_empty() {
            let message = format!("\"{}\" reaches no unit with complete rows: nobody is treated", spec.treatment);
            return Err(Problem::new("E205", message).fix("check the treatment, and missing values among the treated"));
        }
        let time = |row: &u32| panel.time[*row as usize] as usize;
        let (first, last) = (rows.iter().map(time).min().unwrap_or(0), rows.iter().map(time).max().unwrap_or(0));
        let date = |t: usize| {
            let adoption = Adoption::At(panel.times[t]);
            Role { adoption, path: on_from(panel, adoption) }
        };
        let dates = (first + 1..=last).map(date).collect();
        Ok(Self { rows, of_row, units, treated: roles, truth, dates, dated })
    }

    fn scheme(&self, kind: Kind) -> Result<(Scheme, Vec<Role>)> {
        match kind {
            Kind::Unit | Kind::Cohort => Ok((Scheme::Deal, self.treated.clone())),
            Kind::Mixed if self.dated => {
                let paths = (0..self.dates.len() as u32).collect();
                Ok((Scheme::Dates { paths, common: self.treated.len() == 1 }, self.dates.clone()))
            }
            Kind::Mixed => Err(super::no_dates()),
        }
    }

    /// The policy without the units of the lottery.
    fn without(&self, adoption: &[Adoption], treatment: &[f64], panel: &Panel) -> Treated {
        let mut none = Treated { adoption: adoption.to_vec(), treatment: treatment.to_vec() };
        self.units.iter().for_each(|&unit| none.give(panel, unit, Adoption::Never, |_| 0.0));
        none
    }
}

impl Treated {
    /// Gives a unit a role; where its treatment is missing it stays so.
    fn give(&mut self, panel: &Panel, unit: u32, adoption: Adoption, path: impl Fn(usize) -> f64) {
        self.adoption[unit as usize] = adoption;
        for period in 0..panel.times.len() {
            if let Some(row) = panel.row(unit, period)
                && !self.treatment[row].is_nan()
            {
                self.treatment[row] = path(period);
            }
        }
    }

    /// `headline` under `assignment`, after which nobody is treated again.
    fn with(
        &mut self,
        assignment: &Assignment,
        paths: &[Role],
        roles: &Roles,
        panel: &Panel,
        headline: impl Fn(&[Adoption], &[f64]) -> Result<Term>,
    ) -> Result<Term> {
        for &(unit, path) in &assignment.treated {
            let role = &paths[path as usize];
            self.give(panel, roles.units[unit as usize], role.adoption, |period| role.path[period]);
        }
        let term = headline(&self.adoption, &self.treatment);
        for &(unit, _) in &assignment.treated {
            self.give(panel, roles.units[unit as usize], Adoption::Never, |_| 0.0);
        }
        term
    }
}

/// 1 from adoption on.
fn on_from(panel: &Panel, adoption: Adoption) -> Vec<f64> {
    let is_on = |t: f64| match adoption {
        Adoption::Never | Adoption::Switches => false,
        Adoption::At(g) => t >= g,
        Adoption::Always => true,
    };
    panel.times.iter().map(|&t| f64::from(u8::from(is_on(t)))).collect()
}

/// The role of a unit; none where it is never treated. A period without a value has that of its date or, without a
/// date, of the period before.
fn role(panel: &Panel, unit: u32, adoption: Adoption, treatment: &[f64]) -> Option<Role> {
    let cell = |period: usize| panel.row(unit, period).map(|row| treatment[row]).filter(|d| !d.is_nan());
    let cells: Vec<Option<f64>> = (0..panel.times.len()).map(cell).collect();
    let from_date = on_from(panel, adoption);
    let as_dated = cells.iter().zip(&from_date).all(|(cell, d)| cell.is_none_or(|cell| cell == *d));
    if as_dated && adoption != Adoption::Switches {
        return (adoption != Adoption::Never).then_some(Role { adoption, path: from_date });
    }
    Some(Role { adoption, path: carried_on(&cells) })
}
