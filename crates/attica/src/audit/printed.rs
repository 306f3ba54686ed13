//! Numbers as a paper prints them: the interval of values that are printed so.

use serde::{Deserialize, Serialize};

use super::interval::Interval;

/// A number with the decimals that stand on paper. `0.350` and `0.35` are different: the first says more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Printed {
    /// As it stands, without stars and brackets.
    pub text: String,
    /// The printed value.
    pub value: f64,
    /// Half a unit of the last printed digit.
    pub half: f64,
}

impl Printed {
    /// Reads a printed number: any minus sign, thousands separated by commas or spaces, a leading decimal point,
    /// powers of ten, a percent sign.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut digits = String::with_capacity(text.len());
        let (mut decimals, mut after_point, mut any) = (0_i32, false, false);
        let mut rest = text.chars().peekable();
        let mut power = 0_i32;
        let mut percent = false;
        while let Some(c) = rest.next() {
            match c {
                '-' | '\u{2212}' | '\u{2013}' if digits.is_empty() => digits.push('-'),
                '+' if digits.is_empty() => {}
                '0'..='9' if !percent => {
                    digits.push(c);
                    any = true;
                    decimals += i32::from(after_point);
                }
                '.' if !after_point => {
                    digits.push('.');
                    after_point = true;
                }
                ',' | ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' if any && !after_point => {
                    // A separator of thousands stands before three digits.
                    let group: String = rest.clone().take(4).collect();
                    let three = group.chars().take(3).filter(char::is_ascii_digit).count() == 3;
                    let more = group.chars().nth(3).is_some_and(|c| c.is_ascii_digit());
                    if group.trim_start().starts_with('%') {
                        continue;
                    }
                    if !three || more {
                        return None;
                    }
                }
                ' ' if rest.clone().all(|c| c == '%' || c == ' ') => {}
                'e' | 'E' if any => {
                    let exponent: String = rest.by_ref().collect();
                    power = exponent.replace('\u{2212}', "-").parse().ok().filter(|p: &i32| p.abs() < 300)?;
                }
                '%' | '\u{ff05}' if any && !percent => percent = true,
                _ => return None,
            }
        }
        let shift = power - if percent { 2 } else { 0 };
        let value: f64 = format!("{digits}e{shift}").parse().ok().filter(|_| any)?;
        let half = 0.5 * 10_f64.powi(shift - decimals);
        (value.is_finite() && half > 0.0).then(|| Self { text: text.to_owned(), value, half })
    }

    /// All values that are printed so; ties go both ways.
    pub fn interval(&self) -> Interval {
        Interval::new(self.value - self.half, self.value + self.half)
    }

    /// The printed value as a whole number, when it is one.
    pub fn count(&self) -> Option<u64> {
        let whole = self.value >= 0.0 && self.value.fract() == 0.0 && self.value < 9e15;
        whole.then_some(self.value as u64)
    }
}

/// A number with about `figures` significant digits, without an exponent; for messages.
pub fn show(x: f64, figures: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x == 0.0 { "0".to_owned() } else { "∞".to_owned() };
    }
    let decimals = (figures - 1 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{x:.decimals$}").replacen('-', "\u{2212}", 1)
}

/// A number with at most two decimals, for messages.
pub fn decimal(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').replacen('-', "\u{2212}", 1)
}

/// A number with at most `figures` significant digits and no zeros at its end.
pub fn trimmed(x: f64, figures: i32) -> String {
    let text = show(x, figures);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// An interval as `[low, high]`, for messages.
pub fn show_interval(interval: Interval, figures: i32) -> String {
    let (low, high) = (show(interval.low, figures), show(interval.high, figures));
    if low == high { low } else { format!("[{low}, {high}]") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn decimals_are_those_on_paper() {
        let read = |text: &str| Printed::parse(text).map(|p| (p.value, p.half));
        for (text, value, half) in [
            ("0.350", 0.35, 5e-4),
            (".35", 0.35, 5e-3),
            ("\u{2212}0.006", -0.006, 5e-4),
            ("3,135", 3135.0, 0.5),
            ("3\u{202f}135", 3135.0, 0.5),
            ("1,234,567.50", 1_234_567.5, 5e-3),
            ("1.20e-05", 1.2e-5, 5e-8),
            ("14.4%", 0.144, 5e-4),
            ("14.4 %", 0.144, 5e-4),
            ("10", 10.0, 0.5),
        ] {
            let (v, h) = read(text).unwrap();
            assert!((v - value).abs() <= 1e-15 * value.abs() && (h / half - 1.0).abs() < 1e-12, "{text}: {v} {h}");
        }
        for text in ["", "-", ".", "a", "1.2.3", "1,23", "0.006***", "1 2", "2009-2019", "%", "1e999", "1,2345"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
