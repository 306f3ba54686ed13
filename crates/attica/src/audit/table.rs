//! Regression tables, as the rules read them.

use super::paper::{Panel, same_name};
use super::printed::Printed;

/// A regression table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// `Table 2`.
    pub label: String,
    /// Significance levels of one star, two stars and so on.
    pub stars: Vec<f64>,
    /// What standard errors are said to be.
    pub errors: Errors,
    /// True when the columns split the sample.
    pub subgroups: bool,
    /// True when the rows are only part of the sample.
    pub part: bool,
    /// Columns from left to right.
    pub columns: Vec<Column>,
}

/// Kinds of standard errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Errors {
    /// The paper does not say.
    #[default]
    Unknown,
    /// Classical.
    Classical,
    /// Robust to heteroskedasticity.
    Robust,
    /// Clustered.
    Clustered,
}

/// Kinds of R².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum R2Kind {
    /// The table does not say.
    #[default]
    Unknown,
    /// Of the outcome.
    Overall,
    /// Of the outcome within fixed effects.
    Within,
    /// Adjusted for degrees of freedom.
    Adjusted,
}

/// A column of a regression table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// `(1)`.
    pub name: String,
    /// Dependent variable.
    pub outcome: String,
    /// Coefficients, without the constant.
    pub terms: Vec<Term>,
    /// The constant, when printed.
    pub constant: Option<Term>,
    /// Number of observations.
    pub n: Option<u64>,
    /// Number of units, when the table has such a row.
    pub units: Option<u64>,
    /// Number of clusters.
    pub clusters: Option<u64>,
    /// R².
    pub r2: Option<Printed>,
    /// Its kind.
    pub r2_kind: R2Kind,
    /// Fixed effects; absent when the table does not say.
    pub effects: Option<Effects>,
    /// True when a line says that there are controls that the table does not list.
    pub unlisted_controls: bool,
    /// True for random effects.
    pub random_effects: bool,
}

/// Fixed effects of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Of units.
    pub units: bool,
    /// Of periods.
    pub periods: bool,
    /// Others, by name.
    pub others: Vec<String>,
}

/// A coefficient as printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Name.
    pub name: String,
    /// Estimate.
    pub estimate: Printed,
    /// Number of stars.
    pub stars: u8,
    /// Standard error.
    pub error: Option<Printed>,
    /// t statistic.
    pub statistic: Option<Printed>,
    /// p-value.
    pub p_value: Option<Printed>,
    /// 95 % confidence interval.
    pub interval: Option<(Printed, Printed)>,
}

impl Column {
    /// The coefficient with this name.
    pub fn term(&self, name: &str) -> Option<&Term> {
        self.terms.iter().find(|t| same_name(&t.name, name))
    }

    /// Parameters that fixed effects of units and periods take, the constant among them; 1 without any.
    pub fn absorbed(&self, panel: &Panel) -> Option<u64> {
        let Some(effects) = &self.effects else { return Some(1) };
        if !effects.others.is_empty() {
            return None;
        }
        let units = if effects.units { panel.units? } else { 1 };
        let periods = if effects.periods { panel.periods()? } else { 1 };
        Some(units + periods - 1)
    }

    /// Smallest and largest residual degrees of freedom that the column can have: with and without the fixed effects
    /// counted.
    pub fn degrees(&self, panel: &Panel) -> Option<(f64, f64)> {
        let (n, k) = (self.n? as f64, self.terms.len() as f64);
        let most = n - k - 1.0;
        let least = match self.absorbed(panel) {
            Some(absorbed) if self.effects.is_some() => n - k - absorbed as f64,
            // Effects that are not said, or of a kind whose number is not known, may take any number.
            _ => n - k - panel.units.unwrap_or(0) as f64 - panel.periods().unwrap_or(0) as f64,
        };
        (most > 0.0).then(|| (least.clamp(1.0, most), most))
    }

    /// Units, or clusters when they are printed.
    pub fn cluster_count(&self, panel: &Panel) -> Option<u64> {
        self.clusters.or(self.units).or(panel.units)
    }
}
