//! The reference document: a Word file whose styles the report takes over.

use std::path::Path;

use attica::message::{Problem, Result};
use attica_report::docx_reference;

/// Most bytes that a reference document may have.
const MOST: u64 = 50 << 20;

/// Styles of the document `name` below `folder`.
///
/// # Errors
/// `E521` when it is no file that can be read, or a relative path leads out of the folder; `E512` when it is larger than 50
/// megabytes; `E513` when it is no Word document.
pub(super) fn styles(name: &str, folder: &Path) -> Result<String> {
    let path = folder.join(name);
    let closed = |error: std::io::Error| {
        Problem::new("E521", format!("{} cannot be opened: {error}", path.display()))
            .fix("put the reference document beside the study file, or give its whole path")
    };
    let real = path.canonicalize().map_err(closed)?;
    if Path::new(name).is_relative() && !real.starts_with(folder.canonicalize().map_err(closed)?) {
        return Err(Problem::new(
            "E521",
            format!("{name} leads out of the folder of the study, to {}", real.display()),
        )
        .fix("copy the document into that folder, or give its whole path"));
    }
    let meta = std::fs::metadata(&real).map_err(closed)?;
    if !meta.is_file() {
        return Err(Problem::new("E521", format!("{name} is not a file")).fix("name a .docx file"));
    }
    if meta.len() > MOST {
        return Err(Problem::new("E512", format!("{name} is larger than 50 megabytes"))
            .fix("save a copy with the styles alone"));
    }
    let bytes = std::fs::read(&real).map_err(closed)?;
    docx_reference::read(&bytes).map_err(|why| {
        Problem::new("E513", format!("{name} is no Word document whose styles can be taken over: {why}"))
            .fix("save it in Word as .docx")
    })
}
