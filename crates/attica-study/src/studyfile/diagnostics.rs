//! `[diagnostics]`: what is examined behind the estimates.

use attica::diagnostic::honest::{Shape, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Should the estimates be believed?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Diagnostics {
    /// What is examined; everything by default.
    pub kinds: Vec<DiagnosticKind>,
    /// Effect that robust intervals are about.
    pub target: RobustTarget,
    /// What is known of violations of parallel trends besides their size.
    pub shape: ViolationShape,
    /// Sizes of violations after adoption, as multiples of the largest one before it.
    pub relative: Vec<f64>,
    /// Largest changes of the slope of violations from one period to the next, in units of the outcome; by default ten, up to what
    /// the leads allow.
    pub smoothness: Option<Vec<f64>>,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self {
            kinds: DiagnosticKind::ALL.to_vec(),
            target: RobustTarget::default(),
            shape: ViolationShape::default(),
            relative: vec![0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0],
            smoothness: None,
        }
    }
}

impl Diagnostics {
    /// True when the two-way coefficient is examined.
    pub fn of_two_way(&self) -> bool {
        self.kinds.iter().any(|kind| matches!(kind, DiagnosticKind::Bacon | DiagnosticKind::Weights))
    }

    /// True when event studies are examined.
    pub fn of_trends(&self) -> bool {
        self.kinds.iter().any(|kind| matches!(kind, DiagnosticKind::Honest | DiagnosticKind::Pretrend))
    }
}

/// A diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiagnosticKind {
    /// The two-group comparisons behind the two-way coefficient (Goodman-Bacon).
    Bacon,
    /// Its weights on the effects of treated rows.
    Weights,
    /// Intervals that hold when trends differ (Rambachan and Roth).
    Honest,
    /// What tests of the leads could have seen (Roth), and tests of equivalence.
    Pretrend,
}

impl DiagnosticKind {
    const ALL: [Self; 4] = [Self::Bacon, Self::Weights, Self::Honest, Self::Pretrend];
}

/// The effect that robust intervals are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RobustTarget {
    /// That of the first period of treatment.
    #[default]
    First,
    /// The mean of all effects from then on.
    Average,
}

impl From<RobustTarget> for Target {
    fn from(target: RobustTarget) -> Self {
        match target {
            RobustTarget::First => Self::First,
            RobustTarget::Average => Self::Average,
        }
    }
}

/// What is known of violations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ViolationShape {
    /// Nothing.
    #[default]
    Any,
    /// After adoption they are not negative: the estimates are too high, if anything.
    PositiveBias,
    /// After adoption they are not positive.
    NegativeBias,
    /// They do not fall over time.
    Increasing,
    /// They do not rise.
    Decreasing,
}

impl From<ViolationShape> for Shape {
    fn from(shape: ViolationShape) -> Self {
        match shape {
            ViolationShape::Any => Self::Any,
            ViolationShape::PositiveBias => Self::PositiveBias,
            ViolationShape::NegativeBias => Self::NegativeBias,
            ViolationShape::Increasing => Self::Increasing,
            ViolationShape::Decreasing => Self::Decreasing,
        }
    }
}
