//! `results.json`: everything that a study computed. A report is made from it alone; nothing is
//! computed again.
//!
//! Sections come in the order of the paper. A section that could not be computed is kept with its
//! problem, so that nothing is lost silently.

mod data;
mod design;
mod diagnostics;
mod estimates;
mod matching;
mod placebo;
mod referee;
mod robustness;

use std::collections::BTreeMap;

pub use crate::effects::{Answer, NoAnswer, Overall};
pub use crate::few::FewClusters;
pub use attica::diagnostic::describe::Summary;
pub use attica::estimator::event::{EventRow, EventStudy};
pub use attica::hypothesis::family::{Family, FamilyRow};
use attica::ledger::Ledger;
use attica::message::{Problem, Warning};
use attica::text::{Language, Text};
use attica_report::figure::FigureWidth;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use crate::studyfile::{ColumnGroup, Panels, TableLayout};
pub use data::*;
pub use design::*;
pub use diagnostics::*;
pub use estimates::*;
pub use matching::*;
pub use placebo::*;
pub use referee::Remark;
pub use robustness::*;

/// The whole study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Format of this file: `attica-results/1`.
    pub format: String,
    /// Version of Attica.
    pub version: String,
    /// Title of the study.
    pub title: Text,
    /// Language of the report unless another is asked for.
    pub language: Language,
    /// Seed of every random draw.
    pub seed: u64,
    /// What simulated data are labelled with, wherever they show.
    pub simulated: Option<Text>,
    /// How tables look.
    pub style: Style,
    /// Files read.
    pub sources: Vec<Source>,
    /// How they were joined.
    pub joins: Vec<Join>,
    /// Rows from the first file to the panel.
    pub ledger: Ledger,
    /// The panel card.
    pub panel: PanelCard,
    /// What a reader calls each variable.
    pub labels: BTreeMap<String, Text>,
    /// How each derived variable was made: name and expression, in order.
    pub variables: Vec<(String, String)>,
    /// The policy: treatment variable and how it was coded.
    pub policy: Policy,
    /// What every model starts from.
    pub model: ModelCard,
    /// What the data say about the design.
    #[serde(default)]
    pub design: Option<DesignCard>,
    /// Composite indices.
    pub indices: Vec<IndexResult>,
    /// The paper's sections, in its order.
    pub sections: Vec<Section>,
    /// What a strict referee would say, the most important first.
    #[serde(default)]
    pub referee: Vec<Remark>,
    /// Warnings that belong to no single section.
    pub warnings: Vec<Warning>,
}

/// How tables are printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Style {
    /// `aer`, `cn` or `plain`.
    pub name: String,
    /// Significance levels, largest first: one star, two, three.
    pub stars: Vec<f64>,
    /// What stands in parentheses: `se`, `t`, `p`, `ci`.
    pub below: String,
    /// Decimals of coefficients.
    pub digits: usize,
    /// Dots per inch of pictures.
    #[serde(default = "print_resolution")]
    pub dpi: u32,
    /// Width of figures.
    #[serde(default)]
    pub figure_width: FigureWidth,
    /// Styles of the Word document that the study names as its reference: `word/styles.xml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_styles: Option<String>,
    /// Rows and columns of tables of regressions that the study file lays out, by the tables' names.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tables: IndexMap<String, TableLayout>,
    /// Tables printed as the panels of one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panels: Vec<Panels>,
}

/// What results of earlier versions were drawn at.
fn print_resolution() -> u32 {
    300
}

/// One section of the paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Key of the study file: `baseline`, `event_study`, `placebo`, ...
    pub step: String,
    /// What came out.
    pub content: Content,
}

/// What a step computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Table 1.
    Descriptives(Descriptives),
    /// A table of regressions: baseline, robustness, mechanism, heterogeneity.
    Models(Models),
    /// The main coefficient under several covariances.
    Variances(Variances),
    /// Effects by event time.
    EventStudy(EventStudies),
    /// Event studies when trends may differ.
    Sensitivity(Sensitivities),
    /// The two-way coefficient taken apart.
    Decomposition(Decomposition),
    /// Placebo distributions.
    Placebo(Placebos),
    /// Matched samples.
    Matching(Matching),
    /// Several tests of one policy, with adjusted p-values.
    Family(TestFamily),
    /// Linear combinations and joint tests.
    Hypotheses(Hypotheses),
    /// All specifications of the robustness checks, by size of the estimate.
    SpecificationCurve(SpecificationCurve),
    /// The main estimate without each unit, cohort or level of a column.
    LeaveOut(LeaveOut),
    /// What the outcome's index adds to the uncertainty of the effect.
    Index(Box<IndexUncertainty>),
    /// The step failed; the others went on.
    Failed(Problem),
}
