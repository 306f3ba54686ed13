//! Covariance of coefficients: which kind, which small-sample rule, and the sandwich itself.

mod sandwich;
mod ssc;

use std::fmt;

pub use sandwich::{Estimate, Robust, cluster_sums, covariance};
pub use ssc::{Adjustment, Counted, Preset, Ssc};

use crate::message::{Problem, Result};

/// Kind of covariance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vcov {
    /// Homoskedastic and independent errors.
    Iid,
    /// Heteroskedastic errors (White 1980; MacKinnon and White 1985, HC1).
    Hc1,
    /// Errors correlated within clusters, of one or several variables (Liang and Zeger 1986;
    /// Cameron, Gelbach and Miller 2011).
    Cluster(Vec<String>),
}

impl Vcov {
    /// Clustered by one variable.
    pub fn cluster(by: &str) -> Self {
        Self::Cluster(vec![by.to_owned()])
    }

    /// Reads what users type: `iid`, `HC1` (also `hetero`, `robust`), `cluster(city, year)`, `city`,
    /// `~city + year`.
    ///
    /// # Errors
    /// `E602` for an empty text or a kind that is not offered.
    pub fn parse(words: &str) -> Result<Self> {
        let words = words.trim();
        match words.to_lowercase().as_str() {
            "iid" | "unadjusted" | "standard" | "ols" => return Ok(Self::Iid),
            "hc1" | "hetero" | "robust" | "white" => return Ok(Self::Hc1),
            _ => {}
        }
        let inner = words
            .strip_prefix("cluster(")
            .or_else(|| words.strip_prefix("CRV1("))
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or_else(|| words.strip_prefix('~').unwrap_or(words));
        let names: Vec<String> = inner.split(['+', ',']).map(|name| name.trim().to_owned()).collect();
        if names.iter().any(|name| name.is_empty() || name.contains(['(', ')', '~'])) {
            return Err(Problem::new("E602", format!("\"{words}\" names no covariance that is known"))
                .fix("write iid, HC1, or the cluster variables: \"city\", \"city + year\""));
        }
        Ok(Self::Cluster(names))
    }
}

impl fmt::Display for Vcov {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iid => write!(f, "iid"),
            Self::Hc1 => write!(f, "HC1"),
            Self::Cluster(names) => write!(f, "cluster({})", names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn words_are_read_as_users_type_them() {
        let two = Vcov::Cluster(vec!["city".into(), "year".into()]);
        for words in ["cluster(city, year)", "city + year", "~city+year", "city,year"] {
            assert_eq!(Vcov::parse(words).unwrap(), two, "{words}");
        }
        assert_eq!(Vcov::parse("Robust").unwrap(), Vcov::Hc1);
        assert_eq!(Vcov::parse(&two.to_string()).unwrap(), two);
        for wrong in ["", "cluster()", "city +", "f(x)"] {
            assert_eq!(Vcov::parse(wrong).unwrap_err().id, "E602", "{wrong}");
        }
    }
}
