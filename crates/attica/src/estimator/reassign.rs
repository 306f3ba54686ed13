//! The headline of an estimator under other assignments of the policy: what randomisation inference asks for a
//! thousand times. What does not depend on the assignment is done once, and averages, event study and bands, which
//! nobody reads of a draw, are not computed.

use super::answer::Headline;
use super::group_time::{Average, GroupTime, Inference};
use super::staggered::{Staggered, first_treated};
use super::{Data, Estimator, Spec};
use crate::fit::Term;
use crate::frame::{Column, Frame};
use crate::message::{Problem, Result};
use crate::panel::Adoption;

/// The headline of an estimator as a function of the adoption of each unit and the treatment of each row of the data it
/// was made for. Without a standard error, that and what follows from it is NaN.
pub type Reassigned<'a> = Box<dyn Fn(&[Adoption], &[f64]) -> Result<Term> + Sync + 'a>;

/// The headline of `estimator` under any assignment of the policy, without bootstrap. At the true assignment it is that
/// of [`Estimator::estimate`].
///
/// # Errors
/// The first problem of [`Estimator::check`], and those of the sample.
pub fn reassigned<'a>(estimator: &'a dyn Estimator, data: Data<'a>, spec: &'a Spec) -> Result<Reassigned<'a>> {
    if let Some(problem) = estimator.check(data, spec).into_iter().next() {
        return Err(problem);
    }
    match estimator.reassigned(data, spec)? {
        Some(headline) => Ok(headline),
        None => replaced(data, spec, |data| Ok(estimator.estimate(data, spec)?.overall)),
    }
}

/// From the sample of the estimators for staggered adoption, of which only the dates change; `once` does to it what does
/// not depend on them. None where some units lose
/// the treatment again: the sample itself then depends on who they are.
pub(super) fn dated<'a>(
    data: Data<'a>,
    spec: &'a Spec,
    once: impl FnOnce(&mut Staggered),
    headline: impl Fn(Staggered) -> Result<Term> + Sync + 'a,
) -> Result<Option<Reassigned<'a>>> {
    if data.adoption.contains(&Adoption::Switches) {
        return Ok(None);
    }
    let mut sample = Staggered::new(data, spec)?;
    once(&mut sample);
    let mut unit = vec![0; sample.units];
    for (&own, &row) in sample.unit.iter().zip(&sample.design.sample) {
        unit[own as usize] = data.panel.unit[row as usize];
    }
    Ok(Some(Box::new(move |adoption, _| {
        let mut sample = sample.clone();
        for (first, &unit) in sample.first.iter_mut().zip(&unit) {
            *first = first_treated(adoption[unit as usize], &sample.times, sample.step);
        }
        headline(sample)
    })))
}

/// From the data, of which the treatment column and adoption change.
pub(super) fn replaced<'a>(
    data: Data<'a>,
    spec: &'a Spec,
    headline: impl Fn(Data<'_>) -> Result<Term> + Sync + 'a,
) -> Result<Reassigned<'a>> {
    let frame = columns_used(data, spec)?;
    Ok(Box::new(move |adoption, treatment| {
        let mut frame = frame.clone();
        frame.set(Column::number(&spec.treatment, treatment.to_vec()))?;
        headline(Data { frame: &frame, panel: data.panel, adoption })
    }))
}

/// The columns of the data that `spec` names; all of them where a filter may name others.
fn columns_used(data: Data<'_>, spec: &Spec) -> Result<Frame> {
    if spec.design.filter.is_some() {
        return Ok(data.frame.clone());
    }
    let is_used = |column: &&Column| {
        let name = &column.name;
        let design = &spec.design;
        let places = design.coordinates.iter().flatten();
        let combined = design.clusters.iter().flat_map(|cluster| cluster.split('^').map(str::trim));
        [&spec.outcome, &spec.treatment, &data.panel.unit_name, &data.panel.time_name].contains(&name)
            || spec.controls.contains(name)
            || design.weights.iter().any(|(weights, _)| weights == name)
            || places.into_iter().any(|place| place == name)
            || combined.into_iter().any(|cluster| cluster == name)
    };
    Frame::new(data.frame.columns().iter().filter(is_used).cloned().collect())
}

impl Staggered {
    /// The headline alone of what [`Staggered::estimate_group_time`] makes of `effects`.
    pub fn headline(&self, effects: &GroupTime, headline: Headline, spec: &Spec, df: Option<f64>) -> Result<Term> {
        let own = headline.of(effects).ok_or_else(|| self.nothing_estimated(false))?;
        let influence = effects.influences.combined(&own.loads);
        self.term_of(Average { at: None, estimate: own.estimate, influence, n: own.n }, spec, df)
    }

    /// An average as a term.
    pub fn term_of(&self, average: Average, spec: &Spec, df: Option<f64>) -> Result<Term> {
        let inference = Inference { level: spec.fit.level, df, bootstrap: None, wild: None, seed: spec.seed };
        inference.term(&spec.treatment, &average).ok_or_else(|| self.nothing_estimated(true))
    }
}

/// An effect whose standard error would take longer than the effect.
pub(super) fn without_error(name: &str, estimate: Option<f64>) -> Result<Term> {
    let estimate = estimate.filter(|estimate| estimate.is_finite()).ok_or_else(|| {
        Problem::new("E205", "no cohort has an effect after adoption that can be estimated")
            .fix("add periods before adoption, or controls")
    })?;
    let none = f64::NAN;
    let term = name.to_owned();
    Ok(Term {
        term,
        estimate,
        std_error: none,
        statistic: none,
        p_value: none,
        conf_low: none,
        conf_high: none,
        wild: None,
    })
}
