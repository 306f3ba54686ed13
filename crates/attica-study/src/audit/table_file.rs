//! Tables of the paper file.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::Number;

/// `[[tables]]`: one printed table, pasted (`csv`, `latex`), in a file, or column by column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TableKeys {
    /// `Table 2`.
    pub label: String,
    /// `regression` or `descriptives`; when left out, a head such as Mean, SD tells.
    pub kind: Option<TableKind>,
    /// The table, pasted: commas, semicolons or tabs between cells (what copying from Word or Excel gives).
    pub csv: Option<String>,
    /// The table, pasted from LaTeX.
    pub latex: Option<String>,
    /// The table in a file beside the paper file: `.csv`, `.tsv`, `.tex` or `.docx`.
    pub file: Option<String>,
    /// Which table of a `.docx` or `.tex` file, from 1.
    pub number: Option<u32>,
    /// Dependent variable, when the columns do not name it.
    pub outcome: Option<String>,
    /// Significance levels of one star, two stars, three stars.
    pub stars: Vec<f64>,
    /// What stands in brackets: `se`, `t`, `p` or `ci`.
    pub brackets: Brackets,
    /// What the standard errors are said to be: `unknown`, `classical`, `robust` or `clustered`.
    pub errors: ErrorsWord,
    /// What R² is said to be: `unknown`, `overall`, `within` or `adjusted`.
    pub r2: R2Word,
    /// Fixed effects of all columns that do not say otherwise; `[]` for none.
    pub effects: Option<Vec<String>>,
    /// True when the table is of random effects.
    pub random_effects: bool,
    /// True when the columns split the sample.
    pub subgroups: bool,
    /// True when the rows are only part of the sample.
    pub part: bool,
    /// Number of clusters, when a note says it and no row of the table.
    pub clusters: Option<Number>,
    /// Columns, when no table is pasted.
    pub columns: Vec<ColumnKeys>,
}

impl Default for TableKeys {
    fn default() -> Self {
        Self {
            label: String::new(),
            kind: None,
            csv: None,
            latex: None,
            file: None,
            number: None,
            outcome: None,
            stars: vec![0.1, 0.05, 0.01],
            brackets: Brackets::default(),
            errors: ErrorsWord::default(),
            r2: R2Word::default(),
            effects: None,
            random_effects: false,
            subgroups: false,
            part: false,
            clusters: None,
            columns: Vec::new(),
        }
    }
}

/// Kinds of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableKind {
    /// Coefficients by column.
    Regression,
    /// One variable in each row.
    Descriptives,
}

/// What stands in brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Brackets {
    /// Standard errors.
    #[default]
    Se,
    /// t statistics.
    T,
    /// p-values.
    P,
    /// Confidence intervals of 95 %.
    Ci,
}

/// Kinds of standard errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ErrorsWord {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum R2Word {
    /// The table does not say.
    #[default]
    Unknown,
    /// Of the outcome.
    Overall,
    /// Within fixed effects.
    Within,
    /// Adjusted.
    Adjusted,
}

/// `[[tables.columns]]`: one column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnKeys {
    /// `(1)`; by position when left out.
    pub name: Option<String>,
    /// Dependent variable.
    pub outcome: Option<String>,
    /// Coefficients as printed: `DID = "0.025*** (0.004)"`.
    pub terms: IndexMap<String, String>,
    /// Number of observations.
    pub n: Option<Number>,
    /// Number of units, when printed.
    pub units: Option<Number>,
    /// Number of clusters, when printed.
    pub clusters: Option<Number>,
    /// R².
    pub r2: Option<String>,
    /// Fixed effects; `[]` for none.
    pub effects: Option<Vec<String>>,
    /// True when controls enter that the table does not list.
    pub unlisted_controls: bool,
}
