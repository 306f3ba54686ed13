//! Numbers that no statistic owns: distributions, random streams, cross-products, least squares, roots.

pub mod cross;
pub mod distribution;
pub mod random;
pub mod roots;
pub mod signs;
pub mod triangle;
