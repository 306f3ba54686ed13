//! Where a polynomial changes its sign.

/// Real numbers at which `c[0] + c[1] x + c[2] x^2 + ...` changes its sign, ascending; none when it is zero
/// everywhere. Between two neighbouring roots of its derivative a polynomial is monotone, so that each root has a
/// bracket of its own and none is missed; a root of even order, where the sign stays, is none.
pub fn sign_changes(coefficients: &[f64]) -> Vec<f64> {
    let Some(degree) = coefficients.iter().rposition(|c| *c != 0.0) else { return Vec::new() };
    let c = &coefficients[..=degree];
    match degree {
        0 => Vec::new(),
        1 => vec![-c[0] / c[1]],
        2 => quadratic(c),
        _ => {
            let derivative: Vec<f64> = c.iter().enumerate().skip(1).map(|(power, c)| power as f64 * c).collect();
            // No root lies beyond this bound (Cauchy 1829).
            let bound = 1.0 + c[..degree].iter().fold(0.0_f64, |most, c| most.max(c.abs())) / c[degree].abs();
            let mut ends = vec![-bound];
            ends.extend(sign_changes(&derivative).into_iter().filter(|x| x.abs() < bound));
            ends.push(bound);
            ends.windows(2).filter_map(|ends| bracketed(c, &derivative, ends[0], ends[1])).collect()
        }
    }
}

fn quadratic(c: &[f64]) -> Vec<f64> {
    let discriminant = c[1] * c[1] - 4.0 * c[0] * c[2];
    if discriminant <= 0.0 {
        return Vec::new();
    }
    // The sum of equal signs, so that nothing cancels.
    let sum = -0.5 * (c[1] + discriminant.sqrt().copysign(c[1]));
    let (one, other) = (sum / c[2], c[0] / sum);
    vec![one.min(other), one.max(other)]
}

/// Value of the polynomial.
pub fn polynomial(c: &[f64], x: f64) -> f64 {
    c.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The root between `low` and `high`, if the ends differ in sign: Newton's method, halving where it leaves the
/// bracket.
fn bracketed(c: &[f64], derivative: &[f64], mut low: f64, mut high: f64) -> Option<f64> {
    let (at_low, at_high) = (polynomial(c, low), polynomial(c, high));
    if at_low == 0.0 || (at_low < 0.0) == (at_high < 0.0) {
        return None;
    }
    let rising = at_low < 0.0;
    let mut x = 0.5 * (low + high);
    for _ in 0..200 {
        let value = polynomial(c, x);
        if value == 0.0 {
            return Some(x);
        }
        if (value < 0.0) == rising {
            low = x;
        } else {
            high = x;
        }
        let mut next = x - value / polynomial(derivative, x);
        if !(low < next && next < high) {
            next = 0.5 * (low + high);
        }
        if (next - x).abs() <= 4.0 * f64::EPSILON * x.abs() || next == low || next == high {
            return Some(next);
        }
        x = next;
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(roots: &[f64]) -> Vec<f64> {
        roots.iter().fold(vec![1.0], |c, root| {
            let mut next = vec![0.0; c.len() + 1];
            for (power, value) in c.iter().enumerate() {
                next[power + 1] += value;
                next[power] -= root * value;
            }
            next
        })
    }

    #[test]
    fn every_root_is_found() {
        for roots in [vec![-3.0, -0.001, 0.002, 40.0], vec![-1.0, 1.0, 2.0], vec![-1e4, 1e-4], vec![2.5]] {
            let found = sign_changes(&product(&roots));
            assert_eq!(found.len(), roots.len(), "{found:?}");
            for (a, b) in found.iter().zip(&roots) {
                assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} {b}");
            }
        }
    }

    #[test]
    fn where_the_sign_stays_is_no_root() {
        assert!(sign_changes(&[1.0, 0.0, 1.0]).is_empty());
        assert!(sign_changes(&[4.0, -4.0, 1.0]).is_empty());
        assert!(sign_changes(&[1.0, 0.0, 2.0, 0.0, 1.0]).is_empty());
        assert!(sign_changes(&[0.0; 5]).is_empty());
    }
}
