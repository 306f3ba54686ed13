//! What each cluster adds to an estimate, so that several estimates can be resampled together.

use std::collections::BTreeMap;

use crate::estimator::influence::Influences;
use crate::frame::MISSING;

/// Influence of rows, or of clusters told by one of their rows, on an estimate. The scale is free: what is made of it
/// is studentised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Influence {
    /// Row of the frame.
    pub rows: Vec<u32>,
    /// Its influence, or that of its cluster.
    pub values: Vec<f64>,
}

/// Influences of the same clusters on several estimates.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// One estimate for each influence; all clusters in one block, zero where an estimate does not use a cluster.
    pub influences: Influences,
    /// Clusters that each estimate uses.
    pub clusters: Vec<usize>,
    /// Clusters in all.
    pub all: usize,
}

impl Together {
    /// Sums `influences` by `cluster`, the code of each row of the frame.
    pub fn new(influences: &[&Influence], cluster: &[u32]) -> Self {
        let mut place: BTreeMap<u32, usize> = BTreeMap::new();
        let code = |row: &u32| cluster.get(*row as usize).copied().filter(|code| *code != MISSING);
        for row in influences.iter().flat_map(|one| &one.rows) {
            place.extend(code(row).map(|code| (code, 0)));
        }
        place.values_mut().enumerate().for_each(|(number, place)| *place = number);
        let all = place.len();
        let mut clusters = Vec::with_capacity(influences.len());
        let sums: Vec<Vec<f64>> = influences
            .iter()
            .map(|one| {
                let (mut sums, mut used) = (vec![0.0; all], vec![false; all]);
                for (row, value) in one.rows.iter().zip(&one.values) {
                    if let Some(&at) = code(row).and_then(|code| place.get(&code)) {
                        sums[at] += value;
                        used[at] = true;
                    }
                }
                clusters.push(used.iter().filter(|used| **used).count());
                sums
            })
            .collect();
        let views: Vec<&[f64]> = sums.iter().map(Vec::as_slice).collect();
        Self { influences: Influences::of_columns(&views), clusters, all }
    }
}
