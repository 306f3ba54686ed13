//! Estimators of treatment effects, and the list of them.
//!
//! Typed functions do the work ([`twfe::event_study`], [`twfe::classic`]); [`Estimator`] adapts them to
//! study files, the command, documentation and other languages. A new estimator is one file, one line
//! in [`ESTIMATORS`], golden numbers in `tests/estimator.rs` and a page `docs/methods/NAME.md`.

mod answer;
pub mod callaway_santanna;
mod collinear;
pub mod dcdh;
pub mod etwfe;
pub mod event;
pub mod event_time;
pub mod group_time;
pub mod imputation;
pub mod influence;
pub mod lpdid;
pub mod options;
pub mod reassign;
pub mod stacked;
mod staggered;
pub mod sun_abraham;
pub mod synthetic;
mod timeline;
pub mod twfe;
pub mod wide;
mod within;

use crate::design::{Design, DesignOptions, WeightKind};
use crate::fit::{FitOptions, FitRecord, Term};
use crate::formula::SingleFormula;
use crate::frame::{Frame, unknown_column};
use crate::hypothesis::influence::Influence;
use crate::ledger::Ledger;
use crate::math::cross::CHUNK;
use crate::message::{Problem, Result, Warning};
use crate::panel::{Adoption, Panel};
use crate::stream::condense;
use crate::text::Text;
use callaway_santanna::Overlap;
use event::EventStudy;
use event_time::Window;
use group_time::{Aggregations, At, CellRow};
use options::Options;
use reassign::Reassigned;
use serde::{Deserialize, Serialize};

/// Every estimator, by name.
pub const ESTIMATORS: &[&dyn Estimator] = &[
    &twfe::Twfe,
    &callaway_santanna::CallawaySantAnna,
    &sun_abraham::SunAbraham,
    &imputation::Imputation,
    &imputation::Gardner,
    &etwfe::Etwfe,
    &stacked::Stacked,
    &lpdid::LpDid,
    &dcdh::Dcdh,
    &synthetic::Synthetic,
];

/// The estimator registered as `name`.
///
/// # Errors
/// `E603` with the nearest names.
pub fn find(name: &str) -> Result<&'static dyn Estimator> {
    let found = ESTIMATORS.iter().find(|estimator| estimator.name() == name);
    found.copied().ok_or_else(|| {
        let mut problem = unknown_column(name, ESTIMATORS.iter().map(|estimator| estimator.name()));
        problem.message = format!("there is no estimator \"{name}\"");
        problem
    })
}

/// What `estimator` makes of `data`, which of the shared options it was asked for and does not use (`N319`), and which
/// effects have no standard error (`W809`).
///
/// # Errors
/// Those of [`Estimator::estimate`].
pub fn estimate(estimator: &dyn Estimator, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
    if matches!(spec.design.weights, Some((_, WeightKind::Copies))) {
        condense::refuse(estimator, &spec.options)?;
    }
    let mut found = estimator.estimate(data, spec)?;
    let known = estimator.about().options;
    let mut unused = spec.options.asked();
    unused.retain(|asked| known.iter().all(|(option, _)| option != asked));
    // Some say more of what they leave aside.
    if !unused.is_empty() && found.warnings.iter().all(|warning| warning.id != "N319") {
        let (name, list) = (estimator.name(), unused.join(", "));
        found.warnings.push(Warning::new(
            "N319",
            format!("`{name}` does not know {list}: its estimates are the same without"),
            format!("`{name}`不使用{list}：有无此项结果相同"),
        ));
    }
    if spec.fit.wild.is_some() {
        wild_told(&mut found);
    }
    found.warnings.extend(without_errors(&found));
    Ok(found)
}

/// The event study takes the wild bootstrap of the averages by event time, and `N416` says what was drawn from; `W415`
/// when there was nothing to draw from.
fn wild_told(found: &mut Estimate) {
    let averages = found.aggregations.dynamic.iter().flat_map(|dynamic| &dynamic.rows);
    for average in averages {
        for row in found.event_study.iter_mut().flat_map(|study| &mut study.rows) {
            if average.at == At::EventTime(row.event_time) && average.estimate == row.estimate {
                row.wild.clone_from(&average.wild);
            }
        }
    }
    let name = found.estimator;
    match &found.overall.wild {
        Some(wild) if wild.kind == "score" => found.warnings.push(Warning::new(
            "N416",
            format!("`{name}` is not one regression, so no null can be imposed on it: its wild bootstrap draws from the influence of each of {} clusters (Kline and Santos 2012)", wild.clusters),
            format!("`{name}`并非单一回归，无法施加原假设：其wild bootstrap对{}个聚类的影响函数抽样（Kline and Santos 2012）", wild.clusters),
        )),
        Some(_) => {}
        None => found.warnings.push(Warning::new(
            "W415",
            format!("no wild bootstrap of `{name}`: its standard errors come from replications, not from the influence of each cluster"),
            format!("`{name}`没有wild bootstrap：其标准误来自重复抽样，而非各聚类的影响函数"),
        )),
    }
}

/// Event times other than references whose effects have no standard error.
fn without_errors(found: &Estimate) -> Option<Warning> {
    let study = found.event_study.as_ref()?;
    let silent = study.rows.iter().filter(|row| row.std_error.is_none() && !study.reference.contains(&row.event_time));
    let times: Vec<String> = silent.map(|row| row.event_time.to_string()).collect();
    let list = times.join(", ");
    (!times.is_empty()).then(|| {
        Warning::new(
            "W809",
            format!("effects at event times {list} have no standard error: one unit stands alone on a side, or nothing varies between those compared"),
            format!("相对时间 {list} 的效应没有标准误：某一侧仅有一个个体，或所比较的个体之间没有差异"),
        )
    })
}

/// The estimators named, in the order of the names and without repetition; `all` stands for every one.
///
/// # Errors
/// As [`find`], for the first name that is not known.
pub fn chosen(names: &[impl AsRef<str>]) -> Result<Vec<&'static dyn Estimator>> {
    let mut found: Vec<&'static dyn Estimator> = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        let these = if name == "all" { ESTIMATORS.to_vec() } else { vec![find(name)?] };
        for one in these {
            if found.iter().all(|known| known.name() != one.name()) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// What the effects before adoption are differences from. Leads of different kinds differ in size by construction,
/// so a figure that shows several says which is which (Roth 2024).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leads {
    /// From the last period before adoption.
    #[default]
    Long,
    /// From the period just before each lead.
    Short,
    /// From the periods before the first lead.
    Early,
    /// From a mean of untreated periods.
    Mean,
}

/// What a reader should know of an estimator before trusting it.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// Title.
    pub title: Text,
    /// Paper.
    pub reference: &'static str,
    /// What must hold for the estimate to be the effect.
    pub assumptions: Vec<Text>,
    /// Option and what it does.
    pub options: Vec<(&'static str, Text)>,
}

impl About {
    /// The assumption that every estimator shares.
    fn no_anticipation() -> Text {
        Text::new("No anticipation: nothing changes before adoption.", "无预期效应：政策实施前结果不变。")
    }
}

/// A panel and who adopts when.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Columns.
    pub frame: &'a Frame,
    /// Unit and time of their rows.
    pub panel: &'a Panel,
    /// Adoption of each unit of `panel`.
    pub adoption: &'a [Adoption],
}

/// What to estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Outcome column.
    pub outcome: String,
    /// Treatment column: 0 and 1, or a dose.
    pub treatment: String,
    /// Control columns.
    pub controls: Vec<String>,
    /// Weights, clusters, filter.
    pub design: DesignOptions,
    /// Covariance, small-sample rule, level.
    pub fit: FitOptions,
    /// Event times.
    pub window: Window,
    /// Comparison group, base period and what else the estimators for staggered adoption can be asked.
    pub options: Options,
    /// Seed of simulated critical values.
    pub seed: u64,
}

impl Spec {
    /// The design of the outcome on `regressors` and the controls with unit and period effects.
    ///
    /// # Errors
    /// As [`Design::build`].
    pub fn design(&self, data: Data<'_>, regressors: &[&str]) -> Result<Design> {
        let Panel { unit_name, time_name, .. } = data.panel;
        let regressors: Vec<&str> =
            regressors.iter().copied().chain(self.controls.iter().map(String::as_str)).collect();
        let formula = SingleFormula::of_columns(&self.outcome, &regressors, &[unit_name, time_name]);
        Design::build(data.frame, Some(data.panel), &formula, &self.design)
    }
}

/// What every estimator yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Registered name.
    pub estimator: &'static str,
    /// Whom the treated are compared with, in words.
    pub control_group: Text,
    /// What changes are counted from, in words.
    pub base_period: Text,
    /// The estimator's own headline effect.
    pub overall: Term,
    /// Effects by time since adoption; none when the treatment has no dates.
    pub event_study: Option<EventStudy>,
    /// Averages of group-time effects; empty where the estimator has none.
    pub aggregations: Aggregations,
    /// Effects by cohort and period; empty where the estimator has none.
    pub group_time: Vec<CellRow>,
    /// Propensity scores by cohort; empty where the estimator has none.
    pub overlap: Vec<Overlap>,
    /// The regression behind `overall`, when there is one.
    pub fit: Option<FitRecord>,
    /// Weights that make up each cohort's counterfactual; empty where the estimator has none.
    pub weights: Vec<Weights>,
    /// Influence of clusters on `overall`; none unless the options ask for it, and where the estimator has none.
    pub influence: Option<Influence>,
    /// Rows used.
    pub n_obs: usize,
    /// Units used.
    pub n_units: usize,
    /// Of these, ever treated.
    pub n_treated_units: usize,
    /// First and last period used.
    pub periods: [f64; 2],
    /// Where rows went.
    pub ledger: Ledger,
    /// Cautions.
    pub warnings: Vec<Warning>,
}

/// The weights by which untreated units and earlier periods stand for a cohort without treatment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Cohort: first treated period.
    pub group: f64,
    /// Control units with a positive weight, the largest first; they sum to one.
    pub units: Vec<UnitWeight>,
    /// Periods before adoption with a positive weight; they sum to one, or there are none.
    pub periods: Vec<PeriodWeight>,
}

/// Weight of a control unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitWeight {
    /// Name of the unit.
    pub unit: String,
    /// Its weight.
    pub weight: f64,
}

/// Weight of a period before adoption.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeriodWeight {
    /// Period.
    pub time: f64,
    /// Its weight.
    pub weight: f64,
}

/// An estimator of treatment effects on a panel.
pub trait Estimator: Sync {
    /// The name under which it is registered.
    fn name(&self) -> &'static str;

    /// Title, reference, assumptions and options.
    fn about(&self) -> About;

    /// True when it compares units by their date of adoption, and so needs a treatment that is 0 or 1 and stays.
    fn needs_dates(&self) -> bool {
        true
    }

    /// What of it, under `options` and without covariates, depends on more than the number of units of each kind, the
    /// mean of their outcome paths and the cross-products of these; none where nothing does
    /// ([`crate::stream::condense`]).
    fn needs_units(&self, _options: &Options) -> Option<String> {
        Some("which looks at units one by one".to_owned())
    }

    /// What its leads are differences from, under `options`.
    fn leads(&self, _options: &Options) -> Leads {
        Leads::Long
    }

    /// All that stands in the way of an estimate.
    fn check(&self, data: Data<'_>, spec: &Spec) -> Vec<Problem> {
        if self.needs_dates() { dated_problems(data, spec) } else { common_problems(data, spec) }
    }

    /// The headline alone under any assignment of the policy; none where only the whole estimate tells. Callers use
    /// [`reassign::reassigned`].
    ///
    /// # Errors
    /// Those of the sample.
    fn reassigned<'a>(&'a self, _data: Data<'a>, _spec: &'a Spec) -> Result<Option<Reassigned<'a>>> {
        Ok(None)
    }

    /// The estimate.
    ///
    /// # Errors
    /// The first problem of [`Estimator::check`], and what the data bring up on the way.
    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate>;
}

/// Columns that `spec` names and the frame does not have; nobody treated, or nobody ever untreated.
pub fn common_problems(data: Data<'_>, spec: &Spec) -> Vec<Problem> {
    let names = [&spec.outcome, &spec.treatment].into_iter().chain(&spec.controls);
    let mut problems: Vec<Problem> = names.filter_map(|name| data.frame.numbers(name).err()).collect();
    if let Ok(values) = data.frame.numbers(&spec.treatment) {
        let known = || values.iter().filter(|d| !d.is_nan());
        if let Some(first) = known().next().filter(|first| known().all(|d| d == *first)) {
            problems.push(
                Problem::new(
                    "E205",
                    format!("\"{}\" is {first} in all rows: there is nothing to compare", spec.treatment),
                )
                .fix("check how the treatment is coded"),
            );
        }
    }
    if let Some(draws) = spec.options.bootstrap.filter(|draws| *draws < LEAST_DRAWS) {
        problems.push(
            Problem::new("E607", format!("{draws} bootstrap draws are too few for a standard error"))
                .fix(format!("ask for {LEAST_DRAWS} or more (1000 is usual), or leave bootstrap out")),
        );
    }
    problems
}

/// Below this many draws the quartiles that a bootstrap standard error is made of are guesses.
const LEAST_DRAWS: usize = 20;

/// [`common_problems`], and for estimators that need dates of adoption a treatment that has none.
pub fn dated_problems(data: Data<'_>, spec: &Spec) -> Vec<Problem> {
    let mut problems = common_problems(data, spec);
    if problems.is_empty() {
        problems.extend(no_dates(data, spec));
    }
    problems
}

/// A value of the treatment that is neither 0 nor 1, if there is one.
fn dose(data: Data<'_>, spec: &Spec) -> Option<f64> {
    let treatment = data.frame.numbers(&spec.treatment).unwrap_or_default();
    let is_dose = |d: &f64| !(d.is_nan() || *d == 0.0 || *d == 1.0);
    // Blocks without a branch on every row.
    let mut blocks = treatment.chunks(CHUNK);
    blocks.find(|block| block.iter().fold(false, |any, d| any | is_dose(d)))?.iter().copied().find(is_dose)
}

/// Why an estimator that compares units by their date of adoption has nothing to compare: a dose, or a treatment that
/// ends in every unit that starts it.
fn no_dates(data: Data<'_>, spec: &Spec) -> Option<Problem> {
    let others: Vec<&str> = ESTIMATORS.iter().filter(|one| !one.needs_dates()).map(|one| one.name()).collect();
    let problem = |why: String| {
        Problem::new("E201", format!("this estimator compares units by their date of adoption, and {why}"))
            .fix(format!("use what takes any treatment: {}", others.join(", ")))
    };
    if let Some(dose) = dose(data, spec) {
        return Some(problem(format!("\"{}\" is a dose (it takes the value {dose})", spec.treatment)));
    }
    let dated = |a: &Adoption| matches!(a, Adoption::At(_) | Adoption::Always);
    let ending = data.adoption.iter().filter(|a| **a == Adoption::Switches).count();
    (ending > 0 && !data.adoption.iter().any(dated))
        .then(|| problem(format!("treatment ends again in all {ending} units that it reaches")))
}
