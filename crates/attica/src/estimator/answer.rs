//! What the estimators for staggered adoption end with: an [`Estimate`] with its averages and its event study, from
//! the sample of `staggered.rs` and effects with their influences.

use super::event::{Effect, Estimated, EventStudy, Simulated};
use super::group_time::{Aggregations, Averages, Cell, Combination, EventTimes, GroupTime, Inference, Uncertainty};
use super::staggered::{Staggered, steps};
use super::{Estimate, Spec};
use crate::fit::Term;
use crate::hypothesis::influence::Influence;
use crate::message::{Problem, Result, Warning};
use crate::text::Text;
use crate::wild::Resample;

/// Which average is an estimator's own headline.
#[derive(Clone, Copy)]
pub(super) enum Headline {
    /// All cells after adoption, by weight.
    Simple,
    /// Cohorts by their weight, each the mean over its treated periods.
    Group,
}

impl Headline {
    /// Its average; none without a cell after adoption.
    pub fn of(self, effects: &GroupTime) -> Option<Combination> {
        match self {
            Self::Simple => effects.simple().overall,
            Self::Group => effects.by_group().overall,
        }
    }
}

/// How an estimator describes itself in results.
pub(super) struct Words {
    pub label: Text,
    pub control_group: Text,
    pub base: Text,
}

/// Why an effect that was found has no standard error.
pub(super) fn no_variation(outcome: &str) -> Problem {
    Problem::new("E305", format!("\"{outcome}\" does not vary around the effects, so that they have no standard error"))
        .fix("compare more units, or choose an outcome that varies within them")
}

impl Staggered {
    /// The answer with the normal distribution as reference, as the estimators' own software does.
    pub fn estimate(self, estimator: &'static str, words: Words, overall: Term, study: Option<EventStudy>) -> Estimate {
        let used = |time: u32| self.times[time as usize];
        let times = || self.time.iter().copied();
        let periods = [times().min().map_or(f64::NAN, used), times().max().map_or(f64::NAN, used)];
        let (n_units, n_treated_units) = self.units_used();
        Estimate {
            estimator,
            control_group: words.control_group,
            base_period: words.base,
            overall,
            event_study: study,
            aggregations: Aggregations::default(),
            group_time: Vec::new(),
            weights: Vec::new(),
            overlap: Vec::new(),
            influence: None,
            fit: None,
            n_obs: self.design.count(0..self.design.rows()),
            n_units,
            n_treated_units,
            periods,
            ledger: self.design.ledger,
            warnings: self.design.warnings.into_iter().chain(self.warnings).collect(),
        }
    }

    /// [`Staggered::estimate`] of an estimator that has group-time effects: every average of `cells`, and an
    /// event study of them. `base` names the periods that changes are measured from.
    pub fn estimate_cells(
        self,
        estimator: &'static str,
        words: Words,
        cells: &[Cell],
        headline: Headline,
        spec: &Spec,
        df: Option<f64>,
    ) -> Result<Estimate> {
        self.estimate_group_time(estimator, words, &GroupTime::of_cells(cells), headline, spec, df)
    }

    /// [`Staggered::estimate_cells`] of effects whose influences share features.
    pub fn estimate_group_time(
        self,
        estimator: &'static str,
        words: Words,
        effects: &GroupTime,
        headline: Headline,
        spec: &Spec,
        df: Option<f64>,
    ) -> Result<Estimate> {
        self.estimate_with_leads(estimator, words, effects, Vec::new(), headline, spec, df)
    }

    /// [`Staggered::estimate_group_time`] with `leads` by event time that come from a regression of their own.
    #[allow(clippy::too_many_arguments)]
    pub fn estimate_with_leads(
        self,
        estimator: &'static str,
        words: Words,
        effects: &GroupTime,
        leads: Vec<Combination>,
        headline: Headline,
        spec: &Spec,
        df: Option<f64>,
    ) -> Result<Estimate> {
        let inference = Inference::of(spec, df);
        let uncertainty = Uncertainty::new(&effects.influences, inference);
        let [min, max] = spec.window.bounds.map_or([None, None], |[low, high]| [Some(low), Some(high)]);
        let kept = EventTimes { min, max, balance: spec.options.balance };
        let term = &spec.treatment;
        let own = headline.of(effects);
        let overall = own
            .as_ref()
            .and_then(|average| uncertainty.term(term, average))
            .ok_or_else(|| self.nothing_estimated(own.is_some()))?;
        let mut dynamic = effects.by_event_time_where(kept, |point| !point.is_reference);
        dynamic.rows.splice(0..0, leads.iter().cloned());
        let mut references = effects.by_event_time_where(kept, |point| point.is_reference).effects();
        references.retain(|reference| dynamic.effects().iter().all(|effect| effect.event_time != reference.event_time));
        let study = self.event_study(
            estimator,
            &words,
            (dynamic.effects(), uncertainty.covariance(&dynamic.rows)),
            (uncertainty.simulate(&dynamic.rows), uncertainty.resample(&dynamic.rows)),
            references,
            &inference,
        );
        let mut all = effects.by_event_time(kept);
        all.rows.splice(0..0, leads);
        // References have no variance: unless they share an event time with effects, the band is the same.
        let aggregations = Aggregations {
            simple: uncertainty.aggregation(term, &effects.simple()),
            group: uncertainty.aggregation(term, &effects.by_group()),
            dynamic: if all.rows.len() == study.rows.len() {
                uncertainty.aggregation_within(term, &all, study.sup_t)
            } else {
                uncertainty.aggregation(term, &all)
            },
            calendar: uncertainty.aggregation(term, &effects.by_calendar()),
        };
        let influence = own.filter(|_| spec.options.influence).map(|own| effects.influences.combined(&own.loads));
        let influence = influence.and_then(|values| self.influence(values));
        let mut answer = self.estimate(estimator, words, overall, Some(study));
        answer.influence = influence;
        answer.group_time = uncertainty.cells(&effects.points);
        answer.aggregations = aggregations;
        Ok(answer)
    }

    /// Says that influences stand in the order of the clusters `members`.
    pub fn order_influences(&mut self, members: &[u32]) {
        if !self.influence_rows.is_empty() {
            self.influence_rows = members.iter().map(|&cluster| self.influence_rows[cluster as usize]).collect();
        }
    }

    /// Influences as rows of the frame stand for them: one for each of `influence_rows`, or for each cluster that still
    /// has a row. None when they are neither.
    pub fn influence(&self, mut values: Vec<f64>) -> Option<Influence> {
        let mut present = self.cluster.to_vec();
        present.sort_unstable();
        present.dedup();
        let mut rows: Vec<u32> = if values.len() == self.influence_rows.len() {
            self.influence_rows.clone()
        } else if values.len() == present.len() && self.influence_rows.len() == self.clusters {
            present.iter().map(|&cluster| self.influence_rows[cluster as usize]).collect()
        } else {
            return None;
        };
        // What has no influence is no part of the estimate.
        let used: Vec<bool> = values.iter().map(|value| *value != 0.0).collect();
        let keep = |i: &mut usize| {
            *i += 1;
            used[*i - 1]
        };
        let (mut i, mut j) = (0, 0);
        rows.retain(|_| keep(&mut i));
        values.retain(|_| keep(&mut j));
        Some(Influence { rows, values })
    }

    /// Why there is no overall effect: `found` when there is one and only its standard error is missing.
    pub fn nothing_estimated(&self, found: bool) -> Problem {
        if found {
            return no_variation(&self.design.outcome.0);
        }
        let why = |w: &&Warning| w.id == "W805" || w.id.starts_with("W20") || w.id == "W306";
        let mut reasons: Vec<&str> = self.warnings.iter().filter(why).map(|w| w.text.en.as_str()).collect();
        reasons.insert(0, "no cohort has an effect after adoption that can be estimated");
        Problem::new("E205", reasons.join("; "))
            .fix("leave out the controls named, use not-yet-treated controls, or add periods before adoption")
    }

    /// The event study of averages by event time, with `references`.
    pub fn dynamic_study(
        &self,
        estimator: &str,
        words: &Words,
        dynamic: &Averages,
        references: Vec<Effect>,
        inference: &Inference,
    ) -> EventStudy {
        let influences: Vec<&[f64]> = dynamic.rows.iter().map(|row| &row.influence[..]).collect();
        let known = (dynamic.effects(), dynamic.covariance());
        let drawn = (inference.simulate(&influences), inference.resample(&influences));
        self.event_study(estimator, words, known, drawn, references, inference)
    }

    /// The event study of effects with their covariance, the standard errors of a bootstrap if there was one, and what
    /// the wild bootstrap draws from.
    fn event_study(
        &self,
        estimator: &str,
        words: &Words,
        (effects, covariance): (Vec<Effect>, Vec<Vec<f64>>),
        (simulated, resample): (Option<Simulated>, Option<Resample>),
        references: Vec<Effect>,
        inference: &Inference,
    ) -> EventStudy {
        let df = inference.df;
        let estimated =
            Estimated { simulated, df, resample, references, ..self.estimated(estimator, words, effects, covariance) };
        EventStudy::new(estimated, inference.level, inference.seed)
    }

    /// Effects by event time with their covariance, as the shared event-study type.
    pub fn study(
        &self,
        estimator: &str,
        words: &Words,
        effects: Vec<Effect>,
        covariance: Vec<Vec<f64>>,
        spec: &Spec,
    ) -> EventStudy {
        EventStudy::new(self.estimated(estimator, words, effects, covariance), spec.fit.level, spec.seed)
    }

    fn estimated(&self, estimator: &str, words: &Words, effects: Vec<Effect>, covariance: Vec<Vec<f64>>) -> Estimated {
        let first = self.times.first().copied().unwrap_or(f64::NAN);
        let before = self.first.iter().flatten().map(|g| steps(g - first, self.step) as usize).max().unwrap_or(0);
        Estimated {
            estimator: estimator.to_owned(),
            label: words.label.clone(),
            effects,
            covariance,
            simulated: None,
            df: None,
            own_df: None,
            resample: None,
            references: Vec::new(),
            base: words.base.clone(),
            pre_available: before,
            fit: None,
            warnings: self.warnings.clone(),
        }
    }
}
