//! What sentences of the paper say: claims and cuts.

use attica::audit::a14_claims;
use attica::audit::paper::{About, Claim, Cut, Paper, Table, same_name};
use attica::audit::printed::Printed;

use super::file::{ClaimKeys, CutKeys, Number};
use super::read::Reading;

impl Reading<'_> {
    pub(super) fn cut(&mut self, i: usize, keys: &CutKeys) -> Option<Cut> {
        let at = i.to_string();
        let share = Printed::parse(&keys.share).filter(|p| p.value > 0.0 && p.value < 1.0);
        if share.is_none() {
            let message = format!("\"{}\" is no share: write \"10 %\" or \"0.10\"", keys.share);
            self.wrong("E602", &["cuts", &at, "share"], message);
        }
        let left = keys.left.as_ref().and_then(|n| self.count(n, &["cuts", &at, "left"]));
        Some(Cut { share: share?, left, place: keys.r#where.clone() })
    }

    pub(super) fn claim(&mut self, i: usize, keys: &ClaimKeys, paper: &Paper) -> Option<Claim> {
        let at = i.to_string();
        let says = keys.says.as_ref().map(Number::text).unwrap_or_default();
        if says.is_empty() || keys.about.is_empty() || keys.r#where.is_empty() {
            self.wrong("E602", &["claims", &at], "a claim needs about, says and where");
            return None;
        }
        let number = |text: &str| Printed::parse(text).is_some();
        let (about, fits, asked) = match keys.about.trim().to_lowercase().as_str() {
            "years" | "年份" => (About::Years, a14_claims::years(&says).is_some(), "years such as \"2009-2019\""),
            "periods" | "期数" => (About::Periods, number(&says), "a number"),
            "units" | "个体数" => (About::Units, number(&says), "a number"),
            "treated units" | "处理组个体数" => (About::TreatedUnits, number(&says), "a number"),
            "observations" | "观测数" => (About::Observations, number(&says), "a number"),
            _ => match self.cell(&at, &keys.about, paper)? {
                Some(about) => {
                    let known = number(&says) || a14_claims::words(&says).is_some();
                    (about, known, "a number, or positive, negative, significant or not significant")
                }
                None => (About::Other(keys.about.trim().to_owned()), true, ""),
            },
        };
        if !fits {
            self.wrong("E602", &["claims", &at, "says"], format!("\"{says}\" is not {asked}"));
            return None;
        }
        Some(Claim { about, says, place: keys.r#where.clone() })
    }

    /// The cell that words such as `Table 2 (1) DID` name: none when they name no table. A table without such a cell is a problem.
    #[allow(clippy::option_option, reason = "a problem, words of the reader's own, or a cell")]
    fn cell(&mut self, at: &str, about: &str, paper: &Paper) -> Option<Option<About>> {
        let named =
            |t: &&(usize, &Table)| about.get(..t.1.label.len()).is_some_and(|start| same_name(start, &t.1.label));
        let tables: Vec<(usize, &Table)> = paper.tables.iter().enumerate().collect();
        // "Table 12" is not "Table 1": the longest label counts.
        let Some((i, table)) = tables.iter().filter(named).max_by_key(|t| t.1.label.len()).copied() else {
            return Some(None);
        };
        let rest = about[table.label.len()..].trim();
        for (j, column) in table.columns.iter().enumerate() {
            let term = rest.strip_prefix(column.name.as_str()).map(str::trim);
            let Some(term) = term else { continue };
            if column.term(term).is_some() || column.constant.as_ref().is_some_and(|c| same_name(&c.name, term)) {
                return Some(Some(About::Coefficient(i, j, term.to_owned())));
            }
        }
        let known: Vec<String> = table
            .columns
            .iter()
            .flat_map(|c| c.terms.iter().map(move |t| format!("{} {} {}", table.label, c.name, t.name)))
            .take(4)
            .collect();
        let message = format!("\"{about}\" names no coefficient of {}", table.label);
        let problem = self.source.problem("E603", &["claims", at, "about"], message);
        self.problems
            .push(problem.fix(format!("write the table, the column and the row, such as {}", known.join(", "))));
        None
    }
}
