//! Shares by row and column as tiles: darker is more, so that print without colour reads the same.

use attica::text::Language;

use super::WIDTH;
use super::canvas::{Anchor, Canvas, NORMAL, Pen, SMALL};
use super::spec::{Figure, TileRow, Tiles};
use super::type_setting::{fit, width};
use crate::escape::clean;
use crate::format;

const EDGE: f64 = 10.0;
/// Labels take this share of the width at most.
const LABELS: f64 = 0.36;
/// Height of all tiles when rows stand for many units, and of one row when each stands for itself.
const PLOT: f64 = 330.0;
const ROW: f64 = 24.0;
/// A head of a column is no longer.
const HEAD: f64 = 80.0;
/// No group of rows is lower than its label.
const LOWEST: f64 = 17.0;

/// Draws the tiles; rows of one label are a block, set apart from the next.
pub fn draw(figure: &Figure, tiles: &Tiles, language: Language) -> String {
    let blocks = blocks(&tiles.rows);
    let label = |block: &Block<'_>| clean(block.rows[0].label.get(language));
    let room = blocks.iter().map(|block| width(&label(block), SMALL)).fold(30.0, f64::max).min(WIDTH * LABELS);
    let title = clean(figure.y_label.get(language));
    let left = EDGE + if title.is_empty() { 0.0 } else { NORMAL + 8.0 } + room + 8.0;
    let right = WIDTH - EDGE;
    let top = EDGE + 26.0;
    let gap = if blocks.len() > 1 { 3.0 } else { 0.0 };
    let bottom = top + blocks.iter().map(|block| block.height + gap).sum::<f64>();
    let x_title = clean(figure.x_label.get(language));
    let below = SMALL + 12.0 + if x_title.is_empty() { 0.0 } else { NORMAL + 8.0 };
    let mut canvas = Canvas::new(WIDTH, bottom + below + EDGE);
    legend(&mut canvas, tiles, language);
    let pitch = (right - left) / tiles.columns.len().max(1) as f64;
    let mut y = top;
    for block in &blocks {
        let total: f64 = block.rows.iter().map(|row| row.weight).sum();
        let middle = y + 0.5 * block.height;
        canvas.text((left - 8.0, middle + 4.3), SMALL, Anchor::End, &fit(&label(block), SMALL, room));
        // Rows that look alike are one: fine lines of paper would show between them.
        for alike in block.rows.chunk_by(|a, b| a.shares == b.shares) {
            let row = &alike[0];
            let height = block.height * alike.iter().map(|row| row.weight).sum::<f64>() / total;
            for (i, share) in row.shares.iter().enumerate() {
                let x = left + i as f64 * pitch;
                // A hair of paper between tiles that are large enough to lose one.
                let inset = if height > 6.0 && pitch > 6.0 { 1.0 } else { 0.0 };
                canvas.tile((x, y), (pitch - inset, height - inset), share.filter(|share| share.is_finite()));
                if let Some(share) = share.filter(|share| tiles.numbers && share.is_finite()) {
                    number(&mut canvas, (x + 0.5 * (pitch - inset), y + 0.5 * height + 4.0), share, pitch);
                }
            }
            y += height;
        }
        y += gap;
    }
    let every =
        tiles.columns.iter().map(|head| width(&fit(&clean(head), SMALL, HEAD), SMALL) + 8.0).fold(1.0, f64::max);
    let every = (every / pitch).ceil().max(1.0) as usize;
    let heads = tiles.columns.iter().map(|head| fit(&clean(head), SMALL, HEAD)).enumerate();
    for (i, head) in heads.filter(|(i, _)| i % every == 0) {
        let x = left + (i as f64 + 0.5) * pitch;
        canvas.text((x, bottom + 6.0 + SMALL), SMALL, Anchor::Middle, &head);
    }
    let x_title = fit(&x_title, NORMAL, right - left);
    canvas.text((f64::midpoint(left, right), canvas.height - EDGE), NORMAL, Anchor::Middle, &x_title);
    canvas.upright(
        (EDGE + NORMAL - 2.0, f64::midpoint(top, bottom)),
        NORMAL,
        &fit(&title, NORMAL, bottom - top + 20.0),
    );
    canvas.finish(figure.alt.get(language))
}

/// Rows of one label, one below the other.
struct Block<'a> {
    rows: &'a [TileRow],
    height: f64,
}

fn blocks(rows: &[TileRow]) -> Vec<Block<'_>> {
    let groups: Vec<&[TileRow]> = rows.chunk_by(|a, b| a.label == b.label).collect();
    let weight = |group: &[TileRow]| group.iter().map(|row| row.weight).sum::<f64>();
    let total: f64 = groups.iter().map(|group| weight(group)).sum();
    let single = groups.iter().all(|group| group.len() == 1 && group[0].weight == 1.0);
    let lowest = LOWEST.min(2.0 * PLOT / groups.len().max(1) as f64);
    let height =
        |group: &[TileRow]| if single { ROW.min(2.0 * lowest) } else { (PLOT * weight(group) / total).max(lowest) };
    groups.iter().map(|group| Block { rows: group, height: height(group) }).collect()
}

/// The share in percent, on a dark tile in the colour of the paper.
fn number(canvas: &mut Canvas, at: (f64, f64), share: f64, pitch: f64) {
    let percent = 100.0 * share;
    let text = if percent > 0.0 && percent < 0.5 { "<1".to_owned() } else { format::number(percent, 0) };
    let size = SMALL - 1.0;
    if width(&text, size) > pitch - 2.0 {
        return;
    }
    if share > 0.62 { canvas.light(at, size, &text) } else { canvas.text(at, size, Anchor::Middle, &text) }
}

/// Lightest, middle and darkest tile between what its ends mean; then a crossed one.
fn legend(canvas: &mut Canvas, tiles: &Tiles, language: Language) {
    const SIDE: f64 = 14.0;
    let short = |text: &str| fit(&clean(text), SMALL, 180.0);
    let [least, most] = [0, 1].map(|i| short(tiles.ends[i].get(language)));
    let absent =
        tiles.rows.iter().flat_map(|row| &row.shares).any(|share| share.is_none_or(|share| !share.is_finite()));
    let absent = if absent { short(tiles.absent.get(language)) } else { String::new() };
    let between = tiles.rows.iter().flat_map(|row| &row.shares).flatten().any(|share| *share > 0.0 && *share < 1.0);
    let steps: &[f64] = if between { &[0.0, 0.25, 0.5, 0.75, 1.0] } else { &[0.0, 1.0] };
    let of_absent = if absent.is_empty() { 0.0 } else { 18.0 + SIDE + 6.0 + width(&absent, SMALL) };
    let apart = if between { 0.0 } else { 18.0 + width(&most, SMALL) };
    let length = width(&least, SMALL) + 6.0 + steps.len() as f64 * SIDE + 6.0 + width(&most, SMALL) + of_absent;
    let (mut x, y) = (((canvas.width - length) / 2.0).max(EDGE), EDGE);
    if apart > 0.0 {
        for (share, label) in [(0.0, &least), (1.0, &most)] {
            canvas.tile((x, y), (SIDE, SIDE), Some(share));
            canvas.text((x + SIDE + 6.0, y + 11.0), SMALL, Anchor::Start, label);
            x += SIDE + 6.0 + width(label, SMALL) + 18.0;
        }
        x -= 18.0;
    } else {
        canvas.text((x, y + 11.0), SMALL, Anchor::Start, &least);
        x += width(&least, SMALL) + 6.0;
        for &share in steps {
            canvas.tile((x, y), (SIDE, SIDE), Some(share));
            x += SIDE;
        }
        canvas.text((x + 6.0, y + 11.0), SMALL, Anchor::Start, &most);
        x += 6.0 + width(&most, SMALL);
    }
    if !absent.is_empty() {
        x += 18.0;
        let side = SIDE - 1.0;
        canvas.tile((x, y), (side, side), None);
        for (from, to) in
            [((0.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (1.0, 1.0)), ((1.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (0.0, 0.0))]
        {
            canvas.line((x + from.0 * side, y + from.1 * side), (x + to.0 * side, y + to.1 * side), Pen::Faint);
        }
        canvas.text((x + SIDE + 6.0, y + 11.0), SMALL, Anchor::Start, &absent);
    }
}
