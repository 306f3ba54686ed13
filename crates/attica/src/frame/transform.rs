//! Transformations of columns of numbers. NaN is missing and stays missing; groups are codes, in which
//! [`MISSING`] belongs to no group.

use super::MISSING;

/// Percentile `p` (0 to 100) of ascending finite values by Stata's rule (`_pctile`, `summarize`): with
/// P = n p / 100, the mean of the values at P and P + 1 when P is whole, otherwise the next one.
/// `None` without values.
pub fn percentile(sorted: &[f64], p: f64) -> Option<f64> {
    let n = sorted.len();
    let position = n as f64 * p / 100.0;
    let whole = position.floor();
    let at = |i: f64| sorted[(i.max(0.0) as usize).min(n - 1)];
    match n {
        0 => None,
        _ if position == whole => Some(f64::midpoint(at(whole - 1.0), at(whole))),
        _ => Some(at(whole)),
    }
}

/// The rows of each group `0..=largest code`, in order. Rows of no group are left out.
pub fn rows_by_group(groups: &[u32]) -> Vec<Vec<u32>> {
    let levels = groups.iter().filter(|&&g| g != MISSING).max().map_or(0, |&g| g as usize + 1);
    let mut rows = vec![Vec::new(); levels];
    for (row, &g) in groups.iter().enumerate() {
        if g != MISSING {
            rows[g as usize].push(row as u32);
        }
    }
    rows
}

/// `function` of the values present in each group (in row order), one result per row. Without groups
/// all rows are one. Rows outside any group get NaN.
pub fn by_group(values: &[f64], groups: Option<&[u32]>, function: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let Some(groups) = groups else {
        let present: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        return vec![function(&present); values.len()];
    };
    let mut present = Vec::new();
    let results: Vec<f64> = rows_by_group(groups)
        .iter()
        .map(|rows| {
            present.clear();
            present.extend(rows.iter().map(|&r| values[r as usize]).filter(|x| !x.is_nan()));
            function(&present)
        })
        .collect();
    groups.iter().map(|&g| if g == MISSING { f64::NAN } else { results[g as usize] }).collect()
}

/// Mean; NaN without values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation with n - 1; NaN for fewer than two values.
pub fn sd(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let m = mean(values);
    (values.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// Smallest value; NaN without values.
pub fn min(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}

/// Largest value; NaN without values.
pub fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
}

/// Median by Stata's rule; NaN without values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 50.0).unwrap_or(f64::NAN)
}

/// Average rank from 1 among the values present of each group; ties share their mean rank.
pub fn rank(values: &[f64], groups: Option<&[u32]>) -> Vec<f64> {
    let mut ranks = vec![f64::NAN; values.len()];
    let all = [(0..values.len() as u32).collect::<Vec<_>>()];
    let grouped = groups.map(rows_by_group);
    for rows in grouped.as_deref().unwrap_or(&all) {
        let mut rows: Vec<u32> = rows.iter().copied().filter(|&r| !values[r as usize].is_nan()).collect();
        rows.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let mut from = 0;
        while from < rows.len() {
            let tied = rows[from..].iter().take_while(|&&r| values[r as usize] == values[rows[from] as usize]).count();
            let shared = (2 * from + tied + 1) as f64 / 2.0;
            rows[from..from + tied].iter().for_each(|&r| ranks[r as usize] = shared);
            from += tied;
        }
    }
    ranks
}

/// (x - min) / (max - min) of each group; missing where max = min.
pub fn minmax(values: &[f64], groups: Option<&[u32]>) -> Vec<f64> {
    let low = by_group(values, groups, min);
    let high = by_group(values, groups, max);
    combine(values, &low, &high, |x, low, high| if high > low { (x - low) / (high - low) } else { f64::NAN })
}

/// (x - mean) / sd of each group, sd with n - 1; missing where the values do not vary.
pub fn zscore(values: &[f64], groups: Option<&[u32]>) -> Vec<f64> {
    let centre = by_group(values, groups, mean);
    let spread = by_group(values, groups, sd);
    combine(values, &centre, &spread, |x, m, s| if s > 0.0 { (x - m) / s } else { f64::NAN })
}

fn combine(x: &[f64], a: &[f64], b: &[f64], f: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
    x.iter().zip(a).zip(b).map(|((&x, &a), &b)| f(x, a, b)).collect()
}

/// What to do with values beyond the percentiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tails {
    /// Pull them to the percentile (winsorise).
    Pull,
    /// Make them missing (trim).
    Cut,
}

/// Winsorises or trims at the percentiles `low` and `high` (0 to 100, Stata's rule) of each group, and
/// counts the values changed below and above.
pub fn tails(values: &[f64], low: f64, high: f64, groups: Option<&[u32]>, tails: Tails) -> (Vec<f64>, [usize; 2]) {
    let bounds = |p: f64| {
        by_group(values, groups, |present| {
            let mut sorted = present.to_vec();
            sorted.sort_by(f64::total_cmp);
            percentile(&sorted, p).unwrap_or(f64::NAN)
        })
    };
    let (lower, upper) = (bounds(low), bounds(high));
    let mut changed = [0; 2];
    let out = values
        .iter()
        .enumerate()
        .map(|(row, &x)| {
            let beyond = if x < lower[row] {
                changed[0] += 1;
                lower[row]
            } else if x > upper[row] {
                changed[1] += 1;
                upper[row]
            } else {
                return x;
            };
            if tails == Tails::Pull { beyond } else { f64::NAN }
        })
        .collect();
    (out, changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stata: `_pctile x, p(1 5 50 95 99)` over 1..20 gives 1, 1.5, 10.5, 19.5, 20.
    #[test]
    fn percentiles_follow_stata() {
        let x: Vec<f64> = (1..=20).map(f64::from).collect();
        let at = |p| percentile(&x, p).unwrap_or(f64::NAN);
        assert_eq!([at(1.0), at(5.0), at(50.0), at(95.0), at(99.0)], [1.0, 1.5, 10.5, 19.5, 20.0]);
        assert_eq!([at(0.0), at(100.0), at(52.0)], [1.0, 20.0, 11.0]);
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn winsorise_by_hand() {
        let x = [1.0, 2.0, 3.0, 4.0, 100.0, f64::NAN];
        // n = 5: P(20) = 1 is whole -> (1 + 2) / 2; P(80) = 4 -> (4 + 100) / 2.
        let (out, changed) = tails(&x, 20.0, 80.0, None, Tails::Pull);
        assert_eq!(out[..5], [1.5, 2.0, 3.0, 4.0, 52.0]);
        assert!(out[5].is_nan());
        assert_eq!(changed, [1, 1]);
        let (out, _) = tails(&x, 20.0, 80.0, None, Tails::Cut);
        assert!(out[0].is_nan() && out[4].is_nan() && out[5].is_nan());
        // By group, every group has its own percentiles; rows of no group stay.
        let groups = [0, 0, 0, 1, 1, MISSING];
        let (out, changed) = tails(&x, 34.0, 66.0, Some(&groups), Tails::Pull);
        assert_eq!(out[..5], [2.0, 2.0, 2.0, 4.0, 100.0]);
        assert_eq!(changed, [1, 1]);
    }

    #[test]
    fn scaling_by_hand() {
        assert_eq!(minmax(&[2.0, 4.0, 3.0], None), [0.0, 1.0, 0.5]);
        assert_eq!(zscore(&[1.0, 2.0, 3.0], None), [-1.0, 0.0, 1.0]);
        assert!(minmax(&[2.0, 2.0], None).iter().all(|x| x.is_nan()));
        assert_eq!(rank(&[3.0, 1.0, 3.0, 2.0], None), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(rank(&[3.0, 1.0, 3.0, 2.0], Some(&[0, 0, 1, 1])), [2.0, 1.0, 2.0, 1.0]);
    }

    #[test]
    fn groups_by_hand() {
        let x = [1.0, f64::NAN, 3.0, 10.0];
        assert_eq!(by_group(&x, Some(&[0, 0, 0, 1]), mean), [2.0, 2.0, 2.0, 10.0]);
        assert_eq!(by_group(&x, None, |p| p.len() as f64), [3.0; 4]);
        assert!(by_group(&x, Some(&[0, 0, MISSING, 1]), sd).iter().all(|x| x.is_nan()));
    }
}
