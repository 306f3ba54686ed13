//! The specification curve: estimates with intervals above, the matrix of choices below.

use super::canvas::{Anchor, Canvas, LEADING, NORMAL, Pen, SMALL};
use super::frame::{Scale, range, ticks, x_title};
use super::look::Look;
use super::spec::{Curve, Figure};
use super::type_setting::{fit, two_lines, width};
use crate::escape::clean;

const EDGE: f64 = 10.0;
/// Height of the estimates, and of a row of the matrix.
const PLOT: f64 = 220.0;
const ROW: f64 = 16.0;
/// Labels take this share of the width at most.
const LABELS: f64 = 0.36;

/// Draws the curve; points without finite numbers keep their place.
pub fn draw(figure: &Figure, curve: &Curve, look: Look) -> String {
    let values = curve.points.iter().flat_map(|p| [p.estimate, p.interval.0, p.interval.1]);
    let domain = range(values.chain([0.0]), 0.05);
    let marks = ticks(domain.0, domain.1, 6, 0.0);
    let labels: Vec<String> = curve.choices.iter().map(|(_, label)| clean(label.get(look.language))).collect();
    let size = SMALL - 1.0;
    let page = look.width.pixels();
    let room = labels.iter().map(|label| width(label, size)).fold(60.0, f64::max).min(page * LABELS);
    let labels: Vec<Vec<String>> = labels.iter().map(|label| two_lines(label, size, room)).collect();
    let row = |lines: &Vec<String>| ROW + LEADING * size * (lines.len() - 1) as f64;
    let (left, right) = (EDGE + room + 8.0, page - EDGE - 4.0);
    let (top, bottom) = (EDGE, EDGE + PLOT);
    let dimensions =
        curve.choices.iter().enumerate().filter(|(i, choice)| *i == 0 || curve.choices[i - 1].0 != choice.0);
    let height =
        bottom + 12.0 + dimensions.count() as f64 * ROW + labels.iter().map(row).sum::<f64>() + NORMAL + 8.0 + EDGE;
    let mut canvas = Canvas::new(page, height);
    let y = Scale { low: domain.0, high: domain.1, from: bottom, to: top };
    for tick in &marks {
        let at = y.at(tick.value);
        canvas.line((left, at), (right, at), Pen::Grid);
        canvas.text((left - 6.0, at + 4.0), SMALL, Anchor::End, &tick.label);
    }
    if domain.0 <= 0.0 && domain.1 >= 0.0 {
        canvas.line((left, y.at(0.0)), (right, y.at(0.0)), Pen::Zero);
    }
    canvas.line((left, top), (left, bottom), Pen::Axis);
    let label = fit(&clean(figure.y_label.get(look.language)), NORMAL, PLOT);
    let numbers = marks.iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    canvas.upright((left - 6.0 - numbers - 10.0, f64::midpoint(top, bottom)), NORMAL, &label);

    let pitch = (right - left) / curve.points.len().max(1) as f64;
    let x = |i: usize| left + (i as f64 + 0.5) * pitch;
    let cap = if pitch >= 7.0 { (pitch * 0.25).min(3.5) } else { 0.0 };
    if let Some(main) = curve.points.iter().find(|point| point.main && point.estimate.is_finite()) {
        canvas.line((left, y.at(main.estimate)), (right, y.at(main.estimate)), Pen::Reference);
    }
    for (i, point) in curve.points.iter().enumerate() {
        let (low, high) = point.interval;
        if low.is_finite() && high.is_finite() {
            let pen = Pen::Series { index: 0, width: (pitch * 0.2).clamp(0.5, 1.4), dashed: false };
            canvas.line((x(i), y.at(low)), (x(i), y.at(high)), pen);
            for end in [low, high].into_iter().filter(|_| cap > 0.0) {
                canvas.line((x(i) - cap, y.at(end)), (x(i) + cap, y.at(end)), pen);
            }
        }
        if point.estimate.is_finite() {
            let size = if point.main { 9.0 } else { (pitch * 0.6).clamp(2.4, 5.5) };
            canvas.marker((x(i), y.at(point.estimate)), size, usize::from(point.main), false);
        }
    }

    let mut line = bottom + 12.0;
    for (i, (dimension, _)) in curve.choices.iter().enumerate() {
        if i == 0 || curve.choices[i - 1].0 != *dimension {
            let heading = fit(&clean(dimension.get(look.language)), size, page - 2.0 * EDGE);
            canvas.strong((EDGE, line + ROW * 0.5 + size * 0.36), size, &heading);
            line += ROW;
        }
        let middle = line + row(&labels[i]) * 0.5;
        canvas.line((left, middle), (right, middle), Pen::Grid);
        canvas.label((left - 6.0, middle), size, &labels[i]);
        let (wide, high) = ((pitch * 0.7).clamp(1.0, 6.0), ROW * 0.5);
        for (k, point) in curve.points.iter().enumerate().filter(|(_, point)| point.choices.contains(&i)) {
            canvas.bar(x(k) - wide / 2.0, middle - high / 2.0, wide, high, usize::from(point.main));
        }
        line += row(&labels[i]);
    }
    x_title(&mut canvas, (left, right), &clean(figure.x_label.get(look.language)));
    canvas.finish(figure.alt.get(look.language))
}
