//! The replication package: everything that an editor needs to compute a study again, and the check that it does.

mod archive;
mod compare;
mod environment;
mod exhibits;
mod readme;
mod scripts;
mod sums;

use std::path::{Component, Path};

use attica::message::{Place, Problem};
use sha2::{Digest, Sha256};

use crate::export::{self, Software};
use crate::results::Results;
use crate::run::Prepared;
use crate::studyfile::{StudyFile, StudySource};

pub use archive::{unpack, zipped};
pub use compare::{Comparison, Difference, tables, values};
pub use environment::Environment;
pub use sums::{Sums, check as check_sums};

/// Name of the study file in a package.
pub const STUDY: &str = "study.toml";
/// Folder of the raw data in a package.
pub const RAW: &str = "data/raw";
/// Folder of the outputs in a package.
pub const OUTPUT: &str = "output";
/// Name of the list of checksums.
pub const SUMS: &str = "checksums.sha256";
/// Columns of the analysis, which the scripts of other software read.
const DERIVED: &str = "data/derived/analysis";

/// A file of a package: path with `/` between folders, and bytes.
pub type File = (String, Vec<u8>);

/// What a package is made of.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// The study.
    pub file: &'a StudyFile,
    /// Its text.
    pub source: &'a StudySource,
    /// What came out.
    pub results: &'a Results,
    /// The data behind it.
    pub prepared: &'a Prepared,
    /// Folder that the raw files are in.
    pub folder: &'a Path,
    /// Documents, tables and figures, below [`OUTPUT`].
    pub documents: &'a [File],
    /// Seconds that the run took.
    pub seconds: f64,
}

/// All files of a package, in the order of their names; the checksums last.
///
/// # Errors
/// `E521` when a raw file cannot be read or its path leaves the folder of the data, `W522` when it changed since it
/// was read.
pub fn files(made: &Made<'_>) -> Result<Vec<File>, Problem> {
    let mut files: Vec<File> = vec![(STUDY.to_owned(), made.source.text.clone().into_bytes())];
    for source in &made.results.sources {
        let inside = inside(&source.file)?;
        let bytes = std::fs::read(made.folder.join(&source.file))
            .map_err(|error| unread(&source.file, &format!("cannot read: {error}")))?;
        if hex(&bytes) != source.sha256 {
            return Err(Problem::new("W522", "the file changed after it was read")
                .at(place(&source.file))
                .fix("make the package again"));
        }
        // Two tables of one study may come from one file.
        let name = format!("{RAW}/{inside}");
        if files.iter().all(|(known, _)| *known != name) {
            files.push((name, bytes));
        }
    }
    let mut absent = Vec::new();
    for to in [Software::Stata, Software::R, Software::Python] {
        let found = export::written(made.file, made.results, made.prepared, to, DERIVED);
        files.push((format!("master.{}", to.extension()), found.script.into_bytes()));
        if to == Software::Python {
            files.push((format!("{DERIVED}.csv"), found.data));
            files.extend(found.levels.map(|bytes| (format!("{DERIVED}-levels.csv"), bytes)));
            absent = found.absent;
        }
    }
    files.extend(made.documents.iter().map(|(name, bytes)| (format!("{OUTPUT}/{name}"), bytes.clone())));
    files.extend(scripts::all());
    files.push(("logs/run.log".to_owned(), scripts::log(made.results).into_bytes()));
    files.push(("environment.json".to_owned(), Environment::here().json().into_bytes()));
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let exhibits = exhibits::all(made);
    files.push(("README.md".to_owned(), readme::write(made, &exhibits, &absent, bytes).into_bytes()));
    files.push(("LICENSE.txt".to_owned(), scripts::LICENCE.as_bytes().to_vec()));
    files.sort();
    let sums = sums::write(&files);
    files.push((SUMS.to_owned(), sums.into_bytes()));
    Ok(files)
}

/// A relative path of plain names with `/` between them.
///
/// # Errors
/// `E521` for any other.
pub fn inside(path: &str) -> Result<String, Problem> {
    let out = || {
        unread(path, "a package holds files below the folder of the data only, under relative names")
            .fix("name the file relative to --data-dir, without ..")
    };
    let mut names = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => names.push(name.to_str().ok_or_else(out)?),
            Component::CurDir => {}
            _ => return Err(out()),
        }
    }
    // What means a drive or a folder elsewhere must not become one there.
    if names.is_empty() || names.iter().any(|name| name.contains(['\\', ':']) || name.ends_with(['.', ' '])) {
        return Err(out());
    }
    Ok(names.join("/"))
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unread(path: &str, why: &str) -> Problem {
    Problem::new("E521", why).at(place(path))
}

fn place(path: &str) -> Place {
    Place { file: Some(path.to_owned()), ..Place::default() }
}

#[cfg(test)]
mod tests;
