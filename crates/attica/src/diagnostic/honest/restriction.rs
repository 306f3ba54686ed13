//! Which violations of parallel trends are thought possible, as linear inequalities.
//!
//! A violation `d` has one value for each coefficient, and 0 at the reference. All sets of Rambachan and Roth (2023,
//! section 2.4) are unions of polyhedra `A d <= c`; only inequalities that involve a period after the reference are
//! kept, as in the reference implementation's default.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// What bounds the violation after the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// Its slope changes by at most `M` from one period to the next: `Delta^SD(M)`.
    Smoothness,
    /// It moves in one period by at most `Mbar` times its largest move before: `Delta^RM(Mbar)`.
    RelativeMagnitudes,
    /// Its slope changes by at most `Mbar` times the largest change before: `Delta^SDRM(Mbar)`.
    RelativeSmoothness,
}

/// What else is known of the violation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Nothing.
    #[default]
    Any,
    /// It is not negative after the reference: the estimates are too high, if anything.
    PositiveBias,
    /// It is not positive after the reference.
    NegativeBias,
    /// It does not fall.
    Increasing,
    /// It does not rise.
    Decreasing,
}

/// `A d <= c`, one polyhedron of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Inequalities {
    /// A: rows by coefficients.
    pub matrix: DMatrix<f64>,
    /// c.
    pub bound: Vec<f64>,
}

impl Set {
    /// Fewest coefficients before the reference with which the set is defined.
    pub fn least_pre(self) -> usize {
        match self {
            Self::Smoothness | Self::RelativeMagnitudes => 1,
            Self::RelativeSmoothness => 2,
        }
    }

    /// The polyhedra of the set of size `m` with `pre` and `post` coefficients around the reference. A relative set has
    /// one for each period before in which the largest move may have been, and each sign of it.
    pub fn polyhedra(self, m: f64, shape: Shape, pre: usize, post: usize) -> Vec<Inequalities> {
        let (order, benchmarks) = match self {
            Self::Smoothness => (2, 0),
            Self::RelativeMagnitudes => (1, pre),
            Self::RelativeSmoothness => (2, pre.saturating_sub(1)),
        };
        let periods = pre + 1 + post;
        // Differences that reach beyond the reference.
        let after: Vec<Vec<f64>> =
            ((pre + 1).saturating_sub(order)..periods - order).map(|t| difference(order, t, periods)).collect();
        let both = |largest: &[f64], free: f64| -> Inequalities {
            let rows = after.iter().flat_map(|move_| {
                [1.0, -1.0].map(|sign| move_.iter().zip(largest).map(|(a, b)| sign * a - m * b).collect::<Vec<f64>>())
            });
            let mut rows: Vec<Vec<f64>> = rows.collect();
            let mut bound = vec![free; rows.len()];
            rows.extend(shape.rows(pre, periods));
            bound.resize(rows.len(), 0.0);
            // The reference has no coefficient.
            let matrix = DMatrix::from_fn(rows.len(), periods - 1, |i, j| rows[i][if j < pre { j } else { j + 1 }]);
            Inequalities { matrix, bound }
        };
        if self == Self::Smoothness {
            return vec![both(&vec![0.0; periods], m)];
        }
        (0..benchmarks)
            .flat_map(|t| [1.0, -1.0].map(|sign| difference(order, t, periods).iter().map(|a| sign * a).collect()))
            .map(|largest: Vec<f64>| both(&largest, 0.0))
            .collect()
    }
}

impl Shape {
    /// `row d <= 0` over all periods, the reference (at `pre`) included.
    fn rows(self, pre: usize, periods: usize) -> Vec<Vec<f64>> {
        let level = |sign: f64| {
            (pre + 1..periods).map(|t| (0..periods).map(|s| if s == t { sign } else { 0.0 }).collect()).collect()
        };
        let slope = |sign: f64| {
            (pre..periods - 1).map(|t| difference(1, t, periods).iter().map(|a| sign * a).collect()).collect()
        };
        match self {
            Self::Any => Vec::new(),
            Self::PositiveBias => level(-1.0),
            Self::NegativeBias => level(1.0),
            Self::Increasing => slope(-1.0),
            Self::Decreasing => slope(1.0),
        }
    }
}

/// The first or second difference that starts at period `t`.
pub(super) fn difference(order: usize, t: usize, periods: usize) -> Vec<f64> {
    let coefficients: &[f64] = if order == 1 { &[-1.0, 1.0] } else { &[1.0, -2.0, 1.0] };
    let mut row = vec![0.0; periods];
    row[t..=t + order].copy_from_slice(coefficients);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(set: &[Inequalities], violation: &[f64]) -> bool {
        let d = nalgebra::DVector::from_row_slice(violation);
        set.iter().any(|one| (&one.matrix * &d).iter().zip(&one.bound).all(|(value, bound)| *value <= bound + 1e-12))
    }

    #[test]
    fn a_line_is_smooth_and_as_large_as_before() {
        let line = [-3.0, -2.0, -1.0, 1.0, 2.0];
        let of = |set: Set, m, shape| set.polyhedra(m, shape, 3, 2);
        assert!(holds(&of(Set::Smoothness, 0.0, Shape::Any), &line));
        assert!(holds(&of(Set::RelativeMagnitudes, 1.0, Shape::Any), &line));
        assert!(!holds(&of(Set::RelativeMagnitudes, 0.99, Shape::Any), &line));
        assert!(holds(&of(Set::RelativeSmoothness, 0.0, Shape::Any), &line));
        assert!(holds(&of(Set::Smoothness, 0.0, Shape::Increasing), &line));
        assert!(!holds(&of(Set::Smoothness, 0.0, Shape::Decreasing), &line));
        assert!(holds(&of(Set::Smoothness, 0.0, Shape::PositiveBias), &line));
        assert!(!holds(&of(Set::Smoothness, 0.0, Shape::NegativeBias), &line));
    }

    #[test]
    fn a_bend_is_as_large_as_it_is() {
        // Slope 1 before and 3 after the reference; the largest bend before is .5, at -2.
        let bend = [-2.5, -2.0, -1.0, 3.0, 6.0];
        let of = |set: Set, m| set.polyhedra(m, Shape::Any, 3, 2);
        assert!(holds(&of(Set::Smoothness, 2.0), &bend) && !holds(&of(Set::Smoothness, 1.99), &bend));
        assert!(holds(&of(Set::RelativeSmoothness, 4.0), &bend) && !holds(&of(Set::RelativeSmoothness, 3.99), &bend));
        assert!(holds(&of(Set::RelativeMagnitudes, 3.0), &bend) && !holds(&of(Set::RelativeMagnitudes, 2.99), &bend));
        assert_eq!(of(Set::RelativeMagnitudes, 1.0).len(), 6);
        assert_eq!(of(Set::RelativeSmoothness, 1.0).len(), 4);
    }
}
