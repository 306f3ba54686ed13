//! Several regressions at once: what each cluster adds to a coefficient, and the joint covariance of coefficients of
//! regressions on samples that may overlap.

use std::sync::Arc;

use nalgebra::DMatrix;

use super::Fit;
use crate::absorb::Share;
use crate::design::{Codes, WeightKind, cluster_codes};
use crate::frame::{Frame, codes};
use crate::hypothesis::Coefficients;
use crate::hypothesis::influence::{Influence, Together};
use crate::message::{Problem, Result};
use crate::panel::Panel;
use crate::vcov::{Ssc, Vcov};

impl Fit {
    /// Influence of each row on the coefficient at `position`: `w e x' (X'WX)^-1`, without a small-sample factor.
    pub fn influence(&self, position: usize) -> Influence {
        let load = self.bread.column(position);
        // Where rows are independent a frequency weight is a number of them, and variances add up.
        let alone = self.inference.vcov.clusters().is_empty();
        let frequency = |kind: WeightKind| alone && kind == WeightKind::Frequency;
        let weight = |row: usize| match &self.weights {
            Some(w) if frequency(w.kind) => w.values[row].sqrt(),
            Some(w) => w.values[row],
            None => 1.0,
        };
        let mut values = vec![0.0; self.residuals.len()];
        for (column, load) in self.columns.iter().zip(load.iter()) {
            values.iter_mut().zip(column).for_each(|(sum, x)| *sum += load * x);
        }
        values.iter_mut().enumerate().for_each(|(row, value)| *value *= self.residuals[row] * weight(row));
        Influence { rows: self.sample.clone(), values }
    }

    /// The cluster of each row of `frame` that resampling may draw: the cluster variable, or the row where errors are
    /// independent.
    ///
    /// # Errors
    /// `E607` for several cluster variables, or errors correlated over time or space.
    pub fn resampled(&self, frame: &Frame, panel: Option<&Panel>) -> Result<Vec<u32>> {
        match (&self.inference.vcov, self.inference.vcov.clusters()) {
            (_, [one]) => Ok(cluster_codes(frame, panel, one)?.codes.to_vec()),
            (Vcov::Iid | Vcov::Hc1 | Vcov::Hc2 | Vcov::Hc3, _) => Ok((0..frame.rows() as u32).collect()),
            (other, _) => Err(Problem::new(
                "E607",
                format!("with {other} there are no independent clusters that a bootstrap could draw"),
            )
            .fix("cluster by one variable; Holm's adjustment needs no draws")),
        }
    }
}

/// The coefficients at `parts` (a regression and a position in it) with their joint covariance: the sandwich of the
/// stacked regression in which every regressor and every effect has its own coefficients in each part, clustered at the
/// level that the parts share (Zellner 1962; Weesie 1999, Stata `suest`, which leaves `(N-1)/(N-K)` out). `frame`
/// holds the rows of all parts. A row of two outcomes is in the stack twice; rows, where errors are independent, are
/// clusters.
///
/// # Errors
/// `E607` when the parts differ in their covariance, or it is one that clusters cannot give.
pub fn seemingly_unrelated(
    parts: &[(&Fit, usize)],
    frame: &Frame,
    panel: Option<&Panel>,
    names: Vec<String>,
) -> Result<Coefficients> {
    let Some((first, _)) = parts.first() else {
        return Err(Problem::new("E607", "there are no regressions to combine"));
    };
    let vcov = &first.inference.vcov;
    if parts.iter().any(|(fit, _)| fit.inference.vcov != *vcov || fit.inference.ssc != first.inference.ssc) {
        return Err(Problem::new("E607", "regressions whose standard errors differ in kind have no joint covariance")
            .fix("give all of them the same cluster variable"));
    }
    let by = match (vcov, vcov.clusters()) {
        (Vcov::Iid | Vcov::Hc1 | Vcov::Hc2 | Vcov::Hc3, _) => {
            vec![Codes {
                name: "row".into(),
                codes: Arc::new((0..frame.rows() as u32).collect()),
                levels: frame.rows(),
            }]
        }
        (_, []) => {
            return Err(
                Problem::new("E607", format!("{vcov} is not known across regressions")).fix("cluster by a variable")
            );
        }
        (_, names) => names.iter().map(|name| cluster_codes(frame, panel, name)).collect::<Result<_>>()?,
    };
    let influences: Vec<Influence> = parts.iter().map(|(fit, position)| fit.influence(*position)).collect();
    let influences: Vec<&Influence> = influences.iter().collect();
    let mut covariance = DMatrix::zeros(parts.len(), parts.len());
    // Inclusion and exclusion over cluster variables, as for a single regression.
    let mut counts = Vec::new();
    for subset in 1_u32..1 << by.len() {
        let chosen: Vec<&Codes> = (0..by.len()).filter(|i| subset >> i & 1 == 1).map(|i| &by[i]).collect();
        let together = Together::new(&influences, &crossed(&chosen));
        let part = together.influences.covariance();
        if chosen.len() == 1 {
            counts.push(together.all);
        }
        if chosen.len() % 2 == 1 { covariance += part } else { covariance -= part }
    }
    let stacked = Stacked::new(parts);
    let rule = first.inference.ssc;
    let kind = if vcov.clusters().is_empty() { Vcov::Hc1 } else { Vcov::Cluster(vcov.clusters().to_vec()) };
    let groups = if vcov.clusters().is_empty() { Vec::new() } else { counts };
    let k = stacked.parameters(rule, !groups.is_empty());
    let full = rule.all_parameters(stacked.regressors, &stacked.shares);
    let adjustment = rule.adjust(&kind, stacked.n, k, full, &groups);
    Ok(Coefficients {
        names,
        values: parts.iter().map(|(fit, position)| fit.coefficients[*position]).collect(),
        covariance: covariance * adjustment.factor,
        df: if first.normal { f64::INFINITY } else { adjustment.df },
        own_df: None,
        level: first.level,
        event_times: None,
        resample: None,
    })
}

fn crossed(chosen: &[&Codes]) -> Vec<u32> {
    let mut all: Option<Vec<u32>> = None;
    for one in chosen {
        all = Some(all.map_or_else(|| one.codes.to_vec(), |joint| codes::cross(&joint, &one.codes).0));
    }
    all.unwrap_or_default()
}

/// The stacked regression as small-sample rules count it.
struct Stacked {
    n: f64,
    regressors: usize,
    shares: Vec<Share>,
    nested: Vec<bool>,
}

impl Stacked {
    /// Effects of the same names in all parts are one effect crossed with the part; otherwise each is its own.
    fn new(parts: &[(&Fit, usize)]) -> Self {
        // A regression that lends several coefficients is in the stack once.
        let mut fits: Vec<&Fit> = Vec::new();
        for (fit, _) in parts {
            if !fits.iter().any(|known| std::ptr::eq(*known, *fit)) {
                fits.push(fit);
            }
        }
        let names = |fit: &Fit| fit.shares.iter().map(|share| share.name.clone()).collect::<Vec<_>>();
        let alike = fits.iter().all(|fit| names(fit) == names(fits[0]));
        let (mut shares, mut nested): (Vec<Share>, Vec<bool>) = (Vec::new(), Vec::new());
        for fit in &fits {
            let own = fit.nested_effects();
            if alike && !shares.is_empty() {
                for (sum, share) in shares.iter_mut().zip(&fit.shares) {
                    sum.levels += share.levels;
                    sum.flat += share.flat;
                    sum.shared.iter_mut().zip(&share.shared).for_each(|(sum, own)| *sum += own);
                }
                nested.iter_mut().zip(own).for_each(|(all, own)| *all &= own);
            } else {
                let (before, effects) = (shares.len(), nested.len());
                shares.extend(fit.shares.iter().map(|share| Share {
                    effect: share.effect + effects,
                    shared: [vec![0; before], share.shared.clone()].concat(),
                    ..share.clone()
                }));
                nested.extend(own);
            }
        }
        Self {
            n: fits.iter().map(|fit| fit.n_obs).sum(),
            regressors: fits.iter().map(|fit| fit.names.len()).sum(),
            shares,
            nested,
        }
    }

    fn parameters(&self, rule: Ssc, clustered: bool) -> usize {
        rule.parameters(self.regressors, &self.shares, clustered.then_some(&self.nested[..]))
    }
}

impl Fit {
    /// For each effect, whether it is nested in the cluster variables in use.
    fn nested_effects(&self) -> Vec<bool> {
        let used = self.cluster_positions(&self.inference.vcov).unwrap_or_default();
        if used.is_empty() { vec![false; self.shares.len()] } else { self.nested_in(&used, self.inference.ssc) }
    }
}
