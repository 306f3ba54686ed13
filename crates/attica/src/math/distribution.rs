//! Upper tails and quantiles of the normal, t, chi-squared and F distributions.
//!
//! Upper tails are computed as such, never as one minus the lower one, so that a p-value of 1e-40
//! has its digits. A t or F with infinite (denominator) degrees of freedom is the normal or
//! chi-squared one. An argument that is not a number gives NaN.

use std::f64::consts::{PI, SQRT_2};

use statrs::function::gamma::checked_gamma_ur;

/// P(Z > z).
pub fn normal_sf(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// z with P(Z <= z) = p; infinite at 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    let z = normal_quantile_rational(p);
    if !z.is_finite() || z.abs() > 37.0 {
        return z;
    }
    // One Newton step against the tail function makes quantile and tail inverse to each other.
    let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
    if p < 0.5 { z - (normal_sf(-z) - p) / density } else { z + (normal_sf(z) - (1.0 - p)) / density }
}

/// Numerator and denominator, constant first: in the middle, in the tails, and beyond `p = exp(-25)`.
const MIDDLE: [[f64; 8]; 2] = [
    [
        3.3871328727963665,
        133.14166789178438,
        1971.5909503065513,
        13731.69376550946,
        45921.95393154987,
        67265.7709270087,
        33430.57558358813,
        2509.0809287301227,
    ],
    [
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21213.794301586597,
        39307.89580009271,
        28729.085735721943,
        5226.495278852854,
    ],
];
const TAIL: [[f64; 8]; 2] = [
    [
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        0.0007745450142783414,
    ],
    [
        1.0,
        2.053191626637759,
        1.6763848301838038,
        0.6897673349851,
        0.14810397642748008,
        0.015198666563616457,
        0.0005475938084995345,
        1.0507500716444169e-09,
    ],
];
const FAR: [[f64; 8]; 2] = [
    [
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.29656057182850487,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-05,
        2.0103343992922881e-07,
    ],
    [
        1.0,
        0.599832206555888,
        0.1369298809227358,
        0.014875361290850615,
        0.0007868691311456133,
        1.8463183175100548e-05,
        1.421511758316446e-07,
        2.0442631033899397e-15,
    ],
];

/// [`normal_quantile`] to 16 digits (Wichura 1988, Applied Statistics 37(3), algorithm AS 241, PPND16): what random
/// numbers need.
pub(crate) fn normal_quantile_rational(p: f64) -> f64 {
    let ratio = |[above, below]: &[[f64; 8]; 2], r: f64| {
        let value = |polynomial: &[f64; 8]| polynomial.iter().rev().fold(0.0, |sum, c| sum * r + c);
        value(above) / value(below)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&MIDDLE, 0.180625 - q * q);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let size = if tail <= 0.0 {
        f64::INFINITY
    } else {
        let r = (-tail.ln()).sqrt();
        if r <= 5.0 { ratio(&TAIL, r - 1.6) } else { ratio(&FAR, r - 5.0) }
    };
    size.copysign(q)
}

/// P(|Z| > |z|).
pub fn normal_two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// P(T > t) with `df` degrees of freedom, which may be infinite.
pub fn t_sf(t: f64, df: f64) -> f64 {
    let tail = 0.5 * t_two_sided(t, df);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// P(|T| > |t|).
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df.is_infinite() {
        return normal_two_sided(t);
    }
    let square = t * t;
    if df > 1e6 {
        // The continued fraction becomes slow and loses digits; Cornish-Fisher to the second order does not.
        let first = (square + 1.0) / (4.0 * df);
        let second = ((13.0 * square + 8.0) * square + 3.0) / (96.0 * df * df);
        return normal_two_sided(t * (1.0 - first + second));
    }
    if square.is_infinite() {
        return 0.0;
    }
    beta_regularised(0.5 * df, 0.5, df / (df + square), square / (df + square))
}

/// t with P(T <= t) = p.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return normal_quantile(p);
    }
    if p.is_nan() || df.is_nan() || df <= 0.0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let tail = p.min(1.0 - p);
    if tail == 0.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let t = upper_root(|t| t_sf(t, df), tail, -normal_quantile(tail));
    if p < 0.5 { -t } else { t }
}

/// P(X > x) of chi-squared with `df` degrees of freedom.
pub fn chi2_sf(x: f64, df: f64) -> f64 {
    if x.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(0.5 * df, 0.5 * x).unwrap_or(0.0)
}

/// x with P(X <= x) = p of chi-squared.
pub fn chi2_quantile(p: f64, df: f64) -> f64 {
    if p.is_nan() || df.is_nan() || df <= 0.0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    upper_root(|x| chi2_sf(x, df), 1.0 - p, df)
}

/// P(X > x) of F(`df1`, `df2`); `df2` may be infinite.
pub fn f_sf(x: f64, df1: f64, df2: f64) -> f64 {
    if x.is_nan() || df1.is_nan() || df2.is_nan() || df1 <= 0.0 || df2 <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    if df2.is_infinite() {
        return chi2_sf(df1 * x, df1);
    }
    if x.is_infinite() {
        return 0.0;
    }
    let total = df2 + df1 * x;
    beta_regularised(0.5 * df2, 0.5 * df1, df2 / total, df1 * x / total)
}

/// x with P(X <= x) = p of F(`df1`, `df2`).
pub fn f_quantile(p: f64, df1: f64, df2: f64) -> f64 {
    if p.is_nan() || df1.is_nan() || df2.is_nan() || !(0.0..=1.0).contains(&p) || df1 <= 0.0 || df2 <= 0.0 {
        return f64::NAN;
    }
    upper_root(|x| f_sf(x, df1, df2), 1.0 - p, 1.0)
}

/// Where the decreasing tail function `sf` reaches `tail` on the positive half-line, by doubling
/// from `start` and bisection to the last bit: slow, certain, and called a few times per table.
fn upper_root(sf: impl Fn(f64) -> f64, tail: f64, start: f64) -> f64 {
    if tail <= 0.0 {
        return f64::INFINITY;
    }
    if tail >= sf(0.0) {
        return 0.0;
    }
    let mut high = start.max(1e-3);
    while sf(high) > tail && high < f64::MAX / 4.0 {
        high *= 2.0;
    }
    let mut low = high;
    while low > f64::MIN_POSITIVE && sf(low) < tail {
        low *= 0.5;
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if sf(middle) > tail { low = middle } else { high = middle }
    }
}

/// I_x(a, b) with `y = 1 - x` given apart, so that neither end loses digits.
/// Continued fraction of Numerical Recipes (Lentz), prefactor by Stirling differences.
fn beta_regularised(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_regularised(b, a, y, x);
    }
    let ln_x = if x > 0.5 { (-y).ln_1p() } else { x.ln() };
    let ln_y = if y > 0.5 { (-x).ln_1p() } else { y.ln() };
    let front = (a * ln_x + b * ln_y - ln_beta(a, b)).exp() / a;

    let tiny = f64::MIN_POSITIVE;
    let guard = |v: f64| if v.abs() < tiny { tiny } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

/// ln B(a, b); for large arguments by differences of Stirling's series, where the difference of
/// log-gammas would cancel.
fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < 20.0 {
        return libm::lgamma(small) + libm::lgamma(large) - libm::lgamma(small + large);
    }
    let sum = small + large;
    let correction = |z: f64| {
        let q = 1.0 / (z * z);
        (1.0 / 12.0 - q * (1.0 / 360.0 - q * (1.0 / 1260.0 - q * (1.0 / 1680.0 - q / 1188.0)))) / z
    };
    // ln G(large) - ln G(large + small)
    let ratio =
        small - small * sum.ln() - (large - 0.5) * (small / large).ln_1p() + correction(large) - correction(sum);
    libm::lgamma(small) + ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, relative: f64) {
        assert!((got - want).abs() <= relative * want.abs(), "{got:e} is not {want:e}");
    }

    // One and two degrees of freedom have closed forms; the others were computed with 40 digits.
    #[test]
    fn tails_keep_their_digits() {
        close(t_sf(1e8, 1.0), (1e-8_f64).atan() / PI, 1e-13);
        for t in [0.3, 2.0, 50.0, 1e5] {
            let two: f64 = 2.0 + t * t;
            close(t_two_sided(t, 2.0), 2.0 / (two.sqrt() * (two.sqrt() + t)), 1e-13);
        }
        close(normal_sf(10.0), 7.619853024160526e-24, 1e-13);
        close(normal_sf(1.96), 0.02499789514822043, 1e-14);
        close(t_sf(10.0, 1e15), 7.619853024160526e-24, 1e-11);
        close(t_two_sided(2.0, 7.0), 0.08561932856297607, 1e-14);
        close(t_two_sided(40.0, 499.0), 8.817210478091959e-158, 1e-12);
        close(t_two_sided(8.0, 46_000.0), 1.2730517850693713e-15, 1e-12);
        close(chi2_sf(60.0, 7.0), 1.5095553022989122e-10, 1e-13);
        close(chi2_sf(200.0, 2.0), (-100.0_f64).exp(), 1e-13);
        close(chi2_sf(3.841458820694124, 1.0), 0.05, 1e-13);
        close(f_sf(4.0, 2.0, 10.0), (1.0 + 8.0 / 10.0_f64).powi(-5), 1e-14);
    }

    #[test]
    fn f_with_one_restriction_is_t_squared() {
        for df in [3.0, 29.0, 284.0, 46_000.0] {
            for t in [1e-6, 0.5, 1.96, 8.0, 30.0] {
                close(f_sf(t * t, 1.0, df), t_two_sided(t, df), 1e-12);
            }
        }
    }

    #[test]
    fn random_numbers_have_the_digits_of_quantiles() {
        for exponent in 1..300 {
            let p = 0.5 * 10_f64.powf(-f64::from(exponent) / 20.0);
            for p in [p, 1.0 - p] {
                close(
                    normal_quantile_rational(p),
                    normal_quantile(p),
                    1e-15 + 1e-16 / p.min(1.0 - p).min((0.5 - p).abs()),
                );
            }
        }
        assert_eq!([0.0, 0.5, 1.0].map(normal_quantile_rational), [f64::NEG_INFINITY, 0.0, f64::INFINITY]);
        assert!(normal_quantile_rational(f64::NAN).is_nan());
    }

    #[test]
    fn quantiles_invert_tails() {
        close(normal_quantile(0.975), 1.959963984540054, 1e-15);
        close(t_quantile(0.975, 10.0), 2.228138851986275, 1e-13);
        close(t_quantile(0.975, 499.0), 1.964729390987689, 1e-13);
        close(chi2_quantile(0.95, 1.0), 3.841458820694124, 1e-12);
        close(f_quantile(0.95, 2.0, 10.0), 4.102821015130401, 1e-13);
        for p in [1e-12, 0.001, 0.3, 0.5, 0.77, 0.995] {
            // 1 - p has lost digits of a small p before the F quantile sees it.
            for df in [1.0, 4.5, 30.0, 1e4] {
                close(t_sf(-t_quantile(p, df), df), p, 1e-12);
                close(f_sf(f_quantile(1.0 - p, 3.0, df), 3.0, df), p, 2e-16 / p + 1e-12);
            }
            close(normal_sf(-normal_quantile(p)), p, 1e-14);
        }
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(t_quantile(1.0, 5.0), f64::INFINITY);
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        assert!(t_two_sided(f64::NAN, 3.0).is_nan());
        assert!(f_sf(1.0, 2.0, 0.0).is_nan());
        assert!(chi2_quantile(1.5, 2.0).is_nan());
    }
}
