//! The literature behind what a study used: a registry of works, which of them a study's results rest on, and
//! their forms in print (GB/T 7714) and for other programs (BibTeX).

use std::collections::BTreeSet;

use attica::matching::Method;
use attica::text::Text;
use attica_report::report::Block;

use super::works::{Kind, WORKS, Work};
use crate::results::{Content, Outcome, Results};

/// The section, or nothing where a study needs none.
pub(super) fn blocks(results: &Results) -> Vec<Block> {
    let used = used(results);
    if used.is_empty() {
        return Vec::new();
    }
    let items = used.into_iter().map(|work| Text::same(printed(work))).collect();
    vec![Block::Heading(1, Text::new("References", "参考文献")), Block::List { numbered: true, items }]
}

/// The works behind the methods that `results` used, as BibTeX.
pub fn bibtex(results: &Results) -> String {
    used(results).into_iter().map(entry).collect::<Vec<_>>().join("\n")
}

/// Works that the results rest on, in the order of the registry, which is that of authors.
fn used(results: &Results) -> Vec<&'static Work> {
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    if results.policy.staggered {
        keys.extend(["goodman_bacon2021", "dechaisemartin2020"]);
    }
    for index in &results.indices {
        if index.method.contains("entropy") {
            keys.insert("shannon1948");
        }
        if index.method.contains("topsis") {
            keys.insert("hwang1981");
        }
    }
    let mut covariances: Vec<&str> = Vec::new();
    for section in &results.sections {
        match &section.content {
            Content::Models(family) => {
                for model in &family.models {
                    let Outcome::Fit(fit) = &model.fit else { continue };
                    covariances.push(&fit.se_card.vcov);
                    if fit.terms.iter().any(|term| term.wild.is_some()) {
                        keys.insert("cameron2008");
                    }
                }
            }
            Content::Variances(found) => {
                covariances.extend(found.rows.iter().map(|row| row.vcov.as_str()));
            }
            Content::EventStudy(found) => {
                keys.extend(found.estimators.iter().filter_map(|answer| estimator(&answer.estimator)));
                if found.studies.iter().any(|study| study.sup_t.is_some()) {
                    keys.insert("montiel2019");
                }
                let two_way = found.studies.iter().filter_map(|study| study.fit.as_ref());
                covariances.extend(two_way.map(|fit| fit.se_card.vcov.as_str()));
                if found.studies.len() > 1 {
                    keys.insert("roth2024");
                }
            }
            Content::Sensitivity(found) => {
                if found.studies.iter().any(|study| study.relative.is_some()) {
                    keys.insert("rambachan2023");
                }
                if found.studies.iter().any(|study| !study.power.is_empty()) {
                    keys.insert("roth2022");
                }
            }
            Content::Decomposition(_) => {
                keys.extend(["goodman_bacon2021", "dechaisemartin2020"]);
            }
            Content::Placebo(_) => {
                keys.extend(["fisher1935", "phipson2010"]);
            }
            Content::Matching(found) => {
                keys.extend(["heckman1997", "rubin2001"]);
                let methods = found.timings.iter().flat_map(|timed| &timed.matches).map(|one| one.method);
                keys.extend(methods.map(|method| match method {
                    Method::Entropy(_) => "hainmueller2012",
                    Method::Mahalanobis(_) => "rubin1980",
                    Method::Nearest(_) | Method::Radius(_) | Method::Kernel(_) => "rosenbaum1983",
                }));
            }
            Content::Family(_) => {
                keys.extend(["romano2005", "holm1979"]);
            }
            Content::SpecificationCurve(_) => {
                keys.insert("simonsohn2020");
            }
            Content::Descriptives(_)
            | Content::Hypotheses(_)
            | Content::LeaveOut(_)
            | Content::Index(_)
            | Content::Failed(_) => {}
        }
        if section.step == "mediation" {
            keys.extend(["baron1986", "jiang2022"]);
        }
    }
    keys.extend(covariances.into_iter().filter_map(covariance));
    WORKS.iter().filter(|work| keys.contains(work.key)).collect()
}

/// The work behind a registered estimator.
fn estimator(name: &str) -> Option<&'static str> {
    Some(match name {
        "cs" => "callaway2021",
        "sa" => "sun2021",
        "bjs" => "borusyak2024",
        "gardner" => "gardner2022",
        "etwfe" => "wooldridge2025",
        "stacked" => "wing2024",
        "lpdid" => "dube2025",
        "dcdh" => "dechaisemartin2024",
        "sdid" => "arkhangelsky2021",
        _ => return None,
    })
}

/// The work behind a covariance, by its name on an SE card.
fn covariance(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    Some(match name.as_str() {
        _ if name.starts_with("cluster(") && name.contains(',') => "cameron2011",
        _ if name.starts_with("cluster(") => "liang1986",
        _ if name.starts_with("cr2") => "bell2002",
        _ if name.starts_with("crv3") => "mackinnon2023",
        _ if name.starts_with("nw") => "newey1987",
        _ if name.starts_with("dk") => "driscoll1998",
        _ if name.starts_with("conley") => "conley1999",
        _ if name.starts_with("wild") => "cameron2008",
        "hc1" | "hc2" | "hc3" => "mackinnon1985",
        _ => return None,
    })
}

/// A work after GB/T 7714, in its own language: three authors, then `et al` or `等`.
fn printed(work: &Work) -> String {
    let chinese = !work.title.is_ascii() && work.authors.iter().all(|(_, given)| given.is_empty());
    let name = |(family, given): &(&str, &str)| match (chinese, given.is_empty()) {
        (true, _) | (_, true) => (*family).to_owned(),
        _ => format!("{} {}", family.to_uppercase(), given.replace('.', "")),
    };
    let mut authors: Vec<String> = work.authors.iter().take(3).map(name).collect();
    if work.authors.len() > 3 {
        authors.push(if chinese { "等" } else { "et al" }.to_owned());
    }
    let authors = authors.join(", ");
    let Work { title, container, year, volume, number, pages, .. } = work;
    let issue = match (volume.is_empty(), number.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("({number})"),
        (false, true) => format!(", {volume}"),
        (false, false) => format!(", {volume}({number})"),
    };
    let pages = if pages.is_empty() { String::new() } else { format!(": {pages}") };
    match work.kind {
        Kind::Article => format!("{authors}. {title}[J]. {container}, {year}{issue}{pages}."),
        Kind::Book => format!("{authors}. {title}[M]. {container}, {year}."),
        Kind::Paper => format!("{authors}. {title}[R]. {container}, {year}."),
    }
}

fn entry(work: &Work) -> String {
    let authors: Vec<String> = work
        .authors
        .iter()
        .map(|(family, given)| if given.is_empty() { (*family).to_owned() } else { format!("{family}, {given}") })
        .collect();
    let (kind, container) = match work.kind {
        Kind::Article => ("article", "journal"),
        Kind::Book => ("book", "publisher"),
        Kind::Paper => ("techreport", "institution"),
    };
    let mut fields = vec![
        ("author", authors.join(" and ")),
        ("title", format!("{{{}}}", work.title)),
        (container, work.container.to_owned()),
        ("year", work.year.to_string()),
    ];
    let more = [("volume", work.volume), ("number", work.number), ("pages", work.pages)];
    fields.extend(more.into_iter().map(|(name, value)| (name, value.replace('-', "--"))));
    let lines = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<String> = lines.map(|(name, value)| format!("  {name} = {{{value}}},\n")).collect();
    format!("@{kind}{{{},\n{}}}\n", work.key, lines.concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_estimator_has_its_work_and_keys_are_unique_and_in_order() {
        for one in attica::estimator::ESTIMATORS.iter().filter(|one| one.name() != "twfe") {
            let key = estimator(one.name()).unwrap_or_else(|| panic!("{} has no reference", one.name()));
            let work = WORKS.iter().find(|work| work.key == key).unwrap_or_else(|| panic!("{key} is no work"));
            // The registry and what the estimator says of itself name the same first author and year.
            let said = one.about().reference.to_lowercase();
            assert!(
                said.contains(&work.authors[0].0.to_lowercase()) && said.contains(&work.year.to_string()),
                "{said}"
            );
        }
        let keys: Vec<&str> = WORKS.iter().map(|work| work.key).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(keys, sorted);
    }

    #[test]
    fn works_print_after_the_standard_and_as_bibtex() {
        let work = |key: &str| WORKS.iter().find(|work| work.key == key).unwrap();
        assert_eq!(
            printed(work("callaway2021")),
            "CALLAWAY B, SANT'ANNA P H C. Difference-in-differences with multiple time periods[J]. Journal of Econometrics, 2021, 225(2): 200-230."
        );
        assert!(printed(work("arkhangelsky2021")).starts_with("ARKHANGELSKY D, ATHEY S, HIRSHBERG D A, et al. "));
        assert!(printed(work("jiang2022")).starts_with("江艇. 因果推断"));
        assert!(printed(work("hwang1981")).contains("[M]. Berlin: Springer, 1981."));
        let entry = entry(work("sun2021"));
        assert!(entry.starts_with("@article{sun2021,\n  author = {Sun, L. and Abraham, S.},\n"), "{entry}");
        assert!(entry.contains("  pages = {175--199},\n") && entry.ends_with("}\n"));
    }
}
