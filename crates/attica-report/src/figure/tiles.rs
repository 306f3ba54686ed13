//! Shares by row and column as tiles: darker is more, so that print without colour reads the same.

use attica::text::Text;

use super::canvas::{Anchor, Canvas, NORMAL, Pen, SMALL};
use super::frame::x_title;
use super::look::Look;
use super::spec::{Figure, TileRow, Tiles};
use super::type_setting::{fit, two_lines, width};
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
/// Height of a row of the legend.
const LEGEND_ROW: f64 = 20.0;
/// No group of rows is lower than its label.
const LOWEST: f64 = 17.0;

/// Draws the tiles; rows of one label are a block, set apart from the next.
pub fn draw(figure: &Figure, tiles: &Tiles, look: Look) -> String {
    let blocks = blocks(&tiles.rows);
    let label = |block: &Block<'_>| clean(block.rows[0].label.get(look.language));
    let page = look.width.pixels();
    let room = blocks.iter().map(|block| width(&label(block), SMALL)).fold(30.0, f64::max).min(page * LABELS);
    let title = clean(figure.y_label.get(look.language));
    let left = EDGE + if title.is_empty() { 0.0 } else { NORMAL + 8.0 } + room + 8.0;
    let right = page - EDGE;
    let legend = legend(tiles, look);
    let top = EDGE + 6.0 + legend.len() as f64 * LEGEND_ROW;
    let gap = if blocks.len() > 1 { 3.0 } else { 0.0 };
    let bottom = top + blocks.iter().map(|block| block.height + gap).sum::<f64>();
    let x_label = clean(figure.x_label.get(look.language));
    let below = SMALL + 12.0 + if x_label.is_empty() { 0.0 } else { NORMAL + 8.0 };
    let mut canvas = Canvas::new(page, bottom + below + EDGE);
    draw_legend(&mut canvas, &legend);
    let pitch = (right - left) / tiles.columns.len().max(1) as f64;
    let mut y = top;
    for block in &blocks {
        let total: f64 = block.rows.iter().map(|row| row.weight).sum();
        let middle = y + 0.5 * block.height;
        let lines = if block.height < ROW {
            vec![fit(&label(block), SMALL, room)]
        } else {
            two_lines(&label(block), SMALL, room)
        };
        canvas.label((left - 8.0, middle), SMALL, &lines);
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
        // A long head of the last narrow column would leave the picture.
        if i > 0 && x + 0.5 * width(&head, SMALL) > page {
            continue;
        }
        canvas.text((x, bottom + 6.0 + SMALL), SMALL, Anchor::Middle, &head);
    }
    x_title(&mut canvas, (left, right), &x_label);
    canvas.upright(
        (EDGE + NORMAL - 2.0, f64::midpoint(top, bottom)),
        NORMAL,
        &fit(&title, NORMAL, bottom - top + 20.0),
    );
    canvas.finish(figure.alt.get(look.language))
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

/// Tiles of the legend between what they mean.
struct Entry {
    before: String,
    shares: Vec<Option<f64>>,
    after: String,
}

const SIDE: f64 = 14.0;
const WORD: f64 = 6.0;
const APART: f64 = 18.0;

impl Entry {
    fn width(&self) -> f64 {
        let before = if self.before.is_empty() { 0.0 } else { width(&self.before, SMALL) + WORD };
        before + self.shares.len() as f64 * SIDE + WORD + width(&self.after, SMALL)
    }
}

/// Lightest, middle and darkest tile between what its ends mean, then a crossed one; in as many rows as they take.
fn legend(tiles: &Tiles, look: Look) -> Vec<Vec<Entry>> {
    let room = look.width.pixels() - 2.0 * EDGE;
    let shares = || tiles.rows.iter().flat_map(|row| &row.shares);
    let between = shares().flatten().any(|share| *share > 0.0 && *share < 1.0);
    let steps = if between { vec![0.0, 0.25, 0.5, 0.75, 1.0] } else { vec![1.0] };
    let steps: Vec<Option<f64>> = steps.into_iter().map(Some).collect();
    // Both ends fit beside the tiles of the longest entry.
    let longest = 180.0_f64.min((room - steps.len() as f64 * SIDE) / 2.0 - WORD);
    let short = |text: &Text| fit(&clean(text.get(look.language)), SMALL, longest);
    let one = |share, after| Entry { before: String::new(), shares: vec![share], after };
    let [least, most] = [0, 1].map(|i| short(&tiles.ends[i]));
    let mut entries = if between {
        vec![Entry { before: least, shares: steps, after: most }]
    } else {
        vec![one(Some(0.0), least), one(Some(1.0), most)]
    };
    if shares().any(|share| share.is_none_or(|share| !share.is_finite())) {
        entries.push(one(None, short(&tiles.absent)));
    }
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    let mut used = f64::INFINITY;
    for entry in entries {
        if used + APART + entry.width() > room {
            rows.push(Vec::new());
            used = -APART;
        }
        used += APART + entry.width();
        if let Some(row) = rows.last_mut() {
            row.push(entry);
        }
    }
    rows
}

fn draw_legend(canvas: &mut Canvas, rows: &[Vec<Entry>]) {
    for (i, row) in rows.iter().enumerate() {
        let length = row.iter().map(|entry| entry.width() + APART).sum::<f64>() - APART;
        let (mut x, y) = ((canvas.width - length) / 2.0, EDGE + i as f64 * LEGEND_ROW);
        for entry in row {
            let end = x + entry.width() + APART;
            if !entry.before.is_empty() {
                canvas.text((x, y + 11.0), SMALL, Anchor::Start, &entry.before);
                x += width(&entry.before, SMALL) + WORD;
            }
            for &share in &entry.shares {
                match share {
                    Some(_) => canvas.tile((x, y), (SIDE, SIDE), share),
                    None => absent(canvas, (x, y)),
                }
                x += SIDE;
            }
            canvas.text((x + WORD, y + 11.0), SMALL, Anchor::Start, &entry.after);
            x = end;
        }
    }
}

/// The crossed tile, with an outline that its paper does not have in the picture.
fn absent(canvas: &mut Canvas, (x, y): (f64, f64)) {
    let side = SIDE - 1.0;
    canvas.tile((x, y), (side, side), None);
    for (from, to) in
        [((0.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (1.0, 1.0)), ((1.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (0.0, 0.0))]
    {
        canvas.line((x + from.0 * side, y + from.1 * side), (x + to.0 * side, y + to.1 * side), Pen::Faint);
    }
}
