//! Figures: what is drawn ([`spec`]) and how ([`svg`], [`png`]).
//!
//! We draw them ourselves: a figure in a paper needs its text measured in the font that it is set
//! in (so that forty periods do not run into each other), hollow reference markers over bars,
//! estimators side by side, and classes on every mark so that a page can show it light on dark.

mod canvas;
mod curve;
mod densities;
mod frame;
mod horizontal;
mod over_time;
mod panels;
mod placebo;
mod raster;
mod scatter;
mod spec;
mod tiles;
mod type_setting;

pub use raster::{Png, RasterError, png};
pub use spec::*;
pub(crate) use type_setting::width as text_width;
#[cfg(feature = "pdf")]
pub(crate) use type_setting::{CHINESE as CHINESE_SANS, LATIN as LATIN_SANS};

use attica::text::Language;
use rayon::prelude::*;

/// Width of every figure, in CSS pixels: the text width of an A4 page with 2.5 cm margins.
pub const WIDTH: f64 = 600.0;

/// Draws `figure` as SVG, with its texts in `language`.
pub fn svg(figure: &Figure, language: Language) -> String {
    match &figure.plot {
        Plot::EventStudy(study) => over_time::event_study(figure, study, language),
        Plot::EventPanels(study) => panels::draw(figure, study, language),
        Plot::Lines(lines) => over_time::lines(figure, lines, language),
        Plot::Placebo(placebo) => placebo::draw(figure, placebo, language),
        Plot::Forest(forest) => horizontal::forest(figure, forest, language),
        Plot::Dots(dots) => horizontal::dots(figure, dots, language),
        Plot::Densities(found) => densities::draw(figure, found, language),
        Plot::Bars(bars) => horizontal::bars(figure, bars, language),
        Plot::Curve(found) => curve::draw(figure, found, language),
        Plot::Scatter(found) => scatter::draw(figure, found, language),
        Plot::Tiles(found) => tiles::draw(figure, found, language),
    }
}

/// All figures of a report in pixels, in order, drawn side by side.
///
/// # Errors
/// The first figure that cannot be drawn; see [`png`].
pub fn pngs<'a>(
    figures: impl Iterator<Item = &'a Figure>,
    language: Language,
    dpi: f64,
) -> Result<Vec<Png>, RasterError> {
    let figures: Vec<&Figure> = figures.collect();
    figures.par_iter().map(|figure| png(figure, language, dpi)).collect()
}
