//! What a paper prints, as the rules read it.

use super::printed::Printed;
pub use super::table::{Column, Effects, Errors, R2Kind, Table, Term};

/// The printed numbers of a paper.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paper {
    /// Units and periods.
    pub panel: Panel,
    /// The policy variable and who is said to be treated since when.
    pub policy: Option<Policy>,
    /// Descriptive statistics.
    pub variables: Vec<Variable>,
    /// Regression tables.
    pub tables: Vec<Table>,
    /// What sentences say.
    pub claims: Vec<Claim>,
    /// Samples said to be cut by a share.
    pub cuts: Vec<Cut>,
}

/// The sample as described.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// Number of units.
    pub units: Option<u64>,
    /// First period.
    pub first: Option<i64>,
    /// Last period.
    pub last: Option<i64>,
    /// Number of observations of the full sample.
    pub observations: Option<u64>,
    /// Whether every unit is said to be seen in every period; none when nothing is said.
    pub balanced: Option<bool>,
}

impl Panel {
    /// Number of periods, one apart.
    pub fn periods(&self) -> Option<u64> {
        Some((self.last? - self.first? + 1) as u64).filter(|periods| *periods > 0)
    }

    /// Units times periods.
    pub fn cells(&self) -> Option<u64> {
        self.units?.checked_mul(self.periods()?)
    }
}

/// The policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Name of the treatment in the tables.
    pub variable: String,
    /// Each design that the paper announces.
    pub announced: Vec<Announced>,
}

/// A design as a sentence announces it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Announced {
    /// Where.
    pub place: String,
    /// Who is treated since when.
    pub cohorts: Vec<Cohort>,
}

/// Units treated from a period on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// First treated period.
    pub from: i64,
    /// Number of units.
    pub units: u64,
}

/// A row of a table of descriptive statistics, and what is known of the variable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variable {
    /// Name.
    pub name: String,
    /// Table it is printed in.
    pub place: String,
    /// What its values are.
    pub kind: Kind,
    /// Values it can take at all.
    pub range: Option<(f64, f64)>,
    /// What it is constant over.
    pub constant: Option<Constant>,
    /// Sample size.
    pub n: Option<u64>,
    /// Mean.
    pub mean: Option<Printed>,
    /// Standard deviation.
    pub sd: Option<Printed>,
    /// Smallest value.
    pub min: Option<Printed>,
    /// Largest value.
    pub max: Option<Printed>,
}

/// What the values of a variable are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Any numbers.
    #[default]
    Continuous,
    /// 0 and 1.
    Binary,
    /// Whole numbers.
    Count,
}

/// Over what a variable does not vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// Over time: each unit has one value.
    Time,
    /// Across units: each period has one value.
    Units,
}

/// A sentence that says a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// About what.
    pub about: About,
    /// The words.
    pub says: String,
    /// Where.
    pub place: String,
}

/// What a sentence is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// First and last period: `2009-2019`.
    Years,
    /// How many periods.
    Periods,
    /// How many units.
    Units,
    /// How many treated units.
    TreatedUnits,
    /// How many observations.
    Observations,
    /// A coefficient, by table, column and name: its value, its sign, or whether it is significant.
    Coefficient(usize, usize, String),
    /// Anything else; sentences about the same are compared word by word.
    Other(String),
}

/// A sample said to be cut by a share.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The share that left.
    pub share: Printed,
    /// Number of observations left, when printed.
    pub left: Option<u64>,
    /// Where.
    pub place: String,
}

impl Paper {
    /// Rows of the full sample: as printed, or units times periods when the panel is said to be balanced or a printed number of
    /// observations shows that it is.
    pub fn rows(&self) -> Option<u64> {
        let cells = self.panel.cells();
        let columns = self.tables.iter().flat_map(|t| &t.columns);
        let full =
            || self.variables.iter().filter_map(|v| v.n).chain(columns.filter_map(|c| c.n)).any(|n| Some(n) == cells);
        let balanced = self.panel.balanced.unwrap_or_else(full);
        self.panel.observations.or(cells.filter(|_| balanced))
    }

    /// The descriptive statistics of a variable; names are compared without regard to case.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|v| same_name(&v.name, name))
    }

    /// The coefficient of the policy in a column.
    pub fn policy_term<'c>(&self, column: &'c Column) -> Option<&'c Term> {
        column.term(&self.policy.as_ref()?.variable)
    }
}

/// Names of one thing: equal but for case and outer spaces.
pub fn same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}
