//! `attica schema`.

use crate::say;

/// Prints the JSON schema of the study file.
pub fn schema() {
    say::print(&format!("{:#}\n", attica_study::studyfile::schema()));
}
