//! Times a full report, 15 tables and 8 figures, in each format: `cargo run --release --example speed`.
#![allow(clippy::print_stdout)]

#[path = "sample/report.rs"]
#[allow(dead_code)]
mod report;

use std::time::Instant;

use attica::text::Language;
use attica_report::report::{Block, Report};
use attica_report::{docx, figure, html, latex, markdown};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut blocks = vec![Block::Table(report::descriptives()); 5];
    blocks.extend(vec![Block::Table(report::baseline()); 10]);
    for n in [1, 2, 1, 2, 3, 1] {
        blocks.push(Block::Figure(report::event_study(n, -6, 8, true)));
    }
    blocks.extend(vec![Block::Figure(report::placebo()); 2]);
    for language in [Language::En, Language::Zh] {
        let full = Report { blocks: blocks.clone(), language, ..report::report(language) };
        let start = Instant::now();
        let mut last = start;
        let mut lap = |what: &str| {
            println!("{what:>10} {:7.1} ms", last.elapsed().as_secs_f64() * 1e3);
            last = Instant::now();
        };
        let page = html::write(&full);
        lap("html");
        let text = markdown::write(&full, |id| format!("{id}.png"));
        lap("markdown");
        let tex = latex::write(&full, |id| format!("{id}.png"));
        lap("latex");
        let pictures = figure::pngs(full.figures(), full.look(), 300.0)?;
        lap("png");
        let word = docx::write(&full, &pictures)?;
        lap("docx");
        let pixels: usize = pictures.iter().map(|picture| picture.bytes.len()).sum();
        println!(
            "{language:?}: {:.1} ms in all; html {} kB, markdown {} kB, latex {} kB, png {} kB, docx {} kB",
            start.elapsed().as_secs_f64() * 1e3,
            page.len() / 1000,
            text.len() / 1000,
            tex.len() / 1000,
            pixels / 1000,
            word.len() / 1000
        );
    }
    Ok(())
}
