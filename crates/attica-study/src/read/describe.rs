//! A column at a glance.

use attica::diagnostic::describe::summary;
use attica::frame::{Column, Frame, MISSING, Values};

use crate::results::ColumnCard;

/// One card per column, in the order of the frame.
pub fn describe(frame: &Frame) -> Vec<ColumnCard> {
    frame.columns().iter().map(column_card).collect()
}

/// Missing and distinct cells; for numbers the mean, standard deviation (N - 1), minimum, median and
/// maximum of the finite ones.
pub fn column_card(column: &Column) -> ColumnCard {
    let card = ColumnCard { name: column.name.clone(), ..ColumnCard::default() };
    match &column.values {
        Values::Text { codes, .. } => ColumnCard {
            kind: "text".to_owned(),
            missing: codes.iter().filter(|&&code| code == MISSING).count(),
            distinct: distinct(codes.iter().copied().filter(|&code| code != MISSING)),
            ..card
        },
        Values::Number(values) => {
            let found = summary(values.iter().copied());
            ColumnCard {
                kind: "number".to_owned(),
                missing: values.iter().filter(|v| v.is_nan()).count(),
                // Adding zero makes one zero of two.
                distinct: distinct(values.iter().filter(|v| !v.is_nan()).map(|v| (v + 0.0).to_bits())),
                mean: found.map(|s| s.mean),
                sd: found.and_then(|s| s.sd),
                min: found.map(|s| s.min),
                median: found.map(|s| s.median),
                max: found.map(|s| s.max),
                ..card
            }
        }
    }
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> usize {
    let mut all: Vec<T> = values.collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}
