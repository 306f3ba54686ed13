//! Every number of every table is the same, cell by cell, in every format and language.
#![allow(clippy::unwrap_used)]

#[path = "../examples/sample/report.rs"]
mod sample;

use attica::text::{Language, Text};
use attica_report::report::{Block, Report};
use attica_report::stack::stacked;
use attica_report::table::{Cell, Head, Row, Table};
use attica_report::{csv as comma, docx, figure, html, latex, markdown, xlsx};
use docx_rs::{DocumentChild, TableCellContent, TableChild, TableRowChild};

/// What a cell must say, written down without the library's own formatting.
fn expected(cell: &Cell, language: Language) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.get(language).to_owned(),
        Cell::Count(n) => n.to_string(),
        Cell::Number { value, decimals } => format!("{value:.decimals$}"),
        Cell::Estimate { value, stars, decimals } => format!("{value:.decimals$}{}", "*".repeat(usize::from(*stars))),
        Cell::Bracketed { value, decimals, .. } => format!("({value:.decimals$})"),
        Cell::Absent(_) => "–".to_owned(),
        other => panic!("the sample has no {other:?}"),
    }
}

fn expected_rows(table: &Table, language: Language) -> Vec<Vec<String>> {
    table
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::Cells(cells) => Some(cells.iter().map(|cell| expected(cell, language)).collect()),
            _ => None,
        })
        .collect()
}

/// One notation for all formats: plain minus, no thousands separators, no commas in numbers.
fn plain(text: &str) -> String {
    let text = text.trim().replace('\u{2212}', "-").replace('\u{202F}', "");
    let number = text.chars().all(|c| c.is_ascii_digit() || c == ',');
    if number { text.replace(',', "") } else { text }
}

fn strip_tags(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&")
}

fn html_rows(page: &str, table: usize, columns: usize) -> Vec<Vec<String>> {
    let body = page.split("<tbody>").nth(table + 1).unwrap().split("</tbody>").next().unwrap();
    body.split("<tr>")
        .skip(1)
        .map(|row| {
            let row = row.split("</tr>").next().unwrap().replace("</th>", "</td>");
            row.split("</td>").map(|cell| plain(&strip_tags(cell))).take(columns).collect::<Vec<_>>()
        })
        .filter(|row| row.len() == columns && row.iter().skip(1).any(|cell| !cell.is_empty()))
        .collect()
}

fn markdown_rows(text: &str, table: usize, columns: usize) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().collect();
    let blocks: Vec<&[&str]> = lines.split(|line| !line.starts_with('|')).filter(|block| !block.is_empty()).collect();
    blocks[table]
        .iter()
        .map(|line| {
            let inner = line.trim_start_matches("| ").trim_end_matches(" |");
            inner.split(" | ").map(|cell| plain(&cell.replace('\\', ""))).collect::<Vec<_>>()
        })
        .filter(|row| row.len() == columns)
        .collect()
}

fn latex_rows(text: &str, table: usize) -> Vec<Vec<String>> {
    let body = text.split("\\begin{tabular*}").nth(table + 1).unwrap();
    let body = body.split("\\bottomrule").next().unwrap().split_once("\\midrule\n").unwrap().1;
    let clean = |cell: &str| {
        let cell = cell.trim().trim_start_matches("\\midrule").trim_start_matches("\\addlinespace").trim();
        let cell = match cell.strip_prefix("\\multicolumn{1}{c}{") {
            Some(inner) => inner.strip_suffix('}').unwrap(),
            None => cell,
        };
        let cell = cell.replace("{,}", "").replace("\\,", "").replace("\\ensuremath{^2}", "²");
        plain(&cell.replace("^{", "").replace("*}", "*").replace("--", "–"))
    };
    body.split("\\\\\n").map(|row| row.split(" & ").map(clean).collect()).collect()
}

fn word_rows(bytes: &[u8], table: usize) -> Vec<Vec<String>> {
    let document = docx_rs::read_docx(bytes).unwrap().document;
    let tables: Vec<_> = document
        .children
        .iter()
        .filter_map(|child| match child {
            DocumentChild::Table(table) => Some(table),
            _ => None,
        })
        .collect();
    tables[table]
        .rows
        .iter()
        .map(|TableChild::TableRow(row)| {
            row.cells
                .iter()
                .map(|TableRowChild::TableCell(cell)| {
                    let TableCellContent::Paragraph(paragraph) = &cell.children[0] else { panic!("a cell of text") };
                    plain(&paragraph.raw_text())
                })
                .collect()
        })
        .collect()
}

/// What a spreadsheet holds: numbers at full precision, printed here with the decimals of `expected`.
fn assert_sheet(book: &[u8], number: usize, table: &Table, language: Language) {
    use calamine::{Data, Reader, Xlsx};
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(book)).unwrap();
    let name = format!("{number} {}", table.id);
    let sheet = book.worksheet_range(&name).unwrap();
    let first = 1 + table.head.len();
    let bodies = table.rows.iter().enumerate().filter_map(|(i, row)| match row {
        Row::Cells(cells) => Some((first + i, cells)),
        _ => None,
    });
    for (row, cells) in bodies {
        for (column, cell) in cells.iter().enumerate() {
            let found = sheet.get_value((row as u32, column as u32)).unwrap_or(&Data::Empty);
            let agrees = match (cell, found) {
                (Cell::Empty | Cell::Text(_), Data::Empty) => expected(cell, language).is_empty(),
                (Cell::Count(n), Data::Float(x)) => *x == *n as f64,
                (
                    Cell::Number { value, .. } | Cell::Estimate { value, .. } | Cell::Bracketed { value, .. },
                    Data::Float(x),
                ) => x == value,
                (Cell::Text(_) | Cell::Absent(_), Data::String(text)) => *text == expected(cell, language),
                _ => false,
            };
            assert!(agrees, "{name}, row {row}, column {column}: {cell:?} is {found:?}");
        }
    }
}

fn csv_rows(text: &str) -> Vec<Vec<String>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(plain).collect())
        .collect()
}

/// `rows` holds all of `expected`, in order (heads and panel rows may stand between).
fn assert_holds(rows: &[Vec<String>], expected: &[Vec<String>], what: &str) {
    let mut rest = rows.iter();
    for row in expected {
        assert!(rest.any(|found| found == row), "{what}: no row {row:?} in order among {rows:#?}");
    }
}

fn check(report: &Report, tables: usize) {
    let language = report.language;
    let page = html::write(report);
    let text = markdown::write(report, |id| format!("{id}.png"));
    let tex = latex::write(report, |id| format!("{id}.png"));
    let pictures = figure::pngs(report.figures(), report.look(), 50.0).unwrap();
    let word = docx::write(report, &pictures).unwrap();
    let book = xlsx::write(report).unwrap();
    assert_eq!(report.tables().count(), tables);
    for (i, table) in report.tables().enumerate() {
        let expected = expected_rows(table, language);
        assert!(expected.len() > 3);
        let columns = table.columns.len();
        assert_holds(&html_rows(&page, i, columns), &expected, "html");
        assert_holds(&markdown_rows(&text, i, columns), &expected, "markdown");
        assert_holds(&latex_rows(&tex, i), &expected, "latex");
        assert_holds(&word_rows(&word, i), &expected, "docx");
        assert_sheet(&book, i + 1, table, language);
        // An absent number is an empty field in CSV.
        let blank: Vec<Vec<String>> = expected
            .iter()
            .map(|row| row.iter().map(|cell| if cell == "–" { String::new() } else { cell.clone() }).collect())
            .collect();
        assert_holds(&csv_rows(&comma::write(table, report.style, language)), &blank, "csv");
    }
}

#[test]
fn english_formats_agree() {
    check(&sample::report(Language::En), 2);
}

#[test]
fn chinese_formats_agree() {
    check(&sample::report(Language::Zh), 2);
}

/// The regressions of the sample twice, with another outcome in Panel B, below headers of the user's.
fn panels() -> Table {
    let group = |en: &str, zh: &str| Head::group(2, Text::new(en, zh));
    let heads = vec![Head::blank(), group("Levels", "水平值"), group("Logs", "对数值")];
    let mut first = sample::baseline();
    first.head[0] = heads;
    let mut second = first.clone();
    second.head[2][1] = Head::over(2, Text::same("PATENTS"));
    second.head[2].remove(2);
    second.notes.push(Text::new("Patents per head.", "人均专利数。"));
    let Row::Cells(cells) = &mut second.rows[0] else { panic!("a row of coefficients") };
    cells[1] = Cell::Estimate { value: -7.125, stars: 2, decimals: 3 };
    let parts = [(Text::new("Forces", "生产力"), &first), (Text::new("Patents", "专利"), &second)];
    stacked("both", &Text::new("Two outcomes", "两个结果变量"), &parts).unwrap()
}

#[test]
fn panels_and_groups_agree_over_formats() {
    for language in [Language::En, Language::Zh] {
        let table = panels();
        let report = Report { blocks: vec![Block::Table(table.clone())], ..sample::report(language) };
        check(&report, 1);
        let word = |en: &'static str, zh: &'static str| if language == Language::Zh { zh } else { en };
        let groups = [word("Levels", "水平值"), word("Logs", "对数值")];
        let names = [word("Panel A. Forces", "面板A：生产力"), word("Panel B. Patents", "面板B：专利")];
        let page = html::write(&report);
        let text = markdown::write(&report, str::to_owned);
        let tex = latex::write(&report, str::to_owned);
        let pictures: Vec<figure::Png> = Vec::new();
        let rows = word_rows(&docx::write(&report, &pictures).unwrap(), 0);
        let fields = csv_rows(&comma::write(&table, report.style, language));
        assert_eq!(rows[0], ["", groups[0], groups[1]]);
        assert_eq!(fields[0], ["", groups[0], "", groups[1], ""]);
        assert!(text.contains(&format!("|  | {0} | {0} | {1} | {1} |", groups[0], groups[1])), "{text}");
        assert!(tex.contains("\\cmidrule(lr){2-3}\\cmidrule(lr){4-5}"));
        for group in groups {
            assert!(
                page.contains(&format!("<th class=\"g r\" scope=\"colgroup\" colspan=\"2\"><span>{group}</span></th>"))
            );
            assert!(tex.contains(&format!("\\multicolumn{{2}}{{c}}{{{group}}}")));
        }
        let mut book: calamine::Xlsx<_> =
            calamine::Reader::new(std::io::Cursor::new(xlsx::write(&report).unwrap())).unwrap();
        let sheet = calamine::Reader::worksheet_range(&mut book, "1 both").unwrap();
        let cell = |row: usize, column: u32| sheet.get_value((row as u32, column)).map(ToString::to_string);
        assert_eq!([cell(1, 1), cell(1, 3)], groups.map(|group| Some(group.to_owned())));
        for name in names {
            assert!(page.contains(&format!("colspan=\"5\">{name}</td>")));
            assert!(text.contains(&format!("| **{name}** |")), "{text}");
            assert!(tex.contains(&format!("{{{name}}}}} \\\\")));
            assert!(rows.iter().any(|row| row == &[name]) && fields.iter().any(|row| row == &[name]));
            let at = table.rows.iter().position(|row| matches!(row, Row::Panel(text) if text.get(language) == name));
            assert_eq!(cell(1 + table.head.len() + at.unwrap(), 0), Some(name.to_owned()));
        }
        // The heads that differ stand in their panels, and each note once.
        assert_eq!(table.head.len(), 2);
        assert_eq!(table.notes.len(), sample::baseline().notes.len() + 1);
        assert!(table.notes.last().unwrap().en.starts_with("Panel B: Patents"));
        assert!(rows.iter().any(|row| row == &["", "PATENTS", "PATENTS", "NPRO", "ln(NPRO)"]));
    }
}

#[test]
fn tables_of_other_columns_do_not_stack() {
    let mut narrow = sample::baseline();
    narrow.columns.pop();
    let whole = sample::baseline();
    assert!(stacked("both", &Text::default(), &[(Text::default(), &whole), (Text::default(), &narrow)]).is_none());
    assert!(stacked("none", &Text::default(), &[]).is_none());
}

#[test]
fn files_have_the_same_bytes_each_time() {
    let report = sample::report(Language::Zh);
    let write = || {
        let pictures = figure::pngs(report.figures(), report.look(), 50.0).unwrap();
        (docx::write(&report, &pictures).unwrap(), xlsx::write(&report).unwrap(), html::write(&report), pictures)
    };
    let (word, book, page, pictures) = write();
    let elsewhere = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..2).map(|_| scope.spawn(write)).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect::<Vec<_>>()
    });
    for (other_word, other_book, other_page, other_pictures) in elsewhere {
        assert!(word == other_word, "docx");
        assert!(book == other_book, "xlsx");
        assert!(page == other_page, "html");
        assert!(pictures.iter().zip(&other_pictures).all(|(a, b)| a.bytes == b.bytes), "png");
    }
    assert!(!word.windows(4).any(|bytes| bytes == b"2026"), "a date in the file");
}
