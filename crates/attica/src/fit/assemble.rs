//! A regression from its solution, before inference: what every way of solving one ends with.

use nalgebra::DMatrix;

use super::{Family, Fit, FitOptions, Inference, Omitted, R2};
use crate::absorb::{Share, is_nested, shares};
use crate::design::{Codes, Design, Effect, Periods, Weights, levels_counted};
use crate::ledger::Ledger;
use crate::math::cross::{weighted_mean, weighted_sum};
use crate::message::{Problem, Result, Warning};
use crate::vcov::{Adjustment, Factor, Ssc, Vcov};

/// What is known of a regression before it is solved. Columns of rows are empty where no rows are at hand.
pub(crate) struct Setting {
    /// Outcome.
    pub outcome: String,
    /// Weights.
    pub weights: Option<Weights>,
    /// Cluster variables.
    pub clusters: Vec<Codes>,
    /// For each of them, which effects are nested in it.
    pub nested: Vec<Vec<bool>>,
    /// Effects' shares in the degrees of freedom.
    pub shares: Vec<Share>,
    /// Absorbed effects.
    pub absorbed: Vec<Effect>,
    /// Unit and time of each row.
    pub panel: Option<(Codes, Periods)>,
    /// Latitude and longitude of each row.
    pub coordinates: Option<[Vec<f64>; 2]>,
    /// Row in the frame of each row used.
    pub sample: Vec<u32>,
    /// Observations: rows, or the sum of frequency weights.
    pub n_obs: f64,
    /// Units, when the panel is known.
    pub n_units: Option<usize>,
    /// Mean of the outcome.
    pub mean_outcome: f64,
    /// Where rows went.
    pub ledger: Ledger,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Least squares, solved.
pub(super) struct Solution {
    pub model: &'static str,
    pub family: Family,
    pub names: Vec<String>,
    pub coefficients: Vec<f64>,
    pub columns: Vec<Vec<f64>>,
    pub residuals: Vec<f64>,
    pub bread: DMatrix<f64>,
    pub omitted: Vec<Omitted>,
    pub dependent: Vec<(String, Vec<(String, f64)>)>,
    pub normal: bool,
}

/// The shares of effects, the units' with the units that each of them stands for.
fn counted(mut shares: Vec<Share>, design: &Design) -> Vec<Share> {
    let (Some(_), Some((unit, _))) = (design.copies(), &design.panel) else { return shares };
    let is_unit = |share: &Share| {
        let codes = &design.effects[share.effect].by;
        codes.levels == unit.levels && is_nested(codes, unit)
    };
    for share in shares.iter_mut().filter(|share| is_unit(share)) {
        share.levels = levels_counted(unit, design.weights.as_ref());
    }
    shares
}

impl Setting {
    /// That of a design in memory.
    pub fn of(design: &Design) -> Self {
        let weights = design.weights.as_ref().map(|w| &w.values[..]);
        let nested = |cluster| design.effects.iter().map(|effect| is_nested(&effect.by, cluster)).collect();
        Self {
            outcome: design.outcome.0.clone(),
            weights: design.weights.clone(),
            clusters: design.clusters.clone(),
            nested: design.clusters.iter().map(nested).collect(),
            shares: counted(shares(&design.effects), design),
            absorbed: design.effects.clone(),
            panel: design.panel.clone(),
            coordinates: design.coordinates.clone(),
            sample: design.sample.clone(),
            n_obs: match &design.weights {
                Some(w) if w.kind.counts() => weighted_sum(&w.values, None),
                _ => design.rows() as f64,
            },
            n_units: design.panel.as_ref().map(|(unit, _)| levels_counted(unit, design.weights.as_ref())),
            mean_outcome: weighted_mean(&design.outcome.1, weights),
            ledger: design.ledger.clone(),
            warnings: design.warnings.clone(),
        }
    }
}

impl Fit {
    /// A regression before inference and without measures of fit.
    ///
    /// # Errors
    /// `E701` without degrees of freedom.
    pub(super) fn assemble(of: Setting, solution: Solution, options: &FitOptions) -> Result<Self> {
        let Solution { model, family, names, coefficients, columns, residuals, bread, omitted, dependent, normal } =
            solution;
        let parameters = Ssc::default().parameters(names.len(), &of.shares, None);
        enough(of.n_obs, parameters)?;
        let mut warnings = of.warnings;
        warnings.extend(omitted.iter().map(left_out));
        Ok(Self {
            outcome: of.outcome,
            model: model.to_owned(),
            family,
            names,
            coefficients,
            columns,
            residuals,
            bread,
            weights: of.weights,
            clusters: of.clusters,
            absorbed: if normal { Vec::new() } else { of.absorbed },
            panel: of.panel,
            coordinates: of.coordinates,
            sample: of.sample,
            n_obs: of.n_obs,
            parameters,
            inference: not_yet(options.ssc, of.n_obs, parameters),
            level: options.level,
            omitted,
            dependent,
            ledger: of.ledger,
            warnings,
            r2: R2::default(),
            n_units: of.n_units,
            mean_outcome: of.mean_outcome,
            components: None,
            likelihood: None,
            instruments: None,
            shares: of.shares,
            nested: of.nested,
            normal,
            constant_absorbed: None,
            constant_base: None,
        })
    }
}

/// What stands in a regression until its covariance is known.
fn not_yet(ssc: Ssc, n_obs: f64, k: usize) -> Inference {
    Inference {
        vcov: Vcov::Iid,
        ssc,
        adjustment: Adjustment { k, factor: 1.0, formula: Factor::default(), df: n_obs - k as f64 },
        clusters: Vec::new(),
        covariance: DMatrix::zeros(0, 0),
        df: None,
        lost: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Refuses more parameters than observations can tell.
fn enough(n_obs: f64, parameters: usize) -> Result<()> {
    if n_obs > parameters as f64 {
        return Ok(());
    }
    Err(Problem::new(
        "E701",
        format!("{n_obs} observations cannot estimate {parameters} parameters (absorbed effects included)"),
    )
    .fix("use fewer effects or regressors, or more rows"))
}

/// `W306` for a regressor that was left out.
fn left_out(Omitted { name, reason }: &Omitted) -> Warning {
    Warning::new("W306", format!("\"{name}\" is left out: {}", reason.en), format!("“{name}”被剔除：{}", reason.zh))
}
