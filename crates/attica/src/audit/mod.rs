//! Can the numbers that a paper prints all be true as described?
//!
//! Every printed number stands for the interval of values that are printed so ([`printed::Printed`]). A rule asks whether some point of
//! the box that these intervals span obeys a law; one file has each rule. Nothing here tells which number is wrong, or why.
//! Formulae and sources are in `docs/audit.md`.

pub mod a01_counts;
pub mod a02_stars;
pub mod a03_binary;
pub mod a04_granularity;
pub mod a05_treated;
pub mod a06_r2_order;
pub mod a07_added_regressor;
pub mod a08_constant;
pub mod a09_coefficient_change;
pub mod a10_se_floor;
pub mod a11_se_ratio;
pub mod a12_bounds;
pub mod a13_absorbed;
pub mod a14_claims;
pub mod a15_design;
pub mod finding;
pub mod interval;
pub mod nested;
pub mod paper;
pub mod precision;
pub mod printed;
pub mod quantity;
pub mod rollout;
pub mod rule;
pub mod summary;
pub mod table;

use finding::Finding;
use paper::Paper;

/// Every finding of every rule, rule by rule in the order of the paper.
pub fn audit(paper: &Paper) -> Vec<Finding> {
    let rules: [fn(&Paper) -> Vec<Finding>; 15] = [
        a01_counts::check,
        a02_stars::check,
        a03_binary::check,
        a04_granularity::check,
        a05_treated::check,
        a06_r2_order::check,
        a07_added_regressor::check,
        a08_constant::check,
        a09_coefficient_change::check,
        a10_se_floor::check,
        a11_se_ratio::check,
        a12_bounds::check,
        a13_absorbed::check,
        a14_claims::check,
        a15_design::check,
    ];
    rules.iter().flat_map(|rule| rule(paper)).collect()
}
