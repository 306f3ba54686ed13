//! How robust are effects to violations of parallel trends? Rambachan and Roth (2023, Review of Economic Studies 90(5)).
//!
//! Input are the coefficients of any event study and their covariance. [`Set`] and [`Shape`] say which violations are
//! thought possible after the reference, by a size `M`; the answer is an interval for a combination of the effects that
//! covers whatever the violation, for each `M`, and the largest `M` at which it leaves zero out. Reference
//! implementation: R HonestDiD.

mod fixed_length;
mod interval;
mod moments;
mod restriction;
mod study;
mod truncated;

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use fixed_length::{FixedLength, FixedLengthInterval, folded_quantile};
pub use restriction::{Inequalities, Set, Shape};
pub use study::Target;

use crate::math::distribution::normal_quantile;
use crate::math::random::stream;
use crate::message::{Problem, Result, Warning};
use interval::Union;

/// How an interval is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Optimal fixed-length interval: smoothness alone, without a shape.
    FixedLength,
    /// Conditional test of Andrews, Roth and Pakes.
    Conditional,
    /// Their hybrid with the least favourable critical value.
    LeastFavourable,
}

/// Coefficients of an event study around their reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficients {
    /// Coefficients before the reference and after it, both ascending in time and one period apart.
    pub estimate: DVector<f64>,
    /// Their covariance.
    pub covariance: DMatrix<f64>,
    /// How many are before the reference; at least one.
    pub pre: usize,
    /// Weights of the target on the coefficients after the reference.
    pub target: Vec<f64>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Which violations are possible.
    pub set: Set,
    /// What else is known of them.
    pub shape: Shape,
    /// How the intervals are found; none means fixed length where it applies and the hybrid elsewhere.
    pub method: Option<Method>,
    /// Sizes of the set; none means ten, as in the reference implementation: from 0 to 2 for relative sets, and to the
    /// largest bend that the coefficients before the reference allow for smoothness.
    pub sizes: Option<Vec<f64>>,
    /// Probability of coverage.
    pub level: f64,
    /// Seed of the draws behind least favourable critical values.
    pub seed: u64,
}

impl Options {
    /// The defaults for `set`.
    pub fn new(set: Set) -> Self {
        Self { set, shape: Shape::Any, method: None, sizes: None, level: 0.95, seed: 0 }
    }
}

/// Whether an interval has two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// Both are there.
    Closed,
    /// Nothing bounds it from below.
    OpenBelow,
    /// Nothing bounds it from above.
    OpenAbove,
    /// Nothing bounds it.
    Open,
    /// Every value is rejected: the estimates contradict the set.
    Empty,
}

/// The interval of one size of the set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// `M` or `Mbar`.
    pub m: f64,
    /// Lower end; none where there is none.
    pub conf_low: Option<f64>,
    /// Upper end; none where there is none.
    pub conf_high: Option<f64>,
    /// Whether both ends are there.
    pub ends: Ends,
}

impl Interval {
    fn new(m: f64, found: Option<(f64, f64)>) -> Self {
        let (conf_low, conf_high) = found.map_or((None, None), |(low, high)| {
            (Some(low).filter(|low| low.is_finite()), Some(high).filter(|high| high.is_finite()))
        });
        let ends = match (found, conf_low, conf_high) {
            (None, ..) => Ends::Empty,
            (_, Some(_), Some(_)) => Ends::Closed,
            (_, None, Some(_)) => Ends::OpenBelow,
            (_, Some(_), None) => Ends::OpenAbove,
            (_, None, None) => Ends::Open,
        };
        Self { m, conf_low, conf_high, ends }
    }

    /// Whether zero lies outside.
    pub fn excludes_zero(&self) -> bool {
        self.ends == Ends::Empty
            || self.conf_low.is_some_and(|low| low > 0.0)
            || self.conf_high.is_some_and(|high| high < 0.0)
    }
}

/// The largest size at which the interval leaves zero out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "m")]
pub enum Breakdown {
    /// This one.
    At(f64),
    /// None: zero is inside at size 0 already.
    Never,
    /// Beyond this size, the largest that was tried.
    Beyond(f64),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Which violations are possible.
    pub set: Set,
    /// What else is known of them.
    pub shape: Shape,
    /// How the intervals were found.
    pub method: Method,
    /// Probability of coverage.
    pub level: f64,
    /// Estimate of the target under parallel trends.
    pub estimate: f64,
    /// Interval under parallel trends.
    pub original: Interval,
    /// One for each size, ascending.
    pub intervals: Vec<Interval>,
    /// Largest size at which zero is left out, to a ten-thousandth.
    pub breakdown: Breakdown,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// Fixed directions of standard normal vectors, shared by all critical values of an answer.
pub(crate) struct Draws {
    /// Unit vectors; each stands for its opposite too.
    pub directions: Vec<Vec<f64>>,
}

/// Pairs of opposite directions behind a least favourable critical value.
const DIRECTIONS: usize = 512;

impl Draws {
    fn new(dimensions: usize, seed: u64) -> Self {
        let directions = (0..DIRECTIONS as u64).map(|i| {
            let mut random = stream(seed, i);
            let vector: Vec<f64> = (0..dimensions).map(|_| random.normal()).collect();
            let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            vector.iter().map(|x| x / length).collect()
        });
        Self { directions: directions.collect() }
    }
}

/// What all sizes of one set share.
struct Engine<'a> {
    coefficients: &'a Coefficients,
    options: &'a Options,
    method: Method,
    fixed_length: Option<FixedLength>,
    root: DMatrix<f64>,
    draws: Draws,
}

impl<'a> Engine<'a> {
    fn new(coefficients: &'a Coefficients, options: &'a Options, method: Method) -> Self {
        // A root that exists for singular covariances too: clusters may be fewer than coefficients.
        let eigen = SymmetricEigen::new(coefficients.covariance.clone());
        let values = &eigen.eigenvalues;
        let kept: Vec<usize> = (0..values.len()).filter(|&i| values[i] > 1e-12 * values.max()).collect();
        let root = DMatrix::from_fn(values.len(), kept.len(), |i, j| {
            eigen.eigenvectors[(i, kept[j])] * values[kept[j]].sqrt()
        });
        Self {
            coefficients,
            options,
            method,
            fixed_length: (method == Method::FixedLength).then(|| FixedLength::new(coefficients)),
            draws: Draws::new(root.ncols(), options.seed),
            root,
        }
    }

    fn interval(&self, m: f64) -> Interval {
        let Options { set, shape, level, .. } = self.options;
        if let Some(fixed_length) = &self.fixed_length {
            let found = fixed_length.interval(m, *level);
            return Interval::new(m, Some((found.conf_low, found.conf_high)));
        }
        let polyhedra = set.polyhedra(m, *shape, self.coefficients.pre, self.coefficients.target.len());
        let union = Union { coefficients: self.coefficients, root: &self.root, draws: &self.draws };
        Interval::new(m, union.interval(&polyhedra, self.method, 1.0 - level))
    }

    /// Largest size at which zero is left out, found between two sizes of the grid, or beyond it by doubling.
    fn breakdown(&self, intervals: &[Interval]) -> Breakdown {
        if !self.interval(0.0).excludes_zero() {
            return Breakdown::Never;
        }
        // From the first size of the grid that lets zero in, or by doubling.
        let mut low = 0.0;
        let mut high = None;
        for interval in intervals.iter().filter(|interval| interval.m > 0.0) {
            if !interval.excludes_zero() {
                high = Some(interval.m);
                break;
            }
            low = interval.m;
        }
        let mut high = high.unwrap_or_else(|| {
            let mut next = if low > 0.0 { 2.0 * low } else { self.coefficients.error().max(f64::MIN_POSITIVE) };
            for _ in 0..20 {
                if !self.interval(next).excludes_zero() {
                    return next;
                }
                low = next;
                next *= 2.0;
            }
            f64::INFINITY
        });
        if high.is_infinite() {
            return Breakdown::Beyond(low);
        }
        while high - low > 1e-4 * high {
            let middle = 0.5 * (low + high);
            if self.interval(middle).excludes_zero() { low = middle } else { high = middle }
        }
        Breakdown::At(low)
    }
}

/// Intervals of the target of `coefficients` when parallel trends fail by no more than a set of violations allows.
///
/// # Errors
/// `E607` when the set is not defined for so few coefficients before the reference, when fixed length is asked for
/// with another set or with a shape, and when a size or the level is impossible.
pub fn sensitivity(coefficients: &Coefficients, options: &Options) -> Result<Sensitivity> {
    let method = check(coefficients, options)?;
    let engine = Engine::new(coefficients, options, method);
    let mut sizes = options.sizes.clone().unwrap_or_else(|| default_sizes(coefficients, options.set));
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let intervals: Vec<Interval> = sizes.par_iter().map(|&m| engine.interval(m)).collect();
    let breakdown = engine.breakdown(&intervals);
    let estimate = coefficients.value();
    let half = normal_quantile(0.5 + options.level / 2.0) * coefficients.error();
    Ok(Sensitivity {
        set: options.set,
        shape: options.shape,
        method,
        level: options.level,
        estimate,
        original: Interval::new(0.0, Some((estimate - half, estimate + half))),
        warnings: warnings(&intervals),
        intervals,
        breakdown,
    })
}

impl Coefficients {
    /// The target under parallel trends.
    pub fn value(&self) -> f64 {
        self.target.iter().enumerate().map(|(t, weight)| weight * self.estimate[self.pre + t]).sum()
    }

    /// Standard error of [`Coefficients::value`].
    pub fn error(&self) -> f64 {
        let weights = DVector::from_column_slice(&self.target);
        let block = self.covariance.view((self.pre, self.pre), (self.target.len(), self.target.len()));
        weights.dot(&(block * &weights)).max(0.0).sqrt()
    }
}

/// The method, when what is asked is possible.
fn check(coefficients: &Coefficients, options: &Options) -> Result<Method> {
    let Options { set, shape, method, sizes, level, .. } = options;
    if coefficients.pre < set.least_pre() {
        let (needed, pre) = (set.least_pre(), coefficients.pre);
        return Err(Problem::new("E607", format!("{} compares with what happened before the reference and needs {needed} coefficients there; this event study has {pre}", set.name()))
            .fix("widen the window to earlier periods, or use smoothness"));
    }
    if coefficients.target.iter().all(|weight| *weight == 0.0) {
        return Err(Problem::new("E607", "the target of the sensitivity analysis puts no weight on any effect"));
    }
    if !(0.0..1.0).contains(level) || *level == 0.0 {
        return Err(Problem::new("E607", format!("a confidence level lies between 0 and 1, not at {level}")));
    }
    if let Some(m) = sizes.iter().flatten().find(|m| !m.is_finite() || **m < 0.0) {
        return Err(Problem::new(
            "E607",
            format!("a bound on the violation of parallel trends is not negative, and {m} is none"),
        ));
    }
    let plain = *set == Set::Smoothness && *shape == Shape::Any;
    let method = method.unwrap_or(if plain { Method::FixedLength } else { Method::LeastFavourable });
    if method == Method::FixedLength && !plain {
        return Err(Problem::new(
            "E607",
            "the fixed-length interval uses smoothness alone and would ignore the rest of what is asked",
        )
        .fix("ask for the hybrid (`least_favourable`) or the conditional test"));
    }
    Ok(method)
}

impl Set {
    /// What the set is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoothness => "smoothness",
            Self::RelativeMagnitudes => "the relative magnitude of violations",
            Self::RelativeSmoothness => "the relative size of deviations from a line",
        }
    }
}

/// Ten sizes from zero: to 2 for a relative set; for smoothness to the largest second difference before the reference
/// plus 1.645 standard errors of it (HonestDiD `DeltaSD_upperBound_Mpre`), or to the standard error of the only
/// coefficient there.
fn default_sizes(coefficients: &Coefficients, set: Set) -> Vec<f64> {
    let largest = if set != Set::Smoothness {
        2.0
    } else if coefficients.pre < 2 {
        coefficients.covariance[(0, 0)].sqrt()
    } else {
        let pre = coefficients.pre;
        let block = coefficients.covariance.view((0, 0), (pre, pre));
        let ends = (0..pre - 1).flat_map(|t| {
            let row = DVector::from_vec(restriction::difference(2, t, pre + 1)[..pre].to_vec());
            let (value, error) =
                (row.dot(&coefficients.estimate.rows(0, pre)), row.dot(&(block * &row)).max(0.0).sqrt());
            [value, -value].map(|value| value + normal_quantile(0.95) * error)
        });
        ends.fold(0.0, f64::max)
    };
    (0..10).map(|i| largest * f64::from(i) / 9.0).collect()
}

fn warnings(intervals: &[Interval]) -> Vec<Warning> {
    let of = |wanted: fn(Ends) -> bool| {
        let list: Vec<String> = intervals.iter().filter(|i| wanted(i.ends)).map(|i| format!("{:.4}", i.m)).collect();
        (!list.is_empty()).then(|| list.join(", "))
    };
    let open = of(|ends| matches!(ends, Ends::OpenBelow | Ends::OpenAbove | Ends::Open)).map(|list| {
        Warning::new(
            "W840",
            format!(
                "the confidence set has no end on one side or both at M = {list}: no value that far out is rejected"
            ),
            format!("当M = {list}时，置信集至少一侧无界：再远的值也不被拒绝"),
        )
    });
    let empty = of(|ends| ends == Ends::Empty).map(|list| {
        Warning::new(
            "W841",
            format!("at M = {list} every value is rejected: the coefficients contradict the restriction itself"),
            format!("当M = {list}时，所有取值均被拒绝：系数与所设限制相矛盾"),
        )
    });
    open.into_iter().chain(empty).collect()
}

#[cfg(test)]
mod tests;
