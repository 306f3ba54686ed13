//! Densities of groups in several samples: a small panel each, on common axes.

use super::canvas::{Anchor, Canvas, NORMAL, Pen, SMALL};
use super::frame::{Key, Legend, Scale, range, ticks, ticks_within, x_title};
use super::look::Look;
use super::spec::{Densities, Figure};
use super::type_setting::{fit, width};
use crate::escape::clean;

const EDGE: f64 = 10.0;
/// Height of a panel's plot, of the line with its name above, and of what stands below.
const PLOT: f64 = 150.0;
const NAME: f64 = 32.0;
const GAP: f64 = 22.0;
/// All panels of a column are no higher, so that they fit on a page.
const HIGHEST: f64 = 680.0;

/// Draws one panel per sample: the first group solid above its shade, the others dashed, so that print tells them apart.
pub fn draw(figure: &Figure, found: &Densities, look: Look) -> String {
    let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
    let points = || found.panels.iter().flat_map(|panel| &panel.curves).flatten().filter(finite);
    let (x_low, x_high) = range(points().map(|point| point.0), 0.02);
    let top_value = points().map(|point| point.1).fold(0.0, f64::max);
    let y_high = if top_value > 0.0 { 1.06 * top_value } else { 1.0 };
    let y_ticks = ticks(0.0, y_high, 4, 0.0);

    let entries = found.groups.iter().enumerate().map(|(i, group)| (key(i), group.get(look.language).to_owned()));
    let legend = Legend::new(entries.collect(), look);
    let columns = look.columns();
    let rows = found.panels.len().div_ceil(columns).max(1);
    let plot = PLOT.min(HIGHEST / rows as f64 - NAME).max(NAME);
    let widest = y_ticks.iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    let left = EDGE + NORMAL + 8.0 + widest + 9.0;
    let page = look.width.pixels();
    let panel_width = (page - EDGE - left - GAP * (columns - 1) as f64) / columns as f64;
    let top = EDGE + legend.height();
    let bottom = top + rows as f64 * (NAME + plot);
    let mut canvas = Canvas::new(page, bottom + SMALL + NORMAL + 26.0);
    legend.draw(&mut canvas, EDGE - 4.0);

    for (j, panel) in found.panels.iter().enumerate() {
        let (row, column) = (j / columns, j % columns);
        let from = left + column as f64 * (panel_width + GAP);
        let ceiling = top + row as f64 * (NAME + plot) + NAME;
        let x = Scale { low: x_low, high: x_high, from, to: from + panel_width };
        let y = Scale { low: 0.0, high: y_high, from: ceiling + plot, to: ceiling };
        for tick in &y_ticks {
            canvas.line((x.from, y.at(tick.value)), (x.to, y.at(tick.value)), Pen::Grid);
            if column == 0 {
                canvas.text((x.from - 7.0, y.at(tick.value) + 4.3), SMALL, Anchor::End, &tick.label);
            }
        }
        for (i, curve) in panel.curves.iter().enumerate() {
            let line: Vec<_> = curve.iter().filter(finite).map(|&(px, py)| (x.at(px), y.at(py))).collect();
            if let (0, Some(first), Some(last)) = (i, line.first(), line.last()) {
                let feet = [(last.0, y.from), (first.0, y.from)];
                canvas.shade(&line.iter().copied().chain(feet).collect::<Vec<_>>(), i);
            }
            canvas.polyline(&line, Pen::Series { index: i, width: 1.8, dashed: i > 0 });
        }
        canvas.line((x.from, y.from), (x.to, y.from), Pen::Axis);
        // The last panel of each column has the numbers below it.
        let has_numbers = j + columns >= found.panels.len();
        for tick in ticks_within(panel_width, (x_low, x_high), 5, 0.0) {
            let at = x.at(tick.value);
            canvas.line((at, y.from), (at, y.from + 3.0), Pen::Axis);
            if has_numbers {
                let inside = at.min(page - 2.0 - width(&tick.label, SMALL) / 2.0);
                canvas.text((inside, y.from + 6.0 + SMALL), SMALL, Anchor::Middle, &tick.label);
            }
        }
        let name = fit(&clean(panel.label.get(look.language)), SMALL, panel_width);
        canvas.text((x.from + 2.0, ceiling - 6.0), SMALL, Anchor::Start, &name);
    }
    let (x_label, y_label) = (clean(figure.x_label.get(look.language)), clean(figure.y_label.get(look.language)));
    let middle = f64::midpoint(top, bottom);
    canvas.upright((EDGE + NORMAL - 2.0, middle), NORMAL, &fit(&y_label, NORMAL, bottom - top));
    x_title(&mut canvas, (left, page - EDGE), &x_label);
    canvas.finish(figure.alt.get(look.language))
}

fn key(index: usize) -> Key {
    if index == 0 { Key::Curve(0) } else { Key::Line { index, marker: false } }
}
