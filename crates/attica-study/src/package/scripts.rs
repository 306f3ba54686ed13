//! Master scripts, log and licence.

use crate::results::Results;

use super::{File, OUTPUT, RAW, STUDY};

/// The licence of the code in a package; the author may choose another.
pub const LICENCE: &str = "\
TODO: the author chooses the licence. Until then this proposal stands here, which journals accept for code.

The code in this package (study.toml, master.*, README.md) may be used, copied, changed and passed on without
condition and without warranty of any kind (BSD Zero Clause License, https://opensource.org/license/0bsd).

The data in data/ are under the terms of their providers, which README.md states.
";

/// The scripts that run everything, for two kinds of shell.
pub fn all() -> [File; 2] {
    let run = format!("attica run {STUDY} --data-dir {RAW} --out {OUTPUT}");
    let sh = format!(
        "#!/bin/sh\n# Computes every table and figure again from the raw data. Needs attica on the path (README.md).\nset -eu\ncd \"$(dirname \"$0\")\"\n{run}\nattica verify .\n"
    );
    let bat = format!(
        "@echo off\r\nrem Computes every table and figure again from the raw data. Needs attica on the path (README.md).\r\ncd /d \"%~dp0\"\r\n{run}\r\nif errorlevel 1 exit /b %errorlevel%\r\nattica verify .\r\n"
    );
    [("master.sh".to_owned(), sh.into_bytes()), ("master.bat".to_owned(), bat.into_bytes())]
}

/// What the run said: sources, where rows went, warnings. No times, so that the same study gives the same bytes.
pub fn log(results: &Results) -> String {
    let mut text = format!("attica {}\n{}\nseed {}\n\nsources\n", results.version, results.title.en, results.seed);
    for source in &results.sources {
        text += &format!(
            "  {}: {}, {} rows, {} columns, sha256 {}\n",
            source.file, source.format, source.rows, source.columns, source.sha256
        );
        text += &lines(&source.warnings);
    }
    for join in &results.joins {
        text += &format!(
            "  join of {}: {} matched, {} only in the panel, {} only in {}\n",
            join.file, join.matched, join.only_left, join.only_right, join.file
        );
        text += &lines(&join.warnings);
    }
    text += &format!("\nrows\n  read {}\n", results.ledger.read);
    for drop in &results.ledger.dropped {
        text += &format!("  less {}: {}\n", drop.rows, drop.reason.text().en);
    }
    text += &format!("  used {}\n\nwarnings\n", results.ledger.used);
    text += &lines(&results.warnings);
    text
}

fn lines(warnings: &[attica::message::Warning]) -> String {
    warnings.iter().fold(String::new(), |all, warning| all + &format!("  {} {}\n", warning.id, warning.text.en))
}
