//! LaTeX: booktabs tables with decimals in line, figures from files, every label escaped.

use attica::text::{Language, Text};

use crate::escape::{file_name, latex as escape};
use crate::format::{self, Style};
use crate::grid::{Grid, GridHead, GridRow, Place, Printed, grid};
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
        body.push_str(&format!("\\medskip\\fbox{{\\textbf{{{}}}}}\\par\n", text(badge)));
    }
    body.push_str("\\end{center}\n\n");
    let (mut tables, mut figures) = (0, 0);
    for block in &report.blocks {
        match block {
            Block::Heading(level, heading) => {
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
                    "\\begin{{figure}}[H]\n\\centering\n\\includegraphics[width=\\textwidth]{{{}}}\n\
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
         \\usepackage{{float}}\n\\usepackage{{graphicx}}\n\\usepackage{{array}}\n\\usepackage{{booktabs}}\n\\usepackage{{dcolumn}}\n\
         \\usepackage[para,flushleft]{{threeparttable}}\n\\usepackage{{caption}}\n\
         \\captionsetup{{labelfont=bf,textfont=bf,labelsep={separator}}}\n\
         \\setlength{{\\heavyrulewidth}}{{{rules}}}\n\\setlength{{\\lightrulewidth}}{{.75pt}}\n\
         \\newcolumntype{{d}}{{D{{.}}{{.}}{{-1}}}}\n"
    )
}

fn table(out: &mut String, table: &Table, number: usize, report: &Report) {
    let language = report.language;
    let grid = grid(table, report.style, language);
    if grid.columns == 0 {
        return;
    }
    out.push_str(&format!(
        "\\begin{{table}}[H]\n\\centering\n\\begin{{threeparttable}}\n\\caption{{{}}}\\label{{tab:{number}}}\n{}\
         \\begin{{tabular}}{{@{{}}{}@{{}}}}\n\\toprule\n",
        escape(table.title.get(language)),
        size(&grid),
        columns(table, &grid)
    ));
    for row in &grid.head {
        let cells: Vec<String> = row.iter().map(head).collect();
        out.push_str(&format!("{} \\\\\n", cells.join(" & ")));
        if report.style == Style::Aer {
            for head in row.iter().filter(|head| head.is_group()) {
                out.push_str(&format!("\\cmidrule(lr){{{}-{}}}", head.start + 1, head.start + head.span));
            }
            if row.iter().any(GridHead::is_group) {
                out.push('\n');
            }
        }
    }
    if !grid.head.is_empty() {
        out.push_str("\\midrule\n");
    }
    for row in &grid.rows {
        match row {
            GridRow::Cells(cells) => {
                let cells: Vec<String> =
                    cells.iter().enumerate().map(|(j, cell)| body(cell, table.columns[j])).collect();
                out.push_str(&format!("{} \\\\\n", cells.join(" & ")));
            }
            GridRow::Panel(text) => {
                let command = if report.style == Style::Cn { "textbf" } else { "textit" };
                out.push_str(&format!(
                    "\\multicolumn{{{}}}{{@{{}}l}}{{\\{command}{{{}}}}} \\\\\n",
                    grid.columns,
                    escape(text)
                ));
            }
            GridRow::Separator => {
                out.push_str(if report.style == Style::Aer { "\\midrule\n" } else { "\\addlinespace\n" });
            }
        }
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    let notes = format::notes(&table.notes, language);
    if !notes.is_empty() {
        out.push_str(&format!("\\begin{{tablenotes}}\\footnotesize\n\\item {}\n\\end{{tablenotes}}\n", escape(&notes)));
    }
    out.push_str("\\end{threeparttable}\n\\end{table}\n\n");
}

/// Column types: labels to the left (in lines when they are long), decimals in line, words centred.
fn columns(table: &Table, grid: &Grid) -> String {
    (0..grid.columns)
        .map(|j| match table.columns[j] {
            Align::Left if letters(grid, j) > 44 => ">{\\raggedright\\arraybackslash}p{6cm}".to_owned(),
            Align::Left => "l".to_owned(),
            Align::Centre => "c".to_owned(),
            Align::Decimal => "d".to_owned(),
        })
        .collect()
}

/// The longest text of a column, in letters; a Chinese character counts for two.
fn letters(grid: &Grid, column: usize) -> usize {
    let length = |text: &str| text.chars().map(|c| if c >= '\u{2E80}' { 2 } else { 1 }).sum::<usize>();
    let cells = grid.rows.iter().filter_map(|row| match row {
        GridRow::Cells(cells) => Some(length(&cells[column].text)),
        _ => None,
    });
    let heads = grid.head.iter().flatten().filter(|head| head.start == column && head.span == 1);
    cells.chain(heads.map(|head| length(&head.text))).max().unwrap_or(0)
}

/// Smaller letters and narrower gaps for wide tables: some 95 letters fit in a line.
fn size(grid: &Grid) -> &'static str {
    let total: usize = (0..grid.columns).map(|j| letters(grid, j).min(44) + 3).sum();
    match total {
        0..=86 => "",
        87..=100 => "\\small\n",
        101..=120 => "\\footnotesize\\setlength{\\tabcolsep}{4pt}\n",
        _ => "\\scriptsize\\setlength{\\tabcolsep}{3pt}\n",
    }
}

fn head(head: &GridHead) -> String {
    let text = escape(&head.text);
    match (head.start, head.span) {
        (0, 1) => text,
        _ if text.is_empty() && head.span == 1 => String::new(),
        (_, span) => format!("\\multicolumn{{{span}}}{{c}}{{{text}}}"),
    }
}

fn body(cell: &Printed, align: Align) -> String {
    match cell.place {
        _ if cell.text.is_empty() => String::new(),
        Place::Left => escape(&cell.text),
        Place::Centre if align == Align::Centre => escape(&cell.text),
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
