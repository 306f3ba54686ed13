//! Numbers that no statistic owns: distributions, random streams, cross-products, least squares, roots, linear
//! programmes.

pub mod cross;
pub mod density;
pub mod distribution;
pub mod random;
pub mod roots;
pub mod signs;
pub mod simplex;
pub mod triangle;
