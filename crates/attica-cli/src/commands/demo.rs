//! `attica demo`: the bundled example, written and run.

use std::path::PathBuf;

use attica::frame::{Frame, Values};
use attica::message::Problem;
use attica::simulate::sci_tech_finance;
use attica::text::Language;

use super::run;
use crate::args::{Demo, Documents, Lang};
use crate::output::{Staging, unwritable};
use crate::say::Failure;
use crate::{Done, say};

/// The study file of the example.
const STUDY: &str = include_str!("../../../../examples/sci-tech-finance/study.toml");

/// Seed of the example's data.
const SEED: u64 = 20_111_020;

/// Writes the example into a folder and runs it there.
pub fn demo(args: &Demo) -> Done {
    let simulated = sci_tech_finance(SEED)?;
    let staging = Staging::new(&args.dir, args.force)?;
    staging.add("indicators.csv", &csv(&simulated.indicators, &args.dir)?)?;
    staging.add("pilots.csv", &csv(&simulated.pilots, &args.dir)?)?;
    let study: Vec<String> = STUDY.lines().map(|line| in_language(line, args.lang)).collect();
    let study = study.join("\n") + "\n";
    staging.add("study.toml", study.as_bytes())?;
    staging.finish()?;

    let path = args.dir.join("study.toml");
    let out = args.dir.join("attica-out");
    let documents = Documents { out: out.clone(), formats: Vec::new(), lang: None, force: args.force };
    let (_, results, files) = run::study(&path, None, &documents)?;
    let language = Language::from(args.lang);
    say::print(&run::summary(&results, &out, &files, language));
    say::print(&ending(&path, &out, simulated.truth.att, language));
    let failed = run::failed(&results);
    if failed.is_empty() { Ok(()) } else { Err(Failure::analysis(failed.into_iter().cloned().collect())) }
}

/// A line of the study file, with the language that was asked for.
fn in_language(line: &str, lang: Lang) -> String {
    match (line.split_once('='), lang) {
        (Some((key, _)), Lang::Zh) if key.trim() == "language" => format!("{key}= \"zh\""),
        _ => line.to_owned(),
    }
}

/// What to do next.
fn ending(study: &std::path::Path, out: &std::path::Path, att: f64, language: Language) -> String {
    let report: PathBuf = out.join("report.html");
    match language {
        Language::En => format!(
            "\nThe true mean effect in these simulated data is {att:.4}.\nOpen {}, change {} and run it again:\n  attica run {} --out {}\n",
            report.display(),
            study.display(),
            study.display(),
            out.display()
        ),
        Language::Zh => format!(
            "\n模拟数据中真实的平均处理效应为{att:.4}。\n打开{}，修改{}，再运行：\n  attica run {} --out {}\n",
            report.display(),
            study.display(),
            study.display(),
            out.display()
        ),
    }
}

/// A frame as CSV.
fn csv(frame: &Frame, dir: &std::path::Path) -> Result<Vec<u8>, Problem> {
    let write = || -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(frame.columns().iter().map(|c| &c.name))?;
        for row in 0..frame.rows() {
            let cell = |column: &attica::frame::Column| match &column.values {
                Values::Number(values) if values[row].is_nan() => String::new(),
                _ => column.display(row),
            };
            writer.write_record(frame.columns().iter().map(cell))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    };
    write().map_err(|error| unwritable(dir, &std::io::Error::other(error)))
}
