//! What a test of the wild bootstrap says.

use super::draws::Pivot;
use super::{Tail, Trial, WildKind, WildWeights, caution, invert};
use crate::message::Warning;

/// A draw whose variance is below this share of the sample's has none.
pub(super) const NO_VARIANCE: f64 = 1e-22;
/// Statistics closer than this share are equal: a draw of equal signs is the sample again.
const TIE: f64 = 1e-10;

/// A test by the wild bootstrap.
#[derive(Clone, Debug, PartialEq)]
pub struct WildTest {
    /// The sample's statistic: t, or F of several restrictions.
    pub statistic: f64,
    /// Restrictions.
    pub restrictions: usize,
    /// By the tail asked for. Of random draws `(1 + c)/(1 + B)`, where c of B draws are at least as extreme as the
    /// sample; of all combinations of signs, of which the sample is one, `c/B`.
    pub p_value: f64,
    /// Share of draws with |t*| at least |t| (F* at least F).
    pub p_symmetric: f64,
    /// Twice the smaller one-sided share; none for several restrictions.
    pub p_equal_tailed: Option<f64>,
    /// Draws strictly more extreme in absolute value; over `draws` the p-value of software that ignores ties.
    pub above: usize,
    /// Draws equal to the sample in absolute value.
    pub ties: usize,
    /// Values that the test does not reject; none for several restrictions, or when not asked for.
    pub set: Option<ConfidenceSet>,
    /// Draws.
    pub draws: usize,
    /// The draws are all combinations of signs.
    pub enumerated: bool,
    /// Type; none for the score bootstrap.
    pub kind: Option<WildKind>,
    /// Random weights.
    pub weights: WildWeights,
    /// Seed.
    pub seed: u64,
    /// Clusters.
    pub clusters: usize,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// Values that a test does not reject.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceSet {
    /// Confidence level.
    pub level: f64,
    /// Pieces, ascending; an end is infinite where the set is open.
    pub pieces: Vec<[f64; 2]>,
}

impl ConfidenceSet {
    /// The lowest value, none when there is no bound.
    pub fn low(&self) -> Option<f64> {
        self.pieces.first().map(|piece| piece[0]).filter(|end| end.is_finite())
    }

    /// The highest value, none when there is no bound.
    pub fn high(&self) -> Option<f64> {
        self.pieces.last().map(|piece| piece[1]).filter(|end| end.is_finite())
    }
}

impl Trial {
    /// p-values and confidence set.
    pub fn test(&self) -> WildTest {
        let statistic = self.statistic();
        let single = self.parts.q == 1;
        let pivots = if single { self.pivots() } else { Vec::new() };
        let draws: Vec<f64> =
            if single { pivots.iter().map(|pivot| self.at_null(pivot)).collect() } else { self.statistics() };
        let size = statistic.abs();
        let weak = draws.iter().filter(|t| t.abs() >= size * (1.0 - TIE)).count();
        let above = draws.iter().filter(|t| t.abs() > size * (1.0 + TIE)).count();
        let undefined = draws.iter().filter(|t| t.is_infinite()).count();
        let p_symmetric = self.share(weak);
        let p_equal_tailed = single.then(|| {
            let upper = draws.iter().filter(|t| **t >= statistic - TIE * size).count();
            let lower = draws.iter().filter(|t| **t <= statistic + TIE * size || t.is_infinite()).count();
            (2.0 * self.share(upper.min(lower))).min(1.0)
        });
        let mut warnings = caution::cautions(&self.parts, self.kind, &self.source, self.cluster.as_deref());
        warnings.extend(caution::undefined(undefined, draws.len()));
        let level = self.options.level.filter(|_| single);
        let set = level.map(|level| ConfidenceSet { level, pieces: self.set(&pivots, &draws, level) });
        warnings.extend(set.as_ref().and_then(|set| caution::odd_set(&set.pieces, set.level)));
        let equal = p_equal_tailed.filter(|_| self.options.tail == Tail::EqualTailed);
        WildTest {
            statistic,
            restrictions: self.parts.q,
            p_value: equal.unwrap_or(p_symmetric),
            p_symmetric,
            p_equal_tailed,
            above,
            ties: weak - above,
            set,
            draws: draws.len(),
            enumerated: self.source.enumerated,
            kind: self.kind,
            weights: self.options.weights,
            seed: self.options.seed,
            clusters: self.parts.groups,
            warnings,
        }
    }

    /// p-value when `count` draws are at least as extreme as the sample.
    fn share(&self, count: usize) -> f64 {
        let draws = self.source.draws as f64;
        if self.source.enumerated { count as f64 / draws } else { (1.0 + count as f64) / (1.0 + draws) }
    }

    /// Pieces of the confidence set.
    fn set(&self, pivots: &[Pivot], draws: &[f64], level: f64) -> Vec<[f64; 2]> {
        let tail = self.options.tail;
        let alpha = if tail == Tail::EqualTailed { 0.5 } else { 1.0 } * (1.0 - level);
        // The fewest draws with which a value is not rejected; rounding must not decide on the boundary.
        let least =
            (0..=self.source.draws).find(|c| self.share(*c) > alpha * (1.0 + 1e-12)).unwrap_or(self.source.draws);
        let deviation = self.parts.meat[(0, 0)].sqrt();
        if self.kind.is_some_and(|kind| kind.null_imposed) {
            let unit: Vec<Pivot> = pivots
                .iter()
                .map(|p| Pivot { n: p.n.map(|n| n / deviation), a: p.a.map(|a| a / (deviation * deviation)) })
                .collect();
            let place = |z: f64| self.estimate + deviation * z;
            return invert::accepted(&unit, least, tail).into_iter().map(|piece| piece.map(place)).collect();
        }
        // Draws do not depend on the hypothesis: the set is the estimate less quantiles of t*, times its error.
        let error = deviation * self.factor.sqrt();
        let nth = |mut values: Vec<f64>| {
            values.sort_by(|a, b| b.total_cmp(a));
            values.get(least.saturating_sub(1)).copied().unwrap_or(f64::NEG_INFINITY)
        };
        let [lower, upper] = match tail {
            Tail::Symmetric => [nth(draws.iter().map(|t| t.abs()).collect()); 2],
            Tail::EqualTailed => {
                let mirrored = draws.iter().map(|t| if t.is_infinite() { *t } else { -t }).collect();
                [nth(draws.to_vec()), nth(mirrored)]
            }
        };
        vec![[self.estimate - error * lower, self.estimate + error * upper]]
    }
}
