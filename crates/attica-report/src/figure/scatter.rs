//! Points of several kinds on two axes of numbers.

use super::canvas::Pen;
use super::frame::{Axes, Key, Legend, frame, range, ticks, ticks_within};
use super::look::Look;
use super::spec::{Figure, Scatter};
use crate::escape::clean;

/// Draws each kind with its own marker, the zero line, and the dashed line of the whole; points without finite numbers are left out.
pub fn draw(figure: &Figure, scatter: &Scatter, look: Look) -> String {
    let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
    let points = || scatter.series.iter().flat_map(|series| series.points.iter().filter(finite));
    let line = scatter.baseline.as_ref().filter(|(at, _)| at.is_finite());
    let x = range(points().map(|point| point.0).chain([0.0]), 0.05);
    let y = range(points().map(|point| point.1).chain([0.0]).chain(line.map(|(at, _)| *at)), 0.08);
    let axes = Axes {
        x,
        y,
        x_ticks: ticks_within(look.plot(), x, 7, 0.0),
        y_ticks: ticks(y.0, y.1, 6, 0.0),
        x_label: clean(figure.x_label.get(look.language)),
        y_label: clean(figure.y_label.get(look.language)),
        right: None,
        head: 0.0,
    };
    let marker = |index| Key::Marker { index, hollow: true, bar: false };
    let mut entries: Vec<(Key, String)> = scatter
        .series
        .iter()
        .enumerate()
        .map(|(index, series)| (marker(index), series.label.get(look.language).to_owned()))
        .collect();
    entries.extend(line.map(|(_, label)| (Key::Reference, label.get(look.language).to_owned())));
    let legend = Legend::new(entries, look);
    let mut frame = frame(look.height(legend.height()), &axes, &legend, look);
    let (x, y, canvas) = (frame.x, frame.y, &mut frame.canvas);
    canvas.line((x.from, y.at(0.0)), (x.to, y.at(0.0)), Pen::Zero);
    if let Some((at, _)) = line {
        canvas.line((x.from, y.at(*at)), (x.to, y.at(*at)), Pen::Reference);
    }
    for (index, series) in scatter.series.iter().enumerate() {
        for &(px, py) in series.points.iter().filter(finite) {
            canvas.marker((x.at(px), y.at(py)), 8.0, index, true);
        }
    }
    frame.canvas.finish(figure.alt.get(look.language))
}
