//! The values of a coefficient that the Anderson-Rubin test does not reject, all of them.
//!
//! The instruments' coefficients in the regression of `y - b d` are `m(b) = delta - b pi`, linear in b, and their covariance
//! `V(b)` is quadratic in b, so that three regressions give the test at every b. With b = centre + ratio tan(angle), every angle
//! between -90 and 90 degrees is one value, and `det V (k c - m'V^-1 m)`, c the critical value of F and k the number of
//! instruments, is a trigonometric polynomial of degree k in twice the angle. Its roots, all 2k of them, are where the
//! test may change its mind: none is missed by a grid.

use std::f64::consts::{FRAC_PI_2, PI};

use nalgebra::{Cholesky, Complex, DMatrix, DVector, Dyn, Schur};

use super::record::AndersonRubinSet;

/// The test at every value.
pub(super) struct Everywhere {
    /// Coefficients of the instruments: in the regression of the outcome, and of the endogenous regressor.
    pub value: [DVector<f64>; 2],
    /// Covariances: of the first, between them (both ways together), of the second.
    pub variance: [DMatrix<f64>; 3],
    /// A value of the coefficient in the middle of things.
    pub centre: f64,
    /// A unit of the coefficient.
    pub ratio: f64,
    /// Critical value of F.
    pub critical: f64,
}

impl Everywhere {
    /// Coefficients and covariance at an angle, both sides multiplied by its cosine, so that the ends are values too.
    fn at(&self, angle: f64) -> (DVector<f64>, DMatrix<f64>) {
        let (sin, cos) = angle.sin_cos();
        let slope = self.centre * cos + self.ratio * sin;
        let [outcome, regressor] = &self.value;
        let [own, between, other] = &self.variance;
        (outcome * cos - regressor * slope, own * (cos * cos) - between * (slope * cos) + other * (slope * slope))
    }

    /// How far the test is from rejecting, over its critical value: at most one, negative when it rejects. None where the
    /// covariance is not positive definite.
    fn room(&self, angle: f64) -> Option<f64> {
        let (value, variance) = self.at(angle);
        let limit = self.critical * value.len() as f64;
        let factor = factored(variance)?;
        Some(1.0 - value.dot(&factor.solve(&value)) / limit)
    }

    /// Angles at which the sign of [`Self::room`] may change: arguments of the polynomial's roots, from its values at
    /// 2k + 1 equally spaced angles.
    fn turns(&self) -> Option<Vec<f64>> {
        let k = self.value[0].len();
        let count = 2 * k + 1;
        let angle = |at: usize| PI * (at as f64 + 0.5) / count as f64 - FRAC_PI_2;
        // Determinants relative to their geometric mean, so that none overflows.
        let points = (0..count).map(|at| {
            let (_, variance) = self.at(angle(at));
            let size: f64 = 2.0 * factored(variance)?.l_dirty().diagonal().iter().map(|d| d.ln()).sum::<f64>();
            Some((size, self.room(angle(at))?))
        });
        let points: Vec<(f64, f64)> = points.collect::<Option<_>>()?;
        let mean = points.iter().map(|(size, _)| size).sum::<f64>() / count as f64;
        let coefficient = |power: usize| -> Complex<f64> {
            let term = |(at, (size, room)): (usize, &(f64, f64))| {
                let turn = -2.0 * angle(at) * (power as f64 - k as f64);
                Complex::from_polar(room * (size - mean).exp(), turn)
            };
            points.iter().enumerate().map(term).sum::<Complex<f64>>() / count as f64
        };
        let coefficients: Vec<Complex<f64>> = (0..count).map(coefficient).collect();
        Some(roots(&coefficients)?.iter().map(|root| 0.5 * root.arg()).collect())
    }

    /// The set; `None` where the covariance is not positive definite at some value.
    pub fn set(&self, level: f64) -> Option<AndersonRubinSet> {
        let mut ends = self.turns()?;
        ends.extend([-FRAC_PI_2, FRAC_PI_2]);
        ends.sort_by(f64::total_cmp);
        ends.dedup_by(|a, b| *a - *b < 1e-15);
        // Between two ends the test does not change its mind, so that one point of each stretch tells.
        let middles: Vec<f64> = ends.windows(2).map(|ends| 0.5 * (ends[0] + ends[1])).collect();
        let inside: Vec<bool> = middles.iter().map(|&angle| Some(self.room(angle)? >= 0.0)).collect::<Option<_>>()?;
        let mut pieces = Vec::new();
        let mut start = None;
        for at in 1..middles.len() {
            if inside[at] == inside[at - 1] {
                continue;
            }
            let end = Some(self.crossing(middles[at - 1], middles[at], inside[at])?);
            if inside[at] {
                start = end;
            } else {
                pieces.push([start, end]);
            }
        }
        if inside.last().copied()? {
            pieces.push([start, None]);
        }
        Some(AndersonRubinSet { level, pieces })
    }

    /// The value at which the test changes its mind between two angles; `entering` when it stops rejecting.
    fn crossing(&self, mut low: f64, mut high: f64, entering: bool) -> Option<f64> {
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return Some(self.centre + self.ratio * middle.tan());
            }
            if (self.room(middle)? >= 0.0) == entering { high = middle } else { low = middle }
        }
    }
}

/// The factor of a covariance; none when it is not positive definite up to rounding.
fn factored(variance: DMatrix<f64>) -> Option<Cholesky<f64, Dyn>> {
    let diagonal = variance.diagonal();
    let factor = variance.cholesky()?;
    let pivots = factor.l_dirty().diagonal();
    pivots.iter().zip(&diagonal).all(|(pivot, d)| pivot * pivot > 1e-12 * d).then_some(factor)
}

/// Roots of `c[0] + c[1] z + ...`, as eigenvalues of its companion matrix; leading coefficients that are nothing but
/// rounding are left out.
fn roots(c: &[Complex<f64>]) -> Option<Vec<Complex<f64>>> {
    let largest = c.iter().map(|c| c.norm()).fold(0.0, f64::max);
    let is_there = |c: &Complex<f64>| c.norm() > 1e-14 * largest;
    let (first, last) = (c.iter().position(is_there)?, c.iter().rposition(is_there)?);
    let c = &c[first..=last];
    let degree = c.len() - 1;
    if degree == 0 {
        return Some(Vec::new());
    }
    let companion = DMatrix::from_fn(degree, degree, |i, j| match () {
        () if j + 1 == degree => -c[i] / c[degree],
        () if i == j + 1 => Complex::new(1.0, 0.0),
        () => Complex::new(0.0, 0.0),
    });
    let (_, triangle) = Schur::try_new(companion, f64::EPSILON, 10_000)?.unpack();
    Some(triangle.diagonal().iter().copied().collect())
}
