//! Several covariances of one regression: the list that is shown when nobody asks for a particular one, and
//! lists that users type.

use super::Vcov;
use crate::message::Result;

/// What data offer beside the regression itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offered {
    /// The unit's column.
    pub unit: Option<String>,
    /// The period's column.
    pub time: Option<String>,
    /// A column whose levels hold whole units: the province of a city.
    pub coarser: Option<String>,
    /// Spatial correlation, where coordinates are known.
    pub space: Option<super::Conley>,
}

impl Offered {
    /// The covariances worth a look beside `main`: from independent errors to errors correlated within clusters,
    /// over time, across units and over space. `main` is among them.
    pub fn all(&self, main: &Vcov) -> Vec<Vcov> {
        let by: Option<&String> = match main.clusters() {
            [one] => Some(one),
            several => self.unit.as_ref().or(several.first()),
        };
        let one = |name: &String| Vcov::cluster(name);
        let mut list = vec![Vcov::Iid, Vcov::Hc1, Vcov::Hc3];
        list.extend(self.unit.as_ref().map(one));
        list.extend(by.map(one));
        list.extend(self.coarser.as_ref().map(one));
        if let (Some(unit), Some(time)) = (&self.unit, &self.time) {
            list.push(Vcov::Cluster(vec![unit.clone(), time.clone()]));
        }
        list.extend(by.map(|name| Vcov::Cr2(name.clone())));
        list.extend(by.map(|name| Vcov::Crv3(name.clone())));
        list.extend([Vcov::NeweyWest(None), Vcov::DriscollKraay(None)]);
        list.extend(self.space.clone().map(Vcov::Conley));
        list.push(main.clone());
        let mut seen = Vec::with_capacity(list.len());
        list.retain(|vcov| {
            let new = !seen.contains(vcov);
            if new {
                seen.push(vcov.clone());
            }
            new
        });
        list
    }
}

impl Vcov {
    /// Reads a list: `iid, HC1, cluster(city, year)`. `None` for words that are one covariance, such as the two
    /// cluster variables `city, year`: in a list at least one item must be more than a bare name.
    ///
    /// # Errors
    /// `E602` for an item that names no covariance.
    pub fn parse_list(words: &str) -> Result<Option<Vec<Self>>> {
        let items = split(words);
        let bare = |item: &&str| {
            let name = item.trim().to_lowercase();
            let known = Self::parse(&name).is_ok_and(|vcov| !matches!(vcov, Self::Cluster(_)));
            !known && !item.contains('(')
        };
        if items.len() < 2 || items.iter().all(bare) {
            return Ok(None);
        }
        items.into_iter().map(Self::parse).collect::<Result<Vec<Self>>>().map(Some)
    }
}

/// Parts between commas that stand outside brackets.
fn split(words: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, letter) in words.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(words[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(words[from..].trim());
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_list_is_told_from_several_cluster_variables() {
        let listed = Vcov::parse_list("iid, HC3, cluster(city, year), CR2(city), city").unwrap().unwrap();
        let shown: Vec<String> = listed.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["iid", "HC3", "cluster(city, year)", "CR2(city)", "cluster(city)"]);
        assert_eq!(Vcov::parse_list("city, year").unwrap(), None);
        assert_eq!(Vcov::parse_list("cluster(city, year)").unwrap(), None);
        assert_eq!(Vcov::parse_list("iid, CR2(a, b)").unwrap_err().id, "E602");
    }

    #[test]
    fn the_list_holds_each_once_and_the_main_one() {
        let offered = Offered { unit: Some("city".into()), time: Some("year".into()), ..Offered::default() };
        let all = |main: &str| -> Vec<String> {
            offered.all(&Vcov::parse(main).unwrap()).iter().map(ToString::to_string).collect()
        };
        let usual =
            ["iid", "HC1", "HC3", "cluster(city)", "cluster(city, year)", "CR2(city)", "CRV3(city)", "NW", "DK"];
        assert_eq!(all("city"), usual);
        assert_eq!(all("province")[3..5], ["cluster(city)", "cluster(province)"]);
        assert_eq!(all("NW(3)").last().unwrap(), "NW(3)");
    }
}
