//! Estimators of treatment effects, and the list of them.

pub mod event;
pub mod event_time;
