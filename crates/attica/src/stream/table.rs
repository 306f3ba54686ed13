//! How many rows (or how much weight) each pair of a large and a small level has, in as few bytes as the counts allow.

/// Cells by large level, `stride` of them for each.
pub(super) struct Table {
    stride: usize,
    cells: Cells,
}

enum Cells {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Longs(Vec<u32>),
    Weights(Vec<f64>),
}

/// Runs `$body` with `$cells` bound to whichever vector there is.
macro_rules! whichever {
    ($of:expr, $cells:ident => $body:expr) => {
        match $of {
            Cells::Bytes($cells) => $body,
            Cells::Shorts($cells) => $body,
            Cells::Longs($cells) => $body,
            Cells::Weights($cells) => $body,
        }
    };
}

fn spread<T: Copy + Default>(cells: &[T], from: usize, to: usize) -> Vec<T> {
    let mut wider = vec![T::default(); cells.len() / from.max(1) * to];
    for (new, old) in wider.chunks_exact_mut(to).zip(cells.chunks_exact(from.max(1))) {
        new[..from].copy_from_slice(old);
    }
    wider
}

impl Table {
    /// An empty table, of counts or of weights.
    pub(super) fn new(weighted: bool) -> Self {
        Self { stride: 0, cells: if weighted { Cells::Weights(Vec::new()) } else { Cells::Bytes(Vec::new()) } }
    }

    /// Makes room for so many levels; the small side grows by a quarter at least, so that periods that come one after
    /// the other do not move the table each time.
    pub(super) fn grow(&mut self, large: usize, small: usize) {
        if small > self.stride {
            let to = if self.stride == 0 { small } else { small.max(self.stride + self.stride / 4) };
            let from = self.stride;
            whichever!(&mut self.cells, cells => *cells = spread(cells, from, to));
            self.stride = to;
        }
        let length = large * self.stride;
        whichever!(&mut self.cells, cells => if cells.len() < length { cells.resize(length, Default::default()) });
    }

    /// Adds a row of weight `w` (1 in a table of counts).
    pub(super) fn add(&mut self, large: usize, small: usize, w: f64) {
        let at = large * self.stride + small;
        match &mut self.cells {
            Cells::Bytes(cells) if cells[at] < u8::MAX => cells[at] += 1,
            Cells::Shorts(cells) if cells[at] < u16::MAX => cells[at] += 1,
            Cells::Longs(cells) => cells[at] += 1,
            Cells::Weights(cells) => cells[at] += w,
            Cells::Bytes(cells) => {
                self.cells = Cells::Shorts(cells.iter().map(|&n| n.into()).collect());
                self.add(large, small, w);
            }
            Cells::Shorts(cells) => {
                self.cells = Cells::Longs(cells.iter().map(|&n| n.into()).collect());
                self.add(large, small, w);
            }
        }
    }

    /// Empties a cell.
    pub(super) fn clear(&mut self, large: usize, small: usize) {
        let at = large * self.stride + small;
        whichever!(&mut self.cells, cells => cells[at] = Default::default());
    }

    /// The cells of a large level that are not empty, small levels ascending, in place of what `into` held.
    #[allow(clippy::useless_conversion, reason = "one arm of the macro has floats already")]
    pub(super) fn row(&self, large: usize, into: &mut Vec<(usize, f64)>) {
        let range = large * self.stride..(large + 1) * self.stride;
        into.clear();
        whichever!(&self.cells, cells => {
            into.extend(cells[range].iter().map(|&n| f64::from(n)).enumerate().filter(|(_, n)| *n != 0.0));
        });
    }

    /// The same cells with the sides exchanged; `large` and `small` are the levels of the sides as they are.
    pub(super) fn turned(&self, large: usize, small: usize) -> Self {
        let mut turned = Self { stride: 0, cells: Cells::Longs(Vec::new()) };
        if matches!(self.cells, Cells::Weights(_)) {
            turned.cells = Cells::Weights(Vec::new());
        }
        turned.grow(small, large);
        for (i, t) in (0..large).flat_map(|i| (0..small).map(move |t| (i, t))) {
            let (at, n) = (t * large + i, self.get(i, t));
            match &mut turned.cells {
                Cells::Weights(cells) => cells[at] = n,
                Cells::Longs(cells) => cells[at] = n as u32,
                Cells::Bytes(_) | Cells::Shorts(_) => {}
            }
        }
        turned
    }

    /// What a cell holds.
    #[allow(clippy::useless_conversion, reason = "one arm of the macro has floats already")]
    pub(super) fn get(&self, large: usize, small: usize) -> f64 {
        let at = large * self.stride + small;
        whichever!(&self.cells, cells => f64::from(cells[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_growth_in_every_direction() {
        let mut table = Table::new(false);
        let mut row = Vec::new();
        table.grow(1, 1);
        for _ in 0..70_000 {
            table.add(0, 0, 1.0);
        }
        table.grow(3, 9);
        table.add(2, 8, 1.0);
        table.row(0, &mut row);
        assert_eq!(row, [(0, 70_000.0)]);
        assert_eq!((table.get(2, 8), table.get(1, 0), table.get(2, 0)), (1.0, 0.0, 0.0));
        table.clear(2, 8);
        table.row(2, &mut row);
        assert!(row.is_empty());
    }
}
