//! PDF, set by a typesetter that is part of the program: no TeX, no network, no font of the system. The same report
//! gives the same bytes, for the document carries no date.

mod source;

use std::sync::LazyLock;

use rayon::prelude::*;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use crate::figure::{self, CHINESE_SANS, LATIN_SANS};
use crate::report::Report;

/// Noto Serif SC: the characters of GB 2312, in the face that Chinese journals print.
const CHINESE_SERIF: &[u8] = include_bytes!("../../assets/NotoSerifSC-subset.ttf");

/// Families that come with the typesetter and are used.
const FAMILIES: [&str; 2] = ["Libertinus Serif", "DejaVu Sans Mono"];

/// A document that could not be set.
#[derive(Debug, thiserror::Error)]
#[error("the PDF could not be set: {0}")]
pub struct PdfError(String);

/// `report` as a PDF file, figures as vector drawings, fonts embedded.
///
/// # Errors
/// When the typesetter refuses the document, which is a mistake of this program.
pub fn write(report: &Report) -> Result<Vec<u8>, PdfError> {
    let figures: Vec<_> = report.figures().collect();
    let drawings: Vec<Bytes> =
        figures.par_iter().map(|figure| Bytes::from_string(figure::svg(figure, report.look()))).collect();
    let desk = Desk::new(source::source(report), drawings)?;
    let document: PagedDocument = typst::compile(&desk).output.map_err(|errors| said(&errors))?;
    let options = PdfOptions { creator: Smart::Custom(Some("Attica".to_owned())), ..PdfOptions::default() };
    let bytes = typst_pdf::pdf(&document, &options).map_err(|errors| said(&errors))?;
    // What the typesetter remembers for a second run of the same document would stay in memory for good.
    typst::comemo::evict(0);
    Ok(bytes)
}

fn said(errors: &[SourceDiagnostic]) -> PdfError {
    PdfError(errors.iter().map(|error| error.message.to_string()).collect::<Vec<_>>().join("; "))
}

/// Everything that a document may be set from: one source, its drawings, and fonts that the program carries.
struct Desk {
    source: Source,
    drawings: Vec<(FileId, Bytes)>,
}

/// The fonts, with what the typesetter asks of them.
struct Fonts {
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
}

static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let ours = [CHINESE_SERIF, CHINESE_SANS, LATIN_SANS].into_iter().flat_map(|data| Font::iter(Bytes::new(data)));
    let theirs = typst_assets::fonts()
        .flat_map(|data| Font::iter(Bytes::new(data)))
        .filter(|font| FAMILIES.contains(&font.info().family.as_str()));
    let fonts: Vec<Font> = ours.chain(theirs).collect();
    let book = LazyHash::new(FontBook::from_fonts(&fonts));
    Fonts { fonts, book }
});

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

impl Desk {
    fn new(source: String, drawings: Vec<Bytes>) -> Result<Self, PdfError> {
        let file = |name: &str| {
            let path = VirtualPath::new(name).map_err(|error| PdfError(format!("{error:?}")))?;
            Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
        };
        let drawings = drawings
            .into_iter()
            .enumerate()
            .map(|(i, drawing)| Ok((file(&format!("/f{}.svg", i + 1))?, drawing)))
            .collect::<Result<_, PdfError>>()?;
        Ok(Self { source: Source::new(file("/report.typ")?, source), drawings })
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.book
    }

    fn main(&self) -> FileId {
        self.source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.source.id() { Ok(self.source.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = self.drawings.iter().find(|(drawing, _)| *drawing == id);
        found.map(|(_, bytes)| bytes.clone()).ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
