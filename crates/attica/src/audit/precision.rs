//! What is printed beside a coefficient about its precision, the values of t that would be printed so, and the distributions that stars,
//! intervals and p-values may come from.

use super::interval::Interval;
use super::paper::{Column, Paper, Term};
use crate::math::distribution::{normal_quantile, normal_two_sided, t_quantile, t_two_sided};

/// A distribution that stars may come from; none is the normal one.
pub type Df = Option<f64>;

/// Distributions that software takes p-values from, the most generous first.
pub fn distributions(paper: &Paper, column: &Column) -> Vec<Df> {
    let mut degrees: Vec<f64> = Vec::new();
    if let Some((least, most)) = column.degrees(&paper.panel) {
        degrees.extend([most, least]);
    }
    if let Some(clusters) = column.cluster_count(&paper.panel).filter(|g| *g > 1) {
        degrees.push(clusters as f64 - 1.0);
    }
    degrees.sort_by(|a, b| b.total_cmp(a));
    degrees.dedup();
    [None].into_iter().chain(degrees.into_iter().map(Some)).collect()
}

/// Two-sided critical value of `|t|` at `level`.
pub fn critical(level: f64, df: Df) -> f64 {
    match df {
        None => normal_quantile(1.0 - level / 2.0),
        Some(df) => t_quantile(1.0 - level / 2.0, df),
    }
}

/// Two-sided p-value of `|t|`.
pub fn two_sided(t: f64, df: Df) -> f64 {
    match df {
        None => normal_two_sided(t),
        Some(df) => t_two_sided(t, df),
    }
}

/// The distribution by its name.
pub fn name(df: Df) -> String {
    df.map_or_else(|| "N(0,1)".to_owned(), |df| format!("t({df})"))
}

/// What is printed about the precision of a coefficient.
pub enum Precision {
    /// |b| and its standard error.
    Ratio(Interval, Interval),
    /// |t|.
    Statistic(Interval),
    /// The p-value.
    P(Interval),
}

impl Precision {
    /// Of a coefficient; none when nothing is printed, or a standard error of zero.
    pub fn of(term: &Term) -> Option<Self> {
        if let Some(error) = &term.error {
            let positive = error.interval().high > 0.0;
            return positive.then(|| Self::Ratio(term.estimate.interval().abs(), error.interval().positive()));
        }
        if let Some(t) = &term.statistic {
            return Some(Self::Statistic(t.interval().abs()));
        }
        term.p_value.as_ref().map(|p| Self::P(p.interval().positive()))
    }

    /// Values of |t| that would be printed so.
    pub fn t(&self, df: Df) -> Interval {
        match self {
            Self::Ratio(b, s) => *b / *s,
            Self::Statistic(t) => *t,
            Self::P(p) => {
                let at = |p: f64| if p <= 0.0 { f64::INFINITY } else { critical(p.min(1.0), df) };
                Interval::new(at(p.high), at(p.low))
            }
        }
    }

    /// Share of the box in which `low <= |t| < high`.
    pub fn share(&self, low: f64, high: f64, df: Df) -> f64 {
        let length =
            |x: Interval, low: f64, high: f64| ((x.high.min(high) - x.low.max(low)) / (x.high - x.low)).clamp(0.0, 1.0);
        match self {
            Self::Ratio(b, s) => above(*b, *s, low) - above(*b, *s, high),
            Self::Statistic(t) => length(*t, low, high),
            Self::P(p) => {
                let at = |t: f64| if t.is_infinite() { 0.0 } else { two_sided(t, df) };
                length(*p, at(high), at(low))
            }
        }
    }
}

/// Share of the rectangle `b × s` in which `b / s >= c`, exactly.
fn above(b: Interval, s: Interval, c: f64) -> f64 {
    if c <= 0.0 {
        return 1.0;
    }
    if c.is_infinite() {
        return 0.0;
    }
    let (full, none) = ((b.low / c).clamp(s.low, s.high), (b.high / c).clamp(s.low, s.high));
    // Up to `full` all b are high enough, beyond `none` no b is.
    let part = (none - full) * (b.high - c * 0.5 * (full + none));
    let area = (full - s.low) * (b.high - b.low) + part;
    (area / ((b.high - b.low) * (s.high - s.low))).clamp(0.0, 1.0)
}

/// `0.006*** (0.003)`.
pub fn shown(term: &Term) -> String {
    let stars = "*".repeat(term.stars as usize);
    let (prefix, second) = match (&term.error, &term.statistic, &term.p_value) {
        (Some(s), ..) => ("", s),
        (None, Some(t), _) => ("t = ", t),
        (None, None, Some(p)) => ("p = ", p),
        _ => return format!("{}{stars}", term.estimate.text),
    };
    format!("{}{stars} ({prefix}{})", term.estimate.text, second.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_rectangle_is_what_a_grid_counts() {
        let cases = [
            (Interval::new(0.0055, 0.0065), Interval::new(0.0025, 0.0035), 2.5758),
            (Interval::new(0.0015, 0.0025), Interval::new(0.0005, 0.0015), 2.5758),
            (Interval::new(0.0, 0.0005), Interval::new(0.0, 0.0005), 1.96),
            (Interval::new(0.195, 0.205), Interval::new(0.085, 0.095), 2.2),
        ];
        for (b, s, c) in cases {
            let grid = 1500;
            let at = |i: Interval, k: usize| i.low + (i.high - i.low) * (k as f64 + 0.5) / grid as f64;
            let hits = (0..grid).flat_map(|i| (0..grid).map(move |j| (i, j)));
            let hits = hits.filter(|(i, j)| at(b, *i) / at(s, *j) >= c).count();
            let counted = hits as f64 / (grid * grid) as f64;
            assert!((above(b, s, c) - counted).abs() < 1e-4, "{} {counted}", above(b, s, c));
        }
    }
}
