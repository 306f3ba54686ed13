//! Two-way fixed effects: the interaction form of difference-in-differences, its classic form with
//! both main effects, and its event study.

mod levels;

use std::borrow::Cow;
use std::sync::Arc;

use crate::design::Design;
use crate::fit::{Fit, FitOptions, FitRecord, fit};
use crate::hypothesis::influence::Influence;
use crate::message::{Problem, Result};
use crate::panel::{Adoption, Panel};
use crate::text::Text;
use crate::wild::{self, Resample, Wild};

use super::answer::no_variation;
use super::event::{Effect, Estimated, EventStudy, ROUNDING};
use super::event_time::{Indicators, Window, indicators, relative};
use super::group_time::Aggregations;
use super::options::Options;
use super::within::NO_LEVEL;
use super::{About, Data, Estimate, Estimator, Spec, dose};
use levels::{Found, regression};

/// `y_it = a_i + l_t + b D_it + x'c + e`.
pub struct Twfe;

impl Estimator for Twfe {
    fn name(&self) -> &'static str {
        "twfe"
    }

    fn about(&self) -> About {
        About {
            title: Text::new("Two-way fixed effects", "双向固定效应"),
            reference: "Angrist and Pischke (2009), Mostly Harmless Econometrics, ch. 5; for its limits Goodman-Bacon (2021), Journal of Econometrics 225(2)",
            assumptions: vec![
                Text::new(
                    "Parallel trends: without the policy the treated would have moved as the untreated did, given the controls.",
                    "平行趋势：在给定控制变量下，若无政策，处理组与对照组的变化相同。",
                ),
                About::no_anticipation(),
                Text::new(
                    "With several dates of adoption: effects that are the same for all units and at all times since adoption.",
                    "交错实施时：处理效应在单位之间、在实施后各期之间相同。",
                ),
            ],
            options: vec![
                (
                    "window",
                    Text::new("first and last event time; end bins hold the rest", "首末相对时间，其余归入两端"),
                ),
                ("reference", Text::new("event time that the others are compared with", "基准期")),
                ("trim", Text::new("leave rows beyond the window out", "剔除窗口之外的观测")),
            ],
        }
    }

    fn needs_dates(&self) -> bool {
        false
    }

    fn needs_units(&self, _options: &Options) -> Option<String> {
        None
    }

    fn estimate(&self, data: Data<'_>, spec: &Spec) -> Result<Estimate> {
        if let Some(problem) = self.check(data, spec).into_iter().next() {
            return Err(problem);
        }
        let mut design = spec.design(data, &[&spec.treatment])?;
        let (_, treatment) = design.regressors.remove(0);
        let Static { record, sample, influence } = Static::new(&design, &treatment, spec)?;
        let Some(overall) = record.terms.iter().find(|term| term.term == spec.treatment).cloned() else {
            let reason = record.omitted.iter().find(|o| o.name == spec.treatment).map(|o| o.reason.en.clone());
            return Err(not_identified(&spec.treatment, reason));
        };
        if overall.std_error <= ROUNDING * overall.estimate.abs() {
            return Err(no_variation(&spec.outcome));
        }
        let found = match dose(data, spec) {
            // A dose has no date to count from.
            Some(_) => None,
            None => Some(event_study(&design, data.panel, data.adoption, &spec.window, &spec.fit, spec.seed)),
        };
        let event_study = match found.transpose() {
            Ok(study) => study,
            // A treatment that nobody adopts at a date has an effect all the same.
            Err(problem) if problem.id == "E205" => None,
            Err(problem) => return Err(problem),
        };
        let mut used = vec![false; data.adoption.len()];
        for &row in &sample {
            used[data.panel.unit[row as usize] as usize] = true;
        }
        let units = || (0..used.len() as u32).filter(|&unit| used[unit as usize]);
        Ok(Estimate {
            estimator: self.name(),
            control_group: Text::new(
                "rows that are not treated, and rows that have long been",
                "未处理的观测，以及已处理较久的观测",
            ),
            base_period: Text::new("the mean of each unit and of each period", "各单位均值与各期均值"),
            influence,
            overall,
            event_study,
            aggregations: Aggregations::default(),
            group_time: Vec::new(),
            weights: Vec::new(),
            overlap: Vec::new(),
            periods: periods(data.panel, &sample),
            n_obs: record.n_obs,
            n_units: data.panel.count(units()),
            n_treated_units: data.panel.count(units().filter(|&unit| data.adoption[unit as usize] != Adoption::Never)),
            ledger: record.ledger.clone(),
            warnings: record.warnings.clone(),
            fit: Some(record),
        })
    }
}

/// The regression on the treatment.
struct Static {
    record: FitRecord,
    /// Rows of the frame that it uses.
    sample: Vec<u32>,
    influence: Option<Influence>,
}

impl Static {
    /// Of `design`, which has outcome, controls and effects, on `treatment`.
    fn new(design: &Design, treatment: &[f64], spec: &Spec) -> Result<Self> {
        let name = &spec.treatment;
        if !spec.options.influence && treatment.iter().all(|d| *d == 0.0 || *d == 1.0) {
            let level: Vec<u32> = treatment.iter().map(|d| if *d == 1.0 { 0 } else { NO_LEVEL }).collect();
            if let Some(Found { record, sample }) = regression(design, &level, std::slice::from_ref(name), &spec.fit)? {
                return Ok(Self { record, sample, influence: None });
            }
        }
        let mut design = design.clone();
        design.regressors.insert(0, (name.clone(), Arc::new(treatment.to_vec())));
        let fit = fit(&design, &spec.fit)?;
        let influence = fit.position(name).filter(|_| spec.options.influence).map(|own| fit.influence(own));
        Ok(Self { record: wild::record(&fit, spec.fit.wild.as_ref())?, sample: fit.sample, influence })
    }
}

/// First and last period of the rows `sample`.
fn periods(panel: &Panel, sample: &[u32]) -> [f64; 2] {
    let times = || sample.iter().map(|&row| panel.times[panel.time[row as usize] as usize]);
    [times().fold(f64::INFINITY, f64::min), times().fold(f64::NEG_INFINITY, f64::max)]
}

/// Effects by time since adoption: `base`, a design with outcome, controls and effects but no treatment,
/// plus an indicator for each event time but the reference ones. `seed` drives the simultaneous band.
///
/// # Errors
/// `E607` for an impossible window or reference, `E205` when nobody adopts, `E206` when no event time
/// has a coefficient of its own, and those of [`fit()`].
pub fn event_study(
    base: &Design,
    panel: &Panel,
    adoption: &[Adoption],
    window: &Window,
    options: &FitOptions,
    seed: u64,
) -> Result<EventStudy> {
    let found = indicators(&relative(panel, adoption, &base.sample), base.copies(), window)?;
    let mut design = Cow::Borrowed(base);
    if found.keep.len() < base.rows() {
        let left = design.to_mut();
        *left = base.take(&found.keep);
        found.dropped.iter().for_each(|(reason, rows)| left.ledger.drop_rows(reason.clone(), *rows));
    }
    let name = |effect: &Effect| format!("event::{}", effect.event_time);
    let names: Vec<String> = found.effects.iter().map(name).collect();
    let (record, wild) = match regression(&design, &found.level, &names, options)? {
        Some(Found { record, .. }) => (record, None),
        None => with_columns(&design, &found, &names, options)?,
    };
    let place = |effect: &Effect| record.terms.iter().position(|term| term.term == name(effect));
    let places: Vec<usize> = found.effects.iter().filter_map(place).collect();
    if places.is_empty() {
        return Err(not_identified("time since adoption", None));
    }
    let effects = found
        .effects
        .iter()
        .filter_map(|effect| Some(Effect { estimate: record.terms[place(effect)?].estimate, ..*effect }));
    let v = &record.covariance;
    let tests: Vec<_> = found
        .effects
        .iter()
        .filter_map(|effect| Some((effect.event_time, record.terms[place(effect)?].wild.clone())))
        .collect();
    let reference: Vec<String> = found.references.iter().map(|effect| effect.event_time.to_string()).collect();
    let estimated = Estimated {
        estimator: "twfe".to_owned(),
        label: Text::new("Two-way fixed effects", "双向固定效应"),
        effects: effects.collect(),
        covariance: places.iter().map(|&i| places.iter().map(|&j| v[i][j]).collect()).collect(),
        simulated: None,
        df: record.se_card.df,
        own_df: record.se_card.own_df.as_ref().map(|own| places.iter().map(|&i| own[i]).collect()),
        resample: wild.map(|wild| Resample::Regression { wild: Arc::new(wild), positions: places.clone() }),
        references: found.references,
        base: Text::new(
            format!("long differences: every effect is compared with event time {}", reference.join(" and ")),
            format!("长差分：各期效应均以相对时间 {} 为基准", reference.join("、")),
        ),
        pre_available: found.pre_available,
        warnings: found.warnings.into_iter().chain(record.warnings.iter().cloned()).collect(),
        fit: Some(Box::new(record)),
    };
    let mut study = EventStudy::new(estimated, options.level, seed);
    for row in &mut study.rows {
        row.wild = tests.iter().find(|(time, _)| *time == row.event_time).and_then(|(_, wild)| wild.clone());
    }
    Ok(study)
}

/// The regression with a column for each event time.
fn with_columns(
    base: &Design,
    found: &Indicators,
    names: &[String],
    options: &FitOptions,
) -> Result<(FitRecord, Option<Wild>)> {
    let mut design = base.clone();
    let controls = std::mem::take(&mut design.regressors);
    let columns = names.iter().enumerate().map(|(at, name)| (name.clone(), Arc::new(found.column(at))));
    design.regressors = columns.chain(controls).collect();
    wild::tested(&fit(&design, options)?, options.wild.as_ref())
}

/// Classic difference-in-differences with both main effects and a constant, no absorbed effects:
/// `y = a + g Treated_i + p Post_t + b Treated_i Post_t + x'c + e`. `design` has outcome, controls and
/// a constant; the terms are `treated`, `post` and `treatment`.
///
/// # Errors
/// `E607` when adoption has no date or several; and those of [`fit()`].
pub fn classic(
    design: &Design,
    panel: &Panel,
    adoption: &[Adoption],
    treatment: &str,
    options: &FitOptions,
) -> Result<Fit> {
    let mut dates: Vec<f64> =
        adoption.iter().filter_map(|a| if let Adoption::At(date) = a { Some(*date) } else { None }).collect();
    dates.sort_unstable_by(f64::total_cmp);
    dates.dedup();
    let undated = adoption.iter().filter(|a| matches!(a, Adoption::Always | Adoption::Switches)).count();
    let (&[date], 0) = (dates.as_slice(), undated) else {
        let found = dates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(Problem::new(
            "E607",
            format!(
                "the classic form needs one date of adoption for all treated units; there are {} ({found}), and {undated} units without one",
                dates.len()
            ),
        )
        .fix("use the two-way form, which takes several dates"));
    };
    let group = |row: &u32| f64::from(u8::from(adoption[panel.unit[*row as usize] as usize] != Adoption::Never));
    let post = |row: &u32| f64::from(u8::from(panel.times[panel.time[*row as usize] as usize] >= date));
    let column = |of: &dyn Fn(&u32) -> f64| Arc::new(design.sample.iter().map(of).collect::<Vec<f64>>());
    let mut design = design.clone();
    let controls = std::mem::take(&mut design.regressors);
    design.regressors = vec![
        (treatment.to_owned(), column(&|row| group(row) * post(row))),
        ("treated".to_owned(), column(&group)),
        ("post".to_owned(), column(&post)),
    ];
    design.regressors.extend(controls);
    fit(&design, options)
}

fn not_identified(name: &str, reason: Option<String>) -> Problem {
    let why = reason.unwrap_or_else(|| "unit and period effects absorb it".to_owned());
    Problem::new("E206", format!("the effect of {name} is not identified: {why}"))
        .fix("the treatment must vary within units and within periods; did you mean the group times the periods after the policy?")
}
