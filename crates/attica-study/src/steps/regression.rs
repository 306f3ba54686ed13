//! One column of a table of regressions: from names to a fit and its record.

use std::sync::Arc;

use attica::design::{Design, DesignOptions, WeightKind};
use attica::expr::Expr;
use attica::fit::{Fit, FitOptions, FitRecord, fit, random_effects};
use attica::formula::{Formula, SingleFormula};
use attica::frame::Frame;
use attica::ledger::Reason;
use attica::message::{Problem, Result};
use attica::panel::Panel;
use attica::text::Text;
use attica::vcov::{Ssc, Vcov};
use attica::wild::{self, WildKind, WildOptions, WildWeights};

use super::Study;
use crate::results::{Model, Outcome};
use crate::studyfile::Weighting;

/// How coefficients are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Estimator {
    /// Least squares, effects absorbed.
    #[default]
    LeastSquares,
    /// Random effects by unit.
    RandomEffects,
}

/// A regression to be run.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Head of the column.
    pub head: Text,
    /// Outcome: a column or an expression.
    pub outcome: String,
    /// Regressors of interest, in the order of the table.
    pub regressors: Vec<String>,
    /// Controls: columns or expressions.
    pub controls: Vec<String>,
    /// Absorbed effects.
    pub effects: Vec<String>,
    /// Covariance.
    pub vcov: Vcov,
    /// Rows to keep and why the others leave.
    pub subset: Option<(Reason, Vec<bool>)>,
    /// Column of weights in place of the study's.
    pub weights: Option<(String, WeightKind)>,
    /// How it is estimated.
    pub estimator: Estimator,
    /// Wild bootstrap of its coefficients.
    pub wild: Option<WildOptions>,
}

impl Study<'_> {
    /// The outcome that the study is about.
    pub fn outcome(&self) -> &str {
        self.file.model.outcome.as_slice().first().map_or("", String::as_str)
    }

    /// What a reader calls a variable, or a combination such as `province^year`.
    pub fn label(&self, name: &str) -> Text {
        let parts = name.split('^').map(|part| match self.file.labels.get(part) {
            Some(words) => words.text(),
            None => Text::same(part),
        });
        let all: Vec<Text> = parts.collect();
        let joined = |sign: &str, of: fn(&Text) -> &str| all.iter().map(of).collect::<Vec<_>>().join(sign);
        Text::new(joined(" × ", |text| &text.en), joined("×", |text| &text.zh))
    }

    /// The policy variable.
    pub fn policy(&self) -> &str {
        &self.file.policy.name
    }

    /// Absorbed effects; unit and time unless the study says otherwise.
    pub fn effects(&self) -> Vec<String> {
        self.file
            .model
            .effects
            .clone()
            .unwrap_or_else(|| [&self.data.panel.unit_name, &self.data.panel.time_name].map(|n| name(n)).to_vec())
    }

    /// Column of the study's own weights, and what they mean.
    pub fn weights(&self) -> Option<(String, WeightKind)> {
        self.file.model.weights.as_ref().map(|w| (w.column.clone(), weight_kind(w.kind)))
    }

    /// Covariance of the study: clustered, by the unit unless it says otherwise.
    pub fn vcov(&self) -> Result<Vcov> {
        let model = &self.file.model;
        match (&model.vcov, model.cluster.as_slice()) {
            (Some(words), _) => Vcov::parse(words),
            (None, []) => Ok(Vcov::cluster(&self.data.panel.unit_name)),
            (None, names) => Ok(Vcov::Cluster(names.to_vec())),
        }
    }

    /// The main regression: outcome on policy and controls, effects absorbed.
    pub fn main(&self) -> Result<Spec> {
        Ok(Spec {
            head: Text::default(),
            outcome: name(self.outcome()),
            regressors: vec![name(self.policy())],
            controls: self.file.model.controls.iter().map(|c| self.term(c)).collect(),
            effects: self.effects(),
            vcov: self.vcov()?,
            subset: None,
            weights: None,
            estimator: Estimator::LeastSquares,
            wild: None,
        })
    }

    /// The wild bootstrap that the study asks for in baseline and event study.
    pub fn wild(&self) -> Result<Option<WildOptions>> {
        let model = &self.file.model;
        let Some(draws) = model.wild else { return Ok(None) };
        Ok(Some(WildOptions {
            draws,
            kind: WildKind::parse(&model.wild_type)?,
            weights: WildWeights::parse(&model.wild_weights)?,
            seed: self.file.seed,
            level: Some(model.level),
            ..WildOptions::default()
        }))
    }

    /// A column's name as a formula writes it; anything else is an expression already.
    pub fn term(&self, text: &str) -> String {
        if self.data.frame.get(text).is_some() { name(text) } else { text.to_owned() }
    }

    /// Options of every fit of the study.
    pub fn fit_options(&self, vcov: &Vcov) -> Result<FitOptions> {
        let model = &self.file.model;
        Ok(FitOptions {
            vcov: vcov.clone(),
            ssc: Ssc::parse(model.ssc.name())?,
            level: model.level,
            keep_singletons: model.keep_singletons,
            constants: true,
            wild: None,
        })
    }

    /// Weights, clusters and rows of `spec`.
    pub fn design_options(&self, spec: &Spec) -> DesignOptions {
        DesignOptions {
            weights: spec.weights.clone().or_else(|| self.weights()),
            clusters: spec.vcov.clusters().to_vec(),
            coordinates: spec.vcov.coordinates(),
            subset: spec.subset.clone(),
            ..DesignOptions::default()
        }
    }

    /// The design of `spec` over `frame`, which has the rows of the panel.
    pub fn design_in(&self, frame: &Frame, panel: &Panel, spec: &Spec) -> Result<Design> {
        let formula = spec.single(frame)?;
        let options = self.design_options(spec);
        Design::build(frame, Some(panel), &formula, &options)
    }

    /// The design of `spec` over the study's data.
    pub fn design(&self, spec: &Spec) -> Result<Design> {
        self.design_in(&self.data.frame, &self.data.panel, spec)
    }

    /// Design and fit of `spec`.
    pub fn fit(&self, spec: &Spec) -> Result<(Design, Fit)> {
        let design = self.design(spec)?;
        let fit = self.fit_design(&design, spec)?;
        Ok((design, fit))
    }

    /// The fit of a design that `spec` describes.
    pub fn fit_design(&self, design: &Design, spec: &Spec) -> Result<Fit> {
        let options = self.fit_options(&spec.vcov)?;
        match spec.estimator {
            Estimator::LeastSquares => fit(design, &options),
            Estimator::RandomEffects => random_effects(design, &options),
        }
    }

    /// A column of a table: the record of `spec`, or why there is none.
    pub fn model(&self, spec: &Spec) -> Model {
        self.model_in(&self.data.frame, spec)
    }

    /// [`Study::model`] of each, with the fits of those that have one.
    pub fn models(&self, specs: &[Spec]) -> (Vec<Model>, Vec<Option<Fit>>) {
        let column = |spec: &Spec| match self.fit(spec) {
            Ok((design, fit)) => {
                let design = self.kept(&design, &fit);
                (Model { design, ..spec.column(Ok(fit.record())) }, Some(fit))
            }
            Err(problem) => (spec.column(Err(problem)), None),
        };
        specs.iter().map(column).unzip()
    }

    /// A column of a table, estimated in another frame with the rows of the panel.
    pub fn model_in(&self, frame: &Frame, spec: &Spec) -> Model {
        let mut kept = None;
        let record = self.design_in(frame, &self.data.panel, spec).and_then(|design| {
            let fit = self.fit_design(&design, spec)?;
            kept = self.kept(&design, &fit);
            wild::record(&fit, spec.wild.as_ref())
        });
        Model { design: kept, ..spec.column(record) }
    }

    /// The rows of `design` that `fit` used, when the study is to be exported.
    pub fn kept(&self, design: &Design, fit: &Fit) -> Option<Arc<Design>> {
        let places = || fit.sample.iter().filter_map(|row| design.sample.binary_search(row).ok());
        self.keep.then(|| Arc::new(design.take(&places().map(|at| at as u32).collect::<Vec<u32>>())))
    }
}

impl Spec {
    /// The formula as estimated.
    pub fn formula(&self) -> String {
        let right: Vec<&str> = self.regressors.iter().chain(&self.controls).map(String::as_str).collect();
        let right = if right.is_empty() { "1".to_owned() } else { right.join(" + ") };
        match self.effects.as_slice() {
            [] => format!("{} ~ {right}", self.outcome),
            effects => format!("{} ~ {right} | {}", self.outcome, effects.join(" + ")),
        }
    }

    fn single(&self, frame: &Frame) -> Result<SingleFormula> {
        let text = self.formula();
        let one = Formula::parse(&text)?.expand(frame)?.into_iter().next();
        one.ok_or_else(|| Problem::new("E604", format!("\"{text}\" is no regression")))
    }

    /// The column of a table that this regression makes.
    pub fn column(&self, record: Result<FitRecord>) -> Model {
        Model {
            head: self.head.clone(),
            formula: self.formula(),
            fit: match record {
                Ok(record) => Outcome::Fit(Box::new(record)),
                Err(problem) => Outcome::Failed(problem),
            },
            controls: self.controls.clone(),
            effects: self.effects.clone(),
            design: None,
        }
    }
}

/// A column's name as a formula writes it: in backticks when it is no plain word.
pub(crate) fn name(column: &str) -> String {
    Expr::column(column).to_string()
}

/// The engine's word for what weights mean.
pub fn weight_kind(kind: Weighting) -> WeightKind {
    match kind {
        Weighting::Analytic => WeightKind::Analytic,
        Weighting::Frequency => WeightKind::Frequency,
        Weighting::Probability => WeightKind::Probability,
    }
}
