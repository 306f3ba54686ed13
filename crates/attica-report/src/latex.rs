//! LaTeX: booktabs tables with decimals in line, figures from files, every label escaped.

use attica::text::{Language, Text};

use crate::escape::{file_name, latex as escape};
use crate::format::{self, Style};
use crate::grid::{Grid, GridHead, GridRow, Place, Printed, grid};
use crate::layout::{Layout, layout};
use crate::report::{Block, Report};
use crate::table::{Align, Table};

/// `report` as a LaTeX document. The picture of a figure is expected at
/// `figure_path(name)`, where the name is [`file_name`] of its id, relative to the
/// file. English compiles with pdflatex; Chinese, and English with letters that pdflatex lacks,
/// with xelatex. The first line says which.
pub fn write(report: &Report, figure_path: impl Fn(&str) -> String) -> String {
    let language = report.language;
    let text = |text: &Text| escape(text.get(language));
    let mut body = format!("\\begin{{center}}\n{{\\LARGE\\bfseries {}\\par}}\n", text(&report.title));
    if let Some(subtitle) = &report.subtitle {
        body.push_str(&format!("\\medskip{{\\large {}\\par}}\n", text(subtitle)));
    }
    if let Some(badge) = &report.badge {
        body.push_str(&format!(
            "\\medskip\\fbox{{\\parbox{{.94\\textwidth}}{{\\centering\\textbf{{{}}}}}}}\\par\n",
            text(badge)
        ));
    }
    body.push_str("\\end{center}\n\n");
    let width = report.figure_width.within_text().map_or_else(|| "\\textwidth".to_owned(), |cm| format!("{cm}cm"));
    let (mut tables, mut figures) = (0, 0);
    let following = report.blocks.iter().skip(1).map(Some).chain([None]);
    for (block, next) in report.blocks.iter().zip(following) {
        match block {
            Block::Heading(level, heading) => {
                if matches!(next, Some(Block::Table(_))) {
                    // A long table may break anywhere, and a heading should not stay behind alone.
                    body.push_str("\\Needspace{10\\baselineskip}\n");
                }
                let command = ["section", "subsection", "subsubsection"][usize::from(*level).clamp(1, 3) - 1];
                body.push_str(&format!("\\{command}{{{}}}\n\n", text(heading)));
            }
            Block::Paragraph(paragraph) => body.push_str(&format!("{}\n\n", text(paragraph))),
            Block::List { numbered, items } => {
                let environment = if *numbered { "enumerate" } else { "itemize" };
                body.push_str(&format!("\\begin{{{environment}}}\n"));
                for item in items {
                    body.push_str(&format!("  \\item {}\n", text(item)));
                }
                body.push_str(&format!("\\end{{{environment}}}\n\n"));
            }
            Block::Table(block) => {
                tables += 1;
                table(&mut body, block, tables, report);
            }
            Block::Figure(figure) => {
                figures += 1;
                body.push_str(&format!(
                    "\\begin{{figure}}[H]\n\\centering\n\\includegraphics[width={width}]{{{}}}\n\
                     \\caption{{{}}}\\label{{fig:{figures}}}\n",
                    figure_path(&file_name(&figure.id)),
                    text(&figure.title)
                ));
                let notes = format::notes(&figure.notes, language);
                if !notes.is_empty() {
                    body.push_str(&format!(
                        "\\par\\smallskip\\parbox{{\\textwidth}}{{\\footnotesize {}}}\n",
                        escape(&notes)
                    ));
                }
                body.push_str("\\end{figure}\n\n");
            }
            Block::Note(note) => body.push_str(&format!("\\begin{{quote}}{}\\end{{quote}}\n\n", text(note))),
            Block::Warning(warning) => {
                let label = Text::new("Caution. ", "注意：");
                body.push_str(&format!(
                    "\\begin{{quote}}\\textbf{{{}}}{}\\end{{quote}}\n\n",
                    label.get(language),
                    text(warning)
                ));
            }
            Block::Code(code) => {
                let lines: Vec<String> = code.lines().map(|line| escape(line).replace(' ', "~")).collect();
                let lines = lines.join("\\\\\n").replace("\\\\\n\\\\", "\\\\\n~\\\\");
                body.push_str(&format!(
                    "\\begin{{quote}}\\ttfamily\\footnotesize\\noindent\n{lines}\n\\end{{quote}}\n\n"
                ));
            }
        }
    }
    format!("{}\\begin{{document}}\n{body}\\end{{document}}\n", preamble(report, &body))
}

fn preamble(report: &Report, body: &str) -> String {
    let needs_xelatex = report.language == Language::Zh
        || body.chars().any(|c| c > '\u{17F}' && !matches!(c, '‘' | '’' | '“' | '”' | '…' | '•' | '€'));
    let engine = if needs_xelatex { "xelatex" } else { "pdflatex" };
    let class = match (report.language, needs_xelatex) {
        (Language::Zh, _) => {
            "\\documentclass[UTF8,a4paper,zihao=-4]{ctexart}\n\\usepackage{mathptmx}\n\\IfFontExistsTF{Times New Roman}{\\setmainfont{Times New Roman}}{\\IfFontExistsTF{TeX Gyre Termes}{\\setmainfont{TeX Gyre Termes}}{}}\n"
        }
        (Language::En, true) => "\\documentclass[11pt,a4paper]{article}\n\\usepackage[UTF8,scheme=plain]{ctex}\n",
        (Language::En, false) => {
            "\\documentclass[11pt,a4paper]{article}\n\\usepackage[T1]{fontenc}\n\\usepackage[utf8]{inputenc}\n\\usepackage{textcomp}\n\\usepackage{mathptmx}\n"
        }
    };
    let separator = if report.language == Language::Zh { "quad" } else { "period" };
    let rules = if report.style == Style::Cn { "1.5pt" } else { "1pt" };
    format!(
        "% !TeX program = {engine}\n{class}\\usepackage[margin=2.54cm]{{geometry}}\n\\usepackage{{amsmath}}\n\
         \\usepackage{{float}}\n\\usepackage{{graphicx}}\n\\usepackage{{array}}\n\\usepackage{{longtable}}\n\\usepackage{{booktabs}}\n\\usepackage{{dcolumn}}\n\
         \\usepackage[para,flushleft]{{threeparttable}}\n\\usepackage{{caption}}\n\\usepackage{{needspace}}\n\
         \\captionsetup{{labelfont=bf,textfont=bf,labelsep={separator}}}\n\
         \\setlength{{\\heavyrulewidth}}{{{rules}}}\n\\setlength{{\\lightrulewidth}}{{.75pt}}\n\
         \\setlength{{\\LTleft}}{{0pt}}\n\\setlength{{\\LTright}}{{0pt}}\n\\setlength{{\\emergencystretch}}{{3em}}\n\
         \\newcolumntype{{d}}[1]{{D{{.}}{{.}}{{#1}}}}\n"
    )
}

/// Letters that a table may have, with their commands: as the classes of [`preamble`] set them.
const SIZES_EN: [(f64, &str); 5] =
    [(10.95, ""), (10.0, "\\small"), (9.0, "\\footnotesize"), (8.0, "\\scriptsize"), (6.0, "\\tiny")];
const SIZES_ZH: [(f64, &str); 5] =
    [(12.0, ""), (10.5, "\\small"), (9.0, "\\footnotesize"), (7.5, "\\scriptsize"), (6.5, "\\tiny")];
/// A4 with margins of 2.54 cm, in TeX's points.
const TEXT_WIDTH: f64 = 452.9;
/// Points on both sides of a column.
const GAP: f64 = 8.0;
/// Points that the lines of a table may fill on one page, with room for caption and notes.
const PAGE: f64 = 560.0;

fn table(out: &mut String, table: &Table, number: usize, report: &Report) {
    let language = report.language;
    let grid = grid(table, report.style, language);
    if grid.columns == 0 {
        return;
    }
    let sizes = if language == Language::Zh { SIZES_ZH } else { SIZES_EN };
    let found = layout(&grid, TEXT_WIDTH, GAP, &sizes.map(|(points, _)| points));
    let command = sizes.iter().find(|(points, _)| *points == found.size).map_or("", |(_, command)| command);
    let gap = GAP / 2.0;
    let setting = format!("{command}\\setlength{{\\tabcolsep}}{{{gap}pt}}\n");
    let caption = format!("\\caption{{{}}}\\label{{tab:{number}}}", escape(table.title.get(language)));
    let columns = columns(table, &grid, &found);
    let head = printed_head(&grid, &found, report.style);
    let rows = printed_rows(table, &grid, &found, report.style);
    let notes = escape(&format::notes(&table.notes, language));
    let continued = Text::new("(continued)", "（续表）");
    let continued =
        format!("\\multicolumn{{{}}}{{@{{}}l}}{{\\footnotesize {}}}", grid.columns, continued.get(language));
    // Lines of this many points, as LaTeX leads them.
    if found.lines as f64 * 1.25 * found.size > PAGE {
        out.push_str(&format!(
            "{{{setting}\\begin{{longtable}}{{@{{\\extracolsep{{\\fill}}}}{columns}@{{}}}}\n{caption}\\\\\n\\toprule\n{head}\\endfirsthead\n\
             {continued}\\\\\n\\toprule\n{head}\\endhead\n\\bottomrule\n\\endfoot\n{rows}\\end{{longtable}}}}\n"
        ));
        if !notes.is_empty() {
            out.push_str(&format!("\\vspace{{-\\medskipamount}}\\noindent{{\\footnotesize {notes}\\par}}\n"));
        }
        out.push_str("\\medskip\n\n");
        return;
    }
    out.push_str(&format!(
        "\\begin{{table}}[H]\n\\centering\n\\begin{{threeparttable}}\n{caption}\n{setting}\
         \\begin{{tabular*}}{{\\textwidth}}{{@{{\\extracolsep{{\\fill}}}}{columns}@{{}}}}\n\\toprule\n{head}{rows}\\bottomrule\n\\end{{tabular*}}\n"
    ));
    if !notes.is_empty() {
        out.push_str(&format!("\\begin{{tablenotes}}\\footnotesize\n\\item {notes}\n\\end{{tablenotes}}\n"));
    }
    out.push_str("\\end{threeparttable}\n\\end{table}\n\n");
}

/// The head with the rule below it.
fn printed_head(grid: &Grid, found: &Layout, style: Style) -> String {
    let mut out = String::new();
    for row in &grid.head {
        let cells: Vec<String> = row.iter().map(|cell| head(cell, found)).collect();
        out.push_str(&format!("{} \\\\\n", cells.join(" & ")));
        let ruled: Vec<&GridHead> = row.iter().filter(|head| head.has_rule(style)).collect();
        for head in &ruled {
            out.push_str(&format!("\\cmidrule(lr){{{}-{}}}", head.start + 1, head.start + head.span));
        }
        if !ruled.is_empty() {
            out.push('\n');
        }
    }
    if !grid.head.is_empty() {
        out.push_str("\\midrule\n");
    }
    out
}

fn printed_rows(table: &Table, grid: &Grid, found: &Layout, style: Style) -> String {
    let mut out = String::new();
    for row in &grid.rows {
        match row {
            GridRow::Cells(cells) => {
                let cells: Vec<String> =
                    cells.iter().enumerate().map(|(j, cell)| body(cell, table.columns[j], found, j)).collect();
                out.push_str(&format!("{} \\\\\n", cells.join(" & ")));
            }
            GridRow::Panel(text) => {
                let command = if style == Style::Cn { "textbf" } else { "textit" };
                out.push_str(&format!(
                    "\\multicolumn{{{}}}{{@{{}}l}}{{\\{command}{{{}}}}} \\\\\n",
                    grid.columns,
                    escape(text)
                ));
            }
            GridRow::Separator => {
                out.push_str(if style == Style::Aer { "\\midrule\n" } else { "\\addlinespace\n" });
            }
        }
    }
    out
}

/// Column types: labels to the left (in lines where they wrap), decimals in line, words centred.
fn columns(table: &Table, grid: &Grid, found: &Layout) -> String {
    (0..found.widths.len())
        .map(|j| match (table.columns[j], found.wraps[j]) {
            (Align::Left, true) => wrapped("raggedright", 'p', found.widths[j]),
            (Align::Left, false) => "l".to_owned(),
            (Align::Centre, true) => wrapped("centering", 'p', found.widths[j]),
            (Align::Centre, false) => "c".to_owned(),
            (Align::Decimal, _) => decimal(grid, j),
        })
        .collect()
}

/// A column of decimals, with the digits before and after the point that it has room for; raised stars are narrow.
fn decimal(grid: &Grid, column: usize) -> String {
    let (mut before, mut after) = (1, 0);
    for row in &grid.rows {
        let GridRow::Cells(cells) = row else { continue };
        let Place::Point(at) = cells[column].place else { continue };
        let (left, right) = cells[column].text.split_at(at);
        let stars = right.matches('*').count();
        // A minus is wider than a digit.
        before = before.max(left.chars().count() + left.matches(format::MINUS).count());
        after = after.max(right.trim_start_matches('.').chars().count() - stars + stars.div_ceil(2));
    }
    format!("d{{{before}.{after}}}")
}

/// A column of lines.
fn wrapped(how: &str, kind: char, width: f64) -> String {
    format!(">{{\\{how}\\arraybackslash}}{kind}{{{width:.1}pt}}")
}

/// A cell of the head; lines stand on the rule below.
fn head(head: &GridHead, found: &Layout) -> String {
    let text = escape(&head.text);
    match (head.start, head.span) {
        (start, 1) if !text.is_empty() && found.wraps[start] => {
            let (edge, how) = if start == 0 { ("@{}", "raggedright") } else { ("", "centering") };
            format!("\\multicolumn{{1}}{{{edge}{}}}{{{text}}}", wrapped(how, 'b', found.widths[start]))
        }
        (0, 1) => text,
        _ if text.is_empty() && head.span == 1 => String::new(),
        (_, span) => format!("\\multicolumn{{{span}}}{{c}}{{{text}}}"),
    }
}

fn body(cell: &Printed, align: Align, found: &Layout, column: usize) -> String {
    match cell.place {
        _ if cell.text.is_empty() => String::new(),
        Place::Left => escape(&cell.text),
        Place::Centre if align == Align::Centre => escape(&cell.text),
        Place::Centre if cell.is_text && found.wraps[column] => {
            let lines = wrapped("centering", 'p', found.widths[column]);
            format!("\\multicolumn{{1}}{{{lines}}}{{{}}}", escape(&cell.text))
        }
        Place::Centre => format!("\\multicolumn{{1}}{{c}}{{{}}}", escape(&cell.text)),
        Place::Point(_) => math(&cell.text),
    }
}

/// A printed number in the math mode of a decimal column: nothing but digits and signs gets here.
fn math(text: &str) -> String {
    let digits = text.trim_end_matches('*');
    let stars = text.len() - digits.len();
    let mut out = String::new();
    for c in digits.chars() {
        match c {
            format::MINUS => out.push('-'),
            format::THIN_SPACE => out.push_str("\\,"),
            ',' => out.push_str("{,}"),
            c => out.push(c),
        }
    }
    if stars > 0 {
        out.push_str(&format!("^{{{}}}", "*".repeat(stars)));
    }
    out
}
