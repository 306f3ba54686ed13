//! Files that appear whole or not at all.
//!
//! Everything is written into a folder beside the target and moved into place when it is complete.
//! A manifest keeps the checksum of each file, so that a later run sees which ones were edited.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use attica::message::{Place, Problem, Warning};
use attica::text::Language;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::say;

/// Name of the manifest.
pub const MANIFEST: &str = "manifest.json";

/// What is on its way and what is in place. Files are written and moved under this lock, so that an interruption comes
/// before or after, never between.
static FILES: Mutex<Files> = Mutex::new(Files { unfinished: Vec::new(), complete: Vec::new() });

struct Files {
    /// Folders to remove when the user interrupts.
    unfinished: Vec<PathBuf>,
    /// What this run has put in place.
    complete: Vec<PathBuf>,
}

fn files() -> MutexGuard<'static, Files> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was written, and what it looked like then.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    /// Version of Attica.
    version: String,
    /// SHA-256 by path, relative to the folder.
    files: BTreeMap<String, String>,
}

/// On Ctrl-C lets files come into place that are being put there, removes unfinished ones, says so, and ends with
/// code 130.
pub fn clean_up_when_interrupted() {
    let handler = || {
        // Held to the end: nothing is written any more.
        let files = files();
        for folder in &files.unfinished {
            let _ = std::fs::remove_dir_all(folder);
        }
        say::warnings(&[interrupted(&files.complete)], Language::En);
        std::process::exit(130);
    };
    // Without a handler an interruption still ends the program; only the folder beside stays.
    let _ = ctrlc::set_handler(handler);
}

/// `N707`: what an interruption left.
fn interrupted(complete: &[PathBuf]) -> Warning {
    let complete: Vec<String> = complete.iter().map(|path| path.display().to_string()).collect();
    if complete.is_empty() {
        return Warning::new("N707", "interrupted; nothing was written", "已中断；未写入任何文件");
    }
    let complete = complete.join(", ");
    let en = format!("interrupted; complete and in place: {complete}; nothing else was written");
    Warning::new("N707", en, format!("已中断；已完整写入：{complete}；未写入其他文件"))
}

/// A folder for the time of this run, which an interruption removes.
///
/// # Errors
/// `E706`.
pub fn scratch(prefix: &str, parent: &Path) -> Result<tempfile::TempDir, Problem> {
    let mut files = files();
    let folder =
        tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(|error| unwritable(parent, &error))?;
    files.unfinished.push(folder.path().to_owned());
    Ok(folder)
}

/// Files that appear together, each whole, or not at all.
///
/// # Errors
/// `E706`.
pub fn whole(wanted: &[(&Path, &[u8])]) -> Result<(), Problem> {
    let mut files = files();
    let written = |&(path, bytes): &(&Path, &[u8])| -> Result<tempfile::NamedTempFile, Problem> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<tempfile::NamedTempFile> {
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            Ok(file)
        };
        write().map_err(|error| unwritable(path, &error))
    };
    let staged = wanted.iter().map(written).collect::<Result<Vec<_>, _>>()?;
    for (&(path, _), file) in wanted.iter().zip(staged) {
        file.persist(path).map_err(|error| unwritable(path, &error.error))?;
        files.complete.push(path.to_owned());
    }
    Ok(())
}

/// Files on their way into a folder.
pub struct Staging {
    target: PathBuf,
    folder: tempfile::TempDir,
}

impl Staging {
    /// Prepares to write into `target`.
    ///
    /// # Errors
    /// `E705` when files there were changed by hand or were not made by this program, unless `force`; `E706` when the
    /// folder cannot be written.
    pub fn new(target: &Path, force: bool) -> Result<Self, Problem> {
        if !force {
            refuse_changed(target)?;
        }
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).map_err(|error| unwritable(parent, &error))?;
        let folder = scratch(".attica-", parent)?;
        Ok(Self { target: target.to_owned(), folder })
    }

    /// Adds a file; `name` may hold folders, `tables/1.csv`.
    ///
    /// # Errors
    /// `E706`.
    pub fn add(&self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        let path = self.folder.path().join(name);
        let _files = files();
        let write = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, bytes)
        };
        write().map_err(|error| unwritable(&self.target.join(name), &error))
    }

    /// Moves everything into place, the manifest last, and returns the names.
    ///
    /// # Errors
    /// `E706`.
    pub fn finish(self) -> Result<Vec<String>, Problem> {
        let mut names = Vec::new();
        list(self.folder.path(), "", &mut names).map_err(|error| unwritable(&self.target, &error))?;
        let mut manifest = Manifest { version: env!("CARGO_PKG_VERSION").to_owned(), files: BTreeMap::new() };
        for name in &names {
            let sum = checksum(&self.folder.path().join(name)).map_err(|error| unwritable(&self.target, &error))?;
            manifest.files.insert(name.clone(), sum);
        }
        let before = read_manifest(&self.target).unwrap_or_default();
        let text = serde_json::to_string_pretty(&manifest).map_err(|e| unwritable(&self.target, &e.into()))? + "\n";
        self.add(MANIFEST, text.as_bytes())?;
        let mut files = files();
        for name in names.iter().map(String::as_str).chain([MANIFEST]) {
            let to = self.target.join(name);
            let place = || {
                if let Some(parent) = to.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                std::fs::rename(self.folder.path().join(name), &to)
            };
            place().map_err(|error| unwritable(&to, &error))?;
        }
        // Files of an earlier run that this one no longer makes.
        for stale in before.files.keys().filter(|name| !manifest.files.contains_key(*name)) {
            let _ = std::fs::remove_file(self.target.join(stale));
        }
        files.complete.push(self.target.clone());
        Ok(names)
    }
}

/// The manifest of files that are written into a folder by other means.
///
/// # Errors
/// `E706`.
pub fn manifest(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Problem> {
    let sums = files.iter().map(|(name, bytes)| (name.clone(), hex(bytes))).collect();
    let manifest = Manifest { version: env!("CARGO_PKG_VERSION").to_owned(), files: sums };
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| unwritable(Path::new(MANIFEST), &e.into()))?;
    Ok((text + "\n").into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn refuse_changed(target: &Path) -> Result<(), Problem> {
    let Ok(mut entries) = std::fs::read_dir(target) else {
        if target.exists() {
            let problem = Problem::new("E705", "the output folder is a file").at(place(target));
            return Err(problem.fix("choose another --out"));
        }
        return Ok(());
    };
    let Some(manifest) = read_manifest(target) else {
        return match entries.next() {
            None => Ok(()),
            Some(_) => Err(Problem::new("E705", "the output folder holds files that this program did not write")
                .at(place(target))
                .fix("choose another --out, or add --force to write among them")),
        };
    };
    let changed: Vec<&str> = manifest
        .files
        .iter()
        .filter(|(name, sum)| checksum(&target.join(name)).is_ok_and(|now| now != **sum))
        .map(|(name, _)| name.as_str())
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(Problem::new("E705", format!("changed by hand since they were written: {}", changed.join(", ")))
        .at(place(target))
        .fix("keep them elsewhere, choose another --out, or add --force to replace them"))
}

fn read_manifest(target: &Path) -> Option<Manifest> {
    let text = std::fs::read_to_string(target.join(MANIFEST)).ok()?;
    serde_json::from_str(&text).ok()
}

fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

fn checksum(path: &Path) -> std::io::Result<String> {
    Ok(hex(&std::fs::read(path)?))
}

/// `E706` with what the system said.
pub fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new("E706", format!("cannot write: {error}"))
        .at(place(path))
        .fix("free some space or choose another --out")
}

fn place(path: &Path) -> Place {
    Place { file: Some(path.display().to_string()), ..Place::default() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What the handler of an interruption sees is before or after, never between.
    #[test]
    fn files_are_put_in_place_under_the_lock_of_the_handler() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let staging = Staging::new(&target, false).unwrap();
        for i in 0..200 {
            staging.add(&format!("{i}.txt"), b"text").unwrap();
        }
        let seen = std::thread::scope(|scope| {
            let placing = scope.spawn(|| staging.finish().unwrap());
            let mut seen = Vec::new();
            while !placing.is_finished() {
                let _files = files();
                seen.push(std::fs::read_dir(&target).map_or(0, Iterator::count));
            }
            seen
        });
        assert!(seen.iter().all(|count| [0, 201].contains(count)), "{seen:?}");
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), 201);
        assert!(interrupted(&files().complete).text.en.contains("complete and in place"));
    }
}
