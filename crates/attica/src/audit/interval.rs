//! Closed intervals and their arithmetic.

use std::ops::{Add, Div, Mul, Sub};

/// What two ends may differ by, relative to their size, and still touch: printed ties go both ways, and decimals are
/// not exact in binary.
const TOUCH: f64 = 1e-9;

/// All numbers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The interval between two numbers, in order.
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// One number.
    pub fn point(x: f64) -> Self {
        Self { low: x, high: x }
    }

    /// True when the two have a number in common, ends that touch included.
    pub fn meets(self, other: Self) -> bool {
        let slack = TOUCH * [self.low, self.high, other.low, other.high].iter().fold(0.0_f64, |a, b| finite(a, *b));
        self.low <= other.high + slack && other.low <= self.high + slack
    }

    /// True when `x` lies in it, ends included.
    pub fn contains(self, x: f64) -> bool {
        self.meets(Self::point(x))
    }

    /// What the two have in common; of ends that only touch, the end.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        self.meets(other).then(|| Self { low: low.min(high), high: low.max(high) })
    }

    /// The number nearest to `x`.
    pub fn nearest(self, x: f64) -> f64 {
        x.clamp(self.low, self.high)
    }

    /// Absolute values.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.low >= 0.0 {
            self
        } else if self.high <= 0.0 {
            Self { low: -self.high, high: -self.low }
        } else {
            Self { low: 0.0, high: self.high.max(-self.low) }
        }
    }

    /// Without what lies below zero.
    #[must_use]
    pub fn positive(self) -> Self {
        Self { low: self.low.max(0.0), high: self.high.max(0.0) }
    }

    /// Square roots of what is not negative.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let Self { low, high } = self.positive();
        Self { low: low.sqrt(), high: high.sqrt() }
    }

    /// Squares.
    #[must_use]
    pub fn square(self) -> Self {
        let Self { low, high } = self.abs();
        Self { low: low * low, high: high * high }
    }

    /// The smallest interval around both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// The larger size of the two that is finite.
fn finite(a: f64, b: f64) -> f64 {
    if b.is_finite() { a.max(b.abs()) } else { a }
}

impl Add for Interval {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, high: self.high + other.high }
    }
}

impl Sub for Interval {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { low: self.low - other.high, high: self.high - other.low }
    }
}

impl Mul for Interval {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let corners = [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high];
        Self {
            low: corners.iter().copied().fold(f64::INFINITY, f64::min),
            high: corners.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl Div for Interval {
    type Output = Self;
    /// The whole line when the divisor has both signs; half a line when it ends at zero.
    fn div(self, by: Self) -> Self {
        if by.low < 0.0 && by.high > 0.0 || by == Self::point(0.0) {
            return Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
        }
        if by.high <= 0.0 {
            return Self { low: -self.high, high: -self.low } / Self { low: -by.high, high: -by.low };
        }
        let divide = |x: f64, y: f64| match (x == 0.0, y == 0.0) {
            (true, _) => 0.0,
            (_, true) => x.signum() * f64::INFINITY,
            _ => x / y,
        };
        Self {
            low: divide(self.low, if self.low >= 0.0 { by.high } else { by.low }),
            high: divide(self.high, if self.high >= 0.0 { by.low } else { by.high }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::stream;

    #[test]
    fn every_operation_holds_what_its_points_give() {
        let mut random = stream(7, 0);
        let between = |random: &mut crate::math::random::Stream| {
            let (a, b) = (random.normal(), random.normal());
            let (low, high) = (a.min(b), a.max(b));
            (Interval::new(low, high), low + (high - low) * random.uniform())
        };
        for _ in 0..2000 {
            let ((x, a), (y, b)) = (between(&mut random), between(&mut random));
            assert!((x + y).contains(a + b) && (x - y).contains(a - b));
            assert!((x * y).contains(a * b) && (x / y).contains(a / b), "{x:?} {y:?}");
            assert!(x.abs().contains(a.abs()) && x.square().contains(a * a));
            assert!(x.low > 0.0 || x.abs().low >= 0.0);
        }
        let half = Interval::new(1.0, 2.0) / Interval::new(0.0, 0.5);
        assert_eq!((half.low, half.high), (2.0, f64::INFINITY));
    }

    #[test]
    fn printed_ties_touch() {
        // 0.0005 + 0.0005 is 0.001 in decimals only.
        assert!(Interval::new(0.1, 0.3).meets(Interval::new(0.1 + 0.2, 1.0)));
        assert!(!Interval::new(0.1, 0.3).meets(Interval::new(0.300_001, 1.0)));
    }
}
