//! The paper file: what a reader types from the pages of a paper. The types are the syntax, as those of study files are.

use attica::text::Language;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::table_file::{Brackets, ColumnKeys, ErrorsWord, R2Word, TableKeys, TableKind};
use crate::studyfile::{LanguageName, Words};

/// The printed numbers of a paper. Numbers with decimals are texts in quotation marks, so that trailing zeros stay: `"0.350"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Attica paper file")]
pub struct PaperFile {
    /// Title of the paper.
    pub title: Words,
    /// Where it appeared.
    pub source: Option<Words>,
    /// Language of the findings: `en` or `zh`.
    #[schemars(with = "LanguageName")]
    pub language: Language,
    /// The sample as described.
    pub panel: PanelKeys,
    /// The treatment and the announced designs.
    pub policy: Option<PolicyKeys>,
    /// What is known of variables, and their descriptive statistics where no table is pasted.
    pub variables: IndexMap<String, VariableKeys>,
    /// Tables of descriptive statistics and of regressions.
    pub tables: Vec<TableKeys>,
    /// What sentences say.
    pub claims: Vec<ClaimKeys>,
    /// Samples that are said to be cut by a share.
    pub cuts: Vec<CutKeys>,
}

impl Default for PaperFile {
    fn default() -> Self {
        Self {
            title: Words::Same(String::new()),
            source: None,
            language: Language::En,
            panel: PanelKeys::default(),
            policy: None,
            variables: IndexMap::new(),
            tables: Vec::new(),
            claims: Vec::new(),
            cuts: Vec::new(),
        }
    }
}

/// A count: `3135`, or as printed, `"3,135"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Number {
    /// A whole number.
    Whole(i64),
    /// As printed.
    Text(String),
}

impl Number {
    /// The number as it would be printed.
    pub fn text(&self) -> String {
        match self {
            Self::Whole(n) => n.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// `[panel]`: the sample as described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PanelKeys {
    /// What a unit is called: `city`. Fixed effects are recognised by this word.
    pub unit: String,
    /// What a period is called: `year`.
    pub time: String,
    /// Number of units.
    pub units: Option<Number>,
    /// First period.
    pub first: Option<i64>,
    /// Last period.
    pub last: Option<i64>,
    /// Number of observations.
    pub observations: Option<Number>,
    /// Whether the paper says that every unit is seen in every period; left out when it does not say.
    pub balanced: Option<bool>,
}

impl Default for PanelKeys {
    fn default() -> Self {
        Self {
            unit: "unit".to_owned(),
            time: "year".to_owned(),
            units: None,
            first: None,
            last: None,
            observations: None,
            balanced: None,
        }
    }
}

/// `[policy]`: the treatment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyKeys {
    /// Name of the treatment (group × after) in the tables.
    pub variable: String,
    /// Every design that the paper announces.
    pub announced: Vec<AnnouncedKeys>,
}

/// A design as one sentence announces it: `cohorts = { 2011 = 41, 2016 = 12 }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnnouncedKeys {
    /// Where the paper says so.
    pub r#where: String,
    /// First treated period and number of units.
    pub cohorts: IndexMap<String, Number>,
}

/// `[variables.NAME]`: what is known of a variable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VariableKeys {
    /// `binary` for 0/1, `count` for whole numbers; the policy is binary unless this says otherwise.
    pub kind: Option<KindWord>,
    /// Values that it can take at all: `[0, 1]`.
    pub range: Option<[f64; 2]>,
    /// `time` for what does not change within units, `units` for what is the same for all units.
    pub constant: Option<ConstantWord>,
    /// Sample size.
    pub n: Option<Number>,
    /// Mean.
    pub mean: Option<Number>,
    /// Standard deviation.
    pub sd: Option<Number>,
    /// Smallest value.
    pub min: Option<Number>,
    /// Largest value.
    pub max: Option<Number>,
}

/// What the values of a variable are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindWord {
    /// Any numbers.
    Continuous,
    /// 0 and 1.
    Binary,
    /// Whole numbers.
    Count,
}

/// Over what a variable does not vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConstantWord {
    /// Over time.
    Time,
    /// Across units.
    Units,
}

/// `[[claims]]`: a sentence that says a number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimKeys {
    /// `years`, `periods`, `units`, `treated units`, `observations`, a cell such as `Table 2 (1) DID`, or words of your own; what
    /// sentences say about the same words is compared.
    pub about: String,
    /// The number or words; of a cell also `positive`, `negative`, `significant`, `not significant`.
    pub says: Option<Number>,
    /// Where the sentence stands.
    pub r#where: String,
}

/// `[[cuts]]`: a sample that is said to be cut by a share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CutKeys {
    /// The share that leaves: `"10 %"`.
    pub share: String,
    /// Number of observations that stay, when printed.
    pub left: Option<Number>,
    /// Where the sentence stands.
    pub r#where: String,
}

/// The JSON schema of the paper file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(PaperFile).to_value()
}
