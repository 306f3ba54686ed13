//! Numbers that no statistic owns: distributions, random streams, cross-products, factorisations.

pub mod distribution;
pub mod random;
