//! Scripts for other software that compute a study's numbers again and say where they differ.
//!
//! [`collect`] turns a study that has been run into a [`plan::Plan`]: the columns of the analysis, and what to
//! estimate from them with the numbers to expect. One file per language writes the plan down. Names of columns are
//! identifiers made here ([`names`]), so that nothing a header holds reaches a line of code.

mod collect;
mod columns;
mod data;
mod names;
mod plan;
mod python;
mod r;
mod script;
mod staggered;
mod stata;

use std::path::Path;

use attica::message::Problem;

use crate::run;
use crate::studyfile::{StudyFile, StudySource};

/// Relative difference of a coefficient from the printed one that counts as agreement, measured against the larger of
/// the coefficient and its standard error.
pub const COEFFICIENT: f64 = 1e-8;
/// The same of a standard error.
pub const STD_ERROR: f64 = 1e-7;
/// The same for estimators whose other implementation solves its equations by iteration or differentiates numerically.
pub const STAGGERED: f64 = 1e-6;

/// Software that a script is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    /// Stata, with reghdfe and community commands.
    Stata,
    /// R, with fixest and packages of the estimators.
    R,
    /// Python, with pyfixest.
    Python,
}

impl Software {
    /// Ending of its scripts.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Stata => "do",
            Self::R => "R",
            Self::Python => "py",
        }
    }
}

/// A script and the tables that it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The script.
    pub script: String,
    /// The columns of the analysis as CSV.
    pub data: Vec<u8>,
    /// What the codes of text columns stand for, as CSV; none without text columns.
    pub levels: Option<Vec<u8>>,
    /// Numbers that the script checks.
    pub checked: usize,
    /// What it does not reproduce, and why.
    pub absent: Vec<(String, String)>,
}

/// Runs a study and writes its scripts, one for each of `to`. They read `stem.csv` from the folder they are in.
///
/// # Errors
/// As [`run::run`].
pub fn export(
    file: &StudyFile,
    study: &StudySource,
    folder: &Path,
    to: &[Software],
    stem: &str,
    progress: &(dyn Fn(&str, usize, usize) + Sync),
) -> Result<Vec<Exported>, Vec<Problem>> {
    let (results, prepared) = run::run_keeping_rows(file, study, folder, progress)?;
    Ok(to.iter().map(|one| written(file, &results, &prepared, *one, stem)).collect())
}

/// The script of a study that was run by [`run::run_keeping_rows`].
pub fn written(
    file: &StudyFile,
    results: &crate::results::Results,
    prepared: &run::Prepared,
    to: Software,
    stem: &str,
) -> Exported {
    let mut plan = collect::plan(file, results, prepared);
    let script = match to {
        Software::Stata => stata::write(&mut plan, stem),
        Software::R => r::write(&mut plan, stem),
        Software::Python => python::write(&mut plan, stem),
    };
    Exported {
        script,
        data: data::rows(&plan),
        levels: data::levels(&plan),
        checked: plan.checked,
        absent: plan.absent,
    }
}
