//! Raw files to frames: what is in a file, how sure we are of it, and what was left out.
//!
//! Reading never stops at the first oddity that it can tell: it goes on, and the [`Source`] says
//! what was noticed. It stops where going on could merge units, shift columns or lose rows.

mod cell;
mod decode;
mod delimited;
mod file;
mod join;
mod notes;
mod options;
mod places;
mod rows;
mod table;

use std::path::Path;

use attica::frame::{Column, Frame, unknown_column};
use attica::message::{Problem, Result, Warning};

use crate::results::Source;

pub use join::{JoinOptions, join};
pub use options::{Header, Limits, Long, Missing, Parse, ReadOptions, Sheet, Word};
pub use places::plain_place;

/// A table out of a reader, its format in words, and what was noticed.
struct Read {
    frame: Frame,
    format: String,
    warnings: Vec<Warning>,
}

/// Reads `path` into a frame. The format follows from the extension, and is checked against the
/// first bytes. The source carries the SHA-256 of the bytes that were read and all warnings.
///
/// # Errors
/// `E521` path, `E513` wrong or unreadable format, `E512` too large, `E511` no rows, and those of
/// the format: `E501`, `E504`, `E506` (text), `E517` (Stata), `E520` (parquet); `E301` a rule that a
/// cell does not follow; `E603` an option on a column that does not exist. The place names the file.
pub fn read_file(path: &Path, options: &ReadOptions) -> Result<(Frame, Source)> {
    read_named(path, options).map_err(|mut problem| {
        problem.place.file.get_or_insert_with(|| path.display().to_string());
        problem
    })
}

fn read_named(path: &Path, options: &ReadOptions) -> Result<(Frame, Source)> {
    let loaded = file::load(path, options)?;
    let Read { frame, format, mut warnings } = match loaded.kind {
        file::Kind::Delimited { tabs } => {
            let (mut table, format, mut warnings) = delimited::read(&loaded.bytes, options, tabs)?;
            rows::leave_out(&mut table, &mut warnings);
            let frame = table.into_frame(options, !format.contains("delimiter \",\""), &mut warnings)?;
            Read { frame, format, warnings }
        }
    };
    let frame = chosen(frame, options)?;
    warnings.extend(loaded.changed(path));
    let source = Source {
        file: path.display().to_string(),
        sha256: loaded.sha256,
        format,
        rows: frame.rows(),
        columns: frame.columns().len(),
        warnings,
    };
    Ok((frame, source))
}

/// The frame under the user's names, with the user's columns only.
fn chosen(frame: Frame, options: &ReadOptions) -> Result<Frame> {
    if options.rename.is_empty() && options.columns.is_empty() {
        return Ok(frame);
    }
    for old in options.rename.keys() {
        frame.column(old)?;
    }
    let renamed: Vec<Column> = frame
        .columns()
        .iter()
        .map(|column| {
            let name = options.rename.get(&column.name).unwrap_or(&column.name).clone();
            Column { name, ..column.clone() }
        })
        .collect();
    if options.columns.is_empty() {
        return Frame::new(renamed).map_err(|p: Problem| p.fix("give each column a name of its own in rename"));
    }
    let kept = options.columns.iter().map(|name| {
        renamed
            .iter()
            .find(|column| column.name == *name)
            .cloned()
            .ok_or_else(|| unknown_column(name, renamed.iter().map(|c| c.name.as_str())))
    });
    Frame::new(kept.collect::<Result<_>>()?)
}
