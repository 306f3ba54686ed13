//! From a solved regression to the covariance of its coefficients, as often as one likes.

use super::{Family, Fit, Inference, examine, iv};
use crate::design::{Codes, WeightKind, levels_counted};
use crate::message::{Problem, Result, Warning};
use crate::vcov::{Calendar, Counted, Estimate, Factor, Robust, Ssc, Vcov, covariance};

impl Fit {
    /// The same regression with another covariance; nothing is fitted again.
    ///
    /// # Errors
    /// Those of [`Fit::infer`].
    pub fn with_vcov(mut self, vcov: &Vcov, ssc: &Ssc) -> Result<Self> {
        self.inference = self.infer(vcov, ssc)?;
        Ok(self)
    }

    /// Covariance of the coefficients of another kind or under another small-sample rule.
    ///
    /// # Errors
    /// `E603` for a cluster variable that the design does not carry, `E404` when it has one cluster, `E412` for a kind that
    /// two-stage least squares does not have.
    pub fn infer(&self, vcov: &Vcov, ssc: &Ssc) -> Result<Inference> {
        let (vcov, mut warnings) = self.meaningful(vcov);
        if self.instruments.is_some() {
            iv::refuse(&vcov)?;
        }
        let positions = self.cluster_positions(&vcov)?;
        let clusters: Vec<&Codes> = positions.iter().map(|&i| &self.clusters[i]).collect();
        for cluster in &clusters {
            warnings.extend(examine::clusters(cluster, clusters.len() > 1)?);
        }
        let robust = match self.family {
            Family::Linear => covariance(self.parts(), &vcov, &clusters, self.n_obs)?,
            _ => self.likelihood_covariance(&vcov, &clusters)?,
        };
        Ok(self.conclude(vcov, *ssc, robust, warnings))
    }

    /// The covariance that is computed where `vcov` is asked for, and what there is to say about it.
    pub(super) fn meaningful(&self, vcov: &Vcov) -> (Vcov, Vec<Warning>) {
        let mut warnings = Vec::new();
        let mut vcov = vcov.clone();
        if vcov == Vcov::Iid && self.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability) {
            vcov = Vcov::Hc1;
            warnings.push(Warning::new(
                "W409",
                "with probability weights iid standard errors mean nothing; HC1 is used",
                "使用概率权重时同方差标准误无意义，改用 HC1",
            ));
        }
        (vcov, warnings)
    }

    /// What tests refer to, given the sandwich `robust` under `vcov`; `warnings` are those that came before.
    pub(super) fn conclude(&self, vcov: Vcov, ssc: Ssc, robust: Robust, mut warnings: Vec<Warning>) -> Inference {
        let positions = self.cluster_positions(&vcov).unwrap_or_default();
        let clusters: Vec<&Codes> = positions.iter().map(|&i| &self.clusters[i]).collect();
        warnings.extend(robust.warnings.iter().cloned());
        if let Some(eigenvalue) = robust.repaired {
            warnings.push(Warning::new(
                "W703",
                format!("the covariance {vcov} had a negative eigenvalue ({eigenvalue:.2e}), which was set to zero"),
                format!("协方差矩阵{vcov}有负特征值（{eigenvalue:.2e}），已置零"),
            ));
        }
        let counts: Vec<usize> = clusters.iter().map(|c| levels_counted(c, self.weights.as_ref())).collect();
        let nested = (!positions.is_empty()).then(|| self.nested_in(&positions, ssc));
        let lost = (0..robust.lost.len()).filter(|&j| robust.lost[j] > 0);
        warnings.extend(lost.map(|j| examine::unidentified(&vcov, &self.names[j], robust.lost[j], clusters[0])));
        let k = ssc.parameters(self.names.len(), &self.shares, nested.as_deref());
        let periods = self.periods(&vcov);
        if let Some((periods, lags)) = periods {
            warnings.extend(examine::too_short(&vcov, periods, lags));
            warnings.extend(examine::bandwidth(&vcov, periods, lags));
        }
        if let (Some(own), [groups]) = (&robust.df, &counts[..]) {
            warnings.extend(examine::few_degrees(&vcov, &self.names, own, *groups));
        }
        let groups = periods.map_or_else(|| counts.clone(), |(periods, _)| vec![periods]);
        let full = ssc.all_parameters(self.names.len(), &self.shares);
        let mut adjustment = ssc.adjust(&vcov, self.n_obs, k, full, &groups);
        if self.family != Family::Linear && vcov == Vcov::Iid {
            // The inverse information has no variance of errors in it whose degrees of freedom could be counted.
            (adjustment.factor, adjustment.formula) = (1.0, Factor::default());
        }
        if self.normal {
            adjustment.df = f64::INFINITY;
        } else if let Some(own) = &robust.df {
            // What has no degrees of freedom of its own takes the fewest.
            adjustment.df = own.iter().copied().fold(f64::INFINITY, f64::min);
        }
        Inference {
            vcov,
            ssc,
            adjustment,
            clusters: counts,
            covariance: robust.covariance * adjustment.factor,
            df: robust.df,
            lost: robust.lost,
            warnings,
        }
    }

    /// Covariances of a likelihood: the inverse information, and sandwiches of its scores. Leverages and refits without a cluster
    /// are those of a linear regression.
    fn likelihood_covariance(&self, vcov: &Vcov, clusters: &[&Codes]) -> Result<Robust> {
        match vcov {
            Vcov::Iid => Ok(Robust { covariance: self.bread.clone(), ..Robust::default() }),
            Vcov::Hc2 | Vcov::Hc3 | Vcov::Cr2(_) | Vcov::Crv3(_) => Err(Problem::new(
                "E409",
                format!("{vcov} is defined for linear models, and this is a {} model", self.model),
            )
            .fix("cluster with the usual formula (cluster(city)), or use HC1")),
            _ => covariance(self.parts(), vcov, clusters, self.n_obs),
        }
    }

    /// Periods and lags of a covariance over time.
    pub(super) fn periods(&self, vcov: &Vcov) -> Option<(usize, usize)> {
        let (Vcov::NeweyWest(lags) | Vcov::DriscollKraay(lags)) = vcov else { return None };
        let calendar = self.parts().calendar?;
        Some((calendar.times().len(), lags.unwrap_or(calendar.default_lags())))
    }

    /// What a covariance of the coefficients is made of.
    pub fn parts(&self) -> Estimate<'_> {
        Estimate {
            columns: &self.columns,
            residuals: &self.residuals,
            weights: self.weights.as_ref(),
            bread: &self.bread,
            effects: &self.absorbed,
            calendar: self.panel.as_ref().map(|(unit, time)| Calendar { unit, time }),
            places: self.coordinates.as_ref(),
        }
    }

    /// For each effect, whether a rule takes it as nested in these cluster variables.
    pub(super) fn nested_in(&self, clusters: &[usize], ssc: Ssc) -> Vec<bool> {
        let effects = self.shares.iter().map(|share| share.effect + 1).max().unwrap_or(0);
        let each = || clusters.iter().map(|&i| &self.nested[i]);
        let nested = |effect: usize| match ssc.counted {
            Counted::FullButOne => each().all(|nested| nested[effect]),
            _ => each().any(|nested| nested[effect]),
        };
        (0..effects).map(nested).collect()
    }

    pub(super) fn cluster_positions(&self, vcov: &Vcov) -> Result<Vec<usize>> {
        let find = |name: &String| {
            self.clusters
                .iter()
                .position(|c| c.name == *name)
                .ok_or_else(|| crate::frame::unknown_column(name, self.clusters.iter().map(|c| c.name.as_str())))
        };
        vcov.clusters().iter().map(find).collect()
    }
}
