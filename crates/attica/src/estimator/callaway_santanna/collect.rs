//! Influences of units on cells, gathered into blocks of clusters.

use crate::estimator::influence::Block;

/// Takes influences class by class. Units of different classes never share an influence, so that each class
/// is a block of its own, unless clusters are coarser than units.
pub(super) struct Collector<'a> {
    estimates: usize,
    target: Target<'a>,
}

enum Target<'a> {
    /// Columns and features of each class.
    Classes(Vec<(Vec<usize>, Vec<Vec<f64>>)>),
    /// Cluster of each unit, number of clusters, and a feature for each estimate; empty is zero.
    Clusters(&'a [u32], usize, Vec<Vec<f64>>),
}

impl<'a> Collector<'a> {
    /// For `classes` classes; `cluster` is the cluster of each unit with their number, if it is not the unit.
    pub fn new(estimates: usize, classes: usize, cluster: Option<(&'a [u32], usize)>) -> Self {
        let target = match cluster {
            None => Target::Classes(vec![(Vec::new(), Vec::new()); classes]),
            Some((cluster, count)) => Target::Clusters(cluster, count, vec![Vec::new(); estimates]),
        };
        Self { estimates, target }
    }

    /// The influence of the units `members` of `class` on the estimate `column`.
    pub fn add(&mut self, column: usize, class: usize, members: &[u32], influence: Vec<f64>) {
        match &mut self.target {
            Target::Classes(classes) => {
                classes[class].0.push(column);
                classes[class].1.push(influence);
            }
            Target::Clusters(cluster, count, features) => {
                let feature = &mut features[column];
                feature.resize(*count, 0.0);
                for (&member, value) in members.iter().zip(influence) {
                    feature[cluster[member as usize] as usize] += value;
                }
            }
        }
    }

    pub fn blocks(self) -> Vec<Block> {
        let estimates = self.estimates;
        match self.target {
            Target::Classes(classes) => classes
                .into_iter()
                .map(|(columns, features)| Block::of_columns(estimates, &columns, features))
                .collect(),
            Target::Clusters(_, _, features) => {
                let (columns, features): (Vec<usize>, Vec<Vec<f64>>) =
                    features.into_iter().enumerate().filter(|(_, feature)| !feature.is_empty()).unzip();
                vec![Block::of_columns(estimates, &columns, features)]
            }
        }
    }
}

/// Sums of `values` of `members` by cluster.
pub(super) fn by_cluster(values: &[f64], members: &[u32], cluster: &[u32], clusters: usize) -> Vec<f64> {
    let mut sums = vec![0.0; clusters];
    for (&member, value) in members.iter().zip(values) {
        sums[cluster[member as usize] as usize] += value;
    }
    sums
}
