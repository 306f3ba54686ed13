//! Studies: from a study file and raw tables to `results.json`, and from results to a report.

pub mod audit;
pub mod compose;
pub mod effects;
pub mod export;
pub mod few;
pub mod package;
pub mod placebo;
pub mod read;
pub mod referee;
pub mod results;
pub mod run;
pub mod steps;
pub mod studyfile;
