//! What a drawing is told beside its figure: the language of its words and how wide it is.

use attica::text::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Width of the figures in print; letters keep their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FigureWidth {
    /// The text of an A4 page, 15.9 cm.
    #[default]
    Text,
    /// One column of a journal, 8.5 cm.
    OneColumn,
    /// Both columns of a journal, 17.5 cm; documents show it as wide as their text.
    TwoColumn,
}

impl FigureWidth {
    /// Width in centimetres.
    pub fn cm(self) -> f64 {
        match self {
            Self::Text => 15.875,
            Self::OneColumn => 8.5,
            Self::TwoColumn => 17.5,
        }
    }

    /// Width in CSS pixels, 96 per inch.
    pub fn pixels(self) -> f64 {
        self.cm() * 96.0 / 2.54
    }

    /// Centimetres in a document on A4, or nothing for a figure that fills the width of the text.
    pub fn within_text(self) -> Option<f64> {
        (self.cm() < Self::Text.cm()).then(|| self.cm())
    }
}

/// How a figure is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Language of its texts.
    pub language: Language,
    /// Width of the picture.
    pub width: FigureWidth,
}

impl Look {
    /// Small panels side by side.
    pub(super) fn columns(self) -> usize {
        if self.width == FigureWidth::OneColumn { 1 } else { 2 }
    }

    /// Height of a picture in CSS pixels; a narrow one is lower, and grows with its legend, which takes more rows.
    pub(super) fn height(self, legend: f64) -> f64 {
        if self.width == FigureWidth::OneColumn { 240.0 + legend } else { 360.0 }
    }

    /// What a plot with two axes is wide at least, to judge how many labels fit before the margins are known.
    pub(super) fn plot(self) -> f64 {
        self.width.pixels() - 120.0
    }
}
