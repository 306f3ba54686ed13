//! The panel card: what a reader of the data should know before any estimate.

use attica::frame::{Column, Frame, Values, codes};
use attica::message::Warning;
use attica::panel::Panel;

use attica::diagnostic::describe::summary;

use super::Treatment;
use crate::results::{ColumnCard, PanelCard};

/// The card of `panel`, with the columns of `frame` named in `columns` (all when empty).
pub fn panel_card(
    frame: &Frame,
    panel: &Panel,
    treatment: Option<&Treatment>,
    columns: &[&str],
    warnings: Vec<Warning>,
) -> PanelCard {
    let shape = panel.describe();
    let shown = |column: &&Column| columns.is_empty() || columns.contains(&column.name.as_str());
    PanelCard {
        unit: panel.unit_name.clone(),
        time: panel.time_name.clone(),
        n_units: panel.units.len(),
        n_periods: panel.times.len(),
        first: panel.times[0],
        last: panel.times[panel.times.len() - 1],
        step: panel.step,
        n_rows: panel.unit.len(),
        balanced: shape.balanced,
        gaps: shape.gaps,
        singletons: shape.singletons.len(),
        treatment: treatment.map(|t| t.card(panel)),
        columns: frame.columns().iter().filter(shown).map(column_card).collect(),
        warnings,
    }
}

fn column_card(column: &Column) -> ColumnCard {
    let (codes, _) = codes::codes_of(column);
    let mut seen: Vec<u32> = codes.iter().copied().filter(|&c| c != attica::frame::MISSING).collect();
    seen.sort_unstable();
    seen.dedup();
    let card = ColumnCard {
        name: column.name.clone(),
        kind: "text".to_owned(),
        missing: (0..column.len()).filter(|&row| column.is_missing(row)).count(),
        distinct: seen.len(),
        ..ColumnCard::default()
    };
    let Values::Number(values) = &column.values else { return card };
    let card = ColumnCard { kind: "number".to_owned(), ..card };
    // An infinity would make the mean absent from JSON; the design refuses it where it matters.
    let Some(found) = summary(values.iter().copied()).filter(|s| s.min.is_finite() && s.max.is_finite()) else {
        return card;
    };
    ColumnCard {
        mean: Some(found.mean),
        sd: found.sd,
        min: Some(found.min),
        median: Some(found.median),
        max: Some(found.max),
        ..card
    }
}
