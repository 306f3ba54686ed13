//! Scaling by direction: every indicator to "0 is worst, 1 is best".

use super::span::Spans;
use super::{Direction, Indicator, Zeros};
use crate::message::{Place, Problem, Result};

/// Scales the complete rows `x` of an indicator with the bounds of each row's group. Rows outside the
/// bounds (possible under a base period) come out outside `[0, 1]`. The rule for zeros comes last.
pub(super) fn scale(indicator: &Indicator, x: &[f64], spans: &Spans, zeros: Zeros) -> Result<Vec<f64>> {
    let maps = (0..spans.fit.len()).map(|group| Map::new(indicator, x, spans, group)).collect::<Result<Vec<_>>>()?;
    let lift = |z: f64| match zeros {
        Zeros::Keep | Zeros::Shift => z,
        Zeros::Add(eps) => z + eps,
        Zeros::Squeeze => 0.99 * z + 0.01,
    };
    Ok(x.iter().zip(&spans.of_row).map(|(&x, &group)| lift(maps[group].apply(x))).collect())
}

/// Minimum and maximum of the chosen rows.
pub(super) fn bounds(x: &[f64], rows: &[usize]) -> (f64, f64) {
    rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &row| (low.min(x[row]), high.max(x[row])))
}

enum Map {
    Benefit { min: f64, range: f64 },
    Cost { max: f64, range: f64 },
    Near { low: f64, high: f64, reach: f64 },
}

impl Map {
    fn new(indicator: &Indicator, x: &[f64], spans: &Spans, group: usize) -> Result<Self> {
        let (min, max) = bounds(x, &spans.fit[group]);
        let near = |low: f64, high: f64| Self::Near { low, high, reach: (low - min).max(max - high) };
        let (map, range) = match indicator.direction {
            Direction::Benefit => (Self::Benefit { min, range: max - min }, max - min),
            Direction::Cost => (Self::Cost { max, range: max - min }, max - min),
            Direction::Target(x0) => (near(x0, x0), (x0 - min).max(max - x0).min(max - min)),
            Direction::Interval(low, high) => (near(low, high), (low - min).max(max - high).min(max - min)),
        };
        if range > 0.0 && range.is_finite() {
            return Ok(map);
        }
        let place = Place { column: Some(indicator.name.to_owned()), ..Place::default() };
        let what = if max > min {
            format!("every value{} lies within the best interval, so it cannot tell rows apart", spans.place(group))
        } else {
            format!("is {min} in every row{}: it has no divergence and no weight", spans.place(group))
        };
        Err(Problem::new("E305", what).fix("take it out of the index").at(place))
    }

    fn apply(&self, x: f64) -> f64 {
        match self {
            Self::Benefit { min, range } => (x - min) / range,
            Self::Cost { max, range } => (max - x) / range,
            Self::Near { low, high, reach } => 1.0 - (low - x).max(x - high).max(0.0) / reach,
        }
    }
}
