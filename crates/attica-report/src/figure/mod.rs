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
mod look;
mod over_time;
mod panels;
mod placebo;
mod raster;
mod scatter;
mod spec;
mod tiles;
mod type_setting;

pub use look::{FigureWidth, Look};
pub use raster::{Png, RasterError, png};
pub use spec::*;
pub(crate) use type_setting::width as text_width;
#[cfg(feature = "pdf")]
pub(crate) use type_setting::{CHINESE as CHINESE_SANS, LATIN as LATIN_SANS};

use rayon::prelude::*;

/// Draws `figure` as SVG.
pub fn svg(figure: &Figure, look: Look) -> String {
    match &figure.plot {
        Plot::EventStudy(study) => over_time::event_study(figure, study, look),
        Plot::EventPanels(study) => panels::draw(figure, study, look),
        Plot::Lines(lines) => over_time::lines(figure, lines, look),
        Plot::Placebo(placebo) => placebo::draw(figure, placebo, look),
        Plot::Forest(forest) => horizontal::forest(figure, forest, look),
        Plot::Dots(dots) => horizontal::dots(figure, dots, look),
        Plot::Densities(found) => densities::draw(figure, found, look),
        Plot::Bars(bars) => horizontal::bars(figure, bars, look),
        Plot::Curve(found) => curve::draw(figure, found, look),
        Plot::Scatter(found) => scatter::draw(figure, found, look),
        Plot::Tiles(found) => tiles::draw(figure, found, look),
    }
}

/// All figures of a report in pixels, in order, drawn side by side.
///
/// # Errors
/// The first figure that cannot be drawn; see [`png`].
pub fn pngs<'a>(figures: impl Iterator<Item = &'a Figure>, look: Look, dpi: f64) -> Result<Vec<Png>, RasterError> {
    let figures: Vec<&Figure> = figures.collect();
    figures.par_iter().map(|figure| png(figure, look, dpi)).collect()
}
