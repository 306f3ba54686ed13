//! Numbers that no statistic owns: distributions, random streams, cross-products, least squares.

pub mod cross;
pub mod distribution;
pub mod random;
pub mod triangle;
