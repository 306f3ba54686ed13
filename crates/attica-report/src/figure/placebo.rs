//! The placebo figure: where the true estimate lies among estimates of a policy that never was.

use attica::text::Text;

use super::canvas::Pen;
use super::frame::{Axes, Key, Legend, RightAxis, frame, range, ticks, ticks_within};
use super::look::Look;
use super::spec::{Figure, Placebo};
use crate::escape::clean;
use crate::format;

/// Points of the density curve.
const CURVE: usize = 200;

/// Draws the density of the placebo coefficients, their p-values as hollow circles on the right
/// axis, the true estimate as a vertical line and the level as a dashed one.
pub fn draw(figure: &Figure, placebo: &Placebo, look: Look) -> String {
    let draws: Vec<f64> = placebo.draws.iter().copied().filter(|b| b.is_finite()).collect();
    let scatter: Vec<(f64, f64)> = placebo
        .draws
        .iter()
        .copied()
        .zip(placebo.p_values.iter().copied())
        .filter(|(b, p)| b.is_finite() && (0.0..=1.0).contains(p))
        .collect();
    let x = range(draws.iter().copied().chain([placebo.estimate]), 0.1);
    let curve = density(&draws, x);
    let top = curve.iter().map(|point| point.1).fold(0.0, f64::max);
    let y = (0.0, if top > 0.0 { top * 1.08 } else { 1.0 });

    let right = RightAxis {
        range: (0.0, 1.08),
        ticks: ticks(0.0, 1.0, 5, 0.0),
        label: Text::new("p-value", "p 值").get(look.language).to_owned(),
    };
    let axes = Axes {
        x,
        y,
        x_ticks: ticks_within(look.plot(), x, 7, 0.0),
        y_ticks: if top > 0.0 { ticks(y.0, y.1, 5, 0.0) } else { Vec::new() },
        x_label: clean(figure.x_label.get(look.language)),
        y_label: clean(figure.y_label.get(look.language)),
        right: (!scatter.is_empty()).then_some(right),
        head: 0.0,
    };
    let legend = legend(!curve.is_empty(), &scatter, placebo, look);
    let mut frame = frame(look.height(legend.height()), &axes, &legend, look);
    let (x, y, right, canvas) = (frame.x, frame.y, frame.right, &mut frame.canvas);
    if let Some(right) = right {
        let level = right.at(placebo.level);
        if placebo.level > 0.0 && placebo.level < 1.0 {
            canvas.line((x.from, level), (x.to, level), Pen::Reference);
        }
        let centres: Vec<(f64, f64)> = scatter.iter().map(|&(b, p)| (x.at(b), right.at(p))).collect();
        canvas.circles(&centres, if centres.len() > 400 { 2.2 } else { 2.8 }, 1);
    }
    let line: Vec<(f64, f64)> = curve.iter().map(|&(b, d)| (x.at(b), y.at(d))).collect();
    canvas.polyline(&line, Pen::Series { index: 0, width: 2.0, dashed: false });
    if placebo.estimate.is_finite() {
        let at = x.at(placebo.estimate);
        canvas.line((at, y.from), (at, y.to), Pen::Series { index: 4, width: 2.0, dashed: false });
    }
    frame.canvas.finish(figure.alt.get(look.language))
}

fn legend(curve: bool, scatter: &[(f64, f64)], placebo: &Placebo, look: Look) -> Legend {
    let mut entries = Vec::new();
    if curve {
        let label = Text::new("Density of placebo estimates (left)", "安慰剂估计值的核密度（左轴）");
        entries.push((Key::Curve(0), label.get(look.language).to_owned()));
    }
    if !scatter.is_empty() {
        let label = Text::new("p-values (right)", "p 值（右轴）");
        entries.push((Key::Circle(1), label.get(look.language).to_owned()));
    }
    if placebo.estimate.is_finite() {
        let label = Text::new("True estimate", "真实估计值");
        entries.push((Key::Upright(4), label.get(look.language).to_owned()));
    }
    if !scatter.is_empty() && placebo.level > 0.0 && placebo.level < 1.0 {
        let decimals = if (placebo.level * 10.0).fract() == 0.0 { 1 } else { 2 };
        entries.push((Key::Reference, format!("p = {}", format::number(placebo.level, decimals))));
    }
    Legend::new(entries, look)
}

/// Gaussian kernel density on the range `x`, with Silverman's bandwidth (1986, eq. 3.31); empty
/// with fewer than two different draws.
fn density(draws: &[f64], x: (f64, f64)) -> Vec<(f64, f64)> {
    let n = draws.len() as f64;
    let mut sorted = draws.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    if high <= low {
        return Vec::new();
    }
    let mean = draws.iter().sum::<f64>() / n;
    let sd = (draws.iter().map(|b| (b - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let quantile = |q: f64| sorted[((n - 1.0) * q).round() as usize];
    let iqr = (quantile(0.75) - quantile(0.25)) / 1.34;
    let bandwidth = 0.9 * if iqr > 0.0 { sd.min(iqr) } else { sd } * n.powf(-0.2);
    let (from, to) = ((low - 3.0 * bandwidth).max(x.0), (high + 3.0 * bandwidth).min(x.1));
    let scale = 1.0 / (n * bandwidth * (2.0 * std::f64::consts::PI).sqrt());
    (0..=CURVE)
        .map(|i| {
            let at = from + (to - from) * i as f64 / CURVE as f64;
            let sum: f64 = draws.iter().map(|b| (-0.5 * ((at - b) / bandwidth).powi(2)).exp()).sum();
            (at, sum * scale)
        })
        .collect()
}
