//! One regression of a formula, from its design to what is printed of it.

use attica::design::{Design, Designs, Roles};
use attica::fit::{
    ClusterCard, Fit as Fitted, FitOptions, FitRecord, INTERCEPT, Term, Variance, Wald, fit as least_squares, poisson,
    two_stage,
};
use attica::formula::SingleFormula;
use attica::frame::Frame;
use attica::hypothesis::Coefficients;
use attica::ledger::Ledger;
use attica::message::{Problem, Warning};
use attica::panel::Panel;
use attica::vcov::Vcov;
use attica::wild;
use serde::Serialize;

use super::covariance::Asked;
use crate::args::{Fit, ModelFamily};
use crate::commands::hypotheses;
use crate::say::Failure;

#[derive(Serialize)]
pub(in crate::commands) struct One {
    pub formula: String,
    #[serde(flatten)]
    pub fit: FitRecord,
    /// Linear combinations asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lincom: Vec<Term>,
    /// Joint tests asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Wald>,
    /// One coefficient under several covariances, where asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variances: Vec<Variance>,
    /// What the clusters say about that coefficient, under one-way clustering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterCard>,
    /// The sample, where it is one of several.
    #[serde(skip)]
    pub sample: Option<String>,
}

/// A regression without an estimate.
#[derive(Serialize)]
pub(super) struct Failed {
    pub formula: String,
    pub problem: Problem,
    /// The sample, where it is one of several.
    #[serde(skip)]
    pub sample: Option<String>,
}

impl One {
    /// A regression that was estimated as a record alone, and what was asked of its coefficients.
    #[cfg(feature = "parquet")]
    pub(in crate::commands) fn of_record(formula: String, fit: FitRecord, args: &Fit) -> Result<Self, Failure> {
        let mut told = Vec::new();
        let (lincom, tests) = hypotheses::of(&Coefficients::from(&fit), &args.lincom, &args.test, &mut told)?;
        let mut fit = fit;
        fit.warnings.extend(told);
        Ok(Self { formula, fit, lincom, tests, variances: Vec::new(), clusters: None, sample: None })
    }
}

/// Seed of the wild bootstrap.
const SEED: u64 = 1;

/// What all regressions of a formula have in common.
pub(super) struct Common<'a> {
    pub args: &'a Fit,
    pub frame: &'a Frame,
    pub panel: Option<&'a Panel>,
    pub designs: Designs<'a>,
    pub options: &'a FitOptions,
    pub asked: &'a Asked,
    /// What is safer with few clusters, a bootstrap among it, is computed unasked.
    pub cautious: bool,
    /// What `--where` took, and what was noticed of the table.
    pub filtered: &'a Ledger,
    pub warnings: &'a [Warning],
}

impl Common<'_> {
    /// Estimates one regression.
    pub fn estimate(&self, single: &SingleFormula) -> Result<(One, Fitted), Failure> {
        let (design, roles) = self
            .design(single)
            .map_err(|problem| Failure::from(problem).pointing_into("formula", &self.args.formula))?;
        let mut fit = self.fit(&design, roles)?;
        let (variances, clusters) = match term(&fit, self.args.of.as_deref()) {
            Some(term) => self.closely(&mut fit, &design, term),
            None => Default::default(),
        };
        let (mut record, drawn) = wild::tested(&fit, self.options.wild.as_ref())?;
        record.ledger = self.filtered.then(&record.ledger);
        record.dropped.clone_from(&record.ledger.dropped);
        record.warnings.splice(0..0, self.warnings.iter().cloned());
        let coefficients = Coefficients::from(&fit).drawn(drawn);
        let Fit { lincom, test, .. } = self.args;
        let (lincom, tests) = hypotheses::of(&coefficients, lincom, test, &mut record.warnings)?;
        let (formula, sample) = (single.to_string(), sample(single));
        Ok((One { formula, fit: record, lincom, tests, variances, clusters, sample }, fit))
    }

    /// The design, with the roles of its regressors where there are instruments: in linear models.
    fn design(&self, single: &SingleFormula) -> Result<(Design, Option<Roles>), Problem> {
        match self.args.family {
            ModelFamily::Linear => self.designs.build_instrumented(single),
            ModelFamily::Poisson => Ok((self.designs.build(single)?, None)),
        }
    }

    /// The regression by the model asked for.
    fn fit(&self, design: &Design, roles: Option<Roles>) -> Result<Fitted, Problem> {
        match (self.args.family, roles) {
            (ModelFamily::Linear, None) => return least_squares(design, self.options),
            (ModelFamily::Linear, Some(roles)) => return two_stage(design, roles, self.options),
            (ModelFamily::Poisson, _) => {}
        }
        let at_rows = |values: &[f64]| design.sample.iter().map(|&row| values[row as usize]).collect::<Vec<f64>>();
        let offset = self.args.offset.as_ref().map(|name| self.frame.numbers(name).map(at_rows)).transpose()?;
        poisson(design, offset.as_deref(), self.options)
    }

    /// One coefficient under the covariances that are asked for, and what its clusters say; cautions join the fit's own.
    fn closely(&self, fit: &mut Fitted, design: &Design, term: usize) -> (Vec<Variance>, Option<ClusterCard>) {
        let (frame, panel, asked) = (self.frame, self.panel, self.asked);
        let (main, ssc) = (fit.inference.vcov.clone(), fit.inference.ssc);
        let list = match asked {
            Asked::One => Vec::new(),
            Asked::List(list) => list.clone(),
            Asked::All => {
                let names = design.regressors.iter().map(|(name, _)| name.as_str());
                let taken: Vec<&str> = names.chain([design.outcome.0.as_str()]).collect();
                fit.offered(frame, panel, &taken).all(&main)
            }
        };
        let mut rows = fit.variances_in(frame, panel, term, &list, &ssc);
        // What clusters say about a coefficient is defined for least squares.
        let (Vcov::Cluster(names), None) = (&main, &fit.instruments) else { return (rows, None) };
        let [by] = names.as_slice() else { return (rows, None) };
        let raw = design.regressor(&fit.names[term], &fit.sample);
        let Some(mut card) = fit.cluster_card(term, by, raw.as_deref()) else { return (rows, None) };
        card.largest_name = frame.get(by).map(|column| column.display(card.largest_row as usize));
        if matches!(asked, Asked::All) {
            rows.push(fit.wild_variance(term, by, SEED));
        }
        let cautions = if self.cautious { fit.cluster_cautions(term, &card, SEED) } else { card.warnings() };
        fit.warnings.extend(cautions);
        (rows, Some(card))
    }
}

/// The sample of a regression in words, where it is not the whole.
pub(super) fn sample(single: &SingleFormula) -> Option<String> {
    single.sample.as_ref().map(|sample| format!("{} = {}", sample.by, sample.level))
}

/// Position of the coefficient to look at: the one asked for, or the first that is no constant.
fn term(fit: &Fitted, asked: Option<&str>) -> Option<usize> {
    match asked {
        Some(name) => fit.position(name),
        None => fit.names.iter().position(|name| name != INTERCEPT),
    }
}
