//! Imputation of the untreated outcome: Borusyak, Jaravel and Spiess (2024, Review of Economic
//! Studies) and Gardner's two-stage estimator (2022). Both fit unit and period effects on untreated
//! rows and compare treated rows with what these predict; they differ in inference and weighting.
//! Reference implementations: R didimputation, Stata did_imputation; R did2s.

mod gardner;
mod imputed;
mod register;
mod stage;

pub use gardner::{TwoStage, two_stage};
pub use imputed::{Imputed, Target, impute};
pub use register::{Gardner, Imputation};

/// Rows of a panel with their treatment. All slices have one entry per row.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    /// Level of the unit effect (a unit, or a coarser group).
    pub unit: &'a [u32],
    /// Number of levels.
    pub units: usize,
    /// Period index.
    pub time: &'a [u32],
    /// Number of periods.
    pub periods: usize,
    /// Outcome.
    pub y: &'a [f64],
    /// Covariates: name and values.
    pub x: &'a [(String, Vec<f64>)],
    /// Treated now.
    pub treated: &'a [bool],
    /// Positive weights.
    pub weight: &'a [f64],
    /// Cluster, `0..clusters`.
    pub cluster: &'a [u32],
    /// Number of clusters.
    pub clusters: usize,
}

impl Rows<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    fn untreated(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|&r| !self.treated[r])
    }

    /// Non-zero entries of the row's period dummies and covariates.
    fn each(&self, r: usize, mut f: impl FnMut(usize, f64)) {
        f(self.time[r] as usize, 1.0);
        for (k, (_, x)) in self.x.iter().enumerate() {
            f(self.periods + k, x[r]);
        }
    }

    /// Sums of `value` over the rows of each cluster.
    fn by_cluster(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.clusters];
        for r in 0..self.len() {
            sums[self.cluster[r] as usize] += value(r);
        }
        sums
    }
}
