//! What the data say about the design before any step: who adopts when, what else happens to the same units, and what
//! outcome and controls are made of.

use attica::fit::Term;
use attica::panel::Adoption;
use attica::text::Text;
use serde::{Deserialize, Serialize};

/// The design of the study.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DesignCard {
    /// Periods, ascending.
    pub times: Vec<f64>,
    /// Units by periods, units of one cohort together.
    pub timing: Vec<TimingRow>,
    /// The policy, and others that switch on and stay on, by period.
    pub policies: Vec<PolicyPath>,
    /// A column with other dates for the same treated units, when the policy has one date.
    pub waves: Option<Waves>,
    /// Untreated units in the same region as treated ones.
    pub neighbours: Option<Neighbours>,
    /// Mean outcome by cohort and period.
    pub means: Vec<CohortMeans>,
    /// Share of rows without a value, by variable and period; variables without gaps are left out.
    pub missing: Vec<MissingRow>,
    /// Variables of the study, with and without gaps.
    pub variables: usize,
    /// Columns of the files behind the outcome.
    pub ingredients: Vec<String>,
    /// Controls.
    pub controls: Vec<ControlCard>,
    /// The policy in the main regression.
    pub effect: Option<Term>,
    /// The policy without controls.
    pub without_controls: Option<Term>,
    /// Comparisons and weights behind the two-way estimate.
    pub comparisons: Option<Comparisons>,
    /// The policy in the main regression, on each further outcome of the study.
    pub outcomes: Vec<(String, Term)>,
}

/// Units of one cohort that lie next to each other on the timing map: one, or several where a map of single units could
/// not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimingRow {
    /// Their cohort.
    pub cohort: Adoption,
    /// How many.
    pub units: usize,
    /// By period: share of the observed ones that are treated; none where none is observed.
    pub treated: Vec<Option<f64>>,
}

/// One policy by period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyPath {
    /// Its column.
    pub name: String,
    /// What a reader calls it.
    pub label: Text,
    /// True when the study names it; false when it was found among the columns.
    pub named: bool,
    /// Share of the study's treated units under it, by period.
    pub treated: Vec<Option<f64>>,
    /// Share of the never treated units under it, by period.
    pub untreated: Vec<Option<f64>>,
    /// Treated units that it ever reaches, within the panel.
    pub treated_units: usize,
    /// Never treated units that it ever reaches.
    pub untreated_units: usize,
}

/// Several dates where the policy has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waves {
    /// The column that holds them.
    pub column: String,
    /// Date in the study.
    pub coded: f64,
    /// Dates of treated units with their numbers, ascending.
    pub dates: Vec<(f64, usize)>,
    /// Treated units whose date is another than the coded one.
    pub other: usize,
}

/// Untreated units near treated ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// Column of the region.
    pub region: String,
    /// Regions.
    pub regions: usize,
    /// Of these, with a treated unit.
    pub treated_regions: usize,
    /// Never treated units.
    pub untreated: usize,
    /// Of these, in a region with a treated unit.
    pub near: usize,
}

/// The mean outcome of a cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CohortMeans {
    /// Cohorts together; one but where many small ones are pooled.
    pub cohorts: Vec<Adoption>,
    /// Units.
    pub units: usize,
    /// Mean by period; none where no unit has a value.
    pub mean: Vec<Option<f64>>,
}

/// Gaps of one variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MissingRow {
    /// Variable.
    pub name: String,
    /// Rows without a value.
    pub rows: usize,
    /// Share of the rows of each period without a value.
    pub share: Vec<f64>,
}

/// One control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlCard {
    /// As the study names it.
    pub name: String,
    /// True when it changes within units after the first adoption.
    pub varies_after: bool,
    /// True when the study also treats it as a channel of the policy.
    pub channel: bool,
    /// Ingredients that it shares with the outcome.
    pub shared: Vec<Shared>,
    /// The policy's effect on it, by the main regression without controls.
    pub effect: Option<Term>,
    /// Its standard deviation.
    pub sd: Option<f64>,
}

/// An ingredient of both the outcome and a control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// Column of the control.
    pub of_control: String,
    /// Column of the outcome: the same, or one whose name says that it is divided by it (`energy_per_gdp`).
    pub of_outcome: String,
}

/// What the two-way estimate compares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparisons {
    /// Share of comparisons whose controls are already treated (Goodman-Bacon, without controls); none without an exact
    /// decomposition.
    pub with_treated: Option<f64>,
    /// Share of treated rows whose effect has a negative weight.
    pub share_negative: f64,
    /// Sum of the negative weights; all weights sum to one.
    pub sum_negative: f64,
}
