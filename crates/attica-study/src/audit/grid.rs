//! A pasted table as rows of cells.

use super::docx;
use super::latex::latex;

/// Cells of a table, and the line of the paste that each row stands on, from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Rows of cells, outer spaces removed; rows without any content are left out.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Grid {
    /// Rows with content, from rows of raw cells and their lines.
    pub fn new(rows: impl IntoIterator<Item = (usize, Vec<String>)>) -> Self {
        let trimmed = rows.into_iter().map(|(line, cells)| {
            let cells: Vec<String> = cells.iter().map(|c| c.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
            (line, cells)
        });
        Self { rows: trimmed.filter(|(_, cells)| cells.iter().any(|c| !c.is_empty())).collect() }
    }
}

/// Table `number` (from 1) of a file, by its ending: `.csv`, `.tsv`, `.tex` or `.docx`.
///
/// # Errors
/// A sentence, when there is no such table.
pub fn of_file(name: &str, bytes: &[u8], number: usize) -> Result<Grid, String> {
    let text = || {
        let text = std::str::from_utf8(bytes).map_err(|e| format!("{name} is not UTF-8 (byte {})", e.valid_up_to()))?;
        Ok::<_, String>(text.trim_start_matches('\u{feff}'))
    };
    match ending(name).as_str() {
        "csv" | "tsv" | "txt" => delimited(text()?),
        "tex" => latex(text()?, number),
        "docx" => word(bytes, number),
        _ => Err(format!("{name} is none of .csv, .tsv, .tex and .docx")),
    }
}

/// Number of tables in a file, at least one.
pub fn count(name: &str, bytes: &[u8]) -> usize {
    let tables = match ending(name).as_str() {
        "tex" => String::from_utf8_lossy(bytes).matches("\\begin{tabular").count(),
        "docx" => docx::tables(bytes).map_or(1, |tables| tables.len()),
        _ => 1,
    };
    tables.max(1)
}

/// Ending of a file's name, in small letters.
pub fn ending(name: &str) -> String {
    let ending = std::path::Path::new(name).extension().and_then(|e| e.to_str());
    ending.unwrap_or("").to_lowercase()
}

/// A table with tabs, semicolons or commas between its cells. Tabs, or semicolons, are taken where every line that has more than one
/// cell could have them; quotation marks protect commas within cells.
///
/// # Errors
/// A sentence, when quotation marks are not closed.
pub fn delimited(text: &str) -> Result<Grid, String> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let delimiter = if lines().any(|l| l.contains('\t')) {
        b'\t'
    } else if lines().filter(|l| l.contains(';')).count() * 2 > lines().count() {
        b';'
    } else {
        b','
    };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("the table cannot be read: {error}"))?;
        // The reader's position is where the last record ended: blank lines may stand between it and this record.
        let (byte, line) = record.position().map_or((0, 1), |p| (p.byte() as usize, p.line() as usize));
        let ahead = &text[byte..];
        let blank = ahead[..ahead.len() - ahead.trim_start_matches(['\r', '\n']).len()].matches('\n').count();
        rows.push((line - 1 + blank, record.iter().map(str::to_owned).collect()));
    }
    Ok(Grid::new(rows))
}

/// Table `number` (from 1) of a Word document.
///
/// # Errors
/// A sentence, when the file is none or has fewer tables.
pub fn word(bytes: &[u8], number: usize) -> Result<Grid, String> {
    let tables = docx::tables(bytes)?;
    let count = tables.len();
    let rows = tables
        .into_iter()
        .nth(number - 1)
        .ok_or_else(|| format!("there is no table {number} in the file, only {count}"))?;
    Ok(Grid::new(rows.into_iter().enumerate()))
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(crate) fn cells(grid: &Grid) -> Vec<Vec<&str>> {
        grid.rows.iter().map(|(_, r)| r.iter().map(String::as_str).collect()).collect()
    }

    #[test]
    fn tabs_semicolons_and_quoted_commas_are_read() {
        let comma = delimited("x,(1)\nDID,0.025***\nN,\"3,135\"\n").unwrap();
        assert_eq!(cells(&comma), [["x", "(1)"], ["DID", "0.025***"], ["N", "3,135"]]);
        let tab = delimited("\n\nx\t(1)\nN\t3,135\n").unwrap();
        assert_eq!(cells(&tab), [["x", "(1)"], ["N", "3,135"]]);
        assert_eq!(tab.rows[0].0, 2);
        assert_eq!(cells(&delimited("x;(1)\nN;3,135").unwrap()), [["x", "(1)"], ["N", "3,135"]]);
    }
}
