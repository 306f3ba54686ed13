//! The report: what is said and shown, in order.

use attica::text::{Language, Text};
use serde::{Deserialize, Serialize};

use crate::figure::{Figure, FigureWidth, Look};
use crate::format::Style;
use crate::table::Table;

/// A report in two languages, of which the writers print `language`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Title.
    pub title: Text,
    /// A line under the title.
    pub subtitle: Option<Text>,
    /// What every reader must know first, in a frame beside the title: `simulated data`.
    pub badge: Option<Text>,
    /// Language that is printed.
    pub language: Language,
    /// How tables and numbers look.
    pub style: Style,
    /// How wide figures are.
    #[serde(default)]
    pub figure_width: FigureWidth,
    /// Styles that the Word file takes over, as [`crate::docx_reference::read`] gives them.
    pub word_styles: Option<String>,
    /// Contents.
    pub blocks: Vec<Block>,
}

/// One piece of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A heading; level 1 is a section, 2 a subsection, 3 a paragraph heading.
    Heading(u8, Text),
    /// A paragraph of plain text.
    Paragraph(Text),
    /// A list, numbered or not.
    List {
        /// Numbered from 1.
        numbered: bool,
        /// Items.
        items: Vec<Text>,
    },
    /// A table; tables are numbered in the order of the report.
    Table(Table),
    /// A figure; figures are numbered in the order of the report.
    Figure(Figure),
    /// A remark in a box.
    Note(Text),
    /// A caution in a box that stands out.
    Warning(Text),
    /// Lines that keep their form: a study file, a command.
    Code(String),
}

impl Report {
    /// How its figures are drawn.
    pub fn look(&self) -> Look {
        Look { language: self.language, width: self.figure_width }
    }

    /// Tables in order; the first is Table 1.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    /// Figures in order; the first is Figure 1.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }
}
