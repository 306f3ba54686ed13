//! Bringing simulated columns to given means and standard deviations.

/// Mean and standard deviation (divisor n - 1).
pub(super) fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

/// `x` shifted and stretched to this mean and standard deviation.
pub(super) fn standardised(x: &[f64], mean: f64, sd: f64) -> Vec<f64> {
    let (m, s) = moments(x);
    x.iter().map(|x| mean + (x - m) / s * sd).collect()
}

/// A zero of `f` in `[low, high]`, by bisection; the end nearer to one when the signs agree.
pub(super) fn bisect(mut low: f64, mut high: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let rising = f(low) < f(high);
    for _ in 0..36 {
        let middle = f64::midpoint(low, high);
        if (f(middle) < 0.0) == rising {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// What two-way fixed effects make of `y` on a balanced panel (`y` and `d` by unit, then period):
/// sum d~ y / sum d~^2 with d~ = d - unit mean - period mean + mean.
pub(super) fn two_way(d: &[f64], y: &[f64], periods: usize) -> f64 {
    let units = d.len() / periods;
    let grand = d.iter().sum::<f64>() / d.len() as f64;
    let by_unit: Vec<f64> = d.chunks(periods).map(|d| d.iter().sum::<f64>() / periods as f64).collect();
    let by_period: Vec<f64> =
        (0..periods).map(|t| (0..units).map(|i| d[i * periods + t]).sum::<f64>() / units as f64).collect();
    let (mut top, mut bottom) = (0.0, 0.0);
    for (row, (&d, &y)) in d.iter().zip(y).enumerate() {
        let residual = d - by_unit[row / periods] - by_period[row % periods] + grand;
        top += residual * y;
        bottom += residual * residual;
    }
    top / bottom
}

/// Ingredients of a column in `[0, 1]`: x = scale * level_i * (1 + shock_it) + trend_t + rest_it - lowest.
pub(super) struct UnitInterval<'a> {
    /// Normal score of each unit; its level is exp(spread * score).
    pub score: &'a [f64],
    /// Relative shocks, by unit and period.
    pub shock: &'a [f64],
    /// Common trend, by period.
    pub trend: &'a [f64],
    /// Effects, and whatever else does not scale with levels, by unit and period.
    pub rest: &'a [f64],
    /// The unit that holds the maximum of 1; its level is what that takes.
    pub top: usize,
}

impl UnitInterval<'_> {
    /// The column with minimum 0, maximum 1 and this mean and standard deviation. The spread of levels
    /// solves for the standard deviation, the scale for the mean.
    pub fn solve(&self, mean: f64, sd: f64) -> Vec<f64> {
        let spread = bisect(0.05, 4.0, |spread| moments(&self.column(spread, mean)).1 - sd);
        self.column(spread, mean)
    }

    fn column(&self, spread: f64, mean: f64) -> Vec<f64> {
        let level: Vec<f64> = self.score.iter().map(|s| (spread * s).exp()).collect();
        // The mean is linear in the scale but for the rows that are lowest and highest, so secants are
        // exact after a few steps.
        let gap = |scale: f64| moments(&self.with(&level, scale)).0 - mean;
        let mut last = (0.0, gap(0.0));
        let mut scale = 0.5 * mean / moments(&level).0;
        for _ in 0..8 {
            let now = (scale, gap(scale));
            if now.1.abs() < 1e-12 || now.1 == last.1 {
                break;
            }
            scale = now.0 - now.1 * (now.0 - last.0) / (now.1 - last.1);
            last = now;
        }
        self.with(&level, scale)
    }

    fn with(&self, level: &[f64], scale: f64) -> Vec<f64> {
        let periods = self.trend.len();
        let rest = |row: usize| self.trend[row % periods] + self.rest[row];
        let mut x: Vec<f64> = (0..self.shock.len())
            .map(|row| scale * level[row / periods] * (1.0 + self.shock[row]) + rest(row))
            .collect();
        let own = self.top * periods..(self.top + 1) * periods;
        let lowest =
            x.iter().enumerate().filter(|(row, _)| !own.contains(row)).fold(f64::INFINITY, |low, (_, x)| low.min(*x));
        let height =
            own.clone().map(|row| (1.0 + lowest - rest(row)) / (1.0 + self.shock[row])).fold(f64::INFINITY, f64::min);
        for row in own {
            x[row] = height * (1.0 + self.shock[row]) + rest(row);
        }
        x.iter().map(|x| x - lowest).collect()
    }
}
