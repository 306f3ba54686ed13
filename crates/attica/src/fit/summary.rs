//! What a fitted regression says of itself: terms, SE card, absorbed effects, record.

use super::constant::Constant;
use super::{AbsorbedEffect, Family, Fit, FitRecord, Inference, SeCard, Term, iv};
use crate::design::WeightKind;
use crate::vcov::{Preset, Vcov};

impl Fit {
    /// The terms with inference, in the order of the formula.
    pub fn terms(&self) -> Vec<Term> {
        let own = |j: usize| self.inference.df.as_ref().map_or(self.inference.adjustment.df, |df| df[j]);
        (0..self.names.len())
            .map(|j| self.term_with(&self.names[j], self.coefficients[j], self.inference.covariance[(j, j)], own(j)))
            .collect()
    }

    /// A term from its estimate and variance, under the distribution in use.
    pub(crate) fn term(&self, name: &str, estimate: f64, variance: f64) -> Term {
        self.term_with(name, estimate, variance, self.inference.adjustment.df)
    }

    pub(super) fn term_with(&self, name: &str, estimate: f64, variance: f64, df: f64) -> Term {
        Term::new(name, estimate, variance, df, self.level)
    }

    /// The SE card: everything that explains why the standard errors are what they are.
    pub fn se_card(&self) -> SeCard {
        self.card_of(&self.inference)
    }

    pub(super) fn card_of(&self, Inference { vcov, ssc, adjustment, clusters, df, .. }: &Inference) -> SeCard {
        SeCard {
            vcov: vcov.to_string(),
            ssc: ssc.name().to_owned(),
            n: self.n_obs,
            k: adjustment.k,
            clusters: clusters.clone(),
            periods: self.periods(vcov).map(|(periods, _)| periods),
            factor: adjustment.factor,
            formula: adjustment.formula.to_string(),
            own_df: df.clone(),
            df: adjustment.df.is_finite().then_some(adjustment.df),
            equals: if self.instruments.is_some() {
                iv::equals(vcov, ssc.preset, self.shares.len())
            } else if self.family != Family::Linear {
                String::new()
            } else if self.normal {
                match vcov {
                    Vcov::Iid if ssc.preset != Preset::None => "Stata xtreg, re; R plm random".to_owned(),
                    Vcov::Cluster(_) if ssc.clusters => "Stata xtreg, re vce(cluster)".to_owned(),
                    _ => String::new(),
                }
            } else {
                ssc.equals(vcov, self.shares.len())
            },
        }
    }

    /// Levels and redundant levels of the absorbed effects; `nested` in a cluster variable in use.
    pub fn effects(&self) -> Vec<AbsorbedEffect> {
        let used = self.cluster_positions(&self.inference.vcov).unwrap_or_default();
        self.shares
            .iter()
            .map(|share| AbsorbedEffect {
                name: share.name.clone(),
                levels: share.levels,
                redundant: share.redundant(|_| true).min(share.levels),
                nested: used.iter().any(|&i| self.nested[i][share.effect]),
            })
            .collect()
    }

    /// The regression as results keep it.
    pub fn record(&self) -> FitRecord {
        let Inference { vcov, ssc, adjustment, clusters, covariance, warnings, .. } = &self.inference;
        let constant = |c: &Option<Constant>| c.as_ref().and_then(|c| c.term(self));
        FitRecord {
            outcome: self.outcome.clone(),
            model: self.model.clone(),
            terms: self.terms(),
            covariance: covariance.row_iter().map(|row| row.iter().copied().collect()).collect(),
            level: self.level,
            n_obs: self.n_obs.round() as usize,
            n_units: self.n_units,
            n_clusters: clusters.iter().copied().min(),
            df_residual: self.df_residual(),
            r2: self.r2.overall,
            r2_within: self.r2.within,
            r2_adjusted: self.r2.adjusted,
            r2_family: self.r2.clone(),
            vcov: vcov.to_string(),
            ssc: ssc.name().to_owned(),
            k: adjustment.k,
            se_card: self.se_card(),
            effects: self.effects(),
            weights: self
                .weights
                .as_ref()
                .filter(|w| !w.name.is_empty())
                .map(|w| format!("{} ({})", w.name, kind_name(w.kind))),
            likelihood: self.likelihood,
            instruments: self.instruments.clone(),
            mean_outcome: self.mean_outcome,
            constant_absorbed: constant(&self.constant_absorbed),
            constant_base: constant(&self.constant_base),
            omitted: self.omitted.clone(),
            dropped: self.ledger.dropped.clone(),
            ledger: self.ledger.clone(),
            warnings: self.warnings.iter().chain(warnings).cloned().collect(),
        }
    }
}

fn kind_name(kind: WeightKind) -> &'static str {
    match kind {
        WeightKind::Analytic => "analytic",
        WeightKind::Frequency => "frequency",
        WeightKind::Probability => "probability",
        WeightKind::Copies => "copies",
    }
}
