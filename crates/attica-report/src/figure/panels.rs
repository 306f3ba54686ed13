//! Event studies of many estimators: one small panel each on common axes, the others faint behind it.

use attica::text::Text;

use super::canvas::{Anchor, Canvas, NORMAL, Pen, SMALL};
use super::frame::{Key, Legend, Scale, interval, range, ticks, x_title};
use super::look::Look;
use super::over_time::{drawable, event_ticks, runs};
use super::spec::{EventPoint, EventStudy, Figure};
use super::type_setting::{fit, width};
use crate::escape::clean;

const EDGE: f64 = 10.0;
/// Height of a panel's plot, and of the line with its name above.
const PLOT: f64 = 112.0;
const NAME: f64 = 24.0;
/// All panels of a column are no higher, so that they fit on a page.
const HIGHEST: f64 = 680.0;
const GAP: f64 = 22.0;
/// Size of a panel's name.
const TITLE: f64 = 11.0;

/// Draws one panel per series.
pub fn draw(figure: &Figure, study: &EventStudy, look: Look) -> String {
    let series: Vec<Vec<EventPoint>> = study.series.iter().map(|series| drawable(&series.points)).collect();
    let points = || series.iter().flatten();
    let first = points().map(|p| p.event_time).min().unwrap_or(-1);
    let last = points().map(|p| p.event_time).max().unwrap_or(1);
    let (low, high) = range(points().flat_map(values), 0.04);
    let binned: Vec<i64> = points().filter(|p| p.binned).map(|p| p.event_time).collect();

    let legend = legend(&series, look);
    let columns = look.columns();
    let rows = series.len().div_ceil(columns).max(1);
    let plot = PLOT.min(HIGHEST / rows as f64 - NAME).max(NAME);
    let y_ticks = ticks(low, high, (plot / 25.0) as usize, 0.0);
    let widest = y_ticks.iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    let left = EDGE + NORMAL + 8.0 + widest + 9.0;
    let page = look.width.pixels();
    let panel = (page - EDGE - left - GAP * (columns - 1) as f64) / columns as f64;
    let top = EDGE + legend.height();
    let bottom = top + rows as f64 * (NAME + plot);
    let mut canvas = Canvas::new(page, bottom + SMALL + NORMAL + 26.0);
    legend.draw(&mut canvas, EDGE - 4.0);

    for (j, own) in series.iter().enumerate() {
        let (row, column) = (j / columns, j % columns);
        let from = left + column as f64 * (panel + GAP);
        let ceiling = top + row as f64 * (NAME + plot) + NAME;
        let x = Scale { low: first as f64 - 0.6, high: last as f64 + 0.6, from, to: from + panel };
        let y = Scale { low, high, from: ceiling + plot, to: ceiling };
        for tick in &y_ticks {
            let at = y.at(tick.value);
            canvas.line((x.from, at), (x.to, at), Pen::Grid);
            if column == 0 {
                canvas.text((x.from - 7.0, at + 4.3), SMALL, Anchor::End, &tick.label);
            }
        }
        canvas.line((x.from, y.at(0.0)), (x.to, y.at(0.0)), Pen::Zero);
        if let Some(adoption) = study.adoption.filter(|at| *at > x.low && *at < x.high) {
            canvas.line((x.at(adoption), y.to), (x.at(adoption), y.from), Pen::Reference);
        }
        for (_, other) in series.iter().enumerate().filter(|(i, _)| *i != j) {
            for run in runs(other) {
                let line: Vec<_> = run.iter().map(|p| (x.at(p.event_time as f64), y.at(p.estimate))).collect();
                canvas.polyline(&line, Pen::Faint);
            }
        }
        one(&mut canvas, own, j, x, y);
        canvas.line((x.from, y.from), (x.to, y.from), Pen::Axis);
        // The last panel of each column has the numbers below it.
        let has_numbers = j + columns >= series.len();
        for tick in event_ticks(first, last, &binned, panel) {
            let at = x.at(tick.value);
            canvas.line((at, y.from), (at, y.from + 3.0), Pen::Axis);
            if has_numbers && !tick.label.is_empty() {
                canvas.text((at, y.from + 6.0 + SMALL), SMALL, Anchor::Middle, &tick.label);
            }
        }
        canvas.marker((x.from + 6.0, ceiling - 10.0), 7.5, j, false);
        let name = clean(study.series[j].label.get(look.language));
        canvas.text((x.from + 16.0, ceiling - 6.0), TITLE, Anchor::Start, &fit(&name, TITLE, panel - 16.0));
    }
    let middle = f64::midpoint(top, bottom);
    let room = bottom - top;
    let (x_label, y_label) = (clean(figure.x_label.get(look.language)), clean(figure.y_label.get(look.language)));
    canvas.upright((EDGE + NORMAL - 2.0, middle), NORMAL, &fit(&y_label, NORMAL, room));
    x_title(&mut canvas, (left, page - EDGE), &x_label);
    canvas.finish(figure.alt.get(look.language))
}

fn values(p: &EventPoint) -> [f64; 6] {
    let (low, high) = p.interval.unwrap_or((p.estimate, p.estimate));
    let (band_low, band_high) = p.band.unwrap_or((low, high));
    [p.estimate, low, high, band_low, band_high, 0.0]
}

/// The series that a panel is about: band as a shade, intervals, markers joined by a line.
fn one(canvas: &mut Canvas, points: &[EventPoint], index: usize, x: Scale, y: Scale) {
    let at = |p: &EventPoint| x.at(p.event_time as f64);
    for run in runs(points) {
        let band = |p: &EventPoint| p.band.unwrap_or((p.estimate, p.estimate));
        if run.iter().any(|p| p.band.is_some()) {
            let upper = run.iter().map(|p| (at(p), y.at(band(p).1)));
            let lower = run.iter().rev().map(|p| (at(p), y.at(band(p).0)));
            canvas.shade(&upper.chain(lower).collect::<Vec<_>>(), index);
        }
        let line: Vec<_> = run.iter().map(|p| (at(p), y.at(p.estimate))).collect();
        canvas.polyline(&line, Pen::Series { index, width: 0.9, dashed: false });
    }
    for p in points {
        if let Some((low, high)) = p.interval {
            interval(canvas, at(p), y.at(low), y.at(high), 2.5, index);
        }
        canvas.marker((at(p), y.at(p.estimate)), 6.0, index, p.reference);
    }
}

/// What the marks are; the panels carry the names.
fn legend(series: &[Vec<EventPoint>], look: Look) -> Legend {
    let points = || series.iter().flatten();
    let mut entries = Vec::new();
    let mut add = |key: Key, en: &str, zh: &str| entries.push((key, Text::new(en, zh).get(look.language).to_owned()));
    if series.len() > 1 {
        add(Key::Faint, "The other estimators", "其他估计量");
    }
    if points().any(|p| p.band.is_some()) {
        add(Key::Shade(0), "Simultaneous band", "联立置信带");
    }
    if points().any(|p| p.reference) {
        add(Key::Marker { index: 0, hollow: true, bar: false }, "Reference period", "基准期");
    }
    Legend::new(entries, look)
}
