//! The words that users type for a covariance.

use super::{Conley, Kernel, Vcov};
use crate::message::{Problem, Result};

impl Vcov {
    /// Reads what users type: `iid`, `HC1` (also `hetero`, `robust`), `HC2`, `HC3`, `cluster(city, year)`, `city`,
    /// `~city + year`, `CR2(city)`, `CRV3(city)`, `NW(2)`, `DK(2)`, `conley(lat, lon, 100)` with a cutoff in km and, if
    /// wanted, `uniform` and `lags = 3`.
    ///
    /// # Errors
    /// `E602` for an empty text or a kind that is not offered.
    pub fn parse(words: &str) -> Result<Self> {
        let words = words.trim();
        let unknown = || {
            Problem::new("E602", format!("\"{words}\" names no covariance that is known")).fix(
                "write iid, HC1, HC2, HC3, the cluster variables (\"city\", \"city + year\"), CR2(city), CRV3(city), NW(2), DK(2) or conley(latitude, longitude, km)",
            )
        };
        let (head, inside) = match words.split_once('(') {
            Some((head, rest)) => (head.trim(), rest.strip_suffix(')').map(str::trim).ok_or_else(unknown)?),
            None => (words, ""),
        };
        let kind = head.to_lowercase();
        let plain = !words.contains('(');
        let one = || single(inside).ok_or_else(unknown);
        match kind.as_str() {
            "iid" | "unadjusted" | "standard" | "ols" if plain => Ok(Self::Iid),
            "hc1" | "hetero" | "robust" | "white" if plain => Ok(Self::Hc1),
            "hc2" if plain => Ok(Self::Hc2),
            "hc3" if plain => Ok(Self::Hc3),
            "cr2" | "bell-mccaffrey" if !plain => Ok(Self::Cr2(one()?)),
            "crv3" | "cr3" | "jackknife" if !plain => Ok(Self::Crv3(one()?)),
            "nw" | "newey_west" | "newey-west" => Ok(Self::NeweyWest(lags(inside).map_err(|_| unknown())?)),
            "dk" | "driscoll_kraay" | "driscoll-kraay" => Ok(Self::DriscollKraay(lags(inside).map_err(|_| unknown())?)),
            "conley" => conley(inside).map(Self::Conley).ok_or_else(unknown),
            "cluster" | "crv1" if !plain => names(inside).map(Self::Cluster).ok_or_else(unknown),
            _ if plain => names(words.strip_prefix('~').unwrap_or(words)).map(Self::Cluster).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }
}

/// Cluster variables joined by `+` or commas.
fn names(words: &str) -> Option<Vec<String>> {
    let names: Vec<String> = words.split(['+', ',']).map(|name| name.trim().to_owned()).collect();
    names.iter().all(|name| !name.is_empty() && !name.contains(['(', ')', '~'])).then_some(names)
}

fn single(words: &str) -> Option<String> {
    names(words).filter(|names| names.len() == 1)?.pop()
}

/// A number of lags, or nothing for the default.
fn lags(words: &str) -> std::result::Result<Option<usize>, std::num::ParseIntError> {
    let words = words.trim().trim_start_matches("lags").trim_start_matches("lag").trim().trim_start_matches('=').trim();
    if words.is_empty() { Ok(None) } else { words.parse().map(Some) }
}

fn conley(words: &str) -> Option<Conley> {
    let mut parts = words.split(',').map(str::trim);
    let (latitude, longitude) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let cutoff: f64 = parts.next()?.trim_end_matches("km").trim().parse().ok()?;
    let mut how = Conley { latitude, longitude, cutoff, kernel: Kernel::Bartlett, lags: 0 };
    for part in parts {
        match part.to_lowercase().as_str() {
            "bartlett" | "triangular" => how.kernel = Kernel::Bartlett,
            "uniform" => how.kernel = Kernel::Uniform,
            other if other.starts_with("lag") => how.lags = lags(other).ok()??,
            _ => return None,
        }
    }
    let named = !how.latitude.is_empty() && !how.longitude.is_empty();
    (named && how.cutoff > 0.0 && how.cutoff.is_finite()).then_some(how)
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
        assert_eq!(Vcov::parse("CRV3(city)").unwrap(), Vcov::Crv3("city".into()));
        assert_eq!(Vcov::parse("NW(lags = 2)").unwrap(), Vcov::NeweyWest(Some(2)));
        assert_eq!(Vcov::parse("dk").unwrap(), Vcov::DriscollKraay(None));
        let conley =
            Conley { latitude: "lat".into(), longitude: "lon".into(), cutoff: 100.0, kernel: Kernel::Uniform, lags: 3 };
        assert_eq!(Vcov::parse("conley(lat, lon, 100 km, uniform, lags = 3)").unwrap(), Vcov::Conley(conley));
        for wrong in ["", "cluster()", "city +", "f(x)", "NW(two)", "conley(lat, lon)", "CR2(a, b)", "conley(a, b, -1)"]
        {
            assert_eq!(Vcov::parse(wrong).unwrap_err().id, "E602", "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_is_read_again() {
        for words in [
            "iid",
            "HC2",
            "HC3",
            "cluster(city, year)",
            "CR2(city)",
            "CRV3(city)",
            "NW(2)",
            "DK",
            "conley(a, b, 50, uniform, lags = 2)",
        ] {
            assert_eq!(Vcov::parse(words).unwrap().to_string(), words);
        }
    }
}
