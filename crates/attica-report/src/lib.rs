//! Tables, figures and reports, and the writers of each format.
//!
//! A [`report::Report`] holds what a paper shows: headings, paragraphs, [`table::Table`]s whose
//! cells keep full precision, and [`figure::Figure`]s that say what is drawn, not how. Writers turn
//! the same report into HTML, LaTeX, Word, Excel, Markdown and CSV; every number of every format comes
//! from [`format`], so that the formats cannot disagree.

pub mod csv;
pub mod docx;
pub mod docx_reference;
pub mod escape;
pub mod figure;
pub mod format;
pub mod grid;
pub mod html;
pub mod latex;
mod layout;
pub mod markdown;
#[cfg(feature = "pdf")]
pub mod pdf;
pub mod report;
pub mod stack;
pub mod table;
pub mod xlsx;
