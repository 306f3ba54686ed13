//! The values that a test does not reject, from the outside in.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::moments::{Level, Moments};
use super::restriction::Inequalities;
use super::{Coefficients, Draws, Method};

/// Steps across the range of one polyhedron in which the outermost accepted value is looked for; a stretch of accepted
/// values shorter than a step may be missed, as on any grid. The conditional test alone may accept values apart from
/// the others, so that it is searched from further out, as in the reference implementation.
const STEPS: usize = 256;
const WIDE_STEPS: usize = 1024;

/// What all polyhedra share.
pub(super) struct Union<'a> {
    pub coefficients: &'a Coefficients,
    pub root: &'a DMatrix<f64>,
    pub draws: &'a Draws,
}

impl Union<'_> {
    /// Smallest and largest value that a test of `size` accepts for any of `polyhedra`; none when all are rejected.
    /// Ends that no test rejects are infinite.
    pub fn interval(&self, polyhedra: &[Inequalities], method: Method, size: f64) -> Option<(f64, f64)> {
        // Critical values take most of the time and do not depend on one another.
        let tests: Vec<Test> = polyhedra.par_iter().filter_map(|one| self.test(one, method, size)).collect();
        let mut hull: Option<(f64, f64)> = None;
        for Test { mut moments, level, range } in tests {
            let low = outermost(&mut moments, level, range, hull.map(|hull| hull.0));
            let back = (range.1, low.unwrap_or(range.0));
            let high = outermost(&mut moments, level, back, hull.map(|hull| hull.1));
            hull = match (hull, low, high) {
                (Some((a, b)), low, high) => {
                    Some((low.map_or(a, |low| a.min(low)), high.map_or(b, |high| b.max(high))))
                }
                (None, low, high) => low.zip(high),
            };
        }
        hull
    }

    /// The test of one polyhedron; none when it rejects everything.
    fn test(&self, polyhedron: &Inequalities, method: Method, size: f64) -> Option<Test> {
        let mut moments = Moments::new(self.coefficients, self.root, polyhedron);
        if method == Method::Conditional {
            let level = Level::Conditional(size);
            let range = wide_range(&mut moments, level);
            return Some(Test { moments, level, range });
        }
        // HonestDiD's default for the first stage, a tenth of the size.
        let first = size / 10.0;
        let critical = moments.least_favourable(self.draws, first);
        // The first stage rejects exactly outside this range.
        let range = moments.range(critical)?;
        Some(Test { moments, level: Level::Hybrid { size, first, critical }, range })
    }
}

/// The test of one polyhedron, and a range beyond whose finite ends it rejects.
struct Test {
    moments: Moments,
    level: Level,
    range: (f64, f64),
}

/// Both ends of a range whose ends are rejected, or infinite where widening to some hundred standard errors does not
/// reach a value that is.
fn wide_range(moments: &mut Moments, level: Level) -> (f64, f64) {
    let mut found: (Option<f64>, Option<f64>) = (None, None);
    // From where the estimates contradict the polyhedron least.
    let least = moments.least_slack().map_or(0.0, |slack| slack.max(0.0));
    for more in [20.0, 40.0, 80.0, 160.0, 320.0] {
        let Some((low, high)) = moments.range(least + more) else { continue };
        if found.0.is_none() && low.is_finite() && moments.rejects(low, level) {
            found.0 = Some(low);
        }
        if found.1.is_none() && high.is_finite() && moments.rejects(high, level) {
            found.1 = Some(high);
        }
        if let (Some(low), Some(high)) = found {
            return (low, high);
        }
    }
    (found.0.unwrap_or(f64::NEG_INFINITY), found.1.unwrap_or(f64::INFINITY))
}

/// The accepted value nearest to the first of `range` on the way to the second; none when there is none, or none
/// before `known`, the end that another polyhedron has already.
fn outermost(moments: &mut Moments, level: Level, (from, to): (f64, f64), known: Option<f64>) -> Option<f64> {
    if from.is_infinite() {
        return Some(from);
    }
    let inward = if to.is_finite() { to - from } else { to.signum() * (from.abs() + 1.0) };
    let beyond = |value: f64| known.is_some_and(|known| (value - known) * inward.signum() >= 0.0);
    let steps = if matches!(level, Level::Conditional(_)) { WIDE_STEPS } else { STEPS };
    let mut rejected = from;
    for step in 0..=steps {
        let value = from + inward * step as f64 / steps as f64;
        // The last stretch ends at the end that is known.
        let (value, last) = if beyond(value) { (known.unwrap_or(value), true) } else { (value, false) };
        if last && beyond(rejected) {
            return None;
        }
        if !moments.rejects(value, level) {
            let mut accepted = value;
            while (accepted - rejected).abs() > 1e-10 * (accepted.abs() + inward.abs()) {
                let middle = 0.5 * (accepted + rejected);
                if moments.rejects(middle, level) { rejected = middle } else { accepted = middle }
            }
            return Some(accepted);
        }
        if last {
            return None;
        }
        rejected = value;
    }
    None
}
