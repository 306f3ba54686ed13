//! Runs the command as a user would, in a folder of its own.

use std::path::Path;
use std::process::Command;

/// What a run of the command left.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `attica` with `args` in `dir`.
pub fn attica(dir: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_attica")).args(args).current_dir(dir).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with these files.
pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// A number that looks random and is the same everywhere.
pub fn noise(unit: usize, year: usize, salt: usize) -> f64 {
    let x = ((unit * 131 + year * 17 + salt * 7919 + 11) * 2_654_435_761) % 100_003;
    x as f64 / 100_003.0 - 0.5
}

/// Twelve units in 2010-2017; units 0-5 adopt in 2013 or 2015, the others never. `line` makes a row's cells.
pub fn panel(header: &str, line: impl Fn(usize, usize) -> String) -> String {
    let mut text = header.to_owned() + "\n";
    for unit in 0..12 {
        for year in 2010..2018 {
            text += &(line(unit, year) + "\n");
        }
    }
    text
}

/// First treated year of a unit of [`panel`].
pub fn first(unit: usize) -> Option<usize> {
    match unit {
        0..3 => Some(2013),
        3..6 => Some(2015),
        _ => None,
    }
}

/// 1 in treated rows of [`panel`].
pub fn treated(unit: usize, year: usize) -> bool {
    first(unit).is_some_and(|g| year >= g)
}

/// A sound table: city, year, y, x, d, first, region, province.
#[allow(dead_code, reason = "not every test starts from it")]
pub fn sound() -> String {
    panel("city,year,y,x,d,first,region,province", |unit, year| {
        let x = noise(unit, year, 1);
        let d = treated(unit, year);
        let y = unit as f64 * 0.1
            + (year - 2010) as f64 * 0.05
            + 0.5 * f64::from(u8::from(d))
            + 0.3 * x
            + 0.2 * noise(unit, year, 2);
        let g = first(unit).map_or(String::new(), |g| g.to_string());
        let region = if unit % 2 == 0 { "east" } else { "west" };
        format!("c{unit},{year},{y},{x},{},{g},{region},p{}", u8::from(d), unit / 2)
    })
}

/// A study of `panel.csv`, with the policy's line and what follows the model.
#[allow(dead_code, reason = "not every test runs a study")]
pub fn study(policy: &str, rest: &str) -> String {
    format!(
        "[[data]]\nfile = \"panel.csv\"\nunit = \"city\"\ntime = \"year\"\n\n[policy]\n{policy}\n\n[model]\noutcome = \"y\"\n{rest}\n"
    )
}
