//! Arithmetic of a design: who is treated since when, and what the treatment's column then looks like.

use super::paper::{Announced, Cohort, Panel};

/// Treated rows of cohorts in a balanced panel over `first..=last`, when treatment starts `shift` periods after the
/// announced date: `sum of n_c (T - g_c + 1)`.
pub fn treated_rows(cohorts: &[Cohort], first: i64, last: i64, shift: i64) -> u64 {
    cohorts.iter().map(|c| c.units * treated_periods(c.from + shift, first, last)).sum()
}

/// Periods from `from` on that the panel has.
pub fn treated_periods(from: i64, first: i64, last: i64) -> u64 {
    (last - from.max(first) + 1).max(0) as u64
}

/// Mean and standard deviation of a 0/1 column with `ones` ones among `n`.
pub fn binary_moments(ones: u64, n: u64) -> (f64, f64) {
    let (k, n) = (ones as f64, n as f64);
    let mean = k / n;
    (mean, (mean * (1.0 - mean) * n / (n - 1.0)).sqrt())
}

/// Variance per row of the treatment once unit and period means have left it, in a balanced panel: for one date
/// `p_g (1 - p_g) p_t (1 - p_t)`.
pub fn two_way_variance(cohorts: &[Cohort], units: u64, first: i64, last: i64, shift: i64) -> f64 {
    let periods = (last - first + 1) as f64;
    let units = units as f64;
    // Means over units by period, and of all.
    let mean_at = |t: i64| cohorts.iter().filter(|c| t >= c.from + shift).map(|c| c.units as f64).sum::<f64>() / units;
    let by_period: Vec<f64> = (first..=last).map(mean_at).collect();
    let grand = by_period.iter().sum::<f64>() / periods;
    let treated: f64 = cohorts.iter().map(|c| c.units as f64).sum();
    let never = Cohort { from: i64::MAX / 2, units: (units - treated).max(0.0) as u64 };
    let squares: f64 = cohorts
        .iter()
        .chain([&never])
        .map(|c| {
            let own = treated_periods(c.from.saturating_add(shift), first, last) as f64 / periods;
            let row = |(t, mean): (i64, &f64)| {
                let d = if t >= c.from.saturating_add(shift) { 1.0 } else { 0.0 };
                (d - own - mean + grand).powi(2)
            };
            c.units as f64 * (first..=last).zip(&by_period).map(row).sum::<f64>()
        })
        .sum();
    squares / (units * periods)
}

/// A design with one of the readings of its dates.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// As announced.
    pub announced: &'a Announced,
    /// Periods between the announced date and the first treated one.
    pub shift: i64,
    /// Treated rows.
    pub rows: u64,
}

/// Every announced design, treated from the announced period on, from the next, and from the one before.
pub fn readings<'a>(announced: &'a [Announced], panel: &Panel) -> Vec<Reading<'a>> {
    let (Some(first), Some(last)) = (panel.first, panel.last) else { return Vec::new() };
    let all = announced.iter().filter(|a| !a.cohorts.is_empty());
    all.flat_map(|announced| {
        [0, 1, -1].map(|shift| Reading { announced, shift, rows: treated_rows(&announced.cohorts, first, last, shift) })
    })
    .collect()
}

/// Cohorts as `41 from 2011 + 12 from 2016`, in both languages.
pub fn describe(cohorts: &[Cohort], shift: i64) -> crate::text::Text {
    let join = |one: &dyn Fn(&Cohort) -> String, sep: &str| cohorts.iter().map(one).collect::<Vec<_>>().join(sep);
    crate::text::Text::new(
        join(&|c| format!("{} from {}", c.units, c.from + shift), " + "),
        join(&|c| format!("{}年起{}个", c.from + shift, c.units), "＋"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_date_has_the_variance_of_the_textbook() {
        let cohort = [Cohort { from: 2011, units: 41 }];
        let (g, t) = (41.0 / 285.0, 9.0 / 11.0);
        let direct = two_way_variance(&cohort, 285, 2009, 2019, 0);
        assert!((direct - g * (1.0 - g) * t * (1.0 - t)).abs() < 1e-14);
        assert_eq!(treated_rows(&cohort, 2009, 2019, 0), 369);
        assert_eq!(treated_rows(&cohort, 2009, 2019, 1), 328);
        // Treated before the panel starts: every period counts, and effects absorb the column.
        assert_eq!(treated_rows(&[Cohort { from: 1990, units: 41 }], 2009, 2019, 0), 451);
        assert!(two_way_variance(&[Cohort { from: 1990, units: 41 }], 285, 2009, 2019, 0).abs() < 1e-14);
    }

    #[test]
    fn two_dates_by_brute_force() {
        let cohorts = [Cohort { from: 3, units: 2 }, Cohort { from: 5, units: 1 }];
        let d = |i: usize, t: usize| f64::from((i < 2 && t >= 3) || (i == 2 && t >= 5));
        let (units, periods) = (6, 6);
        let mut squares = 0.0;
        for i in 0..units {
            for t in 1..=periods {
                let own = (1..=periods).map(|s| d(i, s)).sum::<f64>() / periods as f64;
                let at = (0..units).map(|j| d(j, t)).sum::<f64>() / units as f64;
                let all =
                    (0..units).flat_map(|j| (1..=periods).map(move |s| (j, s))).map(|(j, s)| d(j, s)).sum::<f64>();
                squares += (d(i, t) - own - at + all / (units * periods) as f64).powi(2);
            }
        }
        let ours = two_way_variance(&cohorts, units as u64, 1, 6, 0);
        assert!((ours - squares / (units * periods) as f64).abs() < 1e-14);
    }
}
