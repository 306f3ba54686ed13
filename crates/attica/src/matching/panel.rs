//! Matching in a panel: when candidates are compared, and which rows get which weight.
//!
//! Heckman, Ichimura and Todd (1997) match once, on what units were before the policy. Two other timings are in
//! wide use and are offered with their warnings: a new match in every period, and one match of all treated rows
//! with all untreated rows of the panel, in which a unit can be its own control.

use serde::{Deserialize, Serialize};

use super::balance::{Balance, balance};
use super::caution::warnings;
use super::{Kin, Method, Sample, Score, Status, matched, score};
use crate::ledger::{Ledger, Reason};
use crate::message::{Problem, Result, Warning};
use crate::panel::Panel;

/// When candidates are compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Timing {
    /// Once, in this period; by default the last one before anybody is treated or may react.
    Base(Option<f64>),
    /// In every period, units ever treated with units never treated.
    Yearly,
    /// All treated rows with all untreated rows.
    Pooled,
}

/// What a panel is matched on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Unit and period of each row.
    pub panel: &'a Panel,
    /// Treatment of each row; positive is treated, NaN unknown.
    pub treatment: &'a [f64],
    /// Covariates: name and one value per row; not finite is missing.
    pub covariates: &'a [(String, Vec<f64>)],
    /// When candidates are compared.
    pub timing: Timing,
    /// Periods before adoption in which units may react already.
    pub anticipation: u32,
}

/// One candidate: a unit in the base period, or a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Row of the panel that its covariates come from.
    pub row: u32,
    /// Treated or control.
    pub treated: bool,
    /// Propensity score, where there is one.
    pub score: Option<f64>,
}

/// The candidates of a panel, before anything is matched.
#[derive(Clone, Debug)]
pub struct Candidates<'a> {
    pub(super) question: Question<'a>,
    /// The base period.
    pub base: Option<f64>,
    /// Candidates; those of one cross-section stand together.
    pub all: Vec<Candidate>,
    /// Where each cross-section begins, and the period it belongs to.
    sections: Vec<(usize, Option<u32>)>,
    columns: Vec<Vec<f64>>,
    /// The score of the only cross-section, or of the last one under [`Timing::Yearly`]; why there is none.
    pub score: Result<Score>,
    /// Units (in the base period) or rows, and why some are no candidates.
    pub ledger: Ledger,
}

/// A matched panel.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelMatch {
    /// Weight of each candidate.
    pub weights: Vec<f64>,
    /// What became of each candidate.
    pub status: Vec<Status>,
    /// Weight of each row of the panel; 0 for rows that are not matched.
    pub row_weights: Vec<f64>,
    /// Rows on common support: all candidates but treated ones whose score no control reaches.
    pub row_support: Vec<bool>,
    /// Before and after.
    pub balance: Balance,
    /// Units or rows from the panel to the matched sample.
    pub ledger: Ledger,
    /// Sum of weights squared over the sum of squared weights, of the controls.
    pub effective_controls: f64,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
}

impl<'a> Candidates<'a> {
    /// Finds the candidates and fits the propensity score.
    ///
    /// # Errors
    /// `E205` nobody to compare; `E607` a base period that the panel does not have. A score that does not exist is
    /// kept in `score`, for not every method needs one.
    pub fn new(question: Question<'a>) -> Result<Self> {
        let panel = question.panel;
        let first = first_treated(panel, question.treatment);
        let base = match question.timing {
            Timing::Base(wanted) => Some(base_period(question, &first, wanted)?),
            Timing::Yearly | Timing::Pooled => None,
        };
        let mut found = Self {
            question,
            base: base.map(|t| panel.times[t]),
            all: Vec::new(),
            sections: Vec::new(),
            columns: Vec::new(),
            score: Err(Problem::new("E205", "there are no candidates")),
            ledger: Ledger::default(),
        };
        match base {
            Some(base) => found.at_base(base, &first),
            None => found.in_rows(&first),
        }
        found.columns =
            question.covariates.iter().map(|(_, x)| found.all.iter().map(|c| x[c.row as usize]).collect()).collect();
        found.fit_scores();
        Ok(found)
    }

    fn at_base(&mut self, base: usize, first: &[Option<usize>]) {
        let Question { panel, covariates, .. } = self.question;
        let mut left = Left::new(covariates.len());
        for unit in 0..panel.units.len() as u32 {
            let start = first[unit as usize];
            let Some(row) = panel.row(unit, base) else {
                left.no_row += 1;
                continue;
            };
            if start.is_some_and(|t| t <= base) {
                left.treated += 1;
            } else if let Some(missing) = covariates.iter().position(|(_, x)| !x[row].is_finite()) {
                left.missing[missing] += 1;
            } else {
                self.all.push(Candidate { row: row as u32, treated: start.is_some(), score: None });
            }
        }
        self.sections.push((0, None));
        self.ledger = left.ledger(panel.units.len(), covariates, panel.times[base]);
    }

    fn in_rows(&mut self, first: &[Option<usize>]) {
        let Question { panel, covariates, treatment, timing, .. } = self.question;
        let mut left = Left::new(covariates.len());
        for period in 0..panel.times.len() {
            let start = self.all.len();
            for unit in 0..panel.units.len() as u32 {
                let Some(row) = panel.row(unit, period) else { continue };
                let seen = (0..panel.times.len()).find(|&t| panel.row(unit, t).is_some());
                if first[unit as usize].is_some() && first[unit as usize] == seen {
                    left.treated += 1;
                } else if treatment[row].is_nan() && timing == Timing::Pooled {
                    left.no_row += 1;
                } else if let Some(missing) = covariates.iter().position(|(_, x)| !x[row].is_finite()) {
                    left.missing[missing] += 1;
                } else {
                    let treated =
                        if timing == Timing::Pooled { treatment[row] > 0.0 } else { first[unit as usize].is_some() };
                    self.all.push(Candidate { row: row as u32, treated, score: None });
                }
            }
            if timing == Timing::Yearly && self.all.len() > start {
                self.sections.push((start, Some(period as u32)));
            }
        }
        if timing == Timing::Pooled {
            self.sections.push((0, None));
        }
        self.ledger = left.ledger(panel.unit.len(), covariates, f64::NAN);
    }

    /// Candidates of each cross-section.
    fn ranges(&self) -> Vec<(std::ops::Range<usize>, Option<u32>)> {
        let ends = self.sections.iter().skip(1).map(|s| s.0).chain([self.all.len()]);
        self.sections.iter().zip(ends).map(|(&(start, period), end)| (start..end, period)).collect()
    }

    /// The problem of one cross-section, with the period that it belongs to.
    fn placed(&self, problem: Problem, period: Option<u32>) -> Problem {
        match period {
            None => problem,
            Some(t) => {
                let message = format!("in {}: {}", self.question.panel.times[t as usize], problem.message);
                Problem { message, ..problem }
            }
        }
    }

    fn fit_scores(&mut self) {
        for (range, period) in self.ranges() {
            let fitted = self.with_sample(range.clone(), score).map_err(|problem| self.placed(problem, period));
            if let Ok(fitted) = &fitted {
                self.all[range].iter_mut().zip(&fitted.values).for_each(|(c, p)| c.score = Some(*p));
            }
            let failed = fitted.is_err();
            self.score = fitted;
            if failed {
                self.all.iter_mut().for_each(|c| c.score = None);
                return;
            }
        }
    }

    fn with_sample<T>(&self, range: std::ops::Range<usize>, f: impl FnOnce(Sample<'_>) -> T) -> T {
        let treated: Vec<bool> = self.all[range.clone()].iter().map(|c| c.treated).collect();
        let names = self.question.covariates.iter().map(|(name, _)| name.as_str());
        let covariates: Vec<(&str, &[f64])> = names.zip(self.columns.iter().map(|x| &x[range.clone()])).collect();
        f(Sample { treated: &treated, covariates: &covariates })
    }

    /// Matches each cross-section by `method`; with `common` treated candidates outside the range of the controls'
    /// scores are left out.
    ///
    /// # Errors
    /// Those of [`matched`] and, for methods by score, why there is no score.
    pub fn matched(&self, method: Method, common: bool) -> Result<PanelMatch> {
        if method.by_score() {
            self.score.as_ref().map_err(Clone::clone)?;
        }
        let panel = self.question.panel;
        let n = self.all.len();
        let (mut weights, mut status) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let (mut kin, mut total) = ([0.0; 2], 0.0);
        for (range, period) in self.ranges() {
            let own = &self.all[range.clone()];
            let score: Option<Vec<f64>> = own.iter().map(|c| c.score).collect();
            let at = |i: usize| own[i].row as usize;
            let itself = |i: usize, j: usize| panel.unit[at(i)] == panel.unit[at(j)];
            let elsewhen = |i: usize, j: usize| panel.time[at(i)] != panel.time[at(j)];
            let pairs: [Kin<'_>; 2] = [&itself, &elsewhen];
            let found = self
                .with_sample(range.clone(), |sample| matched(sample, method, score.as_deref(), common, &pairs))
                .map_err(|problem| self.placed(problem, period))?;
            let treated: f64 = own.iter().zip(&found.weights).filter(|(c, _)| c.treated).map(|(_, w)| w).sum();
            kin.iter_mut().zip(&found.kin).for_each(|(sum, share)| *sum += treated * share);
            total += treated;
            weights.extend(found.weights);
            status.extend(found.status);
        }
        let (row_weights, row_support) = self.rows(&weights, &status);
        let balance = self.with_sample(0..n, |sample| balance(sample, &weights));
        let controls = || self.all.iter().zip(&weights).filter(|(c, _)| !c.treated).map(|(_, w)| *w);
        let (sum, squares) = controls().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        let mut found = PanelMatch {
            row_weights,
            row_support,
            ledger: self.booked(method, &status),
            effective_controls: sum * sum / squares,
            warnings: Vec::new(),
            weights,
            status,
            balance,
        };
        found.warnings = warnings(self, method, &found, kin.map(|k| k / total));
        Ok(found)
    }

    /// Weights and support of the rows of the panel: all rows of a unit that was matched in the base period.
    fn rows(&self, weights: &[f64], status: &[Status]) -> (Vec<f64>, Vec<bool>) {
        let panel = self.question.panel;
        let rows = panel.unit.len();
        let (mut of_row, mut support) = (vec![0.0; rows], vec![false; rows]);
        for ((candidate, &w), status) in self.all.iter().zip(weights).zip(status) {
            let on = *status != Status::OffSupport;
            if self.base.is_none() {
                (of_row[candidate.row as usize], support[candidate.row as usize]) = (w, on);
                continue;
            }
            let unit = panel.unit[candidate.row as usize];
            for row in (0..panel.times.len()).filter_map(|t| panel.row(unit, t)) {
                (of_row[row], support[row]) = (w, on);
            }
        }
        (of_row, support)
    }

    fn booked(&self, method: Method, status: &[Status]) -> Ledger {
        let mut ledger = self.ledger.clone();
        let count = |which: Status| status.iter().filter(|s| **s == which).count();
        let reasons = [
            (Status::OffSupport, "treated, with a score that no control reaches", "处理组：倾向得分超出对照组范围"),
            (Status::NoMatch, "treated, without a control within the distance allowed", "处理组：允许距离内没有对照"),
            (Status::Unused, "controls that nobody is matched to", "对照组：未被匹配"),
        ];
        for (which, en, zh) in reasons {
            // Entropy balancing gives every control a weight, however small.
            if !matches!(method, Method::Entropy(_)) || which != Status::Unused {
                ledger.drop_rows(Reason::excluded(en, zh), count(which));
            }
        }
        ledger
    }
}

/// Why units or rows are no candidates.
struct Left {
    no_row: usize,
    treated: usize,
    missing: Vec<usize>,
}

impl Left {
    fn new(covariates: usize) -> Self {
        Self { no_row: 0, treated: 0, missing: vec![0; covariates] }
    }

    /// `base` is NaN when rows are candidates.
    fn ledger(self, read: usize, covariates: &[(String, Vec<f64>)], base: f64) -> Ledger {
        let mut ledger = Ledger::new(read);
        let (absent, early) = if base.is_nan() {
            (
                Reason::excluded("treatment unknown", "处理状态未知"),
                Reason::excluded("treated in every period", "各期均受处理"),
            )
        } else {
            (
                Reason::excluded(format!("no row in {base}"), format!("{base}年无观测")),
                Reason::excluded(format!("treated by {base} already"), format!("{base}年已受处理")),
            )
        };
        ledger.drop_rows(absent, self.no_row);
        ledger.drop_rows(early, self.treated);
        for ((name, _), rows) in covariates.iter().zip(self.missing) {
            ledger.drop_rows(Reason::Missing(name.clone()), rows);
        }
        ledger
    }
}

/// First treated period of each unit.
fn first_treated(panel: &Panel, treatment: &[f64]) -> Vec<Option<usize>> {
    let of = |unit: u32| (0..panel.times.len()).find(|&t| panel.row(unit, t).is_some_and(|row| treatment[row] > 0.0));
    (0..panel.units.len() as u32).map(of).collect()
}

fn base_period(question: Question<'_>, first: &[Option<usize>], wanted: Option<f64>) -> Result<usize> {
    let panel = question.panel;
    if let Some(wanted) = wanted {
        return panel.times.iter().position(|t| *t == wanted).ok_or_else(|| {
            Problem::new("E607", format!("the base period {wanted} is not in the panel")).fix(format!(
                "choose one of {} to {}, before the policy",
                panel.times[0],
                panel.times[panel.times.len() - 1]
            ))
        });
    }
    // Units that are treated from the start have no base period and do not decide about that of the others.
    let start = first.iter().flatten().filter(|t| **t > 0).min();
    let none = || {
        Problem::new("E205", "no unit adopts the policy after the first period of the panel")
            .fix("check the coding of the treatment; effects need a period before adoption")
    };
    let start = *start.ok_or_else(none)?;
    start.checked_sub(1 + question.anticipation as usize).ok_or_else(|| {
        Problem::new("E607", format!("there is no period before {} in which nobody reacts yet", panel.times[start]))
            .fix("name a base period, or add periods before adoption")
    })
}
