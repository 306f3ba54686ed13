//! Raw files to frames: what is in a file, how sure we are of it, and what was left out.
//!
//! Reading never stops at the first oddity that it can tell: it goes on, and the [`Source`] says
//! what was noticed. It stops where going on could merge units, shift columns or lose rows.

mod calendar;
mod cell;
#[cfg(feature = "parquet")]
mod columnar;
mod decode;
mod delimited;
mod describe;
mod file;
mod guard;
mod join;
mod names;
mod notes;
mod options;
#[cfg(feature = "parquet")]
mod passes;
mod places;
mod quality;
mod reshape;
mod rows;
mod stata;
mod table;
mod workbook;

use std::path::Path;

use attica::frame::{Column, Frame, unknown_column};
use attica::message::{Problem, Result, Warning};

use self::file::{Kind, Loaded};
use self::guard::guarded;
use self::notes::Notes;
use self::table::Table;
use crate::results::Source;

pub use describe::{column_card, describe};
pub use join::{JoinOptions, join};
pub use names::changing_names;
pub use options::{Header, Limits, Long, Missing, Parse, ReadOptions, Sheet, Word};
#[cfg(feature = "parquet")]
pub use passes::{Passes, Reading};
pub use places::plain_place;
pub use quality::{
    constant_within, empty_or_constant, infinite, outliers, outside_unit_interval, straight_runs, unit_jumps,
    value_warnings,
};
pub use reshape::{to_long, to_wide};

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
    naming(path, || {
        let loaded = file::load(file::find(path, options)?, path)?;
        let (sha256, read) = rayon::join(|| loaded.sha256(), || parsed(&loaded, options));
        let (frame, format, mut warnings) = shaped(read?, options)?;
        warnings.extend(loaded.changed());
        let source = Source {
            file: path.display().to_string(),
            sha256,
            format,
            rows: frame.rows(),
            columns: frame.columns().len(),
            warnings,
        };
        Ok((frame, source))
    })
}

/// Reads `path` for answers that do not name its hash: the frame and what was noticed. Of a parquet file only
/// [`ReadOptions::used`] is read, and of its bytes no more than a batch stays in memory.
///
/// # Errors
/// Those of [`read_file`]; `E520` when a parquet file changes while it is read.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<(Frame, Vec<Warning>)> {
    naming(path, || {
        let found = file::find(path, options)?;
        #[cfg(feature = "parquet")]
        if found.is_parquet(path) {
            let open = || found.open().map_err(|e| guard::broken("E520", "parquet file", &e));
            let read = guarded("E520", "parquet file", || columnar::parquet(open, options))?;
            let (frame, _, warnings) = shaped(ruled(read, options)?, options)?;
            return if found.is_unchanged() { Ok((frame, warnings)) } else { Err(file::changed_meanwhile()) };
        }
        let loaded = file::load(found, path)?;
        let (frame, _, mut warnings) = shaped(parsed(&loaded, options)?, options)?;
        warnings.extend(loaded.changed());
        Ok((frame, warnings))
    })
}

/// A problem's place names the file.
fn naming<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    read().map_err(|mut problem| {
        problem.place.file.get_or_insert_with(|| path.display().to_string());
        problem
    })
}

/// Frame, format and warnings once the user's shape and names are given to what was read.
fn shaped(read: Read, options: &ReadOptions) -> Result<(Frame, String, Vec<Warning>)> {
    let Read { frame, format, warnings } = read;
    let frame = match &options.long {
        Some(long) => to_long(&frame, long)?,
        None => frame,
    };
    Ok((chosen(frame, options)?, format, warnings))
}

/// The table in the bytes of a file.
fn parsed(loaded: &Loaded, options: &ReadOptions) -> Result<Read> {
    let bytes = &loaded.bytes;
    match loaded.kind {
        Kind::Delimited { tabs } => typed(delimited::read(bytes, options, tabs)?, options),
        Kind::Workbook(book) => typed(guarded("E513", "workbook", || workbook::read(bytes, book, options))?, options),
        Kind::Stata => ruled(guarded("E517", "Stata file", || stata::read(bytes, options))?, options),
        #[cfg(feature = "parquet")]
        Kind::Parquet => {
            ruled(guarded("E520", "parquet file", || columnar::parquet(|| Ok(bytes.clone()), options))?, options)
        }
        #[cfg(feature = "parquet")]
        Kind::Arrow => ruled(guarded("E520", "arrow file", || columnar::arrow(bytes, options))?, options),
        #[cfg(not(feature = "parquet"))]
        Kind::Parquet | Kind::Arrow => {
            Err(Problem::new("E520", "this build of Attica reads no parquet or arrow files")
                .fix("build it with --features parquet, or export the table as CSV"))
        }
    }
}

/// A table of texts becomes a frame of numbers and texts.
fn typed((mut table, format, mut warnings): (Table, String, Vec<Warning>), options: &ReadOptions) -> Result<Read> {
    rows::leave_out(&mut table, &mut warnings);
    if table.lines.is_empty() {
        return Err(Problem::new("E511", "all rows below the header are totals or notes")
            .fix("say where the header is: header = 3"));
    }
    // Where the comma separates cells, it does not also stand in numbers.
    let comma = !format.contains("delimiter \",\"");
    let frame = table.into_frame(options, comma, &mut warnings)?;
    Ok(Read { frame, format, warnings })
}

/// Columns that come typed, under the user's rules for some of them.
fn ruled(mut read: Read, options: &ReadOptions) -> Result<Read> {
    let mut notes = Notes::default();
    options.parse.keys().try_for_each(|name| read.frame.column(name).map(|_| ()))?;
    let names: Vec<String> = read.frame.columns().iter().map(|c| c.name.clone()).collect();
    for name in names {
        let (rule, words) = (options.parse.get(&name).copied(), options.missing.of(&name));
        if rule.is_some() || !words.is_empty() {
            let column = table::retyped(read.frame.column(&name)?, rule, words, &mut notes)?;
            read.frame.set(column)?;
        }
    }
    read.warnings.extend(notes.warnings());
    Ok(read)
}

/// The frame under the user's names, with the user's columns only.
fn chosen(frame: Frame, options: &ReadOptions) -> Result<Frame> {
    if options.rename.is_empty() && options.columns.is_empty() {
        return Ok(frame);
    }
    options.rename.values().try_for_each(|old| frame.column(old).map(|_| ()))?;
    let renamed: Vec<Column> = frame
        .columns()
        .iter()
        .map(|column| {
            let new = options.rename.iter().find(|(_, old)| **old == column.name).map(|(new, _)| new);
            Column { name: new.unwrap_or(&column.name).clone(), ..column.clone() }
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
