//! A column at a glance.

use std::collections::HashSet;

use attica::frame::{Column, Frame, MISSING, Values};

use crate::results::ColumnCard;

/// One card per column: missing and distinct cells; for numbers the mean, standard deviation (N - 1),
/// minimum, median and maximum of the finite ones.
pub fn describe(frame: &Frame) -> Vec<ColumnCard> {
    frame.columns().iter().map(card).collect()
}

fn card(column: &Column) -> ColumnCard {
    match &column.values {
        Values::Text { codes, .. } => {
            let used: HashSet<u32> = codes.iter().copied().filter(|&c| c != MISSING).collect();
            ColumnCard {
                name: column.name.clone(),
                kind: "text".to_owned(),
                missing: codes.iter().filter(|&&c| c == MISSING).count(),
                distinct: used.len(),
                ..ColumnCard::default()
            }
        }
        Values::Number(values) => {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
            let n = sorted.len() as f64;
            // In the order of the rows, so that the sum is that of the file.
            let mean = (!sorted.is_empty()).then(|| sorted.iter().sum::<f64>() / n);
            let sd = mean
                .filter(|_| sorted.len() > 1)
                .map(|mean| (sorted.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt());
            sorted.sort_by(f64::total_cmp);
            let infinite: HashSet<u64> = values.iter().filter(|v| v.is_infinite()).map(|v| v.to_bits()).collect();
            let steps = sorted.windows(2).filter(|pair| pair[0] != pair[1]).count();
            ColumnCard {
                name: column.name.clone(),
                kind: "number".to_owned(),
                missing: values.iter().filter(|v| v.is_nan()).count(),
                distinct: usize::from(!sorted.is_empty()) + steps + infinite.len(),
                mean,
                sd,
                min: sorted.first().copied(),
                median: median(&sorted),
                max: sorted.last().copied(),
            }
        }
    }
}

/// Median of sorted values.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}
