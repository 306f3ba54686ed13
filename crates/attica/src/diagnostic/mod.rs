//! What else has to be true for an estimate to be believed: placebo distributions and their kin.

pub mod describe;
pub mod placebo;
