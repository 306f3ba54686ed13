//! Auditing published results: from a paper file, typed or pasted, to findings and a report of them.
//!
//! The rules are in [`attica::audit`]; here are files, tables as people paste them, and the report.

mod cell;
mod claims;
mod compose;
mod descriptives;
mod docx;
pub mod file;
mod grid;
mod latex;
mod read;
mod regression;
mod table_file;
mod tables;
mod words;

pub use compose::{causes, item, report, shown_by, title};
pub use read::{Loaded, load, parse};
