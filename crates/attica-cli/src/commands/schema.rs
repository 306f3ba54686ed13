//! `attica schema`.

use crate::{Done, say};

/// Prints the JSON schema of the study file.
pub fn schema() -> Done {
    say::print(&format!("{:#}\n", attica_study::studyfile::schema()));
    Ok(())
}
