//! One regression, from a [`Design`] to its [`FitRecord`]: OLS, absorbed effects, random effects, Poisson.
//!
//! Estimating and inferring are separate: a [`Fit`] keeps its absorbed columns, residuals and bread,
//! so that another covariance, a joint test, a band or a bootstrap never fits again.

pub(crate) mod concentration;
mod constant;
pub(crate) mod examine;
mod gathered;
mod glm;
mod joint;
mod measure;
mod poisson;
mod random_effects;
mod record;
mod sample;
mod separation;
pub(crate) mod solved;
mod variances;
mod wald;

use std::borrow::Cow;

use nalgebra::DMatrix;
use rayon::prelude::*;

pub use concentration::{ClusterCard, few_treated};
pub(crate) use gathered::{Functional, Gathered, Meat, concluded, solved};
pub use glm::{Family, Glm, glm};
pub use joint::seemingly_unrelated;
pub use poisson::poisson;
pub use random_effects::{VarianceComponents, random_effects};
pub use record::*;
pub use variances::Variance;
pub use wald::wald;

use crate::absorb::{Absorber, Share};
use crate::design::{Codes, Design, Effect, Periods, WeightKind, Weights};
use crate::ledger::Ledger;
use crate::math::cross::{CHUNK, columns_worth_a_thread, weighted_dot, weighted_sum};
use crate::math::triangle::{LeastSquares, least_squares};
use crate::message::{Problem, Result, Warning};
use crate::text::Text;
use crate::vcov::{Adjustment, Calendar, Counted, Estimate, Factor, Preset, Robust, Ssc, Vcov, covariance};
use crate::wild::WildOptions;
use constant::Constant;
pub(crate) use examine::crossing;
pub(crate) use sample::{absorbed_because, usable};
use sample::{absorbed_reason, collinear_reason, kept_raw, regressors};
use solved::Solution;

/// Name of the constant among the terms.
pub const INTERCEPT: &str = "(Intercept)";

/// A regressor whose norm falls below this share when effects are taken out is absorbed by them.
const ABSORBED: f64 = 1e-10;

/// How to fit.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Kind of covariance.
    pub vcov: Vcov,
    /// Small-sample rule.
    pub ssc: Ssc,
    /// Confidence level of intervals.
    pub level: f64,
    /// Keep the only rows of an effect's level, which say nothing about the coefficients.
    pub keep_singletons: bool,
    /// Estimate the constants of a model with effects; they cost about as much as the coefficients.
    pub constants: bool,
    /// The wild bootstrap that records carry ([`crate::wild::record`]); none by default.
    pub wild: Option<WildOptions>,
}

impl FitOptions {
    /// The rule of reghdfe, 95 % intervals, singletons removed.
    pub fn new(vcov: Vcov) -> Self {
        Self { vcov, ssc: Ssc::default(), level: 0.95, keep_singletons: false, constants: true, wild: None }
    }
}

/// Covariance of the coefficients and what tests refer to.
#[derive(Clone, Debug)]
pub struct Inference {
    /// Kind.
    pub vcov: Vcov,
    /// Small-sample rule.
    pub ssc: Ssc,
    /// Factor, K as counted, degrees of freedom.
    pub adjustment: Adjustment,
    /// Clusters per variable of `vcov`.
    pub clusters: Vec<usize>,
    /// k x k, factor included.
    pub covariance: DMatrix<f64>,
    /// Degrees of freedom of each coefficient, where it has its own (CR2).
    pub df: Option<Vec<f64>>,
    /// Clusters without which each coefficient is not identified (CRV3); empty when there are none.
    pub lost: Vec<usize>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// A fitted regression and all that post-processing needs. Columns have one value per row used.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Outcome.
    pub outcome: String,
    /// `OLS`, `pooled OLS`, `fixed effects`, `random effects`, `Poisson`.
    pub model: String,
    /// The outcome's mean as a function of the linear predictor.
    pub family: Family,
    /// Names of the estimated coefficients; a constant comes first.
    pub names: Vec<String>,
    /// Coefficients.
    pub coefficients: Vec<f64>,
    /// Regressors with the effects taken out (quasi-demeaned under random effects).
    pub columns: Vec<Vec<f64>>,
    /// Residuals.
    pub residuals: Vec<f64>,
    /// `(X'WX)^-1`.
    pub bread: DMatrix<f64>,
    /// Weights; of a Poisson model times the fitted means, without a name where the user gave none.
    pub weights: Option<Weights>,
    /// Cluster variables at hand, rows used only.
    pub clusters: Vec<Codes>,
    /// Effects that were absorbed.
    pub absorbed: Vec<Effect>,
    /// Unit and time of each row, where known.
    pub panel: Option<(Codes, Periods)>,
    /// Latitude and longitude of each row, where asked for.
    pub coordinates: Option<[Vec<f64>; 2]>,
    /// Row in the frame of each row used.
    pub sample: Vec<u32>,
    /// Observations: rows, or the sum of frequency weights.
    pub n_obs: f64,
    /// All parameters: regressors, constant, absorbed effects less redundant ones.
    pub parameters: usize,
    /// Covariance in use.
    pub inference: Inference,
    /// Confidence level.
    pub level: f64,
    /// Regressors left out, and why.
    pub omitted: Vec<Omitted>,
    /// What each of them is made of, once effects are out: others and their coefficients (none when the
    /// effects absorb it). A combination of coefficients is identified only if it is orthogonal to these.
    pub dependent: Vec<(String, Vec<(String, f64)>)>,
    /// Where rows went.
    pub ledger: Ledger,
    /// Warnings of the data and of the regression (those of inference are with it).
    pub warnings: Vec<Warning>,
    /// The R2 family.
    pub r2: R2,
    /// Units, when the panel is known.
    pub n_units: Option<usize>,
    /// Mean of the outcome.
    pub mean_outcome: f64,
    /// Variance components of random effects.
    pub components: Option<VarianceComponents>,
    /// Likelihood of a model that maximises one.
    pub likelihood: Option<Likelihood>,
    shares: Vec<Share>,
    /// For each cluster variable, which effects are nested in it.
    nested: Vec<Vec<bool>>,
    /// Tests refer to the normal distribution.
    normal: bool,
    constant_absorbed: Option<Constant>,
    constant_base: Option<Constant>,
}

/// Fits `design` by least squares, effects absorbed.
///
/// # Errors
/// `E701` without rows or without degrees of freedom, `E305` when the outcome does not vary (within
/// the effects), `E702` when effects cannot be taken out, `E404` with one cluster, `E603` for an
/// unknown cluster variable.
pub fn fit(design: &Design, options: &FitOptions) -> Result<Fit> {
    let design = usable(design, options.keep_singletons)?;
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let (names, raw) = regressors(&design);
    let worth = columns_worth_a_thread(design.rows());
    let norm = |x: &Cow<'_, [f64]>| weighted_dot(x, x, weights).sqrt();
    let scale: Vec<f64> = raw.par_iter().with_min_len(worth).map(norm).collect();

    let mut columns: Vec<Vec<f64>> = raw.into_par_iter().with_min_len(worth).map(Cow::into_owned).collect();
    let mut outcome = design.outcome.1.clone();
    let absorber = Absorber::new(&design.effects, weights);
    let mut all: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    all.push(&mut outcome);
    absorber.remove(&mut all)?;

    let name = &design.outcome.0;
    let norm = weighted_dot(&design.outcome.1, &design.outcome.1, weights).sqrt();
    if absorber.norm(&outcome) <= ABSORBED * norm {
        return Err(absorbed_outcome(name, design.effects.iter().map(|e| e.by.name.as_str())));
    }
    let model = match (design.effects.is_empty(), design.panel.is_some()) {
        (false, _) => "fixed effects",
        (true, true) => "pooled OLS",
        (true, false) => "OLS",
    };
    let mut fit = estimate(
        &design,
        options,
        Regression { model, names, columns, outcome, scale, family: Family::Linear, normal: false },
    )?;
    let kept: Vec<&[f64]> = kept_raw(&design, &fit.names);
    fit.r2 = measure::r2_family(&design, &fit, &kept, &absorber);
    fit.warnings.extend(examine::near_collinear(&fit));
    fit.warnings.extend(examine::crossed(&design, &options.vcov));
    if options.constants && design.effects.iter().any(|e| e.intercept) {
        fit.constant_absorbed = Some(constant::absorbed(&design, &fit, &kept));
        fit.constant_base = constant::base(&design, &kept)?;
    }
    Ok(fit)
}

/// The columns of one least-squares problem.
struct Regression {
    model: &'static str,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    outcome: Vec<f64>,
    /// Norms of the columns before anything was taken out.
    scale: Vec<f64>,
    family: Family,
    normal: bool,
}

/// Which regressors stay, and why the others go.
struct Selection {
    kept: Vec<usize>,
    omitted: Vec<Omitted>,
    dependent: Vec<(String, Vec<(String, f64)>)>,
}

/// The regressors `names` after the effects took those that have a reason in `omitted`, and the others, at the positions
/// `left`, were looked through for combinations of each other.
fn select(names: &[String], mut omitted: Vec<Option<Text>>, left: &[usize], solution: &LeastSquares) -> Selection {
    let absorbed = names.iter().zip(&omitted).filter(|(_, reason)| reason.is_some());
    let mut dependent: Vec<_> = absorbed.map(|(name, _)| (name.clone(), Vec::new())).collect();
    for collinear in &solution.collinear {
        let of: Vec<&str> = collinear.of.iter().map(|&(j, _)| names[left[j]].as_str()).collect();
        let column = left[collinear.column];
        omitted[column] = Some(collinear_reason(&of));
        let parts = collinear.of.iter().map(|&(j, b)| (names[left[j]].clone(), b)).collect();
        dependent.push((names[column].clone(), parts));
    }
    let omitted = names.iter().zip(omitted);
    Selection {
        kept: solution.kept.iter().map(|&j| left[j]).collect(),
        omitted: omitted.filter_map(|(name, why)| why.map(|reason| Omitted { name: name.clone(), reason })).collect(),
        dependent,
    }
}

/// `W306` for a regressor that was left out.
fn left_out(Omitted { name, reason }: &Omitted) -> Warning {
    Warning::new("W306", format!("\"{name}\" is left out: {}", reason.en), format!("“{name}”被剔除：{}", reason.zh))
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

/// `E305` for an outcome that the effects fit without error.
fn absorbed_outcome<'a>(name: &str, effects: impl Iterator<Item = &'a str>) -> Problem {
    let effects: Vec<_> = effects.collect();
    Problem::new("E305", format!("\"{name}\" does not vary within {}", effects.join(", ")))
        .fix("absorb fewer effects, or choose an outcome that varies within them")
}

/// Drops what is not identified, solves, and infers.
fn estimate(design: &Design, options: &FitOptions, of: Regression) -> Result<Fit> {
    let weights = design.weights.as_ref().map(|w| &w.values[..]);
    let Regression { model, names, mut columns, outcome, scale, family, normal } = of;

    // Regressors that the effects absorb go first, so that they cannot be blamed on other columns.
    let mut omitted = vec![None; names.len()];
    let mut left = Vec::with_capacity(names.len());
    for (j, column) in columns.iter().enumerate() {
        if !design.effects.is_empty() && weighted_dot(column, column, weights).sqrt() <= ABSORBED * scale[j] {
            omitted[j] = Some(absorbed_reason(design, &names[j]));
        } else {
            left.push(j);
        }
    }
    let views: Vec<&[f64]> = left.iter().map(|&j| &columns[j][..]).collect();
    let scale: Vec<f64> = left.iter().map(|&j| scale[j]).collect();
    let solution = least_squares(&views, &outcome, weights, &scale);
    let Selection { kept, omitted, dependent } = select(&names, omitted, &left, &solution);

    let mut residuals = outcome;
    residuals.par_chunks_mut(CHUNK).with_min_len(4).enumerate().for_each(|(chunk, residuals)| {
        for (&j, b) in kept.iter().zip(&solution.coefficients) {
            for (e, x) in residuals.iter_mut().zip(&columns[j][chunk * CHUNK..]) {
                *e -= b * x;
            }
        }
    });
    let mut position = 0;
    columns.retain(|_| {
        position += 1;
        kept.binary_search(&(position - 1)).is_ok()
    });
    let solution = Solution {
        model,
        family,
        names: kept.iter().map(|&j| names[j].clone()).collect(),
        coefficients: solution.coefficients,
        columns,
        residuals,
        bread: solution.inverse,
        omitted,
        dependent,
        normal,
    };
    let mut fit = Fit::of(design, options, solution)?;
    fit.inference = fit.infer(&options.vcov, &options.ssc)?;
    Ok(fit)
}

impl Fit {
    /// Position of a term.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// Residual degrees of freedom, all parameters counted.
    pub fn df_residual(&self) -> f64 {
        self.n_obs - self.parameters as f64
    }

    /// Weighted sum of squared residuals; analytic and probability weights are scaled to mean one.
    pub fn residual_sum(&self) -> f64 {
        let weights = self.weights.as_ref().map(|w| &w.values[..]);
        let scale = match &self.weights {
            Some(w) if w.kind != WeightKind::Frequency => self.n_obs / weighted_sum(&w.values, None),
            _ => 1.0,
        };
        scale * weighted_dot(&self.residuals, &self.residuals, weights)
    }

    /// Root mean squared error with degrees of freedom (Stata's Root MSE).
    pub fn rmse(&self) -> f64 {
        (self.residual_sum() / self.df_residual()).sqrt()
    }

    /// The same regression with another covariance; nothing is fitted again.
    ///
    /// # Errors
    /// Those of [`Fit::infer`].
    pub fn with_vcov(mut self, vcov: &Vcov, ssc: &Ssc) -> Result<Self> {
        self.inference = self.infer(vcov, ssc)?;
        Ok(self)
    }

    /// Covariance of the coefficients of another kind or under another small-sample rule.
    ///
    /// # Errors
    /// `E603` for a cluster variable that the design does not carry, `E404` when it has one cluster.
    pub fn infer(&self, vcov: &Vcov, ssc: &Ssc) -> Result<Inference> {
        let (vcov, mut warnings) = self.meaningful(vcov);
        let positions = self.cluster_positions(&vcov)?;
        let clusters: Vec<&Codes> = positions.iter().map(|&i| &self.clusters[i]).collect();
        for cluster in &clusters {
            warnings.extend(examine::clusters(cluster, clusters.len() > 1)?);
        }
        let robust = match self.family {
            Family::Linear => covariance(self.parts(), &vcov, &clusters, self.n_obs)?,
            _ => self.likelihood_covariance(&vcov, &clusters)?,
        };
        Ok(self.conclude(vcov, *ssc, robust, warnings))
    }

    /// The covariance that is computed where `vcov` is asked for, and what there is to say about it.
    fn meaningful(&self, vcov: &Vcov) -> (Vcov, Vec<Warning>) {
        let mut warnings = Vec::new();
        let mut vcov = vcov.clone();
        if vcov == Vcov::Iid && self.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability) {
            vcov = Vcov::Hc1;
            warnings.push(Warning::new(
                "W409",
                "with probability weights iid standard errors mean nothing; HC1 is used",
                "使用概率权重时同方差标准误无意义，改用 HC1",
            ));
        }
        (vcov, warnings)
    }

    /// What tests refer to, given the sandwich `robust` under `vcov`; `warnings` are those that came before.
    fn conclude(&self, vcov: Vcov, ssc: Ssc, robust: Robust, mut warnings: Vec<Warning>) -> Inference {
        let positions = self.cluster_positions(&vcov).unwrap_or_default();
        let clusters: Vec<&Codes> = positions.iter().map(|&i| &self.clusters[i]).collect();
        warnings.extend(robust.warnings.iter().cloned());
        if let Some(eigenvalue) = robust.repaired {
            warnings.push(Warning::new(
                "W703",
                format!("the covariance {vcov} had a negative eigenvalue ({eigenvalue:.2e}), which was set to zero"),
                format!("协方差矩阵{vcov}有负特征值（{eigenvalue:.2e}），已置零"),
            ));
        }
        let counts: Vec<usize> = clusters.iter().map(|c| c.levels).collect();
        let nested = (!positions.is_empty()).then(|| self.nested_in(&positions, ssc));
        let lost = (0..robust.lost.len()).filter(|&j| robust.lost[j] > 0);
        warnings.extend(lost.map(|j| examine::unidentified(&vcov, &self.names[j], robust.lost[j], clusters[0])));
        let k = ssc.parameters(self.names.len(), &self.shares, nested.as_deref());
        let periods = self.periods(&vcov);
        if let Some((periods, lags)) = periods {
            warnings.extend(examine::too_short(&vcov, periods, lags));
            warnings.extend(examine::bandwidth(&vcov, periods, lags));
        }
        if let (Some(own), [groups]) = (&robust.df, &counts[..]) {
            warnings.extend(examine::few_degrees(&vcov, &self.names, own, *groups));
        }
        let groups = periods.map_or_else(|| counts.clone(), |(periods, _)| vec![periods]);
        let full = ssc.all_parameters(self.names.len(), &self.shares);
        let mut adjustment = ssc.adjust(&vcov, self.n_obs, k, full, &groups);
        if self.family != Family::Linear && vcov == Vcov::Iid {
            // The inverse information has no variance of errors in it whose degrees of freedom could be counted.
            (adjustment.factor, adjustment.formula) = (1.0, Factor::default());
        }
        if self.normal {
            adjustment.df = f64::INFINITY;
        } else if let Some(own) = &robust.df {
            // What has no degrees of freedom of its own takes the fewest.
            adjustment.df = own.iter().copied().fold(f64::INFINITY, f64::min);
        }
        Inference {
            vcov,
            ssc,
            adjustment,
            clusters: counts,
            covariance: robust.covariance * adjustment.factor,
            df: robust.df,
            lost: robust.lost,
            warnings,
        }
    }

    /// Covariances of a likelihood: the inverse information, and sandwiches of its scores. Leverages and refits without a cluster
    /// are those of a linear regression.
    fn likelihood_covariance(&self, vcov: &Vcov, clusters: &[&Codes]) -> Result<Robust> {
        match vcov {
            Vcov::Iid => Ok(Robust { covariance: self.bread.clone(), ..Robust::default() }),
            Vcov::Hc2 | Vcov::Hc3 | Vcov::Cr2(_) | Vcov::Crv3(_) => Err(Problem::new(
                "E409",
                format!("{vcov} is defined for linear models, and this is a {} model", self.model),
            )
            .fix("cluster with the usual formula (cluster(city)), or use HC1")),
            _ => covariance(self.parts(), vcov, clusters, self.n_obs),
        }
    }

    /// Periods and lags of a covariance over time.
    fn periods(&self, vcov: &Vcov) -> Option<(usize, usize)> {
        let (Vcov::NeweyWest(lags) | Vcov::DriscollKraay(lags)) = vcov else { return None };
        let calendar = self.parts().calendar?;
        Some((calendar.times().len(), lags.unwrap_or(calendar.default_lags())))
    }

    /// What a covariance of the coefficients is made of.
    pub fn parts(&self) -> Estimate<'_> {
        Estimate {
            columns: &self.columns,
            residuals: &self.residuals,
            weights: self.weights.as_ref(),
            bread: &self.bread,
            effects: &self.absorbed,
            calendar: self.panel.as_ref().map(|(unit, time)| Calendar { unit, time }),
            places: self.coordinates.as_ref(),
        }
    }

    /// For each effect, whether a rule takes it as nested in these cluster variables.
    fn nested_in(&self, clusters: &[usize], ssc: Ssc) -> Vec<bool> {
        let effects = self.shares.iter().map(|share| share.effect + 1).max().unwrap_or(0);
        let each = || clusters.iter().map(|&i| &self.nested[i]);
        let nested = |effect: usize| match ssc.counted {
            Counted::FullButOne => each().all(|nested| nested[effect]),
            _ => each().any(|nested| nested[effect]),
        };
        (0..effects).map(nested).collect()
    }

    fn cluster_positions(&self, vcov: &Vcov) -> Result<Vec<usize>> {
        let find = |name: &String| {
            self.clusters
                .iter()
                .position(|c| c.name == *name)
                .ok_or_else(|| crate::frame::unknown_column(name, self.clusters.iter().map(|c| c.name.as_str())))
        };
        vcov.clusters().iter().map(find).collect()
    }

    /// The terms with inference, in the order of the formula.
    pub fn terms(&self) -> Vec<Term> {
        let own = |j: usize| self.inference.df.as_ref().map_or(self.inference.adjustment.df, |df| df[j]);
        (0..self.names.len())
            .map(|j| self.term_with(&self.names[j], self.coefficients[j], self.inference.covariance[(j, j)], own(j)))
            .collect()
    }

    /// A term from its estimate and variance, under the distribution in use.
    pub(crate) fn term(&self, name: &str, estimate: f64, variance: f64) -> Term {
        self.term_with(name, estimate, variance, self.inference.adjustment.df)
    }

    fn term_with(&self, name: &str, estimate: f64, variance: f64, df: f64) -> Term {
        Term::new(name, estimate, variance, df, self.level)
    }

    /// The SE card: everything that explains why the standard errors are what they are.
    pub fn se_card(&self) -> SeCard {
        self.card_of(&self.inference)
    }

    fn card_of(&self, Inference { vcov, ssc, adjustment, clusters, df, .. }: &Inference) -> SeCard {
        SeCard {
            vcov: vcov.to_string(),
            ssc: ssc.name().to_owned(),
            n: self.n_obs,
            k: adjustment.k,
            clusters: clusters.clone(),
            periods: self.periods(vcov).map(|(periods, _)| periods),
            factor: adjustment.factor,
            formula: adjustment.formula.to_string(),
            own_df: df.clone(),
            df: adjustment.df.is_finite().then_some(adjustment.df),
            equals: if self.family != Family::Linear {
                String::new()
            } else if self.normal {
                match vcov {
                    Vcov::Iid if ssc.preset != Preset::None => "Stata xtreg, re; R plm random".to_owned(),
                    Vcov::Cluster(_) if ssc.clusters => "Stata xtreg, re vce(cluster)".to_owned(),
                    _ => String::new(),
                }
            } else {
                ssc.equals(vcov, self.shares.len())
            },
        }
    }

    /// Levels and redundant levels of the absorbed effects; `nested` in a cluster variable in use.
    pub fn effects(&self) -> Vec<AbsorbedEffect> {
        let used = self.cluster_positions(&self.inference.vcov).unwrap_or_default();
        self.shares
            .iter()
            .map(|share| AbsorbedEffect {
                name: share.name.clone(),
                levels: share.levels,
                redundant: share.redundant(|_| true).min(share.levels),
                nested: used.iter().any(|&i| self.nested[i][share.effect]),
            })
            .collect()
    }

    /// The regression as results keep it.
    pub fn record(&self) -> FitRecord {
        let Inference { vcov, ssc, adjustment, clusters, covariance, warnings, .. } = &self.inference;
        let constant = |c: &Option<Constant>| c.as_ref().and_then(|c| c.term(self));
        FitRecord {
            outcome: self.outcome.clone(),
            model: self.model.clone(),
            terms: self.terms(),
            covariance: covariance.row_iter().map(|row| row.iter().copied().collect()).collect(),
            level: self.level,
            n_obs: self.n_obs.round() as usize,
            n_units: self.n_units,
            n_clusters: clusters.iter().copied().min(),
            df_residual: self.df_residual(),
            r2: self.r2.overall,
            r2_within: self.r2.within,
            r2_adjusted: self.r2.adjusted,
            r2_family: self.r2.clone(),
            vcov: vcov.to_string(),
            ssc: ssc.name().to_owned(),
            k: adjustment.k,
            se_card: self.se_card(),
            effects: self.effects(),
            weights: self
                .weights
                .as_ref()
                .filter(|w| !w.name.is_empty())
                .map(|w| format!("{} ({})", w.name, kind_name(w.kind))),
            likelihood: self.likelihood,
            mean_outcome: self.mean_outcome,
            constant_absorbed: constant(&self.constant_absorbed),
            constant_base: constant(&self.constant_base),
            omitted: self.omitted.clone(),
            dropped: self.ledger.dropped.clone(),
            ledger: self.ledger.clone(),
            warnings: self.warnings.iter().chain(warnings).cloned().collect(),
        }
    }
}

fn kind_name(kind: WeightKind) -> &'static str {
    match kind {
        WeightKind::Analytic => "analytic",
        WeightKind::Frequency => "frequency",
        WeightKind::Probability => "probability",
    }
}
