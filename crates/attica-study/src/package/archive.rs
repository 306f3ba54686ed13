//! Packages as one zip file, and what such a file may not do when it is opened.

use std::collections::BTreeSet;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use attica::message::{Problem, Result};

use super::{File, inside};

/// Most files in a package that is opened.
const MOST_FILES: usize = 10_000;
/// Most bytes that they unpack to.
const MOST_BYTES: u64 = 2 << 30;
/// Most that one file may grow by unpacking, beyond a megabyte.
const MOST_RATIO: u64 = 100;

/// The files below one folder `root` as a zip file; the same bytes for the same files.
///
/// # Errors
/// `E706`.
pub fn zipped(files: &[File], root: &str) -> Result<Vec<u8>> {
    let failed = |error: &dyn std::fmt::Display| Problem::new("E706", format!("the zip file cannot be made: {error}"));
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        #[allow(clippy::case_sensitive_file_extension_comparisons, reason = "the names are our own")]
        let mode = if name.ends_with(".sh") { 0o755 } else { 0o644 };
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(mode)
            .large_file(bytes.len() as u64 > u64::from(u32::MAX / 2));
        writer.start_file(format!("{root}/{name}"), options).map_err(|error| failed(&error))?;
        writer.write_all(bytes).map_err(|error| failed(&error))?;
    }
    Ok(writer.finish().map_err(|error| failed(&error))?.into_inner())
}

/// Unpacks a zip file into `folder` and returns the package's own folder within it.
///
/// # Errors
/// `E513` when it is no zip file, holds too many files, one that grows too much, a link, an absolute name, or two names
/// that some systems take for one; `E521` for a name that leads elsewhere; `E706` when `folder` cannot be written.
pub fn unpack(bytes: &[u8], folder: &Path) -> Result<std::path::PathBuf> {
    let broken = |why: String| {
        Problem::new("E513", format!("this is no replication package that can be opened: {why}"))
            .fix("give the folder or the zip file that attica package wrote")
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
    if archive.len() > MOST_FILES {
        return Err(broken(format!("it holds {} files, more than {MOST_FILES}", archive.len())));
    }
    let mut names = BTreeSet::new();
    let mut total = 0_u64;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|error| broken(error.to_string()))?;
        if entry.is_dir() {
            continue;
        }
        let written = entry.name().map_err(|error| broken(error.to_string()))?.into_owned();
        if entry.is_symlink() {
            return Err(broken(format!("\"{written}\" is a link")));
        }
        if written.starts_with('/') || written.contains('\\') {
            return Err(broken(format!("\"{written}\" leads out of it")));
        }
        let name = inside(&written)?;
        if !names.insert(name.to_lowercase()) {
            return Err(broken(format!("\"{name}\" is there twice")));
        }
        let packed = entry.compressed_size();
        let allowed = (packed.saturating_mul(MOST_RATIO)).max(1 << 20).min(MOST_BYTES - total);
        let mut content = Vec::new();
        // What the header says of the size is not to be trusted; the limit is on what comes out.
        entry.take(allowed + 1).read_to_end(&mut content).map_err(|error| broken(format!("\"{name}\": {error}")))?;
        if content.len() as u64 > allowed {
            return Err(broken(format!(
                "\"{name}\" unpacks to more than {MOST_RATIO} times its size, or all to more than 2 GiB"
            )));
        }
        total += content.len() as u64;
        let path = folder.join(&name);
        let write = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, &content)
        };
        write().map_err(|error| Problem::new("E706", format!("cannot unpack \"{name}\": {error}")))?;
    }
    root(folder).ok_or_else(|| broken(format!("it holds no {}", super::SUMS)))
}

/// The folder with the checksums: the top, or the only folder below it.
fn root(folder: &Path) -> Option<std::path::PathBuf> {
    if folder.join(super::SUMS).is_file() {
        return Some(folder.to_owned());
    }
    let below = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    below.into_iter().find(|path| path.join(super::SUMS).is_file())
}
