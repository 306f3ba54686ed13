//! Several tables printed as the panels of one.

use attica::text::{Language, Text};

use crate::table::{Cell, Head, Row, Table};

/// One table of `parts`, each under its title, that share their columns: `Panel A. …`, `Panel B. …`. Head rows that all
/// parts have stand once at the top, and the others below the name of their panel; so do notes.
///
/// Gives nothing without parts, or when their columns differ in number or alignment.
pub fn stacked(id: &str, title: &Text, parts: &[(Text, &Table)]) -> Option<Table> {
    let (_, first) = parts.first()?;
    if parts.iter().any(|(_, part)| part.columns != first.columns) {
        return None;
    }
    let is_shared = |head: &Vec<Head>| parts.iter().all(|(_, part)| part.head.contains(head));
    let mut rows = Vec::new();
    for (i, (name, part)) in parts.iter().enumerate() {
        if i > 0 {
            rows.push(Row::Separator);
        }
        rows.push(Row::Panel(panel(i, name)));
        rows.extend(part.head.iter().filter(|head| !is_shared(head)).map(|head| Row::Cells(flat(head))));
        rows.extend(part.rows.iter().cloned());
    }
    Some(Table {
        id: id.to_owned(),
        title: title.clone(),
        columns: first.columns.clone(),
        head: first.head.iter().filter(|head| is_shared(head)).cloned().collect(),
        rows,
        notes: notes(parts),
    })
}

/// `A`, `B`, …, and numbers where the alphabet ends.
pub fn letter(i: usize) -> String {
    u8::try_from(i).ok().filter(|i| *i < 26).map_or_else(|| (i + 1).to_string(), |i| char::from(b'A' + i).to_string())
}

fn panel(i: usize, name: &Text) -> Text {
    let letter = letter(i);
    let of = |language| name.get(language);
    Text::new(format!("Panel {letter}. {}", of(Language::En)), format!("面板{letter}：{}", of(Language::Zh)))
}

/// A head row as a row of the body, which has no cells over several columns.
fn flat(head: &[Head]) -> Vec<Cell> {
    let cell = |head: &Head| if head.text == Text::default() { Cell::Empty } else { Cell::Text(head.text.clone()) };
    head.iter().flat_map(|head| std::iter::repeat_n(cell(head), head.span.max(1))).collect()
}

/// Each note once: first those of all panels, then those of one or some, which say so.
fn notes(parts: &[(Text, &Table)]) -> Vec<Text> {
    let mut found: Vec<(&Text, Vec<usize>)> = Vec::new();
    for (i, (_, part)) in parts.iter().enumerate() {
        for note in &part.notes {
            match found.iter_mut().find(|(seen, _)| *seen == note) {
                Some((_, panels)) => panels.push(i),
                None => found.push((note, vec![i])),
            }
        }
    }
    found.sort_by_key(|(_, panels)| panels.len() < parts.len());
    let said = |(note, panels): (&Text, Vec<usize>)| {
        if panels.len() == parts.len() {
            return note.clone();
        }
        let letters: Vec<String> = panels.into_iter().map(letter).collect();
        let noun = if letters.len() == 1 { "Panel" } else { "Panels" };
        Text::new(
            format!("{noun} {}: {}", letters.join(", "), note.en),
            format!("面板{}：{}", letters.join("、"), note.zh),
        )
    };
    found.into_iter().map(said).collect()
}
