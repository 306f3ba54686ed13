//! The steps of the paper, one file each.

/// Estimators of an event study that the study file may name.
pub const ESTIMATORS: [&str; 1] = ["twfe"];
