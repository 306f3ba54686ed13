//! Tables of a Word document, as text: the few elements of WordprocessingML that hold cells.

use std::io::{Cursor, Read};

/// Most bytes that a document's text may unpack to.
const MOST: u64 = 200 << 20;

/// Every table that lies in no other, as rows of cells. A cell over several columns is followed by empty ones.
///
/// # Errors
/// A sentence, when the bytes are no Word document.
pub fn tables(bytes: &[u8]) -> Result<Vec<Vec<Vec<String>>>, String> {
    let broken = |error: &dyn std::fmt::Display| format!("this Word file cannot be read: {error}");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
    let part = archive.by_name("word/document.xml").map_err(|e| broken(&e))?;
    let mut text = Vec::new();
    part.take(MOST + 1).read_to_end(&mut text).map_err(|e| broken(&e))?;
    if text.len() as u64 > MOST {
        return Err(broken(&"it unpacks to more than 200 megabytes"));
    }
    let text = String::from_utf8(text).map_err(|e| broken(&e))?;
    Ok(scan(&text))
}

fn scan(xml: &str) -> Vec<Vec<Vec<String>>> {
    let mut tables: Vec<Vec<Vec<String>>> = Vec::new();
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut span = 1_usize;
    let mut cell = String::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        if in_text && depth == 1 {
            cell += &unescaped(&rest[..at]);
        }
        let Some(end) = rest[at..].find('>') else { break };
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        let (name, closed) = (tag.split([' ', '/']).next().unwrap_or(""), tag.ends_with('/'));
        match (name, tag.starts_with('/'), depth) {
            ("w:tbl", ..) => {
                depth += 1;
                if depth == 1 {
                    tables.push(Vec::new());
                }
            }
            ("", true, _) if tag == "/w:tbl" => depth = depth.saturating_sub(1),
            ("w:tr", _, 1) if !closed => {
                if let Some(table) = tables.last_mut() {
                    table.push(Vec::new());
                }
            }
            ("w:tc", _, 1) => (cell, span) = (String::new(), 1),
            ("w:gridSpan", _, 1) => span = attribute(tag).and_then(|n| n.parse().ok()).unwrap_or(1).clamp(1, 1000),
            ("", true, 1) if tag == "/w:tc" => {
                if let Some(row) = tables.last_mut().and_then(|table| table.last_mut()) {
                    row.push(std::mem::take(&mut cell));
                    row.extend((1..span).map(|_| String::new()));
                }
            }
            ("w:tab" | "w:br", _, 1) => cell.push(' '),
            ("", true, 1) if tag == "/w:p" => cell.push(' '),
            ("w:t", ..) => in_text = !closed,
            ("", true, _) if tag == "/w:t" => in_text = false,
            _ => {}
        }
    }
    tables
}

/// The value of the attribute `w:val`.
fn attribute(tag: &str) -> Option<&str> {
    let rest = tag.split("w:val=").nth(1)?;
    let quote = rest.chars().next()?;
    rest[quote.len_utf8()..].split(quote).next()
}

/// Text with the five named entities and numbered ones replaced.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out += &rest[..at];
        rest = &rest[at + 1..];
        let Some(end) = rest.find(';') else { break };
        let number = |digits: &str| {
            let code =
                digits.strip_prefix('x').map_or_else(|| digits.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
            code.and_then(char::from_u32)
        };
        out.extend(match &rest[..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            entity => entity.strip_prefix('#').and_then(number),
        });
        rest = &rest[end + 1..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_spans_and_entities() {
        let xml = r#"<w:body><w:p><w:r><w:t>before</w:t></w:r></w:p><w:tbl><w:tr w:rsid="1"><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r>
            <w:t>a &lt; b</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>0.025</w:t></w:r><w:r><w:t xml:space="preserve">***</w:t></w:r></w:p>
            <w:p><w:r><w:t>(0.004)</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl></w:body>"#;
        let tables = scan(xml);
        assert_eq!(
            tables,
            [[vec!["a < b ".to_owned(), String::new()], vec!["0.025*** (0.004) ".to_owned(), String::new()]]]
        );
        assert_eq!(unescaped("&#x4E2D;&#65;&amp;&unknown;"), "中A&");
    }
}
