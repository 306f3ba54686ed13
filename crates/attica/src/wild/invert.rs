//! The confidence set: all values that the bootstrap test does not reject, found exactly.
//!
//! Numerator and standard error of a draw are known functions of the hypothesised value, so the values at which the
//! draw's statistic equals the sample's are the roots of a polynomial of degree four. Between the roots of all draws
//! the p-value is constant: a sweep over them meets every piece of the set and every open end.

use rayon::prelude::*;

use super::Tail;
use super::draws::Pivot;
use crate::math::roots::{polynomial, sign_changes};

/// A coefficient below this one, where the statistics are of order one, is rounding.
const ROUNDING: f64 = 1e-11;
/// Gaps in the set that are narrower, in standard errors, are steps of the p-value and closed.
const GAP: f64 = 1e-3;

/// A draw as the hypothesised value goes from minus to plus infinity: in which tails it counts at first, and where
/// it begins or ends to.
#[derive(Default)]
struct Path {
    start: [bool; 2],
    /// (value, tail, begins)
    events: Vec<(f64, usize, bool)>,
}

/// Values `z` (standard errors from the estimate) at which at least `least` draws count in the tail, or in each of
/// both; ascending, infinite where open. `pivots` are in units of the standard error.
pub(super) fn accepted(pivots: &[Pivot], least: usize, tail: Tail) -> Vec<[f64; 2]> {
    let paths: Vec<Path> = pivots.par_iter().map(|pivot| path(pivot, tail)).collect();
    let tails = if tail == Tail::Symmetric { 1 } else { 2 };
    let mut counts = [0_usize; 2];
    for path in &paths {
        (0..tails).for_each(|side| counts[side] += usize::from(path.start[side]));
    }
    let mut events: Vec<(f64, usize, bool)> = paths.into_iter().flat_map(|path| path.events).collect();
    // A draw that equals the sample counts, so that what begins at a value precedes what ends there.
    events.par_sort_by(|a, b| a.0.total_cmp(&b.0).then(b.2.cmp(&a.2)).then(a.1.cmp(&b.1)));
    let inside = |counts: &[usize; 2]| counts[..tails].iter().all(|count| *count >= least);
    let mut set: Vec<[f64; 2]> = Vec::new();
    let mut since = inside(&counts).then_some(f64::NEG_INFINITY);
    for (z, side, begins) in events {
        if begins {
            counts[side] += 1;
        } else {
            counts[side] -= 1;
        }
        match (since, inside(&counts)) {
            (None, true) => since = Some(z),
            (Some(from), false) => {
                add(&mut set, [from, z]);
                since = None;
            }
            _ => {}
        }
    }
    if let Some(from) = since {
        add(&mut set, [from, f64::INFINITY]);
    }
    set
}

fn add(set: &mut Vec<[f64; 2]>, next: [f64; 2]) {
    match set.last_mut() {
        Some(last) if next[0] - last[1] < GAP => last[1] = next[1],
        _ => set.push(next),
    }
}

fn path(pivot: &Pivot, tail: Tail) -> Path {
    let Pivot { n, a } = *pivot;
    // z^2 a(z) - n(z)^2 is positive where the draw's statistic is smaller than the sample's, which is -z.
    let mut c = [-n[0] * n[0], -2.0 * n[0] * n[1], a[0] - n[1] * n[1], 2.0 * a[1], a[2]];
    let scale = 1.0 + a[0] + n[1] * n[1];
    c.iter_mut().filter(|c| c.abs() < ROUNDING * scale).for_each(|c| *c = 0.0);
    let same = c.iter().all(|c| *c == 0.0);
    let mut roots = if same { vec![0.0] } else { sign_changes(&c) };
    let mut path = Path::default();
    if tail == Tail::Symmetric {
        if same {
            path.start[0] = true;
            return path;
        }
        follow(&mut path, 0, &roots, |z| polynomial(&c, z) <= 0.0);
        return path;
    }
    // Each tail may change where the absolute values cross, and only there.
    let signed = |z: f64| {
        let (n, a) = pivot.at(z);
        n + z * a.max(0.0).sqrt()
    };
    if same && signed(1.0).abs() < ROUNDING.sqrt() {
        path.start = [true; 2];
        return path;
    }
    if c[0] == 0.0 && !roots.contains(&0.0) {
        roots.push(0.0);
        roots.sort_by(f64::total_cmp);
    }
    follow(&mut path, 0, &roots, |z| signed(z) >= 0.0);
    follow(&mut path, 1, &roots, |z| signed(z) <= 0.0);
    path
}

/// Whether a draw counts between each two of `roots`.
fn follow(path: &mut Path, side: usize, roots: &[f64], counts: impl Fn(f64) -> bool) {
    let Some((first, last)) = roots.first().zip(roots.last()) else {
        path.start[side] = counts(0.0);
        return;
    };
    let reach = 1.0 + last - first;
    let mut now = counts(first - reach);
    path.start[side] = now;
    for (i, root) in roots.iter().enumerate() {
        let next = roots.get(i + 1).map_or(last + reach, |next| f64::midpoint(*root, *next));
        if counts(next) != now {
            now = !now;
            path.events.push((*root, side, now));
        }
    }
}
