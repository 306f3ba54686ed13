//! Covariance of coefficients: which kind, which small-sample rule, and the sandwich itself.

mod cluster;
mod conley;
mod explicit;
mod leverage;
mod list;
mod parse;
mod sandwich;
mod serial;
mod ssc;

use std::fmt;

pub use conley::{distance, usual_cutoff};
pub(crate) use explicit::inverse;
pub use list::Offered;
pub(crate) use sandwich::of_meat;
pub use sandwich::{Estimate, Robust, cluster_sums, covariance};
pub use serial::Calendar;
pub use ssc::{Adjustment, Counted, Factor, Preset, Ssc};

/// Kind of covariance.
#[derive(Clone, Debug, PartialEq)]
pub enum Vcov {
    /// Homoskedastic and independent errors.
    Iid,
    /// Heteroskedastic errors (White 1980; MacKinnon and White 1985, HC1).
    Hc1,
    /// Residuals over the root of one minus their leverage (MacKinnon and White 1985).
    Hc2,
    /// Residuals over one minus their leverage, close to the jackknife (MacKinnon and White 1985).
    Hc3,
    /// Errors correlated within clusters, of one or several variables (Liang and Zeger 1986;
    /// Cameron, Gelbach and Miller 2011).
    Cluster(Vec<String>),
    /// Bias-reduced clustered variance with Satterthwaite degrees of freedom (Bell and McCaffrey 2002).
    Cr2(String),
    /// Cluster jackknife (MacKinnon, Nielsen and Webb 2023).
    Crv3(String),
    /// Errors correlated over time within units, up to a lag (Newey and West 1987); by default the fourth root
    /// of the number of periods.
    NeweyWest(Option<usize>),
    /// Errors correlated across units and over time, up to a lag (Driscoll and Kraay 1998).
    DriscollKraay(Option<usize>),
    /// Errors correlated over space (Conley 1999).
    Conley(Conley),
}

/// Weight of a pair by its distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Falls linearly to zero at the cutoff.
    Bartlett,
    /// One up to the cutoff.
    Uniform,
}

/// Spatial correlation: pairs of a period within a distance, and, with lags, pairs of a unit over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Conley {
    /// Column of latitudes in degrees.
    pub latitude: String,
    /// Column of longitudes in degrees.
    pub longitude: String,
    /// Distance in km beyond which errors are independent.
    pub cutoff: f64,
    /// Weight within the cutoff.
    pub kernel: Kernel,
    /// Periods over which errors of one unit are correlated; 0 is space only.
    pub lags: usize,
}

impl Vcov {
    /// Clustered by one variable.
    pub fn cluster(by: &str) -> Self {
        Self::Cluster(vec![by.to_owned()])
    }

    /// The cluster variables that it needs.
    pub fn clusters(&self) -> &[String] {
        match self {
            Self::Cluster(names) => names,
            Self::Cr2(name) | Self::Crv3(name) => std::slice::from_ref(name),
            _ => &[],
        }
    }

    /// The columns of latitude and longitude that it needs.
    pub fn coordinates(&self) -> Option<[String; 2]> {
        match self {
            Self::Conley(how) => Some([how.latitude.clone(), how.longitude.clone()]),
            _ => None,
        }
    }
}

impl fmt::Display for Vcov {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lagged = |f: &mut fmt::Formatter<'_>, name: &str, lags: &Option<usize>| match lags {
            Some(lags) => write!(f, "{name}({lags})"),
            None => f.write_str(name),
        };
        match self {
            Self::Iid => f.write_str("iid"),
            Self::Hc1 => f.write_str("HC1"),
            Self::Hc2 => f.write_str("HC2"),
            Self::Hc3 => f.write_str("HC3"),
            Self::Cluster(names) => write!(f, "cluster({})", names.join(", ")),
            Self::Cr2(name) => write!(f, "CR2({name})"),
            Self::Crv3(name) => write!(f, "CRV3({name})"),
            Self::NeweyWest(lags) => lagged(f, "NW", lags),
            Self::DriscollKraay(lags) => lagged(f, "DK", lags),
            Self::Conley(how) => {
                write!(f, "conley({}, {}, {}", how.latitude, how.longitude, how.cutoff)?;
                if how.kernel == Kernel::Uniform {
                    f.write_str(", uniform")?;
                }
                if how.lags > 0 {
                    write!(f, ", lags = {}", how.lags)?;
                }
                f.write_str(")")
            }
        }
    }
}
