//! What two-stage least squares tells beside its coefficients.

use serde::{Deserialize, Serialize};

use crate::fit::{Omitted, Term, Wald};
use crate::text::Text;

/// The instruments of a regression: what they explain, what they are worth, and what holds without trusting them.
/// All tests use the covariance `vcov` with the small-sample factor of the regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IvRecord {
    /// Endogenous regressors.
    pub endogenous: Vec<String>,
    /// Excluded instruments in use.
    pub instruments: Vec<String>,
    /// Instruments left out, and why.
    pub omitted: Vec<Omitted>,
    /// Covariance that the tests rest on.
    pub vcov: String,
    /// Root mean squared residual of the second stage, `sqrt(e'We / (N - K))`, all effects counted.
    pub rmse: f64,
    /// One regression for each endogenous regressor.
    pub first_stages: Vec<FirstStage>,
    /// The test that some combination of endogenous regressors is not identified, as F; absent when its covariance is singular.
    pub rank: Option<RankF>,
    /// The effective F; with one endogenous regressor.
    pub effective_f: Option<EffectiveF>,
    /// Anderson and Rubin (1949): all coefficients of endogenous regressors are zero, whatever the strength of instruments.
    pub anderson_rubin: Wald,
    /// The values of the coefficient that this test does not reject; with one endogenous regressor.
    pub confidence_set: Option<AndersonRubinSet>,
    /// Why there is no such set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_set: Option<Text>,
    /// Sargan (1958) under iid errors, Hansen (1982) otherwise; with more instruments than endogenous regressors.
    pub overidentification: Option<Wald>,
    /// The endogenous regressors are exogenous (Durbin 1954, Wu 1973, Hausman 1978; in regression form).
    pub wu_hausman: Option<Wald>,
}

/// The regression of an endogenous regressor on instruments and exogenous regressors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstStage {
    /// The endogenous regressor.
    pub endogenous: String,
    /// Coefficients of the instruments and, behind them, of the exogenous regressors.
    pub terms: Vec<Term>,
    /// Share of what exogenous regressors and effects leave of it that the instruments explain.
    pub partial_r2: f64,
    /// The instruments have no coefficients.
    pub f: Wald,
}

/// F of a test that endogenous regressors are not identified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankF {
    /// `Cragg-Donald` under iid errors, `Kleibergen-Paap` otherwise.
    pub kind: String,
    /// Statistic: the chi-squared of the rank test over the number of instruments, small-sample factor included.
    pub statistic: f64,
}

/// The effective F of Montiel Olea and Pflueger (2013) and its critical values at 5 %, for a bias of no more than a
/// share of the worst case.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectiveF {
    /// Statistic.
    pub statistic: f64,
    /// Critical value for a bias of 5 %.
    pub critical_5: f64,
    /// Critical value for a bias of 10 %.
    pub critical_10: f64,
    /// Critical value for a bias of 20 %.
    pub critical_20: f64,
}

/// Values that the Anderson-Rubin test does not reject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AndersonRubinSet {
    /// Confidence level.
    pub level: f64,
    /// Its pieces, ascending; an end that is absent is open. No piece: every value is rejected, which speaks against the
    /// instruments.
    pub pieces: Vec<[Option<f64>; 2]>,
}

/// What a confidence set looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One interval with two ends.
    Bounded,
    /// Nothing.
    Empty,
    /// Every number.
    Everything,
    /// One piece, open on a side.
    HalfOpen,
    /// Several pieces, the outer ones open: all numbers but those between.
    Outside,
    /// Several pieces, some end closed.
    Pieces,
}

impl AndersonRubinSet {
    /// What it looks like.
    pub fn shape(&self) -> Shape {
        match self.pieces.as_slice() {
            [] => Shape::Empty,
            [[Some(_), Some(_)]] => Shape::Bounded,
            [[None, None]] => Shape::Everything,
            [_] => Shape::HalfOpen,
            [[None, _], .., [_, None]] => Shape::Outside,
            _ => Shape::Pieces,
        }
    }

    /// Whether a value is not rejected.
    pub fn contains(&self, value: f64) -> bool {
        let inside = |[low, high]: &[Option<f64>; 2]| {
            low.is_none_or(|low| low <= value) && high.is_none_or(|high| value <= high)
        };
        self.pieces.iter().any(inside)
    }
}
