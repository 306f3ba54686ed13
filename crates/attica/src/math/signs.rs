//! Sums under random signs: a set bit is -1. Eight terms have 256 signed sums; once these are in a table, a draw
//! adds one of them instead of eight terms.

/// Terms whose signs share a random word.
pub const WORD: usize = 64;
/// Columns that are summed together.
pub const LANES: usize = 8;

/// One number for each of eight columns.
pub type Lanes = [f64; LANES];

/// Adds to the sum of every draw the 64 terms from `first` on, with the signs of its word; sixteen at a time: each
/// half of these takes one of 256 signed sums. At most eight columns.
pub fn add_word(sums: &mut [Lanes], columns: &[Vec<f64>], first: usize, bits: &[u64]) {
    let terms = columns.first().map_or(0, Vec::len).saturating_sub(first);
    for quarter in 0..terms.div_ceil(16).min(4) {
        let (low, high) = (table(columns, first + 16 * quarter), table(columns, first + 16 * quarter + 8));
        for (sum, word) in sums.iter_mut().zip(bits) {
            let pair = word >> (16 * quarter);
            let (a, b) = (&low[usize::from(pair as u8)], &high[usize::from((pair >> 8) as u8)]);
            for lane in 0..LANES {
                sum[lane] += a[lane] + b[lane];
            }
        }
    }
}

/// The sums of eight terms under each of the 256 ways to choose their signs.
fn table(columns: &[Vec<f64>], first: usize) -> [Lanes; 256] {
    let mut values = [[0.0; LANES]; 8];
    for (lane, column) in columns.iter().enumerate() {
        for (value, x) in values.iter_mut().zip(column.iter().skip(first)) {
            value[lane] = *x;
        }
    }
    let mut table = [[0.0; LANES]; 256];
    for value in values {
        for lane in 0..LANES {
            table[0][lane] += value[lane];
        }
    }
    for (term, value) in values.iter().enumerate() {
        let half = 1 << term;
        let (without, with) = table.split_at_mut(half);
        for (a, b) in without.iter().zip(with) {
            for lane in 0..LANES {
                b[lane] = a[lane] - 2.0 * value[lane];
            }
        }
    }
    table
}
