//! The wild cluster bootstrap of a regression (Cameron, Gelbach and Miller 2008): null imposed (WCR) or not (WCU),
//! in the four types of MacKinnon, Nielsen and Webb (2023), with absorbed effects and weights, exactly.
//!
//! A draw gives the residuals of each cluster one random weight `v_g`, adds them to the fitted values, and runs the
//! whole regression again. Nothing of that touches a row here: cluster sums made once ([`moments`]) turn every draw
//! into sums over clusters (`parts`), and its statistic is that of the regression on `y*` with all dummies written
//! out. Draw r has random stream r of its own, so that it is the same on any number of threads and can be had alone.
//!
//! ```text
//! let wild = Wild::new(&fit, &WildOptions::default())?;
//! let test = wild.coefficient(0, 0.0)?;          // p-value and confidence set of the first coefficient
//! let test = wild.combination(&[0.5, 0.5], 0.0)?; // of the mean of two
//! let test = wild.joint(&restrictions, &[0.0, 0.0])?;
//! ```

mod caution;
mod draws;
mod invert;
pub(crate) mod moments;
mod parts;
mod record;
mod resample;
mod result;
mod score;
mod weights;

use std::fmt;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fit::{Family, Fit};
use crate::message::{Problem, Result};
use crate::vcov::Vcov;
use draws::{Lines, Pivot};
use moments::Moments;
use parts::Parts;
pub(crate) use record::none;
pub use record::{WildRecord, record, tested};
pub use resample::Resample;
pub use result::{ConfidenceSet, WildTest};
pub use score::score;
use weights::Source;

/// Which wild cluster bootstrap. In names such as `WCR31` the first digit says how residuals are made, the second
/// how the variance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WildKind {
    /// WCR: draws obey the hypothesis. WCU: they are centred on the estimate.
    pub null_imposed: bool,
    /// First digit 3: each cluster has the residuals of the regression without it (CRV3-like scores). 1: plain ones.
    pub jackknife_scores: bool,
    /// Second digit 3: variance CRV3, the cluster jackknife. 1: CRV1.
    pub jackknife_variance: bool,
}

/// Distribution of the random weights; all have mean zero and variance one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WildWeights {
    /// -1 or 1.
    #[default]
    Rademacher,
    /// Plus or minus the root of 1/2, 1 or 3/2 (Webb 2023), for few clusters.
    Webb,
    /// Two points with third moment one (Mammen 1993).
    Mammen,
    /// Standard normal.
    Normal,
}

/// What counts as more extreme than the sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tail {
    /// |t*| at least |t|.
    #[default]
    Symmetric,
    /// Twice the smaller of the two one-sided shares.
    EqualTailed,
}

/// How to bootstrap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WildOptions {
    /// Draws.
    pub draws: usize,
    /// Type.
    pub kind: WildKind,
    /// Random weights.
    pub weights: WildWeights,
    /// Seed of the random weights.
    pub seed: u64,
    /// Which p-value decides, also for the confidence set.
    pub tail: Tail,
    /// Confidence level; none for no confidence set.
    pub level: Option<f64>,
}

impl Default for WildKind {
    /// WCR11.
    fn default() -> Self {
        Self { null_imposed: true, jackknife_scores: false, jackknife_variance: false }
    }
}

impl WildKind {
    /// All eight.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|i| Self { null_imposed: i & 4 == 0, jackknife_scores: i & 2 != 0, jackknife_variance: i & 1 != 0 })
    }

    /// Reads `wcr11`, `WCU33`.
    ///
    /// # Errors
    /// `E602` for any other word.
    pub fn parse(word: &str) -> Result<Self> {
        Self::all().find(|kind| kind.to_string().eq_ignore_ascii_case(word.trim())).ok_or_else(|| {
            let known: Vec<String> = Self::all().map(|kind| kind.to_string().to_lowercase()).collect();
            Problem::new("E602", format!("\"{word}\" is no type of wild bootstrap"))
                .fix(format!("one of {}", known.join(", ")))
        })
    }
}

impl fmt::Display for WildKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |jackknife: bool| if jackknife { 3 } else { 1 };
        let letter = if self.null_imposed { 'R' } else { 'U' };
        write!(f, "WC{letter}{}{}", digit(self.jackknife_scores), digit(self.jackknife_variance))
    }
}

impl WildWeights {
    /// Reads a name.
    ///
    /// # Errors
    /// `E602` for a word that is none.
    pub fn parse(word: &str) -> Result<Self> {
        [Self::Rademacher, Self::Webb, Self::Mammen, Self::Normal]
            .into_iter()
            .find(|weights| weights.name().eq_ignore_ascii_case(word.trim()))
            .ok_or_else(|| {
                Problem::new("E602", format!("\"{word}\" is no distribution of bootstrap weights"))
                    .fix("one of rademacher, webb, mammen, normal")
            })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rademacher => "rademacher",
            Self::Webb => "webb",
            Self::Mammen => "mammen",
            Self::Normal => "normal",
        }
    }
}

impl Default for WildOptions {
    /// 9,999 draws of WCR11 with random signs, 95 % confidence set.
    fn default() -> Self {
        Self {
            draws: 9999,
            kind: WildKind::default(),
            weights: WildWeights::default(),
            seed: 1,
            tail: Tail::default(),
            level: Some(0.95),
        }
    }
}

/// Below this many clusters random signs have few distinct combinations.
const FEW_SIGNS: usize = 12;

impl WildOptions {
    /// What is asked when nobody asks: the defaults, with Webb's weights where signs are too few (Webb 2023).
    pub fn suited(clusters: usize, level: f64, seed: u64) -> Self {
        let weights = if clusters < FEW_SIGNS { WildWeights::Webb } else { WildWeights::Rademacher };
        Self { weights, level: Some(level), seed, ..Self::default() }
    }
}

/// Fewest draws from which a 5 % test can reject.
const LEAST_DRAWS: usize = 39;

/// A regression ready for the tests of its coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Wild {
    /// Coefficients of the regression.
    coefficients: Vec<f64>,
    options: WildOptions,
    /// Cluster variable.
    by: String,
    moments: Moments,
    /// Small-sample factor of the variance.
    factor: f64,
}

impl Wild {
    /// Sums `fit` by cluster; the cost of everything that comes after does not depend on the number of rows.
    ///
    /// # Errors
    /// `E607` unless the standard errors are clustered by one variable, with too few draws, or for random effects and
    /// Poisson models; `E404` for a single cluster; `E409` when effects with too many levels are not nested in the clusters.
    pub fn new(fit: &Fit, options: &WildOptions) -> Result<Self> {
        if options.draws < LEAST_DRAWS {
            return Err(Problem::new(
                "E607",
                format!("{} draws of the wild bootstrap cannot reject anything", options.draws),
            )
            .fix(format!("ask for {LEAST_DRAWS} or more; 9999 is usual")));
        }
        if fit.components.is_some() || fit.instruments.is_some() || fit.family != Family::Linear {
            return Err(Problem::new(
                "E607",
                format!("the wild bootstrap repeats a least-squares regression, and a {} model is none", fit.model),
            )
            .fix("use the linear model with fixed effects"));
        }
        let name = match fit.inference.vcov.clusters() {
            [name] => name.clone(),
            names => {
                return Err(Problem::new("E607", format!("the wild bootstrap draws one weight for each cluster of one variable, and the standard errors have {}", names.len()))
                    .fix("cluster the standard errors by one variable, that at which the policy is assigned"));
            }
        };
        let vcov = Vcov::cluster(&name);
        let counted = if fit.inference.vcov == vcov { None } else { Some(fit.infer(&vcov, &fit.inference.ssc)?) };
        let unknown = || crate::frame::unknown_column(&name, fit.clusters.iter().map(|c| c.name.as_str()));
        let cluster = fit.clusters.iter().find(|c| c.name == name).ok_or_else(unknown)?;
        let jackknife = options.kind.jackknife_scores || options.kind.jackknife_variance;
        let moments = Moments::new(fit, cluster, jackknife)?;
        let groups = cluster.levels as f64;
        let factor = if options.kind.jackknife_variance {
            (groups - 1.0) / groups
        } else {
            counted.as_ref().unwrap_or(&fit.inference).adjustment.factor
        };
        Ok(Self { coefficients: fit.coefficients.clone(), options: *options, by: name, moments, factor })
    }

    /// Tests that the coefficient at `position` is `value`.
    ///
    /// # Errors
    /// `E607` when it has no variance.
    pub fn coefficient(&self, position: usize, value: f64) -> Result<WildTest> {
        let mut weights = vec![0.0; self.coefficients.len()];
        weights[position] = 1.0;
        self.combination(&weights, value)
    }

    /// Tests that the combination `weights'b` of the coefficients is `value`.
    ///
    /// # Errors
    /// `E607` when it has no variance.
    pub fn combination(&self, weights: &[f64], value: f64) -> Result<WildTest> {
        Ok(self.trial(&DMatrix::from_row_slice(1, weights.len(), weights), &[value])?.test())
    }

    /// Tests that the coefficients at `positions` are all zero.
    ///
    /// # Errors
    /// `E607` when they cannot be tested jointly.
    pub fn zero(&self, positions: &[usize]) -> Result<WildTest> {
        let own = |i: usize, j: usize| f64::from(u8::from(positions[i] == j));
        let restrictions = DMatrix::from_fn(positions.len(), self.coefficients.len(), own);
        self.joint(&restrictions, &vec![0.0; positions.len()])
    }

    /// Tests `R b = r` jointly, for R of q rows and one column for each coefficient; no confidence set when q > 1.
    ///
    /// # Errors
    /// `E607` when the restrictions depend on each other or are as many as clusters.
    pub fn joint(&self, restrictions: &DMatrix<f64>, values: &[f64]) -> Result<WildTest> {
        Ok(self.trial(restrictions, values)?.test())
    }

    /// The test of `R b = r`, draw by draw.
    ///
    /// # Errors
    /// As [`Wild::joint`].
    pub fn trial(&self, restrictions: &DMatrix<f64>, values: &[f64]) -> Result<Trial> {
        if restrictions.nrows() == 0 {
            return Err(Problem::new("E607", "the wild bootstrap was given nothing to test"));
        }
        let estimate = restrictions * DVector::from_column_slice(&self.coefficients);
        let value = &estimate - DVector::from_column_slice(values);
        let span = self.options.level.is_some() && restrictions.nrows() == 1;
        let parts = Parts::new(&self.moments, self.options.kind, restrictions, value, span)?;
        let cluster = Some(self.by.clone());
        Ok(Trial::new(parts, self.options, Some(self.options.kind), cluster, estimate[0], self.factor))
    }
}

/// One test of the wild bootstrap.
#[derive(Clone, Debug)]
pub struct Trial {
    parts: Parts,
    source: Source,
    options: WildOptions,
    /// Type; none for the score bootstrap.
    kind: Option<WildKind>,
    /// Cluster variable, where it is known.
    cluster: Option<String>,
    /// `R b` of a single restriction.
    estimate: f64,
    factor: f64,
}

impl Trial {
    fn new(
        parts: Parts,
        options: WildOptions,
        kind: Option<WildKind>,
        cluster: Option<String>,
        estimate: f64,
        factor: f64,
    ) -> Self {
        let source = Source::new(options.weights, parts.groups, options.draws, options.seed);
        Self { parts, source, options, kind, cluster, estimate, factor }
    }

    /// The sample's statistic: t of a single restriction, F of several.
    pub fn statistic(&self) -> f64 {
        self.statistic_of(&self.parts.value, &self.parts.meat)
    }

    /// Draws in all: those asked for, or all combinations of signs.
    pub fn draws(&self) -> usize {
        self.source.draws
    }

    /// The weights of draw `number`, one for each cluster.
    pub fn weights(&self, number: usize) -> Vec<f64> {
        self.source.draw(number as u64)
    }

    /// The statistic of draw `number` alone; infinite when the draw has no variance.
    pub fn draw(&self, number: usize) -> f64 {
        if self.parts.q == 1 {
            return self.at_null(&draws::one(&self.parts, &self.weights(number)));
        }
        let (numerators, squares) = self.parts.sums(&self.weights(number));
        self.statistic_of(&numerators[0], &squares[0])
    }

    /// The statistics of all draws, in order.
    pub fn statistics(&self) -> Vec<f64> {
        if self.parts.q == 1 {
            return self.pivots().iter().map(|pivot| self.at_null(pivot)).collect();
        }
        (0..self.draws()).into_par_iter().map(|number| self.draw(number)).collect()
    }

    fn pivots(&self) -> Vec<Pivot> {
        Lines::new(&self.parts).all(&self.source)
    }

    /// Where the hypothesised value lies, in standard errors (without factor) from the estimate.
    fn position(&self) -> f64 {
        if self.parts.points.len() > 1 { -self.parts.value[0] / self.parts.meat[(0, 0)].sqrt() } else { 0.0 }
    }

    fn at_null(&self, pivot: &Pivot) -> f64 {
        let (numerator, variance) = pivot.at(self.position());
        if variance <= result::NO_VARIANCE * self.parts.meat[(0, 0)] {
            return f64::INFINITY;
        }
        numerator / (self.factor * variance).sqrt()
    }

    fn statistic_of(&self, value: &DVector<f64>, meat: &DMatrix<f64>) -> f64 {
        if self.parts.q == 1 {
            return value[0] / (self.factor * meat[(0, 0)]).sqrt();
        }
        let scale = meat.diagonal().map(|v| if v > 0.0 { 1.0 / v.sqrt() } else { 0.0 });
        let scaled = DMatrix::from_fn(value.len(), value.len(), |i, j| meat[(i, j)] * scale[i] * scale[j]);
        let value = value.component_mul(&scale);
        match scaled.cholesky() {
            Some(root) => value.dot(&root.solve(&value)) / (self.factor * self.parts.q as f64),
            None => f64::INFINITY,
        }
    }
}
