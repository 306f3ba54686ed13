//! The steps of the paper and the report.

use attica_report::figure::FigureWidth;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IndexMethod, IndexNorm, OneOrMany, Panels, TableLayout, Zeros};

/// Table 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Descriptives {
    /// Variables; outcome, policy, controls and mechanism variables by default.
    pub variables: Vec<String>,
    /// 0/1 or two-level column that splits the rows; units ever treated against the others by default.
    pub by: Option<String>,
}

/// The baseline table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Baseline {
    /// The controls of each column; by default none, then one more in each.
    pub stages: Option<Vec<Vec<String>>>,
    /// Adds the classic difference-in-differences with both main effects instead of absorbed ones (needs one date
    /// of adoption).
    pub classic: bool,
    /// Adds pooled least squares without effects.
    pub pooled: bool,
    /// Adds random effects by unit.
    pub random_effects: bool,
    /// The main coefficient under other covariances: true shows all that the data allow, false none, a list these.
    pub variances: Variances,
    /// Linear combinations of the last column's coefficients: `"x1 + 2*x2 - 1"`, `"x1 = x2"`.
    pub lincom: OneOrMany<String>,
    /// Joint tests in the last column: `"x1 = x2 = 0"`.
    pub test: OneOrMany<String>,
}

/// Covariances shown beside the one in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Variances {
    /// All that the data allow, or none.
    All(bool),
    /// These, such as `["HC3", "cluster(province)", "CR2(city)"]`.
    List(Vec<String>),
}

impl Default for Variances {
    fn default() -> Self {
        Self::All(true)
    }
}

/// Effects by time since adoption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventStudy {
    /// First and last event time; those beyond fall into the end bins. All that the data have by default.
    pub window: Option<[i64; 2]>,
    /// Reference event time, or several; the last one before any anticipation by default, which is -1 without.
    pub reference: Option<OneOrMany<i64>>,
    /// Estimators, drawn in one figure: a list of names, or `"all"`.
    pub estimators: OneOrMany<String>,
    /// True to leave rows beyond the window out, instead of binning them at its ends.
    pub trim: bool,
    /// False to leave the controls out.
    pub controls: bool,
    /// Linear combinations of effects: `"post"`, `"pre"`, `"[3] - [0]"`, `"mean[0:3]"`, `"sum[0:3]"`.
    pub lincom: OneOrMany<String>,
    /// Joint tests of effects: `"leads"`, `"effects"`, `"[-4:-2] = 0"`, `"[0] = [3]"`.
    pub test: OneOrMany<String>,
}

impl Default for EventStudy {
    fn default() -> Self {
        Self {
            window: None,
            reference: None,
            estimators: OneOrMany::One("twfe".to_owned()),
            trim: false,
            controls: true,
            lincom: OneOrMany::default(),
            test: OneOrMany::default(),
        }
    }
}

impl EventStudy {
    /// Reference event times when units may react `anticipation` periods early.
    pub fn references(&self, anticipation: u32) -> Vec<i64> {
        match &self.reference {
            Some(given) => given.as_slice().to_vec(),
            None => vec![-1 - i64::from(anticipation)],
        }
    }
}

/// Placebo tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Placebo {
    /// What is drawn.
    pub kinds: Vec<PlaceboKind>,
    /// Draws of each kind.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub draws: usize,
    /// Periods by which the `time` placebo moves adoption back, one fit each; as many as the data allow by default.
    pub shifts: Vec<u32>,
    /// Outcomes that the policy cannot move, for the `outcome` placebo.
    pub outcomes: Vec<String>,
    /// Estimators: a list of names, or `"all"`; `twfe` is the main model.
    pub estimators: OneOrMany<String>,
    /// Column within whose levels units are drawn: a province keeps its number of treated cities.
    pub strata: Option<String>,
    /// Column whose levels are drawn as a whole, for a policy that was assigned to them.
    pub clusters: Option<String>,
    /// Seed of the draws; that of the study by default.
    pub seed: Option<u64>,
}

impl Default for Placebo {
    fn default() -> Self {
        Self {
            kinds: vec![PlaceboKind::Unit],
            draws: 1000,
            shifts: Vec::new(),
            outcomes: Vec::new(),
            estimators: OneOrMany::One("twfe".to_owned()),
            strata: None,
            clusters: None,
            seed: None,
        }
    }
}

/// What a placebo test draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlaceboKind {
    /// Random units, true dates.
    Unit,
    /// The whole vector of adoption dates, permuted over units.
    Cohort,
    /// Earlier dates, without the truly treated rows.
    Time,
    /// Random units and random dates.
    Mixed,
    /// Outcomes that the policy cannot move.
    Outcome,
}

/// Robustness checks: each key adds columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Robustness {
    /// Share of rows, sorted by unit and time, left out at the start and, in a second column, at the end.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub trim_rows: Option<f64>,
    /// Share of units left out at random.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub drop_random_units: Option<f64>,
    /// Quantiles at which outcome and controls are winsorised: `[0.01, 0.99]`.
    pub winsorise: Option<[f64; 2]>,
    /// Quantiles beyond which rows are left out, by the outcome.
    pub trim: Option<[f64; 2]>,
    /// True to take the quantiles of `winsorise` and `trim` within each period.
    pub by_year: bool,
    /// First and last period of a shorter panel.
    pub window: Option<[f64; 2]>,
    /// Other policy variables in place of the policy.
    pub replace_policy: OneOrMany<String>,
    /// Other outcomes: columns, or another way to build the index that is the outcome.
    pub replace_outcome: OneOrMany<Outcome>,
    /// Periods by which controls are lagged.
    #[schemars(range(min = 1))]
    pub lag_controls: Option<u32>,
    /// Controls at their value in the first period, times a linear trend.
    pub base_controls_trend: bool,
    /// Effects absorbed besides the usual ones: `["province^year"]`, one column each.
    pub effects: Vec<String>,
    /// A linear trend for each unit.
    pub unit_trends: bool,
    /// Units left out, by name of the list: `["110000"]`, or a list that Attica knows: `"municipalities"`,
    /// `"provincial_capitals"` or `"sub_provincial"` cities of China, by GB/T 2260 code or name.
    pub drop_units: IndexMap<String, UnitList>,
    /// Units that are treated in part only: left out in one column, counted as untreated in another.
    pub partial_pilots: Vec<Key>,
    /// Column that lists each unit's neighbours, separated by semicolons, commas or spaces: untreated units with a
    /// treated neighbour get a dummy in one column and are left out in another.
    pub neighbours: Option<String>,
    /// 0/1 columns of policies at the same time: controlled for one at a time, then all together.
    pub concurrent: Vec<String>,
    /// Also leaves out the units that a policy at the same time ever touches.
    pub drop_concurrent: bool,
    /// The outcome as log(1 + y).
    pub log1p: bool,
    /// Other clusterings: a column, or several for multi-way.
    pub cluster: Vec<OneOrMany<String>>,
    /// Numbers of periods kept on either side of each treated unit's adoption, one column each.
    pub around_adoption: Vec<u32>,
    /// Periods by which the date of the policy is moved, one column each: 1 for a policy that counts from the year after.
    pub shift_policy: Vec<i64>,
    /// Columns whose levels have a linear trend each: `["province"]`.
    pub trends: Vec<String>,
    /// Combines each other sample with each other measure and specification into a specification curve.
    pub curve: bool,
    /// Leaves groups out one at a time: `unit`, `cohort`, or a column such as `province`.
    pub leave_out: Vec<String>,
    /// Outer edges in km of the rings around treated units, whose untreated rows get a dummy each: `[50, 100]`. Needs columns
    /// of latitude and longitude.
    pub rings: Vec<f64>,
    /// Draws of units (or clusters) that estimate the outcome's index and the effect on it again, beside the usual
    /// standard error; 0 for none.
    #[schemars(range(max = 1_000_000))]
    pub index_bootstrap: Option<usize>,
    /// True to estimate the effect on each usual form of the outcome's index.
    pub index_forms: bool,
    /// `full` turns on every check that needs no names of columns, where the study does not say otherwise.
    pub battery: Option<Battery>,
}

/// A set of robustness checks by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Battery {
    /// All that the data allow.
    Full,
}

/// Units by name, or a list that Attica knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum UnitList {
    /// A known list.
    Known(KnownList),
    /// These.
    Units(Vec<Key>),
}

/// Cities of China that studies set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KnownList {
    /// The four municipalities.
    Municipalities,
    /// The 27 capitals of provinces and autonomous regions.
    ProvincialCapitals,
    /// The 15 sub-provincial cities.
    SubProvincial,
}

/// A unit as the study file writes it: text or a whole number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Key {
    /// A number.
    Number(i64),
    /// Text.
    Text(String),
}

impl Key {
    /// As a reader sees it.
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Another outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    /// A column.
    Column(String),
    /// The index that is the outcome, built in another way.
    Index(IndexChange),
}

/// What changes in the index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IndexChange {
    /// How indicators become one number.
    pub method: Option<IndexMethod>,
    /// What a zero becomes.
    pub zeros: Option<Zeros>,
    /// Base of the distances.
    pub norm: Option<IndexNorm>,
    /// True to let weights enter the distances once.
    pub weight_once: Option<bool>,
}

/// Channels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mechanism {
    /// Variables that the policy may move on the way to the outcome; each is an outcome of the model.
    pub through: Vec<String>,
    /// Variables whose level before adoption may change the effect (moderation).
    pub moderation: Vec<String>,
    /// Variables for stepwise mediation, printed with its known criticism: what the policy moves is identified, what
    /// the mediator then does to the outcome is not.
    pub mediation: Vec<String>,
    /// Bootstrap draws over units for the indirect effect.
    pub draws: Option<usize>,
}

/// One policy, several outcomes: p-values adjusted within families of outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Families {
    /// Outcomes of one family, or a table of families by name: `{ health = ["a", "b"], work = ["c", "d"] }`. The
    /// outcomes of the model by default.
    pub outcomes: FamilyOutcomes,
    /// Estimator of the effect; the main model with another outcome by default.
    pub estimator: String,
    /// Draws behind Romano-Wolf p-values here, for channels and for groups; 0 for none.
    #[schemars(range(max = 10_000_000))]
    pub draws: usize,
}

impl Default for Families {
    fn default() -> Self {
        Self { outcomes: FamilyOutcomes::default(), estimator: "twfe".to_owned(), draws: 999 }
    }
}

/// Outcomes of one family or of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FamilyOutcomes {
    /// One family.
    One(Vec<String>),
    /// Several, by name.
    Named(IndexMap<String, Vec<String>>),
}

impl Default for FamilyOutcomes {
    fn default() -> Self {
        Self::One(Vec::new())
    }
}

impl FamilyOutcomes {
    /// Each family with its name; the only one has none.
    pub fn families(&self) -> Vec<(&str, &[String])> {
        match self {
            Self::One(outcomes) => vec![("", outcomes)],
            Self::Named(all) => all.iter().map(|(name, outcomes)| (name.as_str(), &outcomes[..])).collect(),
        }
    }
}

/// Effects by group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Heterogeneity {
    /// Columns that make the groups; `{ variable = "gdp", cut = "median" }` cuts a number in each unit's first period.
    pub by: OneOrMany<By>,
    /// `mechanism` repeats the mechanism table within each group.
    pub cross: Option<Cross>,
    /// Permutations of the group labels over units, as a second test of equality; 0 for none.
    pub permutations: usize,
    /// Absorbed effects in the groups, when they differ from the model's.
    pub effects: Option<Vec<String>>,
}

impl Default for Heterogeneity {
    fn default() -> Self {
        Self { by: OneOrMany::default(), cross: None, permutations: 1000, effects: None }
    }
}

/// What makes the groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum By {
    /// A column of categories.
    Column(String),
    /// A number, cut into groups.
    Cut(Cut),
}

/// A number cut into groups by its value in each unit's first period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Column.
    pub variable: String,
    /// Where to cut.
    #[serde(default)]
    pub cut: CutAt,
}

/// Where a number is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CutAt {
    /// Two groups at the median.
    #[default]
    Median,
    /// Three groups.
    Terciles,
    /// Four groups.
    Quartiles,
}

impl CutAt {
    /// Number of groups.
    pub fn groups(self) -> usize {
        match self {
            Self::Median => 2,
            Self::Terciles => 3,
            Self::Quartiles => 4,
        }
    }
}

/// What is repeated within groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cross {
    /// The mechanism table.
    Mechanism,
}

/// How the report looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// Documents to write.
    pub formats: Vec<Format>,
    /// House style of tables.
    pub style: TableStyle,
    /// Significance levels of one, two and three stars, largest first; empty for none.
    pub stars: Vec<f64>,
    /// What stands in parentheses below a coefficient.
    pub below: Below,
    /// Decimals of coefficients.
    #[schemars(range(max = 12))]
    pub digits: usize,
    /// Dots per inch of the figures as PNG, beside the report and in Word.
    #[schemars(range(min = 72, max = 1200))]
    pub dpi: u32,
    /// Width of the figures: the text of an A4 page, one column of a journal or both.
    pub figure_width: FigureWidth,
    /// A Word document whose styles the report takes over, beside the study file or below `--data-dir`.
    pub reference: Option<String>,
    /// Rows and columns of tables of regressions, by the name that `tables/*.csv` gives them.
    pub tables: IndexMap<String, TableLayout>,
    /// Tables printed as the panels of one.
    pub panels: Vec<Panels>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            formats: vec![Format::Html, Format::Docx, Format::Tex],
            style: TableStyle::Cn,
            stars: vec![0.10, 0.05, 0.01],
            below: Below::Se,
            digits: 3,
            dpi: 300,
            figure_width: FigureWidth::Text,
            reference: None,
            tables: IndexMap::new(),
            panels: Vec::new(),
        }
    }
}

/// A document format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One self-contained page.
    Html,
    /// Word.
    Docx,
    /// Excel: one sheet per table.
    Xlsx,
    /// PDF, by a program built with `--features pdf`.
    Pdf,
    /// LaTeX.
    Tex,
    /// Markdown.
    Md,
}

/// House style of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableStyle {
    /// Three-line tables of Chinese journals.
    Cn,
    /// The American Economic Review's.
    Aer,
    /// Plain.
    Plain,
}

/// What stands in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Below {
    /// Standard error.
    Se,
    /// t statistic.
    T,
    /// p-value.
    P,
    /// Confidence interval.
    Ci,
}

impl TableStyle {
    /// The style's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cn => "cn",
            Self::Aer => "aer",
            Self::Plain => "plain",
        }
    }
}

impl Below {
    /// What stands in parentheses, by name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Se => "se",
            Self::T => "t",
            Self::P => "p",
            Self::Ci => "ci",
        }
    }
}
