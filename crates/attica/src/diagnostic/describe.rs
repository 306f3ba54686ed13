//! Descriptive statistics, overall and for two groups side by side.

use serde::{Deserialize, Serialize};

use crate::frame::transform::percentile;
use crate::math::distribution::t_two_sided;

/// Summary statistics of one variable over the rows that have it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows with a value.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (N - 1); none with one row.
    pub sd: Option<f64>,
    /// Minimum.
    pub min: f64,
    /// Median: the middle value, or the mean of the two in the middle.
    pub median: f64,
    /// Maximum.
    pub max: f64,
}

/// Summary of the finite values in `values`; none without any.
pub fn summary(values: impl IntoIterator<Item = f64>) -> Option<Summary> {
    let mut sorted: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (n, (&min, &max)) = (sorted.len(), sorted.first().zip(sorted.last())?);
    let mean = mean(&sorted);
    let squares: f64 = sorted.iter().map(|v| (v - mean) * (v - mean)).sum();
    let median = percentile(&sorted, 50.0)?;
    Some(Summary { n, mean, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), min, median, max })
}

/// One variable in two groups.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupDifference {
    /// Summary in the first and in the second group.
    pub groups: [Summary; 2],
    /// First minus second mean.
    pub difference: f64,
    /// t statistic of the difference, clustered by unit (CRV1 of the regression on a group dummy);
    /// none with fewer than two units in either group or without variance.
    pub t: Option<f64>,
    /// Its p-value, t with G - 1 degrees of freedom.
    pub p_value: Option<f64>,
    /// Difference over the root of the mean of the two variances.
    pub standardised: Option<f64>,
}

/// Compares `values` where `first` is true with those where it is false; `unit` is each row's cluster.
///
/// Rows whose value is not finite are left out. None when a group has no row.
pub fn group_difference(values: &[f64], first: &[bool], unit: &[u32]) -> Option<GroupDifference> {
    let of = |group: bool| (0..values.len()).filter(move |&row| first[row] == group).map(|row| values[row]);
    let groups = [summary(of(true))?, summary(of(false))?];
    let difference = groups[0].mean - groups[1].mean;
    let variance = groups[0].sd.zip(groups[1].sd).map(|(a, b)| a.mul_add(a, b * b) / 2.0).filter(|v| *v > 0.0);
    let t = clustered_se(values, first, unit, &groups).map(|(se, clusters)| (difference / se, clusters));
    Some(GroupDifference {
        groups,
        difference,
        t: t.map(|(t, _)| t),
        p_value: t.map(|(t, clusters)| t_two_sided(t, (clusters - 1) as f64)),
        standardised: variance.map(|v| difference / v.sqrt()),
    })
}

/// Standard error of a difference of means, clustered by unit, and the number of units.
fn clustered_se(values: &[f64], first: &[bool], unit: &[u32], groups: &[Summary; 2]) -> Option<(f64, usize)> {
    let size = unit.iter().max().map_or(0, |last| *last as usize + 1);
    // Each row's influence on its group mean, summed by unit.
    let mut influence = vec![0.0; size];
    let mut seen = [vec![false; size], vec![false; size]];
    for row in (0..values.len()).filter(|&row| values[row].is_finite()) {
        let (group, sign) = if first[row] { (0, 1.0) } else { (1, -1.0) };
        let Summary { n, mean, .. } = groups[group];
        influence[unit[row] as usize] += sign * (values[row] - mean) / n as f64;
        seen[group][unit[row] as usize] = true;
    }
    let units = |group: usize| seen[group].iter().filter(|s| **s).count();
    if units(0) < 2 || units(1) < 2 {
        return None;
    }
    let clusters = (0..size).filter(|&u| seen[0][u] || seen[1][u]).count();
    let (n, g) = ((groups[0].n + groups[1].n) as f64, clusters as f64);
    let factor = g / (g - 1.0) * (n - 1.0) / (n - 2.0);
    let variance = factor * influence.iter().map(|s| s * s).sum::<f64>();
    (variance > 0.0).then(|| (variance.sqrt(), clusters))
}

/// Mean, exact for values that are all equal.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let rough = values.iter().sum::<f64>() / n;
    rough + values.iter().map(|v| v - rough).sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn summary_of_a_few_numbers() {
        let s = summary([3.0, f64::NAN, 1.0, 2.0, 10.0]).unwrap();
        assert_eq!((s.n, s.mean, s.min, s.median, s.max), (4, 4.0, 1.0, 2.5, 10.0));
        assert!((s.sd.unwrap() - (50.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        let one = summary([7.0]).unwrap();
        assert_eq!((one.sd, one.median), (None, 7.0));
        assert_eq!(summary([f64::NAN]), None);
        assert_eq!(summary([0.1; 1001]).unwrap().sd, Some(0.0));
    }

    #[test]
    fn difference_with_one_row_for_each_unit_is_the_robust_t_test() {
        // Without clusters CRV1 is HC1: variance N/(N-2) (sum u1^2/n1^2 + sum u0^2/n0^2), u^2 sums 2 and 20.
        let values = [1.0, 2.0, 3.0, 5.0, 7.0, 9.0, 11.0];
        let first = [true, true, true, false, false, false, false];
        let unit = [0, 1, 2, 3, 4, 5, 6];
        let d = group_difference(&values, &first, &unit).unwrap();
        assert_eq!(d.difference, -6.0);
        let variance = 7.0 / 6.0 * 6.0 / 5.0 * (2.0 / 9.0 + 20.0 / 16.0);
        assert!((d.t.unwrap() + 6.0 / f64::sqrt(variance)).abs() < 1e-12);
        assert!((d.standardised.unwrap() + 6.0 / f64::midpoint(1.0, 20.0 / 3.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn repeating_every_row_within_its_unit_barely_moves_a_clustered_t() {
        let values = [1.0, 2.0, 3.0, 5.0, 7.0, 9.0, 11.0];
        let first = [true, true, true, false, false, false, false];
        let unit: Vec<u32> = (0..7).collect();
        let once = group_difference(&values, &first, &unit).unwrap();
        let many = group_difference(&values.repeat(50), &first.repeat(50), &unit.repeat(50)).unwrap();
        // Only (N-1)/(N-2) differs.
        let factor = (6.0_f64 / 5.0 / (349.0 / 348.0)).sqrt();
        assert!((many.t.unwrap() / once.t.unwrap() / factor - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_group_of_one_unit_has_no_t() {
        let d = group_difference(&[1.0, 2.0, 3.0, 5.0], &[true, true, false, false], &[0, 0, 1, 2]).unwrap();
        assert_eq!((d.t, d.p_value), (None, None));
        assert_eq!(group_difference(&[1.0, 2.0], &[true, true], &[0, 1]), None);
    }
}
