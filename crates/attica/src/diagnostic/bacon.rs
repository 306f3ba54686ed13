//! Goodman-Bacon (2021, Journal of Econometrics 225): the two-way effects estimate as a weighted mean of
//! all two-group comparisons, among them the "forbidden" ones that use treated units as controls.
//! Reference implementation: R bacondecomp.

use serde::{Deserialize, Serialize};

use super::{periods, regressor};
use crate::design::Design;
use crate::estimator::wide::Wide;
use crate::message::{Problem, Result};

/// What a comparison uses as its control group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Never-treated units.
    TreatedVsNever,
    /// Units treated in every period.
    TreatedVsAlways,
    /// Units treated later, before they are.
    EarlierVsLater,
    /// Units treated earlier, after they are: their own effects enter with a minus sign.
    LaterVsEarlier,
}

impl Kind {
    /// Whether the controls are units already treated.
    pub fn uses_treated(self) -> bool {
        matches!(self, Self::TreatedVsAlways | Self::LaterVsEarlier)
    }
}

/// One two-group comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Kind of control group.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Cohort whose treatment changes.
    pub treated: f64,
    /// Cohort of the controls; `None` for never-treated.
    pub control: Option<f64>,
    /// Share in the two-way estimate; weights sum to one.
    pub weight: f64,
    /// Difference in differences of the pair.
    pub estimate: f64,
}

/// The decomposition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bacon {
    /// The two-way effects estimate: the weighted sum of the rows.
    pub estimate: f64,
    /// All comparisons, by treated and then control cohort.
    pub rows: Vec<Comparison>,
}

/// A group of units with one adoption date.
struct Cohort {
    /// First treated period: its index, `0` for always and the number of periods for never treated.
    start: usize,
    at: Option<f64>,
    size: f64,
    /// Mean outcome by period.
    mean: Vec<f64>,
}

impl Cohort {
    /// Mean outcome over periods `from..to`.
    fn over(&self, from: usize, to: usize) -> f64 {
        self.mean[from..to].iter().sum::<f64>() / (to - from) as f64
    }
}

/// Decomposes the coefficient of `treatment` in the two-way regression `design`, where that is exact.
///
/// # Errors
/// `E602` without unit and time; `E603` unknown treatment; `E607` with controls, with weights that change within
/// units, and when the treatment is no step from 0 to 1; and those of [`bacon`].
pub fn bacon_of(design: &Design, treatment: &str) -> Result<Bacon> {
    let inexact = |why: &str| {
        Problem::new("E607", format!("no exact Goodman-Bacon decomposition exists: {why}"))
            .fix("leave it out; the weights of the two-way estimate (`weights`) exist for any regression")
    };
    let treated = regressor(design, treatment)?;
    if design.regressors.len() > 1 {
        return Err(inexact("the regression has controls"));
    }
    let (period, times) = periods(design)?;
    let (Some((unit, _)), span) = (&design.panel, times.len()) else { return Err(inexact("units are not known")) };
    let (mut y, mut d) = (vec![f64::NAN; unit.levels * span], vec![f64::NAN; unit.levels * span]);
    let mut weight = vec![f64::NAN; unit.levels];
    for row in 0..design.rows() {
        let i = unit.codes[row] as usize;
        let at = i * span + period[row] as usize;
        if !d[at].is_nan() {
            return Err(inexact("units have several rows in a period"));
        }
        (y[at], d[at]) = (design.outcome.1[row], treated[row]);
        let own = design.weights.as_ref().map_or(1.0, |weights| weights.values[row]);
        if weight[i] != own && !weight[i].is_nan() {
            return Err(inexact("weights change within units"));
        }
        weight[i] = own;
    }
    // Holes are for the decomposition to refuse: a missing treatment fits any step.
    let start = |path: &[f64]| {
        let first = path.iter().position(|d| !d.is_nan() && *d != 0.0);
        let step = path.iter().enumerate().all(|(t, d)| d.is_nan() || *d == f64::from(first.is_some_and(|s| t >= s)));
        step.then(|| first.map(|s| times[s]))
    };
    let cohort: Option<Vec<Option<f64>>> = d.chunks(span).map(start).collect();
    let Some(cohort) = cohort else { return Err(inexact("the treatment is a dose, or ends")) };
    bacon(&Wide {
        units: unit.levels,
        times,
        step: 1.0,
        y: y.into(),
        x: Vec::new(),
        cohort,
        weight,
        cluster: None,
        copies: false,
    })
}

/// Decomposes the two-way effects estimate of a balanced panel without covariates; units may have weights.
///
/// # Errors
/// `E104` when the panel is unbalanced: the theorem holds for balanced panels only, and no
/// exact decomposition exists otherwise; `E205` when there are fewer than two cohorts.
pub fn bacon(panel: &Wide<'_>) -> Result<Bacon> {
    if panel.y.iter().any(|y| !y.is_finite()) {
        return Err(Problem::new("E104", "the Goodman-Bacon decomposition is exact for balanced panels only, and this panel has missing outcomes")
            .fix("restrict the sample to units seen in every period; the weights of the two-way estimate exist for any panel"));
    }
    let cohorts = cohorts(panel);
    let mut rows = Vec::new();
    for early in 0..cohorts.len() {
        for late in early + 1..cohorts.len() {
            compare(&cohorts[early], &cohorts[late], panel.times.len(), &mut rows);
        }
    }
    let total: f64 = rows.iter().map(|r| r.weight).sum();
    if total <= 0.0 {
        return Err(Problem::new("E205", "all units have the same treatment history, so there is nothing to compare"));
    }
    for row in &mut rows {
        row.weight /= total;
    }
    rows.sort_by(|a, b| {
        a.treated.total_cmp(&b.treated).then(a.control.unwrap_or(f64::MAX).total_cmp(&b.control.unwrap_or(f64::MAX)))
    });
    Ok(Bacon { estimate: rows.iter().map(|r| r.weight * r.estimate).sum(), rows })
}

/// Cohorts by date of adoption, never-treated last.
fn cohorts(panel: &Wide<'_>) -> Vec<Cohort> {
    let periods = panel.times.len();
    let start = |unit: usize| panel.cohort[unit].map_or(periods, |g| panel.times.iter().filter(|&&t| t < g).count());
    let mut found: Vec<Cohort> = Vec::new();
    for unit in 0..panel.units {
        let s = start(unit);
        let place = match found.binary_search_by_key(&s, |c| c.start) {
            Ok(place) => place,
            Err(place) => {
                let at = panel.times.get(s).copied();
                found.insert(place, Cohort { start: s, at, size: 0.0, mean: vec![0.0; periods] });
                place
            }
        };
        found[place].size += panel.weight[unit];
        for (t, mean) in found[place].mean.iter_mut().enumerate() {
            *mean += panel.weight[unit] * panel.outcome(unit, t);
        }
    }
    for cohort in &mut found {
        cohort.mean.iter_mut().for_each(|m| *m /= cohort.size);
    }
    found
}

/// The comparisons of a pair, with weights up to a common scale (theorem 1, equations 10e-g).
fn compare(early: &Cohort, late: &Cohort, periods: usize, rows: &mut Vec<Comparison>) {
    let share = early.size / (early.size + late.size);
    let pair = share * (1.0 - share) * (early.size + late.size).powi(2);
    let span = periods as f64;
    let (d_early, d_late) = ((periods - early.start) as f64 / span, (periods - late.start) as f64 / span);
    let mut push =
        |kind, treated: &Cohort, control: &Cohort, variance: f64, before: (usize, usize), after: (usize, usize)| {
            let change = |c: &Cohort| c.over(after.0, after.1) - c.over(before.0, before.1);
            if let Some(at) = treated.at {
                let control_at = if control.start == periods { None } else { control.at };
                rows.push(Comparison {
                    kind,
                    treated: at,
                    control: control_at,
                    weight: pair * variance,
                    estimate: change(treated) - change(control),
                });
            }
        };
    if early.start > 0 {
        let kind = if late.start == periods { Kind::TreatedVsNever } else { Kind::EarlierVsLater };
        push(kind, early, late, (d_early - d_late) * (1.0 - d_early), (0, early.start), (early.start, late.start));
    }
    if late.start < periods {
        let kind = if early.start == 0 { Kind::TreatedVsAlways } else { Kind::LaterVsEarlier };
        push(kind, late, early, d_late * (d_early - d_late), (early.start, late.start), (late.start, periods));
    }
}
