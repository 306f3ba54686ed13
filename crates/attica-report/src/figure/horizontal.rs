//! Rows from top to bottom with a label each: coefficients with intervals, dots of several series, and bars.

use super::canvas::{Anchor, Canvas, NORMAL, Pen, SMALL};
use super::frame::{Key, Legend, Scale, Tick, range, ticks_within, x_title};
use super::look::Look;
use super::spec::{Bars, Dots, Figure, Forest};
use super::type_setting::{fit, two_lines, width};
use crate::escape::clean;
use crate::format;

const EDGE: f64 = 10.0;
/// Labels take this share of the width at most.
const LABELS: f64 = 0.44;

/// Where rows and axis lie.
struct Layout {
    canvas: Canvas,
    x: Scale,
    /// Middle of each row.
    rows: Vec<f64>,
    /// Distance between rows.
    pitch: f64,
    /// Top and bottom of the plot.
    top: f64,
    bottom: f64,
}

/// A line of the picture: a row's label, or a group's heading.
enum Line {
    Row(String),
    Group(String),
}

/// Lays out and draws labels and axis. Many rows stand closer; beyond a hundred they lose their
/// labels, which a table holds better. `beside` is room left and right of the range, for numbers.
fn layout(
    figure: &Figure,
    lines: &[Line],
    domain: (f64, f64),
    beside: (f64, f64),
    legend: &Legend,
    look: Look,
) -> Layout {
    let page = look.width.pixels();
    let room = page * LABELS;
    let wide = |line: &Line| matches!(line, Line::Row(label) if width(label, SMALL) > room - 10.0);
    let spacious = lines.len() <= 26;
    let pitch = match lines.len() {
        // Room for labels of two lines.
        0..=26 if lines.iter().any(wide) => 28.0,
        0..=26 => 23.0,
        27..=100 => 600.0 / lines.len() as f64,
        n => (700.0 / n as f64).max(2.0),
    };
    let size = (pitch * 0.78).clamp(4.0, SMALL);
    let labelled = lines.len() <= 100;
    let widest = lines
        .iter()
        .map(|line| match line {
            Line::Row(label) => width(label, size) + 10.0,
            Line::Group(label) => width(label, size) - 60.0,
        })
        .fold(0.0, f64::max);
    let left = EDGE + if labelled { widest.min(room) + 8.0 } else { 0.0 };
    let right = page - EDGE - 6.0 - beside.1;
    let title = clean(figure.x_label.get(look.language));
    let below = SMALL + 12.0 + if title.is_empty() { 0.0 } else { NORMAL + 8.0 };
    let top = EDGE + legend.height();
    let bottom = top + pitch * lines.len().max(1) as f64 + 6.0;
    let mut canvas = Canvas::new(page, bottom + below + EDGE);
    legend.draw(&mut canvas, EDGE - 4.0);
    let x = Scale { low: domain.0, high: domain.1, from: left + beside.0, to: right };

    let marks: Vec<Tick> = ticks_within(x.to - x.from, domain, 6, 0.0);
    for tick in &marks {
        canvas.line((x.at(tick.value), top), (x.at(tick.value), bottom), Pen::Grid);
    }
    if domain.0 <= 0.0 && domain.1 >= 0.0 {
        canvas.line((x.at(0.0), top), (x.at(0.0), bottom), Pen::Zero);
    }
    for tick in &marks {
        canvas.line((x.at(tick.value), bottom), (x.at(tick.value), bottom + 4.0), Pen::Axis);
        canvas.text((x.at(tick.value), bottom + 8.0 + SMALL), SMALL, Anchor::Middle, &tick.label);
    }
    canvas.line((left, bottom), (right, bottom), Pen::Axis);
    x_title(&mut canvas, (left, right), &title);

    let mut rows = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let middle = top + 3.0 + (i as f64 + 0.5) * pitch;
        match line {
            Line::Row(label) => {
                rows.push(middle);
                if labelled {
                    let room = room - 10.0;
                    let label = if spacious { two_lines(label, size, room) } else { vec![fit(label, size, room)] };
                    canvas.label((left - 8.0, middle), size, &label);
                }
            }
            Line::Group(label) => {
                if labelled {
                    let label = fit(label, size, room + 40.0);
                    canvas.strong((EDGE, middle + size * 0.36), size, &label);
                }
            }
        }
    }
    Layout { canvas, x, rows, pitch, top, bottom }
}

/// Draws coefficients with their intervals; rows without a finite estimate keep their label.
pub fn forest(figure: &Figure, forest: &Forest, look: Look) -> String {
    let mut lines = Vec::new();
    let mut group = None;
    for row in &forest.rows {
        if let Some(name) = row.group.as_ref().filter(|&name| group != Some(name)) {
            lines.push(Line::Group(clean(name.get(look.language))));
        }
        group = row.group.as_ref();
        lines.push(Line::Row(clean(row.label.get(look.language))));
    }
    let values = forest.rows.iter().flat_map(|row| {
        let (low, high) = row.interval.unwrap_or((row.estimate, row.estimate));
        [row.estimate, low, high]
    });
    let domain = range(values.chain([0.0]).chain(forest.baseline), 0.05);
    let Layout { mut canvas, x, rows, pitch, top, bottom } =
        layout(figure, &lines, domain, (0.0, 0.0), &Legend::new(Vec::new(), look), look);
    if let Some(baseline) = forest.baseline.filter(|value| value.is_finite()) {
        canvas.line((x.at(baseline), top), (x.at(baseline), bottom), Pen::Reference);
    }
    let cap = (pitch * 0.17).min(3.5);
    let size = (pitch * 0.4).clamp(2.5, 7.5);
    for (row, &y) in forest.rows.iter().zip(&rows) {
        if let Some((low, high)) = row.interval.filter(|(low, high)| !low.is_nan() && !high.is_nan()) {
            let pen = Pen::Series { index: 0, width: (pitch * 0.07).clamp(0.6, 1.4), dashed: false };
            let place = |end: f64| x.at(end.clamp(domain.0, domain.1));
            canvas.line((place(low), y), (place(high), y), pen);
            for (end, inwards) in [(low, cap), (high, -cap)] {
                if end.is_finite() {
                    canvas.line((x.at(end), y - cap), (x.at(end), y + cap), pen);
                } else {
                    // An open end is an arrow at the edge.
                    for side in [-cap, cap] {
                        canvas.line((place(end), y), (place(end) + 1.5 * inwards, y + side), pen);
                    }
                }
            }
        }
        if row.estimate.is_finite() {
            canvas.marker((x.at(row.estimate), y), size, 0, !row.main);
        }
    }
    canvas.finish(figure.alt.get(look.language))
}

/// Draws a marker for each series in each row, the first series hollow; series of one row stand a little apart.
pub fn dots(figure: &Figure, dots: &Dots, look: Look) -> String {
    let lines: Vec<Line> = dots.rows.iter().map(|label| Line::Row(clean(label.get(look.language)))).collect();
    let finite = |value: &f64| value.is_finite();
    let bounds = || dots.bounds.iter().copied().filter(finite);
    let values = dots.series.iter().flat_map(|series| series.values.iter().flatten().copied());
    let domain = range(values.chain([0.0]).chain(bounds()), 0.05);
    let marker = |index: usize| Key::Marker { index, hollow: index == 0, bar: false };
    let named = dots.series.iter().enumerate();
    let mut entries: Vec<(Key, String)> =
        named.map(|(index, series)| (marker(index), series.label.get(look.language).to_owned())).collect();
    if bounds().next().is_some() && *dots.bounds_label.get(look.language) != *"" {
        entries.push((Key::Reference, dots.bounds_label.get(look.language).to_owned()));
    }
    let legend = Legend::new(entries, look);
    let Layout { mut canvas, x, rows, pitch, top, bottom } = layout(figure, &lines, domain, (0.0, 0.0), &legend, look);
    for at in bounds() {
        canvas.line((x.at(at), top), (x.at(at), bottom), Pen::Reference);
    }
    let size = (pitch * 0.36).clamp(2.5, 7.5);
    let apart = (pitch * 0.16).min(4.0);
    for (index, series) in dots.series.iter().enumerate() {
        let shift = (index as f64 - (dots.series.len() - 1) as f64 / 2.0) * apart;
        for (value, &y) in series.values.iter().zip(&rows) {
            if let Some(value) = value.filter(finite) {
                canvas.marker((x.at(value), y + shift), size, index, index == 0);
            }
        }
    }
    canvas.finish(figure.alt.get(look.language))
}

/// Draws bars from zero, with the value at their end.
pub fn bars(figure: &Figure, bars: &Bars, look: Look) -> String {
    let lines: Vec<Line> = bars.rows.iter().map(|(label, _)| Line::Row(clean(label.get(look.language)))).collect();
    let values = || bars.rows.iter().map(|row| row.1).filter(|value| value.is_finite());
    let (low, high) = range(values().chain([0.0]), 0.0);
    let numbers: Vec<String> = bars.rows.iter().map(|row| format::number(row.1, bars.decimals)).collect();
    let widest = numbers.iter().map(|number| width(number, SMALL)).fold(0.0, f64::max) + 8.0;
    // A negative bar has its number on the left.
    let beside = (if low < 0.0 { widest } else { 0.0 }, widest);
    let Layout { mut canvas, x, rows, pitch, .. } =
        layout(figure, &lines, (low, high), beside, &Legend::new(Vec::new(), look), look);
    let size = (pitch * 0.78).clamp(4.0, SMALL);
    for ((&(_, value), number), &y) in bars.rows.iter().zip(&numbers).zip(&rows) {
        if !value.is_finite() {
            continue;
        }
        let (from, to) = (x.at(value.min(0.0)), x.at(value.max(0.0)));
        canvas.bar(from, y - pitch * 0.32, to - from, pitch * 0.64, 0);
        let (place, anchor) = if value < 0.0 { (from - 5.0, Anchor::End) } else { (to + 5.0, Anchor::Start) };
        if rows.len() <= 100 {
            canvas.text((place, y + size * 0.36), size, anchor, number);
        }
    }
    canvas.finish(figure.alt.get(look.language))
}
