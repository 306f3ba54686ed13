//! Effects by event time, and lines over time.

use attica::text::Text;

use super::canvas::{Anchor, Pen, SMALL};
use super::frame::{Axes, Key, Legend, Scale, Tick, frame, interval, range, ticks, ticks_within};
use super::look::Look;
use super::spec::{EventPoint, EventSeries, EventStudy, Figure, Lines};
use super::type_setting::{fit, width};
use crate::escape::clean;
use crate::format;

/// More estimators than this stand so close that bands and caps would hide the points.
const CROWD: usize = 5;

/// Draws an event study. One estimator: points joined by a line, band as a shade. Several: side by
/// side around each event time, told apart by marker, with the band as a thin line through the bar.
pub fn event_study(figure: &Figure, study: &EventStudy, look: Look) -> String {
    let series: Vec<(&EventSeries, Vec<EventPoint>)> =
        study.series.iter().map(|series| (series, drawable(&series.points))).collect();
    let points = || series.iter().flat_map(|(_, points)| points);
    let several = series.len() > 1;

    let first = points().map(|p| p.event_time).min().unwrap_or(-1);
    let last = points().map(|p| p.event_time).max().unwrap_or(1);
    let values = points().flat_map(|p| {
        let (low, high) = p.interval.unwrap_or((p.estimate, p.estimate));
        let (band_low, band_high) = p.band.filter(|_| series.len() <= CROWD).unwrap_or((low, high));
        [p.estimate, low, high, band_low, band_high, 0.0]
    });
    let held = || study.lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let y = range(values.chain(held()), 0.06);
    let binned: Vec<i64> = points().filter(|p| p.binned).map(|p| p.event_time).collect();
    let axes = Axes {
        x: (first as f64 - 0.6, last as f64 + 0.6),
        y,
        x_ticks: event_ticks(first, last, &binned, look.plot()),
        y_ticks: ticks(y.0, y.1, 6, 0.0),
        x_label: clean(figure.x_label.get(look.language)),
        y_label: clean(figure.y_label.get(look.language)),
        right: None,
        head: 0.0,
    };
    let legend = event_legend(study, &series, look);
    let height = look.height(legend.height()) * if series.len() > CROWD { 1.4 } else { 1.0 };
    let mut frame = frame(height, &axes, &legend, look);
    let (x, y, canvas) = (frame.x, frame.y, &mut frame.canvas);
    canvas.line((x.from, y.at(0.0)), (x.to, y.at(0.0)), Pen::Zero);
    if let Some(adoption) = study.adoption.filter(|at| *at > x.low && *at < x.high) {
        canvas.line((x.at(adoption), y.to), (x.at(adoption), y.from), Pen::Reference);
    }

    for (i, line) in study.lines.iter().enumerate() {
        let line: Vec<_> = line.points.iter().map(|&(t, value)| (x.at(t), y.at(value))).collect();
        canvas.polyline(&line, Pen::Series { index: series.len() + i, width: 1.4, dashed: true });
    }

    let period = x.at(1.0) - x.at(0.0);
    let crowded = series.len() > CROWD;
    let offset = (period * if crowded { 0.86 } else { 0.72 } / series.len().max(1) as f64).min(14.0);
    let size = if crowded { (1.15 * offset).clamp(4.0, 6.5) } else { period * 0.55 / series.len().max(1) as f64 };
    let size = size.clamp(3.5, 7.5);
    for (j, (_, points)) in series.iter().enumerate() {
        let shift = (j as f64 - (series.len() - 1) as f64 / 2.0) * offset;
        let at = |p: &EventPoint| x.at(p.event_time as f64) + shift;
        if several {
            for p in points.iter().filter(|_| !crowded) {
                if let Some((low, high)) = p.band {
                    let pen = Pen::Series { index: j, width: 0.7, dashed: false };
                    canvas.line((at(p), y.at(low)), (at(p), y.at(high)), pen);
                }
            }
        } else {
            for run in runs(points) {
                let band = |p: &EventPoint| p.band.unwrap_or((p.estimate, p.estimate));
                if run.iter().any(|p| p.band.is_some()) {
                    let upper = run.iter().map(|p| (at(p), y.at(band(p).1)));
                    let lower = run.iter().rev().map(|p| (at(p), y.at(band(p).0)));
                    canvas.shade(&upper.chain(lower).collect::<Vec<_>>(), j);
                }
                let line: Vec<_> = run.iter().map(|p| (at(p), y.at(p.estimate))).collect();
                canvas.polyline(&line, Pen::Series { index: j, width: 0.9, dashed: false });
            }
        }
        for p in points {
            if let Some((low, high)) = p.interval {
                interval(canvas, at(p), y.at(low), y.at(high), if crowded { 0.0 } else { size * 0.5 }, j);
            }
            canvas.marker((at(p), y.at(p.estimate)), size, j, p.reference);
        }
    }
    frame.canvas.finish(figure.alt.get(look.language))
}

/// Points with a finite estimate, in the order of time, with finite intervals only.
pub(super) fn drawable(points: &[EventPoint]) -> Vec<EventPoint> {
    let finite = |ends: &(f64, f64)| ends.0.is_finite() && ends.1.is_finite();
    let mut out: Vec<EventPoint> = points
        .iter()
        .filter(|p| p.estimate.is_finite())
        .map(|p| EventPoint { interval: p.interval.filter(finite), band: p.band.filter(finite), ..*p })
        .collect();
    out.sort_by_key(|p| p.event_time);
    out
}

/// Stretches of consecutive event times: a line over a gap would show what was not estimated.
pub(super) fn runs(points: &[EventPoint]) -> impl Iterator<Item = &[EventPoint]> {
    points.chunk_by(|a, b| b.event_time == a.event_time + 1)
}

/// One label per period while they fit; then every second, fifth, tenth. The ends keep theirs when
/// they stand for all periods beyond.
pub(super) fn event_ticks(first: i64, last: i64, binned: &[i64], room: f64) -> Vec<Tick> {
    let label = |t: i64| {
        let number = format::number(t as f64, 0);
        match binned.contains(&t) {
            true if t < 0 => format!("≤{number}"),
            true => format!("≥{number}"),
            false => number,
        }
    };
    let periods = (last - first).max(1);
    let spacing = room / (periods as f64 + 1.2);
    let widest = width(&label(first), SMALL).max(width(&label(last), SMALL)) + 7.0;
    let every = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|&k| k as f64 * spacing >= widest).unwrap_or(periods);
    let end = |t: i64| (t == first || t == last) && binned.contains(&t);
    let near_end =
        |t: i64| [first, last].iter().any(|&e| end(e) && e != t && ((e - t).abs() as f64) * spacing < widest);
    // Beyond a few hundred periods a tick for each would be a black bar.
    let mark = if spacing < 4.0 { every } else { 1 };
    (first..=last)
        .filter(|t| t % mark == 0 || end(*t))
        .map(|t| {
            let shown = end(t) || (t % every == 0 && !near_end(t));
            Tick { value: t as f64, label: if shown { label(t) } else { String::new() } }
        })
        .collect()
}

fn event_legend(study: &EventStudy, series: &[(&EventSeries, Vec<EventPoint>)], look: Look) -> Legend {
    let several = series.len() > 1;
    let points = || series.iter().flat_map(|(_, points)| points);
    let mut entries: Vec<(Key, String)> = series
        .iter()
        .enumerate()
        .map(|(index, (series, points))| {
            let bar = points.iter().any(|p| p.interval.is_some());
            (Key::Marker { index, hollow: false, bar }, series.label.get(look.language).to_owned())
        })
        .filter(|(_, label)| !label.is_empty())
        .collect();
    if points().any(|p| p.band.is_some()) && series.len() <= CROWD {
        let label = Text::new("Simultaneous band", "联立置信带");
        let key = if several { Key::Thin(4) } else { Key::Shade(0) };
        entries.push((key, label.get(look.language).to_owned()));
    }
    entries.extend(study.lines.iter().enumerate().map(|(i, line)| {
        (Key::Line { index: series.len() + i, marker: false }, line.label.get(look.language).to_owned())
    }));
    if points().any(|p| p.reference) {
        let label = Text::new("Reference period", "基准期");
        entries.push((Key::Marker { index: 0, hollow: true, bar: false }, label.get(look.language).to_owned()));
    }
    Legend::new(entries, look)
}

/// Draws lines over time, with dashed vertical lines at the marks.
pub fn lines(figure: &Figure, lines: &Lines, look: Look) -> String {
    let series: Vec<Vec<(f64, f64)>> = lines
        .series
        .iter()
        .map(|series| series.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect())
        .collect();
    let xs = || series.iter().flatten().map(|point| point.0);
    let whole = xs().all(|x| x.fract() == 0.0);
    let x = range(xs(), 0.03);
    let y = range(series.iter().flatten().map(|point| point.1), 0.06);
    let marks: Vec<(f64, String)> = lines
        .marks
        .iter()
        .filter(|mark| mark.x >= x.0 && mark.x <= x.1)
        .map(|mark| (mark.x, clean(mark.label.get(look.language))))
        .collect();
    let head = mark_rows(&marks, x, look.plot());
    let axes = Axes {
        x,
        y,
        x_ticks: ticks_within(look.plot(), x, 9, if whole { 1.0 } else { 0.0 })
            .into_iter()
            .map(|tick| Tick { label: if whole { format::number(tick.value, 0) } else { tick.label }, ..tick })
            .collect(),
        y_ticks: ticks(y.0, y.1, 6, 0.0),
        x_label: clean(figure.x_label.get(look.language)),
        y_label: clean(figure.y_label.get(look.language)),
        right: None,
        head: head.len() as f64 * MARK_ROW,
    };
    let marker = series.iter().all(|points| points.len() <= 30);
    let entries = lines
        .series
        .iter()
        .enumerate()
        .map(|(index, series)| (Key::Line { index, marker }, series.label.get(look.language).to_owned()))
        .filter(|(_, label)| !label.is_empty())
        .collect();
    let legend = Legend::new(entries, look);
    let mut frame = frame(look.height(legend.height()), &axes, &legend, look);
    let (x, y, canvas) = (frame.x, frame.y, &mut frame.canvas);
    for (at, _) in &marks {
        canvas.line((x.at(*at), y.to), (x.at(*at), y.from), Pen::Reference);
    }
    for (i, row) in head.iter().enumerate() {
        for &(mark, centre) in row {
            let baseline = y.to - 4.0 - (head.len() - 1 - i) as f64 * MARK_ROW;
            let label = fit(&marks[mark].1, SMALL, MARK_ROOM);
            canvas.text((mark_centre(centre, &label, x), baseline), SMALL, Anchor::Middle, &label);
        }
    }
    for (index, points) in series.iter().enumerate() {
        let placed: Vec<(f64, f64)> = points.iter().map(|&(px, py)| (x.at(px), y.at(py))).collect();
        canvas.polyline(&placed, Pen::Series { index, width: 1.8, dashed: true });
        if marker {
            for point in placed {
                canvas.marker(point, 6.5, index, false);
            }
        }
    }
    frame.canvas.finish(figure.alt.get(look.language))
}

const MARK_ROW: f64 = 16.0;
const MARK_ROOM: f64 = 160.0;

/// A label stays inside the plot.
fn mark_centre(value: f64, label: &str, x: Scale) -> f64 {
    let half = width(label, SMALL) / 2.0;
    x.at(value).clamp(x.from + half, (x.to - half).max(x.from + half))
}

/// Puts the labels of vertical lines in as many rows as they need, three at most; what does not fit
/// keeps its line without a label. Each entry is the mark's index and its place.
fn mark_rows(marks: &[(f64, String)], x: (f64, f64), room: f64) -> Vec<Vec<(usize, f64)>> {
    let scale = Scale { low: x.0, high: x.1, from: 0.0, to: room };
    let mut rows: Vec<Vec<(usize, f64)>> = Vec::new();
    let mut ends: Vec<f64> = Vec::new();
    let mut order: Vec<usize> = (0..marks.len()).filter(|&i| !marks[i].1.is_empty()).collect();
    order.sort_by(|&a, &b| marks[a].0.total_cmp(&marks[b].0));
    for i in order {
        let label = fit(&marks[i].1, SMALL, MARK_ROOM);
        let centre = mark_centre(marks[i].0, &label, scale);
        let half = width(&label, SMALL) / 2.0 + 4.0;
        let row = match ends.iter().position(|&end| end <= centre - half) {
            Some(row) => row,
            None if ends.len() < 3 => {
                ends.push(0.0);
                rows.push(Vec::new());
                ends.len() - 1
            }
            None => continue,
        };
        ends[row] = centre + half;
        rows[row].push((i, marks[i].0));
    }
    rows
}
