//! What a script does, in no language yet.

use attica::fit::SeCard;
use attica::text::Text;

use crate::results::Summary;

/// Position of a column in [`Plan::columns`].
pub type Id = usize;

/// Everything that a script holds.
#[derive(Debug)]
pub struct Plan {
    /// Title of the study.
    pub title: Text,
    /// Version of Attica.
    pub version: String,
    /// What simulated data say of themselves.
    pub simulated: Option<Text>,
    /// Columns that the script reads or makes.
    pub columns: Vec<Column>,
    /// Jobs under their headings, in the order of the paper.
    pub parts: Vec<Part>,
    /// What is not reproduced, and why; writers add what their software cannot do.
    pub absent: Vec<(String, String)>,
    /// Numbers checked; writers count.
    pub checked: usize,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Identifier in the file and in the script.
    pub name: String,
    /// What the study calls it.
    pub original: String,
    /// Where its values come from.
    pub values: Values,
}

/// Values of a column.
#[derive(Clone, Debug)]
pub enum Values {
    /// In the file; NaN is an empty cell.
    Number(Vec<f64>),
    /// Codes from 1 in the file, 0 an empty cell, and what they stand for.
    Codes(Vec<u32>, Vec<String>),
    /// Made by the script: 1 where event time is `at`, or beyond it on the side of an end bin, and 0 elsewhere.
    Event {
        /// Column of event times, empty for units without a date.
        time: Id,
        /// Event time.
        at: i64,
        /// The bin holds all earlier (-1) or later (1) times too; 0 for none.
        beyond: i8,
    },
}

/// Jobs under one heading.
#[derive(Clone, Debug)]
pub struct Part {
    /// Heading.
    pub title: String,
    /// Jobs.
    pub jobs: Vec<Job>,
}

/// One thing to compute.
#[derive(Clone, Debug)]
pub enum Job {
    /// Mean, standard deviation, minimum, median, maximum of a column.
    Summary(Id, Summary),
    /// A regression.
    Regression(Regression),
    /// An estimator for staggered adoption.
    Staggered(Staggered),
}

/// A number and its standard error, as printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Estimate.
    pub estimate: f64,
    /// Standard error.
    pub std_error: Option<f64>,
}

/// A regression in absorbed effects.
#[derive(Clone, Debug)]
pub struct Regression {
    /// Where its numbers stand: `baseline (4)`.
    pub label: String,
    /// What it is, for a comment.
    pub about: String,
    /// Outcome.
    pub outcome: Id,
    /// Regressors that have a coefficient, and what was printed of them.
    pub regressors: Vec<(Id, Expected)>,
    /// The constant, where there is one.
    pub constant: Option<Expected>,
    /// Absorbed effects.
    pub effects: Vec<Absorbed>,
    /// Weights.
    pub weights: Option<Id>,
    /// Rows, as a 0/1 column; all when none.
    pub sample: Option<Id>,
    /// Kind of standard errors.
    pub errors: Errors,
    /// Why a standard error is what it is.
    pub card: SeCard,
    /// Rows used.
    pub rows: usize,
}

/// An absorbed effect.
#[derive(Clone, Debug)]
pub struct Absorbed {
    /// Category.
    pub by: Id,
    /// Columns with a slope in each level.
    pub slopes: Vec<Id>,
    /// False for slopes alone.
    pub intercept: bool,
}

/// Kinds of standard errors.
#[derive(Clone, Debug, PartialEq)]
pub enum Errors {
    /// Independent and homoskedastic.
    Iid,
    /// HC1.
    Robust,
    /// Clustered by one or two columns.
    Cluster(Vec<Id>),
    /// Any other, by name: its standard errors are not checked.
    Other(String),
}

/// An estimator for staggered adoption and its headline.
#[derive(Clone, Debug)]
pub struct Staggered {
    /// Registered name.
    pub estimator: String,
    /// Title.
    pub title: String,
    /// Outcome.
    pub outcome: Id,
    /// Unit.
    pub unit: Id,
    /// Time.
    pub time: Id,
    /// First treated period, empty for never.
    pub first: Id,
    /// 1 in treated rows.
    pub treated: Id,
    /// Event time, empty for never.
    pub event_time: Id,
    /// Controls.
    pub controls: Vec<Id>,
    /// Weights.
    pub weights: Option<Id>,
    /// The one cluster variable.
    pub cluster: Id,
    /// Rows that the estimator used may be fewer than these: complete rows of units that are not always treated.
    pub sample: Id,
    /// Comparison with units not yet treated.
    pub not_yet: bool,
    /// Overall effect.
    pub overall: Expected,
    /// Effects by event time, references left out.
    pub by_time: Vec<(i64, Expected)>,
    /// Some units are never treated.
    pub never_treated: bool,
}

impl Plan {
    /// Identifier of a column.
    pub fn name(&self, id: Id) -> &str {
        &self.columns[id].name
    }
}
