//! The panel card: what a reader of the data should know before any estimate.

use attica::frame::Frame;
use attica::message::Warning;
use attica::panel::Panel;

use super::Treatment;
use crate::read::describe;
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
    let shown = |card: &ColumnCard| columns.is_empty() || columns.contains(&card.name.as_str());
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
        columns: describe(frame).into_iter().filter(shown).collect(),
        warnings,
    }
}
