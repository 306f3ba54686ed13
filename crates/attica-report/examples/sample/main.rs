//! Writes the sample report in both languages and all formats: `cargo run --example sample -- DIR`.

mod report;

use std::fs;
use std::path::PathBuf;

use attica::text::Language;
use attica_report::{csv, docx, figure, html, latex, markdown, xlsx};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/sample".to_owned()));
    for (language, code) in [(Language::En, "en"), (Language::Zh, "zh")] {
        let folder = root.join(code);
        fs::create_dir_all(folder.join("figures"))?;
        let report = report::report(language);
        fs::write(folder.join("report.html"), html::write(&report))?;
        fs::write(folder.join("report.md"), markdown::write(&report, |id| format!("figures/{id}.png")))?;
        for table in report.tables() {
            fs::write(folder.join(format!("{}.csv", table.id)), csv::write(table, report.style, language))?;
        }
        let pictures = figure::pngs(report.figures(), report.look(), 300.0)?;
        fs::write(folder.join("report.tex"), latex::write(&report, |id| format!("figures/{id}.png")))?;
        fs::write(folder.join("report.docx"), docx::write(&report, &pictures)?)?;
        fs::write(folder.join("report.xlsx"), xlsx::write(&report)?)?;
        #[cfg(feature = "pdf")]
        fs::write(folder.join("report.pdf"), attica_report::pdf::write(&report)?)?;
        for (drawn, picture) in report.figures().zip(&pictures) {
            fs::write(folder.join(format!("figures/{}.svg", drawn.id)), figure::svg(drawn, report.look()))?;
            fs::write(folder.join(format!("figures/{}.png", drawn.id)), &picture.bytes)?;
        }
    }
    Ok(())
}
