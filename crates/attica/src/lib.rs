//! The engine of Attica: numbers only. It reads no files, prints nothing and formats no tables.
//!
//! Data flow one way: [`frame::Frame`] -> [`panel::Panel`] -> [`design::Design`] -> absorbed
//! columns -> [`fit::Fit`]. Everything that goes wrong with data is a [`message::Problem`] (stop)
//! or a [`message::Warning`] (go on, and say so); nothing panics on data.

pub mod absorb;
pub mod audit;
mod chinese;
pub mod design;
pub mod diagnostic;
pub mod estimator;
pub mod expr;
pub mod fit;
pub mod formula;
pub mod frame;
pub mod hypothesis;
pub mod index;
pub mod ledger;
pub mod matching;
pub mod math;
pub mod message;
pub mod meter;
pub mod panel;
pub mod simulate;
pub mod stream;
pub mod text;
pub mod vcov;
pub mod wild;
