//! Rows that are not data: totals, sources, notes, advertisements below a table.

use attica::message::Warning;

use super::cell::{fold, is_missing_number, number};
use super::table::Table;

/// Takes such rows out of the table and says which (`W514`).
///
/// A total is a row whose first filled cell ends in 合计 or is Total, or the like. A note is a row with one
/// filled cell, in a table of at least three columns, that reads like a note or is words in a column
/// that otherwise is numbers. A row with more in it is never taken out.
pub(super) fn leave_out(table: &mut Table, warnings: &mut Vec<Warning>) {
    let (mut totals, mut notes) = (Vec::new(), Vec::new());
    let mut numeric: Vec<Option<bool>> = vec![None; table.columns.len()];
    for row in 0..table.lines.len() {
        let mut cells = table.filled(row);
        let Some(first) = cells.next() else { continue };
        let text = table.columns[first].get(row);
        if is_total(text) {
            totals.push(row);
        } else if cells.next().is_none() && table.columns.len() > 2 && number(text).is_none() {
            // Whether a column is numbers is asked once for each.
            let mut among_numbers = || *numeric[first].get_or_insert_with(|| mostly_numbers(table, first));
            let is_note = reads_like_a_note(text) || (!is_missing_number(text) && among_numbers());
            notes.extend(is_note.then_some(row));
        }
    }
    for (rows, en, zh) in [(&totals, "totals", "合计行"), (&notes, "notes", "注释行")] {
        if rows.is_empty() {
            continue;
        }
        let shown: Vec<String> = rows
            .iter()
            .take(3)
            .map(|&row| {
                let text = table.filled(row).next().map_or("", |column| table.columns[column].get(row)).trim();
                format!("line {}: \"{}\"", table.lines[row], text.chars().take(40).collect::<String>())
            })
            .collect();
        warnings.push(Warning::new(
            "W514",
            format!("{} rows are {en} and were left out ({})", rows.len(), shown.join("; ")),
            format!("{} 行为{zh}，未读入（{}）", rows.len(), shown.join("；").replace("line ", "第 ")),
        ));
    }
    if !totals.is_empty() || !notes.is_empty() {
        let mut keep = vec![true; table.lines.len()];
        totals.iter().chain(&notes).for_each(|&row| keep[row] = false);
        table.keep(&keep);
    }
}

fn is_total(text: &str) -> bool {
    let word: String = fold(text).chars().filter(|c| !c.is_whitespace() && !":：".contains(*c)).collect();
    let word = word.to_lowercase();
    // 城市合计 too; 合计 is part of no place's name.
    ["合计", "总计", "小计", "共计"].iter().any(|total| word.ends_with(total))
        || matches!(word.as_str(), "total" | "grandtotal" | "subtotal")
}

/// Starts as notes do, or holds a web address or the punctuation of a sentence.
fn reads_like_a_note(text: &str) -> bool {
    const STARTS: [&str; 12] =
        ["数据来源", "资料来源", "来源", "注:", "注1", "说明", "备注", "source", "note", "notes", "*", "①"];
    let text = fold(text).to_lowercase();
    STARTS.iter().any(|start| text.starts_with(start))
        || ["http://", "https://", "www."].iter().any(|address| text.contains(address))
        // Full-width commas and colons are folded.
        || text.contains(['。', '【']) || (!text.is_ascii() && text.contains([',', ';', ':']))
}

/// More than half of the filled cells are numbers.
fn mostly_numbers(table: &Table, column: usize) -> bool {
    let (mut numbers, mut filled) = (0_usize, 0_usize);
    for cell in table.columns[column].iter().filter(|cell| !is_missing_number(cell)) {
        filled += 1;
        numbers += usize::from(number(cell).is_some());
    }
    numbers * 2 > filled
}
