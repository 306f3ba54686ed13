//! Two-stage least squares with absorbed effects.
//!
//! Effects leave all columns, endogenous regressors are projected on the exogenous ones and the instruments, and the outcome
//! is regressed on what results. With these columns and the residuals of the regressors themselves every sandwich is that of
//! two-stage least squares (Wooldridge 2010, 5.2).

mod anderson_rubin;
mod given;
mod record;
mod say;
mod strength;
mod validity;

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use super::regression::{Regression, estimate};
use super::sample::{absorbed_reason, regressors, usable};
use super::{ABSORBED, Family, Fit, FitOptions, Wald, examine};
use crate::absorb::Absorber;
use crate::design::{Design, Roles};
use crate::math::cross::{columns_worth_a_thread, weighted_dot};
use crate::math::distribution::f_quantile;
use crate::message::Result;
use crate::text::Text;
use anderson_rubin::Everywhere;
use given::{Given, Stage};
pub use record::{AndersonRubinSet, EffectiveF, FirstStage, IvRecord, RankF, Shape};
pub(super) use say::{equals, refuse};

/// Fits `design`, whose regressors divide as `roles` says, by two-stage least squares, and examines its instruments
/// ([`Fit::instruments`]). A constant comes first among the coefficients, then endogenous regressors, then exogenous ones.
/// There is no R2: the residuals are not orthogonal to the regressors, so none has the meaning it has in least squares.
///
/// # Errors
/// `E411` when the instruments do not identify the coefficients, `E412` for covariances other than iid, HC1 and clusters of
/// one or two ways; those of [`super::fit`].
pub fn two_stage(design: &Design, roles: Roles, options: &FitOptions) -> Result<Fit> {
    refuse(&options.vcov)?;
    let design = usable(design, options.keep_singletons)?;
    let columns = Columns::new(&design, roles)?;
    let reduced = estimate(&design, options, columns.on_given(&columns.given))?;
    let kept = positions(&columns.names, &columns.given, &reduced.names);
    let instruments: Vec<usize> = (0..kept.len()).filter(|&at| columns.instruments().contains(&kept[at])).collect();
    let enough = say::Count { endogenous: roles.endogenous, instruments: instruments.len() };
    if instruments.len() < roles.endogenous {
        return Err(say::too_few(&enough, &columns.lost(&reduced)));
    }
    let Some(given) = Given::new(&reduced, instruments) else { return Err(say::too_few(&enough, &[])) };
    let stages = columns.first_stages(&design, &given, &enough)?;
    let mut second = columns.second_stage(&design, options, &stages, &enough)?;
    second.warnings.extend(examine::crossed(&design, &options.vcov));
    let record = examined(&design, options, &columns, (&given, &stages), &second)?;
    second.warnings.extend(record.omitted.iter().map(say::dropped));
    second.warnings.extend(say::weak(&record));
    second.instruments = Some(Box::new(record));
    Ok(second)
}

/// All columns of the model, effects taken out.
struct Columns {
    names: Vec<String>,
    values: Vec<Vec<f64>>,
    outcome: Vec<f64>,
    /// Norms before effects were taken out.
    scale: Vec<f64>,
    /// Where the endogenous regressors stand; before them the exogenous ones, behind them the instruments.
    endogenous: Range<usize>,
    /// Exogenous regressors and instruments.
    given: Vec<usize>,
}

impl Columns {
    fn new(design: &Design, roles: Roles) -> Result<Self> {
        let weights = design.weights.as_ref().map(|w| &w.values[..]);
        let (names, raw) = regressors(design);
        let exogenous = usize::from(design.intercept) + roles.exogenous;
        let endogenous = exogenous..exogenous + roles.endogenous;
        let count = say::Count { endogenous: roles.endogenous, instruments: names.len() - endogenous.end };
        if count.instruments < count.endogenous {
            return Err(say::too_few(&count, &[]));
        }
        let worth = columns_worth_a_thread(design.rows());
        let norm = |x: &Cow<'_, [f64]>| weighted_dot(x, x, weights).sqrt();
        let scale: Vec<f64> = raw.par_iter().with_min_len(worth).map(norm).collect();
        let absorber = Absorber::new(&design.effects, weights);
        let all = raw.into_iter().chain([Cow::Borrowed(&design.outcome.1[..])]).collect();
        let mut values = absorber.left(all)?.columns;
        let outcome = values.pop().unwrap_or_default();
        let norm = weighted_dot(&design.outcome.1, &design.outcome.1, weights).sqrt();
        if absorber.norm(&outcome) <= ABSORBED * norm {
            let effects = design.effects.iter().map(|e| e.by.name.as_str());
            return Err(super::absorbed_outcome(&design.outcome.0, effects));
        }
        let given = (0..endogenous.start).chain(endogenous.end..names.len()).collect();
        Ok(Self { names, values, outcome, scale, endogenous, given })
    }

    fn instruments(&self) -> Range<usize> {
        self.endogenous.end..self.names.len()
    }

    fn endogenous_columns(&self) -> Vec<&[f64]> {
        self.values[self.endogenous.clone()].iter().map(Vec::as_slice).collect()
    }

    /// The regression of the outcome on these columns.
    fn on_given(&self, of: &[usize]) -> Regression {
        Regression {
            model: "reduced form",
            names: of.iter().map(|&j| self.names[j].clone()).collect(),
            columns: of.iter().map(|&j| self.values[j].clone()).collect(),
            outcome: self.outcome.clone(),
            scale: of.iter().map(|&j| self.scale[j]).collect(),
            family: Family::Linear,
            normal: false,
        }
    }

    /// The instruments that the reduced form leaves out.
    fn lost<'a>(&self, reduced: &'a Fit) -> Vec<&'a super::Omitted> {
        let names = &self.names[self.instruments()];
        reduced.omitted.iter().filter(|omitted| names.contains(&omitted.name)).collect()
    }

    /// The endogenous regressors on what is given.
    fn first_stages(&self, design: &Design, given: &Given<'_>, count: &say::Count) -> Result<Vec<Stage>> {
        let weights = design.weights.as_ref().map(|w| &w.values[..]);
        let norm = |x: &[f64]| weighted_dot(x, x, weights).sqrt();
        let stage = |j: usize| {
            let (name, column) = (&self.names[j], &self.values[j]);
            if norm(column) <= ABSORBED * self.scale[j] {
                return Err(say::absorbed(name, &absorbed_reason(design, name)));
            }
            let stage = given.regress(column)?;
            if norm(&stage.residuals) <= ABSORBED * norm(column) {
                return Err(say::reproduced(name));
            }
            if norm(column) - norm(&stage.residuals) <= 0.0 {
                return Err(say::not_identified(name, count));
            }
            Ok(stage)
        };
        self.endogenous.clone().map(stage).collect()
    }

    /// The outcome on projections of the endogenous regressors; the residuals are those of the regressors themselves.
    fn second_stage(&self, design: &Design, options: &FitOptions, stages: &[Stage], count: &say::Count) -> Result<Fit> {
        let exogenous: Vec<usize> = (0..self.endogenous.start).collect();
        let mut of = self.on_given(&exogenous);
        of.model = if design.effects.is_empty() { "2SLS" } else { "2SLS, fixed effects" };
        for (j, stage) in self.endogenous.clone().zip(stages) {
            of.names.push(self.names[j].clone());
            of.columns.push(self.values[j].iter().zip(&stage.residuals).map(|(x, v)| x - v).collect());
            of.scale.push(self.scale[j]);
        }
        let mut fit = estimate(design, options, of)?;
        let is_endogenous = |name: &String| self.names[self.endogenous.clone()].contains(name);
        if let Some(lost) = fit.omitted.iter().find(|omitted| is_endogenous(&omitted.name)) {
            return Err(say::not_identified(&lost.name, count));
        }
        let own = fit.coefficients.len() - stages.len();
        for (stage, b) in stages.iter().zip(&fit.coefficients[own..]) {
            fit.residuals.iter_mut().zip(&stage.residuals).for_each(|(e, v)| *e -= b * v);
        }
        let constant = usize::from(fit.names.first().is_some_and(|name| name == super::INTERCEPT));
        fit.rotate(constant, own);
        fit.inference = fit.infer(&options.vcov, &options.ssc)?;
        Ok(fit)
    }

    /// The regressors themselves and, beside them, the residuals of the first stages; and the names of the latter.
    fn augmented(&self, stages: &[Stage]) -> (Regression, Vec<String>) {
        let mut of = self.on_given(&(0..self.endogenous.end).collect::<Vec<_>>());
        let names: Vec<String> =
            self.names[self.endogenous.clone()].iter().map(|name| format!("first-stage residual of {name}")).collect();
        of.names.extend(names.iter().cloned());
        of.columns.extend(stages.iter().map(|stage| stage.residuals.clone()));
        of.scale.extend_from_slice(&self.scale[self.endogenous.clone()]);
        (of, names)
    }
}

/// Where each of `kept` stands among the columns `of`, whose names it has in the same order.
fn positions(names: &[String], of: &[usize], kept: &[String]) -> Vec<usize> {
    let mut left = of.iter().copied();
    kept.iter().filter_map(|name| left.find(|&j| names[j] == *name)).collect()
}

/// Everything about the instruments.
fn examined(
    design: &Design,
    options: &FitOptions,
    columns: &Columns,
    (given, stages): (&Given<'_>, &[Stage]),
    second: &Fit,
) -> Result<IvRecord> {
    let names = &columns.names[columns.endogenous.clone()];
    let estimates: Vec<f64> =
        names.iter().map(|name| second.position(name).map_or(0.0, |at| second.coefficients[at])).collect();
    let first_stages = stages.iter().zip(names).map(|(stage, name)| strength::first_stage(given, stage, name));
    let (augmented, residuals) = columns.augmented(stages);
    let wu_hausman = estimate(design, options, augmented).ok().and_then(|fit| validity::wu_hausman(&fit, &residuals));
    let outcome = given.regress(&columns.outcome)?;
    let (confidence_set, no_set) = match stages {
        [stage] => match everywhere(columns, given, (&outcome, stage), estimates[0], options)? {
            Some(set) => (Some(set), None),
            None => (None, Some(say::singular(&given.reduced.inference.vcov))),
        },
        _ => (None, Some(say::several(stages.len()))),
    };
    Ok(IvRecord {
        endogenous: names.to_vec(),
        instruments: given.instruments.iter().map(|&at| given.reduced.names[at].clone()).collect(),
        omitted: columns.lost(given.reduced).into_iter().cloned().collect(),
        vcov: second.inference.vcov.to_string(),
        rmse: second.rmse(),
        first_stages: first_stages.collect::<Result<_>>()?,
        rank: strength::rank(given, stages, &columns.endogenous_columns())?,
        effective_f: if let [stage] = stages { Some(strength::effective_f(given, stage)) } else { None },
        anderson_rubin: anderson_rubin(given, &outcome, names)?,
        confidence_set,
        no_set,
        overidentification: validity::overidentification(given, stages, second, &estimates)?,
        wu_hausman,
    })
}

/// The instruments have no coefficients in the regression of the outcome on them and the exogenous regressors.
fn anderson_rubin(given: &Given<'_>, outcome: &Stage, names: &[String]) -> Result<Wald> {
    let names = names.join(" = ");
    let hypothesis = Text::new(format!("{names} = 0 (Anderson-Rubin)"), format!("{names} = 0（Anderson-Rubin）"));
    super::wald(&given.of(&outcome.coefficients), &given.block(&outcome.covariance), given.df(), hypothesis)
}

/// The set of all values that the test does not reject; none when a covariance of it is not positive definite.
fn everywhere(
    columns: &Columns,
    given: &Given<'_>,
    (outcome, stage): (&Stage, &Stage),
    centre: f64,
    options: &FitOptions,
) -> Result<Option<AndersonRubinSet>> {
    let weights = given.reduced.weights.as_ref().map(|w| &w.values[..]);
    let size = |stage: &Stage| weighted_dot(&stage.residuals, &stage.residuals, weights).sqrt();
    let ratio = match (size(outcome), size(stage)) {
        (own, other) if own > 0.0 && other > 0.0 => own / other,
        _ => 1.0,
    };
    let regressor = columns.endogenous_columns()[0];
    let apart: Vec<f64> = columns.outcome.iter().zip(regressor).map(|(y, x)| y - ratio * x).collect();
    let apart = given.regress(&apart)?;
    if outcome.repaired || stage.repaired || apart.repaired {
        return Ok(None);
    }
    let [own, other, both] = [outcome, stage, &apart].map(|stage| given.block(&stage.covariance));
    // Cov(y - r d) = Cov(y) - r (Cov(y, d) + Cov(d, y)) + r^2 Cov(d).
    let between = (&own + &other * (ratio * ratio) - both) / ratio;
    let everywhere = Everywhere {
        value: [outcome, stage].map(|stage| given.of(&stage.coefficients)),
        variance: [own, between, other],
        centre,
        ratio,
        critical: f_quantile(options.level, given.count() as f64, given.df()),
    };
    Ok(everywhere.set(options.level))
}
