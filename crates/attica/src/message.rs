//! What Attica says when data are not as they should be.
//!
//! Ids are those of the catalogue in `docs/messages.md`: `E…` stops, `W…` warns and goes on, `N…`
//! notes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chinese;
use crate::text::Text;

/// Something worth saying about a result that was computed all the same. Warnings travel with the
/// result into tables and reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Catalogue id, `W104` or `N106`.
    pub id: String,
    /// What, where and how many, in both languages.
    pub text: Text,
}

impl Warning {
    /// A warning with the same content in English and Chinese.
    pub fn new(id: &str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { id: id.to_owned(), text: Text::new(en, zh) }
    }
}

/// Where in a file a problem sits. Every part is optional; lines and columns count from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// File as the user named it.
    pub file: Option<String>,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
    /// Line of a text file, or row of a sheet.
    pub line: Option<u64>,
    /// Column by position (character of a line).
    pub character: Option<u64>,
    /// Column by name.
    pub column: Option<String>,
    /// The offending value as it stands in the file.
    pub value: Option<String>,
}

/// Why a computation stopped: id, what is wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Problem {
    /// Catalogue id, `E206`.
    pub id: String,
    /// What is wrong and why, one or two sentences that name columns, counts and examples.
    pub message: String,
    /// What the user can do about it.
    pub fix: Option<String>,
    /// Where it is.
    pub place: Place,
}

impl Problem {
    /// A problem without a place or fix yet.
    pub fn new(id: &str, message: impl Into<String>) -> Self {
        Self { id: id.to_owned(), message: message.into(), fix: None, place: Place::default() }
    }

    /// The same problem with its remedy.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// What is wrong, in both languages; in Chinese without the columns and numbers that only the English names.
    pub fn text(&self) -> Text {
        let chinese = chinese::sentence(&self.message).or_else(|| chinese::meaning(&self.id));
        Text::new(&self.message, chinese.unwrap_or(&self.message))
    }

    /// What the user can do about it, in both languages; empty where there is nothing to say.
    pub fn remedy(&self) -> Text {
        let fix = self.fix.as_deref().unwrap_or_default();
        Text::new(fix, chinese::sentence(fix).unwrap_or_default())
    }

    /// The same problem with its place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.id)?;
        let Place { file, sheet, line, character, column, value } = &self.place;
        if let Some(file) = file {
            write!(f, "{file}")?;
            if let Some(sheet) = sheet {
                write!(f, "[{sheet}]")?;
            }
            if let Some(line) = line {
                write!(f, ":{line}")?;
                if let Some(character) = character {
                    write!(f, ":{character}")?;
                }
            }
            write!(f, ": ")?;
        }
        if let Some(column) = column {
            write!(f, "column \"{column}\"")?;
            if let Some(value) = value {
                write!(f, ", value \"{value}\"")?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.message)?;
        if let Some(fix) = &self.fix {
            write!(f, "\n  fix: {fix}")?;
        }
        Ok(())
    }
}

/// A result that stops with one problem.
pub type Result<T> = std::result::Result<T, Problem>;
