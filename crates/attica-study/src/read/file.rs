//! Bytes of a file: may it be read, what is it, and did it change meanwhile.

use std::fmt::Write as _;
#[cfg(feature = "parquet")]
use std::fs::File;
#[cfg(feature = "parquet")]
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use attica::message::{Problem, Result, Warning};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::delimited::too_large;
use super::options::ReadOptions;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Text with delimiters; tabs by its extension.
    Delimited { tabs: bool },
    /// Sheets.
    Workbook(Book),
    /// Stata.
    Stata,
    /// Parquet.
    Parquet,
    /// Arrow IPC, Feather 2.
    Arrow,
}

/// Kinds of workbooks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Book {
    Xlsx,
    Xlsb,
    Xls,
    Ods,
}

impl Book {
    pub fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Xlsb => "xlsb",
            Self::Xls => "xls",
            Self::Ods => "ods",
        }
    }
}

/// A regular file that may be read.
pub(super) struct Found {
    /// Symbolic links resolved.
    real: PathBuf,
    length: u64,
    /// When it was last written, before it was read.
    written: Option<SystemTime>,
}

/// A file in memory.
pub(super) struct Loaded {
    pub kind: Kind,
    pub bytes: Bytes,
    from: Found,
}

/// Finds a regular file.
///
/// # Errors
/// `E521` when the path is not a regular file, or leads out of the folder that reading is confined
/// to; `E512` when it is too large.
pub(super) fn find(path: &Path, options: &ReadOptions) -> Result<Found> {
    let shown = path.display();
    let real = path.canonicalize().map_err(|error| {
        Problem::new("E521", format!("{shown} cannot be opened: {error}"))
            .fix("paths are relative to the folder of the study file, or to --data-dir")
    })?;
    if let Some(folder) = &options.confine {
        let folder =
            folder.canonicalize().map_err(|error| Problem::new("E521", format!("{}: {error}", folder.display())))?;
        if !real.starts_with(&folder) {
            return Err(Problem::new("E521", format!("{shown} leads out of the data folder, to {}", real.display()))
                .fix("copy the file into the data folder; links that point outside are not followed"));
        }
    }
    let meta =
        std::fs::metadata(&real).map_err(|error| Problem::new("E521", format!("{shown} cannot be opened: {error}")))?;
    if !meta.is_file() {
        let what = if meta.is_dir() { "a folder" } else { "a device or pipe" };
        return Err(Problem::new("E521", format!("{shown} is {what}, not a file")).fix("name one file of data"));
    }
    if meta.len() > options.limits.bytes {
        return Err(too_large("bytes", meta.len() as usize, options.limits.bytes as usize));
    }
    Ok(Found { real, length: meta.len(), written: meta.modified().ok() })
}

/// Reads the bytes of a file of a known format; `path` is its name as the user wrote it.
///
/// # Errors
/// `E521` when it cannot be read; `E511` when it is empty; `E513` for an unknown or a wrong extension.
pub(super) fn load(from: Found, path: &Path) -> Result<Loaded> {
    let bytes = std::fs::read(&from.real)
        .map_err(|error| Problem::new("E521", format!("{} cannot be read: {error}", path.display())))?;
    if bytes.is_empty() {
        return Err(Problem::new("E511", "the file is empty").fix("check that the download or the export ended well"));
    }
    let kind = kind(path, &bytes)?;
    Ok(Loaded { kind, bytes: bytes.into(), from })
}

impl Found {
    /// The file, opened anew.
    #[cfg(feature = "parquet")]
    pub fn open(&self) -> std::io::Result<File> {
        File::open(&self.real)
    }

    /// True when name and first bytes say parquet.
    #[cfg(feature = "parquet")]
    pub fn is_parquet(&self, path: &Path) -> bool {
        let mut start = [0; 4];
        let opened = self.open().and_then(|mut file| file.read_exact(&mut start));
        opened.is_ok() && kind(path, &start).is_ok_and(|kind| kind == Kind::Parquet)
    }

    /// True when size and time of writing are still those from before it was read.
    pub fn is_unchanged(&self) -> bool {
        std::fs::metadata(&self.real)
            .is_ok_and(|now| now.len() == self.length && self.written.is_some() && now.modified().ok() == self.written)
    }
}

impl Loaded {
    /// SHA-256 of the bytes that were read, in hexadecimal.
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.bytes).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// `W522` when the file on disk is no longer the one that was read. Where size and time of writing are the same,
    /// its bytes are not read again.
    pub fn changed(&self) -> Option<Warning> {
        (!self.from.is_unchanged() && std::fs::read(&self.from.real).ok().as_deref() != Some(&self.bytes)).then(|| {
            Warning::new(
                "W522",
                "the file changed while it was read; the results are those of the bytes with the hash given here",
                "读取过程中文件发生了变化；结果对应于此处所列哈希值的内容",
            )
        })
    }
}

/// `E520`: what was read so far and what is read next may not belong together.
#[cfg(feature = "parquet")]
pub(super) fn changed_meanwhile() -> Problem {
    Problem::new("E520", "the file changed while it was read; nothing is estimated")
        .fix("run again when nobody writes to it")
}

const ZIP: &[u8] = b"PK\x03\x04";
const OLE: &[u8] = b"\xd0\xcf\x11\xe0";

/// What the first bytes say a file is, for formats that have a mark.
fn mark(bytes: &[u8]) -> Option<&'static str> {
    let marks: [(&[u8], &str); 10] = [
        (ZIP, "a workbook (.xlsx or .ods) or another zip file"),
        (OLE, "an old workbook (.xls) or an encrypted one"),
        (b"PAR1", "a parquet file (.parquet)"),
        (b"ARROW1", "an arrow file (.arrow)"),
        (b"<stata_dta>", "a Stata file (.dta)"),
        (b"\x1f\x8b", "a gzip file; unpack it first"),
        (b"%PDF", "a PDF"),
        (b"$FL2", "an SPSS file (.sav)"),
        (b"<html", "a web page"),
        (b"<!DOCTYPE html", "a web page"),
    ];
    marks.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, name)| *name)
}

fn kind(path: &Path, bytes: &[u8]) -> Result<Kind> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let kind = match extension.as_str() {
        "csv" | "txt" => Kind::Delimited { tabs: false },
        "tsv" | "tab" => Kind::Delimited { tabs: true },
        "xlsx" | "xlsm" => Kind::Workbook(Book::Xlsx),
        "xlsb" => Kind::Workbook(Book::Xlsb),
        "xls" => Kind::Workbook(Book::Xls),
        "ods" => Kind::Workbook(Book::Ods),
        "dta" => Kind::Stata,
        "parquet" | "pq" => Kind::Parquet,
        "arrow" | "feather" | "ipc" => Kind::Arrow,
        _ => {
            return Err(Problem::new("E513", format!("files that end in \".{extension}\" are not read"))
                .fix("data are .csv, .tsv, .txt, .xlsx, .xls, .ods, .dta, .parquet, .arrow or .feather"));
        }
    };
    let found = mark(bytes);
    let fits = match kind {
        Kind::Delimited { .. } => found.is_none(),
        Kind::Workbook(Book::Xls) => bytes.starts_with(OLE),
        Kind::Workbook(_) => bytes.starts_with(ZIP),
        Kind::Parquet => bytes.starts_with(b"PAR1"),
        // Old releases have no mark; their readers find out.
        Kind::Stata | Kind::Arrow => {
            found.is_none() || bytes.starts_with(b"<stata_dta>") || bytes.starts_with(b"ARROW1")
        }
    };
    if fits {
        return Ok(kind);
    }
    let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.starts_with(OLE) && bytes.windows(encrypted.len()).any(|window| window == encrypted) {
        return Err(
            Problem::new("E513", "the workbook is encrypted").fix("open it with its password and save it without one")
        );
    }
    let what = found.unwrap_or("text or something else");
    Err(Problem::new("E513", format!("the name ends in .{extension}, but the content is {what}"))
        .fix("give the file the extension of its real format, or export the table again as CSV"))
}
