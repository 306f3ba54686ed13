//! The study file: what a user writes, with the default an expert would choose for every key.
//!
//! The types here are the syntax: their doc comments become the descriptions of `attica schema`,
//! unknown keys and wrong types are found by walking the file against that schema, and what no
//! schema can say is checked in [`validate`].

mod data;
mod diagnostics;
mod layout;
mod matching;
mod model;
pub(crate) mod parse;
mod steps;
mod validate;
mod walk;

pub use data::{Duplicates, Keys, Source};
pub use diagnostics::{DiagnosticKind, Diagnostics, RobustTarget, ViolationShape};
pub use layout::{ColumnGroup, Panels, TableLayout};
pub use matching::{MatchMethod, MatchTiming, Matching};
pub use model::{Best, Index, IndexMethod, IndexNorm, IndexPeriod, Model, Policy, Ssc, Weighting, Weights, Zeros};
pub use parse::{StudySource, load, options, parse};
pub use steps::{
    Baseline, Battery, Below, By, Cross, Cut, CutAt, Descriptives, EventStudy, Families, FamilyOutcomes, Format,
    Heterogeneity, IndexChange, Key, KnownList, Mechanism, Outcome, Placebo, PlaceboKind, Report, Robustness,
    TableStyle, UnitList, Variances,
};
pub use validate::{columns, indicators, used};
pub(crate) use walk::nearest;

use attica::estimator::options::Options;
use attica::text::{Language, Text};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The newest study-file version that this program reads.
pub const VERSION: u32 = 1;

/// A study: raw tables, a policy, a model, and the tables and figures of the paper.
///
/// A step (`[descriptives]`, `[baseline]`, `[event_study]`, `[diagnostics]`, `[placebo]`, `[matching]`,
/// `[robustness]`, `[mechanism]`, `[families]`, `[heterogeneity]`) runs when its heading is written; a heading alone runs it with
/// its defaults. A file without any step runs the first four.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Attica study file")]
pub struct StudyFile {
    /// Version of the study-file syntax.
    pub version: u32,
    /// Title of the report.
    pub title: Words,
    /// Language of the report: `en` or `zh`.
    #[schemars(with = "LanguageName")]
    pub language: Language,
    /// Seed of every random draw.
    pub seed: u64,
    /// Says that the data are simulated, and how; printed wherever results show.
    pub simulated: Option<Words>,
    /// Tables to read. The first is the panel; the others join on their keys.
    #[schemars(length(min = 1))]
    pub data: Vec<Source>,
    /// Composite indices by name.
    pub index: IndexMap<String, Index>,
    /// Derived variables: name and expression, such as `LGDP = "log(gdp)"`. In any order.
    pub variables: IndexMap<String, String>,
    /// Rows that enter the study, on all variables, after they are made: `not is_missing(NPRO)`.
    pub r#where: Option<String>,
    /// What a reader calls each variable.
    pub labels: IndexMap<String, Words>,
    /// The policy and how treatment is coded.
    pub policy: Policy,
    /// What every step starts from.
    pub model: Model,
    /// What the estimators for staggered adoption are asked: comparison group, base period, and in tables of their own
    /// (`[estimators.cs]`) what only one of them knows.
    pub estimators: Options,
    /// Descriptive statistics.
    pub descriptives: Option<Descriptives>,
    /// The baseline table, control by control.
    pub baseline: Option<Baseline>,
    /// Effects by time since adoption.
    pub event_study: Option<EventStudy>,
    /// What stands behind the estimates, and what is left of them when trends differ.
    pub diagnostics: Option<Diagnostics>,
    /// Placebo tests.
    pub placebo: Option<Placebo>,
    /// Matching and weighting.
    pub matching: Option<Matching>,
    /// Robustness checks.
    pub robustness: Option<Robustness>,
    /// Channels: what the policy moves on the way to the outcome.
    pub mechanism: Option<Mechanism>,
    /// One policy, several outcomes, with adjusted p-values.
    pub families: Option<Families>,
    /// Effects by group, with tests of equality.
    pub heterogeneity: Option<Heterogeneity>,
    /// How the report looks.
    pub report: Report,
}

impl Default for StudyFile {
    fn default() -> Self {
        Self {
            version: VERSION,
            title: Words::Same("Policy evaluation".to_owned()),
            language: Language::En,
            seed: 20111020,
            simulated: None,
            data: Vec::new(),
            index: IndexMap::new(),
            variables: IndexMap::new(),
            r#where: None,
            labels: IndexMap::new(),
            policy: Policy::default(),
            model: Model::default(),
            estimators: Options::default(),
            descriptives: None,
            baseline: None,
            event_study: None,
            diagnostics: None,
            placebo: None,
            matching: None,
            robustness: None,
            mechanism: None,
            families: None,
            heterogeneity: None,
            report: Report::default(),
        }
    }
}

impl StudyFile {
    /// Turns on the four standard steps in a file that names none.
    pub(crate) fn with_default_steps(mut self) -> Self {
        let none = self.descriptives.is_none()
            && self.baseline.is_none()
            && self.event_study.is_none()
            && self.diagnostics.is_none()
            && self.placebo.is_none()
            && self.matching.is_none()
            && self.robustness.is_none()
            && self.mechanism.is_none()
            && self.families.is_none()
            && self.heterogeneity.is_none();
        if none {
            self.descriptives = Some(Descriptives::default());
            self.baseline = Some(Baseline::default());
            self.event_study = Some(EventStudy::default());
            self.placebo = Some(Placebo::default());
        }
        self
    }
}

/// The JSON schema of the study file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(StudyFile).to_value()
}

/// A text: one for both languages, or `{ en = "…", zh = "…" }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Words {
    /// The same in both languages.
    Same(String),
    /// One in each.
    Both(BothWords),
}

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BothWords {
    /// English; the Chinese text when empty.
    pub en: String,
    /// Chinese; the English text when empty.
    pub zh: String,
}

impl Words {
    /// The text; a language left out takes the other one's words.
    pub fn text(&self) -> Text {
        match self {
            Self::Same(words) => Text::same(words),
            Self::Both(BothWords { en, zh }) if zh.is_empty() => Text::same(en),
            Self::Both(BothWords { en, zh }) if en.is_empty() => Text::same(zh),
            Self::Both(BothWords { en, zh }) => Text::new(en, zh),
        }
    }
}

/// One value or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// Several. Tried first, as a list can also be read as a table's values.
    Many(Vec<T>),
    /// One.
    One(T),
}

impl<T> OneOrMany<T> {
    /// The values, one or many.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// Language of the report.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "names the words of a foreign type in the schema")]
pub(crate) enum LanguageName {
    /// English.
    En,
    /// Chinese (simplified).
    Zh,
}

#[cfg(test)]
mod tests;
