//! What stands behind the estimates: the parts of the two-way coefficient, and how much of an event study
//! survives when trends differ.

use attica::diagnostic::bacon::Bacon;
use attica::diagnostic::honest::{Sensitivity, Target};
use attica::diagnostic::pretrend::{Detectable, Equivalence};
use attica::diagnostic::twfe_weights::TwfeWeights;
use attica::message::{Problem, Warning};
use attica::text::Text;
use serde::{Deserialize, Serialize};

use super::NoAnswer;

/// The two-way coefficient taken apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decomposition {
    /// Two-group comparisons, of the regression without controls.
    pub bacon: Option<Bacon>,
    /// Weights on the effects of treated rows, of the main regression.
    pub weights: Option<TwfeWeights>,
    /// What has no answer here, and why.
    pub failed: Vec<(Text, Problem)>,
}

/// Event studies when trends may differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivities {
    /// Effect that the intervals are about.
    pub target: Target,
    /// One for each estimator whose event study allows it.
    pub studies: Vec<StudySensitivity>,
    /// Estimators whose event study does not, and why.
    pub failed: Vec<NoAnswer>,
}

/// One event study when trends may differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudySensitivity {
    /// Registered name of the estimator.
    pub estimator: String,
    /// What a table calls it.
    pub label: Text,
    /// Leads that are used, and effects after them.
    pub leads: usize,
    /// Violations no larger than multiples of the largest one before adoption.
    pub relative: Option<Sensitivity>,
    /// Violations whose slope changes little.
    pub smoothness: Option<Sensitivity>,
    /// Lines that tests of the leads detect with 50 and 80 % power.
    pub power: Vec<Detectable>,
    /// Bounds on the leads by tests of equivalence.
    pub equivalence: Option<Equivalence>,
    /// Parts that this event study does not allow, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<(Text, Problem)>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}
