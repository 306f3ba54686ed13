//! The frame of a figure: legend above, axes around, room in the middle. Everything that takes
//! room is measured before anything is drawn, so that nothing overlaps.

use super::canvas::{Anchor, Canvas, NORMAL, Pen, SMALL};
use super::look::Look;
use super::type_setting::{fit, width};
use crate::format;

/// From data to paper.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
}

impl Scale {
    /// Where `value` lies.
    pub fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

/// The range of `values` with `share` of its length added at both ends; never empty.
pub fn range(values: impl Iterator<Item = f64>, share: f64) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        return (-1.0, 1.0);
    }
    let length = high - low;
    // A range that vanishes beside its values has no ticks to tell apart.
    let length = if length > 1e-9 * high.abs().max(low.abs()) { length } else { high.abs().max(1e-6) };
    (low - share * length, high + share * length)
}

/// A number on an axis.
#[derive(Clone, Debug)]
pub struct Tick {
    pub value: f64,
    pub label: String,
}

/// About `target` round numbers between `low` and `high`, at least `least` apart.
pub fn ticks(low: f64, high: f64, target: usize, least: f64) -> Vec<Tick> {
    let rough = ((high - low) / target.max(1) as f64).max(least);
    let mut exponent = rough.log10().floor() as i32;
    let lead = rough / 10_f64.powi(exponent);
    let lead = match lead {
        // The nearest of 1, 2, 5 and 10 in ratio.
        l if l < 2_f64.sqrt() => 1.0,
        l if l < 10_f64.sqrt() => 2.0,
        l if l < 50_f64.sqrt() => 5.0,
        _ => {
            exponent += 1;
            1.0
        }
    };
    let step = lead * 10_f64.powi(exponent);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last)
        .map(|k| {
            let value = k as f64 * step;
            Tick { value, label: tick_label(value, low.abs().max(high.abs()), exponent) }
        })
        .collect()
}

/// As [`ticks`] for a horizontal axis of `room` pixels: fewer where their labels would run into each other.
pub fn ticks_within(room: f64, (low, high): (f64, f64), target: usize, least: f64) -> Vec<Tick> {
    let fits = |found: &Vec<Tick>| match found.as_slice() {
        [first, second, ..] => {
            let widest = found.iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
            (second.value - first.value) / (high - low) * room >= widest + 8.0
        }
        _ => true,
    };
    (1..=target).rev().map(|target| ticks(low, high, target, least)).find(fits).unwrap_or_default()
}

/// As many decimals as the step has; powers of ten where a number would be too long.
fn tick_label(value: f64, largest: f64, exponent: i32) -> String {
    if value != 0.0 && (exponent < -5 || largest >= 1e7) {
        return format!("{value:.1e}").replace(".0e", "e").replace('-', &format::MINUS.to_string());
    }
    if largest >= 1e4 {
        let digits = format::count(value.abs().round() as u64, format::Style::Aer);
        return if value < 0.0 { format!("{}{digits}", format::MINUS) } else { digits };
    }
    format::number(value, (-exponent).max(0) as usize)
}

/// A symbol in the legend.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    /// Marker of a series, hollow or not, with or without its interval.
    Marker { index: usize, hollow: bool, bar: bool },
    /// Line of a series, with or without a marker.
    Line { index: usize, marker: bool },
    /// Shade of a series.
    Shade(usize),
    /// A solid curve of a series.
    Curve(usize),
    /// The small hollow circles of a scatter.
    Circle(usize),
    /// A vertical line of a series.
    Upright(usize),
    /// A thin vertical line of a series.
    Thin(usize),
    /// A faint line behind the marks.
    Faint,
    /// The dashed reference line.
    Reference,
}

impl Key {
    fn width(self) -> f64 {
        match self {
            Self::Marker { .. } | Self::Upright(_) | Self::Thin(_) => 14.0,
            Self::Line { .. } | Self::Shade(_) | Self::Curve(_) | Self::Circle(_) | Self::Faint | Self::Reference => {
                26.0
            }
        }
    }
}

const LEGEND_ROW: f64 = 20.0;
const EDGE: f64 = 10.0;

/// A legend, laid out in rows.
pub struct Legend {
    rows: Vec<Vec<(Key, String, f64)>>,
}

impl Legend {
    pub fn new(entries: Vec<(Key, String)>, look: Look) -> Self {
        let room = look.width.pixels() - 2.0 * EDGE;
        let mut rows: Vec<Vec<(Key, String, f64)>> = Vec::new();
        let mut used = f64::INFINITY;
        for (key, label) in entries {
            let label = fit(&crate::escape::clean(&label), SMALL, room - key.width() - 6.0);
            let size = key.width() + 6.0 + width(&label, SMALL) + 18.0;
            if used + size > room + 18.0 {
                rows.push(Vec::new());
                used = 0.0;
            }
            used += size;
            if let Some(row) = rows.last_mut() {
                row.push((key, label, size));
            }
        }
        Self { rows }
    }

    pub fn height(&self) -> f64 {
        if self.rows.is_empty() { 0.0 } else { self.rows.len() as f64 * LEGEND_ROW + 6.0 }
    }

    pub fn draw(&self, canvas: &mut Canvas, top: f64) {
        for (i, row) in self.rows.iter().enumerate() {
            let length: f64 = row.iter().map(|(_, _, size)| size).sum::<f64>() - 18.0;
            let mut x = (canvas.width - length) / 2.0;
            let y = top + (i as f64 + 0.5) * LEGEND_ROW;
            for (key, label, size) in row {
                draw_key(canvas, *key, x, y);
                canvas.text((x + key.width() + 6.0, y + 4.3), SMALL, Anchor::Start, label);
                x += size;
            }
        }
    }
}

fn draw_key(canvas: &mut Canvas, key: Key, x: f64, y: f64) {
    let end = x + key.width();
    let middle = f64::midpoint(x, end);
    match key {
        Key::Marker { index, hollow, bar } => {
            if bar {
                interval(canvas, middle, y - 8.0, y + 8.0, 3.5, index);
            }
            canvas.marker((middle, y), 7.5, index, hollow);
        }
        Key::Line { index, marker } => {
            canvas.line((x, y), (end, y), Pen::Series { index, width: 1.8, dashed: true });
            if marker {
                canvas.marker((middle, y), 6.5, index, false);
            }
        }
        Key::Shade(index) => {
            canvas.shade(&[(x + 2.0, y - 6.0), (end - 2.0, y - 6.0), (end - 2.0, y + 6.0), (x + 2.0, y + 6.0)], index);
        }
        Key::Curve(index) => canvas.line((x, y), (end, y), Pen::Series { index, width: 2.0, dashed: false }),
        Key::Circle(index) => {
            canvas.circles(&[(middle - 7.0, y + 2.0), (middle, y - 2.0), (middle + 7.0, y + 1.0)], 2.8, index);
        }
        Key::Upright(index) => {
            canvas.line((middle, y - 8.0), (middle, y + 8.0), Pen::Series { index, width: 2.0, dashed: false });
        }
        Key::Thin(index) => {
            canvas.line((middle, y - 8.0), (middle, y + 8.0), Pen::Series { index, width: 0.7, dashed: false });
        }
        Key::Faint => canvas.line((x, y), (end, y), Pen::Faint),
        Key::Reference => canvas.line((x, y), (end, y), Pen::Reference),
    }
}

/// A vertical interval, with caps of some width.
pub fn interval(canvas: &mut Canvas, x: f64, low: f64, high: f64, cap: f64, index: usize) {
    let pen = Pen::Series { index, width: 1.4, dashed: false };
    canvas.line((x, low), (x, high), pen);
    if cap <= 0.0 {
        return;
    }
    canvas.line((x - cap, low), (x + cap, low), pen);
    canvas.line((x - cap, high), (x + cap, high), pen);
}

/// Writes the name of a horizontal axis at the foot of the picture, below the middle of the plot unless it would leave the picture there.
pub fn x_title(canvas: &mut Canvas, (left, right): (f64, f64), label: &str) {
    let label = fit(label, NORMAL, canvas.width - 2.0 * EDGE);
    let half = width(&label, NORMAL) / 2.0;
    let centre = f64::midpoint(left, right).min(canvas.width - EDGE - half).max(EDGE + half);
    canvas.text((centre, canvas.height - EDGE), NORMAL, Anchor::Middle, &label);
}

/// What stands around the plot.
pub struct Axes {
    pub x: (f64, f64),
    pub y: (f64, f64),
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    pub x_label: String,
    pub y_label: String,
    /// A second vertical axis on the right.
    pub right: Option<RightAxis>,
    /// Room above the plot for labels of vertical lines.
    pub head: f64,
}

/// A second vertical axis.
pub struct RightAxis {
    pub range: (f64, f64),
    pub ticks: Vec<Tick>,
    pub label: String,
}

/// A canvas with legend and axes drawn.
pub struct Frame {
    pub canvas: Canvas,
    pub x: Scale,
    pub y: Scale,
    pub right: Option<Scale>,
}

/// Draws legend and axes and leaves the plot to the caller. `height` is the whole picture's.
pub fn frame(height: f64, axes: &Axes, legend: &Legend, look: Look) -> Frame {
    let mut canvas = Canvas::new(look.width.pixels(), height);
    let widest = |ticks: &[Tick]| ticks.iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    let title = |label: &str| if label.is_empty() { 0.0 } else { NORMAL + 8.0 };
    let left = EDGE + title(&axes.y_label) + widest(&axes.y_ticks) + 9.0;
    let right_room = axes.right.as_ref().map_or(6.0, |axis| title(&axis.label) + widest(&axis.ticks) + 9.0);
    let right = canvas.width - EDGE - right_room;
    let top = EDGE + legend.height() + axes.head;
    let bottom = height - EDGE - title(&axes.x_label) - SMALL - 9.0;

    let x = Scale { low: axes.x.0, high: axes.x.1, from: left, to: right };
    let y = Scale { low: axes.y.0, high: axes.y.1, from: bottom, to: top };
    legend.draw(&mut canvas, EDGE - 4.0);

    for tick in &axes.y_ticks {
        let at = y.at(tick.value);
        canvas.line((left, at), (right, at), Pen::Grid);
        canvas.line((left - 4.0, at), (left, at), Pen::Axis);
        canvas.text((left - 7.0, at + 4.3), SMALL, Anchor::End, &tick.label);
    }
    for tick in &axes.x_ticks {
        let at = x.at(tick.value);
        canvas.line((at, bottom), (at, bottom + 4.0), Pen::Axis);
        if !tick.label.is_empty() {
            canvas.text((at, bottom + 8.0 + SMALL), SMALL, Anchor::Middle, &tick.label);
        }
    }
    canvas.line((left, top), (left, bottom), Pen::Axis);
    canvas.line((left, bottom), (right, bottom), Pen::Axis);
    let middle = f64::midpoint(top, bottom);
    canvas.upright((EDGE + NORMAL - 2.0, middle), NORMAL, &fit(&axes.y_label, NORMAL, height - 2.0 * EDGE));
    x_title(&mut canvas, (left, right), &axes.x_label);

    let right = axes.right.as_ref().map(|axis| {
        let scale = Scale { low: axis.range.0, high: axis.range.1, from: bottom, to: top };
        canvas.line((right, top), (right, bottom), Pen::Axis);
        for tick in &axis.ticks {
            let at = scale.at(tick.value);
            canvas.line((right, at), (right + 4.0, at), Pen::Axis);
            canvas.text((right + 7.0, at + 4.3), SMALL, Anchor::Start, &tick.label);
        }
        canvas.upright((canvas.width - EDGE, middle), NORMAL, &fit(&axis.label, NORMAL, height - 2.0 * EDGE));
        scale
    });
    Frame { canvas, x, y, right }
}
