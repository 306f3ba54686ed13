//! `checksums.sha256`, in the form that `sha256sum --check` reads.

use std::collections::BTreeMap;
use std::path::Path;

use attica::message::{Problem, Result};

use super::{File, SUMS, hex, inside};

/// One line per file.
pub fn write(files: &[File]) -> String {
    files.iter().fold(String::new(), |all, (name, bytes)| all + &format!("{}  {name}\n", hex(bytes)))
}

/// What checksums say of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sums {
    /// Files that are as listed.
    pub intact: usize,
    /// Files whose content is another.
    pub changed: Vec<String>,
    /// Files that are listed and not there.
    pub missing: Vec<String>,
    /// Files that are there and not listed.
    pub unlisted: Vec<String>,
}

impl Sums {
    /// Nothing changed, and nothing is missing; further files do no harm.
    pub fn hold(&self) -> bool {
        self.changed.is_empty() && self.missing.is_empty()
    }
}

/// Compares the files of a folder with its list.
///
/// # Errors
/// `E521` without a list, `E602` when a line is no checksum.
pub fn check(folder: &Path) -> Result<Sums> {
    let text = std::fs::read_to_string(folder.join(SUMS)).map_err(|error| {
        Problem::new("E521", format!("this is no replication package: {SUMS} cannot be read ({error})"))
            .fix("give the folder or the zip file that attica package wrote")
    })?;
    let mut listed = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let parsed =
            line.split_once("  ").filter(|(sum, _)| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some((sum, name)) = parsed else {
            return Err(Problem::new("E602", format!("line {} of {SUMS} is no checksum and name", at + 1)));
        };
        listed.insert(inside(name)?, sum.to_lowercase());
    }
    let mut found = Sums::default();
    for (name, sum) in &listed {
        match std::fs::read(folder.join(name)) {
            Ok(bytes) if hex(&bytes) == *sum => found.intact += 1,
            Ok(_) => found.changed.push(name.clone()),
            Err(_) => found.missing.push(name.clone()),
        }
    }
    let mut there = Vec::new();
    below(folder, "", &mut there);
    found.unlisted = there.into_iter().filter(|name| name != SUMS && !listed.contains_key(name)).collect();
    Ok(found)
}

fn below(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link may lead anywhere; it is a name like any other, and not followed.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}
