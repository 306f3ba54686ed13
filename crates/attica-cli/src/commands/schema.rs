//! `attica schema`.

use crate::args::Schema;
use crate::say;

/// Prints the JSON schema of the study file, or of the paper file.
pub fn schema(args: &Schema) {
    let schema = if args.paper { attica_study::audit::file::schema() } else { attica_study::studyfile::schema() };
    say::print(&format!("{schema:#}\n"));
}
